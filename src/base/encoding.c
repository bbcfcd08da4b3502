#include "base/encoding.h"

/* One group of base64: 3 bytes, 4 characters of 6 bits. */
enum { GROUP_BYTES = 3, GROUP_CHARS = 4, NO_DIGIT = -1 };

static const char standard_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void ward_hex_encode(const void *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;
    for (size_t i = 0; i < size; i++) {
        *text++ = digits[from[i] >> 4];
        *text++ = digits[from[i] & 15];
    }
    *text = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : NO_DIGIT;
}

/* Read two digits, or answer a negative number. */
static int hex_byte(const char *text)
{
    int high = hex_digit(text[0]);
    int low = hex_digit(text[1]);
    return high < 0 || low < 0 ? NO_DIGIT : high << 4 | low;
}

bool ward_hex_decode(struct ward_span text, void *bytes, size_t size)
{
    if (text.size % 2 != 0 || text.size / 2 != size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (hex_byte(text.data + 2 * i) < 0) {
            return false;
        }
    }
    uint8_t *to = bytes;
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)hex_byte(text.data + 2 * i);
    }
    return true;
}

/* Write the characters of 1 to 3 bytes: one more than there are bytes. Returns how many. */
static size_t encode_group(const uint8_t *bytes, size_t size, const char *alphabet, char *text)
{
    uint32_t bits = (uint32_t)bytes[0] << 16;
    bits |= size > 1 ? (uint32_t)bytes[1] << 8 : 0;
    bits |= size > 2 ? bytes[2] : 0;
    for (size_t i = 0; i <= size; i++) {
        text[i] = alphabet[bits >> (18 - 6 * i) & 63];
    }
    return size + 1;
}

/* Write whole groups and the last one, without padding. Returns where it ended. */
static char *encode_groups(const uint8_t *from, size_t left, const char *alphabet, char *text)
{
    while (left > 0) {
        size_t size = left < GROUP_BYTES ? left : GROUP_BYTES;
        text += encode_group(from, size, alphabet, text);
        from += size;
        left -= size;
    }
    return text;
}

static void encode_base64(struct ward_span bytes, const char *alphabet, bool is_padded, struct ward_buffer *ret)
{
    size_t rest = bytes.size % GROUP_BYTES;
    size_t last = rest == 0 ? 0 : is_padded ? GROUP_CHARS : rest + 1;
    size_t size = bytes.size / GROUP_BYTES * GROUP_CHARS + last;
    char *text = ward_buffer_reserve(ret, size);
    if (!text) {
        return;
    }
    char *end = encode_groups((const uint8_t *)bytes.data, bytes.size, alphabet, text);
    memset(end, '=', (size_t)(text + size - end));
    ret->size += size;
}

void ward_base64url_text(const void *bytes, size_t size, char *text)
{
    (void)encode_groups(bytes, size, url_alphabet, text);
}

void ward_base64_encode(struct ward_span bytes, struct ward_buffer *ret)
{
    encode_base64(bytes, standard_alphabet, true, ret);
}

void ward_base64url_encode(struct ward_span bytes, struct ward_buffer *ret)
{
    encode_base64(bytes, url_alphabet, false, ret);
}

static int base64_digit(char c, const char *alphabet)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == alphabet[62]) {
        return 62;
    }
    return c == alphabet[63] ? 63 : NO_DIGIT;
}

/* Read 2 to 4 characters into one byte less than that. RFC 4648 3.5: bits that make no byte must be zero. */
static bool decode_group(const char *text, size_t size, const char *alphabet, char *bytes)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < GROUP_CHARS; i++) {
        int digit = i < size ? base64_digit(text[i], alphabet) : 0;
        if (digit < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
    }
    for (size_t i = 0; i + 1 < size; i++) {
        bytes[i] = (char)(bits >> (16 - 8 * i) & 255);
    }
    uint32_t stray = (UINT32_C(1) << (8 * (GROUP_CHARS - size))) - 1;
    return (bits & stray) == 0;
}

/* Decode characters without padding. Nothing is appended unless all of them are good. */
static bool decode_base64(struct ward_span text, const char *alphabet, struct ward_buffer *ret)
{
    size_t rest = text.size % GROUP_CHARS;
    if (rest == 1) {
        return false;
    }
    size_t size = text.size / GROUP_CHARS * GROUP_BYTES + (rest ? rest - 1 : 0);
    char *bytes = ward_buffer_reserve(ret, size);
    if (!bytes) {
        return false;
    }
    for (size_t at = 0; at < text.size; at += GROUP_CHARS) {
        size_t chars = text.size - at < GROUP_CHARS ? rest : GROUP_CHARS;
        if (!decode_group(text.data + at, chars, alphabet, bytes)) {
            return false;
        }
        bytes += GROUP_BYTES;
    }
    ret->size += size;
    return true;
}

bool ward_base64_decode(struct ward_span text, struct ward_buffer *ret)
{
    if (text.size % GROUP_CHARS != 0) {
        return false;
    }
    for (int i = 0; i < 2 && text.size > 0 && text.data[text.size - 1] == '='; i++) {
        text.size--;
    }
    return decode_base64(text, standard_alphabet, ret);
}

bool ward_base64url_decode(struct ward_span text, struct ward_buffer *ret)
{
    return decode_base64(text, url_alphabet, ret);
}

bool ward_percent_decode(struct ward_span text, struct ward_buffer *ret)
{
    char *start = ward_buffer_reserve(ret, text.size);
    if (!start) {
        return false;
    }
    char *to = start;
    for (size_t i = 0; i < text.size; i++) {
        int c = (unsigned char)text.data[i];
        if (c == '%') {
            c = text.size - i > 2 ? hex_byte(text.data + i + 1) : NO_DIGIT;
            i += 2;
        }
        if (c <= 0) { /* a bad escape, or a NUL that would end a C string early */
            return false;
        }
        *to++ = (char)c;
    }
    ret->size += (size_t)(to - start);
    return true;
}

bool ward_parse_uint(struct ward_span text, int64_t *ret)
{
    if (text.size < 1 || text.size > 19) {
        return false;
    }
    uint64_t value = 0; /* 19 digits always fit in 64 bits without a sign */
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (value > INT64_MAX) {
        return false;
    }
    *ret = (int64_t)value;
    return true;
}

struct ward_span ward_decimal_uint(uint64_t value, char text[WARD_DECIMAL_CHARS])
{
    static const char pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243"
        "4445464748495051525354555657585960616263646566676869707172737475767778798081828384858687"
        "888990919293949596979899";
    size_t at = WARD_DECIMAL_CHARS;
    for (; value >= 100; value /= 100) {
        at -= 2;
        memcpy(text + at, pairs + 2 * (value % 100), 2);
    }
    if (value >= 10) {
        text[--at] = pairs[2 * value + 1];
    }
    text[--at] = pairs[2 * value + (value < 10)];
    return ward_span(text + at, WARD_DECIMAL_CHARS - at);
}

struct ward_span ward_decimal_int(int64_t value, char text[WARD_DECIMAL_CHARS])
{
    if (value >= 0) {
        return ward_decimal_uint((uint64_t)value, text);
    }
    /* Negated as unsigned: -INT64_MIN is no int64_t. */
    struct ward_span digits = ward_decimal_uint(0 - (uint64_t)value, text);
    size_t at = (size_t)(digits.data - text) - 1;
    text[at] = '-';
    return ward_span(text + at, digits.size + 1);
}
