/* One call of APIOps: who calls, what came in path, query and body, and how it ends. */
#ifndef WARD_SURFACE_APINIZER_CALL_H
#define WARD_SURFACE_APINIZER_CALL_H

#include "http/multipart.h"
#include "service/secrets.h"
#include "surface/surface.h"

struct ward_apinizer_call {
    struct ward_http_request *request;
    struct ward_http_reply *reply;
    enum ward_apinizer_profile profile;
    struct ward_operator who;
    struct ward_secrets_call secrets;
};

/** Tell whose token a call shows, or answer 401, 429 past its own limit (500 when the store fails) and return false. */
bool ward_apinizer_caller(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_operator *ret);

/**
 * The same, and make the service's call; the path's segments are checked in the order of its parameters.
 *
 * Shape:   parameters names them as the documents do ("projectName", "keyName"), up to the first NULL; the first is
 *          the project.
 * Errors:  false: the call is answered.
 */
bool ward_apinizer_begin(struct ward_http_request *request, struct ward_http_reply *reply,
                         const char *const parameters[WARD_PATH_PARAMETERS_MAX], struct ward_apinizer_call *ret);

/** As above, and make room for the answer of a write, which must not fail once it is committed. */
bool ward_apinizer_begin_write(struct ward_http_request *request, struct ward_http_reply *reply,
                               const char *const parameters[WARD_PATH_PARAMETERS_MAX], struct ward_apinizer_call *ret);

/* ---- what came in ---- */

/** A query parameter; one without a value counts as not sent. False: the call is answered (400: a bad escape). */
bool ward_apinizer_query(struct ward_apinizer_call *call, const char *name, struct ward_span *ret);

/**
 * Read the body as an object into *ret. What is wrong with it goes to refused, for the service to say when its turn
 * comes. False: the call is answered (415, 500).
 *
 * Shape:   has_to_be_there: an empty body is refused too; else it counts as an object without members.
 */
bool ward_apinizer_body(struct ward_apinizer_call *call, bool has_to_be_there, struct ward_secrets_refused *refused,
                        const struct ward_json_value **ret);

/** Read the body as a form of several parts. As above. */
bool ward_apinizer_parts(struct ward_apinizer_call *call, struct ward_secrets_refused *refused,
                         struct ward_multipart *ret);

/** Refuse the body with a sentence of up to three pieces, unless something was found before. */
void ward_apinizer_bad_body(struct ward_apinizer_call *call, struct ward_secrets_refused *refused, const char *first,
                            struct ward_span second, const char *third);

/* ---- answers. Each returns WARD_REPLIED. ---- */

/** Begin a JSON answer. */
struct ward_json_writer ward_apinizer_answer(struct ward_apinizer_call *call, int status);
/** Look whether the answer was written whole. */
enum ward_handled ward_apinizer_end(struct ward_apinizer_call *call);
/** The same for a write: says as of which change it holds. */
enum ward_handled ward_apinizer_end_write(struct ward_apinizer_call *call);
/** Answer for a use case that did not succeed. */
enum ward_handled ward_apinizer_refused(struct ward_apinizer_call *call, enum ward_status status);
/** Answer with a text of the surface's own. */
enum ward_handled ward_apinizer_bad_request(struct ward_apinizer_call *call, struct ward_span text);

#endif
