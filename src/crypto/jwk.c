/* Reading, writing and drawing JWKs. A JWK's members are decoded to numbers and go the way of every other form. */
#include "crypto/jwk.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "base/encoding.h"
#include "base/seam.h"
#include "crypto/material_internal.h"

enum {
    MEMBERS_MAX = 4 * WARD_MATERIAL_CONTENT_MAX,
    THUMBPRINT_TEXT_MAX = 4096,
    OCT_BITS_MAX = 4096,
    DRAWS_MAX = 64 /* of an EC number: each fails with probability below 1/2 */
};

/* ---- names ---- */

static const char *const type_names[] = {
    [WARD_MATERIAL_RSA] = "RSA",
    [WARD_MATERIAL_EC] = "EC",
    [WARD_MATERIAL_OCT] = "oct",
    [WARD_MATERIAL_OKP] = "OKP",
};

/* The members of an RSA key in the order of RFC 7518 6.3, and OpenSSL's names of them. */
static const struct {
    const char *member;
    const char *parameter;
    size_t offset;
} rsa_members[] = {
    { "n", OSSL_PKEY_PARAM_RSA_N, offsetof(struct ward_numbers, n) },
    { "e", OSSL_PKEY_PARAM_RSA_E, offsetof(struct ward_numbers, e) },
    { "d", OSSL_PKEY_PARAM_RSA_D, offsetof(struct ward_numbers, d) },
    { "p", OSSL_PKEY_PARAM_RSA_FACTOR1, offsetof(struct ward_numbers, p) },
    { "q", OSSL_PKEY_PARAM_RSA_FACTOR2, offsetof(struct ward_numbers, q) },
    { "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1, offsetof(struct ward_numbers, dp) },
    { "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2, offsetof(struct ward_numbers, dq) },
    { "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1, offsetof(struct ward_numbers, qi) },
};
enum { RSA_PUBLIC_MEMBERS = 2, RSA_D = 2, RSA_FIRST_PRIME = 3, RSA_MEMBERS = 8 };

static bool is_of_type(enum ward_curve curve, enum ward_material_type type)
{
    bool is_okp = curve == WARD_CURVE_ED25519 || curve == WARD_CURVE_X25519;
    return is_okp == (type == WARD_MATERIAL_OKP);
}

static enum ward_curve parse_curve(struct ward_span name, enum ward_material_type type)
{
    for (enum ward_curve curve = WARD_CURVE_P256; curve <= WARD_CURVE_X25519; curve++) {
        if (is_of_type(curve, type) && ward_span_equal(name, ward_span_of(ward_curve_row(curve)->crv))) {
            return curve;
        }
    }
    return WARD_CURVE_NONE;
}

/* ---- members ---- */

struct members {
    const struct ward_json_value *jwk;
    struct ward_pool *pool;
    struct ward_numbers numbers;
    enum ward_material_problem problem; /* the first one */
    bool is_out_of_memory;
};

static void note(struct members *members, enum ward_material_problem problem)
{
    if (members->problem == WARD_MATERIAL_NONE) {
        members->problem = problem;
    }
}

static bool has(const struct members *members, const char *name)
{
    return ward_json_member(members->jwk, name) != NULL;
}

static struct ward_span take_bytes(struct members *members, const char *name)
{
    WARD_BUFFER bytes = ward_buffer_new_secret(WARD_MATERIAL_CONTENT_MAX);
    struct ward_span text = ward_json_string(ward_json_member(members->jwk, name));
    if (!text.data) {
        note(members, WARD_MATERIAL_JWK_MEMBER);
        return WARD_SPAN_NONE;
    }
    if (!ward_base64url_decode(text, &bytes)) {
        members->is_out_of_memory = members->is_out_of_memory || bytes.status == WARD_NO_MEMORY;
        note(members, bytes.status == WARD_TOO_LARGE ? WARD_MATERIAL_TOO_LARGE : WARD_MATERIAL_JWK_BASE64URL);
        return WARD_SPAN_NONE;
    }
    return ward_pool_copy(members->pool, ward_buffer_span(&bytes));
}

/* RFC 7518 2, Base64urlUInt: as few bytes as the number needs. */
static struct ward_span take_number(struct members *members, const char *name)
{
    struct ward_span number = take_bytes(members, name);
    if (number.data && (number.size == 0 || number.data[0] == 0)) {
        note(members, WARD_MATERIAL_JWK_NUMBER);
    }
    return number;
}

static void take_rsa(struct members *members)
{
    if (has(members, "oth")) {
        note(members, WARD_MATERIAL_JWK_OTHER_PRIMES);
        return;
    }
    bool has_primes = false;
    size_t present = 0;
    for (size_t i = RSA_FIRST_PRIME; i < RSA_MEMBERS; i++) {
        present += has(members, rsa_members[i].member);
    }
    has_primes = present == RSA_MEMBERS - RSA_FIRST_PRIME;
    members->numbers.is_private = has(members, "d");
    if ((present > 0 && !has_primes) || (has_primes && !members->numbers.is_private)) {
        note(members, WARD_MATERIAL_JWK_PRIVATE_PARTS);
        return;
    }
    size_t count = has_primes ? RSA_MEMBERS : members->numbers.is_private ? RSA_D + 1 : RSA_PUBLIC_MEMBERS;
    for (size_t i = 0; i < count; i++) {
        struct ward_span number = take_number(members, rsa_members[i].member);
        memcpy((char *)&members->numbers + rsa_members[i].offset, &number, sizeof(number));
    }
}

static bool take_curve(struct members *members)
{
    struct ward_span name = ward_json_string(ward_json_member(members->jwk, "crv"));
    members->numbers.curve = parse_curve(name, members->numbers.type);
    if (members->numbers.curve == WARD_CURVE_NONE) {
        note(members, WARD_MATERIAL_JWK_CRV);
        return false;
    }
    members->numbers.is_private = has(members, "d");
    return true;
}

/* RFC 7518 6.2.1.2, 6.2.2.1: coordinates and the private number keep the length of the field, zeros in front included.
 */
static struct ward_span take_fixed(struct members *members, const char *name)
{
    struct ward_span bytes = take_bytes(members, name);
    if (bytes.data && bytes.size != ward_curve_row(members->numbers.curve)->field_bytes) {
        note(members, WARD_MATERIAL_JWK_COORDINATE);
        return WARD_SPAN_NONE;
    }
    return bytes;
}

static void take_ec(struct members *members)
{
    if (!take_curve(members)) {
        return;
    }
    struct ward_span x = take_fixed(members, "x");
    struct ward_span y = take_fixed(members, "y");
    if (members->numbers.is_private) {
        struct ward_span d = take_fixed(members, "d");
        members->numbers.secret = d.data ? ward_number_trim(d) : d;
    }
    char *point = ward_pool_alloc(members->pool, 1 + x.size + y.size);
    if (!point || members->problem != WARD_MATERIAL_NONE) {
        return;
    }
    point[0] = 4;
    memcpy(point + 1, x.data, x.size);
    memcpy(point + 1 + x.size, y.data, y.size);
    members->numbers.point = ward_span(point, 1 + x.size + y.size);
}

static void take_okp(struct members *members)
{
    if (!take_curve(members)) {
        return;
    }
    members->numbers.point = take_bytes(members, "x");
    if (members->numbers.is_private) {
        members->numbers.secret = take_bytes(members, "d");
    }
}

static void take_octets(struct members *members)
{
    members->numbers.is_private = true;
    members->numbers.secret = take_bytes(members, "k");
}

static void take_members(struct members *members)
{
    struct ward_span kty = ward_json_string(ward_json_member(members->jwk, "kty"));
    static void (*const takers[])(struct members *) = {
        [WARD_MATERIAL_RSA] = take_rsa,
        [WARD_MATERIAL_EC] = take_ec,
        [WARD_MATERIAL_OCT] = take_octets,
        [WARD_MATERIAL_OKP] = take_okp,
    };
    for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
        if (ward_span_equal(kty, ward_span_of(type_names[i]))) {
            members->numbers.type = (enum ward_material_type)i;
            takers[i](members);
            return;
        }
    }
    note(members, WARD_MATERIAL_JWK_KTY);
}

/* RFC 7517 4.2 to 4.5: what describes the key. Absent is good; present and of another type is not. */
static void take_description(struct members *members, struct ward_jwk_parsed *ret)
{
    const struct ward_json_value *kid = ward_json_member(members->jwk, "kid");
    const struct ward_json_value *alg = ward_json_member(members->jwk, "alg");
    const struct ward_json_value *use = ward_json_member(members->jwk, "use");
    const struct ward_json_value *operations = ward_json_member(members->jwk, "key_ops");
    ret->kid = ward_json_string(kid);
    ret->alg = ward_json_string(alg);
    struct ward_span use_text = ward_json_string(use);
    if ((kid && !ret->kid.data) || (alg && !ret->alg.data)) {
        note(members, WARD_MATERIAL_JWK_MEMBER);
    }
    if ((use && !use_text.data) || (operations && ward_json_type(operations) != WARD_JSON_ARRAY)) {
        note(members, WARD_MATERIAL_JWK_USE);
    }
    ret->use = ward_span_equal(use_text, WARD_SPAN("sig"))   ? WARD_USE_SIGNATURE
               : ward_span_equal(use_text, WARD_SPAN("enc")) ? WARD_USE_ENCRYPTION
                                                             : WARD_USE_NONE;
}

/* ---- choosing ---- */

static enum ward_material_problem choose(const struct ward_json_value *keys, struct ward_span kid,
                                         const struct ward_json_value **ret)
{
    const struct ward_json_value *found = NULL;
    if (ward_json_type(keys) != WARD_JSON_ARRAY) {
        return WARD_MATERIAL_JWK_SET;
    }
    if (!kid.data) {
        return WARD_MATERIAL_JWK_KID_NEEDED;
    }
    for (size_t i = 0; i < ward_json_count(keys); i++) {
        const struct ward_json_value *jwk = ward_json_at(keys, i);
        struct ward_span has = ward_json_string(ward_json_member(jwk, "kid"));
        if (ward_json_type(jwk) != WARD_JSON_OBJECT) {
            return WARD_MATERIAL_JWK_SET;
        }
        if (!has.data || !ward_span_equal(has, kid)) {
            continue;
        }
        if (found) {
            return WARD_MATERIAL_JWK_KID_TWICE;
        }
        found = jwk;
    }
    *ret = found;
    return found ? WARD_MATERIAL_NONE : WARD_MATERIAL_JWK_KID_UNKNOWN;
}

static enum ward_material_problem find_jwk(const struct ward_json_value *root, struct ward_span kid,
                                           const struct ward_json_value **ret)
{
    if (ward_json_type(root) != WARD_JSON_OBJECT) {
        return WARD_MATERIAL_JWK_OBJECT;
    }
    const struct ward_json_value *keys = ward_json_member(root, "keys");
    if (keys) {
        return choose(keys, kid, ret);
    }
    struct ward_span has = ward_json_string(ward_json_member(root, "kid"));
    *ret = root;
    return kid.data && has.data && !ward_span_equal(kid, has) ? WARD_MATERIAL_JWK_KID_UNKNOWN : WARD_MATERIAL_NONE;
}

static enum ward_status read_jwk(struct members *members, struct ward_jwk_parsed *ret,
                                 enum ward_material_problem *ret_problem)
{
    take_members(members);
    take_description(members, ret);
    if (members->is_out_of_memory || members->pool->is_exhausted) {
        return WARD_NO_MEMORY;
    }
    if (members->problem != WARD_MATERIAL_NONE) {
        *ret_problem = members->problem;
        return WARD_INVALID;
    }
    return ward_material_from_numbers(&members->numbers, &ret->material, ret_problem);
}

enum ward_status ward_jwk_parse(struct ward_span json, struct ward_span kid_wanted, struct ward_pool *pool,
                                struct ward_jwk_parsed *ret, enum ward_material_problem *ret_problem)
{
    struct members members = { .pool = pool };
    struct ward_jwk_parsed parsed = { 0 };
    const struct ward_json_value *root;
    const char *why;
    if (json.size > WARD_JWK_DOCUMENT_MAX) {
        *ret_problem = WARD_MATERIAL_JWK_TOO_LARGE;
        return WARD_INVALID;
    }
    enum ward_status status = ward_json_parse(json, pool, &root, &why);
    if (status != WARD_OK) {
        *ret_problem = WARD_MATERIAL_JWK_JSON;
        return status;
    }
    enum ward_material_problem problem = find_jwk(root, kid_wanted, &members.jwk);
    if (problem != WARD_MATERIAL_NONE) {
        *ret_problem = problem;
        return WARD_INVALID;
    }
    status = read_jwk(&members, &parsed, ret_problem);
    if (status != WARD_OK) {
        return status;
    }
    if (!parsed.kid.data) {
        parsed.kid = kid_wanted;
    }
    *ret = parsed;
    return WARD_OK;
}

/* ---- writing ---- */

static enum ward_status put_bytes(struct ward_json_writer *writer, const char *name, struct ward_span bytes)
{
    WARD_BUFFER text = ward_buffer_new_secret(2 * bytes.size + 4);
    ward_base64url_encode(bytes, &text);
    if (text.status != WARD_OK) {
        return text.status;
    }
    ward_json_member_string(writer, name, ward_buffer_span(&text));
    return WARD_OK;
}

/* size 0: as many bytes as the number needs */
static enum ward_status put_bignum(struct ward_json_writer *writer, const char *name, const BIGNUM *number, size_t size)
{
    uint8_t bytes[WARD_RSA_BYTES_MAX];
    size = size > 0 ? size : (size_t)BN_num_bytes(number);
    if (size > sizeof(bytes) || BN_bn2binpad(number, bytes, (int)size) < 0) {
        return WARD_INTERNAL;
    }
    enum ward_status status = put_bytes(writer, name, ward_span((const char *)bytes, size));
    explicit_bzero(bytes, sizeof(bytes));
    return status;
}

static enum ward_status put_parameter(const struct ward_material *material, struct ward_json_writer *writer,
                                      const char *name, const char *parameter, size_t size)
{
    BIGNUM *got = NULL;
    if (EVP_PKEY_get_bn_param(material->key, parameter, &got) != 1) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    WARD_BIGNUM number = got;
    return put_bignum(writer, name, number, size);
}

static bool has_primes(const struct ward_material *material)
{
    BIGNUM *got = NULL;
    bool is_there = EVP_PKEY_get_bn_param(material->key, OSSL_PKEY_PARAM_RSA_FACTOR1, &got) == 1;
    BN_clear_free(got);
    (void)ward_openssl_status(WARD_OK);
    return is_there;
}

static enum ward_status put_rsa(const struct ward_material *material, bool is_private, struct ward_json_writer *writer)
{
    size_t count = !is_private ? RSA_PUBLIC_MEMBERS : has_primes(material) ? RSA_MEMBERS : RSA_D + 1;
    enum ward_status status = WARD_OK;
    for (size_t i = 0; status == WARD_OK && i < count; i++) {
        status = put_parameter(material, writer, rsa_members[i].member, rsa_members[i].parameter, 0);
    }
    return status;
}

static enum ward_status put_ec(const struct ward_material *material, bool is_private, struct ward_json_writer *writer)
{
    const struct ward_curve_row *row = ward_curve_row(material->curve);
    const char *x = (const char *)material->point + 1;
    ward_json_member_string(writer, "crv", ward_span_of(row->crv));
    enum ward_status status = put_bytes(writer, "x", ward_span(x, row->field_bytes));
    if (status == WARD_OK) {
        status = put_bytes(writer, "y", ward_span(x + row->field_bytes, row->field_bytes));
    }
    if (status == WARD_OK && is_private) {
        status = put_parameter(material, writer, "d", OSSL_PKEY_PARAM_PRIV_KEY, row->field_bytes);
    }
    return status;
}

static enum ward_status put_okp(const struct ward_material *material, bool is_private, struct ward_json_writer *writer)
{
    uint8_t secret[WARD_OKP_BYTES];
    size_t size = sizeof(secret);
    ward_json_member_string(writer, "crv", ward_span_of(ward_curve_row(material->curve)->crv));
    enum ward_status status = put_bytes(writer, "x", ward_span((const char *)material->point, material->point_size));
    if (status == WARD_OK && is_private) {
        status = EVP_PKEY_get_raw_private_key(material->key, secret, &size) == 1
                     ? put_bytes(writer, "d", ward_span((const char *)secret, size))
                     : ward_openssl_status(WARD_NO_MEMORY);
        explicit_bzero(secret, sizeof(secret));
    }
    return status;
}

enum ward_status ward_jwk_write_members(const struct ward_material *material, bool is_private,
                                        struct ward_json_writer *writer)
{
    if (is_private ? material->half == WARD_MATERIAL_PUBLIC : material->half == WARD_MATERIAL_SECRET) {
        return WARD_INVALID;
    }
    switch (material->type) {
    case WARD_MATERIAL_RSA:
        return put_rsa(material, is_private, writer);
    case WARD_MATERIAL_EC:
        return put_ec(material, is_private, writer);
    case WARD_MATERIAL_OKP:
        return put_okp(material, is_private, writer);
    case WARD_MATERIAL_OCT:
        return put_bytes(writer, "k", ward_span((const char *)material->octets, material->octet_count));
    }
    return WARD_INTERNAL;
}

/* ---- the same as text: written once, since a thousand JWKs may be made of one key ---- */

struct ward_jwk_texts {
    struct text {
        size_t size;
        char bytes[];
    } * halves[2]; /* public, private: set once, atomically */
};

struct ward_jwk_texts *ward_jwk_texts_new(void)
{
    return ward_alloc(sizeof(struct ward_jwk_texts));
}

static void free_text(struct text *text)
{
    if (text) {
        explicit_bzero(text->bytes, text->size);
    }
    ward_free(text);
}

void ward_jwk_texts_free(struct ward_jwk_texts *texts)
{
    for (size_t i = 0; texts && i < 2; i++) {
        free_text(texts->halves[i]);
    }
    ward_free(texts);
}

/* The members between the braces of an object that has no others. */
static enum ward_status make_text(const struct ward_material *material, bool is_private, struct text **ret)
{
    WARD_BUFFER object = ward_buffer_new_secret(MEMBERS_MAX);
    struct ward_json_writer writer = ward_json_writer_to(&object);
    ward_json_begin_object(&writer);
    enum ward_status status = ward_jwk_write_members(material, is_private, &writer);
    ward_json_end_object(&writer);
    if (status != WARD_OK || object.status != WARD_OK) {
        return status != WARD_OK ? status : object.status;
    }
    const size_t size = object.size - 2;
    struct text *text = ward_alloc(sizeof(*text) + size);
    if (!text) {
        return WARD_NO_MEMORY;
    }
    text->size = size;
    memcpy(text->bytes, object.data + 1, size);
    *ret = text;
    return WARD_OK;
}

static enum ward_status text_of(const struct ward_material *material, bool is_private, struct ward_span *ret)
{
    struct text **half = &material->texts->halves[is_private];
    struct text *text = __atomic_load_n(half, __ATOMIC_ACQUIRE);
    if (!text) {
        struct text *made = NULL;
        enum ward_status status = make_text(material, is_private, &made);
        if (status != WARD_OK) {
            return status;
        }
        if (__atomic_compare_exchange_n(half, &text, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            text = made;
        } else {
            free_text(made); /* another thread was first */
        }
    }
    *ret = ward_span(text->bytes, text->size);
    return WARD_OK;
}

static void write_info(struct ward_json_writer *writer, const struct ward_material *material,
                       const struct ward_jwk_info *info)
{
    ward_json_member_string(writer, "kty", ward_span_of(type_names[material->type]));
    if (info->kid.data) {
        ward_json_member_string(writer, "kid", info->kid);
    }
    if (info->use != WARD_USE_NONE) {
        ward_json_member_string(writer, "use", ward_span_of(ward_jose_use_name(info->use)));
    }
    if (info->alg != WARD_ALG_NONE) {
        ward_json_member_string(writer, "alg", ward_span_of(ward_jose_alg_name(info->alg)));
    }
}

enum ward_status ward_jwk_write(const struct ward_material *material, const struct ward_jwk_info *info, bool is_private,
                                struct ward_buffer *ret)
{
    struct ward_span members;
    enum ward_status status = text_of(material, is_private, &members);
    if (status != WARD_OK) {
        return status;
    }
    WARD_BUFFER text = ward_buffer_new_secret(MEMBERS_MAX);
    struct ward_json_writer writer = ward_json_writer_to(&text);
    ward_json_begin_object(&writer);
    write_info(&writer, material, info);
    ward_buffer_append_char(&text, ',');
    ward_buffer_append(&text, members);
    ward_json_end_object(&writer);
    if (text.status != WARD_OK) {
        return text.status;
    }
    ward_buffer_append(ret, ward_buffer_span(&text));
    return ret->status;
}

/* ---- thumbprints ---- */

/* RFC 7638 3.2: the required members alone, in the order of their names, without blanks. */
static enum ward_status put_required(const struct ward_material *material, struct ward_json_writer *writer)
{
    struct ward_span kty = ward_span_of(type_names[material->type]);
    const struct ward_curve_row *row = ward_curve_row(material->curve);
    const char *point = (const char *)material->point;
    enum ward_status status = WARD_OK;
    ward_json_begin_object(writer);
    if (material->type == WARD_MATERIAL_RSA) {
        status = put_parameter(material, writer, "e", OSSL_PKEY_PARAM_RSA_E, 0);
        ward_json_member_string(writer, "kty", kty);
        if (status == WARD_OK) {
            status = put_parameter(material, writer, "n", OSSL_PKEY_PARAM_RSA_N, 0);
        }
    } else if (material->type == WARD_MATERIAL_OCT) {
        status = put_bytes(writer, "k", ward_span((const char *)material->octets, material->octet_count));
        ward_json_member_string(writer, "kty", kty);
    } else {
        bool is_ec = material->type == WARD_MATERIAL_EC;
        ward_json_member_string(writer, "crv", ward_span_of(row->crv));
        ward_json_member_string(writer, "kty", kty);
        status = put_bytes(writer, "x", ward_span(point + is_ec, row->field_bytes));
        if (status == WARD_OK && is_ec) {
            status = put_bytes(writer, "y", ward_span(point + 1 + row->field_bytes, row->field_bytes));
        }
    }
    ward_json_end_object(writer);
    return status == WARD_OK ? writer->out->status : status;
}

enum ward_status ward_jwk_thumbprint(const struct ward_material *material, enum ward_thumbprint hash,
                                     char ret[WARD_THUMBPRINT_CHARS + 1])
{
    WARD_BUFFER text = ward_buffer_new_secret(material->type == WARD_MATERIAL_OCT ? MEMBERS_MAX : THUMBPRINT_TEXT_MAX);
    struct ward_json_writer writer = ward_json_writer_to(&text);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    enum ward_status status = put_required(material, &writer);
    const EVP_MD *algorithm = ward_digest(hash == WARD_THUMBPRINT_SHA1 ? 1 : 256);
    if (status != WARD_OK) {
        return status;
    }
    if (!algorithm || EVP_Digest(text.data, text.size, digest, &size, algorithm, NULL) != 1) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    ward_base64url_text(digest, size, ret);
    ret[(size * 4 + 2) / 3] = '\0';
    return WARD_OK;
}

/* ---- drawing ---- */

static enum ward_status draw_rsa(unsigned bits, struct ward_material **ret)
{
    if (bits != 2048 && bits != 3072 && bits != 4096) {
        return WARD_INVALID;
    }
    EVP_PKEY *key = NULL;
    WARD_KEY_CONTEXT context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (!context || EVP_PKEY_keygen_init(context) != 1 || EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits) != 1 ||
        EVP_PKEY_generate(context, &key) != 1) {
        return ward_openssl_status(WARD_UNAVAILABLE);
    }
    return ward_material_from_drawn_rsa(key, ret);
}

/* A number drawn from all of the field's bits may be beyond the order: then another is drawn. */
static enum ward_status draw_ec(enum ward_curve curve, struct ward_material **ret)
{
    uint8_t number[WARD_EC_FIELD_MAX];
    enum ward_material_problem problem;
    enum ward_status status = WARD_INVALID;
    size_t size = ward_curve_row(curve)->field_bytes;
    for (int i = 0; status == WARD_INVALID && i < DRAWS_MAX; i++) {
        status = ward_random(number, size);
        if (status != WARD_OK) {
            break;
        }
        if (curve == WARD_CURVE_P521) {
            number[0] &= 1;
        }
        struct ward_span secret = ward_number_trim(ward_span((const char *)number, size));
        struct ward_numbers numbers = {
            .type = WARD_MATERIAL_EC, .curve = curve, .is_private = true, .secret = secret
        };
        status = ward_material_from_numbers(&numbers, ret, &problem);
    }
    explicit_bzero(number, sizeof(number));
    return status == WARD_INVALID ? WARD_UNAVAILABLE : status;
}

static enum ward_status draw_bytes(const struct ward_jwk_spec *spec, size_t size, struct ward_material **ret)
{
    uint8_t bytes[OCT_BITS_MAX / 8];
    enum ward_material_problem problem;
    struct ward_numbers numbers = {
        .type = spec->type, .curve = spec->curve, .is_private = true, .secret = ward_span((const char *)bytes, size)
    };
    enum ward_status status = ward_random(bytes, size);
    if (status == WARD_OK) {
        status = ward_material_from_numbers(&numbers, ret, &problem);
    }
    explicit_bzero(bytes, sizeof(bytes));
    return status;
}

enum ward_status ward_jwk_generate(const struct ward_jwk_spec *spec, struct ward_material **ret)
{
    bool has_curve = spec->curve != WARD_CURVE_NONE && is_of_type(spec->curve, spec->type);
    switch (spec->type) {
    case WARD_MATERIAL_RSA:
        return draw_rsa(spec->bits, ret);
    case WARD_MATERIAL_EC:
        return has_curve ? draw_ec(spec->curve, ret) : WARD_INVALID;
    case WARD_MATERIAL_OKP:
        return has_curve ? draw_bytes(spec, WARD_OKP_BYTES, ret) : WARD_INVALID;
    case WARD_MATERIAL_OCT:
        if (spec->bits == 0 || spec->bits % 8 != 0 || spec->bits > OCT_BITS_MAX || spec->curve != WARD_CURVE_NONE) {
            return WARD_INVALID;
        }
        return draw_bytes(spec, spec->bits / 8, ret);
    }
    return WARD_INVALID;
}
