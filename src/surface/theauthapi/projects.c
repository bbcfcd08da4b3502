/* Projects: contracts/theauthapi.md 6. */
#include "surface/theauthapi/errors.h"
#include "surface/theauthapi/handlers.h"
#include "surface/theauthapi/shapes.h"

static const struct ward_theauthapi_texts texts = {
    .not_found = "Project not found",
    .conflict = "Project already exists",
};

static enum ward_handled answer_project(struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                        const struct ward_project *project, const struct ward_receipt *receipt)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_THEAUTHAPI_JSON);
    ward_theauthapi_write_project(&writer, project);
    if (receipt) {
        ward_surface_receipt(request, reply, receipt);
    }
    return ward_theauthapi_done(request, reply);
}

static enum ward_status write_listed(const struct ward_project *project, void *arg)
{
    struct ward_json_writer *writer = arg;
    ward_theauthapi_write_project(writer, project);
    return writer->out->status;
}

enum ward_handled ward_theauthapi_project_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_problems problems = { 0 };
    struct ward_span account = ward_theauthapi_query_text(request, "accountId", &problems);
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_THEAUTHAPI_JSON);
    ward_json_begin_array(&writer);
    enum ward_status status = ward_service_project_list(ward_theauthapi_service(request), &who, account,
                                                        account.data != NULL, &request->pool, write_listed, &writer,
                                                        &problems);
    ward_json_end_array(&writer);
    if (status == WARD_INVALID || (status == WARD_OK && problems.count > 0)) {
        ward_theauthapi_problem(reply, &problems);
    } else if (status != WARD_OK && reply->body.status == WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &texts);
    }
    return ward_theauthapi_done(request, reply);
}

enum ward_handled ward_theauthapi_project_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_project project = { 0 };
    enum ward_status status = ward_service_project_get(ward_theauthapi_service(request), &who, request->parameters[0],
                                                       &request->pool, &project);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &texts);
    }
    return answer_project(request, reply, 200, &project, NULL);
}

enum ward_handled ward_theauthapi_project_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_project_input input = { 0 };
    enum ward_status status = ward_theauthapi_read_project(request, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &texts);
    }
    struct ward_project project = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_project_create(ward_theauthapi_service(request), &who, &input, &request->pool, &project,
                                         &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, &input.problems, &texts);
    }
    return answer_project(request, reply, 201, &project, &receipt);
}

enum ward_handled ward_theauthapi_project_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_project_input input = { 0 };
    enum ward_status status = ward_theauthapi_read_project(request, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &texts);
    }
    struct ward_project project = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_project_update(ward_theauthapi_service(request), &who, request->parameters[0], &input,
                                         &request->pool, &project, &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, &input.problems, &texts);
    }
    return answer_project(request, reply, 200, &project, &receipt);
}

enum ward_handled ward_theauthapi_project_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    if (!ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &texts);
    }
    struct ward_receipt receipt = { 0 };
    enum ward_status status = ward_service_project_delete(ward_theauthapi_service(request), &who,
                                                          request->parameters[0], &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &texts);
    }
    return ward_theauthapi_true(request, reply, &receipt);
}
