#include "conf_value.h"

static bool parse_int(const ConfKey *key, Str text, int64_t *ret_number)
{
    bool is_negative = str_starts_with(text, STR("-"));
    int64_t number = 0;
    if (!str_to_uint(str_slice(text, is_negative, text.n), &number)) {
        return false;
    }
    number = is_negative ? -number : number;
    bool is_bounded = key->min != 0 || key->max != 0;
    if (is_bounded && (number < key->min || number > key->max)) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool parse_bool(Str text, int64_t *ret_number)
{
    static const char *const WORDS[] = {"false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (str_eq(text, str_from(WORDS[i]))) {
            *ret_number = (int64_t)(i % 2);
            return true;
        }
    }
    return false;
}

static bool parse_duration(Str text, int64_t *ret_number)
{
    static const struct {
        Str unit;
        int64_t us;
    } UNITS[] = {{STR_INIT("ms"), 1000}, /* before "s", which it ends with */
                 {STR_INIT("s"), 1000000},
                 {STR_INIT("m"), 60000000},
                 {STR_INIT("h"), 3600000000},
                 {STR_INIT("d"), 86400000000}};
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++) {
        if (str_ends_with(text, UNITS[i].unit)) {
            int64_t count = 0;
            return str_to_uint(str_slice(text, 0, text.n - UNITS[i].unit.n), &count) &&
                   !__builtin_mul_overflow(count, UNITS[i].us, ret_number);
        }
    }
    return false;
}

static bool is_choice(const char *choices, Str text)
{
    Str rest = str_from(choices);
    Str choice;
    while (str_split(&rest, '|', &choice)) {
        if (str_eq(choice, text)) {
            return true;
        }
    }
    return false;
}

bool conf_value_parse(const ConfKey *key, Str text, int64_t *ret_number)
{
    if (str_find(text, '\0') != text.n) {
        return false;
    }
    switch (key->kind) {
    case CONF_INT:
        return parse_int(key, text, ret_number);
    case CONF_BOOL:
        return parse_bool(text, ret_number);
    case CONF_DURATION:
        return parse_duration(text, ret_number);
    case CONF_TEXT:
    case CONF_PATH:
    default:
        *ret_number = 0;
        return key->choices == NULL || is_choice(key->choices, text);
    }
}

static void add_wanted_int(Buf *buf, const ConfKey *key)
{
    buf_add(buf, STR("a whole number"));
    if (key->min != 0 || key->max != 0) {
        buf_add(buf, STR(" from "));
        buf_add_int(buf, key->min);
        buf_add(buf, STR(" to "));
        buf_add_int(buf, key->max);
    }
}

static void add_wanted_choice(Buf *buf, const char *choices)
{
    Str rest = str_from(choices);
    Str choice;
    for (const char *between = "one of "; str_split(&rest, '|', &choice); between = ", ") {
        buf_add(buf, str_from(between));
        buf_add(buf, choice);
    }
}

Error conf_value_wanted_in(Arena *arena, const ConfKey *key, Str *ret_text)
{
    Buf buf = buf_in(arena);
    if (key->kind == CONF_INT) {
        add_wanted_int(&buf, key);
    } else if (key->kind == CONF_BOOL) {
        buf_add(&buf, STR("true or false"));
    } else if (key->kind == CONF_DURATION) {
        buf_add(&buf, STR("a number with ms, s, m, h or d, such as 250ms"));
    } else if (key->choices != NULL) {
        add_wanted_choice(&buf, key->choices);
    } else {
        buf_add(&buf, STR("text without NUL"));
    }
    return buf_finish(&buf, ret_text);
}
