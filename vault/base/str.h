/* str.h — text and bytes as pointer + length, and the buffer that writers append to.
 *
 * A Str owns nothing; its header or function says how long its bytes live. NUL-terminated text
 * exists only at library edges (str_z). A Buf grows in an arena; the first failure sticks, so
 * writers append in a straight line and ask once, in buf_finish. Must never interpret its bytes.
 *
 * Layer: vault/base. Thread-safe: pure (Str), single-owner (Buf). */
#ifndef MUSUBI_STR_H
#define MUSUBI_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"

typedef struct Str {
    const char *p;
    size_t n;
} Str;

/* A literal as Str, at no cost. */
#define STR(literal_) ((Str){.p = "" literal_, .n = sizeof(literal_) - 1})
/* The same for static initialisers. */
#define STR_INIT(literal_)                                                                         \
    {                                                                                              \
        .p = "" literal_, .n = sizeof(literal_) - 1                                                \
    }
#define STR_EMPTY ((Str){.p = "", .n = 0})
/* For printf-like library edges: printf("%.*s", STR_FORMAT(s)). */
#define STR_FORMAT(s_) (int)(s_).n, (s_).p

/* View of NUL-terminated text; NULL gives the empty Str. */
Str str_from(const char *z);
/* View of n bytes. */
Str str_bytes(const void *bytes, size_t n);

/* Equal bytes. Not constant-time: secrets compare through crypto. */
bool str_eq(Str a, Str b);
/* <0, 0, >0 by unsigned bytes, shorter first on a tie. For qsort use str_compare_void (pointers to
 * Str). */
int str_compare(Str a, Str b);
int str_compare_void(const void *a, const void *b);
bool str_starts_with(Str s, Str prefix);
bool str_ends_with(Str s, Str suffix);
/* Offset of the first c, or s.n when absent. */
size_t str_find(Str s, char c);
/* Bytes [from, from+n), both clamped to s. */
Str str_slice(Str s, size_t from, size_t n);
/* Cuts the part before the first separator off *rest and returns it; false when *rest was used up
 * (p == NULL). "a,,b" gives "a", "", "b"; "" gives one empty part. Start with a copy of the whole
 * text. */
bool str_split(Str *rest, char separator, Str *ret_part);
/* ASCII blanks (space, tab, CR, LF) off both ends. */
Str str_trim(Str s);

/* Copy into the arena. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error str_copy_in(Arena *arena, Str s, Str *ret_copy) MUST_USE;
/* NUL-terminated copy in the arena, NULL when it can't be had (then arena_failure). Embedded NULs
 * stay. */
char *str_z(Arena *arena, Str s) MUST_USE;
/* Joins count parts. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error str_join_in(Arena *arena, const Str *parts, size_t count, Str *ret_joined) MUST_USE;
/* Error argument from a Str: a NUL-terminated arena copy, or "" when memory is short. Never NULL.
 */
const char *str_argument(Arena *arena, Str s);

/* Decimal without sign, blanks or leading zeros (but "0"), ≤ INT64_MAX. False when s is anything
 * else. */
bool str_to_uint(Str s, int64_t *ret_value);

typedef struct Buf {
    Arena *arena;
    char *p;
    size_t n;
    size_t capacity;
    bool has_failed;
} Buf;

/* An empty buffer in the arena; needs no done. */
Buf buf_in(Arena *arena);
/* Appends; silently nothing once it has failed. */
void buf_add(Buf *buf, Str s);
void buf_add_char(Buf *buf, char c);
/* Decimal text. */
void buf_add_int(Buf *buf, int64_t value);
/* Big-endian binary, for canonical encodings. */
void buf_add_u32be(Buf *buf, uint32_t value);
void buf_add_u64be(Buf *buf, uint64_t value);
/* u32-BE length, then the bytes: the LP(…) of the key and AAD definitions (C-1). */
void buf_add_lp(Buf *buf, Str s);
/* Writable room of n zero bytes at the end, counted as used; NULL once failed. */
char *buf_extend(Buf *buf, size_t n);
/* What was written; lives as long as the arena. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error buf_finish(const Buf *buf, Str *ret_text) MUST_USE;

#endif
