#include "gate_show.h"

#include <string.h>

/* What is shown of one target, and by which rule each attribute is. */
typedef struct Shown {
    Attribute *attributes;
    size_t *rules;
    size_t count;
    size_t first_rule; /* of the first attribute that the view has, shown or not */
} Shown;

static Error shown_in(Arena *arena, size_t capacity, Shown *ret_shown)
{
    Shown shown = {.first_rule = CONSENT_NO_RULE};
    shown.attributes = ARENA_MANY(arena, Attribute, capacity);
    ENSURE_ALLOC(shown.attributes, arena);
    shown.rules = ARENA_MANY(arena, size_t, capacity);
    ENSURE_ALLOC(shown.rules, arena);
    *ret_shown = shown;
    return OK;
}

static Error open_wanted(GateCaller *caller, GateTarget *target, Arena *out, StrList wanted,
                         Shown *shown)
{
    const EntityTypeSpec *spec = target->type->spec;
    ViewEyes eyes = view_eyes_of_link(&target->link);
    for (size_t i = 0; i < spec->attribute_count; i++) {
        const SealedAttribute *stored = gate_target_attribute(target, i);
        ConsentDecision decision = gate_target_decide(caller, target, i, CONSENT_READ);
        if (stored == NULL || !decision.is_allowed) {
            continue;
        }
        if (shown->first_rule == CONSENT_NO_RULE) {
            shown->first_rule = decision.rule;
        }
        if (wanted.count > 0 && !str_list_has(wanted, spec->attributes[i].name)) {
            continue;
        }
        bool is_shown;
        TRY(view_attribute_in(out, caller->call, &eyes, spec, &target->sealed, target->subject.key,
                              spec->attributes[i].name, stored, &shown->attributes[shown->count],
                              &is_shown));
        if (is_shown) {
            shown->rules[shown->count++] = decision.rule;
        }
    }
    return OK;
}

static Error leaf_add(GateCaller *caller, const GateTarget *target, const Entity *entity,
                      const Shown *shown, size_t rule_index, GateLeaves *leaves)
{
    const ConsentRule *rule = &target->rules.items[rule_index];
    Str *names = ARENA_MANY(leaves->arena, Str, shown->count);
    ENSURE_ALLOC(names, leaves->arena);
    size_t count = 0;
    for (size_t i = 0; i < shown->count; i++) {
        if (shown->rules[i] == rule_index) {
            names[count++] = shown->attributes[i].name;
        }
    }
    uint8_t *subject = arena_alloc(leaves->arena, SUBJECT_ID_BYTES);
    ENSURE_ALLOC(subject, leaves->arena);
    memcpy(subject, target->subject.id, SUBJECT_ID_BYTES);
    LeafDraft draft = gate_leaf(caller->principal, LEAF_READ);
    draft.why = consent_why_text(CONSENT_WHY_OK);
    draft.entity_type = target->type->spec->name;
    draft.attribute_count = (uint32_t)count;
    draft.key = target->subject.key;
    draft.subject = subject;
    draft.detail.entity_id = entity->id;
    draft.detail.attributes = names;
    draft.detail.attribute_count = count;
    TRY(str_copy_in(leaves->arena, rule->grant_id, &draft.detail.grant_id));
    draft.detail.grant_version = rule->grant_version;
    return gate_leaves_add(leaves, &draft);
}

static bool has_rule(const Shown *shown, size_t rule)
{
    for (size_t i = 0; i < shown->count; i++) {
        if (shown->rules[i] == rule) {
            return true;
        }
    }
    return false;
}

/* One leaf for each grant that gave something. An entity that is shown without attributes was given
 * by the grant that makes it visible at all. */
static Error leaves_add(GateCaller *caller, const GateTarget *target, const Entity *entity,
                        const Shown *shown, GateLeaves *leaves)
{
    if (shown->count == 0) {
        return leaf_add(caller, target, entity, shown, shown->first_rule, leaves);
    }
    for (size_t rule = 0; rule < target->rules.count; rule++) {
        if (has_rule(shown, rule)) {
            TRY(leaf_add(caller, target, entity, shown, rule, leaves));
        }
    }
    return OK;
}

Error gate_show_entity(GateCaller *caller, GateTarget *target, Arena *out, StrList wanted,
                       GateLeaves *leaves, Entity *ret_entity)
{
    ENSURE(target->why == NULL, INTERNAL, NULL);
    Shown shown;
    TRY(shown_in(out, target->type->spec->attribute_count, &shown));
    TRY(open_wanted(caller, target, out, wanted, &shown));
    TRY(gate_target_name(caller, out, target));
    Entity entity = {.id = target->id,
                     .type = target->type->spec->name,
                     .service_path = GATE_SERVICE_PATH,
                     .attributes = shown.attributes,
                     .attribute_count = shown.count};
    entity_attributes_sort(&entity);
    entity_times_from_attributes(&entity);
    TRY(leaves_add(caller, target, &entity, &shown, leaves));
    *ret_entity = entity;
    return OK;
}
