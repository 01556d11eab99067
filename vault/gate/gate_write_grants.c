#include "gate_write_grants.h"

static size_t spec_index(const GateTarget *target, Str name)
{
    const EntityTypeSpec *spec = target->type->spec;
    const AttributeSpec *attribute = entity_type_attribute(spec, name);
    return attribute == NULL ? SIZE_MAX : (size_t)(attribute - spec->attributes);
}

bool gate_write_may(const GateCaller *caller, const GateTarget *target, Str name,
                    ConsentOperation operation)
{
    size_t index = spec_index(target, name);
    return index != SIZE_MAX && gate_target_decide(caller, target, index, operation).is_allowed;
}

const ConsentRule *gate_write_rule(const GateCaller *caller, const GateTarget *target, Str name)
{
    ConsentDecision decision =
        gate_target_decide(caller, target, spec_index(target, name), CONSENT_WRITE);
    return &target->rules.items[decision.rule];
}

/* Whether the answer to the write tells more than the view does to somebody who may not read. */
static bool tells(const EntityWrite *write)
{
    switch (write->kind) {
    case ENTITY_CREATE:
    case ENTITY_APPEND:
    case ENTITY_UPSERT:
        return false;
    case ENTITY_UPSERT_STRICT:
    case ENTITY_APPEND_STRICT:
    case ENTITY_UPDATE:
    case ENTITY_REPLACE:
    case ENTITY_DELETE_ATTRIBUTES:
    case ENTITY_DELETE:
    case ENTITY_WRITE_KIND_COUNT_:
        break;
    }
    return true;
}

static bool needs_read(GateCaller *caller, const GateTarget *target, const EntityWrite *write,
                       bool is_new, const Attribute *attribute)
{
    bool is_subject = str_eq(attribute->name, target->type->spec->subject_attribute);
    return tells(write) || (is_subject && !is_new) ||
           entity_update_is_operator(caller->call->arena, attribute->value);
}

static bool is_granted(GateCaller *caller, const GateTarget *target, const EntityWrite *write,
                       bool is_new, const Attribute *attribute)
{
    return gate_write_may(caller, target, attribute->name, CONSENT_WRITE) &&
           (!needs_read(caller, target, write, is_new, attribute) ||
            gate_write_may(caller, target, attribute->name, CONSENT_READ));
}

/* A citizen of whom nothing at all is granted is left to the view, which has not got it. */
static void refused_deletion(const GateCaller *caller, const GateTarget *target, Str *names,
                             size_t *count)
{
    const EntityTypeSpec *spec = target->type->spec;
    for (size_t i = 0; i < spec->attribute_count; i++) {
        bool may_write = gate_target_decide(caller, target, i, CONSENT_WRITE).is_allowed;
        bool may_read = gate_target_decide(caller, target, i, CONSENT_READ).is_allowed;
        if (may_write && may_read) {
            *count = 0;
            return;
        }
        if (may_write || may_read) {
            names[(*count)++] = spec->attributes[i].name;
        }
    }
}

Error gate_write_refused(GateCaller *caller, const GateTarget *target, const EntityWrite *write,
                         bool is_new, StrList *ret_names)
{
    const Entity *asked = &write->entity;
    size_t most =
        write->kind == ENTITY_DELETE ? target->type->spec->attribute_count : asked->attribute_count;
    Str *names = ARENA_MANY(caller->call->arena, Str, most);
    ENSURE_ALLOC(names, caller->call->arena);
    size_t count = 0;
    if (write->kind == ENTITY_DELETE) {
        refused_deletion(caller, target, names, &count);
    }
    for (size_t i = 0; i < asked->attribute_count && write->kind != ENTITY_DELETE; i++) {
        if (!is_granted(caller, target, write, is_new, &asked->attributes[i])) {
            names[count++] = asked->attributes[i].name;
        }
    }
    *ret_names = (StrList){.items = names, .count = count};
    return OK;
}
