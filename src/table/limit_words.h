/* A counter's words: 20 bits of sequence, 44 bits of value (milliseconds until the year 2527, or attempts). */
#ifndef WARD_TABLE_LIMIT_WORDS_H
#define WARD_TABLE_LIMIT_WORDS_H

#include <stdint.h>

#define WORD_VALUE_BITS   44
#define WORD_VALUE_MAX    ((UINT64_C(1) << WORD_VALUE_BITS) - 1)
#define WORD_SEQUENCE_MAX ((UINT64_C(1) << (64 - WORD_VALUE_BITS)) - 1)

static inline uint64_t word_sequence(uint64_t word)
{
    return word >> WORD_VALUE_BITS;
}

static inline uint64_t word_value(uint64_t word)
{
    return word & WORD_VALUE_MAX;
}

static inline uint64_t word_make(uint64_t sequence, uint64_t value)
{
    return (sequence & WORD_SEQUENCE_MAX) << WORD_VALUE_BITS | value;
}

#endif
