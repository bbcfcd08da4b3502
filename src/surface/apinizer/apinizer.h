/* Apinizer's APIOps: contracts/apinizer.md. Routes in routes.c are the table to start reading at. */
#ifndef WARD_SURFACE_APINIZER_H
#define WARD_SURFACE_APINIZER_H

#include "surface/surface.h"

/** The surface's routes and refusals; prefix "/apiops". What it says on the wire: application->apinizer.profile. */
extern const struct ward_http_surface ward_apinizer_surface;

/** Read "seed", "current" or "both". */
bool ward_apinizer_profile_parse(struct ward_span name, enum ward_apinizer_profile *ret);

#endif
