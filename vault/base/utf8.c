#include "utf8.h"

#include <stdlib.h>
#include <utf8proc.h>

/* The smallest code point that may be written in 1 to 4 bytes: anything below is an overlong form.
 */
static const uint32_t SMALLEST[5] = {0, 0, 0x80, 0x800, 0x10000};

static size_t sequence_bytes(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return 3;
    }
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

size_t utf8_decode(Str text, uint32_t *ret_point)
{
    if (text.n == 0) {
        return 0;
    }
    unsigned char lead = (unsigned char)text.p[0];
    size_t n = sequence_bytes(lead);
    if (n == 0 || n > text.n) {
        return 0;
    }
    uint32_t point = n == 1 ? lead : lead & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (c & 0x3fU);
    }
    if (point < SMALLEST[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    if (ret_point != NULL) {
        *ret_point = point;
    }
    return n;
}

bool utf8_is_valid(Str text)
{
    size_t at = 0;
    while (at < text.n) {
        size_t n = utf8_decode(str_slice(text, at, text.n), NULL);
        if (n == 0) {
            return false;
        }
        at += n;
    }
    return true;
}

size_t utf8_encode(uint32_t point, char ret_bytes[4])
{
    if (point < 0x80) {
        ret_bytes[0] = (char)point;
        return 1;
    }
    size_t n = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        ret_bytes[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    ret_bytes[0] = (char)((0xf00U >> n & 0xf0) | point);
    return n;
}

void utf8_add(Buf *buf, uint32_t point)
{
    char bytes[4];
    size_t n = utf8_encode(point, bytes);
    buf_add(buf, str_bytes(bytes, n));
}

size_t utf8_length(Str text)
{
    size_t length = 0;
    for (size_t at = 0; at < text.n; length++) {
        size_t n = utf8_decode(str_slice(text, at, text.n), NULL);
        at += n == 0 ? 1 : n;
    }
    return length;
}

/* One code point may decompose into at most 18 (U+FDFA). */
static Error decompose(Str text, utf8proc_int32_t *points, size_t room, utf8proc_ssize_t *ret_count)
{
    utf8proc_ssize_t count = utf8proc_decompose(
        (const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, points, (utf8proc_ssize_t)room,
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    ENSURE(count >= 0, BAD_ENCODING, "UTF-8");
    *ret_count = count;
    return OK;
}

Error utf8_nfkc_in(Arena *arena, Str text, Str *ret_text)
{
    ENSURE(utf8_is_valid(text), BAD_ENCODING, "UTF-8");
    utf8proc_ssize_t count = 0;
    TRY(decompose(text, NULL, 0, &count));
    /* utf8proc_reencode writes UTF-8 over the code points and wants one byte more than they take */
    utf8proc_int32_t *points = ARENA_MANY(arena, utf8proc_int32_t, (size_t)count + 1);
    ENSURE_ALLOC(points, arena);
    TRY(decompose(text, points, (size_t)count, &count));
    utf8proc_ssize_t n = utf8proc_reencode(points, count, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    ENSURE(n >= 0, BAD_ENCODING, "UTF-8");
    *ret_text = str_bytes(points, (size_t)n);
    return OK;
}
