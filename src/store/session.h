/* What store.c, writer.c and sql.c share: the store's insides. Queries see only sql.h, but for what changes.c and
 * keys.c keep for the rest of a batch. */
#ifndef WARD_STORE_SESSION_H
#define WARD_STORE_SESSION_H

#include <pthread.h>

#include "store/sql.h"

/** The end of the change log: what the next entry is linked to. */
struct ward_store_tail {
    uint64_t revision;
    uint8_t hash[WARD_SHA256_BYTES];
};

struct ward_store_session {
    struct ward_store *store;
    struct ward_sql_connection *connection;
    struct ward_batch *batch;         /* write sessions; else NULL */
    struct ward_store_session *outer; /* of this thread, perhaps of another store */
};

/** One transaction of the writer: the writes in it and the changes they noted so far. */
struct ward_batch {
    struct ward_pool pool;
    struct ward_change *changes;
    size_t count, capacity;
    struct ward_store_tail tail;
    bool has_tail; /* read when the first change is appended, so that it is never out of date */
    /* what its keys ask for again and again; looked up when the first one does */
    int64_t next_key; /* number; 0: not known yet */
    bool has_home;
    struct ward_uuid home, home_account; /* a project, and whose it is */
};

struct ward_store {
    const struct ward_sql_driver *driver;
    struct ward_store_listener listener;

    /* readers: free ones on a stack */
    pthread_mutex_t readers_lock;
    pthread_cond_t readers_free;
    struct ward_sql_connection **readers;
    size_t reader_count, free_count;

    /* the writer's connection: held for a batch; for a read too when there are no readers */
    pthread_mutex_t connection_lock;
    struct ward_sql_connection *connection;

    /* queue and state */
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct ward_write **queue; /* ring of WARD_HTTP_QUEUE_MAX */
    size_t queue_first, queue_count;
    bool is_waiting; /* the writer, for the queue */
    bool is_closing;
    bool is_failed;
    uint64_t revision, commits, batches;

    pthread_t writer;
    bool has_writer;
    struct ward_write **taken; /* the batch at work, WARD_COMMIT_BATCH_MAX */
    struct ward_batch batch;
};

/** The innermost session of the calling thread on this store, or NULL. */
struct ward_store_session *ward_session_current(const struct ward_store *store);
void ward_session_enter(struct ward_store_session *session);
void ward_session_leave(struct ward_store_session *session);

/** Start and stop the writer thread; stop finishes what was accepted. */
enum ward_status ward_writer_start(struct ward_store *store) WARD_MUST_USE;
void ward_writer_stop(struct ward_store *store);

/** Open a store over a driver: connect, migrate, check the log's last link, start the writer. */
enum ward_status ward_store_open(const struct ward_sql_driver *driver, const struct ward_store_options *options,
                                 struct ward_store **ret) WARD_MUST_USE;

/** Read the last link of the change log and check that it fits the entry before it. */
enum ward_status ward_change_tail(struct ward_store_session *s, struct ward_store_tail *ret) WARD_MUST_USE;

/** Bring the schema up to date. *ret_is_new tells whether there was none. */
enum ward_status ward_schema_migrate(struct ward_store_session *s, bool create) WARD_MUST_USE;

/** The numbered migrations, embedded at build time; [0] is version 1. */
extern const char *const ward_schema_migrations[];
extern const size_t ward_schema_migration_count;

#endif
