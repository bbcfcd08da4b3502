/* What is fetched, and what is not: addresses as data, and a server on loopback that answers as each case says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fetch/fetch.h"

/* ---- addresses ---- */

static void addresses_of_the_public_internet_only(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool is_public;
    } rows[] = {
        { "8.8.8.8", true },
        { "1.1.1.1", true },
        { "193.0.6.139", true },
        { "223.255.255.255", true },
        { "2a00:1450:4001::1", true },
        { "2606:4700::1111", true },
        { "0.0.0.0", false },
        { "0.1.2.3", false },
        { "10.0.0.1", false },
        { "100.64.0.1", false },
        { "100.127.255.255", false },
        { "127.0.0.1", false },
        { "127.255.255.254", false },
        { "169.254.169.254", false },
        { "172.16.0.1", false },
        { "172.31.255.255", false },
        { "192.0.0.8", false },
        { "192.0.2.1", false },
        { "192.88.99.1", false },
        { "192.168.1.1", false },
        { "198.19.0.1", false },
        { "198.51.100.7", false },
        { "203.0.113.7", false },
        { "224.0.0.1", false },
        { "239.255.255.255", false },
        { "240.0.0.1", false },
        { "255.255.255.255", false },
        { "::", false },
        { "::1", false },
        { "::ffff:127.0.0.1", false },
        { "::ffff:8.8.8.8", true },
        { "::127.0.0.1", false },
        { "64:ff9b::7f00:1", false },
        { "100::1", false },
        { "2001::1", false },
        { "2001:db8::1", false },
        { "2002:7f00:1::", false },
        { "3fff::1", false },
        { "fc00::1", false },
        { "fd12::1", false },
        { "fe80::1", false },
        { "fec0::1", false },
        { "ff02::1", false },
        { "172.15.255.255", true },
        { "172.32.0.0", true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ward_network address;
        assert_true(ward_network_parse(ward_span_of(rows[i].address), &address));
        if (ward_fetch_is_public(&address) != rows[i].is_public)
            fail_msg("%s", rows[i].address);
    }
    struct ward_network network;
    assert_true(ward_network_parse(WARD_SPAN("8.8.8.0/24"), &network));
    assert_false(ward_fetch_is_public(&network));
}

static void what_may_be_allowed_is_a_network_or_a_host(void **state)
{
    (void)state;
    static const char *const good[] = { "127.0.0.1",     "10.0.0.0/8", "::1", "fd00::/8",
                                        "keys.internal", "localhost",  "a_b" };
    static const char *const bad[] = { "",    "10.0.0.0/33", "0x7f.1", "127.1",     "2130706433", "a/b",
                                       "a b", ".a",          "a.",     "user@host", "host:80",    "[::1]" };
    struct ward_fetch_allow allow;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        if (!ward_fetch_allow_parse(ward_span_of(good[i]), &allow))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (ward_fetch_allow_parse(ward_span_of(bad[i]), &allow))
            fail_msg("%s", bad[i]);
}

/* ---- a server ---- */

struct server {
    int listener;
    pthread_t thread;
    const char *answer;
    size_t extra;       /* bytes of 'x' behind it */
    bool stays_silent;  /* until it is told to end */
    char request[4096]; /* what it was asked */
    int accepted;
    unsigned port;
    int quit[2];
};

static void *serve(void *arg)
{
    struct server *server = arg;
    int connection = accept(server->listener, NULL, NULL);
    if (connection < 0)
        return NULL;
    server->accepted++;
    ssize_t size = read(connection, server->request, sizeof(server->request) - 1);
    server->request[size > 0 ? size : 0] = '\0';
    char byte;
    if (server->stays_silent)
        (void)!read(server->quit[0], &byte, 1);
    else {
        (void)!send(connection, server->answer, strlen(server->answer), MSG_NOSIGNAL);
        for (size_t i = 0; i < server->extra; i++)
            if (send(connection, "x", 1, MSG_NOSIGNAL) != 1)
                break;
    }
    close(connection);
    return NULL;
}

static void start(struct server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    assert_int_equal(0, pipe(server->quit));
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(0, bind(server->listener, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(server->listener, 4));
    assert_int_equal(0, getsockname(server->listener, (struct sockaddr *)&address, &size));
    server->port = ntohs(address.sin_port);
    assert_int_equal(0, pthread_create(&server->thread, NULL, serve, server));
}

static void stop(struct server *server)
{
    (void)!write(server->quit[1], "x", 1);
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    close(server->quit[0]);
    close(server->quit[1]);
}

struct asked {
    enum ward_status status;
    enum ward_fetch_problem problem;
    char body[4096];
};

static struct asked get(const char *url, const char *allowed, int64_t size, int64_t read_ms)
{
    struct asked asked = { .problem = WARD_FETCH_NONE };
    struct ward_fetch_allow allow = { 0 };
    WARD_BUFFER out = ward_buffer_new(1 << 20);
    ward_buffer_append_text(&out, "before:");
    if (allowed)
        assert_true(ward_fetch_allow_parse(ward_span_of(allowed), &allow));
    const struct ward_fetch fetch = { .url = ward_span_of(url),
                                      .connect_timeout_ms = 2000,
                                      .read_timeout_ms = read_ms,
                                      .size = size,
                                      .allows = &allow,
                                      .allow_count = allowed ? 1 : 0 };
    asked.status = ward_fetch_get(&fetch, &out, &asked.problem);
    snprintf(asked.body, sizeof(asked.body), "%.*s", (int)out.size, out.data);
    return asked;
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "

static void answers_are_taken_within_their_limits(void **state)
{
    (void)state;
    static const struct {
        const char *name, *answer;
        size_t extra;
        enum ward_fetch_problem problem;
        const char *body;
    } rows[] = {
        { "whole", OK_HEAD "4\r\n\r\nkeys", 0, WARD_FETCH_NONE, "before:keys" },
        { "as large as the limit", OK_HEAD "10\r\n\r\n0123456789", 0, WARD_FETCH_NONE, "before:0123456789" },
        { "larger than said", OK_HEAD "11\r\n\r\n0123456789a", 0, WARD_FETCH_SIZE, "before:" },
        { "larger without a length", "HTTP/1.1 200 OK\r\n\r\n", 5000, WARD_FETCH_SIZE, "before:" },
        { "cut off", OK_HEAD "9\r\n\r\nkeys", 0, WARD_FETCH_ANSWER, "before:" },
        { "redirect", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 0,
          WARD_FETCH_REDIRECT, "before:" },
        { "not found", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 0, WARD_FETCH_STATUS, "before:" },
        { "no content", "HTTP/1.1 204 No Content\r\n\r\n", 0, WARD_FETCH_STATUS, "before:" },
        { "no HTTP", "keys keys keys", 0, WARD_FETCH_ANSWER, "before:" },
        { "nothing", "", 0, WARD_FETCH_ANSWER, "before:" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct server server = { .answer = rows[i].answer, .extra = rows[i].extra };
        char url[64];
        start(&server);
        snprintf(url, sizeof(url), "http://127.0.0.1:%u/jwks.json?a=b", server.port);
        struct asked asked = get(url, "127.0.0.0/8", 10, 2000);
        stop(&server);
        if (asked.problem != rows[i].problem || strcmp(asked.body, rows[i].body) != 0)
            fail_msg("%s: %s, %s", rows[i].name, ward_fetch_problem_text(asked.problem), asked.body);
        assert_int_equal(asked.problem == WARD_FETCH_NONE ? WARD_OK : WARD_INVALID, asked.status);
        assert_non_null(strstr(server.request, "GET /jwks.json?a=b HTTP/1.1\r\n"));
        assert_null(strstr(server.request, "Accept-Encoding"));
    }
}

static void a_silent_server_takes_no_longer_than_it_may(void **state)
{
    (void)state;
    struct server server = { .stays_silent = true };
    char url[64];
    start(&server);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", server.port);
    struct asked asked = get(url, "127.0.0.1", 10, 1);
    stop(&server);
    assert_int_equal(WARD_FETCH_TIMEOUT, asked.problem);
}

/* Every spelling of our own host is refused, and nothing connects. */
static void nothing_connects_where_it_may_not(void **state)
{
    (void)state;
    static const char *const hosts[] = { "127.0.0.1",       "localhost",  "127.1",      "2130706433",
                                         "0x7f000001",      "0177.0.0.1", "[::1]",      "[::ffff:127.0.0.1]",
                                         "[::ffff:7f00:1]", "0.0.0.0",    "127.0.0.1.", "0" };
    struct server server = { .answer = OK_HEAD "4\r\n\r\nkeys" };
    start(&server);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        char url[96];
        snprintf(url, sizeof(url), "http://%s:%u/", hosts[i], server.port);
        struct asked asked = get(url, "10.0.0.0/8", 10, 2000);
        assert_int_equal(WARD_INVALID, asked.status);
        if (asked.problem != WARD_FETCH_ADDRESS && asked.problem != WARD_FETCH_RESOLVE &&
            asked.problem != WARD_FETCH_URL)
            fail_msg("%s: %s", hosts[i], ward_fetch_problem_text(asked.problem));
        assert_string_equal("before:", asked.body);
    }
    stop(&server);
    assert_int_equal(0, server.accepted);
}

static void a_host_may_be_allowed_by_name(void **state)
{
    (void)state;
    struct server server = { .answer = OK_HEAD "4\r\n\r\nkeys" };
    char url[64];
    start(&server);
    snprintf(url, sizeof(url), "http://LocalHost:%u/", server.port);
    struct asked asked = get(url, "localhost", 10, 2000);
    stop(&server);
    assert_int_equal(WARD_FETCH_NONE, asked.problem);
    assert_string_equal("before:keys", asked.body);
}

static void the_environments_proxy_is_not_obeyed(void **state)
{
    (void)state;
    struct server server = { .answer = OK_HEAD "4\r\n\r\nkeys" };
    char url[64];
    start(&server);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", server.port);
    setenv("http_proxy", url, 1);
    setenv("all_proxy", url, 1);
    struct asked asked = get("http://127.0.0.2:9/", "127.0.0.2", 10, 2000);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    stop(&server);
    assert_int_equal(WARD_FETCH_CONNECT, asked.problem);
    assert_int_equal(0, server.accepted);
}

static void urls_that_are_not_fetched(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum ward_fetch_problem problem;
    } rows[] = {
        { "", WARD_FETCH_URL },
        { "not a url", WARD_FETCH_URL },
        { "http://", WARD_FETCH_URL },
        { "http://h\xc3\xa4.example/", WARD_FETCH_URL },
        { "http://a.example/\r\nHost: b", WARD_FETCH_URL },
        { "file:///etc/passwd", WARD_FETCH_SCHEME },
        { "gopher://127.0.0.1/", WARD_FETCH_SCHEME },
        { "ftp://a.example/", WARD_FETCH_SCHEME },
        { "dict://127.0.0.1:11211/", WARD_FETCH_SCHEME },
        { "http://user:word@127.0.0.1/", WARD_FETCH_USER },
        { "https://user@127.0.0.1/", WARD_FETCH_USER },
        { "http://169.254.169.254/latest/meta-data/", WARD_FETCH_ADDRESS },
        { "http://[fd00:ec2::254]/", WARD_FETCH_ADDRESS },
        { "http://no-such-host.invalid/", WARD_FETCH_RESOLVE },
    };
    char longer[WARD_FETCH_URL_MAX + 2];
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    memcpy(longer, "http://", 7);
    assert_int_equal(WARD_FETCH_URL, get(longer, NULL, 10, 100).problem);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct asked asked = get(rows[i].url, NULL, 10, 2000);
        assert_int_equal(WARD_INVALID, asked.status);
        if (asked.problem != rows[i].problem)
            fail_msg("%s: %s", rows[i].url, ward_fetch_problem_text(asked.problem));
    }
}

static void an_untrusted_certificate_is_no_connection(void **state)
{
    (void)state;
    struct server server = { .answer = "HTTP/1.1 400 Bad Request\r\n\r\n" }; /* speaks no TLS at all */
    char url[64];
    start(&server);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/", server.port);
    struct asked asked = get(url, "127.0.0.1", 10, 2000);
    stop(&server);
    assert_int_equal(WARD_FETCH_TLS, asked.problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_the_public_internet_only),
        cmocka_unit_test(what_may_be_allowed_is_a_network_or_a_host),
        cmocka_unit_test(answers_are_taken_within_their_limits),
        cmocka_unit_test(a_silent_server_takes_no_longer_than_it_may),
        cmocka_unit_test(nothing_connects_where_it_may_not),
        cmocka_unit_test(a_host_may_be_allowed_by_name),
        cmocka_unit_test(the_environments_proxy_is_not_obeyed),
        cmocka_unit_test(urls_that_are_not_fetched),
        cmocka_unit_test(an_untrusted_certificate_is_no_connection),
    };
    if (ward_fetch_start() != WARD_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
