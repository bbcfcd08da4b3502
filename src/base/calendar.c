#include "base/calendar.h"

#include "base/iso8601.h"

#define MS_PER_DAY    INT64_C(86400000)
#define MS_PER_MINUTE INT64_C(60000)

/* Days before a year and a month, counted from 1970. Years begin in March here, so that the leap day is the last one
 * and needs no case of its own. */
int64_t ward_date_to_days(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400; /* the smallest year asked for is 0, so this never rounds the wrong way */
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct ward_date ward_date_from_days(int64_t days)
{
    days += 719468; /* from 0000-03-01; positive for every year that Ward knows */
    int64_t era = days / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    return (struct ward_date){ .year = year_of_era + era * 400 + (month <= 2),
                               .month = month,
                               .day = day_of_year - (153 * shifted_month + 2) / 5 + 1 };
}

/* ---- windows ---- */

static int64_t bound_offset(int64_t offset_s)
{
    return offset_s < -WARD_ZONE_OFFSET_MAX_S  ? -WARD_ZONE_OFFSET_MAX_S
           : offset_s > WARD_ZONE_OFFSET_MAX_S ? WARD_ZONE_OFFSET_MAX_S
                                               : offset_s;
}

static int64_t offset_ms(int32_t offset_s)
{
    return 1000 * bound_offset(offset_s);
}

static int64_t local_at(const struct ward_zone *zone, int64_t now_ms)
{
    now_ms = now_ms < 0 ? 0 : now_ms > WARD_TIME_MAX_MS ? WARD_TIME_MAX_MS : now_ms;
    int64_t local_ms = now_ms + offset_ms(now_ms < zone->until_ms ? zone->offset_s : zone->next_offset_s);
    return local_ms < 0 ? 0 : local_ms; /* the last hours of 1969, west of Greenwich */
}

/* The moment at which a zone's clock first shows a time; if it skips it, the moment of the skip. */
static int64_t moment_of(const struct ward_zone *zone, int64_t local_ms)
{
    int64_t before_ms = local_ms - offset_ms(zone->offset_s);
    if (before_ms < zone->until_ms)
        return before_ms;
    int64_t behind_ms = local_ms - offset_ms(zone->next_offset_s);
    return behind_ms > zone->until_ms ? behind_ms : zone->until_ms;
}

static int64_t month_start(int64_t number)
{
    return ward_date_to_days(1970 + number / 12, number % 12 + 1, 1) * MS_PER_DAY;
}

void ward_day_window_at(const struct ward_zone *zone, int64_t number, struct ward_window *ret)
{
    *ret = (struct ward_window){ .number = number,
                                 .start_ms = moment_of(zone, number * MS_PER_DAY),
                                 .end_ms = moment_of(zone, (number + 1) * MS_PER_DAY) };
}

void ward_month_window_at(const struct ward_zone *zone, int64_t number, struct ward_window *ret)
{
    *ret = (struct ward_window){ .number = number,
                                 .start_ms = moment_of(zone, month_start(number)),
                                 .end_ms = moment_of(zone, month_start(number + 1)) };
}

void ward_day_window(const struct ward_zone *zone, int64_t now_ms, struct ward_window *ret)
{
    ward_day_window_at(zone, local_at(zone, now_ms) / MS_PER_DAY, ret);
}

void ward_month_window(const struct ward_zone *zone, int64_t now_ms, struct ward_window *ret)
{
    struct ward_date date = ward_date_from_days(local_at(zone, now_ms) / MS_PER_DAY);
    ward_month_window_at(zone, (date.year - 1970) * 12 + date.month - 1, ret);
}

/* ---- one word: offset (18 bits), next offset (18), minutes to the transition (28) ---- */

#define OFFSET_BITS 18
#define UNTIL_BITS  28
#define OFFSET_MASK ((UINT64_C(1) << OFFSET_BITS) - 1)
#define UNTIL_MAX   ((INT64_C(1) << UNTIL_BITS) - 1)

_Static_assert(2 * OFFSET_BITS + UNTIL_BITS == 64, "a zone is one word");
_Static_assert(WARD_ZONE_OFFSET_MAX_S < 1 << (OFFSET_BITS - 1), "an offset and its sign fit");

static int32_t unpack_offset(uint64_t bits)
{
    int64_t offset_s = (int64_t)(bits & OFFSET_MASK);
    return (int32_t)bound_offset(offset_s >> (OFFSET_BITS - 1) ? offset_s - (INT64_C(1) << OFFSET_BITS) : offset_s);
}

uint64_t ward_zone_pack(const struct ward_zone *zone)
{
    int64_t minutes = zone->until_ms <= 0 ? 0 : zone->until_ms / MS_PER_MINUTE + (zone->until_ms % MS_PER_MINUTE > 0);
    uint64_t until = (uint64_t)(minutes > UNTIL_MAX ? UNTIL_MAX : minutes);
    uint64_t offset = (uint64_t)bound_offset(zone->offset_s) & OFFSET_MASK;
    uint64_t next_offset = (uint64_t)bound_offset(zone->next_offset_s) & OFFSET_MASK;
    return offset << (OFFSET_BITS + UNTIL_BITS) | next_offset << UNTIL_BITS | until;
}

void ward_zone_unpack(uint64_t packed, struct ward_zone *ret)
{
    *ret = (struct ward_zone){ .offset_s = unpack_offset(packed >> (OFFSET_BITS + UNTIL_BITS)),
                               .next_offset_s = unpack_offset(packed >> UNTIL_BITS),
                               .until_ms = (int64_t)(packed & UNTIL_MAX) * MS_PER_MINUTE };
}
