/* The list: contracts/theauthapi.md 2.1. */
#include "fixture.h"

#define LISTED_MAX 64

struct listed {
    struct fixture *fixture;
    size_t count;
    struct ward_span values[LISTED_MAX];
    bool is_enabled[LISTED_MAX];
};

static enum ward_status keep_key(const struct ward_api_key *key, void *arg)
{
    struct listed *listed = arg;
    assert_true(listed->count < LISTED_MAX);
    listed->is_enabled[listed->count] = key->is_enabled;
    listed->values[listed->count++] = ward_pool_copy(&listed->fixture->pool, key->values[WARD_SLOT_PRIMARY]);
    return WARD_OK;
}

static struct ward_key_query query_of(struct fixture *f, const struct ward_uuid *project)
{
    return (struct ward_key_query){ .limit = -1, .has_project = true, .project = id_span(f, project) };
}

static struct listed list_keys(struct fixture *f, const struct ward_operator *who, struct ward_key_query *query)
{
    struct listed listed = { .fixture = f };
    assert_ok(ward_service_key_list(f->service, who, query, keep_key, &listed));
    return listed;
}

/* Keys of three milliseconds, made in an order that is not theirs: 1 → b, a, c; 2 → d; 3 → f, e. */
static const struct {
    int64_t ms;
    const char *value;
} made_keys[] = { { 1, "b" }, { 1, "a" }, { 1, "c" }, { 2, "d" }, { 3, "f" }, { 3, "e" } };
#define IN_ORDER "abcdef"

static void make_keys(struct fixture *f)
{
    for (size_t i = 0; i < sizeof(made_keys) / sizeof(*made_keys); i++) {
        test_clock_ms = START_MS + made_keys[i].ms;
        make_key(f, &f->made.project.id, made_keys[i].value);
    }
}

static void test_order_is_creation_then_value(void **state)
{
    struct fixture *f = *state;
    make_keys(f);
    for (int64_t offset = 0; offset <= 7; offset++) {
        for (int64_t limit = -1; limit <= 7; limit++) {
            struct ward_key_query query = query_of(f, &f->made.project.id);
            query.offset = offset;
            query.limit = limit;
            struct listed listed = list_keys(f, &f->admin, &query);
            size_t left = offset < 6 ? 6 - (size_t)offset : 0;
            size_t expected = limit >= 0 && (size_t)limit < left ? (size_t)limit : left;
            assert_int_equal(expected, listed.count);
            for (size_t i = 0; i < listed.count; i++) {
                assert_int_equal(1, listed.values[i].size);
                assert_int_equal(IN_ORDER[(size_t)offset + i], listed.values[i].data[0]);
            }
        }
    }
}

static void test_a_group_larger_than_its_first_room(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 40; i++) {
        char value[8];
        snprintf(value, sizeof(value), "k%02d", (i * 7) % 40);
        make_key(f, &f->made.project.id, value);
    }
    struct ward_key_query query = query_of(f, &f->made.project.id);
    struct listed listed = list_keys(f, &f->admin, &query);
    assert_int_equal(40, listed.count);
    for (int i = 0; i < 40; i++) {
        char value[8];
        snprintf(value, sizeof(value), "k%02d", i);
        assert_span(value, listed.values[i]);
    }
}

static void test_each_project_lists_its_own(void **state)
{
    struct fixture *f = *state;
    make_key(f, &f->made.project.id, "mine");
    make_key(f, &f->test_project.id, "sibling");
    make_key(f, &f->other_project.id, "theirs");
    struct ward_operator scoped = project_operator(f, WARD_ROLE_VIEWER);
    struct ward_key_query own = { .limit = -1 };
    struct listed listed = list_keys(f, &scoped, &own);
    assert_int_equal(1, listed.count);
    assert_span("mine", listed.values[0]);
    struct ward_key_query sibling = query_of(f, &f->test_project.id);
    listed = list_keys(f, &f->admin, &sibling);
    assert_int_equal(1, listed.count);
    assert_span("sibling", listed.values[0]);
    assert_status(WARD_FORBIDDEN, ward_service_key_list(f->service, &scoped, &sibling, keep_key, &listed));
    struct ward_key_query theirs = query_of(f, &f->other_project.id);
    assert_status(WARD_FORBIDDEN, ward_service_key_list(f->service, &f->admin, &theirs, keep_key, &listed));
}

static void test_a_missing_or_wrong_project_is_invalid(void **state)
{
    struct fixture *f = *state;
    struct listed listed = { .fixture = f };
    struct ward_project gone = make_project(f, &f->made.account.id, "gone", "live");
    struct ward_receipt receipt;
    assert_ok(ward_service_project_delete(f->service, &f->admin, id_span(f, &gone.id), &receipt));
    struct ward_key_query missing = { .limit = -1 };
    struct ward_key_query malformed = { .limit = -1, .has_project = true, .project = WARD_SPAN("x") };
    struct ward_key_query unknown = { .limit = -1, .has_project = true, .project = unknown_id(f) };
    struct ward_key_query deleted = query_of(f, &gone.id);
    assert_status(WARD_INVALID, ward_service_key_list(f->service, &f->admin, &missing, keep_key, &listed));
    assert_status(WARD_INVALID, ward_service_key_list(f->service, &f->admin, &malformed, keep_key, &listed));
    assert_status(WARD_INVALID, ward_service_key_list(f->service, &f->admin, &unknown, keep_key, &listed));
    assert_status(WARD_INVALID, ward_service_key_list(f->service, &f->admin, &deleted, keep_key, &listed));
    assert_problem(&missing.problems, "projectId", WARD_RULE_REQUIRED);
    assert_problem(&malformed.problems, "projectId", WARD_RULE_UUID);
    assert_problem(&unknown.problems, "projectId", WARD_RULE_UNKNOWN_PROJECT);
    assert_problem(&deleted.problems, "projectId", WARD_RULE_UNKNOWN_PROJECT);
    assert_int_equal(0, listed.count);
}

static void test_what_the_surface_found_is_invalid_but_forbidden_comes_first(void **state)
{
    struct fixture *f = *state;
    struct listed listed = { .fixture = f };
    struct ward_key_query query = query_of(f, &f->made.project.id);
    struct ward_key_query foreign = query_of(f, &f->other_project.id);
    ward_problem_add(&query.problems, "limit", WARD_RULE_INTEGER, 0, NULL);
    ward_problem_add(&foreign.problems, "limit", WARD_RULE_INTEGER, 0, NULL);
    assert_status(WARD_INVALID, ward_service_key_list(f->service, &f->admin, &query, keep_key, &listed));
    assert_status(WARD_FORBIDDEN, ward_service_key_list(f->service, &f->admin, &foreign, keep_key, &listed));
}

static void test_activity_is_of_now(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key;
    make_key(f, &f->made.project.id, "active");
    make_key(f, &f->made.project.id, "deleted");
    make_key(f, &f->made.project.id, "expiring");
    assert_ok(delete_key(f, &f->admin, WARD_SPAN("deleted")));
    struct ward_api_key_input input = rename_input("n");
    input.has_expiry = true;
    input.expires_ms = START_MS + 100;
    assert_ok(update_key(f, &f->admin, WARD_SPAN("expiring"), &input, &key));
    const struct {
        int64_t ms;
        int activity;
        const char *values[3];
    } rows[] = {
        { 99, WARD_FILTER_ACTIVE_ONLY, { "active", "expiring", NULL } },
        { 99, WARD_FILTER_INACTIVE_ONLY, { "deleted", NULL, NULL } },
        { 100, WARD_FILTER_ACTIVE_ONLY, { "active", NULL, NULL } },
        { 100, WARD_FILTER_INACTIVE_ONLY, { "deleted", "expiring", NULL } },
        { 100, WARD_FILTER_ACTIVE_ANY, { "active", "deleted", "expiring" } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        test_clock_ms = START_MS + rows[i].ms;
        struct ward_key_query query = query_of(f, &f->made.project.id);
        query.filter.activity = rows[i].activity;
        struct listed listed = list_keys(f, &f->admin, &query);
        size_t count = 0;
        while (count < 3 && rows[i].values[count]) {
            count++;
        }
        assert_int_equal(count, listed.count);
        for (size_t k = 0; k < count; k++) {
            assert_span(rows[i].values[k], listed.values[k]);
            bool is_active = ward_span_equal(listed.values[k], WARD_SPAN("active")) ||
                             (rows[i].ms == 99 && ward_span_equal(listed.values[k], WARD_SPAN("expiring")));
            assert_int_equal(is_active, listed.is_enabled[k]);
        }
        assert_int_equal(test_clock_ms, query.filter.now_ms);
    }
}

static enum ward_status stop_at_once(const struct ward_api_key *key, void *arg)
{
    (void)key;
    ++*(int *)arg;
    return WARD_TOO_LARGE;
}

static void test_a_visitor_may_stop_the_walk(void **state)
{
    struct fixture *f = *state;
    int visits = 0;
    make_keys(f);
    struct ward_key_query query = query_of(f, &f->made.project.id);
    assert_status(WARD_TOO_LARGE, ward_service_key_list(f->service, &f->admin, &query, stop_at_once, &visits));
    assert_int_equal(1, visits);
}

/* Damage one key's blob. */
static enum ward_status damage_in(struct ward_store_session *session, void *arg)
{
    struct ward_api_key *key = arg;
    key->sealed[WARD_SLOT_PRIMARY] = WARD_SPAN("no blob of ours, and long enough to be one.");
    return ward_store_key_update(session, key);
}

static void test_only_what_is_shown_is_opened(void **state)
{
    struct fixture *f = *state;
    struct listed listed = { .fixture = f };
    uint64_t revision;
    struct ward_api_key damaged = make_key(f, &f->made.project.id, "damaged");
    test_clock_ms = START_MS + 1;
    make_key(f, &f->made.project.id, "sound");
    assert_ok(ward_store_write(f->store, damage_in, &damaged, &revision));
    struct ward_key_query all = query_of(f, &f->made.project.id);
    assert_status(WARD_INTEGRITY, ward_service_key_list(f->service, &f->admin, &all, keep_key, &listed));
    struct ward_key_query rest = query_of(f, &f->made.project.id);
    rest.offset = 1;
    listed = list_keys(f, &f->admin, &rest);
    assert_int_equal(1, listed.count);
    assert_span("sound", listed.values[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_order_is_creation_then_value),
        test_case(test_a_group_larger_than_its_first_room),
        test_case(test_each_project_lists_its_own),
        test_case(test_a_missing_or_wrong_project_is_invalid),
        test_case(test_what_the_surface_found_is_invalid_but_forbidden_comes_first),
        test_case(test_activity_is_of_now),
        test_case(test_a_visitor_may_stop_the_walk),
        test_case(test_only_what_is_shown_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
