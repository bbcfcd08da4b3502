/* Personal access tokens as operators: contracts/apinizer.md 2. What is kept never outlives the credential. */
#include "gateway_fixture.h"

#include "service/tokens.h"

static enum ward_status open_token(struct fixture *f, struct ward_span token, struct ward_operator *ret_who)
{
    struct ward_rate_limit limit;
    return ward_service_token_open(f->service, token, ret_who, &limit);
}

static struct ward_credential make(struct fixture *f, enum ward_credential_kind kind, const struct ward_uuid *project,
                                   enum ward_role role, uint32_t grants)
{
    struct ward_credential made;
    struct ward_receipt receipt;
    struct ward_credential_input input = { .has_name = true,
                                           .has_project = true,
                                           .has_role = true,
                                           .name = WARD_SPAN("t"),
                                           .project = id_span(f, project),
                                           .role = role,
                                           .grants = grants };
    assert_ok(ward_service_credential_create(f->service, &f->local, kind, &input, &f->pool, &made, &receipt));
    return made;
}

static struct ward_credential make_token(struct fixture *f, enum ward_role role, uint32_t grants)
{
    return make(f, WARD_CREDENTIAL_TOKEN, &f->made.project.id, role, grants);
}

static struct ward_credential make_iam_pair(struct fixture *f, enum ward_role role, uint32_t grants)
{
    return make(f, WARD_CREDENTIAL_IAM, &f->made.project.id, role, grants);
}

static struct ward_credential_ref ref_of(struct fixture *f, const struct ward_credential *credential)
{
    return (struct ward_credential_ref){ .id = id_span(f, &credential->id) };
}

static enum ward_status issue(struct fixture *f, struct ward_span id, struct ward_span secret,
                              struct ward_issued_token *ret)
{
    struct ward_receipt receipt;
    return ward_service_token_issue(f->service, id, secret, &f->pool, ret, &receipt);
}

static struct ward_span issue_to(struct fixture *f, const struct ward_credential *pair)
{
    struct ward_issued_token issued;
    assert_ok(issue(f, pair->public_id, pair->value, &issued));
    return issued.text;
}

/* ---- tokens that operators make ---- */

static void test_a_token_and_its_operator(void **state)
{
    struct fixture *f = *state;
    struct ward_operator who;
    assert_true(ward_span_starts_with(f->made.token.value, WARD_SPAN("apnz_")));
    for (int i = 0; i < 3; i++) { /* from the store, then from what is kept */
        assert_ok(open_token(f, f->made.token.value, &who));
        assert_int_equal(WARD_ACTOR_TOKEN, who.type);
        assert_int_equal(WARD_ROLE_ADMIN, who.role);
        assert_int_equal(0, who.grants);
        assert_true(ward_uuid_equal(&f->made.token.id, &who.id));
        assert_true(ward_uuid_equal(&f->made.account.id, &who.account_id));
        assert_true(ward_uuid_is_nil(&who.project_id));
    }
}

static void test_what_is_no_token(void **state)
{
    struct fixture *f = *state;
    static char too_long[4000];
    memset(too_long, 'a', sizeof(too_long));
    const struct ward_span rows[] = { WARD_SPAN(""),
                                      WARD_SPAN("apnz_"),
                                      WARD_SPAN("apnz_0000000000000000000000000000000000000000000"),
                                      ward_span(too_long, sizeof(too_long)),
                                      f->made.access_key.value,
                                      f->made.iam.public_id,
                                      f->made.iam.value };
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
        struct ward_operator who = ward_operator_local();
        assert_status(WARD_NOT_FOUND, open_token(f, rows[i / 2], &who));
        assert_int_equal(WARD_ROLE_NONE, who.role);
        assert_int_equal(0, who.grants);
        assert_false(ward_operator_covers(&who, &f->made.account.id, NULL));
    }
}

static void test_only_what_was_asked_is_kept(void **state)
{
    struct fixture *f = *state;
    struct ward_operator who;
    struct ward_rate_limit limit;
    enum ward_status status;
    assert_false(ward_service_token_kept(f->service, f->made.token.value, &status, &who, &limit));
    assert_ok(open_token(f, f->made.token.value, &who));
    assert_true(ward_service_token_kept(f->service, f->made.token.value, &status, &who, &limit));
    assert_ok(status);
    assert_int_equal(WARD_ROLE_ADMIN, who.role);
    assert_false(ward_service_token_kept(f->service, WARD_SPAN("apnz_x"), &status, &who, &limit));
    assert_status(WARD_NOT_FOUND, open_token(f, WARD_SPAN("apnz_x"), &who));
    assert_true(ward_service_token_kept(f->service, WARD_SPAN("apnz_x"), &status, &who, &limit));
    assert_status(WARD_NOT_FOUND, status);
}

static void test_a_revoked_token_stops_at_once(void **state)
{
    struct fixture *f = *state;
    struct ward_credential token = make_token(f, WARD_ROLE_USER, 0);
    struct ward_credential_ref ref = ref_of(f, &token);
    struct ward_span text = token.value;
    struct ward_operator who;
    struct ward_receipt receipt;
    assert_ok(open_token(f, text, &who));
    assert_ok(ward_service_credential_delete(f->service, &f->local, &ref, &receipt));
    assert_status(WARD_NOT_FOUND, open_token(f, text, &who));
    assert_ok(ward_service_credential_reactivate(f->service, &f->local, &ref, &f->pool, &token, &receipt));
    assert_ok(open_token(f, text, &who));
}

static void test_a_closed_scope_closes_its_tokens(void **state)
{
    struct fixture *f = *state;
    struct ward_credential first = make(f, WARD_CREDENTIAL_TOKEN, &f->test_project.id, WARD_ROLE_ADMIN, 0);
    struct ward_credential second = make(f, WARD_CREDENTIAL_TOKEN, &f->other_project.id, WARD_ROLE_ADMIN, 0);
    struct ward_operator who;
    assert_ok(open_token(f, first.value, &who));
    assert_ok(open_token(f, second.value, &who));
    assert_ok(ward_service_project_delete(f->service, &f->local, id_span(f, &f->test_project.id), NULL));
    assert_status(WARD_NOT_FOUND, open_token(f, first.value, &who));
    assert_ok(ward_service_account_delete(f->service, &f->local, id_span(f, &f->other_account.id), NULL));
    assert_status(WARD_NOT_FOUND, open_token(f, second.value, &who));
}

static void test_grants_make_a_narrow_token(void **state)
{
    struct fixture *f = *state;
    struct ward_operator who;
    struct ward_credential token = make_token(f, WARD_ROLE_NONE, WARD_RIGHT_SECRETS_MANAGE | WARD_RIGHT_SECRETS_DEPLOY);
    assert_ok(open_token(f, token.value, &who));
    assert_true(ward_operator_may(&who, WARD_RIGHT_SECRETS_MANAGE));
    assert_true(ward_operator_may(&who, WARD_RIGHT_SECRETS_DEPLOY));
    assert_false(ward_operator_may(&who, WARD_RIGHT_SECRETS_EXPORT_IMPORT));
    assert_false(ward_operator_may(&who, WARD_RIGHT_KEY_READ));
    assert_false(ward_operator_may(&who, WARD_RIGHT_API_MANAGE));
    assert_true(ward_operator_may_any(&who, WARD_RIGHTS_APIOPS));
    assert_false(ward_operator_may_any(&who, WARD_RIGHT_API_VIEW | WARD_RIGHT_KEY_READ));
    assert_true(ward_operator_covers(&who, &f->made.account.id, &f->made.project.id));
    assert_false(ward_operator_covers(&who, &f->made.account.id, &f->test_project.id));
}

/* Whoever makes a credential has every right that it gives. */
static void test_nobody_gives_what_he_has_not(void **state)
{
    struct fixture *f = *state;
    const struct {
        enum ward_role role;
        uint32_t grants;
        enum ward_status expected;
    } rows[] = {
        { WARD_ROLE_ADMIN, 0, WARD_OK },
        { WARD_ROLE_NONE, WARD_RIGHT_SECRETS_EXPORT_IMPORT, WARD_OK },
        { WARD_ROLE_USER, WARD_RIGHT_SECRETS_EXPORT_IMPORT, WARD_OK },
    };
    struct ward_operator admin = account_operator(f, WARD_ROLE_ADMIN);
    /* an operator that may make credentials but lacks one right: no role is like that, so it is built here */
    struct ward_operator narrow = account_operator(f, WARD_ROLE_NONE);
    narrow.grants = ward_role_rights(WARD_ROLE_ADMIN) & ~(uint32_t)WARD_RIGHT_SECRETS_EXPORT_IMPORT;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ward_credential made;
        struct ward_receipt receipt;
        struct ward_credential_input input = {
            .has_name = true, .has_role = true, .name = WARD_SPAN("t"), .role = rows[i].role, .grants = rows[i].grants
        };
        uint64_t before = revision_now(f);
        assert_status(WARD_FORBIDDEN, ward_service_credential_create(f->service, &narrow, WARD_CREDENTIAL_TOKEN, &input,
                                                                     &f->pool, &made, &receipt));
        assert_int_equal(before, revision_now(f));
        assert_status(rows[i].expected, ward_service_credential_create(f->service, &admin, WARD_CREDENTIAL_TOKEN,
                                                                       &input, &f->pool, &made, &receipt));
        struct ward_credential_ref ref = ref_of(f, &made);
        assert_status(WARD_FORBIDDEN, ward_service_credential_delete(f->service, &narrow, &ref, &receipt));
    }
}

static void test_an_access_key_has_no_grants(void **state)
{
    struct fixture *f = *state;
    struct ward_credential made;
    struct ward_receipt receipt;
    struct ward_credential_input input = {
        .has_name = true, .has_role = true, .name = WARD_SPAN("k"), .grants = WARD_RIGHT_SECRETS_VIEW
    };
    assert_status(WARD_INVALID, ward_service_credential_create(f->service, &f->admin, WARD_CREDENTIAL_ACCESS_KEY,
                                                               &input, &f->pool, &made, &receipt));
    assert_problem(&input.problems, "grants", WARD_RULE_UNKNOWN_MEMBER);
}

/* ---- issued tokens ---- */

static void test_an_issued_token_acts_as_its_pair(void **state)
{
    struct fixture *f = *state;
    struct ward_credential pair = make_iam_pair(f, WARD_ROLE_VIEWER, WARD_RIGHT_SECRETS_MANAGE);
    struct ward_issued_token issued;
    struct ward_operator who;
    assert_ok(issue(f, pair.public_id, pair.value, &issued));
    assert_int_equal(3600, issued.ttl_s);
    assert_int_equal(START_MS + 3600 * 1000, issued.expires_ms);
    assert_true(ward_span_starts_with(issued.text, WARD_SPAN("apnz_")));
    assert_ok(open_token(f, issued.text, &who));
    assert_int_equal(WARD_ACTOR_IAM, who.type);
    assert_true(ward_uuid_equal(&pair.id, &who.id));
    assert_int_equal(WARD_ROLE_VIEWER, who.role);
    assert_int_equal(WARD_RIGHT_SECRETS_MANAGE, who.grants);
    assert_true(ward_uuid_equal(&f->made.project.id, &who.project_id));
}

static void test_who_is_issued_none(void **state)
{
    struct fixture *f = *state;
    struct ward_credential pair = make_iam_pair(f, WARD_ROLE_USER, 0), gone = make_iam_pair(f, WARD_ROLE_USER, 0);
    struct ward_credential_ref ref = ref_of(f, &gone);
    struct ward_receipt receipt;
    assert_ok(ward_service_credential_delete(f->service, &f->local, &ref, &receipt));
    const struct ward_span rows[][2] = {
        { pair.public_id, f->made.iam.value }, { pair.public_id, WARD_SPAN("") },
        { pair.public_id, WARD_SPAN_NONE },    { WARD_SPAN("ncp_iam_00000000000000000000"), pair.value },
        { WARD_SPAN(""), WARD_SPAN("") },      { pair.public_id, ward_span(pair.value.data, pair.value.size - 1) },
        { gone.public_id, gone.value },        { f->made.token.value, f->made.token.value },
        { pair.value, pair.public_id },
    };
    uint64_t before = revision_now(f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ward_issued_token issued = { .ttl_s = 1 };
        assert_status(WARD_NOT_FOUND, issue(f, rows[i][0], rows[i][1], &issued));
        assert_int_equal(1, issued.ttl_s);
    }
    assert_int_equal(before, revision_now(f));
}

static void test_an_issued_token_ends(void **state)
{
    struct fixture *f = *state;
    struct ward_credential pair = make_iam_pair(f, WARD_ROLE_USER, 0);
    struct ward_span token = issue_to(f, &pair);
    struct ward_operator who;
    test_clock_ms = START_MS + 3600 * 1000 - 1;
    assert_ok(open_token(f, token, &who));
    test_clock_ms = START_MS + 3600 * 1000;
    assert_status(WARD_NOT_FOUND, open_token(f, token, &who)); /* kept, and over all the same */
    assert_int_equal(WARD_ROLE_NONE, who.role);
    restart(f);
    assert_status(WARD_NOT_FOUND, open_token(f, token, &who));
}

/* Revoking a pair revokes what was issued to it; narrowing it narrows that. */
static void test_an_issued_token_follows_its_pair(void **state)
{
    struct fixture *f = *state;
    struct ward_credential pair = make_iam_pair(f, WARD_ROLE_ADMIN, 0);
    struct ward_credential_ref ref = ref_of(f, &pair);
    struct ward_span token = issue_to(f, &pair);
    struct ward_operator who;
    struct ward_receipt receipt;
    struct ward_credential_input input = {
        .has_name = true, .has_role = true, .name = WARD_SPAN("t"), .role = WARD_ROLE_VIEWER
    };
    assert_ok(open_token(f, token, &who));
    assert_int_equal(WARD_ROLE_ADMIN, who.role);
    assert_ok(ward_service_credential_update(f->service, &f->local, &ref, &input, &f->pool, &pair, &receipt));
    assert_ok(open_token(f, token, &who));
    assert_int_equal(WARD_ROLE_VIEWER, who.role);
    assert_ok(ward_service_credential_delete(f->service, &f->local, &ref, &receipt));
    assert_status(WARD_NOT_FOUND, open_token(f, token, &who));
    restart(f);
    assert_status(WARD_NOT_FOUND, open_token(f, token, &who));
}

static enum ward_status note_credential(const struct ward_credential *credential, void *arg)
{
    (void)credential;
    ++*(size_t *)arg;
    return WARD_OK;
}

static size_t count_tokens(struct fixture *f)
{
    size_t count = 0;
    struct ward_credential_query query = { .has_account = true,
                                           .account = id_span(f, &f->made.account.id),
                                           .filter = { .has_kind = true, .kind = WARD_CREDENTIAL_TOKEN } };
    assert_ok(ward_service_credential_list(f->service, &f->local, &query, note_credential, &count));
    return count;
}

static void test_issued_tokens_are_swept(void **state)
{
    struct fixture *f = *state;
    struct ward_credential pair = make_iam_pair(f, WARD_ROLE_USER, 0);
    struct ward_operator who;
    size_t count = 9;
    for (int i = 0; i < 5; i++) {
        (void)issue_to(f, &pair);
    }
    struct ward_span last = issue_to(f, &pair);
    assert_int_equal(1, count_tokens(f)); /* the bootstrap's: issued ones are not listed */
    assert_ok(ward_service_token_sweep(f->service, START_MS + 3600 * 1000 - 1, 4, &count));
    assert_int_equal(0, count);
    uint64_t before = revision_now(f);
    assert_ok(ward_service_token_sweep(f->service, START_MS + 3600 * 1000, 4, &count));
    assert_int_equal(4, count);
    assert_ok(ward_service_token_sweep(f->service, START_MS + 3600 * 1000, 4, &count));
    assert_int_equal(2, count);
    struct seen_changes seen = changes_after(f, before);
    assert_int_equal(6, seen.count);
    for (size_t i = 0; i < seen.count; i++) {
        assert_int_equal(WARD_OBJECT_CREDENTIAL, seen.items[i].kind);
        assert_span("expired", seen.items[i].action);
        assert_int_equal(WARD_ACTOR_SYSTEM, seen.items[i].actor_type);
    }
    assert_status(WARD_NOT_FOUND, open_token(f, last, &who));
    assert_ok(open_token(f, f->made.token.value, &who)); /* what operators made stays */
    restart(f);                                          /* the publisher starts from what is left */
}

static void test_a_pair_is_limited_when_it_asks(void **state)
{
    struct fixture *f = *state;
    struct ward_credential pair;
    struct ward_receipt receipt;
    struct ward_issued_token issued;
    struct ward_operator who;
    struct ward_rate_limit limit;
    struct ward_credential_input input = {
        .has_name = true,
        .has_role = true,
        .has_rate_limit = true,
        .name = WARD_SPAN("t"),
        .role = WARD_ROLE_USER,
        .has_rate_limit_number = true,
        .rate_limit = 2,
        .has_rate_limit_ttl = true,
        .rate_limit_ttl = 60,
    };
    assert_ok(
        ward_service_credential_create(f->service, &f->admin, WARD_CREDENTIAL_IAM, &input, &f->pool, &pair, &receipt));
    assert_ok(issue(f, pair.public_id, pair.value, &issued));
    assert_ok(ward_service_token_open(f->service, issued.text, &who, &limit));
    assert_int_equal(2, limit.limit); /* its calls count against the pair */
    assert_true(ward_uuid_equal(&pair.id, &who.id));
    assert_ok(issue(f, pair.public_id, pair.value, &issued));
    assert_status(WARD_LIMITED, issue(f, pair.public_id, pair.value, &issued));
    test_clock_ms = START_MS + 61000;
    assert_ok(issue(f, pair.public_id, pair.value, &issued));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_a_token_and_its_operator),
        test_case(test_what_is_no_token),
        test_case(test_only_what_was_asked_is_kept),
        test_case(test_a_revoked_token_stops_at_once),
        test_case(test_a_closed_scope_closes_its_tokens),
        test_case(test_grants_make_a_narrow_token),
        test_case(test_nobody_gives_what_he_has_not),
        test_case(test_an_access_key_has_no_grants),
        test_case(test_an_issued_token_acts_as_its_pair),
        test_case(test_who_is_issued_none),
        test_case(test_an_issued_token_ends),
        test_case(test_an_issued_token_follows_its_pair),
        test_case(test_issued_tokens_are_swept),
        test_case(test_a_pair_is_limited_when_it_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
