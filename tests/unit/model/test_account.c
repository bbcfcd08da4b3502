/* Names of environments, actors and of everything that has a name. */
#include "model/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"

static void test_environments(void **state)
{
    (void)state;
    enum ward_env env = WARD_ENV_TEST;
    assert_string_equal(ward_env_name(WARD_ENV_LIVE), "live");
    assert_string_equal(ward_env_name(WARD_ENV_TEST), "test");
    assert_null(ward_env_name((enum ward_env)2));
    assert_true(ward_env_parse(WARD_SPAN("live"), &env));
    assert_int_equal(env, WARD_ENV_LIVE);
    assert_true(ward_env_parse(WARD_SPAN("test"), &env));
    assert_int_equal(env, WARD_ENV_TEST);
    static const char *const wrong[] = { "", "LIVE", "prod", "live ", "tes", NULL };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(ward_env_parse(ward_span_of(wrong[i]), &env));
        assert_int_equal(env, WARD_ENV_TEST);
    }
}

static void test_actors(void **state)
{
    (void)state;
    static const char *const names[] = { NULL, "USER", "ACCESS_KEY", "TOKEN", "IAM", "LOCAL", "SYSTEM" };
    for (int i = 1; i <= WARD_ACTOR_SYSTEM; i++) {
        enum ward_actor_type type = WARD_ACTOR_NONE;
        assert_string_equal(ward_actor_type_name((enum ward_actor_type)i), names[i]);
        assert_true(ward_actor_type_parse(ward_span_of(names[i]), &type));
        assert_int_equal(type, i);
    }
    enum ward_actor_type type = WARD_ACTOR_IAM;
    assert_null(ward_actor_type_name(WARD_ACTOR_NONE));
    assert_null(ward_actor_type_name((enum ward_actor_type)(WARD_ACTOR_SYSTEM + 1)));
    assert_false(ward_actor_type_parse(WARD_SPAN(""), &type));
    assert_false(ward_actor_type_parse(WARD_SPAN_NONE, &type));
    assert_false(ward_actor_type_parse(WARD_SPAN("user"), &type));
    assert_int_equal(type, WARD_ACTOR_IAM);
}

/* 255 and 256 characters of three bytes each. */
static char euros[3 * (WARD_NAME_MAX + 1)];

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(euros); i++) {
        euros[i] = "\xe2\x82\xac"[i % 3];
    }
    const struct {
        struct ward_span name;
        int rule;
        int64_t number;
    } rows[] = {
        { { "a", 1 }, -1, 0 },
        { { " ", 1 }, -1, 0 },
        { { euros, 3 * WARD_NAME_MAX }, -1, 0 },
        { { "", 0 }, WARD_RULE_MIN_LENGTH, 1 },
        { { euros, 3 * (WARD_NAME_MAX + 1) }, WARD_RULE_MAX_LENGTH, WARD_NAME_MAX },
        { { "a\0b", 3 }, WARD_RULE_CHARACTERS, 0 },
        { { "\0", 1 }, WARD_RULE_CHARACTERS, 0 },
        { { "a\xff", 2 }, WARD_RULE_CHARACTERS, 0 },
        { { euros, 2 }, WARD_RULE_CHARACTERS, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_problems problems = { 0 };
        ward_name_check(&problems, "name", rows[i].name);
        assert_int_equal(problems.count, rows[i].rule >= 0);
        if (problems.count > 0) {
            assert_string_equal(problems.items[0].member, "name");
            assert_int_equal(problems.items[0].rule, rows[i].rule);
            assert_int_equal(problems.items[0].number, rows[i].number);
        }
    }
}

/* contracts/theauthapi.md 1.7 shows both, in this order. */
static void test_missing_name(void **state)
{
    (void)state;
    struct ward_problems problems = { 0 };
    ward_name_require(&problems, "name", false, WARD_SPAN_NONE);
    assert_int_equal(problems.count, 2);
    assert_int_equal(problems.items[0].rule, WARD_RULE_MIN_LENGTH);
    assert_int_equal(problems.items[0].number, 1);
    assert_int_equal(problems.items[1].rule, WARD_RULE_STRING);
}

static void test_no_second_problem(void **state)
{
    (void)state;
    struct ward_problems problems = { 0 };
    ward_problem_add(&problems, "name", WARD_RULE_STRING, 0, NULL);
    ward_name_require(&problems, "name", false, WARD_SPAN_NONE);
    ward_name_require(&problems, "name", true, WARD_SPAN(""));
    assert_int_equal(problems.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environments),
        cmocka_unit_test(test_actors),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_missing_name),
        cmocka_unit_test(test_no_second_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
