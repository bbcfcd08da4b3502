/* Listeners, limits, workers under load, TLS and the stop. */
#include "harness.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/internal.h"

#define HELLO    "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n"
#define ELLIPTIC "ec -pkeyopt ec_paramgen_curve:P-256"
#define GATE     "GET /gate HTTP/1.1\r\nHost: test\r\n\r\n"

static struct harness server;
static char directory[64];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/ward-http-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    char command[128];
    harness_open_gate();
    if (server.server) {
        harness_stop(&server);
    }
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    return system(command);
}

static void in_directory(char *text, size_t size, const char *prefix, const char *name)
{
    snprintf(text, size, "%s%s/%s", prefix, directory, name);
}

static void start_on(const char *address, enum ward_listener_kind kind)
{
    const struct ward_http_listen listen = { .kind = kind, .address = address };
    struct ward_http_options options = harness_options();
    options.listens = &listen;
    harness_start(&server, &options);
}

static enum ward_status try_start(const char *address, enum ward_listener_kind kind, char why[256])
{
    const struct ward_http_listen listen = { .kind = kind, .address = address };
    struct ward_http_options options = harness_options();
    struct ward_http_server *other = NULL;
    options.listens = &listen;
    enum ward_status status = ward_http_server_start(&options, &other, why);
    if (status == WARD_OK) {
        ward_http_server_stop(other, 0);
    }
    return status;
}

/* Listeners */

static void serves_unix_sockets(void **state)
{
    (void)state;
    char address[128];
    struct stat found;
    in_directory(address, sizeof(address), "unix:", "ward");
    start_on(address, WARD_LISTENER_UNIX);
    assert_string_equal(server.address, address);
    assert_int_equal(stat(address + 5, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0660);
    int fd = harness_connect(address);
    struct harness_reply reply;
    harness_say(fd, "GET /p/x HTTP/1.1\r\nHost: test\r\n\r\n");
    harness_read(fd, &reply, false);
    assert_string_equal(reply.body, "x|||unix");
    harness_reply_free(&reply);
    close(fd);
    harness_stop(&server);
    assert_int_equal(stat(address + 5, &found), -1);
}

static void keeps_the_control_socket_private(void **state)
{
    (void)state;
    char address[128];
    struct stat found;
    in_directory(address, sizeof(address), "unix:", "ward.sock");
    mode_t mask = umask(0);
    start_on(address, WARD_LISTENER_CONTROL);
    umask(mask);
    assert_int_equal(stat(address + 5, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    int fd = harness_connect(address);
    assert_int_equal(harness_ask(fd, "GET /control HTTP/1.1\r\nHost: test\r\n\r\n"), 200);
    close(fd);
}

static void hides_control_routes_from_tcp(void **state)
{
    (void)state;
    start_on("127.0.0.1:0", WARD_LISTENER_TCP);
    int fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, "GET /control HTTP/1.1\r\nHost: test\r\n\r\n"), 404);
    close(fd);
}

static void says_what_is_wrong_with_an_address(void **state)
{
    (void)state;
    char why[256];
    char plain_file[128];
    char plain_address[136];
    char sentence[256];
    in_directory(plain_file, sizeof(plain_file), "", "file");
    snprintf(plain_address, sizeof(plain_address), "unix:%s", plain_file);
    snprintf(sentence, sizeof(sentence), "cannot listen on %s: there is a file of that name which is not a socket",
             plain_address);
    FILE *file = fopen(plain_file, "w");
    assert_non_null(file);
    fclose(file);
    const struct {
        const char *address;
        enum ward_listener_kind kind;
        enum ward_status status;
        const char *why;
    } rows[] = {
        { "nonsense", WARD_LISTENER_TCP, WARD_INVALID,
          "cannot listen on nonsense: an address is written 127.0.0.1:8420, [::1]:8420 or unix:PATH" },
        { "127.0.0.1:65536", WARD_LISTENER_TCP, WARD_INVALID,
          "cannot listen on 127.0.0.1:65536: an address is written 127.0.0.1:8420, [::1]:8420 or unix:PATH" },
        { "::1:80", WARD_LISTENER_TCP, WARD_INVALID,
          "cannot listen on ::1:80: an address is written 127.0.0.1:8420, [::1]:8420 or unix:PATH" },
        { "192.0.2.1:80", WARD_LISTENER_TCP, WARD_INVALID,
          "cannot listen on 192.0.2.1:80: no network interface of this machine has that address" },
        { "127.0.0.1:0", WARD_LISTENER_CONTROL, WARD_INVALID,
          "cannot listen on 127.0.0.1:0: this listener must be a unix socket" },
        { "unix:", WARD_LISTENER_UNIX, WARD_INVALID,
          "cannot listen on unix:: the path of a unix socket has 1 to 107 bytes" },
        { plain_address, WARD_LISTENER_UNIX, WARD_INVALID, sentence },
        { "localhost:0", WARD_LISTENER_TCP, WARD_OK, "" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        why[0] = '\0';
        assert_int_equal(try_start(rows[i].address, rows[i].kind, why), rows[i].status);
        assert_string_equal(why, rows[i].why);
    }
}

static void says_that_an_address_is_in_use(void **state)
{
    (void)state;
    char why[256];
    char sentence[256];
    start_on("127.0.0.1:0", WARD_LISTENER_TCP);
    assert_int_equal(try_start(server.address, WARD_LISTENER_TCP, why), WARD_LOCKED);
    snprintf(sentence, sizeof(sentence),
             "cannot listen on %s: another program is using it; stop that one or choose another address with --listen",
             server.address);
    assert_string_equal(why, sentence);
    harness_stop(&server);
    char address[128];
    in_directory(address, sizeof(address), "unix:", "ward");
    start_on(address, WARD_LISTENER_UNIX);
    assert_int_equal(try_start(address, WARD_LISTENER_UNIX, why), WARD_LOCKED);
    int fd = harness_connect(address); /* and the running one still has its socket */
    assert_int_equal(harness_ask(fd, HELLO), 200);
    close(fd);
}

static void takes_over_the_socket_of_a_killed_server(void **state)
{
    (void)state;
    char address[128];
    in_directory(address, sizeof(address), "unix:", "ward");
    struct ward_http_listen listen = { .kind = WARD_LISTENER_UNIX, .address = address };
    struct ward_http_socket left = { 0 };
    char why[256];
    assert_int_equal(ward_http_socket_open(&listen, &left, why), WARD_OK);
    close(left.fd);
    start_on(address, WARD_LISTENER_UNIX);
    int fd = harness_connect(address);
    assert_int_equal(harness_ask(fd, HELLO), 200);
    close(fd);
}

static void serves_several_listeners(void **state)
{
    (void)state;
    char address[128];
    char text[128];
    in_directory(address, sizeof(address), "unix:", "ward");
    const struct ward_http_listen listens[] = {
        { .kind = WARD_LISTENER_TCP, .address = "127.0.0.1:0" },
        { .kind = WARD_LISTENER_UNIX, .address = address },
        { .kind = WARD_LISTENER_VERIFY, .address = "127.0.0.1:0" },
    };
    struct ward_http_options options = harness_options();
    options.listens = listens;
    options.listen_count = 3;
    harness_start(&server, &options);
    for (size_t i = 0; i < 3; i++) {
        ward_http_server_address(server.server, i, text);
        int fd = harness_connect(text);
        assert_int_equal(harness_ask(fd, HELLO), 200);
        close(fd);
    }
}

/* Limits */

static void keeps_the_connection_limit(void **state)
{
    (void)state;
    struct ward_http_options options = harness_options();
    options.connections_max = 3;
    harness_start(&server, &options);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = harness_connect(server.address);
        assert_int_equal(harness_ask(fds[i], HELLO), 200);
    }
    int fd = harness_connect(server.address);
    assert_true(harness_is_closed(fd));
    close(fd);
    struct ward_http_counters counters;
    ward_http_server_counters(server.server, &counters);
    assert_int_equal(counters.refused_connections, 1);
    assert_int_equal(counters.connections, 3);
    for (int i = 0; i < 3; i++) {
        close(fds[i]);
    }
    int status = 0;
    for (int i = 0; i < 1000 && status != 200; i++) { /* until it has noticed that they went */
        fd = harness_connect(server.address);
        status = harness_ask(fd, HELLO);
        close(fd);
    }
    assert_int_equal(status, 200);
}

static struct sockaddr_in from(unsigned number)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    address.sin_addr.s_addr = htonl(0x0a000000U + number);
    return address;
}

static void counts_connections_of_a_source(void **state)
{
    (void)state;
    enum { SOURCES = 150 };
    struct ward_http_options options = harness_options();
    options.connections_per_source_max = 2;
    options.connections_max = 100;
    harness_start(&server, &options);
    static struct ward_http_connection connections[SOURCES][2];
    struct in6_addr source;
    for (unsigned i = 0; i < SOURCES; i++) {
        struct sockaddr_in address = from(i);
        assert_true(ward_http_source_of((const struct sockaddr *)&address, &source));
        connections[i][0] = (struct ward_http_connection){ .server = server.server,
                                                           .source = source,
                                                           .has_source = true };
        connections[i][1] = connections[i][0];
        ward_http_registry_add(&connections[i][0]);
        if (i < 10) {
            ward_http_registry_add(&connections[i][1]);
        }
    }
    server.server->options.connections_max = 1000;
    for (unsigned i = 0; i < SOURCES; i++) {
        assert_int_equal(ward_http_registry_is_full(server.server, &connections[i][0].source), i < 10);
    }
    assert_false(ward_http_registry_is_full(server.server, NULL));
    for (unsigned i = 0; i < SOURCES; i++) {
        ward_http_registry_remove(&connections[i][0]);
        for (unsigned j = 0; j < 10; j++) { /* nobody else is forgotten with it */
            assert_int_equal(ward_http_registry_is_full(server.server, &connections[j][1].source), j > i);
        }
        if (i < 10) {
            ward_http_registry_remove(&connections[i][1]);
        }
    }
}

static void exempts_loopback_from_the_source_limit(void **state)
{
    (void)state;
    struct in6_addr source;
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };
    struct sockaddr_in v4_other = from(1);
    struct in6_addr other;
    assert_false(ward_http_source_of((const struct sockaddr *)&v4, &source));
    assert_false(ward_http_source_of((const struct sockaddr *)&v6, &source));
    assert_int_equal(inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr), 1);
    assert_false(ward_http_source_of((const struct sockaddr *)&mapped, &source));
    assert_int_equal(inet_pton(AF_INET6, "::ffff:10.0.0.1", &mapped.sin6_addr), 1);
    assert_true(ward_http_source_of((const struct sockaddr *)&mapped, &source));
    assert_true(ward_http_source_of((const struct sockaddr *)&v4_other, &other));
    assert_memory_equal(&source, &other, sizeof(source));
    assert_false(ward_http_source_of(NULL, &source));
}

/* Workers */

static void refuses_when_the_queue_is_full(void **state)
{
    (void)state;
    struct ward_http_options options = harness_options();
    options.workers = 1;
    harness_start(&server, &options);
    server.server->workers.queue_max = 1;
    harness_close_gate();
    int running = harness_connect(server.address);
    harness_say(running, GATE);
    harness_wait_at_gate(1);
    int waiting = harness_connect(server.address);
    harness_say(waiting, GATE);
    struct ward_http_counters counters = { 0 };
    while (counters.queue_depth < 1) {
        (void)poll(NULL, 0, 1);
        ward_http_server_counters(server.server, &counters);
    }
    int refused = harness_connect(server.address);
    struct harness_reply reply;
    char value[512];
    harness_say(refused, GATE);
    harness_read(refused, &reply, false);
    assert_int_equal(reply.status, 503);
    assert_string_equal(reply.body, "refused: queue_full");
    assert_string_equal(harness_header(&reply, "Retry-After", value), "1");
    harness_reply_free(&reply);
    assert_int_equal(harness_ask(refused, HELLO), 200); /* verification goes on, on the same connection */
    harness_open_gate();
    assert_int_equal(harness_ask(running, ""), 200);
    assert_int_equal(harness_ask(waiting, ""), 200);
    close(running);
    close(waiting);
    close(refused);
}

/* Stop */

static void *stop_server(void *argument)
{
    ward_http_server_stop(server.server, *(int *)argument);
    return NULL;
}

static void wait_until_draining(void)
{
    while (!atomic_load(&server.server->is_draining)) {
        (void)poll(NULL, 0, 1);
    }
}

static void finishes_what_runs_when_it_stops(void **state)
{
    (void)state;
    static int drain_ms = 20000;
    start_on("127.0.0.1:0", WARD_LISTENER_TCP);
    int idle = harness_connect(server.address);
    assert_int_equal(harness_ask(idle, HELLO), 200);
    harness_close_gate();
    int running = harness_connect(server.address);
    harness_say(running, GATE);
    harness_wait_at_gate(1);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_server, &drain_ms), 0);
    assert_true(harness_is_closed(idle)); /* idle connections are closed first */
    wait_until_draining();
    harness_open_gate();
    struct harness_reply reply;
    char value[512];
    harness_read(running, &reply, false);
    assert_int_equal(reply.status, 200);
    assert_string_equal(harness_header(&reply, "Connection", value), "close");
    harness_reply_free(&reply);
    pthread_join(stopper, NULL);
    server.server = NULL;
    assert_int_equal(harness_threads(), 0);
    assert_int_equal(harness_finished(), 2);
    close(idle);
    close(running);
}

static void refuses_what_waits_when_time_is_up(void **state)
{
    (void)state;
    static int drain_ms = 50;
    struct ward_http_options options = harness_options();
    options.workers = 1;
    harness_start(&server, &options);
    harness_close_gate();
    int running = harness_connect(server.address);
    harness_say(running, GATE);
    harness_wait_at_gate(1);
    int waiting = harness_connect(server.address);
    harness_say(waiting, GATE);
    while (ward_http_workers_depth(&server.server->workers) < 1) {
        (void)poll(NULL, 0, 1);
    }
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_server, &drain_ms), 0);
    while (!atomic_load(&server.server->is_cut_off)) {
        (void)poll(NULL, 0, 1);
    }
    harness_open_gate();
    assert_int_equal(harness_ask(running, ""), 200);
    assert_int_equal(harness_ask(waiting, ""), 503);
    pthread_join(stopper, NULL);
    server.server = NULL;
    close(running);
    close(waiting);
}

/* ---- requests that wait without a worker ---- */

static void say_park(int fd, const char *body)
{
    char text[256];
    snprintf(text, sizeof(text), "POST /park HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
             body);
    harness_say(fd, text);
}

/* More than there are workers, on two event threads, every other with the library: all are answered in one row, each
 * with its own body, and their connections go on. */
static void parks_more_than_it_has_workers(void **state)
{
    (void)state;
    start_on("127.0.0.1:0", WARD_LISTENER_TCP);
    enum { COUNT = 16 };
    int fds[COUNT];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            char body[16];
            fds[i] = round == 0 ? harness_connect(server.address) : fds[i];
            if (round == 0 && i % 2 == 1) { /* a head that is not whole: the library's from then on */
                harness_say(fds[i], "POST /park HT");
                (void)poll(NULL, 0, 5);
                harness_say(fds[i], "TP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nnow");
                struct harness_reply reply;
                harness_read(fds[i], &reply, false);
                assert_int_equal(reply.status, 200);
                harness_reply_free(&reply);
            }
            snprintf(body, sizeof(body), "number %d", i);
            say_park(fds[i], body);
        }
        harness_wait_parked(COUNT);
        harness_give_parked();
        for (int i = 0; i < COUNT; i++) {
            struct harness_reply reply;
            char body[16];
            snprintf(body, sizeof(body), "number %d", i);
            harness_read(fds[i], &reply, false);
            assert_int_equal(reply.status, 200);
            assert_memory_equal(reply.body, body, strlen(body));
            harness_reply_free(&reply);
        }
    }
    for (int i = 0; i < COUNT; i++) {
        close(fds[i]);
    }
}

static void begins_or_hands_over(void **state)
{
    (void)state;
    start_on("127.0.0.1:0", WARD_LISTENER_TCP);
    static const struct {
        const char *body;
        const char *answer;
    } rows[] = { { "now", "hello" }, { "over", "42" } };
    int fd = harness_connect(server.address);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct harness_reply reply;
        say_park(fd, rows[i].body);
        harness_read(fd, &reply, false);
        assert_int_equal(reply.status, 200);
        assert_int_equal(reply.body_size, strlen(rows[i].answer));
        assert_memory_equal(reply.body, rows[i].answer, reply.body_size);
        harness_reply_free(&reply);
    }
    static char large[4097 + 100]; /* a worker's, whatever it says */
    int size = snprintf(large, sizeof(large), "POST /park HTTP/1.1\r\nHost: test\r\nContent-Length: 4097\r\n\r\n");
    memset(large + size, 'x', 4097);
    assert_int_equal(harness_ask(fd, large), 200);
    close(fd);
}

static void *give_soon(void *argument)
{
    (void)argument;
    wait_until_draining();
    (void)poll(NULL, 0, 100); /* the drain of 50 ms is over then */
    harness_give_parked();
    return NULL;
}

static void stops_behind_what_is_parked(void **state)
{
    (void)state;
    start_on("127.0.0.1:0", WARD_LISTENER_TCP);
    pthread_t giver;
    int fd = harness_connect(server.address);
    say_park(fd, "the last one");
    harness_wait_parked(1);
    assert_int_equal(pthread_create(&giver, NULL, give_soon, NULL), 0);
    ward_http_server_stop(server.server, 50);
    server.server = NULL;
    pthread_join(giver, NULL);
    struct harness_reply reply;
    harness_read(fd, &reply, false);
    assert_int_equal(reply.status, 200);
    harness_reply_free(&reply);
    close(fd);
}

static void stops_under_load(void **state)
{
    (void)state;
    enum { CLIENTS = 20 };
    for (int round = 0; round < 10; round++) {
        start_on("127.0.0.1:0", WARD_LISTENER_TCP);
        int fds[CLIENTS];
        for (int i = 0; i < CLIENTS; i++) {
            fds[i] = harness_connect(server.address);
            harness_say(fds[i], i % 2 ? HELLO HELLO : "GET /over HTTP/1.1\r\nHost: test\r\n\r\n");
        }
        harness_stop(&server);
        assert_int_equal(harness_threads(), 0);
        for (int i = 0; i < CLIENTS; i++) {
            close(fds[i]);
        }
    }
}

/* TLS */

static void make_certificate(const char *name, const char *key_type)
{
    char command[512];
    snprintf(
        command, sizeof(command),
        "openssl req -x509 -newkey %s -nodes -days 2 -subj /CN=ward -keyout '%s/%s.key' -out '%s/%s.pem' 2>/dev/null",
        key_type, directory, name, directory, name);
    assert_int_equal(system(command), 0);
}

static void install(const char *name, const char *kind)
{
    char command[256];
    snprintf(command, sizeof(command), "cp '%s/%s.%s' '%s/used.%s' && chmod 600 '%s/used.%s'", directory, name, kind,
             directory, kind, directory, kind);
    assert_int_equal(system(command), 0);
}

static const char *certificate_path(void)
{
    static char path[96];
    in_directory(path, sizeof(path), "", "used.pem");
    return path;
}

static const char *key_path(void)
{
    static char path[96];
    in_directory(path, sizeof(path), "", "used.key");
    return path;
}

struct tls_answer {
    int status;
    char version[16];
    unsigned char certificate[32]; /* its fingerprint */
};

/* One request over TLS; version is a priority such as "+VERS-TLS1.2". */
static bool ask_tls(const char *version, struct tls_answer *ret)
{
    char priorities[128];
    char text[4096] = "";
    gnutls_session_t session;
    gnutls_certificate_credentials_t nobody;
    int fd = harness_connect(server.address);
    snprintf(priorities, sizeof(priorities), "NORMAL:-VERS-ALL:%s", version);
    assert_int_equal(gnutls_certificate_allocate_credentials(&nobody), 0);
    assert_int_equal(gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL), 0);
    assert_int_equal(gnutls_priority_set_direct(session, priorities, NULL), 0);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, nobody);
    gnutls_transport_set_int(session, fd);
    bool is_shaken = gnutls_handshake(session) == 0;
    if (is_shaken) {
        unsigned count = 0;
        size_t size = sizeof(ret->certificate);
        const gnutls_datum_t *peers = gnutls_certificate_get_peers(session, &count);
        assert_true(count > 0);
        assert_int_equal(gnutls_fingerprint(GNUTLS_DIG_SHA256, &peers[0], ret->certificate, &size), 0);
        snprintf(ret->version, sizeof(ret->version), "%s",
                 gnutls_protocol_get_name(gnutls_protocol_get_version(session)));
        assert_int_equal(gnutls_record_send(session, HELLO, sizeof(HELLO) - 1), sizeof(HELLO) - 1);
        assert_true(gnutls_record_recv(session, text, sizeof(text) - 1) > 0);
        assert_int_equal(sscanf(text, "HTTP/1.1 %d", &ret->status), 1);
    }
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(nobody);
    close(fd);
    return is_shaken;
}

static const struct ward_http_listen tls_listen = { .kind = WARD_LISTENER_TCP,
                                                    .address = "127.0.0.1:0",
                                                    .is_tls = true };

static struct ward_http_options tls_options(void)
{
    struct ward_http_options options = harness_options();
    options.listens = &tls_listen;
    options.certificate_path = certificate_path();
    options.private_key_path = key_path();
    return options;
}

static void serves_tls_and_swaps_the_certificate(void **state)
{
    (void)state;
    struct tls_answer first = { 0 };
    struct tls_answer second = { 0 };
    make_certificate("one", ELLIPTIC);
    make_certificate("two", ELLIPTIC);
    install("one", "pem");
    install("one", "key");
    struct ward_http_options options = tls_options();
    harness_start(&server, &options);
    assert_true(ask_tls("+VERS-TLS1.3:+VERS-TLS1.2", &first));
    assert_int_equal(first.status, 200);
    assert_string_equal(first.version, "TLS1.3");
    assert_true(ask_tls("+VERS-TLS1.2", &second));
    assert_string_equal(second.version, "TLS1.2");
    assert_memory_equal(first.certificate, second.certificate, 32);
    assert_false(ask_tls("+VERS-TLS1.1:+VERS-TLS1.0", &second));
    assert_false(ask_tls("+VERS-TLS1.2:-CIPHER-ALL:+AES-256-CBC:+AES-128-CBC", &second));
    assert_false(ask_tls("+VERS-TLS1.2:-KX-ALL:+RSA", &second));
    /* The key of another certificate: refused, and the old pair serves on. */
    install("two", "pem");
    assert_int_equal(ward_http_server_reload(server.server), WARD_INVALID);
    assert_non_null(strstr(ward_http_server_why(server.server), "the private key is not the one of this certificate"));
    assert_true(ask_tls("+VERS-TLS1.3", &second));
    assert_memory_equal(first.certificate, second.certificate, 32);
    install("two", "key");
    assert_int_equal(ward_http_server_reload(server.server), WARD_OK);
    assert_true(ask_tls("+VERS-TLS1.3", &second));
    assert_int_equal(second.status, 200);
    assert_memory_not_equal(first.certificate, second.certificate, 32);
}

static void says_what_is_wrong_with_a_certificate(void **state)
{
    (void)state;
    char why[256];
    struct ward_http_server *other = NULL;
    struct ward_http_options options = tls_options();
    assert_int_equal(ward_http_server_start(&options, &other, why), WARD_INVALID);
    assert_non_null(strstr(why, "used.pem: the file does not exist or cannot be reached"));
    make_certificate("one", ELLIPTIC);
    install("one", "pem");
    install("one", "key");
    assert_int_equal(chmod(key_path(), 0644), 0);
    assert_int_equal(ward_http_server_start(&options, &other, why), WARD_INVALID);
    assert_non_null(strstr(why, "a private key must be a regular file that only its owner may read"));
    assert_int_equal(chmod(key_path(), 0600), 0);
    options.certificate_path = key_path();
    assert_int_equal(ward_http_server_start(&options, &other, why), WARD_INVALID);
    assert_non_null(strstr(why, "it holds no PEM certificate chain"));
    options.certificate_path = options.private_key_path = certificate_path();
    assert_int_equal(ward_http_server_start(&options, &other, why), WARD_INVALID);
    assert_non_null(strstr(why, "it holds no PEM private key"));
    make_certificate("weak", "rsa:1024");
    install("weak", "pem");
    install("weak", "key");
    options.private_key_path = key_path();
    assert_int_equal(ward_http_server_start(&options, &other, why), WARD_INVALID);
    assert_non_null(strstr(why, "its RSA key is shorter than 2048 bits"));
    options.certificate_path = NULL;
    assert_int_equal(ward_http_server_start(&options, &other, why), WARD_INVALID);
    assert_string_equal(why, "a TLS listener needs a certificate and a private key");
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        CASE(serves_unix_sockets),
        CASE(keeps_the_control_socket_private),
        CASE(hides_control_routes_from_tcp),
        CASE(says_what_is_wrong_with_an_address),
        CASE(says_that_an_address_is_in_use),
        CASE(takes_over_the_socket_of_a_killed_server),
        CASE(serves_several_listeners),
        CASE(keeps_the_connection_limit),
        CASE(counts_connections_of_a_source),
        CASE(exempts_loopback_from_the_source_limit),
        CASE(refuses_when_the_queue_is_full),
        CASE(parks_more_than_it_has_workers),
        CASE(begins_or_hands_over),
        CASE(stops_behind_what_is_parked),
        CASE(finishes_what_runs_when_it_stops),
        CASE(refuses_what_waits_when_time_is_up),
        CASE(stops_under_load),
        CASE(serves_tls_and_swaps_the_certificate),
        CASE(says_what_is_wrong_with_a_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
