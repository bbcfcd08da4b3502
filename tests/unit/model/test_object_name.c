/* Names of environments, keys, JWKs and API proxies: contracts/apinizer.md 10, 12. */
#include "model/object_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char long_name[WARD_OBJECT_NAME_MAX + 1];

/* rule -1: a good name. */
static void test_names(void **state)
{
    (void)state;
    memset(long_name, 'a', sizeof(long_name));
    const struct {
        struct ward_span name;
        int rule;
    } rows[] = {
        { WARD_SPAN("my-key"), -1 },
        { WARD_SPAN("My Management API Key"), -1 },
        { WARD_SPAN("Certificates (Yusuf)"), -1 },
        { WARD_SPAN("a/b"), -1 },
        { WARD_SPAN("a%2Fb"), -1 },
        { WARD_SPAN(" a "), -1 },
        { WARD_SPAN("\xC3\xA9"), -1 },
        { ward_span(long_name, WARD_OBJECT_NAME_MAX), -1 },
        { ward_span(long_name, WARD_OBJECT_NAME_MAX + 1), WARD_RULE_BYTES_MAX },
        { WARD_SPAN(""), WARD_RULE_REQUIRED },
        { WARD_SPAN_NONE, WARD_RULE_REQUIRED },
        { WARD_SPAN(" \t "), WARD_RULE_REQUIRED },
        { WARD_SPAN("\xC2\xA0"), WARD_RULE_REQUIRED },     /* no-break space */
        { WARD_SPAN("\xE3\x80\x80"), WARD_RULE_REQUIRED }, /* ideographic space */
        { WARD_SPAN("\xE2\x80\x8B"), WARD_RULE_REQUIRED }, /* zero width space */
        { WARD_SPAN("a\nb"), WARD_RULE_CHARACTERS },
        { WARD_SPAN("a\0b"), WARD_RULE_CHARACTERS },
        { WARD_SPAN("a\x7F"), WARD_RULE_CHARACTERS },
        { WARD_SPAN("a\xC2\x9B"), WARD_RULE_CHARACTERS },     /* C1 */
        { WARD_SPAN("a\xE2\x80\xA8"), WARD_RULE_CHARACTERS }, /* line separator */
        { WARD_SPAN("a\xFF"), WARD_RULE_CHARACTERS },
        { WARD_SPAN("\xED\xA0\x80"), WARD_RULE_CHARACTERS },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_problems problems = { 0 };
        ward_object_name_check(&problems, "name", rows[i].name.data != NULL, rows[i].name);
        assert_int_equal(rows[i].rule < 0 ? 0 : 1, problems.count);
        assert_int_equal(rows[i].rule < 0, ward_object_name_is_valid(rows[i].name));
        if (problems.count > 0) {
            assert_int_equal(rows[i].rule, problems.items[0].rule);
        }
    }
}

static void test_one_problem_is_enough(void **state)
{
    (void)state;
    struct ward_problems problems = { 0 };
    ward_problem_add(&problems, "name", WARD_RULE_STRING, 0, NULL);
    ward_object_name_check(&problems, "name", false, WARD_SPAN_NONE);
    assert_int_equal(1, problems.count);
}

static void test_reserved_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_keys, is_jwks;
    } rows[] = {
        { "import", true, false },         { "import-file", true, true },  { "generate", false, true },
        { "parse-from-key", false, true }, { "parse-from-", false, true }, { "parse-from", false, false },
        { "Import", false, false },        { "export", false, false },     { "imported", false, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rows[i].is_keys, ward_crypto_key_name_is_reserved(ward_span_of(rows[i].name)));
        assert_int_equal(rows[i].is_jwks, ward_jwk_name_is_reserved(ward_span_of(rows[i].name)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_one_problem_is_enough),
        cmocka_unit_test(test_reserved_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
