/*
 * Subscriptions, and the relations that follow from them: (accepted key, stage of the product). A row stays when its
 * subscription ends, so that its relations can be found and undone.
 */
#include "store/gateway_rows.h"

#define SUBSCRIPTION_COLUMNS                                                                                           \
    "t.key_id, t.product_id, t.status, t.is_implicit, t.version, t.created_by, t.created_by_type, t.changed_by,"       \
    " t.changed_by_type, t.created_ms, t.updated_ms"

static bool read_status(struct ward_sql *q, int column, enum ward_subscription_status *ret)
{
    *ret = WARD_SUBSCRIPTION_NONE;
    return ward_sql_is_null(q, column) || ward_subscription_status_parse(ward_sql_text(q, column), ret);
}

static bool read_subscription(struct ward_sql *q, struct ward_subscription *ret)
{
    *ret = (struct ward_subscription){ .is_implicit = ward_sql_int(q, 3) == 1, .version = ward_sql_int(q, 4) };
    return ward_row_id(q, 0, &ret->key_id) && ward_row_id(q, 1, &ret->product_id) && read_status(q, 2, &ret->status) &&
           ward_row_provenance(q, 5, &ret->provenance);
}

#define SUBSCRIPTION_SHARED_COUNT 8
static void bind_subscription(struct ward_sql *q, const struct ward_subscription *subscription)
{
    ward_row_bind_name(q, 1, ward_subscription_status_name(subscription->status));
    ward_sql_bind_int(q, 2, subscription->is_implicit);
    ward_row_bind_provenance(q, 3, &subscription->provenance);
    ward_row_bind_id(q, SUBSCRIPTION_SHARED_COUNT + 1, &subscription->product_id);
    ward_row_bind_id(q, SUBSCRIPTION_SHARED_COUNT + 2, &subscription->key_id);
    ward_sql_bind_int(q, SUBSCRIPTION_SHARED_COUNT + 3, subscription->version);
}

enum ward_status ward_store_subscription_insert(struct ward_store_session *s,
                                                const struct ward_subscription *subscription)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "INSERT INTO subscription (status, is_implicit, created_by, created_by_type, changed_by, changed_by_type,"
           " created_ms, updated_ms, product_id, key_id, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
           " ON CONFLICT DO NOTHING");
    bind_subscription(q, subscription);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_subscription_update(struct ward_store_session *s,
                                                const struct ward_subscription *subscription)
{
    WARD_SQL *q = ward_sql_prepare(
        s, "UPDATE subscription SET status = ?, is_implicit = ?, created_by = ?, created_by_type = ?, changed_by = ?,"
           " changed_by_type = ?, created_ms = ?, updated_ms = ?, version = version + 1"
           " WHERE product_id = ? AND key_id = ? AND version = ?");
    bind_subscription(q, subscription);
    return ward_row_run_one(s, q);
}

enum ward_status ward_store_subscription_get(struct ward_store_session *s, const struct ward_key_id *key,
                                             const struct ward_key_id *product, struct ward_subscription *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT " SUBSCRIPTION_COLUMNS
                                      " FROM subscription t WHERE t.product_id = ? AND t.key_id = ?");
    ward_row_bind_id(q, 1, product);
    ward_row_bind_id(q, 2, key);
    enum ward_status status = ward_row_first(s, q);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_subscription subscription;
    if (!read_subscription(q, &subscription)) {
        return ward_row_bad(s, "subscription");
    }
    *ret = subscription;
    return WARD_OK;
}

/* ---- lists ---- */

#define LIST_FROM                                                                                                      \
    " FROM subscription t JOIN api_key k ON k.id = t.key_id JOIN product r ON r.id = t.product_id"                     \
    " JOIN project p ON p.id = r.project_id JOIN account a ON a.id = p.account_id"
#define LIST_FILTER                                                                                                    \
    " AND t.status IS NOT NULL AND k.is_removed = 0 AND r.is_removed = 0 AND p.is_active = 1 AND a.is_active = 1"      \
    " AND " WARD_ROW_IS_OF("k") " AND " WARD_ROW_HAS_PART("k.name") " AND (? = 0 OR t.status IN (?, ?, ?, ?, ?))"
#define OF_KEY       " WHERE t.key_id = ?"
#define OF_PRODUCT   " WHERE t.product_id = ?"
#define OF_BOTH      " WHERE t.key_id = ? AND t.product_id = ?"
#define NEWEST_FIRST " ORDER BY t.created_ms DESC, t.key_id, t.product_id LIMIT ? OFFSET ?"

/* One text for each way in: no planner uses an index for "any, or equal". */
enum way_in { BY_KEY, BY_PRODUCT, BY_BOTH, WAY_COUNT };

static const char *const list_texts[WAY_COUNT] = {
    [BY_KEY] = "SELECT " SUBSCRIPTION_COLUMNS LIST_FROM OF_KEY LIST_FILTER NEWEST_FIRST,
    [BY_PRODUCT] = "SELECT " SUBSCRIPTION_COLUMNS LIST_FROM OF_PRODUCT LIST_FILTER NEWEST_FIRST,
    [BY_BOTH] = "SELECT " SUBSCRIPTION_COLUMNS LIST_FROM OF_BOTH LIST_FILTER NEWEST_FIRST,
};
static const char *const count_texts[WAY_COUNT] = {
    [BY_KEY] = "SELECT count(*)" LIST_FROM OF_KEY LIST_FILTER,
    [BY_PRODUCT] = "SELECT count(*)" LIST_FROM OF_PRODUCT LIST_FILTER,
    [BY_BOTH] = "SELECT count(*)" LIST_FROM OF_BOTH LIST_FILTER,
};

static enum way_in way_of(const struct ward_subscription_filter *filter)
{
    if (filter->key && filter->product) {
        return BY_BOTH;
    }
    return filter->key ? BY_KEY : BY_PRODUCT;
}

static int bind_statuses(struct ward_sql *q, int index, ward_subscription_statuses statuses)
{
    ward_sql_bind_int(q, index++, statuses != WARD_SUBSCRIPTION_STATUSES_ALL);
    for (int i = WARD_SUBSCRIPTION_REQUEST; i < WARD_SUBSCRIPTION_STATUS_COUNT; i++) {
        enum ward_subscription_status status = (enum ward_subscription_status)i;
        ward_row_bind_name(q, index++, statuses & (1u << i) ? ward_subscription_status_name(status) : NULL);
    }
    return index;
}

static int bind_filter(struct ward_sql *q, const struct ward_subscription_filter *filter)
{
    int index = 1;
    if (filter->key) {
        ward_row_bind_id(q, index++, filter->key);
    }
    if (filter->product) {
        ward_row_bind_id(q, index++, filter->product);
    }
    index = ward_row_bind_owner(q, index, &filter->account_id, &filter->project_id);
    index = ward_row_bind_part(q, index, filter->key_name);
    return bind_statuses(q, index, filter->statuses);
}

static enum ward_status visit_subscriptions(struct ward_store_session *s, struct ward_sql *q,
                                            ward_subscription_visit visit, void *arg)
{
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_subscription subscription;
        bool is_good = read_subscription(q, &subscription);
        enum ward_status status = is_good ? visit(&subscription, arg) : ward_row_bad(s, "subscription");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

enum ward_status ward_store_subscription_list(struct ward_store_session *s,
                                              const struct ward_subscription_filter *filter,
                                              ward_subscription_visit visit, void *arg)
{
    if (!filter->key && !filter->product) {
        return WARD_INTERNAL;
    }
    WARD_SQL *q = ward_sql_prepare(s, list_texts[way_of(filter)]);
    ward_row_bind_slice(q, bind_filter(q, filter), filter->slice);
    return visit_subscriptions(s, q, visit, arg);
}

enum ward_status ward_store_subscription_accepted(struct ward_store_session *s, ward_subscription_visit visit,
                                                  void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT " SUBSCRIPTION_COLUMNS
                                      " FROM subscription t JOIN api_key k ON k.id = t.key_id"
                                      " JOIN product r ON r.id = t.product_id WHERE t.status = 'ACCEPTED'"
                                      " AND k.is_removed = 0 AND r.is_removed = 0 ORDER BY t.product_id, t.key_id");
    return visit_subscriptions(s, q, visit, arg);
}

enum ward_status ward_store_subscription_count(struct ward_store_session *s,
                                               const struct ward_subscription_filter *filter, int64_t *ret)
{
    if (!filter->key && !filter->product) {
        return WARD_INTERNAL;
    }
    WARD_SQL *q = ward_sql_prepare(s, count_texts[way_of(filter)]);
    (void)bind_filter(q, filter);
    return ward_row_count(s, q, ret);
}

/* ---- the end of many ---- */

#define STAGES_OF_PRODUCT "(SELECT st.id FROM api i JOIN stage st ON st.api_id = i.id WHERE i.product_id = ?)"
#define STAGES_OF_KEY                                                                                                  \
    "(SELECT st.id FROM subscription t JOIN api i ON i.product_id = t.product_id JOIN stage st ON st.api_id = i.id"    \
    " WHERE t.key_id = ?)"
#define END_SET                                                                                                        \
    "UPDATE subscription SET status = NULL, changed_by = ?, changed_by_type = ?, updated_ms = ?,"                      \
    " version = version + 1 WHERE status IS NOT NULL"

static enum ward_status end_chosen(struct ward_store_session *s, const struct ward_subscription_end *end)
{
    const char *text = "DELETE FROM chosen_plan WHERE stage_id IN " STAGES_OF_PRODUCT;
    if (end->key) {
        text = "DELETE FROM chosen_plan WHERE stage_id IN " STAGES_OF_KEY " AND key_id = ?";
    } else if (end->is_implicit_only) {
        text = "DELETE FROM chosen_plan WHERE stage_id IN " STAGES_OF_PRODUCT " AND key_id IN (SELECT key_id"
               " FROM subscription WHERE product_id = ? AND is_implicit = 1 AND status IS NOT NULL)";
    }
    WARD_SQL *q = ward_sql_prepare(s, text);
    ward_row_bind_id(q, 1, end->key ? end->key : end->product);
    if (end->key || end->is_implicit_only) {
        ward_row_bind_id(q, 2, end->key ? end->key : end->product);
    }
    return ward_row_run(s, q);
}

enum ward_status ward_store_subscription_end(struct ward_store_session *s, const struct ward_subscription_end *end,
                                             int64_t *ret_count)
{
    enum ward_status status = end_chosen(s, end);
    if (status != WARD_OK) {
        return status;
    }
    const char *text = END_SET " AND product_id = ?";
    if (end->key) {
        text = END_SET " AND key_id = ?";
    } else if (end->is_implicit_only) {
        text = END_SET " AND product_id = ? AND is_implicit = 1";
    }
    WARD_SQL *q = ward_sql_prepare(s, text);
    ward_row_bind_uuid(q, 1, &end->changed_by);
    ward_row_bind_name(q, 2, ward_actor_type_name(end->changed_by_type));
    ward_sql_bind_int(q, 3, end->now_ms);
    ward_row_bind_id(q, 4, end->key ? end->key : end->product);
    status = ward_row_run(s, q);
    if (status == WARD_OK) {
        *ret_count = ward_sql_changes(q);
    }
    return status;
}

/* ---- relations ---- */

#define RELATION_SELECT                                                                                                \
    "SELECT s.key_id, t.id, c.plan_id, CASE WHEN s.status = 'ACCEPTED' AND t.is_removed = 0 AND i.is_removed = 0"      \
    " AND r.is_removed = 0 THEN 1 ELSE 0 END"
#define RELATION_JOINS                                                                                                 \
    " JOIN product r ON r.id = i.product_id LEFT JOIN chosen_plan c ON c.stage_id = t.id AND c.key_id = s.key_id"
#define FROM_SUBSCRIPTION                                                                                              \
    " FROM subscription s JOIN api i ON i.product_id = s.product_id JOIN stage t ON t.api_id = i.id" RELATION_JOINS

static enum ward_status visit_relations(struct ward_store_session *s, struct ward_sql *q, ward_relation_row_visit visit,
                                        void *arg)
{
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_relation_row row = { .is_live = ward_sql_int(q, 3) == 1 };
        bool is_good = ward_row_id(q, 0, &row.key_id) && ward_row_id(q, 1, &row.stage_id) &&
                       ward_row_id_or_none(q, 2, &row.plan_id);
        enum ward_status status = is_good ? visit(&row, arg) : ward_row_bad(s, "chosen_plan");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

enum ward_status ward_store_relation_of_subscription(struct ward_store_session *s, const struct ward_key_id *product,
                                                     const struct ward_key_id *key, ward_relation_row_visit visit,
                                                     void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, RELATION_SELECT FROM_SUBSCRIPTION
                                   " WHERE s.product_id = ? AND s.key_id = ? AND t.is_removed = 0");
    ward_row_bind_id(q, 1, product);
    ward_row_bind_id(q, 2, key);
    return visit_relations(s, q, visit, arg);
}

enum ward_status ward_store_relation_of_stage(struct ward_store_session *s, const struct ward_key_id *stage,
                                              ward_relation_row_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(
        s, RELATION_SELECT " FROM stage t JOIN api i ON i.id = t.api_id"
                           " JOIN subscription s ON s.product_id = i.product_id" RELATION_JOINS " WHERE t.id = ?");
    ward_row_bind_id(q, 1, stage);
    return visit_relations(s, q, visit, arg);
}

enum ward_status ward_store_relation_of_key(struct ward_store_session *s, const struct ward_key_id *key,
                                            ward_relation_row_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, RELATION_SELECT FROM_SUBSCRIPTION " WHERE s.key_id = ? AND t.is_removed = 0");
    ward_row_bind_id(q, 1, key);
    return visit_relations(s, q, visit, arg);
}

enum ward_status ward_store_relation_of_ended(struct ward_store_session *s, const struct ward_key_id *product,
                                              ward_relation_row_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, RELATION_SELECT FROM_SUBSCRIPTION
                                   " WHERE s.product_id = ? AND s.is_implicit = 1 AND s.status IS NULL"
                                   " AND t.is_removed = 0");
    ward_row_bind_id(q, 1, product);
    return visit_relations(s, q, visit, arg);
}

enum ward_status ward_store_relation_walk(struct ward_store_session *s, struct ward_relation_place *place, size_t max,
                                          ward_relation_row_visit visit, void *arg, size_t *ret_count)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT product_id, key_id FROM subscription WHERE status = 'ACCEPTED'"
                                      " AND (product_id, key_id) > (?, ?) ORDER BY product_id, key_id LIMIT ?");
    ward_sql_bind_text(q, 1, ward_span(place->product_id.text, place->has_place ? WARD_KEY_ID_CHARS : 0));
    ward_sql_bind_text(q, 2, ward_span(place->key_id.text, place->has_place ? WARD_KEY_ID_CHARS : 0));
    ward_sql_bind_int(q, 3, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    enum ward_sql_step step;
    size_t count = 0;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_relation_place at = { .has_place = true };
        if (!ward_row_id(q, 0, &at.product_id) || !ward_row_id(q, 1, &at.key_id)) {
            return ward_row_bad(s, "subscription");
        }
        enum ward_status status = ward_store_relation_of_subscription(s, &at.product_id, &at.key_id, visit, arg);
        if (status != WARD_OK) {
            return status;
        }
        *place = at;
        count++;
    }
    *ret_count = count;
    return ward_row_end(s, step);
}

enum ward_status ward_store_accepted_count(struct ward_store_session *s, const struct ward_key_id *product,
                                           int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT count(*) FROM subscription WHERE product_id = ? AND status = 'ACCEPTED'");
    ward_row_bind_id(q, 1, product);
    return ward_row_count(s, q, ret);
}

#define ALL_RELATIONS                                                                                                  \
    "SELECT count(*) FROM subscription s JOIN api i ON i.product_id = s.product_id"                                    \
    " JOIN stage t ON t.api_id = i.id WHERE s.status = 'ACCEPTED' AND t.is_removed = 0"

enum ward_status ward_store_gateway_count(struct ward_store_session *s, struct ward_gateway_counts *ret)
{
    static const char *const texts[] = {
        "SELECT count(*) FROM usage_plan",
        "SELECT count(*) FROM stage WHERE is_removed = 0",
        ALL_RELATIONS,
    };
    int64_t counts[3] = { 0 };
    for (size_t i = 0; i < 3; i++) {
        WARD_SQL *q = ward_sql_prepare(s, texts[i]);
        enum ward_status status = ward_row_count(s, q, &counts[i]);
        if (status != WARD_OK) {
            return status;
        }
    }
    *ret = (struct ward_gateway_counts){ (uint64_t)counts[0], (uint64_t)counts[1], (uint64_t)counts[2] };
    return WARD_OK;
}

/* ---- relations as they are shown ---- */

#define NAMES_FROM                                                                                                     \
    " FROM api i JOIN stage t ON t.api_id = i.id LEFT JOIN chosen_plan c ON c.stage_id = t.id AND c.key_id = ?"        \
    " LEFT JOIN usage_plan u ON u.id = c.plan_id WHERE i.product_id = ? AND t.is_removed = 0 AND (? = 0 OR i.id = ?)"  \
    " AND (? = 0 OR t.id = ?)"

static int bind_id_or_any(struct ward_sql *q, int index, const struct ward_key_id *id)
{
    ward_sql_bind_int(q, index, id != NULL);
    ward_sql_bind_text(q, index + 1, id ? ward_span(id->text, WARD_KEY_ID_CHARS) : WARD_SPAN(""));
    return index + 2;
}

static int bind_names(struct ward_sql *q, const struct ward_key_id *product, const struct ward_key_id *key,
                      const struct ward_key_id *api, const struct ward_key_id *stage)
{
    ward_row_bind_id(q, 1, key);
    ward_row_bind_id(q, 2, product);
    return bind_id_or_any(q, bind_id_or_any(q, 3, api), stage);
}

enum ward_status ward_store_relation_names(struct ward_store_session *s, const struct ward_key_id *product,
                                           const struct ward_key_id *key, const struct ward_key_id *api,
                                           const struct ward_key_id *stage, struct ward_slice slice,
                                           ward_relation_names_visit visit, void *arg)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT i.id, i.name, t.id, t.name, u.id, u.name" NAMES_FROM
                                      " ORDER BY t.created_ms DESC, t.id LIMIT ? OFFSET ?");
    ward_row_bind_slice(q, bind_names(q, product, key, api, stage), slice);
    enum ward_sql_step step;
    while ((step = ward_sql_step(q)) == WARD_SQL_ROW) {
        struct ward_relation_names row = { .api_name = ward_sql_text(q, 1),
                                           .stage_name = ward_sql_text(q, 3),
                                           .plan_name = ward_sql_text(q, 5) };
        bool is_good = ward_row_id(q, 0, &row.api_id) && ward_row_id(q, 2, &row.stage_id) &&
                       ward_row_id_or_none(q, 4, &row.plan_id);
        enum ward_status status = is_good ? visit(&row, arg) : ward_row_bad(s, "stage");
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_row_end(s, step);
}

enum ward_status ward_store_relation_names_count(struct ward_store_session *s, const struct ward_key_id *product,
                                                 const struct ward_key_id *api, const struct ward_key_id *stage,
                                                 int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT count(*)" NAMES_FROM);
    (void)bind_names(q, product, product, api, stage); /* the key changes no number */
    return ward_row_count(s, q, ret);
}
