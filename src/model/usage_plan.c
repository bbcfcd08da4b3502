#include "model/usage_plan.h"

#include "model/text.h"

#define MEMBER_RATE    "rateRps"
#define MEMBER_DAY     "dayQuotaRequest"
#define MEMBER_MONTH   "monthQuotaRequest"
#define MEMBER_CLASSES "quotaCondition"

static const char *const members[] = { "body",      "usagePlanName", "usagePlanDescription", "projectId",
                                       MEMBER_RATE, MEMBER_DAY,      MEMBER_MONTH,           MEMBER_CLASSES };

/* In the order in which they are written; the index is the bit. */
static const char *const class_names[] = { "2xx", "3xx", "4xx", "5xx", "others" };

bool ward_answer_classes_parse(struct ward_span text, uint8_t *ret)
{
    uint8_t classes = 0;
    size_t at = 0;
    while (at < text.size) {
        size_t end = at;
        while (end < text.size && text.data[end] != ',') {
            end++;
        }
        unsigned index;
        if (!ward_name_find(class_names, WARD_COUNT_OF(class_names), ward_span(text.data + at, end - at), &index) ||
            end + 1 == text.size) {
            return false;
        }
        classes |= (uint8_t)(1u << index);
        at = end + 1;
    }
    *ret = classes;
    return true;
}

void ward_answer_classes_format(uint8_t classes, char text[WARD_ANSWER_CLASSES_CHARS + 1])
{
    size_t size = 0;
    for (unsigned i = 0; i < WARD_COUNT_OF(class_names); i++) {
        if (!(classes & (1u << i))) {
            continue;
        }
        if (size > 0) {
            text[size++] = ',';
        }
        memcpy(text + size, class_names[i], strlen(class_names[i]));
        size += strlen(class_names[i]);
    }
    text[size] = '\0';
}

enum ward_answer_class ward_answer_class_of(int status)
{
    if (status < 200 || status > 599) {
        return WARD_ANSWER_OTHERS;
    }
    return (enum ward_answer_class)(1 << (status / 100 - 2));
}

static void check_rate(struct ward_problems *problems, const struct ward_terms_input *input)
{
    if (!input->has_rate || ward_problem_has(problems, MEMBER_RATE)) {
        return;
    }
    if (input->rate_rps < 1) {
        ward_problem_add(problems, MEMBER_RATE, WARD_RULE_MIN, 1, NULL);
    } else if (input->rate_rps > WARD_PLAN_RATE_MAX) {
        ward_problem_add(problems, MEMBER_RATE, WARD_RULE_MAX, WARD_PLAN_RATE_MAX, NULL);
    }
}

/* contracts/ncp.md 6.2: a quota a day needs one a month, and the other way round. */
static void check_quota(struct ward_problems *problems, const char *member, bool has_quota, bool has_other,
                        int64_t quota)
{
    if (ward_problem_has(problems, member)) {
        return;
    }
    if (!has_quota && has_other) {
        ward_problem_add(problems, member, WARD_RULE_REQUIRED, 0, NULL);
    } else if (has_quota && quota < 0) {
        ward_problem_add(problems, member, WARD_RULE_MIN, 0, NULL);
    }
}

void ward_terms_input_check(struct ward_problems *problems, const struct ward_terms_input *input,
                            struct ward_plan_terms *ret)
{
    uint8_t classes = 0;
    check_rate(problems, input);
    check_quota(problems, MEMBER_DAY, input->has_day_quota, input->has_month_quota, input->day_quota);
    check_quota(problems, MEMBER_MONTH, input->has_month_quota, input->has_day_quota, input->month_quota);
    if (input->has_classes && !ward_answer_classes_parse(input->classes, &classes) &&
        !ward_problem_has(problems, MEMBER_CLASSES)) {
        ward_problem_add(problems, MEMBER_CLASSES, WARD_RULE_ENUM, 0, "2xx, 3xx, 4xx, 5xx, others");
    }
    *ret = WARD_PLAN_TERMS_NONE;
    ret->classes = classes;
    if (input->has_rate && input->rate_rps >= 1 && input->rate_rps <= WARD_PLAN_RATE_MAX) {
        ret->rate_rps = (uint32_t)input->rate_rps;
    }
    if (input->has_day_quota) {
        ret->day_quota = input->day_quota;
    }
    if (input->has_month_quota) {
        ret->month_quota = input->month_quota;
    }
}

void ward_usage_plan_input_check(struct ward_usage_plan_input *input, struct ward_plan_terms *ret_terms)
{
    ward_text_require(&input->problems, "usagePlanName", input->has_name, input->name, WARD_PLAN_NAME_MAX);
    ward_text_allow(&input->problems, "usagePlanDescription", input->has_description, input->description,
                    WARD_PLAN_DESCRIPTION_MAX);
    ward_terms_input_check(&input->problems, &input->terms, ret_terms);
    ward_problems_sort(&input->problems, members, WARD_COUNT_OF(members));
}
