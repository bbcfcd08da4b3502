/*
 * ZIP archives as files of keys come in: PKWARE's APPNOTE 4.3, without ZIP64, encryption and several disks. What is
 * written is stored without compression; what is read may be deflated (RFC 1951). Bounds are checked before anything is
 * copied: an archive that would unfold beyond them is refused.
 */
#ifndef WARD_SURFACE_APINIZER_ARCHIVE_H
#define WARD_SURFACE_APINIZER_ARCHIVE_H

#include "base/buffer.h"
#include "base/pool.h"

#define WARD_ARCHIVE_FILES_MAX 512
#define WARD_ARCHIVE_FILE_MAX  131072  /* bytes of one file, unfolded */
#define WARD_ARCHIVE_TOTAL_MAX 1048576 /* of all of them */

struct ward_archive_file {
    struct ward_span name;
    struct ward_span content;
};

/** True when bytes begin as an archive does. */
bool ward_archive_is_one(struct ward_span bytes);

/** Append an archive of these files. See ret->status. */
void ward_archive_write(const struct ward_archive_file *files, size_t count, struct ward_buffer *ret);

/**
 * Read an archive; folders are left out.
 *
 * Owns:    files live in pool, or point into bytes.
 * Errors:  WARD_INVALID with *ret_why set to a fixed English sentence; WARD_NO_MEMORY.
 */
enum ward_status ward_archive_read(struct ward_span bytes, struct ward_pool *pool, const struct ward_archive_file **ret,
                                   size_t *ret_count, const char **ret_why) WARD_MUST_USE;

/** Unfold deflated bytes into exactly size bytes. False: they are not, or are more or fewer. */
bool ward_inflate(struct ward_span bytes, unsigned char *ret, size_t size);

#endif
