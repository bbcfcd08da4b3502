/*
 * What every surface shares: the application it serves and how the caller of a management call is told. A surface maps
 * bytes to the model and back; it holds no rule that a second surface would need, and knows no SQL.
 */
#ifndef WARD_SURFACE_SURFACE_H
#define WARD_SURFACE_SURFACE_H

#include "http/http.h"
#include "service/publisher.h"
#include "service/service.h"

/** What the server gives to its surfaces: request->application. */
struct ward_application {
    struct ward_service *service;
    struct ward_store *store;
    struct ward_publisher *publisher; /* NULL on a stopped server (CLI) */
    const char *version;
    int64_t started_ms;
    int64_t max_staleness_ms;
    bool is_draining;
    /** Append Prometheus text; given by the server, which owns the counters. */
    void (*metrics)(struct ward_application *application, struct ward_buffer *ret);
    void *server; /* the server's own */
};

/* request->thread_data is the thread's struct ward_verifier. */

enum ward_caller {
    WARD_CALLER_OK,
    WARD_CALLER_MISSING,     /* no credential, or an invalid one: 401 */
    WARD_CALLER_CONTRADICTS, /* several that differ: 401 */
    WARD_CALLER_LIMITED,     /* the access key is over its own limit: 429 */
    WARD_CALLER_STALE        /* no verdict can be had: 503 */
};

/**
 * Tell who calls, from the first non-empty of the named headers; all non-empty ones must carry the same bytes.
 *
 * Shape:   headers is a NULL-terminated list. An Authorization value may be raw or behind "Bearer ".
 * Note:    on WARD_LISTENER_CONTROL everybody is the local operator. Counts against the access key's own limit.
 *          *ret_verdict (may be NULL) is filled for the limit's headers.
 * Source:  contracts/theauthapi.md 1.1; security.md 1.5.
 */
enum ward_caller ward_surface_caller(struct ward_http_request *request, const char *const *headers,
                                     struct ward_operator *ret, struct ward_verdict *ret_verdict);

/** The presented credential of a verification, by the same rule as above: false when several headers differ. */
bool ward_surface_credential(struct ward_http_request *request, const char *const *headers, struct ward_span *ret);

/** x-origin-domain, else Origin, else Referer; absent when none was sent. */
struct ward_span ward_surface_origin(struct ward_http_request *request);

/** Add Ward-Revision and Ward-Applied. */
void ward_surface_receipt(struct ward_http_request *request, struct ward_http_reply *reply,
                          const struct ward_receipt *receipt);

#endif
