/*
 * The deployer. Invariants:
 *
 *   1. One deployment at a time (turn). What it deploys was read from the store within its turn, so the last one to
 *      have its turn deploys the newest state, whatever the order of the commits that asked.
 *   2. A replica that is not known to stand where the store does is behind; only a comparison with the whole store
 * makes it level again.
 *   3. The store is read in sessions of its own, which end before anything is written to a replica: a replica that
 * hangs holds up deployments, but neither reads nor writes of the store.
 */
#include "service/deployer_internal.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

#define WORK_BYTES_MAX ((size_t)1 << 30)

/* ---- one replica ---- */

enum ward_status ward_copy_note(struct ward_copy *copy, const struct ward_keyset_change *change)
{
    struct ward_pending *pending = &copy->pending;
    if (pending->count == pending->capacity) {
        size_t capacity = pending->capacity ? 2 * pending->capacity : 8;
        struct ward_keyset_change *grown = ward_realloc(pending->changes, capacity * sizeof(struct ward_keyset_change));
        if (!grown) {
            return WARD_NO_MEMORY;
        }
        pending->changes = grown;
        pending->capacity = capacity;
    }
    pending->changes[pending->count++] = *change;
    return WARD_OK;
}

void ward_copy_set_behind(struct ward_deployer *deployer, struct ward_copy *copy,
                          const struct ward_keyset_failure *failure)
{
    pthread_mutex_lock(&deployer->lock);
    bool is_news = !copy->is_behind || strcmp(copy->failure.text, failure->text) != 0;
    copy->is_behind = true;
    copy->failure = *failure;
    pthread_mutex_unlock(&deployer->lock);
    if (is_news) { /* once, not with every try */
        ward_log(WARD_LOG_ERROR, "replica-behind", WARD_LOG_SPAN("environment", copy->environment->name),
                 WARD_LOG_SPAN("replica", copy->name), WARD_LOG_STR("why", failure->text));
    }
}

void ward_copy_set_level(struct ward_deployer *deployer, struct ward_copy *copy)
{
    pthread_mutex_lock(&deployer->lock);
    bool is_news = copy->is_behind && copy->delay_ms > 0;
    copy->is_behind = false;
    copy->failure.text[0] = '\0';
    pthread_mutex_unlock(&deployer->lock);
    copy->delay_ms = 0;
    if (is_news) {
        ward_log(WARD_LOG_INFO, "replica-level", WARD_LOG_SPAN("environment", copy->environment->name),
                 WARD_LOG_SPAN("replica", copy->name));
    }
}

bool ward_copy_is_behind(struct ward_deployer *deployer, const struct ward_copy *copy)
{
    pthread_mutex_lock(&deployer->lock);
    bool is_behind = copy->is_behind;
    pthread_mutex_unlock(&deployer->lock);
    return is_behind;
}

/* The embedded replica's directory is ours to make; any other one is somebody's mount, and made by nobody here. */
static void make_directory(const struct ward_deployer *deployer)
{
    char parent[4096];
    if (access(deployer->embedded, F_OK) == 0) {
        return;
    }
    snprintf(parent, sizeof(parent), "%s/keysets", deployer->data);
    if (ward_directory_ensure(parent) != WARD_OK || ward_directory_ensure(deployer->embedded) != WARD_OK) {
        ward_log(WARD_LOG_WARN, "keysets-not-made", WARD_LOG_STR("path", deployer->embedded));
    }
}

bool ward_copy_deploy(struct ward_deployer *deployer, struct ward_copy *copy, uint64_t revision)
{
    struct ward_keyset_failure failure = { .text = "" };
    struct ward_pending *pending = &copy->pending;
    bool is_done;
    if (copy->is_embedded) {
        make_directory(deployer);
    }
    if (copy->is_twin) {
        (void)ward_keyset_fail(&failure, "another replica of the environment has the same directory");
        is_done = false;
    } else {
        is_done = ward_keyset_load(copy->keyset, &failure) &&
                  (pending->count == 0 ||
                   ward_keyset_apply(copy->keyset, pending->changes, pending->count, revision, &failure));
    }
    if (!is_done || pending->count > 0) {
        atomic_fetch_add_explicit(is_done ? &deployer->deployments : &deployer->failures, 1, memory_order_relaxed);
    }
    pending->count = 0;
    if (!is_done) {
        copy->has_failed = true;
        ward_copy_set_behind(deployer, copy, &failure);
    }
    return is_done;
}

/* ---- one deployment ---- */

/** What is done in a turn. */
struct turn {
    struct ward_deployer *deployer;
    const struct ward_deployment_change *changes;
    size_t count;
    struct ward_pool pool;                /* objects, and their opened secrets */
    struct ward_deployer_object *objects; /* of each change */
    uint64_t revision;

    struct ward_target **touched; /* in the order of the answer */
    bool *has_upsert;             /* of each of them */
    size_t touched_count;
};

static void free_turn(struct turn *turn)
{
    ward_pool_free(&turn->pool);
}

static bool is_same_object(const struct ward_deployment_change *a, const struct ward_deployment_change *b)
{
    return a->kind == b->kind && ward_object_id_equal(&a->object_id, &b->object_id);
}

static enum ward_status load_in(struct ward_store_session *session, void *arg)
{
    struct turn *turn = arg;
    enum ward_status status = ward_store_revision(session, &turn->revision);
    for (size_t i = 0; i < turn->count && status == WARD_OK; i++) {
        const struct ward_deployment_change *change = &turn->changes[i];
        if (i > 0 && is_same_object(change, change - 1)) { /* one key in several environments */
            turn->objects[i] = turn->objects[i - 1];
            continue;
        }
        status = ward_deployer_object_load(session, &turn->pool, change->kind, &change->object_id, &turn->objects[i]);
    }
    return status;
}

static bool has_object(const struct ward_copy *copy, const struct ward_deployment_change *change)
{
    const struct ward_keyset_entry *entry = ward_keyset_find_id(copy->keyset, change->kind, &change->object_id);
    ward_keyset_release(entry);
    return entry != NULL;
}

static bool is_anywhere(const struct ward_target *target, const struct ward_deployment_change *change)
{
    for (size_t c = 0; c < target->environment.replica_count; c++) {
        if (has_object(&target->copies[c], change)) {
            return true;
        }
    }
    return false;
}

static size_t touch(struct turn *turn, struct ward_target *target)
{
    for (size_t i = 0; i < turn->touched_count; i++) {
        if (turn->touched[i] == target) {
            return i;
        }
    }
    turn->touched[turn->touched_count] = target;
    return turn->touched_count++;
}

static void fail_target(struct turn *turn, struct ward_target *target, enum ward_status status)
{
    struct ward_keyset_failure failure;
    (void)ward_keyset_fail(&failure, ward_status_text(status));
    for (size_t c = 0; c < target->environment.replica_count; c++) {
        target->copies[c].has_failed = true;
        ward_copy_set_behind(turn->deployer, &target->copies[c], &failure);
    }
}

/* Note what the environment is to get. What cannot be made ready fails the environment, not the others. */
static void plan(struct turn *turn, size_t index, struct ward_target *target)
{
    const struct ward_deployment_change *change = &turn->changes[index];
    const struct ward_deployer_object *object = &turn->objects[index];
    struct ward_keyset_change noted = ward_deployer_removal(change->kind, &change->object_id);
    enum ward_status status = WARD_OK;
    size_t place = touch(turn, target);
    if (ward_deployer_object_is_wanted(object, &target->environment)) {
        turn->has_upsert[place] = true;
        status = ward_deployer_object_change(turn->deployer->service, &turn->pool, object, &target->environment,
                                             &noted);
    }
    for (size_t c = 0; c < target->environment.replica_count && status == WARD_OK; c++) {
        status = ward_copy_note(&target->copies[c], &noted);
    }
    if (status != WARD_OK) {
        fail_target(turn, target, status);
    }
}

static void plan_everywhere(struct turn *turn, size_t index)
{
    struct ward_targets *list = turn->deployer->list;
    for (size_t t = 0; t < list->count; t++) {
        struct ward_target *target = &list->targets[t];
        if (ward_deployer_object_is_wanted(&turn->objects[index], &target->environment) ||
            is_anywhere(target, &turn->changes[index])) {
            plan(turn, index, target);
        }
    }
}

static void plan_all(struct turn *turn)
{
    for (size_t i = 0; i < turn->count; i++) {
        const struct ward_deployment_change *change = &turn->changes[i];
        struct ward_target *target = change->is_everywhere
                                         ? NULL
                                         : ward_targets_find(turn->deployer->list, &change->environment_id);
        if (change->is_everywhere) {
            plan_everywhere(turn, i);
        } else if (target) { /* else it was removed meanwhile, and its files with it */
            plan(turn, i, target);
        }
    }
}

static void begin_turn(struct ward_deployer *deployer)
{
    pthread_mutex_lock(&deployer->turn);
    for (size_t t = 0; t < deployer->list->count; t++) {
        struct ward_target *target = &deployer->list->targets[t];
        for (size_t c = 0; c < target->environment.replica_count; c++) {
            target->copies[c].has_failed = false;
            target->copies[c].pending.count = 0;
        }
    }
}

static void end_turn(struct ward_deployer *deployer)
{
    pthread_mutex_unlock(&deployer->turn);
    ward_deployer_wake(deployer);
}

/* ---- results ---- */

/* Behind a failure nothing further is tried in the turn. */
static void deploy_copy(struct turn *turn, struct ward_copy *copy, struct ward_replica_result *ret)
{
    struct ward_deployer *deployer = turn->deployer;
    int64_t started_ms = ward_boot_ms();
    if (!copy->has_failed) {
        (void)ward_copy_deploy(deployer, copy, turn->revision);
    }
    *ret = (struct ward_replica_result){ .name = copy->name,
                                         .is_success = !copy->has_failed,
                                         .detail = copy->has_failed ? ward_span_of(copy->failure.text) : WARD_SPAN_NONE,
                                         .response_ms = ward_boot_ms() - started_ms };
}

/* Results outlive the turn: names and reasons are copied. */
static void keep_replica(struct ward_pool *pool, struct ward_replica_result *result)
{
    result->name = ward_pool_copy(pool, result->name);
    result->detail = ward_pool_copy(pool, result->detail);
}

static struct ward_span write_detail(struct ward_pool *pool, const struct ward_environment_result *result)
{
    WARD_BUFFER text = ward_buffer_new(65536);
    for (size_t i = 0; i < result->replica_count; i++) {
        const struct ward_replica_result *replica = &result->replicas[i];
        if (replica->is_success) {
            continue;
        }
        ward_buffer_append_text(&text, text.size > 0 ? "; replica " : "replica ");
        ward_buffer_append(&text, replica->name);
        ward_buffer_append_text(&text, ": ");
        ward_buffer_append(&text, replica->detail);
    }
    return ward_pool_copy(pool, ward_buffer_span(&text));
}

static enum ward_status deploy_target(struct turn *turn, size_t place, struct ward_pool *pool,
                                      struct ward_environment_result *ret)
{
    struct ward_target *target = turn->touched[place];
    size_t count = target->environment.replica_count;
    int64_t started_ms = ward_boot_ms();
    struct ward_replica_result *replicas = ward_pool_alloc(pool, count * sizeof(struct ward_replica_result));
    if (!replicas) {
        return WARD_NO_MEMORY;
    }
    ret->id = target->environment.id;
    ret->name = ward_pool_copy(pool, target->environment.name);
    ret->is_removal = !turn->has_upsert[place];
    ret->is_success = true;
    for (size_t c = 0; c < count; c++) {
        deploy_copy(turn, &target->copies[c], &replicas[c]);
        keep_replica(pool, &replicas[c]);
        ret->is_success = ret->is_success && replicas[c].is_success;
    }
    ret->replicas = replicas;
    ret->replica_count = count;
    ret->detail = ret->is_success ? WARD_SPAN_NONE : write_detail(pool, ret);
    ret->response_ms = ward_boot_ms() - started_ms;
    return ward_pool_status(pool);
}

static enum ward_status deploy_touched(struct turn *turn, struct ward_pool *pool, struct ward_deployment *ret)
{
    size_t size = turn->touched_count * sizeof(struct ward_environment_result);
    struct ward_environment_result *results = ward_pool_alloc(pool, size);
    if (!results) {
        return WARD_NO_MEMORY;
    }
    ret->is_success = true;
    for (size_t i = 0; i < turn->touched_count; i++) {
        enum ward_status status = deploy_target(turn, i, pool, &results[i]);
        if (status != WARD_OK) {
            return status;
        }
        ret->is_success = ret->is_success && results[i].is_success;
    }
    ret->environments = results;
    ret->environment_count = turn->touched_count;
    return WARD_OK;
}

/* Nobody can say any more what was deployed: the store is compared with, later. */
static void doubt(struct ward_deployer *deployer, enum ward_status status)
{
    struct ward_keyset_failure failure;
    (void)ward_keyset_fail(&failure, ward_status_text(status));
    for (size_t t = 0; t < deployer->list->count; t++) {
        struct ward_target *target = &deployer->list->targets[t];
        for (size_t c = 0; c < target->environment.replica_count; c++) {
            ward_copy_set_behind(deployer, &target->copies[c], &failure);
        }
    }
}

static enum ward_status run(struct turn *turn, struct ward_pool *pool, struct ward_deployment *ret)
{
    size_t targets = turn->deployer->list->count;
    turn->objects = ward_pool_alloc(&turn->pool, turn->count * sizeof(struct ward_deployer_object));
    turn->touched = ward_pool_alloc(&turn->pool, targets * sizeof(struct ward_target *));
    turn->has_upsert = ward_pool_alloc(&turn->pool, targets * sizeof(bool));
    if (!turn->objects || !turn->touched || !turn->has_upsert) {
        return WARD_NO_MEMORY;
    }
    enum ward_status status = ward_store_read(turn->deployer->service->store, load_in, turn);
    if (status != WARD_OK) {
        return status;
    }
    plan_all(turn);
    return deploy_touched(turn, pool, ret);
}

enum ward_status ward_deployer_apply(struct ward_deployer *deployer, const struct ward_deployment_change *changes,
                                     size_t count, struct ward_pool *pool, struct ward_deployment *ret)
{
    struct ward_deployment done = { .is_success = true };
    if (!deployer || count == 0) {
        *ret = done;
        return WARD_OK;
    }
    int64_t started_ms = ward_boot_ms();
    begin_turn(deployer);
    __attribute__((cleanup(free_turn))) struct turn turn = {
        .deployer = deployer, .changes = changes, .count = count, .pool = ward_pool_new(WORK_BYTES_MAX)
    };
    enum ward_status status = run(&turn, pool, &done);
    if (status != WARD_OK) {
        doubt(deployer, status);
    }
    end_turn(deployer);
    done.response_ms = ward_boot_ms() - started_ms;
    if (status == WARD_OK) {
        *ret = done;
    }
    return status;
}

/* ---- the list ---- */

/* Readers leave the old keysets before they are closed. */
static enum ward_status exchange_list(struct ward_deployer *deployer)
{
    struct ward_targets *fresh, *old = deployer->list;
    enum ward_status status = ward_targets_read(deployer, &fresh);
    if (status != WARD_OK) {
        return status;
    }
    status = ward_targets_serve(fresh, deployer->served);
    if (status != WARD_OK) {
        ward_targets_free(fresh, old, false);
        return status;
    }
    pthread_mutex_lock(&deployer->lock);
    deployer->list = fresh;
    pthread_mutex_unlock(&deployer->lock);
    ward_targets_free(old, fresh, true);
    return WARD_OK;
}

/** Which copies are to be brought to the store's state. */
struct choice {
    const struct ward_object_id *environment; /* NULL: of all environments */
    bool has_level_ones;                      /* those, too, that stand where the store did */
};

static bool is_chosen(const struct choice *choice, const struct ward_copy *copy)
{
    return (copy->is_behind || choice->has_level_ones) &&
           (!choice->environment || ward_object_id_equal(choice->environment, &copy->environment->id));
}

/* NULL without memory. */
static struct ward_copy **list_copies(struct ward_deployer *deployer, const struct choice *choice, size_t *ret_count)
{
    size_t count = 0;
    const struct ward_targets *list = deployer->list;
    for (size_t t = 0; t < list->count; t++) {
        count += list->targets[t].environment.replica_count;
    }
    struct ward_copy **copies = ward_alloc(count * sizeof(struct ward_copy *));
    *ret_count = 0;
    for (size_t t = 0; copies && t < list->count; t++) {
        struct ward_target *target = &list->targets[t];
        for (size_t c = 0; c < target->environment.replica_count; c++) {
            if (is_chosen(choice, &target->copies[c])) {
                copies[(*ret_count)++] = &target->copies[c];
            }
        }
    }
    return copies;
}

static enum ward_status level_copies(struct ward_deployer *deployer, const struct choice *choice)
{
    size_t count;
    struct ward_copy **copies = list_copies(deployer, choice, &count);
    if (!copies) {
        return WARD_NO_MEMORY;
    }
    make_directory(deployer);
    if (count > 0) {
        ward_deployer_reconcile(deployer, copies, count);
    }
    ward_free(copies);
    return WARD_OK;
}

/* Tell how the replicas stand that were compared. */
static enum ward_status report(struct ward_deployer *deployer, const struct ward_object_id *environment,
                               struct ward_pool *pool, struct ward_deployment *ret)
{
    struct ward_targets *list = deployer->list;
    struct ward_environment_result *results = ward_pool_alloc(pool, list->count * sizeof(*results));
    *ret = (struct ward_deployment){ .is_success = true, .environments = results };
    for (size_t t = 0; results && t < list->count; t++) {
        struct ward_target *target = &list->targets[t];
        size_t count = target->environment.replica_count;
        if (environment && !ward_object_id_equal(environment, &target->environment.id)) {
            continue;
        }
        struct ward_environment_result *result = &results[ret->environment_count++];
        struct ward_replica_result *replicas = ward_pool_alloc(pool, count * sizeof(*replicas));
        *result = (struct ward_environment_result){ .id = target->environment.id,
                                                    .name = ward_pool_copy(pool, target->environment.name),
                                                    .is_success = true,
                                                    .replicas = replicas,
                                                    .replica_count = count };
        for (size_t c = 0; replicas && c < count; c++) {
            const struct ward_copy *copy = &target->copies[c];
            replicas[c] = (struct ward_replica_result){ .name = copy->name,
                                                        .is_success = !copy->is_behind,
                                                        .detail = copy->is_behind ? ward_span_of(copy->failure.text)
                                                                                  : WARD_SPAN_NONE };
            keep_replica(pool, &replicas[c]);
            result->is_success = result->is_success && replicas[c].is_success;
        }
        result->detail = result->is_success ? WARD_SPAN_NONE : write_detail(pool, result);
        ret->is_success = ret->is_success && result->is_success;
    }
    return ward_pool_status(pool);
}

static enum ward_status refresh(struct ward_deployer *deployer, const struct choice *choice, struct ward_pool *pool,
                                struct ward_deployment *ret)
{
    if (!deployer) {
        if (ret) {
            *ret = (struct ward_deployment){ .is_success = true };
        }
        return WARD_OK;
    }
    begin_turn(deployer);
    enum ward_status status = exchange_list(deployer);
    if (status == WARD_OK) {
        status = level_copies(deployer, choice);
    }
    if (status != WARD_OK) {
        doubt(deployer, status);
    } else if (ret) {
        status = report(deployer, choice->environment, pool, ret);
    }
    end_turn(deployer);
    return status;
}

enum ward_status ward_deployer_refresh(struct ward_deployer *deployer, const struct ward_object_id *environment,
                                       struct ward_pool *pool, struct ward_deployment *ret)
{
    const struct choice choice = { .environment = environment };
    return refresh(deployer, &choice, pool, ret);
}

static void refresh_silently(struct ward_deployer *deployer, bool has_level_ones)
{
    const struct choice choice = { .has_level_ones = has_level_ones };
    enum ward_status status = refresh(deployer, &choice, NULL, NULL);
    if (status != WARD_OK) {
        ward_log(WARD_LOG_WARN, "replicas-behind", WARD_LOG_STR("status", ward_status_code(status)));
    }
}

void ward_deployer_follow(struct ward_deployer *deployer)
{
    refresh_silently(deployer, false);
}

/* As rare as it is, and as large as what has ended: everything is compared. */
void ward_deployer_scope_ended(struct ward_deployer *deployer)
{
    refresh_silently(deployer, true);
}

/* ---- life ---- */

static char *join(const char *directory, const char *end)
{
    size_t size = strlen(directory) + strlen(end) + 1;
    char *joined = ward_alloc(size);
    if (joined) {
        snprintf(joined, size, "%s%s", directory, end);
    }
    return joined;
}

static bool make_locks(struct ward_deployer *deployer)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&deployer->turn, NULL);
    pthread_mutex_init(&deployer->lock, NULL);
    pthread_mutex_init(&deployer->keeper_lock, NULL);
    bool is_made = pthread_cond_init(&deployer->keeper_wake, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return is_made;
}

static enum ward_status open_all(struct ward_deployer *deployer)
{
    deployer->list = ward_alloc(sizeof(*deployer->list));
    if (!deployer->data || !deployer->embedded || !deployer->list) {
        return WARD_NO_MEMORY;
    }
    deployer->list->pool = ward_pool_new(0);
    enum ward_status status = ward_served_new(&deployer->served);
    if (status == WARD_OK) {
        status = exchange_list(deployer);
    }
    if (status == WARD_OK) {
        status = level_copies(deployer, &(const struct choice){ .has_level_ones = true });
    }
    if (status == WARD_OK) {
        ward_targets_sweep(deployer);
    }
    return status;
}

enum ward_status ward_deployer_open(const struct ward_deployer_options *options, struct ward_deployer **ret)
{
    struct ward_deployer *deployer = ward_alloc(sizeof(*deployer));
    if (!deployer) {
        return WARD_NO_MEMORY;
    }
    if (!make_locks(deployer)) {
        ward_free(deployer);
        return WARD_NO_MEMORY;
    }
    deployer->service = options->service;
    deployer->data = join(options->directory, "");
    deployer->embedded = join(options->directory, "/keysets/embedded");
    enum ward_status status = open_all(deployer);
    if (status != WARD_OK) {
        ward_deployer_close(deployer);
        return status;
    }
    options->service->deployer = deployer;
    *ret = deployer;
    return WARD_OK;
}

void ward_deployer_close(struct ward_deployer *deployer)
{
    if (!deployer) {
        return;
    }
    ward_deployer_keeper_stop(deployer);
    if (deployer->service->deployer == deployer) {
        deployer->service->deployer = NULL;
    }
    ward_served_free(deployer->served);
    ward_targets_free(deployer->list, NULL, false);
    pthread_cond_destroy(&deployer->keeper_wake);
    pthread_mutex_destroy(&deployer->keeper_lock);
    pthread_mutex_destroy(&deployer->lock);
    pthread_mutex_destroy(&deployer->turn);
    ward_free(deployer->embedded);
    ward_free(deployer->data);
    ward_free(deployer);
}

struct ward_served *ward_deployer_served(struct ward_deployer *deployer)
{
    return deployer->served;
}

/* ---- looking on ---- */

void ward_deployer_list(struct ward_deployer *deployer, ward_deployer_visit visit, void *arg)
{
    pthread_mutex_lock(&deployer->lock);
    for (size_t t = 0; t < deployer->list->count; t++) {
        const struct ward_target *target = &deployer->list->targets[t];
        for (size_t c = 0; c < target->environment.replica_count; c++) {
            const struct ward_copy *copy = &target->copies[c];
            struct ward_deployer_replica replica = { .environment_id = target->environment.id,
                                                     .environment = target->environment.name,
                                                     .name = copy->name,
                                                     .is_behind = copy->is_behind,
                                                     .detail = copy->is_behind ? ward_span_of(copy->failure.text)
                                                                               : WARD_SPAN_NONE };
            ward_keyset_stats(copy->keyset, &replica.stats);
            visit(&replica, arg);
        }
    }
    pthread_mutex_unlock(&deployer->lock);
}

struct sum {
    struct ward_deployer_stats *stats;
    struct ward_object_id last;
};

static void add_replica(const struct ward_deployer_replica *replica, void *arg)
{
    struct sum *sum = arg;
    struct ward_deployer_stats *stats = sum->stats;
    stats->environments += !ward_object_id_equal(&sum->last, &replica->environment_id);
    sum->last = replica->environment_id;
    stats->replicas++;
    stats->behind += replica->is_behind;
    stats->file_bytes += replica->stats.file_bytes;
    if (ward_span_equal(replica->name, WARD_SPAN(WARD_REPLICA_EMBEDDED))) {
        stats->keys += replica->stats.keys;
        stats->jwks += replica->stats.jwks;
    }
}

void ward_deployer_stats(struct ward_deployer *deployer, struct ward_deployer_stats *ret)
{
    struct sum sum = { .stats = ret };
    *ret = (struct ward_deployer_stats){
        .deployments = atomic_load_explicit(&deployer->deployments, memory_order_relaxed),
        .failures = atomic_load_explicit(&deployer->failures, memory_order_relaxed),
    };
    ward_deployer_list(deployer, add_replica, &sum);
}
