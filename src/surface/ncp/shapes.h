/*
 * NCP's JSON: objects as contracts/ncp.md 2 and 6 order their members, and bodies as its sections 5 and 6 list them.
 * Mapping only: what a value may be is the model's to say. Times are in whole seconds; what there is none of is null,
 * but for texts that the contract gives as "".
 */
#ifndef WARD_SURFACE_NCP_SHAPES_H
#define WARD_SURFACE_NCP_SHAPES_H

#include "surface/ncp/call.h"

/* ---- out: one object each ---- */

/** With both values (ten members), or without (a list's eight): section 2, 5.2. */
void ward_ncp_write_key(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                        const struct ward_api_key *key, bool has_values);
void ward_ncp_write_product(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                            const struct ward_product *product);
void ward_ncp_write_api(struct ward_json_writer *writer, const struct ward_ncp_call *call, const struct ward_api *api);
void ward_ncp_write_stage(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                          const struct ward_stage *stage);
void ward_ncp_write_plan(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                         const struct ward_usage_plan *plan);
/** What GET /usage-plans?stageId= tells of a plan. */
void ward_ncp_write_plan_brief(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                               const struct ward_usage_plan *plan);
void ward_ncp_write_plan_stage(struct ward_json_writer *writer, const struct ward_plan_stage *stage);
/** POST /api-keys/search. */
void ward_ncp_write_own_key(struct ward_json_writer *writer, const struct ward_product_key *row);
/** POST /products/{p}/api-keys/search. */
void ward_ncp_write_product_key(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                                const struct ward_product_key *row);
void ward_ncp_write_key_product(struct ward_json_writer *writer, const struct ward_key_product *row);
/** Section 6.1. */
void ward_ncp_write_relation(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                             const struct ward_relation *relation);

/** The member of an id that names something, or null for the empty one. */
void ward_ncp_member_id(struct ward_json_writer *writer, const char *name, const struct ward_key_id *id);
/** The four members of plan terms, in the order dayQuotaRequest, monthQuotaRequest, rateRps, quotaCondition. */
void ward_ncp_write_terms(struct ward_json_writer *writer, const struct ward_plan_terms *terms);

/* ---- in. What is wrong with a member is added to problems. ---- */

void ward_ncp_read_key(const struct ward_json_value *body, struct ward_key_pair_input *ret);
void ward_ncp_read_product(const struct ward_json_value *body, struct ward_product_input *ret);
void ward_ncp_read_api(const struct ward_json_value *body, struct ward_api_input *ret);
void ward_ncp_read_stage(const struct ward_json_value *body, struct ward_stage_input *ret);
void ward_ncp_read_terms(struct ward_problems *problems, const struct ward_json_value *body,
                         struct ward_terms_input *ret);
void ward_ncp_read_plan(const struct ward_json_value *body, struct ward_usage_plan_input *ret);
void ward_ncp_read_page(struct ward_problems *problems, const struct ward_json_value *body, struct ward_page *ret);
void ward_ncp_read_statuses(struct ward_problems *problems, const struct ward_json_value *body,
                            ward_subscription_statuses *ret);
/** One text; null counts as not sent. True when it was sent and is a text. */
bool ward_ncp_read_text(struct ward_problems *problems, const struct ward_json_value *body, const char *member,
                        struct ward_span *ret);

#endif
