/* The answer of a verification: valid, or exactly one reason why not. The zero value denies. Source: design 2, 4. */
#ifndef WARD_MODEL_VERDICT_H
#define WARD_MODEL_VERDICT_H

enum ward_reason {
#define WARD_REASON(name, text, http) WARD_VERDICT_##name,
#include "model/verdict.def"
#undef WARD_REASON
    WARD_VERDICT_COUNT
};

_Static_assert(WARD_VERDICT_STALE == 0, "an undecided verdict denies");

const char *ward_reason_name(enum ward_reason reason);
int ward_reason_http(enum ward_reason reason);

#endif
