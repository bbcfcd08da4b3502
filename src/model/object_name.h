/*
 * Names of environments, keys, JWKs and API proxies: part of paths and file names, so they are told apart by their
 * bytes, and hold nothing that a terminal or a path would obey. Source: contracts/apinizer.md 10, 12.
 */
#ifndef WARD_MODEL_OBJECT_NAME_H
#define WARD_MODEL_OBJECT_NAME_H

#include "model/problem.h"

#define WARD_OBJECT_NAME_MAX        255  /* bytes */
#define WARD_OBJECT_DESCRIPTION_MAX 4096 /* characters */

/** True when a text holds nothing but white space, Unicode's too, or nothing at all. */
bool ward_text_is_blank(struct ward_span text);

/** True for 1..255 bytes of UTF-8 that are not blank and hold no control character (C0, DEL, C1) and no line or
 * paragraph separator. */
bool ward_object_name_is_valid(struct ward_span name);

/** The same as a problem: REQUIRED for a missing or blank one, BYTES_MAX, CHARACTERS. A member that has a problem
 * already gets no second one. */
void ward_object_name_check(struct ward_problems *problems, const char *member, bool has_name, struct ward_span name);

/** Names that the routes under /keys/ and /jwks/ take: import, import-file; generate, import-file, parse-from-*. */
bool ward_crypto_key_name_is_reserved(struct ward_span name);
bool ward_jwk_name_is_reserved(struct ward_span name);

#endif
