/*
 * A body: what a verdict on a key needs beyond its hot record, packed as length-prefixed fields. It holds no key value:
 * the reply is the ready-made JSON of the authenticate call from behind the value on.
 */
#ifndef WARD_TABLE_BODY_H
#define WARD_TABLE_BODY_H

#include "base/buffer.h"

struct ward_body {
    struct ward_span name;
    struct ward_span custom_user_id;    /* absent = null */
    struct ward_span custom_account_id; /* absent = null */
    struct ward_span metadata;          /* raw JSON */
    struct ward_span domains;           /* raw JSON array, or absent */
    struct ward_span reply;             /* `,"name":…}`: follows `{"key":"…"` */
};

void ward_body_encode(const struct ward_body *body, struct ward_buffer *ret);

/** Split packed bytes; fields are borrowed from them. False when they are not a body. */
bool ward_body_decode(struct ward_span packed, struct ward_body *ret);

#endif
