/* The Auth API as a table: every path of contracts/theauthapi.md 4.1, 6 and 7, and who answers it. */
#include "surface/theauthapi/theauthapi.h"

#include "surface/theauthapi/errors.h"
#include "surface/theauthapi/handlers.h"

#define DOORS ((1U << WARD_LISTENER_TCP) | (1U << WARD_LISTENER_UNIX))
#define BODY  WARD_BODY_THEAUTHAPI_MAX

/** Section 9: a welcome without authentication, usable as a health check. */
static enum ward_handled welcome(struct ward_http_request *request, struct ward_http_reply *reply)
{
    struct ward_json_writer writer = ward_surface_reply(reply, 200, WARD_THEAUTHAPI_JSON);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "message", WARD_SPAN("Welcome to Ward"));
    ward_json_member_string(&writer, "version", ward_span_of(ward_surface_application(request)->version));
    ward_json_end_object(&writer);
    return ward_theauthapi_done(request, reply);
}

#define WORKER(verb, route_path, handler, id, text)                                                                    \
    {                                                                                                                  \
        .method = WARD_##verb, .path = (route_path), .handle = (handler), .body_max = BODY, .name = (id),              \
        .summary = (text), .listeners = DOORS                                                                          \
    }
#define VERIFY(verb, route_path, id, text)                                                                             \
    {                                                                                                                  \
        .method = WARD_##verb, .path = (route_path), .handle_inline = ward_theauthapi_authenticate,                    \
        .foresee = ward_theauthapi_authenticate_foresee, .handle = ward_theauthapi_authenticate_first,                 \
        .body_max = BODY, .name = (id), .summary = (text), .listeners = DOORS                                          \
    }

static const struct ward_http_route routes[] = {
    { .method = WARD_GET,
      .path = "/",
      .handle_inline = welcome,
      .body_max = BODY,
      .name = "welcome",
      .summary = "Say hello and the version.",
      .listeners = DOORS },

    VERIFY(POST, "/api-keys/auth/{key}", "authenticateApiKey",
           "Decide whether an API key may pass, and count the use."),
    VERIFY(GET, "/api-keys/auth/{key}", "authenticateApiKeyByGet", "The same, as older clients ask it."),
    WORKER(POST, "/auth/authenticate", ward_theauthapi_authenticate_legacy, "authenticateLegacy",
           "The same, with the key in the body."),

    WORKER(GET, "/api-keys", ward_theauthapi_key_list, "listApiKeys", "List the API keys of a project."),
    { .method = WARD_POST,
      .path = "/api-keys",
      .handle = ward_theauthapi_key_create,
      .begin = ward_theauthapi_key_create_begin,
      .body_max = BODY,
      .name = "createApiKey",
      .summary = "Create an API key.",
      .listeners = DOORS },
    WORKER(GET, "/api-keys/{key}", ward_theauthapi_key_get, "getApiKey", "Read an active API key."),
    WORKER(PATCH, "/api-keys/{key}", ward_theauthapi_key_update, "updateApiKey", "Change or rename an API key."),
    WORKER(DELETE, "/api-keys/{key}", ward_theauthapi_key_delete, "deleteApiKey", "Revoke an API key."),
    WORKER(PATCH, "/api-keys/{key}/reactivate", ward_theauthapi_key_reactivate, "reactivateApiKey",
           "Bring a revoked or expired API key back."),
    WORKER(POST, "/api-keys/{key}/rotate", ward_theauthapi_key_rotate, "rotateApiKey",
           "Revoke an API key and create its successor."),

    WORKER(GET, "/projects", ward_theauthapi_project_list, "listProjects", "List the projects of an account."),
    WORKER(POST, "/projects", ward_theauthapi_project_create, "createProject", "Create a project."),
    WORKER(GET, "/projects/{id}", ward_theauthapi_project_get, "getProject", "Read a project."),
    WORKER(PATCH, "/projects/{id}", ward_theauthapi_project_update, "updateProject", "Rename a project."),
    WORKER(DELETE, "/projects/{id}", ward_theauthapi_project_delete, "deleteProject",
           "Deactivate a project and with it its API keys."),

    WORKER(GET, "/accounts", ward_theauthapi_account_list, "listAccounts", "List the accounts the caller may see."),
    WORKER(POST, "/accounts", ward_theauthapi_account_create, "createAccount", "Create an account."),
    WORKER(GET, "/accounts/{id}", ward_theauthapi_account_get, "getAccount", "Read an account."),
    WORKER(PATCH, "/accounts/{id}", ward_theauthapi_account_update, "updateAccount", "Rename an account."),
    WORKER(DELETE, "/accounts/{id}", ward_theauthapi_account_delete, "deleteAccount", "Deactivate an account."),

    WORKER(GET, "/access-keys", ward_theauthapi_access_key_list, "listAccessKeys", "List access keys."),
    WORKER(POST, "/access-keys", ward_theauthapi_access_key_create, "createAccessKey", "Create an access key."),
    WORKER(PATCH, "/access-keys/{key}", ward_theauthapi_access_key_update, "updateAccessKey", "Change an access key."),
    WORKER(DELETE, "/access-keys/{key}", ward_theauthapi_access_key_delete, "deleteAccessKey", "Revoke an access key."),
    WORKER(PATCH, "/access-keys/{key}/reactivate", ward_theauthapi_access_key_reactivate, "reactivateAccessKey",
           "Bring a revoked access key back."),
};

const struct ward_http_surface ward_theauthapi_surface = {
    .name = "theauthapi",
    .prefix = "",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
    .refuse = ward_theauthapi_refuse,
};
