#include "store/object_rows.h"

enum ward_status ward_row_need_project(struct ward_store_session *s, const struct ward_uuid *project,
                                       const struct ward_uuid *account)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM project WHERE id = ? AND account_id = ?");
    ward_row_bind_uuid(q, 1, project);
    ward_row_bind_uuid(q, 2, account);
    return ward_row_first(s, q);
}

enum ward_status ward_row_need_environment(struct ward_store_session *s, const struct ward_object_id *environment)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT 1 FROM environment WHERE id = ?");
    ward_row_bind_object_id(q, 1, environment);
    return ward_row_first(s, q);
}

enum ward_status ward_row_need_none(struct ward_store_session *s, struct ward_sql *q)
{
    enum ward_status status = ward_row_first(s, q);
    if (status == WARD_OK) {
        return WARD_CONFLICT;
    }
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

enum ward_status ward_row_need_one(struct ward_store_session *s, struct ward_sql *q)
{
    enum ward_status status = ward_row_first(s, q);
    return status == WARD_NOT_FOUND ? WARD_CONFLICT : status;
}

/* A full array is one whose count is 0 or a power of two: so no capacity is kept beside it. */
void *ward_row_grow(struct ward_pool *pool, void *items, size_t count, size_t item_size)
{
    if ((count & (count - 1)) != 0) {
        return items;
    }
    void *grown = ward_pool_alloc(pool, (count == 0 ? 1 : 2 * count) * item_size);
    if (grown && count > 0) {
        memcpy(grown, items, count * item_size);
    }
    return grown;
}
