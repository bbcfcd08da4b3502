#include "model/key_id.h"

#include "base/seam.h"
#include "model/text.h"

#define PACKED_MAX UINT64_C(3656158440062976) /* 36^10 */

/* The value of a digit in base 36, or -1. */
static int read_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 10;
    }
    return -1;
}

enum ward_status ward_key_id_new(struct ward_key_id *ret)
{
    struct ward_key_id id = { 0 };
    enum ward_status status = ward_random_text(id.text, WARD_KEY_ID_CHARS, WARD_ALPHABET_BASE36);
    if (status != WARD_OK) {
        return status;
    }
    *ret = id;
    return WARD_OK;
}

bool ward_key_id_parse(struct ward_span text, struct ward_key_id *ret)
{
    if (text.size != WARD_KEY_ID_CHARS) {
        return false;
    }
    for (size_t i = 0; i < WARD_KEY_ID_CHARS; i++) {
        if (read_digit(text.data[i]) < 0) {
            return false;
        }
    }
    memcpy(ret->text, text.data, WARD_KEY_ID_CHARS);
    ret->text[WARD_KEY_ID_CHARS] = '\0';
    return true;
}

uint64_t ward_key_id_pack(const struct ward_key_id *id)
{
    uint64_t packed = 0;
    for (size_t i = 0; i < WARD_KEY_ID_CHARS; i++) {
        int digit = read_digit(id->text[i]);
        if (digit < 0) {
            return 0;
        }
        packed = packed * 36 + (uint64_t)digit;
    }
    return packed + 1;
}

void ward_key_id_unpack(uint64_t packed, struct ward_key_id *ret)
{
    *ret = (struct ward_key_id){ 0 };
    if (packed == 0 || packed > PACKED_MAX) {
        return;
    }
    packed--;
    for (size_t i = WARD_KEY_ID_CHARS; i-- > 0; packed /= 36) {
        ret->text[i] = WARD_ALPHABET_BASE36[packed % 36];
    }
}
