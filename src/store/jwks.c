/* JWKs. */
#include "store/object_rows.h"

#define JWK_SELECT                                                                                                     \
    "SELECT t.id, t.project_id, t.account_id, " WARD_ROW_SCOPE_COLUMNS ", t.name, t.description, t.source,"            \
    " t.source_id, t.source_environment_id, t.source_url, t.type, t.kid, t.use_type, t.algorithm, t.public_json,"      \
    " t.sealed, t.sealed_version, t.not_before_ms, t.expires_ms, t.version, t.created_by, t.created_by_type,"          \
    " t.changed_by, t.changed_by_type, t.created_ms, t.updated_ms FROM jwk t" WARD_ROW_SCOPE_JOIN

static bool read_use(struct ward_sql *q, int column, enum ward_jwk_use_type *ret)
{
    *ret = WARD_JWK_USE_NONE;
    return ward_sql_is_null(q, column) || ward_jwk_use_type_parse(ward_sql_text(q, column), ret);
}

static bool read_jwk(struct ward_sql *q, struct ward_jwk *ret)
{
    *ret = (struct ward_jwk){
        .is_scope_active = ward_row_scope(q, 3),
        .name = ward_sql_text(q, 5),
        .description = ward_sql_text(q, 6),
        .source_url = ward_sql_text(q, 10),
        .kid = ward_sql_text(q, 12),
        .algorithm = ward_sql_text(q, 14),
        .public_json = ward_sql_text(q, 15),
        .sealed = ward_sql_bytes(q, 16),
        .sealed_version = ward_sql_int(q, 17),
        .not_before_ms = ward_row_time(q, 18),
        .expires_ms = ward_row_time(q, 19),
        .version = ward_sql_int(q, 20),
    };
    return ward_row_object_id(q, 0, &ret->id) && ward_row_uuid(q, 1, &ret->project_id) &&
           ward_row_uuid(q, 2, &ret->account_id) && ward_jwk_source_parse(ward_sql_text(q, 7), &ret->source) &&
           ward_row_object_id_or_none(q, 8, &ret->source_id) &&
           ward_row_object_id_or_none(q, 9, &ret->source_environment_id) &&
           ward_jwk_type_parse(ward_sql_text(q, 11), &ret->type) && read_use(q, 13, &ret->use) &&
           ward_row_provenance(q, 21, &ret->provenance);
}

static enum ward_status keep_jwk(struct ward_store_session *s, struct ward_sql *q, struct ward_pool *pool,
                                 struct ward_jwk *ret)
{
    struct ward_jwk jwk;
    if (!read_jwk(q, &jwk)) {
        return ward_row_bad(s, "jwk");
    }
    struct ward_span *const spans[] = { &jwk.name,      &jwk.description, &jwk.source_url, &jwk.kid,
                                        &jwk.algorithm, &jwk.public_json, &jwk.sealed };
    enum ward_status status = ward_row_keep(pool, spans, sizeof(spans) / sizeof(*spans));
    if (status == WARD_OK) {
        *ret = jwk;
    }
    return status;
}

/* The row's texts are borrowed until the next step: enough for a visit. */
static enum ward_status visit_jwks(struct ward_store_session *s, struct ward_sql *q, ward_jwk_visit visit, void *arg)
{
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_jwk jwk;
        enum ward_status status = read_jwk(q, &jwk) ? visit(&jwk, arg) : ward_row_bad(s, "jwk");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

/* ---- writing ---- */

#define JWK_SHARED_COUNT 21
static void bind_jwk(struct ward_sql *q, int index, const struct ward_jwk *jwk)
{
    ward_sql_bind_text(q, index, jwk->name);
    ward_sql_bind_text(q, index + 1, jwk->description);
    ward_row_bind_name(q, index + 2, ward_jwk_source_name(jwk->source));
    ward_row_bind_object_id(q, index + 3, &jwk->source_id);
    ward_row_bind_object_id(q, index + 4, &jwk->source_environment_id);
    ward_sql_bind_text(q, index + 5, jwk->source_url);
    ward_row_bind_name(q, index + 6, ward_jwk_type_name(jwk->type));
    ward_sql_bind_text(q, index + 7, jwk->kid);
    ward_row_bind_name(q, index + 8, ward_jwk_use_type_name(jwk->use));
    ward_sql_bind_text(q, index + 9, jwk->algorithm);
    ward_sql_bind_text(q, index + 10, jwk->public_json);
    ward_sql_bind_bytes(q, index + 11, jwk->sealed);
    ward_sql_bind_int(q, index + 12, jwk->sealed_version);
    ward_row_bind_time(q, index + 13, jwk->not_before_ms);
    ward_row_bind_time(q, index + 14, jwk->expires_ms);
    ward_row_bind_provenance(q, index + 15, &jwk->provenance);
}

enum ward_status ward_store_jwk_insert(struct ward_store_session *s, const struct ward_jwk *jwk)
{
    enum ward_status status = ward_row_need_project(s, &jwk->project_id, &jwk->account_id);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO jwk (name, description, source, source_id, source_environment_id, source_url, type, kid,"
           " use_type, algorithm, public_json, sealed, sealed_version, not_before_ms, expires_ms, created_by,"
           " created_by_type, changed_by, changed_by_type, created_ms, updated_ms, id, project_id, account_id, version)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
           " ON CONFLICT DO NOTHING");
    bind_jwk(q, 1, jwk);
    ward_row_bind_object_id(q, JWK_SHARED_COUNT + 1, &jwk->id);
    ward_row_bind_uuid(q, JWK_SHARED_COUNT + 2, &jwk->project_id);
    ward_row_bind_uuid(q, JWK_SHARED_COUNT + 3, &jwk->account_id);
    ward_sql_bind_int(q, JWK_SHARED_COUNT + 4, jwk->version);
    return ward_row_run_one(s, q);
}

static enum ward_status check_name(struct ward_store_session *s, const struct ward_jwk *jwk)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM jwk WHERE project_id = ? AND name = ? AND id <> ?");
    ward_row_bind_uuid(q, 1, &jwk->project_id);
    ward_sql_bind_text(q, 2, jwk->name);
    ward_row_bind_object_id(q, 3, &jwk->id);
    return ward_row_need_none(s, q);
}

enum ward_status ward_store_jwk_update(struct ward_store_session *s, const struct ward_jwk *jwk)
{
    enum ward_status status = check_name(s, jwk);
    if (status != WARD_OK) {
        return status;
    }
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE jwk SET name = ?, description = ?, source = ?, source_id = ?, source_environment_id = ?,"
           " source_url = ?, type = ?, kid = ?, use_type = ?, algorithm = ?, public_json = ?, sealed = ?,"
           " sealed_version = ?, not_before_ms = ?, expires_ms = ?, created_by = ?, created_by_type = ?,"
           " changed_by = ?, changed_by_type = ?, created_ms = ?, updated_ms = ?, version = version + 1"
           " WHERE id = ? AND version = ?");
    bind_jwk(q, 1, jwk);
    ward_row_bind_object_id(q, JWK_SHARED_COUNT + 1, &jwk->id);
    ward_sql_bind_int(q, JWK_SHARED_COUNT + 2, jwk->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_jwk_remove(struct ward_store_session *s, const struct ward_jwk *jwk)
{
    WARD_SQL *q = ward_sql_prepare(s, "DELETE FROM jwk WHERE id = ? AND version = ?");
    ward_row_bind_object_id(q, 1, &jwk->id);
    ward_sql_bind_int(q, 2, jwk->version);
    return ward_row_run_one(s, q);
}

/* ---- reading ---- */

enum ward_status ward_store_jwk_get(struct ward_store_session *s, const struct ward_object_id *id,
                                    struct ward_pool *pool, struct ward_jwk *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, JWK_SELECT " WHERE t.id = ?");
    ward_row_bind_object_id(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_jwk(s, q, pool, ret) : status;
}

enum ward_status ward_store_jwk_find(struct ward_store_session *s, const struct ward_uuid *project,
                                     struct ward_span name, struct ward_pool *pool, struct ward_jwk *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, JWK_SELECT " WHERE t.project_id = ? AND t.name = ?");
    ward_row_bind_uuid(q, 1, project);
    ward_sql_bind_text(q, 2, name);
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_OK ? keep_jwk(s, q, pool, ret) : status;
}

enum ward_status ward_store_jwk_list(struct ward_store_session *s, const struct ward_uuid *project,
                                     struct ward_span after, size_t max, ward_jwk_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, JWK_SELECT " WHERE t.project_id = ? AND t.name > ? ORDER BY t.name LIMIT ?");
    ward_row_bind_uuid(q, 1, project);
    ward_row_bind_after(q, 2, after, max);
    return visit_jwks(s, q, visit, arg);
}

enum ward_status ward_store_jwk_of_source(struct ward_store_session *s, const struct ward_object_id *source,
                                          ward_jwk_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, JWK_SELECT " WHERE t.source_id = ? ORDER BY t.project_id, t.name");
    ward_row_bind_object_id(q, 1, source);
    return visit_jwks(s, q, visit, arg);
}

enum ward_status ward_store_jwk_walk(struct ward_store_session *s, const struct ward_object_id *after, size_t max,
                                     ward_jwk_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, JWK_SELECT " WHERE t.id > ? ORDER BY t.id LIMIT ?");
    ward_row_bind_after(q, 1, ward_row_after_id(after), max);
    return visit_jwks(s, q, visit, arg);
}
