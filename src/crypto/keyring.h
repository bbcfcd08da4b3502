/*
 * The root key and all that is derived from it (HKDF-SHA-256, RFC 5869). The one module that holds key material; all
 * others hold this handle. Memory is locked, kept out of core dumps and wiped.
 *
 *   root key (32 bytes, DIR/root.key, 0600)
 *     ├─ HKDF "ward lookup 1"            → key of the lookup hash (keyed_hash.h)
 *     ├─ HKDF "ward token 1"             → key of personal access tokens' hashes
 *     ├─ HKDF "ward fingerprint 1"       → 16 bytes that name the root key without revealing it
 *     ├─ HKDF "ward replica 1" ‖ name    → root key of a replica: what is sealed for it opens nowhere else
 *     └─ HKDF "ward data 1" ‖ epoch      → AES-256-GCM data key of one epoch
 *
 * An epoch is 8 random bytes drawn at each process start and again after 2^32 seals: a forked, cloned or restored
 * process never shares a data key with another, so random 96-bit nonces cannot meet (security.md attack 5).
 */
#ifndef WARD_CRYPTO_KEYRING_H
#define WARD_CRYPTO_KEYRING_H

#include <stdint.h>

#include "base/buffer.h"

#define WARD_ROOT_KEY_BYTES    32
#define WARD_FINGERPRINT_BYTES 16
#define WARD_LOOKUP_BYTES      16 /* HMAC-SHA-256 truncated to 128 bits */

struct ward_keyring;

/** Draw a new root key and write it to path (0600). WARD_EXISTS when the file is there. */
enum ward_status ward_root_key_create(const char *path) WARD_MUST_USE;

/**
 * Read the root key and derive the rest.
 *
 * Owns:    *ret is owned, free with ward_keyring_close.
 * Errors:  those of ward_file_read; WARD_INTEGRITY when the file does not hold 32 bytes or they are all zero (a file
 *          that never reached the disk); WARD_UNAVAILABLE when there is no random or the memory cannot be locked though
 *          the system's limit would let it.
 * Threads: a process that forks leaves its child a wiped keyring: the child's calls give WARD_UNAVAILABLE.
 */
enum ward_status ward_keyring_open(const char *path, struct ward_keyring **ret) WARD_MUST_USE;

/** Build a keyring from given bytes (tests, contract suites). root is copied. */
enum ward_status ward_keyring_from_bytes(const uint8_t root[WARD_ROOT_KEY_BYTES],
                                         struct ward_keyring **ret) WARD_MUST_USE;

#define WARD_KEYRING_NAME_MAX 255 /* bytes */

/**
 * Make the keyring of a replica: the private parts of its keysets are sealed with it.
 *
 * Shape:   name is 1..WARD_KEYRING_NAME_MAX bytes; the same keyring and name give the same replica's keyring.
 * Owns:    *ret is owned, free with ward_keyring_close; it does not need the other one to stay open.
 * Errors:  WARD_INVALID for a name of another length; otherwise as ward_keyring_open.
 */
enum ward_status ward_keyring_for_replica(const struct ward_keyring *keyring, struct ward_span name,
                                          struct ward_keyring **ret) WARD_MUST_USE;

/** Wipe and free. Takes NULL. */
void ward_keyring_close(struct ward_keyring *keyring);

void ward_keyring_fingerprint(const struct ward_keyring *keyring, uint8_t ret[WARD_FINGERPRINT_BYTES]);

/** What a sealed blob belongs to. All members are bound as associated data, so a blob opens nowhere else. */
struct ward_seal_place {
    struct ward_span account; /* account id */
    const char *table;        /* "api_key" */
    struct ward_span row;     /* row id */
    const char *field;        /* "primary" */
    int64_t version;          /* version of the value: goes up when the value changes */
};

#define WARD_SEAL_OVERHEAD_BYTES 37 /* format 1 + epoch 8 + nonce 12 + tag 16 */

/** Seal plain for its place and append the blob. Threads: any. Errors: WARD_UNAVAILABLE (no random), WARD_NO_MEMORY,
 * WARD_TOO_LARGE (over ret's maximum). On an error nothing is appended. */
enum ward_status ward_seal(struct ward_keyring *keyring, const struct ward_seal_place *place, struct ward_span plain,
                           struct ward_buffer *ret) WARD_MUST_USE;

/**
 * Open a blob at its place and append the plain text.
 *
 * Errors:  WARD_INTEGRITY for anything that does not open there: moved, cut, altered, another root key. The caller
 *          reports it as an integrity alarm, never as "not found". Nothing is appended. WARD_NO_MEMORY, WARD_TOO_LARGE
 *          as in ward_seal.
 * Threads: any.
 */
enum ward_status ward_unseal(struct ward_keyring *keyring, const struct ward_seal_place *place, struct ward_span blob,
                             struct ward_buffer *ret) WARD_MUST_USE;

#endif
