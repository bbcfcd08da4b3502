/* The first start, the root key's fingerprint, and the check of every blob. */
#include "fixture.h"

static enum ward_status count_in(struct ward_store_session *session, void *arg)
{
    return ward_store_count(session, arg);
}

static void test_bootstrap_fills_an_empty_store(void **state)
{
    struct fixture *f = *state;
    struct ward_bootstrap *made = &f->made;
    assert_span("default", made->account.name);
    assert_span("default", made->project.name);
    assert_int_equal(WARD_ENV_LIVE, made->project.env);
    assert_true(ward_span_starts_with(made->access_key.value, WARD_SPAN("live_access_")));
    assert_int_equal(76, made->access_key.value.size);
    assert_true(ward_span_starts_with(made->token.value, WARD_SPAN("apnz_")));
    assert_true(ward_span_starts_with(made->iam.public_id, WARD_SPAN("ncp_iam_")));
    assert_int_equal(40, made->iam.value.size);
    assert_true(ward_uuid_is_nil(&made->access_key.project_id));
    assert_true(ward_uuid_equal(&made->project.id, &made->iam.project_id));
    const struct ward_credential *all[] = { &made->access_key, &made->token, &made->iam };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(WARD_ROLE_ADMIN, all[i]->role);
        assert_true(ward_uuid_equal(&made->account.id, &all[i]->account_id));
    }
    assert_reason(WARD_VERDICT_VALID, verify_access_key(f, made->access_key.value));
    assert_reason(WARD_VERDICT_UNKNOWN, verify_access_key(f, made->token.value));
    assert_reason(WARD_VERDICT_UNKNOWN, verify_access_key(f, made->iam.public_id));
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, made->access_key.value));
}

static void test_bootstrap_happens_once(void **state)
{
    struct fixture *f = *state;
    struct ward_bootstrap again;
    struct ward_store_counts before, after;
    uint64_t revision = revision_now(f);
    assert_ok(ward_store_read(f->store, count_in, &before));
    assert_status(WARD_EXISTS, ward_service_bootstrap(f->service, &f->pool, &again));
    assert_ok(ward_store_read(f->store, count_in, &after));
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(revision, revision_now(f));
}

static void test_bootstrap_logs_each_object(void **state)
{
    struct fixture *f = *state;
    struct seen_changes seen = changes_after(f, 0);
    assert_true(seen.count >= 5);
    const enum ward_object_kind kinds[] = { WARD_OBJECT_ACCOUNT,    WARD_OBJECT_PROJECT,    WARD_OBJECT_ENVIRONMENT,
                                            WARD_OBJECT_CREDENTIAL, WARD_OBJECT_CREDENTIAL, WARD_OBJECT_CREDENTIAL };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_int_equal(kinds[i], seen.items[i].kind);
        assert_span("created", seen.items[i].action);
        assert_int_equal(WARD_ACTOR_LOCAL, seen.items[i].actor_type);
    }
}

static bool draws_fail;
static int (*real_random)(void *, size_t);
static unsigned draws_left;

static int fail_later(void *data, size_t size)
{
    if (draws_fail && draws_left-- == 0) {
        draws_left = 0;
        return -1;
    }
    return real_random(data, size);
}

/* Whichever draw fails, nothing is left behind and the next attempt finds the store empty. */
static void test_a_failed_bootstrap_leaves_nothing(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    struct ward_store_counts counts;
    start_service(f);
    real_random = ward_seam.random;
    enum ward_status status = WARD_INTERNAL;
    for (unsigned n = 0; n < 200 && status != WARD_OK; n++) {
        draws_fail = true;
        draws_left = n;
        ward_seam.random = fail_later;
        status = ward_service_bootstrap(f->service, &f->pool, &f->made);
        ward_seam.random = real_random;
        if (status != WARD_OK) {
            assert_status(WARD_UNAVAILABLE, status);
            assert_ok(ward_store_read(f->store, count_in, &counts));
            assert_int_equal(0, counts.accounts + counts.projects + counts.credentials);
        }
    }
    assert_ok(status);
    free_fixture(f);
}

static void test_another_root_key_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t other[WARD_ROOT_KEY_BYTES];
    struct ward_keyring *keyring;
    struct ward_service *service = NULL;
    assert_ok(ward_random(other, sizeof(other)));
    assert_ok(ward_keyring_from_bytes(other, &keyring));
    struct ward_service_options options = { f->store, keyring, NULL };
    assert_status(WARD_MISMATCH, ward_service_new(&options, &service));
    assert_null(service);
    ward_keyring_close(keyring);
    restart(f); /* with the right one */
    assert_reason(WARD_VERDICT_VALID, verify_access_key(f, f->made.access_key.value));
}

static void test_without_a_publisher_nothing_is_promised(void **state)
{
    struct fixture *f = *state;
    struct ward_service_options options = { f->store, f->keyring, NULL };
    struct ward_service *service;
    struct ward_account account;
    struct ward_receipt receipt = { 0, 9, 9 };
    struct ward_account_input input = { .has_name = true, .name = WARD_SPAN("third") };
    assert_ok(ward_service_new(&options, &service));
    assert_ok(ward_service_account_create(service, &f->local, &input, &f->pool, &account, &receipt));
    assert_int_equal(revision_now(f), receipt.revision);
    assert_int_equal(0, receipt.replicas);
    assert_int_equal(0, receipt.applied);
    ward_service_free(service);
}

static void test_check_counts_values(void **state)
{
    struct fixture *f = *state;
    uint64_t values, bad;
    make_key(f, &f->made.project.id, NULL);
    make_key(f, &f->other_project.id, NULL);
    assert_ok(ward_service_check(f->service, &values, &bad));
    assert_int_equal(2 + 2, values); /* two keys, an access key, an IAM secret; a token has no blob */
    assert_int_equal(0, bad);
}

/* A value whose row is found under another hash opens well, and is wrong all the same. */
static enum ward_status misplace_in(struct ward_store_session *session, void *arg)
{
    static struct ward_lookup lookup = { { 1, 2, 3 } };
    struct ward_api_key *key = arg;
    key->lookups[WARD_SLOT_PRIMARY] = ward_span((const char *)lookup.bytes, WARD_LOOKUP_BYTES);
    return ward_store_key_update(session, key);
}

static void test_check_finds_a_value_under_a_wrong_hash(void **state)
{
    struct fixture *f = *state;
    uint64_t values, bad, revision;
    struct ward_api_key key = make_key(f, &f->made.project.id, NULL);
    assert_ok(ward_store_write(f->store, misplace_in, &key, &revision));
    assert_ok(ward_service_check(f->service, &values, &bad));
    assert_int_equal(1, bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_bootstrap_fills_an_empty_store),
        test_case(test_bootstrap_happens_once),
        test_case(test_bootstrap_logs_each_object),
        cmocka_unit_test(test_a_failed_bootstrap_leaves_nothing),
        test_case(test_another_root_key_is_refused),
        test_case(test_without_a_publisher_nothing_is_promised),
        test_case(test_check_counts_values),
        test_case(test_check_finds_a_value_under_a_wrong_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
