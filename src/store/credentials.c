/* Operator credentials. */
#include "store/rows.h"

enum { GRANTS_MAX = 1024 };

#define CREDENTIAL_SELECT                                                                                              \
    "SELECT c.id, c.kind, c.account_id, c.project_id, a.is_active, p.is_active, p.env, c.role, c.name, c.lookup,"      \
    " c.sealed, c.public_id, c.is_active, c.rate_limit, c.rate_limit_ttl_s, c.expires_ms, c.version,"                  \
    " c.created_by, c.created_by_type, c.changed_by, c.changed_by_type, c.created_ms, c.updated_ms, c.grants,"         \
    " c.issued_by FROM credential c LEFT JOIN account a ON a.id = c.account_id LEFT JOIN project p"                    \
    " ON p.id = c.project_id"

static bool read_scope(struct ward_sql *q, struct ward_credential *ret)
{
    if (!ward_row_uuid(q, 2, &ret->account_id) || !ward_row_uuid(q, 3, &ret->project_id)) {
        return false;
    }
    bool is_account_active = ward_sql_int(q, 4) == 1;
    if (ward_uuid_is_nil(&ret->project_id)) {
        ret->env = WARD_ENV_LIVE;
        ret->is_scope_active = is_account_active;
        return true;
    }
    ret->is_scope_active = is_account_active && ward_sql_int(q, 5) == 1;
    return ward_env_parse(ward_sql_text(q, 6), &ret->env);
}

/* Grants lie as their names, joined by commas: a number would freeze the order of the rights. */
static bool read_grants(struct ward_span list, uint32_t *ret)
{
    *ret = 0;
    while (list.size > 0) {
        const char *comma = memchr(list.data, ',', list.size);
        size_t size = comma ? (size_t)(comma - list.data) : list.size;
        if (!ward_grant_parse(ward_span(list.data, size), ret)) {
            return false;
        }
        list = comma ? ward_span(comma + 1, list.size - size - 1) : WARD_SPAN_NONE;
    }
    return true;
}

static enum ward_status bind_grants(struct ward_sql *q, int index, uint32_t grants)
{
    WARD_BUFFER list = ward_buffer_new(GRANTS_MAX);
    const char *name;
    uint32_t right;
    for (size_t i = 0; ward_grant_at(i, &name, &right); i++) {
        if (grants & right) {
            ward_buffer_append_text(&list, list.size > 0 ? "," : "");
            ward_buffer_append_text(&list, name);
        }
    }
    ward_sql_bind_text(q, index, list.size > 0 ? ward_buffer_span(&list) : WARD_SPAN_NONE);
    return list.status; /* a list that is cut must not be written */
}

static bool read_credential(struct ward_sql *q, struct ward_credential *ret)
{
    *ret = (struct ward_credential){
        .name = ward_sql_text(q, 8),
        .lookup = ward_sql_bytes(q, 9),
        .sealed = ward_sql_bytes(q, 10),
        .public_id = ward_sql_text(q, 11),
        .is_active = ward_sql_int(q, 12) == 1,
        .rate_limit = { ward_sql_int(q, 13), ward_sql_int(q, 14) },
        .expires_ms = ward_row_time(q, 15),
        .version = ward_sql_int(q, 16),
    };
    return ret->lookup.size == WARD_LOOKUP_BYTES && ward_row_uuid(q, 0, &ret->id) &&
           ward_credential_kind_parse(ward_sql_text(q, 1), &ret->kind) && read_scope(q, ret) &&
           ward_role_parse(ward_sql_text(q, 7), &ret->role) && ward_row_provenance(q, 17, &ret->provenance) &&
           read_grants(ward_sql_text(q, 23), &ret->grants) && ward_row_uuid(q, 24, &ret->issued_by);
}

static enum ward_status keep_credential(struct ward_store_session *s, struct ward_sql *q, struct ward_pool *pool,
                                        struct ward_credential *ret)
{
    struct ward_credential credential;
    if (!read_credential(q, &credential)) {
        return ward_row_bad(s, "credential");
    }
    struct ward_span *spans[] = { &credential.name, &credential.lookup, &credential.sealed, &credential.public_id };
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        bool was_there = spans[i]->data != NULL;
        *spans[i] = ward_pool_copy(pool, *spans[i]);
        if (was_there && !spans[i]->data) {
            return WARD_NO_MEMORY;
        }
    }
    *ret = credential;
    return WARD_OK;
}

/* Parents must be there, and the value must be nobody's: not another credential's, and not an API key's either, because
 * access keys and API keys share one lookup. */
static enum ward_status check_credential(struct ward_store_session *s, const struct ward_credential *credential)
{
    if (credential->lookup.size != WARD_LOOKUP_BYTES) {
        return WARD_INVALID;
    }
    WARD_SQL *q = ward_sql_prepare(s, "SELECT EXISTS (SELECT 1 FROM account WHERE id = ?),"
                                      " EXISTS (SELECT 1 FROM project WHERE id = ? AND account_id = ?),"
                                      " EXISTS (SELECT 1 FROM api_key_value WHERE lookup = ?),"
                                      " EXISTS (SELECT 1 FROM credential WHERE lookup = ? AND id <> ?)");
    ward_row_bind_uuid(q, 1, &credential->account_id);
    ward_row_bind_uuid(q, 2, &credential->project_id);
    ward_row_bind_uuid(q, 3, &credential->account_id);
    ward_sql_bind_bytes(q, 4, credential->lookup);
    ward_sql_bind_bytes(q, 5, credential->lookup);
    ward_row_bind_uuid(q, 6, &credential->id);
    enum ward_status status = ward_row_first(s, q);
    if (status != WARD_OK) {
        return status;
    }
    bool has_scope = ward_sql_int(q, 0) && (ward_uuid_is_nil(&credential->project_id) || ward_sql_int(q, 1));
    if (!has_scope) {
        return WARD_NOT_FOUND;
    }
    return ward_sql_int(q, 2) || ward_sql_int(q, 3) ? WARD_CONFLICT : WARD_OK;
}

enum ward_status ward_store_credential_insert(struct ward_store_session *s, const struct ward_credential *credential)
{
    enum ward_status status = check_credential(s, credential);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO credential (id, kind, account_id, project_id, role, name, lookup, sealed, public_id, is_active,"
           " rate_limit, rate_limit_ttl_s, expires_ms, version, created_by, created_by_type, changed_by,"
           " changed_by_type, created_ms, updated_ms, grants, issued_by)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    ward_row_bind_uuid(q, 1, &credential->id);
    ward_row_bind_name(q, 2, ward_credential_kind_name(credential->kind));
    ward_row_bind_uuid(q, 3, &credential->account_id);
    ward_row_bind_uuid(q, 4, &credential->project_id);
    ward_row_bind_name(q, 5, ward_role_name(credential->role));
    ward_sql_bind_text(q, 6, credential->name);
    ward_sql_bind_bytes(q, 7, credential->lookup);
    ward_sql_bind_bytes(q, 8, credential->sealed);
    ward_sql_bind_text(q, 9, credential->public_id);
    ward_sql_bind_int(q, 10, credential->is_active);
    ward_sql_bind_int(q, 11, credential->rate_limit.limit);
    ward_sql_bind_int(q, 12, credential->rate_limit.ttl_s);
    ward_row_bind_time(q, 13, credential->expires_ms);
    ward_sql_bind_int(q, 14, credential->version);
    ward_row_bind_provenance(q, 15, &credential->provenance);
    status = bind_grants(q, 21, credential->grants);
    if (status != WARD_OK) {
        return status;
    }
    ward_row_bind_uuid(q, 22, &credential->issued_by);
    return ward_row_run_one(s, q);
}

static enum ward_status credential_exists(struct ward_store_session *s, const struct ward_uuid *id)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM credential WHERE id = ?");
    ward_row_bind_uuid(q, 1, id);
    return ward_row_first(s, q);
}

/* Kind and scope are what a credential is: they do not change. */
enum ward_status ward_store_credential_update(struct ward_store_session *s, const struct ward_credential *credential)
{
    enum ward_status status = credential_exists(s, &credential->id);
    if (status == WARD_OK) {
        status = check_credential(s, credential);
    }
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE credential SET role = ?, name = ?, lookup = ?, sealed = ?, public_id = ?, is_active = ?,"
           " rate_limit = ?, rate_limit_ttl_s = ?, expires_ms = ?, created_by = ?, created_by_type = ?, changed_by = ?,"
           " changed_by_type = ?, created_ms = ?, updated_ms = ?, grants = ?, version = version + 1"
           " WHERE id = ? AND version = ?");
    ward_row_bind_name(q, 1, ward_role_name(credential->role));
    ward_sql_bind_text(q, 2, credential->name);
    ward_sql_bind_bytes(q, 3, credential->lookup);
    ward_sql_bind_bytes(q, 4, credential->sealed);
    ward_sql_bind_text(q, 5, credential->public_id);
    ward_sql_bind_int(q, 6, credential->is_active);
    ward_sql_bind_int(q, 7, credential->rate_limit.limit);
    ward_sql_bind_int(q, 8, credential->rate_limit.ttl_s);
    ward_row_bind_time(q, 9, credential->expires_ms);
    ward_row_bind_provenance(q, 10, &credential->provenance);
    status = bind_grants(q, 16, credential->grants);
    if (status != WARD_OK) {
        return status;
    }
    ward_row_bind_uuid(q, 17, &credential->id);
    ward_sql_bind_int(q, 18, credential->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_credential_get(struct ward_store_session *s, const struct ward_uuid *id,
                                           struct ward_pool *pool, struct ward_credential *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, CREDENTIAL_SELECT " WHERE c.id = ?");
    ward_row_bind_uuid(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_credential(s, q, pool, ret) : status;
}

enum ward_status ward_store_credential_find(struct ward_store_session *s, enum ward_credential_kind kind,
                                            const struct ward_lookup *lookup, struct ward_pool *pool,
                                            struct ward_credential *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, CREDENTIAL_SELECT " WHERE c.lookup = ? AND c.kind = ?");
    ward_sql_bind_bytes(q, 1, ward_span((const char *)lookup->bytes, WARD_LOOKUP_BYTES));
    ward_row_bind_name(q, 2, ward_credential_kind_name(kind));
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_credential(s, q, pool, ret) : status;
}

static enum ward_status visit_credentials(struct ward_store_session *s, struct ward_sql *q, ward_credential_visit visit,
                                          void *arg)
{
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_credential credential;
        enum ward_status status = read_credential(q, &credential) ? visit(&credential, arg)
                                                                  : ward_row_bad(s, "credential");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

#define CREDENTIAL_FILTER                                                                                              \
    " AND (? = 0 OR c.project_id = ?) AND (? = 0 OR c.kind = ?) AND (? = 0 OR (? = 1) = (c.is_active = 1))"            \
    " ORDER BY c.created_ms, c.id"

_Static_assert(WARD_CREDENTIAL_ANY == 0 && WARD_CREDENTIAL_ACTIVE == 1, "CREDENTIAL_FILTER counts on it");

enum ward_status ward_store_credential_list(struct ward_store_session *s, const struct ward_credential_filter *filter,
                                            ward_credential_visit visit, void *arg)
{
    static const char all[] = CREDENTIAL_SELECT " WHERE 1 = 1" CREDENTIAL_FILTER;
    static const char of_account[] = CREDENTIAL_SELECT " WHERE c.account_id = ?" CREDENTIAL_FILTER;
    bool has_account = !ward_uuid_is_nil(&filter->account_id);
    WARD_SQL *q = ward_sql_prepare(s, has_account ? of_account : all);
    int index = 1;
    if (has_account) {
        ward_row_bind_uuid(q, index++, &filter->account_id);
    }
    ward_sql_bind_int(q, index++, !ward_uuid_is_nil(&filter->project_id));
    ward_row_bind_uuid(q, index++, &filter->project_id);
    ward_sql_bind_int(q, index++, filter->has_kind);
    ward_row_bind_name(q, index++, ward_credential_kind_name(filter->kind));
    ward_sql_bind_int(q, index++, filter->activity);
    ward_sql_bind_int(q, index, filter->activity);
    return visit_credentials(s, q, visit, arg);
}

enum ward_status ward_store_credential_forget(struct ward_store_session *s, const struct ward_uuid *id)
{
    WARD_SQL *q = ward_sql_prepare(s, "DELETE FROM credential WHERE id = ? AND issued_by IS NOT NULL");
    ward_row_bind_uuid(q, 1, id);
    enum ward_status status = ward_row_run(s, q);
    return status == WARD_OK && ward_sql_changes(q) != 1 ? WARD_NOT_FOUND : status;
}

enum ward_status ward_store_credential_expired(struct ward_store_session *s, int64_t now_ms, size_t max,
                                               ward_credential_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, CREDENTIAL_SELECT " WHERE c.issued_by IS NOT NULL AND c.expires_ms <= ?"
                                                        " ORDER BY c.expires_ms LIMIT ?");
    ward_sql_bind_int(q, 1, now_ms);
    ward_sql_bind_int(q, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    return visit_credentials(s, q, visit, arg);
}
