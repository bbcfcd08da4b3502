/*
 * Subscriptions: contracts/ncp.md 5.7, 6, 6.1; the rules are in model/subscription.h. Two parties: whoever owns the key
 * asks and leaves, whoever owns the product decides and chooses plans. Neither sees the other's object as such.
 */
#include "service/gateway_internal.h"

#define ONE_ROW_POOL (1024 * 1024)

struct subscription_case {
    struct ward_gateway_call *call;
    struct ward_span product_text, key_text, stage_text, plan_text;
    bool has_plan;
    enum ward_subscription_status decision;
    struct ward_product product;
    struct ward_key_id key_id;
    struct ward_subscription subscription;
};

/* ---- finding and storing ---- */

/* The subscription of c->key_id and c->product, or a new one that is not stored yet (version 0, status NONE). */
static enum ward_status load_subscription(struct ward_store_session *session, struct subscription_case *c)
{
    enum ward_status status = ward_store_subscription_get(session, &c->key_id, &c->product.id, &c->subscription);
    if (status != WARD_NOT_FOUND) {
        return status;
    }
    c->subscription = (struct ward_subscription){ .key_id = c->key_id, .product_id = c->product.id };
    return WARD_OK;
}

/* The key's side: a key of the operator's, anybody's product. */
static enum ward_status find_for_key(struct ward_store_session *session, struct subscription_case *c)
{
    struct ward_api_key key;
    enum ward_status status = ward_find_own_key(session, c->call, c->key_text, &key);
    if (status == WARD_OK) {
        c->key_id = key.id;
        status = ward_find_any_product(session, c->call, c->product_text, &c->product);
    }
    return status == WARD_OK ? load_subscription(session, c) : status;
}

/* The product's side: a product of the operator's, and a key that stands in a relation to it. */
static enum ward_status find_for_product(struct ward_store_session *session, struct subscription_case *c)
{
    enum ward_status status = ward_find_own_product(session, c->call, c->product_text, &c->product);
    if (status != WARD_OK) {
        return status;
    }
    if (!ward_key_id_parse(c->key_text, &c->key_id)) {
        return ward_gateway_refuse(c->call, WARD_NOUN_API_KEY, WARD_NOT_FOUND);
    }
    status = load_subscription(session, c);
    if (status == WARD_OK && c->subscription.status == WARD_SUBSCRIPTION_NONE) {
        return ward_gateway_refuse(c->call, WARD_NOUN_API_KEY, WARD_NOT_FOUND);
    }
    return status;
}

/* Write a subscription with its change entry, and announce what the publisher derives from it. */
static enum ward_status store_subscription(struct ward_store_session *session, struct ward_service *service,
                                           const struct ward_operator *who, const struct ward_product *product,
                                           struct ward_subscription *subscription, bool was_none)
{
    static const struct ward_members changed = { 1, { "status" } };
    int64_t now_ms = ward_now_ms();
    enum ward_status status;
    if (was_none) {
        subscription->provenance = ward_provenance_new(who, now_ms);
    } else {
        ward_provenance_touch(&subscription->provenance, who, now_ms);
    }
    if (subscription->version == 0) {
        subscription->version = 1;
        status = ward_store_subscription_insert(session, subscription);
    } else {
        status = ward_store_subscription_update(session, subscription);
    }
    if (status == WARD_OK) {
        status = ward_service_expect_relations(session, service, &product->id);
    }
    if (status != WARD_OK) {
        return status;
    }
    bool has_ended = subscription->status == WARD_SUBSCRIPTION_NONE;
    const char *kept = was_none ? WARD_ACTION_CREATED : "updated";
    return ward_gateway_log_subscription(session, who, product, &subscription->key_id, has_ended ? "removed" : kept,
                                         &changed);
}

enum ward_status ward_service_subscriptions_end(struct ward_store_session *session, const struct ward_operator *who,
                                                const struct ward_key_id *key, const struct ward_key_id *product,
                                                bool is_implicit_only)
{
    const struct ward_subscription_end end = {
        .key = key,
        .product = product,
        .is_implicit_only = is_implicit_only,
        .changed_by = who->id,
        .changed_by_type = who->type,
        .now_ms = ward_now_ms(),
    };
    int64_t count;
    return ward_store_subscription_end(session, &end, &count);
}

/* ---- revocations that a restore makes again ---- */

enum ward_status ward_service_subscription_end_again(struct ward_store_session *session, struct ward_service *service,
                                                     const struct ward_operator *who, struct ward_pool *pool,
                                                     const struct ward_key_id *product_id,
                                                     const struct ward_key_id *key, enum ward_subscription_status to)
{
    struct ward_product product;
    struct ward_subscription subscription;
    enum ward_status status = ward_store_product_get(session, product_id, pool, &product);
    if (status == WARD_OK) {
        status = ward_store_subscription_get(session, key, product_id, &subscription);
    }
    if (status != WARD_OK || subscription.status != WARD_SUBSCRIPTION_ACCEPTED) {
        return status; /* its product ended it by now */
    }
    subscription.status = to;
    subscription.is_implicit = false;
    if (to == WARD_SUBSCRIPTION_NONE) {
        status = ward_store_chosen_plan_clear(session, key, product_id);
    }
    return status == WARD_OK ? store_subscription(session, service, who, &product, &subscription, false) : status;
}

enum ward_status ward_service_subscriptions_end_again(struct ward_store_session *session,
                                                      const struct ward_operator *who, const struct ward_key_id *key)
{
    return ward_service_subscriptions_end(session, who, key, NULL, false);
}

/* ---- subscribe, unsubscribe ---- */

static void require_member(struct ward_gateway_call *call, bool has_member, const char *member)
{
    if (!has_member && !ward_problem_has(&call->problems, member)) {
        ward_problem_add(&call->problems, member, WARD_RULE_REQUIRED, 0, NULL);
    }
}

/* Asking in so many words outlives the product's becoming PROTECTED; having used it does not. */
static enum ward_status subscribe_in(struct ward_store_session *session, void *arg)
{
    struct subscription_case *c = arg;
    enum ward_status status = find_for_key(session, c);
    if (status != WARD_OK) {
        return status;
    }
    enum ward_subscription_status before = c->subscription.status;
    c->subscription.status = ward_subscription_asked(c->product.code, before);
    bool was_implicit = before != WARD_SUBSCRIPTION_NONE && c->subscription.is_implicit;
    c->subscription.is_implicit = false;
    if (c->subscription.status == before && !was_implicit) {
        return WARD_OK;
    }
    return store_subscription(session, c->call->service, c->call->who, &c->product, &c->subscription,
                              before == WARD_SUBSCRIPTION_NONE);
}

enum ward_status ward_service_subscription_create(struct ward_gateway_call *call, struct ward_span key,
                                                  bool has_product, struct ward_span product)
{
    struct subscription_case c = { .call = call, .key_text = key, .product_text = product };
    require_member(call, has_product, "productId");
    return ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &call->problems, subscribe_in, &c);
}

static enum ward_status unsubscribe_in(struct ward_store_session *session, void *arg)
{
    struct subscription_case *c = arg;
    enum ward_status status = find_for_key(session, c);
    if (status != WARD_OK) {
        return status;
    }
    switch (c->subscription.status) {
    case WARD_SUBSCRIPTION_REQUEST:
    case WARD_SUBSCRIPTION_ACCEPTED:
        break;
    case WARD_SUBSCRIPTION_REJECTED:
    case WARD_SUBSCRIPTION_DENY:
    case WARD_SUBSCRIPTION_BLOCKED_REQUEST:
        return ward_gateway_refuse(c->call, WARD_NOUN_SUBSCRIPTION, WARD_CONFLICT); /* the owner's to take back */
    case WARD_SUBSCRIPTION_NONE:
    case WARD_SUBSCRIPTION_STATUS_COUNT:
        return ward_gateway_refuse(c->call, WARD_NOUN_SUBSCRIPTION, WARD_NOT_FOUND);
    }
    c->subscription.status = WARD_SUBSCRIPTION_NONE;
    c->subscription.is_implicit = false;
    status = ward_store_chosen_plan_clear(session, &c->key_id, &c->product.id);
    return status == WARD_OK
               ? store_subscription(session, c->call->service, c->call->who, &c->product, &c->subscription, false)
               : status;
}

enum ward_status ward_service_subscription_delete(struct ward_gateway_call *call, struct ward_span key,
                                                  bool has_product, struct ward_span product)
{
    struct subscription_case c = { .call = call, .key_text = key, .product_text = product };
    require_member(call, has_product, "productId");
    return ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &call->problems, unsubscribe_in, &c);
}

/* ---- the owner's side ---- */

static enum ward_status decide_in(struct ward_store_session *session, void *arg)
{
    struct subscription_case *c = arg;
    enum ward_status status = find_for_product(session, c);
    if (status != WARD_OK || (c->subscription.status == c->decision && !c->subscription.is_implicit)) {
        return status;
    }
    c->subscription.status = c->decision;
    c->subscription.is_implicit = false;
    return store_subscription(session, c->call->service, c->call->who, &c->product, &c->subscription, false);
}

static bool is_decision(enum ward_subscription_status status)
{
    return status == WARD_SUBSCRIPTION_ACCEPTED || status == WARD_SUBSCRIPTION_REJECTED;
}

enum ward_status ward_service_subscription_decide(struct ward_gateway_call *call, struct ward_span product,
                                                  struct ward_span key, bool has_status, struct ward_span text)
{
    struct subscription_case c = { .call = call, .product_text = product, .key_text = key };
    require_member(call, has_status, "status");
    if (!ward_problem_has(&call->problems, "status") &&
        !(ward_subscription_status_parse(text, &c.decision) && is_decision(c.decision))) {
        ward_problem_add(&call->problems, "status", WARD_RULE_ENUM, 0, "ACCEPTED, REJECTED");
    }
    return ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &call->problems, decide_in, &c);
}

static enum ward_status find_stage(struct ward_store_session *session, struct subscription_case *c,
                                   struct ward_key_id *ret)
{
    struct ward_found_path found;
    enum ward_status status = ward_find_own_stage(session, c->call, c->stage_text, &found);
    if (status != WARD_OK) {
        return status;
    }
    if (strcmp(found.product.id.text, c->product.id.text) != 0) {
        return ward_gateway_refuse(c->call, WARD_NOUN_STAGE, WARD_NOT_FOUND);
    }
    *ret = found.stage.id;
    return WARD_OK;
}

/* The plan is one of the stage's: whose it is need not be asked. */
static enum ward_status find_offered(struct ward_store_session *session, struct subscription_case *c,
                                     const struct ward_key_id *stage, struct ward_key_id *ret)
{
    if (!ward_key_id_parse(c->plan_text, ret)) {
        return ward_gateway_refuse(c->call, WARD_NOUN_USAGE_PLAN, WARD_NOT_FOUND);
    }
    enum ward_status status = ward_store_stage_plan_exists(session, stage, ret);
    return status == WARD_NOT_FOUND ? ward_gateway_refuse(c->call, WARD_NOUN_USAGE_PLAN, status) : status;
}

static enum ward_status choose_plan_in(struct ward_store_session *session, void *arg)
{
    static const struct ward_members changed = { 1, { "usagePlanId" } };
    struct subscription_case *c = arg;
    struct ward_key_id stage, plan;
    enum ward_status status = find_for_product(session, c);
    if (status == WARD_OK) {
        status = find_stage(session, c, &stage);
    }
    if (status == WARD_OK && c->has_plan) {
        status = find_offered(session, c, &stage, &plan);
    }
    if (status == WARD_OK) {
        status = ward_store_chosen_plan_put(session, &stage, &c->key_id, c->has_plan ? &plan : NULL);
    }
    if (status == WARD_OK) {
        status = ward_service_expect_relations(session, c->call->service, &c->product.id);
    }
    return status == WARD_OK
               ? ward_gateway_log_subscription(session, c->call->who, &c->product, &c->key_id, "updated", &changed)
               : status;
}

enum ward_status ward_service_subscription_choose_plan(struct ward_gateway_call *call, struct ward_span product,
                                                       struct ward_span key, struct ward_span stage, bool has_plan,
                                                       struct ward_span plan)
{
    struct subscription_case c = {
        .call = call,
        .product_text = product,
        .key_text = key,
        .stage_text = stage,
        .plan_text = plan,
        .has_plan = has_plan && plan.data,
    };
    return ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &call->problems, choose_plan_in, &c);
}

/* ---- the first use of a PUBLIC product ---- */

struct first_use {
    struct ward_service *service;
    const struct ward_key_id *key, *product;
};

/* OK with is_needed false: subscribed already. */
static enum ward_status check_first_use(struct ward_store_session *session, const struct first_use *use,
                                        struct ward_pool *pool, struct ward_product *ret_product,
                                        struct ward_subscription *ret, bool *ret_needed)
{
    struct ward_api_key key;
    enum ward_status status = ward_store_key_get(session, use->key, pool, &key);
    if (status == WARD_OK) {
        status = ward_store_product_get(session, use->product, pool, ret_product);
    }
    if (status != WARD_OK) {
        return status;
    }
    if (!ward_api_key_is_active(&key, ward_now_ms()) || !key.is_project_active || ret_product->is_removed ||
        !ret_product->is_scope_active) {
        return WARD_NOT_FOUND;
    }
    status = ward_store_subscription_get(session, use->key, use->product, ret);
    if (status == WARD_NOT_FOUND) {
        *ret = (struct ward_subscription){ .key_id = *use->key, .product_id = *use->product };
    } else if (status != WARD_OK) {
        return status;
    }
    *ret_needed = ret->status != WARD_SUBSCRIPTION_ACCEPTED;
    if (!*ret_needed) {
        return WARD_OK;
    }
    if (ret_product->code != WARD_PRODUCT_PUBLIC) {
        return WARD_NOT_FOUND;
    }
    return ward_subscription_asked(ret_product->code, ret->status) == WARD_SUBSCRIPTION_ACCEPTED ? WARD_OK
                                                                                                 : WARD_CONFLICT;
}

static enum ward_status look_at_first_use(struct ward_store_session *session, void *arg)
{
    WARD_POOL pool = ward_pool_new(ONE_ROW_POOL);
    struct ward_product product;
    struct ward_subscription subscription;
    bool is_needed;
    return check_first_use(session, arg, &pool, &product, &subscription, &is_needed);
}

static enum ward_status first_use_in(struct ward_store_session *session, void *arg)
{
    const struct first_use *use = arg;
    const struct ward_operator who = ward_operator_system();
    WARD_POOL pool = ward_pool_new(ONE_ROW_POOL);
    struct ward_product product;
    struct ward_subscription subscription;
    bool is_needed;
    enum ward_status status = check_first_use(session, use, &pool, &product, &subscription, &is_needed);
    if (status != WARD_OK || !is_needed) {
        return status;
    }
    bool was_none = subscription.status == WARD_SUBSCRIPTION_NONE;
    subscription.status = WARD_SUBSCRIPTION_ACCEPTED;
    subscription.is_implicit = was_none; /* who asked for it by name keeps it */
    return store_subscription(session, use->service, &who, &product, &subscription, was_none);
}

/* The look beforehand keeps callers that are refused from the writer's queue. */
enum ward_status ward_service_subscription_first_use(struct ward_service *service, const struct ward_key_id *key,
                                                     const struct ward_key_id *product)
{
    struct first_use use = { service, key, product };
    enum ward_status status = ward_store_read(service->store, look_at_first_use, &use);
    return status == WARD_OK ? ward_store_write(service->store, first_use_in, &use, NULL) : status;
}

/* ---- lists ---- */

struct row_listing {
    struct ward_gateway_call *call;
    struct ward_store_session *session;
    struct ward_pool row; /* of one row */
    struct ward_span key_text, product_text;
    struct ward_plain_page *plain;
    struct ward_own_key_search *own;
    struct ward_product_key_search *keys;
    struct ward_lookup value; /* of keys->key_value */
    struct ward_api_key key;  /* the operator's, where there is one */
    bool opens_values;
    ward_key_product_visit visit_product;
    ward_product_key_visit visit_key;
    void *arg;
};

static enum ward_status run_rows(struct row_listing *list, enum ward_right right, const struct ward_page *page,
                                 ward_store_work work)
{
    list->row = ward_pool_new(ONE_ROW_POOL);
    ward_page_check(&list->call->problems, page);
    enum ward_status status = ward_gateway_read(list->call, right, &list->call->problems, work, list);
    ward_pool_free(&list->row);
    return status;
}

static enum ward_status show_product(const struct ward_subscription *subscription, void *arg)
{
    struct row_listing *list = arg;
    struct ward_key_product row = { .subscription = *subscription };
    ward_pool_reset(&list->row);
    enum ward_status status = ward_store_product_get(list->session, &subscription->product_id, &list->row,
                                                     &row.product);
    if (status != WARD_OK) {
        return status;
    }
    row.is_self = ward_uuid_equal(&row.product.account_id, &list->key.account_id);
    return list->visit_product(&row, list->arg);
}

static enum ward_status list_products_in(struct ward_store_session *session, void *arg)
{
    struct row_listing *list = arg;
    list->session = session;
    enum ward_status status = ward_find_own_key(session, list->call, list->key_text, &list->key);
    struct ward_subscription_filter filter = { .key = &list->key.id, .slice = WARD_SLICE_ALL };
    if (status == WARD_OK) {
        status = ward_store_subscription_count(session, &filter, &list->plain->totals.total);
    }
    filter.slice = ward_gateway_slice(&list->plain->page);
    return status == WARD_OK ? ward_store_subscription_list(session, &filter, show_product, list) : status;
}

enum ward_status ward_service_key_products(struct ward_gateway_call *call, struct ward_span key,
                                           struct ward_plain_page *query, ward_key_product_visit visit, void *arg)
{
    struct row_listing list = { .call = call, .key_text = key, .plain = query, .visit_product = visit, .arg = arg };
    return run_rows(&list, WARD_RIGHT_GATEWAY_READ, &query->page, list_products_in);
}

static enum ward_status show_key(const struct ward_subscription *subscription, void *arg)
{
    struct row_listing *list = arg;
    struct ward_product_key row = { .subscription = *subscription };
    ward_pool_reset(&list->row);
    enum ward_status status = ward_store_key_get(list->session, &subscription->key_id, &list->row, &row.key);
    if (status == WARD_OK && list->opens_values) {
        status = ward_service_key_open(list->call->service, &list->row, &row.key);
    }
    return status == WARD_OK ? list->visit_key(&row, list->arg) : status;
}

static enum ward_status list_keys(struct row_listing *list, struct ward_subscription_filter *filter,
                                  const struct ward_page *page, struct ward_page_totals *ret)
{
    filter->slice = WARD_SLICE_ALL;
    enum ward_status status = ward_store_subscription_count(list->session, filter, &ret->total);
    filter->slice = ward_gateway_slice(page);
    return status == WARD_OK ? ward_store_subscription_list(list->session, filter, show_key, list) : status;
}

static enum ward_status search_own_in(struct ward_store_session *session, void *arg)
{
    struct row_listing *list = arg;
    struct ward_product product;
    enum ward_status status = ward_find_any_product(session, list->call, list->own->product, &product);
    if (status != WARD_OK) {
        return status;
    }
    list->session = session;
    struct ward_subscription_filter filter = {
        .product = &product.id,
        .account_id = list->call->who->account_id,
        .project_id = list->call->who->project_id,
        .key_name = list->own->name,
        .statuses = list->own->statuses,
    };
    return list_keys(list, &filter, &list->own->page, &list->own->totals);
}

enum ward_status ward_service_key_search(struct ward_gateway_call *call, struct ward_own_key_search *query,
                                         ward_product_key_visit visit, void *arg)
{
    struct row_listing list = { .call = call, .own = query, .visit_key = visit, .arg = arg };
    require_member(call, query->has_product, "productId");
    ward_text_allow(&call->problems, "apiKeyName", query->name.data != NULL, query->name, WARD_KEY_PAIR_NAME_MAX);
    return run_rows(&list, WARD_RIGHT_KEY_READ | WARD_RIGHT_GATEWAY_READ, &query->page, search_own_in);
}

/* Narrow to the key that a value or an id names. False: there is none, so there are no rows. */
static enum ward_status narrow_to_key(struct row_listing *list, struct ward_key_id *ret, bool *ret_has_key,
                                      bool *ret_is_empty)
{
    const struct ward_product_key_search *query = list->keys;
    *ret_has_key = query->key_id.data || query->key_value.data;
    *ret_is_empty = query->key_id.data && !ward_key_id_parse(query->key_id, ret);
    if (!query->key_value.data || *ret_is_empty) {
        return WARD_OK;
    }
    struct ward_api_key key;
    enum ward_key_slot slot;
    enum ward_status status = ward_store_key_find(list->session, &list->value, list->call->pool, &key, &slot);
    if (status == WARD_NOT_FOUND) {
        *ret_is_empty = true;
        return WARD_OK;
    }
    if (status == WARD_OK) {
        *ret_is_empty = query->key_id.data && strcmp(ret->text, key.id.text) != 0;
        *ret = key.id;
    }
    return status;
}

static enum ward_status list_keys_in(struct ward_store_session *session, void *arg)
{
    struct row_listing *list = arg;
    struct ward_product product;
    struct ward_key_id key;
    bool has_key, is_empty;
    list->session = session;
    enum ward_status status = ward_find_own_product(session, list->call, list->product_text, &product);
    if (status == WARD_OK) {
        status = narrow_to_key(list, &key, &has_key, &is_empty);
    }
    if (status != WARD_OK || is_empty) {
        return status;
    }
    struct ward_subscription_filter filter = { .product = &product.id,
                                               .key = has_key ? &key : NULL,
                                               .statuses = list->keys->statuses };
    return list_keys(list, &filter, &list->keys->page, &list->keys->totals);
}

enum ward_status ward_service_product_keys(struct ward_gateway_call *call, struct ward_span product,
                                           struct ward_product_key_search *query, ward_product_key_visit visit,
                                           void *arg)
{
    struct row_listing list = {
        .call = call, .product_text = product, .keys = query, .opens_values = true, .visit_key = visit, .arg = arg
    };
    query->totals = (struct ward_page_totals){ 0 };
    if (query->key_value.data) {
        ward_service_hash_lookup(call->service, query->key_value, &list.value);
    }
    return run_rows(&list, WARD_RIGHT_KEY_READ | WARD_RIGHT_GATEWAY_READ, &query->page, list_keys_in);
}

/* ---- relations and what was used ---- */

struct relation_listing {
    struct ward_gateway_call *call;
    enum ward_relation_side side;
    struct ward_relation_query *query;
    struct subscription_case subject;
    struct ward_api_key key;
    int64_t now_ms;
    ward_relation_visit visit;
    void *arg;
};

/* A relation that the table does not hold has used nothing: it was accepted a moment ago, or nothing is published. */
static void read_usage(const struct relation_listing *list, struct ward_relation *row)
{
    struct ward_service *service = list->call->service;
    struct ward_lookup lookup;
    struct ward_plan_usage usage = { 0 };
    ward_relation_lookup(service->lookup, ward_key_id_pack(&row->key_id), ward_key_id_pack(&row->stage_id), &lookup);
    if (!ward_publisher_usage(service->publisher, &lookup, list->now_ms, &usage)) {
        usage = (struct ward_plan_usage){ 0 };
    }
    row->day_used = (int64_t)usage.day_used;
    row->day_calls = (int64_t)usage.day_calls;
    row->month_used = (int64_t)usage.month_used;
    row->month_calls = (int64_t)usage.month_calls;
}

static enum ward_status show_relation(const struct ward_relation_names *names, void *arg)
{
    struct relation_listing *list = arg;
    struct ward_relation row = {
        .api_id = names->api_id,
        .stage_id = names->stage_id,
        .key_id = list->key.id,
        .plan_id = names->plan_id,
        .api_name = names->api_name,
        .stage_name = names->stage_name,
        .key_name = list->key.name,
        .plan_name = names->plan_name,
        .created_ms = list->subject.subscription.provenance.created_ms,
        .updated_ms = list->subject.subscription.provenance.updated_ms,
    };
    read_usage(list, &row);
    return list->visit(&row, list->arg);
}

static enum ward_status find_relation(struct ward_store_session *session, struct relation_listing *list)
{
    struct subscription_case *c = &list->subject;
    if (list->side == WARD_RELATION_OF_KEY) {
        return find_for_key(session, c);
    }
    enum ward_status status = ward_find_own_product(session, c->call, c->product_text, &c->product);
    if (status != WARD_OK || !ward_key_id_parse(c->key_text, &c->key_id)) {
        return status; /* no id of a key: no rows */
    }
    return load_subscription(session, c);
}

/* An id that narrows: absent is any, and what is no id is one that nothing has. */
static bool narrow(struct ward_span text, struct ward_key_id *id, const struct ward_key_id **ret)
{
    *ret = text.data ? id : NULL;
    return !text.data || ward_key_id_parse(text, id);
}

static enum ward_status relations_in(struct ward_store_session *session, void *arg)
{
    struct relation_listing *list = arg;
    struct ward_relation_query *query = list->query;
    struct ward_key_id api_id, stage_id;
    const struct ward_key_id *api, *stage;
    enum ward_status status = find_relation(session, list);
    const struct subscription_case *c = &list->subject;
    if (status != WARD_OK || c->subscription.status != WARD_SUBSCRIPTION_ACCEPTED ||
        !narrow(query->api, &api_id, &api) || !narrow(query->stage, &stage_id, &stage)) {
        return status;
    }
    status = ward_store_key_get(session, &c->key_id, list->call->pool, &list->key);
    if (status == WARD_OK) {
        status = ward_store_relation_names_count(session, &c->product.id, api, stage, &query->totals.total);
    }
    return status == WARD_OK ? ward_store_relation_names(session, &c->product.id, &c->key_id, api, stage,
                                                         ward_gateway_slice(&query->page), show_relation, list)
                             : status;
}

enum ward_status ward_service_relations(struct ward_gateway_call *call, enum ward_relation_side side,
                                        struct ward_relation_query *query, ward_relation_visit visit, void *arg)
{
    struct relation_listing list = { .call = call, .side = side, .query = query, .visit = visit, .arg = arg };
    list.subject = (struct subscription_case){ .call = call, .product_text = query->product, .key_text = query->key };
    list.now_ms = ward_now_ms();
    query->totals = (struct ward_page_totals){ 0 };
    require_member(call, query->has_product, "productId");
    require_member(call, query->has_key, "apiKeyId");
    ward_page_check(&call->problems, &query->page);
    return ward_gateway_read(call, WARD_RIGHT_GATEWAY_READ, &call->problems, relations_in, &list);
}
