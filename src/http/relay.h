/*
 * A relay carries the bytes of a client to the library and back. The library takes sockets, not bytes that were read
 * already: a connection of the direct path that comes with something for the library goes on through a pair of sockets.
 * Rare: a client seldom mixes plain requests with others.
 */
#ifndef WARD_HTTP_RELAY_H
#define WARD_HTTP_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/** The relays of one event thread. */
struct ward_http_relays {
    int epoll_fd;
    uint64_t tag; /* of their events */
    struct ward_http_relay *first;
    struct ward_http_relay *gone; /* to be freed when the turn is over */
};

/**
 * Take over a client's socket and make the one that the library gets instead.
 *
 * Shape:   ahead is what was read from the client and not answered.
 * Owns:    client_fd is taken in any case; the result belongs to the caller. -1: it cannot be had, the client is
 * closed.
 */
int ward_http_relay_start(struct ward_http_relays *relays, int client_fd, struct ward_span ahead);

/** Carry on at an event of an end. */
void ward_http_relay_event(struct ward_http_relays *relays, void *end, uint32_t events, int64_t now_ms);

/** Close those whose library's side has ended and whose client does not; free what is gone. Once a turn. */
void ward_http_relays_look(struct ward_http_relays *relays, int64_t now_ms);
void ward_http_relays_close(struct ward_http_relays *relays);

#endif
