/*
 * POST /v1/settle: a gateway reports how the back end answered a call that it let pass. If the plan does not count such
 * answers, the call is taken back in the windows in which it was counted. Runs on the event loop, like the verdict.
 */
#include "base/seam.h"
#include "surface/native/handlers.h"
#include "surface/native/problems.h"
#include "surface/native/ticket.h"

static const char *const members[] = { "ticket", "status", "class", NULL };
static const char *const asker_headers[] = { "x-api-key", "authorization", NULL };

enum { STATUS_MIN = 100, STATUS_MAX = 599 };

/** What is no ticket is a problem; what could not be read is an error. */
static enum ward_status read_ticket(struct ward_http_request *request, struct ward_problems *problems,
                                    const struct ward_json_value *body, struct ward_settle_ticket *ret)
{
    struct ward_span text = WARD_SPAN_NONE;
    if (!ward_json_member(body, "ticket")) {
        ward_problem_add(problems, "ticket", WARD_RULE_REQUIRED, 0, NULL);
        return WARD_OK;
    }
    if (!ward_surface_text(problems, body, "ticket", false, &text)) {
        return WARD_OK;
    }
    enum ward_status status = ward_native_ticket_read(ward_surface_verifier(request)->hash, text, ret);
    if (status == WARD_INVALID) {
        ward_problem_add(problems, "ticket", WARD_RULE_SYNTAX, 0, "is not a ticket of this server");
        return WARD_OK;
    }
    return status;
}

static void read_status(struct ward_problems *problems, const struct ward_json_value *body, enum ward_answer_class *ret)
{
    int64_t status = 0;
    if (!ward_surface_integer(problems, body, "status", "status", STATUS_MIN, &status)) {
        return;
    }
    if (status > STATUS_MAX) {
        ward_problem_add(problems, "status", WARD_RULE_MAX, STATUS_MAX, NULL);
        return;
    }
    *ret = ward_answer_class_of((int)status);
}

static bool is_one_class(uint8_t classes)
{
    return classes != 0 && (classes & (classes - 1)) == 0;
}

static void read_class(struct ward_problems *problems, const struct ward_json_value *body, enum ward_answer_class *ret)
{
    struct ward_span text = WARD_SPAN_NONE;
    uint8_t classes = 0;
    if (!ward_surface_text(problems, body, "class", false, &text)) {
        return;
    }
    if (!ward_answer_classes_parse(text, &classes) || !is_one_class(classes)) {
        ward_problem_add(problems, "class", WARD_RULE_ENUM, 0, "2xx, 3xx, 4xx, 5xx, others");
        return;
    }
    *ret = (enum ward_answer_class)classes;
}

/** Exactly one of status and class says how the back end answered. */
static void read_answer(struct ward_problems *problems, const struct ward_json_value *body, enum ward_answer_class *ret)
{
    bool has_status = ward_json_member(body, "status") != NULL, has_class = ward_json_member(body, "class") != NULL;
    if (has_status && has_class) {
        ward_problem_add(problems, "class", WARD_RULE_SYNTAX, 0, "must not be given together with status");
    } else if (has_class) {
        read_class(problems, body, ret);
    } else if (has_status) {
        read_status(problems, body, ret);
    } else {
        ward_problem_add(problems, "status", WARD_RULE_REQUIRED, 0, NULL);
    }
}

static enum ward_status read_body(struct ward_http_request *request, struct ward_problems *problems,
                                  struct ward_settlement *ret)
{
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_native_body(request, members, problems, &body);
    if (status != WARD_OK || (!body && problems->count > 0)) {
        return status;
    }
    read_answer(problems, body, &ret->answer);
    return read_ticket(request, problems, body, &ret->ticket);
}

/** What became of the call, for who wonders. A month outlasts its days. */
static const char *outcome_of(const struct ward_settle_ticket *ticket, const struct ward_settled *settled)
{
    if (settled->is_counted) {
        return "counted";
    }
    return ticket->month == settled->quotas.month_number ? "taken-back" : "too-late";
}

static enum ward_handled settle(struct ward_http_request *request, struct ward_http_reply *reply,
                                const struct ward_operator *asker, struct ward_settlement *settlement)
{
    struct ward_settled settled;
    settlement->account = ward_uuid_is_nil(&asker->account_id) ? NULL : &asker->account_id;
    settlement->project = ward_uuid_is_nil(&asker->project_id) ? NULL : &asker->project_id;
    enum ward_status status = ward_verify_settle(ward_surface_verifier(request), settlement, ward_now_ms(), &settled);
    if (status == WARD_UNAVAILABLE) {
        return ward_native_problem(request, reply, 503, "stale", "nothing can be settled now");
    }
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    reply->status = 204;
    ward_http_reply_header(request, reply, "ward-settled", ward_span_of(outcome_of(&settlement->ticket, &settled)));
    return WARD_REPLIED;
}

enum ward_handled ward_native_settle(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator asker;
    struct ward_verdict asked = { 0 };
    enum ward_caller caller = ward_native_asker(request, asker_headers, false, &asker, &asked);
    if (caller != WARD_CALLER_OK) {
        return ward_native_refuse_caller(request, reply, caller, &asked);
    }
    if (!ward_operator_may(&asker, WARD_RIGHT_KEY_VERIFY)) {
        return ward_native_fail(request, reply, WARD_FORBIDDEN, NULL);
    }
    if (!ward_surface_verifier(request)) {
        return ward_native_problem(request, reply, 503, "stale", "nothing can be settled now");
    }
    struct ward_problems problems = { 0 };
    struct ward_settlement settlement = { 0 };
    enum ward_status status = read_body(request, &problems, &settlement);
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    if (problems.count > 0) {
        return ward_native_problems(request, reply, &problems);
    }
    return settle(request, reply, &asker, &settlement);
}
