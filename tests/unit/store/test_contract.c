/* The store's contract, through store.h alone, on every backend. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/stat.h>

#include "backend.h"
#include "base/buffer.h"

/* ---- helpers ---- */

struct find_call {
    struct fixture *fixture;
    struct ward_lookup lookup;
    struct ward_api_key key;
    enum ward_key_slot slot;
};

static enum ward_status work_find_key(struct ward_store_session *s, void *arg)
{
    struct find_call *call = arg;
    return ward_store_key_find(s, &call->lookup, &call->fixture->pool, &call->key, &call->slot);
}

static enum ward_status find_key(struct fixture *f, struct ward_span lookup, struct find_call *ret)
{
    ret->fixture = f;
    memcpy(ret->lookup.bytes, lookup.data, WARD_LOOKUP_BYTES);
    return ward_store_read(f->store, work_find_key, ret);
}

/* Names of what a list visits, joined by commas. */
struct listing {
    struct fixture *fixture;
    const void *filter;
    size_t max;
    enum ward_status stop; /* what the visitor answers */
    struct ward_buffer names;
};

static enum ward_status note_name(struct listing *list, struct ward_span name)
{
    if (list->names.size > 0) {
        ward_buffer_append_char(&list->names, ',');
    }
    ward_buffer_append(&list->names, name);
    return list->stop;
}

static enum ward_status note_key(const struct ward_api_key *key, void *arg)
{
    return note_name(arg, key->name);
}

static enum ward_status note_account(const struct ward_account *account, void *arg)
{
    return note_name(arg, account->name);
}

static enum ward_status note_project(const struct ward_project *project, void *arg)
{
    return note_name(arg, project->name);
}

static enum ward_status note_credential(const struct ward_credential *credential, void *arg)
{
    return note_name(arg, credential->name);
}

static enum ward_status note_change(const struct ward_change *change, void *arg)
{
    return note_name(arg, change->action);
}

static enum ward_status list_keys(struct ward_store_session *s, void *arg)
{
    struct listing *list = arg;
    return ward_store_key_list(s, list->filter, note_key, list);
}

static enum ward_status list_expired(struct ward_store_session *s, void *arg)
{
    struct listing *list = arg;
    const struct ward_key_filter *filter = list->filter;
    return ward_store_key_expired(s, filter->now_ms, list->max, note_key, list);
}

static enum ward_status list_accounts(struct ward_store_session *s, void *arg)
{
    struct listing *list = arg;
    return ward_store_account_list(s, &list->fixture->pool, note_account, list);
}

static enum ward_status list_projects(struct ward_store_session *s, void *arg)
{
    struct listing *list = arg;
    return ward_store_project_list(s, list->filter, &list->fixture->pool, note_project, list);
}

static enum ward_status list_credentials(struct ward_store_session *s, void *arg)
{
    struct listing *list = arg;
    return ward_store_credential_list(s, list->filter, note_credential, list);
}

static enum ward_status list_changes(struct ward_store_session *s, void *arg)
{
    struct listing *list = arg;
    const uint64_t *after = list->filter;
    return ward_store_change_list(s, *after, list->max, note_change, list);
}

static void expect_list(struct fixture *f, ward_store_work work, const void *filter, size_t max, const char *expected)
{
    struct listing list = { .fixture = f, .filter = filter, .max = max, .names = ward_buffer_new(65536) };
    assert_ok(ward_store_read(f->store, work, &list));
    ward_buffer_append_char(&list.names, '\0');
    assert_string_equal(list.names.data, expected);
    ward_buffer_free(&list.names);
}

static struct ward_credential sample_credential(const struct fixture *f, struct ward_lookup *lookup, const char *name)
{
    struct ward_credential credential = { .kind = WARD_CREDENTIAL_ACCESS_KEY,
                                          .account_id = f->account.id,
                                          .role = WARD_ROLE_USER,
                                          .name = ward_span_of(name),
                                          .sealed = WARD_SPAN("blob"),
                                          .is_active = true,
                                          .expires_ms = WARD_TIME_NONE,
                                          .provenance = sample_provenance(5000),
                                          .version = 1 };
    assert_ok(ward_uuid_new(&credential.id));
    assert_ok(ward_random(lookup->bytes, WARD_LOOKUP_BYTES));
    credential.lookup = ward_span((const char *)lookup->bytes, WARD_LOOKUP_BYTES);
    return credential;
}

/* ---- opening ---- */

static void opening_answers_for_what_is_there(void **state)
{
    struct fixture *f = *state;
    struct ward_store_options options = { .path = f->path };
    struct ward_store *store = NULL;
    assert_status(WARD_NOT_FOUND, ward_store_open_sqlite(&options, &store));
    assert_null(store);
    open_store(f, true);
    if (f->backend->is_durable) {
        options.create = true;
        assert_status(WARD_EXISTS, ward_store_open_sqlite(&options, &store));
        reopen_store(f);
    }
    struct ward_store_health health;
    ward_store_health(f->store, &health);
    assert_false(health.is_failed);
    assert_int_equal(health.revision, 0);
    assert_ok(ward_store_check(f->store));
}

/* ---- meta and counts ---- */

struct meta_call {
    struct fixture *fixture;
    const char *name;
    struct ward_span value;
};

static enum ward_status put_meta(struct ward_store_session *s, void *arg)
{
    struct meta_call *call = arg;
    return ward_store_meta_put(s, call->name, call->value);
}

static enum ward_status get_meta(struct ward_store_session *s, void *arg)
{
    struct meta_call *call = arg;
    return ward_store_meta_get(s, call->name, &call->fixture->pool, &call->value);
}

static void meta_keeps_bytes(void **state)
{
    struct fixture *f = *state;
    struct meta_call call = { f, "fingerprint", WARD_SPAN("a\0b") };
    assert_status(WARD_NOT_FOUND, ward_store_read(f->store, get_meta, &call));
    assert_ok(ward_store_write(f->store, put_meta, &call, NULL));
    call.value = WARD_SPAN("");
    assert_ok(ward_store_read(f->store, get_meta, &call));
    assert_true(ward_span_equal(call.value, WARD_SPAN("a\0b")));
    call.value = WARD_SPAN("");
    assert_ok(ward_store_write(f->store, put_meta, &call, NULL));
    call.value = WARD_SPAN_NONE;
    assert_ok(ward_store_read(f->store, get_meta, &call));
    assert_non_null(call.value.data);
    assert_int_equal(call.value.size, 0);
}

static enum ward_status count_all(struct ward_store_session *s, void *arg)
{
    return ward_store_count(s, arg);
}

static void counts_leave_removed_keys_out(void **state)
{
    struct fixture *f = *state;
    struct sample_key a, b;
    sample_key(&a, &f->project, "a");
    sample_key(&b, &f->project, "b");
    b.key.is_removed = true;
    assert_ok(insert_key(f, &a.key));
    assert_ok(insert_key(f, &b.key));
    struct ward_lookup lookup;
    struct ward_credential credential = sample_credential(f, &lookup, "c");
    assert_ok(insert_credential(f, &credential));
    struct ward_store_counts counts;
    assert_ok(ward_store_read(f->store, count_all, &counts));
    assert_int_equal(counts.accounts, 1);
    assert_int_equal(counts.projects, 1);
    assert_int_equal(counts.keys, 1);
    assert_int_equal(counts.credentials, 1);
}

/* ---- accounts ---- */

static void accounts_are_kept_whole(void **state)
{
    struct fixture *f = *state;
    struct ward_account account = sample_account("Zwei"), found;
    account.provenance.created_by = f->account.id;
    account.provenance.created_by_type = WARD_ACTOR_ACCESS_KEY;
    account.provenance.created_ms = 500;
    assert_ok(insert_account(f, &account));
    assert_ok(get_account(f, &account.id, &found));
    assert_span("Zwei", found.name);
    assert_true(found.is_active);
    assert_int_equal(found.version, 1);
    assert_memory_equal(&found.provenance, &account.provenance, sizeof found.provenance);
    expect_list(f, list_accounts, NULL, 0, "Zwei,Acme");

    account.name = WARD_SPAN("Drei");
    account.provenance.changed_by_type = WARD_ACTOR_SYSTEM;
    account.provenance.updated_ms = 9000;
    assert_ok(update_account(f, &account));
    assert_ok(get_account(f, &account.id, &found));
    assert_span("Drei", found.name);
    assert_int_equal(found.version, 2);
    assert_int_equal(found.provenance.updated_ms, 9000);
    assert_int_equal(found.provenance.changed_by_type, WARD_ACTOR_SYSTEM);

    found.is_active = false;
    assert_ok(update_account(f, &found));
    expect_list(f, list_accounts, NULL, 0, "Acme");
}

static void accounts_refuse(void **state)
{
    struct fixture *f = *state;
    struct ward_account unknown = sample_account("x"), found;
    assert_status(WARD_NOT_FOUND, get_account(f, &unknown.id, &found));
    assert_status(WARD_NOT_FOUND, update_account(f, &unknown));
    struct ward_account twice = f->account;
    twice.name = WARD_SPAN("other");
    assert_status(WARD_CONFLICT, insert_account(f, &twice));
    twice.version = 0;
    assert_status(WARD_CONFLICT, update_account(f, &twice));
    twice.version = 2;
    assert_status(WARD_CONFLICT, update_account(f, &twice));
    assert_ok(get_account(f, &f->account.id, &found));
    assert_span("Acme", found.name);
}

/* ---- projects ---- */

struct project_find {
    struct fixture *fixture;
    const struct ward_uuid *account;
    struct ward_span name;
    struct ward_project project;
};

static enum ward_status find_project(struct ward_store_session *s, void *arg)
{
    struct project_find *call = arg;
    return ward_store_project_find(s, call->account, call->name, &call->fixture->pool, &call->project);
}

static void projects_are_kept_whole(void **state)
{
    struct fixture *f = *state;
    struct ward_project found;
    assert_ok(get_project(f, &f->project.id, &found));
    assert_span("default", found.name);
    assert_int_equal(found.env, WARD_ENV_TEST);
    assert_true(ward_uuid_equal(&found.account_id, &f->account.id));
    assert_true(found.is_active && found.is_account_active);
    assert_memory_equal(&found.provenance, &f->project.provenance, sizeof found.provenance);

    found.name = WARD_SPAN("renamed");
    found.env = WARD_ENV_LIVE;
    assert_ok(update_project(f, &found));
    struct project_find by_name = { f, &f->account.id, WARD_SPAN("renamed"), { .version = 0 } };
    assert_ok(ward_store_read(f->store, find_project, &by_name));
    assert_int_equal(by_name.project.version, 2);
    assert_int_equal(by_name.project.env, WARD_ENV_LIVE);

    struct ward_account account = f->account;
    account.is_active = false;
    assert_ok(update_account(f, &account));
    assert_ok(get_project(f, &f->project.id, &found));
    assert_true(found.is_active);
    assert_false(found.is_account_active);
}

static void projects_refuse(void **state)
{
    struct fixture *f = *state;
    struct ward_account nobody = sample_account("nobody");
    struct ward_project found, orphan = sample_project(&nobody, "p"), twice = sample_project(&f->account, "default");
    assert_status(WARD_NOT_FOUND, get_project(f, &orphan.id, &found));
    assert_status(WARD_NOT_FOUND, update_project(f, &orphan));
    assert_status(WARD_NOT_FOUND, insert_project(f, &orphan));
    assert_status(WARD_CONFLICT, insert_project(f, &twice)); /* name taken */
    twice.name = WARD_SPAN("other");
    twice.id = f->project.id;
    assert_status(WARD_CONFLICT, insert_project(f, &twice)); /* id taken */
    twice.version = 7;
    assert_status(WARD_CONFLICT, update_project(f, &twice)); /* version moved on */
    struct project_find by_name = { f, &f->account.id, WARD_SPAN("Default"), { .version = 0 } };
    assert_status(WARD_NOT_FOUND, ward_store_read(f->store, find_project, &by_name));
    by_name.name = WARD_SPAN("default");
    by_name.account = &nobody.id;
    assert_status(WARD_NOT_FOUND, ward_store_read(f->store, find_project, &by_name));
}

static void project_names_are_unique_among_the_active(void **state)
{
    struct fixture *f = *state;
    struct ward_project old = f->project, young = sample_project(&f->account, "default"), found;
    old.is_active = false;
    assert_ok(update_project(f, &old));
    young.provenance.created_ms = 2500;
    assert_ok(insert_project(f, &young)); /* the name is free again */
    struct project_find by_name = { f, &f->account.id, WARD_SPAN("default"), { .version = 0 } };
    assert_ok(ward_store_read(f->store, find_project, &by_name));
    assert_true(ward_uuid_equal(&by_name.project.id, &young.id));

    assert_ok(get_project(f, &old.id, &found));
    found.is_active = true;
    assert_status(WARD_CONFLICT, update_project(f, &found)); /* it may not come back under it */
    found.name = WARD_SPAN("back");
    assert_ok(update_project(f, &found));
    found.version++;
    found.name = WARD_SPAN("default");
    assert_status(WARD_CONFLICT, update_project(f, &found));

    struct ward_account other = sample_account("other");
    assert_ok(insert_account(f, &other));
    struct ward_project elsewhere = sample_project(&other, "default");
    assert_ok(insert_project(f, &elsewhere));
    expect_list(f, list_projects, &f->account.id, 0, "back,default");
    expect_list(f, list_projects, &other.id, 0, "default");
    young.is_active = false;
    assert_ok(update_project(f, &young));
    expect_list(f, list_projects, &f->account.id, 0, "back");
}

/* ---- keys ---- */

static void fill_key(struct sample_key *sample)
{
    sample_value(sample, WARD_SLOT_SECONDARY);
    sample->key.description = WARD_SPAN("what it is for");
    sample->key.metadata = WARD_SPAN("{\"n\":1.50,\"a\":null}");
    sample->key.custom_account_id = WARD_SPAN("acc");
    sample->key.custom_user_id = WARD_SPAN("");
    sample->key.creation_context = WARD_SPAN("{\"ip\":\"::1\"}");
    sample->key.allowed_domains = WARD_SPAN("[\"*.example.org\"]");
    sample->key.expires_ms = -5;
    sample->key.rate_limit = (struct ward_rate_limit){ 10, 60 };
    sample->key.first_used_ms = 3500;
}

static void expect_same_span(struct ward_span expected, struct ward_span found)
{
    assert_int_equal(expected.data == NULL, found.data == NULL);
    assert_true(ward_span_equal(expected, found));
}

static void expect_same_key(const struct ward_api_key *expected, const struct ward_api_key *found)
{
    assert_string_equal(expected->id.text, found->id.text);
    assert_true(ward_uuid_equal(&expected->project_id, &found->project_id));
    const size_t spans[] = { offsetof(struct ward_api_key, name),
                             offsetof(struct ward_api_key, description),
                             offsetof(struct ward_api_key, metadata),
                             offsetof(struct ward_api_key, custom_account_id),
                             offsetof(struct ward_api_key, custom_user_id),
                             offsetof(struct ward_api_key, creation_context),
                             offsetof(struct ward_api_key, allowed_domains),
                             offsetof(struct ward_api_key, lookups[0]),
                             offsetof(struct ward_api_key, lookups[1]),
                             offsetof(struct ward_api_key, sealed[0]),
                             offsetof(struct ward_api_key, sealed[1]) };
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        expect_same_span(*(const struct ward_span *)((const char *)expected + spans[i]),
                         *(const struct ward_span *)((const char *)found + spans[i]));
    }
    assert_int_equal(expected->value_versions[0], found->value_versions[0]);
    assert_int_equal(expected->value_versions[1], found->value_versions[1]);
    assert_int_equal(expected->is_enabled, found->is_enabled);
    assert_int_equal(expected->is_removed, found->is_removed);
    assert_int_equal(expected->expires_ms, found->expires_ms);
    assert_int_equal(expected->rate_limit.limit, found->rate_limit.limit);
    assert_int_equal(expected->rate_limit.ttl_s, found->rate_limit.ttl_s);
    assert_int_equal(expected->first_used_ms, found->first_used_ms);
    assert_int_equal(expected->created_ms, found->created_ms);
    assert_int_equal(expected->updated_ms, found->updated_ms);
    assert_int_equal(expected->version, found->version);
}

static void keys_are_kept_whole(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample;
    struct ward_api_key found;
    sample_key(&sample, &f->project, "Ärger \"7\"");
    fill_key(&sample);
    assert_ok(insert_key(f, &sample.key));
    assert_ok(get_key(f, &sample.key.id, &found));
    expect_same_key(&sample.key, &found);
    assert_true(ward_uuid_equal(&found.account_id, &f->account.id));
    assert_int_equal(found.env, WARD_ENV_TEST);
    assert_true(found.is_project_active);

    struct find_call by_value;
    assert_ok(find_key(f, sample.key.lookups[WARD_SLOT_SECONDARY], &by_value));
    assert_int_equal(by_value.slot, WARD_SLOT_SECONDARY);
    expect_same_key(&sample.key, &by_value.key);
    assert_ok(find_key(f, sample.key.lookups[WARD_SLOT_PRIMARY], &by_value));
    assert_int_equal(by_value.slot, WARD_SLOT_PRIMARY);

    if (f->backend->is_durable) {
        reopen_store(f);
        assert_ok(get_key(f, &sample.key.id, &found));
        expect_same_key(&sample.key, &found);
    }
}

static void keys_have_defaults(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample;
    struct ward_api_key found;
    sample_key(&sample, &f->project, "plain");
    assert_ok(insert_key(f, &sample.key));
    assert_ok(get_key(f, &sample.key.id, &found));
    assert_span("", found.description);
    assert_span("{}", found.metadata);
    assert_span("{}", found.creation_context);
    assert_null(found.custom_account_id.data);
    assert_null(found.allowed_domains.data);
    assert_null(found.lookups[WARD_SLOT_SECONDARY].data);
    assert_int_equal(found.expires_ms, WARD_TIME_NONE);
    assert_int_equal(found.first_used_ms, WARD_TIME_NONE);
}

static void keys_show_whether_their_project_is_active(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample;
    struct ward_api_key found;
    sample_key(&sample, &f->project, "k");
    assert_ok(insert_key(f, &sample.key));
    struct ward_account account = f->account;
    account.is_active = false;
    assert_ok(update_account(f, &account));
    assert_ok(get_key(f, &sample.key.id, &found));
    assert_false(found.is_project_active);
    account.is_active = true;
    account.version++;
    assert_ok(update_account(f, &account));
    struct ward_project project = f->project;
    project.is_active = false;
    assert_ok(update_project(f, &project));
    assert_ok(get_key(f, &sample.key.id, &found));
    assert_false(found.is_project_active);
}

static void keys_are_updated_by_compare_and_set(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample;
    struct ward_api_key found;
    sample_key(&sample, &f->project, "k");
    assert_status(WARD_NOT_FOUND, update_key(f, &sample.key));
    assert_ok(insert_key(f, &sample.key));
    fill_key(&sample);
    sample.key.name = WARD_SPAN("new name");
    sample.key.is_enabled = false;
    sample.key.updated_ms = 9000;
    assert_ok(update_key(f, &sample.key));
    assert_status(WARD_CONFLICT, update_key(f, &sample.key)); /* version 1 is gone */
    sample.key.version = 2;
    assert_ok(get_key(f, &sample.key.id, &found));
    expect_same_key(&sample.key, &found);
    sample.key.version = 3;
    assert_status(WARD_CONFLICT, update_key(f, &sample.key));
}

static void a_lost_compare_leaves_the_values(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample, stale;
    struct find_call found;
    sample_key(&sample, &f->project, "k");
    assert_ok(insert_key(f, &sample.key));
    stale = sample;
    sample_value(&stale, WARD_SLOT_PRIMARY);
    stale.key.lookups[0] = ward_span((const char *)stale.lookups[0].bytes, WARD_LOOKUP_BYTES);
    stale.key.version = 7;
    assert_status(WARD_CONFLICT, update_key(f, &stale.key));
    assert_ok(find_key(f, sample.key.lookups[0], &found));
    assert_status(WARD_NOT_FOUND, find_key(f, stale.key.lookups[0], &found));
}

static void a_value_that_went_away_is_free(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample, taker;
    struct find_call found;
    sample_key(&sample, &f->project, "k");
    sample_key(&taker, &f->project, "taker");
    assert_ok(insert_key(f, &sample.key));
    struct ward_lookup old = sample.lookups[0];
    struct ward_span old_span = ward_span((const char *)old.bytes, WARD_LOOKUP_BYTES);
    sample_value(&sample, WARD_SLOT_PRIMARY);
    assert_ok(update_key(f, &sample.key));
    assert_status(WARD_NOT_FOUND, find_key(f, old_span, &found));
    assert_ok(find_key(f, sample.key.lookups[0], &found));
    taker.key.lookups[0] = old_span;
    assert_ok(insert_key(f, &taker.key));
    assert_ok(find_key(f, old_span, &found));
    assert_string_equal(found.key.id.text, taker.key.id.text);
}

static void values_may_change_places_and_go(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample;
    struct find_call found;
    sample_key(&sample, &f->project, "k");
    sample_value(&sample, WARD_SLOT_SECONDARY);
    assert_ok(insert_key(f, &sample.key));
    struct ward_span first = sample.key.lookups[0], second = sample.key.lookups[1];
    sample.key.lookups[0] = second;
    sample.key.lookups[1] = first;
    assert_ok(update_key(f, &sample.key));
    assert_ok(find_key(f, first, &found));
    assert_int_equal(found.slot, WARD_SLOT_SECONDARY);
    sample.key.version++;
    sample.key.lookups[1] = WARD_SPAN_NONE;
    sample.key.sealed[1] = WARD_SPAN_NONE;
    assert_ok(update_key(f, &sample.key));
    assert_status(WARD_NOT_FOUND, find_key(f, first, &found));
    assert_ok(find_key(f, second, &found));
    /* the same value sealed anew */
    sample.key.version++;
    sample.key.sealed[0] = WARD_SPAN("resealed");
    sample.key.value_versions[0] = 9;
    assert_ok(update_key(f, &sample.key));
    assert_ok(find_key(f, second, &found));
    assert_span("resealed", found.key.sealed[0]);
    assert_int_equal(found.key.value_versions[0], 9);
}

/* Every way in which a value or an id may be taken. */
static void taken_values_conflict(void **state)
{
    struct fixture *f = *state;
    struct ward_account other_account = sample_account("other");
    assert_ok(insert_account(f, &other_account));
    struct ward_project other_project = sample_project(&other_account, "p");
    assert_ok(insert_project(f, &other_project));
    const struct {
        bool is_enabled, is_removed, is_elsewhere;
        enum ward_key_slot owner_slot, taker_slot;
    } rows[] = {
        { true, false, false, WARD_SLOT_PRIMARY, WARD_SLOT_PRIMARY },
        { true, false, true, WARD_SLOT_PRIMARY, WARD_SLOT_PRIMARY },
        { false, false, true, WARD_SLOT_PRIMARY, WARD_SLOT_SECONDARY },
        { true, true, true, WARD_SLOT_SECONDARY, WARD_SLOT_PRIMARY },
        { false, true, false, WARD_SLOT_SECONDARY, WARD_SLOT_SECONDARY },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sample_key owner, taker, updated;
        struct ward_api_key found;
        sample_key(&owner, &f->project, "owner");
        sample_value(&owner, WARD_SLOT_SECONDARY);
        owner.key.is_enabled = rows[i].is_enabled;
        owner.key.is_removed = rows[i].is_removed;
        assert_ok(insert_key(f, &owner.key));
        sample_key(&taker, rows[i].is_elsewhere ? &other_project : &f->project, "taker");
        sample_key(&updated, rows[i].is_elsewhere ? &other_project : &f->project, "updated");
        assert_ok(insert_key(f, &updated.key));
        sample_value(&taker, WARD_SLOT_SECONDARY);
        taker.key.lookups[rows[i].taker_slot] = owner.key.lookups[rows[i].owner_slot];
        assert_status(WARD_CONFLICT, insert_key(f, &taker.key));
        assert_status(WARD_NOT_FOUND, get_key(f, &taker.key.id, &found));
        sample_value(&updated, WARD_SLOT_SECONDARY);
        updated.key.lookups[rows[i].taker_slot] = owner.key.lookups[rows[i].owner_slot];
        updated.key.name = WARD_SPAN("never");
        assert_status(WARD_CONFLICT, update_key(f, &updated.key));
        assert_ok(get_key(f, &updated.key.id, &found));
        assert_span("updated", found.name);
        assert_int_equal(found.version, 1);
    }
}

static void keys_refuse(void **state)
{
    struct fixture *f = *state;
    struct sample_key a, b;
    struct ward_api_key found;
    struct find_call by_value;
    struct ward_project nowhere = sample_project(&f->account, "nowhere");
    sample_key(&a, &nowhere, "a");
    assert_status(WARD_NOT_FOUND, get_key(f, &a.key.id, &found));
    assert_status(WARD_NOT_FOUND, find_key(f, a.key.lookups[0], &by_value));
    assert_status(WARD_NOT_FOUND, insert_key(f, &a.key)); /* no such project */
    a.key.project_id = f->project.id;
    assert_ok(insert_key(f, &a.key));
    sample_key(&b, &f->project, "b");
    b.key.id = a.key.id;
    assert_status(WARD_CONFLICT, insert_key(f, &b.key)); /* id taken */
    assert_status(WARD_NOT_FOUND, find_key(f, b.key.lookups[0], &by_value));
    sample_key(&b, &f->project, "b");
    b.key.sealed[1] = b.key.sealed[0];
    b.key.lookups[1] = b.key.lookups[0];
    assert_status(WARD_CONFLICT, insert_key(f, &b.key)); /* one value in both slots */
    b.key.lookups[1] = WARD_SPAN_NONE;
    assert_status(WARD_INVALID, insert_key(f, &b.key)); /* a blob without its lookup */
    b.key.sealed[1] = WARD_SPAN_NONE;
    b.key.lookups[0].size--;
    assert_status(WARD_INVALID, insert_key(f, &b.key)); /* a lookup of another size */
    a.key.is_removed = true;
    assert_ok(update_key(f, &a.key));
    assert_status(WARD_NOT_FOUND, find_key(f, a.key.lookups[0], &by_value)); /* removed */
    assert_ok(get_key(f, &a.key.id, &found));
    assert_true(found.is_removed);
}

/* ---- lists of keys ---- */

static void insert_listed(struct fixture *f, const struct ward_project *project, const char *name, int64_t created_ms,
                          const char *account, const char *user, bool is_enabled, int64_t expires_ms)
{
    struct sample_key sample;
    sample_key(&sample, project, name);
    sample.key.created_ms = created_ms;
    sample.key.custom_account_id = ward_span_of(account);
    sample.key.custom_user_id = ward_span_of(user);
    sample.key.is_enabled = is_enabled;
    sample.key.expires_ms = expires_ms;
    assert_ok(insert_key(f, &sample.key));
}

#define ANY      WARD_FILTER_ANY
#define EQUAL    WARD_FILTER_EQUAL
#define IS_NULL  WARD_FILTER_NULL
#define ALL      WARD_FILTER_ACTIVE_ANY
#define ACTIVE   WARD_FILTER_ACTIVE_ONLY
#define INACTIVE WARD_FILTER_INACTIVE_ONLY

static void lists_filter_and_order(void **state)
{
    struct fixture *f = *state;
    struct ward_account other_account = sample_account("other");
    assert_ok(insert_account(f, &other_account));
    struct ward_project second = sample_project(&f->account, "second"), foreign = sample_project(&other_account, "p");
    assert_ok(insert_project(f, &second));
    assert_ok(insert_project(f, &foreign));
    insert_listed(f, &f->project, "late", 30, "acc", "user", true, WARD_TIME_NONE);
    insert_listed(f, &f->project, "early", 10, "acc", NULL, false, WARD_TIME_NONE);
    insert_listed(f, &f->project, "MÜLL", 20, NULL, "user", true, 100);
    insert_listed(f, &second, "müll", 15, "acc", "user", true, 101);
    insert_listed(f, &foreign, "theirs", 25, "acc", "user", true, WARD_TIME_NONE);
    struct sample_key removed;
    sample_key(&removed, &f->project, "removed");
    removed.key.is_removed = true;
    assert_ok(insert_key(f, &removed.key));

    const struct ward_uuid p = f->project.id, q = second.id, a = f->account.id, b = other_account.id, none = { 0 };
    const struct ward_span any = WARD_SPAN_NONE, acc = WARD_SPAN("acc"), user = WARD_SPAN("user");
    const struct {
        struct ward_key_filter filter;
        const char *expected;
    } rows[] = {
        { { none, none, any, ANY, ANY, any, any, ALL, 0 }, "late,early,MÜLL,müll,theirs" },
        { { p, none, any, ANY, ANY, any, any, ALL, 0 }, "early,MÜLL,late" },
        { { p, a, any, ANY, ANY, any, any, ALL, 0 }, "early,MÜLL,late" },
        { { p, b, any, ANY, ANY, any, any, ALL, 0 }, "" },
        { { q, none, any, ANY, ANY, any, any, ALL, 0 }, "müll" },
        { { none, a, any, ANY, ANY, any, any, ALL, 0 }, "early,müll,MÜLL,late" },
        { { none, b, any, ANY, ANY, any, any, ALL, 0 }, "theirs" },
        { { p, none, WARD_SPAN("müll"), ANY, ANY, any, any, ALL, 0 }, "MÜLL" },
        { { none, a, WARD_SPAN("müll"), ANY, ANY, any, any, ALL, 0 }, "müll,MÜLL" },
        { { none, none, WARD_SPAN("müll"), ANY, ANY, any, any, ALL, 0 }, "MÜLL,müll" },
        { { p, none, WARD_SPAN("MÜLL"), ANY, ANY, any, any, ALL, 0 }, "" },
        { { p, none, WARD_SPAN(""), ANY, ANY, any, any, ALL, 0 }, "" },
        { { p, none, any, EQUAL, ANY, acc, any, ALL, 0 }, "early,late" },
        { { p, none, any, IS_NULL, ANY, any, any, ALL, 0 }, "MÜLL" },
        { { p, none, any, ANY, EQUAL, any, user, ALL, 0 }, "MÜLL,late" },
        { { p, none, any, ANY, IS_NULL, any, any, ALL, 0 }, "early" },
        { { p, none, any, EQUAL, EQUAL, acc, user, ALL, 0 }, "late" },
        { { p, none, any, EQUAL, IS_NULL, acc, any, ALL, 0 }, "early" },
        { { p, none, any, EQUAL, ANY, WARD_SPAN("ACC"), any, ALL, 0 }, "" },
        { { p, none, any, EQUAL, ANY, WARD_SPAN(""), any, ALL, 0 }, "" },
        { { none, a, any, EQUAL, ANY, acc, any, ALL, 0 }, "early,müll,late" },
        { { none, a, any, ANY, EQUAL, any, user, ALL, 0 }, "müll,MÜLL,late" },
        { { none, none, any, EQUAL, ANY, acc, any, ALL, 0 }, "late,early,müll,theirs" },
        { { none, none, any, ANY, EQUAL, any, user, ALL, 0 }, "late,MÜLL,müll,theirs" },
        { { p, none, WARD_SPAN("late"), EQUAL, EQUAL, acc, user, ACTIVE, 0 }, "late" },
        { { p, none, WARD_SPAN("late"), EQUAL, EQUAL, acc, user, INACTIVE, 0 }, "" },
        { { p, none, any, ANY, ANY, any, any, ACTIVE, 99 }, "MÜLL,late" },
        { { p, none, any, ANY, ANY, any, any, ACTIVE, 100 }, "late" }, /* expires in this millisecond */
        { { p, none, any, ANY, ANY, any, any, INACTIVE, 99 }, "early" },
        { { p, none, any, ANY, ANY, any, any, INACTIVE, 100 }, "early,MÜLL" },
        { { none, a, any, ANY, EQUAL, any, user, INACTIVE, 100 }, "MÜLL" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect_list(f, list_keys, &rows[i].filter, 0, rows[i].expected);
    }
}

static void a_visitor_ends_the_walk(void **state)
{
    struct fixture *f = *state;
    insert_listed(f, &f->project, "one", 1, NULL, NULL, true, WARD_TIME_NONE);
    insert_listed(f, &f->project, "two", 2, NULL, NULL, true, WARD_TIME_NONE);
    struct ward_key_filter filter = { .project_id = f->project.id };
    struct listing list = { f, &filter, 0, WARD_LIMITED, ward_buffer_new(100) };
    assert_status(WARD_LIMITED, ward_store_read(f->store, list_keys, &list));
    assert_span("one", ward_buffer_span(&list.names));
    ward_buffer_free(&list.names);
}

/* The visitor runs the query that visits it. */
static enum ward_status visit_again(const struct ward_api_key *key, void *arg);
struct nested {
    struct ward_store_session *session;
    struct ward_key_filter filter;
    unsigned depth, visits;
};

static enum ward_status visit_again(const struct ward_api_key *key, void *arg)
{
    struct nested *nested = arg;
    char before[16];
    snprintf(before, sizeof before, "%.*s", (int)key->name.size, key->name.data);
    nested->visits++;
    if (nested->depth < 2) {
        nested->depth++;
        enum ward_status status = ward_store_key_list(nested->session, &nested->filter, visit_again, nested);
        nested->depth--;
        if (status != WARD_OK) {
            return status;
        }
    }
    return ward_span_equal(ward_span_of(before), key->name) ? WARD_OK : WARD_INTERNAL;
}

static enum ward_status list_nested(struct ward_store_session *s, void *arg)
{
    struct nested *nested = arg;
    nested->session = s;
    return ward_store_key_list(s, &nested->filter, visit_again, nested);
}

static void lists_nest(void **state)
{
    struct fixture *f = *state;
    insert_listed(f, &f->project, "one", 1, NULL, NULL, true, WARD_TIME_NONE);
    insert_listed(f, &f->project, "two", 2, NULL, NULL, true, WARD_TIME_NONE);
    struct nested nested = { .filter = { .project_id = f->project.id } };
    assert_ok(ward_store_read(f->store, list_nested, &nested));
    assert_int_equal(nested.visits, 2 + 4 + 8);
}

static void expired_keys_are_found_oldest_expiry_first(void **state)
{
    struct fixture *f = *state;
    insert_listed(f, &f->project, "later", 1, NULL, NULL, true, 200);
    insert_listed(f, &f->project, "sooner", 2, NULL, NULL, true, 100);
    insert_listed(f, &f->project, "never", 3, NULL, NULL, true, WARD_TIME_NONE);
    insert_listed(f, &f->project, "off", 4, NULL, NULL, false, 50);
    struct ward_key_filter at = { .now_ms = 99 };
    expect_list(f, list_expired, &at, 10, "");
    at.now_ms = 100;
    expect_list(f, list_expired, &at, 10, "sooner");
    at.now_ms = 1000;
    expect_list(f, list_expired, &at, 10, "sooner,later");
    expect_list(f, list_expired, &at, 1, "sooner");
    expect_list(f, list_expired, &at, SIZE_MAX, "sooner,later");
}

/* ---- credentials ---- */

struct credential_find {
    struct fixture *fixture;
    enum ward_credential_kind kind;
    struct ward_lookup lookup;
    struct ward_credential credential;
};

static enum ward_status find_credential(struct ward_store_session *s, void *arg)
{
    struct credential_find *call = arg;
    return ward_store_credential_find(s, call->kind, &call->lookup, &call->fixture->pool, &call->credential);
}

static void credentials_are_kept_whole(void **state)
{
    struct fixture *f = *state;
    struct ward_lookup lookup;
    struct ward_credential credential = sample_credential(f, &lookup, "ops"), found;
    credential.kind = WARD_CREDENTIAL_IAM;
    credential.project_id = f->project.id;
    credential.role = WARD_ROLE_ADMIN;
    credential.public_id = WARD_SPAN("ncp_iam_x");
    credential.rate_limit = (struct ward_rate_limit){ 5, 6 };
    credential.expires_ms = 77;
    credential.provenance.created_by = f->account.id;
    assert_ok(insert_credential(f, &credential));
    assert_ok(get_credential(f, &credential.id, &found));
    assert_int_equal(found.kind, WARD_CREDENTIAL_IAM);
    assert_int_equal(found.role, WARD_ROLE_ADMIN);
    assert_int_equal(found.env, WARD_ENV_TEST);
    assert_true(found.is_scope_active && found.is_active);
    assert_true(ward_uuid_equal(&found.project_id, &f->project.id));
    assert_true(ward_uuid_equal(&found.account_id, &f->account.id));
    expect_same_span(credential.lookup, found.lookup);
    expect_same_span(credential.sealed, found.sealed);
    assert_span("ops", found.name);
    assert_span("ncp_iam_x", found.public_id);
    assert_int_equal(found.rate_limit.limit, 5);
    assert_int_equal(found.rate_limit.ttl_s, 6);
    assert_int_equal(found.expires_ms, 77);
    assert_memory_equal(&found.provenance, &credential.provenance, sizeof found.provenance);

    struct credential_find by_value = { f, WARD_CREDENTIAL_IAM, lookup, { .version = 0 } };
    assert_ok(ward_store_read(f->store, find_credential, &by_value));
    assert_true(ward_uuid_equal(&by_value.credential.id, &credential.id));
    by_value.kind = WARD_CREDENTIAL_ACCESS_KEY;
    assert_status(WARD_NOT_FOUND, ward_store_read(f->store, find_credential, &by_value));

    found.role = WARD_ROLE_NONE;
    found.is_active = false;
    found.name = WARD_SPAN("renamed");
    found.sealed = WARD_SPAN_NONE;
    assert_ok(update_credential(f, &found));
    assert_status(WARD_CONFLICT, update_credential(f, &found));
    assert_ok(get_credential(f, &credential.id, &found));
    assert_int_equal(found.version, 2);
    assert_int_equal(found.role, WARD_ROLE_NONE);
    assert_false(found.is_active);
    assert_null(found.sealed.data);
    assert_span("renamed", found.name);
}

static void credentials_show_whether_their_scope_is_active(void **state)
{
    struct fixture *f = *state;
    struct ward_lookup lookups[2];
    struct ward_credential wide = sample_credential(f, &lookups[0], "wide");
    struct ward_credential narrow = sample_credential(f, &lookups[1], "narrow"), found;
    narrow.project_id = f->project.id;
    assert_ok(insert_credential(f, &wide));
    assert_ok(insert_credential(f, &narrow));
    struct ward_project project = f->project;
    project.is_active = false;
    assert_ok(update_project(f, &project));
    assert_ok(get_credential(f, &wide.id, &found));
    assert_true(found.is_scope_active);
    assert_int_equal(found.env, WARD_ENV_LIVE);
    assert_ok(get_credential(f, &narrow.id, &found));
    assert_false(found.is_scope_active);
    struct ward_account account = f->account;
    account.is_active = false;
    assert_ok(update_account(f, &account));
    assert_ok(get_credential(f, &wide.id, &found));
    assert_false(found.is_scope_active);
}

static void credentials_refuse(void **state)
{
    struct fixture *f = *state;
    struct ward_lookup lookup, other_lookup;
    struct ward_credential credential = sample_credential(f, &lookup, "a"), found;
    assert_status(WARD_NOT_FOUND, get_credential(f, &credential.id, &found));
    assert_status(WARD_NOT_FOUND, update_credential(f, &credential));
    struct ward_credential orphan = credential;
    assert_ok(ward_uuid_new(&orphan.account_id));
    assert_status(WARD_NOT_FOUND, insert_credential(f, &orphan));
    orphan = credential;
    assert_ok(ward_uuid_new(&orphan.project_id));
    assert_status(WARD_NOT_FOUND, insert_credential(f, &orphan));
    struct ward_account stranger = sample_account("stranger");
    assert_ok(insert_account(f, &stranger));
    orphan = credential;
    orphan.account_id = stranger.id;
    orphan.project_id = f->project.id;
    assert_status(WARD_NOT_FOUND, insert_credential(f, &orphan)); /* a project of another account */
    assert_ok(insert_credential(f, &credential));
    assert_status(WARD_CONFLICT, insert_credential(f, &credential)); /* id and value taken */
    struct ward_credential twin = sample_credential(f, &other_lookup, "twin");
    twin.lookup = credential.lookup;
    assert_status(WARD_CONFLICT, insert_credential(f, &twin)); /* value taken */
    twin.lookup = WARD_SPAN("short");
    assert_status(WARD_INVALID, insert_credential(f, &twin));
}

static void operators_values_and_api_keys_never_meet(void **state)
{
    struct fixture *f = *state;
    struct ward_lookup lookup;
    struct ward_credential credential = sample_credential(f, &lookup, "a");
    assert_ok(insert_credential(f, &credential));
    struct sample_key sample;
    sample_key(&sample, &f->project, "k");
    struct ward_span own = sample.key.lookups[0];
    sample.key.lookups[0] = credential.lookup;
    assert_status(WARD_CONFLICT, insert_key(f, &sample.key));
    sample.key.lookups[0] = own;
    assert_ok(insert_key(f, &sample.key));
    sample.key.lookups[0] = credential.lookup;
    assert_status(WARD_CONFLICT, update_key(f, &sample.key));
    struct ward_lookup unused;
    struct ward_credential taker = sample_credential(f, &unused, "b");
    taker.lookup = own;
    assert_status(WARD_CONFLICT, insert_credential(f, &taker));
}

static void credentials_are_listed(void **state)
{
    struct fixture *f = *state;
    struct ward_account stranger = sample_account("stranger");
    assert_ok(insert_account(f, &stranger));
    struct ward_lookup lookups[4];
    struct ward_credential rows[4];
    const char *names[] = { "wide", "narrow", "token", "theirs" };
    for (int i = 0; i < 4; i++) {
        rows[i] = sample_credential(f, &lookups[i], names[i]);
        rows[i].provenance.created_ms = 100 - i;
    }
    rows[1].project_id = f->project.id;
    rows[1].is_active = false;
    rows[2].kind = WARD_CREDENTIAL_TOKEN;
    rows[2].sealed = WARD_SPAN_NONE;
    rows[3].account_id = stranger.id;
    for (int i = 0; i < 4; i++) {
        assert_ok(insert_credential(f, &rows[i]));
    }
    const struct ward_uuid none = { 0 }, a = f->account.id, p = f->project.id;
    const struct {
        struct ward_credential_filter filter;
        const char *expected;
    } lists[] = {
        { { none, none, false, 0, WARD_CREDENTIAL_ANY }, "theirs,token,narrow,wide" },
        { { a, none, false, 0, WARD_CREDENTIAL_ANY }, "token,narrow,wide" },
        { { stranger.id, none, false, 0, WARD_CREDENTIAL_ANY }, "theirs" },
        { { stranger.id, p, false, 0, WARD_CREDENTIAL_ANY }, "" },
        { { none, p, false, 0, WARD_CREDENTIAL_ANY }, "narrow" },
        { { a, none, true, WARD_CREDENTIAL_TOKEN, WARD_CREDENTIAL_ANY }, "token" },
        { { a, none, true, WARD_CREDENTIAL_ACCESS_KEY, WARD_CREDENTIAL_ANY }, "narrow,wide" },
        { { a, none, false, 0, WARD_CREDENTIAL_ACTIVE }, "token,wide" },
        { { a, none, false, 0, WARD_CREDENTIAL_INACTIVE }, "narrow" },
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        expect_list(f, list_credentials, &lists[i].filter, 0, lists[i].expected);
    }
}

/* ---- the change log ---- */

struct append_call {
    const char *actions[4]; /* ends with NULL */
    enum ward_status answer;
    uint64_t last;
};

static enum ward_status append_changes(struct ward_store_session *s, void *arg)
{
    struct append_call *call = arg;
    for (size_t i = 0; call->actions[i]; i++) {
        struct ward_change change = sample_change(WARD_SPAN("abcdefghij"), call->actions[i]);
        enum ward_status status = ward_store_change_append(s, &change, &call->last);
        if (status != WARD_OK) {
            return status;
        }
    }
    return call->answer;
}

static enum ward_status append(struct fixture *f, const char *action, uint64_t *ret_revision)
{
    struct append_call call = { .actions = { action } };
    return ward_store_write(f->store, append_changes, &call, ret_revision);
}

static enum ward_status read_revision(struct ward_store_session *s, void *arg)
{
    return ward_store_revision(s, arg);
}

struct verify_call {
    uint64_t count, bad;
};

static enum ward_status verify_chain(struct ward_store_session *s, void *arg)
{
    struct verify_call *call = arg;
    return ward_store_chain_verify(s, &call->count, &call->bad);
}

static enum ward_status copy_change(const struct ward_change *change, void *arg)
{
    struct ward_change *ret = arg;
    *ret = *change;
    return change->object_id.size == 10 && change->hash.size == WARD_SHA256_BYTES ? WARD_OK : WARD_INTERNAL;
}

static enum ward_status check_first_change(struct ward_store_session *s, void *arg)
{
    (void)arg;
    struct ward_change first = { 0 };
    return ward_store_change_list(s, 0, 1, copy_change, &first);
}

static void changes_are_numbered_and_chained(void **state)
{
    struct fixture *f = *state;
    uint64_t revision = 99;
    assert_ok(ward_store_read(f->store, read_revision, &revision));
    assert_int_equal(revision, 0);
    assert_ok(append(f, "created", &revision));
    assert_int_equal(revision, 1);
    struct append_call several = { .actions = { "updated", "rotated", "deleted" } };
    assert_ok(ward_store_write(f->store, append_changes, &several, &revision));
    assert_int_equal(revision, 4);
    assert_int_equal(several.last, 4);
    assert_ok(ward_store_read(f->store, read_revision, &revision));
    assert_int_equal(revision, 4);
    const uint64_t after[] = { 0, 1, 4, UINT64_MAX };
    const char *expected[] = { "created,updated,rotated,deleted", "updated,rotated,deleted", "", "" };
    for (size_t i = 0; i < 4; i++) {
        expect_list(f, list_changes, &after[i], SIZE_MAX, expected[i]);
    }
    expect_list(f, list_changes, &after[0], 2, "created,updated");
    assert_ok(ward_store_read(f->store, check_first_change, NULL));
    struct verify_call call = { 0 };
    assert_ok(ward_store_read(f->store, verify_chain, &call));
    assert_int_equal(call.count, 4);
    assert_int_equal(call.bad, 0);
    assert_ok(ward_store_check(f->store));
    if (f->backend->is_durable) {
        reopen_store(f);
        assert_ok(append(f, "created", &revision));
        assert_int_equal(revision, 5);
        assert_ok(ward_store_read(f->store, verify_chain, &call));
        assert_int_equal(call.count, 5);
    }
}

static enum ward_status append_bad(struct ward_store_session *s, void *arg)
{
    return ward_store_change_append(s, arg, NULL);
}

static void changes_refuse(void **state)
{
    struct fixture *f = *state;
    struct ward_change rows[4];
    for (int i = 0; i < 4; i++) {
        rows[i] = sample_change(WARD_SPAN("abcdefghij"), "created");
    }
    rows[0].kind = 0;
    rows[1].object_id = WARD_SPAN_NONE;
    rows[2].action = WARD_SPAN_NONE;
    rows[3].retired = WARD_SPAN("not sixteen");
    for (int i = 0; i < 4; i++) {
        assert_status(WARD_INVALID, ward_store_write(f->store, append_bad, &rows[i], NULL));
    }
    struct ward_change good = sample_change(WARD_SPAN("abcdefghij"), "created");
    assert_status(WARD_INTERNAL, ward_store_read(f->store, append_bad, &good)); /* not in a read session */
    uint64_t revision;
    assert_ok(append(f, "created", &revision));
    assert_int_equal(revision, 1);
}

/* ---- sessions ---- */

static enum ward_status insert_then_fail(struct ward_store_session *s, void *arg)
{
    struct sample_key *sample = arg;
    struct ward_change change = sample_change(WARD_SPAN("abcdefghij"), "created");
    enum ward_status status = ward_store_key_insert(s, &sample->key);
    if (status == WARD_OK) {
        status = ward_store_change_append(s, &change, NULL);
    }
    return status == WARD_OK ? WARD_LIMITED : status;
}

static void a_work_that_fails_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample;
    struct ward_api_key found;
    sample_key(&sample, &f->project, "k");
    uint64_t revision = 77;
    assert_status(WARD_LIMITED, ward_store_write(f->store, insert_then_fail, &sample, &revision));
    assert_int_equal(revision, 77);
    assert_status(WARD_NOT_FOUND, get_key(f, &sample.key.id, &found));
    assert_ok(append(f, "created", &revision));
    assert_int_equal(revision, 1);
    assert_ok(insert_key(f, &sample.key));
}

/* A half-written key cannot be committed by a work that overlooks the refusal. */
static enum ward_status overlook_refusal(struct ward_store_session *s, void *arg)
{
    struct ward_change change = sample_change(WARD_SPAN("abcdefghij"), "created");
    struct sample_key *sample = arg;
    enum ward_status overlooked = ward_store_key_insert(s, &sample->key);
    return overlooked == WARD_CONFLICT ? ward_store_change_append(s, &change, NULL) : WARD_INTERNAL;
}

static void a_refusal_that_is_overlooked_changes_nothing_by_halves(void **state)
{
    struct fixture *f = *state;
    struct sample_key sample, twin;
    struct find_call found;
    struct ward_api_key key;
    sample_key(&sample, &f->project, "k");
    assert_ok(insert_key(f, &sample.key));
    sample_key(&twin, &f->project, "twin");
    sample_value(&twin, WARD_SLOT_SECONDARY);
    twin.key.lookups[1] = sample.key.lookups[0];
    assert_ok(ward_store_write(f->store, overlook_refusal, &twin, NULL));
    assert_status(WARD_NOT_FOUND, get_key(f, &twin.key.id, &key));
    assert_status(WARD_NOT_FOUND, find_key(f, twin.key.lookups[0], &found));
    assert_ok(find_key(f, sample.key.lookups[0], &found));
}

struct inside_call {
    struct fixture *fixture;
    struct sample_key *sample;
    enum ward_status write_status, read_status;
    uint64_t seen;
};

static enum ward_status try_inside(struct ward_store_session *s, void *arg)
{
    (void)s;
    struct inside_call *call = arg;
    struct append_call append_call = { .actions = { "created" } };
    call->write_status = ward_store_write(call->fixture->store, append_changes, &append_call, NULL);
    call->read_status = ward_store_read(call->fixture->store, read_revision, &call->seen);
    return WARD_OK;
}

static enum ward_status append_and_try_inside(struct ward_store_session *s, void *arg)
{
    struct append_call call = { .actions = { "created" } };
    enum ward_status status = append_changes(s, &call);
    return status == WARD_OK ? try_inside(s, arg) : status;
}

static void sessions_inside_sessions(void **state)
{
    struct fixture *f = *state;
    struct inside_call call = { .fixture = f };
    assert_ok(ward_store_read(f->store, try_inside, &call));
    assert_status(WARD_INTERNAL, call.write_status);
    assert_ok(call.read_status);
    assert_int_equal(call.seen, 0);
    assert_ok(ward_store_write(f->store, append_and_try_inside, &call, NULL));
    assert_status(WARD_INTERNAL, call.write_status);
    assert_ok(call.read_status);
    assert_int_equal(call.seen, 1); /* its own change */
}

/* A read session during which somebody writes. */
struct snapshot_call {
    struct fixture *fixture;
    uint64_t before, after;
    pthread_t thread;
    enum ward_status write_status;
};

static void *append_one(void *arg)
{
    struct snapshot_call *call = arg;
    call->write_status = append(call->fixture, "created", NULL);
    return NULL;
}

static enum ward_status read_around_a_write(struct ward_store_session *s, void *arg)
{
    struct snapshot_call *call = arg;
    if (pthread_create(&call->thread, NULL, append_one, call) != 0) {
        return WARD_NO_MEMORY;
    }
    if (call->fixture->backend->has_parallel_reads) {
        pthread_join(call->thread, NULL); /* committed and answered, before this session's first read */
    }
    enum ward_status status = ward_store_revision(s, &call->before);
    return status == WARD_OK ? ward_store_revision(s, &call->after) : status;
}

static void a_read_session_is_a_snapshot(void **state)
{
    struct fixture *f = *state;
    struct snapshot_call call = { .fixture = f, .write_status = WARD_INTERNAL };
    assert_ok(ward_store_read(f->store, read_around_a_write, &call));
    if (!f->backend->has_parallel_reads) {
        pthread_join(call.thread, NULL);
    }
    assert_ok(call.write_status);
    assert_int_equal(call.before, 0);
    assert_int_equal(call.after, 0);
    uint64_t revision;
    assert_ok(ward_store_read(f->store, read_revision, &revision));
    assert_int_equal(revision, 1);
}

/* More read sessions than connections: they wait and all get through. */
static void *read_many(void *arg)
{
    struct fixture *f = arg;
    uint64_t revision;
    intptr_t failures = 0;
    for (int i = 0; i < 50; i++) {
        failures += ward_store_read(f->store, read_revision, &revision) != WARD_OK;
    }
    return (void *)failures;
}

static void readers_wait_for_each_other(void **state)
{
    pthread_t threads[8];
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, *state), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
}

/* ---- the listener ---- */

struct witness {
    struct fixture *fixture;
    enum ward_status prepare_answer;
    size_t prepared, calls, changes;
    uint64_t last, gaps;
    enum ward_status read_status;
    uint64_t seen; /* what a read inside committed saw */
    enum ward_status write_status;
};

static enum ward_status witness_prepare(void *context, size_t changes)
{
    struct witness *w = context;
    w->prepared += changes;
    return w->prepare_answer;
}

static void witness_committed(void *context, const struct ward_change *changes, size_t count)
{
    struct witness *w = context;
    struct append_call inside = { .actions = { "created" } };
    w->calls++;
    w->changes += count;
    for (size_t i = 0; i < count; i++) {
        w->gaps += changes[i].revision != w->last + 1;
        w->last = changes[i].revision;
    }
    w->read_status = ward_store_read(w->fixture->store, read_revision, &w->seen);
    w->write_status = ward_store_write(w->fixture->store, append_changes, &inside, NULL);
}

static void listen(struct fixture *f, struct witness *w)
{
    w->fixture = f;
    const struct ward_store_listener listener = { w, witness_prepare, witness_committed };
    ward_store_listen(f->store, &listener);
}

static void the_listener_is_told_before_the_answer(void **state)
{
    struct fixture *f = *state;
    struct witness w = { 0 };
    listen(f, &w);
    struct append_call several = { .actions = { "created", "updated" } };
    assert_ok(ward_store_write(f->store, append_changes, &several, NULL));
    assert_int_equal(w.prepared, 2);
    assert_int_equal(w.calls, 1);
    assert_int_equal(w.last, 2);
    assert_ok(w.read_status);
    assert_int_equal(w.seen, 2);
    assert_status(WARD_INTERNAL, w.write_status); /* the writer thread would wait for itself */
    struct sample_key sample;
    sample_key(&sample, &f->project, "k");
    assert_ok(insert_key(f, &sample.key)); /* nothing logged, nobody told */
    assert_int_equal(w.calls, 1);
}

static void a_listener_that_cannot_prepare_refuses_the_batch(void **state)
{
    struct fixture *f = *state;
    struct witness w = { .prepare_answer = WARD_UNAVAILABLE };
    listen(f, &w);
    uint64_t revision = 0;
    assert_status(WARD_UNAVAILABLE, append(f, "created", &revision));
    assert_int_equal(w.prepared, 1);
    assert_int_equal(w.calls, 0);
    assert_ok(ward_store_read(f->store, read_revision, &revision));
    assert_int_equal(revision, 0);
    w.prepare_answer = WARD_OK;
    assert_ok(append(f, "created", &revision));
    assert_int_equal(revision, 1);
    struct ward_store_health health;
    ward_store_health(f->store, &health);
    assert_false(health.is_failed);
    assert_int_equal(health.revision, 1);
}

/* ---- group commit ---- */

enum { WRITERS = 8 };

/* Holds the writer until the others have queued, so that they make one batch. */
struct gate {
    struct fixture *fixture;
    uint64_t waiting;
    pthread_barrier_t is_held;
};

static enum ward_status hold_writer(struct ward_store_session *s, void *arg)
{
    (void)s;
    struct gate *gate = arg;
    struct ward_store_health health;
    pthread_barrier_wait(&gate->is_held);
    do {
        sched_yield();
        ward_store_health(gate->fixture->store, &health);
    } while (health.waiting < gate->waiting);
    return WARD_OK;
}

struct batch_writer {
    struct fixture *fixture;
    struct sample_key sample;
    bool fails;
    enum ward_status status;
    uint64_t revision;
    pthread_t thread;
};

static enum ward_status insert_and_log(struct ward_store_session *s, void *arg)
{
    struct batch_writer *w = arg;
    struct ward_change change = sample_change(ward_span_of(w->sample.key.id.text), "created");
    enum ward_status status = ward_store_key_insert(s, &w->sample.key);
    if (status == WARD_OK) {
        status = ward_store_change_append(s, &change, NULL);
    }
    return status == WARD_OK && w->fails ? WARD_LIMITED : status;
}

static void *write_one(void *arg)
{
    struct batch_writer *w = arg;
    w->status = ward_store_write(w->fixture->store, insert_and_log, w, &w->revision);
    return NULL;
}

static void *hold_one(void *arg)
{
    struct gate *gate = arg;
    intptr_t status = ward_store_write(gate->fixture->store, hold_writer, gate, NULL);
    return (void *)status;
}

static void one_that_fails_leaves_its_neighbours(void **state)
{
    struct fixture *f = *state;
    struct witness witness = { 0 };
    listen(f, &witness);
    struct ward_store_health before, after;
    ward_store_health(f->store, &before);
    struct gate gate = { .fixture = f, .waiting = WRITERS };
    pthread_t holder;
    assert_int_equal(pthread_barrier_init(&gate.is_held, NULL, 2), 0);
    assert_int_equal(pthread_create(&holder, NULL, hold_one, &gate), 0);
    pthread_barrier_wait(&gate.is_held); /* the writer is inside, alone */
    static struct batch_writer writers[WRITERS];
    for (size_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct batch_writer){ .fixture = f, .fails = i % 3 == 1 };
        sample_key(&writers[i].sample, &f->project, "k");
        writers[i].sample.key.name = WARD_SPAN("k");
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_one, &writers[i]), 0);
    }
    pthread_join(holder, NULL);
    pthread_barrier_destroy(&gate.is_held);
    size_t kept = 0;
    for (size_t i = 0; i < WRITERS; i++) {
        struct ward_api_key found;
        pthread_join(writers[i].thread, NULL);
        assert_status(writers[i].fails ? WARD_LIMITED : WARD_OK, writers[i].status);
        assert_status(writers[i].fails ? WARD_NOT_FOUND : WARD_OK, get_key(f, &writers[i].sample.key.id, &found));
        kept += !writers[i].fails;
    }
    assert_int_equal(witness.changes, kept);
    assert_int_equal(witness.gaps, 0);
    assert_int_equal(witness.last, kept);
    ward_store_health(f->store, &after);
    assert_int_equal(after.commits - before.commits, kept + 1);
    assert_int_equal(after.batches - before.batches, 1); /* the holder wrote nothing, the others shared one sync */
    struct verify_call chain = { 0 };
    assert_ok(ward_store_read(f->store, verify_chain, &chain));
    assert_int_equal(chain.count, kept);
}

/* A write that nobody waits for, and what its end was told. */
struct later_writer {
    struct ward_write write; /* first */
    struct batch_writer own;
    int told, runs;
    bool has_more, refuses;
    sem_t *all;
};

static void note_end(struct ward_write *write, bool has_more)
{
    struct later_writer *w = (struct later_writer *)write;
    w->told++;
    w->has_more = has_more;
    sem_post(w->all);
}

static enum ward_status write_inside(struct ward_store_session *s, void *arg)
{
    (void)s;
    struct later_writer *w = arg;
    return ward_store_write_later(w->own.fixture->store, &w->write);
}

static enum ward_status count_and_insert(struct ward_store_session *s, void *arg)
{
    struct later_writer *w = arg;
    w->runs++;
    if (w->refuses) {
        return WARD_LIMITED; /* with nothing written */
    }
    return insert_and_log(s, &w->own);
}

/* In one batch with writes whose callers wait: each is told once, and all but the last that more follow. Those that may
 * run twice do when one of them leaves rows behind, and come before the others. */
static void try_writes_that_nobody_waits_for(struct fixture *f, bool is_repeatable, bool refuses)
{
    struct gate gate = { .fixture = f, .waiting = 2 * WRITERS };
    pthread_t holder;
    sem_t all;
    assert_int_equal(sem_init(&all, 0, 0), 0);
    assert_int_equal(pthread_barrier_init(&gate.is_held, NULL, 2), 0);
    assert_int_equal(pthread_create(&holder, NULL, hold_one, &gate), 0);
    pthread_barrier_wait(&gate.is_held);
    static struct later_writer later[WRITERS];
    static struct batch_writer waited[WRITERS];
    for (size_t i = 0; i < WRITERS; i++) {
        bool fails = i % 3 == 1;
        later[i] = (struct later_writer){ .own = { .fixture = f, .fails = fails },
                                          .refuses = fails && refuses,
                                          .all = &all };
        later[i].write = (struct ward_write){ count_and_insert, &later[i], is_repeatable, note_end, WARD_OK, 0 };
        waited[i] = (struct batch_writer){ .fixture = f };
        sample_key(&later[i].own.sample, &f->project, "later");
        sample_key(&waited[i].sample, &f->project, "waited");
        assert_ok(ward_store_write_later(f->store, &later[i].write));
        assert_int_equal(pthread_create(&waited[i].thread, NULL, write_one, &waited[i]), 0);
    }
    pthread_join(holder, NULL);
    pthread_barrier_destroy(&gate.is_held);
    size_t without_more = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < WRITERS; i++) {
        pthread_join(waited[i].thread, NULL);
        assert_ok(waited[i].status);
        sem_wait(&all);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        struct ward_api_key found;
        assert_int_equal(later[i].told, 1);
        if (is_repeatable && !refuses) {
            assert_in_range(later[i].runs, 1, 2);
        } else {
            assert_int_equal(later[i].runs, 1);
        }
        assert_status(later[i].own.fails ? WARD_LIMITED : WARD_OK, later[i].write.status);
        assert_status(later[i].own.fails ? WARD_NOT_FOUND : WARD_OK, get_key(f, &later[i].own.sample.key.id, &found));
        without_more += !later[i].has_more;
        assert_true(later[i].own.fails || later[i].write.revision > last);
        last = later[i].own.fails ? last : later[i].write.revision;
    }
    assert_int_equal(without_more, 1);
    assert_false(later[WRITERS - 1].has_more);
    assert_int_equal(later[0].runs, is_repeatable && !refuses ? 2 : 1);
    struct verify_call chain = { 0 };
    assert_ok(ward_store_read(f->store, verify_chain, &chain));
    assert_status(WARD_INTERNAL, ward_store_write(f->store, write_inside, &later[0], NULL));
    sem_destroy(&all);
}

static void writes_that_nobody_waits_for_are_told(void **state)
{
    struct fixture *f = *state;
    try_writes_that_nobody_waits_for(f, false, false);
    try_writes_that_nobody_waits_for(f, true, false);
    try_writes_that_nobody_waits_for(f, true, true);
}

enum { CROWD = 64, WRITES_EACH = 50 };

struct crowd_member {
    struct fixture *fixture;
    pthread_t thread;
    struct ward_key_id ids[WRITES_EACH];
    uint64_t revisions[WRITES_EACH];
    unsigned failures;
};

static void *write_in_crowd(void *arg)
{
    struct crowd_member *member = arg;
    for (size_t i = 0; i < WRITES_EACH; i++) {
        struct batch_writer w = { .fixture = member->fixture };
        w.sample.key = (struct ward_api_key){ .project_id = member->fixture->project.id,
                                              .name = WARD_SPAN("k"),
                                              .is_enabled = true,
                                              .expires_ms = WARD_TIME_NONE,
                                              .first_used_ms = WARD_TIME_NONE,
                                              .version = 1 };
        w.sample.key.lookups[0] = ward_span((const char *)w.sample.lookups[0].bytes, WARD_LOOKUP_BYTES);
        w.sample.key.sealed[0] = WARD_SPAN("blob");
        if (ward_key_id_new(&w.sample.key.id) != WARD_OK ||
            ward_random(w.sample.lookups[0].bytes, WARD_LOOKUP_BYTES) != WARD_OK) {
            member->failures++;
            continue;
        }
        write_one(&w);
        member->failures += w.status != WARD_OK;
        member->ids[i] = w.sample.key.id;
        member->revisions[i] = w.revision;
    }
    return NULL;
}

struct change_check {
    const struct crowd_member *member;
    size_t index;
    bool is_right;
};

static enum ward_status check_change(const struct ward_change *change, void *arg)
{
    struct change_check *check = arg;
    check->is_right = change->revision == check->member->revisions[check->index] &&
                      ward_span_equal(change->object_id, ward_span_of(check->member->ids[check->index].text));
    return WARD_OK;
}

static enum ward_status find_change(struct ward_store_session *s, void *arg)
{
    struct change_check *check = arg;
    return ward_store_change_list(s, check->member->revisions[check->index] - 1, 1, check_change, check);
}

static void a_crowd_shares_its_syncs(void **state)
{
    struct fixture *f = *state;
    struct witness witness = { 0 };
    listen(f, &witness);
    struct crowd_member *crowd = calloc(CROWD, sizeof *crowd);
    assert_non_null(crowd);
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i].fixture = f;
        assert_int_equal(pthread_create(&crowd[i].thread, NULL, write_in_crowd, &crowd[i]), 0);
    }
    for (size_t i = 0; i < CROWD; i++) {
        pthread_join(crowd[i].thread, NULL);
        assert_int_equal(crowd[i].failures, 0);
    }
    struct ward_store_health health;
    ward_store_health(f->store, &health);
    assert_int_equal(health.revision, CROWD * WRITES_EACH);
    assert_int_equal(health.commits, CROWD * WRITES_EACH + 1); /* and the parents */
    assert_true(health.batches < health.commits);
    assert_int_equal(witness.changes, CROWD * WRITES_EACH);
    assert_int_equal(witness.gaps, 0);
    print_message("%u writes, %u syncs\n", (unsigned)health.commits, (unsigned)health.batches);
    if (f->backend->is_durable) {
        reopen_store(f);
    }
    for (size_t i = 0; i < CROWD; i++) {
        for (size_t j = 0; j < WRITES_EACH; j++) {
            struct change_check check = { &crowd[i], j, false };
            struct ward_api_key found;
            assert_ok(ward_store_read(f->store, find_change, &check));
            assert_true(check.is_right);
            assert_ok(get_key(f, &crowd[i].ids[j], &found));
        }
    }
    struct verify_call chain = { 0 };
    assert_ok(ward_store_read(f->store, verify_chain, &chain));
    assert_int_equal(chain.count, CROWD * WRITES_EACH);
    free(crowd);
}

static enum ward_status do_nothing(struct ward_store_session *s, void *arg)
{
    (void)s;
    (void)arg;
    return WARD_OK;
}

static void a_batch_without_changes_needs_no_sync(void **state)
{
    struct fixture *f = *state;
    struct ward_store_health before, after;
    uint64_t revision = 99;
    assert_ok(append(f, "created", NULL));
    ward_store_health(f->store, &before);
    assert_ok(ward_store_write(f->store, do_nothing, NULL, &revision));
    ward_store_health(f->store, &after);
    assert_int_equal(revision, 1); /* the store's last one */
    assert_int_equal(after.batches, before.batches);
    assert_int_equal(after.commits, before.commits + 1);
}

static void closing_finishes_what_was_accepted(void **state)
{
    struct fixture *f = *state;
    static struct batch_writer w;
    w = (struct batch_writer){ .fixture = f };
    sample_key(&w.sample, &f->project, "k");
    assert_int_equal(pthread_create(&w.thread, NULL, write_one, &w), 0);
    pthread_join(w.thread, NULL);
    assert_ok(w.status);
    ward_store_close(f->store);
    f->store = NULL;
    ward_store_close(NULL);
}

/* ---- main ---- */

/* ---- backup and restore ---- */

/* A copy during which somebody writes. */
struct copy_call {
    struct fixture *fixture;
    char path[128];
    uint64_t revision; /* of the session */
    int steps, stop_at;
    enum ward_status write_status;
};

static void *append_beside(void *arg)
{
    struct copy_call *call = arg;
    call->write_status = append(call->fixture, "updated", NULL);
    return NULL;
}

static bool write_meanwhile(void *arg)
{
    struct copy_call *call = arg;
    pthread_t thread;
    call->steps++;
    if (call->fixture->backend->has_parallel_reads && pthread_create(&thread, NULL, append_beside, call) == 0) {
        pthread_join(thread, NULL);
    }
    return call->steps != call->stop_at;
}

static enum ward_status copy_store(struct ward_store_session *s, void *arg)
{
    struct copy_call *call = arg;
    enum ward_status status = ward_store_revision(s, &call->revision);
    return status == WARD_OK ? ward_store_backup(s, call->path, write_meanwhile, call) : status;
}

static enum ward_status insert_heavy_keys(struct ward_store_session *s, void *arg)
{
    static char text[100000];
    struct fixture *f = arg;
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 60; i++) {
        struct sample_key sample;
        sample_key(&sample, &f->project, "heavy");
        sample.key.description = ward_span(text, sizeof text);
        enum ward_status status = ward_store_key_insert(s, &sample.key);
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

static void make_empty_file(const char *path)
{
    FILE *file = fopen(path, "wx");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    fclose(file);
}

static void a_copy_is_the_sessions_snapshot(void **state)
{
    struct fixture *f = *state;
    struct copy_call call = { .fixture = f };
    struct verify_call chain = { 0 };
    struct ward_account account;
    struct ward_store *own = f->store;
    snprintf(call.path, sizeof call.path, "%s/copy.db", f->directory);
    assert_ok(append(f, "created", NULL));
    assert_ok(ward_store_write(f->store, insert_heavy_keys, f, NULL));
    make_empty_file(call.path);
    assert_ok(ward_store_read(f->store, copy_store, &call));
    assert_ok(call.write_status);
    assert_true(call.steps > 1);
    assert_int_equal(call.revision, 1);
    struct ward_store_options options = { .path = call.path };
    assert_ok(ward_store_open_sqlite(&options, &f->store));
    assert_ok(ward_store_check(f->store));
    assert_ok(ward_store_read(f->store, verify_chain, &chain));
    assert_int_equal(chain.count, 1);
    assert_ok(get_account(f, &f->account.id, &account));
    assert_ok(append(f, "updated", NULL)); /* and it is a store like any other */
    ward_store_close(f->store);
    f->store = own;
    assert_ok(ward_store_check(f->store));
    unlink(call.path);
}

static void a_copy_that_is_stopped_or_has_no_file_is_no_copy(void **state)
{
    struct fixture *f = *state;
    struct copy_call call = { .fixture = f, .stop_at = 2 };
    struct ward_store_health health;
    snprintf(call.path, sizeof call.path, "%s/copy.db", f->directory);
    assert_ok(ward_store_write(f->store, insert_heavy_keys, f, NULL));
    assert_status(WARD_IO, ward_store_read(f->store, copy_store, &call));
    make_empty_file(call.path);
    call.steps = 0;
    assert_status(WARD_UNAVAILABLE, ward_store_read(f->store, copy_store, &call));
    assert_int_equal(call.steps, 2);
    unlink(call.path);
    assert_ok(append(f, "created", NULL));
    ward_store_health(f->store, &health);
    assert_false(health.is_failed); /* an error of the copy is none of the store */
}

struct restored_call {
    uint64_t highest;
    struct ward_change change;
};

static enum ward_status append_restored(struct ward_store_session *s, void *arg)
{
    struct restored_call *call = arg;
    return ward_store_change_append_restored(s, &call->change, call->highest, NULL);
}

struct link_call {
    uint64_t at_most;
    struct ward_change_link link;
};

static enum ward_status find_link(struct ward_store_session *s, void *arg)
{
    struct link_call *call = arg;
    return ward_store_change_link(s, call->at_most, &call->link);
}

static void a_restore_goes_on_above(void **state)
{
    struct fixture *f = *state;
    uint64_t revision = 0;
    struct verify_call chain = { 0 };
    struct link_call link = { .at_most = UINT64_MAX };
    struct restored_call call = { .highest = 40, .change = sample_change(WARD_SPAN("the store"), "ignored") };
    assert_status(WARD_NOT_FOUND, ward_store_read(f->store, find_link, &link));
    assert_ok(append(f, "created", NULL));
    assert_ok(append(f, "updated", NULL));
    assert_ok(ward_store_write(f->store, append_restored, &call, &revision));
    assert_int_equal(revision, 41);
    assert_ok(append(f, "updated", &revision));
    assert_int_equal(revision, 42);
    call.highest = 42; /* no gap: nothing was undone */
    assert_ok(ward_store_write(f->store, append_restored, &call, &revision));
    assert_int_equal(revision, 43);
    call.highest = 42;
    assert_status(WARD_INVALID, ward_store_write(f->store, append_restored, &call, NULL));
    call.highest = INT64_MAX;
    assert_status(WARD_INVALID, ward_store_write(f->store, append_restored, &call, NULL));
    const uint64_t after = 0;
    expect_list(f, list_changes, &after, SIZE_MAX, "created,updated,restored,updated,restored");
    assert_ok(ward_store_check(f->store));
    assert_ok(ward_store_read(f->store, verify_chain, &chain));
    assert_int_equal(chain.count, 5);
    const uint64_t links[][2] = { { 1, 1 }, { 2, 2 }, { 40, 2 }, { 41, 41 }, { UINT64_MAX, 43 } };
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        link.at_most = links[i][0];
        assert_ok(ward_store_read(f->store, find_link, &link));
        assert_int_equal(link.link.revision, links[i][1]);
    }
    if (f->backend->is_durable) {
        reopen_store(f);
        assert_ok(append(f, "updated", &revision));
        assert_int_equal(revision, 44);
    }
}

#define CASE(name)                                                                                                     \
    {                                                                                                                  \
#name, name, set_up                                                                                            \
    }
#define CASE_EMPTY(name)                                                                                               \
    {                                                                                                                  \
#name, name, set_up_closed                                                                                     \
    }

static int set_up_closed(void **state)
{
    *state = new_fixture(*state);
    return 0;
}

static const struct {
    const char *name;
    CMUnitTestFunction test;
    CMFixtureFunction set_up;
} cases[] = {
    CASE_EMPTY(opening_answers_for_what_is_there),
    CASE(meta_keeps_bytes),
    CASE(counts_leave_removed_keys_out),
    CASE(accounts_are_kept_whole),
    CASE(accounts_refuse),
    CASE(projects_are_kept_whole),
    CASE(projects_refuse),
    CASE(project_names_are_unique_among_the_active),
    CASE(keys_are_kept_whole),
    CASE(keys_have_defaults),
    CASE(keys_show_whether_their_project_is_active),
    CASE(keys_are_updated_by_compare_and_set),
    CASE(a_lost_compare_leaves_the_values),
    CASE(a_value_that_went_away_is_free),
    CASE(values_may_change_places_and_go),
    CASE(taken_values_conflict),
    CASE(keys_refuse),
    CASE(lists_filter_and_order),
    CASE(a_visitor_ends_the_walk),
    CASE(lists_nest),
    CASE(expired_keys_are_found_oldest_expiry_first),
    CASE(credentials_are_kept_whole),
    CASE(credentials_show_whether_their_scope_is_active),
    CASE(credentials_refuse),
    CASE(operators_values_and_api_keys_never_meet),
    CASE(credentials_are_listed),
    CASE(changes_are_numbered_and_chained),
    CASE(changes_refuse),
    CASE(a_copy_is_the_sessions_snapshot),
    CASE(a_copy_that_is_stopped_or_has_no_file_is_no_copy),
    CASE(a_restore_goes_on_above),
    CASE(a_work_that_fails_leaves_nothing),
    CASE(a_refusal_that_is_overlooked_changes_nothing_by_halves),
    CASE(sessions_inside_sessions),
    CASE(a_read_session_is_a_snapshot),
    CASE(readers_wait_for_each_other),
    CASE(the_listener_is_told_before_the_answer),
    CASE(a_listener_that_cannot_prepare_refuses_the_batch),
    CASE(one_that_fails_leaves_its_neighbours),
    CASE(a_crowd_shares_its_syncs),
    CASE(writes_that_nobody_waits_for_are_told),
    CASE(a_batch_without_changes_needs_no_sync),
    CASE(closing_finishes_what_was_accepted),
};

enum { CASE_COUNT = sizeof cases / sizeof *cases, BACKEND_COUNT = sizeof backends / sizeof *backends };

int main(void)
{
    static struct CMUnitTest tests[CASE_COUNT * BACKEND_COUNT];
    static char names[CASE_COUNT * BACKEND_COUNT][128];
    for (size_t i = 0; i < CASE_COUNT * BACKEND_COUNT; i++) {
        const struct backend *backend = &backends[i / CASE_COUNT];
        size_t which = i % CASE_COUNT;
        snprintf(names[i], sizeof names[i], "%s: %s", backend->name, cases[which].name);
        tests[i] = (struct CMUnitTest){ names[i], cases[which].test, cases[which].set_up, tear_down,
                                        (void *)(uintptr_t)backend };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
