/*
 * The verification call, everywhere the same (design 4): /v1/authorize answers with its status and headers, for
 * gateways; /v1/verify with JSON. Both run on the event loop; a key's first use is noted by a worker.
 *
 * What narrows a verdict and is not served yet (environment, proxy, plans) is refused: a question that is half
 * understood must not be answered with "valid".
 */
#include <stdio.h>

#include "base/seam.h"
#include "surface/native/handlers.h"
#include "surface/native/problems.h"
#include "surface/theauthapi/errors.h"

enum style { STYLE_NONE, STYLE_PROBLEM, STYLE_THEAUTHAPI };

struct question {
    struct ward_operator asker;
    struct ward_span value;
    struct ward_span origin;
    bool has_project;
    struct ward_uuid project;
    bool peek;
    enum style style;
    bool wants_json; /* /v1/verify */
};

/** What the event loop leaves for the worker. */
struct first_use {
    struct question question;
    struct ward_verdict verdict;
    int64_t now_ms;
};

static bool parse_style(struct ward_span text, enum style *ret)
{
    if (ward_span_equal(text, WARD_SPAN("problem"))) {
        *ret = STYLE_PROBLEM;
    } else if (ward_span_equal(text, WARD_SPAN("theauthapi"))) {
        *ret = STYLE_THEAUTHAPI;
    } else {
        return false;
    }
    return true;
}

/* ---- deciding ---- */

/** A key outside the asker's scope is unknown, whatever else is true of it; nothing of it may show. */
static void hide(struct ward_verdict *verdict)
{
    *verdict = (struct ward_verdict){ .reason = WARD_VERDICT_UNKNOWN, .revision = verdict->revision };
}

static void decide(struct ward_http_request *request, const struct question *question, int64_t now_ms,
                   struct ward_verdict *ret)
{
    const struct ward_operator *asker = &question->asker;
    const struct ward_uuid *account = ward_uuid_is_nil(&asker->account_id) ? NULL : &asker->account_id;
    const struct ward_uuid *project = ward_uuid_is_nil(&asker->project_id) ? NULL : &asker->project_id;
    bool is_outside = project && question->has_project && !ward_uuid_equal(project, &question->project);
    struct ward_presented presented = {
        .kind = WARD_RECORD_API_KEY,
        .value = question->value,
        .origin = question->origin,
        .account = account,
        .project = question->has_project ? &question->project : project,
        .wants_body = true,
        .peek = question->peek || is_outside,
    };
    *ret = (struct ward_verdict){ 0 };
    struct ward_verifier *verifier = ward_surface_verifier(request);
    if (!verifier) {
        return;
    }
    ward_verify(verifier, &presented, now_ms, ret);
    if (ret->is_foreign || (is_outside && ret->has_record)) {
        hide(ret);
    }
}

/* ---- answering: headers ---- */

static bool needs_escape(struct ward_span text, size_t at)
{
    unsigned char c = (unsigned char)text.data[at];
    bool is_end = at == 0 || at + 1 == text.size;
    return c < 0x20 || c > 0x7e || c == '%' || (c == ' ' && is_end);
}

static bool is_plain_text(struct ward_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (needs_escape(text, i)) {
            return false;
        }
    }
    return true;
}

/** Percent-encode what a header cannot hold, '%' itself, and blanks that would be trimmed away at the ends. */
static void add_text(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_span name,
                     struct ward_span text)
{
    if (!text.data) {
        return;
    }
    if (is_plain_text(text)) {
        ward_http_reply_add(request, reply, name, text);
        return;
    }
    WARD_BUFFER encoded = ward_buffer_new(text.size * 3 + 1);
    for (size_t i = 0; i < text.size; i++) {
        if (needs_escape(text, i)) {
            ward_buffer_append_format(&encoded, "%%%02X", (unsigned char)text.data[i]);
        } else {
            ward_buffer_append_char(&encoded, text.data[i]);
        }
    }
    if (encoded.status == WARD_OK) {
        ward_http_reply_add(request, reply, name, ward_buffer_span(&encoded));
    }
}

static void add_key_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                            const struct ward_verdict *verdict)
{
    char id[WARD_KEY_ID_CHARS + 1];
    ward_verdict_key_id(verdict, id);
    ward_http_reply_header(request, reply, "ward-key-id", ward_span(id, WARD_KEY_ID_CHARS));
    add_text(request, reply, WARD_SPAN("ward-key-name"), verdict->body.name);
    char project[WARD_UUID_CHARS + 1];
    ward_uuid_format(&verdict->scope.project_id, project);
    ward_http_reply_header(request, reply, "ward-project", ward_span(project, WARD_UUID_CHARS));
    add_text(request, reply, WARD_SPAN("ward-account-id"), verdict->body.custom_account_id);
    add_text(request, reply, WARD_SPAN("ward-user-id"), verdict->body.custom_user_id);
}

static void add_limit_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                              const struct ward_verdict *verdict, int64_t now_ms)
{
    int64_t reset_s = ward_surface_retry_after(&verdict->limit, now_ms);
    ward_surface_header_int(request, reply, "RateLimit-Limit", (int64_t)verdict->limit.limit);
    ward_surface_header_int(request, reply, "RateLimit-Remaining", (int64_t)verdict->limit.remaining);
    ward_surface_header_int(request, reply, "RateLimit-Reset", reset_s);
    if (ward_reason_http(verdict->reason) == 429) {
        ward_surface_header_int(request, reply, "Retry-After", reset_s);
    }
}

static void add_verdict_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                                const struct ward_verdict *verdict, int64_t now_ms)
{
    int status = ward_reason_http(verdict->reason);
    ward_http_reply_header(request, reply, "ward-verdict", ward_span_of(ward_reason_name(verdict->reason)));
    ward_surface_header_int(request, reply, "ward-revision", (int64_t)verdict->revision);
    if (verdict->has_record) {
        add_key_headers(request, reply, verdict);
    }
    if (verdict->has_limit) {
        add_limit_headers(request, reply, verdict, now_ms);
    }
    if (status == 401) {
        ward_http_reply_header(request, reply, "WWW-Authenticate", WARD_SPAN("ApiKey"));
    } else if (status == 503) {
        ward_http_reply_header(request, reply, "Retry-After", WARD_SPAN("1"));
    }
}

/* ---- answering: bodies ---- */

static const char *detail_of(enum ward_reason reason)
{
    static const char *const details[WARD_VERDICT_COUNT] = {
        [WARD_VERDICT_STALE] = "no verdict can be had now",
        [WARD_VERDICT_MALFORMED] = "no credential, or none that could be one, was presented",
        [WARD_VERDICT_UNKNOWN] = "the credential is not known",
        [WARD_VERDICT_DISABLED] = "the credential has been revoked",
        [WARD_VERDICT_EXPIRED] = "the credential has expired",
        [WARD_VERDICT_LIMITED] = "the credential is over its limit",
        [WARD_VERDICT_ORIGIN_NOT_ALLOWED] = "the credential may not be used from this origin",
        [WARD_VERDICT_PROJECT_INACTIVE] = "the credential's project is not active",
    };
    return details[reason] ? details[reason] : "the credential may not pass";
}

/** The refusal in the words that were asked for; the status stays that of the verdict. */
static void word_refusal(struct ward_http_request *request, struct ward_http_reply *reply, enum style style,
                         enum ward_reason reason)
{
    int status = ward_reason_http(reason);
    if (style == STYLE_THEAUTHAPI) {
        ward_theauthapi_word_verdict(reply, reason, status);
    } else {
        (void)ward_native_problem(request, reply, status, ward_reason_name(reason), detail_of(reason));
        reply->header_count = 0; /* the verdict brings its own */
    }
}

/** No body at all: nginx closes the connection to a server whose auth_request answer has one. */
static void answer_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                           const struct question *question, const struct ward_verdict *verdict, int64_t now_ms)
{
    if (verdict->reason != WARD_VERDICT_VALID && question->style != STYLE_NONE) {
        word_refusal(request, reply, question->style, verdict->reason);
    } else {
        reply->status = ward_reason_http(verdict->reason);
        reply->reason = verdict->reason == WARD_VERDICT_VALID ? NULL : ward_reason_name(verdict->reason);
    }
    add_verdict_headers(request, reply, verdict, now_ms);
}

static void write_uuid(struct ward_json_writer *writer, const char *name, const struct ward_uuid *id)
{
    char text[WARD_UUID_CHARS + 1];
    ward_uuid_format(id, text);
    ward_json_member_string(writer, name, ward_span(text, WARD_UUID_CHARS));
}

static void write_key(struct ward_json_writer *writer, const struct ward_verdict *verdict)
{
    const struct ward_body *body = &verdict->body;
    char id[WARD_KEY_ID_CHARS + 1];
    ward_verdict_key_id(verdict, id);
    ward_json_key(writer, "key");
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "id", ward_span(id, WARD_KEY_ID_CHARS));
    ward_json_member_string(writer, "name", body->name);
    write_uuid(writer, "project", &verdict->scope.project_id);
    write_uuid(writer, "account", &verdict->scope.account_id);
    ward_json_member_string(writer, "userId", body->custom_user_id);
    ward_json_member_string(writer, "accountId", body->custom_account_id);
    ward_json_member_raw(writer, "metadata", body->metadata.size > 0 ? body->metadata : WARD_SPAN("{}"));
    ward_json_member_time(writer, "expiresAt", verdict->record.expires_ms);
    ward_json_end_object(writer);
}

static void write_limit(struct ward_json_writer *writer, const struct ward_limit_state *limit)
{
    ward_json_key(writer, "limit");
    ward_json_begin_object(writer);
    ward_json_member_int(writer, "limit", (int64_t)limit->limit);
    ward_json_member_int(writer, "remaining", (int64_t)limit->remaining);
    ward_json_member_int(writer, "consumed", (int64_t)limit->consumed);
    ward_json_member_time(writer, "resetAt", limit->reset_ms);
    ward_json_end_object(writer);
}

static void answer_json(struct ward_http_reply *reply, const struct ward_verdict *verdict)
{
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_NATIVE_JSON);
    reply->reason = verdict->reason == WARD_VERDICT_VALID ? NULL : ward_reason_name(verdict->reason);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "verdict", ward_span_of(ward_reason_name(verdict->reason)));
    ward_json_member_int(&writer, "revision", (int64_t)verdict->revision);
    if (verdict->has_record) {
        write_key(&writer, verdict);
    }
    if (verdict->has_limit) {
        write_limit(&writer, &verdict->limit);
    }
    ward_json_end_object(&writer);
}

static enum ward_handled answer(struct ward_http_request *request, struct ward_http_reply *reply,
                                const struct question *question, const struct ward_verdict *verdict, int64_t now_ms)
{
    bool is_worded = verdict->reason != WARD_VERDICT_VALID && question->style != STYLE_NONE;
    if (question->wants_json && !is_worded) {
        answer_json(reply, verdict);
    } else {
        answer_headers(request, reply, question, verdict, now_ms);
    }
    return WARD_REPLIED;
}

/* ---- the two parts ---- */

static bool leave_for_worker(struct ward_http_request *request, const struct question *question,
                             const struct ward_verdict *verdict, int64_t now_ms)
{
    struct first_use *use = ward_pool_alloc(&request->pool, sizeof(*use));
    if (!use) {
        return false;
    }
    *use = (struct first_use){ .question = *question, .verdict = *verdict, .now_ms = now_ms };
    request->handed_over = use;
    return ward_surface_verdict_keep(request, &use->verdict);
}

static enum ward_handled decide_and_answer(struct ward_http_request *request, struct ward_http_reply *reply,
                                           const struct question *question)
{
    int64_t now_ms = ward_now_ms();
    struct ward_verdict verdict;
    decide(request, question, now_ms, &verdict);
    if (verdict.is_first_use && leave_for_worker(request, question, &verdict, now_ms)) {
        return WARD_HAND_OVER;
    }
    return answer(request, reply, question, &verdict, now_ms);
}

enum ward_handled ward_native_verify_first(struct ward_http_request *request, struct ward_http_reply *reply)
{
    const struct first_use *use = request->handed_over;
    if (!use) {
        return ward_native_problem(request, reply, 503, "stale", detail_of(WARD_VERDICT_STALE));
    }
    struct ward_key_id id;
    ward_verdict_key_id(&use->verdict, id.text);
    /* A store that takes no writes takes nothing from a key's right to pass: the next use is its first. */
    (void)!ward_service_key_first_use(ward_surface_application(request)->service, &id, use->now_ms);
    return answer(request, reply, &use->question, &use->verdict, use->now_ms);
}

/* ---- asking ---- */

static bool needs_asker(const struct ward_http_request *request)
{
    return request->listener == WARD_LISTENER_TCP;
}

/** Tell who asks. Anyone may on a unix socket or a verify listener (design 4), with a credential of its own or without.
 */
static enum ward_caller find_asker(struct ward_http_request *request, const char *const *headers, bool has_credential,
                                   struct ward_operator *ret, struct ward_verdict *ret_verdict)
{
    if (!needs_asker(request) && !has_credential) {
        *ret = ward_operator_local();
        return WARD_CALLER_OK;
    }
    return ward_surface_caller(request, headers, ret, ret_verdict);
}

/* ---- /v1/authorize ---- */

static const char *const gateway_headers[] = { "ward-access-key", NULL };
static const char *const credential_headers[] = { "x-api-key", "authorization", NULL };

/** The gateway itself is not let in: empty as every answer here, told apart from a refused credential by the realm. */
static enum ward_handled refuse_gateway(struct ward_http_request *request, struct ward_http_reply *reply,
                                        enum ward_caller caller, const struct ward_verdict *verdict)
{
    reply->status = caller == WARD_CALLER_LIMITED ? 429 : caller == WARD_CALLER_STALE ? 503 : 401;
    reply->reason = "unauthenticated";
    if (caller == WARD_CALLER_LIMITED) {
        ward_surface_header_int(request, reply, "Retry-After",
                                ward_surface_retry_after(&verdict->limit, ward_now_ms()));
    } else if (caller == WARD_CALLER_STALE) {
        ward_http_reply_header(request, reply, "ward-verdict", WARD_SPAN("stale"));
        ward_http_reply_header(request, reply, "Retry-After", WARD_SPAN("1"));
    } else {
        ward_http_reply_header(request, reply, "WWW-Authenticate", WARD_SPAN("ApiKey realm=\"ward-access-key\""));
    }
    return WARD_REPLIED;
}

struct ward_headers {
    struct ward_span project, peek, style;
    const char *problem; /* a sentence, or NULL */
};

static void take_header(struct ward_headers *ret, struct ward_span *member, struct ward_span value)
{
    if (member->data && !ward_span_equal(*member, value)) {
        ret->problem = "a ward- header was sent twice with different values";
    }
    *member = value;
}

/** Read what the gateway asks with. Other ward- headers are nobody's business, unless they would narrow the verdict. */
static struct ward_headers read_headers(const struct ward_http_request *request)
{
    static const char *const later[] = { "ward-environment", "ward-proxy", "ward-product", "ward-api", "ward-stage" };
    struct ward_headers ret = { 0 };
    for (size_t i = 0; i < request->header_count; i++) {
        struct ward_span name = request->headers[i].name, value = request->headers[i].value;
        if (value.size == 0 || name.size < 5 || !ward_span_equal_nocase(ward_span(name.data, 5), WARD_SPAN("ward-"))) {
            continue;
        }
        if (ward_span_equal_nocase(name, WARD_SPAN("ward-project"))) {
            take_header(&ret, &ret.project, value);
        } else if (ward_span_equal_nocase(name, WARD_SPAN("ward-peek"))) {
            take_header(&ret, &ret.peek, value);
        } else if (ward_span_equal_nocase(name, WARD_SPAN("ward-style"))) {
            take_header(&ret, &ret.style, value);
        }
        for (size_t j = 0; j < sizeof(later) / sizeof(later[0]); j++) {
            if (ward_span_equal_nocase(name, ward_span_of(later[j]))) {
                ret.problem = "environments, API proxies and plans are not served yet";
            }
        }
    }
    return ret;
}

/** False with a sentence when the headers do not make a question. */
static bool read_question(const struct ward_http_request *request, struct question *ret, const char **ret_problem)
{
    struct ward_headers headers = read_headers(request);
    *ret_problem = headers.problem;
    /* A gateway hands its client's headers on: who shows no access key might be that client, escaping its limit. */
    ret->peek = ward_span_equal(headers.peek, WARD_SPAN("1")) && ret->asker.type != WARD_ACTOR_LOCAL;
    if (headers.style.data && !parse_style(headers.style, &ret->style)) {
        *ret_problem = "ward-style must be problem or theauthapi";
    }
    ret->has_project = headers.project.data != NULL;
    if (ret->has_project && !ward_uuid_parse(headers.project, &ret->project)) {
        *ret_problem = "ward-project must be a project's id";
    }
    return !*ret_problem;
}

enum ward_handled ward_native_authorize(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct question question = { 0 };
    struct ward_verdict asked = { 0 };
    bool has_access_key = ward_http_header_get(request, gateway_headers[0]).size > 0;
    enum ward_caller caller = find_asker(request, gateway_headers, has_access_key, &question.asker, &asked);
    if (caller != WARD_CALLER_OK) {
        return refuse_gateway(request, reply, caller, &asked);
    }
    if (!ward_operator_may(&question.asker, WARD_RIGHT_KEY_VERIFY)) {
        reply->status = 403;
        reply->reason = "forbidden";
        return WARD_REPLIED;
    }
    const char *problem = NULL;
    if (!read_question(request, &question, &problem)) {
        return ward_native_problem(request, reply, 400, "invalid", problem);
    }
    /* Several that differ are no credential: contradicting ones are malformed, as none is. */
    if (!ward_surface_credential(request, credential_headers, &question.value)) {
        question.value = WARD_SPAN_NONE;
    }
    question.origin = ward_surface_origin(request);
    return decide_and_answer(request, reply, &question);
}

/* ---- /v1/verify ---- */

static const char *const members[] = { "key", "origin", "project", "peek", "style", NULL };

static void read_peek(struct ward_problems *problems, const struct ward_json_value *body, bool *ret)
{
    enum ward_json_type type = ward_json_type(ward_json_member(body, "peek"));
    *ret = type == WARD_JSON_TRUE;
    if (type != WARD_JSON_ABSENT && type != WARD_JSON_TRUE && type != WARD_JSON_FALSE) {
        ward_problem_add(problems, "peek", WARD_RULE_BOOLEAN, 0, NULL);
    }
}

static void read_narrowing(struct ward_problems *problems, const struct ward_json_value *body, struct question *ret)
{
    struct ward_span text = WARD_SPAN_NONE;
    if (ward_surface_text(problems, body, "project", false, &text)) {
        ret->has_project = ward_uuid_parse(text, &ret->project);
        if (!ret->has_project) {
            ward_problem_add(problems, "project", WARD_RULE_UUID, 0, NULL);
        }
    }
    if (ward_surface_text(problems, body, "style", false, &text) && !parse_style(text, &ret->style)) {
        ward_problem_add(problems, "style", WARD_RULE_ENUM, 0, "problem, theauthapi");
    }
}

static enum ward_status read_body(struct ward_http_request *request, struct ward_problems *problems,
                                  struct question *ret)
{
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_native_body(request, members, problems, &body);
    if (status != WARD_OK || (!body && problems->count > 0)) {
        return status;
    }
    if (!ward_json_member(body, "key")) {
        ward_problem_add(problems, "key", WARD_RULE_REQUIRED, 0, NULL);
    }
    (void)ward_surface_text(problems, body, "key", false, &ret->value);
    (void)ward_surface_text(problems, body, "origin", true, &ret->origin);
    read_narrowing(problems, body, ret);
    read_peek(problems, body, &ret->peek);
    return WARD_OK;
}

enum ward_handled ward_native_verify(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct question question = { .wants_json = true };
    struct ward_verdict asked = { 0 };
    enum ward_caller caller = find_asker(request, credential_headers, false, &question.asker, &asked);
    if (caller != WARD_CALLER_OK) {
        return ward_native_refuse_caller(request, reply, caller, &asked);
    }
    if (!ward_operator_may(&question.asker, WARD_RIGHT_KEY_VERIFY)) {
        return ward_native_fail(request, reply, WARD_FORBIDDEN, NULL);
    }
    struct ward_problems problems = { 0 };
    enum ward_status status = read_body(request, &problems, &question);
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    if (problems.count > 0) {
        return ward_native_problems(request, reply, &problems);
    }
    return decide_and_answer(request, reply, &question);
}
