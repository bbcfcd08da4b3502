/*
 * A relation's counters: what a key has used of a stage in this second, this day and this month. One cache line in
 * DIR/limits, in the place of a credential's counter (limit.h). How they are changed, and why that is exact:
 * plan_counter.c.
 */
#ifndef WARD_TABLE_PLAN_COUNTER_H
#define WARD_TABLE_PLAN_COUNTER_H

#include "base/calendar.h"
#include "model/usage_plan.h"
#include "table/limit.h"
#include "table/plan.h"

/** The windows that a moment falls into. */
struct ward_plan_clock {
    uint64_t packed_zone; /* of ward_zone_pack; as it was when the windows were found */
    struct ward_zone zone;
    int64_t now_ms;
    struct ward_window second, day, month;
};

/** Set a clock to a moment. Time: a few loads while day and zone are the same as at the last call. */
void ward_plan_clock_set(struct ward_plan_clock *clock, uint64_t packed_zone, int64_t now_ms);

/* ---- counting. All of them: false when the counter is not the owner's (any more), nothing was counted. Threads: any
 * number, in any number of processes; a clock is one thread's. ---- */

/** Empty the words for the next owner, so that no attempt of the one before succeeds any more. The writer's, while the
 * counter has no owner. month_calls lies where no credential's counter has anything: it keeps the turn. */
void ward_plan_words_hand_over(struct ward_plan_words *words);

/** True while a call that was counted in the words may still matter: in every zone's sense its month may be running. */
bool ward_plan_words_matter(const struct ward_plan_words *words, int64_t now_ms);

/** Count a call, whatever becomes of it. */
bool ward_plan_count_call(struct ward_limit_counter *counter, const struct ward_uuid *owner,
                          struct ward_plan_clock *clock);

/** Count a request against a rate in this second, or look. rate_rps 0: nothing is counted, everything allowed. */
bool ward_plan_count_rate(struct ward_limit_counter *counter, const struct ward_uuid *owner, uint32_t rate_rps,
                          struct ward_plan_clock *clock, bool peek, struct ward_limit_state *ret);

/** Count a call against both quotas, or against neither; or look. A call without quotas is counted too. */
bool ward_plan_count_quotas(struct ward_limit_counter *counter, const struct ward_uuid *owner,
                            const struct ward_plan_terms *terms, struct ward_plan_clock *clock, bool peek,
                            struct ward_quota_states *ret);

/** Take a call back that was counted in two windows: not below zero, and nothing in a later window. */
bool ward_plan_take_back(struct ward_limit_counter *counter, const struct ward_uuid *owner, uint64_t day_number,
                         uint64_t month_number);

bool ward_plan_read_usage(struct ward_limit_counter *counter, const struct ward_uuid *owner,
                          struct ward_plan_clock *clock, struct ward_plan_usage *ret);

/* ---- reader.c ---- */

/** A record's counter, mapping DIR/limits anew if it lies beyond the map. NULL: none, or it cannot be reached. */
struct ward_limit_counter *ward_reader_counter(struct ward_table_reader *reader, const struct ward_record *record);

/** Tell the writer that something fails its check here: it looks at once instead of in its own time. */
void ward_reader_suspect(const struct ward_table_reader *reader);

/** The reader's clock, set. */
struct ward_plan_clock *ward_reader_clock(struct ward_table_reader *reader, int64_t now_ms);

#endif
