/* Environments, and the seals of what is deployed to them: contracts/apinizer.md 5. */
#include "gateway_fixture.h"

#include "service/environments.h"
#include "service/internal.h"

static struct ward_environment_input input_named(const char *name)
{
    return (struct ward_environment_input){ .has_name = true, .name = ward_span_of(name) };
}

static enum ward_status create(struct fixture *f, const struct ward_operator *who, struct ward_environment_input *input,
                               struct ward_environment *ret)
{
    struct ward_receipt receipt;
    return ward_service_environment_create(f->service, who, input, &f->pool, ret, &receipt);
}

static struct ward_environment make_environment(struct fixture *f, const char *name)
{
    struct ward_environment made;
    struct ward_environment_input input = input_named(name);
    assert_ok(create(f, &f->admin, &input, &made));
    return made;
}

static enum ward_status update(struct fixture *f, const struct ward_operator *who, const char *ref,
                               struct ward_environment_input *input, struct ward_environment *ret)
{
    struct ward_receipt receipt;
    return ward_service_environment_update(f->service, who, ward_span_of(ref), input, &f->pool, ret, &receipt);
}

static enum ward_status get(struct fixture *f, const struct ward_operator *who, const char *ref,
                            struct ward_environment *ret)
{
    return ward_service_environment_get(f->service, who, ward_span_of(ref), &f->pool, ret);
}

static enum ward_status remove_named(struct fixture *f, const struct ward_operator *who, const char *ref)
{
    struct ward_receipt receipt;
    return ward_service_environment_delete(f->service, who, ward_span_of(ref), &receipt);
}

static enum ward_status note_name(const struct ward_environment *environment, void *arg)
{
    char *text = arg;
    size_t at = strlen(text);
    snprintf(text + at, 256 - at, "%s%.*s", at ? " " : "", (int)environment->name.size, environment->name.data);
    return WARD_OK;
}

static void assert_seen(struct fixture *f, const struct ward_operator *who, const char *expected)
{
    char text[256] = "";
    assert_ok(ward_service_environment_list(f->service, who, &f->pool, note_name, text));
    assert_string_equal(expected, text);
}

/* ---- the first one ---- */

static void test_every_account_has_one(void **state)
{
    struct fixture *f = *state;
    struct ward_environment found;
    assert_span("production", f->made.environment.name);
    assert_ok(get(f, &f->admin, f->made.environment.id.text, &found));
    assert_span("production", found.name);
    assert_int_equal(WARD_ENVIRONMENT_PRODUCTION, found.type);
    assert_int_equal(WARD_ENVIRONMENT_PUBLISHED, found.status);
    assert_int_equal(0, found.project_count);
    assert_int_equal(1, found.replica_count);
    assert_span("embedded", found.replicas[0].name);
    assert_null(found.replicas[0].directory.data);
    struct ward_operator foreign = foreign_operator(f);
    assert_ok(get(f, &foreign, "production", &found)); /* its own */
    assert_true(ward_uuid_equal(&f->other_account.id, &found.account_id));
    assert_status(WARD_NOT_FOUND, get(f, &f->local, "production", &found)); /* two are called so */
    assert_seen(f, &f->local, "production production");
}

static enum ward_status remove_all_in(struct ward_store_session *session, void *arg)
{
    struct fixture *f = arg;
    struct ward_environment theirs;
    enum ward_status status = ward_store_environment_remove(session, &f->made.environment);
    if (status == WARD_OK) {
        status = ward_store_environment_find(session, &f->other_account.id, WARD_SPAN("production"), &f->pool, &theirs);
    }
    return status == WARD_OK ? ward_store_environment_remove(session, &theirs) : status;
}

/* A store of an earlier version has none. */
static void test_an_older_store_is_completed(void **state)
{
    struct fixture *f = *state;
    assert_ok(ward_store_write(f->store, remove_all_in, f, NULL));
    assert_seen(f, &f->local, "");
    uint64_t before = revision_now(f);
    assert_ok(ward_service_environments_complete(f->service));
    assert_seen(f, &f->local, "production production");
    struct seen_changes seen = changes_after(f, before);
    assert_int_equal(2, seen.count);
    assert_int_equal(WARD_OBJECT_ENVIRONMENT, seen.items[0].kind);
    assert_span("created", seen.items[0].action);
    assert_int_equal(WARD_ACTOR_SYSTEM, seen.items[0].actor_type);
    assert_ok(ward_service_environments_complete(f->service)); /* again: nothing to do */
    assert_int_equal(before + 2, revision_now(f));
}

/* ---- create ---- */

static void test_create_with_everything(void **state)
{
    struct fixture *f = *state;
    const struct ward_span projects[] = { WARD_SPAN("second"), id_span(f, &f->made.project.id) };
    const struct ward_replica replicas[] = { { WARD_SPAN("z-edge"), WARD_SPAN("/srv/z") },
                                             { WARD_SPAN("embedded"), WARD_SPAN_NONE } };
    struct ward_environment made, found;
    struct ward_environment_input input = input_named("edge 1");
    input.has_description = input.has_type = input.has_status = input.has_access_url = true;
    input.has_projects = input.has_replicas = true;
    input.description = WARD_SPAN("d");
    input.type = WARD_SPAN("SANDBOX");
    input.status = WARD_SPAN("UNPUBLISHED");
    input.access_url = WARD_SPAN("https://edge.example");
    input.projects = projects;
    input.project_count = 2;
    input.replicas = replicas;
    input.replica_count = 2;
    uint64_t before = revision_now(f);
    assert_ok(create(f, &f->admin, &input, &made));
    assert_ok(get(f, &f->admin, "edge 1", &found));
    assert_true(ward_object_id_equal(&made.id, &found.id));
    assert_span("d", found.description);
    assert_int_equal(WARD_ENVIRONMENT_SANDBOX, found.type);
    assert_int_equal(WARD_ENVIRONMENT_UNPUBLISHED, found.status);
    assert_span("https://edge.example", found.access_url);
    assert_int_equal(2, found.project_count);
    assert_true(ward_environment_is_open_to(&found, &f->made.account.id, &f->test_project.id));
    assert_int_equal(2, found.replica_count);
    assert_span("embedded", found.replicas[0].name); /* by name */
    assert_span("z-edge", made.replicas[1].name);
    struct seen_changes seen = changes_after(f, before);
    assert_int_equal(1, seen.count);
    assert_span(made.id.text, seen.items[0].object_id);
    assert_span("{\"members\":[\"name\",\"description\",\"accessUrl\",\"type\",\"status\",\"projects\",\"replicas\"]}",
                seen.items[0].detail);
}

static void test_create_is_refused(void **state)
{
    struct fixture *f = *state;
    struct ward_environment made;
    struct ward_operator user = account_operator(f, WARD_ROLE_USER), inside = project_operator(f, WARD_ROLE_ADMIN);
    struct ward_environment_input input = input_named("x");
    uint64_t before = revision_now(f);
    assert_status(WARD_FORBIDDEN, create(f, &user, &input, &made));
    assert_status(WARD_FORBIDDEN, create(f, &inside, &input, &made)); /* of one project only */
    input = input_named("production");
    assert_status(WARD_CONFLICT, create(f, &f->admin, &input, &made));
    input = input_named(" ");
    assert_status(WARD_INVALID, create(f, &f->admin, &input, &made));
    assert_problem(&input.problems, "name", WARD_RULE_REQUIRED);
    const struct ward_span strangers[] = { id_span(f, &f->other_project.id), WARD_SPAN("theirs"), unknown_id(f) };
    for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
        input = input_named("x");
        input.has_projects = true;
        input.projects = &strangers[i];
        input.project_count = 1;
        assert_status(WARD_INVALID, create(f, &f->admin, &input, &made));
        assert_problem(&input.problems, "projects", WARD_RULE_UNKNOWN_PROJECT);
    }
    input = input_named("x");
    assert_status(WARD_INVALID, create(f, &f->local, &input, &made)); /* whose is it to be? */
    assert_problem(&input.problems, "accountId", WARD_RULE_REQUIRED);
    input = input_named("x");
    input.has_account = true;
    input.account = id_span(f, &f->other_account.id);
    assert_status(WARD_FORBIDDEN, create(f, &f->admin, &input, &made));
    assert_int_equal(before, revision_now(f));
    input.problems.count = 0;
    assert_ok(create(f, &f->local, &input, &made));
    assert_true(ward_uuid_equal(&f->other_account.id, &made.account_id));
}

/* ---- who sees what ---- */

static void test_who_sees_what(void **state)
{
    struct fixture *f = *state;
    struct ward_environment made;
    const struct ward_span second = WARD_SPAN("second");
    struct ward_environment_input input = input_named("limited");
    input.has_projects = true;
    input.projects = &second;
    input.project_count = 1;
    assert_ok(create(f, &f->admin, &input, &made));
    struct ward_operator viewer = account_operator(f, WARD_ROLE_VIEWER), none = account_operator(f, WARD_ROLE_NONE),
                         first = project_operator(f, WARD_ROLE_VIEWER), foreign = foreign_operator(f),
                         narrow = project_operator(f, WARD_ROLE_NONE);
    struct ward_operator there = operator_of(&f->made.account.id, &f->test_project.id, WARD_ROLE_VIEWER);
    narrow.grants = WARD_RIGHT_SECRETS_MANAGE;
    char text[256] = "";
    assert_seen(f, &viewer, "limited production");
    assert_seen(f, &there, "limited production");
    assert_seen(f, &first, "production");
    assert_seen(f, &narrow, "production"); /* any permission is enough to look */
    assert_seen(f, &foreign, "production");
    assert_status(WARD_FORBIDDEN, ward_service_environment_list(f->service, &none, &f->pool, note_name, text));
    assert_status(WARD_FORBIDDEN, get(f, &none, "production", &made));
    assert_status(WARD_NOT_FOUND, get(f, &first, "limited", &made));
    assert_status(WARD_NOT_FOUND, get(f, &foreign, "limited", &made));
    assert_ok(get(f, &there, "limited", &made));
    assert_status(WARD_NOT_FOUND, get(f, &viewer, "Limited", &made));
    assert_status(WARD_NOT_FOUND, get(f, &viewer, "", &made));
}

/* ---- update and delete ---- */

struct deploying {
    struct fixture *f;
    struct ward_crypto_key key;
    struct ward_crypto_key_entry entry;
};

static enum ward_status deploy_in(struct ward_store_session *session, void *arg)
{
    struct deploying *d = arg;
    enum ward_status status = ward_seal_key_content(d->f->service, &d->f->pool, &d->key, 1, &d->entry);
    return status == WARD_OK ? ward_store_crypto_key_insert(session, &d->key) : status;
}

/* A key with one entry. */
static struct deploying deploy(struct fixture *f, const struct ward_environment *environment, const char *content)
{
    struct deploying d = { .f = f };
    d.entry = (struct ward_crypto_key_entry){ .environment_id = environment->id, .content = ward_span_of(content) };
    d.key = (struct ward_crypto_key){ .account_id = f->made.account.id,
                                      .project_id = f->made.project.id,
                                      .name = WARD_SPAN("k"),
                                      .provenance = { .created_ms = START_MS, .updated_ms = START_MS },
                                      .version = 1 };
    assert_ok(ward_object_id_new(&d.key.id));
    return d;
}

static void put(struct deploying *d)
{
    d->key.entries = &d->entry;
    d->key.entry_count = 1;
    assert_ok(ward_store_write(d->f->store, deploy_in, d, NULL));
}

static void test_update(void **state)
{
    struct fixture *f = *state;
    struct ward_environment made = make_environment(f, "edge"), found;
    struct ward_environment_input input = { 0 };
    struct ward_operator user = account_operator(f, WARD_ROLE_USER), foreign = foreign_operator(f);
    assert_status(WARD_FORBIDDEN, update(f, &user, "edge", &input, &found));
    assert_status(WARD_NOT_FOUND, update(f, &foreign, "edge", &input, &found));
    assert_status(WARD_NOT_FOUND, update(f, &foreign, made.id.text, &input, &found));
    input = input_named("production");
    assert_status(WARD_CONFLICT, update(f, &f->admin, "edge", &input, &found));
    input = input_named("edge-2");
    input.has_type = true;
    input.type = WARD_SPAN("TEST");
    assert_ok(update(f, &f->admin, made.id.text, &input, &found));
    assert_span("edge-2", found.name);
    assert_int_equal(2, found.version);
    assert_int_equal(1, found.replica_count); /* what was not sent stays */
    assert_ok(get(f, &f->admin, "edge-2", &found));
    assert_int_equal(WARD_ENVIRONMENT_TEST, found.type);
    assert_int_equal(1, found.replica_count);
    input = (struct ward_environment_input){ .has_type = true, .type = WARD_SPAN("DEV") };
    assert_status(WARD_INVALID, update(f, &f->admin, "edge-2", &input, &found));
    assert_problem(&input.problems, "type", WARD_RULE_ENUM);
}

/* Neither an update nor a delete takes an environment from under a key. */
static void test_what_is_in_use_stays(void **state)
{
    struct fixture *f = *state;
    struct ward_environment made = make_environment(f, "edge"), found;
    struct deploying d = deploy(f, &made, "a content");
    put(&d);
    const struct ward_span second = WARD_SPAN("second"), both[] = { WARD_SPAN("second"), WARD_SPAN("default") };
    struct ward_environment_input input = { .has_projects = true, .projects = &second, .project_count = 1 };
    uint64_t before = revision_now(f);
    assert_status(WARD_CONFLICT, update(f, &f->admin, "edge", &input, &found));
    assert_status(WARD_CONFLICT, remove_named(f, &f->admin, "edge"));
    assert_ok(get(f, &f->admin, "edge", &found));
    assert_int_equal(0, found.project_count);
    assert_int_equal(before, revision_now(f));
    input = (struct ward_environment_input){ .has_projects = true, .projects = both, .project_count = 2 };
    assert_ok(update(f, &f->admin, "edge", &input, &found));
    assert_int_equal(2, found.project_count);
}

static void test_delete(void **state)
{
    struct fixture *f = *state;
    struct ward_environment made = make_environment(f, "edge"), found;
    struct ward_operator user = account_operator(f, WARD_ROLE_USER), foreign = foreign_operator(f);
    assert_status(WARD_FORBIDDEN, remove_named(f, &user, "edge"));
    assert_status(WARD_NOT_FOUND, remove_named(f, &foreign, made.id.text));
    uint64_t before = revision_now(f);
    assert_ok(remove_named(f, &f->admin, "edge"));
    assert_status(WARD_NOT_FOUND, get(f, &f->admin, "edge", &found));
    struct seen_changes seen = changes_after(f, before);
    assert_int_equal(1, seen.count);
    assert_span("deleted", seen.items[0].action);
    assert_status(WARD_NOT_FOUND, remove_named(f, &f->admin, "edge"));
    (void)make_environment(f, "edge"); /* the name is free */
}

/* ---- seals ---- */

/* What is moved to another environment, key or version does not open: security.md attack 4. */
static void test_a_content_opens_in_its_place_only(void **state)
{
    struct fixture *f = *state;
    struct ward_environment made = make_environment(f, "edge");
    struct deploying d = deploy(f, &made, "a content");
    put(&d);
    struct ward_crypto_key_entry entry = d.entry;
    entry.content = WARD_SPAN_NONE;
    assert_ok(ward_open_key_content(f->service, &f->pool, &d.key, &entry));
    assert_span("a content", entry.content);
    struct ward_crypto_key moved = d.key;
    assert_ok(ward_object_id_new(&moved.id));
    assert_status(WARD_INTEGRITY, ward_open_key_content(f->service, &f->pool, &moved, &entry));
    moved = d.key;
    moved.account_id = f->other_account.id;
    assert_status(WARD_INTEGRITY, ward_open_key_content(f->service, &f->pool, &moved, &entry));
    entry.environment_id = f->made.environment.id;
    assert_status(WARD_INTEGRITY, ward_open_key_content(f->service, &f->pool, &d.key, &entry));
    entry.environment_id = made.id;
    entry.content_version = 2;
    assert_status(WARD_INTEGRITY, ward_open_key_content(f->service, &f->pool, &d.key, &entry));
    assert_true(log_holds(f, "integrity-alarm"));
}

static void test_seals_of_jwks_and_proxies(void **state)
{
    struct fixture *f = *state;
    struct ward_jwk jwk = { .account_id = f->made.account.id, .private_json = WARD_SPAN("{\"d\":\"x\"}") };
    struct ward_api_proxy proxy = { .account_id = f->made.account.id, .secret_key = WARD_SPAN(" s ") };
    assert_ok(ward_object_id_new(&jwk.id));
    proxy.id = jwk.id;
    assert_ok(ward_seal_jwk(f->service, &f->pool, 3, &jwk));
    assert_ok(ward_seal_proxy_secret(f->service, &f->pool, 3, &proxy));
    assert_int_equal(3, jwk.sealed_version);
    assert_int_equal(3, proxy.sealed_version);
    assert_ok(ward_open_jwk(f->service, &f->pool, &jwk));
    assert_span("{\"d\":\"x\"}", jwk.private_json);
    assert_ok(ward_open_proxy_secret(f->service, &f->pool, &proxy));
    assert_span(" s ", proxy.secret_key);
    struct ward_span swapped = jwk.sealed;
    jwk.sealed = proxy.sealed; /* same id, same account, same version: another table */
    assert_status(WARD_INTEGRITY, ward_open_jwk(f->service, &f->pool, &jwk));
    jwk.sealed = swapped;
    jwk.private_json = WARD_SPAN_NONE;
    assert_ok(ward_seal_jwk(f->service, &f->pool, 4, &jwk));
    assert_null(jwk.sealed.data);
    assert_ok(ward_open_jwk(f->service, &f->pool, &jwk));
    assert_null(jwk.private_json.data);
}

static enum ward_status spoil_in(struct ward_store_session *session, void *arg)
{
    struct deploying *d = arg;
    d->entry.content_version = 9;
    return ward_store_crypto_key_update(session, &d->key);
}

static void test_check_opens_contents(void **state)
{
    struct fixture *f = *state;
    uint64_t before, values, bad;
    struct ward_environment made = make_environment(f, "edge");
    assert_ok(ward_service_check(f->service, &before, &bad));
    assert_int_equal(0, bad);
    struct deploying d = deploy(f, &made, "a content");
    put(&d);
    assert_ok(ward_service_check(f->service, &values, &bad));
    assert_int_equal(before + 1, values);
    assert_int_equal(0, bad);
    assert_ok(ward_store_write(f->store, spoil_in, &d, NULL));
    assert_ok(ward_service_check(f->service, &values, &bad));
    assert_int_equal(1, bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_every_account_has_one),
        test_case(test_an_older_store_is_completed),
        test_case(test_create_with_everything),
        test_case(test_create_is_refused),
        test_case(test_who_sees_what),
        test_case(test_update),
        test_case(test_what_is_in_use_stays),
        test_case(test_delete),
        test_case(test_a_content_opens_in_its_place_only),
        test_case(test_seals_of_jwks_and_proxies),
        test_case(test_check_opens_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
