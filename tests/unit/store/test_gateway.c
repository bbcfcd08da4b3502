/* API Gateway's rows, through store/gateway.h, on every backend. */
#include "backend.h"

#include "store/gateway.h"

/* Works run on the writer thread, where no assertion may jump away: they end at the first thing that is wrong. */
static int failed_line;

#define NEED(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            failed_line = __LINE__;                                                                                    \
            return WARD_INTERNAL;                                                                                      \
        }                                                                                                              \
    } while (0)
#define need_status(expected, call) NEED((call) == (expected))
#define need_ok(call)               need_status(WARD_OK, call)
#define need_equal(expected, found) NEED((int64_t)(expected) == (int64_t)(found))
#define need_text(expected, found)  NEED(strcmp(expected, found) == 0)
#define need_span(expected, found)  NEED(ward_span_equal(ward_span_of(expected), found))

static void run(struct fixture *f, enum ward_status (*call)(struct ward_store *, ward_store_work, void *),
                ward_store_work work, void *arg)
{
    failed_line = 0;
    enum ward_status status = call(f->store, work, arg);
    assert_int_equal(0, failed_line);
    assert_ok(status);
}

static enum ward_status write_call(struct ward_store *store, ward_store_work work, void *arg)
{
    return ward_store_write(store, work, arg, NULL);
}

static struct ward_key_id id_of(const char *text)
{
    struct ward_key_id id = { 0 };
    assert_true(ward_key_id_parse(ward_span_of(text), &id));
    return id;
}

/* One product, one API, two stages, a plan, two keys: inserted in one session. */
struct world {
    struct fixture *f;
    struct ward_product product;
    struct ward_api api;
    struct ward_stage stages[2];
    struct ward_usage_plan plan;
    struct sample_key keys[2];
};

static void fill_world(struct world *w, struct fixture *f)
{
    *w = (struct world){ .f = f };
    w->product = (struct ward_product){ .id = id_of("product001"),
                                        .project_id = f->project.id,
                                        .account_id = f->account.id,
                                        .name = WARD_SPAN("p"),
                                        .description = WARD_SPAN(""),
                                        .code = WARD_PRODUCT_PUBLIC,
                                        .provenance = sample_provenance(5000),
                                        .version = 1 };
    w->api = (struct ward_api){ .id = id_of("api0000001"),
                                .product_id = w->product.id,
                                .name = WARD_SPAN("api"),
                                .description = WARD_SPAN("d"),
                                .provenance = sample_provenance(5000),
                                .version = 1 };
    for (int i = 0; i < 2; i++) {
        w->stages[i] = (struct ward_stage){ .id = id_of(i ? "stage00002" : "stage00001"),
                                            .api_id = w->api.id,
                                            .name = i ? WARD_SPAN("v2") : WARD_SPAN("v1"),
                                            .endpoint_domain = WARD_SPAN("https://a.example"),
                                            .throttle_rps = 7,
                                            .cache_ttl_s = 8,
                                            .acl_code = WARD_ACL_REJECTED,
                                            .acl_list = WARD_SPAN("::1"),
                                            .is_maintenance = i == 1,
                                            .status_code = 599,
                                            .response = WARD_SPAN("r"),
                                            .terms = { 5, WARD_QUOTA_NONE, 0, 3 },
                                            .provenance = sample_provenance(5000 + i),
                                            .version = 1 };
        sample_key(&w->keys[i], &f->project, i ? "second" : "first");
        w->keys[i].key.id = id_of(i ? "key0000002" : "key0000001");
        w->keys[i].key.created_ms = 6000 + i;
        w->keys[i].key.changed_by = f->account.id;
        w->keys[i].key.changed_by_type = WARD_ACTOR_IAM;
    }
    w->plan = (struct ward_usage_plan){ .id = id_of("plan000001"),
                                        .project_id = f->project.id,
                                        .account_id = f->account.id,
                                        .name = WARD_SPAN("gold"),
                                        .description = WARD_SPAN("x"),
                                        .terms = { 0, 10, 100, 0 },
                                        .provenance = sample_provenance(5000),
                                        .version = 1 };
}

static enum ward_status insert_world_in(struct ward_store_session *s, void *arg)
{
    struct world *w = arg;
    need_ok(ward_store_product_insert(s, &w->product));
    need_ok(ward_store_api_insert(s, &w->api));
    need_ok(ward_store_plan_insert(s, &w->plan));
    for (int i = 0; i < 2; i++) {
        need_ok(ward_store_stage_insert(s, &w->stages[i]));
        need_ok(ward_store_key_insert(s, &w->keys[i].key));
        const struct ward_subscription subscription = { .key_id = w->keys[i].key.id,
                                                        .product_id = w->product.id,
                                                        .status = WARD_SUBSCRIPTION_ACCEPTED,
                                                        .is_implicit = i == 1,
                                                        .provenance = sample_provenance(7000),
                                                        .version = 1 };
        need_ok(ward_store_subscription_insert(s, &subscription));
        need_status(WARD_CONFLICT, ward_store_subscription_insert(s, &subscription));
    }
    need_status(WARD_CONFLICT, ward_store_product_insert(s, &w->product));
    need_status(WARD_CONFLICT, ward_store_stage_insert(s, &w->stages[0]));
    return WARD_OK;
}

static void make_world(struct world *w, struct fixture *f)
{
    fill_world(w, f);
    run(f, write_call, insert_world_in, w);
}

/* ---- what goes in comes out ---- */

static enum ward_status read_back_in(struct ward_store_session *s, void *arg)
{
    struct world *w = arg;
    struct ward_product product;
    struct ward_stage stage;
    struct ward_usage_plan plan;
    struct ward_api_key key;
    need_ok(ward_store_product_get(s, &w->product.id, &w->f->pool, &product));
    need_span("p", product.name);
    need_equal(WARD_PRODUCT_PUBLIC, product.code);
    NEED(product.is_scope_active);
    need_equal(w->f->project.env, product.env);
    need_equal(5000, product.provenance.created_ms);
    need_ok(ward_store_stage_get(s, &w->stages[1].id, &w->f->pool, &stage));
    need_text(w->product.id.text, stage.product_id.text);
    need_equal(7, stage.throttle_rps);
    need_equal(8, stage.cache_ttl_s);
    need_equal(WARD_ACL_REJECTED, stage.acl_code);
    need_span("::1", stage.acl_list);
    NEED(stage.is_maintenance);
    need_equal(599, stage.status_code);
    need_span("r", stage.response);
    need_equal(5, stage.terms.rate_rps);
    need_equal(WARD_QUOTA_NONE, stage.terms.day_quota);
    need_equal(0, stage.terms.month_quota);
    need_equal(3, stage.terms.classes);
    need_ok(ward_store_plan_get(s, &w->plan.id, &w->f->pool, &plan));
    need_equal(10, plan.terms.day_quota);
    need_equal(0, plan.associated_stages);
    need_ok(ward_store_key_get(s, &w->keys[0].key.id, &w->f->pool, &key));
    NEED(ward_uuid_equal(&w->f->account.id, &key.changed_by));
    need_equal(WARD_ACTOR_IAM, key.changed_by_type);
    const struct ward_key_id *const taken[] = { &w->product.id, &w->api.id, &w->stages[0].id, &w->plan.id,
                                                &w->keys[0].key.id };
    for (size_t i = 0; i < 5; i++) {
        need_ok(ward_store_gateway_id_exists(s, taken[i]));
    }
    const struct ward_key_id free_id = id_of("free000000");
    need_status(WARD_NOT_FOUND, ward_store_gateway_id_exists(s, &free_id));
    need_status(WARD_NOT_FOUND, ward_store_stage_get(s, &free_id, &w->f->pool, &stage));
    return WARD_OK;
}

static void what_goes_in_comes_out(void **state)
{
    struct fixture *f = *state;
    struct world w;
    make_world(&w, f);
    run(f, ward_store_read, read_back_in, &w);
    if (f->backend->is_durable) {
        reopen_store(f);
        run(f, ward_store_read, read_back_in, &w);
    }
}

/* ---- versions ---- */

static enum ward_status move_on_in(struct ward_store_session *s, void *arg)
{
    struct world *w = arg;
    need_ok(ward_store_product_update(s, &w->product));
    need_status(WARD_CONFLICT, ward_store_product_update(s, &w->product));
    need_ok(ward_store_api_update(s, &w->api));
    need_status(WARD_CONFLICT, ward_store_api_update(s, &w->api));
    need_ok(ward_store_stage_update(s, &w->stages[0]));
    need_status(WARD_CONFLICT, ward_store_stage_update(s, &w->stages[0]));
    need_ok(ward_store_plan_update(s, &w->plan));
    need_status(WARD_CONFLICT, ward_store_plan_update(s, &w->plan));
    need_status(WARD_CONFLICT, ward_store_plan_delete(s, &w->plan));
    return WARD_OK;
}

static void a_version_that_moved_on_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    struct world w;
    make_world(&w, f);
    run(f, write_call, move_on_in, &w);
}

/* ---- relations ---- */

struct relations {
    size_t live, dead, planned;
};

static enum ward_status count_relation(const struct ward_relation_row *row, void *arg)
{
    struct relations *relations = arg;
    relations->live += row->is_live;
    relations->dead += !row->is_live;
    relations->planned += row->plan_id.text[0] != '\0';
    return WARD_OK;
}

#define need_relations(live_, dead_, planned_, call)                                                                   \
    do {                                                                                                               \
        struct relations seen = { 0 };                                                                                 \
        need_ok(call);                                                                                                 \
        need_equal(live_, seen.live);                                                                                  \
        need_equal(dead_, seen.dead);                                                                                  \
        need_equal(planned_, seen.planned);                                                                            \
    } while (0)

static enum ward_status derive_in(struct ward_store_session *s, void *arg)
{
    struct world *w = arg;
    const struct ward_key_id *product = &w->product.id, *stage = &w->stages[0].id, *plan = &w->plan.id;
    const struct ward_key_id *first = &w->keys[0].key.id, *second = &w->keys[1].key.id;
    bool is_new;
    int64_t count;
    need_relations(2, 0, 0, ward_store_relation_of_subscription(s, product, first, count_relation, &seen));
    need_relations(2, 0, 0, ward_store_relation_of_stage(s, stage, count_relation, &seen));
    need_ok(ward_store_stage_plan_put(s, stage, plan, &is_new));
    NEED(is_new);
    need_ok(ward_store_stage_plan_put(s, stage, plan, &is_new));
    NEED(!is_new);
    need_ok(ward_store_chosen_plan_put(s, stage, first, plan));
    need_ok(ward_store_chosen_plan_put(s, stage, first, plan));
    need_relations(2, 0, 1, ward_store_relation_of_key(s, first, count_relation, &seen));
    need_ok(ward_store_chosen_plan_exists(s, plan, NULL));
    need_ok(ward_store_chosen_plan_exists(s, plan, stage));
    need_status(WARD_NOT_FOUND, ward_store_chosen_plan_exists(s, plan, &w->stages[1].id));

    struct ward_relation_place place = { 0 };
    size_t subscriptions;
    need_relations(2, 0, 1, ward_store_relation_walk(s, &place, 1, count_relation, &seen, &subscriptions));
    need_equal(1, subscriptions);
    need_relations(2, 0, 0, ward_store_relation_walk(s, &place, 9, count_relation, &seen, &subscriptions));
    need_equal(1, subscriptions);
    need_relations(0, 0, 0, ward_store_relation_walk(s, &place, 9, count_relation, &seen, &subscriptions));
    need_equal(0, subscriptions);

    const struct ward_subscription_end implicit = { .product = product, .is_implicit_only = true, .now_ms = 8000 };
    need_ok(ward_store_subscription_end(s, &implicit, &count));
    need_equal(1, count);
    need_relations(0, 2, 0, ward_store_relation_of_ended(s, product, count_relation, &seen));
    need_relations(0, 2, 0, ward_store_relation_of_subscription(s, product, second, count_relation, &seen));
    need_ok(ward_store_accepted_count(s, product, &count));
    need_equal(1, count);
    const struct ward_subscription_end of_key = { .key = first, .now_ms = 8000 };
    need_ok(ward_store_subscription_end(s, &of_key, &count));
    need_relations(0, 2, 0, ward_store_relation_of_key(s, first, count_relation, &seen)); /* its plan went, too */
    need_status(WARD_NOT_FOUND, ward_store_chosen_plan_exists(s, plan, NULL));
    return WARD_OK;
}

static void relations_follow_from_subscriptions(void **state)
{
    struct fixture *f = *state;
    struct world w;
    make_world(&w, f);
    run(f, write_call, derive_in, &w);
}

static enum ward_status remove_stage_in(struct ward_store_session *s, void *arg)
{
    struct world *w = arg;
    struct ward_gateway_counts counts;
    w->stages[0].is_removed = true;
    need_ok(ward_store_stage_update(s, &w->stages[0]));
    need_relations(0, 2, 0, ward_store_relation_of_stage(s, &w->stages[0].id, count_relation, &seen));
    need_relations(2, 0, 0, ward_store_relation_of_stage(s, &w->stages[1].id, count_relation, &seen));
    need_ok(ward_store_gateway_count(s, &counts));
    need_equal(1, counts.plans);
    need_equal(1, counts.stages);
    need_equal(2, counts.relations);
    w->product.is_removed = true;
    need_ok(ward_store_product_update(s, &w->product));
    need_relations(0, 2, 0, ward_store_relation_of_stage(s, &w->stages[1].id, count_relation, &seen));
    return WARD_OK;
}

static void what_is_removed_has_no_live_relation(void **state)
{
    struct fixture *f = *state;
    struct world w;
    make_world(&w, f);
    run(f, write_call, remove_stage_in, &w);
}

/* ---- pages ---- */

static enum ward_status note_name(const struct ward_api_key *key, void *arg)
{
    struct ward_buffer *names = arg;
    ward_buffer_append(names, key->name);
    ward_buffer_append_char(names, ' ');
    return WARD_OK;
}

static enum ward_status page_in(struct ward_store_session *s, void *arg)
{
    const struct world *w = arg;
    const struct ward_uuid nobody = { .bytes = { 1 } };
    const struct {
        struct ward_gateway_filter filter;
        const char *names;
        int64_t count;
    } rows[] = {
        { { .slice = WARD_SLICE_ALL }, "second first ", 2 },
        { { .account_id = w->f->account.id, .slice = WARD_SLICE_ALL }, "second first ", 2 },
        { { .account_id = w->f->account.id, .project_id = w->f->project.id, .slice = { 1, 1 } }, "first ", 2 },
        { { .account_id = w->f->account.id, .name = WARD_SPAN("irs"), .slice = WARD_SLICE_ALL }, "first ", 1 },
        { { .account_id = w->f->account.id, .name = WARD_SPAN("IRS"), .slice = WARD_SLICE_ALL }, "", 0 },
        { { .account_id = nobody, .slice = WARD_SLICE_ALL }, "", 0 },
        { { .account_id = nobody, .project_id = w->f->project.id, .slice = WARD_SLICE_ALL }, "", 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        WARD_BUFFER names = ward_buffer_new(1024);
        int64_t count;
        need_ok(ward_store_key_page(s, &rows[i].filter, note_name, &names));
        need_span(rows[i].names, ward_buffer_span(&names));
        need_ok(ward_store_key_page_count(s, &rows[i].filter, &count));
        need_equal(rows[i].count, count);
    }
    return WARD_OK;
}

static void pages_of_keys(void **state)
{
    struct fixture *f = *state;
    struct world w;
    make_world(&w, f);
    run(f, ward_store_read, page_in, &w);
}

static const struct {
    const char *name;
    CMUnitTestFunction test;
} cases[] = {
    { "what goes in comes out", what_goes_in_comes_out },
    { "a version that moved on is a conflict", a_version_that_moved_on_is_a_conflict },
    { "relations follow from subscriptions", relations_follow_from_subscriptions },
    { "what is removed has no live relation", what_is_removed_has_no_live_relation },
    { "pages of keys", pages_of_keys },
};

enum { CASE_COUNT = sizeof cases / sizeof *cases, BACKEND_COUNT = sizeof backends / sizeof *backends };

int main(void)
{
    static struct CMUnitTest tests[CASE_COUNT * BACKEND_COUNT];
    static char names[CASE_COUNT * BACKEND_COUNT][128];
    for (size_t i = 0; i < CASE_COUNT * BACKEND_COUNT; i++) {
        const struct backend *backend = &backends[i / CASE_COUNT];
        size_t which = i % CASE_COUNT;
        snprintf(names[i], sizeof names[i], "%s: %s", backend->name, cases[which].name);
        tests[i] = (struct CMUnitTest){ names[i], cases[which].test, set_up, tear_down, (void *)(uintptr_t)backend };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
