#include "model/object_name.h"

#include "base/utf8.h"
#include "model/text.h"

/* White_Space of Unicode, and the zero-width ones that look like nothing at all. */
static bool is_white(uint32_t point)
{
    return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 || point == 0xa0 || point == 0x1680 ||
           point == 0x180e || (point >= 0x2000 && point <= 0x200d) || point == 0x2028 || point == 0x2029 ||
           point == 0x202f || point == 0x205f || point == 0x2060 || point == 0x3000 || point == 0xfeff;
}

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029;
}

bool ward_text_is_blank(struct ward_span text)
{
    uint32_t point;
    for (size_t size; text.size > 0; text = ward_span(text.data + size, text.size - size)) {
        size = ward_utf8_read(text, &point);
        if (size == 0 || !is_white(point)) {
            return false;
        }
    }
    return true;
}

static bool has_control(struct ward_span text)
{
    uint32_t point;
    for (size_t size; text.size > 0; text = ward_span(text.data + size, text.size - size)) {
        size = ward_utf8_read(text, &point);
        if (size == 0 || is_control(point)) {
            return true;
        }
    }
    return false;
}

bool ward_object_name_is_valid(struct ward_span name)
{
    return name.size <= WARD_OBJECT_NAME_MAX && !ward_text_is_blank(name) && !has_control(name);
}

void ward_object_name_check(struct ward_problems *problems, const char *member, bool has_name, struct ward_span name)
{
    if (ward_problem_has(problems, member)) {
        return;
    }
    if (!has_name || ward_text_is_blank(name)) {
        ward_problem_add(problems, member, WARD_RULE_REQUIRED, 0, NULL);
    } else if (name.size > WARD_OBJECT_NAME_MAX) {
        ward_problem_add(problems, member, WARD_RULE_BYTES_MAX, WARD_OBJECT_NAME_MAX, NULL);
    } else if (has_control(name)) {
        ward_problem_add(problems, member, WARD_RULE_CHARACTERS, 0, NULL);
    }
}

bool ward_crypto_key_name_is_reserved(struct ward_span name)
{
    return ward_span_equal(name, WARD_SPAN("import")) || ward_span_equal(name, WARD_SPAN("import-file"));
}

bool ward_jwk_name_is_reserved(struct ward_span name)
{
    return ward_span_equal(name, WARD_SPAN("generate")) || ward_span_equal(name, WARD_SPAN("import-file")) ||
           ward_span_starts_with(name, WARD_SPAN("parse-from-"));
}
