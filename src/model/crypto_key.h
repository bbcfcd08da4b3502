/*
 * A cryptographic key: one name, one content per environment. Apinizer calls it CryptoKeyInfo. What a content is is
 * known in crypto/material.h; here are the names and limits. Pure rules. Source: contracts/apinizer.md 6, 10.
 */
#ifndef WARD_MODEL_CRYPTO_KEY_H
#define WARD_MODEL_CRYPTO_KEY_H

#include "model/account.h"
#include "model/object_id.h"
#include "model/object_name.h"

enum ward_key_type { WARD_KEY_SECRET, WARD_KEY_PRIVATE, WARD_KEY_PUBLIC };
const char *ward_key_type_name(enum ward_key_type type); /* SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY */
bool ward_key_type_parse(struct ward_span name, enum ward_key_type *ret);
#define WARD_KEY_TYPES "SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY"

enum ward_key_algorithm {
    WARD_KEY_ALGORITHM_NONE,
    WARD_KEY_ALGORITHM_AES,
    WARD_KEY_ALGORITHM_DES,
    WARD_KEY_ALGORITHM_DESEDE,
    WARD_KEY_ALGORITHM_RSA
};
const char *ward_key_algorithm_name(enum ward_key_algorithm algorithm); /* NULL for NONE; AES, DES, DESede, RSA */
bool ward_key_algorithm_parse(struct ward_span name, enum ward_key_algorithm *ret);
/** The same without regard to case: file imports only. */
bool ward_key_algorithm_parse_nocase(struct ward_span name, enum ward_key_algorithm *ret);
#define WARD_KEY_ALGORITHMS  "AES, DES, DESede, RSA"

#define WARD_KEY_CONTENT_MAX 65536 /* bytes as sent */
#define WARD_KEY_STORED_MAX  98304 /* bytes as stored: a PEM text is a third longer than its DER */
#define WARD_KEY_ENTRIES_MAX 256
#define WARD_KEY_ALIAS_MAX   255 /* bytes */

/** What a key is in one environment. */
struct ward_crypto_key_entry {
    struct ward_object_id environment_id;
    struct ward_span environment_name; /* read together; not stored here */
    struct ward_span alias;            /* absent: none */
    struct ward_span sealed;           /* the content: PEM text, or the text as it came */
    int64_t content_version;           /* the key's version with which the content came: part of the seal's place */
    bool is_material;                  /* a key that was recognised: may be a JWK's source */
    struct ward_span content;          /* opened by the service where needed, else absent */
};

struct ward_crypto_key {
    struct ward_object_id id;
    struct ward_uuid account_id; /* the project's, which never moves */
    struct ward_uuid project_id;
    bool is_scope_active;         /* account and project; read together */
    struct ward_span name;        /* unique in the project, by its bytes */
    struct ward_span description; /* absent: null */
    enum ward_key_type type;
    enum ward_key_algorithm algorithm;
    const struct ward_crypto_key_entry *entries; /* in order of the environments' names */
    size_t entry_count;
    struct ward_provenance provenance;
    int64_t version;
};

/** The entry of an environment, or NULL. */
const struct ward_crypto_key_entry *ward_crypto_key_entry_of(const struct ward_crypto_key *key,
                                                             const struct ward_object_id *environment);

#endif
