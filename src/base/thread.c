#include "base/thread.h"

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in linux/sched/types.h, which cannot stand beside sched.h. */
struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

enum { SLICE_NS = 100000, BACKGROUND_NICE = 10 };

void ward_thread_is(enum ward_thread_kind kind)
{
    if (kind == WARD_THREAD_IDLE) {
        const struct sched_param none = { 0 };
        (void)sched_setscheduler(0, SCHED_IDLE, &none);
        return;
    }
    struct scheduling wish = { .size = sizeof(wish), .policy = SCHED_OTHER, .runtime = SLICE_NS };
    if (kind == WARD_THREAD_BACKGROUND) {
        wish.policy = SCHED_BATCH;
        wish.nice = BACKGROUND_NICE;
        /* Before Linux 6.12 a slice is refused with all the rest: the weight shall be kept. */
        (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), BACKGROUND_NICE);
    } else {
        wish.nice = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid)); /* what the server was started with */
    }
    (void)syscall(SYS_sched_setattr, 0, &wish, 0);
}
