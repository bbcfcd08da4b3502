/* The words of APIOps' refusals. */
#include "surface/apinizer/errors.h"

#define NOTHING_CHANGED "An unexpected error occurred"

/* contracts/apinizer.md 4.3: status and code of the seed's generation, status and text of the current one. An absent
 * text is the caller's. */
static const struct row {
    int seed_status;
    const char *code;
    struct ward_span text;
    int current_status;
    struct ward_span current_text; /* absent: the same text */
} rows[WARD_APINIZER_SITUATION_COUNT] = {
    [WARD_APINIZER_UNEXPECTED] = { 500, "internal_error", WARD_SPAN_INIT(NOTHING_CHANGED), 500 },
    [WARD_APINIZER_BAD_REQUEST] = { 400, "bad_request", WARD_SPAN_INIT("The request is not valid!"), 400 },
    [WARD_APINIZER_NO_TOKEN] = { 401, "unauthorized_client", WARD_SPAN_INIT("Invalid token"), 401,
                                 WARD_SPAN_INIT("Empty Key! Client must be authenticated to access this resource.") },
    [WARD_APINIZER_WRONG_TOKEN] = { 401, "unauthorized_client", WARD_SPAN_INIT("Invalid token"), 401,
                                    WARD_SPAN_INIT("Token is not valid!") },
    [WARD_APINIZER_FORBIDDEN] = { 403, "forbidden",
                                  WARD_SPAN_INIT("User does not have required permission for this operation!"), 400 },
    [WARD_APINIZER_NOT_FOUND] = { 404, "not_found", WARD_SPAN_INIT("Not found!"), 400 },
    [WARD_APINIZER_NO_ROUTE] = { 404, "not_found", WARD_SPAN_INIT("There is no such resource!"), 404 },
    [WARD_APINIZER_WRONG_METHOD] = { 405, "method_not_allowed",
                                     WARD_SPAN_INIT("The method is not allowed for this resource!"), 405 },
    [WARD_APINIZER_WRONG_TYPE] = { 415, "unsupported_media_type",
                                   WARD_SPAN_INIT("The Content-Type of the request is not supported!"), 415 },
    [WARD_APINIZER_TOO_LARGE] = { 413, "payload_too_large", WARD_SPAN_INIT("The request body is too large!"), 413 },
    [WARD_APINIZER_LIMITED] = { 429, "rate_limit_exceeded", WARD_SPAN_INIT("The rate limit of the token is exceeded!"),
                                429 },
    [WARD_APINIZER_BUSY] = { 503, "service_unavailable", WARD_SPAN_INIT("The service is busy!"), 503 },
};

static enum ward_apinizer_profile profile_of(const struct ward_http_request *request)
{
    return ward_surface_application(request)->apinizer.profile;
}

struct details {
    struct ward_span text;
    int64_t retry_after_s; /* 0: none */
    const char *reason;
};

static enum ward_handled write_error(struct ward_http_request *request, struct ward_http_reply *reply,
                                     enum ward_apinizer_situation situation, const struct details *details)
{
    enum ward_apinizer_profile profile = profile_of(request);
    const struct row *row = &rows[situation];
    bool is_current = profile == WARD_APINIZER_CURRENT;
    struct ward_span text = details->text.data ? details->text : row->text;
    struct ward_json_writer writer = ward_surface_reply(reply, is_current ? row->current_status : row->seed_status,
                                                        WARD_APINIZER_JSON);
    reply->reason = details->reason;
    ward_json_begin_object(&writer);
    if (!is_current) {
        ward_json_member_string(&writer, "error", ward_span_of(row->code));
        ward_json_member_string(&writer, "error_description", text);
    }
    if (!is_current && details->retry_after_s > 0) {
        ward_json_member_int(&writer, "retry_after", details->retry_after_s);
    }
    if (profile != WARD_APINIZER_SEED) {
        ward_json_member_string(&writer, "status", WARD_SPAN("FAILURE"));
        ward_json_member_string(&writer, "resultMessage",
                                row->current_text.data && !details->text.data ? row->current_text : text);
    }
    ward_json_end_object(&writer);
    return WARD_REPLIED;
}

enum ward_handled ward_apinizer_error(struct ward_http_request *request, struct ward_http_reply *reply,
                                      enum ward_apinizer_situation situation, struct ward_span text, const char *reason)
{
    struct details details = { .text = text, .reason = reason };
    return write_error(request, reply, situation, &details);
}

enum ward_handled ward_apinizer_unauthenticated(struct ward_http_request *request, struct ward_http_reply *reply,
                                                bool has_token)
{
    ward_apinizer_error(request, reply, has_token ? WARD_APINIZER_WRONG_TOKEN : WARD_APINIZER_NO_TOKEN, WARD_SPAN_NONE,
                        "unauthenticated");
    ward_http_reply_header(request, reply, "WWW-Authenticate", WARD_SPAN("Bearer"));
    return WARD_REPLIED;
}

enum ward_handled ward_apinizer_limited(struct ward_http_request *request, struct ward_http_reply *reply,
                                        int64_t retry_after_s)
{
    struct details details = { .retry_after_s = retry_after_s, .reason = "limited" };
    write_error(request, reply, WARD_APINIZER_LIMITED, &details);
    ward_surface_header_int(request, reply, "Retry-After", retry_after_s);
    return WARD_REPLIED;
}

/* Out of memory or not able to store: a client may try again. */
static enum ward_handled fail_unexpected(struct ward_http_request *request, struct ward_http_reply *reply,
                                         const char *reason)
{
    ward_apinizer_error(request, reply, WARD_APINIZER_UNEXPECTED, WARD_SPAN_NONE, reason);
    ward_http_reply_header(request, reply, "Retry-After", WARD_SPAN("1"));
    return WARD_REPLIED;
}

/* contracts/apinizer.md 4.4: what is not found is 404, but for these, whose pages say 400 in every generation. */
static bool is_bad_request(enum ward_secrets_refusal reason)
{
    switch (reason) {
    case WARD_REFUSED_JWK_NOT_FOUND:
    case WARD_REFUSED_JWK_NOT_FOUND_ON_UPDATE:
    case WARD_REFUSED_PROXY_NOT_FOUND_ON_DELETE:
    case WARD_REFUSED_PROXY_NOT_FOUND_ON_DEPLOY:
    case WARD_REFUSED_PROXY_NOT_FOUND_ON_PARSE:
        return true;
    default:
        return false;
    }
}

static enum ward_apinizer_situation situation_of(enum ward_status status, enum ward_secrets_refusal reason)
{
    switch (status) {
    case WARD_INVALID:
    case WARD_CONFLICT:
    case WARD_EXISTS:
    case WARD_TOO_LARGE:
        return WARD_APINIZER_BAD_REQUEST;
    case WARD_NOT_FOUND:
        return is_bad_request(reason) ? WARD_APINIZER_BAD_REQUEST : WARD_APINIZER_NOT_FOUND;
    case WARD_FORBIDDEN:
        return WARD_APINIZER_FORBIDDEN;
    default:
        return WARD_APINIZER_UNEXPECTED;
    }
}

#define TEXT_MAX 16384

enum ward_handled ward_apinizer_fail(struct ward_http_request *request, struct ward_http_reply *reply,
                                     enum ward_status status, const struct ward_secrets_refused *refused)
{
    enum ward_secrets_refusal reason = refused ? refused->reason : WARD_REFUSED_NONE;
    enum ward_apinizer_situation situation = situation_of(status, reason);
    if (situation == WARD_APINIZER_UNEXPECTED) {
        return fail_unexpected(request, reply, ward_status_code(status));
    }
    WARD_BUFFER text = ward_buffer_new(TEXT_MAX);
    if (reason != WARD_REFUSED_NONE) {
        ward_secrets_refused_write(refused, &text);
    }
    if (text.status == WARD_NO_MEMORY) {
        return fail_unexpected(request, reply, ward_status_code(text.status));
    }
    return ward_apinizer_error(request, reply, situation, text.size > 0 ? ward_buffer_span(&text) : WARD_SPAN_NONE,
                               ward_status_code(status));
}

enum ward_handled ward_apinizer_done(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return reply->body.status == WARD_OK ? WARD_REPLIED
                                         : fail_unexpected(request, reply, ward_status_code(reply->body.status));
}

void ward_apinizer_refuse(struct ward_http_request *request, int status, const char *why, struct ward_http_reply *reply)
{
    switch (status) {
    case 404:
        ward_apinizer_error(request, reply, WARD_APINIZER_NO_ROUTE, WARD_SPAN_NONE, why);
        break;
    case 405:
    case 501: /* a method that nobody knows is not offered either */
        ward_apinizer_error(request, reply, WARD_APINIZER_WRONG_METHOD, WARD_SPAN_NONE, why);
        break;
    case 413:
        ward_apinizer_error(request, reply, WARD_APINIZER_TOO_LARGE, WARD_SPAN_NONE, why);
        break;
    case 503:
        ward_apinizer_error(request, reply, WARD_APINIZER_BUSY, WARD_SPAN_NONE, why);
        ward_http_reply_header(request, reply, "Retry-After", WARD_SPAN("1"));
        break;
    case 500:
        fail_unexpected(request, reply, why);
        break;
    default: {
        char words[WARD_SURFACE_WORDS_MAX + 1];
        WARD_BUFFER text = ward_buffer_new(256);
        ward_surface_words(why, words);
        ward_buffer_append_text(&text, "The request is malformed: ");
        ward_buffer_append_text(&text, words);
        ward_buffer_append_char(&text, '!');
        ward_apinizer_error(request, reply, WARD_APINIZER_BAD_REQUEST, ward_buffer_span(&text), why);
        break;
    }
    }
}
