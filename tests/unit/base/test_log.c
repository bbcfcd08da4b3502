#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seam.h"

enum { LINE_ROOM = 8192 };

static int pipe_ends[2];

static int64_t fixed_now_ms(void)
{
    return 1730653741623;
}

static int open_pipe(void **state)
{
    (void)state;
    ward_seam.now_ms = fixed_now_ms;
    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return -1;
    }
    ward_log_set_descriptor(pipe_ends[1]);
    return 0;
}

static int close_pipe(void **state)
{
    (void)state;
    ward_log_set_descriptor(STDERR_FILENO);
    ward_log_set_level(WARD_LOG_INFO);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return 0;
}

/* Take what was logged since the last call. */
static const char *read_log(void)
{
    static char text[LINE_ROOM];
    ssize_t got = read(pipe_ends[0], text, sizeof(text) - 1);
    text[got < 0 ? 0 : got] = '\0';
    return text;
}

static void test_line_of_every_type(void **state)
{
    (void)state;
    ward_log(WARD_LOG_INFO, "started", WARD_LOG_STR("name", "w"), WARD_LOG_SPAN("part", ward_span("abcdef", 3)),
             WARD_LOG_NUM("port", 8420), WARD_LOG_NUM("least", INT64_MIN), WARD_LOG_FLAG("tls", true),
             WARD_LOG_FLAG("uds", false), WARD_LOG_STR("none", NULL), WARD_LOG_STR("empty", ""));
    assert_string_equal(
        read_log(), "{\"time\":\"2024-11-03T17:09:01.623Z\",\"level\":\"info\",\"event\":\"started\",\"name\":\"w\","
                    "\"part\":\"abc\",\"port\":8420,\"least\":-9223372036854775808,\"tls\":true,\"uds\":false,"
                    "\"none\":null,\"empty\":\"\"}\n");
    ward_log_write(WARD_LOG_ERROR, "bare", NULL, 0);
    assert_string_equal(read_log(), "{\"time\":\"2024-11-03T17:09:01.623Z\",\"level\":\"error\",\"event\":\"bare\"}\n");
}

static const struct {
    const char *name;
    struct ward_span text;
    const char *written;
} escapes[] = {
    { "plain", WARD_SPAN_INIT("caf\xc3\xa9 \xf0\x9f\x98\x80 /"), "caf\xc3\xa9 \xf0\x9f\x98\x80 /" },
    { "quotes", WARD_SPAN_INIT("\"\\"), "\\u0022\\u005c" },
    { "a forged line", WARD_SPAN_INIT("x\"}\n{\"level\":\"error\""),
      "x\\u0022}\\u000a{\\u0022level\\u0022:\\u0022error\\u0022" },
    { "controls", WARD_SPAN_INIT("\x00\x01\x1b[31m\r\t\x1f\x7f"),
      "\\u0000\\u0001\\u001b[31m\\u000d\\u0009\\u001f\\u007f" },
    { "C1 controls", WARD_SPAN_INIT("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"), "\\u0080\\u009b\\u009f\xc2\xa0" },
    { "bidi embeddings", WARD_SPAN_INIT("\xe2\x80\xaa\xe2\x80\xae"), "\\u202a\\u202e" },
    { "bidi isolates", WARD_SPAN_INIT("\xe2\x81\xa6\xe2\x81\xa9"), "\\u2066\\u2069" },
    { "marks", WARD_SPAN_INIT("\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90"), "\\u200e\\u200f\xe2\x80\x90" },
    { "separators", WARD_SPAN_INIT("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029" },
    { "bytes that are no UTF-8", WARD_SPAN_INIT("a\xff\xc3(\xed\xa0\x80"), "a\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd" },
};

static void test_values_are_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        char expected[LINE_ROOM];
        snprintf(expected, sizeof(expected),
                 "{\"time\":\"2024-11-03T17:09:01.623Z\",\"level\":\"warn\",\"event\":\"e\",\"v\":\"%s\"}\n",
                 escapes[i].written);
        ward_log(WARD_LOG_WARN, "e", WARD_LOG_SPAN("v", escapes[i].text));
        assert_string_equal(read_log(), expected);
    }
}

static void assert_ends_with(const char *text, const char *end)
{
    assert_true(strlen(text) >= strlen(end));
    assert_string_equal(text + strlen(text) - strlen(end), end);
}

/* Whatever the size at which it is cut, the line keeps its bound, ends well and splits no character. */
static void test_long_lines_are_cut(void **state)
{
    (void)state;
    static const char *const units[] = { "a", "\xc3\xa4", "\xf0\x9f\x98\x80", "\n", "\xff" };
    for (size_t unit = 0; unit < sizeof(units) / sizeof(units[0]); unit++) {
        char text[6000];
        size_t step = strlen(units[unit]);
        for (size_t at = 0; at + step <= sizeof(text); at += step) {
            memcpy(text + at, units[unit], step);
        }
        for (size_t size = 600; size + step <= sizeof(text); size += step) {
            ward_log(WARD_LOG_INFO, "long", WARD_LOG_SPAN("v", ward_span(text, size / step * step)),
                     WARD_LOG_NUM("after", 1));
            const char *line = read_log();
            assert_true(strlen(line) <= 4096);
            bool is_cut = strstr(line, "truncated") != NULL;
            assert_ends_with(line, is_cut ? ",\"truncated\":true}\n" : "\",\"after\":1}\n");
            assert_int_equal(strchr(line, '\n') - line, strlen(line) - 1);
            if (is_cut && step > 1) {
                assert_null(strstr(line, "\xc3\""));
                assert_null(strstr(line, "\xf0\""));
            }
        }
    }
}

static void test_a_field_that_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    char name[5000];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ward_log(WARD_LOG_INFO, "e", WARD_LOG_NUM(name, 1), WARD_LOG_NUM("b", 2));
    assert_ends_with(read_log(), "\"event\":\"e\",\"truncated\":true}\n");
    ward_log(WARD_LOG_INFO, "e", WARD_LOG_STR(name, "x"));
    assert_ends_with(read_log(), "\"event\":\"e\",\"truncated\":true}\n");
    ward_log(WARD_LOG_INFO, name, WARD_LOG_STR("a", "x"));
    assert_ends_with(read_log(), "n\",\"truncated\":true}\n");
}

static void test_levels(void **state)
{
    (void)state;
    enum ward_log_level level = WARD_LOG_ERROR;
    ward_log_write(WARD_LOG_DEBUG, "hidden", NULL, 0);
    assert_string_equal(read_log(), "");
    assert_true(ward_log_level_parse(WARD_SPAN("debug"), &level));
    assert_int_equal(level, WARD_LOG_DEBUG);
    ward_log_set_level(level);
    ward_log_write(WARD_LOG_DEBUG, "shown", NULL, 0);
    assert_non_null(strstr(read_log(), "\"level\":\"debug\""));
    assert_true(ward_log_level_parse(WARD_SPAN("error"), &level));
    ward_log_set_level(level);
    ward_log_write(WARD_LOG_WARN, "hidden", NULL, 0);
    assert_string_equal(read_log(), "");
    assert_false(ward_log_level_parse(WARD_SPAN("Error"), &level));
    assert_false(ward_log_level_parse(WARD_SPAN(""), &level));
    assert_false(ward_log_level_parse(WARD_SPAN("errors"), &level));
    assert_int_equal(level, WARD_LOG_ERROR);
}

static int writes;

static ssize_t count_writes(int fd, const void *bytes, size_t size)
{
    writes++;
    return write(fd, bytes, size);
}

/* Held lines come in order, together, in pieces that a pipe takes whole; a warning takes them along at once. */
static void test_lines_are_held_and_released(void **state)
{
    (void)state;
    const struct ward_seam seam = ward_seam;
    char text[1000];
    memset(text, 'a', sizeof(text));
    ward_seam.write = count_writes;
    writes = 0;
    ward_log_hold();
    for (int i = 0; i < 3; i++) {
        ward_log(WARD_LOG_INFO, "line", WARD_LOG_NUM("i", i));
    }
    assert_int_equal(writes, 0);
    assert_string_equal(read_log(), "");
    ward_log_release();
    assert_int_equal(writes, 1);
    const char *log = read_log();
    assert_true(strstr(log, "\"i\":0}\n") < strstr(log, "\"i\":1}\n") && strstr(log, "\"i\":2}\n"));

    ward_log_hold();
    ward_log(WARD_LOG_INFO, "before", WARD_LOG_NUM("i", 1));
    ward_log(WARD_LOG_WARN, "now", WARD_LOG_NUM("i", 2));
    assert_int_equal(writes, 3);
    log = read_log();
    assert_true(strstr(log, "before") && strstr(log, "before") < strstr(log, "now"));
    for (int i = 0; i < 8; i++) { /* twice as much as is written with one call */
        ward_log(WARD_LOG_INFO, "long", WARD_LOG_SPAN("text", ward_span(text, sizeof(text))));
    }
    assert_int_equal(writes, 5);
    ward_log_release();
    assert_int_equal(writes, 6);
    ward_log_release();
    assert_int_equal(writes, 6);
    ward_log(WARD_LOG_INFO, "at once", WARD_LOG_NUM("i", 1));
    assert_int_equal(writes, 7);
    ward_seam = seam;
}

static void test_a_broken_sink_harms_nobody(void **state)
{
    (void)state;
    ward_log_set_descriptor(-1);
    errno = ENOENT;
    ward_log_write(WARD_LOG_ERROR, "lost", NULL, 0);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_line_of_every_type, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_values_are_escaped, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_long_lines_are_cut, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_a_field_that_does_not_fit_is_left_out_whole, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_levels, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_lines_are_held_and_released, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_a_broken_sink_harms_nobody, open_pipe, close_pipe),
    };
    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
