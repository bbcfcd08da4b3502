/* The steps of a verification that ask for a stage: what verify.c does with it, in this order. */
#ifndef WARD_VERIFY_PLAN_H
#define WARD_VERIFY_PLAN_H

#include "verify/verify.h"

/** What the table says of the stage asked for, and of the key's relation to it. */
struct ward_found_stage {
    bool is_found;     /* it is there, and the caller's; else all of the rest is unset */
    bool has_relation; /* the key is subscribed; terms are set */
    struct ward_record stage, relation;
    struct ward_table_scope scope;
    struct ward_stage_body body; /* if it has an access list or is in maintenance */
    struct ward_plan_terms terms;
};

/** True when the table is the current one and heard from lately. */
bool ward_verifier_is_in_step(struct ward_verifier *verifier);

/** True when a scope is of an account and a project; NULL: any. */
bool ward_scope_is_within(const struct ward_table_scope *scope, const struct ward_uuid *account,
                          const struct ward_uuid *project);

/** True when a key of another tenant may ask for the stage: it is subscribed, or everybody may. NULL: none is asked. */
bool ward_stage_is_open(const struct ward_found_stage *stage);

/** Go on where the credential's record was fetched: begin with its relation to the stage, if one will be asked for. */
bool ward_stage_foresee(struct ward_verifier *verifier, struct ward_foresight *foresight);

/** Find the stage, the relation of verdict's key to it, and its terms. VALID: read, nothing judged yet; else STALE. */
enum ward_reason ward_stage_recognise(struct ward_verifier *verifier, const struct ward_presented *presented,
                                      struct ward_found_stage *ret, struct ward_verdict *verdict);

/** Judge by what the records say, up to the subscription. */
enum ward_reason ward_stage_judge(const struct ward_presented *presented, const struct ward_found_stage *stage,
                                  struct ward_verdict *verdict);

/** Count the call, the stage's throttle and the plan's rate. */
enum ward_reason ward_stage_count_rates(struct ward_verifier *verifier, const struct ward_presented *presented,
                                        struct ward_found_stage *stage, int64_t now_ms, struct ward_verdict *verdict);

/** Count both quotas, and make the ticket. */
enum ward_reason ward_stage_count_quotas(struct ward_verifier *verifier, const struct ward_presented *presented,
                                         const struct ward_found_stage *stage, int64_t now_ms,
                                         struct ward_verdict *verdict);

#endif
