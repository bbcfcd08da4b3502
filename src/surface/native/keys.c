/* API keys for the CLI: named by their id, never by their value. Served on the control socket only. */
#include "base/seam.h"
#include "base/utf8.h"
#include "surface/native/handlers.h"
#include "surface/native/objects.h"

static struct ward_key_ref named_key(const struct ward_http_request *request)
{
    return (struct ward_key_ref){ .id = request->parameters[0] };
}

static enum ward_handled answer_key(struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                    const struct ward_api_key *key, const struct ward_receipt *receipt)
{
    struct ward_json_writer writer = ward_surface_reply(reply, status, WARD_NATIVE_JSON);
    ward_native_write_key(&writer, key, ward_now_ms());
    if (receipt) {
        ward_surface_receipt(request, reply, receipt);
    }
    return WARD_REPLIED;
}

/* ---- list, get ---- */

struct listing {
    struct ward_json_writer *writer;
    int64_t now_ms;
};

static enum ward_status write_listed(const struct ward_api_key *key, void *arg)
{
    struct listing *listing = arg;
    ward_native_write_key(listing->writer, key, listing->now_ms);
    return listing->writer->out->status;
}

enum ward_handled ward_native_key_list(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_key_query query = { .limit = -1 };
    query.project = ward_native_query(request, "projectId", &query.problems);
    query.has_project = query.project.data != NULL;
    query.filter.now_ms = ward_now_ms();
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_NATIVE_JSON);
    struct listing listing = { .writer = &writer, .now_ms = query.filter.now_ms };
    ward_json_begin_array(&writer);
    enum ward_status status = ward_service_key_list(ward_native_service(request), &who, &query, write_listed, &listing);
    ward_json_end_array(&writer);
    return ward_native_list_end(request, reply, status, &query.problems);
}

enum ward_handled ward_native_key_get(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_key_ref ref = named_key(request);
    struct ward_api_key key = { 0 };
    enum ward_status status = ward_service_key_get(ward_native_service(request), &who, &ref, &request->pool, &key);
    return status == WARD_OK ? answer_key(request, reply, 200, &key, NULL)
                             : ward_native_fail(request, reply, status, NULL);
}

/* ---- bodies ---- */

static const char *const create_members[] = { "name",      "projectId",       "key",
                                              "metadata",  "customAccountId", "customUserId",
                                              "expiresAt", "rateLimit",       "allowedDomains",
                                              NULL };
static const char *const update_members[] = {
    "name", "key", "metadata", "customAccountId", "customUserId", "expiresAt", "rateLimit", "allowedDomains", NULL
};

static bool read_metadata(struct ward_problems *problems, const struct ward_json_value *body, struct ward_span *ret)
{
    const struct ward_json_value *value = ward_json_member(body, "metadata");
    enum ward_json_type type = ward_json_type(value);
    if (type == WARD_JSON_ABSENT) {
        return false;
    }
    if (type != WARD_JSON_OBJECT) {
        ward_problem_add(problems, "customMetaData", WARD_RULE_OBJECT, 0, NULL);
        return false;
    }
    *ret = ward_json_raw(value);
    return true;
}

static bool read_limit(struct ward_http_request *request, struct ward_problems *problems,
                       const struct ward_json_value *body, struct ward_rate_limit *ret)
{
    static const char *const members[] = { "limit", "ttl", NULL };
    const struct ward_json_value *value = ward_json_member(body, "rateLimit");
    enum ward_json_type type = ward_json_type(value);
    if (type == WARD_JSON_ABSENT) {
        return false;
    }
    if (type == WARD_JSON_NULL) {
        *ret = (struct ward_rate_limit){ 0 };
        return true;
    }
    if (type != WARD_JSON_OBJECT) {
        ward_problem_add(problems, "rateLimitConfigs", WARD_RULE_OBJECT, 0, NULL);
        return false;
    }
    ward_native_strict(request, value, members, problems);
    bool has_limit = ward_surface_integer(problems, value, "limit", "rateLimitConfigs.rateLimit", 1, &ret->limit);
    bool has_ttl = ward_surface_integer(problems, value, "ttl", "rateLimitConfigs.rateLimitTtl", 1, &ret->ttl_s);
    return has_limit && has_ttl;
}

static bool read_expiry(struct ward_problems *problems, const struct ward_json_value *body, int64_t *ret)
{
    size_t before = problems->count;
    bool has_expiry = ward_surface_expiry(problems, body, "expiresAt", ret);
    if (problems->count > before) {
        problems->items[before].member = "expiry"; /* the model's name, by which it finds the problem again */
    }
    return has_expiry;
}

static enum ward_status read_body(struct ward_http_request *request, const char *const *members,
                                  struct ward_api_key_input *ret)
{
    struct ward_problems *problems = &ret->problems;
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_native_body(request, members, problems, &body);
    if (status != WARD_OK) {
        return status;
    }
    ret->has_name = ward_surface_text(problems, body, "name", false, &ret->name);
    ret->has_project = ward_surface_text(problems, body, "projectId", false, &ret->project);
    ret->has_value = ward_surface_text(problems, body, "key", false, &ret->value);
    ret->has_metadata = read_metadata(problems, body, &ret->metadata);
    ret->has_custom_account_id = ward_surface_text(problems, body, "customAccountId", true, &ret->custom_account_id);
    ret->has_custom_user_id = ward_surface_text(problems, body, "customUserId", true, &ret->custom_user_id);
    ret->has_expiry = read_expiry(problems, body, &ret->expires_ms);
    ret->has_rate_limit = read_limit(request, problems, body, &ret->rate_limit);
    ret->has_allowed_domains = ward_surface_domains(problems, body, "allowedDomains", &ret->allowed_domains);
    return WARD_OK;
}

/* ---- create, update, delete ---- */

enum ward_handled ward_native_key_create(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_api_key_input input = { 0 };
    enum ward_status status = read_body(request, create_members, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_native_fail(request, reply, WARD_NO_MEMORY, NULL);
    }
    struct ward_api_key key = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_key_create(ward_native_service(request), &who, &input, &request->pool, &key, &receipt);
    return status == WARD_OK ? answer_key(request, reply, 201, &key, &receipt)
                             : ward_native_fail(request, reply, status, &input.problems);
}

/** Here a name that was not sent stays as it is; the model wants one with every update (contracts/theauthapi.md 2.4).
 */
static enum ward_status keep_name(struct ward_http_request *request, const struct ward_operator *who,
                                  const struct ward_key_ref *ref, struct ward_api_key_input *input)
{
    if (input->has_name || input->problems.count > 0) {
        return WARD_OK;
    }
    struct ward_api_key key = { 0 };
    enum ward_status status = ward_service_key_get(ward_native_service(request), who, ref, &request->pool, &key);
    input->has_name = status == WARD_OK;
    input->name = key.name;
    return status;
}

enum ward_handled ward_native_key_update(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_api_key_input input = { 0 };
    enum ward_status status = read_body(request, update_members, &input);
    if (status != WARD_OK || !ward_surface_reserve(reply)) {
        return ward_native_fail(request, reply, WARD_NO_MEMORY, NULL);
    }
    struct ward_key_ref ref = named_key(request);
    status = keep_name(request, &who, &ref, &input);
    if (status != WARD_OK) {
        return ward_native_fail(request, reply, status, NULL);
    }
    struct ward_api_key key = { 0 };
    struct ward_receipt receipt = { 0 };
    status = ward_service_key_update(ward_native_service(request), &who, &ref, &input, &request->pool, &key, &receipt);
    return status == WARD_OK ? answer_key(request, reply, 200, &key, &receipt)
                             : ward_native_fail(request, reply, status, &input.problems);
}

enum ward_handled ward_native_key_delete(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_operator who = ward_operator_local();
    struct ward_key_ref ref = named_key(request);
    struct ward_receipt receipt = { 0 };
    if (!ward_surface_reserve(reply)) {
        return ward_native_fail(request, reply, WARD_NO_MEMORY, NULL);
    }
    enum ward_status status = ward_service_key_delete(ward_native_service(request), &who, &ref, &receipt);
    return status == WARD_OK ? ward_native_deleted(request, reply, &receipt)
                             : ward_native_fail(request, reply, status, NULL);
}

/* ---- reactivate, rotate ---- */

typedef enum ward_status (*key_change)(struct ward_service *service, const struct ward_operator *who,
                                       const struct ward_key_ref *ref, struct ward_pool *pool, struct ward_api_key *ret,
                                       struct ward_receipt *ret_receipt);

static enum ward_handled change_key(struct ward_http_request *request, struct ward_http_reply *reply, key_change change,
                                    int success)
{
    struct ward_operator who = ward_operator_local();
    struct ward_key_ref ref = named_key(request);
    struct ward_api_key key = { 0 };
    struct ward_receipt receipt = { 0 };
    if (!ward_surface_reserve(reply)) {
        return ward_native_fail(request, reply, WARD_NO_MEMORY, NULL);
    }
    enum ward_status status = change(ward_native_service(request), &who, &ref, &request->pool, &key, &receipt);
    return status == WARD_OK ? answer_key(request, reply, success, &key, &receipt)
                             : ward_native_fail(request, reply, status, NULL);
}

enum ward_handled ward_native_key_reactivate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return change_key(request, reply, ward_service_key_reactivate, 200);
}

enum ward_handled ward_native_key_rotate(struct ward_http_request *request, struct ward_http_reply *reply)
{
    return change_key(request, reply, ward_service_key_rotate, 201);
}
