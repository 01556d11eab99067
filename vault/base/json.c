#include "json.h"

#include "json_tape.h"

static Node node_of(JsonValue value)
{
    return value.tape->nodes[value.at];
}

JsonKind json_kind(JsonValue value)
{
    return (JsonKind)(node_of(value).meta & META_KIND);
}

bool json_is(JsonValue value, JsonKind kind)
{
    return json_kind(value) == kind;
}

bool json_is_bool(JsonValue value)
{
    return json_is(value, JSON_TRUE) || json_is(value, JSON_FALSE);
}

Str json_text(JsonValue value)
{
    Node node = node_of(value);
    return str_bytes(value.tape->text.p + node.offset, node.length);
}

static Str inside_quotes(JsonValue value)
{
    Str text = json_text(value);
    return str_slice(text, 1, text.n - 2);
}

Error json_string_in(Arena *arena, JsonValue value, Str *ret_text)
{
    Str inside = inside_quotes(value);
    if ((node_of(value).meta & META_ESCAPES) == 0) {
        *ret_text = inside;
        return OK;
    }
    Buf buf = buf_in(arena);
    json_tape_decode(&buf, inside);
    return buf_finish(&buf, ret_text);
}

bool json_string_is(JsonValue value, Str text)
{
    if (!json_is(value, JSON_STRING)) {
        return false;
    }
    Str inside = inside_quotes(value);
    const char *at = inside.p;
    const char *end = inside.p + inside.n;
    while (at < end) {
        char unit[4];
        Str decoded = str_bytes(unit, json_tape_decode_unit(&at, end, unit));
        if (!str_starts_with(text, decoded)) {
            return false;
        }
        text = str_slice(text, decoded.n, text.n);
    }
    return text.n == 0;
}

uint32_t json_count(JsonValue value)
{
    return node_of(value).meta >> META_COUNT_SHIFT;
}

bool json_member(JsonValue object, Str name, JsonValue *ret_member)
{
    if (!json_is(object, JSON_OBJECT)) {
        return false;
    }
    JsonIter iter = json_iter(object);
    Str key;
    JsonValue value;
    while (json_next(&iter, &key, &value)) {
        if (str_eq(key, name)) {
            *ret_member = value;
            return true;
        }
    }
    return false;
}

JsonIter json_iter(JsonValue container)
{
    return (JsonIter){.tape = container.tape,
                      .next = container.at + 1,
                      .end = node_of(container).next,
                      .is_object = json_is(container, JSON_OBJECT)};
}

bool json_next(JsonIter *iter, Str *ret_key, JsonValue *ret_value)
{
    if (iter->next >= iter->end) {
        return false;
    }
    uint32_t value = iter->is_object ? iter->next + 1 : iter->next;
    if (ret_key != NULL) {
        *ret_key =
            iter->is_object ? json_tape_name(iter->tape, iter->next) : (Str){.p = NULL, .n = 0};
    }
    *ret_value = (JsonValue){.tape = iter->tape, .at = value};
    iter->next = iter->tape->nodes[value].next;
    return true;
}
