/*
 * A counter is two words, changed by compare-and-swap only:
 *
 *   window = (s, end)      the window of sequence s ends at `end`
 *   count  = (t, n)        n attempts were counted in the window of sequence t
 *
 *   open:  window not running  →  CAS window (s, end) → (s+1, now + ttl)
 *   count: W1 = window; C = count; W2 = window, again if W1 ≠ W2; then, with s the sequence of W1,
 *          CAS count  C = (s, n) → (s, n+1)      or  C = (t≠s, n) → (s, 1)
 *          and the attempt is allowed if the number just stored is at most `limit`.
 *
 * Why exactly `limit` attempts pass in a window:
 *
 *  1. The sequence of `window` goes up by one with each opening, by one winner of its CAS; whoever loses reads again.
 *     So a sequence names one window.
 *  2. `count` only ever moves to the sequence of a `window` that its mover has seen, and never back. To move C to
 *     (s, …) the mover saw W1 = W2 around its load of C. If C already belonged to a later sequence u, somebody had seen
 *     window u before storing it, hence before W2 was loaded, and W2 would show u or later: W1 ≠ W2, and the mover
 *     reads again. So where t ≠ s, t is older. If `count` moves on after the check, C is no longer its value and the
 *     CAS fails.
 *  3. Therefore the successful CASes that store sequence s form one chain (s,1), (s,2), … without gap or repetition:
 *     two openers never both count 1, and a number is handed to one attempt only. At most `limit` of them are ≤ limit.
 *  4. A thread stopped between its check and its CAS, while the window ends, either finds `count` untouched (then its
 *     attempt is still counted in the ended window, in which it was made, and the next window starts at (s+1, 1) from
 *     whatever n that left) or moved on (then its CAS fails and it begins again in the new window). An ended window's
 *     number never becomes a new one's.
 *  5. A thread or process killed anywhere leaves a window that is open with `count` behind it: read as zero attempts.
 *     Nobody ever waits for anybody: a CAS that fails means that another one succeeded.
 *
 * 20 bits of sequence come round after a million windows; a value would have to sleep through exactly that many.
 *
 * Clock. A window ends when now ≥ end. If now is more than ttl before its start the clock was set back, and waiting for
 * `end` could last for ever: it ends too. The start is not stored; end − 2·guard is never later than start − ttl, since
 * guard_ms is at least the ttl of the window and at least today's. An attempt that was stopped for so long between
 * reading the clock and coming here would look the same, and would end a window early; so before believing it the clock
 * is read again.
 *
 * Freed counters. The writer clears the owner first, then moves both words to a sequence of their own. An attempt loads
 * the owner after both words: if it finds its own id, the words were those of its credential, and if the counter is
 * freed later its CAS fails. So an attempt by a dead record never falls to the counter's next owner.
 */
#include "table/limit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/seam.h"
#include "table/limit_words.h"

static int64_t clamp_now(int64_t now_ms)
{
    const int64_t latest = (int64_t)WORD_VALUE_MAX - INT64_C(1000) * WARD_RATE_LIMIT_TTL_MAX;
    return now_ms < 0 ? 0 : now_ms > latest ? latest : now_ms;
}

static int64_t guard_of(const struct ward_limit_counter *counter, int64_t ttl_ms)
{
    const uint64_t longest = UINT64_C(1000) * WARD_RATE_LIMIT_TTL_MAX;
    uint64_t guard = __atomic_load_n(&counter->guard_ms, __ATOMIC_ACQUIRE);
    if (guard > longest)
        guard = longest;
    return (int64_t)guard > ttl_ms ? (int64_t)guard : ttl_ms;
}

static bool is_ended(uint64_t window, int64_t guard_ms, int64_t *now_ms)
{
    int64_t end_ms = (int64_t)word_value(window), earliest_ms = end_ms - 2 * guard_ms;
    if (*now_ms < earliest_ms)
        *now_ms = clamp_now(ward_now_ms()); /* read after `window`: earlier than its start only if the clock was set */
    return *now_ms >= end_ms || *now_ms < earliest_ms;
}

static void fill_state(struct ward_limit_state *ret, uint64_t limit, uint64_t consumed, int64_t reset_ms, bool allowed)
{
    *ret = (struct ward_limit_state){ .limit = limit,
                                      .consumed = consumed,
                                      .remaining = consumed < limit ? limit - consumed : 0,
                                      .reset_ms = reset_ms,
                                      .is_allowed = allowed };
}

bool ward_limit_count(struct ward_limit_counter *counter, const struct ward_uuid *id, uint64_t limit, uint32_t ttl_s,
                      int64_t now_ms, bool peek, struct ward_limit_state *ret)
{
    int64_t ttl_ms = INT64_C(1000) * (ttl_s < 1                         ? 1
                                      : ttl_s > WARD_RATE_LIMIT_TTL_MAX ? WARD_RATE_LIMIT_TTL_MAX
                                                                        : ttl_s);
    now_ms = clamp_now(now_ms);

    for (;;) {
        uint64_t window = __atomic_load_n(&counter->window, __ATOMIC_ACQUIRE);
        uint64_t count = __atomic_load_n(&counter->count, __ATOMIC_ACQUIRE);
        if (!ward_limit_is_owner(counter, id))
            return false;

        if (is_ended(window, guard_of(counter, ttl_ms), &now_ms)) {
            if (peek) {
                fill_state(ret, limit, 0, now_ms + ttl_ms, limit > 0);
                return true;
            }
            uint64_t opened = word_make(word_sequence(window) + 1, (uint64_t)(now_ms + ttl_ms));
            __atomic_compare_exchange_n(&counter->window, &window, opened, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
            continue;
        }

        uint64_t consumed = word_sequence(count) == word_sequence(window) ? word_value(count) : 0;
        if (__atomic_load_n(&counter->window, __ATOMIC_ACQUIRE) != window)
            continue;
        if (peek) {
            fill_state(ret, limit, consumed, (int64_t)word_value(window), consumed < limit);
            return true;
        }
        consumed = consumed < WORD_VALUE_MAX ? consumed + 1 : consumed;
        uint64_t counted = word_make(word_sequence(window), consumed);
        if (__atomic_compare_exchange_n(&counter->count, &count, counted, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            fill_state(ret, limit, consumed, (int64_t)word_value(window), consumed <= limit);
            return true;
        }
    }
}

struct ward_limits_header ward_limits_header_make(uint64_t id)
{
    struct ward_limits_header header = { .magic = WARD_LIMITS_MAGIC, .format = WARD_LIMITS_FORMAT, .id = id };
    header.check = ward_check(&header.id, sizeof(header.id), WARD_LIMITS_FORMAT);
    return header;
}

/* Read what a map of DIR/limits says of itself. WARD_INTEGRITY: it is none. */
static enum ward_status read_header(struct ward_limits_map *map)
{
    if (map->size < WARD_TABLE_PAGE + sizeof(struct ward_limit_counter))
        return WARD_INTEGRITY;
    uint64_t capacity = (map->size - WARD_TABLE_PAGE) / sizeof(struct ward_limit_counter);
    if (capacity > WARD_TABLE_RECORDS_MAX * UINT64_C(2))
        return WARD_INTEGRITY;
    struct ward_limits_header header;
    memcpy(&header, map->base, sizeof(header));
    struct ward_limits_header expected = ward_limits_header_make(header.id);
    if (memcmp(&header, &expected, sizeof(header)) != 0)
        return WARD_INTEGRITY;
    map->id = header.id;
    map->capacity = (uint32_t)capacity;
    map->live = (struct ward_limits_live *)(void *)((uint8_t *)map->base + WARD_LIMITS_LIVE_AT);
    map->counters = (struct ward_limit_counter *)(void *)((uint8_t *)map->base + WARD_TABLE_PAGE);
    return WARD_OK;
}

enum ward_status ward_limits_map_file(int fd, uint64_t size, struct ward_limits_map *ret)
{
    if (size < WARD_TABLE_PAGE || size > SIZE_MAX / 2)
        return WARD_INTEGRITY;
    struct ward_limits_map map = { .base = ward_table_map(fd, size, true), .size = size };
    if (map.base == NULL)
        return WARD_NO_MEMORY;
    enum ward_status status = read_header(&map);
    if (status != WARD_OK) {
        ward_limits_map_close(&map);
        return status;
    }
    *ret = map;
    return WARD_OK;
}

enum ward_status ward_limits_map_share(int fd, struct ward_limits_map *map)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return WARD_IO;
    return ward_map_share(&stat, -1, map->base, map->size, &map->shared);
}

static enum ward_status take_shared(struct ward_map *shared, size_t size, struct ward_limits_map *ret)
{
    struct ward_limits_map map = { .base = ward_map_base(shared), .size = size, .shared = shared };
    enum ward_status status = read_header(&map);
    if (status != WARD_OK) {
        ward_map_release(shared);
        return status;
    }
    *ret = map;
    return WARD_OK;
}

enum ward_status ward_limits_map_open(const char *path, struct ward_limits_map *ret)
{
    int fd;
    struct stat stat;
    enum ward_status status = ward_table_file_open(path, true, &fd, &stat);
    if (status != WARD_OK)
        return status;
    struct ward_map *shared = ward_map_take(&stat);
    status = shared != NULL ? take_shared(shared, (size_t)stat.st_size, ret)
                            : ward_limits_map_file(fd, (uint64_t)stat.st_size, ret);
    close(fd);
    return status;
}

void ward_limits_map_close(struct ward_limits_map *map)
{
    if (map->shared != NULL)
        ward_map_release(map->shared);
    else
        ward_table_unmap(map->base, map->size);
    *map = (struct ward_limits_map){ 0 };
}
