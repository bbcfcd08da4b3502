/*
 * The direct path. A request that has arrived whole, which is nearly every one, is read, answered and sent by the event
 * threads below, with two system calls and nothing allocated: a library's answer to an empty request over a unix
 * socket alone costs more than a verification may (docs/decisions/0015-direct-path.md).
 *
 * It takes only what is plain: HTTP/1.1, no chunked or announced body, a head that framing.c has nothing against, a
 * route that exists, not HEAD. A connection's first bytes are looked at (MSG_PEEK) and taken off the socket only when
 * their request is answered here. At the first thing that is not plain the socket goes to libmicrohttpd, unread, with
 * all that follows on it: connection.c reads it again, words every refusal, reads bodies that take their time. A
 * connection that has shown a plain request is read outright; if it then comes with something else, the library gets it
 * through a relay (relay.c). There is one reader of heads (framing.c), one router, one set of handlers; only the loop
 * and the writing of the answer are here.
 *
 * The answers of one turn of the loop are sent at its end, one after the other: a client that serves many is woken once
 * for several of them, not for each.
 *
 *   IDLE ──readable──► a whole plain request? ──no──► the library's, for good
 *     ▲                        │ yes
 *     │              inline route │ worker route, or handed over
 *     │                        │        └──► out of the epoll set ──worker is done──┐
 *     └──── sent ◄──── WRITING (what the peer did not take waits for EPOLLOUT) ◄─────┘
 *                              └──must close──► ending: what still comes is dropped, until the peer closes too
 *
 * One request of a connection is in work at a time; those that were sent behind it stay in the socket, or ahead of it
 * in the connection's buffer.
 *
 * A connection belongs to one event thread. While a worker has it, the worker owns its request and reply (and the bytes
 * and the pool behind them, which the event thread gave away with it), as in connection.c.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seam.h"
#include "base/thread.h"
#include "http/internal.h"
#include "http/relay.h"

enum {
    INPUT_BYTES = 32 * 1024, /* a head of 8 + 16 KiB and a small body */
    EVENTS_MAX = 64,
    ACCEPTS_MAX = 16, /* of one listener before the others have their turn */
    ACCEPT_PAUSE_MS = 100,
    TICK_MS = 100,
    SPARES_MAX = 64,          /* buffers of requests that workers had */
    OUTPUT_SOON = 256 * 1024, /* answers that wait for the end of the turn */
    BUFFER_KEPT = 64 * 1024,  /* of a buffer, for the next answer */
    PLACES = 6,               /* so many connections are read before the first of them is served */
    BODY_COPIED = 4096,       /* sent with the heads; a larger one is sent from where it is */
    LINGER_MS = 2000,
    MS_PER_S = 1000,
    US_PER_MS = 1000,
};

enum { TAG_CONNECTION, TAG_DOOR, TAG_WAKE, TAG_RELAY, TAG_MASK = 3 };

/* Answers that wait in the output for the end of the turn. */
struct waiting {
    struct ward_http_connection *connection;
    size_t at, size;
};

/* What a connection sent, and the first request in it. */
struct place {
    struct ward_http_connection *connection; /* NULL: free */
    char *input;
    size_t size;   /* of the bytes in it */
    size_t length; /* of the first request. 0: it is not plain, or not whole, or has no route */
    bool is_peeked;
    bool looks_ahead; /* its route has not brought near all that it can */
    struct ward_http_request request;
    struct ward_http_match match;
};

/* The first lines of an answer's head, which change once a second: the status and the date. */
struct first_lines {
    int status; /* 0: not made yet */
    size_t size;
    char text[128];
};
enum { FIRST_LINES = 8 }; /* by status: the frequent ones do not share a place */

struct ward_http_direct {
    struct ward_http_server *server;
    size_t number;
    pthread_t thread;
    bool is_running;
    atomic_bool is_stopping;
    int epoll_fd, wake_fd;
    int64_t accept_again_ms; /* 0: accepting */
    bool is_accepting;
    int64_t now_ms; /* of this turn of the loop */
    struct place places[PLACES];
    size_t next_place;   /* the oldest of those that are taken, if all are */
    struct place *place; /* in work */
    size_t spare_count;
    char *spares[SPARES_MAX];                 /* all zero */
    _Atomic uint64_t requests;                /* that were answered here */
    struct ward_http_connection *connections; /* all of this thread */
    struct ward_http_relays relays;
    struct ward_buffer output; /* heads, and bodies that are small */
    size_t own_at;             /* where the answers of the connection in work begin in it */
    size_t waiting_count;
    struct waiting waiting[EVENTS_MAX];
    time_t date_s;
    size_t date_size;
    char date[40];
    struct first_lines first_lines[FIRST_LINES];
    struct ward_http_reply reply; /* of the request in work */
    pthread_mutex_t done_lock;
    struct ward_http_connection *done; /* given back by workers */
};

/* The set of what is waited for. */

static bool watch(struct ward_http_direct *direct, int operation, int fd, uint32_t events, void *object, unsigned tag)
{
    struct epoll_event event = { .events = events, .data.u64 = (uintptr_t)object | tag };
    return epoll_ctl(direct->epoll_fd, operation, fd, &event) == 0;
}

static void set_accepting(struct ward_http_direct *direct, bool is_accepting)
{
    struct ward_http_server *server = direct->server;
    if (direct->is_accepting == is_accepting) {
        return;
    }
    direct->is_accepting = is_accepting;
    for (size_t i = 0; i < server->door_count; i++) {
        struct ward_http_door *door = &server->doors[i];
        if (door->is_direct) {
            (void)watch(direct, is_accepting ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, door->socket.fd, EPOLLIN | EPOLLEXCLUSIVE,
                        door, TAG_DOOR);
        }
    }
}

/* Connections. */

static void unlink_connection(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    if (connection->direct_next) {
        connection->direct_next->direct_previous = connection->direct_previous;
    }
    if (connection->direct_previous) {
        connection->direct_previous->direct_next = connection->direct_next;
    } else {
        direct->connections = connection->direct_next;
    }
    ward_http_registry_remove(connection);
}

/* The bytes of a request that a worker had. Their buffer is kept for the next such request. */
static void free_input(struct ward_http_connection *connection)
{
    struct ward_http_direct *direct = connection->direct;
    if (!connection->input) {
        return;
    }
    explicit_bzero(connection->input, connection->input_size);
    if (direct->spare_count < SPARES_MAX) {
        direct->spares[direct->spare_count++] = connection->input;
    } else {
        ward_free(connection->input);
    }
    connection->input = NULL;
}

static char *take_input(struct ward_http_direct *direct)
{
    return direct->spare_count > 0 ? direct->spares[--direct->spare_count] : ward_alloc(INPUT_BYTES);
}

static void free_connection(struct ward_http_connection *connection)
{
    ward_buffer_free(&connection->ahead);
    ward_buffer_free(&connection->unsent);
    ward_buffer_free(&connection->reply.body);
    ward_pool_free(&connection->request.pool);
    free_input(connection);
    ward_free(connection);
}

static void close_connection(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    unlink_connection(direct, connection);
    /* Closing alone would leave it in the set: a lingering duplicate keeps the socket open. */
    (void)epoll_ctl(direct->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
    (void)close(connection->fd);
    free_connection(connection);
}

/* The socket goes to the library with every byte that was not answered, and the object with it: what is left of the
 * first head's time is all that it gets. On a connection that was served a new head begins. What was read already goes
 * ahead of the rest through a relay, whose other end is the library's socket then. */
static void give_to_library(struct ward_http_direct *direct, struct ward_http_connection *connection,
                            struct ward_span ahead)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t size = sizeof(address);
    struct ward_http_door *door = connection->door;
    int fd = connection->fd;
    if (connection->has_served) {
        connection->head_deadline_ms = direct->now_ms + (int64_t)direct->server->options.head_s * MS_PER_S;
    }
    unlink_connection(direct, connection);
    bool is_known = epoll_ctl(direct->epoll_fd, EPOLL_CTL_DEL, fd, NULL) == 0 &&
                    getpeername(fd, (struct sockaddr *)&address, &size) == 0;
    if (!is_known) {
        (void)close(fd);
        fd = -1;
    } else if (ahead.size > 0) {
        fd = ward_http_relay_start(&direct->relays, fd, ahead);
    }
    if (fd < 0) {
        free_connection(connection);
        return;
    }
    connection->fd = fd;
    ward_http_brought_add(connection);
    /* It closes the socket itself when it cannot take it. */
    (void)MHD_add_connection(door->daemons[direct->number % door->daemon_count], fd, (struct sockaddr *)&address, size);
}

static void take_connection(struct ward_http_direct *direct, struct ward_http_door *door, int fd,
                            const struct sockaddr *address)
{
    struct ward_http_connection *connection = ward_http_connection_new(door, NULL, fd, address);
    if (!connection || !watch(direct, EPOLL_CTL_ADD, fd, EPOLLIN, connection, TAG_CONNECTION)) {
        ward_free(connection);
        (void)close(fd);
        return;
    }
    if (!door->is_unix) {
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    connection->direct = direct;
    connection->direct_next = direct->connections;
    if (direct->connections) {
        direct->connections->direct_previous = connection;
    }
    direct->connections = connection;
    atomic_fetch_add_explicit(&direct->server->connections, 1, memory_order_relaxed);
    ward_http_registry_add(connection);
}

static void accept_some(struct ward_http_direct *direct, struct ward_http_door *door)
{
    if (atomic_load(&direct->server->is_draining)) {
        set_accepting(direct, false);
        return;
    }
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
        socklen_t size = sizeof(address);
        int fd = accept4(door->socket.fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) {
            continue;
        }
        if (fd < 0) {
            if (errno != EAGAIN) { /* no descriptor or no memory left: those who wait in the queue go on waiting */
                set_accepting(direct, false);
                direct->accept_again_ms = direct->now_ms + ACCEPT_PAUSE_MS;
            }
            return;
        }
        if (ward_http_on_accept(door, (const struct sockaddr *)&address, size) == MHD_YES) {
            take_connection(direct, door, fd, (const struct sockaddr *)&address);
        } else {
            (void)close(fd);
        }
    }
}

/* Answers. */

static void append_header(struct ward_buffer *output, struct ward_span name, struct ward_span value)
{
    size_t size = name.size + value.size + 4;
    bool has_room = output->status == WARD_OK && size <= output->capacity - output->size;
    char *to = has_room ? output->data + output->size : ward_buffer_reserve(output, size);
    if (!to) {
        return;
    }
    memcpy(to, name.data, name.size);
    to += name.size;
    *to++ = ':';
    *to++ = ' ';
    memcpy(to, value.data, value.size);
    to += value.size;
    *to++ = '\r';
    *to = '\n';
    output->size += size;
}

static void append_header_of(void *closure, struct ward_span name, struct ward_span value)
{
    append_header(closure, name, value);
}

/* RFC 9110 5.6.7, made once a second; looked at once a turn of the loop. */
static void keep_date(struct ward_http_direct *direct)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now_s = (time_t)(ward_now_ms() / MS_PER_S);
    if (now_s == direct->date_s && direct->date_size > 0) {
        return;
    }
    struct tm tm = { 0 };
    (void)gmtime_r(&now_s, &tm);
    int size = snprintf(direct->date, sizeof(direct->date), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                        days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
                        tm.tm_min, tm.tm_sec);
    direct->date_size = (size_t)size;
    direct->date_s = now_s;
    memset(direct->first_lines, 0, sizeof(direct->first_lines));
}

static struct ward_span first_lines_of(struct ward_http_direct *direct, int status)
{
    struct first_lines *lines = &direct->first_lines[(unsigned)status % FIRST_LINES];
    if (lines->status != status) {
        int size = snprintf(lines->text, sizeof(lines->text), "HTTP/1.1 %d %s\r\nDate: %s\r\n", status,
                            MHD_get_reason_phrase_for((unsigned)status), direct->date);
        lines->status = status;
        lines->size = (size_t)size;
    }
    return ward_span(lines->text, lines->size);
}

static void append_head(struct ward_http_direct *direct, const struct ward_http_request *request,
                        const struct ward_http_reply *reply)
{
    struct ward_buffer *output = &direct->output;
    ward_buffer_append(output, first_lines_of(direct, reply->status));
    ward_http_reply_headers(request, reply, append_header_of, output);
    if (reply->status != 204 && reply->status != 304) { /* RFC 9110 8.6 */
        ward_buffer_append(output, WARD_SPAN("Content-Length: "));
        ward_buffer_append_uint(output, reply->body.size);
        ward_buffer_append(output, WARD_SPAN("\r\n"));
    }
    ward_buffer_append(output, WARD_SPAN("\r\n"));
}

/* No value of a key stays behind in a buffer that is used again. */
static void wipe(struct ward_buffer *buffer, size_t max)
{
    if (buffer->capacity > BUFFER_KEPT) {
        ward_buffer_free(buffer);
    }
    ward_buffer_clear(buffer);
    buffer->max = max;
}

/* What the peer has not taken waits in a buffer of the connection's; a large body's own becomes that buffer. */
static bool keep_unsent(struct ward_http_direct *direct, struct ward_http_connection *connection,
                        struct ward_span heads, size_t sent, struct ward_buffer *body)
{
    struct ward_buffer *unsent = &connection->unsent;
    if (unsent->size == 0 && sent >= heads.size) {
        *unsent = *body;
        unsent->max = SIZE_MAX; /* of one answer; another may follow */
        *body = ward_buffer_new_secret(0);
        connection->unsent_at = sent - heads.size;
    } else {
        if (unsent->size == 0) {
            *unsent = ward_buffer_new_secret(SIZE_MAX);
            connection->unsent_at = 0;
        }
        ward_buffer_append(unsent, ward_span(heads.data + sent, heads.size - sent));
        ward_buffer_append(unsent, ward_buffer_span(body));
    }
    ward_http_enter(connection, WARD_HTTP_WRITING, direct->now_ms + ward_http_write_ms(direct->server, unsent->size));
    return unsent->status == WARD_OK;
}

static ssize_t send_parts(const struct ward_http_connection *connection, struct ward_span heads,
                          const struct ward_buffer *body)
{
    if (body->size == 0) {
        return send(connection->fd, heads.data, heads.size, MSG_NOSIGNAL);
    }
    struct iovec parts[2] = { { (char *)(uintptr_t)heads.data, heads.size }, { body->data, body->size } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    return sendmsg(connection->fd, &message, MSG_NOSIGNAL);
}

/* Send heads, then body; behind what waits already. False: the connection is of no use any more. */
static bool send_now(struct ward_http_direct *direct, struct ward_http_connection *connection, struct ward_span heads,
                     struct ward_buffer *body)
{
    if (connection->unsent.size > 0) {
        return keep_unsent(direct, connection, heads, 0, body);
    }
    if (heads.size == 0) {
        return true;
    }
    ssize_t sent = send_parts(connection, heads, body);
    bool is_full = sent < 0 && (errno == EAGAIN || errno == EINTR);
    if (sent < 0 && !is_full) {
        return false;
    }
    size_t size = is_full ? 0 : (size_t)sent;
    return size == heads.size + body->size || keep_unsent(direct, connection, heads, size, body);
}

static void begin_answers(struct ward_http_direct *direct)
{
    direct->own_at = direct->output.size;
}

static struct ward_span own_answers(const struct ward_http_direct *direct)
{
    return direct->output.data ? ward_span(direct->output.data + direct->own_at, direct->output.size - direct->own_at)
                               : WARD_SPAN_NONE;
}

/* Send what was written since begin_answers, then body. False: the connection is of no use any more. */
static bool send_answers(struct ward_http_direct *direct, struct ward_http_connection *connection,
                         struct ward_buffer *body)
{
    struct ward_span own = own_answers(direct);
    bool is_well = direct->output.status == WARD_OK && send_now(direct, connection, own, body);
    if (direct->waiting_count == 0) {
        wipe(&direct->output, SIZE_MAX);
    } else if (own.size > 0) {
        explicit_bzero(direct->output.data + direct->own_at, own.size);
        direct->output.size = direct->own_at;
    }
    begin_answers(direct);
    return is_well;
}

static void report(struct ward_http_direct *direct, const struct ward_http_request *request,
                   const struct ward_http_match *match, const struct ward_http_reply *reply, int64_t duration_ms)
{
    const struct ward_http_options *options = &direct->server->options;
    uint64_t requests = atomic_load_explicit(&direct->requests, memory_order_relaxed);
    atomic_store_explicit(&direct->requests, requests + 1, memory_order_relaxed); /* nobody else counts here */
    if (options->finished) {
        options->finished(options->application, request, match->surface, match->route, reply, duration_ms * US_PER_MS);
    }
}

/* Requests. */

static void begin_reply(struct ward_http_direct *direct)
{
    struct ward_http_reply *reply = &direct->reply;
    wipe(&reply->body, WARD_REPLY_MAX);
    reply->status = 500;
    reply->content_type = NULL;
    reply->header_count = 0;
    reply->must_close = false;
    reply->reason = NULL;
}

/* RFC 9112 9.3. What is not exactly "keep-alive" closes: at worst a connection too many is made. */
static bool wants_close(const struct ward_http_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const struct ward_http_header *header = &request->headers[i];
        if (ward_span_equal_nocase(header->name, WARD_SPAN("Connection")) &&
            !ward_span_equal_nocase(header->value, WARD_SPAN("keep-alive"))) {
            return true;
        }
    }
    return false;
}

static bool is_plain(const struct ward_http_request *request, const struct ward_http_framing *framing, size_t follows)
{
    return !framing->is_chunked && !framing->expects_continue && (uint64_t)framing->content_length <= follows &&
           request->method != WARD_METHOD_OTHER && request->method != WARD_HEAD;
}

/* Read one request; its length. 0: it is not plain, or not whole, or has no route. Nothing has happened then. */
static size_t read_request(struct ward_http_direct *direct, struct place *place, struct ward_span bytes)
{
    struct ward_http_server *server = direct->server;
    const struct ward_http_connection *connection = place->connection;
    struct ward_http_request *request = &place->request;
    struct ward_http_thread *thread = ward_http_thread_get(server);
    ward_pool_reset(&request->pool);
    *request = (struct ward_http_request){
        .peer = ward_span_of(connection->peer),
        .listener = connection->door->kind,
        .pool = request->pool,
        .thread_data = thread ? thread->data : NULL,
        .application = server->options.application,
    };
    struct ward_http_framing framing;
    size_t head = thread ? ward_http_framing_read_raw(bytes, request, &framing) : 0;
    if (head == 0 || !is_plain(request, &framing, bytes.size - head) ||
        ward_http_find_route(server->router, request, &place->match).status ||
        framing.content_length > ward_http_length_limit(place->match.route)) {
        return 0;
    }
    if (place->match.route->body_max > 0) { /* others drop what is sent along */
        request->body = ward_span(bytes.data + head, (size_t)framing.content_length);
    }
    ward_http_request_id(thread, request->request_id);
    return head + (size_t)framing.content_length;
}

/* Make the answer's head, and its body if it is small. */
static void write_answer(struct ward_http_direct *direct, const struct ward_http_request *request,
                         struct ward_http_reply *reply)
{
    if (wants_close(request) || atomic_load_explicit(&direct->server->is_draining, memory_order_relaxed)) {
        reply->must_close = true;
    }
    append_head(direct, request, reply);
    if (reply->body.size <= BODY_COPIED) {
        ward_buffer_append(&direct->output, ward_buffer_span(&reply->body));
    }
}

/* The worker gets the bytes and the pool with the request; the event thread makes new ones. */
static bool give_to_worker(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    struct place *place = direct->place;
    char *input = take_input(direct);
    if (!input) {
        return false;
    }
    connection->input = place->input;
    connection->input_size = place->size;
    place->input = input;
    place->size = 0;
    connection->request = place->request;
    connection->reply = direct->reply;
    connection->match = place->match;
    place->request.pool = ward_pool_new(WARD_REQUEST_POOL_MAX);
    direct->reply.body = ward_buffer_new_secret(WARD_REPLY_MAX);
    connection->started_ms = direct->now_ms;
    ward_http_enter(connection, WARD_HTTP_HANDLER, 0);
    (void)epoll_ctl(direct->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
    if (!ward_http_workers_queue(direct->server, connection)) {
        ward_http_reply_refuse(&connection->request, connection->match.surface,
                               (struct ward_http_refusal){ 503, "queue_full" }, &connection->reply);
        ward_http_direct_resume(connection);
    }
    return true;
}

/* Take bytes off the socket that were looked at. TCP drops them unseen; a unix socket copies them once more, to where
 * they stand already. */
static bool discard(struct ward_http_direct *direct, const struct ward_http_connection *connection, size_t size)
{
    int flags = connection->door->is_unix ? 0 : MSG_TRUNC;
    return recv(connection->fd, direct->place->input, size, flags) == (ssize_t)size;
}

static const struct ward_buffer no_body;

struct turn {
    size_t used;     /* bytes of the requests that were run */
    bool is_foreign; /* what follows is the library's */
    bool is_handed;  /* the last one goes on at a worker */
    bool is_broken;  /* the peer takes no answer */
    bool must_close;
};

static bool is_sent_apart(const struct ward_buffer *body)
{
    return body->size > BODY_COPIED;
}

/* A large body goes out at once, with all that was written before it. */
static bool settle_answer(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    return !is_sent_apart(&direct->reply.body) || send_answers(direct, connection, &direct->reply.body);
}

/* Run the requests that lie in the input, up to the first that is not for this thread. */
static struct turn run_requests(struct ward_http_direct *direct, struct place *place)
{
    struct turn turn = { 0 };
    struct ward_http_connection *connection = place->connection;
    struct ward_http_request *request = &place->request;
    struct ward_http_reply *reply = &direct->reply;
    size_t size = place->size;
    while (turn.used < size && !turn.must_close && connection->unsent.size == 0) {
        struct ward_span left = ward_span(place->input + turn.used, size - turn.used);
        size_t length = turn.used == 0 ? place->length : read_request(direct, place, left);
        if (length == 0) {
            turn.is_foreign = turn.used == 0 || size < INPUT_BYTES; /* or only cut off, and first the next time */
            break;
        }
        begin_reply(direct);
        turn.used += length;
        ward_http_handler handle = place->match.route->handle_inline;
        turn.is_handed = !handle || handle(request, reply) == WARD_HAND_OVER;
        if (turn.is_handed) {
            break;
        }
        ward_http_reply_settle(request, place->match.surface, reply);
        write_answer(direct, request, reply);
        report(direct, request, &place->match, reply, 0);
        turn.must_close = reply->must_close;
        turn.is_broken = !settle_answer(direct, connection);
        if (turn.is_broken) {
            break;
        }
    }
    return turn;
}

/* The answer is sent. To close now would be a reset where more has come, and the peer might never see the answer
 * (RFC 9112 9.6). */
static void begin_end(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    if (shutdown(connection->fd, SHUT_WR) != 0) {
        close_connection(direct, connection);
        return;
    }
    connection->is_ending = true;
    ward_http_enter(connection, WARD_HTTP_IDLE, direct->now_ms + LINGER_MS);
}

static void end_turn(struct ward_http_direct *direct, struct ward_http_connection *connection, bool must_close)
{
    if (connection->unsent.size > 0) {
        connection->closes_when_sent = must_close;
        if (!watch(direct, EPOLL_CTL_MOD, connection->fd, EPOLLOUT, connection, TAG_CONNECTION)) {
            close_connection(direct, connection);
        }
    } else if (must_close) {
        begin_end(direct, connection);
    } else {
        ward_http_enter(connection, WARD_HTTP_IDLE,
                        direct->now_ms + (int64_t)direct->server->options.idle_s * MS_PER_S);
    }
}

/* What comes behind the last request of a connection. */
static void drop_input(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    char *input = direct->places[0].input;
    ssize_t size = recv(connection->fd, input, INPUT_BYTES, 0);
    if (size > 0) {
        explicit_bzero(input, (size_t)size);
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_connection(direct, connection);
    }
}

static void refuse_handing(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    struct ward_buffer none = no_body;
    struct ward_http_request *request = &direct->place->request;
    const struct ward_http_match *match = &direct->place->match;
    begin_answers(direct);
    ward_http_reply_refuse(request, match->surface, (struct ward_http_refusal){ 503, "no_memory" }, &direct->reply);
    write_answer(direct, request, &direct->reply);
    report(direct, request, match, &direct->reply, 0);
    if (send_answers(direct, connection, is_sent_apart(&direct->reply.body) ? &direct->reply.body : &none)) {
        end_turn(direct, connection, direct->reply.must_close);
    } else {
        close_connection(direct, connection);
    }
}

/* What was read and is to be run later. */
static bool keep_ahead(struct ward_http_connection *connection, struct ward_span bytes)
{
    if (bytes.size == 0) {
        return true;
    }
    connection->ahead = ward_buffer_new_secret(INPUT_BYTES);
    ward_buffer_append(&connection->ahead, bytes);
    return connection->ahead.status == WARD_OK;
}

/* The rest of the input, of which nothing lies in the socket any more. */
static struct ward_span rest_of(const struct place *place, const struct turn *turn)
{
    return place->is_peeked ? WARD_SPAN_NONE : ward_span(place->input + turn->used, place->size - turn->used);
}

/* Send what the requests of a turn gave, and see what the connection does next. */
static void conclude(struct ward_http_direct *direct, struct place *place, const struct turn *turn)
{
    struct ward_buffer none = no_body;
    struct ward_http_connection *connection = place->connection;
    struct ward_span rest = rest_of(place, turn);
    bool is_well = !turn->is_broken && send_answers(direct, connection, &none) &&
                   (!place->is_peeked || turn->used == 0 || discard(direct, connection, turn->used));
    connection->has_served |= turn->used > 0;
    bool is_library = is_well && turn->is_foreign && !turn->is_handed && connection->unsent.size == 0;
    if (is_well && !is_library && !turn->must_close) {
        is_well = keep_ahead(connection, rest);
    }
    if (!is_well) {
        close_connection(direct, connection);
    } else if (is_library) {
        give_to_library(direct, connection, rest);
    } else if (turn->is_handed) {
        if (!give_to_worker(direct, connection)) {
            refuse_handing(direct, connection);
        }
    } else {
        end_turn(direct, connection, turn->must_close);
    }
}

/* Nearly always: all that came was answered, and the answers may wait for those of the others. */
static bool may_wait(const struct ward_http_direct *direct, const struct place *place, const struct turn *turn)
{
    return !place->is_peeked && turn->used == place->size && !turn->is_handed && !turn->is_broken &&
           !turn->must_close && place->connection->unsent.size == 0 && direct->output.status == WARD_OK &&
           direct->output.size < OUTPUT_SOON && direct->waiting_count < EVENTS_MAX;
}

static void send_waiting(struct ward_http_direct *direct)
{
    for (size_t i = 0; i < direct->waiting_count; i++) {
        struct waiting *waiting = &direct->waiting[i];
        struct ward_buffer none = no_body;
        struct ward_span answers = ward_span(direct->output.data + waiting->at, waiting->size);
        if (send_now(direct, waiting->connection, answers, &none)) {
            end_turn(direct, waiting->connection, false);
        } else {
            close_connection(direct, waiting->connection);
        }
    }
    if (direct->waiting_count > 0) {
        direct->waiting_count = 0;
        wipe(&direct->output, SIZE_MAX);
    }
}

static size_t take_ahead(struct ward_http_connection *connection, char *input)
{
    size_t size = connection->ahead.size;
    if (size > 0) {
        memcpy(input, connection->ahead.data, size);
        ward_buffer_free(&connection->ahead);
    }
    return size;
}

/* Read what a connection sent. False: there is nothing to serve. */
static bool take_bytes(struct ward_http_direct *direct, struct ward_http_connection *connection, struct place *place)
{
    place->is_peeked = !connection->has_served;
    size_t ahead = take_ahead(connection, place->input);
    ssize_t more = recv(connection->fd, place->input + ahead, INPUT_BYTES - ahead, place->is_peeked ? MSG_PEEK : 0);
    bool is_over = more == 0 && ahead == 0;
    if (is_over || (more < 0 && errno != EAGAIN && errno != EINTR)) {
        explicit_bzero(place->input, ahead);
        close_connection(direct, connection);
        return false;
    }
    place->size = ahead + (more > 0 ? (size_t)more : 0);
    if (place->size == 0) {
        return false;
    }
    /* Not idle any more: a drain that begins now waits for the answer. */
    int64_t deadline_ms = atomic_load_explicit(&connection->deadline_ms, memory_order_relaxed);
    ward_http_enter(connection, WARD_HTTP_HANDLER, deadline_ms);
    place->connection = connection;
    return true;
}

/* The route may fetch, a step at each call, what it will read: meanwhile others are taken in. */
static void look_ahead(struct place *place)
{
    place->looks_ahead = place->looks_ahead && place->match.route->foresee(&place->request);
}

static void take_in(struct ward_http_direct *direct, struct ward_http_connection *connection, struct place *place)
{
    if (!take_bytes(direct, connection, place)) {
        return;
    }
    place->length = read_request(direct, place, ward_span(place->input, place->size));
    place->looks_ahead = place->length > 0 && place->match.route->foresee;
    look_ahead(place);
}

static void serve(struct ward_http_direct *direct, struct place *place)
{
    const char *input = place->input;
    size_t size = place->size;
    direct->place = place;
    begin_answers(direct);
    struct turn turn = run_requests(direct, place);
    if (may_wait(direct, place, &turn)) {
        direct->waiting[direct->waiting_count++] = (struct waiting){ place->connection, direct->own_at,
                                                                     direct->output.size - direct->own_at };
    } else {
        conclude(direct, place, &turn);
    }
    if (place->input == input) { /* or a worker has it */
        explicit_bzero(place->input, size);
    }
    wipe(&direct->reply.body, WARD_REPLY_MAX);
    ward_pool_reset(&place->request.pool);
    place->connection = NULL;
}

/* Serve all that were taken in, the oldest first. */
static void serve_taken(struct ward_http_direct *direct)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct place *place = &direct->places[(direct->next_place + i) % PLACES];
        if (place->connection) {
            serve(direct, place);
        }
    }
}

/* Take a connection in. The one that was taken in so many before it is served for it, and meanwhile those between them
 * look ahead. */
static void take_or_serve(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    struct place *place = &direct->places[direct->next_place];
    direct->next_place = (direct->next_place + 1) % PLACES;
    if (place->connection) {
        serve(direct, place);
    }
    take_in(direct, connection, place);
    for (size_t i = 0; i < PLACES; i++) {
        if (&direct->places[i] != place && direct->places[i].connection) {
            look_ahead(&direct->places[i]);
        }
    }
}

/* An answer is out that took longer: what was sent behind its request is next. */
static void go_on(struct ward_http_direct *direct, struct ward_http_connection *connection, bool must_close)
{
    bool has_more = !must_close && connection->unsent.size == 0 && connection->ahead.size > 0;
    end_turn(direct, connection, must_close);
    if (has_more) {
        take_or_serve(direct, connection);
    }
}

static void send_rest(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    struct ward_buffer *unsent = &connection->unsent;
    ssize_t sent = send(connection->fd, unsent->data + connection->unsent_at, unsent->size - connection->unsent_at,
                        MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        close_connection(direct, connection);
        return;
    }
    connection->unsent_at += sent > 0 ? (size_t)sent : 0;
    if (connection->unsent_at < unsent->size) {
        return;
    }
    ward_buffer_free(unsent);
    bool is_watched = watch(direct, EPOLL_CTL_MOD, connection->fd, EPOLLIN, connection, TAG_CONNECTION);
    go_on(direct, connection, !is_watched || connection->closes_when_sent);
}

/* Answers of workers. */

void ward_http_direct_resume_all(struct ward_http_connection *first, struct ward_http_connection *last)
{
    struct ward_http_direct *direct = first->direct;
    pthread_mutex_lock(&direct->done_lock);
    bool was_empty = direct->done == NULL;
    last->next_queued = direct->done;
    direct->done = first;
    pthread_mutex_unlock(&direct->done_lock);
    if (was_empty) {
        (void)eventfd_write(direct->wake_fd, 1);
    }
}

void ward_http_direct_resume(struct ward_http_connection *connection)
{
    ward_http_direct_resume_all(connection, connection);
}

static void finish(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    struct ward_http_reply *reply = &connection->reply;
    struct ward_buffer none = no_body;
    begin_answers(direct);
    write_answer(direct, &connection->request, reply);
    report(direct, &connection->request, &connection->match, reply, direct->now_ms - connection->started_ms);
    bool must_close = reply->must_close;
    bool is_well = send_answers(direct, connection, is_sent_apart(&reply->body) ? &reply->body : &none) &&
                   watch(direct, EPOLL_CTL_ADD, connection->fd, EPOLLIN, connection, TAG_CONNECTION);
    ward_buffer_free(&reply->body);
    ward_pool_free(&connection->request.pool);
    free_input(connection);
    if (is_well) {
        go_on(direct, connection, must_close);
    } else {
        close_connection(direct, connection);
    }
}

static void finish_done(struct ward_http_direct *direct)
{
    eventfd_t count;
    (void)eventfd_read(direct->wake_fd, &count);
    pthread_mutex_lock(&direct->done_lock);
    struct ward_http_connection *done = direct->done;
    direct->done = NULL;
    pthread_mutex_unlock(&direct->done_lock);
    while (done) {
        struct ward_http_connection *next = done->next_queued;
        finish(direct, done);
        done = next;
    }
}

/* The loop. */

static void handle_connection(struct ward_http_direct *direct, struct ward_http_connection *connection)
{
    if (connection->unsent.size > 0) {
        send_rest(direct, connection);
    } else if (connection->is_ending) {
        drop_input(direct, connection);
    } else {
        take_or_serve(direct, connection);
    }
}

static void handle_event(struct ward_http_direct *direct, const struct epoll_event *event)
{
    uintptr_t bits = (uintptr_t)event->data.u64;
    void *object = (void *)(bits & ~(uintptr_t)TAG_MASK);
    switch (bits & TAG_MASK) {
    case TAG_DOOR:
        accept_some(direct, object);
        break;
    case TAG_WAKE:
        finish_done(direct);
        break;
    case TAG_RELAY:
        ward_http_relay_event(&direct->relays, object, event->events, direct->now_ms);
        break;
    default:
        handle_connection(direct, object);
        break;
    }
}

static void *run(void *argument)
{
    struct ward_http_direct *direct = argument;
    struct epoll_event events[EVENTS_MAX];
    ward_thread_is(WARD_THREAD_PROMPT);
    while (!atomic_load(&direct->is_stopping)) {
        bool has_deadline = direct->accept_again_ms || direct->relays.first;
        int count = epoll_wait(direct->epoll_fd, events, EVENTS_MAX, has_deadline ? TICK_MS : -1);
        direct->now_ms = ward_boot_ms();
        keep_date(direct);
        ward_log_hold();
        for (int i = 0; i < count; i++) {
            handle_event(direct, &events[i]);
        }
        serve_taken(direct);
        ward_log_release(); /* what is answered has its line before */
        send_waiting(direct);
        ward_http_relays_look(&direct->relays, direct->now_ms);
        if (direct->accept_again_ms && direct->now_ms >= direct->accept_again_ms) {
            direct->accept_again_ms = 0;
            set_accepting(direct, true);
        }
    }
    finish_done(direct); /* the last answers of the workers, if they are still to be sent */
    serve_taken(direct);
    send_waiting(direct);
    return NULL;
}

static bool make_places(struct ward_http_direct *direct)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct place *place = &direct->places[i];
        place->request.pool = ward_pool_new(WARD_REQUEST_POOL_MAX);
        place->input = ward_alloc(INPUT_BYTES);
        if (!place->input) {
            return false;
        }
    }
    return true;
}

static enum ward_status start_one(struct ward_http_server *server, struct ward_http_direct *direct, size_t number)
{
    direct->server = server;
    direct->number = number;
    direct->reply.body = ward_buffer_new_secret(WARD_REPLY_MAX);
    direct->output = ward_buffer_new_secret(SIZE_MAX);
    direct->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    direct->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    direct->relays = (struct ward_http_relays){ .epoll_fd = direct->epoll_fd, .tag = TAG_RELAY };
    pthread_mutex_init(&direct->done_lock, NULL);
    if (!make_places(direct) || direct->epoll_fd < 0 || direct->wake_fd < 0 ||
        !watch(direct, EPOLL_CTL_ADD, direct->wake_fd, EPOLLIN, direct, TAG_WAKE)) {
        return WARD_NO_MEMORY;
    }
    set_accepting(direct, true);
    direct->is_running = pthread_create(&direct->thread, NULL, run, direct) == 0;
    return direct->is_running ? WARD_OK : WARD_UNAVAILABLE;
}

enum ward_status ward_http_direct_start(struct ward_http_server *server, size_t threads)
{
    server->directs = ward_alloc(threads * sizeof(*server->directs));
    if (!server->directs) {
        return WARD_NO_MEMORY;
    }
    enum ward_status status = WARD_OK;
    while (status == WARD_OK && server->direct_count < threads) {
        size_t number = server->direct_count++;
        status = start_one(server, &server->directs[number], number);
    }
    return status;
}

static void stop_one(struct ward_http_direct *direct)
{
    if (direct->is_running) {
        atomic_store(&direct->is_stopping, true);
        (void)eventfd_write(direct->wake_fd, 1);
        pthread_join(direct->thread, NULL);
    }
    while (direct->connections) {
        close_connection(direct, direct->connections);
    }
    ward_http_relays_close(&direct->relays);
    if (direct->epoll_fd >= 0) {
        (void)close(direct->epoll_fd);
    }
    if (direct->wake_fd >= 0) {
        (void)close(direct->wake_fd);
    }
    ward_buffer_free(&direct->output);
    ward_buffer_free(&direct->reply.body);
    for (size_t i = 0; i < PLACES; i++) {
        ward_pool_free(&direct->places[i].request.pool);
        ward_free(direct->places[i].input);
    }
    while (direct->spare_count > 0) {
        ward_free(direct->spares[--direct->spare_count]);
    }
    pthread_mutex_destroy(&direct->done_lock);
}

void ward_http_direct_stop(struct ward_http_server *server)
{
    for (size_t i = 0; i < server->direct_count; i++) {
        stop_one(&server->directs[i]);
    }
    ward_free(server->directs);
    server->directs = NULL;
    server->direct_count = 0;
}

uint64_t ward_http_direct_requests(const struct ward_http_server *server)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < server->direct_count; i++) {
        sum += atomic_load_explicit(&server->directs[i].requests, memory_order_relaxed);
    }
    return sum;
}
