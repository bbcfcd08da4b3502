/*
 * The table: what a verification reads. One mapped file per generation, written by one publisher, read without locks by
 * any number of threads in any number of processes; a cache of the store that may be deleted at any time.
 *
 *   DIR/table    header | index (8-byte slots, linear probing) | scopes | hot records (128 bytes) | arena of bodies
 *   DIR/limits   header | counters (table/limit.h), writable by readers
 *
 * Invariants (kept in writer.c, relied on in reader.c):
 *   1. A record changes only while its sequence number is odd; a reader that saw it odd, or changed, reads again.
 *   2. A reader trusts nothing it has not checked: geometry against the file's size at open, every record by its check
 *      word, every body by its own. What fails a check is not there (the verdict denies).
 *   3. A body is written before the record that names it and never again within its generation.
 *   4. A generation is complete before `superseded` is set in the one before it, and it is renamed over DIR/table after
 *      that: a writer killed between the two leaves readers that go on looking, not readers that never hear of it.
 *   5. Files are allocated whole when made, so that a full disk cannot kill a reader with SIGBUS.
 *   6. A table of an earlier boot is none: its pages may have reached the disk in any order, its heartbeat means
 * nothing.
 *   7. A reader killed anywhere leaves nothing behind; a writer killed anywhere leaves at worst one odd record, which
 *      denies (stale) until the next start builds a new generation, and a DIR/table.new that the next one unlinks.
 *   8. What fails a check is told to the writer, which makes the table anew from the store (upkeep.c).
 */
#ifndef WARD_TABLE_TABLE_H
#define WARD_TABLE_TABLE_H

#include "base/uuid.h"
#include "crypto/keyed_hash.h"

/* Stage, plan and relation are table/plan.h's, API proxy is table/proxy.h's. */
enum ward_record_kind {
    WARD_RECORD_NONE,
    WARD_RECORD_API_KEY,
    WARD_RECORD_ACCESS_KEY,
    WARD_RECORD_STAGE,
    WARD_RECORD_PLAN,
    WARD_RECORD_RELATION,
    WARD_RECORD_API_PROXY
};

enum {
    WARD_RECORD_ENABLED = 1 << 0,
    WARD_RECORD_USED = 1 << 1,        /* first use is noted in the store */
    WARD_RECORD_HAS_DOMAINS = 1 << 2, /* the body holds allowed domains */
    WARD_RECORD_PUBLIC = 1 << 3,      /* a stage: its product is for everybody who has a key */
    WARD_RECORD_HAS_ACL = 1 << 4,     /* a stage: the body holds an access list */
    WARD_RECORD_MAINTENANCE = 1 << 5  /* a stage: the body holds the answer */
};

#define WARD_RECORD_BYTES    128
#define WARD_LIMIT_SLOT_NONE UINT32_MAX

/** What stages, plans and relations have in the place of nothing. */
struct ward_record_plan {
    uint64_t other; /* a stage's product, a relation's plan */
    int64_t day_quota, month_quota;
    uint32_t rate_rps;
    uint8_t classes;
    uint8_t reserved[3];
};

/** One credential value, stage, plan or relation, as it lies in the map. Readers work on copies. */
struct ward_record {
    uint32_t sequence;
    uint32_t check; /* over every other byte but the sequence */
    struct ward_lookup lookup;
    struct ward_uuid id;  /* API key: its packed id in the first 8 bytes, little-endian; operator: its UUID; API proxy:
                             its 12 bytes; else two packed ids (table/plan.h) */
    int64_t expires_ms;   /* WARD_TIME_NONE: never */
    uint64_t body_offset; /* from the start of the arena */
    uint32_t body_size;
    uint32_t body_check;
    uint64_t limit; /* requests a window; 0: none */
    uint32_t ttl_s;
    uint32_t limit_slot;
    uint32_t scope; /* index of its account and project */
    uint8_t kind;
    uint8_t flags;
    uint8_t role;      /* enum ward_role of an operator */
    uint8_t slot;      /* primary or secondary value */
    uint64_t revision; /* the change that last touched it */
    struct ward_record_plan plan;
};
_Static_assert(sizeof(struct ward_record) == WARD_RECORD_BYTES, "a hot record is two cache lines");

/** Account and project of records, kept once; an account-wide operator has a nil project. */
struct ward_table_scope {
    struct ward_uuid account_id;
    struct ward_uuid project_id;
    bool is_active; /* account and project both */
    bool is_test;   /* the project's env */
};

/** What the publisher puts. */
struct ward_table_entry {
    struct ward_lookup lookup;
    enum ward_record_kind kind;
    struct ward_uuid id;
    struct ward_table_scope scope; /* found or added by (account, project) */
    uint8_t flags, role, slot;
    int64_t expires_ms;
    uint64_t limit; /* 0: none */
    uint32_t ttl_s;
    uint64_t revision;
    struct ward_record_plan plan;                 /* zero for credentials */
    struct ward_span body;                        /* made by ward_body_encode */
    const struct ward_lookup *inherit_limit_from; /* a value being replaced: its running window moves along; or NULL */
};

/** True for what takes a counter of DIR/limits: a limit, a stage's throttle, every relation. */
static inline bool ward_entry_has_counter(const struct ward_table_entry *entry)
{
    return entry->limit != 0 || entry->kind == WARD_RECORD_RELATION;
}

/* ---- writer: one process, one thread ---- */

struct ward_table_writer;

/**
 * Start a new, empty generation in a directory; an older one is superseded at the first ward_table_publish.
 *
 * Shape:   records and body_bytes are what is expected at start; both grow by new generations.
 * Owns:    *ret is owned, free with ward_table_writer_close.
 * Errors:  WARD_IO (disk full, no directory), WARD_NO_MEMORY.
 * Source:  counters of DIR/limits are taken over by id, so a restart does not reopen a running window.
 */
enum ward_status ward_table_writer_open(const char *directory, size_t records, size_t body_bytes,
                                        struct ward_table_writer **ret) WARD_MUST_USE;
void ward_table_writer_close(struct ward_table_writer *writer); /* the file stays; its heartbeat ages */

/**
 * Make room for so many more puts and body bytes, moving to another generation if this one is too small or too
 * littered.
 *
 * Errors:  WARD_IO (disk full), WARD_NO_MEMORY, WARD_UNAVAILABLE (over a maximum), WARD_INTEGRITY (a record to be
 * copied is damaged: start anew). On failure nothing changed.
 */
enum ward_status ward_table_reserve(struct ward_table_writer *writer, size_t puts, size_t body_bytes) WARD_MUST_USE;

/**
 * Insert, or replace the record of the same lookup, and bring its scope up to date.
 *
 * Errors:  none after ward_table_reserve made room, but for a large one: beyond 2,048 scopes that no record had, or
 *          65,536 limited puts, room is made here (WARD_IO, WARD_NO_MEMORY). WARD_UNAVAILABLE without room. Nothing
 *          changed.
 */
enum ward_status ward_table_put(struct ward_table_writer *writer, const struct ward_table_entry *entry) WARD_MUST_USE;

/** Remove a value; its limit counter is freed unless another record holds it. Unknown: nothing happens. */
void ward_table_remove(struct ward_table_writer *writer, const struct ward_lookup *lookup);

/**
 * Set the activity of a project, or of a whole account with a nil project.
 *
 * The two are kept apart: an account that returns does not open a project that was closed by itself, nor a scope that
 * was put as inactive (there it is not said which of the two it was; put it again, or set its project).
 */
void ward_table_scope_set_active(struct ward_table_writer *writer, const struct ward_uuid *account,
                                 const struct ward_uuid *project, bool is_active);

/** Say that all changes up to revision are in; opens the generation to readers on the first call. */
enum ward_status ward_table_publish(struct ward_table_writer *writer, uint64_t revision) WARD_MUST_USE;

/** Say that the writer is alive and in step with the store. Threads: any. */
void ward_table_heartbeat(struct ward_table_writer *writer, int64_t boot_ms);

/* ---- upkeep: a thread that builds the next generation in slices, and checks the current one ---- */

struct ward_table_upkeep {
    /**
     * Put some more of the store's credentials into the generation that is being filled: a slice of about a
     * millisecond, between ward_table_refill_begin and _end. NULL: a damaged table stays until the next start.
     *
     * Shape:   is_first begins from the start again. *ret_done once all are in. WARD_UNAVAILABLE when refill_begin said
     *          no: it is called again.
     * Threads: the upkeep's own.
     */
    enum ward_status (*refill)(void *context, bool is_first, bool *ret_done);
    void *context;
    unsigned rest_us; /* between slices; 0: as is usual */
};

/**
 * Start the thread; once published. Stop it before the store closes that refill reads; ward_table_writer_close does,
 * too.
 *
 * Errors:  WARD_NO_MEMORY.
 */
enum ward_status ward_table_upkeep_start(struct ward_table_writer *writer,
                                         const struct ward_table_upkeep *upkeep) WARD_MUST_USE;
void ward_table_upkeep_stop(struct ward_table_writer *writer);

/** Begin a slice of refilling with what a snapshot of the store holds. False: the table has a change that the snapshot
 * has not, or nothing is being refilled; nothing to end. */
bool ward_table_refill_begin(struct ward_table_writer *writer, uint64_t revision) WARD_MUST_USE;
enum ward_status ward_table_refill(struct ward_table_writer *writer,
                                   const struct ward_table_entry *entry) WARD_MUST_USE;
void ward_table_refill_end(struct ward_table_writer *writer);

struct ward_table_marks;

/** The marks (below), until the writer is closed. Threads: any. */
struct ward_table_marks *ward_table_writer_marks(const struct ward_table_writer *writer);

struct ward_table_stats {
    uint64_t generation, revision, records, api_keys, capacity, body_bytes, garbage_bytes, limits;
};

/** Threads: any. */
void ward_table_writer_stats(const struct ward_table_writer *writer, struct ward_table_stats *ret);

/* ---- reader: one per thread, any process ---- */

struct ward_table_reader;

/** Map the current generation. Errors: WARD_NOT_FOUND (no table yet in this boot), WARD_INTEGRITY (not a table),
 * WARD_IO, WARD_NO_MEMORY. */
enum ward_status ward_table_reader_open(const char *directory, struct ward_table_reader **ret) WARD_MUST_USE;
void ward_table_reader_close(struct ward_table_reader *reader);

/** Move to the newest generation if this one is superseded. Cheap when it is not. False: could not; verdicts deny. */
bool ward_table_reader_refresh(struct ward_table_reader *reader);

/** The same for a caller that has read CLOCK_BOOTTIME already. */
bool ward_table_reader_refresh_at(struct ward_table_reader *reader, int64_t boot_ms);

enum ward_table_found {
    WARD_TABLE_UNSURE = 0, /* torn for too long, or a check failed: deny as stale */
    WARD_TABLE_MISSING,
    WARD_TABLE_FOUND
};

/**
 * Find a value's record and copy it.
 *
 * Time:    two cache misses, the same for found and missing; the second brings the limit's counter along.
 * Threads: one per reader. Never blocks; gives up (UNSURE) after a bounded number of torn reads.
 */
enum ward_table_found ward_table_find(struct ward_table_reader *reader, const struct ward_lookup *lookup,
                                      struct ward_record *ret);

/** Fetch what ward_table_find looks at first, ahead of it. */
void ward_table_find_prefetch(const struct ward_table_reader *reader, const struct ward_lookup *lookup);

/** How far a lookup's lines were fetched ahead. Begin with the lookup, and zeros behind it. */
struct ward_table_foresight {
    struct ward_lookup lookup;
    unsigned step;
    uint32_t position;   /* of the record that may be the lookup's; checked by nobody */
    struct ward_uuid id; /* of that record, once no step is left; nil: none was found */
};

/**
 * Fetch ahead what ward_table_find and ward_table_body will read of a lookup, a step at each call: the index; the
 * record and its counter; the body. Leave some 100 ns between two steps. Hints: nothing that is read here is believed.
 * True: there is another step.
 */
bool ward_table_foresee(const struct ward_table_reader *reader, struct ward_table_foresight *foresight);

/** Fetch a record's body ahead of ward_table_body; a hint, whatever the record says. */
void ward_table_body_prefetch(const struct ward_table_reader *reader, const struct ward_record *record);

/** Borrow a record's body until the next ward_table_reader_refresh; absent when its check fails. */
struct ward_span ward_table_body(const struct ward_table_reader *reader, const struct ward_record *record);

/** Read a record's scope. False when a check fails (deny as stale). */
bool ward_table_scope(const struct ward_table_reader *reader, const struct ward_record *record,
                      struct ward_table_scope *ret);

uint64_t ward_table_revision(const struct ward_table_reader *reader);
uint64_t ward_table_generation(const struct ward_table_reader *reader);
/** Milliseconds since the writer's last heartbeat, by CLOCK_BOOTTIME. */
int64_t ward_table_age_ms(const struct ward_table_reader *reader, int64_t boot_ms);

/** Words in DIR/limits that all verifiers of a host share. verify/expiry.h says what they hold. */
struct ward_table_marks {
    uint64_t expiry_seen, expiry_swept;
};

/** The marks, until the reader's next call; the process's own while DIR/limits cannot be mapped. */
struct ward_table_marks *ward_table_marks(const struct ward_table_reader *reader);

/** What a limit stands at. */
struct ward_limit_state {
    uint64_t limit, consumed, remaining;
    int64_t reset_ms; /* end of the window, wall clock */
    bool is_allowed;
};

/**
 * Count one attempt against a record's limit, or look without counting.
 *
 * Window:  fixed, opened by the first request; every attempt counts, refused ones too, and none extends it.
 * Exact:   never more than `limit` allowed in a window, across all threads and processes. The clock going back never
 *          reopens a window early: a window ends at its end, or when now is more than ttl before its start.
 * Errors:  a counter that cannot be reached is not allowed (is_allowed false).
 * Source:  contracts/theauthapi.md 3.4.
 */
void ward_table_count(struct ward_table_reader *reader, const struct ward_record *record, int64_t now_ms, bool peek,
                      struct ward_limit_state *ret);

#endif
