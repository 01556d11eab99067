#include "v2_headers.h"

#include <strings.h>

#include "ascii_case.h"

/* Of an accepted media type without a q parameter: thousandths. */
#define WEIGHT_FULL 1000

static bool is_path_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static Error check_level(Str level)
{
    ENSURE(level.n > 0, SERVICE_PATH_EMPTY_LEVEL, NULL);
    ENSURE(level.n <= V2_SERVICE_PATH_LEVEL_BYTES_MAX, SERVICE_PATH_LONG, NULL);
    for (size_t i = 0; i < level.n; i++) {
        ENSURE(is_path_character(level.p[i]), SERVICE_PATH_CHARACTER, NULL);
    }
    return OK;
}

/* One path without its trailing slash; '#' may stand as the last level of a query. */
static Error check_path(Str path)
{
    Str rest = str_slice(path, 1, path.n);
    Str level;
    size_t levels = 0;
    while (str_split(&rest, '/', &level)) {
        ENSURE(++levels <= V2_SERVICE_PATH_LEVELS_MAX, SERVICE_PATH_DEEP, NULL);
        if (rest.p == NULL && str_eq(level, STR("#"))) {
            break;
        }
        TRY(check_level(level));
    }
    return OK;
}

static Error add_path(Buf *out, Str path)
{
    ENSURE(path.n > 0 && path.p[0] == '/', SERVICE_PATH_RELATIVE, NULL);
    if (path.n > 2 && path.p[path.n - 1] == '/') {
        path.n--;
    }
    if (path.n > 1) {
        TRY(check_path(path));
    }
    if (out->n > 0) {
        buf_add_char(out, ',');
    }
    buf_add(out, path);
    return OK;
}

Error v2_service_path_query_in(Arena *arena, const Str *header, Str *ret_path)
{
    if (header == NULL) {
        *ret_path = STR_EMPTY;
        return OK;
    }
    Buf out = buf_in(arena);
    Str rest = *header;
    Str part;
    size_t count = 0;
    while (str_split(&rest, ',', &part)) {
        ENSURE(++count <= V2_SERVICE_PATHS_MAX, SERVICE_PATH_COUNT, NULL);
        TRY(add_path(&out, str_trim(part)));
    }
    return buf_finish(&out, ret_path);
}

Error v2_service_path_update_in(Arena *arena, const Str *header, Str *ret_path)
{
    if (header == NULL) {
        *ret_path = STR("/");
        return OK;
    }
    ENSURE(str_find(*header, ',') == header->n, SERVICE_PATH_LIST, NULL);
    ENSURE(str_find(*header, '#') == header->n, SERVICE_PATH_HASH, NULL);
    return v2_service_path_query_in(arena, header, ret_path);
}

static Str media_type_of(Str range)
{
    return str_trim(str_slice(range, 0, str_find(range, ';')));
}

Error v2_content_type_check(Arena *arena, const Str *header)
{
    bool is_text = false;
    TRY(v2_value_content_type_read(arena, header, &is_text));
    ENSURE(!is_text, MEDIA_TYPE, "text/plain");
    return OK;
}

Error v2_value_content_type_read(Arena *arena, const Str *header, bool *ret_is_text)
{
    ENSURE(header != NULL && str_trim(*header).n > 0, CONTENT_TYPE_MISSING, NULL);
    Str media_type = media_type_of(*header);
    bool is_text = ascii_eq_any_case(media_type, STR("text/plain"));
    ENSURE(is_text || ascii_eq_any_case(media_type, STR("application/json")), MEDIA_TYPE,
           str_argument(arena, media_type));
    *ret_is_text = is_text;
    return OK;
}

/* "0.75" → 750; whatever does not begin with 0 counts as 1. */
static int weight_from(Str digits)
{
    if (digits.n == 0 || digits.p[0] != '0') {
        return WEIGHT_FULL;
    }
    int weight = 0;
    int unit = WEIGHT_FULL / 10;
    for (size_t i = 2; i < digits.n && unit > 0 && digits.p[i] >= '0' && digits.p[i] <= '9'; i++) {
        weight += (digits.p[i] - '0') * unit;
        unit /= 10;
    }
    return weight;
}

static int weight_of(Str range)
{
    Str part;
    while (str_split(&range, ';', &part)) {
        Str text = str_trim(part);
        if (text.n > 2 && (text.p[0] == 'q' || text.p[0] == 'Q') && text.p[1] == '=') {
            return weight_from(str_slice(text, 2, text.n));
        }
    }
    return WEIGHT_FULL;
}

static bool is_json_range(Str range)
{
    return str_eq(range, STR("*/*")) || ascii_eq_any_case(range, STR("application/*")) ||
           ascii_eq_any_case(range, STR("application/json"));
}

static bool is_text_range(Str range)
{
    return ascii_eq_any_case(range, STR("text/plain")) || ascii_eq_any_case(range, STR("text/*"));
}

/* Weights of what Musubi can send; 0 = not accepted. */
typedef struct Weights {
    int json;
    int text;
    bool is_text_first; /* of two equal ones the first counts */
} Weights;

static Weights read_weights(Str header)
{
    Weights weights = {.json = 0};
    Str part;
    while (str_split(&header, ',', &part)) {
        Str range = media_type_of(part);
        int weight = weight_of(part);
        if (is_json_range(range) && weight > weights.json) {
            weights.json = weight;
        }
        bool is_text = is_text_range(range);
        weights.is_text_first |= is_text && weights.json == 0;
        if ((is_text || str_eq(range, STR("*/*"))) && weight > weights.text) {
            weights.text = weight;
        }
    }
    return weights;
}

Error v2_accept_check(const Str *header)
{
    if (header == NULL || str_trim(*header).n == 0) {
        return OK;
    }
    Weights weights = read_weights(*header);
    if (weights.json > 0) {
        return OK;
    }
    return weights.text > 0 ? FAIL(ACCEPT_JSON_ONLY, NULL) : FAIL(ACCEPT_NONE, NULL);
}

Error v2_value_accept_read(const Str *header, V2Accept *ret_accept)
{
    Weights weights = {.json = WEIGHT_FULL, .text = WEIGHT_FULL};
    if (header != NULL && str_trim(*header).n > 0) {
        weights = read_weights(*header);
    }
    ENSURE(weights.json > 0 || weights.text > 0, ACCEPT_NONE, NULL);
    ret_accept->takes_text = weights.text > 0;
    ret_accept->prefers_text =
        weights.text > weights.json || (weights.text == weights.json && weights.is_text_first);
    return OK;
}
