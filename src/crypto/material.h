/*
 * Key material: one parsed key, checked once when it is taken in, and usable from any thread from then on. All forms
 * that clients send (PEM, base64 of PEM, base64 of DER, certificates, JWKs) are read down to the numbers by code of
 * Ward's own; OpenSSL is given numbers whose sizes are checked, never a file format.
 *
 *   content ──material.c──> PEM block ──der.c──> numbers ──numbers.c──> struct ward_material ──jose.c, cipher.c──> used
 *   JWK ────────────────────jwk.c──────────────────^                          └──jwk.c──> JWK, thumbprint
 *
 * No refusal costs more than 50 ms or 8 MiB: RSA parts are compared with each other, and no primality is tested.
 */
#ifndef WARD_CRYPTO_MATERIAL_H
#define WARD_CRYPTO_MATERIAL_H

#include "base/buffer.h"

#define WARD_MATERIAL_CONTENT_MAX 65536 /* bytes of one content, as sent */
#define WARD_RSA_BITS_MIN         2048
#define WARD_RSA_BITS_MAX         8192

enum ward_material_problem {
#define WARD_MATERIAL_PROBLEM(name, code, text) WARD_MATERIAL_##name,
#include "crypto/material.def"
#undef WARD_MATERIAL_PROBLEM
    WARD_MATERIAL_PROBLEM_COUNT
};

/** Name a problem in lower snake case. */
const char *ward_material_problem_code(enum ward_material_problem problem);

/** Give the fixed English sentence of a problem, without a full stop. Holds no input of anybody. */
const char *ward_material_problem_text(enum ward_material_problem problem);

/* Which half of a key an object holds: Apinizer's keyType. */
enum ward_material_half { WARD_MATERIAL_SECRET, WARD_MATERIAL_PRIVATE, WARD_MATERIAL_PUBLIC };

/* RFC 7518 6.1: the kty */
enum ward_material_type { WARD_MATERIAL_RSA, WARD_MATERIAL_EC, WARD_MATERIAL_OCT, WARD_MATERIAL_OKP };

enum ward_curve {
    WARD_CURVE_NONE, /* RSA and octets */
    WARD_CURVE_P256,
    WARD_CURVE_P384,
    WARD_CURVE_P521,
    WARD_CURVE_SECP256K1,
    WARD_CURVE_ED25519,
    WARD_CURVE_X25519
};

/** One key. Immutable. Threads: any number may use one at once. */
struct ward_material;

/**
 * Read the content of a key as clients send it.
 *
 * Shape:   PEM; base64 of either alphabet, with or without padding and blanks, of PEM or of DER; certutil's wrapping.
 *          PRIVATE: PKCS#8, PKCS#1, SEC1. PUBLIC: SubjectPublicKeyInfo, PKCS#1, a certificate, whose key is taken. An
 * EC PARAMETERS block before the key is passed over. SECRET: base64 of the bytes. What no reader knows but decodes is
 * opaque unless is_strict: *ret is NULL then, and the status WARD_OK. Owns:    *ret is owned, free with
 * ward_material_free. What is to be stored is appended to ret_stored (make it a secret buffer of twice
 * WARD_MATERIAL_CONTENT_MAX): PEM of one block with lines of 64 for what was recognised, otherwise the content as sent.
 * Errors:  WARD_INVALID with *ret_problem; WARD_NO_MEMORY; WARD_TOO_LARGE of ret_stored. Nothing is appended then.
 * Time:    up to 15 ms for the largest RSA key with all its parts, otherwise below 2 ms: not for an event thread.
 * Source:  contracts/apinizer.md 10.
 */
enum ward_status ward_material_from_content(enum ward_material_half half, struct ward_span content, bool is_strict,
                                            struct ward_buffer *ret_stored, struct ward_material **ret,
                                            enum ward_material_problem *ret_problem) WARD_MUST_USE;

/**
 * Open what ward_material_from_content gave to be stored.
 *
 * Owns:    *ret is owned, free with ward_material_free.
 * Errors:  WARD_INVALID with *ret_problem for an opaque content (it is WARD_MATERIAL_NO_KEY) and for what cannot have
 *          been stored; WARD_NO_MEMORY.
 */
enum ward_status ward_material_from_stored(enum ward_material_half half, struct ward_span stored,
                                           struct ward_material **ret,
                                           enum ward_material_problem *ret_problem) WARD_MUST_USE;

/** Make a secret of given bytes (1 or more; copied). */
enum ward_status ward_material_from_bytes(struct ward_span bytes, struct ward_material **ret) WARD_MUST_USE;

/** Wipe and free. Takes NULL. Nobody may be using it. */
void ward_material_free(struct ward_material *material);

enum ward_material_type ward_material_type(const struct ward_material *material);
enum ward_curve ward_material_curve(const struct ward_material *material);

/** The half that the material holds; what has a private part is PRIVATE and serves for the public operations too. */
enum ward_material_half ward_material_half(const struct ward_material *material);

/** Bits of the modulus, of the curve's field, or of the octets. */
unsigned ward_material_bits(const struct ward_material *material);

/** Append the public half as PEM (PUBLIC KEY). Errors: WARD_INVALID for octets; WARD_NO_MEMORY; WARD_TOO_LARGE. */
enum ward_status ward_material_write_public_pem(const struct ward_material *material,
                                                struct ward_buffer *ret) WARD_MUST_USE;

#endif
