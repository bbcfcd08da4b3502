/* Every reason, its name and its status; a number that is none denies. */
#include "model/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_reasons(void **state)
{
    (void)state;
    static const struct {
        enum ward_reason reason;
        const char *name;
        int http;
    } rows[] = {
        { WARD_VERDICT_STALE, "stale", 503 },
        { WARD_VERDICT_VALID, "valid", 200 },
        { WARD_VERDICT_MALFORMED, "malformed", 401 },
        { WARD_VERDICT_UNKNOWN, "unknown", 401 },
        { WARD_VERDICT_DISABLED, "disabled", 401 },
        { WARD_VERDICT_EXPIRED, "expired", 401 },
        { WARD_VERDICT_LIMITED, "limited", 429 },
        { WARD_VERDICT_THROTTLED, "throttled", 429 },
        { WARD_VERDICT_QUOTA_EXCEEDED, "quota_exceeded", 429 },
        { WARD_VERDICT_NOT_SUBSCRIBED, "not_subscribed", 403 },
        { WARD_VERDICT_ORIGIN_NOT_ALLOWED, "origin_not_allowed", 403 },
        { WARD_VERDICT_PROJECT_INACTIVE, "project_inactive", 403 },
        { WARD_VERDICT_WRONG_ENVIRONMENT, "wrong_environment", 403 },
        { WARD_VERDICT_SOURCE_NOT_ALLOWED, "source_not_allowed", 403 },
        { WARD_VERDICT_MAINTENANCE, "maintenance", 503 },
        { WARD_VERDICT_NOT_YET_VALID, "not_yet_valid", 401 },
        { WARD_VERDICT_WRONG_ISSUER, "wrong_issuer", 401 },
        { WARD_VERDICT_WRONG_AUDIENCE, "wrong_audience", 401 },
    };
    assert_int_equal(sizeof(rows) / sizeof(rows[0]), WARD_VERDICT_COUNT);
    for (size_t i = 0; i < WARD_VERDICT_COUNT; i++) {
        assert_string_equal(ward_reason_name(rows[i].reason), rows[i].name);
        assert_int_equal(ward_reason_http(rows[i].reason), rows[i].http);
    }
}

static void test_only_valid_admits(void **state)
{
    (void)state;
    for (int i = -1; i <= WARD_VERDICT_COUNT; i++) {
        assert_int_equal(ward_reason_http((enum ward_reason)i) == 200, i == WARD_VERDICT_VALID);
    }
    assert_string_equal(ward_reason_name(WARD_VERDICT_COUNT), "stale");
    assert_string_equal(ward_reason_name((enum ward_reason) - 1), "stale");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_reasons), cmocka_unit_test(test_only_valid_admits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
