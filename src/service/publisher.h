/*
 * The publisher: applies the change log to the table, in revision order, on the store's writer thread. A write is
 * answered only after its change is in the table, so a verification that starts after the answer obeys it.
 *
 *   start: new generation ← every key, access key, usage plan, stage and relation of the store, published at the
 * store's revision then:  committed(changes) → for each: load the object's present state → put / remove →
 * publish(revision)
 */
#ifndef WARD_SERVICE_PUBLISHER_H
#define WARD_SERVICE_PUBLISHER_H

#include "store/store.h"
#include "table/plan.h"

/** Append the reply of the authenticate call from behind the key's value on (`,"name":…}`). Given by the surface that
 * owns that shape. */
typedef void (*ward_reply_render)(const struct ward_api_key *key, struct ward_buffer *ret);

struct ward_publisher_options {
    const char *directory;    /* where table and limits lie */
    struct ward_store *store; /* borrowed; its listener is set by start */
    ward_reply_render render;
    struct ward_zone zone;              /* whose days and months quotas count by */
    const struct ward_keyring *keyring; /* borrowed for the call: what has no value is looked up by a hash, too */
};

struct ward_publisher;

enum ward_status ward_publisher_start(const struct ward_publisher_options *options,
                                      struct ward_publisher **ret) WARD_MUST_USE;
/** Start the table's upkeep: generations that change in slices, a damaged table that is made anew. WARD_NO_MEMORY. */
enum ward_status ward_publisher_upkeep_start(struct ward_publisher *publisher) WARD_MUST_USE;
/** Stop it; before the store is closed, which it reads. Takes NULL, and one that was never started. */
void ward_publisher_upkeep_stop(struct ward_publisher *publisher);

/** Stop listening and close the table's writer; the file stays. The store must be closed first. Takes NULL. */
void ward_publisher_stop(struct ward_publisher *publisher);

/** Beat (from the server's ticker, every 500 ms). Threads: any. */
void ward_publisher_heartbeat(struct ward_publisher *publisher);

/** Set the zone anew (from the server's ticker, hourly). Threads: any. */
void ward_publisher_zone_set(struct ward_publisher *publisher, const struct ward_zone *zone);

/** Bring the limits' counters to the disk (from a ticker of its own, each minute: it waits for the disk). */
enum ward_status ward_publisher_limits_sync(struct ward_publisher *publisher) WARD_MUST_USE;

/** What verifiers have seen pass (verify/expiry.h), for the sweeper. Threads: any. */
struct ward_table_marks *ward_publisher_marks(struct ward_publisher *publisher);

struct ward_publisher_stats {
    struct ward_table_stats table;
    unsigned replicas, applied;
};
void ward_publisher_stats(struct ward_publisher *publisher, struct ward_publisher_stats *ret);

#endif
