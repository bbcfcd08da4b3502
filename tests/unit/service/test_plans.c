/* Usage plans: contracts/ncp.md 6.2. */
#include "gateway_fixture.h"

static void test_a_plan_and_its_edit(void **state)
{
    struct fixture *f = *state;
    struct ward_usage_plan plan, read;
    struct ward_usage_plan_input input = { .has_name = true,
                                           .has_description = true,
                                           .name = WARD_SPAN("gold"),
                                           .description = WARD_SPAN("much"),
                                           .terms = { .has_rate = true,
                                                      .rate_rps = 5,
                                                      .has_day_quota = true,
                                                      .has_month_quota = true,
                                                      .has_classes = true,
                                                      .day_quota = 10,
                                                      .month_quota = 0,
                                                      .classes = WARD_SPAN("2xx,others") } };
    assert_ok(ward_service_plan_create(CALL(f, &f->admin), &input, &plan));
    assert_ok(ward_service_plan_get(CALL(f, &f->admin), id_text(&plan.id), &read));
    assert_span("gold", read.name);
    assert_int_equal(5, read.terms.rate_rps);
    assert_int_equal(10, read.terms.day_quota);
    assert_int_equal(0, read.terms.month_quota);
    assert_int_equal(WARD_ANSWER_2XX | WARD_ANSWER_OTHERS, read.terms.classes);
    /* an edit replaces the terms; a description that was not sent stays */
    struct ward_usage_plan_input edit = { .has_name = true, .name = WARD_SPAN("free") };
    assert_ok(ward_service_plan_update(CALL(f, &f->admin), id_text(&plan.id), &edit, &read));
    assert_span("free", read.name);
    assert_span("much", read.description);
    assert_int_equal(0, read.terms.rate_rps);
    assert_int_equal(WARD_QUOTA_NONE, read.terms.day_quota);
    assert_int_equal(0, read.terms.classes);
    assert_true(ward_uuid_equal(&f->admin.id, &read.provenance.changed_by));
}

struct listed {
    size_t count;
    char names[32][48];
};

static enum ward_status keep_plan(const struct ward_usage_plan *plan, void *arg)
{
    struct listed *listed = arg;
    snprintf(listed->names[listed->count++], 48, "%.*s", (int)plan->name.size, plan->name.data);
    return WARD_OK;
}

static enum ward_status keep_stage(const struct ward_plan_stage *stage, void *arg)
{
    struct listed *listed = arg;
    snprintf(listed->names[listed->count++], 48, "%.*s/%.*s", (int)stage->api_name.size, stage->api_name.data,
             (int)stage->stage_name.size, stage->stage_name.data);
    return WARD_OK;
}

static void test_which_stage_offers_which_plan(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    struct ward_stage_path path = path_of(&g.product, &g.api, &g.stage);
    struct ward_usage_plan a = make_plan(f, &g.owner, "a", 1, 1);
    (void)make_plan(f, &g.owner, "b", 1, 1);
    struct ward_usage_plan theirs = make_plan(f, &g.stranger, "theirs", 1, 1);
    struct ward_stage stage;
    struct ward_usage_plan plan;
    uint64_t before = revision_now(f);
    assert_ok(ward_service_stage_associate(CALL(f, &g.owner), &path, true, id_text(&a.id)));
    assert_ok(ward_service_stage_associate(CALL(f, &g.owner), &path, true, id_text(&a.id)));
    assert_int_equal(before + 1, revision_now(f)); /* again: nothing changes */
    const struct ward_span missing[] = { id_text(&theirs.id), WARD_SPAN("0000000000"), WARD_SPAN("") };
    for (size_t i = 0; i < 3; i++) {
        struct ward_gateway_call *call = CALL(f, &g.owner);
        assert_refused(WARD_NOT_FOUND, WARD_NOUN_USAGE_PLAN,
                       ward_service_stage_associate(call, &path, true, missing[i]), call);
    }
    struct ward_gateway_call *call = CALL(f, &f->local); /* covers both tenants, and still joins nothing across them */
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_USAGE_PLAN,
                   ward_service_stage_associate(call, &path, true, id_text(&theirs.id)), call);
    call = CALL(f, &g.owner);
    assert_status(WARD_INVALID, ward_service_stage_associate(call, &path, false, WARD_SPAN_NONE));
    assert_problem(&call->problems, "usagePlanId", WARD_RULE_REQUIRED);
    assert_int_equal(before + 1, revision_now(f));

    struct listed listed = { 0 };
    struct ward_plan_page query = { 0 };
    assert_ok(
        ward_service_plan_of_stage_id(CALL(f, &g.owner), true, id_text(&g.stage.id), true, &query, keep_plan, &listed));
    assert_ok(ward_service_plan_of_stage_id(CALL(f, &g.owner), true, id_text(&g.stage.id), false, &query, keep_plan,
                                            &listed));
    assert_ok(ward_service_stage_plans(CALL(f, &g.owner), &path, &query, &stage, keep_plan, &listed));
    assert_int_equal(3, listed.count);
    assert_string_equal("a", listed.names[0]);
    assert_string_equal("b", listed.names[1]); /* not theirs */
    assert_string_equal("a", listed.names[2]);
    call = CALL(f, &g.stranger);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_STAGE,
                   ward_service_plan_of_stage_id(call, true, id_text(&g.stage.id), true, &query, keep_plan, &listed),
                   call);
    struct ward_plan_stage_page stages = { 0 };
    assert_ok(ward_service_plan_stages(CALL(f, &g.owner), id_text(&a.id), &stages, &plan, keep_stage, &listed));
    assert_int_equal(1, stages.totals.total);
    assert_int_equal(1, plan.associated_stages);
    assert_string_equal("api-1/v1", listed.names[3]);
    stages = (struct ward_plan_stage_page){ .has_name = true, .name = WARD_SPAN("API") };
    assert_ok(ward_service_plan_stages(CALL(f, &g.owner), id_text(&a.id), &stages, &plan, keep_stage, &listed));
    assert_int_equal(0, stages.totals.total);
}

static void test_a_plan_that_somebody_has_does_not_go(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    struct ward_stage_path path = path_of(&g.product, &g.api, &g.stage);
    struct ward_usage_plan plan = make_plan(f, &g.owner, "plan", 1, 1);
    struct ward_span id = id_text(&plan.id);
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(ward_service_stage_associate(CALL(f, &g.owner), &path, true, id));
    uint64_t before = revision_now(f);
    struct ward_gateway_call *call = CALL(f, &g.owner);
    assert_refused(WARD_CONFLICT, WARD_NOUN_STAGE, ward_service_plan_delete(call, id), call);
    assert_int_equal(before, revision_now(f));
    assert_ok(ward_service_subscription_choose_plan(CALL(f, &g.owner), id_text(&g.product.id), id_text(&g.key.id),
                                                    id_text(&g.stage.id), true, id));
    before = revision_now(f);
    call = CALL(f, &g.owner);
    assert_refused(WARD_CONFLICT, WARD_NOUN_SUBSCRIPTION, ward_service_stage_disassociate(call, &path, true, id), call);
    call = CALL(f, &g.owner);
    assert_refused(WARD_CONFLICT, WARD_NOUN_SUBSCRIPTION, ward_service_plan_delete(call, id), call);
    assert_int_equal(before, revision_now(f));
    assert_ok(unsubscribe(f, &g.stranger, &g.key, &g.product)); /* what it had goes with it */
    assert_ok(ward_service_stage_disassociate(CALL(f, &g.owner), &path, true, id));
    call = CALL(f, &g.owner);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_USAGE_PLAN, ward_service_stage_disassociate(call, &path, true, id), call);
    assert_ok(ward_service_plan_delete(CALL(f, &g.owner), id));
    call = CALL(f, &g.owner);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_USAGE_PLAN, ward_service_plan_delete(call, id), call);
}

static void test_an_edit_holds_at_once(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    struct ward_stage_path path = path_of(&g.product, &g.api, &g.stage);
    struct ward_usage_plan plan = make_plan(f, &g.owner, "plan", 1, 1);
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(ward_service_stage_associate(CALL(f, &g.owner), &path, true, id_text(&plan.id)));
    assert_ok(ward_service_subscription_choose_plan(CALL(f, &g.owner), id_text(&g.product.id), id_text(&g.key.id),
                                                    id_text(&g.stage.id), true, id_text(&plan.id)));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    assert_on_stage(WARD_VERDICT_QUOTA_EXCEEDED, f, &g.key, &g.stage);
    struct ward_usage_plan_input edit = {
        .has_name = true,
        .name = WARD_SPAN("plan"),
        .terms = { .has_day_quota = true, .has_month_quota = true, .day_quota = 2, .month_quota = 2 }
    };
    assert_ok(ward_service_plan_update(CALL(f, &g.owner), id_text(&plan.id), &edit, &plan));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage); /* the second of two: the first one counts */
    assert_on_stage(WARD_VERDICT_QUOTA_EXCEEDED, f, &g.key, &g.stage);
}

static void test_plans_are_the_operators_own(void **state)
{
    struct fixture *f = *state;
    struct ward_operator foreign = foreign_operator(f);
    struct ward_usage_plan plan = make_plan(f, &f->admin, "mine", 1, 1), read;
    struct ward_usage_plan_input edit = { .has_name = true, .name = WARD_SPAN("x") };
    struct listed listed = { 0 };
    struct ward_plan_page query = { 0 };
    uint64_t before = revision_now(f);
    struct ward_gateway_call *call = CALL(f, &foreign);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_USAGE_PLAN, ward_service_plan_get(call, id_text(&plan.id), &read), call);
    call = CALL(f, &foreign);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_USAGE_PLAN,
                   ward_service_plan_update(call, id_text(&plan.id), &edit, &read), call);
    call = CALL(f, &foreign);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_USAGE_PLAN, ward_service_plan_delete(call, id_text(&plan.id)), call);
    assert_int_equal(before, revision_now(f));
    assert_ok(ward_service_plan_list(CALL(f, &foreign), &query, keep_plan, &listed));
    assert_int_equal(0, query.totals.initial);
    assert_ok(ward_service_plan_list(CALL(f, &f->admin), &query, keep_plan, &listed));
    assert_int_equal(1, query.totals.initial);
    assert_int_equal(1, listed.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_a_plan_and_its_edit),
        test_case(test_which_stage_offers_which_plan),
        test_case(test_a_plan_that_somebody_has_does_not_go),
        test_case(test_an_edit_holds_at_once),
        test_case(test_plans_are_the_operators_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
