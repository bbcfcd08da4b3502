/*
 * A plan under many threads in several processes: exactly what it says passes in every window, and who is killed in the
 * middle costs at most the call that it was at. WARD_PLAN_WINDOWS says how many windows (`./dev bench plan` asks for
 * 1,000).
 */
#include "../table/processes.h"

#include <pthread.h>

#include "base/calendar.h"
#include "plan_support.h"

#define PROCESSES 4
#define THREADS   16 /* in each */
#define ADMITTED  25
#define ATTEMPTS  2 /* of each thread in each window: 128 for 25 */

static unsigned windows(void)
{
    const char *text = getenv("WARD_PLAN_WINDOWS");
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : 200;
}

enum span { SECOND, DAY, MONTH, SPANS };

/* The middle of the n-th second, day or month. */
static int64_t moment_of(enum span span, unsigned window)
{
    if (span == SECOND)
        return NOW + (int64_t)window * 1000;
    if (span == DAY)
        return NOW + (int64_t)window * DAY_MS;
    return (ward_date_to_days(1970 + (660 + (int64_t)window) / 12, (660 + (int64_t)window) % 12 + 1, 15)) * DAY_MS;
}

struct rush {
    pthread_barrier_t barrier;
    int64_t now_ms;
    uint64_t admitted, refused, others; /* in this window */
    uint64_t wrong;                     /* windows */
    enum span span;
};

static struct rush *rush;
static struct gate *gate;

static int64_t rush_clock(void)
{
    return __atomic_load_n(&rush->now_ms, __ATOMIC_ACQUIRE);
}

static void attempt(struct ward_verifier *verifier, int64_t now_ms)
{
    struct ward_presented presented = present(&plain);
    struct ward_verdict verdict;
    ward_verify(verifier, &presented, now_ms, &verdict);
    bool is_refused = verdict.reason == (rush->span == SECOND ? WARD_VERDICT_LIMITED : WARD_VERDICT_QUOTA_EXCEEDED);
    uint64_t *count = verdict.reason == WARD_VERDICT_VALID ? &rush->admitted
                      : is_refused                         ? &rush->refused
                                                           : &rush->others;
    __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

static void judge_window(void)
{
    bool is_right = rush->admitted == ADMITTED && rush->others == 0 &&
                    rush->refused == PROCESSES * THREADS * ATTEMPTS - ADMITTED;
    rush->wrong += !is_right;
    rush->admitted = rush->refused = rush->others = 0;
}

static void *rush_through(void *arg)
{
    struct ward_verifier verifier;
    (void)arg;
    if (ward_verifier_open(gate->scene.directory, gate->hash, 3000, &verifier) != WARD_OK)
        _exit(1);
    for (unsigned window = 0; window < windows(); window++) {
        int64_t now_ms = moment_of(rush->span, window);
        if (pthread_barrier_wait(&rush->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_store_n(&rush->now_ms, now_ms, __ATOMIC_RELEASE);
        pthread_barrier_wait(&rush->barrier);
        for (unsigned i = 0; i < ATTEMPTS; i++)
            attempt(&verifier, now_ms);
        if (pthread_barrier_wait(&rush->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            judge_window();
    }
    ward_verifier_close(&verifier);
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[THREADS];
    ward_seam.now_ms = rush_clock;
    for (unsigned i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, rush_through, NULL) != 0)
            _exit(2);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    _exit(0);
}

static struct ward_plan_terms terms_of(enum span span)
{
    struct ward_plan_terms terms = WARD_PLAN_TERMS_NONE;
    terms.rate_rps = span == SECOND ? ADMITTED : 0;
    terms.day_quota = span == DAY ? ADMITTED : span == MONTH ? 10 * ADMITTED : WARD_QUOTA_NONE;
    terms.month_quota = span == MONTH ? ADMITTED : WARD_QUOTA_NONE;
    return terms;
}

static void exactly_the_terms_pass(enum span span)
{
    const struct world world = { .has_plan = true, .terms = terms_of(span) };
    put_world(gate, &world);
    rush = share(sizeof(*rush));
    rush->span = span;
    rush->now_ms = wall_now;
    pthread_barrierattr_t attributes;
    pthread_barrierattr_init(&attributes);
    pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    assert_int_equal(pthread_barrier_init(&rush->barrier, &attributes, PROCESSES * THREADS), 0);
    struct child children[PROCESSES];
    struct book *book = share(sizeof(*book));
    for (unsigned i = 0; i < PROCESSES; i++) {
        int fd;
        if (is_child(&children[i], &fd))
            run_threads();
        close(fd);
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        end_well(book, &children[i]);
    print_message("admitted %u in each of %u windows, %llu wrong\n", ADMITTED, windows(),
                  (unsigned long long)rush->wrong);
    assert_int_equal(rush->wrong, 0);
    munmap(book, sizeof(*book));
    munmap(rush, sizeof(*rush));
}

static void a_rate_under_64_threads_in_4_processes(void **state)
{
    gate = *state;
    exactly_the_terms_pass(SECOND);
}

static void a_day_quota_under_64_threads_in_4_processes(void **state)
{
    gate = *state;
    exactly_the_terms_pass(DAY);
}

static void a_month_quota_under_64_threads_in_4_processes(void **state)
{
    gate = *state;
    exactly_the_terms_pass(MONTH);
}

/* ---- kills ---- */

#define KILLS 60

/* Written before and behind each verification, in memory that outlives a kill. */
struct ledger {
    uint64_t begun, passed, refused;
    uint64_t taken_back;
};

static struct ledger *ledger;

static void note(uint64_t *count)
{
    __atomic_fetch_add(count, 1, __ATOMIC_ACQ_REL);
}

/* Verify, and report every other call as one that does not count. */
static void use_up(int pipe_fd)
{
    struct ward_verifier verifier;
    struct ward_presented presented = present(&plain);
    if (ward_verifier_open(gate->scene.directory, gate->hash, 0, &verifier) != WARD_OK)
        _exit(1);
    for (unsigned i = 1;; i++) {
        struct ward_verdict verdict;
        struct ward_settled settled;
        note(&ledger->begun);
        ward_verify(&verifier, &presented, NOW, &verdict);
        note(verdict.reason == WARD_VERDICT_VALID ? &ledger->passed : &ledger->refused);
        if (verdict.reason == WARD_VERDICT_VALID && i % 2 == 0) {
            const struct ward_settlement settlement = { .ticket = verdict.plan.ticket, .answer = WARD_ANSWER_5XX };
            if (ward_verify_settle(&verifier, &settlement, NOW, &settled) != WARD_OK)
                _exit(2);
            note(&ledger->taken_back);
        }
        if (i % 64 == 0 && write(pipe_fd, "v", 1) != 1)
            _exit(3);
    }
}

static void restart_writer(const struct world *world)
{
    const struct ward_zone seoul = { 32400, 32400, 0 };
    ward_table_writer_close(gate->writer);
    assert_ok(ward_table_writer_open(gate->scene.directory, 10, 1000, &gate->writer));
    ward_table_zone_set(gate->writer, &seoul);
    put_world(gate, world);
}

/* Whatever is killed, and whenever: each kill may leave one call that was begun and not answered, counted or not. */
static void kills_cost_the_calls_that_they_meet(void **state)
{
    gate = *state;
    const struct world world = { .has_plan = true, .terms = { 0, 400000, 1000000, WARD_ANSWER_2XX } };
    put_world(gate, &world);
    ledger = share(sizeof(*ledger));
    struct child children[PROCESSES];
    uint64_t random = 3, kills = 0;
    for (unsigned i = 0; i < PROCESSES; i++) {
        int fd;
        if (is_child(&children[i], &fd))
            use_up(fd);
        close(fd);
    }
    for (; kills < KILLS; kills++) {
        struct child *child = &children[draw(&random) % PROCESSES];
        assert_true(await_beats(child, 1 + (unsigned)(draw(&random) % 3)));
        end_by_kill(child);
        for (unsigned i = 0; i < PROCESSES; i++)
            if (&children[i] != child)
                ignore_beats(&children[i]);
        if (kills % 10 == 0)
            restart_writer(&world); /* the server, too */
        int fd;
        if (is_child(child, &fd))
            use_up(fd);
        close(fd);
    }
    for (unsigned i = 0; i < PROCESSES; i++, kills++)
        end_by_kill(&children[i]);

    struct ward_plan_usage usage;
    assert_ok(ward_verify_usage(&gate->verifier, KEY, STAGE, NOW, &usage));
    print_message("%llu calls, %llu passed, %llu taken back, %llu counted, %llu kills\n",
                  (unsigned long long)ledger->begun, (unsigned long long)ledger->passed,
                  (unsigned long long)ledger->taken_back, (unsigned long long)usage.day_used,
                  (unsigned long long)kills);
    uint64_t counted = ledger->passed - ledger->taken_back;
    assert_in_range(usage.day_used, counted - kills, counted + kills);
    assert_in_range(usage.day_calls, ledger->begun - kills, ledger->begun);
    assert_true(usage.day_used <= 400000);
    assert_true(ledger->passed - ledger->taken_back <= 400000 + kills);
    munmap(ledger, sizeof(*ledger));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(a_rate_under_64_threads_in_4_processes),
        CASE(a_day_quota_under_64_threads_in_4_processes),
        CASE(a_month_quota_under_64_threads_in_4_processes),
        CASE(kills_cost_the_calls_that_they_meet),
    };
    return cmocka_run_group_tests_name("verify/plan_processes", tests, NULL, NULL);
}
