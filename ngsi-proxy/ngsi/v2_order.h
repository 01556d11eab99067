/* v2_order.h — orderBy of NGSIv2: attributes, paths into them, id, type, servicePath, dateCreated,
 * dateModified, geo:distance; `!` before an item turns it around.
 *
 * Must never drop an item: an empty one, one too many and one that is there twice are refused.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2 "Ordering results". */
#ifndef MUSUBI_V2_ORDER_H
#define MUSUBI_V2_ORDER_H

#include "entity_query.h"

/* The text of the parameter → items in its order, in the arena; names are views of the text.
 * Errors: PARAM_VALUE, ORDER_ITEMS, ORDER_REPEATED, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error v2_order_read(Arena *arena, Str text, const EntityOrder **ret_order, size_t *ret_count)
    MUST_USE;
/* Whether all that the query's order needs is asked for. Errors: ORDER_PLACE (a distance without a
 * place). */
Error v2_order_check(const EntityQuery *query) MUST_USE;

#endif
