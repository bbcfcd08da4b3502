/* Usage plans, the stages that offer them, and the keys that have them. */
#include "store/gateway_rows.h"

#define PLAN_SELECT                                                                                                    \
    "SELECT t.id, t.project_id, t.account_id, p.is_active, a.is_active, t.name, t.description, t.version,"             \
    " (SELECT count(*) FROM stage_plan o WHERE o.plan_id = t.id), t.rate_rps, t.day_quota, t.month_quota, t.classes,"  \
    " t.created_by, t.created_by_type, t.changed_by, t.changed_by_type, t.created_ms, t.updated_ms" PLAN_FROM
#define PLAN_FROM                                                                                                      \
    " FROM usage_plan t LEFT JOIN project p ON p.id = t.project_id LEFT JOIN account a ON a.id = p.account_id"
#define PLAN_LISTED                                                                                                    \
    " WHERE p.is_active = 1 AND a.is_active = 1 AND " WARD_ROW_IS_OF("t") " AND " WARD_ROW_HAS_PART("t.name")
#define PLAN_OF_STAGE                                                                                                  \
    " AND ? = CASE WHEN EXISTS (SELECT 1 FROM stage_plan m WHERE m.stage_id = ? AND m.plan_id = t.id) THEN 1 ELSE 0 "  \
    "END"
#define NEWEST_FIRST " ORDER BY t.created_ms DESC, t.id LIMIT ? OFFSET ?"

static bool read_plan(struct ward_sql *q, struct ward_usage_plan *ret)
{
    *ret = (struct ward_usage_plan){
        .is_scope_active = ward_sql_int(q, 3) == 1 && ward_sql_int(q, 4) == 1,
        .name = ward_sql_text(q, 5),
        .description = ward_sql_text(q, 6),
        .version = ward_sql_int(q, 7),
        .associated_stages = ward_sql_int(q, 8),
    };
    return ward_row_id(q, 0, &ret->id) && ward_row_uuid(q, 1, &ret->project_id) &&
           ward_row_uuid(q, 2, &ret->account_id) && ward_row_terms(q, 9, &ret->terms) &&
           ward_row_provenance(q, 13, &ret->provenance);
}

#define PLAN_SHARED_COUNT 12
static void bind_plan(struct ward_sql *q, int index, const struct ward_usage_plan *plan)
{
    ward_sql_bind_text(q, index, plan->name);
    ward_sql_bind_text(q, index + 1, plan->description);
    ward_row_bind_terms(q, index + 2, &plan->terms);
    ward_row_bind_provenance(q, index + 2 + WARD_ROW_TERMS_COLUMNS, &plan->provenance);
}

enum ward_status ward_store_plan_insert(struct ward_store_session *s, const struct ward_usage_plan *plan)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO usage_plan (name, description, rate_rps, day_quota, month_quota, classes, created_by,"
           " created_by_type, changed_by, changed_by_type, created_ms, updated_ms, id, project_id, account_id, version)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    bind_plan(q, 1, plan);
    ward_row_bind_id(q, PLAN_SHARED_COUNT + 1, &plan->id);
    ward_row_bind_uuid(q, PLAN_SHARED_COUNT + 2, &plan->project_id);
    ward_row_bind_uuid(q, PLAN_SHARED_COUNT + 3, &plan->account_id);
    ward_sql_bind_int(q, PLAN_SHARED_COUNT + 4, plan->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_plan_update(struct ward_store_session *s, const struct ward_usage_plan *plan)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE usage_plan SET name = ?, description = ?, rate_rps = ?, day_quota = ?, month_quota = ?, classes = ?,"
           " created_by = ?, created_by_type = ?, changed_by = ?, changed_by_type = ?, created_ms = ?, updated_ms = ?,"
           " version = version + 1 WHERE id = ? AND version = ?");
    bind_plan(q, 1, plan);
    ward_row_bind_id(q, PLAN_SHARED_COUNT + 1, &plan->id);
    ward_sql_bind_int(q, PLAN_SHARED_COUNT + 2, plan->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_plan_delete(struct ward_store_session *s, const struct ward_usage_plan *plan)
{
    WARD_SQL *q = ward_sql_prepare(s, "DELETE FROM usage_plan WHERE id = ? AND version = ?");
    ward_row_bind_id(q, 1, &plan->id);
    ward_sql_bind_int(q, 2, plan->version);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_plan_get(struct ward_store_session *s, const struct ward_key_id *id, struct ward_pool *pool,
                                     struct ward_usage_plan *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, PLAN_SELECT " WHERE t.id = ?");
    ward_row_bind_id(q, 1, id);
    enum ward_status status = ward_row_first(s, q);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_usage_plan plan;
    if (!read_plan(q, &plan)) {
        return ward_row_bad(s, "usage_plan");
    }
    status = ward_row_keep(pool, (struct ward_span *const[]){ &plan.name, &plan.description }, 2);
    if (status == WARD_OK) {
        *ret = plan;
    }
    return status;
}

static enum ward_status visit_plans(struct ward_store_session *s, struct ward_sql *q, ward_plan_visit visit, void *arg)
{
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_usage_plan plan;
        enum ward_status status = read_plan(q, &plan) ? visit(&plan, arg) : ward_row_bad(s, "usage_plan");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

static int bind_listed(struct ward_sql *q, const struct ward_gateway_filter *filter)
{
    int index = ward_row_bind_owner(q, 1, &filter->account_id, &filter->project_id);
    return ward_row_bind_part(q, index, filter->name);
}

static int bind_of_stage(struct ward_sql *q, const struct ward_gateway_filter *filter, const struct ward_key_id *stage,
                         bool is_associated)
{
    int index = bind_listed(q, filter);
    ward_sql_bind_int(q, index, is_associated);
    ward_row_bind_id(q, index + 1, stage);
    return index + 2;
}

enum ward_status ward_store_plan_list(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                      ward_plan_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, PLAN_SELECT PLAN_LISTED NEWEST_FIRST);
    ward_row_bind_slice(q, bind_listed(q, filter), filter->slice);
    return visit_plans(s, q, visit, arg);
}

enum ward_status ward_store_plan_count(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                       int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT count(*)" PLAN_FROM PLAN_LISTED);
    (void)bind_listed(q, filter);
    return ward_row_count(s, q, ret);
}

enum ward_status ward_store_plan_walk(struct ward_store_session *s, const struct ward_key_id *after, size_t max,
                                      ward_plan_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, PLAN_SELECT " WHERE t.id > ? ORDER BY t.id LIMIT ?");
    ward_sql_bind_text(q, 1, after ? ward_span(after->text, WARD_KEY_ID_CHARS) : WARD_SPAN(""));
    ward_sql_bind_int(q, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    return visit_plans(s, q, visit, arg);
}

enum ward_status ward_store_plan_of_stage(struct ward_store_session *s, const struct ward_key_id *stage,
                                          bool is_associated, const struct ward_gateway_filter *filter,
                                          ward_plan_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, PLAN_SELECT PLAN_LISTED PLAN_OF_STAGE NEWEST_FIRST);
    ward_row_bind_slice(q, bind_of_stage(q, filter, stage, is_associated), filter->slice);
    return visit_plans(s, q, visit, arg);
}

enum ward_status ward_store_plan_of_stage_count(struct ward_store_session *s, const struct ward_key_id *stage,
                                                bool is_associated, const struct ward_gateway_filter *filter,
                                                int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT count(*)" PLAN_FROM PLAN_LISTED PLAN_OF_STAGE);
    (void)bind_of_stage(q, filter, stage, is_associated);
    return ward_row_count(s, q, ret);
}

/* ---- the stages of a plan ---- */

#define OFFERS                                                                                                         \
    " FROM stage_plan m JOIN stage t ON t.id = m.stage_id JOIN api i ON i.id = t.api_id"                               \
    " JOIN product r ON r.id = i.product_id WHERE m.plan_id = ? AND t.is_removed = 0"                                  \
    " AND (? = 0 OR replace(r.name, ?, '') <> r.name OR replace(i.name, ?, '') <> i.name"                              \
    " OR replace(t.name, ?, '') <> t.name)"

static int bind_offers(struct ward_sql *q, const struct ward_key_id *plan, struct ward_span name)
{
    ward_row_bind_id(q, 1, plan);
    int index = ward_row_bind_part(q, 2, name);
    for (int i = 0; i < 2; i++) {
        ward_sql_bind_text(q, index++, name.data ? name : WARD_SPAN(""));
    }
    return index;
}

enum ward_status ward_store_stage_of_plan(struct ward_store_session *s, const struct ward_key_id *plan,
                                          struct ward_span name, struct ward_slice slice, ward_plan_stage_visit visit,
                                          void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT r.id, r.name, i.id, i.name, t.id, t.name" OFFERS NEWEST_FIRST);
    ward_row_bind_slice(q, bind_offers(q, plan, name), slice);
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_plan_stage stage = { .product_name = ward_sql_text(q, 1),
                                         .api_name = ward_sql_text(q, 3),
                                         .stage_name = ward_sql_text(q, 5) };
        bool is_good = ward_row_id(q, 0, &stage.product_id) && ward_row_id(q, 2, &stage.api_id) &&
                       ward_row_id(q, 4, &stage.stage_id);
        enum ward_status status = is_good ? visit(&stage, arg) : ward_row_bad(s, "stage_plan");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

enum ward_status ward_store_stage_of_plan_count(struct ward_store_session *s, const struct ward_key_id *plan,
                                                struct ward_span name, int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT count(*)" OFFERS);
    (void)bind_offers(q, plan, name);
    return ward_row_count(s, q, ret);
}

static enum ward_status run_and_tell(struct ward_store_session *s, struct ward_sql *q, bool *ret_changed)
{
    enum ward_status status = ward_row_run(s, q);
    if (status == WARD_OK) {
        *ret_changed = ward_sql_changes(q) > 0;
    }
    return status;
}

enum ward_status ward_store_stage_plan_put(struct ward_store_session *s, const struct ward_key_id *stage,
                                           const struct ward_key_id *plan, bool *ret_changed)
{
    WARD_SQL *q = ward_sql_prepare(s,
                                   "INSERT INTO stage_plan (stage_id, plan_id) VALUES (?, ?) ON CONFLICT DO NOTHING");
    ward_row_bind_id(q, 1, stage);
    ward_row_bind_id(q, 2, plan);
    return run_and_tell(s, q, ret_changed);
}

enum ward_status ward_store_stage_plan_delete(struct ward_store_session *s, const struct ward_key_id *stage,
                                              const struct ward_key_id *plan, bool *ret_changed)
{
    WARD_SQL *q = ward_sql_prepare(s, "DELETE FROM stage_plan WHERE stage_id = ? AND plan_id = ?");
    ward_row_bind_id(q, 1, stage);
    ward_row_bind_id(q, 2, plan);
    return run_and_tell(s, q, ret_changed);
}

enum ward_status ward_store_stage_plan_exists(struct ward_store_session *s, const struct ward_key_id *stage,
                                              const struct ward_key_id *plan)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM stage_plan WHERE stage_id = ? AND plan_id = ?");
    ward_row_bind_id(q, 1, stage);
    ward_row_bind_id(q, 2, plan);
    return ward_row_first(s, q);
}

/* ---- chosen plans ---- */

enum ward_status ward_store_chosen_plan_put(struct ward_store_session *s, const struct ward_key_id *stage,
                                            const struct ward_key_id *key, const struct ward_key_id *plan)
{
    WARD_SQL *q = ward_sql_prepare(s, plan ? "INSERT INTO chosen_plan (stage_id, key_id, plan_id) VALUES (?, ?, ?)"
                                             " ON CONFLICT (stage_id, key_id) DO UPDATE SET plan_id = excluded.plan_id"
                                           : "DELETE FROM chosen_plan WHERE stage_id = ? AND key_id = ?");
    ward_row_bind_id(q, 1, stage);
    ward_row_bind_id(q, 2, key);
    if (plan) {
        ward_row_bind_id(q, 3, plan);
    }
    return ward_row_run(s, q);
}

enum ward_status ward_store_chosen_plan_exists(struct ward_store_session *s, const struct ward_key_id *plan,
                                               const struct ward_key_id *stage)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM chosen_plan WHERE plan_id = ? AND (? = 0 OR stage_id = ?)"
                                      " LIMIT 1");
    ward_row_bind_id(q, 1, plan);
    ward_sql_bind_int(q, 2, stage != NULL);
    ward_row_bind_id(q, 3, stage ? stage : plan);
    return ward_row_first(s, q);
}

enum ward_status ward_store_stage_plans_clear(struct ward_store_session *s, const struct ward_key_id *stage)
{
    static const char *const texts[] = { "DELETE FROM stage_plan WHERE stage_id = ?",
                                         "DELETE FROM chosen_plan WHERE stage_id = ?" };
    for (size_t i = 0; i < 2; i++) {
        WARD_SQL *q = ward_sql_prepare(s, texts[i]);
        ward_row_bind_id(q, 1, stage);
        enum ward_status status = ward_row_run(s, q);
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

enum ward_status ward_store_chosen_plan_clear(struct ward_store_session *s, const struct ward_key_id *key,
                                              const struct ward_key_id *product)
{
    WARD_SQL *q = ward_sql_prepare(s,
                                   "DELETE FROM chosen_plan WHERE key_id = ? AND stage_id IN"
                                   " (SELECT t.id FROM api i JOIN stage t ON t.api_id = i.id WHERE i.product_id = ?)");
    ward_row_bind_id(q, 1, key);
    ward_row_bind_id(q, 2, product);
    return ward_row_run(s, q);
}
