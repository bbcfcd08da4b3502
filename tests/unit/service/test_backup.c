/* The backup's file: what it says, each byte of it under a sum, and no forgery without the root key. */
#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "service/backup.h"

struct paths {
    char backup[128], copy[128];
};

static struct paths paths_of(const struct fixture *f)
{
    struct paths paths;
    snprintf(paths.backup, sizeof(paths.backup), "%s/a.backup", f->directory);
    snprintf(paths.copy, sizeof(paths.copy), "%s/copy.db", f->directory);
    return paths;
}

static enum ward_status back_up(struct fixture *f, const char *path, struct ward_backup *ret)
{
    return ward_service_backup(f->service, &f->local, ward_span_of(path), NULL, NULL, ret);
}

static enum ward_status unpack(struct fixture *f, const struct paths *paths, struct ward_backup *ret)
{
    enum ward_status status = ward_backup_unpack(paths->backup, paths->copy, f->keyring, ret);
    unlink(paths->copy);
    return status;
}

/* Files whose name holds a text. */
static int count_files(const struct fixture *f, const char *part)
{
    int count = 0;
    DIR *directory = opendir(f->directory);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        count += strstr(entry->d_name, part) != NULL;
    }
    closedir(directory);
    return count;
}

static void a_backup_is_what_it_says(void **state)
{
    struct fixture *f = *state;
    struct paths paths = paths_of(f);
    struct ward_backup made, read;
    struct stat info;
    assert_ok(back_up(f, paths.backup, &made));
    assert_int_equal(made.revision, revision_now(f));
    assert_int_equal(made.created_ms, START_MS);
    assert_int_equal(stat(paths.backup, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_size, made.file_bytes);
    assert_int_equal(count_files(f, ".tmp-"), 0);
    assert_ok(ward_backup_unpack(paths.backup, paths.copy, f->keyring, &read));
    assert_memory_equal(&made, &read, sizeof(made));
    assert_int_equal(stat(paths.copy, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_size, made.database_bytes);
    assert_status(WARD_EXISTS, ward_backup_unpack(paths.backup, paths.copy, f->keyring, &read));
    unlink(paths.copy);
    unlink(paths.backup);
}

static void flip(const char *path, off_t at, unsigned char bits)
{
    unsigned char byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= bits;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void each_altered_byte_is_seen(void **state)
{
    struct fixture *f = *state;
    struct paths paths = paths_of(f);
    struct ward_backup made, read;
    assert_ok(back_up(f, paths.backup, &made));
    for (off_t at = 0; at < (off_t)made.file_bytes; at++) {
        bool is_trailer = at >= (off_t)made.database_bytes;
        if (!is_trailer && at % 4093 != 0) {
            continue;
        }
        unsigned char bits = (unsigned char)(1U << (at % 8));
        flip(paths.backup, at, bits);
        assert_status(WARD_INTEGRITY, unpack(f, &paths, &read));
        flip(paths.backup, at, bits);
    }
    assert_ok(unpack(f, &paths, &read));
    const off_t sizes[] = { 0, 1, 100, (off_t)made.database_bytes, (off_t)made.file_bytes - 1 };
    for (size_t i = sizeof(sizes) / sizeof(sizes[0]); i-- > 0;) {
        assert_int_equal(truncate(paths.backup, sizes[i]), 0);
        assert_status(WARD_INTEGRITY, unpack(f, &paths, &read));
    }
    unlink(paths.backup);
}

/* All sums fit and it names the right root key; only whoever made it had another one. */
static void a_forged_backup_is_refused(void **state)
{
    struct fixture *f = *state;
    struct paths paths = paths_of(f);
    struct ward_backup made, read;
    uint8_t bytes[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *others;
    assert_ok(ward_random(bytes, sizeof(bytes)));
    assert_ok(ward_keyring_from_bytes(bytes, &others));
    assert_ok(back_up(f, paths.backup, &made));
    flip(paths.backup, (off_t)made.database_bytes / 2, 1);
    assert_int_equal(truncate(paths.backup, (off_t)made.database_bytes), 0);
    int fd = open(paths.backup, O_RDWR);
    assert_ok(ward_backup_finish(fd, others, &made));
    close(fd);
    assert_status(WARD_INTEGRITY, unpack(f, &paths, &read));
    ward_keyring_close(others);
    unlink(paths.backup);
}

static void another_root_key_is_told(void **state)
{
    struct fixture *f = *state;
    struct paths paths = paths_of(f);
    struct ward_backup made, read;
    uint8_t bytes[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *others;
    assert_ok(ward_random(bytes, sizeof(bytes)));
    assert_ok(ward_keyring_from_bytes(bytes, &others));
    assert_ok(back_up(f, paths.backup, &made));
    assert_status(WARD_MISMATCH, ward_backup_unpack(paths.backup, paths.copy, others, &read));
    assert_string_equal(read.fingerprint, made.fingerprint);
    assert_status(WARD_NOT_FOUND, ward_backup_unpack("/nowhere/at all", paths.copy, f->keyring, &read));
    assert_status(WARD_FORBIDDEN, ward_backup_unpack(f->directory, paths.copy, f->keyring, &read));
    assert_int_equal(count_files(f, "copy.db"), 0);
    ward_keyring_close(others);
    unlink(paths.backup);
}

static bool says_no(void *arg)
{
    (*(int *)arg)++;
    return false;
}

static int fail_sync(int fd)
{
    (void)fd;
    return -1;
}

static void a_refusal_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct paths paths = paths_of(f);
    struct ward_backup made;
    char nowhere[160];
    int asked = 0;
    snprintf(nowhere, sizeof(nowhere), "%s/no/a.backup", f->directory);
    const struct {
        enum ward_status status;
        const struct ward_operator *who;
        struct ward_span path;
    } rows[] = {
        { WARD_FORBIDDEN, &f->admin, ward_span_of(paths.backup) },
        { WARD_INVALID, &f->local, WARD_SPAN("a.backup") },
        { WARD_INVALID, &f->local, WARD_SPAN("") },
        { WARD_INVALID, &f->local, WARD_SPAN("/") },
        { WARD_INVALID, &f->local, WARD_SPAN("/tmp/") },
        { WARD_INVALID, &f->local, WARD_SPAN("/tmp/a\0b") },
        { WARD_NOT_FOUND, &f->local, ward_span_of(nowhere) },
        { WARD_EXISTS, &f->local, WARD_SPAN("/dev/null") },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_status(rows[i].status, ward_service_backup(f->service, rows[i].who, rows[i].path, NULL, NULL, &made));
    }
    assert_status(WARD_UNAVAILABLE,
                  ward_service_backup(f->service, &f->local, ward_span_of(paths.backup), says_no, &asked, &made));
    assert_int_equal(asked, 1);
    int (*sync)(int) = ward_seam.sync;
    ward_seam.sync = fail_sync;
    assert_status(WARD_IO, back_up(f, paths.backup, &made));
    ward_seam.sync = sync;
    assert_int_equal(count_files(f, "backup"), 0);
    assert_ok(back_up(f, paths.backup, &made)); /* and nothing is in its way */
    assert_status(WARD_EXISTS, back_up(f, paths.backup, &made));
    unlink(paths.backup);
}

static int allocations_left;
static void *(*real_allocate)(size_t size);

static void *allocate_some(size_t size)
{
    return allocations_left-- > 0 ? real_allocate(size) : NULL;
}

static void no_memory_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct paths paths = paths_of(f);
    struct ward_backup made, read;
    enum ward_status status = WARD_NO_MEMORY;
    real_allocate = ward_seam.allocate;
    for (int n = 0; status != WARD_OK; n++) {
        assert_true(n < 200);
        allocations_left = n;
        ward_seam.allocate = allocate_some;
        status = back_up(f, paths.backup, &made);
        ward_seam.allocate = real_allocate;
        assert_true(status == WARD_OK || count_files(f, "backup") == 0);
        assert_true(status == WARD_OK || status == WARD_NO_MEMORY);
    }
    status = WARD_NO_MEMORY;
    for (int n = 0; status != WARD_OK; n++) {
        assert_true(n < 200);
        allocations_left = n;
        ward_seam.allocate = allocate_some;
        status = unpack(f, &paths, &read);
        ward_seam.allocate = real_allocate;
        assert_true(status == WARD_OK || status == WARD_NO_MEMORY);
    }
    unlink(paths.backup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(a_backup_is_what_it_says),   test_case(each_altered_byte_is_seen),
        test_case(a_forged_backup_is_refused), test_case(another_root_key_is_told),
        test_case(a_refusal_leaves_nothing),   test_case(no_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
