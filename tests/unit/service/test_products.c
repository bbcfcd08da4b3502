/* Products, APIs and stages: contracts/ncp.md 6.3, and what verifiers make of them. */
#include "gateway_fixture.h"

/* The stranger's key, accepted. */
static struct gateway make_open_gateway(struct fixture *f)
{
    struct gateway g = make_gateway(f, "PROTECTED");
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "ACCEPTED"));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    return g;
}

static void test_a_project_is_found_for_what_is_new(void **state)
{
    struct fixture *f = *state;
    struct ward_operator scoped = operator_of(&f->made.account.id, &f->test_project.id, WARD_ROLE_USER);
    struct ward_operator theirs = foreign_operator(f);
    test_clock_ms++;
    struct ward_project later = make_project(f, &f->other_account.id, "later", "live");
    struct ward_product product = make_product(f, &theirs, "PUBLIC");
    assert_true(ward_uuid_equal(&f->other_project.id, &product.project_id)); /* the account's oldest */
    assert_ok(ward_service_project_delete(f->service, &f->local, id_span(f, &f->other_project.id), NULL));
    product = make_product(f, &theirs, "PUBLIC");
    assert_true(ward_uuid_equal(&later.id, &product.project_id)); /* that is active */
    assert_int_equal(10, strlen(product.id.text));
    assert_true(ward_uuid_equal(&theirs.id, &product.provenance.created_by));
    product = make_product(f, &scoped, "PUBLIC");
    assert_true(ward_uuid_equal(&f->test_project.id, &product.project_id));
    assert_int_equal(WARD_ENV_TEST, product.env);
    const struct ward_operator *const without[] = { &f->local, &f->admin };
    for (size_t i = 0; i < 2; i++) { /* local: none to choose; admin: another tenant's */
        struct ward_product_input input = { .has_name = true,
                                            .has_code = true,
                                            .has_project = i == 1,
                                            .name = WARD_SPAN("p"),
                                            .code = WARD_SPAN("PUBLIC"),
                                            .project = id_span(f, &f->other_project.id) };
        assert_status(WARD_INVALID, ward_service_product_create(CALL(f, without[i]), &input, NULL));
        assert_int_equal(1, input.problems.count);
        assert_string_equal("projectId", input.problems.items[0].member);
    }
}

struct listed {
    size_t count;
    char ids[32][WARD_KEY_ID_CHARS + 1];
};

static enum ward_status keep_product(const struct ward_product *product, void *arg)
{
    struct listed *listed = arg;
    memcpy(listed->ids[listed->count++], product->id.text, sizeof(listed->ids[0]));
    return WARD_OK;
}

static void test_the_list_is_the_operators_own(void **state)
{
    struct fixture *f = *state;
    struct ward_operator foreign = foreign_operator(f);
    struct ward_product products[3];
    for (int i = 0; i < 3; i++) {
        products[i] = make_product(f, &f->admin, "PUBLIC");
        test_clock_ms++;
    }
    (void)make_product(f, &foreign, "PUBLIC");
    struct listed listed = { 0 };
    struct ward_product_page query = { .page = { true, true, 1, 1 } };
    assert_ok(ward_service_product_list(CALL(f, &f->admin), &query, keep_product, &listed));
    assert_int_equal(1, listed.count);
    assert_string_equal(products[1].id.text, listed.ids[0]); /* newest first */
    assert_int_equal(3, query.totals.total);
    assert_int_equal(3, query.totals.initial);
    query = (struct ward_product_page){ .has_name = true, .name = WARD_SPAN("PROD") };
    assert_ok(ward_service_product_list(CALL(f, &f->admin), &query, keep_product, &listed));
    assert_int_equal(0, query.totals.total);
    assert_int_equal(3, query.totals.initial);
    static const struct ward_page wrong[] = { { true, false, -1, 0 }, { false, true, 0, 0 }, { false, true, 0, -5 } };
    for (size_t i = 0; i < 3; i++) {
        struct ward_gateway_call *call = CALL(f, &f->admin);
        query = (struct ward_product_page){ .page = wrong[i] };
        assert_status(WARD_INVALID, ward_service_product_list(call, &query, keep_product, &listed));
        assert_problem(&call->problems, wrong[i].has_offset ? "offset" : "limit", WARD_RULE_MIN);
    }
}

static void test_objects_stand_in_one_another(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    struct ward_product second = make_product(f, &g.owner, "PUBLIC");
    struct ward_api api = make_api(f, &g.owner, &second, "api-2");
    const struct {
        const struct ward_operator *who;
        struct ward_stage_path path;
        enum ward_noun missing;
    } cases[] = {
        { &g.stranger, path_of(&g.product, &g.api, &g.stage), WARD_NOUN_PRODUCT },
        { &g.owner, { WARD_SPAN("0000000000"), id_text(&g.api.id), id_text(&g.stage.id) }, WARD_NOUN_PRODUCT },
        { &g.owner, path_of(&second, &g.api, &g.stage), WARD_NOUN_API },
        { &g.owner, path_of(&second, &api, &g.stage), WARD_NOUN_STAGE },
        { &g.owner, { id_text(&g.product.id), id_text(&g.api.id), WARD_SPAN("V1") }, WARD_NOUN_STAGE },
    };
    uint64_t before = revision_now(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct ward_stage stage;
        struct ward_stage_input input = { .has_throttle_rps = true, .throttle_rps = 1 };
        struct ward_gateway_call *call = CALL(f, cases[i].who);
        assert_refused(WARD_NOT_FOUND, cases[i].missing, ward_service_stage_get(call, &cases[i].path, &stage), call);
        call = CALL(f, cases[i].who);
        assert_refused(WARD_NOT_FOUND, cases[i].missing,
                       ward_service_stage_update(call, &cases[i].path, &input, &stage), call);
        call = CALL(f, cases[i].who);
        assert_refused(WARD_NOT_FOUND, cases[i].missing, ward_service_stage_delete(call, &cases[i].path), call);
    }
    assert_int_equal(before, revision_now(f));
}

static void test_a_product_takes_all_with_it(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_open_gateway(f);
    struct ward_stage_path path = path_of(&g.product, &g.api, &g.stage);
    struct ward_usage_plan plan = make_plan(f, &g.owner, "plan", 1, 1);
    assert_ok(ward_service_stage_associate(CALL(f, &g.owner), &path, true, id_text(&plan.id)));
    uint64_t before = revision_now(f);
    assert_ok(ward_service_product_delete(CALL(f, &g.owner), id_text(&g.product.id)));
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
    struct seen_changes seen = changes_after(f, before);
    assert_int_equal(3, seen.count);
    for (size_t i = 0; i < 3; i++) {
        assert_span("removed", seen.items[i].action);
    }
    struct ward_gateway_call *call = CALL(f, &g.owner);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_PRODUCT, ward_service_product_delete(call, id_text(&g.product.id)), call);
    assert_ok(ward_service_plan_delete(CALL(f, &g.owner), id_text(&plan.id))); /* nobody has it any more */
    restart(f);
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
}

static void test_an_api_and_a_stage_go(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_open_gateway(f);
    struct ward_stage second = make_stage(f, &g.owner, &g.product, &g.api, "v2");
    struct ward_stage_path path = path_of(&g.product, &g.api, &second);
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &second); /* who is accepted may use what comes later */
    assert_ok(ward_service_stage_delete(CALL(f, &g.owner), &path));
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &second);
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    path = path_of(&g.product, &g.api, NULL);
    assert_ok(ward_service_api_delete(CALL(f, &g.owner), &path));
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
    struct ward_gateway_call *call = CALL(f, &g.owner);
    struct ward_api api;
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_API, ward_service_api_get(call, &path, &api), call);
}

static enum ward_status set_stage(struct fixture *f, const struct gateway *g, struct ward_stage_input input)
{
    struct ward_stage_path path = path_of(&g->product, &g->api, &g->stage);
    return ward_service_stage_update(CALL(f, &g->owner), &path, &input, NULL);
}

static void test_what_a_stage_says_is_obeyed(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_open_gateway(f);
    assert_ok(set_stage(f, &g, (struct ward_stage_input){ .has_throttle_rps = true, .throttle_rps = 1 }));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    assert_on_stage(WARD_VERDICT_THROTTLED, f, &g.key, &g.stage);
    assert_ok(set_stage(f, &g, (struct ward_stage_input){ .has_throttle_rps = true }));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    assert_ok(set_stage(f, &g,
                        (struct ward_stage_input){ .has_maintenance = true,
                                                   .is_maintenance = true,
                                                   .has_status_code = true,
                                                   .status_code = 520,
                                                   .has_response = true,
                                                   .response = WARD_SPAN("back soon") }));
    struct ward_verdict verdict = verdict_on_stage(f, &g.key, &g.stage.id);
    assert_reason(WARD_VERDICT_MAINTENANCE, verdict.reason);
    assert_int_equal(520, verdict.plan.maintenance_status);
    assert_span("back soon", verdict.plan.maintenance_response);
    assert_ok(set_stage(f, &g, (struct ward_stage_input){ .has_maintenance = true }));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    assert_ok(set_stage(f, &g,
                        (struct ward_stage_input){ .has_acl_code = true,
                                                   .acl_code = WARD_SPAN("ALLOWED"),
                                                   .has_acl_list = true,
                                                   .acl_list = WARD_SPAN("192.0.2.0/24") }));
    assert_on_stage(WARD_VERDICT_SOURCE_NOT_ALLOWED, f, &g.key, &g.stage);
    assert_ok(set_stage(f, &g, (struct ward_stage_input){ .has_acl_code = true }));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
}

static void test_default_terms(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_open_gateway(f);
    struct ward_stage_path path = path_of(&g.product, &g.api, &g.stage);
    struct ward_stage stage;
    const struct ward_terms_input nothing = { .has_day_quota = true, .has_month_quota = true }, none = { 0 },
                                  half = { .has_day_quota = true, .day_quota = 5 };
    assert_ok(ward_service_stage_default_terms(CALL(f, &g.owner), &path, &nothing, &stage));
    assert_int_equal(0, stage.terms.day_quota);
    assert_on_stage(WARD_VERDICT_QUOTA_EXCEEDED, f, &g.key, &g.stage);
    struct ward_gateway_call *call = CALL(f, &g.owner);
    assert_status(WARD_INVALID, ward_service_stage_default_terms(call, &path, &half, &stage));
    assert_problem(&call->problems, "monthQuotaRequest", WARD_RULE_REQUIRED);
    assert_on_stage(WARD_VERDICT_QUOTA_EXCEEDED, f, &g.key, &g.stage);
    assert_ok(ward_service_stage_default_terms(CALL(f, &g.owner), &path, &none, &stage));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
}

static void test_refused_inputs_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    struct ward_operator viewer = account_operator(f, WARD_ROLE_VIEWER);
    struct ward_product_input product = { .has_code = true, .code = WARD_SPAN("public") };
    struct ward_product_input sound = { .has_name = true, .name = WARD_SPAN("new") };
    uint64_t before = revision_now(f);
    assert_status(WARD_INVALID, ward_service_product_update(CALL(f, &g.owner), id_text(&g.product.id), &product, NULL));
    assert_problem(&product.problems, "subscriptionCode", WARD_RULE_ENUM);
    assert_status(WARD_FORBIDDEN, ward_service_product_update(CALL(f, &viewer), id_text(&g.product.id), &sound, NULL));
    assert_status(WARD_FORBIDDEN, ward_service_product_delete(CALL(f, &viewer), id_text(&g.product.id)));
    assert_status(WARD_INVALID,
                  set_stage(f, &g, (struct ward_stage_input){ .has_name = true, .name = WARD_SPAN("a b") }));
    assert_int_equal(before, revision_now(f));
    struct ward_product kept;
    assert_ok(ward_service_product_get(CALL(f, &viewer), id_text(&g.product.id), &kept));
    assert_span("a product", kept.name);
    assert_int_equal(WARD_PRODUCT_PUBLIC, kept.code);
}

static enum ward_status keep_overview(const struct ward_api *api, const struct ward_stage *stage, void *arg)
{
    struct listed *listed = arg;
    memcpy(listed->ids[listed->count++], stage ? stage->id.text : api->id.text, sizeof(listed->ids[0]));
    return WARD_OK;
}

static void test_overview(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_open_gateway(f);
    struct ward_api_key asking = make_pair(f, &g.stranger, "asking");
    struct ward_product_overview overview;
    struct listed listed = { 0 };
    test_clock_ms++;
    struct ward_api bare = make_api(f, &g.owner, &g.product, "bare");
    assert_ok(subscribe(f, &g.stranger, &asking, &g.product));
    assert_ok(
        ward_service_product_overview(CALL(f, &g.owner), id_text(&g.product.id), &overview, keep_overview, &listed));
    assert_int_equal(2, overview.total);
    assert_int_equal(1, overview.keys[WARD_SUBSCRIPTION_ACCEPTED]);
    assert_int_equal(1, overview.keys[WARD_SUBSCRIPTION_REQUEST]);
    assert_int_equal(2, listed.count);
    assert_string_equal(bare.id.text, listed.ids[0]);
    assert_string_equal(g.stage.id.text, listed.ids[1]);
}

/* A project that is closed closes what is in it, for keys of others, too. */
static void test_a_closed_project_closes_its_products(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_open_gateway(f);
    assert_ok(ward_service_project_delete(f->service, &f->local, id_span(f, &g.product.project_id), NULL));
    assert_on_stage(WARD_VERDICT_PROJECT_INACTIVE, f, &g.key, &g.stage);
    struct ward_gateway_call *call = CALL(f, &g.owner);
    struct ward_product product;
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_PRODUCT, ward_service_product_get(call, id_text(&g.product.id), &product),
                   call);
    restart(f);
    assert_on_stage(WARD_VERDICT_PROJECT_INACTIVE, f, &g.key, &g.stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_a_project_is_found_for_what_is_new),
        test_case(test_the_list_is_the_operators_own),
        test_case(test_objects_stand_in_one_another),
        test_case(test_a_product_takes_all_with_it),
        test_case(test_an_api_and_a_stage_go),
        test_case(test_what_a_stage_says_is_obeyed),
        test_case(test_default_terms),
        test_case(test_refused_inputs_change_nothing),
        test_case(test_overview),
        test_case(test_a_closed_project_closes_its_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
