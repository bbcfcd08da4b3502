/*
 * Every open connection is registered here, and a thread looks through them four times a second: who is past a deadline
 * is shut down, and the event loop then closes it. The library's own timeout counts from the last byte, so one byte
 * now and then would hold a connection forever (security.md attack 9); these deadlines are absolute.
 *
 * A descriptor may be reused the moment it is closed: it is shut down only under the lock under which its connection
 * is still registered, and the library closes it only after it has told us.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/seam.h"
#include "http/internal.h"

enum { TICK_MS = 250, LINGER_MS = 2000, DRAIN_ROUNDS = 1024, CONNECTIONS_SLACK = 64 };

/* Addresses */

bool ward_http_source_of(const struct sockaddr *address, struct in6_addr *ret)
{
    if (!address) {
        return false;
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;
        *ret = v6->sin6_addr;
        if (!IN6_IS_ADDR_V4MAPPED(ret)) {
            return !IN6_IS_ADDR_LOOPBACK(ret);
        }
    } else if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        memset(ret, 0, sizeof(*ret));
        ret->s6_addr[10] = ret->s6_addr[11] = 0xff;
        memcpy(&ret->s6_addr[12], &v4->sin_addr, sizeof(v4->sin_addr));
    } else {
        return false;
    }
    return ret->s6_addr[12] != 127;
}

static size_t slot_of(const struct in6_addr *source, size_t slots)
{
    uint64_t half[2];
    memcpy(half, source, sizeof(half));
    uint64_t mixed = (half[0] ^ (half[1] * UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xff51afd7ed558ccd);
    return (size_t)(mixed >> 32) & (slots - 1);
}

/* The place of an address, or the free one where it belongs. There are twice as many places as connections. */
static struct ward_http_source *find_source(struct ward_http_watchdog *watchdog, const struct in6_addr *source)
{
    size_t slot = slot_of(source, watchdog->source_slots);
    struct ward_http_source *found = &watchdog->sources[slot];
    while (found->count > 0 && memcmp(&found->address, source, sizeof(*source)) != 0) {
        slot = (slot + 1) & (watchdog->source_slots - 1);
        found = &watchdog->sources[slot];
    }
    return found;
}

/* Linear probing: whoever follows without a gap moves up, so that searches still find it. */
static void forget_source(struct ward_http_watchdog *watchdog, struct ward_http_source *hole)
{
    size_t mask = watchdog->source_slots - 1;
    size_t empty = (size_t)(hole - watchdog->sources);
    for (size_t slot = (empty + 1) & mask; watchdog->sources[slot].count > 0; slot = (slot + 1) & mask) {
        size_t home = slot_of(&watchdog->sources[slot].address, watchdog->source_slots);
        if (((slot - home) & mask) >= ((slot - empty) & mask)) {
            watchdog->sources[empty] = watchdog->sources[slot];
            empty = slot;
        }
    }
    watchdog->sources[empty].count = 0;
}

/* Registry */

void ward_http_registry_add(struct ward_http_connection *connection)
{
    struct ward_http_watchdog *watchdog = &connection->server->watchdog;
    pthread_mutex_lock(&watchdog->lock);
    connection->next = watchdog->first;
    if (watchdog->first) {
        watchdog->first->previous = connection;
    }
    watchdog->first = connection;
    if (connection->has_source) {
        struct ward_http_source *source = find_source(watchdog, &connection->source);
        source->address = connection->source;
        source->count++;
    }
    pthread_mutex_unlock(&watchdog->lock);
    atomic_fetch_add(&connection->server->connections_open, 1);
}

void ward_http_registry_remove(struct ward_http_connection *connection)
{
    struct ward_http_watchdog *watchdog = &connection->server->watchdog;
    pthread_mutex_lock(&watchdog->lock);
    if (connection->next) {
        connection->next->previous = connection->previous;
    }
    if (connection->previous) {
        connection->previous->next = connection->next;
    } else {
        watchdog->first = connection->next;
    }
    struct ward_http_source *source = connection->has_source ? find_source(watchdog, &connection->source) : NULL;
    if (source && --source->count == 0) {
        forget_source(watchdog, source);
    }
    pthread_mutex_unlock(&watchdog->lock);
    atomic_fetch_sub(&connection->server->connections_open, 1);
}

void ward_http_brought_add(struct ward_http_connection *connection)
{
    struct ward_http_watchdog *watchdog = &connection->server->watchdog;
    /* One whose socket the library closed without a word leaves its object behind, until its number comes again. */
    ward_free(ward_http_brought_take(connection->server, connection->fd));
    pthread_mutex_lock(&watchdog->lock);
    connection->next = watchdog->brought;
    watchdog->brought = connection;
    pthread_mutex_unlock(&watchdog->lock);
}

struct ward_http_connection *ward_http_brought_take(struct ward_http_server *server, int fd)
{
    struct ward_http_watchdog *watchdog = &server->watchdog;
    pthread_mutex_lock(&watchdog->lock);
    struct ward_http_connection **at = &watchdog->brought;
    while (*at && (*at)->fd != fd) {
        at = &(*at)->next;
    }
    struct ward_http_connection *found = *at;
    if (found) {
        *at = found->next;
        found->next = found->previous = NULL;
    }
    pthread_mutex_unlock(&watchdog->lock);
    return found;
}

void ward_http_brought_free(struct ward_http_server *server)
{
    while (server->watchdog.brought) {
        ward_free(ward_http_brought_take(server, server->watchdog.brought->fd));
    }
}

bool ward_http_registry_is_full(struct ward_http_server *server, const struct in6_addr *source)
{
    if (atomic_load(&server->connections_open) >= server->options.connections_max) {
        return true;
    }
    if (!source) {
        return false;
    }
    struct ward_http_watchdog *watchdog = &server->watchdog;
    pthread_mutex_lock(&watchdog->lock);
    bool is_full = find_source(watchdog, source)->count >= server->options.connections_per_source_max;
    pthread_mutex_unlock(&watchdog->lock);
    return is_full;
}

bool ward_http_registry_drain(struct ward_http_server *server)
{
    struct ward_http_watchdog *watchdog = &server->watchdog;
    bool is_quiet = true;
    pthread_mutex_lock(&watchdog->lock);
    for (struct ward_http_connection *connection = watchdog->first; connection; connection = connection->next) {
        int phase = atomic_load_explicit(&connection->phase, memory_order_acquire);
        if (phase == WARD_HTTP_IDLE || phase == WARD_HTTP_HEAD) {
            (void)shutdown(connection->fd, SHUT_RDWR);
        } else {
            is_quiet = false;
        }
    }
    pthread_mutex_unlock(&watchdog->lock);
    return is_quiet;
}

/* Lingering: a socket that is closed with unread bytes sends a reset, and the peer may never see the answer. */

void ward_http_linger(struct ward_http_connection *connection)
{
    struct ward_http_watchdog *watchdog = &connection->server->watchdog;
    pthread_mutex_lock(&watchdog->lock);
    if (watchdog->lingering_count < WARD_HTTP_LINGER_MAX && !atomic_load(&watchdog->is_stopping)) {
        int fd = fcntl(connection->fd, F_DUPFD_CLOEXEC, 0);
        if (fd >= 0) {
            watchdog->lingering[watchdog->lingering_count].fd = fd;
            watchdog->lingering[watchdog->lingering_count].until_ms = ward_boot_ms() + LINGER_MS;
            watchdog->lingering_count++;
        }
    }
    pthread_mutex_unlock(&watchdog->lock);
}

/* Throw away what has arrived; true when the peer has nothing more to say. */
static bool drain_socket(int fd)
{
    char waste[4096];
    ssize_t size;
    (void)shutdown(fd, SHUT_WR);
    int rounds = 0;
    do {
        size = recv(fd, waste, sizeof(waste), MSG_DONTWAIT);
    } while (size > 0 && ++rounds < DRAIN_ROUNDS);
    return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
}

static void look_at_lingering(struct ward_http_watchdog *watchdog, int64_t now_ms)
{
    for (size_t i = 0; i < watchdog->lingering_count;) {
        int fd = watchdog->lingering[i].fd;
        if (drain_socket(fd) || now_ms >= watchdog->lingering[i].until_ms || atomic_load(&watchdog->is_stopping)) {
            (void)close(fd);
            watchdog->lingering[i] = watchdog->lingering[--watchdog->lingering_count];
        } else {
            i++;
        }
    }
}

/* The rounds */

static void close_late(struct ward_http_server *server, struct ward_http_connection *connection, int64_t now_ms)
{
    int64_t deadline_ms = atomic_load_explicit(&connection->deadline_ms, memory_order_relaxed);
    if (deadline_ms == 0 || now_ms < deadline_ms) {
        return;
    }
    /* A deadline that has just been replaced is another phase's: leave that alone. */
    if (!atomic_compare_exchange_strong(&connection->deadline_ms, &deadline_ms, 0)) {
        return;
    }
    atomic_fetch_add(&server->timed_out, 1); /* first: who sees the closed connection finds it counted */
    (void)shutdown(connection->fd, SHUT_RDWR);
}

static void look_around(struct ward_http_server *server)
{
    int64_t now_ms = ward_boot_ms();
    for (struct ward_http_connection *c = server->watchdog.first; c; c = c->next) {
        close_late(server, c, now_ms);
    }
    look_at_lingering(&server->watchdog, now_ms);
}

static void *watch(void *argument)
{
    struct ward_http_server *server = argument;
    struct ward_http_watchdog *watchdog = &server->watchdog;
    while (!atomic_load(&watchdog->is_stopping)) {
        struct pollfd wake = { .fd = watchdog->wake_fd, .events = POLLIN };
        (void)poll(&wake, 1, TICK_MS);
        pthread_mutex_lock(&watchdog->lock);
        look_around(server);
        pthread_mutex_unlock(&watchdog->lock);
    }
    return NULL;
}

void ward_http_watchdog_init(struct ward_http_watchdog *watchdog)
{
    pthread_mutex_init(&watchdog->lock, NULL);
    watchdog->wake_fd = -1;
}

enum ward_status ward_http_watchdog_start(struct ward_http_server *server)
{
    struct ward_http_watchdog *watchdog = &server->watchdog;
    watchdog->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    watchdog->source_slots = 16;
    while (watchdog->source_slots < 2 * (server->options.connections_max + CONNECTIONS_SLACK)) {
        watchdog->source_slots *= 2;
    }
    watchdog->sources = ward_alloc(watchdog->source_slots * sizeof(*watchdog->sources));
    if (!watchdog->sources || watchdog->wake_fd < 0) {
        return WARD_NO_MEMORY;
    }
    watchdog->is_running = pthread_create(&watchdog->thread, NULL, watch, server) == 0;
    return watchdog->is_running ? WARD_OK : WARD_UNAVAILABLE;
}

void ward_http_watchdog_stop(struct ward_http_watchdog *watchdog)
{
    atomic_store(&watchdog->is_stopping, true);
    if (watchdog->is_running) {
        (void)eventfd_write(watchdog->wake_fd, 1);
        pthread_join(watchdog->thread, NULL);
    }
    pthread_mutex_lock(&watchdog->lock);
    look_at_lingering(watchdog, 0);
    pthread_mutex_unlock(&watchdog->lock);
    if (watchdog->wake_fd >= 0) {
        (void)close(watchdog->wake_fd);
    }
    ward_free(watchdog->sources);
    pthread_mutex_destroy(&watchdog->lock);
}
