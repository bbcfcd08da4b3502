/* The words of NCP's refusals. */
#include "surface/ncp/errors.h"

/* contracts/ncp.md 4.2; the code is a string of digits on the wire. */
static const struct row {
    int status;
    const char *code;
    const char *message;
} rows[WARD_NCP_CODE_COUNT] = {
    [WARD_NCP_UNEXPECTED] = { 500, "900", "Unexpected Error" },
    [WARD_NCP_BAD_REQUEST] = { 400, "100", "Bad Request Exception" },
    [WARD_NCP_AUTHENTICATION_FAILED] = { 401, "200", "Authentication Failed" },
    [WARD_NCP_PERMISSION_DENIED] = { 401, "210", "Permission Denied" },
    [WARD_NCP_FORBIDDEN] = { 403, "230", "Forbidden" },
    [WARD_NCP_NOT_FOUND] = { 404, "300", "Not Found Exception" },
    [WARD_NCP_QUOTA_EXCEEDED] = { 429, "400", "Quota Exceeded" },
    [WARD_NCP_THROTTLE_LIMITED] = { 429, "410", "Throttle Limited" },
    [WARD_NCP_RATE_LIMITED] = { 429, "420", "Rate Limited" },
    [WARD_NCP_ENTITY_TOO_LARGE] = { 413, "430", "Request Entity Too Large" },
    [WARD_NCP_ENDPOINT_ERROR] = { 503, "500", "Endpoint Error" },
};

enum ward_handled ward_ncp_error(struct ward_http_reply *reply, enum ward_ncp_code code, struct ward_span details,
                                 const char *reason)
{
    const struct row *row = &rows[code];
    struct ward_json_writer writer = ward_surface_reply(reply, row->status, WARD_NCP_JSON);
    reply->reason = reason;
    ward_json_begin_object(&writer);
    ward_json_key(&writer, "error");
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "errorCode", ward_span_of(row->code));
    ward_json_member_string(&writer, "message", ward_span_of(row->message));
    ward_json_member_string(&writer, "details", details);
    ward_json_end_object(&writer);
    ward_json_end_object(&writer);
    return WARD_REPLIED;
}

/* ---- validation ---- */

/* What is said of a member behind its name; '#' stands for the rule's number, '$' for its text. */
static const char *const sentences[] = {
    [WARD_RULE_SYNTAX] = "cannot be read: $",
    [WARD_RULE_BODY_OBJECT] = "must be a JSON object",
    [WARD_RULE_STRING] = "must be a string",
    [WARD_RULE_MIN_LENGTH] = "must have at least # characters",
    [WARD_RULE_MAX_LENGTH] = "must have at most # characters",
    [WARD_RULE_OBJECT] = "must be an object",
    [WARD_RULE_ARRAY] = "must be an array",
    [WARD_RULE_BOOLEAN] = "must be true or false",
    [WARD_RULE_INTEGER] = "must be a whole number",
    [WARD_RULE_MIN] = "must be at least #",
    [WARD_RULE_MAX] = "must be at most #",
    [WARD_RULE_DATE] = "must be an ISO 8601 date",
    [WARD_RULE_UUID] = "must be a UUID",
    [WARD_RULE_ENUM] = "must be one of: $",
    [WARD_RULE_CHARACTERS] = "holds characters that are not allowed",
    [WARD_RULE_DOMAIN] = "must hold domain names",
    [WARD_RULE_BYTES_MAX] = "must have at most # bytes",
    [WARD_RULE_REQUIRED] = "is required",
    [WARD_RULE_UNKNOWN_PROJECT] = "does not exist",
    [WARD_RULE_UNKNOWN_MEMBER] = "is not known",
};

#define DETAILS_MAX 512

/* A body that could not be read at all: nothing else about it is worth saying. */
static const struct ward_problem *pick_problem(const struct ward_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        enum ward_rule rule = problems->items[i].rule;
        if (rule == WARD_RULE_SYNTAX || rule == WARD_RULE_BODY_OBJECT) {
            return &problems->items[i];
        }
    }
    return &problems->items[0];
}

enum ward_handled ward_ncp_problems(struct ward_http_reply *reply, const struct ward_problems *problems)
{
    if (problems->count == 0) {
        return ward_ncp_error(reply, WARD_NCP_BAD_REQUEST, WARD_SPAN("The request is not valid."), "invalid");
    }
    const struct ward_problem *problem = pick_problem(problems);
    WARD_BUFFER text = ward_buffer_new(DETAILS_MAX);
    ward_buffer_append_text(&text, problem->member);
    ward_buffer_append_char(&text, ' ');
    ward_surface_sentence(sentences[problem->rule], problem, &text);
    ward_buffer_append_char(&text, '.');
    return ward_ncp_error(reply, WARD_NCP_BAD_REQUEST, ward_buffer_span(&text), "invalid");
}

/* ---- the rest of section 4 ---- */

enum ward_handled ward_ncp_missing_credentials(struct ward_http_reply *reply)
{
    return ward_ncp_error(reply, WARD_NCP_AUTHENTICATION_FAILED, WARD_SPAN("Authentication information are missing."),
                          "unauthenticated");
}

enum ward_handled ward_ncp_wrong_credentials(struct ward_http_reply *reply)
{
    return ward_ncp_error(reply, WARD_NCP_AUTHENTICATION_FAILED, WARD_SPAN("Invalid authentication information."),
                          "unauthenticated");
}

/** Out of memory or not able to store: 4.4 gives both the code for what is unexpected, and a client may try again. */
static enum ward_handled fail_unexpected(struct ward_http_request *request, struct ward_http_reply *reply,
                                         const char *reason)
{
    ward_ncp_error(reply, WARD_NCP_UNEXPECTED, WARD_SPAN("The request could not be processed; nothing was changed."),
                   reason);
    ward_http_reply_header(request, reply, "Retry-After", WARD_SPAN("1"));
    return WARD_REPLIED;
}

/* What is not there, and what is in the way: a plan is not deleted, or detached, while somebody is held to it. */
static const struct {
    struct ward_span not_found;
    struct ward_span conflict;
} nouns[] = {
    [WARD_NOUN_NONE] = { WARD_SPAN_INIT("Resource not found."),
                         WARD_SPAN_INIT("The state of the resource does not allow this operation.") },
    [WARD_NOUN_API_KEY] = { WARD_SPAN_INIT("API key not found."), WARD_SPAN_INIT("The API key is in use.") },
    [WARD_NOUN_PRODUCT] = { WARD_SPAN_INIT("Product not found."), WARD_SPAN_INIT("The product is in use.") },
    [WARD_NOUN_API] = { WARD_SPAN_INIT("API not found."), WARD_SPAN_INIT("The API is in use.") },
    [WARD_NOUN_STAGE] = { WARD_SPAN_INIT("Stage not found."),
                          WARD_SPAN_INIT("The usage plan is associated with a stage.") },
    [WARD_NOUN_USAGE_PLAN] = { WARD_SPAN_INIT("Usage plan not found."), WARD_SPAN_INIT("The usage plan is in use.") },
    [WARD_NOUN_SUBSCRIPTION] = { WARD_SPAN_INIT("Subscription not found."),
                                 WARD_SPAN_INIT("The usage plan is used by an API key.") },
};

enum ward_handled ward_ncp_fail(struct ward_http_request *request, struct ward_http_reply *reply,
                                enum ward_status status, const struct ward_problems *problems, enum ward_noun missing)
{
    static const struct ward_problems none;
    switch (status) {
    case WARD_INVALID:
        return ward_ncp_problems(reply, problems ? problems : &none);
    case WARD_FORBIDDEN:
        return ward_ncp_error(reply, WARD_NCP_PERMISSION_DENIED,
                              WARD_SPAN("The access key has no permission for this operation."), "forbidden");
    case WARD_NOT_FOUND:
        return ward_ncp_error(reply, WARD_NCP_NOT_FOUND, nouns[missing].not_found, "not_found");
    case WARD_CONFLICT:
    case WARD_EXISTS:
        return ward_ncp_error(reply, WARD_NCP_BAD_REQUEST, nouns[missing].conflict, "conflict");
    default:
        return fail_unexpected(request, reply, ward_status_code(status));
    }
}

enum ward_handled ward_ncp_done(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return reply->body.status == WARD_OK ? WARD_REPLIED
                                         : fail_unexpected(request, reply, ward_status_code(reply->body.status));
}

/* ---- what the HTTP layer refuses ---- */

void ward_ncp_refuse(struct ward_http_request *request, int status, const char *why, struct ward_http_reply *reply)
{
    switch (status) {
    case 404:
    case 405:
    case 501: /* a method that nobody knows is a wrong one: contracts/ncp.md 1 */
        ward_ncp_error(reply, WARD_NCP_NOT_FOUND, WARD_SPAN("URL not found."), why);
        break;
    case 413:
        ward_ncp_error(reply, WARD_NCP_ENTITY_TOO_LARGE, WARD_SPAN("The request body is too large."), why);
        break;
    case 503:
        ward_ncp_error(reply, WARD_NCP_ENDPOINT_ERROR, WARD_SPAN("The service is busy."), why);
        ward_http_reply_header(request, reply, "Retry-After", WARD_SPAN("1"));
        break;
    case 500:
        fail_unexpected(request, reply, why);
        break;
    default:
        ward_ncp_error(reply, WARD_NCP_BAD_REQUEST, WARD_SPAN("The request is malformed."), why);
        break;
    }
}

/* ---- section 8 ---- */

/* A key that is unknown, disabled or expired gets one answer: it says nothing about whether the value exists. */
static const struct refusal {
    enum ward_ncp_code code;
    struct ward_span details;
} refusals[WARD_VERDICT_COUNT] = {
#define INVALID_KEY                                                                                                    \
    {                                                                                                                  \
        WARD_NCP_AUTHENTICATION_FAILED, WARD_SPAN_INIT("Invalid authentication information.")                          \
    }
    [WARD_VERDICT_STALE] = { WARD_NCP_ENDPOINT_ERROR, WARD_SPAN_INIT("No verdict can be had now.") },
    [WARD_VERDICT_MALFORMED] = INVALID_KEY,
    [WARD_VERDICT_UNKNOWN] = INVALID_KEY,
    [WARD_VERDICT_DISABLED] = INVALID_KEY,
    [WARD_VERDICT_EXPIRED] = INVALID_KEY,
    [WARD_VERDICT_PROJECT_INACTIVE] = INVALID_KEY,
    [WARD_VERDICT_WRONG_ENVIRONMENT] = INVALID_KEY,
    [WARD_VERDICT_NOT_YET_VALID] = INVALID_KEY,
    [WARD_VERDICT_WRONG_ISSUER] = INVALID_KEY,
    [WARD_VERDICT_WRONG_AUDIENCE] = INVALID_KEY,
    [WARD_VERDICT_NOT_SUBSCRIBED] = { WARD_NCP_PERMISSION_DENIED,
                                      WARD_SPAN_INIT("A subscription to the API is required.") },
    [WARD_VERDICT_LIMITED] = { WARD_NCP_RATE_LIMITED, WARD_SPAN_INIT("The rate of the usage plan is exceeded.") },
    [WARD_VERDICT_THROTTLED] = { WARD_NCP_THROTTLE_LIMITED, WARD_SPAN_INIT("The throttle of the stage is exceeded.") },
    [WARD_VERDICT_QUOTA_EXCEEDED] = { WARD_NCP_QUOTA_EXCEEDED,
                                      WARD_SPAN_INIT("The quota of the usage plan is used up.") },
    [WARD_VERDICT_SOURCE_NOT_ALLOWED] = { WARD_NCP_FORBIDDEN, WARD_SPAN_INIT("The source address is not allowed.") },
    [WARD_VERDICT_ORIGIN_NOT_ALLOWED] = { WARD_NCP_FORBIDDEN, WARD_SPAN_INIT("The origin is not allowed.") },
#undef INVALID_KEY
};

/** A stage's response is its owner's text: JSON if it reads as JSON. */
static const char *type_of(struct ward_http_request *request, struct ward_span response)
{
    const struct ward_json_value *value = NULL;
    const char *why = NULL;
    bool is_json = ward_json_parse(response, &request->pool, &value, &why) == WARD_OK;
    return is_json ? WARD_NCP_JSON : "text/plain;charset=UTF-8";
}

#define MAINTENANCE_STATUS 503

/** The stage's own answer. A status that would let the call pass is none for a refusal: gateways decide by it. */
static void answer_maintenance(struct ward_http_request *request, struct ward_http_reply *reply,
                               const struct ward_plan_verdict *plan)
{
    bool refuses = plan->maintenance_status >= 400 && plan->maintenance_status <= 599;
    bool has_response = plan->maintenance_response.size > 0;
    ward_surface_reply(reply, refuses ? plan->maintenance_status : MAINTENANCE_STATUS,
                       has_response ? type_of(request, plan->maintenance_response) : NULL);
    ward_buffer_append(&reply->body, plan->maintenance_response);
    reply->reason = ward_reason_name(WARD_VERDICT_MAINTENANCE);
}

void ward_ncp_word_verdict(struct ward_http_request *request, struct ward_http_reply *reply,
                           const struct ward_verdict *verdict, bool is_presented)
{
    if (verdict->reason == WARD_VERDICT_MAINTENANCE) {
        answer_maintenance(request, reply, &verdict->plan);
        return;
    }
    if (verdict->reason == WARD_VERDICT_MALFORMED && !is_presented) {
        ward_ncp_missing_credentials(reply);
        reply->reason = ward_reason_name(verdict->reason);
        return;
    }
    const struct refusal *refusal = &refusals[verdict->reason];
    ward_ncp_error(reply, refusal->details.data ? refusal->code : WARD_NCP_UNEXPECTED,
                   refusal->details.data ? refusal->details : WARD_SPAN("The request may not pass."),
                   ward_reason_name(verdict->reason));
}
