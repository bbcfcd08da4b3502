/* UTF-8, RFC 3629: no over-long forms, no surrogates, nothing above U+10FFFF. */
#ifndef WARD_BASE_UTF8_H
#define WARD_BASE_UTF8_H

#include <stdint.h>

#include "base/buffer.h"

/** Read the first code point and return how many bytes it takes; 0 at the end or where no valid form begins. */
size_t ward_utf8_read(struct ward_span text, uint32_t *ret);

/** Append one code point, which is not a surrogate and at most U+10FFFF. */
void ward_utf8_append(struct ward_buffer *ret, uint32_t point);

bool ward_utf8_valid(struct ward_span text);

/** Count code points of valid UTF-8. */
size_t ward_utf8_count(struct ward_span text);

/** Append text with every character lower-cased (simple Unicode mapping of the C.UTF-8 locale): for name equality only.
 * WARD_INVALID when text is no UTF-8. */
enum ward_status ward_utf8_lower(struct ward_span text, struct ward_buffer *ret);

#endif
