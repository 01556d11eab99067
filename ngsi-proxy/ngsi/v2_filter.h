/* v2_filter.h — q and mq of NGSIv2 → the filter tree.
 *
 * All items of both texts must hold. Grammar and refusals are Orion's: `a==1`, `a:1`, `a!=1`,
 * `a<1`, `a<=1`, `a>1`, `a>=1`, `a~=pattern`, `a`, `!a`; lists `a==1,2` and ranges `a==1..2`; paths
 * `a.b.'c.d'`; quotes force text and protect what stands in them. Where Orion's reader contradicts
 * its manual (".." and "," inside quotes) the manual holds. Must never drop an item: what is not
 * understood is refused.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2 "Simple Query Language". Requirement:
 * */
#ifndef MUSUBI_V2_FILTER_H
#define MUSUBI_V2_FILTER_H

#include "filter.h"

/* The two texts as sent, decoded; "" = not given; both "" give NULL. At most FILTER_TERMS_MAX terms
 * and values of lists in all. The tree, an AND of terms in the order of the texts, lives in the
 * arena and refers to them. Errors: FILTER_*, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error v2_filter_read(Arena *arena, Str q, Str mq, const Filter **ret_filter) MUST_USE;

#endif
