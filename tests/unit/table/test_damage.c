/*
 * A damaged file never crashes a reader, and never makes it say something that is not so: a key is found as it was put,
 * or not at all. Invariants 2 and 6 of table.h.
 */
#include "support.h"

#include <sys/mman.h>

#include "table/layout.h"

#define KEYS 200

struct damaged {
    struct scene scene;
    struct ward_table_writer *writer;
    uint8_t *bytes; /* DIR/table, writable behind everybody's back */
    size_t size;
    struct ward_table_view view;
};

static int setup(void **state)
{
    static struct damaged damaged;
    scene_open(&damaged.scene);
    assert_ok(ward_table_writer_open(damaged.scene.directory, KEYS, KEYS * 100, &damaged.writer));
    for (uint64_t number = 0; number < KEYS; number++)
        put_limited(damaged.writer, number, number + 1, number % 2 ? 5 : 0, 60);
    remove_key(damaged.writer, 0);
    assert_ok(ward_table_publish(damaged.writer, KEYS));

    int fd = open(scene_path(&damaged.scene, "table"), O_RDWR);
    struct stat stat;
    assert_int_equal(fstat(fd, &stat), 0);
    damaged.size = (size_t)stat.st_size;
    damaged.bytes = mmap(NULL, damaged.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(damaged.bytes != MAP_FAILED);
    close(fd);
    struct ward_table_header header;
    memcpy(&header, damaged.bytes, sizeof(header));
    ward_table_view_init(&damaged.view, damaged.bytes, &header);
    *state = &damaged;
    return 0;
}

static int teardown(void **state)
{
    struct damaged *damaged = *state;
    munmap(damaged->bytes, damaged->size);
    ward_table_writer_close(damaged->writer);
    scene_close(&damaged->scene);
    return 0;
}

/* Whatever is found must be as it was put. Returns how many are no longer found. */
static unsigned check_key(struct ward_table_reader *reader, uint64_t number)
{
    struct ward_lookup lookup = lookup_of(number);
    struct ward_record record;
    struct ward_table_foresight foresight = { .lookup = lookup };
    while (ward_table_foresee(reader, &foresight)) /* it believes what it reads, and must get over that */
        assert_true(foresight.step < 3);
    if (ward_table_find(reader, &lookup, &record) != WARD_TABLE_FOUND)
        return 1;
    assert_int_not_equal(number, 0); /* the removed one stays removed */
    assert_int_equal(record.revision, number + 1);
    assert_int_equal(record.flags, WARD_RECORD_ENABLED);
    assert_int_equal(record.limit, number % 2 ? 5 : 0);

    unsigned lost = 0;
    struct ward_table_scope scope;
    struct ward_uuid project = uuid_of(2, number % 5);
    if (!ward_table_scope(reader, &record, &scope))
        lost = 1;
    else
        assert_true(ward_uuid_equal(&scope.project_id, &project) && scope.is_active);
    struct ward_span body = ward_table_body(reader, &record);
    if (body.data == NULL)
        lost = 1;
    else
        assert_true(is_body_of(body, number, number + 1));
    return lost;
}

static unsigned check_all(struct ward_table_reader *reader)
{
    unsigned lost = 0;
    for (uint64_t number = 1; number < KEYS; number++)
        lost += check_key(reader, number);
    assert_int_equal(check_key(reader, 0), 1);
    return lost;
}

static void undamaged_it_loses_nothing(void **state)
{
    struct damaged *damaged = *state;
    struct ward_table_reader *reader;
    assert_ok(ward_table_reader_open(damaged->scene.directory, &reader));
    assert_int_equal(check_all(reader), 0);
    ward_table_reader_close(reader);
}

static void every_bit_of_the_header_counts(void **state)
{
    struct damaged *damaged = *state;
    for (size_t at = 0; at < sizeof(struct ward_table_header); at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            damaged->bytes[at] ^= (uint8_t)(1u << bit);
            struct ward_table_reader *reader;
            assert_int_equal(ward_table_reader_open(damaged->scene.directory, &reader), WARD_INTEGRITY);
            damaged->bytes[at] ^= (uint8_t)(1u << bit);
        }
    }
}

static void every_byte_of_the_live_words_is_survived(void **state)
{
    struct damaged *damaged = *state;
    struct ward_table_reader *reader;
    assert_ok(ward_table_reader_open(damaged->scene.directory, &reader));
    for (size_t at = WARD_TABLE_LIVE_AT; at < WARD_TABLE_LIVE_AT + sizeof(struct ward_table_live); at++) {
        damaged->bytes[at] ^= 0xff;
        assert_true(ward_table_reader_refresh(reader));
        assert_int_equal(check_all(reader), 0);
        damaged->bytes[at] ^= 0xff;
    }
    /* A heartbeat out of the future is no sign of life. */
    damaged->view.live->heartbeat_ms = INT64_MAX;
    assert_true(ward_table_age_ms(reader, ward_boot_ms()) == INT64_MAX);
    damaged->view.live->heartbeat_ms = -1;
    assert_true(ward_table_age_ms(reader, ward_boot_ms()) == INT64_MAX);
    ward_table_reader_close(reader);
}

/* Headers whose check holds but whose geometry lies. */
static void a_lying_geometry_is_refused(void **state)
{
    struct damaged *damaged = *state;
    struct ward_table_header good, bad;
    memcpy(&good, damaged->bytes, sizeof(good));
    static const uint64_t lies[] = { 0, 1, 3, 63, 4096, UINT32_MAX, UINT64_MAX / 128 + 1, UINT64_MAX - 7, UINT64_MAX };
    for (size_t member = 0; member < 5; member++) {
        for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
            bad = good;
            uint64_t *const members[] = { &bad.geometry.index_slots, &bad.geometry.scope_capacity,
                                          &bad.geometry.record_capacity, &bad.geometry.arena_bytes, &bad.file_bytes };
            *members[member] = lies[i];
            bad.check = ward_table_header_check(&bad);
            memcpy(damaged->bytes, &bad, sizeof(bad));
            struct ward_table_reader *reader;
            enum ward_status status = ward_table_reader_open(damaged->scene.directory, &reader);
            if (status == WARD_OK) { /* it happens to fit: then nothing outside the file is read */
                assert_int_equal(ward_table_file_bytes(&bad.geometry), damaged->size);
                check_all(reader);
                ward_table_reader_close(reader);
            } else {
                assert_int_equal(status, WARD_INTEGRITY);
            }
        }
    }
    memcpy(damaged->bytes, &good, sizeof(good));
}

static void a_table_of_another_boot_is_none(void **state)
{
    struct damaged *damaged = *state;
    struct ward_table_header header;
    memcpy(&header, damaged->bytes, sizeof(header));
    header.boot_id[0] = header.boot_id[0] == 'a' ? 'b' : 'a';
    header.check = ward_table_header_check(&header);
    memcpy(damaged->bytes, &header, sizeof(header));
    struct ward_table_reader *reader;
    assert_int_equal(ward_table_reader_open(damaged->scene.directory, &reader), WARD_NOT_FOUND);
}

static void a_cut_file_is_no_table(void **state)
{
    struct damaged *damaged = *state;
    static const size_t cuts[] = { 0, 1, 100, 4095, 4096, 8192 };
    char *copy = malloc(damaged->size);
    memcpy(copy, damaged->bytes, damaged->size);
    struct ward_table_reader *reader;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        unlink(scene_path(&damaged->scene, "table"));
        int fd = open(scene_path(&damaged->scene, "table"), O_RDWR | O_CREAT, 0600);
        assert_int_equal(write(fd, copy, cuts[i]), cuts[i]);
        assert_int_equal(ward_table_reader_open(damaged->scene.directory, &reader), WARD_INTEGRITY);
        close(fd);
    }
    free(copy);
}

/* Flip each byte of a section in turn; a sample of the keys each time, the key itself among them where it matters. */
static unsigned flip_section(struct damaged *damaged, struct ward_table_reader *reader, uint8_t *from, size_t size,
                             size_t unit)
{
    unsigned lost = 0;
    uint64_t random = size;
    for (size_t at = 0; at < size; at++) {
        uint8_t flip = (uint8_t)(draw(&random) | 1);
        from[at] ^= flip;
        for (unsigned i = 0; i < 8; i++)
            lost += check_key(reader, draw(&random) % KEYS);
        lost += check_key(reader, at / unit % KEYS);
        from[at] ^= flip;
    }
    assert_int_equal(check_all(reader), 0);
    (void)damaged;
    return lost;
}

static void every_byte_of_records_scopes_and_bodies_counts(void **state)
{
    struct damaged *damaged = *state;
    struct ward_table_reader *reader;
    assert_ok(ward_table_reader_open(damaged->scene.directory, &reader));
    /* Key n lies in record n here: each of its 124 bytes behind the sequence loses it. */
    unsigned lost = flip_section(damaged, reader, (uint8_t *)damaged->view.records, KEYS * WARD_RECORD_BYTES,
                                 WARD_RECORD_BYTES);
    assert_true(lost >= (KEYS - 1) * (WARD_RECORD_BYTES - 4));
    assert_true(flip_section(damaged, reader, (uint8_t *)damaged->view.scopes, 5 * 64, 64) > 0);
    assert_true(flip_section(damaged, reader, damaged->view.arena, 8000, 40) > 0);
    assert_true(
        flip_section(damaged, reader, (uint8_t *)damaged->view.index, damaged->view.geometry.index_slots * 8, 1) > 0);
    ward_table_reader_close(reader);
}

static void random_bytes_everywhere_are_survived(void **state)
{
    struct damaged *damaged = *state;
    struct ward_table_reader *reader;
    assert_ok(ward_table_reader_open(damaged->scene.directory, &reader));
    uint8_t *copy = malloc(damaged->size);
    memcpy(copy, damaged->bytes, damaged->size);
    uint64_t random = 99;
    for (unsigned round = 0; round < 60; round++) {
        unsigned hits = 1u << (draw(&random) % 12);
        for (unsigned i = 0; i < hits; i++) {
            size_t at = WARD_TABLE_PAGE + draw(&random) % (damaged->size - WARD_TABLE_PAGE);
            damaged->bytes[at] = (uint8_t)draw(&random);
        }
        check_all(reader);
        memcpy(damaged->bytes, copy, damaged->size);
    }
    /* An index without an end, and one that points everywhere. */
    for (uint64_t fill = 0; fill < 3; fill++) {
        for (uint64_t slot = 0; slot < damaged->view.geometry.index_slots; slot++)
            damaged->view.index[slot] = fill == 0 ? WARD_SLOT_TOMBSTONE
                                                  : ward_slot_make(ward_lookup_tag(&(struct ward_lookup){ 0 }),
                                                                   (uint32_t)draw(&random),
                                                                   fill == 1 ? 0 : (uint32_t)(draw(&random) >> 36));
        assert_int_equal(check_all(reader), KEYS - 1);
    }
    struct ward_lookup zero = { { 0 } };
    struct ward_record record;
    assert_int_equal(ward_table_find(reader, &zero, &record), WARD_TABLE_UNSURE);
    free(copy);
    ward_table_reader_close(reader);
}

static void a_record_left_open_denies_until_the_next_start(void **state)
{
    struct damaged *damaged = *state;
    struct ward_table_reader *reader;
    assert_ok(ward_table_reader_open(damaged->scene.directory, &reader));
    struct ward_lookup lookup = lookup_of(7);
    struct ward_record record;
    damaged->view.records[7 * WARD_RECORD_WORDS] ^= 1; /* a writer died in the middle */
    assert_int_equal(ward_table_find(reader, &lookup, &record), WARD_TABLE_UNSURE);
    lookup = lookup_of(8);
    assert_int_equal(ward_table_find(reader, &lookup, &record), WARD_TABLE_FOUND);

    ward_table_writer_close(damaged->writer);
    assert_ok(ward_table_writer_open(damaged->scene.directory, 10, 1000, &damaged->writer));
    put_key(damaged->writer, 7, 1000);
    assert_ok(ward_table_publish(damaged->writer, 1000));
    assert_int_equal(find_key(reader, 7, &record), WARD_TABLE_FOUND);
    assert_int_equal(record.revision, 1000);
    ward_table_reader_close(reader);
}

static void a_writer_does_not_carry_damage_on(void **state)
{
    struct damaged *damaged = *state;
    damaged->view.records[7 * WARD_RECORD_WORDS + 5] ^= 1;
    assert_int_equal(ward_table_reserve(damaged->writer, 100000, 0), WARD_INTEGRITY);
    damaged->view.records[7 * WARD_RECORD_WORDS + 5] ^= 1;
    damaged->view.arena[10] ^= 1;
    assert_int_equal(ward_table_reserve(damaged->writer, 100000, 0), WARD_OK); /* the removed key's body: nobody's */
    put_key(damaged->writer, 7, 8);
}

static void readers_of_a_damaged_header_are_still_told(void **state)
{
    struct damaged *damaged = *state;
    struct ward_table_reader *reader;
    assert_ok(ward_table_reader_open(damaged->scene.directory, &reader));
    damaged->bytes[0] ^= 1;
    ward_table_writer_close(damaged->writer);
    assert_ok(ward_table_writer_open(damaged->scene.directory, 10, 1000, &damaged->writer));
    assert_ok(ward_table_publish(damaged->writer, 1000));
    assert_true(ward_table_reader_refresh(reader));
    assert_int_equal(ward_table_revision(reader), 1000);
    ward_table_reader_close(reader);
}

/* What a writer killed between its two steps leaves: the mark is set, the next generation is not there. */
static void a_mark_without_a_successor_is_lived_with(void **state)
{
    struct damaged *damaged = *state;
    struct ward_table_reader *reader;
    assert_ok(ward_table_reader_open(damaged->scene.directory, &reader));
    damaged->view.live->superseded = 1;
    struct ward_record record;
    assert_int_equal(find_key(reader, 7, &record), WARD_TABLE_FOUND);
    ward_table_writer_close(damaged->writer);
    assert_ok(ward_table_writer_open(damaged->scene.directory, 10, 1000, &damaged->writer));
    assert_int_equal(find_key(reader, 7, &record), WARD_TABLE_FOUND);
    assert_ok(ward_table_publish(damaged->writer, 1000));
    assert_int_equal(find_key(reader, 7, &record), WARD_TABLE_MISSING);

    /* And with nothing to move to it denies. */
    struct ward_table_view view = damaged->view;
    int fd = open(scene_path(&damaged->scene, "table"), O_RDWR);
    view.live = mmap(NULL, WARD_TABLE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    ((struct ward_table_live *)(void *)((uint8_t *)view.live + WARD_TABLE_LIVE_AT))->superseded = 1;
    munmap(view.live, WARD_TABLE_PAGE);
    assert_int_equal(unlink(scene_path(&damaged->scene, "table")), 0);
    assert_false(ward_table_reader_refresh(reader));
    ward_table_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(undamaged_it_loses_nothing),
        CASE(every_bit_of_the_header_counts),
        CASE(every_byte_of_the_live_words_is_survived),
        CASE(a_lying_geometry_is_refused),
        CASE(a_table_of_another_boot_is_none),
        CASE(a_cut_file_is_no_table),
        CASE(every_byte_of_records_scopes_and_bodies_counts),
        CASE(random_bytes_everywhere_are_survived),
        CASE(a_record_left_open_denies_until_the_next_start),
        CASE(a_writer_does_not_carry_damage_on),
        CASE(readers_of_a_damaged_header_are_still_told),
        CASE(a_mark_without_a_successor_is_lived_with),
    };
    return cmocka_run_group_tests_name("table/damage", tests, NULL, NULL);
}
