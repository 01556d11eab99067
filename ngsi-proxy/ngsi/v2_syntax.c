#include "v2_syntax.h"

#include <stdio.h>
#include <string.h>

bool v2_has_forbidden(Str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '\0' && strchr("<>\"'=;()", text.p[i]) != NULL) {
            return true;
        }
    }
    return false;
}

bool v2_is_name_text(Str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= ' ' || c >= 127 || strchr("&?/#", c) != NULL) {
            return false;
        }
    }
    return !v2_has_forbidden(text);
}

Error v2_name_check(Arena *arena, const char *what, Str name)
{
    ENSURE(name.n > 0, V2_LENGTH_MIN, what);
    if (name.n > V2_NAME_BYTES_MAX) {
        char said[96];
        (void)snprintf(said, sizeof said, "%s length: %zu", what, name.n); /* cut is harmless */
        return FAIL(V2_LENGTH_MAX, str_argument(arena, str_from(said)));
    }
    ENSURE(v2_is_name_text(name), V2_CHARACTERS, what);
    return OK;
}

/* Recursion is bounded by JSON_DEPTH_MAX: deeper texts never become a tape. */
Error v2_value_check(Arena *arena, const char *what, JsonValue value)
{
    if (json_is(value, JSON_STRING)) {
        Str text;
        TRY(json_string_in(arena, value, &text));
        ENSURE(!v2_has_forbidden(text), V2_CHARACTERS, what);
        return OK;
    }
    JsonIter iter = json_iter(value);
    JsonValue item;
    while (json_next(&iter, NULL, &item)) {
        TRY(v2_value_check(arena, what, item));
    }
    return OK;
}

Str v2_default_type(JsonKind kind)
{
    switch (kind) {
    case JSON_STRING:
        return STR("Text");
    case JSON_NUMBER:
        return STR("Number");
    case JSON_TRUE:
    case JSON_FALSE:
        return STR("Boolean");
    case JSON_ARRAY:
    case JSON_OBJECT:
        return STR("StructuredValue");
    case JSON_NULL:
        break;
    }
    return STR("None");
}

bool v2_is_builtin_metadata(Str name)
{
    return str_eq(name, STR("dateCreated")) || str_eq(name, STR("dateModified")) ||
           str_eq(name, STR("previousValue")) || str_eq(name, STR("actionType"));
}
