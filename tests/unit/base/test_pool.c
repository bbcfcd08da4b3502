#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pool.h"
#include "base/seam.h"

static struct ward_seam saved;

static int restore_seam(void **state)
{
    (void)state;
    ward_seam = saved;
    return 0;
}

static void *refuse_memory(size_t size)
{
    (void)size;
    return NULL;
}

static bool is_zero(const void *memory, size_t size)
{
    const unsigned char *bytes = memory;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void test_memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(10 * 1024 * 1024);
    unsigned char *previous = NULL;
    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *memory = ward_pool_alloc(&pool, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 16, 0);
        assert_true(is_zero(memory, size));
        assert_true(memory != previous);
        memset(memory, 0xff, size);
        previous = memory;
    }
}

static void test_obeys_its_maximum(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(100);
    assert_non_null(ward_pool_alloc(&pool, 90));
    assert_false(pool.is_exhausted);
    assert_null(ward_pool_alloc(&pool, 16));
    assert_true(pool.is_exhausted);
    ward_pool_reset(&pool);
    assert_false(pool.is_exhausted);
    assert_int_equal(pool.used, 0);
    assert_non_null(ward_pool_alloc(&pool, 16));
}

static void test_refuses_sizes_that_overflow(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(SIZE_MAX);
    assert_null(ward_pool_alloc(&pool, SIZE_MAX));
    assert_null(ward_pool_alloc(&pool, SIZE_MAX - 15));
    assert_null(ward_pool_alloc(&pool, SIZE_MAX - 32));
    assert_true(pool.is_exhausted);
}

static void test_reports_missing_memory(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(1000);
    ward_seam.allocate = refuse_memory;
    assert_null(ward_pool_alloc(&pool, 1));
    assert_true(pool.is_exhausted);
    assert_null(ward_pool_copy(&pool, WARD_SPAN("x")).data);
}

static void test_reset_wipes_and_keeps_the_first_block(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(1024 * 1024);
    unsigned char *first = ward_pool_alloc(&pool, 64);
    memset(first, 0xaa, 64);
    assert_non_null(ward_pool_alloc(&pool, 100000));
    ward_pool_reset(&pool);
    ward_seam.allocate = refuse_memory; /* what comes now can only come from the block that was kept */
    unsigned char *again = ward_pool_alloc(&pool, 64);
    assert_ptr_equal(again, first);
    assert_true(is_zero(again, 64));
}

static unsigned wiped_bytes;

static void count_wiped_and_free(void *memory)
{
    if (memory) {
        const unsigned char *bytes = (const unsigned char *)memory + 32; /* behind the block's head */
        wiped_bytes += is_zero(bytes, 64);
    }
    saved.release(memory);
}

static void test_free_wipes(void **state)
{
    (void)state;
    ward_seam.release = count_wiped_and_free;
    struct ward_pool pool = ward_pool_new(1024 * 1024);
    memset(ward_pool_alloc(&pool, 64), 0xaa, 64);
    memset(ward_pool_alloc(&pool, 50000), 0xaa, 50000);
    wiped_bytes = 0;
    ward_pool_free(&pool);
    assert_int_equal(wiped_bytes, 2);
    assert_null(pool.blocks);
    ward_pool_free(&pool);
    ward_pool_free(NULL);
}

static void test_copies_spans(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(1000);
    struct ward_span copy = ward_pool_copy(&pool, ward_span("a\0b", 3));
    assert_int_equal(copy.size, 3);
    assert_memory_equal(copy.data, "a\0b\0", 4);
    assert_null(ward_pool_copy(&pool, WARD_SPAN_NONE).data);
    struct ward_span empty = ward_pool_copy(&pool, WARD_SPAN(""));
    assert_non_null(empty.data);
    assert_int_equal(empty.size, 0);
    assert_false(pool.is_exhausted);
}

static void test_shorten(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(1000);
    char *first = ward_pool_alloc(&pool, 900);
    ward_pool_shorten(&pool, first, 900, 30);
    assert_int_equal(pool.used, 32);
    char *second = ward_pool_alloc(&pool, 900);
    assert_ptr_equal(second, first + 32);
    for (size_t i = 0; i < 900; i++) {
        assert_int_equal(second[i], 0);
    }
    ward_pool_shorten(&pool, first, 900, 0); /* not the latest: stays */
    assert_int_equal(pool.used, 32 + 912);
    ward_pool_shorten(&pool, second, 900, 900);
    assert_int_equal(pool.used, 32 + 912);
}

int main(void)
{
    saved = ward_seam;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(test_obeys_its_maximum),
        cmocka_unit_test(test_refuses_sizes_that_overflow),
        cmocka_unit_test_teardown(test_reports_missing_memory, restore_seam),
        cmocka_unit_test_teardown(test_reset_wipes_and_keeps_the_first_block, restore_seam),
        cmocka_unit_test_teardown(test_free_wipes, restore_seam),
        cmocka_unit_test(test_copies_spans),
        cmocka_unit_test(test_shorten),
    };
    return cmocka_run_group_tests_name("base/pool", tests, NULL, NULL);
}
