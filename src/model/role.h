/*
 * Rights and roles. A right is one (category, action); a role is a set of rights. What an operator may do is decided in
 * service/operator.c only, from these sets.
 * Source: contracts/theauthapi.md 1.2, 6, 7.
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
    WARD_RIGHT_GATEWAY_WRITE = 1 << 12
};

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

#endif
