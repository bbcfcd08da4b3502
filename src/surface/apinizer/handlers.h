/* The handlers that routes.c names, a file each noun. */
#ifndef WARD_SURFACE_APINIZER_HANDLERS_H
#define WARD_SURFACE_APINIZER_HANDLERS_H

#include "surface/surface.h"

/* general.c: sections 1, 5 */
enum ward_handled ward_apinizer_health(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_hello(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_openapi(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_project_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_environment_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_project_environments(struct ward_http_request *request, struct ward_http_reply *reply);

/* token.c: section 2.1 */
enum ward_handled ward_apinizer_token_create(struct ward_http_request *request, struct ward_http_reply *reply);

/* keys.c: section 6 */
enum ward_handled ward_apinizer_key_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_key_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_key_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_key_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_key_delete(struct ward_http_request *request, struct ward_http_reply *reply);

/* files.c: sections 6.6, 6.7, 8.5 */
enum ward_handled ward_apinizer_key_import(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_key_export(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_import(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_export(struct ward_http_request *request, struct ward_http_reply *reply);

/* jwks.c: section 8 */
enum ward_handled ward_apinizer_jwk_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_generate(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_from_url(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_from_clipboard(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_from_certificate(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_from_key(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_from_keystore(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_jwk_delete(struct ward_http_request *request, struct ward_http_reply *reply);

/* proxies.c: section 11 */
enum ward_handled ward_apinizer_proxy_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_proxy_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_proxy_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_proxy_parse(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_proxy_keys(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_proxy_metadata(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_proxy_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_proxy_deploy(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_proxy_undeploy(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_apinizer_proxy_status(struct ward_http_request *request, struct ward_http_reply *reply);

#endif
