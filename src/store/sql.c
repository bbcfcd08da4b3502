#include "store/session.h"

/* ---- statements ---- */

/* The cache is a list: a connection has some forty statements, found by address; the one in use last stands first. */
static struct ward_sql *find_free(struct ward_sql_connection *connection, const char *text)
{
    for (struct ward_sql **link = &connection->statements; *link; link = &(*link)->next) {
        struct ward_sql *q = *link;
        if (q->text != text || q->is_busy) {
            continue;
        }
        *link = q->next;
        return q;
    }
    return NULL;
}

struct ward_sql *ward_sql_prepare(struct ward_store_session *s, const char *text)
{
    struct ward_sql_connection *connection = s->connection;
    struct ward_sql *q = find_free(connection, text);
    if (!q) {
        q = connection->driver->prepare(connection, text);
    }
    if (!q) {
        return NULL;
    }
    q->connection = connection;
    q->text = text;
    q->is_busy = true;
    q->next = connection->statements;
    connection->statements = q;
    return q;
}

void ward_sql_bind_text(struct ward_sql *q, int index, struct ward_span text)
{
    if (q) {
        q->connection->driver->bind_text(q, index, text);
    }
}

void ward_sql_bind_bytes(struct ward_sql *q, int index, struct ward_span bytes)
{
    if (q) {
        q->connection->driver->bind_bytes(q, index, bytes);
    }
}

void ward_sql_bind_int(struct ward_sql *q, int index, int64_t value)
{
    if (q) {
        q->connection->driver->bind_int(q, index, value);
    }
}

void ward_sql_bind_null(struct ward_sql *q, int index)
{
    if (q) {
        q->connection->driver->bind_null(q, index);
    }
}

enum ward_sql_step ward_sql_step(struct ward_sql *q)
{
    return q ? q->connection->driver->step(q) : WARD_SQL_ERROR;
}

struct ward_span ward_sql_text(struct ward_sql *q, int column)
{
    return q->connection->driver->text(q, column);
}

struct ward_span ward_sql_bytes(struct ward_sql *q, int column)
{
    return q->connection->driver->bytes(q, column);
}

int64_t ward_sql_int(struct ward_sql *q, int column)
{
    return q->connection->driver->integer(q, column);
}

bool ward_sql_is_null(struct ward_sql *q, int column)
{
    return q->connection->driver->is_null(q, column);
}

int64_t ward_sql_changes(struct ward_sql *q)
{
    return q ? q->connection->driver->changes(q) : 0;
}

void ward_sql_reset(struct ward_sql *q)
{
    if (q && q->is_busy) {
        q->connection->driver->reset(q);
        q->is_busy = false;
    }
}

/* ---- sessions and connections ---- */

enum ward_status ward_sql_status(const struct ward_store_session *s)
{
    return s->connection->status;
}

void ward_sql_doom(struct ward_store_session *s, enum ward_status status)
{
    ward_sql_fail(s->connection, status);
}

bool ward_sql_is_writable(const struct ward_store_session *s)
{
    return s->batch != NULL;
}

void ward_sql_fail(struct ward_sql_connection *connection, enum ward_status status)
{
    if (connection->status == WARD_OK) {
        connection->status = status;
    }
}

void ward_sql_reset_all(struct ward_sql_connection *connection)
{
    for (struct ward_sql *q = connection->statements; q; q = q->next) {
        ward_sql_reset(q);
    }
}

void ward_sql_disconnect(struct ward_sql_connection *connection)
{
    if (!connection) {
        return;
    }
    while (connection->statements) {
        struct ward_sql *q = connection->statements;
        connection->statements = q->next;
        connection->driver->finalize(q);
    }
    connection->driver->disconnect(connection);
}
