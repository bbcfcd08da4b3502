/* API keys: contracts/ncp.md 5. */
#include "surface/ncp/errors.h"
#include "surface/ncp/handlers.h"
#include "surface/ncp/shapes.h"

/** Answer with a key in its wrapper: all operations but the one that reads a single key. */
static enum ward_handled answer_key(struct ward_ncp_call *call, int status, const struct ward_api_key *key)
{
    struct ward_json_writer writer = ward_ncp_answer(call, status);
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "apiKey");
    ward_ncp_write_key(&writer, call, key, true);
    ward_json_end_object(&writer);
    return ward_ncp_end_write(call);
}

static enum ward_status write_listed(const struct ward_api_key *key, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_key(rows->writer, rows->call, key, false);
    return ward_ncp_row_status(rows);
}

enum ward_handled ward_ncp_key_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_key_page query = { 0 };
    ward_ncp_query_page(&call, &query.page);
    query.has_name = ward_ncp_query_text(&call, "apiKeyName", &query.name);
    struct ward_ncp_list list;
    ward_ncp_list_begin(&call, "apiKeys", &list);
    enum ward_status status = ward_service_key_page(&call.gateway, &query, write_listed, &list.rows);
    return ward_ncp_list_end(&call, &list, status, &query.totals, true);
}

/** contracts/ncp.md 5.3: not wrapped. */
enum ward_handled ward_ncp_key_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_api_key key = { 0 };
    enum ward_status status = ward_service_key_show(&call.gateway, request->parameters[0], &key);
    if (status != WARD_OK) {
        return ward_ncp_refused(&call, status, NULL);
    }
    struct ward_json_writer writer = ward_ncp_answer(&call, 200);
    ward_ncp_write_key(&writer, &call, &key, true);
    return ward_ncp_end(&call);
}

/* A create from the request to the answer; parked ones in the request's pool. */
struct creation {
    struct ward_ncp_call call;
    struct ward_key_pair_input input;
    struct ward_api_key key;
};

/* False: the request is answered. */
static bool read_creation(struct ward_http_request *request, struct ward_http_reply *reply, struct creation *ret)
{
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &ret->call) || !ward_ncp_body(&ret->call, &ret->input.problems, &body)) {
        ward_ncp_done(request, reply);
        return false;
    }
    ward_ncp_read_key(body, &ret->input);
    return true;
}

static enum ward_handled answer_creation(struct creation *creation, enum ward_status status)
{
    return status == WARD_OK ? answer_key(&creation->call, 201, &creation->key)
                             : ward_ncp_refused(&creation->call, status, &creation->input.problems);
}

static void end_creation(void *arg, enum ward_status status, bool has_more)
{
    struct creation *creation = arg;
    answer_creation(creation, status);
    ward_http_reply_give(creation->call.request, has_more);
}

enum ward_handled ward_ncp_key_create_begin(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct creation *creation = ward_ncp_may_begin(request) ? ward_pool_alloc(&request->pool, sizeof(*creation)) : NULL;
    if (!creation) {
        return WARD_HAND_OVER;
    }
    *creation = (struct creation){ 0 };
    if (!read_creation(request, reply, creation)) {
        return WARD_REPLIED;
    }
    const struct ward_later later = { end_creation, creation };
    enum ward_status status = ward_service_key_create_pair_later(&creation->call.gateway, &creation->input,
                                                                 &creation->key, &later);
    return status == WARD_OK ? WARD_PARKED : answer_creation(creation, status);
}

enum ward_handled ward_ncp_key_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct creation c = { 0 };
    if (!read_creation(request, reply, &c)) {
        return WARD_REPLIED;
    }
    return answer_creation(&c, ward_service_key_create_pair(&c.call.gateway, &c.input, &c.key));
}

enum ward_handled ward_ncp_key_edit(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    struct ward_key_pair_input input = { 0 };
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &input.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    ward_ncp_read_key(body, &input);
    struct ward_api_key key = { 0 };
    enum ward_status status = ward_service_key_edit(&call.gateway, request->parameters[0], &input, &key);
    return status == WARD_OK ? answer_key(&call, 200, &key) : ward_ncp_refused(&call, status, &input.problems);
}

enum ward_handled ward_ncp_key_regenerate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin_write(request, reply, &call) || !ward_ncp_body(&call, &call.gateway.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_span type = WARD_SPAN_NONE;
    bool has_type = ward_surface_text(&call.gateway.problems, body, "keyType", false, &type);
    struct ward_api_key key = { 0 };
    enum ward_status status = ward_service_key_regenerate(&call.gateway, request->parameters[0], has_type, type, &key);
    return status == WARD_OK ? answer_key(&call, 200, &key) : ward_ncp_refused(&call, status, NULL);
}

enum ward_handled ward_ncp_key_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    if (!ward_ncp_begin_write(request, reply, &call)) {
        return ward_ncp_done(request, reply);
    }
    enum ward_status status = ward_service_key_remove(&call.gateway, request->parameters[0]);
    return status == WARD_OK ? ward_ncp_empty(&call, 204) : ward_ncp_refused(&call, status, NULL);
}

static enum ward_status write_found(const struct ward_product_key *row, void *arg)
{
    struct ward_ncp_rows *rows = arg;
    ward_ncp_write_own_key(rows->writer, row);
    return ward_ncp_row_status(rows);
}

enum ward_handled ward_ncp_key_search(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_ncp_call call;
    const struct ward_json_value *body = NULL;
    if (!ward_ncp_begin(request, reply, &call) || !ward_ncp_body(&call, &call.gateway.problems, &body)) {
        return ward_ncp_done(request, reply);
    }
    struct ward_problems *problems = &call.gateway.problems;
    struct ward_own_key_search query = { 0 };
    query.has_product = ward_surface_text(problems, body, "productId", false, &query.product);
    ward_ncp_read_page(problems, body, &query.page);
    (void)ward_ncp_read_text(problems, body, "apiKeyName", &query.name);
    ward_ncp_read_statuses(problems, body, &query.statuses);
    struct ward_ncp_list list;
    ward_ncp_list_begin(&call, "apiKeys", &list);
    enum ward_status status = ward_service_key_search(&call.gateway, &query, write_found, &list.rows);
    return ward_ncp_list_end(&call, &list, status, &query.totals, false);
}
