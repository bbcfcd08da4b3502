#include "model/page.h"

#include "base/limits.h"

void ward_page_check(struct ward_problems *problems, const struct ward_page *page)
{
    if (page->has_offset && page->offset < 0 && !ward_problem_has(problems, "offset")) {
        ward_problem_add(problems, "offset", WARD_RULE_MIN, 0, NULL);
    }
    if (page->has_limit && page->limit < 1 && !ward_problem_has(problems, "limit")) {
        ward_problem_add(problems, "limit", WARD_RULE_MIN, 1, NULL);
    }
}

int64_t ward_page_offset(const struct ward_page *page)
{
    return page->has_offset && page->offset > 0 ? page->offset : 0;
}

int64_t ward_page_limit(const struct ward_page *page)
{
    if (!page->has_limit || page->limit > WARD_PAGE_ROWS_MAX) {
        return WARD_PAGE_ROWS_MAX;
    }
    return page->limit < 0 ? 0 : page->limit;
}
