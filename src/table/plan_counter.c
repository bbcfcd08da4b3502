/*
 * A counter is one word, changed by compare-and-swap only:
 *
 *   word = (w, t, n)       n were counted in window w, a second, a day or a month; t is the owner's turn (below)
 *
 *   count: C = word; now w is the window of the clock; if n of C's window are fewer than the limit
 *          CAS  C = (w, t, n) → (w, t, n+1)      or, of an earlier window,  C = (v, t, n) → (w, t, 1)
 *   take back what was counted in w:  CAS  C = (w, t, n) → (w, t, n−1)  while n > 0
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
 * same, so the clock is read again first. Windows are compared modulo what a word has room for; a counter that rests
 * for half of that (half a year of seconds, 90 years of days) begins anew, as it would anyway.
 *
 * Counters that change hands. The writer clears the owner, and before it sets the next one gives all words the next
 * turn. An attempt loads the owner after the word: its own id says that the word was its own. If the counter is given
 * to another afterwards, the turn is another, and the CAS fails. A turn comes round after 256 owners.
 */
#include "table/plan_counter.h"

#include "base/iso8601.h"
#include "base/seam.h"

#define UNLIMITED UINT64_MAX

/* ---- the clock ---- */

static bool is_within(const struct ward_window *window, int64_t now_ms)
{
    return now_ms >= window->start_ms && now_ms < window->end_ms;
}

void ward_plan_clock_set(struct ward_plan_clock *clock, uint64_t packed_zone, int64_t now_ms)
{
    int64_t second = now_ms < 0 ? 0 : now_ms > WARD_TIME_MAX_MS ? WARD_TIME_MAX_MS / 1000 : now_ms / 1000;
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

/* Seconds: 25 bits of window, 8 of turn, 31 of value. Days and months: 16, 8 and 40. */
#define TURN_BITS        8
#define RATE_VALUE_BITS  31
#define QUOTA_VALUE_BITS 40
#define TURN_MASK        ((UINT64_C(1) << TURN_BITS) - 1)
_Static_assert(WARD_PLAN_RATE_MAX < INT64_C(1) << RATE_VALUE_BITS, "every rate can be counted to");

static unsigned value_bits(enum span span)
{
    return span == SECOND ? RATE_VALUE_BITS : QUOTA_VALUE_BITS;
}

static uint64_t value_max(enum span span)
{
    return (UINT64_C(1) << value_bits(span)) - 1;
}

static uint64_t number_mask(enum span span)
{
    return UINT64_MAX >> (value_bits(span) + TURN_BITS);
}

static uint64_t number_of(enum span span, uint64_t word)
{
    return word >> (value_bits(span) + TURN_BITS);
}

static uint64_t turn_of(enum span span, uint64_t word)
{
    return word >> value_bits(span) & TURN_MASK;
}

static uint64_t value_of(enum span span, uint64_t word)
{
    return word & value_max(span);
}

static uint64_t make_word(enum span span, uint64_t number, uint64_t turn, uint64_t value)
{
    return (number & number_mask(span)) << (value_bits(span) + TURN_BITS) | turn << value_bits(span) | value;
}

static const struct ward_window *window_now(const struct ward_plan_clock *clock, enum span span)
{
    return span == SECOND ? &clock->second : span == DAY ? &clock->day : &clock->month;
}

static uint64_t number_now(const struct ward_plan_clock *clock, enum span span)
{
    return (uint64_t)window_now(clock, span)->number;
}

/* By how many windows a word is ahead of the clock; what is behind counts as none. */
static uint64_t windows_ahead(enum span span, uint64_t word, const struct ward_plan_clock *clock)
{
    uint64_t mask = number_mask(span), ahead = (number_of(span, word) - number_now(clock, span)) & mask;
    return ahead <= mask / 2 ? ahead : 0;
}

/* The window that is counted in: the clock's, or the one after it when the counter is there already. */
static uint64_t find_window(enum span span, uint64_t word, struct ward_plan_clock *clock)
{
    if (windows_ahead(span, word, clock) > 1)
        ward_plan_clock_set(clock, clock->packed_zone, ward_now_ms()); /* read after the word */
    return number_now(clock, span) + (windows_ahead(span, word, clock) == 1);
}

static bool is_in_window(enum span span, uint64_t word, uint64_t number)
{
    return number_of(span, word) == (number & number_mask(span));
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

static bool swap(uint64_t *at, uint64_t expected, uint64_t desired)
{
    return __atomic_compare_exchange_n(at, &expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static bool take_back(struct ward_limit_counter *counter, const struct ward_uuid *owner, uint64_t *at, enum span span,
                      uint64_t number)
{
    for (;;) {
        uint64_t word = __atomic_load_n(at, __ATOMIC_ACQUIRE);
        if (!ward_limit_is_owner(counter, owner))
            return false;
        if (!is_in_window(span, word, number) || value_of(span, word) == 0 || swap(at, word, word - 1))
            return true;
    }
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
        uint64_t value = is_in_window(span, word, number) ? value_of(span, word) : 0;
        *ret = (struct standing){ number, value, value < limit };
        if (peek || !ret->is_allowed || value == value_max(span))
            return true;
        ret->value++;
        if (swap(at, word, make_word(span, number, turn_of(span, word), value + 1)))
            return true;
    }
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

void ward_plan_words_hand_over(struct ward_plan_words *words)
{
    uint64_t turn = (turn_of(MONTH, __atomic_load_n(&words->month_calls, __ATOMIC_ACQUIRE)) + 1) & TURN_MASK;
    __atomic_store_n(&words->rate, make_word(SECOND, 0, turn, 0), __ATOMIC_RELEASE);
    __atomic_store_n(&words->day_used, make_word(DAY, 0, turn, 0), __ATOMIC_RELEASE);
    __atomic_store_n(&words->day_calls, make_word(DAY, 0, turn, 0), __ATOMIC_RELEASE);
    __atomic_store_n(&words->month_used, make_word(MONTH, 0, turn, 0), __ATOMIC_RELEASE);
    __atomic_store_n(&words->month_calls, make_word(MONTH, 0, turn, 0), __ATOMIC_RELEASE);
}

/* A day behind UTC is behind every zone's clock: the month that is told from there ends no earlier than anybody's. */
bool ward_plan_words_matter(const struct ward_plan_words *words, int64_t now_ms)
{
    static const struct ward_zone utc;
    struct ward_plan_clock clock = { 0 };
    ward_plan_clock_set(&clock, ward_zone_pack(&utc), now_ms - INT64_C(24) * 60 * 60 * 1000);
    const uint64_t *const months[] = { &words->month_calls, &words->month_used };
    for (size_t i = 0; i < sizeof(months) / sizeof(months[0]); i++) {
        uint64_t word = __atomic_load_n(months[i], __ATOMIC_ACQUIRE);
        bool is_ahead = windows_ahead(MONTH, word, &clock) > 0;
        if (value_of(MONTH, word) > 0 && (is_ahead || is_in_window(MONTH, word, number_now(&clock, MONTH))))
            return true;
    }
    return false;
}

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
