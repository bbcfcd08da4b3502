/*
 *   a look sees an expiry pass      → seen = max(seen, expiry)
 *   a sweep begins                  → swept = max(swept, seen), seen is empty again
 *   a sweep has done all            → swept is forgotten when the next one begins: a look that had copied its record
 *                                     before the sweep disabled it is over by then
 *
 * `swept` is stored before `seen` is emptied, and looks load them in the other order: what has passed is always in
 * one of the two.
 *
 * A mark is 48 bits of milliseconds (until the year 10889) with 16 bits of check. Zero is none, and so is one whose
 * check fails: a rotten mark must not have the sweeper disable keys that never expired.
 */
#include "verify/expiry.h"

#include "base/check.h"
#include "base/iso8601.h"

#define NOTHING   INT64_MIN
#define MARK_BITS 48
#define MARK_MAX  ((INT64_C(1) << MARK_BITS) - 1)

static bool is_swept; /* the sweeper's own */

static uint64_t mark_make(int64_t ms)
{
    uint64_t value = (uint64_t)(ms < 1 ? 1 : ms > MARK_MAX ? MARK_MAX : ms);
    uint64_t check = ward_check_fold(value ^ WARD_CHECK_K0, WARD_CHECK_K2);
    return value | (check ^ check >> 32) << MARK_BITS;
}

static int64_t mark_read(uint64_t mark)
{
    int64_t ms = (int64_t)(mark & (uint64_t)MARK_MAX);
    return ms != 0 && mark_make(ms) == mark ? ms : NOTHING;
}

static int64_t load(const uint64_t *mark)
{
    return mark_read(__atomic_load_n(mark, __ATOMIC_ACQUIRE));
}

static void raise_to(uint64_t *mark, int64_t ms)
{
    uint64_t old = __atomic_load_n(mark, __ATOMIC_RELAXED);
    while (mark_read(old) < ms &&
           !__atomic_compare_exchange_n(mark, &old, mark_make(ms), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    }
}

bool ward_expiry_has_passed(struct ward_table_marks *marks, int64_t expires_ms, int64_t now_ms)
{
    if (expires_ms == WARD_TIME_NONE)
        return false;
    if (now_ms >= expires_ms) {
        raise_to(&marks->expiry_seen, expires_ms);
        return true;
    }
    return expires_ms <= load(&marks->expiry_seen) || expires_ms <= load(&marks->expiry_swept);
}

int64_t ward_expiry_sweep_begin(struct ward_table_marks *marks, int64_t now_ms)
{
    if (is_swept)
        __atomic_store_n(&marks->expiry_swept, 0, __ATOMIC_RELEASE);
    is_swept = false;
    uint64_t seen = __atomic_load_n(&marks->expiry_seen, __ATOMIC_ACQUIRE);
    raise_to(&marks->expiry_swept, mark_read(seen));
    /* Raised meanwhile: it stays for the next sweep. */
    __atomic_compare_exchange_n(&marks->expiry_seen, &seen, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    int64_t swept = load(&marks->expiry_swept);
    return swept > now_ms ? swept : now_ms;
}

void ward_expiry_sweep_done(void)
{
    is_swept = true;
}
