/* v2_filter_value.h — the right-hand side of a filter item: one value, a list or a range.
 *
 * A value is, in this order: text in quotes, a number, a moment by its form, true, false, null,
 * text. Must never guess beyond that: `'10'` is text, `10` a number.
 *
 * Layer: ngsi-proxy/ngsi; used by v2_filter_term alone. Thread-safe: pure. Standard: NGSIv2. */
#ifndef MUSUBI_V2_FILTER_VALUE_H
#define MUSUBI_V2_FILTER_VALUE_H

#include "filter.h"

/* Fills values, value_count and is_range of the term, whose test is set (a comparison). text:
 * without blanks around it, not empty. Errors: FILTER_*, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error v2_filter_values_read(Arena *arena, Str text, size_t *values_left, FilterTerm *term) MUST_USE;

/* The first place of a character that stands outside quotes; text.n when there is none. */
size_t v2_find_unquoted(Str text, char wanted);
/* Whether one of < > " ' = ; ( ) or a NUL is in the text. */
bool v2_is_forbidden_text(Str text);

#endif
