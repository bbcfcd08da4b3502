/* Pages: contracts/ncp.md 1. */
#include "model/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"

static void test_pages(void **state)
{
    (void)state;
    static const struct {
        struct ward_page page;
        size_t problems;
        int64_t offset, limit;
    } rows[] = {
        { { false, false, 0, 0 }, 0, 0, WARD_PAGE_ROWS_MAX },
        { { true, true, 0, 1 }, 0, 0, 1 },
        { { true, true, INT64_MAX, INT64_MAX }, 0, INT64_MAX, WARD_PAGE_ROWS_MAX },
        { { true, false, -1, 0 }, 1, 0, WARD_PAGE_ROWS_MAX },
        { { false, true, 0, 0 }, 1, 0, 0 },
        { { true, true, -1, -1 }, 2, 0, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_problems problems = { 0 };
        ward_page_check(&problems, &rows[i].page);
        assert_int_equal(rows[i].problems, problems.count);
        assert_int_equal(rows[i].offset, ward_page_offset(&rows[i].page));
        assert_int_equal(rows[i].limit, ward_page_limit(&rows[i].page));
    }
    struct ward_problems problems = { 0 };
    ward_problem_add(&problems, "limit", WARD_RULE_INTEGER, 0, NULL);
    ward_page_check(&problems, &(struct ward_page){ .has_limit = true });
    assert_int_equal(1, problems.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pages) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
