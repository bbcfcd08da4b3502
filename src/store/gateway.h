/*
 * The store's rows of API Gateway: products, APIs, stages, usage plans, subscriptions, chosen plans. The contract is
 * store.h's: sessions, pools, versions (CONFLICT when the one read is not the one stored).
 *
 * Products, APIs and stages that are removed stay as rows (is_removed): `get` finds them, for who must undo what was
 * derived from them; no list shows them. A subscription that ended stays with status NONE for the same reason.
 */
#ifndef WARD_STORE_GATEWAY_H
#define WARD_STORE_GATEWAY_H

#include "model/subscription.h"
#include "store/store.h"

/* ---- products, APIs, stages. Insert: NOT_FOUND (no such project, product or API), CONFLICT (the id exists). The
 * account of a product is its project's. ---- */

enum ward_status ward_store_product_insert(struct ward_store_session *s,
                                           const struct ward_product *product) WARD_MUST_USE;
/** Write all members but id, account and project. */
enum ward_status ward_store_product_update(struct ward_store_session *s,
                                           const struct ward_product *product) WARD_MUST_USE;
enum ward_status ward_store_product_get(struct ward_store_session *s, const struct ward_key_id *id,
                                        struct ward_pool *pool, struct ward_product *ret) WARD_MUST_USE;

enum ward_status ward_store_api_insert(struct ward_store_session *s, const struct ward_api *api) WARD_MUST_USE;
enum ward_status ward_store_api_update(struct ward_store_session *s, const struct ward_api *api) WARD_MUST_USE;
enum ward_status ward_store_api_get(struct ward_store_session *s, const struct ward_key_id *id, struct ward_pool *pool,
                                    struct ward_api *ret) WARD_MUST_USE;

enum ward_status ward_store_stage_insert(struct ward_store_session *s, const struct ward_stage *stage) WARD_MUST_USE;
enum ward_status ward_store_stage_update(struct ward_store_session *s, const struct ward_stage *stage) WARD_MUST_USE;
enum ward_status ward_store_stage_get(struct ward_store_session *s, const struct ward_key_id *id,
                                      struct ward_pool *pool, struct ward_stage *ret) WARD_MUST_USE;

/** Lists by owner: a product's project and account, or an account alone; newest first, ties by id. The visited object
 * is borrowed for the call; a status other than OK ends the walk and is returned. */
struct ward_gateway_filter {
    struct ward_uuid account_id; /* nil: of all accounts */
    struct ward_uuid project_id; /* nil: of all projects */
    struct ward_span name;       /* case-sensitive part of it; absent or "": all */
    int64_t offset, limit;       /* limit -1: everything */
};

typedef enum ward_status (*ward_product_row)(const struct ward_product *product, void *arg);
typedef enum ward_status (*ward_api_row)(const struct ward_api *api, void *arg);
typedef enum ward_status (*ward_stage_row)(const struct ward_stage *stage, void *arg);
typedef enum ward_status (*ward_plan_row)(const struct ward_usage_plan *plan, void *arg);

enum ward_status ward_store_product_list(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                         ward_product_row visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_product_count(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                          int64_t *ret) WARD_MUST_USE;
enum ward_status ward_store_api_list(struct ward_store_session *s, const struct ward_key_id *product, int64_t offset,
                                     int64_t limit, ward_api_row visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_api_count(struct ward_store_session *s, const struct ward_key_id *product,
                                      int64_t *ret) WARD_MUST_USE;
enum ward_status ward_store_stage_list(struct ward_store_session *s, const struct ward_key_id *api, int64_t offset,
                                       int64_t limit, ward_stage_row visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_stage_count(struct ward_store_session *s, const struct ward_key_id *api,
                                        int64_t *ret) WARD_MUST_USE;

/* ---- usage plans and the stages that have them ---- */

enum ward_status ward_store_plan_insert(struct ward_store_session *s, const struct ward_usage_plan *plan) WARD_MUST_USE;
enum ward_status ward_store_plan_update(struct ward_store_session *s, const struct ward_usage_plan *plan) WARD_MUST_USE;
/** Delete a row for good; CONFLICT when its version moved on. Nobody may have it any more. */
enum ward_status ward_store_plan_delete(struct ward_store_session *s, const struct ward_usage_plan *plan) WARD_MUST_USE;
enum ward_status ward_store_plan_get(struct ward_store_session *s, const struct ward_key_id *id, struct ward_pool *pool,
                                     struct ward_usage_plan *ret) WARD_MUST_USE;
enum ward_status ward_store_plan_list(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                      ward_plan_row visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_plan_count(struct ward_store_session *s, const struct ward_gateway_filter *filter,
                                       int64_t *ret) WARD_MUST_USE;

#endif
