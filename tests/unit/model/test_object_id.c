/* Ids as Apinizer shows them: contracts/apinizer.md 12. */
#include "model/object_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/seam.h"

static void test_a_drawn_id_reads_again(void **state)
{
    (void)state;
    struct ward_object_id id, read, other;
    assert_int_equal(WARD_OK, ward_object_id_new(&id));
    assert_int_equal(WARD_OK, ward_object_id_new(&other));
    assert_int_equal(WARD_OBJECT_ID_CHARS, strlen(id.text));
    assert_true(ward_object_id_parse(ward_span_of(id.text), &read));
    assert_true(ward_object_id_equal(&id, &read));
    assert_false(ward_object_id_equal(&id, &other));
    assert_true(ward_span_equal(ward_object_id_span(&id), ward_span_of(id.text)));
}

static void test_what_is_no_id(void **state)
{
    (void)state;
    static const struct ward_span rows[] = {
        { NULL, 0 },
        { "", 0 },
        { "0123456789abcdef0123456", 23 },
        { "0123456789abcdef012345678", 25 },
        { "0123456789ABCDEF01234567", 24 },
        { "0123456789abcdef0123456g", 24 },
        { "0123456789abcdef0123456\0", 24 },
        { " 123456789abcdef01234567", 24 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_object_id id = { "x" };
        assert_false(ward_object_id_parse(rows[i], &id));
        assert_string_equal("x", id.text);
    }
}

static void test_none(void **state)
{
    (void)state;
    struct ward_object_id none = { 0 };
    assert_true(ward_object_id_is_none(&none));
    assert_null(ward_object_id_span(&none).data);
}

static int fail_random(void *data, size_t size)
{
    (void)data;
    (void)size;
    return -1;
}

static void test_without_random_there_is_none(void **state)
{
    (void)state;
    struct ward_object_id id = { 0 };
    int (*before)(void *, size_t) = ward_seam.random;
    ward_seam.random = fail_random;
    assert_int_equal(WARD_UNAVAILABLE, ward_object_id_new(&id));
    ward_seam.random = before;
    assert_true(ward_object_id_is_none(&id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_drawn_id_reads_again),
        cmocka_unit_test(test_what_is_no_id),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_without_random_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
