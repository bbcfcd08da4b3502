#include "verify/token.h"

#include <stdlib.h>

#include "crypto/jose.h"
#include "json/json.h"

#define TRIES_MAX 8 /* JWKs with one key id that are tried; without one, of the project's newest */

/* ---- its form ---- */

static bool is_base64url(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool ward_token_is_one(struct ward_span value)
{
    unsigned dots = 0;
    if (value.size < 8 || memcmp(value.data, "ey", 2) != 0) /* '{' and a quote, or white space before one */
        return false;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == '.')
            dots++;
        else if (!is_base64url(value.data[i]))
            return false;
    }
    return dots == 2;
}

/* ---- its claims ---- */

struct claims {
    struct ward_span subject, issuer, client;
    const struct ward_json_value *audience;
    int64_t expires_ms, not_before_ms;
};

/* A NumericDate may have a fraction: the moment is cut to its millisecond, towards the refusal. */
static bool read_time(const struct ward_json_value *value, bool is_up, int64_t *ret_ms)
{
    char text[40];
    struct ward_span raw = ward_json_raw(value);
    int64_t seconds;
    if (ward_json_type(value) != WARD_JSON_NUMBER || raw.size >= sizeof(text))
        return false;
    if (ward_json_integer(value, &seconds)) {
        *ret_ms = seconds > INT64_MAX / 1000 ? INT64_MAX : seconds < INT64_MIN / 1000 ? INT64_MIN : seconds * 1000;
        return true;
    }
    memcpy(text, raw.data, raw.size);
    text[raw.size] = '\0';
    double ms = strtod(text, NULL) * 1000;
    if (!(ms > -1e15 && ms < 1e15))
        return false;
    int64_t whole = (int64_t)ms;
    if (is_up)
        whole += (double)whole < ms;
    else
        whole -= (double)whole > ms;
    *ret_ms = whole;
    return true;
}

static bool read_text(const struct ward_json_value *object, const char *name, struct ward_span *ret)
{
    const struct ward_json_value *value = ward_json_member(object, name);
    enum ward_json_type type = ward_json_type(value);
    *ret = ward_json_string(value);
    return type == WARD_JSON_ABSENT || type == WARD_JSON_STRING;
}

static bool is_audience(const struct ward_json_value *value)
{
    enum ward_json_type type = ward_json_type(value);
    if (type != WARD_JSON_ARRAY)
        return type == WARD_JSON_ABSENT || type == WARD_JSON_STRING;
    for (size_t i = 0; i < ward_json_count(value); i++) {
        if (ward_json_type(ward_json_at(value, i)) != WARD_JSON_STRING)
            return false;
    }
    return true;
}

static bool read_claims(struct ward_span payload, struct ward_pool *pool, struct claims *ret)
{
    const struct ward_json_value *object = NULL;
    const char *why;
    if (ward_json_parse(payload, pool, &object, &why) != WARD_OK || ward_json_type(object) != WARD_JSON_OBJECT)
        return false;
    const struct ward_json_value *not_before = ward_json_member(object, "nbf");
    ret->audience = ward_json_member(object, "aud");
    ret->not_before_ms = WARD_TIME_NONE;
    bool is_read = read_text(object, "sub", &ret->subject) && read_text(object, "iss", &ret->issuer) &&
                   read_text(object, "client_id", &ret->client) && is_audience(ret->audience);
    if (not_before != NULL)
        is_read = is_read && read_time(not_before, true, &ret->not_before_ms);
    return is_read && read_time(ward_json_member(object, "exp"), false, &ret->expires_ms);
}

/* ---- its key ---- */

/* A JWK that names no algorithm has the one that everybody expects of its type. */
static enum ward_jose_alg algorithm_of(const struct ward_deployed *jwk, const struct ward_material *material)
{
    if (jwk->algorithm.size > 0)
        return ward_jose_alg_parse(jwk->algorithm);
    static const enum ward_jose_alg usual[] = { WARD_ALG_RS256,  WARD_ALG_ES256, WARD_ALG_ES384, WARD_ALG_ES512,
                                                WARD_ALG_ES256K, WARD_ALG_EDDSA, WARD_ALG_HS256 };
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (ward_jose_alg_fits(usual[i], material, WARD_USE_SIGNATURE) == WARD_MATERIAL_NONE)
            return usual[i];
    }
    return WARD_ALG_NONE;
}

static bool is_for_signatures(const struct ward_deployed *jwk)
{
    return jwk->use.size == 0 || ward_span_equal(jwk->use, ward_span_of(ward_jose_use_name(WARD_USE_SIGNATURE)));
}

/* A token taken apart, and what the thread remembers of such. */
struct presented_token {
    struct ward_jws jws;
    struct ward_lookup lookup;
    struct ward_signatures *signatures; /* NULL: nothing is remembered */
};

static bool has_signed(const struct ward_keyset_entry *entry, const struct presented_token *token)
{
    const struct ward_jws *jws = &token->jws;
    const struct ward_material *material;
    bool is_valid = false;
    if (!is_for_signatures(&entry->object) ||
        ward_keyset_material(entry, entry->object.half == WARD_MATERIAL_SECRET, &material) != WARD_OK)
        return false;
    enum ward_jose_alg alg = algorithm_of(&entry->object, material);
    if (alg == WARD_ALG_NONE || ward_jose_alg_parse(jws->alg) != alg)
        return false;
    if (ward_signature_is_known(token->signatures, &token->lookup, &entry->object))
        return true;
    enum ward_status status = ward_jose_verify(alg, material, jws->signing_input, jws->signature, &is_valid);
    if (status != WARD_OK || !is_valid)
        return false;
    ward_signature_note(token->signatures, &token->lookup, &entry->object);
    return true;
}

static const struct ward_keyset_entry *candidate(struct ward_keyset *keyset, const struct ward_uuid *project,
                                                 struct ward_span kid, size_t index)
{
    return kid.data != NULL ? ward_keyset_find_kid(keyset, project, kid, index)
                            : ward_keyset_find_jwk(keyset, project, index);
}

/* Find the JWK of this keyset that signed the token, or NULL. Held. */
static const struct ward_keyset_entry *find_signer(struct ward_keyset *keyset, const struct ward_uuid *project,
                                                   const struct presented_token *token)
{
    for (size_t i = 0; i < TRIES_MAX; i++) {
        const struct ward_keyset_entry *entry = candidate(keyset, project, token->jws.kid, i);
        if (entry == NULL || has_signed(entry, token))
            return entry;
        ward_keyset_release(entry);
    }
    return NULL;
}

struct signer {
    const struct ward_keyset_entry *entry; /* held */
    struct ward_served_environment environment;
};

/* Environments whose keyset holds the project's JWK: of the account that is named by the project. */
static bool look_in(struct ward_served *served, const struct ward_token_question *question,
                    struct ward_span environment, const struct presented_token *token, struct signer *ret)
{
    const struct ward_served_environment *found;
    for (size_t i = 0; (found = ward_served_nth(served, question->account, environment, i)) != NULL; i++) {
        ret->environment = *found;
        ret->entry = find_signer(found->keyset, question->project, token);
        if (ret->entry != NULL)
            return true;
    }
    return false;
}

/* ---- the verdict ---- */

/* An empty name is nobody's: a gateway whose variable turned out empty lets nobody in. */
static bool is_named(struct ward_span name, struct ward_span who)
{
    return who.size > 0 && ward_span_equal(name, who);
}

static bool names(const struct ward_json_value *audience, struct ward_span who)
{
    if (ward_json_type(audience) == WARD_JSON_STRING)
        return is_named(ward_json_string(audience), who);
    for (size_t i = 0; i < ward_json_count(audience); i++) {
        if (is_named(ward_json_string(ward_json_at(audience, i)), who))
            return true;
    }
    return false;
}

static bool is_for_us(const struct ward_token_question *question, const struct ward_served_environment *environment,
                      const struct ward_json_value *audience)
{
    char project[WARD_UUID_CHARS + 1];
    if (audience == NULL)
        return true;
    if (question->audience.data != NULL)
        return names(audience, question->audience);
    ward_uuid_format(question->project, project);
    return names(audience, environment->access_url) || names(audience, environment->name) ||
           names(audience, ward_span(project, WARD_UUID_CHARS));
}

static enum ward_reason judge(const struct ward_token_question *question, const struct signer *signer,
                              const struct claims *claims, int64_t now_ms)
{
    const struct ward_deployed *jwk = &signer->entry->object;
    if (claims->expires_ms <= now_ms || (jwk->expires_ms != WARD_TIME_NONE && jwk->expires_ms <= now_ms))
        return WARD_VERDICT_EXPIRED;
    if ((claims->not_before_ms != WARD_TIME_NONE && claims->not_before_ms > now_ms) ||
        (jwk->not_before_ms != WARD_TIME_NONE && jwk->not_before_ms > now_ms))
        return WARD_VERDICT_NOT_YET_VALID;
    if (question->issuer.data != NULL && !is_named(claims->issuer, question->issuer))
        return WARD_VERDICT_WRONG_ISSUER;
    return is_for_us(question, &signer->environment, claims->audience) ? WARD_VERDICT_VALID
                                                                       : WARD_VERDICT_WRONG_AUDIENCE;
}

static enum ward_reason decide(struct ward_served *served, const struct ward_token_question *question,
                               const struct presented_token *token, const struct claims *claims, int64_t now_ms,
                               struct ward_pool *pool, struct ward_token_verdict *ret)
{
    struct signer signer = { 0 };
    ward_served_enter(served);
    if (!look_in(served, question, question->environment, token, &signer)) {
        bool is_elsewhere = question->environment.data != NULL &&
                            look_in(served, question, WARD_SPAN_NONE, token, &signer);
        ward_served_leave(served);
        ward_keyset_release(signer.entry);
        return is_elsewhere ? WARD_VERDICT_WRONG_ENVIRONMENT : WARD_VERDICT_UNKNOWN;
    }
    enum ward_reason reason = judge(question, &signer, claims, now_ms);
    ret->has_key = true;
    ret->key = signer.entry->object.id;
    ret->key_name = ward_pool_copy(pool, signer.entry->object.name);
    ret->environment = ward_pool_copy(pool, signer.environment.name);
    ward_served_leave(served);
    ward_keyset_release(signer.entry);
    ret->subject = claims->subject;
    ret->issuer = claims->issuer;
    ret->client = claims->client;
    ret->expires_ms = claims->expires_ms;
    return ret->key_name.data != NULL && ret->environment.data != NULL ? reason : WARD_VERDICT_STALE;
}

/* One keyed hash of the whole token: the signature is part of what is remembered. */
static struct ward_signatures *remember(struct ward_verifier *verifier, struct ward_span token, struct ward_lookup *ret)
{
    if (verifier == NULL)
        return NULL;
    if (verifier->signatures == NULL)
        verifier->signatures = ward_signatures_new();
    ward_keyed_hash(verifier->hash, token, ret);
    return verifier->signatures;
}

enum ward_reason ward_verify_token(struct ward_served *served, struct ward_verifier *verifier,
                                   const struct ward_token_question *question, int64_t now_ms, struct ward_pool *pool,
                                   struct ward_token_verdict *ret)
{
    struct presented_token token = { 0 };
    struct claims claims = { 0 };
    *ret = (struct ward_token_verdict){ 0 };
    if (served == NULL)
        return WARD_VERDICT_STALE;
    enum ward_status status = ward_jws_split(question->token, pool, &token.jws);
    if (status == WARD_NO_MEMORY)
        return WARD_VERDICT_STALE;
    if (status != WARD_OK || !read_claims(token.jws.payload, pool, &claims))
        return WARD_VERDICT_MALFORMED;
    token.signatures = remember(verifier, question->token, &token.lookup);
    return decide(served, question, &token, &claims, now_ms, pool, ret);
}
