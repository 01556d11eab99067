#include "v2_repeated.h"

#include <stdlib.h>

/* A value's end without grammar: quotes and brackets only. json_parse judges each piece afterwards.
 */
static size_t string_end(Str text, size_t at)
{
    at++;
    while (at < text.n && text.p[at] != '"') {
        at += text.p[at] == '\\' ? 2U : 1U;
    }
    return at < text.n ? at + 1 : text.n;
}

/* Offset of the next ',' or '}' of the top level, or text.n. */
static size_t value_end(Str text, size_t at)
{
    size_t depth = 0;
    while (at < text.n) {
        char c = text.p[at];
        if (c == '"') {
            at = string_end(text, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}')) {
            return at;
        }
        depth += c == '{' || c == '[' ? 1U : 0U;
        depth -= depth > 0 && (c == '}' || c == ']') ? 1U : 0U;
        at++;
    }
    return at;
}

static size_t skip_blanks(Str text, size_t at)
{
    while (at < text.n && str_trim(str_slice(text, at, 1)).n == 0) {
        at++;
    }
    return at;
}

/* Every piece must be valid by itself, so that a body with another fault stays a ParseError. Any
 * error of the reader ends the search: it was refused already. */
static bool parses(Arena *arena, Str piece, JsonValue *ret_value)
{
    Error error = json_parse(arena, piece, JSON_LIMITS_REQUEST, ret_value);
    return !FAILED(error);
}

typedef struct Scan {
    Str body;
    size_t at;
    bool is_over;
} Scan;

/* One `"name": value` and the mark behind it. False when the text is no such thing. */
static bool next_member(Arena *arena, Scan *scan, Str *ret_name)
{
    size_t start = skip_blanks(scan->body, scan->at);
    if (start >= scan->body.n || scan->body.p[start] != '"') {
        return false;
    }
    size_t end = string_end(scan->body, start);
    size_t colon = skip_blanks(scan->body, end);
    if (colon >= scan->body.n || scan->body.p[colon] != ':') {
        return false;
    }
    size_t mark = value_end(scan->body, colon + 1);
    JsonValue name;
    JsonValue value;
    if (mark >= scan->body.n || !parses(arena, str_slice(scan->body, start, end - start), &name) ||
        !parses(arena, str_slice(scan->body, colon + 1, mark - colon - 1), &value)) {
        return false;
    }
    scan->is_over = scan->body.p[mark] == '}';
    scan->at = mark + 1;
    return json_is(name, JSON_STRING) && !FAILED(json_string_in(arena, name, ret_name));
}

static bool find_pair(Str *names, size_t count, Str *ret_name)
{
    qsort(names, count, sizeof *names, str_compare_void);
    for (size_t i = 1; i < count; i++) {
        if (str_eq(names[i - 1], names[i])) {
            *ret_name = names[i];
            return true;
        }
    }
    return false;
}

static size_t count_members_max(Str body)
{
    size_t colons = 0;
    for (size_t i = 0; i < body.n; i++) {
        colons += body.p[i] == ':' ? 1U : 0U;
    }
    return colons;
}

/* All top-level names; *ret_count is 0 when the body is not a sequence of members to its very end.
 */
static Error read_names(Arena *arena, Str body, Str **ret_names, size_t *ret_count)
{
    Scan scan = {.body = body, .at = 1};
    size_t max = count_members_max(body);
    Str *names = ARENA_MANY(arena, Str, max);
    ENSURE_ALLOC(names, arena);
    size_t count = 0;
    while (!scan.is_over && count < max && next_member(arena, &scan, &names[count])) {
        count++;
    }
    *ret_names = names;
    *ret_count = scan.is_over && scan.at == body.n ? count : 0;
    return OK;
}

Error v2_repeated_find(Arena *arena, Str body, bool *ret_is_found, Str *ret_name)
{
    Str text = str_trim(body);
    size_t count = 0;
    Str *names = NULL;
    if (text.n > 0 && text.p[0] == '{') {
        TRY(read_names(arena, text, &names, &count));
    }
    *ret_is_found = count > 1 && find_pair(names, count, ret_name);
    return OK;
}
