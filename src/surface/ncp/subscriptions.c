/* Which key may use which product, under which plan, and what it has used: contracts/ncp.md 6, 6.1. */
#include "surface/ncp/errors.h"
#include "surface/ncp/handlers.h"
#include "surface/ncp/shapes.h"

/* ---- a key's owner ---- */

static enum ward_status write_key_product(const struct ward_key_product *row, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_key_product(rows->writer, row);
    return ward_ncp_row_status(rows);
}

enum ward_handled ward_ncp_key_products(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_plain_page query = { 0 };
    ward_ncp_query_page(&call, &query.page);
    struct ward_ncp_list list;
    ward_ncp_list_begin(&call, "apiKeyRelateProductDtos", &list);
    enum ward_status status = ward_service_key_products(&call.gateway, request->parameters[0], &query,
                                                        write_key_product, &list.rows);
    return ward_ncp_list_end(&call, &list, status, &query.totals, false);
}

typedef enum ward_status (*subscription_change)(struct ward_gateway_call *call, struct ward_span key, bool has_product,
                                                struct ward_span product);

/** 200 with an empty body, as the contract has it. */
static enum ward_handled change_subscription(struct ward_http_request *request, struct ward_http_reply *reply,
                                             subscription_change change)
{
    struct ward_ncp_call call;
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &call.gateway.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_span product = WARD_SPAN_NONE;
    bool has_product = ward_surface_text(&call.gateway.problems, body, "productId", false, &product);
    enum ward_status status = change(&call.gateway, request->parameters[0], has_product, product);
    if (status == WARD_CONFLICT) {
        return ward_ncp_error(reply, WARD_NCP_BAD_REQUEST,
                              WARD_SPAN("The subscription was refused by the product's owner."), "conflict");
    }
    return status == WARD_OK ? ward_ncp_empty(&call, 200) : ward_ncp_refused(&call, status, NULL);
}

enum ward_handled ward_ncp_subscribe(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return change_subscription(request, reply, ward_service_subscription_create);
}

enum ward_handled ward_ncp_unsubscribe(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return change_subscription(request, reply, ward_service_subscription_delete);
}

/* ---- relations: section 6.1 ---- */

static enum ward_status write_relation(const struct ward_relation *relation, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_relation(rows->writer, rows->call, relation);
    return ward_ncp_row_status(rows);
}

static enum ward_handled answer_relations(struct ward_ncp_call *call, enum ward_relation_side side,
                                          struct ward_relation_query *query)
{
    (void)ward_ncp_query_text(call, "apiId", &query->api);
    (void)ward_ncp_query_text(call, "stageId", &query->stage);
    ward_ncp_query_page(call, &query->page);
    struct ward_json_writer writer = ward_ncp_answer(call, 200);
    struct ward_ncp_rows rows = { .writer = &writer, .call = call };
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "apiKeyRelations");
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "content");
    ward_json_begin_array(&writer);
    enum ward_status status = ward_service_relations(&call->gateway, side, query, write_relation, &rows);
    if (status != WARD_OK) {
        return ward_ncp_refused(call, status, NULL);
    }
    ward_json_end_array(&writer);
    ward_json_member_int(&writer, "total", query->totals.total);
    ward_json_end_object(&writer);
    ward_json_end_object(&writer);
    return ward_ncp_end(call);
}

enum ward_handled ward_ncp_key_relations(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_relation_query query = { .has_key = true, .key = request->parameters[0] };
    query.has_product = ward_ncp_query_text(&call, "productId", &query.product);
    return answer_relations(&call, WARD_RELATION_OF_KEY, &query);
}

enum ward_handled ward_ncp_product_relations(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_relation_query query = { .has_product = true, .product = request->parameters[0] };
    query.has_key = ward_ncp_query_text(&call, "apiKeyId", &query.key);
    return answer_relations(&call, WARD_RELATION_OF_PRODUCT, &query);
}

/* ---- a product's owner ---- */

static enum ward_status write_product_key(const struct ward_product_key *row, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_product_key(rows->writer, rows->call, row);
    return ward_ncp_row_status(rows);
}

enum ward_handled ward_ncp_product_keys(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin(request, reply, &call) || !ward_ncp_body(&call, &call.gateway.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_problems *problems = &call.gateway.problems;
    struct ward_product_key_search query = { 0 };
    (void)ward_ncp_read_text(problems, body, "apiKeyValue", &query.key_value);
    (void)ward_ncp_read_text(problems, body, "apiKeyId", &query.key_id);
    ward_ncp_read_statuses(problems, body, &query.statuses);
    ward_ncp_read_page(problems, body, &query.page);
    struct ward_json_writer writer = ward_ncp_answer(&call, 200);
    struct ward_ncp_rows rows = { .writer = &writer, .call = &call };
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "apiKeyPage");
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "content");
    ward_json_begin_array(&writer);
    enum ward_status status = ward_service_product_keys(&call.gateway, request->parameters[0], &query,
                                                        write_product_key, &rows);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, NULL);
    }
    ward_json_end_array(&writer);
    ward_json_member_int(&writer, "total", query.totals.total);
    ward_json_end_object(&writer);
    ward_json_end_object(&writer);
    return ward_ncp_end(&call);
}

enum ward_handled ward_ncp_decide(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &call.gateway.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_span text = WARD_SPAN_NONE;
    bool has_status = ward_surface_text(&call.gateway.problems, body, "status", false, &text);
    enum ward_status status = ward_service_subscription_decide(&call.gateway, request->parameters[0],
                                                               request->parameters[1], has_status, text);
    return status == WARD_OK ? ward_ncp_empty(&call, 204) : ward_ncp_refused(&call, status, NULL);
}

/** An absent or null usagePlanId takes the key back to the stage's own terms. */
enum ward_handled ward_ncp_choose_plan(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &call.gateway.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_span plan = WARD_SPAN_NONE;
    bool has_plan = ward_ncp_read_text(&call.gateway.problems, body, "usagePlanId", &plan);
    enum ward_status status = ward_service_subscription_choose_plan(
        &call.gateway, request->parameters[0], request->parameters[1], request->parameters[2], has_plan, plan);
    return status == WARD_OK ? ward_ncp_empty(&call, 204) : ward_ncp_refused(&call, status, NULL);
}
