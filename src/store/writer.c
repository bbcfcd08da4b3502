/*
 * The writer: one thread, one connection, group commit.
 *
 *   callers ─ enqueue ─► queue ─ take all that is there ─► BEGIN
 *                                    what may run twice: work, and if it fails with something written: all over
 *                                    each other write: SAVEPOINT, work, RELEASE or ROLLBACK TO
 *                                    listener.prepare(changes)
 *                                    COMMIT (one sync for all)
 *                                    listener.committed(changes, in revision order)
 *                                    tell the callers ─► checkpoint if it is time
 *
 * Nobody waits for company: a lone write is taken at once, and what arrives during its sync makes the next batch.
 *
 * Invariants: a caller hears OK only after COMMIT returned OK and the listener applied its changes; a work that failed,
 * or whose session saw an error, leaves nothing; a batch whose transaction is lost answers none of its writes with OK.
 */
#include <semaphore.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/seam.h"
#include "store/rows.h"
#include "store/session.h"

/* ---- the batch ---- */

/* Where a batch stood before a write, to go back to. */
struct mark {
    size_t count;
    struct ward_store_tail tail;
    bool has_tail;
};

static struct mark mark_batch(const struct ward_batch *batch)
{
    return (struct mark){ batch->count, batch->tail, batch->has_tail };
}

static void return_to_mark(struct ward_batch *batch, const struct mark *mark)
{
    batch->count = mark->count;
    batch->tail = mark->tail;
    batch->has_tail = mark->has_tail;
    batch->has_home = false; /* its project may be taken back */
}

static void clear_batch(struct ward_batch *batch)
{
    batch->count = 0;
    batch->has_tail = false;
    batch->next_key = 0;
    batch->has_home = false;
    ward_pool_reset(&batch->pool);
}

static bool has_room(struct ward_batch *batch)
{
    if (batch->count < batch->capacity) {
        return true;
    }
    size_t capacity = batch->capacity ? 2 * batch->capacity : 64;
    struct ward_change *changes = ward_realloc(batch->changes, capacity * sizeof *changes);
    if (!changes) {
        return false;
    }
    batch->changes = changes;
    batch->capacity = capacity;
    return true;
}

enum ward_status ward_sql_note_change(struct ward_store_session *s, const struct ward_change *change)
{
    struct ward_batch *batch = s->batch;
    if (!has_room(batch)) {
        return WARD_NO_MEMORY;
    }
    struct ward_change copy = *change;
    struct ward_span *spans[] = { &copy.object_id, &copy.account_id, &copy.project_id, &copy.action,
                                  &copy.actor_id,  &copy.detail,     &copy.retired,    &copy.hash };
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        bool was_there = spans[i]->data != NULL;
        *spans[i] = ward_pool_copy(&batch->pool, *spans[i]);
        if (was_there && !spans[i]->data) {
            return WARD_NO_MEMORY;
        }
    }
    batch->changes[batch->count++] = copy;
    return WARD_OK;
}

/* ---- one write ---- */

static enum ward_status run_control(struct ward_store_session *s, const char *text)
{
    WARD_SQL *q = ward_sql_prepare(s, text);
    return ward_row_run(s, q);
}

static enum ward_status do_work(struct ward_store_session *s, struct ward_write *write, bool has_savepoint)
{
    ward_session_enter(s);
    enum ward_status status = has_savepoint ? run_control(s, "SAVEPOINT ward_write") : WARD_OK;
    if (status == WARD_OK) {
        status = write->work(s, write->arg);
    }
    /* a work that overlooks an error of its session must not commit half of what it meant */
    if (status == WARD_OK) {
        status = ward_sql_status(s);
    }
    ward_session_leave(s);
    return status;
}

static enum ward_status undo_work(struct ward_store_session *s)
{
    s->connection->status = WARD_OK;
    enum ward_status status = run_control(s, "ROLLBACK TO ward_write");
    return status == WARD_OK ? run_control(s, "RELEASE ward_write") : status;
}

/* Why the transaction is gone, or OK: it is there. */
static enum ward_status look_for_transaction(struct ward_store *store)
{
    if (store->driver->in_transaction(store->connection)) {
        return WARD_OK;
    }
    enum ward_status status = store->connection->status;
    return status == WARD_OK ? WARD_IO : status;
}

static void note_revision(struct ward_store *store, struct ward_write *write)
{
    write->revision = store->batch.has_tail ? store->batch.tail.revision : store->revision;
}

/* Run one write. The answer is the batch's: other than OK when its transaction is lost. */
static enum ward_status run_write(struct ward_store *store, struct ward_write *write)
{
    struct ward_batch *batch = &store->batch;
    struct ward_store_session session = { .store = store, .connection = store->connection, .batch = batch };
    struct mark mark = mark_batch(batch);
    write->status = do_work(&session, write, true);
    enum ward_status status = look_for_transaction(store);
    if (status != WARD_OK) {
        return status;
    }
    if (write->status != WARD_OK) {
        return_to_mark(batch, &mark);
        return undo_work(&session);
    }
    note_revision(store, write);
    return run_control(&session, "RELEASE ward_write");
}

/* The same without a savepoint. *ret_leaves_rows: it failed and left something behind that only a rollback of the
 * whole transaction takes back. */
static enum ward_status run_bare(struct ward_store *store, struct ward_write *write, bool *ret_leaves_rows)
{
    struct ward_sql_connection *connection = store->connection;
    struct ward_batch *batch = &store->batch;
    struct ward_store_session session = { .store = store, .connection = connection, .batch = batch };
    size_t changes = batch->count;
    int64_t before = store->driver->rows_written(connection);
    write->status = do_work(&session, write, false);
    enum ward_status status = look_for_transaction(store);
    if (status != WARD_OK) {
        return status;
    }
    if (write->status == WARD_OK) {
        note_revision(store, write);
        return WARD_OK;
    }
    connection->status = WARD_OK;
    *ret_leaves_rows = batch->count != changes || store->driver->rows_written(connection) != before;
    return WARD_OK;
}

/* ---- one batch ---- */

enum pass { REPEATABLE, OTHERS };

static enum ward_status run_writes(struct ward_store *store, size_t count, enum pass pass)
{
    for (size_t i = 0; i < count; i++) {
        struct ward_write *write = store->taken[i];
        bool is_of_pass = write->is_repeatable == (pass == REPEATABLE);
        enum ward_status status = is_of_pass ? run_write(store, write) : WARD_OK;
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

static enum ward_status begin_again(struct ward_store *store)
{
    const struct mark start = { 0 };
    store->driver->rollback(store->connection);
    return_to_mark(&store->batch, &start);
    store->connection->status = WARD_OK;
    return store->driver->begin(store->connection, true);
}

/* A savepoint costs a copy of every page that is written behind it. So what may run twice runs without one first, and
 * before all that may not; the one time that something is left to be taken back, all of it starts over. */
static enum ward_status run_repeatable(struct ward_store *store, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool leaves_rows = false;
        enum ward_status status = WARD_OK;
        if (store->taken[i]->is_repeatable) {
            status = run_bare(store, store->taken[i], &leaves_rows);
        }
        if (status == WARD_OK && leaves_rows) {
            status = begin_again(store);
            return status == WARD_OK ? run_writes(store, count, REPEATABLE) : status;
        }
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

static enum ward_status ask_listener(struct ward_store *store)
{
    const struct ward_store_listener *listener = &store->listener;
    if (store->batch.count == 0 || !listener->prepare) {
        return WARD_OK;
    }
    return listener->prepare(listener->context, store->batch.count);
}

static enum ward_status transact(struct ward_store *store, size_t count, bool *ret_synced)
{
    struct ward_sql_connection *connection = store->connection;
    connection->status = WARD_OK;
    enum ward_status status = store->driver->begin(connection, true);
    if (status == WARD_OK) {
        status = run_repeatable(store, count);
    }
    if (status == WARD_OK) {
        status = run_writes(store, count, OTHERS);
    }
    if (status == WARD_OK) {
        status = ask_listener(store);
    }
    if (status == WARD_OK) {
        status = store->driver->commit(connection, ret_synced);
    }
    if (status != WARD_OK) {
        store->driver->rollback(connection);
    }
    return status;
}

/* The batch is lost: whoever thought to be through is refused; who was refused keeps the reason. */
static void refuse(struct ward_store *store, size_t count, enum ward_status status)
{
    for (size_t i = 0; i < count; i++) {
        if (store->taken[i]->status == WARD_OK) {
            store->taken[i]->status = status;
        }
    }
}

static void fail_store(struct ward_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->is_failed = true;
    pthread_mutex_unlock(&store->lock);
    ward_log(WARD_LOG_ERROR, "store.failed",
             WARD_LOG_STR("reason", "a commit or sync failed: no write is accepted until restart"));
}

static void note_commit(struct ward_store *store, size_t count, bool is_synced)
{
    uint64_t commits = 0;
    for (size_t i = 0; i < count; i++) {
        commits += store->taken[i]->status == WARD_OK;
    }
    pthread_mutex_lock(&store->lock);
    store->commits += commits;
    store->batches += is_synced;
    if (store->batch.count > 0) {
        store->revision = store->batch.tail.revision;
    }
    pthread_mutex_unlock(&store->lock);
}

static void tell_listener(struct ward_store *store)
{
    const struct ward_store_listener *listener = &store->listener;
    if (store->batch.count > 0 && listener->committed) {
        listener->committed(listener->context, store->batch.changes, store->batch.count);
    }
}

/* The connection is free again before the listener is told: it reads the objects that changed. */
static void commit_batch(struct ward_store *store, size_t count)
{
    bool is_synced = false;
    pthread_mutex_lock(&store->connection_lock);
    enum ward_status status = transact(store, count, &is_synced);
    bool is_broken = store->connection->is_broken;
    pthread_mutex_unlock(&store->connection_lock);
    if (status == WARD_OK) {
        note_commit(store, count, is_synced);
        tell_listener(store);
    } else {
        refuse(store, count, status);
    }
    if (is_broken) {
        fail_store(store);
    }
    clear_batch(&store->batch);
}

/* ---- the thread ---- */

/* Take what is there, wait if nothing is. 0: closing, and the queue is empty. */
static size_t take_writes(struct ward_store *store, bool *ret_failed)
{
    pthread_mutex_lock(&store->lock);
    while (store->queue_count == 0 && !store->is_closing) {
        store->is_waiting = true;
        pthread_cond_wait(&store->arrived, &store->lock);
    }
    size_t count = 0;
    while (store->queue_count > 0 && count < WARD_COMMIT_BATCH_MAX) {
        store->taken[count++] = store->queue[store->queue_first];
        store->queue_first = (store->queue_first + 1) % WARD_HTTP_QUEUE_MAX;
        store->queue_count--;
    }
    *ret_failed = store->is_failed;
    pthread_mutex_unlock(&store->lock);
    return count;
}

/* A write whose caller waits. */
struct waited_write {
    struct ward_write write;
    sem_t done;
};

static void wake_caller(struct ward_write *write, bool has_more)
{
    (void)has_more;
    sem_post(&((struct waited_write *)write)->done);
}

/* Without the lock: a caller that runs at once must not meet it taken. Once told, a write is its caller's again. */
static void answer(struct ward_store *store, size_t count)
{
    size_t last = count; /* one behind the last write that nobody waits for */
    while (last > 0 && store->taken[last - 1]->done == wake_caller) {
        last--;
    }
    for (size_t i = 0; i < count; i++) {
        store->taken[i]->done(store->taken[i], i + 1 < last);
    }
}

static void maintain(struct ward_store *store)
{
    pthread_mutex_lock(&store->connection_lock);
    store->driver->maintain(store->connection);
    bool is_broken = store->connection->is_broken;
    pthread_mutex_unlock(&store->connection_lock);
    if (is_broken) {
        fail_store(store);
    }
}

static void *write_loop(void *arg)
{
    struct ward_store *store = arg;
    bool is_failed;
    size_t count;
    while ((count = take_writes(store, &is_failed)) > 0) {
        if (is_failed) {
            refuse(store, count, WARD_UNAVAILABLE);
            answer(store, count);
            continue;
        }
        commit_batch(store, count);
        answer(store, count);
        maintain(store);
    }
    return NULL;
}

enum ward_status ward_writer_start(struct ward_store *store)
{
    store->batch.pool = ward_pool_new(WARD_REQUEST_POOL_MAX);
    store->queue = ward_alloc(WARD_HTTP_QUEUE_MAX * sizeof(struct ward_write *));
    store->taken = ward_alloc(WARD_COMMIT_BATCH_MAX * sizeof(struct ward_write *));
    if (!store->queue || !store->taken) {
        return WARD_NO_MEMORY;
    }
    if (pthread_create(&store->writer, NULL, write_loop, store) != 0) {
        return WARD_NO_MEMORY;
    }
    store->has_writer = true;
    return WARD_OK;
}

void ward_writer_stop(struct ward_store *store)
{
    if (store->has_writer) {
        pthread_mutex_lock(&store->lock);
        store->is_closing = true;
        pthread_cond_signal(&store->arrived);
        pthread_mutex_unlock(&store->lock);
        pthread_join(store->writer, NULL);
        store->has_writer = false;
    }
    ward_free(store->queue);
    ward_free(store->taken);
    ward_free(store->batch.changes);
    ward_pool_free(&store->batch.pool);
}

/* ---- the callers ---- */

static bool enqueue(struct ward_store *store, struct ward_write *write)
{
    pthread_mutex_lock(&store->lock);
    bool is_accepted = !store->is_failed && !store->is_closing && store->queue_count < WARD_HTTP_QUEUE_MAX;
    if (is_accepted) {
        store->queue[(store->queue_first + store->queue_count) % WARD_HTTP_QUEUE_MAX] = write;
        store->queue_count++;
    }
    bool wakes = is_accepted && store->is_waiting;
    store->is_waiting &= !wakes; /* one wake-up is enough for all that come until it runs */
    pthread_mutex_unlock(&store->lock);
    if (wakes) {
        pthread_cond_signal(&store->arrived);
    }
    return is_accepted;
}

/* It would wait for itself. */
static bool is_inside(const struct ward_store *store)
{
    return ward_session_current(store) || pthread_equal(store->writer, pthread_self());
}

enum ward_status ward_store_write(struct ward_store *store, ward_store_work work, void *arg, uint64_t *ret_revision)
{
    if (is_inside(store)) {
        return WARD_INTERNAL;
    }
    struct waited_write waited = { .write = { .work = work, .arg = arg, .done = wake_caller } };
    sem_init(&waited.done, 0, 0);
    bool is_accepted = enqueue(store, &waited.write);
    while (is_accepted && sem_wait(&waited.done) != 0) {
        /* a signal */
    }
    sem_destroy(&waited.done);
    if (!is_accepted) {
        return WARD_UNAVAILABLE;
    }
    if (waited.write.status == WARD_OK && ret_revision) {
        *ret_revision = waited.write.revision;
    }
    return waited.write.status;
}

enum ward_status ward_store_write_later(struct ward_store *store, struct ward_write *write)
{
    if (is_inside(store)) {
        return WARD_INTERNAL;
    }
    return enqueue(store, write) ? WARD_OK : WARD_UNAVAILABLE;
}
