#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/status.h"

static void test_statuses_have_words(void **state)
{
    (void)state;
    for (int i = 0; i < WARD_STATUS_COUNT; i++) {
        assert_true(strlen(ward_status_code((enum ward_status)i)) > 0);
        assert_true(strlen(ward_status_text((enum ward_status)i)) > 0);
        assert_true(ward_status_http((enum ward_status)i) >= 200 && ward_status_http((enum ward_status)i) < 600);
    }
    assert_string_equal(ward_status_code(WARD_NOT_FOUND), "not_found");
    assert_int_equal(ward_status_http(WARD_NOT_FOUND), 404);
    assert_string_equal(ward_status_code((enum ward_status)WARD_STATUS_COUNT), "internal");
    assert_int_equal(ward_status_http((enum ward_status)(WARD_STATUS_COUNT + 1)), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses_have_words),
    };
    return cmocka_run_group_tests_name("base/status", tests, NULL, NULL);
}
