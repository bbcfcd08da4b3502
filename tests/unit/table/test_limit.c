/* Counters by themselves: windows, clocks, owners, and exactness under threads. */
#include "support.h"

#include <pthread.h>

#include "table/limit.h"
#include "table/limit_words.h"

#define NOW INT64_C(1700000000000)

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
    wall_now = NOW;
    return 0;
}

static int teardown(void **state)
{
    ward_seam = *(struct ward_seam *)*state;
    return 0;
}

static struct ward_limit_counter counter_for(const struct ward_uuid *id, uint32_t ttl_s)
{
    struct ward_limit_counter counter = { .guard_ms = UINT64_C(1000) * ttl_s };
    memcpy(counter.owner, id->bytes, sizeof(counter.owner));
    return counter;
}

static struct ward_limit_state count_at(struct ward_limit_counter *counter, const struct ward_uuid *id, uint64_t limit,
                                        uint32_t ttl_s, int64_t now_ms, bool peek)
{
    struct ward_limit_state limit_state = { 0 };
    __atomic_store_n(&wall_now, now_ms, __ATOMIC_RELEASE);
    assert_true(ward_limit_count(counter, id, limit, ttl_s, now_ms, peek, &limit_state));
    assert_int_equal(limit_state.limit, limit);
    return limit_state;
}

static void a_window_is_opened_by_the_first_attempt(void **state)
{
    (void)state;
    struct ward_uuid id = id_of(1);
    struct ward_limit_counter counter = counter_for(&id, 10);
    static const struct {
        int64_t at_ms;
        bool peek;
        uint64_t consumed, remaining;
        int64_t reset_ms;
        bool is_allowed;
    } rows[] = {
        { 0, true, 0, 3, 10000, true },       /* nothing is open: a look opens nothing */
        { 500, false, 1, 2, 10500, true },    /* the first attempt opens */
        { 600, true, 1, 2, 10500, true },     /* a look counts nothing */
        { 700, false, 2, 1, 10500, true },    //
        { 9000, false, 3, 0, 10500, true },   /* the last one allowed */
        { 9100, true, 3, 0, 10500, false },   //
        { 9200, false, 4, 0, 10500, false },  /* refused ones count too */
        { 10499, false, 5, 0, 10500, false }, /* and do not extend the window */
        { 10500, true, 0, 3, 20500, true },   /* which ends in its last millisecond */
        { 10500, false, 1, 2, 20500, true },  //
        { 99000, false, 1, 2, 109000, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_limit_state at = count_at(&counter, &id, 3, 10, NOW + rows[i].at_ms, rows[i].peek);
        assert_int_equal(at.consumed, rows[i].consumed);
        assert_int_equal(at.remaining, rows[i].remaining);
        assert_int_equal(at.reset_ms, NOW + rows[i].reset_ms);
        assert_int_equal(at.is_allowed, rows[i].is_allowed);
    }
}

static void a_changed_limit_applies_at_once(void **state)
{
    (void)state;
    struct ward_uuid id = id_of(1);
    struct ward_limit_counter counter = counter_for(&id, 10);
    for (int i = 0; i < 3; i++)
        assert_true(count_at(&counter, &id, 3, 10, NOW, false).is_allowed);
    assert_false(count_at(&counter, &id, 3, 10, NOW, false).is_allowed);
    assert_true(count_at(&counter, &id, 5, 10, NOW, false).is_allowed);
    assert_false(count_at(&counter, &id, 2, 10, NOW, true).is_allowed);
    assert_int_equal(count_at(&counter, &id, 2, 10, NOW, true).remaining, 0);
}

static void a_changed_ttl_applies_from_the_next_window(void **state)
{
    (void)state;
    struct ward_uuid id = id_of(1);
    struct ward_limit_counter counter = counter_for(&id, 3600);
    assert_true(count_at(&counter, &id, 1, 3600, NOW, false).is_allowed);
    struct ward_limit_state after = count_at(&counter, &id, 1, 1, NOW + 5000, false); /* shorter by far */
    assert_false(after.is_allowed);
    assert_int_equal(after.reset_ms, NOW + 3600000);
    after = count_at(&counter, &id, 1, 1, NOW + 3600000, false);
    assert_true(after.is_allowed);
    assert_int_equal(after.reset_ms, NOW + 3601000);
    after = count_at(&counter, &id, 1, 7200, NOW + 3600500, false); /* longer */
    assert_false(after.is_allowed);
    assert_int_equal(after.reset_ms, NOW + 3601000);
}

static void a_clock_set_back_never_reopens_early(void **state)
{
    (void)state;
    struct ward_uuid id = id_of(1);
    struct ward_limit_counter counter = counter_for(&id, 10);
    assert_true(count_at(&counter, &id, 1, 10, NOW, false).is_allowed);
    assert_false(count_at(&counter, &id, 1, 10, NOW - 1, false).is_allowed);
    assert_false(count_at(&counter, &id, 1, 10, NOW - 10000, false).is_allowed);
    assert_false(count_at(&counter, &id, 1, 10, NOW - 10000, true).is_allowed);
    /* More than a window before its start: it would take for ever. */
    assert_true(count_at(&counter, &id, 1, 10, NOW - 10001, true).is_allowed);
    struct ward_limit_state back = count_at(&counter, &id, 1, 10, NOW - 10001, false);
    assert_true(back.is_allowed);
    assert_int_equal(back.reset_ms, NOW - 1);
}

static void an_attempt_that_was_stopped_is_no_clock_set_back(void **state)
{
    (void)state;
    struct ward_uuid id = id_of(1);
    struct ward_limit_counter counter = counter_for(&id, 1);
    assert_true(count_at(&counter, &id, 1, 1, NOW, false).is_allowed);
    /* It read the clock a minute ago; the clock itself stands at NOW. */
    struct ward_limit_state late;
    assert_true(ward_limit_count(&counter, &id, 1, 1, NOW - 60000, false, &late));
    assert_false(late.is_allowed);
    assert_int_equal(late.consumed, 2);
    assert_int_equal(late.reset_ms, NOW + 1000);
}

static void impossible_times_are_bounded(void **state)
{
    (void)state;
    struct ward_uuid id = id_of(1);
    static const int64_t times[] = { INT64_MIN, -1, 0, 1, NOW, (INT64_C(1) << 44) - 1, INT64_MAX };
    static const uint32_t ttls[] = { 0, 1, WARD_RATE_LIMIT_TTL_MAX, UINT32_MAX };
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        for (size_t j = 0; j < sizeof(ttls) / sizeof(ttls[0]); j++) {
            struct ward_limit_counter counter = counter_for(&id, ttls[j]);
            assert_true(count_at(&counter, &id, 1, ttls[j], times[i], false).is_allowed);
            assert_false(count_at(&counter, &id, 1, ttls[j], times[i], false).is_allowed);
        }
    }
}

static void any_damage_ends(void **state)
{
    (void)state;
    struct ward_uuid id = id_of(1);
    uint64_t random = 7;
    for (unsigned i = 0; i < 20000; i++) {
        struct ward_limit_counter counter = counter_for(&id, 10);
        counter.window = draw(&random);
        counter.count = draw(&random);
        counter.guard_ms = draw(&random) >> (draw(&random) % 64);
        unsigned allowed = 0;
        for (unsigned attempt = 0; attempt < 5; attempt++)
            allowed += count_at(&counter, &id, 2, 10, NOW, false).is_allowed;
        assert_true(allowed <= 2);
    }
}

static void a_full_count_stays_full(void **state)
{
    (void)state;
    struct ward_uuid id = id_of(1);
    struct ward_limit_counter counter = counter_for(&id, 10);
    count_at(&counter, &id, 1, 10, NOW, false);
    counter.count = word_make(word_sequence(counter.count), WORD_VALUE_MAX);
    struct ward_limit_state full = count_at(&counter, &id, 1, 10, NOW, false);
    assert_false(full.is_allowed);
    assert_true(full.consumed == WORD_VALUE_MAX);
}

static void the_sequence_comes_round(void **state)
{
    (void)state;
    struct ward_uuid id = id_of(1);
    struct ward_limit_counter counter = counter_for(&id, 1);
    counter.window = word_make(WORD_SEQUENCE_MAX, (uint64_t)NOW);
    counter.count = word_make(WORD_SEQUENCE_MAX, 77);
    assert_int_equal(count_at(&counter, &id, 1, 1, NOW, false).consumed, 1);
    assert_int_equal(word_sequence(counter.window), 0);
    assert_int_equal(count_at(&counter, &id, 1, 1, NOW, false).consumed, 2);
}

static void another_owners_counter_is_left_alone(void **state)
{
    (void)state;
    struct ward_uuid id = id_of(1), other = id_of(2);
    struct ward_limit_counter counter = counter_for(&id, 10), before = counter;
    struct ward_limit_state untouched = { .consumed = 9 };
    assert_false(ward_limit_count(&counter, &other, 1, 10, NOW, false, &untouched));
    assert_memory_equal(&counter, &before, sizeof(counter));
    assert_int_equal(untouched.consumed, 9);
}

/* ---- threads ---- */

#define THREADS  32
#define WINDOWS  200
#define LIMIT    37
#define ATTEMPTS 4 /* of each thread in each window: 128 for 37 */

struct rush {
    struct ward_limit_counter counter;
    struct ward_uuid id;
    pthread_barrier_t barrier;
    uint64_t admitted[WINDOWS];
    uint64_t attempts;
    uint64_t failures;
};

static void *rush_in_step(void *argument)
{
    struct rush *rush = argument;
    for (unsigned window = 0; window < WINDOWS; window++) {
        int64_t now_ms = NOW + (int64_t)window * 1000;
        int waited = pthread_barrier_wait(&rush->barrier);
        if (waited == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_store_n(&wall_now, now_ms, __ATOMIC_RELEASE);
        pthread_barrier_wait(&rush->barrier);
        for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
            struct ward_limit_state at;
            if (!ward_limit_count(&rush->counter, &rush->id, LIMIT, 1, now_ms, false, &at) ||
                at.reset_ms != now_ms + 1000)
                __atomic_fetch_add(&rush->failures, 1, __ATOMIC_RELAXED);
            else if (at.is_allowed)
                __atomic_fetch_add(&rush->admitted[window], 1, __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

/* The clock runs with the attempts, and nobody waits: threads come late, with old times, into later windows. */
static void *rush_freely(void *argument)
{
    struct rush *rush = argument;
    for (unsigned i = 0; i < WINDOWS * ATTEMPTS; i++) {
        uint64_t attempt = __atomic_add_fetch(&rush->attempts, 1, __ATOMIC_RELAXED);
        int64_t now_ms = wall_clock();
        int64_t next_ms = NOW + (int64_t)(attempt * 1000 / (THREADS * ATTEMPTS));
        if (next_ms > now_ms)
            __atomic_compare_exchange_n(&wall_now, &now_ms, next_ms, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
        if (i % 16 == 0)
            sched_yield(); /* between reading the clock and counting */
        struct ward_limit_state at;
        if (!ward_limit_count(&rush->counter, &rush->id, LIMIT, 1, now_ms, false, &at)) {
            __atomic_fetch_add(&rush->failures, 1, __ATOMIC_RELAXED);
            continue;
        }
        uint64_t window = (uint64_t)(at.reset_ms - NOW) / 1000; /* ends differ by a second at least */
        if (at.is_allowed && window < WINDOWS)
            __atomic_fetch_add(&rush->admitted[window], 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static struct rush *run_rush(void *(*body)(void *))
{
    static struct rush rush;
    memset(&rush, 0, sizeof(rush));
    rush.id = id_of(1);
    rush.counter = counter_for(&rush.id, 1);
    assert_int_equal(pthread_barrier_init(&rush.barrier, NULL, THREADS), 0);
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, &rush), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&rush.barrier);
    assert_int_equal(rush.failures, 0);
    return &rush;
}

static void exactly_the_limit_passes_in_each_window(void **state)
{
    (void)state;
    struct rush *rush = run_rush(rush_in_step);
    for (unsigned window = 0; window < WINDOWS; window++)
        assert_int_equal(rush->admitted[window], LIMIT);
}

static void latecomers_never_make_it_more(void **state)
{
    (void)state;
    struct rush *rush = run_rush(rush_freely);
    uint64_t admitted = 0;
    for (unsigned window = 0; window < WINDOWS; window++) {
        assert_true(rush->admitted[window] <= LIMIT);
        admitted += rush->admitted[window];
    }
    assert_true(admitted > LIMIT * WINDOWS / 4); /* and it was not refusing everybody */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(a_window_is_opened_by_the_first_attempt),
        CASE(a_changed_limit_applies_at_once),
        CASE(a_changed_ttl_applies_from_the_next_window),
        CASE(a_clock_set_back_never_reopens_early),
        CASE(an_attempt_that_was_stopped_is_no_clock_set_back),
        CASE(impossible_times_are_bounded),
        CASE(any_damage_ends),
        CASE(a_full_count_stays_full),
        CASE(the_sequence_comes_round),
        CASE(another_owners_counter_is_left_alone),
        CASE(exactly_the_limit_passes_in_each_window),
        CASE(latecomers_never_make_it_more),
    };
    return cmocka_run_group_tests_name("table/limit", tests, NULL, NULL);
}
