#include "policy_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "clock.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)

static size_t words_of(Str line, Str *ret_words)
{
    size_t count = 0;
    Str rest = str_trim(str_slice(line, 0, str_find(line, '#')));
    while (rest.n > 0) {
        size_t end = str_find(rest, ' ');
        assert_true(count < POLICY_WORDS_MAX);
        ret_words[count++] = str_slice(rest, 0, end);
        rest = str_trim(str_slice(rest, end, rest.n));
    }
    return count;
}

size_t policy_table_read(Arena *arena, const char *name, PolicyLine line, void *context)
{
    char path[512];
    const char *source = getenv("MUSUBI_SOURCE");
    assert_non_null(source);
    (void)snprintf(path, sizeof path, "%.400s/tests/policy/%s", source, name);
    Str text;
    assert_ok(file_read_in(ports_system()->file, arena, path, FILE_BYTES_MAX, &text));
    Str one;
    size_t lines = 0;
    while (str_split(&text, '\n', &one)) {
        Str words[POLICY_WORDS_MAX];
        size_t count = words_of(one, words);
        if (count > 0) {
            line(context, words, count);
            lines++;
        }
    }
    return lines;
}
