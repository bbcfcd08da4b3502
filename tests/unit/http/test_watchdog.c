/* Deadlines: who is too slow is closed, and nobody else. The clock is moved, not waited for. */
#include "harness.h"

#include <stdlib.h>
#include <unistd.h>

#define HOST "Host: test\r\n"

enum { SECOND_MS = 1000 };

static struct harness server;

static int start(void **state)
{
    (void)state;
    struct ward_http_options options = harness_options();
    options.head_s = 1;
    options.body_s = 3;
    options.idle_s = 20;
    options.write_stall_s = 10;
    harness_start(&server, &options);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    harness_open_gate();
    harness_stop(&server);
    return 0;
}

static uint64_t timed_out(void)
{
    struct ward_http_counters counters;
    ward_http_server_counters(server.server, &counters);
    return counters.timed_out;
}

/* The server has accepted and read what came before this request. */
static int connect_served(void)
{
    int fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n"), 200);
    return fd;
}

static void wait_open(uint64_t connections)
{
    struct ward_http_counters counters = { 0 };
    while (counters.connections < connections) {
        usleep(1000);
        ward_http_server_counters(server.server, &counters);
    }
}

static void closes_a_slow_head(void **state)
{
    (void)state;
    int silent = harness_connect(server.address);
    int slow = harness_connect(server.address);
    harness_say(slow, "GET /hello HTTP/1.1\r\nHo");
    wait_open(2);
    harness_advance_ms(2 * SECOND_MS);
    assert_true(harness_is_closed(silent));
    assert_true(harness_is_closed(slow));
    assert_int_equal(timed_out(), 2);
    close(silent);
    close(slow);
}

static void closes_a_slow_second_head(void **state)
{
    (void)state;
    int fd = connect_served();
    int idle = connect_served();
    harness_say(fd, "GET /hello HTTP/1.1\r\nHo");
    usleep(100000); /* until the server has read the line; later is as good */
    harness_advance_ms(2 * SECOND_MS);
    assert_true(harness_is_closed(fd));
    assert_int_equal(harness_ask(idle, "GET /hello HTTP/1.1\r\n" HOST "\r\n"), 200);
    close(fd);
    close(idle);
}

static void closes_a_slow_body(void **state)
{
    (void)state;
    int fd = connect_served();
    struct harness_reply reply;
    harness_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    char interim[25];
    assert_int_equal(read(fd, interim, sizeof(interim)), sizeof(interim));
    harness_say(fd, "slow");
    harness_advance_ms(2 * SECOND_MS);
    usleep(600000); /* two rounds of the watchdog, which must leave it alone */
    harness_say(fd, "ly");
    harness_advance_ms(2 * SECOND_MS);
    harness_read(fd, &reply, false);
    assert_int_equal(reply.status, 0);
    harness_wait_finished(2);
    assert_int_equal(harness_finished_status(), 0);
    close(fd);
}

static void closes_an_idle_connection(void **state)
{
    (void)state;
    int fd = connect_served();
    harness_advance_ms(19 * SECOND_MS);
    assert_int_equal(harness_ask(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n"), 200);
    harness_wait_finished(2);
    harness_advance_ms(21 * SECOND_MS);
    assert_true(harness_is_closed(fd));
    assert_int_equal(timed_out(), 1);
    close(fd);
}

static void closes_who_does_not_read(void **state)
{
    (void)state;
    int fd = connect_served();
    harness_say(fd, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    char byte;
    assert_int_equal(read(fd, &byte, 1), 1); /* it is being sent: 64 MiB, for which 1,024 s are allowed */
    harness_advance_ms(1000 * SECOND_MS);
    usleep(600000);
    assert_int_equal(timed_out(), 0);
    harness_advance_ms(100 * SECOND_MS);
    for (int i = 0; i < 100 && timed_out() == 0; i++) {
        usleep(50000); /* a round of the watchdog is 250 ms */
    }
    assert_int_equal(timed_out(), 1);
    close(fd);
}

static void waits_for_a_handler(void **state)
{
    (void)state;
    int fd = connect_served();
    harness_close_gate();
    harness_say(fd, "GET /gate HTTP/1.1\r\n" HOST "\r\n");
    harness_wait_at_gate(1);
    harness_advance_ms(3600 * SECOND_MS);
    usleep(600000);
    harness_open_gate();
    assert_int_equal(harness_ask(fd, ""), 200);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(closes_a_slow_head, start, stop),
        cmocka_unit_test_setup_teardown(closes_a_slow_second_head, start, stop),
        cmocka_unit_test_setup_teardown(closes_a_slow_body, start, stop),
        cmocka_unit_test_setup_teardown(closes_an_idle_connection, start, stop),
        cmocka_unit_test_setup_teardown(closes_who_does_not_read, start, stop),
        cmocka_unit_test_setup_teardown(waits_for_a_handler, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
