/* The words of The Auth API's refusals, row by row: contracts/theauthapi.md 1.7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "surface/theauthapi/errors.h"

static const char *text_of(struct ward_http_reply *reply)
{
    ward_buffer_append_char(&reply->body, '\0');
    return reply->body.data;
}

static void test_sentences(void **state)
{
    (void)state;
    static const struct {
        struct ward_problem problem;
        const char *sentence;
    } rows[] = {
        { { "name", WARD_RULE_STRING, 0, NULL }, "name must be a string" },
        { { "name", WARD_RULE_MIN_LENGTH, 1, NULL }, "name must be longer than or equal to 1 characters" },
        { { "name", WARD_RULE_MAX_LENGTH, 255, NULL }, "name must be shorter than or equal to 255 characters" },
        { { "customMetaData", WARD_RULE_OBJECT, 0, NULL }, "customMetaData must be an object" },
        { { "allowedDomains", WARD_RULE_ARRAY, 0, NULL }, "allowedDomains must be an array" },
        { { "isActive", WARD_RULE_BOOLEAN, 0, NULL }, "isActive must be a boolean value" },
        { { "limit", WARD_RULE_INTEGER, 0, NULL }, "limit must be an integer number" },
        { { "rateLimit", WARD_RULE_MIN, 1, NULL }, "rateLimit must not be less than 1" },
        { { "rateLimit", WARD_RULE_MAX, 9, NULL }, "rateLimit must not be greater than 9" },
        { { "expiry", WARD_RULE_DATE, 0, NULL }, "expiry must be a valid ISO 8601 date string" },
        { { "accountId", WARD_RULE_UUID, 0, NULL }, "accountId must be a UUID" },
        { { "env", WARD_RULE_ENUM, 0, "live, test" }, "env must be one of the following values: live, test" },
        { { "key", WARD_RULE_CHARACTERS, 0, NULL }, "key contains characters that are not allowed" },
        { { "allowedDomains", WARD_RULE_DOMAIN, 0, NULL }, "each value in allowedDomains must be a domain name" },
        { { "customMetaData", WARD_RULE_BYTES_MAX, 16384, NULL }, "customMetaData must be at most 16384 bytes long" },
        { { "projectId", WARD_RULE_REQUIRED, 0, NULL }, "projectId should not be empty" },
        { { "projectId", WARD_RULE_UNKNOWN_PROJECT, 0, NULL }, "projectId does not exist" },
        { { "body", WARD_RULE_BODY_OBJECT, 0, NULL }, "body must be an object" },
        { { "body", WARD_RULE_SYNTAX, 0, "the text ends too early" }, "the text ends too early" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_BUFFER text = ward_buffer_new(1024);
        ward_theauthapi_sentence(&rows[i].problem, &text);
        ward_buffer_append_char(&text, '\0');
        assert_string_equal(rows[i].sentence, text.data);
    }
}

static void test_validation_is_a_list(void **state)
{
    (void)state;
    struct ward_http_reply reply = { 0 };
    struct ward_problems problems = { 0 };
    ward_problem_add(&problems, "name", WARD_RULE_MIN_LENGTH, 1, NULL);
    ward_problem_add(&problems, "name", WARD_RULE_STRING, 0, NULL);
    ward_problem_add(&problems, "name", WARD_RULE_STRING, 0, NULL); /* said once */
    ward_theauthapi_problems(&reply, &problems);
    assert_int_equal(400, reply.status);
    assert_string_equal("application/json; charset=utf-8", reply.content_type);
    assert_string_equal("{\"statusCode\":400,\"message\":[\"name must be longer than or equal to 1 characters\",\"name "
                        "must be a string\"],\"error\":\"Bad Request\"}",
                        text_of(&reply));
    ward_buffer_free(&reply.body);
}

static void test_syntax_is_one_text(void **state)
{
    (void)state;
    struct ward_http_reply reply = { 0 };
    struct ward_problems problems = { 0 };
    ward_problem_add(&problems, "name", WARD_RULE_STRING, 0, NULL);
    ward_problem_add(&problems, "body", WARD_RULE_SYNTAX, 0, "the text ends too early");
    ward_theauthapi_problems(&reply, &problems);
    assert_string_equal("{\"statusCode\":400,\"message\":\"the text ends too early\",\"error\":\"Bad Request\"}",
                        text_of(&reply));
    ward_buffer_free(&reply.body);
}

static void test_a_body_that_is_no_object(void **state)
{
    (void)state;
    struct ward_http_reply reply = { 0 };
    struct ward_problems problems = { 0 };
    ward_problem_add(&problems, "name", WARD_RULE_STRING, 0, NULL);
    ward_problem_add(&problems, "body", WARD_RULE_BODY_OBJECT, 0, NULL);
    ward_theauthapi_problems(&reply, &problems);
    assert_string_equal("{\"statusCode\":400,\"message\":[\"body must be an object\"],\"error\":\"Bad Request\"}",
                        text_of(&reply));
    ward_buffer_free(&reply.body);
}

static void test_query_problems_are_one_text(void **state)
{
    (void)state;
    struct ward_http_reply reply = { 0 };
    struct ward_problems problems = { 0 };
    ward_problem_add(&problems, "limit", WARD_RULE_INTEGER, 0, NULL);
    ward_problem_add(&problems, "offset", WARD_RULE_INTEGER, 0, NULL);
    ward_theauthapi_problem(&reply, &problems);
    assert_string_equal(
        "{\"statusCode\":400,\"message\":\"limit must be an integer number\",\"error\":\"Bad Request\"}",
        text_of(&reply));
    ward_buffer_free(&reply.body);
}

static int make_request(void **state)
{
    static struct ward_http_request request;
    request = (struct ward_http_request){ .method_text = WARD_SPAN("POST"), .pool = ward_pool_new(65536) };
    *state = &request;
    return 0;
}

static int drop_request(void **state)
{
    struct ward_http_request *request = *state;
    ward_pool_free(&request->pool);
    return 0;
}

static void test_outcomes(void **state)
{
    static const struct ward_theauthapi_texts texts = { "Invalid client key", "API key already exists" };
    static const struct {
        enum ward_status outcome;
        int status;
        const char *body;
    } rows[] = {
        { WARD_UNAUTHENTICATED, 401, "{\"statusCode\":401,\"message\":\"Unauthorized\"}" },
        { WARD_FORBIDDEN, 403,
          "{\"statusCode\":403,\"message\":\"Invalid roles for this account\",\"error\":\"Forbidden\"}" },
        { WARD_NOT_FOUND, 404, "{\"statusCode\":404,\"message\":\"Invalid client key\",\"error\":\"Not Found\"}" },
        { WARD_CONFLICT, 409, "{\"statusCode\":409,\"message\":\"API key already exists\",\"error\":\"Conflict\"}" },
        { WARD_INTEGRITY, 500, "{\"statusCode\":500,\"message\":\"Internal server error\"}" },
        { WARD_UNAVAILABLE, 503, "{\"statusCode\":503,\"message\":\"Service Unavailable\"}" },
        { WARD_NO_MEMORY, 503, "{\"statusCode\":503,\"message\":\"Service Unavailable\"}" },
        { WARD_IO, 503, "{\"statusCode\":503,\"message\":\"Service Unavailable\"}" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_http_reply reply = { 0 };
        ward_theauthapi_fail(*state, &reply, rows[i].outcome, NULL, &texts);
        assert_int_equal(rows[i].status, reply.status);
        assert_string_equal(rows[i].body, text_of(&reply));
        ward_buffer_free(&reply.body);
    }
}

static void test_every_verdict_denies(void **state)
{
    static const int statuses[WARD_VERDICT_COUNT] = {
        [WARD_VERDICT_MALFORMED] = 404,
        [WARD_VERDICT_UNKNOWN] = 404,
        [WARD_VERDICT_DISABLED] = 404,
        [WARD_VERDICT_EXPIRED] = 404,
        [WARD_VERDICT_PROJECT_INACTIVE] = 404,
        [WARD_VERDICT_ORIGIN_NOT_ALLOWED] = 403,
        [WARD_VERDICT_NOT_SUBSCRIBED] = 403,
        [WARD_VERDICT_WRONG_ENVIRONMENT] = 403,
        [WARD_VERDICT_LIMITED] = 429,
        [WARD_VERDICT_THROTTLED] = 429,
        [WARD_VERDICT_QUOTA_EXCEEDED] = 429,
        [WARD_VERDICT_SOURCE_NOT_ALLOWED] = 403,
        [WARD_VERDICT_NOT_YET_VALID] = 404,
        [WARD_VERDICT_WRONG_ISSUER] = 404,
        [WARD_VERDICT_WRONG_AUDIENCE] = 404,
        [WARD_VERDICT_MAINTENANCE] = 503,
        [WARD_VERDICT_STALE] = 503,
        [WARD_VERDICT_VALID] = 503, /* never asked; must not pass either */
    };
    for (int reason = 0; reason < WARD_VERDICT_COUNT; reason++) {
        struct ward_http_reply reply = { 0 };
        struct ward_verdict verdict = { .reason = (enum ward_reason)reason };
        ward_theauthapi_refuse_verdict(*state, &reply, &verdict, 0);
        assert_int_equal(statuses[reason], reply.status);
        verdict.is_foreign = true;
        ward_theauthapi_refuse_verdict(*state, &reply, &verdict, 0);
        assert_int_equal(403, reply.status);
        ward_buffer_free(&reply.body);
    }
}

static void test_seconds_left(void **state)
{
    static const struct {
        int64_t left_ms;
        const char *seconds;
    } rows[] = { { 30074, "30.074" }, { 30500, "30.5" }, { 30000, "30" },  { 7, "0.007" },
                 { 0, "0" },          { -5, "0" },       { 100000, "100" } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_http_reply reply = { 0 };
        struct ward_limit_state limit = { .limit = 10, .consumed = 11, .reset_ms = 1000000 + rows[i].left_ms };
        ward_theauthapi_limit_headers(*state, &reply, &limit, 1000000);
        assert_int_equal(5, reply.header_count);
        assert_string_equal("retry-after-seconds", reply.headers[4].name.data);
        assert_true(ward_span_equal(ward_span_of(rows[i].seconds), reply.headers[4].value));
    }
}

static void test_refusals_of_the_http_layer(void **state)
{
    struct ward_http_request *request = *state;
    char long_key[300];
    memset(long_key, 'x', sizeof(long_key));
    memcpy(long_key, "/api-keys/auth/", 15);
    long_key[sizeof(long_key) - 1] = '\0';
    const struct {
        int status;
        const char *path;
        int answered;
        const char *body;
    } rows[] = {
        { 404, "/a\"b", 404, "{\"statusCode\":404,\"message\":\"Cannot POST /a\\\"b\",\"error\":\"Not Found\"}" },
        { 405, "/x", 404, "{\"statusCode\":404,\"message\":\"Cannot POST /x\",\"error\":\"Not Found\"}" },
        { 404, long_key, 404, "{\"statusCode\":404,\"message\":\"Invalid client key\",\"error\":\"Not Found\"}" },
        { 413, "/x", 413, "{\"statusCode\":413,\"message\":\"request entity too large\"}" },
        { 400, "/x", 400, "{\"statusCode\":400,\"message\":\"bad escape\",\"error\":\"Bad Request\"}" },
        { 500, "/x", 500, "{\"statusCode\":500,\"message\":\"Internal server error\"}" },
        { 503, "/x", 503, "{\"statusCode\":503,\"message\":\"Service Unavailable\"}" },
        { 431, "/x", 431, "{\"statusCode\":431,\"message\":\"bad escape\"}" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_http_reply reply = { 0 };
        request->path = ward_span_of(rows[i].path);
        ward_theauthapi_refuse(request, rows[i].status, "bad_escape", &reply);
        assert_int_equal(rows[i].answered, reply.status);
        assert_string_equal(rows[i].body, text_of(&reply));
        ward_buffer_free(&reply.body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_validation_is_a_list),
        cmocka_unit_test(test_syntax_is_one_text),
        cmocka_unit_test(test_a_body_that_is_no_object),
        cmocka_unit_test(test_query_problems_are_one_text),
        cmocka_unit_test_setup_teardown(test_outcomes, make_request, drop_request),
        cmocka_unit_test_setup_teardown(test_every_verdict_denies, make_request, drop_request),
        cmocka_unit_test_setup_teardown(test_seconds_left, make_request, drop_request),
        cmocka_unit_test_setup_teardown(test_refusals_of_the_http_layer, make_request, drop_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
