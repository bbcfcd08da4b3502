/* What the use cases of keys, JWKs and API proxies share: how a call runs, refuses, and finds what it names. */
#ifndef WARD_SERVICE_SECRETS_INTERNAL_H
#define WARD_SERVICE_SECRETS_INTERNAL_H

#include "model/text.h"
#include "service/deployer.h"
#include "service/environments.h"
#include "service/internal.h"
#include "service/secrets.h"
#include "store/environments.h"

/* ---- secrets.c: refusals ---- */

/** Refuse the call: note why (name and detail are copied; either may be absent) and give the status that goes with it.
 */
enum ward_status ward_secrets_refuse(struct ward_secrets_call *call, enum ward_secrets_refusal reason,
                                     struct ward_span name, struct ward_span detail) WARD_MUST_USE;
/** The same without anything to fill in. */
enum ward_status ward_secrets_refuse_plainly(struct ward_secrets_call *call,
                                             enum ward_secrets_refusal reason) WARD_MUST_USE;
/** Refuse when the surface found something wrong with the body, else OK. */
enum ward_status ward_secrets_check_body(struct ward_secrets_call *call,
                                         const struct ward_secrets_refused *body) WARD_MUST_USE;

/** Check the name of something new: empty when blank, else NAME_…. member: what the wire calls it. */
enum ward_status ward_secrets_check_name(struct ward_secrets_call *call, struct ward_span name, const char *member,
                                         enum ward_secrets_refusal empty) WARD_MUST_USE;
enum ward_status ward_secrets_check_description(struct ward_secrets_call *call, struct ward_span text,
                                                const char *member) WARD_MUST_USE;

/* ---- secrets.c: who may ---- */

/** Find the call's project (PROJECT_NOT_FOUND), then ask for any of some rights in it (PERMISSION). */
enum ward_status ward_secrets_enter(struct ward_store_session *session, struct ward_secrets_call *call, uint32_t any_of,
                                    struct ward_project *ret) WARD_MUST_USE;
/** Ask for one more right, once it is clear that it is needed. */
enum ward_status ward_secrets_require(struct ward_secrets_call *call, enum ward_right right,
                                      enum ward_secrets_refusal reason) WARD_MUST_USE;

/* ---- secrets.c: how a write runs ---- */

/** Run work as a transaction and set the receipt. */
enum ward_status ward_secrets_write(struct ward_secrets_call *call, ward_store_work work, void *arg) WARD_MUST_USE;

/**
 * A write that costs too much for the writer's thread: gather reads and refuses in a read session, prepare parses and
 * seals in none, apply writes what both made. apply gives CONFLICT without a refusal when what gather saw is no longer
 * so; then all is done again, in the end inside the transaction, where nobody comes in between.
 */
struct ward_secrets_steps {
    ward_store_work gather;
    enum ward_status (*prepare)(void *arg);
    ward_store_work apply;
};
enum ward_status ward_secrets_change(struct ward_secrets_call *call, const struct ward_secrets_steps *steps,
                                     void *arg) WARD_MUST_USE;

/** Deploy what was committed and set call->deployment; it is false when nothing can be told. */
void ward_secrets_deploy(struct ward_secrets_call *call, const struct ward_deployment_change *changes, size_t count);

/* ---- secrets.c: environments ---- */

/** Find an environment that the project reaches; otherwise the given refusal, with the name. */
enum ward_status ward_secrets_environment(struct ward_store_session *session, struct ward_secrets_call *call,
                                          const struct ward_project *project, struct ward_span name,
                                          enum ward_secrets_refusal missing,
                                          struct ward_environment *ret) WARD_MUST_USE;

#endif
