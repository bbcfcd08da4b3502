/*
 * The life of an API key: contracts/theauthapi.md 2.3-2.7.
 *
 *   created ──► active ──delete, rotate, expiry──► inactive ──reactivate──► active        removed: found nowhere
 *
 * Everything but reactivate and list sees active keys only. No path but reactivate makes a key valid again: an update
 * reads the key inside its transaction and finds nothing to update when a delete came first.
 */
#include "service/internal.h"

#define ID_ATTEMPTS   8
#define MEMBER_KEY    "key"
#define MEMBER_EXPIRY "expiry"

/* ---- values ---- */

static const char *const slot_fields[WARD_SLOT_COUNT] = { "primary", "secondary" };

static struct ward_seal_place value_place(const struct ward_api_key *key, enum ward_key_slot slot,
                                          char account[WARD_UUID_CHARS + 1])
{
    ward_uuid_format(&key->account_id, account);
    return (struct ward_seal_place){
        .account = ward_span(account, WARD_UUID_CHARS),
        .table = "api_key",
        .row = ward_span(key->id.text, WARD_KEY_ID_CHARS),
        .field = slot_fields[slot],
        .version = key->value_versions[slot],
    };
}

enum ward_status ward_service_key_open(struct ward_service *service, struct ward_pool *pool, struct ward_api_key *key)
{
    for (int i = 0; i < WARD_SLOT_COUNT; i++) {
        enum ward_key_slot slot = (enum ward_key_slot)i;
        if (!key->sealed[slot].data || key->values[slot].data) {
            continue; /* none, or sealed a moment ago */
        }
        char account[WARD_UUID_CHARS + 1];
        struct ward_seal_place place = value_place(key, slot, account);
        enum ward_status status = ward_service_unseal(service, &place, key->sealed[slot], pool, &key->values[slot]);
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

enum ward_status ward_service_key_set_value(struct ward_service *service, struct ward_pool *pool,
                                            enum ward_key_slot slot, struct ward_span value,
                                            const struct ward_lookup *lookup, struct ward_api_key *key)
{
    char account[WARD_UUID_CHARS + 1];
    key->value_versions[slot]++;
    struct ward_seal_place place = value_place(key, slot, account);
    key->lookups[slot] = ward_pool_copy(pool, ward_lookup_span(lookup));
    key->values[slot] = ward_pool_copy(pool, value);
    return ward_service_seal(service, &place, value, pool, &key->sealed[slot]);
}

/* ---- one use case on one key ---- */

enum needed_state { NEEDS_ACTIVE, NEEDS_INACTIVE };

struct key_case {
    struct ward_service *service;
    const struct ward_operator *who;
    struct ward_pool *pool;
    struct ward_api_key_input *input; /* or NULL */
    enum needed_state needs;
    bool has_lookup, has_id;
    struct ward_lookup lookup;
    struct ward_key_id id;
    bool has_new_value;
    struct ward_lookup new_lookup;
    struct ward_api_key key; /* as found; in the end as answered */
};

static struct key_case key_case_of(struct ward_service *service, const struct ward_operator *who,
                                   const struct ward_key_ref *ref, struct ward_pool *pool)
{
    struct key_case c = { .service = service, .who = who, .pool = pool, .needs = NEEDS_ACTIVE };
    if (ref->value.data) {
        c.has_lookup = true;
        ward_service_hash_lookup(service, ref->value, &c.lookup);
    } else {
        c.has_id = ward_key_id_parse(ref->id, &c.id);
    }
    return c;
}

static enum ward_status load_key(struct ward_store_session *session, struct key_case *c)
{
    enum ward_key_slot slot;
    if (c->has_lookup) {
        return ward_store_key_find(session, &c->lookup, c->pool, &c->key, &slot);
    }
    return c->has_id ? ward_store_key_get(session, &c->id, c->pool, &c->key) : WARD_NOT_FOUND;
}

/* Find the key and check scope and state: the same in the read session and in the transaction. */
static enum ward_status find_key(struct ward_store_session *session, void *arg)
{
    struct key_case *c = arg;
    enum ward_status status = load_key(session, c);
    if (status != WARD_OK) {
        return status;
    }
    if (c->key.is_removed) {
        return WARD_NOT_FOUND;
    }
    if (!ward_operator_covers(c->who, &c->key.account_id, &c->key.project_id)) {
        return WARD_FORBIDDEN;
    }
    if (!c->key.is_project_active) {
        return WARD_NOT_FOUND;
    }
    bool is_active = ward_api_key_is_active(&c->key, ward_now_ms());
    if (c->needs == NEEDS_ACTIVE) {
        return is_active ? WARD_OK : WARD_NOT_FOUND;
    }
    return is_active ? WARD_CONFLICT : WARD_OK;
}

static enum ward_status find_and_open(struct ward_store_session *session, void *arg)
{
    struct key_case *c = arg;
    enum ward_status status = find_key(session, arg);
    return status == WARD_OK ? ward_service_key_open(c->service, c->pool, &c->key) : status;
}

enum ward_status ward_service_key_get(struct ward_service *service, const struct ward_operator *who,
                                      const struct ward_key_ref *ref, struct ward_pool *pool, struct ward_api_key *ret)
{
    if (!ward_operator_may(who, WARD_RIGHT_KEY_READ)) {
        return WARD_FORBIDDEN;
    }
    struct key_case c = key_case_of(service, who, ref, pool);
    enum ward_status status = ward_store_read(service->store, find_and_open, &c);
    if (status == WARD_OK) {
        *ret = c.key;
    }
    return status;
}

/* Check the input; how it stood before is kept for a refusal. */
static bool is_sound(struct ward_api_key_input *input, struct ward_problems *ret_before)
{
    *ret_before = input->problems;
    ward_api_key_input_check(input);
    return input->problems.count == 0;
}

/* Refuse an input. What the caller may not see comes first, so the store is asked for the object, as if the input had
 * not been looked at yet. */
static enum ward_status refuse_input(struct ward_service *service, ward_store_work find, void *arg,
                                     struct ward_api_key_input *input, const struct ward_problems *before)
{
    input->problems = *before;
    enum ward_status status = ward_store_read(service->store, find, arg);
    if (status != WARD_OK && status != WARD_NOT_FOUND && status != WARD_CONFLICT) {
        return status;
    }
    ward_api_key_input_check(input);
    return WARD_INVALID;
}

/* Role, then scope, then input, then state (contracts/theauthapi.md 1.7). Scope and state are the transaction's to
 * judge; a sound input needs no look at the store before. */
static enum ward_status run_write(struct key_case *c, ward_store_work work, struct ward_api_key *ret,
                                  struct ward_receipt *ret_receipt)
{
    if (!ward_operator_may(c->who, WARD_RIGHT_KEY_WRITE)) {
        return WARD_FORBIDDEN;
    }
    struct ward_problems before;
    if (c->input && !is_sound(c->input, &before)) {
        return refuse_input(c->service, find_key, c, c->input, &before);
    }
    uint64_t revision;
    enum ward_status status = ward_store_write(c->service->store, work, c, &revision);
    if (status != WARD_OK) {
        return status;
    }
    ward_service_receipt(c->service, revision, ret_receipt);
    if (ret) {
        *ret = c->key;
    }
    return WARD_OK;
}

static enum ward_status log_key(struct ward_store_session *session, const struct ward_operator *who,
                                const struct ward_api_key *key, const char *action, const struct ward_members *members,
                                struct ward_span retired)
{
    struct ward_audit audit = {
        .kind = WARD_OBJECT_API_KEY,
        .object_id = ward_span(key->id.text, WARD_KEY_ID_CHARS),
        .account = &key->account_id,
        .project = &key->project_id,
        .action = action,
        .members = members,
        .retired = retired,
    };
    return ward_audit_append(session, who, &audit);
}

/* What Ward notes by itself (a first use, an expiry) is nobody's change. */
static void note_actor(const struct ward_operator *who, struct ward_api_key *key)
{
    if (who->type != WARD_ACTOR_SYSTEM) {
        key->changed_by = who->id;
        key->changed_by_type = who->type;
    }
}

enum ward_status ward_service_key_store(struct ward_store_session *session, struct ward_service *service,
                                        const struct ward_operator *who, struct ward_api_key *key, const char *action,
                                        const struct ward_members *members, struct ward_span retired)
{
    note_actor(who, key);
    enum ward_status status = ward_store_key_update(session, key);
    if (status != WARD_OK) {
        return status;
    }
    key->version++;
    status = log_key(session, who, key, action, members, retired);
    return status == WARD_OK ? ward_publisher_expect(service->publisher, key) : status;
}

/* ---- create ---- */

struct create_case {
    struct ward_service *service;
    const struct ward_operator *who;
    struct ward_pool *pool;
    struct ward_api_key_input *input;
    struct ward_lookup new_lookup;
    struct ward_project project;
    struct ward_api_key key;
    struct ward_api_key *ret; /* of one that nobody waits for */
};

static enum ward_status find_project(struct ward_store_session *session, void *arg)
{
    struct create_case *c = arg;
    return ward_scope_project(session, c->who, c->input->has_project, c->input->project, &c->input->problems, c->pool,
                              &c->project);
}

/* Take a member over if it differs; absent (null) and empty are different. */
static bool take_span(struct ward_pool *pool, bool has_value, struct ward_span value, struct ward_span *ret)
{
    if (!has_value || ((value.data == NULL) == (ret->data == NULL) && ward_span_equal(value, *ret))) {
        return false;
    }
    *ret = ward_pool_copy(pool, value);
    return true;
}

static void take_text_members(const struct ward_api_key_input *input, struct ward_pool *pool, struct ward_api_key *key,
                              struct ward_members *changed)
{
    if (take_span(pool, input->has_name, input->name, &key->name)) {
        ward_members_add(changed, "name");
    }
    if (take_span(pool, input->has_description, input->description, &key->description)) {
        ward_members_add(changed, "description");
    }
    if (take_span(pool, input->has_metadata, input->metadata, &key->metadata)) {
        ward_members_add(changed, "customMetaData");
    }
    if (take_span(pool, input->has_custom_account_id, input->custom_account_id, &key->custom_account_id)) {
        ward_members_add(changed, "customAccountId");
    }
    if (take_span(pool, input->has_custom_user_id, input->custom_user_id, &key->custom_user_id)) {
        ward_members_add(changed, "customUserId");
    }
    if (take_span(pool, input->has_allowed_domains, input->allowed_domains, &key->allowed_domains)) {
        ward_members_add(changed, "allowedDomains");
    }
}

/* Apply what the input holds, but for the value, and name what changed. Activity and project are not in the list: they
 * change by their own use cases or never. */
static void apply_input(const struct ward_api_key_input *input, struct ward_pool *pool, struct ward_api_key *key,
                        struct ward_members *changed)
{
    take_text_members(input, pool, key, changed);
    if (input->has_expiry && input->expires_ms != key->expires_ms) {
        key->expires_ms = input->expires_ms;
        ward_members_add(changed, MEMBER_EXPIRY);
    }
    if (input->has_rate_limit &&
        (input->rate_limit.limit != key->rate_limit.limit || input->rate_limit.ttl_s != key->rate_limit.ttl_s)) {
        key->rate_limit = input->rate_limit;
        ward_members_add(changed, "rateLimitConfigs");
    }
}

struct ward_api_key ward_service_key_new(const struct ward_project *project, int64_t now_ms)
{
    return (struct ward_api_key){
        .project_id = project->id,
        .account_id = project->account_id,
        .env = project->env,
        .is_project_active = true,
        .name = WARD_SPAN(""),
        .description = WARD_SPAN(""),
        .metadata = WARD_SPAN("{}"),
        .creation_context = WARD_SPAN("{}"),
        .is_enabled = true,
        .expires_ms = WARD_TIME_NONE,
        .first_used_ms = WARD_TIME_NONE,
        .created_ms = now_ms,
        .updated_ms = now_ms,
        .version = 1,
    };
}

static void fill_key(const struct create_case *c, int64_t now_ms, struct ward_api_key *key)
{
    *key = ward_service_key_new(&c->project, now_ms);
    if (c->input->has_creation_context && c->input->creation_context.data) {
        key->creation_context = ward_pool_copy(c->pool, c->input->creation_context);
    }
}

enum ward_status ward_service_draw_id(struct ward_store_session *session, ward_id_exists exists,
                                      struct ward_key_id *ret)
{
    for (int i = 0; i < ID_ATTEMPTS; i++) {
        enum ward_status status = ward_key_id_new(ret);
        if (status == WARD_OK) {
            status = exists(session, ret);
        }
        if (status == WARD_NOT_FOUND) {
            return WARD_OK;
        }
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_UNAVAILABLE; /* eight of 3.6e15 ids in a row are taken: the random source is broken */
}

static enum ward_status set_generated(struct ward_service *service, struct ward_pool *pool, struct ward_api_key *key)
{
    char text[WARD_KEY_GENERATED_CHARS_MAX + 1];
    size_t size;
    struct ward_lookup lookup;
    enum ward_status status = ward_api_key_generate(key->env, text, &size);
    if (status == WARD_OK) {
        ward_service_hash_lookup(service, ward_span(text, size), &lookup);
        status = ward_service_key_set_value(service, pool, WARD_SLOT_PRIMARY, ward_span(text, size), &lookup, key);
    }
    explicit_bzero(text, sizeof(text));
    return status;
}

enum ward_status ward_service_key_insert(struct ward_store_session *session, struct ward_service *service,
                                         const struct ward_operator *who, struct ward_pool *pool,
                                         const struct ward_members *members, struct ward_api_key *key)
{
    enum ward_status status = ward_pool_status(pool);
    note_actor(who, key);
    if (status == WARD_OK) {
        status = ward_service_key_open(service, pool, key);
    }
    if (status == WARD_OK) {
        status = ward_store_key_insert(session, key);
    }
    if (status == WARD_OK) {
        status = log_key(session, who, key, "created", members, WARD_SPAN_NONE);
    }
    return status == WARD_OK ? ward_publisher_expect(service->publisher, key) : status;
}

static enum ward_status create_in(struct ward_store_session *session, void *arg)
{
    struct create_case *c = arg;
    struct ward_members members = { 0 };
    enum ward_status status = find_project(session, c);
    if (status != WARD_OK) {
        return status;
    }
    if (c->input->problems.count > 0) {
        return WARD_INVALID; /* no such project */
    }
    fill_key(c, ward_now_ms(), &c->key);
    apply_input(c->input, c->pool, &c->key, &members);
    status = ward_service_draw_id(session, ward_store_key_exists, &c->key.id);
    if (status != WARD_OK) {
        return status;
    }
    if (c->input->has_value) {
        ward_members_add(&members, MEMBER_KEY);
        status = ward_service_key_set_value(c->service, c->pool, WARD_SLOT_PRIMARY, c->input->value, &c->new_lookup,
                                            &c->key);
    } else {
        status = set_generated(c->service, c->pool, &c->key);
    }
    return status == WARD_OK ? ward_service_key_insert(session, c->service, c->who, c->pool, &members, &c->key)
                             : status;
}

enum ward_status ward_service_key_create(struct ward_service *service, const struct ward_operator *who,
                                         struct ward_api_key_input *input, struct ward_pool *pool,
                                         struct ward_api_key *ret, struct ward_receipt *ret_receipt)
{
    struct create_case c = { .service = service, .who = who, .pool = pool, .input = input };
    if (!ward_operator_may(who, WARD_RIGHT_KEY_WRITE)) {
        return WARD_FORBIDDEN;
    }
    struct ward_problems before;
    if (!is_sound(input, &before)) {
        return refuse_input(service, find_project, &c, input, &before);
    }
    if (input->has_value) {
        ward_service_hash_lookup(service, input->value, &c.new_lookup);
    }
    uint64_t revision;
    enum ward_status status = ward_store_write(service->store, create_in, &c, &revision);
    if (status == WARD_OK) {
        ward_service_receipt(service, revision, ret_receipt);
        *ret = c.key;
    }
    return status;
}

/* The input was sound: what a run before found is this transaction's to find again. */
static enum ward_status create_later_in(struct ward_store_session *session, void *arg)
{
    struct create_case *c = arg;
    c->input->problems.count = 0;
    enum ward_status status = create_in(session, c);
    if (status == WARD_OK) {
        *c->ret = c->key;
    }
    return status;
}

enum ward_status ward_service_key_create_later(struct ward_service *service, const struct ward_operator *who,
                                               struct ward_api_key_input *input, struct ward_pool *pool,
                                               struct ward_api_key *ret, struct ward_receipt *ret_receipt,
                                               const struct ward_later *later)
{
    struct ward_problems before;
    if (!ward_operator_may(who, WARD_RIGHT_KEY_WRITE)) {
        return WARD_FORBIDDEN;
    }
    if (!is_sound(input, &before)) {
        input->problems = before;
        return WARD_INVALID;
    }
    struct create_case *c = ward_pool_alloc(pool, sizeof(*c));
    if (!c) {
        return WARD_NO_MEMORY;
    }
    *c = (struct create_case){ .service = service, .who = who, .pool = pool, .input = input, .ret = ret };
    if (input->has_value) {
        ward_service_hash_lookup(service, input->value, &c->new_lookup);
    }
    return ward_service_write_later(service, pool, create_later_in, c, ret_receipt, later);
}

/* ---- update ---- */

/* Rename the key: the old value stops being valid with this change. Its own value again is no change. */
static enum ward_status rename_key(struct key_case *c, struct ward_members *changed, struct ward_span *ret_retired)
{
    struct ward_span old = c->key.lookups[WARD_SLOT_PRIMARY];
    if (ward_span_equal(old, ward_lookup_span(&c->new_lookup))) {
        return WARD_OK;
    }
    *ret_retired = old;
    ward_members_add(changed, MEMBER_KEY);
    return ward_service_key_set_value(c->service, c->pool, WARD_SLOT_PRIMARY, c->input->value, &c->new_lookup, &c->key);
}

static enum ward_status update_in(struct ward_store_session *session, void *arg)
{
    struct key_case *c = arg;
    struct ward_members changed = { 0 };
    struct ward_span retired = WARD_SPAN_NONE;
    enum ward_status status = find_key(session, c);
    if (status != WARD_OK) {
        return status;
    }
    apply_input(c->input, c->pool, &c->key, &changed);
    if (c->has_new_value) {
        status = rename_key(c, &changed, &retired);
    }
    if (status == WARD_OK) {
        status = ward_service_key_open(c->service, c->pool, &c->key);
    }
    if (status != WARD_OK) {
        return status;
    }
    c->key.updated_ms = ward_service_later(ward_now_ms(), c->key.updated_ms);
    return ward_service_key_store(session, c->service, c->who, &c->key, "updated", &changed, retired);
}

enum ward_status ward_service_key_update(struct ward_service *service, const struct ward_operator *who,
                                         const struct ward_key_ref *ref, struct ward_api_key_input *input,
                                         struct ward_pool *pool, struct ward_api_key *ret,
                                         struct ward_receipt *ret_receipt)
{
    struct key_case c = key_case_of(service, who, ref, pool);
    c.input = input;
    c.has_new_value = input->has_value;
    if (input->has_value) {
        ward_service_hash_lookup(service, input->value, &c.new_lookup);
    }
    return run_write(&c, update_in, ret, ret_receipt);
}

/* ---- delete, reactivate, rotate ---- */

/* Opens nothing: a key whose blob is damaged can still be revoked. */
static enum ward_status delete_in(struct ward_store_session *session, void *arg)
{
    struct key_case *c = arg;
    struct ward_members changed = { 1, { "isActive" } };
    enum ward_status status = find_key(session, c);
    if (status != WARD_OK) {
        return status;
    }
    c->key.is_enabled = false;
    c->key.updated_ms = ward_service_later(ward_now_ms(), c->key.updated_ms);
    return ward_service_key_store(session, c->service, c->who, &c->key, "deleted", &changed, WARD_SPAN_NONE);
}

enum ward_status ward_service_key_delete(struct ward_service *service, const struct ward_operator *who,
                                         const struct ward_key_ref *ref, struct ward_receipt *ret_receipt)
{
    WARD_POOL pool = ward_pool_new(WARD_ONE_KEY_POOL);
    struct key_case c = key_case_of(service, who, ref, &pool);
    return run_write(&c, delete_in, NULL, ret_receipt);
}

static enum ward_status reactivate_in(struct ward_store_session *session, void *arg)
{
    struct key_case *c = arg;
    struct ward_members changed = { 1, { "isActive" } };
    enum ward_status status = find_key(session, c);
    if (status == WARD_OK) {
        status = ward_service_key_open(c->service, c->pool, &c->key);
    }
    if (status != WARD_OK) {
        return status;
    }
    int64_t now_ms = ward_now_ms();
    c->key.is_enabled = true;
    /* contracts/theauthapi.md 2.6: a past expiry is cleared, a future one kept. */
    if (c->key.expires_ms != WARD_TIME_NONE && c->key.expires_ms <= now_ms) {
        c->key.expires_ms = WARD_TIME_NONE;
        ward_members_add(&changed, MEMBER_EXPIRY);
    }
    c->key.updated_ms = ward_service_later(now_ms, c->key.updated_ms);
    return ward_service_key_store(session, c->service, c->who, &c->key, "reactivated", &changed, WARD_SPAN_NONE);
}

enum ward_status ward_service_key_reactivate(struct ward_service *service, const struct ward_operator *who,
                                             const struct ward_key_ref *ref, struct ward_pool *pool,
                                             struct ward_api_key *ret, struct ward_receipt *ret_receipt)
{
    struct key_case c = key_case_of(service, who, ref, pool);
    c.needs = NEEDS_INACTIVE;
    return run_write(&c, reactivate_in, ret, ret_receipt);
}

/* The clone of 2.7: everything but identity, value, times and use. */
static struct ward_api_key clone_key(const struct ward_api_key *old, int64_t now_ms)
{
    struct ward_api_key key = *old;
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        key.values[slot] = key.sealed[slot] = key.lookups[slot] = WARD_SPAN_NONE;
        key.value_versions[slot] = 0;
    }
    key.first_used_ms = WARD_TIME_NONE;
    key.created_ms = key.updated_ms = now_ms;
    key.version = 1;
    return key;
}

static enum ward_status rotate_in(struct ward_store_session *session, void *arg)
{
    struct key_case *c = arg;
    struct ward_members changed = { 1, { "isActive" } };
    struct ward_members none = { 0 };
    enum ward_status status = find_key(session, c);
    if (status != WARD_OK) {
        return status;
    }
    int64_t now_ms = ward_now_ms();
    struct ward_api_key old = c->key;
    struct ward_api_key key = clone_key(&old, now_ms);
    old.is_enabled = false;
    old.updated_ms = ward_service_later(now_ms, old.updated_ms);
    status = ward_service_key_store(session, c->service, c->who, &old, "rotated", &changed, WARD_SPAN_NONE);
    if (status == WARD_OK) {
        status = ward_service_draw_id(session, ward_store_key_exists, &key.id);
    }
    if (status == WARD_OK) {
        status = set_generated(c->service, c->pool, &key);
    }
    if (status == WARD_OK) {
        status = ward_service_key_insert(session, c->service, c->who, c->pool, &none, &key);
    }
    if (status == WARD_OK) {
        c->key = key;
    }
    return status;
}

enum ward_status ward_service_key_rotate(struct ward_service *service, const struct ward_operator *who,
                                         const struct ward_key_ref *ref, struct ward_pool *pool,
                                         struct ward_api_key *ret, struct ward_receipt *ret_receipt)
{
    struct key_case c = key_case_of(service, who, ref, pool);
    return run_write(&c, rotate_in, ret, ret_receipt);
}
