/* Targets, query strings and forms: what is accepted is clean text, and encoding it again means the
 * same. The first byte chooses: 't' a target, 'f' a form, anything else a query string. */
#include <stdlib.h>

#include "target.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void add_encoded(Buf *buf, Str text)
{
    static const char HEX[] = "0123456789abcdef";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char byte = (unsigned char)text.p[i];
        buf_add_char(buf, '%');
        buf_add_char(buf, HEX[byte >> 4]);
        buf_add_char(buf, HEX[byte & 15]);
    }
}

static void require_clean(Str text)
{
    require(utf8_is_valid(text) && str_find(text, '\0') == text.n);
}

static void check_target(Arena *arena, Str raw)
{
    Target target;
    Target again;
    if (FAILED(target_decode_in(arena, raw, &target))) {
        return;
    }
    Buf buf = buf_in(arena);
    buf_add(&buf, target.segment_count == 0 ? STR("/") : STR_EMPTY);
    for (size_t i = 0; i < target.segment_count; i++) {
        require_clean(target.segments[i]);
        require(target.segments[i].n > 0 &&
                str_find(target.segments[i], '/') == target.segments[i].n);
        require(!str_eq(target.segments[i], STR(".")) && !str_eq(target.segments[i], STR("..")));
        buf_add_char(&buf, '/');
        add_encoded(&buf, target.segments[i]);
    }
    Str encoded;
    require(!FAILED(buf_finish(&buf, &encoded)));
    require(!FAILED(target_decode_in(arena, encoded, &again)));
    require(again.segment_count == target.segment_count);
    for (size_t i = 0; i < target.segment_count; i++) {
        require(str_eq(again.segments[i], target.segments[i]));
    }
}

static void check_query(Arena *arena, Str raw, bool is_form)
{
    const QueryParam *params = NULL;
    const QueryParam *again = NULL;
    size_t count = 0;
    size_t count_again = 0;
    if (FAILED(query_decode_in(arena, raw, is_form, &params, &count))) {
        return;
    }
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < count; i++) {
        require_clean(params[i].name);
        require_clean(params[i].value);
        require(params[i].name.n > 0 && (params[i].has_value || params[i].value.n == 0));
        buf_add(&buf, i == 0 ? STR_EMPTY : STR("&"));
        add_encoded(&buf, params[i].name);
        buf_add(&buf, params[i].has_value ? STR("=") : STR_EMPTY);
        add_encoded(&buf, params[i].value);
    }
    Str encoded;
    require(!FAILED(buf_finish(&buf, &encoded)));
    require(!FAILED(query_decode_in(arena, encoded, !is_form, &again, &count_again)));
    require(count_again == count);
    for (size_t i = 0; i < count; i++) {
        require(str_eq(again[i].name, params[i].name) && str_eq(again[i].value, params[i].value));
        require(again[i].has_value == params[i].has_value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 65536) {
        return 0;
    }
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    require(arena != NULL);
    Str raw = str_bytes(data + 1, size - 1);
    if (data[0] == 't') {
        check_target(arena, raw);
    } else {
        check_query(arena, raw, data[0] == 'f');
    }
    return 0;
}
