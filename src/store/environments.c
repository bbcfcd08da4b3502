/* Environments: the row, the projects it is limited to, its replicas. */
#include "store/object_rows.h"

#define ENVIRONMENT_SELECT                                                                                             \
    "SELECT t.id, t.account_id, t.name, t.description, t.type, t.status, t.access_url, t.version, t.created_by,"       \
    " t.created_by_type, t.changed_by, t.changed_by_type, t.created_ms, t.updated_ms FROM environment t"

static bool read_environment(struct ward_sql *q, struct ward_environment *ret)
{
    *ret = (struct ward_environment){
        .name = ward_sql_text(q, 2),
        .description = ward_sql_text(q, 3),
        .access_url = ward_sql_text(q, 6),
        .version = ward_sql_int(q, 7),
    };
    return ward_row_object_id(q, 0, &ret->id) && ward_row_uuid(q, 1, &ret->account_id) &&
           ward_environment_type_parse(ward_sql_text(q, 4), &ret->type) &&
           ward_environment_status_parse(ward_sql_text(q, 5), &ret->status) &&
           ward_row_provenance(q, 8, &ret->provenance);
}

static enum ward_status read_projects(struct ward_store_session *s, struct ward_pool *pool,
                                      struct ward_environment *environment)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT project_id FROM environment_project WHERE environment_id = ?"
                                      " ORDER BY project_id");
    ward_row_bind_object_id(q, 1, &environment->id);
    struct ward_uuid *projects = NULL;
    size_t count = 0;
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        projects = ward_row_grow(pool, projects, count, sizeof(*projects));
        if (!projects) {
            return WARD_NO_MEMORY;
        }
        if (!ward_row_uuid(q, 0, &projects[count++])) {
            return ward_row_bad(s, "environment_project");
        }
    }
    environment->projects = projects;
    environment->project_count = count;
    return ward_row_end(s, step);
}

static enum ward_status read_replicas(struct ward_store_session *s, struct ward_pool *pool,
                                      struct ward_environment *environment)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT name, directory FROM replica WHERE environment_id = ? ORDER BY name");
    ward_row_bind_object_id(q, 1, &environment->id);
    struct ward_replica *replicas = NULL;
    size_t count = 0;
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        replicas = ward_row_grow(pool, replicas, count, sizeof(*replicas));
        if (!replicas) {
            return WARD_NO_MEMORY;
        }
        struct ward_replica *replica = &replicas[count++];
        *replica = (struct ward_replica){ ward_sql_text(q, 0), ward_sql_text(q, 1) };
        enum ward_status status = ward_row_keep(pool,
                                                (struct ward_span *const[]){ &replica->name, &replica->directory }, 2);
        if (status != WARD_OK) {
            return status;
        }
    }
    environment->replicas = replicas;
    environment->replica_count = count;
    return ward_row_end(s, step);
}

/* The row that q stands on, with all that hangs on it. */
static enum ward_status keep_environment(struct ward_store_session *s, struct ward_sql *q, struct ward_pool *pool,
                                         struct ward_environment *ret)
{
    struct ward_environment environment;
    if (!read_environment(q, &environment)) {
        return ward_row_bad(s, "environment");
    }
    struct ward_span *const spans[] = { &environment.name, &environment.description, &environment.access_url };
    enum ward_status status = ward_row_keep(pool, spans, sizeof(spans) / sizeof(*spans));
    if (status == WARD_OK) {
        status = read_projects(s, pool, &environment);
    }
    if (status == WARD_OK) {
        status = read_replicas(s, pool, &environment);
    }
    if (status == WARD_OK) {
        *ret = environment;
    }
    return status;
}

/* ---- writing ---- */

#define ENVIRONMENT_SHARED_COUNT 11
static void bind_environment(struct ward_sql *q, int index, const struct ward_environment *environment)
{
    ward_sql_bind_text(q, index, environment->name);
    ward_sql_bind_text(q, index + 1, environment->description);
    ward_row_bind_name(q, index + 2, ward_environment_type_name(environment->type));
    ward_row_bind_name(q, index + 3, ward_environment_status_name(environment->status));
    ward_sql_bind_text(q, index + 4, environment->access_url);
    ward_row_bind_provenance(q, index + 5, &environment->provenance);
}

static enum ward_status insert_project(struct ward_store_session *s, const struct ward_environment *environment,
                                       const struct ward_uuid *project)
{
    enum ward_status status = ward_row_need_project(s, project, &environment->account_id);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(s, "INSERT INTO environment_project (environment_id, project_id) VALUES (?, ?)"
                                      " ON CONFLICT DO NOTHING");
    ward_row_bind_object_id(q, 1, &environment->id);
    ward_row_bind_uuid(q, 2, project);
    return ward_row_run(s, q);
}

static enum ward_status insert_replica(struct ward_store_session *s, const struct ward_environment *environment,
                                       const struct ward_replica *replica)
{
    WARD_SQL *q = ward_sql_prepare(s, "INSERT INTO replica (environment_id, name, directory) VALUES (?, ?, ?)"
                                      " ON CONFLICT DO NOTHING");
    ward_row_bind_object_id(q, 1, &environment->id);
    ward_sql_bind_text(q, 2, replica->name);
    ward_sql_bind_text(q, 3, replica->directory);
    return ward_row_run_one(s, q);
}

static enum ward_status clear_parts(struct ward_store_session *s, const struct ward_environment *environment)
{
    WARD_SQL *projects = ward_sql_prepare(s, "DELETE FROM environment_project WHERE environment_id = ?");
    WARD_SQL *replicas = ward_sql_prepare(s, "DELETE FROM replica WHERE environment_id = ?");
    ward_row_bind_object_id(projects, 1, &environment->id);
    ward_row_bind_object_id(replicas, 1, &environment->id);
    enum ward_status status = ward_row_run(s, projects);
    return status == WARD_OK ? ward_row_run(s, replicas) : status;
}

static enum ward_status put_parts(struct ward_store_session *s, const struct ward_environment *environment)
{
    enum ward_status status = clear_parts(s, environment);
    for (size_t i = 0; status == WARD_OK && i < environment->project_count; i++) {
        status = insert_project(s, environment, &environment->projects[i]);
    }
    for (size_t i = 0; status == WARD_OK && i < environment->replica_count; i++) {
        status = insert_replica(s, environment, &environment->replicas[i]);
    }
    return status;
}

static enum ward_status account_exists(struct ward_store_session *s, const struct ward_uuid *account)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM account WHERE id = ?");
    ward_row_bind_uuid(q, 1, account);
    return ward_row_first(s, q);
}

enum ward_status ward_store_environment_insert(struct ward_store_session *s, const struct ward_environment *environment)
{
    enum ward_status status = account_exists(s, &environment->account_id);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO environment (name, description, type, status, access_url, created_by, created_by_type,"
           " changed_by, changed_by_type, created_ms, updated_ms, id, account_id, version)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    bind_environment(q, 1, environment);
    ward_row_bind_object_id(q, ENVIRONMENT_SHARED_COUNT + 1, &environment->id);
    ward_row_bind_uuid(q, ENVIRONMENT_SHARED_COUNT + 2, &environment->account_id);
    ward_sql_bind_int(q, ENVIRONMENT_SHARED_COUNT + 3, environment->version);
    status = ward_row_run_one(s, q);
    return status == WARD_OK ? put_parts(s, environment) : status;
}

static enum ward_status check_name(struct ward_store_session *s, const struct ward_environment *environment)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM environment WHERE account_id = ? AND name = ? AND id <> ?");
    ward_row_bind_uuid(q, 1, &environment->account_id);
    ward_sql_bind_text(q, 2, environment->name);
    ward_row_bind_object_id(q, 3, &environment->id);
    return ward_row_need_none(s, q);
}

enum ward_status ward_store_environment_update(struct ward_store_session *s, const struct ward_environment *environment)
{
    enum ward_status status = check_name(s, environment);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE environment SET name = ?, description = ?, type = ?, status = ?, access_url = ?, created_by = ?,"
           " created_by_type = ?, changed_by = ?, changed_by_type = ?, created_ms = ?, updated_ms = ?,"
           " version = version + 1 WHERE id = ? AND version = ?");
    bind_environment(q, 1, environment);
    ward_row_bind_object_id(q, ENVIRONMENT_SHARED_COUNT + 1, &environment->id);
    ward_sql_bind_int(q, ENVIRONMENT_SHARED_COUNT + 2, environment->version);
    status = ward_row_run_one(s, q);
    return status == WARD_OK ? put_parts(s, environment) : status;
}

static enum ward_status check_unused(struct ward_store_session *s, const struct ward_environment *environment)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 WHERE EXISTS (SELECT 1 FROM crypto_key_entry WHERE environment_id = ?)"
                                      " OR EXISTS (SELECT 1 FROM api_proxy_deployment WHERE environment_id = ?)"
                                      " OR NOT EXISTS (SELECT 1 FROM environment WHERE id = ? AND version = ?)");
    ward_row_bind_object_id(q, 1, &environment->id);
    ward_row_bind_object_id(q, 2, &environment->id);
    ward_row_bind_object_id(q, 3, &environment->id);
    ward_sql_bind_int(q, 4, environment->version);
    return ward_row_need_none(s, q);
}

enum ward_status ward_store_environment_remove(struct ward_store_session *s, const struct ward_environment *environment)
{
    enum ward_status status = check_unused(s, environment);
    if (status == WARD_OK) {
        status = clear_parts(s, environment);
    }
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(s, "DELETE FROM environment WHERE id = ? AND version = ?");
    ward_row_bind_object_id(q, 1, &environment->id);
    ward_sql_bind_int(q, 2, environment->version);
    return ward_row_run_one(s, q);
}

/* ---- reading ---- */

enum ward_status ward_store_environment_get(struct ward_store_session *s, const struct ward_object_id *id,
                                            struct ward_pool *pool, struct ward_environment *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, ENVIRONMENT_SELECT " WHERE t.id = ?");
    ward_row_bind_object_id(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_environment(s, q, pool, ret) : status;
}

enum ward_status ward_store_environment_find(struct ward_store_session *s, const struct ward_uuid *account,
                                             struct ward_span name, struct ward_pool *pool,
                                             struct ward_environment *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, ENVIRONMENT_SELECT " WHERE t.account_id = ? AND t.name = ?");
    ward_row_bind_uuid(q, 1, account);
    ward_sql_bind_text(q, 2, name);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_environment(s, q, pool, ret) : status;
}

enum ward_status ward_store_environment_list(struct ward_store_session *s, const struct ward_uuid *account,
                                             struct ward_pool *pool, ward_environment_visit visit, void *arg)
{
    static const char all[] = ENVIRONMENT_SELECT " JOIN account a ON a.id = t.account_id WHERE a.is_active = 1"
                                                 " ORDER BY t.name, t.id";
    static const char of_account[] = ENVIRONMENT_SELECT " WHERE t.account_id = ? ORDER BY t.name";
    WARD_SQL *q = ward_sql_prepare(s, account ? of_account : all);
    if (account) {
        ward_row_bind_uuid(q, 1, account);
    }
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_environment environment;
        enum ward_status status = keep_environment(s, q, pool, &environment);
        if (status == WARD_OK) {
            status = visit(&environment, arg);
        }
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

enum ward_status ward_store_environment_shuts_out(struct ward_store_session *s,
                                                  const struct ward_object_id *environment)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "SELECT 1 FROM environment_project l WHERE l.environment_id = ? AND ("
           "EXISTS (SELECT 1 FROM crypto_key_entry e JOIN crypto_key k ON k.id = e.key_id WHERE e.environment_id = ?"
           " AND NOT EXISTS (SELECT 1 FROM environment_project x WHERE x.environment_id = ?"
           " AND x.project_id = k.project_id)) OR "
           "EXISTS (SELECT 1 FROM api_proxy_deployment d JOIN api_proxy y ON y.id = d.proxy_id"
           " WHERE d.environment_id = ? AND NOT EXISTS (SELECT 1 FROM environment_project x"
           " WHERE x.environment_id = ? AND x.project_id = y.project_id))) LIMIT 1");
    for (int i = 1; i <= 5; i++) {
        ward_row_bind_object_id(q, i, environment);
    }
    return ward_row_first(s, q);
}

/* ---- what has none ---- */

struct without {
    struct ward_store_session *session;
    ward_account_visit visit;
    void *arg;
};

static enum ward_status visit_without(const struct ward_account *account, void *arg)
{
    const struct without *w = arg;
    WARD_SQL *q = ward_sql_prepare(w->session, "SELECT 1 FROM environment WHERE account_id = ?");
    ward_row_bind_uuid(q, 1, &account->id);
    enum ward_status status = ward_row_first(w->session, q);
    return status == WARD_NOT_FOUND ? w->visit(account, w->arg) : status;
}

enum ward_status ward_store_account_without_environment(struct ward_store_session *s, struct ward_pool *pool,
                                                        ward_account_visit visit, void *arg)
{
    struct without w = { s, visit, arg };
    return ward_store_account_list(s, pool, visit_without, &w);
}

enum ward_status ward_store_secrets_count(struct ward_store_session *s, struct ward_secrets_counts *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT (SELECT count(*) FROM environment), (SELECT count(*) FROM crypto_key),"
                                      " (SELECT count(*) FROM jwk), (SELECT count(*) FROM api_proxy)");
    enum ward_status status = ward_row_first(s, q);
    if (status == WARD_OK) {
        *ret = (struct ward_secrets_counts){ .environments = (uint64_t)ward_sql_int(q, 0),
                                             .keys = (uint64_t)ward_sql_int(q, 1),
                                             .jwks = (uint64_t)ward_sql_int(q, 2),
                                             .proxies = (uint64_t)ward_sql_int(q, 3) };
    }
    return status;
}
