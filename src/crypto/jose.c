/*
 * JOSE algorithms and the signatures of JWS.
 *
 * What OpenSSL 3 spends on a signature besides its arithmetic is fetching algorithms and making contexts. Digests are
 * fetched once (openssl.c), and each material keeps a few contexts that are ready for its algorithm: a caller takes one
 * off the shelf with one atomic exchange, and makes one if the place is empty.
 */
#include "crypto/jose.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "base/encoding.h"
#include "base/seam.h"
#include "crypto/keyed_hash.h"
#include "crypto/material_internal.h"
#include "json/writer.h"

enum {
    PLACES = 8, /* on a shelf; more threads than that make their own contexts */
    DIGEST_MAX = 64,
    ECDSA_DER_MAX = 3 + 2 * (3 + WARD_EC_FIELD_MAX)
};

/* ---- the table ---- */

enum scheme { SCHEME_NONE, SCHEME_RSA_PKCS1, SCHEME_RSA_PSS, SCHEME_ECDSA, SCHEME_EDDSA, SCHEME_HMAC };

#define T_RSA  (1U << WARD_MATERIAL_RSA)
#define T_EC   (1U << WARD_MATERIAL_EC)
#define T_OCT  (1U << WARD_MATERIAL_OCT)
#define T_OKP  (1U << WARD_MATERIAL_OKP)
#define T_ECDH (T_EC | T_OKP)

struct alg_row {
    const char *name;
    const char *api;  /* NULL: the same */
    const char *java; /* NULL: the same */
    unsigned types;
    enum ward_jose_use use;
    enum ward_curve curve; /* of the type it is a curve of; NONE: any */
    unsigned bits_min;     /* of octets */
    unsigned bits_max;     /* 0: any */
    enum scheme scheme;
    unsigned digest;
};

static const struct alg_row rows[WARD_ALG_COUNT] = {
#define RSA_SIGNATURE(name, java, scheme, digest)                                                                      \
    {                                                                                                                  \
        name, NULL, java, T_RSA, WARD_USE_SIGNATURE, WARD_CURVE_NONE, 0, 0, scheme, digest                             \
    }
#define ENCRYPTION(name, java, types, curve, bits_min, bits_max)                                                       \
    {                                                                                                                  \
        name, NULL, java, types, WARD_USE_ENCRYPTION, curve, bits_min, bits_max, SCHEME_NONE, 0                        \
    }
#define ECDSA(name, curve, digest)                                                                                     \
    {                                                                                                                  \
        name, NULL, NULL, T_EC, WARD_USE_SIGNATURE, curve, 0, 0, SCHEME_ECDSA, digest                                  \
    }
#define HMAC(name, bits)                                                                                               \
    {                                                                                                                  \
        name, NULL, NULL, T_OCT, WARD_USE_SIGNATURE, WARD_CURVE_NONE, bits, 0, SCHEME_HMAC, bits                       \
    }
    [WARD_ALG_RS256] = RSA_SIGNATURE("RS256", "RSA256", SCHEME_RSA_PKCS1, 256),
    [WARD_ALG_RS384] = RSA_SIGNATURE("RS384", "RSA384", SCHEME_RSA_PKCS1, 384),
    [WARD_ALG_RS512] = RSA_SIGNATURE("RS512", "RSA512", SCHEME_RSA_PKCS1, 512),
    [WARD_ALG_PS256] = RSA_SIGNATURE("PS256", NULL, SCHEME_RSA_PSS, 256),
    [WARD_ALG_PS384] = RSA_SIGNATURE("PS384", NULL, SCHEME_RSA_PSS, 384),
    [WARD_ALG_PS512] = RSA_SIGNATURE("PS512", NULL, SCHEME_RSA_PSS, 512),
    [WARD_ALG_RSA1_5] = ENCRYPTION("RSA1_5", NULL, T_RSA, WARD_CURVE_NONE, 0, 0),
    [WARD_ALG_RSA_OAEP] = ENCRYPTION("RSA-OAEP", "RSA_OAEP", T_RSA, WARD_CURVE_NONE, 0, 0),
    [WARD_ALG_RSA_OAEP_256] = ENCRYPTION("RSA-OAEP-256", "RSA_OAEP_256", T_RSA, WARD_CURVE_NONE, 0, 0),
    [WARD_ALG_RSA_OAEP_384] = ENCRYPTION("RSA-OAEP-384", "RSA_OAEP_384", T_RSA, WARD_CURVE_NONE, 0, 0),
    [WARD_ALG_RSA_OAEP_512] = ENCRYPTION("RSA-OAEP-512", "RSA_OAEP_512", T_RSA, WARD_CURVE_NONE, 0, 0),
    [WARD_ALG_ES256] = ECDSA("ES256", WARD_CURVE_P256, 256),
    [WARD_ALG_ES384] = ECDSA("ES384", WARD_CURVE_P384, 384),
    [WARD_ALG_ES512] = ECDSA("ES512", WARD_CURVE_P521, 512),
    [WARD_ALG_ES256K] = ECDSA("ES256K", WARD_CURVE_SECP256K1, 256),
    [WARD_ALG_ECDH_ES] = ENCRYPTION("ECDH-ES", "ECDH_ES", T_ECDH, WARD_CURVE_X25519, 0, 0),
    [WARD_ALG_ECDH_ES_A128KW] = ENCRYPTION("ECDH-ES+A128KW", "ECDH_ES_A128KW", T_ECDH, WARD_CURVE_X25519, 0, 0),
    [WARD_ALG_ECDH_ES_A192KW] = ENCRYPTION("ECDH-ES+A192KW", "ECDH_ES_A192KW", T_ECDH, WARD_CURVE_X25519, 0, 0),
    [WARD_ALG_ECDH_ES_A256KW] = ENCRYPTION("ECDH-ES+A256KW", "ECDH_ES_A256KW", T_ECDH, WARD_CURVE_X25519, 0, 0),
    [WARD_ALG_ECDH_1PU] = ENCRYPTION("ECDH-1PU", "ECDH_1PU", T_ECDH, WARD_CURVE_X25519, 0, 0),
    [WARD_ALG_ECDH_1PU_A128KW] = ENCRYPTION("ECDH-1PU+A128KW", "ECDH_1PU_A128KW", T_ECDH, WARD_CURVE_X25519, 0, 0),
    [WARD_ALG_ECDH_1PU_A192KW] = ENCRYPTION("ECDH-1PU+A192KW", "ECDH_1PU_A192KW", T_ECDH, WARD_CURVE_X25519, 0, 0),
    [WARD_ALG_ECDH_1PU_A256KW] = ENCRYPTION("ECDH-1PU+A256KW", "ECDH_1PU_A256KW", T_ECDH, WARD_CURVE_X25519, 0, 0),
    [WARD_ALG_HS256] = HMAC("HS256", 256),
    [WARD_ALG_HS384] = HMAC("HS384", 384),
    [WARD_ALG_HS512] = HMAC("HS512", 512),
    [WARD_ALG_A128KW] = ENCRYPTION("A128KW", NULL, T_OCT, WARD_CURVE_NONE, 128, 128),
    [WARD_ALG_A192KW] = ENCRYPTION("A192KW", NULL, T_OCT, WARD_CURVE_NONE, 192, 192),
    [WARD_ALG_A256KW] = ENCRYPTION("A256KW", NULL, T_OCT, WARD_CURVE_NONE, 256, 256),
    [WARD_ALG_A128GCMKW] = ENCRYPTION("A128GCMKW", NULL, T_OCT, WARD_CURVE_NONE, 128, 128),
    [WARD_ALG_A192GCMKW] = ENCRYPTION("A192GCMKW", NULL, T_OCT, WARD_CURVE_NONE, 192, 192),
    [WARD_ALG_A256GCMKW] = ENCRYPTION("A256GCMKW", NULL, T_OCT, WARD_CURVE_NONE, 256, 256),
    [WARD_ALG_DIR] = { "dir", "DIR", "DIR", T_OCT, WARD_USE_ENCRYPTION },
    [WARD_ALG_PBES2_HS256_A128KW] = ENCRYPTION("PBES2-HS256+A128KW", "PBES2_HS256_A128KW", T_OCT, WARD_CURVE_NONE, 0,
                                               0),
    [WARD_ALG_PBES2_HS384_A192KW] = ENCRYPTION("PBES2-HS384+A192KW", "PBES2_HS384_A192KW", T_OCT, WARD_CURVE_NONE, 0,
                                               0),
    [WARD_ALG_PBES2_HS512_A256KW] = ENCRYPTION("PBES2-HS512+A256KW", "PBES2_HS512_A256KW", T_OCT, WARD_CURVE_NONE, 0,
                                               0),
    [WARD_ALG_EDDSA] = { "EdDSA", NULL, NULL, T_OKP, WARD_USE_SIGNATURE, WARD_CURVE_ED25519, 0, 0, SCHEME_EDDSA, 0 },
};

const char *ward_jose_alg_name(enum ward_jose_alg alg)
{
    return rows[alg].name;
}

const char *ward_jose_alg_api_name(enum ward_jose_alg alg)
{
    return rows[alg].api ? rows[alg].api : rows[alg].name;
}

const char *ward_jose_alg_java_name(enum ward_jose_alg alg)
{
    return rows[alg].java ? rows[alg].java : rows[alg].name;
}

enum ward_jose_use ward_jose_alg_use(enum ward_jose_alg alg)
{
    return rows[alg].use;
}

static bool is_named(struct ward_span text, const char *name)
{
    return ward_span_equal(text, ward_span_of(name));
}

enum ward_jose_alg ward_jose_alg_parse(struct ward_span name)
{
    for (enum ward_jose_alg alg = WARD_ALG_NONE + 1; alg < WARD_ALG_COUNT; alg++) {
        if (is_named(name, ward_jose_alg_name(alg)) || is_named(name, ward_jose_alg_api_name(alg))) {
            return alg;
        }
    }
    return WARD_ALG_NONE;
}

enum ward_jose_alg ward_jose_alg_parse_java(struct ward_span name)
{
    for (enum ward_jose_alg alg = WARD_ALG_NONE + 1; alg < WARD_ALG_COUNT; alg++) {
        if (is_named(name, ward_jose_alg_java_name(alg))) {
            return alg;
        }
    }
    return WARD_ALG_NONE;
}

const char *ward_jose_use_name(enum ward_jose_use use)
{
    return use == WARD_USE_SIGNATURE ? "sig" : use == WARD_USE_ENCRYPTION ? "enc" : NULL;
}

/* A curve of the table says which curve of its own type is wanted: X25519 with ECDH says nothing about EC keys. */
static bool is_curve_right(const struct alg_row *row, const struct ward_material *material)
{
    if (material->type == WARD_MATERIAL_EC && row->curve == WARD_CURVE_X25519) {
        return true;
    }
    return row->curve == WARD_CURVE_NONE || row->curve == material->curve;
}

enum ward_material_problem ward_jose_alg_fits(enum ward_jose_alg alg, const struct ward_material *material,
                                              enum ward_jose_use use)
{
    const struct alg_row *row = &rows[alg];
    if (!row->name) {
        return WARD_MATERIAL_ALGORITHM;
    }
    if (!(row->types & 1U << material->type) || !is_curve_right(row, material)) {
        return WARD_MATERIAL_ALGORITHM_TYPE;
    }
    if (use != WARD_USE_NONE && use != row->use) {
        return WARD_MATERIAL_ALGORITHM_USE;
    }
    bool is_long_enough = material->bits >= row->bits_min && (row->bits_max == 0 || material->bits <= row->bits_max);
    return is_long_enough ? WARD_MATERIAL_NONE : WARD_MATERIAL_ALGORITHM_SIZE;
}

/* ---- contexts ---- */

/* Ready for one algorithm and one direction. The digest context is always ready. */
struct ready_context {
    enum ward_jose_alg alg;
    bool is_signing;
    EVP_PKEY_CTX *key; /* NULL: EdDSA, which takes a new digest context for each signature */
    EVP_MD_CTX *digest;
};

struct ward_context_shelf {
    struct ready_context *places[PLACES];
};

struct ward_context_shelf *ward_context_shelf_new(void)
{
    return ward_alloc(sizeof(struct ward_context_shelf));
}

static void free_context(struct ready_context *context)
{
    if (!context) {
        return;
    }
    EVP_PKEY_CTX_free(context->key);
    EVP_MD_CTX_free(context->digest);
    ward_free(context);
}

void ward_context_shelf_free(struct ward_context_shelf *shelf)
{
    for (size_t i = 0; shelf && i < PLACES; i++) {
        free_context(shelf->places[i]);
    }
    ward_free(shelf);
}

static bool prepare_padding(const struct alg_row *row, EVP_PKEY_CTX *key)
{
    const EVP_MD *digest = ward_digest(row->digest);
    if (!digest || EVP_PKEY_CTX_set_signature_md(key, digest) != 1) {
        return false;
    }
    if (row->scheme == SCHEME_RSA_PKCS1) {
        return EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PADDING) == 1;
    }
    if (row->scheme ==
        SCHEME_RSA_PSS) { /* RFC 7518 3.5: the salt is as long as the hash, and MGF1 takes the same hash */
        return EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(key, digest) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    return true;
}

static bool prepare_context(struct ready_context *context, const struct ward_material *material)
{
    const struct alg_row *row = &rows[context->alg];
    context->digest = EVP_MD_CTX_new();
    if (!context->digest) {
        return false;
    }
    if (row->scheme == SCHEME_EDDSA) {
        return true;
    }
    context->key = EVP_PKEY_CTX_new_from_pkey(NULL, material->key, NULL);
    if (!context->key) {
        return false;
    }
    int is_begun = context->is_signing ? EVP_PKEY_sign_init(context->key) : EVP_PKEY_verify_init(context->key);
    return is_begun == 1 && prepare_padding(row, context->key);
}

static struct ready_context *make_context(const struct ward_material *material, enum ward_jose_alg alg, bool is_signing)
{
    struct ready_context *context = ward_alloc(sizeof(*context));
    if (!context) {
        return NULL;
    }
    context->alg = alg;
    context->is_signing = is_signing;
    if (!prepare_context(context, material)) {
        free_context(context);
        return NULL;
    }
    return context;
}

/* Threads start at different places, so that they seldom meet at one. */
static size_t my_place(void)
{
    static _Thread_local size_t place; /* 0: not drawn */
    static size_t drawn;
    if (place == 0) {
        place = 1 + __atomic_fetch_add(&drawn, 1, __ATOMIC_RELAXED) % PLACES;
    }
    return place - 1;
}

static struct ready_context *take_context(const struct ward_material *material, enum ward_jose_alg alg, bool is_signing)
{
    struct ready_context **place = &material->shelf->places[my_place()];
    struct ready_context *context = __atomic_exchange_n(place, NULL, __ATOMIC_ACQUIRE);
    if (context && context->alg == alg && context->is_signing == is_signing) {
        return context;
    }
    free_context(context);
    return make_context(material, alg, is_signing);
}

static void put_context(const struct ward_material *material, struct ready_context *context)
{
    struct ready_context **place = &material->shelf->places[my_place()];
    struct ready_context *empty = NULL;
    if (!__atomic_compare_exchange_n(place, &empty, context, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
        free_context(context);
    }
}

static bool digest_bytes(struct ready_context *context, struct ward_span bytes, uint8_t ret[DIGEST_MAX])
{
    const EVP_MD *digest = ward_digest(rows[context->alg].digest);
    return digest && EVP_DigestInit_ex2(context->digest, digest, NULL) == 1 &&
           EVP_DigestUpdate(context->digest, bytes.data, bytes.size) == 1 &&
           EVP_DigestFinal_ex(context->digest, ret, NULL) == 1;
}

/* ---- HMAC ---- */

static enum ward_status compute_hmac(enum ward_jose_alg alg, const struct ward_material *material,
                                     struct ward_span bytes, uint8_t ret[DIGEST_MAX])
{
    static EVP_MAC *shared;
    char digest[8];
    EVP_MAC *mac = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
    if (rows[alg].digest == 256) {
        struct ward_span key = ward_span((const char *)material->octets, material->octet_count);
        ward_hmac_sha256(key, &bytes, 1, ret);
        return WARD_OK;
    }
    if (!mac) {
        EVP_MAC *fetched = EVP_MAC_fetch(NULL, "HMAC", NULL);
        if (fetched && __atomic_compare_exchange_n(&shared, &mac, fetched, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            mac = fetched;
        } else {
            EVP_MAC_free(fetched); /* another thread was first, or there is none */
        }
    }
    EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
    size_t size = 0;
    memcpy(digest, rows[alg].digest == 384 ? "SHA384" : "SHA512", sizeof("SHA384"));
    OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                OSSL_PARAM_construct_end() };
    bool is_made = context && EVP_MAC_init(context, material->octets, material->octet_count, parameters) == 1 &&
                   EVP_MAC_update(context, ward_bytes(bytes), bytes.size) == 1 &&
                   EVP_MAC_final(context, ret, &size, DIGEST_MAX) == 1;
    EVP_MAC_CTX_free(context);
    return is_made ? WARD_OK : ward_openssl_status(WARD_NO_MEMORY);
}

static enum ward_status sign_hmac(enum ward_jose_alg alg, const struct ward_material *material, struct ward_span bytes,
                                  struct ward_buffer *ret)
{
    uint8_t mac[DIGEST_MAX];
    enum ward_status status = compute_hmac(alg, material, bytes, mac);
    if (status == WARD_OK) {
        ward_buffer_append(ret, ward_span((const char *)mac, rows[alg].digest / 8));
        status = ret->status;
    }
    explicit_bzero(mac, sizeof(mac));
    return status;
}

static enum ward_status verify_hmac(enum ward_jose_alg alg, const struct ward_material *material,
                                    struct ward_span bytes, struct ward_span signature, bool *ret_is_valid)
{
    uint8_t mac[DIGEST_MAX];
    size_t size = rows[alg].digest / 8;
    enum ward_status status = compute_hmac(alg, material, bytes, mac);
    *ret_is_valid = status == WARD_OK && signature.size == size && ward_constant_time_equal(mac, signature.data, size);
    explicit_bzero(mac, sizeof(mac));
    return status;
}

/* ---- R ‖ S and DER (RFC 7518 3.4) ---- */

static size_t write_integer(struct ward_span number, uint8_t *to)
{
    number = ward_number_trim(number);
    bool needs_zero = number.size == 0 || ward_bytes(number)[0] >= 0x80;
    to[0] = 0x02;
    to[1] = (uint8_t)(number.size + needs_zero);
    to[2] = 0;
    memcpy(to + 2 + needs_zero, number.data, number.size);
    return 2 + needs_zero + number.size;
}

static size_t raw_to_der(struct ward_span raw, uint8_t to[ECDSA_DER_MAX])
{
    uint8_t body[ECDSA_DER_MAX];
    size_t half = raw.size / 2;
    size_t size = write_integer(ward_span(raw.data, half), body);
    size += write_integer(ward_span(raw.data + half, half), body + size);
    size_t header = 0;
    to[header++] = 0x30;
    if (size >= 0x80) {
        to[header++] = 0x81;
    }
    to[header++] = (uint8_t)size;
    memcpy(to + header, body, size);
    return header + size;
}

static bool der_to_raw(struct ward_span der, size_t half, uint8_t *to)
{
    struct ward_span body;
    struct ward_span r;
    struct ward_span s;
    if (!ward_der_take(&der, 0x30, &body) || !ward_der_take_number(&body, &r) || !ward_der_take_number(&body, &s) ||
        r.size > half || s.size > half) {
        return false;
    }
    memset(to, 0, 2 * half);
    memcpy(to + half - r.size, r.data, r.size);
    memcpy(to + 2 * half - s.size, s.data, s.size);
    return true;
}

/* ---- signing ---- */

static size_t signature_size(const struct ward_material *material)
{
    return material->type == WARD_MATERIAL_RSA  ? (material->bits + 7) / 8
           : material->type == WARD_MATERIAL_EC ? 2 * ward_curve_row(material->curve)->field_bytes
                                                : 64; /* RFC 8032 5.1.6 */
}

static bool sign_digest(struct ready_context *context, const struct ward_material *material, struct ward_span bytes,
                        uint8_t ret[WARD_JOSE_SIGNATURE_MAX])
{
    uint8_t digest[DIGEST_MAX];
    uint8_t made[WARD_JOSE_SIGNATURE_MAX];
    size_t size = sizeof(made);
    if (!digest_bytes(context, bytes, digest) ||
        EVP_PKEY_sign(context->key, made, &size, digest, rows[context->alg].digest / 8) != 1) {
        return false;
    }
    if (material->type == WARD_MATERIAL_EC) {
        return der_to_raw(ward_span((const char *)made, size), signature_size(material) / 2, ret);
    }
    memcpy(ret, made, size);
    return size == signature_size(material);
}

static bool sign_whole(struct ready_context *context, const struct ward_material *material, struct ward_span bytes,
                       uint8_t ret[WARD_JOSE_SIGNATURE_MAX])
{
    size_t size = WARD_JOSE_SIGNATURE_MAX;
    bool is_made = EVP_DigestSignInit(context->digest, NULL, NULL, NULL, material->key) == 1 &&
                   EVP_DigestSign(context->digest, ret, &size, ward_bytes(bytes), bytes.size) == 1;
    EVP_MD_CTX_reset(context->digest);
    return is_made && size == signature_size(material);
}

static enum ward_status sign_with_key(enum ward_jose_alg alg, const struct ward_material *material,
                                      struct ward_span bytes, struct ward_buffer *ret)
{
    uint8_t signature[WARD_JOSE_SIGNATURE_MAX];
    struct ready_context *context = take_context(material, alg, true);
    if (!context) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    bool is_made = rows[alg].scheme == SCHEME_EDDSA ? sign_whole(context, material, bytes, signature)
                                                    : sign_digest(context, material, bytes, signature);
    if (!is_made) {
        free_context(context);
        return ward_openssl_status(WARD_INTERNAL);
    }
    put_context(material, context);
    ward_buffer_append(ret, ward_span((const char *)signature, signature_size(material)));
    return ret->status;
}

enum ward_status ward_jose_sign(enum ward_jose_alg alg, const struct ward_material *material, struct ward_span bytes,
                                struct ward_buffer *ret, enum ward_material_problem *ret_problem)
{
    enum ward_material_problem problem = ward_jose_alg_fits(alg, material, WARD_USE_SIGNATURE);
    if (problem == WARD_MATERIAL_NONE && material->half == WARD_MATERIAL_PUBLIC) {
        problem = WARD_MATERIAL_NOT_PRIVATE;
    }
    if (problem != WARD_MATERIAL_NONE) {
        *ret_problem = problem;
        return WARD_INVALID;
    }
    return rows[alg].scheme == SCHEME_HMAC ? sign_hmac(alg, material, bytes, ret)
                                           : sign_with_key(alg, material, bytes, ret);
}

/* ---- verifying ---- */

static int verify_digest(struct ready_context *context, const struct ward_material *material, struct ward_span bytes,
                         struct ward_span signature)
{
    uint8_t digest[DIGEST_MAX];
    uint8_t der[ECDSA_DER_MAX];
    if (!digest_bytes(context, bytes, digest)) {
        return -1;
    }
    if (material->type == WARD_MATERIAL_EC) {
        signature = ward_span((const char *)der, raw_to_der(signature, der));
    }
    return EVP_PKEY_verify(context->key, ward_bytes(signature), signature.size, digest, rows[context->alg].digest / 8);
}

static int verify_whole(struct ready_context *context, const struct ward_material *material, struct ward_span bytes,
                        struct ward_span signature)
{
    int result = -1;
    if (EVP_DigestVerifyInit(context->digest, NULL, NULL, NULL, material->key) == 1) {
        result = EVP_DigestVerify(context->digest, ward_bytes(signature), signature.size, ward_bytes(bytes),
                                  bytes.size);
    }
    EVP_MD_CTX_reset(context->digest);
    return result;
}

/* OpenSSL says 0 or less for a signature that does not hold and for a failure alike: only want of memory is told apart,
 * and either denies. */
static enum ward_status verify_with_key(enum ward_jose_alg alg, const struct ward_material *material,
                                        struct ward_span bytes, struct ward_span signature, bool *ret_is_valid)
{
    if (signature.size != signature_size(material)) {
        return WARD_OK;
    }
    struct ready_context *context = take_context(material, alg, false);
    if (!context) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    int result = rows[alg].scheme == SCHEME_EDDSA ? verify_whole(context, material, bytes, signature)
                                                  : verify_digest(context, material, bytes, signature);
    put_context(material, context);
    if (result != 1) {
        return ward_openssl_status(WARD_OK);
    }
    *ret_is_valid = true;
    return WARD_OK;
}

enum ward_status ward_jose_verify(enum ward_jose_alg alg, const struct ward_material *material, struct ward_span bytes,
                                  struct ward_span signature, bool *ret_is_valid)
{
    *ret_is_valid = false;
    if (ward_jose_alg_fits(alg, material, WARD_USE_SIGNATURE) != WARD_MATERIAL_NONE) {
        return WARD_INVALID;
    }
    return rows[alg].scheme == SCHEME_HMAC ? verify_hmac(alg, material, bytes, signature, ret_is_valid)
                                           : verify_with_key(alg, material, bytes, signature, ret_is_valid);
}

/* ---- tokens ---- */

static enum ward_status decode_part(struct ward_span part, struct ward_pool *pool, struct ward_span *ret)
{
    WARD_BUFFER bytes = ward_buffer_new_secret(WARD_JWS_MAX);
    if (!ward_base64url_decode(part, &bytes)) {
        return bytes.status == WARD_OK ? WARD_INVALID : bytes.status;
    }
    *ret = ward_pool_copy(pool, ward_buffer_span(&bytes));
    return pool->is_exhausted ? WARD_NO_MEMORY : WARD_OK;
}

static bool cut(struct ward_span text, struct ward_span *ret_before, struct ward_span *ret_after)
{
    const char *dot = text.size > 0 ? memchr(text.data, '.', text.size) : NULL;
    if (!dot) {
        return false;
    }
    size_t before = (size_t)(dot - text.data);
    *ret_before = ward_span(text.data, before);
    *ret_after = ward_span(dot + 1, text.size - before - 1);
    return true;
}

static enum ward_status read_header(struct ward_span text, struct ward_pool *pool, struct ward_jws *ret)
{
    struct ward_span bytes;
    const char *why;
    enum ward_status status = decode_part(text, pool, &bytes);
    if (status == WARD_OK) {
        status = ward_json_parse(bytes, pool, &ret->header, &why);
    }
    if (status != WARD_OK) {
        return status;
    }
    const struct ward_json_value *kid = ward_json_member(ret->header, "kid");
    ret->alg = ward_json_string(ward_json_member(ret->header, "alg"));
    ret->kid = ward_json_string(kid);
    bool is_good = ward_json_type(ret->header) == WARD_JSON_OBJECT && ret->alg.data && (!kid || ret->kid.data) &&
                   !ward_json_member(ret->header, "crit");
    return is_good ? WARD_OK : WARD_INVALID;
}

enum ward_status ward_jws_split(struct ward_span token, struct ward_pool *pool, struct ward_jws *ret)
{
    struct ward_jws jws = { 0 };
    struct ward_span header;
    struct ward_span payload;
    struct ward_span signature;
    if (token.size > WARD_JWS_MAX || !cut(token, &header, &payload) || !cut(payload, &payload, &signature)) {
        return WARD_INVALID;
    }
    jws.signing_input = ward_span(token.data, header.size + 1 + payload.size);
    enum ward_status status = decode_part(signature, pool,
                                          &jws.signature); /* a fourth part fails here: '.' is no base64url */
    if (status == WARD_OK) {
        status = decode_part(payload, pool, &jws.payload);
    }
    if (status == WARD_OK) {
        status = read_header(header, pool, &jws);
    }
    if (status == WARD_OK) {
        *ret = jws;
    }
    return status;
}

static void write_header(enum ward_jose_alg alg, struct ward_span kid, struct ward_buffer *ret)
{
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "alg", ward_span_of(rows[alg].name));
    ward_json_member_string(&writer, "typ", WARD_SPAN("JWT"));
    if (kid.data) {
        ward_json_member_string(&writer, "kid", kid);
    }
    ward_json_end_object(&writer);
}

enum ward_status ward_jws_make(enum ward_jose_alg alg, const struct ward_material *material, struct ward_span kid,
                               struct ward_span payload, struct ward_buffer *ret)
{
    WARD_BUFFER header = ward_buffer_new(WARD_JWS_MAX);
    WARD_BUFFER token = ward_buffer_new_secret(WARD_JWS_MAX);
    WARD_BUFFER signature = ward_buffer_new_secret(WARD_JOSE_SIGNATURE_MAX);
    enum ward_material_problem problem;
    write_header(alg, kid, &header);
    ward_base64url_encode(ward_buffer_span(&header), &token);
    ward_buffer_append_char(&token, '.');
    ward_base64url_encode(payload, &token);
    if (header.status != WARD_OK || token.status != WARD_OK) {
        return header.status != WARD_OK ? header.status : token.status;
    }
    enum ward_status status = ward_jose_sign(alg, material, ward_buffer_span(&token), &signature, &problem);
    if (status != WARD_OK) {
        return status;
    }
    ward_buffer_append_char(&token, '.');
    ward_base64url_encode(ward_buffer_span(&signature), &token);
    if (token.status == WARD_OK) {
        ward_buffer_append(ret, ward_buffer_span(&token));
    }
    return token.status != WARD_OK ? token.status : ret->status;
}
