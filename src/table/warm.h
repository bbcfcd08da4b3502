/*
 * A thread that touches memory which the system has not used for a while, so that nobody who is in a hurry has to.
 *
 * On a virtual machine such memory costs milliseconds at its first touch: 4 to 8 ms for a page of 2 MiB. In the page
 * fault of a file's map the kernel lets nobody else run meanwhile; in that of plain memory it does, but only when
 * somebody wakes up or at a tick, up to 4 ms later. So a page is touched as plain memory, by a thread that gives way
 * to everybody (WARD_THREAD_IDLE), and given back at once: the system's next page of that size is likely the same.
 * Whoever waits for it wakes up every 100 µs, and with each of his wakes the kernel looks who should run.
 */
#ifndef WARD_TABLE_WARM_H
#define WARD_TABLE_WARM_H

#include <stdbool.h>

#include "base/status.h"

struct ward_warmer;

/** Start the thread. NULL when it cannot be had: then memory is met as it is. */
struct ward_warmer *ward_warmer_start(void) WARD_MUST_USE;

/** Have a page of 2 MiB touched, if the one before has been. One caller at a time, as for the next one. */
void ward_warmer_ask(struct ward_warmer *warmer);

/** True once the page has been touched, which has been given back then, to the calling thread's processor. */
bool ward_warmer_is_done(struct ward_warmer *warmer);

/** End the thread, once it is through with what it was asked for. Takes NULL. */
void ward_warmer_stop(struct ward_warmer *warmer);

#endif
