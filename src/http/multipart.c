#include "http/multipart.h"

#include "base/encoding.h"
#include "base/utf8.h"

/* ---- parameters of a field value: ; name=token and ; name="quoted" ---- */

static struct ward_span skip_blanks(struct ward_span text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = ward_span(text.data + 1, text.size - 1);
    }
    return text;
}

/* RFC 9110 5.6.2 */
static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static struct ward_span take_token(struct ward_span *text)
{
    size_t size = 0;
    while (size < text->size && is_token_char(text->data[size])) {
        size++;
    }
    struct ward_span token = ward_span(text->data, size);
    *text = ward_span(text->data + size, text->size - size);
    return token;
}

struct parameter {
    struct ward_span name;
    struct ward_span value; /* inside of the quotes, as it came */
    bool is_quoted;
};

/* A value in quotes ends at the first quote that has no backslash before it. */
static bool take_quoted(struct ward_span *text, struct ward_span *ret)
{
    size_t at = 1;
    while (at < text->size && text->data[at] != '"') {
        at += text->data[at] == '\\' ? 2 : 1;
    }
    if (at >= text->size) {
        return false;
    }
    *ret = ward_span(text->data + 1, at - 1);
    *text = ward_span(text->data + at + 1, text->size - at - 1);
    return true;
}

/* Cut the next parameter off; false at the end (then rest is empty) and for what is none (then it is not). */
static bool take_parameter(struct ward_span *rest, struct parameter *ret)
{
    struct ward_span text = skip_blanks(*rest);
    if (text.size == 0 || text.data[0] != ';') {
        *rest = text;
        return false;
    }
    text = skip_blanks(ward_span(text.data + 1, text.size - 1));
    if (text.size == 0) { /* a semicolon at the end says nothing */
        *rest = text;
        return false;
    }
    *ret = (struct parameter){ .name = take_token(&text) };
    bool has_value = ret->name.size > 0 && text.size > 1 && text.data[0] == '=';
    if (!has_value) {
        return false;
    }
    text = ward_span(text.data + 1, text.size - 1);
    ret->is_quoted = text.data[0] == '"';
    if (!ret->is_quoted) {
        ret->value = take_token(&text);
    }
    if (ret->is_quoted ? !take_quoted(&text, &ret->value) : ret->value.size == 0) {
        return false;
    }
    *rest = text;
    return true;
}

/* ---- the boundary ---- */

static struct ward_span take_media_type(struct ward_span *text)
{
    struct ward_span start = skip_blanks(*text);
    struct ward_span rest = start;
    (void)take_token(&rest);
    if (rest.size > 0 && rest.data[0] == '/') {
        rest = ward_span(rest.data + 1, rest.size - 1);
        (void)take_token(&rest);
    }
    *text = rest;
    return ward_span(start.data, start.size - rest.size);
}

bool ward_multipart_is_one(struct ward_span content_type)
{
    return ward_span_equal_nocase(take_media_type(&content_type), WARD_SPAN("multipart/form-data"));
}

/* RFC 2046 5.1.1: bchars, not ending in a blank. */
static bool is_boundary(struct ward_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && (c == '\0' || !strchr("'()+_,-./:=? ", c))) {
            return false;
        }
    }
    return text.size > 0 && text.size <= WARD_MULTIPART_BOUNDARY_MAX && text.data[text.size - 1] != ' ';
}

static bool find_boundary(struct ward_span content_type, struct ward_span *ret)
{
    struct parameter parameter;
    bool has_one = false;
    (void)take_media_type(&content_type);
    while (take_parameter(&content_type, &parameter)) {
        if (!ward_span_equal_nocase(parameter.name, WARD_SPAN("boundary"))) {
            continue;
        }
        if (has_one) {
            return false;
        }
        has_one = true;
        *ret = parameter.value;
    }
    return has_one && content_type.size == 0 && is_boundary(*ret);
}

/* ---- a part's head ---- */

struct reader {
    struct ward_pool *pool;
    const char *why;
    enum ward_status status;
};

static bool refuse(struct reader *reader, const char *why)
{
    reader->status = WARD_INVALID;
    reader->why = why;
    return false;
}

/* RFC 7578 4.2: browsers write %22, %0D and %0A for what would end a name; others put a backslash before a quote. A
 * backslash before anything else is a part of the name (a path of Windows). */
static bool unquote(struct reader *reader, const struct parameter *parameter, struct ward_span *ret)
{
    struct ward_span text = parameter->value;
    if (!parameter->is_quoted || !memchr(text.data, '\\', text.size)) {
        *ret = text;
        return true;
    }
    char *copy = ward_pool_alloc(reader->pool, text.size + 1);
    if (!copy) {
        reader->status = WARD_NO_MEMORY;
        return false;
    }
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool is_escape = text.data[i] == '\\' && i + 1 < text.size && strchr("\"\\", text.data[i + 1]) &&
                         text.data[i + 1] != '\0';
        copy[size++] = text.data[is_escape ? ++i : i];
    }
    *ret = ward_span(copy, size);
    return true;
}

static bool take_text(struct reader *reader, const struct parameter *parameter, struct ward_span *ret)
{
    if (ret->data) {
        return refuse(reader, "a part of the form has a name twice");
    }
    if (!unquote(reader, parameter, ret)) {
        return false;
    }
    if (!ward_utf8_valid(*ret) || memchr(ret->data, '\0', ret->size)) {
        return refuse(reader, "a name in the form is not UTF-8");
    }
    return true;
}

static bool read_disposition(struct reader *reader, struct ward_span value, struct ward_multipart_part *ret)
{
    struct parameter parameter;
    value = skip_blanks(value);
    if (ret->name.data || !ward_span_equal_nocase(take_token(&value), WARD_SPAN("form-data"))) {
        return refuse(reader, "a part of the form has no Content-Disposition of form-data, or two");
    }
    while (take_parameter(&value, &parameter)) {
        bool is_name = ward_span_equal_nocase(parameter.name, WARD_SPAN("name"));
        bool is_file = ward_span_equal_nocase(parameter.name, WARD_SPAN("filename"));
        if ((is_name && !take_text(reader, &parameter, &ret->name)) ||
            (is_file && !take_text(reader, &parameter, &ret->file_name))) {
            return false;
        }
    }
    if (value.size > 0 || ret->name.size == 0) {
        return refuse(reader, "a part of the form has no name");
    }
    return true;
}

static bool read_field(struct reader *reader, struct ward_span line, struct ward_multipart_part *ret)
{
    struct ward_span rest = line;
    struct ward_span name = take_token(&rest);
    if (name.size == 0 || rest.size == 0 || rest.data[0] != ':') {
        return refuse(reader, "a part of the form has a line in its head that is no header");
    }
    rest = ward_span(rest.data + 1, rest.size - 1);
    if (ward_span_equal_nocase(name, WARD_SPAN("content-disposition"))) {
        return read_disposition(reader, rest, ret);
    }
    if (ward_span_equal_nocase(name, WARD_SPAN("content-transfer-encoding"))) { /* RFC 7578 4.7: deprecated */
        struct ward_span encoding = skip_blanks(rest);
        bool is_plain = ward_span_equal_nocase(encoding, WARD_SPAN("binary")) ||
                        ward_span_equal_nocase(encoding, WARD_SPAN("8bit")) ||
                        ward_span_equal_nocase(encoding, WARD_SPAN("7bit"));
        return is_plain || refuse(reader, "a part of the form has a Content-Transfer-Encoding");
    }
    return true;
}

/* The first CRLF, or NULL. */
static const char *find_line_end(struct ward_span text)
{
    return text.size > 1 ? memmem(text.data, text.size, "\r\n", 2) : NULL;
}

/* part: everything between two delimiter lines. */
static bool read_part(struct reader *reader, struct ward_span part, struct ward_multipart_part *ret)
{
    struct ward_span rest = part;
    for (;;) {
        const char *end = find_line_end(rest);
        if (!end || (size_t)(end - part.data) > WARD_MULTIPART_HEAD_MAX) {
            return refuse(reader, "a part of the form has no end of its head, or too long a head");
        }
        struct ward_span line = ward_span(rest.data, (size_t)(end - rest.data));
        rest = ward_span(end + 2, rest.size - line.size - 2);
        if (line.size == 0) {
            break;
        }
        if (!read_field(reader, line, ret)) {
            return false;
        }
    }
    ret->content = rest;
    return ret->name.data || refuse(reader, "a part of the form has no Content-Disposition of form-data, or two");
}

/* ---- delimiters ---- */

struct delimiter {
    const char *start; /* of the CRLF before it, or of the body */
    const char *next;  /* behind its line */
    bool is_last;
};

/* Behind the boundary: "--" at the end of all, then blanks, then CRLF (or, behind the last one, nothing). */
static bool read_delimiter(const char *at, const char *end, struct delimiter *ret)
{
    ret->is_last = end - at >= 2 && memcmp(at, "--", 2) == 0;
    at += ret->is_last ? 2 : 0;
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    bool has_line_end = end - at >= 2 && at[0] == '\r' && at[1] == '\n';
    ret->next = has_line_end ? at + 2 : at;
    return has_line_end || (ret->is_last && at == end);
}

/* Find the next delimiter line at or behind from; is_first: the body may begin with one. */
static bool find_delimiter(const char *from, const char *end, struct ward_span dashes, bool is_first,
                           struct delimiter *ret)
{
    const char *at = from;
    while ((at = memmem(at, (size_t)(end - at), dashes.data, dashes.size)) != NULL) {
        bool begins_line = (is_first && at == from) || (at - from >= 2 && at[-2] == '\r' && at[-1] == '\n');
        if (begins_line && read_delimiter(at + dashes.size, end, ret)) {
            ret->start = is_first && at == from ? at : at - 2;
            return true;
        }
        at++;
    }
    return false;
}

static bool read_parts(struct reader *reader, struct ward_span body, struct ward_span dashes,
                       struct ward_multipart *ret)
{
    const char *end = body.data + body.size;
    struct delimiter delimiter;
    if (!find_delimiter(body.data, end, dashes, true, &delimiter)) {
        return refuse(reader, "the form does not begin with its boundary");
    }
    while (!delimiter.is_last) {
        const char *start = delimiter.next;
        if (!find_delimiter(start, end, dashes, false, &delimiter)) {
            return refuse(reader, "the form does not end with its boundary");
        }
        if (ret->count == WARD_MULTIPART_PARTS_MAX) {
            return refuse(reader, "the form has too many parts");
        }
        struct ward_multipart_part part = { 0 };
        if (!read_part(reader, ward_span(start, (size_t)(delimiter.start - start)), &part)) {
            return false;
        }
        for (size_t i = 0; i < ret->count; i++) {
            if (ward_span_equal(ret->parts[i].name, part.name)) {
                return refuse(reader, "the form has two parts of one name");
            }
        }
        ret->parts[ret->count++] = part;
    }
    return true;
}

enum ward_status ward_multipart_read(struct ward_span content_type, struct ward_span body, struct ward_pool *pool,
                                     struct ward_multipart *ret, const char **ret_why)
{
    struct reader reader = { .pool = pool, .status = WARD_OK };
    struct ward_span boundary = WARD_SPAN_NONE;
    struct ward_multipart found = { .count = 0 };
    if (!ward_multipart_is_one(content_type) || !find_boundary(content_type, &boundary)) {
        *ret_why = "the form names no boundary";
        return WARD_INVALID;
    }
    char text[WARD_MULTIPART_BOUNDARY_MAX + 2] = "--";
    memcpy(text + 2, boundary.data, boundary.size);
    if (body.size == 0) {
        body = WARD_SPAN("");
    }
    if (!read_parts(&reader, body, ward_span(text, boundary.size + 2), &found)) {
        *ret_why = reader.why;
        return reader.status;
    }
    *ret = found;
    return WARD_OK;
}

const struct ward_multipart_part *ward_multipart_find(const struct ward_multipart *multipart, const char *name)
{
    for (size_t i = 0; i < multipart->count; i++) {
        if (ward_span_equal(multipart->parts[i].name, ward_span_of(name))) {
            return &multipart->parts[i];
        }
    }
    return NULL;
}
