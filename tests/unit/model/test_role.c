/* Which role may do what (contracts/theauthapi.md 1.2), row by row. */
#include "model/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ROLES = WARD_ROLE_ADMIN + 1 };

static void test_rights(void **state)
{
    (void)state;
    static const struct {
        enum ward_right right;
        bool is_given[ROLES]; /* none, viewer, user, admin */
    } rows[] = {
        { WARD_RIGHT_KEY_READ, { false, true, true, true } },
        { WARD_RIGHT_KEY_WRITE, { false, false, true, true } },
        { WARD_RIGHT_KEY_VERIFY, { false, true, true, true } },
        { WARD_RIGHT_PROJECT_READ, { false, true, true, true } },
        { WARD_RIGHT_PROJECT_WRITE, { false, false, false, true } },
        { WARD_RIGHT_ACCOUNT_READ, { false, true, true, true } },
        { WARD_RIGHT_ACCOUNT_WRITE, { false, false, false, true } },
        { WARD_RIGHT_CREDENTIAL_READ, { false, true, true, true } },
        { WARD_RIGHT_CREDENTIAL_WRITE, { false, false, false, true } },
        { WARD_RIGHT_CREDENTIAL_REVEAL, { false, false, false, true } },
        { WARD_RIGHT_STATUS_READ, { false, true, true, true } },
        { WARD_RIGHT_GATEWAY_READ, { false, true, true, true } },
        { WARD_RIGHT_GATEWAY_WRITE, { false, false, true, true } },
        { WARD_RIGHT_API_VIEW, { false, true, true, true } },
        { WARD_RIGHT_API_MANAGE, { false, false, true, true } },
        { WARD_RIGHT_API_DEPLOY, { false, false, true, true } },
        { WARD_RIGHT_SECRETS_VIEW, { false, true, true, true } },
        { WARD_RIGHT_SECRETS_MANAGE, { false, false, true, true } },
        { WARD_RIGHT_SECRETS_DEPLOY, { false, false, true, true } },
        { WARD_RIGHT_SECRETS_EXPORT_IMPORT, { false, false, false, true } },
        { WARD_RIGHT_KEYS_USE, { false, false, true, true } },
        { WARD_RIGHT_ENVIRONMENT_READ, { false, true, true, true } },
        { WARD_RIGHT_ENVIRONMENT_WRITE, { false, false, false, true } },
    };
    uint32_t all = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        all |= rows[i].right;
        for (int role = 0; role < ROLES; role++) {
            assert_int_equal((ward_role_rights((enum ward_role)role) & rows[i].right) != 0, rows[i].is_given[role]);
        }
    }
    /* No row is missing above: the administrator has every right that there is. */
    assert_int_equal(ward_role_rights(WARD_ROLE_ADMIN), all);
    assert_int_equal(all, 2 * WARD_RIGHT_ENVIRONMENT_WRITE - 1);
}

static void test_no_role_no_right(void **state)
{
    (void)state;
    assert_int_equal(ward_role_rights(WARD_ROLE_NONE), 0);
    assert_int_equal(ward_role_rights((enum ward_role)ROLES), 0);
    assert_int_equal(ward_role_rights((enum ward_role) - 1), 0);
    assert_null(ward_role_name((enum ward_role)ROLES));
}

static void test_within(void **state)
{
    (void)state;
    for (int inner = 0; inner < ROLES; inner++) {
        for (int outer = 0; outer < ROLES; outer++) {
            assert_int_equal(ward_role_within((enum ward_role)inner, (enum ward_role)outer), inner <= outer);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const names[ROLES] = { "none", "viewer", "user", "admin" };
    for (int i = 0; i < ROLES; i++) {
        enum ward_role role = WARD_ROLE_NONE;
        assert_string_equal(ward_role_name((enum ward_role)i), names[i]);
        assert_true(ward_role_parse(ward_span_of(names[i]), &role));
        assert_int_equal(role, i);
    }
    static const struct ward_span wrong[] = {
        { NULL, 0 }, { "", 0 }, { "Admin", 5 }, { "admin ", 6 }, { "admin\0", 6 }, { "adm", 3 }, { "owner", 5 },
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        enum ward_role role = WARD_ROLE_VIEWER;
        assert_false(ward_role_parse(wrong[i], &role));
        assert_int_equal(role, WARD_ROLE_VIEWER);
    }
}

/* contracts/apinizer.md 3: categories and actions, and the names of roles before December 2025. */
static void test_grants(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t rights; /* 0: refused */
    } rows[] = {
        { "API_MANAGEMENT:VIEW", WARD_RIGHT_API_VIEW },
        { "API_MANAGEMENT:MANAGE", WARD_RIGHT_API_MANAGE },
        { "API_MANAGEMENT:DEPLOY_UNDEPLOY", WARD_RIGHT_API_DEPLOY },
        { "SECRETS:VIEW", WARD_RIGHT_SECRETS_VIEW },
        { "SECRETS:MANAGE", WARD_RIGHT_SECRETS_MANAGE },
        { "SECRETS:DEPLOY_UNDEPLOY", WARD_RIGHT_SECRETS_DEPLOY },
        { "SECRETS:EXPORT_IMPORT", WARD_RIGHT_SECRETS_EXPORT_IMPORT },
        { "SECRETS:EXECUTE", WARD_RIGHT_KEYS_USE },
        { "GLOBAL_SETTINGS:VIEW", WARD_RIGHT_ENVIRONMENT_READ },
        { "GLOBAL_SETTINGS:MANAGE", WARD_RIGHT_ENVIRONMENT_WRITE },
        { "*:DEPLOY_UNDEPLOY", WARD_RIGHT_API_DEPLOY | WARD_RIGHT_SECRETS_DEPLOY },
        { "ROLE_MANAGE_PROXIES", WARD_RIGHT_API_MANAGE },
        { "ROLE_API_SECURITY", WARD_RIGHT_SECRETS_MANAGE },
        { "ROLE_DEPLOY_UNDEPLOY_PROXIES", WARD_RIGHT_API_DEPLOY | WARD_RIGHT_SECRETS_DEPLOY },
        { "API_MANAGEMENT:EXECUTE", 0 },
        { "API_MANAGEMENT:EXPORT_IMPORT", 0 },
        { "IDENTITY:MANAGE", 0 },
        { "CREDENTIAL:WRITE", 0 },
        { "secrets:manage", 0 },
        { "SECRETS:MANAGE ", 0 },
        { "*:*", 0 },
        { "ROLE_ADMIN", 0 },
        { "", 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t grants = WARD_RIGHT_STATUS_READ;
        assert_int_equal(ward_grant_parse(ward_span_of(rows[i].name), &grants), rows[i].rights != 0);
        assert_int_equal(grants, WARD_RIGHT_STATUS_READ | rows[i].rights);
        assert_int_equal(strstr(ward_grant_names(), rows[i].name) != NULL && rows[i].name[0] != '\0',
                         rows[i].rights != 0);
    }
}

/* What is stored is read again: every single grant by its canonical name. */
static void test_grants_by_place(void **state)
{
    (void)state;
    const char *name;
    uint32_t right, all = 0;
    size_t count = 0;
    for (; ward_grant_at(count, &name, &right); count++) {
        uint32_t read = 0;
        assert_true(ward_grant_parse(ward_span_of(name), &read));
        assert_int_equal(right, read);
        assert_int_equal(0, all & right);
        assert_int_equal(0, right & (right - 1)); /* one right each */
        all |= right;
    }
    assert_int_equal(10, count);
    assert_int_equal(0, all & WARD_RIGHT_CREDENTIAL_WRITE); /* no grant makes another credential */
    assert_int_equal(WARD_RIGHTS_APIOPS, all & WARD_RIGHTS_APIOPS);
}

static void test_rights_within(void **state)
{
    (void)state;
    const uint32_t secrets = WARD_RIGHT_SECRETS_MANAGE, export = WARD_RIGHT_SECRETS_EXPORT_IMPORT;
    assert_true(ward_rights_within(WARD_ROLE_NONE, secrets, WARD_ROLE_USER, 0));
    assert_false(ward_rights_within(WARD_ROLE_NONE, secrets, WARD_ROLE_VIEWER, 0));
    assert_true(ward_rights_within(WARD_ROLE_NONE, secrets, WARD_ROLE_NONE, secrets));
    assert_false(ward_rights_within(WARD_ROLE_NONE, secrets | export, WARD_ROLE_NONE, secrets));
    assert_false(ward_rights_within(WARD_ROLE_USER, export, WARD_ROLE_USER, 0));
    assert_true(ward_rights_within(WARD_ROLE_USER, export, WARD_ROLE_ADMIN, 0));
    assert_false(ward_rights_within(WARD_ROLE_USER, 0, WARD_ROLE_NONE, secrets | export));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rights),        cmocka_unit_test(test_no_role_no_right),
        cmocka_unit_test(test_within),        cmocka_unit_test(test_names),
        cmocka_unit_test(test_grants),        cmocka_unit_test(test_grants_by_place),
        cmocka_unit_test(test_rights_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
