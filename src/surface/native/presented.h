/* What a caller presents that is no plain value: the pair of an API proxy, by Authorization: Basic (RFC 7617) or in two
 * headers. */
#ifndef WARD_SURFACE_NATIVE_PRESENTED_H
#define WARD_SURFACE_NATIVE_PRESENTED_H

#include "surface/surface.h"

/** True for an Authorization value of the scheme Basic. */
bool ward_native_is_basic(struct ward_span authorization);

/**
 * Read a pair from Basic credentials. What does not decode, has no colon or half a pair gives halves that are absent,
 * and so a malformed verdict.
 *
 * Owns:    the keys live in the request's pool.
 */
struct ward_proxy_pair ward_native_basic_pair(struct ward_http_request *request, struct ward_span authorization);

#endif
