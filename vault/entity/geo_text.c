#include "geo_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Up to here a product or quotient of two exact doubles is the nearest double. */
#define EXACT_DIGITS 15
#define EXACT_POWER 22

static const double POWERS[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A number's parts while it is read. */
typedef struct Digits {
    uint64_t mantissa;
    size_t digits; /* without leading zeros */
    size_t all;
    int power;
    bool is_negative;
    bool has_exponent;
} Digits;

static bool is_digit(Str text, size_t at)
{
    return at < text.n && text.p[at] >= '0' && text.p[at] <= '9';
}

static size_t read_digits(Str text, size_t at, int power_step, Digits *digits)
{
    for (; is_digit(text, at); at++) {
        digits->digits += digits->digits > 0 || text.p[at] != '0' ? 1U : 0U;
        if (digits->digits <= EXACT_DIGITS) {
            digits->mantissa = digits->mantissa * 10 + (uint64_t)(text.p[at] - '0');
        }
        digits->all++;
        digits->power += power_step;
    }
    return at;
}

/* Where the exponent ends; at when there is none. */
static size_t exponent_end(Str text, size_t at)
{
    if (at >= text.n || (text.p[at] != 'e' && text.p[at] != 'E')) {
        return at;
    }
    size_t digit = at + 1;
    if (digit < text.n && (text.p[digit] == '+' || text.p[digit] == '-')) {
        digit++;
    }
    if (!is_digit(text, digit)) {
        return at;
    }
    while (is_digit(text, digit)) {
        digit++;
    }
    return digit;
}

/* Where the number ends; 0: there is none. */
static size_t scan(Str text, Digits *digits)
{
    size_t at = 0;
    if (text.n > 0 && (text.p[0] == '-' || text.p[0] == '+')) {
        digits->is_negative = text.p[0] == '-';
        at = 1;
    }
    at = read_digits(text, at, 0, digits);
    if (at < text.n && text.p[at] == '.') {
        at = read_digits(text, at + 1, -1, digits);
    }
    if (digits->all == 0) {
        return 0;
    }
    size_t end = exponent_end(text, at);
    digits->has_exponent = end != at;
    return end;
}

static double convert(const char *p, size_t n)
{
    char copy[GEO_NUMBER_BYTES_MAX + 1];
    memcpy(copy, p, n);
    copy[n] = '\0';
    return strtod(copy, NULL);
}

bool geo_number_cut(Str *rest, double *ret_number)
{
    Digits digits = {.mantissa = 0};
    size_t end = scan(*rest, &digits);
    if (end == 0 || end > GEO_NUMBER_BYTES_MAX) {
        return false;
    }
    double number = 0;
    if (!digits.has_exponent && digits.digits <= EXACT_DIGITS && digits.power >= -EXACT_POWER) {
        number = (double)digits.mantissa / POWERS[-digits.power];
        number = digits.is_negative ? -number : number;
    } else {
        number = convert(rest->p, end);
    }
    if (!isfinite(number)) {
        return false;
    }
    *rest = str_slice(*rest, end, rest->n);
    *ret_number = number;
    return true;
}

bool geo_number_read(Str text, double *ret_number)
{
    Str rest = str_trim(text);
    double number = 0;
    if (!geo_number_cut(&rest, &number) || rest.n != 0) {
        return false;
    }
    *ret_number = number;
    return true;
}

bool geo_pair_read(Str text, GeoPoint *ret_point)
{
    size_t comma = str_find(text, ',');
    GeoPoint point;
    if (comma == text.n || !geo_number_read(str_slice(text, 0, comma), &point.latitude) ||
        !geo_number_read(str_slice(text, comma + 1, text.n), &point.longitude)) {
        return false;
    }
    *ret_point = point;
    return true;
}

bool geo_point_is_on_earth(GeoPoint point)
{
    return fabs(point.latitude) <= 90 && fabs(point.longitude) <= 180;
}
