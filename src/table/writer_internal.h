/*
 * What the table's writer keeps, shared by writer.c (changes), build.c (the next generation) and upkeep.c (the thread
 * that builds it).
 *
 * mutex guards all of it but the numbers in stats. It is held for a change or for a slice of copying, some 100 µs,
 * never while a file is made, filled with pages or unmapped. live_mutex nests inside: the heartbeat must not wait for
 * changes.
 */
#ifndef WARD_TABLE_WRITER_INTERNAL_H
#define WARD_TABLE_WRITER_INTERNAL_H

#include <pthread.h>

#include "table/generation.h"
#include "table/limit.h"

enum ward_build_phase {
    WARD_BUILD_NONE,
    WARD_BUILD_MAKING, /* its file is being made, without the mutex: changes go to the current generation alone */
    WARD_BUILD_FILLING /* changes go to both */
};

/** The next generation, while it is not yet the current one. */
struct ward_build {
    enum ward_build_phase phase;
    bool is_refill; /* filled from the store, because the current one is damaged; else copied from it */
    bool is_lost;   /* a change did not fit: it must not become current */
    bool is_urgent; /* somebody waits for it */
    struct ward_generation next;
    uint64_t position; /* of the next record to copy */
    struct ward_room {
        uint64_t puts, bytes;
    } room, before; /* what it was planned to take beside what there was at its begin, and what that was */
};

/** How far the pass over the current generation has come. */
struct ward_scrub {
    uint64_t scope, record, slot;
    uint64_t passes;
};

struct ward_table_writer {
    char *directory, *path, *fresh_path;
    pthread_mutex_t mutex;
    struct ward_generation current;
    struct ward_limit_slots *limits;
    bool is_published;
    uint64_t revision;
    struct ward_room reserved; /* by the last reserve; its puts may still come */

    struct ward_build build;
    bool has_upkeep; /* somebody builds; else changes that need room make it themselves */
    bool can_refill;
    bool wants_next;   /* room is getting short */
    bool wants_refill; /* damage was met */
    pthread_cond_t work, built;
    struct ward_scrub scrub;
    struct ward_upkeep *upkeep;

    pthread_mutex_t live_mutex;    /* the heartbeat's thread against the swap of generations */
    int64_t heartbeat_ms;          /* under live_mutex */
    uint64_t zone;                 /* the same */
    struct ward_table_stats stats; /* atomics: any thread may ask */
};

/* ---- writer.c; mutex held ---- */

/** Plan a generation with room for so much beside what is there, and a quarter as much again. */
struct ward_table_geometry ward_writer_plan(const struct ward_generation *current, const struct ward_room *room);

/** Move readers over. *ret_old is the caller's. On failure nothing changed. */
enum ward_status ward_writer_move(struct ward_table_writer *writer, struct ward_generation *next,
                                  struct ward_generation *ret_old) WARD_MUST_USE;

/** The record of an entry, its scope and body still to be placed. */
struct ward_record ward_writer_record(const struct ward_table_entry *entry, uint32_t limit_slot);

/** Put the zone's word right, should it have rotted. */
void ward_writer_mend_zone(struct ward_table_writer *writer);

/** Note that the current generation cannot be trusted whole. */
void ward_writer_note_damage(struct ward_table_writer *writer, const char *what, uint64_t position);
void ward_writer_note_stats(struct ward_table_writer *writer);

/* ---- build.c; mutex held ---- */

/** Begin: the geometry of the file that the caller now makes (without the mutex) and hands to ward_build_fill. */
struct ward_table_geometry ward_build_begin(struct ward_table_writer *writer, bool is_refill);
void ward_build_fill(struct ward_table_writer *writer, const struct ward_generation *next);

/** Copy a slice. *ret_done: there is nothing left to copy. */
enum ward_status ward_build_copy(struct ward_table_writer *writer, uint64_t records, bool *ret_done) WARD_MUST_USE;

/** Make the filled generation current. *ret_old is the caller's. On failure it is still being filled: end it. */
enum ward_status ward_build_finish(struct ward_table_writer *writer, struct ward_generation *ret_old) WARD_MUST_USE;

/** End it, whatever its phase; *ret_next is the caller's to close. */
void ward_build_end(struct ward_table_writer *writer, struct ward_generation *ret_next);

/** True when changes come faster than the building goes: then rests are short, or none are taken. */
bool ward_build_is_late(const struct ward_table_writer *writer);

/** Apply to the generation being filled what was applied to the current one. record is as it was put there. */
void ward_build_put(struct ward_table_writer *writer, const struct ward_table_entry *entry,
                    const struct ward_record *record);
void ward_build_remove(struct ward_table_writer *writer, const struct ward_lookup *lookup);
void ward_build_scope_set_active(struct ward_table_writer *writer, const struct ward_uuid *account,
                                 const struct ward_uuid *project, bool is_active);

/* ---- upkeep.c ---- */

/** Check a slice of the current generation; true at the end of a pass. mutex held. */
bool ward_scrub(struct ward_table_writer *writer, unsigned entries);

/** Wait, with the mutex held, until what is being built or wanted is there or has failed. */
void ward_upkeep_wait(struct ward_table_writer *writer);

#endif
