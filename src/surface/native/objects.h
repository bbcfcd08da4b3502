/* What the management handlers share: the objects as the native surface shows them, and small helpers. */
#ifndef WARD_SURFACE_NATIVE_OBJECTS_H
#define WARD_SURFACE_NATIVE_OBJECTS_H

#include "surface/native/problems.h"

static inline struct ward_service *ward_native_service(const struct ward_http_request *request)
{
    return ward_surface_application(request)->service;
}

void ward_native_write_key(struct ward_json_writer *writer, const struct ward_api_key *key, int64_t now_ms);
void ward_native_write_project(struct ward_json_writer *writer, const struct ward_project *project);
void ward_native_write_environment(struct ward_json_writer *writer, const struct ward_environment *environment);
void ward_native_write_credential(struct ward_json_writer *writer, const struct ward_credential *credential);

/** Answer a deletion: {"id":…,"isActive":false}. */
enum ward_handled ward_native_deleted(struct ward_http_request *request, struct ward_http_reply *reply,
                                      const struct ward_receipt *receipt);

/** End a list: what went wrong takes its place. */
enum ward_handled ward_native_list_end(struct ward_http_request *request, struct ward_http_reply *reply,
                                       enum ward_status status, const struct ward_problems *problems);

/** A query parameter; a bad escape is a SYNTAX problem. */
struct ward_span ward_native_query(struct ward_http_request *request, const char *name, struct ward_problems *problems);

/**
 * The account that a local operator means who names none: the only active one. Absent when there are several.
 *
 * Owns:    in the request's pool.
 */
enum ward_status ward_native_only_account(struct ward_http_request *request, const struct ward_operator *who,
                                          struct ward_span *ret) WARD_MUST_USE;

#endif
