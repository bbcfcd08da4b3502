/*
 * The Auth API's JSON: objects as contracts/theauthapi.md 1.8, 6 and 7 order their members, and bodies and queries as
 * its sections 2, 6 and 7 list them. Mapping only: what a value may be is the model's to say.
 */
#ifndef WARD_SURFACE_THEAUTHAPI_SHAPES_H
#define WARD_SURFACE_THEAUTHAPI_SHAPES_H

#include "surface/surface.h"

void ward_theauthapi_write_key(struct ward_json_writer *writer, const struct ward_api_key *key, int64_t now_ms);
void ward_theauthapi_write_project(struct ward_json_writer *writer, const struct ward_project *project);
void ward_theauthapi_write_account(struct ward_json_writer *writer, const struct ward_account *account);
void ward_theauthapi_write_access_key(struct ward_json_writer *writer, const struct ward_credential *credential);

/* Body → input. WARD_NO_MEMORY is the only error; what is wrong with the body is in input->problems. */
enum ward_status ward_theauthapi_read_key(struct ward_http_request *request, bool is_create,
                                          struct ward_api_key_input *ret) WARD_MUST_USE;
enum ward_status ward_theauthapi_read_project(struct ward_http_request *request,
                                              struct ward_project_input *ret) WARD_MUST_USE;
enum ward_status ward_theauthapi_read_account(struct ward_http_request *request,
                                              struct ward_account_input *ret) WARD_MUST_USE;
enum ward_status ward_theauthapi_read_access_key(struct ward_http_request *request, bool is_create,
                                                 struct ward_credential_input *ret) WARD_MUST_USE;
/** The key of a POST /auth/authenticate. Absent: problems says why. */
enum ward_status ward_theauthapi_read_legacy(struct ward_http_request *request, struct ward_problems *problems,
                                             struct ward_span *ret_key) WARD_MUST_USE;

/* Query → filter, in the same way. */
enum ward_status ward_theauthapi_query_keys(struct ward_http_request *request,
                                            struct ward_key_query *ret) WARD_MUST_USE;
enum ward_status ward_theauthapi_query_access_keys(struct ward_http_request *request,
                                                   struct ward_credential_query *ret) WARD_MUST_USE;
/** One text parameter; absent also for the text "undefined", which the SDK sends for a member without a value. */
struct ward_span ward_theauthapi_query_text(struct ward_http_request *request, const char *name,
                                            struct ward_problems *problems);

#endif
