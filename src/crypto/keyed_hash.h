/*
 * The lookup hash: HMAC-SHA-256 (RFC 2104) with the inner and outer pads computed once, truncated to 128 bits.
 * One-way even for who holds its key; about 100 ns for a 69-byte key.
 */
#ifndef WARD_CRYPTO_KEYED_HASH_H
#define WARD_CRYPTO_KEYED_HASH_H

#include "crypto/keyring.h"

struct ward_lookup {
    uint8_t bytes[WARD_LOOKUP_BYTES];
};

/** Both pads, ready. The hash takes no lock and allocates nothing. */
struct ward_keyed_hash;

/** Make the lookup hash of a keyring. Owns: *ret owned, free with ward_keyed_hash_free. */
enum ward_status ward_keyed_hash_lookup(const struct ward_keyring *keyring, struct ward_keyed_hash **ret) WARD_MUST_USE;

/** Make the hash for personal access tokens: another key, so a token never meets a lookup. */
enum ward_status ward_keyed_hash_token(const struct ward_keyring *keyring, struct ward_keyed_hash **ret) WARD_MUST_USE;

/** Copy for another thread. Only reads the source, so any number of threads may copy one at once. */
enum ward_status ward_keyed_hash_copy(const struct ward_keyed_hash *hash, struct ward_keyed_hash **ret) WARD_MUST_USE;

void ward_keyed_hash_free(struct ward_keyed_hash *hash);

/** Hash bytes of any length. Time: the same for equal lengths. Threads: any; it only reads the hash. */
void ward_keyed_hash(const struct ward_keyed_hash *hash, struct ward_span bytes, struct ward_lookup *ret);

/** Compare in constant time. */
bool ward_constant_time_equal(const void *a, const void *b, size_t size);

#define WARD_SHA256_BYTES 32

/**
 * HMAC-SHA-256 of several parts in a row under a key of any length: signatures, whose key changes from call to call.
 *
 * Time:    the same for equal lengths. Allocates nothing, cannot fail.
 * Source:  RFC 2104.
 */
void ward_hmac_sha256(struct ward_span key, const struct ward_span *parts, size_t count,
                      uint8_t ret[WARD_SHA256_BYTES]);

/** SHA-256 of several parts in a row (the change log's chain, file fingerprints). */
enum ward_status ward_sha256(const struct ward_span *parts, size_t count, uint8_t ret[WARD_SHA256_BYTES]) WARD_MUST_USE;

/** The same for bytes that do not fit into memory at once (backups). */
struct ward_sha256_stream;
/** Begin a hash. Owns: *ret is owned, free with ward_sha256_free. */
enum ward_status ward_sha256_begin(struct ward_sha256_stream **ret) WARD_MUST_USE;
enum ward_status ward_sha256_add(struct ward_sha256_stream *stream, struct ward_span bytes) WARD_MUST_USE;
/** End the hash; the stream is of no use behind it but to be freed. */
enum ward_status ward_sha256_end(struct ward_sha256_stream *stream, uint8_t ret[WARD_SHA256_BYTES]) WARD_MUST_USE;
/** Takes NULL. */
void ward_sha256_free(struct ward_sha256_stream *stream);

#endif
