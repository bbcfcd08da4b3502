/* What the rows of environments, keys, JWKs and API proxies share: ids, the scope, checks before a write. */
#ifndef WARD_STORE_OBJECT_ROWS_H
#define WARD_STORE_OBJECT_ROWS_H

#include "store/environments.h"
#include "store/gateway_rows.h"

/* Row and what hangs on it, of one object: a key of 256 entries. */
#define WARD_OBJECT_POOL_MAX ((size_t)64 * 1024 * 1024)

/* Whether the project of a row t is there for anybody: two columns, and the tables that they come from. */
#define WARD_ROW_SCOPE_COLUMNS "p.is_active, a.is_active"
#define WARD_ROW_SCOPE_JOIN    " LEFT JOIN project p ON p.id = t.project_id LEFT JOIN account a ON a.id = p.account_id"

static inline bool ward_row_scope(struct ward_sql *q, int column)
{
    return ward_sql_int(q, column) == 1 && ward_sql_int(q, column + 1) == 1;
}

static inline void ward_row_bind_object_id(struct ward_sql *q, int index, const struct ward_object_id *id)
{
    ward_sql_bind_text(q, index, ward_object_id_span(id)); /* none = NULL */
}

/** Read an id that is there. */
static inline bool ward_row_object_id(struct ward_sql *q, int column, struct ward_object_id *ret)
{
    return ward_object_id_parse(ward_sql_text(q, column), ret);
}

/** Read an id, or none. */
static inline bool ward_row_object_id_or_none(struct ward_sql *q, int column, struct ward_object_id *ret)
{
    *ret = (struct ward_object_id){ 0 };
    return ward_sql_is_null(q, column) || ward_row_object_id(q, column, ret);
}

/** Where a walk or a list goes on, and how far: id > ? or name > ?, then LIMIT ?. */
static inline void ward_row_bind_after(struct ward_sql *q, int index, struct ward_span after, size_t max)
{
    ward_sql_bind_text(q, index, after.data ? after : WARD_SPAN(""));
    ward_sql_bind_int(q, index + 1, max > INT64_MAX ? INT64_MAX : (int64_t)max);
}

static inline struct ward_span ward_row_after_id(const struct ward_object_id *after)
{
    return after ? ward_object_id_span(after) : WARD_SPAN_NONE;
}

/** OK when the project is there and of the account, else NOT_FOUND. */
enum ward_status ward_row_need_project(struct ward_store_session *s, const struct ward_uuid *project,
                                       const struct ward_uuid *account) WARD_MUST_USE;
/** OK when the environment is there, else NOT_FOUND. */
enum ward_status ward_row_need_environment(struct ward_store_session *s,
                                           const struct ward_object_id *environment) WARD_MUST_USE;

/** CONFLICT when a query gives a row: a name that is taken. */
enum ward_status ward_row_need_none(struct ward_store_session *s, struct ward_sql *q) WARD_MUST_USE;
/** CONFLICT when it gives none: a version that moved on. */
enum ward_status ward_row_need_one(struct ward_store_session *s, struct ward_sql *q) WARD_MUST_USE;

/** Make room for one more in an array of the pool: *items holds count of them. Grows by doubling; NULL on failure. */
void *ward_row_grow(struct ward_pool *pool, void *items, size_t count, size_t item_size) WARD_MUST_USE;

#endif
