/*
 * Sealing: AES-256-GCM under the data key of an epoch.
 *
 *   blob             = format (1) ‖ epoch (8) ‖ nonce (12) ‖ cipher text ‖ tag (16)
 *   associated data  = format ‖ epoch ‖ part(account) ‖ part(table) ‖ part(row) ‖ part(field) ‖ version (8)
 *   part(x)          = length of x (8) ‖ x; numbers big-endian
 *
 * The lengths keep the parts apart: "ab" in "c" is another place than "a" in "bc".
 */
#include <limits.h>

#include "base/seam.h"
#include "crypto/keyring.h"
#include "crypto/keyring_internal.h"

#define HEADER_BYTES (1 + WARD_EPOCH_BYTES + WARD_NONCE_BYTES)
#define BOUND_BYTES  (1 + WARD_EPOCH_BYTES) /* of the header; GCM binds the nonce itself */

_Static_assert(HEADER_BYTES + WARD_TAG_BYTES == WARD_SEAL_OVERHEAD_BYTES, "the header file names the overhead");

static void free_cipher_context(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}
#define OWNED_CONTEXT __attribute__((cleanup(free_cipher_context))) EVP_CIPHER_CTX *

static void wipe_data_key(struct ward_data_key *key)
{
    explicit_bzero(key, sizeof(*key));
}
#define WIPED_DATA_KEY __attribute__((cleanup(wipe_data_key))) struct ward_data_key

/* ---- which key ---- */

static enum ward_status take_sealing_key(struct ward_keyring *keyring, struct ward_data_key *ret)
{
    enum ward_status status = WARD_OK;
    pthread_mutex_lock(&keyring->mutex);
    /* A draw that failed leaves no key set, so that the next seal draws again. */
    if (keyring->seals >= keyring->seals_max || !keyring->pages->current.is_set) {
        status = ward_keyring_draw_epoch(keyring);
    }
    if (status == WARD_OK) {
        keyring->seals++;
        *ret = keyring->pages->current;
    }
    pthread_mutex_unlock(&keyring->mutex);
    return status;
}

static const struct ward_data_key *find_key(const struct ward_key_pages *pages, const uint8_t epoch[WARD_EPOCH_BYTES])
{
    if (pages->current.is_set && memcmp(pages->current.epoch, epoch, WARD_EPOCH_BYTES) == 0) {
        return &pages->current;
    }
    for (size_t i = 0; i < WARD_EPOCHS_CACHED; i++) {
        if (pages->others[i].is_set && memcmp(pages->others[i].epoch, epoch, WARD_EPOCH_BYTES) == 0) {
            return &pages->others[i];
        }
    }
    return NULL;
}

static enum ward_status take_opening_key(struct ward_keyring *keyring, const uint8_t epoch[WARD_EPOCH_BYTES],
                                         struct ward_data_key *ret)
{
    enum ward_status status = WARD_OK;
    pthread_mutex_lock(&keyring->mutex);
    const struct ward_data_key *found = find_key(keyring->pages, epoch);
    if (!found) {
        struct ward_data_key *slot = &keyring->pages->others[keyring->next_other];
        keyring->next_other = (keyring->next_other + 1) % WARD_EPOCHS_CACHED;
        status = ward_keyring_derive_data_key(keyring, epoch, slot);
        found = slot;
    }
    if (status == WARD_OK) {
        *ret = *found;
    }
    pthread_mutex_unlock(&keyring->mutex);
    return status;
}

/* ---- associated data ---- */

static void put_be64(uint8_t bytes[8], uint64_t number)
{
    for (int i = 7; i >= 0; i--) {
        bytes[i] = (uint8_t)number;
        number >>= 8;
    }
}

static bool bind_bytes(EVP_CIPHER_CTX *context, const void *bytes, size_t size)
{
    int bound;
    if (size == 0) {
        return true;
    }
    return size <= INT_MAX && EVP_CipherUpdate(context, NULL, &bound, bytes, (int)size) == 1;
}

/* A call of OpenSSL costs more than the few bytes it is given: small parts go together. */
struct bound {
    EVP_CIPHER_CTX *context;
    size_t size;
    bool is_well;
    uint8_t bytes[256];
};

static void flush_bound(struct bound *bound)
{
    bound->is_well = bound->is_well && bind_bytes(bound->context, bound->bytes, bound->size);
    bound->size = 0;
}

static void add_bytes(struct bound *bound, const void *bytes, size_t size)
{
    if (size > sizeof(bound->bytes) - bound->size) {
        flush_bound(bound);
    }
    if (size > sizeof(bound->bytes)) {
        bound->is_well = bound->is_well && bind_bytes(bound->context, bytes, size);
    } else if (size > 0) {
        memcpy(bound->bytes + bound->size, bytes, size);
        bound->size += size;
    }
}

static void add_part(struct bound *bound, struct ward_span part)
{
    uint8_t size[8];
    put_be64(size, part.size);
    add_bytes(bound, size, sizeof(size));
    add_bytes(bound, part.data, part.size);
}

static bool bind_place(EVP_CIPHER_CTX *context, const uint8_t *header, const struct ward_seal_place *place)
{
    struct bound bound;
    bound.context = context;
    bound.size = 0;
    bound.is_well = true;
    uint8_t version[8];
    put_be64(version, (uint64_t)place->version);
    add_bytes(&bound, header, BOUND_BYTES);
    add_part(&bound, place->account);
    add_part(&bound, ward_span_of(place->table));
    add_part(&bound, place->row);
    add_part(&bound, ward_span_of(place->field));
    add_bytes(&bound, version, sizeof(version));
    flush_bound(&bound);
    return bound.is_well;
}

/* Set up a context for one blob. With fixed algorithms and sizes only memory can fail. */
static bool begin(EVP_CIPHER_CTX *context, const struct ward_keyring *keyring, const struct ward_data_key *key,
                  const uint8_t *header, const struct ward_seal_place *place, bool is_sealing)
{
    const uint8_t *nonce = header + 1 + WARD_EPOCH_BYTES;
    return context && EVP_CipherInit_ex2(context, keyring->cipher, key->key, nonce, is_sealing, NULL) == 1 &&
           bind_place(context, header, place);
}

/* Cipher in to out; an empty text needs no call, and EVP would take NULL as associated data. */
static bool run(EVP_CIPHER_CTX *context, uint8_t *out, const void *in, size_t size)
{
    int written = 0;
    return size == 0 || (EVP_CipherUpdate(context, out, &written, in, (int)size) == 1 && (size_t)written == size);
}

static bool finish(EVP_CIPHER_CTX *context)
{
    uint8_t nothing[EVP_MAX_BLOCK_LENGTH];
    int written;
    return EVP_CipherFinal_ex(context, nothing, &written) == 1;
}

static enum ward_status reserve(struct ward_buffer *ret, size_t size, uint8_t **ret_to)
{
    *ret_to = (uint8_t *)ward_buffer_reserve(ret, size);
    return *ret_to ? WARD_OK : ret->status;
}

/* ---- the two operations ---- */

static bool seal_into(const struct ward_keyring *keyring, const struct ward_data_key *key,
                      const struct ward_seal_place *place, struct ward_span plain, uint8_t *blob)
{
    OWNED_CONTEXT context = EVP_CIPHER_CTX_new();
    uint8_t *text = blob + HEADER_BYTES;
    return begin(context, keyring, key, blob, place, true) && run(context, text, plain.data, plain.size) &&
           finish(context) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, WARD_TAG_BYTES, text + plain.size) == 1;
}

enum ward_status ward_seal(struct ward_keyring *keyring, const struct ward_seal_place *place, struct ward_span plain,
                           struct ward_buffer *ret)
{
    WIPED_DATA_KEY key;
    uint8_t header[HEADER_BYTES] = { WARD_SEAL_FORMAT };
    uint8_t *blob;
    if (plain.size > INT_MAX - WARD_SEAL_OVERHEAD_BYTES) {
        return WARD_TOO_LARGE;
    }
    if (!ward_keyring_is_alive(keyring) || ward_random(header + BOUND_BYTES, WARD_NONCE_BYTES) != WARD_OK) {
        return WARD_UNAVAILABLE;
    }
    enum ward_status status = take_sealing_key(keyring, &key);
    if (status == WARD_OK) {
        status = reserve(ret, plain.size + WARD_SEAL_OVERHEAD_BYTES, &blob);
    }
    if (status != WARD_OK) {
        return status;
    }
    memcpy(header + 1, key.epoch, WARD_EPOCH_BYTES);
    memcpy(blob, header, HEADER_BYTES);
    if (!seal_into(keyring, &key, place, plain, blob)) {
        return WARD_NO_MEMORY;
    }
    ret->size += plain.size + WARD_SEAL_OVERHEAD_BYTES;
    return WARD_OK;
}

static enum ward_status unseal_into(const struct ward_keyring *keyring, const struct ward_data_key *key,
                                    const struct ward_seal_place *place, const uint8_t *blob, size_t text_size,
                                    uint8_t *plain)
{
    OWNED_CONTEXT context = EVP_CIPHER_CTX_new();
    uint8_t tag[WARD_TAG_BYTES];
    memcpy(tag, blob + HEADER_BYTES + text_size, sizeof(tag));
    if (!begin(context, keyring, key, blob, place, false) ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, WARD_TAG_BYTES, tag) != 1) {
        return WARD_NO_MEMORY;
    }
    bool is_genuine = run(context, plain, blob + HEADER_BYTES, text_size) && finish(context);
    return is_genuine ? WARD_OK : WARD_INTEGRITY;
}

enum ward_status ward_unseal(struct ward_keyring *keyring, const struct ward_seal_place *place, struct ward_span blob,
                             struct ward_buffer *ret)
{
    WIPED_DATA_KEY key;
    const uint8_t *bytes = (const uint8_t *)blob.data;
    uint8_t *plain;
    if (!ward_keyring_is_alive(keyring)) {
        return WARD_UNAVAILABLE;
    }
    if (blob.size < WARD_SEAL_OVERHEAD_BYTES || blob.size > INT_MAX || bytes[0] != WARD_SEAL_FORMAT) {
        return WARD_INTEGRITY;
    }
    size_t text_size = blob.size - WARD_SEAL_OVERHEAD_BYTES;
    enum ward_status status = take_opening_key(keyring, bytes + 1, &key);
    if (status == WARD_OK) {
        status = reserve(ret, text_size, &plain);
    }
    if (status != WARD_OK) {
        return status;
    }
    status = unseal_into(keyring, &key, place, bytes, text_size, plain);
    if (status != WARD_OK) {
        explicit_bzero(plain, text_size); /* decrypted, but not by who holds the key: nobody may read it */
        return status;
    }
    ret->size += text_size;
    return WARD_OK;
}
