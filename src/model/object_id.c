#include "model/object_id.h"

#include "base/encoding.h"
#include "base/seam.h"

#define ID_BYTES (WARD_OBJECT_ID_CHARS / 2)

enum ward_status ward_object_id_new(struct ward_object_id *ret)
{
    uint8_t bytes[ID_BYTES];
    enum ward_status status = ward_random(bytes, sizeof(bytes));
    if (status == WARD_OK) {
        ward_hex_encode(bytes, sizeof(bytes), ret->text);
    }
    return status;
}

bool ward_object_id_parse(struct ward_span text, struct ward_object_id *ret)
{
    if (text.size != WARD_OBJECT_ID_CHARS) {
        return false;
    }
    for (size_t i = 0; i < WARD_OBJECT_ID_CHARS; i++) {
        char c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    memcpy(ret->text, text.data, WARD_OBJECT_ID_CHARS);
    ret->text[WARD_OBJECT_ID_CHARS] = '\0';
    return true;
}
