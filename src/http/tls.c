/*
 * The certificate of the TLS listeners. It is picked by a callback at each handshake, so a reload swaps it without a
 * restart. A pair that was in use stays in memory until the server stops, because a session may still point to it.
 */
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/seam.h"
#include "http/internal.h"

enum { PEM_MAX = 256 * 1024, CHAIN_MAX = 16, RSA_BITS_MIN = 2048, KEY_ID_BYTES = 64, WHY = 256 };

struct pair {
    struct pair *older;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned chain_length;
    gnutls_privkey_t key;
};

struct ward_http_tls {
    char *certificate_path;
    char *private_key_path;
    _Atomic(struct pair *) current;
};

/* security.md 2, TLS */
const char *ward_http_tls_priorities(void)
{
    return "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:"
           "+AEAD:+SHA256:+SHA384:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+SIGN-ALL:-SIGN-RSA-SHA1:"
           "-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1:+COMP-NULL:+CTYPE-X509:%SERVER_PRECEDENCE:%NO_TICKETS:%SAFE_RENEGOTIATION";
}

static enum ward_status fail(char why[WHY], enum ward_status status, const char *path, const char *sentence)
{
    snprintf(why, WHY, "%.150s: %s", path, sentence);
    return status;
}

static void pair_free(struct pair *pair)
{
    if (!pair) {
        return;
    }
    for (unsigned i = 0; i < pair->chain_length; i++) {
        gnutls_pcert_deinit(&pair->chain[i]);
    }
    if (pair->key) {
        gnutls_privkey_deinit(pair->key);
    }
    ward_free(pair);
}

static void free_pair(struct pair **pair)
{
    pair_free(*pair);
}

/* Certificates are often links into a store of versions: the file behind them is what must be regular and private. */
static enum ward_status read_pem(const char *path, bool is_private, struct ward_buffer *ret, char why[WHY])
{
    char real[PATH_MAX];
    if (!realpath(path, real)) {
        return fail(why, WARD_INVALID, path, "the file does not exist or cannot be reached");
    }
    switch (ward_file_read(real, is_private, ret)) {
    case WARD_OK:
        return WARD_OK;
    case WARD_FORBIDDEN:
        return fail(why, WARD_INVALID, path,
                    is_private ? "a private key must be a regular file that only its owner may read (chmod 600)"
                               : "it is not a regular file");
    case WARD_TOO_LARGE:
        return fail(why, WARD_INVALID, path, "the file is too large for a certificate or key");
    default:
        return fail(why, WARD_IO, path, "the file cannot be read");
    }
}

static gnutls_datum_t datum_of(const struct ward_buffer *buffer)
{
    return (gnutls_datum_t){ (unsigned char *)buffer->data, (unsigned)buffer->size };
}

static enum ward_status load_chain(const char *path, struct pair *pair, char why[WHY])
{
    WARD_BUFFER pem = ward_buffer_new(PEM_MAX);
    enum ward_status status = read_pem(path, false, &pem, why);
    if (status != WARD_OK) {
        return status;
    }
    gnutls_datum_t datum = datum_of(&pem);
    unsigned count = CHAIN_MAX;
    if (gnutls_pcert_list_import_x509_raw(pair->chain, &count, &datum, GNUTLS_X509_FMT_PEM,
                                          GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED) != 0 ||
        count == 0) {
        return fail(why, WARD_INVALID, path, "it holds no PEM certificate chain in order (server certificate first)");
    }
    pair->chain_length = count;
    unsigned bits = 0;
    if (gnutls_pubkey_get_pk_algorithm(pair->chain[0].pubkey, &bits) == GNUTLS_PK_RSA && bits < RSA_BITS_MIN) {
        return fail(why, WARD_INVALID, path, "its RSA key is shorter than 2048 bits");
    }
    return WARD_OK;
}

static enum ward_status load_key(const char *path, struct pair *pair, char why[WHY])
{
    WARD_BUFFER pem = ward_buffer_new_secret(PEM_MAX);
    enum ward_status status = read_pem(path, true, &pem, why);
    if (status != WARD_OK) {
        return status;
    }
    gnutls_datum_t datum = datum_of(&pem);
    if (gnutls_privkey_init(&pair->key) != 0) {
        return fail(why, WARD_NO_MEMORY, path, "out of memory");
    }
    if (gnutls_privkey_import_x509_raw(pair->key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0) != 0) {
        return fail(why, WARD_INVALID, path, "it holds no PEM private key that can be read without a passphrase");
    }
    return WARD_OK;
}

static bool key_id(gnutls_pubkey_t key, unsigned char id[KEY_ID_BYTES], size_t *ret_size)
{
    *ret_size = KEY_ID_BYTES;
    return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id, ret_size) == 0;
}

static bool belongs_together(const struct pair *pair)
{
    gnutls_pubkey_t key;
    if (gnutls_pubkey_init(&key) != 0) {
        return false;
    }
    unsigned char ids[2][KEY_ID_BYTES];
    size_t sizes[2];
    bool is_pair = gnutls_pubkey_import_privkey(key, pair->key, 0, 0) == 0 && key_id(key, ids[0], &sizes[0]) &&
                   key_id(pair->chain[0].pubkey, ids[1], &sizes[1]) && sizes[0] == sizes[1] &&
                   memcmp(ids[0], ids[1], sizes[0]) == 0;
    gnutls_pubkey_deinit(key);
    return is_pair;
}

enum ward_status ward_http_tls_reload(struct ward_http_tls *tls, char why[256])
{
    __attribute__((cleanup(free_pair))) struct pair *pair = ward_alloc(sizeof(*pair));
    if (!pair) {
        return fail(why, WARD_NO_MEMORY, tls->certificate_path, "out of memory");
    }
    enum ward_status status = load_chain(tls->certificate_path, pair, why);
    if (status == WARD_OK) {
        status = load_key(tls->private_key_path, pair, why);
    }
    if (status != WARD_OK) {
        return status;
    }
    if (!belongs_together(pair)) {
        return fail(why, WARD_INVALID, tls->certificate_path, "the private key is not the one of this certificate");
    }
    pair->older = atomic_load(&tls->current);
    atomic_store(&tls->current, pair);
    pair = NULL;
    return WARD_OK;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = ward_alloc(size);
    if (copy) {
        memcpy(copy, text, size);
    }
    return copy;
}

enum ward_status ward_http_tls_new(const char *certificate_path, const char *private_key_path,
                                   struct ward_http_tls **ret, char why[256])
{
    if (!certificate_path || !private_key_path) {
        snprintf(why, WHY, "a TLS listener needs a certificate and a private key");
        return WARD_INVALID;
    }
    struct ward_http_tls *tls = ward_alloc(sizeof(*tls));
    if (!tls) {
        snprintf(why, WHY, "out of memory");
        return WARD_NO_MEMORY;
    }
    tls->certificate_path = copy_text(certificate_path);
    tls->private_key_path = copy_text(private_key_path);
    enum ward_status status = WARD_NO_MEMORY;
    if (tls->certificate_path && tls->private_key_path) {
        status = ward_http_tls_reload(tls, why);
    }
    if (status != WARD_OK) {
        ward_http_tls_free(tls);
        return status;
    }
    *ret = tls;
    return WARD_OK;
}

void ward_http_tls_free(struct ward_http_tls *tls)
{
    if (!tls) {
        return;
    }
    struct pair *pair = atomic_load(&tls->current);
    while (pair) {
        struct pair *older = pair->older;
        pair_free(pair);
        pair = older;
    }
    ward_free(tls->certificate_path);
    ward_free(tls->private_key_path);
    ward_free(tls);
}

static int pick(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **ret_chain,
                unsigned *ret_length, gnutls_privkey_t *ret_key)
{
    (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    /* libmicrohttpd keeps its connection in the session. */
    const union MHD_ConnectionInfo *context = MHD_get_connection_info(gnutls_session_get_ptr(session),
                                                                      MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const struct ward_http_connection *connection = context ? context->socket_context : NULL;
    if (!connection || !connection->server->tls) {
        return -1;
    }
    struct pair *pair = atomic_load(&connection->server->tls->current);
    *ret_chain = pair->chain;
    *ret_length = pair->chain_length;
    *ret_key = pair->key;
    return 0;
}

gnutls_certificate_retrieve_function2 *ward_http_tls_callback(void)
{
    return pick;
}
