/* Products, APIs and stages: contracts/ncp.md 6, 6.3. */
#include "surface/ncp/errors.h"
#include "surface/ncp/handlers.h"
#include "surface/ncp/shapes.h"

/* ---- products ---- */

static enum ward_handled answer_product(struct ward_ncp_call *call, int status, const struct ward_product *product)
{
    struct ward_json_writer writer = ward_ncp_answer(call, status);
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "product");
    ward_ncp_write_product(&writer, call, product);
    ward_json_end_object(&writer);
    return ward_ncp_end(call);
}

static enum ward_status write_product(const struct ward_product *product, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_product(rows->writer, rows->call, product);
    return ward_ncp_row_status(rows);
}

enum ward_handled ward_ncp_product_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_product_page query = { 0 };
    ward_ncp_query_page(&call, &query.page);
    query.has_name = ward_ncp_query_text(&call, "productName", &query.name);
    struct ward_json_writer writer = ward_ncp_answer(&call, 200);
    struct ward_ncp_rows rows = { .writer = &writer, .call = &call };
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "productPage");
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "content");
    ward_json_begin_array(&writer);
    enum ward_status status = ward_service_product_list(&call.gateway, &query, write_product, &rows);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, NULL);
    }
    ward_json_end_array(&writer);
    ward_json_member_int(&writer, "total", query.totals.total);
    ward_json_end_object(&writer);
    ward_json_member_int(&writer, "initialCount", query.totals.initial);
    ward_json_end_object(&writer);
    return ward_ncp_end(&call);
}

enum ward_handled ward_ncp_product_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_product product = { 0 };
    enum ward_status status = ward_service_product_get(&call.gateway, request->parameters[0], &product);
    return status == WARD_OK ? answer_product(&call, 200, &product) : ward_ncp_refused(&call, status, NULL);
}

enum ward_handled ward_ncp_product_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    struct ward_product_input input = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &input.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    ward_ncp_read_product(body, &input);
    struct ward_product product = { 0 };
    enum ward_status status = ward_service_product_create(&call.gateway, &input, &product);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, &input.problems);
    }
    ward_surface_receipt(request, reply, &call.gateway.receipt);
    return answer_product(&call, 201, &product);
}

enum ward_handled ward_ncp_product_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    struct ward_product_input input = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &input.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    ward_ncp_read_product(body, &input);
    struct ward_product product = { 0 };
    enum ward_status status = ward_service_product_update(&call.gateway, request->parameters[0], &input, &product);
    return status == WARD_OK ? ward_ncp_empty(&call, 204) : ward_ncp_refused(&call, status, &input.problems);
}

enum ward_handled ward_ncp_product_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin_write(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    enum ward_status status = ward_service_product_delete(&call.gateway, request->parameters[0]);
    return status == WARD_OK ? ward_ncp_empty(&call, 204) : ward_ncp_refused(&call, status, NULL);
}

/* ---- overview ---- */

struct overview {
    struct ward_json_writer writer;
    const struct ward_ncp_call *call;
    struct ward_product_overview counts;
    struct ward_key_id api; /* the one whose stages are being written */
    bool has_counts;
};

static void write_counts(struct overview *overview)
{
    struct ward_json_writer *writer = &overview->writer;
    const int64_t *keys = overview->counts.keys;
    overview->has_counts = true;
    ward_json_key(writer, "apiKeyCountInfo");
    ward_json_begin_object(writer);
    ward_json_member_int(writer, "accepted", keys[WARD_SUBSCRIPTION_ACCEPTED]);
    ward_json_member_int(writer, "denied", keys[WARD_SUBSCRIPTION_DENY] + keys[WARD_SUBSCRIPTION_BLOCKED_REQUEST]);
    ward_json_member_int(writer, "rejected", keys[WARD_SUBSCRIPTION_REJECTED]);
    ward_json_member_int(writer, "request", keys[WARD_SUBSCRIPTION_REQUEST]);
    ward_json_member_int(writer, "total", overview->counts.total);
    ward_json_end_object(writer);
    ward_json_key(writer, "apis");
    ward_json_begin_array(writer);
}

static void end_api(struct overview *overview)
{
    if (overview->api.text[0]) {
        ward_json_end_array(&overview->writer);
        ward_json_end_object(&overview->writer);
    }
}

static void begin_api(struct overview *overview, const struct ward_api *api)
{
    struct ward_json_writer *writer = &overview->writer;
    end_api(overview);
    overview->api = api->id;
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "apiId", &api->id);
    ward_json_member_string(writer, "apiName", api->name);
    ward_json_member_string(writer, "domainCode", ward_span_of(overview->call->domain_code));
    ward_json_member_int(writer, "methodsCount", 0); /* Ward knows no methods */
    ward_json_key(writer, "stages");
    ward_json_begin_array(writer);
}

static enum ward_status write_api_stage(const struct ward_api *api, const struct ward_stage *stage, void *arg)
{
    struct overview *overview = arg;
    struct ward_json_writer *writer = &overview->writer;
    if (!overview->has_counts) {
        write_counts(overview);
    }
    if (memcmp(overview->api.text, api->id.text, WARD_KEY_ID_CHARS) != 0) {
        begin_api(overview, api);
    }
    if (stage) {
        ward_json_begin_object(writer);
        ward_ncp_member_id(writer, "stageId", &stage->id);
        ward_json_member_string(writer, "stageName", stage->name);
        ward_json_member_null(writer, "deployedStageDeploymentNo"); /* nothing is deployed: Ward forwards nothing */
        ward_json_member_null(writer, "host");
        ward_json_end_object(writer);
    }
    return writer->out->status;
}

enum ward_handled ward_ncp_product_overview(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct overview overview = { .writer = ward_ncp_answer(&call, 200), .call = &call };
    ward_json_begin_object(&overview.writer);
    enum ward_status status = ward_service_product_overview(&call.gateway, request->parameters[0], &overview.counts,
                                                            write_api_stage, &overview);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, NULL);
    }
    if (!overview.has_counts) {
        write_counts(&overview);
    }
    end_api(&overview);
    ward_json_end_array(&overview.writer);
    ward_json_end_object(&overview.writer);
    return ward_ncp_end(&call);
}

/* ---- APIs ---- */

static enum ward_handled answer_api(struct ward_ncp_call *call, int status, const struct ward_api *api)
{
    struct ward_json_writer writer = ward_ncp_answer(call, status);
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "api");
    ward_ncp_write_api(&writer, call, api);
    ward_json_end_object(&writer);
    return ward_ncp_end(call);
}

static enum ward_status write_api(const struct ward_api *api, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_api(rows->writer, rows->call, api);
    return ward_ncp_row_status(rows);
}

enum ward_handled ward_ncp_api_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_stage_path path = ward_ncp_stage_path(request);
    struct ward_plain_page query = { 0 };
    ward_ncp_query_page(&call, &query.page);
    struct ward_ncp_list list;
    ward_ncp_list_begin(&call, "apis", &list);
    enum ward_status status = ward_service_api_list(&call.gateway, &path, &query, write_api, &list.rows);
    return ward_ncp_list_end(&call, &list, status, &query.totals, false);
}

enum ward_handled ward_ncp_api_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_stage_path path = ward_ncp_stage_path(request);
    struct ward_api api = { 0 };
    enum ward_status status = ward_service_api_get(&call.gateway, &path, &api);
    return status == WARD_OK ? answer_api(&call, 200, &api) : ward_ncp_refused(&call, status, NULL);
}

enum ward_handled ward_ncp_api_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    struct ward_api_input input = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &input.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    ward_ncp_read_api(body, &input);
    struct ward_stage_path path = ward_ncp_stage_path(request);
    struct ward_api api = { 0 };
    enum ward_status status = ward_service_api_create(&call.gateway, &path, &input, &api);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, &input.problems);
    }
    ward_surface_receipt(request, reply, &call.gateway.receipt);
    return answer_api(&call, 201, &api);
}

enum ward_handled ward_ncp_api_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    struct ward_api_input input = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &input.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    ward_ncp_read_api(body, &input);
    struct ward_stage_path path = ward_ncp_stage_path(request);
    struct ward_api api = { 0 };
    enum ward_status status = ward_service_api_update(&call.gateway, &path, &input, &api);
    return status == WARD_OK ? ward_ncp_empty(&call, 204) : ward_ncp_refused(&call, status, &input.problems);
}

enum ward_handled ward_ncp_api_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin_write(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_stage_path path = ward_ncp_stage_path(request);
    enum ward_status status = ward_service_api_delete(&call.gateway, &path);
    return status == WARD_OK ? ward_ncp_empty(&call, 204) : ward_ncp_refused(&call, status, NULL);
}

/* ---- stages ---- */

static enum ward_handled answer_stage(struct ward_ncp_call *call, int status, const struct ward_stage *stage)
{
    struct ward_json_writer writer = ward_ncp_answer(call, status);
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "stage");
    ward_ncp_write_stage(&writer, call, stage);
    ward_json_end_object(&writer);
    return ward_ncp_end(call);
}

static enum ward_status write_stage(const struct ward_stage *stage, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_stage(rows->writer, rows->call, stage);
    return ward_ncp_row_status(rows);
}

enum ward_handled ward_ncp_stage_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_stage_path path = ward_ncp_stage_path(request);
    struct ward_plain_page query = { 0 };
    ward_ncp_query_page(&call, &query.page);
    struct ward_ncp_list list;
    ward_ncp_list_begin(&call, "stages", &list);
    enum ward_status status = ward_service_stage_list(&call.gateway, &path, &query, write_stage, &list.rows);
    return ward_ncp_list_end(&call, &list, status, &query.totals, false);
}

enum ward_handled ward_ncp_stage_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_stage_path path = ward_ncp_stage_path(request);
    struct ward_stage stage = { 0 };
    enum ward_status status = ward_service_stage_get(&call.gateway, &path, &stage);
    return status == WARD_OK ? answer_stage(&call, 200, &stage) : ward_ncp_refused(&call, status, NULL);
}

typedef enum ward_status (*stage_change)(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                         struct ward_stage_input *input, struct ward_stage *ret);

static enum ward_handled change_stage(struct ward_http_request *request, struct ward_http_reply *reply, int success,
                                      stage_change change)
{
    struct ward_ncp_call call;
    struct ward_stage_input input = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &input.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    ward_ncp_read_stage(body, &input);
    struct ward_stage_path path = ward_ncp_stage_path(request);
    struct ward_stage stage = { 0 };
    enum ward_status status = change(&call.gateway, &path, &input, &stage);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, &input.problems);
    }
    ward_surface_receipt(request, reply, &call.gateway.receipt);
    return answer_stage(&call, success, &stage);
}

enum ward_handled ward_ncp_stage_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return change_stage(request, reply, 201, ward_service_stage_create);
}

enum ward_handled ward_ncp_stage_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return change_stage(request, reply, 200, ward_service_stage_update);
}

enum ward_handled ward_ncp_stage_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin_write(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_stage_path path = ward_ncp_stage_path(request);
    enum ward_status status = ward_service_stage_delete(&call.gateway, &path);
    return status == WARD_OK ? ward_ncp_empty(&call, 204) : ward_ncp_refused(&call, status, NULL);
}

enum ward_handled ward_ncp_stage_default_terms(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &call.gateway.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_terms_input terms = { 0 };
    ward_ncp_read_terms(&call.gateway.problems, body, &terms);
    struct ward_stage_path path = ward_ncp_stage_path(request);
    struct ward_stage stage = { 0 };
    enum ward_status status = ward_service_stage_default_terms(&call.gateway, &path, &terms, &stage);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, NULL);
    }
    ward_surface_receipt(request, reply, &call.gateway.receipt);
    return answer_stage(&call, 200, &stage);
}
