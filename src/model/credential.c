#include "model/credential.h"

#include "base/limits.h"
#include "model/text.h"

#define TOKEN_RANDOM_CHARS      43 /* 256 bits in base 62 */
#define IAM_SECRET_RANDOM_CHARS 40
#define IAM_ID_RANDOM_CHARS     20

static const char *const kind_names[] = {
    [WARD_CREDENTIAL_ACCESS_KEY] = "access-key", [WARD_CREDENTIAL_TOKEN] = "token", [WARD_CREDENTIAL_IAM] = "iam"
};

static const char *const members[] = { "name",      "accountId",    "projectId", "role",
                                       "rateLimit", "rateLimitTtl", "expiresAt" };

const char *ward_credential_kind_name(enum ward_credential_kind kind)
{
    return ward_name_at(kind_names, WARD_COUNT_OF(kind_names), kind);
}

bool ward_credential_kind_parse(struct ward_span name, enum ward_credential_kind *ret)
{
    unsigned index;
    if (!ward_name_find(kind_names, WARD_COUNT_OF(kind_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_credential_kind)index;
    return true;
}

enum ward_status ward_credential_generate(enum ward_credential_kind kind, enum ward_env env,
                                          char text[WARD_CREDENTIAL_VALUE_CHARS_MAX + 1], size_t *ret_size)
{
    size_t capacity = WARD_CREDENTIAL_VALUE_CHARS_MAX + 1;
    switch (kind) {
    case WARD_CREDENTIAL_ACCESS_KEY:
        return ward_text_draw(env == WARD_ENV_TEST ? "test_access_" : "live_access_", WARD_KEY_RANDOM_CHARS, text,
                              capacity, ret_size);
    case WARD_CREDENTIAL_TOKEN:
        return ward_text_draw("apnz_", TOKEN_RANDOM_CHARS, text, capacity, ret_size);
    case WARD_CREDENTIAL_IAM:
        return ward_text_draw("", IAM_SECRET_RANDOM_CHARS, text, capacity, ret_size);
    }
    return WARD_INTERNAL;
}

enum ward_status ward_credential_generate_iam_id(char text[WARD_CREDENTIAL_VALUE_CHARS_MAX + 1], size_t *ret_size)
{
    return ward_text_draw("ncp_iam_", IAM_ID_RANDOM_CHARS, text, WARD_CREDENTIAL_VALUE_CHARS_MAX + 1, ret_size);
}

static void check_rate(struct ward_credential_input *input, const char *member, bool has_number, bool has_other,
                       int64_t number, int64_t max)
{
    if (ward_problem_has(&input->problems, member)) {
        return;
    }
    if (!has_number) {
        if (has_other) {
            ward_problem_add(&input->problems, member, WARD_RULE_REQUIRED, 0, NULL);
        }
        return;
    }
    if (number < 1) {
        ward_problem_add(&input->problems, member, WARD_RULE_MIN, 1, NULL);
    } else if (number > max) {
        ward_problem_add(&input->problems, member, WARD_RULE_MAX, max, NULL);
    }
}

void ward_credential_input_check(struct ward_credential_input *input)
{
    ward_name_require(&input->problems, "name", input->has_name, input->name);
    check_rate(input, "rateLimit", input->has_rate_limit_number, input->has_rate_limit_ttl, input->rate_limit,
               WARD_RATE_LIMIT_MAX);
    check_rate(input, "rateLimitTtl", input->has_rate_limit_ttl, input->has_rate_limit_number, input->rate_limit_ttl,
               WARD_RATE_LIMIT_TTL_MAX);
    ward_problems_sort(&input->problems, members, WARD_COUNT_OF(members));
}
