/* Routes: literal segments win, slashes at the end say nothing, empty segments match nothing. */
#include "harness.h"

#include <stdio.h>

static enum ward_handled say_route(struct ward_http_request *request, struct ward_http_reply *reply)
{
    reply->status = 200;
    ward_buffer_append(&reply->body, request->parameters[0]);
    ward_buffer_append_char(&reply->body, ',');
    ward_buffer_append(&reply->body, request->parameters[1]);
    return WARD_REPLIED;
}

#define TCP  (1U << WARD_LISTENER_TCP)
#define UNIX (1U << WARD_LISTENER_UNIX)
#define ROUTE(verb, route)                                                                                             \
    {                                                                                                                  \
        .method = (verb), .path = (route), .handle_inline = say_route, .name = (route), .listeners = TCP | UNIX        \
    }

static const struct ward_http_route keys[] = {
    ROUTE(WARD_GET, "/api-keys"),
    ROUTE(WARD_POST, "/api-keys"),
    ROUTE(WARD_GET, "/api-keys/{key}"),
    ROUTE(WARD_PATCH, "/api-keys/{key}"),
    ROUTE(WARD_POST, "/api-keys/{key}/rotate"),
    ROUTE(WARD_POST, "/api-keys/{key}/reactivate"),
    ROUTE(WARD_POST, "/api-keys/auth/{key}"),
    ROUTE(WARD_GET, "/a/{x}/b/{y}"),
    ROUTE(WARD_GET, "/a/literal/b/only"),
    ROUTE(WARD_GET, "/"),
};

static const struct ward_http_route native[] = {
    { .method = WARD_GET, .path = "/v1/who", .handle_inline = say_route, .name = "tcp", .listeners = TCP },
    { .method = WARD_GET, .path = "/v1/who", .handle_inline = say_route, .name = "unix", .listeners = UNIX },
    { .method = WARD_POST, .path = "/v1/bytes", .handle = say_route, .name = "bytes", .listeners = TCP, .body_max = 4 },
};

/* Slashes are collapsed, and what has no route is taken by `otherwise`. */
static const struct ward_http_route lenient[] = {
    ROUTE(WARD_GET, "/l/things"),
    ROUTE(WARD_GET, "/l/things/{id}"),
    ROUTE(WARD_PATCH, "/l/things/{id}/parts"),
};
static const struct ward_http_route lenient_otherwise = ROUTE(WARD_METHOD_OTHER, "/l/otherwise");

/* %2F is a byte of a segment. */
static const struct ward_http_route keeping[] = { ROUTE(WARD_GET, "/k/{name}"), ROUTE(WARD_GET, "/k/{name}/{part}") };

static char refusal_seen[128];
static char route_seen[128];

static void refuse_keys(struct ward_http_request *request, int status, const char *why, struct ward_http_reply *reply)
{
    (void)request;
    reply->status = status;
    snprintf(refusal_seen, sizeof(refusal_seen), "keys %s", why);
}

static void refuse_native(struct ward_http_request *request, int status, const char *why, struct ward_http_reply *reply)
{
    (void)request;
    reply->status = status;
    snprintf(refusal_seen, sizeof(refusal_seen), "native %s", why);
}

static const struct ward_http_surface surfaces[] = {
    { .name = "keys",
      .prefix = "",
      .routes = keys,
      .route_count = sizeof(keys) / sizeof(keys[0]),
      .refuse = refuse_keys },
    { .name = "native",
      .prefix = "/v1",
      .routes = native,
      .route_count = sizeof(native) / sizeof(native[0]),
      .refuse = refuse_native },
    { .name = "lenient",
      .prefix = "/l",
      .routes = lenient,
      .route_count = sizeof(lenient) / sizeof(lenient[0]),
      .collapses_slashes = true,
      .otherwise = &lenient_otherwise,
      .refuse = refuse_native },
    { .name = "keeping",
      .prefix = "/k",
      .routes = keeping,
      .route_count = sizeof(keeping) / sizeof(keeping[0]),
      .keeps_encoded_slashes = true,
      .refuse = refuse_native },
};
#define SURFACES (sizeof(surfaces) / sizeof(surfaces[0]))

static void note_route(void *application, const struct ward_http_request *request,
                       const struct ward_http_surface *surface, const struct ward_http_route *route,
                       const struct ward_http_reply *reply, int64_t duration_us)
{
    (void)application, (void)request, (void)surface, (void)reply, (void)duration_us;
    snprintf(route_seen, sizeof(route_seen), "%s", route ? route->name : "");
}

static int ask(enum ward_method method, const char *target, struct ward_span body, enum ward_listener_kind listener,
               char *text, size_t text_size)
{
    struct ward_http_options options = { .surfaces = surfaces, .surface_count = SURFACES, .finished = note_route };
    struct ward_http_request request = {
        .method = method, .target = ward_span_of(target), .body = body, .listener = listener
    };
    struct ward_http_reply reply;
    refusal_seen[0] = route_seen[0] = '\0';
    ward_http_dispatch(&options, &request, &reply);
    snprintf(text, text_size, "%.*s", (int)reply.body.size, reply.body.data ? reply.body.data : "");
    ward_buffer_free(&reply.body);
    ward_pool_free(&request.pool);
    return reply.status;
}

static void finds_the_route(void **state)
{
    (void)state;
    static const struct {
        enum ward_method method;
        const char *target;
        int status;
        const char *route;
        const char *parameters;
    } rows[] = {
        { WARD_GET, "/api-keys", 200, "/api-keys", "," },
        { WARD_GET, "/api-keys/", 200, "/api-keys", "," },
        { WARD_GET, "/api-keys/?", 200, "/api-keys", "," },
        { WARD_POST, "/api-keys/", 200, "/api-keys", "," },
        { WARD_GET, "/api-keys//", 404, "", "" },
        { WARD_GET, "//api-keys", 404, "", "" },
        { WARD_GET, "/api-keys//x", 404, "", "" },
        { WARD_GET, "/k/a%2Fb", 200, "/k/{name}", "a/b," },
        { WARD_GET, "/k/a%2fb/%2F", 200, "/k/{name}/{part}", "a/b,/" },
        { WARD_GET, "/k/a%252Fb", 200, "/k/{name}", "a%2Fb," },
        { WARD_GET, "/k/%2F%00", 400, "", "" },
        { WARD_GET, "/k%2Fa", 400, "", "" },
        { WARD_GET, "/k/a/b%2Fc/d", 404, "", "" },
        { WARD_GET, "/l/things/a%2fb", 400, "", "" },
        { WARD_GET, "/api-keys/a%2fb", 400, "", "" },
        { WARD_GET, "/nowhere/a%2Fb", 400, "", "" },
        { WARD_GET, "/api-keys/live_1", 200, "/api-keys/{key}", "live_1," },
        { WARD_GET, "/api-keys/live_1/", 200, "/api-keys/{key}", "live_1," },
        { WARD_GET, "/api-keys/auth", 200, "/api-keys/{key}", "auth," },
        { WARD_POST, "/api-keys/auth/live_1", 200, "/api-keys/auth/{key}", "live_1," },
        { WARD_POST, "/api-keys/auth/rotate", 200, "/api-keys/auth/{key}", "rotate," },
        { WARD_POST, "/api-keys/live_1/rotate", 200, "/api-keys/{key}/rotate", "live_1," },
        { WARD_POST, "/api-keys/rotate/rotate", 200, "/api-keys/{key}/rotate", "rotate," },
        { WARD_GET, "/api-keys/auth/live_1", 404, "", "" },
        { WARD_POST, "/api-keys/auth/", 404, "", "" },
        { WARD_DELETE, "/api-keys/live_1", 404, "", "" },
        { WARD_OPTIONS, "/api-keys", 404, "", "" },
        { WARD_HEAD, "/api-keys/live_1", 200, "/api-keys/{key}", "live_1," },
        { WARD_HEAD, "/api-keys/live_1/rotate", 404, "", "" },
        { WARD_GET, "/a/1/b/2", 200, "/a/{x}/b/{y}", "1,2" },
        { WARD_GET, "/a/literal/b/only", 200, "/a/literal/b/only", "," },
        { WARD_GET, "/a/literal/b/other", 200, "/a/{x}/b/{y}", "literal,other" },
        { WARD_GET, "/a/1/b/2/c", 404, "", "" },
        { WARD_GET, "/A/1/b/2", 404, "", "" },
        { WARD_GET, "/api%2Dkeys", 404, "", "" },
        { WARD_GET, "/api-keys/%61uth", 200, "/api-keys/{key}", "auth," },
        { WARD_GET, "/api-keys/a%20b+c", 200, "/api-keys/{key}", "a b+c," },
        { WARD_GET, "/", 200, "/", "," },
        { WARD_GET, "/{key}", 404, "", "" },
        { WARD_GET, "/l/things", 200, "/l/things", "," },
        { WARD_GET, "//l//things", 200, "/l/things", "," },
        { WARD_GET, "/l/things/", 200, "/l/things", "," },
        { WARD_GET, "/l/things//", 200, "/l/things", "," },
        { WARD_GET, "/l//things///a", 200, "/l/things/{id}", "a," },
        { WARD_PATCH, "/l//things/a//parts//", 200, "/l/things/{id}/parts", "a," },
        { WARD_GET, "/l/things/a/parts", 200, "/l/otherwise", "," },
        { WARD_DELETE, "/l/things", 200, "/l/otherwise", "," },
        { WARD_OPTIONS, "/l", 200, "/l/otherwise", "," },
        { WARD_GET, "/l/", 200, "/l/otherwise", "," },
        { WARD_GET, "/l//x//y", 200, "/l/otherwise", "," },
        { WARD_GET, "/lx", 404, "", "" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[128];
        int status = ask(rows[i].method, rows[i].target, WARD_SPAN_NONE, WARD_LISTENER_TCP, text, sizeof(text));
        if (status != rows[i].status || strcmp(route_seen, rows[i].route) != 0 ||
            strcmp(text, rows[i].parameters) != 0) {
            fail_msg("%s: %d %s %s", rows[i].target, status, route_seen, text);
        }
    }
}

static void lets_the_surface_of_the_path_refuse(void **state)
{
    (void)state;
    static const struct {
        enum ward_method method;
        const char *target;
        const char *body;
        int status;
        const char *refusal;
    } rows[] = {
        { WARD_GET, "/v1/none", "", 404, "native no_route" },
        { WARD_GET, "/v1", "", 404, "native no_route" },
        { WARD_GET, "/v1/", "", 404, "native no_route" },
        { WARD_GET, "/v1beta", "", 404, "keys no_route" },
        { WARD_GET, "/none", "", 404, "keys no_route" },
        { WARD_POST, "/v1/bytes", "1234", 200, "" },
        { WARD_POST, "/v1/bytes", "12345", 413, "native body_too_large" },
        { WARD_GET, "/v1/%00", "", 400, "native bad_escape" },
        { WARD_GET, "v1/who", "", 400, "keys bad_target" },
        { WARD_METHOD_OTHER, "/v1/who", "", 501, "native unknown_method" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[128];
        int status = ask(rows[i].method, rows[i].target, ward_span_of(rows[i].body), WARD_LISTENER_TCP, text,
                         sizeof(text));
        if (status != rows[i].status || strcmp(refusal_seen, rows[i].refusal) != 0) {
            fail_msg("%s: %d %s", rows[i].target, status, refusal_seen);
        }
    }
}

static void separates_listeners(void **state)
{
    (void)state;
    char text[128];
    assert_int_equal(ask(WARD_GET, "/v1/who", WARD_SPAN_NONE, WARD_LISTENER_TCP, text, sizeof(text)), 200);
    assert_string_equal(route_seen, "tcp");
    assert_int_equal(ask(WARD_GET, "/v1/who", WARD_SPAN_NONE, WARD_LISTENER_UNIX, text, sizeof(text)), 200);
    assert_string_equal(route_seen, "unix");
    assert_int_equal(ask(WARD_GET, "/v1/who", WARD_SPAN_NONE, WARD_LISTENER_VERIFY, text, sizeof(text)), 404);
}

static void refuses_tables_that_contradict_themselves(void **state)
{
    (void)state;
    static const struct ward_http_route same[] = { ROUTE(WARD_GET, "/x/{a}"), ROUTE(WARD_GET, "/x/{b}/") };
    static const struct ward_http_route empty[] = { ROUTE(WARD_GET, "/x//y") };
    static const struct ward_http_route relative[] = { ROUTE(WARD_GET, "x") };
    static const struct ward_http_route many[] = { ROUTE(WARD_GET, "/{a}/{b}/{c}/{d}/{e}") };
    static const struct ward_http_route nobody[] = { { .method = WARD_GET, .path = "/x", .listeners = TCP } };
    static const struct {
        const struct ward_http_route *routes;
        size_t count;
        const char *why;
    } rows[] = {
        { same, 2, "two routes answer the same method and path: GET /x/{b}/" },
        { empty, 1, "a route's path has an empty segment or too many parameters: GET /x//y" },
        { relative, 1, "a route needs a path that starts with '/' and a handler: GET x" },
        { many, 1, "a route's path has an empty segment or too many parameters: GET /{a}/{b}/{c}/{d}/{e}" },
        { nobody, 1, "a route needs a path that starts with '/' and a handler: GET /x" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct ward_http_surface surface = { .routes = rows[i].routes, .route_count = rows[i].count };
        const struct ward_http_options options = { .surfaces = &surface, .surface_count = 1 };
        struct ward_http_server *server = NULL;
        char why[256];
        assert_int_equal(ward_http_server_start(&options, &server, why), WARD_INVALID);
        assert_string_equal(why, rows[i].why);
    }
}

static void *no_thread(void *application)
{
    (void)application;
    return NULL;
}

static void refuses_without_thread_data(void **state)
{
    (void)state;
    struct ward_http_options options = { .surfaces = surfaces, .surface_count = SURFACES, .thread_start = no_thread };
    struct ward_http_request request = { .method = WARD_GET, .target = WARD_SPAN("/api-keys") };
    struct ward_http_reply reply;
    ward_http_dispatch(&options, &request, &reply);
    assert_int_equal(reply.status, 503);
    assert_string_equal(refusal_seen, "keys no_memory");
    ward_buffer_free(&reply.body);
    ward_pool_free(&request.pool);
}

static int allocations_left;
static void *(*real_allocate)(size_t);

static void *count_down(size_t size)
{
    return allocations_left-- > 0 ? real_allocate(size) : NULL;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    real_allocate = ward_seam.allocate;
    ward_seam.allocate = count_down;
    int status = 0;
    for (int limit = 0; limit < 200 && status != 200; limit++) {
        char text[128];
        allocations_left = limit;
        status = ask(WARD_GET, "/api-keys/a%20b", WARD_SPAN_NONE, WARD_LISTENER_TCP, text, sizeof(text));
        assert_true(status == 200 || status == 503);
        assert_true(status == 503 || strcmp(text, "a b,") == 0);
    }
    ward_seam.allocate = real_allocate;
    assert_int_equal(status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_route),
        cmocka_unit_test(lets_the_surface_of_the_path_refuse),
        cmocka_unit_test(separates_listeners),
        cmocka_unit_test(refuses_tables_that_contradict_themselves),
        cmocka_unit_test(refuses_without_thread_data),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
