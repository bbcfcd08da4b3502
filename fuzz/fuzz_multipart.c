/* Input: a Content-Type up to the first line feed, then a body. What is accepted has names, no two alike, and parts
 * that lie in the body one behind the other. */
#include "check.h"
#include "http/multipart.h"

static bool lies_in(struct ward_span inner, struct ward_span outer)
{
    return inner.data >= outer.data && inner.data + inner.size <= outer.data + outer.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    if (!end) {
        return 0;
    }
    struct ward_span type = ward_span((const char *)data, (size_t)(end - data));
    struct ward_span body = ward_span((const char *)end + 1, size - type.size - 1);
    WARD_POOL pool = ward_pool_new(1 << 20);
    struct ward_multipart form = { 0 };
    const char *why = NULL;
    enum ward_status status = ward_multipart_read(type, body, &pool, &form, &why);
    CHECK(status == WARD_OK || (status == WARD_INVALID && why && form.count == 0));
    CHECK(form.count <= WARD_MULTIPART_PARTS_MAX);
    const char *behind = body.data;
    for (size_t i = 0; i < form.count; i++) {
        CHECK(form.parts[i].name.size > 0 && lies_in(form.parts[i].content, body));
        CHECK(form.parts[i].content.data >= behind);
        behind = form.parts[i].content.data + form.parts[i].content.size;
        for (size_t j = 0; j < i; j++) {
            CHECK(!ward_span_equal(form.parts[i].name, form.parts[j].name));
        }
    }
    return 0;
}
