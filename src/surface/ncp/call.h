/* One call of NCP's surface: who calls, what came in the query and in the body, and how it ends. */
#ifndef WARD_SURFACE_NCP_CALL_H
#define WARD_SURFACE_NCP_CALL_H

#include "service/gateway.h"
#include "surface/surface.h"

struct ward_ncp_call {
    struct ward_http_request *request;
    struct ward_http_reply *reply;
    struct ward_operator who;
    struct ward_gateway_call gateway;
    const char *domain_code;
};

/** True when telling who calls needs no look into the store: the call may begin on an event thread. */
bool ward_ncp_may_begin(struct ward_http_request *request);

/** Tell who calls, or answer 401, 429 past the pair's own limit (500 when the store fails) and return false. An unknown
 * access key takes the same work as a known one. */
bool ward_ncp_caller(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_operator *ret);

/** The same, and make the service's call. False: the call is answered. */
bool ward_ncp_begin(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_ncp_call *ret);

/** As above, and make room for the answer of a write, which must not fail once it is committed. */
bool ward_ncp_begin_write(struct ward_http_request *request, struct ward_http_reply *reply, struct ward_ncp_call *ret);

/** Read the body as an object into *ret; what is wrong with it is added to problems. False: the call is answered. */
bool ward_ncp_body(struct ward_ncp_call *call, struct ward_problems *problems, const struct ward_json_value **ret);

/** The stage, or what stands above it, that the path names. */
static inline struct ward_stage_path ward_ncp_stage_path(const struct ward_http_request *request)
{
    return (struct ward_stage_path){ .product = request->parameters[0],
                                     .api = request->parameters[1],
                                     .stage = request->parameters[2] };
}

/* ---- queries ---- */

/** One text parameter. True when it was sent. */
bool ward_ncp_query_text(struct ward_ncp_call *call, const char *name, struct ward_span *ret);
/** offset and limit: contracts/ncp.md 1. */
void ward_ncp_query_page(struct ward_ncp_call *call, struct ward_page *ret);
/** true or false; otherwise is what holds when it was not sent. */
bool ward_ncp_query_boolean(struct ward_ncp_call *call, const char *name, bool otherwise);

/* ---- answers. Each returns WARD_REPLIED. ---- */

/** Begin a JSON answer. */
struct ward_json_writer ward_ncp_answer(struct ward_ncp_call *call, int status);
/** Look whether the answer was written whole. */
enum ward_handled ward_ncp_end(struct ward_ncp_call *call);
/** The same for a write: says as of which change it holds. */
enum ward_handled ward_ncp_end_write(struct ward_ncp_call *call);
/** Answer a write with a status and no body. */
enum ward_handled ward_ncp_empty(struct ward_ncp_call *call, int status);
/** Answer for a use case that did not succeed; problems NULL: those of the gateway call. */
enum ward_handled ward_ncp_refused(struct ward_ncp_call *call, enum ward_status status,
                                   const struct ward_problems *problems);

/** What a use case gives its rows to: a writer, and what every object says of the call. */
struct ward_ncp_rows {
    struct ward_json_writer *writer;
    const struct ward_ncp_call *call;
};

/** The status that ends a walk early: where memory ran out there is no point in going on. */
static inline enum ward_status ward_ncp_row_status(const struct ward_ncp_rows *rows)
{
    return rows->writer->out->status;
}

/** An answer that is one array of rows and their totals. */
struct ward_ncp_list {
    struct ward_json_writer writer;
    struct ward_ncp_rows rows; /* for the use case's visits */
};

/** Begin {"name":[. ret stays where it is until the end: its rows point into it. */
void ward_ncp_list_begin(struct ward_ncp_call *call, const char *name, struct ward_ncp_list *ret);

/** End it with "total", and "initialCount" where the contract has one; or refuse, by the walk's status. */
enum ward_handled ward_ncp_list_end(struct ward_ncp_call *call, struct ward_ncp_list *list, enum ward_status status,
                                    const struct ward_page_totals *totals, bool has_initial);

#endif
