/*
 * Bodies of several parts: multipart/form-data, RFC 7578 over RFC 2046 5.1. Strict where readers differ: delimiters
 * begin lines that end in CRLF, each part has one Content-Disposition "form-data" with a name of its own, and nothing
 * is decoded (Content-Transfer-Encoding is refused). What stands before the first delimiter or behind the last one is
 * passed over, as RFC 2046 says.
 */
#ifndef WARD_HTTP_MULTIPART_H
#define WARD_HTTP_MULTIPART_H

#include "base/pool.h"

#define WARD_MULTIPART_PARTS_MAX    32
#define WARD_MULTIPART_HEAD_MAX     4096 /* bytes of one part's header lines */
#define WARD_MULTIPART_BOUNDARY_MAX 70   /* RFC 2046 5.1.1 */

struct ward_multipart_part {
    struct ward_span name;
    struct ward_span file_name; /* absent: a plain field */
    struct ward_span content;   /* as its bytes came; may be empty */
};

struct ward_multipart {
    size_t count;
    struct ward_multipart_part parts[WARD_MULTIPART_PARTS_MAX];
};

/** True when a Content-Type says multipart/form-data; its boundary may still be missing. */
bool ward_multipart_is_one(struct ward_span content_type);

/**
 * Take a body apart.
 *
 * Owns:    names with escapes are copied into pool, everything else points into body.
 * Errors:  WARD_INVALID with *ret_why set to a fixed English sentence; WARD_NO_MEMORY.
 * Time:    linear.
 */
enum ward_status ward_multipart_read(struct ward_span content_type, struct ward_span body, struct ward_pool *pool,
                                     struct ward_multipart *ret, const char **ret_why) WARD_MUST_USE;

/** The part of a name, or NULL. */
const struct ward_multipart_part *ward_multipart_find(const struct ward_multipart *multipart, const char *name);

#endif
