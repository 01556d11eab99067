/* pattern_syntax.h — which regular expressions are let through to PCRE2 at all.
 *
 * A scan of the text that knows as much of the syntax as it needs: groups and their nesting,
 * bounded repeats and their product, classes and escapes. What could refer back, recurse, call out
 * or switch PCRE2's own limits is refused, and so is every construct that is not known here: a
 * construct that the scan misreads could hide one of the others from it. Must never let through
 * what it does not understand.
 *
 * Layer: vault/entity. Thread-safe: pure. Requirement: A-23. */
#ifndef MUSUBI_PATTERN_SYNTAX_H
#define MUSUBI_PATTERN_SYNTAX_H

#include "str.h"

/* Why the pattern is refused, in a few static words; NULL when it is not. What is merely wrong is
 * left to the compiler. */
const char *pattern_syntax_fault(Str text);

#endif
