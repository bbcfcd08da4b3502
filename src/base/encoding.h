/* Text forms of bytes: hex, base64 (strict, RFC 4648), percent-encoding of one path segment, numbers. */
#ifndef WARD_BASE_ENCODING_H
#define WARD_BASE_ENCODING_H

#include <stdint.h>

#include "base/buffer.h"

/** Write 2*size lower-case digits and a NUL. */
void ward_hex_encode(const void *bytes, size_t size, char *text);

/** Read exactly 2*size hex digits of either case. */
bool ward_hex_decode(struct ward_span text, void *bytes, size_t size);

void ward_base64_encode(struct ward_span bytes, struct ward_buffer *ret);
void ward_base64url_encode(struct ward_span bytes, struct ward_buffer *ret);

/** The same into text, without a NUL: (size * 4 + 2) / 3 characters. */
void ward_base64url_text(const void *bytes, size_t size, char *text);

/** Decode padded standard base64; no blanks, no missing padding, no stray bits in the last group. */
bool ward_base64_decode(struct ward_span text, struct ward_buffer *ret);

/** Decode unpadded base64url, as strict. */
bool ward_base64url_decode(struct ward_span text, struct ward_buffer *ret);

/** Decode %XX in one path segment or query part ('+' stays '+'). False on a bad escape or a decoded NUL. */
bool ward_percent_decode(struct ward_span text, struct ward_buffer *ret);

#define WARD_DECIMAL_CHARS 20 /* of the longest: -9223372036854775808, 18446744073709551615 */

/** Write a number in decimal into text; the result lies in it, at its end. */
struct ward_span ward_decimal_uint(uint64_t value, char text[WARD_DECIMAL_CHARS]);
struct ward_span ward_decimal_int(int64_t value, char text[WARD_DECIMAL_CHARS]);

/** Read 1..19 ASCII digits that fit an int64_t; no sign, no blank. */
bool ward_parse_uint(struct ward_span text, int64_t *ret);

#endif
