#include "surface/apinizer/call.h"

#include "base/seam.h"
#include "base/utf8.h"
#include "model/object_name.h"
#include "service/gateway.h"
#include "service/tokens.h"
#include "surface/apinizer/errors.h"

/* ---- who calls ---- */

static struct ward_span trim(struct ward_span text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = ward_span(text.data + 1, text.size - 1);
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* contracts/apinizer.md 2: the scheme in any case, one blank or more, one credential. Absent for anything else. */
static struct ward_span token_of(struct ward_span value)
{
    const struct ward_span scheme = WARD_SPAN("bearer");
    bool has_scheme = value.size > scheme.size && ward_span_equal_nocase(ward_span(value.data, scheme.size), scheme) &&
                      value.data[scheme.size] == ' ';
    if (!has_scheme) {
        return WARD_SPAN_NONE;
    }
    struct ward_span token = trim(ward_span(value.data + scheme.size, value.size - scheme.size));
    bool is_one = token.size > 0 && !memchr(token.data, ' ', token.size) && !memchr(token.data, '\t', token.size);
    return is_one ? token : WARD_SPAN_NONE;
}

/* Section 13: tools send an empty Authorization row beside the real one. Two that differ are no credential. */
static bool find_token(const struct ward_http_request *request, bool *ret_has_any, struct ward_span *ret)
{
    struct ward_span found = WARD_SPAN_NONE;
    *ret_has_any = false;
    for (size_t i = 0; i < request->header_count; i++) {
        struct ward_span value = trim(request->headers[i].value);
        if (value.size == 0 || !ward_span_equal_nocase(request->headers[i].name, WARD_SPAN("authorization"))) {
            continue;
        }
        struct ward_span token = token_of(value);
        bool is_other = *ret_has_any && !ward_span_equal(found, token);
        *ret_has_any = true;
        if (!token.data || is_other) {
            return false;
        }
        found = token;
    }
    *ret = found;
    return found.data != NULL;
}

/* As on NCP's surface: only a call whose credential holds is counted. */
static bool is_within_limit(struct ward_http_request *request, struct ward_http_reply *reply,
                            const struct ward_operator *who, const struct ward_rate_limit *limit)
{
    struct ward_limit_state state;
    enum ward_status status = ward_service_iam_count(ward_surface_application(request)->service, &who->id, limit,
                                                     &state);
    if (status != WARD_OK) {
        ward_apinizer_fail(request, reply, status, NULL);
        return false;
    }
    if (!state.is_allowed) {
        ward_apinizer_limited(request, reply, ward_surface_retry_after(&state, ward_now_ms()));
    }
    return state.is_allowed;
}

bool ward_apinizer_caller(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_operator *ret)
{
    bool has_any = false;
    struct ward_span token = WARD_SPAN_NONE;
    struct ward_operator who = { 0 };
    struct ward_rate_limit limit = { 0 };
    if (!find_token(request, &has_any, &token)) {
        ward_apinizer_unauthenticated(request, reply, has_any);
        return false;
    }
    enum ward_status status = ward_service_token_open(ward_surface_application(request)->service, token, &who, &limit);
    if (status == WARD_NOT_FOUND) {
        ward_apinizer_unauthenticated(request, reply, true);
        return false;
    }
    if (status != WARD_OK) {
        ward_apinizer_fail(request, reply, status, NULL);
        return false;
    }
    if (!is_within_limit(request, reply, &who, &limit)) {
        return false;
    }
    *ret = who;
    return true;
}

/* ---- the path ---- */

static bool check_parameters(struct ward_apinizer_call *call, const char *const parameters[WARD_PATH_PARAMETERS_MAX])
{
    for (size_t i = 0; i < WARD_PATH_PARAMETERS_MAX && parameters[i]; i++) {
        struct ward_span value = call->request->parameters[i];
        bool is_text = ward_utf8_valid(value);
        if (is_text && !ward_text_is_blank(value)) {
            continue;
        }
        WARD_BUFFER text = ward_buffer_new(128);
        ward_buffer_append_text(&text, parameters[i]);
        ward_buffer_append_text(&text, is_text ? " value can not be empty!" : " value is not valid UTF-8!");
        (void)ward_apinizer_bad_request(call, ward_buffer_span(&text));
        return false;
    }
    return true;
}

bool ward_apinizer_begin(struct ward_http_request *request, struct ward_http_reply *reply,
                         const char *const parameters[WARD_PATH_PARAMETERS_MAX], struct ward_apinizer_call *ret)
{
    struct ward_application *application = ward_surface_application(request);
    *ret = (struct ward_apinizer_call){ .request = request, .reply = reply, .profile = application->apinizer.profile };
    if (!ward_apinizer_caller(request, reply, &ret->who) || !check_parameters(ret, parameters)) {
        return false;
    }
    ret->secrets = (struct ward_secrets_call){
        .service = application->service,
        .who = &ret->who,
        .pool = &request->pool,
        .project = request->parameters[0],
        .rules = { .needs_algorithm = application->apinizer.profile == WARD_APINIZER_CURRENT,
                   .is_content_strict = application->apinizer.is_strict,
                   .is_pair_unique = application->apinizer.is_strict },
    };
    return true;
}

bool ward_apinizer_begin_write(struct ward_http_request *request, struct ward_http_reply *reply,
                               const char *const parameters[WARD_PATH_PARAMETERS_MAX], struct ward_apinizer_call *ret)
{
    if (!ward_apinizer_begin(request, reply, parameters, ret)) {
        return false;
    }
    if (ward_surface_reserve(reply)) {
        return true;
    }
    ward_apinizer_refused(ret, WARD_NO_MEMORY);
    return false;
}

/* ---- what came in ---- */

bool ward_apinizer_query(struct ward_apinizer_call *call, const char *name, struct ward_span *ret)
{
    bool is_bad = false;
    struct ward_span value = ward_http_query_get(call->request, name, &is_bad);
    if (is_bad) {
        (void)ward_apinizer_bad_request(call, WARD_SPAN("The query holds a bad escape!"));
        return false;
    }
    *ret = value.size > 0 ? value : WARD_SPAN_NONE;
    return true;
}

void ward_apinizer_bad_body(struct ward_apinizer_call *call, struct ward_secrets_refused *refused, const char *first,
                            struct ward_span second, const char *third)
{
    if (refused->reason != WARD_REFUSED_NONE) {
        return;
    }
    WARD_BUFFER text = ward_buffer_new(1024);
    ward_buffer_append_text(&text, first);
    ward_buffer_append(&text, second);
    ward_buffer_append_text(&text, third);
    *refused = (struct ward_secrets_refused){ .reason = WARD_REFUSED_BODY,
                                              .name = ward_pool_copy(&call->request->pool, ward_buffer_span(&text)) };
}

/* "application/json; charset=utf-8": up to the first ';'. */
static bool is_json(struct ward_span type)
{
    const char *end = memchr(type.data, ';', type.size);
    struct ward_span media = trim(ward_span(type.data, end ? (size_t)(end - type.data) : type.size));
    return ward_span_equal_nocase(media, WARD_SPAN("application/json"));
}

static bool is_of_type(struct ward_apinizer_call *call, bool (*accepts)(struct ward_span), bool is_needed)
{
    struct ward_span type = ward_http_header_get(call->request, "content-type");
    if (type.size > 0 ? accepts(type) : !is_needed) {
        return true;
    }
    ward_apinizer_error(call->request, call->reply, WARD_APINIZER_WRONG_TYPE, WARD_SPAN_NONE, "wrong_type");
    return false;
}

bool ward_apinizer_body(struct ward_apinizer_call *call, bool has_to_be_there, struct ward_secrets_refused *refused,
                        const struct ward_json_value **ret)
{
    struct ward_problems problems = { .count = 0 };
    *ret = NULL;
    if (call->request->body.size > 0 && !is_of_type(call, is_json, false)) {
        return false;
    }
    enum ward_status status = ward_surface_body(call->request, &problems, ret);
    if (status != WARD_OK) {
        ward_apinizer_refused(call, status);
        return false;
    }
    if (problems.count > 0 && problems.items[0].rule == WARD_RULE_SYNTAX) {
        ward_apinizer_bad_body(call, refused, "Request body is not valid JSON: ", ward_span_of(problems.items[0].text),
                               "!");
    } else if (problems.count > 0) {
        ward_apinizer_bad_body(call, refused, "Request body must be a JSON object!", WARD_SPAN_NONE, "");
    } else if (!*ret && has_to_be_there) {
        ward_apinizer_bad_body(call, refused, "Request body can not be empty!", WARD_SPAN_NONE, "");
    }
    return true;
}

bool ward_apinizer_parts(struct ward_apinizer_call *call, struct ward_secrets_refused *refused,
                         struct ward_multipart *ret)
{
    const char *why = NULL;
    *ret = (struct ward_multipart){ .count = 0 };
    if (!is_of_type(call, ward_multipart_is_one, true)) {
        return false;
    }
    struct ward_span type = ward_http_header_get(call->request, "content-type");
    enum ward_status status = ward_multipart_read(type, call->request->body, &call->request->pool, ret, &why);
    if (status == WARD_INVALID) {
        ward_apinizer_bad_body(call, refused, "Request body is not a valid form: ", ward_span_of(why), "!");
        return true;
    }
    if (status != WARD_OK) {
        ward_apinizer_refused(call, status);
    }
    return status == WARD_OK;
}

/* ---- answers ---- */

struct ward_json_writer ward_apinizer_answer(struct ward_apinizer_call *call, int status)
{
    return ward_surface_reply(call->reply, status, WARD_APINIZER_JSON);
}

enum ward_handled ward_apinizer_end(struct ward_apinizer_call *call)
{
    return ward_apinizer_done(call->request, call->reply);
}

enum ward_handled ward_apinizer_end_write(struct ward_apinizer_call *call)
{
    ward_surface_receipt(call->request, call->reply, &call->secrets.receipt);
    return ward_apinizer_end(call);
}

enum ward_handled ward_apinizer_refused(struct ward_apinizer_call *call, enum ward_status status)
{
    return ward_apinizer_fail(call->request, call->reply, status, &call->secrets.refused);
}

enum ward_handled ward_apinizer_bad_request(struct ward_apinizer_call *call, struct ward_span text)
{
    return ward_apinizer_error(call->request, call->reply, WARD_APINIZER_BAD_REQUEST, text, "invalid");
}
