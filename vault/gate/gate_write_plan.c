#include "gate_write_plan.h"

#include <string.h>

#include "gate_write_build.h"
#include "gate_write_grants.h"

void gate_write_plan_done(GateWritePlan *plan)
{
    gate_target_done(&plan->target);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void refuse(GateWritePlan *plan, const char *why, Error refusal)
{
    plan->why = why;
    plan->outcome.refusal = refusal;
}

/* Unknown, foreign, unlinked, hidden: one place. */
static Error not_found(GateWritePlan *plan)
{
    refuse(plan, plan->target.why == NULL ? "UNKNOWN_ID" : plan->target.why,
           FAIL(ENTITY_NOT_FOUND, NULL));
    return OK;
}

/* Names the attributes that the grants don't cover; what is stored plays no part. */
static Error check_grants(GateCaller *caller, const EntityWrite *write, bool is_new,
                          GateWritePlan *plan)
{
    TRY(gate_write_refused(caller, &plan->target, write, is_new, &plan->refused));
    if (plan->refused.count == 0) {
        return OK;
    }
    plan->why = "NO_CONSENT";
    if (plan->names.count == 0) {
        plan->names = plan->refused;
    }
    return FAIL(WRITE_NOT_GRANTED, NULL);
}

/* --- form ------------------------------------------------------------------------------------- */

static bool is_at_root(const EntityWrite *write)
{
    return write->service_path.n == 0 || str_eq(write->service_path, GATE_SERVICE_PATH);
}

static bool may_create(EntityWriteKind kind)
{
    return kind == ENTITY_CREATE || kind == ENTITY_UPSERT || kind == ENTITY_UPSERT_STRICT;
}

/* An entity without attributes is in no view: none can be made. */
static bool needs_attributes(EntityWriteKind kind)
{
    return may_create(kind) || kind == ENTITY_REPLACE;
}

static Error check_form(const EntityWrite *write)
{
    ENSURE(is_at_root(write) || !may_create(write->kind), ENTITY_INVALID,
           "personal entities live at service path /");
    ENSURE(write->entity.attribute_count > 0 || !needs_attributes(write->kind), ENTITY_INVALID,
           "a personal entity needs at least one attribute");
    for (size_t i = 0; i < write->entity.attribute_count; i++) {
        ENSURE(write->entity.attributes[i].dataset_id.n == 0, ENTITY_INVALID, "datasetId");
    }
    return OK;
}

static Error names_in(Arena *arena, const Entity *entity, StrList *ret_names)
{
    Str *names = ARENA_MANY(arena, Str, entity->attribute_count);
    ENSURE_ALLOC(names, arena);
    for (size_t i = 0; i < entity->attribute_count; i++) {
        names[i] = entity->attributes[i].name;
    }
    *ret_names = (StrList){.items = names, .count = entity->attribute_count};
    return OK;
}

/* --- which type ------------------------------------------------------------------------------- */

static bool is_asked(const EntityWrite *write, const GateType *type)
{
    return write->entity.type.n == 0 || str_eq(write->entity.type, type->spec->name);
}

/* The one type that a new entity can be of. */
static Error type_of_new(GateCaller *caller, GateTypes types, const EntityWrite *write,
                         const GateType **ret_type)
{
    const GateType *only = NULL;
    size_t asked = 0;
    size_t possible = 0;
    for (size_t i = 0; i < types.count; i++) {
        if (is_asked(write, &types.items[i])) {
            asked++;
            if (gate_type_may_have(caller, &types.items[i], write->entity.id)) {
                possible++;
                only = &types.items[i];
            }
        }
    }
    ENSURE(asked > 0 && possible <= 1, ENTITY_INVALID, "type");
    ENSURE(possible == 1, ENTITY_INVALID, "the id has the form of another personal type");
    *ret_type = only;
    return OK;
}

/* --- what is there ---------------------------------------------------------------------------- */

/* The one entity of the view behind the id. A citizen's own entity that the view lacks is kept when
 * nothing else is found: the grants about it are known, so their refusal may be told. */
static Error find_target(GateCaller *caller, GateTypes types, const EntityWrite *write,
                         GateWritePlan *plan)
{
    bool is_found = false;
    for (size_t i = 0; i < types.count; i++) {
        const GateType *type = &types.items[i];
        CLEANUP(gate_target_done) GateTarget target = {0};
        if (!is_asked(write, type) || !gate_type_may_have(caller, type, write->entity.id)) {
            continue;
        }
        TRY(gate_target_find(caller, type, write->entity.id, &target));
        if (target.why == NULL && is_found) {
            refuse(plan, "AMBIGUOUS", FAIL(ENTITY_AMBIGUOUS, NULL));
            return OK;
        }
        bool is_kept = target.why == NULL ||
                       (!is_found && gate_type_is_person(type) && target.subject.key != NULL);
        if (is_kept) {
            gate_target_done(&plan->target);
            is_found = target.why == NULL;
            plan->target = target;
            target.subject.key = NULL;
        }
    }
    return OK;
}

/* Loads the citizen behind a user id, the rules and nothing else. Nobody is no error. */
static Error subject_find(GateCaller *caller, Str user_id, GateTarget *target)
{
    Error error = id_link_find(caller->call, caller->principal->client, user_id, &target->subject,
                               &target->link);
    if (FAILED(error)) {
        return error.reason == REASON_LINK_UNKNOWN ? OK : error;
    }
    return gate_target_rules(caller, target);
}

/* Who a new entity is about. */
static Error subject_of_new(GateCaller *caller, const Entity *asked, GateTarget *target)
{
    Str user_id;
    if (gate_type_is_person(target->type)) {
        bool is_urn = view_urn_name(asked->id, target->type->spec->name, &user_id);
        return is_urn ? subject_find(caller, user_id, target) : OK;
    }
    Str name = target->type->spec->subject_attribute;
    const Attribute *reference = entity_attribute_find(asked, name);
    ENSURE(reference != NULL, ENTITY_SUBJECT, str_argument(caller->call->arena, name));
    TRY(gate_write_reference(caller, reference, &user_id));
    return subject_find(caller, user_id, target);
}

/* --- a new one -------------------------------------------------------------------------------- */

/* Where the new entity goes, and what of this citizen's is there already (hidden from the caller,
 * or the view would have it). */
static Error place_person(GateCaller *caller, GateTarget *target, uint8_t ret_id[SEALED_ID_BYTES])
{
    StoreDoc doc;
    TRY(sealed_entity_id_of_subject(caller->call, target->subject.id, ret_id));
    TRY(gate_target_document(caller, ret_id, &doc));
    return doc.version == 0 ? OK : gate_target_take(caller, &doc, target);
}

static Error is_own_slot(const StoreDoc *doc, const GateTarget *target, bool *ret_is_own)
{
    *ret_is_own = false;
    if (doc->version > 0) {
        Str owner = STR_EMPTY;
        TRY(doc_get_text(doc->body, "s", &owner));
        *ret_is_own = str_eq(owner, subject_text(&target->subject));
    }
    return OK;
}

/* The slot that is this citizen's own, else the first that is free. Another citizen's entity in a
 * slot is one that the caller can't see: it stays where it is, and nothing tells of it. */
static Error place_written(GateCaller *caller, Str id, GateTarget *target,
                           uint8_t ret_id[SEALED_ID_BYTES])
{
    GateSlots slots;
    unsigned chosen = GATE_SLOTS_MAX;
    bool is_own = false;
    TRY(gate_target_slots(caller, target->type, id, &slots));
    for (unsigned slot = 0; slot < GATE_SLOTS_MAX && !is_own; slot++) {
        TRY(is_own_slot(&slots.docs[slot], target, &is_own));
        bool is_first_free = slots.docs[slot].version == 0 && chosen == GATE_SLOTS_MAX;
        chosen = is_own || is_first_free ? slot : chosen;
    }
    ENSURE(chosen < GATE_SLOTS_MAX, STORE_CONFLICT, NULL);
    memcpy(ret_id, slots.ids[chosen], SEALED_ID_BYTES);
    return is_own ? gate_target_take(caller, &slots.docs[chosen], target) : OK;
}

/* Whether the caller's view has an entity under this id already, whoever's it is. */
static Error view_has(GateCaller *caller, const GateType *type, Str id, bool *ret_has)
{
    GateTarget found = {0};
    TRY(gate_target_find(caller, type, id, &found));
    *ret_has = found.why == NULL;
    gate_target_done(&found);
    return OK;
}

/* An id of the form that this caller gets for others' entities can't become one of its own: two
 * entities would answer to it. */
static Error check_own_id(GateCaller *caller, const GateType *type, Str id)
{
    Str name;
    if (gate_type_is_person(type) || !view_urn_name(id, type->spec->name, &name)) {
        return OK;
    }
    ServiceId keyed;
    TRY(service_id_open(caller->call->core->keyring, caller->call->tenant,
                        caller->principal->client, name, &keyed));
    ENSURE(!keyed.is_known, ENTITY_INVALID, "this id is taken by the platform");
    return OK;
}

static Error plan_new(GateCaller *caller, GateTypes types, const EntityWrite *write,
                      GateWritePlan *plan)
{
    const Entity *asked = &write->entity;
    const GateType *type = NULL;
    TRY(type_of_new(caller, types, write, &type));
    gate_target_done(&plan->target);
    plan->target = (GateTarget){.type = type, .id = asked->id};
    TRY(subject_of_new(caller, asked, &plan->target));
    if (plan->target.subject.key == NULL) {
        return not_found(plan);
    }
    TRY(check_grants(caller, write, true, plan));
    bool has_it = false;
    if (write->kind == ENTITY_CREATE) {
        TRY(view_has(caller, type, asked->id, &has_it));
    }
    if (has_it) {
        plan->outcome.type = type->spec->name;
        plan->outcome.was_there = true;
        refuse(plan, "EXISTS", FAIL(ENTITY_EXISTS, NULL));
        return OK;
    }
    TRY(check_own_id(caller, type, asked->id));
    uint8_t id[SEALED_ID_BYTES];
    TRY(gate_type_is_person(type) ? place_person(caller, &plan->target, id)
                                  : place_written(caller, asked->id, &plan->target, id));
    return gate_write_build_new(caller, write, id, plan);
}

/* --- one that the caller may know ------------------------------------------------------------- */

static Error plan_known(GateCaller *caller, const EntityWrite *write, GateWritePlan *plan)
{
    if (plan->target.subject.key == NULL) {
        return not_found(plan);
    }
    TRY(check_grants(caller, write, false, plan));
    if (plan->target.why != NULL) {
        return not_found(plan);
    }
    return gate_write_build_known(caller, write, plan);
}

Error gate_write_plan(GateCaller *caller, GateTypes types, const EntityWrite *write,
                      GateWritePlan *plan)
{
    plan->outcome.type = write->entity.type;
    TRY(check_form(write));
    TRY(names_in(caller->call->arena, &write->entity, &plan->names));
    if (!is_at_root(write)) {
        return not_found(plan);
    }
    if (write->kind == ENTITY_CREATE) {
        return plan_new(caller, types, write, plan);
    }
    TRY(find_target(caller, types, write, plan));
    if (FAILED(plan->outcome.refusal)) {
        return OK;
    }
    bool is_in_view = plan->target.subject.key != NULL && plan->target.why == NULL;
    return may_create(write->kind) && !is_in_view ? plan_new(caller, types, write, plan)
                                                  : plan_known(caller, write, plan);
}
