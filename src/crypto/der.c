/*
 * The few DER structures that hold keys, read down to their numbers: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1), SEC1
 * (RFC 5915), SubjectPublicKeyInfo (RFC 5280 4.1, RFC 5480, RFC 8410) and the place of it in a certificate. Nothing is
 * allocated and nothing is read twice; what is too large for its number is found by the caller, from its length.
 */
#include "crypto/material_internal.h"

enum {
    INTEGER = 0x02,
    BIT_STRING = 0x03,
    OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    OID = 0x06,
    SEQUENCE = 0x30,
    CONTEXT_0 = 0xa0, /* constructed */
    CONTEXT_1 = 0xa1,
    CONTEXT_1_PRIMITIVE = 0x81
};

static const struct ward_span oid_rsa = WARD_SPAN_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"); /* rsaEncryption */
static const struct ward_span oid_ec = WARD_SPAN_INIT("\x2a\x86\x48\xce\x3d\x02\x01");          /* id-ecPublicKey */

static const struct {
    struct ward_span oid;
    enum ward_curve curve;
} curves[] = {
    { WARD_SPAN_INIT("\x2a\x86\x48\xce\x3d\x03\x01\x07"), WARD_CURVE_P256 },
    { WARD_SPAN_INIT("\x2b\x81\x04\x00\x22"), WARD_CURVE_P384 },
    { WARD_SPAN_INIT("\x2b\x81\x04\x00\x23"), WARD_CURVE_P521 },
    { WARD_SPAN_INIT("\x2b\x81\x04\x00\x0a"), WARD_CURVE_SECP256K1 },
};

/* RFC 8410 3 */
static const struct ward_span oid_ed25519 = WARD_SPAN_INIT("\x2b\x65\x70");
static const struct ward_span oid_x25519 = WARD_SPAN_INIT("\x2b\x65\x6e");

/* ---- elements ---- */

/* How many bytes the length takes and what it says. Three bytes of it are enough for what is ever given here. */
static bool read_length(struct ward_span bytes, size_t *ret_taken, size_t *ret_length)
{
    const uint8_t *at = ward_bytes(bytes);
    if (bytes.size == 0) {
        return false;
    }
    if (at[0] < 0x80) {
        *ret_taken = 1;
        *ret_length = at[0];
        return true;
    }
    size_t count = at[0] & 0x7f;
    size_t length = 0;
    if (count == 0 || count > 3 || bytes.size < 1 + count) {
        return false;
    }
    for (size_t i = 1; i <= count; i++) {
        length = length << 8 | at[i];
    }
    if (at[1] == 0 || length < 0x80) {
        return false; /* X.690 10.1: the shortest form */
    }
    *ret_taken = 1 + count;
    *ret_length = length;
    return true;
}

bool ward_der_take(struct ward_span *rest, uint8_t tag, struct ward_span *ret)
{
    size_t taken;
    size_t length;
    if (rest->size < 2 || ward_bytes(*rest)[0] != tag ||
        !read_length(ward_span(rest->data + 1, rest->size - 1), &taken, &length) || length > rest->size - 1 - taken) {
        return false;
    }
    *ret = ward_span(rest->data + 1 + taken, length);
    size_t whole = 1 + taken + length;
    *rest = ward_span(rest->data + whole, rest->size - whole);
    return true;
}

struct ward_span ward_number_trim(struct ward_span number)
{
    size_t zeros = 0;
    while (zeros < number.size && number.data[zeros] == 0) {
        zeros++;
    }
    return ward_span(number.data + zeros, number.size - zeros);
}

bool ward_der_take_number(struct ward_span *rest, struct ward_span *ret)
{
    struct ward_span left = *rest;
    struct ward_span value;
    if (!ward_der_take(&left, INTEGER, &value) || value.size == 0) {
        return false;
    }
    const uint8_t *at = ward_bytes(value);
    bool is_long = value.size > 1 && at[0] == 0 && at[1] < 0x80;
    if (at[0] >= 0x80 || is_long) {
        return false;
    }
    *ret = ward_number_trim(value);
    *rest = left;
    return true;
}

static bool is_next(struct ward_span rest, uint8_t tag)
{
    return rest.size > 0 && ward_bytes(rest)[0] == tag;
}

/* A BIT STRING of whole bytes. */
static bool take_bits(struct ward_span *rest, uint8_t tag, struct ward_span *ret)
{
    struct ward_span bits;
    if (!ward_der_take(rest, tag, &bits) || bits.size < 1 || bits.data[0] != 0) {
        return false;
    }
    *ret = ward_span(bits.data + 1, bits.size - 1);
    return true;
}

static bool is_number(struct ward_span number, uint8_t value)
{
    return value == 0 ? number.size == 0 : number.size == 1 && ward_bytes(number)[0] == value;
}

/* ---- what it is ---- */

static enum ward_der_form form_of_numbers(struct ward_span rest)
{
    struct ward_span number;
    size_t count = 0;
    while (ward_der_take_number(&rest, &number)) {
        count++;
    }
    if (rest.size == 0) {
        return count == 2 ? WARD_DER_PKCS1_PUBLIC : count == 9 ? WARD_DER_PKCS1_PRIVATE : WARD_DER_UNKNOWN;
    }
    if (count == 9 && is_next(rest, SEQUENCE)) {
        return WARD_DER_PKCS1_PRIVATE; /* of more than two primes: refused by its reader */
    }
    return count != 1                    ? WARD_DER_UNKNOWN
           : is_next(rest, SEQUENCE)     ? WARD_DER_PKCS8
           : is_next(rest, OCTET_STRING) ? WARD_DER_SEC1
                                         : WARD_DER_UNKNOWN;
}

enum ward_der_form ward_der_form(struct ward_span der)
{
    struct ward_span body;
    struct ward_span first;
    struct ward_span second;
    if (!ward_der_take(&der, SEQUENCE, &body) || der.size > 0) {
        return WARD_DER_UNKNOWN;
    }
    if (is_next(body, INTEGER)) {
        return form_of_numbers(body);
    }
    if (!ward_der_take(&body, SEQUENCE, &first)) {
        return WARD_DER_UNKNOWN;
    }
    if (is_next(body, SEQUENCE)) {
        bool is_certificate = ward_der_take(&body, SEQUENCE, &second) && is_next(body, BIT_STRING) &&
                              (is_next(first, CONTEXT_0) || is_next(first, INTEGER));
        return is_certificate ? WARD_DER_CERTIFICATE : WARD_DER_UNKNOWN;
    }
    if (!is_next(first, OID)) {
        return WARD_DER_UNKNOWN;
    }
    return is_next(body, BIT_STRING)     ? WARD_DER_SPKI
           : is_next(body, OCTET_STRING) ? WARD_DER_ENCRYPTED
                                         : WARD_DER_UNKNOWN;
}

bool ward_der_certificate_key(struct ward_span der, struct ward_span *ret)
{
    struct ward_span body;
    struct ward_span fields;
    struct ward_span skipped;
    if (!ward_der_take(&der, SEQUENCE, &body) || !ward_der_take(&body, SEQUENCE, &fields)) {
        return false;
    }
    if (is_next(fields, CONTEXT_0) && !ward_der_take(&fields, CONTEXT_0, &skipped)) {
        return false;
    }
    if (!ward_der_take(&fields, INTEGER, &skipped)) {
        return false;
    }
    for (int i = 0; i < 4; i++) { /* signature, issuer, validity, subject */
        if (!ward_der_take(&fields, SEQUENCE, &skipped)) {
            return false;
        }
    }
    const char *start = fields.data;
    if (!ward_der_take(&fields, SEQUENCE, &skipped)) {
        return false;
    }
    *ret = ward_span(start, (size_t)(fields.data - start));
    return true;
}

/* ---- RSA ---- */

static enum ward_material_problem read_rsa_public(struct ward_span der, struct ward_numbers *ret)
{
    struct ward_span body;
    if (!ward_der_take(&der, SEQUENCE, &body) || der.size > 0 || !ward_der_take_number(&body, &ret->n) ||
        !ward_der_take_number(&body, &ret->e) || body.size > 0) {
        return WARD_MATERIAL_BAD_DER;
    }
    ret->type = WARD_MATERIAL_RSA;
    return WARD_MATERIAL_NONE;
}

static enum ward_material_problem read_rsa_private(struct ward_span der, struct ward_numbers *ret)
{
    struct ward_span *const numbers[] = { &ret->n, &ret->e, &ret->d, &ret->p, &ret->q, &ret->dp, &ret->dq, &ret->qi };
    struct ward_span body;
    struct ward_span version;
    if (!ward_der_take(&der, SEQUENCE, &body) || der.size > 0 || !ward_der_take_number(&body, &version)) {
        return WARD_MATERIAL_BAD_DER;
    }
    if (is_number(version, 1)) {
        return WARD_MATERIAL_RSA_PRIMES;
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (!ward_der_take_number(&body, numbers[i])) {
            return WARD_MATERIAL_BAD_DER;
        }
    }
    if (body.size > 0 || !is_number(version, 0)) {
        return WARD_MATERIAL_BAD_DER;
    }
    ret->type = WARD_MATERIAL_RSA;
    ret->is_private = true;
    return WARD_MATERIAL_NONE;
}

/* ---- EC ---- */

/* RFC 5480 2.1.1: a name, never the parameters themselves nor "as the issuer's". */
static enum ward_material_problem read_curve(struct ward_span parameters, enum ward_curve *ret)
{
    struct ward_span oid;
    if (is_next(parameters, SEQUENCE)) {
        return WARD_MATERIAL_EC_EXPLICIT;
    }
    if (parameters.size == 0 || is_next(parameters, DER_NULL)) {
        return WARD_MATERIAL_EC_NO_CURVE;
    }
    if (!ward_der_take(&parameters, OID, &oid) || parameters.size > 0) {
        return WARD_MATERIAL_BAD_DER;
    }
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (ward_span_equal(oid, curves[i].oid)) {
            *ret = curves[i].curve;
            return WARD_MATERIAL_NONE;
        }
    }
    return WARD_MATERIAL_EC_CURVE;
}

/* The optional parts of RFC 5915 3. Inside PKCS#8 the curve stands outside and may be repeated here. */
static enum ward_material_problem read_ec_options(struct ward_span rest, struct ward_numbers *ret)
{
    struct ward_span tagged;
    enum ward_curve outer = ret->curve;
    if (is_next(rest, CONTEXT_0)) {
        if (!ward_der_take(&rest, CONTEXT_0, &tagged)) {
            return WARD_MATERIAL_BAD_DER;
        }
        enum ward_material_problem problem = read_curve(tagged, &ret->curve);
        if (problem != WARD_MATERIAL_NONE) {
            return problem;
        }
        if (outer != WARD_CURVE_NONE && outer != ret->curve) {
            return WARD_MATERIAL_BAD_DER;
        }
    }
    if (is_next(rest, CONTEXT_1)) {
        if (!ward_der_take(&rest, CONTEXT_1, &tagged) || !take_bits(&tagged, BIT_STRING, &ret->point) ||
            tagged.size > 0) {
            return WARD_MATERIAL_BAD_DER;
        }
    }
    return rest.size > 0 ? WARD_MATERIAL_BAD_DER : WARD_MATERIAL_NONE;
}

static enum ward_material_problem read_ec_private(struct ward_span der, struct ward_numbers *ret)
{
    struct ward_span body;
    struct ward_span version;
    if (!ward_der_take(&der, SEQUENCE, &body) || der.size > 0 || !ward_der_take_number(&body, &version) ||
        !is_number(version, 1) || !ward_der_take(&body, OCTET_STRING, &ret->secret)) {
        return WARD_MATERIAL_BAD_DER;
    }
    enum ward_material_problem problem = read_ec_options(body, ret);
    if (problem != WARD_MATERIAL_NONE) {
        return problem;
    }
    ret->secret = ward_number_trim(ret->secret);
    ret->type = WARD_MATERIAL_EC;
    ret->is_private = true;
    return ret->curve == WARD_CURVE_NONE ? WARD_MATERIAL_EC_NO_CURVE : WARD_MATERIAL_NONE;
}

/* ---- AlgorithmIdentifier and what it stands before ---- */

static enum ward_material_problem read_algorithm(struct ward_span algorithm, struct ward_numbers *ret)
{
    struct ward_span oid;
    if (!ward_der_take(&algorithm, OID, &oid)) {
        return WARD_MATERIAL_BAD_DER;
    }
    if (ward_span_equal(oid, oid_rsa)) {
        ret->type = WARD_MATERIAL_RSA;
        /* RFC 3279 2.3.1 wants NULL; old writers leave it out */
        bool is_null = algorithm.size == 0 || ward_span_equal(algorithm, WARD_SPAN("\x05\x00"));
        return is_null ? WARD_MATERIAL_NONE : WARD_MATERIAL_BAD_DER;
    }
    if (ward_span_equal(oid, oid_ec)) {
        ret->type = WARD_MATERIAL_EC;
        return read_curve(algorithm, &ret->curve);
    }
    bool is_ed25519 = ward_span_equal(oid, oid_ed25519);
    if (!is_ed25519 && !ward_span_equal(oid, oid_x25519)) {
        return WARD_MATERIAL_KEY_TYPE;
    }
    ret->type = WARD_MATERIAL_OKP;
    ret->curve = is_ed25519 ? WARD_CURVE_ED25519 : WARD_CURVE_X25519;
    return algorithm.size == 0 ? WARD_MATERIAL_NONE : WARD_MATERIAL_BAD_DER; /* RFC 8410 3 */
}

static enum ward_material_problem read_okp_private(struct ward_span inner, struct ward_span rest,
                                                   struct ward_numbers *ret)
{
    struct ward_span attributes;
    if (!ward_der_take(&inner, OCTET_STRING, &ret->secret) || inner.size > 0) {
        return WARD_MATERIAL_BAD_DER;
    }
    if (is_next(rest, CONTEXT_0) && !ward_der_take(&rest, CONTEXT_0, &attributes)) {
        return WARD_MATERIAL_BAD_DER;
    }
    if (is_next(rest, CONTEXT_1_PRIMITIVE) && !take_bits(&rest, CONTEXT_1_PRIMITIVE, &ret->point)) {
        return WARD_MATERIAL_BAD_DER;
    }
    ret->is_private = true;
    return rest.size > 0 ? WARD_MATERIAL_BAD_DER : WARD_MATERIAL_NONE;
}

static enum ward_material_problem read_pkcs8(struct ward_span der, struct ward_numbers *ret)
{
    struct ward_span body;
    struct ward_span version;
    struct ward_span algorithm;
    struct ward_span inner;
    if (!ward_der_take(&der, SEQUENCE, &body) || der.size > 0 || !ward_der_take_number(&body, &version) ||
        (!is_number(version, 0) && !is_number(version, 1)) || !ward_der_take(&body, SEQUENCE, &algorithm) ||
        !ward_der_take(&body, OCTET_STRING, &inner)) {
        return WARD_MATERIAL_BAD_DER;
    }
    enum ward_material_problem problem = read_algorithm(algorithm, ret);
    if (problem != WARD_MATERIAL_NONE) {
        return problem;
    }
    /* What follows for RSA and EC (attributes, and RFC 5958's copy of the public key) says nothing that is used. */
    return ret->type == WARD_MATERIAL_RSA  ? read_rsa_private(inner, ret)
           : ret->type == WARD_MATERIAL_EC ? read_ec_private(inner, ret)
                                           : read_okp_private(inner, body, ret);
}

static enum ward_material_problem read_spki(struct ward_span der, struct ward_numbers *ret)
{
    struct ward_span body;
    struct ward_span algorithm;
    struct ward_span bits;
    if (!ward_der_take(&der, SEQUENCE, &body) || der.size > 0 || !ward_der_take(&body, SEQUENCE, &algorithm)) {
        return WARD_MATERIAL_BAD_DER;
    }
    enum ward_material_problem problem = read_algorithm(algorithm, ret);
    if (problem != WARD_MATERIAL_NONE) {
        return problem;
    }
    if (!take_bits(&body, BIT_STRING, &bits) || body.size > 0) {
        return WARD_MATERIAL_BAD_DER;
    }
    if (ret->type == WARD_MATERIAL_RSA) {
        return read_rsa_public(bits, ret);
    }
    ret->point = bits;
    return WARD_MATERIAL_NONE;
}

enum ward_material_problem ward_der_read(enum ward_der_form form, struct ward_span der, struct ward_numbers *ret)
{
    *ret = (struct ward_numbers){ 0 };
    switch (form) {
    case WARD_DER_PKCS8:
        return read_pkcs8(der, ret);
    case WARD_DER_PKCS1_PRIVATE:
        return read_rsa_private(der, ret);
    case WARD_DER_SEC1:
        return read_ec_private(der, ret);
    case WARD_DER_SPKI:
        return read_spki(der, ret);
    case WARD_DER_PKCS1_PUBLIC:
        return read_rsa_public(der, ret);
    default:
        return WARD_MATERIAL_BAD_DER;
    }
}
