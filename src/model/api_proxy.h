/*
 * An API proxy: a named API of a project, the pair of keys that its callers show, and where it is deployed. What is
 * about routing is kept to the letter and not acted on. Pure rules. Source: contracts/apinizer.md 11.
 */
#ifndef WARD_MODEL_API_PROXY_H
#define WARD_MODEL_API_PROXY_H

#include "model/account.h"
#include "model/object_id.h"
#include "model/object_name.h"

enum ward_api_proxy_type { WARD_PROXY_REST, WARD_PROXY_SOAP, WARD_PROXY_GRPC, WARD_PROXY_WEBSOCKET };
const char *ward_api_proxy_type_name(enum ward_api_proxy_type type); /* REST, SOAP, GRPC, WEBSOCKET */
bool ward_api_proxy_type_parse(struct ward_span name, enum ward_api_proxy_type *ret);

enum ward_api_proxy_creation {
    WARD_PROXY_OPEN_API,
    WARD_PROXY_SWAGGER,
    WARD_PROXY_WSDL,
    WARD_PROXY_REVERSE,
    WARD_PROXY_EMPTY
};
const char *ward_api_proxy_creation_name(enum ward_api_proxy_creation creation); /* OPEN_API, SWAGGER, WSDL,
                                                                                    REVERSE_PROXY, EMPTY_API */
bool ward_api_proxy_creation_parse(struct ward_span name, enum ward_api_proxy_creation *ret);

#define WARD_PROXY_KEY_MAX      4096  /* bytes of a public or a secret key */
#define WARD_PROXY_METADATA_MAX 65536 /* bytes of the JSON text */

/** How an API proxy stands in one environment. */
struct ward_api_proxy_deployment {
    struct ward_object_id environment_id;
    struct ward_span environment_name; /* read together; not stored here */
    bool is_deployed;
    bool redeploy_required; /* what was changed since is not there yet */
    int64_t deployed_ms;    /* of the last deployment; WARD_TIME_NONE: never */
    uint64_t revision;      /* of the change that deployed it; 0: never */
};

struct ward_api_proxy {
    struct ward_object_id id;
    struct ward_uuid account_id; /* the project's */
    struct ward_uuid project_id;
    enum ward_env env;            /* the project's; read together */
    bool is_scope_active;         /* account and project; read together */
    struct ward_span name;        /* unique in the project, by its bytes */
    struct ward_span description; /* absent: null */
    enum ward_api_proxy_type type;
    enum ward_api_proxy_creation creation;
    struct ward_span metadata;   /* JSON object, to the letter: routing, clientRoute, categories, sharingType … */
    struct ward_span public_key; /* absent: none */
    struct ward_span sealed;     /* the secret key; absent: none */
    int64_t sealed_version;      /* the proxy's version with which it came: part of the seal's place */
    struct ward_span secret_key; /* opened by the service where needed, else absent */
    struct ward_span lookup;     /* of the pair, WARD_LOOKUP_BYTES; absent unless both keys are there */
    const struct ward_api_proxy_deployment *deployments; /* in order of the environments' names */
    size_t deployment_count;
    struct ward_provenance provenance;
    int64_t version;
};

/** How a proxy stands in an environment, or NULL: never deployed there. */
const struct ward_api_proxy_deployment *ward_api_proxy_deployment_of(const struct ward_api_proxy *proxy,
                                                                     const struct ward_object_id *environment);

#endif
