#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/seam.h"
#include "json/json.h"

enum { POOL_MAX = 16 * 1024 * 1024 };

static struct ward_seam saved;

static int restore_seam(void **state)
{
    (void)state;
    ward_seam = saved;
    return 0;
}

static const char not_json[] = "the body is not valid JSON";
static const char not_utf8[] = "the body is not valid UTF-8";
static const char half_surrogate[] = "a string in the body holds half of a surrogate pair";
static const char twice[] = "a member occurs twice";
static const char nul_in_name[] = "a member name holds a NUL character";
static const char long_number[] = "a number in the body is too long";

#define DIGITS_64 "1234567890123456789012345678901234567890123456789012345678901234"

/* Accepted texts: the type and raw text of the root. */
static const struct {
    struct ward_span text;
    enum ward_json_type type;
    const char *raw;
} good[] = {
    { WARD_SPAN_INIT("null"), WARD_JSON_NULL, "null" },
    { WARD_SPAN_INIT(" \t\r\n true \n"), WARD_JSON_TRUE, "true" },
    { WARD_SPAN_INIT("false"), WARD_JSON_FALSE, "false" },
    { WARD_SPAN_INIT("0"), WARD_JSON_NUMBER, "0" },
    { WARD_SPAN_INIT("-0"), WARD_JSON_NUMBER, "-0" },
    { WARD_SPAN_INIT("1.0"), WARD_JSON_NUMBER, "1.0" },
    { WARD_SPAN_INIT("-1.50e+10"), WARD_JSON_NUMBER, "-1.50e+10" },
    { WARD_SPAN_INIT("0E-0"), WARD_JSON_NUMBER, "0E-0" },
    { WARD_SPAN_INIT("999999999999999999"), WARD_JSON_NUMBER, "999999999999999999" },
    { WARD_SPAN_INIT("9223372036854775807"), WARD_JSON_NUMBER, "9223372036854775807" },
    { WARD_SPAN_INIT("-12345678901234567890"), WARD_JSON_NUMBER, "-12345678901234567890" },
    { WARD_SPAN_INIT(DIGITS_64), WARD_JSON_NUMBER, DIGITS_64 },
    { WARD_SPAN_INIT("1e999"), WARD_JSON_NUMBER, "1e999" },
    { WARD_SPAN_INIT("-1E+999999"), WARD_JSON_NUMBER, "-1E+999999" },
    { WARD_SPAN_INIT("1e-99999"), WARD_JSON_NUMBER, "1e-99999" },
    { WARD_SPAN_INIT(DIGITS_64 "\n"), WARD_JSON_NUMBER, DIGITS_64 },
    { WARD_SPAN_INIT("\"\""), WARD_JSON_STRING, "\"\"" },
    { WARD_SPAN_INIT("\"\x7f\xc3\xa4\xf0\x9f\x98\x80\""), WARD_JSON_STRING, "\"\x7f\xc3\xa4\xf0\x9f\x98\x80\"" },
    { WARD_SPAN_INIT("[]"), WARD_JSON_ARRAY, "[]" },
    { WARD_SPAN_INIT(" [ ] "), WARD_JSON_ARRAY, "[ ]" },
    { WARD_SPAN_INIT("{}"), WARD_JSON_OBJECT, "{}" },
    { WARD_SPAN_INIT("{ \"b\" : 1.0 , \"a\":[ 1e999 ]}"), WARD_JSON_OBJECT, "{ \"b\" : 1.0 , \"a\":[ 1e999 ]}" },
    { WARD_SPAN_INIT("{\"\":1}"), WARD_JSON_OBJECT, "{\"\":1}" },
    { WARD_SPAN_INIT("{\"a\":1,\"A\":2}"), WARD_JSON_OBJECT, "{\"a\":1,\"A\":2}" },
    { WARD_SPAN_INIT("{\"a\":{\"a\":{\"a\":1}}}"), WARD_JSON_OBJECT, "{\"a\":{\"a\":{\"a\":1}}}" },
};

static const struct {
    struct ward_span text;
    const char *why;
} bad[] = {
    { WARD_SPAN_INIT(""), not_json },
    { { NULL, 0 }, not_json },
    { WARD_SPAN_INIT(" \n"), not_json },
    { WARD_SPAN_INIT("\xef\xbb\xbf{}"), not_json },
    { WARD_SPAN_INIT("{}\0"), not_json },
    { WARD_SPAN_INIT("\0"), not_json },
    { WARD_SPAN_INIT("{}{}"), not_json },
    { WARD_SPAN_INIT("{} x"), not_json },
    { WARD_SPAN_INIT("1 2"), not_json },
    { WARD_SPAN_INIT("[1,]"), not_json },
    { WARD_SPAN_INIT("[,1]"), not_json },
    { WARD_SPAN_INIT("[1 2]"), not_json },
    { WARD_SPAN_INIT("["), not_json },
    { WARD_SPAN_INIT("]"), not_json },
    { WARD_SPAN_INIT("[1}"), not_json },
    { WARD_SPAN_INIT("[1"), not_json },
    { WARD_SPAN_INIT("{"), not_json },
    { WARD_SPAN_INIT("{,}"), not_json },
    { WARD_SPAN_INIT("{\"a\"}"), not_json },
    { WARD_SPAN_INIT("{\"a\":}"), not_json },
    { WARD_SPAN_INIT("{\"a\":1,}"), not_json },
    { WARD_SPAN_INIT("{\"a\" 1}"), not_json },
    { WARD_SPAN_INIT("{a:1}"), not_json },
    { WARD_SPAN_INIT("{'a':1}"), not_json },
    { WARD_SPAN_INIT("{1:1}"), not_json },
    { WARD_SPAN_INIT("{\"a\":1"), not_json },
    { WARD_SPAN_INIT("{null:1}"), not_json },
    { WARD_SPAN_INIT("nul"), not_json },
    { WARD_SPAN_INIT("nullx"), not_json },
    { WARD_SPAN_INIT("Null"), not_json },
    { WARD_SPAN_INIT("True"), not_json },
    { WARD_SPAN_INIT("NaN"), not_json },
    { WARD_SPAN_INIT("Infinity"), not_json },
    { WARD_SPAN_INIT("undefined"), not_json },
    { WARD_SPAN_INIT("01"), not_json },
    { WARD_SPAN_INIT("-01"), not_json },
    { WARD_SPAN_INIT("00"), not_json },
    { WARD_SPAN_INIT("+1"), not_json },
    { WARD_SPAN_INIT("-"), not_json },
    { WARD_SPAN_INIT("--1"), not_json },
    { WARD_SPAN_INIT("1."), not_json },
    { WARD_SPAN_INIT(".5"), not_json },
    { WARD_SPAN_INIT("1.e5"), not_json },
    { WARD_SPAN_INIT("1e"), not_json },
    { WARD_SPAN_INIT("1e+"), not_json },
    { WARD_SPAN_INIT("1e1.5"), not_json },
    { WARD_SPAN_INIT("0x10"), not_json },
    { WARD_SPAN_INIT("1_000"), not_json },
    { WARD_SPAN_INIT("012345678901234567890"), not_json },
    { WARD_SPAN_INIT("12345678901234567890."), not_json },
    { WARD_SPAN_INIT("1e999x"), not_json },
    { WARD_SPAN_INIT(DIGITS_64 "5"), long_number },
    { WARD_SPAN_INIT("[-" DIGITS_64 "]"), long_number },
    { WARD_SPAN_INIT("0." DIGITS_64), long_number },
    { WARD_SPAN_INIT("\""), not_json },
    { WARD_SPAN_INIT("\"a"), not_json },
    { WARD_SPAN_INIT("\"\\\""), not_json },
    { WARD_SPAN_INIT("\"\\"), not_json },
    { WARD_SPAN_INIT("\"\\x\""), not_json },
    { WARD_SPAN_INIT("\"\\'\""), not_json },
    { WARD_SPAN_INIT("\"\\\0\""), not_json },
    { WARD_SPAN_INIT("\"\\u\""), not_json },
    { WARD_SPAN_INIT("\"\\u12\""), not_json },
    { WARD_SPAN_INIT("\"\\u12g4\""), not_json },
    { WARD_SPAN_INIT("\"\\U0041\""), not_json },
    { WARD_SPAN_INIT("\"\\u-041\""), not_json },
    { WARD_SPAN_INIT("\"\n\""), not_json },
    { WARD_SPAN_INIT("\"\t\""), not_json },
    { WARD_SPAN_INIT("\"\0\""), not_json },
    { WARD_SPAN_INIT("\"\x1f\""), not_json },
    { WARD_SPAN_INIT("'a'"), not_json },
    { WARD_SPAN_INIT("/* c */ 1"), not_json },
    { WARD_SPAN_INIT("1 // c"), not_json },
    { WARD_SPAN_INIT("\v1"), not_json },
    { WARD_SPAN_INIT("\xc2\xa0"
                     "1"),
      not_json },
    { WARD_SPAN_INIT("\"\xff\""), not_utf8 },
    { WARD_SPAN_INIT("\"\xc0\x80\""), not_utf8 },
    { WARD_SPAN_INIT("\"\xed\xa0\x80\""), not_utf8 },
    { WARD_SPAN_INIT("{}\xff"), not_utf8 },
    { WARD_SPAN_INIT("\"\xc3\""), not_utf8 },
    { WARD_SPAN_INIT("\"\\ud800\""), half_surrogate },
    { WARD_SPAN_INIT("\"\\udc00\""), half_surrogate },
    { WARD_SPAN_INIT("\"\\ud800x\""), half_surrogate },
    { WARD_SPAN_INIT("\"\\ud800\\n\""), half_surrogate },
    { WARD_SPAN_INIT("\"\\ud800\\u0041\""), half_surrogate },
    { WARD_SPAN_INIT("\"\\ud83d\\ud83d\""), half_surrogate },
    { WARD_SPAN_INIT("\"\\udc00\\ud800\""), half_surrogate },
    { WARD_SPAN_INIT("{\"\\ud800\":1}"), half_surrogate },
    { WARD_SPAN_INIT("{\"a\":1,\"a\":1}"), twice },
    { WARD_SPAN_INIT("{\"a\":1,\"\\u0061\":2}"), twice },
    { WARD_SPAN_INIT("[{\"x\":{\"\":1,\"b\":2,\"\":3}}]"), twice },
    { WARD_SPAN_INIT("{\"n\":12345678901234567890,\"n\":1e999}"), twice },
    { WARD_SPAN_INIT("{\"\\u0000\":1}"), nul_in_name },
    { WARD_SPAN_INIT("{\"a\\u0000b\":1}"), nul_in_name },
};

static const struct ward_json_value *parse(struct ward_span text, struct ward_pool *pool)
{
    const struct ward_json_value *value = NULL;
    const char *why = NULL;
    if (ward_json_parse(text, pool, &value, &why) != WARD_OK) {
        fail_msg("refused (%s): %.*s", why, (int)text.size, text.data);
    }
    return value;
}

static void assert_refused(struct ward_span text, const char *expected_why)
{
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    const struct ward_json_value *value = NULL;
    const char *why = NULL;
    if (ward_json_parse(text, &pool, &value, &why) != WARD_INVALID) {
        fail_msg("accepted: %.*s", (int)text.size, text.data);
    }
    assert_null(value);
    assert_string_equal(why, expected_why);
}

static void test_accepts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        WARD_POOL pool = ward_pool_new(POOL_MAX);
        const struct ward_json_value *value = parse(good[i].text, &pool);
        assert_int_equal(ward_json_type(value), good[i].type);
        assert_true(ward_span_equal(ward_json_raw(value), ward_span_of(good[i].raw)));
        assert_true(ward_json_raw(value).data >= good[i].text.data);
        assert_true(ward_json_raw(value).data < good[i].text.data + good[i].text.size);
    }
}

static void test_refuses_for_the_right_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_refused(bad[i].text, bad[i].why);
    }
}

/* A good text cut anywhere is a bad one. */
static void test_refuses_every_prefix(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,-2.5e3,\"x\\ud83d\\ude00\\n\",true,null,{\"b\":{}}],\"c\":\"\xc3\xa4\"}";
    for (size_t size = 0; size < sizeof(text) - 1; size++) {
        WARD_POOL pool = ward_pool_new(POOL_MAX);
        const struct ward_json_value *value = NULL;
        const char *why = NULL;
        assert_int_equal(ward_json_parse(ward_span(text, size), &pool, &value, &why), WARD_INVALID);
        assert_non_null(why);
    }
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    assert_int_equal(ward_json_count(parse(WARD_SPAN(text), &pool)), 2);
}

static void test_strings_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct ward_span decoded;
    } rows[] = {
        { "\"\"", WARD_SPAN_INIT("") },
        { "\"abc\"", WARD_SPAN_INIT("abc") },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", WARD_SPAN_INIT("\"\\/\b\f\n\r\t") },
        { "\"a\\u0000b\"", WARD_SPAN_INIT("a\0b") },
        { "\"\\u0041\\u00e4\\u20AC\\uFFFF\"", WARD_SPAN_INIT("A\xc3\xa4\xe2\x82\xac\xef\xbf\xbf") },
        { "\"\\ud83d\\uDE00\"", WARD_SPAN_INIT("\xf0\x9f\x98\x80") },
        { "\"\\ud800\\udc00\\udbff\\udfff\"", WARD_SPAN_INIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf") },
        { "\"\xc3\xa4\\u00e4x\"", WARD_SPAN_INIT("\xc3\xa4\xc3\xa4x") },
        { "\"\\\\\"", WARD_SPAN_INIT("\\") },
        { "\"\\\\u0041\"", WARD_SPAN_INIT("\\u0041") },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_POOL pool = ward_pool_new(POOL_MAX);
        const struct ward_json_value *value = parse(ward_span_of(rows[i].text), &pool);
        assert_true(ward_span_equal(ward_json_string(value), rows[i].decoded));
        assert_non_null(ward_json_string(value).data);
    }
}

static void test_walks(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    const struct ward_json_value *root = parse(
        WARD_SPAN("{\"z\":1.0,\"n\\u0061me\":\"x\", \"list\":[null, 12345678901234567890 ,{}]}"), &pool);
    const struct ward_json_value *list = ward_json_member(root, "list");
    assert_int_equal(ward_json_count(root), 3);
    assert_true(ward_span_equal(ward_json_name_at(root, 0), WARD_SPAN("z")));
    assert_true(ward_span_equal(ward_json_name_at(root, 1), WARD_SPAN("name")));
    assert_ptr_equal(ward_json_at(root, 2), list);
    assert_true(ward_span_equal(ward_json_raw(ward_json_member(root, "z")), WARD_SPAN("1.0")));
    assert_true(ward_span_equal(ward_json_string(ward_json_member(root, "name")), WARD_SPAN("x")));
    assert_int_equal(ward_json_count(list), 3);
    assert_true(ward_span_equal(ward_json_raw(ward_json_at(list, 1)), WARD_SPAN("12345678901234567890")));
    assert_true(ward_span_equal(ward_json_raw(list), WARD_SPAN("[null, 12345678901234567890 ,{}]")));
    assert_int_equal(ward_json_type(ward_json_at(list, 2)), WARD_JSON_OBJECT);
}

static void test_wrong_questions_are_answered_with_absent(void **state)
{
    (void)state;
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    int64_t number = 7;
    const struct ward_json_value *list = parse(WARD_SPAN("[1,\"x\"]"), &pool);
    assert_int_equal(ward_json_type(NULL), WARD_JSON_ABSENT);
    assert_int_equal(ward_json_count(NULL), 0);
    assert_null(ward_json_at(NULL, 0));
    assert_null(ward_json_at(list, 2));
    assert_null(ward_json_at(ward_json_at(list, 0), 0));
    assert_null(ward_json_member(NULL, "a"));
    assert_null(ward_json_member(list, "a"));
    assert_null(ward_json_name_at(NULL, 0).data);
    assert_null(ward_json_name_at(list, 0).data);
    assert_null(ward_json_string(NULL).data);
    assert_null(ward_json_string(ward_json_at(list, 0)).data);
    assert_null(ward_json_raw(NULL).data);
    assert_false(ward_json_integer(NULL, &number));
    assert_false(ward_json_integer(ward_json_at(list, 1), &number));
    assert_int_equal(number, 7);
}

static void append_repeated(struct ward_buffer *text, const char *piece, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        ward_buffer_append_text(text, piece);
    }
}

static void test_depth(void **state)
{
    (void)state;
    static const struct {
        const char *open;
        const char *close;
    } kinds[] = { { "[", "]" }, { "{\"a\":", "}" } };
    for (size_t i = 0; i < 2; i++) {
        for (size_t depth = WARD_JSON_DEPTH_MAX; depth <= WARD_JSON_DEPTH_MAX + 1; depth++) {
            WARD_BUFFER text = ward_buffer_new(10000);
            WARD_POOL pool = ward_pool_new(POOL_MAX);
            append_repeated(&text, kinds[i].open, depth);
            ward_buffer_append_text(&text, "1");
            append_repeated(&text, kinds[i].close, depth);
            if (depth > WARD_JSON_DEPTH_MAX) {
                assert_refused(ward_buffer_span(&text), "the body is nested too deeply");
            } else {
                parse(ward_buffer_span(&text), &pool);
            }
        }
    }
    WARD_BUFFER bomb = ward_buffer_new(200000);
    append_repeated(&bomb, "[", 100000);
    assert_refused(ward_buffer_span(&bomb), "the body is nested too deeply");
    WARD_BUFFER wide = ward_buffer_new(200000); /* siblings do not add up */
    ward_buffer_append_text(&wide, "[");
    append_repeated(&wide, "[[[]]],", 100);
    ward_buffer_append_text(&wide, "1]");
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    assert_int_equal(ward_json_count(parse(ward_buffer_span(&wide), &pool)), 101);
}

static void test_members_of_an_object(void **state)
{
    (void)state;
    for (int members = WARD_JSON_MEMBERS_MAX; members <= WARD_JSON_MEMBERS_MAX + 1; members++) {
        WARD_BUFFER text = ward_buffer_new(100000);
        WARD_POOL pool = ward_pool_new(POOL_MAX);
        for (int i = 0; i < members; i++) {
            ward_buffer_append_format(&text, "%c\"m%d\":%d", i ? ',' : '{', i, i);
        }
        ward_buffer_append_char(&text, '}');
        if (members > WARD_JSON_MEMBERS_MAX) {
            assert_refused(ward_buffer_span(&text), "an object in the body has too many members");
            continue;
        }
        const struct ward_json_value *object = parse(ward_buffer_span(&text), &pool);
        int64_t last = 0;
        assert_true(ward_json_integer(ward_json_member(object, "m999"), &last));
        assert_int_equal(last, 999);
        assert_null(ward_json_member(object, "m1000"));
    }
}

static void test_values_of_a_body(void **state)
{
    (void)state;
    for (size_t values = WARD_JSON_VALUES_MAX; values <= WARD_JSON_VALUES_MAX + 1; values++) {
        WARD_BUFFER text = ward_buffer_new(100000);
        WARD_POOL pool = ward_pool_new(POOL_MAX);
        ward_buffer_append_text(&text, "[");
        append_repeated(&text, "1,", values - 2);
        ward_buffer_append_text(&text, "1]");
        if (values > WARD_JSON_VALUES_MAX) {
            assert_refused(ward_buffer_span(&text), "the body holds too many values");
        } else {
            assert_int_equal(ward_json_count(parse(ward_buffer_span(&text), &pool)), values - 1);
        }
    }
}

static const char memory_text[] =
    "{\"a\":[1,2.5,\"x\\n\",12345678901234567890],\"b\":{\"c\":\"longer than a first buffer\"}}";

static unsigned allocations_left;

static void *allocate_a_few(size_t size)
{
    return allocations_left > 0 ? (allocations_left--, saved.allocate(size)) : NULL;
}

/* The n-th allocation fails, for every n. Never is it called a bad text. */
static void test_out_of_memory_is_no_verdict_on_the_text(void **state)
{
    (void)state;
    WARD_POOL warm = ward_pool_new(POOL_MAX);
    parse(WARD_SPAN(memory_text), &warm);
    ward_seam.allocate = allocate_a_few;
    enum ward_status status = WARD_NO_MEMORY;
    unsigned n = 0;
    for (; status != WARD_OK && n < 1000; n++) {
        WARD_POOL pool = ward_pool_new(POOL_MAX);
        const struct ward_json_value *value = NULL;
        const char *why = NULL;
        allocations_left = n;
        status = ward_json_parse(WARD_SPAN(memory_text), &pool, &value, &why);
        assert_true(status == WARD_OK || status == WARD_NO_MEMORY);
        assert_true((status == WARD_OK) == (value != NULL));
    }
    assert_int_equal(status, WARD_OK);
    assert_true(n > 1);
}

/* jansson, which works in what the pool leaves, is stopped at every one of its allocations too. */
static void test_a_full_pool_is_no_verdict_either(void **state)
{
    (void)state;
    enum ward_status status = WARD_NO_MEMORY;
    for (size_t max = 0; status != WARD_OK && max < 100000; max += 16) {
        WARD_POOL pool = ward_pool_new(max);
        const struct ward_json_value *value = NULL;
        const char *why = NULL;
        status = ward_json_parse(WARD_SPAN(memory_text), &pool, &value, &why);
        assert_true(status == WARD_OK || status == WARD_NO_MEMORY);
    }
    assert_int_equal(status, WARD_OK);
}

static void *parse_all(void *argument)
{
    unsigned *wrong = argument;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            WARD_POOL pool = ward_pool_new(i % 2 ? POOL_MAX : 4096); /* the small one ends in the middle now and then */
            const struct ward_json_value *value = NULL;
            const char *why = NULL;
            *wrong += ward_json_parse(bad[i].text, &pool, &value, &why) == WARD_OK;
            *wrong += ward_json_parse(WARD_SPAN(memory_text), &pool, &value, &why) == WARD_INVALID;
        }
    }
    return NULL;
}

static void test_threads_do_not_meet(void **state)
{
    (void)state;
    pthread_t threads[4];
    unsigned wrong[4] = { 0 };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, parse_all, &wrong[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(wrong[i], 0);
    }
}

int main(void)
{
    saved = ward_seam;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses_for_the_right_reason),
        cmocka_unit_test(test_refuses_every_prefix),
        cmocka_unit_test(test_strings_are_decoded),
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_wrong_questions_are_answered_with_absent),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_members_of_an_object),
        cmocka_unit_test(test_values_of_a_body),
        cmocka_unit_test_teardown(test_out_of_memory_is_no_verdict_on_the_text, restore_seam),
        cmocka_unit_test(test_a_full_pool_is_no_verdict_either),
        cmocka_unit_test(test_threads_do_not_meet),
    };
    return cmocka_run_group_tests_name("json/json", tests, NULL, NULL);
}
