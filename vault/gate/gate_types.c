#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "gate_scan.h"
#include "gate_see.h"
#include "gate_walk.h"
#include "vault_call.h"

/* NGSI types under which one attribute occurs. */
typedef struct TypeSet {
    Str *items;
    size_t count;
    size_t capacity;
} TypeSet;

/* One personal type while it is walked. */
typedef struct Tally {
    Arena *arena; /* of the answer */
    const GateType *type;
    bool wants_attributes;
    int64_t count;
    TypeSet *sets; /* of the type's attributes, in their order */
} Tally;

static size_t tally_missing(const void *context)
{
    (void)context;
    return SIZE_MAX;
}

static Error set_add(Arena *arena, TypeSet *set, Str ngsi_type)
{
    if (str_list_has((StrList){.items = set->items, .count = set->count}, ngsi_type)) {
        return OK;
    }
    if (set->count == set->capacity) {
        size_t capacity = set->capacity * 2 + 2;
        Str *grown = ARENA_MANY(arena, Str, capacity);
        ENSURE_ALLOC(grown, arena);
        if (set->count > 0) {
            memcpy(grown, set->items, set->count * sizeof *grown);
        }
        set->items = grown;
        set->capacity = capacity;
    }
    TRY(str_copy_in(arena, ngsi_type, &set->items[set->count]));
    set->count++;
    return OK;
}

static Error tally_meet(void *context, GateCaller *inner, GateTarget *target)
{
    Tally *tally = context;
    tally->count++;
    if (!tally->wants_attributes) {
        return OK;
    }
    GateSeen seen;
    TRY(gate_seen_in(inner->call->arena, target->type, &seen));
    TRY(gate_see_given(inner, target, NULL, &seen));
    for (size_t i = 0; i < target->type->spec->attribute_count; i++) {
        if (seen.sights[i] == GATE_SEEN) {
            TRY(set_add(tally->arena, &tally->sets[i], seen.attributes[i].type));
        }
    }
    return OK;
}

static Error tally_begin(GateCaller *caller, const GateType *type, bool wants_attributes,
                         Tally *tally)
{
    Arena *arena = caller->call->arena;
    *tally = (Tally){.arena = arena, .type = type, .wants_attributes = wants_attributes};
    tally->sets = ARENA_MANY(arena, TypeSet, type->spec->attribute_count);
    ENSURE_ALLOC(tally->sets, arena);
    return OK;
}

/* Only attributes that occur. */
static Error tally_end(Tally *tally, TypeInfo *ret_info)
{
    const EntityTypeSpec *spec = tally->type->spec;
    TypeAttribute *attributes = ARENA_MANY(tally->arena, TypeAttribute, spec->attribute_count);
    ENSURE_ALLOC(attributes, tally->arena);
    TypeInfo info = {.name = spec->name, .count = tally->count, .attributes = attributes};
    for (size_t i = 0; i < spec->attribute_count; i++) {
        TypeSet *set = &tally->sets[i];
        if (set->count > 0) {
            qsort(set->items, set->count, sizeof *set->items, str_compare_void);
            attributes[info.attribute_count++] =
                (TypeAttribute){.name = spec->attributes[i].name,
                                .types = {.items = set->items, .count = set->count}};
        }
    }
    *ret_info = info;
    return OK;
}

static Error walk_types(GateCaller *caller, const TypesQuery *query, TypeList *list,
                        uint32_t *ret_evaluated)
{
    GateType *types;
    size_t count;
    StrList names = {.items = &query->type, .count = query->type.n > 0 ? 1 : 0};
    TRY(gate_types_in(caller, names, &types, &count));
    list->types = ARENA_MANY(caller->call->arena, TypeInfo, count);
    ENSURE_ALLOC(list->types, caller->call->arena);
    Tally tally;
    GateWalk walk = {.caller = caller,
                     .meet = tally_meet,
                     .missing = tally_missing,
                     .context = &tally,
                     .is_unnamed = true};
    bool is_asked = service_path_covers(query->service_path, GATE_SERVICE_PATH);
    for (size_t i = 0; is_asked && i < count; i++) {
        TRY(tally_begin(caller, &types[i], query->wants_attributes, &tally));
        TRY(gate_walk_rows(&walk, &types[i]));
        if (tally.count > 0) {
            TRY(tally_end(&tally, &list->types[list->count++]));
        }
    }
    *ret_evaluated = walk.count;
    return OK;
}

static int by_name(const void *a, const void *b)
{
    return str_compare(((const TypeInfo *)a)->name, ((const TypeInfo *)b)->name);
}

static Error scan_log(GateCaller *caller, const TypesQuery *query, uint32_t evaluated)
{
    CLEANUP(gate_leaves_done)
    GateLeaves leaves = gate_leaves(caller->gate, caller->call->arena);
    GateScan scan = {.type = query->type,
                     .query = query->wants_attributes ? STR("types attributes") : STR("types"),
                     .count = evaluated};
    TRY(gate_scan_add(caller, &scan, &leaves));
    vault_call_close(caller->call); /* nobody holds a snapshot while the disk works */
    return gate_leaves_append(&leaves, caller->call->deadline);
}

Error gate_types(const Gate *gate, VaultCall *call, const Principal *principal,
                 const TypesQuery *query, TypeList *ret_types)
{
    CLEANUP(gate_caller_done) GateCaller caller = {0};
    TRY(gate_caller_open(gate, call, principal, LEAF_SCAN, &caller));
    TypeList list = {.count = 0};
    uint32_t evaluated = 0;
    TRY(walk_types(&caller, query, &list, &evaluated));
    if (list.count > 1) {
        qsort(list.types, list.count, sizeof *list.types, by_name);
    }
    TRY(scan_log(&caller, query, evaluated));
    *ret_types = list;
    return OK;
}
