#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

bool json_number(JsonValue value, double *ret_number)
{
    if (!json_is(value, JSON_NUMBER)) {
        return false;
    }
    Str text = json_text(value);
    char z[JSON_NUMBER_BYTES_MAX + 1] = {0};
    memcpy(z, text.p, text.n);
    double number = strtod(z, NULL); /* no program of ours leaves the C locale */
    if (!isfinite(number)) {
        return false;
    }
    *ret_number = number;
    return true;
}

/* A number as digits × 10^scale, without leading or trailing zeros: 1200e-1 is 12 × 10^1. */
typedef struct Decimal {
    bool is_negative;
    char digits[JSON_NUMBER_BYTES_MAX];
    size_t count;
    int64_t scale;
} Decimal;

/* An exponent of more digits than matter is cut to a size that no int64 survives. */
static int64_t exponent_from(Str text)
{
    bool is_negative = text.n > 0 && text.p[0] == '-';
    int64_t exponent = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] >= '0' && text.p[i] <= '9' && exponent < 100000) {
            exponent = exponent * 10 + (text.p[i] - '0');
        }
    }
    return is_negative ? -exponent : exponent;
}

static Decimal decimal_from(Str text)
{
    Decimal decimal = {0};
    bool is_fraction = false;
    size_t at = 0;
    for (; at < text.n && text.p[at] != 'e' && text.p[at] != 'E'; at++) {
        char c = text.p[at];
        if (c == '-') {
            decimal.is_negative = true;
        } else if (c == '.') {
            is_fraction = true;
        } else {
            decimal.scale -= is_fraction;
            if (decimal.count > 0 || c != '0') {
                decimal.digits[decimal.count++] = c;
            }
        }
    }
    decimal.scale += exponent_from(str_slice(text, at + 1, text.n));
    while (decimal.count > 0 && decimal.digits[decimal.count - 1] == '0') {
        decimal.count--;
        decimal.scale++;
    }
    return decimal;
}

bool json_integer(JsonValue value, int64_t *ret_integer)
{
    if (!json_is(value, JSON_NUMBER)) {
        return false;
    }
    Decimal decimal = decimal_from(json_text(value));
    if (decimal.count == 0) {
        *ret_integer = 0;
        return true;
    }
    if (decimal.scale < 0 || (int64_t)decimal.count + decimal.scale > 19) {
        return false;
    }
    int64_t sum = 0; /* counted downwards: INT64_MIN has no positive twin */
    for (int64_t i = 0; i < (int64_t)decimal.count + decimal.scale; i++) {
        int digit = i < (int64_t)decimal.count ? decimal.digits[i] - '0' : 0;
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, digit, &sum)) {
            return false;
        }
    }
    if (!decimal.is_negative && __builtin_sub_overflow(0, sum, &sum)) {
        return false;
    }
    *ret_integer = sum;
    return true;
}
