/* A relation's counters by themselves: windows, zones, clocks, taking back, owners, and exactness under threads. */
#include "support.h"

#include <pthread.h>

#include "table/plan_counter.h"

#define HOUR   INT64_C(3600000)
#define DAY_MS (24 * HOUR)

static const struct ward_zone seoul = { .offset_s = 9 * 3600, .next_offset_s = 9 * 3600 };

static int64_t wall_now;

static int64_t wall_clock(void)
{
    return __atomic_load_n(&wall_now, __ATOMIC_ACQUIRE);
}

static int setup(void **state)
{
    static struct ward_seam seam;
    seam = ward_seam;
    *state = &seam;
    ward_seam.now_ms = wall_clock;
    return 0;
}

static int teardown(void **state)
{
    ward_seam = *(struct ward_seam *)*state;
    return 0;
}

static int64_t moment(const char *text)
{
    int64_t ms;
    assert_true(ward_iso8601_parse(ward_span_of(text), &ms));
    return ms;
}

/* One relation, and a clock that a test sets. */
struct bench {
    struct ward_limit_counter counter;
    struct ward_uuid owner;
    struct ward_plan_clock clock;
    uint64_t zone;
};

static struct bench bench_new(const struct ward_zone *zone)
{
    struct bench bench = { .owner = id_of(7), .zone = ward_zone_pack(zone) };
    bench.owner.bytes[15] = WARD_RECORD_RELATION;
    memcpy(bench.counter.owner, bench.owner.bytes, sizeof(bench.counter.owner));
    return bench;
}

static void set_clock(struct bench *bench, int64_t now_ms)
{
    __atomic_store_n(&wall_now, now_ms, __ATOMIC_RELEASE);
    ward_plan_clock_set(&bench->clock, bench->zone, now_ms);
}

static struct ward_limit_state rate_at(struct bench *bench, uint32_t rate_rps, int64_t now_ms, bool peek)
{
    struct ward_limit_state at = { 0 };
    set_clock(bench, now_ms);
    assert_true(ward_plan_count_rate(&bench->counter, &bench->owner, rate_rps, &bench->clock, peek, &at));
    return at;
}

static struct ward_quota_states quotas_at(struct bench *bench, int64_t day, int64_t month, int64_t now_ms, bool peek)
{
    struct ward_quota_states at = { 0 };
    const struct ward_plan_terms terms = { .day_quota = day, .month_quota = month };
    set_clock(bench, now_ms);
    assert_true(ward_plan_count_quotas(&bench->counter, &bench->owner, &terms, &bench->clock, peek, &at));
    return at;
}

static bool passes(const struct ward_quota_states *at)
{
    return at->day.is_allowed && at->month.is_allowed;
}

static void a_rate_is_that_of_a_second(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    const int64_t now = moment("2026-11-22T10:00:00Z");
    static const struct {
        int64_t at_ms;
        bool peek;
        uint64_t consumed, remaining;
        int64_t reset_ms;
        bool is_allowed;
    } rows[] = {
        { 0, true, 0, 3, 1000, true },     /* a look counts nothing */
        { 0, false, 1, 2, 1000, true },    //
        { 400, false, 2, 1, 1000, true },  //
        { 999, false, 3, 0, 1000, true },  /* the last one */
        { 999, false, 3, 0, 1000, false }, /* a refused one is not counted */
        { 999, true, 3, 0, 1000, false },  //
        { 1000, true, 0, 3, 2000, true },  /* the next second */
        { 1000, false, 1, 2, 2000, true }, //
        { 60000, false, 1, 2, 61000, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_limit_state at = rate_at(&bench, 3, now + rows[i].at_ms, rows[i].peek);
        assert_int_equal(at.limit, 3);
        assert_int_equal(at.consumed, rows[i].consumed);
        assert_int_equal(at.remaining, rows[i].remaining);
        assert_int_equal(at.reset_ms, now + rows[i].reset_ms);
        assert_int_equal(at.is_allowed, rows[i].is_allowed);
    }
}

static void no_rate_counts_nothing(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    for (int i = 0; i < 5; i++) {
        struct ward_limit_state at = rate_at(&bench, 0, moment("2026-11-22T10:00:00Z"), false);
        assert_true(at.is_allowed);
        assert_int_equal(at.limit, 0);
        assert_int_equal(at.consumed, 0);
    }
}

static void quotas_are_those_of_the_zones_days_and_months(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    static const struct {
        const char *now;
        bool peek;
        uint64_t day, month;
        bool day_ok, month_ok;
        const char *day_end, *month_end;
    } rows[] = {
        /* 3 a day, 5 a month */
        { "2026-01-30T14:59:59Z", false, 1, 1, true, true, "2026-01-30T15:00:00Z", "2026-01-31T15:00:00Z" },
        { "2026-01-30T15:00:00Z", false, 1, 2, true, true, "2026-01-31T15:00:00Z", "2026-01-31T15:00:00Z" },
        { "2026-01-30T15:00:01Z", false, 2, 3, true, true, "2026-01-31T15:00:00Z", "2026-01-31T15:00:00Z" },
        { "2026-01-31T01:00:00Z", false, 3, 4, true, true, "2026-01-31T15:00:00Z", "2026-01-31T15:00:00Z" },
        /* the day refuses: the month is taken back */
        { "2026-01-31T02:00:00Z", false, 3, 4, false, true, "2026-01-31T15:00:00Z", "2026-01-31T15:00:00Z" },
        { "2026-01-31T02:00:00Z", true, 3, 4, false, true, "2026-01-31T15:00:00Z", "2026-01-31T15:00:00Z" },
        { "2026-01-31T14:59:59.999Z", false, 3, 4, false, true, "2026-01-31T15:00:00Z", "2026-01-31T15:00:00Z" },
        /* February begins in Seoul */
        { "2026-01-31T15:00:00Z", true, 0, 0, true, true, "2026-02-01T15:00:00Z", "2026-02-28T15:00:00Z" },
        { "2026-01-31T15:00:00Z", false, 1, 1, true, true, "2026-02-01T15:00:00Z", "2026-02-28T15:00:00Z" },
        { "2026-02-10T00:00:00Z", false, 1, 2, true, true, "2026-02-10T15:00:00Z", "2026-02-28T15:00:00Z" },
        { "2026-02-11T00:00:00Z", false, 1, 3, true, true, "2026-02-11T15:00:00Z", "2026-02-28T15:00:00Z" },
        { "2026-02-12T00:00:00Z", false, 1, 4, true, true, "2026-02-12T15:00:00Z", "2026-02-28T15:00:00Z" },
        { "2026-02-13T00:00:00Z", false, 1, 5, true, true, "2026-02-13T15:00:00Z", "2026-02-28T15:00:00Z" },
        /* the month refuses: the day is not counted */
        { "2026-02-13T01:00:00Z", false, 1, 5, true, false, "2026-02-13T15:00:00Z", "2026-02-28T15:00:00Z" },
        { "2026-02-28T14:00:00Z", false, 0, 5, true, false, "2026-02-28T15:00:00Z", "2026-02-28T15:00:00Z" },
        { "2026-02-28T15:00:00Z", false, 1, 1, true, true, "2026-03-01T15:00:00Z", "2026-03-31T15:00:00Z" }
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_quota_states at = quotas_at(&bench, 3, 5, moment(rows[i].now), rows[i].peek);
        if (at.day.consumed != rows[i].day || at.month.consumed != rows[i].month ||
            at.day.is_allowed != rows[i].day_ok || at.month.is_allowed != rows[i].month_ok ||
            at.day.reset_ms != moment(rows[i].day_end) || at.month.reset_ms != moment(rows[i].month_end))
            fail_msg("%s: day %llu %d, month %llu %d", rows[i].now, (unsigned long long)at.day.consumed,
                     at.day.is_allowed, (unsigned long long)at.month.consumed, at.month.is_allowed);
        assert_int_equal(at.day.remaining, 3 - at.day.consumed);
        assert_int_equal(at.month.remaining, 5 - at.month.consumed);
    }
}

static void a_quota_of_nothing_and_no_quota(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    int64_t now = moment("2026-11-22T10:00:00Z");
    struct ward_quota_states at = quotas_at(&bench, 0, WARD_QUOTA_NONE, now, false);
    assert_false(at.day.is_allowed);
    assert_int_equal(at.month.consumed, 0);
    at = quotas_at(&bench, WARD_QUOTA_NONE, 0, now, false);
    assert_false(at.month.is_allowed);
    assert_int_equal(at.day.consumed, 0);
    for (uint64_t i = 1; i <= 4; i++) { /* without a quota it is counted all the same */
        at = quotas_at(&bench, WARD_QUOTA_NONE, WARD_QUOTA_NONE, now, false);
        assert_true(passes(&at));
        assert_int_equal(at.day.consumed, i);
        assert_int_equal(at.month.consumed, i);
        assert_int_equal(at.day.limit, 0);
    }
    at = quotas_at(&bench, 4, WARD_QUOTA_NONE, now, false); /* one that is set within the day counts what was before */
    assert_false(at.day.is_allowed);
}

static void a_changed_quota_goes_on_counting(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    int64_t now = moment("2026-11-22T10:00:00Z");
    for (int i = 0; i < 3; i++) {
        struct ward_quota_states at = quotas_at(&bench, 3, 100, now, false);
        assert_true(passes(&at));
    }
    struct ward_quota_states at = quotas_at(&bench, 3, 100, now, false);
    assert_false(passes(&at));
    at = quotas_at(&bench, 4, 100, now, false);
    assert_true(passes(&at));
    at = quotas_at(&bench, 2, 100, now, true);
    assert_false(passes(&at));
    assert_int_equal(at.day.consumed, 4);
    assert_int_equal(at.day.remaining, 0);
}

/* Which windows pass, one call each with a quota of one a day, as the clock goes back and forth. */
static void a_clock_set_back_grants_nothing_twice(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    static const struct {
        const char *now;
        bool passes;
        const char *day_end;
    } rows[] = {
        { "2026-11-22T10:00:00Z", true, "2026-11-22T15:00:00Z" },
        { "2026-11-22T01:00:00Z", false, "2026-11-22T15:00:00Z" }, /* back within the day */
        { "2026-11-21T14:59:59Z", false, "2026-11-22T15:00:00Z" }, /* back by a window: it is still the 22nd */
        { "2026-11-20T15:00:00Z", false, "2026-11-22T15:00:00Z" },
        { "2026-11-22T14:59:59Z", false, "2026-11-22T15:00:00Z" },
        { "2026-11-22T15:00:00Z", true, "2026-11-23T15:00:00Z" },
        { "2026-11-25T00:00:00Z", true, "2026-11-25T15:00:00Z" },  /* forward over days */
        { "2026-11-24T00:00:00Z", false, "2026-11-25T15:00:00Z" }, /* and back */
        { "2026-11-22T14:00:00Z", true, "2026-11-22T15:00:00Z" },  /* by more than a window: it begins anew */
        { "2026-11-22T14:00:00Z", false, "2026-11-22T15:00:00Z" },
        { "2050-01-01T00:00:00Z", true, "2050-01-01T15:00:00Z" },
        { "2026-11-23T00:00:00Z", true, "2026-11-23T15:00:00Z" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_quota_states look = quotas_at(&bench, 1, WARD_QUOTA_NONE, moment(rows[i].now), true);
        struct ward_quota_states at = quotas_at(&bench, 1, WARD_QUOTA_NONE, moment(rows[i].now), false);
        if (passes(&at) != rows[i].passes || passes(&look) != rows[i].passes)
            fail_msg("%s: %d", rows[i].now, passes(&at));
        assert_int_equal(at.day.reset_ms, moment(rows[i].day_end));
        assert_int_equal(look.day.reset_ms, at.day.reset_ms);
    }
}

static void a_rate_is_not_reopened_by_the_clock(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    int64_t now = moment("2026-11-22T10:00:05Z");
    assert_true(rate_at(&bench, 1, now, false).is_allowed);
    assert_false(rate_at(&bench, 1, now - 1, false).is_allowed);
    assert_false(rate_at(&bench, 1, now - 1000, true).is_allowed);
    assert_int_equal(rate_at(&bench, 1, now - 1000, false).reset_ms, now + 1000);
    assert_true(rate_at(&bench, 1, now - 1001, false).is_allowed);
}

static void an_attempt_that_was_stopped_is_no_clock_set_back(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    int64_t now = moment("2026-11-22T10:00:05Z");
    assert_true(rate_at(&bench, 1, now, false).is_allowed);
    struct ward_quota_states quotas = quotas_at(&bench, 1, 1, now, false);
    assert_true(passes(&quotas));
    /* It read the clock three months ago; the clock itself stands at now. */
    struct ward_limit_state late;
    const struct ward_plan_terms terms = { .day_quota = 1, .month_quota = 1 };
    ward_plan_clock_set(&bench.clock, bench.zone, now - 92 * DAY_MS);
    assert_true(ward_plan_count_rate(&bench.counter, &bench.owner, 1, &bench.clock, false, &late));
    assert_false(late.is_allowed);
    ward_plan_clock_set(&bench.clock, bench.zone, now - 92 * DAY_MS);
    assert_true(ward_plan_count_quotas(&bench.counter, &bench.owner, &terms, &bench.clock, false, &quotas));
    assert_false(quotas.month.is_allowed);
    assert_false(quotas.day.is_allowed);
    assert_int_equal(quotas.month.reset_ms, moment("2026-11-30T15:00:00Z"));
}

/* New York, the night of 2026-11-01: the day has 25 hours, and no hour of it is granted twice. */
static void a_zone_that_sets_its_clock(void **state)
{
    (void)state;
    const struct ward_zone new_york = { -4 * 3600, -5 * 3600, moment("2026-11-01T06:00:00Z") };
    struct bench bench = bench_new(&new_york);
    unsigned passed = 0;
    for (int64_t now = moment("2026-11-01T04:00:00Z"); now < moment("2026-11-02T05:00:00Z"); now += HOUR / 4) {
        struct ward_quota_states at = quotas_at(&bench, 10, WARD_QUOTA_NONE, now, false);
        passed += passes(&at);
        assert_int_equal(at.day.reset_ms, moment("2026-11-02T05:00:00Z"));
    }
    assert_int_equal(passed, 10);
    struct ward_quota_states at = quotas_at(&bench, 10, WARD_QUOTA_NONE, moment("2026-11-02T05:00:00Z"), false);
    assert_int_equal(at.day.consumed, 1);
}

/* The zone is another one from now on: a day that it begins later or earlier is not granted twice. */
static void another_zone_reopens_nothing(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    const struct ward_zone utc = { 0 };
    int64_t now = moment("2026-11-22T16:00:00Z"); /* the 23rd in Seoul */
    struct ward_quota_states at = quotas_at(&bench, 1, WARD_QUOTA_NONE, now, false);
    assert_true(passes(&at));
    bench.zone = ward_zone_pack(&utc);
    at = quotas_at(&bench, 1, WARD_QUOTA_NONE, now, false);
    assert_false(passes(&at));
    at = quotas_at(&bench, 1, WARD_QUOTA_NONE, moment("2026-11-23T23:59:59Z"), false);
    assert_false(passes(&at));
    at = quotas_at(&bench, 1, WARD_QUOTA_NONE, moment("2026-11-24T00:00:00Z"), false);
    assert_true(passes(&at));
}

static struct ward_plan_usage usage_at(struct bench *bench, int64_t now_ms)
{
    struct ward_plan_usage usage;
    set_clock(bench, now_ms);
    assert_true(ward_plan_read_usage(&bench->counter, &bench->owner, &bench->clock, &usage));
    return usage;
}

static void what_is_taken_back_was_counted_there(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    int64_t now = moment("2026-11-30T14:59:59Z"); /* the last second of the day and the month */
    struct ward_quota_states first = quotas_at(&bench, 2, 2, now, false);
    struct ward_quota_states second = quotas_at(&bench, 2, 2, now, false);
    assert_true(passes(&first) && passes(&second));
    assert_true(ward_plan_take_back(&bench.counter, &bench.owner, first.day_number, first.month_number));
    assert_int_equal(usage_at(&bench, now).day_used, 1);
    assert_int_equal(usage_at(&bench, now).month_used, 1);
    second = quotas_at(&bench, 2, 2, now, false); /* what came back passes once more, and once only */
    assert_true(passes(&second));
    struct ward_quota_states third = quotas_at(&bench, 2, 2, now, false);
    assert_false(passes(&third));

    struct ward_quota_states next = quotas_at(&bench, 2, 2, now + 1000, false);
    assert_true(passes(&next));
    assert_true(ward_plan_take_back(&bench.counter, &bench.owner, first.day_number, first.month_number));
    assert_int_equal(usage_at(&bench, now + 1000).day_used, 1); /* in another window: nothing */
    assert_int_equal(usage_at(&bench, now + 1000).month_used, 1);
    for (int i = 0; i < 3; i++)
        assert_true(ward_plan_take_back(&bench.counter, &bench.owner, next.day_number, next.month_number));
    assert_int_equal(usage_at(&bench, now + 1000).day_used, 0); /* never below zero */
    assert_int_equal(usage_at(&bench, now + 1000).month_used, 0);
}

static void all_calls_are_counted_for_ever(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    int64_t now = moment("2026-11-29T00:00:00Z");
    set_clock(&bench, now);
    for (int i = 0; i < 5; i++)
        assert_true(ward_plan_count_call(&bench.counter, &bench.owner, &bench.clock));
    struct ward_quota_states at = quotas_at(&bench, 1, 1, now, false);
    assert_true(ward_plan_take_back(&bench.counter, &bench.owner, at.day_number, at.month_number));
    struct ward_plan_usage usage = usage_at(&bench, now);
    assert_int_equal(usage.day_calls, 5);
    assert_int_equal(usage.month_calls, 5);
    assert_int_equal(usage.day_used, 0);
    usage = usage_at(&bench, now + DAY_MS); /* the next day, the same month */
    assert_int_equal(usage.day_calls, 0);
    assert_int_equal(usage.month_calls, 5);
    usage = usage_at(&bench, now + 2 * DAY_MS);
    assert_int_equal(usage.month_calls, 0);
}

static void another_owners_counter_is_left_alone(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    struct ward_uuid other = id_of(8);
    set_clock(&bench, moment("2026-11-22T10:00:00Z"));
    quotas_at(&bench, 5, 5, moment("2026-11-22T10:00:00Z"), false);
    struct ward_limit_counter before = bench.counter;
    struct ward_limit_state rate;
    struct ward_quota_states quotas;
    struct ward_plan_usage usage;
    const struct ward_plan_terms terms = { 1, 1, 1, 0 };
    assert_false(ward_plan_count_call(&bench.counter, &other, &bench.clock));
    assert_false(ward_plan_count_rate(&bench.counter, &other, 1, &bench.clock, false, &rate));
    assert_false(ward_plan_count_quotas(&bench.counter, &other, &terms, &bench.clock, false, &quotas));
    assert_false(ward_plan_take_back(&bench.counter, &other, (uint64_t)bench.clock.day.number,
                                     (uint64_t)bench.clock.month.number));
    assert_false(ward_plan_read_usage(&bench.counter, &other, &bench.clock, &usage));
    assert_memory_equal(&bench.counter, &before, sizeof(before));
}

/* Half a year between two requests: seconds are compared modulo less than that. */
static void a_counter_that_rested_begins_anew(void **state)
{
    (void)state;
    static const int64_t rests_s[] = { 1,
                                       3600,
                                       86400 * 180,
                                       1 << 24,
                                       (1 << 24) + 1,
                                       (1 << 25) - 2,
                                       1 << 25,
                                       86400 * 400,
                                       INT64_C(10) << 25,
                                       (INT64_C(10) << 25) + 7 };
    for (size_t i = 0; i < sizeof(rests_s) / sizeof(rests_s[0]); i++) {
        struct bench bench = bench_new(&seoul);
        int64_t now = moment("2026-11-22T10:00:00Z");
        assert_true(rate_at(&bench, 1, now, false).is_allowed);
        struct ward_limit_state at = rate_at(&bench, 1, now + 1000 * rests_s[i], false);
        if (rests_s[i] % (1 << 25) != 0) /* exactly a multiple: it goes on in that second */
            assert_true(at.is_allowed);
        assert_int_equal(at.reset_ms, now + 1000 * rests_s[i] + 1000);
    }
}

/* What an attempt of the owner before had loaded is no value of the next owner's words. */
static void the_next_owner_has_other_words(void **state)
{
    (void)state;
    struct ward_plan_words words = { 0 }, before[5];
    uint64_t random = 1;
    for (size_t turn = 0; turn < 5; turn++) {
        ward_plan_words_hand_over(&words);
        before[turn] = words;
        for (size_t i = 0; i < turn; i++) {
            assert_true(words.rate != before[i].rate && words.day_used != before[i].day_used);
            assert_true(words.day_calls != before[i].day_calls && words.month_used != before[i].month_used);
            assert_true(words.month_calls != before[i].month_calls && words.guard_ms == 0);
        }
        words.rate = words.day_used = draw(&random); /* a credential's window and count in between */
    }
}

static void impossible_times_and_damage_are_bounded(void **state)
{
    (void)state;
    static const int64_t times[] = { INT64_MIN, -1, 0, 1, INT64_C(1700000000000), INT64_C(1) << 44, INT64_MAX };
    uint64_t random = 5;
    for (unsigned i = 0; i < 20000; i++) {
        struct bench bench = bench_new(&seoul);
        bench.zone = draw(&random);
        bench.counter.plan.rate = draw(&random);
        bench.counter.plan.day_used = draw(&random);
        bench.counter.plan.month_used = draw(&random);
        int64_t now = times[i % (sizeof(times) / sizeof(times[0]))];
        unsigned passed = 0, rated = 0;
        for (unsigned attempt = 0; attempt < 5; attempt++) {
            struct ward_quota_states at = quotas_at(&bench, 2, 3, now, false);
            passed += passes(&at);
            rated += rate_at(&bench, 2, now, false).is_allowed;
        }
        assert_true(passed <= 2 && rated <= 2);
    }
}

static void a_full_counter_stays_full(void **state)
{
    (void)state;
    struct bench bench = bench_new(&seoul);
    int64_t now = moment("2026-11-22T10:00:00Z");
    const uint64_t most = (UINT64_C(1) << 40) - 1;
    quotas_at(&bench, WARD_QUOTA_NONE, WARD_QUOTA_NONE, now, false);
    bench.counter.plan.day_used |= most;
    uint64_t full = bench.counter.plan.day_used;
    struct ward_quota_states at = quotas_at(&bench, WARD_QUOTA_NONE, WARD_QUOTA_NONE, now, false);
    assert_true(at.day.consumed == most);
    assert_true(bench.counter.plan.day_used == full);
    at = quotas_at(&bench, INT64_C(1) << 39, WARD_QUOTA_NONE, now, false);
    assert_false(at.day.is_allowed);
}

/* ---- threads ---- */

#define THREADS  32
#define WINDOWS  200
#define QUOTA    37
#define ATTEMPTS 4 /* of each thread in each window: 128 for 37 */

struct rush {
    struct ward_limit_counter counter;
    struct ward_uuid owner;
    pthread_barrier_t barrier;
    uint64_t admitted[WINDOWS], rated[WINDOWS];
    uint64_t kept, failures;
    bool takes_back;
};

static void attempt_quota(struct rush *rush, struct ward_plan_clock *clock, unsigned window, bool gives_back)
{
    const struct ward_plan_terms terms = { .day_quota = QUOTA, .month_quota = WARD_QUOTA_NONE };
    struct ward_quota_states at;
    if (!ward_plan_count_quotas(&rush->counter, &rush->owner, &terms, clock, false, &at)) {
        __atomic_fetch_add(&rush->failures, 1, __ATOMIC_RELAXED);
        return;
    }
    if (!passes(&at))
        return;
    if (gives_back)
        ward_plan_take_back(&rush->counter, &rush->owner, at.day_number, at.month_number);
    else
        __atomic_fetch_add(&rush->admitted[window], 1, __ATOMIC_RELAXED);
}

/* Each window is a day for the quota and a second for the rate. */
static void *rush_in_step(void *argument)
{
    struct rush *rush = argument;
    struct ward_plan_clock clock = { 0 };
    uint64_t random = (uint64_t)(uintptr_t)&clock;
    for (unsigned window = 0; window < WINDOWS; window++) {
        int64_t now_ms = INT64_C(1700000000000) + window * DAY_MS;
        if (pthread_barrier_wait(&rush->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_store_n(&wall_now, now_ms, __ATOMIC_RELEASE);
        pthread_barrier_wait(&rush->barrier);
        ward_plan_clock_set(&clock, ward_zone_pack(&seoul), now_ms);
        for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
            struct ward_limit_state rate;
            attempt_quota(rush, &clock, window, rush->takes_back && draw(&random) % 2 == 0);
            if (ward_plan_count_rate(&rush->counter, &rush->owner, QUOTA, &clock, false, &rate) && rate.is_allowed)
                __atomic_fetch_add(&rush->rated[window], 1, __ATOMIC_RELAXED);
        }
        pthread_barrier_wait(&rush->barrier);
        while (rush->takes_back && __atomic_load_n(&rush->admitted[window], __ATOMIC_RELAXED) < QUOTA)
            attempt_quota(rush, &clock, window, false); /* what was taken back is there for others */
    }
    return NULL;
}

static struct rush *run_rush(bool takes_back)
{
    static struct rush rush;
    memset(&rush, 0, sizeof(rush));
    rush.owner = id_of(1);
    rush.takes_back = takes_back;
    memcpy(rush.counter.owner, rush.owner.bytes, sizeof(rush.counter.owner));
    assert_int_equal(pthread_barrier_init(&rush.barrier, NULL, THREADS), 0);
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, rush_in_step, &rush), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&rush.barrier);
    assert_int_equal(rush.failures, 0);
    return &rush;
}

static void exactly_the_terms_pass_in_each_window(void **state)
{
    (void)state;
    struct rush *rush = run_rush(false);
    for (unsigned window = 0; window < WINDOWS; window++) {
        assert_int_equal(rush->admitted[window], QUOTA);
        assert_int_equal(rush->rated[window], QUOTA);
    }
}

static void what_comes_back_passes_again_exactly(void **state)
{
    (void)state;
    struct rush *rush = run_rush(true);
    for (unsigned window = 0; window < WINDOWS; window++)
        assert_int_equal(rush->admitted[window], QUOTA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(a_rate_is_that_of_a_second),
        CASE(no_rate_counts_nothing),
        CASE(quotas_are_those_of_the_zones_days_and_months),
        CASE(a_quota_of_nothing_and_no_quota),
        CASE(a_changed_quota_goes_on_counting),
        CASE(a_clock_set_back_grants_nothing_twice),
        CASE(a_rate_is_not_reopened_by_the_clock),
        CASE(an_attempt_that_was_stopped_is_no_clock_set_back),
        CASE(a_zone_that_sets_its_clock),
        CASE(another_zone_reopens_nothing),
        CASE(what_is_taken_back_was_counted_there),
        CASE(all_calls_are_counted_for_ever),
        CASE(another_owners_counter_is_left_alone),
        CASE(a_counter_that_rested_begins_anew),
        CASE(the_next_owner_has_other_words),
        CASE(impossible_times_and_damage_are_bounded),
        CASE(a_full_counter_stays_full),
        CASE(exactly_the_terms_pass_in_each_window),
        CASE(what_comes_back_passes_again_exactly),
    };
    return cmocka_run_group_tests_name("table/plan_counter", tests, NULL, NULL);
}
