/* Input: a request target if it starts with '/', otherwise a request head as libmicrohttpd leaves it (separators turned
 * into NUL). What is accepted has one reading: no dot segment, no slash and no NUL in what a handler is given. */
#include "check.h"
#include "http/internal.h"

static bool is_clean(struct ward_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static enum ward_handled check_request(struct ward_http_request *request, struct ward_http_reply *reply)
{
    for (size_t i = 0; i < WARD_PATH_PARAMETERS_MAX; i++) {
        struct ward_span given = request->parameters[i];
        if (!given.data) {
            continue;
        }
        CHECK(given.size > 0 && given.size <= WARD_HTTP_SEGMENT_MAX);
        CHECK(!memchr(given.data, '\0', given.size) && !memchr(given.data, '/', given.size));
        CHECK(!ward_span_equal(given, WARD_SPAN(".")) && !ward_span_equal(given, WARD_SPAN("..")));
    }
    bool is_bad = false;
    struct ward_span value = ward_http_query_get(request, "q", &is_bad);
    CHECK(!is_bad || !value.data);
    CHECK(value.size <= request->query.size);
    reply->status = 204;
    return WARD_REPLIED;
}

static const struct ward_http_route routes[] = {
    { .method = WARD_GET, .path = "/", .handle_inline = check_request, .listeners = 1 },
    { .method = WARD_GET, .path = "/a", .handle_inline = check_request, .listeners = 1 },
    { .method = WARD_GET, .path = "/a/{one}", .handle_inline = check_request, .listeners = 1 },
    { .method = WARD_GET, .path = "/a/b/{one}", .handle_inline = check_request, .listeners = 1 },
    { .method = WARD_GET, .path = "/a/{one}/c", .handle_inline = check_request, .listeners = 1 },
    { .method = WARD_GET, .path = "/{one}/{two}/{three}/{four}", .handle_inline = check_request, .listeners = 1 },
};
static const struct ward_http_surface surface = { .routes = routes, .route_count = sizeof(routes) / sizeof(routes[0]) };

static void try_target(struct ward_span target)
{
    static const struct ward_http_options options = { .surfaces = &surface, .surface_count = 1 };
    struct ward_http_request request = { .method = WARD_GET, .target = target };
    struct ward_http_reply reply;
    ward_http_dispatch(&options, &request, &reply);
    CHECK(reply.status == 204 || reply.status == 400 || reply.status == 404 || reply.status == 414);
    CHECK(reply.status == 414 || target.size <= WARD_HTTP_TARGET_MAX);
    ward_buffer_free(&reply.body);
    ward_pool_free(&request.pool);
}

static void check_fields(const struct ward_http_header *headers, size_t count, const struct ward_http_framing *framing)
{
    CHECK(count <= WARD_HTTP_HEADERS_MAX);
    for (size_t i = 0; i < count; i++) {
        CHECK(headers[i].name.size > 0 && is_clean(headers[i].name) && is_clean(headers[i].value));
        CHECK(!memchr(headers[i].name.data, ' ', headers[i].name.size));
    }
    CHECK(framing->content_length >= 0 && !(framing->is_chunked && framing->content_length > 0));
}

static void try_head(struct ward_span head)
{
    WARD_POOL pool = ward_pool_new(64 * 1024);
    const struct ward_http_header *headers = NULL;
    struct ward_http_framing framing;
    size_t count = 0;
    size_t method = strnlen(head.data, head.size);
    size_t target = method < head.size ? strnlen(head.data + method + 1, head.size - method - 1) : 0;
    struct ward_http_refusal refusal = ward_http_framing_read(head, target, &pool, &headers, &count, &framing);
    if (refusal.status == 0) {
        check_fields(headers, count, &framing);
    } else {
        CHECK(refusal.status >= 400 && refusal.why);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ward_span input = ward_span((const char *)data, size);
    if (size > 0 && data[0] == '/') {
        try_target(input);
    } else {
        try_head(input);
    }
    return 0;
}
