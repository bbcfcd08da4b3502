/* Who may use a product: contracts/ncp.md 6. Each rule is seen twice, in the lists and by a verifier. */
#include "gateway_fixture.h"

static void test_a_protected_product_asks_its_owner(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PROTECTED");
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "ACCEPTED"));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "REJECTED"));
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
}

static void test_subscribing_twice_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PROTECTED");
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    uint64_t before = revision_now(f);
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_int_equal(before, revision_now(f));
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "ACCEPTED"));
    before = revision_now(f);
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "ACCEPTED"));
    assert_int_equal(before, revision_now(f));
}

static void test_unsubscribing_ends_it(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    assert_ok(unsubscribe(f, &g.stranger, &g.key, &g.product));
    assert_true(verdict_on_stage(f, &g.key, &g.stage.id).needs_subscription);
    struct ward_gateway_call *call = CALL(f, &g.stranger);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_SUBSCRIPTION,
                   ward_service_subscription_delete(call, id_text(&g.key.id), true, id_text(&g.product.id)), call);
    assert_ok(set_code(f, &g.owner, &g.product, "PROTECTED"));
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
}

static void test_a_refusal_is_the_owners_to_take_back(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PROTECTED");
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "REJECTED"));
    assert_status(WARD_CONFLICT, unsubscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(set_code(f, &g.owner, &g.product, "PUBLIC"));
    assert_status(WARD_CONFLICT, ward_service_subscription_first_use(f->service, &g.key.id, &g.product.id));
    assert_true(verdict_on_stage(f, &g.key, &g.stage.id).needs_subscription);
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "ACCEPTED"));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
}

static void test_the_first_use_of_a_public_product_subscribes(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    struct ward_verdict verdict = verdict_on_stage(f, &g.key, &g.stage.id);
    assert_reason(WARD_VERDICT_STALE, verdict.reason);
    assert_true(verdict.needs_subscription);
    assert_ok(ward_service_subscription_first_use(f->service, &g.key.id, &g.product.id));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    uint64_t before = revision_now(f);
    assert_ok(ward_service_subscription_first_use(f->service, &g.key.id, &g.product.id));
    assert_int_equal(before, revision_now(f));
    struct seen_changes seen = changes_after(f, before - 1);
    assert_span("created", seen.items[0].action);
    assert_int_equal(WARD_OBJECT_SUBSCRIPTION, seen.items[0].kind);
    assert_int_equal(WARD_ACTOR_SYSTEM, seen.items[0].actor_type);
}

static void test_a_product_that_closes_loses_who_only_used_it(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    struct ward_api_key asked = make_pair(f, &g.stranger, "asked");
    struct ward_api_key asked_later = make_pair(f, &g.stranger, "asked later");
    assert_ok(ward_service_subscription_first_use(f->service, &g.key.id, &g.product.id));
    assert_ok(ward_service_subscription_first_use(f->service, &asked_later.id, &g.product.id));
    assert_ok(subscribe(f, &g.stranger, &asked, &g.product));
    assert_ok(subscribe(f, &g.stranger, &asked_later, &g.product));
    assert_ok(set_code(f, &g.owner, &g.product, "PROTECTED"));
    assert_on_stage(WARD_VERDICT_NOT_SUBSCRIBED, f, &g.key, &g.stage);
    assert_on_stage(WARD_VERDICT_VALID, f, &asked, &g.stage);
    assert_on_stage(WARD_VERDICT_VALID, f, &asked_later, &g.stage);
    assert_status(WARD_NOT_FOUND, ward_service_subscription_first_use(f->service, &g.key.id, &g.product.id));
    assert_ok(set_code(f, &g.owner, &g.product, "PUBLIC"));
    assert_ok(ward_service_subscription_first_use(f->service, &g.key.id, &g.product.id));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
}

static void test_first_uses_that_are_none(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    const struct ward_key_id nobody = { "0000000000" };
    uint64_t before = revision_now(f);
    assert_status(WARD_NOT_FOUND, ward_service_subscription_first_use(f->service, &nobody, &g.product.id));
    assert_status(WARD_NOT_FOUND, ward_service_subscription_first_use(f->service, &g.key.id, &nobody));
    assert_int_equal(before, revision_now(f));
    assert_ok(ward_service_key_remove(CALL(f, &g.stranger), id_text(&g.key.id)));
    assert_status(WARD_NOT_FOUND, ward_service_subscription_first_use(f->service, &g.key.id, &g.product.id));
}

/* What is foreign is not there: the same answers as for ids of nothing, and nothing changes. */
static void test_foreign_and_unknown_are_the_same(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PROTECTED");
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    const struct ward_span unknown = WARD_SPAN("0000000000"), malformed = WARD_SPAN("No Id");
    const struct ward_span keys[] = { id_text(&g.key.id), unknown, malformed };
    uint64_t before = revision_now(f);
    for (size_t i = 0; i < 3; i++) { /* the owner of the product does not own the key */
        struct ward_gateway_call *call = CALL(f, &g.owner);
        assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY,
                       ward_service_subscription_create(call, keys[i], true, id_text(&g.product.id)), call);
        call = CALL(f, &g.owner);
        assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY,
                       ward_service_subscription_delete(call, keys[i], true, id_text(&g.product.id)), call);
    }
    const struct ward_span products[] = { id_text(&g.product.id), unknown, malformed };
    for (size_t i = 0; i < 3; i++) { /* the owner of the key does not own the product */
        struct ward_gateway_call *call = CALL(f, &g.stranger);
        assert_refused(
            WARD_NOT_FOUND, WARD_NOUN_PRODUCT,
            ward_service_subscription_decide(call, products[i], id_text(&g.key.id), true, WARD_SPAN("ACCEPTED")), call);
        call = CALL(f, &g.stranger);
        assert_refused(WARD_NOT_FOUND, WARD_NOUN_PRODUCT,
                       ward_service_subscription_choose_plan(call, products[i], id_text(&g.key.id),
                                                             id_text(&g.stage.id), false, WARD_SPAN_NONE),
                       call);
    }
    struct ward_gateway_call *call = CALL(f, &g.owner);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY,
                   ward_service_subscription_decide(call, id_text(&g.product.id), unknown, true, WARD_SPAN("ACCEPTED")),
                   call);
    assert_int_equal(before, revision_now(f));
}

static void test_what_a_call_lacks_is_named(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PROTECTED");
    static const char *const wrong[] = { "REQUEST", "accepted", "", "DENY" };
    uint64_t before = revision_now(f);
    struct ward_gateway_call *call = CALL(f, &g.stranger);
    assert_status(WARD_INVALID, ward_service_subscription_create(call, id_text(&g.key.id), false, WARD_SPAN_NONE));
    assert_problem(&call->problems, "productId", WARD_RULE_REQUIRED);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        call = CALL(f, &g.owner);
        assert_status(WARD_INVALID, ward_service_subscription_decide(call, id_text(&g.product.id), id_text(&g.key.id),
                                                                     true, ward_span_of(wrong[i])));
        assert_problem(&call->problems, "status", WARD_RULE_ENUM);
    }
    const struct ward_operator viewer = account_operator(f, WARD_ROLE_VIEWER);
    assert_status(WARD_FORBIDDEN, decide(f, &viewer, &g.product, &g.key, "ACCEPTED"));
    assert_status(WARD_FORBIDDEN, subscribe(f, &viewer, &g.key, &g.product));
    assert_int_equal(before, revision_now(f));
}

/* ---- lists ---- */

struct rows {
    struct fixture *f;
    size_t count;
    struct ward_product_key keys[16];
    struct ward_key_product products[16];
    struct ward_relation relations[16];
    char value[64];
};

static enum ward_status keep_key(const struct ward_product_key *row, void *arg)
{
    struct rows *rows = arg;
    rows->keys[rows->count++] = *row;
    struct ward_span value = row->key.values[WARD_SLOT_SECONDARY];
    snprintf(rows->value, sizeof(rows->value), "%.*s", (int)value.size, value.data ? value.data : "");
    return WARD_OK;
}

static enum ward_status keep_product(const struct ward_key_product *row, void *arg)
{
    struct rows *rows = arg;
    rows->products[rows->count++] = *row;
    return WARD_OK;
}

static enum ward_status keep_relation(const struct ward_relation *row, void *arg)
{
    struct rows *rows = arg;
    struct ward_relation *kept = &rows->relations[rows->count++];
    *kept = *row;
    kept->plan_name = ward_pool_copy(&rows->f->pool, row->plan_name);
    kept->stage_name = ward_pool_copy(&rows->f->pool, row->stage_name);
    return WARD_OK;
}

static void test_the_products_of_a_key(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    struct rows rows = { .f = f };
    struct ward_plain_page page = { 0 };
    test_clock_ms++;
    struct ward_product own = make_product(f, &g.stranger, "PROTECTED");
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    test_clock_ms++;
    assert_ok(subscribe(f, &g.stranger, &g.key, &own));
    assert_ok(ward_service_key_products(CALL(f, &g.stranger), id_text(&g.key.id), &page, keep_product, &rows));
    assert_int_equal(2, page.totals.total);
    assert_int_equal(2, rows.count);
    assert_string_equal(own.id.text, rows.products[0].product.id.text);
    assert_true(rows.products[0].is_self);
    assert_int_equal(WARD_SUBSCRIPTION_REQUEST, rows.products[0].subscription.status);
    assert_string_equal(g.product.id.text, rows.products[1].product.id.text);
    assert_false(rows.products[1].is_self);
    assert_int_equal(WARD_SUBSCRIPTION_ACCEPTED, rows.products[1].subscription.status);
    assert_ok(ward_service_product_delete(CALL(f, &g.owner), id_text(&g.product.id)));
    rows.count = 0;
    page = (struct ward_plain_page){ .page = { .has_offset = true, .offset = 1 } };
    assert_ok(ward_service_key_products(CALL(f, &g.stranger), id_text(&g.key.id), &page, keep_product, &rows));
    assert_int_equal(1, page.totals.total);
    assert_int_equal(0, rows.count);
    struct ward_gateway_call *call = CALL(f, &g.owner);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY,
                   ward_service_key_products(call, id_text(&g.key.id), &page, keep_product, &rows), call);
}

static void test_the_keys_of_a_product(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PROTECTED");
    struct ward_api_key other = make_pair(f, &g.owner, "own key");
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(subscribe(f, &g.owner, &other, &g.product));
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "ACCEPTED"));
    const struct {
        struct ward_span value, id;
        ward_subscription_statuses statuses;
        int64_t total;
    } cases[] = {
        { WARD_SPAN_NONE, WARD_SPAN_NONE, 0, 2 },
        { g.key.values[WARD_SLOT_PRIMARY], WARD_SPAN_NONE, 0, 1 },
        { g.key.values[WARD_SLOT_SECONDARY], id_text(&g.key.id), 0, 1 },
        { g.key.values[WARD_SLOT_SECONDARY], id_text(&other.id), 0, 0 },
        { WARD_SPAN("no value of anybody"), WARD_SPAN_NONE, 0, 0 },
        { WARD_SPAN_NONE, WARD_SPAN("no id"), 0, 0 },
        { WARD_SPAN_NONE, WARD_SPAN_NONE, 1u << WARD_SUBSCRIPTION_REQUEST, 1 },
        { WARD_SPAN_NONE, WARD_SPAN_NONE, 1u << WARD_SUBSCRIPTION_ACCEPTED | 1u << WARD_SUBSCRIPTION_REQUEST, 2 },
        { WARD_SPAN_NONE, WARD_SPAN_NONE, 1u << WARD_SUBSCRIPTION_DENY, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct rows rows = { .f = f };
        struct ward_product_key_search search = { .key_value = cases[i].value,
                                                  .key_id = cases[i].id,
                                                  .statuses = cases[i].statuses };
        assert_ok(ward_service_product_keys(CALL(f, &g.owner), id_text(&g.product.id), &search, keep_key, &rows));
        assert_int_equal(cases[i].total, search.totals.total);
        assert_int_equal(cases[i].total, rows.count);
    }
    struct rows rows = { .f = f };
    struct ward_product_key_search search = { .key_id = id_text(&g.key.id) };
    assert_ok(ward_service_product_keys(CALL(f, &g.owner), id_text(&g.product.id), &search, keep_key, &rows));
    assert_span(rows.value, g.key.values[WARD_SLOT_SECONDARY]);
    struct ward_gateway_call *call = CALL(f, &g.stranger);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_PRODUCT,
                   ward_service_product_keys(call, id_text(&g.product.id), &search, keep_key, &rows), call);
}

static void test_own_keys_and_a_product(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PROTECTED");
    struct ward_api_key other = make_pair(f, &g.owner, "own key");
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(subscribe(f, &g.owner, &other, &g.product));
    const struct {
        const struct ward_operator *who;
        struct ward_span name;
        int64_t total;
    } cases[] = {
        { &g.stranger, WARD_SPAN_NONE, 1 },   { &g.owner, WARD_SPAN_NONE, 1 },
        { &f->local, WARD_SPAN_NONE, 2 },     { &g.stranger, WARD_SPAN("eir k"), 1 },
        { &g.stranger, WARD_SPAN("EIR"), 0 }, { &f->local, WARD_SPAN("key"), 2 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct rows rows = { .f = f };
        struct ward_own_key_search search = { .has_product = true,
                                              .product = id_text(&g.product.id),
                                              .name = cases[i].name };
        assert_ok(ward_service_key_search(CALL(f, cases[i].who), &search, keep_key, &rows));
        assert_int_equal(cases[i].total, search.totals.total);
        assert_int_equal(cases[i].total, rows.count);
        assert_string_equal("", rows.value); /* not opened */
    }
    struct ward_own_key_search search = { .product = WARD_SPAN_NONE };
    struct ward_gateway_call *call = CALL(f, &g.stranger);
    assert_status(WARD_INVALID, ward_service_key_search(call, &search, keep_key, NULL));
    assert_problem(&call->problems, "productId", WARD_RULE_REQUIRED);
}

/* ---- relations ---- */

static struct ward_relation_query relation_query(const struct gateway *g)
{
    return (struct ward_relation_query){
        .has_product = true, .has_key = true, .product = id_text(&g->product.id), .key = id_text(&g->key.id)
    };
}

static void test_relations_show_plan_and_use(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PROTECTED");
    struct ward_stage_path path = path_of(&g.product, &g.api, &g.stage);
    struct ward_usage_plan plan = make_plan(f, &g.owner, "two", 2, 100);
    struct ward_relation_query query = relation_query(&g);
    struct rows rows = { .f = f };
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(ward_service_relations(CALL(f, &g.stranger), WARD_RELATION_OF_KEY, &query, keep_relation, &rows));
    assert_int_equal(0, query.totals.total); /* not accepted */
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "ACCEPTED"));
    assert_ok(ward_service_stage_associate(CALL(f, &g.owner), &path, true, id_text(&plan.id)));
    assert_ok(ward_service_subscription_choose_plan(CALL(f, &g.owner), id_text(&g.product.id), id_text(&g.key.id),
                                                    id_text(&g.stage.id), true, id_text(&plan.id)));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    assert_on_stage(WARD_VERDICT_QUOTA_EXCEEDED, f, &g.key, &g.stage);
    const struct {
        const struct ward_operator *who;
        enum ward_relation_side side;
    } sides[] = { { &g.stranger, WARD_RELATION_OF_KEY }, { &g.owner, WARD_RELATION_OF_PRODUCT } };
    for (size_t i = 0; i < 2; i++) {
        rows.count = 0;
        assert_ok(ward_service_relations(CALL(f, sides[i].who), sides[i].side, &query, keep_relation, &rows));
        assert_int_equal(1, query.totals.total);
        assert_int_equal(1, rows.count);
        assert_string_equal(plan.id.text, rows.relations[0].plan_id.text);
        assert_span("two", rows.relations[0].plan_name);
        assert_span("v1", rows.relations[0].stage_name);
        assert_int_equal(2, rows.relations[0].day_used);
        assert_int_equal(2, rows.relations[0].month_used);
        assert_true(rows.relations[0].day_calls >= 2);
        struct ward_gateway_call *call = CALL(f, sides[1 - i].who); /* the other party's object is not there */
        assert_status(WARD_NOT_FOUND, ward_service_relations(call, sides[i].side, &query, keep_relation, &rows));
    }
    query.stage = WARD_SPAN("0000000000");
    assert_ok(ward_service_relations(CALL(f, &g.owner), WARD_RELATION_OF_PRODUCT, &query, keep_relation, &rows));
    assert_int_equal(0, query.totals.total);
    query = relation_query(&g);
    query.has_key = false;
    struct ward_gateway_call *call = CALL(f, &g.owner);
    assert_status(WARD_INVALID, ward_service_relations(call, WARD_RELATION_OF_PRODUCT, &query, keep_relation, &rows));
    assert_problem(&call->problems, "apiKeyId", WARD_RULE_REQUIRED);
}

static void test_a_plan_is_chosen_from_what_the_stage_offers(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PROTECTED");
    struct ward_usage_plan none = make_plan(f, &g.owner, "none", 0, 0);
    struct ward_stage_path path = path_of(&g.product, &g.api, &g.stage);
    struct ward_span product = id_text(&g.product.id), key = id_text(&g.key.id), stage = id_text(&g.stage.id);
    struct ward_gateway_call *call = CALL(f, &g.owner);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY, /* it never asked */
                   ward_service_subscription_choose_plan(call, product, key, stage, false, WARD_SPAN_NONE), call);
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "ACCEPTED"));
    call = CALL(f, &g.owner);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_USAGE_PLAN,
                   ward_service_subscription_choose_plan(call, product, key, stage, true, id_text(&none.id)), call);
    assert_ok(ward_service_stage_associate(CALL(f, &g.owner), &path, true, id_text(&none.id)));
    struct ward_product second = make_product(f, &g.owner, "PROTECTED");
    struct ward_api api = make_api(f, &g.owner, &second, "api-2");
    struct ward_stage elsewhere = make_stage(f, &g.owner, &second, &api, "v1");
    call = CALL(f, &g.owner);
    assert_refused(
        WARD_NOT_FOUND, WARD_NOUN_STAGE,
        ward_service_subscription_choose_plan(call, product, key, id_text(&elsewhere.id), true, id_text(&none.id)),
        call);
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
    assert_ok(ward_service_subscription_choose_plan(CALL(f, &g.owner), product, key, stage, true, id_text(&none.id)));
    assert_on_stage(WARD_VERDICT_QUOTA_EXCEEDED, f, &g.key, &g.stage);
    assert_ok(ward_service_subscription_choose_plan(CALL(f, &g.owner), product, key, stage, true, WARD_SPAN_NONE));
    assert_on_stage(WARD_VERDICT_VALID, f, &g.key, &g.stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_a_protected_product_asks_its_owner),
        test_case(test_subscribing_twice_changes_nothing),
        test_case(test_unsubscribing_ends_it),
        test_case(test_a_refusal_is_the_owners_to_take_back),
        test_case(test_the_first_use_of_a_public_product_subscribes),
        test_case(test_a_product_that_closes_loses_who_only_used_it),
        test_case(test_first_uses_that_are_none),
        test_case(test_foreign_and_unknown_are_the_same),
        test_case(test_what_a_call_lacks_is_named),
        test_case(test_the_products_of_a_key),
        test_case(test_the_keys_of_a_product),
        test_case(test_own_keys_and_a_product),
        test_case(test_relations_show_plan_and_use),
        test_case(test_a_plan_is_chosen_from_what_the_stage_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
