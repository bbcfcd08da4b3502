/*
 * The use cases of environments, and what keys, JWKs and API proxies share: how they are sealed. Like service.h; what
 * lies outside the operator's scope is not there (NOT_FOUND).
 * Order of every use case: role → input → objects named → their state → write. Source: contracts/apinizer.md 5.
 */
#ifndef WARD_SERVICE_ENVIRONMENTS_H
#define WARD_SERVICE_ENVIRONMENTS_H

#include "service/service.h"
#include "store/environments.h"

/* ---- use cases (rights: WARD_RIGHT_ENVIRONMENT_READ, WARD_RIGHT_ENVIRONMENT_WRITE; the latter account-wide) ---- */

/** Visit what the operator sees, by name: of its account (the local one: of all), open to its project. Any of
 * WARD_RIGHTS_APIOPS is enough. */
enum ward_status ward_service_environment_list(struct ward_service *service, const struct ward_operator *who,
                                               struct ward_pool *pool, ward_environment_visit visit,
                                               void *arg) WARD_MUST_USE;
/** Get one by its id, or by its name where only one of those the operator sees has it. */
enum ward_status ward_service_environment_get(struct ward_service *service, const struct ward_operator *who,
                                              struct ward_span ref, struct ward_pool *pool,
                                              struct ward_environment *ret) WARD_MUST_USE;
/** Make one; without replicas it has the embedded one. The local operator names the account. CONFLICT: the name
 * is taken. */
enum ward_status ward_service_environment_create(struct ward_service *service, const struct ward_operator *who,
                                                 struct ward_environment_input *input, struct ward_pool *pool,
                                                 struct ward_environment *ret,
                                                 struct ward_receipt *ret_receipt) WARD_MUST_USE;
/** CONFLICT too when a project that has a key or a proxy there would be shut out. */
enum ward_status ward_service_environment_update(struct ward_service *service, const struct ward_operator *who,
                                                 struct ward_span ref, struct ward_environment_input *input,
                                                 struct ward_pool *pool, struct ward_environment *ret,
                                                 struct ward_receipt *ret_receipt) WARD_MUST_USE;
/** CONFLICT while a key or a proxy is there. */
enum ward_status ward_service_environment_delete(struct ward_service *service, const struct ward_operator *who,
                                                 struct ward_span ref, struct ward_receipt *ret_receipt) WARD_MUST_USE;

/** Give each active account that has no environment the one called "production", with the embedded replica: a store of
 * an earlier version. Call it before anything is served. */
enum ward_status ward_service_environments_complete(struct ward_service *service) WARD_MUST_USE;

/** Make the first environment of an account: "production", with the embedded replica. */
enum ward_status ward_service_environment_first(struct ward_store_session *session, const struct ward_operator *who,
                                                const struct ward_uuid *account,
                                                struct ward_environment *ret) WARD_MUST_USE;

/* ---- inside a session ---- */

/** Find an environment by name that is open to a project. NOT_FOUND otherwise. */
enum ward_status ward_find_environment(struct ward_store_session *session, const struct ward_project *project,
                                       struct ward_span name, struct ward_pool *pool,
                                       struct ward_environment *ret) WARD_MUST_USE;
/** Visit the environments that are open to a project, by name. */
enum ward_status ward_environments_of(struct ward_store_session *session, const struct ward_project *project,
                                      struct ward_pool *pool, ward_environment_visit visit, void *arg) WARD_MUST_USE;

/* ---- seals: seals.c. A seal is bound to account, object, field and version, so a blob opens nowhere else. ---- */

/**
 * Seal entry->content as of a version of its key into entry->sealed, and set content_version.
 *
 * Shape:   version is the one that the key has once this is written: 1 for a new one, version + 1 in an update.
 */
enum ward_status ward_seal_key_content(struct ward_service *service, struct ward_pool *pool,
                                       const struct ward_crypto_key *key, int64_t version,
                                       struct ward_crypto_key_entry *entry) WARD_MUST_USE;
/** Open entry->sealed into entry->content. INTEGRITY is logged as an alarm. */
enum ward_status ward_open_key_content(struct ward_service *service, struct ward_pool *pool,
                                       const struct ward_crypto_key *key,
                                       struct ward_crypto_key_entry *entry) WARD_MUST_USE;

/** The same for a JWK's private_json; an absent one takes the seal away. */
enum ward_status ward_seal_jwk(struct ward_service *service, struct ward_pool *pool, int64_t version,
                               struct ward_jwk *jwk) WARD_MUST_USE;
enum ward_status ward_open_jwk(struct ward_service *service, struct ward_pool *pool,
                               struct ward_jwk *jwk) WARD_MUST_USE;

/** The same for a proxy's secret_key. */
enum ward_status ward_seal_proxy_secret(struct ward_service *service, struct ward_pool *pool, int64_t version,
                                        struct ward_api_proxy *proxy) WARD_MUST_USE;
enum ward_status ward_open_proxy_secret(struct ward_service *service, struct ward_pool *pool,
                                        struct ward_api_proxy *proxy) WARD_MUST_USE;

/** Log a change to an environment (project NULL), a key, a JWK or a proxy. retired: lookups that stopped, or absent. */
struct ward_members;
enum ward_status ward_secrets_log(struct ward_store_session *session, const struct ward_operator *who,
                                  enum ward_object_kind kind, const struct ward_object_id *id,
                                  const struct ward_uuid *account, const struct ward_uuid *project, const char *action,
                                  const struct ward_members *members, struct ward_span retired) WARD_MUST_USE;

#endif
