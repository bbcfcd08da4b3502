/*
 * The use cases of API Gateway: keys with two values, products, APIs, stages, usage plans, subscriptions. Like
 * service.h, from which they differ in one rule: what lies outside the operator's scope is not there (NOT_FOUND, never
 * FORBIDDEN), so that no answer tells of another tenant's ids.
 *
 * Order of every use case: role (FORBIDDEN) → input (INVALID, problems say what) → the objects named, from left to
 * right (NOT_FOUND, ret_missing says which) → their state (CONFLICT) → write. A refused call changes nothing.
 *
 * Ids are taken as they came: what is no id is the id of nothing. Results live in pool; what is passed to visit is
 * borrowed for the call. Rows run newest first, ties by id; at most WARD_PAGE_ROWS_MAX of them.
 * Source: contracts/ncp.md 5, 6.
 */
#ifndef WARD_SERVICE_GATEWAY_H
#define WARD_SERVICE_GATEWAY_H

#include "model/page.h"
#include "model/subscription.h"
#include "service/service.h"
#include "store/gateway.h"

/** Which noun a NOT_FOUND is about. */
enum ward_noun {
    WARD_NOUN_NONE,
    WARD_NOUN_API_KEY,
    WARD_NOUN_PRODUCT,
    WARD_NOUN_API,
    WARD_NOUN_STAGE,
    WARD_NOUN_USAGE_PLAN,
    WARD_NOUN_SUBSCRIPTION
};

/** The call's surroundings, the same for all: who asks, and where results and refusals go. */
struct ward_gateway_call {
    struct ward_service *service;
    const struct ward_operator *who;
    struct ward_pool *pool;
    struct ward_receipt receipt;   /* of a write that succeeded */
    enum ward_noun missing;        /* set with NOT_FOUND, and with CONFLICT the noun that is in the way */
    struct ward_problems problems; /* of calls that have no input of their own */
};

/* ---- signatures ---- */

/**
 * Give the secret of an IAM access key id, and the operator that it makes.
 *
 * Shape:   public_id 1..128 bytes as sent. *ret_secret lives in pool.
 * Errors:  NOT_FOUND (unknown, deleted, expired, scope gone): *ret_secret is a dummy to sign with all the same, and
 *          *ret_who may do nothing, and *ret_limit is none. Others: no secret.
 * Time:    the same for a known and an unknown id, asked for the first time or again.
 * Threads: any. Opened secrets are kept in the service and wiped when any operator credential, project or account
 *          changes.
 */
enum ward_status ward_service_iam_secret(struct ward_service *service, struct ward_span public_id,
                                         struct ward_pool *pool, struct ward_span *ret_secret,
                                         struct ward_operator *ret_who,
                                         struct ward_rate_limit *ret_limit) WARD_MUST_USE;

/** True when ward_service_iam_secret will answer without a look into the store. */
bool ward_service_iam_is_kept(struct ward_service *service, struct ward_span public_id);

/**
 * Count a signed call against its pair's own limit; call it when the signature has held.
 *
 * Shape:   limit is what ward_service_iam_secret gave with the pair; 0: all calls may pass and none is counted.
 *          A window is opened by its first call; a limit that changes keeps the window. A restart opens a new one.
 * Errors:  NO_MEMORY: the call may not pass.
 * Threads: any. Exact: one process serves signed calls.
 */
enum ward_status ward_service_iam_count(struct ward_service *service, const struct ward_uuid *id,
                                        const struct ward_rate_limit *limit,
                                        struct ward_limit_state *ret) WARD_MUST_USE;

/* ---- API keys (rights: WARD_RIGHT_KEY_READ, WARD_RIGHT_KEY_WRITE). Disabled and expired keys are there, removed ones
 * are not. ---- */

/** A page of keys, values not opened. name: case-sensitive part of apiKeyName; absent or "": all. */
struct ward_key_page {
    struct ward_page page;
    bool has_name;
    struct ward_span name; /* ..20 */
    struct ward_page_totals totals;
};
enum ward_status ward_service_key_page(struct ward_gateway_call *call, struct ward_key_page *query,
                                       ward_key_visit visit, void *arg) WARD_MUST_USE;

/** A key with its values opened. */
enum ward_status ward_service_key_show(struct ward_gateway_call *call, struct ward_span id,
                                       struct ward_api_key *ret) WARD_MUST_USE;

/** Make a key with two drawn values of 40 [A-Za-z0-9]. Without a project: the operator's own, else the account's oldest
 * active one. */
enum ward_status ward_service_key_create_pair(struct ward_gateway_call *call, struct ward_key_pair_input *input,
                                              struct ward_api_key *ret) WARD_MUST_USE;

/** The same without waiting, as ward_service_key_create_later; but INVALID is the answer here. */
enum ward_status ward_service_key_create_pair_later(struct ward_gateway_call *call, struct ward_key_pair_input *input,
                                                    struct ward_api_key *ret,
                                                    const struct ward_later *later) WARD_MUST_USE;

/** Edit name, description and enabled; enabling an expired key does not extend it. */
enum ward_status ward_service_key_edit(struct ward_gateway_call *call, struct ward_span id,
                                       struct ward_key_pair_input *input, struct ward_api_key *ret) WARD_MUST_USE;

/** Draw another value; the one before stops at once. key_type as it came: PRIMARY or SECONDARY (call->problems:
 * keyType). A key that has no secondary value gets one; a disabled key stays disabled. */
enum ward_status ward_service_key_regenerate(struct ward_gateway_call *call, struct ward_span id, bool has_key_type,
                                             struct ward_span key_type, struct ward_api_key *ret) WARD_MUST_USE;

/** Remove a key for good: a tombstone stays, its values stop at once, its subscriptions end. */
enum ward_status ward_service_key_remove(struct ward_gateway_call *call, struct ward_span id) WARD_MUST_USE;

/* ---- products, APIs, stages (rights: WARD_RIGHT_GATEWAY_READ, WARD_RIGHT_GATEWAY_WRITE) ---- */

struct ward_product_page {
    struct ward_page page;
    bool has_name;
    struct ward_span name; /* case-sensitive part of productName */
    struct ward_page_totals totals;
};
enum ward_status ward_service_product_list(struct ward_gateway_call *call, struct ward_product_page *query,
                                           ward_product_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_service_product_get(struct ward_gateway_call *call, struct ward_span product,
                                          struct ward_product *ret) WARD_MUST_USE;
enum ward_status ward_service_product_create(struct ward_gateway_call *call, struct ward_product_input *input,
                                             struct ward_product *ret) WARD_MUST_USE;
/** A product that becomes PROTECTED loses the subscriptions that first uses made. */
enum ward_status ward_service_product_update(struct ward_gateway_call *call, struct ward_span product,
                                             struct ward_product_input *input, struct ward_product *ret) WARD_MUST_USE;
/** APIs, stages and subscriptions go with it. */
enum ward_status ward_service_product_delete(struct ward_gateway_call *call, struct ward_span product) WARD_MUST_USE;

/** Named from the outside in; `product` alone where a call lists APIs, product and api where it lists stages. */
struct ward_stage_path {
    struct ward_span product, api, stage;
};

struct ward_plain_page {
    struct ward_page page;
    struct ward_page_totals totals;
};
enum ward_status ward_service_api_list(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                       struct ward_plain_page *query, ward_api_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_service_api_get(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                      struct ward_api *ret) WARD_MUST_USE;
enum ward_status ward_service_api_create(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                         struct ward_api_input *input, struct ward_api *ret) WARD_MUST_USE;
enum ward_status ward_service_api_update(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                         struct ward_api_input *input, struct ward_api *ret) WARD_MUST_USE;
enum ward_status ward_service_api_delete(struct ward_gateway_call *call,
                                         const struct ward_stage_path *path) WARD_MUST_USE;

enum ward_status ward_service_stage_list(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                         struct ward_plain_page *query, ward_stage_visit visit,
                                         void *arg) WARD_MUST_USE;
enum ward_status ward_service_stage_get(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                        struct ward_stage *ret) WARD_MUST_USE;
enum ward_status ward_service_stage_create(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                           struct ward_stage_input *input, struct ward_stage *ret) WARD_MUST_USE;
enum ward_status ward_service_stage_update(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                           struct ward_stage_input *input, struct ward_stage *ret) WARD_MUST_USE;
enum ward_status ward_service_stage_delete(struct ward_gateway_call *call,
                                           const struct ward_stage_path *path) WARD_MUST_USE;

/** Set the terms of keys without a plan on this stage (PUT …/usage-plan); what is absent is none. Problems:
 * call->problems. */
enum ward_status ward_service_stage_default_terms(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                                  const struct ward_terms_input *terms,
                                                  struct ward_stage *ret) WARD_MUST_USE;

/** Product overview: how many keys stand how, and every stage with its API. An API without stages comes with stage
 * NULL. */
struct ward_product_overview {
    int64_t keys[WARD_SUBSCRIPTION_STATUS_COUNT]; /* by status; keys[NONE] is 0 */
    int64_t total;
};
typedef enum ward_status (*ward_api_stage_visit)(const struct ward_api *api, const struct ward_stage *stage, void *arg);
/** Rows in order of API, then stage; *ret is set before the first of them. */
enum ward_status ward_service_product_overview(struct ward_gateway_call *call, struct ward_span product,
                                               struct ward_product_overview *ret, ward_api_stage_visit visit,
                                               void *arg) WARD_MUST_USE;

/* ---- usage plans ---- */

struct ward_plan_page {
    struct ward_page page;
    bool has_name;
    struct ward_span name; /* case-sensitive part of usagePlanName; ..45 */
    struct ward_page_totals totals;
};
enum ward_status ward_service_plan_list(struct ward_gateway_call *call, struct ward_plan_page *query,
                                        ward_plan_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_service_plan_get(struct ward_gateway_call *call, struct ward_span plan,
                                       struct ward_usage_plan *ret) WARD_MUST_USE;
enum ward_status ward_service_plan_create(struct ward_gateway_call *call, struct ward_usage_plan_input *input,
                                          struct ward_usage_plan *ret) WARD_MUST_USE;
enum ward_status ward_service_plan_update(struct ward_gateway_call *call, struct ward_span plan,
                                          struct ward_usage_plan_input *input,
                                          struct ward_usage_plan *ret) WARD_MUST_USE;
/** CONFLICT while a stage or a key has it (call->missing: STAGE or SUBSCRIPTION). */
enum ward_status ward_service_plan_delete(struct ward_gateway_call *call, struct ward_span plan) WARD_MUST_USE;

/** The plans that a stage has, or (is_associated false) those of the same tenant that it has not. GET
 * /usage-plans?stageId=. The stage is required: call->problems "stageId" when it was not sent. */
enum ward_status ward_service_plan_of_stage_id(struct ward_gateway_call *call, bool has_stage, struct ward_span stage,
                                               bool is_associated, struct ward_plan_page *query, ward_plan_visit visit,
                                               void *arg) WARD_MUST_USE;

/** The plans of a stage by its path; ret is the stage with its default terms, set before the first row. */
enum ward_status ward_service_stage_plans(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                          struct ward_plan_page *query, struct ward_stage *ret, ward_plan_visit visit,
                                          void *arg) WARD_MUST_USE;

/** The stages that have a plan, with their names' surroundings; ret is the plan, set before the first row. */
struct ward_plan_stage_page {
    struct ward_page page;
    bool has_name;
    struct ward_span name; /* case-sensitive part of product, API or stage name */
    struct ward_page_totals totals;
};
enum ward_status ward_service_plan_stages(struct ward_gateway_call *call, struct ward_span plan,
                                          struct ward_plan_stage_page *query, struct ward_usage_plan *ret,
                                          ward_plan_stage_visit visit, void *arg) WARD_MUST_USE;

/** Attach a plan to a stage; again: nothing changes. The plan is of the product's tenant. Problems ("usagePlanId"):
 * call->problems. */
enum ward_status ward_service_stage_associate(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                              bool has_plan, struct ward_span plan) WARD_MUST_USE;
/** Detach it. CONFLICT while a key has chosen it there (call->missing: SUBSCRIPTION); NOT_FOUND when it is not
 * attached. */
enum ward_status ward_service_stage_disassociate(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                                 bool has_plan, struct ward_span plan) WARD_MUST_USE;

/* ---- subscriptions. A key's owner asks for products of any tenant; a product's owner decides about keys of any
 * tenant.
 * ---- */

/** Subscribe a key of the operator's to a product (POST …/subscribe). Again: OK, nothing changes. has_product false:
 * call->problems "productId". */
enum ward_status ward_service_subscription_create(struct ward_gateway_call *call, struct ward_span key,
                                                  bool has_product, struct ward_span product) WARD_MUST_USE;
/** Unsubscribe. NOT_FOUND (SUBSCRIPTION) when there is none. */
enum ward_status ward_service_subscription_delete(struct ward_gateway_call *call, struct ward_span key,
                                                  bool has_product, struct ward_span product) WARD_MUST_USE;
/** The product's owner decides: status as it came, ACCEPTED or REJECTED (call->problems "status"). NOT_FOUND
 * (API_KEY) when the key never asked. */
enum ward_status ward_service_subscription_decide(struct ward_gateway_call *call, struct ward_span product,
                                                  struct ward_span key, bool has_status,
                                                  struct ward_span status) WARD_MUST_USE;
/** The product's owner gives a key a plan on a stage; has_plan false or an absent span: the stage's default terms. The
 * plan is one that the stage has (else NOT_FOUND, USAGE_PLAN). */
enum ward_status ward_service_subscription_choose_plan(struct ward_gateway_call *call, struct ward_span product,
                                                       struct ward_span key, struct ward_span stage, bool has_plan,
                                                       struct ward_span plan) WARD_MUST_USE;

/** Products that a key of the operator's stands in a relation to. */
struct ward_key_product {
    struct ward_product product;
    struct ward_subscription subscription;
    bool is_self; /* of the key's own tenant */
};
typedef enum ward_status (*ward_key_product_visit)(const struct ward_key_product *row, void *arg);
enum ward_status ward_service_key_products(struct ward_gateway_call *call, struct ward_span key,
                                           struct ward_plain_page *query, ward_key_product_visit visit,
                                           void *arg) WARD_MUST_USE;

/** A key and how it stands to a product. */
struct ward_product_key {
    struct ward_api_key key; /* values opened for the product's owner, not opened for POST /api-keys/search */
    struct ward_subscription subscription;
};
typedef enum ward_status (*ward_product_key_visit)(const struct ward_product_key *row, void *arg);

/** Which keys of the operator's stand in what relation to a product: POST /api-keys/search. */
struct ward_own_key_search {
    struct ward_page page;
    bool has_product;
    struct ward_span product;            /* required; any tenant's */
    struct ward_span name;               /* case-sensitive part of apiKeyName, ..20; absent: all */
    ward_subscription_statuses statuses; /* 0: all */
    struct ward_page_totals totals;
};
enum ward_status ward_service_key_search(struct ward_gateway_call *call, struct ward_own_key_search *query,
                                         ward_product_key_visit visit, void *arg) WARD_MUST_USE;

/** Keys of a product, for its owner: POST /products/{p}/api-keys/search. */
struct ward_product_key_search {
    struct ward_page page;
    struct ward_span key_value;          /* primary or secondary; absent: any */
    struct ward_span key_id;             /* absent: any */
    ward_subscription_statuses statuses; /* 0: all */
    struct ward_page_totals totals;
};
enum ward_status ward_service_product_keys(struct ward_gateway_call *call, struct ward_span product,
                                           struct ward_product_key_search *query, ward_product_key_visit visit,
                                           void *arg) WARD_MUST_USE;

/** A row of contracts/ncp.md 6.1: an accepted key on a stage, and what it has used there. */
struct ward_relation {
    struct ward_key_id api_id, stage_id, key_id, plan_id; /* plan_id "": the stage's default terms */
    struct ward_span api_name, stage_name, key_name, plan_name;
    int64_t day_used, day_calls, month_used, month_calls;
    int64_t created_ms, updated_ms;
};
typedef enum ward_status (*ward_relation_visit)(const struct ward_relation *relation, void *arg);
struct ward_relation_query {
    struct ward_page page;
    bool has_product, has_key;
    struct ward_span product;    /* required (productId) by the key's owner, else from the path */
    struct ward_span key;        /* required (apiKeyId) by the product's owner, else from the path */
    struct ward_span api, stage; /* absent: all */
    struct ward_page_totals totals;
};
enum ward_relation_side { WARD_RELATION_OF_KEY, WARD_RELATION_OF_PRODUCT };
/** Subscription and usage: of a key of the operator's (GET /api-keys/{k}/subscription-detail) or of a product of the
 * operator's (GET /products/{p}/subscription-detail). A key that is not accepted has no rows. */
enum ward_status ward_service_relations(struct ward_gateway_call *call, enum ward_relation_side side,
                                        struct ward_relation_query *query, ward_relation_visit visit,
                                        void *arg) WARD_MUST_USE;

/**
 * Subscribe a key to a PUBLIC product because it is used there, and wait until that is published. For a verdict that
 * says needs_subscription: verify again after OK.
 *
 * Errors:  NOT_FOUND (no such key or product, or the product is not PUBLIC any more), CONFLICT (the owner has refused
 * this key): the verdict is not_subscribed. UNAVAILABLE…: nothing changed.
 */
enum ward_status ward_service_subscription_first_use(struct ward_service *service, const struct ward_key_id *key,
                                                     const struct ward_key_id *product) WARD_MUST_USE;

#endif
