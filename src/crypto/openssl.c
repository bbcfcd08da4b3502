/* What is fetched from OpenSSL once, and how its errors are read. */
#include <openssl/err.h>

#include "crypto/material_internal.h"

/* Fetched by the first caller and kept until the process ends. A failed fetch is tried again by the next call. */
const EVP_MD *ward_digest(unsigned bits)
{
    static const char *const names[] = { "SHA1", "SHA256", "SHA384", "SHA512" };
    static EVP_MD *shared[sizeof(names) / sizeof(names[0])];
    size_t i = bits == 512 ? 3 : bits == 384 ? 2 : bits == 256 ? 1 : 0;
    EVP_MD *kept = __atomic_load_n(&shared[i], __ATOMIC_ACQUIRE);
    if (kept) {
        return kept;
    }
    EVP_MD *fetched = EVP_MD_fetch(NULL, names[i], NULL);
    if (!fetched) {
        return NULL;
    }
    if (!__atomic_compare_exchange_n(&shared[i], &kept, fetched, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        EVP_MD_free(fetched); /* another thread was first */
        return kept;
    }
    return fetched;
}

enum ward_status ward_openssl_status(enum ward_status otherwise)
{
    enum ward_status status = otherwise;
    unsigned long error;
    while ((error = ERR_get_error()) != 0) {
        if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) {
            status = WARD_NO_MEMORY;
        }
    }
    return status;
}
