/* Environments for the CLI. Served on the control socket only. */
#include "service/environments.h"

#include "surface/native/handlers.h"
#include "surface/native/objects.h"

static enum ward_handled answer_environment(struct ward_http_request *request, struct ward_http_reply *reply,
                                            int status, const struct ward_environment *environment,
                                            const struct ward_receipt *receipt)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_NATIVE_JSON);
    ward_native_write_environment(&writer, environment);
    if (receipt) {
        ward_surface_receipt(request, reply, receipt);
    }
    return WARD_REPLIED;
}

static enum ward_status write_listed(const struct ward_environment *environment, void *arg)
{
    struct ward_json_writer *writer = arg;
    ward_native_write_environment(writer, environment);
    return writer->out->status;
}

enum ward_handled ward_native_environment_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_problems problems = { 0 };
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_NATIVE_JSON);
    ward_json_begin_array(&writer);
    enum ward_status status = ward_service_environment_list(ward_native_service(request), &who, &request->pool,
                                                            write_listed, &writer);
    ward_json_end_array(&writer);
    return ward_native_list_end(request, reply, status, &problems);
}

enum ward_handled ward_native_environment_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_environment environment;
    enum ward_status status = ward_service_environment_get(ward_native_service(request), &who, request->parameters[0],
                                                           &request->pool, &environment);
    return status == WARD_OK ? answer_environment(request, reply, 200, &environment, NULL)
                             : ward_native_fail(request, reply, status, NULL);
}

/* ---- input ---- */

/* An array of at most max values, or a problem. NULL: not sent, or wrong. */
static const struct ward_json_value *read_array(struct ward_problems *problems, const struct ward_json_value *body,
                                                const char *member, size_t max)
{
    const struct ward_json_value *value = ward_json_member(body, member);
    enum ward_json_type type = ward_json_type(value);
    if (type == WARD_JSON_ABSENT) {
        return NULL;
    }
    if (type != WARD_JSON_ARRAY) {
        ward_problem_add(problems, member, WARD_RULE_ARRAY, 0, NULL);
        return NULL;
    }
    if (ward_json_count(value) > max) {
        ward_problem_add(problems, member, WARD_RULE_MAX_LENGTH, (int64_t)max, NULL);
        return NULL;
    }
    return value;
}

static enum ward_status read_projects(struct ward_http_request *request, const struct ward_json_value *body,
                                      struct ward_environment_input *ret)
{
    const struct ward_json_value *array = read_array(&ret->problems, body, "projects", WARD_ENVIRONMENT_PROJECTS_MAX);
    if (!array) {
        return WARD_OK;
    }
    size_t count = ward_json_count(array);
    struct ward_span *projects = ward_pool_alloc(&request->pool, (count + 1) * sizeof(*projects));
    if (!projects) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        projects[i] = ward_json_string(ward_json_at(array, i));
        if (!projects[i].data) {
            ward_problem_add(&ret->problems, "projects", WARD_RULE_STRING, 0, NULL);
            return WARD_OK;
        }
    }
    ret->has_projects = true;
    ret->projects = projects;
    ret->project_count = count;
    return WARD_OK;
}

static enum ward_status read_replicas(struct ward_http_request *request, const struct ward_json_value *body,
                                      struct ward_environment_input *ret)
{
    static const char *const members[] = { "name", "directory", NULL };
    const struct ward_json_value *array = read_array(&ret->problems, body, "replicas", WARD_REPLICAS_MAX);
    if (!array) {
        return WARD_OK;
    }
    size_t count = ward_json_count(array);
    struct ward_replica *replicas = ward_pool_alloc(&request->pool, (count + 1) * sizeof(*replicas));
    if (!replicas) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct ward_json_value *item = ward_json_at(array, i);
        if (ward_json_type(item) != WARD_JSON_OBJECT) {
            ward_problem_add(&ret->problems, "replicas", WARD_RULE_OBJECT, 0, NULL);
            return WARD_OK;
        }
        ward_native_strict(request, item, members, &ret->problems);
        (void)ward_surface_text(&ret->problems, item, "name", false, &replicas[i].name);
        (void)ward_surface_text(&ret->problems, item, "directory", true, &replicas[i].directory);
    }
    ret->has_replicas = true;
    ret->replicas = replicas;
    ret->replica_count = count;
    return WARD_OK;
}

static enum ward_status read_body(struct ward_http_request *request, const char *const *members,
                                  struct ward_environment_input *ret)
{
    struct ward_problems *problems = &ret->problems;
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_native_body(request, members, problems, &body);
    if (status != WARD_OK) {
        return status;
    }
    ret->has_account = ward_surface_text(problems, body, "accountId", false, &ret->account);
    ret->has_name = ward_surface_text(problems, body, "name", false, &ret->name);
    ret->has_description = ward_surface_text(problems, body, "description", false, &ret->description);
    ret->has_type = ward_surface_text(problems, body, "type", false, &ret->type);
    ret->has_status = ward_surface_text(problems, body, "status", false, &ret->status);
    ret->has_access_url = ward_surface_text(problems, body, "accessUrl", false, &ret->access_url);
    status = read_projects(request, body, ret);
    return status == WARD_OK ? read_replicas(request, body, ret) : status;
}

/* ---- writes ---- */

enum ward_handled ward_native_environment_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    static const char *const members[] = { "accountId", "name",     "description", "type", "status",
                                           "accessUrl", "projects", "replicas",    NULL };
    struct ward_operator who = ward_operator_local();
    struct ward_environment_input input = { 0 };
    enum ward_status status = read_body(request, members, &input);
    if (status == WARD_OK && !input.has_account && input.problems.count == 0) {
        status = ward_native_only_account(request, &who, &input.account);
        input.has_account = input.account.data != NULL;
    }
    if (status == WARD_OK && !ward_surface_reserve(reply)) {
        status = WARD_NO_MEMORY;
    }
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    struct ward_environment environment;
    struct ward_receipt receipt = { 0 };
    status = ward_service_environment_create(ward_native_service(request), &who, &input, &request->pool, &environment,
                                             &receipt);
    return status == WARD_OK ? answer_environment(request, reply, 201, &environment, &receipt)
                             : ward_native_fail(request, reply, status, &input.problems);
}

enum ward_handled ward_native_environment_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    static const char *const members[] = { "name",      "description", "type",     "status",
                                           "accessUrl", "projects",    "replicas", NULL };
    struct ward_operator who = ward_operator_local();
    struct ward_environment_input input = { 0 };
    enum ward_status status = read_body(request, members, &input);
    if (status == WARD_OK && !ward_surface_reserve(reply)) {
        status = WARD_NO_MEMORY;
    }
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    struct ward_environment environment;
    struct ward_receipt receipt = { 0 };
    status = ward_service_environment_update(ward_native_service(request), &who, request->parameters[0], &input,
                                             &request->pool, &environment, &receipt);
    return status == WARD_OK ? answer_environment(request, reply, 200, &environment, &receipt)
                             : ward_native_fail(request, reply, status, &input.problems);
}

enum ward_handled ward_native_environment_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_receipt receipt = { 0 };
    if (!ward_surface_reserve(reply)) {
        return ward_native_fail(request, reply, WARD_NO_MEMORY, NULL);
    }
    enum ward_status status = ward_service_environment_delete(ward_native_service(request), &who,
                                                              request->parameters[0], &receipt);
    return status == WARD_OK ? ward_native_deleted(request, reply, &receipt)
                             : ward_native_fail(request, reply, status, NULL);
}
