#include "verify/expiry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/iso8601.h"

static struct ward_table_marks marks;

/* Two sweeps that do all: nothing is remembered. */
static int forget(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        (void)ward_expiry_sweep_begin(&marks, 0);
        ward_expiry_sweep_done();
    }
    return 0;
}

static void test_by_the_clock(void **state)
{
    (void)state;
    assert_false(ward_expiry_has_passed(&marks, WARD_TIME_NONE, INT64_MAX));
    assert_false(ward_expiry_has_passed(&marks, 1000, 999));
    assert_true(ward_expiry_has_passed(&marks, 1000, 1000));
}

static void test_once_passed_stays_passed(void **state)
{
    (void)state;
    assert_true(ward_expiry_has_passed(&marks, 1000, 5000));
    assert_true(ward_expiry_has_passed(&marks, 1000, 0));
    assert_true(ward_expiry_has_passed(&marks, 999, 0));
    assert_false(
        ward_expiry_has_passed(&marks, 1001, 0)); /* nobody saw that one pass, though the clock was beyond it */
}

static void test_until_a_sweep_has_done_all(void **state)
{
    (void)state;
    assert_true(ward_expiry_has_passed(&marks, 1000, 1000));
    assert_int_equal(ward_expiry_sweep_begin(&marks, 10), 1000); /* the sweeper goes as far as verdicts did */
    assert_true(ward_expiry_has_passed(&marks, 1000, 0));
    assert_int_equal(ward_expiry_sweep_begin(&marks, 20), 1000); /* the first one failed */
    ward_expiry_sweep_done();
    assert_true(ward_expiry_has_passed(&marks, 1000, 0)); /* a look may still hold the record of before */
    assert_int_equal(ward_expiry_sweep_begin(&marks, 30), 30);
    assert_false(ward_expiry_has_passed(&marks, 1000, 40)); /* a key that was made since */
}

static void test_what_passes_during_a_sweep_waits_for_the_next(void **state)
{
    (void)state;
    assert_true(ward_expiry_has_passed(&marks, 1000, 1000));
    assert_int_equal(ward_expiry_sweep_begin(&marks, 10), 1000);
    assert_true(ward_expiry_has_passed(&marks, 2000, 2000));
    assert_true(ward_expiry_has_passed(&marks, 500, 2000)); /* earlier than what is being swept: made since it began */
    ward_expiry_sweep_done();
    assert_int_equal(ward_expiry_sweep_begin(&marks, 20), 2000);
    assert_true(ward_expiry_has_passed(&marks, 500, 0));
    assert_true(ward_expiry_has_passed(&marks, 2000, 0));
}

/* A rotten mark is none: the sweeper must not disable what never expired. */
static void test_a_flipped_bit_is_no_mark(void **state)
{
    (void)state;
    const int64_t moments[] = { 1000, INT64_C(1795000000000), INT64_C(253402300799999) };
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            marks = (struct ward_table_marks){ 0 };
            assert_true(ward_expiry_has_passed(&marks, moments[i], moments[i]));
            assert_true(ward_expiry_has_passed(&marks, moments[i], 0));
            marks.expiry_seen ^= UINT64_C(1) << bit;
            assert_false(ward_expiry_has_passed(&marks, 1, 0));
            assert_int_equal(ward_expiry_sweep_begin(&marks, 7), 7);
            assert_true(ward_expiry_has_passed(&marks, moments[i], moments[i])); /* and is replaced by a good one */
            assert_true(ward_expiry_has_passed(&marks, moments[i], 0));
        }
    }
}

static void test_before_1970_and_after_10000(void **state)
{
    (void)state;
    assert_true(ward_expiry_has_passed(&marks, -5, 0));
    assert_false(ward_expiry_has_passed(&marks, 1000, 0));
    assert_true(ward_expiry_has_passed(&marks, INT64_MAX, INT64_MAX));
    assert_true(ward_expiry_has_passed(&marks, 1000, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_by_the_clock, forget),
        cmocka_unit_test_setup(test_once_passed_stays_passed, forget),
        cmocka_unit_test_setup(test_until_a_sweep_has_done_all, forget),
        cmocka_unit_test_setup(test_a_flipped_bit_is_no_mark, forget),
        cmocka_unit_test_setup(test_before_1970_and_after_10000, forget),
        cmocka_unit_test_setup(test_what_passes_during_a_sweep_waits_for_the_next, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
