/* Ids of API keys and operator credentials: 10 characters [a-z0-9] (NCP's apiKeyId), 52 bits packed in a number for the
 * table. */
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
bool ward_key_id_parse(struct ward_span text, struct ward_key_id *ret);
uint64_t ward_key_id_pack(const struct ward_key_id *id); /* base 36, never 0 for a drawn id's purposes: adds 1 */
void ward_key_id_unpack(uint64_t packed, struct ward_key_id *ret);

#endif
