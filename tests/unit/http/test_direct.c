/*
 * The direct path beside the library's: the same answers, and nothing lost where a connection goes from one to the
 * other. Which of the two took a request is counted, not guessed.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/internal.h"

#define HOST  "Host: test\r\n"
#define HELLO "GET /hello HTTP/1.1\r\n" HOST "\r\n"

enum { SECOND_MS = 1000 };

static struct harness server;

static int start_with(size_t event_threads)
{
    struct ward_http_options options = harness_options();
    options.event_threads = event_threads;
    options.head_s = 10;
    options.idle_s = 100;
    harness_start(&server, &options);
    return 0;
}

static int start(void **state)
{
    (void)state;
    return start_with(1);
}

static int stop(void **state)
{
    (void)state;
    harness_open_gate();
    harness_stop(&server);
    assert_int_equal(harness_threads(), 0);
    return 0;
}

static uint64_t direct_requests(void)
{
    return ward_http_direct_requests(server.server);
}

static size_t with_library(void)
{
    struct ward_http_watchdog *watchdog = &server.server->watchdog;
    size_t count = 0;
    pthread_mutex_lock(&watchdog->lock);
    for (struct ward_http_connection *connection = watchdog->first; connection; connection = connection->next) {
        count += connection->direct == NULL;
    }
    pthread_mutex_unlock(&watchdog->lock);
    return count;
}

static void wait_with_library(size_t count)
{
    for (int i = 0; i < 20000 && with_library() != count; i++) {
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(with_library(), count);
}

static void wait_accepted(uint64_t count)
{
    while (atomic_load(&server.server->connections) < count) {
        (void)poll(NULL, 0, 1);
    }
}

/* The same answers. */

static const struct {
    const char *name;
    const char *bytes;
    int status;
    bool closes;
} plain[] = {
    { "a body", HELLO, 200, false },
    { "no body", "GET /nothing HTTP/1.1\r\n" HOST "\r\n", 204, false },
    { "a trailing slash", "GET /nothing/ HTTP/1.1\r\n" HOST "\r\n", 204, false },
    { "what was sent", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nfirst", 200, false },
    { "an empty body", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200, false },
    { "a body that is dropped", "POST /nothing HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 204, false },
    { "parameters and fields", "GET /p/a%20b?q=1+2 HTTP/1.1\r\n" HOST "x-ONE: \t x \t\r\n\r\n", 200, false },
    { "a worker", "POST /work HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 200, false },
    { "handed over", "GET /over HTTP/1.1\r\n" HOST "\r\n", 200, false },
    { "a reply that is too large", "GET /too-big HTTP/1.1\r\n" HOST "\r\n", 500, false },
    { "a handler that says nothing", "GET /careless HTTP/1.1\r\n" HOST "\r\n", 500, false },
    { "keep-alive", "GET /hello HTTP/1.1\r\n" HOST "Connection: keep-alive\r\n\r\n", 200, false },
    { "close", "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200, true },
    { "close of no body", "GET /nothing HTTP/1.1\r\n" HOST "connection: Close\r\n\r\n", 204, true },
    { "close of a worker", "GET /over HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200, true },
    { "close in a list", "GET /hello HTTP/1.1\r\n" HOST "Connection: keep-alive, close\r\n\r\n", 200, true },
};

/* The head with the values of Date and Request-Id made equal. */
static void blank_out(char *head, const char *name)
{
    char *at = strstr(head, name);
    for (at = at ? at + strlen(name) : NULL; at && *at != '\r'; at++) {
        *at = '-';
    }
}

static void read_comparable(int fd, struct harness_reply *ret)
{
    harness_read(fd, ret, false);
    blank_out(ret->head, "\r\nDate: ");
    blank_out(ret->head, "\r\nRequest-Id: ");
}

static void answers_as_the_library_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        struct harness_reply whole;
        struct harness_reply parts;
        uint64_t before = direct_requests();
        int fd = harness_connect(server.address);
        harness_say(fd, plain[i].bytes);
        read_comparable(fd, &whole);
        assert_int_equal(direct_requests(), before + 1);
        assert_int_equal(whole.status, plain[i].status);
        if (plain[i].closes) {
            assert_true(harness_is_closed(fd));
        } else {
            assert_int_equal(harness_ask(fd, HELLO), 200);
            assert_int_equal(direct_requests(), before + 2);
        }
        close(fd);
        wait_with_library(0);
        before = direct_requests();
        fd = harness_connect(server.address);
        harness_send(fd, plain[i].bytes, 1);
        wait_with_library(1);
        harness_say(fd, plain[i].bytes + 1);
        read_comparable(fd, &parts);
        assert_int_equal(direct_requests(), before);
        if (plain[i].closes) {
            assert_true(harness_is_closed(fd));
        }
        close(fd);
        wait_with_library(0);
        if (strcmp(whole.head, parts.head) != 0 || strcmp(whole.body, parts.body) != 0) {
            fail_msg("%s:\n%s%s\n%s%s", plain[i].name, whole.head, whole.body, parts.head, parts.body);
        }
        harness_reply_free(&whole);
        harness_reply_free(&parts);
    }
}

/* What is not plain. */

static void leaves_the_rest_to_the_library(void **state)
{
    (void)state;
    static char much[40000];
    snprintf(much, sizeof(much), "POST /work HTTP/1.1\r\n" HOST "Content-Length: 39000\r\n\r\n%039000d", 0);
    static const struct {
        const char *name;
        const char *bytes; /* NULL: much */
        int status;
    } rows[] = {
        { "HEAD", "HEAD /hello HTTP/1.1\r\n" HOST "\r\n", 200 },
        { "chunked", "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200 },
        { "HTTP/1.0", "GET /hello HTTP/1.0\r\n\r\n", 200 },
        { "another version", "GET /hello HTTP/2.0\r\n" HOST "\r\n", 505 },
        { "absolute form", "GET http://test/hello HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "asterisk form", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "an unknown method", "BREW /hello HTTP/1.1\r\n" HOST "\r\n", 501 },
        { "no route", "GET /missing HTTP/1.1\r\n" HOST "\r\n", 404 },
        { "no route for the method", "DELETE /hello HTTP/1.1\r\n" HOST "\r\n", 404 },
        { "another listener's route", "GET /control HTTP/1.1\r\n" HOST "\r\n", 404 },
        { "an empty line first", "\r\n" HELLO, 200 },
        { "no Host", "GET /hello HTTP/1.1\r\n\r\n", 400 },
        { "two Hosts", "GET /hello HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
        { "a lone LF", "GET /hello HTTP/1.1\n" HOST "\r\n", 400 },
        { "a bad escape", "GET /p/%zz HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "a body that is too large", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n", 413 },
        { "more than is looked at", NULL, 200 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct harness_reply reply;
        uint64_t before = direct_requests();
        int fd = harness_connect(server.address);
        assert_int_equal(harness_ask(fd, HELLO), 200); /* it begins here */
        harness_say(fd, rows[i].bytes ? rows[i].bytes : much);
        harness_read(fd, &reply, i == 0);
        if (reply.status != rows[i].status || direct_requests() != before + 1) {
            fail_msg("%s: %d", rows[i].name, reply.status);
        }
        harness_reply_free(&reply);
        close(fd);
    }
}

static void lets_a_body_come_later(void **state)
{
    (void)state;
    char interim[26] = "";
    int fd = harness_connect(server.address);
    harness_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n");
    wait_with_library(1);
    assert_int_equal(harness_ask(fd, "body"), 200);
    close(fd);
    wait_with_library(0);
    fd = harness_connect(server.address);
    harness_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    assert_int_equal(recv(fd, interim, 25, MSG_WAITALL), 25);
    assert_string_equal(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(harness_ask(fd, "body"), 200);
    close(fd);
    assert_int_equal(direct_requests(), 0);
}

static void hands_over_behind_answered_requests(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    struct harness_reply reply;
    harness_say(fd,
                HELLO "GET /over HTTP/1.1\r\n" HOST "\r\n" HELLO "GET /missing HTTP/1.1\r\n" HOST "\r\n" HELLO "GE");
    static const int statuses[] = { 200, 200, 200, 404, 200 };
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        harness_read(fd, &reply, false);
        assert_int_equal(reply.status, statuses[i]);
        harness_reply_free(&reply);
    }
    assert_int_equal(direct_requests(), 3);
    assert_int_equal(harness_ask(fd, "T /hello HTTP/1.1\r\n" HOST "\r\n"), 200);
    assert_int_equal(direct_requests(), 3);
    close(fd);
}

/* Connections. */

static void answers_who_has_closed_its_half(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int answers, status;
    } rows[] = {
        { HELLO, 1, 200 },
        { HELLO HELLO, 2, 200 },
        { "GET /over HTTP/1.1\r\n" HOST "\r\n" HELLO, 2, 200 },
        { "GET /big HTTP/1.1\r\n" HOST "\r\n", 1, 200 },
        { "GET /missing HTTP/1.1\r\n" HOST "\r\n", 1, 404 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = harness_connect(server.address);
        harness_say(fd, rows[i].bytes);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        for (int j = 0; j < rows[i].answers; j++) {
            struct harness_reply reply;
            harness_read(fd, &reply, false);
            assert_int_equal(reply.status, rows[i].status);
            harness_reply_free(&reply);
        }
        if (rows[i].status == 200) { /* the library may not notice until its deadline */
            assert_true(harness_is_closed(fd));
        }
        close(fd);
    }
}

static void survives_who_leaves_while_a_worker_answers(void **state)
{
    (void)state;
    harness_close_gate();
    for (int i = 0; i < 2; i++) {
        int fd = harness_connect(server.address);
        harness_say(fd, "GET /gate HTTP/1.1\r\n" HOST "\r\n" HELLO);
        harness_wait_at_gate(1);
        if (i == 1) { /* a reset this time */
            struct linger at_once = { .l_onoff = 1 };
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        }
        close(fd);
        harness_open_gate();
        harness_wait_at_gate(0);
        harness_close_gate();
    }
    int fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, HELLO), 200);
    close(fd);
}

static void closes_without_a_reset(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    struct harness_reply reply;
    char byte;
    harness_say(fd, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    for (int i = 0; i < 50; i++) {
        harness_say(fd, HELLO); /* that nobody answers any more */
    }
    harness_read(fd, &reply, false);
    assert_int_equal(reply.status, 200);
    harness_reply_free(&reply);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    harness_say(fd, HELLO);
    close(fd);
    /* Who never closes is closed. */
    fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, "GET /nothing HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), 204);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    harness_advance_ms(3 * SECOND_MS);
    for (int i = 0; i < 20000 && atomic_load(&server.server->connections_open) > 0; i++) {
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(atomic_load(&server.server->connections_open), 0);
    close(fd);
    assert_int_equal(direct_requests(), 2);
}

/* Pipelines. */

enum { PIPELINED = 1500, ECHOED = 900 };

static size_t pipelined_request(int number, char *text, size_t size)
{
    if (number % 10 == 9) { /* a worker's */
        return (size_t)snprintf(text, size, "POST /work HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n%0*d", ECHOED,
                                ECHOED, number);
    }
    return (size_t)snprintf(text, size, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n%0*d", ECHOED, ECHOED,
                            number);
}

static void *send_pipeline(void *argument)
{
    char text[2048];
    for (int i = 0; i < PIPELINED; i++) {
        harness_send(*(int *)argument, text, pipelined_request(i, text, sizeof(text)));
    }
    return NULL;
}

static void ask_pipelined(const char *address)
{
    int fd = harness_connect(address);
    pthread_t sender;
    assert_int_equal(pthread_create(&sender, NULL, send_pipeline, &fd), 0);
    (void)poll(NULL, 0, 200); /* nobody reads: the answers fill the socket, and wait */
    for (int i = 0; i < PIPELINED; i++) {
        struct harness_reply reply;
        harness_read(fd, &reply, false);
        assert_int_equal(reply.status, 200);
        assert_int_equal(reply.body_size, ECHOED);
        assert_int_equal(atoi(reply.body), i);
        harness_reply_free(&reply);
    }
    pthread_join(sender, NULL);
    close(fd);
}

static void keeps_the_order_of_a_pipeline_that_nobody_reads(void **state)
{
    (void)state;
    ask_pipelined(server.address);
}

static void keeps_it_on_a_unix_socket(void **state)
{
    (void)state;
    char directory[] = "/tmp/ward-http-XXXXXX";
    char address[128];
    assert_non_null(mkdtemp(directory));
    snprintf(address, sizeof(address), "unix:%s/ward", directory);
    const struct ward_http_listen listen = { .kind = WARD_LISTENER_UNIX, .address = address };
    struct ward_http_options options = harness_options();
    options.listens = &listen;
    harness_start(&server, &options);
    ask_pipelined(address);
    harness_stop(&server);
    assert_int_equal(rmdir(directory), 0);
}

static void reads_more_than_fits_at_once(void **state)
{
    (void)state;
    enum { COUNT = 40 }; /* of 1,000 bytes: more than is looked at in one turn, cut off in the middle of one */
    static char text[COUNT * 1024];
    char *at = text;
    for (int i = 0; i < COUNT; i++) {
        at += sprintf(at, "GET /p/%03d HTTP/1.1\r\n" HOST "A: %0960d\r\n\r\n", i, 0);
    }
    harness_close_gate(); /* so that all of it is there when the first is answered */
    int fd = harness_connect(server.address);
    harness_say(fd, "GET /gate HTTP/1.1\r\n" HOST "\r\n");
    harness_wait_at_gate(1);
    harness_send(fd, text, (size_t)(at - text));
    harness_open_gate();
    assert_int_equal(harness_ask(fd, ""), 200);
    for (int i = 0; i < COUNT; i++) {
        struct harness_reply reply;
        harness_read(fd, &reply, false);
        assert_int_equal(reply.status, 200);
        assert_int_equal(atoi(reply.body), i);
        harness_reply_free(&reply);
    }
    assert_int_equal(direct_requests(), COUNT + 1);
    close(fd);
}

/* A text with a connection's number in the place of "###". */
static void number(const char *text, int number, char ret[512])
{
    assert_true(strlen(text) < 512);
    memcpy(ret, text, strlen(text) + 1);
    char *mark = strstr(ret, "###");
    if (mark) {
        mark[0] = (char)('0' + number / 100 % 10);
        mark[1] = (char)('0' + number / 10 % 10);
        mark[2] = (char)('0' + number % 10);
    }
}

/* Many connections in one turn, of all kinds: they are taken in before the first is answered, and each gets its own. */
static void serves_many_in_one_turn(void **state)
{
    (void)state;
    enum { COUNT = 40, KINDS = 8 };
    static const struct {
        const char *text;
        const char *body; /* of the first answer, its end */
        int answers, status;
        bool closes;
    } kinds[KINDS] = {
        { "GET /ahead/### HTTP/1.1\r\n" HOST "\r\n", "|###", 1, 200, false },
        { "GET /p/### HTTP/1.1\r\n" HOST "\r\n", "###|||127.0.0.1", 1, 200, false },
        { "GET /over?### HTTP/1.1\r\n" HOST "\r\n", "42", 1, 200, false },
        { "GET /p/### HTTP/1.1\r\n" HOST "\r\n" HELLO, "###|||127.0.0.1", 2, 200, false },
        { "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\n###\r\n0\r\n\r\n", "###", 1, 200,
          true },
        { "GET /p/### HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "###|||127.0.0.1", 1, 200, true },
        { "GET /ahead/### HTTP/1.1\r\n" HOST "\r\nGET /over HTTP/1.1\r\n" HOST "\r\n" HELLO, "|###", 3, 200, false },
        { "GET /none/### HTTP/1.1\r\n" HOST "\r\n", "refused: no_route", 1, 404, false },
    };
    int holder = harness_connect(server.address), fds[COUNT], steps_max = 0;
    char text[512];
    for (int i = 0; i < COUNT; i++) {
        fds[i] = harness_connect(server.address);
        if (i % 3 > 0) { /* the others' first bytes are only looked at */
            assert_int_equal(harness_ask(fds[i], HELLO), 200);
        }
    }
    harness_close_gate();
    harness_say(holder, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    harness_wait_at_gate(1);
    for (int i = 0; i < COUNT; i++) {
        number(kinds[i % KINDS].text, i, text);
        harness_say(fds[i], text);
    }
    harness_open_gate();
    assert_int_equal(harness_ask(holder, ""), 200);
    for (int i = 0; i < COUNT; i++) {
        number(kinds[i % KINDS].body, i, text);
        for (int answer = 0; answer < kinds[i % KINDS].answers; answer++) {
            struct harness_reply reply;
            harness_read(fds[i], &reply, false);
            assert_int_equal(reply.status, kinds[i % KINDS].status);
            if (answer == 0) {
                bool has_steps = text[0] == '|';
                steps_max = has_steps && atoi(reply.body) > steps_max ? atoi(reply.body) : steps_max;
                assert_true(!has_steps || atoi(reply.body) > 0);
                assert_string_equal(reply.body + (has_steps ? 1 : 0), text);
            }
            harness_reply_free(&reply);
        }
        if (kinds[i % KINDS].closes) {
            assert_true(harness_is_closed(fds[i]));
        }
        close(fds[i]);
    }
    close(holder);
    assert_int_equal(steps_max, 3); /* who was first had all of its steps before it was served */
}

static void sends_a_large_answer_and_what_follows(void **state)
{
    (void)state;
    struct harness_reply reply;
    int fd = harness_connect(server.address);
    harness_say(fd, "GET /big HTTP/1.1\r\n" HOST "\r\n" HELLO);
    harness_read(fd, &reply, false);
    assert_int_equal(reply.body_size, 64 * 1024 * 1024);
    for (size_t i = 0; i < reply.body_size; i++) {
        if (reply.body[i] != 'x') {
            fail_msg("byte %zu", i);
        }
    }
    harness_reply_free(&reply);
    assert_int_equal(harness_ask(fd, ""), 200);
    assert_int_equal(direct_requests(), 2);
    close(fd);
}

/* Deadlines. */

static void gives_one_head_one_deadline(void **state)
{
    (void)state;
    int silent = harness_connect(server.address);
    int slow = harness_connect(server.address);
    wait_accepted(2);
    harness_advance_ms(8 * SECOND_MS);
    harness_say(slow, "G");
    wait_with_library(1);
    harness_advance_ms(3 * SECOND_MS); /* 11 of 10 seconds, the last three of them with the library */
    struct pollfd both[] = { { .fd = silent, .events = POLLIN }, { .fd = slow, .events = POLLIN } };
    for (size_t i = 0; i < 2; i++) { /* within a few rounds of the watchdog, not in another eight seconds */
        assert_int_equal(poll(&both[i], 1, 4000), 1);
        assert_true(harness_is_closed(both[i].fd));
    }
    close(silent);
    close(slow);
    /* Behind an answer another head begins. */
    int served = harness_connect(server.address);
    assert_int_equal(harness_ask(served, HELLO), 200);
    harness_advance_ms(50 * SECOND_MS);
    harness_say(served, "G");
    wait_with_library(1);
    harness_advance_ms(8 * SECOND_MS);
    assert_int_equal(harness_ask(served, "ET /hello HTTP/1.1\r\n" HOST "\r\n"), 200);
    close(served);
}

/* Descriptors and memory. */

static void waits_for_descriptors(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int warm = harness_connect(server.address);
    assert_int_equal(harness_ask(warm, HELLO), 200);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    assert_int_equal(getpeername(warm, (struct sockaddr *)&peer, &size), 0);
    int next = dup(fd); /* the lowest that is free */
    close(next);
    const struct rlimit none = { .rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&peer, size), 0);
    harness_say(fd, HELLO);
    struct pollfd answer = { .fd = fd, .events = POLLIN };
    assert_int_equal(poll(&answer, 1, 300), 0);
    assert_int_equal(harness_ask(warm, HELLO), 200);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    harness_advance_ms(SECOND_MS);
    assert_int_equal(poll(&answer, 1, 20000), 1);
    assert_int_equal(harness_ask(fd, ""), 200);
    close(fd);
    close(warm);
}

static atomic_int allocations_left;
/* A connection that was read outright goes on with what only the library does: through a relay. */
static void relays_what_comes_behind_plain_requests(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rest; /* sent apart */
        int status;
        bool closes;
    } rows[] = {
        { "HEAD /hello HTTP/1.1\r\n" HOST "\r\n", NULL, 200, false },
        { "GET /hel", "lo HTTP/1.1\r\n" HOST "\r\n", 200, false },
        { "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab", "cde", 200, false },
        { "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", NULL, 200, true },
        { "GET /none HTTP/1.1\r\n" HOST "\r\n", NULL, 404, false },
        { "GET /hello HTTP/1.1\r\n" HOST "A : b\r\n\r\n", NULL, 400, true },
        { "GET /hello HTTP/1.0\r\n\r\n", NULL, 200, true },
        { HELLO "HEAD /hello HTTP/1.1\r\n" HOST "\r\n", NULL, 200, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = harness_connect(server.address);
        assert_int_equal(harness_ask(fd, HELLO), 200);
        assert_int_equal(with_library(), 0);
        harness_say(fd, rows[i].text);
        if (rows[i].rest) {
            (void)poll(NULL, 0, 50);
            harness_say(fd, rows[i].rest);
        }
        struct harness_reply reply;
        bool is_behind = strncmp(rows[i].text, HELLO, strlen(HELLO)) == 0;
        if (is_behind) {
            harness_read(fd, &reply, false);
            assert_int_equal(reply.status, 200);
            harness_reply_free(&reply);
        }
        harness_read(fd, &reply, is_behind || rows[i].text[0] == 'H');
        assert_int_equal(reply.status, rows[i].status);
        harness_reply_free(&reply);
        assert_true(rows[i].closes ? harness_is_closed(fd) : harness_ask(fd, HELLO) == 200);
        close(fd);
        wait_with_library(0);
    }
}

/* A large answer, a client that leaves in its middle, and the library's deadline for an idle one. */
static void relays_end_with_either_side(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        int fd = harness_connect(server.address);
        assert_int_equal(harness_ask(fd, HELLO), 200);
        harness_say(fd, "GET /big HTTP/1.0\r\n\r\n");
        struct harness_reply reply;
        char byte;
        if (i == 0) {
            harness_read(fd, &reply, false);
            assert_int_equal(reply.status, 200);
            assert_int_equal(reply.body_size, 64 * 1024 * 1024);
            harness_reply_free(&reply);
            assert_true(harness_is_closed(fd));
        } else {
            assert_int_equal(read(fd, &byte, 1), 1);
        }
        close(fd);
        wait_with_library(0);
    }
    int finished = harness_finished();
    int fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, HELLO), 200);
    harness_say(fd, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n");
    struct harness_reply reply;
    harness_read(fd, &reply, true);
    harness_reply_free(&reply);
    wait_with_library(1);
    harness_wait_finished(finished + 2);
    (void)poll(NULL, 0, 20); /* told of it before the deadline is set */
    harness_advance_ms(101 * SECOND_MS);
    assert_true(harness_is_closed(fd));
    close(fd);
    wait_with_library(0);
}

static void *(*real_allocate)(size_t);

static void *count_down(size_t size)
{
    return atomic_fetch_sub(&allocations_left, 1) > 0 ? real_allocate(size) : NULL;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    static const char *const requests[] = {
        HELLO,
        "GET /p/a%20b HTTP/1.1\r\n" HOST "\r\n",
        "GET /over HTTP/1.1\r\n" HOST "\r\n",
        "POST /work HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
        "GET /nothing HTTP/1.1\r\n" HOST "\r\n" HELLO,
        "GET /missing HTTP/1.1\r\n" HOST "\r\n",
    };
    real_allocate = ward_seam.allocate;
    ward_seam.allocate = count_down;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        int good = i == 4 ? 204 : i == 5 ? 404 : 200;
        int status = 0;
        for (int limit = 0; limit < 100 && status != good; limit++) {
            struct harness_reply reply;
            atomic_store(&allocations_left, 1000000);
            start_with(1);
            atomic_store(&allocations_left, limit);
            int fd = harness_connect(server.address);
            harness_say(fd, requests[i]);
            harness_read(fd, &reply, false);
            status = reply.status;
            harness_reply_free(&reply);
            if (status != good && status != 503 && status != 0) {
                fail_msg("%s: %d after %d allocations", requests[i], status, limit);
            }
            atomic_store(&allocations_left, 1000000);
            int other = harness_connect(server.address);
            assert_int_equal(harness_ask(other, HELLO), 200);
            close(other);
            close(fd);
            harness_stop(&server);
            assert_int_equal(harness_threads(), 0);
        }
        assert_int_equal(status, good);
    }
    ward_seam.allocate = real_allocate;
}

static const char secret[] = "secret-of-this-test";
static atomic_int secrets_freed, blocks_freed;
static void (*real_release)(void *);

static void look_and_release(void *memory)
{
    if (memory) {
        atomic_fetch_add(&blocks_freed, 1);
        atomic_fetch_add(&secrets_freed,
                         memmem(memory, malloc_usable_size(memory), secret, sizeof(secret) - 1) != NULL);
    }
    real_release(memory);
}

static void wipes_what_was_sent(void **state)
{
    (void)state;
    static const struct {
        const char *before, *behind;
    } requests[] = {
        { "GET /hello HTTP/1.1\r\n" HOST "x-api-key: ", "\r\n\r\n" },
        { "GET /p/", " HTTP/1.1\r\n" HOST "\r\n" },
        { "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 19\r\n\r\n", "" },
        { "GET /over HTTP/1.1\r\n" HOST "x-api-key: ", "\r\n\r\n" },
        { "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "" },
    };
    real_release = ward_seam.release;
    ward_seam.release = look_and_release;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        char text[512];
        start_with(1);
        int fd = harness_connect(server.address);
        snprintf(text, sizeof(text), "%s%s%s", requests[i].before, secret, requests[i].behind);
        assert_int_equal(harness_ask(fd, text), 200);
        assert_int_equal(direct_requests(), 1);
        harness_stop(&server);
        close(fd);
        if (atomic_load(&secrets_freed) > 0) {
            fail_msg("left behind by %s", requests[i].before);
        }
    }
    ward_seam.release = real_release;
    assert_true(atomic_load(&blocks_freed) > 0);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(answers_as_the_library_does),
        CASE(leaves_the_rest_to_the_library),
        CASE(lets_a_body_come_later),
        CASE(hands_over_behind_answered_requests),
        CASE(answers_who_has_closed_its_half),
        CASE(survives_who_leaves_while_a_worker_answers),
        CASE(closes_without_a_reset),
        CASE(keeps_the_order_of_a_pipeline_that_nobody_reads),
        cmocka_unit_test(keeps_it_on_a_unix_socket),
        CASE(reads_more_than_fits_at_once),
        CASE(serves_many_in_one_turn),
        CASE(sends_a_large_answer_and_what_follows),
        CASE(relays_what_comes_behind_plain_requests),
        CASE(relays_end_with_either_side),
        CASE(gives_one_head_one_deadline),
        CASE(waits_for_descriptors),
        cmocka_unit_test(survives_every_failed_allocation),
        cmocka_unit_test(wipes_what_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
