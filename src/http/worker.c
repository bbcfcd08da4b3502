/*
 * Requests that may block run here, in the order in which they came. The queue is a list through the connections
 * themselves, so that queueing cannot fail for want of memory; its length is bounded all the same.
 *
 * A request is given to the worker that became idle last: its memory is warm, and with little to do few of the workers
 * ever run. A worker looks for work in the queue only when it has finished something.
 *
 * A request whose route can begin without a worker does so on its event thread and is parked: it waits for something
 * that is not a thread of ours (a write's turn), and whoever ends that gives the reply. Replies that come in a row go
 * back together, so that their event thread is woken once.
 */
#include <stddef.h>

#include "base/seam.h"
#include "http/internal.h"

enum { BEGIN_BODY_MAX = 4096 }; /* what a body costs to be read may delay a verification by microseconds only */

struct ward_http_worker {
    struct ward_http_server *server;
    struct ward_http_worker *next_idle;
    struct ward_http_connection *given; /* set before wake is posted; NULL: stop */
    sem_t wake;
    pthread_t thread;
};

static struct ward_http_connection *take_queued(struct ward_http_workers *workers)
{
    struct ward_http_connection *connection = workers->first;
    if (connection) {
        workers->first = connection->next_queued;
        workers->queued--;
    }
    return connection;
}

/* The next request, or NULL: the server stops, and the queue is empty. */
static struct ward_http_connection *take(struct ward_http_worker *worker)
{
    struct ward_http_workers *workers = &worker->server->workers;
    pthread_mutex_lock(&workers->lock);
    struct ward_http_connection *connection = take_queued(workers);
    bool waits = !connection && !workers->is_stopping;
    if (waits) {
        worker->given = NULL;
        worker->next_idle = workers->idle;
        workers->idle = worker;
    }
    pthread_mutex_unlock(&workers->lock);
    if (!waits) {
        return connection;
    }
    while (sem_wait(&worker->wake) != 0) {
        /* a signal */
    }
    return worker->given;
}

static void *work(void *argument)
{
    struct ward_http_worker *worker = argument;
    struct ward_http_connection *connection;
    while ((connection = take(worker)) != NULL) {
        ward_http_connection_work(connection);
    }
    return NULL;
}

void ward_http_workers_init(struct ward_http_workers *workers)
{
    workers->queue_max = WARD_HTTP_QUEUE_MAX;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->unparked, NULL);
}

enum ward_status ward_http_workers_start(struct ward_http_server *server, size_t count)
{
    struct ward_http_workers *workers = &server->workers;
    workers->workers = ward_alloc(count * sizeof(*workers->workers));
    if (!workers->workers) {
        return WARD_NO_MEMORY;
    }
    while (workers->count < count) {
        struct ward_http_worker *worker = &workers->workers[workers->count];
        worker->server = server;
        sem_init(&worker->wake, 0, 0);
        if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
            return WARD_UNAVAILABLE;
        }
        workers->count++;
    }
    return WARD_OK;
}

static void append(struct ward_http_workers *workers, struct ward_http_connection *connection)
{
    connection->next_queued = NULL;
    if (workers->first) {
        workers->last->next_queued = connection;
    } else {
        workers->first = connection;
    }
    workers->last = connection;
    workers->queued++;
}

static bool park(struct ward_http_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    bool may = !workers->is_stopping;
    workers->parked += may;
    pthread_mutex_unlock(&workers->lock);
    return may;
}

static void unpark(struct ward_http_workers *workers, size_t count)
{
    pthread_mutex_lock(&workers->lock);
    workers->parked -= count;
    if (workers->parked == 0) {
        pthread_cond_broadcast(&workers->unparked);
    }
    pthread_mutex_unlock(&workers->lock);
}

/* Take those of the list that are on one event thread with its first, and give them back. Returns the rest. */
static struct ward_http_connection *resume_together(struct ward_http_connection *first)
{
    struct ward_http_server *server = first->server;
    struct ward_http_connection *rest = NULL, *last = first, *next;
    size_t count = 1;
    for (struct ward_http_connection *one = first->next_queued; one; one = next) {
        next = one->next_queued;
        if (first->direct && one->direct == first->direct) {
            last->next_queued = one;
            last = one;
            count++;
        } else {
            one->next_queued = rest;
            rest = one;
        }
    }
    if (first->direct) {
        ward_http_direct_resume_all(first, last);
    } else {
        MHD_resume_connection(first->mhd);
    }
    unpark(&server->workers, count);
    return rest;
}

void ward_http_reply_give(struct ward_http_request *request, bool has_more)
{
    static _Thread_local struct ward_http_connection *given;
    char *at = (char *)request - offsetof(struct ward_http_connection, request);
    struct ward_http_connection *connection = (struct ward_http_connection *)at;
    ward_http_reply_settle(request, connection->match.surface, &connection->reply);
    connection->step = WARD_HTTP_STEP_REPLY;
    connection->next_queued = given;
    given = connection;
    while (given && !has_more) {
        given = resume_together(given);
    }
}

/* True when the request needs no worker. The connection may be somebody else's by then. */
static bool begin(struct ward_http_server *server, struct ward_http_connection *connection)
{
    struct ward_http_request *request = &connection->request;
    const struct ward_http_route *route = connection->match.route;
    if (!route->begin || request->body.size > BEGIN_BODY_MAX || !request->thread_data || !park(&server->workers)) {
        return false;
    }
    ward_http_reply_reset(&connection->reply);
    switch (route->begin(request, &connection->reply)) {
    case WARD_PARKED:
        return true;
    case WARD_REPLIED:
        ward_http_reply_give(request, false);
        return true;
    case WARD_HAND_OVER:
        break;
    }
    unpark(&server->workers, 1);
    return false;
}

bool ward_http_workers_queue(struct ward_http_server *server, struct ward_http_connection *connection)
{
    struct ward_http_workers *workers = &server->workers;
    if (begin(server, connection)) {
        return true;
    }
    pthread_mutex_lock(&workers->lock);
    struct ward_http_worker *idle = workers->idle;
    bool has_room = !workers->is_stopping && (idle || workers->queued < workers->queue_max);
    if (has_room && idle) {
        workers->idle = idle->next_idle;
        idle->given = connection;
    } else if (has_room) {
        append(workers, connection);
    }
    pthread_mutex_unlock(&workers->lock);
    if (has_room && idle) {
        sem_post(&idle->wake); /* without the lock: who is woken may run at once */
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
    while (workers->idle) {
        struct ward_http_worker *idle = workers->idle;
        workers->idle = idle->next_idle;
        sem_post(&idle->wake);
    }
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->count; i++) {
        pthread_join(workers->workers[i].thread, NULL);
        sem_destroy(&workers->workers[i].wake);
    }
    pthread_mutex_lock(&workers->lock);
    while (workers->parked > 0) {
        pthread_cond_wait(&workers->unparked, &workers->lock);
    }
    pthread_mutex_unlock(&workers->lock);
    workers->count = 0;
    ward_free(workers->workers);
    workers->workers = NULL;
}

void ward_http_workers_free(struct ward_http_workers *workers)
{
    pthread_mutex_destroy(&workers->lock);
    pthread_cond_destroy(&workers->unparked);
}
