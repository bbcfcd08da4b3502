/* The domain lock (contracts/theauthapi.md 3.5), row by row. */
#include "model/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "model/api_key.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define LABEL_63    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static void test_domains(void **state)
{
    (void)state;
    static const struct {
        struct ward_span domain;
        bool is_fine;
    } rows[] = {
#define ROW(text, is_fine) { { (text), sizeof(text) - 1 }, (is_fine) }
        ROW("example.com", true),
        ROW("EXAMPLE.com", true),
        ROW("localhost", true),
        ROW("example.com.", true),
        ROW("my_app.example.com", true),
        ROW("xn--bcher-kva.example", true),
        ROW("1.example.com", true),
        ROW("null", true), /* the Origin of a sandboxed frame: only when somebody lists it */
        ROW("*.example.com", true),
        ROW("*.com", true),
        ROW("127.0.0.1", true),
        ROW("::1", true),
        ROW("[::1]", true),
        ROW("2001:db8::ff00:42:8329", true),
        ROW(LABEL_63 ".com", true),
        ROW(LABEL_63 "." LABEL_63 "." LABEL_63 "."
                     "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg",
            true),
        ROW(LABEL_63 "." LABEL_63 "." LABEL_63 "."
                     "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg",
            false),
        ROW(LABEL_63 "h.com", false),
        ROW("", false),
        ROW(".", false),
        ROW("..", false),
        ROW("*", false),
        ROW("*.", false),
        ROW("*..", false),
        ROW("*.*.com", false),
        ROW("a.*.com", false),
        ROW("*a.com", false),
        ROW("*.127.0.0.1", false),
        ROW("*.[::1]", false),
        ROW(".example.com", false),
        ROW("example..com", false),
        ROW("example.com..", false),
        ROW("-a.com", false),
        ROW("a-.com", false),
        ROW("a b.com", false),
        ROW(" a.com", false),
        ROW("a.com ", false),
        ROW("a.com:80", false),
        ROW("https://a.com", false),
        ROW("a.com/", false),
        ROW("u@a.com", false),
        ROW("a.com\0", false),
        ROW("b\xc3\xbc"
            "cher.example",
            false),
        ROW("a\"b.com", false),
        ROW("a\\b.com", false),
        ROW("%61.com", false),
        ROW("127.0.0.1.", true),
        ROW("127.0.0.256", false),
        ROW("127.0.0.01", false), /* octal for some */
        ROW("127.1", false),
        ROW("2130706433", false),
        ROW("0x7f000001", false),
        ROW("1.0x7f", false),
        ROW("1.0x", false),
        ROW("1.0xfg", true),
        ROW("[::1", false),
        ROW("::1]", false),
        ROW("[]", false),
        ROW("[127.0.0.1]", false),
        ROW("fe80::1%eth0", false),
        ROW("1:2:3:4:5:6:7:8:9", false),
        ROW("::1.", false),
#undef ROW
    };
    assert_false(ward_domain_ok(WARD_SPAN_NONE));
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (ward_domain_ok(rows[i].domain) != rows[i].is_fine) {
            fail_msg("domain %s", rows[i].domain.data);
        }
    }
}

static void test_origins(void **state)
{
    (void)state;
    static const struct {
        const char *domains;
        struct ward_span origin;
        bool is_allowed;
    } rows[] = {
#define ROW(domains, text, is_allowed)                                                                                 \
    {                                                                                                                  \
        (domains), { (text), sizeof(text) - 1 }, (is_allowed)                                                          \
    }
#define APP "[\"app.example.com\"]"
#define SUB "[\"*.example.com\"]"
        /* the forms */
        ROW(APP, "https://app.example.com", true),
        ROW(APP, "http://app.example.com", true),
        ROW(APP, "https://app.example.com:8443", true),
        ROW(APP, "https://app.example.com:", true),
        ROW(APP, "https://app.example.com/", true),
        ROW(APP, "https://app.example.com/page?x#y", true),
        ROW(APP, "https://app.example.com?x", true),
        ROW(APP, "https://app.example.com#x", true),
        ROW(APP, "https://app.example.com:1/a b\\c@evil.com", true),
        ROW(APP, "app.example.com", true),
        ROW(APP, "app.example.com:80", true),
        ROW(APP, "app.example.com/page", true),
        ROW(APP, "app.example.com.", true),
        ROW(APP, "https://app.example.com./", true),
        ROW(APP, "HTTPS://APP.Example.COM", true),
        ROW(APP, "chrome-extension://app.example.com", true),
        ROW("[\"APP.Example.com.\"]", "https://app.example.com", true),
        /* another host */
        ROW(APP, "https://example.com", false),
        ROW(APP, "https://app.example.com.evil.com", false),
        ROW(APP, "https://xapp.example.com", false),
        ROW(APP, "https://x.app.example.com", false),
        ROW(APP, "https://app.example.co", false),
        ROW(APP, "https://app-example.com", false),
        ROW(APP, "https://evil.com/app.example.com", false),
        ROW(APP, "https://evil.com?app.example.com", false),
        ROW(APP, "https://evil.com#app.example.com", false),
        ROW(APP, "https://evil.com/https://app.example.com", false),
        ROW(APP, "null", false),
        ROW("[\"null\"]", "null", true),
        ROW(APP, "", false),
        /* userinfo */
        ROW(APP, "https://user@app.example.com/", true),
        ROW(APP, "https://user:pass@app.example.com:8/", true),
        ROW(APP, "https://app.example.com@evil.com/", false),
        ROW("[\"evil.com\"]", "https://app.example.com@evil.com/", true),
        ROW(APP, "https://app.example.com:pass@evil.com/", false),
        ROW(APP, "https://evil.com@x@app.example.com/", false), /* two: parsers disagree */
        ROW(APP, "https://@app.example.com/", true),
        ROW(APP, "https://app.example.com@", false),
        /* what no authority may hold */
        ROW(APP, "https://evil.com\\@app.example.com", false),
        ROW(APP, "https://app.example.com\\.evil.com", false),
        ROW(APP, "https://app.example.com\\", false),
        ROW(APP, "https://app.example.com ", false),
        ROW(APP, " https://app.example.com", false),
        ROW(APP, "https://app.example.com\t", false),
        ROW(APP, "https://app.example.com\n.evil.com", false),
        ROW(APP, "https://app.example.com\0.evil.com", false),
        ROW(APP, "https://app.example.com\x7f", false),
        ROW(APP, "https://\xc3\xa4pp.example.com", false),
        ROW(APP, "https://app%2eexample.com", false),
        ROW(APP, "https://%61pp.example.com", false),
        ROW(APP, "https://app.example.com:80:80", false),
        ROW(APP, "https://app.example.com:8o", false),
        ROW(APP, "https://app.example.com:123456", false),
        ROW(APP, "https://app.example.com:-1", false),
        ROW(APP, "https://app.example.com..", false),
        ROW(APP, "https://.app.example.com", false),
        ROW(APP, "https://", false),
        ROW(APP, "https:///app.example.com", false),
        ROW(APP, "https:app.example.com", false),
        ROW(APP, "https:/app.example.com", false),
        ROW(APP, "//app.example.com", false),
        ROW(APP, "://app.example.com", false),
        ROW(APP, "1https://app.example.com", false),
        ROW(APP, "ht tps://app.example.com", false),
        ROW(APP, "https://app.example.com, https://evil.com", false),
        ROW(APP, "https://evil.com,app.example.com", false),
        /* sub-domains */
        ROW(SUB, "https://a.example.com", true),
        ROW(SUB, "https://a.b.example.com", true),
        ROW(SUB, "https://A.EXAMPLE.com.:1/", true),
        ROW("[\"*.Example.com.\"]", "a.example.com", true),
        ROW(SUB, "https://example.com", false),
        ROW(SUB, "https://.example.com", false),
        ROW(SUB, "https://aexample.com", false),
        ROW(SUB, "https://a.example.com.evil.com", false),
        ROW(SUB, "https://*.example.com", false),
        ROW("[\"example.com\",\"*.example.com\"]", "https://example.com", true),
        /* addresses */
        ROW("[\"127.0.0.1\"]", "http://127.0.0.1:3000", true),
        ROW("[\"127.0.0.1\"]", "http://127.0.0.01:3000", false),
        ROW("[\"127.0.0.1\"]", "http://127.1", false),
        ROW("[\"127.0.0.1\"]", "http://2130706433", false),
        ROW("[\"::1\"]", "http://[::1]:80", true),
        ROW("[\"::1\"]", "[::1]:80", true),
        ROW("[\"::1\"]", "[::1]", true),
        ROW("[\"::1\"]", "::1", true),
        ROW("[\"[::1]\"]", "http://[0:0:0:0:0:0:0:1]/", true),
        ROW("[\"2001:DB8::1\"]", "http://[2001:db8:0::1]", true),
        ROW("[\"::1\"]", "http://::1", false),
        ROW("[\"::1\"]", "http://[::1", false),
        ROW("[\"::1\"]", "http://[::1]x", false),
        ROW("[\"::1\"]", "http://[::1].", false),
        ROW("[\"::1\"]", "http://[::2]", false),
        ROW("[\"::1\"]", "http://[]", false),
        ROW("[\"::1\"]", "http://x[::1]", false),
        /* several, and none */
        ROW("[\"a.com\",\"app.example.com\"]", "https://app.example.com", true),
        ROW(" [ \"a.com\" ,\n\t\"app.example.com\" ]\r\n", "https://app.example.com", true),
        ROW("[]", "https://app.example.com", false),
        /* a list that is broken admits nobody, whether before or after the match */
        ROW("", "https://app.example.com", false),
        ROW("[\"app.example.com\"", "https://app.example.com", false),
        ROW("[\"app.example.com\",", "https://app.example.com", false),
        ROW("[\"app.example.com\",]", "https://app.example.com", false),
        ROW("[\"app.example.com\",1]", "https://app.example.com", false),
        ROW("[\"app.example.com\"]x", "https://app.example.com", false),
        ROW("[1,\"app.example.com\"]", "https://app.example.com", false),
        ROW("[\"a\\\"\",\"app.example.com\"]", "https://app.example.com", false),
        ROW("[\"a\n\",\"app.example.com\"]", "https://app.example.com", false),
        ROW("\"app.example.com\"", "https://app.example.com", false),
        ROW("{\"app.example.com\":1}", "https://app.example.com", false),
        ROW("null", "https://app.example.com", false),
        ROW("null", "null", false),
#undef ROW
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (ward_origin_allowed(ward_span_of(rows[i].domains), rows[i].origin) != rows[i].is_allowed) {
            fail_msg("domains %s, origin %s", rows[i].domains, rows[i].origin.data);
        }
    }
}

static void test_no_list_no_check(void **state)
{
    (void)state;
    assert_true(ward_origin_allowed(WARD_SPAN_NONE, WARD_SPAN_NONE));
    assert_true(ward_origin_allowed(WARD_SPAN_NONE, WARD_SPAN("https://evil.com")));
    assert_true(ward_origin_allowed(WARD_SPAN_NONE, WARD_SPAN("\\")));
}

static void test_missing_origin(void **state)
{
    (void)state;
    assert_false(ward_origin_allowed(WARD_SPAN("[\"a.com\"]"), WARD_SPAN_NONE));
    assert_false(ward_origin_allowed(WARD_SPAN("[]"), WARD_SPAN_NONE));
}

static void test_reader_gives_the_entries(void **state)
{
    (void)state;
    struct ward_domain_reader reader = ward_domain_reader(WARD_SPAN("[ \"a\", \"\" ,\"c.d\" ] "));
    static const char *const expected[] = { "a", "", "c.d" };
    struct ward_span domain;
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(ward_domain_next(&reader, &domain));
        assert_true(ward_span_equal(domain, ward_span_of(expected[i])));
    }
    assert_false(ward_domain_next(&reader, &domain));
    assert_true(reader.is_done && !reader.is_broken);
    assert_false(ward_domain_next(&reader, &domain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_no_list_no_check),
        cmocka_unit_test(test_missing_origin),
        cmocka_unit_test(test_reader_gives_the_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
