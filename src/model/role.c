#include "model/role.h"

#include "model/text.h"

#define VIEWER_RIGHTS                                                                                                  \
    (WARD_RIGHT_KEY_READ | WARD_RIGHT_KEY_VERIFY | WARD_RIGHT_PROJECT_READ | WARD_RIGHT_ACCOUNT_READ |                 \
     WARD_RIGHT_CREDENTIAL_READ | WARD_RIGHT_STATUS_READ | WARD_RIGHT_GATEWAY_READ)
#define USER_RIGHTS (VIEWER_RIGHTS | WARD_RIGHT_KEY_WRITE | WARD_RIGHT_GATEWAY_WRITE)
#define ADMIN_RIGHTS                                                                                                   \
    (USER_RIGHTS | WARD_RIGHT_PROJECT_WRITE | WARD_RIGHT_ACCOUNT_WRITE | WARD_RIGHT_CREDENTIAL_WRITE |                 \
     WARD_RIGHT_CREDENTIAL_REVEAL)

static const char *const role_names[] = {
    [WARD_ROLE_NONE] = "none", [WARD_ROLE_VIEWER] = "viewer", [WARD_ROLE_USER] = "user", [WARD_ROLE_ADMIN] = "admin"
};

static const uint32_t role_rights[] = { [WARD_ROLE_NONE] = 0,
                                        [WARD_ROLE_VIEWER] = VIEWER_RIGHTS,
                                        [WARD_ROLE_USER] = USER_RIGHTS,
                                        [WARD_ROLE_ADMIN] = ADMIN_RIGHTS };

uint32_t ward_role_rights(enum ward_role role)
{
    return (unsigned)role < WARD_COUNT_OF(role_rights) ? role_rights[role] : 0;
}

const char *ward_role_name(enum ward_role role)
{
    return ward_name_at(role_names, WARD_COUNT_OF(role_names), role);
}

bool ward_role_parse(struct ward_span name, enum ward_role *ret)
{
    unsigned index;
    if (!ward_name_find(role_names, WARD_COUNT_OF(role_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_role)index;
    return true;
}

bool ward_role_within(enum ward_role inner, enum ward_role outer)
{
    return (ward_role_rights(inner) & ~ward_role_rights(outer)) == 0;
}
