/* The native surface's objects: camelCase, ids shown, null where there is nothing. */
#include "surface/native/objects.h"

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

static void write_limit(struct ward_json_writer *writer, const struct ward_rate_limit *limit)
{
    ward_json_key(writer, "rateLimit");
    if (limit->limit == 0) {
        ward_json_put_null(writer);
        return;
    }
    ward_json_begin_object(writer);
    ward_json_member_int(writer, "limit", limit->limit);
    ward_json_member_int(writer, "ttl", limit->ttl_s);
    ward_json_end_object(writer);
}

static void write_raw_or(struct ward_json_writer *writer, const char *name, struct ward_span json,
                         struct ward_span otherwise)
{
    ward_json_member_raw(writer, name, json.size > 0 ? json : otherwise);
}

void ward_native_write_key(struct ward_json_writer *writer, const struct ward_api_key *key, int64_t now_ms)
{
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "id", ward_span_of(key->id.text));
    ward_json_member_string(writer, "key", key->values[WARD_SLOT_PRIMARY]);
    ward_json_member_string(writer, "name", key->name);
    write_id(writer, "projectId", &key->project_id);
    write_id(writer, "accountId", &key->account_id);
    ward_json_member_string(writer, "env", ward_span_of(ward_env_name(key->env)));
    ward_json_member_bool(writer, "isActive", ward_api_key_is_active(key, now_ms));
    write_raw_or(writer, "metadata", key->metadata, WARD_SPAN("{}"));
    ward_json_member_string(writer, "customAccountId", key->custom_account_id);
    ward_json_member_string(writer, "customUserId", key->custom_user_id);
    write_limit(writer, &key->rate_limit);
    write_raw_or(writer, "allowedDomains", key->allowed_domains, WARD_SPAN("null"));
    ward_json_member_time(writer, "expiresAt", key->expires_ms);
    ward_json_member_time(writer, "firstUsedAt", key->first_used_ms);
    ward_json_member_time(writer, "createdAt", key->created_ms);
    ward_json_member_time(writer, "updatedAt", key->updated_ms);
    ward_json_end_object(writer);
}

void ward_native_write_project(struct ward_json_writer *writer, const struct ward_project *project)
{
    ward_json_begin_object(writer);
    write_id(writer, "id", &project->id);
    ward_json_member_string(writer, "name", project->name);
    write_id(writer, "accountId", &project->account_id);
    ward_json_member_string(writer, "env", ward_span_of(ward_env_name(project->env)));
    ward_json_member_bool(writer, "isActive", project->is_active);
    ward_json_member_time(writer, "createdAt", project->provenance.created_ms);
    ward_json_member_time(writer, "updatedAt", project->provenance.updated_ms);
    ward_json_end_object(writer);
}

static void write_projects(struct ward_json_writer *writer, const struct ward_environment *environment)
{
    char id[WARD_UUID_CHARS + 1];
    ward_json_key(writer, "projects");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < environment->project_count; i++) {
        ward_uuid_format(&environment->projects[i], id);
        ward_json_put_string(writer, ward_span(id, WARD_UUID_CHARS));
    }
    ward_json_end_array(writer);
}

static void write_replicas(struct ward_json_writer *writer, const struct ward_environment *environment)
{
    ward_json_key(writer, "replicas");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < environment->replica_count; i++) {
        ward_json_begin_object(writer);
        ward_json_member_string(writer, "name", environment->replicas[i].name);
        ward_json_member_string(writer, "directory", environment->replicas[i].directory);
        ward_json_end_object(writer);
    }
    ward_json_end_array(writer);
}

void ward_native_write_environment(struct ward_json_writer *writer, const struct ward_environment *environment)
{
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "id", ward_object_id_span(&environment->id));
    ward_json_member_string(writer, "name", environment->name);
    ward_json_member_string(writer, "description", environment->description);
    ward_json_member_string(writer, "type", ward_span_of(ward_environment_type_name(environment->type)));
    ward_json_member_string(writer, "status", ward_span_of(ward_environment_status_name(environment->status)));
    ward_json_member_string(writer, "accessUrl", environment->access_url);
    write_id(writer, "accountId", &environment->account_id);
    write_projects(writer, environment);
    write_replicas(writer, environment);
    ward_json_member_time(writer, "createdAt", environment->provenance.created_ms);
    ward_json_member_time(writer, "updatedAt", environment->provenance.updated_ms);
    ward_json_end_object(writer);
}

static void write_grants(struct ward_json_writer *writer, uint32_t grants)
{
    const char *name;
    uint32_t right;
    ward_json_key(writer, "grants");
    ward_json_begin_array(writer);
    for (size_t i = 0; ward_grant_at(i, &name, &right); i++) {
        if (grants & right) {
            ward_json_put_string(writer, ward_span_of(name));
        }
    }
    ward_json_end_array(writer);
}

void ward_native_write_credential(struct ward_json_writer *writer, const struct ward_credential *credential)
{
    ward_json_begin_object(writer);
    write_id(writer, "id", &credential->id);
    ward_json_member_string(writer, "kind", ward_span_of(ward_credential_kind_name(credential->kind)));
    if (credential->public_id.data) {
        ward_json_member_string(writer, "publicId", credential->public_id);
    }
    if (credential->value.data) {
        ward_json_member_string(writer, "value", credential->value);
    }
    ward_json_member_string(writer, "name", credential->name);
    ward_json_member_string(writer, "role", ward_span_of(ward_role_name(credential->role)));
    write_grants(writer, credential->grants);
    write_id(writer, "accountId", &credential->account_id);
    write_id(writer, "projectId", &credential->project_id);
    ward_json_member_string(writer, "env", ward_span_of(ward_env_name(credential->env)));
    ward_json_member_bool(writer, "isActive", credential->is_active);
    write_limit(writer, &credential->rate_limit);
    ward_json_member_time(writer, "expiresAt", credential->expires_ms);
    ward_json_member_time(writer, "createdAt", credential->provenance.created_ms);
    ward_json_member_time(writer, "updatedAt", credential->provenance.updated_ms);
    ward_json_end_object(writer);
}

enum ward_handled ward_native_deleted(struct ward_http_request *request, struct ward_http_reply *reply,
                                      const struct ward_receipt *receipt)
{
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_NATIVE_JSON);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "id", request->parameters[0]);
    ward_json_member_bool(&writer, "isActive", false);
    ward_json_end_object(&writer);
    ward_surface_receipt(request, reply, receipt);
    return WARD_REPLIED;
}

enum ward_handled ward_native_list_end(struct ward_http_request *request, struct ward_http_reply *reply,
                                       enum ward_status status, const struct ward_problems *problems)
{
    /* A body that did not fit or find memory is the HTTP layer's to report. */
    if (status != WARD_OK && reply->body.status == WARD_OK) {
        return ward_native_fail(request, reply, status, problems);
    }
    return WARD_REPLIED;
}

struct ward_span ward_native_query(struct ward_http_request *request, const char *name, struct ward_problems *problems)
{
    bool is_bad = false;
    struct ward_span value = ward_http_query_get(request, name, &is_bad);
    if (is_bad) {
        ward_problem_add(problems, name, WARD_RULE_SYNTAX, 0, "holds a bad percent escape");
        return WARD_SPAN_NONE;
    }
    return value;
}

struct only {
    struct ward_uuid id;
    size_t count;
};

static enum ward_status count_active(const struct ward_account *account, void *arg)
{
    struct only *only = arg;
    if (account->is_active) {
        only->id = account->id;
        only->count++;
    }
    return WARD_OK;
}

enum ward_status ward_native_only_account(struct ward_http_request *request, const struct ward_operator *who,
                                          struct ward_span *ret)
{
    struct only only = { 0 };
    enum ward_status status = ward_service_account_list(ward_native_service(request), who, &request->pool, count_active,
                                                        &only);
    if (status != WARD_OK || only.count != 1) {
        *ret = WARD_SPAN_NONE;
        return status;
    }
    char text[WARD_UUID_CHARS + 1];
    ward_uuid_format(&only.id, text);
    *ret = ward_pool_copy(&request->pool, ward_span(text, WARD_UUID_CHARS));
    return ret->data ? WARD_OK : WARD_NO_MEMORY;
}
