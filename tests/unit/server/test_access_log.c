/* The access log: one JSON object a line, the route and never the path, and no flood from a flood of bad keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/seam.h"
#include "server/access_log.h"
#include "json/json.h"

static enum ward_handled handle(struct ward_http_request *request, struct ward_http_reply *reply)
{
    (void)request;
    (void)reply;
    return WARD_REPLIED;
}

static const struct ward_http_route verification = {
    .path = "/api-keys/auth/{key}", .name = "authenticateApiKey", .handle_inline = handle, .handle = handle
};
static const struct ward_http_route management = { .path = "/api-keys/{key}", .name = "getApiKey", .handle = handle };
static const struct ward_http_surface surface = { .name = "theauthapi" };

static int log_ends[2];
static int64_t boot_ms;

static int64_t fixed_boot_ms(void)
{
    return boot_ms;
}

static int set_up(void **state)
{
    (void)state;
    if (pipe(log_ends) != 0)
        return -1;
    ward_log_set_descriptor(log_ends[1]);
    ward_seam.boot_ms = fixed_boot_ms;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ward_log_set_descriptor(2);
    close(log_ends[0]);
    close(log_ends[1]);
    return 0;
}

/* A made-up value that must appear in no line; it is no credential of anybody. */
#define MARKED "marked-value-of-a-key"

static void note(struct ward_access_log *log, const struct ward_http_route *route, int status)
{
    static const struct ward_http_header headers[] = { { WARD_SPAN_INIT("x-api-key"), WARD_SPAN_INIT(MARKED) } };
    const struct ward_http_request request = {
        .method = WARD_METHOD_OTHER,
        .method_text = WARD_SPAN(MARKED),
        .target = WARD_SPAN("/api-keys/auth/" MARKED "?x=" MARKED),
        .path = WARD_SPAN("/api-keys/auth/" MARKED),
        .query = WARD_SPAN("x=" MARKED),
        .parameters = { WARD_SPAN(MARKED) },
        .headers = headers,
        .header_count = 1,
        .body = WARD_SPAN(MARKED),
        .peer = WARD_SPAN("192.0.2.1"),
        .listener = WARD_LISTENER_TCP,
        .request_id = "0123456789abcdef",
    };
    const struct ward_http_reply reply = { .status = status, .reason = status == 401 ? "unknown" : NULL };
    ward_access_log_note(log, &request, route ? &surface : NULL, route, &reply, 1234);
}

/* Everything written since the last call, NUL-terminated. */
static size_t read_log(char *text, size_t size)
{
    static const char end[] = "END\n";
    assert_int_equal(write(log_ends[1], end, 4), 4);
    size_t used = 0;
    while (used < 4 || memcmp(text + used - 4, end, 4) != 0) {
        ssize_t got = read(log_ends[0], text + used, size - 1 - used);
        assert_true(got > 0);
        used += (size_t)got;
    }
    text[used - 4] = '\0';
    return used - 4;
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void a_line_names_the_route_and_nothing_that_was_sent(void **state)
{
    (void)state;
    static const char *const members[] = { "time",     "level",    "event",  "request",   "surface",
                                           "route",    "template", "method", "status",    "duration_us",
                                           "listener", "peer",     "reason", "suppressed" };
    struct ward_access_log log = { .mode = WARD_ACCESS_LOG_ON };
    WARD_POOL pool = ward_pool_new(1 << 20);
    const struct ward_json_value *line;
    const char *why = "";
    char text[8192];
    note(&log, &verification, 401);
    size_t size = read_log(text, sizeof(text));
    assert_null(strstr(text, MARKED));
    assert_int_equal(count_lines(text), 1);
    assert_int_equal(ward_json_parse(ward_span(text, size), &pool, &line, &why), WARD_OK);
    for (size_t i = 0; i < ward_json_count(line); i++) { /* an allow-list: no other member */
        struct ward_span name = ward_json_name_at(line, i);
        bool is_known = false;
        for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++)
            is_known = is_known || ward_span_equal(name, ward_span_of(members[m]));
        assert_true(is_known);
    }
    assert_true(
        ward_span_equal(ward_json_string(ward_json_member(line, "template")), WARD_SPAN("/api-keys/auth/{key}")));
    assert_true(ward_span_equal(ward_json_string(ward_json_member(line, "request")), WARD_SPAN("0123456789abcdef")));
    assert_true(ward_span_equal(ward_json_string(ward_json_member(line, "reason")), WARD_SPAN("unknown")));
    note(&log, NULL, 404);
    read_log(text, sizeof(text));
    assert_null(strstr(text, MARKED));
    assert_non_null(strstr(text, "\"route\":\"none\""));
}

static void what_is_logged_in_which_mode(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        const struct ward_http_route *route;
        int status;
        size_t lines;
    } cases[] = {
        { "on", &verification, 200, 1 },
        { "on", &management, 200, 1 },
        { "on", NULL, 404, 1 },
        { "notable", &verification, 200, 0 },
        { "notable", &verification, 401, 1 },
        { "notable", &verification, 503, 1 },
        { "notable", &management, 200, 1 },
        { "notable", &management, 404, 1 },
        { "notable", NULL, 404, 1 },
        { "off", &verification, 401, 0 },
        { "off", &management, 200, 0 },
        { "off", NULL, 500, 0 },
    };
    char text[8192];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ward_access_log log = { .mode = ward_access_log_mode_of(cases[i].mode) };
        note(&log, cases[i].route, cases[i].status);
        read_log(text, sizeof(text));
        if (count_lines(text) != cases[i].lines)
            fail_msg("case %zu (%s, %d): %zu lines", i, cases[i].mode, cases[i].status, count_lines(text));
    }
}

static void a_flood_of_refusals_is_cut_and_told(void **state)
{
    (void)state;
    struct ward_access_log log = { .mode = WARD_ACCESS_LOG_NOTABLE };
    static char text[64 * 1024];
    boot_ms = 5000;
    for (int i = 0; i < WARD_ACCESS_LOG_REFUSALS_PER_S + 25; i++)
        note(&log, &verification, 401);
    read_log(text, sizeof(text));
    assert_int_equal(count_lines(text), WARD_ACCESS_LOG_REFUSALS_PER_S);
    note(&log, &management, 200); /* management is never cut */
    read_log(text, sizeof(text));
    assert_int_equal(count_lines(text), 1);
    assert_non_null(strstr(text, "\"suppressed\":25"));
    boot_ms = 6000;
    note(&log, &verification, 401);
    read_log(text, sizeof(text));
    assert_int_equal(count_lines(text), 1);
    assert_non_null(strstr(text, "\"suppressed\":0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_names_the_route_and_nothing_that_was_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_logged_in_which_mode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_of_refusals_is_cut_and_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
