/* A thread that does one thing at an interval until it is stopped. */
#ifndef WARD_SERVER_PULSE_H
#define WARD_SERVER_PULSE_H

#include <pthread.h>

#include "base/status.h"

struct ward_pulse {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int interval_ms;
    void (*beat)(void *arg);
    void *arg;
    int is_running;
    int must_stop;
};

/** Start beating, the first time at once. pulse stays where it is until ward_pulse_stop. */
enum ward_status ward_pulse_start(struct ward_pulse *pulse, int interval_ms, void (*beat)(void *arg),
                                  void *arg) WARD_MUST_USE;

/** Wait for a beat that runs, and end the thread. A pulse that was never started is left alone. */
void ward_pulse_stop(struct ward_pulse *pulse);

#endif
