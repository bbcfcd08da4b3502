/*
 * The table's writer: one process, one thread (the publisher's). Decides when a generation no longer fits, builds the
 * next one beside it and moves readers over.
 *
 *   building ──first publish──► current ──room gets short──► building the next (build.c) ──► current
 *
 * A small generation is replaced at once, by the change that needs room. A large one is replaced in slices by the
 * upkeep's thread, begun while an eighth of the room is left; a change waits for it only when that is used up. Without
 * upkeep (tests, a table being filled at start) every change makes the room it needs itself.
 *
 * Moving readers (open_generation): `superseded` is set in the old file, then the new one is renamed over DIR/table.
 *   - A reader that sees `superseded` before the rename opens the old file again and stays with it: no change has been
 *     acknowledged yet that is not in it.
 *   - A writer killed between the two leaves a generation whose readers look for the next one at each call, and find
 *     it as soon as a new writer has it. The other way round they would never hear of it.
 *   - If the rename fails, `superseded` is taken back and the old generation goes on.
 */
#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seam.h"
#include "table/plan_counter.h"
#include "table/writer_internal.h"

#define COMPACT_BYTES_MIN (UINT64_C(1) << 20)
#define RECORDS_MIN       64
#define ARENA_MIN         65536
#define SCOPES_MIN        64
/* Scopes kept ready for puts that may each bring a new one: as many as a batch of changes can. Keys share their scopes,
 * so room for one with every key would be room for nothing; a put beyond makes room as it goes. */
#define SCOPES_READY_MAX (2 * WARD_COMMIT_BATCH_MAX)
/* Counters kept ready for puts that may need one; a larger batch makes room as it goes. */
#define LIMITS_READY_MAX 65536

/* A generation up to this size is copied in some milliseconds: not worth the upkeep's rests. */
#define SMALL_RECORDS 2048
#define SMALL_BYTES   (UINT64_C(1) << 20)

static void note(uint64_t *stat, uint64_t value)
{
    __atomic_store_n(stat, value, __ATOMIC_RELAXED);
}

void ward_writer_note_stats(struct ward_table_writer *writer)
{
    const struct ward_generation *current = &writer->current;
    note(&writer->stats.generation, current->view.generation);
    note(&writer->stats.revision, writer->revision);
    note(&writer->stats.records, current->records_live);
    note(&writer->stats.api_keys, current->api_keys);
    note(&writer->stats.capacity, current->view.geometry.record_capacity);
    note(&writer->stats.body_bytes, current->arena_used - current->arena_garbage);
    note(&writer->stats.garbage_bytes, current->arena_garbage);
    note(&writer->stats.limits, ward_limit_slots_held(writer->limits));
}

void ward_table_writer_stats(const struct ward_table_writer *writer, struct ward_table_stats *ret)
{
    const struct ward_table_stats *stats = &writer->stats;
    ret->generation = __atomic_load_n(&stats->generation, __ATOMIC_RELAXED);
    ret->revision = __atomic_load_n(&stats->revision, __ATOMIC_RELAXED);
    ret->records = __atomic_load_n(&stats->records, __ATOMIC_RELAXED);
    ret->api_keys = __atomic_load_n(&stats->api_keys, __ATOMIC_RELAXED);
    ret->capacity = __atomic_load_n(&stats->capacity, __ATOMIC_RELAXED);
    ret->body_bytes = __atomic_load_n(&stats->body_bytes, __ATOMIC_RELAXED);
    ret->garbage_bytes = __atomic_load_n(&stats->garbage_bytes, __ATOMIC_RELAXED);
    ret->limits = __atomic_load_n(&stats->limits, __ATOMIC_RELAXED);
}

struct ward_table_marks *ward_table_writer_marks(const struct ward_table_writer *writer)
{
    return &ward_limit_slots_live(writer->limits)->marks;
}

/* ---- geometry ---- */

static uint64_t with_headroom(uint64_t needed, uint64_t least, uint64_t most)
{
    uint64_t roomy = needed + needed / 4;
    if (roomy < least)
        roomy = least;
    return roomy <= most ? roomy : needed > most ? needed : most;
}

static uint64_t scopes_ready(uint64_t puts)
{
    return puts < SCOPES_READY_MAX ? puts : SCOPES_READY_MAX;
}

static uint64_t plan_scopes(const struct ward_generation *current, uint64_t more)
{
    uint64_t least = current->scope_count + more, roomy = 2 * current->scope_count + more;
    return with_headroom(roomy <= WARD_TABLE_SCOPES_MAX ? roomy : least, SCOPES_MIN, WARD_TABLE_SCOPES_MAX);
}

/* Room for what is there, what is asked for, and a quarter as much again; for scopes, whose number nobody announces,
 * twice what is there. Over a maximum it is refused at creation. */
struct ward_table_geometry ward_writer_plan(const struct ward_generation *current, const struct ward_room *room)
{
    uint64_t puts = room->puts;
    uint64_t arena = current->arena_used - current->arena_garbage + room->bytes + 8 * puts;
    struct ward_table_geometry geometry = {
        .record_capacity = with_headroom(current->records_live + puts, RECORDS_MIN, WARD_TABLE_RECORDS_MAX),
        .scope_capacity = plan_scopes(current, scopes_ready(puts)),
        .arena_bytes = with_headroom(arena, ARENA_MIN, WARD_TABLE_ARENA_MAX) / 8 * 8,
        .index_slots = 2,
    };
    while (geometry.index_slots / 4 * 3 < geometry.record_capacity)
        geometry.index_slots *= 2;
    return geometry;
}

static bool is_cluttered(const struct ward_generation *current)
{
    const struct ward_table_geometry *geometry = &current->view.geometry;
    return (current->arena_garbage > COMPACT_BYTES_MIN && current->arena_garbage > geometry->arena_bytes / 2) ||
           current->tombstones > geometry->index_slots / 4;
}

static bool is_small(const struct ward_generation *current)
{
    return current->records_used <= SMALL_RECORDS && current->arena_used <= SMALL_BYTES;
}

static bool is_under_an_eighth(uint64_t left, uint64_t capacity)
{
    return left < capacity / 8;
}

/* True when the next generation has to be begun for it to be there in time. What stands at a maximum is not made larger
 * by another generation. */
static bool is_short(const struct ward_generation *current)
{
    const struct ward_table_geometry *geometry = &current->view.geometry;
    uint64_t usable = geometry->index_slots / 4 * 3, used = current->records_live + current->tombstones;
    return (geometry->record_capacity < WARD_TABLE_RECORDS_MAX &&
            is_under_an_eighth(geometry->record_capacity - current->records_live, geometry->record_capacity)) ||
           (geometry->arena_bytes < WARD_TABLE_ARENA_MAX &&
            is_under_an_eighth(geometry->arena_bytes - current->arena_used, geometry->arena_bytes)) ||
           (geometry->scope_capacity < WARD_TABLE_SCOPES_MAX &&
            is_under_an_eighth(geometry->scope_capacity - current->scope_count, geometry->scope_capacity)) ||
           (current->tombstones > usable / 8 && (used > usable || is_under_an_eighth(usable - used, usable))) ||
           is_cluttered(current);
}

/* ---- moving readers ---- */

/* Set or clear `superseded` in whatever lies at DIR/table: a file of any format, even a damaged one, may have readers.
 */
static enum ward_status mark_superseded(const char *path, uint64_t value)
{
    int fd;
    struct stat stat;
    enum ward_status status = ward_table_file_open(path, true, &fd, &stat);
    if (status == WARD_NOT_FOUND || status == WARD_INTEGRITY)
        return WARD_OK; /* nothing there, or nothing that a reader would have opened */
    if (status != WARD_OK)
        return status;
    uint8_t *base = stat.st_size < WARD_TABLE_PAGE ? NULL : ward_table_map(fd, WARD_TABLE_PAGE, true);
    close(fd);
    if (base == NULL)
        return stat.st_size < WARD_TABLE_PAGE ? WARD_OK : WARD_NO_MEMORY;
    struct ward_table_live *live = (struct ward_table_live *)(void *)(base + WARD_TABLE_LIVE_AT);
    __atomic_store_n(&live->superseded, value, __ATOMIC_RELEASE);
    ward_table_unmap(base, WARD_TABLE_PAGE);
    return WARD_OK;
}

static enum ward_status open_generation(struct ward_table_writer *writer)
{
    enum ward_status status = mark_superseded(writer->path, 1);
    if (status != WARD_OK)
        return status;
    if (ward_seam.rename(writer->fresh_path, writer->path) != 0) {
        (void)mark_superseded(writer->path, 0); /* best effort: readers of a marked generation stay with it anyway */
        return WARD_IO;
    }
    return WARD_OK;
}

static void fill_live(struct ward_table_writer *writer, struct ward_generation *next)
{
    __atomic_store_n(&next->view.live->revision, writer->revision, __ATOMIC_RELEASE);
    __atomic_store_n(&next->view.live->heartbeat_ms, writer->heartbeat_ms, __ATOMIC_RELEASE);
    __atomic_store_n(&next->view.live->zone, writer->zone, __ATOMIC_RELEASE);
}

enum ward_status ward_writer_move(struct ward_table_writer *writer, struct ward_generation *next,
                                  struct ward_generation *ret_old)
{
    pthread_mutex_lock(&writer->live_mutex);
    fill_live(writer, next);
    enum ward_status status = writer->is_published ? open_generation(writer) : WARD_OK;
    if (status == WARD_OK) {
        *ret_old = writer->current;
        writer->current = *next;
    }
    pthread_mutex_unlock(&writer->live_mutex);
    return status;
}

/* Build the next generation in one go and move to it. On failure the current one goes on. */
static enum ward_status grow(struct ward_table_writer *writer, const struct ward_table_geometry *geometry)
{
    struct ward_generation next, old;
    uint64_t position = 0;
    enum ward_status status = ward_generation_create(writer->fresh_path, geometry, writer->current.view.generation + 1,
                                                     ward_limit_slots_id(writer->limits), NULL, &next);
    if (status != WARD_OK)
        return status;
    status = ward_generation_copy(&writer->current, &next, UINT64_MAX, &position);
    if (status == WARD_INTEGRITY)
        ward_writer_note_damage(writer, "record", position);
    if (status == WARD_OK)
        status = ward_writer_move(writer, &next, &old);
    if (status != WARD_OK) {
        ward_generation_close(&next);
        unlink(writer->fresh_path);
        return status;
    }
    ward_generation_close(&old);
    return WARD_OK;
}

/* ---- damage ---- */

void ward_writer_note_damage(struct ward_table_writer *writer, const char *what, uint64_t position)
{
    if (writer->wants_refill || writer->build.is_refill)
        return; /* said already */
    ward_log(WARD_LOG_ERROR, "table-damaged", WARD_LOG_STR("what", what), WARD_LOG_NUM("position", position));
    writer->wants_refill = writer->can_refill;
    pthread_cond_signal(&writer->work);
}

/* ---- open and close ---- */

/* The number after the one that lies at DIR/table, so that numbers go up for who watches them. */
static uint64_t next_number(const char *path)
{
    int fd;
    struct stat stat;
    struct ward_table_header header = { 0 };
    if (ward_table_file_open(path, false, &fd, &stat) != WARD_OK)
        return 1;
    ssize_t size = ward_seam.read(fd, &header, sizeof(header));
    close(fd);
    bool is_table = size == (ssize_t)sizeof(header) && ward_table_header_ok(&header, (uint64_t)stat.st_size);
    return is_table && header.generation < UINT64_MAX ? header.generation + 1 : 1;
}

static enum ward_status open_first(struct ward_table_writer *writer, size_t records, size_t body_bytes)
{
    writer->path = ward_table_path(writer->directory, "table");
    writer->fresh_path = ward_table_path(writer->directory, "table.new");
    if (writer->path == NULL || writer->fresh_path == NULL)
        return WARD_NO_MEMORY;
    if (records > WARD_TABLE_RECORDS_MAX || body_bytes > WARD_TABLE_ARENA_MAX)
        return WARD_UNAVAILABLE;
    enum ward_status status = ward_limit_slots_open(writer->directory, &writer->limits);
    if (status != WARD_OK)
        return status;
    const struct ward_room room = { records, body_bytes };
    struct ward_table_geometry geometry = ward_writer_plan(&writer->current, &room);
    return ward_generation_create(writer->fresh_path, &geometry, next_number(writer->path),
                                  ward_limit_slots_id(writer->limits), NULL, &writer->current);
}

enum ward_status ward_table_writer_open(const char *directory, size_t records, size_t body_bytes,
                                        struct ward_table_writer **ret)
{
    struct ward_table_writer *writer = ward_alloc(sizeof(*writer));
    if (writer == NULL)
        return WARD_NO_MEMORY;
    /* None of the four can fail on Linux with these arguments. */
    (void)pthread_mutex_init(&writer->live_mutex, NULL);
    (void)pthread_mutex_init(&writer->mutex, NULL);
    (void)pthread_cond_init(&writer->work, NULL);
    (void)pthread_cond_init(&writer->built, NULL);
    size_t size = strlen(directory) + 1;
    writer->directory = ward_alloc(size);
    enum ward_status status = WARD_NO_MEMORY;
    if (writer->directory != NULL) {
        memcpy(writer->directory, directory, size);
        status = open_first(writer, records, body_bytes);
    }
    if (status != WARD_OK) {
        ward_table_writer_close(writer);
        return status;
    }
    ward_writer_note_stats(writer);
    *ret = writer;
    return WARD_OK;
}

void ward_table_writer_close(struct ward_table_writer *writer)
{
    if (writer == NULL)
        return;
    ward_table_upkeep_stop(writer);
    if (!writer->is_published && writer->current.view.base != NULL)
        unlink(writer->fresh_path);
    ward_generation_close(&writer->current);
    ward_limit_slots_close(writer->limits);
    pthread_mutex_destroy(&writer->live_mutex);
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->work);
    pthread_cond_destroy(&writer->built);
    ward_free(writer->directory);
    ward_free(writer->path);
    ward_free(writer->fresh_path);
    ward_free(writer);
}

/* ---- changes ---- */

static bool has_room(const struct ward_table_writer *writer, uint64_t puts, uint64_t body_bytes)
{
    return ward_generation_has_room(&writer->current, puts, body_bytes) &&
           ward_generation_has_scopes(&writer->current, scopes_ready(puts));
}

static bool is_built_in_slices(const struct ward_table_writer *writer)
{
    return writer->has_upkeep && !is_small(&writer->current);
}

static enum ward_status grow_by(struct ward_table_writer *writer, uint64_t puts, uint64_t body_bytes)
{
    const struct ward_room room = { puts, body_bytes };
    struct ward_table_geometry geometry = ward_writer_plan(&writer->current, &room);
    enum ward_status status = grow(writer, &geometry);
    ward_writer_note_stats(writer);
    return status;
}

/* Room is there, or nearly: see to the next generation. */
static enum ward_status look_ahead(struct ward_table_writer *writer, uint64_t puts, uint64_t body_bytes)
{
    if (writer->build.phase != WARD_BUILD_NONE)
        return WARD_OK;
    if (!is_built_in_slices(writer))
        return is_cluttered(&writer->current) ? grow_by(writer, puts, body_bytes) : WARD_OK;
    if (!writer->wants_next && is_short(&writer->current)) {
        writer->wants_next = true;
        pthread_cond_signal(&writer->work);
    }
    return WARD_OK;
}

static enum ward_status make_room(struct ward_table_writer *writer, uint64_t puts, uint64_t body_bytes)
{
    if (!has_room(writer, puts, body_bytes)) {
        ward_upkeep_wait(writer);
        if (!has_room(writer, puts, body_bytes)) {
            enum ward_status status = grow_by(writer, puts, body_bytes);
            if (status != WARD_INTEGRITY || !writer->wants_refill)
                return status;
            ward_upkeep_wait(writer); /* it is made anew from the store */
            if (!has_room(writer, puts, body_bytes))
                return grow_by(writer, puts, body_bytes);
        }
    }
    return look_ahead(writer, puts, body_bytes);
}

enum ward_status ward_table_reserve(struct ward_table_writer *writer, size_t puts, size_t body_bytes)
{
    if (puts > WARD_TABLE_RECORDS_MAX || body_bytes > WARD_TABLE_ARENA_MAX)
        return WARD_UNAVAILABLE;
    pthread_mutex_lock(&writer->mutex);
    enum ward_status status = ward_limit_slots_reserve(writer->limits,
                                                       puts < LIMITS_READY_MAX ? puts : LIMITS_READY_MAX);
    if (status == WARD_OK)
        status = make_room(writer, puts, body_bytes);
    writer->reserved = status == WARD_OK ? (struct ward_room){ puts, body_bytes } : (struct ward_room){ 0 };
    pthread_mutex_unlock(&writer->mutex);
    return status;
}

static enum ward_status hold_limit(struct ward_table_writer *writer, const struct ward_table_entry *entry,
                                   const struct ward_record *old, uint32_t *ret)
{
    uint32_t inherit = WARD_LIMIT_SLOT_NONE;
    *ret = WARD_LIMIT_SLOT_NONE;
    if (!ward_entry_has_counter(entry))
        return WARD_OK;
    if (entry->inherit_limit_from != NULL) {
        struct ward_generation_found from = ward_generation_find(&writer->current, entry->inherit_limit_from);
        if (from.is_found && from.is_good)
            inherit = from.record.limit_slot;
    }
    return ward_limit_slots_hold(writer->limits, &entry->id, entry->ttl_s, old != NULL ? old->ttl_s : 0, inherit, ret);
}

struct ward_record ward_writer_record(const struct ward_table_entry *entry, uint32_t limit_slot)
{
    return (struct ward_record){ .lookup = entry->lookup,
                                 .id = entry->id,
                                 .expires_ms = entry->expires_ms,
                                 .limit = entry->limit,
                                 .ttl_s = entry->ttl_s,
                                 .limit_slot = limit_slot,
                                 .kind = (uint8_t)entry->kind,
                                 .flags = entry->flags,
                                 .role = entry->role,
                                 .slot = entry->slot,
                                 .revision = entry->revision,
                                 .plan = entry->plan };
}

static enum ward_status make_scope_room(struct ward_table_writer *writer, const struct ward_table_entry *entry)
{
    if (ward_generation_has_scopes(&writer->current, 1) || ward_generation_has_scope(&writer->current, &entry->scope))
        return WARD_OK;
    ward_upkeep_wait(writer);
    if (ward_generation_has_scopes(&writer->current, 1))
        return WARD_OK;
    struct ward_table_geometry geometry = writer->current.view.geometry; /* what was reserved stays so */
    geometry.scope_capacity = plan_scopes(&writer->current, 1);
    return grow(writer, &geometry);
}

static enum ward_status put(struct ward_table_writer *writer, const struct ward_table_entry *entry)
{
    enum ward_status status = make_scope_room(writer, entry);
    if (status != WARD_OK)
        return status;
    struct ward_generation_found found = ward_generation_find(&writer->current, &entry->lookup);
    if (found.is_found && !found.is_good)
        ward_writer_note_damage(writer, "record", found.position);
    const struct ward_record *old = found.is_found && found.is_good ? &found.record : NULL;
    if (!found.is_found && !ward_generation_has_room(&writer->current, 1, entry->body.size))
        return WARD_UNAVAILABLE;

    uint32_t limit_slot;
    status = hold_limit(writer, entry, old, &limit_slot);
    if (status != WARD_OK)
        return status;
    struct ward_record record = ward_writer_record(entry, limit_slot);
    record.scope = ward_generation_scope(&writer->current, &entry->scope);
    if (record.scope == UINT32_MAX || !ward_generation_body(&writer->current, entry->body, old, &record) ||
        !ward_generation_put(&writer->current, &found, &record)) {
        ward_limit_slots_drop(writer->limits, limit_slot);
        return WARD_UNAVAILABLE;
    }
    ward_build_put(writer, entry, &record);
    if (old != NULL)
        ward_limit_slots_drop(writer->limits, old->limit_slot);
    ward_writer_note_stats(writer);
    return WARD_OK;
}

enum ward_status ward_table_put(struct ward_table_writer *writer, const struct ward_table_entry *entry)
{
    if (entry->kind == WARD_RECORD_NONE)
        return WARD_INVALID;
    pthread_mutex_lock(&writer->mutex);
    enum ward_status status = put(writer, entry);
    pthread_mutex_unlock(&writer->mutex);
    return status;
}

void ward_table_remove(struct ward_table_writer *writer, const struct ward_lookup *lookup)
{
    pthread_mutex_lock(&writer->mutex);
    struct ward_generation_found found = ward_generation_find(&writer->current, lookup);
    if (found.is_found) {
        ward_generation_remove(&writer->current, &found);
        if (found.is_good)
            ward_limit_slots_drop(writer->limits, found.record.limit_slot);
        else
            ward_writer_note_damage(writer, "record", found.position);
        ward_writer_note_stats(writer);
    }
    ward_build_remove(writer, lookup); /* also when damage hides it here */
    pthread_mutex_unlock(&writer->mutex);
}

void ward_table_scope_set_active(struct ward_table_writer *writer, const struct ward_uuid *account,
                                 const struct ward_uuid *project, bool is_active)
{
    pthread_mutex_lock(&writer->mutex);
    ward_generation_scope_set_active(&writer->current, account, project, is_active);
    ward_build_scope_set_active(writer, account, project, is_active);
    pthread_mutex_unlock(&writer->mutex);
}

/* ---- publish ---- */

static enum ward_status publish_first(struct ward_table_writer *writer)
{
    pthread_mutex_lock(&writer->live_mutex);
    if (writer->heartbeat_ms == 0)
        writer->heartbeat_ms = ward_boot_ms();
    fill_live(writer, &writer->current);
    enum ward_status status = open_generation(writer);
    writer->is_published = status == WARD_OK;
    pthread_mutex_unlock(&writer->live_mutex);
    if (status == WARD_OK)
        ward_limit_slots_sweep(writer->limits);
    return status;
}

enum ward_status ward_table_publish(struct ward_table_writer *writer, uint64_t revision)
{
    enum ward_status status = WARD_OK;
    pthread_mutex_lock(&writer->mutex);
    writer->revision = revision;
    writer->reserved = (struct ward_room){ 0 };
    if (!writer->is_published)
        status = publish_first(writer);
    else
        __atomic_store_n(&writer->current.view.live->revision, revision, __ATOMIC_RELEASE);
    if (status == WARD_OK)
        ward_writer_note_stats(writer);
    pthread_mutex_unlock(&writer->mutex);
    return status;
}

void ward_table_heartbeat(struct ward_table_writer *writer, int64_t boot_ms)
{
    pthread_mutex_lock(&writer->live_mutex);
    writer->heartbeat_ms = boot_ms;
    __atomic_store_n(&writer->current.view.live->heartbeat_ms, boot_ms, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&writer->live_mutex);
}

/* ---- plans ---- */

void ward_table_zone_set(struct ward_table_writer *writer, const struct ward_zone *zone)
{
    pthread_mutex_lock(&writer->live_mutex);
    writer->zone = ward_zone_pack(zone);
    __atomic_store_n(&writer->current.view.live->zone, writer->zone, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&writer->live_mutex);
}

void ward_writer_mend_zone(struct ward_table_writer *writer)
{
    pthread_mutex_lock(&writer->live_mutex);
    __atomic_store_n(&writer->current.view.live->zone, writer->zone, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&writer->live_mutex);
}

static uint64_t load_zone(struct ward_table_writer *writer)
{
    pthread_mutex_lock(&writer->live_mutex);
    uint64_t zone = writer->zone;
    pthread_mutex_unlock(&writer->live_mutex);
    return zone;
}

bool ward_table_writer_usage(struct ward_table_writer *writer, const struct ward_lookup *relation, int64_t now_ms,
                             struct ward_plan_usage *ret)
{
    struct ward_plan_clock clock = { 0 };
    ward_plan_clock_set(&clock, load_zone(writer), now_ms);
    pthread_mutex_lock(&writer->mutex);
    struct ward_generation_found found = ward_generation_find(&writer->current, relation);
    bool is_there = found.is_found && found.is_good && found.record.kind == WARD_RECORD_RELATION;
    struct ward_limit_counter *counter = is_there ? ward_limit_slots_counter(writer->limits, found.record.limit_slot)
                                                  : NULL;
    is_there = counter != NULL && ward_plan_read_usage(counter, &found.record.id, &clock, ret);
    pthread_mutex_unlock(&writer->mutex);
    return is_there;
}

enum ward_status ward_table_limits_sync(struct ward_table_writer *writer)
{
    return ward_limit_slots_sync(writer->limits);
}
