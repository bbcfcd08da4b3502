/* What the files of API Gateway's rows share: ids, terms, slices. */
#ifndef WARD_STORE_GATEWAY_ROWS_H
#define WARD_STORE_GATEWAY_ROWS_H

#include "store/gateway.h"
#include "store/rows.h"

static inline void ward_row_bind_id(struct ward_sql *q, int index, const struct ward_key_id *id)
{
    ward_sql_bind_text(q, index, ward_span(id->text, WARD_KEY_ID_CHARS));
}

/** Read an id that is there. */
static inline bool ward_row_id(struct ward_sql *q, int column, struct ward_key_id *ret)
{
    return ward_key_id_parse(ward_sql_text(q, column), ret);
}

/** Read an id, or none. */
static inline bool ward_row_id_or_none(struct ward_sql *q, int column, struct ward_key_id *ret)
{
    *ret = (struct ward_key_id){ 0 };
    return ward_sql_is_null(q, column) || ward_row_id(q, column, ret);
}

/* rate_rps, day_quota, month_quota, classes */
#define WARD_ROW_TERMS_COLUMNS 4
void ward_row_bind_terms(struct ward_sql *q, int index, const struct ward_plan_terms *terms);
bool ward_row_terms(struct ward_sql *q, int column, struct ward_plan_terms *ret);

/** LIMIT ? OFFSET ?; returns the next index. */
int ward_row_bind_slice(struct ward_sql *q, int index, struct ward_slice slice);

/* True when a column holds a part, letters in their case: in both databases' words. Two parameters. */
#define WARD_ROW_HAS_PART(column) "(? = 0 OR replace(" column ", ?, '') <> " column ")"
int ward_row_bind_part(struct ward_sql *q, int index, struct ward_span part);

/* An owner's condition over a table's account_id and project_id: four parameters. */
#define WARD_ROW_IS_OF(table) "(? = 0 OR " table ".account_id = ?) AND (? = 0 OR " table ".project_id = ?)"
int ward_row_bind_owner(struct ward_sql *q, int index, const struct ward_uuid *account,
                        const struct ward_uuid *project);

/** Step to the one number of a count. */
enum ward_status ward_row_count(struct ward_store_session *s, struct ward_sql *q, int64_t *ret) WARD_MUST_USE;

/** Copy spans into the pool in place; NO_MEMORY when one could not be. */
enum ward_status ward_row_keep(struct ward_pool *pool, struct ward_span *const *spans, size_t count) WARD_MUST_USE;

#endif
