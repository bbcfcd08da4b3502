/* APIOps as a table: every path of contracts/apinizer.md that Ward serves, and who answers it. */
#include "surface/apinizer/apinizer.h"
#include "surface/apinizer/call.h"
#include "surface/apinizer/errors.h"
#include "surface/apinizer/handlers.h"

#define DOORS ((1U << WARD_LISTENER_TCP) | (1U << WARD_LISTENER_UNIX))

/* Every route but health runs on a worker: a token needs the store now and then. Nothing but what is written takes a
 * body; what is sent along elsewhere is dropped. */
#define ROUTE(verb, route_path, max, handler, id, text)                                                                \
    {                                                                                                                  \
        .method = WARD_##verb, .path = "/apiops" route_path, .handle = (handler), .body_max = (max), .name = (id),     \
        .summary = (text), .listeners = DOORS                                                                          \
    }
#define READ(route_path, handler, id, text)        ROUTE(GET, route_path, 0, handler, id, text)
#define WRITE(verb, route_path, handler, id, text) ROUTE(verb, route_path, WARD_BODY_APINIZER_MAX, handler, id, text)
#define DROP(verb, route_path, handler, id, text)  ROUTE(verb, route_path, 0, handler, id, text)

#define PROJECT                                    "/projects/{projectName}"
#define KEYS                                       PROJECT "/keys"
#define KEY                                        KEYS "/{keyName}"
#define JWKS                                       PROJECT "/jwks"
#define JWK                                        JWKS "/{jwkName}"
#define PROXIES                                    PROJECT "/apiProxies"
#define PROXY                                      PROXIES "/{apiProxyName}"
#define TARGET                                     PROXY "/environments/{environmentName}"

static const struct ward_http_route routes[] = {
    /* 1, 2.1 */
    { .method = WARD_GET,
      .path = "/apiops/test/healthcheck",
      .handle_inline = ward_apinizer_health,
      .name = "apiopsHealthcheck",
      .summary = "Say that the server runs.",
      .listeners = DOORS },
    READ("/test/hello/{name}", ward_apinizer_hello, "apiopsHello", "Say hello to who has a token."),
    READ("/openapi", ward_apinizer_openapi, "apiopsOpenapi", "This description."),
    READ("/openapi.json", ward_apinizer_openapi, "apiopsOpenapiJson", "This description."),
    READ("/openapi.yaml", ward_apinizer_openapi, "apiopsOpenapiYaml", "This description; JSON is YAML, too."),
    ROUTE(POST, "/auth/token", WARD_BODY_VERIFY_MAX, ward_apinizer_token_create, "apiopsCreateToken",
          "Exchange an IAM pair for a token of an hour."),

    /* 5 */
    READ("/projects", ward_apinizer_project_list, "apiopsListProjects", "List the projects of who asks."),
    READ("/environments", ward_apinizer_environment_list, "apiopsListEnvironments", "List environments."),
    READ(PROJECT "/environments", ward_apinizer_project_environments, "apiopsListProjectEnvironments",
         "List the environments that are open to a project."),

    /* 6 */
    WRITE(POST, KEYS, ward_apinizer_key_create, "apiopsCreateKey", "Create a key and deploy it."),
    READ(KEYS, ward_apinizer_key_list, "apiopsListKeys", "List the keys of a project."),
    READ(KEY, ward_apinizer_key_get, "apiopsGetKey", "Read a key, without its content."),
    WRITE(PUT, KEY, ward_apinizer_key_update, "apiopsUpdateKey",
          "Change a key, deploy it, and update or detach the JWKs that were made of it."),
    DROP(DELETE, KEY, ward_apinizer_key_delete, "apiopsDeleteKey",
         "Delete a key, and detach or delete the JWKs that were made of it."),
    WRITE(POST, KEYS "/import-file", ward_apinizer_key_import, "apiopsImportKeyFile",
          "Make or extend a key of a file."),
    READ(KEY "/export-file", ward_apinizer_key_export, "apiopsExportKeyFile", "Read a key's content as a file."),

    /* 8 */
    WRITE(POST, JWKS, ward_apinizer_jwk_create, "apiopsCreateJwk", "Create a JWK from a source."),
    READ(JWKS, ward_apinizer_jwk_list, "apiopsListJwks", "List the JWKs of a project."),
    WRITE(POST, JWKS "/generate", ward_apinizer_jwk_generate, "apiopsGenerateJwk", "Generate a JWK."),
    WRITE(POST, JWKS "/parse-from-url", ward_apinizer_jwk_from_url, "apiopsParseJwkFromUrl",
          "Create a JWK from what a URL answers."),
    WRITE(POST, JWKS "/parse-from-clipboard", ward_apinizer_jwk_from_clipboard, "apiopsParseJwkFromClipboard",
          "Create a JWK from a text."),
    WRITE(POST, JWKS "/parse-from-certificate", ward_apinizer_jwk_from_certificate, "apiopsParseJwkFromCertificate",
          "Refused: there are no certificates."),
    WRITE(POST, JWKS "/parse-from-key", ward_apinizer_jwk_from_key, "apiopsParseJwkFromKey",
          "Create a JWK from a key, which it follows."),
    WRITE(POST, JWKS "/parse-from-keystore", ward_apinizer_jwk_from_keystore, "apiopsParseJwkFromKeystore",
          "Refused: there are no keystores."),
    WRITE(POST, JWKS "/import-file", ward_apinizer_jwk_import, "apiopsImportJwkFile", "Create a JWK from a file."),
    READ(JWK, ward_apinizer_jwk_get, "apiopsGetJwk", "Read a JWK."),
    WRITE(PUT, JWK, ward_apinizer_jwk_update, "apiopsUpdateJwk", "Rename or describe a JWK; it is detached."),
    DROP(DELETE, JWK, ward_apinizer_jwk_delete, "apiopsDeleteJwk", "Delete a JWK."),
    READ(JWK "/export-file", ward_apinizer_jwk_export, "apiopsExportJwkFile", "Read a JWK as a JWK Set."),

    /* 11 */
    READ(PROXIES, ward_apinizer_proxy_list, "apiopsListApiProxies", "List the API proxies of a project."),
    WRITE(POST, PROXIES "/url", ward_apinizer_proxy_create, "apiopsCreateApiProxy", "Create an API proxy."),
    WRITE(PUT, PROXIES "/url", ward_apinizer_proxy_parse, "apiopsReparseApiProxy", "Change an API proxy by its name."),
    READ(PROXY, ward_apinizer_proxy_get, "apiopsGetApiProxy", "Read an API proxy; its secret key is masked."),
    DROP(DELETE, PROXY, ward_apinizer_proxy_delete, "apiopsDeleteApiProxy", "Undeploy and delete an API proxy."),
    WRITE(PATCH, PROXY "/settings/keys", ward_apinizer_proxy_keys, "apiopsUpdateApiKeys",
          "Replace one or both keys of an API proxy."),
    WRITE(PATCH, PROXY "/settings/metadata", ward_apinizer_proxy_metadata, "apiopsUpdateMetadata",
          "Change an API proxy's name and settings."),
    DROP(POST, TARGET, ward_apinizer_proxy_deploy, "apiopsDeployApiProxy", "Deploy an API proxy to an environment."),
    DROP(DELETE, TARGET, ward_apinizer_proxy_undeploy, "apiopsUndeployApiProxy",
         "Undeploy an API proxy from an environment."),
    READ(TARGET "/deploy-status", ward_apinizer_proxy_status, "apiopsDeployStatus",
         "Say how an API proxy stands in an environment."),
};
#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/* ---- what has no route: 405 with Allow, 400 for an empty name, or 404 ---- */

static struct ward_span take_segment(struct ward_span *path)
{
    const char *start = path->data + 1;
    const char *slash = memchr(start, '/', path->size - 1);
    struct ward_span segment = ward_span(start, slash ? (size_t)(slash - start) : path->size - 1);
    *path = ward_span(start + segment.size, path->size - segment.size - 1);
    return segment;
}

static bool is_parameter(struct ward_span segment)
{
    return segment.size > 2 && segment.data[0] == '{';
}

/* ret_empty: the first parameter that has nothing in it; untouched when all have something. */
static bool fits(struct ward_span path, const char *pattern, struct ward_span *ret_empty)
{
    struct ward_span rest = ward_span_of(pattern), empty = WARD_SPAN_NONE;
    while (path.size > 0 && rest.size > 0) {
        struct ward_span segment = take_segment(&path), wanted = take_segment(&rest);
        if (!is_parameter(wanted) && !ward_span_equal(segment, wanted)) {
            return false;
        }
        if (segment.size == 0 && !empty.data) {
            empty = ward_span(wanted.data + 1, wanted.size - 2);
        }
    }
    if (path.size > 0 || rest.size > 0) {
        return false;
    }
    *ret_empty = empty.data ? empty : *ret_empty;
    return true;
}

static const char *const names[] = {
    [WARD_GET] = "GET, HEAD", [WARD_HEAD] = "",         [WARD_POST] = "POST",       [WARD_PUT] = "PUT",
    [WARD_PATCH] = "PATCH",   [WARD_DELETE] = "DELETE", [WARD_OPTIONS] = "OPTIONS", [WARD_METHOD_OTHER] = "",
};

/* The methods of a path as Allow says them; none: no such path. */
static void append_methods(struct ward_span path, struct ward_buffer *ret, struct ward_span *ret_empty)
{
    bool is_there[WARD_METHOD_OTHER + 1] = { false };
    if (path.size > 1 && path.data[path.size - 1] == '/') {
        path.size--;
    }
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        bool is_it = fits(path, routes[i].path, ret_empty);
        is_there[routes[i].method] = is_there[routes[i].method] || is_it;
        is_there[WARD_OPTIONS] = is_there[WARD_OPTIONS] || is_it;
    }
    for (size_t i = 0; i < WARD_METHOD_OTHER; i++) {
        if (is_there[i]) {
            ward_buffer_append_text(ret, ret->size > 0 ? ", " : "");
            ward_buffer_append_text(ret, names[i]);
        }
    }
}

static void refuse_empty(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_span parameter)
{
    WARD_BUFFER text = ward_buffer_new(128);
    ward_buffer_append(&text, parameter);
    ward_buffer_append_text(&text, " value can not be empty!");
    ward_apinizer_error(request, reply, WARD_APINIZER_BAD_REQUEST, ward_buffer_span(&text), "invalid");
}

/** Section 12: OPTIONS says what there is; anything else is told who calls before it is told what is not there. */
static enum ward_handled answer_unknown(struct ward_http_request *request, struct ward_http_reply *reply)
{
    WARD_BUFFER methods = ward_buffer_new(128);
    struct ward_span empty = WARD_SPAN_NONE;
    struct ward_operator who;
    append_methods(request->path, &methods, &empty);
    if (request->method == WARD_OPTIONS && methods.size > 0) {
        (void)ward_surface_reply(reply, 204, NULL);
    } else if (!ward_apinizer_caller(request, reply, &who)) {
        return ward_apinizer_done(request, reply);
    } else if (methods.size > 0 && empty.data) {
        refuse_empty(request, reply, empty);
        return ward_apinizer_done(request, reply);
    } else {
        ward_apinizer_refuse(request, methods.size > 0 ? 405 : 404, methods.size > 0 ? "wrong_method" : "no_route",
                             reply);
    }
    if (methods.size > 0) {
        ward_http_reply_header(request, reply, "Allow", ward_buffer_span(&methods));
    }
    return ward_apinizer_done(request, reply);
}

static const struct ward_http_route otherwise = {
    .path = "/apiops", .handle = answer_unknown, .body_max = 0, .name = "apiopsUnknown", .listeners = DOORS
};

const struct ward_http_surface ward_apinizer_surface = {
    .name = "apinizer",
    .prefix = "/apiops",
    .routes = routes,
    .route_count = ROUTE_COUNT,
    .keeps_encoded_slashes = true,
    .otherwise = &otherwise,
    .refuse = ward_apinizer_refuse,
};

bool ward_apinizer_profile_parse(struct ward_span name, enum ward_apinizer_profile *ret)
{
    static const struct ward_span profiles[] = { [WARD_APINIZER_SEED] = WARD_SPAN_INIT("seed"),
                                                 [WARD_APINIZER_CURRENT] = WARD_SPAN_INIT("current"),
                                                 [WARD_APINIZER_BOTH] = WARD_SPAN_INIT("both") };
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        if (ward_span_equal(name, profiles[i])) {
            *ret = (enum ward_apinizer_profile)i;
            return true;
        }
    }
    return false;
}
