/* Usage plans' rules: contracts/ncp.md 6.2, row by row. */
#include "model/usage_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_answer_classes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int classes; /* -1: refused */
        const char *written;
    } rows[] = {
        { "", 0, "" },
        { "2xx", 1, "2xx" },
        { "others,2xx", 17, "2xx,others" },
        { "2xx,3xx,4xx,5xx,others", 31, "2xx,3xx,4xx,5xx,others" },
        { "5xx,5xx", 8, "5xx" },
        { "2XX", -1, NULL },
        { "1xx", -1, NULL },
        { "2xx,", -1, NULL },
        { ",2xx", -1, NULL },
        { "2xx, 3xx", -1, NULL },
        { ",", -1, NULL },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t classes = 99;
        char text[WARD_ANSWER_CLASSES_CHARS + 1];
        assert_int_equal(rows[i].classes >= 0, ward_answer_classes_parse(ward_span_of(rows[i].text), &classes));
        assert_int_equal(rows[i].classes < 0 ? 99 : rows[i].classes, classes);
        if (rows[i].written) {
            ward_answer_classes_format(classes, text);
            assert_string_equal(rows[i].written, text);
        }
    }
}

static void test_the_class_of_a_status(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum ward_answer_class class;
    } rows[] = { { 199, WARD_ANSWER_OTHERS }, { 200, WARD_ANSWER_2XX },  { 299, WARD_ANSWER_2XX },
                 { 300, WARD_ANSWER_3XX },    { 404, WARD_ANSWER_4XX },  { 599, WARD_ANSWER_5XX },
                 { 600, WARD_ANSWER_OTHERS }, { 0, WARD_ANSWER_OTHERS }, { -200, WARD_ANSWER_OTHERS } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rows[i].class, ward_answer_class_of(rows[i].status));
    }
}

#define TERMS(...) ((struct ward_terms_input){ __VA_ARGS__ })

static void test_terms(void **state)
{
    (void)state;
    const struct {
        struct ward_terms_input input;
        const char *member; /* NULL: sound */
        enum ward_rule rule;
    } rows[] = {
        { TERMS(0), NULL, 0 },
        { TERMS(.has_rate = true, .rate_rps = 1), NULL, 0 },
        { TERMS(.has_rate = true, .rate_rps = 2147483647), NULL, 0 },
        { TERMS(.has_rate = true, .rate_rps = 0), "rateRps", WARD_RULE_MIN },
        { TERMS(.has_rate = true, .rate_rps = 2147483648), "rateRps", WARD_RULE_MAX },
        { TERMS(.has_day_quota = true, .has_month_quota = true), NULL, 0 },
        { TERMS(.has_day_quota = true, .has_month_quota = true, .day_quota = INT64_MAX), NULL, 0 },
        { TERMS(.has_day_quota = true, .has_month_quota = true, .day_quota = -1), "dayQuotaRequest", WARD_RULE_MIN },
        { TERMS(.has_day_quota = true, .has_month_quota = true, .month_quota = -1), "monthQuotaRequest",
          WARD_RULE_MIN },
        { TERMS(.has_day_quota = true), "monthQuotaRequest", WARD_RULE_REQUIRED },
        { TERMS(.has_month_quota = true), "dayQuotaRequest", WARD_RULE_REQUIRED },
        { TERMS(.has_classes = true, .classes = WARD_SPAN_INIT("4xx")), NULL, 0 },
        { TERMS(.has_classes = true, .classes = WARD_SPAN_INIT("4XX")), "quotaCondition", WARD_RULE_ENUM },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_problems problems = { 0 };
        struct ward_plan_terms terms;
        ward_terms_input_check(&problems, &rows[i].input, &terms);
        assert_int_equal(rows[i].member != NULL, problems.count);
        if (rows[i].member) {
            assert_string_equal(rows[i].member, problems.items[0].member);
            assert_int_equal(rows[i].rule, problems.items[0].rule);
            continue;
        }
        assert_int_equal(rows[i].input.has_rate ? rows[i].input.rate_rps : 0, terms.rate_rps);
        assert_int_equal(rows[i].input.has_day_quota ? rows[i].input.day_quota : WARD_QUOTA_NONE, terms.day_quota);
        assert_int_equal(rows[i].input.has_month_quota ? rows[i].input.month_quota : WARD_QUOTA_NONE,
                         terms.month_quota);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char long_name[] = "\xED\x82\xA4\xED\x82\xA4\xED\x82\xA4\xED\x82\xA4\xED\x82\xA4" /* 5 of 3 bytes */
                                    "1234567890123456789012345678901234567890x";
    const struct {
        bool has_name;
        struct ward_span name;
        int rule; /* -1: sound */
    } rows[] = {
        { false, WARD_SPAN_NONE, WARD_RULE_REQUIRED },
        { true, WARD_SPAN(""), WARD_RULE_MIN_LENGTH },
        { true, WARD_SPAN("x"), -1 },
        { true, ward_span(long_name, sizeof(long_name) - 2), -1 }, /* 45 characters */
        { true, ward_span(long_name, sizeof(long_name) - 1), WARD_RULE_MAX_LENGTH },
        { true, WARD_SPAN("\xFF"), WARD_RULE_CHARACTERS },
        { true, WARD_SPAN("a\0b"), WARD_RULE_CHARACTERS },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_usage_plan_input input = { .has_name = rows[i].has_name, .name = rows[i].name };
        struct ward_plan_terms terms;
        ward_usage_plan_input_check(&input, &terms);
        assert_int_equal(rows[i].rule >= 0, input.problems.count);
        if (rows[i].rule >= 0) {
            assert_string_equal("usagePlanName", input.problems.items[0].member);
            assert_int_equal(rows[i].rule, input.problems.items[0].rule);
        }
    }
}

static void test_a_surfaces_problem_stands(void **state)
{
    (void)state;
    struct ward_usage_plan_input input = { .terms = { .has_rate = true, .rate_rps = -1 } };
    struct ward_plan_terms terms;
    ward_problem_add(&input.problems, "rateRps", WARD_RULE_INTEGER, 0, NULL);
    ward_usage_plan_input_check(&input, &terms);
    assert_int_equal(2, input.problems.count);
    assert_string_equal("usagePlanName", input.problems.items[0].member); /* in the order of the contract */
    assert_int_equal(WARD_RULE_INTEGER, input.problems.items[1].rule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer_classes),
        cmocka_unit_test(test_the_class_of_a_status),
        cmocka_unit_test(test_terms),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_a_surfaces_problem_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
