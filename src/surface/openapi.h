/* The description of surfaces, made of their route tables. */
#ifndef WARD_SURFACE_OPENAPI_H
#define WARD_SURFACE_OPENAPI_H

#include "surface/surface.h"

/** Answer with the OpenAPI 3.1 document of these surfaces, as a TCP listener serves them. See reply->body.status. */
void ward_surface_openapi(struct ward_http_reply *reply, const struct ward_http_surface *const *surfaces, size_t count,
                          const char *version);

#endif
