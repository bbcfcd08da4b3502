/* Rows of environments, keys, JWKs and API proxies, through store/environments.h, on every backend. */
#include "backend.h"

#include "store/environments.h"

/* ---- one call as one session ---- */

WRITE_CALL(insert_environment, ward_store_environment_insert, struct ward_environment)
WRITE_CALL(update_environment, ward_store_environment_update, struct ward_environment)
WRITE_CALL(remove_environment, ward_store_environment_remove, struct ward_environment)
WRITE_CALL(insert_crypto_key, ward_store_crypto_key_insert, struct ward_crypto_key)
WRITE_CALL(update_crypto_key, ward_store_crypto_key_update, struct ward_crypto_key)
WRITE_CALL(remove_crypto_key, ward_store_crypto_key_remove, struct ward_crypto_key)
WRITE_CALL(insert_jwk, ward_store_jwk_insert, struct ward_jwk)
WRITE_CALL(update_jwk, ward_store_jwk_update, struct ward_jwk)
WRITE_CALL(remove_jwk, ward_store_jwk_remove, struct ward_jwk)
WRITE_CALL(insert_proxy, ward_store_api_proxy_insert, struct ward_api_proxy)
WRITE_CALL(update_proxy, ward_store_api_proxy_update, struct ward_api_proxy)
WRITE_CALL(remove_proxy, ward_store_api_proxy_remove, struct ward_api_proxy)
GET_CALL(get_environment, ward_store_environment_get, struct ward_object_id, struct ward_environment)
GET_CALL(get_crypto_key, ward_store_crypto_key_get, struct ward_object_id, struct ward_crypto_key)
GET_CALL(get_jwk, ward_store_jwk_get, struct ward_object_id, struct ward_jwk)
GET_CALL(get_proxy, ward_store_api_proxy_get, struct ward_object_id, struct ward_api_proxy)

struct find_call {
    struct fixture *f;
    const struct ward_uuid *owner;
    struct ward_span name;
    void *ret;
};

#define FIND_CALL(finder, function, type)                                                                              \
    static enum ward_status work_##finder(struct ward_store_session *s, void *arg)                                     \
    {                                                                                                                  \
        struct find_call *call = arg;                                                                                  \
        return function(s, call->owner, call->name, &call->f->pool, (type *)call->ret);                                \
    }                                                                                                                  \
    static enum ward_status finder(struct fixture *f, const struct ward_uuid *owner, const char *text, type *ret)      \
    {                                                                                                                  \
        struct find_call call = { f, owner, ward_span_of(text), ret };                                                 \
        return ward_store_read(f->store, work_##finder, &call);                                                        \
    }

FIND_CALL(find_environment, ward_store_environment_find, struct ward_environment)
FIND_CALL(find_crypto_key, ward_store_crypto_key_find, struct ward_crypto_key)
FIND_CALL(find_jwk, ward_store_jwk_find, struct ward_jwk)
FIND_CALL(find_proxy, ward_store_api_proxy_find, struct ward_api_proxy)

/* ---- what a list gives: names, one behind the other ---- */

struct names {
    char text[1024];
    size_t count;
};

static void add_name(struct names *names, struct ward_span name)
{
    size_t at = strlen(names->text);
    snprintf(names->text + at, sizeof names->text - at, "%s%.*s", names->count ? " " : "", (int)name.size, name.data);
    names->count++;
}

#define NAMES_VISIT(visitor, type)                                                                                     \
    static enum ward_status visitor(const type *object, void *arg)                                                     \
    {                                                                                                                  \
        add_name(arg, object->name);                                                                                   \
        return WARD_OK;                                                                                                \
    }
NAMES_VISIT(note_environment, struct ward_environment)
NAMES_VISIT(note_crypto_key, struct ward_crypto_key)
NAMES_VISIT(note_jwk, struct ward_jwk)
NAMES_VISIT(note_proxy, struct ward_api_proxy)

enum list {
    LIST_ENVIRONMENTS,
    LIST_KEYS,
    LIST_JWKS,
    LIST_PROXIES,
    LIST_KEYS_OF_ENVIRONMENT,
    LIST_JWKS_OF_SOURCE,
    LIST_PROXIES_OF_LOOKUP,
    LIST_PROXIES_OF_PUBLIC_KEY
};

struct list_call {
    struct fixture *f;
    enum list which;
    const void *of;
    struct ward_span after;
    size_t max;
    struct names names;
};

static enum ward_status work_list(struct ward_store_session *s, void *arg)
{
    struct list_call *c = arg;
    struct names *names = &c->names;
    switch (c->which) {
    case LIST_ENVIRONMENTS:
        return ward_store_environment_list(s, c->of, &c->f->pool, note_environment, names);
    case LIST_KEYS:
        return ward_store_crypto_key_list(s, c->of, c->after, c->max, note_crypto_key, names);
    case LIST_JWKS:
        return ward_store_jwk_list(s, c->of, c->after, c->max, note_jwk, names);
    case LIST_PROXIES:
        return ward_store_api_proxy_list(s, c->of, c->after, c->max, note_proxy, names);
    case LIST_KEYS_OF_ENVIRONMENT:
        return ward_store_crypto_key_walk(s, c->of, NULL, c->max, note_crypto_key, names);
    case LIST_JWKS_OF_SOURCE:
        return ward_store_jwk_of_source(s, c->of, note_jwk, names);
    case LIST_PROXIES_OF_LOOKUP:
        return ward_store_api_proxy_of_lookup(s, c->of, note_proxy, names);
    case LIST_PROXIES_OF_PUBLIC_KEY:
        return ward_store_api_proxy_of_public_key(s, &c->f->account.id, ward_span_of(c->of), note_proxy, names);
    }
    return WARD_INTERNAL;
}

static void assert_list(struct fixture *f, const char *expected, enum list which, const void *of, const char *after,
                        size_t max)
{
    struct list_call call = { .f = f, .which = which, .of = of, .after = ward_span_of(after), .max = max };
    assert_ok(ward_store_read(f->store, work_list, &call));
    assert_string_equal(expected, call.names.text);
}

/* ---- samples ---- */

static const struct ward_replica some_replicas[] = { { WARD_SPAN_INIT("edge"), WARD_SPAN_INIT("/srv/edge") },
                                                     { WARD_SPAN_INIT("embedded"), { NULL, 0 } } };

static struct ward_object_id new_id(void)
{
    struct ward_object_id id = { 0 };
    assert_ok(ward_object_id_new(&id));
    return id;
}

static struct ward_environment sample_environment(struct fixture *f, const char *name)
{
    return (struct ward_environment){ .id = new_id(),
                                      .account_id = f->account.id,
                                      .name = ward_span_of(name),
                                      .description = WARD_SPAN("d"),
                                      .type = WARD_ENVIRONMENT_SANDBOX,
                                      .status = WARD_ENVIRONMENT_REPUBLISH_REQUIRED,
                                      .access_url = WARD_SPAN("https://a.example"),
                                      .replicas = some_replicas,
                                      .replica_count = 2,
                                      .provenance = sample_provenance(5000),
                                      .version = 1 };
}

static struct ward_crypto_key sample_crypto_key(struct fixture *f, const char *name,
                                                const struct ward_crypto_key_entry *entries, size_t count)
{
    return (struct ward_crypto_key){ .id = new_id(),
                                     .account_id = f->account.id,
                                     .project_id = f->project.id,
                                     .name = ward_span_of(name),
                                     .description = WARD_SPAN("d"),
                                     .type = WARD_KEY_SECRET,
                                     .algorithm = WARD_KEY_ALGORITHM_DESEDE,
                                     .entries = entries,
                                     .entry_count = count,
                                     .provenance = sample_provenance(6000),
                                     .version = 1 };
}

static struct ward_crypto_key_entry sample_entry(const struct ward_environment *environment, const char *sealed)
{
    return (struct ward_crypto_key_entry){ .environment_id = environment->id,
                                           .alias = WARD_SPAN("a"),
                                           .sealed = ward_span_of(sealed),
                                           .content_version = 1,
                                           .is_material = true };
}

static struct ward_jwk sample_jwk(struct fixture *f, const char *name)
{
    return (struct ward_jwk){ .id = new_id(),
                              .account_id = f->account.id,
                              .project_id = f->project.id,
                              .name = ward_span_of(name),
                              .source = WARD_JWK_SOURCE_PRIVATE_KEY,
                              .type = WARD_JWK_EC,
                              .kid = WARD_SPAN("kid-1"),
                              .use = WARD_JWK_USE_SIGNATURE,
                              .algorithm = WARD_SPAN("ES256"),
                              .public_json = WARD_SPAN("{\"kty\":\"EC\"}"),
                              .sealed = WARD_SPAN("sealed"),
                              .sealed_version = 1,
                              .not_before_ms = WARD_TIME_NONE,
                              .expires_ms = 99000,
                              .provenance = sample_provenance(7000),
                              .version = 1 };
}

static struct ward_api_proxy sample_proxy(struct fixture *f, const char *name, int64_t created_ms)
{
    return (struct ward_api_proxy){ .id = new_id(),
                                    .account_id = f->account.id,
                                    .project_id = f->project.id,
                                    .name = ward_span_of(name),
                                    .type = WARD_PROXY_GRPC,
                                    .creation = WARD_PROXY_EMPTY,
                                    .metadata = WARD_SPAN("{\"a\":1.0}"),
                                    .provenance = sample_provenance(created_ms),
                                    .version = 1 };
}

static void give_pair(struct ward_api_proxy *proxy, const char *public_key, const struct ward_lookup *lookup)
{
    proxy->public_key = ward_span_of(public_key);
    proxy->sealed = WARD_SPAN("sealed secret");
    proxy->sealed_version = proxy->version;
    proxy->lookup = ward_span((const char *)lookup->bytes, WARD_LOOKUP_BYTES);
}

/* Two environments: "prod" and "test". */
static void make_environments(struct fixture *f, struct ward_environment ret[2])
{
    ret[0] = sample_environment(f, "prod");
    ret[1] = sample_environment(f, "test");
    assert_ok(insert_environment(f, &ret[0]));
    assert_ok(insert_environment(f, &ret[1]));
}

/* ---- environments ---- */

static void test_an_environment_comes_back(void **state)
{
    struct fixture *f = *state;
    struct ward_environment environment = sample_environment(f, "prod"), found;
    environment.projects = &f->project.id;
    environment.project_count = 1;
    assert_ok(insert_environment(f, &environment));
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            assert_ok(get_environment(f, &environment.id, &found));
        } else {
            assert_ok(find_environment(f, &f->account.id, "prod", &found));
        }
        assert_true(ward_object_id_equal(&environment.id, &found.id));
        assert_true(ward_uuid_equal(&f->account.id, &found.account_id));
        assert_span("prod", found.name);
        assert_span("d", found.description);
        assert_span("https://a.example", found.access_url);
        assert_int_equal(WARD_ENVIRONMENT_SANDBOX, found.type);
        assert_int_equal(WARD_ENVIRONMENT_REPUBLISH_REQUIRED, found.status);
        assert_int_equal(1, found.project_count);
        assert_true(ward_uuid_equal(&f->project.id, &found.projects[0]));
        assert_int_equal(2, found.replica_count);
        assert_span("edge", found.replicas[0].name);
        assert_span("/srv/edge", found.replicas[0].directory);
        assert_span("embedded", found.replicas[1].name);
        assert_null(found.replicas[1].directory.data);
        assert_int_equal(1, found.version);
        assert_int_equal(5000, found.provenance.created_ms);
    }
    assert_status(WARD_NOT_FOUND, find_environment(f, &f->account.id, "Prod", &found));
    assert_status(WARD_NOT_FOUND, find_environment(f, &f->project.id, "prod", &found));
}

static void test_environments_are_refused(void **state)
{
    struct fixture *f = *state;
    struct ward_environment environments[2], other = sample_environment(f, "prod"), found;
    make_environments(f, environments);
    assert_status(WARD_CONFLICT, insert_environment(f, &other)); /* the name */
    other.name = WARD_SPAN("more");
    other.id = environments[0].id;
    assert_status(WARD_CONFLICT, insert_environment(f, &other)); /* the id */
    other = sample_environment(f, "more");
    other.account_id = f->project.id;
    assert_status(WARD_NOT_FOUND, insert_environment(f, &other));
    other = sample_environment(f, "more");
    other.projects = &f->account.id;
    other.project_count = 1;
    assert_status(WARD_NOT_FOUND, insert_environment(f, &other));         /* no such project */
    assert_status(WARD_NOT_FOUND, get_environment(f, &other.id, &found)); /* and nothing of it */
    other = environments[0];
    other.name = WARD_SPAN("test");
    assert_status(WARD_CONFLICT, update_environment(f, &other));
    other = environments[0];
    other.version = 2;
    assert_status(WARD_CONFLICT, update_environment(f, &other));
    assert_status(WARD_CONFLICT, remove_environment(f, &other));
    assert_list(f, "prod test", LIST_ENVIRONMENTS, &f->account.id, NULL, 0);
}

static void test_an_environment_changes_and_goes(void **state)
{
    struct fixture *f = *state;
    struct ward_environment environments[2], found;
    make_environments(f, environments);
    struct ward_environment changed = environments[0];
    changed.name = WARD_SPAN("a");
    changed.type = WARD_ENVIRONMENT_TEST;
    changed.projects = &f->project.id;
    changed.project_count = 1;
    changed.replica_count = 1;
    assert_ok(update_environment(f, &changed));
    assert_ok(get_environment(f, &changed.id, &found));
    assert_span("a", found.name);
    assert_int_equal(WARD_ENVIRONMENT_TEST, found.type);
    assert_int_equal(1, found.project_count);
    assert_int_equal(1, found.replica_count);
    assert_int_equal(2, found.version);
    assert_list(f, "a test", LIST_ENVIRONMENTS, NULL, NULL, 0);
    assert_ok(remove_environment(f, &found));
    assert_status(WARD_NOT_FOUND, get_environment(f, &changed.id, &found));
    assert_list(f, "test", LIST_ENVIRONMENTS, &f->account.id, NULL, 0);
}

static enum ward_status note_account(const struct ward_account *account, void *arg)
{
    add_name(arg, account->name);
    return WARD_OK;
}

static enum ward_status work_without(struct ward_store_session *s, void *arg)
{
    struct list_call *c = arg;
    return ward_store_account_without_environment(s, &c->f->pool, note_account, &c->names);
}

static void test_accounts_without_one(void **state)
{
    struct fixture *f = *state;
    struct list_call call = { .f = f };
    struct ward_account other = sample_account("Beta");
    other.provenance.created_ms = 1500;
    assert_ok(insert_account(f, &other));
    assert_ok(ward_store_read(f->store, work_without, &call));
    assert_string_equal("Acme Beta", call.names.text);
    struct ward_environment environment = sample_environment(f, "prod");
    assert_ok(insert_environment(f, &environment));
    call = (struct list_call){ .f = f };
    assert_ok(ward_store_read(f->store, work_without, &call));
    assert_string_equal("Beta", call.names.text);
}

/* ---- keys ---- */

static void test_a_key_comes_back(void **state)
{
    struct fixture *f = *state;
    struct ward_environment environments[2];
    struct ward_crypto_key found;
    make_environments(f, environments);
    struct ward_crypto_key_entry entries[] = { sample_entry(&environments[1], "second"),
                                               sample_entry(&environments[0], "first") };
    entries[0].alias = WARD_SPAN_NONE;
    entries[0].is_material = false;
    entries[0].content_version = 7;
    struct ward_crypto_key key = sample_crypto_key(f, "k/1", entries, 2);
    assert_ok(insert_crypto_key(f, &key));
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            assert_ok(get_crypto_key(f, &key.id, &found));
        } else {
            assert_ok(find_crypto_key(f, &f->project.id, "k/1", &found));
        }
        assert_true(ward_uuid_equal(&f->project.id, &found.project_id));
        assert_true(ward_uuid_equal(&f->account.id, &found.account_id));
        assert_true(found.is_scope_active);
        assert_span("k/1", found.name);
        assert_span("d", found.description);
        assert_int_equal(WARD_KEY_SECRET, found.type);
        assert_int_equal(WARD_KEY_ALGORITHM_DESEDE, found.algorithm);
        assert_int_equal(2, found.entry_count); /* by the environments' names */
        assert_span("prod", found.entries[0].environment_name);
        assert_span("a", found.entries[0].alias);
        assert_span("first", found.entries[0].sealed);
        assert_true(found.entries[0].is_material);
        assert_span("test", found.entries[1].environment_name);
        assert_null(found.entries[1].alias.data);
        assert_false(found.entries[1].is_material);
        assert_int_equal(7, found.entries[1].content_version);
    }
    struct ward_crypto_key bare = sample_crypto_key(f, "bare", NULL, 0);
    bare.description = WARD_SPAN_NONE;
    bare.algorithm = WARD_KEY_ALGORITHM_NONE;
    assert_ok(insert_crypto_key(f, &bare));
    assert_ok(get_crypto_key(f, &bare.id, &found));
    assert_null(found.description.data);
    assert_int_equal(WARD_KEY_ALGORITHM_NONE, found.algorithm);
    assert_int_equal(0, found.entry_count);
}

static void test_keys_are_refused(void **state)
{
    struct fixture *f = *state;
    struct ward_environment environments[2], nowhere = sample_environment(f, "nowhere");
    make_environments(f, environments);
    struct ward_crypto_key_entry entry = sample_entry(&environments[0], "s"), lost = sample_entry(&nowhere, "s");
    struct ward_crypto_key key = sample_crypto_key(f, "k", &entry, 1), other = sample_crypto_key(f, "k", &entry, 1),
                           found;
    assert_ok(insert_crypto_key(f, &key));
    assert_status(WARD_CONFLICT, insert_crypto_key(f, &other)); /* the name */
    other = sample_crypto_key(f, "l", &lost, 1);
    assert_status(WARD_NOT_FOUND, insert_crypto_key(f, &other)); /* the environment */
    assert_status(WARD_NOT_FOUND, get_crypto_key(f, &other.id, &found));
    other = sample_crypto_key(f, "l", &entry, 1);
    other.project_id = f->account.id;
    assert_status(WARD_NOT_FOUND, insert_crypto_key(f, &other)); /* the project */
    entry.sealed = WARD_SPAN_NONE;
    other = sample_crypto_key(f, "l", &entry, 1);
    assert_status(WARD_INVALID, insert_crypto_key(f, &other)); /* no content */
    other = sample_crypto_key(f, "l", NULL, 0);
    assert_ok(insert_crypto_key(f, &other));
    other.name = WARD_SPAN("k");
    assert_status(WARD_CONFLICT, update_crypto_key(f, &other));
    key.version = 3;
    assert_status(WARD_CONFLICT, update_crypto_key(f, &key));
    assert_status(WARD_CONFLICT, remove_crypto_key(f, &key));
    assert_ok(get_crypto_key(f, &key.id, &found));
    assert_int_equal(1, found.entry_count);
    assert_status(WARD_CONFLICT, remove_environment(f, &environments[0])); /* in use */
    assert_ok(remove_environment(f, &environments[1]));
}

static void test_the_entries_become_those_given(void **state)
{
    struct fixture *f = *state;
    struct ward_environment environments[2];
    struct ward_crypto_key found;
    make_environments(f, environments);
    struct ward_crypto_key_entry first = sample_entry(&environments[0], "old");
    struct ward_crypto_key key = sample_crypto_key(f, "k", &first, 1);
    assert_ok(insert_crypto_key(f, &key));
    struct ward_crypto_key_entry both[] = { sample_entry(&environments[0], "new"),
                                            sample_entry(&environments[1], "more") };
    both[0].content_version = 2;
    key.entries = both;
    key.entry_count = 2;
    key.name = WARD_SPAN("renamed");
    assert_ok(update_crypto_key(f, &key));
    assert_ok(find_crypto_key(f, &f->project.id, "renamed", &found));
    assert_int_equal(2, found.version);
    assert_int_equal(2, found.entry_count);
    assert_span("new", found.entries[0].sealed);
    assert_int_equal(2, found.entries[0].content_version);
    assert_status(WARD_NOT_FOUND, find_crypto_key(f, &f->project.id, "k", &found));
    key.version = 2;
    key.entries = &both[1];
    key.entry_count = 1;
    assert_ok(update_crypto_key(f, &key));
    assert_ok(get_crypto_key(f, &key.id, &found));
    assert_int_equal(1, found.entry_count);
    assert_span("test", found.entries[0].environment_name);
    assert_list(f, "", LIST_KEYS_OF_ENVIRONMENT, &environments[0].id, NULL, SIZE_MAX);
    assert_list(f, "renamed", LIST_KEYS_OF_ENVIRONMENT, &environments[1].id, NULL, SIZE_MAX);
    assert_ok(remove_crypto_key(f, &found));
    assert_status(WARD_NOT_FOUND, get_crypto_key(f, &key.id, &found));
    assert_list(f, "", LIST_KEYS_OF_ENVIRONMENT, &environments[1].id, NULL, SIZE_MAX);
    assert_ok(remove_environment(f, &environments[1])); /* nothing is left of it */
}

/* Names run by their bytes: upper case before lower, é behind z. */
static void test_lists_run_by_name(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "b", "a", "B", "\xC3\xA9", "a b", "z" };
    struct ward_project other = sample_project(&f->account, "other");
    assert_ok(insert_project(f, &other));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct ward_crypto_key key = sample_crypto_key(f, names[i], NULL, 0);
        struct ward_jwk jwk = sample_jwk(f, names[i]);
        struct ward_api_proxy proxy = sample_proxy(f, names[i], 8000);
        assert_ok(insert_crypto_key(f, &key));
        assert_ok(insert_jwk(f, &jwk));
        assert_ok(insert_proxy(f, &proxy));
    }
    struct ward_crypto_key elsewhere = sample_crypto_key(f, "a", NULL, 0);
    elsewhere.project_id = other.id;
    assert_ok(insert_crypto_key(f, &elsewhere)); /* a name is unique in its project only */
    for (enum list which = LIST_KEYS; which <= LIST_PROXIES; which++) {
        assert_list(f, "B a a b b z \xC3\xA9", which, &f->project.id, NULL, SIZE_MAX);
        assert_list(f, "B a", which, &f->project.id, NULL, 2);
        assert_list(f, "a b b", which, &f->project.id, "a", 2);
        assert_list(f, "\xC3\xA9", which, &f->project.id, "z", SIZE_MAX);
        assert_list(f, "", which, &f->project.id, "\xC3\xA9", SIZE_MAX);
    }
    assert_list(f, "a", LIST_KEYS, &other.id, NULL, SIZE_MAX);
}

struct walk {
    struct ward_object_id last;
    bool has_last;
    size_t count, slice, max;
    const struct ward_object_id *environment;
};

static enum ward_status note_walked(const struct ward_crypto_key *key, void *arg)
{
    struct walk *walk = arg;
    if (walk->has_last && strcmp(walk->last.text, key->id.text) >= 0) {
        return WARD_INTERNAL;
    }
    walk->last = key->id;
    walk->has_last = true;
    walk->slice++;
    return WARD_OK;
}

static enum ward_status work_walk(struct ward_store_session *s, void *arg)
{
    struct walk *walk = arg;
    struct ward_object_id after = walk->last;
    walk->slice = 0;
    return ward_store_crypto_key_walk(s, walk->environment, walk->has_last ? &after : NULL, walk->max, note_walked,
                                      walk);
}

static void test_walks_go_in_slices(void **state)
{
    struct fixture *f = *state;
    struct ward_environment environments[2];
    make_environments(f, environments);
    struct ward_crypto_key_entry entry = sample_entry(&environments[0], "s");
    for (int i = 0; i < 7; i++) {
        char name[8];
        snprintf(name, sizeof name, "k%d", i);
        struct ward_crypto_key key = sample_crypto_key(f, name, &entry, i < 5 ? 1 : 0);
        assert_ok(insert_crypto_key(f, &key));
    }
    for (int all = 0; all < 2; all++) {
        struct walk walk = { .max = 2, .environment = all ? NULL : &environments[0].id };
        do {
            assert_ok(ward_store_read(f->store, work_walk, &walk));
            walk.count += walk.slice;
        } while (walk.slice == walk.max);
        assert_int_equal(all ? 7 : 5, walk.count);
    }
}

static void test_a_closed_project_shows(void **state)
{
    struct fixture *f = *state;
    struct ward_crypto_key key = sample_crypto_key(f, "k", NULL, 0), found;
    struct ward_jwk jwk = sample_jwk(f, "j"), found_jwk;
    struct ward_api_proxy proxy = sample_proxy(f, "p", 8000), found_proxy;
    struct ward_lookup lookup;
    assert_ok(ward_random(lookup.bytes, WARD_LOOKUP_BYTES));
    give_pair(&proxy, "pub", &lookup);
    assert_ok(insert_crypto_key(f, &key));
    assert_ok(insert_jwk(f, &jwk));
    assert_ok(insert_proxy(f, &proxy));
    assert_list(f, "p", LIST_PROXIES_OF_LOOKUP, &lookup, NULL, 0);
    f->project.is_active = false;
    assert_ok(update_project(f, &f->project));
    assert_ok(get_crypto_key(f, &key.id, &found));
    assert_ok(get_jwk(f, &jwk.id, &found_jwk));
    assert_ok(get_proxy(f, &proxy.id, &found_proxy));
    assert_false(found.is_scope_active || found_jwk.is_scope_active || found_proxy.is_scope_active);
    assert_list(f, "", LIST_PROXIES_OF_LOOKUP, &lookup, NULL, 0); /* nobody's pair any more */
}

/* ---- JWKs ---- */

static void test_a_jwk_comes_back(void **state)
{
    struct fixture *f = *state;
    struct ward_jwk jwk = sample_jwk(f, "j"), found;
    jwk.source_id = new_id();
    jwk.source_environment_id = new_id();
    assert_ok(insert_jwk(f, &jwk));
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            assert_ok(get_jwk(f, &jwk.id, &found));
        } else {
            assert_ok(find_jwk(f, &f->project.id, "j", &found));
        }
        assert_null(found.description.data);
        assert_int_equal(WARD_JWK_SOURCE_PRIVATE_KEY, found.source);
        assert_true(ward_object_id_equal(&jwk.source_id, &found.source_id));
        assert_true(ward_object_id_equal(&jwk.source_environment_id, &found.source_environment_id));
        assert_null(found.source_url.data);
        assert_int_equal(WARD_JWK_EC, found.type);
        assert_span("kid-1", found.kid);
        assert_int_equal(WARD_JWK_USE_SIGNATURE, found.use);
        assert_span("ES256", found.algorithm);
        assert_span("{\"kty\":\"EC\"}", found.public_json);
        assert_span("sealed", found.sealed);
        assert_int_equal(1, found.sealed_version);
        assert_int_equal(WARD_TIME_NONE, found.not_before_ms);
        assert_int_equal(99000, found.expires_ms);
        assert_true(found.is_scope_active);
    }
    struct ward_jwk bare = { .id = new_id(),
                             .account_id = f->account.id,
                             .project_id = f->project.id,
                             .name = WARD_SPAN("bare"),
                             .type = WARD_JWK_OCT,
                             .source_url = WARD_SPAN("https://a.example/jwks"),
                             .not_before_ms = WARD_TIME_NONE,
                             .expires_ms = WARD_TIME_NONE,
                             .provenance = sample_provenance(7000),
                             .version = 1 };
    assert_ok(insert_jwk(f, &bare));
    assert_ok(get_jwk(f, &bare.id, &found));
    assert_true(ward_object_id_is_none(&found.source_id));
    assert_int_equal(WARD_JWK_USE_NONE, found.use);
    assert_null(found.kid.data);
    assert_null(found.algorithm.data);
    assert_null(found.public_json.data);
    assert_null(found.sealed.data);
    assert_span("https://a.example/jwks", found.source_url);
}

static void test_jwks_change_follow_and_go(void **state)
{
    struct fixture *f = *state;
    struct ward_object_id source = new_id(), other_source = new_id();
    struct ward_project other = sample_project(&f->account, "other");
    assert_ok(insert_project(f, &other));
    struct ward_jwk jwks[4], found;
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = { "b", "a", "c", "d" };
        jwks[i] = sample_jwk(f, names[i]);
        jwks[i].source_id = i < 3 ? source : other_source;
        if (i == 2) {
            jwks[i].project_id = other.id;
        }
        assert_ok(insert_jwk(f, &jwks[i]));
    }
    bool is_first = memcmp(f->project.id.bytes, other.id.bytes, WARD_UUID_BYTES) < 0;
    assert_list(f, is_first ? "a b c" : "c a b", LIST_JWKS_OF_SOURCE, &source, NULL, 0);
    assert_status(WARD_CONFLICT, insert_jwk(f, &jwks[0]));
    jwks[0].source_id = (struct ward_object_id){ 0 };
    jwks[0].name = WARD_SPAN("a");
    assert_status(WARD_CONFLICT, update_jwk(f, &jwks[0]));
    jwks[0].name = WARD_SPAN("x");
    jwks[0].sealed = WARD_SPAN("other seal");
    jwks[0].sealed_version = 2;
    assert_ok(update_jwk(f, &jwks[0]));
    assert_status(WARD_CONFLICT, update_jwk(f, &jwks[0])); /* the version moved on */
    assert_ok(find_jwk(f, &f->project.id, "x", &found));
    assert_int_equal(2, found.version);
    assert_span("other seal", found.sealed);
    assert_list(f, is_first ? "a c" : "c a", LIST_JWKS_OF_SOURCE, &source, NULL, 0);
    assert_status(WARD_CONFLICT, remove_jwk(f, &jwks[0]));
    assert_ok(remove_jwk(f, &found));
    assert_status(WARD_NOT_FOUND, get_jwk(f, &found.id, &found));
    assert_list(f, "a d", LIST_JWKS, &f->project.id, NULL, SIZE_MAX);
}

/* ---- API proxies ---- */

static void test_a_proxy_comes_back(void **state)
{
    struct fixture *f = *state;
    struct ward_environment environments[2];
    struct ward_lookup lookup;
    make_environments(f, environments);
    assert_ok(ward_random(lookup.bytes, WARD_LOOKUP_BYTES));
    struct ward_api_proxy_deployment deployments[] = {
        { .environment_id = environments[1].id, .deployed_ms = WARD_TIME_NONE, .redeploy_required = true },
        { .environment_id = environments[0].id, .is_deployed = true, .deployed_ms = 8500, .revision = 41 },
    };
    struct ward_api_proxy proxy = sample_proxy(f, "MyAPI", 8000), found;
    proxy.description = WARD_SPAN("d");
    proxy.deployments = deployments;
    proxy.deployment_count = 2;
    give_pair(&proxy, " pub ", &lookup);
    assert_ok(insert_proxy(f, &proxy));
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            assert_ok(get_proxy(f, &proxy.id, &found));
        } else {
            assert_ok(find_proxy(f, &f->project.id, "MyAPI", &found));
        }
        assert_int_equal(WARD_ENV_TEST, found.env);
        assert_span("d", found.description);
        assert_int_equal(WARD_PROXY_GRPC, found.type);
        assert_int_equal(WARD_PROXY_EMPTY, found.creation);
        assert_span("{\"a\":1.0}", found.metadata);
        assert_span(" pub ", found.public_key);
        assert_span("sealed secret", found.sealed);
        assert_true(ward_span_equal(proxy.lookup, found.lookup));
        assert_int_equal(2, found.deployment_count);
        assert_span("prod", found.deployments[0].environment_name);
        assert_true(found.deployments[0].is_deployed);
        assert_int_equal(8500, found.deployments[0].deployed_ms);
        assert_int_equal(41, found.deployments[0].revision);
        assert_false(found.deployments[1].is_deployed);
        assert_true(found.deployments[1].redeploy_required);
        assert_int_equal(WARD_TIME_NONE, found.deployments[1].deployed_ms);
    }
    assert_status(WARD_CONFLICT, remove_environment(f, &environments[0]));
    found.deployments = &deployments[0];
    found.deployment_count = 1;
    assert_ok(update_proxy(f, &found));
    assert_ok(remove_environment(f, &environments[0]));
    assert_ok(get_proxy(f, &proxy.id, &found));
    assert_int_equal(1, found.deployment_count);
    assert_ok(remove_proxy(f, &found));
    assert_ok(remove_environment(f, &environments[1]));
}

static void test_proxies_are_refused(void **state)
{
    struct fixture *f = *state;
    struct ward_lookup lookup = { { 1 } };
    struct ward_environment nowhere = sample_environment(f, "nowhere");
    struct ward_api_proxy_deployment lost = { .environment_id = nowhere.id };
    struct ward_api_proxy proxy = sample_proxy(f, "p", 8000), other = sample_proxy(f, "p", 8000), found;
    assert_ok(insert_proxy(f, &proxy));
    assert_status(WARD_CONFLICT, insert_proxy(f, &other));
    other = sample_proxy(f, "q", 8000);
    other.deployments = &lost;
    other.deployment_count = 1;
    assert_status(WARD_NOT_FOUND, insert_proxy(f, &other));
    assert_status(WARD_NOT_FOUND, get_proxy(f, &other.id, &found));
    other = sample_proxy(f, "q", 8000);
    other.public_key = WARD_SPAN("half a pair");
    assert_ok(insert_proxy(f, &other));
    other.lookup = ward_span((const char *)lookup.bytes, WARD_LOOKUP_BYTES);
    assert_status(WARD_INVALID, update_proxy(f, &other)); /* a lookup without a pair */
    give_pair(&other, "pub", &lookup);
    other.lookup = WARD_SPAN_NONE;
    assert_status(WARD_INVALID, update_proxy(f, &other)); /* a pair without its lookup */
    proxy.version = 2;
    assert_status(WARD_CONFLICT, update_proxy(f, &proxy));
    assert_status(WARD_CONFLICT, remove_proxy(f, &proxy));
}

/* One pair may stand with several: the oldest holder comes first, and the next one takes over. */
static void test_the_oldest_holder_comes_first(void **state)
{
    struct fixture *f = *state;
    struct ward_lookup lookup, other;
    assert_ok(ward_random(lookup.bytes, WARD_LOOKUP_BYTES));
    assert_ok(ward_random(other.bytes, WARD_LOOKUP_BYTES));
    struct ward_api_proxy young = sample_proxy(f, "young", 9000), old = sample_proxy(f, "old", 8000),
                          same_key = sample_proxy(f, "same-key", 7000);
    give_pair(&young, "pub", &lookup);
    give_pair(&old, "pub", &lookup);
    give_pair(&same_key, "pub", &other);
    assert_ok(insert_proxy(f, &young));
    assert_ok(insert_proxy(f, &old));
    assert_ok(insert_proxy(f, &same_key));
    assert_list(f, "old young", LIST_PROXIES_OF_LOOKUP, &lookup, NULL, 0);
    assert_list(f, "same-key old young", LIST_PROXIES_OF_PUBLIC_KEY, "pub", NULL, 0);
    assert_list(f, "", LIST_PROXIES_OF_PUBLIC_KEY, "Pub", NULL, 0);
    assert_ok(remove_proxy(f, &old));
    assert_list(f, "young", LIST_PROXIES_OF_LOOKUP, &lookup, NULL, 0);
}

/* ---- what shuts out ---- */

static enum ward_status work_shuts_out(struct ward_store_session *s, void *arg)
{
    return ward_store_environment_shuts_out(s, arg);
}

static void test_who_is_shut_out(void **state)
{
    struct fixture *f = *state;
    struct ward_project other = sample_project(&f->account, "other");
    assert_ok(insert_project(f, &other));
    for (int proxy_too = 0; proxy_too < 2; proxy_too++) {
        struct ward_environment environment = sample_environment(f, proxy_too ? "two" : "one");
        assert_ok(insert_environment(f, &environment));
        struct ward_crypto_key_entry entry = sample_entry(&environment, "s");
        struct ward_api_proxy_deployment deployment = { .environment_id = environment.id };
        if (proxy_too) {
            struct ward_api_proxy proxy = sample_proxy(f, "p", 8000);
            proxy.deployments = &deployment;
            proxy.deployment_count = 1;
            assert_ok(insert_proxy(f, &proxy));
        } else {
            struct ward_crypto_key key = sample_crypto_key(f, "k", &entry, 1);
            assert_ok(insert_crypto_key(f, &key));
        }
        assert_status(WARD_NOT_FOUND, ward_store_read(f->store, work_shuts_out, &environment.id)); /* open to all */
        environment.projects = &f->project.id;
        environment.project_count = 1;
        assert_ok(update_environment(f, &environment));
        assert_status(WARD_NOT_FOUND, ward_store_read(f->store, work_shuts_out, &environment.id));
        environment.projects = &other.id;
        environment.version = 2;
        assert_ok(update_environment(f, &environment));
        assert_ok(ward_store_read(f->store, work_shuts_out, &environment.id));
    }
}

/* ---- credentials: grants and issuers ---- */

static struct ward_credential sample_token(struct fixture *f, uint32_t grants, int64_t expires_ms)
{
    static uint8_t lookups[16][WARD_LOOKUP_BYTES];
    static size_t next;
    struct ward_credential token = { .kind = WARD_CREDENTIAL_TOKEN,
                                     .account_id = f->account.id,
                                     .role = WARD_ROLE_NONE,
                                     .grants = grants,
                                     .name = WARD_SPAN("t"),
                                     .is_active = true,
                                     .expires_ms = expires_ms,
                                     .provenance = sample_provenance(1000),
                                     .version = 1 };
    assert_ok(ward_uuid_new(&token.id));
    uint8_t *lookup = lookups[next++ % 16];
    assert_ok(ward_random(lookup, WARD_LOOKUP_BYTES));
    token.lookup = ward_span((const char *)lookup, WARD_LOOKUP_BYTES);
    return token;
}

static void test_grants_come_back(void **state)
{
    struct fixture *f = *state;
    static const uint32_t rows[] = { 0, WARD_RIGHT_SECRETS_MANAGE,
                                     WARD_RIGHT_SECRETS_MANAGE | WARD_RIGHT_API_DEPLOY | WARD_RIGHT_ENVIRONMENT_WRITE };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ward_credential token = sample_token(f, rows[i], WARD_TIME_NONE), found;
        assert_ok(insert_credential(f, &token));
        assert_ok(get_credential(f, &token.id, &found));
        assert_int_equal(rows[i], found.grants);
        assert_true(ward_uuid_is_nil(&found.issued_by));
        token.grants = WARD_RIGHT_API_VIEW;
        assert_ok(update_credential(f, &token));
        assert_ok(get_credential(f, &token.id, &found));
        assert_int_equal(WARD_RIGHT_API_VIEW, found.grants);
    }
}

struct sweep {
    size_t count;
    int64_t now_ms;
    struct ward_uuid last;
};

static enum ward_status note_token(const struct ward_credential *token, void *arg)
{
    struct sweep *sweep = arg;
    sweep->count++;
    sweep->last = token->id;
    return WARD_OK;
}

static enum ward_status work_expired(struct ward_store_session *s, void *arg)
{
    struct sweep *sweep = arg;
    return ward_store_credential_expired(s, sweep->now_ms, 10, note_token, sweep);
}

static enum ward_status work_forget(struct ward_store_session *s, void *arg)
{
    return ward_store_credential_forget(s, arg);
}

static void test_issued_tokens_are_forgotten(void **state)
{
    struct fixture *f = *state;
    struct ward_credential own = sample_token(f, 0, 2000), issued = sample_token(f, 0, 2000), found;
    issued.issued_by = own.id;
    assert_ok(insert_credential(f, &own));
    assert_ok(insert_credential(f, &issued));
    struct sweep sweep = { .now_ms = 1999 };
    assert_ok(ward_store_read(f->store, work_expired, &sweep));
    assert_int_equal(0, sweep.count);
    sweep.now_ms = 2000;
    assert_ok(ward_store_read(f->store, work_expired, &sweep));
    assert_int_equal(1, sweep.count);
    assert_true(ward_uuid_equal(&issued.id, &sweep.last));
    assert_status(WARD_NOT_FOUND, ward_store_write(f->store, work_forget, &own.id, NULL)); /* no issued one */
    assert_ok(ward_store_write(f->store, work_forget, &issued.id, NULL));
    assert_status(WARD_NOT_FOUND, get_credential(f, &issued.id, &found));
    assert_ok(get_credential(f, &own.id, &found));
}

/* ---- life ---- */

static enum ward_status work_count(struct ward_store_session *s, void *arg)
{
    return ward_store_secrets_count(s, arg);
}

static void test_everything_is_there_again(void **state)
{
    struct fixture *f = *state;
    struct ward_environment environments[2];
    struct ward_secrets_counts counts;
    make_environments(f, environments);
    struct ward_crypto_key_entry entry = sample_entry(&environments[0], "s");
    struct ward_crypto_key key = sample_crypto_key(f, "k", &entry, 1);
    struct ward_jwk jwk = sample_jwk(f, "j");
    struct ward_api_proxy proxy = sample_proxy(f, "p", 8000);
    assert_ok(insert_crypto_key(f, &key));
    assert_ok(insert_jwk(f, &jwk));
    assert_ok(insert_proxy(f, &proxy));
    if (f->backend->is_durable) {
        reopen_store(f);
    }
    assert_ok(ward_store_read(f->store, work_count, &counts));
    assert_int_equal(2, counts.environments);
    assert_int_equal(1, counts.keys);
    assert_int_equal(1, counts.jwks);
    assert_int_equal(1, counts.proxies);
    assert_ok(ward_store_check(f->store));
}

static const struct {
    const char *name;
    void (*test)(void **state);
} cases[] = {
#define CASE(test)                                                                                                     \
    {                                                                                                                  \
#test, test                                                                                                    \
    }
    CASE(test_an_environment_comes_back),
    CASE(test_environments_are_refused),
    CASE(test_an_environment_changes_and_goes),
    CASE(test_accounts_without_one),
    CASE(test_a_key_comes_back),
    CASE(test_keys_are_refused),
    CASE(test_the_entries_become_those_given),
    CASE(test_lists_run_by_name),
    CASE(test_walks_go_in_slices),
    CASE(test_a_closed_project_shows),
    CASE(test_a_jwk_comes_back),
    CASE(test_jwks_change_follow_and_go),
    CASE(test_a_proxy_comes_back),
    CASE(test_proxies_are_refused),
    CASE(test_the_oldest_holder_comes_first),
    CASE(test_who_is_shut_out),
    CASE(test_grants_come_back),
    CASE(test_issued_tokens_are_forgotten),
    CASE(test_everything_is_there_again),
#undef CASE
};

int main(void)
{
    enum { CASE_COUNT = sizeof cases / sizeof *cases, BACKEND_COUNT = sizeof backends / sizeof *backends };
    static struct CMUnitTest tests[CASE_COUNT * BACKEND_COUNT];
    static char names[CASE_COUNT * BACKEND_COUNT][128];
    for (size_t i = 0; i < CASE_COUNT * BACKEND_COUNT; i++) {
        const struct backend *backend = &backends[i / CASE_COUNT];
        size_t which = i % CASE_COUNT;
        snprintf(names[i], sizeof names[i], "%s: %s", backend->name, cases[which].name);
        tests[i] = (struct CMUnitTest){ names[i], cases[which].test, set_up, tear_down, (void *)(uintptr_t)backend };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
