#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/seam.h"

static struct ward_seam saved;

static int restore_seam(void **state)
{
    (void)state;
    ward_seam = saved;
    return 0;
}

static int refuse_random(void *data, size_t size)
{
    (void)data;
    (void)size;
    return -1;
}

/* Hands out 0, 1, 2, … so that the mapping to characters is visible. */
static int count_up(void *data, size_t size)
{
    static unsigned char next;
    for (size_t i = 0; i < size; i++) {
        ((unsigned char *)data)[i] = next++;
    }
    return 0;
}

static void test_clocks_run(void **state)
{
    (void)state;
    assert_true(ward_now_ms() > INT64_C(1700000000000));
    int64_t before = ward_boot_ms();
    assert_true(before > 0);
    assert_true(ward_boot_ms() >= before);
}

static void test_random_fills_all(void **state)
{
    (void)state;
    unsigned char drawn[1000] = { 0 };
    assert_int_equal(ward_random(drawn, sizeof(drawn)), WARD_OK);
    unsigned seen[256] = { 0 };
    unsigned different = 0;
    for (size_t i = 0; i < sizeof(drawn); i++) {
        different += seen[drawn[i]]++ == 0;
    }
    assert_true(different > 200);
    assert_int_equal(ward_random(drawn, 0), WARD_OK);
}

static void test_random_fails_closed(void **state)
{
    (void)state;
    char text[8] = "unmoved";
    ward_seam.random = refuse_random;
    assert_int_equal(ward_random(text, sizeof(text)), WARD_UNAVAILABLE);
    assert_int_equal(ward_random_text(text, sizeof(text), "ab"), WARD_UNAVAILABLE);
}

static void test_random_text_is_uniform(void **state)
{
    (void)state;
    static const char *const alphabets[] = { "ab", "abc", "abcdefghijklmnopqrstuvwxyz0123456789",
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" };
    ward_seam.random = count_up;
    for (size_t i = 0; i < sizeof(alphabets) / sizeof(alphabets[0]); i++) {
        size_t size = strlen(alphabets[i]);
        char text[64 * 64];
        unsigned seen[256] = { 0 };
        assert_int_equal(ward_random_text(text, size * 64, alphabets[i]), WARD_OK);
        for (size_t j = 0; j < size * 64; j++) {
            assert_non_null(strchr(alphabets[i], text[j]));
            seen[(unsigned char)text[j]]++;
        }
        for (size_t j = 0; j < size; j++) { /* a counter for a generator gives each character its exact share */
            assert_int_equal(seen[(unsigned char)alphabets[i][j]], 64);
        }
    }
}

static void test_random_text_refuses_bad_alphabets(void **state)
{
    (void)state;
    char text[4];
    char long_alphabet[66];
    memset(long_alphabet, 'a', 65);
    long_alphabet[65] = '\0';
    assert_int_equal(ward_random_text(text, 4, ""), WARD_INTERNAL);
    assert_int_equal(ward_random_text(text, 4, "a"), WARD_INTERNAL);
    assert_int_equal(ward_random_text(text, 4, long_alphabet), WARD_INTERNAL);
}

static void test_memory_is_zeroed_and_never_null_for_nothing(void **state)
{
    (void)state;
    static const char zeros[100];
    char *memory = ward_alloc(sizeof(zeros));
    assert_memory_equal(memory, zeros, sizeof(zeros));
    memory = ward_realloc(memory, 0);
    assert_non_null(memory);
    ward_free(memory);
    memory = ward_alloc(0);
    assert_non_null(memory);
    ward_free(memory);
    ward_free(NULL);
}

int main(void)
{
    saved = ward_seam;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_run),
        cmocka_unit_test(test_random_fills_all),
        cmocka_unit_test_teardown(test_random_fails_closed, restore_seam),
        cmocka_unit_test_teardown(test_random_text_is_uniform, restore_seam),
        cmocka_unit_test(test_random_text_refuses_bad_alphabets),
        cmocka_unit_test(test_memory_is_zeroed_and_never_null_for_nothing),
    };
    return cmocka_run_group_tests_name("base/seam", tests, NULL, NULL);
}
