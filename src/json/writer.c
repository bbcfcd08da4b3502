#include "json/writer.h"

#include "base/iso8601.h"
#include "base/utf8.h"

struct ward_json_writer ward_json_writer_to(struct ward_buffer *out)
{
    return (struct ward_json_writer){ .out = out };
}

static void put(struct ward_json_writer *writer, struct ward_span text)
{
    ward_buffer_append(writer->out, text);
}

/* Every value but the first of its array or object follows a comma. */
static void begin_value(struct ward_json_writer *writer)
{
    if (writer->needs_comma[writer->depth]) {
        ward_buffer_append_char(writer->out, ',');
    }
    writer->needs_comma[writer->depth] = true;
}

/* Nesting beyond the writer or ends without a begin are faults of the caller: no half document must leave the house. */
static void fail(struct ward_json_writer *writer)
{
    if (writer->out->status == WARD_OK) {
        writer->out->status = WARD_INTERNAL;
    }
}

static void begin_container(struct ward_json_writer *writer, char open)
{
    if (writer->depth + 1 >= WARD_JSON_WRITER_DEPTH_MAX) {
        fail(writer);
        return;
    }
    begin_value(writer);
    ward_buffer_append_char(writer->out, open);
    writer->needs_comma[++writer->depth] = false;
}

static void end_container(struct ward_json_writer *writer, char close)
{
    if (writer->depth == 0) {
        fail(writer);
        return;
    }
    writer->depth--;
    ward_buffer_append_char(writer->out, close);
}

void ward_json_begin_object(struct ward_json_writer *writer)
{
    begin_container(writer, '{');
}

void ward_json_end_object(struct ward_json_writer *writer)
{
    end_container(writer, '}');
}

void ward_json_begin_array(struct ward_json_writer *writer)
{
    begin_container(writer, '[');
}

void ward_json_end_array(struct ward_json_writer *writer)
{
    end_container(writer, ']');
}

void ward_json_key(struct ward_json_writer *writer, const char *name)
{
    begin_value(writer);
    ward_buffer_append_char(writer->out, '"');
    ward_buffer_append_text(writer->out, name);
    put(writer, WARD_SPAN("\":"));
    writer->needs_comma[writer->depth] = false; /* the value stands right behind the colon */
}

/* Returns the size of the run at the front that needs no escape and is plain ASCII. */
static size_t plain_run(struct ward_span text)
{
    size_t i = 0;
    while (i < text.size) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') {
            break;
        }
        i++;
    }
    return i;
}

static void escape_ascii(struct ward_buffer *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char specials[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *special = memchr(specials, c, sizeof(specials) - 1);
    if (special) {
        char pair[] = { '\\', letters[special - specials] };
        ward_buffer_append(out, ward_span(pair, sizeof(pair)));
        return;
    }
    char unit[] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
    ward_buffer_append(out, ward_span(unit, sizeof(unit)));
}

void ward_json_escape(struct ward_buffer *out, struct ward_span text)
{
    while (text.size > 0) {
        size_t size = plain_run(text);
        uint32_t point = 0;
        if (size > 0) {
            ward_buffer_append(out, ward_span(text.data, size));
        } else if ((unsigned char)text.data[0] < 0x80) {
            escape_ascii(out, (unsigned char)text.data[0]);
            size = 1;
        } else if ((size = ward_utf8_read(text, &point)) > 0) {
            ward_buffer_append(out, ward_span(text.data, size));
        } else {
            ward_buffer_append_text(out, "\xef\xbf\xbd"); /* U+FFFD: the document stays UTF-8 whatever comes in */
            size = 1;
        }
        text = ward_span(text.data + size, text.size - size);
    }
}

void ward_json_put_string(struct ward_json_writer *writer, struct ward_span text)
{
    if (!text.data) {
        ward_json_put_null(writer);
        return;
    }
    begin_value(writer);
    ward_buffer_append_char(writer->out, '"');
    ward_json_escape(writer->out, text);
    ward_buffer_append_char(writer->out, '"');
}

void ward_json_put_int(struct ward_json_writer *writer, int64_t value)
{
    begin_value(writer);
    ward_buffer_append_int(writer->out, value);
}

void ward_json_put_bool(struct ward_json_writer *writer, bool value)
{
    ward_json_put_raw(writer, value ? WARD_SPAN("true") : WARD_SPAN("false"));
}

void ward_json_put_null(struct ward_json_writer *writer)
{
    ward_json_put_raw(writer, WARD_SPAN("null"));
}

void ward_json_put_raw(struct ward_json_writer *writer, struct ward_span json)
{
    begin_value(writer);
    put(writer, json.size > 0 ? json : WARD_SPAN("null"));
}

void ward_json_member_string(struct ward_json_writer *writer, const char *name, struct ward_span text)
{
    ward_json_key(writer, name);
    ward_json_put_string(writer, text);
}

void ward_json_member_int(struct ward_json_writer *writer, const char *name, int64_t value)
{
    ward_json_key(writer, name);
    ward_json_put_int(writer, value);
}

void ward_json_member_bool(struct ward_json_writer *writer, const char *name, bool value)
{
    ward_json_key(writer, name);
    ward_json_put_bool(writer, value);
}

void ward_json_member_null(struct ward_json_writer *writer, const char *name)
{
    ward_json_key(writer, name);
    ward_json_put_null(writer);
}

void ward_json_member_raw(struct ward_json_writer *writer, const char *name, struct ward_span json)
{
    ward_json_key(writer, name);
    ward_json_put_raw(writer, json);
}

void ward_json_member_time(struct ward_json_writer *writer, const char *name, int64_t ms)
{
    char text[WARD_ISO8601_MS_CHARS + 1];
    if (ms == WARD_TIME_NONE) {
        ward_json_member_null(writer, name);
        return;
    }
    ward_iso8601_format(ms, text);
    ward_json_member_string(writer, name, ward_span_of(text));
}
