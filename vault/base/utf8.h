/* utf8.h — UTF-8: validity, code points, and compatibility normalisation.
 *
 * Valid means RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. U+0000 is valid
 * here; who does not want it says so. Must never repair: what is invalid is refused.
 *
 * Layer: vault/base. Thread-safe: pure. Standard: RFC 3629, UAX #15. */
#ifndef MUSUBI_UTF8_H
#define MUSUBI_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "str.h"

/* Whether all bytes are valid UTF-8. */
bool utf8_is_valid(Str text);
/* Bytes of the valid code point at the start of text, 0 when there is none; *ret_point (may be
 * NULL) gets it. */
size_t utf8_decode(Str text, uint32_t *ret_point);
/* The UTF-8 of a code point (≤ U+10FFFF, no surrogate). Returns its bytes, 1 to 4. */
size_t utf8_encode(uint32_t point, char ret_bytes[4]);
/* Appends a code point (≤ U+10FFFF, no surrogate). */
void utf8_add(Buf *buf, uint32_t point);
/* Number of code points of valid text; an invalid byte counts as one. */
size_t utf8_length(Str text);
/* NFKC of valid text, in the arena. Errors: BAD_ENCODING, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error utf8_nfkc_in(Arena *arena, Str text, Str *ret_text) MUST_USE;

#endif
