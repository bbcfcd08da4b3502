/* Ids of ten characters, and the numbers they pack into. */
#include "model/key_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/seam.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void test_packs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t packed;
    } rows[] = {
        { "0000000000", 1 },
        { "0000000001", 2 },
        { "000000000a", 11 },
        { "000000000z", 36 },
        { "0000000010", 37 },
        { "1000000000", UINT64_C(101559956668417) },  /* 36^9 + 1 */
        { "zzzzzzzzzz", UINT64_C(3656158440062976) }, /* 36^10 */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ward_key_id id;
        struct ward_key_id back;
        assert_true(ward_key_id_parse(ward_span_of(rows[i].text), &id));
        assert_int_equal(ward_key_id_pack(&id), rows[i].packed);
        ward_key_id_unpack(rows[i].packed, &back);
        assert_string_equal(back.text, rows[i].text);
    }
}

static void test_drawn_ids_come_back(void **state)
{
    (void)state;
    struct ward_key_id last = { 0 };
    for (int i = 0; i < 1000; i++) {
        struct ward_key_id id;
        struct ward_key_id back;
        assert_int_equal(ward_key_id_new(&id), WARD_OK);
        assert_int_equal(strspn(id.text, "abcdefghijklmnopqrstuvwxyz0123456789"), WARD_KEY_ID_CHARS);
        assert_int_equal(id.text[WARD_KEY_ID_CHARS], '\0');
        uint64_t packed = ward_key_id_pack(&id);
        assert_in_range(packed, 1, UINT64_C(1) << 52);
        ward_key_id_unpack(packed, &back);
        assert_string_equal(back.text, id.text);
        assert_string_not_equal(last.text, id.text);
        last = id;
    }
}

static void test_no_id(void **state)
{
    (void)state;
    struct ward_key_id id = { 0 };
    assert_int_equal(ward_key_id_pack(&id), 0);
    static const uint64_t none[] = { 0, UINT64_C(3656158440062977), UINT64_MAX };
    for (size_t i = 0; i < COUNT(none); i++) {
        ward_key_id_unpack(none[i], &id);
        assert_string_equal(id.text, "");
    }
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const struct ward_span rows[] = {
        { NULL, 0 },
        { "", 0 },
        { "abcdefghi", 9 },
        { "abcdefghijk", 11 },
        { "Abcdefghij", 10 },
        { "abcdefgh-j", 10 },
        { "abcdefgh_j", 10 },
        { "abcdefghi ", 10 },
        { "abcdefghi\0", 10 },
        { "\xc3\xa4"
          "bcdefghi",
          10 },
        { "abcdefghi`", 10 },
        { "abcdefghi{", 10 },
        { "abcdefghi/", 10 },
        { "abcdefghi:", 10 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ward_key_id id = { "untouched" };
        assert_false(ward_key_id_parse(rows[i], &id));
        assert_string_equal(id.text, "untouched");
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
    struct ward_key_id id = { "untouched" };
    ward_seam.random = refuse_random;
    assert_int_equal(ward_key_id_new(&id), WARD_UNAVAILABLE);
    ward_seam = kept;
    assert_string_equal(id.text, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packs),         cmocka_unit_test(test_drawn_ids_come_back), cmocka_unit_test(test_no_id),
        cmocka_unit_test(test_parse_refuses), cmocka_unit_test(test_without_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
