/* union_split.h — divides one query into what open data may be asked and what goes to the vault.
 *
 * What the public half (Orion, or the own store) may learn of a request: registered public types,
 * never an id in the form of a personal type or one that is the caller's own name for something
 * personal, never a condition on an attribute that no public type has, never a personal id as a
 * constant. Such conditions are decided here, as an entity without the attribute would: "is absent"
 * holds, nothing else does. With unlisted types public (a development setting) types and conditions
 * pass as they are, but for personal ids among the constants. Must never look at stored data.
 *
 * Layer: ngsi-proxy/broker; used by union alone. Thread-safe: pure. Requirement: consent rule 11.
 */
#ifndef MUSUBI_UNION_SPLIT_H
#define MUSUBI_UNION_SPLIT_H

#include "classify.h"
#include "entity_query.h"

typedef struct UnionSplit {
    EntityQuery open;
    EntityQuery personal;
    bool asks_open;
    bool asks_personal;
    bool names_personal; /* a personal type or id stands in the request itself */
} UnionSplit;

/* The ids among which some may be the caller's own names for personal entities: those asked for
 * without a type. In arena. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error union_split_open_ids_in(Arena *arena, const EntityQuery *query, const Classifier *classifier,
                              StrList *ret_ids) MUST_USE;
/* known: those of them that are. Everything in the arena. Errors: PATTERN_COSTLY, OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error union_split_in(Arena *arena, const EntityQuery *query, const Classifier *classifier,
                     StrList known, UnionSplit *ret_split) MUST_USE;

#endif
