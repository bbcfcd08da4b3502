/*
 * Personal access tokens as operators: apnz_ + 43 characters, of which the store keeps a keyed hash only. A token that
 * was issued to an IAM pair (POST /apiops/auth/token) acts with what its pair may do at that moment, and ends with it.
 * Source: contracts/apinizer.md 2.
 */
#ifndef WARD_SERVICE_TOKENS_H
#define WARD_SERVICE_TOKENS_H

#include "service/service.h"

#define WARD_TOKEN_TTL_S 3600 /* of an issued token */

/**
 * Tell whose a presented token is.
 *
 * Shape:   token 1..255 bytes as sent, without the scheme.
 * Errors:  NOT_FOUND (unknown, revoked, expired, scope gone, its pair gone): *ret_who may do nothing. Others: the
 *          store's; the call is refused.
 * Time:    the same for a known and an unknown token, asked for the first time or again; a kept one takes one keyed
 *          hash and no store.
 * Threads: any. What is kept is wiped when any operator credential, project or account changes, before that change is
 *          answered.
 */
enum ward_status ward_service_token_open(struct ward_service *service, struct ward_span token,
                                         struct ward_operator *ret_who,
                                         struct ward_rate_limit *ret_limit) WARD_MUST_USE;

/** The same without the store: false when it is not kept, and must be asked for on a worker. */
bool ward_service_token_kept(struct ward_service *service, struct ward_span token, enum ward_status *ret_status,
                             struct ward_operator *ret_who, struct ward_rate_limit *ret_limit);

struct ward_issued_token {
    struct ward_span text; /* in pool; shown this once */
    int64_t expires_ms;
    int64_t ttl_s;
};
/** Issue a token to an IAM pair, with its role, scope and grants. NOT_FOUND: no such pair, or not its secret; in the
 * same time. */
enum ward_status ward_service_token_issue(struct ward_service *service, struct ward_span client_id,
                                          struct ward_span client_secret, struct ward_pool *pool,
                                          struct ward_issued_token *ret,
                                          struct ward_receipt *ret_receipt) WARD_MUST_USE;

/** Forget issued tokens that have expired by now_ms, at most max; the server calls it from a timer. */
enum ward_status ward_service_token_sweep(struct ward_service *service, int64_t now_ms, size_t max,
                                          size_t *ret_count) WARD_MUST_USE;

#endif
