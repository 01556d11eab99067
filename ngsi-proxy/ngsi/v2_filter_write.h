/* v2_filter_write.h — the filter tree → texts of q and mq again.
 *
 * What v2_filter_read makes of the texts is the tree that was written, number for number; text
 * always stands in quotes. Must never leave out a term: a tree that these texts can't say is
 * refused.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2 "Simple Query Language". Requirement:
 * */
#ifndef MUSUBI_V2_FILTER_WRITE_H
#define MUSUBI_V2_FILTER_WRITE_H

#include "filter.h"

/* filter: NULL, or ANDs of terms. Terms on metadata go to *ret_mq, the others to *ret_q, decoded
 * and in their order; "" = none. In the arena. Errors: INTERNAL (an OR in the tree),
 * BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_filter_write_in(Arena *arena, const Filter *filter, Str *ret_q, Str *ret_mq) MUST_USE;

#endif
