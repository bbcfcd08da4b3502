/*
 * A relation's counters, one atomic operation at a time: as test_limit_interleaved.c does it for limits. Attempts run
 * as coroutines, and the scheduler draws which of them takes the next step, which sleeps over windows, which is killed.
 */
#include "support.h"

#include <ucontext.h>

#include "stepped_atomics.h"

#include "../../../src/table/plan_counter.c"
/* clang-format off: the second depends on nothing of the first, but both on the atomics above */
#include "../../../src/table/limit_slots.c"
/* clang-format on */

#define ACTORS      4
#define RATE        2
#define DAY_QUOTA   3
#define MONTH_QUOTA 5
#define NOW         INT64_C(1764503990000) /* 2025-11-30T11:59:50Z: the last day of a month */
#define HALF_DAY    INT64_C(43200000)
#define STACK_BYTES 65536
#define SCHEDULES   6000
#define OUTCOMES    128

static ucontext_t scheduler, actors[ACTORS];
static bool is_done[ACTORS];
static unsigned running;
static int64_t wall_now;

static void step(void)
{
    swapcontext(&actors[running], &scheduler);
}

static int64_t wall_clock(void)
{
    return wall_now;
}

/* What one schedule works on, and what came of it. */
static struct ward_limit_counter counter;
static struct ward_uuid owner, next_owner;
static struct outcome {
    bool is_next_owner, is_rate, is_allowed, is_taken_back;
    int64_t day_end, month_end, second_end;
} outcomes[OUTCOMES];
static unsigned outcome_count;
static bool with_take_back;

static struct outcome *add_outcome(const struct ward_uuid *id)
{
    struct outcome *outcome = &outcomes[outcome_count++];
    *outcome = (struct outcome){ .is_next_owner = id == &next_owner };
    return outcome;
}

static void attempt_rate(const struct ward_uuid *id)
{
    struct ward_plan_clock clock = { 0 };
    struct ward_limit_state state;
    ward_plan_clock_set(&clock, 0, wall_clock());
    step(); /* it may sleep before it counts */
    if (!ward_plan_count_rate(&counter, id, RATE, &clock, false, &state))
        return;
    struct outcome *outcome = add_outcome(id);
    outcome->is_rate = true;
    outcome->is_allowed = state.is_allowed;
    outcome->second_end = state.reset_ms;
}

static void attempt_quotas(const struct ward_uuid *id, bool takes_back)
{
    const struct ward_plan_terms terms = { .day_quota = DAY_QUOTA, .month_quota = MONTH_QUOTA };
    struct ward_plan_clock clock = { 0 };
    struct ward_quota_states states;
    ward_plan_clock_set(&clock, 0, wall_clock());
    step();
    if (!ward_plan_count_quotas(&counter, id, &terms, &clock, false, &states))
        return;
    struct outcome *outcome = add_outcome(id);
    outcome->is_allowed = states.day.is_allowed && states.month.is_allowed;
    outcome->day_end = states.day.reset_ms;
    outcome->month_end = states.month.reset_ms;
    if (!takes_back || !outcome->is_allowed)
        return;
    outcome->is_taken_back = true; /* begun: from here on another may have its place */
    ward_plan_take_back(&counter, id, states.day_number, states.month_number);
}

static void attempt_as(const struct ward_uuid *id)
{
    for (unsigned i = 0; i < 4; i++) {
        attempt_rate(id);
        attempt_quotas(id, with_take_back && i % 2 == 1);
    }
}

static void act_attempts(void)
{
    attempt_as(&owner);
    is_done[running] = true;
}

/* The writer: frees the counter and gives it to the next relation, as drop and hold do. */
static void act_writer(void)
{
    struct ward_limit_slots slots = { .map = { .counters = &counter, .capacity = 1 } };
    step();
    clear_counter(&slots, 0);
    uint64_t words[2];
    memcpy(words, next_owner.bytes, sizeof(words));
    ward_plan_words_hand_over(&counter.plan);
    __atomic_store_n(&counter.owner[0], words[0], __ATOMIC_RELEASE);
    __atomic_store_n(&counter.owner[1], words[1], __ATOMIC_RELEASE);
    attempt_as(&next_owner);
    is_done[running] = true;
}

static void start(unsigned actor, void (*act)(void))
{
    static _Alignas(16) char stacks[ACTORS][STACK_BYTES];
    getcontext(&actors[actor]);
    actors[actor].uc_stack.ss_sp = stacks[actor];
    actors[actor].uc_stack.ss_size = STACK_BYTES;
    actors[actor].uc_link = &scheduler;
    is_done[actor] = false;
    makecontext(&actors[actor], act, 0);
}

static void run_schedule(uint64_t seed, bool with_writer, bool with_kill)
{
    memset(&counter, 0, sizeof(counter));
    owner = id_of(1);
    next_owner = id_of(2);
    memcpy(counter.owner, owner.bytes, sizeof(counter.owner));
    outcome_count = 0;
    wall_now = NOW;
    for (unsigned i = 0; i < ACTORS; i++)
        start(i, with_writer && i == 0 ? act_writer : act_attempts);

    unsigned awake = 0; /* runs of the same actor are likelier than fair turns to let another sleep over a window */
    for (unsigned left = ACTORS; left > 0;) {
        if (draw(&seed) % 3 == 0)
            awake = (unsigned)(draw(&seed) % ACTORS);
        if (draw(&seed) % 24 == 0)
            wall_now += (int64_t)(draw(&seed) % (draw(&seed) % 4 == 0 ? HALF_DAY : 1000));
        if (is_done[awake]) {
            awake = (awake + 1) % ACTORS;
            continue;
        }
        running = awake;
        swapcontext(&scheduler, &actors[awake]);
        if (with_kill && awake != 0 && draw(&seed) % 64 == 0)
            is_done[awake] = true; /* killed where it stood */
        left -= is_done[awake];
    }
}

/* How many were let in, in the window that outcome i was let in: each a second, a day, a month. */
static void check_windows(unsigned i)
{
    unsigned in_second = 0, in_day = 0, in_month = 0;
    for (unsigned j = 0; j < outcome_count; j++) {
        const struct outcome *a = &outcomes[i], *b = &outcomes[j];
        if (!b->is_allowed || b->is_next_owner != a->is_next_owner || b->is_rate != a->is_rate || b->is_taken_back)
            continue;
        in_second += b->is_rate && b->second_end == a->second_end;
        in_day += !b->is_rate && b->day_end == a->day_end;
        in_month += !b->is_rate && b->month_end == a->month_end;
    }
    assert_true(in_second <= RATE);
    assert_true(in_day <= DAY_QUOTA);
    assert_true(in_month <= MONTH_QUOTA);
}

/* Nobody was killed: what is counted at the end is what was let in and not taken back, in the last windows. */
static void check_counts(void)
{
    uint64_t day = number_of(DAY, counter.plan.day_used), month = number_of(MONTH, counter.plan.month_used);
    uint64_t in_day = 0, in_month = 0;
    for (unsigned i = 0; i < outcome_count; i++) {
        const struct outcome *outcome = &outcomes[i];
        if (outcome->is_rate || !outcome->is_allowed || outcome->is_taken_back)
            continue;
        struct ward_window window;
        const struct ward_zone utc = { 0 };
        ward_day_window_at(&utc, (int64_t)day, &window);
        in_day += outcome->day_end == window.end_ms;
        ward_month_window_at(&utc, (int64_t)month, &window);
        in_month += outcome->month_end == window.end_ms;
    }
    assert_int_equal(value_of(DAY, counter.plan.day_used), in_day);
    assert_int_equal(value_of(MONTH, counter.plan.month_used), in_month);
}

static void run_schedules(bool with_writer, bool with_kill, bool takes_back)
{
#ifdef IS_THREAD_SANITIZED
    skip(); /* it does not know ucontext, and there are no threads here */
#endif
    with_take_back = takes_back;
    unsigned allowed = 0, refused = 0, taken = 0;
    for (uint64_t seed = 0; seed < SCHEDULES; seed++) {
        run_schedule(seed, with_writer, with_kill);
        for (unsigned i = 0; i < outcome_count; i++) {
            if (outcomes[i].is_allowed)
                check_windows(i);
            allowed += outcomes[i].is_allowed;
            refused += !outcomes[i].is_allowed;
            taken += outcomes[i].is_taken_back;
        }
        if (!with_kill && !with_writer)
            check_counts();
    }
    /* The schedules are of the kind that is meant. */
    assert_true(allowed > SCHEDULES && refused > SCHEDULES / 10);
    assert_true(taken > SCHEDULES || !takes_back);
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

static void attempts_among_themselves(void **state)
{
    (void)state;
    run_schedules(false, false, false);
}

static void attempts_of_which_some_are_taken_back(void **state)
{
    (void)state;
    run_schedules(false, false, true);
}

static void attempts_of_which_some_are_killed(void **state)
{
    (void)state;
    run_schedules(false, true, false);
}

static void attempts_while_the_counter_changes_hands(void **state)
{
    (void)state;
    run_schedules(true, false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(attempts_among_themselves),
        CASE(attempts_of_which_some_are_taken_back),
        CASE(attempts_of_which_some_are_killed),
        CASE(attempts_while_the_counter_changes_hands),
    };
    return cmocka_run_group_tests_name("table/plan_interleaved", tests, NULL, NULL);
}
