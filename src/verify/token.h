/*
 * From a presented token (a JWT, RFC 7519, signed as RFC 7515 says) to a verdict. Needs the keysets of this process: no
 * store, no table, no network.
 *
 * The token says which key it was signed with (kid), and nothing else about it: the key is a JWK that is deployed to
 * the environment, of the project that is asked for; its algorithm is the stored one's. jku, x5u, x5c and jwk in a
 * header are not looked at, crit is refused, "none" is no algorithm.
 */
#ifndef WARD_VERIFY_TOKEN_H
#define WARD_VERIFY_TOKEN_H

#include "base/pool.h"
#include "keyset/served.h"
#include "model/verdict.h"
#include "verify/verify.h"

/** True for what can only be a JWT: three parts of base64url, the first of which begins a JSON object. */
bool ward_token_is_one(struct ward_span value);

/** What a token is held against. Spans are borrowed for the call. */
struct ward_token_question {
    struct ward_span token;
    const struct ward_uuid *account; /* whose environments; NULL: any */
    const struct ward_uuid *project; /* whose JWKs */
    struct ward_span environment;    /* id or name; absent: any that has the key */
    struct ward_span audience;       /* absent: who asks did not say */
    struct ward_span issuer;         /* the same */
};

/** What a token says, once its signature has been found good; spans live in the pool. */
struct ward_token_verdict {
    bool has_key;              /* a deployed JWK was found, and signed it: what follows is set */
    struct ward_object_id key; /* the JWK */
    struct ward_span key_name;
    struct ward_span environment;
    struct ward_span subject, issuer, client; /* sub, iss, client_id; absent: the token has none */
    int64_t expires_ms;
};

/**
 * Decide whether a token may be used now.
 *
 * Order:   malformed (no JWT, no exp, a claim of another type) → unknown (no such JWK is deployed, its algorithm is not
 *          the token's, it is not for signatures, the signature does not hold) → wrong_environment (the JWK is
 * deployed, but not to the environment that is asked for) → expired (the token, or its JWK) → not_yet_valid →
 *          wrong_issuer → wrong_audience.
 * Audience: a token without aud is for everybody. One with aud names what the asker says; if it says nothing, the
 *          environment's access URL, its name, or the project's id.
 * Errors:  none. Whatever goes wrong is a verdict that denies.
 * Note:    verifier is the thread's: it remembers signatures. NULL: nothing is remembered.
 * Time:    that of one signature check, of one keyed hash if it is remembered, and of parsing two short texts. The
 * first token behind a deployment of its JWK takes up to a millisecond more. Threads: any; one at a time per verifier.
 * No clock leeway: RFC 7519 4.1.4 allows some, and hosts keep time.
 */
enum ward_reason ward_verify_token(struct ward_served *served, struct ward_verifier *verifier,
                                   const struct ward_token_question *question, int64_t now_ms, struct ward_pool *pool,
                                   struct ward_token_verdict *ret);

#endif
