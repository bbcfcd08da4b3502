/*
 * Reading JSON, RFC 8259, as strictly as it is written: one value, UTF-8, no duplicate members, bounded depth, width
 * and number length (limits.def), all checked before the JSON library sees a byte. The raw text of every value is kept,
 * so that metadata and numbers survive a round trip to the letter (1.0 stays 1.0, 12345678901234567890 keeps its
 * digits).
 */
#ifndef WARD_JSON_JSON_H
#define WARD_JSON_JSON_H

#include <stdint.h>

#include "base/pool.h"

enum ward_json_type {
    WARD_JSON_ABSENT, /* also the answer for a NULL value */
    WARD_JSON_NULL,
    WARD_JSON_FALSE,
    WARD_JSON_TRUE,
    WARD_JSON_NUMBER,
    WARD_JSON_STRING,
    WARD_JSON_ARRAY,
    WARD_JSON_OBJECT
};

struct ward_json_value; /* opaque; lives in the pool of its parse */

/**
 * Parse one JSON text.
 *
 * Shape:   no byte order mark; a \u escape is no lone surrogate; a member name holds no NUL.
 * Owns:    values live in pool; text is borrowed for as long as they are used (strings without escapes point into it).
 * Errors:  WARD_INVALID with *ret_why set to a fixed English sentence (never input bytes); WARD_NO_MEMORY.
 * Threads: any.
 */
enum ward_status ward_json_parse(struct ward_span text, struct ward_pool *pool, const struct ward_json_value **ret,
                                 const char **ret_why) WARD_MUST_USE;

/* The accessors take NULL and a value of another type, and then answer "absent": callers test the type where it
 * matters. */
enum ward_json_type ward_json_type(const struct ward_json_value *value);
const struct ward_json_value *ward_json_member(const struct ward_json_value *object, const char *name);
size_t ward_json_count(const struct ward_json_value *array_or_object);
const struct ward_json_value *ward_json_at(const struct ward_json_value *array_or_object, size_t index);
struct ward_span ward_json_name_at(const struct ward_json_value *object, size_t index); /* decoded member name */

/** The decoded text of a string (may hold NUL bytes that came as \u0000), or absent. */
struct ward_span ward_json_string(const struct ward_json_value *value);

/** The text of any value exactly as it stood in the input, without surrounding blanks. */
struct ward_span ward_json_raw(const struct ward_json_value *value);

/** Read a number that is a whole one in any spelling (10, 10.0, 1e1) within ±2^53. */
bool ward_json_integer(const struct ward_json_value *value, int64_t *ret);

#endif
