/* Usage plans: contracts/ncp.md 6.2. */
#include "surface/ncp/errors.h"
#include "surface/ncp/handlers.h"
#include "surface/ncp/shapes.h"

static enum ward_handled answer_plan(struct ward_ncp_call *call, int status, const struct ward_usage_plan *plan)
{
    struct ward_json_writer writer = ward_ncp_answer(call, status);
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "usagePlan");
    ward_ncp_write_plan(&writer, call, plan);
    ward_json_end_object(&writer);
    return ward_ncp_end(call);
}

enum ward_handled ward_ncp_plan_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_usage_plan plan = { 0 };
    enum ward_status status = ward_service_plan_get(&call.gateway, request->parameters[0], &plan);
    return status == WARD_OK ? answer_plan(&call, 200, &plan) : ward_ncp_refused(&call, status, NULL);
}

enum ward_handled ward_ncp_plan_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    struct ward_usage_plan_input input = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &input.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    ward_ncp_read_plan(body, &input);
    struct ward_usage_plan plan = { 0 };
    enum ward_status status = ward_service_plan_create(&call.gateway, &input, &plan);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, &input.problems);
    }
    ward_surface_receipt(request, reply, &call.gateway.receipt);
    return answer_plan(&call, 201, &plan);
}

enum ward_handled ward_ncp_plan_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    struct ward_usage_plan_input input = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &input.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    ward_ncp_read_plan(body, &input);
    struct ward_usage_plan plan = { 0 };
    enum ward_status status = ward_service_plan_update(&call.gateway, request->parameters[0], &input, &plan);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, &input.problems);
    }
    ward_surface_receipt(request, reply, &call.gateway.receipt);
    return answer_plan(&call, 200, &plan);
}

enum ward_handled ward_ncp_plan_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin_write(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    enum ward_status status = ward_service_plan_delete(&call.gateway, request->parameters[0]);
    return status == WARD_OK ? ward_ncp_empty(&call, 204) : ward_ncp_refused(&call, status, NULL);
}

/* ---- lists ---- */

static enum ward_status write_plan(const struct ward_usage_plan *plan, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_plan(rows->writer, rows->call, plan);
    return ward_ncp_row_status(rows);
}

static enum ward_status write_plan_brief(const struct ward_usage_plan *plan, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_plan_brief(rows->writer, rows->call, plan);
    return ward_ncp_row_status(rows);
}

static enum ward_status write_plan_stage(const struct ward_plan_stage *stage, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_plan_stage(rows->writer, stage);
    return ward_ncp_row_status(rows);
}

enum ward_handled ward_ncp_plan_search(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin(request, reply, &call) || !ward_ncp_body(&call, &call.gateway.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_plan_page query = { 0 };
    ward_ncp_read_page(&call.gateway.problems, body, &query.page);
    query.has_name = ward_ncp_read_text(&call.gateway.problems, body, "usagePlanName", &query.name);
    struct ward_ncp_list list;
    ward_ncp_list_begin(&call, "usagePlans", &list);
    enum ward_status status = ward_service_plan_list(&call.gateway, &query, write_plan, &list.rows);
    return ward_ncp_list_end(&call, &list, status, &query.totals, true);
}

enum ward_handled ward_ncp_plan_of_stage(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_plan_page query = { 0 };
    struct ward_span stage = WARD_SPAN_NONE;
    bool has_stage = ward_ncp_query_text(&call, "stageId", &stage);
    bool is_associated = ward_ncp_query_boolean(&call, "associated", true);
    ward_ncp_query_page(&call, &query.page);
    struct ward_ncp_list list;
    ward_ncp_list_begin(&call, "usagePlans", &list);
    enum ward_status status = ward_service_plan_of_stage_id(&call.gateway, has_stage, stage, is_associated, &query,
                                                            write_plan_brief, &list.rows);
    return ward_ncp_list_end(&call, &list, status, &query.totals, false);
}

enum ward_handled ward_ncp_plan_stages(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_plan_stage_page query = { 0 };
    ward_ncp_query_page(&call, &query.page);
    query.has_name = ward_ncp_query_text(&call, "name", &query.name);
    struct ward_usage_plan plan = { 0 };
    struct ward_json_writer writer = ward_ncp_answer(&call, 200);
    struct ward_ncp_rows rows = { .writer = &writer, .call = &call };
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "stages");
    ward_json_begin_array(&writer);
    enum ward_status status = ward_service_plan_stages(&call.gateway, request->parameters[0], &query, &plan,
                                                       write_plan_stage, &rows);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, NULL);
    }
    ward_json_end_array(&writer);
    ward_json_member_int(&writer, "total", query.totals.total);
    ward_json_key(&writer, "usagePlan");
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "domainCode", ward_span_of(call.domain_code));
    ward_ncp_write_terms(&writer, &plan.terms);
    ward_json_end_object(&writer);
    ward_json_end_object(&writer);
    return ward_ncp_end(&call);
}

enum ward_handled ward_ncp_stage_plans(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_stage_path path = ward_ncp_stage_path(request);
    struct ward_plan_page query = { 0 };
    ward_ncp_query_page(&call, &query.page);
    query.has_name = ward_ncp_query_text(&call, "usagePlanName", &query.name);
    struct ward_stage stage = { 0 };
    struct ward_json_writer writer = ward_ncp_answer(&call, 200);
    struct ward_ncp_rows rows = { .writer = &writer, .call = &call };
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "content");
    ward_json_begin_array(&writer);
    enum ward_status status = ward_service_stage_plans(&call.gateway, &path, &query, &stage, write_plan, &rows);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, NULL);
    }
    ward_json_end_array(&writer);
    ward_json_member_int(&writer, "total", query.totals.total);
    ward_ncp_write_terms(&writer, &stage.terms);
    ward_json_end_object(&writer);
    return ward_ncp_end(&call);
}

/* ---- attaching ---- */

typedef enum ward_status (*plan_binding)(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                         bool has_plan, struct ward_span plan);

static enum ward_handled bind_plan(struct ward_http_request *request, struct ward_http_reply *reply, plan_binding bind)
{
    struct ward_ncp_call call;
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &call.gateway.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_stage_path path = ward_ncp_stage_path(request);
    struct ward_span plan = WARD_SPAN_NONE;
    bool has_plan = ward_surface_text(&call.gateway.problems, body, "usagePlanId", false, &plan);
    enum ward_status status = bind(&call.gateway, &path, has_plan, plan);
    return status == WARD_OK ? ward_ncp_empty(&call, 204) : ward_ncp_refused(&call, status, NULL);
}

enum ward_handled ward_ncp_stage_associate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return bind_plan(request, reply, ward_service_stage_associate);
}

enum ward_handled ward_ncp_stage_disassociate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return bind_plan(request, reply, ward_service_stage_disassociate);
}
