/* The thread that touches memory first: asked again and again, not waited for, ended in between, and not to be had. */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "base/seam.h"
#include "base/thread.h"
#include "table/layout.h"
#include "table/warm.h"

static void wait_for(struct ward_warmer *warmer)
{
    while (!ward_warmer_is_done(warmer))
        sched_yield();
}

static void is_done_as_often_as_asked(void **state)
{
    (void)state;
    struct ward_warmer *warmer = ward_warmer_start();
    assert_non_null(warmer);
    assert_true(ward_warmer_is_done(warmer)); /* nothing was asked */
    for (unsigned i = 0; i < 20; i++) {
        ward_warmer_ask(warmer);
        wait_for(warmer);
    }
    ward_warmer_stop(warmer);
}

static void who_does_not_wait_asks_once(void **state)
{
    (void)state;
    struct ward_warmer *warmer = ward_warmer_start();
    assert_non_null(warmer);
    for (unsigned i = 0; i < 20; i++)
        ward_warmer_ask(warmer);
    wait_for(warmer);
    ward_warmer_ask(warmer);
    ward_warmer_stop(warmer); /* also when it has not come to it */
    ward_warmer_stop(NULL);
}

static void *no_map(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    (void)address, (void)size, (void)protection, (void)flags, (void)fd, (void)offset;
    errno = ENOMEM;
    return MAP_FAILED;
}

static void *no_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    struct ward_seam before = ward_seam;
    ward_seam.map = no_map;
    assert_null(ward_warmer_start());
    ward_seam = before;
    ward_seam.allocate = no_memory;
    assert_null(ward_warmer_start());
    ward_seam = before;
}

static void count(void *arg)
{
    ++*(unsigned *)arg;
}

static void nothing(void *arg)
{
    (void)arg;
}

/* Each page of 2 MiB is warmed before it is touched, the rest of less is not worth it, nor anything without a pace. */
static void each_huge_page_is_warmed_first(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    char *path = ward_table_path(scene.directory, "pages");
    int fd = -1;
    const size_t size = 3 * WARD_HUGE_PAGE + WARD_TABLE_PAGE;
    assert_ok(ward_table_file_create(path, size, NULL, &fd));
    void *base = ward_table_map(fd, size, true);
    assert_non_null(base);
    unsigned warmed = 0;
    const struct ward_pace pace = { .rest = nothing, .warm = count, .arg = &warmed };
    ward_table_populate(base, size, &pace);
    assert_int_equal(warmed, 3);
    ward_table_warm(WARD_HUGE_PAGE - 1, &pace);
    assert_int_equal(warmed, 3);
    ward_table_warm(WARD_HUGE_PAGE, NULL);
    ward_table_unmap(base, size);
    close(fd);
    unlink(path);
    ward_free(path);
    scene_close(&scene);
}

static void *policy_of_idle(void *ret)
{
    ward_thread_is(WARD_THREAD_IDLE);
    *(int *)ret = sched_getscheduler(0);
    return NULL;
}

static void an_idle_thread_gives_way_to_all(void **state)
{
    (void)state;
    pthread_t thread;
    int policy = -1;
    assert_int_equal(pthread_create(&thread, NULL, policy_of_idle, &policy), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(policy, SCHED_IDLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_done_as_often_as_asked),       cmocka_unit_test(who_does_not_wait_asks_once),
        cmocka_unit_test(without_memory_there_is_none),    cmocka_unit_test(each_huge_page_is_warmed_first),
        cmocka_unit_test(an_idle_thread_gives_way_to_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
