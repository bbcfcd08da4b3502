/*
 * Replies. Every header that is added costs the library three allocations, and verification is measured in
 * microseconds: an answer without a body therefore carries only the headers that speak of caching and the request id.
 */
#include "base/bytes.h"
#include "http/internal.h"

/* Nothing that Ward answers is a page: nobody may guess its type, frame it, run it or learn where it came from. */
static const struct {
    struct ward_span name;
    struct ward_span value;
} body_headers[] = {
    { WARD_SPAN_INIT("X-Content-Type-Options"), WARD_SPAN_INIT("nosniff") },
    { WARD_SPAN_INIT("Content-Security-Policy"), WARD_SPAN_INIT("default-src 'none'; frame-ancestors 'none'") },
    { WARD_SPAN_INIT("Referrer-Policy"), WARD_SPAN_INIT("no-referrer") },
};

void ward_http_reply_reset(struct ward_http_reply *reply)
{
    ward_buffer_free(&reply->body);
    reply->status = 500;
    reply->content_type = NULL;
    reply->body = ward_buffer_new(WARD_REPLY_MAX);
    reply->header_count = 0;
    reply->must_close = false;
    reply->reason = NULL;
}

void ward_http_reply_borrow(struct ward_http_reply *reply, struct ward_span name, struct ward_span value)
{
    if (reply->header_count < WARD_REPLY_HEADERS_MAX && value.data) {
        reply->headers[reply->header_count++] = (struct ward_http_header){ name, value };
    }
}

void ward_http_reply_add(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_span name,
                         struct ward_span value)
{
    /* A control byte in a value would be another header: such a value is not sent. */
    if (reply->header_count < WARD_REPLY_HEADERS_MAX && value.data && !ward_bytes_have_control(value)) {
        ward_http_reply_borrow(reply, name, ward_pool_copy(&request->pool, value));
    }
}

static bool has_header(const struct ward_http_reply *reply, struct ward_span name)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        if (ward_span_equal_nocase(reply->headers[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool is_sendable(const struct ward_http_reply *reply)
{
    return reply->status >= 200 && reply->status <= 599 && reply->body.status == WARD_OK;
}

void ward_http_reply_refuse(struct ward_http_request *request, const struct ward_http_surface *surface,
                            struct ward_http_refusal refusal, struct ward_http_reply *reply)
{
    ward_http_reply_reset(reply);
    reply->status = refusal.status;
    if (surface && surface->refuse) {
        surface->refuse(request, refusal.status, refusal.why, reply);
    }
    if (!is_sendable(reply)) {
        ward_http_reply_reset(reply);
        reply->status = refusal.status;
    }
    if (refusal.status == 503 && !has_header(reply, WARD_SPAN("Retry-After"))) {
        ward_http_reply_header(request, reply, "Retry-After", WARD_SPAN("1"));
    }
    reply->reason = reply->reason ? reply->reason : refusal.why;
}

void ward_http_reply_settle(struct ward_http_request *request, const struct ward_http_surface *surface,
                            struct ward_http_reply *reply)
{
    if (is_sendable(reply)) {
        return;
    }
    struct ward_http_refusal refusal = { 500, "internal" };
    if (reply->body.status == WARD_NO_MEMORY) {
        refusal = (struct ward_http_refusal){ 503, "no_memory" };
    } else if (reply->body.status == WARD_TOO_LARGE) {
        refusal = (struct ward_http_refusal){ 500, "reply_too_large" };
    }
    ward_http_reply_refuse(request, surface, refusal, reply);
}

static void visit_body_headers(const struct ward_http_reply *reply, ward_http_header_visit visit, void *closure)
{
    if (reply->content_type) {
        visit(closure, WARD_SPAN("Content-Type"), ward_span_of(reply->content_type));
    }
    for (size_t i = 0; i < sizeof(body_headers) / sizeof(body_headers[0]); i++) {
        visit(closure, body_headers[i].name, body_headers[i].value);
    }
}

void ward_http_reply_headers(const struct ward_http_request *request, const struct ward_http_reply *reply,
                             ward_http_header_visit visit, void *closure)
{
    if (reply->must_close) {
        visit(closure, WARD_SPAN("Connection"), WARD_SPAN("close"));
    }
    if (reply->body.size > 0) {
        visit_body_headers(reply, visit, closure);
    }
    for (size_t i = 0; i < reply->header_count; i++) {
        const struct ward_http_header *header = &reply->headers[i];
        if (header->value.data && header->value.size <= WARD_REPLY_HEADER_BYTES) {
            visit(closure, header->name, header->value);
        }
    }
    if (!has_header(reply, WARD_SPAN("Cache-Control"))) {
        visit(closure, WARD_SPAN("Cache-Control"), WARD_SPAN("no-store"));
    }
    visit(closure, WARD_SPAN("Request-Id"), ward_span(request->request_id, WARD_REQUEST_ID_CHARS));
}

struct addition {
    struct MHD_Response *response;
    bool is_ok;
};

/* The library wants C strings; a span may be a part of a longer text. */
static void add_header(void *closure, struct ward_span name, struct ward_span value)
{
    struct addition *addition = closure;
    char name_text[64];
    char value_text[WARD_REPLY_HEADER_BYTES + 1];
    if (name.size >= sizeof(name_text) || value.size >= sizeof(value_text)) {
        return;
    }
    memcpy(name_text, name.data, name.size);
    name_text[name.size] = '\0';
    memcpy(value_text, value.data, value.size);
    value_text[value.size] = '\0';
    addition->is_ok = addition->is_ok && MHD_add_response_header(addition->response, name_text, value_text) == MHD_YES;
}

enum MHD_Result ward_http_reply_send(struct MHD_Connection *mhd, const struct ward_http_request *request,
                                     const struct ward_http_reply *reply)
{
    static char nothing[1];
    /* Persistent: the bytes stay ours until the request is completed, and are wiped there if they are secret. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.size, reply->body.size ? reply->body.data : nothing, MHD_RESPMEM_PERSISTENT);
    if (!response) {
        return MHD_NO;
    }
    enum MHD_Result result = MHD_NO;
    struct addition addition = { response, true };
    ward_http_reply_headers(request, reply, add_header, &addition);
    if (addition.is_ok) {
        result = MHD_queue_response(mhd, (unsigned)reply->status, response);
    }
    MHD_destroy_response(response);
    return result;
}
