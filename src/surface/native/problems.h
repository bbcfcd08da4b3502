/* Refusals of the native surface: problem documents, RFC 9457. Fixed texts; of the input only member names. */
#ifndef WARD_SURFACE_NATIVE_PROBLEMS_H
#define WARD_SURFACE_NATIVE_PROBLEMS_H

#include "surface/surface.h"

#define WARD_NATIVE_JSON    "application/json"
#define WARD_NATIVE_PROBLEM "application/problem+json"

/** Answer with a problem: code names it ("unknown_member") in `type` and in the log, detail is a fixed sentence. */
enum ward_handled ward_native_problem(struct ward_http_request *request, struct ward_http_reply *reply, int status,
                                      const char *code, const char *detail);

/** Answer 400 with one entry of `errors` for each problem. */
enum ward_handled ward_native_problems(struct ward_http_request *request, struct ward_http_reply *reply,
                                       const struct ward_problems *problems);

/** Answer for a use case that did not succeed. problems may be NULL. */
enum ward_handled ward_native_fail(struct ward_http_request *request, struct ward_http_reply *reply,
                                   enum ward_status status, const struct ward_problems *problems);

/** Answer for a caller who is not let in: 401, 429 or 503. */
enum ward_handled ward_native_refuse_caller(struct ward_http_request *request, struct ward_http_reply *reply,
                                            enum ward_caller caller, const struct ward_verdict *verdict);

/** The surface's `refuse`. */
void ward_native_refuse(struct ward_http_request *request, int status, const char *why, struct ward_http_reply *reply);

/** Read a body whose members must all be among names (NULL-terminated): others are UNKNOWN_MEMBER problems. */
enum ward_status ward_native_body(struct ward_http_request *request, const char *const *names,
                                  struct ward_problems *problems, const struct ward_json_value **ret) WARD_MUST_USE;

/** As above for the object in a member; its problems are named "member.name". */
void ward_native_strict(struct ward_http_request *request, const struct ward_json_value *object,
                        const char *const *names, struct ward_problems *problems);

#endif
