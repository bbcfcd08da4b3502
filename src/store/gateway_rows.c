#include "store/gateway_rows.h"

static void bind_quota(struct ward_sql *q, int index, int64_t quota)
{
    if (quota == WARD_QUOTA_NONE) {
        ward_sql_bind_null(q, index);
        return;
    }
    ward_sql_bind_int(q, index, quota);
}

void ward_row_bind_terms(struct ward_sql *q, int index, const struct ward_plan_terms *terms)
{
    ward_sql_bind_int(q, index, terms->rate_rps);
    bind_quota(q, index + 1, terms->day_quota);
    bind_quota(q, index + 2, terms->month_quota);
    ward_sql_bind_int(q, index + 3, terms->classes);
}

bool ward_row_terms(struct ward_sql *q, int column, struct ward_plan_terms *ret)
{
    int64_t rate = ward_sql_int(q, column);
    int64_t day = ward_sql_is_null(q, column + 1) ? WARD_QUOTA_NONE : ward_sql_int(q, column + 1);
    int64_t month = ward_sql_is_null(q, column + 2) ? WARD_QUOTA_NONE : ward_sql_int(q, column + 2);
    int64_t classes = ward_sql_int(q, column + 3);
    if (rate < 0 || rate > WARD_PLAN_RATE_MAX || day < WARD_QUOTA_NONE || month < WARD_QUOTA_NONE || classes < 0 ||
        classes >= 2 * WARD_ANSWER_OTHERS) {
        return false;
    }
    *ret = (struct ward_plan_terms){ (uint32_t)rate, day, month, (uint8_t)classes };
    return true;
}

int ward_row_bind_slice(struct ward_sql *q, int index, struct ward_slice slice)
{
    ward_sql_bind_int(q, index, slice.limit < 0 ? INT64_MAX : slice.limit);
    ward_sql_bind_int(q, index + 1, slice.offset);
    return index + 2;
}

int ward_row_bind_part(struct ward_sql *q, int index, struct ward_span part)
{
    ward_sql_bind_int(q, index, part.size > 0);
    ward_sql_bind_text(q, index + 1, part.data ? part : WARD_SPAN(""));
    return index + 2;
}

int ward_row_bind_owner(struct ward_sql *q, int index, const struct ward_uuid *account, const struct ward_uuid *project)
{
    ward_sql_bind_int(q, index, !ward_uuid_is_nil(account));
    ward_row_bind_uuid(q, index + 1, account);
    ward_sql_bind_int(q, index + 2, !ward_uuid_is_nil(project));
    ward_row_bind_uuid(q, index + 3, project);
    return index + 4;
}

enum ward_status ward_row_count(struct ward_store_session *s, struct ward_sql *q, int64_t *ret)
{
    enum ward_status status = ward_row_first(s, q);
    if (status == WARD_OK) {
        *ret = ward_sql_int(q, 0);
    }
    return status;
}

enum ward_status ward_row_keep(struct ward_pool *pool, struct ward_span *const *spans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool was_there = spans[i]->data != NULL;
        *spans[i] = ward_pool_copy(pool, *spans[i]);
        if (was_there && !spans[i]->data) {
            return WARD_NO_MEMORY;
        }
    }
    return WARD_OK;
}
