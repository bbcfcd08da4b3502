#include "server/access_log.h"

#include "base/log.h"
#include "base/seam.h"

enum ward_access_log_mode ward_access_log_mode_of(const char *name)
{
    if (name && strcmp(name, "on") == 0)
        return WARD_ACCESS_LOG_ON;
    if (name && strcmp(name, "off") == 0)
        return WARD_ACCESS_LOG_OFF;
    return WARD_ACCESS_LOG_NOTABLE;
}

const char *ward_listener_name(enum ward_listener_kind kind, bool is_tls)
{
    switch (kind) {
    case WARD_LISTENER_TCP:
        return is_tls ? "tls" : "tcp";
    case WARD_LISTENER_UNIX:
        return "unix";
    case WARD_LISTENER_VERIFY:
        return "verify";
    case WARD_LISTENER_CONTROL:
        return "control";
    }
    return "unknown";
}

/* A flood of bad keys must not become a flood of lines; the counters of /metrics stay exact. */
static bool has_budget(struct ward_access_log *log)
{
    int64_t second = ward_boot_ms() / 1000;
    if (__atomic_exchange_n(&log->second, second, __ATOMIC_RELAXED) != second)
        __atomic_store_n(&log->spent, 0, __ATOMIC_RELAXED);
    if (__atomic_fetch_add(&log->spent, 1, __ATOMIC_RELAXED) < WARD_ACCESS_LOG_REFUSALS_PER_S)
        return true;
    __atomic_fetch_add(&log->suppressed, 1, __ATOMIC_RELAXED);
    return false;
}

/* Only routes that touch the store have no inline part; those are the management calls. */
static bool is_management(const struct ward_http_route *route)
{
    return route && !route->handle_inline;
}

static bool is_wanted(struct ward_access_log *log, const struct ward_http_route *route, int status)
{
    if (log->mode == WARD_ACCESS_LOG_ON || log->mode == WARD_ACCESS_LOG_OFF)
        return log->mode == WARD_ACCESS_LOG_ON;
    if (is_management(route))
        return true;
    return status >= 400 && has_budget(log);
}

void ward_access_log_note(struct ward_access_log *log, const struct ward_http_request *request,
                          const struct ward_http_surface *surface, const struct ward_http_route *route,
                          const struct ward_http_reply *reply, int64_t duration_us)
{
    if (!is_wanted(log, route, reply->status))
        return;
    const struct ward_log_field fields[] = {
        WARD_LOG_STR("request", request->request_id),
        WARD_LOG_STR("surface", surface ? surface->name : "none"),
        WARD_LOG_STR("route", route ? route->name : "none"),
        WARD_LOG_STR("template", route ? route->path : "none"),
        WARD_LOG_STR("method", ward_method_name(request->method)), /* never the text that was sent */
        WARD_LOG_NUM("status", reply->status),
        WARD_LOG_NUM("duration_us", duration_us),
        WARD_LOG_STR("listener", ward_listener_name(request->listener, false)),
        WARD_LOG_SPAN("peer", request->peer),
        WARD_LOG_STR("reason", reply->reason ? reply->reason : ""),
        WARD_LOG_NUM("suppressed", __atomic_exchange_n(&log->suppressed, 0, __ATOMIC_RELAXED)),
    };
    ward_log_write(reply->status >= 500 ? WARD_LOG_ERROR : WARD_LOG_INFO, "request", fields,
                   sizeof(fields) / sizeof(fields[0]));
}
