/* How the kernel is asked to run a thread. Hints: where they are refused it is slower, not wrong. */
#ifndef WARD_BASE_THREAD_H
#define WARD_BASE_THREAD_H

enum ward_thread_kind {
    WARD_THREAD_PROMPT,     /* answers somebody: short slices, so that it runs soon after it was woken */
    WARD_THREAD_BACKGROUND, /* nobody waits for it: short slices and a low weight, so that it is out of the way at once
                             */
    WARD_THREAD_IDLE        /* runs when nobody else wants to; for good. Must never hold what others wait for. */
};

/** Say what the calling thread is. */
void ward_thread_is(enum ward_thread_kind kind);

#endif
