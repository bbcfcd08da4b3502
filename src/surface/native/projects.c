/* Projects for the CLI. Served on the control socket only. */
#include "surface/native/handlers.h"
#include "surface/native/objects.h"

static enum ward_handled answer_project(struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                        const struct ward_project *project, const struct ward_receipt *receipt)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_NATIVE_JSON);
    ward_native_write_project(&writer, project);
    ward_surface_receipt(request, reply, receipt);
    return WARD_REPLIED;
}

static enum ward_status write_listed(const struct ward_project *project, void *arg)
{
    struct ward_json_writer *writer = arg;
    ward_native_write_project(writer, project);
    return writer->out->status;
}

enum ward_handled ward_native_project_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_problems problems = { 0 };
    struct ward_span account = ward_native_query(request, "accountId", &problems);
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_NATIVE_JSON);
    ward_json_begin_array(&writer);
    enum ward_status status = ward_service_project_list(ward_native_service(request), &who, account,
                                                        account.data != NULL, &request->pool, write_listed, &writer,
                                                        &problems);
    ward_json_end_array(&writer);
    return ward_native_list_end(request, reply, problems.count > 0 ? WARD_INVALID : status, &problems);
}

static enum ward_status read_body(struct ward_http_request *request, const char *const *members,
                                  struct ward_project_input *ret)
{
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_native_body(request, members, &ret->problems, &body);
    if (status != WARD_OK) {
        return status;
    }
    ret->has_name = ward_surface_text(&ret->problems, body, "name", false, &ret->name);
    ret->has_account = ward_surface_text(&ret->problems, body, "accountId", false, &ret->account);
    ret->has_env = ward_surface_text(&ret->problems, body, "env", false, &ret->env);
    return WARD_OK;
}

enum ward_handled ward_native_project_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    static const char *const members[] = { "name", "accountId", "env", NULL };
    struct ward_operator who = ward_operator_local();
    struct ward_project_input input = { 0 };
    enum ward_status status = read_body(request, members, &input);
    if (status == WARD_OK && !input.has_account && input.problems.count == 0) {
        status = ward_native_only_account(request, &who, &input.account);
        input.has_account = input.account.data != NULL;
    }
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    if (!ward_surface_reserve(reply)) {
        return ward_native_fail(request, reply, WARD_NO_MEMORY, NULL);
    }
    struct ward_project project = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_project_create(ward_native_service(request), &who, &input, &request->pool, &project,
                                         &receipt);
    return status == WARD_OK ? answer_project(request, reply, 201, &project, &receipt)
                             : ward_native_fail(request, reply, status, &input.problems);
}

enum ward_handled ward_native_project_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    static const char *const members[] = { "name", NULL };
    struct ward_operator who = ward_operator_local();
    struct ward_project_input input = { 0 };
    enum ward_status status = read_body(request, members, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_native_fail(request, reply, WARD_NO_MEMORY, NULL);
    }
    struct ward_project project = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_project_update(ward_native_service(request), &who, request->parameters[0], &input,
                                         &request->pool, &project, &receipt);
    return status == WARD_OK ? answer_project(request, reply, 200, &project, &receipt)
                             : ward_native_fail(request, reply, status, &input.problems);
}

enum ward_handled ward_native_project_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_receipt receipt = { 0 };
    if (!ward_surface_reserve(reply)) {
        return ward_native_fail(request, reply, WARD_NO_MEMORY, NULL);
    }
    enum ward_status status = ward_service_project_delete(ward_native_service(request), &who, request->parameters[0],
                                                          &receipt);
    return status == WARD_OK ? ward_native_deleted(request, reply, &receipt)
                             : ward_native_fail(request, reply, status, NULL);
}
