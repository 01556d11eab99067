#include "target.h"

#include "utf8.h"

typedef enum PartKind { PART_SEGMENT, PART_QUERY, PART_FORM } PartKind;

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte of "%hh" at the start of text, -1 when it is none. */
static int percent_byte(Str text)
{
    if (text.n < 3 || hex_digit(text.p[1]) < 0 || hex_digit(text.p[2]) < 0) {
        return -1;
    }
    return hex_digit(text.p[1]) * 16 + hex_digit(text.p[2]);
}

static bool is_raw_allowed(char c, PartKind kind)
{
    unsigned char byte = (unsigned char)c;
    if (byte <= 0x20 || byte == 0x7f || c == '#') {
        return false;
    }
    return kind != PART_SEGMENT || c != '\\';
}

static Error bad(PartKind kind)
{
    return kind == PART_SEGMENT ? FAIL(HTTP_BAD_TARGET, NULL) : FAIL(HTTP_BAD_QUERY, NULL);
}

static Error check_decoded(int byte, PartKind kind)
{
    if (byte <= 0) {
        return bad(kind);
    }
    if (kind != PART_SEGMENT) {
        return OK;
    }
    ENSURE(byte != '/' && byte != '\\', UNKNOWN_ROUTE, NULL);
    ENSURE(byte >= 0x20 && byte != 0x7f, HTTP_BAD_TARGET, NULL);
    return OK;
}

static Error decode_part(Arena *arena, Str raw, PartKind kind, Str *ret_text)
{
    char *out = arena_alloc(arena, raw.n);
    ENSURE_ALLOC(out, arena);
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == '%') {
            int byte = percent_byte(str_slice(raw, i, 3));
            TRY(check_decoded(byte, kind));
            out[n++] = (char)byte;
            i += 2;
        } else if (!is_raw_allowed(raw.p[i], kind)) {
            return bad(kind);
        } else {
            out[n++] = kind == PART_FORM && raw.p[i] == '+' ? ' ' : raw.p[i];
        }
    }
    Str text = {.p = out, .n = n};
    if (!utf8_is_valid(text)) {
        return bad(kind);
    }
    *ret_text = text;
    return OK;
}

static Error decode_segment(Arena *arena, Str raw, Str *ret_segment)
{
    Str segment;
    ENSURE(raw.n > 0, HTTP_BAD_TARGET, NULL);
    TRY(decode_part(arena, raw, PART_SEGMENT, &segment));
    ENSURE(!str_eq(segment, STR(".")) && !str_eq(segment, STR("..")), HTTP_BAD_TARGET, NULL);
    *ret_segment = segment;
    return OK;
}

static size_t count_of(Str text, char c)
{
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++) {
        count += text.p[i] == c;
    }
    return count;
}

static Error decode_path(Arena *arena, Str path, Target *target)
{
    Str rest = str_slice(path, 1, path.n);
    if (str_ends_with(rest, STR("/"))) {
        rest.n--;
        ENSURE(rest.n > 0, HTTP_BAD_TARGET, NULL);
    }
    if (rest.n == 0) {
        return OK;
    }
    size_t count = count_of(rest, '/') + 1;
    ENSURE(count <= REQUEST_SEGMENTS_MAX, UNKNOWN_ROUTE, NULL);
    Str *segments = ARENA_MANY(arena, Str, count);
    ENSURE_ALLOC(segments, arena);
    Str part;
    size_t n = 0;
    while (str_split(&rest, '/', &part)) {
        TRY(decode_segment(arena, part, &segments[n]));
        n++;
    }
    target->segments = segments;
    target->segment_count = n;
    return OK;
}

Error target_decode_in(Arena *arena, Str raw, Target *ret_target)
{
    ENSURE(raw.n > 0 && raw.p[0] == '/', HTTP_BAD_TARGET, NULL);
    size_t mark = str_find(raw, '?');
    Target target = {.path = str_slice(raw, 0, mark), .query = str_slice(raw, mark + 1, raw.n)};
    TRY(decode_path(arena, target.path, &target));
    *ret_target = target;
    return OK;
}

static Error decode_param(Arena *arena, Str raw, PartKind kind, QueryParam *ret_param)
{
    size_t equals = str_find(raw, '=');
    ENSURE(equals > 0, HTTP_BAD_QUERY, NULL);
    QueryParam param = {.value = STR_EMPTY, .has_value = equals < raw.n};
    TRY(decode_part(arena, str_slice(raw, 0, equals), kind, &param.name));
    TRY(decode_part(arena, str_slice(raw, equals + 1, raw.n), kind, &param.value));
    *ret_param = param;
    return OK;
}

Error query_decode_in(Arena *arena, Str raw, bool is_plus_blank, const QueryParam **ret_params,
                      size_t *ret_count)
{
    PartKind kind = is_plus_blank ? PART_FORM : PART_QUERY;
    size_t most = count_of(raw, '&') + 1;
    QueryParam *params =
        ARENA_MANY(arena, QueryParam, most < REQUEST_PARAMS_MAX ? most : REQUEST_PARAMS_MAX);
    ENSURE_ALLOC(params, arena);
    Str rest = raw;
    Str part;
    size_t n = 0;
    while (str_split(&rest, '&', &part)) {
        if (part.n == 0) {
            continue;
        }
        ENSURE(n < REQUEST_PARAMS_MAX, HTTP_BAD_QUERY, NULL);
        TRY(decode_param(arena, part, kind, &params[n]));
        n++;
    }
    *ret_params = params;
    *ret_count = n;
    return OK;
}
