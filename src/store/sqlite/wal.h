/*
 * SQLite's write-ahead log, DIR/ward.db-wal, read by ourselves before SQLite does.
 *
 * SQLite ends its recovery at the first frame that does not fit, without a word: it cannot tell a write that the power
 * cut from a byte that rotted. Often we can:
 *
 *   header │ frame 1 │ frame 2* │ frame 3 │ frame 4* │ …         * commits
 *
 * A frame's sum goes on from the sum of the frame before it. So a frame that fits behind a commit was written when that
 * commit was there, and a commit is synced before the next write begins: whatever does not fit before such a pair was
 * whole on the disk once. What does not fit behind the last pair may be either.
 *
 * Source:  SQLite's file format 4, "The Write-Ahead Log".
 */
#ifndef WARD_STORE_SQLITE_WAL_H
#define WARD_STORE_SQLITE_WAL_H

#include "store/store.h"

#define WARD_PAGE_BYTES           4096 /* of every store of ours */
#define WARD_WAL_HEADER_BYTES     32
#define WARD_WAL_FRAME_HEAD_BYTES 24
#define WARD_WAL_FRAME_BYTES      (WARD_WAL_FRAME_HEAD_BYTES + WARD_PAGE_BYTES)
#define WARD_WAL_SUM_BYTES        8

/** Where a frame's number (from 0) has its bytes, and where the sum lies that it goes on from. */
static inline int64_t ward_wal_frame_offset(int64_t frame)
{
    return WARD_WAL_HEADER_BYTES + frame * WARD_WAL_FRAME_BYTES;
}

static inline int64_t ward_wal_frame_sum_before(int64_t frame)
{
    return ward_wal_frame_offset(frame) - (frame == 0 ? WARD_WAL_SUM_BYTES : WARD_WAL_FRAME_BYTES - 16);
}

/** True when a frame's sum is what follows from the stored sum before it. */
bool ward_wal_frame_fits(const uint8_t before[WARD_WAL_SUM_BYTES], const uint8_t frame[WARD_WAL_FRAME_BYTES]);

/**
 * Read the log beside a database and tell whether bytes in it are other than they were written.
 *
 * Shape:   *ret: none, or is_log with the offset of the frame (0: the header). is_doubtful: the end does not fit and
 *          may be a write that was cut; else it is damage.
 * Errors:  WARD_OK also when there is no log, or one of another page size; WARD_INTEGRITY with damage; WARD_IO,
 *          WARD_NO_MEMORY.
 * Time:    reads the whole log once; a clean close leaves none.
 */
enum ward_status ward_wal_examine(const char *database, struct ward_store_damage *ret) WARD_MUST_USE;

#endif
