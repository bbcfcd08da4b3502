#include "support.h"

#include <pthread.h>
#include <sys/mman.h>

#include "table/layout.h"

static int setup(void **state)
{
    static struct scene scene;
    scene_open(&scene);
    *state = &scene;
    return 0;
}

static int teardown(void **state)
{
    scene_close(*state);
    return 0;
}

static void finds_what_was_put(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    put_key(writer, 1, 7);
    struct ward_table_reader *reader;
    assert_int_equal(ward_table_reader_open(scene->directory, &reader), WARD_NOT_FOUND);
    assert_ok(ward_table_publish(writer, 7));
    assert_ok(ward_table_reader_open(scene->directory, &reader));

    struct ward_record record;
    assert_int_equal(find_key(reader, 1, &record), WARD_TABLE_FOUND);
    assert_int_equal(record.revision, 7);
    assert_int_equal(record.kind, WARD_RECORD_API_KEY);
    assert_int_equal(record.flags, WARD_RECORD_ENABLED);
    assert_true(record.expires_ms == WARD_TIME_NONE);
    assert_true(is_body_of(ward_table_body(reader, &record), 1, 7));
    struct ward_table_scope scope;
    assert_true(ward_table_scope(reader, &record, &scope));
    assert_true(scope.is_active);
    assert_false(scope.is_test);
    struct ward_uuid account = uuid_of(1, 1), project = uuid_of(2, 1);
    assert_true(ward_uuid_equal(&scope.account_id, &account));
    assert_true(ward_uuid_equal(&scope.project_id, &project));
    assert_int_equal(find_key(reader, 2, &record), WARD_TABLE_MISSING);
    assert_int_equal(ward_table_revision(reader), 7);

    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

static void replaces_and_removes(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    assert_ok(ward_table_publish(writer, 1));
    assert_ok(ward_table_reader_open(scene->directory, &reader));

    struct ward_record record;
    put_key(writer, 1, 2);
    put_key(writer, 1, 3);
    assert_int_equal(find_key(reader, 1, &record), WARD_TABLE_FOUND);
    assert_int_equal(record.revision, 3);
    assert_true(is_body_of(ward_table_body(reader, &record), 1, 3));

    struct ward_table_stats stats;
    ward_table_writer_stats(writer, &stats);
    assert_int_equal(stats.records, 1);
    assert_int_equal(stats.api_keys, 1);
    assert_int_not_equal(stats.garbage_bytes, 0);

    remove_key(writer, 1);
    remove_key(writer, 1); /* twice is once */
    remove_key(writer, 99);
    assert_int_equal(find_key(reader, 1, &record), WARD_TABLE_MISSING);
    ward_table_writer_stats(writer, &stats);
    assert_int_equal(stats.records, 0);
    assert_int_equal(stats.api_keys, 0);

    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

static void a_same_body_is_kept_once(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    struct packed_body body = body_of(1, 1);
    struct ward_table_entry entry = entry_of(1, 1, &body);
    assert_ok(ward_table_put(writer, &entry));
    entry.flags |= WARD_RECORD_USED;
    assert_ok(ward_table_put(writer, &entry));
    struct ward_table_stats stats;
    ward_table_writer_stats(writer, &stats);
    assert_int_equal(stats.garbage_bytes, 0);
    ward_table_writer_close(writer);
}

static void put_without_room_is_refused_and_changes_nothing(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    assert_ok(ward_table_writer_open(scene->directory, 1, 100, &writer));
    struct packed_body body = body_of(1, 1);
    uint64_t number = 0;
    enum ward_status status;
    do {
        struct ward_table_entry entry = entry_of(number, 1, &body);
        status = ward_table_put(writer, &entry);
        number++;
    } while (status == WARD_OK && number < 100000);
    assert_int_equal(status, WARD_UNAVAILABLE);
    struct ward_table_stats stats;
    ward_table_writer_stats(writer, &stats);
    assert_int_equal(stats.records, number - 1);

    assert_ok(ward_table_reserve(writer, 1, body.size));
    struct ward_table_entry entry = entry_of(number, 1, &body);
    assert_ok(ward_table_put(writer, &entry));
    ward_table_writer_close(writer);
}

static void a_record_of_no_kind_is_invalid(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    assert_ok(ward_table_writer_open(scene->directory, 1, 100, &writer));
    struct packed_body body = body_of(1, 1);
    struct ward_table_entry entry = entry_of(1, 1, &body);
    entry.kind = WARD_RECORD_NONE;
    assert_int_equal(ward_table_put(writer, &entry), WARD_INVALID);
    ward_table_writer_close(writer);
}

static void more_than_the_maximum_is_refused(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    assert_int_equal(ward_table_writer_open(scene->directory, SIZE_MAX, 1, &writer), WARD_UNAVAILABLE);
    assert_int_equal(ward_table_writer_open(scene->directory, 1, SIZE_MAX, &writer), WARD_UNAVAILABLE);
    assert_ok(ward_table_writer_open(scene->directory, 1, 1, &writer));
    assert_int_equal(ward_table_reserve(writer, SIZE_MAX, 0), WARD_UNAVAILABLE);
    assert_int_equal(ward_table_reserve(writer, 1, SIZE_MAX), WARD_UNAVAILABLE);
    ward_table_writer_close(writer);
    assert_int_equal(ward_table_writer_open("/nonexistent/directory", 1, 1, &writer), WARD_IO);
}

/* ---- against a shadow ---- */

#define KEYS  12000
#define STEPS 60000

struct shadow {
    uint64_t revision[KEYS]; /* 0: not there */
    uint64_t limit[KEYS];
};

static void compare_key(struct ward_table_reader *reader, const struct shadow *shadow, uint64_t number)
{
    struct ward_record record;
    enum ward_table_found found = find_key(reader, number, &record);
    if (shadow->revision[number] == 0) {
        assert_int_equal(found, WARD_TABLE_MISSING);
        return;
    }
    assert_int_equal(found, WARD_TABLE_FOUND);
    assert_int_equal(record.revision, shadow->revision[number]);
    assert_int_equal(record.limit, shadow->limit[number]);
    assert_true(is_body_of(ward_table_body(reader, &record), number, shadow->revision[number]));
}

static void holds_the_same_as_a_shadow(void **state)
{
    struct scene *scene = *state;
    struct shadow *shadow = calloc(1, sizeof(*shadow));
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    assert_ok(ward_table_writer_open(scene->directory, 1, 1, &writer));
    assert_ok(ward_table_publish(writer, 0));
    assert_ok(ward_table_reader_open(scene->directory, &reader));

    uint64_t random = 42, live = 0, limited = 0;
    for (uint64_t step = 1; step <= STEPS; step++) {
        uint64_t number = draw(&random) % KEYS, dice = draw(&random) % 10;
        live -= shadow->revision[number] != 0;
        limited -= shadow->limit[number] != 0;
        if (dice < 3) {
            remove_key(writer, number);
            shadow->revision[number] = shadow->limit[number] = 0;
        } else {
            shadow->revision[number] = step;
            shadow->limit[number] = dice == 9 ? step : 0;
            put_limited(writer, number, step, shadow->limit[number], 60);
        }
        live += shadow->revision[number] != 0;
        limited += shadow->limit[number] != 0;
        if (step % 7 == 0) {
            compare_key(reader, shadow, number);
            compare_key(reader, shadow, draw(&random) % KEYS);
        }
    }
    for (uint64_t number = 0; number < KEYS; number++)
        compare_key(reader, shadow, number);

    struct ward_table_stats stats;
    ward_table_writer_stats(writer, &stats);
    assert_int_equal(stats.records, live);
    assert_int_equal(stats.api_keys, live);
    assert_int_equal(stats.limits, limited);
    assert_int_equal(stats.generation, ward_table_generation(reader));
    assert_true(stats.generation > 5); /* it grew and was cleaned on the way */
    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
    free(shadow);
}

/* ---- size and hints ---- */

/* Issue 3: at most 200 bytes a key for records and index, at whatever count. */
static void a_key_takes_at_most_200_bytes_beside_its_body(void **state)
{
    struct scene *scene = *state;
    static const size_t counts[] = { 78643, 100000, 131072, 200000, 1000000 };
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct ward_table_writer *writer;
        struct ward_table_header header;
        assert_ok(ward_table_writer_open(scene->directory, counts[i], 1, &writer));
        int fd = open(scene_path(scene, "table.new"), O_RDONLY);
        assert_int_equal(read(fd, &header, sizeof(header)), sizeof(header));
        close(fd);
        uint64_t bytes = header.file_bytes - header.geometry.arena_bytes;
        if (bytes > counts[i] * 200)
            fail_msg("%zu keys: %llu bytes each", counts[i], (unsigned long long)(bytes / counts[i]));
        assert_true(header.geometry.record_capacity >= counts[i]);
        ward_table_writer_close(writer);
    }
}

/* The slot of every key, read past the reader: its hint is the record's counter, whatever happened to the limit. */
static void check_hints(struct scene *scene, struct ward_table_reader *reader, uint64_t keys)
{
    int fd = open(scene_path(scene, "table"), O_RDONLY);
    struct stat stat;
    assert_int_equal(fstat(fd, &stat), 0);
    void *base = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(base != MAP_FAILED);
    close(fd);
    struct ward_table_header header;
    struct ward_table_view view;
    memcpy(&header, base, sizeof(header));
    ward_table_view_init(&view, base, &header);
    uint64_t seen = 0;
    for (uint64_t slot = 0; slot < header.geometry.index_slots; slot++) {
        struct ward_record record, found;
        if (view.index[slot] == WARD_SLOT_EMPTY || view.index[slot] == WARD_SLOT_TOMBSTONE)
            continue;
        assert_true(ward_slot_record(view.index[slot]) < header.geometry.record_capacity);
        memcpy(&record, view.records + (size_t)ward_slot_record(view.index[slot]) * WARD_RECORD_WORDS, sizeof(record));
        assert_true(ward_slot_limit_hint(view.index[slot]) == (record.limit_slot & 0x7ffffff));
        assert_int_equal(ward_slot_tag(view.index[slot]), ward_lookup_tag(&record.lookup));
        assert_int_equal(ward_table_find(reader, &record.lookup, &found), WARD_TABLE_FOUND);
        seen++;
    }
    assert_int_equal(seen, keys);
    munmap(base, (size_t)stat.st_size);
}

static void slots_hint_at_the_records_counters(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    assert_ok(ward_table_writer_open(scene->directory, 100, 10000, &writer));
    for (uint64_t number = 0; number < 100; number++)
        put_limited(writer, number, 1, number % 2 ? 5 : 0, 60);
    assert_ok(ward_table_publish(writer, 1));
    assert_ok(ward_table_reader_open(scene->directory, &reader));
    check_hints(scene, reader, 100);
    for (uint64_t number = 0; number < 50; number++) /* limits come and go */
        put_limited(writer, number, 2, number % 2 ? 0 : 7, 60);
    remove_key(writer, 70);
    check_hints(scene, reader, 99);
    assert_ok(ward_table_reserve(writer, 1000, 0));
    assert_true(ward_table_reader_refresh(reader));
    check_hints(scene, reader, 99);
    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

/* ---- scopes ---- */

static bool is_scope_active(struct ward_table_reader *reader, uint64_t number)
{
    struct ward_record record;
    struct ward_table_scope scope;
    assert_int_equal(find_key(reader, number, &record), WARD_TABLE_FOUND);
    assert_true(ward_table_scope(reader, &record, &scope));
    return scope.is_active;
}

static void scopes_close_and_open(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    put_key(writer, 0, 1); /* project 0 */
    put_key(writer, 1, 1); /* project 1 */
    assert_ok(ward_table_publish(writer, 1));
    assert_ok(ward_table_reader_open(scene->directory, &reader));

    struct ward_uuid account = uuid_of(1, 1), other = uuid_of(1, 2), project = uuid_of(2, 1), whole = { { 0 } };
    ward_table_scope_set_active(writer, &other, &whole, false);
    ward_table_scope_set_active(writer, &other, &project, false);
    assert_true(is_scope_active(reader, 0) && is_scope_active(reader, 1));
    ward_table_scope_set_active(writer, &account, &project, false);
    assert_true(is_scope_active(reader, 0));
    assert_false(is_scope_active(reader, 1));
    ward_table_scope_set_active(writer, &account, &whole, false);
    assert_false(is_scope_active(reader, 0));
    ward_table_scope_set_active(writer, &account, &whole, true);
    assert_true(is_scope_active(reader, 0));
    assert_false(is_scope_active(reader, 1)); /* its own closing outlasts the account's return */
    ward_table_scope_set_active(writer, &account, &project, true);
    assert_true(is_scope_active(reader, 1));

    /* A put brings its scope up to date. */
    struct packed_body body = body_of(1, 2);
    struct ward_table_entry entry = entry_of(1, 2, &body);
    entry.scope.is_active = false;
    entry.scope.is_test = true;
    assert_ok(ward_table_put(writer, &entry));
    assert_false(is_scope_active(reader, 1));

    /* And a move to another generation keeps it. */
    assert_ok(ward_table_reserve(writer, 10000, 0));
    assert_false(is_scope_active(reader, 1));
    assert_true(is_scope_active(reader, 0));
    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

static void many_scopes_make_room(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    assert_ok(ward_table_writer_open(scene->directory, 1, 1, &writer));
    for (uint64_t number = 0; number < 3000; number++) {
        struct packed_body body = body_of(number, 1);
        struct ward_table_entry entry = entry_of(number, 1, &body);
        entry.scope.project_id = uuid_of(3, number);
        entry.scope.is_active = number % 3 != 0;
        assert_ok(ward_table_reserve(writer, 1, body.size));
        assert_ok(ward_table_put(writer, &entry));
    }
    assert_ok(ward_table_publish(writer, 1));
    assert_ok(ward_table_reader_open(scene->directory, &reader));
    for (uint64_t number = 0; number < 3000; number++) {
        struct ward_record record;
        struct ward_table_scope scope;
        struct ward_uuid project = uuid_of(3, number);
        assert_int_equal(find_key(reader, number, &record), WARD_TABLE_FOUND);
        assert_true(ward_table_scope(reader, &record, &scope));
        assert_true(ward_uuid_equal(&scope.project_id, &project));
        assert_int_equal(scope.is_active, number % 3 != 0);
    }
    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

/* One reserve for all: then the scopes alone run out, in the middle of the puts, and room for records stays as it was.
 */
static void scopes_grow_by_themselves(void **state)
{
    struct scene *scene = *state;
    const uint64_t keys = 20000;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    assert_ok(ward_table_writer_open(scene->directory, keys, keys * 100, &writer));
    assert_ok(ward_table_reserve(writer, keys, keys * 100));
    struct ward_table_stats before, after;
    ward_table_writer_stats(writer, &before);
    for (uint64_t number = 0; number < keys; number++) {
        struct packed_body body = body_of(number, 1);
        struct ward_table_entry entry = entry_of(number, 1, &body);
        entry.scope.project_id = uuid_of(3, number);
        entry.scope.is_active = number % 3 != 0;
        assert_ok(ward_table_put(writer, &entry));
    }
    ward_table_writer_stats(writer, &after);
    assert_true(after.generation > before.generation);
    assert_true(after.generation - before.generation <= 4); /* twice the scopes each time, not a few more */
    assert_true(after.capacity <= before.capacity);
    assert_ok(ward_table_publish(writer, 1));
    assert_ok(ward_table_reader_open(scene->directory, &reader));
    for (uint64_t number = 0; number < keys; number++) {
        struct ward_record record;
        struct ward_table_scope scope;
        struct ward_uuid project = uuid_of(3, number);
        assert_int_equal(find_key(reader, number, &record), WARD_TABLE_FOUND);
        assert_true(ward_table_scope(reader, &record, &scope));
        assert_true(ward_uuid_equal(&scope.project_id, &project));
        assert_int_equal(scope.is_active, number % 3 != 0);
    }
    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

static int refuse_space(int fd, off_t offset, off_t size);

/* A new scope that no room can be made for is refused whole; a key of a scope that is there still goes in. */
static void a_scope_too_many_is_refused_on_a_full_disk(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    assert_ok(ward_table_writer_open(scene->directory, 20000, 20000 * 100, &writer));
    assert_ok(ward_table_publish(writer, 1));
    ward_seam.allocate_file = refuse_space;
    enum ward_status status = WARD_OK;
    uint64_t number = 0;
    for (; number < 20000 && status == WARD_OK; number++) {
        struct packed_body body = body_of(number, 1);
        struct ward_table_entry entry = entry_of(number, 1, &body);
        entry.scope.project_id = uuid_of(3, number);
        status = ward_table_put(writer, &entry);
    }
    assert_int_equal(status, WARD_IO);
    struct ward_table_stats stats;
    ward_table_writer_stats(writer, &stats);
    assert_int_equal(stats.records, number - 1);
    struct packed_body body = body_of(number, 1);
    struct ward_table_entry entry = entry_of(number, 1, &body);
    entry.scope.project_id = uuid_of(3, 0);
    assert_ok(ward_table_put(writer, &entry));
    ward_table_writer_close(writer);
}

/* ---- faults ---- */

static int refuse_space(int fd, off_t offset, off_t size)
{
    (void)fd, (void)offset, (void)size;
    return 28; /* ENOSPC */
}

static int refuse_rename(const char *from, const char *to)
{
    (void)from, (void)to;
    return -1;
}

static void fail_to_grow(struct scene *scene, struct ward_table_writer *writer, struct ward_table_reader *reader)
{
    struct ward_record record;
    uint64_t generation = ward_table_generation(reader);
    assert_int_equal(ward_table_reserve(writer, 40000, 1 << 20), WARD_IO);
    ward_seam = scene->seam;
    assert_int_equal(find_key(reader, 1, &record), WARD_TABLE_FOUND);
    assert_int_equal(ward_table_generation(reader), generation);
    assert_int_equal(access(scene_path(scene, "table.new"), F_OK), -1);
    put_key(writer, 2, 2); /* there is still room for little ones */
    assert_int_equal(find_key(reader, 2, &record), WARD_TABLE_FOUND);
}

static void a_full_disk_changes_nothing(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    put_key(writer, 1, 1);
    assert_ok(ward_table_publish(writer, 1));
    assert_ok(ward_table_reader_open(scene->directory, &reader));

    ward_seam.allocate_file = refuse_space;
    fail_to_grow(scene, writer, reader);
    ward_seam.rename = refuse_rename;
    fail_to_grow(scene, writer, reader);

    assert_ok(ward_table_reserve(writer, 40000, 1 << 20));
    uint64_t generation = ward_table_generation(reader);
    struct ward_record record;
    assert_int_equal(find_key(reader, 1, &record), WARD_TABLE_FOUND);
    assert_true(ward_table_generation(reader) > generation);
    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

static void a_full_disk_refuses_to_open(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    ward_seam.allocate_file = refuse_space;
    assert_int_equal(ward_table_writer_open(scene->directory, 10, 1000, &writer), WARD_IO);
    ward_seam = scene->seam;
    ward_seam.rename = refuse_rename;
    assert_int_equal(ward_table_writer_open(scene->directory, 10, 1000, &writer), WARD_IO);
    ward_seam = scene->seam;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    ward_seam.rename = refuse_rename;
    assert_int_equal(ward_table_publish(writer, 1), WARD_IO);
    ward_seam = scene->seam;
    assert_ok(ward_table_publish(writer, 1));
    ward_table_writer_close(writer);
}

static int allocations_left;

static void *allocate_some(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void out_of_memory_is_an_ordinary_error(void **state)
{
    struct scene *scene = *state;
    bool is_done = false;
    for (int allowed = 0; !is_done; allowed++) {
        assert_true(allowed < 100);
        struct ward_table_writer *writer = NULL;
        struct ward_table_reader *reader = NULL;
        ward_seam.allocate = allocate_some;
        allocations_left = allowed;
        enum ward_status status = ward_table_writer_open(scene->directory, 10, 1000, &writer);
        if (status == WARD_OK)
            status = ward_table_publish(writer, 1);
        if (status == WARD_OK)
            status = ward_table_reader_open(scene->directory, &reader);
        if (status == WARD_OK)
            status = ward_table_reserve(writer, 100000, 0);
        is_done = status == WARD_OK;
        if (!is_done)
            assert_int_equal(status, WARD_NO_MEMORY);
        ward_table_reader_close(reader);
        ward_table_writer_close(writer);
        ward_seam = scene->seam;
    }
}

/* ---- restart and time ---- */

static int64_t boot_now;

static int64_t boot_clock(void)
{
    return boot_now;
}

static void a_new_writer_takes_readers_along(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    struct ward_record record;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    put_key(writer, 1, 1);
    assert_ok(ward_table_publish(writer, 1));
    assert_ok(ward_table_reader_open(scene->directory, &reader));
    ward_table_writer_close(writer);

    assert_int_equal(find_key(reader, 1, &record), WARD_TABLE_FOUND); /* the file stays */
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    put_key(writer, 2, 2);
    assert_int_equal(find_key(reader, 1, &record), WARD_TABLE_FOUND); /* until the first publish */
    assert_ok(ward_table_publish(writer, 2));
    assert_int_equal(find_key(reader, 1, &record), WARD_TABLE_MISSING);
    assert_int_equal(find_key(reader, 2, &record), WARD_TABLE_FOUND);
    assert_int_equal(ward_table_revision(reader), 2);
    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

static void a_deleted_table_is_noticed_by_its_silence(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    struct ward_record record;
    ward_seam.boot_ms = boot_clock;
    boot_now = 1000000;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    put_key(writer, 1, 1);
    assert_ok(ward_table_publish(writer, 1));
    assert_ok(ward_table_reader_open(scene->directory, &reader));
    ward_table_writer_close(writer);
    assert_int_equal(unlink(scene_path(scene, "table")), 0);

    boot_now += 10000;
    assert_int_equal(find_key(reader, 1, &record), WARD_TABLE_FOUND);
    assert_int_equal(ward_table_age_ms(reader, boot_now), 10000);
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    assert_ok(ward_table_publish(writer, 2));
    boot_now += 501;
    assert_int_equal(find_key(reader, 1, &record), WARD_TABLE_MISSING);
    assert_int_equal(ward_table_revision(reader), 2);
    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

static void age_counts_from_the_last_heartbeat(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    ward_seam.boot_ms = boot_clock;
    boot_now = 5000;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    assert_ok(ward_table_publish(writer, 1));
    assert_ok(ward_table_reader_open(scene->directory, &reader));
    assert_int_equal(ward_table_age_ms(reader, 5000), 0);
    assert_int_equal(ward_table_age_ms(reader, 7000), 2000);
    ward_table_heartbeat(writer, 6500);
    assert_int_equal(ward_table_age_ms(reader, 7000), 500);
    assert_int_equal(ward_table_age_ms(reader, 6499), 0);      /* two threads' clocks */
    assert_true(ward_table_age_ms(reader, 5499) == INT64_MAX); /* no clock does that */

    assert_ok(ward_table_reserve(writer, 10000, 0)); /* a new generation goes on from there */
    assert_true(ward_table_reader_refresh(reader));
    assert_int_equal(ward_table_generation(reader), 2);
    assert_int_equal(ward_table_age_ms(reader, 7000), 500);
    assert_int_equal(ward_table_revision(reader), 1);
    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

static void *beat_and_ask(void *argument)
{
    struct ward_table_writer *writer = argument;
    for (int64_t beat = 1; beat <= 20000; beat++) {
        struct ward_table_stats stats;
        ward_table_heartbeat(writer, beat);
        ward_table_writer_stats(writer, &stats);
    }
    return NULL;
}

static void a_heartbeat_follows_the_swap_of_generations(void **state)
{
    struct scene *scene = *state;
    struct ward_table_writer *writer;
    struct ward_table_reader *reader;
    pthread_t thread;
    assert_ok(ward_table_writer_open(scene->directory, 10, 1000, &writer));
    assert_ok(ward_table_publish(writer, 1));
    assert_int_equal(pthread_create(&thread, NULL, beat_and_ask, writer), 0);
    for (uint64_t number = 0; number < 20000; number++)
        put_key(writer, number, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(ward_table_reader_open(scene->directory, &reader));
    assert_int_equal(ward_table_age_ms(reader, 20100), 100);
    ward_table_reader_close(reader);
    ward_table_writer_close(writer);
}

static void a_directory_or_a_link_is_no_table(void **state)
{
    struct scene *scene = *state;
    struct ward_table_reader *reader;
    char path[80];
    strcpy(path, scene_path(scene, "table"));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(ward_table_reader_open(scene->directory, &reader), WARD_INTEGRITY);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(ward_table_reader_open(scene->directory, &reader), WARD_INTEGRITY);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(ward_table_reader_open(scene->directory, &reader), WARD_INTEGRITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(finds_what_was_put),
        CASE(replaces_and_removes),
        CASE(a_same_body_is_kept_once),
        CASE(put_without_room_is_refused_and_changes_nothing),
        CASE(a_record_of_no_kind_is_invalid),
        CASE(more_than_the_maximum_is_refused),
        CASE(holds_the_same_as_a_shadow),
        CASE(a_key_takes_at_most_200_bytes_beside_its_body),
        CASE(slots_hint_at_the_records_counters),
        CASE(scopes_close_and_open),
        CASE(many_scopes_make_room),
        CASE(scopes_grow_by_themselves),
        CASE(a_scope_too_many_is_refused_on_a_full_disk),
        CASE(a_full_disk_changes_nothing),
        CASE(a_full_disk_refuses_to_open),
        CASE(out_of_memory_is_an_ordinary_error),
        CASE(a_new_writer_takes_readers_along),
        CASE(a_deleted_table_is_noticed_by_its_silence),
        CASE(age_counts_from_the_last_heartbeat),
        CASE(a_heartbeat_follows_the_swap_of_generations),
        CASE(a_directory_or_a_link_is_no_table),
    };
    return cmocka_run_group_tests_name("table/writer", tests, NULL, NULL);
}
