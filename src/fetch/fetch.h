/*
 * Outgoing requests: one GET of a URL that somebody gave us, under every limit that keeps it from becoming a way into
 * our own network (server-side request forgery).
 *
 *   - http and https only, no user names, no redirects, no proxy of the environment, no cookies, no compression;
 *   - the address is judged when the socket is opened, so what was judged is what is connected to, whatever the name
 *     resolves to a moment later; addresses that are not of the public Internet are refused unless they are allowed;
 *   - time, size and status are bounded; TLS 1.2 at least, certificate and name checked, no way to switch that off.
 *
 * Source: security.md 1.4 attack 22; contracts/apinizer.md 8.1 (URL).
 */
#ifndef WARD_FETCH_FETCH_H
#define WARD_FETCH_FETCH_H

#include "base/address.h"
#include "base/buffer.h"

#define WARD_FETCH_URL_MAX     2048 /* bytes */
#define WARD_FETCH_ALLOWS_MAX  64
#define WARD_FETCH_CONNECT_MAX 30000   /* ms */
#define WARD_FETCH_READ_MAX    30000   /* ms */
#define WARD_FETCH_SIZE_MAX    1048576 /* bytes */

enum ward_fetch_problem {
    WARD_FETCH_NONE,
    WARD_FETCH_URL,      /* no URL, or too long */
    WARD_FETCH_SCHEME,   /* neither http nor https */
    WARD_FETCH_USER,     /* holds a user name or password */
    WARD_FETCH_ADDRESS,  /* every address of the host is one that is not allowed */
    WARD_FETCH_RESOLVE,  /* the host name has no address */
    WARD_FETCH_CONNECT,  /* no connection */
    WARD_FETCH_TIMEOUT,  /* took too long */
    WARD_FETCH_TLS,      /* no trusted TLS connection */
    WARD_FETCH_REDIRECT, /* answered with a redirect */
    WARD_FETCH_STATUS,   /* answered with another status than 200 */
    WARD_FETCH_SIZE,     /* larger than the limit */
    WARD_FETCH_ANSWER,   /* not an HTTP answer, or cut off */
    WARD_FETCH_PROBLEM_COUNT
};

/** Give the sentence of a problem, without a full stop. Holds nothing of the URL or the answer. */
const char *ward_fetch_problem_text(enum ward_fetch_problem problem);

/** What is allowed beyond the public Internet: a network, or a host by its name. */
struct ward_fetch_allow {
    struct ward_network network; /* bits 0..128, when host is absent */
    struct ward_span host;       /* compared without regard to case; borrowed */
};

/** Read an address, a network (CIDR) or a host name. False: none of them. ret->host borrows text. */
bool ward_fetch_allow_parse(struct ward_span text, struct ward_fetch_allow *ret);

/** True when an address is of the public Internet: not loopback, private, shared, link-local, multicast, reserved, for
 * documentation, or a form of IPv6 that carries an IPv4 address inside. Source: the registries of RFC 6890. */
bool ward_fetch_is_public(const struct ward_network *address);

/** Prepare the library; before threads. Again: nothing happens. */
enum ward_status ward_fetch_start(void) WARD_MUST_USE;

struct ward_fetch {
    struct ward_span url;
    int64_t connect_timeout_ms, read_timeout_ms; /* 1.., cut to the limits above */
    int64_t size;                                /* bytes of the answer; cut to the limit above */
    const struct ward_fetch_allow *allows;
    size_t allow_count;
};

/**
 * Get a URL.
 *
 * Owns:    the answer is appended to ret.
 * Errors:  WARD_INVALID with *ret_problem: nothing was fetched; WARD_NO_MEMORY.
 * Time:    up to connect and read time-out together. Not on an event thread, not in a session of the store.
 * Threads: any.
 */
enum ward_status ward_fetch_get(const struct ward_fetch *fetch, struct ward_buffer *ret,
                                enum ward_fetch_problem *ret_problem) WARD_MUST_USE;

#endif
