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

/**
 * The steps of ward_file_write, for files that are too large for a span: name a file beside path that nobody else uses
 * (PATH.tmp-xxxxxxxxxxxx; *ret is owned, ward_free), write to it, sync it, give it its name, make the name durable.
 */
enum ward_status ward_file_name_temporary(const char *path, char **ret) WARD_MUST_USE;
/** Make a new file, 0600, for reading and writing. *ret_fd is owned. Errors: WARD_EXISTS, and those of ward_file_read.
 */
enum ward_status ward_file_create(const char *path, int *ret_fd) WARD_MUST_USE;
enum ward_status ward_file_write_all(int fd, struct ward_span bytes) WARD_MUST_USE;
/** Give a finished file its name. WARD_EXISTS if !replace and path exists. */
enum ward_status ward_file_move(const char *temporary, const char *path, bool replace) WARD_MUST_USE;
/** Sync the directory that holds path: a name is only on the disk when its directory is. */
enum ward_status ward_file_sync_parent(const char *path) WARD_MUST_USE;

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
