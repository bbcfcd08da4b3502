/*
 * Start and stop. Each listener has one daemon of the library per event thread, all on the same listening socket: the
 * library's own thread pool may abort the process when it stops accepting under load, single daemons do not.
 *
 * Invariant of the stop: workers have given back every suspended connection before a daemon is stopped, and daemons
 * are stopped before anything that their callbacks use is freed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/seam.h"
#include "http/internal.h"

enum {
    WORKERS_DEFAULT = 64,
    EVENT_THREADS_MAX = 256,
    CONNECTION_MEMORY = 32 * 1024, /* a head of 8 + 16 KiB, its field list, and the head of the answer */
    CONNECTIONS_SLACK = 64,        /* the exact limit is kept at accept; this one is the library's */
    TIMEOUT_SLACK_S = 5,           /* the watchdog comes first */
    DRAIN_STEP_MS = 10,
    LAST_ANSWERS_MS = 200,
    WHY = 256,
};

/* Threads */

struct ward_http_thread *ward_http_thread_new(const struct ward_http_options *options)
{
    struct ward_http_thread *thread = ward_alloc(sizeof(*thread));
    if (!thread) {
        return NULL;
    }
    if (options->thread_start) {
        thread->data = options->thread_start(options->application);
        if (!thread->data) {
            ward_free(thread);
            return NULL;
        }
    }
    /* Ids only have to differ. Without random bytes the address of this thread's own memory does. */
    uint32_t prefix = 0;
    if (ward_random(&prefix, sizeof(prefix)) != WARD_OK) {
        prefix = (uint32_t)((uintptr_t)thread >> 4);
    }
    char text[sizeof(thread->id_prefix) + 1];
    ward_hex_encode(&prefix, sizeof(prefix), text);
    memcpy(thread->id_prefix, text, sizeof(thread->id_prefix));
    return thread;
}

void ward_http_thread_free(const struct ward_http_options *options, struct ward_http_thread *thread)
{
    if (!thread) {
        return;
    }
    if (thread->data && options->thread_stop) {
        options->thread_stop(options->application, thread->data);
    }
    ward_pool_free(&thread->spare);
    ward_free(thread);
}

struct ward_http_thread *ward_http_thread_get(struct ward_http_server *server)
{
    static _Thread_local struct {
        uint64_t server_id;
        struct ward_http_thread *thread;
    } own;
    if (own.server_id == server->id) {
        return own.thread;
    }
    struct ward_http_thread *thread = ward_http_thread_new(&server->options);
    if (!thread) {
        return NULL; /* tried again for the next request */
    }
    pthread_mutex_lock(&server->threads_lock);
    thread->next = server->threads;
    server->threads = thread;
    pthread_mutex_unlock(&server->threads_lock);
    own.server_id = server->id;
    own.thread = thread;
    return thread;
}

void ward_http_request_id(struct ward_http_thread *thread, char id[WARD_REQUEST_ID_CHARS + 1])
{
    static const char digits[] = "0123456789abcdef";
    memset(id, '0', WARD_REQUEST_ID_CHARS);
    id[WARD_REQUEST_ID_CHARS] = '\0';
    if (!thread) {
        return;
    }
    memcpy(id, thread->id_prefix, sizeof(thread->id_prefix));
    uint32_t count = ++thread->id_counter;
    for (int i = WARD_REQUEST_ID_CHARS - 1; i >= (int)sizeof(thread->id_prefix); i--) {
        id[i] = digits[count & 15];
        count >>= 4;
    }
}

/* Start */

static size_t leave_escapes(void *closure, struct MHD_Connection *mhd, char *text)
{
    (void)closure, (void)mhd;
    return strlen(text);
}

static unsigned timeout_s(const struct ward_http_options *options)
{
    int longest = options->idle_s;
    longest = options->head_s > longest ? options->head_s : longest;
    longest = options->body_s > longest ? options->body_s : longest;
    longest = options->write_stall_s > longest ? options->write_stall_s : longest;
    return (unsigned)longest + TIMEOUT_SLACK_S;
}

static struct MHD_Daemon *start_daemon(struct ward_http_door *door, int fd)
{
    const struct ward_http_options *options = &door->server->options;
    unsigned flags = MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)ward_http_tls_callback() },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)ward_http_tls_priorities() },
        { MHD_OPTION_END, 0, NULL },
    };
    struct MHD_OptionItem listen[] = { { MHD_OPTION_LISTEN_SOCKET, fd, NULL }, { MHD_OPTION_END, 0, NULL } };
    struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
    if (door->is_direct) { /* its connections are brought */
        flags |= MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC;
    }
    /* Not MHD_OPTION_STRICT_FOR_CLIENT: it closes without an answer, or answers in HTML, what framing.c refuses in the
     * words of the surface. */
    return MHD_start_daemon(
        flags | (door->is_tls ? MHD_USE_TLS : 0), 0, door->is_direct ? NULL : ward_http_on_accept, door,
        ward_http_on_access, door, MHD_OPTION_ARRAY, door->is_direct ? none : listen, MHD_OPTION_ARRAY,
        door->is_tls ? tls : none, MHD_OPTION_URI_LOG_CALLBACK, ward_http_on_target, door, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED, ward_http_on_completed, door, MHD_OPTION_NOTIFY_CONNECTION,
        ward_http_on_connection, door, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)(options->connections_max + CONNECTIONS_SLACK),
        MHD_OPTION_CONNECTION_TIMEOUT, timeout_s(options), MHD_OPTION_END);
}

static enum ward_status open_door(struct ward_http_door *door, size_t threads, char why[WHY])
{
    door->daemons = ward_alloc(threads * sizeof(*door->daemons));
    door->quiesced = ward_alloc(threads * sizeof(*door->quiesced));
    if (!door->daemons || !door->quiesced) {
        snprintf(why, WHY, "out of memory");
        return WARD_NO_MEMORY;
    }
    while (door->daemon_count < threads) {
        int fd = door->is_direct ? -1 : fcntl(door->socket.fd, F_DUPFD_CLOEXEC, 0);
        struct MHD_Daemon *daemon = fd < 0 && !door->is_direct ? NULL : start_daemon(door, fd);
        if (!daemon) {
            snprintf(why, WHY, "cannot serve on %.100s: out of memory, threads or file descriptors", door->socket.text);
            return WARD_UNAVAILABLE;
        }
        door->daemons[door->daemon_count++] = daemon;
    }
    return WARD_OK;
}

static size_t event_threads(const struct ward_http_server *server, enum ward_listener_kind kind)
{
    size_t threads = server->options.event_threads;
    if (kind == WARD_LISTENER_CONTROL) {
        return 1;
    }
    return threads < EVENT_THREADS_MAX ? threads : EVENT_THREADS_MAX;
}

static enum ward_status bind_doors(struct ward_http_server *server, char why[WHY])
{
    const struct ward_http_options *options = &server->options;
    server->doors = ward_alloc(options->listen_count * sizeof(*server->doors));
    if (!server->doors) {
        snprintf(why, WHY, "out of memory");
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < options->listen_count; i++) {
        struct ward_http_door *door = &server->doors[server->door_count++];
        const struct ward_http_listen *wanted = &options->listens[i];
        enum ward_status status = ward_http_socket_open(wanted, &door->socket, why);
        if (status != WARD_OK) {
            return status;
        }
        door->server = server;
        door->kind = wanted->kind;
        door->is_tls = wanted->is_tls;
        door->is_unix = strncmp(wanted->address, "unix:", 5) == 0;
        door->is_direct = !wanted->is_tls && wanted->kind != WARD_LISTENER_CONTROL;
    }
    return WARD_OK;
}

static enum ward_status load_tls(struct ward_http_server *server, char why[WHY])
{
    for (size_t i = 0; i < server->options.listen_count; i++) {
        if (server->options.listens[i].is_tls) {
            return ward_http_tls_new(server->options.certificate_path, server->options.private_key_path, &server->tls,
                                     why);
        }
    }
    return WARD_OK;
}

static enum ward_status start_parts(struct ward_http_server *server, char why[WHY])
{
    const struct ward_http_options *options = &server->options;
    enum ward_status status = ward_http_router_new(options->surfaces, options->surface_count, &server->router, why);
    if (status == WARD_OK) {
        status = load_tls(server, why);
    }
    if (status == WARD_OK) {
        status = bind_doors(server, why);
    }
    if (status != WARD_OK) {
        return status;
    }
    status = ward_http_watchdog_start(server);
    if (status == WARD_OK) {
        status = ward_http_workers_start(server, options->workers);
    }
    if (status != WARD_OK) {
        snprintf(why, WHY, "out of memory or threads");
        return status;
    }
    for (size_t i = 0; i < server->door_count && status == WARD_OK; i++) {
        status = open_door(&server->doors[i], event_threads(server, server->doors[i].kind), why);
    }
    if (status != WARD_OK) {
        return status;
    }
    status = ward_http_direct_start(server, event_threads(server, WARD_LISTENER_TCP));
    if (status != WARD_OK) {
        snprintf(why, WHY, "out of memory, threads or file descriptors");
    }
    return status;
}

static void take_defaults(struct ward_http_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    options->event_threads = options->event_threads ? options->event_threads : processors > 0 ? (size_t)processors : 1;
    options->workers = options->workers ? options->workers : WORKERS_DEFAULT;
    options->connections_max = options->connections_max ? options->connections_max : WARD_HTTP_CONNECTIONS_MAX;
    options->connections_per_source_max = options->connections_per_source_max ? options->connections_per_source_max
                                                                              : WARD_HTTP_CONNECTIONS_PER_SOURCE_MAX;
    options->head_s = options->head_s > 0 ? options->head_s : WARD_HTTP_HEAD_S;
    options->body_s = options->body_s > 0 ? options->body_s : WARD_HTTP_BODY_S;
    options->idle_s = options->idle_s > 0 ? options->idle_s : WARD_HTTP_IDLE_S;
    options->write_stall_s = options->write_stall_s > 0 ? options->write_stall_s : WARD_HTTP_WRITE_STALL_S;
}

/* The head is read in the buffer of exactly the library that it was written against (framing.c). */
static enum ward_status check_library(char why[WHY])
{
    static const char wanted[] = "0.9.75";
    if (strcmp(MHD_get_version(), wanted) == 0) {
        return WARD_OK;
    }
    snprintf(why, WHY, "this program was built for libmicrohttpd %s and found %s: rebuild it for that version", wanted,
             MHD_get_version());
    return WARD_INVALID;
}

enum ward_status ward_http_server_start(const struct ward_http_options *options, struct ward_http_server **ret,
                                        char why[256])
{
    static _Atomic uint64_t last_id;
    enum ward_status status = check_library(why);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_http_server *server = ward_alloc(sizeof(*server));
    if (!server) {
        snprintf(why, WHY, "out of memory");
        return WARD_NO_MEMORY;
    }
    server->options = *options;
    server->id = atomic_fetch_add(&last_id, 1) + 1;
    take_defaults(&server->options);
    pthread_mutex_init(&server->threads_lock, NULL);
    ward_http_watchdog_init(&server->watchdog);
    ward_http_workers_init(&server->workers);
    status = start_parts(server, why);
    if (status != WARD_OK) {
        ward_http_server_stop(server, 0);
        return status;
    }
    *ret = server;
    return WARD_OK;
}

/* Stop */

static void stop_accepting(struct ward_http_server *server)
{
    for (size_t i = 0; i < server->door_count; i++) {
        struct ward_http_door *door = &server->doors[i];
        for (size_t j = 0; j < door->daemon_count; j++) {
            door->quiesced[j] = MHD_quiesce_daemon(door->daemons[j]);
        }
        if (door->daemon_count > 0) {
            (void)shutdown(door->socket.fd, SHUT_RDWR); /* who knocks now is refused at once */
        }
    }
}

static bool wait_until_quiet(struct ward_http_server *server, int64_t wait_ms)
{
    for (int64_t waited_ms = 0; !ward_http_registry_drain(server); waited_ms += DRAIN_STEP_MS) {
        if (waited_ms >= wait_ms) {
            return false;
        }
        (void)poll(NULL, 0, DRAIN_STEP_MS);
    }
    return true;
}

static void close_door(struct ward_http_door *door)
{
    for (size_t i = 0; i < door->daemon_count; i++) {
        MHD_stop_daemon(door->daemons[i]);
        if (door->quiesced[i] >= 0) {
            (void)close(door->quiesced[i]); /* not before: its event thread might have been about to accept on it */
        }
    }
    ward_free(door->daemons);
    ward_free(door->quiesced);
    ward_http_socket_close(&door->socket);
}

static void free_threads(struct ward_http_server *server)
{
    while (server->threads) {
        struct ward_http_thread *thread = server->threads;
        server->threads = thread->next;
        ward_http_thread_free(&server->options, thread);
    }
    pthread_mutex_destroy(&server->threads_lock);
}

void ward_http_server_stop(struct ward_http_server *server, int64_t drain_ms)
{
    if (!server) {
        return;
    }
    atomic_store(&server->is_draining, true);
    stop_accepting(server);
    if (!wait_until_quiet(server, drain_ms)) {
        atomic_store(&server->is_cut_off, true); /* what waits for a worker is refused, what runs ends by itself */
    }
    ward_http_workers_stop(&server->workers);
    (void)wait_until_quiet(server, LAST_ANSWERS_MS);
    ward_http_direct_stop(server);
    for (size_t i = 0; i < server->door_count; i++) {
        close_door(&server->doors[i]);
    }
    ward_http_brought_free(server);
    ward_http_watchdog_stop(&server->watchdog);
    ward_http_workers_free(&server->workers);
    free_threads(server);
    ward_free(server->doors);
    ward_http_tls_free(server->tls);
    ward_http_router_free(server->router);
    ward_free(server);
}

/* The rest */

void ward_http_server_address(const struct ward_http_server *server, size_t listen, char text[128])
{
    snprintf(text, 128, "%s", listen < server->door_count ? server->doors[listen].socket.text : "");
}

enum ward_status ward_http_server_reload(struct ward_http_server *server)
{
    if (!server->tls) {
        return WARD_OK;
    }
    return ward_http_tls_reload(server->tls, server->why);
}

const char *ward_http_server_why(const struct ward_http_server *server)
{
    return server->why;
}

void ward_http_server_counters(const struct ward_http_server *server, struct ward_http_counters *ret)
{
    *ret = (struct ward_http_counters){
        .connections = atomic_load(&server->connections),
        .requests = atomic_load(&server->requests) + ward_http_direct_requests(server),
        .queue_depth = ward_http_workers_depth(&server->workers),
        .refused_connections = atomic_load(&server->refused_connections),
        .timed_out = atomic_load(&server->timed_out),
    };
}
