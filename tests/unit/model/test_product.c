/* Products, APIs and stages: contracts/ncp.md 6.3, row by row. */
#include "model/product.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_only(const struct ward_problems *problems, const char *member, enum ward_rule rule)
{
    assert_int_equal(member != NULL, problems->count);
    if (member) {
        assert_string_equal(member, problems->items[0].member);
        assert_int_equal(rule, problems->items[0].rule);
    }
}

static void test_products(void **state)
{
    (void)state;
    static char text[302];
    memset(text, 'x', sizeof(text));
    const struct {
        enum ward_input_use use;
        struct ward_product_input input;
        const char *member;
        enum ward_rule rule;
    } rows[] = {
#define NAMED .has_name = true, .name = WARD_SPAN_INIT("p"), .has_code = true
        { WARD_INPUT_EDIT, { 0 }, NULL, 0 },
        { WARD_INPUT_CREATE, { NAMED, .code = WARD_SPAN_INIT("PUBLIC") }, NULL, 0 },
        { WARD_INPUT_CREATE, { NAMED, .code = WARD_SPAN_INIT("PROTECTED") }, NULL, 0 },
        { WARD_INPUT_CREATE, { NAMED, .code = WARD_SPAN_INIT("Public") }, "subscriptionCode", WARD_RULE_ENUM },
        { WARD_INPUT_CREATE, { NAMED }, "subscriptionCode", WARD_RULE_ENUM },
        { WARD_INPUT_CREATE,
          { .has_code = true, .code = WARD_SPAN_INIT("PUBLIC") },
          "productName",
          WARD_RULE_REQUIRED },
        { WARD_INPUT_EDIT, { .has_name = true }, "productName", WARD_RULE_MIN_LENGTH },
        { WARD_INPUT_EDIT, { .has_name = true, .name = { text, 100 } }, NULL, 0 },
        { WARD_INPUT_EDIT, { .has_name = true, .name = { text, 101 } }, "productName", WARD_RULE_MAX_LENGTH },
        { WARD_INPUT_EDIT, { .has_description = true, .description = { text, 300 } }, NULL, 0 },
        { WARD_INPUT_EDIT,
          { .has_description = true, .description = { text, 301 } },
          "description",
          WARD_RULE_MAX_LENGTH },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_product_input input = rows[i].input;
        ward_product_input_check(&input, rows[i].use);
        assert_only(&input.problems, rows[i].member, rows[i].rule);
    }
}

static void test_apis(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *member;
        enum ward_rule rule;
    } rows[] = {
        { "a", NULL, 0 },
        { "aZ09_-", NULL, 0 },
        { "12345678901234567890", NULL, 0 },
        { "123456789012345678901", "apiName", WARD_RULE_MAX_LENGTH },
        { "", "apiName", WARD_RULE_MIN_LENGTH },
        { "a b", "apiName", WARD_RULE_CHARACTERS },
        { "a.b", "apiName", WARD_RULE_CHARACTERS },
        { "\xC3\xA4", "apiName", WARD_RULE_CHARACTERS },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_api_input input = { .has_name = true, .name = ward_span_of(rows[i].name) };
        ward_api_input_check(&input, WARD_INPUT_CREATE);
        assert_only(&input.problems, rows[i].member, rows[i].rule);
    }
    struct ward_api_input none = { 0 };
    ward_api_input_check(&none, WARD_INPUT_EDIT);
    assert_only(&none.problems, NULL, 0);
    ward_api_input_check(&none, WARD_INPUT_CREATE);
    assert_only(&none.problems, "apiName", WARD_RULE_REQUIRED);
}

#define STAGE(...) ((struct ward_stage_input){ __VA_ARGS__ })
#define TEXT(text) WARD_SPAN_INIT(text)

static void test_stages(void **state)
{
    (void)state;
    const struct {
        struct ward_stage_input input;
        const char *member;
        enum ward_rule rule;
    } rows[] = {
        { STAGE(0), NULL, 0 },
        { STAGE(.has_endpoint_domain = true, .endpoint_domain = TEXT("https://a.example:8080/x?y")), NULL, 0 },
        { STAGE(.has_endpoint_domain = true, .endpoint_domain = TEXT("HTTP://[::1]/")), NULL, 0 },
        { STAGE(.has_endpoint_domain = true, .endpoint_domain = TEXT("a.example")), "endpointDomain",
          WARD_RULE_DOMAIN },
        { STAGE(.has_endpoint_domain = true, .endpoint_domain = TEXT("https://")), "endpointDomain", WARD_RULE_DOMAIN },
        { STAGE(.has_endpoint_domain = true, .endpoint_domain = TEXT("https:///x")), "endpointDomain",
          WARD_RULE_DOMAIN },
        { STAGE(.has_endpoint_domain = true, .endpoint_domain = TEXT("ftp://a.example")), "endpointDomain",
          WARD_RULE_DOMAIN },
        { STAGE(.has_endpoint_domain = true, .endpoint_domain = TEXT("https://a example")), "endpointDomain",
          WARD_RULE_DOMAIN },
        { STAGE(.has_throttle_rps = true, .throttle_rps = 0), NULL, 0 }, /* clear */
        { STAGE(.has_throttle_rps = true, .throttle_rps = 2147483647), NULL, 0 },
        { STAGE(.has_throttle_rps = true, .throttle_rps = -1), "throttleRps", WARD_RULE_MIN },
        { STAGE(.has_throttle_rps = true, .throttle_rps = 2147483648), "throttleRps", WARD_RULE_MAX },
        { STAGE(.has_cache_ttl_s = true, .cache_ttl_s = 3600), NULL, 0 },
        { STAGE(.has_cache_ttl_s = true, .cache_ttl_s = 3601), "cacheTtlSec", WARD_RULE_MAX },
        { STAGE(.has_acl_code = true), NULL, 0 }, /* clear */
        { STAGE(.has_acl_code = true, .acl_code = TEXT("REJECTED")), NULL, 0 },
        { STAGE(.has_acl_code = true, .acl_code = TEXT("DENIED")), "ipAclCode", WARD_RULE_ENUM },
        { STAGE(.has_acl_list = true, .acl_list = TEXT("192.0.2.1, 192.0.2.0/24,2001:db8::/32,::1")), NULL, 0 },
        { STAGE(.has_acl_list = true, .acl_list = TEXT("")), NULL, 0 },
        { STAGE(.has_acl_list = true, .acl_list = TEXT("192.0.2.256")), "ipAclList", WARD_RULE_CHARACTERS },
        { STAGE(.has_acl_list = true, .acl_list = TEXT("192.0.2.0/33")), "ipAclList", WARD_RULE_CHARACTERS },
        { STAGE(.has_acl_list = true, .acl_list = TEXT("192.0.2.0/")), "ipAclList", WARD_RULE_CHARACTERS },
        { STAGE(.has_acl_list = true, .acl_list = TEXT("2001:db8::/129")), "ipAclList", WARD_RULE_CHARACTERS },
        { STAGE(.has_acl_list = true, .acl_list = TEXT("a.example")), "ipAclList", WARD_RULE_CHARACTERS },
        { STAGE(.has_status_code = true, .status_code = 200), NULL, 0 },
        { STAGE(.has_status_code = true, .status_code = 199), "statusCode", WARD_RULE_MIN },
        { STAGE(.has_status_code = true, .status_code = 600), "statusCode", WARD_RULE_MAX },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_stage_input input = rows[i].input;
        ward_stage_input_check(&input, WARD_INPUT_EDIT);
        assert_only(&input.problems, rows[i].member, rows[i].rule);
    }
    struct ward_stage_input none = { 0 };
    ward_stage_input_check(&none, WARD_INPUT_CREATE);
    assert_int_equal(2, none.problems.count);
    assert_string_equal("stageName", none.problems.items[0].member);
    assert_string_equal("endpointDomain", none.problems.items[1].member);
}

static void test_the_entries_of_an_acl(void **state)
{
    (void)state;
    struct ward_span list = WARD_SPAN(" ,192.0.2.1 ,, ::1,10.0.0.0/8 "), entry;
    static const char *const entries[] = { "192.0.2.1", "::1", "10.0.0.0/8" };
    for (size_t i = 0; i < 3; i++) {
        assert_true(ward_acl_next(&list, &entry));
        assert_true(ward_span_equal(ward_span_of(entries[i]), entry));
    }
    assert_false(ward_acl_next(&list, &entry));
    assert_false(ward_acl_next(&list, &entry));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_apis),
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_the_entries_of_an_acl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
