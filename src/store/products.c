/* Products, APIs and stages. A removed one is found by its id and by nothing else. */
#include "store/gateway_rows.h"

#define NEWEST_FIRST(table) " ORDER BY " table ".created_ms DESC, " table ".id LIMIT ? OFFSET ?"

/* ---- products ---- */

#define PRODUCT_SELECT                                                                                                 \
    "SELECT t.id, t.project_id, t.account_id, p.env, p.is_active, a.is_active, t.name, t.description,"                 \
    " t.subscription_code, t.is_removed, t.version, t.created_by, t.created_by_type, t.changed_by,"                    \
    " t.changed_by_type, t.created_ms, t.updated_ms" PRODUCT_FROM
#define PRODUCT_FROM                                                                                                   \
    " FROM product t LEFT JOIN project p ON p.id = t.project_id LEFT JOIN account a ON a.id = p.account_id"
#define PRODUCT_LISTED                                                                                                 \
    " WHERE t.is_removed = 0 AND p.is_active = 1 AND a.is_active = 1 AND " WARD_ROW_IS_OF(                             \
        "t") " AND " WARD_ROW_HAS_PART("t.name")

static bool read_product(struct ward_sql *q, struct ward_product *ret)
{
    *ret = (struct ward_product){
        .is_scope_active = ward_sql_int(q, 4) == 1 && ward_sql_int(q, 5) == 1,
        .name = ward_sql_text(q, 6),
        .description = ward_sql_text(q, 7),
        .is_removed = ward_sql_int(q, 9) != 0,
        .version = ward_sql_int(q, 10),
    };
    return ward_row_id(q, 0, &ret->id) && ward_row_uuid(q, 1, &ret->project_id) &&
           ward_row_uuid(q, 2, &ret->account_id) && ward_env_parse(ward_sql_text(q, 3), &ret->env) &&
           ward_subscription_code_parse(ward_sql_text(q, 8), &ret->code) &&
           ward_row_provenance(q, 11, &ret->provenance);
}

#define PRODUCT_SHARED_COUNT 10
static void bind_product(struct ward_sql *q, int index, const struct ward_product *product)
{
    ward_sql_bind_text(q, index, product->name);
    ward_sql_bind_text(q, index + 1, product->description);
    ward_row_bind_name(q, index + 2, ward_subscription_code_name(product->code));
    ward_sql_bind_int(q, index + 3, product->is_removed);
    ward_row_bind_provenance(q, index + 4, &product->provenance);
}

enum ward_status ward_store_product_insert(struct ward_store_session *s, const struct ward_product *product)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO product (name, description, subscription_code, is_removed, created_by, created_by_type,"
           " changed_by, changed_by_type, created_ms, updated_ms, id, project_id, account_id, version)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    bind_product(q, 1, product);
    ward_row_bind_id(q, PRODUCT_SHARED_COUNT + 1, &product->id);
    ward_row_bind_uuid(q, PRODUCT_SHARED_COUNT + 2, &product->project_id);
    ward_row_bind_uuid(q, PRODUCT_SHARED_COUNT + 3, &product->account_id);
    ward_sql_bind_int(q, PRODUCT_SHARED_COUNT + 4, product->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_product_update(struct ward_store_session *s, const struct ward_product *product)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE product SET name = ?, description = ?, subscription_code = ?, is_removed = ?, created_by = ?,"
           " created_by_type = ?, changed_by = ?, changed_by_type = ?, created_ms = ?, updated_ms = ?,"
           " version = version + 1 WHERE id = ? AND version = ?");
    bind_product(q, 1, product);
    ward_row_bind_id(q, PRODUCT_SHARED_COUNT + 1, &product->id);
    ward_sql_bind_int(q, PRODUCT_SHARED_COUNT + 2, product->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_product_get(struct ward_store_session *s, const struct ward_key_id *id,
                                        struct ward_pool *pool, struct ward_product *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, PRODUCT_SELECT " WHERE t.id = ?");
    ward_row_bind_id(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_product product;
    if (!read_product(q, &product)) {
        return ward_row_bad(s, "product");
    }
    status = ward_row_keep(pool, (struct ward_span *const[]){ &product.name, &product.description }, 2);
    if (status == WARD_OK) {
        *ret = product;
    }
    return status;
}

static int bind_listed(struct ward_sql *q, const struct ward_gateway_filter *filter)
{
    int index = ward_row_bind_owner(q, 1, &filter->account_id, &filter->project_id);
    return ward_row_bind_part(q, index, filter->name);
}

enum ward_status ward_store_product_list(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                         ward_product_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, PRODUCT_SELECT PRODUCT_LISTED NEWEST_FIRST("t"));
    ward_row_bind_slice(q, bind_listed(q, filter), filter->slice);
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_product product;
        enum ward_status status = read_product(q, &product) ? visit(&product, arg) : ward_row_bad(s, "product");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

enum ward_status ward_store_product_count(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                          int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT count(*)" PRODUCT_FROM PRODUCT_LISTED);
    (void)bind_listed(q, filter);
    return ward_row_count(s, q, ret);
}

enum ward_status ward_store_gateway_id_exists(struct ward_store_session *s, const struct ward_key_id *id)
{
    WARD_SQL *q = ward_sql_prepare(
        s,
        "SELECT 1 FROM product WHERE id = ? UNION ALL SELECT 1 FROM api WHERE id = ? UNION ALL SELECT 1 FROM stage"
        " WHERE id = ? UNION ALL SELECT 1 FROM usage_plan WHERE id = ? UNION ALL SELECT 1 FROM api_key WHERE id = ?");
    for (int i = 1; i <= 5; i++) {
        ward_row_bind_id(q, i, id);
    }
    return ward_row_first(s, q);
}

/* ---- APIs ---- */

#define API_SELECT                                                                                                     \
    "SELECT t.id, t.product_id, t.name, t.description, t.is_removed, t.version, t.created_by, t.created_by_type,"      \
    " t.changed_by, t.changed_by_type, t.created_ms, t.updated_ms FROM api t"

static bool read_api(struct ward_sql *q, struct ward_api *ret)
{
    *ret = (struct ward_api){
        .name = ward_sql_text(q, 2),
        .description = ward_sql_text(q, 3),
        .is_removed = ward_sql_int(q, 4) != 0,
        .version = ward_sql_int(q, 5),
    };
    return ward_row_id(q, 0, &ret->id) && ward_row_id(q, 1, &ret->product_id) &&
           ward_row_provenance(q, 6, &ret->provenance);
}

#define API_SHARED_COUNT 9
static void bind_api(struct ward_sql *q, int index, const struct ward_api *api)
{
    ward_sql_bind_text(q, index, api->name);
    ward_sql_bind_text(q, index + 1, api->description);
    ward_sql_bind_int(q, index + 2, api->is_removed);
    ward_row_bind_provenance(q, index + 3, &api->provenance);
}

enum ward_status ward_store_api_insert(struct ward_store_session *s, const struct ward_api *api)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO api (name, description, is_removed, created_by, created_by_type, changed_by, changed_by_type,"
           " created_ms, updated_ms, id, product_id, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
           " ON CONFLICT DO NOTHING");
    bind_api(q, 1, api);
    ward_row_bind_id(q, API_SHARED_COUNT + 1, &api->id);
    ward_row_bind_id(q, API_SHARED_COUNT + 2, &api->product_id);
    ward_sql_bind_int(q, API_SHARED_COUNT + 3, api->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_api_update(struct ward_store_session *s, const struct ward_api *api)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE api SET name = ?, description = ?, is_removed = ?, created_by = ?, created_by_type = ?,"
           " changed_by = ?, changed_by_type = ?, created_ms = ?, updated_ms = ?, version = version + 1"
           " WHERE id = ? AND version = ?");
    bind_api(q, 1, api);
    ward_row_bind_id(q, API_SHARED_COUNT + 1, &api->id);
    ward_sql_bind_int(q, API_SHARED_COUNT + 2, api->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_api_get(struct ward_store_session *s, const struct ward_key_id *id, struct ward_pool *pool,
                                    struct ward_api *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, API_SELECT " WHERE t.id = ?");
    ward_row_bind_id(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_api api;
    if (!read_api(q, &api)) {
        return ward_row_bad(s, "api");
    }
    status = ward_row_keep(pool, (struct ward_span *const[]){ &api.name, &api.description }, 2);
    if (status == WARD_OK) {
        *ret = api;
    }
    return status;
}

enum ward_status ward_store_api_list(struct ward_store_session *s, const struct ward_key_id *product,
                                     struct ward_slice slice, ward_api_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, API_SELECT " WHERE t.product_id = ? AND t.is_removed = 0" NEWEST_FIRST("t"));
    ward_row_bind_id(q, 1, product);
    ward_row_bind_slice(q, 2, slice);
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_api api;
        enum ward_status status = read_api(q, &api) ? visit(&api, arg) : ward_row_bad(s, "api");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

enum ward_status ward_store_api_count(struct ward_store_session *s, const struct ward_key_id *product, int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT count(*) FROM api WHERE product_id = ? AND is_removed = 0");
    ward_row_bind_id(q, 1, product);
    return ward_row_count(s, q, ret);
}

/* ---- stages ---- */

#define STAGE_SELECT                                                                                                   \
    "SELECT t.id, t.api_id, i.product_id, t.name, t.endpoint_domain, t.throttle_rps, t.cache_ttl_s, t.acl_code,"       \
    " t.acl_list, t.is_maintenance, t.status_code, t.response, t.is_removed, t.version, t.rate_rps, t.day_quota,"      \
    " t.month_quota, t.classes, t.created_by, t.created_by_type, t.changed_by, t.changed_by_type, t.created_ms,"       \
    " t.updated_ms" STAGE_FROM
#define STAGE_FROM " FROM stage t LEFT JOIN api i ON i.id = t.api_id"

static bool read_acl_code(struct ward_sql *q, int column, enum ward_acl_code *ret)
{
    *ret = WARD_ACL_NONE;
    return ward_sql_is_null(q, column) || ward_acl_code_parse(ward_sql_text(q, column), ret);
}

static bool read_stage(struct ward_sql *q, struct ward_stage *ret)
{
    int64_t throttle = ward_sql_int(q, 5);
    *ret = (struct ward_stage){
        .name = ward_sql_text(q, 3),
        .endpoint_domain = ward_sql_text(q, 4),
        .throttle_rps = (uint32_t)throttle,
        .cache_ttl_s = (uint32_t)ward_sql_int(q, 6),
        .acl_list = ward_sql_text(q, 8),
        .is_maintenance = ward_sql_int(q, 9) != 0,
        .status_code = (int)ward_sql_int(q, 10),
        .response = ward_sql_text(q, 11),
        .is_removed = ward_sql_int(q, 12) != 0,
        .version = ward_sql_int(q, 13),
    };
    return throttle >= 0 && throttle <= UINT32_MAX && ward_row_id(q, 0, &ret->id) && ward_row_id(q, 1, &ret->api_id) &&
           ward_row_id(q, 2, &ret->product_id) && read_acl_code(q, 7, &ret->acl_code) &&
           ward_row_terms(q, 14, &ret->terms) && ward_row_provenance(q, 18, &ret->provenance);
}

#define STAGE_SHARED_COUNT 20
static void bind_stage(struct ward_sql *q, int index, const struct ward_stage *stage)
{
    ward_sql_bind_text(q, index, stage->name);
    ward_sql_bind_text(q, index + 1, stage->endpoint_domain);
    ward_sql_bind_int(q, index + 2, stage->throttle_rps);
    ward_sql_bind_int(q, index + 3, stage->cache_ttl_s);
    ward_row_bind_name(q, index + 4, ward_acl_code_name(stage->acl_code));
    ward_sql_bind_text(q, index + 5, stage->acl_list);
    ward_sql_bind_int(q, index + 6, stage->is_maintenance);
    ward_sql_bind_int(q, index + 7, stage->status_code);
    ward_sql_bind_text(q, index + 8, stage->response);
    ward_sql_bind_int(q, index + 9, stage->is_removed);
    ward_row_bind_terms(q, index + 10, &stage->terms);
    ward_row_bind_provenance(q, index + 10 + WARD_ROW_TERMS_COLUMNS, &stage->provenance);
}

enum ward_status ward_store_stage_insert(struct ward_store_session *s, const struct ward_stage *stage)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO stage (name, endpoint_domain, throttle_rps, cache_ttl_s, acl_code, acl_list, is_maintenance,"
           " status_code, response, is_removed, rate_rps, day_quota, month_quota, classes, created_by,"
           " created_by_type, changed_by, changed_by_type, created_ms, updated_ms, id, api_id, version)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    bind_stage(q, 1, stage);
    ward_row_bind_id(q, STAGE_SHARED_COUNT + 1, &stage->id);
    ward_row_bind_id(q, STAGE_SHARED_COUNT + 2, &stage->api_id);
    ward_sql_bind_int(q, STAGE_SHARED_COUNT + 3, stage->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_stage_update(struct ward_store_session *s, const struct ward_stage *stage)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE stage SET name = ?, endpoint_domain = ?, throttle_rps = ?, cache_ttl_s = ?, acl_code = ?,"
           " acl_list = ?, is_maintenance = ?, status_code = ?, response = ?, is_removed = ?, rate_rps = ?,"
           " day_quota = ?, month_quota = ?, classes = ?, created_by = ?, created_by_type = ?, changed_by = ?,"
           " changed_by_type = ?, created_ms = ?, updated_ms = ?, version = version + 1 WHERE id = ? AND version = ?");
    bind_stage(q, 1, stage);
    ward_row_bind_id(q, STAGE_SHARED_COUNT + 1, &stage->id);
    ward_sql_bind_int(q, STAGE_SHARED_COUNT + 2, stage->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_stage_get(struct ward_store_session *s, const struct ward_key_id *id,
                                      struct ward_pool *pool, struct ward_stage *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, STAGE_SELECT " WHERE t.id = ?");
    ward_row_bind_id(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_stage stage;
    if (!read_stage(q, &stage)) {
        return ward_row_bad(s, "stage");
    }
    struct ward_span *const spans[] = { &stage.name, &stage.endpoint_domain, &stage.acl_list, &stage.response };
    status = ward_row_keep(pool, spans, 4);
    if (status == WARD_OK) {
        *ret = stage;
    }
    return status;
}

static enum ward_status visit_stages(struct ward_store_session *s, struct ward_sql *q, ward_stage_visit visit,
                                     void *arg)
{
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_stage stage;
        enum ward_status status = read_stage(q, &stage) ? visit(&stage, arg) : ward_row_bad(s, "stage");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

enum ward_status ward_store_stage_list(struct ward_store_session *s, const struct ward_key_id *api,
                                       struct ward_slice slice, ward_stage_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, STAGE_SELECT " WHERE t.api_id = ? AND t.is_removed = 0" NEWEST_FIRST("t"));
    ward_row_bind_id(q, 1, api);
    ward_row_bind_slice(q, 2, slice);
    return visit_stages(s, q, visit, arg);
}

enum ward_status ward_store_stage_count(struct ward_store_session *s, const struct ward_key_id *api, int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT count(*) FROM stage WHERE api_id = ? AND is_removed = 0");
    ward_row_bind_id(q, 1, api);
    return ward_row_count(s, q, ret);
}

enum ward_status ward_store_stage_of_product(struct ward_store_session *s, const struct ward_key_id *product,
                                             ward_stage_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, STAGE_SELECT " WHERE i.product_id = ? AND t.is_removed = 0 ORDER BY t.id");
    ward_row_bind_id(q, 1, product);
    return visit_stages(s, q, visit, arg);
}

enum ward_status ward_store_stage_of_product_count(struct ward_store_session *s, const struct ward_key_id *product,
                                                   int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT count(*) FROM api i JOIN stage t ON t.api_id = i.id"
                                      " WHERE i.product_id = ? AND t.is_removed = 0");
    ward_row_bind_id(q, 1, product);
    return ward_row_count(s, q, ret);
}

enum ward_status ward_store_stage_walk(struct ward_store_session *s, const struct ward_key_id *after, size_t max,
                                       ward_stage_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, STAGE_SELECT " LEFT JOIN product r ON r.id = i.product_id WHERE t.id > ?"
                                                   " AND t.is_removed = 0 AND i.is_removed = 0 AND r.is_removed = 0"
                                                   " ORDER BY t.id LIMIT ?");
    ward_sql_bind_text(q, 1, after ? ward_span(after->text, WARD_KEY_ID_CHARS) : WARD_SPAN(""));
    ward_sql_bind_int(q, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    return visit_stages(s, q, visit, arg);
}
