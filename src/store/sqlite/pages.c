#include "store/sqlite/pages.h"

#include <pthread.h>
#include <stddef.h>

#include "base/check.h"
#include "base/log.h"
#include "base/seam.h"
#include "store/sqlite/wal.h"

enum {
    PAGE = WARD_PAGE_BYTES,
    CHECKED = PAGE - WARD_PAGE_CHECK_BYTES, /* bytes of a page that its check covers */
    RESERVED_AT = 20,                       /* in the first page: how many bytes each page leaves to us */
    HEADER_LOOK = 100,                      /* SQLite looks at the header before it knows the page's size */
    PENDING_MAX = 16 * WARD_WAL_FRAME_BYTES /* the system's VFS writes less than 128 KiB at once */
};

/* Our own file controls: beyond SQLite's. */
enum { CONTROL_WANT_CHECKS = 0x57415244, CONTROL_ARE_CHECKED, CONTROL_DAMAGE };

struct checked_file {
    sqlite3_file base;
    const char *name;
    struct checked_file *database; /* a log's; a database's own self */
    bool is_checked;               /* the database's pages end in checks */
    sqlite3_int64 size;            /* of the database, when we last looked */
    struct ward_store_damage damage;
    sqlite3_int64 last_head; /* of a log: where the last frame's head was written */
    bool has_stale_sums;     /* of a log: a page was written over, its frame's sum not yet */
    uint8_t *pending;        /* of a log: what SQLite wrote in a row and the system has not got yet; or NULL */
    int pending_size;
    sqlite3_int64 pending_at;
    _Alignas(8) char real[]; /* the system's own file */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;

static struct checked_file *checked(sqlite3_file *file)
{
    return (struct checked_file *)file;
}

static sqlite3_file *real_of(struct checked_file *file)
{
    return (sqlite3_file *)file->real;
}

static int read_real(struct checked_file *file, void *data, int size, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}

static int write_real(struct checked_file *file, const void *data, int size, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xWrite(real_of(file), data, size, offset);
}

/* ---- checks ---- */

/* A page's place goes in, so that a good page in a wrong place fails too. */
static uint64_t check_of(const uint8_t *page, sqlite3_int64 offset)
{
    return ward_check_wide(page, CHECKED, UINT64_C(0x7761726470616765) ^ (uint64_t)(offset / PAGE));
}

static bool fits(const uint8_t *page, sqlite3_int64 offset)
{
    uint64_t stored;
    memcpy(&stored, page + CHECKED, sizeof(stored));
    return stored == check_of(page, offset);
}

static void put_check(uint8_t *page, sqlite3_int64 offset)
{
    uint64_t check = check_of(page, offset);
    memcpy(page + CHECKED, &check, sizeof(check));
}

static int refuse(struct checked_file *file, sqlite3_int64 offset, const char *what)
{
    struct checked_file *database = file->database;
    if (!database->damage.is_found) {
        database->damage = (struct ward_store_damage){ .is_found = true,
                                                       .is_in_log = file != database,
                                                       .offset = offset };
    }
    ward_log(WARD_LOG_ERROR, "integrity-alarm", WARD_LOG_STR("file", file->name), WARD_LOG_NUM("offset", offset),
             WARD_LOG_STR("what", what));
    return SQLITE_IOERR_DATA;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* ---- the database ---- */

/* A page behind the end is an empty one to SQLite: one that was taken and given back before it was ever written. */
static int read_page(struct checked_file *file, uint8_t *page, sqlite3_int64 offset)
{
    int code = read_real(file, page, PAGE, offset);
    if (code == SQLITE_IOERR_SHORT_READ) {
        return is_zero(page, PAGE) ? code : refuse(file, offset, "the file ends in the middle of a page");
    }
    if (code != SQLITE_OK) {
        return code;
    }
    return fits(page, offset) ? SQLITE_OK : refuse(file, offset, "a page does not fit its check");
}

/* SQLite reads whole pages, but for a look at the header, which it reads again with the first page. */
static int read_part(struct checked_file *file, void *data, int size, sqlite3_int64 offset)
{
    uint8_t page[PAGE];
    sqlite3_int64 start = offset / PAGE * PAGE;
    if (offset + size <= HEADER_LOOK) {
        return read_real(file, data, size, offset);
    }
    if (offset + size > start + PAGE) {
        return refuse(file, start, "pages of another size");
    }
    int code = read_page(file, page, start);
    if (code == SQLITE_OK) {
        memcpy(data, page + (offset - start), (size_t)size);
    }
    return code;
}

static int read_database(sqlite3_file *base, void *data, int size, sqlite3_int64 offset)
{
    struct checked_file *file = checked(base);
    if (!file->is_checked) {
        return read_real(file, data, size, offset);
    }
    return size == PAGE && offset % PAGE == 0 ? read_page(file, data, offset) : read_part(file, data, size, offset);
}

static int write_page(struct checked_file *file, const void *data, sqlite3_int64 offset)
{
    uint8_t page[PAGE];
    memcpy(page, data, CHECKED);
    put_check(page, offset);
    int code = write_real(file, page, PAGE, offset);
    if (code == SQLITE_OK && offset + PAGE > file->size) {
        file->size = offset + PAGE;
    }
    return code;
}

/* SQLite leaves out pages that nobody uses yet. Written they have a check too; a page of nothing but zeros is none. */
static int fill_up_to(struct checked_file *file, sqlite3_int64 end)
{
    static const uint8_t blank[PAGE];
    if (end <= file->size) {
        return SQLITE_OK;
    }
    int code = real_of(file)->pMethods->xFileSize(real_of(file), &file->size);
    file->size = file->size / PAGE * PAGE;
    while (code == SQLITE_OK && file->size < end) {
        code = write_page(file, blank, file->size);
    }
    return code;
}

static int write_database(sqlite3_file *base, const void *data, int size, sqlite3_int64 offset)
{
    struct checked_file *file = checked(base);
    bool is_page = size == PAGE && offset % PAGE == 0;
    /* VACUUM has rewritten an older store: pages come in the order of their numbers, the first one first */
    if (is_page && offset == 0 && ((const uint8_t *)data)[RESERVED_AT] == WARD_PAGE_CHECK_BYTES) {
        file->is_checked = true;
    }
    if (!file->is_checked || !is_page) {
        return write_real(file, data, size, offset);
    }
    int code = fill_up_to(file, offset);
    return code == SQLITE_OK ? write_page(file, data, offset) : code;
}

static int truncate_database(sqlite3_file *base, sqlite3_int64 size)
{
    struct checked_file *file = checked(base);
    int code = file->is_checked ? fill_up_to(file, size / PAGE * PAGE) : SQLITE_OK;
    if (code == SQLITE_OK) {
        code = real_of(file)->pMethods->xTruncate(real_of(file), size);
    }
    if (code == SQLITE_OK) {
        file->size = size / PAGE * PAGE;
    }
    return code;
}

static int want_checks(struct checked_file *file)
{
    int code = real_of(file)->pMethods->xFileSize(real_of(file), &file->size);
    file->is_checked |= code == SQLITE_OK && file->size == 0;
    return code;
}

static int control_database(sqlite3_file *base, int op, void *arg)
{
    struct checked_file *file = checked(base);
    switch (op) {
    case CONTROL_WANT_CHECKS:
        return want_checks(file);
    case CONTROL_ARE_CHECKED:
        *(bool *)arg = file->is_checked;
        return SQLITE_OK;
    case CONTROL_DAMAGE:
        *(struct ward_store_damage *)arg = file->damage;
        return SQLITE_OK;
    default:
        return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
    }
}

/* ---- the log ---- */

/*
 * SQLite writes a transaction as many small pieces, a head and a page for each frame, and then syncs. They go to the
 * system together: at the sync at the latest, and before anything else is done with the file through this handle.
 * Others read frames of synced transactions only.
 */
static int write_pending(struct checked_file *file)
{
    int size = file->pending_size;
    file->pending_size = 0; /* also when it fails: SQLite takes the transaction back then, or gives up */
    return size > 0 ? write_real(file, file->pending, size, file->pending_at) : SQLITE_OK;
}

static int put_pending(struct checked_file *file, const void *data, int size, sqlite3_int64 offset)
{
    bool follows = offset == file->pending_at + file->pending_size && size <= PENDING_MAX - file->pending_size;
    if (file->pending_size > 0 && !follows) {
        int code = write_pending(file);
        if (code != SQLITE_OK) {
            return code;
        }
    }
    if (!file->pending) {
        file->pending = ward_alloc(PENDING_MAX);
    }
    if (!file->pending || size > PENDING_MAX) {
        return write_real(file, data, size, offset);
    }
    if (file->pending_size == 0) {
        file->pending_at = offset;
    }
    memcpy(file->pending + file->pending_size, data, (size_t)size);
    file->pending_size += size;
    return SQLITE_OK;
}

static int read_frame(struct checked_file *file, sqlite3_int64 frame, uint8_t *bytes, bool *ret_fits)
{
    uint8_t before[WARD_WAL_SUM_BYTES];
    int code = read_real(file, bytes, WARD_WAL_FRAME_BYTES, ward_wal_frame_offset(frame));
    if (code == SQLITE_OK) {
        code = read_real(file, before, sizeof(before), ward_wal_frame_sum_before(frame));
    }
    *ret_fits = code == SQLITE_OK && ward_wal_frame_fits(before, bytes);
    return code;
}

/* A frame fails with the sum before it: then that one is named. */
static int refuse_frame(struct checked_file *file, sqlite3_int64 frame)
{
    uint8_t bytes[WARD_WAL_FRAME_BYTES];
    bool before_fits = frame == 0 || read_frame(file, frame - 1, bytes, &before_fits) != SQLITE_OK || before_fits;
    return refuse(file, ward_wal_frame_offset(before_fits ? frame : frame - 1),
                  "a frame of the log does not fit its sum");
}

/* A transaction that outgrows the cache goes to the log before its end. When it then changes a page again SQLite writes
 * over the page alone, and all sums from there on when it commits: until that is synced this handle, the writer's,
 * cannot tell. Others read committed frames only. */
static int read_log(sqlite3_file *base, void *data, int size, sqlite3_int64 offset)
{
    struct checked_file *file = checked(base);
    uint8_t bytes[WARD_WAL_FRAME_BYTES];
    bool frame_fits;
    int code = write_pending(file);
    if (code != SQLITE_OK) {
        return code;
    }
    sqlite3_int64 behind_head = offset - ward_wal_frame_offset(0) - WARD_WAL_FRAME_HEAD_BYTES;
    if (size != PAGE || behind_head < 0 || behind_head % WARD_WAL_FRAME_BYTES != 0 || !file->database->is_checked ||
        file->has_stale_sums) {
        return read_real(file, data, size, offset);
    }
    code = read_frame(file, behind_head / WARD_WAL_FRAME_BYTES, bytes, &frame_fits);
    if (code != SQLITE_OK) {
        return code;
    }
    memcpy(data, bytes + WARD_WAL_FRAME_HEAD_BYTES, PAGE);
    return frame_fits ? SQLITE_OK : refuse_frame(file, behind_head / WARD_WAL_FRAME_BYTES);
}

static int write_log(sqlite3_file *base, const void *data, int size, sqlite3_int64 offset)
{
    struct checked_file *file = checked(base);
    if (size == WARD_WAL_FRAME_HEAD_BYTES) {
        file->last_head = offset;
    }
    file->has_stale_sums |= size == PAGE && offset != file->last_head + WARD_WAL_FRAME_HEAD_BYTES;
    return put_pending(file, data, size, offset);
}

static int sync_log(sqlite3_file *base, int flags)
{
    struct checked_file *file = checked(base);
    file->has_stale_sums = false;
    int code = write_pending(file);
    return code == SQLITE_OK ? real_of(file)->pMethods->xSync(real_of(file), flags) : code;
}

static int truncate_log(sqlite3_file *base, sqlite3_int64 size)
{
    struct checked_file *file = checked(base);
    int code = write_pending(file);
    return code == SQLITE_OK ? real_of(file)->pMethods->xTruncate(real_of(file), size) : code;
}

static int log_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    struct checked_file *file = checked(base);
    int code = write_pending(file);
    return code == SQLITE_OK ? real_of(file)->pMethods->xFileSize(real_of(file), ret) : code;
}

static int close_log(sqlite3_file *base)
{
    struct checked_file *file = checked(base);
    int code = write_pending(file);
    int closed = real_of(file)->pMethods->xClose(real_of(file));
    ward_free(file->pending);
    file->pending = NULL;
    return code == SQLITE_OK ? closed : code;
}

static int control_log(sqlite3_file *base, int op, void *arg)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

/* ---- what passes through ---- */

static int close_file(sqlite3_file *base)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int sync_database(sqlite3_file *base, int flags)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int lock_file(sqlite3_file *base, int level)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *base, int level)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_reserved(sqlite3_file *base, int *ret)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int sector_size(sqlite3_file *base)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int characteristics(sqlite3_file *base)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **ret)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret);
}

static int shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shm_barrier(sqlite3_file *base)
{
    struct checked_file *file = checked(base);
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shm_unmap(sqlite3_file *base, int should_delete)
{
    struct checked_file *file = checked(base);
    return real_of(file)->pMethods->xShmUnmap(real_of(file), should_delete);
}

/* Version 2: no memory maps, which would hand out pages behind our back. */
#define PASS_THROUGH                                                                                                   \
    .iVersion = 2, .xLock = lock_file, .xUnlock = unlock_file, .xCheckReservedLock = check_reserved,                   \
    .xSectorSize = sector_size, .xDeviceCharacteristics = characteristics, .xShmMap = shm_map, .xShmLock = shm_lock,   \
    .xShmBarrier = shm_barrier, .xShmUnmap = shm_unmap

static const sqlite3_io_methods database_methods = { PASS_THROUGH,
                                                     .xClose = close_file,
                                                     .xFileSize = file_size,
                                                     .xRead = read_database,
                                                     .xWrite = write_database,
                                                     .xSync = sync_database,
                                                     .xTruncate = truncate_database,
                                                     .xFileControl = control_database };
static const sqlite3_io_methods log_methods = {
    PASS_THROUGH,        .xClose = close_log, .xFileSize = log_size,     .xRead = read_log,
    .xWrite = write_log, .xSync = sync_log,   .xTruncate = truncate_log, .xFileControl = control_log
};

/* ---- opening ---- */

/* Says byte 20 that nothing is reserved? One flipped bit makes that of an 8; with it turned back the check fits. */
static bool is_older(uint8_t *page)
{
    if (page[RESERVED_AT] != 0) {
        return false;
    }
    page[RESERVED_AT] = WARD_PAGE_CHECK_BYTES;
    bool was_flipped = fits(page, 0);
    page[RESERVED_AT] = 0;
    return !was_flipped;
}

static int look_at_first_page(struct checked_file *file)
{
    uint8_t page[PAGE];
    int code = real_of(file)->pMethods->xFileSize(real_of(file), &file->size);
    if (code != SQLITE_OK || file->size == 0) {
        return code;
    }
    code = read_real(file, page, PAGE, 0);
    if (code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ) {
        file->is_checked = !is_older(page);
        return SQLITE_OK;
    }
    return code;
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *base, int flags, int *ret_flags)
{
    (void)self;
    if (!name || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL))) {
        return real_vfs->xOpen(real_vfs, name, base, flags, ret_flags); /* it has our file to itself */
    }
    struct checked_file *file = checked(base);
    bool is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    *file = (struct checked_file){ .name = name };
    file->database = is_database ? file : checked(sqlite3_database_file_object(name));
    int code = real_vfs->xOpen(real_vfs, name, real_of(file), flags, ret_flags);
    if (code == SQLITE_OK && is_database) {
        code = look_at_first_page(file);
        if (code != SQLITE_OK) {
            close_file(base);
        }
    }
    if (code == SQLITE_OK) {
        file->base.pMethods = is_database ? &database_methods : &log_methods;
    }
    return code;
}

static bool register_vfs(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    if (!real_vfs) {
        return false;
    }
    vfs = *real_vfs; /* file names, time and randomness are the real one's own */
    vfs.zName = "ward";
    vfs.pNext = NULL;
    vfs.szOsFile = (int)offsetof(struct checked_file, real) + real_vfs->szOsFile;
    vfs.xOpen = open_file;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
}

const char *ward_pages_vfs(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool is_registered;
    pthread_mutex_lock(&lock);
    is_registered = is_registered || register_vfs();
    const char *name = is_registered ? vfs.zName : NULL;
    pthread_mutex_unlock(&lock);
    return name;
}

/* ---- for the driver ---- */

int ward_pages_want_checks(sqlite3 *db)
{
    int reserved = WARD_PAGE_CHECK_BYTES;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (code == SQLITE_OK) {
        code = sqlite3_file_control(db, "main", CONTROL_WANT_CHECKS, NULL);
    }
    return code == SQLITE_NOTFOUND ? SQLITE_OK : code; /* a store in memory: its copies have checks */
}

int ward_pages_are_checked(sqlite3 *db, bool *ret)
{
    return sqlite3_file_control(db, "main", CONTROL_ARE_CHECKED, ret);
}

void ward_pages_damage(sqlite3 *db, struct ward_store_damage *ret)
{
    *ret = (struct ward_store_damage){ 0 };
    (void)sqlite3_file_control(db, "main", CONTROL_DAMAGE, ret);
}
