/* Secrets of IAM pairs: contracts/ncp.md 3. What is kept never outlives the credential. */
#include "gateway_fixture.h"

#include <pthread.h>

static enum ward_status ask(struct fixture *f, struct ward_span id, struct ward_span *ret_secret,
                            struct ward_operator *ret_who)
{
    struct ward_rate_limit limit;
    return ward_service_iam_secret(f->service, id, &f->pool, ret_secret, ret_who, &limit);
}

static struct ward_credential make_iam(struct fixture *f, const struct ward_uuid *project, enum ward_role role)
{
    struct ward_credential made;
    struct ward_receipt receipt;
    struct ward_credential_input input = {
        .has_name = true, .has_project = true, .has_role = true, .name = WARD_SPAN("iam"), .role = role
    };
    input.project = id_span(f, project);
    assert_ok(
        ward_service_credential_create(f->service, &f->local, WARD_CREDENTIAL_IAM, &input, &f->pool, &made, &receipt));
    return made;
}

static struct ward_credential_ref ref_of(struct fixture *f, const struct ward_credential *credential)
{
    return (struct ward_credential_ref){ .id = id_span(f, &credential->id) };
}

static void test_a_secret_and_its_operator(void **state)
{
    struct fixture *f = *state;
    struct ward_span secret;
    struct ward_operator who;
    for (int i = 0; i < 3; i++) { /* from the store, then from what is kept */
        assert_ok(ask(f, f->made.iam.public_id, &secret, &who));
        assert_true(ward_span_equal(f->made.iam.value, secret));
        assert_int_equal(WARD_ACTOR_IAM, who.type);
        assert_int_equal(WARD_ROLE_ADMIN, who.role);
        assert_true(ward_uuid_equal(&f->made.iam.id, &who.id));
        assert_true(ward_uuid_equal(&f->made.account.id, &who.account_id));
        assert_true(ward_uuid_equal(&f->made.project.id, &who.project_id));
    }
}

static void test_an_unknown_id_has_a_dummy(void **state)
{
    struct fixture *f = *state;
    static char too_long[200];
    memset(too_long, 'a', sizeof(too_long));
    const struct ward_span ids[] = { WARD_SPAN("ncp_iam_00000000000000000000"), WARD_SPAN(""), f->made.access_key.value,
                                     f->made.token.value, ward_span(too_long, sizeof(too_long)) };
    for (size_t i = 0; i < 2 * sizeof(ids) / sizeof(*ids); i++) {
        struct ward_span secret = WARD_SPAN_NONE;
        struct ward_operator who;
        assert_status(WARD_NOT_FOUND, ask(f, ids[i / 2], &secret, &who));
        assert_int_equal(f->made.iam.value.size, secret.size);
        assert_int_equal(WARD_ROLE_NONE, who.role);
        assert_false(ward_operator_covers(&who, &f->made.account.id, NULL));
    }
}

static void test_a_deleted_pair_stops_at_once(void **state)
{
    struct fixture *f = *state;
    struct ward_credential iam = make_iam(f, &f->made.project.id, WARD_ROLE_USER);
    struct ward_credential_ref ref = ref_of(f, &iam);
    struct ward_span secret;
    struct ward_operator who;
    struct ward_receipt receipt;
    assert_ok(ask(f, iam.public_id, &secret, &who));
    assert_ok(ward_service_credential_delete(f->service, &f->local, &ref, &receipt));
    assert_status(WARD_NOT_FOUND, ask(f, iam.public_id, &secret, &who));
    assert_false(ward_span_equal(iam.value, secret));
    assert_ok(ward_service_credential_reactivate(f->service, &f->local, &ref, &f->pool, &iam, &receipt));
    assert_ok(ask(f, iam.public_id, &secret, &who));
}

static void test_a_narrowed_role_holds_at_once(void **state)
{
    struct fixture *f = *state;
    struct ward_credential iam = make_iam(f, &f->made.project.id, WARD_ROLE_ADMIN);
    struct ward_credential_ref ref = ref_of(f, &iam);
    struct ward_credential_input input = {
        .has_name = true, .has_role = true, .name = WARD_SPAN("iam"), .role = WARD_ROLE_VIEWER
    };
    struct ward_span secret;
    struct ward_operator who;
    struct ward_receipt receipt;
    assert_ok(ask(f, iam.public_id, &secret, &who));
    assert_ok(ward_service_credential_update(f->service, &f->local, &ref, &input, &f->pool, &iam, &receipt));
    assert_ok(ask(f, iam.public_id, &secret, &who));
    assert_int_equal(WARD_ROLE_VIEWER, who.role);
}

static void test_a_closed_project_closes_its_pairs(void **state)
{
    struct fixture *f = *state;
    struct ward_credential first = make_iam(f, &f->test_project.id, WARD_ROLE_ADMIN);
    struct ward_credential second = make_iam(f, &f->other_project.id, WARD_ROLE_ADMIN);
    struct ward_span secret;
    struct ward_operator who;
    assert_ok(ask(f, first.public_id, &secret, &who));
    assert_ok(ask(f, second.public_id, &secret, &who));
    assert_ok(ward_service_project_delete(f->service, &f->local, id_span(f, &f->test_project.id), NULL));
    assert_status(WARD_NOT_FOUND, ask(f, first.public_id, &secret, &who));
    assert_ok(ward_service_account_delete(f->service, &f->local, id_span(f, &f->other_account.id), NULL));
    assert_status(WARD_NOT_FOUND, ask(f, second.public_id, &secret, &who));
}

/* An id that was asked for too early is not unknown for ever. */
static void test_what_was_unknown_is_found_once_made(void **state)
{
    struct fixture *f = *state;
    struct ward_span secret;
    struct ward_operator who;
    for (int i = 0; i < 8; i++) {
        assert_status(WARD_NOT_FOUND, ask(f, WARD_SPAN("ncp_iam_early"), &secret, &who));
        struct ward_credential iam = make_iam(f, &f->made.project.id, WARD_ROLE_USER);
        assert_ok(ask(f, iam.public_id, &secret, &who));
        assert_true(ward_span_equal(iam.value, secret));
    }
}

static enum ward_status break_seal_in(struct ward_store_session *session, void *arg)
{
    struct fixture *f = arg;
    struct ward_credential iam;
    enum ward_status status = ward_store_credential_get(session, &f->made.iam.id, &f->pool, &iam);
    if (status == WARD_OK) {
        char *bytes = (char *)(uintptr_t)iam.sealed.data;
        bytes[iam.sealed.size - 1] ^= 1;
        status = ward_store_credential_update(session, &iam);
    }
    return status;
}

static void test_a_broken_seal_is_an_alarm(void **state)
{
    struct fixture *f = *state;
    struct ward_span secret;
    struct ward_operator who;
    assert_ok(ward_store_write(f->store, break_seal_in, f, NULL));
    assert_status(WARD_INTEGRITY, ask(f, f->made.iam.public_id, &secret, &who));
    assert_true(log_holds(f, "integrity-alarm"));
}

/* ---- many ask while it changes ---- */

struct asker {
    struct fixture *fixture;
    struct ward_span id, secret;
    atomic_bool *is_over;
    bool is_right;
};

static void *ask_on(void *arg)
{
    struct asker *asker = arg;
    asker->is_right = true;
    while (!atomic_load(asker->is_over) && asker->is_right) {
        WARD_POOL pool = ward_pool_new(4096);
        struct ward_span secret = WARD_SPAN_NONE;
        struct ward_operator who;
        struct ward_rate_limit limit;
        enum ward_status status = ward_service_iam_secret(asker->fixture->service, asker->id, &pool, &secret, &who,
                                                          &limit);
        bool is_known = status == WARD_OK;
        asker->is_right = (is_known || status == WARD_NOT_FOUND) &&
                          is_known == ward_span_equal(secret, asker->secret) &&
                          is_known == (who.role == WARD_ROLE_USER);
    }
    return NULL;
}

/* What an asker read before a deletion is not kept behind it. */
static void test_many_ask_while_it_changes(void **state)
{
    enum { ASKERS = 3, ROUNDS = 30 };
    struct fixture *f = *state;
    struct ward_credential iam = make_iam(f, &f->made.project.id, WARD_ROLE_USER);
    struct ward_credential_ref ref = ref_of(f, &iam);
    struct asker askers[ASKERS];
    pthread_t threads[ASKERS];
    atomic_bool is_over = false;
    struct ward_span secret;
    struct ward_operator who;
    struct ward_receipt receipt;
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){ f, iam.public_id, iam.value, &is_over, false };
        assert_int_equal(0, pthread_create(&threads[i], NULL, ask_on, &askers[i]));
    }
    enum ward_status wrong = WARD_OK;
    for (int round = 0; round < ROUNDS && wrong == WARD_OK; round++) {
        wrong = ward_service_credential_delete(f->service, &f->local, &ref, &receipt);
        if (wrong == WARD_OK && ask(f, iam.public_id, &secret, &who) != WARD_NOT_FOUND) {
            wrong = WARD_CONFLICT;
        }
        struct ward_credential back;
        if (wrong == WARD_OK) {
            wrong = ward_service_credential_reactivate(f->service, &f->local, &ref, &f->pool, &back, &receipt);
        }
        if (wrong == WARD_OK) {
            wrong = ask(f, iam.public_id, &secret, &who);
        }
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(askers[i].is_right);
    }
    assert_ok(wrong);
}

/* ---- a pair's own limit ---- */

static bool may_pass(struct fixture *f, const struct ward_uuid *id, int64_t limit, int64_t ttl_s)
{
    struct ward_limit_state state;
    struct ward_rate_limit own = { limit, ttl_s };
    assert_ok(ward_service_iam_count(f->service, id, &own, &state));
    return state.is_allowed;
}

static void test_a_limit_is_a_window_of_its_pair(void **state)
{
    struct fixture *f = *state;
    struct ward_uuid one = f->made.iam.id, other = f->made.access_key.id;
    const struct {
        int64_t move_ms;
        const struct ward_uuid *id;
        int64_t limit;
        bool passes;
    } calls[] = {
        { 0, &one, 2, true },   { 0, &one, 2, true },       { 0, &one, 2, false },
        { 0, &other, 2, true }, { 0, &one, 0, true },                             /* no limit: not counted */
        { 0, &one, 3, true },                                                     /* a higher one keeps the window */
        { 0, &one, 3, false },  { 9999, &one, 3, false },   { 1, &one, 2, true }, /* the window is over */
        { 0, &one, 2, true },   { -10000, &one, 2, false }, /* set back by a whole window: it runs on */
        { -1, &one, 2, true },
    };
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        test_clock_ms += calls[i].move_ms;
        assert_int_equal(calls[i].passes, may_pass(f, calls[i].id, calls[i].limit, 10));
    }
}

static void test_a_changed_credential_opens_no_window(void **state)
{
    struct fixture *f = *state;
    assert_true(may_pass(f, &f->made.iam.id, 1, 10));
    make_iam(f, &f->made.project.id, WARD_ROLE_USER);
    assert_false(may_pass(f, &f->made.iam.id, 1, 10));
}

struct caller {
    struct fixture *fixture;
    struct ward_uuid id;
    int passed;
};

static void *call_on(void *arg)
{
    struct caller *caller = arg;
    struct ward_rate_limit limit = { 1000, 10 };
    for (int i = 0; i < 500; i++) {
        struct ward_limit_state state;
        if (ward_service_iam_count(caller->fixture->service, &caller->id, &limit, &state) == WARD_OK) {
            caller->passed += state.is_allowed;
        }
    }
    return NULL;
}

static void test_many_callers_pass_exactly_the_limit(void **state)
{
    enum { CALLERS = 4 };
    struct fixture *f = *state;
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    int passed = 0;
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){ f, f->made.iam.id, 0 };
        assert_int_equal(0, pthread_create(&threads[i], NULL, call_on, &callers[i]));
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        passed += callers[i].passed;
    }
    assert_int_equal(1000, passed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_a_secret_and_its_operator),           test_case(test_an_unknown_id_has_a_dummy),
        test_case(test_a_deleted_pair_stops_at_once),        test_case(test_a_narrowed_role_holds_at_once),
        test_case(test_a_closed_project_closes_its_pairs),   test_case(test_what_was_unknown_is_found_once_made),
        test_case(test_a_broken_seal_is_an_alarm),           test_case(test_many_ask_while_it_changes),
        test_case(test_a_limit_is_a_window_of_its_pair),     test_case(test_a_changed_credential_opens_no_window),
        test_case(test_many_callers_pass_exactly_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
