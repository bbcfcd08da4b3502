#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_S = 20, BIG = 64 * 1024 * 1024 };

/* Clock */

static _Atomic int64_t clock_offset_ms;
static int64_t (*real_boot_ms)(void);

static int64_t moved_boot_ms(void)
{
    return real_boot_ms() + atomic_load(&clock_offset_ms);
}

void harness_use_clock(void)
{
    if (!real_boot_ms) {
        real_boot_ms = ward_seam.boot_ms;
        ward_seam.boot_ms = moved_boot_ms;
    }
}

void harness_advance_ms(int64_t ms)
{
    atomic_fetch_add(&clock_offset_ms, ms);
}

/* Gate */

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool is_gate_open = true;
static int at_gate;

static void set_gate(bool is_open)
{
    pthread_mutex_lock(&gate_lock);
    is_gate_open = is_open;
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate_lock);
}

void harness_open_gate(void)
{
    set_gate(true);
}

void harness_close_gate(void)
{
    set_gate(false);
}

void harness_wait_at_gate(int count)
{
    pthread_mutex_lock(&gate_lock);
    while (at_gate != count) {
        pthread_cond_wait(&gate_changed, &gate_lock);
    }
    pthread_mutex_unlock(&gate_lock);
}

/* Application */

static atomic_int finished_count, finished_status, thread_count;

static void *start_thread(void *application)
{
    atomic_fetch_add(&thread_count, 1);
    return application;
}

static void stop_thread(void *application, void *thread_data)
{
    assert_ptr_equal(application, thread_data);
    atomic_fetch_sub(&thread_count, 1);
}

static void note_finished(void *application, const struct ward_http_request *request,
                          const struct ward_http_surface *surface, const struct ward_http_route *route,
                          const struct ward_http_reply *reply, int64_t duration_us)
{
    (void)application, (void)surface, (void)route, (void)request, (void)duration_us;
    atomic_store(&finished_status, reply->status);
    atomic_fetch_add(&finished_count, 1);
}

int harness_finished(void)
{
    return atomic_load(&finished_count);
}

int harness_finished_status(void)
{
    return atomic_load(&finished_status);
}

int harness_threads(void)
{
    return atomic_load(&thread_count);
}

void harness_wait_finished(int count)
{
    for (int i = 0; i < WAIT_S * 1000 && harness_finished() < count; i++) {
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(harness_finished(), count);
}

/* Handlers */

static enum ward_handled hello(struct ward_http_request *request, struct ward_http_reply *reply)
{
    reply->status = 200;
    reply->content_type = "text/plain; charset=utf-8";
    ward_buffer_append_text(&reply->body, "hello");
    ward_http_reply_header(request, reply, "X-Test", WARD_SPAN("yes"));
    return WARD_REPLIED;
}

static enum ward_handled nothing(struct ward_http_request *request, struct ward_http_reply *reply)
{
    (void)request;
    reply->status = 204;
    return WARD_REPLIED;
}

static enum ward_handled echo(struct ward_http_request *request, struct ward_http_reply *reply)
{
    reply->status = request->thread_data ? 200 : 500;
    reply->content_type = "application/octet-stream";
    ward_buffer_append(&reply->body, request->body);
    return WARD_REPLIED;
}

static enum ward_handled parameters(struct ward_http_request *request, struct ward_http_reply *reply)
{
    bool is_bad = false;
    struct ward_span query = ward_http_query_get(request, "q", &is_bad);
    reply->status = is_bad ? 400 : 200;
    reply->content_type = "text/plain";
    ward_buffer_append(&reply->body, request->parameters[0]);
    ward_buffer_append_char(&reply->body, '|');
    ward_buffer_append(&reply->body, query);
    ward_buffer_append_char(&reply->body, '|');
    ward_buffer_append(&reply->body, ward_http_header_get(request, "x-one"));
    ward_buffer_append_char(&reply->body, '|');
    ward_buffer_append(&reply->body, request->peer);
    return WARD_REPLIED;
}

static enum ward_handled hand_over(struct ward_http_request *request, struct ward_http_reply *reply)
{
    reply->status = 500;
    ward_buffer_append_text(&reply->body, "of the inline part");
    int *left = ward_pool_alloc(&request->pool, sizeof(*left));
    *left = 42;
    request->handed_over = left;
    return WARD_HAND_OVER;
}

static enum ward_handled take_over(struct ward_http_request *request, struct ward_http_reply *reply)
{
    reply->status = 200;
    ward_buffer_append_int(&reply->body, *(int *)request->handed_over);
    return WARD_REPLIED;
}

static enum ward_handled gate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    pthread_mutex_lock(&gate_lock);
    at_gate++;
    pthread_cond_broadcast(&gate_changed);
    while (!is_gate_open) {
        pthread_cond_wait(&gate_changed, &gate_lock);
    }
    at_gate--;
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate_lock);
    return hello(request, reply);
}

/* Requests that are parked, with what their handlers left. */
enum { PARKED_MAX = 64 };
static struct {
    struct ward_http_request *request;
    struct ward_http_reply *reply;
} parked[PARKED_MAX];
static int parked_count;

/* "now" is answered at once, "over" is a worker's. */
static enum ward_handled park(struct ward_http_request *request, struct ward_http_reply *reply)
{
    if (ward_span_equal(request->body, WARD_SPAN("over"))) {
        return hand_over(request, reply);
    }
    if (ward_span_equal(request->body, WARD_SPAN("now"))) {
        return hello(request, reply);
    }
    pthread_mutex_lock(&gate_lock);
    assert_true(parked_count < PARKED_MAX);
    parked[parked_count].request = request;
    parked[parked_count++].reply = reply;
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate_lock);
    return WARD_PARKED;
}

/* A body that is too large to begin with comes here at once. */
static enum ward_handled work_on(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return request->handed_over ? take_over(request, reply) : echo(request, reply);
}

void harness_wait_parked(int count)
{
    pthread_mutex_lock(&gate_lock);
    while (parked_count != count) {
        pthread_cond_wait(&gate_changed, &gate_lock);
    }
    pthread_mutex_unlock(&gate_lock);
}

void harness_give_parked(void)
{
    pthread_mutex_lock(&gate_lock);
    int count = parked_count;
    parked_count = 0;
    pthread_mutex_unlock(&gate_lock);
    for (int i = 0; i < count; i++) { /* before the row is over nobody parks: its clients wait */
        echo(parked[i].request, parked[i].reply);
        ward_http_reply_give(parked[i].request, i + 1 < count);
    }
}

static enum ward_handled big(struct ward_http_request *request, struct ward_http_reply *reply)
{
    (void)request;
    reply->status = 200;
    char *room = ward_buffer_reserve(&reply->body, BIG);
    if (room) {
        memset(room, 'x', BIG);
        reply->body.size += BIG;
    }
    return WARD_REPLIED;
}

static enum ward_handled too_big(struct ward_http_request *request, struct ward_http_reply *reply)
{
    (void)request;
    reply->status = 200;
    reply->body.max = 4;
    ward_buffer_append_text(&reply->body, "more than four");
    return WARD_REPLIED;
}

static enum ward_handled careless(struct ward_http_request *request, struct ward_http_reply *reply)
{
    (void)request, (void)reply; /* says nothing at all */
    return WARD_REPLIED;
}

/* How many steps were looked ahead: three at most. */
static bool look_ahead(struct ward_http_request *request)
{
    int *steps = request->foreseen ? request->foreseen : ward_pool_alloc(&request->pool, sizeof(*steps));
    request->foreseen = steps;
    return steps && ++*steps < 3;
}

static enum ward_handled looked_ahead(struct ward_http_request *request, struct ward_http_reply *reply)
{
    const int *steps = request->foreseen;
    reply->status = 200;
    ward_buffer_append_int(&reply->body, steps ? *steps : 0);
    ward_buffer_append_char(&reply->body, '|');
    ward_buffer_append(&reply->body, request->parameters[0]);
    return WARD_REPLIED;
}

#define ALL                                                                                                            \
    (1U << WARD_LISTENER_TCP | 1U << WARD_LISTENER_UNIX | 1U << WARD_LISTENER_CONTROL | 1U << WARD_LISTENER_VERIFY)

static const struct ward_http_route routes[] = {
    { .method = WARD_GET, .path = "/hello", .handle_inline = hello, .listeners = ALL },
    { .method = WARD_GET, .path = "/nothing", .handle_inline = nothing, .listeners = ALL },
    { .method = WARD_POST, .path = "/nothing", .handle_inline = nothing, .listeners = ALL },
    { .method = WARD_POST, .path = "/echo", .handle_inline = echo, .body_max = 1000, .listeners = ALL },
    { .method = WARD_POST, .path = "/work", .handle = echo, .body_max = 300000, .listeners = ALL },
    { .method = WARD_GET, .path = "/p/{name}", .handle_inline = parameters, .listeners = ALL },
    { .method = WARD_GET, .path = "/over", .handle_inline = hand_over, .handle = take_over, .listeners = ALL },
    { .method = WARD_GET, .path = "/gate", .handle = gate, .listeners = ALL },
    { .method = WARD_POST, .path = "/park", .handle = work_on, .begin = park, .body_max = 300000, .listeners = ALL },
    { .method = WARD_GET, .path = "/hold", .handle_inline = gate, .listeners = ALL }, /* and the event thread with it */
    { .method = WARD_GET,
      .path = "/ahead/{name}",
      .handle_inline = looked_ahead,
      .foresee = look_ahead,
      .listeners = ALL },
    { .method = WARD_GET, .path = "/big", .handle = big, .listeners = ALL },
    { .method = WARD_GET, .path = "/too-big", .handle_inline = too_big, .listeners = ALL },
    { .method = WARD_GET, .path = "/careless", .handle_inline = careless, .listeners = ALL },
    { .method = WARD_GET, .path = "/control", .handle_inline = hello, .listeners = 1U << WARD_LISTENER_CONTROL },
};

static void refuse(struct ward_http_request *request, int status, const char *why, struct ward_http_reply *reply)
{
    (void)request;
    reply->status = status;
    reply->content_type = "text/plain; charset=utf-8";
    ward_buffer_append_format(&reply->body, "refused: %s", why);
}

static const struct ward_http_surface surfaces[] = {
    { .name = "test",
      .prefix = "",
      .routes = routes,
      .route_count = sizeof(routes) / sizeof(routes[0]),
      .refuse = refuse },
};

static const struct ward_http_listen loopback[] = { { .kind = WARD_LISTENER_TCP, .address = "127.0.0.1:0" } };

struct ward_http_options harness_options(void)
{
    return (struct ward_http_options){
        .surfaces = surfaces,
        .surface_count = 1,
        .listens = loopback,
        .listen_count = 1,
        .event_threads = 2,
        .workers = 2,
        .application = (void *)(uintptr_t)&surfaces,
        .thread_start = start_thread,
        .thread_stop = stop_thread,
        .finished = note_finished,
    };
}

void harness_start(struct harness *harness, const struct ward_http_options *options)
{
    char why[256] = "";
    atomic_store(&finished_count, 0);
    harness_use_clock();
    enum ward_status status = ward_http_server_start(options, &harness->server, why);
    if (status != WARD_OK) {
        fail_msg("%s", why);
    }
    ward_http_server_address(harness->server, 0, harness->address);
}

void harness_stop(struct harness *harness)
{
    ward_http_server_stop(harness->server, 10000);
    harness->server = NULL;
}

/* Client */

static int connect_unix(const char *path)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    memcpy(name.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    return fd;
}

static int connect_tcp(const char *address)
{
    struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1)) };
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int small = 4096;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    return fd;
}

int harness_connect(const char *address)
{
    int fd = strncmp(address, "unix:", 5) == 0 ? connect_unix(address + 5) : connect_tcp(address);
    struct timeval wait = { .tv_sec = WAIT_S };
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    return fd;
}

void harness_send(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the server may have closed already: what it answered tells */
        }
        bytes += sent;
        size -= (size_t)sent;
    }
}

void harness_say(int fd, const char *text)
{
    harness_send(fd, text, strlen(text));
}

static bool read_byte(int fd, char *ret)
{
    ssize_t got = recv(fd, ret, 1, 0);
    if (got < 0 && errno == EAGAIN) {
        fail_msg("no answer within %d s", WAIT_S);
    }
    return got == 1;
}

static size_t body_size(const struct harness_reply *reply)
{
    char value[512];
    return harness_header(reply, "Content-Length", value) ? strtoul(value, NULL, 10) : 0;
}

static void read_body(int fd, struct harness_reply *reply)
{
    reply->body_size = body_size(reply);
    reply->body = calloc(1, reply->body_size + 1);
    assert_non_null(reply->body);
    size_t have = 0;
    while (have < reply->body_size) {
        ssize_t got = recv(fd, reply->body + have, reply->body_size - have, 0);
        assert_true(got > 0);
        have += (size_t)got;
    }
}

void harness_read(int fd, struct harness_reply *reply, bool is_head)
{
    *reply = (struct harness_reply){ 0 };
    size_t size = 0;
    while (size + 1 < sizeof(reply->head) && read_byte(fd, &reply->head[size])) {
        size++;
        if (size >= 4 && memcmp(reply->head + size - 4, "\r\n\r\n", 4) == 0) {
            break;
        }
    }
    if (size == 0) {
        return;
    }
    assert_int_equal(sscanf(reply->head, "HTTP/1.1 %d", &reply->status), 1);
    if (reply->status == 100) {
        harness_read(fd, reply, is_head);
    } else if (!is_head) {
        read_body(fd, reply);
    }
}

void harness_reply_free(struct harness_reply *reply)
{
    free(reply->body);
    reply->body = NULL;
}

const char *harness_header(const struct harness_reply *reply, const char *name, char value[512])
{
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
    const char *found = strcasestr(reply->head, wanted);
    if (!found) {
        return NULL;
    }
    found += strlen(wanted);
    size_t size = strcspn(found, "\r");
    assert_true(size < 512);
    memcpy(value, found, size);
    value[size] = '\0';
    return value;
}

int harness_ask(int fd, const char *text)
{
    struct harness_reply reply;
    harness_say(fd, text);
    harness_read(fd, &reply, strncmp(text, "HEAD", 4) == 0);
    harness_reply_free(&reply);
    return reply.status;
}

bool harness_is_closed(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}
