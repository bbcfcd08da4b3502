/*
 * The exchange of stores, cut off at each of its steps: a child process ends at its n-th rename, sync, open or write.
 * What it leaves is the old store, the new one, or, where a damaged one was exchanged, none and a sentence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/seam.h"
#include "server/app.h"
#include "server/restore.h"

enum { CUT_OFF = 42, STEPS_MAX = 400 };

static char root[64], data[96], backup[96];
static uint64_t backup_revision, present_revision;

static const char *in_data(const char *file)
{
    static char path[160];
    snprintf(path, sizeof(path), "%s/%s", data, file);
    return path;
}

static void run_shell(const char *command)
{
    assert_int_equal(system(command), 0);
}

static bool exists(const char *file)
{
    struct stat info;
    return lstat(in_data(file), &info) == 0;
}

/* 0: it could not be opened. */
static uint64_t open_and_ask(struct ward_failure *why)
{
    struct ward_app app;
    struct ward_store_health health = { 0 };
    *why = (struct ward_failure){ .text = "" };
    if (ward_app_open(&app, data, false, "0", why)) {
        assert_int_equal(ward_store_check(app.store), WARD_OK);
        ward_store_health(app.store, &health);
    }
    ward_app_close(&app);
    return health.revision;
}

/* A directory, a backup of it, and a project that was made behind it. */
static int set_up(void **state)
{
    struct ward_app app;
    struct ward_failure why;
    struct ward_backup made;
    struct ward_bootstrap first;
    struct ward_project project;
    struct ward_receipt receipt;
    struct ward_operator who = ward_operator_local();
    WARD_POOL pool = ward_pool_new(WARD_REQUEST_POOL_MAX);
    char account[WARD_UUID_CHARS + 1];
    (void)state;
    ward_log_set_level(WARD_LOG_ERROR);
    snprintf(root, sizeof(root), "/tmp/ward-restore-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    snprintf(data, sizeof(data), "%s/data", root);
    snprintf(backup, sizeof(backup), "%s/a.backup", root);
    assert_true(ward_app_initialise(data, &pool, &first, &why));
    assert_true(ward_app_open(&app, data, false, "0", &why));
    assert_int_equal(ward_service_backup(app.service, &who, ward_span_of(backup), NULL, NULL, &made), WARD_OK);
    ward_uuid_format(&first.account.id, account);
    struct ward_project_input input = { .has_name = true,
                                        .name = WARD_SPAN("later"),
                                        .has_account = true,
                                        .account = ward_span_of(account),
                                        .has_env = true,
                                        .env = WARD_SPAN("live") };
    assert_int_equal(ward_service_project_create(app.service, &who, &input, &pool, &project, &receipt), WARD_OK);
    ward_app_close(&app);
    backup_revision = made.revision;
    present_revision = receipt.revision;
    char command[300];
    snprintf(command, sizeof(command), "cp -a %s %s/saved", data, root);
    run_shell(command);
    return 0;
}

static int tear_down(void **state)
{
    char command[120];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

static void put_back(void)
{
    char command[300];
    snprintf(command, sizeof(command), "rm -rf %s && cp -a %s/saved %s", data, root, data);
    run_shell(command);
}

/* What is no database, and a journal that SQLite leaves alone. */
static void damage(void)
{
    char zeros[600] = "";
    char garbage[8192];
    memset(garbage, 'Z', sizeof(garbage));
    assert_int_equal(ward_file_write(in_data("ward.db"), ward_span(garbage, sizeof(garbage)), true), WARD_OK);
    assert_int_equal(ward_file_write(in_data("ward.db-journal"), ward_span(zeros, sizeof(zeros)), true), WARD_OK);
}

static bool restore(struct ward_failure *why)
{
    struct ward_restore r;
    *why = (struct ward_failure){ .text = "" };
    bool is_done = ward_restore_open(&r, data, backup, why) && ward_restore_commit(&r, why);
    ward_restore_close(&r);
    return is_done;
}

/* ---- the n-th step ---- */

static int steps_left;
static struct ward_seam real;

static void step(void)
{
    if (steps_left-- == 0)
        _exit(CUT_OFF);
}

static int stepping_open(const char *path, int flags, mode_t mode)
{
    step();
    return real.open(path, flags, mode);
}

static ssize_t stepping_write(int fd, const void *bytes, size_t size)
{
    step();
    return real.write(fd, bytes, size);
}

static int stepping_sync(int fd)
{
    step();
    return real.sync(fd);
}

static int stepping_rename(const char *from, const char *to)
{
    step();
    int result = real.rename(from, to);
    step(); /* and once behind it */
    return result;
}

/* Restore in a child that ends at the n-th step. True when it came to its end. */
static bool restore_until(int n)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ward_failure why;
        steps_left = n;
        real = ward_seam;
        ward_seam.open = stepping_open;
        ward_seam.write = stepping_write;
        ward_seam.sync = stepping_sync;
        ward_seam.rename = stepping_rename;
        _exit(restore(&why) ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CUT_OFF);
    return WEXITSTATUS(status) == 0;
}

static void the_old_store_or_the_new_one(void **state)
{
    struct ward_failure why;
    int old = 0, new = 0;
    (void)state;
    for (int n = 0; n < STEPS_MAX; n++) {
        put_back();
        bool is_done = restore_until(n);
        uint64_t revision = open_and_ask(&why);
        assert_true(revision == present_revision || revision == present_revision + 1);
        assert_false(exists("ward.db-journal"));
        old += revision == present_revision;
        new += revision == present_revision + 1;
        assert_true(!is_done || revision == present_revision + 1);
        if (is_done)
            break;
        assert_true(restore(&why));
        assert_int_equal(open_and_ask(&why), present_revision + 1 + (revision > present_revision));
        assert_false(exists("ward.db.restoring"));
    }
    assert_true(old > 3 && new > 1);
}

static void a_damaged_store_or_none_or_the_new_one(void **state)
{
    struct ward_failure why;
    int damaged = 0, none = 0, new = 0;
    (void)state;
    for (int n = 0; n < STEPS_MAX; n++) {
        put_back();
        damage();
        bool is_done = restore_until(n);
        uint64_t revision = open_and_ask(&why);
        if (revision == 0) {
            assert_int_equal(why.code, WARD_EXIT_INTEGRITY);
            assert_non_null(strstr(why.text, exists("ward.db") ? "is damaged" : "cut off"));
        } else {
            assert_true(revision > backup_revision + 1000000);
            assert_false(exists("ward.db-journal"));
        }
        damaged += revision == 0 && exists("ward.db");
        none += revision == 0 && !exists("ward.db");
        new += revision != 0;
        assert_true(!is_done || revision != 0);
        if (is_done)
            break;
        assert_true(restore(&why));
        assert_true(open_and_ask(&why) > backup_revision + 1000000);
        assert_false(exists("ward.db.restoring"));
    }
    assert_true(damaged > 3 && none > 1 && new > 1);
}

static void another_program_at_the_store_is_told(void **state)
{
    struct ward_failure why;
    char zeros[600] = "";
    (void)state;
    put_back();
    assert_int_equal(ward_file_write(in_data("ward.db-journal"), ward_span(zeros, sizeof(zeros)), true), WARD_OK);
    assert_false(restore(&why));
    assert_int_equal(why.code, WARD_EXIT_LOCKED);
    assert_int_equal(open_and_ask(&why), present_revision);
    assert_false(exists("ward.db.restoring"));
}

/* The new store, or the directory: either must be on the disk before the names change. */
static bool fails_on_files;

static int fail_sync(int fd)
{
    struct stat info;
    bool is_file = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    return is_file == fails_on_files ? -1 : fsync(fd);
}

static void a_failed_sync_leaves_the_old_store(void **state)
{
    struct ward_failure why;
    int (*sync)(int) = ward_seam.sync;
    (void)state;
    for (int i = 0; i < 2; i++) {
        put_back();
        fails_on_files = i == 0;
        ward_seam.sync = fail_sync;
        assert_false(restore(&why));
        ward_seam.sync = sync;
        assert_int_equal(why.code, WARD_EXIT_IO);
        assert_int_equal(open_and_ask(&why), present_revision);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_old_store_or_the_new_one),
        cmocka_unit_test(a_damaged_store_or_none_or_the_new_one),
        cmocka_unit_test(another_program_at_the_store_is_told),
        cmocka_unit_test(a_failed_sync_leaves_the_old_store),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
