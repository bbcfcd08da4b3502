/* The list of problems: bounded, in order, looked up by member. */
#include "model/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_adds_until_full(void **state)
{
    (void)state;
    struct ward_problems problems = { 0 };
    for (int i = 0; i < WARD_PROBLEMS_MAX + 5; i++) {
        ward_problem_add(&problems, "name", WARD_RULE_MIN, i, "text");
    }
    assert_int_equal(problems.count, WARD_PROBLEMS_MAX);
    for (int i = 0; i < WARD_PROBLEMS_MAX; i++) {
        assert_string_equal(problems.items[i].member, "name");
        assert_int_equal(problems.items[i].rule, WARD_RULE_MIN);
        assert_int_equal(problems.items[i].number, i);
        assert_string_equal(problems.items[i].text, "text");
    }
}

static void test_has(void **state)
{
    (void)state;
    struct ward_problems problems = { 0 };
    assert_false(ward_problem_has(&problems, "name"));
    ward_problem_add(&problems, "names", WARD_RULE_STRING, 0, NULL);
    assert_false(ward_problem_has(&problems, "name"));
    assert_true(ward_problem_has(&problems, "names"));
}

static void test_lengths_are_code_points(void **state)
{
    (void)state;
    static const struct {
        struct ward_span text;
        size_t min, max;
        int rule; /* -1: fine */
        int64_t number;
    } rows[] = {
        { { "", 0 }, 0, 0, -1, 0 },
        { { NULL, 0 }, 0, 3, -1, 0 },
        { { "", 0 }, 1, 3, WARD_RULE_MIN_LENGTH, 1 },
        { { "a", 1 }, 2, 3, WARD_RULE_MIN_LENGTH, 2 },
        { { "abc", 3 }, 1, 3, -1, 0 },
        { { "abcd", 4 }, 1, 3, WARD_RULE_MAX_LENGTH, 3 },
        { { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91", 9 }, 3, 3, -1, 0 },
        { { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91", 9 }, 1, 2, WARD_RULE_MAX_LENGTH, 2 },
        { { "\xf0\x9f\x94\x91", 4 }, 2, 9, WARD_RULE_MIN_LENGTH, 2 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_problems problems = { 0 };
        ward_problem_check_length(&problems, "m", rows[i].text, rows[i].min, rows[i].max);
        assert_int_equal(problems.count, rows[i].rule >= 0);
        if (problems.count > 0) {
            assert_int_equal(problems.items[0].rule, rows[i].rule);
            assert_int_equal(problems.items[0].number, rows[i].number);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adds_until_full),
        cmocka_unit_test(test_has),
        cmocka_unit_test(test_lengths_are_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
