/*
 * Rights and roles. A right is one (category, action); a role is a set of rights. What an operator may do is decided in
 * service/operator.c only, from these sets.
 * Source: contracts/theauthapi.md 1.2, 6, 7; contracts/apinizer.md 3.
 */
#ifndef WARD_MODEL_ROLE_H
#define WARD_MODEL_ROLE_H

#include <stdint.h>

#include "base/span.h"

enum ward_right {
    WARD_RIGHT_KEY_READ = 1 << 0,
    WARD_RIGHT_KEY_WRITE = 1 << 1,
    WARD_RIGHT_KEY_VERIFY = 1 << 2, /* ask for a verdict */
    WARD_RIGHT_PROJECT_READ = 1 << 3,
    WARD_RIGHT_PROJECT_WRITE = 1 << 4,
    WARD_RIGHT_ACCOUNT_READ = 1 << 5,
    WARD_RIGHT_ACCOUNT_WRITE = 1 << 6,
    WARD_RIGHT_CREDENTIAL_READ = 1 << 7,
    WARD_RIGHT_CREDENTIAL_WRITE = 1 << 8,
    WARD_RIGHT_CREDENTIAL_REVEAL = 1 << 9, /* see other operators' access keys in full */
    WARD_RIGHT_STATUS_READ = 1 << 10,
    WARD_RIGHT_GATEWAY_READ = 1 << 11, /* products, APIs, stages, usage plans, subscriptions */
    WARD_RIGHT_GATEWAY_WRITE = 1 << 12,
    WARD_RIGHT_API_VIEW = 1 << 13, /* API proxies */
    WARD_RIGHT_API_MANAGE = 1 << 14,
    WARD_RIGHT_API_DEPLOY = 1 << 15,
    WARD_RIGHT_SECRETS_VIEW = 1 << 16, /* keys and JWKs */
    WARD_RIGHT_SECRETS_MANAGE = 1 << 17,
    WARD_RIGHT_SECRETS_DEPLOY = 1 << 18,
    WARD_RIGHT_SECRETS_EXPORT_IMPORT = 1 << 19, /* see what is secret */
    WARD_RIGHT_KEYS_USE = 1 << 20,              /* sign, verify, encrypt and decrypt with keys */
    WARD_RIGHT_ENVIRONMENT_READ = 1 << 21,
    WARD_RIGHT_ENVIRONMENT_WRITE = 1 << 22
};

/** "Any permission in the project": one of these is enough to list and get there. contracts/apinizer.md 3. */
#define WARD_RIGHTS_APIOPS                                                                                             \
    ((uint32_t)(WARD_RIGHT_API_VIEW | WARD_RIGHT_API_MANAGE | WARD_RIGHT_API_DEPLOY | WARD_RIGHT_SECRETS_VIEW |        \
                WARD_RIGHT_SECRETS_MANAGE | WARD_RIGHT_SECRETS_DEPLOY | WARD_RIGHT_SECRETS_EXPORT_IMPORT))

enum ward_role {
    WARD_ROLE_NONE, /* may do nothing at all: 403 everywhere */
    WARD_ROLE_VIEWER,
    WARD_ROLE_USER,
    WARD_ROLE_ADMIN
};

/** The rights of a role as a bit set of enum ward_right. A value that is no role has none. */
uint32_t ward_role_rights(enum ward_role role);

const char *ward_role_name(enum ward_role role);
bool ward_role_parse(struct ward_span name, enum ward_role *ret); /* viewer, user, admin; "none" too */

/** True when every right of inner is one of outer. */
bool ward_role_within(enum ward_role inner, enum ward_role outer);

/*
 * Grants: single rights that a credential has besides its role's, as a bit set of enum ward_right. Their names are
 * Apinizer's CATEGORY:ACTION; the older ROLE_… names and *:DEPLOY_UNDEPLOY mean the same.
 * Source: contracts/apinizer.md 3.
 */

/** True when every right of (inner, inner_grants) is one of (outer, outer_grants). */
bool ward_rights_within(enum ward_role inner, uint32_t inner_grants, enum ward_role outer, uint32_t outer_grants);

/** Read a grant and add its rights to *grants. False: not one that Ward has a right for. */
bool ward_grant_parse(struct ward_span name, uint32_t *grants);
/** The names that ward_grant_parse knows, comma separated: for the refusal. */
const char *ward_grant_names(void);
/** The canonical name of the index-th single grant and its right; false behind the last. */
bool ward_grant_at(size_t index, const char **ret_name, uint32_t *ret_right);

#endif
