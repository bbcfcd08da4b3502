/*
 * What is ambiguous is refused and the connection closed, with nothing behind it parsed: security.md attack 8. The
 * bytes go through the real library, because the check reads the buffer that it leaves.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HOST "Host: test\r\n"
#define GET  "GET /hello HTTP/1.1\r\n"
#define POST "POST /echo HTTP/1.1\r\n"

struct row {
    const char *name;
    const char *bytes;
    size_t size;
    int status; /* 0: closed without an answer */
    int heads;  /* of answers. Two: libmicrohttpd refuses by itself, and sends the head of that refusal twice */
};

#define ROW(name, status, bytes)                                                                                       \
    {                                                                                                                  \
        name, bytes, sizeof(bytes) - 1, status, (status) != 0                                                          \
    }
#define TWICE(name, status, bytes)                                                                                     \
    {                                                                                                                  \
        name, bytes, sizeof(bytes) - 1, status, 2                                                                      \
    }

static const struct row rows[] = {
    /* Lengths: RFC 9112 6.3 */
    ROW("repeated Content-Length, equal", 400, POST HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
    ROW("repeated Content-Length, different", 400, POST HOST "Content-Length: 2\r\nContent-Length: 50\r\n\r\nok"),
    TWICE("Content-Length list", 400, POST HOST "Content-Length: 2, 2\r\n\r\nok"),
    TWICE("signed Content-Length", 400, POST HOST "Content-Length: +2\r\n\r\nok"),
    TWICE("negative Content-Length", 400, POST HOST "Content-Length: -2\r\n\r\nok"),
    TWICE("hexadecimal Content-Length", 400, POST HOST "Content-Length: 0x2\r\n\r\nok"),
    TWICE("empty Content-Length", 400, POST HOST "Content-Length:\r\n\r\nok"),
    TWICE("fraction as Content-Length", 400, POST HOST "Content-Length: 2.0\r\n\r\nok"),
    TWICE("blank in Content-Length", 400, POST HOST "Content-Length: 1 2\r\n\r\nok"),
    TWICE("blank behind Content-Length", 400, POST HOST "Content-Length: 2 \r\n\r\nok"),
    TWICE("Content-Length beyond 64 bits", 413, POST HOST "Content-Length: 99999999999999999999999\r\n\r\nok"),
    ROW("Content-Length beyond the body", 413, POST HOST "Content-Length: 9223372036854775807\r\n\r\nok"),
    ROW("Content-Length and chunked", 400,
        POST HOST "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ROW("chunked and Content-Length", 400,
        POST HOST "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n"),
    /* Codings: RFC 9112 6.1 */
    ROW("another coding", 400, POST HOST "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n"),
    ROW("coding list", 400, POST HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ROW("chunked twice", 400, POST HOST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ROW("repeated Transfer-Encoding", 400,
        POST HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    ROW("identity", 400, POST HOST "Transfer-Encoding: identity\r\n\r\n"),
    ROW("quoted coding", 400, POST HOST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    ROW("vertical tab in coding", 400,
        POST HOST "Transfer-Encoding: \x0b"
                  "chunked\r\n\r\n0\r\n\r\n"),
    ROW("blank behind coding", 400, POST HOST "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n"),
    ROW("coding with a parameter", 400, POST HOST "Transfer-Encoding: chunked;x=1\r\n\r\n0\r\n\r\n"),
    ROW("chunked in HTTP/1.0", 400, "POST /echo HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    /* Chunks: RFC 9112 7.1 */
    ROW("chunk size without digits", 400, POST HOST "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n"),
    ROW("signed chunk size", 400, POST HOST "Transfer-Encoding: chunked\r\n\r\n+2\r\nok\r\n0\r\n\r\n"),
    ROW("0x before the chunk size", 400, POST HOST "Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n"),
    ROW("chunk longer than it says", 400, POST HOST "Transfer-Encoding: chunked\r\n\r\n2\r\noops\r\n0\r\n\r\n"),
    ROW("chunk size beyond 64 bits", 413, POST HOST "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\nok\r\n"),
    /* Host: RFC 9112 3.2 */
    ROW("no Host", 400, GET "\r\n"),
    ROW("two Hosts", 400, GET HOST HOST "\r\n"),
    ROW("two Hosts in HTTP/1.0", 400, "GET /hello HTTP/1.0\r\n" HOST HOST "\r\n"),
    ROW("Host list", 400, GET "Host: a, b\r\n\r\n"),
    ROW("Host with a path", 400, GET "Host: a/b\r\n\r\n"),
    ROW("Host with a user", 400, GET "Host: a@b\r\n\r\n"),
    ROW("Host with blank", 400, GET "Host: a b\r\n\r\n"),
    /* Lines: RFC 9112 2.2, 5.1, 5.2 */
    ROW("lone LF behind a field", 400, GET "Host: test\n\r\n"),
    ROW("lone LF behind the request line", 400, "GET /hello HTTP/1.1\n" HOST "\r\n"),
    ROW("lone LF ends the head", 400, GET HOST "\n"),
    ROW("a second field behind a lone LF", 400, GET HOST "A: b\nContent-Length: 5\r\n\r\n"),
    ROW("lone CR in a value", 400, GET HOST "A: b\rContent-Length: 5\r\n\r\n"),
    ROW("CR CR LF", 400, GET "Host: test\r\r\n\r\n"),
    ROW("folded line", 400, GET HOST "A: b\r\n c\r\n\r\n"),
    ROW("folded with a tab", 400, GET HOST "A: b\r\n\tc: d\r\n\r\n"),
    ROW("first line folded", 400, GET " A: b\r\n" HOST "\r\n"),
    ROW("blank before the colon", 400, GET "Host : test\r\n\r\n"),
    ROW("tab before the colon", 400, GET HOST "Content-Length\t: 5\r\n\r\n"),
    ROW("no colon", 400, GET HOST "nonsense\r\n\r\n"),
    ROW("empty name", 400, GET HOST ": x\r\n\r\n"),
    ROW("a colon between lone ends of lines", 400, GET "Host: test\r:\n\r"),
    ROW("a colon between lone ends of lines, twice", 400, GET HOST "A: b\r:\nB: c\r:\n\r"),
    ROW("NULs that look like another field", 400, GET HOST "A: b\0\0C\0d\r\n\r\n"),
    ROW("NULs and colons in balance", 400, GET HOST "A: b\r:C\0\0D\0e\r\n\r\n"),
    ROW("NUL in a name", 400, GET HOST "A\0B: c\r\n\r\n"),
    ROW("NUL in a value", 400, GET HOST "A: b\0c\r\n\r\n"),
    ROW("NUL at the end of a value", 400, GET HOST "A: b\0\r\n\r\n"),
    ROW("line that begins with NUL", 400, GET HOST "\0Content-Length: 5\r\n\r\n"),
    ROW("a name behind NUL", 400, GET HOST "A: b\0C: d\r\n\r\n"),
    ROW("control byte in a value", 400, GET HOST "A: b\x01\r\n\r\n"),
    ROW("DEL in a value", 400, GET HOST "A: \x7f\r\n\r\n"),
    ROW("control byte in a name", 400, GET HOST "A\x01: b\r\n\r\n"),
    ROW("separator in a name", 400, GET HOST "A(b): c\r\n\r\n"),
    ROW("byte over 127 in a name", 400, GET HOST "\xc3\xa9: c\r\n\r\n"),
    /* Request line: RFC 9112 3 */
    ROW("two blanks before the target", 400, "GET  /hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("two blanks before the version", 400, "GET /hello  HTTP/1.1\r\n" HOST "\r\n"),
    ROW("blank behind the version", 400, "GET /hello HTTP/1.1 \r\n" HOST "\r\n"),
    ROW("tab in the line", 400, "GET\t/hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("blank before the method", 0, " GET /hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("blank in the target", 400, "GET /hel lo HTTP/1.1\r\n" HOST "\r\n"),
    ROW("no version", 400, "GET /hello\r\n" HOST "\r\n"),
    ROW("only a method", 0, "GET\r\n" HOST "\r\n"),
    ROW("version 1.2", 505, "GET /hello HTTP/1.2\r\n" HOST "\r\n"),
    ROW("version 2.0", 505, "GET /hello HTTP/2.0\r\n" HOST "\r\n"),
    ROW("version 0.9", 505, "GET /hello HTTP/0.9\r\n" HOST "\r\n"),
    ROW("version in small letters", 400, "GET /hello http/1.1\r\n" HOST "\r\n"),
    ROW("version with more digits", 400, "GET /hello HTTP/1.10\r\n" HOST "\r\n"),
    ROW("control byte in the method", 400, "G\x01T /hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("unknown method", 501, "BREW /hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("small letters", 501, "get /hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("TRACE", 501, "TRACE /hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("CONNECT", 501, "CONNECT test:80 HTTP/1.1\r\n" HOST "\r\n"),
    ROW("preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    /* Targets: RFC 9112 3.2, security.md attack 15 */
    ROW("absolute form", 400, "GET http://test/hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("asterisk", 400, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n"),
    ROW("no slash", 400, "GET hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("fragment", 400, "GET /hello#x HTTP/1.1\r\n" HOST "\r\n"),
    ROW("NUL in the target", 400, "GET /hello\0x HTTP/1.1\r\n" HOST "\r\n"),
    ROW("tab in the target", 400, "GET /hel\tlo HTTP/1.1\r\n" HOST "\r\n"),
    ROW("Latin-1 in the target", 400, "GET /p/caf\xe9 HTTP/1.1\r\n" HOST "\r\n"),
    ROW("DEL in the target", 400, "GET /p/\x7f HTTP/1.1\r\n" HOST "\r\n"),
    ROW("escape without digits", 400, "GET /p/%zz HTTP/1.1\r\n" HOST "\r\n"),
    ROW("escape cut off", 400, "GET /p/%4 HTTP/1.1\r\n" HOST "\r\n"),
    ROW("escape at the end", 400, "GET /p/% HTTP/1.1\r\n" HOST "\r\n"),
    ROW("escape over a slash", 400, "GET /p/%4/1 HTTP/1.1\r\n" HOST "\r\n"),
    ROW("encoded NUL", 400, "GET /p/a%00b HTTP/1.1\r\n" HOST "\r\n"),
    ROW("encoded slash", 400, "GET /p/a%2fb HTTP/1.1\r\n" HOST "\r\n"),
    ROW("encoded slash, capital", 400, "GET /p/a%2Fb HTTP/1.1\r\n" HOST "\r\n"),
    ROW("dot segment", 400, "GET /p/./hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("dot dot", 400, "GET /p/../hello HTTP/1.1\r\n" HOST "\r\n"),
    ROW("dot dot at the end", 400, "GET /p/.. HTTP/1.1\r\n" HOST "\r\n"),
    ROW("encoded dot", 400, "GET /p/%2e HTTP/1.1\r\n" HOST "\r\n"),
    ROW("half encoded dot dot", 400, "GET /p/.%2E/x HTTP/1.1\r\n" HOST "\r\n"),
    /* Expectations: RFC 9110 10.1.1 */
    ROW("unknown expectation", 417, POST HOST "Expect: magic\r\nContent-Length: 2\r\n\r\nok"),
    ROW("two expectations", 417,
        POST HOST "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok"),
};

static struct harness server;

static int start(void **state)
{
    (void)state;
    struct ward_http_options options = harness_options();
    options.event_threads = 1;
    harness_start(&server, &options);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    harness_stop(&server);
    return 0;
}

static int count_statuses(int fd, int *ret_first, bool *ret_says_close)
{
    char text[8192];
    size_t size = 0;
    ssize_t got;
    while (size + 1 < sizeof(text) && (got = read(fd, text + size, sizeof(text) - 1 - size)) > 0) {
        size += (size_t)got;
    }
    text[size] = '\0';
    *ret_first = size ? atoi(text + sizeof("HTTP/1.1")) : 0;
    *ret_says_close = strstr(text, "\r\nConnection: close\r\n") != NULL;
    int count = 0;
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")) != NULL; at++) {
        count++;
    }
    return count;
}

static void refuse_row(const struct row *row, size_t cut)
{
    static const char follower[] = GET HOST "\r\n" GET HOST "\r\n";
    int fd = harness_connect(server.address);
    harness_send(fd, row->bytes, cut);
    harness_send(fd, row->bytes + cut, row->size - cut);
    harness_send(fd, follower, sizeof(follower) - 1);
    int status = 0;
    bool says_close = false;
    int count = count_statuses(fd, &status, &says_close);
    close(fd);
    if (status != row->status || count != row->heads || (count > 0 && !says_close)) {
        fail_msg("%s: status %d (want %d), %d answers, close %d", row->name, status, row->status, count, says_close);
    }
}

static void refuses_every_row_and_closes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        refuse_row(&rows[i], 0);
        refuse_row(&rows[i], rows[i].size / 2);
        refuse_row(&rows[i], rows[i].size - 2);
    }
}

static void refuses_what_is_too_large(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *before;
        int fields;
        size_t filler;
        const char *line_end;
        const char *after;
        int status;
    } larges[] = {
        { "target of 8193 bytes", "GET /p/", 1, 8190, "", " HTTP/1.1\r\n" HOST "\r\n", 414 },
        { "target of 8192 bytes", "GET /hello?", 1, 8181, "", " HTTP/1.1\r\n" HOST "\r\n", 200 },
        { "target without end", "GET /", 1, 60000, "", "", 414 },
        { "field of 9000 bytes", GET HOST "A: ", 1, 9000, "\r\n", "\r\n", 431 },
        { "field of 8000 bytes", GET HOST "A: ", 1, 8000, "\r\n", "\r\n", 200 },
        { "65 fields", GET HOST, 64, 0, "A:b\r\n", "\r\n", 431 },
        { "64 fields", GET HOST, 63, 0, "A:b\r\n", "\r\n", 200 },
        { "17000 bytes of fields", GET HOST, 17, 0, "LONG", "\r\n", 431 },
        { "16000 bytes of fields", GET HOST, 15, 0, "LONG", "\r\n", 200 },
        { "fields without end", GET HOST "A: ", 1, 60000, "", "", 431 },
        { "many cookies", GET HOST "Cookie: ", 1500, 0, "a=;", "\r\n\r\n", 200 },
        { "many query parameters", "GET /hello?", 2000, 0, "a&", " HTTP/1.1\r\n" HOST "\r\n", 200 },
        { "forty query parameters", "GET /hello?", 40, 0, "0=a&", " HTTP/1.1\r\n" HOST "\r\n", 200 },
        { "segment of 255 bytes", "GET /p/", 1, 255, "", " HTTP/1.1\r\n" HOST "\r\n", 200 },
        { "segment of 256 bytes", "GET /p/", 1, 256, "", " HTTP/1.1\r\n" HOST "\r\n", 404 },
    };
    static char text[131072];
    for (size_t i = 0; i < sizeof(larges) / sizeof(larges[0]); i++) {
        char *at = text;
        at += sprintf(at, "%s", larges[i].before);
        for (int j = 0; j < larges[i].fields; j++) {
            memset(at, 'x', larges[i].filler);
            at += larges[i].filler;
            bool is_long = strcmp(larges[i].line_end, "LONG") == 0;
            at += is_long ? sprintf(at, "A: %0990d\r\n", j) : sprintf(at, "%s", larges[i].line_end);
        }
        sprintf(at, "%s", larges[i].after);
        int fd = harness_connect(server.address);
        int status = harness_ask(fd, text);
        if (status != larges[i].status) {
            fail_msg("%s: %d instead of %d", larges[i].name, status, larges[i].status);
        }
        close(fd);
    }
}

static void accepts_what_is_unusual_but_clear(void **state)
{
    (void)state;
    static const struct row clear[] = {
        ROW("empty line before the request", 200, "\r\n" GET HOST "\r\n"),
        ROW("no blank behind the colon", 200, GET "Host:test\r\n\r\n"),
        ROW("blanks around a value", 200, GET "Host: \t test \t \r\n\r\n"),
        ROW("empty value", 200, GET HOST "A:\r\nB: \r\n\r\n"),
        ROW("empty Host", 200, GET "Host:\r\n\r\n"),
        ROW("colons in a value", 200, GET HOST "A: b:c:d\r\n\r\n"),
        ROW("bytes over 127 in a value", 200, GET HOST "A: caf\xc3\xa9\r\n\r\n"),
        ROW("every token character", 200, GET HOST "!#$%&'*+-.^_`|~09AZaz: x\r\n\r\n"),
        ROW("small letters in names", 200, POST "host: test\r\ncontent-length: 2\r\n\r\nok"),
        ROW("leading zeros", 200, POST HOST "Content-Length: 0002\r\n\r\nok"),
        ROW("IPv6 Host", 200, GET "Host: [::1]:8420\r\n\r\n"),
        ROW("dots in a name", 200, "GET /p/... HTTP/1.1\r\n" HOST "\r\n"),
        ROW("a dotted name", 200, "GET /p/.hidden HTTP/1.1\r\n" HOST "\r\n"),
        ROW("escapes in the query are the handler's", 200, "GET /hello?%zz=%00 HTTP/1.1\r\n" HOST "\r\n"),
        ROW("empty segment is another path", 404, "GET //hello HTTP/1.1\r\n" HOST "\r\n"),
    };
    int fd = harness_connect(server.address);
    for (size_t i = 0; i < sizeof(clear) / sizeof(clear[0]); i++) {
        struct harness_reply reply;
        harness_send(fd, clear[i].bytes, clear[i].size);
        harness_read(fd, &reply, false);
        harness_reply_free(&reply);
        if (reply.status != clear[i].status) {
            fail_msg("%s: %d", clear[i].name, reply.status);
        }
    }
    close(fd);
}

static void reports_refused_requests_once(void **state)
{
    (void)state;
    int fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, GET HOST HOST "\r\n"), 400);
    close(fd);
    harness_wait_finished(1);
    assert_int_equal(harness_finished_status(), 400);
    fd = harness_connect(server.address);
    assert_int_equal(harness_ask(fd, GET HOST "nonsense\r\n\r\n"), 400); /* refused by the library itself */
    close(fd);
    harness_wait_finished(2);
    assert_int_equal(harness_finished_status(), 400);
    fd = harness_connect(server.address);
    harness_say(fd, GET HOST);
    close(fd);
    harness_wait_finished(3);
    assert_int_equal(harness_finished_status(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refuses_every_row_and_closes, start, stop),
        cmocka_unit_test_setup_teardown(refuses_what_is_too_large, start, stop),
        cmocka_unit_test_setup_teardown(accepts_what_is_unusual_but_clear, start, stop),
        cmocka_unit_test_setup_teardown(reports_refused_requests_once, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
