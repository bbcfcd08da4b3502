/* What The Auth API surface maps: callers, queries, bodies, objects and their order. The rules behind it are tested
 * where they live. */
#include "fixture.h"

#include "base/iso8601.h"

#define UNAUTHORIZED "{\"statusCode\":401,\"message\":\"Unauthorized\"}"
#define ROLE         "{\"statusCode\":403,\"message\":\"Invalid roles for this account\",\"error\":\"Forbidden\"}"
#define NO_KEY       "{\"statusCode\":404,\"message\":\"Invalid client key\",\"error\":\"Not Found\"}"
#define TAKEN        "{\"statusCode\":409,\"message\":\"API key already exists\",\"error\":\"Conflict\"}"
#define ACTIVE       "{\"statusCode\":409,\"message\":\"API key is already active\",\"error\":\"Conflict\"}"
#define NAME                                                                                                           \
    "{\"statusCode\":400,\"message\":[\"name must be longer than or equal to 1 characters\",\"name must be a "         \
    "string\"],\"error\":\"Bad Request\"}"

/* ---- 1.8 ---- */

static void test_render_order(void **state)
{
    (void)state;
    struct ward_api_key key = { .name = WARD_SPAN("a \"name\""),
                                .is_enabled = true,
                                .expires_ms = WARD_TIME_NONE,
                                .created_ms = START_MS,
                                .updated_ms = START_MS + 1 };
    WARD_BUFFER text = ward_buffer_new(4096);
    ward_buffer_append_text(&text, "before");
    ward_theauthapi_reply_render(&key, &text);
    ward_buffer_append_char(&text, '\0');
    assert_string_equal("before,\"name\":\"a \\\"name\\\"\",\"customMetaData\":{},\"customAccountId\":null,"
                        "\"customUserId\":null,\"env\":\"live\",\"createdAt\":\"2023-11-14T22:13:20.000Z\","
                        "\"updatedAt\":\"2023-11-14T22:13:20.001Z\",\"isActive\":true,\"expiresAt\":null,"
                        "\"rateLimitConfigs\":null,\"creationContext\":{}}",
                        text.data);
}

static void test_render_full(void **state)
{
    (void)state;
    struct ward_api_key key = { .name = WARD_SPAN("n"),
                                .env = WARD_ENV_TEST,
                                .is_enabled = true,
                                .metadata = WARD_SPAN("{\"n\":1.0}"),
                                .custom_account_id = WARD_SPAN("A"),
                                .custom_user_id = WARD_SPAN(""),
                                .creation_context = WARD_SPAN("{\"clientIP\":\"192.0.2.1\"}"),
                                .allowed_domains = WARD_SPAN("[\"a.example\"]"),
                                .expires_ms = START_MS,
                                .rate_limit = { 10, 60 } };
    WARD_BUFFER text = ward_buffer_new(4096);
    ward_theauthapi_reply_render(&key, &text);
    ward_buffer_append_char(&text, '\0');
    assert_string_equal(
        ",\"name\":\"n\",\"customMetaData\":{\"n\":1.0},\"customAccountId\":\"A\",\"customUserId\":\"\","
        "\"env\":\"test\",\"createdAt\":\"1970-01-01T00:00:00.000Z\","
        "\"updatedAt\":\"1970-01-01T00:00:00.000Z\",\"isActive\":true,"
        "\"expiresAt\":\"2023-11-14T22:13:20.000Z\","
        "\"rateLimitConfigs\":{\"rateLimit\":10,\"rateLimitTtl\":60},"
        "\"creationContext\":{\"clientIP\":\"192.0.2.1\"},\"allowedDomains\":[\"a.example\"]}",
        text.data);
}

static void test_render_without_room(void **state)
{
    (void)state;
    struct ward_api_key key = { .name = WARD_SPAN("n") };
    WARD_BUFFER text = ward_buffer_new(20);
    ward_theauthapi_reply_render(&key, &text);
    assert_int_equal(WARD_TOO_LARGE, text.status);
}

/* ---- 1.1 ---- */

static void test_caller_headers(void **state)
{
    struct fixture *f = *state;
    char bearer[96], other[96];
    snprintf(bearer, sizeof(bearer), "Bearer %s", f->access_key);
    snprintf(other, sizeof(other), "bearer   %s", f->access_key);
    const char *const key = f->access_key;
    const struct {
        const char *name, *value, *second_name, *second_value;
        int status;
    } rows[] = {
        { "x-api-key", key, NULL, NULL, 200 },
        { "api-key", key, NULL, NULL, 200 },
        { "api_key", key, NULL, NULL, 200 },
        { "access_key", key, NULL, NULL, 200 },
        { "Authorization", key, NULL, NULL, 200 },
        { "AUTHORIZATION", bearer, NULL, NULL, 200 },
        { "authorization", other, NULL, NULL, 200 },
        { "x-api-key", key, "api-key", key, 200 },
        { "x-api-key", key, "authorization", bearer, 200 },
        { "x-api-key", "", "api-key", key, 200 },
        { "x-api-key", key, "x-api-key", key, 200 },
        { "x-api-key", "", NULL, NULL, 401 },
        { "x-api-key", "live_access_unknown", NULL, NULL, 401 },
        { "x-api-key", key, "api-key", "live_access_unknown", 401 },
        { "x-api-key", key, "x-api-key", "live_access_unknown", 401 },
        { "x-api-key", key, "authorization", "Bearer x", 401 },
        { "authorization", "Bearer ", NULL, NULL, 401 },
        { "ward-access-key", key, NULL, NULL, 401 },
        { "x-api-keys", key, NULL, NULL, 401 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        header(f, rows[i].name, rows[i].value);
        if (rows[i].second_name) {
            header(f, rows[i].second_name, rows[i].second_value);
        }
        int status = call(f, "GET", "/accounts", NULL);
        if (status != rows[i].status) {
            fail_msg("row %zu: %d instead of %d", i, status, rows[i].status);
        }
        if (status == 401) {
            assert_body(f, UNAUTHORIZED);
            assert_string_equal("ApiKey", answered(f, "www-authenticate"));
        }
    }
}

static void test_an_api_key_is_no_access_key(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, "", key);
    header(f, "x-api-key", key);
    assert_int_equal(401, call(f, "GET", "/accounts", NULL));
}

static void test_a_unix_socket_opens_no_management(void **state)
{
    struct fixture *f = *state;
    f->listener = WARD_LISTENER_UNIX;
    assert_int_equal(401, call(f, "GET", "/accounts", NULL));
    f->listener = WARD_LISTENER_VERIFY;
    assert_int_equal(404, ask(f, "GET", "/accounts", NULL));
    f->listener = WARD_LISTENER_CONTROL;
    assert_int_equal(404, ask(f, "GET", "/accounts", NULL));
}

static void test_an_access_keys_own_limit(void **state)
{
    struct fixture *f = *state;
    char limited[96];
    assert_int_equal(201, ask(f, "POST", "/access-keys", "{\"name\":\"l\",\"rateLimit\":1,\"rateLimitTtl\":60}"));
    take_text(f, "key", limited, sizeof(limited));
    header(f, "x-api-key", limited);
    assert_int_equal(200, call(f, "GET", "/accounts", NULL));
    header(f, "x-api-key", limited);
    assert_int_equal(429, call(f, "GET", "/accounts", NULL));
    assert_body(f, "{\"statusCode\":429,\"message\":\"Too many requests\"}");
    assert_string_equal("60", answered(f, "retry-after"));
}

/* ---- 2.1 ---- */

static void test_list_queries(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, ",\"key\":\"a\",\"customUserId\":\"U\"", key);
    create_key(f, ",\"key\":\"b\",\"customAccountId\":\"A\"", key);
    create_key(f, ",\"key\":\"c\"", key);
    assert_int_equal(200, ask(f, "DELETE", "/api-keys/c", NULL));
    static const struct {
        const char *query;
        int status;
        const char *keys; /* one letter each */
    } rows[] = {
        { "", 200, "ab" },
        { "&customUserId=U", 200, "a" },
        { "&customUserId=u", 200, "" },
        { "&customUserId=null", 200, "b" },
        { "&customUserId=undefined", 200, "ab" },
        { "&customAccountId=null", 200, "a" },
        { "&customAccountId=A&customUserId=null", 200, "b" },
        { "&name=N", 200, "ab" },
        { "&name=undefined&limit=undefined&offset=undefined&isActive=undefined", 200, "ab" },
        { "&name=null", 200, "" },
        { "&isActive=true", 200, "ab" },
        { "&isActive=True", 200, "ab" },
        { "&isActive=FALSE", 200, "c" },
        { "&limit=1", 200, "a" },
        { "&limit=1&offset=1", 200, "b" },
        { "&limit=0", 200, "" },
        { "&nonsense=1&0=a", 200, "ab" },
        { "&isActive=1", 400, "isActive must be a boolean value" },
        { "&isActive=", 400, "isActive must be a boolean value" },
        { "&isActive=null", 400, "isActive must be a boolean value" },
        { "&limit=-1", 400, "limit must be an integer number" },
        { "&limit=x", 400, "limit must be an integer number" },
        { "&limit=", 400, "limit must be an integer number" },
        { "&offset=1.5", 400, "offset must be an integer number" },
        { "&limit=99999999999999999999", 400, "limit must be an integer number" },
        { "&customUserId=%4", 400, "the query holds a bad percent escape" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char target[256], found[16] = "";
        snprintf(target, sizeof(target), "/api-keys/?projectId=%s%s", f->project, rows[i].query);
        int status = ask(f, "GET", target, NULL);
        if (status != rows[i].status) {
            fail_msg("%s: %d %s", rows[i].query, status, f->body);
        }
        for (const char *at = f->body; status == 200 && (at = strstr(at, "{\"key\":\"")); at += 9) {
            strncat(found, at + 8, 1);
        }
        if (status == 200) {
            assert_string_equal(rows[i].keys, found);
        } else {
            char expected[128];
            snprintf(expected, sizeof(expected), "\"message\":\"%s\"", rows[i].keys);
            assert_holds(f, expected);
        }
    }
}

/* ---- 2.2, 2.4 ---- */

static void test_refused_bodies(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *body;
        const char *sentence;
    } rows[] = {
        { "", NAME },
        { "  ", NAME },
        { "{}", NAME },
        { "{\"name\":null}", NAME },
        { "{\"name\":5}", NAME },
        { "{\"name\":\"\"}", "[\"name must be longer than or equal to 1 characters\"]" },
        { "{", "\"error\":\"Bad Request\"" },
        { "{\"name\":\"a\",\"name\":\"b\"}", "\"error\":\"Bad Request\"" },
        { "[]", "[\"body must be an object\"]" },
        { "null", "[\"body must be an object\"]" },
        { "{\"name\":\"n\",\"key\":null}", "[\"key must be a string\"]" },
        { "{\"name\":\"n\",\"customMetaData\":null}", "[\"customMetaData must be an object\"]" },
        { "{\"name\":\"n\",\"customMetaData\":[]}", "[\"customMetaData must be an object\"]" },
        { "{\"name\":\"n\",\"customAccountId\":7}", "[\"customAccountId must be a string\"]" },
        { "{\"name\":\"n\",\"expiry\":1700000000}", "[\"expiry must be a valid ISO 8601 date string\"]" },
        { "{\"name\":\"n\",\"expiry\":\"soon\"}", "[\"expiry must be a valid ISO 8601 date string\"]" },
        { "{\"name\":\"n\",\"rateLimitConfigs\":5}", "[\"rateLimitConfigs must be an object\"]" },
        { "{\"name\":\"n\",\"rateLimitConfigs\":{\"rateLimit\":0,\"rateLimitTtl\":1}}",
          "[\"rateLimitConfigs.rateLimit must not be less than 1\"]" },
        { "{\"name\":\"n\",\"rateLimitConfigs\":{\"rateLimit\":1}}",
          "[\"rateLimitConfigs.rateLimitTtl must be an integer number\"]" },
        { "{\"name\":\"n\",\"rateLimitConfigs\":{\"rateLimit\":\"1\",\"rateLimitTtl\":1}}",
          "[\"rateLimitConfigs.rateLimit must be an integer number\"]" },
        { "{\"name\":\"n\",\"allowedDomains\":\"a.example\"}", "[\"allowedDomains must be an array\"]" },
        { "{\"name\":\"n\",\"allowedDomains\":[1]}", "[\"each value in allowedDomains must be a domain name\"]" },
        { "{\"name\":\"a\\u0000b\"}", "[\"name contains characters that are not allowed\"]" },
        { "{\"name\":1,\"customUserId\":2}", "\"name must be a string\",\"customUserId must be a string\"]" },
    };
    char key[80], target[128];
    create_key(f, ",\"key\":\"kept\"", key);
    snprintf(target, sizeof(target), "/api-keys/%s", key);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (ask(f, "PATCH", target, rows[i].body) != 400 || !strstr(f->body, rows[i].sentence)) {
            fail_msg("%s: %d %s", rows[i].body, f->reply.status, f->body);
        }
    }
    assert_int_equal(200, ask(f, "GET", target, NULL));
    assert_holds(f, "{\"key\":\"kept\",\"name\":\"n\",");
    assert_holds(f, "\"updatedAt\":\"2023-11-14T22:13:20.000Z\"");
}

static void test_create_refuses_context(void **state)
{
    struct fixture *f = *state;
    static const char *const bodies[] = { "{\"name\":\"n\",\"clientIP\":5}", "{\"name\":\"n\",\"clientUserAgent\":[]}",
                                          "{\"name\":\"n\",\"clientIP\":\"a\\u0000\"}",
                                          "{\"name\":\"n\",\"projectId\":null}" };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(400, ask(f, "POST", "/api-keys", bodies[i]));
        assert_holds(f, "\"message\":[\"");
    }
}

static void test_nulls(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f,
               ",\"key\":\"k\",\"customAccountId\":\"A\",\"customUserId\":\"U\",\"expiry\":\"2050-01-01\","
               "\"rateLimitConfigs\":{\"rateLimit\":1,\"rateLimitTtl\":2},\"allowedDomains\":[\"a.example\"],"
               "\"clientIP\":\"192.0.2.1\",\"clientUserAgent\":null",
               key);
    assert_holds(f, "\"creationContext\":{\"clientIP\":\"192.0.2.1\"},\"allowedDomains\":[\"a.example\"]}");
    assert_holds(f, "\"expiresAt\":\"2050-01-01T00:00:00.000Z\",\"rateLimitConfigs\":{\"rateLimit\":1,"
                    "\"rateLimitTtl\":2}");
    assert_int_equal(200, ask(f, "PATCH", "/api-keys/k",
                              "{\"name\":\"n\",\"customAccountId\":null,\"customUserId\":null,\"expiry\":null,"
                              "\"rateLimitConfigs\":null,\"allowedDomains\":null}"));
    assert_holds(f, "\"customAccountId\":null,\"customUserId\":null,\"env\"");
    assert_holds(f, "\"expiresAt\":null,\"rateLimitConfigs\":null,\"creationContext\":{\"clientIP\":\"192.0.2.1\"}}");
}

static void test_unknown_members_are_ignored(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, ",\"isActive\":false,\"role\":\"admin\",\"nonsense\":[1]", key);
    assert_holds(f, "\"isActive\":true");
}

/* ---- statuses ---- */

static void test_life_of_a_key(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, ",\"key\":\"k\"", key);
    assert_true(atoi(answered(f, "Ward-Revision")) > 0);
    assert_string_equal("1/1", answered(f, "Ward-Applied"));
    assert_string_equal("application/json; charset=utf-8", f->reply.content_type);
    assert_int_equal(409, ask(f, "PATCH", "/api-keys/k/reactivate", "{broken"));
    assert_body(f, ACTIVE);
    assert_int_equal(200, ask(f, "DELETE", "/api-keys/k", NULL));
    assert_body(f, "true");
    assert_string_equal("1/1", answered(f, "Ward-Applied"));
    assert_int_equal(404, ask(f, "DELETE", "/api-keys/k", NULL));
    assert_body(f, NO_KEY);
    assert_int_equal(200, ask(f, "PATCH", "/api-keys/k/reactivate", NULL));
    assert_int_equal(201, ask(f, "POST", "/api-keys/k/rotate", "nonsense"));
    assert_holds(f, "{\"key\":\"live_");
    char body[128];
    snprintf(body, sizeof(body), "{\"name\":\"n\",\"projectId\":\"%s\",\"key\":\"k\"}", f->project);
    assert_int_equal(409, ask(f, "POST", "/api-keys", body));
    assert_body(f, TAKEN);
}

static void test_order_of_checks(void **state)
{
    struct fixture *f = *state;
    char viewer[96];
    assert_int_equal(201, ask(f, "POST", "/access-keys", "{\"name\":\"v\",\"role\":\"viewer\"}"));
    assert_holds(f, "\"role\":\"viewer\"}");
    take_text(f, "key", viewer, sizeof(viewer));
    assert_int_equal(404, call(f, "PUT", "/api-keys/x", NULL));
    assert_body(f, "{\"statusCode\":404,\"message\":\"Cannot PUT /api-keys/x\",\"error\":\"Not Found\"}");
    assert_int_equal(401, call(f, "POST", "/api-keys", "{"));
    header(f, "x-api-key", viewer);
    assert_int_equal(403, call(f, "POST", "/api-keys", "{"));
    assert_body(f, ROLE);
    assert_int_equal(400, ask(f, "PATCH", "/api-keys/none", "{\"name\":\"\"}"));
    assert_int_equal(404, ask(f, "PATCH", "/api-keys/none", "{\"name\":\"n\"}"));
}

/* ---- 2.8, 2.9 ---- */

static void test_authenticate(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, ",\"key\":\"a\\\"b\",\"customMetaData\":{\"n\":1.0}", key);
    test_clock_ms = START_MS + 5;
    assert_int_equal(200, ask(f, "POST", "/api-keys/auth/a%22b", "not read"));
    assert_body(f, "{\"key\":\"a\\\"b\",\"name\":\"n\",\"customMetaData\":{\"n\":1.0},\"customAccountId\":null,"
                   "\"customUserId\":null,\"env\":\"live\",\"createdAt\":\"2023-11-14T22:13:20.000Z\","
                   "\"updatedAt\":\"2023-11-14T22:13:20.005Z\",\"isActive\":true,\"expiresAt\":null,"
                   "\"rateLimitConfigs\":null,\"creationContext\":{}}");
    assert_string_equal("", answered(f, "ratelimit-limit"));
    assert_string_equal("", answered(f, "ward-revision"));
    test_clock_ms = START_MS + 10;
    assert_int_equal(200, ask(f, "GET", "/api-keys/auth/a%22b", NULL));
    assert_holds(f, "\"updatedAt\":\"2023-11-14T22:13:20.005Z\"");
}

static void test_authenticate_counts_once(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, ",\"key\":\"k\",\"rateLimitConfigs\":{\"rateLimit\":1,\"rateLimitTtl\":30}", key);
    /* The first use takes the last point and still shows its fresh body. */
    assert_int_equal(200, ask(f, "POST", "/api-keys/auth/k", NULL));
    assert_string_equal("1", answered(f, "ratelimit-limit"));
    assert_string_equal("0", answered(f, "ratelimit-remaining"));
    assert_string_equal("1", answered(f, "ratelimit-consumed"));
    assert_string_equal("2023-11-14T22:13:50.000Z", answered(f, "ratelimit-reset"));
    assert_string_equal("30", answered(f, "retry-after-seconds"));
    assert_int_equal(429, ask(f, "POST", "/api-keys/auth/k", NULL));
    assert_body(f, "{\"statusCode\":429,\"message\":\"Too many requests\"}");
    assert_string_equal("2", answered(f, "ratelimit-consumed"));
    assert_string_equal("30", answered(f, "Retry-After"));
}

static void test_authenticate_refusals(void **state)
{
    struct fixture *f = *state;
    char key[80], project_key[96], body[128];
    create_key(f, ",\"key\":\"k\",\"allowedDomains\":[\"a.example\"]", key);
    assert_int_equal(404, ask(f, "POST", "/api-keys/auth/none", NULL));
    assert_body(f, NO_KEY);
    assert_string_equal("unknown", f->reply.reason);
    assert_int_equal(403, ask(f, "POST", "/api-keys/auth/k", NULL));
    assert_holds(f, "Origin domain is not allowed for this API key");
    header(f, "x-origin-domain", "https://b.example");
    header(f, "origin", "https://a.example");
    assert_int_equal(403, ask(f, "POST", "/api-keys/auth/k", NULL));
    header(f, "x-origin-domain", "a.example");
    header(f, "x-origin-domain", "b.example");
    assert_int_equal(403, ask(f, "POST", "/api-keys/auth/k", NULL));
    header(f, "referer", "https://a.example/page");
    assert_int_equal(200, ask(f, "POST", "/api-keys/auth/k", NULL));
    assert_int_equal(401, call(f, "POST", "/api-keys/auth/k", NULL));
    snprintf(body, sizeof(body), "{\"name\":\"p\",\"accountId\":\"%s\",\"env\":\"live\"}", f->account);
    assert_int_equal(201, ask(f, "POST", "/projects", body));
    char id[40];
    take_text(f, "id", id, sizeof(id));
    snprintf(body, sizeof(body), "{\"name\":\"other\",\"projectId\":\"%s\"}", id);
    assert_int_equal(201, ask(f, "POST", "/access-keys", body));
    take_text(f, "key", project_key, sizeof(project_key));
    header(f, "x-api-key", project_key);
    assert_int_equal(403, call(f, "POST", "/api-keys/auth/k", NULL));
    assert_body(f, ROLE);
}

static void test_authenticate_legacy(void **state)
{
    struct fixture *f = *state;
    char key[80];
    create_key(f, ",\"key\":\"k\",\"customAccountId\":\"A\"", key);
    const char *const body = "{\"credentials\":{\"api_key\":\"k\"},\"timestamp\":1,\"sentAt\":1}";
    assert_int_equal(201, ask(f, "POST", "/auth/authenticate", body));
    assert_body(f, "{\"customMetaData\":{},\"customAccountId\":\"A\",\"customUserId\":null,\"authenticated\":true}");
    assert_int_equal(401, call(f, "POST", "/auth/authenticate", body));
    assert_int_equal(404, ask(f, "POST", "/auth/authenticate", "{\"credentials\":{\"api_key\":\"none\"}}"));
    static const char *const bad[] = {
        "", "{}", "{", "[]", "{\"credentials\":{}}", "{\"credentials\":{\"api_key\":5}}"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(400, ask(f, "POST", "/auth/authenticate", bad[i]));
    }
}

/* ---- 6, 7 ---- */

static void test_projects_and_accounts(void **state)
{
    struct fixture *f = *state;
    char body[160], id[40], target[64];
    snprintf(body, sizeof(body), "{\"name\":\"p\",\"accountId\":\"%s\",\"env\":\"test\"}", f->account);
    assert_int_equal(201, ask(f, "POST", "/projects", body));
    take_text(f, "id", id, sizeof(id));
    assert_holds(f, "{\"isActive\":true,\"createdBy\":\"");
    assert_holds(f, "\",\"createdByType\":\"ACCESS_KEY\",\"createdIn\":null,\"lastChangedBy\":null,"
                    "\"lastChangedByType\":null,\"updatedAt\":\"2023-11-14T22:13:20.000Z\","
                    "\"createdAt\":\"2023-11-14T22:13:20.000Z\",\"id\":\"");
    assert_holds(f, "\"env\":\"test\"}");
    snprintf(target, sizeof(target), "/projects/%s", id);
    assert_int_equal(200, ask(f, "PATCH", target, "{\"name\":\"q\"}"));
    assert_holds(f, "\"lastChangedByType\":\"ACCESS_KEY\"");
    assert_int_equal(200, ask(f, "DELETE", target, NULL));
    assert_body(f, "true");
    assert_int_equal(404, ask(f, "GET", target, NULL));
    assert_body(f, "{\"statusCode\":404,\"message\":\"Project not found\",\"error\":\"Not Found\"}");
    snprintf(target, sizeof(target), "/accounts/%s", f->account);
    assert_int_equal(200, ask(f, "GET", target, NULL));
    assert_holds(f, "{\"isActive\":true,\"createdBy\":null,\"createdByType\":null,\"createdIn\":null,");
    assert_int_equal(404, ask(f, "GET", "/accounts/00000000-0000-4000-8000-000000000000", NULL));
    assert_body(f, "{\"statusCode\":404,\"message\":\"Account not found\",\"error\":\"Not Found\"}");
    assert_int_equal(404, ask(f, "POST", "/accounts/x/users", "{}"));
    assert_holds(f, "Cannot POST /accounts/x/users");
}

static void test_access_keys(void **state)
{
    struct fixture *f = *state;
    char key[96], target[160];
    assert_int_equal(201, ask(f, "POST", "/access-keys", "{\"name\":\"a\"}"));
    take_text(f, "key", key, sizeof(key));
    assert_holds(f, "\"projectId\":null,\"env\":\"live\",\"isActive\":true,\"rateLimit\":null,\"rateLimitTtl\":null,"
                    "\"createdBy\":\"");
    assert_holds(f, "\"role\":\"admin\"}");
    snprintf(target, sizeof(target), "/access-keys/%s/reactivate", key);
    assert_int_equal(409, ask(f, "PATCH", target, NULL));
    assert_body(f, "{\"statusCode\":409,\"message\":\"Access key is already active\",\"error\":\"Conflict\"}");
    static const char *const bad[] = { "{}",
                                       "{\"name\":\"x\",\"role\":\"god\"}",
                                       "{\"name\":\"x\",\"role\":5}",
                                       "{\"name\":\"x\",\"rateLimit\":5}",
                                       "{\"name\":\"x\",\"rateLimitTtl\":5}",
                                       "{\"name\":\"x\",\"rateLimit\":0,\"rateLimitTtl\":5}",
                                       "{\"name\":\"x\",\"rateLimit\":\"1\",\"rateLimitTtl\":5}" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(400, ask(f, "POST", "/access-keys", bad[i]));
        assert_holds(f, "\"message\":[\"");
    }
    assert_int_equal(400, ask(f, "GET", "/access-keys", NULL));
    snprintf(target, sizeof(target), "/access-keys/%s", key);
    assert_int_equal(200, ask(f, "DELETE", target, NULL));
    assert_body(f, "true");
    assert_int_equal(404, ask(f, "DELETE", target, NULL));
    assert_body(f, "{\"statusCode\":404,\"message\":\"Access key not found\",\"error\":\"Not Found\"}");
    snprintf(target, sizeof(target), "/access-keys?accountId=%s&isActive=false", f->account);
    assert_int_equal(200, ask(f, "GET", target, NULL));
    assert_holds(f, key);
    assert_null(strstr(f->body, f->access_key));
}

static void test_welcome(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(200, call(f, "GET", "/", NULL));
    assert_body(f, "{\"message\":\"Welcome to Ward\",\"version\":\"1.2.3\"}");
}

/* ---- every allocation may fail ---- */

static long allocations_left;

static void *allocate_sparingly(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void *reallocate_sparingly(void *old, size_t size)
{
    return allocations_left-- > 0 ? realloc(old, size) : NULL;
}

/** A verification that runs out of memory anywhere answers 503, or what it would have answered; it never passes. */
static void test_without_memory_nothing_passes(void **state)
{
    struct fixture *f = *state;
    struct ward_seam whole = ward_seam;
    bool was_refused = false;
    for (long n = 0; n < 400; n++) {
        header(f, "x-api-key", f->access_key);
        allocations_left = n;
        ward_seam.allocate = allocate_sparingly;
        ward_seam.reallocate = reallocate_sparingly;
        int status = call(f, "POST", "/api-keys/auth/none", NULL);
        ward_seam = whole;
        assert_true(status == 503 || status == 404 || status == 500);
        was_refused = was_refused || status != 404;
        if (status == 404 && f->reply.body.size > 0 && n > 100) {
            break;
        }
    }
    assert_true(was_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render_order),
        cmocka_unit_test(test_render_full),
        cmocka_unit_test(test_render_without_room),
        test_case(test_caller_headers),
        test_case(test_an_api_key_is_no_access_key),
        test_case(test_a_unix_socket_opens_no_management),
        test_case(test_an_access_keys_own_limit),
        test_case(test_list_queries),
        test_case(test_refused_bodies),
        test_case(test_create_refuses_context),
        test_case(test_nulls),
        test_case(test_unknown_members_are_ignored),
        test_case(test_life_of_a_key),
        test_case(test_order_of_checks),
        test_case(test_authenticate),
        test_case(test_authenticate_counts_once),
        test_case(test_authenticate_refusals),
        test_case(test_authenticate_legacy),
        test_case(test_projects_and_accounts),
        test_case(test_access_keys),
        test_case(test_welcome),
        test_case(test_without_memory_nothing_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
