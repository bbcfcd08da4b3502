/* Keys: contracts/apinizer.md 6 and 10, each row of 6.4 by its reason. Their JWKs: test_jwks.c. */
#include "secrets_fixture.h"

#include <pthread.h>

static struct material {
    char rsa_private[8192], rsa_public[4096], ec_private[2048], ec_public[2048], der_with_spaces[8192],
        secret_of_pem[16384], encrypted[8192], small[4096];
} keys;

#define SECRET "MDEyMzQ1Njc4OWFiY2RlZg=="           /* 16 bytes */
#define SAMPLE "base64-encoded-updated-key-content" /* of the founding text: decodes to bytes that are no key */

/* ---- calls ---- */

struct row {
    const char *environment, *content, *alias;
    bool has_alias;
};

#define ROWS_MAX 300
static struct ward_key_entry_input inputs[ROWS_MAX];

static struct ward_crypto_key_input input_of(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        inputs[i] = (struct ward_key_entry_input){ .environment = ward_span_of(rows[i].environment),
                                                   .content = ward_span_of(rows[i].content),
                                                   .has_alias = rows[i].has_alias || rows[i].alias,
                                                   .alias = ward_span_of(rows[i].alias) };
    return (struct ward_crypto_key_input){ .has_entries = true, .entries = inputs, .entry_count = count };
}

static enum ward_status create(struct secrets *s, const char *name, const char *type, const struct row *rows,
                               size_t count)
{
    struct ward_crypto_key_input input = input_of(rows, count);
    input.has_name = name != NULL;
    input.name = ward_span_of(name);
    input.has_key_type = type != NULL;
    input.key_type = ward_span_of(type);
    return ward_service_crypto_key_create(new_call(s), &input);
}

static void make(struct secrets *s, const char *name, const char *type, const char *content)
{
    const struct row row = { "production", content, "an alias" };
    assert_done(s, create(s, name, type, &row, 1));
}

static enum ward_status put(struct secrets *s, const char *name, const struct ward_crypto_key_input *input)
{
    return ward_service_crypto_key_update(new_call(s), ward_span_of(name), NULL, input);
}

static enum ward_status put_list(struct secrets *s, const char *name, const struct row *rows, size_t count)
{
    struct ward_crypto_key_input input = input_of(rows, count);
    return put(s, name, &input);
}

static enum ward_status put_type(struct secrets *s, const char *name, const char *type)
{
    const struct ward_crypto_key_input input = { .has_key_type = true, .key_type = ward_span_of(type) };
    return put(s, name, &input);
}

static enum ward_status put_name(struct secrets *s, const char *name, const char *new_name)
{
    const struct ward_crypto_key_input input = { .has_name = true, .name = ward_span_of(new_name) };
    return put(s, name, &input);
}

static struct ward_crypto_key_view get(struct secrets *s, const char *name)
{
    struct ward_crypto_key_view view;
    assert_done(s, ward_service_crypto_key_get(new_call(s), ward_span_of(name), &view));
    return view;
}

/* "production=an alias test=-" */
static const char *entries(struct secrets *s, const char *name)
{
    static char text[8192];
    struct ward_crypto_key_view view = get(s, name);
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < view.entry_count; i++) {
        const struct ward_key_entry_view *entry = &view.entries[i];
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%.*s=%.*s", i ? " " : "",
                                 (int)entry->environment_name.size, entry->environment_name.data,
                                 entry->alias.data ? (int)entry->alias.size : 1,
                                 entry->alias.data ? entry->alias.data : "-");
    }
    return text;
}

static const char *stored(struct secrets *s, const char *name, const char *environment)
{
    static char text[65536];
    struct ward_key_export export;
    assert_done(
        s, ward_service_crypto_key_export(new_call(s), ward_span_of(name), true, ward_span_of(environment), &export));
    assert_int_equal(1, export.entry_count);
    snprintf(text, sizeof(text), "%.*s", (int)export.entries[0].content.size, export.entries[0].content.data);
    return text;
}

/* The alias with which a key of this name is deployed, or NULL. */
static const char *deployed(struct secrets *s, const char *environment, const char *name)
{
    static char text[256];
    struct ward_served *served = ward_deployer_served(s->deployer);
    ward_served_enter(served);
    const struct ward_served_environment *found = ward_served_find(served, &s->f->made.account.id,
                                                                   ward_span_of(environment));
    const struct ward_keyset_entry *entry = found ? ward_keyset_find(found->keyset, &s->f->made.project.id,
                                                                     WARD_DEPLOYED_KEY, ward_span_of(name))
                                                  : NULL;
    ward_served_leave(served);
    if (!entry)
        return NULL;
    snprintf(text, sizeof(text), "%.*s", (int)entry->object.alias.size, entry->object.alias.data);
    ward_keyset_release(entry);
    return text;
}

/* ---- create ---- */

static void a_key_is_made_deployed_and_shown_without_content(void **state)
{
    struct secrets *s = *state;
    const struct row rows[] = { { "test", keys.rsa_private, "t" }, { "production", keys.ec_private, NULL } };
    assert_done(s, create(s, "my-key", "PRIVATE_KEY", rows, 2));
    assert_string_equal("test:deployed production:deployed", deployment_text(s));
    assert_true(s->call.deployment->is_success);
    assert_string_equal("production=- test=t", entries(s, "my-key"));
    struct ward_crypto_key_view view = get(s, "my-key");
    assert_string_equal("PRIVATE_KEY", view.key_type);
    assert_null(view.algorithm);
    assert_null(view.description.data);
    assert_int_equal(WARD_OBJECT_ID_CHARS, view.id.size);
    assert_int_equal(WARD_OBJECT_ID_CHARS, view.entries[0].environment_id.size);
    assert_string_equal("t", deployed(s, "test", "my-key"));
    assert_null(deployed(s, "uat", "my-key"));
}

static void keys_not_made(void **state)
{
    struct secrets *s = *state;
    static char longer[257], large[WARD_KEY_CONTENT_MAX + 5];
    const struct row none = { NULL, SECRET, NULL }, blank = { " ", SECRET, NULL }, empty = { "production", "", NULL },
                     missing = { "production", NULL, NULL }, nowhere = { "nowhere", SECRET, NULL },
                     bad = { "production", "not base64 at all!", NULL }, huge = { "production", large, NULL },
                     sample = { "production", SAMPLE, NULL }, wrong = { "production", keys.rsa_public, NULL },
                     wrong_half = { "production", keys.rsa_private, NULL },
                     encrypted = { "production", keys.encrypted, NULL }, small = { "production", keys.small, NULL },
                     long_alias = { "production", SECRET, longer }, bad_alias = { "production", SECRET, "a\x01" };
    memset(longer, 'n', sizeof(longer) - 1);
    memset(large, 'A', sizeof(large) - 1);
    const struct {
        const char *name, *type;
        const struct row *row;
        const char *text;
    } rows[] = {
        { NULL, "SECRET_KEY", &sample, "Key name can not be empty!" },
        { "", "SECRET_KEY", &sample, "Key name can not be empty!" },
        { "\xe2\x80\x83 ", "SECRET_KEY", &sample, "Key name can not be empty!" },
        { longer, "SECRET_KEY", &sample, "name can not be longer than 255 bytes!" },
        { "a\tb", "SECRET_KEY", &sample, "name can not contain control characters!" },
        { "import", "SECRET_KEY", &sample, "name (import) is reserved!" },
        { "import-file", "SECRET_KEY", &sample, "name (import-file) is reserved!" },
        { "new", NULL, &sample,
          "keyType value can not be empty! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY" },
        { "new", "RSA", &sample, "Unknown keyType (RSA)! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY" },
        { "new", "secret_key", &sample,
          "Unknown keyType (secret_key)! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY" },
        { "new", "SECRET_KEY", NULL, "cryptoKeyInfoEnvironmentList value can not be empty!" },
        { "new", "SECRET_KEY", &none, "environmentName value can not be empty!" },
        { "new", "SECRET_KEY", &blank, "environmentName value can not be empty!" },
        { "new", "SECRET_KEY", &nowhere,
          "Environment (nowhere) is not found or user does not have privilege to access it!" },
        { "new", "SECRET_KEY", &missing, "content value can not be empty for environment (production)!" },
        { "new", "SECRET_KEY", &empty, "content value can not be empty for environment (production)!" },
        { "new", "SECRET_KEY", &huge, "Key content for environment (production) is larger than 64 KiB!" },
        { "new", "SECRET_KEY", &bad,
          "Key content is neither PEM nor valid Base64 for key type SECRET_KEY! Send the PEM content Base64-encoded." },
        { "new", "PRIVATE_KEY", &bad,
          "Key content is neither PEM nor valid Base64 for key type PRIVATE_KEY! Send the PEM content "
          "Base64-encoded." },
        { "new", "PRIVATE_KEY", &wrong,
          "Key content for environment (production) is refused: The content is a public key or certificate where a "
          "private key is expected" },
        { "new", "PUBLIC_KEY", &wrong_half,
          "Key content for environment (production) is refused: The content is a private key where a public key is "
          "expected" },
        { "new", "PRIVATE_KEY", &encrypted,
          "Key content for environment (production) is refused: The private key is encrypted with a passphrase; send "
          "it "
          "decrypted" },
        { "new", "PRIVATE_KEY", &small,
          "Key content for environment (production) is refused: The RSA modulus is shorter than 2048 bits" },
        { "new", "SECRET_KEY", &long_alias, "alias can not be longer than 255 bytes!" },
        { "new", "SECRET_KEY", &bad_alias, "alias can not contain control characters!" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_refused_as(s, WARD_INVALID, rows[i].text,
                          create(s, rows[i].name, rows[i].type, rows[i].row, rows[i].row != NULL));
    make(s, "there", "SECRET_KEY", SECRET);
    assert_refused_as(s, WARD_CONFLICT,
                      "Key (name: there) is already exist! Try update operation if want to change its value.",
                      create(s, "there", "SECRET_KEY", &sample, 1));
    const struct row twice[] = { { "test", SECRET, NULL }, { "production", SECRET, NULL }, { "test", SECRET, NULL } };
    assert_refused_as(s, WARD_INVALID, "Environment (test) is given more than once in cryptoKeyInfoEnvironmentList!",
                      create(s, "new", "SECRET_KEY", twice, 3));
    static struct row many[257];
    static char names[257][8];
    for (size_t i = 0; i < 257; i++) {
        snprintf(names[i], sizeof(names[i]), "e%zu", i);
        many[i] = (struct row){ names[i], SECRET, NULL };
    }
    assert_refused_as(s, WARD_INVALID, "cryptoKeyInfoEnvironmentList can not have more than 256 entries!",
                      create(s, "new", "SECRET_KEY", many, 257));
}

static void what_clients_really_send_is_taken(void **state)
{
    struct secrets *s = *state;
    make(s, "spaces", "PRIVATE_KEY", keys.der_with_spaces);
    assert_string_equal(keys.rsa_private, stored(s, "spaces", "production"));
    make(s, "sample", "PRIVATE_KEY", SAMPLE);
    assert_string_equal(SAMPLE, stored(s, "sample", "production"));
    make(s, "secret", "SECRET_KEY", SECRET);
    assert_string_equal(SECRET, stored(s, "secret", "production"));
    assert_null(get(s, "secret").algorithm);
}

static enum ward_status create_with_algorithm(struct secrets *s, const char *name, const char *type,
                                              const char *algorithm, const char *content)
{
    const struct row row = { "production", content, NULL };
    struct ward_crypto_key_input input = input_of(&row, 1);
    input.has_name = input.has_key_type = true;
    input.has_algorithm = algorithm != NULL;
    input.name = ward_span_of(name);
    input.key_type = ward_span_of(type);
    input.algorithm = ward_span_of(algorithm);
    return ward_service_crypto_key_create(new_call(s), &input);
}

static void the_algorithm_of_a_secret(void **state)
{
    struct secrets *s = *state;
    assert_refused_as(s, WARD_INVALID, "Unknown algorithm (foo)! Supported values: AES, DES, DESede, RSA",
                      create_with_algorithm(s, "k", "SECRET_KEY", "foo", SECRET));
    assert_refused_as(s, WARD_INVALID, "Unknown algorithm (aes)! Supported values: AES, DES, DESede, RSA",
                      create_with_algorithm(s, "k", "SECRET_KEY", "aes", SECRET));
    assert_done(s, create_with_algorithm(s, "aes", "SECRET_KEY", "AES", SECRET));
    assert_string_equal("AES", get(s, "aes").algorithm);
    assert_done(s, create_with_algorithm(s, "rsa", "PRIVATE_KEY", "RSA", keys.rsa_private));
    assert_null(get(s, "rsa").algorithm);
    s->rules.needs_algorithm = true;
    assert_refused_as(s, WARD_INVALID, "algorithm is required for SECRET_KEY! Supported values: AES, DES, DESede, RSA",
                      create_with_algorithm(s, "k", "SECRET_KEY", NULL, SECRET));
    assert_done(s, create_with_algorithm(s, "k", "PRIVATE_KEY", NULL, keys.rsa_private));
    s->rules = (struct ward_secrets_rules){ .is_content_strict = true };
    assert_refused_as(s, WARD_INVALID,
                      "Key content for environment (production) is refused: The key has not the length that the "
                      "algorithm needs",
                      create_with_algorithm(s, "des", "SECRET_KEY", "DES", SECRET));
    assert_refused_as(s, WARD_INVALID,
                      "Key content is neither PEM nor valid Base64 for key type PRIVATE_KEY! Send the PEM content "
                      "Base64-encoded.",
                      create_with_algorithm(s, "des", "PRIVATE_KEY", NULL, SAMPLE));
}

/* ---- update: contracts/apinizer.md 6.4 ---- */

static void a_list_that_is_omitted_leaves_the_entries(void **state)
{
    struct secrets *s = *state;
    const struct ward_crypto_key_input description = { .has_description = true, .description = WARD_SPAN("d") };
    make(s, "my-key", "PRIVATE_KEY", keys.rsa_private);
    assert_done(s, put(s, "my-key", &description));
    assert_string_equal("", deployment_text(s));
    assert_true(s->call.deployment->is_success);
    assert_span("d", get(s, "my-key").description);
    assert_string_equal("production=an alias", entries(s, "my-key"));
    assert_done(s, put_name(s, "my-key", "new-key-name"));
    assert_string_equal("production:deployed", deployment_text(s));
    assert_null(deployed(s, "production", "my-key"));
    assert_string_equal("an alias", deployed(s, "production", "new-key-name"));
    assert_refused_as(s, WARD_NOT_FOUND, "Key (name: my-key) is not found! Try create operation.",
                      put_name(s, "my-key", "x"));
    assert_span("d", get(s, "new-key-name").description);
}

static void a_list_is_the_whole_set(void **state)
{
    struct secrets *s = *state;
    const struct row both[] = { { "production", keys.rsa_private, "p" }, { "test", keys.rsa_private, "t" } };
    const struct row next[] = { { "uat", keys.ec_private, "u" }, { "test", keys.ec_private, NULL } };
    assert_done(s, create(s, "my-key", "PRIVATE_KEY", both, 2));
    assert_done(s, put_list(s, "my-key", next, 2));
    assert_string_equal("uat:deployed test:deployed production:undeployed", deployment_text(s));
    assert_string_equal("test=t uat=u", entries(s, "my-key"));
    assert_null(deployed(s, "production", "my-key"));
    assert_string_equal("u", deployed(s, "uat", "my-key"));
    assert_string_equal(keys.ec_private, stored(s, "my-key", "test"));
}

static void an_entry_without_content_keeps_what_is_stored(void **state)
{
    struct secrets *s = *state;
    const struct row alias = { "production", NULL, "updated-alias" }, nothing = { "production", NULL, NULL },
                     cleared = { "production", NULL, NULL, true }, emptied = { "production", NULL, "" };
    const struct row other[] = { { "production", NULL, NULL }, { "test", NULL, NULL } };
    make(s, "my-key", "PRIVATE_KEY", keys.rsa_private);
    assert_done(s, put_list(s, "my-key", &alias, 1));
    assert_string_equal("production=updated-alias", entries(s, "my-key"));
    assert_string_equal("updated-alias", deployed(s, "production", "my-key"));
    assert_string_equal(keys.rsa_private, stored(s, "my-key", "production"));
    assert_done(s, put_list(s, "my-key", &nothing, 1)); /* alias omitted: kept */
    assert_string_equal("production=updated-alias", entries(s, "my-key"));
    assert_done(s, put_list(s, "my-key", &cleared, 1)); /* null: cleared */
    assert_string_equal("production=-", entries(s, "my-key"));
    assert_done(s, put_list(s, "my-key", &alias, 1));
    assert_done(s, put_list(s, "my-key", &emptied, 1)); /* "": the same */
    assert_string_equal("production=-", entries(s, "my-key"));
    assert_refused_as(s, WARD_INVALID, "content value can not be empty for environment (test)!",
                      put_list(s, "my-key", other, 2));
}

static void an_empty_list_empties_and_an_empty_body_does_not(void **state)
{
    struct secrets *s = *state;
    const struct ward_crypto_key_input nothing = { .has_name = false };
    make(s, "my-key", "PRIVATE_KEY", keys.rsa_private);
    assert_done(s, put(s, "my-key", &nothing));
    assert_non_null(s->call.deployment);
    assert_string_equal("", deployment_text(s));
    assert_string_equal("production=an alias", entries(s, "my-key"));
    assert_done(s, put_list(s, "my-key", NULL, 0));
    assert_string_equal("production:undeployed", deployment_text(s));
    assert_string_equal("", entries(s, "my-key"));
    assert_null(deployed(s, "production", "my-key"));
}

static void names_of_an_update(void **state)
{
    struct secrets *s = *state;
    make(s, "a", "SECRET_KEY", SECRET);
    make(s, "b", "SECRET_KEY", SECRET);
    assert_refused_as(s, WARD_INVALID, "Key name can not be empty!", put_name(s, "a", " "));
    assert_refused_as(s, WARD_CONFLICT, "Key (name: b) is already exist!", put_name(s, "a", "b"));
    assert_refused_as(s, WARD_INVALID, "name (import) is reserved!", put_name(s, "a", "import"));
    assert_done(s, put_name(s, "a", "a"));
    assert_string_equal("", deployment_text(s));
    assert_done(s, put_name(s, "a", "B")); /* names are told apart by their bytes */
    assert_done(s, put_name(s, "B", "a/b c\xc3\xa4"));
    assert_span("a/b c\xc3\xa4", get(s, "a/b c\xc3\xa4").name);
}

static void another_type_is_checked_with_what_is_stored(void **state)
{
    struct secrets *s = *state;
    make(s, "private", "PRIVATE_KEY", keys.rsa_private);
    make(s, "opaque", "PRIVATE_KEY", SAMPLE);
    make(s, "secret", "SECRET_KEY", keys.secret_of_pem);
    assert_refused_as(
        s, WARD_INVALID,
        "Key content for environment (production) is refused: The content is a private key where a public "
        "key is expected",
        put_type(s, "private", "PUBLIC_KEY"));
    assert_refused_as(
        s, WARD_INVALID,
        "Key content for environment (production) is refused: The content is a PEM block where the base64 "
        "of a secret's bytes is expected",
        put_type(s, "private", "SECRET_KEY"));
    assert_refused_as(s, WARD_INVALID, "Unknown keyType (X)! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY",
                      put_type(s, "private", "X"));
    assert_done(s, put_type(s, "opaque", "PUBLIC_KEY"));
    assert_string_equal("production:deployed", deployment_text(s));
    assert_string_equal("PUBLIC_KEY", get(s, "opaque").key_type);
    assert_done(s, put_type(s, "secret", "PRIVATE_KEY"));
    assert_string_equal(keys.rsa_private, stored(s, "secret", "production"));
    /* With new content the stored one is not looked at. */
    const struct row row = { "production", keys.rsa_public, NULL };
    struct ward_crypto_key_input input = input_of(&row, 1);
    input.has_key_type = true;
    input.key_type = WARD_SPAN("PUBLIC_KEY");
    assert_done(s, put(s, "private", &input));
    assert_string_equal(keys.rsa_public, stored(s, "private", "production"));
}

static void all_or_nothing(void **state)
{
    struct secrets *s = *state;
    const struct row rows[] = { { "test", keys.ec_private, "new" }, { "production", "!", "new" } };
    const struct row twice[] = { { "test", keys.ec_private, "new" }, { "test", keys.ec_private, "new" } };
    const struct row nowhere[] = { { "test", keys.ec_private, "new" }, { "Staging", keys.ec_private, "new" } };
    make(s, "my-key", "PRIVATE_KEY", keys.rsa_private);
    struct ward_crypto_key_input input = input_of(rows, 2);
    input.has_name = true;
    input.name = WARD_SPAN("renamed");
    assert_refused_as(s, WARD_INVALID,
                      "Key content is neither PEM nor valid Base64 for key type PRIVATE_KEY! Send the PEM content "
                      "Base64-encoded.",
                      put(s, "my-key", &input));
    assert_refused_as(s, WARD_INVALID, "Environment (test) is given more than once in cryptoKeyInfoEnvironmentList!",
                      put_list(s, "my-key", twice, 2));
    assert_refused_as(s, WARD_INVALID,
                      "Environment (Staging) is not found or user does not have privilege to access it!",
                      put_list(s, "my-key", nowhere, 2));
    assert_string_equal("production=an alias", entries(s, "my-key"));
    assert_string_equal(keys.rsa_private, stored(s, "my-key", "production"));
    assert_string_equal("an alias", deployed(s, "production", "my-key"));
    assert_null(deployed(s, "test", "my-key"));
}

static void choices_that_are_unknown(void **state)
{
    struct secrets *s = *state;
    const struct ward_crypto_key_input nothing = { .has_name = false };
    const struct {
        const char *action, *scope, *referenced, *text;
    } rows[] = {
        { "X", NULL, NULL, "Unknown jwkUpdateAction (X)! Supported values: NULLIFY, UPDATE" },
        { "update", NULL, NULL, "Unknown jwkUpdateAction (update)! Supported values: NULLIFY, UPDATE" },
        { "UPDATE", "ALL", NULL, "Unknown updateScope (ALL)! Supported values: SAME_PROJECT, ALL_PROJECTS" },
        { NULL, NULL, "yes", "Unknown updateReferencedJwks (yes)! Supported values: true, false" },
        { "NULLIFY", "SAME_PROJECT", NULL, NULL },
        { "UPDATE", NULL, NULL, NULL },
        { "UPDATE", "SAME_PROJECT", NULL, NULL },
        { "UPDATE", "ALL_PROJECTS", NULL, NULL },
        { "", "", "", NULL },
        { NULL, "ALL_PROJECTS", "true", NULL },
        { NULL, NULL, "false", NULL },
        { "NULLIFY", NULL, "yes", NULL },
    };
    make(s, "my-key", "PRIVATE_KEY", keys.rsa_private);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct ward_jwk_choice choice = { ward_span_of(rows[i].action), ward_span_of(rows[i].scope),
                                                ward_span_of(rows[i].referenced) };
        if (rows[i].text)
            assert_refused_as(s, WARD_INVALID, rows[i].text,
                              ward_service_crypto_key_update(new_call(s), WARD_SPAN("my-key"), &choice, &nothing));
        else
            assert_done(s, ward_service_crypto_key_update(new_call(s), WARD_SPAN("my-key"), &choice, &nothing));
    }
}

static void rights(void **state)
{
    struct secrets *s = *state;
    const char *denied = "User does not have required permission for this operation!";
    const struct ward_crypto_key_input description = { .has_description = true, .description = WARD_SPAN("d") };
    const struct row row = { "production", keys.ec_private, NULL };
    struct ward_operator manager = granted(s, WARD_RIGHT_SECRETS_MANAGE);
    struct ward_operator api = granted(s, WARD_RIGHT_API_MANAGE | WARD_RIGHT_SECRETS_DEPLOY);
    struct ward_operator viewer = account_operator(s->f, WARD_ROLE_VIEWER);
    struct ward_key_export export;
    make(s, "my-key", "PRIVATE_KEY", keys.rsa_private);
    s->who = &manager;
    assert_done(s, put(s, "my-key", &description));
    assert_refused_as(s, WARD_FORBIDDEN, denied, put_list(s, "my-key", &row, 1));
    assert_refused_as(s, WARD_FORBIDDEN, denied, put_list(s, "my-key", NULL, 0));
    assert_refused_as(s, WARD_FORBIDDEN, denied, put_name(s, "my-key", "renamed"));
    assert_refused_as(s, WARD_FORBIDDEN, denied, create(s, "new", "PRIVATE_KEY", &row, 1));
    assert_refused_as(s, WARD_FORBIDDEN, denied,
                      ward_service_crypto_key_delete(new_call(s), WARD_SPAN("my-key"), NULL));
    assert_refused_as(s, WARD_FORBIDDEN, denied,
                      ward_service_crypto_key_export(new_call(s), WARD_SPAN("my-key"), false, WARD_SPAN_NONE, &export));
    s->who = &api;
    assert_refused_as(s, WARD_FORBIDDEN, denied, put(s, "my-key", &description));
    assert_string_equal("production=an alias", entries(s, "my-key"));
    s->who = &viewer;
    assert_refused_as(s, WARD_FORBIDDEN, denied, put(s, "none", &description));
    assert_string_equal("production=an alias", entries(s, "my-key"));
}

/* ---- delete, list, export, import ---- */

static void delete_undeploys_and_frees_the_name(void **state)
{
    struct secrets *s = *state;
    const struct row rows[] = { { "production", keys.rsa_private, "p" }, { "test", keys.rsa_private, "t" } };
    const struct ward_jwk_choice choice = { .action = WARD_SPAN("UPDATE") };
    assert_done(s, create(s, "my-key", "PRIVATE_KEY", rows, 2));
    assert_refused_as(s, WARD_INVALID, "Unknown jwkDeleteAction (UPDATE)! Supported values: NULLIFY, DELETE",
                      ward_service_crypto_key_delete(new_call(s), WARD_SPAN("my-key"), &choice));
    assert_done(s, ward_service_crypto_key_delete(new_call(s), WARD_SPAN("my-key"), NULL));
    assert_string_equal("production:undeployed test:undeployed", deployment_text(s));
    assert_null(deployed(s, "production", "my-key"));
    assert_refused_as(s, WARD_NOT_FOUND, "Key (name: my-key) is not found!",
                      ward_service_crypto_key_delete(new_call(s), WARD_SPAN("my-key"), NULL));
    make(s, "my-key", "PRIVATE_KEY", keys.rsa_private);
}

static enum ward_status visit_name(const struct ward_crypto_key_view *view, void *arg)
{
    add_name(arg, view->name);
    return WARD_OK;
}

static void lists_run_by_name(void **state)
{
    struct secrets *s = *state;
    struct names names = { "" };
    make(s, "b", "SECRET_KEY", SECRET);
    make(s, "a", "SECRET_KEY", SECRET);
    make(s, "c", "SECRET_KEY", SECRET);
    assert_done(s, ward_service_crypto_key_list(new_call(s), WARD_SPAN_NONE, SIZE_MAX, visit_name, &names));
    assert_string_equal("a,b,c", names.text);
    names = (struct names){ "" };
    assert_done(s, ward_service_crypto_key_list(new_call(s), WARD_SPAN("a"), 1, visit_name, &names));
    assert_string_equal("b", names.text);
    s->project = WARD_SPAN("second");
    names = (struct names){ "" };
    assert_done(s, ward_service_crypto_key_list(new_call(s), WARD_SPAN_NONE, SIZE_MAX, visit_name, &names));
    assert_string_equal("", names.text);
}

static void exports(void **state)
{
    struct secrets *s = *state;
    struct ward_key_export export;
    const struct row rows[] = { { "uat", keys.ec_private, "u" }, { "test", keys.rsa_private, "t" } };
    assert_done(s, create(s, "signing-key", "PRIVATE_KEY", rows, 2));
    uint64_t before = revision_now(s->f);
    assert_done(s,
                ward_service_crypto_key_export(new_call(s), WARD_SPAN("signing-key"), false, WARD_SPAN_NONE, &export));
    assert_int_equal(2, export.entry_count);
    assert_span("test", export.entries[0].environment_name);
    assert_span(keys.rsa_private, export.entries[0].content);
    assert_span(keys.ec_private, export.entries[1].content);
    struct seen_changes seen = changes_after(s->f, before);
    assert_int_equal(1, seen.count);
    assert_span("exported", seen.items[0].action);
    assert_refused_as(
        s, WARD_INVALID, "(signing-key) has no material for environment (prod)! Available: test, uat",
        ward_service_crypto_key_export(new_call(s), WARD_SPAN("signing-key"), true, WARD_SPAN("prod"), &export));
    assert_refused_as(s, WARD_NOT_FOUND, "Key (name: none) is not found!",
                      ward_service_crypto_key_export(new_call(s), WARD_SPAN("none"), false, WARD_SPAN_NONE, &export));
    assert_done(s, put_list(s, "signing-key", NULL, 0));
    assert_refused_as(
        s, WARD_INVALID, "(signing-key) carries no environment material to export!",
        ward_service_crypto_key_export(new_call(s), WARD_SPAN("signing-key"), false, WARD_SPAN_NONE, &export));
}

static enum ward_status import_key(struct secrets *s, struct ward_key_import *import, const char *type,
                                   const char *algorithm, const struct row *rows, size_t count)
{
    import->key = input_of(rows, count);
    import->key.has_name = true;
    import->key.name = WARD_SPAN("signing-key");
    import->key.has_key_type = type != NULL;
    import->key.key_type = ward_span_of(type);
    import->key.has_algorithm = algorithm != NULL;
    import->key.algorithm = ward_span_of(algorithm);
    return ward_service_crypto_key_import(new_call(s), import);
}

static void imports_merge(void **state)
{
    struct secrets *s = *state;
    struct ward_operator importer = granted(s, WARD_RIGHT_SECRETS_EXPORT_IMPORT);
    const struct row first[] = { { "test", keys.rsa_private, "t" }, { "production", keys.rsa_private, "p" } };
    const struct row second[] = { { "uat", keys.ec_private, "u" }, { "test", keys.ec_private, NULL } };
    const struct row unknown[] = { { "far", keys.ec_private, NULL }, { "uat", keys.ec_private, NULL } };
    const struct row secret = { "test", SECRET, NULL };
    struct ward_key_import import = { .overrides = false };
    s->who = &importer;
    assert_refused_as(s, WARD_INVALID,
                      "keyType value can not be empty! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY",
                      import_key(s, &import, NULL, NULL, first, 2));
    assert_refused_as(s, WARD_INVALID, "algorithm is required for SECRET_KEY! Supported values: AES, DES, DESede, RSA",
                      import_key(s, &import, "SECRET_KEY", NULL, &secret, 1));
    assert_done(s, import_key(s, &import, "PRIVATE_KEY", NULL, first, 2));
    assert_refused_as(s, WARD_CONFLICT, "Key (name: signing-key) is already exist! Send override=true to update it.",
                      import_key(s, &import, "PRIVATE_KEY", NULL, second, 2));
    import.overrides = true;
    assert_done(s, import_key(s, &import, "PRIVATE_KEY", NULL, second, 2));
    assert_string_equal("uat:deployed test:deployed", deployment_text(s));
    assert_string_equal("production=p test=t uat=u", entries(s, "signing-key"));
    assert_string_equal(keys.ec_private, stored(s, "signing-key", "test"));
    assert_string_equal(keys.rsa_private, stored(s, "signing-key", "production"));
    assert_refused_as(s, WARD_INVALID, "Environment (far) is not found or user does not have privilege to access it!",
                      import_key(s, &import, "PRIVATE_KEY", NULL, unknown, 2));
    import.skips_unknown = true;
    assert_done(s, import_key(s, &import, "PRIVATE_KEY", NULL, unknown, 2));
    assert_int_equal(1, import.skipped_count);
    assert_span("far", import.skipped[0]);
    s->who = &s->f->admin;
    assert_done(s, ward_service_crypto_key_delete(new_call(s), WARD_SPAN("signing-key"), NULL));
    assert_done(s, import_key(s, &import, "SECRET_KEY", "aes", &secret, 1)); /* in any case of letters, here only */
    assert_string_equal("AES", get(s, "signing-key").algorithm);
}

/* ---- replicas, many at once ---- */

static void a_replica_that_cannot_is_named_and_the_key_is_stored(void **state)
{
    struct secrets *s = *state;
    struct ward_environment environment;
    struct ward_receipt receipt;
    const struct ward_replica replicas[] = { { WARD_SPAN("embedded"), WARD_SPAN_NONE },
                                             { WARD_SPAN("far"), WARD_SPAN("/nonexistent/keysets") } };
    struct ward_environment_input input = { .has_name = true,
                                            .name = WARD_SPAN("edge"),
                                            .has_type = true,
                                            .type = WARD_SPAN("TEST"),
                                            .has_replicas = true,
                                            .replicas = replicas,
                                            .replica_count = 2 };
    const struct row rows[] = { { "edge", keys.rsa_private, "e" }, { "production", keys.rsa_private, NULL } };
    assert_ok(
        ward_service_environment_create(s->f->service, &s->f->admin, &input, &s->f->pool, &environment, &receipt));
    assert_done(s, create(s, "my-key", "PRIVATE_KEY", rows, 2));
    assert_string_equal("edge:failed production:deployed", deployment_text(s));
    assert_false(s->call.deployment->is_success);
    const struct ward_environment_result *edge = &s->call.deployment->environments[0];
    assert_int_equal(2, edge->replica_count);
    assert_true(edge->replicas[0].is_success);
    assert_false(edge->replicas[1].is_success);
    assert_span("far", edge->replicas[1].name);
    assert_true(edge->detail.size > 0);
    assert_string_equal("edge=e production=-", entries(s, "my-key"));
}

struct worker {
    struct secrets *s;
    pthread_t thread;
    int number;
};

static void *update_often(void *arg)
{
    struct worker *worker = arg;
    for (int i = 0; i < 12; i++) {
        WARD_POOL pool = ward_pool_new(64 * 1024 * 1024);
        char alias[32];
        snprintf(alias, sizeof(alias), "w%d-%d", worker->number, i);
        const struct ward_key_entry_input entries_sent[] = {
            { WARD_SPAN("production"), ward_span_of(keys.ec_private), true, ward_span_of(alias) },
            { WARD_SPAN("test"), ward_span_of(keys.ec_private), true, ward_span_of(alias) },
        };
        const struct ward_crypto_key_input input = { .has_entries = true, .entries = entries_sent, .entry_count = 2 };
        struct ward_secrets_call call = {
            .service = worker->s->f->service, .who = &worker->s->f->admin, .pool = &pool, .project = WARD_SPAN(PROJECT)
        };
        assert_ok(ward_service_crypto_key_update(&call, WARD_SPAN("my-key"), NULL, &input));
    }
    return NULL;
}

/* Whole requests, one after the other: both entries are of the same one, and no update is refused. */
static void many_update_one_key(void **state)
{
    struct secrets *s = *state;
    struct worker workers[6];
    make(s, "my-key", "PRIVATE_KEY", keys.rsa_private);
    for (int i = 0; i < 6; i++) {
        workers[i] = (struct worker){ .s = s, .number = i };
        assert_int_equal(0, pthread_create(&workers[i].thread, NULL, update_often, &workers[i]));
    }
    for (int i = 0; i < 6; i++)
        pthread_join(workers[i].thread, NULL);
    struct ward_crypto_key_view view = get(s, "my-key");
    assert_int_equal(2, view.entry_count);
    assert_true(ward_span_equal(view.entries[0].alias, view.entries[1].alias));
    char last[64];
    snprintf(last, sizeof(last), "%s", deployed(s, "production", "my-key"));
    assert_span(last, view.entries[0].alias);
    assert_string_equal(last, deployed(s, "test", "my-key"));
}

/* ---- material ---- */

static void write_text(char *text, size_t size, EVP_PKEY *key, enum key_form form, const char *passphrase)
{
    WARD_BUFFER out = text_new();
    write_key(key, form, true, passphrase, &out);
    snprintf(text, size, "%.*s", (int)out.size, out.data);
}

static void draw_material(void)
{
    EVP_PKEY *rsa = draw_key("RSA"), *ec = draw_key("P-256"), *small = draw_key("RSA1024");
    WARD_BUFFER der = text_new();
    WARD_BUFFER spaced = text_new();
    WARD_BUFFER secret = text_new();
    write_text(keys.rsa_private, sizeof(keys.rsa_private), rsa, FORM_PKCS8, NULL);
    write_text(keys.rsa_public, sizeof(keys.rsa_public), rsa, FORM_SPKI, NULL);
    write_text(keys.ec_private, sizeof(keys.ec_private), ec, FORM_PKCS8, NULL);
    write_text(keys.ec_public, sizeof(keys.ec_public), ec, FORM_SPKI, NULL);
    write_text(keys.encrypted, sizeof(keys.encrypted), rsa, FORM_PKCS8, "word");
    write_text(keys.small, sizeof(keys.small), small, FORM_PKCS8, NULL);
    write_key(rsa, FORM_PKCS8, false, NULL, &der);
    wrap_base64(ward_buffer_span(&der), " ", &spaced);
    snprintf(keys.der_with_spaces, sizeof(keys.der_with_spaces), "%.*s", (int)spaced.size, spaced.data);
    ward_base64_encode(ward_span_of(keys.rsa_private), &secret);
    snprintf(keys.secret_of_pem, sizeof(keys.secret_of_pem), "%.*s", (int)secret.size, secret.data);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        secrets_case(a_key_is_made_deployed_and_shown_without_content),
        secrets_case(keys_not_made),
        secrets_case(what_clients_really_send_is_taken),
        secrets_case(the_algorithm_of_a_secret),
        secrets_case(a_list_that_is_omitted_leaves_the_entries),
        secrets_case(a_list_is_the_whole_set),
        secrets_case(an_entry_without_content_keeps_what_is_stored),
        secrets_case(an_empty_list_empties_and_an_empty_body_does_not),
        secrets_case(names_of_an_update),
        secrets_case(another_type_is_checked_with_what_is_stored),
        secrets_case(all_or_nothing),
        secrets_case(choices_that_are_unknown),
        secrets_case(rights),
        secrets_case(delete_undeploys_and_frees_the_name),
        secrets_case(lists_run_by_name),
        secrets_case(exports),
        secrets_case(imports_merge),
        secrets_case(a_replica_that_cannot_is_named_and_the_key_is_stored),
        secrets_case(many_update_one_key),
    };
    draw_material();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
