/*
 * From the numbers of a key to a key that OpenSSL works with. Everything that OpenSSL does not look at when it is given
 * numbers is looked at here: sizes first, so that no later step is slow, then whether the parts belong together.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include "base/seam.h"
#include "crypto/material_internal.h"

enum {
    EXPONENT_BYTES_MAX = 4,
    PRIMES_DIFFER_MAX = 64, /* bits */
    SMALL_FACTOR_MAX = 751, /* NIST SP 800-89 5.3.3 */
    PARAMETERS_MAX = 10,
    ARENA_BYTES = 6 * WARD_RSA_BYTES_MAX
};

static const struct ward_curve_row curve_rows[] = {
    [WARD_CURVE_P256] = { "P-256", SN_X9_62_prime256v1, NID_X9_62_prime256v1, 32, 256 },
    [WARD_CURVE_P384] = { "P-384", SN_secp384r1, NID_secp384r1, 48, 384 },
    [WARD_CURVE_P521] = { "P-521", SN_secp521r1, NID_secp521r1, 66, 521 },
    [WARD_CURVE_SECP256K1] = { "secp256k1", SN_secp256k1, NID_secp256k1, 32, 256 },
    [WARD_CURVE_ED25519] = { "Ed25519", NULL, EVP_PKEY_ED25519, WARD_OKP_BYTES, 256 },
    [WARD_CURVE_X25519] = { "X25519", NULL, EVP_PKEY_X25519, WARD_OKP_BYTES, 256 },
};

const struct ward_curve_row *ward_curve_row(enum ward_curve curve)
{
    return &curve_rows[curve];
}

static void free_bignum_context(BN_CTX **context)
{
    BN_CTX_free(*context);
}
#define OWNED_BN_CTX __attribute__((cleanup(free_bignum_context))) BN_CTX *

static void free_group(EC_GROUP **group)
{
    EC_GROUP_free(*group);
}
#define OWNED_GROUP __attribute__((cleanup(free_group))) EC_GROUP *

static void free_point(EC_POINT **point)
{
    EC_POINT_clear_free(*point);
}
#define OWNED_POINT __attribute__((cleanup(free_point))) EC_POINT *

static enum ward_status refuse(enum ward_material_problem problem, enum ward_material_problem *ret_problem)
{
    *ret_problem = problem;
    return WARD_INVALID;
}

static BIGNUM *to_bignum(struct ward_span number)
{
    return BN_bin2bn(ward_bytes(number), (int)number.size, NULL);
}

static unsigned count_bits(struct ward_span number)
{
    if (number.size == 0) {
        return 0;
    }
    unsigned top = 32 - (unsigned)__builtin_clz(ward_bytes(number)[0]);
    return (unsigned)(number.size - 1) * 8 + top;
}

/* ---- the parameters of EVP_PKEY_fromdata; those with private numbers are wiped ---- */

struct parameters {
    OSSL_PARAM array[PARAMETERS_MAX];
    size_t count;
    uint8_t arena[ARENA_BYTES];
    size_t used;
};

static void wipe_parameters(struct parameters *parameters)
{
    explicit_bzero(parameters->arena, parameters->used);
}
#define WIPED_PARAMETERS __attribute__((cleanup(wipe_parameters))) struct parameters

/* OpenSSL takes numbers in the byte order of the machine. */
static void add_number(struct parameters *to, const char *name, struct ward_span number)
{
    uint8_t *at = to->arena + to->used;
    for (size_t i = 0; i < number.size; i++) {
        bool is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
        at[i] = ward_bytes(number)[is_little ? number.size - 1 - i : i];
    }
    to->array[to->count++] = OSSL_PARAM_construct_BN(name, at, number.size);
    to->used += number.size;
}

static enum ward_status make_key(const char *type, struct parameters *parameters, bool is_private, EVP_PKEY **ret)
{
    parameters->array[parameters->count] = OSSL_PARAM_construct_end();
    WARD_KEY_CONTEXT context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    int selection = is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, ret, selection, parameters->array) != 1) {
        *ret = NULL;
        return ward_openssl_status(WARD_INTERNAL); /* all that is wrong with the numbers was found before */
    }
    return WARD_OK;
}

/* ---- RSA ---- */

static enum ward_material_problem check_rsa_sizes(const struct ward_numbers *numbers)
{
    unsigned bits = count_bits(numbers->n);
    if (bits < WARD_RSA_BITS_MIN) {
        return WARD_MATERIAL_RSA_SHORT;
    }
    if (bits > WARD_RSA_BITS_MAX) {
        return WARD_MATERIAL_RSA_LONG;
    }
    if (numbers->e.size > EXPONENT_BYTES_MAX) {
        return WARD_MATERIAL_RSA_EXPONENT_LARGE;
    }
    if (count_bits(numbers->e) < 2) {
        return WARD_MATERIAL_RSA_EXPONENT_SMALL;
    }
    if ((ward_bytes(numbers->e)[numbers->e.size - 1] & 1) == 0) {
        return WARD_MATERIAL_RSA_EXPONENT_EVEN;
    }
    if (!numbers->is_private) {
        return WARD_MATERIAL_NONE;
    }
    if (numbers->d.size == 0 || numbers->d.size > numbers->n.size) {
        return WARD_MATERIAL_RSA_MISMATCH;
    }
    if (!numbers->p.data) {
        return bits > WARD_RSA_D_ALONE_MAX ? WARD_MATERIAL_JWK_PRIVATE_PARTS : WARD_MATERIAL_NONE;
    }
    unsigned p_bits = count_bits(numbers->p);
    unsigned q_bits = count_bits(numbers->q);
    unsigned difference = p_bits > q_bits ? p_bits - q_bits : q_bits - p_bits;
    if (difference > PRIMES_DIFFER_MAX) {
        return WARD_MATERIAL_RSA_PRIMES;
    }
    bool is_too_long = numbers->p.size > numbers->n.size || numbers->q.size > numbers->n.size ||
                       numbers->dp.size > numbers->p.size || numbers->dq.size > numbers->q.size ||
                       numbers->qi.size > numbers->p.size;
    return is_too_long ? WARD_MATERIAL_RSA_MISMATCH : WARD_MATERIAL_NONE;
}

/* CVE-2017-15361: the primes of one maker's chips are powers of 65537 to small moduli, and so are their products. Of
 * other moduli one in 2^27 looks so. */
static bool is_of_faulty_generator(const BIGNUM *n)
{
    static const uint8_t moduli[] = { 11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157 };
    for (size_t i = 0; i < sizeof(moduli); i++) {
        BN_ULONG left = BN_mod_word(n, moduli[i]);
        BN_ULONG power = 1;
        bool is_power = left == 1;
        while (!is_power && (power = power * 65537 % moduli[i]) != 1) {
            is_power = power == left;
        }
        if (!is_power) {
            return false;
        }
    }
    return true;
}

static enum ward_status check_rsa_modulus(struct ward_span modulus, enum ward_material_problem *ret_problem)
{
    WARD_BIGNUM n = to_bignum(modulus);
    if (!n) {
        return WARD_NO_MEMORY;
    }
    bool has_factor = !BN_is_odd(n);
    for (BN_ULONG factor = 3; !has_factor && factor <= SMALL_FACTOR_MAX; factor += 2) {
        has_factor = BN_mod_word(n, factor) == 0;
    }
    if (has_factor) {
        return refuse(WARD_MATERIAL_RSA_FACTOR, ret_problem);
    }
    return is_of_faulty_generator(n) ? refuse(WARD_MATERIAL_RSA_GENERATOR, ret_problem) : WARD_OK;
}

/* The exponents of one prime: dp = d mod (p - 1) and e * dp = 1 mod (p - 1). 1, 0, or -1 when out of memory. */
static int prime_fits(struct ward_span prime, struct ward_span exponent, const BIGNUM *d, const BIGNUM *e,
                      BN_CTX *context)
{
    WARD_BIGNUM less = to_bignum(prime);
    WARD_BIGNUM dp = to_bignum(exponent);
    WARD_BIGNUM result = BN_new();
    if (!less || !dp || !result) {
        return -1;
    }
    if (!BN_is_odd(less) || BN_is_one(less)) {
        return 0;
    }
    if (!BN_sub_word(less, 1) || !BN_mod(result, d, less, context)) {
        return -1;
    }
    if (BN_cmp(result, dp) != 0) {
        return 0;
    }
    return BN_mod_mul(result, e, dp, less, context) ? BN_is_one(result) : -1;
}

/* p * q = n, and q * qi = 1 mod p, which says too that p and q differ. */
static int primes_fit(const struct ward_numbers *numbers, BN_CTX *context)
{
    WARD_BIGNUM n = to_bignum(numbers->n);
    WARD_BIGNUM p = to_bignum(numbers->p);
    WARD_BIGNUM q = to_bignum(numbers->q);
    WARD_BIGNUM qi = to_bignum(numbers->qi);
    WARD_BIGNUM result = BN_new();
    if (!n || !p || !q || !qi || !result || !BN_mul(result, p, q, context)) {
        return -1;
    }
    if (BN_cmp(result, n) != 0 || BN_cmp(qi, p) >= 0) {
        return 0;
    }
    return BN_mod_mul(result, q, qi, p, context) ? BN_is_one(result) : -1;
}

static int parts_fit(const struct ward_numbers *numbers, const BIGNUM *d, const BIGNUM *e, BN_CTX *context)
{
    int fits = primes_fit(numbers, context);
    if (fits == 1) {
        fits = prime_fits(numbers->p, numbers->dp, d, e, context);
    }
    if (fits == 1) {
        fits = prime_fits(numbers->q, numbers->dq, d, e, context);
    }
    return fits;
}

/* Without primes: what d does to a number, e undoes. */
static int exponents_fit(const struct ward_numbers *numbers, const BIGNUM *d, const BIGNUM *e, BN_CTX *context)
{
    WARD_BIGNUM n = to_bignum(numbers->n);
    WARD_BIGNUM result = BN_new();
    WARD_BIGNUM two = BN_new();
    if (!n || !result || !two || !BN_set_word(two, 2) || !BN_mod_exp_mont_consttime(result, two, d, n, context, NULL) ||
        !BN_mod_exp(result, result, e, n, context)) {
        return -1;
    }
    return BN_cmp(result, two) == 0;
}

static enum ward_status check_rsa_private(const struct ward_numbers *numbers, enum ward_material_problem *ret_problem)
{
    OWNED_BN_CTX context = BN_CTX_new();
    WARD_BIGNUM d = to_bignum(numbers->d);
    WARD_BIGNUM e = to_bignum(numbers->e);
    if (!context || !d || !e) {
        return WARD_NO_MEMORY;
    }
    int fits = numbers->p.data ? parts_fit(numbers, d, e, context) : exponents_fit(numbers, d, e, context);
    if (fits < 0) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    return fits ? WARD_OK : refuse(WARD_MATERIAL_RSA_MISMATCH, ret_problem);
}

static enum ward_status make_rsa(const struct ward_numbers *numbers, EVP_PKEY **ret)
{
    WIPED_PARAMETERS parameters = { .count = 0 };
    add_number(&parameters, OSSL_PKEY_PARAM_RSA_N, numbers->n);
    add_number(&parameters, OSSL_PKEY_PARAM_RSA_E, numbers->e);
    if (numbers->is_private) {
        add_number(&parameters, OSSL_PKEY_PARAM_RSA_D, numbers->d);
    }
    if (numbers->is_private && numbers->p.data) {
        add_number(&parameters, OSSL_PKEY_PARAM_RSA_FACTOR1, numbers->p);
        add_number(&parameters, OSSL_PKEY_PARAM_RSA_FACTOR2, numbers->q);
        add_number(&parameters, OSSL_PKEY_PARAM_RSA_EXPONENT1, numbers->dp);
        add_number(&parameters, OSSL_PKEY_PARAM_RSA_EXPONENT2, numbers->dq);
        add_number(&parameters, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, numbers->qi);
    }
    return make_key("RSA", &parameters, numbers->is_private, ret);
}

static enum ward_status build_rsa(const struct ward_numbers *numbers, struct ward_material *material,
                                  enum ward_material_problem *ret_problem)
{
    enum ward_material_problem problem = check_rsa_sizes(numbers);
    if (problem != WARD_MATERIAL_NONE) {
        return refuse(problem, ret_problem);
    }
    enum ward_status status = check_rsa_modulus(numbers->n, ret_problem);
    if (status == WARD_OK && numbers->is_private) {
        status = check_rsa_private(numbers, ret_problem);
    }
    material->bits = count_bits(numbers->n);
    return status == WARD_OK ? make_rsa(numbers, &material->key) : status;
}

/* ---- EC ---- */

/* SEC 1 2.3.3 without the point at infinity and without OpenSSL's hybrid form. */
static bool is_point_form(struct ward_span point, size_t field_bytes)
{
    uint8_t form = point.size > 0 ? ward_bytes(point)[0] : 0;
    return (form == 4 && point.size == 1 + 2 * field_bytes) ||
           ((form == 2 || form == 3) && point.size == 1 + field_bytes);
}

static enum ward_status read_point(const struct ward_numbers *numbers, const EC_GROUP *group, EC_POINT *point,
                                   BN_CTX *context, enum ward_material_problem *ret_problem)
{
    if (!is_point_form(numbers->point, ward_curve_row(numbers->curve)->field_bytes)) {
        return refuse(WARD_MATERIAL_EC_POINT, ret_problem);
    }
    /* Says no to coordinates beyond the field and to points beside the curve; all four curves have cofactor 1. */
    if (EC_POINT_oct2point(group, point, ward_bytes(numbers->point), numbers->point.size, context) == 1) {
        return WARD_OK;
    }
    *ret_problem = WARD_MATERIAL_EC_POINT;
    return ward_openssl_status(WARD_INVALID);
}

/* The point that belongs to the private number, compared with the one that was given. */
static enum ward_status derive_point(const struct ward_numbers *numbers, const EC_GROUP *group, EC_POINT *point,
                                     BN_CTX *context, enum ward_material_problem *ret_problem)
{
    WARD_BIGNUM number = numbers->secret.size <= WARD_EC_FIELD_MAX ? to_bignum(numbers->secret) : NULL;
    if (!number) {
        return numbers->secret.size <= WARD_EC_FIELD_MAX ? WARD_NO_MEMORY
                                                         : refuse(WARD_MATERIAL_EC_NUMBER, ret_problem);
    }
    if (BN_is_zero(number) || BN_cmp(number, EC_GROUP_get0_order(group)) >= 0) {
        return refuse(WARD_MATERIAL_EC_NUMBER, ret_problem);
    }
    OWNED_POINT derived = EC_POINT_new(group);
    if (!derived || EC_POINT_mul(group, derived, number, NULL, NULL, context) != 1) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    if (!numbers->point.data) {
        return EC_POINT_copy(point, derived) == 1 ? WARD_OK : WARD_NO_MEMORY;
    }
    int differs = EC_POINT_cmp(group, point, derived, context);
    if (differs < 0) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    return differs ? refuse(WARD_MATERIAL_EC_MISMATCH, ret_problem) : WARD_OK;
}

static enum ward_status find_point(const struct ward_numbers *numbers, struct ward_material *material,
                                   enum ward_material_problem *ret_problem)
{
    OWNED_BN_CTX context = BN_CTX_new();
    OWNED_GROUP group = EC_GROUP_new_by_curve_name(ward_curve_row(numbers->curve)->nid);
    OWNED_POINT point = group ? EC_POINT_new(group) : NULL;
    if (!context || !point) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    enum ward_status status = WARD_OK;
    if (numbers->point.data) {
        status = read_point(numbers, group, point, context, ret_problem);
    }
    if (status == WARD_OK && numbers->is_private) {
        status = derive_point(numbers, group, point, context, ret_problem);
    }
    if (status != WARD_OK) {
        return status;
    }
    material->point_size = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, material->point,
                                              sizeof(material->point), context);
    return material->point_size > 0 ? WARD_OK : ward_openssl_status(WARD_NO_MEMORY);
}

static enum ward_status build_ec(const struct ward_numbers *numbers, struct ward_material *material,
                                 enum ward_material_problem *ret_problem)
{
    const struct ward_curve_row *row = ward_curve_row(numbers->curve);
    char group[16];
    enum ward_status status = find_point(numbers, material, ret_problem);
    if (status != WARD_OK) {
        return status;
    }
    WIPED_PARAMETERS parameters = { .count = 0 };
    memcpy(group, row->group, strlen(row->group) + 1);
    parameters.array[parameters.count++] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    parameters.array[parameters.count++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, material->point,
                                                                             material->point_size);
    if (numbers->is_private) {
        add_number(&parameters, OSSL_PKEY_PARAM_PRIV_KEY, numbers->secret);
    }
    material->bits = row->bits;
    return make_key("EC", &parameters, numbers->is_private, &material->key);
}

/* ---- Ed25519 and X25519 ---- */

/* The points of small order in all their encodings: a signature that holds under one holds for other messages too, and
 * an agreement with one agrees on zero. The top bit is a sign (RFC 8032 5.1.2) or unused (RFC 7748 5). */
static const uint8_t weak_ends[][WARD_OKP_BYTES] = {
    { 0x00 },
    { 0x01 },
    { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    { 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    { 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};
static const uint8_t weak_ed25519[][WARD_OKP_BYTES] = {
    { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
      0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
    { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
      0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
};
static const uint8_t weak_x25519[][WARD_OKP_BYTES] = {
    { 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
      0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
    { 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
      0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
};

static bool is_one_of(const uint8_t point[WARD_OKP_BYTES], const uint8_t (*weak)[WARD_OKP_BYTES], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t last = (uint8_t)(point[WARD_OKP_BYTES - 1] & 0x7f);
        if (memcmp(point, weak[i], WARD_OKP_BYTES - 1) == 0 && last == weak[i][WARD_OKP_BYTES - 1]) {
            return true;
        }
    }
    return false;
}

static bool is_weak(enum ward_curve curve, const uint8_t point[WARD_OKP_BYTES])
{
    return is_one_of(point, weak_ends, sizeof(weak_ends) / sizeof(weak_ends[0])) ||
           is_one_of(point, curve == WARD_CURVE_ED25519 ? weak_ed25519 : weak_x25519, 2);
}

static enum ward_status build_okp(const struct ward_numbers *numbers, struct ward_material *material,
                                  enum ward_material_problem *ret_problem)
{
    int id = ward_curve_row(numbers->curve)->nid;
    bool has_point = numbers->point.data;
    if ((has_point && numbers->point.size != WARD_OKP_BYTES) ||
        (numbers->is_private && numbers->secret.size != WARD_OKP_BYTES)) {
        return refuse(WARD_MATERIAL_OKP_SIZE, ret_problem);
    }
    material->key = numbers->is_private
                        ? EVP_PKEY_new_raw_private_key(id, NULL, ward_bytes(numbers->secret), WARD_OKP_BYTES)
                        : EVP_PKEY_new_raw_public_key(id, NULL, ward_bytes(numbers->point), WARD_OKP_BYTES);
    material->point_size = WARD_OKP_BYTES;
    material->bits = ward_curve_row(numbers->curve)->bits;
    if (!material->key || EVP_PKEY_get_raw_public_key(material->key, material->point, &material->point_size) != 1) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    if (has_point && memcmp(material->point, numbers->point.data, WARD_OKP_BYTES) != 0) {
        return refuse(WARD_MATERIAL_OKP_MISMATCH, ret_problem);
    }
    return is_weak(numbers->curve, material->point) ? refuse(WARD_MATERIAL_OKP_WEAK, ret_problem) : WARD_OK;
}

/* ---- octets ---- */

static enum ward_status build_octets(const struct ward_numbers *numbers, struct ward_material *material,
                                     enum ward_material_problem *ret_problem)
{
    if (numbers->secret.size == 0) {
        return refuse(WARD_MATERIAL_EMPTY, ret_problem);
    }
    if (numbers->secret.size > WARD_MATERIAL_CONTENT_MAX) {
        return refuse(WARD_MATERIAL_TOO_LARGE, ret_problem);
    }
    material->octets = ward_alloc(numbers->secret.size);
    if (!material->octets) {
        return WARD_NO_MEMORY;
    }
    memcpy(material->octets, numbers->secret.data, numbers->secret.size);
    material->octet_count = numbers->secret.size;
    material->bits = (unsigned)numbers->secret.size * 8;
    return WARD_OK;
}

/* ---- */

struct ward_material *ward_material_new(enum ward_material_type type, enum ward_curve curve)
{
    struct ward_material *material = ward_alloc(sizeof(*material));
    if (!material) {
        return NULL;
    }
    material->type = type;
    material->curve = curve;
    material->shelf = ward_context_shelf_new();
    material->texts = ward_jwk_texts_new();
    if (!material->shelf || !material->texts) {
        ward_material_free(material);
        return NULL;
    }
    return material;
}

static enum ward_status build(const struct ward_numbers *numbers, struct ward_material *material,
                              enum ward_material_problem *ret_problem)
{
    switch (numbers->type) {
    case WARD_MATERIAL_RSA:
        return build_rsa(numbers, material, ret_problem);
    case WARD_MATERIAL_EC:
        return build_ec(numbers, material, ret_problem);
    case WARD_MATERIAL_OKP:
        return build_okp(numbers, material, ret_problem);
    case WARD_MATERIAL_OCT:
        return build_octets(numbers, material, ret_problem);
    }
    return WARD_INTERNAL;
}

enum ward_status ward_material_from_numbers(const struct ward_numbers *numbers, struct ward_material **ret,
                                            enum ward_material_problem *ret_problem)
{
    struct ward_material *material = ward_material_new(numbers->type, numbers->curve);
    if (!material) {
        return WARD_NO_MEMORY;
    }
    enum ward_status status = build(numbers, material, ret_problem);
    if (status != WARD_OK) {
        ward_material_free(material);
        return status;
    }
    material->half = numbers->type == WARD_MATERIAL_OCT ? WARD_MATERIAL_SECRET
                     : numbers->is_private              ? WARD_MATERIAL_PRIVATE
                                                        : WARD_MATERIAL_PUBLIC;
    *ret = material;
    return WARD_OK;
}

enum ward_status ward_material_from_drawn_rsa(EVP_PKEY *key, struct ward_material **ret)
{
    struct ward_material *material = ward_material_new(WARD_MATERIAL_RSA, WARD_CURVE_NONE);
    if (!material) {
        EVP_PKEY_free(key);
        return WARD_NO_MEMORY;
    }
    material->key = key;
    material->half = WARD_MATERIAL_PRIVATE;
    material->bits = (unsigned)EVP_PKEY_get_bits(key);
    *ret = material;
    return WARD_OK;
}

void ward_material_free(struct ward_material *material)
{
    if (!material) {
        return;
    }
    ward_context_shelf_free(material->shelf);
    ward_jwk_texts_free(material->texts);
    EVP_PKEY_free(material->key);
    if (material->octets) {
        explicit_bzero(material->octets, material->octet_count);
        ward_free(material->octets);
    }
    ward_free(material);
}

enum ward_material_type ward_material_type(const struct ward_material *material)
{
    return material->type;
}

enum ward_curve ward_material_curve(const struct ward_material *material)
{
    return material->curve;
}

enum ward_material_half ward_material_half(const struct ward_material *material)
{
    return material->half;
}

unsigned ward_material_bits(const struct ward_material *material)
{
    return material->bits;
}
