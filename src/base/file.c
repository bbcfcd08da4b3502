#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/seam.h"

enum { READ_CHUNK = 64 * 1024, TEMPORARY_CHARS = 12 };

static const mode_t others_may_read_or_write = S_IRWXG | S_IRWXO;
static const mode_t others_may_write = S_IWGRP | S_IWOTH;

static void close_descriptor(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static void free_text(char **text)
{
    ward_free(*text);
}

#define OWNED_FD   __attribute__((cleanup(close_descriptor))) int
#define OWNED_TEXT __attribute__((cleanup(free_text))) char *

static enum ward_status status_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return WARD_NOT_FOUND;
    case ELOOP: /* O_NOFOLLOW met a link */
    case EACCES:
    case EPERM:
        return WARD_FORBIDDEN;
    case EEXIST:
        return WARD_EXISTS;
    case ENOMEM:
        return WARD_NO_MEMORY;
    default:
        return WARD_IO;
    }
}

static enum ward_status check_file(int fd, bool must_be_private)
{
    struct stat about;
    if (fstat(fd, &about) != 0) {
        return WARD_IO;
    }
    if (!S_ISREG(about.st_mode) || (must_be_private && (about.st_mode & others_may_read_or_write) != 0)) {
        return WARD_FORBIDDEN;
    }
    return WARD_OK;
}

static ssize_t read_some(int fd, char *to, size_t size)
{
    ssize_t got;
    do {
        got = ward_seam.read(fd, to, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* A full buffer is only an error if the file goes on. */
static enum ward_status check_end(int fd)
{
    char probe;
    ssize_t got = read_some(fd, &probe, 1);
    explicit_bzero(&probe, 1);
    return got == 0 ? WARD_OK : got < 0 ? WARD_IO : WARD_TOO_LARGE;
}

static enum ward_status read_all(int fd, struct ward_buffer *ret)
{
    for (;;) {
        size_t left = ret->max - ret->size;
        if (left == 0) {
            return check_end(fd);
        }
        size_t size = left < READ_CHUNK ? left : READ_CHUNK;
        char *to = ward_buffer_reserve(ret, size);
        if (!to) {
            return ret->status;
        }
        ssize_t got = read_some(fd, to, size);
        if (got < 0) {
            return WARD_IO;
        }
        if (got == 0) {
            return WARD_OK;
        }
        ret->size += (size_t)got;
    }
}

enum ward_status ward_file_read(const char *path, bool must_be_private, struct ward_buffer *ret)
{
    /* O_NONBLOCK: a FIFO in the file's place is refused instead of waited for. */
    OWNED_FD fd = ward_seam.open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0) {
        return status_of_errno(errno);
    }
    enum ward_status status = check_file(fd, must_be_private);
    if (status != WARD_OK) {
        return status;
    }
    size_t size_before = ret->size;
    status = read_all(fd, ret);
    if (status != WARD_OK) {
        if (ret->is_secret && ret->data) {
            explicit_bzero(ret->data + size_before, ret->capacity - size_before);
        }
        ret->size = size_before;
    }
    return status;
}

enum ward_status ward_file_write_all(int fd, struct ward_span bytes)
{
    while (bytes.size > 0) {
        ssize_t written = ward_seam.write(fd, bytes.data, bytes.size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return WARD_IO;
        }
        bytes = ward_span(bytes.data + written, bytes.size - (size_t)written);
    }
    return WARD_OK;
}

/* Copy a path with something behind it. */
static char *join(struct ward_span path, const char *end)
{
    size_t end_size = strlen(end);
    char *joined = ward_alloc(path.size + end_size + 1);
    if (joined) {
        memcpy(joined, path.data, path.size);
        memcpy(joined + path.size, end, end_size);
    }
    return joined;
}

enum ward_status ward_file_name_temporary(const char *path, char **ret)
{
    char end[sizeof(".tmp-") + TEMPORARY_CHARS] = ".tmp-";
    enum ward_status status = ward_random_text(end + sizeof(".tmp-") - 1, TEMPORARY_CHARS,
                                               "abcdefghijklmnopqrstuvwxyz0123456789");
    if (status != WARD_OK) {
        return status;
    }
    *ret = join(ward_span_of(path), end);
    return *ret ? WARD_OK : WARD_NO_MEMORY;
}

enum ward_status ward_file_sync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct ward_span parent = slash == path ? WARD_SPAN("/")
                              : slash       ? ward_span(path, (size_t)(slash - path))
                                            : WARD_SPAN(".");
    OWNED_TEXT name = join(parent, "");
    if (!name) {
        return WARD_NO_MEMORY;
    }
    OWNED_FD fd = ward_seam.open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) {
        return WARD_IO;
    }
    return ward_seam.sync(fd) == 0 ? WARD_OK : WARD_IO;
}

enum ward_status ward_file_create(const char *path, int *ret_fd)
{
    OWNED_FD fd = ward_seam.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return status_of_errno(errno);
    }
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0) { /* whatever the umask took away */
        return WARD_IO;
    }
    *ret_fd = fd;
    fd = -1;
    return WARD_OK;
}

static enum ward_status write_temporary(const char *temporary, struct ward_span bytes)
{
    OWNED_FD fd = -1;
    enum ward_status status = ward_file_create(temporary, &fd);
    if (status != WARD_OK) {
        return status == WARD_EXISTS ? WARD_IO : status; /* EXISTS speaks of the path, not of the temporary file */
    }
    status = ward_file_write_all(fd, bytes);
    if (status != WARD_OK) {
        return status;
    }
    return ward_seam.sync(fd) == 0 ? WARD_OK : WARD_IO;
}

/* A link is what refuses an existing name and creates it in one step. */
enum ward_status ward_file_move(const char *temporary, const char *path, bool replace)
{
    if (replace) {
        return ward_seam.rename(temporary, path) == 0 ? WARD_OK : status_of_errno(errno);
    }
    if (link(temporary, path) != 0) {
        return status_of_errno(errno);
    }
    return unlink(temporary) == 0 ? WARD_OK : WARD_IO;
}

enum ward_status ward_file_write(const char *path, struct ward_span bytes, bool replace)
{
    OWNED_TEXT temporary = NULL;
    enum ward_status status = ward_file_name_temporary(path, &temporary);
    if (status != WARD_OK) {
        return status;
    }
    status = write_temporary(temporary, bytes);
    if (status == WARD_OK) {
        status = ward_file_move(temporary, path, replace);
    }
    if (status != WARD_OK) {
        unlink(temporary);
        return status;
    }
    return ward_file_sync_parent(path);
}

/* Owned by somebody else is as good as writable by others, except for root, who runs tools over Ward's directory. */
static bool is_ours(const struct stat *about)
{
    return about->st_uid == geteuid() || about->st_uid == 0 || geteuid() == 0;
}

static enum ward_status check_directory(const char *path)
{
    OWNED_FD fd = ward_seam.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0) {
        return errno == ENOTDIR ? WARD_FORBIDDEN : status_of_errno(errno);
    }
    struct stat about;
    if (fstat(fd, &about) != 0) {
        return WARD_IO;
    }
    return (about.st_mode & others_may_write) != 0 || !is_ours(&about) ? WARD_FORBIDDEN : WARD_OK;
}

enum ward_status ward_directory_ensure(const char *path)
{
    /* Behind a closing slash a link would be followed in spite of O_NOFOLLOW. */
    struct ward_span trimmed = ward_span_of(path);
    while (trimmed.size > 1 && trimmed.data[trimmed.size - 1] == '/') {
        trimmed.size--;
    }
    OWNED_TEXT name = join(trimmed, "");
    if (!name) {
        return WARD_NO_MEMORY;
    }
    if (mkdir(name, S_IRWXU) == 0) {
        return ward_file_sync_parent(name);
    }
    return errno == EEXIST ? check_directory(name) : status_of_errno(errno);
}

enum ward_status ward_directory_lock(const char *directory, int *ret_fd)
{
    OWNED_TEXT path = join(ward_span_of(directory), "/lock");
    if (!path) {
        return WARD_NO_MEMORY;
    }
    OWNED_FD fd = ward_seam.open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return status_of_errno(errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? WARD_LOCKED : WARD_IO;
    }
    *ret_fd = fd;
    fd = -1;
    return WARD_OK;
}
