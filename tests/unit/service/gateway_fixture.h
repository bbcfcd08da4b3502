/* A gateway over the service fixture: calls, objects with names, and what a verifier says of a key on a stage. */
#ifndef WARD_TESTS_SERVICE_GATEWAY_FIXTURE_H
#define WARD_TESTS_SERVICE_GATEWAY_FIXTURE_H

#include "fixture.h"

#include "service/gateway.h"

#define CALL(f, who_) (&(struct ward_gateway_call){ .service = (f)->service, .who = (who_), .pool = &(f)->pool })

static inline struct ward_span id_text(const struct ward_key_id *id)
{
    return ward_span(id->text, WARD_KEY_ID_CHARS);
}

/** A status, and the noun that it is about. */
#define assert_refused(status_, noun_, call_expression, call_)                                                         \
    do {                                                                                                               \
        struct ward_gateway_call *asked = (call_);                                                                     \
        assert_status(status_, call_expression);                                                                       \
        assert_int_equal(noun_, asked->missing);                                                                       \
    } while (0)

static inline struct ward_product make_product(struct fixture *f, const struct ward_operator *who, const char *code)
{
    struct ward_product product;
    struct ward_product_input input = {
        .has_name = true, .has_code = true, .name = WARD_SPAN("a product"), .code = ward_span_of(code)
    };
    assert_ok(ward_service_product_create(CALL(f, who), &input, &product));
    return product;
}

static inline struct ward_stage_path path_of(const struct ward_product *product, const struct ward_api *api,
                                             const struct ward_stage *stage)
{
    struct ward_stage_path path = { .product = id_text(&product->id) };
    if (api) {
        path.api = id_text(&api->id);
    }
    if (stage) {
        path.stage = id_text(&stage->id);
    }
    return path;
}

static inline struct ward_api make_api(struct fixture *f, const struct ward_operator *who,
                                       const struct ward_product *product, const char *name)
{
    struct ward_api api;
    struct ward_api_input input = { .has_name = true, .name = ward_span_of(name) };
    struct ward_stage_path path = path_of(product, NULL, NULL);
    assert_ok(ward_service_api_create(CALL(f, who), &path, &input, &api));
    return api;
}

static inline struct ward_stage make_stage(struct fixture *f, const struct ward_operator *who,
                                           const struct ward_product *product, const struct ward_api *api,
                                           const char *name)
{
    struct ward_stage stage;
    struct ward_stage_input input = { .has_name = true,
                                      .has_endpoint_domain = true,
                                      .name = ward_span_of(name),
                                      .endpoint_domain = WARD_SPAN("https://back.example") };
    struct ward_stage_path path = path_of(product, api, NULL);
    assert_ok(ward_service_stage_create(CALL(f, who), &path, &input, &stage));
    return stage;
}

static inline struct ward_usage_plan make_plan(struct fixture *f, const struct ward_operator *who, const char *name,
                                               int64_t day, int64_t month)
{
    struct ward_usage_plan plan;
    struct ward_usage_plan_input input = {
        .has_name = true,
        .name = ward_span_of(name),
        .terms = { .has_day_quota = true, .has_month_quota = true, .day_quota = day, .month_quota = month }
    };
    assert_ok(ward_service_plan_create(CALL(f, who), &input, &plan));
    return plan;
}

static inline struct ward_api_key make_pair(struct fixture *f, const struct ward_operator *who, const char *name)
{
    struct ward_api_key key;
    struct ward_key_pair_input input = { .has_name = true, .name = ward_span_of(name) };
    assert_ok(ward_service_key_create_pair(CALL(f, who), &input, &key));
    return key;
}

static inline enum ward_status subscribe(struct fixture *f, const struct ward_operator *who,
                                         const struct ward_api_key *key, const struct ward_product *product)
{
    return ward_service_subscription_create(CALL(f, who), id_text(&key->id), true, id_text(&product->id));
}

static inline enum ward_status unsubscribe(struct fixture *f, const struct ward_operator *who,
                                           const struct ward_api_key *key, const struct ward_product *product)
{
    return ward_service_subscription_delete(CALL(f, who), id_text(&key->id), true, id_text(&product->id));
}

static inline enum ward_status decide(struct fixture *f, const struct ward_operator *who,
                                      const struct ward_product *product, const struct ward_api_key *key,
                                      const char *status)
{
    return ward_service_subscription_decide(CALL(f, who), id_text(&product->id), id_text(&key->id), true,
                                            ward_span_of(status));
}

static inline enum ward_status set_code(struct fixture *f, const struct ward_operator *who,
                                        const struct ward_product *product, const char *code)
{
    struct ward_product_input input = { .has_code = true, .code = ward_span_of(code) };
    return ward_service_product_update(CALL(f, who), id_text(&product->id), &input, NULL);
}

static inline struct ward_verdict verdict_on_stage(struct fixture *f, const struct ward_api_key *key,
                                                   const struct ward_key_id *stage)
{
    struct ward_verdict verdict;
    const struct ward_stage_ref ref = { .stage = ward_key_id_pack(stage) };
    const struct ward_presented presented = { .kind = WARD_RECORD_API_KEY,
                                              .value = key->values[WARD_SLOT_PRIMARY],
                                              .stage = &ref };
    ward_verify(&f->verifier, &presented, ward_now_ms(), &verdict);
    return verdict;
}

#define assert_on_stage(reason_, f, key, stage) assert_reason(reason_, verdict_on_stage(f, key, &(stage)->id).reason)

/** A tenant's product with one API and one stage, and a key of another tenant. */
struct gateway {
    struct ward_operator owner, stranger;
    struct ward_product product;
    struct ward_api api;
    struct ward_stage stage;
    struct ward_api_key key; /* the stranger's */
};

static inline struct gateway make_gateway(struct fixture *f, const char *code)
{
    struct gateway g = { .owner = f->admin, .stranger = foreign_operator(f) };
    g.product = make_product(f, &g.owner, code);
    g.api = make_api(f, &g.owner, &g.product, "api-1");
    g.stage = make_stage(f, &g.owner, &g.product, &g.api, "v1");
    g.key = make_pair(f, &g.stranger, "their key");
    return g;
}

#endif
