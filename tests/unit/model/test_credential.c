/* Operator credentials: drawn texts and the rules of their input. */
#include "model/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/seam.h"

#define BASE62 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static void check_text(const char *text, size_t size, const char *prefix, size_t random)
{
    size_t prefix_size = strlen(prefix);
    assert_int_equal(size, prefix_size + random);
    assert_int_equal(strlen(text), size);
    assert_memory_equal(text, prefix, prefix_size);
    assert_int_equal(strspn(text + prefix_size, BASE62), random);
}

static void test_drawn_texts(void **state)
{
    (void)state;
    static const struct {
        enum ward_credential_kind kind;
        enum ward_env env;
        const char *prefix;
        size_t random;
    } rows[] = {
        { WARD_CREDENTIAL_ACCESS_KEY, WARD_ENV_LIVE, "live_access_", 64 },
        { WARD_CREDENTIAL_ACCESS_KEY, WARD_ENV_TEST, "test_access_", 64 },
        { WARD_CREDENTIAL_TOKEN, WARD_ENV_LIVE, "apnz_", 43 },
        { WARD_CREDENTIAL_TOKEN, WARD_ENV_TEST, "apnz_", 43 },
        { WARD_CREDENTIAL_IAM, WARD_ENV_LIVE, "", 40 },
        { WARD_CREDENTIAL_IAM, WARD_ENV_TEST, "", 40 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[WARD_CREDENTIAL_VALUE_CHARS_MAX + 1];
        char second[WARD_CREDENTIAL_VALUE_CHARS_MAX + 1];
        size_t size = 0;
        assert_int_equal(ward_credential_generate(rows[i].kind, rows[i].env, text, &size), WARD_OK);
        check_text(text, size, rows[i].prefix, rows[i].random);
        assert_int_equal(ward_credential_generate(rows[i].kind, rows[i].env, second, &size), WARD_OK);
        assert_string_not_equal(text, second);
        assert_true(ward_api_key_value_ok(ward_span(second, size)));
    }
}

static void test_drawn_iam_id(void **state)
{
    (void)state;
    char text[WARD_CREDENTIAL_VALUE_CHARS_MAX + 1];
    size_t size = 0;
    assert_int_equal(ward_credential_generate_iam_id(text, &size), WARD_OK);
    check_text(text, size, "ncp_iam_", 20);
}

static int refuse_random(void *data, size_t size)
{
    (void)data, (void)size;
    return -1;
}

static void test_without_random(void **state)
{
    (void)state;
    struct ward_seam kept = ward_seam;
    char text[WARD_CREDENTIAL_VALUE_CHARS_MAX + 1] = "untouched";
    size_t size = 9;
    ward_seam.random = refuse_random;
    for (int kind = WARD_CREDENTIAL_ACCESS_KEY; kind <= WARD_CREDENTIAL_IAM; kind++) {
        assert_int_equal(ward_credential_generate((enum ward_credential_kind)kind, WARD_ENV_LIVE, text, &size),
                         WARD_UNAVAILABLE);
    }
    assert_int_equal(ward_credential_generate_iam_id(text, &size), WARD_UNAVAILABLE);
    ward_seam = kept;
    assert_string_equal(text, "untouched");
    assert_int_equal(size, 9);
}

static void test_kind_names(void **state)
{
    (void)state;
    static const char *const names[] = { "access-key", "token", "iam" };
    enum ward_credential_kind kind = WARD_CREDENTIAL_IAM;
    for (int i = 0; i < 3; i++) {
        assert_string_equal(ward_credential_kind_name((enum ward_credential_kind)i), names[i]);
        assert_true(ward_credential_kind_parse(ward_span_of(names[i]), &kind));
        assert_int_equal(kind, i);
    }
    assert_null(ward_credential_kind_name((enum ward_credential_kind)3));
    assert_false(ward_credential_kind_parse(WARD_SPAN("access_key"), &kind));
    assert_false(ward_credential_kind_parse(WARD_SPAN_NONE, &kind));
}

static void test_rate_limit(void **state)
{
    (void)state;
    static const struct {
        bool has_number, has_ttl;
        int64_t number, ttl;
        const char *member; /* NULL: fine */
        enum ward_rule rule;
        int64_t limit;
    } rows[] = {
        { false, false, 0, 0, NULL, 0, 0 },
        { true, true, 1, 1, NULL, 0, 0 },
        { true, true, WARD_RATE_LIMIT_MAX, WARD_RATE_LIMIT_TTL_MAX, NULL, 0, 0 },
        { true, false, 1, 0, "rateLimitTtl", WARD_RULE_REQUIRED, 0 },
        { false, true, 0, 1, "rateLimit", WARD_RULE_REQUIRED, 0 },
        { true, true, 0, 1, "rateLimit", WARD_RULE_MIN, 1 },
        { true, true, -1, 1, "rateLimit", WARD_RULE_MIN, 1 },
        { true, true, 1, 0, "rateLimitTtl", WARD_RULE_MIN, 1 },
        { true, true, INT64_C(1) + WARD_RATE_LIMIT_MAX, 1, "rateLimit", WARD_RULE_MAX, WARD_RATE_LIMIT_MAX },
        { true, true, 1, INT64_MAX, "rateLimitTtl", WARD_RULE_MAX, WARD_RATE_LIMIT_TTL_MAX },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_credential_input input = { .has_name = true, .name = WARD_SPAN("n") };
        input.has_rate_limit_number = rows[i].has_number;
        input.has_rate_limit_ttl = rows[i].has_ttl;
        input.rate_limit = rows[i].number;
        input.rate_limit_ttl = rows[i].ttl;
        ward_credential_input_check(&input);
        assert_int_equal(input.problems.count, rows[i].member != NULL);
        if (rows[i].member) {
            assert_string_equal(input.problems.items[0].member, rows[i].member);
            assert_int_equal(input.problems.items[0].rule, rows[i].rule);
            assert_int_equal(input.problems.items[0].number, rows[i].limit);
        }
    }
}

static void test_problems_in_member_order(void **state)
{
    (void)state;
    static const char *const expected[] = { "name", "name", "accountId", "role", "rateLimit", "rateLimitTtl", "other" };
    struct ward_credential_input input = { .has_rate_limit_number = true };
    ward_problem_add(&input.problems, "other", WARD_RULE_UNKNOWN_MEMBER, 0, NULL);
    ward_problem_add(&input.problems, "rateLimitTtl", WARD_RULE_INTEGER, 0, NULL);
    ward_problem_add(&input.problems, "role", WARD_RULE_ENUM, 0, "viewer,user,admin");
    ward_problem_add(&input.problems, "accountId", WARD_RULE_UUID, 0, NULL);
    ward_credential_input_check(&input);
    assert_int_equal(input.problems.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(input.problems.items[i].member, expected[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drawn_texts),    cmocka_unit_test(test_drawn_iam_id),
        cmocka_unit_test(test_without_random), cmocka_unit_test(test_kind_names),
        cmocka_unit_test(test_rate_limit),     cmocka_unit_test(test_problems_in_member_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
