#include "gate_ask.h"

#include <stdlib.h>
#include <string.h>

/* --- types and ids ---------------------------------------------------------------------------- */

static Error selector_means(const EntitySelector *selector, Str type, bool *ret_means)
{
    *ret_means = selector->types.count == 0 || str_list_has(selector->types, type);
    if (*ret_means && selector->type_pattern != NULL) {
        return pattern_matches(selector->type_pattern, type, ret_means);
    }
    return OK;
}

/* The selectors that may mean an entity of the type; without selectors the query means all. */
static Error selectors_of_in(Arena *arena, const EntityQuery *query, Str type,
                             const EntitySelector ***ret_selectors, size_t *ret_count)
{
    const EntitySelector **selectors =
        ARENA_MANY(arena, const EntitySelector *, query->selector_count);
    ENSURE_ALLOC(selectors, arena);
    size_t count = 0;
    for (size_t i = 0; i < query->selector_count; i++) {
        bool means = false;
        TRY(selector_means(&query->selectors[i], type, &means));
        if (means) {
            selectors[count++] = &query->selectors[i];
        }
    }
    *ret_selectors = selectors;
    *ret_count = count;
    return OK;
}

/* All ids of the selectors, each once. */
static Error ids_in(Arena *arena, const EntitySelector *const *selectors, size_t count,
                    StrList *ret_ids)
{
    size_t all = 0;
    for (size_t i = 0; i < count; i++) {
        all += selectors[i]->ids.count;
    }
    Str *ids = ARENA_MANY(arena, Str, all);
    ENSURE_ALLOC(ids, arena);
    size_t filled = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(&ids[filled], selectors[i]->ids.items, selectors[i]->ids.count * sizeof *ids);
        filled += selectors[i]->ids.count;
    }
    qsort(ids, all, sizeof *ids, str_compare_void);
    size_t kept = 0;
    for (size_t i = 0; i < all; i++) {
        if (i == 0 || !str_eq(ids[i], ids[i - 1])) {
            ids[kept++] = ids[i];
        }
    }
    *ret_ids = (StrList){.items = ids, .count = kept};
    return OK;
}

static Error flags_in(GateCaller *caller, const GateAsk *ask, const EntityTypeSpec *spec,
                      const bool **ret_flags)
{
    bool *flags = ARENA_MANY(caller->call->arena, bool, spec->attribute_count);
    ENSURE_ALLOC(flags, caller->call->arena);
    for (size_t i = 0; i < spec->attribute_count; i++) {
        flags[i] = entity_matcher_reads(ask->matcher, spec->attributes[i].name);
    }
    *ret_flags = flags;
    return OK;
}

static Error type_ask(GateCaller *caller, GateAsk *ask, const EntityTypeSpec *spec)
{
    Arena *arena = caller->call->arena;
    const EntitySelector **selectors = NULL;
    size_t count = 0;
    TRY(selectors_of_in(arena, ask->query, spec->name, &selectors, &count));
    if (count == 0 && ask->query->selector_count > 0) {
        return OK;
    }
    GateAskType *asked = &ask->types[ask->type_count];
    *asked = (GateAskType){.is_by_id = count > 0};
    for (size_t i = 0; i < count; i++) {
        asked->is_by_id = asked->is_by_id && selectors[i]->ids.count > 0;
    }
    if (asked->is_by_id) {
        TRY(ids_in(arena, selectors, count, &asked->ids));
    }
    TRY(gate_type_in(caller, spec, &asked->type));
    TRY(flags_in(caller, ask, spec, &asked->decides));
    asked->type.place = ask->type_count++;
    return OK;
}

static Error types_ask(GateCaller *caller, GateAsk *ask)
{
    const TypeRegistry *registry = caller->call->core->types;
    size_t count = type_registry_count(registry);
    ask->types = ARENA_MANY(caller->call->arena, GateAskType, count);
    ENSURE_ALLOC(ask->types, caller->call->arena);
    for (size_t i = 0; i < count; i++) {
        const EntityTypeSpec *spec = type_registry_at(registry, i);
        if (spec->is_personal) {
            TRY(type_ask(caller, ask, spec));
        }
    }
    return OK;
}

/* --- conditions ------------------------------------------------------------------------------- */

static Str order_name(const EntityOrder *order)
{
    switch (order->kind) {
    case ENTITY_ORDER_ATTRIBUTE:
        return order->attribute;
    case ENTITY_ORDER_ID:
        return STR("id");
    case ENTITY_ORDER_CREATED:
        return GATE_CREATED;
    case ENTITY_ORDER_MODIFIED:
        return GATE_MODIFIED;
    case ENTITY_ORDER_TYPE:
    case ENTITY_ORDER_SERVICE_PATH:
    case ENTITY_ORDER_DISTANCE:
        break;
    }
    return STR_EMPTY;
}

static Error names_ask(Arena *arena, GateAsk *ask)
{
    const EntityQuery *query = ask->query;
    StrList filtered = {0};
    if (query->filter != NULL) {
        TRY(filter_attributes_in(arena, query->filter, &filtered));
    }
    Str *names = ARENA_MANY(arena, Str, filtered.count + query->order_count);
    ENSURE_ALLOC(names, arena);
    if (filtered.count > 0) {
        memcpy(names, filtered.items, filtered.count * sizeof *names);
    }
    StrList list = {.items = names, .count = filtered.count};
    for (size_t i = 0; i < query->order_count; i++) {
        Str name = order_name(&query->order[i]);
        if (name.n > 0 && !str_list_has(list, name)) {
            names[list.count++] = name;
        }
    }
    ask->names = list;
    return OK;
}

static bool selectors_look_at_ids(const EntityQuery *query)
{
    for (size_t i = 0; i < query->selector_count; i++) {
        if (query->selectors[i].ids.count > 0 || query->selectors[i].id_pattern != NULL) {
            return true;
        }
    }
    return false;
}

Error gate_ask_open(GateCaller *caller, const EntityQuery *query, GateAsk *ask)
{
    *ask = (GateAsk){.query = query};
    TRY(entity_matcher_new(query, &ask->matcher));
    TRY(names_ask(caller->call->arena, ask));
    ask->looks_at_ids = selectors_look_at_ids(query) || str_list_has(ask->names, STR("id"));
    ask->has_conditions = query->filter != NULL || query->place != NULL;
    return types_ask(caller, ask);
}

void gate_ask_close(GateAsk *ask)
{
    ask->matcher = entity_matcher_free(ask->matcher);
}
