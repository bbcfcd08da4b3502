/*
 * The time zone whose days and months the quotas of usage plans count by. Chosen once, before there are threads: the
 * zones of the tz database are read by the C library, which keeps one for the whole process (TZ). Nothing else in Ward
 * uses local time.
 */
#ifndef WARD_SERVER_QUOTA_ZONE_H
#define WARD_SERVER_QUOTA_ZONE_H

#include "base/calendar.h"
#include "server/failure.h"

#define WARD_QUOTA_ZONE_REFRESH_MS 3600000

/**
 * Choose the zone.
 *
 * Shape:   a name of the tz database (Asia/Seoul), UTC, or an offset, ±hh:mm up to 14 hours. Asia/Seoul and UTC are
 *          known without a database.
 * Errors:  false, with what to do: not such a name, or a host without it.
 */
bool ward_quota_zone_choose(const char *text, struct ward_failure *ret_why);

/** What the chosen zone's clock does around now; UTC if none was chosen. Looks a year ahead. Threads: any. */
void ward_quota_zone_at(int64_t now_ms, struct ward_zone *ret);

#endif
