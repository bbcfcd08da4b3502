/* Whole numbers from the text of a JSON number, digit by digit: no double stands between, so nothing is rounded. */
#include "json/json.h"

#include "base/limits.h"

enum { EXPONENT_CAP = 9999, WHOLE_DIGITS_MAX = 16 };

static const uint64_t whole_max = UINT64_C(1) << 53;

/* The value is digits × 10^power; digits has neither leading nor trailing zeros. */
struct decimal {
    char digits[WARD_JSON_NUMBER_MAX];
    size_t count;
    int64_t power;
    bool is_negative;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Read the exponent behind its e. Beyond the cap its exact size no longer matters to 64 digits. */
static int64_t read_exponent(struct ward_span text)
{
    bool is_negative = text.size > 0 && text.data[0] == '-';
    int64_t exponent = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (is_digit(text.data[i]) && exponent < EXPONENT_CAP) {
            exponent = exponent * 10 + (text.data[i] - '0');
        }
    }
    return is_negative ? -exponent : exponent;
}

static struct decimal read_decimal(struct ward_span text)
{
    struct decimal number = { .is_negative = text.data[0] == '-' };
    bool is_in_fraction = false;
    for (size_t i = number.is_negative; i < text.size; i++) {
        char c = text.data[i];
        if (c == 'e' || c == 'E') {
            number.power += read_exponent(ward_span(text.data + i + 1, text.size - i - 1));
            break;
        }
        if (c == '.') {
            is_in_fraction = true;
            continue;
        }
        number.power -= is_in_fraction;
        if (c != '0' || number.count > 0) {
            number.digits[number.count++] = c;
        }
    }
    while (number.count > 0 && number.digits[number.count - 1] == '0') {
        number.count--;
        number.power++;
    }
    return number;
}

static uint64_t multiply_out(const struct decimal *number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < number->count + (size_t)number->power; i++) {
        value = value * 10 + (i < number->count ? (uint64_t)(number->digits[i] - '0') : 0);
    }
    return value;
}

bool ward_json_integer(const struct ward_json_value *value, int64_t *ret)
{
    if (ward_json_type(value) != WARD_JSON_NUMBER) {
        return false;
    }
    struct decimal number = read_decimal(ward_json_raw(value));
    if (number.count == 0) { /* zero in any spelling, -0 and 0e99 too */
        *ret = 0;
        return true;
    }
    if (number.power < 0 || number.power + (int64_t)number.count > WHOLE_DIGITS_MAX) {
        return false;
    }
    uint64_t magnitude = multiply_out(&number);
    if (magnitude > whole_max) {
        return false;
    }
    *ret = number.is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}
