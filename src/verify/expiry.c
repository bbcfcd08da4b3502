/*
 *   a look sees an expiry pass      → seen = max(seen, expiry)
 *   a sweep begins                  → sweeping = max(sweeping, seen), seen is empty again
 *   a sweep has done all            → sweeping is forgotten when the next one begins: a look that had copied its record
 *                                     before the sweep disabled it is over by then
 *
 * `sweeping` is stored before `seen` is emptied, and looks load them in the other order: what has passed is always in
 * one of the two.
 */
#include "verify/expiry.h"

#include "base/iso8601.h"

#define NOTHING INT64_MIN

static int64_t seen_ms = NOTHING, sweeping_ms = NOTHING;
static bool is_swept; /* the sweeper's own */

static void raise_to(int64_t *mark, int64_t value)
{
    int64_t old = __atomic_load_n(mark, __ATOMIC_RELAXED);
    while (old < value && !__atomic_compare_exchange_n(mark, &old, value, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    }
}

bool ward_expiry_has_passed(int64_t expires_ms, int64_t now_ms)
{
    if (expires_ms == WARD_TIME_NONE)
        return false;
    if (now_ms >= expires_ms) {
        raise_to(&seen_ms, expires_ms);
        return true;
    }
    return expires_ms <= __atomic_load_n(&seen_ms, __ATOMIC_ACQUIRE) ||
           expires_ms <= __atomic_load_n(&sweeping_ms, __ATOMIC_ACQUIRE);
}

int64_t ward_expiry_sweep_begin(int64_t now_ms)
{
    if (is_swept)
        __atomic_store_n(&sweeping_ms, NOTHING, __ATOMIC_RELEASE);
    is_swept = false;
    int64_t seen = __atomic_load_n(&seen_ms, __ATOMIC_ACQUIRE);
    raise_to(&sweeping_ms, seen);
    /* Raised meanwhile: it stays for the next sweep. */
    __atomic_compare_exchange_n(&seen_ms, &seen, NOTHING, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    int64_t sweeping = __atomic_load_n(&sweeping_ms, __ATOMIC_RELAXED);
    return sweeping > now_ms ? sweeping : now_ms;
}

void ward_expiry_sweep_done(void)
{
    is_swept = true;
}
