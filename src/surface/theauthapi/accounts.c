/* Accounts: contracts/theauthapi.md 6. */
#include "surface/theauthapi/errors.h"
#include "surface/theauthapi/handlers.h"
#include "surface/theauthapi/shapes.h"

static const struct ward_theauthapi_texts texts = {
    .not_found = "Account not found",
    .conflict = "Account already exists",
};

static enum ward_handled answer_account(struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                        const struct ward_account *account, const struct ward_receipt *receipt)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_THEAUTHAPI_JSON);
    ward_theauthapi_write_account(&writer, account);
    if (receipt) {
        ward_surface_receipt(request, reply, receipt);
    }
    return ward_theauthapi_done(request, reply);
}

static enum ward_status write_listed(const struct ward_account *account, void *arg)
{
    struct ward_json_writer *writer = arg;
    ward_theauthapi_write_account(writer, account);
    return writer->out->status;
}

enum ward_handled ward_theauthapi_account_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_THEAUTHAPI_JSON);
    ward_json_begin_array(&writer);
    enum ward_status status = ward_service_account_list(ward_theauthapi_service(request), &who, &request->pool,
                                                        write_listed, &writer);
    ward_json_end_array(&writer);
    if (status != WARD_OK && reply->body.status == WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &texts);
    }
    return ward_theauthapi_done(request, reply);
}

enum ward_handled ward_theauthapi_account_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_account account = { 0 };
    enum ward_status status = ward_service_account_get(ward_theauthapi_service(request), &who, request->parameters[0],
                                                       &request->pool, &account);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &texts);
    }
    return answer_account(request, reply, 200, &account, NULL);
}

enum ward_handled ward_theauthapi_account_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_account_input input = { 0 };
    enum ward_status status = ward_theauthapi_read_account(request, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &texts);
    }
    struct ward_account account = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_account_create(ward_theauthapi_service(request), &who, &input, &request->pool, &account,
                                         &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, &input.problems, &texts);
    }
    return answer_account(request, reply, 201, &account, &receipt);
}

enum ward_handled ward_theauthapi_account_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_account_input input = { 0 };
    enum ward_status status = ward_theauthapi_read_account(request, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &texts);
    }
    struct ward_account account = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_account_update(ward_theauthapi_service(request), &who, request->parameters[0], &input,
                                         &request->pool, &account, &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, &input.problems, &texts);
    }
    return answer_account(request, reply, 200, &account, &receipt);
}

enum ward_handled ward_theauthapi_account_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    if (!ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &texts);
    }
    struct ward_receipt receipt = { 0 };
    enum ward_status status = ward_service_account_delete(ward_theauthapi_service(request), &who,
                                                          request->parameters[0], &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &texts);
    }
    return ward_theauthapi_true(request, reply, &receipt);
}
