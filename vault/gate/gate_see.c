#include "gate_see.h"

#include "planted_leak.h"

Error gate_seen_in(Arena *arena, const GateType *type, GateSeen *ret_seen)
{
    GateSeen seen;
    seen.sights = ARENA_MANY(arena, GateSight, type->spec->attribute_count);
    ENSURE_ALLOC(seen.sights, arena);
    seen.attributes = ARENA_MANY(arena, Attribute, type->spec->attribute_count);
    ENSURE_ALLOC(seen.attributes, arena);
    *ret_seen = seen;
    return OK;
}

Error gate_see(GateCaller *caller, GateTarget *target, size_t index, GateSeen *seen)
{
    const EntityTypeSpec *spec = target->type->spec;
    const SealedAttribute *stored = gate_target_attribute(target, index);
    if (stored == NULL || seen->sights[index] != GATE_UNSEEN) {
        return OK;
    }
    VaultCall *call = caller->call;
    Attribute opened;
    bool is_said = true;
    TRY(sealed_entity_open(call->arena, &target->sealed, target->subject.key, spec->name,
                           spec->attributes[index].name, stored, &opened));
    if (view_attribute_needs_eyes(spec, caller->principal->client, &opened)) {
        TRY(gate_target_link(caller, target));
        if (target->why != NULL) {
            return OK;
        }
        ViewEyes eyes = view_eyes_of_link(&target->link);
        TRY(view_attribute_render(call->arena, call, &eyes, spec, &opened, &is_said));
    }
    seen->attributes[index] = opened;
    seen->sights[index] = is_said ? GATE_SEEN : GATE_UNSAID;
    return OK;
}

Error gate_see_given(GateCaller *caller, GateTarget *target, const bool *which, GateSeen *seen)
{
    for (size_t i = 0; i < target->type->spec->attribute_count; i++) {
        bool is_wanted = which == NULL || which[i];
        bool is_given =
            PLANTED_LEAK(FILTER) || gate_target_decide(caller, target, i, CONSENT_READ).is_allowed;
        if (is_wanted && is_given) {
            TRY(gate_see(caller, target, i, seen));
        }
    }
    return OK;
}

Error gate_seen_entity_in(Arena *arena, const GateTarget *target, const GateSeen *seen,
                          Entity *ret_entity)
{
    const EntityTypeSpec *spec = target->type->spec;
    Entity entity = {.id = target->id, .type = spec->name, .service_path = GATE_SERVICE_PATH};
    entity.attributes = ARENA_MANY(arena, Attribute, spec->attribute_count);
    ENSURE_ALLOC(entity.attributes, arena);
    for (size_t i = 0; i < spec->attribute_count; i++) {
        if (seen->sights[i] == GATE_SEEN) {
            entity.attributes[entity.attribute_count++] = seen->attributes[i];
        }
    }
    entity_times_from_attributes(&entity);
    *ret_entity = entity;
    return OK;
}
