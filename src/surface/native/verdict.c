/* Which limit is shown, and the two forms of a verdict. */
#include "surface/native/verdict.h"

#include "base/bytes.h"

/* ---- limits ---- */

static bool is_tighter(const struct ward_limit_state *a, const struct ward_limit_state *b)
{
    if (a->is_allowed != b->is_allowed) {
        return !a->is_allowed;
    }
    return a->remaining != b->remaining ? a->remaining < b->remaining : a->reset_ms > b->reset_ms;
}

static void consider(const struct ward_limit_state **best, const struct ward_limit_state *state, bool is_set)
{
    if (is_set && (!*best || is_tighter(state, *best))) {
        *best = state;
    }
}

static bool has_quota(const struct ward_verdict *verdict, int64_t quota)
{
    return verdict->plan.has_quotas && quota != WARD_QUOTA_NONE;
}

const struct ward_limit_state *ward_native_limit(const struct ward_verdict *verdict)
{
    const struct ward_plan_verdict *plan = &verdict->plan;
    const struct ward_limit_state *best = NULL;
    consider(&best, &verdict->limit, verdict->has_limit);
    if (verdict->has_stage) {
        consider(&best, &plan->throttle, plan->has_throttle);
        consider(&best, &plan->rate, plan->has_rate);
        consider(&best, &plan->quotas.day, has_quota(verdict, plan->terms.day_quota));
        consider(&best, &plan->quotas.month, has_quota(verdict, plan->terms.month_quota));
    }
    return best;
}

/* ---- headers ---- */

static bool needs_escape(struct ward_span text, size_t at)
{
    unsigned char c = (unsigned char)text.data[at];
    bool is_end = at == 0 || at + 1 == text.size;
    return c < 0x20 || c > 0x7e || c == '%' || (c == ' ' && is_end);
}

static bool is_plain_text(struct ward_span text)
{
    uint64_t found = 0;
    for (size_t at = 0; at < text.size; at += sizeof(uint64_t)) {
        uint64_t word = ward_bytes_at(text, at);
        found |= ward_bytes_control(word) | ward_bytes_high(word) | ward_bytes_equal(word, '%');
    }
    return found == 0 && (text.size == 0 || (text.data[0] != ' ' && text.data[text.size - 1] != ' '));
}

/** Percent-encode what a header cannot hold, '%' itself, and blanks that would be trimmed away at the ends. */
static void add_text(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_span name,
                     struct ward_span text)
{
    if (!text.data) {
        return;
    }
    if (is_plain_text(text)) {
        ward_http_reply_borrow(reply, name, ward_pool_copy(&request->pool, text));
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

static bool is_proxy(const struct ward_verdict *verdict)
{
    return verdict->record.kind == WARD_RECORD_API_PROXY;
}

/** The texts of what a verdict's headers say in numbers and ids, all in one piece of the request's pool: zeros behind
 * each, as behind a copy. */
struct texts {
    char revision[WARD_DECIMAL_CHARS + 1];
    char limit[WARD_DECIMAL_CHARS + 1], remaining[WARD_DECIMAL_CHARS + 1], reset[WARD_DECIMAL_CHARS + 1];
    char id[WARD_KEY_ID_CHARS + 1];
    char project[WARD_UUID_CHARS + 1];
};

static void add_names(struct ward_http_request *request, struct ward_http_reply *reply,
                      const struct ward_verdict *verdict, struct texts *texts)
{
    if (is_proxy(verdict)) {
        add_text(request, reply, WARD_SPAN("ward-proxy"), verdict->body.name);
        return;
    }
    ward_verdict_key_id(verdict, texts->id);
    ward_http_reply_borrow(reply, WARD_SPAN("ward-key-id"), ward_span(texts->id, WARD_KEY_ID_CHARS));
    add_text(request, reply, WARD_SPAN("ward-key-name"), verdict->body.name);
}

static void add_key_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                            const struct ward_verdict *verdict, struct texts *texts)
{
    add_names(request, reply, verdict, texts);
    if (!ward_uuid_is_nil(&verdict->scope.project_id)) {
        ward_uuid_format(&verdict->scope.project_id, texts->project);
        ward_http_reply_borrow(reply, WARD_SPAN("ward-project"), ward_span(texts->project, WARD_UUID_CHARS));
    }
    add_text(request, reply, WARD_SPAN("ward-account-id"), verdict->body.custom_account_id);
    add_text(request, reply, WARD_SPAN("ward-user-id"), verdict->body.custom_user_id);
}

static void add_token_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                              const struct ward_token_verdict *token)
{
    if (!token->has_key) {
        return;
    }
    add_text(request, reply, WARD_SPAN("ward-key-name"), token->key_name);
    add_text(request, reply, WARD_SPAN("ward-environment"), token->environment);
    add_text(request, reply, WARD_SPAN("ward-user-id"), token->subject);
    add_text(request, reply, WARD_SPAN("ward-token-issuer"), token->issuer);
    add_text(request, reply, WARD_SPAN("ward-client-id"), token->client);
}

static void add_limit_headers(struct ward_http_reply *reply, const struct ward_limit_state *limit, bool is_refused,
                              int64_t now_ms, struct texts *texts)
{
    struct ward_span reset = ward_decimal_int(ward_surface_retry_after(limit, now_ms), texts->reset);
    struct ward_span remaining = ward_decimal_int((int64_t)limit->remaining, texts->remaining);
    ward_http_reply_borrow(reply, WARD_SPAN("RateLimit-Limit"), ward_decimal_int((int64_t)limit->limit, texts->limit));
    ward_http_reply_borrow(reply, WARD_SPAN("RateLimit-Remaining"), remaining);
    ward_http_reply_borrow(reply, WARD_SPAN("RateLimit-Reset"), reset);
    if (is_refused) {
        ward_http_reply_borrow(reply, WARD_SPAN("Retry-After"), reset);
    }
}

static void add_texts(struct ward_http_request *request, struct ward_http_reply *reply,
                      const struct ward_native_shown *shown)
{
    const struct ward_verdict *verdict = shown->verdict;
    struct texts *texts = ward_pool_alloc(&request->pool, sizeof(*texts));
    if (!texts) {
        return; /* as with any value that there is no memory for */
    }
    ward_http_reply_borrow(reply, WARD_SPAN("ward-revision"),
                           ward_decimal_int((int64_t)verdict->revision, texts->revision));
    if (verdict->has_record) {
        add_key_headers(request, reply, verdict, texts);
    }
    if (shown->token) {
        add_token_headers(request, reply, shown->token);
    }
    const struct ward_limit_state *limit = ward_native_limit(verdict);
    if (limit) {
        add_limit_headers(reply, limit, ward_reason_http(verdict->reason) == 429, shown->now_ms, texts);
    }
}

void ward_native_verdict_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                                 const struct ward_native_shown *shown)
{
    const struct ward_verdict *verdict = shown->verdict;
    ward_http_reply_borrow(reply, WARD_SPAN("ward-verdict"), ward_span_of(ward_reason_name(verdict->reason)));
    add_texts(request, reply, shown);
    if (shown->settle.data) {
        ward_http_reply_header(request, reply, "ward-settle", shown->settle);
    }
    if (ward_reason_http(verdict->reason) == 401) {
        ward_http_reply_borrow(reply, WARD_SPAN("WWW-Authenticate"), WARD_SPAN("ApiKey"));
    } else if (verdict->reason == WARD_VERDICT_STALE) {
        ward_http_reply_borrow(reply, WARD_SPAN("Retry-After"), WARD_SPAN("1"));
    }
}

/* ---- JSON ---- */

static void write_uuid(struct ward_json_writer *writer, const char *name, const struct ward_uuid *id)
{
    if (ward_uuid_is_nil(id)) {
        ward_json_member_null(writer, name);
        return;
    }
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

static void write_proxy(struct ward_json_writer *writer, const struct ward_verdict *verdict)
{
    struct ward_object_id id;
    ward_proxy_record_id(&verdict->record, &id);
    ward_json_key(writer, "proxy");
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "id", ward_object_id_span(&id));
    ward_json_member_string(writer, "name", verdict->body.name);
    write_uuid(writer, "project", &verdict->scope.project_id);
    write_uuid(writer, "account", &verdict->scope.account_id);
    ward_json_end_object(writer);
}

static void write_token(struct ward_json_writer *writer, const struct ward_token_verdict *token)
{
    ward_json_key(writer, "token");
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "key", token->key_name);
    ward_json_member_string(writer, "environment", token->environment);
    ward_json_member_string(writer, "subject", token->subject);
    ward_json_member_string(writer, "issuer", token->issuer);
    ward_json_member_string(writer, "clientId", token->client);
    ward_json_member_time(writer, "expiresAt", token->expires_ms);
    ward_json_end_object(writer);
}

static void write_limit(struct ward_json_writer *writer, const char *name, const struct ward_limit_state *limit)
{
    ward_json_key(writer, name);
    ward_json_begin_object(writer);
    ward_json_member_int(writer, "limit", (int64_t)limit->limit);
    ward_json_member_int(writer, "remaining", (int64_t)limit->remaining);
    ward_json_member_int(writer, "consumed", (int64_t)limit->consumed);
    ward_json_member_time(writer, "resetAt", limit->reset_ms);
    ward_json_end_object(writer);
}

static void write_id(struct ward_json_writer *writer, const char *name, uint64_t packed)
{
    if (packed == 0) {
        ward_json_member_null(writer, name);
        return;
    }
    struct ward_key_id id;
    ward_key_id_unpack(packed, &id);
    ward_json_member_string(writer, name, ward_span_of(id.text));
}

static void write_stage(struct ward_json_writer *writer, const struct ward_verdict *verdict)
{
    const struct ward_plan_verdict *plan = &verdict->plan;
    ward_json_key(writer, "stage");
    ward_json_begin_object(writer);
    write_id(writer, "product", plan->product);
    write_id(writer, "api", plan->api);
    write_id(writer, "id", plan->stage);
    if (plan->has_throttle) {
        write_limit(writer, "throttle", &plan->throttle);
    }
    if (verdict->reason == WARD_VERDICT_MAINTENANCE) {
        ward_json_key(writer, "maintenance");
        ward_json_begin_object(writer);
        ward_json_member_int(writer, "status", plan->maintenance_status);
        ward_json_member_string(writer, "response", plan->maintenance_response);
        ward_json_end_object(writer);
    }
    ward_json_end_object(writer);
}

static void write_plan(struct ward_json_writer *writer, const struct ward_verdict *verdict)
{
    const struct ward_plan_verdict *plan = &verdict->plan;
    ward_json_key(writer, "plan");
    ward_json_begin_object(writer);
    write_id(writer, "id", plan->plan);
    if (plan->has_rate) {
        write_limit(writer, "rate", &plan->rate);
    }
    if (has_quota(verdict, plan->terms.day_quota)) {
        write_limit(writer, "day", &plan->quotas.day);
    }
    if (has_quota(verdict, plan->terms.month_quota)) {
        write_limit(writer, "month", &plan->quotas.month);
    }
    ward_json_end_object(writer);
}

void ward_native_write_verdict(struct ward_json_writer *writer, const struct ward_native_shown *shown)
{
    const struct ward_verdict *verdict = shown->verdict;
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "verdict", ward_span_of(ward_reason_name(verdict->reason)));
    ward_json_member_int(writer, "revision", (int64_t)verdict->revision);
    if (verdict->has_record && is_proxy(verdict)) {
        write_proxy(writer, verdict);
    } else if (verdict->has_record) {
        write_key(writer, verdict);
    }
    if (shown->token && shown->token->has_key) {
        write_token(writer, shown->token);
    }
    if (verdict->has_limit) {
        write_limit(writer, "limit", &verdict->limit);
    }
    if (verdict->has_stage) {
        write_stage(writer, verdict);
    }
    if (verdict->has_plan) {
        write_plan(writer, verdict);
    }
    if (shown->settle.data) {
        ward_json_member_string(writer, "settle", shown->settle);
    }
    ward_json_end_object(writer);
}
