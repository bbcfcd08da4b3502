/* What the use cases of keys, JWKs and API proxies share: how a call runs, refuses, and finds what it names. */
#ifndef WARD_SERVICE_SECRETS_INTERNAL_H
#define WARD_SERVICE_SECRETS_INTERNAL_H

#include "crypto/jwk.h"
#include "model/text.h"
#include "service/deployer.h"
#include "service/environments.h"
#include "service/internal.h"
#include "service/secrets.h"
#include "store/environments.h"

/* ---- secrets.c: refusals ---- */

/** Refuse the call: note why (name and detail are copied; either may be absent) and give the status that goes with it.
 */
enum ward_status ward_secrets_refuse(struct ward_secrets_call *call, enum ward_secrets_refusal reason,
                                     struct ward_span name, struct ward_span detail) WARD_MUST_USE;
/** The same without anything to fill in. */
enum ward_status ward_secrets_refuse_plainly(struct ward_secrets_call *call,
                                             enum ward_secrets_refusal reason) WARD_MUST_USE;
/** Refuse when the surface found something wrong with the body, else OK. */
enum ward_status ward_secrets_check_body(struct ward_secrets_call *call,
                                         const struct ward_secrets_refused *body) WARD_MUST_USE;

/** Check the name of something new: empty when blank, else NAME_…. member: what the wire calls it. */
enum ward_status ward_secrets_check_name(struct ward_secrets_call *call, struct ward_span name, const char *member,
                                         enum ward_secrets_refusal empty) WARD_MUST_USE;
enum ward_status ward_secrets_check_description(struct ward_secrets_call *call, struct ward_span text,
                                                const char *member) WARD_MUST_USE;

/* ---- secrets.c: who may ---- */

/** Find the call's project (PROJECT_NOT_FOUND), then ask for any of some rights in it (PERMISSION). */
enum ward_status ward_secrets_enter(struct ward_store_session *session, struct ward_secrets_call *call, uint32_t any_of,
                                    struct ward_project *ret) WARD_MUST_USE;
/** Ask for one more right, once it is clear that it is needed. */
enum ward_status ward_secrets_require(struct ward_secrets_call *call, enum ward_right right,
                                      enum ward_secrets_refusal reason) WARD_MUST_USE;

/* ---- secrets.c: how a write runs ---- */

/** Run work as a transaction and set the receipt. */
enum ward_status ward_secrets_write(struct ward_secrets_call *call, ward_store_work work, void *arg) WARD_MUST_USE;

/**
 * A write that costs too much for the writer's thread: gather reads and refuses in a read session, prepare parses and
 * seals in none, apply writes what both made. apply gives CONFLICT without a refusal when what gather saw is no longer
 * so; then all is done again, in the end inside the transaction, where nobody comes in between.
 */
struct ward_secrets_steps {
    ward_store_work gather;
    enum ward_status (*prepare)(void *arg);
    ward_store_work apply;
};
enum ward_status ward_secrets_change(struct ward_secrets_call *call, const struct ward_secrets_steps *steps,
                                     void *arg) WARD_MUST_USE;

/** Deploy what was committed and set call->deployment; it is false when nothing can be told. */
void ward_secrets_deploy(struct ward_secrets_call *call, const struct ward_deployment_change *changes, size_t count);

/* ---- secrets.c: environments ---- */

/** Find an environment that the project reaches; otherwise the given refusal, with the name. */
enum ward_status ward_secrets_environment(struct ward_store_session *session, struct ward_secrets_call *call,
                                          const struct ward_project *project, struct ward_span name,
                                          enum ward_secrets_refusal missing,
                                          struct ward_environment *ret) WARD_MUST_USE;

/** MATERIAL_NOT_THERE: a key that has nothing in an environment. */
enum ward_status ward_secrets_refuse_entry(struct ward_secrets_call *call, const struct ward_crypto_key *key,
                                           struct ward_span environment) WARD_MUST_USE;

/** Format a project's id into the call's pool. */
struct ward_span ward_secrets_project_id(struct ward_secrets_call *call, const struct ward_uuid *id);

/* ---- key_contents.c: what a key holds in one environment ---- */

/** A content that was read. */
struct ward_key_content {
    const struct ward_material *material; /* NULL: not a key that we know; kept until the contents are freed */
    struct ward_span stored;              /* in the call's pool: as it is to be stored */
};

/** The parsed keys of one call. */
struct ward_key_contents {
    struct ward_secrets_call *call;
    struct ward_key_parsed *parsed;
};
void ward_key_contents_free(struct ward_key_contents *contents);
#define WARD_KEY_CONTENTS __attribute__((cleanup(ward_key_contents_free))) struct ward_key_contents

/**
 * Read a content as it was sent, or a stored one for another type of key.
 *
 * Errors:  refuses with CONTENT_…, ENTRY_CONTENT_EMPTY. environment: its name, for the refusal.
 */
enum ward_status ward_key_content_read(struct ward_key_contents *contents, enum ward_key_type type,
                                       enum ward_key_algorithm algorithm, struct ward_span content,
                                       struct ward_span environment, struct ward_key_content *ret) WARD_MUST_USE;
/** Open and parse what an entry has stored; OK with NULL when it is no key that we know. */
enum ward_status ward_key_content_open(struct ward_key_contents *contents, const struct ward_crypto_key *key,
                                       const struct ward_crypto_key_entry *entry,
                                       const struct ward_material **ret) WARD_MUST_USE;

enum ward_material_half ward_material_half_of(enum ward_key_type type);

/* ---- jwks.c: JWKs and the key that they were made of ---- */

struct ward_jwk_rows {
    struct ward_jwk *items; /* in the call's pool */
    size_t count, capacity;
};

/** Gather the JWKs whose source is a key, of all projects; each of them in the operator's scope, or the whole call is
 * refused (PERMISSION). */
enum ward_status ward_secrets_jwks_of(struct ward_store_session *session, struct ward_secrets_call *call,
                                      const struct ward_object_id *key, struct ward_jwk_rows *ret) WARD_MUST_USE;
/** CONFLICT when they are not those any more. */
enum ward_status ward_secrets_jwks_same(struct ward_store_session *session, const struct ward_object_id *key,
                                        const struct ward_jwk_rows *rows) WARD_MUST_USE;

/** Make a JWK of parsed material: its type, its public text and its sealed private one. kid, use and algorithm are set,
 * and version is the one that it has once written. */
enum ward_status ward_secrets_jwk_fill(struct ward_secrets_call *call, const struct ward_material *material,
                                       int64_t version, struct ward_jwk *jwk) WARD_MUST_USE;
/** Forget its source; the source's type stays. */
void ward_secrets_jwk_detach(struct ward_jwk *jwk);
/** Write a changed JWK with its change entry. */
enum ward_status ward_secrets_jwk_store(struct ward_store_session *session, struct ward_secrets_call *call,
                                        struct ward_jwk *jwk, const char *action, const char *member) WARD_MUST_USE;
enum ward_status ward_secrets_jwk_remove(struct ward_store_session *session, struct ward_secrets_call *call,
                                         const struct ward_jwk *jwk) WARD_MUST_USE;

enum ward_status ward_secrets_jwk_log(struct ward_store_session *session, struct ward_secrets_call *call,
                                      const struct ward_jwk *jwk, const char *action,
                                      const struct ward_members *members) WARD_MUST_USE;
/** A JWK is deployed to every environment of its project: ask for the right, if there is any. */
enum ward_status ward_secrets_require_everywhere(struct ward_store_session *session, struct ward_secrets_call *call,
                                                 const struct ward_project *project) WARD_MUST_USE;
void ward_secrets_jwk_deploy(struct ward_secrets_call *call, const struct ward_object_id *id);

enum ward_jose_use ward_secrets_jose_use(enum ward_jwk_use_type use);

/* ---- jwk_sources.c ---- */

/** Check the name of a JWK that is to be made or renamed. */
enum ward_status ward_secrets_check_jwk_name(struct ward_secrets_call *call, struct ward_span name) WARD_MUST_USE;

/* ---- results ---- */

/** Environments that a write is about, by what it did there; what else it deployed is told only where it failed. */
struct ward_touched {
    struct ward_object_id id;
    bool is_removal;
};
/** Leave in call->deployment what belongs into the answer. */
void ward_secrets_tell(struct ward_secrets_call *call, const struct ward_touched *touched, size_t count);

#endif
