#include "surface/ncp/call.h"

#include "base/encoding.h"
#include "base/seam.h"
#include "surface/ncp/errors.h"
#include "surface/ncp/signature.h"

/* Only a call whose signature holds is counted: nobody else can use a pair's limit up. */
static bool is_within_limit(struct ward_http_request *request, struct ward_http_reply *reply,
                            const struct ward_operator *who, const struct ward_rate_limit *limit)
{
    struct ward_limit_state state;
    enum ward_status status = ward_service_iam_count(ward_surface_application(request)->service, &who->id, limit,
                                                     &state);
    if (status != WARD_OK) {
        ward_ncp_fail(request, reply, status, NULL, WARD_NOUN_NONE);
        return false;
    }
    if (!state.is_allowed) {
        ward_ncp_error(reply, WARD_NCP_RATE_LIMITED, WARD_SPAN("The rate limit of the access key is exceeded."),
                       "limited");
        ward_surface_header_int(request, reply, "Retry-After", ward_surface_retry_after(&state, ward_now_ms()));
    }
    return state.is_allowed;
}

bool ward_ncp_caller(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_operator *ret)
{
    struct ward_application *application = ward_surface_application(request);
    struct ward_ncp_claim claim;
    struct ward_span secret = WARD_SPAN_NONE;
    struct ward_operator who = { 0 };
    struct ward_rate_limit limit = { 0 };
    if (!ward_ncp_claim_read(request, application->ncp.accepts_v1, &claim)) {
        ward_ncp_missing_credentials(reply);
        return false;
    }
    enum ward_status status = ward_service_iam_secret(application->service, claim.access_key, &request->pool, &secret,
                                                      &who, &limit);
    if (status != WARD_OK && status != WARD_NOT_FOUND) {
        ward_ncp_fail(request, reply, status, NULL, WARD_NOUN_NONE);
        return false;
    }
    bool holds = ward_ncp_claim_holds(request, &claim, secret, ward_now_ms());
    if (status != WARD_OK || !holds) {
        ward_ncp_wrong_credentials(reply);
        return false;
    }
    if (!is_within_limit(request, reply, &who, &limit)) {
        return false;
    }
    *ret = who;
    return true;
}

bool ward_ncp_may_begin(struct ward_http_request *request)
{
    struct ward_application *application = ward_surface_application(request);
    struct ward_ncp_claim claim;
    return ward_ncp_claim_read(request, application->ncp.accepts_v1, &claim) &&
           ward_service_iam_is_kept(application->service, claim.access_key);
}

bool ward_ncp_begin(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_ncp_call *ret)
{
    struct ward_application *application = ward_surface_application(request);
    *ret = (struct ward_ncp_call){ .request = request, .reply = reply };
    if (!ward_ncp_caller(request, reply, &ret->who)) {
        return false;
    }
    ret->gateway = (struct ward_gateway_call){ .service = application->service,
                                               .who = &ret->who,
                                               .pool = &request->pool };
    ret->domain_code = application->ncp.domain_code ? application->ncp.domain_code : "PUB";
    return true;
}

bool ward_ncp_begin_write(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_ncp_call *ret)
{
    if (!ward_ncp_begin(request, reply, ret)) {
        return false;
    }
    if (ward_surface_reserve(reply)) {
        return true;
    }
    ward_ncp_refused(ret, WARD_NO_MEMORY, NULL);
    return false;
}

bool ward_ncp_body(struct ward_ncp_call *call, struct ward_problems *problems, const struct ward_json_value **ret)
{
    enum ward_status status = ward_surface_body(call->request, problems, ret);
    if (status != WARD_OK) {
        ward_ncp_refused(call, status, NULL);
    }
    return status == WARD_OK;
}

/* ---- queries ---- */

bool ward_ncp_query_text(struct ward_ncp_call *call, const char *name, struct ward_span *ret)
{
    bool is_bad = false;
    struct ward_span value = ward_http_query_get(call->request, name, &is_bad);
    if (is_bad) {
        ward_problem_add(&call->gateway.problems, name, WARD_RULE_CHARACTERS, 0, NULL);
        return false;
    }
    *ret = value;
    return value.data != NULL;
}

static bool query_number(struct ward_ncp_call *call, const char *name, int64_t *ret)
{
    struct ward_span value = WARD_SPAN_NONE;
    if (!ward_ncp_query_text(call, name, &value)) {
        return false;
    }
    if (!ward_parse_uint(value, ret)) {
        ward_problem_add(&call->gateway.problems, name, WARD_RULE_INTEGER, 0, NULL);
        return false;
    }
    return true;
}

void ward_ncp_query_page(struct ward_ncp_call *call, struct ward_page *ret)
{
    ret->has_offset = query_number(call, "offset", &ret->offset);
    ret->has_limit = query_number(call, "limit", &ret->limit);
}

bool ward_ncp_query_boolean(struct ward_ncp_call *call, const char *name, bool otherwise)
{
    struct ward_span value = WARD_SPAN_NONE;
    if (!ward_ncp_query_text(call, name, &value)) {
        return otherwise;
    }
    bool is_true = ward_span_equal(value, WARD_SPAN("true"));
    if (!is_true && !ward_span_equal(value, WARD_SPAN("false"))) {
        ward_problem_add(&call->gateway.problems, name, WARD_RULE_BOOLEAN, 0, NULL);
    }
    return is_true;
}

/* ---- answers ---- */

struct ward_json_writer ward_ncp_answer(struct ward_ncp_call *call, int status)
{
    return ward_surface_reply(call->reply, status, WARD_NCP_JSON);
}

enum ward_handled ward_ncp_end(struct ward_ncp_call *call)
{
    return ward_ncp_done(call->request, call->reply);
}

enum ward_handled ward_ncp_end_write(struct ward_ncp_call *call)
{
    ward_surface_receipt(call->request, call->reply, &call->gateway.receipt);
    return ward_ncp_end(call);
}

enum ward_handled ward_ncp_empty(struct ward_ncp_call *call, int status)
{
    ward_surface_reply(call->reply, status, NULL);
    return ward_ncp_end_write(call);
}

enum ward_handled ward_ncp_refused(struct ward_ncp_call *call, enum ward_status status,
                                   const struct ward_problems *problems)
{
    return ward_ncp_fail(call->request, call->reply, status, problems ? problems : &call->gateway.problems,
                         call->gateway.missing);
}

/* ---- lists ---- */

void ward_ncp_list_begin(struct ward_ncp_call *call, const char *name, struct ward_ncp_list *ret)
{
    ret->writer = ward_ncp_answer(call, 200);
    ret->rows = (struct ward_ncp_rows){ .writer = &ret->writer, .call = call };
    ward_json_begin_object(&ret->writer);
    ward_json_key(&ret->writer, name);
    ward_json_begin_array(&ret->writer);
}

enum ward_handled ward_ncp_list_end(struct ward_ncp_call *call, struct ward_ncp_list *list, enum ward_status status,
                                    const struct ward_page_totals *totals, bool has_initial)
{
    if (status != WARD_OK) {
        return ward_ncp_refused(call, status, NULL);
    }
    ward_json_end_array(&list->writer);
    ward_json_member_int(&list->writer, "total", totals->total);
    if (has_initial) {
        ward_json_member_int(&list->writer, "initialCount", totals->initial);
    }
    ward_json_end_object(&list->writer);
    return ward_ncp_end(call);
}
