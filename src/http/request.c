/* What handlers ask of a request. */
#include "base/encoding.h"
#include "http/internal.h"

static const char *const method_names[] = {
    [WARD_GET] = "GET",     [WARD_HEAD] = "HEAD",     [WARD_POST] = "POST",       [WARD_PUT] = "PUT",
    [WARD_PATCH] = "PATCH", [WARD_DELETE] = "DELETE", [WARD_OPTIONS] = "OPTIONS", [WARD_METHOD_OTHER] = "OTHER",
};

const char *ward_method_name(enum ward_method method)
{
    return (size_t)method < sizeof(method_names) / sizeof(method_names[0]) ? method_names[method] : "OTHER";
}

/* RFC 9110 9.1: methods are case-sensitive. */
enum ward_method ward_http_method_parse(struct ward_span text)
{
    for (int method = 0; method < WARD_METHOD_OTHER; method++) {
        if (ward_span_equal(text, ward_span_of(method_names[method]))) {
            return (enum ward_method)method;
        }
    }
    return WARD_METHOD_OTHER;
}

struct ward_span ward_http_header_find(const struct ward_http_request *request, struct ward_span name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (ward_span_equal_nocase(request->headers[i].name, name)) {
            return request->headers[i].value;
        }
    }
    return WARD_SPAN_NONE;
}

size_t ward_http_header_count(const struct ward_http_request *request, const char *name)
{
    struct ward_span wanted = ward_span_of(name);
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        count += ward_span_equal_nocase(request->headers[i].name, wanted);
    }
    return count;
}
