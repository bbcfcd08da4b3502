/*
 * Signature v2 of NCP's management calls: HMAC-SHA-256 under an IAM pair's secret over method, raw request target,
 * time and access key id. Source: contracts/ncp.md 3.
 *
 *   message = METHOD SP target LF timestamp LF access-key
 *
 * The target is taken as its bytes came, before anything is decoded or normalised. Body and other headers are not
 * covered, and a call may be repeated within the window: the contract has no nonce.
 */
#ifndef WARD_SURFACE_NCP_SIGNATURE_H
#define WARD_SURFACE_NCP_SIGNATURE_H

#include "surface/surface.h"

#define WARD_NCP_SIGNATURE_CHARS 44                       /* base64 of 32 bytes */
#define WARD_NCP_CLOCK_SKEW_MS   (INT64_C(5) * 60 * 1000) /* so far off, or further, is refused */

/** What a call shows of itself. Borrowed from the request. */
struct ward_ncp_claim {
    struct ward_span access_key, timestamp, signature;
};

/**
 * Read the three headers. False when one is absent, empty or sent more than once.
 *
 * Shape:   with accepts_v1 a call without the v2 header may carry the same text under the v1 name.
 */
bool ward_ncp_claim_read(const struct ward_http_request *request, bool accepts_v1, struct ward_ncp_claim *ret);

/**
 * True when the claim is well formed, of this time, and signed with the secret.
 *
 * Time:    the signature is computed and compared for every claim, in constant time.
 */
bool ward_ncp_claim_holds(const struct ward_http_request *request, const struct ward_ncp_claim *claim,
                          struct ward_span secret, int64_t now_ms);

#endif
