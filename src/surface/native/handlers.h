/* The handlers that routes.c names, a file each noun. */
#ifndef WARD_SURFACE_NATIVE_HANDLERS_H
#define WARD_SURFACE_NATIVE_HANDLERS_H

#include "surface/surface.h"

/* verify.c */
enum ward_handled ward_native_authorize(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_verify(struct ward_http_request *request, struct ward_http_reply *reply);
/** The worker's part of both: note a key's first use, then answer. */
enum ward_handled ward_native_verify_first(struct ward_http_request *request, struct ward_http_reply *reply);

/* status.c */
enum ward_handled ward_native_status(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_healthz(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_readyz(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_native_metrics(struct ward_http_request *request, struct ward_http_reply *reply);

/* openapi.c */
enum ward_handled ward_native_openapi(struct ward_http_request *request, struct ward_http_reply *reply);

/* backup.c: on the control socket only */
enum ward_handled ward_native_backup(struct ward_http_request *request, struct ward_http_reply *reply);

/* keys.c, projects.c, credentials.c: management for the CLI, on the control socket only */
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

#endif
