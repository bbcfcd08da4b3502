/* Times as text. All of Ward counts milliseconds since 1970-01-01T00:00:00Z in an int64_t. */
#ifndef WARD_BASE_ISO8601_H
#define WARD_BASE_ISO8601_H

#include <stdint.h>

#include "base/span.h"

#define WARD_ISO8601_MS_CHARS 24                       /* 2024-11-03T17:09:01.623Z */
#define WARD_ISO8601_S_CHARS  20                       /* 2024-11-03T17:09:01Z */
#define WARD_TIME_NONE        INT64_MIN                /* "no time": never expires, not used yet */
#define WARD_TIME_MIN_MS      INT64_C(-62135596800000) /* 0001-01-01T00:00:00.000Z */
#define WARD_TIME_MAX_MS      INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/** Write a time with milliseconds and a closing NUL. ms is clamped to the years 1..9999. */
void ward_iso8601_format(int64_t ms, char text[WARD_ISO8601_MS_CHARS + 1]);

/** Write a time in whole seconds, rounded down. */
void ward_iso8601_format_s(int64_t ms, char text[WARD_ISO8601_S_CHARS + 1]);

/**
 * Read an ISO 8601 date or date-time.
 *
 * Shape:   YYYY-MM-DD; with T or a blank and hh:mm[:ss[.f…]]; zone Z, ±hh:mm, ±hhmm or none (= UTC); year 0001..9999;
 *          real calendar days only; a fraction of 1..9 digits is cut to milliseconds; seconds 00..59.
 * Source:  contracts/theauthapi.md 3.1.
 */
bool ward_iso8601_parse(struct ward_span text, int64_t *ret_ms);

#endif
