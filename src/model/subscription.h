/*
 * A subscription: an API key stands in a relation to a product.
 *
 *   (none) ──subscribe──► REQUEST ──owner──► ACCEPTED | REJECTED        PROTECTED
 *   (none) ──subscribe, or the first use──► ACCEPTED                    PUBLIC
 *   REQUEST, ACCEPTED ──unsubscribe──► (none);  any ──key or product deleted──► (none)
 *
 * The owner's decision stands: a key that was rejected cannot take that back by unsubscribing, and stays out when the
 * product becomes PUBLIC. A product that
 * becomes PROTECTED loses the subscriptions that the first use made (is_implicit), no others. Source:
 * contracts/ncp.md 5.7, 6.
 */
#ifndef WARD_MODEL_SUBSCRIPTION_H
#define WARD_MODEL_SUBSCRIPTION_H

#include "model/product.h"

enum ward_subscription_status {
    WARD_SUBSCRIPTION_NONE, /* there is none, or it ended */
    WARD_SUBSCRIPTION_REQUEST,
    WARD_SUBSCRIPTION_ACCEPTED,
    WARD_SUBSCRIPTION_REJECTED,
    WARD_SUBSCRIPTION_DENY,
    WARD_SUBSCRIPTION_BLOCKED_REQUEST,
    WARD_SUBSCRIPTION_STATUS_COUNT
};

const char *ward_subscription_status_name(enum ward_subscription_status status); /* NULL for NONE */
bool ward_subscription_status_parse(struct ward_span name, enum ward_subscription_status *ret);

struct ward_subscription {
    struct ward_key_id key_id;
    struct ward_key_id product_id;
    enum ward_subscription_status status; /* NONE: ended; the row stays */
    bool is_implicit;                     /* made by the first use of a PUBLIC product */
    struct ward_provenance provenance;
    int64_t version;
};

/** The status that asking for a product gives: ACCEPTED for a PUBLIC one, REQUEST for a PROTECTED one. What the owner
 * decided stays as it is. */
enum ward_subscription_status ward_subscription_asked(enum ward_subscription_code code,
                                                      enum ward_subscription_status before);

/** A set of statuses as bits (1 << status); "statusSet". */
typedef uint32_t ward_subscription_statuses;
#define WARD_SUBSCRIPTION_STATUSES_ALL 0u /* no filter */

#endif
