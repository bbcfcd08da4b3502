/* Calendar days and months: month ends, leap days, zones whose clock is set, offsets on both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/calendar.h"
#include "base/iso8601.h"

/* The expected moments come from another implementation over the tz database of 2026. */
static const struct row {
    const char *name;
    int32_t offset_s, next_offset_s;
    const char *until; /* NULL: the clock is not set near */
    const char *now;
    int64_t day;
    const char *day_start, *day_end;
    int64_t month;
    const char *month_start, *month_end;
} rows[] = {
    /* clang-format off */
    { "Asia/Seoul", 32400, 32400, NULL, "2026-11-22T14:59:59Z", 20779, "2026-11-21T15:00Z", "2026-11-22T15:00Z", 682, "2026-10-31T15:00Z", "2026-11-30T15:00Z" },
    { "Asia/Seoul", 32400, 32400, NULL, "2026-11-22T15:00:00Z", 20780, "2026-11-22T15:00Z", "2026-11-23T15:00Z", 682, "2026-10-31T15:00Z", "2026-11-30T15:00Z" },
    { "Asia/Seoul", 32400, 32400, NULL, "2026-12-31T14:59:59Z", 20818, "2026-12-30T15:00Z", "2026-12-31T15:00Z", 683, "2026-11-30T15:00Z", "2026-12-31T15:00Z" },
    { "Asia/Seoul", 32400, 32400, NULL, "2026-12-31T15:00:00Z", 20819, "2026-12-31T15:00Z", "2027-01-01T15:00Z", 684, "2026-12-31T15:00Z", "2027-01-31T15:00Z" },
    { "Asia/Seoul", 32400, 32400, NULL, "2024-02-28T15:00:00Z", 19782, "2024-02-28T15:00Z", "2024-02-29T15:00Z", 649, "2024-01-31T15:00Z", "2024-02-29T15:00Z" },
    { "Asia/Seoul", 32400, 32400, NULL, "2024-02-29T14:59:59Z", 19782, "2024-02-28T15:00Z", "2024-02-29T15:00Z", 649, "2024-01-31T15:00Z", "2024-02-29T15:00Z" },
    { "Asia/Seoul", 32400, 32400, NULL, "2024-02-29T15:00:00Z", 19783, "2024-02-29T15:00Z", "2024-03-01T15:00Z", 650, "2024-02-29T15:00Z", "2024-03-31T15:00Z" },
    { "Asia/Seoul", 32400, 32400, NULL, "2026-02-28T14:59:59Z", 20512, "2026-02-27T15:00Z", "2026-02-28T15:00Z", 673, "2026-01-31T15:00Z", "2026-02-28T15:00Z" },
    { "Asia/Seoul", 32400, 32400, NULL, "2026-02-28T15:00:00Z", 20513, "2026-02-28T15:00Z", "2026-03-01T15:00Z", 674, "2026-02-28T15:00Z", "2026-03-31T15:00Z" },
    { "UTC", 0, 0, NULL, "2100-02-28T23:59:59Z", 47540, "2100-02-28T00:00Z", "2100-03-01T00:00Z", 1561, "2100-02-01T00:00Z", "2100-03-01T00:00Z" },
    { "UTC", 0, 0, NULL, "2100-03-01T00:00:00Z", 47541, "2100-03-01T00:00Z", "2100-03-02T00:00Z", 1562, "2100-03-01T00:00Z", "2100-04-01T00:00Z" },
    { "UTC", 0, 0, NULL, "2000-02-29T12:00:00Z", 11016, "2000-02-29T00:00Z", "2000-03-01T00:00Z", 361, "2000-02-01T00:00Z", "2000-03-01T00:00Z" },
    { "America/New_York", -18000, -14400, "2026-03-08T07:00Z", "2026-03-08T06:59:59Z", 20520, "2026-03-08T05:00Z", "2026-03-09T04:00Z", 674, "2026-03-01T05:00Z", "2026-04-01T04:00Z" },
    { "America/New_York", -18000, -14400, "2026-03-08T07:00Z", "2026-03-08T07:00:00Z", 20520, "2026-03-08T05:00Z", "2026-03-09T04:00Z", 674, "2026-03-01T05:00Z", "2026-04-01T04:00Z" },
    { "America/New_York", -18000, -14400, "2026-03-08T07:00Z", "2026-03-09T03:59:59Z", 20520, "2026-03-08T05:00Z", "2026-03-09T04:00Z", 674, "2026-03-01T05:00Z", "2026-04-01T04:00Z" },
    { "America/New_York", -14400, -18000, "2026-11-01T06:00Z", "2026-11-01T12:00:00Z", 20758, "2026-11-01T04:00Z", "2026-11-02T05:00Z", 682, "2026-11-01T04:00Z", "2026-12-01T05:00Z" },
    { "Pacific/Honolulu", -36000, -36000, NULL, "2026-01-01T09:59:59Z", 20453, "2025-12-31T10:00Z", "2026-01-01T10:00Z", 671, "2025-12-01T10:00Z", "2026-01-01T10:00Z" },
    { "Pacific/Honolulu", -36000, -36000, NULL, "2026-01-01T10:00:00Z", 20454, "2026-01-01T10:00Z", "2026-01-02T10:00Z", 672, "2026-01-01T10:00Z", "2026-02-01T10:00Z" },
    { "Europe/Berlin", 3600, 7200, "2026-03-29T01:00Z", "2026-03-28T23:00:00Z", 20541, "2026-03-28T23:00Z", "2026-03-29T22:00Z", 674, "2026-02-28T23:00Z", "2026-03-31T22:00Z" },
    { "Europe/Berlin", 7200, 3600, "2026-10-25T01:00Z", "2026-10-24T22:00:00Z", 20751, "2026-10-24T22:00Z", "2026-10-25T23:00Z", 681, "2026-09-30T22:00Z", "2026-10-31T23:00Z" },
    { "Europe/Berlin", 7200, 3600, "2026-10-25T01:00Z", "2026-10-25T22:59:59Z", 20751, "2026-10-24T22:00Z", "2026-10-25T23:00Z", 681, "2026-09-30T22:00Z", "2026-10-31T23:00Z" },
    { "Australia/Lord_Howe", 39600, 37800, "2026-04-04T15:00Z", "2026-04-04T12:00:00Z", 20547, "2026-04-03T13:00Z", "2026-04-04T13:00Z", 675, "2026-03-31T13:00Z", "2026-04-30T13:30Z" },
    { "Asia/Kathmandu", 20700, 20700, NULL, "2026-06-30T18:14:59Z", 20634, "2026-06-29T18:15Z", "2026-06-30T18:15Z", 677, "2026-05-31T18:15Z", "2026-06-30T18:15Z" },
    { "Asia/Kathmandu", 20700, 20700, NULL, "2026-06-30T18:15:00Z", 20635, "2026-06-30T18:15Z", "2026-07-01T18:15Z", 678, "2026-06-30T18:15Z", "2026-07-31T18:15Z" },
    { "America/Santiago", -14400, -10800, "2026-09-06T04:00Z", "2026-09-06T03:59:59Z", 20701, "2026-09-05T04:00Z", "2026-09-06T04:00Z", 680, "2026-09-01T04:00Z", "2026-10-01T03:00Z" },
    { "America/Santiago", -14400, -10800, "2026-09-06T04:00Z", "2026-09-06T04:00:00Z", 20702, "2026-09-06T04:00Z", "2026-09-07T03:00Z", 680, "2026-09-01T04:00Z", "2026-10-01T03:00Z" },
    { "America/Santiago", -10800, -14400, "2026-04-05T03:00Z", "2026-04-05T02:30:00Z", 20547, "2026-04-04T03:00Z", "2026-04-05T04:00Z", 675, "2026-04-01T03:00Z", "2026-05-01T04:00Z" },
    { "America/Santiago", -10800, -14400, "2026-04-05T03:00Z", "2026-04-05T03:00:00Z", 20547, "2026-04-04T03:00Z", "2026-04-05T04:00Z", 675, "2026-04-01T03:00Z", "2026-05-01T04:00Z" },
    { "America/Santiago", -10800, -14400, "2026-04-05T03:00Z", "2026-04-05T03:30:00Z", 20547, "2026-04-04T03:00Z", "2026-04-05T04:00Z", 675, "2026-04-01T03:00Z", "2026-05-01T04:00Z" },
    { "America/Santiago", -10800, -14400, "2026-04-05T03:00Z", "2026-04-05T04:00:00Z", 20548, "2026-04-05T04:00Z", "2026-04-06T04:00Z", 675, "2026-04-01T03:00Z", "2026-05-01T04:00Z" },
    { "Pacific/Kiritimati", 50400, 50400, NULL, "2026-07-31T09:59:59Z", 20665, "2026-07-30T10:00Z", "2026-07-31T10:00Z", 678, "2026-06-30T10:00Z", "2026-07-31T10:00Z" },
    { "Pacific/Kiritimati", 50400, 50400, NULL, "2026-07-31T10:00:00Z", 20666, "2026-07-31T10:00Z", "2026-08-01T10:00Z", 679, "2026-07-31T10:00Z", "2026-08-31T10:00Z" },
    { "Africa/Casablanca", 3600, 0, "2026-02-15T02:00Z", "2026-02-15T01:00:00Z", 20499, "2026-02-14T23:00Z", "2026-02-16T00:00Z", 673, "2026-01-31T23:00Z", "2026-03-01T00:00Z" },
    /* clang-format on */
};

static int64_t moment(const char *text)
{
    int64_t ms;
    assert_true(ward_iso8601_parse(ward_span(text, strlen(text)), &ms));
    return ms;
}

static struct ward_zone zone_of(const struct row *row)
{
    return (struct ward_zone){ .offset_s = row->offset_s,
                               .next_offset_s = row->next_offset_s,
                               .until_ms = row->until != NULL ? moment(row->until) : 0 };
}

static void check(const struct row *row, const struct ward_zone *zone)
{
    struct ward_window day, month;
    ward_day_window(zone, moment(row->now), &day);
    ward_month_window(zone, moment(row->now), &month);
    if (day.number != row->day || day.start_ms != moment(row->day_start) || day.end_ms != moment(row->day_end) ||
        month.number != row->month || month.start_ms != moment(row->month_start) ||
        month.end_ms != moment(row->month_end))
        fail_msg("%s at %s: day %lld %lld..%lld, month %lld %lld..%lld", row->name, row->now, (long long)day.number,
                 (long long)day.start_ms, (long long)day.end_ms, (long long)month.number, (long long)month.start_ms,
                 (long long)month.end_ms);
}

static void windows_are_those_of_the_calendar(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_zone zone = zone_of(&rows[i]);
        check(&rows[i], &zone);
    }
}

static void a_zone_survives_its_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_zone zone = zone_of(&rows[i]), unpacked;
        ward_zone_unpack(ward_zone_pack(&zone), &unpacked);
        assert_int_equal(unpacked.offset_s, zone.offset_s);
        assert_int_equal(unpacked.next_offset_s, zone.next_offset_s);
        assert_int_equal(unpacked.until_ms, zone.until_ms);
        check(&rows[i], &unpacked);
    }
}

static void no_word_and_no_zone_is_out_of_bounds(void **state)
{
    (void)state;
    struct ward_zone zone, again;
    ward_zone_unpack(0, &zone);
    assert_int_equal(zone.offset_s, 0);
    assert_int_equal(zone.next_offset_s, 0);
    uint64_t random = 1;
    for (unsigned i = 0; i < 20000; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        ward_zone_unpack(random, &zone);
        assert_in_range(zone.offset_s + WARD_ZONE_OFFSET_MAX_S, 0, 2 * WARD_ZONE_OFFSET_MAX_S);
        assert_in_range(zone.next_offset_s + WARD_ZONE_OFFSET_MAX_S, 0, 2 * WARD_ZONE_OFFSET_MAX_S);
        ward_zone_unpack(ward_zone_pack(&zone), &again);
        assert_memory_equal(&zone, &again, sizeof(zone));
    }
    static const struct ward_zone wild[] = { { INT32_MAX, INT32_MIN, INT64_MAX }, { INT32_MIN, INT32_MAX, INT64_MIN } };
    static const int64_t times[] = { INT64_MIN, -1, 0, 1, WARD_TIME_MAX_MS, INT64_MAX };
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof(times) / sizeof(times[0]); j++) {
            struct ward_window window;
            ward_day_window(&wild[i], times[j], &window);
            assert_true(window.number >= 0);
            ward_month_window(&wild[i], times[j], &window);
            assert_true(window.number >= 0);
        }
    }
}

/* Two centuries, day by day, without a gap and without an overlap. */
static void days_and_months_follow_each_other(void **state)
{
    (void)state;
    static const int32_t offsets[] = { 0, 32400, -36000, 20700, 50400, -12600 };
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        const struct ward_zone zone = { .offset_s = offsets[i], .next_offset_s = offsets[i] };
        struct ward_window day, month, next;
        ward_day_window(&zone, moment("2000-01-01"), &day);
        ward_month_window(&zone, moment("2000-01-01"), &month);
        while (day.end_ms < moment("2200-01-01")) {
            ward_day_window(&zone, day.end_ms - 1, &next);
            assert_int_equal(next.number, day.number);
            assert_int_equal(day.end_ms - day.start_ms, 86400000);
            ward_day_window(&zone, day.end_ms, &next);
            assert_int_equal(next.number, day.number + 1);
            assert_int_equal(next.start_ms, day.end_ms);
            day = next;
            ward_month_window(&zone, day.start_ms, &next);
            assert_true(next.start_ms <= day.start_ms && day.end_ms <= next.end_ms);
            if (next.number == month.number)
                continue;
            assert_int_equal(next.number, month.number + 1);
            assert_int_equal(next.start_ms, month.end_ms);
            assert_int_equal(next.start_ms, day.start_ms);
            month = next;
        }
    }
}

static void a_number_leads_to_its_window(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_zone zone = zone_of(&rows[i]);
        struct ward_window day, month;
        ward_day_window_at(&zone, rows[i].day, &day);
        ward_month_window_at(&zone, rows[i].month, &month);
        assert_int_equal(day.start_ms, moment(rows[i].day_start));
        assert_int_equal(day.end_ms, moment(rows[i].day_end));
        assert_int_equal(month.start_ms, moment(rows[i].month_start));
        assert_int_equal(month.end_ms, moment(rows[i].month_end));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_those_of_the_calendar),    cmocka_unit_test(a_zone_survives_its_word),
        cmocka_unit_test(no_word_and_no_zone_is_out_of_bounds), cmocka_unit_test(days_and_months_follow_each_other),
        cmocka_unit_test(a_number_leads_to_its_window),
    };
    return cmocka_run_group_tests_name("base/calendar", tests, NULL, NULL);
}
