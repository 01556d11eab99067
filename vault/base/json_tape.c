#include <string.h>

#include "json_tape.h"
#include "utf8.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int32_t json_tape_hex_unit(const char *p, const char *end)
{
    int32_t unit = 0;
    if (end - p < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

bool json_tape_is_high(int32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

bool json_tape_is_low(int32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

size_t json_tape_decode_unit(const char **at, const char *end, char out[4])
{
    static const char PLAIN[] = "\"\\/bfnrt";
    static const char MEANT[] = "\"\\/\b\f\n\r\t";
    const char *p = *at;
    if (*p != '\\') {
        out[0] = *p;
        *at = p + 1;
        return 1;
    }
    if (p[1] != 'u') {
        out[0] = MEANT[strchr(PLAIN, p[1]) - PLAIN];
        *at = p + 2;
        return 1;
    }
    int32_t unit = json_tape_hex_unit(p + 2, end);
    p += 6;
    uint32_t point = (uint32_t)unit;
    if (json_tape_is_high(unit)) {
        point = 0x10000 + (((uint32_t)unit - 0xd800) << 10) +
                ((uint32_t)json_tape_hex_unit(p + 2, end) - 0xdc00);
        p += 6;
    }
    *at = p;
    return utf8_encode(point, out);
}

void json_tape_decode(Buf *buf, Str inside)
{
    const char *at = inside.p;
    const char *end = inside.p + inside.n;
    while (at < end) {
        char unit[4];
        size_t n = json_tape_decode_unit(&at, end, unit);
        buf_add(buf, str_bytes(unit, n));
    }
}

Str json_tape_name(const JsonTape *tape, uint32_t at)
{
    Node node = tape->nodes[at];
    Str from = (node.meta & META_ESCAPES) != 0 ? tape->names : tape->text;
    return str_bytes(from.p + node.offset, node.length);
}
