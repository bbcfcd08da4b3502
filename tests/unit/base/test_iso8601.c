#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/iso8601.h"

static const struct {
    const char *text;
    int64_t ms;
    const char *canonical;
} good[] = {
    { "1970-01-01", 0, "1970-01-01T00:00:00.000Z" },
    { "2050-01-01", 2524608000000, "2050-01-01T00:00:00.000Z" },
    { "2034-11-04T17:16:00.000Z", 2046273360000, "2034-11-04T17:16:00.000Z" },
    { "2023-09-01 00:00:00", 1693526400000, "2023-09-01T00:00:00.000Z" },
    { "2024-02-29T12:00", 1709208000000, "2024-02-29T12:00:00.000Z" },
    { "2000-02-29", 951782400000, "2000-02-29T00:00:00.000Z" },
    { "2024-11-03T17:09:01.623Z", 1730653741623, "2024-11-03T17:09:01.623Z" },
    { "2024-11-03T17:09:01.6Z", 1730653741600, "2024-11-03T17:09:01.600Z" },
    { "2024-11-03T17:09:01.623999999Z", 1730653741623, "2024-11-03T17:09:01.623Z" },
    { "2024-11-03T19:09:01+02:00", 1730653741000, "2024-11-03T17:09:01.000Z" },
    { "2024-11-03T19:09:01+0200", 1730653741000, "2024-11-03T17:09:01.000Z" },
    { "2024-11-03T11:39:01-0530", 1730653741000, "2024-11-03T17:09:01.000Z" },
    { "2024-11-03T17:09-00:00", 1730653740000, "2024-11-03T17:09:00.000Z" },
    { "1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z" },
    { "0001-01-01", WARD_TIME_MIN_MS, "0001-01-01T00:00:00.000Z" },
    { "9999-12-31T23:59:59.999Z", WARD_TIME_MAX_MS, "9999-12-31T23:59:59.999Z" },
    { "1900-02-28T23:59:59Z", -2203891201000, "1900-02-28T23:59:59.000Z" },
};

static const char *const bad[] = {
    "",
    "2024",
    "2024-11",
    "2024-1-1",
    "24-01-01",
    "02024-01-01",
    "+2024-01-01",
    "2024/01/01",
    "20240101",
    "2024-00-01",
    "2024-13-01",
    "2024-01-00",
    "2024-01-32",
    "2024-04-31",
    "2023-02-29",
    "1900-02-29",
    "2100-02-29",
    "0000-01-01",
    "10000-01-01",
    "2024-01-01T",
    "2024-01-01 ",
    "2024-01-01Z",
    "2024-01-01+02:00",
    "2024-01-01T1:00",
    "2024-01-01T01",
    "2024-01-01T24:00",
    "2024-01-01T23:60",
    "2024-01-01T23:59:60Z",
    "2024-01-01T23:59:5Z",
    "2024-01-01T00:00:00.Z",
    "2024-01-01T00:00:00.0123456789Z",
    "2024-01-01T00:00.5Z",
    "2024-01-01T00:00:00,5Z",
    "2024-01-01T00:00:00ZZ",
    "2024-01-01T00:00:00Z ",
    " 2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00z",
    "2024-01-01t00:00:00Z",
    "2024-01-01  00:00:00",
    "2024-01-01T00:00:00 Z",
    "2024-01-01T00:00:00+2:00",
    "2024-01-01T00:00:00+02",
    "2024-01-01T00:00:00+02:0",
    "2024-01-01T00:00:00+24:00",
    "2024-01-01T00:00:00+01:60",
    "2024-01-01T00:00:00+01:00Z",
    "2024-01-01T00:00:00+",
    "2024-01-01T00:00:00--100",
    "2024-W01-1",
    "tomorrow",
    "1730653741",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59.999-00:01",
    "-001-01-01",
    "2024-01-01T-1:00",
    "2024-01-01T00:00:00+-1:00",
};

static void test_reads_and_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ms = 0;
        char text[WARD_ISO8601_MS_CHARS + 1];
        assert_true(ward_iso8601_parse(ward_span_of(good[i].text), &ms));
        assert_true(ms == good[i].ms);
        ward_iso8601_format(ms, text);
        assert_string_equal(text, good[i].canonical);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms = 42;
        if (ward_iso8601_parse(ward_span_of(bad[i]), &ms)) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_int_equal(ms, 42);
    }
    int64_t ms;
    assert_false(ward_iso8601_parse(ward_span("2024-01-01\0", 11), &ms));
}

/* Every day of the four centuries after which the calendar repeats, there and back. */
static void test_every_day_of_a_cycle(void **state)
{
    (void)state;
    char previous[WARD_ISO8601_MS_CHARS + 1] = "";
    for (int64_t day = -146097; day < 146097; day++) {
        char text[WARD_ISO8601_MS_CHARS + 1];
        int64_t ms = 0;
        ward_iso8601_format(day * 86400000 + 1, text);
        assert_true(ward_iso8601_parse(ward_span_of(text), &ms));
        assert_true(ms == day * 86400000 + 1);
        assert_true(strcmp(previous, text) < 0);
        memcpy(previous, text, sizeof(text));
    }
}

static void test_clamps_what_it_cannot_write(void **state)
{
    (void)state;
    char text[WARD_ISO8601_MS_CHARS + 1];
    ward_iso8601_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    ward_iso8601_format(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01T00:00:00.000Z");
}

static void test_whole_seconds_round_down(void **state)
{
    (void)state;
    char text[WARD_ISO8601_S_CHARS + 1];
    ward_iso8601_format_s(1730653741999, text);
    assert_string_equal(text, "2024-11-03T17:09:01Z");
    ward_iso8601_format_s(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_and_writes),         cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_every_day_of_a_cycle),     cmocka_unit_test(test_clamps_what_it_cannot_write),
        cmocka_unit_test(test_whole_seconds_round_down),
    };
    return cmocka_run_group_tests_name("base/iso8601", tests, NULL, NULL);
}
