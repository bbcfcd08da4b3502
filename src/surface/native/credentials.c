/* Operator credentials for the CLI: a secret is shown once, when it is made. Served on the control socket only. */
#include "surface/native/handlers.h"
#include "surface/native/objects.h"

static struct ward_credential_ref named_credential(const struct ward_http_request *request)
{
    return (struct ward_credential_ref){ .id = request->parameters[0] };
}

static enum ward_handled answer_credential(struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                           const struct ward_credential *credential, const struct ward_receipt *receipt)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_NATIVE_JSON);
    ward_native_write_credential(&writer, credential);
    ward_surface_receipt(request, reply, receipt);
    return WARD_REPLIED;
}

/** A list shows no secret: whoever lost one makes another. */
static enum ward_status write_listed(const struct ward_credential *credential, void *arg)
{
    struct ward_json_writer *writer = arg;
    struct ward_credential shown = *credential;
    shown.value = WARD_SPAN_NONE;
    ward_native_write_credential(writer, &shown);
    return writer->out->status;
}

enum ward_handled ward_native_credential_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_credential_query query = { 0 };
    query.account = ward_native_query(request, "accountId", &query.problems);
    query.project = ward_native_query(request, "projectId", &query.problems);
    enum ward_status status = WARD_OK;
    if (!query.account.data && query.problems.count == 0) {
        status = ward_native_only_account(request, &who, &query.account);
    }
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    query.has_account = query.account.data != NULL;
    query.has_project = query.project.data != NULL;
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_NATIVE_JSON);
    ward_json_begin_array(&writer);
    status = ward_service_credential_list(ward_native_service(request), &who, &query, write_listed, &writer);
    ward_json_end_array(&writer);
    return ward_native_list_end(request, reply, status, &query.problems);
}

/* ---- create ---- */

static bool read_kind(struct ward_problems *problems, const struct ward_json_value *body,
                      enum ward_credential_kind *ret)
{
    struct ward_span text = WARD_SPAN_NONE;
    size_t before = problems->count;
    if (ward_surface_text(problems, body, "kind", false, &text) && ward_credential_kind_parse(text, ret)) {
        return true;
    }
    if (problems->count == before) {
        ward_problem_add(problems, "kind", WARD_RULE_ENUM, 0, "access-key, token, iam");
    }
    return false;
}

/** Whoever sits at the machine says how far a credential reaches: the role has no default here. */
static void read_role(struct ward_problems *problems, const struct ward_json_value *body,
                      struct ward_credential_input *ret)
{
    struct ward_span text = WARD_SPAN_NONE;
    size_t before = problems->count;
    ret->has_role = ward_surface_text(problems, body, "role", false, &text) && ward_role_parse(text, &ret->role);
    if (!ret->has_role && problems->count == before) {
        ward_problem_add(problems, "role", WARD_RULE_ENUM, 0, "viewer, user, admin");
    }
}

/** Single rights besides the role's, by their names. */
static void read_grants(struct ward_problems *problems, const struct ward_json_value *body,
                        struct ward_credential_input *ret)
{
    const struct ward_json_value *array = ward_json_member(body, "grants");
    enum ward_json_type type = ward_json_type(array);
    if (type == WARD_JSON_ABSENT) {
        return;
    }
    if (type != WARD_JSON_ARRAY) {
        ward_problem_add(problems, "grants", WARD_RULE_ARRAY, 0, NULL);
        return;
    }
    for (size_t i = 0; i < ward_json_count(array); i++) {
        if (!ward_grant_parse(ward_json_string(ward_json_at(array, i)), &ret->grants)) {
            ward_problem_add(problems, "grants", WARD_RULE_ENUM, 0, ward_grant_names());
            return;
        }
    }
}

static void read_limit(struct ward_http_request *request, struct ward_problems *problems,
                       const struct ward_json_value *body, struct ward_credential_input *ret)
{
    static const char *const members[] = { "limit", "ttl", NULL };
    const struct ward_json_value *value = ward_json_member(body, "rateLimit");
    enum ward_json_type type = ward_json_type(value);
    if (type == WARD_JSON_ABSENT || type == WARD_JSON_NULL) {
        return;
    }
    if (type != WARD_JSON_OBJECT) {
        ward_problem_add(problems, "rateLimit", WARD_RULE_OBJECT, 0, NULL);
        return;
    }
    ward_native_strict(request, value, members, problems);
    ret->has_rate_limit = true;
    ret->has_rate_limit_number = ward_surface_integer(problems, value, "limit", "rateLimit", 1, &ret->rate_limit);
    ret->has_rate_limit_ttl = ward_surface_integer(problems, value, "ttl", "rateLimitTtl", 1, &ret->rate_limit_ttl);
}

static enum ward_status read_body(struct ward_http_request *request, const struct ward_operator *who,
                                  enum ward_credential_kind *ret_kind, struct ward_credential_input *ret)
{
    static const char *const members[] = { "kind",      "role",      "grants",    "name", "accountId",
                                           "projectId", "rateLimit", "expiresAt", NULL };
    struct ward_problems *problems = &ret->problems;
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_native_body(request, members, problems, &body);
    if (status != WARD_OK) {
        return status;
    }
    (void)read_kind(problems, body, ret_kind);
    read_role(problems, body, ret);
    read_grants(problems, body, ret);
    ret->has_name = ward_surface_text(problems, body, "name", false, &ret->name);
    ret->has_account = ward_surface_text(problems, body, "accountId", false, &ret->account);
    ret->has_project = ward_surface_text(problems, body, "projectId", false, &ret->project);
    read_limit(request, problems, body, ret);
    ret->has_expiry = ward_surface_expiry(problems, body, "expiresAt", &ret->expires_ms);
    if (ret->has_account || ret->has_project || problems->count > 0) {
        return WARD_OK;
    }
    status = ward_native_only_account(request, who, &ret->account);
    ret->has_account = ret->account.data != NULL;
    return status;
}

enum ward_handled ward_native_credential_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    enum ward_credential_kind kind = WARD_CREDENTIAL_ACCESS_KEY;
    struct ward_credential_input input = { 0 };
    enum ward_status status = read_body(request, &who, &kind, &input);
    if (status == WARD_OK && !ward_surface_reserve(reply)) {
        status = WARD_NO_MEMORY;
    }
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    struct ward_credential credential = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_credential_create(ward_native_service(request), &who, kind, &input, &request->pool,
                                            &credential, &receipt);
    return status == WARD_OK ? answer_credential(request, reply, 201, &credential, &receipt)
                             : ward_native_fail(request, reply, status, &input.problems);
}

/* ---- delete, reactivate ---- */

enum ward_handled ward_native_credential_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_credential_ref ref = named_credential(request);
    struct ward_receipt receipt = { 0 };
    if (!ward_surface_reserve(reply)) {
        return ward_native_fail(request, reply, WARD_NO_MEMORY, NULL);
    }
    enum ward_status status = ward_service_credential_delete(ward_native_service(request), &who, &ref, &receipt);
    return status == WARD_OK ? ward_native_deleted(request, reply, &receipt)
                             : ward_native_fail(request, reply, status, NULL);
}

enum ward_handled ward_native_credential_reactivate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_credential_ref ref = named_credential(request);
    struct ward_credential credential = { 0 };
    struct ward_receipt receipt = { 0 };
    if (!ward_surface_reserve(reply)) {
        return ward_native_fail(request, reply, WARD_NO_MEMORY, NULL);
    }
    enum ward_status status = ward_service_credential_reactivate(ward_native_service(request), &who, &ref,
                                                                 &request->pool, &credential, &receipt);
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    credential.value = WARD_SPAN_NONE;
    return answer_credential(request, reply, 200, &credential, &receipt);
}
