#include "model/api_key.h"

#include "base/iso8601.h"
#include "base/limits.h"
#include "model/origin.h"
#include "model/text.h"

/* The order in which problems are listed: as contracts/theauthapi.md 2.2 lists the members. */
static const char *const members[] = { "body",
                                       "name",
                                       "description",
                                       "projectId",
                                       "key",
                                       "customMetaData",
                                       "customAccountId",
                                       "customUserId",
                                       "expiry",
                                       "rateLimitConfigs",
                                       "rateLimitConfigs.rateLimit",
                                       "rateLimitConfigs.rateLimitTtl",
                                       "clientIP",
                                       "clientUserAgent",
                                       "allowedDomains" };

bool ward_api_key_is_active(const struct ward_api_key *key, int64_t now_ms)
{
    if (!key->is_enabled || key->is_removed) {
        return false;
    }
    return key->expires_ms == WARD_TIME_NONE || now_ms < key->expires_ms;
}

enum ward_status ward_api_key_generate(enum ward_env env, char text[WARD_KEY_GENERATED_CHARS_MAX + 1], size_t *ret_size)
{
    return ward_text_draw(env == WARD_ENV_TEST ? "test_" : "live_", WARD_KEY_RANDOM_CHARS, text,
                          WARD_KEY_GENERATED_CHARS_MAX + 1, ret_size);
}

enum ward_status ward_api_key_draw_pair_value(char text[WARD_KEY_PAIR_CHARS + 1])
{
    size_t size;
    return ward_text_draw("", WARD_KEY_PAIR_CHARS, text, WARD_KEY_PAIR_CHARS + 1, &size);
}

bool ward_key_slot_parse(struct ward_span name, enum ward_key_slot *ret)
{
    static const char *const names[WARD_SLOT_COUNT] = { "PRIMARY", "SECONDARY" };
    unsigned index;
    if (!ward_name_find(names, WARD_SLOT_COUNT, name, &index)) {
        return false;
    }
    *ret = (enum ward_key_slot)index;
    return true;
}

static bool is_value_char(char c)
{
    if (c <= ' ' || c > '~') {
        return false;
    }
    return c != '/' && c != '?' && c != '#' && c != '%' && c != '\\';
}

bool ward_api_key_value_ok(struct ward_span value)
{
    if (value.size == 0 || value.size > WARD_KEY_VALUE_MAX) {
        return false;
    }
    for (size_t i = 0; i < value.size; i++) {
        if (!is_value_char(value.data[i])) {
            return false;
        }
    }
    return true;
}

/* One problem a member: what the surface said about it stands. */
static bool wants_check(const struct ward_api_key_input *input, bool has_member, const char *member)
{
    return has_member && !ward_problem_has(&input->problems, member);
}

static void check_value(struct ward_api_key_input *input)
{
    if (!wants_check(input, input->has_value, "key")) {
        return;
    }
    if (input->value.size == 0) {
        ward_problem_add(&input->problems, "key", WARD_RULE_MIN_LENGTH, 1, NULL);
    } else if (input->value.size > WARD_KEY_VALUE_MAX) {
        ward_problem_add(&input->problems, "key", WARD_RULE_MAX_LENGTH, WARD_KEY_VALUE_MAX, NULL);
    } else if (!ward_api_key_value_ok(input->value)) {
        ward_problem_add(&input->problems, "key", WARD_RULE_CHARACTERS, 0, NULL);
    }
}

static void check_metadata(struct ward_api_key_input *input)
{
    if (wants_check(input, input->has_metadata, "customMetaData") && input->metadata.size > WARD_METADATA_MAX) {
        ward_problem_add(&input->problems, "customMetaData", WARD_RULE_BYTES_MAX, WARD_METADATA_MAX, NULL);
    }
}

static void check_text(struct ward_api_key_input *input, bool has_member, const char *member, struct ward_span text,
                       size_t max)
{
    if (wants_check(input, has_member, member)) {
        ward_text_check(&input->problems, member, text, 0, max);
    }
}

static void check_expiry(struct ward_api_key_input *input)
{
    if (!wants_check(input, input->has_expiry, "expiry") || input->expires_ms == WARD_TIME_NONE) {
        return;
    }
    if (input->expires_ms < WARD_TIME_MIN_MS || input->expires_ms > WARD_TIME_MAX_MS) {
        ward_problem_add(&input->problems, "expiry", WARD_RULE_DATE, 0, NULL);
    }
}

static void check_range(struct ward_api_key_input *input, const char *member, int64_t number, int64_t max)
{
    if (!wants_check(input, true, member)) {
        return;
    }
    if (number < 1) {
        ward_problem_add(&input->problems, member, WARD_RULE_MIN, 1, NULL);
    } else if (number > max) {
        ward_problem_add(&input->problems, member, WARD_RULE_MAX, max, NULL);
    }
}

static void check_rate_limit(struct ward_api_key_input *input)
{
    bool is_clear = input->rate_limit.limit == 0 && input->rate_limit.ttl_s == 0;
    if (!wants_check(input, input->has_rate_limit, "rateLimitConfigs") || is_clear) {
        return;
    }
    check_range(input, "rateLimitConfigs.rateLimit", input->rate_limit.limit, WARD_RATE_LIMIT_MAX);
    check_range(input, "rateLimitConfigs.rateLimitTtl", input->rate_limit.ttl_s, WARD_RATE_LIMIT_TTL_MAX);
}

static void check_domains(struct ward_api_key_input *input)
{
    if (!wants_check(input, input->has_allowed_domains, "allowedDomains") || !input->allowed_domains.data) {
        return;
    }
    struct ward_domain_reader reader = ward_domain_reader(input->allowed_domains);
    struct ward_span domain;
    size_t count = 0;
    while (ward_domain_next(&reader, &domain)) {
        reader.is_broken = !ward_domain_ok(domain);
        count++;
    }
    if (reader.is_broken) {
        ward_problem_add(&input->problems, "allowedDomains", WARD_RULE_DOMAIN, 0, NULL);
    } else if (count > WARD_DOMAINS_MAX) {
        ward_problem_add(&input->problems, "allowedDomains", WARD_RULE_MAX, WARD_DOMAINS_MAX, NULL);
    }
}

void ward_api_key_input_check(struct ward_api_key_input *input)
{
    ward_name_require(&input->problems, "name", input->has_name, input->name);
    /* The model bounds a description only as it bounds the body; NCP's 50 characters are its surface's rule. */
    check_text(input, input->has_description, "description", input->description, SIZE_MAX);
    check_value(input);
    check_metadata(input);
    check_text(input, input->has_custom_account_id, "customAccountId", input->custom_account_id, WARD_CUSTOM_ID_MAX);
    check_text(input, input->has_custom_user_id, "customUserId", input->custom_user_id, WARD_CUSTOM_ID_MAX);
    check_expiry(input);
    check_rate_limit(input);
    check_domains(input);
    ward_problems_sort(&input->problems, members, WARD_COUNT_OF(members));
}

void ward_key_pair_input_check(struct ward_key_pair_input *input, bool is_edit)
{
    static const char *const order[] = { "body", "apiKeyName", "apiKeyDescription", "isEnabled", "projectId" };
    ward_text_require(&input->problems, "apiKeyName", input->has_name, input->name, WARD_KEY_PAIR_NAME_MAX);
    ward_text_allow(&input->problems, "apiKeyDescription", input->has_description, input->description,
                    WARD_KEY_PAIR_DESCRIPTION_MAX);
    if (is_edit && !input->has_enabled && !ward_problem_has(&input->problems, "isEnabled")) {
        ward_problem_add(&input->problems, "isEnabled", WARD_RULE_REQUIRED, 0, NULL);
    }
    ward_problems_sort(&input->problems, order, WARD_COUNT_OF(order));
}
