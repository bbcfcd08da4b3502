/* Accounts and projects. */
#include "store/rows.h"

/* ---- accounts ---- */

#define ACCOUNT_COLUMNS                                                                                                \
    "id, name, is_active, version, created_by, created_by_type, changed_by, changed_by_type, created_ms, updated_ms"

static bool read_account(struct ward_sql *q, struct ward_account *ret)
{
    *ret = (struct ward_account){
        .name = ward_sql_text(q, 1),
        .is_active = ward_sql_int(q, 2) == 1,
        .version = ward_sql_int(q, 3),
    };
    return ward_row_uuid(q, 0, &ret->id) && ward_row_provenance(q, 4, &ret->provenance);
}

static enum ward_status keep_account(struct ward_store_session *s, struct ward_sql *q, struct ward_pool *pool,
                                     struct ward_account *ret)
{
    struct ward_account account;
    if (!read_account(q, &account)) {
        return ward_row_bad(s, "account");
    }
    account.name = ward_pool_copy(pool, account.name);
    if (!account.name.data) {
        return WARD_NO_MEMORY;
    }
    *ret = account;
    return WARD_OK;
}

enum ward_status ward_store_account_insert(struct ward_store_session *s, const struct ward_account *account)
{
    WARD_SQL *q = ward_sql_prepare(s, "INSERT INTO account (" ACCOUNT_COLUMNS ")"
                                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    ward_row_bind_uuid(q, 1, &account->id);
    ward_sql_bind_text(q, 2, account->name);
    ward_sql_bind_int(q, 3, account->is_active);
    ward_sql_bind_int(q, 4, account->version);
    ward_row_bind_provenance(q, 5, &account->provenance);
    return ward_row_run_one(s, q);
}

static enum ward_status account_exists(struct ward_store_session *s, const struct ward_uuid *id)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM account WHERE id = ?");
    ward_row_bind_uuid(q, 1, id);
    return ward_row_first(s, q);
}

enum ward_status ward_store_account_update(struct ward_store_session *s, const struct ward_account *account)
{
    enum ward_status status = account_exists(s, &account->id);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(s, "UPDATE account SET name = ?, is_active = ?, created_by = ?, created_by_type = ?,"
                                      " changed_by = ?, changed_by_type = ?, created_ms = ?, updated_ms = ?,"
                                      " version = version + 1 WHERE id = ? AND version = ?");
    ward_sql_bind_text(q, 1, account->name);
    ward_sql_bind_int(q, 2, account->is_active);
    ward_row_bind_provenance(q, 3, &account->provenance);
    ward_row_bind_uuid(q, 9, &account->id);
    ward_sql_bind_int(q, 10, account->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_account_get(struct ward_store_session *s, const struct ward_uuid *id,
                                        struct ward_pool *pool, struct ward_account *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = ?");
    ward_row_bind_uuid(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_account(s, q, pool, ret) : status;
}

enum ward_status ward_store_account_list(struct ward_store_session *s, struct ward_pool *pool, ward_account_visit visit,
                                         void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT " ACCOUNT_COLUMNS
                                      " FROM account WHERE is_active = 1 ORDER BY created_ms, id");
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_account account;
        enum ward_status status = keep_account(s, q, pool, &account);
        if (status == WARD_OK) {
            status = visit(&account, arg);
        }
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

/* ---- projects ---- */

#define PROJECT_SELECT                                                                                                 \
    "SELECT p.id, p.account_id, p.name, p.env, p.is_active, a.is_active, p.version,"                                   \
    " p.created_by, p.created_by_type, p.changed_by, p.changed_by_type, p.created_ms, p.updated_ms"                    \
    " FROM project p JOIN account a ON a.id = p.account_id"

static bool read_project(struct ward_sql *q, struct ward_project *ret)
{
    *ret = (struct ward_project){
        .name = ward_sql_text(q, 2),
        .is_active = ward_sql_int(q, 4) == 1,
        .is_account_active = ward_sql_int(q, 5) == 1,
        .version = ward_sql_int(q, 6),
    };
    return ward_row_uuid(q, 0, &ret->id) && ward_row_uuid(q, 1, &ret->account_id) &&
           ward_env_parse(ward_sql_text(q, 3), &ret->env) && ward_row_provenance(q, 7, &ret->provenance);
}

static enum ward_status keep_project(struct ward_store_session *s, struct ward_sql *q, struct ward_pool *pool,
                                     struct ward_project *ret)
{
    struct ward_project project;
    if (!read_project(q, &project)) {
        return ward_row_bad(s, "project");
    }
    project.name = ward_pool_copy(pool, project.name);
    if (!project.name.data) {
        return WARD_NO_MEMORY;
    }
    *ret = project;
    return WARD_OK;
}

enum ward_status ward_store_project_insert(struct ward_store_session *s, const struct ward_project *project)
{
    enum ward_status status = account_exists(s, &project->account_id);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(s, "INSERT INTO project (id, account_id, name, env, is_active, version,"
                                      " created_by, created_by_type, changed_by, changed_by_type, created_ms,"
                                      " updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                      " ON CONFLICT DO NOTHING");
    ward_row_bind_uuid(q, 1, &project->id);
    ward_row_bind_uuid(q, 2, &project->account_id);
    ward_sql_bind_text(q, 3, project->name);
    ward_row_bind_name(q, 4, ward_env_name(project->env));
    ward_sql_bind_int(q, 5, project->is_active);
    ward_sql_bind_int(q, 6, project->version);
    ward_row_bind_provenance(q, 7, &project->provenance);
    return ward_row_run_one(s, q);
}

/* OK when the project may carry the name: CONFLICT when another active one of the account does, NOT_FOUND when there is
 * no such project. Asked first, since an UPDATE that breaks a unique index fails harder than we want it to. */
static enum ward_status project_name_free(struct ward_store_session *s, const struct ward_project *project)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT EXISTS (SELECT 1 FROM project o WHERE o.account_id = p.account_id"
                                      " AND o.name = ? AND o.is_active = 1 AND o.id <> p.id)"
                                      " FROM project p WHERE p.id = ?");
    ward_sql_bind_text(q, 1, project->name);
    ward_row_bind_uuid(q, 2, &project->id);
    enum ward_status status = ward_row_first(s, q);
    if (status == WARD_OK && project->is_active && ward_sql_int(q, 0) != 0) {
        return WARD_CONFLICT;
    }
    return status;
}

enum ward_status ward_store_project_update(struct ward_store_session *s, const struct ward_project *project)
{
    enum ward_status status = project_name_free(s, project);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(s, "UPDATE project SET name = ?, env = ?, is_active = ?, created_by = ?,"
                                      " created_by_type = ?, changed_by = ?, changed_by_type = ?, created_ms = ?,"
                                      " updated_ms = ?, version = version + 1 WHERE id = ? AND version = ?");
    ward_sql_bind_text(q, 1, project->name);
    ward_row_bind_name(q, 2, ward_env_name(project->env));
    ward_sql_bind_int(q, 3, project->is_active);
    ward_row_bind_provenance(q, 4, &project->provenance);
    ward_row_bind_uuid(q, 10, &project->id);
    ward_sql_bind_int(q, 11, project->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_project_get(struct ward_store_session *s, const struct ward_uuid *id,
                                        struct ward_pool *pool, struct ward_project *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, PROJECT_SELECT " WHERE p.id = ?");
    ward_row_bind_uuid(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_project(s, q, pool, ret) : status;
}

enum ward_status ward_store_project_find(struct ward_store_session *s, const struct ward_uuid *account,
                                         struct ward_span name, struct ward_pool *pool, struct ward_project *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, PROJECT_SELECT " WHERE p.account_id = ? AND p.name = ? AND p.is_active = 1");
    ward_row_bind_uuid(q, 1, account);
    ward_sql_bind_text(q, 2, name);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_project(s, q, pool, ret) : status;
}

enum ward_status ward_store_project_list(struct ward_store_session *s, const struct ward_uuid *account,
                                         struct ward_pool *pool, ward_project_visit visit, void *arg)
{
    static const char all[] = PROJECT_SELECT " WHERE p.is_active = 1 ORDER BY p.created_ms, p.id";
    static const char of_account[] = PROJECT_SELECT
        " WHERE p.account_id = ? AND p.is_active = 1 ORDER BY p.created_ms, p.id";
    WARD_SQL *q = ward_sql_prepare(s, account ? of_account : all);
    if (account) {
        ward_row_bind_uuid(q, 1, account);
    }
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_project project;
        enum ward_status status = keep_project(s, q, pool, &project);
        if (status == WARD_OK) {
            status = visit(&project, arg);
        }
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}
