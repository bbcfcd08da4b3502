#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/seam.h"
#include "base/uuid.h"

static void test_text_both_ways(void **state)
{
    (void)state;
    struct ward_uuid uuid;
    char text[WARD_UUID_CHARS + 1];
    assert_true(ward_uuid_parse(WARD_SPAN("00112233-4455-6677-8899-AABBccddEEFF"), &uuid));
    assert_memory_equal(uuid.bytes, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
    ward_uuid_format(&uuid, text);
    assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
}

static void test_refuses_text(void **state)
{
    (void)state;
    static const char *const bad[] = { "",
                                       "00112233445566778899aabbccddeeff",
                                       "00112233-4455-6677-8899-aabbccddeef",
                                       "00112233-4455-6677-8899-aabbccddeeff0",
                                       "00112233-4455-6677-8899_aabbccddeeff",
                                       "0011223-34455-6677-8899-aabbccddeeff",
                                       "00112233-4455-6677-8899-aabbccddeefg",
                                       "{0112233-4455-6677-8899-aabbccddeef}",
                                       "00112233 4455 6677 8899 aabbccddeeff" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ward_uuid uuid = { { 9 } };
        assert_false(ward_uuid_parse(ward_span_of(bad[i]), &uuid));
        assert_int_equal(uuid.bytes[0], 9);
    }
}

static int fill_with_ones(void *data, size_t size)
{
    memset(data, 0xff, size);
    return 0;
}

static int refuse_random(void *data, size_t size)
{
    (void)data;
    (void)size;
    return -1;
}

/* RFC 9562 5.4 and 4.1: the six fixed bits. */
static void test_new_is_version_4(void **state)
{
    (void)state;
    struct ward_seam saved = ward_seam;
    struct ward_uuid uuid;
    char text[WARD_UUID_CHARS + 1];
    ward_seam.random = fill_with_ones;
    assert_int_equal(ward_uuid_new(&uuid), WARD_OK);
    ward_uuid_format(&uuid, text);
    assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    ward_seam.random = refuse_random;
    assert_int_equal(ward_uuid_new(&uuid), WARD_UNAVAILABLE);
    ward_seam = saved;
}

static void test_new_ones_differ(void **state)
{
    (void)state;
    struct ward_uuid a;
    struct ward_uuid b;
    assert_int_equal(ward_uuid_new(&a), WARD_OK);
    assert_int_equal(ward_uuid_new(&b), WARD_OK);
    assert_false(ward_uuid_equal(&a, &b));
    assert_false(ward_uuid_is_nil(&a));
    assert_true(ward_uuid_is_nil(&(struct ward_uuid){ { 0 } }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_both_ways),
        cmocka_unit_test(test_refuses_text),
        cmocka_unit_test(test_new_is_version_4),
        cmocka_unit_test(test_new_ones_differ),
    };
    return cmocka_run_group_tests_name("base/uuid", tests, NULL, NULL);
}
