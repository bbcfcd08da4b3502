#include "model/verdict.h"

#include "model/text.h"

static const char *const reason_names[] = {
#define WARD_REASON(name, text, http) [WARD_VERDICT_##name] = (text),
#include "model/verdict.def"
#undef WARD_REASON
};

static const int reason_http[] = {
#define WARD_REASON(name, text, http) [WARD_VERDICT_##name] = (http),
#include "model/verdict.def"
#undef WARD_REASON
};

/* A number that is no reason reads as the zero verdict, which denies. */
static enum ward_reason bound(enum ward_reason reason)
{
    return (unsigned)reason < WARD_VERDICT_COUNT ? reason : WARD_VERDICT_STALE;
}

const char *ward_reason_name(enum ward_reason reason)
{
    return reason_names[bound(reason)];
}

int ward_reason_http(enum ward_reason reason)
{
    return reason_http[bound(reason)];
}
