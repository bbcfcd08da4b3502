/* From a presented credential to a verdict. Needs the table and a keyed hash: no store, no server, no network, no lock,
 * no allocation. */
#ifndef WARD_VERIFY_VERIFY_H
#define WARD_VERIFY_VERIFY_H

#include "model/verdict.h"
#include "table/body.h"
#include "table/table.h"

/** One thread's means to verify. */
struct ward_verifier {
    struct ward_table_reader *reader; /* owned */
    struct ward_keyed_hash *hash;     /* owned */
    int64_t max_staleness_ms;         /* a table that has heard nothing for longer denies; 0: never */
};

/** Open DIR/table and copy the hash for this thread. Free with ward_verifier_close. */
enum ward_status ward_verifier_open(const char *directory, const struct ward_keyed_hash *hash, int64_t max_staleness_ms,
                                    struct ward_verifier *ret) WARD_MUST_USE;
void ward_verifier_close(struct ward_verifier *verifier);

/** What is presented, and what it is to be held against. Spans are borrowed for the call. */
struct ward_presented {
    enum ward_record_kind kind;
    struct ward_span
        value; /* 1..WARD_KEY_VALUE_MAX bytes as sent, without a scheme prefix; longer or empty: malformed */
    struct ward_span origin;         /* absent: none was sent */
    const struct ward_uuid *account; /* a key of another account or project is unknown; NULL: any */
    const struct ward_uuid *project;
    bool skip_origin; /* for calls that do not check domains */
    bool wants_body;  /* the answer will show it: read and check it before anything is counted */
    bool peek;        /* look, do not count */
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
    bool is_foreign;   /* recognised, but outside presented->account/project; reason is UNKNOWN, nothing was counted */
    bool is_first_use; /* valid, and its first use is not noted yet: the caller tells the service */
};

/**
 * Decide whether a presented credential may be used now, and count the use.
 *
 * Order:   malformed → stale → unknown (foreign) → disabled → expired → project_inactive → origin → limit.
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

/** The 10-character id of the API key a verdict recognised. */
void ward_verdict_key_id(const struct ward_verdict *verdict, char ret[11]);

#endif
