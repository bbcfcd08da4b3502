/* Environments: contracts/apinizer.md 5. */
#include "model/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_words(void **state)
{
    (void)state;
    static const char *const types[] = { "PRODUCTION", "SANDBOX", "TEST" };
    static const char *const statuses[] = { "PUBLISHED", "UNPUBLISHED", "REPUBLISH_REQUIRED" };
    for (int i = 0; i < 3; i++) {
        enum ward_environment_type type;
        enum ward_environment_status status;
        assert_string_equal(types[i], ward_environment_type_name((enum ward_environment_type)i));
        assert_true(ward_environment_type_parse(ward_span_of(types[i]), &type));
        assert_int_equal(i, type);
        assert_string_equal(statuses[i], ward_environment_status_name((enum ward_environment_status)i));
        assert_true(ward_environment_status_parse(ward_span_of(statuses[i]), &status));
        assert_int_equal(i, status);
    }
    enum ward_environment_type type;
    assert_false(ward_environment_type_parse(WARD_SPAN("KUBERNETES"), &type));
    assert_false(ward_environment_type_parse(WARD_SPAN("production"), &type));
    assert_null(ward_environment_type_name((enum ward_environment_type)3));
}

static void test_who_reaches_one(void **state)
{
    (void)state;
    struct ward_uuid account, other, projects[2];
    assert_int_equal(WARD_OK, ward_uuid_new(&account));
    assert_int_equal(WARD_OK, ward_uuid_new(&other));
    assert_int_equal(WARD_OK, ward_uuid_new(&projects[0]));
    assert_int_equal(WARD_OK, ward_uuid_new(&projects[1]));
    struct ward_environment open = { .account_id = account };
    struct ward_environment limited = { .account_id = account, .projects = projects, .project_count = 1 };
    assert_true(ward_environment_is_open_to(&open, &account, &projects[1]));
    assert_false(ward_environment_is_open_to(&open, &other, &projects[1]));
    assert_true(ward_environment_is_open_to(&limited, &account, &projects[0]));
    assert_false(ward_environment_is_open_to(&limited, &account, &projects[1]));
    assert_false(ward_environment_is_open_to(&limited, &other, &projects[0]));
}

static struct ward_environment_input good_input(void)
{
    return (struct ward_environment_input){ .has_name = true, .name = WARD_SPAN("production") };
}

static void check(struct ward_environment_input *input, const char *member, int rule)
{
    ward_environment_input_check(input, true);
    assert_int_equal(rule < 0 ? 0 : 1, input->problems.count);
    if (rule >= 0) {
        assert_string_equal(member, input->problems.items[0].member);
        assert_int_equal(rule, input->problems.items[0].rule);
    }
}

static void test_plain_members(void **state)
{
    (void)state;
    static const struct {
        const char *member, *value;
        int rule;
    } rows[] = {
        { "type", "TEST", -1 },
        { "type", "Test", WARD_RULE_ENUM },
        { "status", "UNPUBLISHED", -1 },
        { "status", "", WARD_RULE_ENUM },
        { "accessUrl", "https://api.example.com/x", -1 },
        { "accessUrl", "", -1 },
        { "accessUrl", "ftp://api.example.com", WARD_RULE_DOMAIN },
        { "accessUrl", "https://", WARD_RULE_DOMAIN },
        { "name", "", WARD_RULE_REQUIRED },
        { "description", "", -1 },
        { "description", "\xFF", WARD_RULE_CHARACTERS },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_environment_input input = good_input();
        struct ward_span value = ward_span_of(rows[i].value);
        if (strcmp(rows[i].member, "type") == 0) {
            input.has_type = true;
            input.type = value;
        } else if (strcmp(rows[i].member, "status") == 0) {
            input.has_status = true;
            input.status = value;
        } else if (strcmp(rows[i].member, "accessUrl") == 0) {
            input.has_access_url = true;
            input.access_url = value;
        } else if (strcmp(rows[i].member, "name") == 0) {
            input.name = value;
        } else {
            input.has_description = true;
            input.description = value;
        }
        check(&input, rows[i].member, rows[i].rule);
    }
}

static void test_replicas(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        const char *replicas[2][2]; /* name, directory */
        int rule;
    } rows[] = {
        { 1, { { "embedded", NULL } }, -1 },
        { 2, { { "embedded", NULL }, { "edge-1.a_b", "/srv/keys" } }, -1 },
        { 0, { { NULL, NULL } }, WARD_RULE_MIN_LENGTH },
        { 1, { { "embedded", "/srv/keys" } }, WARD_RULE_CHARACTERS }, /* it lies in the data directory */
        { 1, { { "edge", NULL } }, WARD_RULE_CHARACTERS },
        { 1, { { "edge", "srv/keys" } }, WARD_RULE_CHARACTERS },
        { 1, { { "edge", "" } }, WARD_RULE_CHARACTERS },
        { 1, { { "", "/srv" } }, WARD_RULE_CHARACTERS },
        { 1, { { "..", "/srv" } }, WARD_RULE_CHARACTERS },
        { 1, { { "a/b", "/srv" } }, WARD_RULE_CHARACTERS },
        { 1, { { "a b", "/srv" } }, WARD_RULE_CHARACTERS },
        { 2, { { "edge", "/srv/a" }, { "edge", "/srv/b" } }, WARD_RULE_CHARACTERS },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_environment_input input = good_input();
        struct ward_replica replicas[2];
        for (size_t j = 0; j < 2; j++) {
            replicas[j] = (struct ward_replica){ ward_span_of(rows[i].replicas[j][0]),
                                                 ward_span_of(rows[i].replicas[j][1]) };
        }
        input.has_replicas = true;
        input.replicas = replicas;
        input.replica_count = rows[i].count;
        check(&input, "replicas", rows[i].rule);
    }
}

static void test_an_edit_needs_nothing(void **state)
{
    (void)state;
    struct ward_environment_input input = { 0 };
    ward_environment_input_check(&input, false);
    assert_int_equal(0, input.problems.count);
    ward_environment_input_check(&input, true);
    assert_int_equal(1, input.problems.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_who_reaches_one),
        cmocka_unit_test(test_plain_members),
        cmocka_unit_test(test_replicas),
        cmocka_unit_test(test_an_edit_needs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
