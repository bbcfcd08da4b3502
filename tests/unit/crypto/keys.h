/* Keys drawn at test time, in every form that OpenSSL writes and that clients send. */
#ifndef WARD_TEST_CRYPTO_KEYS_H
#define WARD_TEST_CRYPTO_KEYS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/encoding.h"
#include "crypto/material.h"

#define TEXT_MAX (1 << 20)

static inline struct ward_buffer text_new(void)
{
    return ward_buffer_new_secret(TEXT_MAX);
}

static inline EVP_PKEY *draw_key(const char *kind)
{
    EVP_PKEY *key = strcmp(kind, "RSA") == 0                        ? EVP_RSA_gen(2048)
                    : strcmp(kind, "RSA1024") == 0                  ? EVP_RSA_gen(1024)
                    : strncmp(kind, "ED", 2) == 0 || kind[0] == 'X' ? EVP_PKEY_Q_keygen(NULL, NULL, kind)
                                                                    : EVP_EC_gen(kind);
    assert_non_null(key);
    return key;
}

enum key_form { FORM_PKCS8, FORM_OLD_PRIVATE, FORM_SPKI, FORM_OLD_PUBLIC, FORM_CERTIFICATE };

static inline void write_certificate(EVP_PKEY *key, bool is_pem, struct ward_buffer *ret)
{
    X509 *certificate = X509_new();
    assert_non_null(certificate);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 77);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    int id = EVP_PKEY_get_id(key);
    EVP_PKEY *signer = id == EVP_PKEY_X25519 ? draw_key("ED25519") : key;
    bool needs_digest = id == EVP_PKEY_RSA || id == EVP_PKEY_EC;
    assert_true(X509_sign(certificate, signer, needs_digest ? EVP_sha256() : NULL) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(is_pem ? PEM_write_bio_X509(bio, certificate) : i2d_X509_bio(bio, certificate), 1);
    char *data;
    long size = BIO_get_mem_data(bio, &data);
    ward_buffer_append(ret, ward_span(data, (size_t)size));
    BIO_free(bio);
    X509_free(certificate);
    if (signer != key) {
        EVP_PKEY_free(signer);
    }
}

static inline void write_key(EVP_PKEY *key, enum key_form form, bool is_pem, const char *passphrase,
                             struct ward_buffer *ret)
{
    if (form == FORM_CERTIFICATE) {
        write_certificate(key, is_pem, ret);
        return;
    }
    bool is_private = form == FORM_PKCS8 || form == FORM_OLD_PRIVATE;
    int selection = is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    const char *structure = form == FORM_PKCS8  ? (passphrase ? "EncryptedPrivateKeyInfo" : "PrivateKeyInfo")
                            : form == FORM_SPKI ? "SubjectPublicKeyInfo"
                                                : "type-specific";
    OSSL_ENCODER_CTX *context = OSSL_ENCODER_CTX_new_for_pkey(key, selection, is_pem ? "PEM" : "DER", structure, NULL);
    assert_non_null(context);
    if (passphrase) {
        assert_int_equal(OSSL_ENCODER_CTX_set_cipher(context, "AES-256-CBC", NULL), 1);
        assert_int_equal(
            OSSL_ENCODER_CTX_set_passphrase(context, (const unsigned char *)passphrase, strlen(passphrase)), 1);
    }
    unsigned char *data = NULL;
    size_t size = 0;
    assert_int_equal(OSSL_ENCODER_to_data(context, &data, &size), 1);
    ward_buffer_append(ret, ward_span((const char *)data, size));
    OPENSSL_free(data);
    OSSL_ENCODER_CTX_free(context);
}

/* The base64 of bytes, with something after every 64 characters. */
static inline void wrap_base64(struct ward_span bytes, const char *separator, struct ward_buffer *ret)
{
    WARD_BUFFER text = text_new();
    ward_base64_encode(bytes, &text);
    for (size_t at = 0; at < text.size; at += 64) {
        ward_buffer_append(ret, ward_span(text.data + at, text.size - at < 64 ? text.size - at : 64));
        ward_buffer_append_text(ret, separator);
    }
}

#endif
