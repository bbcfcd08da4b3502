/* A pulse beats at once, goes on, and is over when it has been stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <semaphore.h>

#include "server/pulse.h"

static sem_t beats;

static void beat(void *arg)
{
    (void)arg;
    sem_post(&beats);
}

static void beats_until_stopped(void **state)
{
    (void)state;
    struct ward_pulse pulse = { .is_running = 0 };
    ward_pulse_stop(&pulse); /* never started */
    sem_init(&beats, 0, 0);
    assert_int_equal(ward_pulse_start(&pulse, 1, beat, NULL), WARD_OK);
    for (int i = 0; i < 5; i++)
        sem_wait(&beats);
    ward_pulse_stop(&pulse);
    while (sem_trywait(&beats) == 0)
        ;
    ward_pulse_stop(&pulse);
    assert_int_equal(sem_trywait(&beats), -1);
}

/* Stopping does not wait for the interval to end: the test would run into its time-out. */
static void a_long_interval_is_cut_short(void **state)
{
    (void)state;
    struct ward_pulse pulse;
    sem_init(&beats, 0, 0);
    assert_int_equal(ward_pulse_start(&pulse, 3600000, beat, NULL), WARD_OK);
    sem_wait(&beats); /* the first beat comes at once */
    ward_pulse_stop(&pulse);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(beats_until_stopped),
                                        cmocka_unit_test(a_long_interval_is_cut_short) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
