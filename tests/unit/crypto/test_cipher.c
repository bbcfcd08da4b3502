/* Published vectors, both directions, and what does not decrypt. */
#include "keys.h"

#include "base/seam.h"
#include "crypto/cipher.h"
#include "crypto/jwk.h"
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

static struct ward_span unhex(const char *text, uint8_t *bytes)
{
    size_t size = strlen(text) / 2;
    assert_true(ward_hex_decode(ward_span_of(text), bytes, size));
    return ward_span((const char *)bytes, size);
}

static struct ward_material *secret(const char *hex)
{
    uint8_t bytes[64];
    struct ward_material *material = NULL;
    assert_int_equal(ward_material_from_bytes(unhex(hex, bytes), &material), WARD_OK);
    return material;
}

static void encrypt(enum ward_cipher cipher, const struct ward_material *material, struct ward_span iv,
                    struct ward_span plain, struct ward_buffer *ret)
{
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    assert_int_equal(ward_cipher_encrypt(cipher, material, iv, plain, ret, &problem), WARD_OK);
}

static void decrypt(enum ward_cipher cipher, const struct ward_material *material, struct ward_span iv,
                    struct ward_span data, struct ward_span expected)
{
    WARD_BUFFER plain = text_new();
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    assert_int_equal(ward_cipher_decrypt(cipher, material, iv, data, &plain, &problem), WARD_OK);
    assert_true(ward_span_equal(ward_buffer_span(&plain), expected));
}

static void refuse(bool is_encrypting, enum ward_cipher cipher, const struct ward_material *material,
                   struct ward_span iv, struct ward_span data, enum ward_material_problem expected)
{
    WARD_BUFFER made = text_new();
    enum ward_material_problem problem = WARD_MATERIAL_NONE;
    enum ward_status status = is_encrypting ? ward_cipher_encrypt(cipher, material, iv, data, &made, &problem)
                                            : ward_cipher_decrypt(cipher, material, iv, data, &made, &problem);
    if (status != WARD_INVALID || problem != expected) {
        fail_msg("%s: status %d, %s instead of %s", ward_cipher_name(cipher), status,
                 ward_material_problem_code(problem), ward_material_problem_code(expected));
    }
    assert_int_equal(made.size, 0);
}

static void test_names(void **state)
{
    (void)state;
    enum ward_cipher cipher;
    for (enum ward_cipher i = 0; i < WARD_CIPHER_COUNT; i++) {
        assert_true(ward_cipher_parse(ward_span_of(ward_cipher_name(i)), &cipher));
        assert_int_equal(cipher, i);
    }
    assert_false(ward_cipher_parse(WARD_SPAN("AES"), &cipher));
    assert_false(ward_cipher_parse(WARD_SPAN("aes/cbc/pkcs5padding"), &cipher));
    assert_false(ward_cipher_parse(WARD_SPAN_NONE, &cipher));
}

static void test_lengths_of_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *algorithm;
        size_t bytes;
        bool fits;
    } rows[] = { { "AES", 16, true },    { "AES", 24, true },    { "AES", 32, true },  { "AES", 15, false },
                 { "AES", 0, false },    { "DES", 8, true },     { "DES", 7, false },  { "DESede", 16, true },
                 { "DESede", 24, true }, { "DESede", 8, false }, { "RSA", 16, false }, { "aes", 16, false },
                 { "", 16, false } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ward_cipher_key_size_fits(ward_span_of(rows[i].algorithm), rows[i].bytes), rows[i].fits);
    }
}

static void test_published_vectors(void **state)
{
    (void)state;
    static const struct {
        enum ward_cipher cipher;
        const char *key, *iv, *plain, *data;
    } rows[] = {
        /* FIPS 197 C.1 to C.3 */
        { WARD_CIPHER_AES_ECB_NOPADDING, "000102030405060708090a0b0c0d0e0f", NULL, "00112233445566778899aabbccddeeff",
          "69c4e0d86a7b0430d8cdb78070b4c55a" },
        { WARD_CIPHER_AES_ECB_NOPADDING, "000102030405060708090a0b0c0d0e0f1011121314151617", NULL,
          "00112233445566778899aabbccddeeff", "dda97ca4864cdfe06eaf70a0ec0d7191" },
        { WARD_CIPHER_AES_ECB_NOPADDING, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", NULL,
          "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089" },
        /* NIST SP 800-38A F.2.1 */
        { WARD_CIPHER_AES_CBC_NOPADDING, "2b7e151628aed2a6abf7158809cf4f3c", "000102030405060708090a0b0c0d0e0f",
          "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
          "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2" },
        /* FIPS 81 B.1, C.1: single DES */
        { WARD_CIPHER_DES_ECB_NOPADDING, "0123456789abcdef", NULL, "4e6f77206973207468652074696d6520666f7220616c6c20",
          "3fa40e8a984d48156a271787ab8883f9893d51ec4b563b53" },
        { WARD_CIPHER_DES_CBC_NOPADDING, "0123456789abcdef", "1234567890abcdef",
          "4e6f77206973207468652074696d6520666f7220616c6c20", "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6" },
        /* NIST SP 800-67: three keys */
        { WARD_CIPHER_DESEDE_ECB_NOPADDING, "0123456789abcdef23456789abcdef01456789abcdef0123", NULL,
          "5468652071756663", "a826fd8ce53b855f" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t plain[64], data[64], iv[16];
        WARD_MATERIAL material = secret(rows[i].key);
        WARD_BUFFER made = text_new();
        struct ward_span vector = rows[i].iv ? unhex(rows[i].iv, iv) : WARD_SPAN_NONE;
        struct ward_span text = unhex(rows[i].plain, plain);
        struct ward_span expected = unhex(rows[i].data, data);
        encrypt(rows[i].cipher, material, vector, text, &made);
        if (!ward_span_equal(ward_buffer_span(&made), expected)) {
            fail_msg("row %zu", i);
        }
        decrypt(rows[i].cipher, material, vector, expected, text);
    }
}

static void test_two_keys_of_desede_are_three(void **state)
{
    (void)state;
    WARD_MATERIAL two = secret("0123456789abcdef23456789abcdef01");
    WARD_MATERIAL three = secret("0123456789abcdef23456789abcdef010123456789abcdef");
    WARD_BUFFER made = text_new();
    encrypt(WARD_CIPHER_DESEDE_ECB_PKCS5, two, WARD_SPAN_NONE, WARD_SPAN("text"), &made);
    decrypt(WARD_CIPHER_DESEDE_ECB_PKCS5, three, WARD_SPAN_NONE, ward_buffer_span(&made), WARD_SPAN("text"));
}

static const char *key_of(enum ward_cipher cipher)
{
    return cipher <= WARD_CIPHER_AES_ECB_PKCS5   ? "000102030405060708090a0b0c0d0e0f"
           : cipher <= WARD_CIPHER_DES_ECB_PKCS5 ? "0123456789abcdef"
                                                 : "0123456789abcdef23456789abcdef01456789abcdef0123";
}

static size_t block_of(enum ward_cipher cipher)
{
    return cipher <= WARD_CIPHER_AES_ECB_PKCS5 ? 16 : 8;
}

static void test_every_length_comes_back(void **state)
{
    (void)state;
    static const char text[] = "0123456789abcdef0123456789abcdef0123456789";
    for (enum ward_cipher cipher = 0; cipher < WARD_CIPHER_RSA_PKCS1; cipher++) {
        WARD_MATERIAL material = secret(key_of(cipher));
        bool is_cbc = strstr(ward_cipher_name(cipher), "CBC") != NULL;
        bool is_padded = strstr(ward_cipher_name(cipher), "PKCS5") != NULL;
        size_t block = block_of(cipher);
        for (size_t size = 0; size <= 40; size++) {
            WARD_BUFFER made = text_new();
            if (!is_padded && size % block != 0) {
                refuse(true, cipher, material, WARD_SPAN_NONE, ward_span(text, size), WARD_MATERIAL_DATA_SIZE);
                continue;
            }
            encrypt(cipher, material, WARD_SPAN_NONE, ward_span(text, size), &made);
            size_t padded = is_padded ? (size / block + 1) * block : size;
            assert_int_equal(made.size, padded + (is_cbc ? block : 0));
            decrypt(cipher, material, WARD_SPAN_NONE, ward_buffer_span(&made), ward_span(text, size));
            if (is_cbc) { /* the vector in front is the one to give */
                decrypt(cipher, material, ward_span(made.data, block), ward_span(made.data + block, made.size - block),
                        ward_span(text, size));
            }
        }
    }
}

static void test_drawn_vector_differs(void **state)
{
    (void)state;
    WARD_MATERIAL material = secret(key_of(WARD_CIPHER_AES_CBC_PKCS5));
    WARD_BUFFER one = text_new();
    WARD_BUFFER two = text_new();
    encrypt(WARD_CIPHER_AES_CBC_PKCS5, material, WARD_SPAN_NONE, WARD_SPAN("text"), &one);
    encrypt(WARD_CIPHER_AES_CBC_PKCS5, material, WARD_SPAN_NONE, WARD_SPAN("text"), &two);
    assert_memory_not_equal(one.data, two.data, 16);
}

static int no_random(void *data, size_t size)
{
    (void)data;
    (void)size;
    return -1;
}

static void test_without_random_no_vector(void **state)
{
    (void)state;
    WARD_MATERIAL material = secret(key_of(WARD_CIPHER_AES_CBC_PKCS5));
    WARD_BUFFER made = text_new();
    enum ward_material_problem problem;
    ward_seam.random = no_random;
    assert_int_equal(
        ward_cipher_encrypt(WARD_CIPHER_AES_CBC_PKCS5, material, WARD_SPAN_NONE, WARD_SPAN("x"), &made, &problem),
        WARD_UNAVAILABLE);
    assert_int_equal(made.size, 0);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    WARD_MATERIAL aes = secret(key_of(WARD_CIPHER_AES_CBC_PKCS5));
    WARD_MATERIAL five = secret("0102030405");
    WARD_MATERIAL ec = NULL;
    struct ward_span block = WARD_SPAN("0123456789abcdef");
    assert_int_equal(ward_jwk_generate(&(struct ward_jwk_spec){ WARD_MATERIAL_EC, WARD_CURVE_P256, 0 }, &ec), WARD_OK);
    for (enum ward_cipher cipher = 0; cipher < WARD_CIPHER_COUNT; cipher++) {
        refuse(true, cipher, ec, WARD_SPAN_NONE, block, WARD_MATERIAL_ALGORITHM_TYPE);
        refuse(false, cipher, ec, WARD_SPAN_NONE, block, WARD_MATERIAL_ALGORITHM_TYPE);
        bool is_rsa = cipher >= WARD_CIPHER_RSA_PKCS1;
        refuse(true, cipher, five, WARD_SPAN_NONE, block,
               is_rsa ? WARD_MATERIAL_ALGORITHM_TYPE : WARD_MATERIAL_ALGORITHM_SIZE);
    }
    refuse(true, WARD_CIPHER_DES_CBC_PKCS5, aes, WARD_SPAN_NONE, block, WARD_MATERIAL_ALGORITHM_SIZE);
    refuse(true, WARD_CIPHER_AES_CBC_PKCS5, aes, WARD_SPAN("short"), block, WARD_MATERIAL_IV_SIZE);
    refuse(true, WARD_CIPHER_AES_CBC_PKCS5, aes, WARD_SPAN(""), block, WARD_MATERIAL_IV_SIZE);
    refuse(false, WARD_CIPHER_AES_CBC_PKCS5, aes, WARD_SPAN("0123456789abcdef0"), block, WARD_MATERIAL_IV_SIZE);
    refuse(true, WARD_CIPHER_AES_ECB_PKCS5, aes, block, block, WARD_MATERIAL_IV_SIZE);
    refuse(false, WARD_CIPHER_AES_CBC_PKCS5, aes, WARD_SPAN_NONE, WARD_SPAN("short"), WARD_MATERIAL_DATA_SIZE);
    refuse(false, WARD_CIPHER_AES_CBC_PKCS5, aes, WARD_SPAN_NONE, block, WARD_MATERIAL_DATA_SIZE);
    refuse(false, WARD_CIPHER_AES_CBC_PKCS5, aes, block, WARD_SPAN("short"), WARD_MATERIAL_DATA_SIZE);
    refuse(false, WARD_CIPHER_AES_ECB_PKCS5, aes, WARD_SPAN_NONE, WARD_SPAN(""), WARD_MATERIAL_DATA_SIZE);
    refuse(false, WARD_CIPHER_AES_ECB_PKCS5, aes, WARD_SPAN_NONE, WARD_SPAN("0123456789abcdefX"),
           WARD_MATERIAL_DATA_SIZE);
    WARD_BUFFER large = ward_buffer_new(2 * WARD_CIPHER_DATA_MAX);
    assert_non_null(ward_buffer_reserve(&large, WARD_CIPHER_DATA_MAX + 16));
    memset(large.data, 0, WARD_CIPHER_DATA_MAX + 16);
    refuse(true, WARD_CIPHER_AES_ECB_PKCS5, aes, WARD_SPAN_NONE, ward_span(large.data, WARD_CIPHER_DATA_MAX + 16),
           WARD_MATERIAL_DATA_SIZE);
}

static void test_wrong_padding_does_not_decrypt(void **state)
{
    (void)state;
    WARD_MATERIAL aes = secret(key_of(WARD_CIPHER_AES_ECB_PKCS5));
    /* the last byte of each block says how long the padding is: 0, 17, and 2 after a 1 */
    static const char *const rows[] = { "00000000000000000000000000000000", "00000000000000000000000000000011",
                                        "00000000000000000000000000000102" };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[16];
        WARD_BUFFER made = text_new();
        encrypt(WARD_CIPHER_AES_ECB_NOPADDING, aes, WARD_SPAN_NONE, unhex(rows[i], bytes), &made);
        refuse(false, WARD_CIPHER_AES_ECB_PKCS5, aes, WARD_SPAN_NONE, ward_buffer_span(&made),
               WARD_MATERIAL_DECRYPTION);
    }
}

/* ---- RSA ---- */

static void test_rsa_both_ways(void **state)
{
    (void)state;
    static const struct {
        enum ward_cipher cipher;
        size_t longest; /* of 256 bytes: RFC 8017 7.1.1, 7.2.1 */
    } rows[] = { { WARD_CIPHER_RSA_PKCS1, 245 },
                 { WARD_CIPHER_RSA_OAEP_SHA1, 214 },
                 { WARD_CIPHER_RSA_OAEP_SHA256, 190 } };
    char text[256];
    WARD_MATERIAL rsa = NULL;
    WARD_BUFFER jwk = text_new();
    WARD_POOL pool = ward_pool_new(1 << 20);
    struct ward_jwk_parsed public;
    struct ward_jwk_info info = { .use = WARD_USE_NONE };
    enum ward_material_problem problem;
    memset(text, 't', sizeof(text));
    assert_int_equal(ward_jwk_generate(&(struct ward_jwk_spec){ WARD_MATERIAL_RSA, WARD_CURVE_NONE, 2048 }, &rsa),
                     WARD_OK);
    assert_int_equal(ward_jwk_write(rsa, &info, false, &jwk), WARD_OK);
    assert_int_equal(ward_jwk_parse(ward_buffer_span(&jwk), WARD_SPAN_NONE, &pool, &public, &problem), WARD_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_BUFFER made = text_new();
        encrypt(rows[i].cipher, public.material, WARD_SPAN_NONE, ward_span(text, rows[i].longest), &made);
        assert_int_equal(made.size, 256);
        decrypt(rows[i].cipher, rsa, WARD_SPAN_NONE, ward_buffer_span(&made), ward_span(text, rows[i].longest));
        refuse(true, rows[i].cipher, rsa, WARD_SPAN_NONE, ward_span(text, rows[i].longest + 1),
               WARD_MATERIAL_DATA_SIZE);
        refuse(true, rows[i].cipher, rsa, WARD_SPAN("iv"), WARD_SPAN("x"), WARD_MATERIAL_IV_SIZE);
        refuse(false, rows[i].cipher, public.material, WARD_SPAN_NONE, ward_buffer_span(&made),
               WARD_MATERIAL_NOT_PRIVATE);
        refuse(false, rows[i].cipher, rsa, WARD_SPAN_NONE, ward_span(made.data, 255), WARD_MATERIAL_DATA_SIZE);
        enum ward_cipher other = i == 1 ? WARD_CIPHER_RSA_OAEP_SHA256 : WARD_CIPHER_RSA_OAEP_SHA1;
        refuse(false, other, rsa, WARD_SPAN_NONE, ward_buffer_span(&made), WARD_MATERIAL_DECRYPTION);
    }
    ward_material_free(public.material);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_lengths_of_secrets),
        cmocka_unit_test(test_published_vectors),
        cmocka_unit_test(test_two_keys_of_desede_are_three),
        cmocka_unit_test(test_every_length_comes_back),
        cmocka_unit_test(test_drawn_vector_differs),
        cmocka_unit_test_setup_teardown(test_without_random_no_vector, set_up, tear_down),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_wrong_padding_does_not_decrypt),
        cmocka_unit_test(test_rsa_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
