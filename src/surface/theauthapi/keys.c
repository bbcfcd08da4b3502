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

/* ---- create ---- */

/* From the request to the answer; in the request's pool. */
struct creation {
    struct ward_http_request *request;
    struct ward_http_reply *reply;
    struct ward_operator who;
    struct ward_api_key_input input;
    struct ward_api_key key;
    struct ward_receipt receipt;
};

/* Who asks, for what, and room for the answer. NULL: the request is answered. */
static struct creation *read_creation(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        ward_theauthapi_done(request, reply);
        return NULL;
    }
    struct creation *creation = ward_pool_alloc(&request->pool, sizeof(*creation));
    enum ward_status status = WARD_NO_MEMORY;
    if (creation) {
        *creation = (struct creation){ .request = request, .reply = reply, .who = who };
        status = ward_theauthapi_read_key(request, true, &creation->input);
    }
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        ward_theauthapi_fail(request, reply, WARD_NO_MEMORY, NULL, &key_texts);
        return NULL;
    }
    return creation;
}

static enum ward_handled answer_creation(const struct creation *creation, enum ward_status status)
{
    if (status != WARD_OK) {
        return ward_theauthapi_fail(creation->request, creation->reply, status, &creation->input.problems, &key_texts);
    }
    return answer_key(creation->request, creation->reply, 201, &creation->key, &creation->receipt);
}

static void end_creation(void *arg, enum ward_status status, bool has_more)
{
    const struct creation *creation = arg;
    answer_creation(creation, status);
    ward_http_reply_give(creation->request, has_more);
}

/* An input that is not sound is a worker's to refuse: what is said first depends on the store. */
enum ward_handled ward_theauthapi_key_create_begin(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct creation *c = read_creation(request, reply);
    if (!c) {
        return WARD_REPLIED;
    }
    const struct ward_later later = { end_creation, c };
    enum ward_status status = ward_service_key_create_later(ward_theauthapi_service(request), &c->who, &c->input,
                                                            &request->pool, &c->key, &c->receipt, &later);
    if (status == WARD_INVALID) {
        request->handed_over = c;
        return WARD_HAND_OVER;
    }
    return status == WARD_OK ? WARD_PARKED : answer_creation(c, status);
}

enum ward_handled ward_theauthapi_key_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct creation *c = request->handed_over;
    if (!c) {
        c = read_creation(request, reply);
    } else if (!ward_surface_reserve(reply)) {
        return answer_creation(c, WARD_NO_MEMORY);
    }
    if (!c) {
        return WARD_REPLIED;
    }
    return answer_creation(c, ward_service_key_create(ward_theauthapi_service(request), &c->who, &c->input,
                                                      &request->pool, &c->key, &c->receipt));
}

/* ---- update, delete ---- */

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
