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
    assert_int_equal(all, 2 * WARD_RIGHT_GATEWAY_WRITE - 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_no_role_no_right),
        cmocka_unit_test(test_within),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
