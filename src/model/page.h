/* A page of a list: what came in a query, and what of it holds. Source: contracts/ncp.md 1 (paging). */
#ifndef WARD_MODEL_PAGE_H
#define WARD_MODEL_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/problem.h"

/** Rows, not pages. A member that was not sent is left at has_x false; what could not be read is a problem already. */
struct ward_page {
    bool has_offset, has_limit;
    int64_t offset, limit;
};

/** What a list tells beside its rows. */
struct ward_page_totals {
    int64_t total;   /* rows that match the filter, before paging */
    int64_t initial; /* rows that the caller has without a filter; 0 where a list has no such number */
};

/** Check offset (0 and up) and limit (1 and up); members "offset" and "limit". */
void ward_page_check(struct ward_problems *problems, const struct ward_page *page);

/** Rows to skip, and rows to give at most: never more than WARD_PAGE_ROWS_MAX. */
int64_t ward_page_offset(const struct ward_page *page);
int64_t ward_page_limit(const struct ward_page *page);

#endif
