#include "surface/native/presented.h"

static const struct ward_span basic = WARD_SPAN_INIT("basic ");

bool ward_native_is_basic(struct ward_span authorization)
{
    return authorization.size >= basic.size && ward_span_equal_nocase(ward_span(authorization.data, basic.size), basic);
}

struct ward_proxy_pair ward_native_basic_pair(struct ward_http_request *request, struct ward_span authorization)
{
    const struct ward_proxy_pair none = { 0 };
    size_t at = basic.size;
    while (at < authorization.size && authorization.data[at] == ' ') {
        at++;
    }
    WARD_BUFFER plain = ward_buffer_new_secret(authorization.size + 1);
    if (!ward_base64_decode(ward_span(authorization.data + at, authorization.size - at), &plain)) {
        return none;
    }
    struct ward_span text = ward_pool_copy(&request->pool, ward_buffer_span(&plain));
    const char *colon = text.data ? memchr(text.data, ':', text.size) : NULL;
    if (!colon) {
        return none;
    }
    size_t size = (size_t)(colon - text.data);
    return (struct ward_proxy_pair){ ward_span(text.data, size), ward_span(colon + 1, text.size - size - 1) };
}
