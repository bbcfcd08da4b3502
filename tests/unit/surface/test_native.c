/* The native surface: verdicts by header and by JSON, who may ask, problem documents, status, OpenAPI, management. */
#include "fixture.h"

#include "json/json.h"

/* ---- /v1/authorize ---- */

static int authorize(struct fixture *f, const char *key)
{
    if (key) {
        header(f, "x-api-key", key);
    }
    return call(f, "GET", "/v1/authorize", NULL);
}

static void test_authorize_valid(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, ",\"key\":\"k\",\"customUserId\":\" u%\",\"customAccountId\":\"\\u00fc b\"", key);
    f->listener = WARD_LISTENER_VERIFY;
    for (int n = 0; n < 2; n++) { /* the first use goes by way of a worker */
        assert_int_equal(200, authorize(f, "k"));
        assert_body(f, "");
        assert_string_equal("valid", answered(f, "ward-verdict"));
        assert_int_equal(10, strlen(answered(f, "ward-key-id")));
        assert_string_equal("n", answered(f, "ward-key-name"));
        assert_string_equal(f->project, answered(f, "ward-project"));
        assert_string_equal("%20u%25", answered(f, "ward-user-id"));
        assert_string_equal("%C3%BC b", answered(f, "ward-account-id"));
        assert_true(atoi(answered(f, "ward-revision")) > 0);
        assert_string_equal("", answered(f, "ratelimit-limit"));
    }
    header(f, "authorization", "Bearer k");
    assert_int_equal(200, authorize(f, "k"));
    header(f, "authorization", "bearer k");
    assert_int_equal(200, authorize(f, NULL));
}

static void test_authorize_refusals(void **state)
{
    struct fixture *f = *state;
    char key[80], long_key[300];
    memset(long_key, 'x', sizeof(long_key));
    long_key[sizeof(long_key) - 1] = '\0';
    create_key(f, ",\"key\":\"disabled\"", key);
    assert_int_equal(200, ask(f, "DELETE", "/api-keys/disabled", NULL));
    create_key(f, ",\"key\":\"expired\",\"expiry\":\"2020-01-01\"", key);
    create_key(f, ",\"key\":\"domains\",\"allowedDomains\":[\"a.example\"]", key);
    const struct {
        const char *key;
        int status;
        const char *verdict;
    } rows[] = {
        { NULL, 401, "malformed" },        { "", 401, "malformed" },
        { long_key, 401, "malformed" },    { "none", 401, "unknown" },
        { f->access_key, 401, "unknown" }, { "disabled", 401, "disabled" },
        { "expired", 401, "expired" },     { "domains", 403, "origin_not_allowed" },
    };
    f->listener = WARD_LISTENER_VERIFY;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rows[i].status, authorize(f, rows[i].key));
        assert_body(f, "");
        assert_string_equal(rows[i].verdict, answered(f, "ward-verdict"));
        assert_string_equal(rows[i].verdict, f->reply.reason);
        assert_string_equal(rows[i].status == 401 ? "ApiKey" : "", answered(f, "www-authenticate"));
        assert_string_equal("", answered(f, "retry-after"));
    }
    header(f, "authorization", "Bearer other");
    assert_int_equal(401, authorize(f, "domains"));
    assert_string_equal("malformed", answered(f, "ward-verdict"));
    header(f, "x-origin-domain", "https://a.example");
    assert_int_equal(200, authorize(f, "domains"));
}

static void test_authorize_limit(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, ",\"key\":\"k\",\"rateLimitConfigs\":{\"rateLimit\":1,\"rateLimitTtl\":30}", key);
    f->listener = WARD_LISTENER_UNIX;
    header(f, "ward-peek", "1");
    header(f, "ward-access-key", f->access_key);
    assert_int_equal(200, authorize(f, "k"));
    assert_string_equal("1", answered(f, "RateLimit-Remaining"));
    header(f, "ward-peek", "1"); /* without an access key it counts: it might be the client's own header */
    assert_int_equal(200, authorize(f, "k"));
    assert_string_equal("1", answered(f, "RateLimit-Limit"));
    assert_string_equal("0", answered(f, "RateLimit-Remaining"));
    assert_string_equal("30", answered(f, "RateLimit-Reset"));
    test_clock_ms = START_MS + 29001;
    assert_int_equal(429, authorize(f, "k"));
    assert_string_equal("limited", answered(f, "ward-verdict"));
    assert_string_equal("1", answered(f, "Retry-After"));
    assert_body(f, "");
}

static void test_authorize_asker(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, ",\"key\":\"k\"", key);
    assert_int_equal(401, authorize(f, "k"));
    assert_body(f, "");
    assert_string_equal("ApiKey realm=\"ward-access-key\"", answered(f, "www-authenticate"));
    assert_string_equal("", answered(f, "ward-verdict"));
    header(f, "ward-access-key", "k");
    assert_int_equal(401, authorize(f, "k"));
    header(f, "ward-access-key", f->access_key);
    assert_int_equal(200, authorize(f, "k"));
    static const enum ward_listener_kind open[] = { WARD_LISTENER_UNIX, WARD_LISTENER_VERIFY, WARD_LISTENER_CONTROL };
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        f->listener = open[i];
        assert_int_equal(200, authorize(f, "k"));
    }
    assert_int_equal(404, call(f, "PUT", "/v1/authorize", NULL));
    assert_string_equal("application/problem+json", f->reply.content_type);
}

static void test_authorize_headers(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, ",\"key\":\"k\"", key);
    const struct {
        const char *name, *value;
        int status;
    } rows[] = {
        { "ward-project", f->project, 200 },
        { "ward-project", "00000000-0000-4000-8000-000000000000", 401 },
        { "ward-project", "default", 400 },
        { "ward-style", "problem", 200 },
        { "ward-style", "ncp", 200 },
        { "ward-style", "NCP", 400 },
        { "ward-proxy", "p", 401 },
        { "ward-environment", "prod", 403 },
        { "ward-environment", "test", 403 },
        { "ward-environment", "live", 200 },
        { "ward-public-key", "k", 401 },
        { "ward-audience", "x", 200 },
        { "ward-nonsense", "x", 200 },
        { "ward-environment", "", 403 },
        { "ward-style", "apinizer", 200 },
        { "ward-stage", "", 400 },
        { "ward-stage", "123456789", 400 },
        { "ward-stage", "123456789A", 400 },
        { "ward-stage", "12345678901", 400 },
        { "ward-stage", "1234567890", 403 },
        { "ward-product", "1234567890", 400 },
        { "ward-product", "", 400 },
        { "ward-api", "1234567890", 400 },
        { "ward-api", "x", 400 },
        { "ward-client-address", "nonsense", 200 },
    };
    f->listener = WARD_LISTENER_VERIFY;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        header(f, rows[i].name, rows[i].value);
        int status = authorize(f, "k");
        if (status != rows[i].status) {
            fail_msg("%s: %s: %d", rows[i].name, rows[i].value, status);
        }
    }
    header(f, "ward-project", f->project);
    header(f, "ward-project", "00000000-0000-4000-8000-000000000000");
    assert_int_equal(400, authorize(f, "k"));
}

static void test_styles(void **state)
{
    struct fixture *f = *state;
    f->listener = WARD_LISTENER_VERIFY;
    header(f, "ward-style", "problem");
    assert_int_equal(401, authorize(f, "none"));
    assert_string_equal("application/problem+json", f->reply.content_type);
    assert_holds(f, "{\"type\":\"urn:ward:problem:unknown\",\"title\":\"Unauthorized\",\"status\":401,"
                    "\"detail\":\"the credential is not known\",\"requestId\":\"");
    header(f, "ward-style", "theauthapi");
    assert_int_equal(401, authorize(f, "none"));
    assert_body(f, "{\"statusCode\":401,\"message\":\"Invalid client key\",\"error\":\"Unauthorized\"}");
    assert_string_equal("unknown", answered(f, "ward-verdict"));
    assert_int_equal(401, call(f, "POST", "/v1/verify", "{\"key\":\"none\",\"style\":\"theauthapi\"}"));
    assert_body(f, "{\"statusCode\":401,\"message\":\"Invalid client key\",\"error\":\"Unauthorized\"}");
}

/** Nothing of a key outside the asker's scope shows: not even that it is there, disabled or over its limit. */
static void test_foreign_keys_are_unknown(void **state)
{
    struct fixture *f = *state;
    char key[80], body[160], id[40], asker[96];
    create_key(f, ",\"key\":\"k\",\"rateLimitConfigs\":{\"rateLimit\":5,\"rateLimitTtl\":30}", key);
    snprintf(body, sizeof(body), "{\"name\":\"p\",\"accountId\":\"%s\",\"env\":\"live\"}", f->account);
    assert_int_equal(201, ask(f, "POST", "/projects", body));
    take_text(f, "id", id, sizeof(id));
    snprintf(body, sizeof(body), "{\"name\":\"asker\",\"projectId\":\"%s\"}", id);
    assert_int_equal(201, ask(f, "POST", "/access-keys", body));
    take_text(f, "key", asker, sizeof(asker));
    for (int narrowed = 0; narrowed < 2; narrowed++) {
        header(f, "ward-access-key", asker);
        if (narrowed) {
            header(f, "ward-project", f->project);
        }
        assert_int_equal(401, authorize(f, "k"));
        assert_string_equal("unknown", answered(f, "ward-verdict"));
        assert_string_equal("", answered(f, "ward-key-id"));
        assert_string_equal("", answered(f, "ratelimit-limit"));
    }
    header(f, "x-api-key", asker);
    assert_int_equal(200, call(f, "POST", "/v1/verify", "{\"key\":\"k\"}"));
    assert_holds(f, "{\"verdict\":\"unknown\",\"revision\":");
    assert_null(strstr(f->body, "\"key\""));
    assert_int_equal(200, ask(f, "POST", "/v1/verify", "{\"key\":\"k\"}"));
    assert_holds(f, "\"consumed\":1");
}

/* ---- /v1/verify ---- */

static void test_verify(void **state)
{
    struct fixture *f = *state;
    char key[80], expected[700], id[16];
    create_key(f,
               ",\"key\":\"k\",\"customMetaData\":{\"n\":1.0},\"customUserId\":\"u\",\"expiry\":\"2040-01-01\","
               "\"rateLimitConfigs\":{\"rateLimit\":3,\"rateLimitTtl\":30}",
               key);
    assert_int_equal(200, ask(f, "POST", "/v1/verify", "{\"key\":\"k\",\"origin\":\"https://a.example\"}"));
    take_text(f, "id", id, sizeof(id));
    snprintf(expected, sizeof(expected),
             ",\"key\":{\"id\":\"%s\",\"name\":\"n\",\"project\":\"%s\",\"account\":\"%s\",\"userId\":\"u\","
             "\"accountId\":null,\"metadata\":{\"n\":1.0},\"expiresAt\":\"2040-01-01T00:00:00.000Z\"},"
             "\"limit\":{\"limit\":3,\"remaining\":2,\"consumed\":1,\"resetAt\":\"2023-11-14T22:13:50.000Z\"}}",
             id, f->project, f->account);
    assert_holds(f, "{\"verdict\":\"valid\",\"revision\":");
    assert_holds(f, expected);
    assert_int_equal(200, ask(f, "POST", "/v1/verify", "{\"key\":\"k\",\"peek\":true}"));
    assert_holds(f, "\"consumed\":1");
    assert_int_equal(200, ask(f, "POST", "/v1/verify", "{\"key\":\"\"}"));
    assert_holds(f, "{\"verdict\":\"malformed\"");
}

static void test_verify_refuses_input(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *body;
        const char *problem;
    } rows[] = {
        { "", "{\"member\":\"key\",\"rule\":\"required\",\"detail\":\"must be given\"}" },
        { "{}", "\"rule\":\"required\"" },
        { "{", "\"rule\":\"syntax\"" },
        { "[]", "\"rule\":\"body_object\"" },
        { "\"x\"", "\"rule\":\"body_object\"" },
        { "{\"key\":5}", "{\"member\":\"key\",\"rule\":\"string\",\"detail\":\"must be a string\"}" },
        { "{\"key\":null}", "\"rule\":\"string\"" },
        { "{\"key\":\"a\",\"key\":\"b\"}", "\"rule\":\"syntax\"" },
        { "{\"key\":\"a\",\"nonsense\":1}", "{\"member\":\"nonsense\",\"rule\":\"unknown_member\"" },
        { "{\"key\":\"a\",\"environment\":null}", "{\"member\":\"environment\",\"rule\":\"string\"" },
        { "{\"key\":\"a\",\"token\":\"b\"}", "{\"member\":\"key\",\"rule\":\"syntax\",\"detail\":\"must be the only" },
        { "{\"key\":\"a\",\"publicKey\":\"b\",\"secretKey\":\"c\"}", "\"detail\":\"must be the only" },
        { "{\"publicKey\":\"b\"}", "{\"member\":\"secretKey\",\"rule\":\"required\"" },
        { "{\"secretKey\":\"b\"}", "{\"member\":\"publicKey\",\"rule\":\"required\"" },
        { "{\"token\":5}", "{\"member\":\"token\",\"rule\":\"string\"" },
        { "{\"token\":\"a\",\"stage\":\"1234567890\"}",
          "{\"member\":\"stage\",\"rule\":\"syntax\",\"detail\":\"goes with" },
        { "{\"key\":\"a\",\"peek\":\"yes\"}", "\"rule\":\"boolean\"" },
        { "{\"key\":\"a\",\"peek\":null}", "\"rule\":\"boolean\"" },
        { "{\"key\":\"a\",\"style\":\"NCP\"}", "\"detail\":\"must be one of: problem, theauthapi, ncp, apinizer\"" },
        { "{\"key\":\"a\",\"stage\":\"\"}", "{\"member\":\"stage\",\"rule\":\"syntax\",\"detail\":\"must be 10 char" },
        { "{\"key\":\"a\",\"stage\":null}", "{\"member\":\"stage\",\"rule\":\"string\"" },
        { "{\"key\":\"a\",\"stage\":\"123456789\"}", "\"rule\":\"syntax\"" },
        { "{\"key\":\"a\",\"stage\":\"123456789A\"}", "\"rule\":\"syntax\"" },
        { "{\"key\":\"a\",\"product\":\"1234567890\"}", "{\"member\":\"stage\",\"rule\":\"required\"" },
        { "{\"key\":\"a\",\"api\":\"1234567890\"}", "{\"member\":\"stage\",\"rule\":\"required\"" },
        { "{\"key\":\"a\",\"stage\":\"1234567890\",\"api\":\"x\"}", "{\"member\":\"api\",\"rule\":\"syntax\"" },
        { "{\"key\":\"a\",\"clientAddress\":5}", "{\"member\":\"clientAddress\",\"rule\":\"string\"" },
        { "{\"key\":\"a\",\"project\":\"x\"}", "\"rule\":\"uuid\"" },
        { "{\"key\":\"a\",\"origin\":5}", "\"rule\":\"string\"" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (ask(f, "POST", "/v1/verify", rows[i].body) != 400 || !strstr(f->body, rows[i].problem)) {
            fail_msg("%s: %d %s", rows[i].body, f->reply.status, f->body);
        }
        assert_string_equal("application/problem+json", f->reply.content_type);
    }
    assert_int_equal(401, call(f, "POST", "/v1/verify", "{"));
    assert_holds(f, "\"title\":\"Unauthorized\",\"status\":401");
    header(f, "authorization", "Bearer wrong");
    assert_int_equal(401, call(f, "POST", "/v1/verify", "{\"key\":\"a\"}"));
    assert_string_equal("ApiKey", answered(f, "www-authenticate"));
}

/* ---- status, health, description ---- */

static void test_settle_refuses_input(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *body;
        const char *problem;
    } rows[] = {
        { "", "{\"member\":\"ticket\",\"rule\":\"required\"" },
        { "{\"status\":200}", "{\"member\":\"ticket\",\"rule\":\"required\"" },
        { "{\"ticket\":\"a\"}", "{\"member\":\"status\",\"rule\":\"required\"" },
        { "{\"ticket\":5,\"status\":200}", "{\"member\":\"ticket\",\"rule\":\"string\"" },
        { "{\"ticket\":\"\",\"status\":200}", "\"detail\":\"is not a ticket of this server\"" },
        { "{\"ticket\":\"AQ\",\"status\":200}", "\"detail\":\"is not a ticket of this server\"" },
        { "{\"ticket\":\"a\",\"status\":\"200\"}", "{\"member\":\"status\",\"rule\":\"integer\"" },
        { "{\"ticket\":\"a\",\"status\":99}", "\"detail\":\"must be at least 100\"" },
        { "{\"ticket\":\"a\",\"status\":600}", "\"detail\":\"must be at most 599\"" },
        { "{\"ticket\":\"a\",\"class\":\"6xx\"}", "{\"member\":\"class\",\"rule\":\"enum\"" },
        { "{\"ticket\":\"a\",\"class\":\"\"}", "{\"member\":\"class\",\"rule\":\"enum\"" },
        { "{\"ticket\":\"a\",\"class\":\"2xx,3xx\"}", "{\"member\":\"class\",\"rule\":\"enum\"" },
        { "{\"ticket\":\"a\",\"class\":\"2xx\",\"status\":200}", "{\"member\":\"class\",\"rule\":\"syntax\"" },
        { "{\"ticket\":\"a\",\"status\":200,\"x\":1}", "\"rule\":\"unknown_member\"" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (ask(f, "POST", "/v1/settle", rows[i].body) != 400 || !strstr(f->body, rows[i].problem)) {
            fail_msg("%s: %d %s", rows[i].body, f->reply.status, f->body);
        }
    }
    assert_int_equal(401, call(f, "POST", "/v1/settle", "{\"ticket\":\"a\",\"status\":200}"));
    f->listener = WARD_LISTENER_VERIFY;
    assert_int_equal(400, call(f, "POST", "/v1/settle", "{\"ticket\":\"a\",\"status\":200}"));
}

/** NCP's gateway answers: contracts/ncp.md 8, byte for byte. */
static void test_ncp_style(void **state)
{
    struct fixture *f = *state;
    static const char missing[] = "{\"error\":{\"errorCode\":\"200\",\"message\":\"Authentication Failed\","
                                  "\"details\":\"Authentication information are missing.\"}}";
    static const char wrong[] = "{\"error\":{\"errorCode\":\"200\",\"message\":\"Authentication Failed\","
                                "\"details\":\"Invalid authentication information.\"}}";
    char key[80];
    create_key(f, ",\"key\":\"disabled\"", key);
    assert_int_equal(200, ask(f, "DELETE", "/api-keys/disabled", NULL));
    f->listener = WARD_LISTENER_VERIFY;
    static const char *const values[] = { "disabled", "none" };
    for (size_t i = 0; i < 2; i++) {
        header(f, "ward-style", "ncp");
        header(f, "X-NCP-APIGW-API-KEY", values[i]);
        assert_int_equal(401, authorize(f, NULL));
        assert_body(f, wrong);
        assert_string_equal("application/json;charset=UTF-8", f->reply.content_type);
    }
    header(f, "ward-style", "ncp");
    assert_int_equal(401, authorize(f, NULL));
    assert_body(f, missing);
    assert_string_equal("malformed", answered(f, "ward-verdict"));
    header(f, "ward-style", "ncp"); /* two that differ are none, but shown they were */
    header(f, "x-ncp-apigw-api-key", "other");
    assert_int_equal(401, authorize(f, "none"));
    assert_body(f, wrong);
    assert_int_equal(401, call(f, "POST", "/v1/verify", "{\"key\":\"\",\"style\":\"ncp\"}"));
    assert_body(f, missing);
}

static void test_status(void **state)
{
    struct fixture *f = *state;
    char key[80], expected[64];
    create_key(f, "", key);
    snprintf(expected, sizeof(expected), "{\"version\":\"1.2.3\",\"revision\":%s,\"applied\":%s,",
             answered(f, "ward-revision"), answered(f, "ward-revision"));
    assert_int_equal(401, call(f, "GET", "/v1/status", NULL));
    test_clock_ms = START_MS + 7000;
    assert_int_equal(200, ask(f, "GET", "/v1/status", NULL));
    assert_holds(f, expected);
    assert_holds(f, "\"keys\":1,\"replicas\":1,\"stalenessMs\":");
    assert_holds(f, "\"store\":{\"failed\":false,");
    assert_holds(f, "\"startedAt\":\"2023-11-14T22:13:20.000Z\",\"uptimeMs\":7000}");
    f->listener = WARD_LISTENER_CONTROL;
    assert_int_equal(200, call(f, "GET", "/v1/status", NULL));
    f->listener = WARD_LISTENER_VERIFY;
    assert_int_equal(404, ask(f, "GET", "/v1/status", NULL));
}

static void test_health(void **state)
{
    struct fixture *f = *state;
    f->listener = WARD_LISTENER_VERIFY;
    assert_int_equal(200, call(f, "GET", "/healthz", NULL));
    assert_body(f, "ok\n");
    assert_int_equal(200, call(f, "GET", "/readyz", NULL));
    f->application.is_draining = true;
    assert_int_equal(503, call(f, "GET", "/readyz", NULL));
    assert_body(f, "draining\n");
    assert_int_equal(200, call(f, "GET", "/healthz", NULL));
    f->listener = WARD_LISTENER_TCP;
    assert_int_equal(200, call(f, "GET", "/metrics", NULL));
    assert_body(f, "ward_test 1\n");
}

/** A stopped server's CLI has no verifier: whatever asks for a verdict is refused, and nothing crashes. */
static void test_without_a_verifier(void **state)
{
    struct fixture *f = *state;
    f->options.thread_start = NULL;
    f->options.thread_stop = NULL;
    assert_int_equal(503, call(f, "GET", "/readyz", NULL));
    assert_int_equal(503, ask(f, "GET", "/accounts", NULL));
    assert_int_equal(503, ask(f, "POST", "/v1/verify", "{\"key\":\"a\"}"));
    assert_int_equal(503, ask(f, "POST", "/v1/settle", "{\"ticket\":\"a\",\"status\":200}"));
    f->listener = WARD_LISTENER_CONTROL;
    assert_int_equal(503, authorize(f, "a"));
    assert_string_equal("stale", answered(f, "ward-verdict"));
    assert_int_equal(200, call(f, "POST", "/v1/verify", "{\"key\":\"a\"}"));
    assert_holds(f, "{\"verdict\":\"stale\"");
    assert_int_equal(503, call(f, "POST", "/v1/settle", "{\"ticket\":\"a\",\"status\":200}"));
}

static void test_openapi(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(200, call(f, "GET", "/openapi.json", NULL));
    const struct ward_json_value *document = NULL;
    const char *why = "";
    assert_int_equal(WARD_OK, ward_json_parse(ward_span_of(f->body), &f->pool, &document, &why));
    const struct ward_json_value *paths = ward_json_member(document, "paths");
    size_t operations = 0;
    for (size_t i = 0; i < ward_json_count(paths); i++) {
        operations += ward_json_count(ward_json_at(paths, i));
    }
    size_t routes = 0;
    for (size_t i = 0; i < f->options.surface_count; i++) {
        for (size_t j = 0; j < f->surfaces[i].route_count; j++) {
            routes += (f->surfaces[i].routes[j].listeners & (1U << WARD_LISTENER_TCP)) != 0;
        }
    }
    assert_int_equal(routes, operations);
    const struct ward_json_value *rotate = ward_json_member(ward_json_member(paths, "/api-keys/{key}/rotate"), "post");
    assert_true(ward_span_equal(WARD_SPAN("rotateApiKey"), ward_json_string(ward_json_member(rotate, "operationId"))));
    const struct ward_json_value *parameter = ward_json_at(ward_json_member(rotate, "parameters"), 0);
    assert_true(ward_span_equal(WARD_SPAN("key"), ward_json_string(ward_json_member(parameter, "name"))));
    assert_null(ward_json_member(paths, "/v1/keys"));
    assert_non_null(ward_json_member(paths, "/v1/settle"));
    const struct ward_json_value *signed_call = ward_json_member(ward_json_member(paths, "/api/v1/api-keys"), "get");
    assert_non_null(ward_json_member(ward_json_at(ward_json_member(signed_call, "security"), 0), "ncpSignature"));
}

static void test_names_are_unique(void **state)
{
    struct fixture *f = *state;
    const char *names[256];
    size_t count = 0;
    for (size_t i = 0; i < f->options.surface_count; i++) {
        for (size_t j = 0; j < f->surfaces[i].route_count; j++) {
            const struct ward_http_route *route = &f->surfaces[i].routes[j];
            for (size_t k = 0; k < count; k++) {
                assert_string_not_equal(names[k], route->name);
            }
            assert_true(count < 256 && route->summary[0] != '\0');
            names[count++] = route->name;
        }
    }
}

/* ---- management ---- */

static void test_management_is_local(void **state)
{
    struct fixture *f = *state;
    static const enum ward_listener_kind closed[] = { WARD_LISTENER_TCP, WARD_LISTENER_UNIX, WARD_LISTENER_VERIFY };
    static const char *const paths[] = { "/v1/keys", "/v1/projects", "/v1/credentials" };
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        f->listener = closed[i];
        for (size_t j = 0; j < sizeof(paths) / sizeof(paths[0]); j++) {
            assert_int_equal(404, ask(f, "GET", paths[j], NULL));
            assert_holds(f, "\"type\":\"urn:ward:problem:no_route\"");
        }
    }
}

static void test_manage_keys(void **state)
{
    struct fixture *f = *state;
    char body[400], target[160], id[16];
    f->listener = WARD_LISTENER_CONTROL;
    snprintf(body, sizeof(body),
             "{\"name\":\"n\",\"projectId\":\"%s\",\"key\":\"k\",\"metadata\":{\"a\":1},\"customUserId\":\"u\","
             "\"expiresAt\":\"2040-01-01\",\"rateLimit\":{\"limit\":5,\"ttl\":60},\"allowedDomains\":[\"a.example\"]}",
             f->project);
    assert_int_equal(201, call(f, "POST", "/v1/keys", body));
    take_text(f, "id", id, sizeof(id));
    assert_string_equal("1/1", answered(f, "ward-applied"));
    snprintf(body, sizeof(body),
             "{\"id\":\"%s\",\"key\":\"k\",\"name\":\"n\",\"projectId\":\"%s\",\"accountId\":\"%s\",\"env\":\"live\","
             "\"isActive\":true,\"metadata\":{\"a\":1},\"customAccountId\":null,\"customUserId\":\"u\",",
             id, f->project, f->account);
    assert_holds(f, body);
    assert_holds(f, "\"rateLimit\":{\"limit\":5,\"ttl\":60},\"allowedDomains\":[\"a.example\"],"
                    "\"expiresAt\":\"2040-01-01T00:00:00.000Z\",\"firstUsedAt\":null,");
    snprintf(target, sizeof(target), "/v1/keys/%s", id);
    assert_int_equal(200, call(f, "PATCH", target, "{\"rateLimit\":null}")); /* the name stays */
    assert_holds(f, "\"name\":\"n\"");
    assert_holds(f, "\"rateLimit\":null");
    assert_int_equal(200, call(f, "DELETE", target, NULL));
    assert_holds(f, "\"isActive\":false}");
    assert_int_equal(404, call(f, "GET", target, NULL));
    assert_int_equal(404, call(f, "PATCH", target, "{\"rateLimit\":null}"));
    snprintf(target, sizeof(target), "/v1/keys?projectId=%s", f->project);
    assert_int_equal(200, call(f, "GET", target, NULL));
    assert_holds(f, "\"isActive\":false");
    snprintf(target, sizeof(target), "/v1/keys/%s/reactivate", id);
    assert_int_equal(200, call(f, "POST", target, NULL));
    assert_int_equal(409, call(f, "POST", target, NULL));
    snprintf(target, sizeof(target), "/v1/keys/%s/rotate", id);
    assert_int_equal(201, call(f, "POST", target, NULL));
    assert_holds(f, "\"key\":\"live_");
}

static void test_manage_refuses_input(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *path, *body, *problem;
    } rows[] = {
        { "/v1/keys", "{\"name\":\"n\"}", "\"member\":\"projectId\"" },
        { "/v1/keys", "{\"name\":\"n\",\"nonsense\":1}", "{\"member\":\"nonsense\",\"rule\":\"unknown_member\"" },
        { "/v1/keys", "{\"name\":\"n\",\"metadata\":5}", "{\"member\":\"metadata\",\"rule\":\"object\"" },
        { "/v1/keys", "{\"name\":\"n\",\"expiresAt\":5}", "{\"member\":\"expiresAt\",\"rule\":\"date\"" },
        { "/v1/keys", "{\"name\":\"n\",\"rateLimit\":{\"limit\":0,\"ttl\":1}}", "{\"member\":\"rateLimit.limit\"" },
        { "/v1/keys", "{\"name\":\"n\",\"rateLimit\":{\"limit\":1}}", "{\"member\":\"rateLimit.ttl\"" },
        { "/v1/keys", "{\"name\":\"n\",\"rateLimit\":{\"limit\":1,\"ttl\":1,\"x\":1}}", "{\"member\":\"x\"" },
        { "/v1/projects", "{\"name\":\"n\",\"env\":\"prod\"}", "{\"member\":\"env\"" },
        { "/v1/projects", "{\"name\":5,\"env\":\"live\"}", "{\"member\":\"name\"" },
        { "/v1/credentials", "{\"kind\":\"password\",\"role\":\"admin\",\"name\":\"n\"}", "{\"member\":\"kind\"" },
        { "/v1/credentials", "{\"kind\":\"token\",\"name\":\"n\"}", "{\"member\":\"role\",\"rule\":\"enum\"" },
        { "/v1/credentials", "{\"kind\":\"token\",\"role\":\"god\",\"name\":\"n\"}", "{\"member\":\"role\"" },
    };
    f->listener = WARD_LISTENER_CONTROL;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (call(f, "POST", rows[i].path, rows[i].body) != 400 || !strstr(f->body, rows[i].problem)) {
            fail_msg("%s: %d %s", rows[i].body, f->reply.status, f->body);
        }
    }
}

static void test_manage_projects_and_credentials(void **state)
{
    struct fixture *f = *state;
    char id[40], target[128], secret[96];
    f->listener = WARD_LISTENER_CONTROL;
    assert_int_equal(201, call(f, "POST", "/v1/projects", "{\"name\":\"p\",\"env\":\"test\"}")); /* the only account */
    assert_holds(f, "\"env\":\"test\",\"isActive\":true");
    take_text(f, "id", id, sizeof(id));
    assert_int_equal(200, call(f, "GET", "/v1/projects", NULL));
    assert_holds(f, "\"name\":\"p\"");
    snprintf(target, sizeof(target), "/v1/projects/%s", id);
    assert_int_equal(200, call(f, "PATCH", target, "{\"name\":\"q\"}"));
    assert_int_equal(200, call(f, "DELETE", target, NULL));
    assert_int_equal(404, call(f, "DELETE", target, NULL));
    static const char *const kinds[] = { "access-key", "token", "iam" };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char body[128];
        snprintf(body, sizeof(body), "{\"kind\":\"%s\",\"role\":\"user\",\"name\":\"c\"}", kinds[i]);
        assert_int_equal(201, call(f, "POST", "/v1/credentials", body));
        take_text(f, "id", id, sizeof(id));
        take_text(f, "value", secret, sizeof(secret));
        assert_int_equal(i == 2, strstr(f->body, "\"publicId\":\"") != NULL);
        assert_int_equal(200, call(f, "GET", "/v1/credentials", NULL));
        assert_holds(f, id);
        assert_null(strstr(f->body, secret));
        snprintf(target, sizeof(target), "/v1/credentials/%s", id);
        assert_int_equal(200, call(f, "DELETE", target, NULL));
        snprintf(target, sizeof(target), "/v1/credentials/%s/reactivate", id);
        assert_int_equal(200, call(f, "POST", target, NULL));
        assert_null(strstr(f->body, secret));
        assert_int_equal(409, call(f, "POST", target, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(test_authorize_valid),
        test_case(test_authorize_refusals),
        test_case(test_authorize_limit),
        test_case(test_authorize_asker),
        test_case(test_authorize_headers),
        test_case(test_styles),
        test_case(test_foreign_keys_are_unknown),
        test_case(test_verify),
        test_case(test_verify_refuses_input),
        test_case(test_settle_refuses_input),
        test_case(test_ncp_style),
        test_case(test_status),
        test_case(test_health),
        test_case(test_without_a_verifier),
        test_case(test_openapi),
        test_case(test_names_are_unique),
        test_case(test_management_is_local),
        test_case(test_manage_keys),
        test_case(test_manage_refuses_input),
        test_case(test_manage_projects_and_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
