/* What Ward itself does to keys: note their first use (contracts/theauthapi.md 2.8) and flip the expired ones (3.1). */
#include "service/internal.h"

#define SWEEP_BATCH 128

/* ---- first use ---- */

struct first_use {
    struct ward_service *service;
    const struct ward_key_id *id;
    int64_t now_ms;
    struct ward_pool pool;
    struct ward_api_key key;
};

/* OK: still to be noted. CONFLICT: noted already. */
static enum ward_status find_unused(struct ward_store_session *session, void *arg)
{
    struct first_use *use = arg;
    enum ward_status status = ward_store_key_get(session, use->id, &use->pool, &use->key);
    if (status != WARD_OK) {
        return status;
    }
    if (use->key.is_removed) {
        return WARD_NOT_FOUND;
    }
    return use->key.first_used_ms == WARD_TIME_NONE ? WARD_OK : WARD_CONFLICT;
}

static enum ward_status note_use_in(struct ward_store_session *session, void *arg)
{
    struct first_use *use = arg;
    struct ward_operator who = ward_operator_system();
    enum ward_status status = find_unused(session, use);
    if (status != WARD_OK) {
        return status;
    }
    use->key.first_used_ms = use->now_ms;
    use->key.updated_ms = ward_service_later(use->now_ms, use->key.updated_ms);
    return ward_service_key_store(session, use->service, &who, &use->key, "first-used", NULL, WARD_SPAN_NONE);
}

enum ward_status ward_service_key_first_use(struct ward_service *service, const struct ward_key_id *id, int64_t now_ms)
{
    struct first_use use = { .service = service, .id = id, .now_ms = now_ms, .pool = ward_pool_new(WARD_ONE_KEY_POOL) };
    uint64_t revision;
    enum ward_status status = ward_store_read(service->store, find_unused, &use);
    if (status == WARD_OK) {
        status = ward_store_write(service->store, note_use_in, &use, &revision);
    }
    ward_pool_free(&use.pool);
    return status == WARD_CONFLICT ? WARD_OK : status;
}

/* ---- expiry ---- */

struct sweep {
    struct ward_service *service;
    int64_t now_ms;
    size_t max; /* of this batch */
    size_t found, flipped;
    struct ward_key_id ids[SWEEP_BATCH];
};

static enum ward_status note_expired(const struct ward_api_key *key, void *arg)
{
    struct sweep *sweep = arg;
    if (sweep->found < SWEEP_BATCH) {
        sweep->ids[sweep->found++] = key->id;
    }
    return WARD_OK;
}

static enum ward_status find_expired(struct ward_store_session *session, void *arg)
{
    struct sweep *sweep = arg;
    return ward_store_key_expired(session, sweep->now_ms, sweep->max, note_expired, sweep);
}

/* updatedAt stays: the key was inactive from its expiry on, and when the sweeper came is no concern of its owner. */
static enum ward_status expire_one(struct ward_store_session *session, struct sweep *sweep, struct ward_pool *pool,
                                   const struct ward_key_id *id)
{
    struct ward_api_key key;
    enum ward_status status = ward_store_key_get(session, id, pool, &key);
    if (status == WARD_NOT_FOUND) {
        return WARD_OK;
    }
    if (status != WARD_OK) {
        return status;
    }
    bool is_due = key.expires_ms != WARD_TIME_NONE && key.expires_ms <= sweep->now_ms;
    if (key.is_removed || !key.is_enabled || !is_due) {
        return WARD_OK; /* its expiry was moved, or somebody deleted it, since the list was read */
    }
    struct ward_operator who = ward_operator_system();
    struct ward_members changed = { 1, { "isActive" } };
    key.is_enabled = false;
    sweep->flipped++;
    return ward_service_key_store(session, sweep->service, &who, &key, "expired", &changed, WARD_SPAN_NONE);
}

static enum ward_status expire_in(struct ward_store_session *session, void *arg)
{
    struct sweep *sweep = arg;
    WARD_POOL pool = ward_pool_new(WARD_ONE_KEY_POOL);
    for (size_t i = 0; i < sweep->found; i++) {
        enum ward_status status = expire_one(session, sweep, &pool, &sweep->ids[i]);
        if (status != WARD_OK) {
            return status;
        }
        ward_pool_reset(&pool);
    }
    return WARD_OK;
}

enum ward_status ward_service_key_sweep(struct ward_service *service, int64_t now_ms, size_t max, size_t *ret_count)
{
    size_t count = 0;
    size_t tried = 0;
    while (tried < max) {
        uint64_t revision;
        struct sweep sweep = { .service = service, .now_ms = now_ms };
        sweep.max = max - tried < SWEEP_BATCH ? max - tried : SWEEP_BATCH;
        enum ward_status status = ward_store_read(service->store, find_expired, &sweep);
        if (status == WARD_OK && sweep.found > 0) {
            status = ward_store_write(service->store, expire_in, &sweep, &revision);
        }
        if (status != WARD_OK) {
            return status;
        }
        tried += sweep.found;
        count += sweep.flipped;
        if (sweep.found < sweep.max) {
            break;
        }
    }
    *ret_count = count;
    return WARD_OK;
}
