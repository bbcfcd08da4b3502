/* How nouns lie in columns: UUIDs as 16 bytes, nil and "no time" as NULL, enumerations by name. */
#ifndef WARD_STORE_ROWS_H
#define WARD_STORE_ROWS_H

#include "base/iso8601.h"
#include "store/sql.h"

void ward_row_bind_uuid(struct ward_sql *q, int index, const struct ward_uuid *uuid); /* nil = NULL */
void ward_row_bind_time(struct ward_sql *q, int index, int64_t ms);                   /* WARD_TIME_NONE = NULL */
void ward_row_bind_name(struct ward_sql *q, int index, const char *name);             /* NULL = NULL */

/** Read a UUID; false when the column holds something else. NULL reads as nil. */
bool ward_row_uuid(struct ward_sql *q, int column, struct ward_uuid *ret);
int64_t ward_row_time(struct ward_sql *q, int column);

#define WARD_ROW_PROVENANCE_COLUMNS 6
/** created_by, created_by_type, changed_by, changed_by_type, created_ms, updated_ms from a column or an index on. */
bool ward_row_provenance(struct ward_sql *q, int column, struct ward_provenance *ret);
void ward_row_bind_provenance(struct ward_sql *q, int index, const struct ward_provenance *provenance);

/** Run a statement that returns no rows: OK, CONFLICT for a constraint, else the session's error. */
enum ward_status ward_row_run(struct ward_store_session *s, struct ward_sql *q) WARD_MUST_USE;
/** The same, and CONFLICT when it touched no row (ON CONFLICT DO NOTHING, version moved on). */
enum ward_status ward_row_run_one(struct ward_store_session *s, struct ward_sql *q) WARD_MUST_USE;
/** Step to one row: OK, NOT_FOUND, or the session's error. */
enum ward_status ward_row_first(struct ward_store_session *s, struct ward_sql *q) WARD_MUST_USE;
/** The status of a walk that ended: OK for DONE, else the session's error. */
enum ward_status ward_row_end(struct ward_store_session *s, enum ward_sql_step step) WARD_MUST_USE;

/** A stored row that no version of Ward writes: WARD_INTEGRITY, logged with the table's name, sticky in the session. */
enum ward_status ward_row_bad(struct ward_store_session *s, const char *table) WARD_MUST_USE;

#endif
