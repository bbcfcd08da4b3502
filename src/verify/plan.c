#include "verify/plan.h"

#include "model/acl.h"

bool ward_scope_is_within(const struct ward_table_scope *scope, const struct ward_uuid *account,
                          const struct ward_uuid *project)
{
    if (account != NULL && !ward_uuid_equal(account, &scope->account_id))
        return false;
    return project == NULL || ward_uuid_equal(project, &scope->project_id);
}

static bool is_public(const struct ward_found_stage *stage)
{
    return (stage->stage.flags & WARD_RECORD_PUBLIC) != 0;
}

bool ward_stage_is_open(const struct ward_found_stage *stage)
{
    return stage != NULL && stage->is_found && (stage->has_relation || is_public(stage));
}

/* ---- recognise ---- */

static enum ward_table_found find_kind(struct ward_verifier *verifier, const struct ward_lookup *lookup,
                                       enum ward_record_kind kind, struct ward_record *ret)
{
    enum ward_table_found found = ward_table_find(verifier->reader, lookup, ret);
    return found == WARD_TABLE_FOUND && ret->kind != kind ? WARD_TABLE_MISSING : found;
}

typedef void make_lookup(const struct ward_keyed_hash *hash, uint64_t id, struct ward_lookup *ret);

/* Stages and plans are few, and each call asks for them anew. */
static const struct ward_lookup *keep_lookup(struct ward_verifier *verifier, struct ward_kept_lookup *all, uint64_t id,
                                             make_lookup *make)
{
    struct ward_kept_lookup *kept = &all[id % WARD_KEPT_LOOKUPS];
    if (kept->id != id || id == 0) {
        make(verifier->hash, id, &kept->lookup);
        kept->id = id;
    }
    return &kept->lookup;
}

static enum ward_table_found find_stage(struct ward_verifier *verifier, uint64_t stage, struct ward_record *ret)
{
    return find_kind(verifier, keep_lookup(verifier, verifier->stages, stage, ward_stage_lookup), WARD_RECORD_STAGE,
                     ret);
}

static enum ward_table_found find_relation(struct ward_verifier *verifier, uint64_t key, uint64_t stage,
                                           struct ward_record *ret)
{
    struct ward_lookup lookup;
    ward_relation_lookup(verifier->hash, key, stage, &lookup);
    return find_kind(verifier, &lookup, WARD_RECORD_RELATION, ret);
}

static bool is_named(const struct ward_stage_ref *ref, const struct ward_record *stage)
{
    return (ref->product == 0 || ref->product == stage->plan.other) &&
           (ref->api == 0 || ref->api == ward_record_id(stage, 1));
}

/* A relation whose plan is not there is damage: a plan that is in use cannot be removed. */
static bool read_terms(struct ward_verifier *verifier, const struct ward_found_stage *stage,
                       struct ward_plan_terms *ret)
{
    uint64_t plan = stage->relation.plan.other;
    struct ward_record record;
    if (plan == 0) {
        ward_record_terms(&stage->stage, ret);
        return true;
    }
    const struct ward_lookup *lookup = keep_lookup(verifier, verifier->plans, plan, ward_plan_lookup);
    if (find_kind(verifier, lookup, WARD_RECORD_PLAN, &record) != WARD_TABLE_FOUND)
        return false;
    ward_record_terms(&record, ret);
    return true;
}

static enum ward_reason recognise_stage(struct ward_verifier *verifier, const struct ward_presented *presented,
                                        struct ward_found_stage *ret)
{
    const struct ward_stage_ref *ref = presented->stage;
    enum ward_table_found found = find_stage(verifier, ref->stage, &ret->stage);
    if (found == WARD_TABLE_UNSURE)
        return WARD_VERDICT_STALE;
    if (found != WARD_TABLE_FOUND || !is_named(ref, &ret->stage))
        return WARD_VERDICT_VALID;
    if (!ward_table_scope(verifier->reader, &ret->stage, &ret->scope))
        return WARD_VERDICT_STALE;
    bool has_body = (ret->stage.flags & (WARD_RECORD_HAS_ACL | WARD_RECORD_MAINTENANCE)) != 0;
    if (has_body && !ward_stage_body_decode(ward_table_body(verifier->reader, &ret->stage), &ret->body))
        return WARD_VERDICT_STALE;
    ret->is_found = ward_scope_is_within(&ret->scope, presented->account, presented->project);
    return WARD_VERDICT_VALID;
}

bool ward_stage_foresee(struct ward_verifier *verifier, struct ward_foresight *foresight)
{
    const struct ward_record guess = { .id = foresight->credential.id };
    foresight->key = foresight->stage == 0 ? 0 : ward_record_id(&guess, 0);
    if (foresight->key == 0)
        return false;
    ward_relation_lookup(verifier->hash, foresight->key, foresight->stage, &foresight->relation.lookup);
    return ward_table_foresee(verifier->reader, &foresight->relation);
}

/* The lookup of the relation, and its first line on its way while the stage, which is hot, is looked at. */
static void begin_relation(struct ward_verifier *verifier, const struct ward_presented *presented, uint64_t key,
                           struct ward_lookup *ret)
{
    const struct ward_foresight *foresight = presented->foresight;
    uint64_t stage = presented->stage->stage;
    if (foresight != NULL && key != 0 && foresight->key == key && foresight->stage == stage) {
        *ret = foresight->relation.lookup;
        return;
    }
    ward_relation_lookup(verifier->hash, key, stage, ret);
    ward_table_find_prefetch(verifier->reader, ret);
}

enum ward_reason ward_stage_recognise(struct ward_verifier *verifier, const struct ward_presented *presented,
                                      struct ward_found_stage *ret, struct ward_verdict *verdict)
{
    struct ward_lookup lookup;
    begin_relation(verifier, presented, ward_record_id(&verdict->record, 0), &lookup);
    enum ward_reason reason = recognise_stage(verifier, presented, ret);
    if (reason != WARD_VERDICT_VALID || !ret->is_found)
        return reason;
    struct ward_plan_verdict *plan = &verdict->plan;
    verdict->has_stage = true;
    plan->product = ret->stage.plan.other;
    plan->api = ward_record_id(&ret->stage, 1);
    plan->stage = presented->stage->stage;

    enum ward_table_found found = find_kind(verifier, &lookup, WARD_RECORD_RELATION, &ret->relation);
    if (found == WARD_TABLE_UNSURE)
        return WARD_VERDICT_STALE;
    if (found != WARD_TABLE_FOUND)
        return WARD_VERDICT_VALID;
    if (!read_terms(verifier, ret, &ret->terms))
        return WARD_VERDICT_STALE;
    ret->has_relation = true;
    return WARD_VERDICT_VALID;
}

/* ---- judge ---- */

static bool is_source_refused(const struct ward_presented *presented, const struct ward_found_stage *stage)
{
    return (stage->stage.flags & WARD_RECORD_HAS_ACL) != 0 &&
           !ward_acl_admits(stage->body.acl_code, stage->body.acl_list, presented->stage->client_address);
}

enum ward_reason ward_stage_judge(const struct ward_presented *presented, const struct ward_found_stage *stage,
                                  struct ward_verdict *verdict)
{
    if (!stage->is_found)
        return WARD_VERDICT_NOT_SUBSCRIBED;
    if (!stage->scope.is_active)
        return WARD_VERDICT_PROJECT_INACTIVE;
    if (is_source_refused(presented, stage))
        return WARD_VERDICT_SOURCE_NOT_ALLOWED;
    if ((stage->stage.flags & WARD_RECORD_MAINTENANCE) != 0) {
        verdict->plan.maintenance_status = stage->body.status;
        verdict->plan.maintenance_response = stage->body.response;
        return WARD_VERDICT_MAINTENANCE;
    }
    if (!ward_stage_is_open(stage))
        return WARD_VERDICT_NOT_SUBSCRIBED;
    verdict->needs_subscription = !stage->has_relation;
    if (verdict->needs_subscription && !presented->peek)
        return WARD_VERDICT_STALE;
    verdict->has_plan = stage->has_relation;
    verdict->plan.plan = stage->has_relation ? stage->relation.plan.other : 0;
    verdict->plan.terms = stage->terms;
    return WARD_VERDICT_VALID;
}

/* ---- count ---- */

static bool is_throttled(struct ward_verifier *verifier, const struct ward_presented *presented,
                         const struct ward_found_stage *stage, int64_t now_ms, struct ward_plan_verdict *plan)
{
    plan->has_throttle = stage->stage.limit != 0;
    if (!plan->has_throttle)
        return false;
    ward_table_count(verifier->reader, &stage->stage, now_ms, presented->peek, &plan->throttle);
    return !plan->throttle.is_allowed;
}

enum ward_reason ward_stage_count_rates(struct ward_verifier *verifier, const struct ward_presented *presented,
                                        struct ward_found_stage *stage, int64_t now_ms, struct ward_verdict *verdict)
{
    struct ward_plan_verdict *plan = &verdict->plan;
    if (stage->has_relation && !ward_table_plan_call(verifier->reader, &stage->relation, now_ms, presented->peek))
        return WARD_VERDICT_STALE;
    if (is_throttled(verifier, presented, stage, now_ms, plan))
        return WARD_VERDICT_THROTTLED;
    if (!stage->has_relation || stage->terms.rate_rps == 0)
        return WARD_VERDICT_VALID;
    plan->has_rate = ward_table_plan_rate(verifier->reader, &stage->relation, stage->terms.rate_rps, now_ms,
                                          presented->peek, &plan->rate);
    if (!plan->has_rate)
        return WARD_VERDICT_STALE;
    verdict->is_plan_rate = !plan->rate.is_allowed;
    return plan->rate.is_allowed ? WARD_VERDICT_VALID : WARD_VERDICT_LIMITED;
}

enum ward_reason ward_stage_count_quotas(struct ward_verifier *verifier, const struct ward_presented *presented,
                                         const struct ward_found_stage *stage, int64_t now_ms,
                                         struct ward_verdict *verdict)
{
    struct ward_plan_verdict *plan = &verdict->plan;
    if (!stage->has_relation)
        return WARD_VERDICT_VALID;
    plan->has_quotas = ward_table_plan_quotas(verifier->reader, &stage->relation, &stage->terms, now_ms,
                                              presented->peek, &plan->quotas);
    if (!plan->has_quotas)
        return WARD_VERDICT_STALE;
    if (!plan->quotas.month.is_allowed || !plan->quotas.day.is_allowed)
        return WARD_VERDICT_QUOTA_EXCEEDED;
    if (!presented->peek)
        plan->ticket = (struct ward_settle_ticket){ .key = ward_record_id(&stage->relation, 0),
                                                    .stage = plan->stage,
                                                    .day = plan->quotas.day_number,
                                                    .month = plan->quotas.month_number };
    return WARD_VERDICT_VALID;
}

/* ---- afterwards ---- */

static enum ward_status status_of(enum ward_table_found found)
{
    return found == WARD_TABLE_FOUND ? WARD_OK : found == WARD_TABLE_MISSING ? WARD_NOT_FOUND : WARD_UNAVAILABLE;
}

static enum ward_status find_settled(struct ward_verifier *verifier, const struct ward_settlement *settlement,
                                     struct ward_found_stage *ret)
{
    const struct ward_settle_ticket *ticket = &settlement->ticket;
    if (!ward_verifier_is_in_step(verifier))
        return WARD_UNAVAILABLE;
    enum ward_status status = status_of(find_stage(verifier, ticket->stage, &ret->stage));
    if (status != WARD_OK)
        return status;
    if (!ward_table_scope(verifier->reader, &ret->stage, &ret->scope))
        return WARD_UNAVAILABLE;
    if (!ward_scope_is_within(&ret->scope, settlement->account, settlement->project))
        return WARD_NOT_FOUND;
    status = status_of(find_relation(verifier, ticket->key, ticket->stage, &ret->relation));
    if (status != WARD_OK)
        return status;
    return read_terms(verifier, ret, &ret->terms) ? WARD_OK : WARD_UNAVAILABLE;
}

enum ward_status ward_verify_settle(struct ward_verifier *verifier, const struct ward_settlement *settlement,
                                    int64_t now_ms, struct ward_settled *ret)
{
    struct ward_found_stage stage = { 0 };
    struct ward_settled settled = { 0 };
    enum ward_status status = find_settled(verifier, settlement, &stage);
    if (status != WARD_OK)
        return status;
    unsigned classes = stage.terms.classes;
    settled.is_counted = classes == 0 || (classes & (unsigned)settlement->answer) != 0;
    if (!settled.is_counted &&
        !ward_table_plan_take_back(verifier->reader, &stage.relation, settlement->ticket.day, settlement->ticket.month))
        return WARD_UNAVAILABLE;
    if (!ward_table_plan_quotas(verifier->reader, &stage.relation, &stage.terms, now_ms, true, &settled.quotas))
        return WARD_UNAVAILABLE;
    *ret = settled;
    return WARD_OK;
}

enum ward_status ward_verify_usage(struct ward_verifier *verifier, uint64_t key, uint64_t stage, int64_t now_ms,
                                   struct ward_plan_usage *ret)
{
    struct ward_record relation;
    if (!ward_verifier_is_in_step(verifier))
        return WARD_UNAVAILABLE;
    enum ward_status status = status_of(find_relation(verifier, key, stage, &relation));
    if (status != WARD_OK)
        return status;
    return ward_table_usage(verifier->reader, &relation.lookup, now_ms, ret) ? WARD_OK : WARD_UNAVAILABLE;
}
