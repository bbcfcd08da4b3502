/* Keys: contracts/apinizer.md 6. Files: files.c. */
#include "surface/apinizer/errors.h"
#include "surface/apinizer/handlers.h"
#include "surface/apinizer/shapes.h"

static const char *const of_project[WARD_PATH_PARAMETERS_MAX] = { "projectName" };
static const char *const of_key[WARD_PATH_PARAMETERS_MAX] = { "projectName", "keyName" };

static const struct ward_apinizer_written saved = { .family = WARD_APINIZER_KEY };
static const struct ward_apinizer_written deleted = { .family = WARD_APINIZER_KEY, .is_removal = true };

static enum ward_status write_row(const struct ward_crypto_key_view *key, void *arg)
{
    struct ward_apinizer_list *list = arg;
    ward_apinizer_write_key(&list->writer, key);
    return ward_apinizer_list_row(list);
}

enum ward_handled ward_apinizer_key_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin(request, reply, of_project, &call)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_apinizer_list list;
    ward_apinizer_list_begin(&call, &list);
    return ward_apinizer_list_end(
        &list, ward_service_crypto_key_list(&call.secrets, WARD_SPAN_NONE, SIZE_MAX, write_row, &list));
}

enum ward_handled ward_apinizer_key_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    if (!ward_apinizer_begin(request, reply, of_key, &call)) {
        return ward_apinizer_done(request, reply);
    }
    struct ward_crypto_key_view key = { 0 };
    struct ward_apinizer_list list;
    enum ward_status status = ward_service_crypto_key_get(&call.secrets, request->parameters[1], &key);
    ward_apinizer_list_begin(&call, &list);
    if (status == WARD_OK) {
        status = write_row(&key, &list);
    }
    return ward_apinizer_list_end(&list, status);
}

/* False: the call is answered. */
static bool read_input(struct ward_apinizer_call *call, struct ward_crypto_key_input *ret)
{
    const struct ward_json_value *body = NULL;
    if (!ward_apinizer_body(call, true, &ret->body, &body)) {
        return false;
    }
    struct ward_apinizer_reader reader = { call, body, &ret->body };
    return ward_apinizer_read_key(&reader, ret);
}

enum ward_handled ward_apinizer_key_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_crypto_key_input input = { 0 };
    if (!ward_apinizer_begin_write(request, reply, of_project, &call) || !read_input(&call, &input)) {
        return ward_apinizer_done(request, reply);
    }
    return ward_apinizer_write_answer(&call, ward_service_crypto_key_create(&call.secrets, &input), &saved);
}

enum ward_handled ward_apinizer_key_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_crypto_key_input input = { 0 };
    struct ward_jwk_choice choice = { 0 };
    if (!ward_apinizer_begin_write(request, reply, of_key, &call) ||
        !ward_apinizer_query(&call, "jwkUpdateAction", &choice.action) ||
        !ward_apinizer_query(&call, "updateScope", &choice.scope) ||
        !ward_apinizer_query(&call, "updateReferencedJwks", &choice.referenced) || !read_input(&call, &input)) {
        return ward_apinizer_done(request, reply);
    }
    enum ward_status status = ward_service_crypto_key_update(&call.secrets, request->parameters[1], &choice, &input);
    return ward_apinizer_write_answer(&call, status, &saved);
}

enum ward_handled ward_apinizer_key_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_apinizer_call call;
    struct ward_jwk_choice choice = { 0 };
    if (!ward_apinizer_begin_write(request, reply, of_key, &call) ||
        !ward_apinizer_query(&call, "jwkDeleteAction", &choice.action)) {
        return ward_apinizer_done(request, reply);
    }
    enum ward_status status = ward_service_crypto_key_delete(&call.secrets, request->parameters[1], &choice);
    return ward_apinizer_write_answer(&call, status, &deleted);
}
