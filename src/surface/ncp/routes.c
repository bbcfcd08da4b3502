/* NCP's API Gateway as a table: every path of contracts/ncp.md 5, 6 to 6.3, and who answers it. */
#include "surface/ncp/call.h"
#include "surface/ncp/errors.h"
#include "surface/ncp/handlers.h"
#include "surface/ncp/ncp.h"

#define DOORS ((1U << WARD_LISTENER_TCP) | (1U << WARD_LISTENER_UNIX))

/* Every route has a worker's part, the ones that only read too: a signature needs the store now and then. */
#define ROUTE(verb, route_path, handler, id, text)                                                                     \
    {                                                                                                                  \
        .method = WARD_##verb, .path = "/api/v1" route_path, .handle = (handler), .body_max = WARD_BODY_NCP_MAX,       \
        .name = (id), .summary = (text), .listeners = DOORS                                                            \
    }
#define PRODUCT "/products/{product-id}"
#define API     PRODUCT "/apis/{api-id}"
#define STAGE   API "/stages/{stage-id}"

static const struct ward_http_route routes[] = {
    /* 5 */
    { .method = WARD_POST,
      .path = "/api/v1/api-keys",
      .handle = ward_ncp_key_create,
      .begin = ward_ncp_key_create_begin,
      .body_max = WARD_BODY_NCP_MAX,
      .name = "ncpCreateApiKey",
      .summary = "Create an API key with two values.",
      .listeners = DOORS },
    ROUTE(GET, "/api-keys", ward_ncp_key_list, "ncpListApiKeys", "List API keys."),
    ROUTE(POST, "/api-keys/search", ward_ncp_key_search, "ncpSearchApiKeys",
          "List own API keys and how they stand to a product."),
    ROUTE(GET, "/api-keys/{api-key-id}", ward_ncp_key_get, "ncpGetApiKey", "Read an API key with both values."),
    ROUTE(PUT, "/api-keys/{api-key-id}", ward_ncp_key_edit, "ncpEditApiKey", "Rename, enable or disable an API key."),
    ROUTE(PATCH, "/api-keys/{api-key-id}", ward_ncp_key_regenerate, "ncpRegenerateApiKey",
          "Replace one of an API key's values."),
    ROUTE(DELETE, "/api-keys/{api-key-id}", ward_ncp_key_delete, "ncpDeleteApiKey", "Delete an API key for good."),

    /* 6 */
    ROUTE(GET, "/api-keys/{api-key-id}/products", ward_ncp_key_products, "ncpListKeyProducts",
          "List the products an API key stands in a relation to."),
    ROUTE(POST, "/api-keys/{api-key-id}/subscribe", ward_ncp_subscribe, "ncpSubscribe",
          "Subscribe an API key to a product."),
    ROUTE(POST, "/api-keys/{api-key-id}/unsubscribe", ward_ncp_unsubscribe, "ncpUnsubscribe",
          "End an API key's subscription."),
    ROUTE(GET, "/api-keys/{api-key-id}/subscription-detail", ward_ncp_key_relations, "ncpKeySubscriptionDetail",
          "Plans and usage of an API key in a product."),
    ROUTE(GET, PRODUCT "/subscription-detail", ward_ncp_product_relations, "ncpProductSubscriptionDetail",
          "The same, for the product's owner."),
    ROUTE(POST, PRODUCT "/api-keys/search", ward_ncp_product_keys, "ncpSearchProductKeys",
          "List the API keys of a product."),
    ROUTE(PATCH, PRODUCT "/api-keys/{api-key-id}", ward_ncp_decide, "ncpDecideSubscription",
          "Accept or reject an API key."),
    ROUTE(PUT, PRODUCT "/api-keys/{api-key-id}/stages/{stage-id}", ward_ncp_choose_plan, "ncpChooseUsagePlan",
          "Give an API key a usage plan on a stage."),
    ROUTE(GET, PRODUCT "/overview", ward_ncp_product_overview, "ncpProductOverview",
          "Count a product's API keys and list its APIs and stages."),

    /* 6.2 */
    ROUTE(POST, "/usage-plans", ward_ncp_plan_create, "ncpCreateUsagePlan", "Create a usage plan."),
    ROUTE(GET, "/usage-plans", ward_ncp_plan_of_stage, "ncpListStageUsagePlans",
          "List the usage plans that a stage has, or has not."),
    ROUTE(POST, "/usage-plans/search", ward_ncp_plan_search, "ncpSearchUsagePlans", "List usage plans."),
    ROUTE(GET, "/usage-plans/{usage-plan-id}", ward_ncp_plan_get, "ncpGetUsagePlan", "Read a usage plan."),
    ROUTE(PUT, "/usage-plans/{usage-plan-id}", ward_ncp_plan_update, "ncpEditUsagePlan", "Change a usage plan."),
    ROUTE(DELETE, "/usage-plans/{usage-plan-id}", ward_ncp_plan_delete, "ncpDeleteUsagePlan", "Delete a usage plan."),
    ROUTE(GET, "/usage-plans/{usage-plan-id}/stages", ward_ncp_plan_stages, "ncpListUsagePlanStages",
          "List the stages that have a usage plan."),
    ROUTE(POST, STAGE "/associate-usage-plan", ward_ncp_stage_associate, "ncpAssociateUsagePlan",
          "Attach a usage plan to a stage."),
    ROUTE(POST, STAGE "/disassociate-usage-plan", ward_ncp_stage_disassociate, "ncpDisassociateUsagePlan",
          "Detach a usage plan from a stage."),
    ROUTE(PUT, STAGE "/usage-plan", ward_ncp_stage_default_terms, "ncpSetStageTerms",
          "Set the terms of API keys without a plan on a stage."),
    ROUTE(GET, STAGE "/usage-plans", ward_ncp_stage_plans, "ncpListUsagePlansOfStage",
          "List the usage plans of a stage with its own terms."),

    /* 6.3 */
    ROUTE(POST, "/products", ward_ncp_product_create, "ncpCreateProduct", "Create a product."),
    ROUTE(GET, "/products", ward_ncp_product_list, "ncpListProducts", "List own products."),
    ROUTE(GET, PRODUCT, ward_ncp_product_get, "ncpGetProduct", "Read a product."),
    ROUTE(PATCH, PRODUCT, ward_ncp_product_update, "ncpEditProduct", "Change a product."),
    ROUTE(DELETE, PRODUCT, ward_ncp_product_delete, "ncpDeleteProduct",
          "Delete a product with its APIs, stages and subscriptions."),
    ROUTE(POST, PRODUCT "/apis", ward_ncp_api_create, "ncpCreateApi", "Create an API in a product."),
    ROUTE(GET, PRODUCT "/apis", ward_ncp_api_list, "ncpListApis", "List the APIs of a product."),
    ROUTE(GET, API, ward_ncp_api_get, "ncpGetApi", "Read an API."),
    ROUTE(PATCH, API, ward_ncp_api_update, "ncpEditApi", "Change an API."),
    ROUTE(DELETE, API, ward_ncp_api_delete, "ncpDeleteApi", "Delete an API with its stages."),
    ROUTE(POST, API "/stages", ward_ncp_stage_create, "ncpCreateStage", "Create a stage of an API."),
    ROUTE(GET, API "/stages", ward_ncp_stage_list, "ncpListStages", "List the stages of an API."),
    ROUTE(GET, STAGE, ward_ncp_stage_get, "ncpGetStage", "Read a stage."),
    ROUTE(PUT, STAGE, ward_ncp_stage_update, "ncpEditStage", "Change a stage."),
    ROUTE(DELETE, STAGE, ward_ncp_stage_delete, "ncpDeleteStage", "Delete a stage."),
};

/** contracts/ncp.md 4.4: who calls is told before a path or method is said not to exist. */
static enum ward_handled refuse_unknown(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (ward_ncp_caller(request, reply, &who)) {
        ward_ncp_refuse(request, 404, "no_route", reply);
    }
    return ward_ncp_done(request, reply);
}

static const struct ward_http_route otherwise = {
    .path = "/api/v1", .handle = refuse_unknown, .body_max = WARD_BODY_NCP_MAX, .name = "ncpUnknown", .listeners = DOORS
};

const struct ward_http_surface ward_ncp_surface = {
    .name = "ncp",
    .prefix = "/api/v1",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
    .collapses_slashes = true,
    .otherwise = &otherwise,
    .refuse = ward_ncp_refuse,
};
