#include "model/account.h"

#include "base/limits.h"
#include "model/text.h"

static const char *const env_names[] = { [WARD_ENV_LIVE] = "live", [WARD_ENV_TEST] = "test" };

static const char *const actor_names[] = {
    [WARD_ACTOR_NONE] = NULL,      [WARD_ACTOR_USER] = "USER", [WARD_ACTOR_ACCESS_KEY] = "ACCESS_KEY",
    [WARD_ACTOR_TOKEN] = "TOKEN",  [WARD_ACTOR_IAM] = "IAM",   [WARD_ACTOR_LOCAL] = "LOCAL",
    [WARD_ACTOR_SYSTEM] = "SYSTEM"
};

const char *ward_env_name(enum ward_env env)
{
    return ward_name_at(env_names, WARD_COUNT_OF(env_names), env);
}

bool ward_env_parse(struct ward_span name, enum ward_env *ret)
{
    unsigned index;
    if (!ward_name_find(env_names, WARD_COUNT_OF(env_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_env)index;
    return true;
}

const char *ward_actor_type_name(enum ward_actor_type type)
{
    return ward_name_at(actor_names, WARD_COUNT_OF(actor_names), type);
}

bool ward_actor_type_parse(struct ward_span name, enum ward_actor_type *ret)
{
    unsigned index;
    if (!ward_name_find(actor_names, WARD_COUNT_OF(actor_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_actor_type)index;
    return true;
}

void ward_name_check(struct ward_problems *problems, const char *member, struct ward_span name)
{
    ward_text_check(problems, member, name, 1, WARD_NAME_MAX);
}

void ward_name_require(struct ward_problems *problems, const char *member, bool has_name, struct ward_span name)
{
    if (ward_problem_has(problems, member)) {
        return;
    }
    if (!has_name) {
        ward_problem_add(problems, member, WARD_RULE_MIN_LENGTH, 1, NULL);
        ward_problem_add(problems, member, WARD_RULE_STRING, 0, NULL);
        return;
    }
    ward_name_check(problems, member, name);
}
