#include "base/limits.h"

const struct ward_limit_row ward_limit_rows[] = {
#define WARD_LIMIT(name, value, unit, text) { #name, (value), unit, text },
#include "base/limits.def"
#undef WARD_LIMIT
};

const size_t ward_limit_row_count = sizeof(ward_limit_rows) / sizeof(ward_limit_rows[0]);
