/* The lookup hash is HMAC-SHA-256 (RFC 2104), and who has no keyring gets none. */
#include "crypto/keyed_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/encoding.h"
#include "base/seam.h"
#include "crypto/keyring_internal.h"

static struct ward_keyring *make_keyring(void)
{
    uint8_t root[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring = NULL;
    assert_int_equal(ward_random(root, sizeof(root)), WARD_OK);
    assert_int_equal(ward_keyring_from_bytes(root, &keyring), WARD_OK);
    return keyring;
}

/* The lookup hash of a keyring whose derived key is replaced: HMAC pads a short key with zeros. */
static struct ward_keyed_hash *make_hash(const void *key, size_t size)
{
    struct ward_keyring *keyring = make_keyring();
    struct ward_keyed_hash *hash = NULL;
    memset(keyring->pages->lookup, 0, sizeof(keyring->pages->lookup));
    memcpy(keyring->pages->lookup, key, size);
    assert_int_equal(ward_keyed_hash_lookup(keyring, &hash), WARD_OK);
    ward_keyring_close(keyring);
    return hash;
}

static void test_rfc4231(void **state)
{
    (void)state;
    static const struct {
        const char *clause;
        const char *key;
        const char *data;
        const char *tag; /* first 128 bits */
    } rows[] = {
        { "4.2", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265", "b0344c61d8db38535ca8afceaf0bf12b" },
        { "4.3", "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
          "5bdcc146bf60754e6a042426089575c7" },
        { "4.4", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
          "773ea91e36800e46854db8ebd09181a7" },
        { "4.5", "0102030405060708090a0b0c0d0e0f10111213141516171819",
          "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
          "82558a389a443c0ea4cc819899f2083a" },
        { "4.6", "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c", "546573742057697468205472756e636174696f6e",
          "a3b6167473100ee06e0c796c2955552b" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t key[WARD_DERIVED_KEY_BYTES];
        char data[64];
        uint8_t tag[WARD_LOOKUP_BYTES];
        struct ward_lookup got;
        size_t key_size = strlen(rows[i].key) / 2;
        size_t data_size = strlen(rows[i].data) / 2;
        assert_true(ward_hex_decode(ward_span_of(rows[i].key), key, key_size));
        assert_true(ward_hex_decode(ward_span_of(rows[i].data), data, data_size));
        assert_true(ward_hex_decode(ward_span_of(rows[i].tag), tag, sizeof(tag)));
        struct ward_keyed_hash *hash = make_hash(key, key_size);
        ward_keyed_hash(hash, ward_span(data, data_size), &got);
        if (memcmp(got.bytes, tag, sizeof(tag)) != 0) {
            fail_msg("RFC 4231 %s", rows[i].clause);
        }
        ward_keyed_hash_free(hash);
    }
}

static void mac(const uint8_t *key, const char *data, size_t size, uint8_t ret[32])
{
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                OSSL_PARAM_construct_end() };
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(algorithm);
    size_t written;
    assert_int_equal(EVP_MAC_init(context, key, WARD_DERIVED_KEY_BYTES, parameters), 1);
    assert_int_equal(EVP_MAC_update(context, (const unsigned char *)data, size), 1);
    assert_int_equal(EVP_MAC_final(context, ret, &written, 32), 1);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(algorithm);
}

/* Every length over three blocks, so each way the padding can fall. */
static void test_equals_openssl_hmac(void **state)
{
    (void)state;
    uint8_t key[WARD_DERIVED_KEY_BYTES];
    char data[200];
    assert_int_equal(ward_random(key, sizeof(key)), WARD_OK);
    assert_int_equal(ward_random(data, sizeof(data)), WARD_OK);
    struct ward_keyed_hash *hash = make_hash(key, sizeof(key));
    for (size_t size = 0; size <= sizeof(data); size++) {
        uint8_t expected[32];
        struct ward_lookup got;
        mac(key, data, size, expected);
        ward_keyed_hash(hash, ward_span(data, size), &got);
        assert_memory_equal(got.bytes, expected, WARD_LOOKUP_BYTES);
    }
    ward_keyed_hash_free(hash);
}

static void check_hmac(const char *key, const char *data, const char *tag)
{
    char key_bytes[160], data_bytes[160];
    uint8_t expected[WARD_SHA256_BYTES], got[WARD_SHA256_BYTES];
    size_t key_size = strlen(key) / 2, data_size = strlen(data) / 2;
    assert_true(ward_hex_decode(ward_span_of(key), key_bytes, key_size));
    assert_true(ward_hex_decode(ward_span_of(data), data_bytes, data_size));
    assert_true(ward_hex_decode(ward_span_of(tag), expected, sizeof(expected)));
    for (size_t cut = 0; cut <= data_size; cut++) { /* parts are one text, wherever it is cut */
        const struct ward_span parts[] = { ward_span(data_bytes, cut), WARD_SPAN_NONE,
                                           ward_span(data_bytes + cut, data_size - cut) };
        ward_hmac_sha256(ward_span(key_bytes, key_size), parts, 3, got);
        assert_memory_equal(got, expected, sizeof(expected));
    }
}

/* RFC 4231: a short key, one of a block's length and less, and one that is longer than a block. */
static void test_hmac_of_any_key(void **state)
{
    (void)state;
    char long_key[2 * 131 + 1];
    memset(long_key, 'a', sizeof(long_key) - 1);
    long_key[sizeof(long_key) - 1] = '\0';
    check_hmac("4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    check_hmac(long_key,
               "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b"
               "6579204669727374",
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_absent_text_hashes_as_empty(void **state)
{
    (void)state;
    struct ward_keyed_hash *hash = make_hash("k", 1);
    struct ward_lookup absent;
    struct ward_lookup empty;
    ward_keyed_hash(hash, WARD_SPAN_NONE, &absent);
    ward_keyed_hash(hash, WARD_SPAN(""), &empty);
    assert_memory_equal(absent.bytes, empty.bytes, sizeof(empty.bytes));
    ward_keyed_hash_free(hash);
}

static void test_copy_gives_the_same_hash(void **state)
{
    (void)state;
    struct ward_keyring *keyring = make_keyring();
    struct ward_keyed_hash *hash = NULL;
    struct ward_keyed_hash *copy = NULL;
    struct ward_lookup before;
    struct ward_lookup after;
    assert_int_equal(ward_keyed_hash_lookup(keyring, &hash), WARD_OK);
    ward_keyed_hash(hash, WARD_SPAN("some key"), &before);
    assert_int_equal(ward_keyed_hash_copy(hash, &copy), WARD_OK);
    ward_keyed_hash_free(hash);
    ward_keyed_hash(copy, WARD_SPAN("some key"), &after);
    assert_memory_equal(before.bytes, after.bytes, sizeof(before.bytes));
    ward_keyed_hash_free(copy);
    ward_keyring_close(keyring);
}

static void test_token_hash_is_another(void **state)
{
    (void)state;
    struct ward_keyring *keyring = make_keyring();
    struct ward_keyed_hash *lookup = NULL;
    struct ward_keyed_hash *token = NULL;
    struct ward_lookup a;
    struct ward_lookup b;
    assert_int_equal(ward_keyed_hash_lookup(keyring, &lookup), WARD_OK);
    assert_int_equal(ward_keyed_hash_token(keyring, &token), WARD_OK);
    ward_keyed_hash(lookup, WARD_SPAN("same text"), &a);
    ward_keyed_hash(token, WARD_SPAN("same text"), &b);
    assert_memory_not_equal(a.bytes, b.bytes, sizeof(a.bytes));
    ward_keyed_hash_free(lookup);
    ward_keyed_hash_free(token);
    ward_keyring_close(keyring);
}

/* ---- memory ---- */

static void *refuse_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct ward_seam kept = ward_seam;
    struct ward_keyring *keyring = make_keyring();
    struct ward_keyed_hash *hash = NULL;
    struct ward_keyed_hash *untouched = NULL;
    assert_int_equal(ward_keyed_hash_lookup(keyring, &hash), WARD_OK);
    ward_seam.allocate = refuse_memory;
    assert_int_equal(ward_keyed_hash_lookup(keyring, &untouched), WARD_NO_MEMORY);
    assert_int_equal(ward_keyed_hash_token(keyring, &untouched), WARD_NO_MEMORY);
    assert_int_equal(ward_keyed_hash_copy(hash, &untouched), WARD_NO_MEMORY);
    ward_seam = kept;
    assert_null(untouched);
    ward_keyed_hash_free(hash);
    ward_keyring_close(keyring);
}

static char freed[1024];
static size_t freed_size;

static void look_then_release(void *memory)
{
    memcpy(freed, memory, freed_size);
    free(memory);
}

static void test_free_wipes(void **state)
{
    (void)state;
    struct ward_seam kept = ward_seam;
    struct ward_keyed_hash *hash = make_hash("k", 1);
    freed_size = 64; /* well inside both pads' states */
    ward_seam.release = look_then_release;
    ward_keyed_hash_free(hash);
    ward_seam = kept;
    for (size_t i = 0; i < freed_size; i++) {
        assert_int_equal(freed[i], 0);
    }
    ward_keyed_hash_free(NULL);
}

static void test_constant_time_equal(void **state)
{
    (void)state;
    uint8_t a[32];
    assert_int_equal(ward_random(a, sizeof(a)), WARD_OK);
    for (size_t i = 0; i < sizeof(a) * 8; i++) {
        uint8_t b[32];
        memcpy(b, a, sizeof(b));
        b[i / 8] ^= (uint8_t)(1 << (i % 8));
        assert_false(ward_constant_time_equal(a, b, sizeof(a)));
        assert_true(ward_constant_time_equal(a, b, i / 8));
    }
    assert_true(ward_constant_time_equal(a, a, sizeof(a)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc4231),
        cmocka_unit_test(test_equals_openssl_hmac),
        cmocka_unit_test(test_hmac_of_any_key),
        cmocka_unit_test(test_absent_text_hashes_as_empty),
        cmocka_unit_test(test_copy_gives_the_same_hash),
        cmocka_unit_test(test_token_hash_is_another),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_free_wipes),
        cmocka_unit_test(test_constant_time_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
