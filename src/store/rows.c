#include "store/rows.h"

#include "base/log.h"

void ward_row_bind_uuid(struct ward_sql *q, int index, const struct ward_uuid *uuid)
{
    if (ward_uuid_is_nil(uuid)) {
        ward_sql_bind_null(q, index);
        return;
    }
    ward_sql_bind_bytes(q, index, ward_span((const char *)uuid->bytes, WARD_UUID_BYTES));
}

void ward_row_bind_time(struct ward_sql *q, int index, int64_t ms)
{
    if (ms == WARD_TIME_NONE) {
        ward_sql_bind_null(q, index);
        return;
    }
    ward_sql_bind_int(q, index, ms);
}

void ward_row_bind_name(struct ward_sql *q, int index, const char *name)
{
    ward_sql_bind_text(q, index, ward_span_of(name));
}

bool ward_row_uuid(struct ward_sql *q, int column, struct ward_uuid *ret)
{
    struct ward_span bytes = ward_sql_bytes(q, column);
    if (!bytes.data) {
        *ret = (struct ward_uuid){ 0 };
        return true;
    }
    if (bytes.size != WARD_UUID_BYTES) {
        return false;
    }
    memcpy(ret->bytes, bytes.data, WARD_UUID_BYTES);
    return true;
}

int64_t ward_row_time(struct ward_sql *q, int column)
{
    return ward_sql_is_null(q, column) ? WARD_TIME_NONE : ward_sql_int(q, column);
}

static bool read_actor(struct ward_sql *q, int column, enum ward_actor_type *ret)
{
    struct ward_span name = ward_sql_text(q, column);
    *ret = WARD_ACTOR_NONE;
    return !name.data || ward_actor_type_parse(name, ret);
}

bool ward_row_provenance(struct ward_sql *q, int column, struct ward_provenance *ret)
{
    ret->created_ms = ward_sql_int(q, column + 4);
    ret->updated_ms = ward_sql_int(q, column + 5);
    return ward_row_uuid(q, column, &ret->created_by) && read_actor(q, column + 1, &ret->created_by_type) &&
           ward_row_uuid(q, column + 2, &ret->changed_by) && read_actor(q, column + 3, &ret->changed_by_type);
}

void ward_row_bind_provenance(struct ward_sql *q, int index, const struct ward_provenance *provenance)
{
    ward_row_bind_uuid(q, index, &provenance->created_by);
    ward_row_bind_name(q, index + 1, ward_actor_type_name(provenance->created_by_type));
    ward_row_bind_uuid(q, index + 2, &provenance->changed_by);
    ward_row_bind_name(q, index + 3, ward_actor_type_name(provenance->changed_by_type));
    ward_sql_bind_int(q, index + 4, provenance->created_ms);
    ward_sql_bind_int(q, index + 5, provenance->updated_ms);
}

/* A step that failed without an error noted would turn a fault into an answer. */
static enum ward_status session_error(const struct ward_store_session *s)
{
    enum ward_status status = ward_sql_status(s);
    return status == WARD_OK ? WARD_INTERNAL : status;
}

enum ward_status ward_row_end(struct ward_store_session *s, enum ward_sql_step step)
{
    switch (step) {
    case WARD_SQL_DONE:
        return WARD_OK;
    case WARD_SQL_CONSTRAINT:
        return WARD_CONFLICT;
    case WARD_SQL_ROW:
        return WARD_INTERNAL;
    case WARD_SQL_ERROR:
        break;
    }
    return session_error(s);
}

enum ward_status ward_row_run(struct ward_store_session *s, struct ward_sql *q)
{
    if (!ward_sql_is_writable(s)) {
        return WARD_INTERNAL;
    }
    return ward_row_end(s, ward_sql_step(q));
}

enum ward_status ward_row_run_one(struct ward_store_session *s, struct ward_sql *q)
{
    enum ward_status status = ward_row_run(s, q);
    if (status == WARD_OK && ward_sql_changes(q) != 1) {
        return WARD_CONFLICT;
    }
    return status;
}

enum ward_status ward_row_first(struct ward_store_session *s, struct ward_sql *q)
{
    enum ward_sql_step step = ward_sql_step(q);
    if (step == WARD_SQL_ROW) {
        return WARD_OK;
    }
    return step == WARD_SQL_DONE ? WARD_NOT_FOUND : session_error(s);
}

enum ward_status ward_row_bad(struct ward_store_session *s, const char *table)
{
    ward_log(WARD_LOG_ERROR, "store.bad_row", WARD_LOG_STR("table", table));
    ward_sql_doom(s, WARD_INTEGRITY);
    return WARD_INTEGRITY;
}
