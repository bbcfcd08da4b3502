#include "base/utf8.h"

#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <wctype.h>

static size_t size_of_lead(uint8_t lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) { /* C0 and C1 could only begin over-long forms */
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return 3;
    }
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

size_t ward_utf8_read(struct ward_span text, uint32_t *ret)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    static const uint8_t lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    const uint8_t *bytes = (const uint8_t *)text.data;
    size_t size = text.size > 0 ? size_of_lead(bytes[0]) : 0;
    if (size == 0 || size > text.size) {
        return 0;
    }
    uint32_t point = bytes[0] & lead_bits[size];
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (bytes[i] & 0x3f);
    }
    if (point < smallest[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    *ret = point;
    return size;
}

/* Most text is ASCII: look at it in words of eight bytes. */
static size_t skip_ascii(struct ward_span text)
{
    size_t at = 0;
    for (uint64_t word; text.size - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, text.data + at, sizeof(word));
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    return at;
}

bool ward_utf8_valid(struct ward_span text)
{
    uint32_t point;
    while (text.size > 0) {
        size_t size = skip_ascii(text);
        if (size == 0) {
            size = ward_utf8_read(text, &point);
        }
        if (size == 0) {
            return false;
        }
        text = ward_span(text.data + size, text.size - size);
    }
    return true;
}

size_t ward_utf8_count(struct ward_span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += ((uint8_t)text.data[i] & 0xc0) != 0x80;
    }
    return count;
}

void ward_utf8_append(struct ward_buffer *ret, uint32_t point)
{
    char bytes[4];
    size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = size - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    bytes[0] = (char)(leads[size] | point);
    ward_buffer_append(ret, ward_span(bytes, size));
}

static pthread_once_t locale_once = PTHREAD_ONCE_INIT;
static locale_t unicode; /* (locale_t)0 if the system has no C.UTF-8 */

static void make_locale(void)
{
    unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

enum ward_status ward_utf8_lower(struct ward_span text, struct ward_buffer *ret)
{
    pthread_once(&locale_once, make_locale);
    if (unicode == (locale_t)0) {
        return WARD_INTERNAL; /* better no answer than two names that are equal today and not tomorrow */
    }
    if (!ward_utf8_valid(text)) {
        return WARD_INVALID;
    }
    while (text.size > 0) {
        uint32_t point = 0;
        size_t size = ward_utf8_read(text, &point);
        ward_utf8_append(ret, (uint32_t)towlower_l((wint_t)point, unicode));
        text = ward_span(text.data + size, text.size - size);
    }
    return ret->status;
}
