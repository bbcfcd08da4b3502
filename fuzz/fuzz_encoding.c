/* Any bytes: what decodes is the one text that its bytes encode to; and all bytes come back from their encoding. */
#include "base/encoding.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "check.h"

enum { TEXT_MAX = 16 * 1024 * 1024 };

typedef bool decode_function(struct ward_span text, struct ward_buffer *ret);
typedef void encode_function(struct ward_span bytes, struct ward_buffer *ret);

static void check_base64(struct ward_span input, encode_function *encode, decode_function *decode)
{
    WARD_BUFFER decoded = ward_buffer_new(TEXT_MAX);
    WARD_BUFFER encoded = ward_buffer_new(TEXT_MAX);
    if (decode(input, &decoded)) {
        encode(ward_buffer_span(&decoded), &encoded);
        CHECK(ward_span_equal(ward_buffer_span(&encoded), input));
    }
    CHECK(decoded.status == WARD_OK);
    ward_buffer_clear(&decoded);
    ward_buffer_clear(&encoded);
    encode(input, &encoded);
    CHECK(encoded.status == WARD_OK);
    CHECK(decode(ward_buffer_span(&encoded), &decoded));
    CHECK(ward_span_equal(ward_buffer_span(&decoded), input));
}

static void check_hex(struct ward_span input)
{
    uint8_t bytes[32];
    char text[2 * sizeof(bytes) + 1];
    size_t size = input.size / 2;
    if (size <= sizeof(bytes) && ward_hex_decode(input, bytes, size)) {
        ward_hex_encode(bytes, size, text);
        CHECK(ward_span_equal_nocase(ward_span_of(text), input));
    }
}

static void check_percent(struct ward_span input)
{
    WARD_BUFFER decoded = ward_buffer_new(TEXT_MAX);
    if (ward_percent_decode(input, &decoded)) {
        CHECK(decoded.size <= input.size);
        CHECK(decoded.size == 0 || !memchr(decoded.data, '\0', decoded.size));
    } else {
        CHECK(decoded.size == 0);
    }
}

static void check_uint(struct ward_span input)
{
    int64_t value;
    if (ward_parse_uint(input, &value)) {
        WARD_BUFFER text = ward_buffer_new(100);
        while (input.size > 1 && input.data[0] == '0') {
            input = ward_span(input.data + 1, input.size - 1);
        }
        ward_buffer_append_int(&text, value);
        CHECK(ward_span_equal(ward_buffer_span(&text), input));
    }
}

static void check_uuid(struct ward_span input)
{
    struct ward_uuid uuid;
    char text[WARD_UUID_CHARS + 1];
    if (ward_uuid_parse(input, &uuid)) {
        ward_uuid_format(&uuid, text);
        CHECK(ward_span_equal_nocase(ward_span_of(text), input));
    }
}

/* Reading code point after code point and writing them again gives the same bytes; so nothing over-long was read. */
static void check_utf8(struct ward_span input)
{
    WARD_BUFFER again = ward_buffer_new(TEXT_MAX);
    WARD_BUFFER lower = ward_buffer_new(TEXT_MAX);
    struct ward_span rest = input;
    uint32_t point;
    for (size_t size; (size = ward_utf8_read(rest, &point)) > 0;) {
        ward_utf8_append(&again, point);
        rest = ward_span(rest.data + size, rest.size - size);
    }
    CHECK((rest.size == 0) == ward_utf8_valid(input));
    CHECK(ward_span_equal(ward_buffer_span(&again), ward_span(input.data, input.size - rest.size)));
    enum ward_status status = ward_utf8_lower(input, &lower);
    CHECK(status == (rest.size == 0 ? WARD_OK : WARD_INVALID));
    CHECK(ward_utf8_valid(ward_buffer_span(&lower)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ward_span input = ward_span((const char *)data, size);
    check_base64(input, ward_base64_encode, ward_base64_decode);
    check_base64(input, ward_base64url_encode, ward_base64url_decode);
    check_hex(input);
    check_percent(input);
    check_uint(input);
    check_uuid(input);
    check_utf8(input);
    return 0;
}
