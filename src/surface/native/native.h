/*
 * The native surface: /v1 and the endpoints an operator's tools expect (/healthz, /readyz, /metrics, /openapi.json).
 * Errors are RFC 9457 problem documents; bodies are strict. Management of keys, projects and credentials is served to
 * the CLI on the control socket only.
 */
#ifndef WARD_SURFACE_NATIVE_H
#define WARD_SURFACE_NATIVE_H

#include "surface/surface.h"

/** Prefix "/v1"; also answers for /healthz, /readyz, /metrics and /openapi.json. */
extern const struct ward_http_surface ward_native_surface;

#endif
