/* Any bytes: the parser refuses with a sentence or gives a tree that can be walked, read again and written. */
#include "base/limits.h"
#include "base/utf8.h"
#include "check.h"
#include "json/json.h"
#include "json/writer.h"

enum { POOL_MAX = 64 * 1024 * 1024 };

/* Escape, read back, compare: a string survives the writer. */
static void check_string(struct ward_span text)
{
    WARD_BUFFER out = ward_buffer_new(POOL_MAX);
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    struct ward_json_writer writer = ward_json_writer_to(&out);
    const struct ward_json_value *value = NULL;
    const char *why = NULL;
    CHECK(ward_utf8_valid(text));
    ward_json_put_string(&writer, text);
    CHECK(ward_json_parse(ward_buffer_span(&out), &pool, &value, &why) == WARD_OK);
    CHECK(ward_span_equal(ward_json_string(value), text));
}

static void check_number(const struct ward_json_value *value)
{
    int64_t number;
    if (ward_json_integer(value, &number)) {
        CHECK(number >= -(INT64_C(1) << 53) && number <= INT64_C(1) << 53);
        CHECK((double)number == strtod(ward_json_raw(value).data, NULL));
    }
}

static size_t walk(const struct ward_json_value *value, struct ward_span parent, unsigned depth)
{
    struct ward_span raw = ward_json_raw(value);
    size_t values = 1;
    CHECK(depth <= WARD_JSON_DEPTH_MAX);
    CHECK(raw.size > 0 && raw.data >= parent.data && raw.data + raw.size <= parent.data + parent.size);
    if (ward_json_type(value) == WARD_JSON_NUMBER) {
        CHECK(raw.size <= WARD_JSON_NUMBER_MAX);
        check_number(value);
    } else if (ward_json_type(value) == WARD_JSON_STRING) {
        CHECK(raw.size >= 2 && ward_json_string(value).size <= raw.size - 2);
        check_string(ward_json_string(value));
    }
    for (size_t i = 0; i < ward_json_count(value); i++) {
        values += walk(ward_json_at(value, i), raw, depth + 1);
    }
    return values;
}

/* Every name finds its own member: were one there twice, it would find another. */
static void check_names(const struct ward_json_value *object)
{
    for (size_t i = 0; ward_json_type(object) == WARD_JSON_OBJECT && i < ward_json_count(object); i++) {
        WARD_POOL pool = ward_pool_new(POOL_MAX);
        struct ward_span name = ward_pool_copy(&pool, ward_json_name_at(object, i));
        CHECK(ward_json_member(object, name.data) == ward_json_at(object, i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ward_span text = ward_span((const char *)data, size);
    WARD_BUFFER closed = ward_buffer_new(POOL_MAX); /* the text and a NUL, for strtod above */
    WARD_POOL pool = ward_pool_new(POOL_MAX);
    const struct ward_json_value *root = NULL;
    const char *why = NULL;
    ward_buffer_append(&closed, text);
    ward_buffer_append_char(&closed, '\0');
    text = ward_span(closed.data, size);
    enum ward_status status = ward_json_parse(text, &pool, &root, &why);
    if (status != WARD_OK) {
        CHECK(status == WARD_INVALID && why && !root);
        return 0;
    }
    CHECK(walk(root, text, 0) <= WARD_JSON_VALUES_MAX);
    check_names(root);

    WARD_POOL second_pool = ward_pool_new(POOL_MAX);
    const struct ward_json_value *second = NULL;
    CHECK(ward_json_parse(ward_json_raw(root), &second_pool, &second, &why) == WARD_OK);
    CHECK(ward_span_equal(ward_json_raw(second), ward_json_raw(root)));
    CHECK(ward_json_count(second) == ward_json_count(root));
    return 0;
}
