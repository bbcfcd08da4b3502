/* API proxies: contracts/apinizer.md 11, each row of 11.1 by its reason, and what verifiers say of a pair. */
#include "secrets_fixture.h"

#include "table/proxy.h"

/* ---- calls ---- */

static enum ward_status create(struct secrets *s, const char *name)
{
    const struct ward_proxy_input input = { .has_name = true,
                                            .name = ward_span_of(name),
                                            .creation_type = WARD_SPAN("REVERSE_PROXY") };
    return ward_service_proxy_create(new_call(s), &input);
}

static void make(struct secrets *s, const char *name)
{
    assert_done(s, create(s, name));
}

static enum ward_status set_keys(struct secrets *s, const char *name, const char *public_key, const char *secret_key)
{
    const struct ward_proxy_keys keys = { .public_key = ward_span_of(public_key),
                                          .secret_key = ward_span_of(secret_key) };
    return ward_service_proxy_set_keys(new_call(s), ward_span_of(name), &keys);
}

static struct ward_proxy_view get(struct secrets *s, const char *name)
{
    struct ward_proxy_view view;
    assert_done(s, ward_service_proxy_get(new_call(s), ward_span_of(name), &view));
    return view;
}

/* Whose the pair is: the id of the table's record, or "". */
static const char *holder(struct secrets *s, const char *public_key, const char *secret_key)
{
    static struct ward_object_id id;
    struct ward_record record;
    struct ward_lookup lookup;
    const struct ward_proxy_pair pair = { ward_span_of(public_key), ward_span_of(secret_key) };
    ward_proxy_lookup(s->f->hash, &pair, &lookup);
    id = (struct ward_object_id){ "" };
    if (ward_table_find(s->f->verifier.reader, &lookup, &record) == WARD_TABLE_FOUND &&
        record.kind == WARD_RECORD_API_PROXY)
        ward_proxy_record_id(&record, &id);
    return id.text;
}

/* "production:yes test:redeploy uat:no" */
static const char *deployments(struct secrets *s, const char *name)
{
    static char text[1024];
    struct ward_proxy_view view = get(s, name);
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < view.deployment_count; i++) {
        const struct ward_proxy_deployment_view *row = &view.deployments[i];
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%.*s:%s", i ? " " : "",
                                 (int)row->environment_name.size, row->environment_name.data,
                                 row->is_redeploy_required ? "redeploy"
                                 : row->is_deployed        ? "yes"
                                                           : "no");
    }
    return text;
}

/* ---- 11.1: keys ---- */

static void both_keys_are_set_and_verified(void **state)
{
    struct secrets *s = *state;
    make(s, "MyAPI");
    assert_done(s, set_keys(s, "MyAPI", "ak_1234567890abcdef", "sk_9876543210fedcba"));
    assert_null(s->call.deployment);
    assert_true(s->call.receipt.revision > 0);
    struct ward_proxy_view view = get(s, "MyAPI");
    assert_span("ak_1234567890abcdef", view.public_key);
    assert_true(view.has_secret_key);
    char id[WARD_OBJECT_ID_CHARS + 1];
    snprintf(id, sizeof(id), "%.*s", (int)view.id.size, view.id.data);
    assert_string_equal(id, holder(s, "ak_1234567890abcdef", "sk_9876543210fedcba"));
}

static void a_changed_pair_stops_at_the_answer(void **state)
{
    struct secrets *s = *state;
    make(s, "MyAPI");
    assert_done(s, set_keys(s, "MyAPI", "ak_1", "sk_1"));
    assert_done(s, set_keys(s, "MyAPI", "ak_2", NULL));
    assert_string_equal("", holder(s, "ak_1", "sk_1"));
    assert_string_not_equal("", holder(s, "ak_2", "sk_1"));
    assert_done(s, set_keys(s, "MyAPI", NULL, "sk_2"));
    assert_string_equal("", holder(s, "ak_2", "sk_1"));
    assert_string_not_equal("", holder(s, "ak_2", "sk_2"));
    /* The retired pair is in the change, for who restores a backup. */
    struct seen_changes seen = changes_after(s->f, revision_now(s->f) - 1);
    assert_int_equal(1, seen.count);
    assert_int_equal(WARD_OBJECT_API_PROXY, seen.items[0].kind);
    assert_int_equal(WARD_LOOKUP_BYTES, seen.items[0].retired.size);
    assert_span("{\"members\":[\"secretKey\"]}", seen.items[0].detail);
}

static void keys_refused(void **state)
{
    struct secrets *s = *state;
    static char longer[WARD_PROXY_KEY_MAX + 2];
    memset(longer, 'k', sizeof(longer) - 1);
    const struct {
        const char *public_key, *secret_key, *text;
    } rows[] = {
        { NULL, NULL, "At least one key (publicKey or secretKey) must be provided" },
        { "", "sk", "publicKey must not be blank" },
        { " \t\r\n", "sk", "publicKey must not be blank" },
        { "\xc2\xa0\xe2\x80\x83", "sk", "publicKey must not be blank" },
        { "ak", "", "secretKey must not be blank" },
        { "ak", "\xe3\x80\x80", "secretKey must not be blank" },
        { NULL, "  ", "secretKey must not be blank" },
        { longer, NULL, "publicKey can not be longer than 4096 bytes!" },
        { NULL, longer, "secretKey can not be longer than 4096 bytes!" },
    };
    make(s, "MyAPI");
    assert_done(s, set_keys(s, "MyAPI", "ak", "sk"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_refused_as(s, WARD_INVALID, rows[i].text, set_keys(s, "MyAPI", rows[i].public_key, rows[i].secret_key));
        assert_span("ak", get(s, "MyAPI").public_key);
        assert_string_not_equal("", holder(s, "ak", "sk"));
    }
}

static void keys_are_stored_as_sent(void **state)
{
    struct secrets *s = *state;
    make(s, "MyAPI");
    assert_done(s, set_keys(s, "MyAPI", "  a key: with spaces  ", " s"));
    assert_span("  a key: with spaces  ", get(s, "MyAPI").public_key);
    assert_string_not_equal("", holder(s, "  a key: with spaces  ", " s"));
    assert_string_equal("", holder(s, "a key: with spaces", "s"));
}

static void a_key_of_another_proxy_is_taken_and_the_oldest_holds_the_pair(void **state)
{
    struct secrets *s = *state;
    char first[WARD_OBJECT_ID_CHARS + 1], second[WARD_OBJECT_ID_CHARS + 1];
    make(s, "first");
    test_clock_ms++;
    make(s, "second");
    assert_done(s, set_keys(s, "first", "ak", "sk"));
    snprintf(first, sizeof(first), "%.24s", get(s, "first").id.data);
    snprintf(second, sizeof(second), "%.24s", get(s, "second").id.data);
    assert_done(s, set_keys(s, "second", "ak", "sk"));
    assert_string_equal(first, holder(s, "ak", "sk"));
    assert_done(s, ward_service_proxy_delete(new_call(s), WARD_SPAN("first")));
    assert_string_equal(second, holder(s, "ak", "sk"));
    s->rules.is_pair_unique = true;
    make(s, "third");
    assert_refused_as(s, WARD_CONFLICT, "publicKey is already used by another API Proxy!",
                      set_keys(s, "third", "ak", "other"));
    assert_done(s, set_keys(s, "second", "ak", "other")); /* its own */
}

static void the_order_of_checks(void **state)
{
    struct secrets *s = *state;
    struct ward_operator viewer = account_operator(s->f, WARD_ROLE_VIEWER);
    struct ward_operator stranger = foreign_operator(s->f);
    make(s, "MyAPI");
    s->who = &stranger;
    assert_refused_as(s, WARD_NOT_FOUND, "Project (default) is not found or user does not have privilege to access it!",
                      set_keys(s, "none", NULL, NULL));
    s->who = &viewer;
    assert_refused_as(s, WARD_FORBIDDEN, "User does not have required permission for this operation!",
                      set_keys(s, "none", NULL, NULL));
    s->who = &s->f->admin;
    assert_refused_as(s, WARD_NOT_FOUND, "ApiProxy (name: none) was not found!", set_keys(s, "none", NULL, NULL));
    assert_refused_as(s, WARD_NOT_FOUND, "ApiProxy (name: myapi) was not found!", set_keys(s, "myapi", "a", NULL));
    s->project = WARD_SPAN("Default");
    assert_refused_as(s, WARD_NOT_FOUND, "Project (Default) is not found or user does not have privilege to access it!",
                      set_keys(s, "MyAPI", "a", NULL));
    s->project = WARD_SPAN("theirs");
    assert_refused_as(s, WARD_NOT_FOUND, "Project (theirs) is not found or user does not have privilege to access it!",
                      set_keys(s, "MyAPI", "a", NULL));
}

static void what_the_surface_found_is_said_in_its_turn(void **state)
{
    struct secrets *s = *state;
    const struct ward_proxy_keys keys = { .body = { .reason = WARD_REFUSED_BODY,
                                                    .name = WARD_SPAN("publicKey must be a string") } };
    assert_refused_as(s, WARD_NOT_FOUND, "ApiProxy (name: MyAPI) was not found!",
                      ward_service_proxy_set_keys(new_call(s), WARD_SPAN("MyAPI"), &keys));
    make(s, "MyAPI");
    assert_refused_as(s, WARD_INVALID, "publicKey must be a string",
                      ward_service_proxy_set_keys(new_call(s), WARD_SPAN("MyAPI"), &keys));
}

static enum ward_status set_and_deploy(struct secrets *s, const char *name, const char *key, const char *a,
                                       const char *b)
{
    const struct ward_span names[] = { ward_span_of(a), ward_span_of(b) };
    const struct ward_proxy_keys keys = { .public_key = ward_span_of(key),
                                          .targets = { true, names, (size_t)((a != NULL) + (b != NULL)) } };
    return ward_service_proxy_set_keys(new_call(s), ward_span_of(name), &keys);
}

static void keys_with_deployment(void **state)
{
    struct secrets *s = *state;
    struct ward_operator manager = granted(s, WARD_RIGHT_API_MANAGE);
    make(s, "MyAPI");
    assert_refused_as(s, WARD_INVALID,
                      "Environment (Staging) is not found or user does not have privilege to access it!",
                      set_and_deploy(s, "MyAPI", "ak", "production", "Staging"));
    assert_refused_as(s, WARD_INVALID, "deployTargetEnvironmentNameList value can not be empty!",
                      set_and_deploy(s, "MyAPI", "ak", NULL, NULL));
    assert_refused_as(s, WARD_INVALID, "Environment (test) is given more than once in deployTargetEnvironmentNameList!",
                      set_and_deploy(s, "MyAPI", "ak", "test", "test"));
    s->who = &manager;
    assert_refused_as(s, WARD_FORBIDDEN, "User does not have required permission to deploy/undeploy API Proxy!",
                      set_and_deploy(s, "MyAPI", "ak", "production", NULL));
    assert_done(s, set_keys(s, "MyAPI", "ak", "sk"));
    s->who = &s->f->admin;
    assert_done(s, set_and_deploy(s, "MyAPI", "ak_2", "production", "test"));
    assert_string_equal("production:deployed test:deployed", deployment_text(s));
    assert_string_equal("production:yes test:yes uat:no", deployments(s, "MyAPI"));
    /* A change that is not deployed waits. */
    assert_done(s, set_keys(s, "MyAPI", "ak_3", NULL));
    assert_string_equal("production:redeploy test:redeploy uat:no", deployments(s, "MyAPI"));
    assert_done(s, set_and_deploy(s, "MyAPI", "ak_4", "test", NULL));
    assert_string_equal("production:redeploy test:yes uat:no", deployments(s, "MyAPI"));
}

/* ---- create, list, metadata, delete ---- */

static enum ward_status create_with(struct secrets *s, const char *name, const char *type, const char *environment)
{
    const struct ward_span names[] = { ward_span_of(environment) };
    const struct ward_proxy_member members[] = { { "clientRoute", WARD_SPAN("{\"relativePathList\":[\"/a\"]}") },
                                                 { "routing", WARD_SPAN("{ \"routingEnabled\" : true }") },
                                                 { "soapToRest", WARD_SPAN("null") } };
    const struct ward_proxy_input input = { .has_name = name != NULL,
                                            .name = ward_span_of(name),
                                            .creation_type = ward_span_of(type),
                                            .members = members,
                                            .member_count = 3,
                                            .targets = { environment != NULL, names, 1 } };
    return ward_service_proxy_create(new_call(s), &input);
}

static void a_proxy_is_made_with_what_was_sent(void **state)
{
    struct secrets *s = *state;
    assert_done(s, create_with(s, "petstore-api", "REVERSE_PROXY", "production"));
    assert_string_equal("production:deployed", deployment_text(s));
    struct ward_proxy_view view = get(s, "petstore-api");
    assert_span("REVERSE_PROXY", view.creation_type);
    assert_span("{\"clientRoute\":{\"relativePathList\":[\"/a\"]},\"routing\":{ \"routingEnabled\" : true }}",
                view.metadata);
    assert_false(view.has_public_key);
    assert_false(view.has_secret_key);
    assert_int_equal(WARD_OBJECT_ID_CHARS, view.id.size);
    assert_string_equal("production:yes test:no uat:no", deployments(s, "petstore-api"));
    struct ward_proxy_deployment_view status;
    assert_done(s, ward_service_proxy_status(new_call(s), WARD_SPAN("petstore-api"), WARD_SPAN("production"), &status));
    assert_true(status.is_deployed);
    assert_int_equal(START_MS, status.deployed_ms);
    assert_int_equal(revision_now(s->f), status.revision);
}

static void proxies_not_made(void **state)
{
    struct secrets *s = *state;
    static char longer[257];
    memset(longer, 'n', sizeof(longer) - 1);
    const struct {
        const char *name, *type, *environment, *text;
        enum ward_status status;
    } rows[] = {
        { NULL, "EMPTY_API", NULL, "apiProxyName value can not be empty!", WARD_INVALID },
        { " ", "EMPTY_API", NULL, "apiProxyName value can not be empty!", WARD_INVALID },
        { longer, "EMPTY_API", NULL, "apiProxyName can not be longer than 255 bytes!", WARD_INVALID },
        { "a\nb", "EMPTY_API", NULL, "apiProxyName can not contain control characters!", WARD_INVALID },
        { "new", NULL, NULL, "apiProxyCreationType value can not be empty!", WARD_INVALID },
        { "new", "reverse_proxy", NULL,
          "Unknown apiProxyCreationType (reverse_proxy)! Supported values: REVERSE_PROXY, EMPTY_API", WARD_INVALID },
        { "new", "OPEN_API", NULL,
          "Unknown apiProxyCreationType (OPEN_API)! Supported values: REVERSE_PROXY, EMPTY_API", WARD_INVALID },
        { "there", "EMPTY_API", NULL, "ApiProxy (name: there) is already exist!", WARD_CONFLICT },
        { "new", "EMPTY_API", "nowhere",
          "Environment (nowhere) is not found or user does not have privilege to access it!", WARD_INVALID },
    };
    make(s, "there");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_refused_as(s, rows[i].status, rows[i].text,
                          create_with(s, rows[i].name, rows[i].type, rows[i].environment));
    }
}

static enum ward_status visit_name(const struct ward_proxy_view *view, void *arg)
{
    add_name(arg, view->name);
    return WARD_OK;
}

static void lists_run_by_name(void **state)
{
    struct secrets *s = *state;
    static const char *const made[] = { "b", "B", "a b", "ba", "\xc3\xa4" };
    for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
        make(s, made[i]);
    struct names names = { "" };
    assert_done(s, ward_service_proxy_list(new_call(s), WARD_SPAN_NONE, SIZE_MAX, visit_name, &names));
    assert_string_equal("B,a b,b,ba,\xc3\xa4", names.text);
    names = (struct names){ "" };
    assert_done(s, ward_service_proxy_list(new_call(s), WARD_SPAN("a b"), 2, visit_name, &names));
    assert_string_equal("b,ba", names.text);
    /* Any right in the project is enough to read, none is not. */
    struct ward_operator any = granted(s, WARD_RIGHT_SECRETS_DEPLOY);
    struct ward_operator none = granted(s, 0);
    s->who = &any;
    assert_done(s, ward_service_proxy_list(new_call(s), WARD_SPAN_NONE, 1, visit_name, &names));
    s->who = &none;
    assert_refused_as(s, WARD_FORBIDDEN, "User does not have required permission for this operation!",
                      ward_service_proxy_list(new_call(s), WARD_SPAN_NONE, 1, visit_name, &names));
}

static enum ward_status edit(struct secrets *s, const char *name, const struct ward_proxy_input *input)
{
    return ward_service_proxy_update(new_call(s), ward_span_of(name), input);
}

static void metadata_is_merged(void **state)
{
    struct secrets *s = *state;
    const struct ward_proxy_member members[] = { { "routing", WARD_SPAN("null") },
                                                 { "sharingType", WARD_SPAN("\"NONE\"") },
                                                 { "clientRoute", WARD_SPAN("{}") } };
    const struct ward_proxy_input input = { .has_name = true,
                                            .name = WARD_SPAN("renamed"),
                                            .has_description = true,
                                            .description = WARD_SPAN("d"),
                                            .members = members,
                                            .member_count = 3 };
    const struct ward_proxy_input nothing = { .has_name = false };
    const struct ward_proxy_input clears = { .has_description = true, .description = WARD_SPAN("") };
    assert_done(s, create_with(s, "MyAPI", "REVERSE_PROXY", "test"));
    make(s, "other");
    assert_done(s, edit(s, "MyAPI", &input));
    assert_span("{\"clientRoute\":{},\"sharingType\":\"NONE\"}", get(s, "renamed").metadata);
    assert_span("d", get(s, "renamed").description);
    assert_string_equal("production:no test:redeploy uat:no", deployments(s, "renamed"));
    assert_done(s, edit(s, "renamed", &clears));
    assert_null(get(s, "renamed").description.data);
    assert_refused_as(s, WARD_INVALID, "At least one metadata field must be provided", edit(s, "renamed", &nothing));
    assert_refused_as(s, WARD_CONFLICT, "ApiProxy (name: renamed) is already exist!", edit(s, "other", &input));
    assert_refused_as(s, WARD_NOT_FOUND, "ApiProxy (name: MyAPI) was not found!", edit(s, "MyAPI", &input));
}

static void deploy_and_undeploy(void **state)
{
    struct secrets *s = *state;
    struct ward_operator manager = granted(s, WARD_RIGHT_API_MANAGE);
    make(s, "petstore-api");
    assert_refused_as(s, WARD_NOT_FOUND,
                      "ApiProxy with name (none) can not be deployed to Environment(production) because it is not "
                      "exist!",
                      ward_service_proxy_deploy(new_call(s), WARD_SPAN("none"), WARD_SPAN("production")));
    assert_refused_as(s, WARD_NOT_FOUND,
                      "Environment (nowhere) is not found or user does not have privilege to access it!",
                      ward_service_proxy_deploy(new_call(s), WARD_SPAN("petstore-api"), WARD_SPAN("nowhere")));
    s->who = &manager;
    assert_refused_as(s, WARD_FORBIDDEN, "User does not have required permission to deploy/undeploy API Proxy!",
                      ward_service_proxy_deploy(new_call(s), WARD_SPAN("petstore-api"), WARD_SPAN("test")));
    s->who = &s->f->admin;
    assert_done(s, ward_service_proxy_deploy(new_call(s), WARD_SPAN("petstore-api"), WARD_SPAN("test")));
    assert_string_equal("test:deployed", deployment_text(s));
    assert_string_equal("production:no test:yes uat:no", deployments(s, "petstore-api"));
    assert_done(s, ward_service_proxy_undeploy(new_call(s), WARD_SPAN("petstore-api"), WARD_SPAN("test")));
    assert_string_equal("test:undeployed", deployment_text(s));
    assert_string_equal("production:no test:no uat:no", deployments(s, "petstore-api"));
}

static void delete_undeploys_and_frees_the_name(void **state)
{
    struct secrets *s = *state;
    struct ward_operator manager = granted(s, WARD_RIGHT_API_MANAGE);
    make(s, "petstore-api");
    assert_done(s, set_and_deploy(s, "petstore-api", "ak", "production", "uat"));
    assert_done(s, set_keys(s, "petstore-api", NULL, "sk"));
    s->who = &manager;
    assert_refused_as(s, WARD_FORBIDDEN, "User does not have required permission to deploy/undeploy API Proxy!",
                      ward_service_proxy_delete(new_call(s), WARD_SPAN("petstore-api")));
    s->who = &s->f->admin;
    assert_done(s, ward_service_proxy_delete(new_call(s), WARD_SPAN("petstore-api")));
    assert_string_equal("production:undeployed uat:undeployed", deployment_text(s));
    assert_string_equal("", holder(s, "ak", "sk"));
    assert_refused_as(s, WARD_NOT_FOUND, "Api Proxy (petstore-api) is not found!",
                      ward_service_proxy_delete(new_call(s), WARD_SPAN("petstore-api")));
    s->who = &manager; /* what is deployed nowhere needs no more than that */
    make(s, "petstore-api");
    assert_done(s, ward_service_proxy_delete(new_call(s), WARD_SPAN("petstore-api")));
    assert_string_equal("", deployment_text(s));
}

static void the_local_operator_names_what_is_clear(void **state)
{
    struct secrets *s = *state;
    s->who = &s->f->local;
    make(s, "a");
    make_project(s->f, &s->f->other_account.id, PROJECT, "live");
    assert_refused_as(s, WARD_NOT_FOUND, "Project (default) is not found or user does not have privilege to access it!",
                      create(s, "b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        secrets_case(both_keys_are_set_and_verified),
        secrets_case(a_changed_pair_stops_at_the_answer),
        secrets_case(keys_refused),
        secrets_case(keys_are_stored_as_sent),
        secrets_case(a_key_of_another_proxy_is_taken_and_the_oldest_holds_the_pair),
        secrets_case(the_order_of_checks),
        secrets_case(what_the_surface_found_is_said_in_its_turn),
        secrets_case(keys_with_deployment),
        secrets_case(a_proxy_is_made_with_what_was_sent),
        secrets_case(proxies_not_made),
        secrets_case(lists_run_by_name),
        secrets_case(metadata_is_merged),
        secrets_case(deploy_and_undeploy),
        secrets_case(delete_undeploys_and_frees_the_name),
        secrets_case(the_local_operator_names_what_is_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
