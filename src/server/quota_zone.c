#include "server/quota_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DATABASE      "/usr/share/zoneinfo"
#define ZONE_NAME_MAX 64
#define OFFSET_MAX_H  14
#define DAY_S         INT64_C(86400)
#define LOOK_AHEAD    400 /* days: every rule there is comes round in a year */

static struct {
    bool is_in_database;
    int32_t offset_s;
} chosen;

/* Zones without changes, for hosts without a tz database. */
static const struct {
    const char *name;
    int32_t offset_s;
} known[] = { { "UTC", 0 }, { "Asia/Seoul", 9 * 3600 } };

static bool is_digits(const char *text)
{
    return text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
}

static bool read_offset(const char *text, int32_t *ret)
{
    if ((text[0] != '+' && text[0] != '-') || strlen(text) != 6 || text[3] != ':' || !is_digits(text + 1) ||
        !is_digits(text + 4))
        return false;
    int hours = 10 * (text[1] - '0') + text[2] - '0', minutes = 10 * (text[4] - '0') + text[5] - '0';
    if (minutes > 59 || hours * 60 + minutes > OFFSET_MAX_H * 60)
        return false;
    *ret = (text[0] == '-' ? -60 : 60) * (hours * 60 + minutes);
    return true;
}

/* The name becomes part of a path. */
static bool is_name(const char *text)
{
    size_t size = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-");
    return size > 0 && text[size] == '\0' && size <= ZONE_NAME_MAX && text[0] != '/';
}

static bool is_in_database(const char *name)
{
    char path[512];
    struct stat info;
    const char *database = getenv("TZDIR");
    int size = snprintf(path, sizeof(path), "%s/%s", database && *database ? database : DATABASE, name);
    return size > 0 && (size_t)size < sizeof(path) && stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static bool choose_database(const char *name, struct ward_failure *ret_why)
{
    char value[ZONE_NAME_MAX + 2];
    snprintf(value, sizeof(value), ":%s", name); /* the colon: a name, no rule written out */
    if (setenv("TZ", value, 1) != 0)
        return ward_fail(ret_why, WARD_EXIT_IO, "the time zone %.64s cannot be set: out of memory", name);
    tzset();
    chosen.is_in_database = true;
    return true;
}

bool ward_quota_zone_choose(const char *text, struct ward_failure *ret_why)
{
    chosen.is_in_database = false;
    if (read_offset(text, &chosen.offset_s))
        return true;
    if (is_name(text) && is_in_database(text))
        return choose_database(text, ret_why);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        chosen.offset_s = known[i].offset_s;
        if (strcmp(known[i].name, text) == 0)
            return true;
    }
    chosen.offset_s = 0;
    return ward_fail(
        ret_why, WARD_EXIT_USAGE,
        "--quota-zone %.64s is no time zone of this host; write a name like Asia/Seoul (the package tzdata "
        "has them), UTC, or an offset like +09:00",
        text);
}

static int32_t offset_at(int64_t now_s)
{
    time_t now = (time_t)now_s;
    struct tm local;
    if (!chosen.is_in_database || !localtime_r(&now, &local))
        return chosen.offset_s;
    return (int32_t)local.tm_gmtoff;
}

/* The first second with another offset, between one with the first and one with another. */
static int64_t find_change(int64_t before_s, int64_t behind_s)
{
    int32_t offset_s = offset_at(before_s);
    while (behind_s - before_s > 1) {
        int64_t middle_s = before_s + (behind_s - before_s) / 2;
        if (offset_at(middle_s) == offset_s)
            before_s = middle_s;
        else
            behind_s = middle_s;
    }
    return behind_s;
}

void ward_quota_zone_at(int64_t now_ms, struct ward_zone *ret)
{
    int64_t now_s = now_ms / 1000;
    int32_t offset_s = offset_at(now_s);
    *ret = (struct ward_zone){ .offset_s = offset_s, .next_offset_s = offset_s };
    for (int day = 1; chosen.is_in_database && day <= LOOK_AHEAD; day++) {
        int64_t then_s = now_s + day * DAY_S;
        if (offset_at(then_s) == offset_s)
            continue;
        int64_t change_s = find_change(then_s - DAY_S, then_s);
        ret->until_ms = change_s * 1000;
        ret->next_offset_s = offset_at(change_s);
        return;
    }
}
