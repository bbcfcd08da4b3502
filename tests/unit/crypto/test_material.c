/* Every form of a key that clients send is the same key inside, and what is no good is refused for its exact reason. */
#include "keys.h"

#include <openssl/bn.h>
#include <time.h>

#include "base/seam.h"
#include "crypto/material_internal.h"

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

static bool is_public_form(enum key_form form)
{
    return form >= FORM_SPKI;
}

/* ---- what is taken ---- */

enum wrapping {
    AS_PEM,
    AS_PEM_CRLF,
    AS_PEM_ONE_LINE,
    AS_PEM_INDENTED,
    AS_BASE64_OF_PEM,
    AS_BASE64_OF_DER,
    AS_BASE64_WITH_SPACES,
    AS_BASE64URL_OF_DER,
    AS_CERTUTIL_OF_PEM,
    AS_CERTUTIL_OF_DER,
    AS_BASE64_OF_CERTUTIL,
    WRAPPINGS
};

static void replace_ends(struct ward_span text, const char *end, struct ward_buffer *ret)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\n') {
            ward_buffer_append_text(ret, end);
        } else {
            ward_buffer_append_char(ret, text.data[i]);
        }
    }
}

static void certutil(struct ward_span file, struct ward_buffer *ret)
{
    ward_buffer_append_text(ret, "-----BEGIN CERTIFICATE-----\r\n");
    wrap_base64(file, "\r\n", ret);
    ward_buffer_append_text(ret, "-----END CERTIFICATE-----\r\n");
}

static void wrap(enum wrapping wrapping, struct ward_span pem, struct ward_span der, struct ward_buffer *ret)
{
    WARD_BUFFER inner = text_new();
    switch (wrapping) {
    case AS_PEM:
        ward_buffer_append(ret, pem);
        return;
    case AS_PEM_CRLF:
        replace_ends(pem, "\r\n", ret);
        return;
    case AS_PEM_ONE_LINE:
        replace_ends(pem, " ", ret);
        return;
    case AS_PEM_INDENTED:
        ward_buffer_append_text(ret, "\n  \t");
        replace_ends(pem, "\n   ", ret);
        return;
    case AS_BASE64_OF_PEM:
        ward_base64_encode(pem, ret);
        return;
    case AS_BASE64_OF_DER:
        ward_base64_encode(der, ret);
        return;
    case AS_BASE64_WITH_SPACES:
        wrap_base64(der, " ", ret);
        return;
    case AS_BASE64URL_OF_DER:
        ward_base64url_encode(der, ret);
        return;
    case AS_CERTUTIL_OF_PEM:
        certutil(pem, ret);
        return;
    case AS_CERTUTIL_OF_DER:
        certutil(der, ret);
        return;
    default:
        certutil(pem, &inner);
        ward_base64_encode(ward_buffer_span(&inner), ret);
    }
}

static void check_material(const struct ward_material *material, EVP_PKEY *key, enum ward_material_half half)
{
    int id = EVP_PKEY_get_id(key);
    assert_int_equal(ward_material_half(material), half);
    assert_int_equal(EVP_PKEY_eq(material->key, key), 1);
    assert_int_equal(ward_material_type(material), id == EVP_PKEY_RSA  ? WARD_MATERIAL_RSA
                                                   : id == EVP_PKEY_EC ? WARD_MATERIAL_EC
                                                                       : WARD_MATERIAL_OKP);
    WARD_BUFFER pem = text_new();
    assert_int_equal(ward_material_write_public_pem(material, &pem), WARD_OK);
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    EVP_PKEY *read = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    assert_non_null(read);
    assert_int_equal(EVP_PKEY_eq(read, key), 1);
    EVP_PKEY_free(read);
    BIO_free(bio);
}

static void check_stored(struct ward_span stored, EVP_PKEY *key, enum ward_material_half half)
{
    bool is_private = half == WARD_MATERIAL_PRIVATE;
    BIO *bio = BIO_new_mem_buf(stored.data, (int)stored.size);
    EVP_PKEY *read = is_private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
                                : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    assert_non_null(read);
    assert_int_equal(EVP_PKEY_eq(read, key), 1);
    EVP_PKEY_free(read);
    BIO_free(bio);
    WARD_MATERIAL again = NULL;
    enum ward_material_problem problem;
    assert_int_equal(ward_material_from_stored(half, stored, &again, &problem), WARD_OK);
    assert_int_equal(EVP_PKEY_eq(again->key, key), 1);
}

static void take_form(EVP_PKEY *key, enum key_form form)
{
    enum ward_material_half half = is_public_form(form) ? WARD_MATERIAL_PUBLIC : WARD_MATERIAL_PRIVATE;
    WARD_BUFFER pem = text_new();
    WARD_BUFFER der = text_new();
    write_key(key, form, true, NULL, &pem);
    write_key(key, form, false, NULL, &der);
    for (enum wrapping wrapping = 0; wrapping < WRAPPINGS; wrapping++) {
        WARD_BUFFER content = text_new();
        WARD_BUFFER stored = text_new();
        WARD_MATERIAL material = NULL;
        enum ward_material_problem problem = WARD_MATERIAL_NONE;
        if (form == FORM_CERTIFICATE && wrapping == AS_CERTUTIL_OF_DER) {
            continue; /* that is the certificate itself */
        }
        wrap(wrapping, ward_buffer_span(&pem), ward_buffer_span(&der), &content);
        enum ward_status status = ward_material_from_content(half, ward_buffer_span(&content), true, &stored, &material,
                                                             &problem);
        if (status != WARD_OK) {
            fail_msg("form %d in wrapping %d: %s", form, wrapping, ward_material_problem_text(problem));
        }
        check_material(material, key, half);
        check_stored(ward_buffer_span(&stored), key, half);
    }
}

static void test_every_form_and_wrapping_is_the_key(void **state)
{
    (void)state;
    static const char *const kinds[] = { "RSA", "P-256", "P-384", "P-521", "secp256k1", "ED25519", "X25519" };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        EVP_PKEY *key = draw_key(kinds[i]);
        int id = EVP_PKEY_get_id(key);
        take_form(key, FORM_PKCS8);
        take_form(key, FORM_SPKI);
        take_form(key, FORM_CERTIFICATE);
        if (id == EVP_PKEY_RSA || id == EVP_PKEY_EC) {
            take_form(key, FORM_OLD_PRIVATE);
        }
        if (id == EVP_PKEY_RSA) {
            take_form(key, FORM_OLD_PUBLIC);
        }
        EVP_PKEY_free(key);
    }
}

static void test_stored_pem_has_one_form(void **state)
{
    (void)state;
    EVP_PKEY *key = draw_key("P-256");
    WARD_BUFFER pem = text_new();
    WARD_BUFFER crlf = text_new();
    WARD_BUFFER stored = text_new();
    WARD_MATERIAL material = NULL;
    enum ward_material_problem problem;
    write_key(key, FORM_SPKI, true, NULL, &pem);
    replace_ends(ward_buffer_span(&pem), "\r\n", &crlf);
    assert_int_equal(
        ward_material_from_content(WARD_MATERIAL_PUBLIC, ward_buffer_span(&crlf), false, &stored, &material, &problem),
        WARD_OK);
    assert_true(ward_span_equal(ward_buffer_span(&stored), ward_buffer_span(&pem)));
    EVP_PKEY_free(key);
}

static void test_curve_before_the_key_is_passed_over(void **state)
{
    (void)state;
    EVP_PKEY *key = draw_key("P-256");
    WARD_BUFFER text = text_new();
    WARD_BUFFER stored = text_new();
    WARD_MATERIAL material = NULL;
    enum ward_material_problem problem;
    ward_buffer_append_text(&text, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    write_key(key, FORM_OLD_PRIVATE, true, NULL, &text);
    assert_int_equal(
        ward_material_from_content(WARD_MATERIAL_PRIVATE, ward_buffer_span(&text), true, &stored, &material, &problem),
        WARD_OK);
    assert_null(memmem(stored.data, stored.size, "PARAMETERS", 10));
    EVP_PKEY_free(key);
}

/* ---- what is refused ---- */

static void refuse(enum ward_material_half half, struct ward_span content, bool is_strict,
                   enum ward_material_problem expected)
{
    WARD_BUFFER stored = text_new();
    struct ward_material *material = NULL;
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    enum ward_status status = ward_material_from_content(half, content, is_strict, &stored, &material, &problem);
    if (status != WARD_INVALID || problem != expected) {
        fail_msg("status %d, problem %s instead of %s", status, ward_material_problem_code(problem),
                 ward_material_problem_code(expected));
    }
    assert_null(material);
    assert_int_equal(stored.size, 0);
    assert_true(strlen(ward_material_problem_text(problem)) > 0);
}

static void refuse_everywhere(enum ward_material_half half, struct ward_span content,
                              enum ward_material_problem expected)
{
    WARD_BUFFER encoded = text_new();
    ward_base64_encode(content, &encoded);
    refuse(half, content, false, expected);
    refuse(half, content, true, expected);
    refuse(half, ward_buffer_span(&encoded), false, expected);
}

static void refuse_key(EVP_PKEY *key, enum key_form form, const char *passphrase, enum ward_material_half half,
                       enum ward_material_problem expected)
{
    WARD_BUFFER pem = text_new();
    WARD_BUFFER der = text_new();
    WARD_BUFFER text = text_new();
    write_key(key, form, true, passphrase, &pem);
    refuse_everywhere(half, ward_buffer_span(&pem), expected);
    if (!passphrase || form == FORM_PKCS8) {
        write_key(key, form, false, passphrase, &der);
        ward_base64_encode(ward_buffer_span(&der), &text);
        refuse(half, ward_buffer_span(&text), false, expected);
    }
}

static void test_wrong_half_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *key = draw_key("P-256");
    refuse_key(key, FORM_PKCS8, NULL, WARD_MATERIAL_PUBLIC, WARD_MATERIAL_PRIVATE_GIVEN);
    refuse_key(key, FORM_OLD_PRIVATE, NULL, WARD_MATERIAL_PUBLIC, WARD_MATERIAL_PRIVATE_GIVEN);
    refuse_key(key, FORM_SPKI, NULL, WARD_MATERIAL_PRIVATE, WARD_MATERIAL_PUBLIC_GIVEN);
    refuse_key(key, FORM_CERTIFICATE, NULL, WARD_MATERIAL_PRIVATE, WARD_MATERIAL_PUBLIC_GIVEN);
    refuse_key(key, FORM_PKCS8, "passphrase", WARD_MATERIAL_PUBLIC, WARD_MATERIAL_PRIVATE_GIVEN);
    WARD_BUFFER pem = text_new();
    write_key(key, FORM_PKCS8, true, NULL, &pem);
    refuse(WARD_MATERIAL_SECRET, ward_buffer_span(&pem), false, WARD_MATERIAL_KEY_AS_SECRET);
    EVP_PKEY_free(key);
}

static void test_encrypted_key_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *key = draw_key("RSA");
    refuse_key(key, FORM_PKCS8, "passphrase", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_ENCRYPTED);
    refuse_key(key, FORM_OLD_PRIVATE, "passphrase", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_ENCRYPTED);
    EVP_PKEY_free(key);
}

static void test_weak_and_strange_keys_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        enum ward_material_problem problem;
    } rows[] = {
        { "RSA1024", WARD_MATERIAL_RSA_SHORT },
        { "P-224", WARD_MATERIAL_EC_CURVE },
        { "brainpoolP256r1", WARD_MATERIAL_EC_CURVE },
        { "ED448", WARD_MATERIAL_KEY_TYPE },
        { "X448", WARD_MATERIAL_KEY_TYPE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        EVP_PKEY *key = draw_key(rows[i].kind);
        refuse_key(key, FORM_PKCS8, NULL, WARD_MATERIAL_PRIVATE, rows[i].problem);
        refuse_key(key, FORM_SPKI, NULL, WARD_MATERIAL_PUBLIC, rows[i].problem);
        EVP_PKEY_free(key);
    }
}

static void test_explicit_parameters_are_refused(void **state)
{
    (void)state;
    EVP_PKEY *key = draw_key("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"), 1);
    refuse_key(key, FORM_PKCS8, NULL, WARD_MATERIAL_PRIVATE, WARD_MATERIAL_EC_EXPLICIT);
    refuse_key(key, FORM_OLD_PRIVATE, NULL, WARD_MATERIAL_PRIVATE, WARD_MATERIAL_EC_EXPLICIT);
    refuse_key(key, FORM_SPKI, NULL, WARD_MATERIAL_PUBLIC, WARD_MATERIAL_EC_EXPLICIT);
    EVP_PKEY_free(key);
}

static void test_texts_that_are_no_key(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ward_material_half half;
        enum ward_material_problem problem;
    } rows[] = {
        { "", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_EMPTY },
        { " \r\n\t ", WARD_MATERIAL_PUBLIC, WARD_MATERIAL_EMPTY },
        { "", WARD_MATERIAL_SECRET, WARD_MATERIAL_EMPTY },
        { "not base64!", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_NOT_ENCODED },
        { "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t...", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_NOT_ENCODED },
        { "AAAAA", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_NOT_ENCODED },
        { "AAA+AAA_", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_NOT_ENCODED },
        { "AAAA=", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_NOT_ENCODED },
        { "AA=A", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_NOT_ENCODED },
        { "====", WARD_MATERIAL_SECRET, WARD_MATERIAL_NOT_ENCODED },
        { "a secret?", WARD_MATERIAL_SECRET, WARD_MATERIAL_NOT_ENCODED },
        { "-----BEGIN PRIVATE KEY-----", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_BAD_PEM },
        { "-----BEGIN PRIVATE KEY-----\nAAAA", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_BAD_PEM },
        { "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_BAD_PEM },
        { "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PUBLIC KEY-----", WARD_MATERIAL_PRIVATE, WARD_MATERIAL_BAD_PEM },
        { "-----BEGIN PRIVATE KEY-----\nA:AA\n-----END PRIVATE KEY-----", WARD_MATERIAL_PRIVATE,
          WARD_MATERIAL_BAD_PEM },
        { "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\nmore", WARD_MATERIAL_PRIVATE,
          WARD_MATERIAL_BAD_PEM },
        { "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", WARD_MATERIAL_PRIVATE,
          WARD_MATERIAL_BAD_DER },
        { "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", WARD_MATERIAL_PUBLIC, WARD_MATERIAL_BAD_DER },
        { "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", WARD_MATERIAL_PRIVATE,
          WARD_MATERIAL_PEM_LABEL },
        { "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n", WARD_MATERIAL_PRIVATE,
          WARD_MATERIAL_PEM_LABEL },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        refuse(rows[i].half, ward_span_of(rows[i].text), false, rows[i].problem);
        refuse(rows[i].half, ward_span_of(rows[i].text), true, rows[i].problem);
    }
}

static void test_two_blocks_are_refused(void **state)
{
    (void)state;
    EVP_PKEY *key = draw_key("P-256");
    WARD_BUFFER text = text_new();
    write_key(key, FORM_SPKI, true, NULL, &text);
    write_key(key, FORM_SPKI, true, NULL, &text);
    refuse_everywhere(WARD_MATERIAL_PUBLIC, ward_buffer_span(&text), WARD_MATERIAL_MANY_BLOCKS);
    EVP_PKEY_free(key);
}

static void test_largest_content(void **state)
{
    (void)state;
    WARD_BUFFER text = text_new();
    WARD_BUFFER stored = text_new();
    WARD_MATERIAL material = NULL;
    enum ward_material_problem problem;
    for (int i = 0; i < WARD_MATERIAL_CONTENT_MAX; i++) {
        ward_buffer_append_char(&text, 'A');
    }
    assert_int_equal(
        ward_material_from_content(WARD_MATERIAL_SECRET, ward_buffer_span(&text), true, &stored, &material, &problem),
        WARD_OK);
    assert_int_equal(ward_material_bits(material), WARD_MATERIAL_CONTENT_MAX / 4 * 3 * 8);
    ward_buffer_append_char(&text, 'A');
    refuse(WARD_MATERIAL_SECRET, ward_buffer_span(&text), false, WARD_MATERIAL_TOO_LARGE);
    refuse(WARD_MATERIAL_PUBLIC, ward_buffer_span(&text), false, WARD_MATERIAL_TOO_LARGE);
}

/* ---- opaque contents ---- */

static void test_what_decodes_is_opaque_unless_strict(void **state)
{
    (void)state;
    /* the sample of the founding document; bytes that begin like DER; a JWK in base64 */
    static const char *const rows[] = { "base64-encoded-updated-key-content", "MIIB",
                                        " MAMC AQE= ", "eyJrdHkiOiJvY3QifQ==" };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_span text = ward_span_of(rows[i]);
        WARD_BUFFER stored = text_new();
        struct ward_material *material = NULL;
        enum ward_material_problem problem = WARD_MATERIAL_NONE;
        assert_int_equal(ward_material_from_content(WARD_MATERIAL_PRIVATE, text, false, &stored, &material, &problem),
                         WARD_OK);
        assert_null(material);
        assert_true(ward_span_equal(ward_buffer_span(&stored), text));
        assert_int_equal(
            ward_material_from_stored(WARD_MATERIAL_PRIVATE, ward_buffer_span(&stored), &material, &problem),
            WARD_INVALID);
        assert_int_equal(problem, WARD_MATERIAL_NO_KEY);
        refuse(WARD_MATERIAL_PRIVATE, text, true, WARD_MATERIAL_NO_KEY);
    }
}

static void test_secret_keeps_its_text_and_its_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *bytes;
    } rows[] = {
        { "c2VjcmV0", "secret" }, { " c2Vj\r\ncmV0IQ ", "secret!" }, { "c2VjcmV0IQ==", "secret!" }, { "fn5-", "~~~" },
        { "fn5+", "~~~" },        { "c2VjcmV0IR", "secret!" }, /* stray bits */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_span text = ward_span_of(rows[i].text);
        WARD_BUFFER stored = text_new();
        WARD_MATERIAL material = NULL;
        WARD_MATERIAL again = NULL;
        enum ward_material_problem problem;
        assert_int_equal(ward_material_from_content(WARD_MATERIAL_SECRET, text, true, &stored, &material, &problem),
                         WARD_OK);
        assert_true(ward_span_equal(ward_buffer_span(&stored), text));
        assert_int_equal(material->octet_count, strlen(rows[i].bytes));
        assert_memory_equal(material->octets, rows[i].bytes, material->octet_count);
        assert_int_equal(ward_material_from_stored(WARD_MATERIAL_SECRET, text, &again, &problem), WARD_OK);
        assert_int_equal(again->octet_count, material->octet_count);
        assert_int_equal(ward_material_half(again), WARD_MATERIAL_SECRET);
    }
}

/* ---- numbers ---- */

#define NUMBER_BYTES WARD_RSA_BYTES_MAX

struct rsa_numbers {
    BIGNUM *number[8]; /* n e d p q dp dq qi */
    uint8_t bytes[8][NUMBER_BYTES + 1];
    struct ward_numbers numbers;
};
enum { N, E, D, P, Q, DP, DQ, QI };

static void spell(struct rsa_numbers *rsa)
{
    struct ward_span *const to[] = { &rsa->numbers.n, &rsa->numbers.e,  &rsa->numbers.d,  &rsa->numbers.p,
                                     &rsa->numbers.q, &rsa->numbers.dp, &rsa->numbers.dq, &rsa->numbers.qi };
    for (size_t i = 0; i < 8; i++) {
        int size = BN_bn2bin(rsa->number[i], rsa->bytes[i]);
        *to[i] = ward_span((const char *)rsa->bytes[i], (size_t)size);
    }
    rsa->numbers.type = WARD_MATERIAL_RSA;
    rsa->numbers.is_private = true;
}

/* Numbers that belong together. p and q are odd and no more: what is costly is found without waiting for primes. */
static struct rsa_numbers *make_rsa(int bits)
{
    static struct rsa_numbers rsa;
    BN_CTX *context = BN_CTX_new();
    BIGNUM *p1 = BN_new();
    BIGNUM *q1 = BN_new();
    BIGNUM *both = BN_new();
    memset(&rsa.numbers, 0, sizeof(rsa.numbers));
    for (size_t i = 0; i < 8; i++) {
        rsa.number[i] = BN_new();
    }
    BN_set_word(rsa.number[E], 65537);
    bool has_factor = true;
    do {
        BN_rand(rsa.number[P], bits / 2, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
        BN_rand(rsa.number[Q], bits / 2, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
        BN_mul(rsa.number[N], rsa.number[P], rsa.number[Q], context);
        BN_copy(p1, rsa.number[P]);
        BN_copy(q1, rsa.number[Q]);
        BN_sub_word(p1, 1);
        BN_sub_word(q1, 1);
        BN_mul(both, p1, q1, context);
        has_factor = false;
        for (BN_ULONG i = 3; i <= 751 && !has_factor; i += 2) {
            has_factor = BN_mod_word(rsa.number[N], i) == 0;
        }
    } while (has_factor || !BN_mod_inverse(rsa.number[D], rsa.number[E], both, context) ||
             !BN_mod_inverse(rsa.number[QI], rsa.number[Q], rsa.number[P], context));
    BN_mod(rsa.number[DP], rsa.number[D], p1, context);
    BN_mod(rsa.number[DQ], rsa.number[D], q1, context);
    BN_free(p1);
    BN_free(q1);
    BN_free(both);
    BN_CTX_free(context);
    spell(&rsa);
    return &rsa;
}

static void free_rsa(struct rsa_numbers *rsa)
{
    for (size_t i = 0; i < 8; i++) {
        BN_free(rsa->number[i]);
    }
}

static void expect_numbers(const struct ward_numbers *numbers, enum ward_material_problem expected)
{
    WARD_MATERIAL material = NULL;
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    enum ward_status status = ward_material_from_numbers(numbers, &material, &problem);
    if (problem != expected) {
        fail_msg("%s instead of %s", ward_material_problem_code(problem), ward_material_problem_code(expected));
    }
    assert_int_equal(status, expected == WARD_MATERIAL_NONE ? WARD_OK : WARD_INVALID);
}

static void expect_changed(struct rsa_numbers *rsa, int which, int by, enum ward_material_problem expected)
{
    by < 0 ? BN_sub_word(rsa->number[which], (BN_ULONG)-by) : BN_add_word(rsa->number[which], (BN_ULONG)by);
    spell(rsa);
    expect_numbers(&rsa->numbers, expected);
    by < 0 ? BN_add_word(rsa->number[which], (BN_ULONG)-by) : BN_sub_word(rsa->number[which], (BN_ULONG)by);
    spell(rsa);
}

static void test_rsa_parts_belong_together(void **state)
{
    (void)state;
    struct rsa_numbers *rsa = make_rsa(2048);
    expect_numbers(&rsa->numbers, WARD_MATERIAL_NONE);
    expect_changed(rsa, N, 1, WARD_MATERIAL_RSA_FACTOR); /* even */
    expect_changed(rsa, E, 1, WARD_MATERIAL_RSA_EXPONENT_EVEN);
    expect_changed(rsa, E, -65536, WARD_MATERIAL_RSA_EXPONENT_SMALL);
    expect_changed(rsa, E, -65537, WARD_MATERIAL_RSA_EXPONENT_SMALL);
    expect_changed(rsa, E, 2, WARD_MATERIAL_RSA_MISMATCH);
    expect_changed(rsa, D, 2, WARD_MATERIAL_RSA_MISMATCH);
    for (int which = P; which <= QI; which++) {
        expect_changed(rsa, which, 2, WARD_MATERIAL_RSA_MISMATCH);
        expect_changed(rsa, which, -1, WARD_MATERIAL_RSA_MISMATCH);
    }
    BN_set_word(rsa->number[E], 0xffffffff);
    BN_add_word(rsa->number[E], 2);
    spell(rsa);
    expect_numbers(&rsa->numbers, WARD_MATERIAL_RSA_EXPONENT_LARGE);
    free_rsa(rsa);
}

static void test_rsa_primes_of_other_lengths(void **state)
{
    (void)state;
    struct rsa_numbers *rsa = make_rsa(2048);
    BN_set_word(rsa->number[P], 1);
    BN_copy(rsa->number[Q], rsa->number[N]);
    spell(rsa);
    expect_numbers(&rsa->numbers, WARD_MATERIAL_RSA_PRIMES);
    BN_zero(rsa->number[P]);
    BN_zero(rsa->number[Q]);
    spell(rsa);
    expect_numbers(&rsa->numbers, WARD_MATERIAL_RSA_MISMATCH);
    free_rsa(rsa);
}

static void test_rsa_small_factor(void **state)
{
    (void)state;
    struct rsa_numbers *rsa = make_rsa(2048);
    static const BN_ULONG factors[] = { 3, 5, 7, 11, 251, 743, 751 };
    rsa->numbers.is_private = false;
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
        BN_ULONG left = BN_mod_word(rsa->number[N], factors[i]);
        BIGNUM *n = BN_dup(rsa->number[N]);
        BN_sub_word(n, left);
        if (!BN_is_odd(n)) {
            BN_add_word(n, factors[i]);
        }
        BN_bn2bin(n, rsa->bytes[N]);
        expect_numbers(&rsa->numbers, WARD_MATERIAL_RSA_FACTOR);
        BN_free(n);
    }
    free_rsa(rsa);
}

/* CVE-2017-15361: every modulus that is a power of 65537 to the small moduli by which such keys are known. */
static void test_rsa_of_the_faulty_generator(void **state)
{
    (void)state;
    static const BN_ULONG moduli[] = { 11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157 };
    BN_CTX *context = BN_CTX_new();
    BIGNUM *product = BN_new();
    BIGNUM *n = BN_new();
    BIGNUM *power = BN_new();
    BN_one(product);
    for (size_t i = 0; i < sizeof(moduli) / sizeof(moduli[0]); i++) {
        BN_mul_word(product, moduli[i]);
    }
    uint8_t bytes[257];
    static const uint8_t exponent[] = { 1, 0, 1 };
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    do { /* n = product * k + 65537^7 mod product, odd and without small factors */
        WARD_MATERIAL material = NULL;
        BN_rand(n, 2048, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
        BN_mod(power, n, product, context);
        BN_sub(n, n, power);
        BN_one(power);
        for (int i = 0; i < 7; i++) {
            BN_mul_word(power, 65537);
        }
        BN_mod(power, power, product, context);
        BN_add(n, n, power);
        if (!BN_is_odd(n)) {
            BN_add(n, n, product);
        }
        int size = BN_bn2bin(n, bytes);
        struct ward_numbers numbers = { .type = WARD_MATERIAL_RSA,
                                        .n = ward_span((const char *)bytes, (size_t)size),
                                        .e = ward_span((const char *)exponent, sizeof(exponent)) };
        assert_int_equal(ward_material_from_numbers(&numbers, &material, &problem), WARD_INVALID);
    } while (problem == WARD_MATERIAL_RSA_FACTOR);
    assert_int_equal(problem, WARD_MATERIAL_RSA_GENERATOR);
    BN_free(product);
    BN_free(power);
    BN_free(n);
    BN_CTX_free(context);
}

static int64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SLOWER = 10 };
#else
enum { SLOWER = 1 };
#endif

static void test_longest_rsa_key_is_quick(void **state)
{
    (void)state;
    struct rsa_numbers *rsa = make_rsa(WARD_RSA_BITS_MAX);
    int64_t start = cpu_us();
    expect_numbers(&rsa->numbers, WARD_MATERIAL_NONE);
    int64_t took = cpu_us() - start;
    print_message("8192 bits with all parts: %ld us\n", (long)took);
    assert_true(took < 50000 * SLOWER);
    rsa->numbers.p = WARD_SPAN_NONE;
    expect_numbers(&rsa->numbers, WARD_MATERIAL_JWK_PRIVATE_PARTS);
    rsa->bytes[N][NUMBER_BYTES] = 1;
    rsa->numbers.n.size++;
    expect_numbers(&rsa->numbers, WARD_MATERIAL_RSA_LONG);
    free_rsa(rsa);
    rsa = make_rsa(WARD_RSA_D_ALONE_MAX);
    rsa->numbers.p = WARD_SPAN_NONE;
    start = cpu_us();
    expect_numbers(&rsa->numbers, WARD_MATERIAL_RSA_MISMATCH); /* its primes are none, so d does not undo e */
    took = cpu_us() - start;
    print_message("4096 bits with d alone: %ld us\n", (long)took);
    assert_true(took < 50000 * SLOWER);
    free_rsa(rsa);
}

static void test_points_of_small_order(void **state)
{
    (void)state;
    static const char *const ed25519[] = { "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                                           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a" };
    static const char *const x25519[] = { "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                                          "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157" };
    static const char *const both[] = { "0000000000000000000000000000000000000000000000000000000000000000",
                                        "0100000000000000000000000000000000000000000000000000000000000000",
                                        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                                        "0100000000000000000000000000000000000000000000000000000000000080" };
    for (size_t i = 0; i < 2 * 7 + 2 * 2; i++) {
        bool is_ed25519 = i % 2 == 0;
        const char *hex = i >= 14 ? (is_ed25519 ? ed25519 : x25519)[(i - 14) / 2] : both[i / 2];
        uint8_t bytes[WARD_OKP_BYTES];
        assert_true(ward_hex_decode(ward_span_of(hex), bytes, sizeof(bytes)));
        struct ward_numbers numbers = { .type = WARD_MATERIAL_OKP,
                                        .curve = is_ed25519 ? WARD_CURVE_ED25519 : WARD_CURVE_X25519,
                                        .point = ward_span((const char *)bytes, sizeof(bytes)) };
        expect_numbers(&numbers, WARD_MATERIAL_OKP_WEAK);
    }
}

/* ---- DER ---- */

static void test_der_is_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        bool is_taken;
    } rows[] = {
        { "\x02\x01\x05", 3, true },
        { "\x02\x02\x00\x85", 4, true },
        { "\x02\x01\x00", 3, true },
        { "\x02\x81\x01\x05", 4, false },     /* a long form of a short length */
        { "\x02\x80\x05\x00\x00", 5, false }, /* no length */
        { "\x02\x02\x00\x05", 4, false },     /* a zero too many */
        { "\x02\x01\x85", 3, false },         /* negative */
        { "\x02\x00", 2, false },
        { "\x02\x02\x05", 3, false },
        { "\x02", 1, false },
        { "", 0, false },
        { "\x03\x01\x05", 3, false },
        { "\x02\x84\x00\x00\x00\x01\x05", 7, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_span rest = ward_span(rows[i].bytes, rows[i].size);
        struct ward_span number;
        assert_int_equal(ward_der_take_number(&rest, &number), rows[i].is_taken);
        assert_int_equal(rest.size, rows[i].is_taken ? 0 : rows[i].size);
    }
}

/* The private number 1 of P-256 in PKCS #8, and the same with a byte too many in one place and in another. */
static void test_bytes_behind_a_structure_are_refused(void **state)
{
    (void)state;
#define ALGORITHM "301306072a8648ce3d020106082a8648ce3d030107"
#define NUMBER    "302502010104200000000000000000000000000000000000000000000000000000000000000001"
    static const struct {
        const char *hex;
        enum ward_material_problem problem; /* NONE: taken */
    } rows[] = {
        { "3041020100" ALGORITHM "0427" NUMBER, WARD_MATERIAL_NONE },
        { "3041020100" ALGORITHM "0427" NUMBER "00", WARD_MATERIAL_NO_KEY },
        { "3042020100" ALGORITHM "0428" NUMBER "00", WARD_MATERIAL_BAD_DER },
        { "3041020102" ALGORITHM "0427" NUMBER, WARD_MATERIAL_BAD_DER }, /* a version that does not exist */
        { NUMBER, WARD_MATERIAL_EC_NO_CURVE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[128];
        size_t size = strlen(rows[i].hex) / 2;
        WARD_BUFFER text = text_new();
        WARD_BUFFER stored = text_new();
        WARD_MATERIAL material = NULL;
        enum ward_material_problem problem = WARD_MATERIAL_NONE;
        assert_true(ward_hex_decode(ward_span_of(rows[i].hex), bytes, size));
        ward_base64_encode(ward_span((const char *)bytes, size), &text);
        enum ward_status status = ward_material_from_content(WARD_MATERIAL_PRIVATE, ward_buffer_span(&text), true,
                                                             &stored, &material, &problem);
        if (problem != rows[i].problem) {
            fail_msg("row %zu: %s", i, ward_material_problem_code(problem));
        }
        assert_int_equal(status, problem == WARD_MATERIAL_NONE ? WARD_OK : WARD_INVALID);
    }
}

/* Every byte of a key is turned over: the answer is the key's, another good key's, or a refusal; never a crash. */
static void test_turned_bytes(void **state)
{
    (void)state;
    static const enum key_form forms[] = { FORM_PKCS8, FORM_OLD_PRIVATE, FORM_SPKI, FORM_CERTIFICATE };
    EVP_PKEY *key = draw_key("P-256");
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        WARD_BUFFER der = text_new();
        write_key(key, forms[f], false, NULL, &der);
        for (size_t i = 0; i < der.size; i++) {
            WARD_BUFFER text = text_new();
            WARD_BUFFER stored = text_new();
            struct ward_material *material = NULL;
            enum ward_material_problem problem = WARD_MATERIAL_NONE;
            der.data[i] = (char)(der.data[i] ^ 0x55);
            ward_base64_encode(ward_buffer_span(&der), &text);
            enum ward_status status = ward_material_from_content(
                is_public_form(forms[f]) ? WARD_MATERIAL_PUBLIC : WARD_MATERIAL_PRIVATE, ward_buffer_span(&text), true,
                &stored, &material, &problem);
            assert_true(status == WARD_OK || (status == WARD_INVALID && problem != WARD_MATERIAL_NONE));
            ward_material_free(material);
            der.data[i] = (char)(der.data[i] ^ 0x55);
        }
    }
    EVP_PKEY_free(key);
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
    EVP_PKEY *key = draw_key("P-256");
    WARD_BUFFER pem = text_new();
    WARD_BUFFER content = text_new();
    write_key(key, FORM_PKCS8, true, NULL, &pem);
    ward_base64_encode(ward_buffer_span(&pem), &content);
    enum ward_status status = WARD_NO_MEMORY;
    for (int count = 0; status != WARD_OK && count < 200; count++) {
        struct ward_buffer stored = text_new();
        struct ward_material *material = NULL;
        enum ward_material_problem problem = WARD_MATERIAL_NONE;
        allocations_left = count;
        ward_seam.allocate = allocate_few;
        ward_seam.reallocate = reallocate_few;
        status = ward_material_from_content(WARD_MATERIAL_PRIVATE, ward_buffer_span(&content), true, &stored, &material,
                                            &problem);
        ward_seam = real_seam;
        assert_true(status == WARD_OK || status == WARD_NO_MEMORY);
        assert_true((status == WARD_OK) == (material != NULL));
        ward_material_free(material);
        ward_buffer_free(&stored);
    }
    assert_int_equal(status, WARD_OK);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_and_wrapping_is_the_key),
        cmocka_unit_test(test_stored_pem_has_one_form),
        cmocka_unit_test(test_curve_before_the_key_is_passed_over),
        cmocka_unit_test(test_wrong_half_is_refused),
        cmocka_unit_test(test_encrypted_key_is_refused),
        cmocka_unit_test(test_weak_and_strange_keys_are_refused),
        cmocka_unit_test(test_explicit_parameters_are_refused),
        cmocka_unit_test(test_texts_that_are_no_key),
        cmocka_unit_test(test_two_blocks_are_refused),
        cmocka_unit_test(test_largest_content),
        cmocka_unit_test(test_what_decodes_is_opaque_unless_strict),
        cmocka_unit_test(test_secret_keeps_its_text_and_its_bytes),
        cmocka_unit_test(test_rsa_parts_belong_together),
        cmocka_unit_test(test_rsa_primes_of_other_lengths),
        cmocka_unit_test(test_rsa_small_factor),
        cmocka_unit_test(test_rsa_of_the_faulty_generator),
        cmocka_unit_test(test_longest_rsa_key_is_quick),
        cmocka_unit_test(test_points_of_small_order),
        cmocka_unit_test(test_der_is_read_strictly),
        cmocka_unit_test(test_bytes_behind_a_structure_are_refused),
        cmocka_unit_test(test_turned_bytes),
        cmocka_unit_test_setup_teardown(test_want_of_memory_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
