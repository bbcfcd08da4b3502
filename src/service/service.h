/*
 * The use cases: the one place for rights, rules, transactions and audit. Every surface and the CLI call these; none of
 * them knows bytes of HTTP. Order of every use case: role → object resolved → scope → input → object's state → write.
 * (contracts/theauthapi.md 1.7: 403 before 400 before 404 before 409.)
 */
#ifndef WARD_SERVICE_SERVICE_H
#define WARD_SERVICE_SERVICE_H

#include "model/environment.h"
#include "store/store.h"
#include "verify/verify.h"

struct ward_service;
struct ward_publisher;
struct ward_fetch_allow; /* fetch/fetch.h */

struct ward_service_options {
    struct ward_store *store;         /* borrowed */
    struct ward_keyring *keyring;     /* borrowed */
    struct ward_publisher *publisher; /* borrowed; NULL: nothing is published (one-shot commands on a stopped server) */
};

/** Owns: *ret owned, free with ward_service_free. Errors: WARD_MISMATCH when the store was made with another root key.
 */
enum ward_status ward_service_new(const struct ward_service_options *options, struct ward_service **ret) WARD_MUST_USE;
void ward_service_free(struct ward_service *service);

/** Say where JWKs may be fetched from besides the public Internet; nowhere else until then. Before anybody is served.
 * allows is borrowed. */
void ward_service_allow_fetch(struct ward_service *service, const struct ward_fetch_allow *allows, size_t count);

/** Whoever calls. Made by ward_operator_from_verdict, or local for the CLI socket. */
struct ward_operator {
    enum ward_actor_type type;
    struct ward_uuid id;         /* the credential */
    struct ward_uuid account_id; /* nil only for the local operator: every account */
    struct ward_uuid project_id; /* nil: the whole account */
    enum ward_role role;
    uint32_t grants; /* rights besides the role's: bits of enum ward_right */
};

/** The operator behind a valid verdict on an access key. */
struct ward_operator ward_operator_from_verdict(const struct ward_verdict *verdict);
/** The operator of the CLI socket: admin of everything. */
struct ward_operator ward_operator_local(void);

/** True when the operator's role or grants hold the right. The only place that asks this. */
bool ward_operator_may(const struct ward_operator *who, enum ward_right right);
/** True when they hold any of several rights: WARD_RIGHTS_APIOPS. */
bool ward_operator_may_any(const struct ward_operator *who, uint32_t rights);
/** True when an object of (account, project) lies in the operator's scope. A nil project asks for the account as a
 * whole. */
bool ward_operator_covers(const struct ward_operator *who, const struct ward_uuid *account,
                          const struct ward_uuid *project);

/** What a write answers with: Ward-Revision and Ward-Applied. */
struct ward_receipt {
    uint64_t revision;
    unsigned applied, replicas;
};

/**
 * Whom a use case tells of its end when nobody waits for it (…_later): once, on the store's writer thread, with what
 * the waiting one would have returned. Must not block, nor call a use case. has_more: another is told right behind.
 */
struct ward_later {
    void (*done)(void *arg, enum ward_status status, bool has_more);
    void *arg;
};

/* ---- API keys. Keys are named by value on The Auth API, by id elsewhere. ---- */

struct ward_key_ref {
    struct ward_span value; /* set: by value */
    struct ward_span id;    /* else: by id */
};

struct ward_key_query {
    bool has_project;
    struct ward_span project;      /* as it came */
    struct ward_key_filter filter; /* project and account are filled by the service */
    int64_t offset;
    int64_t limit; /* -1: everything */
    struct ward_problems problems;
};

/** Visit keys with values opened, order created then primary value. The key is borrowed for the call. */
enum ward_status ward_service_key_list(struct ward_service *service, const struct ward_operator *who,
                                       struct ward_key_query *query, ward_key_visit visit, void *arg) WARD_MUST_USE;

/**
 * The key use cases. Results live in pool with their values opened.
 *
 * Errors:  FORBIDDEN (role, or another scope's key), INVALID (input->problems says what), NOT_FOUND (unknown, removed,
 *          inactive or expired; for reactivate: unknown), CONFLICT (value taken; reactivate: already active),
 *          INTEGRITY (a blob did not open: logged as an alarm), UNAVAILABLE (nothing changed).
 * Source:  contracts/theauthapi.md 2.2-2.7.
 */
enum ward_status ward_service_key_get(struct ward_service *service, const struct ward_operator *who,
                                      const struct ward_key_ref *ref, struct ward_pool *pool,
                                      struct ward_api_key *ret) WARD_MUST_USE;
enum ward_status ward_service_key_create(struct ward_service *service, const struct ward_operator *who,
                                         struct ward_api_key_input *input, struct ward_pool *pool,
                                         struct ward_api_key *ret, struct ward_receipt *ret_receipt) WARD_MUST_USE;
/**
 * The same without waiting; what it is given stays where it is until later is told. Looks at nothing that blocks.
 *
 * Errors:  INVALID when the input is not sound (it is as it was; the waiting one says what comes first), FORBIDDEN,
 *          NO_MEMORY, UNAVAILABLE: later is not told.
 */
enum ward_status ward_service_key_create_later(struct ward_service *service, const struct ward_operator *who,
                                               struct ward_api_key_input *input, struct ward_pool *pool,
                                               struct ward_api_key *ret, struct ward_receipt *ret_receipt,
                                               const struct ward_later *later) WARD_MUST_USE;
enum ward_status ward_service_key_update(struct ward_service *service, const struct ward_operator *who,
                                         const struct ward_key_ref *ref, struct ward_api_key_input *input,
                                         struct ward_pool *pool, struct ward_api_key *ret,
                                         struct ward_receipt *ret_receipt) WARD_MUST_USE;
enum ward_status ward_service_key_delete(struct ward_service *service, const struct ward_operator *who,
                                         const struct ward_key_ref *ref,
                                         struct ward_receipt *ret_receipt) WARD_MUST_USE;
enum ward_status ward_service_key_reactivate(struct ward_service *service, const struct ward_operator *who,
                                             const struct ward_key_ref *ref, struct ward_pool *pool,
                                             struct ward_api_key *ret, struct ward_receipt *ret_receipt) WARD_MUST_USE;
enum ward_status ward_service_key_rotate(struct ward_service *service, const struct ward_operator *who,
                                         const struct ward_key_ref *ref, struct ward_pool *pool,
                                         struct ward_api_key *ret, struct ward_receipt *ret_receipt) WARD_MUST_USE;

/** Note the first use of a key (sets updatedAt once) and wait until it is published. Already noted: OK, nothing
 * written. */
enum ward_status ward_service_key_first_use(struct ward_service *service, const struct ward_key_id *id,
                                            int64_t now_ms) WARD_MUST_USE;

/** Flip keys that have expired by now_ms, log each once. Returns how many; the server calls it from a timer. */
enum ward_status ward_service_key_sweep(struct ward_service *service, int64_t now_ms, size_t max,
                                        size_t *ret_count) WARD_MUST_USE;

/* ---- projects and accounts. Source: contracts/theauthapi.md 6. ---- */

struct ward_project_input {
    bool has_name, has_account, has_env;
    struct ward_span name, account, env; /* as they came */
    struct ward_problems problems;
};
enum ward_status ward_service_project_list(struct ward_service *service, const struct ward_operator *who,
                                           struct ward_span account, bool has_account, struct ward_pool *pool,
                                           ward_project_visit visit, void *arg,
                                           struct ward_problems *problems) WARD_MUST_USE;
enum ward_status ward_service_project_get(struct ward_service *service, const struct ward_operator *who,
                                          struct ward_span id, struct ward_pool *pool,
                                          struct ward_project *ret) WARD_MUST_USE;
enum ward_status ward_service_project_create(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_project_input *input, struct ward_pool *pool,
                                             struct ward_project *ret, struct ward_receipt *ret_receipt) WARD_MUST_USE;
enum ward_status ward_service_project_update(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_span id, struct ward_project_input *input,
                                             struct ward_pool *pool, struct ward_project *ret,
                                             struct ward_receipt *ret_receipt) WARD_MUST_USE;
enum ward_status ward_service_project_delete(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_span id, struct ward_receipt *ret_receipt) WARD_MUST_USE;

struct ward_account_input {
    bool has_name;
    struct ward_span name;
    struct ward_problems problems;
};
enum ward_status ward_service_account_list(struct ward_service *service, const struct ward_operator *who,
                                           struct ward_pool *pool, ward_account_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_service_account_get(struct ward_service *service, const struct ward_operator *who,
                                          struct ward_span id, struct ward_pool *pool,
                                          struct ward_account *ret) WARD_MUST_USE;
enum ward_status ward_service_account_create(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_account_input *input, struct ward_pool *pool,
                                             struct ward_account *ret, struct ward_receipt *ret_receipt) WARD_MUST_USE;
enum ward_status ward_service_account_update(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_span id, struct ward_account_input *input,
                                             struct ward_pool *pool, struct ward_account *ret,
                                             struct ward_receipt *ret_receipt) WARD_MUST_USE;
enum ward_status ward_service_account_delete(struct ward_service *service, const struct ward_operator *who,
                                             struct ward_span id, struct ward_receipt *ret_receipt) WARD_MUST_USE;

/* ---- operator credentials. Source: contracts/theauthapi.md 7; design 9. ---- */

struct ward_credential_ref {
    struct ward_span value; /* set: an access key by value */
    struct ward_span id;    /* else: by id */
};
struct ward_credential_query {
    bool has_account, has_project;
    struct ward_span account, project; /* as they came */
    struct ward_credential_filter filter;
    struct ward_problems problems;
};
/** Visit credentials; `value` is opened for the caller's own and for callers with WARD_RIGHT_CREDENTIAL_REVEAL, masked
 * (prefix…last4) for others. */
enum ward_status ward_service_credential_list(struct ward_service *service, const struct ward_operator *who,
                                              struct ward_credential_query *query, ward_credential_visit visit,
                                              void *arg) WARD_MUST_USE;
/** Make a credential; ret->value holds the secret, this once (an access key can be read again). */
enum ward_status ward_service_credential_create(struct ward_service *service, const struct ward_operator *who,
                                                enum ward_credential_kind kind, struct ward_credential_input *input,
                                                struct ward_pool *pool, struct ward_credential *ret,
                                                struct ward_receipt *ret_receipt) WARD_MUST_USE;
enum ward_status ward_service_credential_update(struct ward_service *service, const struct ward_operator *who,
                                                const struct ward_credential_ref *ref,
                                                struct ward_credential_input *input, struct ward_pool *pool,
                                                struct ward_credential *ret,
                                                struct ward_receipt *ret_receipt) WARD_MUST_USE;
enum ward_status ward_service_credential_delete(struct ward_service *service, const struct ward_operator *who,
                                                const struct ward_credential_ref *ref,
                                                struct ward_receipt *ret_receipt) WARD_MUST_USE;
enum ward_status ward_service_credential_reactivate(struct ward_service *service, const struct ward_operator *who,
                                                    const struct ward_credential_ref *ref, struct ward_pool *pool,
                                                    struct ward_credential *ret,
                                                    struct ward_receipt *ret_receipt) WARD_MUST_USE;

/* ---- first start ---- */

struct ward_bootstrap {
    struct ward_account account;
    struct ward_project project;
    struct ward_environment environment;
    struct ward_credential access_key, token, iam; /* values opened, this once */
};
/** Fill an empty store: account, project ("default", live), environment ("production") and one admin credential of each
 * kind. EXISTS when it is not empty. */
enum ward_status ward_service_bootstrap(struct ward_service *service, struct ward_pool *pool,
                                        struct ward_bootstrap *ret) WARD_MUST_USE;

/** Walk the store and open every sealed blob; count what does not open. */
enum ward_status ward_service_check(struct ward_service *service, uint64_t *ret_values,
                                    uint64_t *ret_bad) WARD_MUST_USE;

#endif
