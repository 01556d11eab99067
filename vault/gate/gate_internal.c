#include <string.h>

#include "gate.h"
#include "gate_leaves.h"
#include "gate_target.h"

#define READ_AT_ONCE 200

static const Str REASON_TEXTS[] = {
#define GATE_REASON(name_, text_, caller_) [GATE_REASON_##name_] = STR_INIT(text_),
    GATE_REASONS(GATE_REASON)
#undef GATE_REASON
};
_Static_assert(sizeof REASON_TEXTS / sizeof REASON_TEXTS[0] == GATE_REASON_COUNT_,
               "one text for each reason");

/* One look inside: who asks, whose data, what was opened so far. */
typedef struct Inside {
    GateCaller caller; /* without the checks of a service: the reason takes their place */
    GateReason reason;
    Subject *subject;
    ViewEyes eyes;
    GateType *types;
    size_t type_count;
    Entity *entities;
    size_t count;
    size_t capacity;
} Inside;

static const GateType *type_of(const Inside *inside, Str token)
{
    for (size_t i = 0; i < inside->type_count; i++) {
        if (str_eq(inside->types[i].token, token)) {
            return &inside->types[i];
        }
    }
    return NULL;
}

static Error open_all(Inside *inside, const GateTarget *target, Entity *entity)
{
    const EntityTypeSpec *spec = target->type->spec;
    VaultCall *call = inside->caller.call;
    entity->attributes = ARENA_MANY(call->arena, Attribute, spec->attribute_count);
    ENSURE_ALLOC(entity->attributes, call->arena);
    for (size_t i = 0; i < spec->attribute_count; i++) {
        const SealedAttribute *stored = gate_target_attribute(target, i);
        bool is_shown = false;
        if (stored != NULL) {
            TRY(view_attribute_in(call->arena, call, &inside->eyes, spec, &target->sealed,
                                  target->subject.key, spec->attributes[i].name, stored,
                                  &entity->attributes[entity->attribute_count], &is_shown));
        }
        entity->attribute_count += is_shown ? 1 : 0;
    }
    return OK;
}

static Error open_entity(Inside *inside, const StoreDoc *doc)
{
    Str token;
    TRY(doc_get_text(doc->body, "y", &token));
    const GateType *type = type_of(inside, token);
    if (type == NULL) {
        /* A type that the registry does not list any more: its attributes have no names to be
         * opened by. */
        return OK;
    }
    VaultCall *call = inside->caller.call;
    GateTarget target = {.type = type, .subject = *inside->subject};
    TRY(gate_target_take(&inside->caller, doc, &target));
    Entity entity = {.type = type->spec->name, .service_path = GATE_SERVICE_PATH};
    TRY(view_entity_id_in(call->arena, call, &inside->eyes, type->spec, &target.sealed,
                          &target.head, &entity.id));
    TRY(open_all(inside, &target, &entity));
    entity_attributes_sort(&entity);
    entity_times_from_attributes(&entity);
    ENSURE(inside->count < inside->capacity, INTERNAL, NULL);
    inside->entities[inside->count++] = entity;
    return OK;
}

static bool names_have(const Str *names, size_t count, Str name)
{
    return str_list_has((StrList){.items = names, .count = count}, name);
}

/* One leaf for each type that something was opened of, with all the names. */
static Error leaf_add(const Inside *inside, const GateType *type, GateLeaves *leaves)
{
    Str *names = ARENA_MANY(leaves->arena, Str, type->spec->attribute_count);
    ENSURE_ALLOC(names, leaves->arena);
    size_t count = 0;
    bool has_any = false;
    for (size_t e = 0; e < inside->count; e++) {
        const Entity *entity = &inside->entities[e];
        bool is_same = str_eq(entity->type, type->spec->name);
        has_any = has_any || is_same;
        for (size_t a = 0; is_same && a < entity->attribute_count; a++) {
            if (!names_have(names, count, entity->attributes[a].name)) {
                names[count++] = entity->attributes[a].name;
            }
        }
    }
    if (!has_any) {
        return OK;
    }
    LeafDraft draft = gate_leaf(inside->caller.principal, LEAF_READ);
    draft.why = REASON_TEXTS[inside->reason];
    draft.entity_type = type->spec->name;
    draft.attribute_count = (uint32_t)count;
    draft.key = inside->subject->key;
    draft.subject = inside->subject->id;
    draft.detail.attributes = names;
    draft.detail.attribute_count = count;
    return gate_leaves_add(leaves, &draft);
}

static Error leaves_append(const Inside *inside)
{
    const GateCaller *caller = &inside->caller;
    CLEANUP(gate_leaves_done) GateLeaves leaves = gate_leaves(caller->gate, caller->call->arena);
    for (size_t i = 0; i < inside->type_count; i++) {
        TRY(leaf_add(inside, &inside->types[i], &leaves));
    }
    return gate_leaves_append(&leaves, caller->call->deadline);
}

static Error open_entities(Inside *inside)
{
    VaultCall *call = inside->caller.call;
    StoreFind find = {.collection = STORE_ENTITIES,
                      .index = "by_subject",
                      .equal = {STORE_TEXT(subject_text(inside->subject))},
                      .equal_count = 1,
                      .limit = READ_AT_ONCE};
    int64_t all = 0;
    TRY(store_count(call->snapshot, &find, &all));
    inside->entities = ARENA_MANY(call->arena, Entity, (size_t)all);
    ENSURE_ALLOC(inside->entities, call->arena);
    inside->capacity = (size_t)all;
    StoreDoc *docs = NULL;
    size_t count = 0;
    do {
        TRY(store_find(call->snapshot, call->arena, &find, &docs, &count));
        for (size_t i = 0; i < count; i++) {
            TRY(open_entity(inside, &docs[i]));
        }
        find.after = count > 0 ? &docs[count - 1] : NULL;
    } while (count == find.limit);
    return OK;
}

Error gate_internal(const Gate *gate, VaultCall *call, GateReason reason,
                    const Principal *principal, const uint8_t subject[16], Entity **ret_entities,
                    size_t *ret_count)
{
    CLEANUP(subject_done) Subject owner = {0};
    TRY(subject_load(call, subject, &owner));
    Inside inside = {.caller = {.gate = gate, .call = call, .principal = principal},
                     .reason = reason,
                     .subject = &owner,
                     .eyes = view_eyes_of_citizen(principal->client)};
    StrList all = {0};
    TRY(gate_types_in(&inside.caller, all, &inside.types, &inside.type_count));
    TRY(open_entities(&inside));
    TRY(leaves_append(&inside));
    *ret_entities = inside.entities;
    *ret_count = inside.count;
    return OK;
}
