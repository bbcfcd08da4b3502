/*
 * What a usage plan grants, and which answers count against its quotas: the terms of a plan, and of a stage for the
 * keys that have none. Source: contracts/ncp.md 6.2.
 */
#ifndef WARD_MODEL_PLAN_TERMS_H
#define WARD_MODEL_PLAN_TERMS_H

#include <stdbool.h>
#include <stdint.h>

#define WARD_QUOTA_NONE (-1) /* a quota of 0 is another thing: it lets nothing pass */

/** The class of a back end's answer; a bit each, so that a quota's condition is a set of them. */
enum ward_answer_class {
    WARD_ANSWER_2XX = 1 << 0,
    WARD_ANSWER_3XX = 1 << 1,
    WARD_ANSWER_4XX = 1 << 2,
    WARD_ANSWER_5XX = 1 << 3,
    WARD_ANSWER_OTHERS = 1 << 4
};
#define WARD_ANSWER_ALL 0 /* an empty condition: every call counts */

struct ward_plan_terms {
    uint32_t rate_rps;   /* requests in each second; 0: any number */
    int64_t day_quota;   /* calls in a calendar day; WARD_QUOTA_NONE: any number */
    int64_t month_quota; /* calls in a calendar month; WARD_QUOTA_NONE: any number */
    uint8_t classes;     /* which answers count against the quotas; WARD_ANSWER_ALL: every one */
};

#define WARD_PLAN_TERMS_NONE                                                                                           \
    {                                                                                                                  \
        .day_quota = WARD_QUOTA_NONE, .month_quota = WARD_QUOTA_NONE                                                   \
    }

/** The class of an HTTP status. */
static inline enum ward_answer_class ward_answer_class(int status)
{
    return status >= 200 && status < 600 ? (enum ward_answer_class)(1 << (status / 100 - 2)) : WARD_ANSWER_OTHERS;
}

/** True when an answer of a class counts against the quotas. */
static inline bool ward_plan_counts(const struct ward_plan_terms *terms, enum ward_answer_class answer)
{
    return terms->classes == WARD_ANSWER_ALL || (terms->classes & (unsigned)answer) != 0;
}

#endif
