/* API proxies: the row and how it stands in each environment. */
#include "store/object_rows.h"

#define PROXY_SELECT                                                                                                   \
    "SELECT t.id, t.project_id, t.account_id, " WARD_ROW_SCOPE_COLUMNS ", p.env, t.name, t.description, t.type,"       \
    " t.creation, t.metadata, t.public_key, t.sealed, t.sealed_version, t.lookup, t.version, t.created_by,"            \
    " t.created_by_type, t.changed_by, t.changed_by_type, t.created_ms, t.updated_ms"                                  \
    " FROM api_proxy t" WARD_ROW_SCOPE_JOIN

static bool read_proxy(struct ward_sql *q, struct ward_api_proxy *ret)
{
    *ret = (struct ward_api_proxy){
        .is_scope_active = ward_row_scope(q, 3),
        .name = ward_sql_text(q, 6),
        .description = ward_sql_text(q, 7),
        .metadata = ward_sql_text(q, 10),
        .public_key = ward_sql_text(q, 11),
        .sealed = ward_sql_bytes(q, 12),
        .sealed_version = ward_sql_int(q, 13),
        .lookup = ward_sql_bytes(q, 14),
        .version = ward_sql_int(q, 15),
    };
    return (!ret->lookup.data || ret->lookup.size == WARD_LOOKUP_BYTES) && ward_row_object_id(q, 0, &ret->id) &&
           ward_row_uuid(q, 1, &ret->project_id) && ward_row_uuid(q, 2, &ret->account_id) &&
           ward_env_parse(ward_sql_text(q, 5), &ret->env) &&
           ward_api_proxy_type_parse(ward_sql_text(q, 8), &ret->type) &&
           ward_api_proxy_creation_parse(ward_sql_text(q, 9), &ret->creation) &&
           ward_row_provenance(q, 16, &ret->provenance);
}

static bool read_deployment(struct ward_sql *q, struct ward_api_proxy_deployment *ret)
{
    *ret = (struct ward_api_proxy_deployment){
        .environment_name = ward_sql_text(q, 1),
        .is_deployed = ward_sql_int(q, 2) == 1,
        .redeploy_required = ward_sql_int(q, 3) == 1,
        .deployed_ms = ward_row_time(q, 4),
        .revision = (uint64_t)ward_sql_int(q, 5),
    };
    return ward_row_object_id(q, 0, &ret->environment_id) && ret->environment_name.data;
}

static enum ward_status read_deployments(struct ward_store_session *s, struct ward_pool *pool,
                                         struct ward_api_proxy *proxy)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT d.environment_id, n.name, d.is_deployed, d.redeploy_required,"
                                      " d.deployed_ms, d.revision FROM api_proxy_deployment d LEFT JOIN environment n"
                                      " ON n.id = d.environment_id WHERE d.proxy_id = ? ORDER BY n.name");
    ward_row_bind_object_id(q, 1, &proxy->id);
    struct ward_api_proxy_deployment *deployments = NULL;
    size_t count = 0;
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        deployments = ward_row_grow(pool, deployments, count, sizeof(*deployments));
        if (!deployments) {
            return WARD_NO_MEMORY;
        }
        struct ward_api_proxy_deployment *deployment = &deployments[count++];
        if (!read_deployment(q, deployment)) {
            return ward_row_bad(s, "api_proxy_deployment");
        }
        enum ward_status status = ward_row_keep(pool, (struct ward_span *const[]){ &deployment->environment_name }, 1);
        if (status != WARD_OK) {
            return status;
        }
    }
    proxy->deployments = deployments;
    proxy->deployment_count = count;
    return ward_row_end(s, step);
}

static enum ward_status keep_proxy(struct ward_store_session *s, struct ward_sql *q, struct ward_pool *pool,
                                   struct ward_api_proxy *ret)
{
    struct ward_api_proxy proxy;
    if (!read_proxy(q, &proxy)) {
        return ward_row_bad(s, "api_proxy");
    }
    struct ward_span *const spans[] = { &proxy.name,       &proxy.description, &proxy.metadata,
                                        &proxy.public_key, &proxy.sealed,      &proxy.lookup };
    enum ward_status status = ward_row_keep(pool, spans, sizeof(spans) / sizeof(*spans));
    if (status == WARD_OK) {
        status = read_deployments(s, pool, &proxy);
    }
    if (status == WARD_OK) {
        *ret = proxy;
    }
    return status;
}

static enum ward_status visit_proxies(struct ward_store_session *s, struct ward_sql *q, ward_api_proxy_visit visit,
                                      void *arg)
{
    WARD_POOL pool = ward_pool_new(WARD_OBJECT_POOL_MAX);
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_api_proxy proxy;
        ward_pool_reset(&pool);
        enum ward_status status = keep_proxy(s, q, &pool, &proxy);
        if (status == WARD_OK) {
            status = visit(&proxy, arg);
        }
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

/* ---- writing ---- */

static enum ward_status put_deployment(struct ward_store_session *s, const struct ward_api_proxy *proxy,
                                       const struct ward_api_proxy_deployment *deployment)
{
    enum ward_status status = ward_row_need_environment(s, &deployment->environment_id);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(s, "INSERT INTO api_proxy_deployment (proxy_id, environment_id, is_deployed,"
                                      " redeploy_required, deployed_ms, revision) VALUES (?, ?, ?, ?, ?, ?)"
                                      " ON CONFLICT DO NOTHING");
    ward_row_bind_object_id(q, 1, &proxy->id);
    ward_row_bind_object_id(q, 2, &deployment->environment_id);
    ward_sql_bind_int(q, 3, deployment->is_deployed);
    ward_sql_bind_int(q, 4, deployment->redeploy_required);
    ward_row_bind_time(q, 5, deployment->deployed_ms);
    ward_sql_bind_int(q, 6, (int64_t)deployment->revision);
    return ward_row_run_one(s, q);
}

static enum ward_status clear_deployments(struct ward_store_session *s, const struct ward_api_proxy *proxy)
{
    WARD_SQL *q = ward_sql_prepare(s, "DELETE FROM api_proxy_deployment WHERE proxy_id = ?");
    ward_row_bind_object_id(q, 1, &proxy->id);
    return ward_row_run(s, q);
}

static enum ward_status put_deployments(struct ward_store_session *s, const struct ward_api_proxy *proxy)
{
    enum ward_status status = clear_deployments(s, proxy);
    for (size_t i = 0; status == WARD_OK && i < proxy->deployment_count; i++) {
        status = put_deployment(s, proxy, &proxy->deployments[i]);
    }
    return status;
}

#define PROXY_SHARED_COUNT 15
static void bind_proxy(struct ward_sql *q, int index, const struct ward_api_proxy *proxy)
{
    ward_sql_bind_text(q, index, proxy->name);
    ward_sql_bind_text(q, index + 1, proxy->description);
    ward_row_bind_name(q, index + 2, ward_api_proxy_type_name(proxy->type));
    ward_row_bind_name(q, index + 3, ward_api_proxy_creation_name(proxy->creation));
    ward_sql_bind_text(q, index + 4, proxy->metadata);
    ward_sql_bind_text(q, index + 5, proxy->public_key);
    ward_sql_bind_bytes(q, index + 6, proxy->sealed);
    ward_sql_bind_int(q, index + 7, proxy->sealed_version);
    ward_sql_bind_bytes(q, index + 8, proxy->lookup);
    ward_row_bind_provenance(q, index + 9, &proxy->provenance);
}

static bool has_lookup_of_its_pair(const struct ward_api_proxy *proxy)
{
    bool has_pair = proxy->public_key.data && proxy->sealed.data;
    return has_pair ? proxy->lookup.size == WARD_LOOKUP_BYTES : !proxy->lookup.data;
}

enum ward_status ward_store_api_proxy_insert(struct ward_store_session *s, const struct ward_api_proxy *proxy)
{
    if (!has_lookup_of_its_pair(proxy)) {
        return WARD_INVALID;
    }
    enum ward_status status = ward_row_need_project(s, &proxy->project_id, &proxy->account_id);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO api_proxy (name, description, type, creation, metadata, public_key, sealed, sealed_version,"
           " lookup, created_by, created_by_type, changed_by, changed_by_type, created_ms, updated_ms, id, project_id,"
           " account_id, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
           " ON CONFLICT DO NOTHING");
    bind_proxy(q, 1, proxy);
    ward_row_bind_object_id(q, PROXY_SHARED_COUNT + 1, &proxy->id);
    ward_row_bind_uuid(q, PROXY_SHARED_COUNT + 2, &proxy->project_id);
    ward_row_bind_uuid(q, PROXY_SHARED_COUNT + 3, &proxy->account_id);
    ward_sql_bind_int(q, PROXY_SHARED_COUNT + 4, proxy->version);
    status = ward_row_run_one(s, q);
    return status == WARD_OK ? put_deployments(s, proxy) : status;
}

static enum ward_status check_name(struct ward_store_session *s, const struct ward_api_proxy *proxy)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM api_proxy WHERE project_id = ? AND name = ? AND id <> ?");
    ward_row_bind_uuid(q, 1, &proxy->project_id);
    ward_sql_bind_text(q, 2, proxy->name);
    ward_row_bind_object_id(q, 3, &proxy->id);
    return ward_row_need_none(s, q);
}

enum ward_status ward_store_api_proxy_update(struct ward_store_session *s, const struct ward_api_proxy *proxy)
{
    if (!has_lookup_of_its_pair(proxy)) {
        return WARD_INVALID;
    }
    enum ward_status status = check_name(s, proxy);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE api_proxy SET name = ?, description = ?, type = ?, creation = ?, metadata = ?, public_key = ?,"
           " sealed = ?, sealed_version = ?, lookup = ?, created_by = ?, created_by_type = ?, changed_by = ?,"
           " changed_by_type = ?, created_ms = ?, updated_ms = ?, version = version + 1 WHERE id = ? AND version = ?");
    bind_proxy(q, 1, proxy);
    ward_row_bind_object_id(q, PROXY_SHARED_COUNT + 1, &proxy->id);
    ward_sql_bind_int(q, PROXY_SHARED_COUNT + 2, proxy->version);
    status = ward_row_run_one(s, q);
    return status == WARD_OK ? put_deployments(s, proxy) : status;
}

static enum ward_status check_version(struct ward_store_session *s, const struct ward_api_proxy *proxy)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM api_proxy WHERE id = ? AND version = ?");
    ward_row_bind_object_id(q, 1, &proxy->id);
    ward_sql_bind_int(q, 2, proxy->version);
    return ward_row_need_one(s, q);
}

enum ward_status ward_store_api_proxy_remove(struct ward_store_session *s, const struct ward_api_proxy *proxy)
{
    enum ward_status status = check_version(s, proxy);
    if (status == WARD_OK) {
        status = clear_deployments(s, proxy);
    }
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(s, "DELETE FROM api_proxy WHERE id = ?");
    ward_row_bind_object_id(q, 1, &proxy->id);
    return ward_row_run_one(s, q);
}

/* ---- reading ---- */

enum ward_status ward_store_api_proxy_get(struct ward_store_session *s, const struct ward_object_id *id,
                                          struct ward_pool *pool, struct ward_api_proxy *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, PROXY_SELECT " WHERE t.id = ?");
    ward_row_bind_object_id(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_proxy(s, q, pool, ret) : status;
}

enum ward_status ward_store_api_proxy_find(struct ward_store_session *s, const struct ward_uuid *project,
                                           struct ward_span name, struct ward_pool *pool, struct ward_api_proxy *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, PROXY_SELECT " WHERE t.project_id = ? AND t.name = ?");
    ward_row_bind_uuid(q, 1, project);
    ward_sql_bind_text(q, 2, name);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_proxy(s, q, pool, ret) : status;
}

enum ward_status ward_store_api_proxy_list(struct ward_store_session *s, const struct ward_uuid *project,
                                           struct ward_span after, size_t max, ward_api_proxy_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, PROXY_SELECT " WHERE t.project_id = ? AND t.name > ? ORDER BY t.name LIMIT ?");
    ward_row_bind_uuid(q, 1, project);
    ward_row_bind_after(q, 2, after, max);
    return visit_proxies(s, q, visit, arg);
}

enum ward_status ward_store_api_proxy_of_lookup(struct ward_store_session *s, const struct ward_lookup *lookup,
                                                ward_api_proxy_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, PROXY_SELECT " WHERE t.lookup = ? AND p.is_active = 1 AND a.is_active = 1"
                                                   " ORDER BY t.created_ms, t.id");
    ward_sql_bind_bytes(q, 1, ward_span((const char *)lookup->bytes, WARD_LOOKUP_BYTES));
    return visit_proxies(s, q, visit, arg);
}

enum ward_status ward_store_api_proxy_of_public_key(struct ward_store_session *s, const struct ward_uuid *account,
                                                    struct ward_span public_key, ward_api_proxy_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, PROXY_SELECT " WHERE t.account_id = ? AND t.public_key = ?"
                                                   " ORDER BY t.created_ms, t.id");
    ward_row_bind_uuid(q, 1, account);
    ward_sql_bind_text(q, 2, public_key);
    return visit_proxies(s, q, visit, arg);
}

enum ward_status ward_store_api_proxy_walk(struct ward_store_session *s, const struct ward_object_id *after, size_t max,
                                           ward_api_proxy_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, PROXY_SELECT " WHERE t.id > ? ORDER BY t.id LIMIT ?");
    ward_row_bind_after(q, 1, ward_row_after_id(after), max);
    return visit_proxies(s, q, visit, arg);
}
