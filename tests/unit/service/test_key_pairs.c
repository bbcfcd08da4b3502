/* Keys with two values: contracts/ncp.md 2, 5; and the same keys seen by The Auth API's use cases. */
#include "gateway_fixture.h"

#define PRIMARY(key)   ((key)->values[WARD_SLOT_PRIMARY])
#define SECONDARY(key) ((key)->values[WARD_SLOT_SECONDARY])

static enum ward_status regenerate(struct fixture *f, const struct ward_api_key *key, const char *type,
                                   struct ward_api_key *ret)
{
    return ward_service_key_regenerate(CALL(f, &f->admin), id_text(&key->id), true, ward_span_of(type), ret);
}

static enum ward_status edit(struct fixture *f, const struct ward_api_key *key, const char *name, bool is_enabled,
                             struct ward_api_key *ret)
{
    struct ward_key_pair_input input = {
        .has_name = true, .has_enabled = true, .name = ward_span_of(name), .is_enabled = is_enabled
    };
    return ward_service_key_edit(CALL(f, &f->admin), id_text(&key->id), &input, ret);
}

static void test_a_pair_is_made(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key = make_pair(f, &f->admin, "pair");
    for (int slot = 0; slot < WARD_SLOT_COUNT; slot++) {
        assert_int_equal(WARD_KEY_PAIR_CHARS, key.values[slot].size);
        for (size_t i = 0; i < key.values[slot].size; i++) {
            assert_true(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                               key.values[slot].data[i]) != NULL);
        }
        assert_reason(WARD_VERDICT_VALID, verify_key(f, key.values[slot]));
    }
    assert_false(ward_span_equal(PRIMARY(&key), SECONDARY(&key)));
    assert_true(key.is_enabled);
    assert_span("", key.description);
    assert_true(ward_uuid_equal(&f->admin.id, &key.changed_by));
    uint64_t values, bad;
    assert_ok(ward_service_check(f->service, &values, &bad)); /* the second slot's seal, too */
    assert_int_equal(0, bad);
    assert_true(values >= 2);
}

static void test_an_edit_disables_and_enables(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key = make_pair(f, &f->admin, "pair"), edited;
    struct ward_operator second = account_operator(f, WARD_ROLE_USER);
    assert_ok(edit(f, &key, "renamed", false, &edited));
    assert_reason(WARD_VERDICT_DISABLED, verify_key(f, SECONDARY(&key)));
    assert_span("renamed", edited.name);
    assert_true(ward_span_equal(PRIMARY(&key), PRIMARY(&edited)));
    assert_true(edited.updated_ms > key.updated_ms);
    struct ward_key_pair_input input = {
        .has_name = true, .has_description = true, .has_enabled = true, .name = WARD_SPAN("again"), .is_enabled = true
    };
    assert_ok(ward_service_key_edit(CALL(f, &second), id_text(&key.id), &input, &edited));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, SECONDARY(&key)));
    assert_true(ward_uuid_equal(&second.id, &edited.changed_by));
    assert_ok(ward_service_key_show(CALL(f, &second), id_text(&key.id), &edited));
    assert_true(ward_uuid_equal(&second.id, &edited.changed_by));
    assert_span("again", edited.name);
}

static void test_regenerating_replaces_one_value(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key = make_pair(f, &f->admin, "pair"), now;
    assert_ok(regenerate(f, &key, "PRIMARY", &now));
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, PRIMARY(&key)));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, PRIMARY(&now)));
    assert_true(ward_span_equal(SECONDARY(&key), SECONDARY(&now)));
    assert_ok(edit(f, &key, "pair", false, NULL));
    struct ward_api_key after;
    assert_ok(regenerate(f, &key, "SECONDARY", &after));
    assert_false(after.is_enabled); /* stays so */
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, SECONDARY(&key)));
    assert_reason(WARD_VERDICT_DISABLED, verify_key(f, SECONDARY(&after)));
    assert_true(ward_span_equal(PRIMARY(&now), PRIMARY(&after)));
}

static void test_a_key_made_elsewhere_gets_a_secondary(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key = make_key(f, &f->made.project.id, "chosen-value"), now;
    assert_null(SECONDARY(&key).data);
    assert_ok(regenerate(f, &key, "SECONDARY", &now));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, WARD_SPAN("chosen-value")));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, SECONDARY(&now)));
    assert_ok(get_key(f, &f->admin, SECONDARY(&now), &key)); /* found by it there, too */
}

static void test_what_one_surface_does_the_other_sees(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key = make_pair(f, &f->admin, "pair"), seen;
    assert_ok(delete_key(f, &f->admin, SECONDARY(&key)));
    assert_ok(ward_service_key_show(CALL(f, &f->admin), id_text(&key.id), &seen));
    assert_false(seen.is_enabled);
    assert_ok(reactivate_key(f, &f->admin, PRIMARY(&key), &seen));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, SECONDARY(&key)));
    assert_ok(ward_service_key_remove(CALL(f, &f->admin), id_text(&key.id)));
    assert_status(WARD_NOT_FOUND, get_key(f, &f->admin, PRIMARY(&key), &seen));
    assert_status(WARD_NOT_FOUND, reactivate_key(f, &f->admin, PRIMARY(&key), &seen));
}

static enum ward_status ignore_row(const struct ward_api *api, const struct ward_stage *stage, void *arg)
{
    (void)api;
    (void)stage;
    (void)arg;
    return WARD_OK;
}

static void test_a_removed_key_is_gone(void **state)
{
    struct fixture *f = *state;
    struct gateway g = make_gateway(f, "PUBLIC");
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    uint64_t before = revision_now(f);
    assert_ok(ward_service_key_remove(CALL(f, &g.stranger), id_text(&g.key.id)));
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, PRIMARY(&g.key)));
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, SECONDARY(&g.key)));
    struct seen_changes seen = changes_after(f, before);
    assert_int_equal(1, seen.count);
    assert_span("removed", seen.items[0].action);
    assert_int_equal(2 * WARD_LOOKUP_BYTES, seen.items[0].retired.size);
    struct ward_product_overview overview;
    assert_ok(ward_service_product_overview(CALL(f, &g.owner), id_text(&g.product.id), &overview, ignore_row, NULL));
    assert_int_equal(0, overview.total);
    struct ward_gateway_call *call = CALL(f, &g.stranger);
    struct ward_api_key key;
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY, ward_service_key_remove(call, id_text(&g.key.id)), call);
    call = CALL(f, &g.stranger);
    assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY, ward_service_key_show(call, id_text(&g.key.id), &key), call);
    assert_int_equal(before + 1, revision_now(f));
    restart(f);
    assert_reason(WARD_VERDICT_UNKNOWN, verify_key(f, PRIMARY(&g.key)));
}

static void test_foreign_keys_are_not_there(void **state)
{
    struct fixture *f = *state;
    struct ward_operator foreign = foreign_operator(f);
    struct ward_operator elsewhere = operator_of(&f->made.account.id, &f->test_project.id, WARD_ROLE_ADMIN);
    struct ward_api_key key = make_key(f, &f->made.project.id, NULL), seen;
    struct ward_key_pair_input input = { .has_name = true, .has_enabled = true, .name = WARD_SPAN("x") };
    const struct {
        const struct ward_operator *who;
        struct ward_span id;
    } cases[] = { { &foreign, id_text(&key.id) },
                  { &elsewhere, id_text(&key.id) },
                  { &f->admin, WARD_SPAN("0000000000") },
                  { &f->admin, WARD_SPAN("") },
                  { &f->admin, WARD_SPAN("ABCDEFGHIJ") } };
    uint64_t before = revision_now(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct ward_gateway_call *call = CALL(f, cases[i].who);
        assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY, ward_service_key_show(call, cases[i].id, &seen), call);
        call = CALL(f, cases[i].who);
        assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY, ward_service_key_edit(call, cases[i].id, &input, &seen),
                       call);
        call = CALL(f, cases[i].who);
        assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY,
                       ward_service_key_regenerate(call, cases[i].id, true, WARD_SPAN("PRIMARY"), &seen), call);
        call = CALL(f, cases[i].who);
        assert_refused(WARD_NOT_FOUND, WARD_NOUN_API_KEY, ward_service_key_remove(call, cases[i].id), call);
    }
    assert_int_equal(before, revision_now(f));
}

static void test_refused_inputs_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct ward_api_key key = make_pair(f, &f->admin, "pair");
    struct ward_operator viewer = account_operator(f, WARD_ROLE_VIEWER);
    struct ward_key_pair_input nameless = { 0 };
    struct ward_key_pair_input undecided = { .has_name = true, .name = WARD_SPAN("x") };
    uint64_t before = revision_now(f);
    assert_status(WARD_INVALID, ward_service_key_create_pair(CALL(f, &f->admin), &nameless, NULL));
    assert_problem(&nameless.problems, "apiKeyName", WARD_RULE_REQUIRED);
    assert_status(WARD_INVALID, ward_service_key_edit(CALL(f, &f->admin), id_text(&key.id), &undecided, NULL));
    assert_problem(&undecided.problems, "isEnabled", WARD_RULE_REQUIRED);
    static const char *const wrong[] = { "primary", "", "BOTH" };
    for (size_t i = 0; i < 3; i++) {
        struct ward_gateway_call *call = CALL(f, &f->admin);
        assert_status(WARD_INVALID,
                      ward_service_key_regenerate(call, id_text(&key.id), true, ward_span_of(wrong[i]), NULL));
        assert_problem(&call->problems, "keyType", WARD_RULE_ENUM);
    }
    assert_status(WARD_FORBIDDEN, ward_service_key_remove(CALL(f, &viewer), id_text(&key.id)));
    assert_status(WARD_FORBIDDEN,
                  ward_service_key_regenerate(CALL(f, &viewer), id_text(&key.id), false, WARD_SPAN_NONE, NULL));
    assert_int_equal(before, revision_now(f));
    assert_reason(WARD_VERDICT_VALID, verify_key(f, PRIMARY(&key)));
}

/* ---- pages ---- */

struct listed {
    size_t count;
    char names[64][24];
    bool has_value;
};

static enum ward_status keep_key(const struct ward_api_key *key, void *arg)
{
    struct listed *listed = arg;
    snprintf(listed->names[listed->count++], 24, "%.*s", (int)key->name.size, key->name.data);
    listed->has_value |= key->values[0].data != NULL;
    return WARD_OK;
}

static void test_pages(void **state)
{
    struct fixture *f = *state;
    struct ward_operator foreign = foreign_operator(f);
    static const char *const names[] = { "one", "two", "Two", "three" };
    for (size_t i = 0; i < 4; i++) {
        (void)make_pair(f, &f->admin, names[i]);
        test_clock_ms++;
    }
    (void)make_key(f, &f->test_project.id, NULL);
    (void)make_pair(f, &foreign, "two of theirs");
    const struct {
        struct ward_page page;
        const char *part;
        int64_t total;
        const char *rows; /* joined */
    } cases[] = {
        { { false, false, 0, 0 }, NULL, 5, "a key three Two two one" },
        { { true, true, 1, 2 }, NULL, 5, "three Two" },
        { { true, false, 5, 0 }, NULL, 5, "" },
        { { true, true, INT64_MAX, INT64_MAX }, NULL, 5, "" },
        { { false, false, 0, 0 }, "two", 1, "two" },
        { { false, false, 0, 0 }, "e", 3, "a key three one" },
        { { false, true, 0, 1 }, "wo", 2, "Two" },
        { { false, false, 0, 0 }, "", 5, "a key three Two two one" },
        { { false, false, 0, 0 }, "%", 0, "" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct listed listed = { 0 };
        struct ward_key_page query = { .page = cases[i].page,
                                       .has_name = cases[i].part != NULL,
                                       .name = ward_span_of(cases[i].part) };
        char joined[128] = "";
        assert_ok(ward_service_key_page(CALL(f, &f->admin), &query, keep_key, &listed));
        for (size_t row = 0; row < listed.count; row++) {
            snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s", row ? " " : "",
                     listed.names[row]);
        }
        assert_string_equal(cases[i].rows, joined);
        assert_int_equal(cases[i].total, query.totals.total);
        assert_int_equal(5, query.totals.initial);
        assert_false(listed.has_value);
    }
    struct ward_key_page query = { .has_name = true, .name = WARD_SPAN("123456789012345678901") };
    struct ward_gateway_call *call = CALL(f, &f->admin);
    assert_status(WARD_INVALID, ward_service_key_page(call, &query, keep_key, NULL));
    assert_problem(&call->problems, "apiKeyName", WARD_RULE_MAX_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_a_pair_is_made),
        test_case(test_an_edit_disables_and_enables),
        test_case(test_regenerating_replaces_one_value),
        test_case(test_a_key_made_elsewhere_gets_a_secondary),
        test_case(test_what_one_surface_does_the_other_sees),
        test_case(test_a_removed_key_is_gone),
        test_case(test_foreign_keys_are_not_there),
        test_case(test_refused_inputs_change_nothing),
        test_case(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
