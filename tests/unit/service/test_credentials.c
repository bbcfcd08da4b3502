/* Operator credentials: contracts/theauthapi.md 7; security.md attack 16. */
#include "fixture.h"

static struct ward_credential_input credential_input(struct fixture *f, enum ward_role role,
                                                     const struct ward_uuid *project)
{
    struct ward_credential_input input = {
        .has_name = true, .name = WARD_SPAN("c"), .has_role = true, .role = role, .has_project = project != NULL
    };
    if (project) {
        input.project = id_span(f, project);
    }
    return input;
}

static enum ward_status create(struct fixture *f, const struct ward_operator *who, struct ward_credential_input *input,
                               struct ward_credential *ret)
{
    struct ward_receipt receipt;
    return ward_service_credential_create(f->service, who, WARD_CREDENTIAL_ACCESS_KEY, input, &f->pool, ret, &receipt);
}

static struct ward_credential make_credential(struct fixture *f, enum ward_role role, const struct ward_uuid *project)
{
    struct ward_credential credential;
    struct ward_credential_input input = credential_input(f, role, project);
    assert_ok(create(f, &f->admin, &input, &credential));
    return credential;
}

static struct ward_operator operator_of_credential(struct fixture *f, struct ward_span value)
{
    struct ward_verdict verdict = verdict_on(f, WARD_RECORD_ACCESS_KEY, value);
    assert_reason(WARD_VERDICT_VALID, verdict.reason);
    return ward_operator_from_verdict(&verdict);
}

static enum ward_status delete_credential(struct fixture *f, const struct ward_operator *who, struct ward_span value)
{
    struct ward_credential_ref ref = { .value = value };
    struct ward_receipt receipt;
    return ward_service_credential_delete(f->service, who, &ref, &receipt);
}

static enum ward_status reactivate_credential(struct fixture *f, const struct ward_operator *who,
                                              struct ward_span value, struct ward_credential *ret)
{
    struct ward_credential_ref ref = { .value = value };
    struct ward_receipt receipt;
    return ward_service_credential_reactivate(f->service, who, &ref, &f->pool, ret, &receipt);
}

static enum ward_status update_credential(struct fixture *f, const struct ward_operator *who, struct ward_span value,
                                          struct ward_credential_input *input, struct ward_credential *ret)
{
    struct ward_credential_ref ref = { .value = value };
    struct ward_receipt receipt;
    return ward_service_credential_update(f->service, who, &ref, input, &f->pool, ret, &receipt);
}

/* ---- create ---- */

static void test_create_defaults_to_admin_of_the_callers_scope(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential;
    struct ward_credential_input input = { .has_name = true, .name = WARD_SPAN("c") };
    assert_ok(create(f, &f->admin, &input, &credential));
    assert_int_equal(WARD_ROLE_ADMIN, credential.role);
    assert_true(ward_uuid_equal(&f->made.account.id, &credential.account_id));
    assert_true(ward_uuid_is_nil(&credential.project_id));
    assert_true(ward_span_starts_with(credential.value, WARD_SPAN("live_access_")));
    struct ward_operator who = operator_of_credential(f, credential.value);
    assert_int_equal(WARD_ROLE_ADMIN, who.role);
    assert_true(ward_uuid_equal(&credential.id, &who.id));
}

static void test_create_in_a_project_has_its_env_and_scope(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential = make_credential(f, WARD_ROLE_USER, &f->test_project.id);
    assert_true(ward_span_starts_with(credential.value, WARD_SPAN("test_access_")));
    struct ward_operator who = operator_of_credential(f, credential.value);
    assert_true(ward_uuid_equal(&f->test_project.id, &who.project_id));
    assert_int_equal(WARD_ROLE_USER, who.role);
    struct ward_api_key key;
    make_key(f, &f->test_project.id, "inside");
    make_key(f, &f->made.project.id, "outside");
    assert_ok(get_key(f, &who, WARD_SPAN("inside"), &key));
    assert_status(WARD_FORBIDDEN, get_key(f, &who, WARD_SPAN("outside"), &key));
}

static void test_create_by_a_scoped_operator_stays_in_its_project(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential;
    struct ward_operator scoped = project_operator(f, WARD_ROLE_ADMIN);
    struct ward_credential_input own = { .has_name = true, .name = WARD_SPAN("c") };
    assert_ok(create(f, &scoped, &own, &credential));
    assert_true(ward_uuid_equal(&f->made.project.id, &credential.project_id));
    struct ward_credential_input sibling = credential_input(f, WARD_ROLE_VIEWER, &f->test_project.id);
    assert_status(WARD_FORBIDDEN, create(f, &scoped, &sibling, &credential));
}

static void test_create_refuses_foreign_and_wrong_scopes(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential;
    struct ward_credential_input foreign = credential_input(f, WARD_ROLE_VIEWER, &f->other_project.id);
    assert_status(WARD_FORBIDDEN, create(f, &f->admin, &foreign, &credential));
    struct ward_credential_input account = credential_input(f, WARD_ROLE_VIEWER, NULL);
    account.has_account = true;
    account.account = id_span(f, &f->other_account.id);
    assert_status(WARD_FORBIDDEN, create(f, &f->admin, &account, &credential));
    struct ward_credential_input unknown = credential_input(f, WARD_ROLE_VIEWER, NULL);
    unknown.has_project = unknown.has_account = true;
    unknown.project = unknown_id(f);
    unknown.account = WARD_SPAN("x");
    assert_status(WARD_INVALID, create(f, &f->admin, &unknown, &credential));
    assert_problem(&unknown.problems, "accountId", WARD_RULE_UUID);
    assert_problem(&unknown.problems, "projectId", WARD_RULE_UNKNOWN_PROJECT);
    /* a local operator may name a project of another account than the one named */
    struct ward_credential_input crossed = credential_input(f, WARD_ROLE_VIEWER, &f->made.project.id);
    crossed.has_account = true;
    crossed.account = id_span(f, &f->other_account.id);
    assert_status(WARD_INVALID, create(f, &f->local, &crossed, &credential));
    assert_problem(&crossed.problems, "projectId", WARD_RULE_UNKNOWN_PROJECT);
    struct ward_credential_input nowhere = credential_input(f, WARD_ROLE_VIEWER, NULL);
    assert_status(WARD_INVALID, create(f, &f->local, &nowhere, &credential));
    assert_problem(&nowhere.problems, "accountId", WARD_RULE_REQUIRED);
    struct ward_credential_input project_alone = credential_input(f, WARD_ROLE_VIEWER, &f->other_project.id);
    assert_ok(create(f, &f->local, &project_alone, &credential));
    assert_true(ward_uuid_equal(&f->other_account.id, &credential.account_id));
}

static void test_create_needs_a_name_and_a_whole_limit(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential;
    struct ward_credential_input input = { .has_rate_limit_number = true, .rate_limit = 5 };
    assert_status(WARD_INVALID, create(f, &f->admin, &input, &credential));
    assert_problem(&input.problems, "name", WARD_RULE_STRING);
    assert_problem(&input.problems, "rateLimitTtl", WARD_RULE_REQUIRED);
}

static void test_an_access_key_has_a_limit_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential;
    struct ward_credential_input input = credential_input(f, WARD_ROLE_VIEWER, NULL);
    input.has_rate_limit_number = input.has_rate_limit_ttl = true;
    input.rate_limit = 2;
    input.rate_limit_ttl = 60;
    assert_ok(create(f, &f->admin, &input, &credential));
    assert_reason(WARD_VERDICT_VALID, verify_access_key(f, credential.value));
    assert_reason(WARD_VERDICT_VALID, verify_access_key(f, credential.value));
    assert_reason(WARD_VERDICT_LIMITED, verify_access_key(f, credential.value));
}

/* Nobody makes what is wider than the own role, the default included. */
static void test_no_role_makes_a_wider_one(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential;
    for (int role = WARD_ROLE_NONE; role <= WARD_ROLE_USER; role++) {
        struct ward_operator who = account_operator(f, (enum ward_role)role);
        struct ward_credential_input wider = credential_input(f, WARD_ROLE_ADMIN, NULL);
        struct ward_credential_input by_default = { .has_name = true, .name = WARD_SPAN("c") };
        assert_status(WARD_FORBIDDEN, create(f, &who, &wider, &credential));
        assert_status(WARD_FORBIDDEN, create(f, &who, &by_default, &credential));
    }
}

struct blob_search {
    struct ward_span needle;
    size_t rows, tokens;
};

static enum ward_status search_credential(const struct ward_credential *credential, void *arg)
{
    struct blob_search *search = arg;
    search->rows++;
    if (credential->kind == WARD_CREDENTIAL_TOKEN) {
        search->tokens++;
        assert_null(credential->sealed.data);
    }
    assert_null(credential->value.data);
    return WARD_OK;
}

static enum ward_status search_in(struct ward_store_session *session, void *arg)
{
    struct ward_credential_filter filter = { .activity = WARD_CREDENTIAL_ANY };
    return ward_store_credential_list(session, &filter, search_credential, arg);
}

static void test_of_a_token_there_is_a_hash_only(void **state)
{
    struct fixture *f = *state;
    struct blob_search search = { .needle = f->made.token.value };
    assert_ok(ward_store_read(f->store, search_in, &search));
    assert_int_equal(3, search.rows);
    assert_int_equal(1, search.tokens);
    /* and it is another hash than the one that finds access keys */
    struct ward_lookup lookup;
    ward_keyed_hash(f->hash, f->made.token.value, &lookup);
    assert_memory_not_equal(lookup.bytes, f->made.token.lookup.data, WARD_LOOKUP_BYTES);
}

/* ---- list ---- */

struct listed {
    struct fixture *fixture;
    size_t count;
    struct ward_credential items[16];
};

static enum ward_status keep_credential(const struct ward_credential *credential, void *arg)
{
    struct listed *listed = arg;
    assert_true(listed->count < 16);
    struct ward_credential *copy = &listed->items[listed->count++];
    *copy = *credential;
    copy->value = ward_pool_copy(&listed->fixture->pool, credential->value);
    return WARD_OK;
}

static struct listed list_credentials(struct fixture *f, const struct ward_operator *who)
{
    struct listed listed = { .fixture = f };
    struct ward_credential_query query = { .has_account = true, .account = id_span(f, &f->made.account.id) };
    assert_ok(ward_service_credential_list(f->service, who, &query, keep_credential, &listed));
    return listed;
}

static const struct ward_credential *find_listed(const struct listed *listed, const struct ward_uuid *id)
{
    for (size_t i = 0; i < listed->count; i++) {
        if (ward_uuid_equal(&listed->items[i].id, id)) {
            return &listed->items[i];
        }
    }
    return NULL;
}

static void test_only_admins_and_owners_see_values(void **state)
{
    struct fixture *f = *state;
    struct ward_credential viewer = make_credential(f, WARD_ROLE_VIEWER, NULL);
    struct ward_operator who = operator_of_credential(f, viewer.value);
    struct listed by_viewer = list_credentials(f, &who);
    struct listed by_admin = list_credentials(f, &f->admin);
    assert_int_equal(4, by_viewer.count);
    assert_int_equal(4, by_admin.count);
    const struct ward_uuid *root = &f->made.access_key.id;
    struct ward_span full = f->made.access_key.value;
    assert_true(ward_span_equal(full, find_listed(&by_admin, root)->value));
    assert_true(ward_span_equal(viewer.value, find_listed(&by_viewer, &viewer.id)->value));
    char masked[64];
    snprintf(masked, sizeof(masked), "live_access_\xE2\x80\xA6%.4s", full.data + full.size - 4);
    assert_span(masked, find_listed(&by_viewer, root)->value);
    /* other kinds are shown once, when made */
    assert_null(find_listed(&by_admin, &f->made.token.id)->value.data);
    assert_null(find_listed(&by_admin, &f->made.iam.id)->value.data);
}

static void test_list_stays_in_scope(void **state)
{
    struct fixture *f = *state;
    struct ward_credential inside = make_credential(f, WARD_ROLE_VIEWER, &f->test_project.id);
    struct ward_operator scoped = operator_of_credential(f, inside.value);
    struct listed listed = list_credentials(f, &scoped);
    assert_int_equal(1, listed.count);
    assert_true(ward_uuid_equal(&inside.id, &listed.items[0].id));
    struct ward_credential_query sibling = { .has_account = true,
                                             .account = id_span(f, &f->made.account.id),
                                             .has_project = true,
                                             .project = id_span(f, &f->made.project.id) };
    assert_status(WARD_FORBIDDEN,
                  ward_service_credential_list(f->service, &scoped, &sibling, keep_credential, &listed));
    struct ward_credential_query theirs = { .has_account = true, .account = id_span(f, &f->other_account.id) };
    assert_status(WARD_FORBIDDEN,
                  ward_service_credential_list(f->service, &f->admin, &theirs, keep_credential, &listed));
    struct ward_credential_query missing = { 0 };
    assert_status(WARD_INVALID,
                  ward_service_credential_list(f->service, &f->admin, &missing, keep_credential, &listed));
    assert_problem(&missing.problems, "accountId", WARD_RULE_REQUIRED);
    struct ward_credential_query everywhere = { 0 };
    assert_ok(ward_service_credential_list(f->service, &f->local, &everywhere, keep_credential, &listed));
}

/* ---- update, delete, reactivate ---- */

static void test_a_wider_credential_is_out_of_reach(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential;
    struct ward_credential_input input = { .has_name = true, .name = WARD_SPAN("n") };
    struct ward_operator scoped = project_operator(f, WARD_ROLE_ADMIN);
    struct ward_operator foreign = foreign_operator(f);
    const struct ward_operator *others[] = { &scoped, &foreign };
    for (size_t i = 0; i < 2; i++) {
        struct ward_credential_input copy = input;
        assert_status(WARD_FORBIDDEN, update_credential(f, others[i], f->made.access_key.value, &copy, &credential));
        assert_status(WARD_FORBIDDEN, delete_credential(f, others[i], f->made.access_key.value));
        assert_status(WARD_FORBIDDEN, reactivate_credential(f, others[i], f->made.access_key.value, &credential));
    }
    assert_reason(WARD_VERDICT_VALID, verify_access_key(f, f->made.access_key.value));
}

static void test_a_role_change_is_obeyed_by_the_next_request(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential = make_credential(f, WARD_ROLE_ADMIN, NULL);
    struct ward_operator before = operator_of_credential(f, credential.value);
    struct ward_credential_input input = credential_input(f, WARD_ROLE_VIEWER, NULL);
    assert_ok(update_credential(f, &before, credential.value, &input, &credential));
    struct ward_operator after = operator_of_credential(f, credential.value);
    assert_int_equal(WARD_ROLE_VIEWER, after.role);
    struct ward_credential_input back = credential_input(f, WARD_ROLE_ADMIN, NULL);
    assert_status(WARD_FORBIDDEN, update_credential(f, &after, credential.value, &back, &credential));
}

static void test_delete_and_reactivate_are_obeyed_at_once(void **state)
{
    struct fixture *f = *state;
    struct ward_credential read, credential = make_credential(f, WARD_ROLE_USER, NULL);
    struct ward_credential_input input = { .has_name = true, .name = WARD_SPAN("n") };
    assert_status(WARD_CONFLICT, reactivate_credential(f, &f->admin, credential.value, &read));
    assert_ok(delete_credential(f, &f->admin, credential.value));
    assert_reason(WARD_VERDICT_DISABLED, verify_access_key(f, credential.value));
    assert_status(WARD_NOT_FOUND, delete_credential(f, &f->admin, credential.value));
    assert_status(WARD_NOT_FOUND, update_credential(f, &f->admin, credential.value, &input, &read));
    assert_ok(reactivate_credential(f, &f->admin, credential.value, &read));
    assert_true(ward_span_equal(credential.value, read.value));
    assert_reason(WARD_VERDICT_VALID, verify_access_key(f, credential.value));
    assert_status(WARD_NOT_FOUND, delete_credential(f, &f->admin, WARD_SPAN("live_access_unknown")));
}

static void test_by_id_reaches_every_kind(void **state)
{
    struct fixture *f = *state;
    struct ward_receipt receipt;
    const struct ward_uuid *ids[] = { &f->made.access_key.id, &f->made.token.id, &f->made.iam.id };
    for (size_t i = 0; i < 3; i++) {
        struct ward_credential_ref ref = { .id = id_span(f, ids[i]) };
        assert_ok(ward_service_credential_delete(f->service, &f->local, &ref, &receipt));
        assert_status(WARD_NOT_FOUND, ward_service_credential_delete(f->service, &f->local, &ref, &receipt));
    }
    struct ward_credential_ref malformed = { .id = WARD_SPAN("x") };
    assert_status(WARD_NOT_FOUND, ward_service_credential_delete(f->service, &f->local, &malformed, &receipt));
}

static void test_update_needs_a_name_and_keeps_the_limit(void **state)
{
    struct fixture *f = *state;
    struct ward_credential credential;
    struct ward_credential_input input = credential_input(f, WARD_ROLE_VIEWER, NULL);
    input.has_rate_limit_number = input.has_rate_limit_ttl = true;
    input.rate_limit = 2;
    input.rate_limit_ttl = 60;
    assert_ok(create(f, &f->admin, &input, &credential));
    struct ward_credential_input empty = { 0 };
    assert_status(WARD_INVALID, update_credential(f, &f->admin, credential.value, &empty, &credential));
    struct ward_credential_input name = { .has_name = true, .name = WARD_SPAN("renamed") };
    assert_ok(update_credential(f, &f->admin, credential.value, &name, &credential));
    assert_span("renamed", credential.name);
    assert_int_equal(2, credential.rate_limit.limit);
    assert_int_equal(WARD_ROLE_VIEWER, credential.role);
}

/* ---- integrity ---- */

static enum ward_status damage_in(struct ward_store_session *session, void *arg)
{
    struct ward_credential *credential = arg;
    credential->sealed = WARD_SPAN("no blob of ours, and long enough to be one.");
    return ward_store_credential_update(session, credential);
}

static void test_a_damaged_blob_is_an_alarm(void **state)
{
    struct fixture *f = *state;
    struct ward_credential read, credential = make_credential(f, WARD_ROLE_USER, NULL);
    struct listed listed = { .fixture = f };
    struct ward_credential_query query = { .has_account = true, .account = id_span(f, &f->made.account.id) };
    uint64_t revision;
    assert_ok(ward_store_write(f->store, damage_in, &credential, &revision));
    assert_status(WARD_INTEGRITY,
                  ward_service_credential_list(f->service, &f->admin, &query, keep_credential, &listed));
    assert_true(log_holds(f, "integrity-alarm"));
    assert_true(log_holds(f, "credential"));
    assert_ok(delete_credential(f, &f->admin, credential.value));
    assert_status(WARD_INTEGRITY, reactivate_credential(f, &f->admin, credential.value, &read));
    assert_reason(WARD_VERDICT_DISABLED, verify_access_key(f, credential.value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_create_defaults_to_admin_of_the_callers_scope),
        test_case(test_create_in_a_project_has_its_env_and_scope),
        test_case(test_create_by_a_scoped_operator_stays_in_its_project),
        test_case(test_create_refuses_foreign_and_wrong_scopes),
        test_case(test_create_needs_a_name_and_a_whole_limit),
        test_case(test_an_access_key_has_a_limit_of_its_own),
        test_case(test_no_role_makes_a_wider_one),
        test_case(test_of_a_token_there_is_a_hash_only),
        test_case(test_only_admins_and_owners_see_values),
        test_case(test_list_stays_in_scope),
        test_case(test_a_wider_credential_is_out_of_reach),
        test_case(test_a_role_change_is_obeyed_by_the_next_request),
        test_case(test_delete_and_reactivate_are_obeyed_at_once),
        test_case(test_by_id_reaches_every_kind),
        test_case(test_update_needs_a_name_and_keeps_the_limit),
        test_case(test_a_damaged_blob_is_an_alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
