/*
 * The driver contract under the queries: what SQLite brings now and PostgreSQL later.
 *
 *   accounts.c keys.c credentials.c changes.c meta.c     queries, written once, in the SQL both databases speak
 *   store.c  sessions, migrations          writer.c      queue, group commit, listener
 *   sql.c    statement cache               ── this header ──
 *   sqlite/sqlite.c pages.c wal.c          struct ward_sql_driver
 *
 * Queries keep to: ? placeholders bound in order from 1; INTEGER (64 bits), TEXT, BLOB; INSERT … ON CONFLICT DO NOTHING
 * and a look at ward_sql_changes instead of an insert that may fail, because a failed statement ends a PostgreSQL
 * transaction. Schema files name column types by the three words above; a driver maps them if its database has others.
 */
#ifndef WARD_STORE_SQL_H
#define WARD_STORE_SQL_H

#include "store/store.h"

struct ward_sql; /* one prepared statement, bound and stepped within a session */

/* ---- for the queries ---- */

/**
 * Find or prepare a statement and give it to the caller until ward_sql_reset. text is a literal: its address is the
 * cache key. A statement in use is not given out twice: a visitor may run the query that visits it.
 *
 * Errors:  NULL: ward_sql_status tells why. All calls below take NULL and then do nothing (a step answers ERROR).
 */
struct ward_sql *ward_sql_prepare(struct ward_store_session *s, const char *text);
void ward_sql_bind_text(struct ward_sql *q, int index, struct ward_span text);   /* absent = NULL; copied */
void ward_sql_bind_bytes(struct ward_sql *q, int index, struct ward_span bytes); /* absent = NULL; copied */
void ward_sql_bind_int(struct ward_sql *q, int index, int64_t value);
void ward_sql_bind_null(struct ward_sql *q, int index);

enum ward_sql_step { WARD_SQL_ROW, WARD_SQL_DONE, WARD_SQL_CONSTRAINT, WARD_SQL_ERROR };
/** Step to the next row. A bind that failed shows here as ERROR. */
enum ward_sql_step ward_sql_step(struct ward_sql *q);
struct ward_span ward_sql_text(struct ward_sql *q,
                               int column); /* from 0; borrowed until the next step; absent = NULL */
struct ward_span ward_sql_bytes(struct ward_sql *q, int column);
int64_t ward_sql_int(struct ward_sql *q, int column);
bool ward_sql_is_null(struct ward_sql *q, int column);
int64_t ward_sql_changes(struct ward_sql *q); /* rows the last INSERT/UPDATE/DELETE touched */
void ward_sql_reset(struct ward_sql *q);      /* always, also after an error; takes NULL */

static inline void ward_sql_release(struct ward_sql **q)
{
    ward_sql_reset(*q);
}
#define WARD_SQL __attribute__((cleanup(ward_sql_release))) struct ward_sql

/** What went wrong in this session first: WARD_OK, WARD_IO, WARD_UNAVAILABLE, WARD_NO_MEMORY, WARD_INTEGRITY. */
enum ward_status ward_sql_status(const struct ward_store_session *s);
/** Let the session fail with a status whatever its work returns: rows are half written. */
void ward_sql_doom(struct ward_store_session *s, enum ward_status status);
bool ward_sql_is_writable(const struct ward_store_session *s);

/** Note an appended change for the listener; copied until the batch is answered. */
enum ward_status ward_sql_note_change(struct ward_store_session *s, const struct ward_change *change) WARD_MUST_USE;

/* ---- for the drivers ---- */

/** A statement's common part; the driver's own begins with it. */
struct ward_sql {
    struct ward_sql_connection *connection;
    const char *text;
    bool is_busy;
    struct ward_sql *next;
};

/** A connection's common part; the driver's own begins with it. One thread at a time. */
struct ward_sql_connection {
    const struct ward_sql_driver *driver;
    struct ward_sql *statements;
    enum ward_status status;         /* first error since the session began; set by ward_sql_fail */
    bool is_broken;                  /* a commit or a sync failed so that nobody knows what is durable */
    struct ward_store_damage damage; /* what it found first */
};

struct ward_sql_source {
    const char *path;
    bool create;
    struct ward_store_damage *ret_damage; /* set when connecting finds some; also by a connection that succeeds */
};

struct ward_sql_driver {
    const char *name;

    /** True when reads have connections of their own; else they take turns with the writer on its connection. */
    bool (*has_readers)(const struct ward_sql_source *source);
    /** Open; the first connection is the writer's and makes the store if told to. */
    enum ward_status (*connect)(const struct ward_sql_source *source, bool is_writer, struct ward_sql_connection **ret);
    /** Close, statements finalised already. */
    void (*disconnect)(struct ward_sql_connection *connection);
    /** Tell whether there is a table of that name. */
    enum ward_status (*has_table)(struct ward_sql_connection *connection, const char *name, bool *ret);
    /** Tell whether the store holds nothing at all. */
    enum ward_status (*is_empty)(struct ward_sql_connection *connection, bool *ret);
    /** Run statements that return no rows. */
    enum ward_status (*run)(struct ward_sql_connection *connection, const char *script);

    /** Begin: for writing, alone; for reading, with the snapshot taken now. */
    enum ward_status (*begin)(struct ward_sql_connection *connection, bool for_writing);
    /**
     * Commit and wait until it is durable. *ret_synced: something was written and synced.
     * Errors: the transaction is gone; is_broken is set unless it is certain that nothing of it is durable.
     */
    enum ward_status (*commit)(struct ward_sql_connection *connection, bool *ret_synced);
    /** End whatever is open; never fails in a way that leaves a transaction. */
    void (*rollback)(struct ward_sql_connection *connection);
    /** Rows that were written since the connection was made: the same twice, and nothing was written between. */
    int64_t (*rows_written)(struct ward_sql_connection *connection);
    /** An error may end a transaction by itself. */
    bool (*in_transaction)(struct ward_sql_connection *connection);
    /** After a batch was answered: checkpoints and the like. May set is_broken. */
    void (*maintain)(struct ward_sql_connection *connection);
    /** Copy the snapshot of the transaction under way into an empty file. Errors of the file are only returned. */
    enum ward_status (*backup)(struct ward_sql_connection *connection, const char *path, bool (*goes_on)(void *arg),
                               void *arg);
    /** Check every page and index. WARD_INTEGRITY when something is wrong. */
    enum ward_status (*check)(struct ward_sql_connection *connection);
    /** Give a store of an earlier version what shows damage of its files. Before there are readers. */
    enum ward_status (*protect)(struct ward_sql_connection *connection);

    struct ward_sql *(*prepare)(struct ward_sql_connection *connection, const char *text);
    void (*finalize)(struct ward_sql *q);
    void (*bind_text)(struct ward_sql *q, int index, struct ward_span text);
    void (*bind_bytes)(struct ward_sql *q, int index, struct ward_span bytes);
    void (*bind_int)(struct ward_sql *q, int index, int64_t value);
    void (*bind_null)(struct ward_sql *q, int index);
    enum ward_sql_step (*step)(struct ward_sql *q);
    struct ward_span (*text)(struct ward_sql *q, int column);
    struct ward_span (*bytes)(struct ward_sql *q, int column);
    int64_t (*integer)(struct ward_sql *q, int column);
    bool (*is_null)(struct ward_sql *q, int column);
    int64_t (*changes)(struct ward_sql *q);
    void (*reset)(struct ward_sql *q);
};

/** Note an error; the first one of a session stays. */
void ward_sql_fail(struct ward_sql_connection *connection, enum ward_status status);

/** Reset every statement that a session left in use. */
void ward_sql_reset_all(struct ward_sql_connection *connection);

/** Finalise every statement and disconnect. Takes NULL. */
void ward_sql_disconnect(struct ward_sql_connection *connection);

#endif
