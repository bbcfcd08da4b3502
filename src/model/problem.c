#include "model/problem.h"

#include "base/utf8.h"

void ward_problem_add(struct ward_problems *problems, const char *member, enum ward_rule rule, int64_t number,
                      const char *text)
{
    if (problems->count >= WARD_PROBLEMS_MAX) {
        return;
    }
    problems->items[problems->count++] = (struct ward_problem){
        .member = member, .rule = rule, .number = number, .text = text
    };
}

bool ward_problem_has(const struct ward_problems *problems, const char *member)
{
    for (size_t i = 0; i < problems->count; i++) {
        if (strcmp(problems->items[i].member, member) == 0) {
            return true;
        }
    }
    return false;
}

void ward_problem_check_length(struct ward_problems *problems, const char *member, struct ward_span text, size_t min,
                               size_t max)
{
    size_t count = ward_utf8_count(text);
    if (count < min) {
        ward_problem_add(problems, member, WARD_RULE_MIN_LENGTH, (int64_t)min, NULL);
    }
    if (count > max) {
        ward_problem_add(problems, member, WARD_RULE_MAX_LENGTH, (int64_t)max, NULL);
    }
}
