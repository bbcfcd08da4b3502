/* Every maximum of Ward as a named constant: WARD_HTTP_TARGET_MAX and so on. The table itself is limits.def. */
#ifndef WARD_BASE_LIMITS_H
#define WARD_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

enum {
#define WARD_LIMIT(name, value, unit, text) WARD_##name = (value),
#include "base/limits.def"
#undef WARD_LIMIT
};

struct ward_limit_row {
    const char *name;
    int64_t value;
    const char *unit;
    const char *text;
};

/** The same table as data, for docs/limits.md and `ward help limits`. */
extern const struct ward_limit_row ward_limit_rows[];
extern const size_t ward_limit_row_count;

#endif
