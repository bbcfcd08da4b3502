/* What publisher.c, publisher_gateway.c and publisher_proxies.c share. */
#ifndef WARD_SERVICE_PUBLISHER_INTERNAL_H
#define WARD_SERVICE_PUBLISHER_INTERNAL_H

#include <stdatomic.h>

#include "service/internal.h"
#include "store/environments.h"
#include "store/gateway.h"

/** How far the refiller came: credentials, then keys, and behind them what the gateway has, kind by kind, and
 * API proxies. */
struct ward_refill_place {
    enum {
        WARD_REFILL_KEYS,
        WARD_REFILL_PLANS,
        WARD_REFILL_STAGES,
        WARD_REFILL_RELATIONS,
        WARD_REFILL_PROXIES,
        WARD_REFILL_DONE
    } phase;
    bool has_last;
    struct ward_key_id last;           /* of keys, plans and stages */
    struct ward_object_id last_object; /* of API proxies */
    struct ward_relation_place relation;
};

struct ward_publisher {
    struct ward_store *store;
    ward_reply_render render;
    struct ward_keyed_hash *hash; /* of lookups; the refiller borrows it */
    struct ward_table_writer *writer;
    struct ward_publisher *refiller; /* the upkeep's thread's, with buffers of its own; NULL in it and before upkeep */
    bool is_refiller;                /* puts go into the generation that is made anew from the store */
    struct ward_refill_place place;  /* of the refiller */
    _Atomic uint64_t applied;        /* the revision that the table obeys */

    /* the store's writer thread only */
    struct ward_pool pool; /* of one object; keeps its first block */
    struct ward_buffer reply, body;
    size_t announced_bytes; /* bodies of what this batch writes */
    size_t announced_puts;  /* beyond two a change */
};

/** Put, making room again if what was reserved did not do; else take the record out, so that it denies. */
enum ward_status ward_publisher_put(struct ward_publisher *publisher,
                                    const struct ward_table_entry *entry) WARD_MUST_USE;

/* ---- publisher_gateway.c: stages, plans, relations ---- */

/** Put everything, at start. */
enum ward_status ward_publisher_load_gateway(struct ward_store_session *session, struct ward_publisher *publisher,
                                             uint64_t revision) WARD_MUST_USE;

/** Make the statements that applying needs, on the writer's connection. */
enum ward_status ward_publisher_warm_gateway(struct ward_store_session *session,
                                             struct ward_publisher *publisher) WARD_MUST_USE;

/** Put at most max of what is behind the place, and move it on. */
enum ward_status ward_publisher_refill_gateway(struct ward_store_session *session, struct ward_publisher *refiller,
                                               struct ward_refill_place *place, size_t max,
                                               uint64_t revision) WARD_MUST_USE;

/** A change of one of the gateway's kinds. */
struct ward_gateway_change {
    enum ward_object_kind kind;
    struct ward_span object_id;
    uint64_t revision;
    bool is_created;   /* a stage: keys get relations */
    bool is_protected; /* a product: keys that only used it lose theirs */
};
enum ward_status ward_publisher_apply_gateway(struct ward_store_session *session, struct ward_publisher *publisher,
                                              const struct ward_gateway_change *change) WARD_MUST_USE;

/** Take out the relations of a key that was removed. */
enum ward_status ward_publisher_drop_key(struct ward_store_session *session, struct ward_publisher *publisher,
                                         const struct ward_key_id *key, uint64_t revision) WARD_MUST_USE;

/* ---- publisher_proxies.c: API proxies, by their pairs ---- */

/** Put everything, at start. */
enum ward_status ward_publisher_load_proxies(struct ward_store_session *session, struct ward_publisher *publisher,
                                             uint64_t revision) WARD_MUST_USE;
enum ward_status ward_publisher_warm_proxies(struct ward_store_session *session,
                                             struct ward_publisher *publisher) WARD_MUST_USE;
/** Put at most max of what is behind the place, and move it on. */
enum ward_status ward_publisher_refill_proxies(struct ward_store_session *session, struct ward_publisher *refiller,
                                               struct ward_refill_place *place, size_t max,
                                               uint64_t revision) WARD_MUST_USE;
/** Put a proxy as it is now; the pairs that it gave up are retired apart. */
enum ward_status ward_publisher_apply_proxy(struct ward_store_session *session, struct ward_publisher *publisher,
                                            struct ward_span object_id, uint64_t revision) WARD_MUST_USE;
/** Give pairs to whoever holds them now, or take them out. */
enum ward_status ward_publisher_retire_pairs(struct ward_store_session *session, struct ward_publisher *publisher,
                                             struct ward_span retired, uint64_t revision) WARD_MUST_USE;
/** An environment may have another name: put every proxy again. */
enum ward_status ward_publisher_apply_environment(struct ward_store_session *session, struct ward_publisher *publisher,
                                                  uint64_t revision) WARD_MUST_USE;

#endif
