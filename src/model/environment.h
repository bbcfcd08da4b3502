/*
 * An environment: the named target that keys, JWKs and API proxies are deployed to, and the replicas that it consists
 * of. Environments are an account's; one may be open to all its projects or to some. Pure rules.
 * Source: contracts/apinizer.md 5; design 2.
 */
#ifndef WARD_MODEL_ENVIRONMENT_H
#define WARD_MODEL_ENVIRONMENT_H

#include "model/account.h"
#include "model/object_id.h"
#include "model/object_name.h"

enum ward_environment_type { WARD_ENVIRONMENT_PRODUCTION, WARD_ENVIRONMENT_SANDBOX, WARD_ENVIRONMENT_TEST };
const char *ward_environment_type_name(enum ward_environment_type type); /* PRODUCTION, SANDBOX, TEST */
bool ward_environment_type_parse(struct ward_span name, enum ward_environment_type *ret);

enum ward_environment_status {
    WARD_ENVIRONMENT_PUBLISHED,
    WARD_ENVIRONMENT_UNPUBLISHED,
    WARD_ENVIRONMENT_REPUBLISH_REQUIRED
};
const char *
ward_environment_status_name(enum ward_environment_status status); /* PUBLISHED, UNPUBLISHED, REPUBLISH_REQUIRED */
bool ward_environment_status_parse(struct ward_span name, enum ward_environment_status *ret);

/** Where the keys of an environment are put for verifiers to use. */
struct ward_replica {
    struct ward_span name;      /* "embedded": the one of the server itself */
    struct ward_span directory; /* absolute; absent for the embedded one, which lies in the data directory */
};
#define WARD_REPLICA_EMBEDDED             "embedded"

#define WARD_REPLICAS_MAX                 16
#define WARD_ENVIRONMENT_PROJECTS_MAX     1000
#define WARD_ENVIRONMENT_REPLICA_NAME_MAX 64
#define WARD_REPLICA_DIRECTORY_MAX        1024
#define WARD_ACCESS_URL_MAX               2048

struct ward_environment {
    struct ward_object_id id;
    struct ward_uuid account_id;
    struct ward_span name; /* unique in the account */
    struct ward_span description;
    enum ward_environment_type type;
    enum ward_environment_status status;
    struct ward_span access_url; /* "" when none */
    const struct ward_uuid *projects;
    size_t project_count; /* 0: all projects of the account */
    const struct ward_replica *replicas;
    size_t replica_count; /* in order of their names */
    struct ward_provenance provenance;
    int64_t version;
};

/** True when keys of the project may be deployed there: of the same account, and one of those it is limited to. */
bool ward_environment_is_open_to(const struct ward_environment *environment, const struct ward_uuid *account,
                                 const struct ward_uuid *project);

/** has_x false = the member was not sent. */
struct ward_environment_input {
    bool has_account, has_name, has_description, has_type, has_access_url, has_status, has_projects, has_replicas;
    struct ward_span account; /* id as it came; create only: the operator's own when it was not sent */
    struct ward_span name, description, access_url;
    struct ward_span type, status;    /* as they came */
    const struct ward_span *projects; /* names or ids, as they came */
    size_t project_count;
    const struct ward_replica *replicas; /* a directory may be absent for "embedded" only */
    size_t replica_count;
    struct ward_problems problems;
};

/** name (required when is_new) as object_name.h says, description ..4096, type, accessUrl http(s), status, projects
 * ..1000, replicas 1..16 with different names [A-Za-z0-9._-] and absolute directories. */
void ward_environment_input_check(struct ward_environment_input *input, bool is_new);

#endif
