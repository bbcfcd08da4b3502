/*
 * Limits: DIR/limits, the one file that readers write to. A header page, then one counter (a cache line) for each
 * limited credential. It only ever grows, outlives generations and the server's restart, and is exact across all
 * threads and processes of the host. How a counter is changed, and why that is exact: limit.c.
 */
#ifndef WARD_TABLE_LIMIT_H
#define WARD_TABLE_LIMIT_H

#include "table/layout.h"
#include "table/map.h"

#define WARD_LIMITS_MAGIC  "WARDLIM"
#define WARD_LIMITS_FORMAT 1

/** A relation's counters: each a window, an owner's turn, and what was counted in it (plan_counter.c). */
struct ward_plan_words {
    uint64_t rate;
    uint64_t day_used;
    uint64_t guard_ms; /* the member of that name below; zero */
    uint64_t day_calls, month_used, month_calls;
};

/** One credential's, stage's or relation's counter. All members are atomics; the owner, guard_ms and freeing are the
 * writer's. */
struct ward_limit_counter {
    uint64_t owner[2]; /* the record's id; zero: free */
    union {
        struct {
            uint64_t window;   /* sequence << 44 | end of the window, ms since 1970 */
            uint64_t count;    /* sequence << 44 | attempts in the window of that sequence */
            uint64_t guard_ms; /* the longest ttl that the running window may have been opened with */
            uint64_t reserved[3];
        };
        struct ward_plan_words plan;
    };
};
_Static_assert(offsetof(struct ward_limit_counter, guard_ms) == offsetof(struct ward_limit_counter, plan.guard_ms),
               "what keeps guards right leaves a relation's counters alone");
_Static_assert(sizeof(struct ward_limit_counter) == 64, "two busy counters never share a cache line");

struct ward_limits_header {
    char magic[8];
    uint32_t format;
    uint32_t check; /* over format and id */
    uint64_t id;    /* drawn when the file is made; a generation names the file its slots belong to */
};

/** Words in the header's page that every process may write; all are atomics, zero at first. */
struct ward_limits_live {
    struct ward_table_marks marks;
    uint64_t suspicions; /* how often a reader met what fails its check */
};
#define WARD_LIMITS_LIVE_AT 2048

/** A mapped DIR/limits. */
struct ward_limits_map {
    void *base; /* NULL: not mapped */
    size_t size;
    struct ward_limit_counter *counters;
    struct ward_limits_live *live;
    uint32_t capacity;
    uint64_t id;
    struct ward_map *shared; /* the process's; NULL: this is a map of its own */
};

/** Map DIR/limits. Errors: WARD_NOT_FOUND, WARD_INTEGRITY, WARD_IO, WARD_NO_MEMORY. Owns: ward_limits_map_close. */
enum ward_status ward_limits_map_open(const char *path, struct ward_limits_map *ret) WARD_MUST_USE;

/** Map an open DIR/limits of a size. */
enum ward_status ward_limits_map_file(int fd, uint64_t size, struct ward_limits_map *ret) WARD_MUST_USE;

/** Offer the map of an open DIR/limits to the readers of this process. WARD_NO_MEMORY, WARD_IO. */
enum ward_status ward_limits_map_share(int fd, struct ward_limits_map *map) WARD_MUST_USE;
void ward_limits_map_close(struct ward_limits_map *map);

struct ward_limits_header ward_limits_header_make(uint64_t id);

/** True for the id of a relation's record: two packed ids and the kind on top; no UUID has a first half that small. */
static inline bool ward_is_relation_id(const struct ward_uuid *id)
{
    return id->bytes[15] == WARD_RECORD_RELATION && id->bytes[7] == 0;
}

/** True when a counter is an id's. Load what is believed of it before. */
static inline bool ward_limit_is_owner(const struct ward_limit_counter *counter, const struct ward_uuid *id)
{
    uint64_t owner[2];
    memcpy(owner, id->bytes, sizeof(owner));
    return __atomic_load_n(&counter->owner[0], __ATOMIC_ACQUIRE) == owner[0] &&
           __atomic_load_n(&counter->owner[1], __ATOMIC_ACQUIRE) == owner[1];
}

/**
 * Count one attempt, or look without counting.
 *
 * Errors:  false when the counter is not the credential's (any more): nothing was counted.
 * Time:    a handful of atomic operations on one cache line; no system call unless the clock seems to have gone back.
 * Threads: any number, in any number of processes.
 */
bool ward_limit_count(struct ward_limit_counter *counter, const struct ward_uuid *id, uint64_t limit, uint32_t ttl_s,
                      int64_t now_ms, bool peek, struct ward_limit_state *ret);

/* ---- the writer's side (limit_slots.c): which credential has which counter ---- */

struct ward_limit_slots;

/** Open DIR/limits, taking its counters over by id, or make it anew when it is missing or damaged. */
enum ward_status ward_limit_slots_open(const char *directory, struct ward_limit_slots **ret) WARD_MUST_USE;
void ward_limit_slots_close(struct ward_limit_slots *slots);

uint64_t ward_limit_slots_id(const struct ward_limit_slots *slots);
uint64_t ward_limit_slots_held(const struct ward_limit_slots *slots);

/** The words in the header's page, where they stay when the file grows. */
struct ward_limits_live *ward_limit_slots_live(const struct ward_limit_slots *slots);

/** A counter in use; NULL: there is none. */
struct ward_limit_counter *ward_limit_slots_counter(struct ward_limit_slots *slots, uint32_t slot);

/** Bring the file to the disk. Threads: any; it uses nothing of what changes. */
enum ward_status ward_limit_slots_sync(const struct ward_limit_slots *slots) WARD_MUST_USE;

/** Make room for so many more credentials; where the file cannot grow, out of what relations may come back to. On
 * failure no held counter changed. */
enum ward_status ward_limit_slots_reserve(struct ward_limit_slots *slots, size_t count) WARD_MUST_USE;

/**
 * Hold a credential's counter for one more record, giving it one if it has none.
 *
 * Shape:   old_ttl_s is that of the record being replaced (0: none): a reader may still open a window with it.
 *          inherit is the counter whose running window a new counter starts with, or WARD_LIMIT_SLOT_NONE.
 */
enum ward_status ward_limit_slots_hold(struct ward_limit_slots *slots, const struct ward_uuid *id, uint32_t ttl_s,
                                       uint32_t old_ttl_s, uint32_t inherit, uint32_t *ret) WARD_MUST_USE;

/** Let go of a counter for one record; the last one frees it, a relation's once the month of its last call is over. */
void ward_limit_slots_drop(struct ward_limit_slots *slots, uint32_t slot);

/** Free the counters that were taken over but that no record holds, and no relation may come back to. Call it once,
 * when all records are there. */
void ward_limit_slots_sweep(struct ward_limit_slots *slots);

/* ---- mending: what rotted in DIR/limits and is known elsewhere ---- */

/** Put the header right, should it have rotted. */
void ward_limit_slots_mend_header(struct ward_limit_slots *slots);

/** Put a counter's owner and guard right, should they have rotted; its window and count go on as they are. */
void ward_limit_slots_mend(struct ward_limit_slots *slots, uint32_t slot, const struct ward_uuid *id, uint32_t ttl_s);

/** True when a reader of any process met something it could not believe since the last call. */
bool ward_limit_slots_take_suspicion(struct ward_limit_slots *slots);

#endif
