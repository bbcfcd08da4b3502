/* The life of a key: contracts/theauthapi.md 2.2-2.7, each rule with its exact refusal. */
#include "fixture.h"

#include <pthread.h>
#include <semaphore.h>

/* ---- create ---- */

static void test_create_generates_a_value_by_env(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key live = make_key(f, &f->made.project.id, NULL);
    struct ward_api_key test = make_key(f, &f->test_project.id, NULL);
    assert_int_equal(5 + WARD_KEY_RANDOM_CHARS, live.values[WARD_SLOT_PRIMARY].size);
    assert_true(ward_span_starts_with(live.values[WARD_SLOT_PRIMARY], WARD_SPAN("live_")));
    assert_true(ward_span_starts_with(test.values[WARD_SLOT_PRIMARY], WARD_SPAN("test_")));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, live.values[WARD_SLOT_PRIMARY]));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, test.values[WARD_SLOT_PRIMARY]));
}

static void test_create_has_the_contracts_defaults(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key made = make_key(f, &f->made.project.id, "basic_key_1");
    struct ward_api_key key;
    assert_ok(get_key(f, &f->admin, WARD_SPAN("basic_key_1"), &key));
    assert_span("basic_key_1", key.values[WARD_SLOT_PRIMARY]);
    assert_span("a key", key.name);
    assert_span("{}", key.metadata);
    assert_span("{}", key.creation_context);
    assert_null(key.custom_account_id.data);
    assert_null(key.custom_user_id.data);
    assert_null(key.allowed_domains.data);
    assert_null(key.sealed[WARD_SLOT_SECONDARY].data);
    assert_int_equal(START_MS, key.created_ms);
    assert_int_equal(START_MS, key.updated_ms);
    assert_int_equal(WARD_TIME_NONE, key.expires_ms);
    assert_int_equal(WARD_TIME_NONE, key.first_used_ms);
    assert_string_equal(made.id.text, key.id.text);
}

static void test_create_keeps_every_member(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key made, key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = key_input(f, &f->made.project.id, "full");
    input.has_metadata = input.has_custom_account_id = input.has_custom_user_id = input.has_expiry = true;
    input.has_rate_limit = input.has_allowed_domains = input.has_creation_context = true;
    input.metadata = WARD_SPAN("{\"b\":1.0,\"a\":12345678901234567890}");
    input.custom_account_id = WARD_SPAN("acc");
    input.custom_user_id = WARD_SPAN("");
    input.expires_ms = START_MS + 1000;
    input.rate_limit = (struct ward_rate_limit){ 10, 60 };
    input.allowed_domains = WARD_SPAN("[\"example.com\"]");
    input.creation_context = WARD_SPAN("{\"clientIP\":\"192.0.2.1\"}");
    assert_ok(ward_service_key_create(f->service, &f->admin, &input, &f->pool, &made, &receipt));
    assert_ok(get_key(f, &f->admin, made.values[WARD_SLOT_PRIMARY], &key));
    assert_span("{\"b\":1.0,\"a\":12345678901234567890}", key.metadata);
    assert_span("acc", key.custom_account_id);
    assert_non_null(key.custom_user_id.data); /* empty is not null */
    assert_int_equal(0, key.custom_user_id.size);
    assert_int_equal(START_MS + 1000, key.expires_ms);
    assert_int_equal(10, key.rate_limit.limit);
    assert_int_equal(60, key.rate_limit.ttl_s);
    assert_span("[\"example.com\"]", key.allowed_domains);
    assert_span("{\"clientIP\":\"192.0.2.1\"}", key.creation_context);
}

static void test_create_says_its_revision_and_where_it_is_obeyed(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = key_input(f, &f->made.project.id, "k");
    uint64_t before = revision_now(f);
    assert_ok(ward_service_key_create(f->service, &f->admin, &input, &f->pool, &key, &receipt));
    assert_int_equal(before + 1, receipt.revision);
    assert_int_equal(1, receipt.replicas);
    assert_int_equal(1, receipt.applied);
}

/* Where a projectId leads: 1.3. */
enum project_given { GIVEN_NONE, GIVEN_OWN, GIVEN_SIBLING, GIVEN_FOREIGN, GIVEN_UNKNOWN, GIVEN_MALFORMED };

static const struct project_row {
    const char *name;
    bool is_scoped; /* the operator, to the first project */
    enum project_given given;
    enum ward_status expected;
    enum ward_rule rule; /* of projectId, where INVALID */
} project_rows[] = {
    { "scoped, absent: its own", true, GIVEN_NONE, WARD_OK, 0 },
    { "scoped, its own", true, GIVEN_OWN, WARD_OK, 0 },
    { "scoped, a sibling", true, GIVEN_SIBLING, WARD_FORBIDDEN, 0 },
    { "scoped, another account's", true, GIVEN_FOREIGN, WARD_FORBIDDEN, 0 },
    { "scoped, unknown", true, GIVEN_UNKNOWN, WARD_INVALID, WARD_RULE_UNKNOWN_PROJECT },
    { "scoped, malformed", true, GIVEN_MALFORMED, WARD_INVALID, WARD_RULE_UUID },
    { "wide, absent", false, GIVEN_NONE, WARD_INVALID, WARD_RULE_REQUIRED },
    { "wide, own", false, GIVEN_OWN, WARD_OK, 0 },
    { "wide, a sibling", false, GIVEN_SIBLING, WARD_OK, 0 },
    { "wide, another account's", false, GIVEN_FOREIGN, WARD_FORBIDDEN, 0 },
    { "wide, unknown", false, GIVEN_UNKNOWN, WARD_INVALID, WARD_RULE_UNKNOWN_PROJECT },
    { "wide, malformed", false, GIVEN_MALFORMED, WARD_INVALID, WARD_RULE_UUID },
};

static struct ward_span project_text(struct fixture *f, enum project_given given)
{
    switch (given) {
    case GIVEN_OWN:
        return id_span(f, &f->made.project.id);
    case GIVEN_SIBLING:
        return id_span(f, &f->test_project.id);
    case GIVEN_FOREIGN:
        return id_span(f, &f->other_project.id);
    case GIVEN_UNKNOWN:
        return unknown_id(f);
    case GIVEN_MALFORMED:
        return WARD_SPAN("not-a-uuid");
    default:
        return WARD_SPAN_NONE;
    }
}

static void test_create_resolves_its_project(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(project_rows) / sizeof(*project_rows); i++) {
        const struct project_row *row = &project_rows[i];
        struct ward_api_key key;
        struct ward_receipt receipt;
        struct ward_operator who = row->is_scoped ? project_operator(f, WARD_ROLE_USER)
                                                  : account_operator(f, WARD_ROLE_USER);
        struct ward_api_key_input input = rename_input("k");
        input.has_project = row->given != GIVEN_NONE;
        input.project = project_text(f, row->given);
        enum ward_status status = ward_service_key_create(f->service, &who, &input, &f->pool, &key, &receipt);
        if (status != row->expected) {
            fail_msg("%s: %s", row->name, ward_status_code(status));
        }
        if (status == WARD_INVALID) {
            assert_int_equal(1, input.problems.count);
            assert_problem(&input.problems, "projectId", row->rule);
        }
    }
}

static void test_create_lists_problems_in_member_order(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = { .has_value = true, .value = WARD_SPAN("a/b") };
    assert_status(WARD_INVALID, ward_service_key_create(f->service, &f->admin, &input, &f->pool, &key, &receipt));
    assert_int_equal(4, input.problems.count);
    assert_string_equal("name", input.problems.items[0].member);
    assert_string_equal("name", input.problems.items[1].member);
    assert_string_equal("projectId", input.problems.items[2].member);
    assert_string_equal("key", input.problems.items[3].member);
}

static void test_create_keeps_what_the_surface_found(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = key_input(f, &f->made.project.id, "k");
    input.has_project = false;
    ward_problem_add(&input.problems, "projectId", WARD_RULE_STRING, 0, NULL);
    assert_status(WARD_INVALID, ward_service_key_create(f->service, &f->admin, &input, &f->pool, &key, &receipt));
    assert_int_equal(1, input.problems.count);
    assert_problem(&input.problems, "projectId", WARD_RULE_STRING);
}

/* ---- a create that nobody waits for ---- */

struct told {
    sem_t done;
    enum ward_status status;
};

static void note_told(void *arg, enum ward_status status, bool has_more)
{
    struct told *told = arg;
    assert_false(has_more);
    told->status = status;
    sem_post(&told->done);
}

static enum ward_status create_later(struct fixture *f, const struct ward_operator *who,
                                     struct ward_api_key_input *input, struct ward_api_key *ret,
                                     struct ward_receipt *ret_receipt)
{
    struct told told;
    const struct ward_later later = { note_told, &told };
    sem_init(&told.done, 0, 0);
    enum ward_status status = ward_service_key_create_later(f->service, who, input, &f->pool, ret, ret_receipt, &later);
    if (status == WARD_OK) {
        sem_wait(&told.done);
        status = told.status;
    }
    sem_destroy(&told.done);
    return status;
}

static void test_create_later_is_the_same_create(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key = { 0 };
    struct ward_receipt receipt = { 0 };
    uint64_t before = revision_now(f);
    struct ward_api_key_input input = key_input(f, &f->made.project.id, "later");
    input.has_value = true;
    input.value = WARD_SPAN("later_value");
    assert_ok(create_later(f, &f->admin, &input, &key, &receipt));
    assert_span("later", key.name);
    assert_span("later_value", key.values[WARD_SLOT_PRIMARY]);
    assert_int_equal(before + 1, receipt.revision);
    assert_int_equal(1, receipt.applied);
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("later_value")));
    struct ward_api_key_input again = key_input(f, &f->made.project.id, "again");
    again.has_value = true;
    again.value = WARD_SPAN("later_value");
    assert_status(WARD_CONFLICT, create_later(f, &f->admin, &again, &key, &receipt));
    struct ward_api_key_input foreign = key_input(f, &f->other_project.id, "foreign");
    assert_status(WARD_FORBIDDEN, create_later(f, &f->admin, &foreign, &key, &receipt));
    assert_int_equal(before + 1, revision_now(f));
}

/* It would have to look into the store: that is the waiting one's. */
static void test_create_later_leaves_a_bad_input_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_operator viewer = account_operator(f, WARD_ROLE_VIEWER);
    struct ward_api_key_input bad = { .has_value = true, .value = WARD_SPAN("a/b") };
    assert_status(WARD_FORBIDDEN, create_later(f, &viewer, &bad, &key, &receipt));
    assert_status(WARD_INVALID, create_later(f, &f->admin, &bad, &key, &receipt));
    assert_int_equal(0, bad.problems.count);
    assert_status(WARD_INVALID, ward_service_key_create(f->service, &f->admin, &bad, &f->pool, &key, &receipt));
    assert_int_equal(4, bad.problems.count);
}

static void test_create_refuses_before_it_reads_the_input(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_operator viewer = account_operator(f, WARD_ROLE_VIEWER);
    struct ward_api_key_input bad = { .has_project = true, .project = WARD_SPAN("x") };
    assert_status(WARD_FORBIDDEN, ward_service_key_create(f->service, &viewer, &bad, &f->pool, &key, &receipt));
    struct ward_api_key_input foreign = { .has_project = true, .project = id_span(f, &f->other_project.id) };
    assert_status(WARD_FORBIDDEN, ward_service_key_create(f->service, &f->admin, &foreign, &f->pool, &key, &receipt));
}

static enum ward_status create_value(struct fixture *f, const struct ward_uuid *project, struct ward_span value)
{
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = key_input(f, project, "again");
    input.has_value = true;
    input.value = value;
    return ward_service_key_create(f->service, &f->local, &input, &f->pool, &key, &receipt);
}

static void test_a_value_exists_once(void **state)
{
    struct fixture *f = *state;
    make_key(f, &f->made.project.id, "taken");
    assert_status(WARD_CONFLICT, create_value(f, &f->made.project.id, WARD_SPAN("taken")));
    assert_status(WARD_CONFLICT, create_value(f, &f->other_project.id, WARD_SPAN("taken")));
    assert_ok(delete_key(f, &f->admin, WARD_SPAN("taken")));
    assert_status(WARD_CONFLICT, create_value(f, &f->other_project.id, WARD_SPAN("taken")));
    assert_status(WARD_CONFLICT, create_value(f, &f->made.project.id, f->made.access_key.value));
    assert_reason(WARD_VERDICT_VALID, verify_access_key(f, f->made.access_key.value));
}

/* ---- a generated id that is taken ---- */

static int (*real_random)(void *, size_t);
static unsigned same_draws;

/* The same bytes again and again, then real ones. */
static int draw_same(void *data, size_t size)
{
    if (same_draws == 0) {
        return real_random(data, size);
    }
    same_draws--;
    memset(data, 7, size);
    return 0;
}

static void test_a_taken_id_is_drawn_again(void **state)
{
    struct fixture *f = *state;
    real_random = ward_seam.random;
    same_draws = 1;
    ward_seam.random = draw_same;
    struct ward_api_key first = make_key(f, &f->made.project.id, "one");
    same_draws = 3;
    struct ward_api_key second = make_key(f, &f->made.project.id, "two");
    same_draws = 1000000;
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = key_input(f, &f->made.project.id, "three");
    enum ward_status status = ward_service_key_create(f->service, &f->admin, &input, &f->pool, &key, &receipt);
    ward_seam.random = real_random;
    assert_string_not_equal(first.id.text, second.id.text);
    assert_status(WARD_UNAVAILABLE, status);
}

static int refuse_random(void *data, size_t size)
{
    (void)data;
    (void)size;
    return -1;
}

static void test_without_random_bytes_nothing_is_made(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key made = make_key(f, &f->made.project.id, NULL);
    uint64_t before = revision_now(f);
    struct ward_api_key_input input = key_input(f, &f->made.project.id, "k");
    real_random = ward_seam.random;
    ward_seam.random = refuse_random;
    enum ward_status created = ward_service_key_create(f->service, &f->admin, &input, &f->pool, &key, &receipt);
    enum ward_status rotated = rotate_key(f, &f->admin, made.values[WARD_SLOT_PRIMARY], &key);
    ward_seam.random = real_random;
    assert_status(WARD_UNAVAILABLE, created);
    assert_status(WARD_UNAVAILABLE, rotated);
    assert_int_equal(before, revision_now(f));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, made.values[WARD_SLOT_PRIMARY]));
}

/* ---- scope and state, for every use case on one key ---- */

enum use_case { USE_GET, USE_UPDATE, USE_DELETE, USE_REACTIVATE, USE_ROTATE, USE_COUNT };

static enum ward_status run_use_case(struct fixture *f, enum use_case use, const struct ward_operator *who,
                                     const struct ward_key_ref *ref)
{
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_api_key_input input = rename_input("n");
    switch (use) {
    case USE_GET:
        return ward_service_key_get(f->service, who, ref, &f->pool, &key);
    case USE_UPDATE:
        return ward_service_key_update(f->service, who, ref, &input, &f->pool, &key, &receipt);
    case USE_DELETE:
        return ward_service_key_delete(f->service, who, ref, &receipt);
    case USE_REACTIVATE:
        return ward_service_key_reactivate(f->service, who, ref, &f->pool, &key, &receipt);
    default:
        return ward_service_key_rotate(f->service, who, ref, &f->pool, &key, &receipt);
    }
}

static void test_a_key_outside_the_scope_is_forbidden(void **state)
{
    struct fixture *f = *state;
    struct ward_operator scoped = project_operator(f, WARD_ROLE_ADMIN);
    struct ward_operator stranger = { .type = WARD_ACTOR_ACCESS_KEY, .role = WARD_ROLE_ADMIN };
    const struct {
        const char *value;
        const struct ward_uuid *project;
        const struct ward_operator *who;
        bool is_active;
    } rows[] = {
        { "sibling", &f->test_project.id, &scoped, true },
        { "sibling-inactive", &f->test_project.id, &scoped, false },
        { "theirs", &f->other_project.id, &f->admin, true },
        { "theirs-inactive", &f->other_project.id, &f->admin, false },
        { "theirs-to-scoped", &f->other_project.id, &scoped, true },
        { "nobody", &f->made.project.id, &stranger, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ward_api_key key = make_key(f, rows[i].project, rows[i].value);
        if (!rows[i].is_active) {
            assert_ok(delete_key(f, &f->local, ward_span_of(rows[i].value)));
        }
        for (int use = 0; use < USE_COUNT; use++) {
            struct ward_key_ref value = by_text(rows[i].value);
            struct ward_key_ref id = { .id = ward_span_of(key.id.text) };
            assert_status(WARD_FORBIDDEN, run_use_case(f, (enum use_case)use, rows[i].who, &value));
            assert_status(WARD_FORBIDDEN, run_use_case(f, (enum use_case)use, rows[i].who, &id));
        }
    }
}

static void test_what_is_not_there_is_not_found(void **state)
{
    struct fixture *f = *state;
    const struct ward_key_ref refs[] = {
        by_text("no-such-key"),       by_text(""), { .id = WARD_SPAN("0123456789") }, { .id = WARD_SPAN("") },
        { .id = WARD_SPAN("UPPER") },
    };
    for (size_t i = 0; i < sizeof(refs) / sizeof(*refs); i++) {
        for (int use = 0; use < USE_COUNT; use++) {
            assert_status(WARD_NOT_FOUND, run_use_case(f, (enum use_case)use, &f->admin, &refs[i]));
        }
    }
}

/* State against use case: 2.3-2.7, 3.1. */
enum key_state { STATE_ACTIVE, STATE_DELETED, STATE_EXPIRED, STATE_NO_PROJECT, STATE_REMOVED, STATE_COUNT };

static const enum ward_status expected_by_state[STATE_COUNT][USE_COUNT] = {
    [STATE_ACTIVE] = { WARD_OK, WARD_OK, WARD_OK, WARD_CONFLICT, WARD_OK },
    [STATE_DELETED] = { WARD_NOT_FOUND, WARD_NOT_FOUND, WARD_NOT_FOUND, WARD_OK, WARD_NOT_FOUND },
    [STATE_EXPIRED] = { WARD_NOT_FOUND, WARD_NOT_FOUND, WARD_NOT_FOUND, WARD_OK, WARD_NOT_FOUND },
    [STATE_NO_PROJECT] = { WARD_NOT_FOUND, WARD_NOT_FOUND, WARD_NOT_FOUND, WARD_NOT_FOUND, WARD_NOT_FOUND },
    [STATE_REMOVED] = { WARD_NOT_FOUND, WARD_NOT_FOUND, WARD_NOT_FOUND, WARD_NOT_FOUND, WARD_NOT_FOUND },
};

/* The surface that removes keys comes later: write the tombstone as it will. */
static enum ward_status remove_in(struct ward_store_session *session, void *arg)
{
    struct ward_api_key *key = arg;
    key->is_enabled = false;
    key->is_removed = true;
    return ward_store_key_update(session, key);
}

static void bring_into_state(struct fixture *f, enum key_state state, struct ward_api_key *key)
{
    struct ward_span value = key->values[WARD_SLOT_PRIMARY];
    struct ward_receipt receipt;
    uint64_t revision;
    struct ward_api_key_input input = rename_input("n");
    switch (state) {
    case STATE_DELETED:
        assert_ok(delete_key(f, &f->admin, value));
        break;
    case STATE_EXPIRED:
        input.has_expiry = true;
        input.expires_ms = test_clock_ms;
        assert_ok(update_key(f, &f->admin, value, &input, key));
        break;
    case STATE_NO_PROJECT:
        assert_ok(ward_service_project_delete(f->service, &f->admin, id_span(f, &key->project_id), &receipt));
        break;
    case STATE_REMOVED:
        assert_ok(ward_store_write(f->store, remove_in, key, &revision));
        break;
    default:
        break;
    }
}

static void test_state_decides(void **state)
{
    struct fixture *f = *state;
    for (int s = 0; s < STATE_COUNT; s++) {
        for (int use = 0; use < USE_COUNT; use++) {
            char name[32];
            snprintf(name, sizeof(name), "p%d-%d", s, use);
            struct ward_project project = make_project(f, &f->made.account.id, name, "live");
            struct ward_api_key key = make_key(f, &project.id, NULL);
            struct ward_key_ref ref = by_value(key.values[WARD_SLOT_PRIMARY]);
            bring_into_state(f, (enum key_state)s, &key);
            enum ward_status status = run_use_case(f, (enum use_case)use, &f->admin, &ref);
            if (status != expected_by_state[s][use]) {
                fail_msg("state %d, use %d: %s", s, use, ward_status_code(status));
            }
        }
    }
}

static void test_a_key_expires_in_its_millisecond(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key, made = make_key(f, &f->made.project.id, "k");
    struct ward_api_key_input input = rename_input("n");
    input.has_expiry = true;
    input.expires_ms = START_MS + 500;
    assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &input, &made));
    test_clock_ms = START_MS + 499;
    assert_ok(get_key(f, &f->admin, WARD_SPAN("k"), &key));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("k")));
    test_clock_ms = START_MS + 500;
    assert_status(WARD_NOT_FOUND, get_key(f, &f->admin, WARD_SPAN("k"), &key));
    assert_reason(WARD_VERDICT_EXPIRED, verify_key(f, WARD_SPAN("k")));
}

/* ---- update ---- */

static void test_update_changes_what_was_sent(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_api_key_input input = rename_input("first");
    make_key(f, &f->made.project.id, "k");
    input.has_metadata = input.has_custom_account_id = input.has_custom_user_id = input.has_rate_limit = true;
    input.metadata = WARD_SPAN("{\"a\":1}");
    input.custom_account_id = WARD_SPAN("acc");
    input.custom_user_id = WARD_SPAN("user");
    input.rate_limit = (struct ward_rate_limit){ 1, 60 };
    assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &input, &key));
    struct ward_api_key_input second = rename_input("second");
    second.has_metadata = second.has_custom_user_id = true;
    second.metadata = WARD_SPAN("{\"b\":2}"); /* replaced, not merged */
    second.custom_user_id = WARD_SPAN_NONE;   /* null clears */
    assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &second, &key));
    struct ward_api_key read;
    assert_ok(get_key(f, &f->admin, WARD_SPAN("k"), &read));
    const struct ward_api_key *both[] = { &key, &read };
    for (size_t i = 0; i < 2; i++) {
        assert_span("second", both[i]->name);
        assert_span("{\"b\":2}", both[i]->metadata);
        assert_span("acc", both[i]->custom_account_id);
        assert_null(both[i]->custom_user_id.data);
        assert_int_equal(1, both[i]->rate_limit.limit);
        assert_span("k", both[i]->values[WARD_SLOT_PRIMARY]);
    }
    assert_int_equal(read.version, key.version);
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("k")));
    assert_reason(WARD_VERDICT_LIMITED, verify_key(f, WARD_SPAN("k")));
    struct ward_api_key_input third = rename_input("third");
    third.has_rate_limit = true;
    assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &third, &key));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("k")));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("k")));
}

static void test_update_is_always_later(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_api_key_input input = rename_input("n");
    make_key(f, &f->made.project.id, "k");
    const int64_t clocks[] = { START_MS, START_MS, START_MS - 5000, START_MS + 10 };
    const int64_t expected[] = { START_MS + 1, START_MS + 2, START_MS + 3, START_MS + 10 };
    for (size_t i = 0; i < 4; i++) {
        test_clock_ms = clocks[i];
        struct ward_api_key_input copy = input;
        assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &copy, &key));
        assert_int_equal(expected[i], key.updated_ms);
        assert_int_equal(START_MS, key.created_ms);
    }
}

static void test_update_sets_and_clears_the_expiry(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_api_key_input input = rename_input("n");
    make_key(f, &f->made.project.id, "k");
    input.has_expiry = true;
    input.expires_ms = START_MS + 1000;
    assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &input, &key));
    assert_int_equal(START_MS + 1000, key.expires_ms);
    input = rename_input("n");
    assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &input, &key));
    assert_int_equal(START_MS + 1000, key.expires_ms);
    input.has_expiry = true;
    input.expires_ms = WARD_TIME_NONE;
    assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &input, &key));
    assert_int_equal(WARD_TIME_NONE, key.expires_ms);
    test_clock_ms = START_MS + 2000;
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("k")));
}

static void test_update_needs_a_name(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_api_key_input input = { .has_expiry = true, .expires_ms = WARD_TIME_NONE };
    make_key(f, &f->made.project.id, "k");
    assert_status(WARD_INVALID, update_key(f, &f->admin, WARD_SPAN("k"), &input, &key));
    assert_problem(&input.problems, "name", WARD_RULE_MIN_LENGTH);
    assert_problem(&input.problems, "name", WARD_RULE_STRING);
    /* 400 before 404, 403 before 400 */
    struct ward_api_key_input again = { 0 };
    assert_status(WARD_INVALID, update_key(f, &f->admin, WARD_SPAN("nothing"), &again, &key));
    struct ward_operator foreign = foreign_operator(f);
    struct ward_api_key_input third = { 0 };
    assert_status(WARD_FORBIDDEN, update_key(f, &foreign, WARD_SPAN("k"), &third, &key));
}

static void test_update_sets_neither_activity_nor_project(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_api_key_input input = key_input(f, &f->test_project.id, "n");
    make_key(f, &f->made.project.id, "k");
    input.has_enabled = true;
    input.is_enabled = false;
    assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &input, &key));
    assert_true(key.is_enabled);
    assert_true(ward_uuid_equal(&f->made.project.id, &key.project_id));
}

static struct ward_api_key_input value_input(const char *value)
{
    struct ward_api_key_input input = rename_input("renamed");
    input.has_value = true;
    input.value = ward_span_of(value);
    return input;
}

static void test_rename_moves_the_key_to_its_new_value(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key, read;
    struct ward_api_key made = make_key(f, &f->made.project.id, "old-value");
    struct ward_api_key_input input = value_input("new-value");
    assert_ok(update_key(f, &f->admin, WARD_SPAN("old-value"), &input, &key));
    assert_span("new-value", key.values[WARD_SLOT_PRIMARY]);
    assert_string_equal(made.id.text, key.id.text);
    assert_int_equal(made.value_versions[WARD_SLOT_PRIMARY] + 1, key.value_versions[WARD_SLOT_PRIMARY]);
    assert_status(WARD_NOT_FOUND, get_key(f, &f->admin, WARD_SPAN("old-value"), &read));
    assert_ok(get_key(f, &f->admin, WARD_SPAN("new-value"), &read));
    assert_span("new-value", read.values[WARD_SLOT_PRIMARY]);
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, WARD_SPAN("old-value")));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("new-value")));
    struct ward_api_key_input back = value_input("old-value");
    assert_ok(update_key(f, &f->admin, WARD_SPAN("new-value"), &back, &key));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("old-value")));
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, WARD_SPAN("new-value")));
}

static void test_rename_to_itself_is_no_rename(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_api_key made = make_key(f, &f->made.project.id, "k");
    struct ward_api_key_input input = value_input("k");
    assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &input, &key));
    assert_int_equal(made.value_versions[WARD_SLOT_PRIMARY], key.value_versions[WARD_SLOT_PRIMARY]);
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("k")));
}

static void test_rename_to_a_taken_value_conflicts(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    make_key(f, &f->made.project.id, "k");
    make_key(f, &f->other_project.id, "theirs");
    make_key(f, &f->made.project.id, "gone");
    assert_ok(delete_key(f, &f->admin, WARD_SPAN("gone")));
    const char *const taken[] = { "theirs", "gone" };
    uint64_t before = revision_now(f);
    for (size_t i = 0; i < 2; i++) {
        struct ward_api_key_input input = value_input(taken[i]);
        assert_status(WARD_CONFLICT, update_key(f, &f->admin, WARD_SPAN("k"), &input, &key));
    }
    assert_int_equal(before, revision_now(f));
    assert_ok(get_key(f, &f->admin, WARD_SPAN("k"), &key));
    assert_span("a key", key.name);
}

static void test_rename_takes_the_running_window_along(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_api_key_input limit = rename_input("n");
    make_key(f, &f->made.project.id, "old-value");
    limit.has_rate_limit = true;
    limit.rate_limit = (struct ward_rate_limit){ 2, 60 };
    assert_ok(update_key(f, &f->admin, WARD_SPAN("old-value"), &limit, &key));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("old-value")));
    struct ward_api_key_input input = value_input("new-value");
    assert_ok(update_key(f, &f->admin, WARD_SPAN("old-value"), &input, &key));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("new-value")));
    assert_reason(WARD_VERDICT_LIMITED, verify_key(f, WARD_SPAN("new-value")));
}

/* ---- delete and reactivate ---- */

static void test_delete_and_reactivate_are_obeyed_at_once(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    make_key(f, &f->made.project.id, "k");
    assert_ok(delete_key(f, &f->admin, WARD_SPAN("k")));
    assert_reason(WARD_VERDICT_DISABLED, verify_key(f, WARD_SPAN("k")));
    assert_ok(reactivate_key(f, &f->admin, WARD_SPAN("k"), &key));
    assert_true(key.is_enabled);
    assert_int_equal(START_MS + 2, key.updated_ms);
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("k")));
    assert_status(WARD_CONFLICT, reactivate_key(f, &f->admin, WARD_SPAN("k"), &key));
}

static void test_reactivate_clears_a_past_expiry_and_keeps_a_future_one(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    struct ward_api_key_input input = rename_input("n");
    input.has_expiry = true;
    input.expires_ms = START_MS + 100;
    make_key(f, &f->made.project.id, "k");
    assert_ok(update_key(f, &f->admin, WARD_SPAN("k"), &input, &key));
    assert_ok(delete_key(f, &f->admin, WARD_SPAN("k")));
    assert_ok(reactivate_key(f, &f->admin, WARD_SPAN("k"), &key));
    assert_int_equal(START_MS + 100, key.expires_ms);
    test_clock_ms = START_MS + 100; /* expired, not swept */
    assert_ok(reactivate_key(f, &f->admin, WARD_SPAN("k"), &key));
    assert_int_equal(WARD_TIME_NONE, key.expires_ms);
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("k")));
}

/* ---- rotate ---- */

static void test_rotate_clones_under_a_generated_value(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key, read;
    struct ward_api_key_input input = rename_input("mine");
    struct ward_api_key old = make_key(f, &f->test_project.id, "custom");
    input.has_metadata = input.has_custom_account_id = input.has_custom_user_id = input.has_expiry = true;
    input.has_rate_limit = input.has_allowed_domains = input.has_description = true;
    input.metadata = WARD_SPAN("{\"a\":1.0}");
    input.custom_account_id = WARD_SPAN("acc");
    input.custom_user_id = WARD_SPAN("user");
    input.expires_ms = START_MS + 5000;
    input.rate_limit = (struct ward_rate_limit){ 1, 60 };
    input.allowed_domains = WARD_SPAN("[\"a.example\"]");
    input.description = WARD_SPAN("about");
    assert_ok(update_key(f, &f->admin, WARD_SPAN("custom"), &input, &old));
    struct ward_presented presented = { .kind = WARD_RECORD_API_KEY,
                                        .value = WARD_SPAN("custom"),
                                        .skip_origin = true };
    struct ward_verdict verdict;
    ward_verify(&f->verifier, &presented, ward_now_ms(), &verdict); /* uses up the old window */
    assert_reason(WARD_VERDICT_VALID, verdict.reason);
    assert_ok(ward_service_key_first_use(f->service, &old.id, ward_now_ms()));

    test_clock_ms = START_MS + 50;
    assert_ok(rotate_key(f, &f->admin, WARD_SPAN("custom"), &key));
    assert_true(ward_span_starts_with(key.values[WARD_SLOT_PRIMARY], WARD_SPAN("test_")));
    assert_int_equal(5 + WARD_KEY_RANDOM_CHARS, key.values[WARD_SLOT_PRIMARY].size);
    assert_ok(get_key(f, &f->admin, key.values[WARD_SLOT_PRIMARY], &read));
    assert_string_not_equal(old.id.text, read.id.text);
    assert_span("mine", read.name);
    assert_span("about", read.description);
    assert_span("{\"a\":1.0}", read.metadata);
    assert_span("acc", read.custom_account_id);
    assert_span("user", read.custom_user_id);
    assert_span("[\"a.example\"]", read.allowed_domains);
    assert_int_equal(START_MS + 5000, read.expires_ms);
    assert_int_equal(1, read.rate_limit.limit);
    assert_int_equal(60, read.rate_limit.ttl_s);
    assert_int_equal(START_MS + 50, read.created_ms);
    assert_int_equal(START_MS + 50, read.updated_ms);
    assert_int_equal(WARD_TIME_NONE, read.first_used_ms);
    assert_true(ward_uuid_equal(&f->test_project.id, &read.project_id));
    presented.value = key.values[WARD_SLOT_PRIMARY];
    ward_verify(&f->verifier, &presented, ward_now_ms(), &verdict);
    assert_reason(WARD_VERDICT_VALID, verdict.reason); /* a new window */
    assert_true(verdict.is_first_use);
    assert_reason(WARD_VERDICT_DISABLED, verify_key(f, WARD_SPAN("custom")));
    assert_status(WARD_NOT_FOUND, get_key(f, &f->admin, WARD_SPAN("custom"), &read));
    assert_ok(reactivate_key(f, &f->admin, WARD_SPAN("custom"), &read)); /* a rotated-out key may come back */
}

/* ---- integrity ---- */

struct swap {
    struct fixture *fixture;
    struct ward_api_key *a, *b;
};

/* Swap two keys' blobs, as somebody who can write to the store would. */
static enum ward_status swap_in(struct ward_store_session *session, void *arg)
{
    struct swap *swap = arg;
    struct ward_span blob = swap->a->sealed[WARD_SLOT_PRIMARY];
    swap->a->sealed[WARD_SLOT_PRIMARY] = swap->b->sealed[WARD_SLOT_PRIMARY];
    swap->b->sealed[WARD_SLOT_PRIMARY] = blob;
    enum ward_status status = ward_store_key_update(session, swap->a);
    return status == WARD_OK ? ward_store_key_update(session, swap->b) : status;
}

static void test_a_moved_blob_is_an_alarm(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key a = make_key(f, &f->made.project.id, "secret-value-a");
    struct ward_api_key b = make_key(f, &f->made.project.id, "secret-value-b");
    struct swap swap = { f, &a, &b };
    struct ward_api_key key;
    uint64_t revision, values, bad;
    assert_ok(ward_service_check(f->service, &values, &bad));
    assert_int_equal(0, bad);
    uint64_t values_before = values;
    assert_ok(ward_store_write(f->store, swap_in, &swap, &revision));
    assert_status(WARD_INTEGRITY, get_key(f, &f->admin, WARD_SPAN("secret-value-a"), &key));
    assert_true(log_holds(f, "integrity-alarm"));
    assert_true(log_holds(f, "api_key"));
    assert_true(log_holds(f, a.id.text));
    assert_true(log_holds(f, "primary"));
    assert_false(log_holds(f, "secret-value"));
    uint64_t before = revision_now(f);
    struct ward_api_key_input input = rename_input("n");
    assert_status(WARD_INTEGRITY, update_key(f, &f->admin, WARD_SPAN("secret-value-a"), &input, &key));
    assert_int_equal(before, revision_now(f)); /* a 5xx changed nothing */
    assert_ok(ward_service_check(f->service, &values, &bad));
    assert_int_equal(values_before, values);
    assert_int_equal(2, bad);
    assert_ok(delete_key(f, &f->admin, WARD_SPAN("secret-value-a"))); /* it can be revoked all the same */
    assert_reason(WARD_VERDICT_DISABLED, verify_key(f, WARD_SPAN("secret-value-a")));
    assert_status(WARD_INTEGRITY, reactivate_key(f, &f->admin, WARD_SPAN("secret-value-a"), &key));
    assert_reason(WARD_VERDICT_DISABLED, verify_key(f, WARD_SPAN("secret-value-a")));
}

/* ---- races ---- */

struct updater {
    struct fixture *fixture;
    struct ward_span value;
    enum ward_status status;
};

static void *run_update(void *arg)
{
    struct updater *updater = arg;
    WARD_POOL pool = ward_pool_new(1024 * 1024);
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_key_ref ref = by_value(updater->value);
    struct ward_api_key_input input = rename_input("raced");
    struct fixture *f = updater->fixture;
    updater->status = ward_service_key_update(f->service, &f->local, &ref, &input, &pool, &key, &receipt);
    return NULL;
}

#define RACES 200

static void test_a_revocation_wins_over_every_update(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < RACES; i++) {
        struct ward_api_key key;
        struct ward_api_key made = make_key(f, &f->made.project.id, NULL);
        struct updater updater = { f, made.values[WARD_SLOT_PRIMARY], WARD_INTERNAL };
        pthread_t thread;
        assert_int_equal(0, pthread_create(&thread, NULL, run_update, &updater));
        assert_ok(delete_key(f, &f->admin, made.values[WARD_SLOT_PRIMARY]));
        assert_reason(WARD_VERDICT_DISABLED, verify_key(f, made.values[WARD_SLOT_PRIMARY]));
        pthread_join(thread, NULL);
        assert_true(updater.status == WARD_OK || updater.status == WARD_NOT_FOUND);
        assert_reason(WARD_VERDICT_DISABLED, verify_key(f, made.values[WARD_SLOT_PRIMARY]));
        assert_status(WARD_NOT_FOUND, get_key(f, &f->admin, made.values[WARD_SLOT_PRIMARY], &key));
    }
}

static void *run_rotate(void *arg)
{
    struct updater *updater = arg;
    WARD_POOL pool = ward_pool_new(1024 * 1024);
    struct ward_api_key key;
    struct ward_receipt receipt;
    struct ward_key_ref ref = by_value(updater->value);
    struct fixture *f = updater->fixture;
    updater->status = ward_service_key_rotate(f->service, &f->local, &ref, &pool, &key, &receipt);
    return NULL;
}

static enum ward_status count_key(const struct ward_api_key *key, void *arg)
{
    (void)key;
    ++*(size_t *)arg;
    return WARD_OK;
}

static void test_of_many_rotations_one_succeeds(void **state)
{
    struct fixture *f = *state;
    enum { THREADS = 4, ROUNDS = 20 };
    for (int round = 0; round < ROUNDS; round++) {
        struct ward_api_key made = make_key(f, &f->made.project.id, NULL);
        struct updater updaters[THREADS];
        pthread_t threads[THREADS];
        size_t succeeded = 0;
        for (int i = 0; i < THREADS; i++) {
            updaters[i] = (struct updater){ f, made.values[WARD_SLOT_PRIMARY], WARD_INTERNAL };
            assert_int_equal(0, pthread_create(&threads[i], NULL, run_rotate, &updaters[i]));
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            succeeded += updaters[i].status == WARD_OK;
            assert_true(updaters[i].status == WARD_OK || updaters[i].status == WARD_NOT_FOUND);
        }
        assert_int_equal(1, succeeded);
    }
    size_t active = 0;
    struct ward_key_query query = { .limit = -1, .has_project = true, .project = id_span(f, &f->made.project.id) };
    query.filter.activity = WARD_FILTER_ACTIVE_ONLY;
    assert_ok(ward_service_key_list(f->service, &f->admin, &query, count_key, &active));
    assert_int_equal(ROUNDS, active);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_create_generates_a_value_by_env),
        test_case(test_create_has_the_contracts_defaults),
        test_case(test_create_keeps_every_member),
        test_case(test_create_says_its_revision_and_where_it_is_obeyed),
        test_case(test_create_resolves_its_project),
        test_case(test_create_lists_problems_in_member_order),
        test_case(test_create_keeps_what_the_surface_found),
        test_case(test_create_later_is_the_same_create),
        test_case(test_create_later_leaves_a_bad_input_as_it_was),
        test_case(test_create_refuses_before_it_reads_the_input),
        test_case(test_a_value_exists_once),
        test_case(test_a_taken_id_is_drawn_again),
        test_case(test_without_random_bytes_nothing_is_made),
        test_case(test_a_key_outside_the_scope_is_forbidden),
        test_case(test_what_is_not_there_is_not_found),
        test_case(test_state_decides),
        test_case(test_a_key_expires_in_its_millisecond),
        test_case(test_update_changes_what_was_sent),
        test_case(test_update_is_always_later),
        test_case(test_update_sets_and_clears_the_expiry),
        test_case(test_update_needs_a_name),
        test_case(test_update_sets_neither_activity_nor_project),
        test_case(test_rename_moves_the_key_to_its_new_value),
        test_case(test_rename_to_itself_is_no_rename),
        test_case(test_rename_to_a_taken_value_conflicts),
        test_case(test_rename_takes_the_running_window_along),
        test_case(test_delete_and_reactivate_are_obeyed_at_once),
        test_case(test_reactivate_clears_a_past_expiry_and_keeps_a_future_one),
        test_case(test_rotate_clones_under_a_generated_value),
        test_case(test_a_moved_blob_is_an_alarm),
        test_case(test_a_revocation_wins_over_every_update),
        test_case(test_of_many_rotations_one_succeeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
