#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json/json.h"

#define ZEROS_50 "00000000000000000000000000000000000000000000000000"

static const struct {
    const char *text;
    int64_t value;
} whole[] = {
    { "0", 0 },
    { "-0", 0 },
    { "0.000", 0 },
    { "0e999999", 0 },
    { "-0.0E-7", 0 },
    { "10", 10 },
    { "10.0", 10 },
    { "1e1", 10 },
    { "1E+1", 10 },
    { "100e-1", 10 },
    { "1000.00e-2", 10 },
    { "0.001e4", 10 },
    { "-12.50e1", -125 },
    { "1." ZEROS_50, 1 },
    { "1" ZEROS_50 "e-50", 1 },
    { "9007199254740992", INT64_C(9007199254740992) },
    { "-9007199254740992.0", INT64_C(-9007199254740992) },
    { "9007199254740991", INT64_C(9007199254740991) },
    { "9.007199254740992e15", INT64_C(9007199254740992) },
};

static const char *const not_whole[] = {
    "1.5",
    "0.1",
    "1e-1",
    "-0.5",
    "15e-1",
    "1." ZEROS_50 "1",    /* a double would call it 1 */
    "9007199254740992.5", /* and this 2^53 */
    "9007199254740993",   /* and this too */
    "-9007199254740993",
    "9007199254740993.0",
    "9999999999999999",
    "10000000000000000",
    "1e16",
    "1e400",
    "-1e400",
    "1e-400",
    "1e9223372036854775807",
    "1e18446744073709551616", /* wraps to 1e0 in 64 bits */
    "1e-18446744073709551616",
    "18446744073709551617", /* wraps to 1 in 64 bits */
};

static bool read_integer(const char *text, int64_t *ret)
{
    WARD_POOL pool = ward_pool_new(100000);
    const struct ward_json_value *value = NULL;
    const char *why = NULL;
    assert_int_equal(ward_json_parse(ward_span_of(text), &pool, &value, &why), WARD_OK);
    return ward_json_integer(value, ret);
}

static void test_whole_numbers_in_any_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        int64_t value = -1;
        assert_true(read_integer(whole[i].text, &value));
        assert_true(value == whole[i].value);
    }
}

static void test_refuses_fractions_and_what_a_double_would_round(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(not_whole) / sizeof(not_whole[0]); i++) {
        int64_t value = 42;
        if (read_integer(not_whole[i], &value)) {
            fail_msg("accepted: %s", not_whole[i]);
        }
        assert_int_equal(value, 42);
    }
}

static void test_other_types_are_no_numbers(void **state)
{
    (void)state;
    static const char *const texts[] = { "null", "true", "\"1\"", "[1]", "{\"a\":1}" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t value = 42;
        assert_false(read_integer(texts[i], &value));
        assert_int_equal(value, 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_numbers_in_any_spelling),
        cmocka_unit_test(test_refuses_fractions_and_what_a_double_would_round),
        cmocka_unit_test(test_other_types_are_no_numbers),
    };
    return cmocka_run_group_tests_name("json/number", tests, NULL, NULL);
}
