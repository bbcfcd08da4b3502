/*
 * API proxies as the table holds them: a record beside those of API keys, found by its pair of keys, with a body that
 * says its name and where it is deployed.
 *
 * Two proxies may have one pair; the table holds the oldest of them. Source: contracts/apinizer.md 9.4, 11.1.
 */
#ifndef WARD_TABLE_PROXY_H
#define WARD_TABLE_PROXY_H

#include "base/buffer.h"
#include "model/api_proxy.h"
#include "table/body.h"
#include "table/table.h"

/** What the caller of a proxy shows; both are compared byte for byte. */
struct ward_proxy_pair {
    struct ward_span public_key, secret_key;
};

/** True when both keys are there and within WARD_PROXY_KEY_MAX. */
bool ward_proxy_pair_is_whole(const struct ward_proxy_pair *pair);

/**
 * Hash a whole pair. The keys' border is part of it, and no key value can be mistaken for a pair.
 *
 * Time:    one keyed hash over both keys; the same for equal lengths.
 */
void ward_proxy_lookup(const struct ward_keyed_hash *hash, const struct ward_proxy_pair *pair, struct ward_lookup *ret);

/** Encode the body of a proxy's record: its name, and each environment that it is deployed to, by id and name. */
void ward_proxy_body_encode(const struct ward_api_proxy *proxy, struct ward_buffer *ret);

/** True when the proxy of this body is deployed to an environment, named by its id or its name. */
bool ward_proxy_is_deployed(const struct ward_body *body, struct ward_span environment);

/** Put a proxy's record in the shape that ward_table_put takes. lookup is its pair's; body is borrowed. */
struct ward_table_entry ward_proxy_entry(const struct ward_api_proxy *proxy, const struct ward_lookup *lookup,
                                         struct ward_span body, uint64_t revision);

/** The 24-character id of the proxy that a record is of, with a NUL. */
void ward_proxy_record_id(const struct ward_record *record, struct ward_object_id *ret);

#endif
