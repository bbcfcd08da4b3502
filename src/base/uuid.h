/* UUIDs, RFC 9562 version 4, as 16 bytes and as 36 lower-case characters. */
#ifndef WARD_BASE_UUID_H
#define WARD_BASE_UUID_H

#include <stdint.h>

#include "base/span.h"
#include "base/status.h"

#define WARD_UUID_BYTES 16
#define WARD_UUID_CHARS 36

struct ward_uuid {
    uint8_t bytes[WARD_UUID_BYTES];
};

enum ward_status ward_uuid_new(struct ward_uuid *ret) WARD_MUST_USE;
void ward_uuid_format(const struct ward_uuid *uuid, char text[WARD_UUID_CHARS + 1]);

/** Read 8-4-4-4-12 hex digits of either case, any version. */
bool ward_uuid_parse(struct ward_span text, struct ward_uuid *ret);

static inline bool ward_uuid_equal(const struct ward_uuid *a, const struct ward_uuid *b)
{
    return memcmp(a->bytes, b->bytes, WARD_UUID_BYTES) == 0;
}

/** True for the all-zero UUID, which stands for "none". */
static inline bool ward_uuid_is_nil(const struct ward_uuid *uuid)
{
    static const uint8_t nil[WARD_UUID_BYTES];
    return memcmp(uuid->bytes, nil, WARD_UUID_BYTES) == 0;
}

#endif
