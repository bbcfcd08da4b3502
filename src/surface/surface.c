/* What every surface shares. */
#include "surface/surface.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/encoding.h"
#include "base/iso8601.h"
#include "base/limits.h"
#include "base/seam.h"

/* ---- who calls ---- */

/** Take the scheme "Bearer" off a header value; any other value stays as it is. */
static struct ward_span strip_bearer(struct ward_span value)
{
    const struct ward_span scheme = WARD_SPAN("bearer ");
    if (value.size < scheme.size || !ward_span_equal_nocase(ward_span(value.data, scheme.size), scheme)) {
        return value;
    }
    value = ward_span(value.data + scheme.size, value.size - scheme.size);
    while (value.size > 0 && value.data[0] == ' ') {
        value = ward_span(value.data + 1, value.size - 1);
    }
    return value;
}

static bool is_named(struct ward_span name, const char *const *headers)
{
    for (; *headers; headers++) {
        /* Most names differ in their first letter. */
        bool may_be = name.size > 0 && ((*headers)[0] | 0x20) == (name.data[0] | 0x20);
        if (may_be && ward_span_equal_nocase(name, ward_span_of(*headers))) {
            return true;
        }
    }
    return false;
}

bool ward_surface_credential(struct ward_http_request *request, const char *const *headers, struct ward_span *ret)
{
    struct ward_span found = WARD_SPAN_NONE;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct ward_http_header *header = &request->headers[i];
        if (!is_named(header->name, headers)) {
            continue;
        }
        struct ward_span value = header->value;
        if (ward_span_equal_nocase(header->name, WARD_SPAN("authorization"))) {
            value = strip_bearer(value);
        }
        if (value.size == 0) {
            continue;
        }
        /* Both copies came from the caller: nothing secret is compared with a guess here. */
        if (found.data && !ward_span_equal(found, value)) {
            return false;
        }
        found = value;
    }
    *ret = found;
    return true;
}

enum ward_caller ward_surface_caller(struct ward_http_request *request, const char *const *headers,
                                     struct ward_operator *ret, struct ward_verdict *ret_verdict)
{
    if (request->listener == WARD_LISTENER_CONTROL) {
        *ret = ward_operator_local();
        return WARD_CALLER_OK;
    }
    struct ward_presented presented = { .kind = WARD_RECORD_ACCESS_KEY, .skip_origin = true };
    if (!ward_surface_credential(request, headers, &presented.value)) {
        return WARD_CALLER_CONTRADICTS;
    }
    if (!presented.value.data) {
        return WARD_CALLER_MISSING;
    }
    struct ward_verifier *verifier = ward_surface_verifier(request);
    if (!verifier) {
        return WARD_CALLER_STALE;
    }
    struct ward_verdict own;
    struct ward_verdict *verdict = ret_verdict ? ret_verdict : &own;
    *verdict = (struct ward_verdict){ 0 };
    ward_verify(verifier, &presented, ward_now_ms(), verdict);
    switch (verdict->reason) {
    case WARD_VERDICT_VALID:
        *ret = ward_operator_from_verdict(verdict);
        return WARD_CALLER_OK;
    case WARD_VERDICT_LIMITED:
        return WARD_CALLER_LIMITED;
    case WARD_VERDICT_STALE:
        return WARD_CALLER_STALE;
    default:
        return WARD_CALLER_MISSING;
    }
}

/** The one value of a header; several that differ give an empty text, which no list of domains holds. */
static struct ward_span only_value(const struct ward_http_request *request, struct ward_span name)
{
    struct ward_span found = WARD_SPAN_NONE;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct ward_http_header *header = &request->headers[i];
        if (header->value.size == 0 || !ward_span_equal_nocase(header->name, name)) {
            continue;
        }
        if (found.data && !ward_span_equal(found, header->value)) {
            return WARD_SPAN("");
        }
        found = header->value;
    }
    return found;
}

struct ward_span ward_surface_origin(struct ward_http_request *request)
{
    static const struct ward_span names[] = { WARD_SPAN_INIT("x-origin-domain"), WARD_SPAN_INIT("origin"),
                                              WARD_SPAN_INIT("referer") };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct ward_span value = only_value(request, names[i]);
        if (value.data) {
            return value;
        }
    }
    return WARD_SPAN_NONE;
}

/* ---- replies ---- */

struct ward_json_writer ward_surface_reply(struct ward_http_reply *reply, int status, const char *content_type)
{
    reply->status = status;
    reply->content_type = content_type;
    if (reply->body.max == 0) {
        reply->body = ward_buffer_new_secret(WARD_REPLY_MAX);
    }
    reply->body.is_secret = true;
    ward_buffer_clear(&reply->body);
    return ward_json_writer_to(&reply->body);
}

bool ward_surface_reserve(struct ward_http_reply *reply)
{
    /* Metadata (16 KiB), 100 domains of 253 bytes, and names and ids with every character escaped stay below this. */
    const size_t object_bytes = 65536;
    ward_surface_reply(reply, 200, NULL);
    return ward_buffer_make_room(&reply->body, object_bytes);
}

void ward_surface_sentence(const char *sentence, const struct ward_problem *problem, struct ward_buffer *ret)
{
    for (const char *at = sentence; *at; at++) {
        if (*at == '#') {
            ward_buffer_append_int(ret, problem->number);
        } else if (*at == '$') {
            ward_buffer_append_text(ret, problem->text ? problem->text : "");
        } else {
            ward_buffer_append_char(ret, *at);
        }
    }
}

void ward_surface_words(const char *code, char ret[WARD_SURFACE_WORDS_MAX + 1])
{
    size_t size = 0;
    for (const char *at = code ? code : "bad_request"; *at && size < WARD_SURFACE_WORDS_MAX; at++) {
        ret[size++] = *at == '_' ? ' ' : *at;
    }
    ret[size] = '\0';
}

void ward_surface_receipt(struct ward_http_request *request, struct ward_http_reply *reply,
                          const struct ward_receipt *receipt)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%" PRIu64, receipt->revision);
    ward_http_reply_header(request, reply, "Ward-Revision", ward_span(text, (size_t)size));
    size = snprintf(text, sizeof(text), "%u/%u", receipt->applied, receipt->replicas);
    ward_http_reply_header(request, reply, "Ward-Applied", ward_span(text, (size_t)size));
}

int64_t ward_surface_retry_after(const struct ward_limit_state *limit, int64_t now_ms)
{
    return limit->reset_ms > now_ms ? (limit->reset_ms - now_ms + 999) / 1000 : 1;
}

static bool keep(struct ward_http_request *request, struct ward_span *span)
{
    if (!span->data) {
        return true;
    }
    *span = ward_pool_copy(&request->pool, *span);
    return span->data != NULL;
}

bool ward_surface_verdict_keep(struct ward_http_request *request, struct ward_verdict *verdict)
{
    struct ward_body *body = &verdict->body;
    return keep(request, &body->name) && keep(request, &body->custom_user_id) &&
           keep(request, &body->custom_account_id) && keep(request, &body->metadata) && keep(request, &body->domains) &&
           keep(request, &body->reply);
}

/* ---- bodies ---- */

static bool is_blank(struct ward_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!strchr(" \t\r\n", text.data[i]) || text.data[i] == '\0') {
            return false;
        }
    }
    return true;
}

enum ward_status ward_surface_body(struct ward_http_request *request, struct ward_problems *problems,
                                   const struct ward_json_value **ret)
{
    *ret = NULL;
    if (is_blank(request->body)) {
        return WARD_OK;
    }
    const struct ward_json_value *value = NULL;
    const char *why = "the body is not JSON";
    enum ward_status status = ward_json_parse(request->body, &request->pool, &value, &why);
    if (status == WARD_NO_MEMORY) {
        return status;
    }
    if (status != WARD_OK) {
        ward_problem_add(problems, "body", WARD_RULE_SYNTAX, 0, why);
        return WARD_OK;
    }
    if (ward_json_type(value) != WARD_JSON_OBJECT) {
        ward_problem_add(problems, "body", WARD_RULE_BODY_OBJECT, 0, NULL);
        return WARD_OK;
    }
    *ret = value;
    return WARD_OK;
}

bool ward_surface_text(struct ward_problems *problems, const struct ward_json_value *object, const char *member,
                       bool is_nullable, struct ward_span *ret)
{
    const struct ward_json_value *value = ward_json_member(object, member);
    enum ward_json_type type = ward_json_type(value);
    if (type == WARD_JSON_ABSENT) {
        return false;
    }
    if (type == WARD_JSON_NULL && is_nullable) {
        *ret = WARD_SPAN_NONE;
        return true;
    }
    if (type != WARD_JSON_STRING) {
        ward_problem_add(problems, member, WARD_RULE_STRING, 0, NULL);
        return false;
    }
    *ret = ward_json_string(value);
    return true;
}

bool ward_surface_expiry(struct ward_problems *problems, const struct ward_json_value *object, const char *member,
                         int64_t *ret_ms)
{
    const struct ward_json_value *value = ward_json_member(object, member);
    enum ward_json_type type = ward_json_type(value);
    if (type == WARD_JSON_ABSENT) {
        return false;
    }
    if (type == WARD_JSON_NULL) {
        *ret_ms = WARD_TIME_NONE;
        return true;
    }
    if (type != WARD_JSON_STRING || !ward_iso8601_parse(ward_json_string(value), ret_ms)) {
        ward_problem_add(problems, member, WARD_RULE_DATE, 0, NULL);
        return false;
    }
    return true;
}

bool ward_surface_domains(struct ward_problems *problems, const struct ward_json_value *object, const char *member,
                          struct ward_span *ret)
{
    const struct ward_json_value *value = ward_json_member(object, member);
    enum ward_json_type type = ward_json_type(value);
    if (type == WARD_JSON_ABSENT) {
        return false;
    }
    if (type == WARD_JSON_NULL) {
        *ret = WARD_SPAN_NONE;
        return true;
    }
    if (type != WARD_JSON_ARRAY) {
        ward_problem_add(problems, member, WARD_RULE_ARRAY, 0, NULL);
        return false;
    }
    for (size_t i = 0; i < ward_json_count(value); i++) {
        if (ward_json_type(ward_json_at(value, i)) != WARD_JSON_STRING) {
            ward_problem_add(problems, member, WARD_RULE_DOMAIN, 0, NULL);
            return false;
        }
    }
    *ret = ward_json_raw(value);
    return true;
}

bool ward_surface_integer(struct ward_problems *problems, const struct ward_json_value *object, const char *member,
                          const char *name, int64_t min, int64_t *ret)
{
    int64_t number = 0;
    if (!ward_json_integer(ward_json_member(object, member), &number)) {
        ward_problem_add(problems, name, WARD_RULE_INTEGER, 0, NULL);
        return false;
    }
    if (number < min) {
        ward_problem_add(problems, name, WARD_RULE_MIN, min, NULL);
        return false;
    }
    *ret = number;
    return true;
}
