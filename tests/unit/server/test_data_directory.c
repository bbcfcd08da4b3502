/* The data directory: each way it can be wrong has its own exit code and remedy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/data_directory.h"

static char root[] = "/tmp/ward-directory-XXXXXX";
static char path[256];

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/ward-directory-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    snprintf(path, sizeof(path), "%s/data", root);
    return mkdir(path, 0700);
}

static int tear_down(void **state)
{
    char lock[300];
    (void)state;
    snprintf(lock, sizeof(lock), "%s/lock", path);
    chmod(root, 0700);
    unlink(lock);
    rmdir(path);
    unlink(path);
    return rmdir(root);
}

static bool check(struct ward_failure *why)
{
    struct ward_data_directory directory;
    assert_true(ward_data_directory_name(&directory, path, why));
    return ward_data_directory_check(&directory, why);
}

static void modes(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        bool is_good;
    } cases[] = { { 0700, true },  { 0500, true },  { 0710, false }, { 0740, false },
                  { 0750, false }, { 0701, false }, { 0755, false }, { 0777, false } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ward_failure why = { 0 };
        assert_int_equal(chmod(path, cases[i].mode), 0);
        assert_int_equal(check(&why), cases[i].is_good);
        if (cases[i].is_good)
            continue;
        assert_int_equal(why.code, WARD_EXIT_PERMISSION);
        assert_non_null(strstr(why.text, "chmod 700"));
    }
    assert_int_equal(chmod(path, 0700), 0);
}

static void missing(void **state)
{
    (void)state;
    struct ward_failure why = { 0 };
    rmdir(path);
    assert_false(check(&why));
    assert_int_equal(why.code, WARD_EXIT_NOT_INITIALISED);
    assert_non_null(strstr(why.text, "ward init --data"));
}

static void a_link_is_not_followed(void **state)
{
    (void)state;
    struct ward_failure why = { 0 };
    rmdir(path);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_false(check(&why));
    assert_int_equal(why.code, WARD_EXIT_PERMISSION);
}

static void below_a_directory_that_everybody_writes_to(void **state)
{
    (void)state;
    struct ward_failure why = { 0 };
    assert_int_equal(chmod(root, 0777), 0);
    assert_false(check(&why));
    assert_int_equal(why.code, WARD_EXIT_PERMISSION);
    assert_non_null(strstr(why.text, "every user may write to"));
    assert_int_equal(chmod(root, 01777), 0); /* sticky: nobody renames what is another's */
    assert_true(check(&why));
}

static void held_once(void **state)
{
    (void)state;
    struct ward_data_directory first, second;
    struct ward_failure why = { 0 };
    char words[64];
    assert_true(ward_data_directory_name(&first, path, &why));
    assert_true(ward_data_directory_name(&second, path, &why));
    assert_true(ward_data_directory_hold(&first, &why));
    assert_false(ward_data_directory_hold(&second, &why));
    assert_int_equal(why.code, WARD_EXIT_LOCKED);
    snprintf(words, sizeof(words), "another ward serve (pid %ld) holds", (long)getpid());
    assert_non_null(strstr(why.text, words));
    ward_data_directory_release(&first);
    assert_true(ward_data_directory_hold(&second, &why));
    ward_data_directory_release(&second);
    ward_data_directory_release(&second);
}

static void names(void **state)
{
    (void)state;
    struct ward_data_directory directory;
    struct ward_failure why = { 0 };
    char long_path[PATH_MAX + 8];
    memset(long_path, 'a', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    assert_false(ward_data_directory_name(&directory, long_path, &why));
    long_path[PATH_MAX - 4] = '\0';
    assert_false(ward_data_directory_name(&directory, long_path, &why));
    assert_false(ward_data_directory_name(&directory, "", &why));
    assert_true(ward_data_directory_name(&directory, "/x/y//", &why));
    assert_string_equal(directory.path, "/x/y");
    assert_string_equal(directory.root_key, "/x/y/root.key");
    assert_true(ward_data_directory_name(&directory, "/", &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(modes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(below_a_directory_that_everybody_writes_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(held_once, set_up, tear_down),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
