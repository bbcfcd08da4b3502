#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

static const char *const good[] = { "",
                                    "a",
                                    "\x7f",
                                    "\xc2\x80",
                                    "\xdf\xbf",
                                    "\xe0\xa0\x80",
                                    "\xed\x9f\xbf",
                                    "\xee\x80\x80",
                                    "\xef\xbf\xbf",
                                    "\xf0\x90\x80\x80",
                                    "\xf4\x8f\xbf\xbf",
                                    "plain ascii, longer than eight bytes \xc3\xa4" };

/* RFC 3629 3 and 10. */
static const char *const bad[] = { "\x80",
                                   "\xbf",
                                   "\xc0\x80",
                                   "\xc1\xbf",
                                   "\xc2",
                                   "\xc2\x7f",
                                   "\xc2\xc2",
                                   "\xe0\x9f\xbf",
                                   "\xe0\xa0",
                                   "\xe2\x28\xa1",
                                   "\xed\xa0\x80",
                                   "\xed\xbf\xbf",
                                   "\xf0\x8f\xbf\xbf",
                                   "\xf0\x90\x80",
                                   "\xf4\x90\x80\x80",
                                   "\xf5\x80\x80\x80",
                                   "\xff",
                                   "\xfe",
                                   "eight by\xff",
                                   "eight bytes and more \xc3",
                                   "a\xcc" };

static void test_validity(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(ward_utf8_valid(ward_span_of(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(ward_utf8_valid(ward_span_of(bad[i])));
    }
    assert_true(ward_utf8_valid(WARD_SPAN_NONE));
    assert_true(ward_utf8_valid(ward_span("\0", 1)));
}

static void test_every_code_point_there_and_back(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        if (point >= 0xd800 && point <= 0xdfff) {
            continue;
        }
        char bytes[4];
        struct ward_buffer to = { .data = bytes, .capacity = sizeof(bytes), .max = sizeof(bytes) };
        uint32_t back = UINT32_MAX;
        ward_utf8_append(&to, point);
        assert_int_equal(ward_utf8_read(ward_buffer_span(&to), &back), to.size);
        assert_int_equal(back, point);
        assert_int_equal(ward_utf8_count(ward_buffer_span(&to)), 1);
    }
}

static void test_counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(ward_utf8_count(WARD_SPAN_NONE), 0);
    assert_int_equal(ward_utf8_count(WARD_SPAN("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")), 4);
}

static void test_lower(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *lower;
    } rows[] = { { "", "" },
                 { "ABC xyz-1", "abc xyz-1" },
                 { "\xc3\x84\xc3\x96", "\xc3\xa4\xc3\xb6" },
                 { "\xce\xa9", "\xcf\x89" },
                 { "\xd0\x94\xd0\x90", "\xd0\xb4\xd0\xb0" },
                 { "\xf0\x90\x90\x80", "\xf0\x90\x90\xa8" },
                 { "\xec\x9b\x8c\xeb\x93\x9c", "\xec\x9b\x8c\xeb\x93\x9c" } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_BUFFER lower = ward_buffer_new(100);
        assert_int_equal(ward_utf8_lower(ward_span_of(rows[i].text), &lower), WARD_OK);
        assert_true(ward_span_equal(ward_buffer_span(&lower), ward_span_of(rows[i].lower)));
    }
}

static void test_lower_refuses(void **state)
{
    (void)state;
    WARD_BUFFER lower = ward_buffer_new(2);
    assert_int_equal(ward_utf8_lower(WARD_SPAN("\xff"), &lower), WARD_INVALID);
    assert_int_equal(lower.size, 0);
    assert_int_equal(ward_utf8_lower(WARD_SPAN("ABC"), &lower), WARD_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validity),           cmocka_unit_test(test_every_code_point_there_and_back),
        cmocka_unit_test(test_counts_code_points), cmocka_unit_test(test_lower),
        cmocka_unit_test(test_lower_refuses),
    };
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
