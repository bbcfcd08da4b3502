/*
 * Where the key material lives and how it is derived. The pages are never resized, copied or handed out; a data key is
 * copied to a stack for one call and wiped there.
 */
#include "crypto/keyring.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/seam.h"
#include "crypto/keyring_internal.h"

#define INFO_MAX (32 + WARD_KEYRING_NAME_MAX)

enum ward_status ward_root_key_create(const char *path)
{
    uint8_t root[WARD_ROOT_KEY_BYTES];
    enum ward_status status = ward_random(root, sizeof(root));
    if (status == WARD_OK) {
        status = ward_file_write(path, ward_span((const char *)root, sizeof(root)), false);
    }
    explicit_bzero(root, sizeof(root));
    return status;
}

/* ---- the pages ---- */

static bool is_lock_limited(int error)
{
    struct rlimit limit;
    if (error != ENOMEM && error != EPERM) {
        return false;
    }
    return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

/* Keys on a swap device outlive the process, so an unlocked keyring is only borne where the limit leaves no choice. */
static enum ward_status lock_pages(void *pages, size_t size)
{
    if (mlock(pages, size) == 0) {
        return WARD_OK;
    }
    int error = errno;
    bool is_limited = is_lock_limited(error);
    ward_log(is_limited ? WARD_LOG_WARN : WARD_LOG_ERROR, "keyring_not_locked", WARD_LOG_NUM("errno", error),
             WARD_LOG_NUM("bytes", size));
    return is_limited ? WARD_OK : WARD_UNAVAILABLE;
}

static void advise_pages(void *pages, size_t size)
{
    if (madvise(pages, size, MADV_DONTDUMP) != 0) {
        ward_log(WARD_LOG_WARN, "keyring_in_core_dumps", WARD_LOG_NUM("errno", errno));
    }
    if (madvise(pages, size, MADV_WIPEONFORK) != 0) {
        ward_log(WARD_LOG_WARN, "keyring_survives_fork", WARD_LOG_NUM("errno", errno));
    }
}

static enum ward_status map_pages(struct ward_keyring *keyring)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (sizeof(struct ward_key_pages) + page - 1) / page * page;
    void *mapping = ward_seam.map(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        return WARD_NO_MEMORY;
    }
    keyring->mapping = mapping;
    keyring->mapping_size = size + 2 * page;
    void *pages = keyring->mapping + page;
    if (mprotect(pages, size, PROT_READ | PROT_WRITE) != 0) {
        return WARD_NO_MEMORY;
    }
    advise_pages(pages, size);
    keyring->pages = pages;
    return lock_pages(pages, size);
}

/* ---- derivation ---- */

/* HKDF-SHA-256 without salt: the root key is random already (RFC 5869 3.1). With these parameters only memory can
 * fail. */
static enum ward_status derive(const struct ward_keyring *keyring, struct ward_span label, struct ward_span context,
                               uint8_t *ret, size_t size)
{
    char digest[] = "SHA256";
    uint8_t info[INFO_MAX];
    if (label.size + context.size > sizeof(info)) {
        return WARD_INTERNAL;
    }
    memcpy(info, label.data, label.size);
    if (context.size > 0) {
        memcpy(info + label.size, context.data, context.size);
    }
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, keyring->pages->root, WARD_ROOT_KEY_BYTES),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, label.size + context.size),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX *context_of_kdf = EVP_KDF_CTX_new(keyring->kdf);
    bool is_derived = context_of_kdf && EVP_KDF_derive(context_of_kdf, ret, size, parameters) == 1;
    EVP_KDF_CTX_free(context_of_kdf);
    return is_derived ? WARD_OK : WARD_NO_MEMORY;
}

enum ward_status ward_keyring_derive_data_key(const struct ward_keyring *keyring, const uint8_t epoch[WARD_EPOCH_BYTES],
                                              struct ward_data_key *ret)
{
    struct ward_span context = ward_span((const char *)epoch, WARD_EPOCH_BYTES);
    ret->is_set = false;
    enum ward_status status = derive(keyring, WARD_SPAN("ward data 1"), context, ret->key, sizeof(ret->key));
    if (status != WARD_OK) {
        return status;
    }
    memcpy(ret->epoch, epoch, WARD_EPOCH_BYTES);
    ret->is_set = true;
    return WARD_OK;
}

enum ward_status ward_keyring_draw_epoch(struct ward_keyring *keyring)
{
    uint8_t epoch[WARD_EPOCH_BYTES];
    enum ward_status status = ward_random(epoch, sizeof(epoch));
    if (status != WARD_OK) {
        return status;
    }
    status = ward_keyring_derive_data_key(keyring, epoch, &keyring->pages->current);
    if (status == WARD_OK) {
        keyring->seals = 0;
    }
    return status;
}

static enum ward_status derive_all(struct ward_keyring *keyring)
{
    struct ward_key_pages *pages = keyring->pages;
    enum ward_status status = derive(keyring, WARD_SPAN("ward lookup 1"), WARD_SPAN_NONE, pages->lookup,
                                     sizeof(pages->lookup));
    if (status == WARD_OK) {
        status = derive(keyring, WARD_SPAN("ward token 1"), WARD_SPAN_NONE, pages->token, sizeof(pages->token));
    }
    if (status == WARD_OK) {
        status = derive(keyring, WARD_SPAN("ward fingerprint 1"), WARD_SPAN_NONE, keyring->fingerprint,
                        sizeof(keyring->fingerprint));
    }
    return status == WARD_OK ? ward_keyring_draw_epoch(keyring) : status;
}

/* ---- opening and closing ---- */

static enum ward_status build(struct ward_keyring *keyring, const uint8_t root[WARD_ROOT_KEY_BYTES])
{
    keyring->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    keyring->kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    if (!keyring->cipher || !keyring->kdf) {
        return WARD_NO_MEMORY;
    }
    enum ward_status status = map_pages(keyring);
    if (status != WARD_OK) {
        return status;
    }
    memcpy(keyring->pages->root, root, WARD_ROOT_KEY_BYTES);
    keyring->pages->is_alive = true;
    return derive_all(keyring);
}

enum ward_status ward_keyring_from_bytes(const uint8_t root[WARD_ROOT_KEY_BYTES], struct ward_keyring **ret)
{
    struct ward_keyring *keyring = ward_alloc(sizeof(*keyring));
    if (!keyring) {
        return WARD_NO_MEMORY;
    }
    keyring->seals_max = WARD_SEALS_MAX;
    pthread_mutex_init(&keyring->mutex, NULL);
    enum ward_status status = build(keyring, root);
    if (status != WARD_OK) {
        ward_keyring_close(keyring);
        return status;
    }
    *ret = keyring;
    return WARD_OK;
}

enum ward_status ward_keyring_for_replica(const struct ward_keyring *keyring, struct ward_span name,
                                          struct ward_keyring **ret)
{
    if (name.size == 0 || name.size > WARD_KEYRING_NAME_MAX) {
        return WARD_INVALID;
    }
    if (!ward_keyring_is_alive(keyring)) {
        return WARD_UNAVAILABLE;
    }
    uint8_t root[WARD_ROOT_KEY_BYTES];
    enum ward_status status = derive(keyring, WARD_SPAN("ward replica 1"), name, root, sizeof(root));
    if (status == WARD_OK) {
        status = ward_keyring_from_bytes(root, ret);
    }
    explicit_bzero(root, sizeof(root));
    return status;
}

static bool is_zero(struct ward_span bytes)
{
    unsigned char all = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        all |= (unsigned char)bytes.data[i];
    }
    return all == 0;
}

enum ward_status ward_keyring_open(const char *path, struct ward_keyring **ret)
{
    WARD_BUFFER bytes = ward_buffer_new_secret(WARD_ROOT_KEY_BYTES);
    enum ward_status status = ward_file_read(path, true, &bytes);
    if (status != WARD_OK) {
        return status == WARD_TOO_LARGE ? WARD_INTEGRITY : status;
    }
    if (bytes.size != WARD_ROOT_KEY_BYTES || is_zero(ward_buffer_span(&bytes))) {
        return WARD_INTEGRITY;
    }
    return ward_keyring_from_bytes((const uint8_t *)bytes.data, ret);
}

void ward_keyring_close(struct ward_keyring *keyring)
{
    if (!keyring) {
        return;
    }
    if (keyring->pages) {
        explicit_bzero(keyring->pages, sizeof(*keyring->pages));
    }
    if (keyring->mapping) {
        munmap(keyring->mapping, keyring->mapping_size);
    }
    EVP_CIPHER_free(keyring->cipher);
    EVP_KDF_free(keyring->kdf);
    pthread_mutex_destroy(&keyring->mutex);
    ward_free(keyring);
}

void ward_keyring_fingerprint(const struct ward_keyring *keyring, uint8_t ret[WARD_FINGERPRINT_BYTES])
{
    memcpy(ret, keyring->fingerprint, WARD_FINGERPRINT_BYTES);
}
