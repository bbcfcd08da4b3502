/* Pages that know their own bytes, and the log that is looked at before SQLite plays it in. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "backend.h"
#include "base/check.h"
#include "base/log.h"
#include "fault_vfs.h"
#include "store/sqlite/pages.h"
#include "store/sqlite/wal.h"

static const struct backend *const on_disk = &backends[0];

enum { PAGE = WARD_PAGE_BYTES, RESERVED_AT = 20 };

/* ---- helpers ---- */

static enum ward_status append_one(struct ward_store_session *s, void *arg)
{
    struct ward_change change = sample_change(WARD_SPAN("abcdefghij"), "updated");
    return ward_store_change_append(s, &change, arg);
}

static enum ward_status append(struct fixture *f)
{
    return ward_store_write(f->store, append_one, NULL, NULL);
}

static void append_many(struct fixture *f, int count)
{
    for (int i = 0; i < count; i++) {
        assert_ok(append(f));
    }
}

static uint64_t revision_of(struct fixture *f)
{
    struct ward_store_health health;
    ward_store_health(f->store, &health);
    return health.revision;
}

static void close_store(struct fixture *f)
{
    ward_store_close(f->store);
    f->store = NULL;
}

static enum ward_status try_open(struct fixture *f, uint64_t seen_revision, struct ward_store_damage *ret)
{
    struct ward_store_options options = { .path = f->path, .seen_revision = seen_revision, .ret_damage = ret };
    *ret = (struct ward_store_damage){ 0 };
    return ward_store_open_sqlite(&options, &f->store);
}

static void path_of(const struct fixture *f, const char *end, char ret[160])
{
    snprintf(ret, 160, "%s%s", f->path, end);
}

static off_t size_of(const struct fixture *f, const char *end)
{
    char path[160];
    struct stat info;
    path_of(f, end, path);
    return stat(path, &info) == 0 ? info.st_size : -1;
}

static void read_at(const struct fixture *f, const char *end, off_t offset, void *data, size_t size)
{
    char path[160];
    path_of(f, end, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, data, size, offset), (ssize_t)size);
    close(fd);
}

static void write_at(const struct fixture *f, const char *end, off_t offset, const void *data, size_t size)
{
    char path[160];
    path_of(f, end, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, size, offset), (ssize_t)size);
    close(fd);
}

static void flip(const struct fixture *f, const char *end, off_t offset, int bit)
{
    uint8_t byte;
    read_at(f, end, offset, &byte, 1);
    byte ^= (uint8_t)(1 << bit);
    write_at(f, end, offset, &byte, 1);
}

static void cut_to(const struct fixture *f, const char *end, off_t size)
{
    char path[160];
    path_of(f, end, path);
    assert_int_equal(truncate(path, size), 0);
}

static int set_up_disk(void **state)
{
    fault_vfs_set(&(struct fault_rule){ FAULT_NONE });
    *state = (void *)(uintptr_t)on_disk;
    return set_up(state);
}

static int set_up_bare(void **state)
{
    fault_vfs_set(&(struct fault_rule){ FAULT_NONE });
    *state = new_fixture(on_disk);
    return 0;
}

static int tear_down_disk(void **state)
{
    fault_vfs_set(&(struct fault_rule){ FAULT_NONE });
    return tear_down(state);
}

/* ---- the database ---- */

static void expect_damage(const struct ward_store_damage *damage, bool is_in_log, int64_t offset)
{
    assert_true(damage->is_found);
    assert_int_equal(damage->is_in_log, is_in_log);
    assert_int_equal(damage->offset, offset);
}

/* Opening finds it, or the check does. */
static void expect_found(struct fixture *f, int64_t offset)
{
    struct ward_store_damage damage;
    enum ward_status status = try_open(f, 0, &damage);
    if (status == WARD_OK) {
        status = ward_store_check(f->store);
        ward_store_damage(f->store, &damage);
        close_store(f);
    }
    assert_status(WARD_INTEGRITY, status);
    expect_damage(&damage, false, offset);
}

/* Pages that nobody uses are not read, and what rots in them does no harm. */
static void give_up_free_pages(struct fixture *f)
{
    sqlite3 *db;
    close_store(f);
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, ward_pages_vfs()), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "VACUUM", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_flipped_bit_of_any_page_is_found(void **state)
{
    struct fixture *f = *state;
    append_many(f, 50);
    give_up_free_pages(f);
    off_t size = size_of(f, "");
    assert_true(size > 10 * PAGE);
    for (off_t page = 0; page < size; page += PAGE) {
        const off_t places[] = { 0, 16, RESERVED_AT, 30, 99, 100, 2000, PAGE - 9, PAGE - 8, PAGE - 1 };
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            int bit = (int)((size_t)(page / PAGE) + i) % 8;
            flip(f, "", page + places[i], bit);
            expect_found(f, page);
            flip(f, "", page + places[i], bit);
        }
    }
    struct ward_store_damage damage;
    assert_ok(try_open(f, 0, &damage));
    assert_false(damage.is_found);
    assert_ok(ward_store_check(f->store));
}

/* The bit that would make an older store of it, whose pages are believed. */
static void byte_20_is_not_believed(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    for (int bit = 0; bit < 8; bit++) {
        flip(f, "", RESERVED_AT, bit);
        expect_found(f, 0);
        flip(f, "", RESERVED_AT, bit);
    }
}

static void a_good_page_in_a_wrong_place_is_found(void **state)
{
    struct fixture *f = *state;
    uint8_t page[PAGE];
    close_store(f);
    read_at(f, "", 4 * PAGE, page, PAGE);
    write_at(f, "", 5 * PAGE, page, PAGE);
    expect_found(f, 5 * PAGE);
}

static void a_page_of_zeros_is_found(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zeros[PAGE];
    close_store(f);
    write_at(f, "", 3 * PAGE, zeros, PAGE);
    expect_found(f, 3 * PAGE);
}

static void a_file_that_ends_in_a_page_is_found(void **state)
{
    struct fixture *f = *state;
    struct ward_store_damage damage;
    close_store(f);
    cut_to(f, "", size_of(f, "") - 100);
    enum ward_status status = try_open(f, 0, &damage);
    status = status == WARD_OK ? ward_store_check(f->store) : status;
    assert_status(WARD_INTEGRITY, status);
}

static bool has_checks(struct fixture *f)
{
    uint8_t byte;
    read_at(f, "", RESERVED_AT, &byte, 1);
    return byte == WARD_PAGE_CHECK_BYTES;
}

/* Every bit of a page counts, and so does its place. */
static void a_check_sees_every_bit(void **state)
{
    (void)state;
    static uint8_t page[PAGE - WARD_PAGE_CHECK_BYTES];
    assert_ok(ward_random(page, sizeof page));
    uint64_t whole = ward_check_wide(page, sizeof page, 7);
    for (size_t bit = 0; bit < 8 * sizeof page; bit++) {
        page[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(ward_check_wide(page, sizeof page, 7) != whole);
        page[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(ward_check_wide(page, sizeof page, 7) == whole);
    assert_true(ward_check_wide(page, sizeof page, 6) != whole);
    assert_true(ward_check_wide(page, sizeof page - 1, 7) != whole);
}

/* ---- an older store ---- */

static void exec(sqlite3 *db, char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_free(sql);
}

/* Run on db every text that a query of ours gives. */
static void exec_each(sqlite3 *db, const char *query)
{
    char *texts[64];
    size_t count = 0;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW && count < 64) {
        texts[count++] = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 0));
    }
    sqlite3_finalize(stmt);
    for (size_t i = 0; i < count; i++) {
        exec(db, texts[i]);
    }
}

/* What the store was before its pages had checks: the same rows, in a file that leaves no bytes to us. */
static void make_older(struct fixture *f)
{
    char from[160];
    sqlite3 *db;
    close_store(f);
    path_of(f, ".checked", from);
    assert_int_equal(rename(f->path, from), 0);
    write_at(f, "", 0, "", 0);
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    exec(db, sqlite3_mprintf("ATTACH %Q AS checked", from));
    exec_each(db, "SELECT sql FROM checked.sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC");
    exec_each(db, "SELECT format('INSERT INTO main.%s SELECT * FROM checked.%s', name, name) FROM checked.sqlite_schema"
                  " WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    sqlite3_close(db);
    unlink(from);
    assert_false(has_checks(f));
}

static void an_older_store_is_rewritten_once(void **state)
{
    struct fixture *f = *state;
    struct ward_store_damage damage;
    struct ward_account found;
    append_many(f, 300);
    uint64_t revision = revision_of(f);
    make_older(f);
    assert_ok(try_open(f, 0, &damage));
    assert_true(has_checks(f));
    assert_int_equal(revision_of(f), revision);
    assert_ok(get_account(f, &f->account.id, &found));
    assert_ok(ward_store_check(f->store));
    append_many(f, 3);
    close_store(f);
    flip(f, "", 7 * PAGE + 1000, 2);
    expect_found(f, 7 * PAGE);
}

/* Cut off at the n-th write of the database or the log, it is taken up by the next start. */
static void a_rewriting_that_is_cut_off_is_taken_up(void **state)
{
    (void)state;
    const enum fault_file files[] = { FAULT_DATABASE, FAULT_LOG };
    for (size_t i = 0; i < 2; i++) {
        for (long skip = 0; skip < 40; skip += 1 + skip / 3) {
            void *own;
            struct ward_store_damage damage;
            set_up_disk(&own);
            struct fixture *f = own;
            append_many(f, 60);
            uint64_t revision = revision_of(f);
            make_older(f);
            fault_vfs_set(&(struct fault_rule){ FAULT_WRITE, files[i], skip, false, SQLITE_IOERR_WRITE });
            if (try_open(f, 0, &damage) == WARD_OK) {
                close_store(f);
            }
            f->store = NULL;
            fault_vfs_set(&(struct fault_rule){ FAULT_NONE });
            assert_ok(try_open(f, 0, &damage));
            assert_true(has_checks(f));
            assert_int_equal(revision_of(f), revision);
            assert_ok(ward_store_check(f->store));
            tear_down_disk(&own);
        }
    }
}

/* ---- transactions that outgrow the cache ---- */

/* Their pages go to the log early, are changed there, and are read back from there before they have their last sums. */
static void a_spilled_transaction_is_not_taken_for_damage(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db;
    close_store(f);
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, ward_pages_vfs()), SQLITE_OK);
    exec(db, sqlite3_mprintf("PRAGMA cache_size=10; PRAGMA wal_autocheckpoint=0; CREATE TABLE heap (n INTEGER PRIMARY"
                             " KEY, v TEXT); BEGIN"));
    exec(db, sqlite3_mprintf("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000)"
                             " INSERT INTO heap SELECT n, hex(randomblob(50)) FROM c"));
    for (int i = 0; i < 5; i++) {
        exec(db, sqlite3_mprintf("UPDATE heap SET v = hex(randomblob(50)) WHERE n %% 7 = %d", i));
    }
    exec(db, sqlite3_mprintf("COMMIT"));
    exec(db, sqlite3_mprintf("UPDATE heap SET v = v || 'x'; DROP TABLE heap"));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    open_store(f, false);
    assert_ok(ward_store_check(f->store));
}

/* ---- copies ---- */

static enum ward_status copy_all(struct ward_store_session *s, void *arg)
{
    return ward_store_backup(s, arg, NULL, NULL);
}

static void a_copy_has_checks(void **state)
{
    struct fixture *f = *state;
    char original[160], copy[160];
    append_many(f, 30);
    give_up_free_pages(f);
    open_store(f, false);
    path_of(f, "", original);
    path_of(f, ".copy", copy);
    write_at(f, ".copy", 0, "", 0);
    assert_ok(ward_store_read(f->store, copy_all, copy));
    close_store(f);
    assert_int_equal(rename(copy, original), 0);
    assert_true(has_checks(f));
    for (off_t page = 0; page < size_of(f, ""); page += PAGE) {
        flip(f, "", page + 1234, 5);
        expect_found(f, page);
        flip(f, "", page + 1234, 5);
    }
    open_store(f, false);
    assert_ok(ward_store_check(f->store));
}

/* ---- the log ---- */

/* A killed server's files: copied while the store is open, and put in its place. Returns the log's frames. */
static int64_t leave_log(struct fixture *f)
{
    static const char *const ends[] = { "", "-wal" };
    char *saved[2];
    off_t sizes[2];
    for (int i = 0; i < 2; i++) {
        sizes[i] = size_of(f, ends[i]);
        saved[i] = malloc((size_t)sizes[i]);
        assert_non_null(saved[i]);
        read_at(f, ends[i], 0, saved[i], (size_t)sizes[i]);
    }
    close_store(f);
    for (int i = 0; i < 2; i++) {
        write_at(f, ends[i], 0, saved[i], (size_t)sizes[i]);
        cut_to(f, ends[i], sizes[i]);
        free(saved[i]);
    }
    return (sizes[1] - WARD_WAL_HEADER_BYTES) / WARD_WAL_FRAME_BYTES;
}

/* Number of the frame behind the last commit but `back`. */
static int64_t frame_behind(struct fixture *f, int64_t frames, int back)
{
    uint8_t commit[4];
    for (int64_t frame = frames - 1; frame >= 0; frame--) {
        read_at(f, "-wal", ward_wal_frame_offset(frame) + 4, commit, 4);
        if ((commit[0] | commit[1] | commit[2] | commit[3]) != 0 && back-- == 0) {
            return frame + 1;
        }
    }
    fail();
    return -1;
}

static char *read_log(struct fixture *f, off_t size)
{
    char *bytes = malloc((size_t)size);
    assert_non_null(bytes);
    read_at(f, "-wal", 0, bytes, (size_t)size);
    return bytes;
}

/* A refusal leaves the log as it is, or the next start would know nothing. */
static void expect_refusal(struct fixture *f, uint64_t seen_revision, int64_t offset, bool is_doubtful)
{
    struct ward_store_damage damage;
    off_t size = size_of(f, "-wal");
    char *before = read_log(f, size);
    for (int i = 0; i < 2; i++) {
        assert_status(WARD_INTEGRITY, try_open(f, seen_revision, &damage));
        expect_damage(&damage, true, offset);
        assert_int_equal(damage.is_doubtful, is_doubtful);
        assert_int_equal(size_of(f, "-wal"), size);
        char *after = read_log(f, size);
        assert_memory_equal(before, after, (size_t)size);
        free(after);
    }
    free(before);
}

static void a_frame_before_a_later_commit_is_damage(void **state)
{
    struct fixture *f = *state;
    append_many(f, 12);
    int64_t frames = leave_log(f);
    int64_t last = frame_behind(f, frames, 1); /* the last transaction's first */
    assert_in_range(last, 3, frames - 1);
    for (int64_t frame = 0; frame < last; frame++) {
        const off_t places[] = { 0, 3, 7, 8, 15, 16, 23, 24, 1000, WARD_WAL_FRAME_BYTES - 1 };
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            off_t at = ward_wal_frame_offset(frame) + places[i];
            int bit = (int)((size_t)frame + i) % 8;
            bool hides_commit = frame == last - 1 && places[i] == 7; /* may turn it into none: then it is doubtful */
            flip(f, "-wal", at, bit);
            if (!hides_commit) {
                expect_refusal(f, 0, ward_wal_frame_offset(frame), false);
            }
            flip(f, "-wal", at, bit);
        }
    }
}

static void the_header_is_not_lost_silently(void **state)
{
    struct fixture *f = *state;
    append_many(f, 2);
    (void)leave_log(f);
    for (int at = 0; at < WARD_WAL_HEADER_BYTES; at++) {
        flip(f, "-wal", at, at % 8);
        expect_refusal(f, 0, 0, false);
        flip(f, "-wal", at, at % 8);
    }
    struct ward_store_damage damage;
    assert_ok(try_open(f, 0, &damage));
    assert_false(damage.is_found);
    assert_int_equal(revision_of(f), 2);
}

static void the_last_write_is_damage_to_who_has_seen_it(void **state)
{
    struct fixture *f = *state;
    struct ward_store_damage damage;
    append_many(f, 6);
    int64_t frames = leave_log(f), last = frame_behind(f, frames, 1);
    for (int64_t frame = last; frame < frames; frame++) {
        const off_t places[] = { 3, 7, 8, 16, 23, 24, 3000 };
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            off_t at = ward_wal_frame_offset(frame) + places[i];
            flip(f, "-wal", at, 1);
            expect_refusal(f, 6, ward_wal_frame_offset(frame), true);
            flip(f, "-wal", at, 1);
        }
    }
    cut_to(f, "-wal", ward_wal_frame_offset(frames) - 1); /* a kill in the middle of a write */
    expect_refusal(f, 6, ward_wal_frame_offset(frames - 1 > last ? last : frames - 1), true);
    assert_ok(try_open(f, 5, &damage)); /* nobody was told of the sixth */
    assert_true(damage.is_found && damage.is_doubtful);
    assert_int_equal(revision_of(f), 5);
    append_many(f, 1);
    reopen_store(f);
    assert_int_equal(revision_of(f), 6);
    assert_ok(ward_store_check(f->store));
}

/* What an unfinished transaction left lies behind the next one's frames, and fits among itself. */
static void leftovers_are_no_damage(void **state)
{
    struct fixture *f = *state;
    struct ward_store_damage damage;
    append_many(f, 3);
    for (long skip = 0; skip < 8; skip++) {
        fault_vfs_set(&(struct fault_rule){ FAULT_WRITE, FAULT_LOG, skip, false, SQLITE_FULL });
        (void)append(f);
        fault_vfs_set(&(struct fault_rule){ FAULT_NONE });
        uint64_t revision = revision_of(f);
        (void)leave_log(f);
        assert_ok(try_open(f, revision, &damage));
        assert_int_equal(revision_of(f), revision);
        append_many(f, 1);
    }
    assert_ok(ward_store_check(f->store));
}

/* A log that was checkpointed and begun anew: older frames with older salts lie behind. */
static void an_older_logs_frames_are_no_damage(void **state)
{
    struct fixture *f = *state;
    struct ward_store_damage damage;
    uint8_t first[4], now[4];
    enum { FIRST_SALT_AT = 16, MOST = 20000 };
    append_many(f, 1);
    read_at(f, "-wal", FIRST_SALT_AT, first, sizeof first);
    do {
        append_many(f, 1);
        read_at(f, "-wal", FIRST_SALT_AT, now, sizeof now);
    } while (memcmp(first, now, sizeof now) == 0 && revision_of(f) < MOST);
    append_many(f, 3);
    uint64_t revision = revision_of(f);
    int64_t frames = leave_log(f);
    assert_in_range(revision, 100, MOST - 1);
    assert_true(frames > 300);
    assert_ok(try_open(f, revision, &damage));
    assert_false(damage.is_found);
    assert_int_equal(revision_of(f), revision);
}

static void a_rotten_frame_never_reaches_the_database(void **state)
{
    struct fixture *f = *state;
    append_many(f, 20);
    off_t frames = (size_of(f, "-wal") - WARD_WAL_HEADER_BYTES) / WARD_WAL_FRAME_BYTES;
    for (int64_t frame = 0; frame < frames; frame++) {
        flip(f, "-wal", ward_wal_frame_offset(frame) + WARD_WAL_FRAME_HEAD_BYTES + 3500, 4);
    }
    off_t size = size_of(f, "");
    while (append(f) == WARD_OK) { /* until the checkpoint reads one */
        assert_true(revision_of(f) < 20000);
    }
    struct ward_store_health health;
    ward_store_health(f->store, &health);
    assert_true(health.is_failed);
    struct ward_store_damage damage;
    ward_store_damage(f->store, &damage);
    assert_true(damage.is_found && damage.is_in_log);
    close_store(f);
    assert_true(size_of(f, "") <= size || size == size_of(f, ""));
    assert_status(WARD_INTEGRITY, try_open(f, 0, &damage));
    assert_true(damage.is_in_log && !damage.is_doubtful);
}

static void no_log_and_nothing_in_it_are_fine(void **state)
{
    struct fixture *f = *state;
    struct ward_store_damage damage = { 0 };
    assert_ok(ward_wal_examine(f->path, &damage));
    write_at(f, "-wal", 0, "", 0);
    assert_ok(ward_wal_examine(f->path, &damage));
    static const uint8_t zeros[3 * WARD_WAL_FRAME_BYTES];
    write_at(f, "-wal", 0, zeros, sizeof zeros);
    assert_ok(ward_wal_examine(f->path, &damage));
    assert_false(damage.is_found);
}

int main(void)
{
#define CASE(name)      cmocka_unit_test_setup_teardown(name, set_up_disk, tear_down_disk)
#define CASE_BARE(name) cmocka_unit_test_setup_teardown(name, set_up_bare, tear_down_disk)
    const struct CMUnitTest tests[] = {
        CASE(a_flipped_bit_of_any_page_is_found),
        CASE(byte_20_is_not_believed),
        cmocka_unit_test(a_check_sees_every_bit),
        CASE(a_good_page_in_a_wrong_place_is_found),
        CASE(a_page_of_zeros_is_found),
        CASE(a_file_that_ends_in_a_page_is_found),
        CASE(an_older_store_is_rewritten_once),
        cmocka_unit_test(a_rewriting_that_is_cut_off_is_taken_up),
        CASE(a_spilled_transaction_is_not_taken_for_damage),
        CASE(a_copy_has_checks),
        CASE(a_frame_before_a_later_commit_is_damage),
        CASE(the_header_is_not_lost_silently),
        CASE(the_last_write_is_damage_to_who_has_seen_it),
        CASE(leftovers_are_no_damage),
        CASE(an_older_logs_frames_are_no_damage),
        CASE(a_rotten_frame_never_reaches_the_database),
        CASE_BARE(no_log_and_nothing_in_it_are_fine),
    };
    int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (quiet >= 0) {
        ward_log_set_descriptor(quiet); /* the faults are on purpose */
    }
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
