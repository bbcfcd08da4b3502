/* Accounts: contracts/theauthapi.md 6. */
#include "fixture.h"

static enum ward_status count_account(const struct ward_account *account, void *arg)
{
    assert_true(account->is_active);
    ++*(size_t *)arg;
    return WARD_OK;
}

static size_t count_accounts(struct fixture *f, const struct ward_operator *who)
{
    size_t count = 0;
    assert_ok(ward_service_account_list(f->service, who, &f->pool, count_account, &count));
    return count;
}

static void test_list_shows_the_own_account(void **state)
{
    struct fixture *f = *state;
    struct ward_operator scoped = project_operator(f, WARD_ROLE_VIEWER);
    assert_int_equal(1, count_accounts(f, &f->admin));
    assert_int_equal(1, count_accounts(f, &scoped));
    assert_int_equal(2, count_accounts(f, &f->local));
}

static void test_get_refuses_in_order(void **state)
{
    struct fixture *f = *state;
    struct ward_account account;
    assert_ok(ward_service_account_get(f->service, &f->admin, id_span(f, &f->made.account.id), &f->pool, &account));
    assert_span("default", account.name);
    assert_status(WARD_FORBIDDEN, ward_service_account_get(f->service, &f->admin, id_span(f, &f->other_account.id),
                                                           &f->pool, &account));
    assert_status(WARD_NOT_FOUND, ward_service_account_get(f->service, &f->admin, unknown_id(f), &f->pool, &account));
    assert_status(WARD_NOT_FOUND, ward_service_account_get(f->service, &f->admin, WARD_SPAN("x"), &f->pool, &account));
}

static void test_create_needs_a_name(void **state)
{
    struct fixture *f = *state;
    struct ward_account account;
    struct ward_receipt receipt;
    struct ward_account_input input = { 0 };
    assert_status(WARD_INVALID,
                  ward_service_account_create(f->service, &f->admin, &input, &f->pool, &account, &receipt));
    assert_problem(&input.problems, "name", WARD_RULE_STRING);
}

static void test_update_and_delete_stay_in_scope(void **state)
{
    struct fixture *f = *state;
    struct ward_account account;
    struct ward_receipt receipt;
    struct ward_span own = id_span(f, &f->made.account.id), theirs = id_span(f, &f->other_account.id);
    struct ward_account_input input = { .has_name = true, .name = WARD_SPAN("renamed") };
    assert_ok(ward_service_account_update(f->service, &f->admin, own, &input, &f->pool, &account, &receipt));
    assert_span("renamed", account.name);
    assert_int_equal(START_MS + 1, account.provenance.updated_ms);
    assert_status(WARD_FORBIDDEN,
                  ward_service_account_update(f->service, &f->admin, theirs, &input, &f->pool, &account, &receipt));
    assert_status(WARD_FORBIDDEN, ward_service_account_delete(f->service, &f->admin, theirs, &receipt));
    assert_status(WARD_NOT_FOUND, ward_service_account_delete(f->service, &f->admin, unknown_id(f), &receipt));
    struct ward_operator scoped = project_operator(f, WARD_ROLE_ADMIN);
    assert_status(WARD_FORBIDDEN, ward_service_account_delete(f->service, &scoped, own, &receipt));
}

static void test_delete_takes_everything_along(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_project project;
    struct ward_receipt receipt;
    make_key(f, &f->other_project.id, "theirs");
    make_key(f, &f->made.project.id, "ours");
    assert_ok(ward_service_account_delete(f->service, &f->local, id_span(f, &f->other_account.id), &receipt));
    assert_reason(WARD_VERDICT_PROJECT_INACTIVE, verify_key(f, WARD_SPAN("theirs")));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("ours")));
    assert_status(WARD_NOT_FOUND, get_key(f, &f->local, WARD_SPAN("theirs"), &key));
    assert_status(WARD_NOT_FOUND, ward_service_project_get(f->service, &f->local, id_span(f, &f->other_project.id),
                                                           &f->pool, &project));
    assert_int_equal(1, count_accounts(f, &f->local));
    struct ward_api_key_input input = key_input(f, &f->other_project.id, "late");
    assert_status(WARD_INVALID, ward_service_key_create(f->service, &f->local, &input, &f->pool, &key, &receipt));
    assert_problem(&input.problems, "projectId", WARD_RULE_UNKNOWN_PROJECT);
    assert_status(WARD_NOT_FOUND,
                  ward_service_account_delete(f->service, &f->local, id_span(f, &f->other_account.id), &receipt));
    restart(f);
    assert_reason(WARD_VERDICT_PROJECT_INACTIVE, verify_key(f, WARD_SPAN("theirs")));
}

/* An account's own change must not wake what was deleted in it. */
static void test_a_renamed_account_wakes_no_deleted_project(void **state)
{
    struct fixture *f = *state;
    struct ward_account account;
    struct ward_receipt receipt;
    make_key(f, &f->test_project.id, "inside");
    assert_ok(ward_service_project_delete(f->service, &f->admin, id_span(f, &f->test_project.id), &receipt));
    struct ward_account_input input = { .has_name = true, .name = WARD_SPAN("renamed") };
    assert_ok(ward_service_account_update(f->service, &f->admin, id_span(f, &f->made.account.id), &input, &f->pool,
                                          &account, &receipt));
    assert_reason(WARD_VERDICT_PROJECT_INACTIVE, verify_key(f, WARD_SPAN("inside")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_list_shows_the_own_account),    test_case(test_get_refuses_in_order),
        test_case(test_create_needs_a_name),           test_case(test_update_and_delete_stay_in_scope),
        test_case(test_delete_takes_everything_along), test_case(test_a_renamed_account_wakes_no_deleted_project),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
