#include "fault_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

struct fault_handle {
    sqlite3_file base;
    bool is_log, is_database;
    _Alignas(8) char real[]; /* the real VFS's own file */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault_rule rule;
static long hits;
static int (*ask_other)(enum fault_call call, enum fault_file file);

void fault_vfs_set(const struct fault_rule *new_rule)
{
    pthread_mutex_lock(&lock);
    rule = *new_rule;
    hits = 0;
    pthread_mutex_unlock(&lock);
}

void fault_vfs_set_asker(int (*asker)(enum fault_call call, enum fault_file file))
{
    ask_other = asker;
}

long fault_vfs_hits(void)
{
    pthread_mutex_lock(&lock);
    long answer = hits;
    pthread_mutex_unlock(&lock);
    return answer;
}

static bool applies(const struct fault_handle *handle, enum fault_call call)
{
    return rule.call == call && (rule.file == FAULT_LOG ? handle->is_log : handle->is_database);
}

/* SQLITE_OK, or the code to fail with. */
static int ask(const struct fault_handle *handle, enum fault_call call)
{
    int code = SQLITE_OK;
    if (ask_other)
        return handle->is_log || handle->is_database ? ask_other(call, handle->is_log ? FAULT_LOG : FAULT_DATABASE) : 0;
    pthread_mutex_lock(&lock);
    if (applies(handle, call) && rule.skip-- <= 0 && !(rule.once && hits > 0)) {
        hits++;
        code = rule.code;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static struct fault_handle *handle_of(sqlite3_file *file)
{
    return (struct fault_handle *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return (sqlite3_file *)handle_of(file)->real;
}

static int close_file(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int read_file(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    int code = ask(handle_of(file), FAULT_READ);
    return code ? code : real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}

static int write_file(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    int code = ask(handle_of(file), FAULT_WRITE);
    return code ? code : real_of(file)->pMethods->xWrite(real_of(file), data, size, offset);
}

static int sync_file(sqlite3_file *file, int flags)
{
    int code = ask(handle_of(file), FAULT_SYNC);
    return code ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int lock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_reserved(sqlite3_file *file, int *ret)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret);
}

static int shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shm_unmap(sqlite3_file *file, int should_delete)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), should_delete);
}

/* Version 2: no memory maps, which could not be made to fail. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    (void)self;
    struct fault_handle *handle = handle_of(file);
    handle->base.pMethods = NULL;
    handle->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    handle->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    int code = ask(handle, FAULT_OPEN);
    if (code != SQLITE_OK)
        return code;
    code = real_vfs->xOpen(real_vfs, name, real_of(file), flags, ret_flags);
    if (code == SQLITE_OK) {
        handle->base.pMethods = &methods;
    }
    return code;
}

void fault_vfs_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs; /* file names, time and randomness are the real one's own */
    vfs.zName = "ward-fault";
    vfs.szOsFile = (int)offsetof(struct fault_handle, real) + real_vfs->szOsFile;
    vfs.xOpen = open_file;
    sqlite3_vfs_register(&vfs, 1);
}
