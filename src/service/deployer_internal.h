/* What the files of the deployer share. */
#ifndef WARD_SERVICE_DEPLOYER_INTERNAL_H
#define WARD_SERVICE_DEPLOYER_INTERNAL_H

#include "keyset/served.h"
#include "service/deployer.h"
#include "service/environments.h"
#include "service/internal.h"

/** What is to be deployed to one replica, as it is found. */
struct ward_pending {
    struct ward_keyset_change *changes;
    size_t count, capacity;
};

/** A replica of an environment: its keyset, and how it stands. */
struct ward_copy {
    const struct ward_environment *environment;
    struct ward_span name;
    char *directory; /* owned */
    bool is_embedded, is_twin /* another replica of the environment has the directory */;
    struct ward_keyset *keyset; /* owned */

    /* under the deployer's lock */
    bool is_behind;
    struct ward_keyset_failure failure;

    /* whose turn it is */
    struct ward_pending pending;
    int64_t retry_ms; /* by ward_boot_ms */
    int64_t delay_ms;
    uint64_t wanted; /* objects that it is to have, counted by reconciling */
    bool has_failed; /* in this turn */
};

struct ward_target {
    struct ward_environment environment;
    struct ward_copy *copies; /* as many as the environment has replicas */
};

/** The environments of the store, and their keysets. */
struct ward_targets {
    struct ward_pool pool; /* of what the store gave */
    struct ward_target *targets;
    size_t count, capacity;
};

struct ward_deployer {
    struct ward_service *service;
    char *data, *embedded; /* directories; owned */
    struct ward_served *served;

    pthread_mutex_t turn; /* one deployment at a time; held across I/O. Guards targets and keysets */
    pthread_mutex_t lock; /* guards what others look at: how replicas stand, and the list while it is exchanged */
    struct ward_targets *list;
    _Atomic uint64_t deployments, failures;

    pthread_mutex_t keeper_lock;
    pthread_cond_t keeper_wake;
    pthread_t keeper;
    bool has_keeper, must_stop, has_work;
};

/* ---- deployer_objects.c: an object's present state, and what of it an environment gets ---- */

struct ward_deployer_object {
    enum ward_deployed_kind kind;
    struct ward_object_id id;
    bool is_there; /* in the store */
    struct ward_crypto_key key;
    struct ward_jwk jwk;
};

/** Read an object's state into pool. One that is not there is no error. */
enum ward_status ward_deployer_object_load(struct ward_store_session *session, struct ward_pool *pool,
                                           enum ward_deployed_kind kind, const struct ward_object_id *id,
                                           struct ward_deployer_object *ret) WARD_MUST_USE;

/** True when an environment is to have it. */
bool ward_deployer_object_is_wanted(const struct ward_deployer_object *object,
                                    const struct ward_environment *environment);

/** Say which state it is in: the same for the same rows of the store. */
enum ward_status ward_deployer_object_origin(const struct ward_deployer_object *object,
                                             const struct ward_environment *environment, uint8_t ret[16]) WARD_MUST_USE;

/** Make the change that puts it into an environment that wants it, with its secret opened, in pool. */
enum ward_status ward_deployer_object_change(struct ward_service *service, struct ward_pool *pool,
                                             const struct ward_deployer_object *object,
                                             const struct ward_environment *environment,
                                             struct ward_keyset_change *ret) WARD_MUST_USE;

/** The change that takes an object out. */
struct ward_keyset_change ward_deployer_removal(enum ward_deployed_kind kind, const struct ward_object_id *id);

/* ---- deployer_targets.c: the list ---- */

/** Read the store's environments, and make keysets for those that are new. The others are the old list's; which keeps
 * its own until ward_targets_take_over. */
enum ward_status ward_targets_read(struct ward_deployer *deployer, struct ward_targets **ret) WARD_MUST_USE;
/** Free a list, with the keysets that are not another's. Takes NULL. */
void ward_targets_free(struct ward_targets *targets, const struct ward_targets *others, bool removes_files);
/** Tell readers of the list. */
enum ward_status ward_targets_serve(const struct ward_targets *targets, struct ward_served *served) WARD_MUST_USE;
struct ward_target *ward_targets_find(struct ward_targets *targets, const struct ward_object_id *id);
/** Remove files of environments that are not there any more, and what an interrupted write left, from the embedded
 * replica. */
void ward_targets_sweep(const struct ward_deployer *deployer);

/* ---- deployer.c: one replica; whose turn it is ---- */

/** Note a change for a replica. */
enum ward_status ward_copy_note(struct ward_copy *copy, const struct ward_keyset_change *change) WARD_MUST_USE;
/** Deploy what was noted. False: it is behind, and its failure says why. */
bool ward_copy_deploy(struct ward_deployer *deployer, struct ward_copy *copy, uint64_t revision);
/** It could not; or it stands where the store does. */
void ward_copy_set_behind(struct ward_deployer *deployer, struct ward_copy *copy,
                          const struct ward_keyset_failure *failure);
void ward_copy_set_level(struct ward_deployer *deployer, struct ward_copy *copy);
bool ward_copy_is_behind(struct ward_deployer *deployer, const struct ward_copy *copy);

/* ---- deployer_keeper.c ---- */

/** Compare replicas with the whole store and deploy what differs. Each is level behind it, or behind with a reason. */
void ward_deployer_reconcile(struct ward_deployer *deployer, struct ward_copy **copies, size_t count);

/** Wake the thread that tries again. */
void ward_deployer_wake(struct ward_deployer *deployer);
void ward_deployer_keeper_stop(struct ward_deployer *deployer);

#endif
