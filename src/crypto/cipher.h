/*
 * The ciphers of Apinizer's encryption policy under their Java names (contracts/apinizer.md 9.3). They are what that
 * gateway uses, not what one would choose today: none of the symmetric ones notices altered data, ECB shows
 * repetitions, DES is broken. With CBC the caller gives the initialisation vector; where none is given, encrypting
 * draws one and puts it before the data, and decrypting takes it from there. OAEP uses its hash for MGF1 too, as JOSE,
 * WebCrypto and OpenSSL do.
 */
#ifndef WARD_CRYPTO_CIPHER_H
#define WARD_CRYPTO_CIPHER_H

#include "crypto/material.h"

enum ward_cipher {
    WARD_CIPHER_AES_CBC_NOPADDING,
    WARD_CIPHER_AES_CBC_PKCS5,
    WARD_CIPHER_AES_ECB_NOPADDING,
    WARD_CIPHER_AES_ECB_PKCS5,
    WARD_CIPHER_DES_CBC_NOPADDING,
    WARD_CIPHER_DES_CBC_PKCS5,
    WARD_CIPHER_DES_ECB_NOPADDING,
    WARD_CIPHER_DES_ECB_PKCS5,
    WARD_CIPHER_DESEDE_CBC_NOPADDING,
    WARD_CIPHER_DESEDE_CBC_PKCS5,
    WARD_CIPHER_DESEDE_ECB_NOPADDING,
    WARD_CIPHER_DESEDE_ECB_PKCS5,
    WARD_CIPHER_RSA_PKCS1,
    WARD_CIPHER_RSA_OAEP_SHA1,
    WARD_CIPHER_RSA_OAEP_SHA256,
    WARD_CIPHER_COUNT
};

/** "AES/CBC/PKCS5Padding", "RSA/ECB/OAEPWithSHA-256AndMGF1Padding" and so on. */
const char *ward_cipher_name(enum ward_cipher cipher);

/** Read such a name, case-sensitive. False for an unknown one. */
bool ward_cipher_parse(struct ward_span name, enum ward_cipher *ret);

/** Say whether a secret of so many bytes can be a key of "AES" (16, 24, 32), "DES" (8), "DESede" (16, 24); false for
 * any other algorithm. */
bool ward_cipher_key_size_fits(struct ward_span algorithm, size_t bytes);

#define WARD_CIPHER_DATA_MAX 1048576 /* bytes of one call */

/**
 * Encrypt plain and append the result.
 *
 * Shape:   iv is absent, or of the block's length with CBC. The symmetric ciphers want a SECRET of their length, RSA a
 *          public or private key. ret needs room for the data and 32 bytes more.
 * Errors:  WARD_INVALID with *ret_problem; WARD_UNAVAILABLE without random; WARD_NO_MEMORY; WARD_TOO_LARGE. Nothing is
 *          appended then.
 * Threads: any.
 */
enum ward_status ward_cipher_encrypt(enum ward_cipher cipher, const struct ward_material *material, struct ward_span iv,
                                     struct ward_span plain, struct ward_buffer *ret,
                                     enum ward_material_problem *ret_problem) WARD_MUST_USE;

/** Decrypt data and append the plain text (make ret a secret buffer). As above; RSA wants a private key. Data that does
 * not decrypt is WARD_MATERIAL_DECRYPTION, for whatever reason. */
enum ward_status ward_cipher_decrypt(enum ward_cipher cipher, const struct ward_material *material, struct ward_span iv,
                                     struct ward_span data, struct ward_buffer *ret,
                                     enum ward_material_problem *ret_problem) WARD_MUST_USE;

#endif
