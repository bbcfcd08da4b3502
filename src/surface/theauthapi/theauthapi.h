/* The Auth API surface: contracts/theauthapi.md, sections 1 to 7. Routes in routes.c are the table to start reading at.
 */
#ifndef WARD_SURFACE_THEAUTHAPI_H
#define WARD_SURFACE_THEAUTHAPI_H

#include "surface/surface.h"

/** The surface's routes and refusals; prefix "". */
extern const struct ward_http_surface ward_theauthapi_surface;

/** Append the ApiKey object's JSON from behind the key value on: the publisher's ward_reply_render. */
void ward_theauthapi_reply_render(const struct ward_api_key *key, struct ward_buffer *ret);

#endif
