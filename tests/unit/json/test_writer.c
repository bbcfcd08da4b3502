#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/iso8601.h"
#include "json/json.h"
#include "json/writer.h"

static void assert_text(const struct ward_buffer *out, const char *expected)
{
    assert_int_equal(out->status, WARD_OK);
    assert_int_equal(out->size, strlen(expected));
    assert_memory_equal(out->data, expected, out->size);
}

static void test_document(void **state)
{
    (void)state;
    WARD_BUFFER out = ward_buffer_new(10000);
    struct ward_json_writer writer = ward_json_writer_to(&out);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "s", WARD_SPAN("a\"b"));
    ward_json_member_string(&writer, "none", WARD_SPAN_NONE);
    ward_json_member_string(&writer, "empty", WARD_SPAN(""));
    ward_json_member_int(&writer, "i", INT64_MIN);
    ward_json_member_bool(&writer, "t", true);
    ward_json_member_bool(&writer, "f", false);
    ward_json_member_null(&writer, "n");
    ward_json_member_raw(&writer, "r", WARD_SPAN("{\"x\":1.0}"));
    ward_json_member_raw(&writer, "absent", WARD_SPAN_NONE);
    ward_json_member_time(&writer, "at", 1730653741623);
    ward_json_member_time(&writer, "never", WARD_TIME_NONE);
    ward_json_key(&writer, "list");
    ward_json_begin_array(&writer);
    ward_json_put_int(&writer, 1);
    ward_json_put_string(&writer, WARD_SPAN("x"));
    ward_json_begin_object(&writer);
    ward_json_end_object(&writer);
    ward_json_begin_array(&writer);
    ward_json_end_array(&writer);
    ward_json_put_bool(&writer, true);
    ward_json_put_null(&writer);
    ward_json_end_array(&writer);
    ward_json_member_int(&writer, "last", 0);
    ward_json_end_object(&writer);
    assert_text(&out,
                "{\"s\":\"a\\\"b\",\"none\":null,\"empty\":\"\",\"i\":-9223372036854775808,\"t\":true,\"f\":false,"
                "\"n\":null,\"r\":{\"x\":1.0},\"absent\":null,\"at\":\"2024-11-03T17:09:01.623Z\",\"never\":null,"
                "\"list\":[1,\"x\",{},[],true,null],\"last\":0}");
}

/* The right-hand sides are what JSON.stringify prints. */
static void test_escapes_like_json_stringify(void **state)
{
    (void)state;
    static const struct {
        struct ward_span text;
        const char *escaped;
    } rows[] = {
        { WARD_SPAN_INIT("plain /<>&'"), "plain /<>&'" },
        { WARD_SPAN_INIT("\"\\"), "\\\"\\\\" },
        { WARD_SPAN_INIT("\b\f\n\r\t"), "\\b\\f\\n\\r\\t" },
        { WARD_SPAN_INIT("\x00\x01\x0b\x0e\x1a\x1b\x1f"), "\\u0000\\u0001\\u000b\\u000e\\u001a\\u001b\\u001f" },
        { WARD_SPAN_INIT("\x7f"), "\x7f" },
        { WARD_SPAN_INIT("\xc2\x80\xc3\xa4\xe2\x80\xa8\xe2\x80\xa9\xf0\x9f\x98\x80"),
          "\xc2\x80\xc3\xa4\xe2\x80\xa8\xe2\x80\xa9\xf0\x9f\x98\x80" },
        { WARD_SPAN_INIT("a\xff"
                         "b\xed\xa0\x80\xc3"),
          "a\xef\xbf\xbd"
          "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        WARD_BUFFER out = ward_buffer_new(1000);
        ward_json_escape(&out, rows[i].text);
        assert_text(&out, rows[i].escaped);
    }
}

/* Whatever string goes in, the reader gets the same one out. */
static void test_every_byte_pair_comes_back(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 0x8000; pair++) {
        const char bytes[] = { (char)(pair >> 8), (char)(pair & 0x7f) };
        WARD_BUFFER out = ward_buffer_new(100);
        WARD_POOL pool = ward_pool_new(100000);
        struct ward_json_writer writer = ward_json_writer_to(&out);
        const struct ward_json_value *value = NULL;
        const char *why = NULL;
        ward_json_put_string(&writer, ward_span(bytes, 2));
        assert_int_equal(ward_json_parse(ward_buffer_span(&out), &pool, &value, &why), WARD_OK);
        assert_true(ward_span_equal(ward_json_string(value), ward_span(bytes, 2)));
    }
}

static void test_misuse_fails_and_stays_in_bounds(void **state)
{
    (void)state;
    WARD_BUFFER out = ward_buffer_new(1000);
    struct ward_json_writer writer = ward_json_writer_to(&out);
    for (int i = 0; i < WARD_JSON_WRITER_DEPTH_MAX - 1; i++) {
        ward_json_begin_array(&writer);
    }
    assert_int_equal(out.status, WARD_OK);
    for (int i = 0; i < 5; i++) {
        ward_json_begin_array(&writer);
    }
    assert_int_equal(out.status, WARD_INTERNAL);
    assert_true(writer.depth < WARD_JSON_WRITER_DEPTH_MAX);

    WARD_BUFFER second = ward_buffer_new(1000);
    writer = ward_json_writer_to(&second);
    ward_json_end_object(&writer);
    assert_int_equal(second.status, WARD_INTERNAL);
    assert_int_equal(writer.depth, 0);
}

static void test_a_full_buffer_tells(void **state)
{
    (void)state;
    WARD_BUFFER out = ward_buffer_new(8);
    struct ward_json_writer writer = ward_json_writer_to(&out);
    ward_json_put_string(&writer, WARD_SPAN("123456"));
    assert_text(&out, "\"123456\"");
    ward_json_put_null(&writer);
    assert_int_equal(out.status, WARD_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_escapes_like_json_stringify),
        cmocka_unit_test(test_every_byte_pair_comes_back),
        cmocka_unit_test(test_misuse_fails_and_stays_in_bounds),
        cmocka_unit_test(test_a_full_buffer_tells),
    };
    return cmocka_run_group_tests_name("json/writer", tests, NULL, NULL);
}
