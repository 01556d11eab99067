#include "json_write.h"

JsonWriter json_writer(Buf *buf)
{
    return (JsonWriter){.buf = buf};
}

/* Only inside a container, where depth is 1 to 64. */
static uint64_t depth_bit(const JsonWriter *writer)
{
    return (uint64_t)1 << (writer->depth - 1);
}

/* Every value and every name but the first of its container has a comma before it; a value behind
 * its name has none. */
static void separate(JsonWriter *writer)
{
    if (writer->has_key) {
        writer->has_key = false;
        return;
    }
    if (writer->depth == 0) {
        writer->buf->has_failed |= writer->has_root;
        writer->has_root = true;
        return;
    }
    if ((writer->has_items & depth_bit(writer)) != 0) {
        buf_add_char(writer->buf, ',');
    }
    writer->has_items |= depth_bit(writer);
}

static void begin(JsonWriter *writer, char bracket)
{
    separate(writer);
    if (writer->depth == JSON_DEPTH_MAX) {
        writer->buf->has_failed = true;
        return;
    }
    writer->depth++;
    writer->has_items &= ~depth_bit(writer);
    buf_add_char(writer->buf, bracket);
}

static void end(JsonWriter *writer, char bracket)
{
    if (writer->depth == 0 || writer->has_key) {
        writer->buf->has_failed = true;
        return;
    }
    writer->depth--;
    buf_add_char(writer->buf, bracket);
}

void json_write_begin_object(JsonWriter *writer)
{
    begin(writer, '{');
}

void json_write_end_object(JsonWriter *writer)
{
    end(writer, '}');
}

void json_write_begin_array(JsonWriter *writer)
{
    begin(writer, '[');
}

void json_write_end_array(JsonWriter *writer)
{
    end(writer, ']');
}

void json_write_key(JsonWriter *writer, Str name)
{
    separate(writer);
    json_write_quoted(writer->buf, name);
    buf_add_char(writer->buf, ':');
    writer->has_key = true;
}

static void add_escape(Buf *buf, unsigned char c)
{
    static const char HEX[] = "0123456789abcdef";
    switch (c) {
    case '"':
        buf_add(buf, STR("\\\""));
        return;
    case '\\':
        buf_add(buf, STR("\\\\"));
        return;
    case '\b':
        buf_add(buf, STR("\\b"));
        return;
    case '\f':
        buf_add(buf, STR("\\f"));
        return;
    case '\n':
        buf_add(buf, STR("\\n"));
        return;
    case '\r':
        buf_add(buf, STR("\\r"));
        return;
    case '\t':
        buf_add(buf, STR("\\t"));
        return;
    default:
        buf_add(buf, STR("\\u00"));
        buf_add_char(buf, HEX[c >> 4]);
        buf_add_char(buf, HEX[c & 15]);
    }
}

void json_write_quoted(Buf *buf, Str text)
{
    buf_add_char(buf, '"');
    size_t from = 0;
    for (size_t at = 0; at < text.n; at++) {
        unsigned char c = (unsigned char)text.p[at];
        if (c < 0x20 || c == '"' || c == '\\') {
            buf_add(buf, str_slice(text, from, at - from));
            add_escape(buf, c);
            from = at + 1;
        }
    }
    buf_add(buf, str_slice(text, from, text.n));
    buf_add_char(buf, '"');
}

void json_write_string(JsonWriter *writer, Str text)
{
    separate(writer);
    json_write_quoted(writer->buf, text);
}

void json_write_int(JsonWriter *writer, int64_t value)
{
    separate(writer);
    buf_add_int(writer->buf, value);
}

void json_write_bool(JsonWriter *writer, bool value)
{
    json_write_raw(writer, value ? STR("true") : STR("false"));
}

void json_write_null(JsonWriter *writer)
{
    json_write_raw(writer, STR("null"));
}

void json_write_raw(JsonWriter *writer, Str json)
{
    separate(writer);
    buf_add(writer->buf, json);
}

void json_write_member_string(JsonWriter *writer, Str name, Str text)
{
    json_write_key(writer, name);
    json_write_string(writer, text);
}

void json_write_member_int(JsonWriter *writer, Str name, int64_t value)
{
    json_write_key(writer, name);
    json_write_int(writer, value);
}

void json_write_member_bool(JsonWriter *writer, Str name, bool value)
{
    json_write_key(writer, name);
    json_write_bool(writer, value);
}

void json_write_member_raw(JsonWriter *writer, Str name, Str json)
{
    json_write_key(writer, name);
    json_write_raw(writer, json);
}

Error json_write_finish(const JsonWriter *writer, Str *ret_json)
{
    ENSURE(writer->depth == 0 && !writer->has_key, INTERNAL, "JSON left open");
    return buf_finish(writer->buf, ret_json);
}

static void write_string(JsonWriter *writer, JsonValue value)
{
    Str text = STR_EMPTY;
    Error decoded = json_string_in(writer->buf->arena, value, &text);
    if (FAILED(decoded)) {
        writer->buf->has_failed = true;
        return;
    }
    json_write_string(writer, text);
}

/* The reader bounds the depth (JSON_DEPTH_MAX), and so this recursion. */
static void write_container(JsonWriter *writer, JsonValue container, bool is_object)
{
    JsonIter iter = json_iter(container);
    Str key = STR_EMPTY;
    JsonValue item = {0};
    is_object ? json_write_begin_object(writer) : json_write_begin_array(writer);
    while (json_next(&iter, is_object ? &key : NULL, &item)) {
        if (is_object) {
            json_write_key(writer, key);
        }
        json_write_value(writer, item);
    }
    is_object ? json_write_end_object(writer) : json_write_end_array(writer);
}

void json_write_value(JsonWriter *writer, JsonValue value)
{
    JsonKind kind = json_kind(value);
    if (kind == JSON_OBJECT || kind == JSON_ARRAY) {
        write_container(writer, value, kind == JSON_OBJECT);
    } else if (kind == JSON_STRING) {
        write_string(writer, value);
    } else {
        json_write_raw(writer, json_text(value));
    }
}

Error json_canonical_in(Arena *arena, JsonValue value, Str *ret_json)
{
    Str text = json_text(value);
    JsonKind kind = json_kind(value);
    bool is_container = kind == JSON_OBJECT || kind == JSON_ARRAY;
    bool is_canonical = str_find(text, '\\') == text.n && !is_container;
    if (is_canonical) {
        *ret_json = text;
        return OK;
    }
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    json_write_value(&writer, value);
    return json_write_finish(&writer, ret_json);
}
