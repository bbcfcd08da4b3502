/* The inside of the keyring, for crypto/ and its tests. */
#ifndef WARD_CRYPTO_KEYRING_INTERNAL_H
#define WARD_CRYPTO_KEYRING_INTERNAL_H

#include <openssl/evp.h>
#include <pthread.h>

#include "crypto/keyring.h"

#define WARD_DERIVED_KEY_BYTES 32
#define WARD_EPOCH_BYTES       8
#define WARD_NONCE_BYTES       12
#define WARD_TAG_BYTES         16
#define WARD_SEAL_FORMAT       1
#define WARD_EPOCHS_CACHED     64
#define WARD_SEALS_MAX         (UINT64_C(1) << 32) /* NIST SP 800-38D 8.3: random nonces under one key */

struct ward_data_key {
    bool is_set;
    uint8_t epoch[WARD_EPOCH_BYTES];
    uint8_t key[WARD_DERIVED_KEY_BYTES];
};

/* All key material, in pages of its own: locked, out of core dumps, wiped in a forked child, guarded on both sides. */
struct ward_key_pages {
    bool is_alive; /* false in a forked child, where the pages read as zero: it must not seal with a key of zeros */
    uint8_t root[WARD_ROOT_KEY_BYTES];
    uint8_t lookup[WARD_DERIVED_KEY_BYTES];
    uint8_t token[WARD_DERIVED_KEY_BYTES];
    struct ward_data_key current;                    /* seals */
    struct ward_data_key others[WARD_EPOCHS_CACHED]; /* opens what other epochs sealed */
};

struct ward_keyring {
    struct ward_key_pages *pages;
    char *mapping; /* guard page, pages, guard page */
    size_t mapping_size;
    uint8_t fingerprint[WARD_FINGERPRINT_BYTES];
    EVP_CIPHER *cipher; /* fetched once: an implicit fetch costs more than the sealing */
    EVP_KDF *kdf;
    pthread_mutex_t mutex; /* guards pages->current, pages->others and the three below */
    uint64_t seals;        /* under the current epoch */
    uint64_t seals_max;    /* WARD_SEALS_MAX; tests lower it */
    size_t next_other;     /* round robin */
};

/** True unless the pages were wiped by a fork. */
static inline bool ward_keyring_is_alive(const struct ward_keyring *keyring)
{
    return keyring->pages->is_alive;
}

/** Derive the data key of an epoch. Errors: WARD_NO_MEMORY. */
enum ward_status ward_keyring_derive_data_key(const struct ward_keyring *keyring, const uint8_t epoch[WARD_EPOCH_BYTES],
                                              struct ward_data_key *ret) WARD_MUST_USE;

/** Draw a new epoch and make its key the current one. The caller holds the mutex, or is the only one. */
enum ward_status ward_keyring_draw_epoch(struct ward_keyring *keyring) WARD_MUST_USE;

#endif
