#include "model/role.h"

#include "model/text.h"

#define VIEWER_RIGHTS                                                                                                  \
    (WARD_RIGHT_KEY_READ | WARD_RIGHT_KEY_VERIFY | WARD_RIGHT_PROJECT_READ | WARD_RIGHT_ACCOUNT_READ |                 \
     WARD_RIGHT_CREDENTIAL_READ | WARD_RIGHT_STATUS_READ | WARD_RIGHT_GATEWAY_READ | WARD_RIGHT_API_VIEW |             \
     WARD_RIGHT_SECRETS_VIEW | WARD_RIGHT_ENVIRONMENT_READ)
#define USER_RIGHTS                                                                                                    \
    (VIEWER_RIGHTS | WARD_RIGHT_KEY_WRITE | WARD_RIGHT_GATEWAY_WRITE | WARD_RIGHT_API_MANAGE | WARD_RIGHT_API_DEPLOY | \
     WARD_RIGHT_SECRETS_MANAGE | WARD_RIGHT_SECRETS_DEPLOY | WARD_RIGHT_KEYS_USE)
#define ADMIN_RIGHTS                                                                                                   \
    (USER_RIGHTS | WARD_RIGHT_PROJECT_WRITE | WARD_RIGHT_ACCOUNT_WRITE | WARD_RIGHT_CREDENTIAL_WRITE |                 \
     WARD_RIGHT_CREDENTIAL_REVEAL | WARD_RIGHT_SECRETS_EXPORT_IMPORT | WARD_RIGHT_ENVIRONMENT_WRITE)

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
    return ward_rights_within(inner, 0, outer, 0);
}

bool ward_rights_within(enum ward_role inner, uint32_t inner_grants, enum ward_role outer, uint32_t outer_grants)
{
    return ((ward_role_rights(inner) | inner_grants) & ~(ward_role_rights(outer) | outer_grants)) == 0;
}

/* ---- grants ---- */

static const struct {
    const char *name;
    uint32_t right;
} grants[] = {
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
};

/* The names before December 2025, and the one for every category. */
static const struct {
    const char *name;
    uint32_t rights;
} grant_aliases[] = {
    { "*:DEPLOY_UNDEPLOY", WARD_RIGHT_API_DEPLOY | WARD_RIGHT_SECRETS_DEPLOY },
    { "ROLE_MANAGE_PROXIES", WARD_RIGHT_API_MANAGE },
    { "ROLE_API_SECURITY", WARD_RIGHT_SECRETS_MANAGE },
    { "ROLE_DEPLOY_UNDEPLOY_PROXIES", WARD_RIGHT_API_DEPLOY | WARD_RIGHT_SECRETS_DEPLOY },
};

bool ward_grant_parse(struct ward_span name, uint32_t *ret)
{
    for (size_t i = 0; i < WARD_COUNT_OF(grants); i++) {
        if (ward_span_equal(name, ward_span_of(grants[i].name))) {
            *ret |= grants[i].right;
            return true;
        }
    }
    for (size_t i = 0; i < WARD_COUNT_OF(grant_aliases); i++) {
        if (ward_span_equal(name, ward_span_of(grant_aliases[i].name))) {
            *ret |= grant_aliases[i].rights;
            return true;
        }
    }
    return false;
}

const char *ward_grant_names(void)
{
    return "API_MANAGEMENT:VIEW, API_MANAGEMENT:MANAGE, API_MANAGEMENT:DEPLOY_UNDEPLOY, SECRETS:VIEW, SECRETS:MANAGE, "
           "SECRETS:DEPLOY_UNDEPLOY, SECRETS:EXPORT_IMPORT, SECRETS:EXECUTE, GLOBAL_SETTINGS:VIEW, "
           "GLOBAL_SETTINGS:MANAGE, *:DEPLOY_UNDEPLOY, ROLE_MANAGE_PROXIES, ROLE_API_SECURITY, "
           "ROLE_DEPLOY_UNDEPLOY_PROXIES";
}

bool ward_grant_at(size_t index, const char **ret_name, uint32_t *ret_right)
{
    if (index >= WARD_COUNT_OF(grants)) {
        return false;
    }
    *ret_name = grants[index].name;
    *ret_right = grants[index].right;
    return true;
}
