#include "injection_strings.h"

#include <stdio.h>

static Error read_file(Arena *arena, const char *path, Str *ret_text)
{
    FILE *file = fopen(path, "rb");
    ENSURE(file != NULL, FILE_IO, path);
    Buf buf = buf_in(arena);
    char block[4096];
    size_t n = 0;
    while ((n = fread(block, 1, sizeof block, file)) > 0) {
        buf_add(&buf, str_bytes(block, n));
    }
    (void)fclose(file);
    return buf_finish(&buf, ret_text);
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static Error decode_in(Arena *arena, Str encoded, Str *ret_text)
{
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < encoded.n; i++) {
        char c = encoded.p[i];
        if (c == '%') {
            ENSURE(i + 2 < encoded.n && hex_of(encoded.p[i + 1]) >= 0 &&
                       hex_of(encoded.p[i + 2]) >= 0,
                   FILE_IO, "percent code");
            c = (char)(hex_of(encoded.p[i + 1]) * 16 + hex_of(encoded.p[i + 2]));
            i += 2;
        }
        buf_add_char(&buf, c);
    }
    return buf_finish(&buf, ret_text);
}

static Error read_line(Arena *arena, Str line, Str *ret_text)
{
    Str times;
    int64_t count = 0;
    Str text;
    ENSURE(str_split(&line, '\t', &times) && str_to_uint(times, &count) && line.p != NULL, FILE_IO,
           "line");
    TRY(decode_in(arena, line, &text));
    Buf buf = buf_in(arena);
    for (int64_t i = 0; i < count; i++) {
        buf_add(&buf, text);
    }
    return buf_finish(&buf, ret_text);
}

Error injection_strings_read(Arena *arena, const char *path, StrList *ret_texts)
{
    Str rest;
    TRY(read_file(arena, path, &rest));
    size_t lines = 1;
    for (size_t i = 0; i < rest.n; i++) {
        lines += rest.p[i] == '\n' ? 1U : 0U;
    }
    Str *texts = ARENA_MANY(arena, Str, lines);
    ENSURE_ALLOC(texts, arena);
    size_t count = 0;
    Str line;
    while (str_split(&rest, '\n', &line)) {
        if (line.n > 0 && line.p[0] != '#') {
            TRY(read_line(arena, line, &texts[count++]));
        }
    }
    *ret_texts = (StrList){.items = texts, .count = count};
    return OK;
}
