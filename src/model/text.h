/* What the files of this folder share: tables of names, free text, the order of problems. */
#ifndef WARD_MODEL_TEXT_H
#define WARD_MODEL_TEXT_H

#include "base/status.h"
#include "model/problem.h"

#define WARD_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define WARD_ALPHABET_BASE62 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define WARD_ALPHABET_BASE36 "0123456789abcdefghijklmnopqrstuvwxyz"

/** Give the name at an index, or NULL beyond the table. */
const char *ward_name_at(const char *const *names, size_t count, unsigned index);

/** Find a name exactly, letters in their case. */
bool ward_name_find(const char *const *names, size_t count, struct ward_span name, unsigned *ret_index);

/** Check free text: valid UTF-8 without NUL (else CHARACTERS), then its length in code points. */
void ward_text_check(struct ward_problems *problems, const char *member, struct ward_span text, size_t min, size_t max);

/** Check free text that must be there and not be empty; REQUIRED when it was not sent. A member that has a problem
 * already gets no second one. */
void ward_text_require(struct ward_problems *problems, const char *member, bool has_text, struct ward_span text,
                       size_t max);

/** Check free text of 0..max characters, if it was sent; the same about problems. */
void ward_text_allow(struct ward_problems *problems, const char *member, bool has_text, struct ward_span text,
                     size_t max);

/** True for an http or https URL: a scheme, then a host that begins with a letter, a digit or a bracket; no blank, no
 * control character. */
bool ward_text_is_url(struct ward_span url);

/** Sort problems as their members stand in the list; equal ones keep their order, unknown ones go last. */
void ward_problems_sort(struct ward_problems *problems, const char *const *members, size_t count);

/** Draw prefix + size base-62 characters + NUL into text. Units: capacity in bytes. Errors: WARD_UNAVAILABLE. */
enum ward_status ward_text_draw(const char *prefix, size_t size, char *text, size_t capacity,
                                size_t *ret_size) WARD_MUST_USE;

#endif
