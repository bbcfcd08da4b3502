#include "table/warm.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>

#include "base/seam.h"
#include "base/thread.h"
#include "table/layout.h"

enum { FREE, ASKED, TOUCHED };

struct ward_warmer {
    pthread_t thread;
    sem_t asked;
    volatile uint8_t *place; /* address space for one huge page */
    int state;               /* atomic: asked by the caller, touched by the thread */
    bool must_stop;          /* atomic */
};

static void touch(struct ward_warmer *warmer)
{
    for (size_t at = 0; at < WARD_HUGE_PAGE; at += WARD_TABLE_PAGE)
        warmer->place[at] = 1;
}

static void *run(void *arg)
{
    struct ward_warmer *warmer = arg;
    ward_thread_is(WARD_THREAD_IDLE);
    for (;;) {
        while (sem_wait(&warmer->asked) != 0 && errno == EINTR)
            ;
        if (__atomic_load_n(&warmer->must_stop, __ATOMIC_ACQUIRE))
            return NULL;
        touch(warmer);
        __atomic_store_n(&warmer->state, TOUCHED, __ATOMIC_RELEASE);
    }
}

static void *make_place(void)
{
    void *place = ward_table_reserve_aligned(WARD_HUGE_PAGE);
    if (place == NULL || mprotect(place, WARD_HUGE_PAGE, PROT_READ | PROT_WRITE) != 0) {
        ward_table_unmap(place, WARD_HUGE_PAGE);
        return NULL;
    }
    (void)madvise(place, WARD_HUGE_PAGE, MADV_HUGEPAGE);
    return place;
}

static void *place_of(const struct ward_warmer *warmer)
{
    return (void *)(uintptr_t)warmer->place;
}

struct ward_warmer *ward_warmer_start(void)
{
    struct ward_warmer *warmer = ward_alloc(sizeof(*warmer));
    if (warmer == NULL)
        return NULL;
    warmer->place = make_place();
    (void)sem_init(&warmer->asked, 0, 0); /* cannot fail with these arguments */
    if (warmer->place != NULL && pthread_create(&warmer->thread, NULL, run, warmer) == 0)
        return warmer;
    sem_destroy(&warmer->asked);
    ward_table_unmap(place_of(warmer), WARD_HUGE_PAGE);
    ward_free(warmer);
    return NULL;
}

void ward_warmer_ask(struct ward_warmer *warmer)
{
    if (__atomic_load_n(&warmer->state, __ATOMIC_ACQUIRE) == ASKED)
        return; /* still at the one before: nobody waited for it */
    __atomic_store_n(&warmer->state, ASKED, __ATOMIC_RELAXED);
    sem_post(&warmer->asked);
}

bool ward_warmer_is_done(struct ward_warmer *warmer)
{
    if (__atomic_load_n(&warmer->state, __ATOMIC_ACQUIRE) == ASKED)
        return false;
    (void)madvise(place_of(warmer), WARD_HUGE_PAGE, MADV_DONTNEED);
    __atomic_store_n(&warmer->state, FREE, __ATOMIC_RELAXED);
    return true;
}

void ward_warmer_stop(struct ward_warmer *warmer)
{
    if (warmer == NULL)
        return;
    __atomic_store_n(&warmer->must_stop, true, __ATOMIC_RELEASE);
    sem_post(&warmer->asked);
    pthread_join(warmer->thread, NULL);
    sem_destroy(&warmer->asked);
    ward_table_unmap(place_of(warmer), WARD_HUGE_PAGE);
    ward_free(warmer);
}
