/* A server on a free port of the loopback, a clock that tests move, and raw sockets that speak to it. */
#ifndef WARD_TEST_HTTP_HARNESS_H
#define WARD_TEST_HTTP_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/seam.h"
#include "http/http.h"

struct harness {
    struct ward_http_server *server;
    char address[128]; /* of the first listener */
};

/** Fill in the test surfaces and short names; a test changes what it is about and calls harness_start. */
struct ward_http_options harness_options(void);

/** Start on 127.0.0.1:0 unless the options say otherwise. */
void harness_start(struct harness *harness, const struct ward_http_options *options);
void harness_stop(struct harness *harness);

/** Move the clock that deadlines are measured on. */
void harness_advance_ms(int64_t ms);
void harness_use_clock(void);

/** Let requests of /gate and /hold (which keeps its event thread) through, and wait until so many stand before it. */
void harness_open_gate(void);
void harness_close_gate(void);
void harness_wait_at_gate(int count);

/** Wait until so many requests of /park are parked, and answer all that are, in one row. */
void harness_wait_parked(int count);
void harness_give_parked(void);

/** Requests that finished() was told of, and what it saw last. */
int harness_finished(void);
int harness_finished_status(void);
void harness_wait_finished(int count);
int harness_threads(void); /* thread_start minus thread_stop */

int harness_connect(const char *address); /* "127.0.0.1:PORT" or "unix:PATH" */
void harness_send(int fd, const char *bytes, size_t size);
void harness_say(int fd, const char *text);

struct harness_reply {
    int status; /* 0: closed without an answer */
    char head[8192];
    char *body; /* to be freed by harness_reply_free */
    size_t body_size;
};

/** Read one reply; of a HEAD request without its body. */
void harness_read(int fd, struct harness_reply *reply, bool is_head);
void harness_reply_free(struct harness_reply *reply);
const char *harness_header(const struct harness_reply *reply, const char *name, char value[512]);

/** Say text, read one reply, and answer its status. */
int harness_ask(int fd, const char *text);

/** True when the peer has closed: nothing more comes. Waits for it. */
bool harness_is_closed(int fd);

#endif
