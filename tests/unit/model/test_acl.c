#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/acl.h"

static void a_list_lets_in_whom_it_names(void **state)
{
    (void)state;
    static const struct {
        enum ward_acl_code code;
        const char *list, *address; /* NULL: absent */
        bool is_admitted;
    } rows[] = {
        { WARD_ACL_NONE, "10.0.0.0/8", NULL, true },
        { WARD_ACL_ALLOWED, "10.0.0.0/8", "10.0.0.1", true },
        { WARD_ACL_ALLOWED, "192.0.2.1, 10.0.0.0/8 ,2001:db8::/32", "2001:db8::9", true },
        { WARD_ACL_ALLOWED, "192.0.2.1, 10.0.0.0/8 ,2001:db8::/32", "192.0.2.2", false },
        { WARD_ACL_ALLOWED, "", "10.0.0.1", false },
        { WARD_ACL_ALLOWED, "10.0.0.0/8", NULL, false },
        { WARD_ACL_ALLOWED, "10.0.0.0/8", "", false },
        { WARD_ACL_ALLOWED, "10.0.0.0/8", "10.0.0.0/8", false }, /* a network is no address */
        { WARD_ACL_ALLOWED, "10.0.0.0/8", "10.0.0.1, 192.0.2.1", false },
        { WARD_ACL_ALLOWED, "10.0.0.0/8, rubbish", "10.0.0.1", false },
        { WARD_ACL_REJECTED, "10.0.0.0/8", "10.0.0.1", false },
        { WARD_ACL_REJECTED, "10.0.0.0/8", "11.0.0.1", true },
        { WARD_ACL_REJECTED, "", "11.0.0.1", true },
        { WARD_ACL_REJECTED, "10.0.0.0/8", NULL, false },
        { WARD_ACL_REJECTED, "rubbish", "11.0.0.1", false },
        { (enum ward_acl_code)9, "10.0.0.0/8", "11.0.0.1", false },
        { (enum ward_acl_code)9, "10.0.0.0/8", "10.0.0.1", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (ward_acl_admits(rows[i].code, ward_span_of(rows[i].list), ward_span_of(rows[i].address)) !=
            rows[i].is_admitted)
            fail_msg("row %zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_lets_in_whom_it_names),
    };
    return cmocka_run_group_tests_name("model/acl", tests, NULL, NULL);
}
