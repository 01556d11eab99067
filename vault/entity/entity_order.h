/* entity_order.h — in which order entities are told: by attributes, ids, types, dates or distance.
 *
 * A sort key is drawn from an entity as the caller sees it and then stands for itself, so that
 * pages of two halves can be merged without the values. Values of different kinds stand in
 * MongoDB's order (absent and null, numbers, text, compound, booleans, moments); ties keep the
 * order in which the entities came.
 *
 * Layer: vault/entity. Thread-safe: pure. Standard: NGSIv2 "Ordering results". */
#ifndef MUSUBI_ENTITY_ORDER_H
#define MUSUBI_ENTITY_ORDER_H

#include "entity_query.h"
#include "geo.h"

/* Of one entity, for all items of its query's order. In an arena. */
typedef struct EntitySortKey EntitySortKey;

/* matcher measures ENTITY_ORDER_DISTANCE; NULL when there is none in the order. Result in arena.
 * Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error entity_sort_key_in(Arena *arena, Arena *scratch, const EntityQuery *query,
                         GeoMatcher *matcher, const Entity *entity, EntitySortKey **ret_key)
    MUST_USE;
/* Below, equal or above 0, directions included. Both keys come from queries with the same order. */
int entity_sort_key_compare(const EntitySortKey *left, const EntitySortKey *right);

#endif
