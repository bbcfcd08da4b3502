/*
 * The verification call, everywhere the same (design 4): /v1/authorize answers with its status and headers, for
 * gateways; /v1/verify with JSON. Both run on the event loop; a worker notes a key's first use, and subscribes a key to
 * a PUBLIC product that it comes to for the first time.
 *
 * A question that is half understood must not be answered with "valid": what does not go together is refused.
 */
#include <stddef.h>

#include "base/iso8601.h"
#include "base/seam.h"
#include "service/gateway.h"
#include "surface/apinizer/verdict.h"
#include "surface/native/handlers.h"
#include "surface/native/presented.h"
#include "surface/native/problems.h"
#include "surface/native/ticket.h"
#include "surface/native/verdict.h"
#include "surface/ncp/errors.h"
#include "surface/theauthapi/errors.h"

enum style { STYLE_NONE, STYLE_PROBLEM, STYLE_THEAUTHAPI, STYLE_NCP, STYLE_APINIZER };
#define STYLES "problem, theauthapi, ncp, apinizer"

struct question {
    struct ward_operator asker;
    struct ward_span value; /* of a key; of a token too, if it came as a key could */
    struct ward_span token; /* can be nothing else */
    bool has_pair;
    struct ward_proxy_pair pair;
    struct ward_span proxy, environment, audience, issuer; /* absent: not asked for */
    bool is_presented; /* a credential was shown, if only several that contradict each other */
    struct ward_span origin;
    bool has_project;
    struct ward_uuid project;
    bool has_stage;
    struct ward_stage_ref stage;
    bool peek;
    enum style style;
    bool wants_json; /* /v1/verify */
    const struct ward_foresight *foresight;
};

/** What the event loop leaves for the worker: a verdict that says is_first_use or needs_subscription. */
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
    } else if (ward_span_equal(text, WARD_SPAN("ncp"))) {
        *ret = STYLE_NCP;
    } else if (ward_span_equal(text, WARD_SPAN("apinizer"))) {
        *ret = STYLE_APINIZER;
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

/** Of another tenant's key that may use a stage, its owner sees what contracts/ncp.md 6 shows: id and name. */
static void hide_tenant(struct ward_verdict *verdict)
{
    verdict->scope = (struct ward_table_scope){ 0 };
    verdict->record.expires_ms = WARD_TIME_NONE;
    verdict->body.custom_user_id = WARD_SPAN_NONE;
    verdict->body.custom_account_id = WARD_SPAN_NONE;
    verdict->body.metadata = WARD_SPAN_NONE;
}

static bool is_guest(const struct question *question, const struct ward_verdict *verdict)
{
    return question->has_stage && verdict->has_record &&
           !ward_operator_covers(&question->asker, &verdict->scope.account_id, &verdict->scope.project_id);
}

static void decide(struct ward_http_request *request, const struct question *question, int64_t now_ms,
                   struct ward_verdict *ret)
{
    const struct ward_operator *asker = &question->asker;
    const struct ward_uuid *account = ward_uuid_is_nil(&asker->account_id) ? NULL : &asker->account_id;
    const struct ward_uuid *project = ward_uuid_is_nil(&asker->project_id) ? NULL : &asker->project_id;
    bool is_outside = project && question->has_project && !ward_uuid_equal(project, &question->project);
    struct ward_presented presented = {
        .kind = question->has_pair ? WARD_RECORD_API_PROXY : WARD_RECORD_API_KEY,
        .value = question->value,
        .pair = question->has_pair ? &question->pair : NULL,
        .proxy = question->proxy,
        .environment = question->environment,
        .origin = question->origin,
        .account = account,
        .project = question->has_project ? &question->project : project,
        .wants_body = true,
        .peek = question->peek || is_outside,
        .stage = question->has_stage ? &question->stage : NULL,
        .foresight = question->foresight,
    };
    struct ward_verifier *verifier = ward_surface_verifier(request);
    if (!verifier) {
        *ret = (struct ward_verdict){ 0 };
        return;
    }
    ward_verify(verifier, &presented, now_ms, ret);
    if (ret->is_foreign || (is_outside && ret->has_record)) {
        hide(ret);
    } else if (is_guest(question, ret)) {
        hide_tenant(ret);
    }
}

/** What is no key that is known may be a token. */
static bool is_token(const struct question *question, const struct ward_verdict *verdict)
{
    bool is_no_key = verdict->reason == WARD_VERDICT_UNKNOWN || verdict->reason == WARD_VERDICT_MALFORMED;
    return question->token.data || (is_no_key && !question->has_pair && ward_token_is_one(question->value));
}

/** A token is held against the project that is asked for; it says nothing of projects outside the asker's. */
static void decide_token(struct ward_http_request *request, const struct question *question, int64_t now_ms,
                         struct ward_verdict *ret, struct ward_token_verdict *ret_said)
{
    const struct ward_operator *asker = &question->asker;
    bool is_scoped = !ward_uuid_is_nil(&asker->project_id);
    bool is_outside = is_scoped && question->has_project && !ward_uuid_equal(&asker->project_id, &question->project);
    const struct ward_token_question asked = {
        .token = question->token.data ? question->token : question->value,
        .account = ward_uuid_is_nil(&asker->account_id) ? NULL : &asker->account_id,
        .project = question->has_project ? &question->project : &asker->project_id,
        .environment = question->environment,
        .audience = question->audience,
        .issuer = question->issuer,
    };
    struct ward_verifier *verifier = ward_surface_verifier(request);
    *ret = (struct ward_verdict){ .reason = WARD_VERDICT_UNKNOWN,
                                  .revision = verifier ? ward_table_revision(verifier->reader) : 0 };
    *ret_said = (struct ward_token_verdict){ 0 };
    bool is_named = question->has_project || is_scoped;
    struct ward_deployer *deployer = ward_surface_application(request)->deployer;
    if (is_outside || !is_named || question->has_stage || question->proxy.data) {
        return;
    }
    ret->reason = deployer ? ward_verify_token(ward_deployer_served(deployer), verifier, &asked, now_ms, &request->pool,
                                               ret_said)
                           : WARD_VERDICT_STALE;
}

/* ---- answering ---- */

static const char *detail_of(enum ward_reason reason)
{
    static const char *const details[WARD_VERDICT_COUNT] = {
        [WARD_VERDICT_STALE] = "no verdict can be had now",
        [WARD_VERDICT_MALFORMED] = "no credential, or none that could be one, was presented",
        [WARD_VERDICT_UNKNOWN] = "the credential is not known",
        [WARD_VERDICT_DISABLED] = "the credential has been revoked",
        [WARD_VERDICT_EXPIRED] = "the credential has expired",
        [WARD_VERDICT_LIMITED] = "the credential is over its limit",
        [WARD_VERDICT_THROTTLED] = "the stage is over its limit",
        [WARD_VERDICT_QUOTA_EXCEEDED] = "the credential has used up its quota of the stage",
        [WARD_VERDICT_NOT_SUBSCRIBED] = "the credential is not subscribed to the stage's product",
        [WARD_VERDICT_SOURCE_NOT_ALLOWED] = "the stage may not be used from this address",
        [WARD_VERDICT_MAINTENANCE] = "the stage is in maintenance",
        [WARD_VERDICT_ORIGIN_NOT_ALLOWED] = "the credential may not be used from this origin",
        [WARD_VERDICT_PROJECT_INACTIVE] = "the credential's project is not active",
        [WARD_VERDICT_WRONG_ENVIRONMENT] = "the credential is not one of this environment",
        [WARD_VERDICT_NOT_YET_VALID] = "the token may not be used yet",
        [WARD_VERDICT_WRONG_ISSUER] = "the token is of another issuer",
        [WARD_VERDICT_WRONG_AUDIENCE] = "the token is for another audience",
    };
    return details[reason] ? details[reason] : "the credential may not pass";
}

/** The refusal in the words that were asked for. The status stays that of the verdict, but for NCP's, which has its
 * own: contracts/ncp.md 8. */
static void word_refusal(struct ward_http_request *request, struct ward_http_reply *reply,
                         const struct question *question, const struct ward_verdict *verdict)
{
    enum ward_reason reason = verdict->reason;
    int status = ward_reason_http(reason);
    switch (question->style) {
    case STYLE_THEAUTHAPI:
        ward_theauthapi_word_verdict(reply, reason, status);
        break;
    case STYLE_NCP:
        ward_ncp_word_verdict(request, reply, verdict, question->is_presented);
        break;
    case STYLE_APINIZER:
        ward_apinizer_word_verdict(request, reply, reason, status, detail_of(reason));
        break;
    default:
        (void)ward_native_problem(request, reply, status, ward_reason_name(reason), detail_of(reason));
        break;
    }
    reply->header_count = 0; /* the verdict brings its own */
}

/** No body at all: nginx closes the connection to a server whose auth_request answer has one. */
static void answer_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                           const struct question *question, const struct ward_native_shown *shown)
{
    const struct ward_verdict *verdict = shown->verdict;
    if (verdict->reason != WARD_VERDICT_VALID && question->style != STYLE_NONE) {
        word_refusal(request, reply, question, verdict);
    } else {
        reply->status = ward_reason_http(verdict->reason);
        reply->reason = verdict->reason == WARD_VERDICT_VALID ? NULL : ward_reason_name(verdict->reason);
    }
    ward_native_verdict_headers(request, reply, shown);
}

static void answer_json(struct ward_http_reply *reply, const struct ward_native_shown *shown)
{
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_NATIVE_JSON);
    enum ward_reason reason = shown->verdict->reason;
    reply->reason = reason == WARD_VERDICT_VALID ? NULL : ward_reason_name(reason);
    ward_native_write_verdict(&writer, shown);
}

static enum ward_handled answer(struct ward_http_request *request, struct ward_http_reply *reply,
                                const struct question *question, const struct ward_verdict *verdict,
                                const struct ward_token_verdict *said, int64_t now_ms)
{
    char ticket[WARD_TICKET_CHARS];
    struct ward_native_shown shown = { .verdict = verdict, .token = said, .now_ms = now_ms };
    if (ward_native_ticket_is_due(verdict)) {
        shown.settle = ward_native_ticket_write(ward_surface_verifier(request)->hash, &verdict->plan.ticket, ticket);
    }
    bool is_worded = verdict->reason != WARD_VERDICT_VALID && question->style != STYLE_NONE;
    if (question->wants_json && !is_worded) {
        answer_json(reply, &shown);
    } else {
        answer_headers(request, reply, question, &shown);
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
    use->question.foresight = NULL; /* the worker has another verifier */
    request->handed_over = use;
    return ward_surface_verdict_keep(request, &use->verdict);
}

/** To look at a stage that is for everybody is no use of it: such a verdict stands. */
static bool is_waiting_for_subscription(const struct ward_verdict *verdict)
{
    return verdict->needs_subscription && verdict->reason == WARD_VERDICT_STALE;
}

static enum ward_handled decide_and_answer(struct ward_http_request *request, struct ward_http_reply *reply,
                                           const struct question *question)
{
    int64_t now_ms = ward_now_ms();
    struct ward_verdict verdict;
    decide(request, question, now_ms, &verdict);
    if (is_token(question, &verdict)) {
        struct ward_token_verdict said;
        decide_token(request, question, now_ms, &verdict, &said);
        return answer(request, reply, question, &verdict, &said, now_ms);
    }
    bool needs_worker = verdict.is_first_use || is_waiting_for_subscription(&verdict);
    if (needs_worker && leave_for_worker(request, question, &verdict, now_ms)) {
        return WARD_HAND_OVER;
    }
    return answer(request, reply, question, &verdict, NULL, now_ms);
}

/** Subscribe the key, and verify again: nothing was counted yet. Whom the owner keeps out is not subscribed. */
static void subscribe(struct ward_http_request *request, struct first_use *use)
{
    struct ward_verdict *verdict = &use->verdict;
    struct ward_key_id key, product;
    ward_verdict_key_id(verdict, key.text);
    ward_key_id_unpack(verdict->plan.product, &product);
    enum ward_status status = ward_service_subscription_first_use(ward_surface_application(request)->service, &key,
                                                                  &product);
    if (status == WARD_CONFLICT) {
        verdict->reason = WARD_VERDICT_NOT_SUBSCRIBED;
    } else if (status == WARD_OK || status == WARD_NOT_FOUND) {
        decide(request, &use->question, use->now_ms, verdict);
    } /* else it stays stale, and is tried again by the next request */
}

enum ward_handled ward_native_verify_first(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct first_use *use = request->handed_over;
    if (!use) {
        return ward_native_problem(request, reply, 503, "stale", detail_of(WARD_VERDICT_STALE));
    }
    if (is_waiting_for_subscription(&use->verdict)) {
        use->now_ms = ward_now_ms(); /* it may have waited for a worker */
        subscribe(request, use);
    }
    if (use->verdict.is_first_use) {
        struct ward_key_id id;
        ward_verdict_key_id(&use->verdict, id.text);
        /* A store that takes no writes takes nothing from a key's right to pass: the next use is its first. */
        (void)!ward_service_key_first_use(ward_surface_application(request)->service, &id, use->now_ms);
    }
    return answer(request, reply, &use->question, &use->verdict, NULL, use->now_ms);
}

/* ---- asking ---- */

static bool needs_asker(const struct ward_http_request *request)
{
    return request->listener == WARD_LISTENER_TCP;
}

enum ward_caller ward_native_asker(struct ward_http_request *request, const char *const *headers, bool has_credential,
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
static const char *const asker_headers[] = { "x-api-key", "authorization", NULL };
static const char *const credential_headers[] = { "x-api-key", "authorization", "x-ncp-apigw-api-key", NULL };

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
    struct ward_span project, peek, style, product, api, stage, client_address;
    struct ward_span proxy, environment, audience, issuer, public_key, secret_key;
    const char *problem; /* a sentence, or NULL */
};

/* What the gateway asks with. Other ward- headers are nobody's business. */
static const struct known_header {
    struct ward_span name;
    size_t member;
    bool counts_empty; /* a gateway whose variable turned out empty must not get an answer to another question */
} known_headers[] = {
#define KNOWN(name, member, counts_empty)                                                                              \
    {                                                                                                                  \
        WARD_SPAN_INIT("ward-" name), offsetof(struct ward_headers, member), counts_empty                              \
    }
    KNOWN("project", project, false),
    KNOWN("peek", peek, false),
    KNOWN("style", style, false),
    KNOWN("product", product, true),
    KNOWN("api", api, true),
    KNOWN("stage", stage, true),
    KNOWN("client-address", client_address, false),
    KNOWN("proxy", proxy, true),
    KNOWN("environment", environment, true),
    KNOWN("audience", audience, true),
    KNOWN("issuer", issuer, true),
    KNOWN("public-key", public_key, false),
    KNOWN("secret-key", secret_key, false),
#undef KNOWN
};

static void take_header(struct ward_headers *ret, const struct known_header *known, struct ward_span value)
{
    struct ward_span *member = (struct ward_span *)((char *)ret + known->member);
    if (value.size == 0) {
        value = known->counts_empty ? WARD_SPAN("") : WARD_SPAN_NONE;
    }
    if (!value.data) {
        return;
    }
    if (member->data && !ward_span_equal(*member, value)) {
        ret->problem = "a ward- header was sent twice with different values";
    }
    *member = value;
}

static struct ward_headers read_headers(const struct ward_http_request *request)
{
    const struct ward_span prefix = WARD_SPAN("ward-");
    struct ward_headers ret = { 0 };
    for (size_t i = 0; i < request->header_count; i++) {
        struct ward_span name = request->headers[i].name, value = request->headers[i].value;
        if (name.size < prefix.size || !ward_span_equal_nocase(ward_span(name.data, prefix.size), prefix)) {
            continue;
        }
        for (size_t j = 0; j < sizeof(known_headers) / sizeof(known_headers[0]); j++) {
            if (ward_span_equal_nocase(name, known_headers[j].name)) {
                take_header(&ret, &known_headers[j], value);
            }
        }
    }
    return ret;
}

/** Read the id of a product, an API or a stage, packed. */
static bool read_id(struct ward_span text, uint64_t *ret)
{
    struct ward_key_id id;
    if (!ward_key_id_parse(text, &id)) {
        return false;
    }
    *ret = ward_key_id_pack(&id);
    return true;
}

#define ID_RULE "must be 10 characters a-z, 0-9"

/** Read the stage that is asked for; a sentence when it is none. */
static const char *read_stage(const struct ward_headers *headers, struct question *ret)
{
    struct ward_stage_ref *stage = &ret->stage;
    ret->has_stage = headers->stage.data != NULL;
    stage->client_address = headers->client_address;
    if (headers->product.data && !read_id(headers->product, &stage->product)) {
        return "ward-product " ID_RULE;
    }
    if (headers->api.data && !read_id(headers->api, &stage->api)) {
        return "ward-api " ID_RULE;
    }
    if (headers->stage.data && !read_id(headers->stage, &stage->stage)) {
        return "ward-stage " ID_RULE;
    }
    bool is_half = !ret->has_stage && (headers->product.data || headers->api.data);
    return is_half ? "ward-stage must be sent with ward-product and ward-api" : NULL;
}

/** False with a sentence when the headers do not make a question. */
static bool read_question(const struct ward_http_request *request, struct question *ret, const char **ret_problem)
{
    struct ward_headers headers = read_headers(request);
    *ret_problem = headers.problem;
    /* A gateway hands its client's headers on: who shows no access key might be that client, escaping its limit. */
    ret->peek = ward_span_equal(headers.peek, WARD_SPAN("1")) && ret->asker.type != WARD_ACTOR_LOCAL;
    if (headers.style.data && !parse_style(headers.style, &ret->style)) {
        *ret_problem = "ward-style must be one of: " STYLES;
    }
    ret->has_project = headers.project.data != NULL;
    if (ret->has_project && !ward_uuid_parse(headers.project, &ret->project)) {
        *ret_problem = "ward-project must be a project's id";
    }
    ret->proxy = headers.proxy;
    ret->environment = headers.environment;
    ret->audience = headers.audience;
    ret->issuer = headers.issuer;
    ret->has_pair = headers.public_key.data || headers.secret_key.data;
    ret->pair = (struct ward_proxy_pair){ headers.public_key, headers.secret_key };
    const char *stage_problem = read_stage(&headers, ret);
    if (stage_problem) {
        *ret_problem = stage_problem;
    }
    return !*ret_problem;
}

/** What was looked at ahead of the handler. */
struct foreseen {
    bool is_contradicted;
    struct ward_foresight foresight; /* of the credential */
};

static bool begin_foresight(struct ward_http_request *request)
{
    struct foreseen *foreseen = ward_pool_alloc(&request->pool, sizeof(*foreseen));
    if (!foreseen) {
        return false;
    }
    struct ward_foresight *foresight = &foreseen->foresight;
    foreseen->is_contradicted = !ward_surface_credential(request, credential_headers, &foresight->value);
    (void)read_id(ward_http_header_get(request, "ward-stage"), &foresight->stage);
    request->foreseen = foreseen;
    return true;
}

bool ward_native_authorize_foresee(struct ward_http_request *request)
{
    struct ward_verifier *verifier = ward_surface_verifier(request);
    if (!verifier || (!request->foreseen && !begin_foresight(request))) {
        return false;
    }
    struct foreseen *foreseen = request->foreseen;
    return !foreseen->is_contradicted && ward_verify_foresee(verifier, &foreseen->foresight);
}

/** Several credentials that differ are none: contradicting ones are malformed, as none is. */
static void read_credential(struct ward_http_request *request, struct question *ret)
{
    const struct foreseen *foreseen = request->foreseen;
    bool is_contradicted;
    if (foreseen) {
        is_contradicted = foreseen->is_contradicted;
        ret->value = foreseen->foresight.value;
        ret->foresight = &foreseen->foresight;
    } else {
        is_contradicted = !ward_surface_credential(request, credential_headers, &ret->value);
    }
    ret->is_presented = is_contradicted || ret->has_pair || ret->value.data != NULL;
    if (is_contradicted || (ret->has_pair && ret->value.data)) {
        ret->value = WARD_SPAN_NONE;
        ret->pair = (struct ward_proxy_pair){ 0 };
    } else if (ward_native_is_basic(ret->value)) {
        ret->has_pair = true;
        ret->pair = ward_native_basic_pair(request, ret->value);
        ret->value = WARD_SPAN_NONE;
    }
}

enum ward_handled ward_native_authorize(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct question question = { 0 };
    struct ward_verdict asked = { 0 };
    bool has_access_key = ward_http_header_get(request, gateway_headers[0]).size > 0;
    enum ward_caller caller = ward_native_asker(request, gateway_headers, has_access_key, &question.asker, &asked);
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
    read_credential(request, &question);
    if (question.has_stage && question.has_pair) {
        return ward_native_problem(request, reply, 400, "invalid", "ward-stage goes with an API key");
    }
    question.origin = ward_surface_origin(request);
    return decide_and_answer(request, reply, &question);
}

/* ---- /v1/verify ---- */

static const char *const members[] = { "key",   "origin",      "project",       "peek",      "style",     "product",
                                       "api",   "stage",       "clientAddress", "publicKey", "secretKey", "token",
                                       "proxy", "environment", "audience",      "issuer",    NULL };

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
        ward_problem_add(problems, "style", WARD_RULE_ENUM, 0, STYLES);
    }
}

static bool read_id_member(struct ward_problems *problems, const struct ward_json_value *body, const char *member,
                           uint64_t *ret)
{
    struct ward_span text = WARD_SPAN_NONE;
    if (!ward_surface_text(problems, body, member, false, &text)) {
        return false;
    }
    if (!read_id(text, ret)) {
        ward_problem_add(problems, member, WARD_RULE_SYNTAX, 0, ID_RULE);
    }
    return true;
}

static void read_stage_members(struct ward_problems *problems, const struct ward_json_value *body, struct question *ret)
{
    struct ward_stage_ref *stage = &ret->stage;
    bool has_product = read_id_member(problems, body, "product", &stage->product);
    bool has_api = read_id_member(problems, body, "api", &stage->api);
    ret->has_stage = read_id_member(problems, body, "stage", &stage->stage);
    (void)ward_surface_text(problems, body, "clientAddress", true, &stage->client_address);
    if ((has_product || has_api) && !ward_json_member(body, "stage")) {
        ward_problem_add(problems, "stage", WARD_RULE_REQUIRED, 0, NULL);
    }
    if (ret->has_stage && !ret->value.data) {
        ward_problem_add(problems, "stage", WARD_RULE_SYNTAX, 0, "goes with an API key");
    }
}

/** One of: a key, a proxy's pair, a token. */
static void read_presented(struct ward_problems *problems, const struct ward_json_value *body, struct question *ret)
{
    bool has_public = ward_surface_text(problems, body, "publicKey", false, &ret->pair.public_key);
    bool has_secret = ward_surface_text(problems, body, "secretKey", false, &ret->pair.secret_key);
    bool has_token = ward_surface_text(problems, body, "token", false, &ret->token);
    bool has_key = ward_surface_text(problems, body, "key", false, &ret->value);
    ret->has_pair = has_public || has_secret;
    if (ret->has_pair && !has_public) {
        ward_problem_add(problems, "publicKey", WARD_RULE_REQUIRED, 0, NULL);
    } else if (ret->has_pair && !has_secret) {
        ward_problem_add(problems, "secretKey", WARD_RULE_REQUIRED, 0, NULL);
    }
    int count = has_key + has_token + ret->has_pair;
    if (count > 1) {
        ward_problem_add(problems, "key", WARD_RULE_SYNTAX, 0,
                         "must be the only credential: a key, a token, or a pair");
    } else if (count == 0 && problems->count == 0) {
        ward_problem_add(problems, "key", WARD_RULE_REQUIRED, 0, NULL);
    }
    ret->is_presented = ret->value.size > 0 || ret->token.size > 0 || ret->has_pair;
    (void)ward_surface_text(problems, body, "proxy", false, &ret->proxy);
    (void)ward_surface_text(problems, body, "environment", false, &ret->environment);
    (void)ward_surface_text(problems, body, "audience", false, &ret->audience);
    (void)ward_surface_text(problems, body, "issuer", false, &ret->issuer);
}

static enum ward_status read_body(struct ward_http_request *request, struct ward_problems *problems,
                                  struct question *ret)
{
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_native_body(request, members, problems, &body);
    if (status != WARD_OK || (!body && problems->count > 0)) {
        return status;
    }
    read_presented(problems, body, ret);
    (void)ward_surface_text(problems, body, "origin", true, &ret->origin);
    read_narrowing(problems, body, ret);
    read_stage_members(problems, body, ret);
    read_peek(problems, body, &ret->peek);
    return WARD_OK;
}

enum ward_handled ward_native_verify(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct question question = { .wants_json = true };
    struct ward_verdict asked = { 0 };
    enum ward_caller caller = ward_native_asker(request, asker_headers, false, &question.asker, &asked);
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
