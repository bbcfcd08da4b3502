/* How the secret parts of keys, JWKs and API proxies are sealed, and how their changes are logged: once for all who
 * write them. */
#include "service/environments.h"
#include "service/internal.h"

#define FIELD_MAX 64

/* ---- keys ---- */

/* A content is bound to its key, its environment, and the version with which it came: an older one does not open. */
struct content_place {
    char account[WARD_UUID_CHARS + 1];
    char field[FIELD_MAX];
    struct ward_seal_place place;
};

static void place_content(const struct ward_crypto_key *key, const struct ward_object_id *environment, int64_t version,
                          struct content_place *ret)
{
    static const char prefix[] = "content:";
    ward_uuid_format(&key->account_id, ret->account);
    memcpy(ret->field, prefix, sizeof(prefix) - 1);
    memcpy(ret->field + sizeof(prefix) - 1, environment->text, sizeof(environment->text));
    ret->place = (struct ward_seal_place){
        .account = ward_span(ret->account, WARD_UUID_CHARS),
        .table = "crypto_key",
        .row = ward_object_id_span(&key->id),
        .field = ret->field,
        .version = version,
    };
}

enum ward_status ward_seal_key_content(struct ward_service *service, struct ward_pool *pool,
                                       const struct ward_crypto_key *key, int64_t version,
                                       struct ward_crypto_key_entry *entry)
{
    struct content_place at;
    place_content(key, &entry->environment_id, version, &at);
    enum ward_status status = ward_service_seal(service, &at.place, entry->content, pool, &entry->sealed);
    if (status == WARD_OK) {
        entry->content_version = version;
    }
    return status;
}

enum ward_status ward_open_key_content(struct ward_service *service, struct ward_pool *pool,
                                       const struct ward_crypto_key *key, struct ward_crypto_key_entry *entry)
{
    struct content_place at;
    place_content(key, &entry->environment_id, entry->content_version, &at);
    return ward_service_unseal(service, &at.place, entry->sealed, pool, &entry->content);
}

/* ---- JWKs and proxies: one secret each ---- */

static struct ward_seal_place place_secret(const char *table, const struct ward_uuid *account,
                                           const struct ward_object_id *id, int64_t version,
                                           char text[WARD_UUID_CHARS + 1])
{
    ward_uuid_format(account, text);
    return (struct ward_seal_place){
        .account = ward_span(text, WARD_UUID_CHARS),
        .table = table,
        .row = ward_object_id_span(id),
        .field = "secret",
        .version = version,
    };
}

enum ward_status ward_seal_jwk(struct ward_service *service, struct ward_pool *pool, int64_t version,
                               struct ward_jwk *jwk)
{
    char account[WARD_UUID_CHARS + 1];
    jwk->sealed = WARD_SPAN_NONE;
    jwk->sealed_version = version;
    if (!jwk->private_json.data) {
        return WARD_OK;
    }
    struct ward_seal_place place = place_secret("jwk", &jwk->account_id, &jwk->id, version, account);
    return ward_service_seal(service, &place, jwk->private_json, pool, &jwk->sealed);
}

enum ward_status ward_open_jwk(struct ward_service *service, struct ward_pool *pool, struct ward_jwk *jwk)
{
    char account[WARD_UUID_CHARS + 1];
    jwk->private_json = WARD_SPAN_NONE;
    if (!jwk->sealed.data) {
        return WARD_OK;
    }
    struct ward_seal_place place = place_secret("jwk", &jwk->account_id, &jwk->id, jwk->sealed_version, account);
    return ward_service_unseal(service, &place, jwk->sealed, pool, &jwk->private_json);
}

enum ward_status ward_seal_proxy_secret(struct ward_service *service, struct ward_pool *pool, int64_t version,
                                        struct ward_api_proxy *proxy)
{
    char account[WARD_UUID_CHARS + 1];
    proxy->sealed = WARD_SPAN_NONE;
    proxy->sealed_version = version;
    if (!proxy->secret_key.data) {
        return WARD_OK;
    }
    struct ward_seal_place place = place_secret("api_proxy", &proxy->account_id, &proxy->id, version, account);
    return ward_service_seal(service, &place, proxy->secret_key, pool, &proxy->sealed);
}

enum ward_status ward_open_proxy_secret(struct ward_service *service, struct ward_pool *pool,
                                        struct ward_api_proxy *proxy)
{
    char account[WARD_UUID_CHARS + 1];
    proxy->secret_key = WARD_SPAN_NONE;
    if (!proxy->sealed.data) {
        return WARD_OK;
    }
    struct ward_seal_place place = place_secret("api_proxy", &proxy->account_id, &proxy->id, proxy->sealed_version,
                                                account);
    return ward_service_unseal(service, &place, proxy->sealed, pool, &proxy->secret_key);
}

/* ---- change entries ---- */

enum ward_status ward_secrets_log(struct ward_store_session *session, const struct ward_operator *who,
                                  enum ward_object_kind kind, const struct ward_object_id *id,
                                  const struct ward_uuid *account, const struct ward_uuid *project, const char *action,
                                  const struct ward_members *members, struct ward_span retired)
{
    struct ward_audit audit = {
        .kind = kind,
        .object_id = ward_object_id_span(id),
        .account = account,
        .project = project,
        .action = action,
        .members = members,
        .retired = retired,
    };
    return ward_audit_append(session, who, &audit);
}
