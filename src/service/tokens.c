/*
 * Personal access tokens as operators: contracts/apinizer.md 2. What the store says about a token is kept, one place
 * for each token hash, because every call of Apinizer's surface shows one.
 *
 * A token that nobody has is kept the same way, so a call takes the store the first time and not the next, whether the
 * token is known or not. `epoch` goes up with every change of a credential, a project or an account, before its caller
 * is answered; what was read from the store under an older epoch is not kept.
 *
 * An issued token is a name for its pair: it acts with what the pair may do when it is read, counts against the pair's
 * limit, and ends with it.
 */
#include "service/tokens.h"

#include "service/gateway.h"
#include "service/internal.h"

#define PLACES    1024
#define TOKEN_MAX 255
#define ONE_POOL  65536

struct token_entry {
    bool is_used, is_known;
    struct ward_lookup lookup;
    struct ward_operator who;
    struct ward_rate_limit limit;
    int64_t expires_ms;
};

struct ward_token_cache {
    pthread_mutex_t mutex;
    uint64_t epoch;
    struct token_entry entries[PLACES];
};

enum ward_status ward_token_cache_new(struct ward_token_cache **ret)
{
    struct ward_token_cache *cache = ward_alloc(sizeof(*cache));
    if (!cache) {
        return WARD_NO_MEMORY;
    }
    if (pthread_mutex_init(&cache->mutex, NULL) != 0) {
        ward_free(cache);
        return WARD_NO_MEMORY;
    }
    *ret = cache;
    return WARD_OK;
}

void ward_token_cache_free(struct ward_token_cache *cache)
{
    if (!cache) {
        return;
    }
    pthread_mutex_destroy(&cache->mutex);
    ward_free(cache);
}

void ward_token_cache_wipe(struct ward_token_cache *cache)
{
    pthread_mutex_lock(&cache->mutex);
    cache->epoch++;
    memset(cache->entries, 0, sizeof(cache->entries));
    pthread_mutex_unlock(&cache->mutex);
}

static struct token_entry *entry_of(struct ward_token_cache *cache, const struct ward_lookup *lookup)
{
    size_t place;
    memcpy(&place, lookup->bytes, sizeof(place));
    return &cache->entries[place % PLACES];
}

/* Copy what is kept about a token; the epoch tells what a later answer of the store is worth. */
static bool look_up(struct ward_token_cache *cache, const struct ward_lookup *lookup, struct token_entry *ret,
                    uint64_t *ret_epoch)
{
    pthread_mutex_lock(&cache->mutex);
    const struct token_entry *entry = entry_of(cache, lookup);
    bool is_there = entry->is_used && ward_constant_time_equal(entry->lookup.bytes, lookup->bytes, WARD_LOOKUP_BYTES);
    if (is_there) {
        *ret = *entry;
    }
    *ret_epoch = cache->epoch;
    pthread_mutex_unlock(&cache->mutex);
    return is_there;
}

static void keep(struct ward_token_cache *cache, const struct token_entry *entry, uint64_t epoch)
{
    pthread_mutex_lock(&cache->mutex);
    if (cache->epoch == epoch) {
        *entry_of(cache, &entry->lookup) = *entry;
    }
    pthread_mutex_unlock(&cache->mutex);
}

/* ---- from the store ---- */

struct token_case {
    struct ward_pool pool;
    struct token_entry entry;
};

static bool is_alive(const struct ward_credential *credential)
{
    return credential->is_active && credential->is_scope_active;
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    if (a_ms == WARD_TIME_NONE || b_ms == WARD_TIME_NONE) {
        return a_ms == WARD_TIME_NONE ? b_ms : a_ms;
    }
    return a_ms < b_ms ? a_ms : b_ms;
}

/* Take over whose call it is: the token's own holder, or the pair that it was issued to. */
static void take_holder(struct token_case *c, enum ward_actor_type type, const struct ward_credential *holder)
{
    c->entry.is_known = true;
    c->entry.who = (struct ward_operator){ .type = type,
                                           .id = holder->id,
                                           .account_id = holder->account_id,
                                           .project_id = holder->project_id,
                                           .role = holder->role,
                                           .grants = holder->grants };
    c->entry.limit = holder->rate_limit;
    c->entry.expires_ms = sooner(c->entry.expires_ms, holder->expires_ms);
}

/* Its scope is the token's: a pair never moves. */
static enum ward_status load_pair(struct ward_store_session *session, struct token_case *c,
                                  const struct ward_credential *token)
{
    struct ward_credential pair;
    enum ward_status status = ward_store_credential_get(session, &token->issued_by, &c->pool, &pair);
    if (status == WARD_NOT_FOUND || (status == WARD_OK && !is_alive(&pair))) {
        return WARD_OK; /* unknown */
    }
    if (status == WARD_OK) {
        take_holder(c, WARD_ACTOR_IAM, &pair);
    }
    return status;
}

static enum ward_status load_in(struct ward_store_session *session, void *arg)
{
    struct token_case *c = arg;
    struct ward_credential token;
    enum ward_status status = ward_store_credential_find(session, WARD_CREDENTIAL_TOKEN, &c->entry.lookup, &c->pool,
                                                         &token);
    if (status == WARD_NOT_FOUND || (status == WARD_OK && !is_alive(&token))) {
        return WARD_OK;
    }
    if (status != WARD_OK) {
        return status;
    }
    c->entry.expires_ms = token.expires_ms;
    if (!ward_uuid_is_nil(&token.issued_by)) {
        return load_pair(session, c, &token);
    }
    take_holder(c, WARD_ACTOR_TOKEN, &token);
    return WARD_OK;
}

static enum ward_status load(struct ward_service *service, const struct ward_lookup *lookup, struct token_entry *ret)
{
    struct token_case c = { .pool = ward_pool_new(ONE_POOL) };
    c.entry.is_used = true;
    c.entry.lookup = *lookup;
    c.entry.expires_ms = WARD_TIME_NONE;
    enum ward_status status = ward_store_read(service->store, load_in, &c);
    ward_pool_free(&c.pool);
    if (status == WARD_OK) {
        *ret = c.entry;
    }
    return status;
}

static void hash_token(struct ward_service *service, struct ward_span token, struct ward_lookup *ret)
{
    if (token.size > TOKEN_MAX) {
        token.size = TOKEN_MAX; /* no token is that long: what is left is unknown, too */
    }
    ward_service_hash_token(service, token, ret);
}

/* Deny first: only an entry that is known and has not expired says who it is. */
static enum ward_status tell(const struct token_entry *entry, struct ward_operator *ret_who,
                             struct ward_rate_limit *ret_limit)
{
    bool is_expired = entry->expires_ms != WARD_TIME_NONE && entry->expires_ms <= ward_now_ms();
    *ret_who = (struct ward_operator){ .type = WARD_ACTOR_TOKEN, .role = WARD_ROLE_NONE };
    *ret_limit = (struct ward_rate_limit){ 0 };
    if (!entry->is_known || is_expired) {
        return WARD_NOT_FOUND;
    }
    *ret_who = entry->who;
    *ret_limit = entry->limit;
    return WARD_OK;
}

enum ward_status ward_service_token_open(struct ward_service *service, struct ward_span token,
                                         struct ward_operator *ret_who, struct ward_rate_limit *ret_limit)
{
    struct ward_lookup lookup;
    struct token_entry entry = { 0 };
    uint64_t epoch;
    hash_token(service, token, &lookup);
    if (!look_up(service->tokens, &lookup, &entry, &epoch)) {
        enum ward_status status = load(service, &lookup, &entry);
        if (status != WARD_OK) {
            (void)tell(&(struct token_entry){ 0 }, ret_who, ret_limit);
            return status == WARD_NOT_FOUND ? WARD_INTERNAL : status;
        }
        keep(service->tokens, &entry, epoch);
    }
    return tell(&entry, ret_who, ret_limit);
}

bool ward_service_token_kept(struct ward_service *service, struct ward_span token, enum ward_status *ret_status,
                             struct ward_operator *ret_who, struct ward_rate_limit *ret_limit)
{
    struct ward_lookup lookup;
    struct token_entry entry;
    uint64_t epoch;
    hash_token(service, token, &lookup);
    if (!look_up(service->tokens, &lookup, &entry, &epoch)) {
        return false;
    }
    *ret_status = tell(&entry, ret_who, ret_limit);
    return true;
}

/* ---- issuing ---- */

struct issuing {
    struct ward_service *service;
    struct ward_operator who;
    struct ward_pool *pool;
    struct ward_credential token;
};

static enum ward_status issue_in(struct ward_store_session *session, void *arg)
{
    struct issuing *issuing = arg;
    return ward_service_credential_insert(issuing->service, session, &issuing->who, NULL, issuing->pool,
                                          &issuing->token);
}

/* Compare hashes: neither their bytes nor the length of what was sent tell anything by time. */
static bool is_same_secret(struct ward_service *service, struct ward_span sent, struct ward_span secret)
{
    struct ward_lookup a, b;
    ward_service_hash_token(service, sent, &a);
    ward_service_hash_token(service, secret, &b);
    return ward_constant_time_equal(a.bytes, b.bytes, WARD_LOOKUP_BYTES);
}

/* OK when the pair is there and the secret is its own; NOT_FOUND otherwise, after the same work. */
static enum ward_status check_client(struct ward_service *service, struct ward_span id, struct ward_span sent,
                                     struct ward_pool *pool, struct ward_operator *ret_who)
{
    struct ward_span secret;
    struct ward_rate_limit limit;
    struct ward_limit_state state;
    enum ward_status status = ward_service_iam_secret(service, id, pool, &secret, ret_who, &limit);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        return status;
    }
    bool is_same = is_same_secret(service, sent, secret);
    if (status != WARD_OK || !is_same) {
        return WARD_NOT_FOUND;
    }
    status = ward_service_iam_count(service, &ret_who->id, &limit, &state);
    return status == WARD_OK && !state.is_allowed ? WARD_LIMITED : status;
}

enum ward_status ward_service_token_issue(struct ward_service *service, struct ward_span client_id,
                                          struct ward_span client_secret, struct ward_pool *pool,
                                          struct ward_issued_token *ret, struct ward_receipt *ret_receipt)
{
    struct issuing issuing = { .service = service, .pool = pool };
    uint64_t revision;
    enum ward_status status = check_client(service, client_id, client_secret, pool, &issuing.who);
    if (status != WARD_OK) {
        return status;
    }
    int64_t expires_ms = ward_now_ms() + (int64_t)WARD_TOKEN_TTL_S * 1000;
    issuing.token = (struct ward_credential){
        .kind = WARD_CREDENTIAL_TOKEN,
        .account_id = issuing.who.account_id,
        .project_id = issuing.who.project_id,
        .role = issuing.who.role,
        .grants = issuing.who.grants,
        .issued_by = issuing.who.id,
        .name = WARD_SPAN("issued by POST /apiops/auth/token"),
        .expires_ms = expires_ms,
    };
    status = ward_store_write(service->store, issue_in, &issuing, &revision);
    if (status != WARD_OK) {
        return status;
    }
    ward_service_receipt(service, revision, ret_receipt);
    *ret = (struct ward_issued_token){ issuing.token.value, expires_ms, WARD_TOKEN_TTL_S };
    return WARD_OK;
}

/* ---- sweeping ---- */

struct sweeping {
    struct ward_store_session *session;
    int64_t now_ms;
    size_t max, count;
    bool is_writing;
};

static enum ward_status forget_token(const struct ward_credential *token, void *arg)
{
    struct sweeping *s = arg;
    s->count++;
    if (!s->is_writing) {
        return WARD_OK;
    }
    struct ward_operator who = ward_operator_system();
    char id[WARD_UUID_CHARS + 1];
    ward_uuid_format(&token->id, id);
    struct ward_audit audit = {
        .kind = WARD_OBJECT_CREDENTIAL,
        .object_id = ward_span(id, WARD_UUID_CHARS),
        .account = &token->account_id,
        .project = &token->project_id,
        .action = "expired",
    };
    enum ward_status status = ward_audit_append(s->session, &who, &audit);
    return status == WARD_OK ? ward_store_credential_forget(s->session, &token->id) : status;
}

static enum ward_status sweep_in(struct ward_store_session *session, void *arg)
{
    struct sweeping *s = arg;
    s->session = session;
    s->count = 0;
    return ward_store_credential_expired(session, s->now_ms, s->max, forget_token, s);
}

enum ward_status ward_service_token_sweep(struct ward_service *service, int64_t now_ms, size_t max, size_t *ret_count)
{
    struct sweeping s = { .now_ms = now_ms, .max = max };
    enum ward_status status = ward_store_read(service->store, sweep_in, &s);
    if (status == WARD_OK && s.count > 0) {
        s.is_writing = true;
        status = ward_store_write(service->store, sweep_in, &s, NULL);
    }
    if (status == WARD_OK) {
        *ret_count = s.count;
    }
    return status;
}
