/* Ids of API keys, products, APIs, stages and usage plans: 10 characters [a-z0-9], 52 bits packed in a number for the
 * table. Source: contracts/ncp.md 2. */
#ifndef WARD_MODEL_KEY_ID_H
#define WARD_MODEL_KEY_ID_H

#include <stdint.h>

#include "base/span.h"
#include "base/status.h"

#define WARD_KEY_ID_CHARS 10

struct ward_key_id {
    char text[WARD_KEY_ID_CHARS + 1]; /* NUL-terminated */
};

enum ward_status ward_key_id_new(struct ward_key_id *ret) WARD_MUST_USE;

/** Read exactly ten characters [a-z0-9]. */
bool ward_key_id_parse(struct ward_span text, struct ward_key_id *ret);

/** Pack an id in base 36 and add 1, so that 0 is left to say "no id". Shape: 1..36^10; 0 for the zero struct. */
uint64_t ward_key_id_pack(const struct ward_key_id *id);

/** Unpack what ward_key_id_pack gave; 0 and anything over 36^10 give the empty text. */
void ward_key_id_unpack(uint64_t packed, struct ward_key_id *ret);

#endif
