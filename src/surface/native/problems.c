/* Problem documents: type, title, status, detail (RFC 9457 3.1), and requestId and errors as extensions (3.2). */
#include "surface/native/problems.h"

#include <stdio.h>

#include "base/seam.h"

static const char *title_of(int status)
{
    static const struct {
        int status;
        const char *title;
    } titles[] = {
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 417, "Expectation Failed" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 503, "Service Unavailable" },
    };
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (titles[i].status == status) {
            return titles[i].title;
        }
    }
    return "Refused";
}

static struct ward_json_writer begin(const struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                     const char *code, struct ward_span detail)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_NATIVE_PROBLEM);
    reply->reason = code;
    ward_json_begin_object(&writer);
    char type[96];
    int size = snprintf(type, sizeof(type), "urn:ward:problem:%.64s", code);
    ward_json_member_string(&writer, "type", ward_span(type, (size_t)size));
    ward_json_member_string(&writer, "title", ward_span_of(title_of(status)));
    ward_json_member_int(&writer, "status", status);
    ward_json_member_string(&writer, "detail", detail);
    ward_json_member_string(&writer, "requestId", ward_span_of(request->request_id));
    return writer;
}

enum ward_handled ward_native_problem(struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                      const char *code, const char *detail)
{
    struct ward_json_writer writer = begin(request, reply, status, code, ward_span_of(detail));
    ward_json_end_object(&writer);
    if (status == 401) {
        ward_http_reply_header(request, reply, "WWW-Authenticate", WARD_SPAN("ApiKey"));
    } else if (status == 503) {
        ward_http_reply_header(request, reply, "Retry-After", WARD_SPAN("1"));
    }
    return WARD_REPLIED;
}

/* ---- input ---- */

static const struct {
    const char *code;
    const char *text; /* '#' stands for the rule's number, '$' for its text */
} rules[] = {
    [WARD_RULE_SYNTAX] = { "syntax", "$" },
    [WARD_RULE_BODY_OBJECT] = { "body_object", "must be a JSON object" },
    [WARD_RULE_STRING] = { "string", "must be a string" },
    [WARD_RULE_MIN_LENGTH] = { "min_length", "must have at least # characters" },
    [WARD_RULE_MAX_LENGTH] = { "max_length", "must have at most # characters" },
    [WARD_RULE_OBJECT] = { "object", "must be an object" },
    [WARD_RULE_ARRAY] = { "array", "must be an array" },
    [WARD_RULE_BOOLEAN] = { "boolean", "must be true or false" },
    [WARD_RULE_INTEGER] = { "integer", "must be a whole number" },
    [WARD_RULE_MIN] = { "min", "must be at least #" },
    [WARD_RULE_MAX] = { "max", "must be at most #" },
    [WARD_RULE_DATE] = { "date", "must be an ISO 8601 date" },
    [WARD_RULE_UUID] = { "uuid", "must be a UUID" },
    [WARD_RULE_ENUM] = { "enum", "must be one of: $" },
    [WARD_RULE_CHARACTERS] = { "characters", "holds characters that are not allowed" },
    [WARD_RULE_DOMAIN] = { "domain", "must hold host names, or *. and a host name" },
    [WARD_RULE_BYTES_MAX] = { "bytes_max", "must have at most # bytes" },
    [WARD_RULE_REQUIRED] = { "required", "must be given" },
    [WARD_RULE_UNKNOWN_PROJECT] = { "unknown_project", "must name an active project" },
    [WARD_RULE_UNKNOWN_MEMBER] = { "unknown_member", "is not known here" },
};

#define SENTENCE_MAX 512

/** The model names members as The Auth API does; here some have shorter names. */
static const char *name_of(const char *member)
{
    static const char *const names[][2] = {
        { "customMetaData", "metadata" },
        { "expiry", "expiresAt" },
        { "rateLimitConfigs", "rateLimit" },
        { "rateLimitConfigs.rateLimit", "rateLimit.limit" },
        { "rateLimitConfigs.rateLimitTtl", "rateLimit.ttl" },
        { "rateLimitTtl", "rateLimit.ttl" },
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i][0], member) == 0) {
            return names[i][1];
        }
    }
    return member;
}

static void write_problem(struct ward_json_writer *writer, const struct ward_problem *problem)
{
    WARD_BUFFER text = ward_buffer_new(SENTENCE_MAX);
    ward_surface_sentence(rules[problem->rule].text, problem, &text);
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "member", ward_span_of(name_of(problem->member)));
    ward_json_member_string(writer, "rule", ward_span_of(rules[problem->rule].code));
    ward_json_member_string(writer, "detail", ward_buffer_span(&text));
    ward_json_end_object(writer);
}

enum ward_handled ward_native_problems(struct ward_http_request *request, struct ward_http_reply *reply,
                                       const struct ward_problems *problems)
{
    struct ward_json_writer writer = begin(request, reply, 400, "invalid", WARD_SPAN("the input is not valid"));
    ward_json_key(&writer, "errors");
    ward_json_begin_array(&writer);
    for (size_t i = 0; i < problems->count; i++) {
        write_problem(&writer, &problems->items[i]);
    }
    ward_json_end_array(&writer);
    ward_json_end_object(&writer);
    return WARD_REPLIED;
}

void ward_native_strict(struct ward_http_request *request, const struct ward_json_value *object,
                        const char *const *names, struct ward_problems *problems)
{
    for (size_t i = 0; i < ward_json_count(object); i++) {
        struct ward_span name = ward_json_name_at(object, i);
        const char *const *known = names;
        while (*known && !ward_span_equal(name, ward_span_of(*known))) {
            known++;
        }
        if (!*known) {
            struct ward_span copy = ward_pool_copy(&request->pool, name);
            ward_problem_add(problems, copy.data ? copy.data : "body", WARD_RULE_UNKNOWN_MEMBER, 0, NULL);
        }
    }
}

enum ward_status ward_native_body(struct ward_http_request *request, const char *const *names,
                                  struct ward_problems *problems, const struct ward_json_value **ret)
{
    enum ward_status status = ward_surface_body(request, problems, ret);
    if (status == WARD_OK) {
        ward_native_strict(request, *ret, names, problems);
    }
    return status;
}

/* ---- outcomes ---- */

enum ward_handled ward_native_fail(struct ward_http_request *request, struct ward_http_reply *reply,
                                   enum ward_status status, const struct ward_problems *problems)
{
    if (status == WARD_INVALID && problems && problems->count > 0) {
        return ward_native_problems(request, reply, problems);
    }
    return ward_native_problem(request, reply, ward_status_http(status), ward_status_code(status),
                               ward_status_text(status));
}

enum ward_handled ward_native_refuse_caller(struct ward_http_request *request, struct ward_http_reply *reply,
                                            enum ward_caller caller, const struct ward_verdict *verdict)
{
    switch (caller) {
    case WARD_CALLER_LIMITED:
        (void)ward_native_fail(request, reply, WARD_LIMITED, NULL);
        ward_surface_header_int(request, reply, "Retry-After",
                                ward_surface_retry_after(&verdict->limit, ward_now_ms()));
        return WARD_REPLIED;
    case WARD_CALLER_STALE:
        return ward_native_problem(request, reply, 503, "stale", "no verdict can be had now");
    default:
        return ward_native_fail(request, reply, WARD_UNAUTHENTICATED, NULL);
    }
}

void ward_native_refuse(struct ward_http_request *request, int status, const char *why, struct ward_http_reply *reply)
{
    char words[WARD_SURFACE_WORDS_MAX + 1];
    ward_surface_words(why, words);
    (void)ward_native_problem(request, reply, status, why ? why : "bad_request", words);
}
