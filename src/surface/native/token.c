/*
 * POST /auth/token and /auth/jwt: an API proxy exchanges its pair for a token (OAuth 2.0 client credentials, RFC 6749
 * 4.4), as a gateway's token service does. Errors are OAuth's. Source: contracts/apinizer.md 9.4.
 */
#include "base/seam.h"
#include "service/proxy_tokens.h"
#include "surface/native/handlers.h"
#include "surface/native/presented.h"
#include "surface/native/problems.h"
#include "surface/native/verdict.h"

static enum ward_handled refuse(struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                const char *error, const char *description)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_NATIVE_JSON);
    reply->reason = error;
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "error", ward_span_of(error));
    ward_json_member_string(&writer, "error_description", ward_span_of(description));
    ward_json_end_object(&writer);
    ward_http_reply_header(request, reply, "Cache-Control", WARD_SPAN("no-store"));
    if (status == 401) {
        ward_http_reply_header(request, reply, "WWW-Authenticate", WARD_SPAN("Basic realm=\"ward\""));
    }
    return WARD_REPLIED;
}

struct asked {
    struct ward_proxy_pair pair;
    struct ward_span environment, audience;
};

/** One value of a form's field, or absent. False: it came twice, or escaped wrongly. */
static bool read_field(struct ward_http_request *request, const char *name, struct ward_span *ret)
{
    bool is_bad = false;
    *ret = ward_http_form_get(request, name, &is_bad);
    return !is_bad && ward_http_form_count(request, name) <= 1;
}

/** NULL, or what is wrong with the request. The pair comes by Basic or in the form, not by both. */
static const char *read_request(struct ward_http_request *request, struct asked *ret)
{
    struct ward_span grant, id, secret;
    const struct ward_span authorization = ward_http_header_get(request, "authorization");
    if (!read_field(request, "grant_type", &grant) || !read_field(request, "client_id", &id) ||
        !read_field(request, "client_secret", &secret) || !read_field(request, "environment", &ret->environment) ||
        !read_field(request, "audience", &ret->audience)) {
        return "a field was sent twice, or is not url-encoded";
    }
    if (!grant.data) {
        return "grant_type is missing";
    }
    ret->pair = (struct ward_proxy_pair){ id, secret };
    if (authorization.size == 0) {
        return NULL;
    }
    if (!ward_native_is_basic(authorization)) {
        return "Authorization must be Basic, with the public key and the secret key of an API proxy";
    }
    if (secret.data) {
        return "the pair must come by Authorization or in the form, not by both";
    }
    ret->pair = ward_native_basic_pair(request, authorization);
    return NULL;
}

static enum ward_handled answer(struct ward_http_request *request, struct ward_http_reply *reply,
                                const struct ward_proxy_token *token)
{
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_NATIVE_JSON);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "access_token", token->text);
    ward_json_member_string(&writer, "token_type", WARD_SPAN("Bearer"));
    ward_json_member_int(&writer, "expires_in", token->ttl_s);
    ward_json_end_object(&writer);
    ward_http_reply_header(request, reply, "Cache-Control", WARD_SPAN("no-store"));
    return WARD_REPLIED;
}

static enum ward_handled refuse_token(struct ward_http_request *request, struct ward_http_reply *reply,
                                      enum ward_status status)
{
    switch (status) {
    case WARD_NOT_FOUND:
        return refuse(request, reply, 400, "invalid_target",
                      "the API proxy is not deployed there: deploy it, and name the environment if there are several");
    case WARD_CONFLICT:
        return refuse(request, reply, 503, "temporarily_unavailable",
                      "no JWK that can sign is deployed there: make one in the project, named " WARD_PROXY_TOKEN_JWK);
    default:
        return refuse(request, reply, 503, "temporarily_unavailable", "no token can be made now");
    }
}

enum ward_handled ward_native_token(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct asked asked = { 0 };
    bool is_grant_bad = false;
    const char *problem = read_request(request, &asked);
    if (problem) {
        return refuse(request, reply, 400, "invalid_request", problem);
    }
    if (!ward_span_equal(ward_http_form_get(request, "grant_type", &is_grant_bad), WARD_SPAN("client_credentials"))) {
        return refuse(request, reply, 400, "unsupported_grant_type", "GrantType value must be client_credentials!");
    }
    struct ward_verifier *verifier = ward_surface_verifier(request);
    struct ward_verdict verdict = { 0 };
    const struct ward_presented presented = { .kind = WARD_RECORD_API_PROXY, .pair = &asked.pair, .wants_body = true };
    if (verifier) {
        ward_verify(verifier, &presented, ward_now_ms(), &verdict);
    }
    if (verdict.reason == WARD_VERDICT_STALE) {
        return refuse_token(request, reply, WARD_UNAVAILABLE);
    }
    if (verdict.reason != WARD_VERDICT_VALID) {
        return refuse(request, reply, 401, "invalid_client", "Bad credentials");
    }
    const struct ward_proxy_token_input input = { .verdict = &verdict,
                                                  .public_key = asked.pair.public_key,
                                                  .environment = asked.environment,
                                                  .audience = asked.audience };
    struct ward_proxy_token token;
    enum ward_status status = ward_service_proxy_token(ward_surface_application(request)->service, &input,
                                                       &request->pool, &token);
    return status == WARD_OK ? answer(request, reply, &token) : refuse_token(request, reply, status);
}
