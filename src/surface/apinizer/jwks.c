/* JWKs: contracts/apinizer.md 8. Files: files.c. */
#include "surface/apinizer/errors.h"
#include "surface/apinizer/handlers.h"
#include "surface/apinizer/shapes.h"

static const char *const of_project[WARD_PATH_PARAMETERS_MAX] = { "projectName" };
static const char *const of_jwk[WARD_PATH_PARAMETERS_MAX] = { "projectName", "jwkName" };

static const struct ward_apinizer_written saved = { .family = WARD_APINIZER_JWK };
static const struct ward_apinizer_written deleted = { .family = WARD_APINIZER_JWK, .is_removal = true };

static enum ward_status write_row(const struct ward_jwk_view *jwk, void *arg)
{
    struct ward_apinizer_list *list = arg;
    ward_apinizer_write_jwk(&list->writer, jwk, NULL);
    return ward_apinizer_list_row(list);
}

enum ward_handled ward_apinizer_jwk_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin(request, reply, of_project, &call)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_apinizer_list list;
    ward_apinizer_list_begin(&call, &list);
    return ward_apinizer_list_end(&list,
                                  ward_service_jwk_list(&call.secrets, WARD_SPAN_NONE, SIZE_MAX, write_row, &list));
}

enum ward_handled ward_apinizer_jwk_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin(request, reply, of_jwk, &call)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_jwk_view jwk = { 0 };
    const struct ward_json_value *material = NULL;
    const char *why = NULL;
    enum ward_status status = ward_service_jwk_get(&call.secrets, request->parameters[1], &jwk);
    if (status == WARD_OK && jwk.material.data) {
        status = ward_json_parse(jwk.material, &request->pool, &material, &why);
        status = status == WARD_INVALID ? WARD_INTEGRITY : status; /* Ward wrote it */
    }
    struct ward_apinizer_list list;
    ward_apinizer_list_begin(&call, &list);
    if (status == WARD_OK) {
        ward_apinizer_write_jwk(&list.writer, &jwk, material);
        status = ward_apinizer_list_row(&list);
    }
    return ward_apinizer_list_end(&list, status);
}

/* False: the call is answered. */
static bool read_input(struct ward_apinizer_call *call, struct ward_jwk_input *ret)
{
    const struct ward_json_value *body = NULL;
    if (!ward_apinizer_body(call, true, &ret->body, &body)) {
        return false;
    }
    struct ward_apinizer_reader reader = { call, body, &ret->body };
    ward_apinizer_read_jwk(&reader, ret);
    return true;
}

enum ward_handled ward_apinizer_jwk_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_jwk_input input = { 0 };
    if (!ward_apinizer_begin_write(request, reply, of_project, &call) || !read_input(&call, &input)) {
        return ward_apinizer_done(request, reply);
    }
    return ward_apinizer_write_answer(&call, ward_service_jwk_create(&call.secrets, &input), &saved);
}

static enum ward_handled parse(struct ward_http_request *request, struct ward_http_reply *reply,
                               enum ward_jwk_route route)
{
    struct ward_apinizer_call call;
    struct ward_jwk_input input = { 0 };
    if (!ward_apinizer_begin_write(request, reply, of_project, &call) || !read_input(&call, &input)) {
        return ward_apinizer_done(request, reply);
    }
    return ward_apinizer_write_answer(&call, ward_service_jwk_parse(&call.secrets, route, &input), &saved);
}

enum ward_handled ward_apinizer_jwk_from_url(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return parse(request, reply, WARD_JWK_FROM_URL);
}

enum ward_handled ward_apinizer_jwk_from_clipboard(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return parse(request, reply, WARD_JWK_FROM_CLIPBOARD);
}

enum ward_handled ward_apinizer_jwk_from_certificate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return parse(request, reply, WARD_JWK_FROM_CERTIFICATE);
}

enum ward_handled ward_apinizer_jwk_from_key(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return parse(request, reply, WARD_JWK_FROM_KEY);
}

enum ward_handled ward_apinizer_jwk_from_keystore(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return parse(request, reply, WARD_JWK_FROM_KEYSTORE);
}

enum ward_handled ward_apinizer_jwk_generate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_jwk_generate_input input = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_apinizer_begin_write(request, reply, of_project, &call) ||
        !ward_apinizer_body(&call, true, &input.body, &body)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_apinizer_reader reader = { &call, body, &input.body };
    ward_apinizer_read_generate(&reader, &input);
    return ward_apinizer_write_answer(&call, ward_service_jwk_generate(&call.secrets, &input), &saved);
}

enum ward_handled ward_apinizer_jwk_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_jwk_edit edit = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_apinizer_begin_write(request, reply, of_jwk, &call) ||
        !ward_apinizer_body(&call, true, &edit.body, &body)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_apinizer_reader reader = { &call, body, &edit.body };
    edit.has_name = ward_apinizer_read_text(&reader, "name", &edit.name);
    edit.has_description = ward_apinizer_read_text(&reader, "description", &edit.description);
    enum ward_status status = ward_service_jwk_update(&call.secrets, request->parameters[1], &edit);
    return ward_apinizer_write_answer(&call, status, &saved);
}

enum ward_handled ward_apinizer_jwk_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin_write(request, reply, of_jwk, &call)) {
        return ward_apinizer_done(request, reply);
    }
    return ward_apinizer_write_answer(&call, ward_service_jwk_delete(&call.secrets, request->parameters[1]), &deleted);
}
