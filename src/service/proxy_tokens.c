#include "service/proxy_tokens.h"

#include "base/encoding.h"
#include "crypto/jose.h"
#include "service/deployer.h"
#include "service/internal.h"
#include "table/proxy.h"
#include "json/writer.h"

#define NEWEST_LOOKED_AT 64 /* JWKs of a project, when none is called WARD_PROXY_TOKEN_JWK */
#define TOKEN_ID_BYTES   16
#define CLAIMS_MAX       (16 * 1024)

/* ---- which environment ---- */

static bool is_deployed(const struct ward_proxy_token_input *input, const struct ward_served_environment *environment)
{
    return ward_proxy_is_deployed(&input->verdict->body, ward_object_id_span(&environment->id));
}

/* The one that is asked for; else the only one, else the one called "production". */
static const struct ward_served_environment *find_environment(struct ward_served *served,
                                                              const struct ward_proxy_token_input *input)
{
    const struct ward_uuid *account = &input->verdict->scope.account_id;
    const struct ward_served_environment *found, *only = NULL, *production = NULL;
    size_t count = 0;
    for (size_t i = 0; (found = ward_served_nth(served, account, input->environment, i)); i++) {
        if (!is_deployed(input, found)) {
            continue;
        }
        count++;
        only = found;
        production = ward_span_equal(found->name, WARD_SPAN("production")) ? found : production;
    }
    return count == 1 ? only : production;
}

/* ---- which JWK ---- */

/** A JWK that can sign now. */
struct signer {
    const struct ward_keyset_entry *entry; /* held; NULL: none */
    const struct ward_material *material;
    enum ward_jose_alg alg;
};

static bool is_signing_key(const struct ward_deployed *jwk, int64_t now_ms)
{
    bool is_for_signatures = jwk->use.size == 0 ||
                             ward_span_equal(jwk->use, ward_span_of(ward_jose_use_name(WARD_USE_SIGNATURE)));
    bool is_current = (jwk->expires_ms == WARD_TIME_NONE || jwk->expires_ms > now_ms) &&
                      (jwk->not_before_ms == WARD_TIME_NONE || jwk->not_before_ms <= now_ms);
    return jwk->half != WARD_MATERIAL_PUBLIC && is_for_signatures && is_current && jwk->algorithm.size > 0 &&
           jwk->kid.size > 0;
}

static bool can_sign(const struct ward_keyset_entry *entry, int64_t now_ms, struct signer *ret)
{
    if (!entry || !is_signing_key(&entry->object, now_ms)) {
        return false;
    }
    ret->alg = ward_jose_alg_parse(entry->object.algorithm);
    if (ret->alg == WARD_ALG_NONE || ward_jose_alg_use(ret->alg) != WARD_USE_SIGNATURE ||
        ward_keyset_material(entry, true, &ret->material) != WARD_OK) {
        return false;
    }
    ret->entry = entry;
    return true;
}

static bool find_signer(struct ward_keyset *keyset, const struct ward_uuid *project, int64_t now_ms, struct signer *ret)
{
    const struct ward_keyset_entry *entry = ward_keyset_find(keyset, project, WARD_DEPLOYED_JWK,
                                                             WARD_SPAN(WARD_PROXY_TOKEN_JWK));
    for (size_t i = 0; i <= NEWEST_LOOKED_AT; i++) {
        if (can_sign(entry, now_ms, ret)) {
            return true;
        }
        ward_keyset_release(entry);
        entry = ward_keyset_find_jwk(keyset, project, i);
        if (!entry) {
            return false;
        }
    }
    ward_keyset_release(entry);
    return false;
}

/* ---- the token ---- */

struct making {
    const struct ward_proxy_token_input *input;
    struct ward_span issuer, environment; /* in the pool */
    struct signer signer;
    int64_t now_ms;
};

static int64_t ttl_of(const struct making *making)
{
    int64_t expires_ms = making->signer.entry->object.expires_ms;
    int64_t left_s = expires_ms == WARD_TIME_NONE ? WARD_PROXY_TOKEN_TTL_S : (expires_ms - making->now_ms) / 1000;
    return left_s < WARD_PROXY_TOKEN_TTL_S ? left_s : WARD_PROXY_TOKEN_TTL_S;
}

static enum ward_status write_claims(const struct making *making, int64_t ttl_s, struct ward_buffer *ret)
{
    const struct ward_proxy_token_input *input = making->input;
    const int64_t now_s = making->now_ms / 1000;
    uint8_t random[TOKEN_ID_BYTES];
    char id[2 * TOKEN_ID_BYTES + 1], project[WARD_UUID_CHARS + 1];
    enum ward_status status = ward_random(random, sizeof(random));
    if (status != WARD_OK) {
        return status;
    }
    ward_hex_encode(random, sizeof(random), id);
    ward_uuid_format(&input->verdict->scope.project_id, project);
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "iss", making->issuer);
    ward_json_member_string(&writer, "sub", input->public_key);
    ward_json_member_string(&writer, "client_id", input->public_key);
    ward_json_member_string(&writer, "aud",
                            input->audience.data ? input->audience : ward_span(project, WARD_UUID_CHARS));
    ward_json_member_int(&writer, "iat", now_s);
    ward_json_member_int(&writer, "exp", now_s + ttl_s);
    ward_json_member_string(&writer, "jti", ward_span(id, 2 * TOKEN_ID_BYTES));
    ward_json_member_string(&writer, "proxy", input->verdict->body.name);
    ward_json_end_object(&writer);
    return ret->status;
}

static enum ward_status sign(const struct making *making, struct ward_pool *pool, struct ward_proxy_token *ret)
{
    WARD_BUFFER claims = ward_buffer_new(CLAIMS_MAX);
    WARD_BUFFER token = ward_buffer_new(2 * CLAIMS_MAX);
    int64_t ttl_s = ttl_of(making);
    if (ttl_s <= 0) {
        return WARD_CONFLICT;
    }
    enum ward_status status = write_claims(making, ttl_s, &claims);
    if (status == WARD_OK) {
        status = ward_jws_make(making->signer.alg, making->signer.material, making->signer.entry->object.kid,
                               ward_buffer_span(&claims), &token);
    }
    if (status != WARD_OK) {
        return status == WARD_INVALID ? WARD_CONFLICT : status;
    }
    *ret = (struct ward_proxy_token){ .text = ward_pool_copy(pool, ward_buffer_span(&token)),
                                      .environment = making->environment,
                                      .ttl_s = ttl_s };
    return ret->text.data ? WARD_OK : WARD_NO_MEMORY;
}

enum ward_status ward_service_proxy_token(struct ward_service *service, const struct ward_proxy_token_input *input,
                                          struct ward_pool *pool, struct ward_proxy_token *ret)
{
    struct making making = { .input = input, .now_ms = ward_now_ms() };
    if (!service->deployer) {
        return WARD_UNAVAILABLE;
    }
    struct ward_served *served = ward_deployer_served(service->deployer);
    ward_served_enter(served);
    const struct ward_served_environment *environment = find_environment(served, input);
    bool has_signer = false;
    if (environment) {
        bool has_url = environment->access_url.size > 0;
        making.issuer = ward_pool_copy(pool, has_url ? environment->access_url : environment->name);
        making.environment = ward_pool_copy(pool, environment->name);
        has_signer = find_signer(environment->keyset, &input->verdict->scope.project_id, making.now_ms, &making.signer);
    }
    ward_served_leave(served);
    if (!environment || !has_signer) {
        return environment ? WARD_CONFLICT : WARD_NOT_FOUND;
    }
    enum ward_status status = making.issuer.data && making.environment.data ? sign(&making, pool, ret) : WARD_NO_MEMORY;
    ward_keyset_release(making.signer.entry);
    return status;
}
