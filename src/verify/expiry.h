/*
 * An expiry that has passed once stays passed, whatever the clock does. A verdict compares with the wall clock, which
 * an administrator or a time daemon may set back; the sweeper makes an expiry durable by disabling the key, but comes
 * only once a second. Between the two this remembers the latest expiry that was seen to pass, in two words of
 * DIR/limits: for all processes that verify, and across restarts. Across boots as far as the file reached the disk.
 *
 * It forgets what the sweeper has dealt with: else a clock that was wrong by years for a moment would leave every key
 * that is made afterwards expired for ever.
 */
#ifndef WARD_VERIFY_EXPIRY_H
#define WARD_VERIFY_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "table/table.h"

/**
 * True when an expiry has passed: now, or at an earlier look of any process that no sweep has made durable yet.
 *
 * Time:    two loads of a line that is hardly ever written.
 * Threads: any, in any number of processes.
 */
bool ward_expiry_has_passed(struct ward_table_marks *marks, int64_t expires_ms, int64_t now_ms);

/** Begin a sweep: the moment up to which every key has to be disabled; never before now_ms. One sweeper only. */
int64_t ward_expiry_sweep_begin(struct ward_table_marks *marks, int64_t now_ms);

/** The sweep left no enabled key that expired before the moment of its begin, durably and in the table. */
void ward_expiry_sweep_done(void);

#endif
