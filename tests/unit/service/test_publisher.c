/* The publisher: what is acknowledged is obeyed, before the answer, after a restart, and when there is no room. */
#include "fixture.h"

#include <pthread.h>

static void test_records_say_what_the_store_says(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = key_input(f, &f->test_project.id, "named");
    input.has_value = input.has_metadata = input.has_custom_account_id = input.has_custom_user_id = true;
    input.has_expiry = input.has_rate_limit = input.has_allowed_domains = true;
    input.value = WARD_SPAN("the-value");
    input.metadata = WARD_SPAN("{\"a\":1}");
    input.custom_account_id = WARD_SPAN("acc");
    input.expires_ms = START_MS + 1000;
    input.rate_limit = (struct ward_rate_limit){ 7, 30 };
    input.allowed_domains = WARD_SPAN("[\"a.example\"]");
    assert_ok(ward_service_key_create(f->service, &f->admin, &input, &f->pool, &key, &receipt));
    struct ward_presented presented = { .kind = WARD_RECORD_API_KEY,
                                        .value = WARD_SPAN("the-value"),
                                        .origin = WARD_SPAN("https://a.example"),
                                        .wants_body = true };
    struct ward_verdict verdict;
    ward_verify(&f->verifier, &presented, ward_now_ms(), &verdict);
    assert_reason(WARD_VERDICT_VALID, verdict.reason);
    assert_int_equal(receipt.revision, verdict.revision);
    assert_int_equal(receipt.revision, verdict.record.revision);
    char id[11];
    ward_verdict_key_id(&verdict, id);
    assert_string_equal(key.id.text, id);
    assert_true(ward_uuid_equal(&f->made.account.id, &verdict.scope.account_id));
    assert_true(ward_uuid_equal(&f->test_project.id, &verdict.scope.project_id));
    assert_true(verdict.scope.is_test);
    assert_int_equal(START_MS + 1000, verdict.record.expires_ms);
    assert_int_equal(7, verdict.limit.limit);
    assert_span("named", verdict.body.name);
    assert_span("acc", verdict.body.custom_account_id);
    assert_null(verdict.body.custom_user_id.data);
    assert_span("{\"a\":1}", verdict.body.metadata);
    assert_span(",\"name\":\"named\"}", verdict.body.reply);
    presented.origin = WARD_SPAN("https://b.example");
    ward_verify(&f->verifier, &presented, ward_now_ms(), &verdict);
    assert_reason(WARD_VERDICT_ORIGIN_NOT_ALLOWED, verdict.reason);
}

/* The surface that gives keys two values comes later: write one as it will. */
struct second_value {
    struct fixture *fixture;
    struct ward_api_key key;
    const char *action;
};

static enum ward_status log_in(struct ward_store_session *session, const struct second_value *second)
{
    struct ward_change change = {
        .kind = WARD_OBJECT_API_KEY,
        .object_id = ward_span_of(second->key.id.text),
        .account_id = id_span(second->fixture, &second->key.account_id),
        .action = ward_span_of(second->action),
        .actor_type = WARD_ACTOR_LOCAL,
        .detail = WARD_SPAN("{}"),
    };
    return ward_store_change_append(session, &change, NULL);
}

static enum ward_status write_second_in(struct ward_store_session *session, void *arg)
{
    struct second_value *second = arg;
    enum ward_status status = ward_store_key_update(session, &second->key);
    second->key.version++;
    return status == WARD_OK ? log_in(session, second) : status;
}

static void test_both_values_are_one_key(void **state)
{
    struct fixture *f = *state;
    uint64_t revision;
    struct ward_lookup lookup;
    struct second_value second = { f, make_key(f, &f->made.project.id, "primary-value"), "updated" };
    ward_keyed_hash(f->hash, WARD_SPAN("secondary-value"), &lookup);
    second.key.lookups[WARD_SLOT_SECONDARY] = ward_span((const char *)lookup.bytes, WARD_LOOKUP_BYTES);
    second.key.sealed[WARD_SLOT_SECONDARY] = WARD_SPAN("not opened here");
    second.key.value_versions[WARD_SLOT_SECONDARY] = 1;
    second.key.rate_limit = (struct ward_rate_limit){ 2, 60 };
    assert_ok(ward_store_write(f->store, write_second_in, &second, &revision));
    struct ward_verdict verdict = verdict_on(f, WARD_RECORD_API_KEY, WARD_SPAN("secondary-value"));
    assert_reason(WARD_VERDICT_VALID, verdict.reason);
    assert_int_equal(WARD_SLOT_SECONDARY, verdict.record.slot);
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("primary-value")));
    assert_reason(WARD_VERDICT_LIMITED, verify_key(f, WARD_SPAN("secondary-value"))); /* one counter */
    restart(f);
    assert_reason(WARD_VERDICT_LIMITED, verify_key(f, WARD_SPAN("primary-value")));
    second.key.is_enabled = false;
    second.key.is_removed = true;
    second.action = "removed";
    assert_ok(ward_store_write(f->store, write_second_in, &second, &revision));
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, WARD_SPAN("primary-value")));
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, WARD_SPAN("secondary-value")));
}

static void test_a_restart_builds_the_same_table(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    make_key(f, &f->made.project.id, "active");
    make_key(f, &f->made.project.id, "deleted");
    make_key(f, &f->made.project.id, "old-name");
    assert_ok(delete_key(f, &f->admin, WARD_SPAN("deleted")));
    struct ward_api_key_input input = rename_input("n");
    input.has_value = true;
    input.value = WARD_SPAN("new-name");
    assert_ok(update_key(f, &f->admin, WARD_SPAN("old-name"), &input, &key));
    uint64_t revision = revision_now(f);
    for (int i = 0; i < 2; i++) {
        assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("active")));
        assert_reason(WARD_VERDICT_DISABLED, verify_key(f, WARD_SPAN("deleted")));
        assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, WARD_SPAN("old-name")));
        assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("new-name")));
        assert_reason(WARD_VERDICT_VALID, verify_access_key(f, f->made.access_key.value));
        assert_int_equal(revision, verdict_on(f, WARD_RECORD_API_KEY, WARD_SPAN("active")).revision);
        restart(f);
    }
}

static void test_stats_and_heartbeat(void **state)
{
    struct fixture *f = *state;
    struct ward_publisher_stats stats;
    make_key(f, &f->made.project.id, "k");
    ward_publisher_heartbeat(f->publisher);
    ward_publisher_stats(f->publisher, &stats);
    assert_int_equal(revision_now(f), stats.table.revision);
    assert_int_equal(1, stats.table.api_keys);
    assert_int_equal(2, stats.table.records);
    assert_int_equal(1, stats.replicas);
    assert_int_equal(1, stats.applied);
}

/* ---- several changes in one transaction ---- */

struct renames {
    struct fixture *fixture;
    struct ward_api_key a, b;
    struct ward_lookup spare;
};

static enum ward_status rename_in(struct ward_store_session *session, struct renames *renames, struct ward_api_key *key,
                                  struct ward_span lookup)
{
    struct ward_change change = {
        .kind = WARD_OBJECT_API_KEY,
        .object_id = ward_span_of(key->id.text),
        .account_id = id_span(renames->fixture, &key->account_id),
        .action = WARD_SPAN("updated"),
        .actor_type = WARD_ACTOR_LOCAL,
        .detail = WARD_SPAN("{}"),
        .retired = key->lookups[WARD_SLOT_PRIMARY],
    };
    key->lookups[WARD_SLOT_PRIMARY] = lookup;
    enum ward_status status = ward_store_key_update(session, key);
    key->version++;
    return status == WARD_OK ? ward_store_change_append(session, &change, NULL) : status;
}

/* a → spare, b → a's, a → b's: the two change places, and each retires what the other then holds. */
static enum ward_status swap_in(struct ward_store_session *session, void *arg)
{
    struct renames *renames = arg;
    struct ward_span first = renames->a.lookups[WARD_SLOT_PRIMARY], second = renames->b.lookups[WARD_SLOT_PRIMARY];
    struct ward_span spare = ward_span((const char *)renames->spare.bytes, WARD_LOOKUP_BYTES);
    enum ward_status status = rename_in(session, renames, &renames->a, spare);
    if (status == WARD_OK) {
        status = rename_in(session, renames, &renames->b, first);
    }
    return status == WARD_OK ? rename_in(session, renames, &renames->a, second) : status;
}

static void test_values_may_change_places_in_one_batch(void **state)
{
    struct fixture *f = *state;
    uint64_t revision;
    struct renames renames = {
        f, make_key(f, &f->made.project.id, "value-a"), make_key(f, &f->made.project.id, "value-b"), { { 0 } }
    };
    ward_keyed_hash(f->hash, WARD_SPAN("spare"), &renames.spare);
    assert_ok(ward_store_write(f->store, swap_in, &renames, &revision));
    char id[11];
    struct ward_verdict verdict = verdict_on(f, WARD_RECORD_API_KEY, WARD_SPAN("value-a"));
    assert_reason(WARD_VERDICT_VALID, verdict.reason);
    ward_verdict_key_id(&verdict, id);
    assert_string_equal(renames.b.id.text, id);
    verdict = verdict_on(f, WARD_RECORD_API_KEY, WARD_SPAN("value-b"));
    assert_reason(WARD_VERDICT_VALID, verdict.reason);
    ward_verdict_key_id(&verdict, id);
    assert_string_equal(renames.a.id.text, id);
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, WARD_SPAN("spare")));
}

/* ---- growth, and no room for it ---- */

static struct ward_span large_metadata(struct fixture *f)
{
    enum { SIZE = 16000 };
    char *text = ward_pool_alloc(&f->pool, SIZE + 16);
    assert_non_null(text);
    memset(text, 'x', SIZE + 8);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + SIZE, "\"}", 2);
    return ward_span(text, SIZE + 2);
}

static enum ward_status make_large(struct fixture *f, int number)
{
    char value[24];
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = key_input(f, &f->made.project.id, "large");
    snprintf(value, sizeof(value), "large-%d", number);
    input.has_value = input.has_metadata = true;
    input.value = ward_pool_copy(&f->pool, ward_span_of(value));
    input.metadata = large_metadata(f);
    return ward_service_key_create(f->service, &f->admin, &input, &f->pool, &key, &receipt);
}

static void test_the_table_grows_under_verification(void **state)
{
    struct fixture *f = *state;
    enum { KEYS = 150 };
    struct ward_publisher_stats before, after;
    ward_publisher_stats(f->publisher, &before);
    for (int i = 0; i < KEYS; i++) {
        char value[24];
        assert_ok(make_large(f, i));
        snprintf(value, sizeof(value), "large-%d", i);
        assert_reason(WARD_VERDICT_VALID, verify_key(f, ward_span_of(value)));
        assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("large-0")));
    }
    ward_publisher_stats(f->publisher, &after);
    assert_true(after.table.generation > before.table.generation);
}

static int (*real_allocate_file)(int fd, off_t offset, off_t size);

static int refuse_file(int fd, off_t offset, off_t size)
{
    (void)fd;
    (void)offset;
    (void)size;
    return 28; /* ENOSPC */
}

/* Invariant 2: no room in the table means that the write is refused, not that it is acknowledged and not obeyed. */
static void test_without_room_a_write_is_refused(void **state)
{
    struct fixture *f = *state;
    make_key(f, &f->made.project.id, "before");
    real_allocate_file = ward_seam.allocate_file;
    ward_seam.allocate_file = refuse_file;
    enum ward_status status = WARD_OK;
    int made = 0;
    while (status == WARD_OK && made < 1000) {
        status = make_large(f, made);
        made += status == WARD_OK;
    }
    ward_seam.allocate_file = real_allocate_file;
    assert_true(status == WARD_IO || status == WARD_UNAVAILABLE);
    char value[24];
    struct ward_api_key key;
    snprintf(value, sizeof(value), "large-%d", made);
    assert_status(WARD_NOT_FOUND, get_key(f, &f->admin, ward_span_of(value), &key));
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, ward_span_of(value)));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("before")));
    for (int i = 0; i < made; i++) {
        snprintf(value, sizeof(value), "large-%d", i);
        assert_reason(WARD_VERDICT_VALID, verify_key(f, ward_span_of(value)));
    }
    assert_ok(make_large(f, made)); /* and goes on when there is room again */
    snprintf(value, sizeof(value), "large-%d", made);
    assert_reason(WARD_VERDICT_VALID, verify_key(f, ward_span_of(value)));
    struct ward_store_health health;
    ward_store_health(f->store, &health);
    assert_false(health.is_failed);
}

/* ---- the answer of a write comes after its effect, for many writers at once ---- */

struct writer {
    struct fixture *fixture;
    int number;
    struct ward_verifier verifier;
    bool is_right;
};

static enum ward_reason verify_with(struct ward_verifier *verifier, struct ward_span value)
{
    struct ward_verdict verdict;
    struct ward_presented presented = { .kind = WARD_RECORD_API_KEY, .value = value };
    ward_verify(verifier, &presented, ward_now_ms(), &verdict);
    return verdict.reason;
}

static bool live_once(struct writer *writer, int round, struct ward_pool *pool)
{
    char text[32];
    struct fixture *f = writer->fixture;
    struct ward_api_key key;
    struct ward_receipt receipt;
    snprintf(text, sizeof(text), "w%d-%d", writer->number, round);
    struct ward_api_key_input input = {
        .has_name = true, .name = WARD_SPAN("n"), .has_value = true, .value = ward_span_of(text)
    };
    struct ward_operator who = operator_of(&f->made.account.id, &f->made.project.id, WARD_ROLE_USER);
    struct ward_key_ref ref = by_text(text);
    if (ward_service_key_create(f->service, &who, &input, pool, &key, &receipt) != WARD_OK ||
        verify_with(&writer->verifier, ref.value) != WARD_VERDICT_VALID) {
        return false;
    }
    if (ward_service_key_delete(f->service, &who, &ref, &receipt) != WARD_OK ||
        verify_with(&writer->verifier, ref.value) != WARD_VERDICT_DISABLED) {
        return false;
    }
    return ward_service_key_reactivate(f->service, &who, &ref, pool, &key, &receipt) == WARD_OK &&
           verify_with(&writer->verifier, ref.value) == WARD_VERDICT_VALID;
}

static void *run_writer(void *arg)
{
    struct writer *writer = arg;
    WARD_POOL pool = ward_pool_new(64 * 1024 * 1024);
    writer->is_right = true;
    for (int round = 0; round < 25 && writer->is_right; round++) {
        writer->is_right = live_once(writer, round, &pool);
        ward_publisher_heartbeat(writer->fixture->publisher);
        struct ward_publisher_stats stats;
        ward_publisher_stats(writer->fixture->publisher, &stats);
    }
    return NULL;
}

static void test_every_writer_sees_its_own_writes(void **state)
{
    struct fixture *f = *state;
    enum { WRITERS = 6 };
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ .fixture = f, .number = i };
        assert_ok(ward_verifier_open(f->directory, f->hash, 0, &writers[i].verifier));
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, run_writer, &writers[i]));
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(writers[i].is_right);
        ward_verifier_close(&writers[i].verifier);
    }
}

/* ---- memory ---- */

static void *(*real_allocate)(size_t size);
static void *(*real_reallocate)(void *old, size_t size);
static unsigned allocations_left;

static void *allocate_some(size_t size)
{
    return allocations_left && allocations_left-- ? real_allocate(size) : NULL;
}

static void *reallocate_some(void *old, size_t size)
{
    return allocations_left && allocations_left-- ? real_reallocate(old, size) : NULL;
}

/* Whichever allocation fails: the write is refused whole, or it is acknowledged and obeyed. */
static void test_out_of_memory_is_refused_or_obeyed(void **state)
{
    struct fixture *f = *state;
    real_allocate = ward_seam.allocate;
    real_reallocate = ward_seam.reallocate;
    unsigned refused = 0;
    for (unsigned n = 0; n < 80; n++) {
        char value[24];
        struct ward_api_key key;
        struct ward_receipt receipt;
        snprintf(value, sizeof(value), "key-%u", n);
        struct ward_api_key_input input = key_input(f, &f->made.project.id, "n");
        input.has_value = true;
        input.value = ward_span_of(value);
        WARD_POOL pool = ward_pool_new(1024 * 1024);
        allocations_left = n;
        ward_seam.allocate = allocate_some;
        ward_seam.reallocate = reallocate_some;
        enum ward_status status = ward_service_key_create(f->service, &f->admin, &input, &pool, &key, &receipt);
        ward_seam.allocate = real_allocate;
        ward_seam.reallocate = real_reallocate;
        refused += status != WARD_OK;
        assert_reason(status == WARD_OK ? WARD_VERDICT_VALID : WARD_VERDICT_UNKNOWN,
                      verify_key(f, ward_span_of(value)));
        assert_status(status == WARD_OK ? WARD_OK : WARD_NOT_FOUND, get_key(f, &f->admin, ward_span_of(value), &key));
    }
    assert_true(refused > 0);
    assert_true(refused < 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_records_say_what_the_store_says),       test_case(test_both_values_are_one_key),
        test_case(test_a_restart_builds_the_same_table),       test_case(test_stats_and_heartbeat),
        test_case(test_values_may_change_places_in_one_batch), test_case(test_the_table_grows_under_verification),
        test_case(test_without_room_a_write_is_refused),       test_case(test_every_writer_sees_its_own_writes),
        test_case(test_out_of_memory_is_refused_or_obeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
