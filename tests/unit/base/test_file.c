#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/seam.h"

static struct ward_seam saved;
static char directory[200];

static const char *in_directory(const char *name)
{
    static char path[300];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static int make_directory(void **state)
{
    (void)state;
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof(directory), "%s/ward-file-XXXXXX", parent ? parent : "/tmp");
    return mkdtemp(directory) ? 0 : -1;
}

static unsigned count_entries(void)
{
    unsigned count = 0;
    DIR *open_directory = opendir(directory);
    while (open_directory && readdir(open_directory)) {
        count++;
    }
    closedir(open_directory);
    return count - 2; /* . and .. */
}

static int remove_directory(void **state)
{
    (void)state;
    ward_seam = saved;
    static const char *const names[] = { "a", "link", "lock", "fifo", "sub/link", "sub" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (unlink(in_directory(names[i])) != 0 && (errno == EISDIR || errno == EPERM)) {
            rmdir(in_directory(names[i]));
        }
    }
    return rmdir(directory); /* fails, and with it the test, if something else was left behind */
}

static void assert_content(const char *path, const char *text)
{
    WARD_BUFFER content = ward_buffer_new(1000);
    assert_int_equal(ward_file_read(path, true, &content), WARD_OK);
    assert_true(ward_span_equal(ward_buffer_span(&content), ward_span_of(text)));
}

static void test_writes_and_reads(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    struct stat about;
    mode_t mask = umask(0777); /* the mode is set whatever the umask says */
    assert_int_equal(ward_file_write(path, WARD_SPAN("one"), false), WARD_OK);
    umask(mask);
    assert_content(path, "one");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(ward_file_write(path, WARD_SPAN("two"), true), WARD_OK);
    assert_content(path, "two");
    assert_int_equal(ward_file_write(path, WARD_SPAN(""), true), WARD_OK);
    assert_content(path, "");
    assert_int_equal(count_entries(), 1);
}

static void test_does_not_replace_unasked(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    assert_int_equal(ward_file_write(path, WARD_SPAN("one"), false), WARD_OK);
    assert_int_equal(ward_file_write(path, WARD_SPAN("two"), false), WARD_EXISTS);
    assert_content(path, "one");
    assert_int_equal(count_entries(), 1);
    assert_int_equal(ward_file_write(in_directory("none/a"), WARD_SPAN("x"), false), WARD_NOT_FOUND);
}

static void test_reads_only_what_fits(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    WARD_BUFFER exact = ward_buffer_new(5);
    WARD_BUFFER small = ward_buffer_new_secret(4);
    assert_int_equal(ward_file_write(path, WARD_SPAN("12345"), false), WARD_OK);
    assert_int_equal(ward_file_read(path, true, &exact), WARD_OK);
    assert_int_equal(exact.size, 5);
    assert_int_equal(ward_file_read(path, true, &small), WARD_TOO_LARGE);
    assert_int_equal(small.size, 0);
    assert_int_equal(small.data[0], 0);
}

static void test_reads_more_than_a_chunk(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    WARD_BUFFER big = ward_buffer_new(300000);
    WARD_BUFFER back = ward_buffer_new(300000);
    memset(ward_buffer_reserve(&big, 200001), 'x', 200001);
    big.size = 200001;
    assert_int_equal(ward_file_write(path, ward_buffer_span(&big), false), WARD_OK);
    assert_int_equal(ward_file_read(path, true, &back), WARD_OK);
    assert_true(ward_span_equal(ward_buffer_span(&big), ward_buffer_span(&back)));
}

static void test_refuses_what_is_no_private_file(void **state)
{
    (void)state;
    static const mode_t modes[] = { 0640, 0620, 0610, 0604, 0602, 0601, 0666 };
    WARD_BUFFER content = ward_buffer_new(100);
    char path[300];
    snprintf(path, sizeof(path), "%s", in_directory("a"));
    assert_int_equal(ward_file_read(path, true, &content), WARD_NOT_FOUND);
    assert_int_equal(ward_file_read(in_directory("a/b"), true, &content), WARD_NOT_FOUND);
    assert_int_equal(ward_file_write(path, WARD_SPAN("x"), false), WARD_OK);
    assert_int_equal(ward_file_read(in_directory("a/b"), true, &content), WARD_NOT_FOUND);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(ward_file_read(path, true, &content), WARD_FORBIDDEN);
    }
    assert_int_equal(ward_file_read(path, false, &content), WARD_OK);
    assert_int_equal(symlink(path, in_directory("link")), 0);
    assert_int_equal(ward_file_read(in_directory("link"), false, &content), WARD_FORBIDDEN);
    assert_int_equal(mkfifo(in_directory("fifo"), 0600), 0);
    assert_int_equal(ward_file_read(in_directory("fifo"), true, &content), WARD_FORBIDDEN);
    assert_int_equal(ward_file_read(directory, false, &content), WARD_FORBIDDEN);
    assert_int_equal(content.size, 1);
}

/* Faults: the n-th call of a member fails, or is interrupted or cut short. */
static unsigned calls_until_fault;
static int fault_errno;

static bool is_fault(void)
{
    errno = fault_errno;
    return calls_until_fault > 0 && --calls_until_fault == 0;
}

static int faulty_open(const char *path, int flags, mode_t mode)
{
    return is_fault() ? -1 : saved.open(path, flags, mode);
}

static ssize_t faulty_read(int fd, void *data, size_t size)
{
    return is_fault() ? -1 : saved.read(fd, data, size < 2 ? size : 2);
}

static ssize_t faulty_write(int fd, const void *data, size_t size)
{
    return is_fault() ? -1 : saved.write(fd, data, size < 2 ? size : 2);
}

static int faulty_sync(int fd)
{
    return is_fault() ? -1 : saved.sync(fd);
}

static int faulty_rename(const char *from, const char *to)
{
    return is_fault() ? -1 : saved.rename(from, to);
}

static int faulty_random(void *data, size_t size)
{
    return is_fault() ? -1 : saved.random(data, size);
}

static void *faulty_allocate(size_t size)
{
    return is_fault() ? NULL : saved.allocate(size);
}

static void make_faulty(void)
{
    ward_seam.open = faulty_open;
    ward_seam.read = faulty_read;
    ward_seam.write = faulty_write;
    ward_seam.sync = faulty_sync;
    ward_seam.rename = faulty_rename;
    ward_seam.random = faulty_random;
    ward_seam.allocate = faulty_allocate;
}

/* After every single fault the file holds the old or the new bytes, whole, and nothing lies beside it. */
static void test_write_is_whole_or_not_at_all(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    assert_int_equal(ward_file_write(path, WARD_SPAN("old"), false), WARD_OK);
    make_faulty();
    enum ward_status status = WARD_IO;
    unsigned n = 0;
    while (status != WARD_OK) {
        fault_errno = ENOSPC;
        calls_until_fault = ++n;
        status = ward_file_write(path, WARD_SPAN("newer"), true);
        calls_until_fault = 0;
        WARD_BUFFER content = ward_buffer_new(100);
        assert_int_equal(ward_file_read(path, true, &content), WARD_OK);
        assert_true(ward_span_equal(ward_buffer_span(&content), WARD_SPAN("old")) ||
                    ward_span_equal(ward_buffer_span(&content), WARD_SPAN("newer")));
        assert_int_equal(count_entries(), 1);
        assert_true(n < 100);
    }
    assert_true(n > 8);
    assert_content(path, "newer");
}

/* The calls in their order: o(pen), w(rite), s(ync), r(ename). */
static char calls[16];

static void note(char call)
{
    size_t size = strlen(calls);
    if (size + 1 < sizeof(calls)) {
        calls[size] = call;
    }
}

static int noting_open(const char *path, int flags, mode_t mode)
{
    note('o');
    return saved.open(path, flags, mode);
}

static ssize_t noting_write(int fd, const void *data, size_t size)
{
    note('w');
    return saved.write(fd, data, size);
}

static int noting_sync(int fd)
{
    note('s');
    return saved.sync(fd);
}

static int noting_rename(const char *from, const char *to)
{
    note('r');
    return saved.rename(from, to);
}

/* The bytes are on the disk before the name is, and the name is before the call returns. */
static void test_syncs_file_and_directory(void **state)
{
    (void)state;
    ward_seam.open = noting_open;
    ward_seam.write = noting_write;
    ward_seam.sync = noting_sync;
    ward_seam.rename = noting_rename;
    memset(calls, 0, sizeof(calls));
    assert_int_equal(ward_file_write(in_directory("a"), WARD_SPAN("x"), true), WARD_OK);
    assert_string_equal(calls, "owsros");
    memset(calls, 0, sizeof(calls));
    assert_int_equal(ward_directory_ensure(in_directory("sub")), WARD_OK);
    assert_string_equal(calls, "os");
}

static void test_read_faults(void **state)
{
    (void)state;
    const char *path = in_directory("a");
    WARD_BUFFER content = ward_buffer_new(100);
    assert_int_equal(ward_file_write(path, WARD_SPAN("content"), false), WARD_OK);
    make_faulty();
    fault_errno = EIO;
    for (unsigned n = 1; n <= 4; n++) {
        calls_until_fault = n;
        assert_int_equal(ward_file_read(path, true, &content), WARD_IO);
        assert_int_equal(content.size, 0);
    }
    fault_errno = EINTR;
    calls_until_fault = 2;
    assert_int_equal(ward_file_read(path, true, &content), WARD_OK);
    assert_true(ward_span_equal(ward_buffer_span(&content), WARD_SPAN("content")));
}

static void test_interrupted_writes_go_on(void **state)
{
    (void)state;
    make_faulty();
    fault_errno = EINTR;
    calls_until_fault = 5; /* random, allocate, open, write, write */
    assert_int_equal(ward_file_write(in_directory("a"), WARD_SPAN("content"), true), WARD_OK);
    assert_int_equal(calls_until_fault, 0);
    assert_content(in_directory("a"), "content");
}

static void test_directory_is_made_private(void **state)
{
    (void)state;
    struct stat about;
    char path[300];
    snprintf(path, sizeof(path), "%s", in_directory("sub"));
    assert_int_equal(ward_directory_ensure(in_directory("sub/")), WARD_OK);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
    assert_int_equal(ward_directory_ensure(path), WARD_OK);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(ward_directory_ensure(path), WARD_OK);
    assert_int_equal(chmod(path, 0720), 0);
    assert_int_equal(ward_directory_ensure(path), WARD_FORBIDDEN);
    assert_int_equal(chmod(path, 01777), 0);
    assert_int_equal(ward_directory_ensure(path), WARD_FORBIDDEN);
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(symlink(path, in_directory("link")), 0);
    assert_int_equal(ward_directory_ensure(in_directory("link")), WARD_FORBIDDEN);
    assert_int_equal(ward_directory_ensure(in_directory("link//")), WARD_FORBIDDEN);
    assert_int_equal(ward_file_write(in_directory("a"), WARD_SPAN("x"), false), WARD_OK);
    assert_int_equal(ward_directory_ensure(in_directory("a")), WARD_FORBIDDEN);
    assert_int_equal(ward_directory_ensure(in_directory("none/sub")), WARD_NOT_FOUND);
}

/* Try the lock from another process: the status comes back as the exit code. */
static int lock_elsewhere(bool keep)
{
    pid_t child = fork();
    if (child == 0) {
        int fd = -1;
        enum ward_status status = ward_directory_lock(directory, &fd);
        if (keep) {
            raise(SIGKILL);
        }
        _exit((int)status);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    return WIFEXITED(how) ? WEXITSTATUS(how) : -WTERMSIG(how);
}

static void test_lock_has_one_holder(void **state)
{
    (void)state;
    int fd = -1;
    int second = -1;
    assert_int_equal(lock_elsewhere(true), -SIGKILL); /* a killed holder leaves no lock */
    assert_int_equal(ward_directory_lock(directory, &fd), WARD_OK);
    assert_int_equal(lock_elsewhere(false), WARD_LOCKED);
    assert_int_equal(ward_directory_lock(directory, &second), WARD_LOCKED);
    assert_int_equal(second, -1);
    close(fd);
    assert_int_equal(lock_elsewhere(false), WARD_OK);
}

static void test_lock_refuses_a_link_and_a_missing_directory(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(symlink("a", in_directory("lock")), 0);
    assert_int_equal(ward_directory_lock(directory, &fd), WARD_FORBIDDEN);
    assert_int_equal(ward_directory_lock(in_directory("none"), &fd), WARD_NOT_FOUND);
    assert_int_equal(fd, -1);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
    saved = ward_seam;
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_writes_and_reads),
        FILE_TEST(test_does_not_replace_unasked),
        FILE_TEST(test_reads_only_what_fits),
        FILE_TEST(test_reads_more_than_a_chunk),
        FILE_TEST(test_refuses_what_is_no_private_file),
        FILE_TEST(test_write_is_whole_or_not_at_all),
        FILE_TEST(test_syncs_file_and_directory),
        FILE_TEST(test_read_faults),
        FILE_TEST(test_interrupted_writes_go_on),
        FILE_TEST(test_directory_is_made_private),
        FILE_TEST(test_lock_has_one_holder),
        FILE_TEST(test_lock_refuses_a_link_and_a_missing_directory),
    };
    return cmocka_run_group_tests_name("base/file", tests, NULL, NULL);
}
