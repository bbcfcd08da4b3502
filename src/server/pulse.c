#include "server/pulse.h"

#include <time.h>

/* The interval is real time, not the seam's: a test that moves the clock must not stop the heart. */
static struct timespec deadline_after(int interval_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += interval_ms / 1000;
    at.tv_nsec += (long)(interval_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static void *run(void *arg)
{
    struct ward_pulse *pulse = arg;
    pthread_mutex_lock(&pulse->lock);
    while (!pulse->must_stop) {
        struct timespec next = deadline_after(pulse->interval_ms);
        pthread_mutex_unlock(&pulse->lock);
        pulse->beat(pulse->arg);
        pthread_mutex_lock(&pulse->lock);
        while (!pulse->must_stop && pthread_cond_timedwait(&pulse->wake, &pulse->lock, &next) == 0)
            ;
    }
    pthread_mutex_unlock(&pulse->lock);
    return NULL;
}

enum ward_status ward_pulse_start(struct ward_pulse *pulse, int interval_ms, void (*beat)(void *arg), void *arg)
{
    pthread_condattr_t attributes;
    *pulse = (struct ward_pulse){ .interval_ms = interval_ms, .beat = beat, .arg = arg };
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&pulse->lock, NULL);
    pthread_cond_init(&pulse->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pulse->is_running = pthread_create(&pulse->thread, NULL, run, pulse) == 0;
    if (pulse->is_running)
        return WARD_OK;
    pthread_cond_destroy(&pulse->wake);
    pthread_mutex_destroy(&pulse->lock);
    return WARD_UNAVAILABLE;
}

void ward_pulse_stop(struct ward_pulse *pulse)
{
    if (!pulse->is_running)
        return;
    pthread_mutex_lock(&pulse->lock);
    pulse->must_stop = 1;
    pthread_cond_signal(&pulse->wake);
    pthread_mutex_unlock(&pulse->lock);
    pthread_join(pulse->thread, NULL);
    pthread_cond_destroy(&pulse->wake);
    pthread_mutex_destroy(&pulse->lock);
    pulse->is_running = 0;
}
