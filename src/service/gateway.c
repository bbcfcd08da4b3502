/* How the gateway's use cases run, and the one place where its nouns are looked up. */
#include "service/gateway_internal.h"

/* ---- running ---- */

static enum ward_status may_run(const struct ward_gateway_call *call, enum ward_right right,
                                const struct ward_problems *problems)
{
    if (!ward_operator_may(call->who, right)) {
        return WARD_FORBIDDEN;
    }
    return problems && problems->count > 0 ? WARD_INVALID : WARD_OK;
}

enum ward_status ward_gateway_read(struct ward_gateway_call *call, enum ward_right right,
                                   const struct ward_problems *problems, ward_store_work work, void *arg)
{
    enum ward_status status = may_run(call, right, problems);
    if (status != WARD_OK) {
        return status;
    }
    return ward_store_read(call->service->store, work, arg);
}

enum ward_status ward_gateway_write(struct ward_gateway_call *call, enum ward_right right,
                                    const struct ward_problems *problems, ward_store_work work, void *arg)
{
    uint64_t revision;
    enum ward_status status = may_run(call, right, problems);
    if (status != WARD_OK) {
        return status;
    }
    status = ward_store_write(call->service->store, work, arg, &revision);
    if (status == WARD_OK) {
        ward_service_receipt(call->service, revision, &call->receipt);
    }
    return status;
}

enum ward_status ward_gateway_write_later(struct ward_gateway_call *call, enum ward_right right,
                                          const struct ward_problems *problems, ward_store_work work, void *arg,
                                          const struct ward_later *later)
{
    enum ward_status status = may_run(call, right, problems);
    if (status != WARD_OK) {
        return status;
    }
    return ward_service_write_later(call->service, call->pool, work, arg, &call->receipt, later);
}

enum ward_status ward_gateway_refuse(struct ward_gateway_call *call, enum ward_noun noun, enum ward_status status)
{
    call->missing = noun;
    return status;
}

struct ward_gateway_filter ward_gateway_own(const struct ward_gateway_call *call)
{
    return (struct ward_gateway_filter){ .account_id = call->who->account_id,
                                         .project_id = call->who->project_id,
                                         .slice = WARD_SLICE_ALL };
}

struct ward_slice ward_gateway_slice(const struct ward_page *page)
{
    return (struct ward_slice){ ward_page_offset(page), ward_page_limit(page) };
}

bool ward_gateway_take(struct ward_pool *pool, bool has_text, struct ward_span text, struct ward_span *ret)
{
    if (!has_text || ward_span_equal(text, *ret)) {
        return false;
    }
    *ret = text.data ? ward_pool_copy(pool, text) : WARD_SPAN("");
    return true;
}

/* ---- lookups ---- */

/* Name the noun that is not there; other errors are not about it. */
static enum ward_status name_missing(struct ward_gateway_call *call, enum ward_noun noun, enum ward_status status)
{
    return status == WARD_NOT_FOUND ? ward_gateway_refuse(call, noun, status) : status;
}

static enum ward_status get_key(struct ward_store_session *session, struct ward_gateway_call *call, struct ward_span id,
                                struct ward_api_key *ret)
{
    struct ward_key_id key_id;
    struct ward_api_key key;
    if (!ward_key_id_parse(id, &key_id)) {
        return WARD_NOT_FOUND;
    }
    enum ward_status status = ward_store_key_get(session, &key_id, call->pool, &key);
    if (status != WARD_OK) {
        return status;
    }
    if (key.is_removed || !key.is_project_active ||
        !ward_operator_covers(call->who, &key.account_id, &key.project_id)) {
        return WARD_NOT_FOUND;
    }
    *ret = key;
    return WARD_OK;
}

enum ward_status ward_find_own_key(struct ward_store_session *session, struct ward_gateway_call *call,
                                   struct ward_span id, struct ward_api_key *ret)
{
    return name_missing(call, WARD_NOUN_API_KEY, get_key(session, call, id, ret));
}

static enum ward_status get_product(struct ward_store_session *session, struct ward_gateway_call *call,
                                    struct ward_span id, struct ward_product *ret)
{
    struct ward_key_id product_id;
    struct ward_product product;
    if (!ward_key_id_parse(id, &product_id)) {
        return WARD_NOT_FOUND;
    }
    enum ward_status status = ward_store_product_get(session, &product_id, call->pool, &product);
    if (status != WARD_OK) {
        return status;
    }
    if (product.is_removed || !product.is_scope_active) {
        return WARD_NOT_FOUND;
    }
    *ret = product;
    return WARD_OK;
}

enum ward_status ward_find_any_product(struct ward_store_session *session, struct ward_gateway_call *call,
                                       struct ward_span id, struct ward_product *ret)
{
    return name_missing(call, WARD_NOUN_PRODUCT, get_product(session, call, id, ret));
}

enum ward_status ward_find_own_product(struct ward_store_session *session, struct ward_gateway_call *call,
                                       struct ward_span id, struct ward_product *ret)
{
    struct ward_product product;
    enum ward_status status = ward_find_any_product(session, call, id, &product);
    if (status != WARD_OK) {
        return status;
    }
    if (!ward_operator_covers(call->who, &product.account_id, &product.project_id)) {
        return ward_gateway_refuse(call, WARD_NOUN_PRODUCT, WARD_NOT_FOUND);
    }
    *ret = product;
    return WARD_OK;
}

static enum ward_status get_plan(struct ward_store_session *session, struct ward_gateway_call *call,
                                 struct ward_span id, struct ward_usage_plan *ret)
{
    struct ward_key_id plan_id;
    struct ward_usage_plan plan;
    if (!ward_key_id_parse(id, &plan_id)) {
        return WARD_NOT_FOUND;
    }
    enum ward_status status = ward_store_plan_get(session, &plan_id, call->pool, &plan);
    if (status != WARD_OK) {
        return status;
    }
    if (!plan.is_scope_active || !ward_operator_covers(call->who, &plan.account_id, &plan.project_id)) {
        return WARD_NOT_FOUND;
    }
    *ret = plan;
    return WARD_OK;
}

enum ward_status ward_find_own_plan(struct ward_store_session *session, struct ward_gateway_call *call,
                                    struct ward_span id, struct ward_usage_plan *ret)
{
    return name_missing(call, WARD_NOUN_USAGE_PLAN, get_plan(session, call, id, ret));
}

static enum ward_status get_api(struct ward_store_session *session, struct ward_gateway_call *call, struct ward_span id,
                                const struct ward_key_id *product, struct ward_api *ret)
{
    struct ward_key_id api_id;
    struct ward_api api;
    if (!ward_key_id_parse(id, &api_id)) {
        return WARD_NOT_FOUND;
    }
    enum ward_status status = ward_store_api_get(session, &api_id, call->pool, &api);
    if (status != WARD_OK) {
        return status;
    }
    if (api.is_removed || strcmp(api.product_id.text, product->text) != 0) {
        return WARD_NOT_FOUND;
    }
    *ret = api;
    return WARD_OK;
}

enum ward_status ward_find_api(struct ward_store_session *session, struct ward_gateway_call *call,
                               const struct ward_stage_path *path, struct ward_found_path *ret)
{
    enum ward_status status = ward_find_own_product(session, call, path->product, &ret->product);
    if (status == WARD_OK) {
        status = name_missing(call, WARD_NOUN_API, get_api(session, call, path->api, &ret->product.id, &ret->api));
    }
    return status;
}

static enum ward_status get_stage(struct ward_store_session *session, struct ward_gateway_call *call,
                                  struct ward_span id, struct ward_stage *ret)
{
    struct ward_key_id stage_id;
    struct ward_stage stage;
    if (!ward_key_id_parse(id, &stage_id)) {
        return WARD_NOT_FOUND;
    }
    enum ward_status status = ward_store_stage_get(session, &stage_id, call->pool, &stage);
    if (status != WARD_OK) {
        return status;
    }
    if (stage.is_removed) {
        return WARD_NOT_FOUND;
    }
    *ret = stage;
    return WARD_OK;
}

enum ward_status ward_find_stage(struct ward_store_session *session, struct ward_gateway_call *call,
                                 const struct ward_stage_path *path, struct ward_found_path *ret)
{
    enum ward_status status = ward_find_api(session, call, path, ret);
    if (status != WARD_OK) {
        return status;
    }
    status = get_stage(session, call, path->stage, &ret->stage);
    if (status == WARD_OK && strcmp(ret->stage.api_id.text, ret->api.id.text) != 0) {
        status = WARD_NOT_FOUND;
    }
    return name_missing(call, WARD_NOUN_STAGE, status);
}

enum ward_status ward_find_own_stage(struct ward_store_session *session, struct ward_gateway_call *call,
                                     struct ward_span id, struct ward_found_path *ret)
{
    enum ward_status status = get_stage(session, call, id, &ret->stage);
    if (status == WARD_OK) {
        struct ward_span product = ward_span(ret->stage.product_id.text, WARD_KEY_ID_CHARS);
        status = ward_find_own_product(session, call, product, &ret->product);
    }
    return name_missing(call, WARD_NOUN_STAGE, status);
}

/* ---- change entries ---- */

enum ward_status ward_gateway_log(struct ward_store_session *session, const struct ward_operator *who,
                                  enum ward_object_kind kind, const struct ward_key_id *id,
                                  const struct ward_uuid *account, const struct ward_uuid *project, const char *action,
                                  const struct ward_members *members)
{
    const struct ward_audit audit = {
        .kind = kind,
        .object_id = ward_span(id->text, WARD_KEY_ID_CHARS),
        .account = account,
        .project = project,
        .action = action,
        .members = members,
    };
    return ward_audit_append(session, who, &audit);
}

enum ward_status ward_gateway_log_subscription(struct ward_store_session *session, const struct ward_operator *who,
                                               const struct ward_product *product, const struct ward_key_id *key,
                                               const char *action, const struct ward_members *members)
{
    char id[WARD_SUBSCRIPTION_ID_CHARS];
    memcpy(id, product->id.text, WARD_KEY_ID_CHARS);
    id[WARD_KEY_ID_CHARS] = '/';
    memcpy(id + WARD_KEY_ID_CHARS + 1, key->text, WARD_KEY_ID_CHARS);
    const struct ward_audit audit = {
        .kind = WARD_OBJECT_SUBSCRIPTION,
        .object_id = ward_span(id, sizeof(id)),
        .account = &product->account_id,
        .project = &product->project_id,
        .action = action,
        .members = members,
    };
    return ward_audit_append(session, who, &audit);
}
