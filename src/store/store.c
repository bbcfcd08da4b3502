/*
 * Opening, migrations and sessions.
 *
 * A thread is in at most one session of a store: a read inside a session joins it, a write inside one is refused. So no
 * thread waits for a second reader, or for the writer, while it holds what the other needs.
 */
#include "store/store.h"

#include "base/log.h"
#include "base/seam.h"
#include "store/rows.h"
#include "store/session.h"

enum { READERS_DEFAULT = 4 };

/* ---- sessions of this thread ---- */

static _Thread_local struct ward_store_session *innermost;

struct ward_store_session *ward_session_current(const struct ward_store *store)
{
    struct ward_store_session *s = innermost;
    while (s && s->store != store) {
        s = s->outer;
    }
    return s;
}

void ward_session_enter(struct ward_store_session *session)
{
    session->connection->status = WARD_OK;
    session->outer = innermost;
    innermost = session;
}

void ward_session_leave(struct ward_store_session *session)
{
    ward_sql_reset_all(session->connection);
    innermost = session->outer;
}

/* ---- reading ---- */

static struct ward_sql_connection *take_reader(struct ward_store *store)
{
    pthread_mutex_lock(&store->readers_lock);
    while (store->free_count == 0) {
        pthread_cond_wait(&store->readers_free, &store->readers_lock);
    }
    struct ward_sql_connection *connection = store->readers[--store->free_count];
    pthread_mutex_unlock(&store->readers_lock);
    return connection;
}

static void return_reader(struct ward_store *store, struct ward_sql_connection *connection)
{
    pthread_mutex_lock(&store->readers_lock);
    store->readers[store->free_count++] = connection;
    pthread_cond_signal(&store->readers_free);
    pthread_mutex_unlock(&store->readers_lock);
}

/* The listener's own reads never wait for a reader that a long list holds. */
static bool reads_on_writer(const struct ward_store *store)
{
    return store->reader_count == 0 || (store->has_writer && pthread_equal(store->writer, pthread_self()));
}

static enum ward_status worse(enum ward_status status, const struct ward_sql_connection *connection)
{
    return status == WARD_OK ? connection->status : status;
}

static enum ward_status read_on(struct ward_store *store, struct ward_sql_connection *connection, ward_store_work work,
                                void *arg)
{
    struct ward_store_session session = { .store = store, .connection = connection };
    ward_session_enter(&session);
    enum ward_status status = store->driver->begin(connection, false);
    if (status == WARD_OK) {
        status = worse(work(&session, arg), connection);
    }
    ward_session_leave(&session);
    store->driver->rollback(connection);
    return status;
}

enum ward_status ward_store_read(struct ward_store *store, ward_store_work work, void *arg)
{
    struct ward_store_session *current = ward_session_current(store);
    if (current) {
        return work(current, arg);
    }
    if (reads_on_writer(store)) {
        pthread_mutex_lock(&store->connection_lock);
        enum ward_status status = read_on(store, store->connection, work, arg);
        pthread_mutex_unlock(&store->connection_lock);
        return status;
    }
    struct ward_sql_connection *connection = take_reader(store);
    enum ward_status status = read_on(store, connection, work, arg);
    return_reader(store, connection);
    return status;
}

static enum ward_status check_all(struct ward_store_session *s, void *arg)
{
    (void)arg;
    uint64_t count, bad = 0;
    enum ward_status status = s->store->driver->check(s->connection);
    if (status == WARD_OK) {
        status = ward_store_chain_verify(s, &count, &bad);
    }
    if (bad > 0) {
        ward_log(WARD_LOG_ERROR, "store.chain_broken", WARD_LOG_NUM("revision", bad));
    }
    return status;
}

enum ward_status ward_store_backup(struct ward_store_session *s, const char *path, bool (*goes_on)(void *arg),
                                   void *arg)
{
    return s->store->driver->backup(s->connection, path, goes_on, arg);
}

enum ward_status ward_store_check(struct ward_store *store)
{
    return ward_store_read(store, check_all, NULL);
}

void ward_store_damage(struct ward_store *store, struct ward_store_damage *ret)
{
    pthread_mutex_lock(&store->connection_lock);
    *ret = store->connection->damage;
    pthread_mutex_unlock(&store->connection_lock);
    pthread_mutex_lock(&store->readers_lock);
    for (size_t i = 0; i < store->free_count && !ret->is_found; i++) {
        *ret = store->readers[i]->damage;
    }
    pthread_mutex_unlock(&store->readers_lock);
}

/* ---- migrations ---- */

static enum ward_status schema_version(struct ward_store_session *s, int64_t *ret)
{
    WARD_SQL *q = ward_sql_prepare(s, "SELECT coalesce(max(version), 0) FROM schema_version");
    enum ward_status status = ward_row_first(s, q);
    if (status == WARD_OK) {
        *ret = ward_sql_int(q, 0);
    }
    return status;
}

static enum ward_status note_version(struct ward_store_session *s, int64_t version)
{
    WARD_SQL *q = ward_sql_prepare(s, "INSERT INTO schema_version (version, applied_ms) VALUES (?, ?)");
    ward_sql_bind_int(q, 1, version);
    ward_sql_bind_int(q, 2, ward_now_ms());
    return ward_row_run(s, q);
}

/* One version in one transaction: a store is at one version or at the next. */
static enum ward_status migrate_to(struct ward_store_session *s, int64_t version)
{
    const struct ward_sql_driver *driver = s->store->driver;
    bool is_synced;
    enum ward_status status = driver->begin(s->connection, true);
    if (status == WARD_OK && version == 1) {
        status = driver->run(s->connection, "CREATE TABLE schema_version (version INTEGER PRIMARY KEY,"
                                            " applied_ms INTEGER NOT NULL)");
    }
    if (status == WARD_OK) {
        status = driver->run(s->connection, ward_schema_migrations[version - 1]);
    }
    if (status == WARD_OK) {
        status = note_version(s, version);
    }
    if (status == WARD_OK) {
        status = driver->commit(s->connection, &is_synced);
    }
    if (status != WARD_OK) {
        driver->rollback(s->connection);
    }
    return status;
}

static enum ward_status find_version(struct ward_store_session *s, bool create, int64_t *ret)
{
    const struct ward_sql_driver *driver = s->store->driver;
    bool has_schema, is_empty;
    enum ward_status status = driver->has_table(s->connection, "schema_version", &has_schema);
    if (status != WARD_OK) {
        return status;
    }
    if (has_schema) {
        return create ? WARD_EXISTS : schema_version(s, ret);
    }
    status = driver->is_empty(s->connection, &is_empty);
    if (status != WARD_OK) {
        return status;
    }
    *ret = 0;
    if (!is_empty) {
        return WARD_MISMATCH; /* somebody else's database */
    }
    return create ? WARD_OK : WARD_NOT_FOUND;
}

enum ward_status ward_schema_migrate(struct ward_store_session *s, bool create)
{
    int64_t version, newest = (int64_t)ward_schema_migration_count;
    enum ward_status status = find_version(s, create, &version);
    if (status == WARD_OK && version > newest) {
        return WARD_MISMATCH;
    }
    if (status == WARD_OK) {
        status = s->store->driver->protect(s->connection);
    }
    while (status == WARD_OK && version < newest) {
        status = migrate_to(s, ++version);
    }
    return status;
}

/* ---- opening ---- */

/* Nothing may be written before: the log would be written over, or be played in and removed. */
static enum ward_status check_end(struct ward_store_session *s, uint64_t seen_revision)
{
    bool has_log;
    uint64_t revision = 0;
    enum ward_status status = s->store->driver->has_table(s->connection, "change_log", &has_log);
    if (status == WARD_OK && has_log) {
        status = ward_store_revision(s, &revision);
    }
    if (status != WARD_OK || revision >= seen_revision) {
        return status;
    }
    s->connection->is_broken = true; /* closing leaves the log as it is */
    ward_log(WARD_LOG_ERROR, "integrity-alarm", WARD_LOG_STR("what", "acknowledged changes are not in the store"),
             WARD_LOG_NUM("revision", revision), WARD_LOG_NUM("seen", seen_revision));
    return WARD_INTEGRITY;
}

static enum ward_status prepare_schema(struct ward_store *store, const struct ward_store_options *options,
                                       struct ward_store_damage *damage)
{
    struct ward_store_session session = { .store = store, .connection = store->connection, .batch = &store->batch };
    ward_session_enter(&session);
    struct ward_store_tail tail;
    enum ward_status status = damage->is_doubtful ? check_end(&session, options->seen_revision) : WARD_OK;
    if (status == WARD_OK) {
        status = ward_schema_migrate(&session, options->create);
    }
    if (status == WARD_OK) {
        status = ward_change_tail(&session, &tail);
    }
    if (status == WARD_OK) {
        store->revision = tail.revision;
    }
    if (session.connection->damage.is_found) {
        *damage = session.connection->damage;
    }
    ward_session_leave(&session);
    return status;
}

static enum ward_status connect_readers(struct ward_store *store, const struct ward_sql_source *source, size_t count)
{
    store->readers = ward_alloc(count * sizeof(struct ward_sql_connection *));
    if (!store->readers) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        struct ward_sql_connection *connection;
        enum ward_status status = store->driver->connect(source, false, &connection);
        if (status != WARD_OK) {
            return status;
        }
        store->readers[store->free_count++] = connection;
        store->reader_count++;
    }
    return WARD_OK;
}

static enum ward_status start_store(struct ward_store *store, const struct ward_store_options *options,
                                    struct ward_store_damage *ret_damage)
{
    const struct ward_sql_source source = { options->path, options->create, ret_damage };
    enum ward_status status = store->driver->connect(&source, true, &store->connection);
    if (status == WARD_OK) {
        status = prepare_schema(store, options, ret_damage);
    }
    if (status == WARD_OK && store->driver->has_readers(&source)) {
        status = connect_readers(store, &source, options->readers > 0 ? options->readers : READERS_DEFAULT);
    }
    return status == WARD_OK ? ward_writer_start(store) : status;
}

enum ward_status ward_store_open(const struct ward_sql_driver *driver, const struct ward_store_options *options,
                                 struct ward_store **ret)
{
    struct ward_store *store = ward_alloc(sizeof *store);
    if (!store) {
        return WARD_NO_MEMORY;
    }
    store->driver = driver;
    pthread_mutex_init(&store->readers_lock, NULL);
    pthread_cond_init(&store->readers_free, NULL);
    pthread_mutex_init(&store->connection_lock, NULL);
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->arrived, NULL);
    struct ward_store_damage damage = { 0 };
    enum ward_status status = start_store(store, options, &damage);
    if (options->ret_damage) {
        *options->ret_damage = damage;
    }
    if (status != WARD_OK) {
        ward_store_close(store);
        return status;
    }
    *ret = store;
    return WARD_OK;
}

/* Reads that are under way are let finish: their connections come back one by one. */
static void disconnect_readers(struct ward_store *store)
{
    for (size_t i = 0; i < store->reader_count; i++) {
        ward_sql_disconnect(take_reader(store));
    }
    ward_free(store->readers);
}

void ward_store_close(struct ward_store *store)
{
    if (!store) {
        return;
    }
    ward_writer_stop(store);
    disconnect_readers(store);
    ward_sql_disconnect(store->connection); /* last: it checkpoints */
    pthread_mutex_destroy(&store->readers_lock);
    pthread_cond_destroy(&store->readers_free);
    pthread_mutex_destroy(&store->connection_lock);
    pthread_mutex_destroy(&store->lock);
    pthread_cond_destroy(&store->arrived);
    ward_free(store);
}

void ward_store_listen(struct ward_store *store, const struct ward_store_listener *listener)
{
    pthread_mutex_lock(&store->lock);
    store->listener = *listener;
    pthread_mutex_unlock(&store->lock);
}

void ward_store_health(struct ward_store *store, struct ward_store_health *ret)
{
    pthread_mutex_lock(&store->lock);
    *ret = (struct ward_store_health){
        .is_failed = store->is_failed,
        .revision = store->revision,
        .commits = store->commits,
        .batches = store->batches,
        .waiting = store->queue_count,
    };
    pthread_mutex_unlock(&store->lock);
}
