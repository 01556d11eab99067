/* v2_filter_term.h — one item of q or mq: attribute path, operator, right-hand side.
 *
 * Must never be applied to more than one item: `;` is not looked at but for refusing it.
 *
 * Layer: ngsi-proxy/ngsi; used by v2_filter alone. Thread-safe: pure. Standard: NGSIv2. */
#ifndef MUSUBI_V2_FILTER_TERM_H
#define MUSUBI_V2_FILTER_TERM_H

#include "filter.h"

typedef enum V2FilterParam { V2_FILTER_Q, V2_FILTER_MQ } V2FilterParam;

/* item: without blanks around it, not empty. An item of mq that names no metadata comes back with
 * term.metadata "": its refusal has to wait for the items behind it. *values_left counts down the
 * values of lists that may still come. Errors: FILTER_*, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error v2_filter_term_read(Arena *arena, V2FilterParam param, Str item, size_t *values_left,
                          FilterTerm *ret_term) MUST_USE;

#endif
