/* JWKs in and out: RFC 7517, RFC 7638, and every way in which one can be wrong. */
#include "keys.h"

#include "base/seam.h"
#include "crypto/jwk.h"
#include "crypto/material_internal.h"

enum { POOL_MAX = 4 << 20 };

/* RFC 7638 3.1, and RFC 7517 A.1, which has the same key */
#define RFC_RSA_N                                                                                                      \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj" \
    "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ" \
    "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK" \
    "nqDKgw"
#define RFC_RSA "{\"kty\":\"RSA\",\"n\":\"" RFC_RSA_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}"
/* RFC 7517 A.1 */
#define RFC_EC_X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define RFC_EC_Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define RFC_EC                                                                                                         \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC_EC_X "\",\"y\":\"" RFC_EC_Y "\",\"use\":\"enc\",\"kid\":\"1\"}"
/* RFC 8037 A.1 to A.3 */
#define RFC_OKP_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define RFC_OKP_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define RFC_OKP   "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" RFC_OKP_D "\",\"x\":\"" RFC_OKP_X "\"}"

static struct ward_seam real_seam;

static int set_up(void **state)
{
    (void)state;
    real_seam = ward_seam;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ward_seam = real_seam;
    return 0;
}

static struct ward_material *parse(const char *json)
{
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_jwk_parsed parsed = { 0 };
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    enum ward_status status = ward_jwk_parse(ward_span_of(json), WARD_SPAN_NONE, &pool, &parsed, &problem);
    if (status != WARD_OK) {
        fail_msg("%s: %s", json, ward_material_problem_text(problem));
    }
    return parsed.material;
}

static void refuse_kid(const char *json, const char *kid, enum ward_material_problem expected)
{
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_jwk_parsed parsed = { 0 };
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    enum ward_status status = ward_jwk_parse(ward_span_of(json), ward_span_of(kid), &pool, &parsed, &problem);
    if (status != WARD_INVALID || problem != expected) {
        fail_msg("%s: status %d, %s instead of %s", json, status, ward_material_problem_code(problem),
                 ward_material_problem_code(expected));
    }
    assert_null(parsed.material);
}

static void expect_written(const struct ward_material *material, bool is_private, const char *expected)
{
    WARD_BUFFER text = text_new();
    struct ward_jwk_info info = { .use = WARD_USE_NONE };
    assert_int_equal(ward_jwk_write(material, &info, is_private, &text), WARD_OK);
    ward_buffer_append_char(&text, '\0');
    assert_string_equal(text.data, expected);
}

/* ---- the RFCs' examples ---- */

static void test_thumbprints_of_the_rfcs(void **state)
{
    (void)state;
    static const struct {
        const char *jwk;
        const char *thumbprint;
    } rows[] = {
        { RFC_RSA, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" }, /* RFC 7638 3.1 */
        { RFC_OKP, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" }, /* RFC 8037 A.3 */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_MATERIAL material = parse(rows[i].jwk);
        char text[WARD_THUMBPRINT_CHARS + 1];
        assert_int_equal(ward_jwk_thumbprint(material, WARD_THUMBPRINT_SHA256, text), WARD_OK);
        assert_string_equal(text, rows[i].thumbprint);
        assert_int_equal(ward_jwk_thumbprint(material, WARD_THUMBPRINT_SHA1, text), WARD_OK);
        assert_int_equal(strlen(text), 27);
    }
}

/* The text that is hashed, against a hash of that text made here. */
static void test_thumbprint_of_every_type(void **state)
{
    (void)state;
    static const struct {
        const char *jwk;
        const char *required;
    } rows[] = {
        { RFC_EC, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" RFC_EC_X "\",\"y\":\"" RFC_EC_Y "\"}" },
        { "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}", "{\"k\":\"c2VjcmV0\",\"kty\":\"oct\"}" },
        { RFC_RSA, "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"" RFC_RSA_N "\"}" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_MATERIAL material = parse(rows[i].jwk);
        char text[WARD_THUMBPRINT_CHARS + 1];
        unsigned char digest[32];
        WARD_BUFFER expected = text_new();
        assert_int_equal(EVP_Digest(rows[i].required, strlen(rows[i].required), digest, NULL, EVP_sha256(), NULL), 1);
        ward_base64url_encode(ward_span((const char *)digest, sizeof(digest)), &expected);
        assert_int_equal(ward_jwk_thumbprint(material, WARD_THUMBPRINT_SHA256, text), WARD_OK);
        assert_true(ward_span_equal(ward_span_of(text), ward_buffer_span(&expected)));
    }
}

static void test_set_of_rfc_7517(void **state)
{
    (void)state;
    static const char set[] = "{\"keys\":[" RFC_EC "," RFC_RSA ",{\"kty\":\"LUNAR\",\"kid\":\"3\"}]}";
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_jwk_parsed parsed = { 0 };
    enum ward_material_problem problem;
    assert_int_equal(ward_jwk_parse(WARD_SPAN(set), WARD_SPAN("1"), &pool, &parsed, &problem), WARD_OK);
    assert_int_equal(ward_material_type(parsed.material), WARD_MATERIAL_EC);
    assert_int_equal(ward_material_curve(parsed.material), WARD_CURVE_P256);
    assert_int_equal(parsed.use, WARD_USE_ENCRYPTION);
    assert_null(parsed.alg.data);
    ward_material_free(parsed.material);
    assert_int_equal(ward_jwk_parse(WARD_SPAN(set), WARD_SPAN("2011-04-29"), &pool, &parsed, &problem), WARD_OK);
    assert_int_equal(ward_material_bits(parsed.material), 2048);
    assert_int_equal(ward_material_half(parsed.material), WARD_MATERIAL_PUBLIC);
    assert_true(ward_span_equal(parsed.alg, WARD_SPAN("RS256")));
    assert_true(ward_span_equal(parsed.kid, WARD_SPAN("2011-04-29")));
    assert_int_equal(parsed.use, WARD_USE_NONE);
    ward_material_free(parsed.material);
    refuse_kid(set, NULL, WARD_MATERIAL_JWK_KID_NEEDED);
    refuse_kid(set, "2", WARD_MATERIAL_JWK_KID_UNKNOWN);
    refuse_kid(set, "3", WARD_MATERIAL_JWK_KTY);
    refuse_kid("{\"keys\":[" RFC_EC "," RFC_EC "]}", "1", WARD_MATERIAL_JWK_KID_TWICE);
    refuse_kid("{\"keys\":[]}", "1", WARD_MATERIAL_JWK_KID_UNKNOWN);
    refuse_kid("{\"keys\":{}}", "1", WARD_MATERIAL_JWK_SET);
    refuse_kid("{\"keys\":[1]}", "1", WARD_MATERIAL_JWK_SET);
}

static void test_kid_of_a_single_jwk(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_jwk_parsed parsed = { 0 };
    enum ward_material_problem problem;
    assert_int_equal(ward_jwk_parse(WARD_SPAN(RFC_OKP), WARD_SPAN("mine"), &pool, &parsed, &problem), WARD_OK);
    assert_true(ward_span_equal(parsed.kid, WARD_SPAN("mine")));
    ward_material_free(parsed.material);
    assert_int_equal(ward_jwk_parse(WARD_SPAN(RFC_OKP), WARD_SPAN_NONE, &pool, &parsed, &problem), WARD_OK);
    assert_null(parsed.kid.data);
    ward_material_free(parsed.material);
    refuse_kid(RFC_EC, "mine", WARD_MATERIAL_JWK_KID_UNKNOWN);
}

/* ---- writing ---- */

static void test_written_jwk_has_one_form(void **state)
{
    (void)state;
    WARD_MATERIAL ec = parse(RFC_EC);
    WARD_MATERIAL okp = parse(RFC_OKP);
    WARD_MATERIAL octets = parse("{\"k\":\"c2VjcmV0\",\"kty\":\"oct\"}");
    expect_written(ec, false, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC_EC_X "\",\"y\":\"" RFC_EC_Y "\"}");
    expect_written(okp, false, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_OKP_X "\"}");
    expect_written(okp, true, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_OKP_X "\",\"d\":\"" RFC_OKP_D "\"}");
    expect_written(octets, true, "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}");
    WARD_BUFFER text = text_new();
    struct ward_jwk_info info = { .kid = WARD_SPAN("a \"b\""), .use = WARD_USE_SIGNATURE, .alg = WARD_ALG_ES256 };
    assert_int_equal(ward_jwk_write(ec, &info, true, &text), WARD_INVALID);
    assert_int_equal(ward_jwk_write(octets, &info, false, &text), WARD_INVALID);
    assert_int_equal(text.size, 0);
    assert_int_equal(ward_jwk_write(ec, &info, false, &text), WARD_OK);
    static const char head[] =
        "{\"kty\":\"EC\",\"kid\":\"a \\\"b\\\"\",\"use\":\"sig\",\"alg\":\"ES256\",\"crv\":\"P-256\",";
    assert_true(ward_span_starts_with(ward_buffer_span(&text), WARD_SPAN(head)));
}

static void test_every_key_survives_its_jwk(void **state)
{
    (void)state;
    static const char *const kinds[] = { "RSA", "P-256", "P-384", "P-521", "secp256k1", "ED25519", "X25519" };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        EVP_PKEY *key = draw_key(kinds[i]);
        WARD_BUFFER pem = text_new();
        WARD_BUFFER jwk = text_new();
        WARD_BUFFER stored = text_new();
        WARD_MATERIAL material = NULL;
        struct ward_jwk_info info = { .kid = WARD_SPAN("k") };
        enum ward_material_problem problem;
        write_key(key, FORM_PKCS8, true, NULL, &pem);
        assert_int_equal(ward_material_from_content(WARD_MATERIAL_PRIVATE, ward_buffer_span(&pem), true, &stored,
                                                    &material, &problem),
                         WARD_OK);
        assert_int_equal(ward_jwk_write(material, &info, true, &jwk), WARD_OK);
        ward_buffer_append_char(&jwk, '\0');
        WARD_MATERIAL again = parse(jwk.data);
        assert_int_equal(EVP_PKEY_eq(again->key, key), 1);
        assert_int_equal(ward_material_half(again), WARD_MATERIAL_PRIVATE);
        ward_buffer_clear(&jwk);
        assert_int_equal(ward_jwk_write(material, &info, false, &jwk), WARD_OK);
        ward_buffer_append_char(&jwk, '\0');
        assert_null(strstr(jwk.data, "\"d\""));
        assert_null(strstr(jwk.data, "\"p\""));
        WARD_MATERIAL public = parse(jwk.data);
        assert_int_equal(EVP_PKEY_eq(public->key, key), 1);
        assert_int_equal(ward_material_half(public), WARD_MATERIAL_PUBLIC);
        EVP_PKEY_free(key);
    }
}

/* RFC 7518 6.2.1.2: one key in 128 has a coordinate or a number that begins with a zero byte; it stays. */
static void test_zeros_in_front_stay(void **state)
{
    (void)state;
    static const struct ward_jwk_spec spec = { .type = WARD_MATERIAL_EC, .curve = WARD_CURVE_P256 };
    bool was_seen = false;
    for (int i = 0; i < 5000 && !was_seen; i++) {
        WARD_MATERIAL material = NULL;
        WARD_BUFFER jwk = text_new();
        struct ward_jwk_info info = { .use = WARD_USE_NONE };
        assert_int_equal(ward_jwk_generate(&spec, &material), WARD_OK);
        was_seen = material->point[1] == 0 || material->point[33] == 0;
        if (was_seen) {
            assert_int_equal(ward_jwk_write(material, &info, true, &jwk), WARD_OK);
            ward_buffer_append_char(&jwk, '\0');
            const char *x = strstr(jwk.data, "\"x\":\"") + 5;
            const char *y = strstr(jwk.data, "\"y\":\"") + 5;
            const char *d = strstr(jwk.data, "\"d\":\"") + 5;
            assert_int_equal(strcspn(x, "\""), 43);
            assert_int_equal(strcspn(y, "\""), 43);
            assert_int_equal(strcspn(d, "\""), 43);
            WARD_MATERIAL again = parse(jwk.data);
            assert_int_equal(EVP_PKEY_eq(again->key, material->key), 1);
        }
    }
    assert_true(was_seen);
}

/* ---- what is refused ---- */

#define ZEROS_43       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define EC(crv, x, y)  "{\"kty\":\"EC\",\"crv\":\"" crv "\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define EC_D(d)        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC_EC_X "\",\"y\":\"" RFC_EC_Y "\",\"d\":\"" d "\"}"
#define RSA(n, e)      "{\"kty\":\"RSA\",\"n\":\"" n "\",\"e\":\"" e "\"}"
#define RSA_WITH(more) "{\"kty\":\"RSA\",\"n\":\"" RFC_RSA_N "\",\"e\":\"AQAB\"," more "}"
#define OKP(crv, x)    "{\"kty\":\"OKP\",\"crv\":\"" crv "\",\"x\":\"" x "\"}"

static void test_jwks_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum ward_material_problem problem;
    } rows[] = {
        { "", WARD_MATERIAL_JWK_JSON },
        { "{", WARD_MATERIAL_JWK_JSON },
        { "{\"kty\":\"oct\",\"k\":\"AA\",\"k\":\"AA\"}", WARD_MATERIAL_JWK_JSON },
        { "{\"kty\":\"oct\",\"k\":\"AA\",\"\\u006b\":\"AA\"}", WARD_MATERIAL_JWK_JSON },
        { "[]", WARD_MATERIAL_JWK_OBJECT },
        { "\"text\"", WARD_MATERIAL_JWK_OBJECT },
        { "{}", WARD_MATERIAL_JWK_KTY },
        { "{\"kty\":1}", WARD_MATERIAL_JWK_KTY },
        { "{\"kty\":\"rsa\"}", WARD_MATERIAL_JWK_KTY },
        { "{\"kty\":\"OCT\",\"k\":\"AA\"}", WARD_MATERIAL_JWK_KTY },
        { "{\"kty\":\"oct\"}", WARD_MATERIAL_JWK_MEMBER },
        { "{\"kty\":\"oct\",\"k\":1}", WARD_MATERIAL_JWK_MEMBER },
        { "{\"kty\":\"oct\",\"k\":\"AA==\"}", WARD_MATERIAL_JWK_BASE64URL },
        { "{\"kty\":\"oct\",\"k\":\"A\"}", WARD_MATERIAL_JWK_BASE64URL },
        { "{\"kty\":\"oct\",\"k\":\"AB\"}", WARD_MATERIAL_JWK_BASE64URL },
        { "{\"kty\":\"oct\",\"k\":\"A+/A\"}", WARD_MATERIAL_JWK_BASE64URL },
        { "{\"kty\":\"oct\",\"k\":\"AA AA\"}", WARD_MATERIAL_JWK_BASE64URL },
        { "{\"kty\":\"oct\",\"k\":\"\"}", WARD_MATERIAL_EMPTY },
        { "{\"kty\":\"oct\",\"k\":\"AA\",\"use\":1}", WARD_MATERIAL_JWK_USE },
        { "{\"kty\":\"oct\",\"k\":\"AA\",\"key_ops\":\"sign\"}", WARD_MATERIAL_JWK_USE },
        { "{\"kty\":\"oct\",\"k\":\"AA\",\"alg\":null}", WARD_MATERIAL_JWK_MEMBER },
        { "{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":7}", WARD_MATERIAL_JWK_MEMBER },
        { EC("P-255", RFC_EC_X, RFC_EC_Y), WARD_MATERIAL_JWK_CRV },
        { EC("Ed25519", RFC_EC_X, RFC_EC_Y), WARD_MATERIAL_JWK_CRV },
        { EC("P-256", RFC_EC_X, RFC_EC_X), WARD_MATERIAL_EC_POINT },
        { EC("secp256k1", RFC_EC_X, RFC_EC_Y), WARD_MATERIAL_EC_POINT },
        { EC("P-256", ZEROS_43, ZEROS_43), WARD_MATERIAL_EC_POINT },
        { EC("P-256", "__________________________________________8", RFC_EC_Y), WARD_MATERIAL_EC_POINT },
        { EC("P-384", RFC_EC_X, RFC_EC_Y), WARD_MATERIAL_JWK_COORDINATE },
        { EC("P-256", "AAAA" RFC_EC_X, RFC_EC_Y), WARD_MATERIAL_JWK_COORDINATE },
        { EC("P-256", RFC_EC_X, "AQ"), WARD_MATERIAL_JWK_COORDINATE },
        { EC("P-256", RFC_EC_X, ""), WARD_MATERIAL_JWK_COORDINATE },
        { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC_EC_X "\"}", WARD_MATERIAL_JWK_MEMBER },
        { "{\"kty\":\"EC\",\"x\":\"" RFC_EC_X "\",\"y\":\"" RFC_EC_Y "\"}", WARD_MATERIAL_JWK_CRV },
        { EC_D(ZEROS_43), WARD_MATERIAL_EC_NUMBER },
        { EC_D("__________________________________________8"), WARD_MATERIAL_EC_NUMBER },
        { EC_D(RFC_EC_X), WARD_MATERIAL_EC_MISMATCH },
        { EC_D("AQ"), WARD_MATERIAL_JWK_COORDINATE },
        { OKP("P-256", RFC_OKP_X), WARD_MATERIAL_JWK_CRV },
        { OKP("Ed448", RFC_OKP_X), WARD_MATERIAL_JWK_CRV },
        { OKP("Ed25519", "AAAA"), WARD_MATERIAL_OKP_SIZE },
        { OKP("Ed25519", ZEROS_43), WARD_MATERIAL_OKP_WEAK },
        { OKP("X25519", ZEROS_43), WARD_MATERIAL_OKP_WEAK },
        { "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_OKP_X "\",\"d\":\"" RFC_OKP_X "\"}",
          WARD_MATERIAL_OKP_MISMATCH },
        { "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_OKP_X "\",\"d\":\"AAAA\"}", WARD_MATERIAL_OKP_SIZE },
        { "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" RFC_OKP_D "\"}", WARD_MATERIAL_JWK_MEMBER },
        { RSA(RFC_RSA_N, "Ag"), WARD_MATERIAL_RSA_EXPONENT_EVEN },
        { RSA(RFC_RSA_N, "AQAC"), WARD_MATERIAL_RSA_EXPONENT_EVEN },
        { RSA(RFC_RSA_N, "AQ"), WARD_MATERIAL_RSA_EXPONENT_SMALL },
        { RSA(RFC_RSA_N, "AQAAAAE"), WARD_MATERIAL_RSA_EXPONENT_LARGE },
        { RSA(RFC_RSA_N, RFC_RSA_N), WARD_MATERIAL_RSA_EXPONENT_LARGE },
        { RSA(RFC_RSA_N, "AAEAAQ"), WARD_MATERIAL_JWK_NUMBER },
        { RSA(RFC_RSA_N, ""), WARD_MATERIAL_JWK_NUMBER },
        { RSA("AAAA" RFC_RSA_N, "AQAB"), WARD_MATERIAL_JWK_NUMBER },
        { RSA("AQAB", "AQAB"), WARD_MATERIAL_RSA_SHORT },
        { RSA(RFC_RSA_N, "AQ=="), WARD_MATERIAL_JWK_BASE64URL },
        { "{\"kty\":\"RSA\",\"n\":\"" RFC_RSA_N "\"}", WARD_MATERIAL_JWK_MEMBER },
        { RSA_WITH("\"d\":\"AQAB\""), WARD_MATERIAL_RSA_MISMATCH },
        { RSA_WITH("\"d\":\"AQAB\",\"p\":\"AQAB\""), WARD_MATERIAL_JWK_PRIVATE_PARTS },
        { RSA_WITH("\"p\":\"AQAB\",\"q\":\"AQAB\",\"dp\":\"AQAB\",\"dq\":\"AQAB\",\"qi\":\"AQAB\""),
          WARD_MATERIAL_JWK_PRIVATE_PARTS },
        { RSA_WITH("\"d\":\"AQAB\",\"oth\":[]"), WARD_MATERIAL_JWK_OTHER_PRIMES },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        refuse_kid(rows[i].json, NULL, rows[i].problem);
    }
}

/* ---- drawing ---- */

static void test_drawn_keys_are_keys(void **state)
{
    (void)state;
    static const struct ward_jwk_spec specs[] = {
        { WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048 },  { WARD_MATERIAL_EC, WARD_CURVE_P256, 0 },
        { WARD_MATERIAL_EC, WARD_CURVE_P384, 0 },      { WARD_MATERIAL_EC, WARD_CURVE_P521, 0 },
        { WARD_MATERIAL_EC, WARD_CURVE_SECP256K1, 0 }, { WARD_MATERIAL_OKP, WARD_CURVE_ED25519, 0 },
        { WARD_MATERIAL_OKP, WARD_CURVE_X25519, 0 },   { WARD_MATERIAL_OCT, WARD_CURVE_NONE, 128 },
        { WARD_MATERIAL_OCT, WARD_CURVE_NONE, 192 },   { WARD_MATERIAL_OCT, WARD_CURVE_NONE, 256 },
    };
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        WARD_MATERIAL material = NULL;
        WARD_BUFFER jwk = text_new();
        struct ward_jwk_info info = { .use = WARD_USE_NONE };
        assert_int_equal(ward_jwk_generate(&specs[i], &material), WARD_OK);
        assert_int_equal(ward_material_type(material), specs[i].type);
        assert_int_equal(ward_material_curve(material), specs[i].curve);
        assert_true(specs[i].bits == 0 || ward_material_bits(material) == specs[i].bits);
        assert_int_equal(ward_jwk_write(material, &info, true, &jwk), WARD_OK);
        ward_buffer_append_char(&jwk, '\0');
        WARD_MATERIAL again = parse(jwk.data);
        assert_int_equal(ward_material_bits(again), ward_material_bits(material));
    }
}

static void test_specifications_that_name_no_key(void **state)
{
    (void)state;
    static const struct ward_jwk_spec specs[] = {
        { WARD_MATERIAL_RSA, WARD_CURVE_NONE, 1024 }, { WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2049 },
        { WARD_MATERIAL_RSA, WARD_CURVE_NONE, 0 },    { WARD_MATERIAL_EC, WARD_CURVE_NONE, 0 },
        { WARD_MATERIAL_EC, WARD_CURVE_ED25519, 0 },  { WARD_MATERIAL_OKP, WARD_CURVE_P256, 0 },
        { WARD_MATERIAL_OKP, WARD_CURVE_NONE, 0 },    { WARD_MATERIAL_OCT, WARD_CURVE_NONE, 0 },
        { WARD_MATERIAL_OCT, WARD_CURVE_NONE, 127 },  { WARD_MATERIAL_OCT, WARD_CURVE_NONE, 8192 },
    };
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        struct ward_material *material = NULL;
        assert_int_equal(ward_jwk_generate(&specs[i], &material), WARD_INVALID);
        assert_null(material);
    }
}

static int no_random(void *data, size_t size)
{
    (void)data;
    (void)size;
    return -1;
}

static void test_without_random_nothing_is_drawn(void **state)
{
    (void)state;
    static const struct ward_jwk_spec specs[] = { { WARD_MATERIAL_EC, WARD_CURVE_P256, 0 },
                                                  { WARD_MATERIAL_OKP, WARD_CURVE_X25519, 0 },
                                                  { WARD_MATERIAL_OCT, WARD_CURVE_NONE, 256 } };
    ward_seam.random = no_random;
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        struct ward_material *material = NULL;
        assert_int_equal(ward_jwk_generate(&specs[i], &material), WARD_UNAVAILABLE);
        assert_null(material);
    }
}

/* ---- memory ---- */

static int allocations_left;

static void *allocate_few(size_t size)
{
    return allocations_left-- > 0 ? real_seam.allocate(size) : NULL;
}

static void *reallocate_few(void *old, size_t size)
{
    return allocations_left-- > 0 ? real_seam.reallocate(old, size) : NULL;
}

static void test_want_of_memory_is_told(void **state)
{
    (void)state;
    enum ward_status status = WARD_NO_MEMORY;
    for (int count = 0; status != WARD_OK && count < 300; count++) {
        struct ward_pool pool = ward_pool_new(POOL_MAX);
        struct ward_jwk_parsed parsed = { 0 };
        struct ward_buffer text = text_new();
        struct ward_jwk_info info = { .use = WARD_USE_NONE };
        enum ward_material_problem problem;
        allocations_left = count;
        ward_seam.allocate = allocate_few;
        ward_seam.reallocate = reallocate_few;
        status = ward_jwk_parse(WARD_SPAN(RFC_OKP), WARD_SPAN_NONE, &pool, &parsed, &problem);
        if (status == WARD_OK) {
            status = ward_jwk_write(parsed.material, &info, true, &text);
        }
        ward_seam = real_seam;
        assert_true(status == WARD_OK || status == WARD_NO_MEMORY);
        ward_material_free(parsed.material);
        ward_buffer_free(&text);
        ward_pool_free(&pool);
    }
    assert_int_equal(status, WARD_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thumbprints_of_the_rfcs),
        cmocka_unit_test(test_thumbprint_of_every_type),
        cmocka_unit_test(test_set_of_rfc_7517),
        cmocka_unit_test(test_kid_of_a_single_jwk),
        cmocka_unit_test(test_written_jwk_has_one_form),
        cmocka_unit_test(test_every_key_survives_its_jwk),
        cmocka_unit_test(test_zeros_in_front_stay),
        cmocka_unit_test(test_jwks_that_are_refused),
        cmocka_unit_test(test_drawn_keys_are_keys),
        cmocka_unit_test(test_specifications_that_name_no_key),
        cmocka_unit_test_setup_teardown(test_without_random_nothing_is_drawn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_want_of_memory_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
