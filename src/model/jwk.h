/*
 * A JWK as a project keeps it: a name, where it came from, its public text and its sealed private one. The format is
 * crypto/jwk.h's. Pure rules. Source: contracts/apinizer.md 7, 8; RFC 7517.
 */
#ifndef WARD_MODEL_JWK_H
#define WARD_MODEL_JWK_H

#include "model/account.h"
#include "model/object_id.h"
#include "model/object_name.h"

enum ward_jwk_source {
    WARD_JWK_SOURCE_URL,
    WARD_JWK_SOURCE_COPY_PASTE,
    WARD_JWK_SOURCE_CERTIFICATE,
    WARD_JWK_SOURCE_PUBLIC_KEY,
    WARD_JWK_SOURCE_PRIVATE_KEY,
    WARD_JWK_SOURCE_KEYSTORE,
    WARD_JWK_SOURCE_GENERATE
};
const char *ward_jwk_source_name(enum ward_jwk_source source); /* URL, COPY_PASTE … GENERATE */
bool ward_jwk_source_parse(struct ward_span name, enum ward_jwk_source *ret);
#define WARD_JWK_SOURCES "URL, COPY_PASTE, CERTIFICATE, PUBLIC_KEY, PRIVATE_KEY, KEYSTORE, GENERATE"

enum ward_jwk_type { WARD_JWK_RSA, WARD_JWK_EC, WARD_JWK_OCT, WARD_JWK_OKP };
const char *ward_jwk_type_name(enum ward_jwk_type type); /* RSA, EC, OCT, OKP */
bool ward_jwk_type_parse(struct ward_span name, enum ward_jwk_type *ret);

enum ward_jwk_use_type { WARD_JWK_USE_NONE, WARD_JWK_USE_SIGNATURE, WARD_JWK_USE_ENCRYPTION };
const char *ward_jwk_use_type_name(enum ward_jwk_use_type use); /* NULL for NONE, SIGNATURE, ENCRYPTION */
bool ward_jwk_use_type_parse(struct ward_span name, enum ward_jwk_use_type *ret);

#define WARD_JWK_KID_MAX  255   /* bytes */
#define WARD_JWK_TEXT_MAX 65536 /* bytes of one JWK, private members included */

struct ward_jwk {
    struct ward_object_id id;
    struct ward_uuid account_id; /* the project's */
    struct ward_uuid project_id;
    bool is_scope_active;         /* account and project; read together */
    struct ward_span name;        /* unique in the project, by its bytes */
    struct ward_span description; /* absent: null */
    enum ward_jwk_source source;
    struct ward_object_id source_id;             /* the key that it was made of; none: nothing to follow */
    struct ward_object_id source_environment_id; /* whose content it was made of; none without a source */
    struct ward_span source_url;                 /* absent: none */
    enum ward_jwk_type type;
    struct ward_span kid; /* absent: none */
    enum ward_jwk_use_type use;
    struct ward_span algorithm;    /* JOSE name: "RS256"; absent: none */
    struct ward_span public_json;  /* the JWK without private members; absent for OCT */
    struct ward_span sealed;       /* the JWK with its private members; absent for a public one */
    int64_t sealed_version;        /* the JWK's version with which it came: part of the seal's place */
    struct ward_span private_json; /* opened by the service where needed, else absent */
    int64_t not_before_ms;         /* WARD_TIME_NONE: none */
    int64_t expires_ms;
    struct ward_provenance provenance;
    int64_t version;
};

#endif
