/* Projects: contracts/theauthapi.md 6. */
#include "fixture.h"

struct listed {
    size_t count;
    struct ward_uuid ids[16];
};

static enum ward_status keep_project(const struct ward_project *project, void *arg)
{
    struct listed *listed = arg;
    assert_true(listed->count < 16);
    listed->ids[listed->count++] = project->id;
    return WARD_OK;
}

static enum ward_status list_projects(struct fixture *f, const struct ward_operator *who, struct ward_span account,
                                      struct listed *ret, struct ward_problems *problems)
{
    *ret = (struct listed){ 0 };
    *problems = (struct ward_problems){ 0 };
    return ward_service_project_list(f->service, who, account, account.data != NULL, &f->pool, keep_project, ret,
                                     problems);
}

static void test_list_shows_what_is_in_scope(void **state)
{
    struct fixture *f = *state;
    struct listed listed;
    struct ward_problems problems;
    struct ward_operator scoped = project_operator(f, WARD_ROLE_VIEWER);
    struct ward_span own = id_span(f, &f->made.account.id);
    assert_ok(list_projects(f, &f->admin, own, &listed, &problems));
    assert_int_equal(2, listed.count);
    assert_ok(list_projects(f, &f->admin, WARD_SPAN_NONE, &listed, &problems)); /* defaults to the own account */
    assert_int_equal(2, listed.count);
    assert_ok(list_projects(f, &scoped, own, &listed, &problems));
    assert_int_equal(1, listed.count);
    assert_true(ward_uuid_equal(&f->made.project.id, &listed.ids[0]));
    assert_ok(list_projects(f, &f->local, WARD_SPAN_NONE, &listed, &problems));
    assert_int_equal(3, listed.count);
    assert_status(WARD_FORBIDDEN, list_projects(f, &f->admin, id_span(f, &f->other_account.id), &listed, &problems));
    assert_status(WARD_INVALID, list_projects(f, &f->admin, WARD_SPAN("x"), &listed, &problems));
    assert_problem(&problems, "accountId", WARD_RULE_UUID);
    assert_status(WARD_INVALID, list_projects(f, &f->admin, unknown_id(f), &listed, &problems));
    assert_problem(&problems, "accountId", WARD_RULE_UUID);
}

static void test_get_refuses_in_order(void **state)
{
    struct fixture *f = *state;
    struct ward_project project;
    struct ward_operator scoped = project_operator(f, WARD_ROLE_VIEWER);
    const struct {
        const struct ward_operator *who;
        struct ward_span id;
        enum ward_status expected;
    } rows[] = {
        { &f->admin, id_span(f, &f->made.project.id), WARD_OK },
        { &f->admin, id_span(f, &f->test_project.id), WARD_OK },
        { &scoped, id_span(f, &f->made.project.id), WARD_OK },
        { &scoped, id_span(f, &f->test_project.id), WARD_FORBIDDEN },
        { &f->admin, id_span(f, &f->other_project.id), WARD_FORBIDDEN },
        { &f->admin, unknown_id(f), WARD_NOT_FOUND },
        { &f->admin, WARD_SPAN("x"), WARD_NOT_FOUND },
        { &f->local, id_span(f, &f->other_project.id), WARD_OK },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_status(rows[i].expected,
                      ward_service_project_get(f->service, rows[i].who, rows[i].id, &f->pool, &project));
    }
}

static enum ward_status create(struct fixture *f, const struct ward_operator *who, const char *name,
                               struct ward_span account, const char *env, struct ward_project_input *ret_input)
{
    struct ward_project project;
    struct ward_receipt receipt;
    *ret_input = (struct ward_project_input){ .has_name = name != NULL,
                                              .has_account = account.data != NULL,
                                              .has_env = env != NULL,
                                              .name = ward_span_of(name),
                                              .account = account,
                                              .env = ward_span_of(env) };
    return ward_service_project_create(f->service, who, ret_input, &f->pool, &project, &receipt);
}

static void test_create_says_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    struct ward_project_input input;
    struct ward_span own = id_span(f, &f->made.account.id);
    assert_status(WARD_INVALID, create(f, &f->admin, NULL, WARD_SPAN_NONE, NULL, &input));
    assert_int_equal(4, input.problems.count);
    assert_problem(&input.problems, "name", WARD_RULE_MIN_LENGTH);
    assert_problem(&input.problems, "name", WARD_RULE_STRING);
    assert_problem(&input.problems, "accountId", WARD_RULE_REQUIRED);
    assert_problem(&input.problems, "env", WARD_RULE_ENUM);
    assert_string_equal("live,test", input.problems.items[3].text);
    assert_status(WARD_INVALID, create(f, &f->admin, "", own, "live", &input));
    assert_problem(&input.problems, "name", WARD_RULE_MIN_LENGTH);
    assert_status(WARD_INVALID, create(f, &f->admin, "n", own, "Live", &input));
    assert_problem(&input.problems, "env", WARD_RULE_ENUM);
    assert_status(WARD_INVALID, create(f, &f->admin, "n", WARD_SPAN("x"), "live", &input));
    assert_problem(&input.problems, "accountId", WARD_RULE_UUID);
    assert_status(WARD_INVALID, create(f, &f->admin, "n", unknown_id(f), "live", &input));
    assert_problem(&input.problems, "accountId", WARD_RULE_UUID);
    assert_status(WARD_FORBIDDEN, create(f, &f->admin, NULL, id_span(f, &f->other_account.id), NULL, &input));
    struct ward_operator scoped = project_operator(f, WARD_ROLE_ADMIN);
    assert_status(WARD_FORBIDDEN, create(f, &scoped, "n", own, "live", &input));
}

static void test_a_name_is_unique_among_the_active_ones(void **state)
{
    struct fixture *f = *state;
    struct ward_project_input input;
    struct ward_receipt receipt;
    struct ward_project project;
    struct ward_span own = id_span(f, &f->made.account.id);
    assert_status(WARD_CONFLICT, create(f, &f->admin, "default", own, "test", &input));
    assert_ok(create(f, &f->admin, "theirs", own, "live", &input)); /* another account's name */
    struct ward_project_input rename = { .has_name = true, .name = WARD_SPAN("second") };
    assert_status(WARD_CONFLICT, ward_service_project_update(f->service, &f->admin, id_span(f, &f->made.project.id),
                                                             &rename, &f->pool, &project, &receipt));
    assert_ok(ward_service_project_delete(f->service, &f->admin, id_span(f, &f->test_project.id), &receipt));
    rename.problems.count = 0;
    assert_ok(ward_service_project_update(f->service, &f->admin, id_span(f, &f->made.project.id), &rename, &f->pool,
                                          &project, &receipt));
    assert_span("second", project.name);
}

static void test_update_takes_the_name_only(void **state)
{
    struct fixture *f = *state;
    struct ward_project project, read;
    struct ward_receipt receipt;
    struct ward_span id = id_span(f, &f->made.project.id);
    struct ward_project_input input = { .has_name = true,
                                        .name = WARD_SPAN("renamed"),
                                        .has_env = true,
                                        .env = WARD_SPAN("test"),
                                        .has_account = true,
                                        .account = id_span(f, &f->other_account.id) };
    assert_ok(ward_service_project_update(f->service, &f->admin, id, &input, &f->pool, &project, &receipt));
    assert_ok(ward_service_project_get(f->service, &f->admin, id, &f->pool, &read));
    assert_span("renamed", read.name);
    assert_int_equal(WARD_ENV_LIVE, read.env);
    assert_true(ward_uuid_equal(&f->made.account.id, &read.account_id));
    assert_true(ward_uuid_equal(&f->admin.id, &read.provenance.changed_by));
    assert_int_equal(WARD_ACTOR_ACCESS_KEY, read.provenance.changed_by_type);
    assert_int_equal(START_MS + 1, read.provenance.updated_ms);
    assert_int_equal(read.version, project.version);
    struct ward_project_input nothing = { 0 };
    assert_status(WARD_INVALID, ward_service_project_update(f->service, &f->admin, unknown_id(f), &nothing, &f->pool,
                                                            &project, &receipt));
    struct ward_project_input name = { .has_name = true, .name = WARD_SPAN("n") };
    assert_status(WARD_NOT_FOUND, ward_service_project_update(f->service, &f->admin, unknown_id(f), &name, &f->pool,
                                                              &project, &receipt));
    struct ward_project_input foreign = { 0 };
    assert_status(WARD_FORBIDDEN, ward_service_project_update(f->service, &f->admin, id_span(f, &f->other_project.id),
                                                              &foreign, &f->pool, &project, &receipt));
}

static void test_delete_takes_keys_and_operators_along(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential;
    struct ward_project project;
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_span id = id_span(f, &f->test_project.id);
    struct ward_credential_input input = {
        .has_name = true, .name = WARD_SPAN("p"), .has_project = true, .project = id
    };
    assert_ok(ward_service_credential_create(f->service, &f->admin, WARD_CREDENTIAL_ACCESS_KEY, &input, &f->pool,
                                             &credential, &receipt));
    make_key(f, &f->test_project.id, "inside");
    make_key(f, &f->made.project.id, "outside");
    assert_ok(ward_service_project_delete(f->service, &f->admin, id, &receipt));
    assert_reason(WARD_VERDICT_PROJECT_INACTIVE, verify_key(f, WARD_SPAN("inside")));
    assert_reason(WARD_VERDICT_PROJECT_INACTIVE, verify_access_key(f, credential.value));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("outside")));
    assert_status(WARD_NOT_FOUND, get_key(f, &f->admin, WARD_SPAN("inside"), &key));
    assert_status(WARD_NOT_FOUND, ward_service_project_get(f->service, &f->admin, id, &f->pool, &project));
    assert_status(WARD_NOT_FOUND, ward_service_project_delete(f->service, &f->admin, id, &receipt));
    restart(f); /* and a new table says the same */
    assert_reason(WARD_VERDICT_PROJECT_INACTIVE, verify_key(f, WARD_SPAN("inside")));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("outside")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_list_shows_what_is_in_scope), test_case(test_get_refuses_in_order),
        test_case(test_create_says_what_is_wrong),   test_case(test_a_name_is_unique_among_the_active_ones),
        test_case(test_update_takes_the_name_only),  test_case(test_delete_takes_keys_and_operators_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
