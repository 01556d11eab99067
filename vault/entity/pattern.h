/* pattern.h — regular expressions that callers send: idPattern, typePattern, q=a~=….
 *
 * PCRE2 without JIT, under limits of matching, depth and memory, so that no pattern costs more than
 * a bounded time whatever it meets. A pattern is refused before it is used when it is longer than
 * 256 bytes, holds a NUL, nests groups deeper than 5, multiplies bounded repeats beyond 1,000 or
 * refers back, recurses, calls out or is of a kind that pattern_syntax.h does not know. One that
 * meets its limit while it matches is an error of the request, never "no match": the answer would
 * be wrong in silence. Limits are counted in steps, never in time, so that the same question always
 * gets the same answer. Must never serve more than one request: its steps are counted over all that
 * it is matched with.
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
#define PATTERN_MATCH_STEPS_MAX 500000 /* of one match: below 50 ms */
#define PATTERN_STEPS_MAX 50000000     /* of all matches of one pattern */

typedef struct Pattern Pattern;

/* Compiles into the arena, which owns all of it. what names the parameter in a refusal
 * ("idPattern"). Errors: PATTERN_INVALID (argument: what and why), OUT_OF_MEMORY, BUDGET_EXCEEDED.
 */
Error pattern_compile_in(Arena *arena, const char *what, Str text, Pattern **ret_pattern) MUST_USE;
/* Whether the pattern occurs anywhere in the subject (Orion's rule). Errors: PATTERN_COSTLY; when
 * its arena is short of memory also OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error pattern_matches(Pattern *pattern, Str subject, bool *ret_matches) MUST_USE;
/* The text it was compiled from. */
Str pattern_text(const Pattern *pattern);

#endif
