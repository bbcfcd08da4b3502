/*
 * How The Auth API words a refusal: contracts/theauthapi.md 1.7. Bodies are Nest's: validation answers with a list of
 * sentences, everything else with one, and 401, 429 and 5xx have no `error` member.
 */
#ifndef WARD_SURFACE_THEAUTHAPI_ERRORS_H
#define WARD_SURFACE_THEAUTHAPI_ERRORS_H

#include "surface/surface.h"

#define WARD_THEAUTHAPI_JSON "application/json; charset=utf-8"

/** Answer with an error body. error is the status' phrase, or NULL for none; reason is the log's fixed code. */
void ward_theauthapi_error(struct ward_http_reply *reply, int status, const char *message, const char *error,
                           const char *reason);

/** Answer 400 with the sentence of every problem (or with one text, where the body could not be read at all). */
void ward_theauthapi_problems(struct ward_http_reply *reply, const struct ward_problems *problems);

/** As above, but always one text, that of the first problem: query parameters. */
void ward_theauthapi_problem(struct ward_http_reply *reply, const struct ward_problems *problems);

/** Append the sentence of one problem. */
void ward_theauthapi_sentence(const struct ward_problem *problem, struct ward_buffer *ret);

void ward_theauthapi_unauthorized(struct ward_http_request *request, struct ward_http_reply *reply);
void ward_theauthapi_forbidden(struct ward_http_reply *reply);
void ward_theauthapi_unavailable(struct ward_http_request *request, struct ward_http_reply *reply);

/** The texts of an object's 404 and 409. */
struct ward_theauthapi_texts {
    const char *not_found;
    const char *conflict;
};

/** Answer for a use case that did not succeed. problems may be NULL. Returns WARD_REPLIED. */
enum ward_handled ward_theauthapi_fail(struct ward_http_request *request, struct ward_http_reply *reply,
                                       enum ward_status status, const struct ward_problems *problems,
                                       const struct ward_theauthapi_texts *texts);

/** Answer for a verdict that is not valid: contracts/theauthapi.md 2.8. */
void ward_theauthapi_refuse_verdict(struct ward_http_request *request, struct ward_http_reply *reply,
                                    const struct ward_verdict *verdict, int64_t now_ms);

/** Word a refused verdict as above, under another status: for a gateway that asks in this surface's style. */
void ward_theauthapi_word_verdict(struct ward_http_reply *reply, enum ward_reason reason, int status);

/** Add the five headers of a limited key: contracts/theauthapi.md 3.4. */
void ward_theauthapi_limit_headers(struct ward_http_request *request, struct ward_http_reply *reply,
                                   const struct ward_limit_state *limit, int64_t now_ms);

/** Tell who calls, or answer 401, 429 or 503 and return false. */
bool ward_theauthapi_caller(struct ward_http_request *request, struct ward_http_reply *reply,
                            struct ward_operator *ret);

/** Answer a deletion: 200 and the JSON literal true (contracts/theauthapi.md 2.5: the SDK wants a body). */
enum ward_handled ward_theauthapi_true(struct ward_http_request *request, struct ward_http_reply *reply,
                                       const struct ward_receipt *receipt);

/** Look whether the body was written whole; where memory ran out, 503 takes its place. Returns WARD_REPLIED. */
enum ward_handled ward_theauthapi_done(struct ward_http_request *request, struct ward_http_reply *reply);

/** The surface's `refuse`: what the HTTP layer itself turns away. */
void ward_theauthapi_refuse(struct ward_http_request *request, int status, const char *why,
                            struct ward_http_reply *reply);

#endif
