/* A verification that names a stage, and its settling, through the native surface while memory runs out. */
#include "fixture.h"

#include "service/gateway.h"

static _Atomic int allocations_left = -1; /* the one after these fails; -1: none does */

static bool must_fail(void)
{
    return allocations_left >= 0 && atomic_fetch_sub(&allocations_left, 1) == 0;
}

static void *allocate(size_t size)
{
    return must_fail() ? NULL : malloc(size);
}

static void *reallocate(void *old, size_t size)
{
    return must_fail() ? NULL : realloc(old, size);
}

/* ---- what is there ---- */

static struct ward_span id_of(const struct ward_key_id *id)
{
    return ward_span(id->text, WARD_KEY_ID_CHARS);
}

/** A PUBLIC product with a stage that counts 2xx only, and as many calls a day as quota says. */
static struct ward_key_id make_stage(struct fixture *f, int64_t quota)
{
    struct ward_operator who = ward_operator_local();
    struct ward_gateway_call call = { .service = f->service, .who = &who, .pool = &f->pool };
    struct ward_product product;
    struct ward_api api;
    struct ward_stage stage;
    struct ward_product_input product_input = { .has_name = true,
                                                .name = WARD_SPAN("p"),
                                                .has_code = true,
                                                .code = WARD_SPAN("PUBLIC"),
                                                .has_project = true,
                                                .project = ward_span_of(f->project) };
    struct ward_api_input api_input = { .has_name = true, .name = WARD_SPAN("a") };
    struct ward_stage_input stage_input = { .has_name = true,
                                            .name = WARD_SPAN("s"),
                                            .has_endpoint_domain = true,
                                            .endpoint_domain = WARD_SPAN("https://example.com") };
    struct ward_terms_input terms = { .has_day_quota = true,
                                      .day_quota = quota,
                                      .has_month_quota = true,
                                      .month_quota = quota,
                                      .has_classes = true,
                                      .classes = WARD_SPAN("2xx") };
    assert_int_equal(WARD_OK, ward_service_product_create(&call, &product_input, &product));
    struct ward_stage_path path = { .product = id_of(&product.id) };
    assert_int_equal(WARD_OK, ward_service_api_create(&call, &path, &api_input, &api));
    path.api = id_of(&api.id);
    assert_int_equal(WARD_OK, ward_service_stage_create(&call, &path, &stage_input, &stage));
    path.stage = id_of(&stage.id);
    assert_int_equal(WARD_OK, ward_service_stage_default_terms(&call, &path, &terms, &stage));
    return stage.id;
}

static int authorize(struct fixture *f, const struct ward_key_id *stage)
{
    header(f, "x-api-key", "k");
    header(f, "ward-stage", stage->text);
    return call(f, "GET", "/v1/authorize", NULL);
}

static int settle(struct fixture *f, const char *ticket)
{
    char body[128];
    snprintf(body, sizeof(body), "{\"ticket\":\"%s\",\"status\":500}", ticket);
    return call(f, "POST", "/v1/settle", body);
}

/* ---- tests ---- */

enum { FAILURES = 80 };

/** The n-th allocation fails: the answer is the right one or 503, and a refused call was not subscribed halfway. */
static void test_authorize_without_memory(void **state)
{
    struct fixture *f = *state;
    char key[80];
    size_t valid = 0, unavailable = 0;
    create_key(f, ",\"key\":\"k\"", key);
    f->listener = WARD_LISTENER_VERIFY;
    for (int n = 0; n < FAILURES; n++) {
        struct ward_key_id stage = make_stage(f, 1);
        allocations_left = n;
        int status = authorize(f, &stage);
        allocations_left = -1;
        assert_true(status == 200 || status == 503);
        valid += status == 200;
        unavailable += status == 503;
        /* one call passes, whichever of the two it was: what was answered 503 may be counted, never the other way */
        int second = authorize(f, &stage);
        assert_true(second == (status == 200 ? 429 : second));
        assert_true(second == 200 || second == 429);
        assert_int_equal(429, authorize(f, &stage));
        assert_string_equal("quota_exceeded", answered(f, "ward-verdict"));
    }
    assert_true(valid > 0 && unavailable > 0);
}

static void test_settle_without_memory(void **state)
{
    struct fixture *f = *state;
    char key[80], ticket[64];
    size_t settled = 0, unavailable = 0;
    create_key(f, ",\"key\":\"k\"", key);
    f->listener = WARD_LISTENER_VERIFY;
    struct ward_key_id stage = make_stage(f, 1);
    for (int n = 0; n < FAILURES; n++) {
        assert_int_equal(200, authorize(f, &stage));
        snprintf(ticket, sizeof(ticket), "%s", answered(f, "ward-settle"));
        assert_int_equal(48, strlen(ticket));
        allocations_left = n;
        int status = settle(f, ticket);
        allocations_left = -1;
        assert_true(status == 204 || status == 503);
        settled += status == 204;
        unavailable += status == 503;
        if (status == 503) {
            assert_int_equal(429, authorize(f, &stage)); /* nothing changed */
            assert_int_equal(204, settle(f, ticket));
        }
    }
    assert_true(settled > 0 && unavailable > 0);
}

static int set_up_with_faults(void **state)
{
    int status = set_up(state);
    ward_seam.allocate = allocate;
    ward_seam.reallocate = reallocate;
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_authorize_without_memory, set_up_with_faults, tear_down),
        cmocka_unit_test_setup_teardown(test_settle_without_memory, set_up_with_faults, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
