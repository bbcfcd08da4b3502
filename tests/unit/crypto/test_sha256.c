/* SHA-256 of parts is SHA-256 of the parts in a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/encoding.h"
#include "crypto/keyed_hash.h"

/* NIST FIPS 180 example values. */
static const char *const empty_hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char *const abc_hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char *const two_blocks_hex = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";

static void check(const struct ward_span *parts, size_t count, const char *hex)
{
    uint8_t got[WARD_SHA256_BYTES];
    char text[2 * WARD_SHA256_BYTES + 1];
    assert_int_equal(ward_sha256(parts, count, got), WARD_OK);
    ward_hex_encode(got, sizeof(got), text);
    assert_string_equal(text, hex);
}

static void test_known_values(void **state)
{
    (void)state;
    const struct ward_span abc = WARD_SPAN("abc");
    const struct ward_span two_blocks = WARD_SPAN("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    check(NULL, 0, empty_hex);
    check(&abc, 1, abc_hex);
    check(&two_blocks, 1, two_blocks_hex);
}

static void test_parts_in_a_row(void **state)
{
    (void)state;
    const struct ward_span parts[] = { WARD_SPAN("a"), WARD_SPAN_NONE, WARD_SPAN(""), WARD_SPAN("bc") };
    check(parts, 4, abc_hex);
    check(parts + 1, 2, empty_hex);
}

static void test_a_stream_is_its_parts_in_a_row(void **state)
{
    (void)state;
    struct ward_sha256_stream *stream = NULL;
    uint8_t got[WARD_SHA256_BYTES];
    char text[2 * WARD_SHA256_BYTES + 1];
    assert_int_equal(ward_sha256_begin(&stream), WARD_OK);
    assert_int_equal(ward_sha256_add(stream, WARD_SPAN("ab")), WARD_OK);
    assert_int_equal(ward_sha256_add(stream, WARD_SPAN_NONE), WARD_OK);
    assert_int_equal(ward_sha256_add(stream, WARD_SPAN("c")), WARD_OK);
    assert_int_equal(ward_sha256_end(stream, got), WARD_OK);
    ward_sha256_free(stream);
    ward_sha256_free(NULL);
    ward_hex_encode(got, sizeof(got), text);
    assert_string_equal(text, abc_hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_known_values), cmocka_unit_test(test_parts_in_a_row),
                                        cmocka_unit_test(test_a_stream_is_its_parts_in_a_row) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
