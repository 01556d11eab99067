/* gate_ask.h — a query made ready for the vault: which personal types it means, by which ids, and
 * what of an entity decides.
 *
 * Must never look at a citizen.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: consent rules
 * 1, 2. */
#ifndef MUSUBI_GATE_ASK_H
#define MUSUBI_GATE_ASK_H

#include "entity_match.h"
#include "gate_see.h"

/* One personal type that a query may mean. */
typedef struct GateAskType {
    GateType type;
    bool is_by_id;       /* every selector that means the type names ids: these */
    StrList ids;         /* each once */
    const bool *decides; /* flags of the type's attributes: their values, or their times, decide
                            about matching or order */
} GateAskType;

typedef struct GateAsk {
    const EntityQuery *query;
    EntityMatcher *matcher;
    GateAskType *types; /* in the registry's order */
    size_t type_count;
    bool has_conditions; /* filter or place */
    bool looks_at_ids;   /* selectors, filter or order do */
    StrList names;       /* what filter and order name, each once */
} GateAsk;

/* In the call's arena; the query must outlive it. Close with gate_ask_close, whatever came back.
 * Errors: PATTERN_COSTLY, GEO_SHAPE, VAULT_SEALED, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error gate_ask_open(GateCaller *caller, const EntityQuery *query, GateAsk *ask) MUST_USE;
/* Twice is fine. */
void gate_ask_close(GateAsk *ask);

/* The query in words for the access log, of bounded length. In arena. */
Error gate_ask_describe_in(Arena *arena, const EntityQuery *query, Str *ret_text) MUST_USE;

/* For CLEANUP(gate_ask_close) GateAsk ask = {0}; */
__attribute__((unused)) static inline void gate_ask_close_cleanup_(GateAsk *ask)
{
    gate_ask_close(ask);
}

#endif
