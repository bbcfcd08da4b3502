/* Several processes at once: readers while the writer changes and grows, kills, and limits that all of them share. */
#include "processes.h"

#include <pthread.h>

static int setup(void **state)
{
    static struct scene scene;
    scene_open(&scene);
    *state = &scene;
    return 0;
}

static int teardown(void **state)
{
    scene_close(*state);
    return 0;
}

#define READERS 3

static void stop(struct book *book)
{
    __atomic_store_n(&book->is_stopping, 1, __ATOMIC_RELEASE);
}

static struct book *new_book(const char *directory)
{
    struct book *book = share(sizeof(*book));
    struct ward_table_writer *writer;
    assert_ok(ward_table_writer_open(directory, 1, 1, &writer));
    assert_ok(ward_table_publish(writer, 0));
    ward_table_writer_close(writer);
    return book;
}

static void readers_see_every_acknowledged_change(void **state)
{
    struct scene *scene = *state;
    struct book *book = new_book(scene->directory);
    struct child readers[READERS];
    for (unsigned i = 0; i < READERS; i++)
        readers[i] = start_reader(book, scene->directory, i);
    struct child writer = start_writing(book, scene->directory, 1, 60000, 500);
    while (await_beats(&writer, 1))
        for (unsigned i = 0; i < READERS; i++)
            ignore_beats(&readers[i]);
    end_well(book, &writer);
    stop(book);
    for (unsigned i = 0; i < READERS; i++)
        end_well(book, &readers[i]);
    assert_true(book->checks > 10000);
    /* One that lives can only be torn for so long as it is descheduled in the middle of a record. */
    assert_true(book->unsure < book->checks / 100);
    munmap(book, sizeof(*book));
}

static void killed_readers_harm_nobody(void **state)
{
    struct scene *scene = *state;
    struct book *book = new_book(scene->directory);
    struct child readers[READERS];
    for (unsigned i = 0; i < READERS; i++)
        readers[i] = start_reader(book, scene->directory, i);
    struct child writer = start_writing(book, scene->directory, 2, 30000, 100);
    uint64_t random = 5;
    for (unsigned kills = 0; await_beats(&writer, 2); kills++) {
        unsigned i = (unsigned)(draw(&random) % READERS);
        end_by_kill(&readers[i]);
        readers[i] = start_reader(book, scene->directory, 100 + kills);
        for (unsigned j = 0; j < READERS; j++)
            ignore_beats(&readers[j]);
    }
    end_well(book, &writer);
    stop(book);
    for (unsigned i = 0; i < READERS; i++)
        end_well(book, &readers[i]);
    munmap(book, sizeof(*book));
}

static void a_killed_writer_leaves_what_the_next_one_repairs(void **state)
{
    struct scene *scene = *state;
    struct book *book = new_book(scene->directory);
    struct child readers[READERS];
    for (unsigned i = 0; i < READERS; i++)
        readers[i] = start_reader(book, scene->directory, i);
    uint64_t random = 6;
    for (unsigned kills = 0; kills < 60; kills++) {
        struct child writer = start_writing(book, scene->directory, 1000 + kills, 1000000, 3);
        (void)await_beats(&writer, (unsigned)(draw(&random) % 40));
        end_by_kill(&writer);
        /* With nobody to write, readers go on with what was there. */
        for (unsigned i = 0; i < READERS; i++) {
            ignore_beats(&readers[i]);
            assert_true(await_beats(&readers[i], 1));
        }
        assert_string_equal(book->failure, "");
    }
    struct child writer = start_writing(book, scene->directory, 7, 2000, 100);
    end_well(book, &writer);
    stop(book);
    for (unsigned i = 0; i < READERS; i++)
        end_well(book, &readers[i]);
    munmap(book, sizeof(*book));
}

/* ---- limits ---- */

#define PROCESSES 4
#define WINDOWS   200
#define LIMIT     25
#define ATTEMPTS  20
#define NOW       INT64_C(1700000000000)

struct rush {
    pthread_barrier_t barrier;
    int64_t now_ms;
    uint64_t admitted[WINDOWS];
    uint64_t failures;
};

static struct rush *rush;

static int64_t rush_clock(void)
{
    return __atomic_load_n(&rush->now_ms, __ATOMIC_ACQUIRE);
}

static void rush_through(const char *directory)
{
    struct ward_table_reader *reader;
    struct ward_record record;
    struct ward_lookup lookup = lookup_of(1);
    ward_seam.now_ms = rush_clock;
    if (ward_table_reader_open(directory, &reader) != WARD_OK)
        _exit(1);
    for (unsigned window = 0; window < WINDOWS; window++) {
        int64_t now_ms = NOW + (int64_t)window * 1000;
        if (pthread_barrier_wait(&rush->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_store_n(&rush->now_ms, now_ms, __ATOMIC_RELEASE);
        pthread_barrier_wait(&rush->barrier);
        for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
            struct ward_limit_state at;
            if (ward_table_find(reader, &lookup, &record) != WARD_TABLE_FOUND)
                _exit(2);
            ward_table_count(reader, &record, now_ms, false, &at);
            if (at.is_allowed)
                __atomic_fetch_add(&rush->admitted[window], 1, __ATOMIC_RELAXED);
            if (at.reset_ms != now_ms + 1000)
                __atomic_fetch_add(&rush->failures, 1, __ATOMIC_RELAXED);
        }
    }
    ward_table_reader_close(reader);
}

static void exactly_the_limit_passes_across_processes(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    put_limited(writer, 1, 1, LIMIT, 1);
    assert_ok(ward_table_publish(writer, 1));

    rush = share(sizeof(*rush));
    pthread_barrierattr_t attributes;
    pthread_barrierattr_init(&attributes);
    pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    assert_int_equal(pthread_barrier_init(&rush->barrier, &attributes, PROCESSES), 0);
    struct child children[PROCESSES];
    struct book *book = share(sizeof(*book));
    for (unsigned i = 0; i < PROCESSES; i++) {
        int fd;
        if (is_child(&children[i], &fd)) {
            rush_through(scene->directory);
            _exit(0);
        }
        close(fd);
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        end_well(book, &children[i]);
    assert_int_equal(rush->failures, 0);
    for (unsigned window = 0; window < WINDOWS; window++)
        assert_int_equal(rush->admitted[window], LIMIT);
    munmap(book, sizeof(*book));
    munmap(rush, sizeof(*rush));
    ward_table_writer_close(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(readers_see_every_acknowledged_change),
        CASE(killed_readers_harm_nobody),
        CASE(a_killed_writer_leaves_what_the_next_one_repairs),
        CASE(exactly_the_limit_passes_across_processes),
    };
    return cmocka_run_group_tests_name("table/processes", tests, NULL, NULL);
}
