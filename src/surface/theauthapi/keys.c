/* API keys: contracts/theauthapi.md 2.1 to 2.7. A key is named by its value, which is the path's segment. */
#include "base/seam.h"
#include "surface/theauthapi/errors.h"
#include "surface/theauthapi/handlers.h"
#include "surface/theauthapi/shapes.h"

static const struct ward_theauthapi_texts key_texts = {
    .not_found = "Invalid client key",
    .conflict = "API key already exists",
};
static const struct ward_theauthapi_texts reactivate_texts = {
    .not_found = "Invalid client key",
    .conflict = "API key is already active",
};

static struct ward_key_ref named_key(const struct ward_http_request *request)
{
    return (struct ward_key_ref){ .value = request->parameters[0] };
}

/** Answer with a key; receipt is NULL where nothing was written. */
static enum ward_handled answer_key(struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                    const struct ward_api_key *key, const struct ward_receipt *receipt)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_THEAUTHAPI_JSON);
    ward_theauthapi_write_key(&writer, key, ward_now_ms());
    if (receipt) {
        ward_surface_receipt(request, reply, receipt);
    }
    return ward_theauthapi_done(request, reply);
}

/* ---- list ---- */

struct listing {
    struct ward_json_writer *writer;
    int64_t now_ms;
};

static enum ward_status write_listed(const struct ward_api_key *key, void *arg)
{
    struct listing *listing = arg;
    ward_theauthapi_write_key(listing->writer, key, listing->now_ms);
    return listing->writer->out->status;
}

enum ward_handled ward_theauthapi_key_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_key_query query = { 0 };
    enum ward_status status = ward_theauthapi_query_keys(request, &query);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &key_texts);
    }
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_THEAUTHAPI_JSON);
    struct listing listing = { .writer = &writer, .now_ms = query.filter.now_ms };
    ward_json_begin_array(&writer);
    status = ward_service_key_list(ward_theauthapi_service(request), &who, &query, write_listed, &listing);
    ward_json_end_array(&writer);
    if (status == WARD_INVALID) {
        ward_theauthapi_problem(reply, &query.problems);
    } else if (status != WARD_OK && reply->body.status == WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &key_texts);
    }
    return ward_theauthapi_done(request, reply);
}

/* ---- one key ---- */

enum ward_handled ward_theauthapi_key_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_key_ref ref = named_key(request);
    struct ward_api_key key = { 0 };
    enum ward_status status = ward_service_key_get(ward_theauthapi_service(request), &who, &ref, &request->pool, &key);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &key_texts);
    }
    return answer_key(request, reply, 200, &key, NULL);
}

enum ward_handled ward_theauthapi_key_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_api_key_input input = { 0 };
    enum ward_status status = ward_theauthapi_read_key(request, true, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &key_texts);
    }
    struct ward_api_key key = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_key_create(ward_theauthapi_service(request), &who, &input, &request->pool, &key, &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, &input.problems, &key_texts);
    }
    return answer_key(request, reply, 201, &key, &receipt);
}

enum ward_handled ward_theauthapi_key_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    struct ward_api_key_input input = { 0 };
    enum ward_status status = ward_theauthapi_read_key(request, false, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &key_texts);
    }
    struct ward_key_ref ref = named_key(request);
    struct ward_api_key key = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_key_update(ward_theauthapi_service(request), &who, &ref, &input, &request->pool, &key,
                                     &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, &input.problems, &key_texts);
    }
    return answer_key(request, reply, 200, &key, &receipt);
}

enum ward_handled ward_theauthapi_key_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    if (!ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &key_texts);
    }
    struct ward_key_ref ref = named_key(request);
    struct ward_receipt receipt = { 0 };
    enum ward_status status = ward_service_key_delete(ward_theauthapi_service(request), &who, &ref, &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, &key_texts);
    }
    return ward_theauthapi_true(request, reply, &receipt);
}

/* ---- reactivate, rotate ---- */

typedef enum ward_status (*key_change)(struct ward_service *service, const struct ward_operator *who,
                                       const struct ward_key_ref *ref, struct ward_pool *pool, struct ward_api_key *ret,
                                       struct ward_receipt *ret_receipt);

static enum ward_handled change_key(struct ward_http_request *request, struct ward_http_reply *reply, key_change change,
                                    int success, const struct ward_theauthapi_texts *texts)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    if (!ward_surface_reserve(reply)) {
        return ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, texts);
    }
    struct ward_key_ref ref = named_key(request);
    struct ward_api_key key = { 0 };
    struct ward_receipt receipt = { 0 };
    enum ward_status status = change(ward_theauthapi_service(request), &who, &ref, &request->pool, &key, &receipt);
    if (status != WARD_OK) {
        return ward_theauthapi_fail(request, reply, status, NULL, texts);
    }
    return answer_key(request, reply, success, &key, &receipt);
}

enum ward_handled ward_theauthapi_key_reactivate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return change_key(request, reply, ward_service_key_reactivate, 200, &reactivate_texts);
}

enum ward_handled ward_theauthapi_key_rotate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return change_key(request, reply, ward_service_key_rotate, 201, &key_texts);
}
