/* A keyset in memory: what is found, held, opened and published. */
#include "support.h"

#include <pthread.h>

static void test_finds_by_name_kid_and_id(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change changes[] = { make_key(s, "one", "AAAA"), make_jwk(s, "one", "kid-1"),
                                            make_jwk(s, "two", "kid-2") };
    apply(s, changes, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(has(s, &changes[i]));
        const struct ward_keyset_entry *entry = ward_keyset_find_id(s->keyset, changes[i].object.kind,
                                                                    &changes[i].object.id);
        assert_non_null(entry);
        assert_int_equal(entry->number, 1);
        ward_keyset_release(entry);
    }
    assert_null(ward_keyset_find(s->keyset, &s->other_project, WARD_DEPLOYED_KEY, WARD_SPAN("one")));
    assert_null(ward_keyset_find(s->keyset, &s->project, WARD_DEPLOYED_KEY, WARD_SPAN("two")));
    assert_null(ward_keyset_find_id(s->keyset, WARD_DEPLOYED_JWK, &changes[0].object.id));
    const struct ward_keyset_entry *entry = ward_keyset_find_kid(s->keyset, &s->project, WARD_SPAN("kid-2"), 0);
    assert_non_null(entry);
    assert_span("two", entry->object.name);
    ward_keyset_release(entry);
    assert_null(ward_keyset_find_kid(s->keyset, &s->project, WARD_SPAN("kid-2"), 1));
    assert_null(ward_keyset_find_kid(s->keyset, &s->other_project, WARD_SPAN("kid-2"), 0));
    assert_int_equal(stats_of(s).keys, 1);
    assert_int_equal(stats_of(s).jwks, 2);
    assert_int_equal(stats_of(s).revision, 7);
}

static void test_one_kid_of_several_the_newest_first(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change old = make_jwk(s, "old", "k"), new = make_jwk(s, "new", "k");
    apply(s, &old, 1);
    apply(s, &new, 1);
    for (int round = 0; round < 2; round++) {
        const struct ward_keyset_entry *first = ward_keyset_find_kid(s->keyset, &s->project, WARD_SPAN("k"), 0);
        const struct ward_keyset_entry *second = ward_keyset_find_kid(s->keyset, &s->project, WARD_SPAN("k"), 1);
        assert_span("new", first->object.name);
        assert_span("old", second->object.name);
        assert_null(ward_keyset_find_kid(s->keyset, &s->project, WARD_SPAN("k"), 2));
        ward_keyset_release(first);
        ward_keyset_release(second);
        struct ward_keyset_failure failure;
        assert_true(ward_keyset_compact(s->keyset, &failure));
        reload(s);
    }
}

static void test_replaces_renames_and_removes(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change change = make_key(s, "name", "AAAA");
    apply(s, &change, 1);
    change.object.name = WARD_SPAN("other name");
    memset(change.object.origin, 9, sizeof(change.object.origin));
    apply(s, &change, 1);
    assert_true(has(s, &change));
    assert_null(ward_keyset_find(s->keyset, &s->project, WARD_DEPLOYED_KEY, WARD_SPAN("name")));
    assert_int_equal(count_all(s), 1);
    struct ward_keyset_change removed = removal_of(&change);
    apply(s, &removed, 1);
    assert_int_equal(count_all(s), 0);
    assert_false(has(s, &change));
    apply(s, &removed, 1); /* what is not there is taken out, too */
    reload(s);
    assert_int_equal(count_all(s), 0);
    assert_int_equal(stats_of(s).number, 4);
}

static void test_the_last_change_of_an_object_counts(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change first = make_key(s, "first", "AAAA"), second = first;
    second.object.name = WARD_SPAN("second");
    const struct ward_keyset_change changes[] = { first, second };
    apply(s, changes, 2);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(count_all(s), 1);
        assert_true(has(s, &second));
        reload(s);
    }
}

static void test_two_names_change_places(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change changes[] = { make_key(s, "a", "AAAA"), make_key(s, "b", "BBBB") };
    apply(s, changes, 2);
    changes[0].object.name = WARD_SPAN("b");
    apply(s, changes, 1); /* two are called b for a moment: the newer one is it */
    assert_true(has(s, &changes[0]));
    changes[1].object.name = WARD_SPAN("a");
    apply(s, changes + 1, 1);
    assert_true(has(s, &changes[0]));
    assert_true(has(s, &changes[1]));
}

static void test_all_is_there_after_a_restart(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change changes[300];
    for (size_t i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof(name), "key %zu", i);
        changes[i] = make_key(s, name, "c2VjcmV0");
        changes[i].object.alias = i % 2 ? WARD_SPAN("alias") : WARD_SPAN_NONE;
        changes[i].object.algorithm = i % 3 ? WARD_SPAN("AES") : WARD_SPAN_NONE;
    }
    apply(s, changes, 100);
    apply(s, changes + 100, 1);
    apply(s, changes + 101, 199);
    reload(s);
    assert_int_equal(count_all(s), 300);
    assert_int_equal(stats_of(s).number, 3);
    assert_int_equal(stats_of(s).revision, 7);
    for (size_t i = 0; i < 300; i++) {
        assert_true(has(s, &changes[i]));
        const struct ward_keyset_entry *entry = ward_keyset_find_id(s->keyset, WARD_DEPLOYED_KEY,
                                                                    &changes[i].object.id);
        assert_true(ward_span_equal(entry->object.alias, changes[i].object.alias));
        assert_int_equal(entry->object.alias.data != NULL, changes[i].object.alias.data != NULL);
        assert_true(ward_span_equal(entry->object.algorithm, changes[i].object.algorithm));
        assert_int_equal(entry->object.expires_ms, WARD_TIME_NONE);
        ward_keyset_release(entry);
    }
}

/* ---- entries and their material ---- */

static void test_a_held_entry_outlives_all(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change change = make_jwk(s, "held", "kid");
    const struct ward_material *material;
    apply(s, &change, 1);
    const struct ward_keyset_entry *entry = ward_keyset_find(s->keyset, &s->project, WARD_DEPLOYED_JWK,
                                                             WARD_SPAN("held"));
    struct ward_keyset_change removed = removal_of(&change);
    apply(s, &removed, 1);
    ward_keyset_close(s->keyset);
    s->keyset = NULL;
    assert_span("held", entry->object.name);
    assert_ok(ward_keyset_material(entry, true, &material)); /* its vault is still there */
    ward_keyset_release(entry);
}

static void test_material_of_both_halves(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change jwk = make_jwk(s, "jwk", "kid"), key = make_key(s, "key", "c2VjcmV0IG9jdGV0cw==");
    const struct ward_keyset_change changes[] = { jwk, key };
    apply(s, changes, 2);
    reload(s);
    const struct ward_material *public_half, *secret_half, *again;
    const struct ward_keyset_entry *entry = ward_keyset_find(s->keyset, &s->project, WARD_DEPLOYED_JWK,
                                                             WARD_SPAN("jwk"));
    assert_ok(ward_keyset_material(entry, false, &public_half));
    assert_ok(ward_keyset_material(entry, true, &secret_half));
    assert_ok(ward_keyset_material(entry, true, &again));
    assert_ptr_equal(secret_half, again); /* parsed once */
    assert_int_equal(ward_material_half(public_half), WARD_MATERIAL_PUBLIC);
    assert_int_equal(ward_material_half(secret_half), WARD_MATERIAL_PRIVATE);
    WARD_BUFFER signature = ward_buffer_new(1024);
    enum ward_material_problem problem;
    bool is_valid = false;
    assert_ok(ward_jose_sign(WARD_ALG_ES256, secret_half, WARD_SPAN("data"), &signature, &problem));
    assert_ok(
        ward_jose_verify(WARD_ALG_ES256, public_half, WARD_SPAN("data"), ward_buffer_span(&signature), &is_valid));
    assert_true(is_valid);
    ward_keyset_release(entry);
    entry = ward_keyset_find(s->keyset, &s->project, WARD_DEPLOYED_KEY, WARD_SPAN("key"));
    assert_ok(ward_keyset_material(entry, false, &public_half)); /* a secret has one half */
    assert_int_equal(ward_material_half(public_half), WARD_MATERIAL_SECRET);
    assert_int_equal(ward_material_bits(public_half), 13 * 8);
    ward_keyset_release(entry);
}

static void test_what_is_no_key_has_no_material(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change opaque = make_key(s, "opaque", "no key at all");
    struct ward_keyset_change public_only = make_jwk(s, "public", "kid");
    opaque.object.half = WARD_MATERIAL_PRIVATE;
    public_only.object.half = WARD_MATERIAL_PUBLIC;
    public_only.secret = WARD_SPAN_NONE;
    const struct ward_keyset_change changes[] = { opaque, public_only };
    const struct ward_material *material;
    apply(s, changes, 2);
    const struct ward_keyset_entry *entry = ward_keyset_find(s->keyset, &s->project, WARD_DEPLOYED_KEY,
                                                             WARD_SPAN("opaque"));
    assert_status(WARD_NOT_FOUND, ward_keyset_material(entry, true, &material));
    ward_keyset_release(entry);
    entry = ward_keyset_find(s->keyset, &s->project, WARD_DEPLOYED_JWK, WARD_SPAN("public"));
    assert_status(WARD_NOT_FOUND, ward_keyset_material(entry, true, &material));
    assert_ok(ward_keyset_material(entry, false, &material));
    ward_keyset_release(entry);
}

static bool holds(const char *bytes, size_t size, struct ward_span text)
{
    return memmem(bytes, size, text.data, text.size) != NULL;
}

static void test_no_secret_lies_in_the_file(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change changes[] = { make_key(s, "key", "VGhpcyBpcyBzZWNyZXQ="), make_jwk(s, "jwk", "kid") };
    size_t size;
    apply(s, changes, 2);
    char *bytes = read_file(s->path, &size);
    assert_true(holds(bytes, size, changes[1].object.public_text));
    assert_false(holds(bytes, size, changes[0].secret));
    assert_false(holds(bytes, size, changes[1].secret));
    const char *d = memmem(changes[1].secret.data, changes[1].secret.size, "\"d\":\"", 5);
    assert_non_null(d);
    assert_false(holds(bytes, size, ward_span(d + 5, 20)));
    free(bytes);
    struct stat about;
    assert_int_equal(stat(s->path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

/* ---- documents ---- */

static const struct ward_keyset_document *document_of(struct scene *s, const struct ward_uuid *project, int64_t now_ms)
{
    const struct ward_keyset_document *document;
    assert_ok(ward_keyset_document(s->keyset, project, now_ms, &document));
    return document;
}

static void expect_document(struct scene *s, int64_t now_ms, const struct ward_keyset_change *const *jwks, size_t count)
{
    WARD_BUFFER text = ward_buffer_new(1 << 20);
    ward_buffer_append_text(&text, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        ward_buffer_append_text(&text, i > 0 ? "," : "");
        ward_buffer_append(&text, jwks[i]->object.public_text);
    }
    ward_buffer_append_text(&text, "]}");
    const struct ward_keyset_document *document = document_of(s, &s->project, now_ms);
    assert_true(ward_span_equal(ward_buffer_span(&text), document->json));
    assert_int_equal(strlen(document->etag), 66);
    ward_keyset_document_release(document);
}

static void test_documents_hold_public_parts_by_name(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change b = make_jwk(s, "b", "kid-b"), a = make_jwk(s, "a", "kid-a"),
                              ab = make_jwk(s, "ab", "kid-ab");
    struct ward_keyset_change oct = make_key(s, "oct", "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}");
    struct ward_keyset_change other = make_jwk(s, "other", "kid-other"), key = make_key(s, "key", "AAAA");
    oct.object.kind = WARD_DEPLOYED_JWK;
    other.object.project_id = s->other_project;
    expect_document(s, NOW_MS, NULL, 0);
    const struct ward_keyset_change changes[] = { b, oct, a, other, key, ab };
    apply(s, changes, 6);
    const struct ward_keyset_change *const all[] = { &a, &ab, &b };
    expect_document(s, NOW_MS, all, 3);
    struct ward_keyset_change removed = removal_of(&ab);
    apply(s, &removed, 1);
    const struct ward_keyset_change *const fewer[] = { &a, &b };
    expect_document(s, NOW_MS, fewer, 2);
    reload(s);
    expect_document(s, NOW_MS, fewer, 2);
}

static void test_documents_change_only_with_their_project(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change first = make_jwk(s, "first", "kid"), second = make_jwk(s, "second", "kid-2");
    second.object.project_id = s->other_project;
    apply(s, &first, 1);
    const struct ward_keyset_document *before = document_of(s, &s->project, NOW_MS);
    apply(s, &second, 1);
    const struct ward_keyset_document *after = document_of(s, &s->project, NOW_MS);
    assert_ptr_equal(before, after);
    second.object.project_id = s->project;
    apply(s, &second, 1); /* it moved: to both sets that is a change */
    const struct ward_keyset_document *with_both = document_of(s, &s->project, NOW_MS);
    assert_string_not_equal(before->etag, with_both->etag);
    ward_keyset_document_release(before);
    ward_keyset_document_release(after);
    ward_keyset_document_release(with_both);
    const struct ward_keyset_document *empty = document_of(s, &s->other_project, NOW_MS);
    assert_span("{\"keys\":[]}", empty->json);
    ward_keyset_document_release(empty);
}

static void test_expired_jwks_leave_the_document(void **state)
{
    struct scene *s = *state;
    struct ward_keyset_change stays = make_jwk(s, "stays", "kid-1"), ends = make_jwk(s, "ends", "kid-2");
    ends.object.expires_ms = NOW_MS + 1000;
    const struct ward_keyset_change changes[] = { stays, ends };
    apply(s, changes, 2);
    const struct ward_keyset_change *const both[] = { &ends, &stays }, *const one[] = { &stays };
    expect_document(s, NOW_MS, both, 2);
    expect_document(s, NOW_MS + 999, both, 2);
    expect_document(s, NOW_MS + 1000, one, 1);
}

/* ---- many threads ---- */

struct crowd {
    struct scene *scene;
    struct ward_keyset_change jwk;
    bool must_stop;
    unsigned finds;
};

static void *read_on(void *arg)
{
    struct crowd *crowd = arg;
    struct ward_keyset *keyset = crowd->scene->keyset;
    const struct ward_uuid *project = &crowd->scene->project;
    while (!__atomic_load_n(&crowd->must_stop, __ATOMIC_RELAXED)) {
        const struct ward_material *material;
        const struct ward_keyset_document *document;
        const struct ward_keyset_entry *entry = ward_keyset_find_kid(keyset, project, WARD_SPAN("kid"), 0);
        assert_non_null(entry); /* it is replaced, never away */
        assert_ok(ward_keyset_material(entry, true, &material));
        ward_keyset_release(entry);
        assert_ok(ward_keyset_document(keyset, project, NOW_MS, &document));
        assert_true(document->json.size > 100);
        ward_keyset_document_release(document);
        __atomic_fetch_add(&crowd->finds, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void test_readers_beside_deployments(void **state)
{
    struct scene *s = *state;
    struct crowd crowd = { .scene = s, .jwk = make_jwk(s, "jwk", "kid") };
    pthread_t threads[3];
    struct ward_keyset_failure failure;
    apply(s, &crowd.jwk, 1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &crowd), 0);
    }
    for (int i = 0; i < 40 || __atomic_load_n(&crowd.finds, __ATOMIC_RELAXED) < 100; i++) {
        crowd.jwk.object.origin[0] = (uint8_t)i;
        apply(s, &crowd.jwk, 1);
        if (i % 10 == 0) {
            assert_true(ward_keyset_compact(s->keyset, &failure));
        }
    }
    __atomic_store_n(&crowd.must_stop, true, __ATOMIC_RELAXED);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* ---- environments ---- */

static void test_served_environments(void **state)
{
    struct scene *s = *state;
    struct ward_served *served;
    struct ward_uuid account, other;
    struct ward_object_id id;
    assert_ok(ward_uuid_new(&account));
    assert_ok(ward_uuid_new(&other));
    assert_ok(ward_object_id_new(&id));
    const struct ward_served_environment list[] = {
        { .id = s->environment, .account_id = account, .name = WARD_SPAN("production"), .keyset = s->keyset },
        { .id = id, .account_id = account, .name = WARD_SPAN("test"), .access_url = WARD_SPAN("https://a.example") },
        { .id = id, .account_id = other, .name = WARD_SPAN("production") },
    };
    assert_ok(ward_served_new(&served));
    ward_served_enter(served);
    assert_null(ward_served_find(served, &account, WARD_SPAN("production")));
    assert_null(ward_served_only(served, &account));
    ward_served_leave(served);
    assert_ok(ward_served_set(served, list, 3));
    ward_served_enter(served);
    const struct ward_served_environment *found = ward_served_find(served, &account, WARD_SPAN("production"));
    assert_ptr_equal(found->keyset, s->keyset);
    assert_ptr_equal(ward_served_find(served, &account, ward_object_id_span(&s->environment)), found);
    assert_span("https://a.example", ward_served_find(served, &account, WARD_SPAN("test"))->access_url);
    assert_null(ward_served_find(served, &other, WARD_SPAN("test")));
    assert_null(ward_served_only(served, &account)); /* has two */
    assert_non_null(ward_served_only(served, &other));
    ward_served_leave(served);
    assert_ok(ward_served_set(served, NULL, 0));
    ward_served_enter(served);
    assert_null(ward_served_find(served, &account, WARD_SPAN("production")));
    ward_served_leave(served);
    ward_served_free(served);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_finds_by_name_kid_and_id),
        TEST(test_one_kid_of_several_the_newest_first),
        TEST(test_replaces_renames_and_removes),
        TEST(test_the_last_change_of_an_object_counts),
        TEST(test_two_names_change_places),
        TEST(test_all_is_there_after_a_restart),
        TEST(test_a_held_entry_outlives_all),
        TEST(test_material_of_both_halves),
        TEST(test_what_is_no_key_has_no_material),
        TEST(test_no_secret_lies_in_the_file),
        TEST(test_documents_hold_public_parts_by_name),
        TEST(test_documents_change_only_with_their_project),
        TEST(test_expired_jwks_leave_the_document),
        TEST(test_readers_beside_deployments),
        TEST(test_served_environments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
