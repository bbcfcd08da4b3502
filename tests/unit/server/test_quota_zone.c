/* Zones by name and by offset; what their clocks do next; what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/iso8601.h"
#include "server/quota_zone.h"

static int64_t moment(const char *text)
{
    int64_t ms;
    assert_true(ward_iso8601_parse(ward_span_of(text), &ms));
    return ms;
}

static struct ward_zone zone_at(const char *name, const char *now)
{
    struct ward_failure why = { .text = "" };
    struct ward_zone zone;
    if (!ward_quota_zone_choose(name, &why))
        fail_msg("%s", why.text);
    ward_quota_zone_at(moment(now), &zone);
    return zone;
}

static void offsets_and_known_names_need_no_database(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int32_t offset_s;
    } rows[] = { { "Asia/Seoul", 32400 }, { "UTC", 0 },        { "+09:00", 32400 },
                 { "-03:30", -12600 },    { "+14:00", 50400 }, { "-00:00", 0 } };
    setenv("TZDIR", "/nonexistent", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_zone zone = zone_at(rows[i].name, "2026-11-22T00:00:00Z");
        assert_int_equal(zone.offset_s, rows[i].offset_s);
        assert_int_equal(zone.next_offset_s, rows[i].offset_s);
    }
    unsetenv("TZDIR");
}

static void the_database_says_what_the_clock_does_next(void **state)
{
    (void)state;
    struct stat info;
    static const struct {
        const char *name, *now;
        int32_t offset_s, next_offset_s;
        const char *until;
    } rows[] = {
        { "Asia/Seoul", "2026-11-22T00:00:00Z", 32400, 32400, NULL },
        { "America/New_York", "2026-01-01T00:00:00Z", -18000, -14400, "2026-03-08T07:00:00Z" },
        { "America/New_York", "2026-03-08T06:59:59Z", -18000, -14400, "2026-03-08T07:00:00Z" },
        { "America/New_York", "2026-03-08T07:00:00Z", -14400, -18000, "2026-11-01T06:00:00Z" },
        { "Europe/Berlin", "2026-10-25T00:59:59Z", 7200, 3600, "2026-10-25T01:00:00Z" },
        { "Australia/Lord_Howe", "2026-01-01T00:00:00Z", 39600, 37800, "2026-04-04T15:00:00Z" },
    };
    if (stat("/usr/share/zoneinfo/America/New_York", &info) != 0)
        skip(); /* a host without tzdata */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_zone zone = zone_at(rows[i].name, rows[i].now);
        assert_int_equal(zone.offset_s, rows[i].offset_s);
        assert_int_equal(zone.next_offset_s, rows[i].next_offset_s);
        if (rows[i].until != NULL)
            assert_int_equal(zone.until_ms, moment(rows[i].until));
    }
}

static void what_is_no_zone_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = { "",        "Asia/Seul", "../etc/passwd", "/etc/localtime", "Asia",   "+9:00",
                                         "+09:60",  "+14:01",    "+15:00",        "09:00",          "KST-9",  "+09:00 ",
                                         "Asia/\n", "seoul",     "+0a:00",        "Asia/../UTC2",   "+09:000" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct ward_failure why = { .text = "" };
        if (ward_quota_zone_choose(names[i], &why))
            fail_msg("%s was taken", names[i]);
        assert_non_null(strstr(why.text, "--quota-zone"));
        struct ward_zone zone;
        ward_quota_zone_at(0, &zone);
        assert_int_equal(zone.offset_s, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_and_known_names_need_no_database),
        cmocka_unit_test(the_database_says_what_the_clock_does_next),
        cmocka_unit_test(what_is_no_zone_is_refused),
    };
    return cmocka_run_group_tests_name("server/quota_zone", tests, NULL, NULL);
}
