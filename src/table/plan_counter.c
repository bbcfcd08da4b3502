/*
 * A counter is one word, changed by compare-and-swap only:
 *
 *   word = (w, n)          n were counted in window w: a second, a calendar day or a calendar month
 *
 *   count: C = word; now w is the window of the clock; if n of C's window are fewer than the limit
 *          CAS  C = (w, n) → (w, n+1)      or, of an earlier window,  C = (v, n) → (w, 1)
 *   take back what was counted in w:  CAS  C = (w, n) → (w, n−1)  while n > 0
 *
 * Why exactly the limit pass in a window: the window and its number are one word, so each successful CAS found the
 * number that it goes on from, whatever happened since that was loaded. An attempt that found the limit reached stores
 * nothing; all others form one chain from 1 up to the limit, and what is taken back is given out again once. An attempt
 * that was stopped while its window ended either finds the word untouched, and is counted in the window in which it was
 * made, or fails and begins again. Nobody waits for anybody; who is killed leaves a word that is right.
 *
 * Two quotas are two words. The month is counted first; when the day refuses, the month's is taken back. Killed between
 * the two, an attempt that got no answer stays counted.
 *
 * Clock. Windows do not go back: while the clock shows the window before the counter's, counting goes on in the
 * counter's. When it shows an earlier one, it was set back by more than a whole window, and waiting could last for
 * ever: the clock's window begins anew. An attempt that was stopped for long after reading the clock would look the
 * same, so the clock is read again first.
 *
 * Counters that change hands. The writer clears the owner, then the words, then sets the next owner. An attempt loads
 * the owner after the word: its own id says that the word was its own. If the counter is given to another afterwards,
 * the CAS succeeds only if the other counted up to the very same number in the same window meanwhile; so the owner is
 * looked at once more, and the step is undone.
 */
#include "table/plan_counter.h"

#include "base/seam.h"
#include "table/limit_words.h"

#define RATE_BITS 32
#define UNLIMITED UINT64_MAX

/* ---- the clock ---- */

static bool is_within(const struct ward_window *window, int64_t now_ms)
{
    return now_ms >= window->start_ms && now_ms < window->end_ms;
}

void ward_plan_clock_set(struct ward_plan_clock *clock, uint64_t packed_zone, int64_t now_ms)
{
    int64_t second = now_ms < 0 ? 0 : now_ms / 1000 > UINT32_MAX ? UINT32_MAX : now_ms / 1000;
    bool is_same_day = clock->packed_zone == packed_zone && is_within(&clock->day, now_ms) &&
                       is_within(&clock->month, now_ms);
    clock->second = (struct ward_window){ second, second * 1000, (second + 1) * 1000 };
    if (is_same_day)
        return;
    ward_zone_unpack(packed_zone, &clock->zone);
    clock->packed_zone = packed_zone;
    ward_day_window(&clock->zone, now_ms, &clock->day);
    ward_month_window(&clock->zone, now_ms, &clock->month);
}

/* ---- one word ---- */

enum span { SECOND, DAY, MONTH };

static unsigned value_bits(enum span span)
{
    return span == SECOND ? RATE_BITS : WORD_VALUE_BITS;
}

static uint64_t value_max(enum span span)
{
    return (UINT64_C(1) << value_bits(span)) - 1;
}

static uint64_t number_of(enum span span, uint64_t word)
{
    return word >> value_bits(span);
}

static uint64_t value_of(enum span span, uint64_t word)
{
    return word & value_max(span);
}

static uint64_t make_word(enum span span, uint64_t number, uint64_t value)
{
    return number << value_bits(span) | value;
}

static const struct ward_window *window_now(const struct ward_plan_clock *clock, enum span span)
{
    return span == SECOND ? &clock->second : span == DAY ? &clock->day : &clock->month;
}

static uint64_t number_now(const struct ward_plan_clock *clock, enum span span)
{
    uint64_t number = (uint64_t)window_now(clock, span)->number, most = UINT64_MAX >> value_bits(span);
    return number < most ? number : most;
}

/* The window that is counted in: the clock's, or the one after it when the counter is there already. */
static uint64_t find_window(enum span span, uint64_t word, struct ward_plan_clock *clock)
{
    uint64_t held = number_of(span, word);
    if (held > number_now(clock, span) + 1)
        ward_plan_clock_set(clock, clock->packed_zone, ward_now_ms()); /* read after the word */
    uint64_t now = number_now(clock, span);
    return held == now + 1 ? held : now;
}

static int64_t end_of(enum span span, uint64_t number, const struct ward_plan_clock *clock)
{
    struct ward_window window = *window_now(clock, span);
    if (number == (uint64_t)window.number)
        return window.end_ms;
    if (span == SECOND)
        return (int64_t)(number + 1) * 1000;
    if (span == DAY)
        ward_day_window_at(&clock->zone, (int64_t)number, &window);
    else
        ward_month_window_at(&clock->zone, (int64_t)number, &window);
    return window.end_ms;
}

static bool swap(uint64_t *at, uint64_t *expected, uint64_t desired)
{
    return __atomic_compare_exchange_n(at, expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Undo a step that fell to the counter's next owner. */
static void undo_step(uint64_t *at, enum span span, uint64_t number, bool was_up)
{
    uint64_t word = __atomic_load_n(at, __ATOMIC_ACQUIRE), bound = was_up ? 0 : value_max(span);
    while (number_of(span, word) == number && value_of(span, word) != bound &&
           !swap(at, &word, was_up ? word - 1 : word + 1)) {
    }
}

static bool take_back(struct ward_limit_counter *counter, const struct ward_uuid *owner, uint64_t *at, enum span span,
                      uint64_t number)
{
    bool is_taken = false;
    while (!is_taken) {
        uint64_t word = __atomic_load_n(at, __ATOMIC_ACQUIRE);
        if (!ward_limit_is_owner(counter, owner))
            return false;
        if (number_of(span, word) != number || value_of(span, word) == 0)
            return true;
        is_taken = swap(at, &word, word - 1);
    }
    if (ward_limit_is_owner(counter, owner))
        return true;
    undo_step(at, span, number, false);
    return false;
}

struct standing {
    uint64_t number, value;
    bool is_allowed;
};

static bool count(struct ward_limit_counter *counter, const struct ward_uuid *owner, uint64_t *at, enum span span,
                  uint64_t limit, struct ward_plan_clock *clock, bool peek, struct standing *ret)
{
    for (;;) {
        uint64_t word = __atomic_load_n(at, __ATOMIC_ACQUIRE);
        if (!ward_limit_is_owner(counter, owner))
            return false;
        uint64_t number = find_window(span, word, clock);
        uint64_t value = number_of(span, word) == number ? value_of(span, word) : 0;
        bool is_allowed = value < limit;
        *ret = (struct standing){ number, value, is_allowed };
        if (peek || !is_allowed || value == value_max(span))
            return true;
        ret->value++;
        if (swap(at, &word, make_word(span, number, value + 1)))
            break;
    }
    if (ward_limit_is_owner(counter, owner))
        return true;
    undo_step(at, span, ret->number, true);
    return false;
}

static void fill_state(struct ward_limit_state *ret, enum span span, const struct standing *standing, uint64_t limit,
                       const struct ward_plan_clock *clock)
{
    bool has_limit = limit != UNLIMITED;
    *ret = (struct ward_limit_state){ .limit = has_limit ? limit : 0,
                                      .consumed = standing->value,
                                      .remaining = has_limit && standing->value < limit ? limit - standing->value : 0,
                                      .reset_ms = end_of(span, standing->number, clock),
                                      .is_allowed = standing->is_allowed };
}

/* ---- a relation's words ---- */

bool ward_plan_count_call(struct ward_limit_counter *counter, const struct ward_uuid *owner,
                          struct ward_plan_clock *clock)
{
    struct standing standing;
    return count(counter, owner, &counter->plan.day_calls, DAY, UNLIMITED, clock, false, &standing) &&
           count(counter, owner, &counter->plan.month_calls, MONTH, UNLIMITED, clock, false, &standing);
}

bool ward_plan_count_rate(struct ward_limit_counter *counter, const struct ward_uuid *owner, uint32_t rate_rps,
                          struct ward_plan_clock *clock, bool peek, struct ward_limit_state *ret)
{
    struct standing standing;
    uint64_t limit = rate_rps > 0 ? rate_rps : UNLIMITED;
    if (!count(counter, owner, &counter->plan.rate, SECOND, limit, clock, peek || rate_rps == 0, &standing))
        return false;
    fill_state(ret, SECOND, &standing, limit, clock);
    return true;
}

static uint64_t limit_of(int64_t quota)
{
    return quota < 0 ? UNLIMITED : (uint64_t)quota;
}

bool ward_plan_count_quotas(struct ward_limit_counter *counter, const struct ward_uuid *owner,
                            const struct ward_plan_terms *terms, struct ward_plan_clock *clock, bool peek,
                            struct ward_quota_states *ret)
{
    struct standing month, day;
    struct ward_plan_words *words = &counter->plan;
    uint64_t month_limit = limit_of(terms->month_quota), day_limit = limit_of(terms->day_quota);
    if (!count(counter, owner, &words->month_used, MONTH, month_limit, clock, peek, &month))
        return false;
    bool is_look = peek || !month.is_allowed;
    if (!count(counter, owner, &words->day_used, DAY, day_limit, clock, is_look, &day)) {
        if (!is_look)
            take_back(counter, owner, &words->month_used, MONTH, month.number);
        return false;
    }
    if (!is_look && !day.is_allowed) {
        take_back(counter, owner, &words->month_used, MONTH, month.number);
        month.value--;
    }
    fill_state(&ret->month, MONTH, &month, month_limit, clock);
    fill_state(&ret->day, DAY, &day, day_limit, clock);
    ret->month_number = month.number;
    ret->day_number = day.number;
    return true;
}

bool ward_plan_take_back(struct ward_limit_counter *counter, const struct ward_uuid *owner, uint64_t day_number,
                         uint64_t month_number)
{
    bool is_taken = take_back(counter, owner, &counter->plan.day_used, DAY, day_number);
    return take_back(counter, owner, &counter->plan.month_used, MONTH, month_number) && is_taken;
}

bool ward_plan_read_usage(struct ward_limit_counter *counter, const struct ward_uuid *owner,
                          struct ward_plan_clock *clock, struct ward_plan_usage *ret)
{
    struct ward_plan_words *words = &counter->plan;
    struct standing day_used, day_calls, month_used, month_calls;
    if (!count(counter, owner, &words->day_used, DAY, UNLIMITED, clock, true, &day_used) ||
        !count(counter, owner, &words->day_calls, DAY, UNLIMITED, clock, true, &day_calls) ||
        !count(counter, owner, &words->month_used, MONTH, UNLIMITED, clock, true, &month_used) ||
        !count(counter, owner, &words->month_calls, MONTH, UNLIMITED, clock, true, &month_calls))
        return false;
    *ret = (struct ward_plan_usage){ day_used.value, day_calls.value, month_used.value, month_calls.value };
    return true;
}
