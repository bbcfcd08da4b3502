/*
 * Products, APIs and stages: contracts/ncp.md 6.3. What goes with a removed product or API has change entries of its
 * own, but for subscriptions: those end with the entry of the product, however many they are.
 */
#include "service/gateway_internal.h"

struct object_case {
    struct ward_gateway_call *call;
    struct ward_span id; /* of a product */
    const struct ward_stage_path *path;
    struct ward_product_input *product_input;
    struct ward_api_input *api_input;
    struct ward_stage_input *stage_input;
    const struct ward_plan_terms *terms;
    struct ward_found_path found; /* as answered in the end */
};

static enum ward_status draw_id(struct ward_store_session *session, struct ward_key_id *ret)
{
    return ward_service_draw_id(session, ward_store_gateway_id_exists, ret);
}

/* ---- writing one object with its change entry ---- */

static enum ward_status log_object(struct ward_store_session *session, const struct object_case *c,
                                   enum ward_object_kind kind, const struct ward_key_id *id, const char *action,
                                   const struct ward_members *members)
{
    const struct ward_product *owner = &c->found.product;
    enum ward_status status = ward_pool_status(c->call->pool);
    return status == WARD_OK ? ward_gateway_log(session, c->call->who, kind, id, &owner->account_id, &owner->project_id,
                                                action, members)
                             : status;
}

static enum ward_status store_product(struct ward_store_session *session, struct object_case *c, const char *action,
                                      const struct ward_members *members)
{
    struct ward_product *product = &c->found.product;
    ward_provenance_touch(&product->provenance, c->call->who, ward_now_ms());
    enum ward_status status = ward_store_product_update(session, product);
    if (status != WARD_OK) {
        return status;
    }
    product->version++;
    return log_object(session, c, WARD_OBJECT_PRODUCT, &product->id, action, members);
}

static enum ward_status store_api(struct ward_store_session *session, const struct object_case *c, struct ward_api *api,
                                  const char *action, const struct ward_members *members)
{
    ward_provenance_touch(&api->provenance, c->call->who, ward_now_ms());
    enum ward_status status = ward_store_api_update(session, api);
    if (status != WARD_OK) {
        return status;
    }
    api->version++;
    return log_object(session, c, WARD_OBJECT_API, &api->id, action, members);
}

static size_t stage_body_bytes(const struct ward_stage *stage)
{
    return stage->acl_list.size + stage->response.size;
}

static enum ward_status store_stage(struct ward_store_session *session, const struct object_case *c,
                                    struct ward_stage *stage, const char *action, const struct ward_members *members)
{
    ward_provenance_touch(&stage->provenance, c->call->who, ward_now_ms());
    enum ward_status status = ward_store_stage_update(session, stage);
    if (status != WARD_OK) {
        return status;
    }
    stage->version++;
    ward_publisher_expect_puts(c->call->service->publisher, 1, stage_body_bytes(stage));
    return log_object(session, c, WARD_OBJECT_STAGE, &stage->id, action, members);
}

/* ---- what goes with an object ---- */

struct gathered {
    struct ward_pool *pool;
    struct ward_key_id *ids;
    size_t count, capacity;
};

static enum ward_status gather(struct gathered *g, const struct ward_key_id *id)
{
    if (g->count == g->capacity) {
        size_t capacity = g->capacity ? 2 * g->capacity : 32;
        struct ward_key_id *ids = ward_pool_alloc(g->pool, capacity * sizeof(*ids));
        if (!ids) {
            return WARD_NO_MEMORY;
        }
        if (g->count > 0) {
            memcpy(ids, g->ids, g->count * sizeof(*ids));
        }
        g->ids = ids;
        g->capacity = capacity;
    }
    g->ids[g->count++] = *id;
    return WARD_OK;
}

static enum ward_status gather_api(const struct ward_api *api, void *arg)
{
    return gather(arg, &api->id);
}

static enum ward_status gather_stage(const struct ward_stage *stage, void *arg)
{
    return gather(arg, &stage->id);
}

static enum ward_status remove_stage(struct ward_store_session *session, const struct object_case *c,
                                     struct ward_stage *stage)
{
    stage->is_removed = true;
    enum ward_status status = ward_store_stage_plans_clear(session, &stage->id);
    return status == WARD_OK ? store_stage(session, c, stage, "removed", NULL) : status;
}

static enum ward_status remove_stages_of(struct ward_store_session *session, const struct object_case *c,
                                         const struct ward_key_id *api)
{
    struct gathered stages = { .pool = c->call->pool };
    enum ward_status status = ward_store_stage_list(session, api, WARD_SLICE_ALL, gather_stage, &stages);
    for (size_t i = 0; i < stages.count && status == WARD_OK; i++) {
        struct ward_stage stage;
        status = ward_store_stage_get(session, &stages.ids[i], c->call->pool, &stage);
        if (status == WARD_OK) {
            status = remove_stage(session, c, &stage);
        }
    }
    return status;
}

static enum ward_status remove_api(struct ward_store_session *session, const struct object_case *c,
                                   struct ward_api *api)
{
    enum ward_status status = remove_stages_of(session, c, &api->id);
    if (status != WARD_OK) {
        return status;
    }
    api->is_removed = true;
    return store_api(session, c, api, "removed", NULL);
}

static enum ward_status remove_apis_of(struct ward_store_session *session, const struct object_case *c)
{
    struct gathered apis = { .pool = c->call->pool };
    enum ward_status status = ward_store_api_list(session, &c->found.product.id, WARD_SLICE_ALL, gather_api, &apis);
    for (size_t i = 0; i < apis.count && status == WARD_OK; i++) {
        struct ward_api api;
        status = ward_store_api_get(session, &apis.ids[i], c->call->pool, &api);
        if (status == WARD_OK) {
            status = remove_api(session, c, &api);
        }
    }
    return status;
}

/* ---- what the publisher is to expect ---- */

struct expectation {
    size_t stages, bytes;
};

static enum ward_status expect_stage(const struct ward_stage *stage, void *arg)
{
    struct expectation *expectation = arg;
    expectation->stages++;
    expectation->bytes += stage_body_bytes(stage);
    return WARD_OK;
}

enum ward_status ward_service_expect_relations(struct ward_store_session *session, struct ward_service *service,
                                               const struct ward_key_id *product)
{
    int64_t stages;
    enum ward_status status = ward_store_stage_of_product_count(session, product, &stages);
    if (status == WARD_OK) {
        ward_publisher_expect_puts(service->publisher, (size_t)stages, 0);
    }
    return status;
}

/* A stage with a relation for every key that is accepted. */
static enum ward_status expect_new_stage(struct ward_store_session *session, const struct object_case *c,
                                         const struct ward_stage *stage)
{
    int64_t keys;
    enum ward_status status = ward_store_accepted_count(session, &c->found.product.id, &keys);
    if (status == WARD_OK) {
        ward_publisher_expect_puts(c->call->service->publisher, 1 + (size_t)keys, stage_body_bytes(stage));
    }
    return status;
}

/* ---- products ---- */

struct product_listing {
    struct ward_gateway_call *call;
    struct ward_product_page *query;
    ward_product_visit visit;
    void *arg;
};

static enum ward_status list_products_in(struct ward_store_session *session, void *arg)
{
    struct product_listing *list = arg;
    struct ward_gateway_filter filter = ward_gateway_own(list->call);
    enum ward_status status = ward_store_product_count(session, &filter, &list->query->totals.initial);
    filter.name = list->query->has_name ? list->query->name : WARD_SPAN_NONE;
    if (status == WARD_OK) {
        status = ward_store_product_count(session, &filter, &list->query->totals.total);
    }
    filter.slice = ward_gateway_slice(&list->query->page);
    return status == WARD_OK ? ward_store_product_list(session, &filter, list->visit, list->arg) : status;
}

enum ward_status ward_service_product_list(struct ward_gateway_call *call, struct ward_product_page *query,
                                           ward_product_visit visit, void *arg)
{
    struct product_listing list = { call, query, visit, arg };
    ward_page_check(&call->problems, &query->page);
    ward_text_allow(&call->problems, "productName", query->has_name, query->name, WARD_PRODUCT_NAME_MAX);
    return ward_gateway_read(call, WARD_RIGHT_GATEWAY_READ, &call->problems, list_products_in, &list);
}

static enum ward_status find_product_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    return ward_find_own_product(session, c->call, c->id, &c->found.product);
}

enum ward_status ward_service_product_get(struct ward_gateway_call *call, struct ward_span product,
                                          struct ward_product *ret)
{
    struct object_case c = { .call = call, .id = product };
    enum ward_status status = ward_gateway_read(call, WARD_RIGHT_GATEWAY_READ, NULL, find_product_in, &c);
    if (status == WARD_OK) {
        *ret = c.found.product;
    }
    return status;
}

static void apply_product(const struct object_case *c, struct ward_product *product, struct ward_members *changed)
{
    const struct ward_product_input *input = c->product_input;
    struct ward_pool *pool = c->call->pool;
    if (ward_gateway_take(pool, input->has_name, input->name, &product->name)) {
        ward_members_add(changed, "productName");
    }
    if (ward_gateway_take(pool, input->has_description, input->description, &product->description)) {
        ward_members_add(changed, "description");
    }
    enum ward_subscription_code code;
    if (input->has_code && ward_subscription_code_parse(input->code, &code) && code != product->code) {
        product->code = code;
        ward_members_add(changed, "subscriptionCode");
    }
}

static enum ward_status create_product_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    struct ward_product_input *input = c->product_input;
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
    struct ward_product *product = &c->found.product;
    *product = (struct ward_product){
        .project_id = home.id,
        .account_id = home.account_id,
        .env = home.env,
        .is_scope_active = true,
        .name = WARD_SPAN(""),
        .description = WARD_SPAN(""),
        .provenance = ward_provenance_new(c->call->who, ward_now_ms()),
        .version = 1,
    };
    apply_product(c, product, &members);
    status = draw_id(session, &product->id);
    if (status == WARD_OK) {
        status = ward_store_product_insert(session, product);
    }
    return status == WARD_OK ? log_object(session, c, WARD_OBJECT_PRODUCT, &product->id, "created", &members) : status;
}

static enum ward_status answer_product(const struct object_case *c, enum ward_status status, struct ward_product *ret)
{
    if (status == WARD_OK && ret) {
        *ret = c->found.product;
    }
    return status;
}

enum ward_status ward_service_product_create(struct ward_gateway_call *call, struct ward_product_input *input,
                                             struct ward_product *ret)
{
    struct object_case c = { .call = call, .product_input = input };
    ward_product_input_check(input, WARD_INPUT_CREATE);
    return answer_product(
        &c, ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &input->problems, create_product_in, &c), ret);
}

static enum ward_status update_product_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    struct ward_members changed = { 0 };
    struct expectation expectation = { 0 };
    enum ward_status status = find_product_in(session, c);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_product *product = &c->found.product;
    enum ward_subscription_code before = product->code;
    apply_product(c, product, &changed);
    bool is_closed = before == WARD_PRODUCT_PUBLIC && product->code == WARD_PRODUCT_PROTECTED;
    if (is_closed) {
        status = ward_service_subscriptions_end(session, c->call->who, NULL, &product->id, true);
    }
    if (status == WARD_OK) {
        status = ward_store_stage_of_product(session, &product->id, expect_stage, &expectation);
    }
    if (status != WARD_OK) {
        return status;
    }
    ward_publisher_expect_puts(c->call->service->publisher, expectation.stages, expectation.bytes);
    return store_product(session, c, is_closed ? WARD_ACTION_PROTECTED : "updated", &changed);
}

enum ward_status ward_service_product_update(struct ward_gateway_call *call, struct ward_span product,
                                             struct ward_product_input *input, struct ward_product *ret)
{
    struct object_case c = { .call = call, .id = product, .product_input = input };
    ward_product_input_check(input, WARD_INPUT_EDIT);
    return answer_product(
        &c, ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &input->problems, update_product_in, &c), ret);
}

static enum ward_status remove_product(struct ward_store_session *session, struct object_case *c)
{
    enum ward_status status = ward_service_subscriptions_end(session, c->call->who, NULL, &c->found.product.id, false);
    if (status == WARD_OK) {
        status = remove_apis_of(session, c);
    }
    if (status != WARD_OK) {
        return status;
    }
    c->found.product.is_removed = true;
    return store_product(session, c, "removed", NULL);
}

static enum ward_status delete_product_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    enum ward_status status = find_product_in(session, c);
    return status == WARD_OK ? remove_product(session, c) : status;
}

enum ward_status ward_service_product_delete(struct ward_gateway_call *call, struct ward_span product)
{
    struct object_case c = { .call = call, .id = product };
    return ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, NULL, delete_product_in, &c);
}

/* ---- lists below a product ---- */

struct child_listing {
    struct ward_gateway_call *call;
    const struct ward_stage_path *path;
    struct ward_plain_page *query;
    ward_api_visit visit_api;
    ward_stage_visit visit_stage;
    void *arg;
};

static enum ward_status list_apis_in(struct ward_store_session *session, void *arg)
{
    struct child_listing *list = arg;
    struct ward_product product;
    enum ward_status status = ward_find_own_product(session, list->call, list->path->product, &product);
    if (status == WARD_OK) {
        status = ward_store_api_count(session, &product.id, &list->query->totals.total);
    }
    if (status != WARD_OK) {
        return status;
    }
    list->query->totals.initial = list->query->totals.total;
    return ward_store_api_list(session, &product.id, ward_gateway_slice(&list->query->page), list->visit_api,
                               list->arg);
}

static enum ward_status list_stages_in(struct ward_store_session *session, void *arg)
{
    struct child_listing *list = arg;
    struct ward_found_path found;
    enum ward_status status = ward_find_api(session, list->call, list->path, &found);
    if (status == WARD_OK) {
        status = ward_store_stage_count(session, &found.api.id, &list->query->totals.total);
    }
    if (status != WARD_OK) {
        return status;
    }
    list->query->totals.initial = list->query->totals.total;
    return ward_store_stage_list(session, &found.api.id, ward_gateway_slice(&list->query->page), list->visit_stage,
                                 list->arg);
}

static enum ward_status list_children(struct child_listing *list, ward_store_work work)
{
    ward_page_check(&list->call->problems, &list->query->page);
    return ward_gateway_read(list->call, WARD_RIGHT_GATEWAY_READ, &list->call->problems, work, list);
}

enum ward_status ward_service_api_list(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                       struct ward_plain_page *query, ward_api_visit visit, void *arg)
{
    struct child_listing list = { .call = call, .path = path, .query = query, .visit_api = visit, .arg = arg };
    return list_children(&list, list_apis_in);
}

enum ward_status ward_service_stage_list(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                         struct ward_plain_page *query, ward_stage_visit visit, void *arg)
{
    struct child_listing list = { .call = call, .path = path, .query = query, .visit_stage = visit, .arg = arg };
    return list_children(&list, list_stages_in);
}

/* ---- APIs ---- */

static enum ward_status answer_api(const struct object_case *c, enum ward_status status, struct ward_api *ret)
{
    if (status == WARD_OK && ret) {
        *ret = c->found.api;
    }
    return status;
}

static enum ward_status find_api_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    return ward_find_api(session, c->call, c->path, &c->found);
}

enum ward_status ward_service_api_get(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                      struct ward_api *ret)
{
    struct object_case c = { .call = call, .path = path };
    return answer_api(&c, ward_gateway_read(call, WARD_RIGHT_GATEWAY_READ, NULL, find_api_in, &c), ret);
}

static void apply_api(const struct object_case *c, struct ward_api *api, struct ward_members *changed)
{
    const struct ward_api_input *input = c->api_input;
    if (ward_gateway_take(c->call->pool, input->has_name, input->name, &api->name)) {
        ward_members_add(changed, "apiName");
    }
    if (ward_gateway_take(c->call->pool, input->has_description, input->description, &api->description)) {
        ward_members_add(changed, "apiDescription");
    }
}

static enum ward_status create_api_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    struct ward_members members = { 0 };
    enum ward_status status = ward_find_own_product(session, c->call, c->path->product, &c->found.product);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_api *api = &c->found.api;
    *api = (struct ward_api){
        .product_id = c->found.product.id,
        .name = WARD_SPAN(""),
        .description = WARD_SPAN(""),
        .provenance = ward_provenance_new(c->call->who, ward_now_ms()),
        .version = 1,
    };
    apply_api(c, api, &members);
    status = draw_id(session, &api->id);
    if (status == WARD_OK) {
        status = ward_store_api_insert(session, api);
    }
    return status == WARD_OK ? log_object(session, c, WARD_OBJECT_API, &api->id, "created", &members) : status;
}

enum ward_status ward_service_api_create(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                         struct ward_api_input *input, struct ward_api *ret)
{
    struct object_case c = { .call = call, .path = path, .api_input = input };
    ward_api_input_check(input, WARD_INPUT_CREATE);
    return answer_api(&c, ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &input->problems, create_api_in, &c), ret);
}

static enum ward_status update_api_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    struct ward_members changed = { 0 };
    enum ward_status status = find_api_in(session, c);
    if (status != WARD_OK) {
        return status;
    }
    apply_api(c, &c->found.api, &changed);
    return store_api(session, c, &c->found.api, "updated", &changed);
}

enum ward_status ward_service_api_update(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                         struct ward_api_input *input, struct ward_api *ret)
{
    struct object_case c = { .call = call, .path = path, .api_input = input };
    ward_api_input_check(input, WARD_INPUT_EDIT);
    return answer_api(&c, ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &input->problems, update_api_in, &c), ret);
}

static enum ward_status delete_api_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    enum ward_status status = find_api_in(session, c);
    return status == WARD_OK ? remove_api(session, c, &c->found.api) : status;
}

enum ward_status ward_service_api_delete(struct ward_gateway_call *call, const struct ward_stage_path *path)
{
    struct object_case c = { .call = call, .path = path };
    return ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, NULL, delete_api_in, &c);
}

/* ---- stages ---- */

static enum ward_status answer_stage(const struct object_case *c, enum ward_status status, struct ward_stage *ret)
{
    if (status == WARD_OK && ret) {
        *ret = c->found.stage;
    }
    return status;
}

static enum ward_status find_stage_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    return ward_find_stage(session, c->call, c->path, &c->found);
}

enum ward_status ward_service_stage_get(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                        struct ward_stage *ret)
{
    struct object_case c = { .call = call, .path = path };
    return answer_stage(&c, ward_gateway_read(call, WARD_RIGHT_GATEWAY_READ, NULL, find_stage_in, &c), ret);
}

static void take_number(bool has_number, int64_t number, uint32_t *ret, const char *member,
                        struct ward_members *changed)
{
    if (has_number && number != (int64_t)*ret) {
        *ret = (uint32_t)number;
        ward_members_add(changed, member);
    }
}

static void apply_acl(const struct object_case *c, struct ward_stage *stage, struct ward_members *changed)
{
    const struct ward_stage_input *input = c->stage_input;
    enum ward_acl_code code = WARD_ACL_NONE;
    if (input->has_acl_code) {
        (void)(input->acl_code.data && ward_acl_code_parse(input->acl_code, &code));
        if (code != stage->acl_code) {
            stage->acl_code = code;
            ward_members_add(changed, "ipAclCode");
        }
    }
    if (ward_gateway_take(c->call->pool, input->has_acl_list, input->acl_list, &stage->acl_list)) {
        ward_members_add(changed, "ipAclList");
    }
}

static void apply_maintenance(const struct object_case *c, struct ward_stage *stage, struct ward_members *changed)
{
    const struct ward_stage_input *input = c->stage_input;
    if (input->has_maintenance && input->is_maintenance != stage->is_maintenance) {
        stage->is_maintenance = input->is_maintenance;
        ward_members_add(changed, "isMaintenance");
    }
    if (input->has_status_code && input->status_code != stage->status_code) {
        stage->status_code = (int)input->status_code;
        ward_members_add(changed, "statusCode");
    }
    if (ward_gateway_take(c->call->pool, input->has_response, input->response, &stage->response)) {
        ward_members_add(changed, "response");
    }
}

static void apply_stage(const struct object_case *c, struct ward_stage *stage, struct ward_members *changed)
{
    const struct ward_stage_input *input = c->stage_input;
    struct ward_pool *pool = c->call->pool;
    if (ward_gateway_take(pool, input->has_name, input->name, &stage->name)) {
        ward_members_add(changed, "stageName");
    }
    if (ward_gateway_take(pool, input->has_endpoint_domain, input->endpoint_domain, &stage->endpoint_domain)) {
        ward_members_add(changed, "endpointDomain");
    }
    take_number(input->has_throttle_rps, input->throttle_rps, &stage->throttle_rps, "throttleRps", changed);
    take_number(input->has_cache_ttl_s, input->cache_ttl_s, &stage->cache_ttl_s, "cacheTtlSec", changed);
    apply_acl(c, stage, changed);
    apply_maintenance(c, stage, changed);
}

static enum ward_status create_stage_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    struct ward_members members = { 0 };
    enum ward_status status = find_api_in(session, c);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_stage *stage = &c->found.stage;
    *stage = (struct ward_stage){
        .api_id = c->found.api.id,
        .product_id = c->found.product.id,
        .name = WARD_SPAN(""),
        .endpoint_domain = WARD_SPAN(""),
        .acl_list = WARD_SPAN(""),
        .status_code = WARD_STAGE_STATUS_DEFAULT,
        .response = WARD_SPAN(""),
        .terms = WARD_PLAN_TERMS_NONE,
        .provenance = ward_provenance_new(c->call->who, ward_now_ms()),
        .version = 1,
    };
    apply_stage(c, stage, &members);
    status = draw_id(session, &stage->id);
    if (status == WARD_OK) {
        status = ward_store_stage_insert(session, stage);
    }
    if (status == WARD_OK) {
        status = expect_new_stage(session, c, stage);
    }
    return status == WARD_OK ? log_object(session, c, WARD_OBJECT_STAGE, &stage->id, WARD_ACTION_CREATED, &members)
                             : status;
}

enum ward_status ward_service_stage_create(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                           struct ward_stage_input *input, struct ward_stage *ret)
{
    struct object_case c = { .call = call, .path = path, .stage_input = input };
    ward_stage_input_check(input, WARD_INPUT_CREATE);
    return answer_stage(&c, ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &input->problems, create_stage_in, &c),
                        ret);
}

static enum ward_status update_stage_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    struct ward_members changed = { 0 };
    enum ward_status status = find_stage_in(session, c);
    if (status != WARD_OK) {
        return status;
    }
    apply_stage(c, &c->found.stage, &changed);
    return store_stage(session, c, &c->found.stage, "updated", &changed);
}

enum ward_status ward_service_stage_update(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                           struct ward_stage_input *input, struct ward_stage *ret)
{
    struct object_case c = { .call = call, .path = path, .stage_input = input };
    ward_stage_input_check(input, WARD_INPUT_EDIT);
    return answer_stage(&c, ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &input->problems, update_stage_in, &c),
                        ret);
}

static enum ward_status delete_stage_in(struct ward_store_session *session, void *arg)
{
    struct object_case *c = arg;
    enum ward_status status = find_stage_in(session, c);
    return status == WARD_OK ? remove_stage(session, c, &c->found.stage) : status;
}

enum ward_status ward_service_stage_delete(struct ward_gateway_call *call, const struct ward_stage_path *path)
{
    struct object_case c = { .call = call, .path = path };
    return ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, NULL, delete_stage_in, &c);
}

static enum ward_status set_terms_in(struct ward_store_session *session, void *arg)
{
    static const struct ward_members changed = { 1, { "usagePlan" } };
    struct object_case *c = arg;
    enum ward_status status = find_stage_in(session, c);
    if (status != WARD_OK) {
        return status;
    }
    c->found.stage.terms = *c->terms;
    return store_stage(session, c, &c->found.stage, "updated", &changed);
}

enum ward_status ward_service_stage_default_terms(struct ward_gateway_call *call, const struct ward_stage_path *path,
                                                  const struct ward_terms_input *input, struct ward_stage *ret)
{
    struct ward_plan_terms terms;
    struct object_case c = { .call = call, .path = path, .terms = &terms };
    ward_terms_input_check(&call->problems, input, &terms);
    return answer_stage(&c, ward_gateway_write(call, WARD_RIGHT_GATEWAY_WRITE, &call->problems, set_terms_in, &c), ret);
}

/* ---- overview ---- */

struct overview_case {
    struct ward_gateway_call *call;
    struct ward_span id;
    struct ward_product_overview *ret;
    ward_api_stage_visit visit;
    void *arg;
    struct ward_store_session *session;
    const struct ward_api *api; /* whose stages are shown */
    bool has_stage;
};

static enum ward_status show_stage(const struct ward_stage *stage, void *arg)
{
    struct overview_case *c = arg;
    c->has_stage = true;
    return c->visit(c->api, stage, c->arg);
}

static enum ward_status show_api(const struct ward_api *api, void *arg)
{
    struct overview_case *c = arg;
    c->api = api;
    c->has_stage = false;
    enum ward_status status = ward_store_stage_list(c->session, &api->id, WARD_SLICE_ALL, show_stage, c);
    return status == WARD_OK && !c->has_stage ? c->visit(api, NULL, c->arg) : status;
}

static enum ward_status overview_in(struct ward_store_session *session, void *arg)
{
    struct overview_case *c = arg;
    struct ward_product product;
    enum ward_status status = ward_find_own_product(session, c->call, c->id, &product);
    *c->ret = (struct ward_product_overview){ 0 };
    for (int i = WARD_SUBSCRIPTION_REQUEST; i < WARD_SUBSCRIPTION_STATUS_COUNT && status == WARD_OK; i++) {
        const struct ward_subscription_filter filter = { .product = &product.id, .statuses = 1u << i };
        status = ward_store_subscription_count(session, &filter, &c->ret->keys[i]);
        c->ret->total += c->ret->keys[i];
    }
    c->session = session;
    return status == WARD_OK ? ward_store_api_list(session, &product.id, WARD_SLICE_ALL, show_api, c) : status;
}

enum ward_status ward_service_product_overview(struct ward_gateway_call *call, struct ward_span product,
                                               struct ward_product_overview *ret, ward_api_stage_visit visit, void *arg)
{
    struct overview_case c = { .call = call, .id = product, .ret = ret, .visit = visit, .arg = arg };
    return ward_gateway_read(call, WARD_RIGHT_GATEWAY_READ, NULL, overview_in, &c);
}

/* ---- revocations that a restore makes again ---- */

enum ward_status ward_service_product_remove_again(struct ward_store_session *session, struct ward_service *service,
                                                   const struct ward_operator *who, struct ward_pool *pool,
                                                   const struct ward_key_id *product)
{
    struct ward_gateway_call call = { .service = service, .who = who, .pool = pool };
    struct object_case c = { .call = &call };
    enum ward_status status = ward_store_product_get(session, product, pool, &c.found.product);
    return status == WARD_OK ? remove_product(session, &c) : status;
}

enum ward_status ward_service_product_protect_again(struct ward_store_session *session, struct ward_service *service,
                                                    const struct ward_operator *who, struct ward_pool *pool,
                                                    const struct ward_key_id *product)
{
    static const struct ward_members changed = { 1, { "subscriptionCode" } };
    struct ward_gateway_call call = { .service = service, .who = who, .pool = pool };
    struct object_case c = { .call = &call };
    enum ward_status status = ward_store_product_get(session, product, pool, &c.found.product);
    if (status == WARD_OK) {
        status = ward_service_subscriptions_end(session, who, NULL, product, true);
    }
    c.found.product.code = WARD_PRODUCT_PROTECTED;
    return status == WARD_OK ? store_product(session, &c, WARD_ACTION_PROTECTED, &changed) : status;
}

enum ward_status ward_service_stage_remove_again(struct ward_store_session *session, struct ward_service *service,
                                                 const struct ward_operator *who, struct ward_pool *pool,
                                                 const struct ward_key_id *stage)
{
    struct ward_gateway_call call = { .service = service, .who = who, .pool = pool };
    struct object_case c = { .call = &call };
    enum ward_status status = ward_store_stage_get(session, stage, pool, &c.found.stage);
    if (status == WARD_OK) {
        status = ward_store_product_get(session, &c.found.stage.product_id, pool, &c.found.product);
    }
    return status == WARD_OK ? remove_stage(session, &c, &c.found.stage) : status;
}
