/* Members in, members out. */
#include "surface/theauthapi/shapes.h"

#include "base/encoding.h"
#include "base/iso8601.h"
#include "base/limits.h"
#include "base/seam.h"
#include "base/utf8.h"
#include "surface/theauthapi/theauthapi.h"

/* ---- out ---- */

static void write_rate_limit(struct ward_json_writer *writer, const struct ward_rate_limit *limit)
{
    ward_json_key(writer, "rateLimitConfigs");
    if (limit->limit == 0) {
        ward_json_put_null(writer);
        return;
    }
    ward_json_begin_object(writer);
    ward_json_member_int(writer, "rateLimit", limit->limit);
    ward_json_member_int(writer, "rateLimitTtl", limit->ttl_s);
    ward_json_end_object(writer);
}

static struct ward_span object_or_empty(struct ward_span json)
{
    return json.size > 0 ? json : WARD_SPAN("{}");
}

/** contracts/theauthapi.md 1.8: the members behind `key`, in its order. */
static void write_key_tail(struct ward_json_writer *writer, const struct ward_api_key *key, bool is_active)
{
    ward_json_member_string(writer, "name", key->name);
    ward_json_member_raw(writer, "customMetaData", object_or_empty(key->metadata));
    ward_json_member_string(writer, "customAccountId", key->custom_account_id);
    ward_json_member_string(writer, "customUserId", key->custom_user_id);
    ward_json_member_string(writer, "env", ward_span_of(ward_env_name(key->env)));
    ward_json_member_time(writer, "createdAt", key->created_ms);
    ward_json_member_time(writer, "updatedAt", key->updated_ms);
    ward_json_member_bool(writer, "isActive", is_active);
    ward_json_member_time(writer, "expiresAt", key->expires_ms);
    write_rate_limit(writer, &key->rate_limit);
    ward_json_member_raw(writer, "creationContext", object_or_empty(key->creation_context));
    if (key->allowed_domains.data) {
        ward_json_member_raw(writer, "allowedDomains", key->allowed_domains);
    }
}

void ward_theauthapi_write_key(struct ward_json_writer *writer, const struct ward_api_key *key, int64_t now_ms)
{
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "key", key->values[WARD_SLOT_PRIMARY]);
    write_key_tail(writer, key, ward_api_key_is_active(key, now_ms));
    ward_json_end_object(writer);
}

void ward_theauthapi_reply_render(const struct ward_api_key *key, struct ward_buffer *ret)
{
    /* Written with an empty value, which is then taken off: the writer never sees half an object. */
    const struct ward_span head = WARD_SPAN("{\"key\":\"\"");
    size_t start = ret->size;
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "key", WARD_SPAN(""));
    /* An expiry that passes later refuses the key, so this text is never the answer of an inactive one. */
    write_key_tail(&writer, key, key->is_enabled);
    ward_json_end_object(&writer);
    if (ret->status != WARD_OK) {
        return;
    }
    size_t size = ret->size - start - head.size;
    memmove(ret->data + start, ret->data + start + head.size, size);
    ret->size = start + size;
}

static void write_id(struct ward_json_writer *writer, const char *name, const struct ward_uuid *id)
{
    if (ward_uuid_is_nil(id)) {
        ward_json_member_null(writer, name);
        return;
    }
    char text[WARD_UUID_CHARS + 1];
    ward_uuid_format(id, text);
    ward_json_member_string(writer, name, ward_span(text, WARD_UUID_CHARS));
}

/** contracts/theauthapi.md 6 knows USER and ACCESS_KEY; other makers have no name there. */
static void write_actor(struct ward_json_writer *writer, const char *name, enum ward_actor_type type)
{
    if (type == WARD_ACTOR_USER || type == WARD_ACTOR_ACCESS_KEY) {
        ward_json_member_string(writer, name, ward_span_of(ward_actor_type_name(type)));
    } else {
        ward_json_member_null(writer, name);
    }
}

static void write_actors(struct ward_json_writer *writer, const struct ward_provenance *provenance)
{
    write_id(writer, "createdBy", &provenance->created_by);
    write_actor(writer, "createdByType", provenance->created_by_type);
    ward_json_member_null(writer, "createdIn");
    write_id(writer, "lastChangedBy", &provenance->changed_by);
    write_actor(writer, "lastChangedByType", provenance->changed_by_type);
}

static void write_base(struct ward_json_writer *writer, bool is_active, const struct ward_provenance *provenance)
{
    ward_json_member_bool(writer, "isActive", is_active);
    write_actors(writer, provenance);
    ward_json_member_time(writer, "updatedAt", provenance->updated_ms);
    ward_json_member_time(writer, "createdAt", provenance->created_ms);
}

void ward_theauthapi_write_project(struct ward_json_writer *writer, const struct ward_project *project)
{
    ward_json_begin_object(writer);
    write_base(writer, project->is_active, &project->provenance);
    write_id(writer, "id", &project->id);
    ward_json_member_string(writer, "name", project->name);
    write_id(writer, "accountId", &project->account_id);
    ward_json_member_string(writer, "env", ward_span_of(ward_env_name(project->env)));
    ward_json_end_object(writer);
}

void ward_theauthapi_write_account(struct ward_json_writer *writer, const struct ward_account *account)
{
    ward_json_begin_object(writer);
    write_base(writer, account->is_active, &account->provenance);
    write_id(writer, "id", &account->id);
    ward_json_member_string(writer, "name", account->name);
    ward_json_end_object(writer);
}

static void write_limit_number(struct ward_json_writer *writer, const char *name, bool has_limit, int64_t value)
{
    if (has_limit) {
        ward_json_member_int(writer, name, value);
    } else {
        ward_json_member_null(writer, name);
    }
}

void ward_theauthapi_write_access_key(struct ward_json_writer *writer, const struct ward_credential *credential)
{
    const struct ward_rate_limit *limit = &credential->rate_limit;
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "key", credential->value);
    ward_json_member_string(writer, "name", credential->name);
    write_id(writer, "accountId", &credential->account_id);
    write_id(writer, "projectId", &credential->project_id);
    ward_json_member_string(writer, "env", ward_span_of(ward_env_name(credential->env)));
    ward_json_member_bool(writer, "isActive", credential->is_active);
    write_limit_number(writer, "rateLimit", limit->limit != 0, limit->limit);
    write_limit_number(writer, "rateLimitTtl", limit->limit != 0, limit->ttl_s);
    write_actors(writer, &credential->provenance);
    ward_json_member_time(writer, "createdAt", credential->provenance.created_ms);
    ward_json_member_time(writer, "updatedAt", credential->provenance.updated_ms);
    ward_json_member_string(writer, "role", ward_span_of(ward_role_name(credential->role)));
    ward_json_end_object(writer);
}

/* ---- in: bodies ---- */

/** A name of another type counts as none: the model then says both of Nest's sentences, as Nest does. */
static bool read_name(const struct ward_json_value *body, struct ward_span *ret)
{
    *ret = ward_json_string(ward_json_member(body, "name"));
    return ret->data != NULL;
}

static bool read_metadata(struct ward_problems *problems, const struct ward_json_value *body, struct ward_span *ret)
{
    const struct ward_json_value *value = ward_json_member(body, "customMetaData");
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

/** Both members, each a whole number from 1 (contracts/theauthapi.md 3.4): 0 would mean "clear" to the model. */
static bool read_rate_limit(struct ward_problems *problems, const struct ward_json_value *body,
                            struct ward_rate_limit *ret)
{
    const struct ward_json_value *value = ward_json_member(body, "rateLimitConfigs");
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
    bool has_limit = ward_surface_integer(problems, value, "rateLimit", "rateLimitConfigs.rateLimit", 1, &ret->limit);
    bool has_ttl = ward_surface_integer(problems, value, "rateLimitTtl", "rateLimitConfigs.rateLimitTtl", 1,
                                        &ret->ttl_s);
    return has_limit && has_ttl;
}

/** A text of the creation context: null counts as not given; NUL characters are refused here, the model sees JSON. */
static bool read_context_text(struct ward_problems *problems, const struct ward_json_value *body, const char *member,
                              size_t max, struct ward_span *ret)
{
    if (!ward_surface_text(problems, body, member, true, ret) || !ret->data) {
        return false;
    }
    if (memchr(ret->data, '\0', ret->size)) {
        ward_problem_add(problems, member, WARD_RULE_CHARACTERS, 0, NULL);
        return false;
    }
    ward_problem_check_length(problems, member, *ret, 0, max);
    return true;
}

static enum ward_status read_context(struct ward_http_request *request, const struct ward_json_value *body,
                                     struct ward_api_key_input *ret)
{
    struct ward_span ip = WARD_SPAN_NONE, agent = WARD_SPAN_NONE;
    bool has_ip = read_context_text(&ret->problems, body, "clientIP", WARD_CUSTOM_ID_MAX, &ip);
    bool has_agent = read_context_text(&ret->problems, body, "clientUserAgent", WARD_USER_AGENT_MAX, &agent);
    if (!has_ip && !has_agent) {
        return WARD_OK;
    }
    WARD_BUFFER text = ward_buffer_new(WARD_BODY_THEAUTHAPI_MAX * 6);
    struct ward_json_writer writer = ward_json_writer_to(&text);
    ward_json_begin_object(&writer);
    if (has_ip) {
        ward_json_member_string(&writer, "clientIP", ip);
    }
    if (has_agent) {
        ward_json_member_string(&writer, "clientUserAgent", agent);
    }
    ward_json_end_object(&writer);
    ret->creation_context = ward_pool_copy(&request->pool, ward_buffer_span(&text));
    ret->has_creation_context = true;
    return text.status == WARD_OK && ret->creation_context.data ? WARD_OK : WARD_NO_MEMORY;
}

enum ward_status ward_theauthapi_read_key(struct ward_http_request *request, bool is_create,
                                          struct ward_api_key_input *ret)
{
    struct ward_problems *problems = &ret->problems;
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_surface_body(request, problems, &body);
    if (status != WARD_OK) {
        return status;
    }
    ret->has_name = read_name(body, &ret->name);
    if (is_create) {
        ret->has_project = ward_surface_text(problems, body, "projectId", false, &ret->project);
    }
    ret->has_value = ward_surface_text(problems, body, "key", false, &ret->value);
    ret->has_metadata = read_metadata(problems, body, &ret->metadata);
    ret->has_custom_account_id = ward_surface_text(problems, body, "customAccountId", true, &ret->custom_account_id);
    ret->has_custom_user_id = ward_surface_text(problems, body, "customUserId", true, &ret->custom_user_id);
    ret->has_expiry = ward_surface_expiry(problems, body, "expiry", &ret->expires_ms);
    ret->has_rate_limit = read_rate_limit(problems, body, &ret->rate_limit);
    ret->has_allowed_domains = ward_surface_domains(problems, body, "allowedDomains", &ret->allowed_domains);
    return is_create ? read_context(request, body, ret) : WARD_OK;
}

enum ward_status ward_theauthapi_read_project(struct ward_http_request *request, struct ward_project_input *ret)
{
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_surface_body(request, &ret->problems, &body);
    if (status != WARD_OK) {
        return status;
    }
    ret->has_name = read_name(body, &ret->name);
    ret->has_account = ward_surface_text(&ret->problems, body, "accountId", false, &ret->account);
    ret->has_env = ward_surface_text(&ret->problems, body, "env", false, &ret->env);
    return WARD_OK;
}

enum ward_status ward_theauthapi_read_account(struct ward_http_request *request, struct ward_account_input *ret)
{
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_surface_body(request, &ret->problems, &body);
    if (status != WARD_OK) {
        return status;
    }
    ret->has_name = read_name(body, &ret->name);
    return WARD_OK;
}

/** rateLimit and rateLimitTtl of an access key stand side by side (section 7); null or absent counts as not given. */
static void read_own_limit(struct ward_problems *problems, const struct ward_json_value *body, const char *member,
                           struct ward_credential_input *input, bool *ret_has, int64_t *ret)
{
    enum ward_json_type type = ward_json_type(ward_json_member(body, member));
    if (type == WARD_JSON_ABSENT) {
        return;
    }
    input->has_rate_limit = true;
    if (type != WARD_JSON_NULL) {
        *ret_has = ward_surface_integer(problems, body, member, member, 1, ret);
    }
}

static void read_role(struct ward_problems *problems, const struct ward_json_value *body,
                      struct ward_credential_input *ret)
{
    struct ward_span text = WARD_SPAN_NONE;
    if (!ward_surface_text(problems, body, "role", false, &text)) {
        return;
    }
    ret->has_role = ward_role_parse(text, &ret->role) && ret->role != WARD_ROLE_NONE; /* 1.2: three role names */
    if (!ret->has_role) {
        ward_problem_add(problems, "role", WARD_RULE_ENUM, 0, "viewer, user, admin");
    }
}

enum ward_status ward_theauthapi_read_access_key(struct ward_http_request *request, bool is_create,
                                                 struct ward_credential_input *ret)
{
    struct ward_problems *problems = &ret->problems;
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_surface_body(request, problems, &body);
    if (status != WARD_OK) {
        return status;
    }
    ret->has_name = read_name(body, &ret->name);
    if (is_create) {
        /* contracts/theauthapi.md 1.2: a role nobody gave is admin's, which is the vendor's behaviour. */
        ret->has_role = true;
        ret->role = WARD_ROLE_ADMIN;
        ret->has_account = ward_surface_text(problems, body, "accountId", true, &ret->account) && ret->account.data;
        ret->has_project = ward_surface_text(problems, body, "projectId", true, &ret->project) && ret->project.data;
    }
    read_own_limit(problems, body, "rateLimit", ret, &ret->has_rate_limit_number, &ret->rate_limit);
    read_own_limit(problems, body, "rateLimitTtl", ret, &ret->has_rate_limit_ttl, &ret->rate_limit_ttl);
    read_role(problems, body, ret);
    return WARD_OK;
}

enum ward_status ward_theauthapi_read_legacy(struct ward_http_request *request, struct ward_problems *problems,
                                             struct ward_span *ret_key)
{
    const struct ward_json_value *body = NULL;
    enum ward_status status = ward_surface_body(request, problems, &body);
    if (status != WARD_OK || problems->count > 0) {
        return status;
    }
    const struct ward_json_value *credentials = ward_json_member(body, "credentials");
    if (ward_json_type(credentials) != WARD_JSON_OBJECT) {
        ward_problem_add(problems, "credentials", WARD_RULE_OBJECT, 0, NULL);
        return WARD_OK;
    }
    const struct ward_json_value *key = ward_json_member(credentials, "api_key");
    if (ward_json_type(key) != WARD_JSON_STRING) {
        ward_problem_add(problems, "credentials.api_key", WARD_RULE_STRING, 0, NULL);
        return WARD_OK;
    }
    *ret_key = ward_json_string(key);
    return WARD_OK;
}

/* ---- in: queries ---- */

static struct ward_span query_raw(struct ward_http_request *request, const char *name, struct ward_problems *problems)
{
    bool is_bad = false;
    struct ward_span value = ward_http_query_get(request, name, &is_bad);
    if (is_bad) {
        ward_problem_add(problems, name, WARD_RULE_SYNTAX, 0, "the query holds a bad percent escape");
        return WARD_SPAN_NONE;
    }
    return value;
}

struct ward_span ward_theauthapi_query_text(struct ward_http_request *request, const char *name,
                                            struct ward_problems *problems)
{
    struct ward_span value = query_raw(request, name, problems);
    return ward_span_equal(value, WARD_SPAN("undefined")) ? WARD_SPAN_NONE : value;
}

static enum ward_filter_text query_nullable(struct ward_http_request *request, const char *name,
                                            struct ward_problems *problems, struct ward_span *ret)
{
    struct ward_span value = ward_theauthapi_query_text(request, name, problems);
    if (!value.data) {
        return WARD_FILTER_ANY;
    }
    if (ward_span_equal(value, WARD_SPAN("null"))) {
        return WARD_FILTER_NULL;
    }
    *ret = value;
    return WARD_FILTER_EQUAL;
}

/** True or false in any case (Python sends True); -1 when it was not sent. */
static int query_boolean(struct ward_http_request *request, const char *name, struct ward_problems *problems)
{
    struct ward_span value = ward_theauthapi_query_text(request, name, problems);
    if (!value.data) {
        return -1;
    }
    if (ward_span_equal_nocase(value, WARD_SPAN("true"))) {
        return 1;
    }
    if (!ward_span_equal_nocase(value, WARD_SPAN("false"))) {
        ward_problem_add(problems, name, WARD_RULE_BOOLEAN, 0, NULL);
    }
    return 0;
}

static int64_t query_number(struct ward_http_request *request, const char *name, int64_t otherwise,
                            struct ward_problems *problems)
{
    struct ward_span value = ward_theauthapi_query_text(request, name, problems);
    int64_t number = otherwise;
    if (value.data && !ward_parse_uint(value, &number)) {
        ward_problem_add(problems, name, WARD_RULE_INTEGER, 0, NULL);
    }
    return number;
}

/** Names compare without case (contracts/theauthapi.md 2.1): the filter takes them lower-cased. */
static enum ward_status query_name(struct ward_http_request *request, struct ward_problems *problems,
                                   struct ward_span *ret)
{
    struct ward_span name = ward_theauthapi_query_text(request, "name", problems);
    if (!name.data) {
        return WARD_OK;
    }
    if (!ward_utf8_valid(name)) {
        ward_problem_add(problems, "name", WARD_RULE_STRING, 0, NULL);
        return WARD_OK;
    }
    WARD_BUFFER folded = ward_buffer_new(WARD_HTTP_TARGET_MAX * 4);
    enum ward_status status = ward_utf8_lower(name, &folded);
    if (status != WARD_OK) {
        return status;
    }
    *ret = ward_pool_copy(&request->pool, ward_buffer_span(&folded));
    return ret->data ? WARD_OK : WARD_NO_MEMORY;
}

enum ward_status ward_theauthapi_query_keys(struct ward_http_request *request, struct ward_key_query *ret)
{
    struct ward_problems *problems = &ret->problems;
    ret->project = ward_theauthapi_query_text(request, "projectId", problems);
    ret->has_project = ret->project.data != NULL;
    struct ward_key_filter *filter = &ret->filter;
    filter->account_filter = query_nullable(request, "customAccountId", problems, &filter->custom_account_id);
    filter->user_filter = query_nullable(request, "customUserId", problems, &filter->custom_user_id);
    /* contracts/theauthapi.md 2.1: without isActive the active ones only. */
    filter->activity = query_boolean(request, "isActive", problems) == 0 ? WARD_FILTER_INACTIVE_ONLY
                                                                         : WARD_FILTER_ACTIVE_ONLY;
    filter->now_ms = ward_now_ms();
    ret->limit = query_number(request, "limit", -1, problems);
    ret->offset = query_number(request, "offset", 0, problems);
    return query_name(request, problems, &filter->name_folded);
}

enum ward_status ward_theauthapi_query_access_keys(struct ward_http_request *request, struct ward_credential_query *ret)
{
    struct ward_problems *problems = &ret->problems;
    ret->account = ward_theauthapi_query_text(request, "accountId", problems);
    ret->has_account = ret->account.data != NULL;
    ret->project = ward_theauthapi_query_text(request, "projectId", problems);
    ret->has_project = ret->project.data != NULL;
    ret->filter.has_kind = true;
    ret->filter.kind = WARD_CREDENTIAL_ACCESS_KEY;
    /* As with API keys: the active ones, unless the inactive ones are asked for. */
    ret->filter.activity = query_boolean(request, "isActive", problems) == 0 ? WARD_CREDENTIAL_INACTIVE
                                                                             : WARD_CREDENTIAL_ACTIVE;
    return WARD_OK;
}
