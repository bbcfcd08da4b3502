/*
 * What a request is, must have one reading only: whatever a proxy in front could read in another way is refused and
 * the connection closed (security.md attack 8). libmicrohttpd is lenient and parses in place; its buffer still shows
 * what stood there, so the head is read a second time here, byte by byte.
 */
#include "base/bytes.h"
#include "base/encoding.h"
#include "http/internal.h"

#if MHD_VERSION != 0x00097500
#error "framing.c reads the request buffer as libmicrohttpd 0.9.75 leaves it: check it against this version first"
#endif

static const struct ward_http_refusal accepted = { 0, NULL };

static struct ward_http_refusal refuse(int status, const char *why)
{
    return (struct ward_http_refusal){ status, why };
}

/* RFC 9110 5.6.2: letters, digits and !#$%&'*+-.^_`|~ as a bit set */
static bool is_token_char(unsigned char c)
{
    static const uint32_t set[8] = { 0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff };
    return (set[c / 32] >> (c % 32) & 1) != 0;
}

static bool is_value_char(unsigned char c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct ward_span trim_end(struct ward_span text)
{
    while (text.size > 0 && is_blank(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

/* What ends the parts of a head: as it was sent, and as the library leaves it. */
struct separators {
    char part; /* behind method and target */
    char name; /* behind a field name */
    char line[2];
};
static const struct separators as_sent = { ' ', ':', { '\r', '\n' } };
static const struct separators overwritten = { '\0', '\0', { '\0', '\0' } };

struct reader {
    const char *at;
    const char *end;
    const struct separators *separators;
};

static size_t left(const struct reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* CRLF, which the library turns into two NULs. A lone LF leaves one there, and so does a NUL that was sent. */
static bool take_line_end(struct reader *reader)
{
    if (left(reader) < 2 || memcmp(reader->at, reader->separators->line, 2) != 0) {
        return false;
    }
    reader->at += 2;
    return true;
}

static struct ward_span take_token(struct reader *reader)
{
    const char *start = reader->at;
    while (reader->at < reader->end && is_token_char((unsigned char)*reader->at)) {
        reader->at++;
    }
    return ward_span(start, (size_t)(reader->at - start));
}

static bool take_char(struct reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c) {
        return false;
    }
    reader->at++;
    return true;
}

static struct ward_span take_value(struct reader *reader)
{
    while (reader->at < reader->end && is_blank(*reader->at)) {
        reader->at++;
    }
    const char *start = reader->at;
    while (left(reader) >= sizeof(uint64_t) && !ward_bytes_control(ward_bytes_load(reader->at))) {
        reader->at += sizeof(uint64_t);
    }
    while (reader->at < reader->end && is_value_char((unsigned char)*reader->at)) {
        reader->at++;
    }
    return ward_span(start, (size_t)(reader->at - start));
}

#define VERSION_CHARS 8

static struct ward_http_refusal take_method(struct reader *reader, struct ward_span *ret)
{
    *ret = take_token(reader);
    bool is_method = ret->size > 0 && take_char(reader, reader->separators->part);
    return is_method ? accepted : refuse(400, "bad_method");
}

/* The bytes of the target are checked by ward_http_target_check; where the library has overwritten them, on a copy. */
static struct ward_http_refusal take_target(struct reader *reader, size_t target_size, bool *ret_is_1_1)
{
    if (left(reader) < target_size + 1 + VERSION_CHARS || *reader->at == ' ' ||
        reader->at[target_size] != reader->separators->part) {
        return refuse(400, "bad_request_line");
    }
    reader->at += target_size + 1;
    struct ward_span version = ward_span(reader->at, VERSION_CHARS);
    reader->at += VERSION_CHARS;
    if (!take_line_end(reader)) {
        return refuse(400, "bad_request_line");
    }
    *ret_is_1_1 = ward_span_equal(version, WARD_SPAN("HTTP/1.1"));
    return *ret_is_1_1 || ward_span_equal(version, WARD_SPAN("HTTP/1.0")) ? accepted : refuse(505, "bad_version");
}

/* One field line. RFC 9112 5.1: no blank before the colon; 5.2: no folding, so a line starts with its name. */
static struct ward_http_refusal take_field(struct reader *reader, struct ward_http_header *ret)
{
    const char *start = reader->at;
    ret->name = take_token(reader);
    if (ret->name.size == 0 || !take_char(reader, reader->separators->name)) {
        return refuse(400, "bad_field_name");
    }
    struct ward_span value = take_value(reader);
    if (!take_line_end(reader)) {
        return refuse(400, "bad_field_value");
    }
    ret->value = value;
    return (size_t)(reader->at - start) > WARD_HTTP_HEADER_MAX ? refuse(431, "field_too_large") : accepted;
}

static struct ward_http_refusal take_fields(struct reader *reader, struct ward_http_header *headers, size_t *ret_count)
{
    const char *start = reader->at;
    size_t count = 0;
    while (!take_line_end(reader)) {
        if (count == WARD_HTTP_HEADERS_MAX) {
            return refuse(431, "too_many_fields");
        }
        struct ward_http_refusal refusal = take_field(reader, &headers[count]);
        if (refusal.status) {
            return refusal;
        }
        count++;
        if ((size_t)(reader->at - start) > WARD_HTTP_HEADER_BYTES_MAX) {
            return refuse(431, "fields_too_large");
        }
    }
    *ret_count = count;
    return accepted;
}

struct special_fields {
    size_t hosts, lengths, encodings, expectations;
};

/* RFC 9112 3.2: no list, no second authority, no path. */
static bool is_host(struct ward_span host)
{
    for (size_t i = 0; i < host.size; i++) {
        unsigned char c = (unsigned char)host.data[i];
        if (c <= ' ' || c >= 0x7f || strchr(",/?#@\\", c)) {
            return false;
        }
    }
    return true;
}

static struct ward_http_refusal note_length(struct special_fields *seen, struct ward_span value,
                                            struct ward_http_framing *ret)
{
    if (seen->lengths++ > 0) {
        return refuse(400, "repeated_content_length");
    }
    return ward_parse_uint(value, &ret->content_length) ? accepted : refuse(400, "bad_content_length");
}

static struct ward_http_refusal note_field(struct special_fields *seen, const struct ward_http_header *header,
                                           struct ward_http_framing *ret)
{
    /* By length first: most fields are none of these. */
    switch (header->name.size) {
    case sizeof("Host") - 1:
        if (ward_span_equal_nocase(header->name, WARD_SPAN("Host"))) {
            seen->hosts++;
            return seen->hosts == 1 && is_host(header->value) ? accepted : refuse(400, "bad_host");
        }
        break;
    case sizeof("Expect") - 1:
        if (ward_span_equal_nocase(header->name, WARD_SPAN("Expect"))) {
            seen->expectations++;
            ret->expects_continue = ward_span_equal_nocase(header->value, WARD_SPAN("100-continue"));
            return seen->expectations == 1 && ret->expects_continue ? accepted : refuse(417, "bad_expectation");
        }
        break;
    case sizeof("Content-Length") - 1:
        if (ward_span_equal_nocase(header->name, WARD_SPAN("Content-Length"))) {
            return note_length(seen, header->value, ret);
        }
        break;
    case sizeof("Transfer-Encoding") - 1:
        if (ward_span_equal_nocase(header->name, WARD_SPAN("Transfer-Encoding"))) {
            ret->is_chunked = ward_span_equal_nocase(header->value, WARD_SPAN("chunked"));
            return seen->encodings++ == 0 && ret->is_chunked ? accepted : refuse(400, "bad_transfer_encoding");
        }
        break;
    default:
        break;
    }
    return accepted;
}

struct ward_http_refusal ward_http_framing_check(const struct ward_http_header *headers, size_t count, bool is_http_1_1,
                                                 struct ward_http_framing *ret)
{
    struct special_fields seen = { 0 };
    *ret = (struct ward_http_framing){ 0 };
    for (size_t i = 0; i < count; i++) {
        struct ward_http_refusal refusal = note_field(&seen, &headers[i], ret);
        if (refusal.status) {
            return refusal;
        }
    }
    if (seen.lengths > 0 && seen.encodings > 0) {
        return refuse(400, "content_length_with_transfer_encoding");
    }
    if (seen.encodings > 0 && !is_http_1_1) { /* RFC 9112 6.1: faulty framing in HTTP/1.0 */
        return refuse(400, "bad_transfer_encoding");
    }
    return is_http_1_1 && seen.hosts == 0 ? refuse(400, "bad_host") : accepted;
}

/* The library compares these two with the blanks behind them: so they may have none. */
static bool decides_framing(struct ward_span name)
{
    return ward_span_equal_nocase(name, WARD_SPAN("Content-Length")) ||
           ward_span_equal_nocase(name, WARD_SPAN("Transfer-Encoding"));
}

static struct ward_http_refusal trim_values(struct ward_http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ward_span trimmed = trim_end(headers[i].value);
        if (trimmed.size != headers[i].value.size && decides_framing(headers[i].name)) {
            return refuse(400, "blank_behind_framing_field");
        }
        headers[i].value = trimmed;
    }
    return accepted;
}

static struct ward_http_refusal read_fields(struct reader *reader, bool is_http_1_1, struct ward_pool *pool,
                                            const struct ward_http_header **ret_headers, size_t *ret_count,
                                            struct ward_http_framing *ret)
{
    struct ward_http_header *headers = ward_pool_alloc(pool, WARD_HTTP_HEADERS_MAX * sizeof(*headers));
    if (!headers) {
        return refuse(503, "no_memory");
    }
    size_t count = 0;
    struct ward_http_refusal refusal = take_fields(reader, headers, &count);
    if (!refusal.status) {
        refusal = trim_values(headers, count);
    }
    if (refusal.status) {
        return refusal;
    }
    /* A pool is wiped as far as it was used, and most heads have few fields. */
    ward_pool_shorten(pool, headers, WARD_HTTP_HEADERS_MAX * sizeof(*headers), count * sizeof(*headers));
    *ret_headers = headers;
    *ret_count = count;
    return ward_http_framing_check(headers, count, is_http_1_1, ret);
}

struct ward_http_refusal ward_http_framing_read(struct ward_span head, size_t target_size, struct ward_pool *pool,
                                                const struct ward_http_header **ret_headers, size_t *ret_count,
                                                struct ward_http_framing *ret)
{
    struct reader reader = { head.data, head.data + head.size, &overwritten };
    bool is_http_1_1 = false;
    struct ward_span method;
    struct ward_http_refusal refusal = take_method(&reader, &method);
    if (!refusal.status) {
        refusal = take_target(&reader, target_size, &is_http_1_1);
    }
    if (!refusal.status) {
        refusal = read_fields(&reader, is_http_1_1, pool, ret_headers, ret_count, ret);
    }
    /* A line that begins with NUL ends the head for the library, but not for others. */
    return !refusal.status && reader.at != reader.end ? refuse(400, "bad_field_name") : refusal;
}

size_t ward_http_framing_read_raw(struct ward_span bytes, struct ward_http_request *request,
                                  struct ward_http_framing *ret)
{
    struct reader reader = { bytes.data, bytes.data + bytes.size, &as_sent };
    bool is_http_1_1 = false;
    struct ward_http_refusal refusal = take_method(&reader, &request->method_text);
    const char *end = refusal.status ? NULL : memchr(reader.at, as_sent.part, left(&reader));
    if (!end) {
        return 0;
    }
    request->target = ward_span(reader.at, (size_t)(end - reader.at));
    refusal = take_target(&reader, request->target.size, &is_http_1_1);
    if (!refusal.status && is_http_1_1) {
        refusal = ward_http_target_check(request->target, &request->path, &request->query);
    }
    if (!refusal.status && is_http_1_1) {
        refusal = read_fields(&reader, is_http_1_1, &request->pool, &request->headers, &request->header_count, ret);
    }
    request->method = ward_http_method_parse(request->method_text);
    return refusal.status || !is_http_1_1 ? 0 : (size_t)(reader.at - bytes.data);
}

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of a segment, decoded; -1 for a bad escape. */
static int decode_at(struct ward_span text, size_t *at)
{
    unsigned char c = (unsigned char)text.data[(*at)++];
    if (c != '%') {
        return c;
    }
    if (text.size - *at < 2) {
        return -1;
    }
    int high = hex_digit((unsigned char)text.data[*at]);
    int low = hex_digit((unsigned char)text.data[*at + 1]);
    *at += 2;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* security.md attack 15: dot segments and NUL are refused, never normalised. An encoded slash is for the route to
 * judge: ward_http_find_route. */
static struct ward_http_refusal check_segment(struct ward_span segment)
{
    bool is_plain = segment.size == 0 || (segment.data[0] != '.' && !memchr(segment.data, '%', segment.size));
    if (is_plain) {
        return accepted;
    }
    bool is_dots = segment.size > 0;
    size_t size = 0;
    for (size_t at = 0; at < segment.size; size++) {
        bool is_escape = segment.data[at] == '%';
        int c = decode_at(segment, &at);
        if (c < 0) {
            return refuse(400, "bad_escape");
        }
        if (is_escape && c == '\0') {
            return refuse(400, "bad_escape");
        }
        is_dots = is_dots && c == '.';
    }
    return is_dots && size <= 2 ? refuse(400, "dot_segment") : accepted;
}

static struct ward_http_refusal check_path(struct ward_span path)
{
    size_t start = 1;
    while (start <= path.size) {
        const char *slash = memchr(path.data + start, '/', path.size - start);
        size_t end = slash ? (size_t)(slash - path.data) : path.size;
        struct ward_http_refusal refusal = check_segment(ward_span(path.data + start, end - start));
        if (refusal.status) {
            return refusal;
        }
        start = end + 1;
    }
    return accepted;
}

static bool has_only_target_chars(struct ward_span target)
{
    uint64_t found = 0;
    for (size_t at = 0; at < target.size; at += sizeof(uint64_t)) {
        uint64_t word = ward_bytes_at(target, at);
        found |= ward_bytes_control(word) | ward_bytes_high(word) | ward_bytes_equal(word, ' ') |
                 ward_bytes_equal(word, '#');
    }
    return found == 0;
}

struct ward_http_refusal ward_http_target_check(struct ward_span target, struct ward_span *ret_path,
                                                struct ward_span *ret_query)
{
    if (target.size > WARD_HTTP_TARGET_MAX) {
        return refuse(414, "target_too_long");
    }
    if (target.size == 0 || target.data[0] != '/' || !has_only_target_chars(target)) {
        return refuse(400, "bad_target");
    }
    const char *mark = memchr(target.data, '?', target.size);
    struct ward_span path = ward_span(target.data, mark ? (size_t)(mark - target.data) : target.size);
    struct ward_http_refusal refusal = check_path(path);
    if (refusal.status) {
        return refusal;
    }
    *ret_path = path;
    *ret_query = mark ? ward_span(mark + 1, target.size - path.size - 1) : WARD_SPAN_NONE;
    return accepted;
}
