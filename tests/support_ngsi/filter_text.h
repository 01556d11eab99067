/* filter_text.h — a filter tree of NGSIv2 as texts of q and mq again, each thing in one form.
 *
 * Text always stands in quotes, numbers with 17 digits, names in quotes unless they are plain; so
 * two trees mean the same when their texts are equal, and a text that is read and written comes out
 * as itself. Must never be used outside tests.
 *
 * Layer: tests/support_ngsi. Thread-safe: pure. */
#ifndef MUSUBI_FILTER_TEXT_H
#define MUSUBI_FILTER_TEXT_H

#include "filter.h"

/* filter: NULL, or an AND of terms. Terms on metadata go to *ret_mq, the others to *ret_q, in their
 * order. In the arena. */
Error filter_text_in(Arena *arena, const Filter *filter, Str *ret_q, Str *ret_mq) MUST_USE;

#endif
