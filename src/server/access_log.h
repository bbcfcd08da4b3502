/*
 * One JSON line a request, from an allow-list: request id, route and its template (never the path: The Auth API puts
 * the key in it), method, status, duration, listener, peer, reason. Nothing else is logged at any level.
 * Source: security.md 2, "Logs and audit"; design 6.
 */
#ifndef WARD_SERVER_ACCESS_LOG_H
#define WARD_SERVER_ACCESS_LOG_H

#include "http/http.h"

enum ward_access_log_mode {
    WARD_ACCESS_LOG_OFF,
    WARD_ACCESS_LOG_NOTABLE, /* management requests, and refusals: of verifications at most a fixed number a second */
    WARD_ACCESS_LOG_ON
};

#define WARD_ACCESS_LOG_REFUSALS_PER_S 100

struct ward_access_log {
    enum ward_access_log_mode mode;
    int64_t second;      /* of the budget below */
    uint64_t spent;      /* lines written in it */
    uint64_t suppressed; /* lines not written since the last one; told by the next */
};

/** Read "on", "notable" or "off"; anything else is "notable". */
enum ward_access_log_mode ward_access_log_mode_of(const char *name);

const char *ward_listener_name(enum ward_listener_kind kind, bool is_tls);

/** Log one finished request, or decide that it is not worth a line. Threads: any. */
void ward_access_log_note(struct ward_access_log *log, const struct ward_http_request *request,
                          const struct ward_http_surface *surface, const struct ward_http_route *route,
                          const struct ward_http_reply *reply, int64_t duration_us);

#endif
