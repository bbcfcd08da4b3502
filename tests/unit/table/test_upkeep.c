/*
 * Generations that are built in slices while changes go on, and tables made anew from a store: what the current one
 * holds, the next one holds, whatever came in between; and no damage outlives the upkeep.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include "table/writer_internal.h"

#define KEYS 6000

/* What the table should hold: the store of these tests. */
struct shadow {
    uint64_t revision; /* 0: not there */
    bool has_limit;
};

struct kept {
    struct scene scene;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    struct shadow *shadow;
    uint64_t revision;
    uint64_t refilled; /* the next number to refill */
    bool is_scope_closed[5];
};

static int setup(void **state)
{
    struct kept *kept = calloc(1, sizeof(*kept));
    assert_non_null(kept);
    kept->shadow = calloc(2 * KEYS, sizeof(struct shadow));
    assert_non_null(kept->shadow);
    scene_open(&kept->scene);
    assert_ok(ward_table_writer_open(kept->scene.directory, KEYS, KEYS * 100, &kept->writer));
    *state = kept;
    return 0;
}

static int teardown(void **state)
{
    struct kept *kept = *state;
    ward_table_reader_close(kept->reader);
    ward_table_writer_close(kept->writer);
    scene_close(&kept->scene);
    free(kept->shadow);
    free(kept);
    return 0;
}

static struct ward_table_entry shadow_entry(const struct kept *kept, uint64_t number, const struct packed_body *body)
{
    struct ward_table_entry entry = entry_of(number, kept->shadow[number].revision, body);
    entry.scope.is_active = !kept->is_scope_closed[number % 5];
    if (kept->shadow[number].has_limit) {
        entry.limit = 3;
        entry.ttl_s = 3600;
    }
    return entry;
}

static void change_put(struct kept *kept, uint64_t number, bool has_limit)
{
    kept->shadow[number] = (struct shadow){ .revision = ++kept->revision, .has_limit = has_limit };
    struct packed_body body = body_of(number, kept->revision);
    struct ward_table_entry entry = shadow_entry(kept, number, &body);
    assert_ok(ward_table_reserve(kept->writer, 1, body.size));
    assert_ok(ward_table_put(kept->writer, &entry));
    assert_ok(ward_table_publish(kept->writer, kept->revision));
}

static void change_remove(struct kept *kept, uint64_t number)
{
    kept->shadow[number].revision = 0;
    kept->revision++;
    remove_key(kept->writer, number);
    assert_ok(ward_table_publish(kept->writer, kept->revision));
}

static void change_scope(struct kept *kept, uint64_t project, bool is_active)
{
    struct ward_uuid account_id = uuid_of(1, 1), project_id = uuid_of(2, project);
    kept->is_scope_closed[project] = !is_active;
    kept->revision++;
    ward_table_scope_set_active(kept->writer, &account_id, &project_id, is_active);
    assert_ok(ward_table_publish(kept->writer, kept->revision));
}

static void change_something(struct kept *kept, uint64_t *state)
{
    uint64_t number = draw(state) % (2 * KEYS), what = draw(state) % 40;
    if (what == 0)
        change_scope(kept, draw(state) % 5, draw(state) % 2);
    else if (what < 12)
        change_remove(kept, number);
    else
        change_put(kept, number, draw(state) % 2);
}

static void fill(struct kept *kept)
{
    for (uint64_t number = 0; number < KEYS; number++)
        change_put(kept, number, number % 3 == 0);
    assert_ok(ward_table_reader_open(kept->scene.directory, &kept->reader));
}

/* True when the reader sees the key exactly as the shadow has it. */
static bool is_as_shadowed(struct kept *kept, uint64_t number)
{
    struct ward_record record;
    struct ward_table_scope scope;
    enum ward_table_found found = find_key(kept->reader, number, &record);
    if (kept->shadow[number].revision == 0)
        return found == WARD_TABLE_MISSING;
    return found == WARD_TABLE_FOUND && record.revision == kept->shadow[number].revision &&
           (record.limit > 0) == kept->shadow[number].has_limit && ward_table_scope(kept->reader, &record, &scope) &&
           scope.is_active == !kept->is_scope_closed[number % 5] &&
           is_body_of(ward_table_body(kept->reader, &record), number, record.revision);
}

static uint64_t differences(struct kept *kept)
{
    uint64_t count = 0;
    for (uint64_t number = 0; number < 2 * KEYS; number++)
        count += !is_as_shadowed(kept, number);
    return count;
}

/* ---- by hand ---- */

static void begin(struct kept *kept, bool is_refill)
{
    struct ward_generation next;
    struct ward_table_writer *writer = kept->writer;
    writer->wants_refill = is_refill;
    struct ward_table_geometry geometry = ward_build_begin(writer, is_refill);
    assert_ok(ward_generation_create(writer->fresh_path, &geometry, writer->current.view.generation + 1,
                                     ward_limit_slots_id(writer->limits), NULL, &next));
    ward_build_fill(writer, &next);
    kept->refilled = 0;
}

/* A slice from the shadow, with a snapshot that has every change. True when all are in. */
static bool refill_some(struct kept *kept, uint64_t count)
{
    assert_true(ward_table_refill_begin(kept->writer, kept->revision));
    for (; count > 0 && kept->refilled < 2 * KEYS; count--, kept->refilled++) {
        if (kept->shadow[kept->refilled].revision == 0)
            continue;
        struct packed_body body = body_of(kept->refilled, kept->shadow[kept->refilled].revision);
        struct ward_table_entry entry = shadow_entry(kept, kept->refilled, &body);
        assert_ok(ward_table_refill(kept->writer, &entry));
    }
    ward_table_refill_end(kept->writer);
    return kept->refilled == 2 * KEYS;
}

static void finish(struct kept *kept)
{
    struct ward_generation old;
    assert_ok(ward_build_finish(kept->writer, &old));
    ward_generation_close(&old);
}

/* Every fourth attempt against a limit of three is refused, in the old generation and in the new one together. */
static void expect_windows_to_go_on(struct kept *kept, uint64_t number, uint64_t consumed)
{
    struct ward_record record;
    struct ward_limit_state state;
    assert_int_equal(find_key(kept->reader, number, &record), WARD_TABLE_FOUND);
    ward_table_count(kept->reader, &record, ward_now_ms(), true, &state);
    assert_int_equal(state.consumed, consumed);
}

static void count_once(struct kept *kept, uint64_t number)
{
    struct ward_record record;
    struct ward_limit_state state;
    assert_int_equal(find_key(kept->reader, number, &record), WARD_TABLE_FOUND);
    ward_table_count(kept->reader, &record, ward_now_ms(), false, &state);
    assert_true(state.is_allowed);
}

static void build_among_changes(struct kept *kept, bool is_refill, uint64_t seed)
{
    uint64_t state = seed;
    fill(kept);
    uint64_t generation = kept->writer->current.view.generation;
    begin(kept, is_refill);
    bool is_done = false;
    for (unsigned slice = 0; !is_done; slice++) {
        for (uint64_t changes = draw(&state) % 8; changes > 0; changes--) {
            change_something(kept, &state);
        }
        if (is_refill)
            is_done = refill_some(kept, 97);
        else
            assert_ok(ward_build_copy(kept->writer, 97, &is_done));
        assert_int_equal(kept->writer->current.view.generation, generation); /* nobody moved meanwhile */
        assert_true(slice < 10 * KEYS / 97);
    }
    assert_false(kept->writer->build.is_lost);
    finish(kept);
    assert_int_equal(differences(kept), 0);
    assert_int_equal(ward_table_generation(kept->reader), generation + 1);
    for (unsigned i = 0; i < 2000; i++) /* and its books are right: changes go on as before */
        change_something(kept, &state);
    assert_int_equal(differences(kept), 0);
    for (uint64_t number = 0; number < 2 * KEYS; number++)
        if (kept->shadow[number].revision != 0)
            change_remove(kept, number);
    struct ward_table_stats stats;
    ward_table_writer_stats(kept->writer, &stats);
    assert_int_equal(stats.records, 0);
    assert_int_equal(stats.limits, 0); /* every counter was let go */
}

static void a_copy_among_changes_is_the_same(void **state)
{
    build_among_changes(*state, false, 11);
}

static void a_refill_among_changes_is_the_same(void **state)
{
    build_among_changes(*state, true, 12);
}

static void a_removed_key_does_not_come_back(void **state)
{
    struct kept *kept = *state;
    bool is_done = false;
    fill(kept);
    begin(kept, false);
    assert_ok(ward_build_copy(kept->writer, KEYS / 2, &is_done));
    change_remove(kept, 1);        /* copied already */
    change_remove(kept, KEYS - 1); /* not yet */
    change_remove(kept, KEYS - 2);
    change_put(kept, KEYS - 2, false); /* takes a place that was removed, or a new one */
    while (!is_done)
        assert_ok(ward_build_copy(kept->writer, 100, &is_done));
    finish(kept);
    assert_int_equal(differences(kept), 0);
}

static void windows_go_on_in_the_next_generation(void **state)
{
    struct kept *kept = *state;
    fill(kept);
    for (int is_refill = 0; is_refill < 2; is_refill++) {
        uint64_t number = is_refill ? 3 : 0;
        bool is_done = false;
        count_once(kept, number);
        begin(kept, is_refill);
        count_once(kept, number);
        while (!is_done) {
            if (is_refill)
                is_done = refill_some(kept, 500);
            else
                assert_ok(ward_build_copy(kept->writer, 500, &is_done));
        }
        finish(kept);
        expect_windows_to_go_on(kept, number, 2);
    }
}

static void a_snapshot_older_than_the_table_fills_nothing(void **state)
{
    struct kept *kept = *state;
    fill(kept);
    assert_false(ward_table_refill_begin(kept->writer, kept->revision)); /* nothing is being filled */
    begin(kept, true);
    assert_false(ward_table_refill_begin(kept->writer, kept->revision - 1));
    assert_true(ward_table_refill_begin(kept->writer, kept->revision));
    ward_table_refill_end(kept->writer);
    struct ward_generation next;
    ward_build_end(kept->writer, &next);
    ward_generation_close(&next);
    assert_int_equal(unlink(kept->writer->fresh_path), 0);
}

/* What was reserved and not used hurries nobody; half of the room used up does, the less the more is copied. */
static void a_build_is_late_by_what_changes_used(void **state)
{
    struct kept *kept = *state;
    fill(kept);
    assert_false(ward_build_is_late(kept->writer)); /* nothing is being built */
    begin(kept, false);
    struct ward_build *build = &kept->writer->build;
    const uint64_t room = build->room.bytes, used = kept->writer->current.arena_used;
    assert_true(room > 1024);
    assert_ok(ward_table_reserve(kept->writer, 1, room / 4 * 3));
    assert_false(ward_build_is_late(kept->writer));
    kept->writer->current.arena_used = used + room / 2;
    assert_false(ward_build_is_late(kept->writer));
    kept->writer->current.arena_used = used + room / 2 + room / 256;
    assert_true(ward_build_is_late(kept->writer));
    build->position = kept->writer->current.records_used / 2;
    assert_false(ward_build_is_late(kept->writer));
    build->is_urgent = true;
    assert_true(ward_build_is_late(kept->writer));

    build->is_urgent = false;
    kept->writer->current.arena_used = used;
    build->position = 0;
    kept->writer->current.records_live += build->room.puts;
    assert_true(ward_build_is_late(kept->writer));
    kept->writer->current.records_live -= build->room.puts;
    struct ward_generation next;
    ward_build_end(kept->writer, &next);
    ward_generation_close(&next);
    assert_int_equal(unlink(kept->writer->fresh_path), 0);
    assert_int_equal(differences(kept), 0);
}

static void a_build_that_does_not_hold_a_change_is_lost_not_opened(void **state)
{
    struct kept *kept = *state;
    fill(kept);
    begin(kept, false);
    /* As if the plan had been wrong: no room in the next one, room in the current one. */
    kept->writer->build.next.arena_used = kept->writer->build.next.view.geometry.arena_bytes;
    change_put(kept, KEYS + 1, false);
    assert_true(kept->writer->build.is_lost);
    struct ward_generation next, old;
    bool is_done;
    assert_int_equal(ward_build_copy(kept->writer, 1, &is_done), WARD_UNAVAILABLE);
    assert_int_equal(ward_build_finish(kept->writer, &old), WARD_UNAVAILABLE);
    ward_build_end(kept->writer, &next);
    ward_generation_close(&next);
    assert_int_equal(unlink(kept->writer->fresh_path), 0);
    assert_int_equal(differences(kept), 0);
}

static void a_damaged_record_is_not_copied(void **state)
{
    struct kept *kept = *state;
    bool is_done;
    fill(kept);
    kept->writer->can_refill = true;
    ((struct ward_record *)(void *)kept->writer->current.view.records)[17].expires_ms ^= 1;
    begin(kept, false);
    assert_int_equal(ward_build_copy(kept->writer, KEYS, &is_done), WARD_INTEGRITY);
    assert_true(kept->writer->wants_refill);
    struct ward_generation next;
    ward_build_end(kept->writer, &next);
    ward_generation_close(&next);
    assert_int_equal(unlink(kept->writer->fresh_path), 0);
    kept->writer->can_refill = kept->writer->wants_refill = false;
}

/* A change of another project must not give a damaged scope a good check. */
static void a_damaged_scope_is_not_made_good(void **state)
{
    struct kept *kept = *state;
    fill(kept);
    change_scope(kept, 2, false);
    struct ward_scope_entry *scopes = (struct ward_scope_entry *)(void *)kept->writer->current.view.scopes;
    for (uint64_t i = 0; i < kept->writer->current.scope_count; i++)
        scopes[i].flags |= WARD_SCOPE_ACCOUNT_ACTIVE | WARD_SCOPE_PROJECT_ACTIVE;
    change_scope(kept, 2, false);
    struct ward_uuid account = uuid_of(1, 1), every = { { 0 } };
    ward_table_scope_set_active(kept->writer, &account, &every, true);
    struct ward_record record;
    struct ward_table_scope scope;
    for (uint64_t number = 2; number < KEYS; number += 5) {
        assert_int_equal(find_key(kept->reader, number, &record), WARD_TABLE_FOUND);
        assert_false(ward_table_scope(kept->reader, &record, &scope) && scope.is_active);
    }
}

/* ---- by the thread ---- */

static pthread_mutex_t store = PTHREAD_MUTEX_INITIALIZER; /* a change and a slice of refilling exclude each other */

static enum ward_status refill(void *context, bool is_first, bool *ret_done)
{
    struct kept *kept = context;
    pthread_mutex_lock(&store);
    if (is_first)
        kept->refilled = 0;
    bool is_begun = ward_table_refill_begin(kept->writer, kept->revision);
    if (is_begun)
        ward_table_refill_end(kept->writer);
    if (is_begun)
        *ret_done = refill_some(kept, 200);
    pthread_mutex_unlock(&store);
    return is_begun ? WARD_OK : WARD_UNAVAILABLE;
}

static void start(struct kept *kept)
{
    const struct ward_table_upkeep upkeep = { .refill = refill, .context = kept, .rest_us = 20 };
    assert_ok(ward_table_upkeep_start(kept->writer, &upkeep));
}

static uint64_t generation_of(struct kept *kept)
{
    struct ward_table_stats stats;
    ward_table_writer_stats(kept->writer, &stats);
    return stats.generation;
}

/* Wait for what the upkeep does; it has no clock that a test could move. */
static bool comes_true(bool (*is_true)(struct kept *kept), struct kept *kept)
{
    const struct timespec pause = { .tv_nsec = 10 * 1000000L };
    for (int i = 0; i < 2000; i++) {
        if (is_true(kept))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static uint64_t awaited;

static bool has_generation(struct kept *kept)
{
    return generation_of(kept) >= awaited;
}

static void the_next_generation_comes_before_room_is_used_up(void **state)
{
    struct kept *kept = *state;
    fill(kept);
    start(kept);
    uint64_t random = 5, first = generation_of(kept);
    for (int round = 1; round <= 3; round++) {
        awaited = first + (uint64_t)round;
        for (unsigned i = 0; i < 100000 && generation_of(kept) < awaited; i++)
            change_something(kept, &random);
        assert_true(comes_true(has_generation, kept));
    }
    assert_int_equal(differences(kept), 0);
    ward_table_upkeep_stop(kept->writer);
    assert_int_equal(differences(kept), 0);
    assert_int_equal(access(scene_path(&kept->scene, "table.new"), F_OK), -1);
}

static bool is_whole(struct kept *kept)
{
    pthread_mutex_lock(&store);
    bool is_all = differences(kept) == 0;
    pthread_mutex_unlock(&store);
    return is_all;
}

static void damage_heals(void **state)
{
    struct kept *kept = *state;
    uint64_t random = 77;
    fill(kept);
    change_remove(kept, 0);
    start(kept);
    for (unsigned round = 0; round < 12; round++) {
        struct ward_table_view *view = &kept->writer->current.view;
        pthread_mutex_lock(&kept->writer->mutex);
        uint64_t generation = view->generation;
        struct {
            uint8_t *at;
            uint64_t bytes;
        } regions[] = { { (uint8_t *)view->records, kept->writer->current.records_used * WARD_RECORD_BYTES },
                        { (uint8_t *)view->scopes, kept->writer->current.scope_count * 64 },
                        { view->arena, kept->writer->current.arena_used },
                        { view->base, sizeof(struct ward_table_header) } };
        regions[round % 4].at[draw(&random) % regions[round % 4].bytes] ^= (uint8_t)(1u << draw(&random) % 8);
        pthread_mutex_unlock(&kept->writer->mutex);
        awaited = generation + 1;
        bool is_healed = comes_true(is_whole, kept);
        if (!is_healed)
            fail_msg("round %u stays damaged", round);
        for (unsigned i = 0; i < 50; i++) {
            pthread_mutex_lock(&store);
            change_something(kept, &random);
            pthread_mutex_unlock(&store);
        }
    }
    assert_true(comes_true(is_whole, kept));
}

static void an_index_that_lost_a_key_is_made_anew(void **state)
{
    struct kept *kept = *state;
    fill(kept);
    start(kept);
    pthread_mutex_lock(&kept->writer->mutex);
    struct ward_generation_found found;
    struct ward_lookup lookup = lookup_of(123);
    found = ward_generation_find(&kept->writer->current, &lookup);
    kept->writer->current.view.index[found.slot] = WARD_SLOT_EMPTY; /* no check sees that, and no reader suspects it */
    pthread_mutex_unlock(&kept->writer->mutex);
    assert_true(comes_true(is_whole, kept));
}

/* Read by the upkeep's thread. */
static bool is_disk_full;
static bool must_fail_once; /* late, so that others wait for it */

static int allocate_if_not_full(int fd, off_t offset, off_t size)
{
    const struct timespec pause = { .tv_nsec = 20 * 1000000L };
    if (__atomic_exchange_n(&must_fail_once, false, __ATOMIC_ACQ_REL)) {
        nanosleep(&pause, NULL);
        return ENOSPC;
    }
    return __atomic_load_n(&is_disk_full, __ATOMIC_ACQUIRE) ? ENOSPC : posix_fallocate(fd, offset, size);
}

static enum ward_status reserve_largest(struct kept *kept)
{
    struct packed_body body = body_of(2 * KEYS, 100 * KEYS);
    return ward_table_reserve(kept->writer, 1, body.size);
}

/* Changes go on in the room that is left, then are refused; once there is space they go on without a restart. */
static void a_full_disk_is_tried_again(void **state)
{
    struct kept *kept = *state;
    ward_seam.allocate_file = allocate_if_not_full;
    fill(kept);
    start(kept);
    __atomic_store_n(&is_disk_full, true, __ATOMIC_RELEASE);
    enum ward_status status = WARD_OK;
    uint64_t puts = 0;
    for (; puts < 10 * KEYS && status == WARD_OK; puts++) {
        status = reserve_largest(kept);
        if (status == WARD_OK)
            change_put(kept, puts % (2 * KEYS), false);
    }
    assert_int_equal(status, WARD_IO);
    assert_true(puts > KEYS / 10);
    assert_int_equal(differences(kept), 0);
    __atomic_store_n(&is_disk_full, false, __ATOMIC_RELEASE);
    assert_ok(reserve_largest(kept));
    change_put(kept, 7, false);
    assert_int_equal(differences(kept), 0);
}

/* Whoever waited for a build that failed makes the table by himself: nothing of the failed one gets in his way. */
static void a_build_that_failed_leaves_the_way_free(void **state)
{
    struct kept *kept = *state;
    ward_seam.allocate_file = allocate_if_not_full;
    fill(kept);
    start(kept);
    const struct timespec pause = { .tv_nsec = 1000000L };
    for (size_t round = 1; round <= 6; round++) {
        __atomic_store_n(&must_fail_once, true, __ATOMIC_RELEASE);
        pthread_mutex_lock(&kept->writer->mutex);
        kept->writer->wants_refill = true;
        pthread_cond_signal(&kept->writer->work);
        pthread_mutex_unlock(&kept->writer->mutex);
        while (__atomic_load_n(&must_fail_once, __ATOMIC_ACQUIRE))
            nanosleep(&pause, NULL);
        assert_ok(ward_table_reserve(kept->writer, round * 5 * KEYS, round * 500 * KEYS));
        change_put(kept, round, false);
        assert_int_equal(differences(kept), 0);
    }
}

static void a_stop_in_the_middle_leaves_the_current_one(void **state)
{
    struct kept *kept = *state;
    fill(kept);
    const struct ward_table_upkeep upkeep = { .rest_us = 5000 };
    assert_ok(ward_table_upkeep_start(kept->writer, &upkeep));
    pthread_mutex_lock(&kept->writer->mutex);
    kept->writer->wants_next = true;
    pthread_cond_signal(&kept->writer->work);
    pthread_mutex_unlock(&kept->writer->mutex);
    const struct timespec pause = { .tv_nsec = 30 * 1000000L };
    nanosleep(&pause, NULL);
    ward_table_upkeep_stop(kept->writer);
    assert_int_equal(differences(kept), 0);
    change_put(kept, 9, false);
    assert_int_equal(differences(kept), 0);
    assert_int_equal(access(scene_path(&kept->scene, "table.new"), F_OK), -1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_copy_among_changes_is_the_same),
        CASE(a_refill_among_changes_is_the_same),
        CASE(a_removed_key_does_not_come_back),
        CASE(windows_go_on_in_the_next_generation),
        CASE(a_snapshot_older_than_the_table_fills_nothing),
        CASE(a_build_is_late_by_what_changes_used),
        CASE(a_build_that_does_not_hold_a_change_is_lost_not_opened),
        CASE(a_damaged_record_is_not_copied),
        CASE(a_damaged_scope_is_not_made_good),
        CASE(the_next_generation_comes_before_room_is_used_up),
        CASE(damage_heals),
        CASE(an_index_that_lost_a_key_is_made_anew),
        CASE(a_full_disk_is_tried_again),
        CASE(a_build_that_failed_leaves_the_way_free),
        CASE(a_stop_in_the_middle_leaves_the_current_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
