/*
 * The store's rows of API Gateway: products, APIs, stages, usage plans, subscriptions, chosen plans. The contract is
 * store.h's: sessions, pools, versions (CONFLICT when the one read is not the one stored, or when an id exists).
 *
 * Products, APIs and stages that are removed stay as rows (is_removed): `get` finds them, for who must undo what was
 * derived from them; no list shows them. A subscription that ended stays with status NONE for the same reason.
 *
 * Lists run newest first, ties by id; what is visited is borrowed for the call, and a status other than OK ends the
 * walk and is returned. Walks run by id, from behind one on: for slices, each in a session of its own.
 */
#ifndef WARD_STORE_GATEWAY_H
#define WARD_STORE_GATEWAY_H

#include "model/subscription.h"
#include "store/store.h"

struct ward_slice {
    int64_t offset;
    int64_t limit; /* -1: everything */
};
#define WARD_SLICE_ALL ((struct ward_slice){ 0, -1 })

/** Whose rows, and which. */
struct ward_gateway_filter {
    struct ward_uuid account_id; /* nil: of all accounts */
    struct ward_uuid project_id; /* nil: of all projects */
    struct ward_span name;       /* a case-sensitive part of the name; absent or "": all */
    struct ward_slice slice;
};

/* ---- API keys ---- */

/** Visit keys of active projects, never removed ones. */
enum ward_status ward_store_key_page(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                     ward_key_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_key_page_count(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                           int64_t *ret) WARD_MUST_USE;

/* ---- products, APIs, stages: products.c. An update writes all members but id and owner. ---- */

typedef enum ward_status (*ward_product_visit)(const struct ward_product *product, void *arg);
typedef enum ward_status (*ward_api_visit)(const struct ward_api *api, void *arg);
typedef enum ward_status (*ward_stage_visit)(const struct ward_stage *stage, void *arg);

enum ward_status ward_store_product_insert(struct ward_store_session *s,
                                           const struct ward_product *product) WARD_MUST_USE;
enum ward_status ward_store_product_update(struct ward_store_session *s,
                                           const struct ward_product *product) WARD_MUST_USE;
enum ward_status ward_store_product_get(struct ward_store_session *s, const struct ward_key_id *id,
                                        struct ward_pool *pool, struct ward_product *ret) WARD_MUST_USE;
enum ward_status ward_store_product_list(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                         ward_product_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_product_count(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                          int64_t *ret) WARD_MUST_USE;
/** Tell whether any object of API Gateway, or API key, has this id. */
enum ward_status ward_store_gateway_id_exists(struct ward_store_session *s, const struct ward_key_id *id) WARD_MUST_USE;

enum ward_status ward_store_api_insert(struct ward_store_session *s, const struct ward_api *api) WARD_MUST_USE;
enum ward_status ward_store_api_update(struct ward_store_session *s, const struct ward_api *api) WARD_MUST_USE;
enum ward_status ward_store_api_get(struct ward_store_session *s, const struct ward_key_id *id, struct ward_pool *pool,
                                    struct ward_api *ret) WARD_MUST_USE;
enum ward_status ward_store_api_list(struct ward_store_session *s, const struct ward_key_id *product,
                                     struct ward_slice slice, ward_api_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_api_count(struct ward_store_session *s, const struct ward_key_id *product,
                                      int64_t *ret) WARD_MUST_USE;

enum ward_status ward_store_stage_insert(struct ward_store_session *s, const struct ward_stage *stage) WARD_MUST_USE;
enum ward_status ward_store_stage_update(struct ward_store_session *s, const struct ward_stage *stage) WARD_MUST_USE;
enum ward_status ward_store_stage_get(struct ward_store_session *s, const struct ward_key_id *id,
                                      struct ward_pool *pool, struct ward_stage *ret) WARD_MUST_USE;
enum ward_status ward_store_stage_list(struct ward_store_session *s, const struct ward_key_id *api,
                                       struct ward_slice slice, ward_stage_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_stage_count(struct ward_store_session *s, const struct ward_key_id *api,
                                        int64_t *ret) WARD_MUST_USE;
/** All stages of a product. */
enum ward_status ward_store_stage_of_product(struct ward_store_session *s, const struct ward_key_id *product,
                                             ward_stage_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_stage_of_product_count(struct ward_store_session *s, const struct ward_key_id *product,
                                                   int64_t *ret) WARD_MUST_USE;
/** Visit at most max stages by id, from behind `after` (NULL: from the first). */
enum ward_status ward_store_stage_walk(struct ward_store_session *s, const struct ward_key_id *after, size_t max,
                                       ward_stage_visit visit, void *arg) WARD_MUST_USE;

/* ---- usage plans and the stages that offer them: plans.c ---- */

typedef enum ward_status (*ward_plan_visit)(const struct ward_usage_plan *plan, void *arg);

enum ward_status ward_store_plan_insert(struct ward_store_session *s, const struct ward_usage_plan *plan) WARD_MUST_USE;
enum ward_status ward_store_plan_update(struct ward_store_session *s, const struct ward_usage_plan *plan) WARD_MUST_USE;
/** Delete the row for good. Who calls has seen that nobody has the plan. */
enum ward_status ward_store_plan_delete(struct ward_store_session *s, const struct ward_usage_plan *plan) WARD_MUST_USE;
enum ward_status ward_store_plan_get(struct ward_store_session *s, const struct ward_key_id *id, struct ward_pool *pool,
                                     struct ward_usage_plan *ret) WARD_MUST_USE;
enum ward_status ward_store_plan_list(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                      ward_plan_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_plan_count(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                       int64_t *ret) WARD_MUST_USE;
enum ward_status ward_store_plan_walk(struct ward_store_session *s, const struct ward_key_id *after, size_t max,
                                      ward_plan_visit visit, void *arg) WARD_MUST_USE;

/** The plans of filter's account that a stage offers, or that it does not. */
enum ward_status ward_store_plan_of_stage(struct ward_store_session *s, const struct ward_key_id *stage,
                                          bool is_associated, const struct ward_gateway_filter *filter,
                                          ward_plan_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_plan_of_stage_count(struct ward_store_session *s, const struct ward_key_id *stage,
                                                bool is_associated, const struct ward_gateway_filter *filter,
                                                int64_t *ret) WARD_MUST_USE;

/** A stage and where it stands. */
struct ward_plan_stage {
    struct ward_key_id product_id, api_id, stage_id;
    struct ward_span product_name, api_name, stage_name;
};
typedef enum ward_status (*ward_plan_stage_visit)(const struct ward_plan_stage *stage, void *arg);
/** The stages that offer a plan; name: a part of product, API or stage name. */
enum ward_status ward_store_stage_of_plan(struct ward_store_session *s, const struct ward_key_id *plan,
                                          struct ward_span name, struct ward_slice slice, ward_plan_stage_visit visit,
                                          void *arg) WARD_MUST_USE;
enum ward_status ward_store_stage_of_plan_count(struct ward_store_session *s, const struct ward_key_id *plan,
                                                struct ward_span name, int64_t *ret) WARD_MUST_USE;

/** Let a stage offer a plan, or no more. *ret_changed: it was not so before. */
enum ward_status ward_store_stage_plan_put(struct ward_store_session *s, const struct ward_key_id *stage,
                                           const struct ward_key_id *plan, bool *ret_changed) WARD_MUST_USE;
enum ward_status ward_store_stage_plan_delete(struct ward_store_session *s, const struct ward_key_id *stage,
                                              const struct ward_key_id *plan, bool *ret_changed) WARD_MUST_USE;
/** OK when the stage offers the plan, else NOT_FOUND. */
enum ward_status ward_store_stage_plan_exists(struct ward_store_session *s, const struct ward_key_id *stage,
                                              const struct ward_key_id *plan) WARD_MUST_USE;

/* ---- chosen plans ---- */

/** Set a key's plan on a stage; NULL: none. */
enum ward_status ward_store_chosen_plan_put(struct ward_store_session *s, const struct ward_key_id *stage,
                                            const struct ward_key_id *key,
                                            const struct ward_key_id *plan) WARD_MUST_USE;
/** OK when any key has the plan (stage NULL: on any stage), else NOT_FOUND. */
enum ward_status ward_store_chosen_plan_exists(struct ward_store_session *s, const struct ward_key_id *plan,
                                               const struct ward_key_id *stage) WARD_MUST_USE;
/** Forget what a stage offers, and what keys have there. */
enum ward_status ward_store_stage_plans_clear(struct ward_store_session *s,
                                              const struct ward_key_id *stage) WARD_MUST_USE;
/** Forget the plans of a key on the stages of a product. */
enum ward_status ward_store_chosen_plan_clear(struct ward_store_session *s, const struct ward_key_id *key,
                                              const struct ward_key_id *product) WARD_MUST_USE;

/* ---- subscriptions: subscriptions.c ---- */

typedef enum ward_status (*ward_subscription_visit)(const struct ward_subscription *subscription, void *arg);

enum ward_status ward_store_subscription_insert(struct ward_store_session *s,
                                                const struct ward_subscription *subscription) WARD_MUST_USE;
enum ward_status ward_store_subscription_update(struct ward_store_session *s,
                                                const struct ward_subscription *subscription) WARD_MUST_USE;
/** What the change log calls a subscription: product id, "/", API key id. */
#define WARD_SUBSCRIPTION_ID_CHARS (2 * WARD_KEY_ID_CHARS + 1)

/** Get one, ended ones too. */
enum ward_status ward_store_subscription_get(struct ward_store_session *s, const struct ward_key_id *key,
                                             const struct ward_key_id *product,
                                             struct ward_subscription *ret) WARD_MUST_USE;

/** Which subscriptions: of a key, of a product, or both; ended ones never. */
struct ward_subscription_filter {
    const struct ward_key_id *key;       /* NULL: any */
    const struct ward_key_id *product;   /* NULL: any, in active projects */
    struct ward_uuid account_id;         /* nil: any; the key's */
    struct ward_uuid project_id;         /* nil: any; the key's */
    struct ward_span key_name;           /* a part of it; absent or "": all */
    ward_subscription_statuses statuses; /* 0: all */
    struct ward_slice slice;
};
enum ward_status ward_store_subscription_list(struct ward_store_session *s,
                                              const struct ward_subscription_filter *filter,
                                              ward_subscription_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_subscription_count(struct ward_store_session *s,
                                               const struct ward_subscription_filter *filter,
                                               int64_t *ret) WARD_MUST_USE;

/** Visit every accepted subscription of a key and a product that are not removed, in order of product and key. */
enum ward_status ward_store_subscription_accepted(struct ward_store_session *s, ward_subscription_visit visit,
                                                  void *arg) WARD_MUST_USE;

/** What subscriptions of a product, or of a key, end at once: all, or those that first uses made. */
struct ward_subscription_end {
    const struct ward_key_id *key; /* one of the two */
    const struct ward_key_id *product;
    bool is_implicit_only;
    struct ward_uuid changed_by;
    enum ward_actor_type changed_by_type;
    int64_t now_ms;
};
/** End them, their chosen plans with them. *ret_count: how many. */
enum ward_status ward_store_subscription_end(struct ward_store_session *s, const struct ward_subscription_end *end,
                                             int64_t *ret_count) WARD_MUST_USE;

/* ---- relations: a subscription and a stage of its product ---- */

/** What the verifiers hold for a key on a stage, derived and never stored. */
struct ward_relation_row {
    struct ward_key_id key_id, stage_id, plan_id; /* plan_id "": the stage's default terms */
    bool is_live;                                 /* accepted, and neither stage nor product is removed */
};
typedef enum ward_status (*ward_relation_row_visit)(const struct ward_relation_row *row, void *arg);

/** The relations of a product and one key, with every stage that is not removed. */
enum ward_status ward_store_relation_of_subscription(struct ward_store_session *s, const struct ward_key_id *product,
                                                     const struct ward_key_id *key, ward_relation_row_visit visit,
                                                     void *arg) WARD_MUST_USE;
/** The relations of a stage, removed or not, with every key that ever subscribed. */
enum ward_status ward_store_relation_of_stage(struct ward_store_session *s, const struct ward_key_id *stage,
                                              ward_relation_row_visit visit, void *arg) WARD_MUST_USE;
/** The relations of a key with every product that it ever subscribed to. */
enum ward_status ward_store_relation_of_key(struct ward_store_session *s, const struct ward_key_id *key,
                                            ward_relation_row_visit visit, void *arg) WARD_MUST_USE;
/** The relations of a product that ended, of those that first uses made. */
enum ward_status ward_store_relation_of_ended(struct ward_store_session *s, const struct ward_key_id *product,
                                              ward_relation_row_visit visit, void *arg) WARD_MUST_USE;

/** Where a walk over all subscriptions stands. */
struct ward_relation_place {
    struct ward_key_id product_id, key_id; /* of the last subscription that was visited */
    bool has_place;
};
/** Visit the relations of at most max accepted subscriptions, in order of product and key, from behind *place on;
 * *ret_count: how many subscriptions. */
enum ward_status ward_store_relation_walk(struct ward_store_session *s, struct ward_relation_place *place, size_t max,
                                          ward_relation_row_visit visit, void *arg, size_t *ret_count) WARD_MUST_USE;

/** Keys that a stage's relations are to be made for, and how many rows of the whole table there will be. */
enum ward_status ward_store_accepted_count(struct ward_store_session *s, const struct ward_key_id *product,
                                           int64_t *ret) WARD_MUST_USE;
struct ward_gateway_counts {
    uint64_t plans, stages, relations;
};
enum ward_status ward_store_gateway_count(struct ward_store_session *s, struct ward_gateway_counts *ret) WARD_MUST_USE;

/** A relation as it is shown: contracts/ncp.md 6.1. */
struct ward_relation_names {
    struct ward_key_id api_id, stage_id, plan_id; /* plan_id "": none */
    struct ward_span api_name, stage_name, plan_name;
};
typedef enum ward_status (*ward_relation_names_visit)(const struct ward_relation_names *row, void *arg);
/** The stages of a product with the plan that a key has there; api, stage NULL: all. */
enum ward_status ward_store_relation_names(struct ward_store_session *s, const struct ward_key_id *product,
                                           const struct ward_key_id *key, const struct ward_key_id *api,
                                           const struct ward_key_id *stage, struct ward_slice slice,
                                           ward_relation_names_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_relation_names_count(struct ward_store_session *s, const struct ward_key_id *product,
                                                 const struct ward_key_id *api, const struct ward_key_id *stage,
                                                 int64_t *ret) WARD_MUST_USE;

#endif
