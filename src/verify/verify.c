#include "verify/verify.h"

#include "base/limits.h"
#include "base/seam.h"
#include "model/api_key.h"
#include "model/key_id.h"
#include "verify/expiry.h"
#include "verify/plan.h"

enum ward_status ward_verifier_open(const char *directory, const struct ward_keyed_hash *hash, int64_t max_staleness_ms,
                                    struct ward_verifier *ret)
{
    struct ward_verifier verifier = { .max_staleness_ms = max_staleness_ms };
    enum ward_status status = ward_keyed_hash_copy(hash, &verifier.hash);
    if (status == WARD_OK)
        status = ward_table_reader_open(directory, &verifier.reader);
    if (status != WARD_OK) {
        ward_verifier_close(&verifier);
        return status;
    }
    *ret = verifier;
    return WARD_OK;
}

void ward_verifier_close(struct ward_verifier *verifier)
{
    ward_table_reader_close(verifier->reader);
    if (verifier->hash != NULL)
        ward_keyed_hash_free(verifier->hash);
    ward_signatures_free(verifier->signatures);
    *verifier = (struct ward_verifier){ 0 };
}

static bool is_value(struct ward_span value)
{
    return value.data != NULL && value.size >= 1 && value.size <= WARD_KEY_VALUE_MAX;
}

static bool is_well_formed(const struct ward_presented *presented)
{
    return presented->pair != NULL ? ward_proxy_pair_is_whole(presented->pair) : is_value(presented->value);
}

bool ward_verifier_is_in_step(struct ward_verifier *verifier)
{
    int64_t boot_ms = ward_boot_ms();
    if (!ward_table_reader_refresh_at(verifier->reader, boot_ms))
        return false;
    return verifier->max_staleness_ms == 0 ||
           ward_table_age_ms(verifier->reader, boot_ms) <= verifier->max_staleness_ms;
}

static bool checks_origin(const struct ward_presented *presented, const struct ward_record *record)
{
    return !presented->skip_origin && (record->flags & WARD_RECORD_HAS_DOMAINS) != 0;
}

static bool needs_body(const struct ward_presented *presented, const struct ward_record *record)
{
    bool is_narrowed = presented->pair != NULL &&
                       (presented->proxy.data != NULL || presented->environment.data != NULL);
    return presented->wants_body || is_narrowed || checks_origin(presented, record);
}

static void hash_presented(const struct ward_verifier *verifier, const struct ward_presented *presented,
                           struct ward_lookup *ret)
{
    if (presented->pair != NULL)
        ward_proxy_lookup(verifier->hash, presented->pair, ret);
    else
        ward_keyed_hash(verifier->hash, presented->value, ret);
}

static bool is_foreseen(const struct ward_foresight *foresight, struct ward_span value)
{
    return foresight != NULL && foresight->has_lookup && foresight->value.data == value.data &&
           foresight->value.size == value.size;
}

bool ward_verify_foresee(struct ward_verifier *verifier, struct ward_foresight *foresight)
{
    if (!foresight->has_lookup) {
        if (!is_value(foresight->value))
            return false;
        ward_keyed_hash(verifier->hash, foresight->value, &foresight->credential.lookup);
        foresight->has_lookup = true;
    }
    if (foresight->key != 0)
        return ward_table_foresee(verifier->reader, &foresight->relation);
    if (ward_table_foresee(verifier->reader, &foresight->credential))
        return true;
    return ward_stage_foresee(verifier, foresight);
}

/* Find the value and read all that is needed of it. VALID: recognised, nothing judged yet. */
static enum ward_reason recognise(struct ward_verifier *verifier, const struct ward_presented *presented,
                                  struct ward_verdict *ret)
{
    struct ward_lookup lookup;
    if (presented->pair == NULL && is_foreseen(presented->foresight, presented->value))
        lookup = presented->foresight->credential.lookup;
    else
        hash_presented(verifier, presented, &lookup);
    enum ward_table_found found = ward_table_find(verifier->reader, &lookup, &ret->record);
    if (found == WARD_TABLE_UNSURE)
        return WARD_VERDICT_STALE;
    if (found != WARD_TABLE_FOUND || ret->record.kind != presented->kind)
        return WARD_VERDICT_UNKNOWN;
    bool has_body = needs_body(presented, &ret->record);
    if (has_body)
        ward_table_body_prefetch(verifier->reader, &ret->record);
    if (!ward_table_scope(verifier->reader, &ret->record, &ret->scope))
        return WARD_VERDICT_STALE;
    if (has_body && !ward_body_decode(ward_table_body(verifier->reader, &ret->record), &ret->body))
        return WARD_VERDICT_STALE;
    ret->has_record = true;
    return WARD_VERDICT_VALID;
}

static bool is_origin_refused(const struct ward_presented *presented, const struct ward_verdict *verdict)
{
    if (!checks_origin(presented, &verdict->record))
        return false;
    if (presented->origin.data == NULL || verdict->body.domains.data == NULL)
        return true;
    return !ward_origin_allowed(verdict->body.domains, presented->origin);
}

/* A stage is held against the caller's scope in the key's place: its users may be of any tenant. */
static bool is_foreign(const struct ward_presented *presented, const struct ward_verdict *verdict,
                       const struct ward_found_stage *stage)
{
    return !ward_stage_is_open(stage) && !ward_scope_is_within(&verdict->scope, presented->account, presented->project);
}

/* A question about one API proxy is none about a key, nor about another proxy's pair. */
static bool is_of_proxy(const struct ward_presented *presented, const struct ward_verdict *verdict)
{
    if (presented->proxy.data == NULL)
        return true;
    return presented->pair != NULL && ward_span_equal(verdict->body.name, presented->proxy);
}

static bool is_in_environment(const struct ward_presented *presented, const struct ward_verdict *verdict)
{
    if (presented->environment.data == NULL)
        return true;
    if (presented->pair != NULL)
        return ward_proxy_is_deployed(&verdict->body, presented->environment);
    return ward_span_equal(presented->environment, verdict->scope.is_test ? WARD_SPAN("test") : WARD_SPAN("live"));
}

/* Judge a recognised credential by what its record says, the limit excepted. */
static enum ward_reason judge(struct ward_verifier *verifier, const struct ward_presented *presented,
                              const struct ward_found_stage *stage, int64_t now_ms, struct ward_verdict *verdict)
{
    const struct ward_record *record = &verdict->record;
    verdict->is_foreign = is_foreign(presented, verdict, stage) || !is_of_proxy(presented, verdict);
    if (verdict->is_foreign)
        return WARD_VERDICT_UNKNOWN;
    if ((record->flags & WARD_RECORD_ENABLED) == 0)
        return WARD_VERDICT_DISABLED;
    if (ward_expiry_has_passed(ward_table_marks(verifier->reader), record->expires_ms, now_ms))
        return WARD_VERDICT_EXPIRED;
    if (!verdict->scope.is_active)
        return WARD_VERDICT_PROJECT_INACTIVE;
    if (!is_in_environment(presented, verdict))
        return WARD_VERDICT_WRONG_ENVIRONMENT;
    if (is_origin_refused(presented, verdict))
        return WARD_VERDICT_ORIGIN_NOT_ALLOWED;
    return WARD_VERDICT_VALID;
}

static enum ward_reason count_own_limit(struct ward_verifier *verifier, const struct ward_presented *presented,
                                        int64_t now_ms, struct ward_verdict *verdict)
{
    if (verdict->record.limit == 0)
        return WARD_VERDICT_VALID;
    verdict->has_limit = true;
    ward_table_count(verifier->reader, &verdict->record, now_ms, presented->peek, &verdict->limit);
    return verdict->limit.is_allowed ? WARD_VERDICT_VALID : WARD_VERDICT_LIMITED;
}

/* The same with a stage, out of the way of calls without one. */
static __attribute__((noinline)) enum ward_reason decide_on_stage(struct ward_verifier *verifier,
                                                                  const struct ward_presented *presented,
                                                                  int64_t now_ms, struct ward_verdict *verdict)
{
    struct ward_found_stage stage = { 0 };
    enum ward_reason reason = ward_stage_recognise(verifier, presented, &stage, verdict);
    if (reason == WARD_VERDICT_VALID)
        reason = judge(verifier, presented, &stage, now_ms, verdict);
    if (reason == WARD_VERDICT_VALID)
        reason = ward_stage_judge(presented, &stage, verdict);
    if (reason == WARD_VERDICT_VALID)
        reason = ward_stage_count_rates(verifier, presented, &stage, now_ms, verdict);
    if (reason == WARD_VERDICT_VALID)
        reason = count_own_limit(verifier, presented, now_ms, verdict);
    return reason == WARD_VERDICT_VALID ? ward_stage_count_quotas(verifier, presented, &stage, now_ms, verdict)
                                        : reason;
}

static enum ward_reason decide(struct ward_verifier *verifier, const struct ward_presented *presented, int64_t now_ms,
                               struct ward_verdict *verdict)
{
    if (!is_well_formed(presented))
        return WARD_VERDICT_MALFORMED;
    if (!ward_verifier_is_in_step(verifier))
        return WARD_VERDICT_STALE;
    verdict->revision = ward_table_revision(verifier->reader);

    enum ward_reason reason = recognise(verifier, presented, verdict);
    if (reason != WARD_VERDICT_VALID)
        return reason;
    if (presented->stage != NULL)
        return decide_on_stage(verifier, presented, now_ms, verdict);
    reason = judge(verifier, presented, NULL, now_ms, verdict);
    return reason == WARD_VERDICT_VALID ? count_own_limit(verifier, presented, now_ms, verdict) : reason;
}

void ward_verify(struct ward_verifier *verifier, const struct ward_presented *presented, int64_t now_ms,
                 struct ward_verdict *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->reason = decide(verifier, presented, now_ms, ret);
    ret->is_first_use = ret->reason == WARD_VERDICT_VALID && !presented->peek &&
                        ret->record.kind == WARD_RECORD_API_KEY && (ret->record.flags & WARD_RECORD_USED) == 0;
}

void ward_verdict_key_id(const struct ward_verdict *verdict, char ret[11])
{
    uint64_t packed = 0;
    for (size_t i = 0; i < sizeof(packed); i++)
        packed |= (uint64_t)verdict->record.id.bytes[i] << (8 * i);
    struct ward_key_id id;
    ward_key_id_unpack(packed, &id);
    memcpy(ret, id.text, sizeof(id.text));
}
