#include "base/iso8601.h"

#include "base/calendar.h"

enum { MS_PER_SECOND = 1000, SECONDS_PER_DAY = 86400, FRACTION_DIGITS_MAX = 9 };

#define MS_PER_DAY ((int64_t)SECONDS_PER_DAY * MS_PER_SECOND)

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

static void put_digits(char *text, size_t count, int64_t value)
{
    while (count > 0) {
        text[--count] = (char)('0' + value % 10);
        value /= 10;
    }
}

void ward_iso8601_format(int64_t ms, char text[WARD_ISO8601_MS_CHARS + 1])
{
    ms = ms < WARD_TIME_MIN_MS ? WARD_TIME_MIN_MS : ms > WARD_TIME_MAX_MS ? WARD_TIME_MAX_MS : ms;
    int64_t days = ms / MS_PER_DAY - (ms % MS_PER_DAY < 0); /* rounded down: times before 1970 count forwards too */
    int64_t ms_of_day = ms - days * MS_PER_DAY;
    struct ward_date date = ward_date_from_days(days);

    memcpy(text, "YYYY-MM-DDThh:mm:ss.fffZ", WARD_ISO8601_MS_CHARS + 1);
    put_digits(text, 4, date.year);
    put_digits(text + 5, 2, date.month);
    put_digits(text + 8, 2, date.day);
    put_digits(text + 11, 2, ms_of_day / 3600000);
    put_digits(text + 14, 2, ms_of_day / 60000 % 60);
    put_digits(text + 17, 2, ms_of_day / 1000 % 60);
    put_digits(text + 20, 3, ms_of_day % 1000);
}

void ward_iso8601_format_s(int64_t ms, char text[WARD_ISO8601_S_CHARS + 1])
{
    char full[WARD_ISO8601_MS_CHARS + 1];
    ward_iso8601_format(ms, full);
    memcpy(text, full, WARD_ISO8601_S_CHARS - 1);
    memcpy(text + WARD_ISO8601_S_CHARS - 1, "Z", 2);
}

/* The readers below take what they understand from the front of the text. */

static bool take_char(struct ward_span *text, char c)
{
    if (text->size == 0 || text->data[0] != c) {
        return false;
    }
    *text = ward_span(text->data + 1, text->size - 1);
    return true;
}

static bool take_number(struct ward_span *text, size_t digits, int64_t min, int64_t max, int64_t *ret)
{
    if (text->size < digits) {
        return false;
    }
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text->data[i] < '0' || text->data[i] > '9') {
            return false;
        }
        value = value * 10 + (text->data[i] - '0');
    }
    if (value < min || value > max) {
        return false;
    }
    *text = ward_span(text->data + digits, text->size - digits);
    *ret = value;
    return true;
}

static bool take_date(struct ward_span *text, int64_t *ret_days)
{
    int64_t year;
    int64_t month;
    int64_t day;
    if (!take_number(text, 4, 1, 9999, &year) || !take_char(text, '-') || !take_number(text, 2, 1, 12, &month) ||
        !take_char(text, '-') || !take_number(text, 2, 1, days_in_month(year, month), &day)) {
        return false;
    }
    *ret_days = ward_date_to_days(year, month, day);
    return true;
}

/* Take 1 to 9 digits after the dot; those after the third are read and dropped. */
static bool take_fraction(struct ward_span *text, int64_t *ret_ms)
{
    int64_t ms = 0;
    int64_t weight = 100;
    size_t digits = 0;
    for (int64_t digit; take_number(text, 1, 0, 9, &digit); digits++) {
        ms += digit * weight;
        weight /= 10;
    }
    *ret_ms = ms;
    return digits >= 1 && digits <= FRACTION_DIGITS_MAX;
}

static bool take_time(struct ward_span *text, int64_t *ret_ms)
{
    int64_t hour;
    int64_t minute;
    int64_t second = 0;
    int64_t fraction_ms = 0;
    if (!take_number(text, 2, 0, 23, &hour) || !take_char(text, ':') || !take_number(text, 2, 0, 59, &minute)) {
        return false;
    }
    if (take_char(text, ':')) {
        if (!take_number(text, 2, 0, 59, &second) || (take_char(text, '.') && !take_fraction(text, &fraction_ms))) {
            return false;
        }
    }
    *ret_ms = ((hour * 60 + minute) * 60 + second) * MS_PER_SECOND + fraction_ms;
    return true;
}

/* Take Z, +hh:mm, +hhmm or nothing: how far the clock of the text is ahead of UTC. */
static bool take_zone(struct ward_span *text, int64_t *ret_ahead_ms)
{
    *ret_ahead_ms = 0;
    if (text->size == 0 || take_char(text, 'Z')) {
        return true;
    }
    bool is_ahead = take_char(text, '+');
    if (!is_ahead && !take_char(text, '-')) {
        return false;
    }
    int64_t hours;
    int64_t minutes;
    if (!take_number(text, 2, 0, 23, &hours)) {
        return false;
    }
    (void)take_char(text, ':');
    if (!take_number(text, 2, 0, 59, &minutes)) {
        return false;
    }
    *ret_ahead_ms = (hours * 60 + minutes) * 60 * MS_PER_SECOND * (is_ahead ? 1 : -1);
    return true;
}

bool ward_iso8601_parse(struct ward_span text, int64_t *ret_ms)
{
    int64_t days;
    int64_t ms_of_day = 0;
    int64_t ahead_ms = 0;
    if (!take_date(&text, &days)) {
        return false;
    }
    if (text.size > 0) {
        if (!take_char(&text, 'T') && !take_char(&text, ' ')) {
            return false;
        }
        if (!take_time(&text, &ms_of_day) || !take_zone(&text, &ahead_ms) || text.size > 0) {
            return false;
        }
    }
    int64_t ms = days * MS_PER_DAY + ms_of_day - ahead_ms;
    if (ms < WARD_TIME_MIN_MS || ms > WARD_TIME_MAX_MS) { /* a zone may lead out of the years 1..9999 */
        return false;
    }
    *ret_ms = ms;
    return true;
}
