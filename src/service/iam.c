/*
 * Secrets of IAM pairs, for signatures: contracts/ncp.md 3. A secret is needed in clear on every signed call, so opened
 * ones are kept: a table of fixed size, one place for each access key id.
 *
 * An id that nobody has is kept the same way, with a secret that signs for nobody. So a call takes the store and a seal
 * to open the first time and neither the next, whether the id exists or not, and its time does not tell.
 *
 * `epoch` goes up with every change of a credential, a project or an account, before its caller is answered. What was
 * read from the store under an older epoch is not kept.
 *
 * A pair's own limit is counted here, not in the table: only the process that serves signed calls counts them, so one
 * mutex makes it exact, and no record that a verification could be shown stands for a pair. Counts outlive what is kept
 * of their pair: neither a change of a credential nor a delete and reactivate opens a new window; a restart does.
 */
#include "service/internal.h"

#include "service/gateway.h"

#define PLACES        1024
#define SECRET_MAX    64
#define PUBLIC_ID_MAX 128
#define ONE_POOL      65536

struct iam_entry {
    bool is_used, is_known;
    struct ward_lookup lookup;
    char secret[SECRET_MAX];
    size_t secret_size;
    struct ward_operator who;
    int64_t expires_ms;
    struct ward_rate_limit rate_limit;
};

struct iam_count {
    struct iam_count *next; /* in the same chain */
    struct ward_uuid id;
    int64_t start_ms, end_ms;
    uint64_t consumed;
};

struct ward_iam_cache {
    pthread_mutex_t mutex;
    struct iam_count *counts[PLACES]; /* chains, by the credential's id */
    uint64_t epoch;
    struct iam_entry entries[PLACES];
    struct ward_pool pool;   /* of the dummy */
    struct ward_span sealed; /* what an unknown id's secret is opened from */
};

static const struct ward_seal_place dummy_place = { .account = WARD_SPAN_INIT("none"),
                                                    .table = "credential",
                                                    .row = WARD_SPAN_INIT("none"),
                                                    .field = "dummy",
                                                    .version = 1 };

static enum ward_status seal_dummy(struct ward_service *service, struct ward_iam_cache *cache)
{
    char text[WARD_CREDENTIAL_VALUE_CHARS_MAX + 1];
    size_t size;
    enum ward_status status = ward_credential_generate(WARD_CREDENTIAL_IAM, WARD_ENV_LIVE, text, &size);
    if (status == WARD_OK) {
        status = ward_service_seal(service, &dummy_place, ward_span(text, size), &cache->pool, &cache->sealed);
    }
    explicit_bzero(text, sizeof(text));
    return status;
}

enum ward_status ward_iam_cache_new(struct ward_service *service, struct ward_iam_cache **ret)
{
    struct ward_iam_cache *cache = ward_alloc(sizeof(*cache));
    if (!cache) {
        return WARD_NO_MEMORY;
    }
    if (pthread_mutex_init(&cache->mutex, NULL) != 0) {
        ward_free(cache);
        return WARD_NO_MEMORY;
    }
    cache->pool = ward_pool_new(ONE_POOL);
    enum ward_status status = seal_dummy(service, cache);
    if (status != WARD_OK) {
        ward_iam_cache_free(cache);
        return status;
    }
    *ret = cache;
    return WARD_OK;
}

void ward_iam_cache_free(struct ward_iam_cache *cache)
{
    if (!cache) {
        return;
    }
    pthread_mutex_destroy(&cache->mutex);
    for (size_t i = 0; i < PLACES; i++) {
        for (struct iam_count *count = cache->counts[i]; count;) {
            struct iam_count *next = count->next;
            ward_free(count);
            count = next;
        }
    }
    ward_pool_free(&cache->pool);
    explicit_bzero(cache, sizeof(*cache));
    ward_free(cache);
}

void ward_service_credentials_changed(struct ward_service *service)
{
    pthread_mutex_lock(&service->iam->mutex);
    service->iam->epoch++;
    explicit_bzero(service->iam->entries, sizeof(service->iam->entries));
    pthread_mutex_unlock(&service->iam->mutex);
    ward_token_cache_wipe(service->tokens);
}

static struct iam_entry *entry_of(struct ward_iam_cache *cache, const struct ward_lookup *lookup)
{
    size_t place;
    memcpy(&place, lookup->bytes, sizeof(place));
    return &cache->entries[place % PLACES];
}

/* Under the lock. NULL: nothing is kept about the id. */
static const struct iam_entry *find_kept(struct ward_iam_cache *cache, const struct ward_lookup *lookup)
{
    const struct iam_entry *entry = entry_of(cache, lookup);
    bool is_there = entry->is_used && ward_constant_time_equal(entry->lookup.bytes, lookup->bytes, WARD_LOOKUP_BYTES);
    return is_there ? entry : NULL;
}

/* Copy what is kept about an id; the epoch tells what a later answer of the store is worth. */
static bool look_up(struct ward_service *service, const struct ward_lookup *lookup, struct iam_entry *ret,
                    uint64_t *ret_epoch)
{
    pthread_mutex_lock(&service->iam->mutex);
    const struct iam_entry *entry = find_kept(service->iam, lookup);
    if (entry) {
        *ret = *entry;
    }
    *ret_epoch = service->iam->epoch;
    pthread_mutex_unlock(&service->iam->mutex);
    return entry != NULL;
}

static void keep(struct ward_service *service, const struct iam_entry *entry, uint64_t epoch)
{
    pthread_mutex_lock(&service->iam->mutex);
    if (service->iam->epoch == epoch) {
        *entry_of(service->iam, &entry->lookup) = *entry;
    }
    pthread_mutex_unlock(&service->iam->mutex);
}

/* ---- from the store ---- */

struct iam_case {
    struct ward_service *service;
    struct ward_pool pool;
    struct iam_entry entry;
};

static enum ward_status take_secret(struct iam_case *c, struct ward_span secret)
{
    if (secret.size > SECRET_MAX) {
        return WARD_INTEGRITY; /* no version of Ward draws one */
    }
    memcpy(c->entry.secret, secret.data, secret.size);
    c->entry.secret_size = secret.size;
    return WARD_OK;
}

static enum ward_status open_dummy(struct iam_case *c)
{
    struct ward_span secret;
    enum ward_status status = ward_service_unseal(c->service, &dummy_place, c->service->iam->sealed, &c->pool, &secret);
    return status == WARD_OK ? take_secret(c, secret) : status;
}

static enum ward_status load_in(struct ward_store_session *session, void *arg)
{
    struct iam_case *c = arg;
    struct ward_credential credential;
    enum ward_status status = ward_store_credential_find(session, WARD_CREDENTIAL_IAM, &c->entry.lookup, &c->pool,
                                                         &credential);
    if (status == WARD_NOT_FOUND || (status == WARD_OK && !(credential.is_active && credential.is_scope_active))) {
        return open_dummy(c);
    }
    if (status == WARD_OK) {
        status = ward_service_credential_open(c->service, &c->pool, &credential);
    }
    if (status == WARD_OK) {
        status = take_secret(c, credential.value);
    }
    if (status != WARD_OK) {
        return status;
    }
    c->entry.is_known = true;
    c->entry.who = (struct ward_operator){ .type = WARD_ACTOR_IAM,
                                           .id = credential.id,
                                           .account_id = credential.account_id,
                                           .project_id = credential.project_id,
                                           .role = credential.role,
                                           .grants = credential.grants };
    c->entry.expires_ms = credential.expires_ms;
    c->entry.rate_limit = credential.rate_limit;
    return WARD_OK;
}

static enum ward_status load(struct ward_service *service, const struct ward_lookup *lookup, struct iam_entry *ret)
{
    struct iam_case c = { .service = service, .pool = ward_pool_new(ONE_POOL) };
    c.entry.is_used = true;
    c.entry.lookup = *lookup;
    enum ward_status status = ward_store_read(service->store, load_in, &c);
    ward_pool_free(&c.pool);
    if (status == WARD_OK) {
        *ret = c.entry;
    }
    explicit_bzero(&c.entry, sizeof(c.entry));
    return status;
}

static void hash_id(struct ward_service *service, struct ward_span public_id, struct ward_lookup *ret)
{
    if (public_id.size > PUBLIC_ID_MAX) {
        public_id.size = PUBLIC_ID_MAX; /* no id is that long: what is left is unknown, too */
    }
    ward_service_hash_lookup(service, public_id, ret);
}

bool ward_service_iam_is_kept(struct ward_service *service, struct ward_span public_id)
{
    struct ward_lookup lookup;
    hash_id(service, public_id, &lookup);
    pthread_mutex_lock(&service->iam->mutex);
    bool is_kept = find_kept(service->iam, &lookup) != NULL;
    pthread_mutex_unlock(&service->iam->mutex);
    return is_kept;
}

enum ward_status ward_service_iam_secret(struct ward_service *service, struct ward_span public_id,
                                         struct ward_pool *pool, struct ward_span *ret_secret,
                                         struct ward_operator *ret_who, struct ward_rate_limit *ret_limit)
{
    struct ward_lookup lookup;
    struct iam_entry entry;
    uint64_t epoch;
    enum ward_status status = WARD_OK;
    hash_id(service, public_id, &lookup);
    if (!look_up(service, &lookup, &entry, &epoch)) {
        status = load(service, &lookup, &entry);
        if (status != WARD_OK) {
            return status;
        }
        keep(service, &entry, epoch);
    }
    *ret_secret = ward_pool_copy(pool, ward_span(entry.secret, entry.secret_size));
    *ret_who = entry.who;
    *ret_limit = entry.rate_limit;
    bool is_expired = entry.expires_ms != WARD_TIME_NONE && entry.expires_ms <= ward_now_ms();
    bool is_known = entry.is_known && !is_expired;
    explicit_bzero(&entry, sizeof(entry));
    if (!is_known) {
        *ret_who = (struct ward_operator){ .type = WARD_ACTOR_IAM, .role = WARD_ROLE_NONE };
        *ret_limit = (struct ward_rate_limit){ 0 };
    }
    status = ward_pool_status(pool);
    return status == WARD_OK && !is_known ? WARD_NOT_FOUND : status;
}

/* ---- a pair's own limit ---- */

/* A clock that was set back by more than a whole window ends it, as in the table. */
static bool is_over(const struct iam_count *count, int64_t now_ms)
{
    int64_t length_ms = count->end_ms - count->start_ms;
    return now_ms >= count->end_ms || now_ms < count->start_ms - length_ms;
}

/* The running window of a pair. What is over in its chain is freed on the way: chains stay as long as what runs. */
static struct iam_count *running_window(struct ward_iam_cache *cache, const struct ward_uuid *id, int64_t ttl_ms,
                                        int64_t now_ms)
{
    size_t place;
    memcpy(&place, id->bytes + sizeof(id->bytes) - sizeof(place), sizeof(place)); /* the end of a UUID is random */
    struct iam_count **head = &cache->counts[place % PLACES], *found = NULL;
    for (struct iam_count **at = head; *at;) {
        struct iam_count *count = *at;
        if (is_over(count, now_ms)) {
            *at = count->next;
            ward_free(count);
            continue;
        }
        found = ward_uuid_equal(&count->id, id) ? count : found;
        at = &count->next;
    }
    if (!found && (found = ward_alloc(sizeof(*found)))) {
        *found = (struct iam_count){ .next = *head, .id = *id, .start_ms = now_ms, .end_ms = now_ms + ttl_ms };
        *head = found;
    }
    return found;
}

enum ward_status ward_service_iam_count(struct ward_service *service, const struct ward_uuid *id,
                                        const struct ward_rate_limit *limit, struct ward_limit_state *ret)
{
    struct ward_iam_cache *cache = service->iam;
    *ret = (struct ward_limit_state){ .is_allowed = true };
    if (limit->limit <= 0) {
        return WARD_OK;
    }
    pthread_mutex_lock(&cache->mutex);
    struct iam_count *count = running_window(cache, id, limit->ttl_s * 1000, ward_now_ms());
    if (count) {
        uint64_t most = (uint64_t)limit->limit;
        ret->is_allowed = count->consumed < most;
        count->consumed += ret->is_allowed;
        ret->limit = most;
        ret->consumed = count->consumed;
        ret->remaining = count->consumed < most ? most - count->consumed : 0;
        ret->reset_ms = count->end_ms;
    }
    pthread_mutex_unlock(&cache->mutex);
    if (!count) {
        ret->is_allowed = false;
        return WARD_NO_MEMORY;
    }
    return WARD_OK;
}
