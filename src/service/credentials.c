/*
 * Operator credentials: contracts/theauthapi.md 7. Nobody makes, sees or touches one that is wider than the own: role
 * and scope are compared on the resolved object (security.md attack 16).
 */
#include "service/internal.h"

#define ONE_CREDENTIAL_POOL 65536
#define VALUE_PREFIX_CHARS  12 /* live_access_, test_access_ */
#define VALUE_TAIL_CHARS    4
#define VALUE_VERSION       1 /* a credential's secret is never replaced */
#define ELLIPSIS            "\xE2\x80\xA6"

static struct ward_seal_place secret_place(const struct ward_credential *credential, char account[WARD_UUID_CHARS + 1],
                                           char row[WARD_UUID_CHARS + 1])
{
    ward_uuid_format(&credential->account_id, account);
    ward_uuid_format(&credential->id, row);
    return (struct ward_seal_place){
        .account = ward_span(account, WARD_UUID_CHARS),
        .table = "credential",
        .row = ward_span(row, WARD_UUID_CHARS),
        .field = "secret",
        .version = VALUE_VERSION,
    };
}

enum ward_status ward_service_credential_open(struct ward_service *service, struct ward_pool *pool,
                                              struct ward_credential *credential)
{
    char account[WARD_UUID_CHARS + 1];
    char row[WARD_UUID_CHARS + 1];
    if (!credential->sealed.data) {
        return WARD_OK;
    }
    struct ward_seal_place place = secret_place(credential, account, row);
    return ward_service_unseal(service, &place, credential->sealed, pool, &credential->value);
}

/* Show the prefix, … and the last four characters: contracts/theauthapi.md 7. */
static struct ward_span mask_value(struct ward_pool *pool, struct ward_span value)
{
    WARD_BUFFER masked = ward_buffer_new_secret(64);
    if (value.size >= 2 * VALUE_PREFIX_CHARS) {
        ward_buffer_append(&masked, ward_span(value.data, VALUE_PREFIX_CHARS));
        ward_buffer_append_text(&masked, ELLIPSIS);
        ward_buffer_append(&masked, ward_span(value.data + value.size - VALUE_TAIL_CHARS, VALUE_TAIL_CHARS));
    } else {
        ward_buffer_append_text(&masked, ELLIPSIS);
    }
    if (masked.status != WARD_OK) {
        pool->is_exhausted = true;
        return WARD_SPAN_NONE;
    }
    return ward_pool_copy(pool, ward_buffer_span(&masked));
}

/* Give an access key's value as far as this operator may see it. Secrets of other kinds are shown once, when made. */
static enum ward_status show_value(struct ward_service *service, const struct ward_operator *who,
                                   struct ward_pool *pool, struct ward_credential *credential)
{
    credential->value = WARD_SPAN_NONE;
    if (credential->kind != WARD_CREDENTIAL_ACCESS_KEY) {
        return WARD_OK;
    }
    enum ward_status status = ward_service_credential_open(service, pool, credential);
    if (status != WARD_OK) {
        return status;
    }
    bool is_own = !ward_uuid_is_nil(&who->id) && ward_uuid_equal(&who->id, &credential->id);
    if (!is_own && !ward_operator_may(who, WARD_RIGHT_CREDENTIAL_REVEAL)) {
        credential->value = mask_value(pool, credential->value);
    }
    return ward_pool_status(pool);
}

static enum ward_status log_credential(struct ward_store_session *session, const struct ward_operator *who,
                                       const struct ward_credential *credential, const char *action,
                                       const struct ward_members *members)
{
    char id[WARD_UUID_CHARS + 1];
    ward_uuid_format(&credential->id, id);
    struct ward_audit audit = {
        .kind = WARD_OBJECT_CREDENTIAL,
        .object_id = ward_span(id, WARD_UUID_CHARS),
        .account = &credential->account_id,
        .project = &credential->project_id,
        .action = action,
        .members = members,
    };
    return ward_audit_append(session, who, &audit);
}

/* ---- list ---- */

struct credential_listing {
    struct ward_service *service;
    const struct ward_operator *who;
    struct ward_credential_query *query;
    ward_credential_visit visit;
    void *arg;
    struct ward_pool pool;
};

/* A wider role in the same scope is still listed, masked unless revealed: only touching it is refused. */
static enum ward_status show_credential(const struct ward_credential *stored, void *arg)
{
    struct credential_listing *list = arg;
    if (!ward_uuid_is_nil(&stored->issued_by)) {
        return WARD_OK; /* another name of its pair, for an hour: the pair is listed */
    }
    if (!stored->is_scope_active || !ward_operator_covers(list->who, &stored->account_id, &stored->project_id)) {
        return WARD_OK;
    }
    struct ward_credential credential = *stored;
    ward_pool_reset(&list->pool);
    enum ward_status status = show_value(list->service, list->who, &list->pool, &credential);
    return status == WARD_OK ? list->visit(&credential, list->arg) : status;
}

/* Resolve accountId and projectId of a query into its filter. */
static enum ward_status scope_query(struct ward_store_session *session, struct credential_listing *list)
{
    struct ward_credential_query *query = list->query;
    struct ward_account account = { 0 };
    struct ward_project project = { 0 };
    bool is_everywhere = list->who->type == WARD_ACTOR_LOCAL && !query->has_account;
    if (!is_everywhere) {
        enum ward_status status = ward_scope_account(session, list->who, query->has_account, query->account,
                                                     &query->problems, &list->pool, &account);
        if (status != WARD_OK) {
            return status;
        }
    }
    if (query->has_project || !ward_operator_is_wide(list->who)) {
        enum ward_status status = ward_scope_project(session, list->who, query->has_project, query->project,
                                                     &query->problems, &list->pool, &project);
        if (status != WARD_OK) {
            return status;
        }
    }
    query->filter.account_id = account.id;
    query->filter.project_id = project.id;
    return query->problems.count > 0 ? WARD_INVALID : WARD_OK;
}

static enum ward_status list_in(struct ward_store_session *session, void *arg)
{
    struct credential_listing *list = arg;
    enum ward_status status = scope_query(session, list);
    return status == WARD_OK ? ward_store_credential_list(session, &list->query->filter, show_credential, list)
                             : status;
}

enum ward_status ward_service_credential_list(struct ward_service *service, const struct ward_operator *who,
                                              struct ward_credential_query *query, ward_credential_visit visit,
                                              void *arg)
{
    if (!ward_operator_may(who, WARD_RIGHT_CREDENTIAL_READ)) {
        return WARD_FORBIDDEN;
    }
    struct credential_listing list = { service, who, query, visit, arg, ward_pool_new(ONE_CREDENTIAL_POOL) };
    enum ward_status status = ward_store_read(service->store, list_in, &list);
    ward_pool_free(&list.pool);
    return status;
}

/* ---- create ---- */

struct credential_case {
    struct ward_service *service;
    const struct ward_operator *who;
    struct ward_pool *pool;
    struct ward_credential_input *input; /* or NULL */
    bool needs_inactive;
    bool has_lookup, has_id;
    struct ward_lookup lookup;
    struct ward_uuid id;
    struct ward_credential credential;
};

/* Draw what the kind's holder presents and what it is found by. */
static enum ward_status draw_secret(struct ward_service *service, struct ward_pool *pool, struct ward_credential *ret)
{
    char text[WARD_CREDENTIAL_VALUE_CHARS_MAX + 1];
    size_t size;
    struct ward_lookup lookup;
    enum ward_status status = ward_credential_generate(ret->kind, ret->env, text, &size);
    if (status == WARD_OK) {
        ret->value = ward_pool_copy(pool, ward_span(text, size));
    }
    explicit_bzero(text, sizeof(text));
    if (status == WARD_OK && ret->kind == WARD_CREDENTIAL_IAM) {
        status = ward_credential_generate_iam_id(text, &size);
        if (status == WARD_OK) {
            ret->public_id = ward_pool_copy(pool, ward_span(text, size));
        }
    }
    if (status != WARD_OK) {
        return status;
    }
    if (ret->kind == WARD_CREDENTIAL_TOKEN) {
        ward_service_hash_token(service, ret->value, &lookup);
    } else {
        ward_service_hash_lookup(service, ret->kind == WARD_CREDENTIAL_IAM ? ret->public_id : ret->value, &lookup);
    }
    ret->lookup = ward_pool_copy(pool, ward_lookup_span(&lookup));
    return ward_pool_status(pool);
}

/* Access keys and IAM secrets can be had back; of a token there is nothing but its hash. */
static enum ward_status seal_secret(struct ward_service *service, struct ward_pool *pool, struct ward_credential *ret)
{
    char account[WARD_UUID_CHARS + 1];
    char row[WARD_UUID_CHARS + 1];
    ret->sealed = WARD_SPAN_NONE;
    if (ret->kind == WARD_CREDENTIAL_TOKEN) {
        return WARD_OK;
    }
    struct ward_seal_place place = secret_place(ret, account, row);
    return ward_service_seal(service, &place, ret->value, pool, &ret->sealed);
}

enum ward_status ward_service_credential_insert(struct ward_service *service, struct ward_store_session *session,
                                                const struct ward_operator *who, const struct ward_members *members,
                                                struct ward_pool *pool, struct ward_credential *credential)
{
    credential->is_active = true;
    credential->is_scope_active = true;
    if (credential->expires_ms == 0) { /* nobody said */
        credential->expires_ms = WARD_TIME_NONE;
    }
    credential->provenance = ward_provenance_new(who, ward_now_ms());
    credential->version = 1;
    enum ward_status status = ward_uuid_new(&credential->id);
    if (status == WARD_OK) {
        status = draw_secret(service, pool, credential);
    }
    if (status == WARD_OK) {
        status = seal_secret(service, pool, credential);
    }
    if (status == WARD_OK) {
        status = ward_store_credential_insert(session, credential);
    }
    return status == WARD_OK ? log_credential(session, who, credential, "created", members) : status;
}

/* The account of a new credential: as sent, else the caller's. The local operator has none, but a project has one. */
static enum ward_status scope_account(struct ward_store_session *session, struct credential_case *c)
{
    struct ward_credential_input *input = c->input;
    struct ward_account account = { .id = c->who->account_id };
    if (input->has_account || (ward_uuid_is_nil(&account.id) && !input->has_project)) {
        enum ward_status status = ward_scope_account(session, c->who, input->has_account, input->account,
                                                     &input->problems, c->pool, &account);
        if (status != WARD_OK) {
            return status;
        }
    }
    c->credential.account_id = account.id;
    return WARD_OK;
}

static enum ward_status scope_project(struct ward_store_session *session, struct credential_case *c)
{
    struct ward_credential_input *input = c->input;
    struct ward_project project = { .env = WARD_ENV_LIVE };
    if (input->has_project || !ward_operator_is_wide(c->who)) {
        enum ward_status status = ward_scope_project(session, c->who, input->has_project, input->project,
                                                     &input->problems, c->pool, &project);
        if (status != WARD_OK || ward_problem_has(&input->problems, "projectId")) {
            return status;
        }
        bool has_account = !ward_uuid_is_nil(&c->credential.account_id);
        if (has_account && !ward_uuid_equal(&c->credential.account_id, &project.account_id)) {
            ward_problem_add(&input->problems, "projectId", WARD_RULE_UNKNOWN_PROJECT, 0, NULL);
        }
        c->credential.account_id = project.account_id;
    }
    c->credential.project_id = project.id;
    c->credential.env = project.env;
    return WARD_OK;
}

static enum ward_status find_scope(struct ward_store_session *session, void *arg)
{
    struct credential_case *c = arg;
    if (!ward_operator_may_give(c->who, c->credential.role, c->credential.grants)) {
        return WARD_FORBIDDEN;
    }
    enum ward_status status = scope_account(session, c);
    return status == WARD_OK ? scope_project(session, c) : status;
}

static enum ward_status create_in(struct ward_store_session *session, void *arg)
{
    struct credential_case *c = arg;
    struct ward_members members = { 3, { "name", "scope", "role" } };
    enum ward_status status = find_scope(session, c);
    if (status != WARD_OK) {
        return status;
    }
    if (c->input->problems.count > 0) {
        return WARD_INVALID; /* account or project were deleted since */
    }
    if (!ward_operator_covers_credential(c->who, &c->credential)) {
        return WARD_FORBIDDEN;
    }
    return ward_service_credential_insert(c->service, session, c->who, &members, c->pool, &c->credential);
}

static struct ward_rate_limit input_rate_limit(const struct ward_credential_input *input)
{
    if (!input->has_rate_limit_number || !input->has_rate_limit_ttl) {
        return (struct ward_rate_limit){ 0, 0 };
    }
    return (struct ward_rate_limit){ input->rate_limit, input->rate_limit_ttl };
}

/* A time before 1970 has passed as much as its first millisecond has; 0 says nothing. */
static int64_t input_expiry(const struct ward_credential_input *input)
{
    if (!input->has_expiry || input->expires_ms == WARD_TIME_NONE) {
        return WARD_TIME_NONE;
    }
    return input->expires_ms > 0 ? input->expires_ms : 1;
}

enum ward_status ward_service_credential_create(struct ward_service *service, const struct ward_operator *who,
                                                enum ward_credential_kind kind, struct ward_credential_input *input,
                                                struct ward_pool *pool, struct ward_credential *ret,
                                                struct ward_receipt *ret_receipt)
{
    if (!ward_operator_may(who, WARD_RIGHT_CREDENTIAL_WRITE)) {
        return WARD_FORBIDDEN;
    }
    struct credential_case c = { .service = service, .who = who, .pool = pool, .input = input };
    c.credential.kind = kind;
    c.credential.role = input->has_role ? input->role : WARD_ROLE_ADMIN;
    c.credential.grants = input->grants;
    if (kind == WARD_CREDENTIAL_ACCESS_KEY && input->grants != 0) {
        /* its record in the table has no room for them */
        ward_problem_add(&input->problems, "grants", WARD_RULE_UNKNOWN_MEMBER, 0, NULL);
    }
    if (kind == WARD_CREDENTIAL_ACCESS_KEY && input->has_expiry) {
        ward_problem_add(&input->problems, "expiresAt", WARD_RULE_UNKNOWN_MEMBER, 0, NULL); /* nor for it */
    }
    enum ward_status status = ward_store_read(service->store, find_scope, &c);
    if (status != WARD_OK) {
        return status;
    }
    ward_credential_input_check(input);
    if (input->problems.count > 0) {
        return WARD_INVALID;
    }
    c.credential.expires_ms = input_expiry(input);
    c.credential.rate_limit = input_rate_limit(input);
    c.credential.name = ward_pool_copy(pool, input->name);
    uint64_t revision;
    status = ward_pool_status(pool);
    if (status == WARD_OK) {
        status = ward_store_write(service->store, create_in, &c, &revision);
        ward_service_credentials_changed(service);
    }
    if (status == WARD_OK) {
        ward_service_receipt(service, revision, ret_receipt);
        *ret = c.credential;
    }
    return status;
}

/* ---- update, delete, reactivate ---- */

static struct credential_case credential_case_of(struct ward_service *service, const struct ward_operator *who,
                                                 const struct ward_credential_ref *ref, struct ward_pool *pool)
{
    struct credential_case c = { .service = service, .who = who, .pool = pool };
    if (ref->value.data) {
        c.has_lookup = true;
        ward_service_hash_lookup(service, ref->value, &c.lookup);
    } else {
        c.has_id = ward_uuid_parse(ref->id, &c.id);
    }
    return c;
}

static enum ward_status load_credential(struct ward_store_session *session, struct credential_case *c)
{
    if (c->has_lookup) {
        return ward_store_credential_find(session, WARD_CREDENTIAL_ACCESS_KEY, &c->lookup, c->pool, &c->credential);
    }
    return c->has_id ? ward_store_credential_get(session, &c->id, c->pool, &c->credential) : WARD_NOT_FOUND;
}

static enum ward_status find_credential(struct ward_store_session *session, void *arg)
{
    struct credential_case *c = arg;
    enum ward_status status = load_credential(session, c);
    if (status != WARD_OK) {
        return status;
    }
    if (!ward_operator_covers_credential(c->who, &c->credential)) {
        return WARD_FORBIDDEN;
    }
    if (c->input && c->input->has_role && !ward_operator_may_give(c->who, c->input->role, 0)) {
        return WARD_FORBIDDEN;
    }
    if (!c->credential.is_scope_active) {
        return WARD_NOT_FOUND;
    }
    if (c->needs_inactive) {
        return c->credential.is_active ? WARD_CONFLICT : WARD_OK;
    }
    return c->credential.is_active ? WARD_OK : WARD_NOT_FOUND;
}

static enum ward_status run_write(struct credential_case *c, ward_store_work work, struct ward_credential *ret,
                                  struct ward_receipt *ret_receipt)
{
    if (!ward_operator_may(c->who, WARD_RIGHT_CREDENTIAL_WRITE)) {
        return WARD_FORBIDDEN;
    }
    enum ward_status found = ward_store_read(c->service->store, find_credential, c);
    if (found != WARD_OK && found != WARD_NOT_FOUND && found != WARD_CONFLICT) {
        return found;
    }
    if (c->input) {
        ward_credential_input_check(c->input);
        if (c->input->problems.count > 0) {
            return WARD_INVALID;
        }
    }
    if (found != WARD_OK) {
        return found;
    }
    uint64_t revision;
    enum ward_status status = ward_store_write(c->service->store, work, c, &revision);
    ward_service_credentials_changed(c->service);
    if (status != WARD_OK) {
        return status;
    }
    ward_service_receipt(c->service, revision, ret_receipt);
    if (ret) {
        *ret = c->credential;
    }
    return WARD_OK;
}

static enum ward_status store_credential(struct ward_store_session *session, struct credential_case *c,
                                         const char *action, const struct ward_members *members)
{
    ward_provenance_touch(&c->credential.provenance, c->who, ward_now_ms());
    enum ward_status status = ward_store_credential_update(session, &c->credential);
    if (status != WARD_OK) {
        return status;
    }
    c->credential.version++;
    return log_credential(session, c->who, &c->credential, action, members);
}

static void apply_input(const struct ward_credential_input *input, struct ward_pool *pool,
                        struct ward_credential *credential, struct ward_members *changed)
{
    if (!ward_span_equal(input->name, credential->name)) {
        credential->name = ward_pool_copy(pool, input->name);
        ward_members_add(changed, "name");
    }
    if (input->has_role && input->role != credential->role) {
        credential->role = input->role;
        ward_members_add(changed, "role");
    }
    if (input->has_rate_limit_number && input->has_rate_limit_ttl) {
        credential->rate_limit = input_rate_limit(input);
        ward_members_add(changed, "rateLimit");
    }
}

static enum ward_status update_in(struct ward_store_session *session, void *arg)
{
    struct credential_case *c = arg;
    struct ward_members changed = { 0 };
    enum ward_status status = find_credential(session, c);
    if (status != WARD_OK) {
        return status;
    }
    apply_input(c->input, c->pool, &c->credential, &changed);
    status = ward_pool_status(c->pool);
    if (status == WARD_OK) {
        status = show_value(c->service, c->who, c->pool, &c->credential);
    }
    return status == WARD_OK ? store_credential(session, c, "updated", &changed) : status;
}

enum ward_status ward_service_credential_update(struct ward_service *service, const struct ward_operator *who,
                                                const struct ward_credential_ref *ref,
                                                struct ward_credential_input *input, struct ward_pool *pool,
                                                struct ward_credential *ret, struct ward_receipt *ret_receipt)
{
    struct credential_case c = credential_case_of(service, who, ref, pool);
    c.input = input;
    return run_write(&c, update_in, ret, ret_receipt);
}

/* Opens nothing: a credential whose blob is damaged can still be revoked. */
static enum ward_status delete_in(struct ward_store_session *session, void *arg)
{
    struct credential_case *c = arg;
    struct ward_members changed = { 1, { "isActive" } };
    enum ward_status status = find_credential(session, c);
    if (status != WARD_OK) {
        return status;
    }
    c->credential.is_active = false;
    return store_credential(session, c, "deleted", &changed);
}

enum ward_status ward_service_credential_delete(struct ward_service *service, const struct ward_operator *who,
                                                const struct ward_credential_ref *ref, struct ward_receipt *ret_receipt)
{
    WARD_POOL pool = ward_pool_new(ONE_CREDENTIAL_POOL);
    struct credential_case c = credential_case_of(service, who, ref, &pool);
    return run_write(&c, delete_in, NULL, ret_receipt);
}

static enum ward_status reactivate_in(struct ward_store_session *session, void *arg)
{
    struct credential_case *c = arg;
    struct ward_members changed = { 1, { "isActive" } };
    enum ward_status status = find_credential(session, c);
    if (status == WARD_OK) {
        status = show_value(c->service, c->who, c->pool, &c->credential);
    }
    if (status != WARD_OK) {
        return status;
    }
    c->credential.is_active = true;
    return store_credential(session, c, "reactivated", &changed);
}

enum ward_status ward_service_credential_reactivate(struct ward_service *service, const struct ward_operator *who,
                                                    const struct ward_credential_ref *ref, struct ward_pool *pool,
                                                    struct ward_credential *ret, struct ward_receipt *ret_receipt)
{
    struct credential_case c = credential_case_of(service, who, ref, pool);
    c.needs_inactive = true;
    return run_write(&c, reactivate_in, ret, ret_receipt);
}
