/* A verdict as the native surface shows it: headers of /v1/authorize, members of /v1/verify (and of `ward verify`). */
#ifndef WARD_SURFACE_NATIVE_VERDICT_H
#define WARD_SURFACE_NATIVE_VERDICT_H

#include "surface/surface.h"
#include "verify/token.h"

struct ward_native_shown {
    const struct ward_verdict *verdict;
    const struct ward_token_verdict *token; /* what a token said; NULL: none was presented */
    struct ward_span settle;                /* the ticket's text; absent when none is due */
    int64_t now_ms;
};

/**
 * Find the limit that says most about a caller's next call, of those that were looked at: the one that refused; else
 * the one with the least left, and of equal ones the one that ends last. NULL: none.
 */
const struct ward_limit_state *ward_native_limit(const struct ward_verdict *verdict);

/** Add ward-verdict and what goes with it. */
void ward_native_verdict_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                                 const struct ward_native_shown *shown);

/** Write the JSON object of a verdict. */
void ward_native_write_verdict(struct ward_json_writer *writer, const struct ward_native_shown *shown);

#endif
