/* NCP's API Gateway surface: contracts/ncp.md, sections 1 to 6.3. Routes in routes.c are the table to start reading at.
 */
#ifndef WARD_SURFACE_NCP_H
#define WARD_SURFACE_NCP_H

#include "surface/surface.h"

/** The surface's routes and refusals; prefix "/api/v1". */
extern const struct ward_http_surface ward_ncp_surface;

#endif
