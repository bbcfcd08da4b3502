/* The handlers that routes.c names, a file each noun. */
#ifndef WARD_SURFACE_NCP_HANDLERS_H
#define WARD_SURFACE_NCP_HANDLERS_H

#include "surface/surface.h"

/* keys.c: section 5 */
enum ward_handled ward_ncp_key_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_key_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_key_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_key_create_begin(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_key_edit(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_key_regenerate(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_key_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_key_search(struct ward_http_request *request, struct ward_http_reply *reply);

/* products.c: sections 6 (overview), 6.2 (terms of a stage), 6.3 */
enum ward_handled ward_ncp_product_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_product_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_product_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_product_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_product_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_product_overview(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_api_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_api_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_api_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_api_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_api_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_stage_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_stage_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_stage_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_stage_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_stage_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_stage_default_terms(struct ward_http_request *request, struct ward_http_reply *reply);

/* plans.c: section 6.2 */
enum ward_handled ward_ncp_plan_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_plan_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_plan_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_plan_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_plan_search(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_plan_of_stage(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_plan_stages(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_stage_plans(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_stage_associate(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_stage_disassociate(struct ward_http_request *request, struct ward_http_reply *reply);

/* subscriptions.c: sections 6, 6.1 */
enum ward_handled ward_ncp_key_products(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_subscribe(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_unsubscribe(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_key_relations(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_product_relations(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_product_keys(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_decide(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_ncp_choose_plan(struct ward_http_request *request, struct ward_http_reply *reply);

#endif
