/*
 * APIOps' JSON: envelopes by profile (contracts/apinizer.md 4.1, 4.2), objects as sections 5, 6, 8 and 11 order their
 * members, and what bodies hold. Mapping only: what a value may be is the model's and the service's to say.
 */
#ifndef WARD_SURFACE_APINIZER_SHAPES_H
#define WARD_SURFACE_APINIZER_SHAPES_H

#include "surface/apinizer/call.h"

/* ---- envelopes ---- */

/** Which words an answer about a deployment is made of. */
enum ward_apinizer_family { WARD_APINIZER_KEY, WARD_APINIZER_JWK, WARD_APINIZER_PROXY };

struct ward_apinizer_written {
    enum ward_apinizer_family family;
    bool is_removal;     /* a DELETE: what is reported are undeployments */
    bool may_be_nothing; /* no member deploymentResult when the call did not ask for a deployment */
};

/** Answer a write: {"success":true,"deploymentResult":…} and what the profile makes of it; or refuse, by status. */
enum ward_handled ward_apinizer_write_answer(struct ward_apinizer_call *call, enum ward_status status,
                                             const struct ward_apinizer_written *written);

/** Answer an import: {"status":"SUCCESS"}, with what could not be deployed and what was left out, if anything. */
enum ward_handled ward_apinizer_import_answer(struct ward_apinizer_call *call, enum ward_status status,
                                              enum ward_apinizer_family family, const struct ward_span *skipped,
                                              size_t skipped_count);

/** Answer the creation of a proxy: {"status","resultList":null,"resultCount":null,"deploymentResult"}. */
enum ward_handled ward_apinizer_create_answer(struct ward_apinizer_call *call, enum ward_status status);

/** An answer that is a list of rows and their number. */
struct ward_apinizer_list {
    struct ward_apinizer_call *call;
    struct ward_json_writer writer;
    int64_t count;
};

/** Begin it. ret stays where it is until the end: it is what visits are given. */
void ward_apinizer_list_begin(struct ward_apinizer_call *call, struct ward_apinizer_list *ret);
/** End it, or refuse, by the walk's status. */
enum ward_handled ward_apinizer_list_end(struct ward_apinizer_list *list, enum ward_status status);
/** Count a row that was written; the status ends the walk where memory ran out. */
static inline enum ward_status ward_apinizer_list_row(struct ward_apinizer_list *list)
{
    list->count++;
    return list->writer.out->status;
}

/* ---- out: one object each ---- */

void ward_apinizer_write_key(struct ward_json_writer *writer, const struct ward_crypto_key_view *key);
/** With the material, parsed into pool, as a member of the type's name. */
void ward_apinizer_write_jwk(struct ward_json_writer *writer, const struct ward_jwk_view *jwk,
                             const struct ward_json_value *material);
void ward_apinizer_write_proxy_brief(struct ward_json_writer *writer, const struct ward_proxy_view *proxy,
                                     const struct ward_json_value *metadata);
void ward_apinizer_write_proxy(struct ward_json_writer *writer, const struct ward_proxy_view *proxy,
                               const struct ward_json_value *metadata);
void ward_apinizer_write_deployment(struct ward_json_writer *writer, const struct ward_proxy_deployment_view *row);

/* ---- in. A reader adds what is wrong to refused and tells whether the member was sent with a value. ---- */

struct ward_apinizer_reader {
    struct ward_apinizer_call *call;
    const struct ward_json_value *object;
    struct ward_secrets_refused *refused;
};

bool ward_apinizer_read_text(const struct ward_apinizer_reader *reader, const char *member, struct ward_span *ret);
bool ward_apinizer_read_boolean(const struct ward_apinizer_reader *reader, const char *member, bool *ret);
/** A whole number of at least 1. */
bool ward_apinizer_read_number(const struct ward_apinizer_reader *reader, const char *member, int64_t *ret);
/** A time: ISO 8601, or milliseconds since 1970. */
bool ward_apinizer_read_time(const struct ward_apinizer_reader *reader, const char *member, int64_t *ret_ms);

/** Read the members of a key, the environment list among them. False: out of memory, and the call is answered. */
bool ward_apinizer_read_key(const struct ward_apinizer_reader *reader, struct ward_crypto_key_input *ret);
void ward_apinizer_read_jwk(const struct ward_apinizer_reader *reader, struct ward_jwk_input *ret);
void ward_apinizer_read_generate(const struct ward_apinizer_reader *reader, struct ward_jwk_generate_input *ret);
/** deploy and deployTargetEnvironmentNameList. As above. */
bool ward_apinizer_read_targets(const struct ward_apinizer_reader *reader, struct ward_proxy_targets *ret);
/** The members that are kept as they came: of a creation, or of settings/metadata. As above. */
bool ward_apinizer_read_members(const struct ward_apinizer_reader *reader, bool is_creation,
                                struct ward_proxy_input *ret);

#endif
