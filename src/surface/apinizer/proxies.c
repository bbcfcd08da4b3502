/* API proxies: contracts/apinizer.md 11. */
#include "surface/apinizer/errors.h"
#include "surface/apinizer/handlers.h"
#include "surface/apinizer/shapes.h"

static const char *const of_project[WARD_PATH_PARAMETERS_MAX] = { "projectName" };
static const char *const of_proxy[WARD_PATH_PARAMETERS_MAX] = { "projectName", "apiProxyName" };
static const char *const of_environment[WARD_PATH_PARAMETERS_MAX] = { "projectName", "apiProxyName",
                                                                      "environmentName" };

static const struct ward_apinizer_written changed = { .family = WARD_APINIZER_PROXY, .may_be_nothing = true };
static const struct ward_apinizer_written deployed = { .family = WARD_APINIZER_PROXY };
static const struct ward_apinizer_written undeployed = { .family = WARD_APINIZER_PROXY, .is_removal = true };

/* ---- reads ---- */

typedef void (*write_proxy)(struct ward_json_writer *writer, const struct ward_proxy_view *proxy,
                            const struct ward_json_value *metadata);

/* The metadata is Ward's own text: it was checked when it came. */
static enum ward_status write_with(struct ward_apinizer_list *list, const struct ward_proxy_view *proxy,
                                   write_proxy write)
{
    const struct ward_json_value *metadata = NULL;
    const char *why = NULL;
    enum ward_status status = proxy->metadata.size == 0
                                  ? WARD_OK
                                  : ward_json_parse(proxy->metadata, &list->call->request->pool, &metadata, &why);
    if (status != WARD_OK) {
        return status == WARD_INVALID ? WARD_INTEGRITY : status;
    }
    write(&list->writer, proxy, metadata);
    return ward_apinizer_list_row(list);
}

static enum ward_status write_row(const struct ward_proxy_view *proxy, void *arg)
{
    return write_with(arg, proxy, ward_apinizer_write_proxy_brief);
}

enum ward_handled ward_apinizer_proxy_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin(request, reply, of_project, &call)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_apinizer_list list;
    ward_apinizer_list_begin(&call, &list);
    return ward_apinizer_list_end(&list,
                                  ward_service_proxy_list(&call.secrets, WARD_SPAN_NONE, SIZE_MAX, write_row, &list));
}

enum ward_handled ward_apinizer_proxy_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin(request, reply, of_proxy, &call)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_proxy_view proxy = { 0 };
    struct ward_apinizer_list list;
    enum ward_status status = ward_service_proxy_get(&call.secrets, request->parameters[1], &proxy);
    ward_apinizer_list_begin(&call, &list);
    if (status == WARD_OK) {
        status = write_with(&list, &proxy, ward_apinizer_write_proxy);
    }
    return ward_apinizer_list_end(&list, status);
}

enum ward_handled ward_apinizer_proxy_status(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin(request, reply, of_environment, &call)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_proxy_deployment_view row = { 0 };
    struct ward_apinizer_list list;
    enum ward_status status = ward_service_proxy_status(&call.secrets, request->parameters[1], request->parameters[2],
                                                        &row);
    ward_apinizer_list_begin(&call, &list);
    if (status == WARD_OK) {
        ward_apinizer_write_deployment(&list.writer, &row);
        status = ward_apinizer_list_row(&list);
    }
    return ward_apinizer_list_end(&list, status);
}

/* ---- making and changing ---- */

/* False: the call is answered. */
static bool read_creation(struct ward_apinizer_call *call, struct ward_proxy_input *ret)
{
    const struct ward_json_value *body = NULL;
    if (!ward_apinizer_body(call, true, &ret->body, &body)) {
        return false;
    }
    struct ward_apinizer_reader reader = { call, body, &ret->body };
    ret->has_name = ward_apinizer_read_text(&reader, "apiProxyName", &ret->name);
    ret->has_description = ward_apinizer_read_text(&reader, "apiProxyDescription", &ret->description);
    (void)ward_apinizer_read_text(&reader, "apiProxyCreationType", &ret->creation_type);
    return ward_apinizer_read_members(&reader, true, ret) && ward_apinizer_read_targets(&reader, &ret->targets);
}

enum ward_handled ward_apinizer_proxy_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_proxy_input input = { 0 };
    if (!ward_apinizer_begin_write(request, reply, of_project, &call) || !read_creation(&call, &input)) {
        return ward_apinizer_done(request, reply);
    }
    return ward_apinizer_create_answer(&call, ward_service_proxy_create(&call.secrets, &input));
}

/* PUT url/ with reParse: the proxy is named in the body; what there is of it is changed. */
enum ward_handled ward_apinizer_proxy_parse(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_proxy_input input = { 0 };
    if (!ward_apinizer_begin_write(request, reply, of_project, &call) || !read_creation(&call, &input)) {
        return ward_apinizer_done(request, reply);
    }
    if (!input.has_name) {
        ward_apinizer_bad_body(&call, &input.body, "apiProxyName value can not be empty!", WARD_SPAN_NONE, "");
    }
    struct ward_span name = input.has_name ? input.name : WARD_SPAN("");
    input.has_name = false;
    enum ward_status status = ward_service_proxy_update(&call.secrets, name, &input);
    if (call.secrets.refused.reason == WARD_REFUSED_PROXY_NOT_FOUND) {
        call.secrets.refused.reason = WARD_REFUSED_PROXY_NOT_FOUND_ON_PARSE;
        if (input.body.reason != WARD_REFUSED_NONE) { /* what is wrong with the body comes before what it names */
            call.secrets.refused = input.body;
            status = WARD_INVALID;
        }
    }
    return ward_apinizer_create_answer(&call, status);
}

enum ward_handled ward_apinizer_proxy_metadata(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_proxy_input input = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_apinizer_begin_write(request, reply, of_proxy, &call) ||
        !ward_apinizer_body(&call, false, &input.body, &body)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_apinizer_reader reader = { &call, body, &input.body };
    input.has_name = ward_apinizer_read_text(&reader, "name", &input.name);
    input.has_description = ward_apinizer_read_text(&reader, "description", &input.description);
    if (!ward_apinizer_read_members(&reader, false, &input) || !ward_apinizer_read_targets(&reader, &input.targets)) {
        return ward_apinizer_done(request, reply);
    }
    enum ward_status status = ward_service_proxy_update(&call.secrets, request->parameters[1], &input);
    return ward_apinizer_write_answer(&call, status, &changed);
}

/* contracts/apinizer.md 11.1: no body at all is one without keys. */
enum ward_handled ward_apinizer_proxy_keys(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_proxy_keys keys = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_apinizer_begin_write(request, reply, of_proxy, &call) ||
        !ward_apinizer_body(&call, false, &keys.body, &body)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_apinizer_reader reader = { &call, body, &keys.body };
    (void)ward_apinizer_read_text(&reader, "publicKey", &keys.public_key);
    (void)ward_apinizer_read_text(&reader, "secretKey", &keys.secret_key);
    if (!ward_apinizer_read_targets(&reader, &keys.targets)) {
        return ward_apinizer_done(request, reply);
    }
    enum ward_status status = ward_service_proxy_set_keys(&call.secrets, request->parameters[1], &keys);
    return ward_apinizer_write_answer(&call, status, &changed);
}

enum ward_handled ward_apinizer_proxy_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin_write(request, reply, of_proxy, &call)) {
        return ward_apinizer_done(request, reply);
    }
    enum ward_status status = ward_service_proxy_delete(&call.secrets, request->parameters[1]);
    return ward_apinizer_write_answer(&call, status, &undeployed);
}

/* ---- deployment. A body ({"description", "persistent"}) is taken and not looked at. ---- */

enum ward_handled ward_apinizer_proxy_deploy(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin_write(request, reply, of_environment, &call)) {
        return ward_apinizer_done(request, reply);
    }
    enum ward_status status = ward_service_proxy_deploy(&call.secrets, request->parameters[1], request->parameters[2]);
    return ward_apinizer_write_answer(&call, status, &deployed);
}

enum ward_handled ward_apinizer_proxy_undeploy(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin_write(request, reply, of_environment, &call)) {
        return ward_apinizer_done(request, reply);
    }
    enum ward_status status = ward_service_proxy_undeploy(&call.secrets, request->parameters[1],
                                                          request->parameters[2]);
    return ward_apinizer_write_answer(&call, status, &undeployed);
}
