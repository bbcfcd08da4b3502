/*
 * The store: the truth. Sealed rows and the change log, behind one contract for SQLite and PostgreSQL.
 *
 * All access runs inside a session: a read session is a consistent snapshot on the calling thread; a write session is a
 * transaction that runs on the store's one writer thread, in arrival order, and shares its sync with the writes beside
 * it (group commit). A write is answered when it is durable and the listener has applied it.
 *
 * States: open → failed (a sync or commit failed in a way that leaves durability unknown: every later write is refused
 * with WARD_UNAVAILABLE until restart; reads go on) → closed. A full disk refuses the write but does not fail the
 * store.
 *
 * What a session hands out lives in the pool passed to the call.
 */
#ifndef WARD_STORE_STORE_H
#define WARD_STORE_STORE_H

#include "base/pool.h"
#include "crypto/keyed_hash.h"
#include "model/credential.h"

struct ward_store;
struct ward_store_session;

/* ---- change log ---- */

enum ward_object_kind {
    WARD_OBJECT_ACCOUNT = 1,
    WARD_OBJECT_PROJECT,
    WARD_OBJECT_API_KEY,
    WARD_OBJECT_CREDENTIAL,
    WARD_OBJECT_PRODUCT,
    WARD_OBJECT_API,
    WARD_OBJECT_STAGE,
    WARD_OBJECT_USAGE_PLAN,
    WARD_OBJECT_SUBSCRIPTION,
    WARD_OBJECT_ENVIRONMENT,
    WARD_OBJECT_API_PROXY,
    WARD_OBJECT_KEY, /* cryptographic */
    WARD_OBJECT_JWK,
    WARD_OBJECT_STORE /* the store itself: restored */
};
/** account, project, api-key, credential, product, api, stage, usage-plan, subscription, environment, api-proxy, key,
 * jwk, store. */
const char *ward_object_kind_name(enum ward_object_kind kind);

/** One entry of the change log: audit record and replication feed in one. Holds no secret. */
struct ward_change {
    uint64_t revision; /* given by the store */
    int64_t time_ms;
    enum ward_object_kind kind;
    struct ward_span object_id;  /* account, project, credential: UUID text; subscription: product "/" API key;
                                    environment, api-proxy, key, jwk: 24 characters; others: 10 characters */
    struct ward_span account_id; /* UUID text */
    struct ward_span project_id; /* UUID text or absent */
    struct ward_span action;     /* "created", "updated", "deleted", "reactivated", "rotated", "first-used", "expired",
                                    "restored", "removed"; of a product "protected" when it becomes that */
    enum ward_actor_type actor_type;
    struct ward_span actor_id; /* UUID text or absent */
    struct ward_span detail;   /* JSON object: names of the changed members, never values */
    struct ward_span retired;  /* lookup hashes that stopped being valid, WARD_LOOKUP_BYTES each */
    struct ward_span hash;     /* SHA-256 over the previous entry's hash and this entry's members */
};

/* ---- opening ---- */

/** Told of commits on the writer thread, in revision order. */
struct ward_store_listener {
    void *context;
    /** Called before a batch commits with the number of its changes; a failure refuses the batch, nothing is written.
     */
    enum ward_status (*prepare)(void *context, size_t changes);
    /** Called after a batch is durable and before its writers are answered. Must not fail. */
    void (*committed)(void *context, const struct ward_change *changes, size_t count);
};

/** A place where the bytes of the store are not those that were written. */
struct ward_store_damage {
    bool is_found;
    bool is_in_log;   /* in PATH-wal, else in PATH */
    bool is_doubtful; /* the log's end does not fit: damage, or a write that a power cut or a kill left unfinished */
    int64_t offset;   /* of the page or frame */
};

struct ward_store_options {
    const char *path; /* file, or ":memory:" */
    bool create;      /* make a missing store; otherwise WARD_NOT_FOUND */
    size_t readers;   /* read sessions at once; more wait. 0: 4 */

    /** The highest revision that somebody of this boot has seen durable. A store that ends before it, behind a log
     * whose end is doubtful, has lost acknowledged changes: WARD_INTEGRITY, and its files stay as they are. */
    uint64_t seen_revision;
    struct ward_store_damage *ret_damage; /* set when opening found some, borrowed for the call; may be NULL */
};

/**
 * Open a SQLite store, run missing migrations, check the change log's last link. Pages are compared with their checks
 * whenever they are read: a store whose pages have none yet is rewritten first.
 *
 * Owns:    *ret is owned, free with ward_store_close.
 * Errors:  WARD_NOT_FOUND, WARD_EXISTS (create on an initialised file), WARD_MISMATCH (made by a later version, or not
 *          by Ward), WARD_FORBIDDEN (a link, or open to group or others), WARD_INTEGRITY (no database, damaged, or the
 *          last link of the change log does not fit), WARD_UNAVAILABLE (to be rewritten, and another program has it
 *          open), WARD_IO, WARD_NO_MEMORY.
 */
enum ward_status ward_store_open_sqlite(const struct ward_store_options *options,
                                        struct ward_store **ret) WARD_MUST_USE;

/** Check every page and index of the store and every link of the change log: minutes at 10^7 keys. WARD_INTEGRITY when
 * something is wrong, and the log says what. */
enum ward_status ward_store_check(struct ward_store *store) WARD_MUST_USE;

/** Tell of damage that a session of this store has found; each find is in the log (integrity-alarm). Sessions under way
 * are not asked. */
void ward_store_damage(struct ward_store *store, struct ward_store_damage *ret);

/** Finish accepted writes and reads under way, checkpoint, close. Takes NULL. */
void ward_store_close(struct ward_store *store);

/** Set the listener; before the first write. */
void ward_store_listen(struct ward_store *store, const struct ward_store_listener *listener);

struct ward_store_health {
    bool is_failed;    /* acknowledges nothing more */
    uint64_t revision; /* last durable change */
    uint64_t commits;  /* transactions committed since start */
    uint64_t batches;  /* syncs they took */
    uint64_t waiting;  /* writes that no batch has taken yet */
};
void ward_store_health(struct ward_store *store, struct ward_store_health *ret);

/* ---- sessions ---- */

typedef enum ward_status (*ward_store_work)(struct ward_store_session *session, void *arg);

/**
 * Run work on a consistent snapshot, on the calling thread. Returns what work returns, or WARD_IO, WARD_INTEGRITY…
 * when the session met an error that work overlooked.
 *
 * Inside another session of this store on this thread, work joins that session. From the listener's committed it sees
 * what was just committed, and waits for nobody.
 */
enum ward_status ward_store_read(struct ward_store *store, ward_store_work work, void *arg) WARD_MUST_USE;

/**
 * Run work as one transaction on the writer thread and wait until it is durable and applied.
 *
 * Errors:  what work returns (then nothing of it is kept, others of the batch are untouched); WARD_UNAVAILABLE
 *          (store failed, closing, or the queue is full), WARD_IO, WARD_NO_MEMORY: nothing was changed.
 *          WARD_INTERNAL inside a session of this store or on the writer thread: it would wait for itself.
 * Threads: any but the writer thread itself. work runs exactly once, or not at all.
 *
 * *ret_revision is the last change of this write, or the store's last one if it logged none. May be NULL.
 */
enum ward_status ward_store_write(struct ward_store *store, ward_store_work work, void *arg,
                                  uint64_t *ret_revision) WARD_MUST_USE;

/** A write that nobody waits for. The caller fills the first four and leaves it where it is until done was called. */
struct ward_write {
    ward_store_work work;
    void *arg;
    bool is_repeatable; /* work may run again when all that its first run wrote was taken back: saves a savepoint */
    /**
     * Called once when ward_store_write would have returned; status and revision (as above) are set. The write is its
     * caller's again. Must not block, nor ask the store. has_more: the same thread calls another done behind this one.
     */
    void (*done)(struct ward_write *write, bool has_more);
    enum ward_status status;
    uint64_t revision;
};

/**
 * The same, without waiting.
 *
 * Errors:  WARD_UNAVAILABLE, WARD_INTERNAL as above: nothing was changed, and done is not called.
 * Threads: done runs on the writer thread.
 */
enum ward_status ward_store_write_later(struct ward_store *store, struct ward_write *write) WARD_MUST_USE;

/* ---- backup ---- */

/**
 * Copy the session's snapshot into a file that is there and empty: a store of its own, which ward_store_open_sqlite
 * opens. Writes and other reads go on meanwhile. The caller syncs the file.
 *
 * Errors:  WARD_UNAVAILABLE (no space, or goes_on said no), WARD_IO, WARD_INTEGRITY, WARD_NO_MEMORY: what the file
 *          holds then is of no use. An error of the file is no error of the store.
 * Time:    as long as the store takes to read and write; goes_on (may be NULL) is asked every few megabytes.
 */
enum ward_status ward_store_backup(struct ward_store_session *s, const char *path, bool (*goes_on)(void *arg),
                                   void *arg) WARD_MUST_USE;

/* ---- meta ---- */
enum ward_status ward_store_meta_get(struct ward_store_session *s, const char *name, struct ward_pool *pool,
                                     struct ward_span *ret) WARD_MUST_USE;
enum ward_status ward_store_meta_put(struct ward_store_session *s, const char *name,
                                     struct ward_span value) WARD_MUST_USE;

/* ---- accounts and projects: NOT_FOUND, CONFLICT (name taken in the account, id exists; or version moved on) ---- */
enum ward_status ward_store_account_insert(struct ward_store_session *s,
                                           const struct ward_account *account) WARD_MUST_USE;
enum ward_status ward_store_account_update(struct ward_store_session *s,
                                           const struct ward_account *account) WARD_MUST_USE;
enum ward_status ward_store_account_get(struct ward_store_session *s, const struct ward_uuid *id,
                                        struct ward_pool *pool, struct ward_account *ret) WARD_MUST_USE;
typedef enum ward_status (*ward_account_visit)(const struct ward_account *account, void *arg);
/** Visit the active accounts, oldest first. */
enum ward_status ward_store_account_list(struct ward_store_session *s, struct ward_pool *pool, ward_account_visit visit,
                                         void *arg) WARD_MUST_USE;

enum ward_status ward_store_project_insert(struct ward_store_session *s,
                                           const struct ward_project *project) WARD_MUST_USE;
/** Write all members; project->version is the one read, the stored one must equal it and goes up by one (CONFLICT
 * otherwise). */
enum ward_status ward_store_project_update(struct ward_store_session *s,
                                           const struct ward_project *project) WARD_MUST_USE;
enum ward_status ward_store_project_get(struct ward_store_session *s, const struct ward_uuid *id,
                                        struct ward_pool *pool, struct ward_project *ret) WARD_MUST_USE;
enum ward_status ward_store_project_find(struct ward_store_session *s, const struct ward_uuid *account,
                                         struct ward_span name, struct ward_pool *pool,
                                         struct ward_project *ret) WARD_MUST_USE;
typedef enum ward_status (*ward_project_visit)(const struct ward_project *project, void *arg);
/** Visit the active projects of an account (NULL: of all accounts), oldest first. */
enum ward_status ward_store_project_list(struct ward_store_session *s, const struct ward_uuid *account,
                                         struct ward_pool *pool, ward_project_visit visit, void *arg) WARD_MUST_USE;

/* ---- API keys ---- */

/** Insert a key with its sealed values and lookups. NOT_FOUND: no such project; CONFLICT: the id or any value exists
 * already, in any project, active or not, or as an operator's credential; INVALID: a lookup without its blob. The key's
 * account is its project's. */
enum ward_status ward_store_key_insert(struct ward_store_session *s, const struct ward_api_key *key) WARD_MUST_USE;

/** Write all members but id, project and account; values included; compare-and-set on version as above. CONFLICT too
 * when a new value is taken. A value that goes away is free for everyone. */
enum ward_status ward_store_key_update(struct ward_store_session *s, const struct ward_api_key *key) WARD_MUST_USE;
/** Get a key by id, removed ones too (is_removed). */
enum ward_status ward_store_key_get(struct ward_store_session *s, const struct ward_key_id *id, struct ward_pool *pool,
                                    struct ward_api_key *ret) WARD_MUST_USE;

/** WARD_OK when there is a key with this id, a removed one included; WARD_NOT_FOUND otherwise. */
enum ward_status ward_store_key_exists(struct ward_store_session *s, const struct ward_key_id *id) WARD_MUST_USE;

/** Find the key that a value belongs to; *ret_slot says which of its values it is. Removed keys are not found. */
enum ward_status ward_store_key_find(struct ward_store_session *s, const struct ward_lookup *lookup,
                                     struct ward_pool *pool, struct ward_api_key *ret,
                                     enum ward_key_slot *ret_slot) WARD_MUST_USE;

enum ward_filter_text { WARD_FILTER_ANY, WARD_FILTER_EQUAL, WARD_FILTER_NULL };
struct ward_key_filter {
    struct ward_uuid project_id;  /* nil: all */
    struct ward_uuid account_id;  /* nil: all */
    struct ward_span name_folded; /* absent: any; compared with the lower-cased name */
    enum ward_filter_text account_filter, user_filter;
    struct ward_span custom_account_id, custom_user_id;
    enum { WARD_FILTER_ACTIVE_ANY, WARD_FILTER_ACTIVE_ONLY, WARD_FILTER_INACTIVE_ONLY } activity;
    int64_t now_ms; /* activity is judged at this moment, expiry included */
};
typedef enum ward_status (*ward_key_visit)(const struct ward_api_key *key, void *arg);

/**
 * Visit matching keys, never removed ones: of a project or an account the oldest first, equal times in any order; of
 * all accounts in the order in which they were inserted. A key passed to visit is borrowed for the call. A status other
 * than OK ends the walk; it is returned.
 */
enum ward_status ward_store_key_list(struct ward_store_session *s, const struct ward_key_filter *filter,
                                     ward_key_visit visit, void *arg) WARD_MUST_USE;

/** Visit at most max keys by id, from behind `after` (NULL: from the first), never removed ones: a walk over all keys
 * in slices, each in a session of its own. */
enum ward_status ward_store_key_walk(struct ward_store_session *s, const struct ward_key_id *after, size_t max,
                                     ward_key_visit visit, void *arg) WARD_MUST_USE;

/** Visit enabled keys with expiry ≤ now_ms, at most max: the sweeper's work list. */
enum ward_status ward_store_key_expired(struct ward_store_session *s, int64_t now_ms, size_t max, ward_key_visit visit,
                                        void *arg) WARD_MUST_USE;

/* ---- credentials: kind and scope do not change; NOT_FOUND (or no such account or project), CONFLICT as above, and
 * when the value is taken, by an API key too ---- */
enum ward_status ward_store_credential_insert(struct ward_store_session *s,
                                              const struct ward_credential *credential) WARD_MUST_USE;
enum ward_status ward_store_credential_update(struct ward_store_session *s,
                                              const struct ward_credential *credential) WARD_MUST_USE;
enum ward_status ward_store_credential_get(struct ward_store_session *s, const struct ward_uuid *id,
                                           struct ward_pool *pool, struct ward_credential *ret) WARD_MUST_USE;
enum ward_status ward_store_credential_find(struct ward_store_session *s, enum ward_credential_kind kind,
                                            const struct ward_lookup *lookup, struct ward_pool *pool,
                                            struct ward_credential *ret) WARD_MUST_USE;
struct ward_credential_filter {
    struct ward_uuid account_id, project_id; /* nil: any */
    bool has_kind;
    enum ward_credential_kind kind;
    enum { WARD_CREDENTIAL_ANY, WARD_CREDENTIAL_ACTIVE, WARD_CREDENTIAL_INACTIVE } activity;
};
typedef enum ward_status (*ward_credential_visit)(const struct ward_credential *credential, void *arg);
enum ward_status ward_store_credential_list(struct ward_store_session *s, const struct ward_credential_filter *filter,
                                            ward_credential_visit visit, void *arg) WARD_MUST_USE;
/** Visit issued tokens (issued_by) with expiry ≤ now_ms, at most max: the sweeper's work list. */
enum ward_status ward_store_credential_expired(struct ward_store_session *s, int64_t now_ms, size_t max,
                                               ward_credential_visit visit, void *arg) WARD_MUST_USE;
/** Delete the row of an issued token for good; of no other credential. */
enum ward_status ward_store_credential_forget(struct ward_store_session *s, const struct ward_uuid *id) WARD_MUST_USE;

/* ---- change log ---- */

/** Append an entry; the store gives it the next revision and links it by hash. *ret_revision may be NULL. */
enum ward_status ward_store_change_append(struct ward_store_session *s, const struct ward_change *change,
                                          uint64_t *ret_revision) WARD_MUST_USE;
typedef enum ward_status (*ward_change_visit)(const struct ward_change *change, void *arg);
enum ward_status ward_store_change_list(struct ward_store_session *s, uint64_t after_revision, size_t max,
                                        ward_change_visit visit, void *arg) WARD_MUST_USE;
enum ward_status ward_store_revision(struct ward_store_session *s, uint64_t *ret) WARD_MUST_USE;

/**
 * Append the entry of a restore: kind store, action "restored", detail {"from":…,"to":…}. It is linked to the last
 * entry of the backup (from) and numbered past the highest revision that anybody has seen (to), so that no revision is
 * given twice. The one entry before which revisions may be missing.
 *
 * Shape:   change brings object_id, time and actor; the rest is given here. highest is at least the last revision.
 */
enum ward_status ward_store_change_append_restored(struct ward_store_session *s, const struct ward_change *change,
                                                   uint64_t highest, uint64_t *ret_revision) WARD_MUST_USE;

/** The last entry at or below a revision: where two logs still agree. NOT_FOUND: there is none. */
struct ward_change_link {
    uint64_t revision;
    uint8_t hash[WARD_SHA256_BYTES];
};
enum ward_status ward_store_change_link(struct ward_store_session *s, uint64_t at_most,
                                        struct ward_change_link *ret) WARD_MUST_USE;

/** Walk the whole log and recompute every link. WARD_INTEGRITY with *ret_bad set to the first revision that does not
 * fit. */
enum ward_status ward_store_chain_verify(struct ward_store_session *s, uint64_t *ret_count,
                                         uint64_t *ret_bad) WARD_MUST_USE;

struct ward_store_counts {
    uint64_t accounts, projects, keys, credentials;
};
enum ward_status ward_store_count(struct ward_store_session *s, struct ward_store_counts *ret) WARD_MUST_USE;

#endif
