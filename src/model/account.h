/* The tenant (account) and the project in it. Source: contracts/theauthapi.md 6; design 2. */
#ifndef WARD_MODEL_ACCOUNT_H
#define WARD_MODEL_ACCOUNT_H

#include <stdint.h>

#include "base/uuid.h"
#include "model/key_id.h"
#include "model/problem.h"

enum ward_env { WARD_ENV_LIVE, WARD_ENV_TEST };

const char *ward_env_name(enum ward_env env);
bool ward_env_parse(struct ward_span name, enum ward_env *ret);

/** Who made or last changed a thing. */
enum ward_actor_type {
    WARD_ACTOR_NONE,
    WARD_ACTOR_USER,
    WARD_ACTOR_ACCESS_KEY,
    WARD_ACTOR_TOKEN,
    WARD_ACTOR_IAM,
    WARD_ACTOR_LOCAL,
    WARD_ACTOR_SYSTEM
};
const char *
ward_actor_type_name(enum ward_actor_type type); /* USER, ACCESS_KEY, TOKEN, IAM, LOCAL, SYSTEM; NULL for NONE */
bool ward_actor_type_parse(struct ward_span name, enum ward_actor_type *ret);

/** Provenance that accounts, projects and credentials share. Ids are UUIDs; nil = null in answers. */
struct ward_provenance {
    struct ward_uuid created_by;
    enum ward_actor_type created_by_type;
    struct ward_uuid changed_by;
    enum ward_actor_type changed_by_type;
    int64_t created_ms;
    int64_t updated_ms;
};

struct ward_account {
    struct ward_uuid id;
    struct ward_span name;
    bool is_active;
    struct ward_provenance provenance;
    int64_t version;
};

struct ward_project {
    struct ward_uuid id;
    struct ward_uuid account_id;
    struct ward_span name; /* unique among the active ones of its account */
    enum ward_env env;
    bool is_active;
    bool is_account_active; /* read together with the project; not stored here */
    struct ward_provenance provenance;
    int64_t version;
};

/** Check a name of an account, a project, an API key or a credential: 1..WARD_NAME_MAX code points, no NUL. */
void ward_name_check(struct ward_problems *problems, const char *member, struct ward_span name);

/**
 * Check a name that must be there. Adds nothing when a problem with the member is listed already.
 *
 * Source:  contracts/theauthapi.md 1.7: a missing name is both too short and no string, in this order.
 */
void ward_name_require(struct ward_problems *problems, const char *member, bool has_name, struct ward_span name);

#endif
