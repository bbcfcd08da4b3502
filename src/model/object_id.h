/* Ids of environments, keys, JWKs and API proxies: 12 random bytes as 24 lower-case hex characters, as Apinizer shows
 * them. Source: contracts/apinizer.md 12. */
#ifndef WARD_MODEL_OBJECT_ID_H
#define WARD_MODEL_OBJECT_ID_H

#include "base/span.h"
#include "base/status.h"

#define WARD_OBJECT_ID_CHARS 24

/** The zero value, the empty text, stands for "none". */
struct ward_object_id {
    char text[WARD_OBJECT_ID_CHARS + 1]; /* NUL-terminated */
};

/** Draw one. Errors: WARD_UNAVAILABLE. */
enum ward_status ward_object_id_new(struct ward_object_id *ret) WARD_MUST_USE;

/** Read exactly 24 characters [0-9a-f]. */
bool ward_object_id_parse(struct ward_span text, struct ward_object_id *ret);

static inline bool ward_object_id_is_none(const struct ward_object_id *id)
{
    return id->text[0] == '\0';
}

static inline bool ward_object_id_equal(const struct ward_object_id *a, const struct ward_object_id *b)
{
    return strcmp(a->text, b->text) == 0;
}

/** Borrow the text; absent for "none". */
static inline struct ward_span ward_object_id_span(const struct ward_object_id *id)
{
    return ward_object_id_is_none(id) ? WARD_SPAN_NONE : ward_span(id->text, WARD_OBJECT_ID_CHARS);
}

#endif
