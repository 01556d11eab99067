#include "plain_value.h"

#include <stdlib.h>
#include <string.h>

#include "moment.h"

/* --- numbers --- */

#define EXACT_DIGITS_MAX 15 /* so many digits are an exact double; so is 10^22 */
#define POWERS 23

static const double POWER_OF_TEN[POWERS] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                            1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A quotient of two exact doubles is rounded once, which is what strtod gives too. False when the
 * text is longer than that or has an exponent. */
static bool read_short_number(Str text, double *ret_number)
{
    bool is_negative = text.n > 0 && text.p[0] == '-';
    int64_t digits = 0;
    size_t count = 0;
    size_t fraction = 0;
    bool is_fraction = false;
    for (size_t i = is_negative; i < text.n; i++) {
        char c = text.p[i];
        if (c == '.' && !is_fraction) {
            is_fraction = true;
            continue;
        }
        if (c < '0' || c > '9' || ++count > EXACT_DIGITS_MAX) {
            return false;
        }
        digits = digits * 10 + (c - '0');
        fraction += is_fraction;
    }
    double number = (double)digits / POWER_OF_TEN[fraction];
    *ret_number = is_negative ? -number : number;
    return count > 0;
}

static Error read_number(Str text, double *ret_number)
{
    if (read_short_number(text, ret_number)) {
        return OK;
    }
    ENSURE(json_is_number_text(text), STORE_CORRUPT, "attribute value");
    char z[JSON_NUMBER_BYTES_MAX + 1] = {0};
    memcpy(z, text.p, text.n);
    *ret_number = strtod(z, NULL); /* no program of ours leaves the C locale */
    return OK;
}

/* --- one value --- */

PlainValue plain_moment(int64_t at_us)
{
    return (PlainValue){.kind = PLAIN_MOMENT, .at_us = at_us};
}

PlainValue plain_text(Str text)
{
    return (PlainValue){.kind = PLAIN_TEXT, .text = text};
}

static const JsonLimits STORED_LIMITS = {
    .bytes_max = (size_t)1 << 24, .depth_max = JSON_DEPTH_MAX, .nodes_max = 1 << 22};

/* What is stored was JSON once; if it is not any more, that is not the caller's fault. */
static Error parse_stored(Arena *scratch, Str json, JsonValue *ret_root)
{
    Error error = json_parse(scratch, json, STORED_LIMITS, ret_root);
    if (FAILED(error) && error.code == ERROR_BAD_INPUT) {
        return FAIL(STORE_CORRUPT, "attribute value");
    }
    return error;
}

static Error read_text(Arena *scratch, Str json, PlainValue *ret_value)
{
    ENSURE(json.n >= 2, STORE_CORRUPT, "attribute value");
    Str inside = str_slice(json, 1, json.n - 2);
    if (str_find(inside, '\\') < inside.n) {
        JsonValue root;
        TRY(parse_stored(scratch, json, &root));
        TRY(json_string_in(scratch, root, &inside));
    }
    *ret_value = plain_text(inside);
    return OK;
}

Error plain_value_in(Arena *scratch, Str json, PlainValue *ret_value)
{
    PlainValue value = {.kind = PLAIN_NULL};
    switch (json.n == 0 ? '\0' : json.p[0]) {
    case '"':
        return read_text(scratch, json, ret_value);
    case '{':
        value = (PlainValue){.kind = PLAIN_OBJECT, .text = json};
        break;
    case '[':
        value = (PlainValue){.kind = PLAIN_ARRAY, .text = json};
        break;
    case 't':
    case 'f':
        value = (PlainValue){.kind = PLAIN_BOOL, .truth = json.p[0] == 't'};
        break;
    case 'n':
        break;
    default:
        value.kind = PLAIN_NUMBER;
        TRY(read_number(json, &value.number));
        break;
    }
    *ret_value = value;
    return OK;
}

Error plain_value_of_type_in(Arena *scratch, Str json, Str ngsi_type, PlainValue *ret_value)
{
    int64_t at_us = 0;
    if (moment_is_type(ngsi_type) && moment_from_json(json, &at_us)) {
        *ret_value = plain_moment(at_us);
        return OK;
    }
    return plain_value_in(scratch, json, ret_value);
}

/* --- paths --- */

/* Values that the first steps of a path lead to. */
typedef struct Front {
    JsonValue *values;
    size_t count;
    size_t capacity;
} Front;

static Error front_add(Arena *scratch, Front *front, JsonValue value)
{
    if (front->count == front->capacity) {
        size_t capacity = front->capacity == 0 ? 8 : front->capacity * 2;
        JsonValue *grown = ARENA_MANY(scratch, JsonValue, capacity);
        ENSURE_ALLOC(grown, scratch);
        if (front->count > 0) {
            memcpy(grown, front->values, front->count * sizeof *grown);
        }
        front->values = grown;
        front->capacity = capacity;
    }
    front->values[front->count++] = value;
    return OK;
}

static Error step_into_object(Arena *scratch, JsonValue object, Str name, Front *next,
                              bool *ret_has_gap)
{
    JsonValue member;
    if (!json_member(object, name, &member)) {
        *ret_has_gap = true;
        return OK;
    }
    return front_add(scratch, next, member);
}

/* An array hands the name on to its members that are objects; a number also names a place. */
static Error step_into_array(Arena *scratch, JsonValue array, Str name, Front *next,
                             bool *ret_has_gap)
{
    int64_t place = -1;
    bool is_place = str_to_uint(name, &place);
    JsonIter iter = json_iter(array);
    JsonValue member;
    for (int64_t i = 0; json_next(&iter, NULL, &member); i++) {
        if (is_place && i == place) {
            TRY(front_add(scratch, next, member));
        }
        if (json_is(member, JSON_OBJECT)) {
            TRY(step_into_object(scratch, member, name, next, ret_has_gap));
        } else if (!is_place) {
            *ret_has_gap = true;
        }
    }
    return OK;
}

static int compare_places(const void *a, const void *b)
{
    const JsonValue *left = a;
    const JsonValue *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

/* One value may be reached in two ways (by its place, and as a member); counted each time, arrays
 * in arrays would double it with every step. */
static void front_tidy(Front *front)
{
    if (front->count < 2) {
        return;
    }
    qsort(front->values, front->count, sizeof *front->values, compare_places);
    size_t kept = 1;
    for (size_t i = 1; i < front->count; i++) {
        if (front->values[i].at != front->values[kept - 1].at) {
            front->values[kept++] = front->values[i];
        }
    }
    front->count = kept;
}

static Error step(Arena *scratch, const Front *front, Str name, Front *next, bool *ret_has_gap)
{
    for (size_t i = 0; i < front->count; i++) {
        JsonValue value = front->values[i];
        if (json_is(value, JSON_OBJECT)) {
            TRY(step_into_object(scratch, value, name, next, ret_has_gap));
        } else if (json_is(value, JSON_ARRAY)) {
            TRY(step_into_array(scratch, value, name, next, ret_has_gap));
        } else {
            *ret_has_gap = true;
        }
    }
    front_tidy(next);
    return OK;
}

Error plain_value_reach_in(Arena *scratch, Str json, StrList path, PlainReach *ret_reach)
{
    JsonValue root;
    TRY(parse_stored(scratch, json, &root));
    Front front = {0};
    TRY(front_add(scratch, &front, root));
    bool has_gap = false;
    for (size_t i = 0; i < path.count && front.count > 0; i++) {
        Front next = {0};
        TRY(step(scratch, &front, path.items[i], &next, &has_gap));
        front = next;
    }
    *ret_reach = (PlainReach){.values = front.values, .count = front.count, .has_gap = has_gap};
    return OK;
}
