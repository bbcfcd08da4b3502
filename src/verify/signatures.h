/*
 * Signatures that one thread has found good: a token comes again and again, its signature need not be computed each
 * time. What is remembered is a fact that cannot change: these bytes are signed by this state of this JWK. Everything
 * else, which JWKs are deployed now among it, is looked at each time.
 */
#ifndef WARD_VERIFY_SIGNATURES_H
#define WARD_VERIFY_SIGNATURES_H

#include "crypto/keyed_hash.h"
#include "keyset/keyset.h"

#define WARD_SIGNATURES_KEPT 4096 /* of a thread, 256 KiB; a later one takes the place of an earlier one */

struct ward_signatures;

/** NULL: no memory; then nothing is remembered. Owns: ward_signatures_free. */
struct ward_signatures *ward_signatures_new(void);
void ward_signatures_free(struct ward_signatures *signatures);

/** True when the token (its keyed hash) was found to be signed by this JWK as it is deployed. Takes NULL. */
bool ward_signature_is_known(const struct ward_signatures *signatures, const struct ward_lookup *token,
                             const struct ward_deployed *jwk);

/** Remember that it is. Takes NULL. */
void ward_signature_note(struct ward_signatures *signatures, const struct ward_lookup *token,
                         const struct ward_deployed *jwk);

#endif
