/*
 * HTTP/1.1 listener, requests, replies and routing. Knows no resource. The only folder that knows the HTTP library.
 *
 * Two kinds of route: INLINE runs on the event loop and must not block (verification); WORKER runs on a worker thread
 * while its connection is suspended (anything that touches the store). An inline handler may hand over to a worker. A
 * WORKER route may have a begin that parks the request instead, so that no worker waits with it.
 *
 * Strict where the library is lenient (security.md attack 8): repeated, signed, contradictory or non-decimal
 * Content-Length, Content-Length with Transfer-Encoding, Transfer-Encoding other than exactly "chunked", missing or
 * repeated Host, NUL or raw bytes in the target, bad percent escapes → 400 and close. A lone line feed, a folded line
 * and a blank before a colon too. A request with a chunked body is the last one of its connection (connection.c).
 */
#ifndef WARD_HTTP_HTTP_H
#define WARD_HTTP_HTTP_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/pool.h"

enum ward_method { WARD_GET, WARD_HEAD, WARD_POST, WARD_PUT, WARD_PATCH, WARD_DELETE, WARD_OPTIONS, WARD_METHOD_OTHER };
const char *ward_method_name(enum ward_method method);

/** Which door a request came through. */
enum ward_listener_kind {
    WARD_LISTENER_TCP,    /* every surface; operators show a credential */
    WARD_LISTENER_UNIX,   /* every surface; verification needs no credential */
    WARD_LISTENER_VERIFY, /* verification only, no credential */
    WARD_LISTENER_CONTROL /* DIR/ward.sock: the local operator */
};

#define WARD_PATH_PARAMETERS_MAX 4
#define WARD_REQUEST_ID_CHARS    16

struct ward_http_header {
    struct ward_span name;
    struct ward_span value;
};

/** One request. Everything is borrowed until the reply is given; pool is the request's own. */
struct ward_http_request {
    enum ward_method method;
    struct ward_span method_text;
    struct ward_span target;                               /* raw bytes of the request line */
    struct ward_span path;                                 /* raw, up to '?' */
    struct ward_span query;                                /* raw, behind '?'; absent without one */
    struct ward_span parameters[WARD_PATH_PARAMETERS_MAX]; /* of the route's {…} segments, percent-decoded */
    const struct ward_http_header *headers;
    size_t header_count;
    struct ward_span body;
    struct ward_span peer; /* address text; "unix" */
    enum ward_listener_kind listener;
    char request_id[WARD_REQUEST_ID_CHARS + 1];
    struct ward_pool pool;
    void *thread_data; /* what the application's thread hook made for this thread (a verifier) */
    void *application; /* as given to the server */
    void *handed_over; /* what an inline handler left for its worker part; in the pool */
    void *foreseen;    /* what a route's foresight left for its inline handler; in the pool */
};

/** The first value of a header, or absent. Case-insensitive. */
struct ward_span ward_http_header_find(const struct ward_http_request *request, struct ward_span name);
size_t ward_http_header_count(const struct ward_http_request *request, const char *name);

/* Inline, so that the length of a literal is known when it is compiled; as below. */
static inline struct ward_span ward_http_header_get(const struct ward_http_request *request, const char *name)
{
    return ward_http_header_find(request, ward_span_of(name));
}

/** The first query parameter of a name, percent-decoded with '+' as blank, in the pool; absent if there is none. A bad
 * escape: *ret_bad = true. */
struct ward_span ward_http_query_get(struct ward_http_request *request, const char *name, bool *ret_bad);

/** The same of a body that is a form (application/x-www-form-urlencoded). */
struct ward_span ward_http_form_get(struct ward_http_request *request, const char *name, bool *ret_bad);

/** How often a name stands in it. */
size_t ward_http_form_count(const struct ward_http_request *request, const char *name);

#define WARD_REPLY_HEADERS_MAX  24
#define WARD_REPLY_HEADER_BYTES 3072 /* of one value: 255 encoded code points; a longer one is left out */

struct ward_http_reply {
    int status;
    const char *content_type; /* literal; NULL without a body */
    struct ward_buffer body;  /* owned; freed by the server */
    struct ward_http_header
        headers[WARD_REPLY_HEADERS_MAX]; /* values must outlive the handler: literals or the request's pool */
    size_t header_count;
    bool must_close;
    const char *reason; /* for the log: a fixed code such as "unknown"; NULL */
};

/** Add a reply header; the name is a literal's, the value is copied into the request's pool. */
void ward_http_reply_add(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_span name,
                         struct ward_span value);

/** The same with a value that is a literal's or lies in the request's pool already, and surely has no control byte. */
void ward_http_reply_borrow(struct ward_http_reply *reply, struct ward_span name, struct ward_span value);

static inline void ward_http_reply_header(struct ward_http_request *request, struct ward_http_reply *reply,
                                          const char *name, struct ward_span value)
{
    ward_http_reply_add(request, reply, ward_span_of(name), value);
}

enum ward_handled {
    WARD_REPLIED,
    WARD_HAND_OVER, /* inline and begin only: run the route's worker handler now */
    WARD_PARKED     /* begin only: the reply comes later, with ward_http_reply_give */
};
typedef enum ward_handled (*ward_http_handler)(struct ward_http_request *request, struct ward_http_reply *reply);

/**
 * Give the reply of a parked request. Request and reply are the server's again.
 *
 * Shape:   has_more: this thread gives another one at once; those of a row are sent together, with the last.
 * Threads: any.
 */
void ward_http_reply_give(struct ward_http_request *request, bool has_more);

struct ward_http_route {
    enum ward_method method;
    const char
        *path; /* "/api-keys/{key}/rotate"; trailing slash of a request is ignored; literal segments win over {…} */
    ward_http_handler handle_inline; /* or NULL */
    ward_http_handler handle;        /* on a worker; or NULL */
    ward_http_handler begin;         /* of a worker's route; or NULL. Tried on the event thread with a small body: does
                                        what handle does as far as that does not block, and parks the request */
    size_t body_max;                 /* beyond: 413. 0: takes none; up to 64 KiB are read and dropped */
    const char *name;                /* operation id for logs, metrics and OpenAPI: "createApiKey" */
    const char *summary;             /* one sentence for OpenAPI */
    uint32_t listeners;              /* bit set of 1 << enum ward_listener_kind */
    /** Bring near what handle_inline will read, a step at each call; true: there is another step. Called while the
     * thread has others to read from and to answer, or not at all: it changes nothing but request->foreseen, and
     * handle_inline must do without. */
    bool (*foresee)(struct ward_http_request *request);
};

/** A surface: its routes and how it words what the HTTP layer itself refuses. */
struct ward_http_surface {
    const char *name;
    const char *prefix; /* "/v1"; the surface with the longest matching prefix words a 404. "" is the fallback */
    const struct ward_http_route *routes;
    size_t route_count;
    bool collapses_slashes;                  /* its routes are found with repeated slashes taken as one */
    bool keeps_encoded_slashes;              /* %2F is a byte of a segment; elsewhere it is refused: 400 */
    const struct ward_http_route *otherwise; /* takes what is below the prefix and has no route, whatever the method;
                                                NULL: refuse words a 404 */
    /** Word a refusal of the HTTP layer: 400 bad target, 404 no route, 413 body too large, 500, 503 queue full. */
    void (*refuse)(struct ward_http_request *request, int status, const char *why, struct ward_http_reply *reply);
};

struct ward_http_listen {
    enum ward_listener_kind kind;
    const char *address; /* "127.0.0.1:8420", "[::1]:0", "unix:PATH" */
    bool is_tls;
};

struct ward_http_counters { /* for /metrics; indices as in the route tables */
    uint64_t connections, requests, queue_depth, refused_connections, timed_out;
};

struct ward_http_options {
    const struct ward_http_surface *surfaces;
    size_t surface_count;
    const struct ward_http_listen *listens;
    size_t listen_count;
    size_t event_threads; /* per listener; 0: number of processors */
    size_t workers;       /* 0: 64 */
    size_t connections_max, connections_per_source_max;
    int head_s, body_s, idle_s, write_stall_s;
    const char *certificate_path, *private_key_path; /* PEM, for TLS listeners */
    void *application;
    void *(*thread_start)(
        void *application); /* made once for each event and worker thread; NULL result: requests are refused 503 */
    void (*thread_stop)(void *application, void *thread_data);
    /** Told of every finished request once, on its event thread, refused ones included: the access log and the metrics.
     * route is NULL where none was found, reply->status is 0 where the peer went away without an answer. A request
     * whose first line was not understood never began. The duration has the resolution of ward_boot_ms. */
    void (*finished)(void *application, const struct ward_http_request *request,
                     const struct ward_http_surface *surface, const struct ward_http_route *route,
                     const struct ward_http_reply *reply, int64_t duration_us);
};

struct ward_http_server;

/** Bind and serve. surfaces and their routes are borrowed until the stop; zeros in the options mean limits.def. Errors:
 * WARD_LOCKED (address in use), WARD_INVALID (bad address, bad certificate), WARD_IO; *ret_why gets a sentence. */
enum ward_status ward_http_server_start(const struct ward_http_options *options, struct ward_http_server **ret,
                                        char why[256]) WARD_MUST_USE;

/** The port or path a listener really got, as "127.0.0.1:41234". */
void ward_http_server_address(const struct ward_http_server *server, size_t listen, char text[128]);

/** Read certificate and key again; on failure the old ones stay, and ward_http_server_why tells what is wrong. */
enum ward_status ward_http_server_reload(struct ward_http_server *server) WARD_MUST_USE;

/** The sentence of the last failed reload; borrowed until the next one. */
const char *ward_http_server_why(const struct ward_http_server *server);

/** Stop accepting, close idle connections, finish what is begun, close. After drain_ms what waits for a worker is
 * refused with 503; a handler that runs is waited for, however long. Takes NULL. */
void ward_http_server_stop(struct ward_http_server *server, int64_t drain_ms);

void ward_http_server_counters(const struct ward_http_server *server, struct ward_http_counters *ret);

/**
 * Route and run one request without a network: the CLI on a stopped server, and tests. Runs inline and worker part on
 * the calling thread.
 *
 * Shape:   the caller fills method, target, headers, body and listener; the rest is found.
 * Owns:    *reply is overwritten: free its body. A pool that was all zero is made; free request->pool.
 */
void ward_http_dispatch(const struct ward_http_options *options, struct ward_http_request *request,
                        struct ward_http_reply *reply);

#endif
