/* The opened data directory: the first start and its interruptions, and each way a directory can be another's. */
#include <ftw.h>
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

#include "base/limits.h"
#include "base/seam.h"
#include "server/app.h"

static char root[64];
static char data[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/ward-app-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    snprintf(data, sizeof(data), "%s/data", root);
    return 0;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *place)
{
    (void)stat, (void)kind, (void)place;
    return remove(path);
}

static void remove_data(void)
{
    (void)nftw(data, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int tear_down(void **state)
{
    (void)state;
    remove_data();
    return rmdir(root);
}

static bool initialise(struct ward_failure *why)
{
    WARD_POOL pool = ward_pool_new(WARD_REQUEST_POOL_MAX);
    struct ward_bootstrap first = { .account.version = 0 };
    *why = (struct ward_failure){ .text = "" };
    if (!ward_app_initialise(data, &pool, &first, why))
        return false;
    return first.access_key.value.size > 0 && first.token.value.size > 0 && first.iam.value.size > 0 &&
           first.iam.public_id.size > 0;
}

static bool open_and_close(bool is_serving, struct ward_failure *why)
{
    struct ward_app app;
    *why = (struct ward_failure){ .text = "" };
    bool is_open = ward_app_open(&app, data, is_serving, "0", why);
    ward_app_close(&app);
    return is_open;
}

static const char *in_data(const char *file)
{
    static char path[160];
    snprintf(path, sizeof(path), "%s/%s", data, file);
    return path;
}

static void once(void **state)
{
    (void)state;
    struct ward_failure why;
    assert_true(initialise(&why));
    assert_true(open_and_close(true, &why));
    assert_true(open_and_close(false, &why));
    assert_false(initialise(&why));
    assert_int_equal(why.code, WARD_EXIT_EXISTS);
    assert_non_null(strstr(why.text, "ward credential create"));
    assert_true(open_and_close(false, &why));
}

static void not_initialised(void **state)
{
    (void)state;
    struct ward_failure why;
    assert_false(open_and_close(true, &why));
    assert_int_equal(why.code, WARD_EXIT_NOT_INITIALISED);
    assert_int_equal(mkdir(data, 0700), 0);
    assert_false(open_and_close(true, &why));
    assert_int_equal(why.code, WARD_EXIT_NOT_INITIALISED);
    assert_non_null(strstr(why.text, "ward init --data"));
}

static void an_interrupted_init_is_taken_up(void **state)
{
    (void)state;
    struct ward_failure why;
    struct ward_store *store = NULL;
    assert_int_equal(mkdir(data, 0700), 0); /* the directory alone */
    assert_true(initialise(&why));
    remove_data();

    assert_int_equal(mkdir(data, 0700), 0); /* directory and root key */
    assert_int_equal(ward_root_key_create(in_data("root.key")), WARD_OK);
    assert_true(initialise(&why));
    remove_data();

    assert_int_equal(mkdir(data, 0700), 0); /* and an empty store */
    assert_int_equal(ward_root_key_create(in_data("root.key")), WARD_OK);
    struct ward_store_options options = { .path = in_data("ward.db"), .create = true };
    assert_int_equal(ward_store_open_sqlite(&options, &store), WARD_OK);
    ward_store_close(store);
    assert_true(initialise(&why));
    assert_true(open_and_close(true, &why));
}

static void another_root_key(void **state)
{
    (void)state;
    struct ward_failure why;
    assert_true(initialise(&why));
    unlink(in_data("root.key"));
    assert_false(open_and_close(true, &why));
    assert_int_equal(why.code, WARD_EXIT_MISMATCH);
    assert_false(initialise(&why)); /* never a new root key beside an old store */
    assert_int_equal(why.code, WARD_EXIT_MISMATCH);
    assert_int_equal(access(in_data("root.key"), F_OK), -1);
    assert_int_equal(ward_root_key_create(in_data("root.key")), WARD_OK);
    assert_false(open_and_close(true, &why));
    assert_int_equal(why.code, WARD_EXIT_MISMATCH);
    assert_non_null(strstr(why.text, "root key"));
    assert_int_equal(access(in_data("table"), F_OK), -1); /* found out before the table is touched */
}

static void open_to_others(void **state)
{
    (void)state;
    struct ward_failure why;
    assert_true(initialise(&why));
    assert_int_equal(chmod(in_data("root.key"), 0640), 0);
    assert_false(open_and_close(true, &why));
    assert_int_equal(why.code, WARD_EXIT_PERMISSION);
    assert_non_null(strstr(why.text, "chmod 600"));
    assert_int_equal(chmod(in_data("root.key"), 0600), 0);
    assert_int_equal(chmod(data, 0750), 0);
    assert_false(open_and_close(true, &why));
    assert_int_equal(why.code, WARD_EXIT_PERMISSION);
    assert_false(initialise(&why));
    assert_int_equal(why.code, WARD_EXIT_PERMISSION);
    assert_int_equal(chmod(data, 0700), 0);
}

static void held_by_another(void **state)
{
    (void)state;
    struct ward_failure why;
    struct ward_app app;
    assert_true(initialise(&why));
    assert_true(ward_app_open(&app, data, false, "0", &why));
    assert_false(open_and_close(true, &why));
    assert_int_equal(why.code, WARD_EXIT_LOCKED);
    assert_false(initialise(&why));
    assert_int_equal(why.code, WARD_EXIT_LOCKED);
    ward_app_close(&app);
    assert_true(open_and_close(true, &why));
}

/* ---- the n-th allocation fails ---- */

static int allocations_left;

static void *allocate_some(size_t size)
{
    return __atomic_fetch_sub(&allocations_left, 1, __ATOMIC_RELAXED) > 0 ? malloc(size) : NULL;
}

static void *reallocate_some(void *memory, size_t size)
{
    return __atomic_fetch_sub(&allocations_left, 1, __ATOMIC_RELAXED) > 0 ? realloc(memory, size) : NULL;
}

/* A failed init never blocks the next one, and never leaves an initialised directory whose credentials nobody saw. */
static void init_survives_every_lack_of_memory(void **state)
{
    (void)state;
    const struct ward_seam real = ward_seam;
    struct ward_failure why;
    bool is_done = false;
    int n = 0;
    for (; !is_done && n < 2000; n++) {
        allocations_left = n;
        ward_seam.allocate = allocate_some;
        ward_seam.reallocate = reallocate_some;
        is_done = initialise(&why);
        ward_seam = real;
        if (!is_done && !initialise(&why))
            fail_msg("after a failure at allocation %d the next try says: %s", n, why.text);
        remove_data();
    }
    assert_true(is_done);
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_initialised, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interrupted_init_is_taken_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_root_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(open_to_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(held_by_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(init_survives_every_lack_of_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
