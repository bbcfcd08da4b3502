/* UTF-8, RFC 3629: no over-long forms, no surrogates, nothing above U+10FFFF. */
#ifndef WARD_BASE_UTF8_H
#define WARD_BASE_UTF8_H

#include "base/buffer.h"

bool ward_utf8_valid(struct ward_span text);

/** Count code points of valid UTF-8. */
size_t ward_utf8_count(struct ward_span text);

/** Append text with every character lower-cased (simple Unicode mapping of the C.UTF-8 locale): for name equality only.
 */
enum ward_status ward_utf8_lower(struct ward_span text, struct ward_buffer *ret);

#endif
