/* Keys: contracts/apinizer.md 6. */
#include "model/crypto_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_types(void **state)
{
    (void)state;
    static const char *const names[] = { "SECRET_KEY", "PRIVATE_KEY", "PUBLIC_KEY" };
    enum ward_key_type type;
    for (int i = 0; i < 3; i++) {
        assert_string_equal(names[i], ward_key_type_name((enum ward_key_type)i));
        assert_true(ward_key_type_parse(ward_span_of(names[i]), &type));
        assert_int_equal(i, type);
        assert_non_null(strstr(WARD_KEY_TYPES, names[i]));
    }
    assert_false(ward_key_type_parse(WARD_SPAN("RSA"), &type)); /* the first generation's examples were wrong */
    assert_false(ward_key_type_parse(WARD_SPAN("secret_key"), &type));
    assert_null(ward_key_type_name((enum ward_key_type)3));
}

static void test_algorithms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_exact, is_nocase;
        enum ward_key_algorithm algorithm;
    } rows[] = {
        { "AES", true, true, WARD_KEY_ALGORITHM_AES },        { "DES", true, true, WARD_KEY_ALGORITHM_DES },
        { "DESede", true, true, WARD_KEY_ALGORITHM_DESEDE },  { "RSA", true, true, WARD_KEY_ALGORITHM_RSA },
        { "desede", false, true, WARD_KEY_ALGORITHM_DESEDE }, { "aes", false, true, WARD_KEY_ALGORITHM_AES },
        { "foo", false, false, WARD_KEY_ALGORITHM_NONE },     { "", false, false, WARD_KEY_ALGORITHM_NONE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum ward_key_algorithm algorithm = WARD_KEY_ALGORITHM_NONE;
        assert_int_equal(rows[i].is_exact, ward_key_algorithm_parse(ward_span_of(rows[i].text), &algorithm));
        assert_int_equal(rows[i].is_nocase, ward_key_algorithm_parse_nocase(ward_span_of(rows[i].text), &algorithm));
        assert_int_equal(rows[i].algorithm, algorithm);
    }
    assert_null(ward_key_algorithm_name(WARD_KEY_ALGORITHM_NONE));
}

static void test_an_entry_of_an_environment(void **state)
{
    (void)state;
    struct ward_crypto_key_entry entries[2] = { { .alias = WARD_SPAN("a") }, { .alias = WARD_SPAN("b") } };
    struct ward_object_id unknown;
    assert_int_equal(WARD_OK, ward_object_id_new(&entries[0].environment_id));
    assert_int_equal(WARD_OK, ward_object_id_new(&entries[1].environment_id));
    assert_int_equal(WARD_OK, ward_object_id_new(&unknown));
    struct ward_crypto_key key = { .entries = entries, .entry_count = 2 };
    assert_ptr_equal(&entries[1], ward_crypto_key_entry_of(&key, &entries[1].environment_id));
    assert_null(ward_crypto_key_entry_of(&key, &unknown));
    key.entry_count = 0;
    assert_null(ward_crypto_key_entry_of(&key, &entries[0].environment_id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_an_entry_of_an_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
