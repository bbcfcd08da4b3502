/* The comparison behind ward restore, and the revocations that are made again. The rules are in restore.h. */
#include "service/restore.h"

#include "base/limits.h"
#include "service/environments.h"
#include "service/internal.h"
#include "store/gateway.h"

#define COMPARISON_POOL_MAX ((size_t)1 << 30)
#define META_POOL_MAX       4096
#define OBJECT_POOL_MAX     ((size_t)64 * 1024 * 1024) /* a key of 256 entries */
#define BATCH               64                         /* revocations a transaction */

const char *ward_undone_cause_name(enum ward_undone_cause cause)
{
    static const char *const names[] = { "missing",       "removed",       "expired",        "disabled",
                                         "value-retired", "role-narrowed", "expires-sooner", "protected",
                                         "unsubscribed",  "undeployed" };
    return (size_t)cause < sizeof(names) / sizeof(names[0]) ? names[cause] : NULL;
}

/* ---- what is less alive now ---- */

static bool is_sooner(int64_t now_expires_ms, int64_t then_expires_ms)
{
    return now_expires_ms != WARD_TIME_NONE && (then_expires_ms == WARD_TIME_NONE || now_expires_ms < then_expires_ms);
}

static bool is_over(int64_t expires_ms, int64_t now_ms)
{
    return expires_ms != WARD_TIME_NONE && expires_ms <= now_ms;
}

static bool has_lookup(const struct ward_api_key *key, struct ward_span lookup)
{
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        if (key->lookups[slot].data && ward_span_equal(key->lookups[slot], lookup)) {
            return true;
        }
    }
    return false;
}

static bool has_retired_value(const struct ward_api_key *backup, const struct ward_api_key *present)
{
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        if (backup->lookups[slot].data && !has_lookup(present, backup->lookups[slot])) {
            return true;
        }
    }
    return false;
}

/* present NULL: there is none. */
static bool judge_key(const struct ward_api_key *backup, const struct ward_api_key *present, int64_t now_ms,
                      enum ward_undone_cause *ret)
{
    const struct {
        bool holds;
        enum ward_undone_cause cause;
    } rules[] = {
        { !present, WARD_UNDONE_MISSING },
        { present && present->is_removed, WARD_UNDONE_REMOVED },
        { present && is_over(present->expires_ms, now_ms), WARD_UNDONE_EXPIRED },
        { present && !present->is_enabled, WARD_UNDONE_DISABLED },
        { present && has_retired_value(backup, present), WARD_UNDONE_VALUE_RETIRED },
        { present && is_sooner(present->expires_ms, backup->expires_ms), WARD_UNDONE_EXPIRES_SOONER },
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].holds) {
            *ret = rules[i].cause;
            return true;
        }
    }
    return false;
}

static bool judge_credential(const struct ward_credential *backup, const struct ward_credential *present,
                             int64_t now_ms, enum ward_undone_cause *ret)
{
    const struct {
        bool holds;
        enum ward_undone_cause cause;
    } rules[] = {
        { !present, WARD_UNDONE_MISSING },
        { present && is_over(present->expires_ms, now_ms), WARD_UNDONE_EXPIRED },
        { present && !present->is_active, WARD_UNDONE_DISABLED },
        { present && !ward_span_equal(present->lookup, backup->lookup), WARD_UNDONE_VALUE_RETIRED },
        { present && !ward_rights_within(backup->role, backup->grants, present->role, present->grants),
          WARD_UNDONE_ROLE_NARROWED },
        { present && is_sooner(present->expires_ms, backup->expires_ms), WARD_UNDONE_EXPIRES_SOONER },
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].holds) {
            *ret = rules[i].cause;
            return true;
        }
    }
    return false;
}

/* ---- comparing ---- */

struct comparing {
    const struct ward_keyring *keyring;
    struct ward_store *restored;
    int64_t now_ms;
    struct ward_store_session *present, *backup;
    struct ward_comparison *ret;
    struct ward_pool pool; /* of one object */
};

static bool has_room(struct ward_comparison *comparison)
{
    if (comparison->undone_count < comparison->undone_capacity) {
        return true;
    }
    size_t capacity = comparison->undone_capacity ? 2 * comparison->undone_capacity : 64;
    struct ward_undone *grown = ward_realloc(comparison->undone, capacity * sizeof(*grown));
    if (!grown) {
        return false;
    }
    comparison->undone = grown;
    comparison->undone_capacity = capacity;
    return true;
}

static enum ward_status note_undone(struct comparing *c, enum ward_object_kind kind, enum ward_undone_cause cause,
                                    const char *id, struct ward_span name)
{
    struct ward_comparison *comparison = c->ret;
    if (!has_room(comparison)) {
        return WARD_NO_MEMORY;
    }
    struct ward_undone *undone = &comparison->undone[comparison->undone_count++];
    *undone = (struct ward_undone){ .kind = kind, .cause = cause, .name = ward_pool_copy(&comparison->pool, name) };
    memcpy(undone->id, id, strlen(id));
    return ward_pool_status(&comparison->pool);
}

static enum ward_status note_by_uuid(struct comparing *c, enum ward_object_kind kind, enum ward_undone_cause cause,
                                     const struct ward_uuid *id, struct ward_span name)
{
    char text[WARD_UUID_CHARS + 1];
    ward_uuid_format(id, text);
    return note_undone(c, kind, cause, text, name);
}

static enum ward_status compare_account(const struct ward_account *account, void *arg)
{
    struct comparing *c = arg;
    struct ward_account present;
    WARD_POOL pool = ward_pool_new(WARD_ONE_KEY_POOL);
    enum ward_status status = ward_store_account_get(c->present, &account->id, &pool, &present);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    if (status == WARD_OK && present.is_active) {
        return WARD_OK;
    }
    return note_by_uuid(c, WARD_OBJECT_ACCOUNT, status == WARD_OK ? WARD_UNDONE_DISABLED : WARD_UNDONE_MISSING,
                        &account->id, account->name);
}

static enum ward_status compare_project(const struct ward_project *project, void *arg)
{
    struct comparing *c = arg;
    struct ward_project present;
    WARD_POOL pool = ward_pool_new(WARD_ONE_KEY_POOL);
    enum ward_status status = ward_store_project_get(c->present, &project->id, &pool, &present);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    if ((status == WARD_OK && present.is_active) || !project->is_account_active) {
        return WARD_OK;
    }
    return note_by_uuid(c, WARD_OBJECT_PROJECT, status == WARD_OK ? WARD_UNDONE_DISABLED : WARD_UNDONE_MISSING,
                        &project->id, project->name);
}

static enum ward_status compare_key(const struct ward_api_key *key, void *arg)
{
    struct comparing *c = arg;
    struct ward_api_key present;
    enum ward_undone_cause cause;
    if (!key->is_project_active) {
        return WARD_OK; /* not alive in the backup */
    }
    ward_pool_reset(&c->pool);
    enum ward_status status = ward_store_key_get(c->present, &key->id, &c->pool, &present);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    bool is_undone = judge_key(key, status == WARD_OK ? &present : NULL, c->now_ms, &cause);
    return is_undone ? note_undone(c, WARD_OBJECT_API_KEY, cause, key->id.text, key->name) : WARD_OK;
}

static enum ward_status compare_credential(const struct ward_credential *credential, void *arg)
{
    struct comparing *c = arg;
    struct ward_credential present;
    enum ward_undone_cause cause;
    if (!credential->is_scope_active || is_over(credential->expires_ms, c->now_ms)) {
        return WARD_OK;
    }
    ward_pool_reset(&c->pool);
    enum ward_status status = ward_store_credential_get(c->present, &credential->id, &c->pool, &present);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    bool is_undone = judge_credential(credential, status == WARD_OK ? &present : NULL, c->now_ms, &cause);
    return is_undone ? note_by_uuid(c, WARD_OBJECT_CREDENTIAL, cause, &credential->id, credential->name) : WARD_OK;
}

static enum ward_status compare_product(const struct ward_product *product, void *arg)
{
    struct comparing *c = arg;
    struct ward_product present = { .is_removed = true };
    ward_pool_reset(&c->pool);
    enum ward_status status = ward_store_product_get(c->present, &product->id, &c->pool, &present);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    bool is_closed = product->code == WARD_PRODUCT_PUBLIC && present.code == WARD_PRODUCT_PROTECTED;
    if (!present.is_removed && !is_closed) {
        return WARD_OK;
    }
    enum ward_undone_cause gone = status == WARD_OK ? WARD_UNDONE_REMOVED : WARD_UNDONE_MISSING;
    return note_undone(c, WARD_OBJECT_PRODUCT, present.is_removed ? gone : WARD_UNDONE_PROTECTED, product->id.text,
                       product->name);
}

/* A stage that went with its product is the product's to tell. */
static enum ward_status compare_stage(const struct ward_stage *stage, void *arg)
{
    struct comparing *c = arg;
    struct ward_product product = { .is_removed = true };
    struct ward_stage present = { .is_removed = true };
    ward_pool_reset(&c->pool);
    enum ward_status status = ward_store_product_get(c->present, &stage->product_id, &c->pool, &product);
    if (status == WARD_OK && !product.is_removed) {
        status = ward_store_stage_get(c->present, &stage->id, &c->pool, &present);
    }
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    if (product.is_removed || !present.is_removed) {
        return WARD_OK;
    }
    return note_undone(c, WARD_OBJECT_STAGE, status == WARD_OK ? WARD_UNDONE_REMOVED : WARD_UNDONE_MISSING,
                       stage->id.text, stage->name);
}

/* One that ended with its key or its product is theirs to tell. */
static enum ward_status is_told_otherwise(struct comparing *c, const struct ward_subscription *subscription, bool *ret)
{
    struct ward_product product = { .is_removed = true };
    struct ward_api_key key = { .is_removed = true };
    enum ward_status status = ward_store_product_get(c->present, &subscription->product_id, &c->pool, &product);
    if (status == WARD_OK) {
        status = ward_store_key_get(c->present, &subscription->key_id, &c->pool, &key);
    }
    *ret = product.is_removed || key.is_removed;
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

static enum ward_status present_status(struct ward_store_session *session, const struct ward_key_id *key,
                                       const struct ward_key_id *product, enum ward_subscription_status *ret)
{
    struct ward_subscription present = { .status = WARD_SUBSCRIPTION_NONE };
    enum ward_status status = ward_store_subscription_get(session, key, product, &present);
    *ret = present.status;
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

static enum ward_status compare_subscription(const struct ward_subscription *subscription, void *arg)
{
    struct comparing *c = arg;
    enum ward_subscription_status now = WARD_SUBSCRIPTION_NONE;
    struct ward_api_key key;
    char id[WARD_SUBSCRIPTION_ID_CHARS + 1];
    bool is_told = false;
    ward_pool_reset(&c->pool);
    enum ward_status status = present_status(c->present, &subscription->key_id, &subscription->product_id, &now);
    if (status != WARD_OK || now == WARD_SUBSCRIPTION_ACCEPTED) {
        return status;
    }
    status = is_told_otherwise(c, subscription, &is_told);
    if (status != WARD_OK || is_told) {
        return status;
    }
    status = ward_store_key_get(c->backup, &subscription->key_id, &c->pool, &key);
    if (status != WARD_OK) {
        return status;
    }
    memcpy(id, subscription->product_id.text, WARD_KEY_ID_CHARS);
    id[WARD_KEY_ID_CHARS] = '/';
    memcpy(id + WARD_KEY_ID_CHARS + 1, subscription->key_id.text, WARD_KEY_ID_CHARS + 1);
    return note_undone(c, WARD_OBJECT_SUBSCRIPTION, WARD_UNDONE_UNSUBSCRIBED, id, key.name);
}

static enum ward_status compare_gateway(struct comparing *c)
{
    const struct ward_gateway_filter all = { .slice = WARD_SLICE_ALL };
    enum ward_status status = ward_store_product_list(c->backup, &all, compare_product, c);
    if (status == WARD_OK) {
        status = ward_store_stage_walk(c->backup, NULL, SIZE_MAX, compare_stage, c);
    }
    return status == WARD_OK ? ward_store_subscription_accepted(c->backup, compare_subscription, c) : status;
}

/* Keys, JWKs and proxies that are removed leave no row: what is not there any more was removed. */
static bool judge_crypto_key(const struct ward_crypto_key *backup, const struct ward_crypto_key *present,
                             enum ward_undone_cause *ret)
{
    *ret = present ? WARD_UNDONE_UNDEPLOYED : WARD_UNDONE_REMOVED;
    for (size_t i = 0; present && i < backup->entry_count; i++) {
        if (!ward_crypto_key_entry_of(present, &backup->entries[i].environment_id)) {
            return true;
        }
    }
    return !present;
}

static enum ward_status compare_crypto_key(const struct ward_crypto_key *key, void *arg)
{
    struct comparing *c = arg;
    struct ward_crypto_key present;
    enum ward_undone_cause cause;
    if (!key->is_scope_active) {
        return WARD_OK;
    }
    WARD_POOL pool = ward_pool_new(OBJECT_POOL_MAX);
    enum ward_status status = ward_store_crypto_key_get(c->present, &key->id, &pool, &present);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    bool is_undone = judge_crypto_key(key, status == WARD_OK ? &present : NULL, &cause);
    return is_undone ? note_undone(c, WARD_OBJECT_KEY, cause, key->id.text, key->name) : WARD_OK;
}

static enum ward_status compare_jwk(const struct ward_jwk *jwk, void *arg)
{
    struct comparing *c = arg;
    struct ward_jwk present;
    ward_pool_reset(&c->pool);
    enum ward_status status = ward_store_jwk_get(c->present, &jwk->id, &c->pool, &present);
    if (status != WARD_NOT_FOUND || !jwk->is_scope_active) {
        return status == WARD_NOT_FOUND ? WARD_OK : status;
    }
    return note_undone(c, WARD_OBJECT_JWK, WARD_UNDONE_REMOVED, jwk->id.text, jwk->name);
}

static bool is_deployed(const struct ward_api_proxy *proxy, const struct ward_object_id *environment)
{
    const struct ward_api_proxy_deployment *deployment = ward_api_proxy_deployment_of(proxy, environment);
    return deployment && deployment->is_deployed;
}

static bool has_retired_pair(const struct ward_api_proxy *backup, const struct ward_api_proxy *present)
{
    return backup->lookup.data && !ward_span_equal(backup->lookup, present->lookup);
}

static bool is_undeployed(const struct ward_api_proxy *backup, const struct ward_api_proxy *present)
{
    for (size_t i = 0; i < backup->deployment_count; i++) {
        const struct ward_object_id *environment = &backup->deployments[i].environment_id;
        if (backup->deployments[i].is_deployed && !is_deployed(present, environment)) {
            return true;
        }
    }
    return false;
}

static bool judge_proxy(const struct ward_api_proxy *backup, const struct ward_api_proxy *present,
                        enum ward_undone_cause *ret)
{
    if (!present || has_retired_pair(backup, present)) {
        *ret = present ? WARD_UNDONE_VALUE_RETIRED : WARD_UNDONE_REMOVED;
        return true;
    }
    *ret = WARD_UNDONE_UNDEPLOYED;
    return is_undeployed(backup, present);
}

static enum ward_status compare_proxy(const struct ward_api_proxy *proxy, void *arg)
{
    struct comparing *c = arg;
    struct ward_api_proxy present;
    enum ward_undone_cause cause;
    if (!proxy->is_scope_active) {
        return WARD_OK;
    }
    ward_pool_reset(&c->pool);
    enum ward_status status = ward_store_api_proxy_get(c->present, &proxy->id, &c->pool, &present);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    bool is_undone = judge_proxy(proxy, status == WARD_OK ? &present : NULL, &cause);
    return is_undone ? note_undone(c, WARD_OBJECT_API_PROXY, cause, proxy->id.text, proxy->name) : WARD_OK;
}

static enum ward_status compare_secrets(struct comparing *c)
{
    enum ward_status status = ward_store_crypto_key_walk(c->backup, NULL, NULL, SIZE_MAX, compare_crypto_key, c);
    if (status == WARD_OK) {
        status = ward_store_jwk_walk(c->backup, NULL, SIZE_MAX, compare_jwk, c);
    }
    return status == WARD_OK ? ward_store_api_proxy_walk(c->backup, NULL, SIZE_MAX, compare_proxy, c) : status;
}

static enum ward_status compare_objects(struct comparing *c)
{
    WARD_POOL pool = ward_pool_new(COMPARISON_POOL_MAX);
    struct ward_key_filter keys = { .activity = WARD_FILTER_ACTIVE_ONLY, .now_ms = c->now_ms };
    struct ward_credential_filter credentials = { .activity = WARD_CREDENTIAL_ACTIVE };
    enum ward_status status = ward_store_account_list(c->backup, &pool, compare_account, c);
    if (status == WARD_OK) {
        status = ward_store_project_list(c->backup, NULL, &pool, compare_project, c);
    }
    if (status == WARD_OK) {
        status = ward_store_key_list(c->backup, &keys, compare_key, c);
    }
    if (status == WARD_OK) {
        status = ward_store_credential_list(c->backup, &credentials, compare_credential, c);
    }
    if (status == WARD_OK) {
        status = compare_gateway(c);
    }
    return status == WARD_OK ? compare_secrets(c) : status;
}

/* ---- where the logs part ---- */

static enum ward_status link_at(struct ward_store_session *session, uint64_t at_most, struct ward_change_link *ret)
{
    *ret = (struct ward_change_link){ 0 };
    enum ward_status status = ward_store_change_link(session, at_most, ret);
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

/* True when both logs say the same up to a revision: each hash speaks for all before it. */
static enum ward_status agree_at(struct comparing *c, uint64_t revision, bool *ret, uint64_t *ret_last)
{
    struct ward_change_link present, backup;
    enum ward_status status = link_at(c->present, revision, &present);
    if (status == WARD_OK) {
        status = link_at(c->backup, revision, &backup);
    }
    if (status != WARD_OK) {
        return status;
    }
    *ret = present.revision == backup.revision && memcmp(present.hash, backup.hash, sizeof(present.hash)) == 0;
    if (*ret) {
        *ret_last = present.revision;
    }
    return WARD_OK;
}

/* Once they part they never meet again, so the place is found by halving. At 0 both are empty. */
static enum ward_status find_common(struct comparing *c)
{
    struct ward_comparison *ret = c->ret;
    uint64_t low = 0;
    uint64_t high = ret->present_revision < ret->backup_revision ? ret->present_revision : ret->backup_revision;
    while (low < high) {
        uint64_t middle = high - (high - low) / 2;
        bool is_same = false;
        enum ward_status status = agree_at(c, middle, &is_same, &ret->common);
        if (status != WARD_OK) {
            return status;
        }
        if (is_same) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return WARD_OK;
}

static struct ward_undone_changes *find_tally(struct ward_comparison *comparison, const struct ward_change *change)
{
    for (size_t i = 0; i < comparison->tally_count; i++) {
        struct ward_undone_changes *tally = &comparison->tallies[i];
        if (tally->kind == change->kind && ward_span_equal(tally->action, change->action)) {
            return tally;
        }
    }
    if (comparison->tally_count == WARD_UNDONE_CHANGES_MAX) {
        return NULL; /* more words than Ward has: counted in the total only */
    }
    struct ward_undone_changes *tally = &comparison->tallies[comparison->tally_count++];
    *tally = (struct ward_undone_changes){ .kind = change->kind,
                                           .action = ward_pool_copy(&comparison->pool, change->action) };
    return tally;
}

static enum ward_status count_change(const struct ward_change *change, void *arg)
{
    struct ward_comparison *comparison = arg;
    struct ward_undone_changes *tally = find_tally(comparison, change);
    comparison->changes++;
    if (tally) {
        tally->count++;
    }
    return ward_pool_status(&comparison->pool);
}

/* ---- both stores ---- */

static enum ward_status meta_of(struct ward_store_session *session, const char *name, struct ward_pool *pool,
                                struct ward_span *ret)
{
    *ret = WARD_SPAN_NONE;
    enum ward_status status = ward_store_meta_get(session, name, pool, ret);
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

static enum ward_status check_same_store(struct comparing *c)
{
    WARD_POOL pool = ward_pool_new(META_POOL_MAX);
    char own[2 * WARD_FINGERPRINT_BYTES + 1];
    struct ward_span present_id, backup_id, fingerprint = WARD_SPAN_NONE;
    enum ward_status status = meta_of(c->present, WARD_META_STORE_ID, &pool, &present_id);
    if (status == WARD_OK) {
        status = meta_of(c->backup, WARD_META_STORE_ID, &pool, &backup_id);
    }
    if (status == WARD_OK) {
        status = meta_of(c->present, WARD_META_FINGERPRINT, &pool, &fingerprint);
    }
    if (status != WARD_OK) {
        return status;
    }
    ward_backup_fingerprint(c->keyring, own);
    bool is_same = present_id.data && ward_span_equal(present_id, backup_id) &&
                   ward_span_equal(fingerprint, ward_span_of(own));
    return is_same ? WARD_OK : WARD_MISMATCH;
}

static enum ward_status compare_in_backup(struct ward_store_session *session, void *arg)
{
    struct comparing *c = arg;
    c->backup = session;
    enum ward_status status = check_same_store(c);
    if (status == WARD_OK) {
        status = ward_store_revision(c->present, &c->ret->present_revision);
    }
    if (status == WARD_OK) {
        status = ward_store_revision(c->backup, &c->ret->backup_revision);
    }
    if (status == WARD_OK) {
        status = find_common(c);
    }
    if (status == WARD_OK) {
        status = ward_store_change_list(c->present, c->ret->common, SIZE_MAX, count_change, c->ret);
    }
    return status == WARD_OK ? compare_objects(c) : status;
}

static enum ward_status compare_in_present(struct ward_store_session *session, void *arg)
{
    struct comparing *c = arg;
    c->present = session;
    return ward_store_read(c->restored, compare_in_backup, c);
}

enum ward_status ward_restore_compare(struct ward_store *present, struct ward_store *restored,
                                      const struct ward_keyring *keyring, int64_t now_ms, struct ward_comparison *ret)
{
    struct comparing c = {
        .keyring = keyring, .restored = restored, .now_ms = now_ms, .ret = ret, .pool = ward_pool_new(WARD_ONE_KEY_POOL)
    };
    *ret = (struct ward_comparison){ .pool = ward_pool_new(COMPARISON_POOL_MAX) };
    enum ward_status status = ward_store_read(present, compare_in_present, &c);
    ward_pool_free(&c.pool);
    return status;
}

void ward_comparison_free(struct ward_comparison *comparison)
{
    if (!comparison) {
        return;
    }
    ward_free(comparison->undone);
    comparison->undone = NULL;
    comparison->undone_count = comparison->undone_capacity = 0;
    ward_pool_free(&comparison->pool);
}

/* ---- revoking again ---- */

struct reapply {
    struct ward_service *service; /* over the restored store */
    struct ward_store *present;
    struct ward_operator who;
    const struct ward_undone *undone;
    size_t count;
    struct ward_store_session *session; /* of the restored store */
    struct ward_pool pool;
};

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return is_sooner(a_ms, b_ms) ? a_ms : b_ms;
}

/* Copy the lookups that the key has and the other has not: these stop being valid. */
static void collect_retired(const struct ward_api_key *before, const struct ward_api_key *after,
                            struct ward_buffer *ret)
{
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        if (before->lookups[slot].data && !has_lookup(after, before->lookups[slot])) {
            ward_buffer_append(ret, before->lookups[slot]);
        }
    }
}

/* The present values open here too: a blob is bound to its account, key, field and version, and these come along. */
static void take_values(struct ward_api_key *key, const struct ward_api_key *present)
{
    memcpy(key->lookups, present->lookups, sizeof(key->lookups));
    memcpy(key->sealed, present->sealed, sizeof(key->sealed));
    memcpy(key->value_versions, present->value_versions, sizeof(key->value_versions));
}

static enum ward_status store_key(struct reapply *r, struct ward_api_key *key, const struct ward_members *changed,
                                  struct ward_span retired)
{
    const char *action = key->is_enabled ? "updated" : "deleted";
    return ward_service_key_store(r->session, r->service, &r->who, key, action, changed,
                                  retired.size > 0 ? retired : WARD_SPAN_NONE);
}

static enum ward_status disable_key(struct reapply *r, struct ward_api_key *key)
{
    struct ward_members changed = { 1, { "isActive" } };
    key->is_enabled = false;
    return store_key(r, key, &changed, WARD_SPAN_NONE);
}

/* A value that another key of the backup holds cannot be taken over: then the whole key stays dead, rather than that
 * the retired value lives. */
static enum ward_status narrow_key(struct reapply *r, struct ward_api_key *key, const struct ward_api_key *present)
{
    WARD_BUFFER retired = ward_buffer_new((size_t)WARD_SLOT_COUNT * WARD_LOOKUP_BYTES);
    struct ward_members changed = { 0 };
    struct ward_api_key narrowed = *key;
    narrowed.is_enabled = key->is_enabled && present->is_enabled;
    narrowed.is_removed = key->is_removed || present->is_removed;
    narrowed.expires_ms = sooner(present->expires_ms, key->expires_ms);
    if (narrowed.is_enabled != key->is_enabled || narrowed.is_removed != key->is_removed) {
        ward_members_add(&changed, "isActive");
    }
    if (narrowed.expires_ms != key->expires_ms) {
        ward_members_add(&changed, "expiry");
    }
    if (has_retired_value(key, present)) {
        take_values(&narrowed, present);
        collect_retired(key, &narrowed, &retired);
        ward_members_add(&changed, "key");
    }
    if (retired.status != WARD_OK) {
        return retired.status;
    }
    enum ward_status status = WARD_OK;
    if (narrowed.is_removed) {
        status = ward_service_subscriptions_end_again(r->session, &r->who, &key->id);
    }
    if (status == WARD_OK) {
        status = store_key(r, &narrowed, &changed, ward_buffer_span(&retired));
    }
    return status == WARD_CONFLICT ? disable_key(r, key) : status;
}

static enum ward_status revoke_key(struct ward_store_session *present_session, struct reapply *r, const char *text)
{
    struct ward_key_id id;
    struct ward_api_key key, present;
    if (!ward_key_id_parse(ward_span_of(text), &id)) {
        return WARD_INTERNAL;
    }
    enum ward_status status = ward_store_key_get(r->session, &id, &r->pool, &key);
    if (status != WARD_OK) {
        return status;
    }
    key.updated_ms = ward_service_later(ward_now_ms(), key.updated_ms);
    status = ward_store_key_get(present_session, &id, &r->pool, &present);
    if (status == WARD_NOT_FOUND) {
        return disable_key(r, &key);
    }
    return status == WARD_OK ? narrow_key(r, &key, &present) : status;
}

static enum ward_status log_again(struct reapply *r, enum ward_object_kind kind, const char *id,
                                  const struct ward_uuid *account, const struct ward_uuid *project, const char *action,
                                  const struct ward_members *changed)
{
    struct ward_audit audit = { .kind = kind,
                                .object_id = ward_span_of(id),
                                .account = account,
                                .project = project,
                                .action = action,
                                .members = changed };
    return ward_audit_append(r->session, &r->who, &audit);
}

static enum ward_status revoke_credential(struct ward_store_session *present_session, struct reapply *r,
                                          const char *text)
{
    struct ward_uuid id;
    struct ward_credential credential, present;
    struct ward_members changed = { 0 };
    if (!ward_uuid_parse(ward_span_of(text), &id)) {
        return WARD_INTERNAL;
    }
    enum ward_status status = ward_store_credential_get(r->session, &id, &r->pool, &credential);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_credential before = credential;
    status = ward_store_credential_get(present_session, &id, &r->pool, &present);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    bool has_its_value = status == WARD_OK && ward_span_equal(present.lookup, credential.lookup);
    credential.is_active = has_its_value && present.is_active;
    if (status == WARD_OK) {
        credential.role = ward_role_within(credential.role, present.role) ? credential.role : present.role;
        credential.grants &= ward_role_rights(present.role) | present.grants;
        credential.expires_ms = sooner(present.expires_ms, credential.expires_ms);
    }
    if (!credential.is_active) {
        ward_members_add(&changed, "isActive");
    }
    if (credential.role != before.role || credential.grants != before.grants) {
        ward_members_add(&changed, "role");
    }
    if (credential.expires_ms != before.expires_ms) {
        ward_members_add(&changed, "expiry");
    }
    ward_provenance_touch(&credential.provenance, &r->who, ward_now_ms());
    status = ward_store_credential_update(r->session, &credential);
    if (status != WARD_OK) {
        return status;
    }
    return log_again(r, WARD_OBJECT_CREDENTIAL, text, &credential.account_id, &credential.project_id,
                     credential.is_active ? "updated" : "deleted", &changed);
}

static enum ward_status revoke_project(struct reapply *r, const char *text)
{
    struct ward_uuid id;
    struct ward_project project;
    struct ward_members changed = { 1, { "isActive" } };
    if (!ward_uuid_parse(ward_span_of(text), &id)) {
        return WARD_INTERNAL;
    }
    enum ward_status status = ward_store_project_get(r->session, &id, &r->pool, &project);
    if (status != WARD_OK) {
        return status;
    }
    project.is_active = false;
    ward_provenance_touch(&project.provenance, &r->who, ward_now_ms());
    status = ward_store_project_update(r->session, &project);
    if (status != WARD_OK) {
        return status;
    }
    return log_again(r, WARD_OBJECT_PROJECT, text, &project.account_id, &project.id, "deleted", &changed);
}

static enum ward_status revoke_account(struct reapply *r, const char *text)
{
    struct ward_uuid id;
    struct ward_account account;
    struct ward_members changed = { 1, { "isActive" } };
    if (!ward_uuid_parse(ward_span_of(text), &id)) {
        return WARD_INTERNAL;
    }
    enum ward_status status = ward_store_account_get(r->session, &id, &r->pool, &account);
    if (status != WARD_OK) {
        return status;
    }
    account.is_active = false;
    ward_provenance_touch(&account.provenance, &r->who, ward_now_ms());
    status = ward_store_account_update(r->session, &account);
    if (status != WARD_OK) {
        return status;
    }
    return log_again(r, WARD_OBJECT_ACCOUNT, text, &account.id, NULL, "deleted", &changed);
}

static enum ward_status revoke_product(struct reapply *r, const struct ward_undone *undone)
{
    struct ward_key_id id;
    if (!ward_key_id_parse(ward_span_of(undone->id), &id)) {
        return WARD_INTERNAL;
    }
    return undone->cause == WARD_UNDONE_PROTECTED
               ? ward_service_product_protect_again(r->session, r->service, &r->who, &r->pool, &id)
               : ward_service_product_remove_again(r->session, r->service, &r->who, &r->pool, &id);
}

static enum ward_status revoke_stage(struct reapply *r, const char *text)
{
    struct ward_key_id id;
    if (!ward_key_id_parse(ward_span_of(text), &id)) {
        return WARD_INTERNAL;
    }
    return ward_service_stage_remove_again(r->session, r->service, &r->who, &r->pool, &id);
}

static enum ward_status revoke_subscription(struct ward_store_session *present, struct reapply *r, const char *text)
{
    struct ward_key_id product, key;
    enum ward_subscription_status to = WARD_SUBSCRIPTION_NONE;
    if (strlen(text) != WARD_SUBSCRIPTION_ID_CHARS ||
        !ward_key_id_parse(ward_span(text, WARD_KEY_ID_CHARS), &product) ||
        !ward_key_id_parse(ward_span_of(text + WARD_KEY_ID_CHARS + 1), &key)) {
        return WARD_INTERNAL;
    }
    enum ward_status status = present_status(present, &key, &product, &to);
    return status == WARD_OK
               ? ward_service_subscription_end_again(r->session, r->service, &r->who, &r->pool, &product, &key, to)
               : status;
}

/* ---- keys, JWKs, API proxies ---- */

static enum ward_status remove_crypto_key(struct reapply *r, const struct ward_crypto_key *key)
{
    enum ward_status status = ward_store_crypto_key_remove(r->session, key);
    return status == WARD_OK
               ? log_again(r, WARD_OBJECT_KEY, key->id.text, &key->account_id, &key->project_id, "deleted", NULL)
               : status;
}

/* Keep the environments that it is still in. */
static enum ward_status undeploy_crypto_key(struct reapply *r, struct ward_pool *pool, struct ward_crypto_key *key,
                                            const struct ward_crypto_key *present)
{
    struct ward_members changed = { 1, { "cryptoKeyInfoEnvironmentList" } };
    struct ward_crypto_key_entry *kept = ward_pool_alloc(pool, (key->entry_count + 1) * sizeof(*kept));
    size_t count = 0;
    if (!kept) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < key->entry_count; i++) {
        if (ward_crypto_key_entry_of(present, &key->entries[i].environment_id)) {
            kept[count++] = key->entries[i];
        }
    }
    key->entries = kept;
    key->entry_count = count;
    ward_provenance_touch(&key->provenance, &r->who, ward_now_ms());
    enum ward_status status = ward_store_crypto_key_update(r->session, key);
    return status == WARD_OK
               ? log_again(r, WARD_OBJECT_KEY, key->id.text, &key->account_id, &key->project_id, "updated", &changed)
               : status;
}

static enum ward_status revoke_crypto_key(struct ward_store_session *present_session, struct reapply *r,
                                          const char *text)
{
    WARD_POOL pool = ward_pool_new(2 * OBJECT_POOL_MAX);
    struct ward_object_id id;
    struct ward_crypto_key key, present;
    if (!ward_object_id_parse(ward_span_of(text), &id)) {
        return WARD_INTERNAL;
    }
    enum ward_status status = ward_store_crypto_key_get(r->session, &id, &pool, &key);
    if (status != WARD_OK) {
        return status;
    }
    status = ward_store_crypto_key_get(present_session, &id, &pool, &present);
    if (status == WARD_NOT_FOUND) {
        return remove_crypto_key(r, &key);
    }
    return status == WARD_OK ? undeploy_crypto_key(r, &pool, &key, &present) : status;
}

static enum ward_status revoke_jwk(struct reapply *r, const char *text)
{
    struct ward_object_id id;
    struct ward_jwk jwk;
    if (!ward_object_id_parse(ward_span_of(text), &id)) {
        return WARD_INTERNAL;
    }
    enum ward_status status = ward_store_jwk_get(r->session, &id, &r->pool, &jwk);
    if (status == WARD_OK) {
        status = ward_store_jwk_remove(r->session, &jwk);
    }
    return status == WARD_OK ? log_again(r, WARD_OBJECT_JWK, text, &jwk.account_id, &jwk.project_id, "deleted", NULL)
                             : status;
}

static enum ward_status log_proxy(struct reapply *r, const struct ward_api_proxy *proxy, const char *action,
                                  const struct ward_members *changed, struct ward_span retired)
{
    return ward_secrets_log(r->session, &r->who, WARD_OBJECT_API_PROXY, &proxy->id, &proxy->account_id,
                            &proxy->project_id, action, changed, retired);
}

/* The present pair opens here too: its seal is bound to account, proxy and version, and these come along. */
static enum ward_status narrow_proxy(struct reapply *r, struct ward_api_proxy *proxy,
                                     const struct ward_api_proxy *present)
{
    struct ward_members changed = { 0 };
    struct ward_span retired = WARD_SPAN_NONE;
    struct ward_api_proxy_deployment *kept = ward_pool_alloc(&r->pool, (proxy->deployment_count + 1) * sizeof(*kept));
    if (!kept) {
        return WARD_NO_MEMORY;
    }
    if (has_retired_pair(proxy, present)) {
        retired = proxy->lookup;
        proxy->public_key = present->public_key;
        proxy->sealed = present->sealed;
        proxy->sealed_version = present->sealed_version;
        proxy->lookup = present->lookup;
        ward_members_add(&changed, "keys");
    }
    for (size_t i = 0; i < proxy->deployment_count; i++) {
        kept[i] = proxy->deployments[i];
        kept[i].is_deployed = kept[i].is_deployed && is_deployed(present, &kept[i].environment_id);
    }
    if (is_undeployed(proxy, present)) {
        ward_members_add(&changed, "deployments");
    }
    proxy->deployments = kept;
    ward_provenance_touch(&proxy->provenance, &r->who, ward_now_ms());
    enum ward_status status = ward_store_api_proxy_update(r->session, proxy);
    return status == WARD_OK ? log_proxy(r, proxy, "updated", &changed, retired) : status;
}

static enum ward_status revoke_proxy(struct ward_store_session *present_session, struct reapply *r, const char *text)
{
    struct ward_object_id id;
    struct ward_api_proxy proxy, present;
    if (!ward_object_id_parse(ward_span_of(text), &id)) {
        return WARD_INTERNAL;
    }
    enum ward_status status = ward_store_api_proxy_get(r->session, &id, &r->pool, &proxy);
    if (status != WARD_OK) {
        return status;
    }
    status = ward_store_api_proxy_get(present_session, &id, &r->pool, &present);
    if (status == WARD_OK) {
        return narrow_proxy(r, &proxy, &present);
    }
    if (status == WARD_NOT_FOUND) {
        status = ward_store_api_proxy_remove(r->session, &proxy);
    }
    return status == WARD_OK ? log_proxy(r, &proxy, "deleted", NULL, proxy.lookup) : status;
}

static enum ward_status revoke(struct ward_store_session *present, struct reapply *r, const struct ward_undone *undone)
{
    switch (undone->kind) {
    case WARD_OBJECT_ACCOUNT:
        return revoke_account(r, undone->id);
    case WARD_OBJECT_PROJECT:
        return revoke_project(r, undone->id);
    case WARD_OBJECT_API_KEY:
        return revoke_key(present, r, undone->id);
    case WARD_OBJECT_CREDENTIAL:
        return revoke_credential(present, r, undone->id);
    case WARD_OBJECT_PRODUCT:
        return revoke_product(r, undone);
    case WARD_OBJECT_STAGE:
        return revoke_stage(r, undone->id);
    case WARD_OBJECT_SUBSCRIPTION:
        return revoke_subscription(present, r, undone->id);
    case WARD_OBJECT_KEY:
        return revoke_crypto_key(present, r, undone->id);
    case WARD_OBJECT_JWK:
        return revoke_jwk(r, undone->id);
    case WARD_OBJECT_API_PROXY:
        return revoke_proxy(present, r, undone->id);
    case WARD_OBJECT_API:         /* lives in its stages */
    case WARD_OBJECT_ENVIRONMENT: /* lives in what is deployed there */
    case WARD_OBJECT_USAGE_PLAN:
    case WARD_OBJECT_STORE:
        break;
    }
    return WARD_INTERNAL;
}

static enum ward_status revoke_all(struct ward_store_session *present, void *arg)
{
    struct reapply *r = arg;
    for (size_t i = 0; i < r->count; i++) {
        ward_pool_reset(&r->pool);
        enum ward_status status = r->undone[i].is_revived ? WARD_OK : revoke(present, r, &r->undone[i]);
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

/* On the restored store's writer thread: the present store is read from there. */
static enum ward_status revoke_in(struct ward_store_session *session, void *arg)
{
    struct reapply *r = arg;
    r->session = session;
    return ward_store_read(r->present, revoke_all, r);
}

/* ---- the entry ---- */

struct entry {
    uint64_t highest;
};

static enum ward_status note_restored(struct ward_store_session *session, void *arg)
{
    const struct entry *entry = arg;
    WARD_POOL pool = ward_pool_new(META_POOL_MAX);
    struct ward_operator who = ward_operator_local();
    struct ward_span id = WARD_SPAN_NONE;
    enum ward_status status = ward_store_meta_get(session, WARD_META_STORE_ID, &pool, &id);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_change change = { .time_ms = ward_now_ms(), .object_id = id, .actor_type = who.type };
    return ward_store_change_append_restored(session, &change, entry->highest, NULL);
}

enum ward_status ward_restore_apply(struct ward_service *restored, struct ward_store *present,
                                    const struct ward_comparison *comparison, uint64_t highest, uint64_t *ret_revision)
{
    struct entry entry = { highest };
    size_t total = comparison ? comparison->undone_count : 0;
    struct reapply r = { .service = restored, .present = present, .who = ward_operator_local() };
    r.pool = ward_pool_new((size_t)4 * WARD_ONE_KEY_POOL);
    enum ward_status status = ward_store_write(restored->store, note_restored, &entry, ret_revision);
    for (size_t done = 0; status == WARD_OK && done < total; done += r.count) {
        r.undone = comparison->undone + done;
        r.count = total - done < BATCH ? total - done : BATCH;
        status = ward_store_write(restored->store, revoke_in, &r, ret_revision);
    }
    ward_pool_free(&r.pool);
    return status;
}
