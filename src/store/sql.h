/*
 * The driver contract under store.c: what SQLite and PostgreSQL each bring. Queries live once, in store.c, in the SQL
 * both speak with ? placeholders; a driver prepares and caches them, runs sessions, and does the group commit.
 */
#ifndef WARD_STORE_SQL_H
#define WARD_STORE_SQL_H

#include "store/store.h"

struct ward_sql; /* one prepared statement, bound and stepped within a session */

/** Find or prepare a statement. text is a literal: its address is the cache key. NULL: session->status tells why. */
struct ward_sql *ward_sql_prepare(struct ward_store_session *s, const char *text);
void ward_sql_bind_text(struct ward_sql *q, int index, struct ward_span text); /* index from 1; absent = NULL; copied */
void ward_sql_bind_bytes(struct ward_sql *q, int index, struct ward_span bytes); /* absent = NULL; copied */
void ward_sql_bind_int(struct ward_sql *q, int index, int64_t value);
void ward_sql_bind_null(struct ward_sql *q, int index);

enum ward_sql_step { WARD_SQL_ROW, WARD_SQL_DONE, WARD_SQL_CONSTRAINT, WARD_SQL_ERROR };
enum ward_sql_step ward_sql_step(struct ward_sql *q);
struct ward_span ward_sql_text(struct ward_sql *q,
                               int column); /* from 0; borrowed until the next step; absent = NULL */
struct ward_span ward_sql_bytes(struct ward_sql *q, int column);
int64_t ward_sql_int(struct ward_sql *q, int column);
bool ward_sql_is_null(struct ward_sql *q, int column);
int64_t ward_sql_changes(struct ward_sql *q); /* rows the last INSERT/UPDATE/DELETE touched */
void ward_sql_reset(struct ward_sql *q);      /* always, also after an error */

/** The status an error of this session maps to: WARD_IO, WARD_UNAVAILABLE, WARD_NO_MEMORY, WARD_INTEGRITY. */
enum ward_status ward_sql_status(const struct ward_store_session *s);
bool ward_sql_is_writable(const struct ward_store_session *s);

/** Note an appended change for the listener; copied by the driver until the batch is answered. */
enum ward_status ward_sql_note_change(struct ward_store_session *s, const struct ward_change *change);

#endif
