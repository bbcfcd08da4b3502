#include "table/body.h"

/* Packed: six 4-byte sizes, then the bytes of the fields that are there, in the same order. */
#define FIELDS       6
#define ABSENT_FIELD UINT32_MAX

void ward_body_encode(const struct ward_body *body, struct ward_buffer *ret)
{
    const struct ward_span fields[FIELDS] = { body->name,     body->custom_user_id, body->custom_account_id,
                                              body->metadata, body->domains,        body->reply };
    uint32_t sizes[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].size >= ABSENT_FIELD && ret->status == WARD_OK)
            ret->status = WARD_TOO_LARGE;
        sizes[i] = fields[i].data == NULL ? ABSENT_FIELD : (uint32_t)fields[i].size;
    }
    ward_buffer_append(ret, ward_span((const char *)sizes, sizeof(sizes)));
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].data != NULL)
            ward_buffer_append(ret, fields[i]);
}

bool ward_body_decode(struct ward_span packed, struct ward_body *ret)
{
    uint32_t sizes[FIELDS];
    if (packed.data == NULL || packed.size < sizeof(sizes))
        return false;
    memcpy(sizes, packed.data, sizeof(sizes));

    struct ward_span fields[FIELDS];
    size_t at = sizeof(sizes);
    for (size_t i = 0; i < FIELDS; i++) {
        fields[i] = WARD_SPAN_NONE;
        if (sizes[i] == ABSENT_FIELD)
            continue;
        if (sizes[i] > packed.size - at)
            return false;
        fields[i] = ward_span(packed.data + at, sizes[i]);
        at += sizes[i];
    }
    if (at != packed.size)
        return false;
    *ret = (struct ward_body){ fields[0], fields[1], fields[2], fields[3], fields[4], fields[5] };
    return true;
}
