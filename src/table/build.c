/*
 * The next generation, built in slices while changes go on.
 *
 *   none ──begin──► making (file and pages, no mutex) ──fill──► filling (slices) ──finish──► none; it is current
 *                                                                       └──end──► none; the current one stays
 *
 * Why it is complete and right at its finish. From `fill` on every change is applied to both generations, in one hold
 * of the mutex. Copying goes over the current one's records by position: a record that was there at `fill` and is still
 * there has been copied, as it was at its turn, or was brought by a later change; one that came meanwhile was brought
 * by its change; one that went was either not copied yet, and is not found at its position any more, or was removed
 * from both. A copy never overwrites: what is there already came from a change and is newer.
 *
 * Filling from the store is the same with another source. Its slices read the store with the mutex held and from a
 * snapshot that has every change the table obeys (ward_table_refill_begin), so nothing older than the table comes in.
 */
#include <unistd.h>

#include "table/writer_internal.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

struct ward_table_geometry ward_build_begin(struct ward_table_writer *writer, bool is_refill)
{
    const struct ward_generation *current = &writer->current;
    const struct ward_table_geometry *geometry = &current->view.geometry;
    /* Planned for what may come while it is built: what the current one has room for, but no more than an eighth of it,
     * else nothing would ever get smaller. */
    struct ward_room room = {
        .puts = least(geometry->record_capacity - current->records_live, geometry->record_capacity / 8),
        .bytes = least(geometry->arena_bytes - current->arena_used, geometry->arena_bytes / 8),
    };
    room.puts += writer->reserved.puts;
    room.bytes += writer->reserved.bytes;
    writer->build = (struct ward_build){ .phase = WARD_BUILD_MAKING,
                                         .is_refill = is_refill,
                                         .is_urgent = writer->build.is_urgent,
                                         .room = room,
                                         .before = { current->records_live, current->arena_used } };
    writer->wants_next = false;
    writer->wants_refill = writer->wants_refill && !is_refill;
    return ward_writer_plan(current, &room);
}

void ward_build_fill(struct ward_table_writer *writer, const struct ward_generation *next)
{
    writer->build.next = *next;
    writer->build.phase = WARD_BUILD_FILLING;
}

enum ward_status ward_build_copy(struct ward_table_writer *writer, uint64_t records, bool *ret_done)
{
    struct ward_build *build = &writer->build;
    if (build->is_lost)
        return WARD_UNAVAILABLE;
    enum ward_status status = ward_generation_copy(&writer->current, &build->next, records, &build->position);
    if (status == WARD_INTEGRITY)
        ward_writer_note_damage(writer, "record", build->position);
    *ret_done = build->position >= writer->current.records_used;
    return status;
}

enum ward_status ward_build_finish(struct ward_table_writer *writer, struct ward_generation *ret_old)
{
    struct ward_build *build = &writer->build;
    if (build->is_lost || !ward_generation_has_room(&build->next, writer->reserved.puts, writer->reserved.bytes))
        return WARD_UNAVAILABLE;
    enum ward_status status = ward_writer_move(writer, &build->next, ret_old);
    if (status != WARD_OK)
        return status;
    *build = (struct ward_build){ 0 };
    writer->scrub = (struct ward_scrub){ .passes = writer->scrub.passes };
    ward_writer_note_stats(writer);
    pthread_cond_broadcast(&writer->built);
    return WARD_OK;
}

void ward_build_end(struct ward_table_writer *writer, struct ward_generation *ret_next)
{
    *ret_next = writer->build.next;
    writer->build = (struct ward_build){ 0 };
    pthread_cond_broadcast(&writer->built);
}

/* The part of a whole, in 1024ths. */
static uint64_t part(uint64_t of, uint64_t whole)
{
    return whole == 0 ? 1024 : of * 1024 / whole;
}

/* How much of the room that there was at the begin is used up by now. Where there was none, nobody is kept waiting by
 * rests but who says so. */
static uint64_t part_used(uint64_t before, uint64_t now, uint64_t room)
{
    return now <= before || room == 0 ? 0 : part(now - before, room);
}

bool ward_build_is_late(const struct ward_table_writer *writer)
{
    const struct ward_build *build = &writer->build;
    const struct ward_generation *current = &writer->current;
    uint64_t puts = part_used(build->before.puts, current->records_live, build->room.puts);
    uint64_t bytes = part_used(build->before.bytes, current->arena_used, build->room.bytes);
    uint64_t used = puts > bytes ? puts : bytes;
    /* A refill does not know how far it is: as if it were at its beginning. */
    uint64_t done = build->phase == WARD_BUILD_FILLING && !build->is_refill
                        ? part(build->position, current->records_used)
                        : 0;
    return build->is_urgent || used > 512 + done / 2;
}

void ward_build_put(struct ward_table_writer *writer, const struct ward_table_entry *entry,
                    const struct ward_record *record)
{
    struct ward_build *build = &writer->build;
    if (build->phase != WARD_BUILD_FILLING || build->is_lost)
        return;
    struct ward_generation_found found = ward_generation_find(&build->next, &entry->lookup);
    const struct ward_record *old = found.is_found && found.is_good ? &found.record : NULL;
    struct ward_record copy = *record;
    copy.scope = build->is_refill ? ward_generation_scope(&build->next, &entry->scope)
                                  : ward_generation_scope_copy(&writer->current, record->scope, &build->next);
    build->is_lost = copy.scope == UINT32_MAX || !ward_generation_body(&build->next, entry->body, old, &copy) ||
                     !ward_generation_put(&build->next, &found, &copy);
}

void ward_build_remove(struct ward_table_writer *writer, const struct ward_lookup *lookup)
{
    struct ward_build *build = &writer->build;
    if (build->phase != WARD_BUILD_FILLING)
        return;
    struct ward_generation_found found = ward_generation_find(&build->next, lookup);
    if (found.is_found)
        ward_generation_remove(&build->next, &found);
}

void ward_build_scope_set_active(struct ward_table_writer *writer, const struct ward_uuid *account,
                                 const struct ward_uuid *project, bool is_active)
{
    if (writer->build.phase == WARD_BUILD_FILLING)
        ward_generation_scope_set_active(&writer->build.next, account, project, is_active);
}

/* ---- filling from the store ---- */

bool ward_table_refill_begin(struct ward_table_writer *writer, uint64_t revision)
{
    pthread_mutex_lock(&writer->mutex);
    const struct ward_build *build = &writer->build;
    if (build->phase == WARD_BUILD_FILLING && build->is_refill && !build->is_lost && revision >= writer->revision)
        return true;
    pthread_mutex_unlock(&writer->mutex);
    return false;
}

/* The counter that the current generation's record has, so that its window goes on; one of its own if it has none. */
static enum ward_status find_counter(struct ward_table_writer *writer, const struct ward_table_entry *entry,
                                     uint32_t *ret)
{
    *ret = WARD_LIMIT_SLOT_NONE;
    if (!ward_entry_has_counter(entry))
        return WARD_OK;
    struct ward_generation_found found = ward_generation_find(&writer->current, &entry->lookup);
    if (found.is_found && found.is_good && found.record.limit_slot != WARD_LIMIT_SLOT_NONE) {
        *ret = found.record.limit_slot;
        return WARD_OK;
    }
    return ward_limit_slots_hold(writer->limits, &entry->id, entry->ttl_s, 0, WARD_LIMIT_SLOT_NONE, ret);
}

enum ward_status ward_table_refill(struct ward_table_writer *writer, const struct ward_table_entry *entry)
{
    struct ward_build *build = &writer->build;
    struct ward_generation_found found = ward_generation_find(&build->next, &entry->lookup);
    if (found.is_found)
        return WARD_OK; /* a change brought it */
    uint32_t limit_slot;
    enum ward_status status = find_counter(writer, entry, &limit_slot);
    if (status != WARD_OK)
        return status;
    struct ward_record record = ward_writer_record(entry, limit_slot);
    record.scope = ward_generation_scope(&build->next, &entry->scope);
    bool is_in = record.scope != UINT32_MAX && ward_generation_body(&build->next, entry->body, NULL, &record) &&
                 ward_generation_put(&build->next, &found, &record);
    build->is_lost = !is_in;
    return is_in ? WARD_OK : WARD_UNAVAILABLE;
}

void ward_table_refill_end(struct ward_table_writer *writer)
{
    pthread_mutex_unlock(&writer->mutex);
}
