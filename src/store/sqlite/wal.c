#include "store/sqlite/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seam.h"

#define WAL_MAGIC   UINT32_C(0x377f0682) /* the lowest bit: sums over big-endian words */
#define WAL_VERSION UINT32_C(3007000)

/* Offsets in the header and in a frame's head. */
enum { PAGE_SIZE_AT = 8, HEADER_SALTS_AT = 16, HEADER_SUM_AT = 24, COMMIT_AT = 4, SALTS_AT = 8, SUM_AT = 16 };
enum { SALTS_BYTES = 8, SUMMED_HEAD_BYTES = 8 };

/* ---- sums ---- */

struct sum {
    uint32_t a, b;
};

static uint32_t read_word(const uint8_t *at, bool is_big_endian)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return is_big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ? word : __builtin_bswap32(word);
}

static uint32_t read_big(const uint8_t *at)
{
    return read_word(at, true);
}

static struct sum read_sum(const uint8_t *at)
{
    return (struct sum){ read_big(at), read_big(at + 4) };
}

static bool is_same(struct sum one, struct sum other)
{
    return one.a == other.a && one.b == other.b;
}

static struct sum add_bytes(struct sum sum, const uint8_t *bytes, size_t size, bool is_big_endian)
{
    for (size_t i = 0; i < size; i += 8) {
        sum.a += read_word(bytes + i, is_big_endian) + sum.b;
        sum.b += read_word(bytes + i + 4, is_big_endian) + sum.a;
    }
    return sum;
}

static struct sum add_frame(struct sum sum, const uint8_t *frame, bool is_big_endian)
{
    sum = add_bytes(sum, frame, SUMMED_HEAD_BYTES, is_big_endian);
    return add_bytes(sum, frame + WARD_WAL_FRAME_HEAD_BYTES, WARD_PAGE_BYTES, is_big_endian);
}

bool ward_wal_frame_fits(const uint8_t before[WARD_WAL_SUM_BYTES], const uint8_t frame[WARD_WAL_FRAME_BYTES])
{
    const bool native = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    struct sum from = read_sum(before), stored = read_sum(frame + SUM_AT);
    return is_same(add_frame(from, frame, native), stored) || is_same(add_frame(from, frame, !native), stored);
}

/* ---- the scan ---- */

struct scan {
    int fd;
    bool is_big_endian;
    bool has_salts; /* of the header, or of the first frame when the header cannot be believed */
    uint8_t salts[SALTS_BYTES];
    /* of what was read last: its sum as stored, and as its bytes give it */
    struct sum stored, computed;
    bool is_commit;
    int64_t frame;      /* the one at hand, from 0 */
    int64_t unfinished; /* offset of the first behind the last whole transaction, NONE: it is the end */
    int64_t bad;        /* offset of the first that does not fit, NONE: all did */
    bool is_damage;     /* it was whole once */
    bool has_more;      /* there is something of this log's from there on */
    uint8_t *bytes;
};
#define NONE INT64_C(-1)

/* Fill size bytes; a shorter answer is the file's end. */
static enum ward_status read_some(int fd, uint8_t *to, size_t size, size_t *ret)
{
    *ret = 0;
    while (*ret < size) {
        ssize_t got = ward_seam.read(fd, to + *ret, size - *ret);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return WARD_IO;
        }
        if (got == 0) {
            break;
        }
        *ret += (size_t)got;
    }
    return WARD_OK;
}

/* A header that does not fit is remembered as the first bad thing; the frames tell whether it was ever another. */
static bool read_header(struct scan *scan)
{
    const uint8_t *header = scan->bytes;
    uint32_t magic = read_big(header);
    bool is_ours = (magic & ~UINT32_C(1)) == WAL_MAGIC;
    scan->is_big_endian = is_ours ? magic & 1 : __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    scan->stored = read_sum(header + HEADER_SUM_AT);
    scan->computed = add_bytes((struct sum){ 0 }, header, HEADER_SUM_AT, scan->is_big_endian);
    if (!is_ours || read_big(header + 4) != WAL_VERSION || !is_same(scan->stored, scan->computed)) {
        scan->bad = 0;
        return true;
    }
    memcpy(scan->salts, header + HEADER_SALTS_AT, SALTS_BYTES);
    scan->has_salts = true;
    return read_big(header + PAGE_SIZE_AT) == WARD_PAGE_BYTES;
}

/* One frame against the one before. The one before may have been damaged in its sum alone: then its bytes still give
 * the right one. */
static void look_at_frame(struct scan *scan)
{
    const uint8_t *frame = scan->bytes;
    struct sum stored = read_sum(frame + SUM_AT);
    struct sum computed = add_frame(scan->stored, frame, scan->is_big_endian);
    if (!scan->has_salts) {
        memcpy(scan->salts, frame + SALTS_AT, SALTS_BYTES);
        scan->has_salts = true;
    }
    bool is_of_log = memcmp(scan->salts, frame + SALTS_AT, SALTS_BYTES) == 0;
    bool fits = is_same(stored, computed);
    bool is_written = (read_big(frame + SALTS_AT) | read_big(frame + SALTS_AT + 4)) != 0;
    if (scan->bad != NONE && is_of_log && is_written) {
        bool follows = fits || is_same(add_frame(scan->computed, frame, scan->is_big_endian), stored);
        /* behind a bad header any frame will do: SQLite syncs the header before the first */
        scan->is_damage |= follows && (scan->is_commit || scan->bad == 0);
    }
    if (scan->bad == NONE && !(fits && is_of_log && is_written)) {
        scan->bad = ward_wal_frame_offset(scan->frame);
        scan->has_more = fits && is_written; /* of this log, but for its salts */
    }
    scan->has_more |= scan->bad != NONE && is_of_log && is_written;
    scan->is_commit = read_big(frame + COMMIT_AT) != 0;
    scan->stored = stored;
    scan->computed = computed;
    if (scan->bad == NONE && scan->is_commit) {
        scan->unfinished = NONE;
    } else if (scan->bad == NONE && scan->unfinished == NONE) {
        scan->unfinished = ward_wal_frame_offset(scan->frame);
    }
}

static enum ward_status scan_log(struct scan *scan)
{
    size_t got;
    enum ward_status status = read_some(scan->fd, scan->bytes, WARD_WAL_HEADER_BYTES, &got);
    if (status != WARD_OK || got < WARD_WAL_HEADER_BYTES || !read_header(scan)) {
        return status;
    }
    for (scan->frame = 0; !scan->is_damage; scan->frame++) {
        status = read_some(scan->fd, scan->bytes, WARD_WAL_FRAME_BYTES, &got);
        if (status != WARD_OK || got < WARD_WAL_FRAME_BYTES) {
            break;
        }
        look_at_frame(scan);
    }
    if (got > 0 && got < WARD_WAL_FRAME_BYTES && scan->bad == NONE && scan->unfinished == NONE) {
        scan->unfinished = ward_wal_frame_offset(scan->frame);
    }
    return status;
}

/* Where it stops being whole, or NONE. */
static int64_t find_end(const struct scan *scan)
{
    return scan->is_damage || scan->has_more ? scan->bad : scan->unfinished;
}

static enum ward_status examine(int fd, struct ward_store_damage *ret)
{
    struct scan scan = { .fd = fd, .bad = NONE, .unfinished = NONE, .bytes = ward_alloc(WARD_WAL_FRAME_BYTES) };
    if (!scan.bytes) {
        return WARD_NO_MEMORY;
    }
    enum ward_status status = scan_log(&scan);
    ward_free(scan.bytes);
    int64_t end = find_end(&scan);
    if (status != WARD_OK || end == NONE) {
        return status;
    }
    *ret = (struct ward_store_damage){
        .is_found = true, .is_in_log = true, .is_doubtful = !scan.is_damage, .offset = end
    };
    return scan.is_damage ? WARD_INTEGRITY : WARD_OK;
}

enum ward_status ward_wal_examine(const char *database, struct ward_store_damage *ret)
{
    char path[PATH_MAX];
    int size = snprintf(path, sizeof(path), "%s-wal", database);
    if (size <= 0 || size >= PATH_MAX) {
        return WARD_IO;
    }
    int fd = ward_seam.open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0) {
        return errno == ENOENT ? WARD_OK : WARD_IO;
    }
    enum ward_status status = examine(fd, ret);
    close(fd);
    if (status == WARD_INTEGRITY) {
        ward_log(WARD_LOG_ERROR, "integrity-alarm", WARD_LOG_STR("file", path), WARD_LOG_NUM("offset", ret->offset),
                 WARD_LOG_STR("what", "a frame of the log was changed after it was synced"));
    }
    return status;
}
