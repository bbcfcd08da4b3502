/*
 * The one seam between Ward and the world: clock, random bytes, memory and files. Tests replace a member, production
 * never does. Nothing else in the tree calls clock_gettime, getrandom, malloc or the file calls below.
 * (Libraries call them on their own account; the store's files go through a SQLite VFS shim over this seam when faults
 * are injected.)
 */
#ifndef WARD_BASE_SEAM_H
#define WARD_BASE_SEAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/status.h"

struct ward_seam {
    int64_t (*now_ms)(void);                /* wall clock, ms since 1970 UTC */
    int64_t (*boot_ms)(void);               /* CLOCK_BOOTTIME in ms: never steps, runs on through suspend */
    int (*random)(void *data, size_t size); /* 0, or -1: then refuse, never guess */
    void *(*allocate)(size_t size);         /* like malloc */
    void *(*reallocate)(void *old, size_t size);
    void (*release)(void *memory);
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*read)(int fd, void *data, size_t size);
    ssize_t (*write)(int fd, const void *data, size_t size);
    int (*sync)(int fd);
    int (*sync_data)(int fd); /* like fdatasync: of files whose size does not change */
    int (*rename)(const char *from, const char *to);
    int (*allocate_file)(int fd, off_t offset, off_t size); /* like posix_fallocate: 0 or an errno */
    void *(*map)(void *address, size_t size, int protection, int flags, int fd, off_t offset);
};

/** The seam in force. Set up at program start, before threads; tests may swap members between cases. */
extern struct ward_seam ward_seam;

static inline int64_t ward_now_ms(void)
{
    return ward_seam.now_ms();
}

static inline int64_t ward_boot_ms(void)
{
    return ward_seam.boot_ms();
}

/** Fill data with random bytes of the system's generator. WARD_UNAVAILABLE when it fails: the caller refuses. */
enum ward_status ward_random(void *data, size_t size) WARD_MUST_USE;

/** Fill text with uniformly drawn characters of an alphabet (2..64 characters; rejection sampling). Not NUL-terminated.
 */
enum ward_status ward_random_text(char *text, size_t size, const char *alphabet) WARD_MUST_USE;

void *ward_alloc(size_t size) WARD_MUST_USE; /* zeroed */
void *ward_realloc(void *memory, size_t size) WARD_MUST_USE;
void ward_free(void *memory);

#endif
