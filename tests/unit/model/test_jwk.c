/* JWKs: contracts/apinizer.md 8. */
#include "model/jwk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_sources(void **state)
{
    (void)state;
    static const char *const names[] = { "URL",         "COPY_PASTE", "CERTIFICATE", "PUBLIC_KEY",
                                         "PRIVATE_KEY", "KEYSTORE",   "GENERATE" };
    enum ward_jwk_source source;
    for (int i = 0; i < 7; i++) {
        assert_string_equal(names[i], ward_jwk_source_name((enum ward_jwk_source)i));
        assert_true(ward_jwk_source_parse(ward_span_of(names[i]), &source));
        assert_int_equal(i, source);
        assert_non_null(strstr(WARD_JWK_SOURCES, names[i]));
    }
    assert_false(ward_jwk_source_parse(WARD_SPAN("url"), &source));
    assert_false(ward_jwk_source_parse(WARD_SPAN("SECRET_KEY"), &source));
}

static void test_types_and_uses(void **state)
{
    (void)state;
    static const char *const types[] = { "RSA", "EC", "OCT", "OKP" };
    static const char *const uses[] = { NULL, "SIGNATURE", "ENCRYPTION" };
    enum ward_jwk_type type;
    enum ward_jwk_use_type use;
    for (int i = 0; i < 4; i++) {
        assert_string_equal(types[i], ward_jwk_type_name((enum ward_jwk_type)i));
        assert_true(ward_jwk_type_parse(ward_span_of(types[i]), &type));
        assert_int_equal(i, type);
    }
    assert_false(ward_jwk_type_parse(WARD_SPAN("oct"), &type));
    assert_null(ward_jwk_use_type_name(WARD_JWK_USE_NONE));
    for (int i = 1; i < 3; i++) {
        assert_string_equal(uses[i], ward_jwk_use_type_name((enum ward_jwk_use_type)i));
        assert_true(ward_jwk_use_type_parse(ward_span_of(uses[i]), &use));
        assert_int_equal(i, use);
    }
    assert_false(ward_jwk_use_type_parse(WARD_SPAN("sig"), &use));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_types_and_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
