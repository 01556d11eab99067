#include "gate_write_build.h"

#include "gate_write_grants.h"
#include "json.h"

_Static_assert(GATE_ATTRIBUTE_BYTES_MAX == 16384, "as the refusal says");

/* --- the subject ------------------------------------------------------------------------------ */

Error gate_write_reference(GateCaller *caller, const Attribute *attribute, Str *ret_user_id)
{
    Arena *arena = caller->call->arena;
    JsonValue value;
    TRY(json_parse(arena, attribute->value, JSON_LIMITS_REQUEST, &value));
    ENSURE(json_is(value, JSON_STRING), ENTITY_SUBJECT, str_argument(arena, attribute->name));
    Str id;
    TRY(json_string_in(arena, value, &id));
    bool is_person = view_person_name(caller->call->core->types, id, ret_user_id);
    ENSURE(is_person, ENTITY_SUBJECT, str_argument(arena, attribute->name));
    return OK;
}

static Error subject_refusal(GateCaller *caller, GateWritePlan *plan)
{
    plan->why = "SUBJECT";
    Str name = plan->target.type->spec->subject_attribute;
    return FAIL(ENTITY_SUBJECT, str_argument(caller->call->arena, name));
}

static bool is_subject(const GateWritePlan *plan, Str name)
{
    return str_eq(name, plan->target.type->spec->subject_attribute);
}

static Error subject_stays(GateCaller *caller, GateWritePlan *plan, const Attribute *attribute)
{
    Str user_id = STR_EMPTY;
    if (is_subject(plan, attribute->name)) {
        TRY(gate_write_reference(caller, attribute, &user_id));
        if (!str_eq(user_id, plan->target.link.user_id)) {
            return subject_refusal(caller, plan);
        }
    }
    return OK;
}

/* --- what the caller sees --------------------------------------------------------------------- */

static bool removes_unnamed(EntityWriteKind kind)
{
    return kind == ENTITY_REPLACE || kind == ENTITY_DELETE;
}

/* What is neither named nor may go is not opened, but where the write can't be judged without. */
static bool must_open(const GateCaller *caller, const GateTarget *target, const EntityWrite *write,
                      Str name)
{
    return entity_update_needs_all(write) || entity_attribute_find(&write->entity, name) != NULL ||
           (removes_unnamed(write->kind) && gate_write_may(caller, target, name, CONSENT_WRITE));
}

/* Attribute `index` of the type as the caller sees it; ret_is_seen false: hidden, absent or not to
 * be said. */
static Error see(GateCaller *caller, const GateTarget *target, const EntityWrite *write,
                 size_t index, Attribute *ret_attribute, bool *ret_is_seen)
{
    VaultCall *call = caller->call;
    const EntityTypeSpec *spec = target->type->spec;
    Str name = spec->attributes[index].name;
    const SealedAttribute *stored = gate_target_attribute(target, index);
    *ret_is_seen =
        stored != NULL && gate_target_decide(caller, target, index, CONSENT_READ).is_allowed;
    *ret_attribute =
        (Attribute){.name = name, .type = STR_EMPTY, .value = STR_EMPTY, .dataset_id = STR_EMPTY};
    if (!*ret_is_seen || !must_open(caller, target, write, name)) {
        return OK;
    }
    ViewEyes eyes = view_eyes_of_link(&target->link);
    return view_attribute_open(call, &eyes, spec, &target->sealed, target->subject.key, name,
                               stored, ret_attribute, ret_is_seen);
}

static Error before_in(GateCaller *caller, const GateTarget *target, const EntityWrite *write,
                       Entity *ret_before)
{
    Arena *arena = caller->call->arena;
    const EntityTypeSpec *spec = target->type->spec;
    Entity before = {.id = target->id, .type = spec->name, .service_path = GATE_SERVICE_PATH};
    before.attributes = ARENA_MANY(arena, Attribute, spec->attribute_count);
    ENSURE_ALLOC(before.attributes, arena);
    for (size_t i = 0; i < spec->attribute_count; i++) {
        bool is_seen = false;
        TRY(see(caller, target, write, i, &before.attributes[before.attribute_count], &is_seen));
        before.attribute_count += is_seen ? 1 : 0;
    }
    *ret_before = before;
    return OK;
}

/* --- what is done to the stored entity -------------------------------------------------------- */

/* As a whole, since metadata of one write stay beside those of the next. */
static Error check_size(GateCaller *caller, const Attribute *attribute)
{
    size_t bytes = attribute->type.n + attribute->value.n;
    for (size_t i = 0; i < attribute->metadata_count; i++) {
        const Metadata *metadata = &attribute->metadata[i];
        bytes += metadata->name.n + metadata->type.n + metadata->value.n;
    }
    ENSURE(bytes <= GATE_ATTRIBUTE_BYTES_MAX, VALUE_TOO_LARGE,
           str_argument(caller->call->arena, attribute->name));
    return OK;
}

/* Becomes the caller's own, so that ids of another writer never do. */
static Error put(GateCaller *caller, SealedEdit *sealed, GateWritePlan *plan, Attribute attribute)
{
    TRY(check_size(caller, &attribute));
    TRY(subject_stays(caller, plan, &attribute));
    attribute.writer = caller->principal->client;
    const AttributeSpec *spec = entity_type_attribute(plan->target.type->spec, attribute.name);
    return sealed_edit_put(sealed, &attribute, sealed_padding_class(spec->padding_bytes));
}

/* Of what goes in the caller's eyes, what the caller may write: the rest stays. The subject goes
 * with the entity only, and then even if somebody else's parts of it stay: a deletion that left it
 * there for their sake would tell of them. */
static Error removable_in(GateCaller *caller, GateWritePlan *plan, EntityWriteKind kind,
                          const Entity *before, const EntityEdit *edit, StrList *ret_names)
{
    size_t most = edit->is_deleted ? before->attribute_count : edit->removed.count;
    Str *names = ARENA_MANY(caller->call->arena, Str, most);
    ENSURE_ALLOC(names, caller->call->arena);
    size_t count = 0;
    for (size_t i = 0; i < most; i++) {
        Str name = edit->is_deleted ? before->attributes[i].name : edit->removed.items[i];
        if (!gate_write_may(caller, &plan->target, name, CONSENT_WRITE)) {
            continue;
        }
        if (is_subject(plan, name) && kind != ENTITY_DELETE) {
            return subject_refusal(caller, plan);
        }
        names[count++] = name;
    }
    *ret_names = (StrList){.items = names, .count = count};
    return OK;
}

static Error edit_open(GateCaller *caller, const EntityWrite *write,
                       const uint8_t id[SEALED_ID_BYTES], GateTarget *target,
                       SealedEdit **ret_sealed)
{
    VaultCall *call = caller->call;
    Str type = target->type->spec->name;
    if (target->sealed.doc_version > 0) {
        return sealed_edit_of(call, target->subject.key, type, &target->sealed, ret_sealed);
    }
    SealedHead head = {.id = gate_type_is_person(target->type) ? STR_EMPTY : write->entity.id,
                       .writer = caller->principal->client,
                       .type = type,
                       .created_us = call->now_us};
    return sealed_edit_new(call, target->subject.key, id, &head, ret_sealed);
}

/* An entity of which nothing is left is not stored. */
static Error edit_close(GateCaller *caller, SealedEdit *sealed, const uint8_t id[SEALED_ID_BYTES],
                        GateWritePlan *plan)
{
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(id, text);
    Str key;
    TRY(str_copy_in(caller->call->arena, str_from(text), &key));
    uint64_t version = plan->target.sealed.doc_version;
    if (sealed_edit_is_empty(sealed)) {
        TRY(gate_pending_remove(caller->pending, key, version));
    } else {
        DocBody body;
        TRY(sealed_edit_finish(sealed, &body));
        TRY(gate_pending_put(caller->pending, key, version, body));
    }
    plan->key = key;
    return OK;
}

static Error apply(GateCaller *caller, const EntityWrite *write, const uint8_t id[SEALED_ID_BYTES],
                   const EntityEdit *edit, StrList removed, GateWritePlan *plan)
{
    size_t puts = edit->is_changed ? edit->put_count : 0;
    if (puts == 0 && removed.count == 0) {
        return OK;
    }
    SealedEdit *sealed;
    TRY(edit_open(caller, write, id, &plan->target, &sealed));
    for (size_t i = 0; i < removed.count; i++) {
        TRY(sealed_edit_remove(sealed, removed.items[i]));
    }
    for (size_t i = 0; i < puts; i++) {
        TRY(put(caller, sealed, plan, edit->put[i]));
    }
    return edit_close(caller, sealed, id, plan);
}

/* --- what is said of it ----------------------------------------------------------------------- */

static const char *why_not(Error refusal)
{
    switch ((int)refusal.reason) {
    case REASON_ENTITY_EXISTS:
    case REASON_ATTRIBUTES_EXIST:
        return "EXISTS";
    case REASON_ENTITY_NOT_FOUND:
    case REASON_ATTRIBUTES_MISSING:
        return "ABSENT";
    default:
        return "REFUSED";
    }
}

/* The attributes that the write was about: those asked for but for those that it could not serve,
 * and what went unnamed. */
static Error names_in(Arena *arena, const EntityWrite *write, const EntityOutcome *outcome,
                      StrList removed, StrList *ret_names)
{
    const Entity *asked = &write->entity;
    Str *names = ARENA_MANY(arena, Str, asked->attribute_count + removed.count);
    ENSURE_ALLOC(names, arena);
    size_t count = 0;
    for (size_t i = 0; i < asked->attribute_count; i++) {
        if (!outcome->is_applied || !str_list_has(outcome->names, asked->attributes[i].name)) {
            names[count++] = asked->attributes[i].name;
        }
    }
    for (size_t i = 0; i < removed.count; i++) {
        if (entity_attribute_find(asked, removed.items[i]) == NULL) {
            names[count++] = removed.items[i];
        }
    }
    *ret_names = (StrList){.items = names, .count = count};
    return OK;
}

static Error conclude(GateCaller *caller, const EntityWrite *write, const EntityEdit *edit,
                      StrList removed, GateWritePlan *plan)
{
    plan->outcome = edit->outcome;
    plan->outcome.type = plan->target.type->spec->name;
    bool is_refused = FAILED(edit->outcome.refusal) && !edit->outcome.is_applied;
    plan->why = is_refused ? why_not(edit->outcome.refusal) : NULL;
    TRY(names_in(caller->call->arena, write, &plan->outcome, removed, &plan->names));
    if (!is_refused && plan->names.count > 0) {
        plan->rule = gate_write_rule(caller, &plan->target, plan->names.items[0]);
    }
    return OK;
}

Error gate_write_build_known(GateCaller *caller, const EntityWrite *write, GateWritePlan *plan)
{
    VaultCall *call = caller->call;
    Entity before;
    EntityEdit edit;
    StrList removed;
    TRY(before_in(caller, &plan->target, write, &before));
    TRY(entity_update_plan(call->arena, write, &before, call->now_us, &edit));
    TRY(removable_in(caller, plan, write->kind, &before, &edit, &removed));
    TRY(apply(caller, write, plan->target.sealed.id, &edit, removed, plan));
    return conclude(caller, write, &edit, removed, plan);
}

Error gate_write_build_new(GateCaller *caller, const EntityWrite *write,
                           const uint8_t id[SEALED_ID_BYTES], GateWritePlan *plan)
{
    VaultCall *call = caller->call;
    EntityEdit edit;
    TRY(entity_update_plan(call->arena, write, NULL, call->now_us, &edit));
    ENSURE(edit.put_count > 0, ENTITY_INVALID, "a personal entity needs at least one attribute");
    TRY(apply(caller, write, id, &edit, (StrList){0}, plan));
    return conclude(caller, write, &edit, (StrList){0}, plan);
}
