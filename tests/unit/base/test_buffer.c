#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/seam.h"

static void *refuse_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void *refuse_more_memory(void *old, size_t size)
{
    (void)old;
    (void)size;
    return NULL;
}

static int restore_seam(void **state)
{
    ward_seam = *(struct ward_seam *)*state;
    return 0;
}

static void assert_holds(const struct ward_buffer *buffer, const char *text)
{
    assert_int_equal(buffer->size, strlen(text));
    assert_memory_equal(ward_buffer_span(buffer).data, text, strlen(text));
}

static void test_starts_empty_and_without_memory(void **state)
{
    (void)state;
    WARD_BUFFER buffer = ward_buffer_new(10);
    assert_null(buffer.data);
    assert_int_equal(ward_buffer_span(&buffer).size, 0);
    assert_non_null(ward_buffer_span(&buffer).data);
}

static void test_appends_every_kind(void **state)
{
    (void)state;
    WARD_BUFFER buffer = ward_buffer_new(1000);
    ward_buffer_append(&buffer, WARD_SPAN("ab"));
    ward_buffer_append_text(&buffer, "cd");
    ward_buffer_append_text(&buffer, NULL);
    ward_buffer_append_char(&buffer, '|');
    ward_buffer_append_int(&buffer, INT64_MIN);
    ward_buffer_append_char(&buffer, '|');
    ward_buffer_append_int(&buffer, INT64_MAX);
    ward_buffer_append_char(&buffer, '|');
    ward_buffer_append_uint(&buffer, UINT64_MAX);
    ward_buffer_append_format(&buffer, "|%s-%03d", "x", 7);
    ward_buffer_append_int(&buffer, 0);
    assert_int_equal(buffer.status, WARD_OK);
    assert_holds(&buffer, "abcd|-9223372036854775808|9223372036854775807|18446744073709551615|x-0070");
}

static void test_fills_to_the_maximum_exactly(void **state)
{
    (void)state;
    WARD_BUFFER buffer = ward_buffer_new(5);
    ward_buffer_append_format(&buffer, "%s", "12345");
    assert_int_equal(buffer.status, WARD_OK);
    assert_holds(&buffer, "12345");
    ward_buffer_append_char(&buffer, '6');
    assert_int_equal(buffer.status, WARD_TOO_LARGE);
    assert_holds(&buffer, "12345");
}

static void test_first_failure_stays(void **state)
{
    (void)state;
    WARD_BUFFER buffer = ward_buffer_new(3);
    ward_buffer_append_text(&buffer, "1234");
    ward_buffer_append_text(&buffer, "1");
    ward_buffer_append_int(&buffer, 1);
    ward_buffer_append_format(&buffer, "%d", 1);
    assert_int_equal(buffer.status, WARD_TOO_LARGE);
    assert_int_equal(buffer.size, 0);
    ward_buffer_clear(&buffer);
    ward_buffer_append_text(&buffer, "123");
    assert_int_equal(buffer.status, WARD_OK);
    assert_holds(&buffer, "123");
}

static void test_refuses_sizes_that_overflow(void **state)
{
    (void)state;
    WARD_BUFFER buffer = ward_buffer_new(SIZE_MAX);
    assert_null(ward_buffer_reserve(&buffer, SIZE_MAX));
    assert_int_equal(buffer.status, WARD_TOO_LARGE);
    ward_buffer_clear(&buffer);
    ward_buffer_append_char(&buffer, 'a');
    assert_null(ward_buffer_reserve(&buffer, SIZE_MAX));
    assert_int_equal(buffer.status, WARD_TOO_LARGE);
}

static void test_reports_missing_memory_and_keeps_what_it_has(void **state)
{
    (void)state;
    WARD_BUFFER buffer = ward_buffer_new(100000);
    WARD_BUFFER secret = ward_buffer_new_secret(100000);
    ward_buffer_append_text(&buffer, "kept");
    ward_buffer_append_text(&secret, "kept");
    ward_seam.allocate = refuse_memory;
    ward_seam.reallocate = refuse_more_memory;
    assert_null(ward_buffer_reserve(&buffer, 5000));
    assert_null(ward_buffer_reserve(&secret, 5000));
    assert_int_equal(buffer.status, WARD_NO_MEMORY);
    assert_int_equal(secret.status, WARD_NO_MEMORY);
    assert_holds(&buffer, "kept");
    assert_holds(&secret, "kept");
}

/* What release() was handed last: copied before the memory goes. */
static char released[8];

static void look_and_free(void *memory)
{
    if (memory) {
        memcpy(released, memory, sizeof(released));
    }
    free(memory);
}

static void test_wipes_a_secret_when_moved_and_freed(void **state)
{
    (void)state;
    static const char zeros[sizeof(released)];
    ward_seam.release = look_and_free;
    struct ward_buffer secret = ward_buffer_new_secret(100000);
    ward_buffer_append_text(&secret, "hush-hush");
    memset(released, 'x', sizeof(released));
    assert_non_null(ward_buffer_reserve(&secret, 5000));
    assert_memory_equal(released, zeros, sizeof(released));
    assert_holds(&secret, "hush-hush");
    memset(released, 'x', sizeof(released));
    ward_buffer_free(&secret);
    assert_memory_equal(released, zeros, sizeof(released));
    assert_true(secret.is_secret);
}

static void test_clearing_wipes_a_secret(void **state)
{
    (void)state;
    WARD_BUFFER secret = ward_buffer_new_secret(100);
    ward_buffer_append_text(&secret, "hush");
    ward_buffer_clear(&secret);
    assert_int_equal(secret.data[0], 0);
}

/* Written to and not added, or taken back: wiped all the same. Room that nobody was handed is not looked at. */
static void test_wipes_what_may_have_been_written(void **state)
{
    (void)state;
    WARD_BUFFER secret = ward_buffer_new_secret(100000);
    assert_true(ward_buffer_make_room(&secret, 5000));
    assert_int_equal(secret.size, 0);
    assert_true(secret.capacity >= 5000);
    memcpy(ward_buffer_reserve(&secret, 4), "hush", 4);
    ward_buffer_clear(&secret);
    assert_memory_equal(secret.data, "\0\0\0", 4);
    ward_buffer_append_text(&secret, "hush");
    secret.size = 1;
    ward_buffer_clear(&secret);
    assert_memory_equal(secret.data, "\0\0\0", 4);
    assert_false(ward_buffer_make_room(&secret, 100001));
    assert_int_equal(secret.status, WARD_TOO_LARGE);
}

static void test_grows_over_many_appends(void **state)
{
    (void)state;
    WARD_BUFFER buffer = ward_buffer_new(70000);
    for (int i = 0; i < 70000; i++) {
        ward_buffer_append_char(&buffer, (char)('a' + i % 26));
    }
    assert_int_equal(buffer.status, WARD_OK);
    assert_int_equal(buffer.size, 70000);
    assert_int_equal(buffer.data[69999], 'a' + 69999 % 26);
}

int main(void)
{
    static struct ward_seam saved;
    saved = ward_seam;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_empty_and_without_memory),
        cmocka_unit_test(test_appends_every_kind),
        cmocka_unit_test(test_fills_to_the_maximum_exactly),
        cmocka_unit_test(test_first_failure_stays),
        cmocka_unit_test(test_refuses_sizes_that_overflow),
        cmocka_unit_test_prestate_setup_teardown(test_reports_missing_memory_and_keeps_what_it_has, NULL, restore_seam,
                                                 &saved),
        cmocka_unit_test_prestate_setup_teardown(test_wipes_a_secret_when_moved_and_freed, NULL, restore_seam, &saved),
        cmocka_unit_test(test_clearing_wipes_a_secret),
        cmocka_unit_test(test_wipes_what_may_have_been_written),
        cmocka_unit_test(test_grows_over_many_appends),
    };
    return cmocka_run_group_tests_name("base/buffer", tests, NULL, NULL);
}
