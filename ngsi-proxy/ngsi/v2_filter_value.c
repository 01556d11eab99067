#include "v2_filter_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "v2_datetime.h"
#include "v2_syntax.h"

#define NUMBER_BYTES_MAX 64
#define MOMENT_BYTES_MAX 64

size_t v2_find_unquoted(Str text, char wanted)
{
    bool is_quoted = false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\'') {
            is_quoted = !is_quoted;
        } else if (!is_quoted && text.p[i] == wanted) {
            return i;
        }
    }
    return text.n;
}

bool v2_is_forbidden_text(Str text)
{
    return v2_has_forbidden(text) || str_find(text, '\0') < text.n;
}

static size_t skip_digits(Str text, size_t at)
{
    while (at < text.n && text.p[at] >= '0' && text.p[at] <= '9') {
        at++;
    }
    return at;
}

static size_t skip_sign(Str text, size_t at)
{
    return at < text.n && (text.p[at] == '+' || text.p[at] == '-') ? at + 1 : at;
}

/* Decimal numbers as strtod takes them; its other forms (nan, inf, hexadecimal) are text. */
static bool is_number_form(Str text)
{
    size_t start = skip_sign(text, 0);
    size_t at = skip_digits(text, start);
    size_t digits = at - start;
    if (at < text.n && text.p[at] == '.') {
        size_t end = skip_digits(text, at + 1);
        digits += end - at - 1;
        at = end;
    }
    if (at < text.n && (text.p[at] == 'e' || text.p[at] == 'E')) {
        size_t exponent = skip_sign(text, at + 1);
        at = skip_digits(text, exponent);
        digits = at > exponent ? digits : 0;
    }
    return digits > 0 && at == text.n;
}

/* A number that no double holds is text, as Orion has it. */
static bool read_number(Str text, double *ret_number)
{
    char digits[NUMBER_BYTES_MAX + 1] = {0};
    if (text.n > NUMBER_BYTES_MAX || !is_number_form(text)) {
        return false;
    }
    memcpy(digits, text.p, text.n);
    errno = 0;
    *ret_number = strtod(digits, NULL);
    return errno != ERANGE;
}

static bool read_moment(Str text, int64_t *ret_at_us)
{
    char json[MOMENT_BYTES_MAX + 2];
    if (text.n > MOMENT_BYTES_MAX) {
        return false;
    }
    json[0] = '"';
    memcpy(json + 1, text.p, text.n);
    json[1 + text.n] = '"';
    return v2_datetime_from_json(str_bytes(json, text.n + 2), ret_at_us);
}

static Error read_forced(Str text, FilterValue *ret_value)
{
    ENSURE(text.n >= 2 && text.p[text.n - 1] == '\'', FILTER_QUOTE_OPEN, NULL);
    Str inner = str_slice(text, 1, text.n - 2);
    /* Orion cuts items without a look at quotes, so to its reader the quote never ends. */
    ENSURE(str_find(inner, ';') == inner.n, FILTER_QUOTE_OPEN, NULL);
    ENSURE(str_find(inner, '\'') == inner.n, FILTER_QUOTE_INSIDE, NULL);
    ENSURE(!v2_is_forbidden_text(inner), FILTER_CHARACTER, NULL);
    *ret_value = (FilterValue){.kind = FILTER_TEXT, .text = inner};
    return OK;
}

static bool read_word(Str text, FilterValue *ret_value)
{
    bool is_true = str_eq(text, STR("true"));
    if (is_true || str_eq(text, STR("false"))) {
        *ret_value = (FilterValue){.kind = FILTER_BOOL, .truth = is_true};
        return true;
    }
    *ret_value = (FilterValue){.kind = FILTER_NULL};
    return str_eq(text, STR("null"));
}

static Error read_value(Str text, FilterValue *ret_value)
{
    if (text.p[0] == '\'') {
        return read_forced(text, ret_value);
    }
    FilterValue value = {.kind = FILTER_NUMBER};
    if (read_number(text, &value.number)) {
        *ret_value = value;
        return OK;
    }
    if (read_moment(text, &value.at_us)) {
        *ret_value = (FilterValue){.kind = FILTER_MOMENT, .at_us = value.at_us, .text = text};
        return OK;
    }
    if (!read_word(text, ret_value)) {
        ENSURE(!v2_is_forbidden_text(text), FILTER_CHARACTER, NULL);
        *ret_value = (FilterValue){.kind = FILTER_TEXT, .text = text};
    }
    return OK;
}

/* Whether values of this kind stand in an order; only such make lists and ranges. */
static bool is_ordered(FilterValueKind kind)
{
    return kind != FILTER_BOOL && kind != FILTER_NULL;
}

static bool is_equality(FilterTest test)
{
    return test == FILTER_EQUAL || test == FILTER_UNEQUAL;
}

/* Where a range is parted; text.n when it is none. */
static size_t find_range(Str text)
{
    size_t at = 0;
    while (at < text.n) {
        size_t dot = v2_find_unquoted(str_slice(text, at, text.n), '.');
        at += dot;
        if (at + 1 < text.n && text.p[at + 1] == '.') {
            return at;
        }
        at++;
    }
    return text.n;
}

static Error read_range(Arena *arena, Str text, size_t at, FilterTerm *term)
{
    ENSURE(is_equality(term->test), FILTER_RANGE_TEST, NULL);
    Str from = str_trim(str_slice(text, 0, at));
    Str to = str_trim(str_slice(text, at + 2, text.n));
    ENSURE(from.n > 0 && to.n > 0, FILTER_RANGE_ITEM, NULL);
    FilterValue *values = ARENA_MANY(arena, FilterValue, 2);
    ENSURE_ALLOC(values, arena);
    TRY(read_value(from, &values[0]));
    ENSURE(is_ordered(values[0].kind), FILTER_RANGE_KIND, "range-from");
    TRY(read_value(to, &values[1]));
    ENSURE(is_ordered(values[1].kind), FILTER_RANGE_KIND, "range-to");
    ENSURE(values[0].kind == values[1].kind, FILTER_RANGE_MIXED, NULL);
    term->values = values;
    term->value_count = 2;
    term->is_range = true;
    return OK;
}

static size_t count_items(Str text)
{
    size_t count = 1;
    bool is_quoted = false;
    for (size_t i = 0; i < text.n; i++) {
        is_quoted ^= text.p[i] == '\'';
        count += !is_quoted && text.p[i] == ',' ? 1U : 0U;
    }
    return count;
}

static Error read_list(Arena *arena, Str text, size_t *values_left, FilterTerm *term)
{
    ENSURE(is_equality(term->test), FILTER_LIST_TEST, NULL);
    size_t count = count_items(text);
    ENSURE(count <= *values_left, FILTER_TERMS, NULL);
    FilterValue *values = ARENA_MANY(arena, FilterValue, count);
    ENSURE_ALLOC(values, arena);
    for (size_t i = 0; i < count; i++) {
        size_t end = v2_find_unquoted(text, ',');
        Str item = str_trim(str_slice(text, 0, end));
        ENSURE(item.n > 0, FILTER_LIST_ITEM, NULL);
        TRY(read_value(item, &values[i]));
        ENSURE(is_ordered(values[i].kind) && values[i].kind == values[0].kind, FILTER_LIST_KIND,
               NULL);
        text = str_slice(text, end + 1, text.n);
    }
    *values_left -= count;
    term->values = values;
    term->value_count = count;
    return OK;
}

typedef struct RefusalRow {
    FilterTest test;
    const char *of_bool;
    const char *of_null;
} RefusalRow;

#define REFUSAL(test_, operator_)                                                                  \
    {                                                                                              \
        test_, "/Bool/ not supported for operator /" operator_ "/",                                \
            "/Null/ not supported for operator /" operator_ "/"                                    \
    }

static const RefusalRow REFUSALS[] = {
    REFUSAL(FILTER_LESS, "LessThan"),
    REFUSAL(FILTER_LESS_EQUAL, "LessThanOrEqual"),
    REFUSAL(FILTER_GREATER, "GreaterThan"),
    REFUSAL(FILTER_GREATER_EQUAL, "GreaterThanOrEqual"),
};

/* What Orion says of a value without an order behind an operator that needs one. */
static const char *order_refusal(FilterTest test, FilterValueKind kind)
{
    size_t row = 0;
    while (row + 1 < sizeof REFUSALS / sizeof REFUSALS[0] && REFUSALS[row].test != test) {
        row++;
    }
    return kind == FILTER_BOOL ? REFUSALS[row].of_bool : REFUSALS[row].of_null;
}

static Error read_single(Arena *arena, Str text, FilterTerm *term)
{
    FilterValue *value = ARENA_ONE(arena, FilterValue);
    ENSURE_ALLOC(value, arena);
    TRY(read_value(text, value));
    ENSURE(is_equality(term->test) || is_ordered(value->kind), FILTER_ORDER_KIND,
           order_refusal(term->test, value->kind));
    term->values = value;
    term->value_count = 1;
    return OK;
}

Error v2_filter_values_read(Arena *arena, Str text, size_t *values_left, FilterTerm *term)
{
    size_t range = find_range(text);
    if (range < text.n) {
        return read_range(arena, text, range, term);
    }
    if (v2_find_unquoted(text, ',') < text.n) {
        return read_list(arena, text, values_left, term);
    }
    return read_single(arena, text, term);
}
