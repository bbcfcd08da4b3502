/*
 * How NCP's API Gateway words a refusal: contracts/ncp.md 4. One body shape, {"error":{"errorCode","message",
 * "details"}}; the code decides status and message, the details say what happened. Section 8's answers of the gateway
 * are worded here too.
 */
#ifndef WARD_SURFACE_NCP_ERRORS_H
#define WARD_SURFACE_NCP_ERRORS_H

#include "service/gateway.h"
#include "surface/surface.h"

#define WARD_NCP_JSON "application/json;charset=UTF-8"

/** The rows of contracts/ncp.md 4.2. */
enum ward_ncp_code {
    WARD_NCP_UNEXPECTED, /* 500 900: whatever nobody foresaw */
    WARD_NCP_BAD_REQUEST,
    WARD_NCP_AUTHENTICATION_FAILED,
    WARD_NCP_PERMISSION_DENIED,
    WARD_NCP_FORBIDDEN,
    WARD_NCP_NOT_FOUND,
    WARD_NCP_QUOTA_EXCEEDED,
    WARD_NCP_THROTTLE_LIMITED,
    WARD_NCP_RATE_LIMITED,
    WARD_NCP_ENTITY_TOO_LARGE,
    WARD_NCP_ENDPOINT_ERROR,
    WARD_NCP_CODE_COUNT
};

/** Answer with an error body. reason is the log's fixed code. Returns WARD_REPLIED. */
enum ward_handled ward_ncp_error(struct ward_http_reply *reply, enum ward_ncp_code code, struct ward_span details,
                                 const char *reason);

/** Answer 400 and name the first member that is wrong; a body that could not be read at all comes before it. */
enum ward_handled ward_ncp_problems(struct ward_http_reply *reply, const struct ward_problems *problems);

/** Answer for a use case that did not succeed. problems may be NULL; missing says what a NOT_FOUND did not find, and
 * what a CONFLICT met. */
enum ward_handled ward_ncp_fail(struct ward_http_request *request, struct ward_http_reply *reply,
                                enum ward_status status, const struct ward_problems *problems, enum ward_noun missing);

/** Answer 401 for a call that shows too little, or something wrong: contracts/ncp.md 4.3. */
enum ward_handled ward_ncp_missing_credentials(struct ward_http_reply *reply);
enum ward_handled ward_ncp_wrong_credentials(struct ward_http_reply *reply);

/** Look whether the body was written whole; where memory ran out, 503 takes its place. Returns WARD_REPLIED. */
enum ward_handled ward_ncp_done(struct ward_http_request *request, struct ward_http_reply *reply);

/** The surface's `refuse`: what the HTTP layer itself turns away. */
void ward_ncp_refuse(struct ward_http_request *request, int status, const char *why, struct ward_http_reply *reply);

/**
 * Word a verdict that is not valid as the gateway answers its callers: status and body, no headers.
 *
 * Shape:   is_presented tells whether the call showed any credential at all: without one it is "missing".
 * Source:  contracts/ncp.md 8.
 */
void ward_ncp_word_verdict(struct ward_http_request *request, struct ward_http_reply *reply,
                           const struct ward_verdict *verdict, bool is_presented);

#endif
