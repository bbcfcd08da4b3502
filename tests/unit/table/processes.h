/*
 * Writers and readers in processes of their own, and the book that says what a reader may see: for every key, which
 * change was begun and which was acknowledged. Both lie in memory that all processes share and that outlives a kill.
 */
#ifndef WARD_TESTS_TABLE_PROCESSES_H
#define WARD_TESTS_TABLE_PROCESSES_H

#include "support.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define BOOK_KEYS 3000

/* A change of a key: revision << 2 | disabled << 1 | removed. */
#define CHANGE_REMOVED  1
#define CHANGE_DISABLED 2

struct book {
    uint64_t begun[BOOK_KEYS];
    uint64_t acknowledged[BOOK_KEYS];
    uint64_t revision;
    uint64_t checks; /* of all readers */
    uint64_t unsure;
    char failure[128]; /* the first one */
    int is_stopping;
};

static inline void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

static inline uint64_t look(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* In a child: cmocka's own assertions would return into the parent's tests. */
#define CHILD_CHECK(book, condition)                                                                                   \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            snprintf((book)->failure, sizeof((book)->failure), "line %d: %.100s", __LINE__, #condition);               \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

/* ---- the writer ---- */

static inline void write_change(struct book *book, struct ward_table_writer *writer, uint64_t number, uint64_t change)
{
    __atomic_store_n(&book->begun[number], change, __ATOMIC_RELEASE);
    uint64_t revision = change >> 2;
    if (change & CHANGE_REMOVED) {
        remove_key(writer, number);
    } else {
        struct packed_body body = body_of(number, revision);
        struct ward_table_entry entry = entry_of(number, revision, &body);
        entry.flags = change & CHANGE_DISABLED ? 0 : WARD_RECORD_ENABLED;
        entry.limit = number % 3 == 0 ? 1000000 : 0;
        entry.ttl_s = 60;
        CHILD_CHECK(book, ward_table_reserve(writer, 1, body.size) == WARD_OK);
        CHILD_CHECK(book, ward_table_put(writer, &entry) == WARD_OK);
    }
    CHILD_CHECK(book, ward_table_publish(writer, revision) == WARD_OK);
    __atomic_store_n(&book->acknowledged[number], change, __ATOMIC_RELEASE);
}

/* Start from the book, as the publisher starts from the store: a change that was begun and not acknowledged counts. */
static inline struct ward_table_writer *start_writer(struct book *book, const char *directory)
{
    struct ward_table_writer *writer;
    CHILD_CHECK(book, ward_table_writer_open(directory, 1, 1, &writer) == WARD_OK);
    for (uint64_t number = 0; number < BOOK_KEYS; number++) {
        uint64_t change = look(&book->begun[number]);
        if (change == 0 || (change & CHANGE_REMOVED))
            continue;
        struct packed_body body = body_of(number, change >> 2);
        struct ward_table_entry entry = entry_of(number, change >> 2, &body);
        entry.flags = change & CHANGE_DISABLED ? 0 : WARD_RECORD_ENABLED;
        entry.limit = number % 3 == 0 ? 1000000 : 0;
        entry.ttl_s = 60;
        CHILD_CHECK(book, ward_table_reserve(writer, 1, body.size) == WARD_OK);
        CHILD_CHECK(book, ward_table_put(writer, &entry) == WARD_OK);
    }
    CHILD_CHECK(book, ward_table_publish(writer, look(&book->revision)) == WARD_OK);
    for (uint64_t number = 0; number < BOOK_KEYS; number++)
        __atomic_store_n(&book->acknowledged[number], look(&book->begun[number]), __ATOMIC_RELEASE);
    return writer;
}

/* Change keys at random; a byte down the pipe after every `beat` of them. */
static inline void write_on(struct book *book, const char *directory, uint64_t seed, unsigned changes, unsigned beat,
                            int pipe_fd)
{
    struct ward_table_writer *writer = start_writer(book, directory);
    for (unsigned i = 1; i <= changes; i++) {
        uint64_t revision = __atomic_add_fetch(&book->revision, 1, __ATOMIC_ACQ_REL);
        /* More keys as time goes on, so that it grows; few of them are hot, so that readers meet the changes. */
        uint64_t range = draw(&seed) % 2 ? 8 : 8 + (uint64_t)i * (BOOK_KEYS - 8) / changes;
        uint64_t number = draw(&seed) % range, dice = draw(&seed) % 8;
        write_change(book, writer, number,
                     revision << 2 | (dice == 0  ? CHANGE_REMOVED
                                      : dice < 3 ? CHANGE_DISABLED
                                                 : 0));
        if (i % beat == 0)
            CHILD_CHECK(book, write(pipe_fd, "w", 1) == 1);
    }
    ward_table_writer_close(writer);
}

/* ---- a reader ---- */

static inline void check_one(struct book *book, struct ward_table_reader *reader, uint64_t number)
{
    uint64_t before = look(&book->acknowledged[number]);
    struct ward_lookup lookup = lookup_of(number);
    struct ward_record record;
    CHILD_CHECK(book, ward_table_reader_refresh(reader));
    enum ward_table_found found = ward_table_find(reader, &lookup, &record);
    struct ward_span body = WARD_SPAN_NONE;
    struct ward_table_scope scope;
    if (found == WARD_TABLE_FOUND) {
        body = ward_table_body(reader, &record);
        CHILD_CHECK(book, ward_table_scope(reader, &record, &scope));
    }
    uint64_t after = look(&book->begun[number]);
    __atomic_fetch_add(&book->checks, 1, __ATOMIC_RELAXED);

    if (found == WARD_TABLE_UNSURE) {
        /* The writer was stopped in the middle of this key. */
        __atomic_fetch_add(&book->unsure, 1, __ATOMIC_RELAXED);
        return;
    }
    if (found == WARD_TABLE_FOUND) {
        CHILD_CHECK(book, is_body_of(body, number, record.revision));
        CHILD_CHECK(book, record.revision >= before >> 2 && record.revision <= after >> 2);
        CHILD_CHECK(book, scope.is_active);
    }
    if (before != after)
        return; /* a change was on its way: either state will do */
    if (before == 0 || (before & CHANGE_REMOVED)) {
        CHILD_CHECK(book, found == WARD_TABLE_MISSING);
    } else {
        CHILD_CHECK(book, found == WARD_TABLE_FOUND);
        CHILD_CHECK(book, record.revision == before >> 2);
        CHILD_CHECK(book, (record.flags == 0) == ((before & CHANGE_DISABLED) != 0));
    }
    if (found == WARD_TABLE_FOUND && record.limit > 0) {
        struct ward_limit_state state;
        ward_table_count(reader, &record, INT64_C(1700000000000), false, &state);
        CHILD_CHECK(book, state.is_allowed || look(&book->begun[number]) != before);
    }
}

static inline void read_on(struct book *book, const char *directory, uint64_t seed, int pipe_fd)
{
    struct ward_table_reader *reader;
    CHILD_CHECK(book, ward_table_reader_open(directory, &reader) == WARD_OK);
    for (unsigned i = 1; !__atomic_load_n(&book->is_stopping, __ATOMIC_ACQUIRE); i++) {
        check_one(book, reader, draw(&seed) % (i % 2 ? 8 : BOOK_KEYS));
        if (i % 512 == 0)
            CHILD_CHECK(book, write(pipe_fd, "r", 1) == 1);
    }
    for (uint64_t number = 0; number < BOOK_KEYS; number++)
        check_one(book, reader, number);
    ward_table_reader_close(reader);
}

/* ---- processes ---- */

struct child {
    pid_t pid;
    int pipe_fd; /* its beats */
};

/* Start a child; in the child ret_fd is where it beats, and 0 is returned. */
static inline bool is_child(struct child *child, int *ret_fd)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    child->pid = fork();
    assert_true(child->pid >= 0);
    close(ends[child->pid == 0 ? 0 : 1]);
    child->pipe_fd = ends[0];
    *ret_fd = ends[1];
    return child->pid == 0;
}

static inline struct child start_reader(struct book *book, const char *directory, uint64_t seed)
{
    struct child child;
    int fd;
    if (is_child(&child, &fd)) {
        read_on(book, directory, seed, fd);
        _exit(0);
    }
    return child;
}

static inline struct child start_writing(struct book *book, const char *directory, uint64_t seed, unsigned changes,
                                         unsigned beat)
{
    struct child child;
    int fd;
    if (is_child(&child, &fd)) {
        write_on(book, directory, seed, changes, beat, fd);
        _exit(0);
    }
    return child;
}

/* Wait for so many beats; false when the child has ended before. */
static inline bool await_beats(const struct child *child, unsigned beats)
{
    char byte;
    while (beats-- > 0)
        if (read(child->pipe_fd, &byte, 1) != 1)
            return false;
    return true;
}

/* Beats that nobody waits for must not fill the pipe and stop the child. */
static inline void ignore_beats(const struct child *child)
{
    int flags = fcntl(child->pipe_fd, F_GETFL);
    fcntl(child->pipe_fd, F_SETFL, flags | O_NONBLOCK);
    char bytes[4096];
    while (read(child->pipe_fd, bytes, sizeof(bytes)) > 0)
        ;
    fcntl(child->pipe_fd, F_SETFL, flags);
}

static inline void end_well(struct book *book, struct child *child)
{
    int status;
    char bytes[4096];
    while (read(child->pipe_fd, bytes, sizeof(bytes)) > 0)
        ;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    close(child->pipe_fd);
    assert_string_equal(book->failure, "");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static inline void end_by_kill(struct child *child)
{
    int status;
    assert_int_equal(kill(child->pid, SIGKILL), 0);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    close(child->pipe_fd);
}

#endif
