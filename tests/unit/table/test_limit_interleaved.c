/*
 * The counter's protocol, one atomic operation at a time. limit.c and limit_slots.c are compiled into this file with
 * atomics that first hand control back to a scheduler; attempts run as coroutines, and the scheduler draws which of
 * them takes the next step, which one sleeps for long, and which one is killed. Thousands of interleavings that real
 * threads would meet once in a year.
 */
#include "support.h"

#include <ucontext.h>

#include "stepped_atomics.h"

#include "../../../src/table/limit.c"
/* clang-format off: the second depends on nothing of the first, but both on the atomics above */
#include "../../../src/table/limit_slots.c"
/* clang-format on */

#define ACTORS      4
#define LIMIT       2
#define TTL_MS      1000
#define NOW         INT64_C(1700000000000)
#define STACK_BYTES 65536
#define SCHEDULES   6000
#define OUTCOMES    64

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
    bool is_next_owner;
    struct ward_limit_state state;
} outcomes[OUTCOMES];
static unsigned outcome_count;

static void attempt_as(const struct ward_uuid *id, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        struct ward_limit_state state;
        int64_t now_ms = wall_clock(); /* then it may sleep before it counts */
        step();
        if (ward_limit_count(&counter, id, LIMIT, TTL_MS / 1000, now_ms, false, &state))
            outcomes[outcome_count++] = (struct outcome){ id == &next_owner, state };
    }
}

static void act_attempts(void)
{
    attempt_as(&owner, 4);
    is_done[running] = true;
}

/* The writer: frees the counter and gives it to the next credential, as drop and hold do. */
static void act_writer(void)
{
    struct ward_limit_slots slots = { .map = { .counters = &counter, .capacity = 1 } };
    step();
    clear_counter(&slots, 0);
    uint64_t words[2];
    memcpy(words, next_owner.bytes, sizeof(words));
    raise_guard(&counter, TTL_MS / 1000, false);
    __atomic_store_n(&counter.owner[0], words[0], __ATOMIC_RELEASE);
    __atomic_store_n(&counter.owner[1], words[1], __ATOMIC_RELEASE);
    attempt_as(&next_owner, 4);
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
    counter.guard_ms = TTL_MS;
    outcome_count = 0;
    wall_now = NOW;
    for (unsigned i = 0; i < ACTORS; i++)
        start(i, with_writer && i == 0 ? act_writer : act_attempts);

    unsigned awake = 0; /* runs of the same actor are likelier than fair turns to let another sleep over a window */
    for (unsigned left = ACTORS; left > 0;) {
        if (draw(&seed) % 3 == 0)
            awake = (unsigned)(draw(&seed) % ACTORS);
        if (draw(&seed) % 16 == 0)
            wall_now += (int64_t)(draw(&seed) % TTL_MS);
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

/* A number is handed out once, at most the limit of them are let in, and no window begins before the last one's end. */
static void check_outcomes(bool is_with_writer)
{
    for (unsigned i = 0; i < outcome_count; i++) {
        const struct outcome *a = &outcomes[i];
        assert_int_equal(a->state.is_allowed, a->state.consumed <= LIMIT);
        for (unsigned j = 0; j < i; j++) {
            const struct outcome *b = &outcomes[j];
            if (a->is_next_owner != b->is_next_owner)
                continue; /* the next owner's windows are its own */
            if (a->state.reset_ms == b->state.reset_ms)
                assert_int_not_equal(a->state.consumed, b->state.consumed);
            else
                assert_true(llabs(a->state.reset_ms - b->state.reset_ms) >= TTL_MS);
        }
    }
    if (!is_with_writer)
        return;
    /* The new owner was charged for its own attempts only. */
    for (unsigned i = 0; i < outcome_count; i++) {
        if (!outcomes[i].is_next_owner)
            continue;
        uint64_t of_window = 0;
        for (unsigned j = 0; j < outcome_count; j++)
            of_window += outcomes[j].is_next_owner && outcomes[j].state.reset_ms == outcomes[i].state.reset_ms;
        assert_true(outcomes[i].state.consumed <= of_window);
    }
}

static void run_schedules(bool with_writer, bool with_kill)
{
#ifdef IS_THREAD_SANITIZED
    skip(); /* it does not know ucontext, and there are no threads here */
#endif
    for (uint64_t seed = 0; seed < SCHEDULES; seed++) {
        run_schedule(seed, with_writer, with_kill);
        check_outcomes(with_writer);
    }
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
    run_schedules(false, false);
}

static void attempts_of_which_some_are_killed(void **state)
{
    (void)state;
    run_schedules(false, true);
}

static void attempts_while_the_counter_changes_hands(void **state)
{
    (void)state;
    run_schedules(true, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(attempts_among_themselves),
        CASE(attempts_of_which_some_are_killed),
        CASE(attempts_while_the_counter_changes_hands),
    };
    return cmocka_run_group_tests_name("table/limit_interleaved", tests, NULL, NULL);
}
