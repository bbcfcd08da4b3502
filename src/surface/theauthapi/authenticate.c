/*
 * The verification of The Auth API: contracts/theauthapi.md 2.8 and 2.9. Order: 401 → 403 role or scope → 404 → 403
 * domain → a point is consumed → 429 or 200.
 *
 * On the event loop, from the table, with a body made ready by the publisher. Only a key's first use goes to a worker:
 * it is written down (updatedAt moves once), and the answer shows it.
 */
#include "base/seam.h"
#include "surface/theauthapi/errors.h"
#include "surface/theauthapi/handlers.h"
#include "surface/theauthapi/shapes.h"

/** What the event loop leaves for the worker; spans of the verdict are copied. */
struct first_use {
    struct ward_operator who;
    struct ward_verdict verdict;
    int64_t now_ms;
};

bool ward_theauthapi_authenticate_foresee(struct ward_http_request *request)
{
    struct ward_verifier *verifier = ward_surface_verifier(request);
    struct ward_foresight *foresight = request->foreseen;
    if (!foresight && verifier) {
        foresight = ward_pool_alloc(&request->pool, sizeof(*foresight));
        if (foresight) {
            *foresight = (struct ward_foresight){ .value = request->parameters[0] };
            request->foreseen = foresight;
        }
    }
    return foresight && ward_verify_foresee(verifier, foresight);
}

/** A peek is the worker's, whose verifier is not the one that looked ahead. */
static void verify_key(struct ward_http_request *request, const struct ward_operator *who, struct ward_span value,
                       int64_t now_ms, bool peek, struct ward_verdict *ret)
{
    struct ward_presented presented = {
        .kind = WARD_RECORD_API_KEY,
        .value = value,
        .origin = ward_surface_origin(request),
        .account = ward_uuid_is_nil(&who->account_id) ? NULL : &who->account_id,
        .project = ward_uuid_is_nil(&who->project_id) ? NULL : &who->project_id,
        .wants_body = true,
        .peek = peek,
        .foresight = peek ? NULL : request->foreseen,
    };
    *ret = (struct ward_verdict){ 0 };
    struct ward_verifier *verifier = ward_surface_verifier(request);
    if (verifier) {
        ward_verify(verifier, &presented, now_ms, ret);
    }
}

static enum ward_handled refuse(struct ward_http_request *request, struct ward_http_reply *reply,
                                const struct ward_verdict *verdict, int64_t now_ms)
{
    ward_theauthapi_refuse_verdict(request, reply, verdict, now_ms);
    return ward_theauthapi_done(request, reply);
}

/** The publisher's text follows the value: no part of the answer is made anew but the value's escapes. */
static enum ward_handled answer(struct ward_http_request *request, struct ward_http_reply *reply,
                                struct ward_span value, struct ward_span rest, const struct ward_verdict *counted,
                                int64_t now_ms)
{
    const struct ward_span head = WARD_SPAN("{\"key\":\"");
    ward_surface_reply(reply, 200, WARD_THEAUTHAPI_JSON);
    struct ward_buffer *body = &reply->body;
    /* Room in one step; a value that needs escapes takes another. */
    (void)ward_buffer_reserve(body, head.size + value.size + 1 + rest.size);
    ward_buffer_append(body, head);
    ward_json_escape(body, value);
    ward_buffer_append_char(body, '"');
    ward_buffer_append(body, rest);
    if (counted->has_limit) {
        ward_theauthapi_limit_headers(request, reply, &counted->limit, now_ms);
    }
    return ward_theauthapi_done(request, reply);
}

static bool leave_for_worker(struct ward_http_request *request, const struct ward_operator *who,
                             const struct ward_verdict *verdict, int64_t now_ms)
{
    struct first_use *use = ward_pool_alloc(&request->pool, sizeof(*use));
    if (!use) {
        return false;
    }
    *use = (struct first_use){ .who = *who, .verdict = *verdict, .now_ms = now_ms };
    request->handed_over = use;
    return ward_surface_verdict_keep(request, &use->verdict);
}

enum ward_handled ward_theauthapi_authenticate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    if (!ward_operator_may(&who, WARD_RIGHT_KEY_VERIFY)) {
        ward_theauthapi_forbidden(reply);
        return ward_theauthapi_done(request, reply);
    }
    int64_t now_ms = ward_now_ms();
    struct ward_span value = request->parameters[0];
    struct ward_verdict verdict;
    verify_key(request, &who, value, now_ms, false, &verdict);
    if (verdict.reason != WARD_VERDICT_VALID) {
        return refuse(request, reply, &verdict, now_ms);
    }
    if (verdict.is_first_use && leave_for_worker(request, &who, &verdict, now_ms)) {
        return WARD_HAND_OVER;
    }
    return answer(request, reply, value, verdict.body.reply, &verdict, now_ms);
}

/** Write the first use down. False: the store took nothing, and the next use is the first. */
static bool note_first_use(struct ward_http_request *request, const struct ward_verdict *verdict, int64_t now_ms)
{
    struct ward_key_id id;
    ward_verdict_key_id(verdict, id.text);
    return ward_service_key_first_use(ward_theauthapi_service(request), &id, now_ms) == WARD_OK;
}

enum ward_handled ward_theauthapi_authenticate_first(struct ward_http_request *request, struct ward_http_reply *reply)
{
    const struct first_use *use = request->handed_over;
    if (!use) {
        ward_theauthapi_unavailable(request, reply);
        return ward_theauthapi_done(request, reply);
    }
    struct ward_span value = request->parameters[0];
    struct ward_span rest = use->verdict.body.reply;
    struct ward_verdict fresh = { 0 };
    if (note_first_use(request, &use->verdict, use->now_ms)) {
        verify_key(request, &use->who, value, use->now_ms, true, &fresh);
    }
    /* The use is decided and counted. LIMITED only says that it took the last point; a key revoked meanwhile is
     * refused. */
    switch (fresh.reason) {
    case WARD_VERDICT_VALID:
    case WARD_VERDICT_LIMITED:
        rest = fresh.body.reply.data ? fresh.body.reply : rest;
        break;
    case WARD_VERDICT_STALE:
        break;
    default:
        return refuse(request, reply, &fresh, use->now_ms);
    }
    return answer(request, reply, value, rest, &use->verdict, use->now_ms);
}

/* ---- 2.9, deprecated ---- */

static enum ward_handled answer_legacy(struct ward_http_request *request, struct ward_http_reply *reply,
                                       const struct ward_verdict *verdict, int64_t now_ms)
{
    struct ward_json_writer writer = ward_surface_reply(reply, 201, WARD_THEAUTHAPI_JSON);
    ward_json_begin_object(&writer);
    ward_json_member_raw(&writer, "customMetaData",
                         verdict->body.metadata.size > 0 ? verdict->body.metadata : WARD_SPAN("{}"));
    ward_json_member_string(&writer, "customAccountId", verdict->body.custom_account_id);
    ward_json_member_string(&writer, "customUserId", verdict->body.custom_user_id);
    ward_json_member_bool(&writer, "authenticated", true);
    ward_json_end_object(&writer);
    if (verdict->has_limit) {
        ward_theauthapi_limit_headers(request, reply, &verdict->limit, now_ms);
    }
    return ward_theauthapi_done(request, reply);
}

enum ward_handled ward_theauthapi_authenticate_legacy(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who;
    if (!ward_theauthapi_caller(request, reply, &who)) {
        return ward_theauthapi_done(request, reply);
    }
    if (!ward_operator_may(&who, WARD_RIGHT_KEY_VERIFY)) {
        ward_theauthapi_forbidden(reply);
        return ward_theauthapi_done(request, reply);
    }
    struct ward_problems problems = { 0 };
    struct ward_span value = WARD_SPAN_NONE;
    if (ward_theauthapi_read_legacy(request, &problems, &value) != WARD_OK) {
        ward_theauthapi_unavailable(request, reply);
        return ward_theauthapi_done(request, reply);
    }
    if (problems.count > 0) {
        ward_theauthapi_problems(reply, &problems);
        return ward_theauthapi_done(request, reply);
    }
    int64_t now_ms = ward_now_ms();
    struct ward_verdict verdict;
    verify_key(request, &who, value, now_ms, false, &verdict);
    if (verdict.reason != WARD_VERDICT_VALID) {
        return refuse(request, reply, &verdict, now_ms);
    }
    if (verdict.is_first_use) {
        (void)note_first_use(request, &verdict, now_ms);
    }
    return answer_legacy(request, reply, &verdict, now_ms);
}
