/*
 * JSON Web Keys and Sets: RFC 7517, the members of RFC 7518 6 and RFC 8037 2, thumbprints of RFC 7638.
 * (The stored object of that name, with its project and its source, is model/jwk.h.)
 */
#ifndef WARD_CRYPTO_JWK_H
#define WARD_CRYPTO_JWK_H

#include "crypto/jose.h"
#include "json/writer.h"

#define WARD_JWK_DOCUMENT_MAX 1048576 /* bytes of a JWK or a JWK Set */

/* One JWK as it was read. */
struct ward_jwk_parsed {
    struct ward_material *material; /* owned, free with ward_material_free */
    struct ward_span kid;           /* as the JWK says, or the wanted one where it says none; absent without either */
    struct ward_span alg;           /* as the JWK says; absent without one; may be a name Ward does not know */
    enum ward_jose_use use;         /* WARD_USE_NONE also for a use that RFC 7517 does not name */
};

/**
 * Read a JWK, or the JWK of a kid from a JWK Set.
 *
 * Shape:   base64url without padding, numbers without leading zeros, EC coordinates of the field's length, no duplicate
 *          members. Other JWKs of the set are not looked at, whatever they are. A document with a member keys is a set.
 * Owns:    ret->material is owned; the texts live in pool or in json.
 * Errors:  WARD_INVALID with *ret_problem; WARD_NO_MEMORY.
 */
enum ward_status ward_jwk_parse(struct ward_span json, struct ward_span kid_wanted, struct ward_pool *pool,
                                struct ward_jwk_parsed *ret, enum ward_material_problem *ret_problem) WARD_MUST_USE;

/* What stands in a written JWK besides the material. */
struct ward_jwk_info {
    struct ward_span kid; /* absent: no member */
    enum ward_jose_use use;
    enum ward_jose_alg alg;
};

/**
 * Append a JWK: {kty, kid, use, alg, crv, members}.
 *
 * Shape:   is_private adds d and with RSA p, q, dp, dq, qi; octets have no public form.
 * Errors:  WARD_INVALID when the material has not that half; WARD_NO_MEMORY; WARD_TOO_LARGE. Nothing is appended then.
 */
enum ward_status ward_jwk_write(const struct ward_material *material, const struct ward_jwk_info *info, bool is_private,
                                struct ward_buffer *ret) WARD_MUST_USE;

/** Write only the members of the type (n, e, …; crv, x, y, …; k) into the open object of writer. Errors: as above;
 * on an error some of them may have been written. */
enum ward_status ward_jwk_write_members(const struct ward_material *material, bool is_private,
                                        struct ward_json_writer *writer) WARD_MUST_USE;

enum ward_thumbprint { WARD_THUMBPRINT_SHA1, WARD_THUMBPRINT_SHA256 };
#define WARD_THUMBPRINT_CHARS 43 /* of the longer */

/** Write the thumbprint as base64url text with a closing NUL: 27 or 43 characters. Source: RFC 7638 3. */
enum ward_status ward_jwk_thumbprint(const struct ward_material *material, enum ward_thumbprint hash,
                                     char ret[WARD_THUMBPRINT_CHARS + 1]) WARD_MUST_USE;

/* RSA: bits 2048, 3072 or 4096. EC, OKP: curve. OCT: bits, a multiple of 8 up to 4096. */
struct ward_jwk_spec {
    enum ward_material_type type;
    enum ward_curve curve;
    unsigned bits;
};

/**
 * Draw a key.
 *
 * Errors:  WARD_INVALID for a specification that names no key; WARD_UNAVAILABLE without random; WARD_NO_MEMORY.
 * Time:    RSA: 0.05 s (2048 bits) to seconds (4096), never on an event thread or the writer's.
 */
enum ward_status ward_jwk_generate(const struct ward_jwk_spec *spec, struct ward_material **ret) WARD_MUST_USE;

#endif
