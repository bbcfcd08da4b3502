/* DEFLATE, RFC 1951, into a buffer whose size is known: nothing is written behind it, whatever the bytes say. */
#include "surface/apinizer/archive.h"

enum { BITS_MAX = 15, LENGTHS_MAX = 288, DISTANCES_MAX = 32 };

struct bits {
    const unsigned char *at, *end;
    unsigned held, count;
    bool is_bad; /* read beyond the end */
};

static unsigned take(struct bits *bits, unsigned count)
{
    while (bits->count < count) {
        if (bits->at == bits->end) {
            bits->is_bad = true;
            return 0;
        }
        bits->held |= (unsigned)*bits->at++ << bits->count;
        bits->count += 8;
    }
    unsigned value = bits->held & ((1U << count) - 1);
    bits->held >>= count;
    bits->count -= count;
    return value;
}

/* 3.2.2: codes in order of length, then of symbol. */
struct codes {
    uint16_t counts[BITS_MAX + 1]; /* of codes of a length */
    uint16_t symbols[LENGTHS_MAX];
};

/* False for lengths that no code has: more codes than there is room for. One code of length 1 may stand alone. */
static bool build(struct codes *codes, const uint8_t *lengths, size_t count)
{
    uint16_t offsets[BITS_MAX + 2] = { 0 };
    memset(codes, 0, sizeof(*codes));
    for (size_t i = 0; i < count; i++) {
        codes->counts[lengths[i]]++;
    }
    codes->counts[0] = 0;
    int left = 1;
    for (size_t i = 1; i <= BITS_MAX; i++) {
        left = left * 2 - codes->counts[i];
        if (left < 0) {
            return false;
        }
        offsets[i + 1] = (uint16_t)(offsets[i] + codes->counts[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] > 0) {
            codes->symbols[offsets[lengths[i]]++] = (uint16_t)i;
        }
    }
    return true;
}

/* One symbol; -1 for bits that are no code. */
static int decode(struct bits *bits, const struct codes *codes)
{
    int code = 0, first = 0, index = 0;
    for (size_t i = 1; i <= BITS_MAX && !bits->is_bad; i++) {
        code |= (int)take(bits, 1);
        int count = codes->counts[i];
        if (code - first < count) {
            return codes->symbols[index + code - first];
        }
        index += count;
        first = (first + count) * 2;
        code *= 2;
    }
    return -1;
}

struct unfolding {
    struct bits bits;
    unsigned char *out;
    size_t size, max;
};

/* 3.2.4 */
static bool copy_stored(struct unfolding *u)
{
    u->bits.held = u->bits.count = 0; /* whole bytes were never held back: at most seven bits are */
    if (u->bits.end - u->bits.at < 4) {
        return false;
    }
    const unsigned char *head = u->bits.at;
    size_t size = head[0] | (size_t)head[1] << 8;
    size_t check = head[2] | (size_t)head[3] << 8;
    u->bits.at += 4;
    if ((size ^ check) != 0xffff || (size_t)(u->bits.end - u->bits.at) < size || u->max - u->size < size) {
        return false;
    }
    memcpy(u->out + u->size, u->bits.at, size);
    u->bits.at += size;
    u->size += size;
    return true;
}

/* 3.2.5 */
static const uint16_t length_bases[] = { 3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                         31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258 };
static const uint8_t length_bits[] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                       2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const uint16_t distance_bases[] = { 1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                           33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                           1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577 };
static const uint8_t distance_bits[] = { 0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                         6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13 };

static bool copy_back(struct unfolding *u, int symbol, const struct codes *distances)
{
    size_t index = (size_t)symbol - 257;
    if (index >= sizeof(length_bits)) {
        return false;
    }
    size_t length = length_bases[index] + take(&u->bits, length_bits[index]);
    int code = decode(&u->bits, distances);
    if (code < 0 || (size_t)code >= sizeof(distance_bits)) {
        return false;
    }
    size_t distance = distance_bases[code] + take(&u->bits, distance_bits[code]);
    if (u->bits.is_bad || distance > u->size || u->max - u->size < length) {
        return false;
    }
    for (size_t i = 0; i < length; i++, u->size++) { /* may overlap what it writes */
        u->out[u->size] = u->out[u->size - distance];
    }
    return true;
}

static bool copy_coded(struct unfolding *u, const struct codes *lengths, const struct codes *distances)
{
    for (;;) {
        int symbol = decode(&u->bits, lengths);
        if (symbol < 0 || u->bits.is_bad) {
            return false;
        }
        if (symbol == 256) {
            return true;
        }
        if (symbol > 256 && !copy_back(u, symbol, distances)) {
            return false;
        }
        if (symbol < 256) {
            if (u->size == u->max) {
                return false;
            }
            u->out[u->size++] = (unsigned char)symbol;
        }
    }
}

/* 3.2.6 */
static bool copy_fixed(struct unfolding *u)
{
    uint8_t widths[LENGTHS_MAX];
    struct codes lengths, distances;
    memset(widths, 8, 144);
    memset(widths + 144, 9, 112);
    memset(widths + 256, 7, 24);
    memset(widths + 280, 8, 8);
    bool is_right = build(&lengths, widths, LENGTHS_MAX);
    memset(widths, 5, 30);
    return is_right && build(&distances, widths, 30) && copy_coded(u, &lengths, &distances);
}

/* 3.2.7: the lengths of both alphabets are one list, in a code of their own. */
static bool read_widths(struct unfolding *u, const struct codes *code, uint8_t *widths, size_t count)
{
    size_t done = 0;
    while (done < count) {
        int symbol = decode(&u->bits, code);
        if (symbol < 0 || symbol > 18) {
            return false;
        }
        if (symbol < 16) {
            widths[done++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == 16 && done == 0) {
            return false;
        }
        uint8_t width = symbol == 16 ? widths[done - 1] : 0;
        size_t times = symbol == 16   ? 3 + take(&u->bits, 2)
                       : symbol == 17 ? 3 + take(&u->bits, 3)
                                      : 11 + take(&u->bits, 7);
        if (u->bits.is_bad || times > count - done) {
            return false;
        }
        memset(widths + done, width, times);
        done += times;
    }
    return true;
}

static bool copy_dynamic(struct unfolding *u)
{
    static const uint8_t order[] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
    uint8_t widths[LENGTHS_MAX + DISTANCES_MAX] = { 0 };
    struct codes code, lengths, distances;
    size_t length_count = take(&u->bits, 5) + 257;
    size_t distance_count = take(&u->bits, 5) + 1;
    size_t code_count = take(&u->bits, 4) + 4;
    if (u->bits.is_bad || length_count > 286 || distance_count > 30) {
        return false;
    }
    for (size_t i = 0; i < code_count; i++) {
        widths[order[i]] = (uint8_t)take(&u->bits, 3);
    }
    if (u->bits.is_bad || !build(&code, widths, sizeof(order))) {
        return false;
    }
    memset(widths, 0, sizeof(widths));
    return read_widths(u, &code, widths, length_count + distance_count) && widths[256] > 0 &&
           build(&lengths, widths, length_count) && build(&distances, widths + length_count, distance_count) &&
           copy_coded(u, &lengths, &distances);
}

bool ward_inflate(struct ward_span bytes, unsigned char *ret, size_t size)
{
    const unsigned char *start = (const unsigned char *)bytes.data;
    struct unfolding u = { .bits = { .at = start, .end = start + bytes.size }, .out = ret, .max = size };
    bool is_last = false;
    while (!is_last) {
        is_last = take(&u.bits, 1);
        unsigned kind = take(&u.bits, 2);
        bool is_right = !u.bits.is_bad && (kind == 0   ? copy_stored(&u)
                                           : kind == 1 ? copy_fixed(&u)
                                                       : kind == 2 && copy_dynamic(&u));
        if (!is_right) {
            return false;
        }
    }
    return u.size == u.max;
}
