/* Requests that name a stage: every reason in its order, what is counted, what is taken back. */
#include "plan_support.h"

enum { STEPS_AHEAD_MAX = 7 }; /* index, record, body; the relation's index, record; done; one more */

static unsigned steps_ahead; /* every test runs with some: what is foreseen changes no verdict */

static struct ward_verdict verify(struct gate *gate, const struct ward_presented *presented)
{
    struct ward_presented ahead = *presented;
    struct ward_foresight foresight = { .value = presented->value,
                                        .stage = presented->stage != NULL ? presented->stage->stage : 0 };
    for (unsigned i = 0; i < steps_ahead; i++)
        (void)ward_verify_foresee(&gate->verifier, &foresight);
    ahead.foresight = steps_ahead > 0 ? &foresight : NULL;
    struct ward_verdict verdict;
    memset(&verdict, 0xff, sizeof(verdict)); /* whatever was there before must not let anybody in */
    ward_verify(&gate->verifier, &ahead, wall_now, &verdict);
    return verdict;
}

static struct ward_verdict ask(struct gate *gate)
{
    struct ward_presented presented = present(&plain);
    return verify(gate, &presented);
}

static struct ward_verdict look(struct gate *gate)
{
    struct ward_presented presented = present(&plain);
    presented.peek = true;
    return verify(gate, &presented);
}

static struct ward_plan_usage usage_of(struct gate *gate)
{
    struct ward_plan_usage usage, same;
    struct ward_lookup lookup;
    assert_ok(ward_verify_usage(&gate->verifier, KEY, STAGE, wall_now, &usage));
    ward_relation_lookup(gate->hash, KEY, STAGE, &lookup);
    assert_true(ward_table_writer_usage(gate->writer, &lookup, wall_now, &same));
    assert_memory_equal(&usage, &same, sizeof(usage));
    return usage;
}

static void a_subscribed_key_is_valid(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .has_plan = true, .throttle_rps = 100, .terms = { 10, 20, 30, WARD_ANSWER_2XX } };
    put_world(gate, &world);
    struct ward_verdict verdict = ask(gate);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    assert_true(verdict.has_stage && verdict.has_plan);
    assert_false(verdict.needs_subscription || verdict.is_plan_rate || verdict.is_foreign);
    assert_int_equal(verdict.plan.product, PRODUCT);
    assert_int_equal(verdict.plan.api, API);
    assert_int_equal(verdict.plan.stage, STAGE);
    assert_int_equal(verdict.plan.plan, PLAN);
    assert_int_equal(verdict.plan.terms.rate_rps, 10);
    assert_int_equal(verdict.plan.terms.classes, WARD_ANSWER_2XX);
    assert_true(verdict.plan.has_throttle && verdict.plan.has_rate && verdict.plan.has_quotas);
    assert_int_equal(verdict.plan.throttle.remaining, 99);
    assert_int_equal(verdict.plan.rate.remaining, 9);
    assert_int_equal(verdict.plan.quotas.day.remaining, 19);
    assert_int_equal(verdict.plan.quotas.month.remaining, 29);
    assert_int_equal(verdict.plan.quotas.day.reset_ms, INT64_C(1763823600000));   /* 2025-11-22T15:00Z */
    assert_int_equal(verdict.plan.quotas.month.reset_ms, INT64_C(1764514800000)); /* 2025-11-30T15:00Z */
    assert_int_equal(verdict.plan.ticket.key, KEY);
    assert_int_equal(verdict.plan.ticket.stage, STAGE);
    assert_int_equal(usage_of(gate).day_used, 1);
    assert_int_equal(usage_of(gate).day_calls, 1);
}

static void a_call_without_a_stage_asks_for_no_plan(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .is_unsubscribed = true, .is_maintenance = true, NO_TERMS };
    put_world(gate, &world);
    struct ward_presented presented = present(NULL);
    struct ward_verdict verdict = verify(gate, &presented);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    assert_false(verdict.has_stage || verdict.has_plan || verdict.needs_subscription);
}

/* Of several reasons, the first in order: each row is a step further than the one before. */
static void every_refusal_has_its_reason(void **state)
{
    struct gate *gate = *state;
#define DENIED_LIST WARD_ACL_ALLOWED, "10.0.0.0/8"
    static const struct {
        const char *what;
        struct world world;
        enum ward_reason reason;
    } rows[] = {
        { "all",
          { true, true, true, true, false, true, DENIED_LIST, true, 0, 0, true, { 1, 0, 0, 0 } },
          WARD_VERDICT_UNKNOWN }, /* another tenant's key that is not subscribed */
        { "disabled",
          { true, true, true, true, false, true, DENIED_LIST, false, 0, 0, true, { 1, 0, 0, 0 } },
          WARD_VERDICT_DISABLED },
        { "expired",
          { false, true, true, true, false, true, DENIED_LIST, false, 0, 0, true, { 1, 0, 0, 0 } },
          WARD_VERDICT_EXPIRED },
        { "the key's project is closed",
          { false, false, true, true, false, true, DENIED_LIST, false, 0, 0, true, { 1, 0, 0, 0 } },
          WARD_VERDICT_PROJECT_INACTIVE },
        { "the stage's project is closed",
          { false, false, false, true, false, true, DENIED_LIST, false, 0, 0, true, { 1, 0, 0, 0 } },
          WARD_VERDICT_PROJECT_INACTIVE },
        { "source",
          { false, false, false, false, false, true, DENIED_LIST, false, 0, 0, true, { 1, 0, 0, 0 } },
          WARD_VERDICT_SOURCE_NOT_ALLOWED },
        { "maintenance",
          { false, false, false, false, false, true, WARD_ACL_NONE, NULL, false, 0, 0, true, { 1, 0, 0, 0 } },
          WARD_VERDICT_MAINTENANCE },
        { "quota of nothing",
          { false, false, false, false, false, false, WARD_ACL_NONE, NULL, false, 0, 0, true, { 1, 0, 0, 0 } },
          WARD_VERDICT_QUOTA_EXCEEDED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_world(gate, &rows[i].world);
        struct ward_presented presented = present(&plain);
        presented.account = &owner_account;
        struct ward_verdict verdict = verify(gate, &presented);
        if (verdict.reason != rows[i].reason)
            fail_msg("%s: %s", rows[i].what, ward_reason_name(verdict.reason));
    }
}

static void rates_and_quotas_refuse_in_order(void **state)
{
    struct gate *gate = *state;
    /* Throttle 4, rate 3, the key's own limit 2, month 1: each call is refused one step earlier. */
    struct world world = { .has_plan = true, .throttle_rps = 4, .key_limit = 2, .terms = { 3, 5, 1, 0 } };
    put_world(gate, &world);
    static const struct {
        enum ward_reason reason;
        bool is_plan_rate;
    } rows[] = {
        { WARD_VERDICT_VALID, false },  { WARD_VERDICT_QUOTA_EXCEEDED, false }, { WARD_VERDICT_LIMITED, false },
        { WARD_VERDICT_LIMITED, true }, { WARD_VERDICT_THROTTLED, false },      { WARD_VERDICT_THROTTLED, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_verdict verdict = ask(gate);
        if (verdict.reason != rows[i].reason || verdict.is_plan_rate != rows[i].is_plan_rate)
            fail_msg("call %zu: %s", i, ward_reason_name(verdict.reason));
        assert_true(verdict.reason == WARD_VERDICT_VALID || verdict.plan.ticket.key == 0);
    }
    struct ward_plan_usage usage = usage_of(gate);
    assert_int_equal(usage.day_used, 1);
    assert_int_equal(usage.month_used, 1);
    assert_int_equal(usage.day_calls, 6); /* a refused call is a call */
}

static void quotas_end_with_their_windows(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .terms = { 0, 1, 3, 0 } };
    put_world(gate, &world);
    static const struct {
        int64_t days;
        enum ward_reason reason;
        bool day_ok, month_ok;
    } rows[] = { { 0, WARD_VERDICT_VALID, true, true },
                 { 0, WARD_VERDICT_QUOTA_EXCEEDED, false, true },
                 { 1, WARD_VERDICT_VALID, true, true },
                 { 2, WARD_VERDICT_VALID, true, true },
                 { 2, WARD_VERDICT_QUOTA_EXCEEDED, false, false },
                 { 3, WARD_VERDICT_QUOTA_EXCEEDED, true, false },
                 { 8, WARD_VERDICT_QUOTA_EXCEEDED, true, false },
                 { 9, WARD_VERDICT_VALID, true, true } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wall_now = NOW + rows[i].days * DAY_MS;
        struct ward_verdict seen = look(gate), verdict = ask(gate);
        if (verdict.reason != rows[i].reason || seen.reason != rows[i].reason)
            fail_msg("row %zu: %s", i, ward_reason_name(verdict.reason));
        assert_int_equal(verdict.plan.quotas.day.is_allowed, rows[i].day_ok);
        assert_int_equal(verdict.plan.quotas.month.is_allowed, rows[i].month_ok);
    }
}

static void a_look_counts_nothing(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .throttle_rps = 1, .key_limit = 1, .terms = { 1, 1, 1, 0 } };
    put_world(gate, &world);
    for (int i = 0; i < 3; i++) {
        struct ward_verdict verdict = look(gate);
        assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
        assert_int_equal(verdict.plan.ticket.key, 0);
    }
    assert_int_equal(usage_of(gate).day_calls, 0);
    assert_int_equal(ask(gate).reason, WARD_VERDICT_VALID);
    assert_int_equal(look(gate).reason, WARD_VERDICT_THROTTLED);
}

static void stages_are_named_rightly(void **state)
{
    struct gate *gate = *state;
    const struct world world = { NO_TERMS };
    put_world(gate, &world);
    static const struct {
        struct ward_stage_ref ref;
        enum ward_reason reason;
    } rows[] = {
        { { PRODUCT, API, STAGE, { NULL, 0 } }, WARD_VERDICT_VALID },
        { { PRODUCT, 0, STAGE, { NULL, 0 } }, WARD_VERDICT_VALID },
        { { 0, API, STAGE, { NULL, 0 } }, WARD_VERDICT_VALID },
        { { 0, 0, STAGE, { NULL, 0 } }, WARD_VERDICT_VALID },
        { { OTHER, API, STAGE, { NULL, 0 } }, WARD_VERDICT_NOT_SUBSCRIBED },
        { { PRODUCT, OTHER, STAGE, { NULL, 0 } }, WARD_VERDICT_NOT_SUBSCRIBED },
        { { API, PRODUCT, STAGE, { NULL, 0 } }, WARD_VERDICT_NOT_SUBSCRIBED },
        { { PRODUCT, API, OTHER, { NULL, 0 } }, WARD_VERDICT_NOT_SUBSCRIBED },
        { { 0, 0, 0, { NULL, 0 } }, WARD_VERDICT_NOT_SUBSCRIBED },
        { { 0, 0, PLAN, { NULL, 0 } }, WARD_VERDICT_NOT_SUBSCRIBED },
        { { 0, 0, UINT64_MAX, { NULL, 0 } }, WARD_VERDICT_NOT_SUBSCRIBED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_presented presented = present(&rows[i].ref);
        struct ward_verdict verdict = verify(gate, &presented);
        assert_int_equal(verdict.reason, rows[i].reason);
        assert_int_equal(verdict.has_stage, rows[i].reason == WARD_VERDICT_VALID);
    }
}

static void no_value_is_a_stage(void **state)
{
    struct gate *gate = *state;
    const struct world world = { NO_TERMS };
    put_world(gate, &world);
    uint64_t stage = STAGE;
    char value[16];
    memcpy(value, "\nstage\n", 7);
    memcpy(value + 7, &stage, sizeof(stage));
    struct ward_presented presented = present(NULL);
    presented.value = ward_span(value, 15); /* finds the stage's record, which is no credential */
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_UNKNOWN);
}

/* The stage must be the caller's, the key need not be. */
static void scopes_are_those_of_the_stage(void **state)
{
    struct gate *gate = *state;
    static const struct {
        bool is_public, is_unsubscribed, is_disabled;
        const struct ward_uuid *account, *project;
        enum ward_reason reason;
        bool is_foreign, needs_subscription;
    } rows[] = {
        { false, false, false, &owner_account, &owner_project, WARD_VERDICT_VALID, false, false },
        { false, false, false, &owner_account, NULL, WARD_VERDICT_VALID, false, false },
        { false, false, true, &owner_account, NULL, WARD_VERDICT_DISABLED, false, false },
        { false, true, false, &owner_account, NULL, WARD_VERDICT_UNKNOWN, true, false },
        { false, true, true, &owner_account, NULL, WARD_VERDICT_UNKNOWN, true, false },
        { true, true, false, &owner_account, NULL, WARD_VERDICT_STALE, false, true },
        { false, false, false, &owner_account, &caller_project, WARD_VERDICT_UNKNOWN, true, false },
        { false, false, false, &caller_account, NULL, WARD_VERDICT_NOT_SUBSCRIBED, false, false },
        { false, true, false, &caller_account, NULL, WARD_VERDICT_NOT_SUBSCRIBED, false, false },
        { true, true, false, &caller_account, NULL, WARD_VERDICT_NOT_SUBSCRIBED, false, false },
        { false, true, false, NULL, NULL, WARD_VERDICT_NOT_SUBSCRIBED, false, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct world world = { .is_public = rows[i].is_public,
                                     .is_unsubscribed = rows[i].is_unsubscribed,
                                     .is_key_disabled = rows[i].is_disabled,
                                     NO_TERMS };
        put_world(gate, &world);
        struct ward_presented presented = present(&plain);
        presented.account = rows[i].account;
        presented.project = rows[i].project;
        struct ward_verdict verdict = verify(gate, &presented);
        if (verdict.reason != rows[i].reason)
            fail_msg("row %zu: %s", i, ward_reason_name(verdict.reason));
        assert_int_equal(verdict.is_foreign, rows[i].is_foreign);
        assert_int_equal(verdict.needs_subscription, rows[i].needs_subscription);
    }
}

static void the_first_use_of_a_public_product_counts_nothing(void **state)
{
    struct gate *gate = *state;
    struct world world = { .is_public = true, .is_unsubscribed = true, .throttle_rps = 1, .terms = { 1, 1, 1, 0 } };
    put_world(gate, &world);
    struct ward_verdict verdict = ask(gate);
    assert_int_equal(verdict.reason, WARD_VERDICT_STALE);
    assert_true(verdict.needs_subscription && verdict.has_stage);
    assert_int_equal(verdict.plan.product, PRODUCT);
    assert_false(verdict.has_plan);
    verdict = look(gate); /* a look subscribes nobody */
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    assert_true(verdict.needs_subscription);
    world.is_unsubscribed = false;
    put_world(gate, &world);
    assert_int_equal(ask(gate).reason, WARD_VERDICT_VALID);
    assert_int_equal(ask(gate).reason, WARD_VERDICT_THROTTLED);
}

static void the_access_list_is_held_against_the_address(void **state)
{
    struct gate *gate = *state;
    static const struct {
        enum ward_acl_code code;
        const char *list, *address; /* NULL: absent */
        enum ward_reason reason;
    } rows[] = {
        { WARD_ACL_ALLOWED, "10.0.0.0/8, 2001:db8::/32", "10.1.2.3", WARD_VERDICT_VALID },
        { WARD_ACL_ALLOWED, "10.0.0.0/8, 2001:db8::/32", "2001:db8::1", WARD_VERDICT_VALID },
        { WARD_ACL_ALLOWED, "10.0.0.0/8, 2001:db8::/32", "11.0.0.1", WARD_VERDICT_SOURCE_NOT_ALLOWED },
        { WARD_ACL_ALLOWED, "10.0.0.0/8", NULL, WARD_VERDICT_SOURCE_NOT_ALLOWED },
        { WARD_ACL_ALLOWED, "10.0.0.0/8", "", WARD_VERDICT_SOURCE_NOT_ALLOWED },
        { WARD_ACL_ALLOWED, "10.0.0.0/8", "10.0.0.1:80", WARD_VERDICT_SOURCE_NOT_ALLOWED },
        { WARD_ACL_ALLOWED, "", "10.0.0.1", WARD_VERDICT_SOURCE_NOT_ALLOWED },
        { WARD_ACL_REJECTED, "10.0.0.0/8", "10.0.0.1", WARD_VERDICT_SOURCE_NOT_ALLOWED },
        { WARD_ACL_REJECTED, "10.0.0.0/8", "::ffff:10.0.0.1", WARD_VERDICT_SOURCE_NOT_ALLOWED },
        { WARD_ACL_REJECTED, "10.0.0.0/8", "11.0.0.1", WARD_VERDICT_VALID },
        { WARD_ACL_REJECTED, "10.0.0.0/8", NULL, WARD_VERDICT_SOURCE_NOT_ALLOWED },
        { WARD_ACL_REJECTED, "10.0.0.0/33", "11.0.0.1", WARD_VERDICT_SOURCE_NOT_ALLOWED },
        { WARD_ACL_NONE, NULL, NULL, WARD_VERDICT_VALID },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct world world = { .acl_code = rows[i].code, .acl_list = rows[i].list, NO_TERMS };
        put_world(gate, &world);
        const struct ward_stage_ref ref = { .stage = STAGE, .client_address = ward_span_of(rows[i].address) };
        struct ward_presented presented = present(&ref);
        struct ward_verdict verdict = verify(gate, &presented);
        if (verdict.reason != rows[i].reason)
            fail_msg("row %zu: %s", i, ward_reason_name(verdict.reason));
    }
}

static void maintenance_has_its_answer(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .is_maintenance = true, .is_unsubscribed = true, NO_TERMS };
    put_world(gate, &world);
    struct ward_verdict verdict = ask(gate);
    assert_int_equal(verdict.reason, WARD_VERDICT_MAINTENANCE);
    assert_int_equal(verdict.plan.maintenance_status, 418);
    assert_true(ward_span_equal(verdict.plan.maintenance_response, WARD_SPAN("closed for today")));
}

static void a_plan_that_is_not_there_denies(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .has_plan = true, NO_TERMS };
    put_world(gate, &world);
    struct ward_lookup lookup;
    ward_plan_lookup(gate->hash, PLAN, &lookup);
    ward_table_remove(gate->writer, &lookup);
    assert_int_equal(ask(gate).reason, WARD_VERDICT_STALE);
}

/* ---- settle ---- */

static struct ward_settlement report(const struct ward_verdict *verdict, enum ward_answer_class answer)
{
    return (struct ward_settlement){ .ticket = verdict->plan.ticket, .answer = answer };
}

static void answers_that_do_not_count_are_taken_back(void **state)
{
    struct gate *gate = *state;
    static const struct {
        uint8_t classes;
        enum ward_answer_class answer;
        bool is_counted;
    } rows[] = {
        { 0, WARD_ANSWER_2XX, true },
        { 0, WARD_ANSWER_OTHERS, true },
        { WARD_ANSWER_2XX, WARD_ANSWER_2XX, true },
        { WARD_ANSWER_2XX, WARD_ANSWER_3XX, false },
        { WARD_ANSWER_2XX, WARD_ANSWER_OTHERS, false },
        { WARD_ANSWER_2XX | WARD_ANSWER_5XX, WARD_ANSWER_5XX, true },
        { WARD_ANSWER_2XX | WARD_ANSWER_5XX, WARD_ANSWER_4XX, false },
    };
    uint64_t used = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct world world = { .has_plan = i % 2 == 0, .terms = { 0, 100, 100, rows[i].classes } };
        put_world(gate, &world);
        struct ward_verdict verdict = ask(gate);
        assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
        struct ward_settlement settlement = report(&verdict, rows[i].answer);
        struct ward_settled settled;
        assert_ok(ward_verify_settle(&gate->verifier, &settlement, wall_now, &settled));
        used += rows[i].is_counted;
        assert_int_equal(settled.is_counted, rows[i].is_counted);
        assert_int_equal(settled.quotas.day.consumed, used);
        assert_int_equal(settled.quotas.month.consumed, used);
        assert_int_equal(usage_of(gate).day_used, used);
        assert_int_equal(usage_of(gate).day_calls, i + 1); /* a call stays a call */
    }
}

static void what_comes_back_passes_again(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .terms = { 0, 1, 1, WARD_ANSWER_2XX } };
    put_world(gate, &world);
    struct ward_settled settled;
    for (int i = 0; i < 3; i++) {
        struct ward_verdict verdict = ask(gate);
        assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
        assert_int_equal(ask(gate).reason, WARD_VERDICT_QUOTA_EXCEEDED);
        struct ward_settlement settlement = report(&verdict, WARD_ANSWER_5XX);
        assert_ok(ward_verify_settle(&gate->verifier, &settlement, wall_now, &settled));
    }
    /* Reported behind midnight: the new day has nothing of it, the month has. */
    struct ward_verdict verdict = ask(gate);
    struct ward_settlement settlement = report(&verdict, WARD_ANSWER_5XX);
    wall_now += DAY_MS;
    assert_int_equal(ask(gate).reason, WARD_VERDICT_QUOTA_EXCEEDED); /* the month's */
    assert_ok(ward_verify_settle(&gate->verifier, &settlement, wall_now, &settled));
    verdict = ask(gate);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
    assert_int_equal(verdict.plan.quotas.day.consumed, 1);
    settlement = report(&verdict, WARD_ANSWER_5XX);
    wall_now += 31 * DAY_MS;
    assert_ok(ward_verify_settle(&gate->verifier, &settlement, wall_now, &settled));
    assert_int_equal(settled.quotas.month.consumed, 0);
}

static void who_may_not_settle_changes_nothing(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .terms = { 0, 5, 5, WARD_ANSWER_2XX } };
    put_world(gate, &world);
    struct ward_verdict verdict = ask(gate);
    struct ward_settled settled = { .is_counted = true };
    struct ward_settlement settlement = report(&verdict, WARD_ANSWER_5XX), bad = settlement;
    bad.account = &caller_account;
    assert_int_equal(ward_verify_settle(&gate->verifier, &bad, wall_now, &settled), WARD_NOT_FOUND);
    bad.account = &owner_account;
    bad.project = &caller_project;
    assert_int_equal(ward_verify_settle(&gate->verifier, &bad, wall_now, &settled), WARD_NOT_FOUND);
    bad = settlement;
    bad.ticket.stage = OTHER;
    assert_int_equal(ward_verify_settle(&gate->verifier, &bad, wall_now, &settled), WARD_NOT_FOUND);
    bad = settlement;
    bad.ticket.key = OTHER;
    assert_int_equal(ward_verify_settle(&gate->verifier, &bad, wall_now, &settled), WARD_NOT_FOUND);
    assert_true(settled.is_counted);
    assert_int_equal(usage_of(gate).day_used, 1);
    settlement.account = &owner_account;
    settlement.project = &owner_project;
    assert_ok(ward_verify_settle(&gate->verifier, &settlement, wall_now, &settled));
    assert_int_equal(usage_of(gate).day_used, 0);

    struct world gone = world;
    gone.is_unsubscribed = true;
    put_world(gate, &gone);
    assert_int_equal(ward_verify_settle(&gate->verifier, &settlement, wall_now, &settled), WARD_NOT_FOUND);
    struct ward_plan_usage usage;
    assert_int_equal(ward_verify_usage(&gate->verifier, KEY, STAGE, wall_now, &usage), WARD_NOT_FOUND);
}

/* ---- over time ---- */

static void counters_survive_plans_and_restarts(void **state)
{
    struct gate *gate = *state;
    struct world world = { .terms = { 0, 3, 10, 0 } };
    put_world(gate, &world);
    assert_int_equal(ask(gate).reason, WARD_VERDICT_VALID);
    world.has_plan = true; /* another plan goes on counting */
    put_world(gate, &world);
    struct ward_verdict verdict = ask(gate);
    assert_int_equal(verdict.plan.quotas.day.consumed, 2);

    ward_verifier_close(&gate->verifier);
    ward_table_writer_close(gate->writer);
    assert_ok(ward_table_writer_open(gate->scene.directory, 10, 1000, &gate->writer));
    const struct ward_zone seoul = { 32400, 32400, 0 };
    ward_table_zone_set(gate->writer, &seoul);
    put_world(gate, &world);
    assert_ok(ward_verifier_open(gate->scene.directory, gate->hash, 3000, &gate->verifier));
    assert_int_equal(ask(gate).reason, WARD_VERDICT_VALID);
    assert_int_equal(ask(gate).reason, WARD_VERDICT_QUOTA_EXCEEDED);
    assert_int_equal(usage_of(gate).day_calls, 4);
}

static void the_zone_moves_with_generations(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .terms = { 0, 1, 10, 0 } };
    put_world(gate, &world);
    assert_int_equal(ask(gate).plan.quotas.day.reset_ms, INT64_C(1763823600000));
    uint64_t before = ward_table_generation(gate->verifier.reader);
    assert_ok(ward_table_reserve(gate->writer, 100000, 1000));
    publish(gate);
    assert_int_equal(ask(gate).plan.quotas.day.reset_ms, INT64_C(1763823600000));
    assert_true(ward_table_generation(gate->verifier.reader) > before);
    const struct ward_zone utc = { 0 };
    ward_table_zone_set(gate->writer, &utc);
    assert_int_equal(ask(gate).plan.quotas.day.reset_ms, INT64_C(1763856000000)); /* 2025-11-23T00:00Z */
}

static void a_relation_that_comes_back_goes_on(void **state)
{
    struct gate *gate = *state;
    struct world world = { .terms = { 1, 1, 1, 0 } };
    for (int i = 0; i < 5; i++) {
        world.is_unsubscribed = false;
        put_world(gate, &world);
        assert_int_equal(ask(gate).reason, i == 0 ? WARD_VERDICT_VALID : WARD_VERDICT_LIMITED);
        assert_int_equal(ask(gate).reason, WARD_VERDICT_LIMITED);
        world.is_unsubscribed = true;
        put_world(gate, &world);
        assert_int_equal(ask(gate).reason, WARD_VERDICT_NOT_SUBSCRIBED);
        struct ward_table_stats stats;
        ward_table_writer_stats(gate->writer, &stats);
        assert_int_equal(stats.limits, 0);
    }
}

/* A value that was another key's when it was looked at, and a stage that was another's. */
static void what_was_foreseen_is_not_believed(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .has_plan = true, .terms = { 10, 20, 30, WARD_ANSWER_2XX } };
    struct ward_presented presented = present(&plain);
    struct ward_foresight foresight = { .value = presented.value, .stage = STAGE };
    put_world(gate, &world);
    while (ward_verify_foresee(&gate->verifier, &foresight))
        ;
    assert_int_equal(foresight.key, KEY);
    presented.foresight = &foresight;
    assert_int_equal(verify(gate, &presented).reason, WARD_VERDICT_VALID);

    struct ward_table_entry entry = { .kind = WARD_RECORD_API_KEY,
                                      .scope = { caller_account, caller_project, true, false },
                                      .flags = WARD_RECORD_ENABLED,
                                      .expires_ms = WARD_TIME_NONE };
    entry.id.bytes[0] = OTHER; /* which is subscribed to nothing */
    ward_keyed_hash(gate->hash, presented.value, &entry.lookup);
    assert_ok(ward_table_reserve(gate->writer, 1, 0));
    assert_ok(ward_table_put(gate->writer, &entry));
    publish(gate);
    struct ward_verdict verdict;
    ward_verify(&gate->verifier, &presented, wall_now, &verdict);
    assert_int_equal(verdict.reason, WARD_VERDICT_NOT_SUBSCRIBED);

    put_world(gate, &world);
    const struct ward_stage_ref elsewhere = { .stage = OTHER };
    presented.stage = &elsewhere;
    ward_verify(&gate->verifier, &presented, wall_now, &verdict);
    assert_int_equal(verdict.reason, WARD_VERDICT_NOT_SUBSCRIBED);
    presented.stage = &plain;
    ward_verify(&gate->verifier, &presented, wall_now, &verdict);
    assert_int_equal(verdict.reason, WARD_VERDICT_VALID);
}

/* More stages than lookups are kept, among them some that share a place. */
static void lookups_are_kept_for_their_own_stage(void **state)
{
    struct gate *gate = *state;
    const struct world world = { .has_plan = true, .terms = { 10, 20, 30, WARD_ANSWER_2XX } };
    put_world(gate, &world);
    for (uint64_t i = 0; i <= 2 * WARD_KEPT_LOOKUPS; i++) {
        const struct ward_stage_ref other = { .stage = STAGE + i };
        struct ward_presented presented = present(&other);
        presented.peek = true;
        assert_int_equal(verify(gate, &presented).has_stage, i == 0);
        assert_int_equal(ask(gate).reason, i < 10 ? WARD_VERDICT_VALID : WARD_VERDICT_LIMITED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(a_subscribed_key_is_valid),
        CASE(a_call_without_a_stage_asks_for_no_plan),
        CASE(every_refusal_has_its_reason),
        CASE(rates_and_quotas_refuse_in_order),
        CASE(quotas_end_with_their_windows),
        CASE(a_look_counts_nothing),
        CASE(stages_are_named_rightly),
        CASE(no_value_is_a_stage),
        CASE(scopes_are_those_of_the_stage),
        CASE(the_first_use_of_a_public_product_counts_nothing),
        CASE(the_access_list_is_held_against_the_address),
        CASE(maintenance_has_its_answer),
        CASE(a_plan_that_is_not_there_denies),
        CASE(answers_that_do_not_count_are_taken_back),
        CASE(what_comes_back_passes_again),
        CASE(who_may_not_settle_changes_nothing),
        CASE(counters_survive_plans_and_restarts),
        CASE(the_zone_moves_with_generations),
        CASE(a_relation_that_comes_back_goes_on),
        CASE(what_was_foreseen_is_not_believed),
        CASE(lookups_are_kept_for_their_own_stage),
    };
    int failed = 0;
    for (steps_ahead = 0; steps_ahead <= STEPS_AHEAD_MAX; steps_ahead++)
        failed += cmocka_run_group_tests_name("verify/plan", tests, NULL, NULL);
    return failed;
}
