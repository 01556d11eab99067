#include "str.h"

#include <stdint.h>
#include <string.h>

Str str_from(const char *z)
{
    return z == NULL ? STR_EMPTY : (Str){.p = z, .n = strlen(z)};
}

Str str_bytes(const void *bytes, size_t n)
{
    return (Str){.p = bytes, .n = n};
}

bool str_eq(Str a, Str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int str_compare(Str a, Str b)
{
    size_t common = a.n < b.n ? a.n : b.n;
    int order = common == 0 ? 0 : memcmp(a.p, b.p, common);
    if (order != 0) {
        return order;
    }
    return (a.n > b.n) - (a.n < b.n);
}

int str_compare_void(const void *a, const void *b)
{
    const Str *left = a;
    const Str *right = b;
    return str_compare(*left, *right);
}

bool str_starts_with(Str s, Str prefix)
{
    return s.n >= prefix.n && str_eq(str_slice(s, 0, prefix.n), prefix);
}

bool str_ends_with(Str s, Str suffix)
{
    return s.n >= suffix.n && str_eq(str_slice(s, s.n - suffix.n, suffix.n), suffix);
}

size_t str_find(Str s, char c)
{
    const char *hit = s.n == 0 ? NULL : memchr(s.p, c, s.n);
    return hit == NULL ? s.n : (size_t)(hit - s.p);
}

Str str_slice(Str s, size_t from, size_t n)
{
    size_t start = from < s.n ? from : s.n;
    size_t room = s.n - start;
    return (Str){.p = s.n == 0 ? "" : s.p + start, .n = n < room ? n : room};
}

bool str_split(Str *rest, char separator, Str *ret_part)
{
    if (rest->p == NULL) {
        return false;
    }
    size_t at = str_find(*rest, separator);
    *ret_part = str_slice(*rest, 0, at);
    *rest = at < rest->n ? str_slice(*rest, at + 1, rest->n) : (Str){.p = NULL, .n = 0};
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

Str str_trim(Str s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s = str_slice(s, 1, s.n);
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

Error str_copy_in(Arena *arena, Str s, Str *ret_copy)
{
    char *copy = str_z(arena, s);
    ENSURE_ALLOC(copy, arena);
    *ret_copy = (Str){.p = copy, .n = s.n};
    return OK;
}

char *str_z(Arena *arena, Str s)
{
    if (s.n == SIZE_MAX) {
        return NULL;
    }
    char *copy = arena_alloc(arena, s.n + 1);
    if (copy != NULL && s.n > 0) {
        memcpy(copy, s.p, s.n);
    }
    return copy;
}

Error str_join_in(Arena *arena, const Str *parts, size_t count, Str *ret_joined)
{
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < count; i++) {
        buf_add(&buf, parts[i]);
    }
    return buf_finish(&buf, ret_joined);
}

const char *str_argument(Arena *arena, Str s)
{
    const char *copy = str_z(arena, s);
    return copy == NULL ? "" : copy;
}

bool str_to_uint(Str s, int64_t *ret_value)
{
    if (s.n == 0 || (s.n > 1 && s.p[0] == '0')) {
        return false;
    }
    int64_t value = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, s.p[i] - '0', &value)) {
            return false;
        }
    }
    *ret_value = value;
    return true;
}

Buf buf_in(Arena *arena)
{
    return (Buf){.arena = arena};
}

char *buf_extend(Buf *buf, size_t n)
{
    if (buf->has_failed) {
        return NULL;
    }
    size_t need = 0;
    if (__builtin_add_overflow(buf->n, n, &need)) {
        buf->has_failed = true;
        return NULL;
    }
    if (need > buf->capacity || buf->p == NULL) {
        size_t doubled = buf->capacity > SIZE_MAX / 2 ? SIZE_MAX : buf->capacity * 2;
        size_t capacity = need > doubled ? need : doubled;
        capacity = capacity < 64 ? 64 : capacity;
        char *grown = arena_alloc(buf->arena, capacity);
        if (grown == NULL) {
            buf->has_failed = true;
            return NULL;
        }
        if (buf->n > 0) {
            memcpy(grown, buf->p, buf->n);
        }
        buf->p = grown;
        buf->capacity = capacity;
    }
    char *room = buf->p + buf->n;
    buf->n = need;
    return room;
}

void buf_add(Buf *buf, Str s)
{
    if (s.n == 0) {
        return;
    }
    char *room = buf_extend(buf, s.n);
    if (room != NULL) {
        memcpy(room, s.p, s.n);
    }
}

void buf_add_char(Buf *buf, char c)
{
    if (buf->n < buf->capacity && !buf->has_failed) {
        buf->p[buf->n++] = c;
        return;
    }
    buf_add(buf, (Str){.p = &c, .n = 1});
}

void buf_add_int(Buf *buf, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    buf_add(buf, (Str){.p = digits + at, .n = sizeof digits - at});
}

void buf_add_u32be(Buf *buf, uint32_t value)
{
    const unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                    (unsigned char)(value >> 8), (unsigned char)value};
    buf_add(buf, str_bytes(bytes, sizeof bytes));
}

void buf_add_u64be(Buf *buf, uint64_t value)
{
    buf_add_u32be(buf, (uint32_t)(value >> 32));
    buf_add_u32be(buf, (uint32_t)value);
}

void buf_add_lp(Buf *buf, Str s)
{
    if (s.n > UINT32_MAX) {
        buf->has_failed = true;
        return;
    }
    buf_add_u32be(buf, (uint32_t)s.n);
    buf_add(buf, s);
}

Error buf_finish(const Buf *buf, Str *ret_text)
{
    if (buf->has_failed) {
        return arena_failure(buf->arena);
    }
    *ret_text = buf->n == 0 ? STR_EMPTY : (Str){.p = buf->p, .n = buf->n};
    return OK;
}
