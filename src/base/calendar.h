/*
 * Calendar days and months of a time zone, as numbers that go up by one. Pure: what the zone's clock does is handed in,
 * two offsets and the moment between them, so that a verifier needs no time zone database.
 */
#ifndef WARD_BASE_CALENDAR_H
#define WARD_BASE_CALENDAR_H

#include <stdint.h>

#define WARD_ZONE_OFFSET_MAX_S (26 * 3600) /* no place on earth is further from UTC */

/** A zone's clock around now. The zero struct is UTC. */
struct ward_zone {
    int32_t offset_s;      /* east of UTC, before until_ms */
    int32_t next_offset_s; /* from until_ms on */
    int64_t until_ms;      /* the next transition; none in sight: any time with equal offsets */
};

/* ---- dates of the proleptic Gregorian calendar ---- */

struct ward_date {
    int64_t year, month, day; /* month and day from 1 */
};

/** Days from 1970-01-01 to a date, and back. Shape: years 1..9999. */
int64_t ward_date_to_days(int64_t year, int64_t month, int64_t day);
struct ward_date ward_date_from_days(int64_t days);

/* ---- windows ---- */

/** A calendar day or month. */
struct ward_window {
    int64_t number; /* days, or months, since 1970-01; one more for the next */
    int64_t start_ms, end_ms;
};

/**
 * Find the calendar day, or month, that a moment falls into.
 *
 * Shape:   now_ms is clamped to the years 1970..9999.
 * Errors:  none. Start and end are right when at most one transition lies between them and now, and it is the zone's;
 *          the number is right whenever the offset is.
 * Threads: any.
 */
void ward_day_window(const struct ward_zone *zone, int64_t now_ms, struct ward_window *ret);
void ward_month_window(const struct ward_zone *zone, int64_t now_ms, struct ward_window *ret);

/** The window of a number: what a counter that is ahead of the clock still belongs to. */
void ward_day_window_at(const struct ward_zone *zone, int64_t number, struct ward_window *ret);
void ward_month_window_at(const struct ward_zone *zone, int64_t number, struct ward_window *ret);

/** The zone in one word, for one atomic store: offsets in seconds, the transition rounded up to a minute. */
uint64_t ward_zone_pack(const struct ward_zone *zone);
void ward_zone_unpack(uint64_t packed, struct ward_zone *ret);

#endif
