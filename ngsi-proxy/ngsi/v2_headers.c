#include "v2_headers.h"

#include <strings.h>

#include "ascii_case.h"

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
    ENSURE(header != NULL && str_trim(*header).n > 0, CONTENT_TYPE_MISSING, NULL);
    Str media_type = media_type_of(*header);
    ENSURE(ascii_eq_any_case(media_type, STR("application/json")), MEDIA_TYPE,
           str_argument(arena, media_type));
    return OK;
}

static bool is_json_range(Str range)
{
    return str_eq(range, STR("*/*")) || ascii_eq_any_case(range, STR("application/*")) ||
           ascii_eq_any_case(range, STR("application/json"));
}

Error v2_accept_check(const Str *header)
{
    if (header == NULL || str_trim(*header).n == 0) {
        return OK;
    }
    Str rest = *header;
    Str part;
    bool is_text_accepted = false;
    while (str_split(&rest, ',', &part)) {
        Str range = media_type_of(part);
        if (is_json_range(range)) {
            return OK;
        }
        is_text_accepted = is_text_accepted || ascii_eq_any_case(range, STR("text/plain")) ||
                           ascii_eq_any_case(range, STR("text/*"));
    }
    return is_text_accepted ? FAIL(ACCEPT_JSON_ONLY, NULL) : FAIL(ACCEPT_NONE, NULL);
}
