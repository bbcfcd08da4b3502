/*
 * Check words: a fast fold over 8-byte words that catches torn, moved, cut and rotten bytes. Not cryptographic: who can
 * write the file can forge it, and the table and the store are written by the server's own user only.
 */
#ifndef WARD_BASE_CHECK_H
#define WARD_BASE_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 ward_uint128;

static inline uint64_t ward_check_fold(uint64_t a, uint64_t b)
{
    ward_uint128 product = (ward_uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Odd, with about as many ones as zeros. */
#define WARD_CHECK_K0 UINT64_C(0x9e3779b97f4a7c15)
#define WARD_CHECK_K1 UINT64_C(0xd6e8feb86659fd93)
#define WARD_CHECK_K2 UINT64_C(0xa0761d6478bd642f)

static inline uint64_t ward_check_pairs(const uint8_t *at, size_t size, uint64_t seed)
{
    uint64_t a = seed ^ WARD_CHECK_K0, b = ~seed ^ WARD_CHECK_K1;
    size_t left = size;
    for (; left >= 16; left -= 16, at += 16) {
        uint64_t words[2];
        memcpy(words, at, 16);
        a = ward_check_fold(a ^ words[0], WARD_CHECK_K1);
        b = ward_check_fold(b ^ words[1], WARD_CHECK_K2);
    }
    if (left > 0) {
        uint64_t words[2] = { 0, 0 };
        memcpy(words, at, left);
        a = ward_check_fold(a ^ words[0], WARD_CHECK_K1);
        b = ward_check_fold(b ^ words[1], WARD_CHECK_K2);
    }
    return ward_check_fold(a ^ size, b ^ WARD_CHECK_K0);
}

/**
 * Fold size bytes to 32 bits.
 *
 * Shape:   seed says what the bytes are and where they lie, so that a good copy in a wrong place fails too.
 * Time:    two independent multiplications for each 16 bytes.
 */
static inline uint32_t ward_check(const void *bytes, size_t size, uint64_t seed)
{
    uint64_t both = ward_check_pairs(bytes, size, seed);
    return (uint32_t)(both ^ (both >> 32));
}

/**
 * Fold size bytes, a page of them, to 64 bits.
 *
 * Shape:   seed as above. Another fold than ward_check's.
 * Time:    four independent multiplications for each 32 bytes: half the time for a page.
 */
static inline uint64_t ward_check_wide(const void *bytes, size_t size, uint64_t seed)
{
    const uint8_t *at = bytes;
    uint64_t a = seed ^ WARD_CHECK_K0, b = ~seed ^ WARD_CHECK_K1, c = seed ^ WARD_CHECK_K2, d = ~seed ^ WARD_CHECK_K0;
    size_t left = size;
    for (; left >= 32; left -= 32, at += 32) {
        uint64_t words[4];
        memcpy(words, at, 32);
        a = ward_check_fold(a ^ words[0], WARD_CHECK_K0);
        b = ward_check_fold(b ^ words[1], WARD_CHECK_K1);
        c = ward_check_fold(c ^ words[2], WARD_CHECK_K2);
        d = ward_check_fold(d ^ words[3], WARD_CHECK_K1);
    }
    uint64_t four = ward_check_fold(ward_check_fold(a ^ size, b ^ WARD_CHECK_K0) ^ c, d ^ WARD_CHECK_K2);
    return ward_check_pairs(at, left, four);
}

#endif
