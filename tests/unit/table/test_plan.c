/* Stages, plans and relations as records: their lookups, their bodies, and that counters outlive what holds them. */
#include "support.h"

#include "model/key_id.h"
#include "table/plan_counter.h"
#include "table/writer_internal.h"

#define NOW INT64_C(1763803800000)

struct kept {
    struct scene scene;
    struct ward_keyed_hash *hash;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
};

static int setup(void **state)
{
    static struct kept kept;
    memset(&kept, 0, sizeof(kept));
    scene_open(&kept.scene);
    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring;
    assert_ok(ward_random(root, sizeof(root)));
    assert_ok(ward_keyring_from_bytes(root, &keyring));
    assert_ok(ward_keyed_hash_lookup(keyring, &kept.hash));
    ward_keyring_close(keyring);
    assert_ok(ward_table_writer_open(kept.scene.directory, 100, 1000, &kept.writer));
    assert_ok(ward_table_publish(kept.writer, 1));
    assert_ok(ward_table_reader_open(kept.scene.directory, &kept.reader));
    *state = &kept;
    return 0;
}

static int teardown(void **state)
{
    struct kept *kept = *state;
    ward_table_reader_close(kept->reader);
    ward_table_writer_close(kept->writer);
    ward_keyed_hash_free(kept->hash);
    scene_close(&kept->scene);
    return 0;
}

static struct ward_table_entry relation_of(struct kept *kept, uint64_t key, uint64_t stage, uint64_t plan)
{
    struct ward_lookup lookup;
    ward_relation_lookup(kept->hash, key, stage, &lookup);
    return ward_relation_entry(&lookup, &(struct ward_table_relation){ .key = key, .stage = stage, .plan = plan });
}

static void put_entry(struct kept *kept, const struct ward_table_entry *entry)
{
    assert_ok(ward_table_reserve(kept->writer, 1, entry->body.size));
    assert_ok(ward_table_put(kept->writer, entry));
    assert_ok(ward_table_publish(kept->writer, 2));
}

static struct ward_record find(struct kept *kept, const struct ward_lookup *lookup)
{
    struct ward_record record;
    assert_true(ward_table_reader_refresh(kept->reader));
    assert_int_equal(ward_table_find(kept->reader, lookup, &record), WARD_TABLE_FOUND);
    return record;
}

static void count_calls(struct kept *kept, const struct ward_lookup *lookup, unsigned calls)
{
    const struct ward_plan_terms terms = WARD_PLAN_TERMS_NONE;
    struct ward_record record = find(kept, lookup);
    struct ward_quota_states states;
    for (unsigned i = 0; i < calls; i++)
        assert_true(ward_table_plan_quotas(kept->reader, &record, &terms, NOW, false, &states));
}

static uint64_t used_of(struct kept *kept, const struct ward_lookup *lookup)
{
    struct ward_plan_usage usage, same;
    assert_true(ward_table_usage(kept->reader, lookup, NOW, &usage));
    assert_true(ward_table_writer_usage(kept->writer, lookup, NOW, &same));
    assert_memory_equal(&usage, &same, sizeof(usage));
    assert_int_equal(usage.day_used, usage.month_used);
    return usage.day_used;
}

static void lookups_are_of_their_kind_and_ids(void **state)
{
    struct kept *kept = *state;
    struct ward_lookup lookups[6];
    ward_stage_lookup(kept->hash, 1, &lookups[0]);
    ward_plan_lookup(kept->hash, 1, &lookups[1]);
    ward_relation_lookup(kept->hash, 1, 2, &lookups[2]);
    ward_relation_lookup(kept->hash, 2, 1, &lookups[3]);
    ward_relation_lookup(kept->hash, 1, 1, &lookups[4]);
    ward_stage_lookup(kept->hash, 2, &lookups[5]);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(&lookups[i], &lookups[j], sizeof(lookups[i]));
}

static void records_hold_what_was_put(void **state)
{
    struct kept *kept = *state;
    struct ward_key_id last;
    assert_true(ward_key_id_parse(WARD_SPAN("zzzzzzzzzz"), &last));
    const uint64_t most = ward_key_id_pack(&last);
    struct ward_lookup lookup;
    struct ward_plan_terms terms;
    const struct ward_table_stage stage = { .product = most,
                                            .api = most - 1,
                                            .stage = most - 2,
                                            .is_public = true,
                                            .throttle_rps = 7,
                                            .terms = { 1, 2, 3, WARD_ANSWER_5XX } };
    ward_stage_lookup(kept->hash, stage.stage, &lookup);
    assert_ok(ward_table_put_stage(kept->writer, &lookup, &stage));
    struct ward_record record = find(kept, &lookup);
    assert_int_equal(record.kind, WARD_RECORD_STAGE);
    assert_true(ward_record_id(&record, 0) == most - 2 && ward_record_id(&record, 1) == most - 1);
    assert_true(record.plan.other == most);
    assert_int_equal(record.flags, WARD_RECORD_ENABLED | WARD_RECORD_PUBLIC);
    assert_int_equal(record.limit, 7);
    assert_int_not_equal(record.limit_slot, WARD_LIMIT_SLOT_NONE);
    ward_record_terms(&record, &terms);
    assert_true(terms.rate_rps == 1 && terms.day_quota == 2 && terms.month_quota == 3);
    assert_int_equal(terms.classes, WARD_ANSWER_5XX);

    const struct ward_table_plan plan = { .plan = most, .terms = { UINT32_MAX, WARD_QUOTA_NONE, INT64_MAX, 31 } };
    ward_plan_lookup(kept->hash, most, &lookup);
    assert_ok(ward_table_put_plan(kept->writer, &lookup, &plan));
    record = find(kept, &lookup);
    assert_int_equal(record.kind, WARD_RECORD_PLAN);
    assert_int_equal(record.limit_slot, WARD_LIMIT_SLOT_NONE);
    ward_record_terms(&record, &terms);
    assert_true(terms.rate_rps == UINT32_MAX && terms.day_quota == WARD_QUOTA_NONE && terms.month_quota == INT64_MAX);

    struct ward_table_entry relation = relation_of(kept, most, most - 1, most);
    put_entry(kept, &relation);
    record = find(kept, &relation.lookup);
    assert_true(ward_record_id(&record, 0) == most && ward_record_id(&record, 1) == most - 1);
    assert_true(record.plan.other == most && ward_is_relation_id(&record.id));
}

static void a_stage_is_no_relation(void **state)
{
    struct kept *kept = *state;
    struct ward_lookup lookup;
    struct ward_plan_usage usage;
    const struct ward_table_stage stage = { .stage = 5, .throttle_rps = 1 };
    ward_stage_lookup(kept->hash, 5, &lookup);
    assert_ok(ward_table_put_stage(kept->writer, &lookup, &stage));
    assert_false(ward_table_usage(kept->reader, &lookup, NOW, &usage));
    assert_false(ward_table_writer_usage(kept->writer, &lookup, NOW, &usage));
    ward_relation_lookup(kept->hash, 1, 5, &lookup);
    assert_false(ward_table_usage(kept->reader, &lookup, NOW, &usage));
    assert_false(ward_table_writer_usage(kept->writer, &lookup, NOW, &usage));
}

static void bodies_come_back(void **state)
{
    (void)state;
    static const struct ward_stage_body rows[] = {
        { WARD_ACL_NONE, { "", 0 }, 0, { "", 0 } },
        { WARD_ACL_ALLOWED, { "10.0.0.0/8", 10 }, 503, { "closed", 6 } },
        { WARD_ACL_REJECTED, { "", 0 }, 599, { "\0x", 2 } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_buffer packed = ward_buffer_new(1000);
        struct ward_stage_body body;
        ward_stage_body_encode(&rows[i], &packed);
        assert_ok(packed.status);
        struct ward_span bytes = ward_buffer_span(&packed);
        assert_true(ward_stage_body_decode(bytes, &body));
        assert_int_equal(body.acl_code, rows[i].acl_code);
        assert_int_equal(body.status, rows[i].status);
        assert_true(ward_span_equal(body.acl_list, rows[i].acl_list));
        assert_true(ward_span_equal(body.response, rows[i].response));
        for (size_t size = 0; size < bytes.size; size++) /* cut anywhere, it is none */
            assert_false(ward_stage_body_decode(ward_span(bytes.data, size), &body));
        ward_buffer_free(&packed);
    }
    struct ward_stage_body body;
    assert_false(ward_stage_body_decode(WARD_SPAN_NONE, &body));
}

static void relations_have_counters_of_their_own(void **state)
{
    struct kept *kept = *state;
    struct ward_table_entry entries[] = { relation_of(kept, 1, 2, 0), relation_of(kept, 2, 1, 0),
                                          relation_of(kept, 1, 1, 0) };
    for (size_t i = 0; i < 3; i++) {
        put_entry(kept, &entries[i]);
        count_calls(kept, &entries[i].lookup, (unsigned)i + 1);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(used_of(kept, &entries[i].lookup), i + 1);
    struct ward_table_entry changed = relation_of(kept, 1, 2, 9); /* another plan: it goes on */
    put_entry(kept, &changed);
    assert_int_equal(used_of(kept, &changed.lookup), 1);
}

/* The next generation, copied or made anew from the store, holds the same counters. */
static void counters_move_with_generations(void **state)
{
    struct kept *kept = *state;
    struct ward_table_writer *writer = kept->writer;
    struct ward_table_entry entry = relation_of(kept, 1, 2, 0), late = relation_of(kept, 3, 2, 0);
    put_entry(kept, &entry);
    for (int is_refill = 0; is_refill < 2; is_refill++) {
        struct ward_generation next, old;
        bool is_done = false;
        count_calls(kept, &entry.lookup, 5);
        writer->wants_refill = is_refill;
        struct ward_table_geometry geometry = ward_build_begin(writer, is_refill);
        assert_ok(ward_generation_create(writer->fresh_path, &geometry, writer->current.view.generation + 1,
                                         ward_limit_slots_id(writer->limits), NULL, &next));
        ward_build_fill(writer, &next);
        put_entry(kept, &late); /* a change while it is filled */
        if (is_refill) {
            assert_true(ward_table_refill_begin(writer, 2));
            assert_ok(ward_table_refill(writer, &entry));
            assert_ok(ward_table_refill(writer, &late));
            ward_table_refill_end(writer);
        } else {
            assert_ok(ward_build_copy(writer, 1000, &is_done));
        }
        assert_ok(ward_build_finish(writer, &old));
        ward_generation_close(&old);
        assert_int_equal(used_of(kept, &entry.lookup), 5 * (unsigned)(is_refill + 1));
        assert_int_equal(used_of(kept, &late.lookup), 0);
    }
}

static void a_rotten_zone_and_owner_are_put_right(void **state)
{
    struct kept *kept = *state;
    const struct ward_zone seoul = { 32400, 32400, 0 };
    ward_table_zone_set(kept->writer, &seoul);
    struct ward_table_entry entry = relation_of(kept, 1, 2, 0);
    put_entry(kept, &entry);
    count_calls(kept, &entry.lookup, 3);
    struct ward_record record = find(kept, &entry.lookup);
    struct ward_limit_counter *counter = ward_limit_slots_counter(kept->writer->limits, record.limit_slot);
    kept->writer->current.view.live->zone = 0x5555555555555555;
    counter->owner[1] ^= 1;
    struct ward_plan_usage usage;
    assert_false(ward_table_usage(kept->reader, &entry.lookup, NOW, &usage)); /* denied, not believed */
    assert_false(ward_table_plan_call(kept->reader, &record, NOW, false));
    assert_true(ward_limit_slots_take_suspicion(kept->writer->limits));
    pthread_mutex_lock(&kept->writer->mutex);
    while (!ward_scrub(kept->writer, 1000)) {
    }
    pthread_mutex_unlock(&kept->writer->mutex);
    assert_int_equal(used_of(kept, &entry.lookup), 3);
    assert_true(kept->writer->current.view.live->zone == ward_zone_pack(&seoul));
}

/* Removed and put again, with another counter: who still has the old record counts in the new one. */
static void a_counter_that_changed_hands_is_found_again(void **state)
{
    struct kept *kept = *state;
    struct ward_table_entry entry = relation_of(kept, 1, 2, 0), other = relation_of(kept, 9, 2, 0);
    put_entry(kept, &entry);
    struct ward_record old = find(kept, &entry.lookup);
    ward_table_remove(kept->writer, &entry.lookup);
    assert_false(ward_table_plan_call(kept->reader, &old, NOW, false));
    put_entry(kept, &other); /* takes the old counter */
    put_entry(kept, &entry);
    struct ward_record stale = old, fresh = find(kept, &entry.lookup);
    assert_int_not_equal(fresh.limit_slot, old.limit_slot);
    assert_true(ward_table_plan_call(kept->reader, &stale, NOW, false));
    assert_int_equal(stale.limit_slot, fresh.limit_slot);
    struct ward_plan_usage usage;
    assert_true(ward_table_usage(kept->reader, &entry.lookup, NOW, &usage));
    assert_int_equal(usage.day_calls, 1);
    assert_true(ward_table_usage(kept->reader, &other.lookup, NOW, &usage));
    assert_int_equal(usage.day_calls, 0);
}

static void a_removed_relation_frees_its_counter(void **state)
{
    struct kept *kept = *state;
    struct ward_table_stats before, after;
    ward_table_writer_stats(kept->writer, &before);
    for (uint64_t i = 0; i < 500; i++) {
        struct ward_table_entry entry = relation_of(kept, i + 1, 2, 0);
        put_entry(kept, &entry);
        assert_int_equal(used_of(kept, &entry.lookup), 0); /* whoever had it before */
        count_calls(kept, &entry.lookup, 2);
        ward_table_remove(kept->writer, &entry.lookup);
    }
    ward_table_writer_stats(kept->writer, &after);
    assert_int_equal(after.limits, before.limits);
    assert_ok(ward_table_limits_sync(kept->writer));
}

static int64_t wall_now;

static int64_t wall_clock(void)
{
    return wall_now;
}

static unsigned growths;

static int refuse_room(int fd, off_t at, off_t size)
{
    (void)fd, (void)at, (void)size;
    growths++;
    return -1;
}

static void come_back(struct kept *kept, const struct ward_table_entry *entry, unsigned used)
{
    put_entry(kept, entry);
    assert_int_equal(used_of(kept, &entry->lookup), used);
    ward_table_remove(kept->writer, &entry->lookup);
}

/* Who unsubscribes and subscribes again has used what it had used, in this month. */
static void a_relation_that_comes_back_has_its_counter(void **state)
{
    struct kept *kept = *state;
    struct ward_table_entry entry = relation_of(kept, 1, 2, 0), other = relation_of(kept, 3, 2, 0);
    ward_seam.now_ms = wall_clock;
    wall_now = NOW;
    put_entry(kept, &entry);
    count_calls(kept, &entry.lookup, 2);
    ward_table_remove(kept->writer, &entry.lookup);
    come_back(kept, &other, 0);
    come_back(kept, &entry, 2);
    ward_table_writer_close(kept->writer); /* gone at the start, back after it */
    assert_ok(ward_table_writer_open(kept->scene.directory, 100, 1000, &kept->writer));
    assert_ok(ward_table_publish(kept->writer, 1));
    come_back(kept, &entry, 2);
    struct ward_table_stats stats;
    ward_table_writer_stats(kept->writer, &stats);
    assert_int_equal(stats.limits, 0);
}

/* Counters that rest are free when their month is over everywhere, or when there is no room for others. */
static void resting_counters_make_room(void **state)
{
    struct kept *kept = *state;
    const int64_t day_ms = 86400000;
    const struct {
        int64_t moved_ms;
        unsigned growths;                                           /* tried, and refused */
    } rows[] = { { 0, 1 }, { 9 * day_ms, 1 }, { 10 * day_ms, 0 } }; /* from the 22nd to the 1st: not over everywhere */
    ward_seam.now_ms = wall_clock;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wall_now = NOW;
        struct ward_table_entry entry = relation_of(kept, 1, 2, 0), late = relation_of(kept, 1, 3, 0);
        for (uint64_t key = 1; key <= 1024; key++) { /* as many as there is room for at first */
            entry = relation_of(kept, key, 2, 0);
            put_entry(kept, &entry);
            assert_int_equal(used_of(kept, &entry.lookup), 0);
            count_calls(kept, &entry.lookup, 1);
            ward_table_remove(kept->writer, &entry.lookup);
        }
        wall_now = NOW + rows[i].moved_ms;
        int (*allocate_file)(int, off_t, off_t) = ward_seam.allocate_file;
        ward_seam.allocate_file = refuse_room;
        growths = 0;
        come_back(kept, &late, 0);
        come_back(kept, &entry, 0);
        ward_seam.allocate_file = allocate_file;
        assert_int_equal(growths, rows[i].growths);
    }
}

static int fail_to_sync(int fd)
{
    (void)fd;
    return -1;
}

static void a_failed_sync_is_told(void **state)
{
    struct kept *kept = *state;
    ward_seam.sync_data = fail_to_sync;
    assert_int_equal(ward_table_limits_sync(kept->writer), WARD_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(lookups_are_of_their_kind_and_ids),
        CASE(records_hold_what_was_put),
        CASE(a_stage_is_no_relation),
        CASE(bodies_come_back),
        CASE(relations_have_counters_of_their_own),
        CASE(counters_move_with_generations),
        CASE(a_rotten_zone_and_owner_are_put_right),
        CASE(a_counter_that_changed_hands_is_found_again),
        CASE(a_removed_relation_frees_its_counter),
        CASE(a_relation_that_comes_back_has_its_counter),
        CASE(resting_counters_make_room),
        CASE(a_failed_sync_is_told),
    };
    return cmocka_run_group_tests_name("table/plan", tests, NULL, NULL);
}
