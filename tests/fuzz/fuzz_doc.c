/* Document bodies as a damaged or hostile database could return them: every reader stays inside the
 * bytes, and what the check calls sound can be read and projected. */
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "doc_select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool is_inside(Str part, Str whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void read_list(DocBody body, const char *name, Arena *arena)
{
    DocBody *items = NULL;
    size_t count = 0;
    if (FAILED(doc_get_list(body, name, arena, &items, &count))) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        Str text = STR_EMPTY;
        require(is_inside(items[i].bytes, body.bytes));
        require(FAILED(doc_get_text(items[i], "n", &text)) || is_inside(text, body.bytes));
    }
}

static void read_member(DocBody body, const char *name, Arena *arena)
{
    int64_t n = 0;
    Str text = STR_EMPTY;
    bool is_number = !FAILED(doc_get_int(body, name, &n));
    bool is_text = !FAILED(doc_get_text(body, name, &text));
    require(is_inside(text, body.bytes));
    bool is_binary = !FAILED(doc_get_bytes(body, name, &text));
    require(is_inside(text, body.bytes));
    require(is_number + is_text + is_binary <= 1);
    require(doc_has(body, name) || !(is_number || is_text || is_binary));
    read_list(body, name, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const NAMES[] = {"f", "n", "t", "b", "l", "e", ""};
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)8 << 20);
    DocBody body = {str_bytes(data, size)};
    DocBody part = {STR_EMPTY};
    int32_t format = 0;
    if (arena == NULL || size > ((size_t)1 << 16)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        read_member(body, NAMES[i], arena);
    }
    Error selected = doc_select_in(arena, body, NAMES, 2, &part);
    if (doc_is_sound(body)) {
        require(!FAILED(doc_format(body, &format)) && !FAILED(selected));
        require(doc_is_sound(part) && part.bytes.n <= size);
    }
    return 0;
}
