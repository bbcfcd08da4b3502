/* Files in the data directory: private, never through a symbolic link, written whole or not at all. */
#ifndef WARD_BASE_FILE_H
#define WARD_BASE_FILE_H

#include "base/buffer.h"

/**
 * Read a whole regular file.
 *
 * Errors:  WARD_NOT_FOUND; WARD_TOO_LARGE over the buffer's maximum; WARD_FORBIDDEN when it is a link, no regular file,
 *          or readable by group or others while must_be_private is set; WARD_IO.
 */
enum ward_status ward_file_read(const char *path, bool must_be_private, struct ward_buffer *ret) WARD_MUST_USE;

/** Write temporary, sync, rename over path, sync the directory; mode 0600. WARD_EXISTS if !replace and path exists. */
enum ward_status ward_file_write(const char *path, struct ward_span bytes, bool replace) WARD_MUST_USE;

/** Make a directory 0700 if it is missing; refuse (WARD_FORBIDDEN) one that others may write to, or that is a link. */
enum ward_status ward_directory_ensure(const char *path) WARD_MUST_USE;

/**
 * Take the exclusive lock file of a data directory (flock on DIR/lock, so that a killed holder leaves no lock).
 *
 * Owns:    *ret_fd is owned: close() it to release the lock.
 * Errors:  WARD_LOCKED when another process holds it.
 */
enum ward_status ward_directory_lock(const char *directory, int *ret_fd) WARD_MUST_USE;

#endif
