/* Access keys: contracts/theauthapi.md 7. Named by their value, as API keys are. */
#include "surface/theauthapi/errors.h"
#include "surface/theauthapi/handlers.h"
#include "surface/theauthapi/shapes.h"

static const struct ward_theauthapi_texts texts = {
    .not_found = "Access key not found",
    .conflict = "Access key already exists",
};
static const struct ward_theauthapi_texts reactivate_texts = {
    .not_found = "Access key not found",
    .conflict = "Access key is already active",
};

static struct ward_credential_ref named_key(const struct ward_http_request *request)
{
    return (struct ward_credential_ref){ .value = request->parameters[0] };
}

static enum ward_handled answer_access_key(struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                           const struct ward_credential *credential, const struct ward_receipt *receipt)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_THEAUTHAPI_JSON);
    ward_theauthapi_write_access_key(&writer, credential);
    ward_surface_receipt(request, reply, receipt);
    return ward_theauthapi_done(request, reply);
}

static enum ward_status write_listed(const struct ward_credential *credential, void *arg)
{
    struct ward_json_writer *writer = arg;
    ward_theauthapi_write_access_key(writer, credential);
    return writer->out->status;
}

enum ward_handled ward_theauthapi_access_key_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_credential_query query = { 0 };
    enum ward_status status = ward_theauthapi_query_access_keys(request, &query);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &texts);
    }
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_THEAUTHAPI_JSON);
    ward_json_begin_array(&writer);
    status = ward_service_credential_list(ward_theauthapi_service(request), &who, &query, write_listed, &writer);
    ward_json_end_array(&writer);
    if (status == WARD_INVALID) {
        ward_theauthapi_problem(reply, &query.problems);
    } else if (status != WARD_OK && reply->body.status == WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &texts);
    }
    return ward_theauthapi_done(request, reply);
}

enum ward_handled ward_theauthapi_access_key_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_credential_input input = { 0 };
    enum ward_status status = ward_theauthapi_read_access_key(request, true, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &texts);
    }
    struct ward_credential credential = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_credential_create(ward_theauthapi_service(request), &who, WARD_CREDENTIAL_ACCESS_KEY, &input,
                                            &request->pool, &credential, &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, &input.problems, &texts);
    }
    return answer_access_key(request, reply, 201, &credential, &receipt);
}

enum ward_handled ward_theauthapi_access_key_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_credential_input input = { 0 };
    enum ward_status status = ward_theauthapi_read_access_key(request, false, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &texts);
    }
    struct ward_credential_ref ref = named_key(request);
    struct ward_credential credential = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_credential_update(ward_theauthapi_service(request), &who, &ref, &input, &request->pool,
                                            &credential, &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, &input.problems, &texts);
    }
    return answer_access_key(request, reply, 200, &credential, &receipt);
}

enum ward_handled ward_theauthapi_access_key_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    if (!ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &texts);
    }
    struct ward_credential_ref ref = named_key(request);
    struct ward_receipt receipt = { 0 };
    enum ward_status status = ward_service_credential_delete(ward_theauthapi_service(request), &who, &ref, &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &texts);
    }
    return ward_theauthapi_true(request, reply, &receipt);
}

enum ward_handled ward_theauthapi_access_key_reactivate(struct ward_http_request *request,
                                                        struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    if (!ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &reactivate_texts);
    }
    struct ward_credential_ref ref = named_key(request);
    struct ward_credential credential = { 0 };
    struct ward_receipt receipt = { 0 };
    enum ward_status status = ward_service_credential_reactivate(ward_theauthapi_service(request), &who, &ref,
                                                                 &request->pool, &credential, &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &reactivate_texts);
    }
    return answer_access_key(request, reply, 200, &credential, &receipt);
}
