/* Members in, members out. */
#include "surface/ncp/shapes.h"

#include "base/encoding.h"
#include "base/iso8601.h"

/* ---- out ---- */

static void member_text(struct ward_json_writer *writer, const char *name, struct ward_span text)
{
    ward_json_member_string(writer, name, text.data ? text : WARD_SPAN(""));
}

static void member_words(struct ward_json_writer *writer, const char *name, const char *text)
{
    ward_json_member_string(writer, name, ward_span_of(text));
}

void ward_ncp_member_id(struct ward_json_writer *writer, const char *name, const struct ward_key_id *id)
{
    ward_json_member_string(writer, name, id->text[0] ? ward_span(id->text, WARD_KEY_ID_CHARS) : WARD_SPAN_NONE);
}

/* contracts/ncp.md 1: ISO 8601 with whole seconds. */
static void member_time(struct ward_json_writer *writer, const char *name, int64_t ms)
{
    char text[WARD_ISO8601_S_CHARS + 1];
    if (ms == WARD_TIME_NONE) {
        ward_json_member_null(writer, name);
        return;
    }
    ward_iso8601_format_s(ms, text);
    ward_json_member_string(writer, name, ward_span(text, WARD_ISO8601_S_CHARS));
}

static void member_uuid(struct ward_json_writer *writer, const char *name, const struct ward_uuid *id)
{
    char text[WARD_UUID_CHARS + 1];
    if (ward_uuid_is_nil(id)) {
        ward_json_member_null(writer, name);
        return;
    }
    ward_uuid_format(id, text);
    ward_json_member_string(writer, name, ward_span(text, WARD_UUID_CHARS));
}

#define TENANT_CHARS    32
#define PUBLISHER_CHARS 10

/* A tenant is an account: its id without dashes. */
static void member_tenant(struct ward_json_writer *writer, const char *name, const struct ward_uuid *account,
                          size_t size)
{
    char text[TENANT_CHARS + 1];
    ward_hex_encode(account->bytes, sizeof(account->bytes), text);
    ward_json_member_string(writer, name, ward_span(text, size));
}

/* Who changed an object last, or made it. */
static void member_modifier(struct ward_json_writer *writer, const struct ward_provenance *provenance)
{
    bool is_changed = !ward_uuid_is_nil(&provenance->changed_by);
    member_uuid(writer, "modifier", is_changed ? &provenance->changed_by : &provenance->created_by);
}

/* A number that may be none. */
static void member_number(struct ward_json_writer *writer, const char *name, bool has_number, int64_t value)
{
    if (has_number) {
        ward_json_member_int(writer, name, value);
    } else {
        ward_json_member_null(writer, name);
    }
}

void ward_ncp_write_key(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                        const struct ward_api_key *key, bool has_values)
{
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "apiKeyId", &key->id);
    member_tenant(writer, "tenantId", &key->account_id, TENANT_CHARS);
    member_text(writer, "apiKeyName", key->name);
    member_text(writer, "apiKeyDescription", key->description);
    if (has_values) {
        member_text(writer, "primaryKey", key->values[WARD_SLOT_PRIMARY]);
        member_text(writer, "secondaryKey", key->values[WARD_SLOT_SECONDARY]);
    }
    member_uuid(writer, "modifier", &key->changed_by);
    ward_json_member_bool(writer, "isEnabled", key->is_enabled);
    member_time(writer, "modTime", key->updated_ms);
    member_words(writer, "domainCode", call->domain_code);
    ward_json_end_object(writer);
}

void ward_ncp_write_product(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                            const struct ward_product *product)
{
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "productId", &product->id);
    member_text(writer, "productName", product->name);
    member_text(writer, "productDescription", product->description);
    member_words(writer, "subscriptionCode", ward_subscription_code_name(product->code));
    member_tenant(writer, "tenantId", &product->account_id, TENANT_CHARS);
    member_words(writer, "domainCode", call->domain_code);
    ward_json_member_null(writer, "invokeId"); /* Ward forwards nothing: there is no host to invoke */
    ward_json_member_bool(writer, "isPublished", false);
    ward_json_member_bool(writer, "isDeleted", product->is_removed);
    member_modifier(writer, &product->provenance);
    member_time(writer, "modTime", product->provenance.updated_ms);
    ward_json_member_null(writer, "actionName"); /* hints for NCP's console, here and in `permission` */
    ward_json_member_null(writer, "permission");
    ward_json_member_bool(writer, "disabled", false);
    ward_json_end_object(writer);
}

void ward_ncp_write_api(struct ward_json_writer *writer, const struct ward_ncp_call *call, const struct ward_api *api)
{
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "apiId", &api->id);
    member_text(writer, "apiName", api->name);
    member_text(writer, "apiDescription", api->description);
    ward_ncp_member_id(writer, "productId", &api->product_id);
    member_tenant(writer, "tenantId", &call->who.account_id, TENANT_CHARS);
    member_words(writer, "domainCode", call->domain_code);
    ward_json_member_bool(writer, "isDeleted", api->is_removed);
    member_modifier(writer, &api->provenance);
    member_time(writer, "modTime", api->provenance.updated_ms);
    ward_json_end_object(writer);
}

void ward_ncp_write_terms(struct ward_json_writer *writer, const struct ward_plan_terms *terms)
{
    char classes[WARD_ANSWER_CLASSES_CHARS + 1];
    ward_answer_classes_format(terms->classes, classes);
    member_number(writer, "dayQuotaRequest", terms->day_quota != WARD_QUOTA_NONE, terms->day_quota);
    member_number(writer, "monthQuotaRequest", terms->month_quota != WARD_QUOTA_NONE, terms->month_quota);
    member_number(writer, "rateRps", terms->rate_rps != 0, terms->rate_rps);
    ward_json_member_string(writer, "quotaCondition", classes[0] ? ward_span_of(classes) : WARD_SPAN_NONE);
}

void ward_ncp_write_stage(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                          const struct ward_stage *stage)
{
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "stageId", &stage->id);
    member_text(writer, "stageName", stage->name);
    ward_ncp_member_id(writer, "apiId", &stage->api_id);
    member_tenant(writer, "tenantId", &call->who.account_id, TENANT_CHARS);
    member_text(writer, "endpointDomain", stage->endpoint_domain);
    member_number(writer, "throttleRps", stage->throttle_rps != 0, stage->throttle_rps);
    member_number(writer, "cacheTtlSec", stage->cache_ttl_s != 0, stage->cache_ttl_s);
    member_words(writer, "ipAclCode", ward_acl_code_name(stage->acl_code));
    member_text(writer, "ipAclList", stage->acl_list);
    ward_json_member_bool(writer, "isMaintenance", stage->is_maintenance);
    ward_json_member_int(writer, "statusCode", stage->status_code);
    member_text(writer, "response", stage->response);
    ward_ncp_write_terms(writer, &stage->terms);
    member_modifier(writer, &stage->provenance);
    member_time(writer, "regTime", stage->provenance.created_ms);
    ward_json_end_object(writer);
}

void ward_ncp_write_plan(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                         const struct ward_usage_plan *plan)
{
    char classes[WARD_ANSWER_CLASSES_CHARS + 1];
    const struct ward_plan_terms *terms = &plan->terms;
    ward_answer_classes_format(terms->classes, classes);
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "usagePlanId", &plan->id);
    member_tenant(writer, "tenantId", &plan->account_id, TENANT_CHARS);
    member_text(writer, "usagePlanName", plan->name);
    member_text(writer, "usagePlanDescription", plan->description);
    member_number(writer, "rateRps", terms->rate_rps != 0, terms->rate_rps);
    member_number(writer, "dayQuotaRequest", terms->day_quota != WARD_QUOTA_NONE, terms->day_quota);
    member_number(writer, "monthQuotaRequest", terms->month_quota != WARD_QUOTA_NONE, terms->month_quota);
    ward_json_member_string(writer, "quotaCondition", classes[0] ? ward_span_of(classes) : WARD_SPAN_NONE);
    ward_json_member_int(writer, "associatedStagesCount", plan->associated_stages);
    member_modifier(writer, &plan->provenance);
    member_words(writer, "domainCode", call->domain_code);
    ward_json_end_object(writer);
}

void ward_ncp_write_plan_brief(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                               const struct ward_usage_plan *plan)
{
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "usagePlanId", &plan->id);
    member_text(writer, "usagePlanName", plan->name);
    ward_json_member_int(writer, "associatedStagesCount", plan->associated_stages);
    member_words(writer, "domainCode", call->domain_code);
    ward_json_end_object(writer);
}

void ward_ncp_write_plan_stage(struct ward_json_writer *writer, const struct ward_plan_stage *stage)
{
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "productId", &stage->product_id);
    member_text(writer, "productName", stage->product_name);
    ward_ncp_member_id(writer, "apiId", &stage->api_id);
    member_text(writer, "apiName", stage->api_name);
    ward_ncp_member_id(writer, "stageId", &stage->stage_id);
    member_text(writer, "stageName", stage->stage_name);
    ward_json_end_object(writer);
}

static void member_status(struct ward_json_writer *writer, const struct ward_subscription *subscription)
{
    member_words(writer, "status", ward_subscription_status_name(subscription->status));
}

void ward_ncp_write_own_key(struct ward_json_writer *writer, const struct ward_product_key *row)
{
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "apiKeyId", &row->key.id);
    member_text(writer, "apiKeyName", row->key.name);
    member_text(writer, "apiKeyDescription", row->key.description);
    member_status(writer, &row->subscription);
    ward_json_end_object(writer);
}

void ward_ncp_write_product_key(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                                const struct ward_product_key *row)
{
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "apiKeyId", &row->key.id);
    member_text(writer, "apiKeyName", row->key.name);
    member_words(writer, "domainCode", call->domain_code);
    member_time(writer, "modTime", row->subscription.provenance.updated_ms);
    member_time(writer, "regTime", row->subscription.provenance.created_ms);
    member_text(writer, "primaryKey", row->key.values[WARD_SLOT_PRIMARY]);
    member_text(writer, "secondaryKey", row->key.values[WARD_SLOT_SECONDARY]);
    member_status(writer, &row->subscription);
    ward_json_end_object(writer);
}

void ward_ncp_write_key_product(struct ward_json_writer *writer, const struct ward_key_product *row)
{
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "productId", &row->product.id);
    member_text(writer, "productName", row->product.name);
    member_text(writer, "productDescription", row->product.description);
    /* Ten characters in NCP: enough to tell publishers apart, not the whole id of another tenant. */
    member_tenant(writer, "publisherId", &row->product.account_id, PUBLISHER_CHARS);
    member_status(writer, &row->subscription);
    member_time(writer, "regTime", row->subscription.provenance.created_ms);
    member_time(writer, "modTime", row->subscription.provenance.updated_ms);
    ward_json_member_bool(writer, "isSelfProduct", row->is_self);
    ward_json_end_object(writer);
}

void ward_ncp_write_relation(struct ward_json_writer *writer, const struct ward_ncp_call *call,
                             const struct ward_relation *relation)
{
    ward_json_begin_object(writer);
    ward_ncp_member_id(writer, "apiId", &relation->api_id);
    member_text(writer, "apiName", relation->api_name);
    ward_ncp_member_id(writer, "stageId", &relation->stage_id);
    member_text(writer, "stageName", relation->stage_name);
    ward_ncp_member_id(writer, "apiKeyId", &relation->key_id);
    member_text(writer, "apiKeyName", relation->key_name);
    ward_ncp_member_id(writer, "usagePlanId", &relation->plan_id);
    ward_json_member_string(writer, "usagePlanName", relation->plan_name);
    ward_json_member_int(writer, "dailyUsage", relation->day_used);
    ward_json_member_int(writer, "dayCallCount", relation->day_calls);
    ward_json_member_int(writer, "monthlyUsage", relation->month_used);
    ward_json_member_int(writer, "monthCallCount", relation->month_calls);
    member_time(writer, "regTime", relation->created_ms);
    member_time(writer, "modTime", relation->updated_ms);
    member_words(writer, "domainCode", call->domain_code);
    ward_json_end_object(writer);
}

/* ---- in ---- */

bool ward_ncp_read_text(struct ward_problems *problems, const struct ward_json_value *body, const char *member,
                        struct ward_span *ret)
{
    struct ward_span text = WARD_SPAN_NONE;
    if (!ward_surface_text(problems, body, member, true, &text) || !text.data) {
        return false;
    }
    *ret = text;
    return true;
}

/* A member that may be cleared: null comes out as sent and absent. */
static bool read_clearable(struct ward_problems *problems, const struct ward_json_value *body, const char *member,
                           struct ward_span *ret)
{
    return ward_surface_text(problems, body, member, true, ret);
}

/* contracts/ncp.md 1: whole numbers of 64 bits, which is more than a JSON number usually carries: digits are read as
 * they stand, other spellings (1.0, 1e3) within ±2^53. null counts as not sent. */
static bool read_number(struct ward_problems *problems, const struct ward_json_value *body, const char *member,
                        int64_t *ret)
{
    const struct ward_json_value *value = ward_json_member(body, member);
    enum ward_json_type type = ward_json_type(value);
    if (type == WARD_JSON_ABSENT || type == WARD_JSON_NULL) {
        return false;
    }
    if (type == WARD_JSON_NUMBER && (ward_parse_uint(ward_json_raw(value), ret) || ward_json_integer(value, ret))) {
        return true;
    }
    ward_problem_add(problems, member, WARD_RULE_INTEGER, 0, NULL);
    return false;
}

static bool read_boolean(struct ward_problems *problems, const struct ward_json_value *body, const char *member,
                         bool *ret)
{
    enum ward_json_type type = ward_json_type(ward_json_member(body, member));
    if (type == WARD_JSON_TRUE || type == WARD_JSON_FALSE) {
        *ret = type == WARD_JSON_TRUE;
        return true;
    }
    if (type != WARD_JSON_ABSENT) {
        ward_problem_add(problems, member, WARD_RULE_BOOLEAN, 0, NULL);
    }
    return false;
}

/* contracts/ncp.md 2.1: clients made from the vendor's tables say apiName; apiKeyName wins, and is the name in errors.
 */
static bool read_key_name(struct ward_problems *problems, const struct ward_json_value *body, struct ward_span *ret)
{
    const struct ward_json_value *value = ward_json_member(body, "apiKeyName");
    if (!value) {
        value = ward_json_member(body, "apiName");
    }
    if (ward_json_type(value) == WARD_JSON_STRING) {
        *ret = ward_json_string(value);
        return true;
    }
    if (value) {
        ward_problem_add(problems, "apiKeyName", WARD_RULE_STRING, 0, NULL);
    }
    return false;
}

void ward_ncp_read_key(const struct ward_json_value *body, struct ward_key_pair_input *ret)
{
    struct ward_problems *problems = &ret->problems;
    ret->has_name = read_key_name(problems, body, &ret->name);
    ret->has_description = read_clearable(problems, body, "apiKeyDescription", &ret->description);
    ret->has_enabled = read_boolean(problems, body, "isEnabled", &ret->is_enabled);
}

void ward_ncp_read_product(const struct ward_json_value *body, struct ward_product_input *ret)
{
    struct ward_problems *problems = &ret->problems;
    ret->has_name = ward_surface_text(problems, body, "productName", false, &ret->name);
    ret->has_description = read_clearable(problems, body, "description", &ret->description);
    ret->has_code = ward_surface_text(problems, body, "subscriptionCode", false, &ret->code);
}

void ward_ncp_read_api(const struct ward_json_value *body, struct ward_api_input *ret)
{
    struct ward_problems *problems = &ret->problems;
    ret->has_name = ward_surface_text(problems, body, "apiName", false, &ret->name);
    ret->has_description = read_clearable(problems, body, "apiDescription", &ret->description);
}

/* null clears, which the model writes as 0; a 0 that was sent is below the least. */
static bool read_clearable_number(struct ward_problems *problems, const struct ward_json_value *body,
                                  const char *member, int64_t *ret)
{
    if (ward_json_type(ward_json_member(body, member)) == WARD_JSON_NULL) {
        *ret = 0;
        return true;
    }
    if (!read_number(problems, body, member, ret)) {
        return false;
    }
    if (*ret < 1) {
        ward_problem_add(problems, member, WARD_RULE_MIN, 1, NULL);
        return false;
    }
    return true;
}

void ward_ncp_read_stage(const struct ward_json_value *body, struct ward_stage_input *ret)
{
    struct ward_problems *problems = &ret->problems;
    ret->has_name = ward_surface_text(problems, body, "stageName", false, &ret->name);
    ret->has_endpoint_domain = ward_surface_text(problems, body, "endpointDomain", false, &ret->endpoint_domain);
    ret->has_throttle_rps = read_clearable_number(problems, body, "throttleRps", &ret->throttle_rps);
    ret->has_cache_ttl_s = read_clearable_number(problems, body, "cacheTtlSec", &ret->cache_ttl_s);
    ret->has_acl_code = read_clearable(problems, body, "ipAclCode", &ret->acl_code);
    ret->has_acl_list = read_clearable(problems, body, "ipAclList", &ret->acl_list);
    ret->has_maintenance = read_boolean(problems, body, "isMaintenance", &ret->is_maintenance);
    ret->has_status_code = read_number(problems, body, "statusCode", &ret->status_code);
    ret->has_response = read_clearable(problems, body, "response", &ret->response);
}

void ward_ncp_read_terms(struct ward_problems *problems, const struct ward_json_value *body,
                         struct ward_terms_input *ret)
{
    ret->has_rate = read_number(problems, body, "rateRps", &ret->rate_rps);
    ret->has_day_quota = read_number(problems, body, "dayQuotaRequest", &ret->day_quota);
    ret->has_month_quota = read_number(problems, body, "monthQuotaRequest", &ret->month_quota);
    ret->has_classes = ward_ncp_read_text(problems, body, "quotaCondition", &ret->classes);
}

void ward_ncp_read_plan(const struct ward_json_value *body, struct ward_usage_plan_input *ret)
{
    struct ward_problems *problems = &ret->problems;
    ret->has_name = ward_surface_text(problems, body, "usagePlanName", false, &ret->name);
    ret->has_description = read_clearable(problems, body, "usagePlanDescription", &ret->description);
    ward_ncp_read_terms(problems, body, &ret->terms);
}

void ward_ncp_read_page(struct ward_problems *problems, const struct ward_json_value *body, struct ward_page *ret)
{
    ret->has_offset = read_number(problems, body, "offset", &ret->offset);
    ret->has_limit = read_number(problems, body, "limit", &ret->limit);
}

void ward_ncp_read_statuses(struct ward_problems *problems, const struct ward_json_value *body,
                            ward_subscription_statuses *ret)
{
    const struct ward_json_value *value = ward_json_member(body, "statusSet");
    enum ward_json_type type = ward_json_type(value);
    if (type == WARD_JSON_ABSENT || type == WARD_JSON_NULL) {
        return;
    }
    if (type != WARD_JSON_ARRAY) {
        ward_problem_add(problems, "statusSet", WARD_RULE_ARRAY, 0, NULL);
        return;
    }
    for (size_t i = 0; i < ward_json_count(value); i++) {
        enum ward_subscription_status status;
        if (!ward_subscription_status_parse(ward_json_string(ward_json_at(value, i)), &status)) {
            ward_problem_add(problems, "statusSet", WARD_RULE_ENUM, 0,
                             "REQUEST, ACCEPTED, REJECTED, DENY, BLOCKED_REQUEST");
            return;
        }
        *ret |= 1U << status;
    }
}
