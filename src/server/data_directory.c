#include "server/data_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "table/table.h"

static bool name_file(char ret[PATH_MAX], const char *directory, const char *file)
{
    int size = snprintf(ret, PATH_MAX, "%s/%s", directory, file);
    return size > 0 && size < PATH_MAX;
}

bool ward_data_directory_name(struct ward_data_directory *directory, const char *path, struct ward_failure *ret_why)
{
    *directory = (struct ward_data_directory){ .lock_fd = -1 };
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    if (size == 0 || size >= PATH_MAX)
        return ward_fail(ret_why, WARD_EXIT_USAGE, "--data takes the path of a directory");
    memcpy(directory->path, path, size);
    if (!name_file(directory->root_key, directory->path, "root.key") ||
        !name_file(directory->store, directory->path, "ward.db") ||
        !name_file(directory->socket, directory->path, "ward.sock") ||
        !name_file(directory->restoring, directory->path, "ward.db.restoring"))
        return ward_fail(ret_why, WARD_EXIT_USAGE, "the path of --data is too long");
    return true;
}

/* Whoever may rename our directory away can put another one in its place. A sticky directory (/tmp) does not allow it.
 */
static bool check_parents(const char *path, struct ward_failure *ret_why)
{
    char resolved[PATH_MAX];
    struct stat info;
    if (!realpath(path, resolved))
        return ward_fail(ret_why, WARD_EXIT_IO, "%.400s: %s", path, strerror(errno));
    for (char *slash = strrchr(resolved, '/'); slash; slash = strrchr(resolved, '/')) {
        *slash = '\0';
        const char *parent = *resolved ? resolved : "/";
        if (stat(parent, &info) == 0 && (info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
            return ward_fail(ret_why, WARD_EXIT_PERMISSION,
                             "%.400s lies below %.400s, which every user may write to; run: chmod o-w %.100s", path,
                             parent, parent);
    }
    return true;
}

bool ward_data_directory_check(const struct ward_data_directory *directory, struct ward_failure *ret_why)
{
    const char *path = directory->path;
    struct stat info;
    if (lstat(path, &info) != 0 && errno == ENOENT)
        return ward_fail(ret_why, WARD_EXIT_NOT_INITIALISED, "%.400s does not exist; run: ward init --data %.400s",
                         path, path);
    if (lstat(path, &info) != 0)
        return ward_fail(ret_why, WARD_EXIT_PERMISSION, "%.400s: %s", path, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return ward_fail(ret_why, WARD_EXIT_PERMISSION,
                         "%.400s is not a directory (a link is not followed); give the directory itself", path);
    if (info.st_uid != geteuid())
        return ward_fail(
            ret_why, WARD_EXIT_PERMISSION,
            "%.400s belongs to user %lu and this process runs as user %lu; run Ward as the directory's owner", path,
            (unsigned long)info.st_uid, (unsigned long)geteuid());
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return ward_fail(ret_why, WARD_EXIT_PERMISSION, "%.400s is open to others (mode %04o); run: chmod 700 %.400s",
                         path, (unsigned)(info.st_mode & 07777), path);
    return check_parents(path, ret_why);
}

static long read_holder(const char *path)
{
    char lock[PATH_MAX], text[32] = "";
    if (!name_file(lock, path, "lock"))
        return 0;
    int fd = open(lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, text, sizeof(text) - 1);
    close(fd);
    return size > 0 ? strtol(text, NULL, 10) : 0;
}

static bool refuse_held(const char *path, struct ward_failure *ret_why)
{
    long pid = read_holder(path);
    if (pid > 0)
        return ward_fail(ret_why, WARD_EXIT_LOCKED,
                         "another ward serve (pid %ld) holds %.400s; stop it first, or use "
                         "another --data directory",
                         pid, path);
    return ward_fail(ret_why, WARD_EXIT_LOCKED, "another Ward process holds %.400s; stop it first", path);
}

bool ward_data_directory_hold(struct ward_data_directory *directory, struct ward_failure *ret_why)
{
    enum ward_status status = ward_directory_lock(directory->path, &directory->lock_fd);
    if (status == WARD_LOCKED)
        return refuse_held(directory->path, ret_why);
    if (status != WARD_OK)
        return ward_fail(ret_why, ward_exit_of(status), "%.400s/lock cannot be taken: %s", directory->path,
                         ward_status_text(status));
    /* The lock is the flock; the number is a courtesy, so a full disk does not stop us here. */
    if (ftruncate(directory->lock_fd, 0) == 0)
        (void)!dprintf(directory->lock_fd, "%ld\n", (long)getpid());
    return true;
}

void ward_data_directory_release(struct ward_data_directory *directory)
{
    if (directory->lock_fd >= 0)
        close(directory->lock_fd);
    directory->lock_fd = -1;
}

static bool is_there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

bool ward_data_directory_has_root_key(const struct ward_data_directory *directory)
{
    return is_there(directory->root_key);
}

bool ward_data_directory_has_store(const struct ward_data_directory *directory)
{
    return is_there(directory->store);
}

uint64_t ward_data_directory_seen_revision(const struct ward_data_directory *directory)
{
    struct ward_table_reader *reader = NULL;
    if (ward_table_reader_open(directory->path, &reader) != WARD_OK)
        return 0;
    uint64_t revision = ward_table_revision(reader);
    ward_table_reader_close(reader);
    return revision < INT64_MAX / 2 ? revision : 0; /* a cache: no number from it may use all of them up */
}

/* What a restore put aside stays: without a store beside it, the exchange did not come to its end. */
static bool has_put_aside(const char *path)
{
    bool is_found = false;
    DIR *directory = opendir(path);
    for (struct dirent *entry = directory ? readdir(directory) : NULL; entry; entry = readdir(directory))
        is_found |= strncmp(entry->d_name, WARD_PUT_ASIDE, strlen(WARD_PUT_ASIDE)) == 0;
    if (directory)
        closedir(directory);
    return is_found;
}

bool ward_data_directory_is_half_restored(const struct ward_data_directory *directory)
{
    return !is_there(directory->store) && (is_there(directory->restoring) || has_put_aside(directory->path));
}
