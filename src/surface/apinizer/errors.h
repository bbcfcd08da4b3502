/*
 * How APIOps words a refusal: contracts/apinizer.md 4.3, 4.5. The documents have two generations of error bodies and of
 * statuses; one table in errors.c gives both for every situation, and the profile picks here and nowhere else.
 */
#ifndef WARD_SURFACE_APINIZER_ERRORS_H
#define WARD_SURFACE_APINIZER_ERRORS_H

#include "service/secrets.h"
#include "surface/surface.h"

#define WARD_APINIZER_JSON "application/json;charset=UTF-8"
#define WARD_APINIZER_TEXT "text/plain;charset=UTF-8"

enum ward_apinizer_situation {
    WARD_APINIZER_UNEXPECTED, /* 500: whatever nobody foresaw */
    WARD_APINIZER_BAD_REQUEST,
    WARD_APINIZER_NO_TOKEN,
    WARD_APINIZER_WRONG_TOKEN,
    WARD_APINIZER_FORBIDDEN,
    WARD_APINIZER_NOT_FOUND, /* an object */
    WARD_APINIZER_NO_ROUTE,
    WARD_APINIZER_WRONG_METHOD,
    WARD_APINIZER_WRONG_TYPE,
    WARD_APINIZER_TOO_LARGE,
    WARD_APINIZER_LIMITED,
    WARD_APINIZER_BUSY,
    WARD_APINIZER_SITUATION_COUNT
};

/** Answer with an error body; text absent: the situation's own. reason is the log's fixed code. Returns WARD_REPLIED.
 */
enum ward_handled ward_apinizer_error(struct ward_http_request *request, struct ward_http_reply *reply,
                                      enum ward_apinizer_situation situation, struct ward_span text,
                                      const char *reason);

/** Answer 401. */
enum ward_handled ward_apinizer_unauthenticated(struct ward_http_request *request, struct ward_http_reply *reply,
                                                bool has_token);

/** Answer 429 for a token that is over its own limit. */
enum ward_handled ward_apinizer_limited(struct ward_http_request *request, struct ward_http_reply *reply,
                                        int64_t retry_after_s);

/** Answer for a use case that did not succeed. */
enum ward_handled ward_apinizer_fail(struct ward_http_request *request, struct ward_http_reply *reply,
                                     enum ward_status status, const struct ward_secrets_refused *refused);

/** Look whether the body was written whole; where memory ran out, 500 takes its place. Returns WARD_REPLIED. */
enum ward_handled ward_apinizer_done(struct ward_http_request *request, struct ward_http_reply *reply);

/** The surface's `refuse`: what the HTTP layer itself turns away. */
void ward_apinizer_refuse(struct ward_http_request *request, int status, const char *why,
                          struct ward_http_reply *reply);

#endif
