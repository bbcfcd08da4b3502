/* JWKs: contracts/apinizer.md 8, and each row of section 7: what becomes of a JWK when its key changes or goes. */
#include "secrets_fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "fetch/fetch.h"
#include "service/secrets_internal.h"

static struct material {
    char rsa[8192], rsa_other[8192], rsa_public[4096], ec[2048];
} keys;

#define SECRET "MDEyMzQ1Njc4OWFiY2RlZg=="
#define SAMPLE "base64-encoded-updated-key-content"

/* ---- keys ---- */

struct row {
    const char *environment, *content, *alias;
};

static struct ward_key_entry_input inputs[8];

static struct ward_crypto_key_input input_of(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        inputs[i] = (struct ward_key_entry_input){ .environment = ward_span_of(rows[i].environment),
                                                   .content = ward_span_of(rows[i].content),
                                                   .has_alias = rows[i].alias != NULL,
                                                   .alias = ward_span_of(rows[i].alias) };
    return (struct ward_crypto_key_input){ .has_entries = count > 0, .entries = inputs, .entry_count = count };
}

static void store_key(struct secrets *s, const char *name, const char *type, const char *content, const char *alias)
{
    const struct row rows[] = { { "production", content, alias }, { "test", content, NULL } };
    struct ward_crypto_key_input input = input_of(rows, 2);
    input.has_name = input.has_key_type = true;
    input.name = ward_span_of(name);
    input.key_type = ward_span_of(type);
    assert_done(s, ward_service_crypto_key_create(new_call(s), &input));
}

/* PUT …/keys/{key}?jwkUpdateAction=&updateScope= with the content of both environments (NULL: no list). */
static enum ward_status put_key(struct secrets *s, const char *name, const char *action, const char *scope,
                                const char *content)
{
    const struct row rows[] = { { "production", content, NULL }, { "test", content, NULL } };
    const struct ward_crypto_key_input input = input_of(rows, content ? 2 : 0);
    const struct ward_jwk_choice choice = { .action = ward_span_of(action), .scope = ward_span_of(scope) };
    return ward_service_crypto_key_update(new_call(s), ward_span_of(name), &choice, &input);
}

/* ---- JWKs ---- */

static struct ward_jwk_input of_key(const char *name, const char *key, const char *algorithm)
{
    return (struct ward_jwk_input){ .name = ward_span_of(name),
                                    .key_name = ward_span_of(key),
                                    .environment_name = WARD_SPAN("production"),
                                    .use = WARD_SPAN("SIGNATURE"),
                                    .algorithm = ward_span_of(algorithm) };
}

static void make_jwk(struct secrets *s, const char *name, const char *key, const char *algorithm)
{
    const struct ward_jwk_input input = of_key(name, key, algorithm);
    assert_done(s, ward_service_jwk_parse(new_call(s), WARD_JWK_FROM_KEY, &input));
}

static struct ward_jwk_view get(struct secrets *s, const char *name)
{
    struct ward_jwk_view view;
    assert_done(s, ward_service_jwk_get(new_call(s), ward_span_of(name), &view));
    return view;
}

static const char *text_of(struct ward_span span)
{
    static char texts[4][16384];
    static int at;
    at = (at + 1) % 4;
    snprintf(texts[at], sizeof(texts[at]), "%.*s", (int)span.size, span.data ? span.data : "(absent)");
    return texts[at];
}

/* A member of the JWK that is shown, as its raw text; "" when it is not there. */
static const char *member(struct secrets *s, struct ward_span json, const char *name)
{
    const struct ward_json_value *value;
    const char *why;
    assert_ok(ward_json_parse(json, &s->f->pool, &value, &why));
    struct ward_span raw = ward_json_raw(ward_json_member(value, name));
    return raw.data ? text_of(raw) : "";
}

/* The public text that is deployed, or "". */
static const char *deployed(struct secrets *s, const char *environment, const char *name)
{
    struct ward_served *served = ward_deployer_served(s->deployer);
    struct ward_project project;
    assert_done(s, ward_service_secrets_project(new_call(s), &project));
    ward_served_enter(served);
    const struct ward_served_environment *found = ward_served_find(served, &s->f->made.account.id,
                                                                   ward_span_of(environment));
    const struct ward_keyset_entry *entry = found ? ward_keyset_find(found->keyset, &project.id, WARD_DEPLOYED_JWK,
                                                                     ward_span_of(name))
                                                  : NULL;
    ward_served_leave(served);
    const char *text = entry ? text_of(entry->object.public_text) : "";
    ward_keyset_release(entry);
    return text;
}

static bool is_attached(struct secrets *s, const char *name)
{
    return get(s, name).source_id.data != NULL;
}

/* ---- parse from a key ---- */

static void a_jwk_is_made_of_a_key(void **state)
{
    struct secrets *s = *state;
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "my-key-alias");
    make_jwk(s, "my-jwk", "my-key", "RS256");
    assert_string_equal("production:deployed test:deployed uat:deployed", deployment_text(s));
    struct ward_jwk_view view = get(s, "my-jwk");
    assert_string_equal("PRIVATE_KEY", view.source_type);
    assert_int_equal(WARD_OBJECT_ID_CHARS, view.source_id.size);
    assert_string_equal("RSA", view.type);
    assert_span("my-key-alias", view.kid);
    assert_string_equal("SIGNATURE", view.use);
    assert_string_equal("RS256", view.algorithm);
    assert_true(view.has_private);
    assert_string_equal("\"my-key-alias\"", member(s, view.material, "kid"));
    assert_string_equal("\"sig\"", member(s, view.material, "use"));
    assert_string_not_equal("", member(s, view.material, "d"));
    /* What is published has no private member. */
    const char *published = deployed(s, "uat", "my-jwk");
    assert_string_not_equal("", member(s, ward_span_of(published), "n"));
    assert_string_equal("", member(s, ward_span_of(published), "d"));
    /* Nor has what somebody sees who may not export. */
    struct ward_operator viewer = account_operator(s->f, WARD_ROLE_VIEWER);
    s->who = &viewer;
    view = get(s, "my-jwk");
    assert_false(view.has_private);
    assert_string_equal("", member(s, view.material, "d"));
    assert_string_not_equal("", member(s, view.material, "n"));
}

static void without_an_alias_the_kid_is_the_thumbprint(void **state)
{
    struct secrets *s = *state;
    store_key(s, "ec", "PRIVATE_KEY", keys.ec, NULL);
    make_jwk(s, "my-jwk", "ec", "ES256");
    assert_int_equal(WARD_THUMBPRINT_CHARS, get(s, "my-jwk").kid.size);
}

static void jwks_of_keys_not_made(void **state)
{
    struct secrets *s = *state;
    const struct {
        const char *name, *key, *environment, *use, *algorithm, *text;
        enum ward_status status;
    } rows[] = {
        { "", "rsa", "production", "SIGNATURE", "RS256", "JWK name can not be empty!", WARD_INVALID },
        { "generate", "rsa", "production", "SIGNATURE", "RS256", "name (generate) is reserved!", WARD_INVALID },
        { "new", NULL, "production", "SIGNATURE", "RS256", "keyName value can not be empty!", WARD_INVALID },
        { "new", "rsa", NULL, "SIGNATURE", "RS256", "environmentName value can not be empty!", WARD_INVALID },
        { "new", "rsa", "production", NULL, "RS256", "useType value can not be empty!", WARD_INVALID },
        { "new", "rsa", "production", "SIGNATURE", NULL, "algorithm value can not be empty!", WARD_INVALID },
        { "new", "rsa", "production", "sig", "RS256", "Unknown useType (sig)! Supported values: SIGNATURE, ENCRYPTION",
          WARD_INVALID },
        { "new", "rsa", "production", "SIGNATURE", "RSA", "Unknown algorithm (RSA)!", WARD_INVALID },
        { "new", "rsa", "production", "SIGNATURE", "none", "Unknown algorithm (none)!", WARD_INVALID },
        { "new", "rsa", "production", "SIGNATURE", "ES256",
          "algorithm (ES256) does not fit the key and useType SIGNATURE!", WARD_INVALID },
        { "new", "rsa", "production", "ENCRYPTION", "RS256",
          "algorithm (RS256) does not fit the key and useType ENCRYPTION!", WARD_INVALID },
        { "new", "none", "production", "SIGNATURE", "RS256", "Key (name: none) is not found!", WARD_INVALID },
        { "new", "rsa", "uat", "SIGNATURE", "RS256",
          "(rsa) has no material for environment (uat)! Available: production, test", WARD_INVALID },
        { "new", "rsa", "far", "SIGNATURE", "RS256",
          "Environment (far) is not found or user does not have privilege to access it!", WARD_INVALID },
        { "new", "opaque", "production", "SIGNATURE", "RS256", "No PEM-encoded keys found", WARD_INVALID },
        { "new", "secret", "production", "SIGNATURE", "HS256", "No PEM-encoded keys found", WARD_INVALID },
        { "there", "rsa", "production", "SIGNATURE", "RS256",
          "JWK (name: there) is already exist! Try update operation if want to change its value.", WARD_CONFLICT },
    };
    store_key(s, "rsa", "PRIVATE_KEY", keys.rsa, NULL);
    store_key(s, "opaque", "PRIVATE_KEY", SAMPLE, NULL);
    store_key(s, "secret", "SECRET_KEY", SECRET, NULL);
    make_jwk(s, "there", "rsa", "RS256");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct ward_jwk_input input = { .name = ward_span_of(rows[i].name),
                                              .key_name = ward_span_of(rows[i].key),
                                              .environment_name = ward_span_of(rows[i].environment),
                                              .use = ward_span_of(rows[i].use),
                                              .algorithm = ward_span_of(rows[i].algorithm) };
        assert_refused_as(s, rows[i].status, rows[i].text,
                          ward_service_jwk_parse(new_call(s), WARD_JWK_FROM_KEY, &input));
    }
    struct ward_jwk_input input = of_key("new", "rsa", "RS256");
    input.source_type = WARD_SPAN("PUBLIC_KEY");
    assert_refused_as(s, WARD_INVALID, "Key (name: rsa) is not a PUBLIC_KEY!",
                      ward_service_jwk_create(new_call(s), &input));
    assert_refused_as(s, WARD_INVALID,
                      "Source type CERTIFICATE is not supported: this server keeps no certificates and no keystores!",
                      ward_service_jwk_parse(new_call(s), WARD_JWK_FROM_CERTIFICATE, &input));
    input.source_type = WARD_SPAN("KEYSTORE");
    assert_refused_as(s, WARD_INVALID,
                      "Source type KEYSTORE is not supported: this server keeps no certificates and no keystores!",
                      ward_service_jwk_create(new_call(s), &input));
    input.source_type = WARD_SPAN_NONE;
    assert_refused_as(s, WARD_INVALID, "Source type is required!", ward_service_jwk_create(new_call(s), &input));
    input.source_type = WARD_SPAN("GENERATE");
    assert_refused_as(s, WARD_INVALID,
                      "Unknown sourceType (GENERATE)! Supported values: URL, COPY_PASTE, CERTIFICATE, PUBLIC_KEY, "
                      "PRIVATE_KEY, KEYSTORE",
                      ward_service_jwk_create(new_call(s), &input));
    input.source_type = WARD_SPAN("PRIVATE_KEY");
    assert_done(s, ward_service_jwk_create(new_call(s), &input));
}

/* ---- section 7 ---- */

/* What a JWK says but for its material. */
static void assert_same_jwk(const struct ward_jwk_view *before, const struct ward_jwk_view *after)
{
    assert_true(ward_span_equal(before->id, after->id));
    assert_true(ward_span_equal(before->kid, after->kid));
    assert_string_equal(before->use, after->use);
    assert_string_equal(before->algorithm, after->algorithm);
    assert_string_equal(before->source_type, after->source_type);
}

static void nullify_detaches_and_keeps_the_material(void **state)
{
    struct secrets *s = *state;
    static const char *const actions[] = { NULL, "", "NULLIFY" };
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
        char name[8];
        snprintf(name, sizeof(name), "jwk-%zu", i);
        make_jwk(s, name, "my-key", "RS256");
        struct ward_jwk_view before = get(s, name);
        assert_done(s, put_key(s, "my-key", actions[i], "SAME_PROJECT", i == 0 ? NULL : keys.rsa_other));
        struct ward_jwk_view after = get(s, name);
        assert_same_jwk(&before, &after);
        assert_null(after.source_id.data);
        assert_true(ward_span_equal(before.material, after.material));
        assert_string_equal(member(s, before.material, "n"), member(s, ward_span_of(deployed(s, "test", name)), "n"));
        assert_done(s, put_key(s, "my-key", NULL, NULL, keys.rsa)); /* back */
    }
}

static void update_follows_the_new_content(void **state)
{
    struct secrets *s = *state;
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    make_jwk(s, "my-jwk", "my-key", "RS256");
    make_jwk(s, "another", "my-key", "PS512");
    struct ward_jwk_view before = get(s, "my-jwk");
    uint64_t revision = revision_now(s->f);
    assert_done(s, put_key(s, "my-key", "UPDATE", NULL, keys.rsa_other));
    assert_string_equal("production:deployed test:deployed", deployment_text(s));
    struct seen_changes seen = changes_after(s->f, revision);
    assert_int_equal(3, seen.count); /* one transaction: the key and each JWK */
    struct ward_jwk_view after = get(s, "my-jwk");
    assert_same_jwk(&before, &after);
    assert_true(ward_span_equal(before.source_id, after.source_id));
    assert_string_not_equal(member(s, before.material, "n"), member(s, after.material, "n"));
    assert_string_not_equal(member(s, before.material, "d"), member(s, after.material, "d"));
    for (const char *const *environment = (const char *const[]){ "production", "test", "uat", NULL }; *environment;
         environment++)
        assert_string_equal(member(s, after.material, "n"),
                            member(s, ward_span_of(deployed(s, *environment, "my-jwk")), "n"));
    assert_string_equal(member(s, after.material, "n"), member(s, get(s, "another").material, "n"));
    assert_string_equal("\"PS512\"", member(s, get(s, "another").material, "alg"));
    /* Again, of what is stored: nothing but the version differs. */
    assert_done(s, put_key(s, "my-key", "UPDATE", NULL, NULL));
    assert_string_equal(member(s, after.material, "n"), member(s, get(s, "my-jwk").material, "n"));
    assert_true(is_attached(s, "my-jwk"));
}

static void update_that_cannot_be_followed_changes_nothing(void **state)
{
    struct secrets *s = *state;
    const struct ward_jwk_choice update = { .action = WARD_SPAN("UPDATE") };
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    make_jwk(s, "my-jwk", "my-key", "RS256");
    struct ward_jwk_view before = get(s, "my-jwk");

    const struct row elsewhere = { "test", keys.rsa_other, NULL };
    struct ward_crypto_key_input input = input_of(&elsewhere, 1);
    assert_refused_as(
        s, WARD_INVALID,
        "JWK (name: my-jwk) can not be updated: the key has no content for its environment (production) any "
        "more!",
        ward_service_crypto_key_update(new_call(s), WARD_SPAN("my-key"), &update, &input));
    assert_refused_as(s, WARD_INVALID,
                      "JWK (name: my-jwk) can not be updated: the new content does not fit its algorithm RS256!",
                      put_key(s, "my-key", "UPDATE", "ALL_PROJECTS", keys.ec));
    assert_refused_as(s, WARD_INVALID, "No PEM-encoded keys found", put_key(s, "my-key", "UPDATE", NULL, SAMPLE));
    const struct row secret[] = { { "production", SECRET, NULL }, { "test", SECRET, NULL } };
    input = input_of(secret, 2);
    input.has_key_type = true;
    input.key_type = WARD_SPAN("SECRET_KEY");
    assert_refused_as(s, WARD_INVALID,
                      "JWK (name: my-jwk) can not be updated: a SECRET_KEY can not be the source of a JWK!",
                      ward_service_crypto_key_update(new_call(s), WARD_SPAN("my-key"), &update, &input));
    struct ward_jwk_view after = get(s, "my-jwk");
    assert_same_jwk(&before, &after);
    assert_true(ward_span_equal(before.material, after.material));
    assert_true(is_attached(s, "my-jwk"));
    /* Without UPDATE the same goes: the JWK stays as it is, and is let go. */
    assert_done(s, ward_service_crypto_key_update(new_call(s), WARD_SPAN("my-key"), NULL, &input));
    assert_false(is_attached(s, "my-jwk"));
}

static void a_public_key_in_a_private_ones_place_is_followed(void **state)
{
    struct secrets *s = *state;
    const struct ward_jwk_choice update = { .action = WARD_SPAN("UPDATE") };
    const struct row rows[] = { { "production", keys.rsa_public, NULL }, { "test", keys.rsa_public, NULL } };
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    make_jwk(s, "my-jwk", "my-key", "RS256");
    struct ward_crypto_key_input input = input_of(rows, 2);
    input.has_key_type = true;
    input.key_type = WARD_SPAN("PUBLIC_KEY");
    assert_done(s, ward_service_crypto_key_update(new_call(s), WARD_SPAN("my-key"), &update, &input));
    struct ward_jwk_view after = get(s, "my-jwk");
    assert_string_equal("PUBLIC_KEY", after.source_type);
    assert_false(after.has_private);
}

static void a_rename_alone_lets_the_jwks_go(void **state)
{
    struct secrets *s = *state;
    const struct ward_crypto_key_input rename = { .has_name = true, .name = WARD_SPAN("renamed") };
    const struct ward_crypto_key_input back = { .has_name = true, .name = WARD_SPAN("my-key") };
    const struct ward_jwk_choice update = { .action = WARD_SPAN("UPDATE") };
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    make_jwk(s, "my-jwk", "my-key", "RS256");
    assert_done(s, ward_service_crypto_key_update(new_call(s), WARD_SPAN("my-key"), &update, &rename));
    assert_true(is_attached(s, "my-jwk")); /* references are by id */
    assert_done(s, ward_service_crypto_key_update(new_call(s), WARD_SPAN("renamed"), NULL, &back));
    assert_false(is_attached(s, "my-jwk"));
    assert_done(s, put_key(s, "my-key", "UPDATE", "ALL_PROJECTS", keys.ec)); /* no JWK: nothing in the way */
}

/* A key of the project whose keys are for all, and JWKs of two projects made of it. */
static void make_shared(struct secrets *s)
{
    make_project(s->f, &s->f->made.account.id, "admin", "live");
    s->project = WARD_SPAN("admin");
    store_key(s, "shared", "PRIVATE_KEY", keys.rsa, "alias");
    make_jwk(s, "own", "shared", "RS256");
    s->project = WARD_SPAN(PROJECT);
    make_jwk(s, "borrowed", "shared", "RS256");
    s->project = WARD_SPAN("admin");
}

static struct ward_jwk_view get_borrowed(struct secrets *s)
{
    s->project = WARD_SPAN(PROJECT);
    struct ward_jwk_view view = get(s, "borrowed");
    s->project = WARD_SPAN("admin");
    return view;
}

static void the_scope_of_an_update(void **state)
{
    struct secrets *s = *state;
    make_shared(s);
    struct ward_jwk_view before = get_borrowed(s);
    assert_non_null(before.source_id.data);
    assert_done(s, put_key(s, "shared", "UPDATE", "ALL_PROJECTS", keys.rsa_other));
    struct ward_jwk_view after = get_borrowed(s);
    assert_string_not_equal(member(s, before.material, "n"), member(s, after.material, "n"));
    assert_string_equal(member(s, get(s, "own").material, "n"), member(s, after.material, "n"));
    assert_done(s, put_key(s, "shared", "UPDATE", "SAME_PROJECT", keys.rsa));
    assert_string_equal(member(s, after.material, "n"), member(s, get_borrowed(s).material, "n"));
    assert_null(get_borrowed(s).source_id.data); /* out of scope: let go */
    assert_string_equal(member(s, before.material, "n"), member(s, get(s, "own").material, "n"));
    assert_non_null(get(s, "own").source_id.data);
}

static void nullify_reaches_all_projects(void **state)
{
    struct secrets *s = *state;
    make_shared(s);
    assert_done(s, put_key(s, "shared", NULL, NULL, NULL));
    assert_null(get_borrowed(s).source_id.data);
    assert_null(get(s, "own").source_id.data);
}

static void every_project_that_is_touched_must_be_ones_own(void **state)
{
    struct secrets *s = *state;
    const char *denied = "User does not have required permission for this operation!";
    struct ward_project admin;
    make_shared(s);
    assert_done(s, ward_service_secrets_project(new_call(s), &admin));
    struct ward_operator who = operator_of(&s->f->made.account.id, &admin.id, WARD_ROLE_ADMIN);
    const struct ward_jwk_choice remove = { .action = WARD_SPAN("DELETE") };
    s->who = &who;
    assert_refused_as(s, WARD_FORBIDDEN, denied, put_key(s, "shared", "UPDATE", "ALL_PROJECTS", keys.rsa_other));
    assert_refused_as(s, WARD_FORBIDDEN, denied, put_key(s, "shared", "UPDATE", "SAME_PROJECT", keys.rsa_other));
    assert_refused_as(s, WARD_FORBIDDEN, denied, put_key(s, "shared", NULL, NULL, NULL));
    assert_refused_as(s, WARD_FORBIDDEN, denied,
                      ward_service_crypto_key_delete(new_call(s), WARD_SPAN("shared"), &remove));
    s->who = &s->f->admin;
    assert_true(is_attached(s, "own"));
    assert_non_null(get_borrowed(s).source_id.data);
    /* And who stands in one project cannot take another one's key. */
    struct ward_operator inside = project_operator(s->f, WARD_ROLE_ADMIN);
    const struct ward_jwk_input input = of_key("mine", "shared", "RS256");
    s->who = &inside;
    s->project = WARD_SPAN(PROJECT);
    assert_refused_as(s, WARD_INVALID, "Key (name: shared) is not found!",
                      ward_service_jwk_parse(new_call(s), WARD_JWK_FROM_KEY, &input));
}

static void what_a_removed_key_leaves(void **state)
{
    struct secrets *s = *state;
    const struct ward_jwk_choice remove = { .action = WARD_SPAN("DELETE") };
    struct ward_jwk_view view;
    make_shared(s);
    store_key(s, "other", "PRIVATE_KEY", keys.rsa, NULL);
    make_jwk(s, "kept", "other", "RS256");
    assert_done(s, ward_service_crypto_key_delete(new_call(s), WARD_SPAN("other"), NULL));
    assert_false(is_attached(s, "kept"));
    assert_string_not_equal("", deployed(s, "production", "kept"));
    assert_done(s, ward_service_crypto_key_delete(new_call(s), WARD_SPAN("shared"), &remove));
    assert_string_equal("production:undeployed test:undeployed uat:undeployed", deployment_text(s));
    assert_refused_as(s, WARD_NOT_FOUND, "JWK (name: own) is not found!",
                      ward_service_jwk_get(new_call(s), WARD_SPAN("own"), &view));
    assert_string_equal("", deployed(s, "uat", "own"));
    s->project = WARD_SPAN(PROJECT);
    assert_refused_as(s, WARD_NOT_FOUND, "JWK (name: borrowed) is not found!",
                      ward_service_jwk_get(new_call(s), WARD_SPAN("borrowed"), &view));
    assert_string_equal("", deployed(s, "production", "borrowed"));
}

/* A JWK that is made of a key while the key changes follows the new one, or is let go; it never stays behind. */
struct race {
    struct secrets *s;
    pthread_t thread;
    enum ward_status status;
};

static void *make_many(void *arg)
{
    struct race *race = arg;
    for (int i = 0; i < 20 && race->status == WARD_OK; i++) {
        WARD_POOL pool = ward_pool_new(64 * 1024 * 1024);
        char name[16];
        snprintf(name, sizeof(name), "race-%d", i);
        const struct ward_jwk_input input = of_key(name, "my-key", "RS256");
        struct ward_secrets_call call = {
            .service = race->s->f->service, .who = &race->s->f->admin, .pool = &pool, .project = WARD_SPAN(PROJECT)
        };
        race->status = ward_service_jwk_parse(&call, WARD_JWK_FROM_KEY, &input);
    }
    return NULL;
}

static void jwks_made_while_the_key_changes(void **state)
{
    struct secrets *s = *state;
    struct race race = { .s = s, .status = WARD_OK };
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    assert_int_equal(0, pthread_create(&race.thread, NULL, make_many, &race));
    for (int i = 0; i < 10; i++)
        assert_done(s, put_key(s, "my-key", "UPDATE", NULL, i % 2 ? keys.rsa : keys.rsa_other));
    pthread_join(race.thread, NULL);
    assert_ok(race.status);
    make_jwk(s, "now", "my-key", "RS256");
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof(name), "race-%d", i);
        assert_string_equal(member(s, get(s, "now").material, "n"), member(s, get(s, name).material, "n"));
    }
}

/* What another request does while a call prepares its change, between its look and its transaction: the first random
 * that the call draws starts it. */
static struct {
    struct secrets *s;
    void (*between)(struct secrets *s);
    int (*random)(void *data, size_t size);
} meanwhile;

static int draw_and_run(void *data, size_t size)
{
    struct ward_secrets_call asked = meanwhile.s->call;
    ward_seam.random = meanwhile.random;
    meanwhile.between(meanwhile.s);
    meanwhile.s->call = asked;
    return ward_seam.random(data, size);
}

static void run_meanwhile(struct secrets *s, void (*between)(struct secrets *s))
{
    meanwhile.s = s;
    meanwhile.between = between;
    meanwhile.random = ward_seam.random;
    ward_seam.random = draw_and_run;
}

/* Calls of what runs in between go to a call of their own. */
static struct ward_secrets_call *own_call(struct secrets *s, struct ward_secrets_call *call)
{
    *call = (struct ward_secrets_call){
        .service = s->f->service, .who = &s->f->admin, .pool = &s->f->pool, .project = WARD_SPAN(PROJECT)
    };
    return call;
}

static void change_the_key(struct secrets *s)
{
    struct ward_secrets_call call;
    const struct row rows[] = { { "production", keys.rsa_other, NULL }, { "test", keys.rsa_other, NULL } };
    const struct ward_crypto_key_input input = input_of(rows, 2);
    const struct ward_jwk_choice update = { .action = WARD_SPAN("UPDATE") };
    assert_ok(ward_service_crypto_key_update(own_call(s, &call), WARD_SPAN("my-key"), &update, &input));
}

static void remove_the_key(struct secrets *s)
{
    struct ward_secrets_call call;
    assert_ok(ward_service_crypto_key_delete(own_call(s, &call), WARD_SPAN("my-key"), NULL));
}

static void make_late_jwk(struct secrets *s)
{
    struct ward_secrets_call call;
    const struct ward_jwk_input input = of_key("late", "my-key", "RS256");
    assert_ok(ward_service_jwk_parse(own_call(s, &call), WARD_JWK_FROM_KEY, &input));
}

static void edit_the_jwk(struct secrets *s)
{
    struct ward_secrets_call call;
    const struct ward_jwk_edit edit = { .has_description = true, .description = WARD_SPAN("mine now") };
    assert_ok(ward_service_jwk_update(own_call(s, &call), WARD_SPAN("my-jwk"), &edit));
}

static void take_the_name(struct secrets *s)
{
    struct ward_secrets_call call;
    const struct ward_jwk_generate_input input = { .name = WARD_SPAN("my-jwk"),
                                                   .type = WARD_SPAN("EC"),
                                                   .has_parameters = true,
                                                   .curve = WARD_SPAN("P256"),
                                                   .not_before_ms = WARD_TIME_NONE,
                                                   .expires_ms = WARD_TIME_NONE };
    assert_ok(ward_service_jwk_generate(own_call(s, &call), &input));
}

static void a_jwk_is_of_the_content_that_there_is_when_it_is_written(void **state)
{
    struct secrets *s = *state;
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    make_jwk(s, "before", "my-key", "RS256");
    run_meanwhile(s, change_the_key);
    make_jwk(s, "my-jwk", "my-key", "RS256");
    make_jwk(s, "after", "my-key", "RS256");
    assert_string_equal(member(s, get(s, "after").material, "n"), member(s, get(s, "my-jwk").material, "n"));
    const struct ward_jwk_input input = of_key("orphan", "my-key", "RS256");
    run_meanwhile(s, remove_the_key);
    assert_status(WARD_INVALID, ward_service_jwk_parse(new_call(s), WARD_JWK_FROM_KEY, &input));
    assert_string_equal("Key (name: my-key) is not found!", refusal_text(&s->call.refused));
}

static void a_jwk_that_comes_or_goes_meanwhile_is_seen(void **state)
{
    struct secrets *s = *state;
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    make_jwk(s, "my-jwk", "my-key", "RS256");
    run_meanwhile(s, make_late_jwk);
    assert_done(s, put_key(s, "my-key", "UPDATE", NULL, keys.rsa_other));
    assert_string_equal(member(s, get(s, "my-jwk").material, "n"), member(s, get(s, "late").material, "n"));
    run_meanwhile(s, edit_the_jwk); /* detached by its edit: no longer the key's */
    assert_done(s, put_key(s, "my-key", "UPDATE", NULL, keys.rsa));
    assert_span("mine now", get(s, "my-jwk").description);
    assert_false(is_attached(s, "my-jwk"));
    assert_string_not_equal(member(s, get(s, "my-jwk").material, "n"), member(s, get(s, "late").material, "n"));
}

static void a_name_that_is_taken_meanwhile_is_refused(void **state)
{
    struct secrets *s = *state;
    run_meanwhile(s, take_the_name);
    const struct ward_jwk_input input = { .name = WARD_SPAN("my-jwk"),
                                          .source_type = WARD_SPAN("COPY_PASTE"),
                                          .jwk = WARD_SPAN("{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}") };
    assert_status(WARD_CONFLICT, ward_service_jwk_create(new_call(s), &input));
    assert_string_equal("JWK (name: my-jwk) is already exist! Try update operation if want to change its value.",
                        refusal_text(&s->call.refused));
    assert_string_equal("EC", get(s, "my-jwk").type);
}

/* However often others come in between: in the end it is done where nobody does. */
static void change_the_key_again(struct secrets *s)
{
    static bool is_other;
    struct ward_secrets_call call;
    const struct ward_crypto_key_input input = { .has_description = true,
                                                 .description = (is_other = !is_other) ? WARD_SPAN("a")
                                                                                       : WARD_SPAN("b") };
    assert_ok(ward_service_crypto_key_update(own_call(s, &call), WARD_SPAN("my-key"), NULL, &input));
}

static int times_left;
static pthread_t caller;

static int draw_and_run_often(void *data, size_t size)
{
    if (times_left > 0 && pthread_equal(pthread_self(), caller)) {
        struct ward_secrets_call asked = meanwhile.s->call;
        times_left--;
        ward_seam.random = meanwhile.random;
        change_the_key_again(meanwhile.s);
        ward_seam.random = draw_and_run_often;
        meanwhile.s->call = asked;
    }
    return meanwhile.random(data, size);
}

static void a_change_that_is_always_late_is_done_in_the_end(void **state)
{
    struct secrets *s = *state;
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    meanwhile.s = s;
    meanwhile.random = ward_seam.random;
    caller = pthread_self();
    times_left = 1000; /* every random that is drawn outside of the transaction lets somebody in */
    ward_seam.random = draw_and_run_often;
    assert_done(s, put_key(s, "my-key", NULL, NULL, keys.rsa_other));
    ward_seam.random = meanwhile.random;
    assert_in_range(times_left, 900, 996); /* several tries */
    struct ward_key_export export;
    assert_done(s, ward_service_crypto_key_export(new_call(s), WARD_SPAN("my-key"), true, WARD_SPAN("test"), &export));
    assert_span(keys.rsa_other, export.entries[0].content);
}

/* ---- memory ---- */

static struct {
    void *(*allocate)(size_t size);
    void *(*reallocate)(void *old, size_t size);
    _Atomic int64_t left; /* allocations until one fails */
} scarce;

static void *allocate_scarcely(size_t size)
{
    return scarce.left-- == 0 ? NULL : scarce.allocate(size);
}

static void *reallocate_scarcely(void *old, size_t size)
{
    return scarce.left-- == 0 ? NULL : scarce.reallocate(old, size);
}

static enum ward_status update_and_follow(struct secrets *s)
{
    static bool is_other;
    WARD_POOL pool = ward_pool_new(64 * 1024 * 1024); /* one that ran out stays so */
    struct ward_secrets_call call;
    const char *content = (is_other = !is_other) ? keys.rsa_other : keys.rsa;
    const struct row rows[] = { { "production", content, NULL }, { "test", content, "alias" } };
    const struct ward_crypto_key_input input = input_of(rows, 2);
    const struct ward_jwk_choice update = { .action = WARD_SPAN("UPDATE") };
    own_call(s, &call)->pool = &pool;
    return ward_service_crypto_key_update(&call, WARD_SPAN("my-key"), &update, &input);
}

static enum ward_status make_and_remove(struct secrets *s)
{
    WARD_POOL pool = ward_pool_new(64 * 1024 * 1024); /* one that ran out stays so */
    struct ward_secrets_call call;
    const struct ward_jwk_input input = of_key("short-lived", "my-key", "RS256");
    own_call(s, &call)->pool = &pool;
    enum ward_status status = ward_service_jwk_parse(&call, WARD_JWK_FROM_KEY, &input);
    return status == WARD_OK ? ward_service_jwk_delete(&call, WARD_SPAN("short-lived")) : status;
}

/* Fail each allocation of a call in turn. It is refused and nothing is changed, or it is done; never half. */
static void assert_whole(struct secrets *s, enum ward_status (*act)(struct secrets *s))
{
    bool is_through = false;
    for (int64_t n = 0; n < 5000 && !is_through; n++) {
        struct ward_jwk_view before = get(s, "my-jwk");
        uint64_t revision = revision_now(s->f);
        scarce.left = n;
        ward_seam.allocate = allocate_scarcely;
        ward_seam.reallocate = reallocate_scarcely;
        enum ward_status status = act(s);
        is_through = scarce.left > 0;
        scarce.left = INT64_MAX;
        ward_seam.allocate = scarce.allocate;
        ward_seam.reallocate = scarce.reallocate;
        uint64_t now = revision_now(s->f);
        struct ward_jwk_view after = get(s, "my-jwk");
        if (status == WARD_OK)
            continue;
        if (status != WARD_NO_MEMORY && status != WARD_UNAVAILABLE)
            fail_msg("allocation %lld: %s", (long long)n, ward_status_code(status));
        if (act == update_and_follow) { /* the other one is two writes */
            assert_int_equal(revision, now);
            assert_true(ward_span_equal(before.material, after.material));
        }
        (void)!ward_service_jwk_delete(new_call(s), WARD_SPAN("short-lived"));
    }
    assert_true(is_through);
}

static void memory_that_runs_out_leaves_nothing_half(void **state)
{
    struct secrets *s = *state;
    scarce.allocate = ward_seam.allocate;
    scarce.reallocate = ward_seam.reallocate;
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    make_jwk(s, "my-jwk", "my-key", "RS256");
    assert_whole(s, update_and_follow);
    assert_whole(s, make_and_remove);
}

/* ---- clipboard, files, edits ---- */

#define RSA_N                                                                                                          \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"     \
    "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHz"  \
    "u6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"        \
    "kEgU8awapJzKnqDKgw"
/* RFC 7517 A.1 (public), A.3 (octets). */
#define RSA_JWK "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}"
#define OCT_JWK "{\"kty\":\"oct\",\"alg\":\"A128KW\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}"
#define JWK_SET "{\"keys\":[" RSA_JWK "," OCT_JWK "]}"

static enum ward_status paste(struct secrets *s, const char *name, const char *text, const char *kid)
{
    const struct ward_jwk_input input = { .name = ward_span_of(name),
                                          .source_type = WARD_SPAN("COPY_PASTE"),
                                          .jwk = ward_span_of(text),
                                          .kid = ward_span_of(kid) };
    return ward_service_jwk_create(new_call(s), &input);
}

static void what_is_pasted(void **state)
{
    struct secrets *s = *state;
    assert_done(s, paste(s, "one", RSA_JWK, NULL));
    struct ward_jwk_view view = get(s, "one");
    assert_string_equal("COPY_PASTE", view.source_type);
    assert_span("2011-04-29", view.kid);
    assert_string_equal("SIGNATURE", view.use);
    assert_false(view.has_private);
    assert_done(s, paste(s, "of a set", JWK_SET, "2011-04-29"));
    assert_done(s, paste(s, "octets", OCT_JWK, NULL));
    assert_string_equal("OCT", get(s, "octets").type);
    assert_string_equal("", deployed(s, "production", "octets")); /* it has no public part */
    const struct {
        const char *text, *kid, *why;
    } rows[] = {
        { NULL, NULL, "jwkStr value can not be empty!" },
        { "{", NULL, "JWK is refused: The JWK is not valid JSON" },
        { "[]", NULL, "JWK is refused: The JWK is not a JSON object" },
        { JWK_SET, NULL, "JWK is refused: The document is a JWK Set; a kid is needed to choose from it" },
        { JWK_SET, "none", "JWK is refused: The document holds no JWK of that kid" },
        { "{\"kty\":\"RSA\",\"kty\":\"RSA\"}", NULL, "JWK is refused: The JWK is not valid JSON" },
        { "{\"kty\":\"oct\",\"alg\":\"none\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}", NULL, "Unknown algorithm (none)!" },
        { "{\"kty\":\"oct\",\"alg\":\"HS256\",\"use\":\"sig\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}", NULL,
          "algorithm (HS256) does not fit the key and useType SIGNATURE!" },
        { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}", NULL,
          "JWK is refused: A coordinate or private number of the EC JWK has not the length of its curve's field" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_refused_as(s, WARD_INVALID, rows[i].why, paste(s, "new", rows[i].text, rows[i].kid));
}

static void edits_detach(void **state)
{
    struct secrets *s = *state;
    const struct ward_jwk_edit nothing = { .has_name = false }, blank = { .has_name = true, .name = WARD_SPAN(" ") },
                               rename = { .has_name = true, .name = WARD_SPAN("updated-jwk") },
                               describe = { .has_description = true, .description = WARD_SPAN("d") };
    store_key(s, "my-key", "PRIVATE_KEY", keys.rsa, "alias");
    make_jwk(s, "my-jwk", "my-key", "RS256");
    make_jwk(s, "other", "my-key", "RS256");
    assert_refused_as(s, WARD_INVALID, "JWK name can not be empty!",
                      ward_service_jwk_update(new_call(s), WARD_SPAN("my-jwk"), &blank));
    assert_true(is_attached(s, "my-jwk"));
    assert_done(s, ward_service_jwk_update(new_call(s), WARD_SPAN("my-jwk"), &nothing));
    assert_string_equal("", deployment_text(s));
    assert_false(is_attached(s, "my-jwk"));
    assert_done(s, ward_service_jwk_update(new_call(s), WARD_SPAN("my-jwk"), &rename));
    assert_string_equal("production:deployed test:deployed uat:deployed", deployment_text(s));
    assert_string_equal("", deployed(s, "production", "my-jwk"));
    assert_string_not_equal("", deployed(s, "production", "updated-jwk"));
    assert_refused_as(s, WARD_NOT_FOUND, "JWK (name: my-jwk) is not found! Try create operation.",
                      ward_service_jwk_update(new_call(s), WARD_SPAN("my-jwk"), &rename));
    assert_refused_as(s, WARD_CONFLICT, "JWK (name: updated-jwk) is already exist!",
                      ward_service_jwk_update(new_call(s), WARD_SPAN("other"), &rename));
    assert_done(s, ward_service_jwk_update(new_call(s), WARD_SPAN("other"), &describe));
    assert_span("d", get(s, "other").description);
    assert_done(s, put_key(s, "my-key", "UPDATE", NULL, keys.ec)); /* nobody follows any more */
}

static void deletes(void **state)
{
    struct secrets *s = *state;
    struct ward_operator manager = granted(s, WARD_RIGHT_SECRETS_MANAGE);
    assert_done(s, paste(s, "my-jwk", RSA_JWK, NULL));
    s->who = &manager;
    assert_refused_as(s, WARD_FORBIDDEN, "User does not have required permission for this operation!",
                      ward_service_jwk_delete(new_call(s), WARD_SPAN("my-jwk")));
    assert_refused_as(s, WARD_FORBIDDEN, "User does not have required permission for this operation!",
                      paste(s, "new", RSA_JWK, NULL));
    s->who = &s->f->admin;
    assert_done(s, ward_service_jwk_delete(new_call(s), WARD_SPAN("my-jwk")));
    assert_string_equal("production:undeployed test:undeployed uat:undeployed", deployment_text(s));
    assert_string_equal("", deployed(s, "production", "my-jwk"));
    assert_refused_as(s, WARD_NOT_FOUND, "JWK (name: my-jwk) is not found!",
                      ward_service_jwk_delete(new_call(s), WARD_SPAN("my-jwk")));
}

static enum ward_status visit_name(const struct ward_jwk_view *view, void *arg)
{
    assert_null(view->material.data);
    add_name(arg, view->name);
    return WARD_OK;
}

static void files(void **state)
{
    struct secrets *s = *state;
    struct ward_span name, document;
    struct names names = { "" };
    struct ward_jwk_import import = { .name = WARD_SPAN("signing-jwk"), .file = WARD_SPAN(JWK_SET) };
    assert_refused_as(s, WARD_INVALID, "kid value can not be empty!", ward_service_jwk_import(new_call(s), &import));
    import.kid = WARD_SPAN("2011-04-29");
    import.file = WARD_SPAN_NONE;
    assert_refused_as(s, WARD_INVALID, "jwkFile value can not be empty!",
                      ward_service_jwk_import(new_call(s), &import));
    import.file = WARD_SPAN(JWK_SET);
    assert_done(s, ward_service_jwk_import(new_call(s), &import));
    assert_refused_as(s, WARD_CONFLICT, "JWK (name: signing-jwk) is already exist!",
                      ward_service_jwk_import(new_call(s), &import));
    assert_done(s, ward_service_jwk_export(new_call(s), WARD_SPAN("signing-jwk"), false, &name, &document));
    assert_span("signing-jwk", name);
    const char *keys_member = member(s, document, "keys");
    assert_non_null(strstr(keys_member, RSA_N));
    /* What goes out comes in again. */
    import.name = WARD_SPAN("again");
    import.file = document;
    assert_done(s, ward_service_jwk_import(new_call(s), &import));
    assert_true(ward_span_equal(get(s, "again").material, get(s, "signing-jwk").material));
    assert_done(s, paste(s, "octets", OCT_JWK, NULL));
    assert_refused_as(s, WARD_INVALID, "JWK (name: octets) is symmetric and has no public part!",
                      ward_service_jwk_export(new_call(s), WARD_SPAN("octets"), true, &name, &document));
    assert_done(s, ward_service_jwk_export(new_call(s), WARD_SPAN("octets"), false, &name, &document));
    assert_non_null(strstr(text_of(document), "GawgguFyGrWKav7AX4VKUg"));
    assert_done(s, ward_service_jwk_list(new_call(s), WARD_SPAN_NONE, SIZE_MAX, visit_name, &names));
    assert_string_equal("again,octets,signing-jwk", names.text);
    struct ward_operator manager = granted(s, WARD_RIGHT_SECRETS_MANAGE | WARD_RIGHT_SECRETS_DEPLOY);
    s->who = &manager;
    assert_refused_as(s, WARD_FORBIDDEN, "User does not have required permission for this operation!",
                      ward_service_jwk_export(new_call(s), WARD_SPAN("octets"), false, &name, &document));
    assert_refused_as(s, WARD_FORBIDDEN, "User does not have required permission for this operation!",
                      ward_service_jwk_import(new_call(s), &import));
}

/* ---- generate ---- */

static void draws(void **state)
{
    struct secrets *s = *state;
    const struct {
        const char *type;
        int64_t size;
        const char *curve, *use, *algorithm, *key_id, *said_type, *said_algorithm, *said_use, *kid;
    } rows[] = {
        { "RSA", 2048, NULL, NULL, NULL, NULL, "RSA", "RS256", "SIGNATURE", "1700000000" },
        { "RSA", 2048, NULL, "ENCRYPTION", "RSA_OAEP_256", "NONE", "RSA", "RSA-OAEP-256", "ENCRYPTION", NULL },
        { "RSA", 2048, NULL, NULL, "RSA512", "ISO_DATE", "RSA", "RS512", "SIGNATURE", "2023-11-14T22:13:20.000Z" },
        { "EC", 0, "P256", NULL, NULL, "TIMESTAMP", "EC", "ES256", "SIGNATURE", "1700000000" },
        { "EC", 0, "P384", NULL, "ES384", NULL, "EC", "ES384", "SIGNATURE", "1700000000" },
        { "EC", 0, "P521", "ENCRYPTION", "ECDH_ES_A128KW", NULL, "EC", "ECDH-ES+A128KW", "ENCRYPTION", "1700000000" },
        { "EC", 0, "SECP256K1", NULL, NULL, NULL, "EC", "ES256K", "SIGNATURE", "1700000000" },
        { "OCT", 256, NULL, NULL, "HS256", NULL, "OCT", "HS256", "SIGNATURE", "1700000000" },
        { "OCT", 128, NULL, NULL, NULL, NULL, "OCT", NULL, "SIGNATURE", "1700000000" },
        { "OCT", 192, NULL, "ENCRYPTION", NULL, NULL, "OCT", "A192KW", "ENCRYPTION", "1700000000" },
        { "OKP", 0, "ED25519", NULL, NULL, NULL, "OKP", "EdDSA", "SIGNATURE", "1700000000" },
        { "OKP", 0, "X25519", NULL, NULL, NULL, "OKP", "ECDH-ES", "ENCRYPTION", "1700000000" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char name[16];
        snprintf(name, sizeof(name), "jwk-%zu", i);
        const struct ward_jwk_generate_input input = { .name = ward_span_of(name),
                                                       .type = ward_span_of(rows[i].type),
                                                       .has_parameters = true,
                                                       .key_size = rows[i].size,
                                                       .curve = ward_span_of(rows[i].curve),
                                                       .use = ward_span_of(rows[i].use),
                                                       .algorithm = ward_span_of(rows[i].algorithm),
                                                       .key_id_type = ward_span_of(rows[i].key_id),
                                                       .not_before_ms = WARD_TIME_NONE,
                                                       .expires_ms = WARD_TIME_NONE };
        assert_done(s, ward_service_jwk_generate(new_call(s), &input));
        struct ward_jwk_view view = get(s, name);
        assert_string_equal("GENERATE", view.source_type);
        assert_string_equal(rows[i].said_type, view.type);
        if (rows[i].said_algorithm)
            assert_string_equal(rows[i].said_algorithm, view.algorithm);
        else
            assert_null(view.algorithm);
        assert_string_equal(rows[i].said_use, view.use);
        assert_true(ward_span_equal(ward_span_of(rows[i].kid), view.kid));
        assert_int_equal(START_MS, view.not_before_ms);
        assert_int_equal(START_MS + INT64_C(365) * 86400000, view.expires_ms);
        assert_true(view.has_private);
    }
}

static void draws_refused(void **state)
{
    struct secrets *s = *state;
    const struct {
        const char *name, *type;
        bool has_parameters;
        int64_t size;
        const char *curve, *use, *algorithm, *key_id;
        int64_t expires_ms;
        const char *text;
    } rows[] = {
        { "", "RSA", true, 2048, NULL, NULL, NULL, NULL, WARD_TIME_NONE, "JWK name can not be empty!" },
        { "n", NULL, true, 2048, NULL, NULL, NULL, NULL, WARD_TIME_NONE, "JWK type can not be empty!" },
        { "n", "rsa", true, 2048, NULL, NULL, NULL, NULL, WARD_TIME_NONE,
          "Unknown type (rsa)! Supported values: RSA, EC, OCT, OKP" },
        { "n", "RSA", false, 0, NULL, NULL, NULL, NULL, WARD_TIME_NONE, "rsa value can not be empty!" },
        { "n", "RSA", true, 0, NULL, NULL, NULL, NULL, WARD_TIME_NONE, "keySize value can not be empty!" },
        { "n", "RSA", true, 1024, NULL, NULL, NULL, NULL, WARD_TIME_NONE,
          "Unknown keySize (1024)! Supported values: 2048, 3072, 4096" },
        { "n", "OCT", true, 512, NULL, NULL, NULL, NULL, WARD_TIME_NONE,
          "Unknown keySize (512)! Supported values: 128, 192, 256" },
        { "n", "EC", true, 0, NULL, NULL, NULL, NULL, WARD_TIME_NONE, "curveType value can not be empty!" },
        { "n", "EC", true, 0, "P-256", NULL, NULL, NULL, WARD_TIME_NONE,
          "Unknown curveType (P-256)! Supported values: P256, P384, P521, SECP256K1" },
        { "n", "OKP", true, 0, "ED448", NULL, NULL, NULL, WARD_TIME_NONE,
          "Unknown curveType (ED448)! Supported values: ED25519, X25519" },
        { "n", "EC", true, 0, "P256", "BOTH", NULL, NULL, WARD_TIME_NONE,
          "Unknown useType (BOTH)! Supported values: SIGNATURE, ENCRYPTION" },
        { "n", "EC", true, 0, "P256", NULL, "ES", NULL, WARD_TIME_NONE, "Unknown algorithm (ES)!" },
        { "n", "EC", true, 0, "P256", NULL, "ES384", NULL, WARD_TIME_NONE,
          "algorithm (ES384) does not fit the key and useType SIGNATURE!" },
        { "n", "OCT", true, 128, NULL, NULL, "HS256", NULL, WARD_TIME_NONE,
          "algorithm (HS256) does not fit the key and useType SIGNATURE!" },
        { "n", "EC", true, 0, "P256", NULL, NULL, "UUID", WARD_TIME_NONE,
          "Unknown keyIdType (UUID)! Supported values: TIMESTAMP, SHA256, SHA1, ISO_DATE, NONE" },
        { "n", "EC", true, 0, "P256", NULL, NULL, NULL, START_MS, "expirationTime must be after notBeforeTime!" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct ward_jwk_generate_input input = { .name = ward_span_of(rows[i].name),
                                                       .type = ward_span_of(rows[i].type),
                                                       .has_parameters = rows[i].has_parameters,
                                                       .key_size = rows[i].size,
                                                       .curve = ward_span_of(rows[i].curve),
                                                       .use = ward_span_of(rows[i].use),
                                                       .algorithm = ward_span_of(rows[i].algorithm),
                                                       .key_id_type = ward_span_of(rows[i].key_id),
                                                       .not_before_ms = WARD_TIME_NONE,
                                                       .expires_ms = rows[i].expires_ms };
        assert_refused_as(s, WARD_INVALID, rows[i].text, ward_service_jwk_generate(new_call(s), &input));
    }
}

/* ---- URL ---- */

struct server {
    int listener;
    unsigned port;
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct server *server = arg;
    char request[2048], answer[4096];
    int connection = accept(server->listener, NULL, NULL);
    if (connection < 0)
        return NULL;
    (void)!read(connection, request, sizeof(request));
    int size = snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(JWK_SET),
                        JWK_SET);
    (void)!send(connection, answer, (size_t)size, MSG_NOSIGNAL);
    close(connection);
    return NULL;
}

static void a_url_is_fetched_where_it_is_allowed(void **state)
{
    struct secrets *s = *state;
    struct server server;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    struct ward_fetch_allow allow;
    char url[64];
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(0, bind(server.listener, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(server.listener, 4));
    assert_int_equal(0, getsockname(server.listener, (struct sockaddr *)&address, &size));
    assert_int_equal(0, pthread_create(&server.thread, NULL, serve, &server));
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/jwks.json", ntohs(address.sin_port));
    struct ward_jwk_input input = { .name = WARD_SPAN("fetched"),
                                    .source_type = WARD_SPAN("URL"),
                                    .kid = WARD_SPAN("2011-04-29") };
    assert_refused_as(s, WARD_INVALID, "URL is required for URL source type!",
                      ward_service_jwk_create(new_call(s), &input));
    input.url = ward_span_of(url);
    assert_refused_as(s, WARD_INVALID,
                      "URL is refused: its address is not of the public Internet and not allowed by --fetch-allow",
                      ward_service_jwk_create(new_call(s), &input));
    assert_true(ward_fetch_allow_parse(WARD_SPAN("127.0.0.1"), &allow));
    s->f->service->fetch_allows = &allow;
    s->f->service->fetch_allow_count = 1;
    assert_done(s, ward_service_jwk_create(new_call(s), &input));
    assert_span(url, get(s, "fetched").source_url);
    assert_string_equal("URL", get(s, "fetched").source_type);
    pthread_join(server.thread, NULL);
    close(server.listener);
    input.name = WARD_SPAN("again");
    assert_refused_as(s, WARD_INVALID, "JWK can not be read from the URL: the connection failed",
                      ward_service_jwk_create(new_call(s), &input));
}

/* ---- material ---- */

static void write_text(char *text, size_t size, EVP_PKEY *key, enum key_form form)
{
    WARD_BUFFER out = text_new();
    write_key(key, form, true, NULL, &out);
    snprintf(text, size, "%.*s", (int)out.size, out.data);
}

static void draw_material(void)
{
    EVP_PKEY *rsa = draw_key("RSA"), *rsa_other = draw_key("RSA"), *ec = draw_key("P-256");
    write_text(keys.rsa, sizeof(keys.rsa), rsa, FORM_PKCS8);
    write_text(keys.rsa_public, sizeof(keys.rsa_public), rsa, FORM_SPKI);
    write_text(keys.rsa_other, sizeof(keys.rsa_other), rsa_other, FORM_PKCS8);
    write_text(keys.ec, sizeof(keys.ec), ec, FORM_PKCS8);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(rsa_other);
    EVP_PKEY_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        secrets_case(a_jwk_is_made_of_a_key),
        secrets_case(without_an_alias_the_kid_is_the_thumbprint),
        secrets_case(jwks_of_keys_not_made),
        secrets_case(nullify_detaches_and_keeps_the_material),
        secrets_case(update_follows_the_new_content),
        secrets_case(update_that_cannot_be_followed_changes_nothing),
        secrets_case(a_public_key_in_a_private_ones_place_is_followed),
        secrets_case(a_rename_alone_lets_the_jwks_go),
        secrets_case(the_scope_of_an_update),
        secrets_case(nullify_reaches_all_projects),
        secrets_case(every_project_that_is_touched_must_be_ones_own),
        secrets_case(what_a_removed_key_leaves),
        secrets_case(jwks_made_while_the_key_changes),
        secrets_case(a_jwk_is_of_the_content_that_there_is_when_it_is_written),
        secrets_case(a_jwk_that_comes_or_goes_meanwhile_is_seen),
        secrets_case(a_name_that_is_taken_meanwhile_is_refused),
        secrets_case(a_change_that_is_always_late_is_done_in_the_end),
        secrets_case(memory_that_runs_out_leaves_nothing_half),
        secrets_case(what_is_pasted),
        secrets_case(edits_detach),
        secrets_case(deletes),
        secrets_case(files),
        secrets_case(draws),
        secrets_case(draws_refused),
        secrets_case(a_url_is_fetched_where_it_is_allowed),
    };
    draw_material();
    return ward_fetch_start() == WARD_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
