/* The format by itself: geometry, checks, and entries under a sequence. */
#include "support.h"

#include <pthread.h>

#include "table/layout.h"

static void sizes_follow_the_geometry(void **state)
{
    (void)state;
    struct ward_table_geometry geometry = {
        .index_slots = 1024, .scope_capacity = 1, .record_capacity = 512, .arena_bytes = 8
    };
    assert_int_equal(ward_table_file_bytes(&geometry), 4096 + 8192 + 4096 + 65536 + 4096);
    struct ward_table_geometry largest = { .index_slots = UINT64_C(4) * WARD_TABLE_RECORDS_MAX,
                                           .scope_capacity = WARD_TABLE_SCOPES_MAX,
                                           .record_capacity = WARD_TABLE_RECORDS_MAX,
                                           .arena_bytes = WARD_TABLE_ARENA_MAX };
    assert_true(ward_table_file_bytes(&largest) > WARD_TABLE_ARENA_MAX);
    assert_true(ward_table_file_bytes(&largest) < 2 * WARD_TABLE_ARENA_MAX);
}

static void geometry_out_of_bounds_has_no_size(void **state)
{
    (void)state;
    static const struct ward_table_geometry rows[] = {
        { 0, 1, 1, 8 },
        { 3, 1, 1, 8 },
        { 1, 1, 1, 8 },
        { 4, 0, 1, 8 },
        { 4, 1, 0, 8 },
        { 4, 1, 4, 8 },
        { 4, 1, 1, 0 },
        { 4, 1, 1, 7 },
        { 4, 1, 1, (UINT64_C(1) << 44) + 8 },
        { UINT64_C(1) << 63, 1, 1, 8 },
        { 4, UINT64_MAX, 1, 8 },
        { 4, 1, UINT64_MAX, 8 },
    };
    const struct ward_table_geometry good = { 4, 1, 3, 8 }; /* each row is one step from it */
    assert_int_not_equal(ward_table_file_bytes(&good), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(ward_table_file_bytes(&rows[i]), 0);
}

static void a_slot_holds_its_three_numbers_apart(void **state)
{
    (void)state;
    static const uint32_t rows[][3] = { /* tag, limit slot, record */
                                        { 0, 0, 0 },
                                        { 511, 0, 0 },
                                        { 0, WARD_TABLE_RECORDS_MAX - 1, 0 },
                                        { 0, 0, WARD_TABLE_RECORDS_MAX - 1 },
                                        { 511, WARD_TABLE_RECORDS_MAX - 1, WARD_TABLE_RECORDS_MAX - 1 },
                                        { 257, 12345678, 87654321 }
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t slot = ward_slot_make(rows[i][0], rows[i][1], rows[i][2]);
        assert_int_equal(ward_slot_tag(slot), rows[i][0]);
        assert_int_equal(ward_slot_limit_hint(slot), rows[i][1]);
        assert_int_equal(ward_slot_record(slot), rows[i][2]);
        assert_true(slot != WARD_SLOT_EMPTY && slot != WARD_SLOT_TOMBSTONE);
    }
    assert_true(ward_slot_make(511, WARD_LIMIT_SLOT_NONE, WARD_TABLE_RECORDS_MAX - 1) != WARD_SLOT_TOMBSTONE);
    /* What names no record points beyond every capacity. */
    assert_true(ward_slot_record(WARD_SLOT_EMPTY) >= WARD_TABLE_RECORDS_MAX);
    assert_true(ward_slot_record(WARD_SLOT_TOMBSTONE) >= WARD_TABLE_RECORDS_MAX);
    struct ward_lookup lookup;
    memset(lookup.bytes, 0xff, sizeof(lookup.bytes));
    assert_int_equal(ward_lookup_tag(&lookup), 511);
}

static void a_check_sees_every_bit_and_the_place(void **state)
{
    (void)state;
    uint8_t bytes[100];
    uint64_t random = 1;
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)draw(&random);
        uint32_t check = ward_check(bytes, size, 5);
        assert_int_not_equal(check, ward_check(bytes, size, 6));
        if (size > 0)
            assert_int_not_equal(check, ward_check(bytes, size - 1, 5));
        for (size_t bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_not_equal(check, ward_check(bytes, size, 5));
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    static const uint8_t zeros[128];
    assert_int_not_equal(ward_check(zeros, sizeof(zeros), 0), 0); /* a hole in the file is no entry */
}

#define ROUNDS 500000

static uint64_t shared_entry[16];
static unsigned torn, done;
static pthread_barrier_t start;

static void *write_entries(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&start);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        uint64_t words[16];
        for (size_t i = 0; i < 16; i++)
            words[i] = round * 1000 + i;
        words[0] = round << 32;
        ward_words_store(shared_entry, words, 16);
    }
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void *read_entries(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&start);
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
        uint64_t words[16];
        if (!ward_words_load(shared_entry, words, 16) || words[1] == 0)
            continue;
        for (size_t i = 1; i < 16; i++)
            if (words[i] != words[1] - 1 + i || words[0] >> 32 != words[1] / 1000)
                __atomic_fetch_add(&torn, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void entries_are_read_whole(void **state)
{
    (void)state;
    pthread_t threads[3];
    assert_int_equal(pthread_barrier_init(&start, NULL, 3), 0);
    assert_int_equal(pthread_create(&threads[0], NULL, write_entries, NULL), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, read_entries, NULL), 0);
    assert_int_equal(pthread_create(&threads[2], NULL, read_entries, NULL), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(torn, 0);
}

static void an_entry_left_open_is_closed_by_the_next_write(void **state)
{
    (void)state;
    uint64_t entry[4] = { 0 }, words[4] = { UINT64_C(7) << 32, 1, 2, 3 }, back[4];
    ward_words_store(entry, words, 4);
    entry[0] |= 1;
    assert_false(ward_words_load(entry, back, 4));
    words[1] = 9;
    ward_words_store(entry, words, 4);
    assert_true(ward_words_load(entry, back, 4));
    assert_int_equal(back[1], 9);
    assert_int_equal(back[0] >> 32, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_follow_the_geometry),
        cmocka_unit_test(geometry_out_of_bounds_has_no_size),
        cmocka_unit_test(a_slot_holds_its_three_numbers_apart),
        cmocka_unit_test(a_check_sees_every_bit_and_the_place),
        cmocka_unit_test(entries_are_read_whole),
        cmocka_unit_test(an_entry_left_open_is_closed_by_the_next_write),
    };
    return cmocka_run_group_tests_name("table/layout", tests, NULL, NULL);
}
