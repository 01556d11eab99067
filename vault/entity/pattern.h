/* pattern.h — regular expressions that callers send: idPattern, typePattern, q=a~=….
 *
 * PCRE2 without JIT, under limits of matching, depth and memory, so that no pattern costs more than
 * a bounded time whatever it meets. A pattern is refused before it is used when it is longer than
 * 256 bytes, holds a NUL, nests groups deeper than 5, multiplies bounded repeats beyond 1,000 or
 * refers back. One that meets its limit while it matches is an error of the request, never "no
 * match": the answer would be wrong in silence.
 *
 * Layer: vault/entity. Thread-safe: single-owner. Requirement: A-23, consent rule 12. */
#ifndef MUSUBI_PATTERN_H
#define MUSUBI_PATTERN_H

#include <stdbool.h>

#include "arena.h"
#include "error.h"
#include "str.h"

#define PATTERN_BYTES_MAX 256
#define PATTERN_NESTING_MAX 5
#define PATTERN_REPEATS_MAX 1000

typedef struct Pattern Pattern;

/* Compiles into the arena, which owns all of it. what names the parameter in a refusal
 * ("idPattern"). Errors: PATTERN_INVALID (argument: what and why), OUT_OF_MEMORY, BUDGET_EXCEEDED.
 */
Error pattern_compile_in(Arena *arena, const char *what, Str text, Pattern **ret_pattern) MUST_USE;
/* Whether the pattern occurs anywhere in the subject (Orion's rule). Errors: PATTERN_COSTLY. */
Error pattern_matches(Pattern *pattern, Str subject, bool *ret_matches) MUST_USE;
/* The text it was compiled from. */
Str pattern_text(const Pattern *pattern);

#endif
