/* Rights: role against use case as one table. contracts/theauthapi.md 1.2. Scope rows stand with their use cases. */
#include "fixture.h"

#include "service/internal.h"

enum { V = 1 << WARD_ROLE_VIEWER, U = 1 << WARD_ROLE_USER, A = 1 << WARD_ROLE_ADMIN };

static enum ward_status ignore_key(const struct ward_api_key *key, void *arg)
{
    (void)key;
    (void)arg;
    return WARD_OK;
}

static enum ward_status ignore_project(const struct ward_project *project, void *arg)
{
    (void)project;
    (void)arg;
    return WARD_OK;
}

static enum ward_status ignore_account(const struct ward_account *account, void *arg)
{
    (void)account;
    (void)arg;
    return WARD_OK;
}

static enum ward_status ignore_credential(const struct ward_credential *credential, void *arg)
{
    (void)credential;
    (void)arg;
    return WARD_OK;
}

typedef enum ward_status (*use_case)(struct fixture *f, const struct ward_operator *who);

static enum ward_status key_list(struct fixture *f, const struct ward_operator *who)
{
    struct ward_key_query query = { .limit = -1, .has_project = true, .project = id_span(f, &f->made.project.id) };
    return ward_service_key_list(f->service, who, &query, ignore_key, NULL);
}

static enum ward_status key_get(struct fixture *f, const struct ward_operator *who)
{
    struct ward_api_key key;
    return get_key(f, who, make_key(f, &f->made.project.id, NULL).values[WARD_SLOT_PRIMARY], &key);
}

static enum ward_status key_create(struct fixture *f, const struct ward_operator *who)
{
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = key_input(f, &f->made.project.id, "k");
    return ward_service_key_create(f->service, who, &input, &f->pool, &key, &receipt);
}

static enum ward_status key_update(struct fixture *f, const struct ward_operator *who)
{
    struct ward_api_key key;
    struct ward_api_key_input input = rename_input("n");
    return update_key(f, who, make_key(f, &f->made.project.id, NULL).values[WARD_SLOT_PRIMARY], &input, &key);
}

static enum ward_status key_delete(struct fixture *f, const struct ward_operator *who)
{
    return delete_key(f, who, make_key(f, &f->made.project.id, NULL).values[WARD_SLOT_PRIMARY]);
}

static enum ward_status key_reactivate(struct fixture *f, const struct ward_operator *who)
{
    struct ward_api_key key;
    struct ward_span value = make_key(f, &f->made.project.id, NULL).values[WARD_SLOT_PRIMARY];
    assert_ok(delete_key(f, &f->local, value));
    return reactivate_key(f, who, value, &key);
}

static enum ward_status key_rotate(struct fixture *f, const struct ward_operator *who)
{
    struct ward_api_key key;
    return rotate_key(f, who, make_key(f, &f->made.project.id, NULL).values[WARD_SLOT_PRIMARY], &key);
}

static enum ward_status project_list(struct fixture *f, const struct ward_operator *who)
{
    struct ward_problems problems = { 0 };
    return ward_service_project_list(f->service, who, WARD_SPAN_NONE, false, &f->pool, ignore_project, NULL, &problems);
}

static enum ward_status project_get(struct fixture *f, const struct ward_operator *who)
{
    struct ward_project project;
    return ward_service_project_get(f->service, who, id_span(f, &f->made.project.id), &f->pool, &project);
}

static unsigned names;

static struct ward_span new_name(struct fixture *f)
{
    char text[32];
    snprintf(text, sizeof(text), "name %u", names++);
    return ward_pool_copy(&f->pool, ward_span_of(text));
}

static enum ward_status project_create(struct fixture *f, const struct ward_operator *who)
{
    struct ward_project project;
    struct ward_receipt receipt;
    struct ward_project_input input = { .has_name = true,
                                        .has_account = true,
                                        .has_env = true,
                                        .name = new_name(f),
                                        .account = id_span(f, &f->made.account.id),
                                        .env = WARD_SPAN("live") };
    return ward_service_project_create(f->service, who, &input, &f->pool, &project, &receipt);
}

static enum ward_status project_update(struct fixture *f, const struct ward_operator *who)
{
    struct ward_project project;
    struct ward_receipt receipt;
    struct ward_project_input input = { .has_name = true, .name = new_name(f) };
    return ward_service_project_update(f->service, who, id_span(f, &f->made.project.id), &input, &f->pool, &project,
                                       &receipt);
}

static enum ward_status project_delete(struct fixture *f, const struct ward_operator *who)
{
    struct ward_receipt receipt;
    struct ward_project project = make_project(f, &f->made.account.id, new_name(f).data, "live");
    return ward_service_project_delete(f->service, who, id_span(f, &project.id), &receipt);
}

static enum ward_status account_list(struct fixture *f, const struct ward_operator *who)
{
    return ward_service_account_list(f->service, who, &f->pool, ignore_account, NULL);
}

static enum ward_status account_get(struct fixture *f, const struct ward_operator *who)
{
    struct ward_account account;
    return ward_service_account_get(f->service, who, id_span(f, &f->made.account.id), &f->pool, &account);
}

static enum ward_status account_create(struct fixture *f, const struct ward_operator *who)
{
    struct ward_account account;
    struct ward_receipt receipt;
    struct ward_account_input input = { .has_name = true, .name = new_name(f) };
    return ward_service_account_create(f->service, who, &input, &f->pool, &account, &receipt);
}

static enum ward_status account_update(struct fixture *f, const struct ward_operator *who)
{
    struct ward_account account;
    struct ward_receipt receipt;
    struct ward_account_input input = { .has_name = true, .name = new_name(f) };
    return ward_service_account_update(f->service, who, id_span(f, &f->made.account.id), &input, &f->pool, &account,
                                       &receipt);
}

static enum ward_status account_delete(struct fixture *f, const struct ward_operator *who)
{
    struct ward_receipt receipt;
    struct ward_account account = make_account(f, new_name(f).data);
    struct ward_operator there = *who;
    there.account_id = account.id;
    return ward_service_account_delete(f->service, &there, id_span(f, &account.id), &receipt);
}

static enum ward_status credential_list(struct fixture *f, const struct ward_operator *who)
{
    struct ward_credential_query query = { .has_account = true, .account = id_span(f, &f->made.account.id) };
    return ward_service_credential_list(f->service, who, &query, ignore_credential, NULL);
}

static struct ward_credential make_viewer(struct fixture *f)
{
    struct ward_credential credential;
    struct ward_receipt receipt;
    struct ward_credential_input input = { .has_name = true,
                                           .name = WARD_SPAN("v"),
                                           .has_role = true,
                                           .role = WARD_ROLE_VIEWER,
                                           .has_account = true,
                                           .account = id_span(f, &f->made.account.id) };
    assert_ok(ward_service_credential_create(f->service, &f->local, WARD_CREDENTIAL_ACCESS_KEY, &input, &f->pool,
                                             &credential, &receipt));
    return credential;
}

static enum ward_status credential_create(struct fixture *f, const struct ward_operator *who)
{
    struct ward_credential credential;
    struct ward_receipt receipt;
    struct ward_credential_input input = {
        .has_name = true, .name = WARD_SPAN("v"), .has_role = true, .role = WARD_ROLE_VIEWER
    };
    return ward_service_credential_create(f->service, who, WARD_CREDENTIAL_ACCESS_KEY, &input, &f->pool, &credential,
                                          &receipt);
}

static enum ward_status credential_update(struct fixture *f, const struct ward_operator *who)
{
    struct ward_credential credential;
    struct ward_receipt receipt;
    struct ward_credential_input input = { .has_name = true, .name = WARD_SPAN("w") };
    struct ward_credential_ref ref = { .value = make_viewer(f).value };
    return ward_service_credential_update(f->service, who, &ref, &input, &f->pool, &credential, &receipt);
}

static enum ward_status credential_delete(struct fixture *f, const struct ward_operator *who)
{
    struct ward_receipt receipt;
    struct ward_credential_ref ref = { .value = make_viewer(f).value };
    return ward_service_credential_delete(f->service, who, &ref, &receipt);
}

static enum ward_status credential_reactivate(struct fixture *f, const struct ward_operator *who)
{
    struct ward_credential credential;
    struct ward_receipt receipt;
    struct ward_credential_ref ref = { .value = make_viewer(f).value };
    assert_ok(ward_service_credential_delete(f->service, &f->local, &ref, &receipt));
    return ward_service_credential_reactivate(f->service, who, &ref, &f->pool, &credential, &receipt);
}

static const struct right_row {
    const char *name;
    use_case run;
    int wide;   /* roles that may, account-wide */
    int scoped; /* roles that may, with the project's own scope */
} right_rows[] = {
    { "key list", key_list, V | U | A, V | U | A },
    { "key get", key_get, V | U | A, V | U | A },
    { "key create", key_create, U | A, U | A },
    { "key update", key_update, U | A, U | A },
    { "key delete", key_delete, U | A, U | A },
    { "key reactivate", key_reactivate, U | A, U | A },
    { "key rotate", key_rotate, U | A, U | A },
    { "project list", project_list, V | U | A, V | U | A },
    { "project get", project_get, V | U | A, V | U | A },
    { "project create", project_create, A, 0 },
    { "project update", project_update, A, A },
    { "project delete", project_delete, A, 0 }, /* of another project */
    { "account list", account_list, V | U | A, V | U | A },
    { "account get", account_get, V | U | A, V | U | A },
    { "account create", account_create, A, 0 },
    { "account update", account_update, A, 0 },
    { "account delete", account_delete, A, 0 },
    { "credential list", credential_list, V | U | A, V | U | A },
    { "credential create", credential_create, A, A },
    { "credential update", credential_update, A, 0 }, /* an account-wide one is wider */
    { "credential delete", credential_delete, A, 0 },
    { "credential reactivate", credential_reactivate, A, 0 },
};

static void check_row(struct fixture *f, const struct right_row *row, bool is_wide)
{
    for (int role = WARD_ROLE_NONE; role <= WARD_ROLE_ADMIN; role++) {
        struct ward_operator who = is_wide ? account_operator(f, (enum ward_role)role)
                                           : project_operator(f, (enum ward_role)role);
        int allowed = is_wide ? row->wide : row->scoped;
        enum ward_status expected = allowed & 1 << role ? WARD_OK : WARD_FORBIDDEN;
        enum ward_status status = row->run(f, &who);
        if (status != expected) {
            fail_msg("%s, %s, %s: %s", row->name, is_wide ? "account" : "project", ward_role_name((enum ward_role)role),
                     ward_status_code(status));
        }
    }
}

static void test_roles_against_use_cases(void **state)
{
    for (size_t i = 0; i < sizeof(right_rows) / sizeof(*right_rows); i++) {
        check_row(*state, &right_rows[i], true);
        check_row(*state, &right_rows[i], false);
    }
}

static void test_a_stranger_may_nothing(void **state)
{
    struct fixture *f = *state;
    struct ward_operator nobody = { .type = WARD_ACTOR_ACCESS_KEY, .role = WARD_ROLE_NONE };
    for (size_t i = 0; i < sizeof(right_rows) / sizeof(*right_rows); i++) {
        assert_status(WARD_FORBIDDEN, right_rows[i].run(f, &nobody));
    }
}

/* ---- who a verdict speaks of ---- */

static void test_the_operator_is_who_the_verdict_says(void **state)
{
    struct fixture *f = *state;
    struct ward_verdict verdict = verdict_on(f, WARD_RECORD_ACCESS_KEY, f->made.access_key.value);
    struct ward_operator who = ward_operator_from_verdict(&verdict);
    assert_int_equal(WARD_ACTOR_ACCESS_KEY, who.type);
    assert_int_equal(WARD_ROLE_ADMIN, who.role);
    assert_true(ward_uuid_equal(&f->made.access_key.id, &who.id));
    assert_true(ward_uuid_equal(&f->made.account.id, &who.account_id));
    assert_true(ward_uuid_is_nil(&who.project_id));
}

static void assert_may_nothing(const struct ward_operator *who, const struct ward_uuid *account)
{
    static const struct ward_uuid nil;
    assert_false(ward_operator_may(who, WARD_RIGHT_KEY_READ));
    assert_false(ward_operator_may(who, WARD_RIGHT_STATUS_READ));
    assert_false(ward_operator_covers(who, account, &nil));
    assert_false(ward_operator_covers(who, &nil, &nil));
}

static void test_no_other_verdict_makes_an_operator(void **state)
{
    struct fixture *f = *state;
    struct ward_verdict valid = verdict_on(f, WARD_RECORD_ACCESS_KEY, f->made.access_key.value);
    for (int reason = 0; reason < WARD_VERDICT_COUNT; reason++) {
        struct ward_verdict verdict = valid;
        verdict.reason = (enum ward_reason)reason;
        if (reason != WARD_VERDICT_VALID) {
            struct ward_operator who = ward_operator_from_verdict(&verdict);
            assert_may_nothing(&who, &f->made.account.id);
        }
    }
    struct ward_verdict zero = { 0 }, empty = valid, foreign = valid, wild = valid;
    empty.has_record = false;
    foreign.is_foreign = true;
    wild.record.role = 200;
    struct ward_api_key key = make_key(f, &f->made.project.id, NULL);
    struct ward_verdict api_key = verdict_on(f, WARD_RECORD_API_KEY, key.values[WARD_SLOT_PRIMARY]);
    assert_reason(WARD_VERDICT_VALID, api_key.reason);
    const struct ward_verdict *others[] = { &zero, &empty, &foreign, &api_key };
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        struct ward_operator who = ward_operator_from_verdict(others[i]);
        assert_may_nothing(&who, &f->made.account.id);
    }
    struct ward_operator who = ward_operator_from_verdict(&wild);
    assert_false(ward_operator_may(&who, WARD_RIGHT_KEY_READ));
}

static void test_scopes_cover_what_lies_in_them(void **state)
{
    struct fixture *f = *state;
    static const struct ward_uuid nil;
    const struct ward_uuid *account = &f->made.account.id, *project = &f->made.project.id;
    struct ward_operator wide = account_operator(f, WARD_ROLE_VIEWER);
    struct ward_operator scoped = project_operator(f, WARD_ROLE_VIEWER);
    const struct {
        const struct ward_operator *who;
        const struct ward_uuid *account, *project;
        bool expected;
    } rows[] = {
        { &wide, account, project, true },
        { &wide, account, &f->test_project.id, true },
        { &wide, account, &nil, true },
        { &wide, &f->other_account.id, &f->other_project.id, false },
        { &wide, &f->other_account.id, &nil, false },
        { &wide, &nil, &nil, false },
        { &scoped, account, project, true },
        { &scoped, account, &f->test_project.id, false },
        { &scoped, account, &nil, false },
        { &scoped, account, NULL, false },
        { &scoped, &f->other_account.id, project, false },
        { &f->local, account, project, true },
        { &f->local, &f->other_account.id, &nil, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_int_equal(rows[i].expected, ward_operator_covers(rows[i].who, rows[i].account, rows[i].project));
    }
}

static void test_a_credential_is_covered_with_its_role(void **state)
{
    struct fixture *f = *state;
    for (int mine = WARD_ROLE_NONE; mine <= WARD_ROLE_ADMIN; mine++) {
        for (int theirs = WARD_ROLE_NONE; theirs <= WARD_ROLE_ADMIN; theirs++) {
            struct ward_operator who = account_operator(f, (enum ward_role)mine);
            struct ward_credential credential = { .account_id = f->made.account.id, .role = (enum ward_role)theirs };
            assert_int_equal(theirs <= mine, ward_operator_covers_credential(&who, &credential));
            credential.account_id = f->other_account.id;
            assert_false(ward_operator_covers_credential(&who, &credential));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_roles_against_use_cases),
        test_case(test_a_stranger_may_nothing),
        test_case(test_the_operator_is_who_the_verdict_says),
        test_case(test_no_other_verdict_makes_an_operator),
        test_case(test_scopes_cover_what_lies_in_them),
        test_case(test_a_credential_is_covered_with_its_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
