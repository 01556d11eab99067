/* entity_order.h — in which order entities are told: by attributes, ids, types, dates or distance.
 *
 * A sort key is drawn from an entity as the caller sees it and then stands for itself, so that
 * pages of two halves can be merged without the values. Values of different kinds stand in
 * MongoDB's order (the empty array, absent and null, numbers, text, objects, arrays, booleans,
 * moments); an array stands where its smallest member does, its largest when the order descends;
 * ties keep the order in which the entities came. Must never be shown: a key holds values.
 *
 * Layer: vault/entity. Thread-safe: pure. Standard: NGSIv2 "Ordering results". */
#ifndef MUSUBI_ENTITY_ORDER_H
#define MUSUBI_ENTITY_ORDER_H

#include "entity_query.h"
#include "geo.h"

/* Values that agree in so many bytes stand in the order in which their entities came. */
#define ENTITY_SORT_VALUE_BYTES 1024

/* Of one entity, for all items of its query's order: bytes that compare as the entities do. */
typedef struct EntitySortKey {
    Str bytes;
} EntitySortKey;

/* matcher measures ENTITY_ORDER_DISTANCE; NULL when there is none in the order. Result in arena.
 * Errors: STORE_CORRUPT, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error entity_sort_key_in(Arena *arena, Arena *scratch, const EntityQuery *query,
                         GeoMatcher *matcher, const Entity *entity, EntitySortKey **ret_key)
    MUST_USE;
/* The same, appended to buf: who draws many keys and keeps few uses one buffer again and again. */
Error entity_sort_key_write(Buf *buf, Arena *scratch, const EntityQuery *query, GeoMatcher *matcher,
                            const Entity *entity) MUST_USE;
/* Below, equal or above 0, directions included. Both keys come from queries with the same order. */
int entity_sort_key_compare(const EntitySortKey *left, const EntitySortKey *right);

#endif
