/* The handlers that routes.c names, a file each noun. */
#ifndef WARD_SURFACE_NATIVE_HANDLERS_H
#define WARD_SURFACE_NATIVE_HANDLERS_H

#include "surface/surface.h"

/* verify.c */
enum ward_handled ward_native_authorize(struct ward_http_request *request, struct ward_http_reply *reply);
bool ward_native_authorize_foresee(struct ward_http_request *request);
enum ward_handled ward_native_verify(struct ward_http_request *request, struct ward_http_reply *reply);
/** The worker's part of both: subscribe a key to a PUBLIC product, note a key's first use, then answer. */
enum ward_handled ward_native_verify_first(struct ward_http_request *request, struct ward_http_reply *reply);
/** Tell who asks for a verdict. Anyone may on a unix socket or a verify listener (design 4), with a credential of its
 * own or without. */
enum ward_caller ward_native_asker(struct ward_http_request *request, const char *const *headers, bool has_credential,
                                   struct ward_operator *ret, struct ward_verdict *ret_verdict);

/* settle.c */
enum ward_handled ward_native_settle(struct ward_http_request *request, struct ward_http_reply *reply);

/* status.c */
enum ward_handled ward_native_status(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_healthz(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_readyz(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_metrics(struct ward_http_request *request, struct ward_http_reply *reply);

/* keysets.c */
enum ward_handled ward_native_jwk_set(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_key_sign(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_key_verify(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_key_encrypt(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_key_decrypt(struct ward_http_request *request, struct ward_http_reply *reply);

/* token.c */
enum ward_handled ward_native_token(struct ward_http_request *request, struct ward_http_reply *reply);

/* openapi.c */
enum ward_handled ward_native_openapi(struct ward_http_request *request, struct ward_http_reply *reply);

/* backup.c: on the control socket only */
enum ward_handled ward_native_backup(struct ward_http_request *request, struct ward_http_reply *reply);

/* keys.c, projects.c, credentials.c, environments.c: management for the CLI, on the control socket only */
enum ward_handled ward_native_key_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_key_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_key_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_key_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_key_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_key_reactivate(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_key_rotate(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_project_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_project_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_project_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_project_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_credential_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_credential_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_credential_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_credential_reactivate(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_environment_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_environment_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_environment_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_environment_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_environment_delete(struct ward_http_request *request, struct ward_http_reply *reply);

#endif
