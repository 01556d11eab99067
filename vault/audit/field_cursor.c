#include "field_cursor.h"

FieldCursor field_cursor(Str bytes)
{
    return (FieldCursor){.at = bytes.p, .left = bytes.n};
}

Str field_take(FieldCursor *cursor, size_t n)
{
    if (cursor->has_failed || n > cursor->left) {
        cursor->has_failed = true;
        return STR_EMPTY;
    }
    Str taken = str_bytes(cursor->at, n);
    cursor->at += n;
    cursor->left -= n;
    return taken;
}

static uint64_t take_number(FieldCursor *cursor, size_t bytes)
{
    Str field = field_take(cursor, bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < field.n; i++) {
        value = value << 8 | (uint8_t)field.p[i];
    }
    return value;
}

uint8_t field_take_u8(FieldCursor *cursor)
{
    return (uint8_t)take_number(cursor, 1);
}

uint32_t field_take_u32(FieldCursor *cursor)
{
    return (uint32_t)take_number(cursor, 4);
}

uint64_t field_take_u64(FieldCursor *cursor)
{
    return take_number(cursor, 8);
}

Str field_take_lp(FieldCursor *cursor)
{
    return field_take(cursor, field_take_u32(cursor));
}

bool field_cursor_is_done(const FieldCursor *cursor)
{
    return !cursor->has_failed && cursor->left == 0;
}
