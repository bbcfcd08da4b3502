/* Every write leaves exactly one change entry for each object it touched, without a value in it. */
#include "fixture.h"

static void assert_change(const struct ward_change *change, enum ward_object_kind kind, const char *action,
                          const char *detail)
{
    assert_int_equal(kind, change->kind);
    assert_span(action, change->action);
    assert_span(detail, change->detail);
}

static void test_entries_of_a_keys_life(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key, rotated;
    struct ward_receipt receipt;
    uint64_t start = revision_now(f);
    struct ward_api_key_input input = key_input(f, &f->made.project.id, "first");
    input.has_value = input.has_expiry = true;
    input.value = WARD_SPAN("secret-one");
    input.expires_ms = START_MS + 1000;
    assert_ok(ward_service_key_create(f->service, &f->admin, &input, &f->pool, &key, &receipt));
    struct ward_lookup old;
    memcpy(old.bytes, key.lookups[WARD_SLOT_PRIMARY].data, WARD_LOOKUP_BYTES);
    struct ward_api_key_input update = rename_input("first");
    update.has_value = update.has_metadata = update.has_rate_limit = update.has_expiry = true;
    update.value = WARD_SPAN("secret-two");
    update.metadata = WARD_SPAN("{\"secret\":\"three\"}");
    update.rate_limit = (struct ward_rate_limit){ 1, 1 };
    update.expires_ms = START_MS + 1000; /* the same again */
    assert_ok(update_key(f, &f->admin, WARD_SPAN("secret-one"), &update, &key));
    assert_ok(delete_key(f, &f->admin, WARD_SPAN("secret-two")));
    assert_ok(reactivate_key(f, &f->admin, WARD_SPAN("secret-two"), &key));
    assert_ok(rotate_key(f, &f->admin, WARD_SPAN("secret-two"), &rotated));

    struct seen_changes seen = changes_after(f, start);
    assert_int_equal(6, seen.count);
    const enum ward_object_kind api_key = WARD_OBJECT_API_KEY;
    assert_change(&seen.items[0], api_key, "created", "{\"members\":[\"name\",\"expiry\",\"key\"]}");
    assert_change(&seen.items[1], api_key, "updated",
                  "{\"members\":[\"customMetaData\",\"rateLimitConfigs\",\"key\"]}");
    assert_change(&seen.items[2], api_key, "deleted", "{\"members\":[\"isActive\"]}");
    assert_change(&seen.items[3], api_key, "reactivated", "{\"members\":[\"isActive\"]}");
    assert_change(&seen.items[4], api_key, "rotated", "{\"members\":[\"isActive\"]}");
    assert_change(&seen.items[5], api_key, "created", "{\"members\":[]}");
    for (size_t i = 0; i < seen.count; i++) {
        const struct ward_change *change = &seen.items[i];
        assert_span(i < 5 ? key.id.text : rotated.id.text, change->object_id);
        assert_true(ward_span_equal(id_span(f, &f->made.account.id), change->account_id));
        assert_true(ward_span_equal(id_span(f, &f->made.project.id), change->project_id));
        assert_int_equal(WARD_ACTOR_ACCESS_KEY, change->actor_type);
        assert_true(ward_span_equal(id_span(f, &f->admin.id), change->actor_id));
        assert_int_equal(i == 1 ? WARD_LOOKUP_BYTES : 0, change->retired.size);
        assert_int_equal(START_MS, change->time_ms);
    }
    assert_memory_equal(old.bytes, seen.items[1].retired.data, WARD_LOOKUP_BYTES);
}

static void test_entries_of_other_objects(void **state)
{
    struct fixture *f = *state;
    struct ward_receipt receipt;
    struct ward_project project;
    struct ward_credential credential;
    uint64_t start = revision_now(f);
    struct ward_account account = make_account(f, "third");
    project = make_project(f, &account.id, "p", "live");
    struct ward_project_input rename = { .has_name = true, .name = WARD_SPAN("q") };
    struct ward_span id = id_span(f, &project.id);
    assert_ok(ward_service_project_update(f->service, &f->local, id, &rename, &f->pool, &project, &receipt));
    struct ward_credential_input input = {
        .has_name = true, .name = WARD_SPAN("c"), .has_project = true, .project = id
    };
    assert_ok(ward_service_credential_create(f->service, &f->local, WARD_CREDENTIAL_ACCESS_KEY, &input, &f->pool,
                                             &credential, &receipt));
    struct ward_credential_ref ref = { .value = credential.value };
    assert_ok(ward_service_credential_delete(f->service, &f->local, &ref, &receipt));
    assert_ok(ward_service_project_delete(f->service, &f->local, id, &receipt));
    assert_ok(ward_service_account_delete(f->service, &f->local, id_span(f, &account.id), &receipt));

    struct seen_changes seen = changes_after(f, start);
    assert_int_equal(8, seen.count);
    assert_change(&seen.items[0], WARD_OBJECT_ACCOUNT, "created", "{\"members\":[\"name\"]}");
    assert_change(&seen.items[1], WARD_OBJECT_ENVIRONMENT, "created", "{\"members\":[]}");
    assert_change(&seen.items[2], WARD_OBJECT_PROJECT, "created", "{\"members\":[\"name\",\"accountId\",\"env\"]}");
    assert_change(&seen.items[3], WARD_OBJECT_PROJECT, "updated", "{\"members\":[\"name\"]}");
    assert_change(&seen.items[4], WARD_OBJECT_CREDENTIAL, "created", "{\"members\":[\"name\",\"scope\",\"role\"]}");
    assert_change(&seen.items[5], WARD_OBJECT_CREDENTIAL, "deleted", "{\"members\":[\"isActive\"]}");
    assert_change(&seen.items[6], WARD_OBJECT_PROJECT, "deleted", "{\"members\":[\"isActive\"]}");
    assert_change(&seen.items[7], WARD_OBJECT_ACCOUNT, "deleted", "{\"members\":[\"isActive\"]}");
    for (size_t i = 0; i < seen.count; i++) {
        assert_int_equal(WARD_ACTOR_LOCAL, seen.items[i].actor_type);
        assert_null(seen.items[i].actor_id.data);
        assert_int_equal(receipt.revision - 7 + i, seen.items[i].revision);
    }
}

static void test_what_is_refused_leaves_no_entry(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_operator viewer = account_operator(f, WARD_ROLE_VIEWER);
    make_key(f, &f->made.project.id, "k");
    uint64_t start = revision_now(f);
    struct ward_api_key_input empty = { 0 }, name = rename_input("n"), again = rename_input("n");
    assert_status(WARD_FORBIDDEN, update_key(f, &viewer, WARD_SPAN("k"), &name, &key));
    assert_status(WARD_INVALID, update_key(f, &f->admin, WARD_SPAN("k"), &empty, &key));
    assert_status(WARD_NOT_FOUND, update_key(f, &f->admin, WARD_SPAN("nothing"), &again, &key));
    assert_status(WARD_CONFLICT, reactivate_key(f, &f->admin, WARD_SPAN("k"), &key));
    assert_int_equal(start, revision_now(f));
}

static enum ward_status verify_chain_in(struct ward_store_session *session, void *arg)
{
    uint64_t count, bad;
    (void)arg;
    return ward_store_chain_verify(session, &count, &bad);
}

static void test_the_chain_holds(void **state)
{
    struct fixture *f = *state;
    make_key(f, &f->made.project.id, "k");
    assert_ok(ward_store_read(f->store, verify_chain_in, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_entries_of_a_keys_life),
        test_case(test_entries_of_other_objects),
        test_case(test_what_is_refused_leaves_no_entry),
        test_case(test_the_chain_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
