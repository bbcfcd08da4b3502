/*
 * What is wrong with an input: a list of (member, rule) pairs in a fixed order. The model finds them, each surface
 * words them (Nest's sentences, NCP's details, RFC 9457). One place for validation, any number of wordings.
 */
#ifndef WARD_MODEL_PROBLEM_H
#define WARD_MODEL_PROBLEM_H

#include <stdint.h>

#include "base/span.h"

enum ward_rule {
    WARD_RULE_SYNTAX,      /* the body is not JSON; text says why */
    WARD_RULE_BODY_OBJECT, /* the body is not a JSON object */
    WARD_RULE_STRING,
    WARD_RULE_MIN_LENGTH, /* number: characters */
    WARD_RULE_MAX_LENGTH, /* number: characters */
    WARD_RULE_OBJECT,
    WARD_RULE_ARRAY,
    WARD_RULE_BOOLEAN,
    WARD_RULE_INTEGER,
    WARD_RULE_MIN,  /* number */
    WARD_RULE_MAX,  /* number */
    WARD_RULE_DATE, /* ISO 8601 */
    WARD_RULE_UUID,
    WARD_RULE_ENUM,       /* text: the allowed values, comma separated */
    WARD_RULE_CHARACTERS, /* holds characters that are not allowed */
    WARD_RULE_DOMAIN,     /* not a host name or *.host name */
    WARD_RULE_BYTES_MAX,  /* number: bytes of the member's text */
    WARD_RULE_REQUIRED,
    WARD_RULE_UNKNOWN_PROJECT,
    WARD_RULE_UNKNOWN_MEMBER /* the native surface is strict */
};

struct ward_problem {
    const char *member; /* "name", "rateLimitConfigs.rateLimit"; fixed text */
    enum ward_rule rule;
    int64_t number;
    const char *text; /* fixed text or NULL */
};

#define WARD_PROBLEMS_MAX 32

struct ward_problems {
    size_t count;
    struct ward_problem items[WARD_PROBLEMS_MAX];
};

/** Add a problem; beyond the maximum it is dropped (the input is refused all the same). */
void ward_problem_add(struct ward_problems *problems, const char *member, enum ward_rule rule, int64_t number,
                      const char *text);

/** True when a problem with this member is listed already. */
bool ward_problem_has(const struct ward_problems *problems, const char *member);

/** Check a string's length in code points; adds MIN_LENGTH and MAX_LENGTH problems. */
void ward_problem_check_length(struct ward_problems *problems, const char *member, struct ward_span text, size_t min,
                               size_t max);

#endif
