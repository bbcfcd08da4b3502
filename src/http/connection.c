/*
 * One request from its first line to its last byte, on the callbacks of libmicrohttpd (internal.h draws the phases).
 *
 * 1. Nothing is answered in the first callback, because the library closes the connection then; except refusals whose
 *    connection must close anyway.
 * 2. A request with a chunked body is the last one of its connection. The library accepts lone LFs and extensions in
 *    chunk lines and does not show them; with nothing parsed behind such a body, another reading of its end by a proxy
 *    leads nowhere.
 * 3. While a worker has the request the connection is suspended, and nobody else touches it.
 */
#include <arpa/inet.h>

#include "base/encoding.h"
#include "base/seam.h"
#include "http/internal.h"

enum {
    DROP_MAX = 64 * 1024,     /* of a body that nobody wants: read and dropped, so that keep-alive goes on */
    BODY_FIRST = 4 * 1024,    /* a declared length is no reason yet to allocate it */
    WRITE_RATE = 64 * 1024,   /* bytes a second that a client must take at least */
    TLS_HANDSHAKE_FACTOR = 2, /* the first head on TLS: as much time again for the handshake */
    MS_PER_S = 1000,
    US_PER_MS = 1000,
};

static const union MHD_ConnectionInfo *info(struct MHD_Connection *mhd, enum MHD_ConnectionInfoType type)
{
    return MHD_get_connection_info(mhd, type);
}

void ward_http_enter(struct ward_http_connection *connection, enum ward_http_phase phase, int64_t deadline_ms)
{
    atomic_store_explicit(&connection->deadline_ms, deadline_ms, memory_order_relaxed);
    atomic_store_explicit(&connection->phase, phase, memory_order_release);
}

/* Sockets. */

static void note_peer(struct ward_http_connection *connection, const struct sockaddr *address)
{
    if (connection->door->is_unix || !address) {
        memcpy(connection->peer, "unix", sizeof("unix"));
        return;
    }
    const void *bytes = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (!inet_ntop(address->sa_family, bytes, connection->peer, sizeof(connection->peer))) {
        connection->peer[0] = '\0';
    }
    connection->has_source = ward_http_source_of(address, &connection->source);
}

struct ward_http_connection *ward_http_connection_new(struct ward_http_door *door, struct MHD_Connection *mhd, int fd,
                                                      const struct sockaddr *address)
{
    struct ward_http_connection *connection = ward_alloc(sizeof(*connection));
    if (!connection) {
        return NULL;
    }
    connection->server = door->server;
    connection->door = door;
    connection->mhd = mhd;
    connection->fd = fd;
    note_peer(connection, address);
    int64_t head_ms = (int64_t)door->server->options.head_s * MS_PER_S;
    connection->head_deadline_ms = ward_boot_ms() + head_ms * (door->is_tls ? TLS_HANDSHAKE_FACTOR : 1);
    ward_http_enter(connection, WARD_HTTP_IDLE, connection->head_deadline_ms);
    return connection;
}

/* The object of a socket that the library tells of: brought by direct.c, or new. */
static struct ward_http_connection *connection_of(struct ward_http_door *door, struct MHD_Connection *mhd)
{
    int fd = info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (!door->is_direct) {
        atomic_fetch_add_explicit(&door->server->connections, 1, memory_order_relaxed);
        return ward_http_connection_new(door, mhd, fd, info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    }
    struct ward_http_connection *connection = ward_http_brought_take(door->server, fd);
    if (connection) {
        connection->mhd = mhd;
        connection->direct = NULL;
        connection->has_served = false;
        ward_http_enter(connection, WARD_HTTP_IDLE, connection->head_deadline_ms);
    }
    return connection;
}

void ward_http_on_connection(void *closure, struct MHD_Connection *mhd, void **socket_context,
                             enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct ward_http_connection *connection = connection_of(closure, mhd);
        *socket_context = connection; /* NULL: its first request is not answered */
        if (connection) {
            ward_http_registry_add(connection);
        }
    } else if (*socket_context) {
        ward_http_registry_remove(*socket_context);
        ward_free(*socket_context);
        *socket_context = NULL;
    }
}

enum MHD_Result ward_http_on_accept(void *closure, const struct sockaddr *address, socklen_t size)
{
    (void)size;
    struct ward_http_door *door = closure;
    struct in6_addr source;
    bool has_source = !door->is_unix && ward_http_source_of(address, &source);
    bool is_refused = atomic_load(&door->server->is_draining) ||
                      ward_http_registry_is_full(door->server, has_source ? &source : NULL);
    if (is_refused) {
        atomic_fetch_add_explicit(&door->server->refused_connections, 1, memory_order_relaxed);
    }
    return is_refused ? MHD_NO : MHD_YES;
}

/* The head. */

static struct ward_pool take_pool(struct ward_http_thread *thread)
{
    if (!thread || !thread->spare.blocks) {
        return ward_pool_new(WARD_REQUEST_POOL_MAX);
    }
    struct ward_pool pool = thread->spare;
    thread->spare = ward_pool_new(WARD_REQUEST_POOL_MAX);
    return pool;
}

static void begin_request(struct ward_http_connection *connection, const char *target)
{
    struct ward_http_server *server = connection->server;
    struct ward_http_thread *thread = ward_http_thread_get(server);
    connection->started_ms = ward_boot_ms();
    ward_http_enter(connection, WARD_HTTP_HEAD,
                    connection->has_served ? connection->started_ms + (int64_t)server->options.head_s * MS_PER_S
                                           : connection->head_deadline_ms);
    connection->step = WARD_HTTP_STEP_HEAD;
    connection->refusal = (struct ward_http_refusal){ 0, NULL };
    connection->match = (struct ward_http_match){ 0 };
    connection->body = ward_buffer_new_secret(0);
    connection->dropped = 0;
    connection->has_reply = false;
    ward_http_reply_reset(&connection->reply);
    connection->request = (struct ward_http_request){
        .method = WARD_METHOD_OTHER,
        .path = WARD_SPAN("/"),
        .peer = ward_span_of(connection->peer),
        .listener = connection->door->kind,
        .pool = take_pool(thread),
        .thread_data = thread ? thread->data : NULL,
        .application = server->options.application,
    };
    ward_http_request_id(thread, connection->request.request_id);
    connection->request.target = ward_pool_copy(&connection->request.pool, ward_span_of(target));
    if (!thread || !connection->request.target.data) {
        connection->refusal = (struct ward_http_refusal){ 503, "no_memory" };
    }
}

/* The library would make a field of each query parameter next, until its memory for the connection is gone and the
 * request hangs. Nobody reads them: in its buffer, which is the one we are shown, the query ends where it begins. */
static void hide_query(const char *target)
{
    char *mark = strchr((char *)(uintptr_t)target, '?');
    if (mark) {
        mark[1] = '\0';
    }
}

void *ward_http_on_target(void *closure, const char *target, struct MHD_Connection *mhd)
{
    (void)closure;
    struct ward_http_connection *connection = info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    if (connection) {
        begin_request(connection, target);
    }
    hide_query(target);
    return connection;
}

/* The marks that the library leaves can be imitated: two NULs look like the end of a line, and so does a colon between
 * a lone CR and a lone LF. So both must have found the same fields, at the same places. */
struct comparison {
    const struct ward_http_request *request;
    size_t seen;
    bool is_same;
};

static enum MHD_Result compare_field(void *closure, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                     const char *value, size_t value_size)
{
    (void)kind, (void)value, (void)value_size;
    struct comparison *comparison = closure;
    const struct ward_http_request *request = comparison->request;
    size_t index = comparison->seen++;
    comparison->is_same = comparison->is_same && index < request->header_count &&
                          request->headers[index].name.data == name && request->headers[index].name.size == name_size;
    return MHD_YES;
}

static bool has_same_fields(const struct ward_http_connection *connection)
{
    struct comparison comparison = { .request = &connection->request, .is_same = true };
    (void)MHD_get_connection_values_n(connection->mhd, MHD_HEADER_KIND, compare_field, &comparison);
    return comparison.is_same && comparison.seen == connection->request.header_count;
}

static struct ward_http_refusal read_head(struct ward_http_connection *connection, const char *method)
{
    struct ward_http_request *request = &connection->request;
    struct ward_span head = ward_span(method,
                                      info(connection->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size);
    request->method_text = ward_span(method, strnlen(method, head.size));
    request->method = ward_http_method_parse(request->method_text);
    struct ward_http_refusal refusal = ward_http_framing_read(
        head, request->target.size, &request->pool, &request->headers, &request->header_count, &connection->framing);
    if (refusal.status) {
        return refusal;
    }
    if (!has_same_fields(connection)) {
        return (struct ward_http_refusal){ 400, "bad_field_value" };
    }
    if (request->method == WARD_METHOD_OTHER) { /* TRACE and CONNECT too: RFC 9110 15.6.2 */
        return (struct ward_http_refusal){ 501, "unknown_method" };
    }
    return ward_http_target_check(request->target, &request->path, &request->query);
}

/* RFC 3986 2.1: only what is captured is decoded; literal segments are compared as they came. */
static bool decode_parameters(const struct ward_http_match *match, struct ward_http_request *request)
{
    for (size_t i = 0; i < WARD_PATH_PARAMETERS_MAX; i++) {
        struct ward_span raw = match->parameters[i];
        if (!raw.data || !memchr(raw.data, '%', raw.size)) {
            request->parameters[i] = raw;
            continue;
        }
        WARD_BUFFER decoded = ward_buffer_new(WARD_HTTP_SEGMENT_MAX);
        if (ward_percent_decode(raw, &decoded)) {
            request->parameters[i] = ward_pool_copy(&request->pool, ward_buffer_span(&decoded));
        }
        if (!request->parameters[i].data) {
            return false;
        }
    }
    return true;
}

/* security.md attack 15: whoever stands in front may read it as a slash. */
static bool has_encoded_slash(struct ward_span path)
{
    const char *end = path.data + path.size;
    for (const char *at = path.data; (at = memchr(at, '%', (size_t)(end - at))) != NULL; at++) {
        if (end - at >= 3 && at[1] == '2' && (at[2] | 0x20) == 'f') {
            return true;
        }
    }
    return false;
}

struct ward_http_refusal ward_http_find_route(const struct ward_http_router *router, struct ward_http_request *request,
                                              struct ward_http_match *ret)
{
    ward_http_router_find(router, request->method, request->path, request->listener, ret);
    if (!(ret->surface && ret->surface->keeps_encoded_slashes) && has_encoded_slash(request->path)) {
        ret->route = NULL;
        return (struct ward_http_refusal){ 400, "bad_escape" };
    }
    if (!ret->route) {
        return (struct ward_http_refusal){ 404, "no_route" };
    }
    if (!decode_parameters(ret, request)) {
        return (struct ward_http_refusal){ 503, "no_memory" };
    }
    return (struct ward_http_refusal){ 0, NULL };
}

/* A route without a body takes a small one and drops it: clients send "{}" to everything. */
int64_t ward_http_length_limit(const struct ward_http_route *route)
{
    return route && route->body_max > 0 ? (int64_t)route->body_max : DROP_MAX;
}

static bool has_body(const struct ward_http_connection *connection)
{
    return connection->framing.is_chunked || connection->framing.content_length > 0;
}

/* Answers. */

int64_t ward_http_write_ms(const struct ward_http_server *server, size_t size)
{
    return (int64_t)server->options.write_stall_s * MS_PER_S + (int64_t)(size / WRITE_RATE) * MS_PER_S;
}

static enum MHD_Result send_reply(struct ward_http_connection *connection)
{
    struct ward_http_server *server = connection->server;
    struct ward_http_reply *reply = &connection->reply;
    if (atomic_load_explicit(&server->is_draining, memory_order_relaxed) || connection->framing.is_chunked) {
        reply->must_close = true;
    }
    ward_http_enter(connection, WARD_HTTP_WRITING, ward_boot_ms() + ward_http_write_ms(server, reply->body.size));
    connection->step = WARD_HTTP_STEP_ANSWERED;
    connection->has_reply = true;
    return ward_http_reply_send(connection->mhd, &connection->request, reply);
}

static enum MHD_Result send_refusal(struct ward_http_connection *connection, struct ward_http_refusal refusal)
{
    ward_http_reply_refuse(&connection->request, connection->match.surface, refusal, &connection->reply);
    return send_reply(connection);
}

/* Find whose words fit a request that was refused before it was routed, maybe before its target was read: no byte of
 * it is trusted, but where it begins says whom it was meant for. */
static void find_words(const struct ward_http_router *router, const struct ward_http_request *request,
                       struct ward_http_match *ret)
{
    struct ward_span path = request->target;
    const char *mark = path.size > 0 ? memchr(path.data, '?', path.size) : NULL;
    path.size = mark ? (size_t)(mark - path.data) : path.size;
    ward_http_router_find(router, WARD_METHOD_OTHER, path, request->listener, ret);
    ret->route = NULL;
}

static enum MHD_Result refuse_and_close(struct ward_http_connection *connection, struct ward_http_refusal refusal)
{
    if (!connection->match.surface) {
        find_words(connection->server->router, &connection->request, &connection->match);
    }
    connection->refusal = refusal;
    ward_http_reply_refuse(&connection->request, connection->match.surface, refusal, &connection->reply);
    connection->reply.must_close = true;
    return send_reply(connection);
}

static enum MHD_Result take_head(struct ward_http_connection *connection, const char *method)
{
    struct ward_http_refusal refusal = connection->refusal.status ? connection->refusal : read_head(connection, method);
    if (refusal.status) {
        connection->framing = (struct ward_http_framing){ 0 };
        return refuse_and_close(connection, refusal);
    }
    refusal = ward_http_find_route(connection->server->router, &connection->request, &connection->match);
    bool is_too_long = connection->framing.content_length > ward_http_length_limit(connection->match.route);
    if (!refusal.status && is_too_long) {
        refusal = (struct ward_http_refusal){ 413, "body_too_large" };
    }
    if (refusal.status && (refusal.status == 400 || is_too_long || connection->framing.expects_continue)) {
        return refuse_and_close(connection, refusal);
    }
    connection->refusal = refusal;
    connection->step = refusal.status ? WARD_HTTP_STEP_DROP : WARD_HTTP_STEP_BODY;
    if (has_body(connection)) {
        connection->body = ward_buffer_new_secret(connection->match.route ? connection->match.route->body_max : 0);
        ward_http_enter(connection, WARD_HTTP_BODY,
                        ward_boot_ms() + (int64_t)connection->server->options.body_s * MS_PER_S);
    }
    return MHD_YES;
}

/* The body. */

static void give_up_body(struct ward_http_connection *connection, struct ward_http_refusal refusal)
{
    ward_buffer_free(&connection->body);
    connection->refusal = refusal;
    connection->reply.must_close = true;
    connection->step = WARD_HTTP_STEP_DROP;
}

static enum MHD_Result drop(struct ward_http_connection *connection, size_t size)
{
    connection->dropped += (int64_t)size;
    return connection->dropped <= DROP_MAX ? MHD_YES : MHD_NO; /* the library takes no answer in the middle of a body */
}

static enum MHD_Result take_body(struct ward_http_connection *connection, const char *data, size_t size)
{
    if (connection->step != WARD_HTTP_STEP_BODY || connection->match.route->body_max == 0) {
        return drop(connection, size);
    }
    if (connection->body.size == 0 && !connection->framing.is_chunked) {
        int64_t first = connection->framing.content_length < BODY_FIRST ? connection->framing.content_length
                                                                        : BODY_FIRST;
        (void)ward_buffer_reserve(&connection->body, (size_t)first);
    }
    ward_buffer_append(&connection->body, ward_span(data, size));
    if (connection->body.status == WARD_TOO_LARGE) {
        give_up_body(connection, (struct ward_http_refusal){ 413, "body_too_large" });
    } else if (connection->body.status != WARD_OK) {
        give_up_body(connection, (struct ward_http_refusal){ 503, "no_memory" });
    }
    return MHD_YES;
}

/* The handler. */

static enum MHD_Result hand_to_worker(struct ward_http_connection *connection)
{
    connection->step = WARD_HTTP_STEP_WORK;
    MHD_suspend_connection(connection->mhd); /* before it is queued: the worker may be done at once */
    if (!ward_http_workers_queue(connection->server, connection)) {
        ward_http_reply_refuse(&connection->request, connection->match.surface,
                               (struct ward_http_refusal){ 503, "queue_full" }, &connection->reply);
        connection->step = WARD_HTTP_STEP_REPLY;
        MHD_resume_connection(connection->mhd);
    }
    return MHD_YES;
}

static enum MHD_Result run(struct ward_http_connection *connection)
{
    const struct ward_http_route *route = connection->match.route;
    ward_http_enter(connection, WARD_HTTP_HANDLER, 0);
    connection->request.body = ward_buffer_span(&connection->body);
    if (!route->handle_inline || route->handle_inline(&connection->request, &connection->reply) == WARD_HAND_OVER) {
        return hand_to_worker(connection);
    }
    ward_http_reply_settle(&connection->request, connection->match.surface, &connection->reply);
    return send_reply(connection);
}

void ward_http_connection_work(struct ward_http_connection *connection)
{
    struct ward_http_thread *thread = ward_http_thread_get(connection->server);
    struct ward_http_request *request = &connection->request;
    struct ward_http_reply *reply = &connection->reply;
    ward_http_reply_reset(reply); /* an inline part may have begun one before it handed over */
    if (!thread || atomic_load_explicit(&connection->server->is_cut_off, memory_order_relaxed)) {
        ward_http_reply_refuse(request, connection->match.surface,
                               (struct ward_http_refusal){ 503, thread ? "stopping" : "no_memory" }, reply);
    } else {
        request->thread_data = thread->data;
        if (connection->match.route->handle) {
            (void)connection->match.route->handle(request, reply);
        }
        ward_http_reply_settle(request, connection->match.surface, reply);
    }
    connection->step = WARD_HTTP_STEP_REPLY;
    if (connection->direct) {
        ward_http_direct_resume(connection);
    } else {
        MHD_resume_connection(connection->mhd);
    }
}

static enum MHD_Result finish_body(struct ward_http_connection *connection)
{
    switch (connection->step) {
    case WARD_HTTP_STEP_BODY:
        return run(connection);
    case WARD_HTTP_STEP_DROP:
        return connection->reply.must_close ? refuse_and_close(connection, connection->refusal)
                                            : send_refusal(connection, connection->refusal);
    case WARD_HTTP_STEP_REPLY:
        return send_reply(connection);
    default:
        return MHD_YES;
    }
}

enum MHD_Result ward_http_on_access(void *closure, struct MHD_Connection *mhd, const char *url, const char *method,
                                    const char *version, const char *data, size_t *data_size, void **context)
{
    (void)closure, (void)mhd, (void)url, (void)version;
    struct ward_http_connection *connection = *context;
    if (!connection) {
        return MHD_NO;
    }
    if (connection->step == WARD_HTTP_STEP_HEAD) {
        return take_head(connection, method);
    }
    if (*data_size > 0) {
        size_t size = *data_size;
        *data_size = 0;
        return take_body(connection, data, size);
    }
    return finish_body(connection);
}

/* The end. */

/* The library refused the head itself, or the peer went away before there was an answer. */
static void note_missing_reply(struct ward_http_connection *connection, enum MHD_RequestTerminationCode code)
{
    const union MHD_ConnectionInfo *status = info(connection->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    connection->reply.status = status ? (int)status->http_status : 0;
    connection->reply.reason = status && status->http_status                    ? "malformed"
                               : code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED ? "timed_out"
                                                                                : "aborted";
}

static void report(struct ward_http_connection *connection, int64_t now_ms)
{
    const struct ward_http_options *options = &connection->server->options;
    atomic_fetch_add_explicit(&connection->server->requests, 1, memory_order_relaxed);
    if (options->finished) {
        options->finished(options->application, &connection->request, connection->match.surface,
                          connection->match.route, &connection->reply, (now_ms - connection->started_ms) * US_PER_MS);
    }
}

static void give_back_pool(struct ward_http_connection *connection)
{
    struct ward_http_thread *thread = ward_http_thread_get(connection->server);
    if (!thread || thread->spare.blocks || !connection->request.pool.blocks) {
        ward_pool_free(&connection->request.pool);
        return;
    }
    ward_pool_reset(&connection->request.pool);
    thread->spare = connection->request.pool;
    connection->request.pool = ward_pool_new(0);
}

void ward_http_on_completed(void *closure, struct MHD_Connection *mhd, void **context,
                            enum MHD_RequestTerminationCode code)
{
    (void)closure, (void)mhd;
    struct ward_http_connection *connection = *context;
    if (!connection) {
        return;
    }
    *context = NULL;
    int64_t now_ms = ward_boot_ms();
    if (!connection->has_reply) {
        note_missing_reply(connection, code);
    }
    report(connection, now_ms);
    if (connection->has_reply && connection->reply.must_close && connection->refusal.status) {
        ward_http_linger(connection);
    }
    ward_buffer_free(&connection->body);
    ward_buffer_free(&connection->reply.body);
    give_back_pool(connection);
    connection->has_served = true;
    ward_http_enter(connection, WARD_HTTP_IDLE, now_ms + (int64_t)connection->server->options.idle_s * MS_PER_S);
}

/* Without a network. */

static struct ward_http_refusal prepare_dispatch(const struct ward_http_router *router,
                                                 struct ward_http_request *request, struct ward_http_match *match)
{
    struct ward_http_framing framing;
    struct ward_http_refusal refusal = ward_http_framing_check(request->headers, request->header_count, false,
                                                               &framing);
    if (!refusal.status && request->header_count > WARD_HTTP_HEADERS_MAX) {
        refusal = (struct ward_http_refusal){ 431, "too_many_fields" };
    }
    if (!refusal.status && request->method >= WARD_METHOD_OTHER) {
        refusal = (struct ward_http_refusal){ 501, "unknown_method" };
    }
    if (!refusal.status) {
        refusal = ward_http_target_check(request->target, &request->path, &request->query);
    }
    if (refusal.status) {
        request->path = WARD_SPAN("/");
        find_words(router, request, match);
        return refusal;
    }
    refusal = ward_http_find_route(router, request, match);
    if (!refusal.status && (int64_t)request->body.size > ward_http_length_limit(match->route)) {
        refusal = (struct ward_http_refusal){ 413, "body_too_large" };
    }
    return refusal;
}

static void dispatch_to(const struct ward_http_match *match, struct ward_http_request *request,
                        struct ward_http_reply *reply)
{
    const struct ward_http_route *route = match->route;
    bool is_handed_over = !route->handle_inline || route->handle_inline(request, reply) == WARD_HAND_OVER;
    if (is_handed_over) {
        ward_http_reply_reset(reply);
    }
    if (is_handed_over && route->handle) {
        (void)route->handle(request, reply);
    }
    ward_http_reply_settle(request, match->surface, reply);
}

static void dispatch_on(const struct ward_http_options *options, const struct ward_http_router *router,
                        struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_http_thread *thread = ward_http_thread_new(options);
    struct ward_http_match match = { 0 };
    ward_http_request_id(thread, request->request_id);
    request->thread_data = thread ? thread->data : NULL;
    request->application = options->application;
    struct ward_http_refusal refusal = prepare_dispatch(router, request, &match);
    if (!refusal.status && !thread) {
        refusal = (struct ward_http_refusal){ 503, "no_memory" };
    }
    int64_t started_ms = ward_boot_ms();
    if (refusal.status) {
        ward_http_reply_refuse(request, match.surface, refusal, reply);
    } else {
        dispatch_to(&match, request, reply);
    }
    if (options->finished) {
        options->finished(options->application, request, match.surface, match.route, reply,
                          (ward_boot_ms() - started_ms) * US_PER_MS);
    }
    ward_http_thread_free(options, thread);
    request->thread_data = NULL;
}

void ward_http_dispatch(const struct ward_http_options *options, struct ward_http_request *request,
                        struct ward_http_reply *reply)
{
    *reply = (struct ward_http_reply){ 0 };
    ward_http_reply_reset(reply);
    if (request->pool.max == 0) {
        request->pool = ward_pool_new(WARD_REQUEST_POOL_MAX);
    }
    struct ward_http_router *router = NULL;
    char why[256];
    if (ward_http_router_new(options->surfaces, options->surface_count, &router, why) != WARD_OK) {
        reply->status = 503;
        return;
    }
    dispatch_on(options, router, request, reply);
    ward_http_router_free(router);
}
