/*
 * POST /apiops/auth/token: contracts/apinizer.md 2.1. A client of Ward's is an IAM pair: client_id is its access key,
 * client_secret its secret key. Bodies and errors are OAuth's in every profile.
 */
#include "service/tokens.h"
#include "surface/apinizer/errors.h"
#include "surface/apinizer/handlers.h"

static enum ward_handled refuse(struct ward_http_reply *reply, int status, const char *error, const char *description,
                                const char *reason)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_APINIZER_JSON);
    reply->reason = reason;
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "error", ward_span_of(error));
    ward_json_member_string(&writer, "error_description", ward_span_of(description));
    ward_json_end_object(&writer);
    return WARD_REPLIED;
}

static enum ward_handled refuse_request(struct ward_http_reply *reply, const char *description)
{
    return refuse(reply, 400, "invalid_request", description, "invalid");
}

static bool is_form(const struct ward_http_request *request)
{
    struct ward_span type = ward_http_header_get(request, "content-type");
    const struct ward_span form = WARD_SPAN("application/x-www-form-urlencoded");
    return type.size >= form.size && ward_span_equal_nocase(ward_span(type.data, form.size), form) &&
           (type.size == form.size || strchr("; \t", type.data[form.size]));
}

/* RFC 6749 3.2: no parameter more than once. */
static const char *read_form(struct ward_http_request *request, struct ward_span values[3])
{
    static const char *const names[] = { "grant_type", "client_id", "client_secret" };
    bool is_bad = false;
    for (size_t i = 0; i < 3; i++) {
        if (ward_http_form_count(request, names[i]) > 1) {
            return "A parameter is given more than once";
        }
        values[i] = ward_http_form_get(request, names[i], &is_bad);
    }
    return is_bad ? "The form holds a bad escape" : NULL;
}

static enum ward_handled answer_token(struct ward_http_request *request, struct ward_http_reply *reply,
                                      const struct ward_issued_token *token, const struct ward_receipt *receipt)
{
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_APINIZER_JSON);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "access_token", token->text);
    ward_json_member_string(&writer, "token_type", WARD_SPAN("Bearer"));
    ward_json_member_int(&writer, "expires_in", token->ttl_s);
    ward_json_end_object(&writer);
    ward_surface_receipt(request, reply, receipt);
    return WARD_REPLIED;
}

enum ward_handled ward_apinizer_token_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_span values[3] = { WARD_SPAN_NONE };
    if (!is_form(request)) {
        return refuse(reply, 415, "invalid_request", "The request must be application/x-www-form-urlencoded",
                      "wrong_type");
    }
    const char *why = read_form(request, values);
    if (why) {
        return refuse_request(reply, why);
    }
    if (!ward_span_equal(values[0], WARD_SPAN("client_credentials"))) {
        return refuse(reply, 400, "unsupported_grant_type", "GrantType value must be client_credentials!", "invalid");
    }
    struct ward_issued_token token = { 0 };
    struct ward_receipt receipt = { 0 };
    enum ward_status status = ward_service_token_issue(ward_surface_application(request)->service, values[1], values[2],
                                                       &request->pool, &token, &receipt);
    if (status == WARD_NOT_FOUND || status == WARD_FORBIDDEN || status == WARD_INVALID) {
        return refuse(reply, 401, "unauthorized_client", "Bad credentials", "unauthenticated");
    }
    if (status != WARD_OK) {
        return refuse(reply, 500, "server_error", "An unexpected error occurred", ward_status_code(status));
    }
    return answer_token(request, reply, &token, &receipt);
}
