/*
 * Stages, usage plans and the relations between API keys and stages, as the table holds them: record kinds beside those
 * of credentials, in the same index.
 *
 *   stage     what a gateway's caller asks for: its product and API, throttle, access list, default terms
 *   plan      the terms of a usage plan, once for all who are held to it
 *   relation  a key may use a stage (its subscription is accepted); which plan it is held to; its counters
 *
 * They are found like a credential, by the keyed hash of a text; theirs begin with a line feed, which no presented
 * value can hold. Counters lie in DIR/limits and belong to (key, stage): a changed plan goes on counting where it was,
 * and so does a restarted server.
 */
#ifndef WARD_TABLE_PLAN_H
#define WARD_TABLE_PLAN_H

#include "base/buffer.h"
#include "base/calendar.h"
#include "model/product.h"
#include "table/table.h"

/* Ids are packed by ward_key_id_pack; 0 is none. */

/* ---- lookups ---- */

void ward_stage_lookup(const struct ward_keyed_hash *hash, uint64_t stage, struct ward_lookup *ret);
void ward_plan_lookup(const struct ward_keyed_hash *hash, uint64_t plan, struct ward_lookup *ret);
void ward_relation_lookup(const struct ward_keyed_hash *hash, uint64_t key, uint64_t stage, struct ward_lookup *ret);

/* ---- what the publisher puts ---- */

/** What a stage's record needs beyond its hot part. Encode it when the stage has an access list or is in maintenance;
 * else the body is absent. */
struct ward_stage_body {
    enum ward_acl_code acl_code; /* NONE: no access list */
    struct ward_span acl_list;   /* as ward_acl_next takes it */
    int status;                  /* of the answer in maintenance */
    struct ward_span response;   /* its body; "" when none */
};
void ward_stage_body_encode(const struct ward_stage_body *body, struct ward_buffer *ret);
/** Fields are borrowed from packed. False when it is not a stage's body. */
bool ward_stage_body_decode(struct ward_span packed, struct ward_stage_body *ret);

struct ward_table_stage {
    uint64_t product, api, stage;
    bool is_public; /* its product is: whoever has a key may use it, and is subscribed by that */
    bool is_maintenance, has_acl;
    uint32_t throttle_rps;         /* of all keys together; 0: none */
    struct ward_plan_terms terms;  /* for relations without a plan */
    struct ward_table_scope scope; /* its owner's */
    uint64_t revision;
    struct ward_span body; /* made by ward_stage_body_encode; absent without access list and maintenance */
};

struct ward_table_plan {
    uint64_t plan;
    struct ward_plan_terms terms;
    uint64_t revision;
};

struct ward_table_relation {
    uint64_t key, stage;
    uint64_t plan; /* 0: the stage's own terms */
    uint64_t revision;
};

/**
 * Put what is to be put in the shape that ward_table_put and ward_table_refill take; entry->body is borrowed from the
 * stage. Remove with ward_table_remove.
 *
 * Errors:  those of ward_table_put. A relation always takes a counter of DIR/limits, and a stage with a throttle does.
 */
struct ward_table_entry ward_stage_entry(const struct ward_lookup *lookup, const struct ward_table_stage *stage);
struct ward_table_entry ward_plan_entry(const struct ward_lookup *lookup, const struct ward_table_plan *plan);
struct ward_table_entry ward_relation_entry(const struct ward_lookup *lookup,
                                            const struct ward_table_relation *relation);

enum ward_status ward_table_put_stage(struct ward_table_writer *writer, const struct ward_lookup *lookup,
                                      const struct ward_table_stage *stage) WARD_MUST_USE;
enum ward_status ward_table_put_plan(struct ward_table_writer *writer, const struct ward_lookup *lookup,
                                     const struct ward_table_plan *plan) WARD_MUST_USE;
enum ward_status ward_table_put_relation(struct ward_table_writer *writer, const struct ward_lookup *lookup,
                                         const struct ward_table_relation *relation) WARD_MUST_USE;

/* ---- the zone whose days and months count ---- */

/** Set it; before the first ward_table_publish, and when its next transition has become another. Threads: any. */
void ward_table_zone_set(struct ward_table_writer *writer, const struct ward_zone *zone);

/* ---- what was used ---- */

struct ward_plan_usage {
    uint64_t day_used, day_calls;     /* counted against the quota; all calls */
    uint64_t month_used, month_calls; /* the same for the month */
};

/** Look at a relation's counters through a reader. False: there is no such relation, or it cannot be reached. */
bool ward_table_usage(struct ward_table_reader *reader, const struct ward_lookup *relation, int64_t now_ms,
                      struct ward_plan_usage *ret);
/** The same for who holds the writer (the service). Threads: any. */
bool ward_table_writer_usage(struct ward_table_writer *writer, const struct ward_lookup *relation, int64_t now_ms,
                             struct ward_plan_usage *ret);

/**
 * Bring the counters to the disk: a power cut costs what was counted since. (The end of the process costs nothing.)
 *
 * Errors:  WARD_IO.
 * Threads: any, one at a time; it waits for the disk and holds nothing meanwhile.
 */
enum ward_status ward_table_limits_sync(struct ward_table_writer *writer) WARD_MUST_USE;

/* ---- records, as verifiers read them ---- */

/** The ids that make a record: 0 and 1 of a relation are key and stage, of a stage the stage and its API, of a plan the
 * plan and none. */
uint64_t ward_record_id(const struct ward_record *record, unsigned index);
void ward_record_terms(const struct ward_record *record, struct ward_plan_terms *ret);

/** What the two quotas stand at. A call that one of them refuses is counted by neither. */
struct ward_quota_states {
    struct ward_limit_state day, month; /* limit and remaining are 0 where there is no quota */
    uint64_t day_number, month_number;  /* the windows in which it was counted, for taking it back */
};

/*
 * Counting by a relation's record. Windows are the clock's seconds and the zone's days and months; a counter that is
 * one window ahead of the clock stays there, one that is further ahead begins anew: a clock that is set back grants
 * nothing twice unless it is set back by more than a whole window.
 *
 * Exact:   never more than the terms say in a window, across all threads and processes. What is refused is not counted.
 * Errors:  false when the counter cannot be reached or is not the relation's any more: nothing was counted; deny.
 * Time:    a few atomic operations on one cache line, which ward_table_find has asked for.
 */

/** Count a call, whatever becomes of it; with peek only see whether the counter is there. The first of a verification:
 * when the counter changed hands after the record was copied, the table is asked once more and *relation is the new
 * one. */
bool ward_table_plan_call(struct ward_table_reader *reader, struct ward_record *relation, int64_t now_ms, bool peek);

/** Count a request against the rate of this second. A rate of 0 is none: nothing is counted. */
bool ward_table_plan_rate(struct ward_table_reader *reader, const struct ward_record *relation, uint32_t rate_rps,
                          int64_t now_ms, bool peek, struct ward_limit_state *ret);

/** Count a call against both quotas, or neither. Without a quota it is counted, too: one may be set within the day. */
bool ward_table_plan_quotas(struct ward_table_reader *reader, const struct ward_record *relation,
                            const struct ward_plan_terms *terms, int64_t now_ms, bool peek,
                            struct ward_quota_states *ret);

/** Take a counted call back, in the windows in which it was counted: not below zero, and nothing in other windows. */
bool ward_table_plan_take_back(struct ward_table_reader *reader, const struct ward_record *relation,
                               uint64_t day_number, uint64_t month_number);

#endif
