/*
 * What the files of service/ share. A use case runs in two steps over the same checks: a read session answers who may
 * not, what is wrong with the input and what is not there, in the contract's order; the transaction repeats every check
 * on the object as it is then, because somebody may have changed it in between.
 */
#ifndef WARD_SERVICE_INTERNAL_H
#define WARD_SERVICE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/iso8601.h"
#include "base/seam.h"

#include "model/subscription.h"
#include "service/publisher.h"
#include "service/service.h"
#include "table/plan.h"

struct ward_service {
    struct ward_store *store;
    struct ward_keyring *keyring;
    struct ward_publisher *publisher; /* or NULL */
    struct ward_deployer *deployer;   /* or NULL; sets and clears itself (deployer.h) */
    pthread_mutex_t mutex;            /* guards the hashes; a management call holds it for 100 ns */
    struct ward_keyed_hash *lookup;
    struct ward_keyed_hash *token;
    struct ward_iam_cache *iam;
    struct ward_token_cache *tokens;
    const struct ward_fetch_allow *fetch_allows;
    size_t fetch_allow_count;
    atomic_bool is_backing_up;
};

/* Names in the store's meta table. */
#define WARD_META_FINGERPRINT "root-key-fingerprint"
#define WARD_META_STORE_ID    "store-id"

/* ---- service.c: hashes, seals, receipts ---- */

void ward_service_hash_lookup(struct ward_service *service, struct ward_span value, struct ward_lookup *ret);
void ward_service_hash_token(struct ward_service *service, struct ward_span value, struct ward_lookup *ret);

enum ward_status ward_service_seal(struct ward_service *service, const struct ward_seal_place *place,
                                   struct ward_span plain, struct ward_pool *pool, struct ward_span *ret) WARD_MUST_USE;
/** Open a blob into pool. What does not open is logged as an alarm and gives WARD_INTEGRITY. */
enum ward_status ward_service_unseal(struct ward_service *service, const struct ward_seal_place *place,
                                     struct ward_span blob, struct ward_pool *pool,
                                     struct ward_span *ret) WARD_MUST_USE;

/** Say what a write of this revision is answered with. Takes a NULL ret. */
void ward_service_receipt(const struct ward_service *service, uint64_t revision, struct ward_receipt *ret);

/** Write without waiting (ward_store_write_later); the receipt is filled before later is told that all is well. work
 * may run twice. */
enum ward_status ward_service_write_later(struct ward_service *service, struct ward_pool *pool, ward_store_work work,
                                          void *arg, struct ward_receipt *ret_receipt,
                                          const struct ward_later *later) WARD_MUST_USE;

/** The time of a change: now, but always later than the last one. */
static inline int64_t ward_service_later(int64_t now_ms, int64_t before_ms)
{
    return now_ms > before_ms ? now_ms : before_ms + 1;
}

/** Borrow a lookup hash as bytes. */
static inline struct ward_span ward_lookup_span(const struct ward_lookup *lookup)
{
    return ward_span((const char *)lookup->bytes, WARD_LOOKUP_BYTES);
}

/** NO_MEMORY when an allocation of the pool failed, else OK. */
static inline enum ward_status ward_pool_status(const struct ward_pool *pool)
{
    return pool->is_exhausted ? WARD_NO_MEMORY : WARD_OK;
}

/** Provenance of a new object, and of a change to one. */
struct ward_provenance ward_provenance_new(const struct ward_operator *who, int64_t now_ms);
void ward_provenance_touch(struct ward_provenance *provenance, const struct ward_operator *who, int64_t now_ms);

/* ---- operator.c: rights and scope, the only place ---- */

/** The actor of what Ward does by itself. */
struct ward_operator ward_operator_system(void);

/** True when the operator stands above projects: account-wide or local. */
bool ward_operator_is_wide(const struct ward_operator *who);
/** True when the operator belongs to the account, be it to one project of it only. */
bool ward_operator_is_of(const struct ward_operator *who, const struct ward_uuid *account);
/** True when every right of a role and grants is one of the operator's own: nobody gives what he has not. */
bool ward_operator_may_give(const struct ward_operator *who, enum ward_role role, uint32_t grants);
/** True when a credential's rights and scope are within the operator's own. */
bool ward_operator_covers_credential(const struct ward_operator *who, const struct ward_credential *credential);

/**
 * Resolve an accountId as it came.
 *
 * Errors:  FORBIDDEN when it exists outside the operator's scope. OK with a problem added when it is missing
 *          (REQUIRED), malformed, unknown or inactive (UUID).
 * Source:  contracts/theauthapi.md 1.3.
 */
enum ward_status ward_scope_account(struct ward_store_session *session, const struct ward_operator *who, bool has_text,
                                    struct ward_span text, struct ward_problems *problems, struct ward_pool *pool,
                                    struct ward_account *ret) WARD_MUST_USE;

/** Resolve a projectId as it came; absent means a project-scoped operator's own. Errors as above; unknown or inactive:
 * UNKNOWN_PROJECT. */
enum ward_status ward_scope_project(struct ward_store_session *session, const struct ward_operator *who, bool has_text,
                                    struct ward_span text, struct ward_problems *problems, struct ward_pool *pool,
                                    struct ward_project *ret) WARD_MUST_USE;

/**
 * The project that something new is made in: the one that was sent, the operator's own, or the account's oldest active
 * one.
 *
 * Errors:  OK with a problem added ("projectId") when there is none, or none that the operator sees.
 * Source:  design 3: NCP has no projects.
 */
enum ward_status ward_scope_home(struct ward_store_session *session, const struct ward_operator *who, bool has_text,
                                 struct ward_span text, struct ward_problems *problems, struct ward_pool *pool,
                                 struct ward_project *ret) WARD_MUST_USE;

/* ---- audit.c: change entries ---- */

#define WARD_MEMBERS_MAX 16

/* Actions that the publisher looks at: what follows from an object is derived anew. */
#define WARD_ACTION_CREATED   "created"
#define WARD_ACTION_PROTECTED "protected" /* a product asks for acceptance from now on */

/** Names of changed members, for a change entry's detail. Names only, never values. */
struct ward_members {
    size_t count;
    const char *names[WARD_MEMBERS_MAX];
};

void ward_members_add(struct ward_members *members, const char *name);

struct ward_audit {
    enum ward_object_kind kind;
    struct ward_span object_id;
    const struct ward_uuid *account;
    const struct ward_uuid *project; /* NULL or nil: none */
    const char *action;
    const struct ward_members *members; /* NULL: none */
    struct ward_span retired;
};

/** Append the change entry of one object to the running transaction. */
enum ward_status ward_audit_append(struct ward_store_session *session, const struct ward_operator *who,
                                   const struct ward_audit *audit) WARD_MUST_USE;

/* ---- keys.c ---- */

#define WARD_ONE_KEY_POOL (1024 * 1024)

/** Write a changed key, its change entry and what the publisher must know; the key is then as stored. */
enum ward_status ward_service_key_store(struct ward_store_session *session, struct ward_service *service,
                                        const struct ward_operator *who, struct ward_api_key *key, const char *action,
                                        const struct ward_members *members, struct ward_span retired) WARD_MUST_USE;

/** An empty key of a project: enabled, without values, without an id. */
struct ward_api_key ward_service_key_new(const struct ward_project *project, int64_t now_ms);

/** Give the key another value in a slot, as the next version of it. The key has its id by then. */
enum ward_status ward_service_key_set_value(struct ward_service *service, struct ward_pool *pool,
                                            enum ward_key_slot slot, struct ward_span value,
                                            const struct ward_lookup *lookup, struct ward_api_key *key) WARD_MUST_USE;

/** Insert a filled key that has its values (CONFLICT: one is taken, by an API key or an access key), open it for the
 * answer and log it. */
enum ward_status ward_service_key_insert(struct ward_store_session *session, struct ward_service *service,
                                         const struct ward_operator *who, struct ward_pool *pool,
                                         const struct ward_members *members, struct ward_api_key *key) WARD_MUST_USE;

/** Draw an id that nothing has, tombstones included. exists: OK when an id is taken, NOT_FOUND when it is free. */
typedef enum ward_status (*ward_id_exists)(struct ward_store_session *session, const struct ward_key_id *id);
enum ward_status ward_service_draw_id(struct ward_store_session *session, ward_id_exists exists,
                                      struct ward_key_id *ret) WARD_MUST_USE;

/** Open every value that a key has, into pool. */
enum ward_status ward_service_key_open(struct ward_service *service, struct ward_pool *pool,
                                       struct ward_api_key *key) WARD_MUST_USE;

/* ---- credentials.c ---- */

/** Draw id, value, lookup and seal of a credential whose kind, scope, role, name and env are set, insert it and log it.
 */
enum ward_status ward_service_credential_insert(struct ward_service *service, struct ward_store_session *session,
                                                const struct ward_operator *who, const struct ward_members *members,
                                                struct ward_pool *pool,
                                                struct ward_credential *credential) WARD_MUST_USE;
/** Open the value of an access key or IAM pair; a token has none. */
enum ward_status ward_service_credential_open(struct ward_service *service, struct ward_pool *pool,
                                              struct ward_credential *credential) WARD_MUST_USE;

/* ---- iam.c: opened secrets of IAM pairs ---- */

enum ward_status ward_iam_cache_new(struct ward_service *service, struct ward_iam_cache **ret) WARD_MUST_USE;
void ward_iam_cache_free(struct ward_iam_cache *cache);

/* ---- tokens.c: what is kept of presented tokens ---- */

enum ward_status ward_token_cache_new(struct ward_token_cache **ret) WARD_MUST_USE;
void ward_token_cache_free(struct ward_token_cache *cache); /* takes NULL */
void ward_token_cache_wipe(struct ward_token_cache *cache);

/** Wipe what is kept of pairs and tokens: behind every write to a credential, a project or an account, however it
 * ended. */
void ward_service_credentials_changed(struct ward_service *service);

/* ---- products.c, subscriptions.c: revocations that a restore makes again, whatever their project is by then ---- */

enum ward_status ward_service_product_remove_again(struct ward_store_session *session, struct ward_service *service,
                                                   const struct ward_operator *who, struct ward_pool *pool,
                                                   const struct ward_key_id *product) WARD_MUST_USE;
enum ward_status ward_service_product_protect_again(struct ward_store_session *session, struct ward_service *service,
                                                    const struct ward_operator *who, struct ward_pool *pool,
                                                    const struct ward_key_id *product) WARD_MUST_USE;
enum ward_status ward_service_stage_remove_again(struct ward_store_session *session, struct ward_service *service,
                                                 const struct ward_operator *who, struct ward_pool *pool,
                                                 const struct ward_key_id *stage) WARD_MUST_USE;
/** status: what the subscription is to become again. */
enum ward_status ward_service_subscription_end_again(struct ward_store_session *session, struct ward_service *service,
                                                     const struct ward_operator *who, struct ward_pool *pool,
                                                     const struct ward_key_id *product, const struct ward_key_id *key,
                                                     enum ward_subscription_status status) WARD_MUST_USE;
/** End every subscription of a key that is removed. */
enum ward_status ward_service_subscriptions_end_again(struct ward_store_session *session,
                                                      const struct ward_operator *who,
                                                      const struct ward_key_id *key) WARD_MUST_USE;

/* ---- projects.c, accounts.c ---- */

enum ward_status ward_service_project_insert(struct ward_store_session *session, const struct ward_operator *who,
                                             const struct ward_members *members,
                                             struct ward_project *project) WARD_MUST_USE;
enum ward_status ward_service_account_insert(struct ward_store_session *session, const struct ward_operator *who,
                                             const struct ward_members *members,
                                             struct ward_account *account) WARD_MUST_USE;

/* ---- publisher.c ---- */

/** Announce, from inside a transaction, a key that its commit will publish: the room it needs is reserved before the
 * commit. Takes a NULL publisher. */
enum ward_status ward_publisher_expect(struct ward_publisher *publisher, const struct ward_api_key *key) WARD_MUST_USE;

/** Announce so many more puts of that many bytes of bodies together. */
void ward_publisher_expect_puts(struct ward_publisher *publisher, size_t puts, size_t body_bytes);

/** What a key has used on a stage. False: there is no such relation in the table, or no publisher. Threads: any. */
bool ward_publisher_usage(struct ward_publisher *publisher, const struct ward_lookup *relation, int64_t now_ms,
                          struct ward_plan_usage *ret);

/** How many of how many replicas obey a revision. */
void ward_publisher_receipt(const struct ward_publisher *publisher, uint64_t revision, struct ward_receipt *ret);

#endif
