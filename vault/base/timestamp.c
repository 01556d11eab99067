#include "timestamp.h"

#include <string.h>

#define MINUTE_US ((int64_t)60000000)
#define DAY_US (1440 * MINUTE_US)
#define FIRST_US ((int64_t)-62167219200000000) /* 0000-01-01T00:00:00Z */
#define LAST_US ((int64_t)253402300799999999)  /* 9999-12-31T23:59:59.999999Z */

/* Days since 1970-01-01 of a Gregorian date and back, counted in years that begin in March, so that
 * the leap day is the last of its year. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * march_month + 2) / 5 + 1;
    *ret_month = march_month < 10 ? march_month + 3 : march_month - 9;
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

static char *put_digits(char *at, int64_t value, int count, char after)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    at[count] = after;
    return at + count + 1;
}

void timestamp_text(int64_t at_us, char ret_text[TIMESTAMP_TEXT_BYTES])
{
    at_us = at_us < FIRST_US ? FIRST_US : at_us > LAST_US ? LAST_US : at_us;
    int64_t days = at_us / DAY_US - (at_us % DAY_US < 0);
    int64_t ms = (at_us - days * DAY_US) / 1000;
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    date_from_days(days, &year, &month, &day);
    char *at = put_digits(ret_text, year, 4, '-');
    at = put_digits(at, month, 2, '-');
    at = put_digits(at, day, 2, 'T');
    at = put_digits(at, ms / 3600000, 2, ':');
    at = put_digits(at, ms / 60000 % 60, 2, ':');
    at = put_digits(at, ms / 1000 % 60, 2, '.');
    at = put_digits(at, ms % 1000, 3, 'Z');
    *at = '\0';
}

void timestamp_add(Buf *buf, int64_t at_us)
{
    char text[TIMESTAMP_TEXT_BYTES];
    timestamp_text(at_us, text);
    buf_add(buf, str_from(text));
}

/* --- reading: each step takes its part off the front of *rest --- */

static bool take_char(Str *rest, char c)
{
    if (rest->n == 0 || rest->p[0] != c) {
        return false;
    }
    *rest = str_slice(*rest, 1, rest->n);
    return true;
}

static bool take_number(Str *rest, size_t count, int64_t max, int64_t *ret_number)
{
    int64_t number = 0;
    if (rest->n < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (rest->p[i] < '0' || rest->p[i] > '9') {
            return false;
        }
        number = number * 10 + (rest->p[i] - '0');
    }
    *rest = str_slice(*rest, count, rest->n);
    *ret_number = number;
    return number <= max;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int8_t DAYS[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : DAYS[month - 1];
}

static bool take_date(Str *rest, int64_t *ret_us)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    bool is_date = take_number(rest, 4, 9999, &year) && take_char(rest, '-') &&
                   take_number(rest, 2, 12, &month) && take_char(rest, '-') &&
                   take_number(rest, 2, 31, &day);
    if (!is_date || month == 0 || day == 0 || day > days_in_month(year, month)) {
        return false;
    }
    *ret_us = days_from_date(year, month, day) * DAY_US;
    return true;
}

static bool take_fraction(Str *rest, int64_t *ret_us)
{
    *ret_us = 0;
    if (!take_char(rest, '.')) {
        return true;
    }
    size_t digits = 0;
    int64_t us = 0;
    int64_t digit = 0;
    while (digits < 10 && take_number(rest, 1, 9, &digit)) {
        us = digits < 6 ? us * 10 + digit : us; /* what is finer than a microsecond is cut */
        digits++;
    }
    for (size_t i = digits; i < 6; i++) {
        us *= 10;
    }
    *ret_us = us;
    return digits > 0 && digits < 10;
}

static bool take_time(Str *rest, int64_t *ret_us)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    int64_t seconds = 0;
    int64_t fraction_us = 0;
    bool is_time = take_number(rest, 2, 23, &hours) && take_char(rest, ':') &&
                   take_number(rest, 2, 59, &minutes) && take_char(rest, ':') &&
                   take_number(rest, 2, 59, &seconds) && take_fraction(rest, &fraction_us);
    *ret_us = (hours * 60 + minutes) * MINUTE_US + seconds * 1000000 + fraction_us;
    return is_time;
}

static bool take_zone(Str *rest, int64_t *ret_us)
{
    *ret_us = 0;
    if (take_char(rest, 'Z')) {
        return true;
    }
    int64_t sign = take_char(rest, '+') ? 1 : take_char(rest, '-') ? -1 : 0;
    int64_t hours = 0;
    int64_t minutes = 0;
    bool is_zone = sign != 0 && take_number(rest, 2, 23, &hours) && take_char(rest, ':') &&
                   take_number(rest, 2, 59, &minutes);
    *ret_us = sign * (hours * 60 + minutes) * MINUTE_US;
    return is_zone;
}

bool timestamp_parse(Str text, int64_t *ret_at_us)
{
    Str rest = text;
    int64_t date_us = 0;
    int64_t time_us = 0;
    int64_t zone_us = 0;
    if (!take_date(&rest, &date_us)) {
        return false;
    }
    bool is_whole = rest.n == 0 || (take_char(&rest, 'T') && take_time(&rest, &time_us) &&
                                    take_zone(&rest, &zone_us));
    if (!is_whole || rest.n != 0) {
        return false;
    }
    *ret_at_us = date_us + time_us - zone_us;
    return true;
}
