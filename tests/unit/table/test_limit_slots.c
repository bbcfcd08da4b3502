/* Which credential has which counter: shared by the values of a key, kept over restarts and generations, freed once. */
#include "support.h"

#define NOW INT64_C(1700000000000)

static int64_t wall_now;

static int64_t wall_clock(void)
{
    return wall_now;
}

struct limited {
    struct scene scene;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
};

static int setup(void **state)
{
    static struct limited limited;
    scene_open(&limited.scene);
    ward_seam.now_ms = wall_clock;
    wall_now = NOW;
    assert_ok(ward_table_writer_open(limited.scene.directory, 10, 1000, &limited.writer));
    assert_ok(ward_table_publish(limited.writer, 1));
    assert_ok(ward_table_reader_open(limited.scene.directory, &limited.reader));
    *state = &limited;
    return 0;
}

static int teardown(void **state)
{
    struct limited *limited = *state;
    ward_table_reader_close(limited->reader);
    ward_table_writer_close(limited->writer);
    scene_close(&limited->scene);
    return 0;
}

static struct ward_limit_state count(struct limited *limited, uint64_t number)
{
    struct ward_record record;
    struct ward_limit_state at;
    assert_int_equal(find_key(limited->reader, number, &record), WARD_TABLE_FOUND);
    ward_table_count(limited->reader, &record, wall_now, false, &at);
    return at;
}

/* Put a value of a key: `number` says the value, `id` the key. */
static void put_value(struct limited *limited, uint64_t number, uint64_t id, uint64_t limit, uint32_t ttl_s,
                      const struct ward_lookup *inherit)
{
    struct packed_body body = body_of(number, 1);
    struct ward_table_entry entry = entry_of(number, 1, &body);
    entry.id = id_of(id);
    entry.limit = limit;
    entry.ttl_s = ttl_s;
    entry.inherit_limit_from = inherit;
    assert_ok(ward_table_reserve(limited->writer, 1, body.size));
    assert_ok(ward_table_put(limited->writer, &entry));
}

static uint64_t limits_of(struct limited *limited)
{
    struct ward_table_stats stats;
    ward_table_writer_stats(limited->writer, &stats);
    return stats.limits;
}

static void restart(struct limited *limited)
{
    ward_table_writer_close(limited->writer);
    assert_ok(ward_table_writer_open(limited->scene.directory, 10, 1000, &limited->writer));
}

static void a_key_without_a_limit_is_never_limited(void **state)
{
    struct limited *limited = *state;
    put_value(limited, 1, 1, 0, 0, NULL);
    for (int i = 0; i < 10; i++)
        assert_true(count(limited, 1).is_allowed);
    assert_int_equal(limits_of(limited), 0);
}

static void both_values_of_a_key_share_one_counter(void **state)
{
    struct limited *limited = *state;
    put_value(limited, 1, 7, 3, 60, NULL);
    put_value(limited, 2, 7, 3, 60, NULL);
    assert_int_equal(limits_of(limited), 1);
    assert_int_equal(count(limited, 1).consumed, 1);
    assert_int_equal(count(limited, 2).consumed, 2);
    remove_key(limited->writer, 1); /* the other one still holds it */
    assert_int_equal(limits_of(limited), 1);
    assert_int_equal(count(limited, 2).consumed, 3);
    assert_false(count(limited, 2).is_allowed);
    remove_key(limited->writer, 2);
    assert_int_equal(limits_of(limited), 0);
}

static void a_replaced_record_keeps_its_window(void **state)
{
    struct limited *limited = *state;
    put_value(limited, 1, 7, 3, 60, NULL);
    assert_int_equal(count(limited, 1).consumed, 1);
    put_value(limited, 1, 7, 5, 60, NULL);
    assert_int_equal(count(limited, 1).consumed, 2);
    assert_int_equal(count(limited, 1).limit, 5);
    assert_int_equal(limits_of(limited), 1);
}

static void a_lifted_limit_takes_its_counter_along(void **state)
{
    struct limited *limited = *state;
    put_value(limited, 1, 7, 1, 60, NULL);
    assert_true(count(limited, 1).is_allowed);
    assert_false(count(limited, 1).is_allowed);
    put_value(limited, 1, 7, 0, 0, NULL);
    assert_int_equal(limits_of(limited), 0);
    put_value(limited, 1, 7, 1, 60, NULL);
    assert_int_equal(count(limited, 1).consumed, 1); /* a new limit begins anew */
}

static void a_shortened_ttl_waits_for_the_running_window(void **state)
{
    struct limited *limited = *state;
    put_value(limited, 1, 7, 1, 3600, NULL);
    assert_true(count(limited, 1).is_allowed);
    put_value(limited, 1, 7, 1, 1, NULL);
    wall_now += 5000;
    assert_false(count(limited, 1).is_allowed);
    restart(limited); /* and is not forgotten over a restart */
    put_value(limited, 1, 7, 1, 1, NULL);
    assert_ok(ward_table_publish(limited->writer, 2));
    assert_false(count(limited, 1).is_allowed);
    wall_now = NOW + 3600000;
    assert_true(count(limited, 1).is_allowed);
    assert_false(count(limited, 1).is_allowed);
    wall_now += 1000;
    assert_true(count(limited, 1).is_allowed);
}

static void a_renamed_value_keeps_its_window(void **state)
{
    struct limited *limited = *state;
    struct ward_lookup old = lookup_of(1);
    put_value(limited, 1, 7, 3, 60, NULL);
    assert_int_equal(count(limited, 1).consumed, 1);
    put_value(limited, 2, 7, 3, 60, &old);
    remove_key(limited->writer, 1);
    assert_int_equal(count(limited, 2).consumed, 2);
    assert_int_equal(limits_of(limited), 1);
}

static void a_window_moves_to_another_id_when_told_to(void **state)
{
    struct limited *limited = *state;
    struct ward_lookup old = lookup_of(1);
    put_value(limited, 1, 7, 3, 60, NULL);
    assert_int_equal(count(limited, 1).consumed, 1);
    put_value(limited, 2, 8, 3, 60, &old);
    put_value(limited, 3, 9, 3, 60, NULL);
    assert_int_equal(count(limited, 2).consumed, 2);
    assert_int_equal(count(limited, 2).reset_ms, NOW + 60000);
    assert_int_equal(count(limited, 3).consumed, 1); /* this one begins anew */
}

static void a_restart_keeps_running_windows(void **state)
{
    struct limited *limited = *state;
    for (uint64_t number = 0; number < 50; number++)
        put_value(limited, number, number, 2, 60, NULL);
    for (uint64_t number = 0; number < 50; number++)
        assert_int_equal(count(limited, number).consumed, 1);
    wall_now += 30000;
    restart(limited);
    assert_int_equal(count(limited, 3).consumed, 2); /* the old generation still counts */
    for (uint64_t number = 49; number > 0; number--) /* another order, and one is gone */
        put_value(limited, number, number, 2, 60, NULL);
    assert_ok(ward_table_publish(limited->writer, 2));
    assert_int_equal(limits_of(limited), 49);
    for (uint64_t number = 1; number < 50; number++) {
        struct ward_limit_state at = count(limited, number);
        assert_int_equal(at.consumed, number == 3 ? 3 : 2);
        assert_int_equal(at.is_allowed, number != 3);
        assert_int_equal(at.reset_ms, NOW + 60000);
    }
    put_value(limited, 0, 0, 2, 60, NULL);
    assert_int_equal(count(limited, 0).consumed, 1);
}

static void spoil(const char *path, size_t at)
{
    int fd = open(path, O_RDWR);
    char byte;
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte = (char)(byte ^ 0x20);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

static void a_missing_or_damaged_file_starts_anew(void **state)
{
    struct limited *limited = *state;
    for (size_t round = 0; round < 25; round++) {
        put_value(limited, 1, 1, 2, 60, NULL);
        assert_int_equal(count(limited, 1).consumed, 1);
        const char *path = scene_path(&limited->scene, "limits");
        if (round < 24)
            spoil(path, round);
        else
            assert_int_equal(unlink(path), 0);
        restart(limited);
        put_value(limited, 1, 1, 2, 60, NULL);
        assert_ok(ward_table_publish(limited->writer, 2));
        assert_int_equal(count(limited, 1).consumed, 1);
        remove_key(limited->writer, 1);
    }
}

static void a_limit_that_cannot_be_reached_denies(void **state)
{
    struct limited *limited = *state;
    put_value(limited, 1, 1, 2, 60, NULL);
    ward_table_reader_close(limited->reader);
    assert_int_equal(unlink(scene_path(&limited->scene, "limits")), 0);
    assert_ok(ward_table_reader_open(limited->scene.directory, &limited->reader));
    assert_false(count(limited, 1).is_allowed);
    assert_int_equal(count(limited, 1).remaining, 0);
}

static void readers_follow_the_growing_file(void **state)
{
    struct limited *limited = *state;
    put_value(limited, 0, 0, 1, 60, NULL);
    assert_true(count(limited, 0).is_allowed);
    for (uint64_t number = 1; number < 5000; number++)
        put_value(limited, number, number, 1, 60, NULL);
    for (uint64_t number = 1; number < 5000; number++) {
        assert_true(count(limited, number).is_allowed);
        assert_false(count(limited, number).is_allowed);
    }
    assert_false(count(limited, 0).is_allowed); /* the old counters are where they were */
    assert_int_equal(limits_of(limited), 5000);
}

static void readers_follow_it_within_a_generation(void **state)
{
    struct limited *limited = *state;
    assert_ok(ward_table_reserve(limited->writer, 1000, 500000)); /* of the table there is half as much again */
    put_value(limited, 0, 0, 1, 60, NULL);
    assert_true(count(limited, 0).is_allowed);
    uint64_t generation = ward_table_generation(limited->reader);
    for (uint64_t number = 1; number < 1100; number++)
        put_value(limited, number, number, 1, 60, NULL);
    assert_true(count(limited, 1099).is_allowed);
    assert_false(count(limited, 1099).is_allowed);
    assert_int_equal(ward_table_generation(limited->reader), generation);
}

static void an_old_copy_never_counts_for_the_next_owner(void **state)
{
    struct limited *limited = *state;
    struct ward_record old;
    struct ward_limit_state at;
    put_value(limited, 1, 1, 5, 60, NULL);
    assert_int_equal(find_key(limited->reader, 1, &old), WARD_TABLE_FOUND);
    remove_key(limited->writer, 1);
    put_value(limited, 2, 2, 5, 60, NULL); /* takes the freed counter */
    ward_table_count(limited->reader, &old, wall_now, false, &at);
    assert_false(at.is_allowed);
    assert_int_equal(count(limited, 2).consumed, 1);

    /* Where the key has another counter by now, that one counts. */
    put_value(limited, 3, 3, 5, 60, NULL);
    put_value(limited, 1, 1, 5, 60, NULL);
    ward_table_count(limited->reader, &old, wall_now, false, &at);
    assert_true(at.is_allowed);
    assert_int_equal(at.consumed, 1);
    assert_int_equal(count(limited, 1).consumed, 2);

    /* And where its limit was lifted, none does. */
    assert_int_equal(find_key(limited->reader, 1, &old), WARD_TABLE_FOUND);
    put_value(limited, 1, 1, 0, 0, NULL);
    ward_table_count(limited->reader, &old, wall_now, false, &at);
    assert_true(at.is_allowed);
}

#define CROWD 700

static void everybody_keeps_its_own_in_a_coming_and_going(void **state)
{
    struct limited *limited = *state;
    uint64_t consumed[CROWD] = { 0 }, random = 11; /* 0: not there */
    for (unsigned step = 0; step < 20000; step++) {
        uint64_t number = draw(&random) % CROWD;
        if (consumed[number] > 0 && draw(&random) % 3 == 0) {
            remove_key(limited->writer, number);
            consumed[number] = 0;
            continue;
        }
        put_value(limited, number, number, 5 + step, 60, NULL);
        consumed[number]++;
        assert_int_equal(count(limited, number).consumed, consumed[number]);
    }
    uint64_t held = 0;
    for (uint64_t number = 0; number < CROWD; number++)
        held += consumed[number] > 0;
    assert_int_equal(limits_of(limited), held);
}

static int refuse_space(int fd, off_t offset, off_t size)
{
    (void)fd, (void)offset, (void)size;
    return 28; /* ENOSPC */
}

static void a_full_disk_changes_nothing(void **state)
{
    struct limited *limited = *state;
    put_value(limited, 1, 1, 5, 60, NULL);
    count(limited, 1);
    ward_seam.allocate_file = refuse_space;
    assert_int_equal(ward_table_reserve(limited->writer, 20000, 0), WARD_IO);
    assert_int_equal(ward_table_reserve(limited->writer, 20000, 0), WARD_IO);
    assert_int_equal(count(limited, 1).consumed, 2);
    ward_seam.allocate_file = limited->scene.seam.allocate_file;
    assert_ok(ward_table_reserve(limited->writer, 20000, 0));
    assert_int_equal(count(limited, 1).consumed, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(a_key_without_a_limit_is_never_limited),
        CASE(both_values_of_a_key_share_one_counter),
        CASE(a_replaced_record_keeps_its_window),
        CASE(a_lifted_limit_takes_its_counter_along),
        CASE(a_shortened_ttl_waits_for_the_running_window),
        CASE(a_renamed_value_keeps_its_window),
        CASE(a_window_moves_to_another_id_when_told_to),
        CASE(a_restart_keeps_running_windows),
        CASE(a_missing_or_damaged_file_starts_anew),
        CASE(a_limit_that_cannot_be_reached_denies),
        CASE(readers_follow_the_growing_file),
        CASE(readers_follow_it_within_a_generation),
        CASE(an_old_copy_never_counts_for_the_next_owner),
        CASE(everybody_keeps_its_own_in_a_coming_and_going),
        CASE(a_full_disk_changes_nothing),
    };
    return cmocka_run_group_tests_name("table/limit_slots", tests, NULL, NULL);
}
