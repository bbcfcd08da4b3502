/*
 * Two ends, each with the bytes that were read from it and not yet given to the other:
 *
 *   client ──[bytes]──► inner (a pair's one half; the library has the other)
 *   client ◄──[bytes]── inner
 *
 * An end is read only while it has no bytes waiting, so a side that does not read stops the other, and the library's
 * deadlines count as they do on a socket of its own. An end's end of file is handed on behind its bytes. When the
 * library has closed, the client gets what is left and LINGER_MS to close, too.
 */
#include "http/relay.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/seam.h"

enum { BYTES = 16 * 1024, LINGER_MS = 2000 };

struct end {
    struct ward_http_relay *relay;
    struct end *other;
    int fd;
    bool is_watched;
    bool is_over;      /* nothing more comes from it */
    bool is_told;      /* and the other end knows */
    size_t at, size;   /* what waits in bytes */
    char bytes[BYTES]; /* read from it */
};

struct ward_http_relay {
    struct ward_http_relay *next, *previous;
    int64_t until_ms; /* 0: no end in sight */
    struct end client, inner;
};

/* An end of which nothing is wanted leaves the set: its hang-up would be reported for ever. */
static bool watch(struct ward_http_relays *relays, struct end *end)
{
    bool reads = !end->is_over && end->size == 0;
    bool writes = end->other->size > 0;
    struct epoll_event event = { .events = (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u),
                                 .data.u64 = (uintptr_t)end | relays->tag };
    bool was_watched = end->is_watched;
    end->is_watched = event.events != 0;
    if (!was_watched && !end->is_watched) {
        return true;
    }
    int operation = !was_watched ? EPOLL_CTL_ADD : end->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
    return epoll_ctl(relays->epoll_fd, operation, end->fd, &event) == 0;
}

static void close_relay(struct ward_http_relays *relays, struct ward_http_relay *relay)
{
    if (relay->client.fd < 0) {
        return;
    }
    (void)close(relay->client.fd); /* nobody has a duplicate, so both leave the set */
    (void)close(relay->inner.fd);
    relay->client.fd = relay->inner.fd = -1;
    if (relay->next) {
        relay->next->previous = relay->previous;
    }
    if (relay->previous) {
        relay->previous->next = relay->next;
    } else {
        relays->first = relay->next;
    }
    relay->next = relays->gone; /* this turn may still have an event of its other end */
    relays->gone = relay;
}

/* Read once, where there is room. False: the end is broken. */
static bool read_end(struct end *end)
{
    ssize_t size = recv(end->fd, end->bytes, BYTES, 0);
    if (size > 0) {
        end->at = 0;
        end->size = (size_t)size;
        return true;
    }
    end->is_over = size == 0;
    return size == 0 || errno == EAGAIN || errno == EINTR;
}

/* Give the other end what was read. False: it does not take anything any more. */
static bool pass_on(struct end *from)
{
    while (from->size > 0) {
        ssize_t size = send(from->other->fd, from->bytes + from->at, from->size, MSG_NOSIGNAL);
        if (size < 0 && from->other->is_over) { /* closed: what its peer still says is dropped */
            from->size = 0;
        } else if (size < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (size < 0) {
            continue;
        }
        explicit_bzero(from->bytes + from->at, (size_t)size);
        from->at += (size_t)size;
        from->size -= (size_t)size;
    }
    if (from->is_over && !from->is_told) {
        from->is_told = true;
        (void)shutdown(from->other->fd, SHUT_WR);
    }
    return true;
}

int ward_http_relay_start(struct ward_http_relays *relays, int client_fd, struct ward_span ahead)
{
    int pair[2] = { -1, -1 };
    struct ward_http_relay *relay = ward_alloc(sizeof(*relay));
    bool is_made = relay && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0;
    if (is_made) {
        relay->client = (struct end){ .relay = relay, .other = &relay->inner, .fd = client_fd };
        relay->inner = (struct end){ .relay = relay, .other = &relay->client, .fd = pair[0] };
        /* a fresh pair holds more than a direct connection ever reads ahead */
        is_made = send(pair[0], ahead.data, ahead.size, MSG_NOSIGNAL) == (ssize_t)ahead.size &&
                  watch(relays, &relay->client) && watch(relays, &relay->inner);
    }
    if (!is_made) {
        if (pair[0] >= 0) {
            (void)close(pair[0]);
            (void)close(pair[1]);
        }
        (void)close(client_fd);
        ward_free(relay);
        return -1;
    }
    relay->next = relays->first;
    if (relays->first) {
        relays->first->previous = relay;
    }
    relays->first = relay;
    return pair[1];
}

void ward_http_relay_event(struct ward_http_relays *relays, void *object, uint32_t events, int64_t now_ms)
{
    struct end *end = object;
    struct ward_http_relay *relay = end->relay;
    if (end->fd < 0) {
        return; /* closed by the other end's event, in this turn */
    }
    bool is_readable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && end->size == 0 && !end->is_over;
    bool is_well = (!is_readable || read_end(end)) && pass_on(end) && pass_on(end->other);
    bool is_finished = relay->client.is_told && relay->inner.is_told;
    if (!is_well || is_finished || !watch(relays, end) || !watch(relays, end->other)) {
        close_relay(relays, relay);
    } else if (relay->inner.is_over && relay->until_ms == 0) {
        relay->until_ms = now_ms + LINGER_MS;
    }
}

void ward_http_relays_look(struct ward_http_relays *relays, int64_t now_ms)
{
    struct ward_http_relay *next;
    for (struct ward_http_relay *relay = relays->first; relay; relay = next) {
        next = relay->next;
        if (relay->until_ms != 0 && now_ms >= relay->until_ms) {
            close_relay(relays, relay);
        }
    }
    while (relays->gone) {
        struct ward_http_relay *relay = relays->gone;
        relays->gone = relay->next;
        explicit_bzero(relay, sizeof(*relay));
        ward_free(relay);
    }
}

void ward_http_relays_close(struct ward_http_relays *relays)
{
    while (relays->first) {
        close_relay(relays, relays->first);
    }
    ward_http_relays_look(relays, 0);
}
