/* What the files of the gateway's use cases share: how a call runs, and the one place where nouns are looked up. */
#ifndef WARD_SERVICE_GATEWAY_INTERNAL_H
#define WARD_SERVICE_GATEWAY_INTERNAL_H

#include "model/text.h"
#include "service/gateway.h"
#include "service/internal.h"

/* ---- gateway.c: how a call runs ---- */

/** Run work as a read: FORBIDDEN without the right, INVALID with problems (may be NULL), before anything is looked at.
 */
enum ward_status ward_gateway_read(struct ward_gateway_call *call, enum ward_right right,
                                   const struct ward_problems *problems, ward_store_work work, void *arg) WARD_MUST_USE;
/** The same as a write. Sets call->receipt. */
enum ward_status ward_gateway_write(struct ward_gateway_call *call, enum ward_right right,
                                    const struct ward_problems *problems, ward_store_work work,
                                    void *arg) WARD_MUST_USE;
/** The same without waiting. */
enum ward_status ward_gateway_write_later(struct ward_gateway_call *call, enum ward_right right,
                                          const struct ward_problems *problems, ward_store_work work, void *arg,
                                          const struct ward_later *later) WARD_MUST_USE;
/** NOT_FOUND, or another refusal, because of a noun. */
enum ward_status ward_gateway_refuse(struct ward_gateway_call *call, enum ward_noun noun,
                                     enum ward_status status) WARD_MUST_USE;
/** The owner's part of a filter: what the operator covers. */
struct ward_gateway_filter ward_gateway_own(const struct ward_gateway_call *call);
/** The rows of a page. */
struct ward_slice ward_gateway_slice(const struct ward_page *page);

/** Take a text over if it was sent and differs; absent is "". */
bool ward_gateway_take(struct ward_pool *pool, bool has_text, struct ward_span text, struct ward_span *ret);

/* ---- gateway.c: lookups. NOT_FOUND names the noun; *ret lives in call->pool. ---- */

/** An API key of the operator's: not removed, its project active. */
enum ward_status ward_find_own_key(struct ward_store_session *session, struct ward_gateway_call *call,
                                   struct ward_span id, struct ward_api_key *ret) WARD_MUST_USE;
/** A product of the operator's, or anybody's: not removed, its project active. */
enum ward_status ward_find_own_product(struct ward_store_session *session, struct ward_gateway_call *call,
                                       struct ward_span id, struct ward_product *ret) WARD_MUST_USE;
enum ward_status ward_find_any_product(struct ward_store_session *session, struct ward_gateway_call *call,
                                       struct ward_span id, struct ward_product *ret) WARD_MUST_USE;
/** A usage plan of the operator's. */
enum ward_status ward_find_own_plan(struct ward_store_session *session, struct ward_gateway_call *call,
                                    struct ward_span id, struct ward_usage_plan *ret) WARD_MUST_USE;

/** What a path names. */
struct ward_found_path {
    struct ward_product product;
    struct ward_api api;
    struct ward_stage stage;
};
/** Product and API, then the stage too: each in the one before, none removed. */
enum ward_status ward_find_api(struct ward_store_session *session, struct ward_gateway_call *call,
                               const struct ward_stage_path *path, struct ward_found_path *ret) WARD_MUST_USE;
enum ward_status ward_find_stage(struct ward_store_session *session, struct ward_gateway_call *call,
                                 const struct ward_stage_path *path, struct ward_found_path *ret) WARD_MUST_USE;
/** A stage by its id alone, of a product that the operator owns. */
enum ward_status ward_find_own_stage(struct ward_store_session *session, struct ward_gateway_call *call,
                                     struct ward_span id, struct ward_found_path *ret) WARD_MUST_USE;

/* ---- gateway.c: change entries ---- */

/** Log a change to an object of a product's or plan's owner. */
enum ward_status ward_gateway_log(struct ward_store_session *session, const struct ward_operator *who,
                                  enum ward_object_kind kind, const struct ward_key_id *id,
                                  const struct ward_uuid *account, const struct ward_uuid *project, const char *action,
                                  const struct ward_members *members) WARD_MUST_USE;
/** The same for a subscription; its owner in the log is the product's. */
enum ward_status ward_gateway_log_subscription(struct ward_store_session *session, const struct ward_operator *who,
                                               const struct ward_product *product, const struct ward_key_id *key,
                                               const char *action, const struct ward_members *members) WARD_MUST_USE;

/* ---- subscriptions.c ---- */

/** End the subscriptions of a key or a product. Their own change entries are its entry: the publisher derives the rest.
 */
enum ward_status ward_service_subscriptions_end(struct ward_store_session *session, const struct ward_operator *who,
                                                const struct ward_key_id *key, const struct ward_key_id *product,
                                                bool is_implicit_only) WARD_MUST_USE;

/* ---- products.c ---- */

/** Announce what putting the stages of a product, and a relation for each, will take. */
enum ward_status ward_service_expect_relations(struct ward_store_session *session, struct ward_service *service,
                                               const struct ward_key_id *product) WARD_MUST_USE;

#endif
