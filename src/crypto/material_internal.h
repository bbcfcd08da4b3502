/* The inside of key material, for crypto/ and its tests: the numbers of a key, the DER that holds them, what is kept.
 */
#ifndef WARD_CRYPTO_MATERIAL_INTERNAL_H
#define WARD_CRYPTO_MATERIAL_INTERNAL_H

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "crypto/material.h"

#define WARD_OKP_BYTES       32
#define WARD_EC_FIELD_MAX    66 /* bytes: P-521 */
#define WARD_EC_POINT_MAX    (1 + 2 * WARD_EC_FIELD_MAX)
#define WARD_RSA_BYTES_MAX   (WARD_RSA_BITS_MAX / 8)
#define WARD_RSA_D_ALONE_MAX 4096 /* bits: proving a private exponent without its primes is slow */

struct ward_context_shelf; /* jose.c: contexts that are ready to sign or verify */
struct ward_jwk_texts;     /* jwk.c: the key's own members of a JWK, once they were written */

struct ward_material {
    enum ward_material_type type;
    enum ward_curve curve;
    enum ward_material_half half;
    unsigned bits;
    EVP_PKEY *key;                    /* all but octets */
    uint8_t *octets;                  /* OCT */
    size_t octet_count;               /* OCT */
    uint8_t point[WARD_EC_POINT_MAX]; /* EC: 04 ‖ x ‖ y; OKP: x */
    size_t point_size;
    struct ward_context_shelf *shelf;
    struct ward_jwk_texts *texts;
};

/* ---- the numbers of a key: big-endian, without leading zeros; absent where the key has none ---- */

struct ward_numbers {
    enum ward_material_type type;
    enum ward_curve curve;
    bool is_private;
    struct ward_span n, e, d, p, q, dp, dq, qi; /* RSA; p is absent where only d is known */
    struct ward_span point;  /* EC: as SEC 1 2.3.3 encodes it; OKP: 32 bytes; absent: of the private part */
    struct ward_span secret; /* EC: the private number; OKP: 32 bytes; OCT: the octets */
};

/** Check the numbers and make the material of them. Errors: WARD_INVALID with *ret_problem; WARD_NO_MEMORY. */
enum ward_status ward_material_from_numbers(const struct ward_numbers *numbers, struct ward_material **ret,
                                            enum ward_material_problem *ret_problem) WARD_MUST_USE;

/** Make the material of a key that OpenSSL drew itself (RSA). key is taken. */
enum ward_status ward_material_from_drawn_rsa(EVP_PKEY *key, struct ward_material **ret) WARD_MUST_USE;

/** Make an empty material with its shelf. Owns: free with ward_material_free. NULL: out of memory. */
struct ward_material *ward_material_new(enum ward_material_type type, enum ward_curve curve) WARD_MUST_USE;

struct ward_curve_row {
    const char *crv;   /* RFC 7518 6.2.1.1, RFC 8037 2, RFC 8812 3.1 */
    const char *group; /* OpenSSL's */
    int nid;
    size_t field_bytes;
    unsigned bits;
};

/** What is known of a curve. Never of WARD_CURVE_NONE. */
const struct ward_curve_row *ward_curve_row(enum ward_curve curve);

/** Numbers without their leading zeros. */
struct ward_span ward_number_trim(struct ward_span number);

/* ---- DER ---- */

enum ward_der_form {
    WARD_DER_UNKNOWN,
    WARD_DER_PKCS8,
    WARD_DER_PKCS1_PRIVATE,
    WARD_DER_SEC1,
    WARD_DER_ENCRYPTED,
    WARD_DER_SPKI,
    WARD_DER_PKCS1_PUBLIC,
    WARD_DER_CERTIFICATE
};

/** Take one element of a tag from the front: definite, shortest lengths. False leaves rest as it was. */
bool ward_der_take(struct ward_span *rest, uint8_t tag, struct ward_span *ret);

/** Take an INTEGER that is not negative, in its shortest form; *ret is without leading zeros, empty for 0. */
bool ward_der_take_number(struct ward_span *rest, struct ward_span *ret);

/** Say by its outer shape what a DER element is. Nothing may follow it. */
enum ward_der_form ward_der_form(struct ward_span der);

/** Point out the SubjectPublicKeyInfo inside a certificate. */
bool ward_der_certificate_key(struct ward_span der, struct ward_span *ret);

/** Read the numbers of a form (not ENCRYPTED, CERTIFICATE or UNKNOWN). They point into der. */
enum ward_material_problem ward_der_read(enum ward_der_form form, struct ward_span der,
                                         struct ward_numbers *ret) WARD_MUST_USE;

/* ---- OpenSSL ---- */

/** The digest, fetched once and kept until the process ends; NULL: out of memory. Bits: 1 (SHA-1), 256, 384, 512. */
const EVP_MD *ward_digest(unsigned bits);

/** Empty OpenSSL's queue of errors; WARD_NO_MEMORY if want of memory was among them, else `otherwise`. */
enum ward_status ward_openssl_status(enum ward_status otherwise);

/** Free the shelf and what is on it. Takes NULL. */
void ward_context_shelf_free(struct ward_context_shelf *shelf);
struct ward_context_shelf *ward_context_shelf_new(void) WARD_MUST_USE;

/** The same of texts; they are wiped. */
void ward_jwk_texts_free(struct ward_jwk_texts *texts);
struct ward_jwk_texts *ward_jwk_texts_new(void) WARD_MUST_USE;

static inline const uint8_t *ward_bytes(struct ward_span span)
{
    return (const uint8_t *)span.data;
}

static inline void ward_free_bignum(BIGNUM **number)
{
    BN_clear_free(*number);
}
#define WARD_BIGNUM __attribute__((cleanup(ward_free_bignum))) BIGNUM *

static inline void ward_free_key_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}
#define WARD_KEY_CONTEXT __attribute__((cleanup(ward_free_key_context))) EVP_PKEY_CTX *

static inline void ward_free_material(struct ward_material **material)
{
    ward_material_free(*material);
}
#define WARD_MATERIAL __attribute__((cleanup(ward_free_material))) struct ward_material *

#endif
