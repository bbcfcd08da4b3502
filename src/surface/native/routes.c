/* The native surface as a table. Which door answers a route is part of it: elsewhere the route is not there (404). */
#include "surface/native/native.h"

#include "surface/native/handlers.h"
#include "surface/native/problems.h"

#define TCP     (1U << WARD_LISTENER_TCP)
#define UNIX    (1U << WARD_LISTENER_UNIX)
#define VERIFY  (1U << WARD_LISTENER_VERIFY)
#define CONTROL (1U << WARD_LISTENER_CONTROL)

#define ASK(verb, route_path, handler, foresight, id, text)                                                            \
    {                                                                                                                  \
        .method = WARD_##verb, .path = (route_path), .handle_inline = (handler), .foresee = (foresight),               \
        .handle = ward_native_verify_first, .body_max = WARD_BODY_VERIFY_MAX, .name = (id), .summary = (text),         \
        .listeners = TCP | UNIX | VERIFY | CONTROL                                                                     \
    }
#define QUICK(route_path, handler, id, text, doors)                                                                    \
    {                                                                                                                  \
        .method = WARD_GET, .path = (route_path), .handle_inline = (handler), .body_max = WARD_BODY_VERIFY_MAX,        \
        .name = (id), .summary = (text), .listeners = (doors)                                                          \
    }
#define REPORT(route_path, handler, id, text)                                                                          \
    {                                                                                                                  \
        .method = WARD_POST, .path = (route_path), .handle_inline = (handler), .body_max = WARD_BODY_VERIFY_MAX,       \
        .name = (id), .summary = (text), .listeners = TCP | UNIX | VERIFY | CONTROL                                    \
    }
#define WORKER(verb, route_path, handler, id, text, doors)                                                             \
    {                                                                                                                  \
        .method = WARD_##verb, .path = (route_path), .handle = (handler), .body_max = WARD_BODY_MANAGEMENT_MAX,        \
        .name = (id), .summary = (text), .listeners = (doors)                                                          \
    }

static const struct ward_http_route routes[] = {
    ASK(GET, "/v1/authorize", ward_native_authorize, ward_native_authorize_foresee, "authorize",
        "Decide whether a request may pass, by status and headers alone: for gateways."),
    ASK(POST, "/v1/authorize", ward_native_authorize, ward_native_authorize_foresee, "authorizeByPost",
        "The same, for gateways that keep the method."),
    ASK(POST, "/v1/verify", ward_native_verify, NULL, "verify",
        "Decide whether a presented API key may pass, and why not."),
    REPORT("/v1/settle", ward_native_settle, "settle",
           "Report how the back end answered a call that was let pass, so that quotas count what they should."),

    QUICK("/healthz", ward_native_healthz, "healthz", "Say that the process runs.", TCP | UNIX | VERIFY | CONTROL),
    QUICK("/readyz", ward_native_readyz, "readyz", "Say whether verdicts can be had.", TCP | UNIX | VERIFY | CONTROL),
    WORKER(GET, "/metrics", ward_native_metrics, "metrics", "Counters as Prometheus text.", TCP | UNIX | CONTROL),
    WORKER(GET, "/openapi.json", ward_native_openapi, "openapi", "This description.", TCP | UNIX | CONTROL),
    WORKER(GET, "/v1/status", ward_native_status, "status", "Version, revision, table and store.",
           TCP | UNIX | CONTROL),

    WORKER(GET, "/v1/projects/{project}/environments/{environment}/jwks.json", ward_native_jwk_set, "jwkSet",
           "The public parts of the JWKs that are deployed to an environment, as a JWK Set; without a credential.",
           TCP | UNIX | VERIFY | CONTROL),
    WORKER(POST, "/v1/projects/{project}/environments/{environment}/keys/{name}/sign", ward_native_key_sign,
           "signWithKey", "Sign data with a deployed key or JWK.", TCP | UNIX | CONTROL),
    WORKER(POST, "/v1/projects/{project}/environments/{environment}/keys/{name}/verify", ward_native_key_verify,
           "verifyWithKey", "Check a signature with a deployed key or JWK.", TCP | UNIX | CONTROL),
    WORKER(POST, "/v1/projects/{project}/environments/{environment}/keys/{name}/encrypt", ward_native_key_encrypt,
           "encryptWithKey", "Encrypt data with a deployed key or JWK.", TCP | UNIX | CONTROL),
    WORKER(POST, "/v1/projects/{project}/environments/{environment}/keys/{name}/decrypt", ward_native_key_decrypt,
           "decryptWithKey", "Decrypt data with a deployed key or JWK.", TCP | UNIX | CONTROL),

    WORKER(POST, "/auth/token", ward_native_token, "proxyToken",
           "Exchange an API proxy's public and secret key for a token (OAuth 2.0 client credentials).", TCP | UNIX),
    WORKER(POST, "/auth/jwt", ward_native_token, "proxyJwt", "The same.", TCP | UNIX),

    WORKER(GET, "/v1/keys", ward_native_key_list, "manageListKeys", "List the API keys of a project.", CONTROL),
    WORKER(POST, "/v1/keys", ward_native_key_create, "manageCreateKey", "Create an API key.", CONTROL),
    WORKER(GET, "/v1/keys/{id}", ward_native_key_get, "manageGetKey", "Read an API key.", CONTROL),
    WORKER(PATCH, "/v1/keys/{id}", ward_native_key_update, "manageUpdateKey", "Change an API key.", CONTROL),
    WORKER(DELETE, "/v1/keys/{id}", ward_native_key_delete, "manageDeleteKey", "Revoke an API key.", CONTROL),
    WORKER(POST, "/v1/keys/{id}/reactivate", ward_native_key_reactivate, "manageReactivateKey",
           "Bring an API key back.", CONTROL),
    WORKER(POST, "/v1/keys/{id}/rotate", ward_native_key_rotate, "manageRotateKey",
           "Revoke an API key and create its successor.", CONTROL),

    WORKER(GET, "/v1/projects", ward_native_project_list, "manageListProjects", "List projects.", CONTROL),
    WORKER(POST, "/v1/projects", ward_native_project_create, "manageCreateProject", "Create a project.", CONTROL),
    WORKER(PATCH, "/v1/projects/{id}", ward_native_project_update, "manageUpdateProject", "Rename a project.", CONTROL),
    WORKER(DELETE, "/v1/projects/{id}", ward_native_project_delete, "manageDeleteProject", "Deactivate a project.",
           CONTROL),

    WORKER(GET, "/v1/credentials", ward_native_credential_list, "manageListCredentials", "List operator credentials.",
           CONTROL),
    WORKER(POST, "/v1/credentials", ward_native_credential_create, "manageCreateCredential",
           "Create an operator credential.", CONTROL),
    WORKER(DELETE, "/v1/credentials/{id}", ward_native_credential_delete, "manageDeleteCredential",
           "Revoke an operator credential.", CONTROL),
    WORKER(POST, "/v1/credentials/{id}/reactivate", ward_native_credential_reactivate, "manageReactivateCredential",
           "Bring an operator credential back.", CONTROL),

    WORKER(GET, "/v1/environments", ward_native_environment_list, "manageListEnvironments", "List environments.",
           CONTROL),
    WORKER(POST, "/v1/environments", ward_native_environment_create, "manageCreateEnvironment",
           "Create an environment.", CONTROL),
    WORKER(GET, "/v1/environments/{id}", ward_native_environment_get, "manageGetEnvironment", "Read an environment.",
           CONTROL),
    WORKER(PATCH, "/v1/environments/{id}", ward_native_environment_update, "manageUpdateEnvironment",
           "Change an environment.", CONTROL),
    WORKER(DELETE, "/v1/environments/{id}", ward_native_environment_delete, "manageDeleteEnvironment",
           "Delete an environment where nothing is deployed.", CONTROL),

    WORKER(POST, "/v1/backup", ward_native_backup, "manageBackup", "Write a backup of the store into a file.", CONTROL),
};

const struct ward_http_surface ward_native_surface = {
    .name = "native",
    .prefix = "/v1",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
    .refuse = ward_native_refuse,
};
