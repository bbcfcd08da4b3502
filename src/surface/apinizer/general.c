/* What is there before any key is: health, projects, environments. contracts/apinizer.md 1, 5. */
#include "service/environments.h"
#include "surface/apinizer/apinizer.h"
#include "surface/apinizer/errors.h"
#include "surface/apinizer/handlers.h"
#include "surface/apinizer/shapes.h"
#include "surface/openapi.h"

static const char *const of_nothing[WARD_PATH_PARAMETERS_MAX] = { NULL };
static const char *const of_name[WARD_PATH_PARAMETERS_MAX] = { "name" };
static const char *const of_project[WARD_PATH_PARAMETERS_MAX] = { "projectName" };

enum ward_handled ward_apinizer_health(struct ward_http_request *request, struct ward_http_reply *reply)
{
    (void)ward_surface_reply(reply, 200, WARD_APINIZER_TEXT);
    ward_buffer_append_text(&reply->body, "OK");
    return ward_apinizer_done(request, reply);
}

enum ward_handled ward_apinizer_hello(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin(request, reply, of_name, &call)) {
        return ward_apinizer_done(request, reply);
    }
    (void)ward_surface_reply(reply, 200, WARD_APINIZER_TEXT);
    ward_buffer_append_text(&reply->body, "Hello ");
    ward_buffer_append(&reply->body, request->parameters[0]);
    return ward_apinizer_done(request, reply);
}

/* JSON is YAML, too: one text for both names. */
enum ward_handled ward_apinizer_openapi(struct ward_http_request *request, struct ward_http_reply *reply)
{
    static const struct ward_http_surface *const surfaces[] = { &ward_apinizer_surface };
    ward_surface_openapi(reply, surfaces, 1, ward_surface_application(request)->version);
    return ward_apinizer_done(request, reply);
}

/* ---- projects ---- */

/* APIOps' projects have no paths and no tags of their own here. */
static enum ward_status write_project(const struct ward_project *project, void *arg)
{
    struct ward_apinizer_list *list = arg;
    char id[WARD_UUID_CHARS + 1];
    ward_uuid_format(&project->id, id);
    ward_json_begin_object(&list->writer);
    ward_json_member_string(&list->writer, "id", ward_span_of(id));
    ward_json_member_string(&list->writer, "name", project->name);
    ward_json_member_null(&list->writer, "description");
    ward_json_member_null(&list->writer, "relativePath");
    ward_json_member_bool(&list->writer, "enableRelativePath", false);
    ward_json_member_raw(&list->writer, "tags", WARD_SPAN("[]"));
    ward_json_end_object(&list->writer);
    return ward_apinizer_list_row(list);
}

enum ward_handled ward_apinizer_project_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin(request, reply, of_nothing, &call)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_problems problems = { .count = 0 };
    struct ward_apinizer_list list;
    ward_apinizer_list_begin(&call, &list);
    enum ward_status status = ward_service_project_list(call.secrets.service, &call.who, WARD_SPAN_NONE, false,
                                                        &request->pool, write_project, &list, &problems);
    /* Who may see no project is a member of none. */
    return ward_apinizer_list_end(&list, status == WARD_FORBIDDEN ? WARD_OK : status);
}

/* ---- environments ---- */

struct environments {
    struct ward_apinizer_list list;
    const struct ward_project *project; /* NULL: all that the operator sees */
};

static enum ward_status write_environment(const struct ward_environment *environment, void *arg)
{
    struct environments *environments = arg;
    const struct ward_project *project = environments->project;
    struct ward_json_writer *writer = &environments->list.writer;
    if (project && !ward_environment_is_open_to(environment, &project->account_id, &project->id)) {
        return WARD_OK;
    }
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "id", ward_object_id_span(&environment->id));
    ward_json_member_string(writer, "name", environment->name);
    ward_json_member_string(writer, "description", environment->description);
    ward_json_member_string(writer, "type", ward_span_of(ward_environment_type_name(environment->type)));
    ward_json_member_string(writer, "accessUrl", environment->access_url);
    ward_json_member_string(writer, "status", ward_span_of(ward_environment_status_name(environment->status)));
    if (project) { /* of a proxy or a group only */
        ward_json_member_null(writer, "deployed");
        ward_json_member_null(writer, "redeployRequired");
    }
    ward_json_end_object(writer);
    return ward_apinizer_list_row(&environments->list);
}

static enum ward_handled list_environments(struct ward_apinizer_call *call, const struct ward_project *project)
{
    struct environments environments = { .project = project };
    ward_apinizer_list_begin(call, &environments.list);
    return ward_apinizer_list_end(&environments.list,
                                  ward_service_environment_list(call->secrets.service, &call->who, &call->request->pool,
                                                                write_environment, &environments));
}

enum ward_handled ward_apinizer_environment_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin(request, reply, of_nothing, &call)) {
        return ward_apinizer_done(request, reply);
    }
    return list_environments(&call, NULL);
}

enum ward_handled ward_apinizer_project_environments(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_project project = { 0 };
    if (!ward_apinizer_begin(request, reply, of_project, &call)) {
        return ward_apinizer_done(request, reply);
    }
    enum ward_status status = ward_service_secrets_project(&call.secrets, &project);
    return status == WARD_OK ? list_environments(&call, &project) : ward_apinizer_refused(&call, status);
}
