#include "fault_control.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/seam.h"
#include "fault_vfs.h"

static struct fault_row *rows;
static struct ward_seam real;
static sqlite3_mem_methods real_memory;

/* 0, or the code to fail with. */
static int ask(enum fault_kind kind)
{
    struct fault_row *row = &rows[kind];
    uint64_t number = __atomic_add_fetch(&row->calls, 1, __ATOMIC_RELAXED);
    uint64_t from = __atomic_load_n(&row->from, __ATOMIC_ACQUIRE);
    if (from == 0 || number < from || number - from >= __atomic_load_n(&row->count, __ATOMIC_RELAXED))
        return 0;
    __atomic_add_fetch(&row->hits, 1, __ATOMIC_RELAXED);
    return (int)__atomic_load_n(&row->code, __ATOMIC_RELAXED);
}

/* True when the call is to fail; errno is set. */
static bool fails(enum fault_kind kind)
{
    int code = ask(kind);
    if (code != 0)
        errno = code;
    return code != 0;
}

/* ---- the seam ---- */

static int draw_random(void *data, size_t size)
{
    return fails(FAULT_KIND_RANDOM) ? -1 : real.random(data, size);
}

static void *allocate(size_t size)
{
    return fails(FAULT_KIND_ALLOCATE) ? NULL : real.allocate(size);
}

static void *reallocate(void *old, size_t size)
{
    return fails(FAULT_KIND_ALLOCATE) ? NULL : real.reallocate(old, size);
}

static int open_file(const char *path, int flags, mode_t mode)
{
    return fails(FAULT_KIND_OPEN) ? -1 : real.open(path, flags, mode);
}

static ssize_t read_file(int fd, void *data, size_t size)
{
    return fails(FAULT_KIND_READ) ? -1 : real.read(fd, data, size);
}

static ssize_t write_file(int fd, const void *data, size_t size)
{
    return fails(FAULT_KIND_WRITE) ? -1 : real.write(fd, data, size);
}

static int sync_file(int fd)
{
    return fails(FAULT_KIND_SYNC) ? -1 : real.sync(fd);
}

static int rename_file(const char *from, const char *to)
{
    return fails(FAULT_KIND_RENAME) ? -1 : real.rename(from, to);
}

static int allocate_file(int fd, off_t offset, off_t size)
{
    int code = ask(FAULT_KIND_ALLOCATE_FILE);
    return code != 0 ? code : real.allocate_file(fd, offset, size);
}

static void *map(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    return fails(FAULT_KIND_MAP) ? MAP_FAILED : real.map(address, size, protection, flags, fd, offset);
}

/* ---- SQLite ---- */

static void *allocate_for_store(int size)
{
    return fails(FAULT_KIND_STORE_ALLOCATE) ? NULL : real_memory.xMalloc(size);
}

static void *reallocate_for_store(void *old, int size)
{
    return fails(FAULT_KIND_STORE_ALLOCATE) ? NULL : real_memory.xRealloc(old, size);
}

static int ask_for_store(enum fault_call call, enum fault_file file)
{
    bool is_log = file == FAULT_LOG;
    switch (call) {
    case FAULT_OPEN:
        return ask(FAULT_KIND_STORE_OPEN);
    case FAULT_READ:
        return ask(is_log ? FAULT_KIND_LOG_READ : FAULT_KIND_STORE_READ);
    case FAULT_WRITE:
        return ask(is_log ? FAULT_KIND_LOG_WRITE : FAULT_KIND_STORE_WRITE);
    case FAULT_SYNC:
        return ask(is_log ? FAULT_KIND_LOG_SYNC : FAULT_KIND_STORE_SYNC);
    case FAULT_NONE:
        break;
    }
    return 0;
}

static bool put_under_store(void)
{
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) != SQLITE_OK)
        return false;
    sqlite3_mem_methods memory = real_memory;
    memory.xMalloc = allocate_for_store;
    memory.xRealloc = reallocate_for_store;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK)
        return false;
    fault_vfs_install();
    fault_vfs_set_asker(ask_for_store);
    return true;
}

static bool map_rows(const char *path)
{
    const size_t size = FAULT_KIND_COUNT * sizeof(struct fault_row);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    void *memory = lseek(fd, 0, SEEK_END) >= (off_t)size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                                                         : MAP_FAILED;
    close(fd);
    rows = memory == MAP_FAILED ? NULL : memory;
    return rows != NULL;
}

bool fault_control_install(const char *path)
{
    if (!map_rows(path))
        return false;
    real = ward_seam;
    ward_seam.random = draw_random;
    ward_seam.allocate = allocate;
    ward_seam.reallocate = reallocate;
    ward_seam.open = open_file;
    ward_seam.read = read_file;
    ward_seam.write = write_file;
    ward_seam.sync = sync_file;
    ward_seam.rename = rename_file;
    ward_seam.allocate_file = allocate_file;
    ward_seam.map = map;
    return put_under_store();
}
