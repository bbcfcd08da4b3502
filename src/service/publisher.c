/*
 * The publisher. Invariants:
 *
 *   1. After start, changes reach the table on the store's writer thread only. The table's upkeep, a thread of its own,
 *      moves it to other generations and, when it is damaged, makes it anew from the store (refill).
 *   2. Room for a batch is made before its commit (prepare), so that applying it cannot run out: a write that could not
 *      be obeyed is refused, not acknowledged.
 *   3. A change is applied by loading the object's present state. Applying is idempotent and needs no order within a
 *      batch but one: a value is retired when no object holds it any more.
 *   4. What cannot be applied all the same denies: its values are removed. If even the state cannot be read, it is
 *      tried again while the writers wait for their answer; if it stays so the process ends: it never serves a table
 *      that contradicts an acknowledged change.
 */
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "base/log.h"
#include "service/publisher_internal.h"

#define ONE_OBJECT_POOL  (4 * 1024 * 1024)
#define FIRST_BLOCK      (256 * 1024)
#define REPLY_BYTES_MAX  (1024 * 1024)
#define BODY_BYTES_MAX   (2 * REPLY_BYTES_MAX)
#define BODY_BYTES_GUESS 512 /* a key's body at start, before it is known */
#define APPLY_TRIES      200
#define APPLY_PAUSE_MS   10
#define CHANGE_BYTES     1024 /* a change's share beyond the bodies that were announced: an access key's name */

/* ---- records ---- */

static enum ward_status encode_key_body(struct ward_publisher *publisher, const struct ward_api_key *key)
{
    ward_buffer_clear(&publisher->reply);
    ward_buffer_clear(&publisher->body);
    if (publisher->render) {
        publisher->render(key, &publisher->reply);
    }
    if (publisher->reply.status != WARD_OK) {
        return publisher->reply.status;
    }
    struct ward_body body = {
        .name = key->name,
        .custom_user_id = key->custom_user_id,
        .custom_account_id = key->custom_account_id,
        .metadata = key->metadata,
        .domains = key->allowed_domains,
        .reply = ward_buffer_span(&publisher->reply),
    };
    ward_body_encode(&body, &publisher->body);
    return publisher->body.status;
}

static bool read_lookup(struct ward_span bytes, struct ward_lookup *ret)
{
    if (!bytes.data || bytes.size != WARD_LOOKUP_BYTES) {
        return false;
    }
    memcpy(ret->bytes, bytes.data, WARD_LOOKUP_BYTES);
    return true;
}

static uint8_t key_flags(const struct ward_api_key *key)
{
    unsigned flags = 0;
    flags |= key->is_enabled && !key->is_removed ? WARD_RECORD_ENABLED : 0;
    flags |= key->first_used_ms != WARD_TIME_NONE ? WARD_RECORD_USED : 0;
    flags |= key->allowed_domains.data ? WARD_RECORD_HAS_DOMAINS : 0;
    return (uint8_t)flags;
}

static struct ward_table_entry key_entry(const struct ward_api_key *key, uint64_t revision)
{
    struct ward_table_entry entry = {
        .kind = WARD_RECORD_API_KEY,
        .scope = { key->account_id, key->project_id, key->is_project_active, key->env == WARD_ENV_TEST },
        .flags = key_flags(key),
        .expires_ms = key->expires_ms,
        .limit = key->rate_limit.limit > 0 ? (uint64_t)key->rate_limit.limit : 0,
        .ttl_s = (uint32_t)key->rate_limit.ttl_s,
        .revision = revision,
    };
    uint64_t packed = ward_key_id_pack(&key->id);
    for (size_t i = 0; i < sizeof(packed); i++) {
        entry.id.bytes[i] = (uint8_t)(packed >> (8 * i)); /* table.h: little-endian on every host */
    }
    return entry;
}

enum ward_status ward_publisher_put(struct ward_publisher *publisher, const struct ward_table_entry *entry)
{
    if (publisher->is_refiller) {
        return ward_table_refill(publisher->writer, entry);
    }
    enum ward_status status = ward_table_put(publisher->writer, entry);
    if (status != WARD_OK) {
        status = ward_table_reserve(publisher->writer, 1, entry->body.size);
        if (status == WARD_OK) {
            status = ward_table_put(publisher->writer, entry);
        }
    }
    if (status != WARD_OK) {
        ward_table_remove(publisher->writer, &entry->lookup);
        ward_log(WARD_LOG_ERROR, "publish-failed", WARD_LOG_STR("status", ward_status_code(status)),
                 WARD_LOG_NUM("revision", entry->revision));
    }
    return status;
}

static void remove_key(struct ward_publisher *publisher, const struct ward_api_key *key)
{
    struct ward_lookup lookup;
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        if (read_lookup(key->lookups[slot], &lookup)) {
            ward_table_remove(publisher->writer, &lookup);
        }
    }
}

static enum ward_status put_key(struct ward_publisher *publisher, const struct ward_api_key *key, uint64_t revision,
                                const struct ward_lookup *inherit_from)
{
    enum ward_status status = encode_key_body(publisher, key);
    if (key->is_removed || status != WARD_OK) {
        if (!publisher->is_refiller) {
            remove_key(publisher, key);
        }
        return status;
    }
    struct ward_table_entry entry = key_entry(key, revision);
    entry.body = ward_buffer_span(&publisher->body);
    entry.inherit_limit_from = inherit_from;
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        if (!read_lookup(key->lookups[slot], &entry.lookup)) {
            continue;
        }
        entry.slot = (uint8_t)slot;
        enum ward_status put = ward_publisher_put(publisher, &entry);
        status = status == WARD_OK ? put : status;
    }
    return status;
}

static enum ward_status put_credential(struct ward_publisher *publisher, const struct ward_credential *credential,
                                       uint64_t revision)
{
    struct ward_table_entry entry = {
        .kind = WARD_RECORD_ACCESS_KEY,
        .id = credential->id,
        .scope = { credential->account_id, credential->project_id, credential->is_scope_active,
                   credential->env == WARD_ENV_TEST },
        .flags = credential->is_active ? WARD_RECORD_ENABLED : 0,
        .role = (uint8_t)credential->role,
        .expires_ms = credential->expires_ms,
        .limit = credential->rate_limit.limit > 0 ? (uint64_t)credential->rate_limit.limit : 0,
        .ttl_s = (uint32_t)credential->rate_limit.ttl_s,
        .revision = revision,
    };
    if (!read_lookup(credential->lookup, &entry.lookup)) {
        return WARD_INTEGRITY;
    }
    struct ward_body body = { .name = credential->name };
    ward_buffer_clear(&publisher->body);
    ward_body_encode(&body, &publisher->body);
    if (publisher->body.status != WARD_OK) {
        if (!publisher->is_refiller) {
            ward_table_remove(publisher->writer, &entry.lookup);
        }
        return publisher->body.status;
    }
    entry.body = ward_buffer_span(&publisher->body);
    return ward_publisher_put(publisher, &entry);
}

/* ---- start: the whole store ---- */

struct loading {
    struct ward_publisher *publisher;
    const char *directory;
    uint64_t revision;
};

static enum ward_status load_key(const struct ward_api_key *key, void *arg)
{
    struct loading *loading = arg;
    return put_key(loading->publisher, key, loading->revision, NULL);
}

static enum ward_status load_credential(const struct ward_credential *credential, void *arg)
{
    struct loading *loading = arg;
    return put_credential(loading->publisher, credential, loading->revision);
}

static enum ward_status load_in(struct ward_store_session *session, void *arg)
{
    struct loading *loading = arg;
    struct ward_publisher *publisher = loading->publisher;
    struct ward_key_filter keys = { .activity = WARD_FILTER_ACTIVE_ANY };
    struct ward_credential_filter credentials = { .has_kind = true,
                                                  .kind = WARD_CREDENTIAL_ACCESS_KEY,
                                                  .activity = WARD_CREDENTIAL_ANY };
    struct ward_store_counts counts;
    struct ward_gateway_counts gateway;
    struct ward_secrets_counts secrets;
    enum ward_status status = ward_store_revision(session, &loading->revision);
    if (status == WARD_OK) {
        status = ward_store_count(session, &counts);
    }
    if (status == WARD_OK) {
        status = ward_store_gateway_count(session, &gateway);
    }
    if (status == WARD_OK) {
        status = ward_store_secrets_count(session, &secrets);
    }
    if (status != WARD_OK) {
        return status;
    }
    uint64_t bodies = counts.keys + counts.credentials + gateway.stages + secrets.proxies;
    uint64_t records = bodies + gateway.plans + gateway.relations;
    status = ward_table_writer_open(loading->directory, records, bodies * BODY_BYTES_GUESS, &publisher->writer);
    if (status == WARD_OK) {
        status = ward_store_credential_list(session, &credentials, load_credential, loading);
    }
    if (status == WARD_OK) {
        status = ward_store_key_list(session, &keys, load_key, loading);
    }
    if (status == WARD_OK) {
        status = ward_publisher_load_gateway(session, publisher, loading->revision);
    }
    return status == WARD_OK ? ward_publisher_load_proxies(session, publisher, loading->revision) : status;
}

/* The writer's connection keeps the statements that applying a change needs: later there is nobody left to refuse when
 * there is no memory to make it. */
static enum ward_status warm_up(struct ward_store_session *session, struct ward_publisher *publisher)
{
    const struct ward_key_id nobody = { 0 };
    struct ward_api_key key;
    enum ward_status status = ward_store_key_get(session, &nobody, &publisher->pool, &key);
    if (status == WARD_NOT_FOUND) {
        status = ward_publisher_warm_gateway(session, publisher);
    }
    return status == WARD_OK ? ward_publisher_warm_proxies(session, publisher) : status;
}

/* Runs as a transaction: whatever was written before the listener was set is in the store's revision by now. */
static enum ward_status compare_revision(struct ward_store_session *session, void *arg)
{
    const struct loading *loading = arg;
    uint64_t revision;
    enum ward_status status = ward_store_revision(session, &revision);
    if (status == WARD_OK) {
        status = warm_up(session, loading->publisher);
    }
    if (status != WARD_OK) {
        return status;
    }
    return revision == loading->revision ? WARD_OK : WARD_INTERNAL;
}

/* ---- refill: the whole store again, in slices, while changes go on ---- */

#define REFILL_KEYS 32 /* of a slice */

struct refill {
    struct ward_publisher *refiller;
    uint64_t revision;
    struct ward_refill_place place;
    size_t seen; /* keys in this slice */
    bool with_credentials;
};

static enum ward_status refill_key(const struct ward_api_key *key, void *arg)
{
    struct refill *refill = arg;
    refill->place.last = key->id;
    refill->place.has_last = true;
    refill->seen++;
    return put_key(refill->refiller, key, refill->revision, NULL);
}

static enum ward_status refill_keys(struct ward_store_session *session, struct refill *refill)
{
    const struct ward_key_id last = refill->place.last;
    enum ward_status status = ward_store_key_walk(session, refill->place.has_last ? &last : NULL, REFILL_KEYS,
                                                  refill_key, refill);
    if (status == WARD_OK && refill->seen < REFILL_KEYS) {
        refill->place = (struct ward_refill_place){ .phase = WARD_REFILL_PLANS };
    }
    return status;
}

static enum ward_status refill_credential(const struct ward_credential *credential, void *arg)
{
    struct refill *refill = arg;
    return put_credential(refill->refiller, credential, refill->revision);
}

/* The table is held for the slice: no change is applied between the snapshot's rows and the generation they go to. */
static enum ward_status refill_in(struct ward_store_session *session, void *arg)
{
    const struct ward_credential_filter credentials = { .has_kind = true,
                                                        .kind = WARD_CREDENTIAL_ACCESS_KEY,
                                                        .activity = WARD_CREDENTIAL_ANY };
    struct refill *refill = arg;
    struct ward_table_writer *writer = refill->refiller->writer;
    enum ward_status status = ward_store_revision(session, &refill->revision);
    if (status != WARD_OK) {
        return status;
    }
    if (!ward_table_refill_begin(writer, refill->revision)) {
        return WARD_UNAVAILABLE;
    }
    if (refill->with_credentials) {
        status = ward_store_credential_list(session, &credentials, refill_credential, refill);
    }
    if (status == WARD_OK && refill->place.phase == WARD_REFILL_KEYS) {
        status = refill_keys(session, refill);
    } else if (status == WARD_OK && refill->place.phase == WARD_REFILL_PROXIES) {
        status = ward_publisher_refill_proxies(session, refill->refiller, &refill->place, REFILL_KEYS,
                                               refill->revision);
    } else if (status == WARD_OK) {
        status = ward_publisher_refill_gateway(session, refill->refiller, &refill->place, REFILL_KEYS,
                                               refill->revision);
    }
    ward_table_refill_end(writer);
    return status;
}

/* Called by the table's upkeep, on its thread. The refiller remembers how far it came. */
static enum ward_status refill_slice(void *context, bool is_first, bool *ret_done)
{
    struct ward_publisher *refiller = context;
    struct refill refill = { .refiller = refiller, .with_credentials = is_first };
    if (!is_first) {
        refill.place = refiller->place;
    }
    enum ward_status status = ward_store_read(refiller->store, refill_in, &refill);
    if (status == WARD_OK) {
        refiller->place = refill.place;
        *ret_done = refill.place.phase == WARD_REFILL_DONE;
    }
    return status;
}

/* ---- a batch ---- */

struct batch {
    struct ward_publisher *publisher;
    const struct ward_change *changes;
    size_t count;
};

static bool is_same_object(const struct ward_change *a, const struct ward_change *b)
{
    return a->kind == b->kind && ward_span_equal(a->object_id, b->object_id);
}

/* An object that changed several times in a batch is applied once, at its first change. */
static bool is_applied(const struct batch *batch, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (is_same_object(&batch->changes[i], &batch->changes[index])) {
            return true;
        }
    }
    return false;
}

/* True when some object holds the value at the end of the batch: the value must not be taken out then. */
static enum ward_status is_held(struct ward_store_session *session, struct ward_pool *pool,
                                const struct ward_lookup *lookup, bool *ret)
{
    struct ward_api_key key;
    struct ward_credential credential;
    enum ward_key_slot slot;
    enum ward_status status = ward_store_key_find(session, lookup, pool, &key, &slot);
    if (status == WARD_NOT_FOUND) {
        status = ward_store_credential_find(session, WARD_CREDENTIAL_ACCESS_KEY, lookup, pool, &credential);
    }
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    *ret = status == WARD_OK;
    return WARD_OK;
}

static enum ward_status retire_value(struct ward_store_session *session, struct ward_publisher *publisher,
                                     struct ward_span bytes)
{
    struct ward_lookup lookup;
    bool held;
    if (!read_lookup(bytes, &lookup)) {
        return WARD_INTEGRITY;
    }
    enum ward_status status = is_held(session, &publisher->pool, &lookup, &held);
    if (status == WARD_OK && !held) {
        ward_table_remove(publisher->writer, &lookup);
    }
    return status;
}

static enum ward_status retire_values(struct ward_store_session *session, struct ward_publisher *publisher,
                                      struct ward_span retired)
{
    for (size_t at = 0; at + WARD_LOOKUP_BYTES <= retired.size; at += WARD_LOOKUP_BYTES) {
        enum ward_status status = retire_value(session, publisher, ward_span(retired.data + at, WARD_LOOKUP_BYTES));
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

/* The oldest value that the object gave up in this batch is the one whose window is in the table. */
static bool first_retired(const struct batch *batch, size_t index, struct ward_lookup *ret)
{
    for (size_t i = index; i < batch->count; i++) {
        const struct ward_change *change = &batch->changes[i];
        if (is_same_object(change, &batch->changes[index]) && change->retired.size >= WARD_LOOKUP_BYTES) {
            return read_lookup(ward_span(change->retired.data, WARD_LOOKUP_BYTES), ret);
        }
    }
    return false;
}

static uint64_t last_revision(const struct batch *batch, size_t index)
{
    for (size_t i = batch->count - 1; i > index; i--) {
        if (is_same_object(&batch->changes[i], &batch->changes[index])) {
            return batch->changes[i].revision;
        }
    }
    return batch->changes[index].revision;
}

/* The new value first, so that the running window moves along; then the old one goes. */
static enum ward_status apply_key(struct ward_store_session *session, const struct batch *batch, size_t index)
{
    struct ward_publisher *publisher = batch->publisher;
    struct ward_key_id id;
    struct ward_api_key key;
    struct ward_lookup inherit_from;
    if (!ward_key_id_parse(batch->changes[index].object_id, &id)) {
        return WARD_INTEGRITY;
    }
    enum ward_status status = ward_store_key_get(session, &id, &publisher->pool, &key);
    if (status != WARD_OK) {
        return status;
    }
    bool has_retired = first_retired(batch, index, &inherit_from);
    (void)put_key(publisher, &key, last_revision(batch, index), has_retired ? &inherit_from : NULL);
    for (size_t i = index; i < batch->count && status == WARD_OK; i++) {
        if (is_same_object(&batch->changes[i], &batch->changes[index])) {
            status = retire_values(session, publisher, batch->changes[i].retired);
        }
    }
    if (status == WARD_OK && key.is_removed) {
        status = ward_publisher_drop_key(session, publisher, &id, last_revision(batch, index));
    }
    return status;
}

/* True when the object met this action in the batch. */
static bool has_action(const struct batch *batch, size_t index, const char *action)
{
    for (size_t i = index; i < batch->count; i++) {
        if (is_same_object(&batch->changes[i], &batch->changes[index]) &&
            ward_span_equal(batch->changes[i].action, ward_span_of(action))) {
            return true;
        }
    }
    return false;
}

static enum ward_status apply_gateway(struct ward_store_session *session, const struct batch *batch, size_t index)
{
    const struct ward_gateway_change change = {
        .kind = batch->changes[index].kind,
        .object_id = batch->changes[index].object_id,
        .revision = last_revision(batch, index),
        .is_created = has_action(batch, index, WARD_ACTION_CREATED),
        .is_protected = has_action(batch, index, WARD_ACTION_PROTECTED),
    };
    return ward_publisher_apply_gateway(session, batch->publisher, &change);
}

static enum ward_status apply_proxy(struct ward_store_session *session, const struct batch *batch, size_t index)
{
    uint64_t revision = last_revision(batch, index);
    enum ward_status status = ward_publisher_apply_proxy(session, batch->publisher, batch->changes[index].object_id,
                                                         revision);
    for (size_t i = index; i < batch->count && status == WARD_OK; i++) {
        if (is_same_object(&batch->changes[i], &batch->changes[index])) {
            status = ward_publisher_retire_pairs(session, batch->publisher, batch->changes[i].retired, revision);
        }
    }
    return status;
}

static enum ward_status apply_credential(struct ward_store_session *session, const struct batch *batch, size_t index)
{
    struct ward_publisher *publisher = batch->publisher;
    struct ward_uuid id;
    struct ward_credential credential;
    if (!ward_uuid_parse(batch->changes[index].object_id, &id)) {
        return WARD_INTEGRITY;
    }
    enum ward_status status = ward_store_credential_get(session, &id, &publisher->pool, &credential);
    if (status == WARD_NOT_FOUND) {
        return WARD_OK; /* an issued token that was forgotten: the table never had it */
    }
    if (status != WARD_OK || credential.kind != WARD_CREDENTIAL_ACCESS_KEY) {
        return status;
    }
    status = put_credential(publisher, &credential, last_revision(batch, index));
    return status == WARD_INTEGRITY ? status : WARD_OK; /* else it is in, or denies */
}

static enum ward_status apply_project(struct ward_store_session *session, const struct batch *batch, size_t index)
{
    struct ward_publisher *publisher = batch->publisher;
    struct ward_uuid id;
    struct ward_project project;
    if (!ward_uuid_parse(batch->changes[index].object_id, &id)) {
        return WARD_INTEGRITY;
    }
    enum ward_status status = ward_store_project_get(session, &id, &publisher->pool, &project);
    if (status == WARD_OK) {
        ward_table_scope_set_active(publisher->writer, &project.account_id, &project.id,
                                    project.is_active && project.is_account_active);
    }
    return status;
}

/* No path makes an account active again; setting all of its scopes active would wake its deleted projects. */
static enum ward_status apply_account(struct ward_store_session *session, const struct batch *batch, size_t index)
{
    static const struct ward_uuid every_project;
    struct ward_publisher *publisher = batch->publisher;
    struct ward_uuid id;
    struct ward_account account;
    if (!ward_uuid_parse(batch->changes[index].object_id, &id)) {
        return WARD_INTEGRITY;
    }
    enum ward_status status = ward_store_account_get(session, &id, &publisher->pool, &account);
    if (status == WARD_OK && !account.is_active) {
        ward_table_scope_set_active(publisher->writer, &account.id, &every_project, false);
    }
    return status;
}

static enum ward_status apply_change(struct ward_store_session *session, const struct batch *batch, size_t index)
{
    switch (batch->changes[index].kind) {
    case WARD_OBJECT_API_KEY:
        return apply_key(session, batch, index);
    case WARD_OBJECT_CREDENTIAL:
        return apply_credential(session, batch, index);
    case WARD_OBJECT_PROJECT:
        return apply_project(session, batch, index);
    case WARD_OBJECT_ACCOUNT:
        return apply_account(session, batch, index);
    case WARD_OBJECT_PRODUCT:
    case WARD_OBJECT_API:
    case WARD_OBJECT_STAGE:
    case WARD_OBJECT_USAGE_PLAN:
    case WARD_OBJECT_SUBSCRIPTION:
        return apply_gateway(session, batch, index);
    case WARD_OBJECT_API_PROXY:
        return apply_proxy(session, batch, index);
    case WARD_OBJECT_ENVIRONMENT:
        return ward_publisher_apply_environment(session, batch->publisher, last_revision(batch, index));
    case WARD_OBJECT_KEY:
    case WARD_OBJECT_JWK:
        return WARD_OK;
    case WARD_OBJECT_STORE: /* a restore is made while nobody serves: the next start reads the whole store */
        return WARD_OK;
    }
    return WARD_INTERNAL;
}

static enum ward_status apply_in(struct ward_store_session *session, void *arg)
{
    struct batch *batch = arg;
    for (size_t i = 0; i < batch->count; i++) {
        if (is_applied(batch, i)) {
            continue;
        }
        ward_pool_reset(&batch->publisher->pool);
        enum ward_status status = apply_change(session, batch, i);
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

static enum ward_status prepare(void *context, size_t changes)
{
    struct ward_publisher *publisher = context;
    size_t bytes = publisher->announced_bytes + changes * CHANGE_BYTES;
    size_t puts = publisher->announced_puts + WARD_SLOT_COUNT * changes;
    publisher->announced_bytes = 0;
    publisher->announced_puts = 0;
    return ward_table_reserve(publisher->writer, puts, bytes);
}

static enum ward_status apply_batch(struct batch *batch)
{
    enum ward_status status = ward_store_read(batch->publisher->store, apply_in, batch);
    if (status != WARD_OK) {
        return status;
    }
    return ward_table_publish(batch->publisher->writer, batch->changes[batch->count - 1].revision);
}

static bool may_pass(enum ward_status status)
{
    return status == WARD_NO_MEMORY || status == WARD_IO || status == WARD_UNAVAILABLE;
}

/* Nobody was answered yet: a moment without memory costs the writers that moment, not the server its life. */
static enum ward_status apply_patiently(struct batch *batch)
{
    const struct timespec pause = { .tv_nsec = APPLY_PAUSE_MS * 1000000L };
    enum ward_status status = apply_batch(batch);
    for (int try = 1; try < APPLY_TRIES && may_pass(status); try++) {
        nanosleep(&pause, NULL);
        status = apply_batch(batch);
    }
    return status;
}

static void committed(void *context, const struct ward_change *changes, size_t count)
{
    struct ward_publisher *publisher = context;
    struct batch batch = { publisher, changes, count };
    if (count == 0) {
        return;
    }
    uint64_t revision = changes[count - 1].revision;
    enum ward_status status = apply_patiently(&batch);
    if (status != WARD_OK) {
        /* Invariant 4: acknowledged, not obeyed, and not even denied. The next start builds the table anew. */
        ward_log(WARD_LOG_ERROR, "publisher-lost", WARD_LOG_STR("status", ward_status_code(status)),
                 WARD_LOG_NUM("revision", revision));
        abort();
    }
    atomic_store_explicit(&publisher->applied, revision, memory_order_release);
}

/* ---- life ---- */

static enum ward_status load_and_listen(struct ward_publisher *publisher, const struct ward_publisher_options *options)
{
    struct loading loading = { .publisher = publisher, .directory = options->directory };
    const struct ward_store_listener listener = { publisher, prepare, committed };
    uint64_t revision;
    enum ward_status status = ward_store_read(publisher->store, load_in, &loading);
    if (status != WARD_OK) {
        return status;
    }
    atomic_store_explicit(&publisher->applied, loading.revision, memory_order_release);
    ward_store_listen(publisher->store, &listener);
    status = ward_store_write(publisher->store, compare_revision, &loading, &revision);
    if (status == WARD_OK) {
        ward_table_zone_set(publisher->writer, &options->zone);
        status = ward_table_publish(publisher->writer, loading.revision);
    }
    if (status != WARD_OK) {
        const struct ward_store_listener none = { 0 };
        ward_store_listen(publisher->store, &none);
        return status;
    }
    ward_table_heartbeat(publisher->writer, ward_boot_ms());
    return WARD_OK;
}

/* Memory that applying needs is taken now: later there is nobody left to refuse. */
static enum ward_status take_buffers(struct ward_publisher *publisher)
{
    publisher->pool = ward_pool_new(ONE_OBJECT_POOL);
    publisher->reply = ward_buffer_new(REPLY_BYTES_MAX);
    publisher->body = ward_buffer_new(BODY_BYTES_MAX);
    void *block = ward_pool_alloc(&publisher->pool, FIRST_BLOCK);
    char *reply = ward_buffer_reserve(&publisher->reply, FIRST_BLOCK);
    char *body = ward_buffer_reserve(&publisher->body, FIRST_BLOCK);
    return block && reply && body ? WARD_OK : WARD_NO_MEMORY;
}

static void release_buffers(struct ward_publisher *publisher)
{
    ward_buffer_free(&publisher->reply);
    ward_buffer_free(&publisher->body);
    ward_pool_free(&publisher->pool);
}

enum ward_status ward_publisher_start(const struct ward_publisher_options *options, struct ward_publisher **ret)
{
    struct ward_publisher *publisher = ward_alloc(sizeof(*publisher));
    if (!publisher) {
        return WARD_NO_MEMORY;
    }
    publisher->store = options->store;
    publisher->render = options->render;
    enum ward_status status = take_buffers(publisher);
    if (status == WARD_OK) {
        status = ward_keyed_hash_lookup(options->keyring, &publisher->hash);
    }
    if (status == WARD_OK) {
        status = load_and_listen(publisher, options);
    }
    if (status != WARD_OK) {
        ward_publisher_stop(publisher);
        return status;
    }
    *ret = publisher;
    return WARD_OK;
}

static struct ward_publisher *new_refiller(const struct ward_publisher *publisher)
{
    struct ward_publisher *refiller = ward_alloc(sizeof(*refiller));
    if (!refiller) {
        return NULL;
    }
    refiller->store = publisher->store;
    refiller->render = publisher->render;
    refiller->hash = publisher->hash;
    refiller->writer = publisher->writer;
    refiller->is_refiller = true;
    if (take_buffers(refiller) == WARD_OK) {
        return refiller;
    }
    release_buffers(refiller);
    ward_free(refiller);
    return NULL;
}

enum ward_status ward_publisher_upkeep_start(struct ward_publisher *publisher)
{
    publisher->refiller = new_refiller(publisher);
    if (!publisher->refiller) {
        return WARD_NO_MEMORY;
    }
    const struct ward_table_upkeep upkeep = { .refill = refill_slice, .context = publisher->refiller };
    return ward_table_upkeep_start(publisher->writer, &upkeep);
}

void ward_publisher_upkeep_stop(struct ward_publisher *publisher)
{
    if (!publisher || !publisher->refiller) {
        return;
    }
    ward_table_upkeep_stop(publisher->writer);
    release_buffers(publisher->refiller);
    ward_free(publisher->refiller);
    publisher->refiller = NULL;
}

void ward_publisher_stop(struct ward_publisher *publisher)
{
    if (!publisher) {
        return;
    }
    ward_publisher_upkeep_stop(publisher);
    if (publisher->writer) {
        ward_table_writer_close(publisher->writer);
    }
    if (publisher->hash) {
        ward_keyed_hash_free(publisher->hash);
    }
    release_buffers(publisher);
    ward_free(publisher);
}

void ward_publisher_heartbeat(struct ward_publisher *publisher)
{
    ward_table_heartbeat(publisher->writer, ward_boot_ms());
}

void ward_publisher_zone_set(struct ward_publisher *publisher, const struct ward_zone *zone)
{
    ward_table_zone_set(publisher->writer, zone);
}

enum ward_status ward_publisher_limits_sync(struct ward_publisher *publisher)
{
    return ward_table_limits_sync(publisher->writer);
}

struct ward_table_marks *ward_publisher_marks(struct ward_publisher *publisher)
{
    return ward_table_writer_marks(publisher->writer);
}

enum ward_status ward_publisher_expect(struct ward_publisher *publisher, const struct ward_api_key *key)
{
    if (!publisher) {
        return WARD_OK;
    }
    enum ward_status status = encode_key_body(publisher, key);
    if (status == WARD_OK) {
        publisher->announced_bytes += WARD_SLOT_COUNT * publisher->body.size;
    }
    return status;
}

void ward_publisher_receipt(const struct ward_publisher *publisher, uint64_t revision, struct ward_receipt *ret)
{
    ret->replicas = 1;
    ret->applied = atomic_load_explicit(&publisher->applied, memory_order_acquire) >= revision;
}

void ward_publisher_stats(struct ward_publisher *publisher, struct ward_publisher_stats *ret)
{
    struct ward_receipt receipt;
    *ret = (struct ward_publisher_stats){ 0 };
    ward_table_writer_stats(publisher->writer, &ret->table);
    ward_publisher_receipt(publisher, ret->table.revision, &receipt);
    ret->replicas = receipt.replicas;
    ret->applied = receipt.applied;
}
