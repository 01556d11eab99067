#include "moment.h"

#include <string.h>

#include "timestamp.h"

#define TEXT_BYTES_MAX 64
#define FRACTION_DIGITS_MAX 6

bool moment_is_type(Str ngsi_type)
{
    return str_eq(ngsi_type, STR("DateTime")) || str_eq(ngsi_type, STR("ISO8601"));
}

static bool is_digit_at(Str text, size_t at)
{
    return at < text.n && text.p[at] >= '0' && text.p[at] <= '9';
}

/* The canonical text that timestamp_parse takes, gathered piece by piece. */
typedef struct Canonical {
    char text[TEXT_BYTES_MAX];
    size_t n;
} Canonical;

static void add(Canonical *canonical, Str piece)
{
    if (piece.n < sizeof canonical->text - canonical->n) {
        memcpy(canonical->text + canonical->n, piece.p, piece.n);
        canonical->n += piece.n;
    }
}

/* Fraction digits beyond microseconds are dropped here, so that a long fraction stays readable. */
static bool take_fraction(Str *rest, Canonical *canonical)
{
    if (rest->n == 0 || rest->p[0] != '.') {
        return true;
    }
    size_t digits = 0;
    while (is_digit_at(*rest, 1 + digits)) {
        digits++;
    }
    size_t kept = digits < FRACTION_DIGITS_MAX ? digits : FRACTION_DIGITS_MAX;
    add(canonical, str_slice(*rest, 0, 1 + kept));
    *rest = str_slice(*rest, 1 + digits, rest->n);
    return digits > 0;
}

/* After "Thh:mm": seconds may be missing, and with them the fraction. */
static bool take_seconds(Str *rest, Canonical *canonical)
{
    if (rest->n == 0 || rest->p[0] != ':') {
        add(canonical, STR(":00"));
        return true;
    }
    add(canonical, str_slice(*rest, 0, 3));
    *rest = str_slice(*rest, 3, rest->n);
    return take_fraction(rest, canonical);
}

static bool take_zone(Str rest, Canonical *canonical)
{
    if (rest.n == 0 || str_eq(rest, STR("Z"))) {
        add(canonical, STR("Z"));
        return true;
    }
    if (rest.p[0] != '+' && rest.p[0] != '-') {
        return false;
    }
    size_t colon = rest.n == 6 && rest.p[3] == ':' ? 1 : 0;
    if (rest.n != 3 && rest.n != 5 + colon) {
        return false;
    }
    add(canonical, str_slice(rest, 0, 3));
    add(canonical, STR(":"));
    add(canonical, rest.n == 3 ? STR("00") : str_slice(rest, 3 + colon, 2));
    return true;
}

bool moment_from_json(Str json, int64_t *ret_at_us)
{
    if (json.n < 2 + 10 || json.n > TEXT_BYTES_MAX * 2 || json.p[0] != '"') {
        return false;
    }
    Str text = str_slice(json, 1, json.n - 2);
    Canonical canonical = {.n = 0};
    add(&canonical, str_slice(text, 0, 10));
    Str rest = str_slice(text, 10, text.n);
    if (rest.n > 0) {
        if (rest.n < 6 || rest.p[0] != 'T') {
            return false;
        }
        add(&canonical, str_slice(rest, 0, 6));
        rest = str_slice(rest, 6, rest.n);
        if (!take_seconds(&rest, &canonical) || !take_zone(rest, &canonical)) {
            return false;
        }
    }
    return timestamp_parse(str_bytes(canonical.text, canonical.n), ret_at_us);
}
