/* From a presented credential to a verdict. Needs the table and a keyed hash: no store, no server, no network, no lock,
 * no allocation. */
#ifndef WARD_VERIFY_VERIFY_H
#define WARD_VERIFY_VERIFY_H

#include "model/verdict.h"
#include "table/body.h"
#include "table/plan.h"
#include "table/proxy.h"
#include "verify/signatures.h"

/** The lookup of a stage or a plan, which many calls ask for. */
struct ward_kept_lookup {
    uint64_t id; /* packed; 0: free */
    struct ward_lookup lookup;
};
#define WARD_KEPT_LOOKUPS 16

/** One thread's means to verify. */
struct ward_verifier {
    struct ward_table_reader *reader; /* owned */
    struct ward_keyed_hash *hash;     /* owned */
    int64_t max_staleness_ms;         /* a table that has heard nothing for longer denies; 0: never */
    struct ward_kept_lookup stages[WARD_KEPT_LOOKUPS], plans[WARD_KEPT_LOOKUPS];
    struct ward_signatures *signatures; /* owned; NULL before the first token */
};

/** Open DIR/table and copy the hash for this thread. Free with ward_verifier_close. */
enum ward_status ward_verifier_open(const char *directory, const struct ward_keyed_hash *hash, int64_t max_staleness_ms,
                                    struct ward_verifier *ret) WARD_MUST_USE;
void ward_verifier_close(struct ward_verifier *verifier);

/** The stage that a gateway asks for. Ids are packed by ward_key_id_pack. */
struct ward_stage_ref {
    uint64_t product, api; /* 0: not named; named and not the stage's: as good as an unknown stage */
    uint64_t stage;
    struct ward_span client_address; /* of the caller behind the gateway, as text; absent: a stage with an access list
                                        lets nobody in */
};

/** What was found out about a value ahead of its verification. Set value and stage, and nothing else; value must not
 * change until ward_verify. */
struct ward_foresight {
    struct ward_span value;
    uint64_t stage;  /* packed; 0: none will be asked for */
    bool has_lookup; /* credential is value's */
    uint64_t key;    /* relation is this key's and stage's; 0: there is none */
    struct ward_table_foresight credential, relation;
};

/** What is presented, and what it is to be held against. Spans are borrowed for the call. */
struct ward_presented {
    enum ward_record_kind kind;
    struct ward_span
        value; /* 1..WARD_KEY_VALUE_MAX bytes as sent, without a scheme prefix; longer or empty: malformed */
    const struct ward_proxy_pair *pair; /* of kind API_PROXY, in the value's place */
    struct ward_span origin;            /* absent: none was sent */
    const struct ward_uuid *account;    /* a key of another account or project is unknown; NULL: any */
    const struct ward_uuid *project;
    bool skip_origin;                   /* for calls that do not check domains */
    bool wants_body;                    /* the answer will show it: read and check it before anything is counted */
    bool peek;                          /* look, do not count */
    struct ward_span proxy;             /* absent: any. A name: only the pair of that API proxy is known */
    struct ward_span environment;       /* absent: any. Of a pair, the id or name of one that its proxy is deployed to;
                                           of an API key, "live" or "test", as its project is */
    const struct ward_stage_ref *stage; /* NULL: no plan is asked for. Else account and project are the stage's: the key
                                           may be another tenant's that subscribed */
    const struct ward_foresight *foresight; /* made with this verifier; NULL: none. Of another value: not looked at */
};

/** What takes a counted call back, when its answer turns out not to count: whose, and the windows it was counted in. */
struct ward_settle_ticket {
    uint64_t key, stage; /* packed ids */
    uint64_t day, month; /* numbers of base/calendar.h */
};

/** What a stage and its plan add to a verdict. */
struct ward_plan_verdict {
    uint64_t product, api, stage; /* packed ids */
    uint64_t plan;                /* 0: the stage's own terms */
    struct ward_plan_terms terms; /* with has_plan, like the states and the ticket */
    bool has_throttle, has_rate;  /* whether the state of it is set: not, if something before it refused */
    bool has_quotas;              /* the same for both quotas */
    struct ward_limit_state throttle, rate;
    struct ward_quota_states quotas;
    struct ward_settle_ticket ticket;      /* of a valid verdict that was no peek */
    int maintenance_status;                /* with reason MAINTENANCE; 0: none was set */
    struct ward_span maintenance_response; /* the same; borrowed until the verifier's next call */
};

struct ward_verdict {
    enum ward_reason reason; /* zero denies */
    uint64_t revision;       /* the verdict is based on the table as of this change */
    bool has_record;         /* record and scope are set: a credential was recognised */
    struct ward_record record;
    struct ward_table_scope scope;
    struct ward_body body; /* if wanted, or if its domains were looked at; borrowed until the verifier's next call */
    bool has_limit;
    struct ward_limit_state limit;
    bool is_foreign; /* recognised, but outside presented->account/project/proxy; reason is UNKNOWN, nothing was counted
                      */
    bool is_first_use;       /* valid, and its first use is not noted yet: the caller tells the service */
    bool has_stage;          /* the stage was found; plan's ids are set */
    bool has_plan;           /* the key is subscribed to the stage; plan's terms are set */
    bool is_plan_rate;       /* LIMITED by the plan's rate, not by the key's own limit */
    bool needs_subscription; /* the stage is for everybody, and the key is not subscribed yet: nothing was counted, the
                                reason is STALE. Let the service subscribe it, and verify again. (A peek goes on.) */
    struct ward_plan_verdict plan; /* with has_stage */
};

/**
 * Decide whether a presented credential may be used now, and count the use.
 *
 * Order:   malformed → stale → unknown (foreign, or of another proxy) → disabled → expired → project_inactive →
 *          wrong_environment → origin → limit. With a stage: … origin → not_subscribed (no such stage) →
 *          project_inactive (the stage's) → source_not_allowed → maintenance → not_subscribed → throttled → limited
 *          (the plan's rate) → limited (the key's own) → quota_exceeded (the month, the day).
 * Counts:  what stands before a refusal stays counted, but for quotas: a call is counted by both or by neither.
 * Errors:  none. Whatever goes wrong is a verdict that denies.
 * Body:    one whose check fails is a stale verdict that counted nothing, if it is wanted or holds domains to look at.
 *          Otherwise it is not read, and its damage shows to those who ask for it.
 * Time:    one keyed hash and two cache misses, one behind the other; a limit's counter comes beside the second, a
 *          wanted body behind it. The same work for an unknown and a disabled value.
 * Threads: one at a time per verifier; any number of verifiers, in any number of processes.
 * Source:  contracts/theauthapi.md 2.8, 3.1, 3.4, 3.5; design 4.
 */
void ward_verify(struct ward_verifier *verifier, const struct ward_presented *presented, int64_t now_ms,
                 struct ward_verdict *ret);

/**
 * Fetch ahead, a step at each call, what ward_verify will wait for, and hash what it would hash. Leave some 100 ns
 * between two steps. True: there is another step.
 */
bool ward_verify_foresee(struct ward_verifier *verifier, struct ward_foresight *foresight);

/** What a gateway reports of a call that it let pass. */
struct ward_settlement {
    struct ward_settle_ticket ticket;
    enum ward_answer_class answer;   /* of the back end */
    const struct ward_uuid *account; /* the stage must be theirs; NULL: any */
    const struct ward_uuid *project;
};

struct ward_settled {
    bool is_counted;                 /* the call stays counted: its answer is one that counts */
    struct ward_quota_states quotas; /* as they stand now */
};

/**
 * Take a call back that was counted when it was let pass, if the plan does not count such answers.
 *
 * Errors:  WARD_NOT_FOUND (no such stage or subscription, any more or for this account), WARD_UNAVAILABLE (the table is
 *          stale). Nothing changed then.
 * Counts:  back in the windows in which it was counted, never below zero; when they are over, nothing. A ticket given
 *          twice takes back twice: who reports is trusted.
 * Time, threads: as ward_verify.
 */
enum ward_status ward_verify_settle(struct ward_verifier *verifier, const struct ward_settlement *settlement,
                                    int64_t now_ms, struct ward_settled *ret) WARD_MUST_USE;

/** What a key has used of a stage. Errors: as above. */
enum ward_status ward_verify_usage(struct ward_verifier *verifier, uint64_t key, uint64_t stage, int64_t now_ms,
                                   struct ward_plan_usage *ret) WARD_MUST_USE;

/** The 10-character id of the API key a verdict recognised. */
void ward_verdict_key_id(const struct ward_verdict *verdict, char ret[11]);

#endif
