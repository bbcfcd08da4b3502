#include "server/metrics.h"

#include "base/seam.h"
#include "model/verdict.h"

enum { SHARDS = 16, CLASSES = 6 }; /* class 0 stands for a status outside 100..599 */

/* Upper bounds. The table starts where a verification lies and ends where a client gives up. */
static const struct {
    int64_t us;
    const char *seconds;
} buckets[] = {
    { 50, "0.00005" },  { 100, "0.0001" },  { 250, "0.00025" }, { 500, "0.0005" },  { 1000, "0.001" },
    { 2500, "0.0025" }, { 5000, "0.005" },  { 10000, "0.01" },  { 25000, "0.025" }, { 50000, "0.05" },
    { 100000, "0.1" },  { 250000, "0.25" }, { 1000000, "1" },   { 5000000, "5" },   { INT64_MAX, "+Inf" },
};
enum { BUCKETS = sizeof(buckets) / sizeof(buckets[0]) };

struct route_counters {
    uint64_t classes[CLASSES];
    uint64_t buckets[BUCKETS];
    uint64_t sum_us;
};

struct shard {
    uint64_t reasons[WARD_VERDICT_COUNT];
    struct route_counters *routes; /* 0: no route; then every surface's routes in a row */
};

struct ward_metrics {
    const struct ward_http_surface *surfaces;
    size_t surface_count;
    size_t route_count; /* with the place of "no route" */
    struct shard shards[SHARDS];
};

static unsigned threads_seen;

static struct shard *own_shard(struct ward_metrics *metrics)
{
    static _Thread_local unsigned number; /* 0: not given yet */
    if (number == 0)
        number = 1 + __atomic_fetch_add(&threads_seen, 1, __ATOMIC_RELAXED) % SHARDS;
    return &metrics->shards[number - 1];
}

static void add(uint64_t *counter, uint64_t value)
{
    __atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

static size_t route_index(const struct ward_metrics *metrics, const struct ward_http_route *route)
{
    size_t before = 1;
    for (size_t i = 0; route && i < metrics->surface_count; i++) {
        const struct ward_http_surface *surface = &metrics->surfaces[i];
        if (route >= surface->routes && route < surface->routes + surface->route_count)
            return before + (size_t)(route - surface->routes);
        before += surface->route_count;
    }
    return 0;
}

enum ward_status ward_metrics_new(const struct ward_http_surface *surfaces, size_t count, struct ward_metrics **ret)
{
    struct ward_metrics *metrics = ward_alloc(sizeof(*metrics));
    if (!metrics)
        return WARD_NO_MEMORY;
    metrics->surfaces = surfaces;
    metrics->surface_count = count;
    metrics->route_count = 1;
    for (size_t i = 0; i < count; i++)
        metrics->route_count += surfaces[i].route_count;
    for (size_t i = 0; i < SHARDS; i++) {
        metrics->shards[i].routes = ward_alloc(metrics->route_count * sizeof(struct route_counters));
        if (metrics->shards[i].routes)
            continue;
        ward_metrics_free(metrics);
        return WARD_NO_MEMORY;
    }
    *ret = metrics;
    return WARD_OK;
}

void ward_metrics_free(struct ward_metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < SHARDS; i++)
        ward_free(metrics->shards[i].routes);
    ward_free(metrics);
}

static void note_reason(struct shard *shard, const char *reason)
{
    for (int i = 0; reason && i < WARD_VERDICT_COUNT; i++) {
        const char *name = ward_reason_name((enum ward_reason)i);
        if (name != reason && strcmp(name, reason) != 0)
            continue;
        add(&shard->reasons[i], 1);
        return;
    }
}

void ward_metrics_note(struct ward_metrics *metrics, const struct ward_http_route *route, int status,
                       const char *reason, int64_t duration_us)
{
    struct shard *shard = own_shard(metrics);
    struct route_counters *counters = &shard->routes[route_index(metrics, route)];
    size_t bucket = 0;
    while (duration_us > buckets[bucket].us)
        bucket++;
    add(&counters->classes[status >= 100 && status < 600 ? status / 100 : 0], 1);
    add(&counters->buckets[bucket], 1);
    if (duration_us > 0) /* a verification is over within the clock's millisecond */
        add(&counters->sum_us, (uint64_t)duration_us);
    note_reason(shard, reason);
}

/* ---- reading ---- */

static void sum_into(struct route_counters *sum, const struct route_counters *counters)
{
    for (size_t i = 0; i < CLASSES; i++)
        sum->classes[i] += __atomic_load_n(&counters->classes[i], __ATOMIC_RELAXED);
    for (size_t i = 0; i < BUCKETS; i++)
        sum->buckets[i] += __atomic_load_n(&counters->buckets[i], __ATOMIC_RELAXED);
    sum->sum_us += __atomic_load_n(&counters->sum_us, __ATOMIC_RELAXED);
}

static struct route_counters sum_route(const struct ward_metrics *metrics, size_t index)
{
    struct route_counters sum = { 0 };
    for (size_t i = 0; i < SHARDS; i++)
        sum_into(&sum, &metrics->shards[i].routes[index]);
    return sum;
}

static void write_head(const char *name, const char *type, const char *help, struct ward_buffer *ret)
{
    ward_buffer_append_format(ret, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

struct route_label {
    const char *surface, *route;
};

static struct route_label label_of(const struct ward_metrics *metrics, size_t index)
{
    size_t before = 1;
    for (size_t i = 0; index > 0 && i < metrics->surface_count; i++) {
        const struct ward_http_surface *surface = &metrics->surfaces[i];
        if (index < before + surface->route_count)
            return (struct route_label){ surface->name, surface->routes[index - before].name };
        before += surface->route_count;
    }
    return (struct route_label){ "none", "none" };
}

static void write_requests(const struct ward_metrics *metrics, struct ward_buffer *ret)
{
    static const char *const names[CLASSES] = { "other", "1xx", "2xx", "3xx", "4xx", "5xx" };
    write_head("ward_http_requests_total", "counter", "Finished requests by route and status class.", ret);
    for (size_t i = 0; i < metrics->route_count; i++) {
        struct route_counters sum = sum_route(metrics, i);
        struct route_label label = label_of(metrics, i);
        for (size_t c = 0; c < CLASSES; c++)
            if (sum.classes[c] > 0)
                ward_buffer_append_format(ret,
                                          "ward_http_requests_total{surface=\"%s\",route=\"%s\",class=\"%s\"} %llu\n",
                                          label.surface, label.route, names[c], (unsigned long long)sum.classes[c]);
    }
}

static void write_histogram(struct route_label label, const struct route_counters *sum, struct ward_buffer *ret)
{
    uint64_t below = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        below += sum->buckets[i];
        ward_buffer_append_format(
            ret, "ward_http_request_duration_seconds_bucket{surface=\"%s\",route=\"%s\",le=\"%s\"} %llu\n",
            label.surface, label.route, buckets[i].seconds, (unsigned long long)below);
    }
    ward_buffer_append_format(ret, "ward_http_request_duration_seconds_sum{surface=\"%s\",route=\"%s\"} %llu.%06llu\n",
                              label.surface, label.route, (unsigned long long)(sum->sum_us / 1000000),
                              (unsigned long long)(sum->sum_us % 1000000));
    ward_buffer_append_format(ret, "ward_http_request_duration_seconds_count{surface=\"%s\",route=\"%s\"} %llu\n",
                              label.surface, label.route, (unsigned long long)below);
}

static void write_durations(const struct ward_metrics *metrics, struct ward_buffer *ret)
{
    write_head("ward_http_request_duration_seconds", "histogram", "Time from a complete request to its answer.", ret);
    for (size_t i = 0; i < metrics->route_count; i++) {
        struct route_counters sum = sum_route(metrics, i);
        uint64_t count = 0;
        for (size_t b = 0; b < BUCKETS; b++)
            count += sum.buckets[b];
        if (count > 0)
            write_histogram(label_of(metrics, i), &sum, ret);
    }
}

static void write_reasons(const struct ward_metrics *metrics, struct ward_buffer *ret)
{
    write_head("ward_verdicts_total", "counter", "Verdicts by reason.", ret);
    for (int r = 0; r < WARD_VERDICT_COUNT; r++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < SHARDS; i++)
            sum += __atomic_load_n(&metrics->shards[i].reasons[r], __ATOMIC_RELAXED);
        ward_buffer_append_format(ret, "ward_verdicts_total{reason=\"%s\"} %llu\n",
                                  ward_reason_name((enum ward_reason)r), (unsigned long long)sum);
    }
}

void ward_metrics_write(const struct ward_metrics *metrics, struct ward_buffer *ret)
{
    write_requests(metrics, ret);
    write_durations(metrics, ret);
    write_reasons(metrics, ret);
}

void ward_metrics_write_rows(const struct ward_metric_row *rows, size_t count, struct ward_buffer *ret)
{
    for (size_t i = 0; i < count; i++) {
        write_head(rows[i].name, rows[i].type, rows[i].help, ret);
        ward_buffer_append_format(ret, "%s %llu\n", rows[i].name, (unsigned long long)rows[i].value);
    }
}
