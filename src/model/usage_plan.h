/*
 * Usage plans and their terms: how many requests a second, a day and a month a key may send to a stage. Pure rules.
 * Source: contracts/ncp.md 6.2.
 */
#ifndef WARD_MODEL_USAGE_PLAN_H
#define WARD_MODEL_USAGE_PLAN_H

#include "model/account.h"

#define WARD_QUOTA_NONE INT64_C(-1)

/** Classes of a back end's answer, as a bit set: which answers a quota counts. */
enum ward_answer_class {
    WARD_ANSWER_2XX = 1 << 0,
    WARD_ANSWER_3XX = 1 << 1,
    WARD_ANSWER_4XX = 1 << 2,
    WARD_ANSWER_5XX = 1 << 3,
    WARD_ANSWER_OTHERS = 1 << 4
};

/** What a plan grants. The terms of a stage without one: no rate, no quotas, all answers (ward_plan_terms_none). */
struct ward_plan_terms {
    uint32_t rate_rps;              /* requests a second; 0: no rate */
    int64_t day_quota, month_quota; /* WARD_QUOTA_NONE: none; 0 is a quota of nothing */
    uint8_t classes;                /* enum ward_answer_class; 0: all answers count */
};

#define WARD_PLAN_TERMS_NONE ((struct ward_plan_terms){ 0, WARD_QUOTA_NONE, WARD_QUOTA_NONE, 0 })

/** Read classes as they are written: 2xx, 3xx, 4xx, 5xx, others, joined by commas; "" is all. */
bool ward_answer_classes_parse(struct ward_span text, uint8_t *ret);

/** Write classes in that form, in that order, with a closing NUL; "" for all. Shape: at most WARD_ANSWER_CLASSES_CHARS.
 */
#define WARD_ANSWER_CLASSES_CHARS 22 /* 2xx,3xx,4xx,5xx,others */
void ward_answer_classes_format(uint8_t classes, char text[WARD_ANSWER_CLASSES_CHARS + 1]);

/** The class of an HTTP status: 200..299 is 2XX and so on; what is no status from 200 to 599 is OTHERS. */
enum ward_answer_class ward_answer_class_of(int status);

struct ward_usage_plan {
    struct ward_key_id id;
    struct ward_uuid account_id;
    struct ward_uuid project_id;
    bool is_scope_active; /* account and project; read together */
    struct ward_span name;
    struct ward_span description; /* "" when none */
    struct ward_plan_terms terms;
    int64_t associated_stages; /* read together; not stored here */
    struct ward_provenance provenance;
    int64_t version;
};

#define WARD_PLAN_NAME_MAX        45
#define WARD_PLAN_DESCRIPTION_MAX 50
#define WARD_PLAN_RATE_MAX        2147483647

/** Terms as they came. A member that was not sent, or was null, is "none". */
struct ward_terms_input {
    bool has_rate, has_day_quota, has_month_quota, has_classes;
    int64_t rate_rps, day_quota, month_quota;
    struct ward_span classes; /* quotaCondition */
};

/**
 * Check terms and read them.
 *
 * Shape:   rateRps 1..WARD_PLAN_RATE_MAX; quotas 0 and up, both or neither (REQUIRED names the missing one);
 *          quotaCondition as ward_answer_classes_parse takes it (ENUM).
 * Errors:  problems with members rateRps, dayQuotaRequest, monthQuotaRequest, quotaCondition; *ret holds only if there
 *          are none of them.
 */
void ward_terms_input_check(struct ward_problems *problems, const struct ward_terms_input *input,
                            struct ward_plan_terms *ret);

/** What creating and editing a plan take. An edit replaces the terms: what is absent is none; a description that was
 * not sent stays. */
struct ward_usage_plan_input {
    bool has_name, has_description, has_project;
    struct ward_span name, description;
    struct ward_span project; /* id as it came; create only */
    struct ward_terms_input terms;
    struct ward_problems problems;
};

/** Check an input; usagePlanName is required (1..45). Members: usagePlanName, usagePlanDescription and those of terms.
 */
void ward_usage_plan_input_check(struct ward_usage_plan_input *input, struct ward_plan_terms *ret_terms);

#endif
