/*
 * Requests that may block run here, in the order in which they came. The queue is a list through the connections
 * themselves, so that queueing cannot fail for want of memory; its length is bounded all the same.
 */
#include "base/seam.h"
#include "http/internal.h"

static struct ward_http_connection *take(struct ward_http_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    while (!workers->first && !workers->is_stopping) {
        pthread_cond_wait(&workers->wake, &workers->lock);
    }
    struct ward_http_connection *connection = workers->first;
    if (connection) {
        workers->first = connection->next_queued;
        workers->queued--;
    }
    pthread_mutex_unlock(&workers->lock);
    return connection;
}

static void *work(void *argument)
{
    struct ward_http_server *server = argument;
    struct ward_http_connection *connection;
    while ((connection = take(&server->workers)) != NULL) {
        ward_http_connection_work(connection);
    }
    return NULL;
}

void ward_http_workers_init(struct ward_http_workers *workers)
{
    workers->queue_max = WARD_HTTP_QUEUE_MAX;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->wake, NULL);
}

enum ward_status ward_http_workers_start(struct ward_http_server *server, size_t count)
{
    struct ward_http_workers *workers = &server->workers;
    workers->threads = ward_alloc(count * sizeof(*workers->threads));
    if (!workers->threads) {
        return WARD_NO_MEMORY;
    }
    while (workers->count < count) {
        if (pthread_create(&workers->threads[workers->count], NULL, work, server) != 0) {
            return WARD_UNAVAILABLE;
        }
        workers->count++;
    }
    return WARD_OK;
}

bool ward_http_workers_queue(struct ward_http_server *server, struct ward_http_connection *connection)
{
    struct ward_http_workers *workers = &server->workers;
    pthread_mutex_lock(&workers->lock);
    bool has_room = workers->queued < workers->queue_max && !workers->is_stopping;
    if (has_room) {
        connection->next_queued = NULL;
        if (workers->first) {
            workers->last->next_queued = connection;
        } else {
            workers->first = connection;
        }
        workers->last = connection;
        workers->queued++;
    }
    pthread_mutex_unlock(&workers->lock);
    if (has_room) {
        pthread_cond_signal(&workers->wake); /* without the lock: who is woken may run at once */
    }
    return has_room;
}

size_t ward_http_workers_depth(const struct ward_http_workers *workers)
{
    return atomic_load(&workers->queued);
}

void ward_http_workers_stop(struct ward_http_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->is_stopping = true;
    pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->count; i++) {
        pthread_join(workers->threads[i], NULL);
    }
    workers->count = 0;
    ward_free(workers->threads);
    workers->threads = NULL;
}

void ward_http_workers_free(struct ward_http_workers *workers)
{
    pthread_cond_destroy(&workers->wake);
    pthread_mutex_destroy(&workers->lock);
}
