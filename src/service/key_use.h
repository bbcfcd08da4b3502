/*
 * Using what is deployed: finding a key or JWK of an environment for who may use it, and the published JWK Sets. Keys
 * come from the embedded replica's keysets, never from the store: what is not deployed cannot be used.
 * Source: issue 5 point 6; contracts/apinizer.md 9.
 */
#ifndef WARD_SERVICE_KEY_USE_H
#define WARD_SERVICE_KEY_USE_H

#include "keyset/keyset.h"
#include "service/service.h"

/** Where a key is used, as the caller names it. */
struct ward_key_place {
    struct ward_span project;     /* UUID; or a name, where one active project alone is called so */
    struct ward_span environment; /* id or name */
};

/**
 * Find what is deployed under a name: a key, or else a JWK.
 *
 * Owns:    *ret is held: ward_keyset_release.
 * Errors:  NOT_FOUND with *ret_missing "project" (none that the operator sees), "environment" (none that is open to the
 *          project and has an embedded replica) or "key"; FORBIDDEN (without WARD_RIGHT_KEYS_USE); those of the store.
 */
enum ward_status ward_service_key_use(struct ward_service *service, const struct ward_operator *who,
                                      const struct ward_key_place *place, struct ward_span name,
                                      const struct ward_keyset_entry **ret, const char **ret_missing) WARD_MUST_USE;

/** The JWK Set of a project in an environment, for anybody. Owns: *ret is held: ward_keyset_document_release. Errors:
 * NOT_FOUND as above, NO_MEMORY, TOO_LARGE. */
enum ward_status ward_service_jwk_set(struct ward_service *service, const struct ward_key_place *place,
                                      const struct ward_keyset_document **ret, const char **ret_missing) WARD_MUST_USE;

#endif
