/* Names, fitness, signatures and tokens: RFC 7515's examples, both directions against OpenSSL, and forgeries. */
#include "keys.h"

#include <openssl/ecdsa.h>
#include <pthread.h>
#include <stdio.h>

#include "base/seam.h"
#include "crypto/jwk.h"
#include "crypto/material_internal.h"

enum { POOL_MAX = 4 << 20, THREADS = 4, ROUNDS = 100 };

/* RFC 7515 A.1 to A.4 */
#define RFC_PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RFC_HS_KEY                                                                                                     \
    "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"                                           \
    "1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}"
#define RFC_HS "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." RFC_PAYLOAD ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define RFC_RS_N                                                                                                       \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-p"  \
    "CgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg" \
    "665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FR" \
    "WyuXpoQ"
#define RFC_RS_D                                                                                                       \
    "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pW" \
    "J1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2Qv" \
    "Xt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRu" \
    "OopznQ"
#define RFC_RS_KEY "{\"kty\":\"RSA\",\"n\":\"" RFC_RS_N "\",\"e\":\"AQAB\",\"d\":\"" RFC_RS_D "\"}"
#define RFC_RS                                                                                                         \
    "eyJhbGciOiJSUzI1NiJ9." RFC_PAYLOAD                                                                                \
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7" \
    "t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12" \
    "jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUP" \
    "QGe77Rw"
#define RFC_ES_KEY                                                                                                     \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                         \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}"
#define RFC_ES                                                                                                         \
    "eyJhbGciOiJFUzI1NiJ9." RFC_PAYLOAD                                                                                \
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
/* RFC 8037 A.1, A.4 */
#define RFC_ED_KEY                                                                                                     \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","                      \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define RFC_ED                                                                                                         \
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."                                                        \
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

static struct ward_material *parse(const char *json)
{
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_jwk_parsed parsed = { 0 };
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    if (ward_jwk_parse(ward_span_of(json), WARD_SPAN_NONE, &pool, &parsed, &problem) != WARD_OK) {
        fail_msg("%s: %s", json, ward_material_problem_text(problem));
    }
    return parsed.material;
}

static struct ward_material *draw(enum ward_material_type type, enum ward_curve curve, unsigned bits)
{
    struct ward_material *material = NULL;
    assert_int_equal(ward_jwk_generate(&(struct ward_jwk_spec){ type, curve, bits }, &material), WARD_OK);
    return material;
}

static bool verify(enum ward_jose_alg alg, const struct ward_material *material, struct ward_span bytes,
                   struct ward_span signature)
{
    bool is_valid = true;
    assert_int_equal(ward_jose_verify(alg, material, bytes, signature, &is_valid), WARD_OK);
    return is_valid;
}

static void sign(enum ward_jose_alg alg, const struct ward_material *material, struct ward_span bytes,
                 struct ward_buffer *ret)
{
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    assert_int_equal(ward_jose_sign(alg, material, bytes, ret, &problem), WARD_OK);
}

/* ---- names ---- */

static void test_names(void **state)
{
    (void)state;
    for (enum ward_jose_alg alg = WARD_ALG_NONE + 1; alg < WARD_ALG_COUNT; alg++) {
        assert_non_null(ward_jose_alg_name(alg));
        assert_int_equal(ward_jose_alg_parse(ward_span_of(ward_jose_alg_name(alg))), alg);
        assert_int_equal(ward_jose_alg_parse(ward_span_of(ward_jose_alg_api_name(alg))), alg);
        assert_int_equal(ward_jose_alg_parse_java(ward_span_of(ward_jose_alg_java_name(alg))), alg);
        assert_true(ward_jose_alg_use(alg) != WARD_USE_NONE);
    }
    static const struct {
        const char *java;
        const char *name;
    } rows[] = { { "RSA256", "RS256" },
                 { "PS256", "PS256" },
                 { "RSA_OAEP_256", "RSA-OAEP-256" },
                 { "ECDH_ES_A128KW", "ECDH-ES+A128KW" },
                 { "EdDSA", "EdDSA" },
                 { "PBES2_HS256_A128KW", "PBES2-HS256+A128KW" },
                 { "DIR", "dir" },
                 { "A128KW", "A128KW" } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(ward_jose_alg_name(ward_jose_alg_parse_java(ward_span_of(rows[i].java))), rows[i].name);
    }
    static const char *const unknown[] = { "", "none", "None", "RS1", "rs256", "RSA", "HS256 " };
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_int_equal(ward_jose_alg_parse(ward_span_of(unknown[i])), WARD_ALG_NONE);
    }
    assert_int_equal(ward_jose_alg_parse_java(WARD_SPAN("RS256")), WARD_ALG_NONE);
    assert_null(ward_jose_use_name(WARD_USE_NONE));
    assert_string_equal(ward_jose_use_name(WARD_USE_SIGNATURE), "sig");
    assert_string_equal(ward_jose_use_name(WARD_USE_ENCRYPTION), "enc");
}

/* ---- fitness ---- */

static void test_which_key_an_algorithm_fits(void **state)
{
    (void)state;
    const struct {
        struct ward_material *material;
        const char *fits; /* every algorithm that does, with blanks around */
    } rows[] = {
        { draw(WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048),
          " RS256 RS384 RS512 PS256 PS384 PS512 RSA1_5 RSA-OAEP RSA-OAEP-256 RSA-OAEP-384 RSA-OAEP-512 " },
        { draw(WARD_MATERIAL_EC, WARD_CURVE_P256, 0),
          " ES256 ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW ECDH-1PU ECDH-1PU+A128KW ECDH-1PU+A192KW "
          "ECDH-1PU+A256KW " },
        { draw(WARD_MATERIAL_EC, WARD_CURVE_SECP256K1, 0),
          " ES256K ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW ECDH-1PU ECDH-1PU+A128KW ECDH-1PU+A192KW "
          "ECDH-1PU+A256KW " },
        { draw(WARD_MATERIAL_OKP, WARD_CURVE_ED25519, 0), " EdDSA " },
        { draw(WARD_MATERIAL_OKP, WARD_CURVE_X25519, 0),
          " ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW ECDH-1PU ECDH-1PU+A128KW ECDH-1PU+A192KW "
          "ECDH-1PU+A256KW " },
        { draw(WARD_MATERIAL_OCT, WARD_CURVE_NONE, 128),
          " A128KW A128GCMKW dir PBES2-HS256+A128KW PBES2-HS384+A192KW PBES2-HS512+A256KW " },
        { draw(WARD_MATERIAL_OCT, WARD_CURVE_NONE, 256),
          " HS256 A256KW A256GCMKW dir PBES2-HS256+A128KW PBES2-HS384+A192KW PBES2-HS512+A256KW " },
        { draw(WARD_MATERIAL_OCT, WARD_CURVE_NONE, 512),
          " HS256 HS384 HS512 dir PBES2-HS256+A128KW PBES2-HS384+A192KW PBES2-HS512+A256KW " },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (enum ward_jose_alg alg = WARD_ALG_NONE + 1; alg < WARD_ALG_COUNT; alg++) {
            char name[32];
            snprintf(name, sizeof(name), " %s ", ward_jose_alg_name(alg));
            bool expected = strstr(rows[i].fits, name) != NULL;
            bool fits = ward_jose_alg_fits(alg, rows[i].material, WARD_USE_NONE) == WARD_MATERIAL_NONE;
            if (fits != expected) {
                fail_msg("row %zu and %s", i, name);
            }
        }
        ward_material_free(rows[i].material);
    }
}

static void test_why_an_algorithm_does_not_fit(void **state)
{
    (void)state;
    WARD_MATERIAL ec = draw(WARD_MATERIAL_EC, WARD_CURVE_P256, 0);
    WARD_MATERIAL octets = draw(WARD_MATERIAL_OCT, WARD_CURVE_NONE, 128);
    assert_int_equal(ward_jose_alg_fits(WARD_ALG_NONE, ec, WARD_USE_NONE), WARD_MATERIAL_ALGORITHM);
    assert_int_equal(ward_jose_alg_fits(WARD_ALG_RS256, ec, WARD_USE_NONE), WARD_MATERIAL_ALGORITHM_TYPE);
    assert_int_equal(ward_jose_alg_fits(WARD_ALG_ES384, ec, WARD_USE_NONE), WARD_MATERIAL_ALGORITHM_TYPE);
    assert_int_equal(ward_jose_alg_fits(WARD_ALG_ES256, ec, WARD_USE_ENCRYPTION), WARD_MATERIAL_ALGORITHM_USE);
    assert_int_equal(ward_jose_alg_fits(WARD_ALG_ECDH_ES, ec, WARD_USE_SIGNATURE), WARD_MATERIAL_ALGORITHM_USE);
    assert_int_equal(ward_jose_alg_fits(WARD_ALG_ES256, ec, WARD_USE_SIGNATURE), WARD_MATERIAL_NONE);
    assert_int_equal(ward_jose_alg_fits(WARD_ALG_HS256, octets, WARD_USE_SIGNATURE), WARD_MATERIAL_ALGORITHM_SIZE);
    assert_int_equal(ward_jose_alg_fits(WARD_ALG_A256KW, octets, WARD_USE_NONE), WARD_MATERIAL_ALGORITHM_SIZE);
}

/* ---- the RFCs' examples ---- */

static void test_tokens_of_the_rfcs(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        const char *token;
        enum ward_jose_alg alg;
        bool is_repeatable; /* signing again gives the same */
    } rows[] = {
        { RFC_HS_KEY, RFC_HS, WARD_ALG_HS256, true },
        { RFC_RS_KEY, RFC_RS, WARD_ALG_RS256, true },
        { RFC_ES_KEY, RFC_ES, WARD_ALG_ES256, false },
        { RFC_ED_KEY, RFC_ED, WARD_ALG_EDDSA, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_MATERIAL material = parse(rows[i].key);
        WARD_POOL pool = ward_pool_new(POOL_MAX);
        WARD_BUFFER signature = text_new();
        struct ward_jws jws;
        assert_int_equal(ward_jws_split(ward_span_of(rows[i].token), &pool, &jws), WARD_OK);
        assert_true(ward_span_equal(jws.alg, ward_span_of(ward_jose_alg_name(rows[i].alg))));
        assert_null(jws.kid.data);
        assert_true(verify(rows[i].alg, material, jws.signing_input, jws.signature));
        sign(rows[i].alg, material, jws.signing_input, &signature);
        assert_int_equal(ward_span_equal(ward_buffer_span(&signature), jws.signature), rows[i].is_repeatable);
        assert_true(verify(rows[i].alg, material, jws.signing_input, ward_buffer_span(&signature)));
    }
}

/* ---- every algorithm ---- */

static const struct {
    enum ward_jose_alg alg;
    enum ward_material_type type;
    enum ward_curve curve;
    unsigned bits;
    size_t signature_bytes;
} signers[] = {
    { WARD_ALG_RS256, WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048, 256 },
    { WARD_ALG_RS384, WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048, 256 },
    { WARD_ALG_RS512, WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048, 256 },
    { WARD_ALG_PS256, WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048, 256 },
    { WARD_ALG_PS384, WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048, 256 },
    { WARD_ALG_PS512, WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048, 256 },
    { WARD_ALG_ES256, WARD_MATERIAL_EC, WARD_CURVE_P256, 0, 64 },
    { WARD_ALG_ES384, WARD_MATERIAL_EC, WARD_CURVE_P384, 0, 96 },
    { WARD_ALG_ES512, WARD_MATERIAL_EC, WARD_CURVE_P521, 0, 132 },
    { WARD_ALG_ES256K, WARD_MATERIAL_EC, WARD_CURVE_SECP256K1, 0, 64 },
    { WARD_ALG_HS256, WARD_MATERIAL_OCT, WARD_CURVE_NONE, 256, 32 },
    { WARD_ALG_HS384, WARD_MATERIAL_OCT, WARD_CURVE_NONE, 384, 48 },
    { WARD_ALG_HS512, WARD_MATERIAL_OCT, WARD_CURVE_NONE, 512, 64 },
    { WARD_ALG_HS512, WARD_MATERIAL_OCT, WARD_CURVE_NONE, 4096, 64 }, /* a key longer than the hash's block */
    { WARD_ALG_EDDSA, WARD_MATERIAL_OKP, WARD_CURVE_ED25519, 0, 64 },
};
enum { SIGNERS = sizeof(signers) / sizeof(signers[0]) };

static void refuse_near_signatures(enum ward_jose_alg alg, const struct ward_material *material, struct ward_span bytes,
                                   struct ward_buffer *signature)
{
    size_t size = signature->size;
    for (size_t i = 0; i < size; i++) {
        signature->data[i] = (char)(signature->data[i] ^ 1);
        assert_false(verify(alg, material, bytes, ward_buffer_span(signature)));
        signature->data[i] = (char)(signature->data[i] ^ 1);
    }
    assert_false(verify(alg, material, bytes, ward_span(signature->data, size - 1)));
    assert_false(verify(alg, material, bytes, ward_span(signature->data + 1, size - 1)));
    assert_false(verify(alg, material, bytes, WARD_SPAN("")));
    assert_false(verify(alg, material, bytes, WARD_SPAN_NONE));
    ward_buffer_append_char(signature, '\0');
    assert_false(verify(alg, material, bytes, ward_buffer_span(signature)));
    memset(signature->data, 0, size);
    assert_false(verify(alg, material, bytes, ward_span(signature->data, size)));
    memset(signature->data, 0xff, size);
    assert_false(verify(alg, material, bytes, ward_span(signature->data, size)));
}

static void test_every_algorithm_signs_and_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNERS; i++) {
        WARD_MATERIAL material = draw(signers[i].type, signers[i].curve, signers[i].bits);
        WARD_MATERIAL other = draw(signers[i].type, signers[i].curve, signers[i].bits);
        WARD_BUFFER signature = text_new();
        struct ward_span bytes = WARD_SPAN("what is signed");
        sign(signers[i].alg, material, bytes, &signature);
        assert_int_equal(signature.size, signers[i].signature_bytes);
        assert_true(verify(signers[i].alg, material, bytes, ward_buffer_span(&signature)));
        assert_false(verify(signers[i].alg, other, bytes, ward_buffer_span(&signature)));
        assert_false(verify(signers[i].alg, material, WARD_SPAN("what is signeD"), ward_buffer_span(&signature)));
        assert_false(verify(signers[i].alg, material, WARD_SPAN(""), ward_buffer_span(&signature)));
        assert_true(verify(signers[i].alg, material, bytes, ward_buffer_span(&signature)));
        refuse_near_signatures(signers[i].alg, material, bytes, &signature);
    }
}

/* The digest's name, the padding and the form of the signature are those that OpenSSL's command line uses. */
static bool verify_with_openssl(EVP_PKEY *key, const char *digest, bool is_pss, struct ward_span bytes,
                                struct ward_span signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    unsigned char *der = NULL;
    size_t size = signature.size;
    bool is_ec = EVP_PKEY_get_id(key) == EVP_PKEY_EC;
    if (is_ec) {
        ECDSA_SIG *parts = ECDSA_SIG_new();
        int half = (int)signature.size / 2;
        ECDSA_SIG_set0(parts, BN_bin2bn((const unsigned char *)signature.data, half, NULL),
                       BN_bin2bn((const unsigned char *)signature.data + half, half, NULL));
        size = (size_t)i2d_ECDSA_SIG(parts, &der);
        ECDSA_SIG_free(parts);
    }
    assert_int_equal(EVP_DigestVerifyInit_ex(context, &parameters, digest, NULL, NULL, key, NULL), 1);
    if (is_pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    int result = EVP_DigestVerify(context, is_ec ? der : (const unsigned char *)signature.data, size,
                                  (const unsigned char *)bytes.data, bytes.size);
    OPENSSL_free(der);
    EVP_MD_CTX_free(context);
    return result == 1;
}

static void test_openssl_verifies_what_is_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNERS; i++) {
        const char *name = ward_jose_alg_name(signers[i].alg);
        if (signers[i].type == WARD_MATERIAL_OCT) {
            continue;
        }
        char digest[8] = "SHA";
        memcpy(digest + 3, name + 2, 3);
        WARD_MATERIAL material = draw(signers[i].type, signers[i].curve, signers[i].bits);
        for (int round = 0; round < 20; round++) {
            WARD_BUFFER signature = text_new();
            sign(signers[i].alg, material, WARD_SPAN("bytes"), &signature);
            bool is_eddsa = signers[i].alg == WARD_ALG_EDDSA;
            assert_true(verify_with_openssl(material->key, is_eddsa ? NULL : digest, name[0] == 'P', WARD_SPAN("bytes"),
                                            ward_buffer_span(&signature)));
        }
    }
}

static void test_one_key_under_its_algorithms_in_turn(void **state)
{
    (void)state;
    WARD_MATERIAL material = draw(WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048);
    struct ward_buffer signatures[6];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 6; i++) {
            signatures[i] = text_new();
            sign(WARD_ALG_RS256 + i, material, WARD_SPAN("bytes"), &signatures[i]);
        }
        for (int i = 0; i < 6; i++) {
            for (int j = 0; j < 6; j++) {
                bool is_valid = verify(WARD_ALG_RS256 + j, material, WARD_SPAN("bytes"),
                                       ward_buffer_span(&signatures[i]));
                assert_int_equal(is_valid, i == j);
            }
        }
        for (int i = 0; i < 6; i++) {
            ward_buffer_free(&signatures[i]);
        }
    }
}

static void test_what_cannot_sign(void **state)
{
    (void)state;
    WARD_MATERIAL private = draw(WARD_MATERIAL_EC, WARD_CURVE_P256, 0);
    WARD_BUFFER jwk = text_new();
    WARD_BUFFER signature = text_new();
    struct ward_jwk_info info = { .use = WARD_USE_NONE };
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    assert_int_equal(ward_jwk_write(private, &info, false, &jwk), WARD_OK);
    ward_buffer_append_char(&jwk, '\0');
    WARD_MATERIAL public = parse(jwk.data);
    assert_int_equal(ward_jose_sign(WARD_ALG_ES256, public, WARD_SPAN("x"), &signature, &problem), WARD_INVALID);
    assert_int_equal(problem, WARD_MATERIAL_NOT_PRIVATE);
    assert_int_equal(ward_jose_sign(WARD_ALG_HS256, private, WARD_SPAN("x"), &signature, &problem), WARD_INVALID);
    assert_int_equal(problem, WARD_MATERIAL_ALGORITHM_TYPE);
    assert_int_equal(ward_jose_sign(WARD_ALG_NONE, private, WARD_SPAN("x"), &signature, &problem), WARD_INVALID);
    assert_int_equal(problem, WARD_MATERIAL_ALGORITHM);
    assert_int_equal(ward_jose_sign(WARD_ALG_ECDH_ES, private, WARD_SPAN("x"), &signature, &problem), WARD_INVALID);
    assert_int_equal(problem, WARD_MATERIAL_ALGORITHM_USE);
    assert_int_equal(signature.size, 0);
    bool is_valid = true;
    assert_int_equal(ward_jose_verify(WARD_ALG_HS256, public, WARD_SPAN("x"), WARD_SPAN("y"), &is_valid), WARD_INVALID);
    assert_false(is_valid);
    is_valid = true;
    assert_int_equal(ward_jose_verify(WARD_ALG_NONE, public, WARD_SPAN("x"), WARD_SPAN(""), &is_valid), WARD_INVALID);
    assert_false(is_valid);
    sign(WARD_ALG_ES256, private, WARD_SPAN("x"), &signature);
    assert_true(verify(WARD_ALG_ES256, public, WARD_SPAN("x"), ward_buffer_span(&signature)));
}

/* ---- PKCS #1 v1.5 with other paddings than the one (RFC 8017 9.2) ---- */

static void sign_block(const struct ward_material *material, const uint8_t block[256], struct ward_buffer *ret)
{
    WARD_KEY_CONTEXT context = EVP_PKEY_CTX_new_from_pkey(NULL, material->key, NULL);
    uint8_t signature[256];
    size_t size = sizeof(signature);
    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_sign(context, signature, &size, block, 256), 1);
    ward_buffer_append(ret, ward_span((const char *)signature, size));
}

static void test_other_paddings_do_not_hold(void **state)
{
    (void)state;
    static const uint8_t info[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
    static const uint8_t without_null[] = { 0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                                            0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20 };
    static const uint8_t long_length[] = { 0x30, 0x81, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
                                           0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
    static const uint8_t sha1[] = { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
                                    0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14 };
    static const struct {
        const char *what;
        const uint8_t *info;
        size_t info_size;
        size_t trailing;
        uint8_t type;
        uint8_t filler;
        bool is_valid;
    } rows[] = {
        { "the one", info, sizeof(info), 0, 1, 0xff, true },
        { "no NULL", without_null, sizeof(without_null), 0, 1, 0xff, false },
        { "long length", long_length, sizeof(long_length), 0, 1, 0xff, false },
        { "SHA-1's name", sha1, sizeof(sha1), 0, 1, 0xff, false },
        { "no name", info, 0, 0, 1, 0xff, false },
        { "bytes behind", info, sizeof(info), 8, 1, 0xff, false },
        { "many bytes behind", info, sizeof(info), 190, 1, 0xff, false },
        { "type 2", info, sizeof(info), 0, 2, 0xff, false },
        { "type 0", info, sizeof(info), 0, 0, 0xff, false },
        { "other filler", info, sizeof(info), 0, 1, 0xfe, false },
        { "zero filler", info, sizeof(info), 0, 1, 0x00, false },
    };
    WARD_MATERIAL material = draw(WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048);
    struct ward_span bytes = WARD_SPAN("bytes");
    uint8_t digest[32];
    assert_int_equal(EVP_Digest(bytes.data, bytes.size, digest, NULL, EVP_sha256(), NULL), 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t block[256];
        WARD_BUFFER signature = text_new();
        size_t at = sizeof(block) - rows[i].trailing - sizeof(digest) - rows[i].info_size;
        memset(block, rows[i].filler, sizeof(block));
        block[0] = 0;
        block[1] = rows[i].type;
        block[at - 1] = 0;
        memcpy(block + at, rows[i].info, rows[i].info_size);
        memcpy(block + at + rows[i].info_size, digest, sizeof(digest));
        memset(block + sizeof(block) - rows[i].trailing, 0x5a, rows[i].trailing);
        sign_block(material, block, &signature);
        if (verify(WARD_ALG_RS256, material, bytes, ward_buffer_span(&signature)) != rows[i].is_valid) {
            fail_msg("%s", rows[i].what);
        }
    }
}

/* ---- tokens ---- */

static void test_made_token_is_split_and_verified(void **state)
{
    (void)state;
    WARD_MATERIAL material = draw(WARD_MATERIAL_EC, WARD_CURVE_P384, 0);
    WARD_BUFFER token = text_new();
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_jws jws;
    struct ward_span payload = WARD_SPAN("{\"sub\":\"42\"}");
    assert_int_equal(ward_jws_make(WARD_ALG_ES384, material, WARD_SPAN("k\"1"), payload, &token), WARD_OK);
    assert_int_equal(ward_jws_split(ward_buffer_span(&token), &pool, &jws), WARD_OK);
    assert_true(ward_span_equal(jws.alg, WARD_SPAN("ES384")));
    assert_true(ward_span_equal(jws.kid, WARD_SPAN("k\"1")));
    assert_true(ward_span_equal(jws.payload, payload));
    assert_true(verify(WARD_ALG_ES384, material, jws.signing_input, jws.signature));
    ward_buffer_clear(&token);
    assert_int_equal(ward_jws_make(WARD_ALG_ES384, material, WARD_SPAN_NONE, payload, &token), WARD_OK);
    assert_int_equal(ward_jws_split(ward_buffer_span(&token), &pool, &jws), WARD_OK);
    assert_null(jws.kid.data);
    ward_buffer_clear(&token);
    assert_int_equal(ward_jws_make(WARD_ALG_ES256, material, WARD_SPAN_NONE, payload, &token), WARD_INVALID);
    assert_int_equal(token.size, 0);
}

#define HEADER "eyJhbGciOiJIUzI1NiJ9" /* {"alg":"HS256"} */

static void test_tokens_that_are_no_tokens(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        ".",
        "..",
        "...",
        "Zm9v",
        "Zm9v.TD37",
        ".Zm9v.",
        ".Zm9v.TD37", /* a part too few, no header */
        HEADER,
        HEADER ".Zm9v",
        HEADER ".Zm9v.TD37.",
        HEADER ".Zm9v.TD37.Zm9v", /* parts too few and too many */
        HEADER ".Zm9v=.TD37",
        HEADER ".Zm9v.TD3=",
        "eyJhbGciOiJIUzI1NiJ9=.Zm9v.TD37", /* padding */
        HEADER ".Zm9v.TD3+",
        HEADER ".Zm9v.TD 37",
        HEADER ".Zm9v.TD37\n",
        HEADER ".Zm9.TD37\xff", /* other characters */
        HEADER ".Zm9v.TD3",     /* stray bits: 3 characters whose last has some */
        "W10.Zm9v.TD37",
        "MQ.Zm9v.TD37",
        "e30.Zm9v.TD37",
        "bnVsbA.Zm9v.TD37",                                   /* [] 1 {} null */
        "eyJhbGciOjF9.Zm9v.TD37",                             /* {"alg":1} */
        "eyJhbGciOiJIUzI1NiIsImFsZyI6Im5vbmUifQ.Zm9v.TD37",   /* {"alg":"HS256","alg":"none"} */
        "eyJhbGciOiJIUzI1NiIsImtpZCI6MX0.Zm9v.TD37",          /* {"alg":"HS256","kid":1} */
        "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiZXhwIl19.Zm9v.TD37", /* {"alg":"HS256","crit":["exp"]} */
        "{\"payload\":\"Zm9v\",\"signatures\":[{\"protected\":\"eyJhbGciOiJIUzI1NiJ9\",\"signature\":\"TD37\"}]}",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_POOL pool = ward_pool_new(POOL_MAX);
        struct ward_jws jws;
        if (ward_jws_split(ward_span_of(rows[i]), &pool, &jws) != WARD_INVALID) {
            fail_msg("%s was split", rows[i]);
        }
    }
}

static void test_longest_token(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    WARD_BUFFER token = text_new();
    struct ward_jws jws;
    ward_buffer_append_text(&token, HEADER ".");
    while (token.size < WARD_JWS_MAX - 5 || (token.size - sizeof(HEADER)) % 4 != 0) {
        ward_buffer_append_char(&token, 'A');
    }
    ward_buffer_append_char(&token, '.');
    assert_int_equal(ward_jws_split(ward_buffer_span(&token), &pool, &jws), WARD_OK);
    while (token.size < WARD_JWS_MAX + 4) {
        ward_buffer_append_char(&token, 'A');
    }
    assert_int_equal(ward_jws_split(ward_buffer_span(&token), &pool, &jws), WARD_INVALID);
}

/* The classes of forgery that Wycheproof collects for JWS: what the header says never chooses key or algorithm. */
static void test_header_does_not_choose(void **state)
{
    (void)state;
    WARD_MATERIAL rsa = parse(RFC_RS_KEY);
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    WARD_BUFFER pem = text_new();
    WARD_BUFFER token = text_new();
    struct ward_jws jws;
    /* HS256 under the bytes of the public key */
    assert_int_equal(ward_material_write_public_pem(rsa, &pem), WARD_OK);
    WARD_MATERIAL confused = NULL;
    assert_int_equal(ward_material_from_bytes(ward_buffer_span(&pem), &confused), WARD_OK);
    assert_int_equal(ward_jws_make(WARD_ALG_HS256, confused, WARD_SPAN_NONE, WARD_SPAN("{}"), &token), WARD_OK);
    assert_int_equal(ward_jws_split(ward_buffer_span(&token), &pool, &jws), WARD_OK);
    assert_false(verify(WARD_ALG_RS256, rsa, jws.signing_input, jws.signature));
    /* "none" with no signature */
    assert_int_equal(ward_jws_split(WARD_SPAN("eyJhbGciOiJub25lIn0.Zm9v."), &pool, &jws), WARD_OK);
    assert_int_equal(ward_jose_alg_parse(jws.alg), WARD_ALG_NONE);
    assert_false(verify(WARD_ALG_RS256, rsa, jws.signing_input, jws.signature));
}

/* ---- threads ---- */

static struct ward_material *shared;

static void *sign_and_verify(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        enum ward_jose_alg alg = i % 3 == 0 ? WARD_ALG_PS256 : WARD_ALG_RS256;
        WARD_BUFFER signature = text_new();
        enum ward_material_problem problem;
        bool is_valid = false;
        if (ward_jose_sign(alg, shared, WARD_SPAN("bytes"), &signature, &problem) != WARD_OK ||
            ward_jose_verify(alg, shared, WARD_SPAN("bytes"), ward_buffer_span(&signature), &is_valid) != WARD_OK ||
            !is_valid) {
            return unused;
        }
    }
    return NULL;
}

static void test_threads_share_a_key(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    int mark;
    shared = parse(RFC_RS_KEY);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sign_and_verify, &mark), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *result = &mark;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    ward_material_free(shared);
}

/* ---- memory ---- */

static struct ward_seam real_seam;
static int allocations_left;

static void *allocate_few(size_t size)
{
    return allocations_left-- > 0 ? real_seam.allocate(size) : NULL;
}

static void *reallocate_few(void *old, size_t size)
{
    return allocations_left-- > 0 ? real_seam.reallocate(old, size) : NULL;
}

static void test_want_of_memory_never_verifies(void **state)
{
    (void)state;
    WARD_MATERIAL material = parse(RFC_ES_KEY);
    real_seam = ward_seam;
    for (int count = 0; count < 100; count++) {
        struct ward_pool pool = ward_pool_new(POOL_MAX);
        struct ward_buffer signature = text_new();
        struct ward_jws jws;
        enum ward_material_problem problem;
        bool is_valid = false;
        allocations_left = count;
        ward_seam.allocate = allocate_few;
        ward_seam.reallocate = reallocate_few;
        enum ward_status status = ward_jws_split(WARD_SPAN(RFC_ES), &pool, &jws);
        if (status == WARD_OK) {
            status = ward_jose_verify(WARD_ALG_ES256, material, jws.signing_input, jws.signature, &is_valid);
        }
        assert_int_equal(is_valid, status == WARD_OK);
        if (status == WARD_OK) {
            status = ward_jose_sign(WARD_ALG_ES256, material, jws.signing_input, &signature, &problem);
        }
        ward_seam = real_seam;
        assert_true(status == WARD_OK || status == WARD_NO_MEMORY);
        ward_buffer_free(&signature);
        ward_pool_free(&pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_which_key_an_algorithm_fits),
        cmocka_unit_test(test_why_an_algorithm_does_not_fit),
        cmocka_unit_test(test_tokens_of_the_rfcs),
        cmocka_unit_test(test_every_algorithm_signs_and_verifies),
        cmocka_unit_test(test_openssl_verifies_what_is_signed),
        cmocka_unit_test(test_one_key_under_its_algorithms_in_turn),
        cmocka_unit_test(test_what_cannot_sign),
        cmocka_unit_test(test_other_paddings_do_not_hold),
        cmocka_unit_test(test_made_token_is_split_and_verified),
        cmocka_unit_test(test_tokens_that_are_no_tokens),
        cmocka_unit_test(test_longest_token),
        cmocka_unit_test(test_header_does_not_choose),
        cmocka_unit_test(test_threads_share_a_key),
        cmocka_unit_test(test_want_of_memory_never_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
