#include "table/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/seam.h"

/* Each takes some 100 µs, on a slow day a millisecond. */
#define ALLOCATE_PIECE ((size_t)8 << 20)
#define POPULATE_PIECE WARD_HUGE_PAGE
#define TRUNCATE_PIECE ((size_t)2 << 20)
#define UNMAP_PIECE    ((size_t)4 << 20)
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static uint64_t round_up(uint64_t size, uint64_t unit)
{
    return (size + unit - 1) / unit * unit;
}

static uint64_t scopes_at(const struct ward_table_geometry *geometry)
{
    return WARD_TABLE_PAGE + round_up(geometry->index_slots * 8, WARD_TABLE_PAGE);
}

static uint64_t records_at(const struct ward_table_geometry *geometry)
{
    return scopes_at(geometry) + round_up(geometry->scope_capacity * sizeof(struct ward_scope_entry), WARD_TABLE_PAGE);
}

static uint64_t arena_at(const struct ward_table_geometry *geometry)
{
    return records_at(geometry) + round_up(geometry->record_capacity * WARD_RECORD_BYTES, WARD_TABLE_PAGE);
}

uint64_t ward_table_file_bytes(const struct ward_table_geometry *geometry)
{
    const uint64_t records_max = WARD_TABLE_RECORDS_MAX;
    uint64_t slots = geometry->index_slots;
    if (slots == 0 || (slots & (slots - 1)) != 0 || slots > 4 * records_max)
        return 0;
    if (geometry->record_capacity == 0 || geometry->record_capacity > slots / 4 * 3)
        return 0;
    if (geometry->scope_capacity == 0 || geometry->scope_capacity > WARD_TABLE_SCOPES_MAX)
        return 0;
    if (geometry->arena_bytes == 0 || geometry->arena_bytes > WARD_TABLE_ARENA_MAX || geometry->arena_bytes % 8 != 0)
        return 0;
    return arena_at(geometry) + round_up(geometry->arena_bytes, WARD_TABLE_PAGE);
}

void ward_table_view_init(struct ward_table_view *view, void *base, const struct ward_table_header *header)
{
    uint8_t *bytes = base;
    const struct ward_table_geometry *geometry = &header->geometry;
    *view = (struct ward_table_view){
        .base = bytes,
        .size = header->file_bytes,
        .live = (struct ward_table_live *)(void *)(bytes + WARD_TABLE_LIVE_AT),
        .index = (uint64_t *)(void *)(bytes + WARD_TABLE_PAGE),
        .scopes = (uint64_t *)(void *)(bytes + scopes_at(geometry)),
        .records = (uint64_t *)(void *)(bytes + records_at(geometry)),
        .arena = bytes + arena_at(geometry),
        .geometry = *geometry,
        .generation = header->generation,
        .limits_id = header->limits_id,
    };
}

uint32_t ward_table_header_check(const struct ward_table_header *header)
{
    return ward_check(header, offsetof(struct ward_table_header, check), WARD_TABLE_FORMAT);
}

bool ward_table_header_ok(const struct ward_table_header *header, uint64_t file_bytes)
{
    if (memcmp(header->magic, WARD_TABLE_MAGIC, sizeof(header->magic)) != 0 || header->format != WARD_TABLE_FORMAT)
        return false;
    if (header->check != ward_table_header_check(header))
        return false;
    uint64_t expected = ward_table_file_bytes(&header->geometry);
    return expected != 0 && header->file_bytes == expected && file_bytes == expected;
}

enum ward_status ward_boot_id(char ret[WARD_BOOT_ID_BYTES])
{
    int fd = ward_seam.open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return WARD_IO;
    ssize_t size = ward_seam.read(fd, ret, WARD_BOOT_ID_BYTES);
    close(fd);
    return size == WARD_BOOT_ID_BYTES ? WARD_OK : WARD_IO;
}

char *ward_table_path(const char *directory, const char *name)
{
    size_t directory_size = strlen(directory), name_size = strlen(name);
    char *path = ward_alloc(directory_size + name_size + 2);
    if (path == NULL)
        return NULL;
    memcpy(path, directory, directory_size);
    path[directory_size] = '/';
    memcpy(path + directory_size + 1, name, name_size);
    return path;
}

enum ward_status ward_table_file_open(const char *path, bool is_writable, int *ret_fd, struct stat *ret_stat)
{
    /* Non-blocking, or a pipe in the place of the file would hold the verifier up. */
    int fd = ward_seam.open(path, (is_writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? WARD_NOT_FOUND : errno == ELOOP ? WARD_INTEGRITY : WARD_IO;
    if (fstat(fd, ret_stat) != 0 || !S_ISREG(ret_stat->st_mode)) {
        close(fd);
        return WARD_INTEGRITY;
    }
    *ret_fd = fd;
    return WARD_OK;
}

static void rest(const struct ward_pace *pace)
{
    if (pace != NULL)
        pace->rest(pace->arg);
}

/* The part of what is left that one piece takes: all of it for who is in no need of rests. */
static size_t piece_of(size_t left, size_t piece, const struct ward_pace *pace)
{
    return pace == NULL || left < piece ? left : piece;
}

static int allocate(int fd, uint64_t size, const struct ward_pace *pace)
{
    for (uint64_t at = 0, piece; at < size; at += piece) {
        piece = piece_of(size - at, ALLOCATE_PIECE, pace);
        int error = ward_seam.allocate_file(fd, (off_t)at, (off_t)piece);
        if (error != 0)
            return error;
        rest(pace);
    }
    return 0;
}

enum ward_status ward_table_file_create(const char *path, uint64_t size, const struct ward_pace *pace, int *ret_fd)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return WARD_IO;
    int fd = ward_seam.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return WARD_IO;
    if (allocate(fd, size, pace) != 0) {
        close(fd);
        unlink(path);
        return WARD_IO;
    }
    *ret_fd = fd;
    return WARD_OK;
}

void *ward_table_reserve_aligned(size_t size)
{
    size_t span = size + WARD_HUGE_PAGE;
    uint8_t *base = ward_seam.map(NULL, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    size_t before = (WARD_HUGE_PAGE - (uintptr_t)base % WARD_HUGE_PAGE) % WARD_HUGE_PAGE;
    if (before > 0)
        munmap(base, before);
    size_t kept = round_up(size, WARD_TABLE_PAGE);
    if (span - before > kept)
        munmap(base + before + kept, span - before - kept);
    return base + before;
}

void *ward_table_map(int fd, size_t size, bool is_writable)
{
    int protection = is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
    if (size < WARD_HUGE_PAGE) {
        void *base = ward_seam.map(NULL, size, protection, MAP_SHARED, fd, 0);
        return base == MAP_FAILED ? NULL : base;
    }
    void *place = ward_table_reserve_aligned(size);
    if (place == NULL)
        return NULL;
    void *base = ward_seam.map(place, size, protection, MAP_SHARED | MAP_FIXED, fd, 0);
    if (base == MAP_FAILED) {
        munmap(place, size);
        return NULL;
    }
    /* Best effort: a file system with large folios then maps 2 MiB at a time, and one at a time: read ahead it would
     * zero 8 MiB in one go, nobody else running meanwhile. */
    (void)madvise(base, size, MADV_HUGEPAGE);
    (void)madvise(base, size, MADV_RANDOM);
    return base;
}

void ward_table_unmap(void *base, size_t size)
{
    if (base != NULL)
        munmap(base, size);
}

void ward_table_unmap_paced(void *base, size_t size, const struct ward_pace *pace)
{
    uint8_t *at = base;
    for (size_t left = size, piece; left > 0; left -= piece, at += piece) {
        piece = piece_of(left, UNMAP_PIECE, pace);
        munmap(at, piece);
        rest(pace);
    }
}

/* The last one to let go of a file without a name frees its pages, all in one go. A write lease is given only to who
 * has the file open alone, in all of the host: then nobody can miss what is cut off. */
void ward_table_file_end(int fd, uint64_t size, const struct ward_pace *pace)
{
    bool is_alone = pace != NULL && fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
    for (uint64_t left = size; is_alone && left > 0; rest(pace)) {
        left -= piece_of(left, TRUNCATE_PIECE, pace);
        is_alone = ftruncate(fd, (off_t)left) == 0;
    }
    close(fd);
}

void ward_table_warm(size_t size, const struct ward_pace *pace)
{
    if (size >= WARD_HUGE_PAGE && pace != NULL && pace->warm != NULL)
        pace->warm(pace->arg);
}

void ward_table_populate(void *base, size_t size, const struct ward_pace *pace)
{
    uint8_t *at = base;
    for (size_t left = size, piece; left > 0; left -= piece, at += piece) {
        piece = piece_of(left, POPULATE_PIECE, pace);
        ward_table_warm(piece, pace);
        if (madvise(at, piece, MADV_POPULATE_WRITE) != 0)
            break; /* a kernel before 5.14: they come in as they are written */
        rest(pace);
    }
}
