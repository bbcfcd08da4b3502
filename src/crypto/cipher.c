/* The ciphers, one row each. Single DES is Triple DES with three equal keys, so no retired provider is needed. */
#include "crypto/cipher.h"

#include <openssl/rsa.h>

#include "base/seam.h"
#include "crypto/material_internal.h"

enum { BLOCK_MAX = 16, SYMMETRIC_KEY_MAX = 32, DES_KEY = 8, PKCS1_OVERHEAD = 11 };

enum family { FAMILY_AES, FAMILY_DES, FAMILY_DESEDE, FAMILY_RSA };

static const struct cipher_row {
    const char *name;
    enum family family;
    bool is_cbc;
    bool is_padded;
    unsigned digest; /* OAEP's; 0: PKCS #1 v1.5 */
} rows[WARD_CIPHER_COUNT] = {
    [WARD_CIPHER_AES_CBC_NOPADDING] = { "AES/CBC/NoPadding", FAMILY_AES, true, false, 0 },
    [WARD_CIPHER_AES_CBC_PKCS5] = { "AES/CBC/PKCS5Padding", FAMILY_AES, true, true, 0 },
    [WARD_CIPHER_AES_ECB_NOPADDING] = { "AES/ECB/NoPadding", FAMILY_AES, false, false, 0 },
    [WARD_CIPHER_AES_ECB_PKCS5] = { "AES/ECB/PKCS5Padding", FAMILY_AES, false, true, 0 },
    [WARD_CIPHER_DES_CBC_NOPADDING] = { "DES/CBC/NoPadding", FAMILY_DES, true, false, 0 },
    [WARD_CIPHER_DES_CBC_PKCS5] = { "DES/CBC/PKCS5Padding", FAMILY_DES, true, true, 0 },
    [WARD_CIPHER_DES_ECB_NOPADDING] = { "DES/ECB/NoPadding", FAMILY_DES, false, false, 0 },
    [WARD_CIPHER_DES_ECB_PKCS5] = { "DES/ECB/PKCS5Padding", FAMILY_DES, false, true, 0 },
    [WARD_CIPHER_DESEDE_CBC_NOPADDING] = { "DESede/CBC/NoPadding", FAMILY_DESEDE, true, false, 0 },
    [WARD_CIPHER_DESEDE_CBC_PKCS5] = { "DESede/CBC/PKCS5Padding", FAMILY_DESEDE, true, true, 0 },
    [WARD_CIPHER_DESEDE_ECB_NOPADDING] = { "DESede/ECB/NoPadding", FAMILY_DESEDE, false, false, 0 },
    [WARD_CIPHER_DESEDE_ECB_PKCS5] = { "DESede/ECB/PKCS5Padding", FAMILY_DESEDE, false, true, 0 },
    [WARD_CIPHER_RSA_PKCS1] = { "RSA/ECB/PKCS1Padding", FAMILY_RSA, false, true, 0 },
    [WARD_CIPHER_RSA_OAEP_SHA1] = { "RSA/ECB/OAEPWithSHA-1AndMGF1Padding", FAMILY_RSA, false, true, 1 },
    [WARD_CIPHER_RSA_OAEP_SHA256] = { "RSA/ECB/OAEPWithSHA-256AndMGF1Padding", FAMILY_RSA, false, true, 256 },
};

const char *ward_cipher_name(enum ward_cipher cipher)
{
    return rows[cipher].name;
}

bool ward_cipher_parse(struct ward_span name, enum ward_cipher *ret)
{
    for (enum ward_cipher cipher = 0; cipher < WARD_CIPHER_COUNT; cipher++) {
        if (ward_span_equal(name, ward_span_of(rows[cipher].name))) {
            *ret = cipher;
            return true;
        }
    }
    return false;
}

static bool key_size_fits(enum family family, size_t bytes)
{
    switch (family) {
    case FAMILY_AES:
        return bytes == 16 || bytes == 24 || bytes == 32;
    case FAMILY_DES:
        return bytes == DES_KEY;
    case FAMILY_DESEDE:
        return bytes == 2 * DES_KEY || bytes == 3 * DES_KEY;
    case FAMILY_RSA:
        return false;
    }
    return false;
}

bool ward_cipher_key_size_fits(struct ward_span algorithm, size_t bytes)
{
    static const char *const names[] = { [FAMILY_AES] = "AES", [FAMILY_DES] = "DES", [FAMILY_DESEDE] = "DESede" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (ward_span_equal(algorithm, ward_span_of(names[i]))) {
            return key_size_fits((enum family)i, bytes);
        }
    }
    return false;
}

static enum ward_status refuse(enum ward_material_problem problem, enum ward_material_problem *ret_problem)
{
    *ret_problem = problem;
    return WARD_INVALID;
}

/* ---- symmetric ---- */

static void free_cipher(EVP_CIPHER **cipher)
{
    EVP_CIPHER_free(*cipher);
}
#define OWNED_CIPHER __attribute__((cleanup(free_cipher))) EVP_CIPHER *

static void free_cipher_context(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}
#define OWNED_CONTEXT __attribute__((cleanup(free_cipher_context))) EVP_CIPHER_CTX *

static EVP_CIPHER *fetch_cipher(const struct cipher_row *row, size_t key_bytes)
{
    const char *name = row->family != FAMILY_AES ? (row->is_cbc ? "DES-EDE3-CBC" : "DES-EDE3-ECB")
                       : key_bytes == 16         ? (row->is_cbc ? "AES-128-CBC" : "AES-128-ECB")
                       : key_bytes == 24         ? (row->is_cbc ? "AES-192-CBC" : "AES-192-ECB")
                                                 : (row->is_cbc ? "AES-256-CBC" : "AES-256-ECB");
    return EVP_CIPHER_fetch(NULL, name, NULL);
}

/* Two keys of Triple DES are K1, K2, K1; one key is taken three times. */
static void lay_out_key(const struct cipher_row *row, const struct ward_material *material,
                        uint8_t ret[SYMMETRIC_KEY_MAX])
{
    size_t size = material->octet_count;
    memcpy(ret, material->octets, size);
    if (row->family == FAMILY_DES) {
        memcpy(ret + DES_KEY, material->octets, DES_KEY);
    }
    if (row->family != FAMILY_AES && size < 3 * DES_KEY) {
        memcpy(ret + 2 * DES_KEY, material->octets, DES_KEY);
    }
}

static size_t block_size(const struct cipher_row *row)
{
    return row->family == FAMILY_AES ? 16 : 8;
}

struct work {
    const struct cipher_row *row;
    const struct ward_material *material;
    bool is_encrypting;
    struct ward_span iv; /* absent with ECB */
    struct ward_span data;
};

static enum ward_status run(const struct work *work, struct ward_buffer *ret, enum ward_material_problem *ret_problem)
{
    uint8_t key[SYMMETRIC_KEY_MAX];
    int first = 0;
    int last = 0;
    OWNED_CIPHER cipher = fetch_cipher(work->row, work->material->octet_count);
    OWNED_CONTEXT context = cipher ? EVP_CIPHER_CTX_new() : NULL;
    if (!context) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    uint8_t *to = (uint8_t *)ward_buffer_reserve(ret, work->data.size + BLOCK_MAX);
    if (!to) {
        return ret->status;
    }
    lay_out_key(work->row, work->material, key);
    int is_begun = EVP_CipherInit_ex2(context, cipher, key, ward_bytes(work->iv), work->is_encrypting, NULL);
    explicit_bzero(key, sizeof(key));
    if (is_begun != 1 || EVP_CIPHER_CTX_set_padding(context, work->row->is_padded) != 1 ||
        EVP_CipherUpdate(context, to, &first, ward_bytes(work->data), (int)work->data.size) != 1) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    if (EVP_CipherFinal_ex(context, to + first, &last) != 1) {
        explicit_bzero(to, work->data.size + BLOCK_MAX);
        *ret_problem = WARD_MATERIAL_DECRYPTION;
        return ward_openssl_status(WARD_INVALID);
    }
    ret->size += (size_t)first + (size_t)last;
    return WARD_OK;
}

static enum ward_material_problem check_symmetric(const struct work *work)
{
    size_t block = block_size(work->row);
    if (work->material->type != WARD_MATERIAL_OCT) {
        return WARD_MATERIAL_ALGORITHM_TYPE;
    }
    if (!key_size_fits(work->row->family, work->material->octet_count)) {
        return WARD_MATERIAL_ALGORITHM_SIZE;
    }
    if (work->iv.data && (!work->row->is_cbc || work->iv.size != block)) {
        return WARD_MATERIAL_IV_SIZE;
    }
    return WARD_MATERIAL_NONE;
}

static enum ward_material_problem check_data(const struct work *work)
{
    bool wants_blocks = !work->is_encrypting || !work->row->is_padded;
    bool is_empty_padded = !work->is_encrypting && work->row->is_padded && work->data.size == 0;
    bool is_bad = (wants_blocks && work->data.size % block_size(work->row) != 0) || is_empty_padded;
    return is_bad ? WARD_MATERIAL_DATA_SIZE : WARD_MATERIAL_NONE;
}

static enum ward_status encrypt_symmetric(const struct work *given, struct ward_buffer *ret,
                                          enum ward_material_problem *ret_problem)
{
    uint8_t drawn[BLOCK_MAX];
    struct work work = *given;
    enum ward_material_problem problem = check_data(&work);
    if (problem != WARD_MATERIAL_NONE) {
        return refuse(problem, ret_problem);
    }
    if (work.row->is_cbc && !work.iv.data) {
        enum ward_status status = ward_random(drawn, sizeof(drawn));
        if (status != WARD_OK) {
            return status;
        }
        work.iv = ward_span((const char *)drawn, block_size(work.row));
        ward_buffer_append(ret, work.iv);
    }
    return run(&work, ret, ret_problem);
}

static enum ward_status decrypt_symmetric(const struct work *given, struct ward_buffer *ret,
                                          enum ward_material_problem *ret_problem)
{
    struct work work = *given;
    size_t block = block_size(work.row);
    if (work.row->is_cbc && !work.iv.data) {
        if (work.data.size < block) {
            return refuse(WARD_MATERIAL_DATA_SIZE, ret_problem);
        }
        work.iv = ward_span(work.data.data, block);
        work.data = ward_span(work.data.data + block, work.data.size - block);
    }
    enum ward_material_problem problem = check_data(&work);
    return problem == WARD_MATERIAL_NONE ? run(&work, ret, ret_problem) : refuse(problem, ret_problem);
}

/* ---- RSA ---- */

static bool prepare_rsa(const struct work *work, EVP_PKEY_CTX *context)
{
    int is_begun = work->is_encrypting ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context);
    if (is_begun != 1) {
        return false;
    }
    if (work->row->digest == 0) {
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    }
    const EVP_MD *digest = ward_digest(work->row->digest);
    return digest && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, digest) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1;
}

static enum ward_material_problem check_rsa(const struct work *work)
{
    if (work->material->type != WARD_MATERIAL_RSA) {
        return WARD_MATERIAL_ALGORITHM_TYPE;
    }
    size_t size = (work->material->bits + 7) / 8;
    if (!work->is_encrypting) {
        return work->material->half != WARD_MATERIAL_PRIVATE ? WARD_MATERIAL_NOT_PRIVATE
               : work->data.size != size                     ? WARD_MATERIAL_DATA_SIZE
                                                             : WARD_MATERIAL_NONE;
    }
    size_t hash = work->row->digest == 1 ? 20 : work->row->digest / 8;
    size_t overhead = work->row->digest == 0 ? PKCS1_OVERHEAD : 2 * hash + 2; /* RFC 8017 7.2.1, 7.1.1 */
    return work->data.size > size - overhead ? WARD_MATERIAL_DATA_SIZE : WARD_MATERIAL_NONE;
}

static enum ward_status run_rsa(const struct work *work, struct ward_buffer *ret,
                                enum ward_material_problem *ret_problem)
{
    enum ward_material_problem problem = check_rsa(work);
    if (problem != WARD_MATERIAL_NONE) {
        return refuse(problem, ret_problem);
    }
    WARD_KEY_CONTEXT context = EVP_PKEY_CTX_new_from_pkey(NULL, work->material->key, NULL);
    if (!context || !prepare_rsa(work, context)) {
        return ward_openssl_status(WARD_NO_MEMORY);
    }
    uint8_t made[WARD_RSA_BYTES_MAX];
    size_t size = sizeof(made);
    int is_done = work->is_encrypting ? EVP_PKEY_encrypt(context, made, &size, ward_bytes(work->data), work->data.size)
                                      : EVP_PKEY_decrypt(context, made, &size, ward_bytes(work->data), work->data.size);
    enum ward_status status = WARD_OK;
    if (is_done == 1) {
        ward_buffer_append(ret, ward_span((const char *)made, size));
        status = ret->status;
    } else {
        *ret_problem = WARD_MATERIAL_DECRYPTION;
        status = ward_openssl_status(work->is_encrypting ? WARD_INTERNAL : WARD_INVALID);
    }
    explicit_bzero(made, sizeof(made));
    return status;
}

/* ---- both ---- */

static enum ward_status work_on(const struct work *work, struct ward_buffer *ret,
                                enum ward_material_problem *ret_problem)
{
    if (work->data.size > WARD_CIPHER_DATA_MAX) {
        return refuse(WARD_MATERIAL_DATA_SIZE, ret_problem);
    }
    if (work->row->family == FAMILY_RSA) {
        return work->iv.data ? refuse(WARD_MATERIAL_IV_SIZE, ret_problem) : run_rsa(work, ret, ret_problem);
    }
    enum ward_material_problem problem = check_symmetric(work);
    if (problem != WARD_MATERIAL_NONE) {
        return refuse(problem, ret_problem);
    }
    return work->is_encrypting ? encrypt_symmetric(work, ret, ret_problem) : decrypt_symmetric(work, ret, ret_problem);
}

static enum ward_status work_whole(const struct work *work, struct ward_buffer *ret,
                                   enum ward_material_problem *ret_problem)
{
    size_t before = ret->size;
    enum ward_status status = work_on(work, ret, ret_problem);
    if (status == WARD_OK) {
        status = ret->status;
    }
    if (status != WARD_OK) {
        ret->size = before;
    }
    return status;
}

enum ward_status ward_cipher_encrypt(enum ward_cipher cipher, const struct ward_material *material, struct ward_span iv,
                                     struct ward_span plain, struct ward_buffer *ret,
                                     enum ward_material_problem *ret_problem)
{
    struct work work = { &rows[cipher], material, true, iv, plain };
    return work_whole(&work, ret, ret_problem);
}

enum ward_status ward_cipher_decrypt(enum ward_cipher cipher, const struct ward_material *material, struct ward_span iv,
                                     struct ward_span data, struct ward_buffer *ret,
                                     enum ward_material_problem *ret_problem)
{
    struct work work = { &rows[cipher], material, false, iv, data };
    return work_whole(&work, ret, ret_problem);
}
