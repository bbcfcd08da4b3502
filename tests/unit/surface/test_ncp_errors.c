/* The words of NCP's refusals, byte for byte: contracts/ncp.md 4, 8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "surface/ncp/errors.h"

static void assert_answer(struct ward_http_reply *reply, int status, const char *code, const char *message,
                          const char *details)
{
    char expected[512];
    snprintf(expected, sizeof(expected), "{\"error\":{\"errorCode\":\"%s\",\"message\":\"%s\",\"details\":\"%s\"}}",
             code, message, details);
    ward_buffer_append_char(&reply->body, '\0');
    assert_string_equal(expected, reply->body.data);
    assert_int_equal(status, reply->status);
    assert_string_equal("application/json;charset=UTF-8", reply->content_type);
    assert_non_null(reply->reason);
    ward_buffer_free(&reply->body);
}

static void test_problems(void **state)
{
    (void)state;
    static const struct {
        struct ward_problem problem;
        const char *details;
    } rows[] = {
        { { "apiKeyName", WARD_RULE_REQUIRED, 0, NULL }, "apiKeyName is required." },
        { { "apiKeyName", WARD_RULE_STRING, 0, NULL }, "apiKeyName must be a string." },
        { { "apiKeyName", WARD_RULE_MIN_LENGTH, 1, NULL }, "apiKeyName must have at least 1 characters." },
        { { "apiKeyName", WARD_RULE_MAX_LENGTH, 20, NULL }, "apiKeyName must have at most 20 characters." },
        { { "isEnabled", WARD_RULE_BOOLEAN, 0, NULL }, "isEnabled must be true or false." },
        { { "limit", WARD_RULE_INTEGER, 0, NULL }, "limit must be a whole number." },
        { { "limit", WARD_RULE_MIN, 1, NULL }, "limit must be at least 1." },
        { { "rateRps", WARD_RULE_MAX, 2147483647, NULL }, "rateRps must be at most 2147483647." },
        { { "keyType", WARD_RULE_ENUM, 0, "PRIMARY, SECONDARY" }, "keyType must be one of: PRIMARY, SECONDARY." },
        { { "statusSet", WARD_RULE_ARRAY, 0, NULL }, "statusSet must be an array." },
        { { "apiName", WARD_RULE_CHARACTERS, 0, NULL }, "apiName holds characters that are not allowed." },
        { { "body", WARD_RULE_BODY_OBJECT, 0, NULL }, "body must be a JSON object." },
        { { "body", WARD_RULE_SYNTAX, 0, "the text ends too early" }, "body cannot be read: the text ends too early." },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_http_reply reply = { 0 };
        struct ward_problems problems = { .count = 1, .items = { rows[i].problem } };
        ward_ncp_problems(&reply, &problems);
        assert_answer(&reply, 400, "100", "Bad Request Exception", rows[i].details);
    }
}

static void test_an_unreadable_body_comes_first(void **state)
{
    (void)state;
    struct ward_http_reply reply = { 0 };
    struct ward_problems problems = { 0 };
    ward_problem_add(&problems, "apiKeyName", WARD_RULE_REQUIRED, 0, NULL);
    ward_problem_add(&problems, "body", WARD_RULE_BODY_OBJECT, 0, NULL);
    ward_ncp_problems(&reply, &problems);
    assert_answer(&reply, 400, "100", "Bad Request Exception", "body must be a JSON object.");
    ward_ncp_problems(&reply, &(struct ward_problems){ 0 });
    assert_answer(&reply, 400, "100", "Bad Request Exception", "The request is not valid.");
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        enum ward_status status;
        enum ward_noun noun;
        int http;
        const char *code, *message, *details;
    } rows[] = {
        { WARD_FORBIDDEN, WARD_NOUN_NONE, 401, "210", "Permission Denied",
          "The access key has no permission for this operation." },
        { WARD_NOT_FOUND, WARD_NOUN_API_KEY, 404, "300", "Not Found Exception", "API key not found." },
        { WARD_NOT_FOUND, WARD_NOUN_PRODUCT, 404, "300", "Not Found Exception", "Product not found." },
        { WARD_NOT_FOUND, WARD_NOUN_API, 404, "300", "Not Found Exception", "API not found." },
        { WARD_NOT_FOUND, WARD_NOUN_STAGE, 404, "300", "Not Found Exception", "Stage not found." },
        { WARD_NOT_FOUND, WARD_NOUN_USAGE_PLAN, 404, "300", "Not Found Exception", "Usage plan not found." },
        { WARD_NOT_FOUND, WARD_NOUN_SUBSCRIPTION, 404, "300", "Not Found Exception", "Subscription not found." },
        { WARD_CONFLICT, WARD_NOUN_STAGE, 400, "100", "Bad Request Exception",
          "The usage plan is associated with a stage." },
        { WARD_CONFLICT, WARD_NOUN_SUBSCRIPTION, 400, "100", "Bad Request Exception",
          "The usage plan is used by an API key." },
        { WARD_UNAVAILABLE, WARD_NOUN_NONE, 500, "900", "Unexpected Error",
          "The request could not be processed; nothing was changed." },
        { WARD_IO, WARD_NOUN_NONE, 500, "900", "Unexpected Error",
          "The request could not be processed; nothing was changed." },
        { WARD_NO_MEMORY, WARD_NOUN_NONE, 500, "900", "Unexpected Error",
          "The request could not be processed; nothing was changed." },
        { WARD_INTEGRITY, WARD_NOUN_NONE, 500, "900", "Unexpected Error",
          "The request could not be processed; nothing was changed." },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_http_request request = { .pool = ward_pool_new(4096) };
        struct ward_http_reply reply = { 0 };
        ward_ncp_fail(&request, &reply, rows[i].status, NULL, rows[i].noun);
        assert_answer(&reply, rows[i].http, rows[i].code, rows[i].message, rows[i].details);
        ward_pool_free(&request.pool);
    }
}

static void test_refusals_of_the_http_layer(void **state)
{
    (void)state;
    static const struct {
        int status;
        int http;
        const char *code, *message, *details;
    } rows[] = {
        { 400, 400, "100", "Bad Request Exception", "The request is malformed." },
        { 404, 404, "300", "Not Found Exception", "URL not found." },
        { 405, 404, "300", "Not Found Exception", "URL not found." },
        { 413, 413, "430", "Request Entity Too Large", "The request body is too large." },
        { 414, 400, "100", "Bad Request Exception", "The request is malformed." },
        { 431, 400, "100", "Bad Request Exception", "The request is malformed." },
        { 501, 404, "300", "Not Found Exception", "URL not found." },
        { 500, 500, "900", "Unexpected Error", "The request could not be processed; nothing was changed." },
        { 503, 503, "500", "Endpoint Error", "The service is busy." },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_http_request request = { .pool = ward_pool_new(4096) };
        struct ward_http_reply reply = { 0 };
        ward_ncp_refuse(&request, rows[i].status, "why", &reply);
        assert_answer(&reply, rows[i].http, rows[i].code, rows[i].message, rows[i].details);
        ward_pool_free(&request.pool);
    }
}

/* Section 8. */
static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        enum ward_reason reason;
        bool is_presented;
        int http;
        const char *code, *message, *details;
    } rows[] = {
        { WARD_VERDICT_MALFORMED, false, 401, "200", "Authentication Failed",
          "Authentication information are missing." },
        { WARD_VERDICT_MALFORMED, true, 401, "200", "Authentication Failed", "Invalid authentication information." },
        { WARD_VERDICT_UNKNOWN, true, 401, "200", "Authentication Failed", "Invalid authentication information." },
        { WARD_VERDICT_DISABLED, true, 401, "200", "Authentication Failed", "Invalid authentication information." },
        { WARD_VERDICT_EXPIRED, true, 401, "200", "Authentication Failed", "Invalid authentication information." },
        { WARD_VERDICT_NOT_YET_VALID, true, 401, "200", "Authentication Failed",
          "Invalid authentication information." },
        { WARD_VERDICT_WRONG_ISSUER, true, 401, "200", "Authentication Failed", "Invalid authentication information." },
        { WARD_VERDICT_WRONG_AUDIENCE, true, 401, "200", "Authentication Failed",
          "Invalid authentication information." },
        { WARD_VERDICT_PROJECT_INACTIVE, true, 401, "200", "Authentication Failed",
          "Invalid authentication information." },
        { WARD_VERDICT_NOT_SUBSCRIBED, true, 401, "210", "Permission Denied",
          "A subscription to the API is required." },
        { WARD_VERDICT_QUOTA_EXCEEDED, true, 429, "400", "Quota Exceeded", "The quota of the usage plan is used up." },
        { WARD_VERDICT_THROTTLED, true, 429, "410", "Throttle Limited", "The throttle of the stage is exceeded." },
        { WARD_VERDICT_LIMITED, true, 429, "420", "Rate Limited", "The rate of the usage plan is exceeded." },
        { WARD_VERDICT_ORIGIN_NOT_ALLOWED, true, 403, "230", "Forbidden", "The origin is not allowed." },
        { WARD_VERDICT_SOURCE_NOT_ALLOWED, true, 403, "230", "Forbidden", "The source address is not allowed." },
        { WARD_VERDICT_STALE, true, 503, "500", "Endpoint Error", "No verdict can be had now." },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_http_request request = { 0 };
        struct ward_http_reply reply = { 0 };
        struct ward_verdict verdict = { .reason = rows[i].reason };
        ward_ncp_word_verdict(&request, &reply, &verdict, rows[i].is_presented);
        assert_string_equal(ward_reason_name(rows[i].reason), reply.reason);
        assert_answer(&reply, rows[i].http, rows[i].code, rows[i].message, rows[i].details);
    }
}

/* The stage's own words, with a status that refuses whatever it says itself. */
static void test_maintenance(void **state)
{
    (void)state;
    static const struct {
        int own_status;
        const char *response;
        int status;
        const char *content_type;
    } rows[] = {
        { 503, "{\"back\":\"at noon\"}", 503, "application/json;charset=UTF-8" },
        { 418, "Back at noon.", 418, "text/plain;charset=UTF-8" },
        { 0, "", 503, NULL },
        { 200, "fine", 503, "text/plain;charset=UTF-8" },
        { 302, "", 503, NULL },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ward_http_request request = { .pool = ward_pool_new(65536) };
        struct ward_http_reply reply = { 0 };
        struct ward_verdict verdict = { .reason = WARD_VERDICT_MAINTENANCE };
        verdict.plan.maintenance_status = rows[i].own_status;
        verdict.plan.maintenance_response = ward_span_of(rows[i].response);
        ward_ncp_word_verdict(&request, &reply, &verdict, true);
        assert_int_equal(rows[i].status, reply.status);
        assert_true(ward_span_equal(ward_buffer_span(&reply.body), ward_span_of(rows[i].response)));
        assert_true((reply.content_type == NULL) == (rows[i].content_type == NULL));
        assert_true(!reply.content_type || strcmp(reply.content_type, rows[i].content_type) == 0);
        ward_buffer_free(&reply.body);
        ward_pool_free(&request.pool);
    }
}

/* Whatever reason comes later has words, and none of them lets anybody pass. */
static void test_every_reason_is_refused(void **state)
{
    (void)state;
    for (int reason = 0; reason < WARD_VERDICT_COUNT; reason++) {
        struct ward_http_request request = { .pool = ward_pool_new(65536) };
        struct ward_http_reply reply = { 0 };
        struct ward_verdict verdict = { .reason = (enum ward_reason)reason };
        ward_ncp_word_verdict(&request, &reply, &verdict, true);
        assert_true(reply.status >= 400);
        ward_buffer_free(&reply.body);
        ward_pool_free(&request.pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_an_unreadable_body_comes_first),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_refusals_of_the_http_layer),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_maintenance),
        cmocka_unit_test(test_every_reason_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
