#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"

static void test_nocase_is_ascii_only(void **state)
{
    (void)state;
    assert_true(ward_span_equal_nocase(WARD_SPAN("X-Api-KEY"), WARD_SPAN("x-aPI-key")));
    assert_true(ward_span_equal_nocase(WARD_SPAN_NONE, WARD_SPAN("")));
    assert_false(ward_span_equal_nocase(WARD_SPAN("ab"), WARD_SPAN("abc")));
    assert_false(ward_span_equal_nocase(WARD_SPAN("@[`{"), WARD_SPAN("`{@[")));
    assert_false(ward_span_equal_nocase(WARD_SPAN("\xc3\x84"), WARD_SPAN("\xc3\xa4")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nocase_is_ascii_only),
    };
    return cmocka_run_group_tests_name("base/span", tests, NULL, NULL);
}
