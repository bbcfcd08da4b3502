/*
 * The use cases of keys, JWKs and API proxies: what the Apinizer surface serves. Objects are named as the wire names
 * them, by project name and object name; enumerations and environment names come as they were sent.
 *
 * Order of every use case: the project (WARD_NOT_FOUND, also when it lies outside the operator's scope) → the right
 * (WARD_FORBIDDEN) → the object named in the path (WARD_NOT_FOUND) → the input (WARD_INVALID, WARD_CONFLICT) → every
 * other right that the change needs (WARD_FORBIDDEN: deployment, other projects touched) → one transaction →
 * deployment. call->refused says why, for every refusal that the caller can act on; a refused call changes nothing. A
 * deployment that fails refuses nothing: call->deployment says so.
 *
 * Results live in call->pool; what is passed to visit
 * is borrowed for the call. Lists run by name, in byte order, from behind `after` (absent: from the first), at most max
 * rows (SIZE_MAX: all). Threads: any but an event thread: parsing and making keys takes milliseconds, a URL seconds.
 * Source:  contracts/apinizer.md 3, 4.3, 6, 7, 8, 10, 11.
 */
#ifndef WARD_SERVICE_SECRETS_H
#define WARD_SERVICE_SECRETS_H

#include "service/service.h"

struct ward_deployment; /* service/deployer.h */

/** Why a call was refused: one code for each text of contracts/apinizer.md 4.3 and 8, in service/secrets.def. */
enum ward_secrets_refusal {
#define WARD_SECRETS_REFUSAL(name, status, text) WARD_REFUSED_##name,
#include "service/secrets.def"
#undef WARD_SECRETS_REFUSAL
    WARD_REFUSED_COUNT
};

struct ward_secrets_refused {
    enum ward_secrets_refusal reason;
    struct ward_span name;   /* the first {} of the text: the name or value it is about */
    struct ward_span detail; /* the second one */
    struct ward_span more;   /* the third one */
};

/** The text of a reason with {} for what is filled in; the first one is name, then detail, then
 * more. */
const char *ward_secrets_refusal_text(enum ward_secrets_refusal reason);
/** The status that goes with it; the surface may have another one for its wire. */
enum ward_status ward_secrets_refusal_status(enum ward_secrets_refusal reason);
/** The whole sentence, filled in. ret: a buffer with room for names of 8 KiB. */
void ward_secrets_refused_write(const struct ward_secrets_refused *refused, struct ward_buffer *ret);

/** What a surface may ask for beyond the seed's rules. */
struct ward_secrets_rules {
    bool needs_algorithm;   /* a SECRET_KEY without an algorithm is refused ("current" profile) */
    bool is_content_strict; /* content that is no known key is refused when it is written */
    bool is_pair_unique;    /* a publicKey of another proxy is refused */
};

/** The call's surroundings, the same for all. */
struct ward_secrets_call {
    struct ward_service *service;
    const struct ward_operator *who;
    struct ward_pool *pool;
    struct ward_span project; /* by name, as decoded from the path */
    struct ward_secrets_rules rules;

    struct ward_secrets_refused refused;
    struct ward_receipt receipt;              /* of a write that succeeded */
    const struct ward_deployment *deployment; /* of a write that deploys; NULL: there was nothing to deploy */
};

/** Find a project by its name as the operator sees it. */
enum ward_status ward_service_secrets_project(struct ward_secrets_call *call, struct ward_project *ret) WARD_MUST_USE;

/* ---- keys (contracts/apinizer.md 6). Reads: any right in the project; writes: SECRETS:MANAGE, and
 * SECRETS:DEPLOY_UNDEPLOY when an environment is touched; files: SECRETS:EXPORT_IMPORT. ---- */

struct ward_key_entry_view {
    struct ward_span environment_id, environment_name;
    struct ward_span alias; /* absent: null */
};

struct ward_crypto_key_view {
    struct ward_span id, name, project_id;
    struct ward_span description; /* absent: null */
    const char *key_type;         /* SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY */
    const char *algorithm;        /* NULL: null */
    size_t entry_count;
    const struct ward_key_entry_view *entries; /* by environment name */
};
typedef enum ward_status (*ward_crypto_key_view_visit)(const struct ward_crypto_key_view *key, void *arg);

/** One member of cryptoKeyInfoEnvironmentList. */
struct ward_key_entry_input {
    struct ward_span environment; /* name; absent: not sent or null */
    struct ward_span content;     /* absent: not sent or null */
    bool has_alias;
    struct ward_span alias; /* absent: null, clears */
};

/** What creating and updating take. Members that were not sent, or sent as null: has_x false. */
struct ward_crypto_key_input {
    bool has_name, has_description, has_key_type, has_algorithm, has_entries;
    struct ward_span name, description, key_type, algorithm;
    const struct ward_key_entry_input *entries;
    size_t entry_count;
    struct ward_secrets_refused body; /* what the surface found wrong with the body: refused when its turn comes */
};

enum ward_status ward_service_crypto_key_list(struct ward_secrets_call *call, struct ward_span after, size_t max,
                                              ward_crypto_key_view_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_service_crypto_key_get(struct ward_secrets_call *call, struct ward_span key,
                                             struct ward_crypto_key_view *ret) WARD_MUST_USE;
enum ward_status ward_service_crypto_key_create(struct ward_secrets_call *call,
                                                const struct ward_crypto_key_input *input) WARD_MUST_USE;

/** The query of an update or removal as it came; absent or "": not sent. */
struct ward_jwk_choice {
    struct ward_span action;     /* jwkUpdateAction: NULLIFY, UPDATE; jwkDeleteAction: NULLIFY, DELETE */
    struct ward_span scope;      /* updateScope: SAME_PROJECT, ALL_PROJECTS */
    struct ward_span referenced; /* updateReferencedJwks: true, false; obeyed when action is not sent */
};
enum ward_status ward_service_crypto_key_update(struct ward_secrets_call *call, struct ward_span key,
                                                const struct ward_jwk_choice *choice,
                                                const struct ward_crypto_key_input *input) WARD_MUST_USE;
enum ward_status ward_service_crypto_key_delete(struct ward_secrets_call *call, struct ward_span key,
                                                const struct ward_jwk_choice *choice) WARD_MUST_USE;

/**
 * Make a key of files, or (overrides) merge them into one that is there: an environment is never dropped.
 *
 * Shape:   input as above, every entry with its content; algorithm in any case of letters. skips_unknown (archives):
 *          entries of unknown environments are left out and named in *ret_skipped.
 */
struct ward_key_import {
    struct ward_crypto_key_input key;
    bool overrides, skips_unknown;
    const struct ward_span *skipped; /* set: environment names that were left out */
    size_t skipped_count;
};
enum ward_status ward_service_crypto_key_import(struct ward_secrets_call *call,
                                                struct ward_key_import *import) WARD_MUST_USE;

/** The stored content of one environment (has_environment), or of all. Audited. */
struct ward_key_export_entry {
    struct ward_span environment_name, content;
};
struct ward_key_export {
    struct ward_span name;
    size_t entry_count; /* at least one */
    const struct ward_key_export_entry *entries;
};
enum ward_status ward_service_crypto_key_export(struct ward_secrets_call *call, struct ward_span key,
                                                bool has_environment, struct ward_span environment,
                                                struct ward_key_export *ret) WARD_MUST_USE;

/* ---- JWKs (contracts/apinizer.md 7, 8) ---- */

struct ward_jwk_view {
    struct ward_span id, name, project_id;
    struct ward_span description; /* absent: null */
    const char *source_type;      /* URL, COPY_PASTE, … */
    struct ward_span source_id;   /* absent: null */
    struct ward_span source_url;  /* absent: null */
    const char *type;             /* RSA, EC, OCT, OKP */
    struct ward_span kid;
    const char *use;                   /* SIGNATURE, ENCRYPTION; NULL: not known */
    const char *algorithm;             /* JOSE's name; NULL: not known */
    int64_t not_before_ms, expires_ms; /* WARD_TIME_NONE: none */
    struct ward_span material;         /* the JWK as JSON: public members, or private ones too (has_private) */
    bool has_private;
};
typedef enum ward_status (*ward_jwk_view_visit)(const struct ward_jwk_view *jwk, void *arg);

/** Views of a list come without material. */
enum ward_status ward_service_jwk_list(struct ward_secrets_call *call, struct ward_span after, size_t max,
                                       ward_jwk_view_visit visit, void *arg) WARD_MUST_USE;
/** Private members for who may SECRETS:EXPORT_IMPORT only. */
enum ward_status ward_service_jwk_get(struct ward_secrets_call *call, struct ward_span jwk,
                                      struct ward_jwk_view *ret) WARD_MUST_USE;

/** What creating takes: every member as it was sent, absent when it was not or was null. */
struct ward_jwk_input {
    struct ward_span name, description, source_type;
    struct ward_span url;                              /* URL */
    int64_t connect_timeout_ms, read_timeout_ms, size; /* URL; 0: not sent; above Ward's own limits: those */
    struct ward_span jwk;                              /* COPY_PASTE: JSON text of a JWK or JWK Set */
    struct ward_span kid;                              /* URL, COPY_PASTE */
    struct ward_span key_name, environment_name; /* PUBLIC_KEY, PRIVATE_KEY; environment: all but URL, COPY_PASTE */
    struct ward_span use, algorithm;             /* keys, certificates, keystores */
    struct ward_span certificate_name, keystore_name, alias_name;
    struct ward_secrets_refused body;
};
/** POST /jwks/. Certificates and keystores are refused (SOURCE_NOT_SERVED): there are none yet. */
enum ward_status ward_service_jwk_create(struct ward_secrets_call *call,
                                         const struct ward_jwk_input *input) WARD_MUST_USE;
/** parse-from-{url,clipboard,key}: the source type follows from the route; with "key", from the key's own type. */
enum ward_jwk_route {
    WARD_JWK_FROM_URL,
    WARD_JWK_FROM_CLIPBOARD,
    WARD_JWK_FROM_KEY,
    WARD_JWK_FROM_CERTIFICATE,
    WARD_JWK_FROM_KEYSTORE
};
enum ward_status ward_service_jwk_parse(struct ward_secrets_call *call, enum ward_jwk_route route,
                                        const struct ward_jwk_input *input) WARD_MUST_USE;

/** What generating takes; the members of the object for the type. Names as 8.3 has them. */
struct ward_jwk_generate_input {
    struct ward_span name, description, type, kid;
    bool has_parameters; /* the object for the type was sent */
    int64_t key_size;    /* rsa, oct; 0: not sent */
    struct ward_span curve, use, algorithm, key_id_type;
    int64_t not_before_ms, expires_ms; /* WARD_TIME_NONE: not sent */
    struct ward_secrets_refused body;
};
enum ward_status ward_service_jwk_generate(struct ward_secrets_call *call,
                                           const struct ward_jwk_generate_input *input) WARD_MUST_USE;

struct ward_jwk_edit {
    bool has_name, has_description;
    struct ward_span name, description;
    struct ward_secrets_refused body;
};
/** Any update detaches the JWK from its source. */
enum ward_status ward_service_jwk_update(struct ward_secrets_call *call, struct ward_span jwk,
                                         const struct ward_jwk_edit *edit) WARD_MUST_USE;
enum ward_status ward_service_jwk_delete(struct ward_secrets_call *call, struct ward_span jwk) WARD_MUST_USE;

/** Make a JWK of a file that holds a JWK or JWK Set; kid is required. SECRETS:EXPORT_IMPORT. */
struct ward_jwk_import {
    struct ward_span name, description, kid, file; /* absent: not sent */
    struct ward_secrets_refused body;
};
enum ward_status ward_service_jwk_import(struct ward_secrets_call *call,
                                         const struct ward_jwk_import *import) WARD_MUST_USE;
/** The JWK Set document of one JWK. *ret_name: its name, for the file's. Audited. */
enum ward_status ward_service_jwk_export(struct ward_secrets_call *call, struct ward_span jwk, bool is_public_only,
                                         struct ward_span *ret_name, struct ward_span *ret_document) WARD_MUST_USE;

/* ---- API proxies (contracts/apinizer.md 11). Reads: any right in the project; writes: API_MANAGEMENT:MANAGE;
 * deployment: API_MANAGEMENT:DEPLOY_UNDEPLOY. ---- */

struct ward_proxy_deployment_view {
    struct ward_span environment_id, environment_name;
    bool is_deployed, is_redeploy_required;
    int64_t deployed_ms; /* WARD_TIME_NONE: never */
    uint64_t revision;
};

struct ward_proxy_view {
    struct ward_span id, name, project_id;
    struct ward_span description;   /* absent: null */
    struct ward_span creation_type; /* REVERSE_PROXY, EMPTY_API */
    struct ward_span metadata;      /* JSON object: what was sent when it was made and changed */
    bool has_public_key, has_secret_key;
    struct ward_span public_key; /* the secret key is never shown */
    size_t deployment_count;
    const struct ward_proxy_deployment_view *deployments; /* every environment of the project, by name */
};
typedef enum ward_status (*ward_proxy_view_visit)(const struct ward_proxy_view *proxy, void *arg);

/** Views of a list come without deployments. */
enum ward_status ward_service_proxy_list(struct ward_secrets_call *call, struct ward_span after, size_t max,
                                         ward_proxy_view_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_service_proxy_get(struct ward_secrets_call *call, struct ward_span proxy,
                                        struct ward_proxy_view *ret) WARD_MUST_USE;

/** A member of a proxy's metadata, kept as it came: raw JSON text. A raw null takes the member away. */
struct ward_proxy_member {
    const char *name; /* fixed text that needs no escape */
    struct ward_span raw;
};

/** Where a call deploys when it has written. Sent with deploy false: the list is not looked at. */
struct ward_proxy_targets {
    bool deploys;
    const struct ward_span *environments; /* names */
    size_t environment_count;
};

struct ward_proxy_input {
    bool has_name, has_description;
    struct ward_span name;
    struct ward_span description;   /* "" clears */
    struct ward_span creation_type; /* create only; absent: not sent */
    const struct ward_proxy_member *members;
    size_t member_count;
    struct ward_proxy_targets targets;
    struct ward_secrets_refused body;
};
enum ward_status ward_service_proxy_create(struct ward_secrets_call *call,
                                           const struct ward_proxy_input *input) WARD_MUST_USE;
/** PATCH settings/metadata, and PUT url/ with reParse. Nothing sent at all: refused. */
enum ward_status ward_service_proxy_update(struct ward_secrets_call *call, struct ward_span proxy,
                                           const struct ward_proxy_input *input) WARD_MUST_USE;
enum ward_status ward_service_proxy_delete(struct ward_secrets_call *call, struct ward_span proxy) WARD_MUST_USE;

/** PATCH settings/keys. A key that was not sent, or sent as null: absent; it stays as it is. */
struct ward_proxy_keys {
    struct ward_span public_key, secret_key;
    struct ward_proxy_targets targets;
    struct ward_secrets_refused body;
};
enum ward_status ward_service_proxy_set_keys(struct ward_secrets_call *call, struct ward_span proxy,
                                             const struct ward_proxy_keys *keys) WARD_MUST_USE;

enum ward_status ward_service_proxy_deploy(struct ward_secrets_call *call, struct ward_span proxy,
                                           struct ward_span environment) WARD_MUST_USE;
enum ward_status ward_service_proxy_undeploy(struct ward_secrets_call *call, struct ward_span proxy,
                                             struct ward_span environment) WARD_MUST_USE;
enum ward_status ward_service_proxy_status(struct ward_secrets_call *call, struct ward_span proxy,
                                           struct ward_span environment,
                                           struct ward_proxy_deployment_view *ret) WARD_MUST_USE;

#endif
