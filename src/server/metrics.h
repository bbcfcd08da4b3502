/*
 * Counters for /metrics. Counting is one relaxed add in the thread's own shard; reading sums the shards. Labels come
 * from the route tables: there is no label that a client can make up, and none that names a key.
 */
#ifndef WARD_SERVER_METRICS_H
#define WARD_SERVER_METRICS_H

#include "http/http.h"

struct ward_metrics;

/** Owns: *ret is owned, free with ward_metrics_free; surfaces and their routes are borrowed for its life. */
enum ward_status ward_metrics_new(const struct ward_http_surface *surfaces, size_t count,
                                  struct ward_metrics **ret) WARD_MUST_USE;
void ward_metrics_free(struct ward_metrics *metrics);

/** Count one finished request. route and reason may be NULL. Threads: any. Time: three relaxed adds. */
void ward_metrics_note(struct ward_metrics *metrics, const struct ward_http_route *route, int status,
                       const char *reason, int64_t duration_us);

/** Append what was counted, as Prometheus text. */
void ward_metrics_write(const struct ward_metrics *metrics, struct ward_buffer *ret);

/** A number that somebody else keeps. */
struct ward_metric_row {
    const char *name; /* "ward_store_commits_total" */
    const char *type; /* "counter", "gauge" */
    const char *help;
    uint64_t value;
};
void ward_metrics_write_rows(const struct ward_metric_row *rows, size_t count, struct ward_buffer *ret);

#endif
