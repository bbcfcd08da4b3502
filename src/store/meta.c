#include "store/rows.h"

enum ward_status ward_store_meta_get(struct ward_store_session *s, const char *name, struct ward_pool *pool,
                                     struct ward_span *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT value FROM meta WHERE name = ?");
    ward_sql_bind_text(q, 1, ward_span_of(name));
    enum ward_status status = ward_row_first(s, q);
    if (status != WARD_OK) {
        return status;
    }
    struct ward_span value = ward_pool_copy(pool, ward_sql_bytes(q, 0));
    if (!value.data) {
        return WARD_NO_MEMORY;
    }
    *ret = value;
    return WARD_OK;
}

enum ward_status ward_store_meta_put(struct ward_store_session *s, const char *name, struct ward_span value)
{
    WARD_SQL *q = ward_sql_prepare(s, "INSERT INTO meta (name, value) VALUES (?, ?)"
                                      " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    ward_sql_bind_text(q, 1, ward_span_of(name));
    ward_sql_bind_bytes(q, 2, value);
    return ward_row_run(s, q);
}

static enum ward_status count_rows(struct ward_store_session *s, const char *text, uint64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, text);
    enum ward_status status = ward_row_first(s, q);
    if (status == WARD_OK) {
        *ret = (uint64_t)ward_sql_int(q, 0);
    }
    return status;
}

enum ward_status ward_store_count(struct ward_store_session *s, struct ward_store_counts *ret)
{
    static const char *const texts[] = {
        "SELECT count(*) FROM account",
        "SELECT count(*) FROM project",
        "SELECT count(*) FROM api_key WHERE is_removed = 0",
        "SELECT count(*) FROM credential",
    };
    uint64_t counts[4] = { 0 };
    for (size_t i = 0; i < 4; i++) {
        enum ward_status status = count_rows(s, texts[i], &counts[i]);
        if (status != WARD_OK) {
            return status;
        }
    }
    *ret = (struct ward_store_counts){ counts[0], counts[1], counts[2], counts[3] };
    return WARD_OK;
}
