/*
 * The deployer: brings the keys and JWKs of environments to their replicas. It owns the keysets, one of each (replica,
 * environment).
 *
 *   start: list of environments ← store; each keyset ← its file, then ← the store, before anybody listens
 *   then:  apply(changes), behind their commit: present state of each object ← store; one batch for each replica
 *
 * A change names an object, not a content: what is deployed is the object's state in the store when its turn comes.
 * So deployments need no order, and doing one twice does no harm. A replica that could not is behind; it is tried again
 * in the background (1 s … 30 s) by comparing all that it has with the store.
 *
 * Source: contracts/apinizer.md 4.1, 5.4, 6.4.
 */
#ifndef WARD_SERVICE_DEPLOYER_H
#define WARD_SERVICE_DEPLOYER_H

#include "keyset/served.h"
#include "service/service.h"

struct ward_deployer_options {
    const char *directory;        /* of the data; the embedded replica lies in DIRECTORY/keysets/embedded */
    struct ward_service *service; /* borrowed; knows the deployer from here until it is closed */
};

struct ward_deployer;

/**
 * Open the keysets of every environment and bring them to the store's state. A replica that cannot is behind, no error.
 *
 * Owns:    *ret is owned: ward_deployer_close, before the service is freed and the store is closed.
 */
enum ward_status ward_deployer_open(const struct ward_deployer_options *options,
                                    struct ward_deployer **ret) WARD_MUST_USE;
/** Start trying replicas that are behind. */
enum ward_status ward_deployer_start(struct ward_deployer *deployer) WARD_MUST_USE;
/** Stop it and close everything. Takes NULL. */
void ward_deployer_close(struct ward_deployer *deployer);

/** The embedded replica's keysets, for who verifies, signs and publishes. */
struct ward_served *ward_deployer_served(struct ward_deployer *deployer);

/* ---- deployments ---- */

/** One object in one environment. */
struct ward_deployment_change {
    enum ward_deployed_kind kind;
    struct ward_object_id object_id;
    bool is_everywhere;                   /* a JWK: every environment that its project reaches, or that has it */
    struct ward_object_id environment_id; /* else this one */
};

struct ward_replica_result {
    struct ward_span name;
    bool is_success;
    struct ward_span detail; /* why not, in words ("no space left on device"); absent on success */
    int64_t response_ms;
};

struct ward_environment_result {
    struct ward_object_id id;
    struct ward_span name;
    bool is_removal; /* nothing of what was asked for is deployed there any more: an undeployment */
    bool is_success;
    struct ward_span detail; /* "replica embedded: no space left on device; replica b: …"; absent on success */
    int64_t response_ms;
    const struct ward_replica_result *replicas;
    size_t replica_count;
};

struct ward_deployment {
    bool is_success; /* of all; true when there was nothing to do */
    int64_t response_ms;
    const struct ward_environment_result *environments; /* as first named by the changes, then by name */
    size_t environment_count;
};

/**
 * Deploy what was just committed, and wait for it: when this says success, the next request that starts uses it.
 *
 * Shape:   any number of changes; all of a replica are one batch. A NULL deployer (a stopped server) deploys nothing
 *          and gives an empty success: the next start does it.
 * Owns:    *ret lives in pool.
 * Errors:  WARD_NO_MEMORY and errors of reading the store: nothing can be told; the environments are behind and are
 *          brought up later. A replica that cannot is no error but a result.
 * Threads: any, outside of sessions of the store.
 */
enum ward_status ward_deployer_apply(struct ward_deployer *deployer, const struct ward_deployment_change *changes,
                                     size_t count, struct ward_pool *pool, struct ward_deployment *ret) WARD_MUST_USE;

/**
 * Environments were made, changed or deleted: read their list anew, and bring those that are new, changed or behind to
 * the store's state; of all environments, or of one. Takes a NULL deployer. ret may be NULL.
 */
enum ward_status ward_deployer_refresh(struct ward_deployer *deployer, const struct ward_object_id *environment,
                                       struct ward_pool *pool, struct ward_deployment *ret) WARD_MUST_USE;

/** The same for who has nobody to tell of a failure: who cannot is behind. Takes NULL. */
void ward_deployer_follow(struct ward_deployer *deployer);

/** A project or an account has ended: take out what is deployed of it. Who cannot is behind. Takes NULL. */
void ward_deployer_scope_ended(struct ward_deployer *deployer);

/* ---- what an operator's tools ask ---- */

struct ward_deployer_replica {
    struct ward_object_id environment_id;
    struct ward_span environment, name; /* borrowed for the call */
    bool is_behind;
    struct ward_span detail; /* why; absent when it is not behind */
    struct ward_keyset_stats stats;
};
typedef void (*ward_deployer_visit)(const struct ward_deployer_replica *replica, void *arg);
/** Visit every replica of every environment. Threads: any. */
void ward_deployer_list(struct ward_deployer *deployer, ward_deployer_visit visit, void *arg);

struct ward_deployer_stats {
    uint64_t environments, replicas, behind; /* now */
    uint64_t keys, jwks;                     /* deployed, of the embedded replica */
    uint64_t deployments, failures;          /* batches since start, of all replicas */
    uint64_t file_bytes;
};
void ward_deployer_stats(struct ward_deployer *deployer, struct ward_deployer_stats *ret);

#endif
