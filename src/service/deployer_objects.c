/* What of a key or a JWK an environment gets. */
#include "service/deployer_internal.h"

enum ward_status ward_deployer_object_load(struct ward_store_session *session, struct ward_pool *pool,
                                           enum ward_deployed_kind kind, const struct ward_object_id *id,
                                           struct ward_deployer_object *ret)
{
    *ret = (struct ward_deployer_object){ .kind = kind, .id = *id };
    enum ward_status status = kind == WARD_DEPLOYED_KEY ? ward_store_crypto_key_get(session, id, pool, &ret->key)
                                                        : ward_store_jwk_get(session, id, pool, &ret->jwk);
    ret->is_there = status == WARD_OK;
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

bool ward_deployer_object_is_wanted(const struct ward_deployer_object *object,
                                    const struct ward_environment *environment)
{
    if (!object->is_there) {
        return false;
    }
    if (object->kind == WARD_DEPLOYED_JWK) {
        const struct ward_jwk *jwk = &object->jwk;
        return jwk->is_scope_active && ward_environment_is_open_to(environment, &jwk->account_id, &jwk->project_id);
    }
    const struct ward_crypto_key *key = &object->key;
    return key->is_scope_active && ward_environment_is_open_to(environment, &key->account_id, &key->project_id) &&
           ward_crypto_key_entry_of(key, &environment->id) != NULL;
}

/* ---- origin ---- */

#define ORIGIN_PARTS 12

/** Texts one after the other, each behind its length, so that none can pass into the next. */
struct digest {
    struct ward_span parts[2 * ORIGIN_PARTS];
    uint64_t sizes[ORIGIN_PARTS];
    size_t count;
};

static void add(struct digest *digest, struct ward_span text)
{
    uint64_t *size = &digest->sizes[digest->count];
    *size = text.data ? text.size : UINT64_MAX;
    digest->parts[2 * digest->count] = ward_span((const char *)size, sizeof(*size));
    digest->parts[2 * digest->count + 1] = ward_span(text.data ? text.data : "", text.size);
    digest->count++;
}

/* A seal is drawn anew with every content, so another content is another origin even where all else is equal. */
static void add_key(struct digest *digest, const struct ward_crypto_key *key, const struct ward_crypto_key_entry *entry)
{
    add(digest, WARD_SPAN("key"));
    add(digest, ward_span((const char *)key->project_id.bytes, WARD_UUID_BYTES));
    add(digest, key->name);
    add(digest, ward_span_of(ward_key_type_name(key->type)));
    add(digest, ward_span_of(ward_key_algorithm_name(key->algorithm)));
    add(digest, entry->alias);
    add(digest, entry->sealed);
}

static void add_jwk(struct digest *digest, const struct ward_jwk *jwk)
{
    add(digest, WARD_SPAN("jwk"));
    add(digest, ward_span((const char *)jwk->project_id.bytes, WARD_UUID_BYTES));
    add(digest, jwk->name);
    add(digest, ward_span_of(ward_jwk_type_name(jwk->type)));
    add(digest, jwk->algorithm);
    add(digest, jwk->kid);
    add(digest, ward_span_of(ward_jwk_use_type_name(jwk->use)));
    add(digest, jwk->public_json);
    add(digest, jwk->sealed);
    add(digest, ward_span((const char *)&jwk->not_before_ms, sizeof(jwk->not_before_ms)));
    add(digest, ward_span((const char *)&jwk->expires_ms, sizeof(jwk->expires_ms)));
}

enum ward_status ward_deployer_object_origin(const struct ward_deployer_object *object,
                                             const struct ward_environment *environment, uint8_t ret[16])
{
    struct digest digest = { 0 };
    uint8_t hash[WARD_SHA256_BYTES];
    if (object->kind == WARD_DEPLOYED_KEY) {
        add_key(&digest, &object->key, ward_crypto_key_entry_of(&object->key, &environment->id));
    } else {
        add_jwk(&digest, &object->jwk);
    }
    enum ward_status status = ward_sha256(digest.parts, 2 * digest.count, hash);
    if (status == WARD_OK) {
        memcpy(ret, hash, 16);
    }
    return status;
}

/* ---- changes ---- */

struct ward_keyset_change ward_deployer_removal(enum ward_deployed_kind kind, const struct ward_object_id *id)
{
    return (struct ward_keyset_change){ .object = { .kind = kind, .id = *id }, .is_removed = true };
}

static enum ward_material_half half_of_key(enum ward_key_type type)
{
    switch (type) {
    case WARD_KEY_PRIVATE:
        return WARD_MATERIAL_PRIVATE;
    case WARD_KEY_PUBLIC:
        return WARD_MATERIAL_PUBLIC;
    case WARD_KEY_SECRET:
        break;
    }
    return WARD_MATERIAL_SECRET;
}

static enum ward_status fill_key(struct ward_service *service, struct ward_pool *pool,
                                 const struct ward_crypto_key *key, const struct ward_environment *environment,
                                 struct ward_keyset_change *ret)
{
    struct ward_crypto_key_entry entry = *ward_crypto_key_entry_of(key, &environment->id);
    enum ward_status status = ward_open_key_content(service, pool, key, &entry);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_deployed *object = &ret->object;
    object->half = half_of_key(key->type);
    object->id = key->id;
    object->project_id = key->project_id;
    object->name = ward_pool_copy(pool, key->name);
    object->alias = ward_pool_copy(pool, entry.alias);
    object->algorithm = ward_span_of(ward_key_algorithm_name(key->algorithm));
    if (key->type == WARD_KEY_PUBLIC) {
        object->public_text = entry.content;
    } else {
        ret->secret = entry.content;
    }
    return WARD_OK;
}

static struct ward_span use_of(enum ward_jwk_use_type use)
{
    return use == WARD_JWK_USE_SIGNATURE    ? WARD_SPAN("sig")
           : use == WARD_JWK_USE_ENCRYPTION ? WARD_SPAN("enc")
                                            : WARD_SPAN_NONE;
}

static enum ward_status fill_jwk(struct ward_service *service, struct ward_pool *pool, const struct ward_jwk *stored,
                                 struct ward_keyset_change *ret)
{
    struct ward_jwk jwk = *stored;
    if (jwk.sealed.data) {
        enum ward_status status = ward_open_jwk(service, pool, &jwk);
        if (status != WARD_OK) {
            return status;
        }
        ret->secret = jwk.private_json;
    }
    struct ward_deployed *object = &ret->object;
    object->half = jwk.type == WARD_JWK_OCT ? WARD_MATERIAL_SECRET
                   : jwk.sealed.data        ? WARD_MATERIAL_PRIVATE
                                            : WARD_MATERIAL_PUBLIC;
    object->id = jwk.id;
    object->project_id = jwk.project_id;
    object->name = ward_pool_copy(pool, jwk.name);
    object->algorithm = ward_pool_copy(pool, jwk.algorithm);
    object->kid = ward_pool_copy(pool, jwk.kid);
    object->use = use_of(jwk.use);
    object->public_text = jwk.type == WARD_JWK_OCT ? WARD_SPAN_NONE : ward_pool_copy(pool, jwk.public_json);
    object->not_before_ms = jwk.not_before_ms;
    object->expires_ms = jwk.expires_ms;
    return WARD_OK;
}

enum ward_status ward_deployer_object_change(struct ward_service *service, struct ward_pool *pool,
                                             const struct ward_deployer_object *object,
                                             const struct ward_environment *environment, struct ward_keyset_change *ret)
{
    struct ward_keyset_change change = {
        .object = { .kind = object->kind, .not_before_ms = WARD_TIME_NONE, .expires_ms = WARD_TIME_NONE }
    };
    enum ward_status status = ward_deployer_object_origin(object, environment, change.object.origin);
    if (status == WARD_OK) {
        status = object->kind == WARD_DEPLOYED_KEY ? fill_key(service, pool, &object->key, environment, &change)
                                                   : fill_jwk(service, pool, &object->jwk, &change);
    }
    if (status == WARD_OK) {
        status = ward_pool_status(pool);
    }
    if (status == WARD_OK) {
        *ret = change;
    }
    return status;
}
