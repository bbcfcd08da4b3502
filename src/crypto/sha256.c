#include <openssl/evp.h>

#include "base/seam.h"
#include "crypto/keyed_hash.h"
#include "crypto/material_internal.h"

static void free_digest_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}
#define OWNED_CONTEXT __attribute__((cleanup(free_digest_context))) EVP_MD_CTX *

enum ward_status ward_sha256(const struct ward_span *parts, size_t count, uint8_t ret[WARD_SHA256_BYTES])
{
    const EVP_MD *digest = ward_digest(256);
    OWNED_CONTEXT context = digest ? EVP_MD_CTX_new() : NULL;
    if (!context || EVP_DigestInit_ex2(context, digest, NULL) != 1) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0 && EVP_DigestUpdate(context, parts[i].data, parts[i].size) != 1) {
            return WARD_NO_MEMORY;
        }
    }
    uint8_t bytes[WARD_SHA256_BYTES];
    if (EVP_DigestFinal_ex(context, bytes, NULL) != 1) {
        return WARD_NO_MEMORY;
    }
    memcpy(ret, bytes, sizeof(bytes));
    return WARD_OK;
}

/* ---- a hash that grows ---- */

struct ward_sha256_stream {
    EVP_MD_CTX *context;
};

enum ward_status ward_sha256_begin(struct ward_sha256_stream **ret)
{
    const EVP_MD *digest = ward_digest(256);
    struct ward_sha256_stream *stream = digest ? ward_alloc(sizeof(*stream)) : NULL;
    if (!stream) {
        return WARD_NO_MEMORY;
    }
    stream->context = EVP_MD_CTX_new();
    if (!stream->context || EVP_DigestInit_ex2(stream->context, digest, NULL) != 1) {
        ward_sha256_free(stream);
        return WARD_NO_MEMORY;
    }
    *ret = stream;
    return WARD_OK;
}

enum ward_status ward_sha256_add(struct ward_sha256_stream *stream, struct ward_span bytes)
{
    bool is_added = bytes.size == 0 || EVP_DigestUpdate(stream->context, bytes.data, bytes.size) == 1;
    return is_added ? WARD_OK : WARD_NO_MEMORY;
}

enum ward_status ward_sha256_end(struct ward_sha256_stream *stream, uint8_t ret[WARD_SHA256_BYTES])
{
    return EVP_DigestFinal_ex(stream->context, ret, NULL) == 1 ? WARD_OK : WARD_NO_MEMORY;
}

void ward_sha256_free(struct ward_sha256_stream *stream)
{
    if (!stream) {
        return;
    }
    EVP_MD_CTX_free(stream->context);
    ward_free(stream);
}
