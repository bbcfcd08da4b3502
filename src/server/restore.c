#include "server/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/seam.h"

/* Nobody knows how far an unreadable store had come: far past what it can have been. */
#define UNKNOWN_CHANGES UINT64_C(1000000)
#define PUT_ASIDE_TRIES 100

/* What SQLite keeps beside a store. */
static const char *const beside[] = { "-wal", "-shm", "-journal" };
enum { BESIDE_COUNT = sizeof(beside) / sizeof(beside[0]) };

static bool name_beside(char ret[PATH_MAX], const char *path, const char *end)
{
    int size = snprintf(ret, PATH_MAX, "%s%s", path, end);
    return size > 0 && size < PATH_MAX;
}

static bool is_there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static bool has_beside(const char *path, const char *end)
{
    char name[PATH_MAX];
    return name_beside(name, path, end) && is_there(name);
}

static void remove_store(const char *path)
{
    char name[PATH_MAX];
    unlink(path);
    for (size_t i = 0; i < BESIDE_COUNT; i++)
        if (name_beside(name, path, beside[i]))
            unlink(name);
}

/* ---- the backup ---- */

static bool refuse_backup(const char *from, enum ward_status status, const struct ward_restore *restore,
                          struct ward_failure *ret_why)
{
    switch (status) {
    case WARD_NOT_FOUND:
        return ward_fail(ret_why, WARD_EXIT_USAGE, "%.400s does not exist", from);
    case WARD_FORBIDDEN:
        return ward_fail(ret_why, WARD_EXIT_PERMISSION, "%.400s is no file, or may not be read", from);
    case WARD_INTEGRITY:
        return ward_fail(ret_why, WARD_EXIT_INTEGRITY,
                         "%.400s is no whole backup of Ward's: it was cut, altered, or not made by ward backup; take "
                         "another one. Nothing was changed",
                         from);
    case WARD_MISMATCH:
        return ward_fail(ret_why, WARD_EXIT_MISMATCH,
                         "%.300s was made with the root key %.32s, and %.300s is another one; put that root key there. "
                         "Nothing was changed",
                         from, restore->backup.fingerprint, restore->directory.root_key);
    default:
        return ward_fail(ret_why, ward_exit_of(status),
                         "%.300s cannot be unpacked into %.300s: %s; is there room on the disk? Nothing was changed",
                         from, restore->directory.path, ward_status_text(status));
    }
}

static enum ward_status compare_head(struct ward_store_session *session, void *arg)
{
    const struct ward_backup *backup = arg;
    struct ward_change_link last;
    enum ward_status status = ward_store_change_link(session, UINT64_MAX, &last);
    if (status != WARD_OK)
        return status == WARD_NOT_FOUND ? WARD_INTEGRITY : status;
    bool is_same = last.revision == backup->revision && memcmp(last.hash, backup->chain_hash, sizeof(last.hash)) == 0;
    return is_same ? WARD_OK : WARD_INTEGRITY;
}

/* The file is as it was written. Whether it was written from a whole store is another question. */
static bool check_restored(struct ward_restore *restore, const char *from, struct ward_failure *ret_why)
{
    struct ward_service_options options = { .store = restore->restored, .keyring = restore->keyring };
    enum ward_status status = ward_store_check(restore->restored);
    if (status == WARD_OK)
        status = ward_store_read(restore->restored, compare_head, &restore->backup);
    if (status == WARD_OK)
        status = ward_service_new(&options, &restore->service);
    if (status == WARD_OK)
        return true;
    if (status == WARD_INTEGRITY || status == WARD_MISMATCH)
        return ward_fail(ret_why, WARD_EXIT_INTEGRITY,
                         "%.400s is as it was written, but the store in it was damaged already; take an older one. "
                         "Nothing was changed",
                         from);
    return ward_fail(ret_why, ward_exit_of(status), "the store in %.400s cannot be read: %s; nothing was changed", from,
                     ward_status_text(status));
}

static bool open_backup(struct ward_restore *restore, const char *from, struct ward_failure *ret_why)
{
    const char *path = restore->directory.restoring;
    struct ward_store_options options = { .path = path };
    remove_store(path); /* of a restore that was cut off */
    enum ward_status status = ward_backup_unpack(from, path, restore->keyring, &restore->backup);
    if (status != WARD_OK)
        return refuse_backup(from, status, restore, ret_why);
    status = ward_store_open_sqlite(&options, &restore->restored);
    if (status == WARD_OK)
        return check_restored(restore, from, ret_why);
    if (status == WARD_MISMATCH)
        return ward_fail(ret_why, WARD_EXIT_MISMATCH,
                         "%.400s was made by a later version of Ward; restore it with that version. Nothing was "
                         "changed",
                         from);
    if (status == WARD_INTEGRITY)
        return ward_fail(ret_why, WARD_EXIT_INTEGRITY,
                         "%.400s is as it was written, but the store in it was damaged already; take an older one. "
                         "Nothing was changed",
                         from);
    return refuse_backup(from, status, restore, ret_why);
}

/* ---- the present store ---- */

static bool set_incomparable(struct ward_restore *restore, const char *why)
{
    restore->is_compared = false;
    ward_comparison_free(&restore->comparison);
    restore->comparison = (struct ward_comparison){ 0 };
    snprintf(restore->why_not, sizeof(restore->why_not), "%s", why);
    ward_store_close(restore->present);
    restore->present = NULL;
    return true;
}

/* OK and no present store: it cannot be compared. */
static bool open_present(struct ward_restore *restore, struct ward_failure *ret_why)
{
    const char *path = restore->directory.store;
    /* A store that lost its last changes would be compared without its last revocations. */
    struct ward_store_options options = { .path = path,
                                          .seen_revision = ward_data_directory_seen_revision(&restore->directory) };
    enum ward_status status = ward_store_open_sqlite(&options, &restore->present);
    switch (status) {
    case WARD_OK:
        return true;
    case WARD_NOT_FOUND:
        return set_incomparable(restore, "there is no store here now");
    case WARD_INTEGRITY:
        return set_incomparable(restore, "the present store is damaged");
    case WARD_MISMATCH:
        return set_incomparable(restore, "the present store was written by a later version of Ward, or is none");
    case WARD_IO:
    case WARD_UNAVAILABLE:
        return set_incomparable(restore, "the present store cannot be read");
    case WARD_FORBIDDEN:
        return ward_fail(ret_why, WARD_EXIT_PERMISSION, "%.400s may not be opened; run: chmod 600 %.400s", path, path);
    default:
        return ward_fail(ret_why, ward_exit_of(status), "%.400s cannot be opened: %s; nothing was changed", path,
                         ward_status_text(status));
    }
}

static bool compare(struct ward_restore *restore, struct ward_failure *ret_why)
{
    if (!restore->present)
        return true;
    enum ward_status status = ward_restore_compare(restore->present, restore->restored, restore->keyring, ward_now_ms(),
                                                   &restore->comparison);
    if (status == WARD_OK) {
        restore->is_compared = true;
        return true;
    }
    if (status == WARD_MISMATCH)
        return set_incomparable(restore, "the present store is not the one that the backup was made of");
    if (status == WARD_INTEGRITY || status == WARD_IO)
        return set_incomparable(restore, "the present store is damaged");
    return ward_fail(ret_why, ward_exit_of(status), "the present store cannot be compared: %s; nothing was changed",
                     ward_status_text(status));
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void find_highest(struct ward_restore *restore)
{
    if (restore->is_compared)
        restore->highest = larger(restore->backup.revision, restore->comparison.present_revision);
    else
        restore->highest = larger(restore->backup.revision, ward_data_directory_seen_revision(&restore->directory)) +
                           UNKNOWN_CHANGES;
}

static bool open_directory(struct ward_restore *restore, const char *data, struct ward_failure *ret_why)
{
    struct ward_data_directory *directory = &restore->directory;
    if (!ward_data_directory_name(directory, data, ret_why) || !ward_data_directory_check(directory, ret_why))
        return false;
    if (!ward_data_directory_has_root_key(directory))
        return ward_fail(ret_why, WARD_EXIT_NOT_INITIALISED,
                         "%.300s has no root.key; put the copy of it back first (chmod 600 %.300s)", directory->path,
                         directory->root_key);
    if (!ward_data_directory_hold(directory, ret_why))
        return false;
    enum ward_status status = ward_keyring_open(directory->root_key, &restore->keyring);
    return status == WARD_OK || ward_fail(ret_why, ward_exit_of(status), "the root key %.400s cannot be used: %s",
                                          directory->root_key, ward_status_text(status));
}

bool ward_restore_open(struct ward_restore *ret, const char *data, const char *from, struct ward_failure *ret_why)
{
    *ret = (struct ward_restore){ .directory.lock_fd = -1 };
    if (!open_directory(ret, data, ret_why) || !open_backup(ret, from, ret_why) || !open_present(ret, ret_why) ||
        !compare(ret, ret_why))
        return false;
    find_highest(ret);
    return true;
}

/* ---- the exchange ---- */

static void close_stores(struct ward_restore *restore)
{
    ward_service_free(restore->service);
    ward_store_close(restore->restored);
    ward_store_close(restore->present);
    restore->service = NULL;
    restore->restored = NULL;
    restore->present = NULL;
}

static bool sync_file(const char *path)
{
    int fd = ward_seam.open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool is_synced = ward_seam.sync(fd) == 0;
    close(fd);
    return is_synced;
}

static bool fail_exchange(const struct ward_restore *restore, struct ward_failure *ret_why)
{
    if (ward_data_directory_is_half_restored(&restore->directory))
        return ward_fail(ret_why, WARD_EXIT_IO,
                         "the stores in %.300s could not be exchanged (%s), and there is no ward.db now; run the same "
                         "ward restore again",
                         restore->directory.path, strerror(errno));
    return ward_fail(ret_why, WARD_EXIT_IO, "the stores in %.300s could not be exchanged: %s; the old one is in place",
                     restore->directory.path, strerror(errno));
}

/* The new store is one file, whole and on the disk; the old one has no other program at it. */
static bool check_ready(const struct ward_restore *restore, struct ward_failure *ret_why)
{
    const struct ward_data_directory *directory = &restore->directory;
    if (has_beside(directory->restoring, "-wal") || !sync_file(directory->restoring))
        return ward_fail(ret_why, WARD_EXIT_IO,
                         "the restored store could not be written to the disk; is there room? (df -h %.300s) Nothing "
                         "was changed",
                         directory->path);
    if (restore->is_compared && (has_beside(directory->store, "-wal") || has_beside(directory->store, "-journal")))
        return ward_fail(ret_why, WARD_EXIT_LOCKED,
                         "%.300s-wal is still there: another program has the store open (sqlite3?), or its disk is "
                         "full; close it and try again. Nothing was changed",
                         directory->store);
    return true;
}

/* The old store's second name: one that no other file has. An earlier try may have given it. */
static bool name_put_aside(struct ward_restore *restore)
{
    struct stat old, info;
    if (lstat(restore->directory.store, &old) != 0)
        old = (struct stat){ 0 };
    for (int i = 1; i <= PUT_ASIDE_TRIES; i++) {
        char number[16] = "";
        if (i > 1)
            snprintf(number, sizeof(number), "-%d", i);
        int size = snprintf(restore->put_aside, PATH_MAX, "%s/%s%llu%s", restore->directory.path, WARD_PUT_ASIDE,
                            (unsigned long long)restore->revision, number);
        if (size <= 0 || size >= PATH_MAX)
            break;
        if (lstat(restore->put_aside, &info) != 0 && !has_beside(restore->put_aside, "-wal"))
            return true;
        if (old.st_ino != 0 && info.st_ino == old.st_ino && info.st_dev == old.st_dev)
            return true;
    }
    errno = EEXIST;
    return false;
}

static bool rename_beside(const struct ward_restore *restore, const char *end)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (!name_beside(from, restore->directory.store, end) || !name_beside(to, restore->put_aside, end)) {
        errno = ENAMETOOLONG;
        return false;
    }
    return ward_seam.rename(from, to) == 0 || errno == ENOENT;
}

/* A store with a log that nobody could play in: it goes first, the log behind it. */
static bool move_away(const struct ward_restore *restore)
{
    const char *store = restore->directory.store;
    if (ward_seam.rename(store, restore->put_aside) != 0 && errno != ENOENT)
        return false;
    if (ward_file_sync_parent(store) != WARD_OK)
        return false;
    for (size_t i = 0; i < BESIDE_COUNT; i++)
        if (!rename_beside(restore, beside[i]))
            return false;
    return ward_file_sync_parent(store) == WARD_OK;
}

static bool link_aside(const struct ward_restore *restore)
{
    const char *store = restore->directory.store;
    if (link(store, restore->put_aside) != 0 && errno != EEXIST && errno != ENOENT)
        return false;
    return ward_file_sync_parent(store) == WARD_OK;
}

static bool exchange(struct ward_restore *restore, struct ward_failure *ret_why)
{
    const struct ward_data_directory *directory = &restore->directory;
    bool has_log = false;
    for (size_t i = 0; i < BESIDE_COUNT; i++)
        has_log |= has_beside(directory->store, beside[i]);
    bool is_done = name_put_aside(restore) && (has_log ? move_away(restore) : link_aside(restore)) &&
                   ward_seam.rename(directory->restoring, directory->store) == 0;
    if (!is_done)
        return fail_exchange(restore, ret_why);
    if (!is_there(restore->put_aside))
        restore->put_aside[0] = '\0';
    if (ward_file_sync_parent(directory->store) == WARD_OK)
        return true;
    return ward_fail(ret_why, WARD_EXIT_IO,
                     "the backup is restored, but %.300s could not be synced (%s): after a power cut the old store may "
                     "be back. Compare ward status with revision %llu",
                     directory->path, strerror(errno), (unsigned long long)restore->revision);
}

bool ward_restore_commit(struct ward_restore *restore, struct ward_failure *ret_why)
{
    const struct ward_comparison *comparison = restore->is_compared ? &restore->comparison : NULL;
    enum ward_status status = ward_restore_apply(restore->service, restore->present, comparison, restore->highest,
                                                 &restore->revision);
    if (status != WARD_OK)
        return ward_fail(ret_why, ward_exit_of(status),
                         "the revocations could not be written into the restored store: %s; nothing was changed",
                         ward_status_text(status));
    close_stores(restore);
    return check_ready(restore, ret_why) && exchange(restore, ret_why);
}

void ward_restore_close(struct ward_restore *restore)
{
    close_stores(restore);
    ward_comparison_free(&restore->comparison);
    /* Without the lock the name is another process's; without a store it is what the next try is told by. */
    if (restore->directory.lock_fd >= 0 && is_there(restore->directory.store))
        remove_store(restore->directory.restoring);
    ward_keyring_close(restore->keyring);
    ward_data_directory_release(&restore->directory);
    restore->keyring = NULL;
}
