/* Eight bytes of a text looked at together: whether any of them is of a kind. Heads and their answers are mostly text
 * that has to be looked through, and byte by byte that is a tenth of what a verification over HTTP costs. */
#ifndef WARD_BASE_BYTES_H
#define WARD_BASE_BYTES_H

#include <stdint.h>

#include "base/span.h"

#define WARD_BYTES_EACH  UINT64_C(0x0101010101010101)
#define WARD_BYTES_HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t ward_bytes_load(const char *eight)
{
    uint64_t word;
    memcpy(&word, eight, sizeof(word));
    return word;
}

/** Not zero when a byte is below `bound`, which is at most 0x80. */
static inline uint64_t ward_bytes_below(uint64_t word, unsigned char bound)
{
    return (word - WARD_BYTES_EACH * bound) & ~word & WARD_BYTES_HIGHS;
}

/** Not zero when a byte is c. */
static inline uint64_t ward_bytes_equal(uint64_t word, unsigned char c)
{
    return ward_bytes_below(word ^ WARD_BYTES_EACH * c, 1);
}

/** Not zero when a byte is over 0x7f. */
static inline uint64_t ward_bytes_high(uint64_t word)
{
    return word & WARD_BYTES_HIGHS;
}

/** Not zero when a byte is a control character of ASCII. */
static inline uint64_t ward_bytes_control(uint64_t word)
{
    return ward_bytes_below(word, 0x20) | ward_bytes_equal(word, 0x7f);
}

/** The eight bytes from `at` on; of a rest that is shorter, the last eight of the text, or all of a short text behind
 * copies of its first byte. at < text.size. */
static inline uint64_t ward_bytes_at(struct ward_span text, size_t at)
{
    const size_t size = sizeof(uint64_t);
    if (text.size >= size) {
        return ward_bytes_load(text.data + (text.size - at >= size ? at : text.size - size));
    }
    uint64_t word = WARD_BYTES_EACH * (unsigned char)text.data[0];
    for (size_t i = 1; i < text.size; i++) {
        word = word << 8 | (unsigned char)text.data[i];
    }
    return word;
}

static inline bool ward_bytes_have_control(struct ward_span text)
{
    uint64_t found = 0;
    for (size_t at = 0; at < text.size; at += sizeof(uint64_t)) {
        found |= ward_bytes_control(ward_bytes_at(text, at));
    }
    return found != 0;
}

#endif
