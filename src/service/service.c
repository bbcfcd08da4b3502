/* The service's life, its hashes and seals, the first start and the check of every sealed blob. */
#include "service/internal.h"

#include "base/encoding.h"
#include "base/log.h"
#include "service/environments.h"

#define SMALL_POOL_MAX 65536
#define BLOB_POOL_MAX  (4 * PLAIN_MAX)
#define PLAIN_MAX      98304 /* a key's content: WARD_KEY_STORED_MAX */

struct fingerprint {
    char text[2 * WARD_FINGERPRINT_BYTES + 1];
};

static struct fingerprint fingerprint_of(const struct ward_keyring *keyring)
{
    uint8_t bytes[WARD_FINGERPRINT_BYTES];
    struct fingerprint print;
    ward_keyring_fingerprint(keyring, bytes);
    ward_hex_encode(bytes, sizeof(bytes), print.text);
    return print;
}

/* A store without a fingerprint was never bootstrapped: any root key may make it its own. */
static enum ward_status compare_fingerprint(struct ward_store_session *session, void *arg)
{
    const struct ward_keyring *keyring = arg;
    WARD_POOL pool = ward_pool_new(SMALL_POOL_MAX);
    struct ward_span stored = WARD_SPAN_NONE;
    enum ward_status status = ward_store_meta_get(session, WARD_META_FINGERPRINT, &pool, &stored);
    if (status == WARD_NOT_FOUND || (status == WARD_OK && !stored.data)) {
        return WARD_OK;
    }
    if (status != WARD_OK) {
        return status;
    }
    struct fingerprint own = fingerprint_of(keyring);
    return ward_span_equal(stored, ward_span_of(own.text)) ? WARD_OK : WARD_MISMATCH;
}

enum ward_status ward_service_new(const struct ward_service_options *options, struct ward_service **ret)
{
    enum ward_status status = ward_store_read(options->store, compare_fingerprint, options->keyring);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_service *service = ward_alloc(sizeof(*service));
    if (!service) {
        return WARD_NO_MEMORY;
    }
    if (pthread_mutex_init(&service->mutex, NULL) != 0) {
        ward_free(service);
        return WARD_NO_MEMORY;
    }
    service->store = options->store;
    service->keyring = options->keyring;
    service->publisher = options->publisher;
    status = ward_keyed_hash_lookup(options->keyring, &service->lookup);
    if (status == WARD_OK) {
        status = ward_keyed_hash_token(options->keyring, &service->token);
    }
    if (status == WARD_OK) {
        status = ward_iam_cache_new(service, &service->iam);
    }
    if (status == WARD_OK) {
        status = ward_token_cache_new(&service->tokens);
    }
    if (status != WARD_OK) {
        ward_service_free(service);
        return status;
    }
    *ret = service;
    return WARD_OK;
}

void ward_service_allow_fetch(struct ward_service *service, const struct ward_fetch_allow *allows, size_t count)
{
    service->fetch_allows = allows;
    service->fetch_allow_count = count;
}

void ward_service_free(struct ward_service *service)
{
    if (!service) {
        return;
    }
    if (service->lookup) {
        ward_keyed_hash_free(service->lookup);
    }
    if (service->token) {
        ward_keyed_hash_free(service->token);
    }
    ward_iam_cache_free(service->iam);
    ward_token_cache_free(service->tokens);
    pthread_mutex_destroy(&service->mutex);
    ward_free(service);
}

/* ---- hashes and seals ---- */

void ward_service_hash_lookup(struct ward_service *service, struct ward_span value, struct ward_lookup *ret)
{
    pthread_mutex_lock(&service->mutex);
    ward_keyed_hash(service->lookup, value, ret);
    pthread_mutex_unlock(&service->mutex);
}

void ward_service_hash_token(struct ward_service *service, struct ward_span value, struct ward_lookup *ret)
{
    pthread_mutex_lock(&service->mutex);
    ward_keyed_hash(service->token, value, ret);
    pthread_mutex_unlock(&service->mutex);
}

enum ward_status ward_service_seal(struct ward_service *service, const struct ward_seal_place *place,
                                   struct ward_span plain, struct ward_pool *pool, struct ward_span *ret)
{
    WARD_BUFFER blob = ward_buffer_new(PLAIN_MAX + WARD_SEAL_OVERHEAD_BYTES);
    enum ward_status status = ward_seal(service->keyring, place, plain, &blob);
    if (status == WARD_OK) {
        status = blob.status;
    }
    if (status != WARD_OK) {
        return status;
    }
    *ret = ward_pool_copy(pool, ward_buffer_span(&blob));
    return ward_pool_status(pool);
}

enum ward_status ward_service_unseal(struct ward_service *service, const struct ward_seal_place *place,
                                     struct ward_span blob, struct ward_pool *pool, struct ward_span *ret)
{
    WARD_BUFFER plain = ward_buffer_new_secret(PLAIN_MAX);
    enum ward_status status = ward_unseal(service->keyring, place, blob, &plain);
    if (status == WARD_OK) {
        status = plain.status;
    }
    if (status == WARD_INTEGRITY) {
        /* Somebody moved or altered a stored secret: security.md attack 4. */
        ward_log(WARD_LOG_ERROR, "integrity-alarm", WARD_LOG_STR("table", place->table),
                 WARD_LOG_SPAN("row", place->row), WARD_LOG_STR("field", place->field));
    }
    if (status != WARD_OK) {
        return status;
    }
    *ret = ward_pool_copy(pool, ward_buffer_span(&plain));
    return ward_pool_status(pool);
}

/* ---- what use cases share ---- */

void ward_service_receipt(const struct ward_service *service, uint64_t revision, struct ward_receipt *ret)
{
    if (!ret) {
        return;
    }
    *ret = (struct ward_receipt){ .revision = revision };
    if (service->publisher) {
        ward_publisher_receipt(service->publisher, revision, ret);
    }
}

struct later_write {
    struct ward_write write;
    struct ward_service *service;
    struct ward_receipt *receipt;
    struct ward_later later;
};

static void tell_later(struct ward_write *write, bool has_more)
{
    struct later_write *own = (struct later_write *)write;
    if (write->status == WARD_OK) {
        ward_service_receipt(own->service, write->revision, own->receipt);
    }
    own->later.done(own->later.arg, write->status, has_more);
}

enum ward_status ward_service_write_later(struct ward_service *service, struct ward_pool *pool, ward_store_work work,
                                          void *arg, struct ward_receipt *ret_receipt, const struct ward_later *later)
{
    struct later_write *own = ward_pool_alloc(pool, sizeof(*own));
    if (!own) {
        return WARD_NO_MEMORY;
    }
    *own = (struct later_write){ .write = { .work = work, .arg = arg, .is_repeatable = true, .done = tell_later },
                                 .service = service,
                                 .receipt = ret_receipt,
                                 .later = *later };
    return ward_store_write_later(service->store, &own->write);
}

struct ward_provenance ward_provenance_new(const struct ward_operator *who, int64_t now_ms)
{
    return (struct ward_provenance){
        .created_by = who->id, .created_by_type = who->type, .created_ms = now_ms, .updated_ms = now_ms
    };
}

void ward_provenance_touch(struct ward_provenance *provenance, const struct ward_operator *who, int64_t now_ms)
{
    provenance->changed_by = who->id;
    provenance->changed_by_type = who->type;
    provenance->updated_ms = ward_service_later(now_ms, provenance->updated_ms);
}

/* ---- first start ---- */

struct first_start {
    struct ward_service *service;
    struct ward_operator who;
    struct ward_pool *pool;
    struct ward_bootstrap made;
};

static enum ward_status require_empty(struct ward_store_session *session, struct ward_pool *pool)
{
    struct ward_store_counts counts;
    enum ward_status status = ward_store_count(session, &counts);
    if (status != WARD_OK) {
        return status;
    }
    if (counts.accounts || counts.projects || counts.keys || counts.credentials) {
        return WARD_EXISTS;
    }
    struct ward_span stored = WARD_SPAN_NONE;
    status = ward_store_meta_get(session, WARD_META_FINGERPRINT, pool, &stored);
    if (status == WARD_OK && stored.data) {
        return WARD_EXISTS;
    }
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

static enum ward_status mark_store(struct ward_store_session *session, const struct ward_keyring *keyring)
{
    struct ward_uuid id;
    char id_text[WARD_UUID_CHARS + 1];
    enum ward_status status = ward_uuid_new(&id);
    if (status != WARD_OK) {
        return status;
    }
    ward_uuid_format(&id, id_text);
    status = ward_store_meta_put(session, WARD_META_STORE_ID, ward_span_of(id_text));
    if (status != WARD_OK) {
        return status;
    }
    struct fingerprint own = fingerprint_of(keyring);
    return ward_store_meta_put(session, WARD_META_FINGERPRINT, ward_span_of(own.text));
}

static enum ward_status make_account(struct ward_store_session *session, struct first_start *first, int64_t now_ms)
{
    struct ward_account *account = &first->made.account;
    account->name = WARD_SPAN("default");
    account->is_active = true;
    account->provenance = ward_provenance_new(&first->who, now_ms);
    account->version = 1;
    enum ward_status status = ward_uuid_new(&account->id);
    return status == WARD_OK ? ward_service_account_insert(session, &first->who, NULL, account) : status;
}

static enum ward_status make_project(struct ward_store_session *session, struct first_start *first, int64_t now_ms)
{
    struct ward_project *project = &first->made.project;
    project->account_id = first->made.account.id;
    project->name = WARD_SPAN("default");
    project->env = WARD_ENV_LIVE;
    project->is_active = true;
    project->is_account_active = true;
    project->provenance = ward_provenance_new(&first->who, now_ms);
    project->version = 1;
    enum ward_status status = ward_uuid_new(&project->id);
    return status == WARD_OK ? ward_service_project_insert(session, &first->who, NULL, project) : status;
}

static enum ward_status make_environment(struct ward_store_session *session, struct first_start *first)
{
    return ward_service_environment_first(session, &first->who, &first->made.account.id, &first->made.environment);
}

static enum ward_status make_credential(struct ward_store_session *session, struct first_start *first,
                                        enum ward_credential_kind kind, struct ward_credential *credential)
{
    credential->kind = kind;
    credential->account_id = first->made.account.id;
    if (kind == WARD_CREDENTIAL_IAM) {
        /* NCP has no projects: an IAM pair acts in the project it is scoped to (design 3). */
        credential->project_id = first->made.project.id;
    }
    credential->env = WARD_ENV_LIVE;
    credential->role = WARD_ROLE_ADMIN;
    credential->name = WARD_SPAN("default");
    return ward_service_credential_insert(first->service, session, &first->who, NULL, first->pool, credential);
}

static enum ward_status fill_store(struct ward_store_session *session, void *arg)
{
    struct first_start *first = arg;
    int64_t now_ms = ward_now_ms();
    enum ward_status status = require_empty(session, first->pool);
    if (status == WARD_OK) {
        status = mark_store(session, first->service->keyring);
    }
    if (status == WARD_OK) {
        status = make_account(session, first, now_ms);
    }
    if (status == WARD_OK) {
        status = make_project(session, first, now_ms);
    }
    if (status == WARD_OK) {
        status = make_environment(session, first);
    }
    if (status == WARD_OK) {
        status = make_credential(session, first, WARD_CREDENTIAL_ACCESS_KEY, &first->made.access_key);
    }
    if (status == WARD_OK) {
        status = make_credential(session, first, WARD_CREDENTIAL_TOKEN, &first->made.token);
    }
    if (status == WARD_OK) {
        status = make_credential(session, first, WARD_CREDENTIAL_IAM, &first->made.iam);
    }
    return status;
}

enum ward_status ward_service_bootstrap(struct ward_service *service, struct ward_pool *pool,
                                        struct ward_bootstrap *ret)
{
    struct first_start first = { .service = service, .who = ward_operator_local(), .pool = pool };
    uint64_t revision;
    enum ward_status status = ward_store_write(service->store, fill_store, &first, &revision);
    if (status == WARD_OK) {
        *ret = first.made;
    }
    return status;
}

/* ---- check ---- */

struct check {
    struct ward_service *service;
    struct ward_pool pool;
    uint64_t values, bad;
};

/* A value must open at its place and be found by its own hash. */
static enum ward_status check_key(const struct ward_api_key *stored, void *arg)
{
    struct check *check = arg;
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        if (!stored->sealed[slot].data) {
            continue;
        }
        struct ward_api_key key = *stored;
        struct ward_lookup lookup;
        key.sealed[WARD_SLOT_COUNT - 1 - slot] = WARD_SPAN_NONE;
        ward_pool_reset(&check->pool);
        enum ward_status status = ward_service_key_open(check->service, &check->pool, &key);
        if (status != WARD_OK && status != WARD_INTEGRITY) {
            return status;
        }
        check->values++;
        if (status == WARD_OK) {
            ward_service_hash_lookup(check->service, key.values[slot], &lookup);
        }
        if (status == WARD_INTEGRITY || !ward_span_equal(stored->lookups[slot], ward_lookup_span(&lookup))) {
            check->bad++;
        }
    }
    return WARD_OK;
}

/* Count a blob that was opened, or that did not open. */
static enum ward_status count_blob(struct check *check, enum ward_status status)
{
    if (status != WARD_OK && status != WARD_INTEGRITY) {
        return status;
    }
    check->values++;
    check->bad += status == WARD_INTEGRITY;
    return WARD_OK;
}

static enum ward_status check_credential(const struct ward_credential *stored, void *arg)
{
    struct check *check = arg;
    if (!stored->sealed.data) {
        return WARD_OK;
    }
    struct ward_credential credential = *stored;
    ward_pool_reset(&check->pool);
    return count_blob(check, ward_service_credential_open(check->service, &check->pool, &credential));
}

static enum ward_status check_crypto_key(const struct ward_crypto_key *stored, void *arg)
{
    struct check *check = arg;
    enum ward_status status = WARD_OK;
    for (size_t i = 0; status == WARD_OK && i < stored->entry_count; i++) {
        struct ward_crypto_key_entry entry = stored->entries[i];
        ward_pool_reset(&check->pool);
        status = count_blob(check, ward_open_key_content(check->service, &check->pool, stored, &entry));
    }
    return status;
}

static enum ward_status check_jwk(const struct ward_jwk *stored, void *arg)
{
    struct check *check = arg;
    struct ward_jwk jwk = *stored;
    ward_pool_reset(&check->pool);
    return stored->sealed.data ? count_blob(check, ward_open_jwk(check->service, &check->pool, &jwk)) : WARD_OK;
}

static enum ward_status check_api_proxy(const struct ward_api_proxy *stored, void *arg)
{
    struct check *check = arg;
    struct ward_api_proxy proxy = *stored;
    ward_pool_reset(&check->pool);
    return stored->sealed.data ? count_blob(check, ward_open_proxy_secret(check->service, &check->pool, &proxy))
                               : WARD_OK;
}

static enum ward_status check_secrets(struct ward_store_session *session, void *arg)
{
    enum ward_status status = ward_store_crypto_key_walk(session, NULL, NULL, SIZE_MAX, check_crypto_key, arg);
    if (status == WARD_OK) {
        status = ward_store_jwk_walk(session, NULL, SIZE_MAX, check_jwk, arg);
    }
    return status == WARD_OK ? ward_store_api_proxy_walk(session, NULL, SIZE_MAX, check_api_proxy, arg) : status;
}

static enum ward_status check_all(struct ward_store_session *session, void *arg)
{
    struct ward_key_filter keys = { .activity = WARD_FILTER_ACTIVE_ANY, .now_ms = ward_now_ms() };
    struct ward_credential_filter credentials = { .activity = WARD_CREDENTIAL_ANY };
    enum ward_status status = ward_store_key_list(session, &keys, check_key, arg);
    if (status == WARD_OK) {
        status = ward_store_credential_list(session, &credentials, check_credential, arg);
    }
    return status == WARD_OK ? check_secrets(session, arg) : status;
}

enum ward_status ward_service_check(struct ward_service *service, uint64_t *ret_values, uint64_t *ret_bad)
{
    struct check check = { .service = service, .pool = ward_pool_new(BLOB_POOL_MAX) };
    enum ward_status status = ward_store_read(service->store, check_all, &check);
    ward_pool_free(&check.pool);
    if (status == WARD_OK) {
        *ret_values = check.values;
        *ret_bad = check.bad;
    }
    return status;
}
