/* API keys: when one is active, what a value may be, and what is wrong with an input. */
#include "model/api_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/iso8601.h"
#include "base/limits.h"
#include "base/seam.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BASE62      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static char long_text[WARD_METADATA_MAX + 1];

static int fill_long_text(void **state)
{
    (void)state;
    memset(long_text, 'a', sizeof(long_text));
    return 0;
}

static void test_active(void **state)
{
    (void)state;
    static const struct {
        bool is_enabled, is_removed;
        int64_t expires_ms, now_ms;
        bool is_active;
    } rows[] = {
        { true, false, WARD_TIME_NONE, 0, true },  { true, false, WARD_TIME_NONE, INT64_MAX, true },
        { true, false, 1000, 999, true },          { true, false, 1000, 1000, false }, /* now >= expiresAt */
        { true, false, 1000, 1001, false },        { true, false, -1000, -1001, true },
        { true, false, -1000, 0, false },          { false, false, WARD_TIME_NONE, 0, false },
        { false, false, 1000, 999, false },        { true, true, WARD_TIME_NONE, 0, false },
        { false, true, WARD_TIME_NONE, 0, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ward_api_key key = { .is_enabled = rows[i].is_enabled,
                                    .is_removed = rows[i].is_removed,
                                    .expires_ms = rows[i].expires_ms };
        assert_int_equal(ward_api_key_is_active(&key, rows[i].now_ms), rows[i].is_active);
    }
    struct ward_api_key zero = { 0 };
    assert_false(ward_api_key_is_active(&zero, -1));
}

static void test_drawn_values(void **state)
{
    (void)state;
    static const char *const prefixes[] = { [WARD_ENV_LIVE] = "live_", [WARD_ENV_TEST] = "test_" };
    for (int env = WARD_ENV_LIVE; env <= WARD_ENV_TEST; env++) {
        char text[WARD_KEY_GENERATED_CHARS_MAX + 1];
        size_t size = 0;
        assert_int_equal(ward_api_key_generate((enum ward_env)env, text, &size), WARD_OK);
        assert_int_equal(size, 69);
        assert_int_equal(strlen(text), size);
        assert_memory_equal(text, prefixes[env], 5);
        assert_int_equal(strspn(text + 5, BASE62), WARD_KEY_RANDOM_CHARS);
        assert_true(ward_api_key_value_ok(ward_span(text, size)));
    }
}

static int refuse_random(void *data, size_t size)
{
    (void)data, (void)size;
    return -1;
}

static void test_without_random(void **state)
{
    (void)state;
    struct ward_seam kept = ward_seam;
    char text[WARD_KEY_GENERATED_CHARS_MAX + 1] = "untouched";
    size_t size = 9;
    ward_seam.random = refuse_random;
    assert_int_equal(ward_api_key_generate(WARD_ENV_LIVE, text, &size), WARD_UNAVAILABLE);
    ward_seam = kept;
    assert_string_equal(text, "untouched");
    assert_int_equal(size, 9);
}

/* Alone, and at the end of a text, so that no position goes unread. */
static void test_every_byte_of_a_value(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        bool is_fine = byte > 0x20 && byte < 0x7f && !strchr("/?#%\\", byte);
        char text[] = { 'k', (char)byte };
        assert_int_equal(ward_api_key_value_ok(ward_span(text + 1, 1)), is_fine);
        assert_int_equal(ward_api_key_value_ok(ward_span(text, 2)), is_fine);
    }
}

static void test_length_of_a_value(void **state)
{
    (void)state;
    assert_false(ward_api_key_value_ok(WARD_SPAN_NONE));
    assert_false(ward_api_key_value_ok(WARD_SPAN("")));
    assert_true(ward_api_key_value_ok(WARD_SPAN("basic_key_1")));
    assert_true(ward_api_key_value_ok(ward_span(long_text, 255)));
    assert_false(ward_api_key_value_ok(ward_span(long_text, 256)));
}

/* ---- input ---- */

static struct ward_api_key_input named(void)
{
    return (struct ward_api_key_input){ .has_name = true, .name = WARD_SPAN("n"), .expires_ms = WARD_TIME_NONE };
}

static void check_one(struct ward_api_key_input *input, const char *member, enum ward_rule rule, int64_t number)
{
    ward_api_key_input_check(input);
    if (!member) {
        assert_int_equal(input->problems.count, 0);
        return;
    }
    assert_int_equal(input->problems.count, 1);
    assert_string_equal(input->problems.items[0].member, member);
    assert_int_equal(input->problems.items[0].rule, rule);
    assert_int_equal(input->problems.items[0].number, number);
}

static void test_names(void **state)
{
    (void)state;
    struct ward_api_key_input input = { 0 };
    ward_api_key_input_check(&input);
    assert_int_equal(input.problems.count, 2); /* contracts/theauthapi.md 1.7 */
    assert_int_equal(input.problems.items[0].rule, WARD_RULE_MIN_LENGTH);
    assert_int_equal(input.problems.items[1].rule, WARD_RULE_STRING);
    input = named();
    check_one(&input, NULL, 0, 0);
    input = named();
    input.name = WARD_SPAN("");
    check_one(&input, "name", WARD_RULE_MIN_LENGTH, 1);
    input = named();
    input.name = ward_span(long_text, 256);
    check_one(&input, "name", WARD_RULE_MAX_LENGTH, 255);
}

static void test_values(void **state)
{
    (void)state;
    const struct {
        struct ward_span value;
        const char *member;
        enum ward_rule rule;
        int64_t number;
    } rows[] = {
        { { "basic_key_1", 11 }, NULL, 0, 0 },
        { { long_text, 255 }, NULL, 0, 0 },
        { { "", 0 }, "key", WARD_RULE_MIN_LENGTH, 1 },
        { { NULL, 0 }, "key", WARD_RULE_MIN_LENGTH, 1 },
        { { long_text, 256 }, "key", WARD_RULE_MAX_LENGTH, 255 },
        { { "a b", 3 }, "key", WARD_RULE_CHARACTERS, 0 },
        { { "a/b", 3 }, "key", WARD_RULE_CHARACTERS, 0 },
        { { "a\0b", 3 }, "key", WARD_RULE_CHARACTERS, 0 },
        { { "\xc3\xa4", 2 }, "key", WARD_RULE_CHARACTERS, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ward_api_key_input input = named();
        input.has_value = true;
        input.value = rows[i].value;
        check_one(&input, rows[i].member, rows[i].rule, rows[i].number);
    }
}

static void test_metadata_size(void **state)
{
    (void)state;
    struct ward_api_key_input input = named();
    input.has_metadata = true;
    input.metadata = ward_span(long_text, WARD_METADATA_MAX);
    check_one(&input, NULL, 0, 0);
    input.metadata = ward_span(long_text, WARD_METADATA_MAX + 1);
    check_one(&input, "customMetaData", WARD_RULE_BYTES_MAX, WARD_METADATA_MAX);
}

static void test_custom_ids(void **state)
{
    (void)state;
    const struct {
        struct ward_span id;
        bool is_fine;
        enum ward_rule rule;
        int64_t number;
    } rows[] = {
        { { NULL, 0 }, true, 0, 0 },
        { { "", 0 }, true, 0, 0 },
        { { long_text, 255 }, true, 0, 0 },
        { { long_text, 256 }, false, WARD_RULE_MAX_LENGTH, 255 },
        { { "a\0", 2 }, false, WARD_RULE_CHARACTERS, 0 },
        { { "\x80", 1 }, false, WARD_RULE_CHARACTERS, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ward_api_key_input input = named();
        input.has_custom_account_id = true;
        input.custom_account_id = rows[i].id;
        check_one(&input, rows[i].is_fine ? NULL : "customAccountId", rows[i].rule, rows[i].number);
        input = named();
        input.has_custom_user_id = true;
        input.custom_user_id = rows[i].id;
        check_one(&input, rows[i].is_fine ? NULL : "customUserId", rows[i].rule, rows[i].number);
    }
}

static void test_expiry(void **state)
{
    (void)state;
    static const struct {
        int64_t expires_ms;
        bool is_fine;
    } rows[] = {
        { WARD_TIME_NONE, true },   { WARD_TIME_MIN_MS, true },      { 0, true },
        { WARD_TIME_MAX_MS, true }, { WARD_TIME_MIN_MS - 1, false }, { WARD_TIME_MAX_MS + 1, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ward_api_key_input input = named();
        input.has_expiry = true;
        input.expires_ms = rows[i].expires_ms;
        check_one(&input, rows[i].is_fine ? NULL : "expiry", WARD_RULE_DATE, 0);
    }
}

static void test_rate_limit(void **state)
{
    (void)state;
    static const struct {
        struct ward_rate_limit rate_limit;
        const char *member;
        enum ward_rule rule;
        int64_t number;
    } rows[] = {
        { { 0, 0 }, NULL, 0, 0 }, /* cleared */
        { { 1, 1 }, NULL, 0, 0 },
        { { WARD_RATE_LIMIT_MAX, WARD_RATE_LIMIT_TTL_MAX }, NULL, 0, 0 },
        { { 0, 1 }, "rateLimitConfigs.rateLimit", WARD_RULE_MIN, 1 },
        { { -1, 1 }, "rateLimitConfigs.rateLimit", WARD_RULE_MIN, 1 },
        { { INT64_MIN, 1 }, "rateLimitConfigs.rateLimit", WARD_RULE_MIN, 1 },
        { { 1, 0 }, "rateLimitConfigs.rateLimitTtl", WARD_RULE_MIN, 1 },
        { { INT64_MAX, 1 }, "rateLimitConfigs.rateLimit", WARD_RULE_MAX, WARD_RATE_LIMIT_MAX },
        { { 1, WARD_RATE_LIMIT_TTL_MAX + 1 }, "rateLimitConfigs.rateLimitTtl", WARD_RULE_MAX, WARD_RATE_LIMIT_TTL_MAX },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ward_api_key_input input = named();
        input.has_rate_limit = true;
        input.rate_limit = rows[i].rate_limit;
        check_one(&input, rows[i].member, rows[i].rule, rows[i].number);
    }
}

static void test_domains(void **state)
{
    (void)state;
    static const struct {
        const char *domains;
        bool is_fine;
    } rows[] = {
        { NULL, true },
        { "[]", true },
        { " [ ] ", true },
        { "[\"example.com\"]", true },
        { "[ \"example.com\" , \"*.example.org\",\n\"[::1]\"]", true },
        { "[\"example.com\",\"exa mple.com\"]", false },
        { "[\"\"]", false },
        { "[\"*\"]", false },
        { "[\"https://example.com\"]", false },
        { "[\"example\\u002ecom\"]", false }, /* an escape would have to be read again at each verification */
        { "", false },
        { "[", false },
        { "[\"a.b\"", false },
        { "[\"a.b\",]", false },
        { "[,\"a.b\"]", false },
        { "[\"a.b\" \"c.d\"]", false },
        { "[\"a.b\"]]", false },
        { "[1]", false },
        { "[null]", false },
        { "{}", false },
        { "\"a.b\"", false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ward_api_key_input input = named();
        input.has_allowed_domains = true;
        input.allowed_domains = ward_span_of(rows[i].domains);
        check_one(&input, rows[i].is_fine ? NULL : "allowedDomains", WARD_RULE_DOMAIN, 0);
    }
}

static struct ward_span repeat_domain(char *text, size_t count)
{
    size_t size = 0;
    text[size++] = '[';
    for (size_t i = 0; i < count; i++) {
        memcpy(text + size, i > 0 ? ",\"a\"" : " \"a\"", 4);
        size += 4;
    }
    text[size++] = ']';
    return ward_span(text, size);
}

static void test_number_of_domains(void **state)
{
    (void)state;
    char text[4 * (WARD_DOMAINS_MAX + 1) + 2];
    struct ward_api_key_input input = named();
    input.has_allowed_domains = true;
    input.allowed_domains = repeat_domain(text, WARD_DOMAINS_MAX);
    check_one(&input, NULL, 0, 0);
    input.allowed_domains = repeat_domain(text, WARD_DOMAINS_MAX + 1);
    check_one(&input, "allowedDomains", WARD_RULE_MAX, WARD_DOMAINS_MAX);
}

/* A member that was not sent is not looked at. */
static void test_members_not_sent(void **state)
{
    (void)state;
    struct ward_api_key_input input = named();
    input.value = WARD_SPAN("a b");
    input.description = WARD_SPAN("\xff");
    input.metadata = ward_span(long_text, sizeof(long_text));
    input.custom_account_id = WARD_SPAN("\xff");
    input.custom_user_id = WARD_SPAN("\xff");
    input.expires_ms = INT64_MAX;
    input.rate_limit = (struct ward_rate_limit){ -1, -1 };
    input.allowed_domains = WARD_SPAN("x");
    check_one(&input, NULL, 0, 0);
}

static struct ward_api_key_input all_wrong(void)
{
    struct ward_api_key_input input = named();
    input.has_description = input.has_value = input.has_metadata = input.has_custom_account_id = true;
    input.has_custom_user_id = input.has_expiry = input.has_rate_limit = input.has_allowed_domains = true;
    input.name = WARD_SPAN("");
    input.description = WARD_SPAN("\xff");
    input.value = WARD_SPAN("");
    input.metadata = ward_span(long_text, sizeof(long_text));
    input.custom_account_id = WARD_SPAN("\xff");
    input.custom_user_id = WARD_SPAN("\xff");
    input.expires_ms = INT64_MAX;
    input.rate_limit = (struct ward_rate_limit){ -1, -1 };
    input.allowed_domains = WARD_SPAN("x");
    return input;
}

static const char *const all_members[] = { "name",
                                           "description",
                                           "key",
                                           "customMetaData",
                                           "customAccountId",
                                           "customUserId",
                                           "expiry",
                                           "rateLimitConfigs.rateLimit",
                                           "rateLimitConfigs.rateLimitTtl",
                                           "allowedDomains" };

static void test_problems_in_member_order(void **state)
{
    (void)state;
    struct ward_api_key_input input = all_wrong();
    ward_api_key_input_check(&input);
    assert_int_equal(input.problems.count, COUNT(all_members));
    for (size_t i = 0; i < COUNT(all_members); i++) {
        assert_string_equal(input.problems.items[i].member, all_members[i]);
    }
}

/* What the surface found comes first in time but not in the list, and is never said twice. */
static void test_surface_problems_stand(void **state)
{
    (void)state;
    struct ward_api_key_input input = all_wrong();
    ward_problem_add(&input.problems, "strange", WARD_RULE_UNKNOWN_MEMBER, 0, NULL);
    for (size_t i = COUNT(all_members); i-- > 0;) {
        ward_problem_add(&input.problems, all_members[i], WARD_RULE_OBJECT, 0, NULL);
    }
    ward_problem_add(&input.problems, "projectId", WARD_RULE_UUID, 0, NULL);
    ward_api_key_input_check(&input);
    assert_int_equal(input.problems.count, COUNT(all_members) + 2);
    assert_string_equal(input.problems.items[0].member, "name");
    assert_string_equal(input.problems.items[2].member, "projectId");
    assert_string_equal(input.problems.items[COUNT(all_members) + 1].member, "strange");
    for (size_t i = 0; i < input.problems.count; i++) {
        assert_true(input.problems.items[i].rule == WARD_RULE_OBJECT || i == 2 || i == COUNT(all_members) + 1);
    }
}

static void test_wrong_rate_limit_object(void **state)
{
    (void)state;
    struct ward_api_key_input input = named();
    input.has_rate_limit = true;
    input.rate_limit = (struct ward_rate_limit){ -1, -1 };
    ward_problem_add(&input.problems, "rateLimitConfigs", WARD_RULE_OBJECT, 0, NULL);
    check_one(&input, "rateLimitConfigs", WARD_RULE_OBJECT, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_active),
        cmocka_unit_test(test_drawn_values),
        cmocka_unit_test(test_without_random),
        cmocka_unit_test(test_every_byte_of_a_value),
        cmocka_unit_test(test_length_of_a_value),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_metadata_size),
        cmocka_unit_test(test_custom_ids),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_rate_limit),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_number_of_domains),
        cmocka_unit_test(test_members_not_sent),
        cmocka_unit_test(test_problems_in_member_order),
        cmocka_unit_test(test_surface_problems_stand),
        cmocka_unit_test(test_wrong_rate_limit_object),
    };
    return cmocka_run_group_tests(tests, fill_long_text, NULL);
}
