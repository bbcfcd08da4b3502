/*
 * The store's rows of Apinizer's surface: environments, keys, JWKs, API proxies. The contract is store.h's: sessions,
 * pools, versions. Insert: CONFLICT when the id or the name is taken, NOT_FOUND without the project (of an environment:
 * the account). Update: writes all members but id and owner, compare-and-set on version, which goes up by one
 * (CONFLICT otherwise, and when the name is taken). Remove: the rows go for good, what hangs on them too; CONFLICT when
 * the version moved on. The change log keeps what was.
 *
 * Lists of a project run by name in byte order, from behind the name `after` (absent: from the first), at most max
 * rows (SIZE_MAX: all). What get and find give lives in pool; what is visited is borrowed for
 * the call, and a status other than OK ends the walk and is returned. Walks run by id over every project, active or
 * not, from behind one on (NULL: from the first): for slices, each in a session of its own.
 *
 * No find or update looks at more rows than it names: a project may have 100,000 keys.
 */
#ifndef WARD_STORE_ENVIRONMENTS_H
#define WARD_STORE_ENVIRONMENTS_H

#include "model/api_proxy.h"
#include "model/crypto_key.h"
#include "model/environment.h"
#include "model/jwk.h"
#include "store/store.h"

/* ---- environments: environments.c ---- */

typedef enum ward_status (*ward_environment_visit)(const struct ward_environment *environment, void *arg);

enum ward_status ward_store_environment_insert(struct ward_store_session *s,
                                               const struct ward_environment *environment) WARD_MUST_USE;
enum ward_status ward_store_environment_update(struct ward_store_session *s,
                                               const struct ward_environment *environment) WARD_MUST_USE;
/** CONFLICT too while a key or a proxy has it. */
enum ward_status ward_store_environment_remove(struct ward_store_session *s,
                                               const struct ward_environment *environment) WARD_MUST_USE;
enum ward_status ward_store_environment_get(struct ward_store_session *s, const struct ward_object_id *id,
                                            struct ward_pool *pool, struct ward_environment *ret) WARD_MUST_USE;
enum ward_status ward_store_environment_find(struct ward_store_session *s, const struct ward_uuid *account,
                                             struct ward_span name, struct ward_pool *pool,
                                             struct ward_environment *ret) WARD_MUST_USE;
/** Visit the environments of an account (NULL: of all active accounts) by name. They live in pool. */
enum ward_status ward_store_environment_list(struct ward_store_session *s, const struct ward_uuid *account,
                                             struct ward_pool *pool, ward_environment_visit visit,
                                             void *arg) WARD_MUST_USE;
/** OK when a key or a proxy is there of a project that the environment is not open to, else NOT_FOUND. */
enum ward_status ward_store_environment_shuts_out(struct ward_store_session *s,
                                                  const struct ward_object_id *environment) WARD_MUST_USE;
/** Visit the active accounts that have no environment, oldest first. */
enum ward_status ward_store_account_without_environment(struct ward_store_session *s, struct ward_pool *pool,
                                                        ward_account_visit visit, void *arg) WARD_MUST_USE;

/* ---- keys: crypto_keys.c ---- */

typedef enum ward_status (*ward_crypto_key_visit)(const struct ward_crypto_key *key, void *arg);

enum ward_status ward_store_crypto_key_insert(struct ward_store_session *s,
                                              const struct ward_crypto_key *key) WARD_MUST_USE;
/** The entries become exactly those given; NOT_FOUND when an environment is not there. */
enum ward_status ward_store_crypto_key_update(struct ward_store_session *s,
                                              const struct ward_crypto_key *key) WARD_MUST_USE;
/** JWKs that were made of it stay, with what they say about their source. */
enum ward_status ward_store_crypto_key_remove(struct ward_store_session *s,
                                              const struct ward_crypto_key *key) WARD_MUST_USE;
enum ward_status ward_store_crypto_key_get(struct ward_store_session *s, const struct ward_object_id *id,
                                           struct ward_pool *pool, struct ward_crypto_key *ret) WARD_MUST_USE;
enum ward_status ward_store_crypto_key_find(struct ward_store_session *s, const struct ward_uuid *project,
                                            struct ward_span name, struct ward_pool *pool,
                                            struct ward_crypto_key *ret) WARD_MUST_USE;
enum ward_status ward_store_crypto_key_list(struct ward_store_session *s, const struct ward_uuid *project,
                                            struct ward_span after, size_t max, ward_crypto_key_visit visit,
                                            void *arg) WARD_MUST_USE;
/** At most max keys that have an entry in an environment (none: all keys), by id. */
enum ward_status ward_store_crypto_key_walk(struct ward_store_session *s, const struct ward_object_id *environment,
                                            const struct ward_object_id *after, size_t max, ward_crypto_key_visit visit,
                                            void *arg) WARD_MUST_USE;

/* ---- JWKs: jwks.c ---- */

typedef enum ward_status (*ward_jwk_visit)(const struct ward_jwk *jwk, void *arg);

enum ward_status ward_store_jwk_insert(struct ward_store_session *s, const struct ward_jwk *jwk) WARD_MUST_USE;
enum ward_status ward_store_jwk_update(struct ward_store_session *s, const struct ward_jwk *jwk) WARD_MUST_USE;
enum ward_status ward_store_jwk_remove(struct ward_store_session *s, const struct ward_jwk *jwk) WARD_MUST_USE;
enum ward_status ward_store_jwk_get(struct ward_store_session *s, const struct ward_object_id *id,
                                    struct ward_pool *pool, struct ward_jwk *ret) WARD_MUST_USE;
enum ward_status ward_store_jwk_find(struct ward_store_session *s, const struct ward_uuid *project,
                                     struct ward_span name, struct ward_pool *pool, struct ward_jwk *ret) WARD_MUST_USE;
enum ward_status ward_store_jwk_list(struct ward_store_session *s, const struct ward_uuid *project,
                                     struct ward_span after, size_t max, ward_jwk_visit visit, void *arg) WARD_MUST_USE;
/** The JWKs whose source is a key, of all projects, in order of project and name. */
enum ward_status ward_store_jwk_of_source(struct ward_store_session *s, const struct ward_object_id *source,
                                          ward_jwk_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_jwk_walk(struct ward_store_session *s, const struct ward_object_id *after, size_t max,
                                     ward_jwk_visit visit, void *arg) WARD_MUST_USE;

/* ---- API proxies: proxies.c ---- */

typedef enum ward_status (*ward_api_proxy_visit)(const struct ward_api_proxy *proxy, void *arg);

enum ward_status ward_store_api_proxy_insert(struct ward_store_session *s,
                                             const struct ward_api_proxy *proxy) WARD_MUST_USE;
/** The deployments become exactly those given; NOT_FOUND when an environment is not there. */
enum ward_status ward_store_api_proxy_update(struct ward_store_session *s,
                                             const struct ward_api_proxy *proxy) WARD_MUST_USE;
enum ward_status ward_store_api_proxy_remove(struct ward_store_session *s,
                                             const struct ward_api_proxy *proxy) WARD_MUST_USE;
enum ward_status ward_store_api_proxy_get(struct ward_store_session *s, const struct ward_object_id *id,
                                          struct ward_pool *pool, struct ward_api_proxy *ret) WARD_MUST_USE;
enum ward_status ward_store_api_proxy_find(struct ward_store_session *s, const struct ward_uuid *project,
                                           struct ward_span name, struct ward_pool *pool,
                                           struct ward_api_proxy *ret) WARD_MUST_USE;
enum ward_status ward_store_api_proxy_list(struct ward_store_session *s, const struct ward_uuid *project,
                                           struct ward_span after, size_t max, ward_api_proxy_visit visit,
                                           void *arg) WARD_MUST_USE;
/** The proxies of active projects that have this pair, the oldest first: one pair may stand with several, and the first
 * is whose it is. */
enum ward_status ward_store_api_proxy_of_lookup(struct ward_store_session *s, const struct ward_lookup *lookup,
                                                ward_api_proxy_visit visit, void *arg) WARD_MUST_USE;
/** The proxies of an account that have this public key, the oldest first. */
enum ward_status ward_store_api_proxy_of_public_key(struct ward_store_session *s, const struct ward_uuid *account,
                                                    struct ward_span public_key, ward_api_proxy_visit visit,
                                                    void *arg) WARD_MUST_USE;
enum ward_status ward_store_api_proxy_walk(struct ward_store_session *s, const struct ward_object_id *after, size_t max,
                                           ward_api_proxy_visit visit, void *arg) WARD_MUST_USE;

/* ---- counts ---- */

struct ward_secrets_counts {
    uint64_t environments, keys, jwks, proxies;
};
enum ward_status ward_store_secrets_count(struct ward_store_session *s, struct ward_secrets_counts *ret) WARD_MUST_USE;

#endif
