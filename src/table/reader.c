/*
 * The table's readers: any number, in any process, without a lock. Nothing that the file says is believed before it is
 * checked, no index leaves its section, and every loop is bounded: a damaged file denies, it never crashes or hangs.
 */
#include "table/limit.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/seam.h"
#include "table/plan_counter.h"

#define MOVES_MAX 4
/* A writer that is silent for so long may be gone and a new one may have taken over behind a deleted DIR/table: look
 * whether the name still stands for the mapped file. */
#define SILENCE_MS    3000
#define LOOK_AGAIN_MS 500
/* A heartbeat from further in the future than two threads' clocks can differ is damage. */
#define FUTURE_MS 1000
/* What the body of a key with a handful of members comes to; the processor fetches on by itself. */
#define BODY_PREFETCH_BYTES 384
#define LINE_BYTES          64
#define FORESEEN_PROBES     8

struct ward_table_reader {
    struct ward_table_view view;
    struct ward_map *shared; /* the map that view lies in is the process's; NULL: this reader's own */
    struct ward_limits_map limits;
    dev_t device; /* of the mapped file */
    ino_t inode;
    int64_t next_look_ms;
    char boot_id[WARD_BOOT_ID_BYTES];
    char *table_path, *limits_path;
    struct ward_plan_clock clock;
};

/* ---- open and move ---- */

static void map_limits(struct ward_table_reader *reader)
{
    struct ward_limits_map map;
    if (ward_limits_map_open(reader->limits_path, &map) != WARD_OK)
        return;
    if (map.id != reader->view.limits_id) {
        ward_limits_map_close(&map);
        return;
    }
    ward_limits_map_close(&reader->limits);
    reader->limits = map;
}

/* Take the mapped file apart if it is a table of this boot. */
static enum ward_status view_table(const struct ward_table_reader *reader, void *base, uint64_t size,
                                   struct ward_table_view *ret)
{
    struct ward_table_header header;
    memcpy(&header, base, sizeof(header));
    if (!ward_table_header_ok(&header, size))
        return WARD_INTEGRITY;
    /* A table of an earlier boot: its pages may have reached the disk in any order. As good as none. */
    if (memcmp(header.boot_id, reader->boot_id, sizeof(header.boot_id)) != 0)
        return WARD_NOT_FOUND;
    ward_table_view_init(ret, base, &header);
    return WARD_OK;
}

static void leave_table(struct ward_table_reader *reader)
{
    if (reader->shared != NULL)
        ward_map_release(reader->shared);
    else
        ward_table_unmap(reader->view.base, reader->view.size);
    reader->shared = NULL;
    reader->view = (struct ward_table_view){ 0 };
}

static enum ward_status enter_table(struct ward_table_reader *reader, int fd, const struct stat *stat)
{
    uint64_t size = (uint64_t)stat->st_size;
    if (size < WARD_TABLE_PAGE || size > SIZE_MAX / 2)
        return WARD_INTEGRITY;
    struct ward_map *shared = ward_map_take(stat);
    void *base = shared != NULL ? ward_map_base(shared) : ward_table_map(fd, size, false);
    if (base == NULL)
        return WARD_NO_MEMORY;
    struct ward_table_view view;
    enum ward_status status = view_table(reader, base, size, &view);
    if (status != WARD_OK) {
        if (shared != NULL)
            ward_map_release(shared);
        else
            ward_table_unmap(base, size);
        return status;
    }
    leave_table(reader);
    reader->view = view;
    reader->shared = shared;
    reader->device = stat->st_dev;
    reader->inode = stat->st_ino;
    return WARD_OK;
}

/* Map what lies at DIR/table now. Sets *ret_is_same, and maps nothing, when that is what is mapped already. */
static enum ward_status move_once(struct ward_table_reader *reader, bool *ret_is_same)
{
    int fd;
    struct stat stat;
    enum ward_status status = ward_table_file_open(reader->table_path, false, &fd, &stat);
    if (status != WARD_OK)
        return status;
    *ret_is_same = reader->view.base != NULL && stat.st_dev == reader->device && stat.st_ino == reader->inode;
    status = *ret_is_same ? WARD_OK : enter_table(reader, fd, &stat);
    close(fd);
    if (status == WARD_OK && reader->limits.id != reader->view.limits_id)
        map_limits(reader); /* else the counters are where they were */
    return status;
}

static bool is_superseded(const struct ward_table_reader *reader)
{
    return __atomic_load_n(&reader->view.live->superseded, __ATOMIC_ACQUIRE) != 0;
}

static bool move(struct ward_table_reader *reader)
{
    bool has_moved = false;
    for (unsigned attempt = 0; attempt < MOVES_MAX; attempt++) {
        bool is_same = false;
        enum ward_status status = move_once(reader, &is_same);
        /* Still the same: the next one is not there yet, and nothing was acknowledged that this one lacks. */
        if (status == WARD_OK && (is_same || !is_superseded(reader)))
            return true;
        has_moved = has_moved || status == WARD_OK;
    }
    return has_moved; /* overtaken at every step: each was current when it was opened */
}

enum ward_status ward_table_reader_open(const char *directory, struct ward_table_reader **ret)
{
    struct ward_table_reader *reader = ward_alloc(sizeof(*reader));
    if (reader == NULL)
        return WARD_NO_MEMORY;
    reader->table_path = ward_table_path(directory, "table");
    reader->limits_path = ward_table_path(directory, "limits");
    enum ward_status status = ward_boot_id(reader->boot_id);
    if (reader->table_path == NULL || reader->limits_path == NULL)
        status = WARD_NO_MEMORY;
    bool is_same;
    if (status == WARD_OK)
        status = move_once(reader, &is_same);
    if (status != WARD_OK) {
        ward_table_reader_close(reader);
        return status;
    }
    *ret = reader;
    return WARD_OK;
}

void ward_table_reader_close(struct ward_table_reader *reader)
{
    if (reader == NULL)
        return;
    leave_table(reader);
    ward_limits_map_close(&reader->limits);
    ward_free(reader->table_path);
    ward_free(reader->limits_path);
    ward_free(reader);
}

static bool is_renamed_over(struct ward_table_reader *reader, int64_t boot_ms)
{
    int64_t heartbeat_ms = __atomic_load_n(&reader->view.live->heartbeat_ms, __ATOMIC_RELAXED);
    if (__builtin_expect(boot_ms < heartbeat_ms || boot_ms - heartbeat_ms <= SILENCE_MS, 1))
        return false;
    if (boot_ms < reader->next_look_ms)
        return false;
    reader->next_look_ms = boot_ms + LOOK_AGAIN_MS;
    struct stat now;
    return stat(reader->table_path, &now) == 0 && (now.st_dev != reader->device || now.st_ino != reader->inode);
}

bool ward_table_reader_refresh_at(struct ward_table_reader *reader, int64_t boot_ms)
{
    if (__builtin_expect(!is_superseded(reader), 1) && !is_renamed_over(reader, boot_ms))
        return true;
    return move(reader);
}

bool ward_table_reader_refresh(struct ward_table_reader *reader)
{
    return ward_table_reader_refresh_at(reader, ward_boot_ms());
}

/* ---- find ---- */

void ward_reader_suspect(const struct ward_table_reader *reader)
{
    if (reader->limits.base != NULL)
        __atomic_fetch_add(&reader->limits.live->suspicions, 1, __ATOMIC_RELAXED);
}

/* The counter's line comes beside the record's instead of behind it. The hint may be old: the record says what is true.
 */
static void prefetch_counter(const struct ward_table_reader *reader, uint64_t slot)
{
    uint32_t counter = ward_slot_limit_hint(slot);
    if (counter < reader->limits.capacity)
        __builtin_prefetch(&reader->limits.counters[counter], 1);
}

/* FOUND: the slot's record is this lookup's. MISSING: it is another's, probe on. UNSURE: torn, or its check fails. */
static enum ward_table_found read_slot(const struct ward_table_reader *reader, uint64_t slot,
                                       const struct ward_lookup *lookup, struct ward_record *ret)
{
    uint32_t position = ward_slot_record(slot);
    if (position >= reader->view.geometry.record_capacity)
        return WARD_TABLE_UNSURE;
    uint64_t words[WARD_RECORD_WORDS];
    if (!ward_words_load(reader->view.records + (uint64_t)position * WARD_RECORD_WORDS, words, WARD_RECORD_WORDS))
        return WARD_TABLE_UNSURE;
    struct ward_record record;
    memcpy(&record, words, sizeof(record));
    if (record.check != ward_words_check(words, WARD_RECORD_WORDS, position))
        return WARD_TABLE_UNSURE;
    if (record.kind == WARD_RECORD_NONE || memcmp(record.lookup.bytes, lookup->bytes, sizeof(lookup->bytes)) != 0)
        return WARD_TABLE_MISSING;
    *ret = record;
    return WARD_TABLE_FOUND;
}

enum ward_table_found ward_table_find(struct ward_table_reader *reader, const struct ward_lookup *lookup,
                                      struct ward_record *ret)
{
    uint64_t mask = reader->view.geometry.index_slots - 1;
    uint32_t tag = ward_lookup_tag(lookup);
    uint64_t at = ward_lookup_home(lookup) & mask;
    for (unsigned probe = 0; probe < WARD_TABLE_PROBES_MAX; probe++, at = (at + 1) & mask) {
        uint64_t slot = __atomic_load_n(&reader->view.index[at], __ATOMIC_ACQUIRE);
        if (slot == WARD_SLOT_EMPTY)
            return WARD_TABLE_MISSING;
        if (ward_slot_tag(slot) != tag || slot == WARD_SLOT_TOMBSTONE)
            continue;
        prefetch_counter(reader, slot);
        enum ward_table_found found = read_slot(reader, slot, lookup, ret);
        if (found == WARD_TABLE_UNSURE)
            break;
        if (found != WARD_TABLE_MISSING)
            return found;
    }
    ward_reader_suspect(reader);
    return WARD_TABLE_UNSURE;
}

void ward_table_find_prefetch(const struct ward_table_reader *reader, const struct ward_lookup *lookup)
{
    __builtin_prefetch(&reader->view.index[ward_lookup_home(lookup) & (reader->view.geometry.index_slots - 1)]);
}

static void prefetch_body(const struct ward_table_reader *reader, uint64_t offset, uint32_t size)
{
    uint64_t arena_bytes = reader->view.geometry.arena_bytes;
    if (offset >= arena_bytes || size > arena_bytes - offset)
        return;
    const uint8_t *body = reader->view.arena + offset;
    uintptr_t into_line = (uintptr_t)body % LINE_BYTES;
    for (size_t at = 0; at < into_line + size && at < BODY_PREFETCH_BYTES; at += LINE_BYTES)
        __builtin_prefetch(body - into_line + at);
}

void ward_table_body_prefetch(const struct ward_table_reader *reader, const struct ward_record *record)
{
    prefetch_body(reader, record->body_offset, record->body_size);
}

/* ---- foresee ---- */

/* Few probes: who is further away is found without having been fetched. */
static bool foresee_record(const struct ward_table_reader *reader, struct ward_table_foresight *foresight)
{
    uint64_t mask = reader->view.geometry.index_slots - 1;
    uint64_t at = ward_lookup_home(&foresight->lookup) & mask;
    uint32_t tag = ward_lookup_tag(&foresight->lookup);
    for (unsigned probe = 0; probe < FORESEEN_PROBES; probe++, at = (at + 1) & mask) {
        uint64_t slot = __atomic_load_n(&reader->view.index[at], __ATOMIC_RELAXED);
        if (slot == WARD_SLOT_EMPTY)
            return false;
        if (ward_slot_tag(slot) != tag || slot == WARD_SLOT_TOMBSTONE)
            continue;
        foresight->position = ward_slot_record(slot);
        if (foresight->position >= reader->view.geometry.record_capacity)
            return false;
        prefetch_counter(reader, slot);
        const uint64_t *record = reader->view.records + (uint64_t)foresight->position * WARD_RECORD_WORDS;
        __builtin_prefetch(record);
        __builtin_prefetch(record + LINE_BYTES / sizeof(*record));
        return true;
    }
    return false;
}

/* The reader may have moved to a smaller table since the step before. */
static void foresee_body(const struct ward_table_reader *reader, struct ward_table_foresight *foresight)
{
    enum { ID = offsetof(struct ward_record, id) / 8, OFFSET = offsetof(struct ward_record, body_offset) / 8, SIZE };
    if (foresight->position >= reader->view.geometry.record_capacity)
        return;
    const uint64_t *record = reader->view.records + (uint64_t)foresight->position * WARD_RECORD_WORDS;
    uint64_t sizes = __atomic_load_n(&record[SIZE], __ATOMIC_RELAXED);
    uint32_t size;
    memcpy(&size, &sizes, sizeof(size));
    uint64_t id[2] = { __atomic_load_n(&record[ID], __ATOMIC_RELAXED),
                       __atomic_load_n(&record[ID + 1], __ATOMIC_RELAXED) };
    memcpy(foresight->id.bytes, id, sizeof(id));
    prefetch_body(reader, __atomic_load_n(&record[OFFSET], __ATOMIC_RELAXED), size);
}

bool ward_table_foresee(const struct ward_table_reader *reader, struct ward_table_foresight *foresight)
{
    switch (foresight->step++) {
    case 0:
        ward_table_find_prefetch(reader, &foresight->lookup);
        return true;
    case 1:
        return foresee_record(reader, foresight);
    case 2:
        foresee_body(reader, foresight);
        return false;
    default:
        return false;
    }
}

static struct ward_span read_body(const struct ward_table_reader *reader, const struct ward_record *record)
{
    uint64_t arena_bytes = reader->view.geometry.arena_bytes;
    if (record->body_offset > arena_bytes || record->body_size > arena_bytes - record->body_offset)
        return WARD_SPAN_NONE;
    const char *body = (const char *)reader->view.arena + record->body_offset;
    if (record->body_check != ward_check(body, record->body_size, record->body_offset))
        return WARD_SPAN_NONE;
    return ward_span(body, record->body_size);
}

static bool read_scope(const struct ward_table_reader *reader, const struct ward_record *record,
                       struct ward_table_scope *ret)
{
    if (record->scope >= reader->view.geometry.scope_capacity)
        return false;
    uint64_t words[WARD_SCOPE_WORDS];
    if (!ward_words_load(reader->view.scopes + (uint64_t)record->scope * WARD_SCOPE_WORDS, words, WARD_SCOPE_WORDS))
        return false;
    struct ward_scope_entry entry;
    memcpy(&entry, words, sizeof(entry));
    if (entry.check != ward_words_check(words, WARD_SCOPE_WORDS, record->scope))
        return false;
    const uint64_t active = WARD_SCOPE_ACCOUNT_ACTIVE | WARD_SCOPE_PROJECT_ACTIVE;
    *ret = (struct ward_table_scope){ .account_id = entry.account_id,
                                      .project_id = entry.project_id,
                                      .is_active = (entry.flags & active) == active,
                                      .is_test = (entry.flags & WARD_SCOPE_TEST) != 0 };
    return true;
}

struct ward_span ward_table_body(const struct ward_table_reader *reader, const struct ward_record *record)
{
    struct ward_span body = read_body(reader, record);
    if (body.data == NULL)
        ward_reader_suspect(reader);
    return body;
}

bool ward_table_scope(const struct ward_table_reader *reader, const struct ward_record *record,
                      struct ward_table_scope *ret)
{
    bool is_good = read_scope(reader, record, ret);
    if (!is_good)
        ward_reader_suspect(reader);
    return is_good;
}

uint64_t ward_table_revision(const struct ward_table_reader *reader)
{
    return __atomic_load_n(&reader->view.live->revision, __ATOMIC_ACQUIRE);
}

uint64_t ward_table_generation(const struct ward_table_reader *reader)
{
    return reader->view.generation;
}

int64_t ward_table_age_ms(const struct ward_table_reader *reader, int64_t boot_ms)
{
    int64_t heartbeat_ms = __atomic_load_n(&reader->view.live->heartbeat_ms, __ATOMIC_ACQUIRE);
    if (heartbeat_ms < 0 || boot_ms < 0 || heartbeat_ms - boot_ms > FUTURE_MS)
        return INT64_MAX;
    return heartbeat_ms > boot_ms ? 0 : boot_ms - heartbeat_ms;
}

struct ward_table_marks *ward_table_marks(const struct ward_table_reader *reader)
{
    static struct ward_table_marks own; /* nobody else sees them, but nothing is forgotten within the process */
    return reader->limits.base != NULL ? &reader->limits.live->marks : &own;
}

/* ---- limits ---- */

struct ward_limit_counter *ward_reader_counter(struct ward_table_reader *reader, const struct ward_record *record)
{
    if (record->limit_slot == WARD_LIMIT_SLOT_NONE)
        return NULL;
    if (record->limit_slot >= reader->limits.capacity || reader->limits.id != reader->view.limits_id)
        map_limits(reader);
    if (record->limit_slot >= reader->limits.capacity || reader->limits.id != reader->view.limits_id)
        return NULL;
    return &reader->limits.counters[record->limit_slot];
}

struct ward_plan_clock *ward_reader_clock(struct ward_table_reader *reader, int64_t now_ms)
{
    ward_plan_clock_set(&reader->clock, __atomic_load_n(&reader->view.live->zone, __ATOMIC_ACQUIRE), now_ms);
    return &reader->clock;
}

/* False when the record's counter cannot be reached or is not its own any more. */
static bool count_once(struct ward_table_reader *reader, const struct ward_record *record, int64_t now_ms, bool peek,
                       struct ward_limit_state *ret)
{
    struct ward_limit_counter *counter = ward_reader_counter(reader, record);
    return counter != NULL && ward_limit_count(counter, &record->id, record->limit, record->ttl_s, now_ms, peek, ret);
}

void ward_table_count(struct ward_table_reader *reader, const struct ward_record *record, int64_t now_ms, bool peek,
                      struct ward_limit_state *ret)
{
    int64_t window_end_ms = now_ms + INT64_C(1000) * record->ttl_s;
    *ret = (struct ward_limit_state){ .limit = record->limit, .reset_ms = window_end_ms };
    if (record->limit == 0) {
        ret->is_allowed = true;
        return;
    }
    if (count_once(reader, record, now_ms, peek, ret))
        return;
    /* The counter changed hands after the record was copied: ask the table once more. */
    struct ward_record again;
    if (ward_table_find(reader, &record->lookup, &again) != WARD_TABLE_FOUND)
        return;
    if (again.limit == 0)
        ret->is_allowed = true; /* the limit was lifted meanwhile */
    else if (!count_once(reader, &again, now_ms, peek, ret))
        ward_reader_suspect(reader); /* a counter that is not its record's */
}
