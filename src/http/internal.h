/*
 * What the files of this folder share. One connection object lives as long as its socket and is used for one request
 * after the other:
 *
 *   IDLE ──request line──► HEAD ──first callback──► BODY ──last callback──► HANDLER ──► WRITING ──completed──► IDLE
 *
 * The event thread of the connection owns everything in it, except while it is suspended: then a worker owns the
 * request and the reply. Other threads (watchdog, stop) read only `phase`, `deadline_ms` and, under the registry's
 * lock, `fd`.
 */
#ifndef WARD_HTTP_INTERNAL_H
#define WARD_HTTP_INTERNAL_H

#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "http/http.h"

/* framing.c: what is ambiguous is refused. */

struct ward_http_framing {
    int64_t content_length; /* 0 without one */
    bool is_chunked;
    bool expects_continue;
};

struct ward_http_refusal {
    int status; /* 0: nothing to refuse */
    const char *why;
};

/**
 * Read a request head strictly, from the bytes in which libmicrohttpd has overwritten every separator that it
 * recognised with NUL: behind the method, behind the target, at each line end (CRLF: two, a lone LF: one), at the
 * first colon of a line, at the '?' of the target.
 *
 * Shape:   head runs from the method to the end of the empty line. target_size was measured before the '?' was
 *          overwritten.
 * Owns:    *ret_headers is in pool; names and values point into head.
 * Source:  RFC 9112 2.2, 3, 5, 6; security.md attack 8.
 */
struct ward_http_refusal ward_http_framing_read(struct ward_span head, size_t target_size, struct ward_pool *pool,
                                                const struct ward_http_header **ret_headers, size_t *ret_count,
                                                struct ward_http_framing *ret);

/**
 * Read a head of HTTP/1.1 by the same rules from the bytes as they were sent: method, target, path, query and headers
 * of request, whose pool is used. Returns the length of the head; 0 for anything that is refused, incomplete or of
 * another version: who wants to know why reads it as above.
 */
size_t ward_http_framing_read_raw(struct ward_span bytes, struct ward_http_request *request,
                                  struct ward_http_framing *ret);

/** Check header fields that already are fields (a dispatch without network). */
struct ward_http_refusal ward_http_framing_check(const struct ward_http_header *headers, size_t count, bool is_http_1_1,
                                                 struct ward_http_framing *ret);

/** Check the bytes of a target and cut it at '?'. */
struct ward_http_refusal ward_http_target_check(struct ward_span target, struct ward_span *ret_path,
                                                struct ward_span *ret_query);

enum ward_method ward_http_method_parse(struct ward_span text);

/* router.c */

struct ward_http_router;

/** Build the tree of all routes. WARD_INVALID with a sentence when a path is malformed or two routes collide. */
enum ward_status ward_http_router_new(const struct ward_http_surface *surfaces, size_t count,
                                      struct ward_http_router **ret, char why[256]) WARD_MUST_USE;
void ward_http_router_free(struct ward_http_router *router);

struct ward_http_match {
    const struct ward_http_route *route; /* NULL: none */
    const struct ward_http_surface *surface;
    struct ward_span parameters[WARD_PATH_PARAMETERS_MAX]; /* raw */
};

/** Find the route of a path; without one, the surface that words the refusal. HEAD finds GET routes. */
void ward_http_router_find(const struct ward_http_router *router, enum ward_method method, struct ward_span path,
                           enum ward_listener_kind listener, struct ward_http_match *ret);

/* server.c: one event or worker thread, as seen from a request. Made when the thread serves its first one. */

struct ward_http_thread {
    struct ward_http_thread *next;
    void *data;
    struct ward_pool spare; /* a pool block between two requests, so that idle connections hold none */
    char id_prefix[8];
    uint32_t id_counter;
};

/** The calling thread's own; NULL when it cannot be made: the request is refused. */
struct ward_http_thread *ward_http_thread_get(struct ward_http_server *server);
void ward_http_thread_free(const struct ward_http_options *options, struct ward_http_thread *thread);
struct ward_http_thread *ward_http_thread_new(const struct ward_http_options *options);
void ward_http_request_id(struct ward_http_thread *thread, char id[WARD_REQUEST_ID_CHARS + 1]);

/* connection.c */

enum ward_http_phase {
    WARD_HTTP_IDLE,
    WARD_HTTP_HEAD,
    WARD_HTTP_BODY,
    WARD_HTTP_HANDLER,
    WARD_HTTP_WRITING,
};

enum ward_http_step { /* of one request, on its own threads */
                      WARD_HTTP_STEP_HEAD,
                      WARD_HTTP_STEP_BODY,
                      WARD_HTTP_STEP_DROP, /* the body is read and dropped; then refusal is answered */
                      WARD_HTTP_STEP_WORK, /* suspended */
                      WARD_HTTP_STEP_REPLY,
                      WARD_HTTP_STEP_ANSWERED,
};

struct ward_http_connection {
    struct ward_http_server *server;
    struct ward_http_door *door;
    struct MHD_Connection *mhd;
    struct ward_http_connection *next, *previous; /* registry */
    struct ward_http_connection *next_queued;
    int fd;
    atomic_int phase;                /* enum ward_http_phase */
    _Atomic int64_t deadline_ms;     /* boot time; 0: none */
    int64_t head_deadline_ms;        /* of the first head: counted from the accept */
    struct ward_http_direct *direct; /* the event thread of the direct path; NULL: the library's connection */
    struct ward_http_connection *direct_next, *direct_previous; /* of that thread */
    char *input;                                                /* direct: the bytes of a request that a worker has */
    size_t input_size;
    struct ward_buffer ahead;  /* direct: what was read and is to be run when the request in work is answered */
    struct ward_buffer unsent; /* direct: what the peer has not taken yet */
    size_t unsent_at;
    bool closes_when_sent;
    bool is_ending;         /* direct: answered for the last time */
    struct in6_addr source; /* for the limit per source */
    bool has_source;
    bool has_served;
    char peer[INET6_ADDRSTRLEN];

    /* the request in work */
    enum ward_http_step step;
    struct ward_http_refusal refusal; /* answered behind a dropped body */
    struct ward_http_framing framing;
    struct ward_http_match match;
    struct ward_buffer body;
    int64_t dropped;
    int64_t started_ms;
    bool has_reply;
    struct ward_http_request request;
    struct ward_http_reply reply;
};

/* The callbacks of libmicrohttpd; closure is the door. */
void ward_http_on_connection(void *closure, struct MHD_Connection *mhd, void **socket_context,
                             enum MHD_ConnectionNotificationCode code);
enum MHD_Result ward_http_on_accept(void *closure, const struct sockaddr *address, socklen_t size);
void *ward_http_on_target(void *closure, const char *target, struct MHD_Connection *mhd);
enum MHD_Result ward_http_on_access(void *closure, struct MHD_Connection *mhd, const char *url, const char *method,
                                    const char *version, const char *data, size_t *data_size, void **context);
void ward_http_on_completed(void *closure, struct MHD_Connection *mhd, void **context,
                            enum MHD_RequestTerminationCode code);

/** Make the object of an open socket, not yet registered. NULL: no memory. */
struct ward_http_connection *ward_http_connection_new(struct ward_http_door *door, struct MHD_Connection *mhd, int fd,
                                                      const struct sockaddr *address);

/** Note a phase and until when it may last (boot time; 0: no deadline). */
void ward_http_enter(struct ward_http_connection *connection, enum ward_http_phase phase, int64_t deadline_ms);

/** How long a peer may take for an answer of a size. */
int64_t ward_http_write_ms(const struct ward_http_server *server, size_t size);

/** Find the route of a request and decode what its path captures. */
struct ward_http_refusal ward_http_find_route(const struct ward_http_router *router, struct ward_http_request *request,
                                              struct ward_http_match *ret);

/** The longest body that is read for a route (NULL: none was found). */
int64_t ward_http_length_limit(const struct ward_http_route *route);

/** Run the worker part of a request and make its reply fit to be sent. */
void ward_http_connection_work(struct ward_http_connection *connection);

/* reply.c */

/** Start over: an answer that says 500 unless somebody fills it. */
void ward_http_reply_reset(struct ward_http_reply *reply);

/** Let the surface word a refusal; without surface or memory the status goes out alone. */
void ward_http_reply_refuse(struct ward_http_request *request, const struct ward_http_surface *surface,
                            struct ward_http_refusal refusal, struct ward_http_reply *reply);

/** Replace an answer that cannot be sent (no memory for its body, a status out of range) by a refusal. */
void ward_http_reply_settle(struct ward_http_request *request, const struct ward_http_surface *surface,
                            struct ward_http_reply *reply);

typedef void (*ward_http_header_visit)(void *closure, struct ward_span name, struct ward_span value);

/** Name the fields of an answer's head in order, without Date and Content-Length. */
void ward_http_reply_headers(const struct ward_http_request *request, const struct ward_http_reply *reply,
                             ward_http_header_visit visit, void *closure);

/** Hand the reply to the library. The body stays owned by reply until the request is completed. */
enum MHD_Result ward_http_reply_send(struct MHD_Connection *mhd, const struct ward_http_request *request,
                                     const struct ward_http_reply *reply);

/* worker.c: a bounded queue and its threads. */

struct ward_http_worker;

struct ward_http_workers {
    pthread_mutex_t lock;
    struct ward_http_worker *idle; /* the one that became idle last stands first */
    struct ward_http_connection *first, *last;
    _Atomic size_t queued; /* changed under the lock, read by anybody */
    size_t queue_max;
    size_t parked; /* requests that wait without a worker */
    pthread_cond_t unparked;
    size_t count;
    struct ward_http_worker *workers;
    bool is_stopping;
};

void ward_http_workers_init(struct ward_http_workers *workers);
enum ward_status ward_http_workers_start(struct ward_http_server *server, size_t count) WARD_MUST_USE;

/** Park the request, or append it to the queue; false when that is full. */
bool ward_http_workers_queue(struct ward_http_server *server, struct ward_http_connection *connection);

/** Finish what is queued, end the threads, and wait for what is parked. */
void ward_http_workers_stop(struct ward_http_workers *workers);
void ward_http_workers_free(struct ward_http_workers *workers);
size_t ward_http_workers_depth(const struct ward_http_workers *workers);

/* watchdog.c: the registry of connections, and the thread that closes the late ones. */

struct ward_http_source { /* open connections of one address */
    struct in6_addr address;
    uint32_t count; /* 0: free place */
};

#define WARD_HTTP_LINGER_MAX 64

struct ward_http_watchdog {
    pthread_mutex_t lock;
    pthread_t thread;
    bool is_running;
    atomic_bool is_stopping;
    int wake_fd;
    struct ward_http_connection *first;
    struct ward_http_connection *brought; /* not registered meanwhile */
    struct ward_http_source *sources;
    size_t source_slots; /* a power of two */
    struct {
        int fd;
        int64_t until_ms;
    } lingering[WARD_HTTP_LINGER_MAX];
    size_t lingering_count;
};

void ward_http_watchdog_init(struct ward_http_watchdog *watchdog);
enum ward_status ward_http_watchdog_start(struct ward_http_server *server) WARD_MUST_USE;
void ward_http_watchdog_stop(struct ward_http_watchdog *watchdog);
void ward_http_registry_add(struct ward_http_connection *connection);
void ward_http_registry_remove(struct ward_http_connection *connection);

/** Keep the object of a socket that is on its way to the library, for the callback that is told of it. */
void ward_http_brought_add(struct ward_http_connection *connection);

/** Take it out again; NULL: the socket was not brought. */
struct ward_http_connection *ward_http_brought_take(struct ward_http_server *server, int fd);
void ward_http_brought_free(struct ward_http_server *server);

/** Would one more connection of this address be over a limit? */
bool ward_http_registry_is_full(struct ward_http_server *server, const struct in6_addr *source);

/** The address that a limit counts; false for loopback and unix sockets, which have none. */
bool ward_http_source_of(const struct sockaddr *address, struct in6_addr *ret);

/** Shut idle connections; true when none is in the middle of a request. */
bool ward_http_registry_drain(struct ward_http_server *server);

/** Keep a refused connection readable for a moment, so that the peer sees the answer and not a reset. */
void ward_http_linger(struct ward_http_connection *connection);

/* tls.c */

struct ward_http_tls;

enum ward_status ward_http_tls_new(const char *certificate_path, const char *private_key_path,
                                   struct ward_http_tls **ret, char why[256]) WARD_MUST_USE;
enum ward_status ward_http_tls_reload(struct ward_http_tls *tls, char why[256]) WARD_MUST_USE;
void ward_http_tls_free(struct ward_http_tls *tls);
const char *ward_http_tls_priorities(void);
gnutls_certificate_retrieve_function2 *ward_http_tls_callback(void);

/* listen.c */

struct ward_http_socket {
    int fd;
    char text[128];      /* the address as it really is */
    char unix_path[108]; /* "" for TCP */
    dev_t device;        /* of the socket file, so that only our own is removed */
    ino_t inode;
};

enum ward_status ward_http_socket_open(const struct ward_http_listen *listen, struct ward_http_socket *ret,
                                       char why[256]) WARD_MUST_USE;
void ward_http_socket_close(struct ward_http_socket *socket);

/* direct.c */

struct ward_http_direct;

/** Begin to accept on the doors that are direct. */
enum ward_status ward_http_direct_start(struct ward_http_server *server, size_t threads) WARD_MUST_USE;

/** End the event threads and close what is still open. No worker may have a connection any more. */
void ward_http_direct_stop(struct ward_http_server *server);

/** Requests that were answered there. */
uint64_t ward_http_direct_requests(const struct ward_http_server *server);

/** Give a connection back whose reply is ready. Threads: any. */
void ward_http_direct_resume(struct ward_http_connection *connection);

/** The same for a list of them (next_queued), all of one event thread: it is woken once. */
void ward_http_direct_resume_all(struct ward_http_connection *first, struct ward_http_connection *last);

/* server.c */

struct ward_http_door { /* one listener */
    struct ward_http_server *server;
    enum ward_listener_kind kind;
    bool is_tls, is_unix;
    bool is_direct; /* accepted by direct.c */
    struct ward_http_socket socket;
    size_t daemon_count;
    struct MHD_Daemon **daemons; /* one an event thread */
    int *quiesced;               /* the listening descriptors they have given back */
};

struct ward_http_server {
    struct ward_http_options options;
    uint64_t id; /* never used twice: threads know their server by it */
    struct ward_http_router *router;
    struct ward_http_tls *tls;
    char why[256];
    pthread_mutex_t threads_lock;
    struct ward_http_thread *threads;
    struct ward_http_workers workers;
    struct ward_http_watchdog watchdog;
    atomic_bool is_draining, is_cut_off;
    _Atomic uint64_t connections, connections_open, requests, refused_connections, timed_out;
    size_t door_count;
    struct ward_http_door *doors;
    size_t direct_count;
    struct ward_http_direct *directs;
};

#endif
