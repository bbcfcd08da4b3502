/* The handlers that routes.c names, a file each noun. */
#ifndef WARD_SURFACE_THEAUTHAPI_HANDLERS_H
#define WARD_SURFACE_THEAUTHAPI_HANDLERS_H

#include "surface/surface.h"

static inline struct ward_service *ward_theauthapi_service(const struct ward_http_request *request)
{
    return ward_surface_application(request)->service;
}

/* keys.c: sections 2.1 to 2.7 */
enum ward_handled ward_theauthapi_key_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_key_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_key_create_begin(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_key_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_key_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_key_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_key_reactivate(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_key_rotate(struct ward_http_request *request, struct ward_http_reply *reply);

/* authenticate.c: sections 2.8 and 2.9 */
enum ward_handled ward_theauthapi_authenticate(struct ward_http_request *request, struct ward_http_reply *reply);
bool ward_theauthapi_authenticate_foresee(struct ward_http_request *request);
enum ward_handled ward_theauthapi_authenticate_first(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_authenticate_legacy(struct ward_http_request *request, struct ward_http_reply *reply);

/* projects.c, accounts.c: section 6 */
enum ward_handled ward_theauthapi_project_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_project_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_project_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_project_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_project_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_account_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_account_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_account_get(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_account_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_account_delete(struct ward_http_request *request, struct ward_http_reply *reply);

/* access_keys.c: section 7 */
enum ward_handled ward_theauthapi_access_key_list(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_access_key_create(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_access_key_update(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_access_key_delete(struct ward_http_request *request, struct ward_http_reply *reply);
enum ward_handled ward_theauthapi_access_key_reactivate(struct ward_http_request *request,
                                                        struct ward_http_reply *reply);

#endif
