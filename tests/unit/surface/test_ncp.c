/* NCP's surface over a real service: who is let in, by the clock too, and what runs out of memory. Rows of the contract
 * are in tests/api/ncp. */
#include "fixture.h"

#include "base/encoding.h"
#include "crypto/keyed_hash.h"

static char timestamp[24], signature[64];

/** Set the three headers of a call, signed at a time. */
static void sign_at(struct fixture *f, const char *method, const char *target, int64_t at_ms)
{
    const struct ward_credential *iam = &f->made.iam;
    uint8_t mac[WARD_SHA256_BYTES];
    snprintf(timestamp, sizeof(timestamp), "%lld", (long long)at_ms);
    const struct ward_span parts[] = { ward_span_of(method),    WARD_SPAN(" "),  ward_span_of(target), WARD_SPAN("\n"),
                                       ward_span_of(timestamp), WARD_SPAN("\n"), iam->public_id };
    ward_hmac_sha256(iam->value, parts, sizeof(parts) / sizeof(parts[0]), mac);
    WARD_BUFFER text = ward_buffer_new(64);
    ward_base64_encode(ward_span((const char *)mac, sizeof(mac)), &text);
    assert_int_equal(44, text.size);
    memcpy(signature, text.data, text.size);
    signature[44] = '\0';
    header(f, "x-ncp-apigw-timestamp", timestamp);
    header(f, "x-ncp-iam-access-key", iam->public_id.data); /* copied by the pool, which adds a NUL */
    header(f, "x-ncp-apigw-signature-v2", signature);
}

static int signed_call(struct fixture *f, const char *method, const char *target, const char *body)
{
    sign_at(f, method, target, test_clock_ms);
    return call(f, method, target, body);
}

#define WRONG                                                                                                          \
    "{\"error\":{\"errorCode\":\"200\",\"message\":\"Authentication Failed\",\"details\":\"Invalid authentication "    \
    "information.\"}}"

/* contracts/ncp.md 3: the edge itself is refused, to the millisecond, and the server's clock decides. */
static void test_the_clock_moves(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t off_ms;
        int status;
    } rows[] = { { 0, 200 },       { 299999, 200 },  { 300000, 401 }, { 300001, 401 },
                 { -299999, 200 }, { -300000, 401 }, { -300001, 401 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_clock_ms = START_MS;
        sign_at(f, "GET", "/api/v1/api-keys", START_MS);
        test_clock_ms = START_MS + rows[i].off_ms;
        ward_publisher_heartbeat(f->publisher);
        assert_int_equal(rows[i].status, call(f, "GET", "/api/v1/api-keys", NULL));
        if (rows[i].status == 401) {
            assert_body(f, WRONG);
        }
    }
}

/* Only doors of the management surfaces: a listener for verification takes no signed call. */
static void test_listeners(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum ward_listener_kind listener;
        int status;
    } rows[] = { { WARD_LISTENER_TCP, 200 },
                 { WARD_LISTENER_UNIX, 200 },
                 { WARD_LISTENER_VERIFY, 404 },
                 { WARD_LISTENER_CONTROL, 404 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        f->listener = rows[i].listener;
        assert_int_equal(rows[i].status, signed_call(f, "GET", "/api/v1/api-keys", NULL));
    }
    f->listener = WARD_LISTENER_UNIX; /* whoever reaches it shows who he is, as over TCP */
    assert_int_equal(401, call(f, "GET", "/api/v1/api-keys", NULL));
}

/* ---- every allocation may fail ---- */

/* Of the thread that serves the call only: the publisher ends the process when it cannot apply what is committed. */
static _Thread_local bool is_serving;
static long allocations_left;

static bool may_allocate(void)
{
    return !is_serving || allocations_left-- > 0;
}

static void *allocate_sparingly(size_t size)
{
    return may_allocate() ? malloc(size) : NULL;
}

static void *reallocate_sparingly(void *old, size_t size)
{
    return may_allocate() ? realloc(old, size) : NULL;
}

static int call_with(struct fixture *f, int allocations, const char *method, const char *target, const char *body)
{
    struct ward_seam whole = ward_seam;
    is_serving = true;
    allocations_left = allocations;
    ward_seam.allocate = allocate_sparingly;
    ward_seam.reallocate = reallocate_sparingly;
    int status = call(f, method, target, body);
    ward_seam = whole;
    is_serving = false;
    return status;
}

/** The same call with one allocation more each time, until it succeeds. Returns how often it was refused. */
static int with_ever_more_memory(struct fixture *f, const char *method, const char *target, const char *body,
                                 int success)
{
    for (int n = 0; n < 2000; n++) {
        sign_at(f, method, target, test_clock_ms);
        int status = call_with(f, n, method, target, body);
        if (status == success) {
            return n;
        }
        if (status != 500 && status != 503) {
            fail_msg("%s %s with %d allocations: %d %s", method, target, n, status, f->body);
        }
    }
    fail_msg("%s %s never succeeds", method, target);
    return 0;
}

/** A signature that is wrong stays wrong, whatever memory there is, and a write that is refused has written nothing. */
static void test_without_memory(void **state)
{
    struct fixture *f = *state;
    char id[16], target[64];
    assert_true(with_ever_more_memory(f, "POST", "/api/v1/api-keys", "{\"apiKeyName\":\"n\"}", 201) > 3);
    take_text(f, "apiKeyId", id, sizeof(id));
    snprintf(target, sizeof(target), "/api/v1/api-keys/%s", id);
    assert_int_equal(200, signed_call(f, "GET", "/api/v1/api-keys", NULL));
    assert_holds(f, "\"total\":1,\"initialCount\":1");
    assert_true(with_ever_more_memory(f, "PATCH", target, "{\"keyType\":\"PRIMARY\"}", 200) > 3);
    assert_true(with_ever_more_memory(f, "GET", target, NULL, 200) > 3);
    assert_true(with_ever_more_memory(f, "GET", "/api/v1/api-keys", NULL, 200) > 3);
    assert_true(with_ever_more_memory(f, "POST", "/api/v1/usage-plans", "{\"usagePlanName\":\"u\"}", 201) > 3);
    assert_true(with_ever_more_memory(f, "GET", "/api/v1/nothing", NULL, 404) > 1);
    assert_int_equal(200, signed_call(f, "POST", "/api/v1/usage-plans/search", NULL));
    assert_holds(f, "\"total\":1,\"initialCount\":1");
    for (int n = 0; n < 60; n++) {
        sign_at(f, "GET", "/api/v1/api-keys", test_clock_ms);
        signature[0] ^= 1;
        int status = call_with(f, n, "GET", "/api/v1/api-keys", NULL);
        assert_true(status == 401 || status == 500 || status == 503);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_the_clock_moves),
        test_case(test_listeners),
        test_case(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
