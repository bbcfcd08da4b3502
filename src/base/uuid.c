#include "base/uuid.h"

#include "base/encoding.h"
#include "base/seam.h"

/* Bytes up to each dash of 8-4-4-4-12. */
static const struct {
    uint8_t first_byte;
    uint8_t bytes;
    uint8_t first_char;
} groups[] = { { 0, 4, 0 }, { 4, 2, 9 }, { 6, 2, 14 }, { 8, 2, 19 }, { 10, 6, 24 } };

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

enum ward_status ward_uuid_new(struct ward_uuid *ret)
{
    struct ward_uuid uuid;
    enum ward_status status = ward_random(uuid.bytes, sizeof(uuid.bytes));
    if (status != WARD_OK) {
        return status;
    }
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | 0x40); /* RFC 9562 5.4: version 4 */
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80); /* RFC 9562 4.1: variant 10 */
    *ret = uuid;
    return WARD_OK;
}

void ward_uuid_format(const struct ward_uuid *uuid, char text[WARD_UUID_CHARS + 1])
{
    for (size_t i = 0; i < GROUPS; i++) {
        char *end = text + groups[i].first_char + (size_t)groups[i].bytes * 2;
        ward_hex_encode(uuid->bytes + groups[i].first_byte, groups[i].bytes, text + groups[i].first_char);
        *end = i + 1 < GROUPS ? '-' : '\0';
    }
}

bool ward_uuid_parse(struct ward_span text, struct ward_uuid *ret)
{
    if (text.size != WARD_UUID_CHARS) {
        return false;
    }
    struct ward_uuid uuid;
    for (size_t i = 0; i < GROUPS; i++) {
        const char *start = text.data + groups[i].first_char;
        if (!ward_hex_decode(ward_span(start, (size_t)groups[i].bytes * 2), uuid.bytes + groups[i].first_byte,
                             groups[i].bytes)) {
            return false;
        }
        if (i > 0 && start[-1] != '-') {
            return false;
        }
    }
    *ret = uuid;
    return true;
}
