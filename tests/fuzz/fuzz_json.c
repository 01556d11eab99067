/* The JSON reader and writer: what is accepted can be walked, decoded and written again, and means
 * the same then. */
#include <stdlib.h>

#include "json.h"
#include "json_write.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void rewrite(Arena *arena, JsonWriter *writer, JsonValue value);

static void rewrite_container(Arena *arena, JsonWriter *writer, JsonValue value)
{
    JsonIter iter = json_iter(value);
    JsonValue child;
    Str key;
    uint32_t count = 0;
    for (; json_next(&iter, &key, &child); count++) {
        require((key.p != NULL) == json_is(value, JSON_OBJECT));
        if (key.p != NULL) {
            JsonValue found;
            require(utf8_is_valid(key));
            require(json_member(value, key, &found) && found.at == child.at);
            json_write_key(writer, key);
        }
        rewrite(arena, writer, child);
    }
    require(count == json_count(value));
}

static void rewrite_string(Arena *arena, JsonWriter *writer, JsonValue value)
{
    Str text;
    require(!FAILED(json_string_in(arena, value, &text)));
    require(utf8_is_valid(text) && str_find(text, '\0') == text.n && json_string_is(value, text));
    json_write_string(writer, text);
}

static void rewrite(Arena *arena, JsonWriter *writer, JsonValue value)
{
    double number = 0;
    int64_t integer = 0;
    switch (json_kind(value)) {
    case JSON_OBJECT:
        json_write_begin_object(writer);
        rewrite_container(arena, writer, value);
        json_write_end_object(writer);
        break;
    case JSON_ARRAY:
        json_write_begin_array(writer);
        rewrite_container(arena, writer, value);
        json_write_end_array(writer);
        break;
    case JSON_STRING:
        rewrite_string(arena, writer, value);
        break;
    case JSON_NUMBER:
        require(json_is_number_text(json_text(value)));
        if (json_integer(value, &integer) && json_number(value, &number)) {
            require((double)integer == number);
        }
        json_write_raw(writer, json_text(value));
        break;
    case JSON_NULL:
    case JSON_TRUE:
    case JSON_FALSE:
    default:
        json_write_raw(writer, json_text(value));
        break;
    }
}

/* The compact text of a text, which must be its own compact text. False when it is refused. */
static bool compact_in(Arena *arena, Str text, Str *ret_compact)
{
    JsonValue root;
    if (FAILED(json_parse(arena, text, JSON_LIMITS_REQUEST, &root))) {
        return false;
    }
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    rewrite(arena, &writer, root);
    require(!FAILED(json_write_finish(&writer, ret_compact)));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)256 << 20);
    Str compact;
    Str again;
    require(arena != NULL);
    if (compact_in(arena, str_bytes(data, size), &compact)) {
        require(compact_in(arena, compact, &again) && str_eq(compact, again));
    }
    return 0;
}
