/* Metrics: what was counted is what is told, under labels that come from the route tables alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/seam.h"
#include "server/metrics.h"

static const struct ward_http_route first_routes[] = {
    { .method = WARD_GET, .path = "/api-keys/{key}", .name = "getApiKey" },
    { .method = WARD_POST, .path = "/api-keys", .name = "createApiKey" },
};
static const struct ward_http_route second_routes[] = {
    { .method = WARD_POST, .path = "/v1/verify", .name = "verify" }
};
static const struct ward_http_surface surfaces[] = {
    { .name = "first", .prefix = "", .routes = first_routes, .route_count = 2 },
    { .name = "second", .prefix = "/v1", .routes = second_routes, .route_count = 1 },
};

static void has_line(const struct ward_buffer *text, const char *line)
{
    if (!strstr(text->data, line))
        fail_msg("no line \"%s\" in:\n%s", line, text->data);
}

static void write_all(const struct ward_metrics *metrics, struct ward_buffer *text)
{
    ward_buffer_clear(text);
    ward_metrics_write(metrics, text);
    ward_buffer_append_char(text, '\0');
    assert_int_equal(text->status, WARD_OK);
}

static void counts_by_route_and_class(void **state)
{
    (void)state;
    struct ward_metrics *metrics;
    WARD_BUFFER text = ward_buffer_new(1 << 20);
    assert_int_equal(ward_metrics_new(surfaces, 2, &metrics), WARD_OK);
    ward_metrics_note(metrics, &first_routes[0], 200, NULL, 40);
    ward_metrics_note(metrics, &first_routes[0], 204, NULL, 60);
    ward_metrics_note(metrics, &first_routes[0], 404, NULL, 3000000);
    ward_metrics_note(metrics, &second_routes[0], 200, "valid", 90000000);
    ward_metrics_note(metrics, &second_routes[0], 200, "unknown", 10);
    ward_metrics_note(metrics, NULL, 404, "no_route", 10);
    ward_metrics_note(metrics, NULL, 0, NULL, -1);
    write_all(metrics, &text);
    has_line(&text, "ward_http_requests_total{surface=\"first\",route=\"getApiKey\",class=\"2xx\"} 2\n");
    has_line(&text, "ward_http_requests_total{surface=\"first\",route=\"getApiKey\",class=\"4xx\"} 1\n");
    has_line(&text, "ward_http_requests_total{surface=\"second\",route=\"verify\",class=\"2xx\"} 2\n");
    has_line(&text, "ward_http_requests_total{surface=\"none\",route=\"none\",class=\"4xx\"} 1\n");
    has_line(&text, "ward_http_requests_total{surface=\"none\",route=\"none\",class=\"other\"} 1\n");
    has_line(&text, "ward_verdicts_total{reason=\"valid\"} 1\n");
    has_line(&text, "ward_verdicts_total{reason=\"unknown\"} 1\n");
    has_line(&text, "ward_verdicts_total{reason=\"expired\"} 0\n");
    has_line(&text, "_bucket{surface=\"first\",route=\"getApiKey\",le=\"0.00005\"} 1\n");
    has_line(&text, "_bucket{surface=\"first\",route=\"getApiKey\",le=\"0.0001\"} 2\n");
    has_line(&text, "_bucket{surface=\"first\",route=\"getApiKey\",le=\"1\"} 2\n");
    has_line(&text, "_bucket{surface=\"first\",route=\"getApiKey\",le=\"5\"} 3\n");
    has_line(&text, "_bucket{surface=\"second\",route=\"verify\",le=\"5\"} 1\n");
    has_line(&text, "_bucket{surface=\"second\",route=\"verify\",le=\"+Inf\"} 2\n");
    has_line(&text, "_sum{surface=\"first\",route=\"getApiKey\"} 3.000100\n");
    has_line(&text, "_count{surface=\"first\",route=\"getApiKey\"} 3\n");
    assert_null(strstr(text.data, "createApiKey")); /* a route that nobody called has no series */
    assert_null(strstr(text.data, "no_route"));     /* only verdicts have a reason */
    ward_metrics_free(metrics);
}

static void every_family_has_help_and_type_once(void **state)
{
    (void)state;
    struct ward_metrics *metrics;
    WARD_BUFFER text = ward_buffer_new(1 << 20);
    static const char *const families[] = { "ward_http_requests_total counter",
                                            "ward_http_request_duration_seconds histogram",
                                            "ward_verdicts_total counter" };
    assert_int_equal(ward_metrics_new(surfaces, 2, &metrics), WARD_OK);
    ward_metrics_note(metrics, &first_routes[0], 200, NULL, 40);
    ward_metrics_note(metrics, &first_routes[1], 200, NULL, 40);
    write_all(metrics, &text);
    for (size_t i = 0; i < 3; i++) {
        char line[128];
        snprintf(line, sizeof(line), "# TYPE %s\n", families[i]);
        const char *found = strstr(text.data, line);
        assert_non_null(found);
        assert_null(strstr(found + 1, line));
    }
    ward_metrics_free(metrics);
}

static void rows(void **state)
{
    (void)state;
    WARD_BUFFER text = ward_buffer_new(1 << 16);
    const struct ward_metric_row row = { "ward_revision", "gauge", "Last durable change.", UINT64_MAX };
    ward_metrics_write_rows(&row, 1, &text);
    ward_buffer_append_char(&text, '\0');
    assert_string_equal(text.data, "# HELP ward_revision Last durable change.\n# TYPE ward_revision gauge\n"
                                   "ward_revision 18446744073709551615\n");
}

enum { THREADS = 20, NOTES = 2000 };

static void *note_many(void *arg)
{
    for (int i = 0; i < NOTES; i++)
        ward_metrics_note(arg, &first_routes[1], 201, "valid", i);
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    struct ward_metrics *metrics;
    pthread_t threads[THREADS];
    WARD_BUFFER text = ward_buffer_new(1 << 20);
    assert_int_equal(ward_metrics_new(surfaces, 2, &metrics), WARD_OK);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, note_many, metrics), 0);
    write_all(metrics, &text); /* reading meanwhile harms nobody */
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    write_all(metrics, &text);
    has_line(&text, "route=\"createApiKey\",class=\"2xx\"} 40000\n");
    has_line(&text, "ward_verdicts_total{reason=\"valid\"} 40000\n");
    ward_metrics_free(metrics);
}

static int allocations_left;
static void *allocate_some(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    void *(*real)(size_t) = ward_seam.allocate;
    struct ward_metrics *metrics = NULL;
    ward_seam.allocate = allocate_some;
    for (int n = 0; n < 17; n++) {
        allocations_left = n;
        assert_int_equal(ward_metrics_new(surfaces, 2, &metrics), WARD_NO_MEMORY);
        assert_null(metrics);
    }
    ward_seam.allocate = real;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_route_and_class),
        cmocka_unit_test(every_family_has_help_and_type_once),
        cmocka_unit_test(rows),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
