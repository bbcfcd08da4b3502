/*
 * Comparing replicas with the store, and the thread that does it again while one is behind.
 *
 *   walk all keys, all JWKs, in slices by id: for each replica whose environment wants one: is it there, from this
 * state? then, where a replica has more than its environment wants: each of its objects against the store
 *
 * What is committed meanwhile is deployed by who committed it, in a turn behind this one.
 */
#include "service/deployer_internal.h"

#include <time.h>

#include "base/log.h"
#include "base/thread.h"

#define SLICE           512
#define SLICE_BYTES_MAX ((size_t)1 << 30)
#define FIRST_DELAY_MS  1000
#define LAST_DELAY_MS   30000
#define TICK_MS         500 /* real time; what is due is told by the seam's clock */

/** A comparison of some replicas with the store. */
struct comparison {
    struct ward_deployer *deployer;
    struct ward_copy **copies;
    size_t count;

    struct ward_pool pool; /* of a slice */
    enum ward_deployed_kind kind;
    struct ward_object_id last;
    size_t seen; /* in the slice */
    uint64_t revision;
};

static void fail_copy(struct comparison *comparison, struct ward_copy *copy, enum ward_status status)
{
    struct ward_keyset_failure failure;
    (void)ward_keyset_fail(&failure, ward_status_text(status));
    copy->has_failed = true;
    ward_copy_set_behind(comparison->deployer, copy, &failure);
}

/* ---- what is missing or old ---- */

static bool is_there(const struct ward_copy *copy, const struct ward_deployer_object *object, const uint8_t origin[16])
{
    const struct ward_keyset_entry *entry = ward_keyset_find_id(copy->keyset, object->kind, &object->id);
    bool is_same = entry && memcmp(entry->object.origin, origin, 16) == 0;
    ward_keyset_release(entry);
    return is_same;
}

static enum ward_status compare_copy(struct comparison *comparison, struct ward_copy *copy,
                                     const struct ward_deployer_object *object)
{
    uint8_t origin[16];
    struct ward_keyset_change change;
    if (copy->has_failed || !ward_deployer_object_is_wanted(object, copy->environment)) {
        return WARD_OK;
    }
    copy->wanted++;
    enum ward_status status = ward_deployer_object_origin(object, copy->environment, origin);
    if (status != WARD_OK || is_there(copy, object, origin)) {
        return status;
    }
    status = ward_deployer_object_change(comparison->deployer->service, &comparison->pool, object, copy->environment,
                                         &change);
    return status == WARD_OK ? ward_copy_note(copy, &change) : status;
}

/* A blob that does not open keeps its environment behind, and nobody else. */
static void compare_object(struct comparison *comparison, const struct ward_deployer_object *object)
{
    comparison->last = object->id;
    comparison->seen++;
    for (size_t i = 0; i < comparison->count; i++) {
        enum ward_status status = compare_copy(comparison, comparison->copies[i], object);
        if (status != WARD_OK) {
            fail_copy(comparison, comparison->copies[i], status);
        }
    }
}

static enum ward_status compare_key(const struct ward_crypto_key *key, void *arg)
{
    struct ward_deployer_object object = { .kind = WARD_DEPLOYED_KEY, .id = key->id, .is_there = true, .key = *key };
    compare_object(arg, &object);
    return WARD_OK;
}

static enum ward_status compare_jwk(const struct ward_jwk *jwk, void *arg)
{
    struct ward_deployer_object object = { .kind = WARD_DEPLOYED_JWK, .id = jwk->id, .is_there = true, .jwk = *jwk };
    compare_object(arg, &object);
    return WARD_OK;
}

static enum ward_status compare_slice(struct ward_store_session *session, void *arg)
{
    struct comparison *comparison = arg;
    const struct ward_object_id after = comparison->last;
    const struct ward_object_id *behind = ward_object_id_is_none(&after) ? NULL : &after;
    enum ward_status status = ward_store_revision(session, &comparison->revision);
    if (status != WARD_OK) {
        return status;
    }
    return comparison->kind == WARD_DEPLOYED_KEY
               ? ward_store_crypto_key_walk(session, NULL, behind, SLICE, compare_key, comparison)
               : ward_store_jwk_walk(session, behind, SLICE, compare_jwk, comparison);
}

static void deploy_noted(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++) {
        struct ward_copy *copy = comparison->copies[i];
        if (!copy->has_failed && copy->pending.count > 0) {
            (void)ward_copy_deploy(comparison->deployer, copy, comparison->revision);
        }
        copy->pending.count = 0;
    }
}

static enum ward_status compare_kind(struct comparison *comparison, enum ward_deployed_kind kind)
{
    comparison->kind = kind;
    comparison->last = (struct ward_object_id){ .text = "" };
    do {
        comparison->seen = 0;
        enum ward_status status = ward_store_read(comparison->deployer->service->store, compare_slice, comparison);
        if (status != WARD_OK) {
            return status;
        }
        deploy_noted(comparison);
        ward_pool_reset(&comparison->pool);
    } while (comparison->seen >= SLICE);
    return WARD_OK;
}

/* ---- what is too much ---- */

struct name {
    enum ward_deployed_kind kind;
    struct ward_object_id id;
};

/** Everything that one replica has. */
struct inventory {
    struct comparison *comparison;
    struct ward_copy *copy;
    struct name *names;
    size_t count, at;
};

static enum ward_status note_name(const struct ward_keyset_entry *entry, void *arg)
{
    struct inventory *inventory = arg;
    inventory->names[inventory->count++] = (struct name){ entry->object.kind, entry->object.id };
    return WARD_OK;
}

static enum ward_status check_slice(struct ward_store_session *session, void *arg)
{
    struct inventory *inventory = arg;
    struct comparison *comparison = inventory->comparison;
    enum ward_status status = ward_store_revision(session, &comparison->revision);
    for (size_t n = 0; n < SLICE && inventory->at < inventory->count && status == WARD_OK; n++) {
        const struct name *name = &inventory->names[inventory->at++];
        struct ward_deployer_object object;
        status = ward_deployer_object_load(session, &comparison->pool, name->kind, &name->id, &object);
        if (status == WARD_OK && !ward_deployer_object_is_wanted(&object, inventory->copy->environment)) {
            const struct ward_keyset_change change = ward_deployer_removal(name->kind, &name->id);
            status = ward_copy_note(inventory->copy, &change);
        }
    }
    return status;
}

static enum ward_status take_out(struct inventory *inventory)
{
    struct comparison *comparison = inventory->comparison;
    struct ward_copy *copy = inventory->copy;
    while (inventory->at < inventory->count && !copy->has_failed) {
        enum ward_status status = ward_store_read(comparison->deployer->service->store, check_slice, inventory);
        if (status != WARD_OK) {
            return status;
        }
        if (copy->pending.count > 0) {
            (void)ward_copy_deploy(comparison->deployer, copy, comparison->revision);
        }
        ward_pool_reset(&comparison->pool);
    }
    return WARD_OK;
}

/* Everything that is wanted is there by now: as many objects as wanted ones are exactly those. */
static enum ward_status remove_excess(struct comparison *comparison, struct ward_copy *copy)
{
    struct ward_keyset_stats stats;
    ward_keyset_stats(copy->keyset, &stats);
    if (stats.keys + stats.jwks <= copy->wanted) {
        return WARD_OK;
    }
    struct inventory inventory = { .comparison = comparison, .copy = copy };
    inventory.names = ward_alloc((stats.keys + stats.jwks) * sizeof(struct name));
    if (!inventory.names) {
        return WARD_NO_MEMORY;
    }
    enum ward_status status = ward_keyset_walk(copy->keyset, note_name, &inventory);
    if (status == WARD_OK) {
        status = take_out(&inventory);
    }
    ward_free(inventory.names);
    return status;
}

/* ---- all of it ---- */

static void begin(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++) {
        struct ward_copy *copy = comparison->copies[i];
        copy->has_failed = false;
        copy->pending.count = 0;
        copy->wanted = 0;
        (void)ward_copy_deploy(comparison->deployer, copy, 0); /* nothing: its file is read, if it was not yet */
    }
}

static enum ward_status compare(struct comparison *comparison)
{
    enum ward_status status = compare_kind(comparison, WARD_DEPLOYED_KEY);
    if (status == WARD_OK) {
        status = compare_kind(comparison, WARD_DEPLOYED_JWK);
    }
    for (size_t i = 0; i < comparison->count && status == WARD_OK; i++) {
        if (!comparison->copies[i]->has_failed) {
            status = remove_excess(comparison, comparison->copies[i]);
        }
    }
    return status;
}

static void delay(struct ward_copy *copy)
{
    copy->delay_ms = copy->delay_ms == 0 ? FIRST_DELAY_MS : 2 * copy->delay_ms;
    if (copy->delay_ms > LAST_DELAY_MS) {
        copy->delay_ms = LAST_DELAY_MS;
    }
    copy->retry_ms = ward_boot_ms() + copy->delay_ms;
}

void ward_deployer_reconcile(struct ward_deployer *deployer, struct ward_copy **copies, size_t count)
{
    struct comparison comparison = {
        .deployer = deployer, .copies = copies, .count = count, .pool = ward_pool_new(SLICE_BYTES_MAX)
    };
    begin(&comparison);
    enum ward_status status = compare(&comparison);
    for (size_t i = 0; i < count; i++) {
        if (status != WARD_OK && !copies[i]->has_failed) {
            fail_copy(&comparison, copies[i], status);
        }
        if (copies[i]->has_failed) {
            delay(copies[i]);
        } else {
            ward_copy_set_level(deployer, copies[i]);
        }
    }
    ward_pool_free(&comparison.pool);
}

/* ---- the thread ---- */

static bool is_due(struct ward_deployer *deployer, const struct ward_copy *copy)
{
    return ward_copy_is_behind(deployer, copy) && ward_boot_ms() >= copy->retry_ms;
}

static void compact(const struct ward_copy *copy)
{
    struct ward_keyset_failure failure;
    if (ward_keyset_is_wasteful(copy->keyset) && !ward_keyset_compact(copy->keyset, &failure)) {
        ward_log(WARD_LOG_WARN, "keyset-not-compacted", WARD_LOG_SPAN("environment", copy->environment->name),
                 WARD_LOG_SPAN("replica", copy->name), WARD_LOG_STR("why", failure.text));
    }
}

/* One turn for each replica, so that deployments come in between. True: there is more to do, now or later. */
static bool keep_copy(struct ward_deployer *deployer, size_t index)
{
    bool has_more = false;
    size_t at = 0;
    pthread_mutex_lock(&deployer->turn);
    for (size_t t = 0; t < deployer->list->count; t++) {
        struct ward_target *target = &deployer->list->targets[t];
        for (size_t c = 0; c < target->environment.replica_count; c++, at++) {
            struct ward_copy *copy = &target->copies[c];
            if (at == index && is_due(deployer, copy)) {
                ward_deployer_reconcile(deployer, &copy, 1);
            }
            if (at == index && !ward_copy_is_behind(deployer, copy)) {
                compact(copy);
            }
            has_more = has_more || ward_copy_is_behind(deployer, copy);
        }
    }
    pthread_mutex_unlock(&deployer->turn);
    return has_more;
}

static size_t count_copies(struct ward_deployer *deployer)
{
    size_t count = 0;
    pthread_mutex_lock(&deployer->lock);
    for (size_t t = 0; t < deployer->list->count; t++) {
        count += deployer->list->targets[t].environment.replica_count;
    }
    pthread_mutex_unlock(&deployer->lock);
    return count;
}

static void wait_for_tick(struct ward_deployer *deployer)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += TICK_MS * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000L;
    }
    while (!deployer->must_stop && pthread_cond_timedwait(&deployer->keeper_wake, &deployer->keeper_lock, &at) == 0) {
    }
}

static bool must_stop(struct ward_deployer *deployer)
{
    pthread_mutex_lock(&deployer->keeper_lock);
    bool stops = deployer->must_stop;
    pthread_mutex_unlock(&deployer->keeper_lock);
    return stops;
}

static bool keep_all(struct ward_deployer *deployer)
{
    bool has_more = false;
    size_t count = count_copies(deployer);
    for (size_t i = 0; i < count && !must_stop(deployer); i++) {
        has_more = keep_copy(deployer, i);
    }
    return has_more;
}

static void *keep(void *arg)
{
    struct ward_deployer *deployer = arg;
    ward_thread_is(WARD_THREAD_BACKGROUND);
    pthread_mutex_lock(&deployer->keeper_lock);
    while (!deployer->must_stop) {
        if (!deployer->has_work) {
            pthread_cond_wait(&deployer->keeper_wake, &deployer->keeper_lock);
            continue;
        }
        wait_for_tick(deployer);
        deployer->has_work = false;
        pthread_mutex_unlock(&deployer->keeper_lock);
        bool has_more = keep_all(deployer);
        pthread_mutex_lock(&deployer->keeper_lock);
        deployer->has_work = deployer->has_work || has_more;
    }
    pthread_mutex_unlock(&deployer->keeper_lock);
    return NULL;
}

enum ward_status ward_deployer_start(struct ward_deployer *deployer)
{
    deployer->has_work = true;
    deployer->has_keeper = pthread_create(&deployer->keeper, NULL, keep, deployer) == 0;
    return deployer->has_keeper ? WARD_OK : WARD_UNAVAILABLE;
}

void ward_deployer_wake(struct ward_deployer *deployer)
{
    pthread_mutex_lock(&deployer->keeper_lock);
    if (!deployer->has_work) {
        deployer->has_work = true;
        pthread_cond_signal(&deployer->keeper_wake);
    }
    pthread_mutex_unlock(&deployer->keeper_lock);
}

void ward_deployer_keeper_stop(struct ward_deployer *deployer)
{
    if (!deployer->has_keeper) {
        return;
    }
    pthread_mutex_lock(&deployer->keeper_lock);
    deployer->must_stop = true;
    pthread_cond_signal(&deployer->keeper_wake);
    pthread_mutex_unlock(&deployer->keeper_lock);
    pthread_join(deployer->keeper, NULL);
    deployer->has_keeper = false;
}
