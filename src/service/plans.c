/*
 * Usage plans: contracts/ncp.md 6.2. A plan that somebody has does not go: neither is it deleted while a stage offers
 * it, nor detached from a stage while a key has it there. The keys would fall back to other terms that nobody chose for
 * them.
 */
#include "service/gateway_internal.h"

struct plan_case {
    struct ward_gateway_call *call;
    struct ward_span id;
    const struct ward_stage_path *path;
    struct ward_usage_plan_input *input;
    struct ward_plan_terms terms;
    struct ward_found_path found;
    struct ward_usage_plan plan; /* as answered in the end */
};

static enum ward_status find_plan_in(struct ward_store_session *session, void *arg)
{
    struct plan_case *c = arg;
    return ward_find_own_plan(session, c->call, c->id, &c->plan);
}

static enum ward_status answer_plan(const struct plan_case *c, enum ward_status status, struct ward_usage_plan *ret)
{
    if (status == WARD_OK && ret) {
        *ret = c->plan;
    }
    return status;
}

enum ward_status ward_service_plan_get(struct ward_gateway_call *call, struct ward_span plan,
                                       struct ward_usage_plan *ret)
{
    struct plan_case c = { .call = call, .id = plan };
    return answer_plan(&c, ward_gateway_read(call, WARD_RIGHT_GATEWAY_READ, NULL, find_plan_in, &c), ret);
}

/* ---- create, update, delete ---- */

static enum ward_status log_plan(struct ward_store_session *session, const struct plan_case *c, const char *action,
                                 const struct ward_members *members)
{
    enum ward_status status = ward_pool_status(c->call->pool);
    if (status != WARD_OK) {
        return status;
    }
    ward_publisher_expect_puts(c->call->service->publisher, 1, 0);
    return ward_gateway_log(session, c->call->who, WARD_OBJECT_USAGE_PLAN, &c->plan.id, &c->plan.account_id,
                            &c->plan.project_id, action, members);
}

static void apply_input(struct plan_case *c, struct ward_members *changed)
{
    const struct ward_usage_plan_input *input = c->input;
    struct ward_usage_plan *plan = &c->plan;
    if (ward_gateway_take(c->call->pool, input->has_name, input->name, &plan->name)) {
        ward_members_add(changed, "usagePlanName");
    }
    if (ward_gateway_take(c->call->pool, input->has_description, input->description, &plan->description)) {
        ward_members_add(changed, "usagePlanDescription");
    }
    if (c->terms.rate_rps != plan->terms.rate_rps) {
        ward_members_add(changed, "rateRps");
    }
    if (c->terms.day_quota != plan->terms.day_quota) {
        ward_members_add(changed, "dayQuotaRequest");
    }
    if (c->terms.month_quota != plan->terms.month_quota) {
        ward_members_add(changed, "monthQuotaRequest");
    }
    if (c->terms.classes != plan->terms.classes) {
        ward_members_add(changed, "quotaCondition");
    }
    plan->terms = c->terms;
}

static enum ward_status create_in(struct ward_store_session *session, void *arg)
{
    struct plan_case *c = arg;
    struct ward_usage_plan_input *input = c->input;
    struct ward_members members = { 0 };
    struct ward_project home;
    enum ward_status status = ward_scope_home(session, c->call->who, input->has_project, input->project,
                                              &input->problems, c->call->pool, &home);
    if (status == WARD_OK && input->problems.count > 0) {
        status = WARD_INVALID;
    }
    if (status != WARD_OK) {
        return status;
    }
    c->plan = (struct ward_usage_plan){
        .account_id = home.account_id,
        .project_id = home.id,
        .is_scope_active = true,
        .name = WARD_SPAN(""),
        .description = WARD_SPAN(""),
        .terms = WARD_PLAN_TERMS_NONE,
        .provenance = ward_provenance_new(c->call->who, ward_now_ms()),
        .version = 1,
    };
    apply_input(c, &members);
    status = ward_service_draw_id(session, ward_store_gateway_id_exists, &c->plan.id);
    if (status == WARD_OK) {
        status = ward_store_plan_insert(session, &c->plan);
    }
    return status == WARD_OK ? log_plan(session, c, WARD_ACTION_CREATED, &members) : status;
}

enum ward_status ward_service_plan_create(struct ward_gateway_call *call, struct ward_usage_plan_input *input,
                                          struct ward_usage_plan *ret)
{
    struct plan_case c = { .call = call, .input = input };
    ward_usage_plan_input_check(input, &c.terms);
    return answer_plan(&c, ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &input->problems, create_in, &c), ret);
}

static enum ward_status update_in(struct ward_store_session *session, void *arg)
{
    struct plan_case *c = arg;
    struct ward_members changed = { 0 };
    enum ward_status status = find_plan_in(session, c);
    if (status != WARD_OK) {
        return status;
    }
    apply_input(c, &changed);
    ward_provenance_touch(&c->plan.provenance, c->call->who, ward_now_ms());
    status = ward_store_plan_update(session, &c->plan);
    if (status != WARD_OK) {
        return status;
    }
    c->plan.version++;
    return log_plan(session, c, "updated", &changed);
}

enum ward_status ward_service_plan_update(struct ward_gateway_call *call, struct ward_span plan,
                                          struct ward_usage_plan_input *input, struct ward_usage_plan *ret)
{
    struct plan_case c = { .call = call, .id = plan, .input = input };
    ward_usage_plan_input_check(input, &c.terms);
    return answer_plan(&c, ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &input->problems, update_in, &c), ret);
}

/* OK when no key has the plan, on a stage or (NULL) on any. */
static enum ward_status require_unchosen(struct ward_store_session *session, struct ward_gateway_call *call,
                                         const struct ward_key_id *plan, const struct ward_key_id *stage)
{
    enum ward_status status = ward_store_chosen_plan_exists(session, plan, stage);
    if (status == WARD_OK) {
        return ward_gateway_refuse(call, WARD_NOUN_SUBSCRIPTION, WARD_CONFLICT);
    }
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

static enum ward_status delete_in(struct ward_store_session *session, void *arg)
{
    struct plan_case *c = arg;
    enum ward_status status = find_plan_in(session, c);
    if (status == WARD_OK) {
        status = require_unchosen(session, c->call, &c->plan.id, NULL);
    }
    if (status == WARD_OK && c->plan.associated_stages > 0) {
        status = ward_gateway_refuse(c->call, WARD_NOUN_STAGE, WARD_CONFLICT);
    }
    if (status == WARD_OK) {
        status = ward_store_plan_delete(session, &c->plan);
    }
    return status == WARD_OK ? log_plan(session, c, "removed", NULL) : status;
}

enum ward_status ward_service_plan_delete(struct ward_gateway_call *call, struct ward_span plan)
{
    struct plan_case c = { .call = call, .id = plan };
    return ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, NULL, delete_in, &c);
}

/* ---- lists ---- */

struct plan_listing {
    struct ward_gateway_call *call;
    struct ward_plan_page *query;
    struct ward_span id; /* of a stage */
    const struct ward_stage_path *path;
    bool is_associated;
    struct ward_stage *ret_stage;
    ward_plan_visit visit;
    void *arg;
};

static enum ward_status run_listing(struct plan_listing *list, ward_store_work work)
{
    struct ward_gateway_call *call = list->call;
    ward_page_check(&call->problems, &list->query->page);
    ward_text_allow(&call->problems, "usagePlanName", list->query->has_name, list->query->name, WARD_PLAN_NAME_MAX);
    return ward_gateway_read(call, WARD_RIGHT_GATEWAY_READ, &call->problems, work, list);
}

static struct ward_gateway_filter listing_filter(const struct plan_listing *list)
{
    struct ward_gateway_filter filter = ward_gateway_own(list->call);
    filter.name = list->query->has_name ? list->query->name : WARD_SPAN_NONE;
    filter.slice = ward_gateway_slice(&list->query->page);
    return filter;
}

static enum ward_status list_in(struct ward_store_session *session, void *arg)
{
    struct plan_listing *list = arg;
    struct ward_gateway_filter all = ward_gateway_own(list->call);
    struct ward_gateway_filter filter = listing_filter(list);
    enum ward_status status = ward_store_plan_count(session, &all, &list->query->totals.initial);
    if (status == WARD_OK) {
        status = ward_store_plan_count(session, &filter, &list->query->totals.total);
    }
    return status == WARD_OK ? ward_store_plan_list(session, &filter, list->visit, list->arg) : status;
}

enum ward_status ward_service_plan_list(struct ward_gateway_call *call, struct ward_plan_page *query,
                                        ward_plan_visit visit, void *arg)
{
    struct plan_listing list = { .call = call, .query = query, .visit = visit, .arg = arg };
    return run_listing(&list, list_in);
}

/* Plans are offered by stages of their own tenant only, so the product's account is the plans'. */
static enum ward_status list_of_stage(struct ward_store_session *session, struct plan_listing *list,
                                      const struct ward_found_path *found)
{
    struct ward_gateway_filter filter = listing_filter(list);
    filter.account_id = found->product.account_id;
    enum ward_status status = ward_store_plan_of_stage_count(session, &found->stage.id, list->is_associated, &filter,
                                                             &list->query->totals.total);
    if (status != WARD_OK) {
        return status;
    }
    list->query->totals.initial = list->query->totals.total;
    return ward_store_plan_of_stage(session, &found->stage.id, list->is_associated, &filter, list->visit, list->arg);
}

static enum ward_status list_of_stage_id_in(struct ward_store_session *session, void *arg)
{
    struct plan_listing *list = arg;
    struct ward_found_path found;
    enum ward_status status = ward_find_own_stage(session, list->call, list->id, &found);
    return status == WARD_OK ? list_of_stage(session, list, &found) : status;
}

enum ward_status ward_service_plan_of_stage_id(struct ward_gateway_call *call, bool has_stage, struct ward_span stage,
                                               bool is_associated, struct ward_plan_page *query, ward_plan_visit visit,
                                               void *arg)
{
    struct plan_listing list = {
        .call = call, .query = query, .id = stage, .is_associated = is_associated, .visit = visit, .arg = arg
    };
    if (!has_stage && !ward_problem_has(&call->problems, "stageId")) {
        ward_problem_add(&call->problems, "stageId", WARD_RULE_REQUIRED, 0, NULL);
    }
    return run_listing(&list, list_of_stage_id_in);
}

static enum ward_status list_of_path_in(struct ward_store_session *session, void *arg)
{
    struct plan_listing *list = arg;
    struct ward_found_path found;
    enum ward_status status = ward_find_stage(session, list->call, list->path, &found);
    if (status != WARD_OK) {
        return status;
    }
    *list->ret_stage = found.stage;
    return list_of_stage(session, list, &found);
}

enum ward_status ward_service_stage_plans(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                          struct ward_plan_page *query, struct ward_stage *ret, ward_plan_visit visit,
                                          void *arg)
{
    struct plan_listing list = {
        .call = call, .query = query, .path = path, .is_associated = true, .ret_stage = ret, .visit = visit, .arg = arg
    };
    return run_listing(&list, list_of_path_in);
}

struct stage_listing {
    struct ward_gateway_call *call;
    struct ward_plan_stage_page *query;
    struct ward_span plan;
    struct ward_usage_plan *ret;
    ward_plan_stage_visit visit;
    void *arg;
};

static enum ward_status list_stages_in(struct ward_store_session *session, void *arg)
{
    struct stage_listing *list = arg;
    struct ward_span name = list->query->has_name ? list->query->name : WARD_SPAN_NONE;
    enum ward_status status = ward_find_own_plan(session, list->call, list->plan, list->ret);
    if (status == WARD_OK) {
        status = ward_store_stage_of_plan_count(session, &list->ret->id, name, &list->query->totals.total);
    }
    if (status != WARD_OK) {
        return status;
    }
    list->query->totals.initial = list->ret->associated_stages;
    return ward_store_stage_of_plan(session, &list->ret->id, name, ward_gateway_slice(&list->query->page), list->visit,
                                    list->arg);
}

enum ward_status ward_service_plan_stages(struct ward_gateway_call *call, struct ward_span plan,
                                          struct ward_plan_stage_page *query, struct ward_usage_plan *ret,
                                          ward_plan_stage_visit visit, void *arg)
{
    struct stage_listing list = { call, query, plan, ret, visit, arg };
    ward_page_check(&call->problems, &query->page);
    ward_text_allow(&call->problems, "name", query->has_name, query->name, WARD_PRODUCT_NAME_MAX);
    return ward_gateway_read(call, WARD_RIGHT_GATEWAY_READ, &call->problems, list_stages_in, &list);
}

/* ---- which stage offers which plan ---- */

static enum ward_status log_stage(struct ward_store_session *session, const struct plan_case *c)
{
    static const struct ward_members changed = { 1, { "usagePlans" } };
    const struct ward_found_path *found = &c->found;
    ward_publisher_expect_puts(c->call->service->publisher, 1, found->stage.acl_list.size + found->stage.response.size);
    return ward_gateway_log(session, c->call->who, WARD_OBJECT_STAGE, &found->stage.id, &found->product.account_id,
                            &found->product.project_id, "updated", &changed);
}

/* Stage and plan are one tenant's: an operator that covers two tenants joins nothing across them. */
static enum ward_status find_both(struct ward_store_session *session, struct plan_case *c)
{
    enum ward_status status = ward_find_stage(session, c->call, c->path, &c->found);
    if (status == WARD_OK) {
        status = find_plan_in(session, c);
    }
    if (status == WARD_OK && !ward_uuid_equal(&c->plan.account_id, &c->found.product.account_id)) {
        return ward_gateway_refuse(c->call, WARD_NOUN_USAGE_PLAN, WARD_NOT_FOUND);
    }
    return status;
}

static enum ward_status associate_in(struct ward_store_session *session, void *arg)
{
    struct plan_case *c = arg;
    bool is_new;
    enum ward_status status = find_both(session, c);
    if (status == WARD_OK) {
        status = ward_store_stage_plan_put(session, &c->found.stage.id, &c->plan.id, &is_new);
    }
    return status == WARD_OK && is_new ? log_stage(session, c) : status;
}

static enum ward_status disassociate_in(struct ward_store_session *session, void *arg)
{
    struct plan_case *c = arg;
    bool was_there;
    enum ward_status status = find_both(session, c);
    if (status == WARD_OK) {
        status = require_unchosen(session, c->call, &c->plan.id, &c->found.stage.id);
    }
    if (status == WARD_OK) {
        status = ward_store_stage_plan_delete(session, &c->found.stage.id, &c->plan.id, &was_there);
    }
    if (status == WARD_OK && !was_there) {
        return ward_gateway_refuse(c->call, WARD_NOUN_USAGE_PLAN, WARD_NOT_FOUND);
    }
    return status == WARD_OK ? log_stage(session, c) : status;
}

static enum ward_status run_association(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                        bool has_plan, struct ward_span plan, ward_store_work work)
{
    struct plan_case c = { .call = call, .path = path, .id = plan };
    if (!has_plan && !ward_problem_has(&call->problems, "usagePlanId")) {
        ward_problem_add(&call->problems, "usagePlanId", WARD_RULE_REQUIRED, 0, NULL);
    }
    return ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &call->problems, work, &c);
}

enum ward_status ward_service_stage_associate(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                              bool has_plan, struct ward_span plan)
{
    return run_association(call, path, has_plan, plan, associate_in);
}

enum ward_status ward_service_stage_disassociate(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                                 bool has_plan, struct ward_span plan)
{
    return run_association(call, path, has_plan, plan, disassociate_in);
}
