#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/encoding.h"

static struct ward_span nul_text(size_t size)
{
    static const char text[8];
    return ward_span(text, size);
}

static void test_hex(void **state)
{
    (void)state;
    char text[7];
    uint8_t bytes[3] = { 0 };
    ward_hex_encode("\x00\xab\xff", 3, text);
    assert_string_equal(text, "00abff");
    assert_true(ward_hex_decode(WARD_SPAN("00aBFf"), bytes, 3));
    assert_memory_equal(bytes, "\x00\xab\xff", 3);
    assert_true(ward_hex_decode(WARD_SPAN_NONE, bytes, 0));
}

static void test_hex_refuses_and_leaves_the_bytes_alone(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "0", "000", "0000000", "00 0", "0g00", "0x00", "00\n0", "000G" };
    uint8_t bytes[2] = { 7, 7 };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(ward_hex_decode(ward_span_of(bad[i]), bytes, 2));
        assert_memory_equal(bytes, "\x07\x07", 2);
    }
}

/* RFC 4648 10, and the two alphabets' own characters. */
static const struct {
    const char *bytes;
    const char *standard;
    const char *url;
} base64_rows[] = {
    { "", "", "" },
    { "f", "Zg==", "Zg" },
    { "fo", "Zm8=", "Zm8" },
    { "foo", "Zm9v", "Zm9v" },
    { "foob", "Zm9vYg==", "Zm9vYg" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
    { "\xfb\xff\xfe", "+//+", "-__-" },
    { "\xff", "/w==", "_w" },
};

static void test_base64_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(base64_rows) / sizeof(base64_rows[0]); i++) {
        struct ward_span bytes = ward_span_of(base64_rows[i].bytes);
        struct ward_span standard = ward_span_of(base64_rows[i].standard);
        struct ward_span url = ward_span_of(base64_rows[i].url);
        WARD_BUFFER text = ward_buffer_new(standard.size);
        WARD_BUFFER url_text = ward_buffer_new(url.size);
        WARD_BUFFER back = ward_buffer_new(bytes.size);
        ward_base64_encode(bytes, &text);
        ward_base64url_encode(bytes, &url_text);
        assert_int_equal(text.status, WARD_OK);
        assert_int_equal(url_text.status, WARD_OK);
        assert_true(ward_span_equal(ward_buffer_span(&text), standard));
        assert_true(ward_span_equal(ward_buffer_span(&url_text), url));
        assert_true(ward_base64_decode(standard, &back));
        assert_true(ward_span_equal(ward_buffer_span(&back), bytes));
        ward_buffer_clear(&back);
        assert_true(ward_base64url_decode(url, &back));
        assert_true(ward_span_equal(ward_buffer_span(&back), bytes));
    }
}

static void test_base64_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = { "Zg",    "Zg=",      "Z===",  "====",  "=",      "Zh==", "Zm9=",
                                       "Zm9v=", "Zg==Zg==", "Zm 9v", "Zm9\n", "Zg==\n", "-__-", "Zm9v\nZm9v",
                                       "Z=g=",  "AAAA====", "AA=A",  " Zm9",  "A" };
    WARD_BUFFER out = ward_buffer_new(100);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(ward_base64_decode(ward_span_of(bad[i]), &out));
        assert_int_equal(out.size, 0);
    }
    assert_false(ward_base64_decode(nul_text(4), &out));
}

static void test_base64url_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = { "Z", "Zg==", "Zm8=", "Zh", "Zm9", "+//+", "Zm9vZ", "Zm9v\n", " Zm9" };
    WARD_BUFFER out = ward_buffer_new(100);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(ward_base64url_decode(ward_span_of(bad[i]), &out));
        assert_int_equal(out.size, 0);
    }
    assert_false(ward_base64url_decode(nul_text(4), &out));
}

static void test_decoding_obeys_the_maximum(void **state)
{
    (void)state;
    WARD_BUFFER out = ward_buffer_new(2);
    assert_false(ward_base64_decode(WARD_SPAN("Zm9v"), &out));
    assert_int_equal(out.status, WARD_TOO_LARGE);
}

static void test_percent_decode(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *decoded; /* NULL: refused */
    } rows[] = {
        { "", "" },         { "plain+text", "plain+text" },
        { "%41%62", "Ab" }, { "a%2Fb%2f", "a/b/" },
        { "%25", "%" },     { "%e4%BD", "\xe4\xbd" },
        { "%", NULL },      { "a%4", NULL },
        { "%4g", NULL },    { "%g4", NULL },
        { "%00", NULL },    { "a%00b", NULL },
        { "%%41", NULL },   { "% 41", NULL },
        { "%+1", NULL },
    };
    WARD_BUFFER out = ward_buffer_new(100);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ward_buffer_clear(&out);
        bool is_good = ward_percent_decode(ward_span_of(rows[i].text), &out);
        assert_int_equal(is_good, rows[i].decoded != NULL);
        assert_true(ward_span_equal(ward_buffer_span(&out), ward_span_of(rows[i].decoded)));
    }
    assert_false(ward_percent_decode(nul_text(1), &out));
}

static void test_parse_uint(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value; /* -1: refused */
    } rows[] = {
        { "0", 0 },
        { "007", 7 },
        { "9223372036854775807", INT64_MAX },
        { "9223372036854775808", -1 },
        { "9999999999999999999", -1 },
        { "", -1 },
        { "-1", -1 },
        { "+1", -1 },
        { " 1", -1 },
        { "1 ", -1 },
        { "0x1", -1 },
        { "1.0", -1 },
        { "00000000000000000001", -1 },
        { "1e3", -1 },
        { "/", -1 },
        { ":", -1 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t value = -1;
        assert_int_equal(ward_parse_uint(ward_span_of(rows[i].text), &value), rows[i].value >= 0);
        assert_true(value == rows[i].value);
    }
    int64_t untouched = 5;
    assert_false(ward_parse_uint(nul_text(1), &untouched));
    assert_int_equal(untouched, 5);
}

static void check_decimal(uint64_t value)
{
    char expected[32], text[WARD_DECIMAL_CHARS];
    int size = snprintf(expected, sizeof(expected), "%" PRIu64, value);
    struct ward_span found = ward_decimal_uint(value, text);
    assert_int_equal(found.size, size);
    assert_memory_equal(found.data, expected, found.size);
    size = snprintf(expected, sizeof(expected), "%" PRId64, (int64_t)value);
    found = ward_decimal_int((int64_t)value, text);
    assert_int_equal(found.size, size);
    assert_memory_equal(found.data, expected, found.size);
}

static void decimals_are_those_of_printf(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < 10100; value++) {
        check_decimal(value);
        check_decimal(0 - value);
    }
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
        check_decimal(power * 10 - 1);
        check_decimal(power * 10);
        check_decimal(0 - power * 10);
    }
    check_decimal(UINT64_C(1) << 63);
    check_decimal(INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_hex_refuses_and_leaves_the_bytes_alone),
        cmocka_unit_test(test_base64_both_ways),
        cmocka_unit_test(test_base64_refuses),
        cmocka_unit_test(test_base64url_refuses),
        cmocka_unit_test(test_decoding_obeys_the_maximum),
        cmocka_unit_test(test_percent_decode),
        cmocka_unit_test(test_parse_uint),
        cmocka_unit_test(decimals_are_those_of_printf),
    };
    return cmocka_run_group_tests_name("base/encoding", tests, NULL, NULL);
}
