/*
 * What a restore would undo, and how revocations outlive it.
 *
 *   common    the last change that the present store and the backup have both made: up to there their logs are one
 *   changes   what the present store did behind it; a restore undoes it
 *   undone    of these: whatever is alive in the backup and is not, or less so, in the present store
 *
 * Alive is compared object by object, not read from the log: what nobody wrote down is found too. By default each
 * undone revocation is made again on the restored store; one that its operator names is let live.
 *
 * Both stores are open and nobody serves: these run on a stopped server only.
 */
#ifndef WARD_SERVICE_RESTORE_H
#define WARD_SERVICE_RESTORE_H

#include "service/backup.h"

/** Why something that is alive in the backup is not so now. In this order the first that holds. */
enum ward_undone_cause {
    WARD_UNDONE_MISSING,       /* the present store does not know it */
    WARD_UNDONE_REMOVED,       /* an API key, a product, a stage; a key, a JWK, an API proxy */
    WARD_UNDONE_EXPIRED,       /* its expiry was moved, and has come */
    WARD_UNDONE_DISABLED,      /* deleted, rotated or disabled; deactivated */
    WARD_UNDONE_VALUE_RETIRED, /* it lives, but a value that it has in the backup is no longer its own */
    WARD_UNDONE_ROLE_NARROWED, /* a credential */
    WARD_UNDONE_EXPIRES_SOONER,
    WARD_UNDONE_PROTECTED,    /* a product that was PUBLIC */
    WARD_UNDONE_UNSUBSCRIBED, /* a subscription: ended, or refused by the product's owner */
    WARD_UNDONE_UNDEPLOYED    /* a key or an API proxy: gone from an environment */
};
const char *ward_undone_cause_name(enum ward_undone_cause cause); /* missing, removed, expired, … */

struct ward_undone {
    enum ward_object_kind kind;
    enum ward_undone_cause cause;
    char id[WARD_UUID_CHARS + 1]; /* as operators name it; a subscription: product "/" API key */
    struct ward_span name;        /* in the comparison's pool */
    bool is_revived;              /* set by the caller: let it live as in the backup */
};

/** How many changes of one kind would be undone. */
struct ward_undone_changes {
    enum ward_object_kind kind;
    struct ward_span action; /* in the comparison's pool */
    uint64_t count;
};
#define WARD_UNDONE_CHANGES_MAX 64

struct ward_comparison {
    uint64_t common, present_revision, backup_revision;
    uint64_t changes; /* of the present store, behind common */
    struct ward_undone_changes tallies[WARD_UNDONE_CHANGES_MAX];
    size_t tally_count;
    struct ward_undone *undone; /* accounts, projects, API keys, credentials, products, stages, subscriptions, keys,
                                   JWKs, API proxies; each in its list's order */
    size_t undone_count, undone_capacity;
    struct ward_pool pool;
};

/**
 * Compare the store as it is with a backup that was unpacked and opened.
 *
 * Owns:    free *ret with ward_comparison_free, also after a failure.
 * Errors:  MISMATCH: they are not the same store, or not of this root key. Others: one of them cannot be read.
 * Time:    a look at every living key of the backup.
 */
enum ward_status ward_restore_compare(struct ward_store *present, struct ward_store *restored,
                                      const struct ward_keyring *keyring, int64_t now_ms,
                                      struct ward_comparison *ret) WARD_MUST_USE;

/** Takes NULL. */
void ward_comparison_free(struct ward_comparison *comparison);

/**
 * Write on the restored store: the entry "restored", numbered past highest, then again every revocation that is not
 * revived. Actor: the local operator. Not one transaction: a store where it failed half-way is to be thrown away.
 *
 * Shape:   present and comparison are NULL when nothing could be compared.
 */
enum ward_status ward_restore_apply(struct ward_service *restored, struct ward_store *present,
                                    const struct ward_comparison *comparison, uint64_t highest,
                                    uint64_t *ret_revision) WARD_MUST_USE;

#endif
