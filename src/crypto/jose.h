/*
 * JOSE algorithms (RFC 7518, RFC 8037, RFC 8812): their names on both sides, which key each one fits, and the raw
 * signatures of JWS (RFC 7515). Encryption algorithms are known by name only: they are a property of a JWK.
 */
#ifndef WARD_CRYPTO_JOSE_H
#define WARD_CRYPTO_JOSE_H

#include "base/pool.h"
#include "crypto/material.h"
#include "json/json.h"

enum ward_jose_use { WARD_USE_NONE, WARD_USE_SIGNATURE, WARD_USE_ENCRYPTION };

/* In the order of contracts/apinizer.md 8.1. Never stored as numbers: names are. */
enum ward_jose_alg {
    WARD_ALG_NONE, /* no algorithm, never JOSE's "none", which has no number here */
    WARD_ALG_RS256,
    WARD_ALG_RS384,
    WARD_ALG_RS512,
    WARD_ALG_PS256,
    WARD_ALG_PS384,
    WARD_ALG_PS512,
    WARD_ALG_RSA1_5,
    WARD_ALG_RSA_OAEP,
    WARD_ALG_RSA_OAEP_256,
    WARD_ALG_RSA_OAEP_384,
    WARD_ALG_RSA_OAEP_512,
    WARD_ALG_ES256,
    WARD_ALG_ES384,
    WARD_ALG_ES512,
    WARD_ALG_ES256K,
    WARD_ALG_ECDH_ES,
    WARD_ALG_ECDH_ES_A128KW,
    WARD_ALG_ECDH_ES_A192KW,
    WARD_ALG_ECDH_ES_A256KW,
    WARD_ALG_ECDH_1PU,
    WARD_ALG_ECDH_1PU_A128KW,
    WARD_ALG_ECDH_1PU_A192KW,
    WARD_ALG_ECDH_1PU_A256KW,
    WARD_ALG_HS256,
    WARD_ALG_HS384,
    WARD_ALG_HS512,
    WARD_ALG_A128KW,
    WARD_ALG_A192KW,
    WARD_ALG_A256KW,
    WARD_ALG_A128GCMKW,
    WARD_ALG_A192GCMKW,
    WARD_ALG_A256GCMKW,
    WARD_ALG_DIR,
    WARD_ALG_PBES2_HS256_A128KW,
    WARD_ALG_PBES2_HS384_A192KW,
    WARD_ALG_PBES2_HS512_A256KW,
    WARD_ALG_EDDSA,
    WARD_ALG_COUNT
};

/** JOSE's name ("RS256", "dir"), as a JWK and a token carry it; NULL for WARD_ALG_NONE. */
const char *ward_jose_alg_name(enum ward_jose_alg alg);

/** The name in the bodies of APIOps ("RS256", "DIR"); NULL for WARD_ALG_NONE. */
const char *ward_jose_alg_api_name(enum ward_jose_alg alg);

/** The Java enum's name ("RSA256", "RSA_OAEP_256"); NULL for WARD_ALG_NONE. */
const char *ward_jose_alg_java_name(enum ward_jose_alg alg);

/** What the algorithm is for. */
enum ward_jose_use ward_jose_alg_use(enum ward_jose_alg alg);

/** Read JOSE's or APIOps' name, case-sensitive; WARD_ALG_NONE for an unknown one, "none" among them. */
enum ward_jose_alg ward_jose_alg_parse(struct ward_span name);

/** Read the Java enum's name (contracts/apinizer.md 8.3). */
enum ward_jose_alg ward_jose_alg_parse_java(struct ward_span name);

/** "sig", "enc" (RFC 7517 4.2), or NULL. */
const char *ward_jose_use_name(enum ward_jose_use use);

/**
 * Say whether a key of this type, curve and length can be used with alg for use (WARD_USE_NONE: any use).
 *
 * Shape:   HSxxx want octets of at least the hash's size (RFC 7518 3.2), AxxxKW of exactly the cipher's.
 * Errors:  WARD_MATERIAL_NONE when it fits, else one of WARD_MATERIAL_ALGORITHM….
 */
enum ward_material_problem ward_jose_alg_fits(enum ward_jose_alg alg, const struct ward_material *material,
                                              enum ward_jose_use use);

#define WARD_JOSE_SIGNATURE_MAX (WARD_RSA_BITS_MAX / 8)

/**
 * Sign bytes and append the signature as JWS carries it before base64url (ECDSA: R ‖ S, RFC 7518 3.4).
 *
 * Errors:  WARD_INVALID when the algorithm does not fit the key or the key is a public one, with *ret_problem;
 *          WARD_NO_MEMORY; WARD_TOO_LARGE. Nothing is appended then.
 * Threads: any.
 */
enum ward_status ward_jose_sign(enum ward_jose_alg alg, const struct ward_material *material, struct ward_span bytes,
                                struct ward_buffer *ret, enum ward_material_problem *ret_problem) WARD_MUST_USE;

/**
 * Check a signature.
 *
 * Shape:   alg is the one that the stored key names, never the token's word.
 * Errors:  WARD_OK with *ret_is_valid, which is false for every signature that does not hold, of whatever form.
 *          WARD_INVALID when the algorithm does not fit the key; WARD_NO_MEMORY. *ret_is_valid is false on every error.
 * Time:    that of the signature scheme: digests are fetched once, contexts are kept with the material.
 * Threads: any.
 */
enum ward_status ward_jose_verify(enum ward_jose_alg alg, const struct ward_material *material, struct ward_span bytes,
                                  struct ward_span signature, bool *ret_is_valid) WARD_MUST_USE;

#define WARD_JWS_MAX 16384 /* bytes of a token in compact form */

/* A token taken apart; nothing of it is proven. */
struct ward_jws {
    const struct ward_json_value *header; /* an object */
    struct ward_span alg;                 /* as the header says */
    struct ward_span kid;                 /* absent when the header has none */
    struct ward_span payload;             /* decoded */
    struct ward_span signature;           /* decoded; may be empty */
    struct ward_span signing_input;       /* points into the token */
};

/**
 * Take apart a JWS in compact form (RFC 7515 7.1).
 *
 * Owns:    what ret points to lives in pool or in token.
 * Errors:  WARD_INVALID for more or fewer than three parts, padded or loose base64url, a header that is no JSON object
 * of once-named members with a text alg, a kid that is no text, crit (no extension is understood, RFC 7515 4.1.11),
 * more than WARD_JWS_MAX bytes; WARD_NO_MEMORY.
 */
enum ward_status ward_jws_split(struct ward_span token, struct ward_pool *pool, struct ward_jws *ret) WARD_MUST_USE;

/**
 * Sign a payload and append header.payload.signature; the header is {"alg","typ":"JWT","kid"}, kid when present.
 *
 * Errors:  as ward_jose_sign. Nothing is appended then.
 */
enum ward_status ward_jws_make(enum ward_jose_alg alg, const struct ward_material *material, struct ward_span kid,
                               struct ward_span payload, struct ward_buffer *ret) WARD_MUST_USE;

#endif
