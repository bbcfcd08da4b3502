/* Subscriptions' rules: contracts/ncp.md 5.7, 6. */
#include "model/subscription.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_names(void **state)
{
    (void)state;
    static const char *const names[] = { NULL, "REQUEST", "ACCEPTED", "REJECTED", "DENY", "BLOCKED_REQUEST" };
    for (int i = 0; i < WARD_SUBSCRIPTION_STATUS_COUNT; i++) {
        enum ward_subscription_status status = WARD_SUBSCRIPTION_NONE;
        if (!names[i]) {
            assert_null(ward_subscription_status_name((enum ward_subscription_status)i));
            continue;
        }
        assert_string_equal(names[i], ward_subscription_status_name((enum ward_subscription_status)i));
        assert_true(ward_subscription_status_parse(ward_span_of(names[i]), &status));
        assert_int_equal(i, status);
    }
    enum ward_subscription_status status = WARD_SUBSCRIPTION_NONE;
    assert_false(ward_subscription_status_parse(WARD_SPAN("accepted"), &status));
    assert_false(ward_subscription_status_parse(WARD_SPAN(""), &status));
    assert_null(ward_subscription_status_name(WARD_SUBSCRIPTION_STATUS_COUNT));
}

/* What the owner decided stays as it is, whatever the product is. */
static void test_asking(void **state)
{
    (void)state;
    for (int i = 0; i < WARD_SUBSCRIPTION_STATUS_COUNT; i++) {
        enum ward_subscription_status before = (enum ward_subscription_status)i;
        bool is_open = before == WARD_SUBSCRIPTION_NONE || before == WARD_SUBSCRIPTION_REQUEST;
        assert_int_equal(is_open ? WARD_SUBSCRIPTION_ACCEPTED : before,
                         ward_subscription_asked(WARD_PRODUCT_PUBLIC, before));
        assert_int_equal(is_open ? WARD_SUBSCRIPTION_REQUEST : before,
                         ward_subscription_asked(WARD_PRODUCT_PROTECTED, before));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_asking) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
