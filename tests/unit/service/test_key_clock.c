/* First use (contracts/theauthapi.md 2.8) and expiry (3.1). */
#include "fixture.h"

#include <pthread.h>

static struct ward_api_key expiring_key(struct fixture *f, const char *value, int64_t expires_ms)
{
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = key_input(f, &f->made.project.id, "expiring");
    input.has_value = input.has_expiry = true;
    input.value = ward_span_of(value);
    input.expires_ms = expires_ms;
    assert_ok(ward_service_key_create(f->service, &f->admin, &input, &f->pool, &key, &receipt));
    return key;
}

static size_t sweep(struct fixture *f, int64_t now_ms, size_t max)
{
    size_t count;
    assert_ok(ward_service_key_sweep(f->service, now_ms, max, &count));
    return count;
}

static void test_first_use_moves_updated_once(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key, made = make_key(f, &f->made.project.id, "k");
    assert_true(verdict_on(f, WARD_RECORD_API_KEY, WARD_SPAN("k")).is_first_use);
    uint64_t before = revision_now(f);
    assert_ok(ward_service_key_first_use(f->service, &made.id, START_MS + 7));
    assert_false(verdict_on(f, WARD_RECORD_API_KEY, WARD_SPAN("k")).is_first_use);
    assert_ok(ward_service_key_first_use(f->service, &made.id, START_MS + 9));
    assert_int_equal(before + 1, revision_now(f)); /* the second wrote nothing */
    assert_ok(get_key(f, &f->admin, WARD_SPAN("k"), &key));
    assert_int_equal(START_MS + 7, key.first_used_ms);
    assert_int_equal(START_MS + 7, key.updated_ms);
    struct seen_changes seen = changes_after(f, before);
    assert_int_equal(1, seen.count);
    assert_span("first-used", seen.items[0].action);
    assert_int_equal(WARD_ACTOR_SYSTEM, seen.items[0].actor_type);
    assert_null(seen.items[0].actor_id.data);
    assert_span("{\"members\":[]}", seen.items[0].detail);
}

static void test_first_use_is_later_even_when_the_clock_is_not(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key, made = make_key(f, &f->made.project.id, "k");
    assert_ok(ward_service_key_first_use(f->service, &made.id, START_MS - 50));
    assert_ok(get_key(f, &f->admin, WARD_SPAN("k"), &key));
    assert_int_equal(START_MS + 1, key.updated_ms);
}

static void test_first_use_wakes_no_deleted_key(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key made = make_key(f, &f->made.project.id, "k");
    assert_ok(delete_key(f, &f->admin, WARD_SPAN("k")));
    assert_ok(ward_service_key_first_use(f->service, &made.id, START_MS + 7));
    assert_reason(WARD_VERDICT_DISABLED, verify_key(f, WARD_SPAN("k")));
    struct ward_key_id unknown;
    assert_true(ward_key_id_parse(WARD_SPAN("0123456789"), &unknown));
    assert_status(WARD_NOT_FOUND, ward_service_key_first_use(f->service, &unknown, START_MS));
}

static void test_sweep_is_exact_to_the_millisecond(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key read;
    expiring_key(f, "early", START_MS + 100);
    expiring_key(f, "late", START_MS + 101);
    make_key(f, &f->made.project.id, "never");
    test_clock_ms = START_MS + 99;
    assert_int_equal(0, sweep(f, test_clock_ms, 10));
    test_clock_ms = START_MS + 100;
    uint64_t before = revision_now(f);
    assert_int_equal(1, sweep(f, test_clock_ms, 10));
    assert_int_equal(0, sweep(f, test_clock_ms, 10)); /* once */
    assert_reason(WARD_VERDICT_DISABLED, verify_key(f, WARD_SPAN("early")));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("late")));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("never")));
    struct seen_changes seen = changes_after(f, before);
    assert_int_equal(1, seen.count);
    assert_span("expired", seen.items[0].action);
    assert_int_equal(WARD_ACTOR_SYSTEM, seen.items[0].actor_type);
    assert_span("{\"members\":[\"isActive\"]}", seen.items[0].detail);
    assert_ok(reactivate_key(f, &f->admin, WARD_SPAN("early"), &read));
    assert_int_equal(WARD_TIME_NONE, read.expires_ms);
}

static void test_sweep_leaves_deleted_keys_alone(void **state)
{
    struct fixture *f = *state;
    expiring_key(f, "k", START_MS + 100);
    assert_ok(delete_key(f, &f->admin, WARD_SPAN("k")));
    uint64_t before = revision_now(f);
    assert_int_equal(0, sweep(f, START_MS + 100, 10));
    assert_int_equal(before, revision_now(f));
}

static void test_sweep_does_no_more_than_asked(void **state)
{
    struct fixture *f = *state;
    enum { KEYS = 300 };
    for (int i = 0; i < KEYS; i++) {
        char value[16];
        snprintf(value, sizeof(value), "k%d", i);
        expiring_key(f, value, START_MS);
    }
    assert_int_equal(0, sweep(f, START_MS, 0));
    assert_int_equal(7, sweep(f, START_MS, 7));
    assert_int_equal(KEYS - 7, sweep(f, START_MS, 100000));
    assert_int_equal(0, sweep(f, START_MS, 100000));
}

struct prolonger {
    struct fixture *fixture;
    struct ward_span value;
    enum ward_status status;
};

static void *prolong(void *arg)
{
    struct prolonger *prolonger = arg;
    struct fixture *f = prolonger->fixture;
    WARD_POOL pool = ward_pool_new(1024 * 1024);
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_key_ref ref = by_value(prolonger->value);
    struct ward_api_key_input input = rename_input("prolonged");
    input.has_expiry = true;
    input.expires_ms = START_MS + 100000;
    prolonger->status = ward_service_key_update(f->service, &f->local, &ref, &input, &pool, &key, &receipt);
    return NULL;
}

/* The sweeper's clock runs ahead of the service's: the update may still come in before it, but not after. */
static void test_sweep_does_not_expire_what_was_prolonged(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 100; i++) {
        char value[16];
        snprintf(value, sizeof(value), "k%d", i);
        expiring_key(f, value, START_MS + 10);
        struct prolonger prolonger = { f, ward_span_of(value), WARD_INTERNAL };
        pthread_t thread;
        assert_int_equal(0, pthread_create(&thread, NULL, prolong, &prolonger));
        size_t swept = sweep(f, START_MS + 10, 10);
        pthread_join(thread, NULL);
        assert_status(swept ? WARD_NOT_FOUND : WARD_OK, prolonger.status);
        assert_reason(swept ? WARD_VERDICT_DISABLED : WARD_VERDICT_VALID, verify_key(f, ward_span_of(value)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_first_use_moves_updated_once),
        test_case(test_first_use_is_later_even_when_the_clock_is_not),
        test_case(test_first_use_wakes_no_deleted_key),
        test_case(test_sweep_is_exact_to_the_millisecond),
        test_case(test_sweep_leaves_deleted_keys_alone),
        test_case(test_sweep_does_no_more_than_asked),
        test_case(test_sweep_does_not_expire_what_was_prolonged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
