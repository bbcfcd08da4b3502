/* The words of The Auth API's refusals. */
#include "surface/theauthapi/errors.h"

#include "base/encoding.h"
#include "base/iso8601.h"
#include "base/seam.h"

/* contracts/theauthapi.md 1.1: spellings seen in the wild; all that are sent must agree. */
static const char *const caller_headers[] = { "x-api-key", "api-key", "api_key", "access_key", "authorization", NULL };

static const char text_key[] = "Invalid client key";
static const char text_role[] = "Invalid roles for this account";
static const char text_domain[] = "Origin domain is not allowed for this API key";
static const char text_limited[] = "Too many requests";

static void write_tail(struct ward_json_writer *writer, const char *error)
{
    if (error) {
        ward_json_member_string(writer, "error", ward_span_of(error));
    }
    ward_json_end_object(writer);
}

static struct ward_json_writer write_head(struct ward_http_reply *reply, int status, const char *reason)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_THEAUTHAPI_JSON);
    reply->reason = reason;
    ward_json_begin_object(&writer);
    ward_json_member_int(&writer, "statusCode", status);
    return writer;
}

static void answer_text(struct ward_http_reply *reply, int status, struct ward_span message, const char *error,
                        const char *reason)
{
    struct ward_json_writer writer = write_head(reply, status, reason);
    ward_json_member_string(&writer, "message", message);
    write_tail(&writer, error);
}

void ward_theauthapi_error(struct ward_http_reply *reply, int status, const char *message, const char *error,
                           const char *reason)
{
    answer_text(reply, status, ward_span_of(message), error, reason);
}

/* ---- validation ---- */

/* A sentence is: before, the member's name, after; '#' stands for the rule's number, '$' for its text. */
struct sentence {
    const char *before;
    const char *after;
};

static const struct sentence sentences[] = {
    [WARD_RULE_SYNTAX] = { "", NULL }, /* the parser's own text, no name */
    [WARD_RULE_BODY_OBJECT] = { "", " must be an object" },
    [WARD_RULE_STRING] = { "", " must be a string" },
    [WARD_RULE_MIN_LENGTH] = { "", " must be longer than or equal to # characters" },
    [WARD_RULE_MAX_LENGTH] = { "", " must be shorter than or equal to # characters" },
    [WARD_RULE_OBJECT] = { "", " must be an object" },
    [WARD_RULE_ARRAY] = { "", " must be an array" },
    [WARD_RULE_BOOLEAN] = { "", " must be a boolean value" },
    [WARD_RULE_INTEGER] = { "", " must be an integer number" },
    [WARD_RULE_MIN] = { "", " must not be less than #" },
    [WARD_RULE_MAX] = { "", " must not be greater than #" },
    [WARD_RULE_DATE] = { "", " must be a valid ISO 8601 date string" },
    [WARD_RULE_UUID] = { "", " must be a UUID" },
    [WARD_RULE_ENUM] = { "", " must be one of the following values: $" },
    [WARD_RULE_CHARACTERS] = { "", " contains characters that are not allowed" },
    [WARD_RULE_DOMAIN] = { "each value in ", " must be a domain name" },
    [WARD_RULE_BYTES_MAX] = { "", " must be at most # bytes long" },
    [WARD_RULE_REQUIRED] = { "", " should not be empty" },
    [WARD_RULE_UNKNOWN_PROJECT] = { "", " does not exist" },
    [WARD_RULE_UNKNOWN_MEMBER] = { "property ", " should not exist" },
};

void ward_theauthapi_sentence(const struct ward_problem *problem, struct ward_buffer *ret)
{
    const struct sentence *sentence = &sentences[problem->rule];
    if (!sentence->after) {
        ward_buffer_append_text(ret, problem->text ? problem->text : "the body is not JSON");
        return;
    }
    ward_buffer_append_text(ret, sentence->before);
    ward_buffer_append_text(ret, problem->member);
    ward_surface_sentence(sentence->after, problem, ret);
}

#define SENTENCE_MAX 1024

static bool is_repeated(const struct ward_problems *problems, size_t index)
{
    const struct ward_problem *problem = &problems->items[index];
    for (size_t i = 0; i < index; i++) {
        const struct ward_problem *earlier = &problems->items[i];
        if (earlier->rule == problem->rule && strcmp(earlier->member, problem->member) == 0) {
            return true;
        }
    }
    return false;
}

/** A body that could not be read at all: nothing else about it is worth saying. */
static const struct ward_problem *find_unreadable(const struct ward_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        enum ward_rule rule = problems->items[i].rule;
        if (rule == WARD_RULE_SYNTAX || rule == WARD_RULE_BODY_OBJECT) {
            return &problems->items[i];
        }
    }
    return NULL;
}

static void put_sentence(struct ward_json_writer *writer, const struct ward_problem *problem)
{
    WARD_BUFFER text = ward_buffer_new(SENTENCE_MAX);
    ward_theauthapi_sentence(problem, &text);
    ward_json_put_string(writer, ward_buffer_span(&text));
}

void ward_theauthapi_problem(struct ward_http_reply *reply, const struct ward_problems *problems)
{
    if (problems->count == 0) {
        ward_theauthapi_error(reply, 400, "Bad Request", "Bad Request", "invalid");
        return;
    }
    const struct ward_problem *unreadable = find_unreadable(problems);
    struct ward_json_writer writer = write_head(reply, 400, "invalid");
    ward_json_key(&writer, "message");
    put_sentence(&writer, unreadable ? unreadable : &problems->items[0]);
    write_tail(&writer, "Bad Request");
}

void ward_theauthapi_problems(struct ward_http_reply *reply, const struct ward_problems *problems)
{
    const struct ward_problem *unreadable = find_unreadable(problems);
    if (problems->count == 0 || (unreadable && unreadable->rule == WARD_RULE_SYNTAX)) {
        ward_theauthapi_problem(reply, problems);
        return;
    }
    struct ward_json_writer writer = write_head(reply, 400, "invalid");
    ward_json_key(&writer, "message");
    ward_json_begin_array(&writer);
    if (unreadable) {
        put_sentence(&writer, unreadable);
    }
    for (size_t i = 0; !unreadable && i < problems->count; i++) {
        if (!is_repeated(problems, i)) {
            put_sentence(&writer, &problems->items[i]);
        }
    }
    ward_json_end_array(&writer);
    write_tail(&writer, "Bad Request");
}

/* ---- the rest of 1.7 ---- */

void ward_theauthapi_unauthorized(struct ward_http_request *request, struct ward_http_reply *reply)
{
    ward_theauthapi_error(reply, 401, "Unauthorized", NULL, "unauthenticated");
    ward_http_reply_header(request, reply, "WWW-Authenticate", WARD_SPAN("ApiKey"));
}

void ward_theauthapi_forbidden(struct ward_http_reply *reply)
{
    ward_theauthapi_error(reply, 403, text_role, "Forbidden", "forbidden");
}

void ward_theauthapi_unavailable(struct ward_http_request *request, struct ward_http_reply *reply)
{
    ward_theauthapi_error(reply, 503, "Service Unavailable", NULL, "unavailable");
    ward_http_reply_header(request, reply, "Retry-After", WARD_SPAN("1"));
}

static void answer_status(struct ward_http_request *request, struct ward_http_reply *reply, enum ward_status status,
                          const struct ward_problems *problems, const struct ward_theauthapi_texts *texts)
{
    static const struct ward_problems none;
    switch (status) {
    case WARD_INVALID:
        ward_theauthapi_problems(reply, problems ? problems : &none);
        return;
    case WARD_UNAUTHENTICATED:
        ward_theauthapi_unauthorized(request, reply);
        return;
    case WARD_FORBIDDEN:
        ward_theauthapi_forbidden(reply);
        return;
    case WARD_NOT_FOUND:
        ward_theauthapi_error(reply, 404, texts->not_found, "Not Found", "not_found");
        return;
    case WARD_CONFLICT:
    case WARD_EXISTS:
        ward_theauthapi_error(reply, 409, texts->conflict, "Conflict", "conflict");
        return;
    case WARD_NO_MEMORY:
    case WARD_UNAVAILABLE:
    case WARD_IO:
    case WARD_LOCKED:
        ward_theauthapi_unavailable(request, reply);
        return;
    default:
        ward_theauthapi_error(reply, 500, "Internal server error", NULL, ward_status_code(status));
        return;
    }
}

enum ward_handled ward_theauthapi_fail(struct ward_http_request *request, struct ward_http_reply *reply,
                                       enum ward_status status, const struct ward_problems *problems,
                                       const struct ward_theauthapi_texts *texts)
{
    answer_status(request, reply, status, problems, texts);
    return ward_theauthapi_done(request, reply);
}

/** "Up to 3 decimals", as a JavaScript number prints: 30.074, 30.5, 30. */
static struct ward_span write_seconds(int64_t ms, char text[WARD_DECIMAL_CHARS + 4])
{
    char number[WARD_DECIMAL_CHARS];
    struct ward_span whole = ward_decimal_int(ms / 1000, number);
    memcpy(text, whole.data, whole.size);
    int rest = (int)(ms % 1000);
    const char decimals[] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };
    memcpy(text + whole.size, decimals, sizeof(decimals));
    size_t size = rest == 0 ? 0 : rest % 100 == 0 ? 2 : rest % 10 == 0 ? 3 : 4;
    return ward_span(text, whole.size + size);
}

void ward_theauthapi_limit_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                                   const struct ward_limit_state *limit, int64_t now_ms)
{
    ward_surface_header_int(request, reply, "ratelimit-limit", (int64_t)limit->limit);
    ward_surface_header_int(request, reply, "ratelimit-remaining", (int64_t)limit->remaining);
    ward_surface_header_int(request, reply, "ratelimit-consumed", (int64_t)limit->consumed);
    char time[WARD_ISO8601_MS_CHARS + 1];
    ward_iso8601_format(limit->reset_ms, time);
    ward_http_reply_header(request, reply, "ratelimit-reset", ward_span(time, WARD_ISO8601_MS_CHARS));
    char left[WARD_DECIMAL_CHARS + 4];
    ward_http_reply_header(request, reply, "retry-after-seconds",
                           write_seconds(limit->reset_ms > now_ms ? limit->reset_ms - now_ms : 0, left));
}

/* What 2.8 answers for a verdict. Whatever is not listed is 503: a verdict that nobody foresaw denies. */
static const struct refusal {
    int status;
    const char *message;
} refusals[WARD_VERDICT_COUNT] = {
    [WARD_VERDICT_MALFORMED] = { 404, text_key },          [WARD_VERDICT_UNKNOWN] = { 404, text_key },
    [WARD_VERDICT_DISABLED] = { 404, text_key },           [WARD_VERDICT_EXPIRED] = { 404, text_key },
    [WARD_VERDICT_PROJECT_INACTIVE] = { 404, text_key },   [WARD_VERDICT_ORIGIN_NOT_ALLOWED] = { 403, text_domain },
    [WARD_VERDICT_NOT_SUBSCRIBED] = { 403, text_role },    [WARD_VERDICT_WRONG_ENVIRONMENT] = { 403, text_role },
    [WARD_VERDICT_LIMITED] = { 429, text_limited },        [WARD_VERDICT_THROTTLED] = { 429, text_limited },
    [WARD_VERDICT_QUOTA_EXCEEDED] = { 429, text_limited }, [WARD_VERDICT_SOURCE_NOT_ALLOWED] = { 403, text_role },
    [WARD_VERDICT_NOT_YET_VALID] = { 404, text_key },      [WARD_VERDICT_WRONG_ISSUER] = { 404, text_key },
    [WARD_VERDICT_WRONG_AUDIENCE] = { 404, text_key },
};

/** The `error` member that goes with a status; 429 and 5xx have none. */
static const char *phrase_of(int status)
{
    switch (status) {
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    default:
        return NULL;
    }
}

void ward_theauthapi_word_verdict(struct ward_http_reply *reply, enum ward_reason reason, int status)
{
    const char *message = refusals[reason].message ? refusals[reason].message : "Service Unavailable";
    ward_theauthapi_error(reply, status, message, phrase_of(status), ward_reason_name(reason));
}

static void refuse_limited(struct ward_http_request *request, struct ward_http_reply *reply,
                           const struct ward_verdict *verdict, int64_t now_ms)
{
    ward_theauthapi_word_verdict(reply, verdict->reason, 429);
    if (verdict->has_limit) {
        ward_theauthapi_limit_headers(request, reply, &verdict->limit, now_ms);
        ward_surface_header_int(request, reply, "Retry-After", ward_surface_retry_after(&verdict->limit, now_ms));
    }
}

void ward_theauthapi_refuse_verdict(struct ward_http_request *request, struct ward_http_reply *reply,
                                    const struct ward_verdict *verdict, int64_t now_ms)
{
    int status = refusals[verdict->reason].status;
    if (verdict->is_foreign) {
        ward_theauthapi_error(reply, 403, text_role, "Forbidden", ward_reason_name(verdict->reason));
    } else if (status == 429) {
        refuse_limited(request, reply, verdict, now_ms);
    } else if (status != 0) {
        ward_theauthapi_word_verdict(reply, verdict->reason, status);
    } else {
        ward_theauthapi_unavailable(request, reply);
    }
}

bool ward_theauthapi_caller(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_operator *ret)
{
    struct ward_verdict verdict = { 0 };
    switch (ward_surface_caller(request, caller_headers, ret, &verdict)) {
    case WARD_CALLER_OK:
        return true;
    case WARD_CALLER_LIMITED:
        refuse_limited(request, reply, &verdict, ward_now_ms());
        return false;
    case WARD_CALLER_STALE:
        ward_theauthapi_unavailable(request, reply);
        return false;
    case WARD_CALLER_MISSING:
    case WARD_CALLER_CONTRADICTS:
        break;
    }
    ward_theauthapi_unauthorized(request, reply);
    return false;
}

enum ward_handled ward_theauthapi_done(struct ward_http_request *request, struct ward_http_reply *reply)
{
    switch (reply->body.status) {
    case WARD_OK:
        break;
    case WARD_TOO_LARGE:
        ward_theauthapi_error(reply, 500, "Internal server error", NULL, "too_large");
        break;
    default:
        ward_theauthapi_unavailable(request, reply);
        break;
    }
    return WARD_REPLIED;
}

enum ward_handled ward_theauthapi_true(struct ward_http_request *request, struct ward_http_reply *reply,
                                       const struct ward_receipt *receipt)
{
    ward_surface_reply(reply, 200, WARD_THEAUTHAPI_JSON);
    ward_buffer_append_text(&reply->body, "true");
    ward_surface_receipt(request, reply, receipt);
    return ward_theauthapi_done(request, reply);
}

/* ---- what the HTTP layer refuses ---- */

/** Nest echoes method and path; the query stays out. The path may hold a key: it goes back to its sender only. */
static void refuse_route(struct ward_http_request *request, struct ward_http_reply *reply)
{
    WARD_BUFFER text = ward_buffer_new_secret(WARD_HTTP_TARGET_MAX + 64);
    ward_buffer_append_text(&text, "Cannot ");
    ward_buffer_append(&text, request->method_text);
    ward_buffer_append_char(&text, ' ');
    ward_buffer_append(&text, request->path);
    answer_text(reply, 404, ward_buffer_span(&text), "Not Found", "no_route");
}

static size_t decoded_size(struct ward_span segment)
{
    size_t size = 0;
    for (size_t i = 0; i < segment.size; i += segment.data[i] == '%' ? 3 : 1) {
        size++;
    }
    return size;
}

/** Routing ends at WARD_HTTP_SEGMENT_MAX bytes a segment; here a longer one is a key that nobody has (section 2.8). */
static bool holds_long_key(struct ward_span path)
{
    const struct ward_span prefix = WARD_SPAN("/api-keys/");
    if (!ward_span_starts_with(path, prefix)) {
        return false;
    }
    struct ward_span rest = ward_span(path.data + prefix.size, path.size - prefix.size);
    while (rest.size > 0) {
        const char *slash = memchr(rest.data, '/', rest.size);
        size_t size = slash ? (size_t)(slash - rest.data) : rest.size;
        if (decoded_size(ward_span(rest.data, size)) > WARD_HTTP_SEGMENT_MAX) {
            return true;
        }
        size += slash != NULL;
        rest = ward_span(rest.data + size, rest.size - size);
    }
    return false;
}

static void refuse_request(struct ward_http_reply *reply, int status, const char *why)
{
    char words[WARD_SURFACE_WORDS_MAX + 1];
    ward_surface_words(why, words);
    ward_theauthapi_error(reply, status, words, status == 400 ? "Bad Request" : NULL, why);
}

void ward_theauthapi_refuse(struct ward_http_request *request, int status, const char *why,
                            struct ward_http_reply *reply)
{
    switch (status) {
    case 404:
    case 405: /* contracts/theauthapi.md 1.6: a wrong method is 404, not 405 */
        if (holds_long_key(request->path)) {
            ward_theauthapi_error(reply, 404, text_key, "Not Found", "unknown");
        } else {
            refuse_route(request, reply);
        }
        break;
    case 413:
        ward_theauthapi_error(reply, 413, "request entity too large", NULL, why);
        break;
    case 503:
        ward_theauthapi_unavailable(request, reply);
        break;
    case 500:
        ward_theauthapi_error(reply, 500, "Internal server error", NULL, why);
        break;
    default:
        refuse_request(reply, status, why);
        break;
    }
}
