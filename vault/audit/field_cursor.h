/* field_cursor.h — takes fields off the front of bytes: fixed lengths, big-endian numbers, LP(…) of
 * Buf.
 *
 * The first failure sticks and every later take gives nothing, so readers take in a straight line
 * and ask once, in field_cursor_is_done. Must never look past the bytes it was given.
 *
 * Layer: vault/audit. Thread-safe: single-owner. */
#ifndef MUSUBI_FIELD_CURSOR_H
#define MUSUBI_FIELD_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

typedef struct FieldCursor {
    const char *at;
    size_t left;
    bool has_failed;
} FieldCursor;

/* A cursor at the first byte; borrows bytes. */
FieldCursor field_cursor(Str bytes);
/* The next n bytes; empty once failed. */
Str field_take(FieldCursor *cursor, size_t n);
/* Big-endian numbers; 0 once failed. */
uint8_t field_take_u8(FieldCursor *cursor);
uint32_t field_take_u32(FieldCursor *cursor);
uint64_t field_take_u64(FieldCursor *cursor);
/* u32-BE length, then the bytes. */
Str field_take_lp(FieldCursor *cursor);
/* Whether nothing failed and nothing is left. */
bool field_cursor_is_done(const FieldCursor *cursor);

#endif
