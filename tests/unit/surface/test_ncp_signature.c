/* Signature v2: contracts/ncp.md 3. The vectors were made with the openssl command line, not with this code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/encoding.h"
#include "surface/ncp/signature.h"

#define AT_MS      INT64_C(1717400000000) /* 2024-06-03T07:33:20Z */
#define ACCESS_KEY "AKTESTNCPAPIGW000001"
#define SECRET     WARD_SPAN("SKTEST0123456789abcdefghijABCDEFGHIJ1234")

static struct ward_http_header headers[8];

static struct ward_http_request request_of(const char *method, const char *target)
{
    return (struct ward_http_request){ .method_text = ward_span_of(method),
                                       .target = ward_span_of(target),
                                       .headers = headers };
}

static void add(struct ward_http_request *request, const char *name, const char *value)
{
    headers[request->header_count++] = (struct ward_http_header){ ward_span_of(name), ward_span_of(value) };
}

/* A claim that is right in every way, but for what the caller gives. */
static bool holds(const char *method, const char *target, const char *timestamp, const char *signature,
                  struct ward_span secret, int64_t now_ms)
{
    struct ward_http_request request = request_of(method, target);
    struct ward_ncp_claim claim;
    add(&request, "X-NCP-APIGW-Timestamp", timestamp);
    add(&request, "x-ncp-iam-access-key", ACCESS_KEY);
    add(&request, "x-ncp-apigw-signature-v2", signature);
    assert_true(ward_ncp_claim_read(&request, false, &claim));
    return ward_ncp_claim_holds(&request, &claim, secret, now_ms);
}

static const struct vector {
    const char *method, *target, *signature;
} vectors[] = {
    /* 3.1, its nine */
    { "PUT", "/api/v1/api-keys/k3y1d0vg07", "qt9GvaWUN/l6Ua7nG6kuPwD/sZ5+VxcDAEIwqTUDBsk=" },
    { "POST", "/api/v1/api-keys", "xvVy4b8PrN7qDbOI09WchO0rK8LZPoOquXrarKD/F+Q=" },
    { "GET", "/api/v1/api-keys", "cprgK0kgVkfpH4a10OnX1foHO81yzCQkl21CVgKafdA=" },
    { "GET", "/api/v1/api-keys?offset=0&limit=20&apiKeyName=demo", "T+Qy2MybRYJIZt4dtx4niPLGL/rg7K7Ftp4BwFHzGnw=" },
    { "GET", "/api/v1/api-keys?apiKeyName=%ED%82%A4%20a%2Bb", "PytKgNUQGxNR+pL7vWAMe7gYMIAzpmMM7GAUtn4poME=" },
    { "GET", "/api/v1/api-keys/k3y1d0vg07", "eWejfQrI/3ZmT7bdQvzRR4lFWY5yTwe6q34jtXhSU7A=" },
    { "PATCH", "/api/v1/api-keys/k3y1d0vg07", "+O11YDMaFpQuts+K5B7SpSTx6svbYbhfNSWYFqYTXtk=" },
    { "DELETE", "/api/v1/api-keys/k3y1d0vg07", "i9dHZOUvWkiji8r6PMeFibCzStP2Symfy7LS9MYs86A=" },
    { "GET", "/photos/puppy.jpg?query1=&query2", "2he99/ZddtxaWJ56na/LUeW3VMQ56KNb8HbOr+Ojm4A=" },
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct vector *row = &vectors[i];
        if (!holds(row->method, row->target, "1717400000000", row->signature, SECRET, AT_MS)) {
            fail_msg("%s %s", row->method, row->target);
        }
        for (size_t j = 0; j < sizeof(vectors) / sizeof(vectors[0]); j++) { /* each signs its own call only */
            assert_true(i == j ||
                        !holds(row->method, row->target, "1717400000000", vectors[j].signature, SECRET, AT_MS));
        }
    }
}

/* 3.1: a vector that others published. */
static void test_published_vector(void **state)
{
    (void)state;
    struct ward_http_request request = request_of("POST", "/vserver/v2/createServerInstances?regionCode=KR");
    struct ward_ncp_claim claim;
    add(&request, "x-ncp-apigw-timestamp", "1700000000000");
    add(&request, "x-ncp-iam-access-key", "AK_TEST");
    add(&request, "x-ncp-apigw-signature-v2", "xBcE26XFU55BMjppdPT7ZY3oDrqoOedfPyAn3Cq4lUw=");
    assert_true(ward_ncp_claim_read(&request, false, &claim));
    assert_true(ward_ncp_claim_holds(&request, &claim, WARD_SPAN("SK_TEST"), INT64_C(1700000000000)));
}

/* 3: the raw target is signed. What means the same is not the same. */
static void test_covers_every_byte_of_the_target(void **state)
{
    (void)state;
    static const struct {
        size_t vector;
        const char *method, *target;
    } rows[] = {
        { 3, "GET", "/api/v1/api-keys?limit=20&offset=0&apiKeyName=demo" }, /* a moved parameter */
        { 3, "GET", "/api/v1/api-keys?offset=0&limit=20&apiKeyName=dem%6F" },
        { 3, "GET", "/api/v1/api-keys?offset=0&limit=20&apiKeyName=demo&" },
        { 4, "GET", "/api/v1/api-keys?apiKeyName=%ed%82%a4%20a%2bb" }, /* hex digits of the other case */
        { 4, "GET", "/api/v1/api-keys?apiKeyName=%ED%82%A4+a%2Bb" },
        { 5, "GET", "/api/v1/api-keys/k3y1d0vg0%37" }, /* a re-encoded path */
        { 5, "GET", "/api/v1//api-keys/k3y1d0vg07" },  /* a doubled slash */
        { 5, "GET", "/api/v1/api-keys/k3y1d0vg07/" },
        { 5, "GET", "/api/v1/api-keys/k3y1d0vg07?" },
        { 5, "HEAD", "/api/v1/api-keys/k3y1d0vg07" },
        { 8, "GET", "/photos/puppy.jpg?query1&query2" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *signature = vectors[rows[i].vector].signature;
        if (holds(rows[i].method, rows[i].target, "1717400000000", signature, SECRET, AT_MS)) {
            fail_msg("%s", rows[i].target);
        }
    }
}

static void test_wrong_signatures(void **state)
{
    (void)state;
    const char *right = vectors[0].signature;
    char text[64];
    for (size_t i = 0; i < WARD_NCP_SIGNATURE_CHARS; i++) {
        snprintf(text, sizeof(text), "%s", right);
        text[i] ^= 1;
        assert_false(holds("PUT", vectors[0].target, "1717400000000", text, SECRET, AT_MS));
    }
    snprintf(text, sizeof(text), "%.43s", right); /* without its padding */
    assert_false(holds("PUT", vectors[0].target, "1717400000000", text, SECRET, AT_MS));
    snprintf(text, sizeof(text), "%s=", right);
    assert_false(holds("PUT", vectors[0].target, "1717400000000", text, SECRET, AT_MS));
    snprintf(text, sizeof(text), "%.42sl=", right); /* other bits behind the last byte */
    assert_false(holds("PUT", vectors[0].target, "1717400000000", text, SECRET, AT_MS));
    assert_false(holds("PUT", vectors[0].target, "1717400000000", right, WARD_SPAN("other"), AT_MS));
    assert_false(holds("PUT", vectors[0].target, "1717400000000", right, WARD_SPAN_NONE, AT_MS));
    assert_false(holds("PUT", vectors[0].target, "1717400000001", right, SECRET, AT_MS));
}

/* 3, clock rule: five minutes off is too far, in either direction. */
static void test_time_edge(void **state)
{
    (void)state;
    static const struct {
        int64_t off_ms;
        bool holds;
    } rows[] = {
        { 0, true },       { 299999, true },   { -299999, true },           { 300000, false },   { -300000, false },
        { 300001, false }, { -300001, false }, { INT64_C(1) << 40, false }, { 86400000, false }, { -AT_MS, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool got = holds("PUT", vectors[0].target, "1717400000000", vectors[0].signature, SECRET,
                         AT_MS + rows[i].off_ms);
        if (got != rows[i].holds) {
            fail_msg("%lld ms off: %d", (long long)rows[i].off_ms, got);
        }
    }
}

/* Sign as the contract says, so that only the form of the time-stamp is wrong. */
static void sign(const char *timestamp, const char *access_key, struct ward_buffer *ret)
{
    uint8_t mac[WARD_SHA256_BYTES];
    char message[512];
    int size = snprintf(message, sizeof(message), "GET /x\n%s\n%s", timestamp, access_key);
    const struct ward_span part = ward_span(message, (size_t)size);
    ward_hmac_sha256(SECRET, &part, 1, mac);
    ward_buffer_clear(ret);
    ward_base64_encode(ward_span((const char *)mac, sizeof(mac)), ret);
    ward_buffer_append_char(ret, '\0');
}

static void test_forms(void **state)
{
    (void)state;
    char long_key[130];
    memset(long_key, 'a', 129);
    long_key[129] = '\0';
    const struct {
        const char *timestamp, *access_key;
        bool holds;
    } rows[] = {
        { "1717400000000", "ncp_iam_AZaz09-_", true },
        { "0001717400000000", "a", true }, /* leading zeros are digits */
        { "1717400000000", long_key + 1, true },
        { "1717400000000", long_key, false },
        { "1717400000000", "a b", false },
        { "1717400000000", "a.b", false },
        { "+1717400000000", "a", false },
        { "-1717400000000", "a", false },
        { "1717400000000.0", "a", false },
        { "0x18fdd1d0a00", "a", false },
        { "00000001717400000000", "a", false }, /* 20 digits */
        { "9999999999999999999", "a", false },
        { "2024-06-03T07:33:20Z", "a", false },
    };
    WARD_BUFFER signature = ward_buffer_new(128);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sign(rows[i].timestamp, rows[i].access_key, &signature);
        struct ward_http_request request = request_of("GET", "/x");
        struct ward_ncp_claim claim;
        add(&request, "x-ncp-apigw-timestamp", rows[i].timestamp);
        add(&request, "x-ncp-iam-access-key", rows[i].access_key);
        add(&request, "x-ncp-apigw-signature-v2", signature.data);
        assert_true(ward_ncp_claim_read(&request, false, &claim));
        if (ward_ncp_claim_holds(&request, &claim, SECRET, AT_MS) != rows[i].holds) {
            fail_msg("%s %s", rows[i].timestamp, rows[i].access_key);
        }
    }
}

/* 3: all three, each once. An empty one is none. */
static void test_missing_and_repeated(void **state)
{
    (void)state;
    static const char *const names[] = { "x-ncp-apigw-timestamp", "x-ncp-iam-access-key", "x-ncp-apigw-signature-v2" };
    struct ward_ncp_claim claim;
    for (size_t left_out = 0; left_out < 3; left_out++) {
        struct ward_http_request request = request_of("GET", "/x");
        for (size_t i = 0; i < 3; i++) {
            add(&request, i == left_out ? "x-other" : names[i], "1");
        }
        assert_false(ward_ncp_claim_read(&request, true, &claim));
        add(&request, names[left_out], "");
        assert_false(ward_ncp_claim_read(&request, true, &claim));
    }
    for (size_t repeated = 0; repeated < 3; repeated++) {
        struct ward_http_request request = request_of("GET", "/x");
        for (size_t i = 0; i < 3; i++) {
            add(&request, names[i], "1");
        }
        assert_true(ward_ncp_claim_read(&request, false, &claim));
        add(&request, names[repeated], "1"); /* the same value twice is twice too */
        assert_false(ward_ncp_claim_read(&request, false, &claim));
        assert_false(ward_ncp_claim_read(&request, true, &claim));
    }
}

/* 3: the v1 name carries the v2 text, where the switch allows it. */
static void test_v1_name(void **state)
{
    (void)state;
    struct ward_http_request request = request_of("GET", "/x");
    struct ward_ncp_claim claim;
    add(&request, "x-ncp-apigw-timestamp", "1");
    add(&request, "x-ncp-iam-access-key", "a");
    add(&request, "x-ncp-apigw-signature-v1", "one");
    assert_false(ward_ncp_claim_read(&request, false, &claim));
    assert_true(ward_ncp_claim_read(&request, true, &claim));
    assert_true(ward_span_equal(claim.signature, WARD_SPAN("one")));
    add(&request, "x-ncp-apigw-signature-v2", "two"); /* v2 counts where both are sent */
    assert_true(ward_ncp_claim_read(&request, true, &claim));
    assert_true(ward_span_equal(claim.signature, WARD_SPAN("two")));
    add(&request, "x-ncp-apigw-signature-v2", "three");
    assert_false(ward_ncp_claim_read(&request, true, &claim));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_published_vector),
        cmocka_unit_test(test_covers_every_byte_of_the_target),
        cmocka_unit_test(test_wrong_signatures),
        cmocka_unit_test(test_time_edge),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_missing_and_repeated),
        cmocka_unit_test(test_v1_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
