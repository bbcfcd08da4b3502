/* Requests from their first to their last byte, over real sockets. */
#include "harness.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: test\r\n"

static struct harness server;

static int start(void **state)
{
    (void)state;
    struct ward_http_options options = harness_options();
    harness_start(&server, &options);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    harness_stop(&server);
    assert_int_equal(harness_threads(), 0);
    return 0;
}

static void answers_several_requests_on_one_connection(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(harness_ask(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n"), 200);
        assert_int_equal(harness_ask(fd, "GET /nothing/ HTTP/1.1\r\n" HOST "\r\n"), 204);
        assert_int_equal(harness_ask(fd, "GET /missing HTTP/1.1\r\n" HOST "\r\n"), 404);
    }
    close(fd);
    harness_wait_finished(15);
}

static void answers_pipelined_requests_in_order(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    struct harness_reply reply;
    harness_say(fd, "GET /p/first HTTP/1.1\r\n" HOST "\r\nGET /over HTTP/1.1\r\n" HOST "\r\n"
                    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nthird");
    harness_read(fd, &reply, false);
    assert_string_equal(reply.body, "first|||127.0.0.1");
    harness_reply_free(&reply);
    harness_read(fd, &reply, false);
    assert_string_equal(reply.body, "42");
    harness_reply_free(&reply);
    harness_read(fd, &reply, false);
    assert_string_equal(reply.body, "third");
    harness_reply_free(&reply);
    close(fd);
}

static void sends_the_common_headers(void **state)
{
    (void)state;
    static const char *const with_body[][2] = {
        { "Content-Type", "text/plain; charset=utf-8" },
        { "Content-Length", "5" },
        { "Cache-Control", "no-store" },
        { "X-Content-Type-Options", "nosniff" },
        { "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
        { "Referrer-Policy", "no-referrer" },
        { "X-Test", "yes" },
    };
    int fd = harness_connect(server.address);
    struct harness_reply reply;
    char value[512];
    char first_id[512];
    harness_say(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    harness_read(fd, &reply, false);
    for (size_t i = 0; i < sizeof(with_body) / sizeof(with_body[0]); i++) {
        assert_string_equal(harness_header(&reply, with_body[i][0], value), with_body[i][1]);
    }
    assert_int_equal(strlen(harness_header(&reply, "Request-Id", first_id)), WARD_REQUEST_ID_CHARS);
    assert_null(harness_header(&reply, "Server", value));
    harness_reply_free(&reply);
    harness_say(fd, "GET /nothing HTTP/1.1\r\n" HOST "\r\n");
    harness_read(fd, &reply, false);
    assert_string_equal(harness_header(&reply, "Cache-Control", value), "no-store");
    assert_string_not_equal(harness_header(&reply, "Request-Id", value), first_id);
    assert_null(harness_header(&reply, "Content-Type", value));
    harness_reply_free(&reply);
    close(fd);
}

static void answers_head_like_get_without_a_body(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    struct harness_reply reply;
    char value[512];
    harness_say(fd, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n");
    harness_read(fd, &reply, true);
    assert_int_equal(reply.status, 200);
    assert_string_equal(harness_header(&reply, "Content-Length", value), "5");
    assert_int_equal(harness_ask(fd, "GET /nothing HTTP/1.1\r\n" HOST "\r\n"), 204);
    close(fd);
}

static void reads_parameters_query_and_headers(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        int status;
        const char *body;
    } rows[] = {
        { "/p/plain", 200, "plain||1|127.0.0.1" },
        { "/p/a%20b%2Bc", 200, "a b+c||1|127.0.0.1" },
        { "/p/x?q=1+2%2B3&q=4", 200, "x|1 2+3|1|127.0.0.1" },
        { "/p/x?", 200, "x||1|127.0.0.1" },
        { "/p/x?0=a&1=b&q", 200, "x||1|127.0.0.1" },
        { "/p/x?%71=yes", 200, "x|yes|1|127.0.0.1" },
        { "/p/x?q=%zz", 400, "x||1|127.0.0.1" },
        { "/p/x?q=%00", 400, "x||1|127.0.0.1" },
        { "/p/x/", 200, "x||1|127.0.0.1" },
    };
    int fd = harness_connect(server.address);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[512];
        struct harness_reply reply;
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" HOST "X-One: \t 1 \t\r\nx-one: 2\r\n\r\n",
                 rows[i].target);
        harness_say(fd, request);
        harness_read(fd, &reply, false);
        assert_int_equal(reply.status, rows[i].status);
        assert_string_equal(reply.body, rows[i].body);
        harness_reply_free(&reply);
    }
    close(fd);
}

static void takes_bodies_inline_and_on_workers(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    int fd = harness_connect(server.address);
    char head[256];
    char *body = malloc(SIZE);
    assert_non_null(body);
    for (int i = 0; i < SIZE; i++) {
        body[i] = (char)('a' + i % 26);
    }
    for (int round = 0; round < 3; round++) {
        struct harness_reply reply;
        snprintf(head, sizeof(head), "POST /work HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", SIZE);
        harness_say(fd, head);
        harness_send(fd, body, SIZE);
        harness_read(fd, &reply, false);
        assert_int_equal(reply.status, 200);
        assert_int_equal(reply.body_size, SIZE);
        assert_memory_equal(reply.body, body, SIZE);
        harness_reply_free(&reply);
        assert_int_equal(harness_ask(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), 200);
    }
    free(body);
    close(fd);
}

static void takes_chunked_bodies_and_closes_behind_them(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    struct harness_reply reply;
    harness_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"
                    "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n");
    harness_read(fd, &reply, false);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "hello world");
    harness_reply_free(&reply);
    assert_true(harness_is_closed(fd));
    close(fd);
}

static void continues_when_asked(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    char interim[64] = "";
    harness_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_int_equal(recv(fd, interim, 25, MSG_WAITALL), 25);
    assert_string_equal(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(harness_ask(fd, "ok"), 200);
    close(fd);
}

static void refuses_large_bodies(void **state)
{
    (void)state;
    char text[512];
    int fd = harness_connect(server.address);
    /* Declared: at once, without waiting for it. */
    assert_int_equal(harness_ask(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n"), 413);
    assert_true(harness_is_closed(fd));
    close(fd);
    /* Counted. */
    fd = harness_connect(server.address);
    harness_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 6; i++) {
        snprintf(text, sizeof(text), "c8\r\n%0200d\r\n", i);
        harness_say(fd, text);
    }
    assert_int_equal(harness_ask(fd, "0\r\n\r\n"), 413);
    assert_true(harness_is_closed(fd));
    close(fd);
    /* The largest that is allowed. */
    fd = harness_connect(server.address);
    harness_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof(text), "%0200d", i);
        harness_say(fd, text);
    }
    snprintf(text, sizeof(text), "%0200d", 4);
    assert_int_equal(harness_ask(fd, text), 200);
    close(fd);
}

static void drops_small_bodies_that_nobody_wants(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, "POST /nothing HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"), 204);
    assert_int_equal(harness_ask(fd, "POST /missing HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"), 404);
    assert_int_equal(harness_ask(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n"), 200);
    assert_int_equal(harness_ask(fd, "POST /missing HTTP/1.1\r\n" HOST "Content-Length: 99999\r\n\r\n"), 404);
    assert_true(harness_is_closed(fd));
    close(fd);
}

static void never_sends_a_broken_reply(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    struct harness_reply reply;
    harness_say(fd, "GET /too-big HTTP/1.1\r\n" HOST "\r\n");
    harness_read(fd, &reply, false);
    assert_int_equal(reply.status, 500);
    assert_string_equal(reply.body, "refused: reply_too_large");
    harness_reply_free(&reply);
    assert_int_equal(harness_ask(fd, "GET /careless HTTP/1.1\r\n" HOST "\r\n"), 500);
    close(fd);
}

static void serves_http_1_0(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, "GET /hello HTTP/1.0\r\n\r\n"), 200);
    assert_true(harness_is_closed(fd));
    close(fd);
    fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 200);
    assert_int_equal(harness_ask(fd, "GET /hello HTTP/1.0\r\n\r\n"), 200);
    close(fd);
}

static void survives_clients_that_leave(void **state)
{
    (void)state;
    static const char *const halves[] = {
        "",
        "GE",
        "GET /hello HTTP/1.1\r\nHo",
        "POST /work HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nhalf",
        "GET /big HTTP/1.1\r\n" HOST "\r\n",
        "GET /over HTTP/1.1\r\n" HOST "\r\n",
    };
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
            int fd = harness_connect(server.address);
            harness_say(fd, halves[i]);
            close(fd);
        }
    }
    int fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n"), 200);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_several_requests_on_one_connection, start, stop),
        cmocka_unit_test_setup_teardown(answers_pipelined_requests_in_order, start, stop),
        cmocka_unit_test_setup_teardown(sends_the_common_headers, start, stop),
        cmocka_unit_test_setup_teardown(answers_head_like_get_without_a_body, start, stop),
        cmocka_unit_test_setup_teardown(reads_parameters_query_and_headers, start, stop),
        cmocka_unit_test_setup_teardown(takes_bodies_inline_and_on_workers, start, stop),
        cmocka_unit_test_setup_teardown(takes_chunked_bodies_and_closes_behind_them, start, stop),
        cmocka_unit_test_setup_teardown(continues_when_asked, start, stop),
        cmocka_unit_test_setup_teardown(refuses_large_bodies, start, stop),
        cmocka_unit_test_setup_teardown(drops_small_bodies_that_nobody_wants, start, stop),
        cmocka_unit_test_setup_teardown(never_sends_a_broken_reply, start, stop),
        cmocka_unit_test_setup_teardown(serves_http_1_0, start, stop),
        cmocka_unit_test_setup_teardown(survives_clients_that_leave, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
