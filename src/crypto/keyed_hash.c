/*
 * HMAC-SHA-256 over the low-level SHA256_* calls: starting from a copied state costs 109 ns for a short text, the
 * fastest EVP way 150 to 206 ns, and it is on the path of every verification. OpenSSL 3 deprecates these calls in
 * favour of EVP but keeps them; the deprecation is switched off for this one file.
 */
#define OPENSSL_API_COMPAT 10100

#include "crypto/keyed_hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/seam.h"
#include "crypto/keyring_internal.h"

/* RFC 2104 2 */
#define INNER_PAD 0x36
#define OUTER_PAD 0x5c

_Static_assert(WARD_DERIVED_KEY_BYTES <= SHA256_CBLOCK, "a longer key would have to be hashed first");
_Static_assert(WARD_SHA256_BYTES == SHA256_DIGEST_LENGTH, "the size that callers know");

/* Each state has absorbed the key: as secret as the key itself. */
struct ward_keyed_hash {
    SHA256_CTX inner;
    SHA256_CTX outer;
};

static void absorb_pad(SHA256_CTX *state, const uint8_t *key, size_t key_size, uint8_t pad)
{
    uint8_t block[SHA256_CBLOCK];
    memset(block, pad, sizeof(block));
    for (size_t i = 0; i < key_size; i++) {
        block[i] ^= key[i];
    }
    SHA256_Init(state);
    SHA256_Update(state, block, sizeof(block));
    explicit_bzero(block, sizeof(block));
}

static enum ward_status make(const struct ward_keyring *keyring, const uint8_t key[WARD_DERIVED_KEY_BYTES],
                             struct ward_keyed_hash **ret)
{
    if (!ward_keyring_is_alive(keyring)) {
        return WARD_UNAVAILABLE;
    }
    struct ward_keyed_hash *hash = ward_alloc(sizeof(*hash));
    if (!hash) {
        return WARD_NO_MEMORY;
    }
    absorb_pad(&hash->inner, key, WARD_DERIVED_KEY_BYTES, INNER_PAD);
    absorb_pad(&hash->outer, key, WARD_DERIVED_KEY_BYTES, OUTER_PAD);
    *ret = hash;
    return WARD_OK;
}

enum ward_status ward_keyed_hash_lookup(const struct ward_keyring *keyring, struct ward_keyed_hash **ret)
{
    return make(keyring, keyring->pages->lookup, ret);
}

enum ward_status ward_keyed_hash_token(const struct ward_keyring *keyring, struct ward_keyed_hash **ret)
{
    return make(keyring, keyring->pages->token, ret);
}

enum ward_status ward_keyed_hash_copy(const struct ward_keyed_hash *hash, struct ward_keyed_hash **ret)
{
    struct ward_keyed_hash *copy = ward_alloc(sizeof(*copy));
    if (!copy) {
        return WARD_NO_MEMORY;
    }
    *copy = *hash;
    *ret = copy;
    return WARD_OK;
}

void ward_keyed_hash_free(struct ward_keyed_hash *hash)
{
    if (!hash) {
        return;
    }
    explicit_bzero(hash, sizeof(*hash));
    ward_free(hash);
}

void ward_keyed_hash(const struct ward_keyed_hash *hash, struct ward_span bytes, struct ward_lookup *ret)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_CTX state = hash->inner;
    SHA256_Update(&state, bytes.data, bytes.size);
    SHA256_Final(digest, &state);
    state = hash->outer;
    SHA256_Update(&state, digest, sizeof(digest));
    SHA256_Final(digest, &state);
    memcpy(ret->bytes, digest, sizeof(ret->bytes));
    explicit_bzero(digest, sizeof(digest));
    explicit_bzero(&state, sizeof(state));
}

void ward_hmac_sha256(struct ward_span key, const struct ward_span *parts, size_t count, uint8_t ret[WARD_SHA256_BYTES])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_CTX state;
    if (key.size > SHA256_CBLOCK) { /* RFC 2104 2: a longer key is hashed first */
        SHA256_Init(&state);
        SHA256_Update(&state, key.data, key.size);
        SHA256_Final(digest, &state);
        key = ward_span((const char *)digest, sizeof(digest));
    }
    absorb_pad(&state, (const uint8_t *)key.data, key.size, INNER_PAD);
    for (size_t i = 0; i < count; i++) {
        SHA256_Update(&state, parts[i].data, parts[i].size);
    }
    SHA256_Final(ret, &state);
    absorb_pad(&state, (const uint8_t *)key.data, key.size, OUTER_PAD);
    SHA256_Update(&state, ret, WARD_SHA256_BYTES);
    SHA256_Final(ret, &state);
    explicit_bzero(digest, sizeof(digest));
    explicit_bzero(&state, sizeof(state));
}

bool ward_constant_time_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}
