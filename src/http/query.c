/* The query of a target, or a form: NAME=VALUE pairs between '&', percent-encoded, '+' for a blank. */
#include "base/encoding.h"
#include "http/internal.h"

static struct ward_span cut(struct ward_span *rest, char separator)
{
    const char *found = rest->size ? memchr(rest->data, separator, rest->size) : NULL;
    if (!found) {
        struct ward_span all = *rest;
        *rest = WARD_SPAN_NONE;
        return all;
    }
    size_t size = (size_t)(found - rest->data);
    struct ward_span part = ward_span(rest->data, size);
    *rest = ward_span(found + 1, rest->size - size - 1);
    return part;
}

/* '+' becomes a blank before the escapes are decoded: %2B stays a plus. */
static bool decode(struct ward_span text, struct ward_buffer *ret)
{
    WARD_BUFFER blanks = ward_buffer_new_secret(WARD_HTTP_TARGET_MAX);
    for (size_t i = 0; i < text.size; i++) {
        ward_buffer_append_char(&blanks, text.data[i] == '+' ? ' ' : text.data[i]);
    }
    return blanks.status == WARD_OK && ward_percent_decode(ward_buffer_span(&blanks), ret);
}

static bool needs_decoding(struct ward_span text)
{
    return text.size > 0 && (memchr(text.data, '%', text.size) || memchr(text.data, '+', text.size));
}

static bool is_named(struct ward_span raw, struct ward_span name)
{
    if (!needs_decoding(raw)) {
        return ward_span_equal(raw, name);
    }
    WARD_BUFFER decoded = ward_buffer_new_secret(WARD_HTTP_TARGET_MAX);
    return decode(raw, &decoded) && ward_span_equal(ward_buffer_span(&decoded), name);
}

static struct ward_span value_of(struct ward_http_request *request, struct ward_span raw, bool *ret_bad)
{
    if (!needs_decoding(raw)) {
        return raw.data ? raw : ward_span("", 0);
    }
    WARD_BUFFER decoded = ward_buffer_new_secret(WARD_HTTP_TARGET_MAX);
    if (!decode(raw, &decoded)) {
        *ret_bad = true;
        return WARD_SPAN_NONE;
    }
    struct ward_span value = ward_pool_copy(&request->pool, ward_buffer_span(&decoded));
    *ret_bad = *ret_bad || !value.data; /* out of memory must not read as "not given" */
    return value;
}

static struct ward_span find_value(struct ward_http_request *request, struct ward_span pairs, const char *name,
                                   bool *ret_bad)
{
    struct ward_span wanted = ward_span_of(name);
    while (pairs.size > 0) {
        struct ward_span value = cut(&pairs, '&');
        struct ward_span raw_name = cut(&value, '=');
        if (is_named(raw_name, wanted)) {
            return value_of(request, value, ret_bad);
        }
    }
    return WARD_SPAN_NONE;
}

struct ward_span ward_http_query_get(struct ward_http_request *request, const char *name, bool *ret_bad)
{
    return find_value(request, request->query, name, ret_bad);
}

struct ward_span ward_http_form_get(struct ward_http_request *request, const char *name, bool *ret_bad)
{
    return find_value(request, request->body, name, ret_bad);
}

size_t ward_http_form_count(const struct ward_http_request *request, const char *name)
{
    struct ward_span wanted = ward_span_of(name), pairs = request->body;
    size_t count = 0;
    while (pairs.size > 0) {
        struct ward_span value = cut(&pairs, '&');
        count += is_named(cut(&value, '='), wanted);
    }
    return count;
}
