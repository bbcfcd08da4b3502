#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/limits.h"

static void test_limits_are_rows(void **state)
{
    (void)state;
    assert_true(ward_limit_row_count > 30);
    bool is_found = false;
    for (size_t i = 0; i < ward_limit_row_count; i++) {
        assert_true(ward_limit_rows[i].value > 0);
        assert_true(strlen(ward_limit_rows[i].unit) > 0 && strlen(ward_limit_rows[i].text) > 0);
        is_found = is_found || (strcmp(ward_limit_rows[i].name, "JSON_DEPTH_MAX") == 0 &&
                                ward_limit_rows[i].value == WARD_JSON_DEPTH_MAX);
    }
    assert_true(is_found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_are_rows),
    };
    return cmocka_run_group_tests_name("base/limits", tests, NULL, NULL);
}
