#include "gate_show.h"

#include <string.h>

/* What became of each attribute of one target, in the order of its type's. */
typedef struct Disclosure {
    GateCaller *caller;
    GateTarget *target;
    const GateShow *show;
    GateSeen *seen;
    size_t *rules;     /* which rule gives it; CONSENT_NO_RULE: none */
    bool *is_shown;    /* it is in the answer */
    size_t first_rule; /* of the first attribute that the view has */
} Disclosure;

static size_t attribute_count(const Disclosure *disclosure)
{
    return disclosure->target->type->spec->attribute_count;
}

static Str attribute_name(const Disclosure *disclosure, size_t i)
{
    return disclosure->target->type->spec->attributes[i].name;
}

static Error disclosure_in(Arena *arena, Disclosure *disclosure)
{
    size_t count = attribute_count(disclosure);
    disclosure->rules = ARENA_MANY(arena, size_t, count);
    ENSURE_ALLOC(disclosure->rules, arena);
    disclosure->is_shown = ARENA_MANY(arena, bool, count);
    ENSURE_ALLOC(disclosure->is_shown, arena);
    disclosure->first_rule = CONSENT_NO_RULE;
    for (size_t i = 0; i < count; i++) {
        ConsentDecision decision =
            gate_target_decide(disclosure->caller, disclosure->target, i, CONSENT_READ);
        disclosure->rules[i] = decision.is_allowed ? decision.rule : CONSENT_NO_RULE;
        bool is_first = disclosure->first_rule == CONSENT_NO_RULE && decision.is_allowed &&
                        gate_target_attribute(disclosure->target, i) != NULL;
        disclosure->first_rule = is_first ? decision.rule : disclosure->first_rule;
    }
    return OK;
}

static bool wants_times(StrList wanted)
{
    return str_list_has(wanted, GATE_CREATED) || str_list_has(wanted, GATE_MODIFIED);
}

static Error open_wanted(Disclosure *disclosure)
{
    StrList wanted = disclosure->show->wanted;
    bool opens_all = wanted.count == 0 || wants_times(wanted);
    for (size_t i = 0; i < attribute_count(disclosure); i++) {
        bool is_wanted = wanted.count == 0 || str_list_has(wanted, attribute_name(disclosure, i));
        if (disclosure->rules[i] == CONSENT_NO_RULE || (!is_wanted && !opens_all)) {
            continue;
        }
        TRY(gate_see(disclosure->caller, disclosure->target, i, disclosure->seen));
        disclosure->is_shown[i] = is_wanted && disclosure->seen->sights[i] == GATE_SEEN;
    }
    return OK;
}

static Error copy_shown_in(Arena *arena, const Disclosure *disclosure, Entity *entity)
{
    ViewEyes eyes = view_eyes_of_link(&disclosure->target->link);
    entity->attributes = ARENA_MANY(arena, Attribute, attribute_count(disclosure));
    ENSURE_ALLOC(entity->attributes, arena);
    for (size_t i = 0; i < attribute_count(disclosure); i++) {
        if (disclosure->is_shown[i]) {
            Attribute *copy = &entity->attributes[entity->attribute_count++];
            *copy = disclosure->seen->attributes[i];
            TRY(view_attribute_copy_in(arena, &eyes, copy));
        }
    }
    return OK;
}

/* --- leaves ----------------------------------------------------------------------------------- */

static bool has_decided(const Disclosure *disclosure, size_t i)
{
    return disclosure->show->decide != NULL && disclosure->show->decide[i];
}

static bool is_named(const Disclosure *disclosure, size_t rule, bool are_shown, size_t i)
{
    bool is_meant = are_shown ? disclosure->is_shown[i] : has_decided(disclosure, i);
    return disclosure->rules[i] == rule && is_meant;
}

/* The names under one rule: those that are shown, or those that decided. */
static Error names_in(Arena *arena, const Disclosure *disclosure, size_t rule, bool are_shown,
                      const Str **ret_names, size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < attribute_count(disclosure); i++) {
        count += is_named(disclosure, rule, are_shown, i) ? 1 : 0;
    }
    Str *names = ARENA_MANY(arena, Str, count);
    ENSURE_ALLOC(names, arena);
    count = 0;
    for (size_t i = 0; i < attribute_count(disclosure); i++) {
        if (is_named(disclosure, rule, are_shown, i)) {
            names[count++] = attribute_name(disclosure, i);
        }
    }
    *ret_names = names;
    *ret_count = count;
    return OK;
}

static Error leaf_add(const Disclosure *disclosure, const Entity *entity, size_t rule_index,
                      GateLeaves *leaves)
{
    const GateTarget *target = disclosure->target;
    const ConsentRule *rule = &target->rules.items[rule_index];
    uint8_t *subject = arena_alloc(leaves->arena, SUBJECT_ID_BYTES);
    ENSURE_ALLOC(subject, leaves->arena);
    memcpy(subject, target->subject.id, SUBJECT_ID_BYTES);
    LeafDraft draft = gate_leaf(disclosure->caller->principal, LEAF_READ);
    LeafDetail *detail = &draft.detail;
    TRY(names_in(leaves->arena, disclosure, rule_index, true, &detail->attributes,
                 &detail->attribute_count));
    TRY(names_in(leaves->arena, disclosure, rule_index, false, &detail->filtered,
                 &detail->filtered_count));
    draft.why = consent_why_text(CONSENT_WHY_OK);
    draft.entity_type = target->type->spec->name;
    draft.attribute_count = (uint32_t)detail->attribute_count;
    draft.key = target->subject.key;
    draft.subject = subject;
    detail->entity_id = entity->id;
    TRY(str_copy_in(leaves->arena, rule->grant_id, &detail->grant_id));
    detail->grant_version = rule->grant_version;
    return gate_leaves_add(leaves, &draft);
}

static bool has_rule(const Disclosure *disclosure, size_t rule)
{
    for (size_t i = 0; i < attribute_count(disclosure); i++) {
        if (is_named(disclosure, rule, true, i) || is_named(disclosure, rule, false, i)) {
            return true;
        }
    }
    return false;
}

/* One leaf for each grant that gave something. An entity that is shown without attributes was given
 * by the grant that makes it visible at all. */
static Error leaves_add(const Disclosure *disclosure, const Entity *entity, GateLeaves *leaves)
{
    size_t added = 0;
    for (size_t rule = 0; rule < disclosure->target->rules.count; rule++) {
        if (has_rule(disclosure, rule)) {
            TRY(leaf_add(disclosure, entity, rule, leaves));
            added++;
        }
    }
    return added > 0 ? OK : leaf_add(disclosure, entity, disclosure->first_rule, leaves);
}

Error gate_show_entity(GateCaller *caller, GateTarget *target, const GateShow *show, GateSeen *seen,
                       Arena *out, GateLeaves *leaves, Entity *ret_entity)
{
    ENSURE(target->why == NULL, INTERNAL, NULL);
    Disclosure disclosure = {.caller = caller, .target = target, .show = show, .seen = seen};
    TRY(disclosure_in(caller->call->arena, &disclosure));
    TRY(open_wanted(&disclosure));
    Entity whole;
    TRY(gate_seen_entity_in(caller->call->arena, target, seen, &whole));
    TRY(gate_target_name(caller, out, target));
    Entity entity = {.id = target->id,
                     .type = target->type->spec->name,
                     .service_path = GATE_SERVICE_PATH,
                     .created_us = whole.created_us,
                     .modified_us = whole.modified_us};
    TRY(copy_shown_in(out, &disclosure, &entity));
    TRY(leaves_add(&disclosure, &entity, leaves));
    *ret_entity = entity;
    return OK;
}
