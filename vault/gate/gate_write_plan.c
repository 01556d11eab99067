#include "gate_write_plan.h"

#include <string.h>

#include "attribute_change.h"
#include "json.h"

_Static_assert(GATE_ATTRIBUTE_BYTES_MAX == 16384, "as the refusal says");

void gate_write_plan_done(GateWritePlan *plan)
{
    gate_target_done(&plan->target);
}

/* --- refusals --------------------------------------------------------------------------------- */

static Error refuse(GateWritePlan *plan, const char *why, Error refusal)
{
    plan->why = why;
    return refusal;
}

/* Unknown, foreign, unlinked, hidden: one place. */
static Error not_found(GateWritePlan *plan)
{
    return refuse(plan, plan->target.why == NULL ? "UNKNOWN_ID" : plan->target.why,
                  FAIL(ENTITY_NOT_FOUND, NULL));
}

static size_t spec_index(const GateTarget *target, Str name)
{
    const EntityTypeSpec *spec = target->type->spec;
    const AttributeSpec *attribute = entity_type_attribute(spec, name);
    return attribute == NULL ? SIZE_MAX : (size_t)(attribute - spec->attributes);
}

static bool may_do(const GateCaller *caller, const GateTarget *target, Str name,
                   ConsentOperation operation)
{
    size_t index = spec_index(target, name);
    return index != SIZE_MAX && gate_target_decide(caller, target, index, operation).is_allowed;
}

/* Names the attributes that the grants don't cover; what is stored plays no part. */
static Error check_grants(GateCaller *caller, const Entity *asked, bool needs_read,
                          GateWritePlan *plan)
{
    Buf refused = buf_in(caller->call->arena);
    for (size_t i = 0; i < asked->attribute_count; i++) {
        Str name = asked->attributes[i].name;
        bool is_granted = may_do(caller, &plan->target, name, CONSENT_WRITE) &&
                          (!needs_read || may_do(caller, &plan->target, name, CONSENT_READ));
        if (!is_granted) {
            buf_add(&refused, refused.n == 0 ? STR_EMPTY : STR(", "));
            buf_add(&refused, name);
        }
    }
    Str names;
    TRY(buf_finish(&refused, &names));
    if (names.n == 0) {
        return OK;
    }
    return refuse(plan, "NO_CONSENT",
                  FAIL(WRITE_NOT_GRANTED, str_argument(caller->call->arena, names)));
}

static bool is_at_root(const EntityWrite *write)
{
    return write->service_path.n == 0 || str_eq(write->service_path, GATE_SERVICE_PATH);
}

static Error check_form(const EntityWrite *write)
{
    ENSURE(is_at_root(write) || write->kind == ENTITY_UPDATE, ENTITY_INVALID,
           "personal entities live at service path /");
    ENSURE(write->entity.attribute_count > 0, ENTITY_INVALID,
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

/* --- the subject ------------------------------------------------------------------------------ */

/* The user id in the value of a subject attribute: a JSON string with the citizen's id as the
 * caller knows it. */
static Error reference_read(GateCaller *caller, const Attribute *attribute, Str *ret_user_id)
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

static Error subject_stays(GateCaller *caller, GateWritePlan *plan, const Attribute *attribute)
{
    Str user_id = STR_EMPTY;
    TRY(reference_read(caller, attribute, &user_id));
    if (str_eq(user_id, plan->target.link.user_id)) {
        return OK;
    }
    return refuse(plan, "SUBJECT",
                  FAIL(ENTITY_SUBJECT, str_argument(caller->call->arena, attribute->name)));
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

/* --- building --------------------------------------------------------------------------------- */

static const ConsentRule *write_rule(const GateCaller *caller, const GateTarget *target, Str name)
{
    ConsentDecision decision =
        gate_target_decide(caller, target, spec_index(target, name), CONSENT_WRITE);
    return &target->rules.items[decision.rule];
}

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

static Error put(GateCaller *caller, SealedEdit *edit, const GateTarget *target,
                 const Attribute *attribute)
{
    TRY(check_size(caller, attribute));
    const AttributeSpec *spec = entity_type_attribute(target->type->spec, attribute->name);
    return sealed_edit_put(edit, attribute, sealed_padding_class(spec->padding_bytes));
}

static Error plan_finish(GateCaller *caller, SealedEdit *edit, const uint8_t id[SEALED_ID_BYTES],
                         GateWritePlan *plan)
{
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(id, text);
    TRY(str_copy_in(caller->call->arena, str_from(text), &plan->key));
    TRY(sealed_edit_finish(edit, &plan->body));
    plan->has_change = true;
    return OK;
}

/* --- create ----------------------------------------------------------------------------------- */

/* Where the new entity goes, and what of this citizen's is there already (hidden from the caller,
 * or the view would have it). */
static Error place_person(GateCaller *caller, GateTarget *target, uint8_t ret_id[SEALED_ID_BYTES])
{
    VaultCall *call = caller->call;
    TRY(sealed_entity_id_of_subject(call, target->subject.id, ret_id));
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(ret_id, text);
    Str key;
    StoreDoc doc;
    TRY(str_copy_in(call->arena, str_from(text), &key));
    TRY(store_get(call->snapshot, call->arena, STORE_ENTITIES, key, &doc));
    return doc.version == 0 ? OK : gate_target_take(caller, &doc, target);
}

/* The first slot that is free or this citizen's own. Another citizen's entity in a slot is one that
 * the caller can't see: it stays where it is, and nothing tells of it. */
static Error place_written(GateCaller *caller, Str id, GateTarget *target,
                           uint8_t ret_id[SEALED_ID_BYTES])
{
    VaultCall *call = caller->call;
    for (unsigned slot = 0; slot < GATE_SLOTS_MAX; slot++) {
        char text[PSEUDONYM_TEXT_16_BYTES];
        Str key;
        Str owner = STR_EMPTY;
        StoreDoc doc;
        TRY(sealed_entity_id_of_text(call, caller->principal->client, target->type->spec->name, id,
                                     slot, ret_id));
        pseudonym_text_16(ret_id, text);
        TRY(str_copy_in(call->arena, str_from(text), &key));
        TRY(store_get(call->snapshot, call->arena, STORE_ENTITIES, key, &doc));
        if (doc.version == 0) {
            return OK;
        }
        TRY(doc_get_text(doc.body, "s", &owner));
        if (str_eq(owner, subject_text(&target->subject))) {
            return gate_target_take(caller, &doc, target);
        }
    }
    return FAIL(STORE_CONFLICT, NULL);
}

static Error build_new(GateCaller *caller, const Entity *asked, const uint8_t id[SEALED_ID_BYTES],
                       GateWritePlan *plan)
{
    VaultCall *call = caller->call;
    GateTarget *target = &plan->target;
    SealedEdit *edit;
    if (target->sealed.doc_version > 0) {
        TRY(sealed_edit_of(call, target->subject.key, target->type->spec->name, &target->sealed,
                           &edit));
    } else {
        SealedHead head = {.id = gate_type_is_person(target->type) ? STR_EMPTY : asked->id,
                           .writer = caller->principal->client,
                           .type = target->type->spec->name,
                           .created_us = call->now_us};
        TRY(sealed_edit_new(call, target->subject.key, id, &head, &edit));
    }
    for (size_t i = 0; i < asked->attribute_count; i++) {
        Attribute attribute = asked->attributes[i];
        attribute.writer = caller->principal->client;
        attribute.created_us = call->now_us;
        attribute.modified_us = call->now_us;
        TRY(put(caller, edit, target, &attribute));
    }
    plan->rule = write_rule(caller, target, plan->names.items[0]);
    return plan_finish(caller, edit, id, plan);
}

/* Who the new entity is about. */
static Error create_subject(GateCaller *caller, const Entity *asked, GateTarget *target)
{
    Str user_id;
    if (gate_type_is_person(target->type)) {
        bool is_urn = view_urn_name(asked->id, target->type->spec->name, &user_id);
        return is_urn ? subject_find(caller, user_id, target) : OK;
    }
    Str name = target->type->spec->subject_attribute;
    const Attribute *reference = entity_attribute_find(asked, name);
    ENSURE(reference != NULL, ENTITY_SUBJECT, str_argument(caller->call->arena, name));
    TRY(reference_read(caller, reference, &user_id));
    return subject_find(caller, user_id, target);
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

static Error plan_create(GateCaller *caller, const Entity *asked, const GateType *type,
                         GateWritePlan *plan)
{
    plan->target = (GateTarget){.type = type, .id = asked->id};
    TRY(create_subject(caller, asked, &plan->target));
    if (plan->target.subject.key == NULL) {
        return not_found(plan);
    }
    TRY(check_grants(caller, asked, false, plan));
    bool has_it = false;
    TRY(view_has(caller, type, asked->id, &has_it));
    if (has_it) {
        return refuse(plan, "EXISTS", FAIL(ENTITY_EXISTS, NULL));
    }
    TRY(check_own_id(caller, type, asked->id));
    uint8_t id[SEALED_ID_BYTES];
    TRY(gate_type_is_person(type) ? place_person(caller, &plan->target, id)
                                  : place_written(caller, asked->id, &plan->target, id));
    return build_new(caller, asked, id, plan);
}

/* --- update ----------------------------------------------------------------------------------- */

/* The one entity of the view behind the id. A citizen's own entity that the view lacks is kept when
 * nothing else is found: the grants about it are known, so their refusal may be told. */
static Error find_target(GateCaller *caller, const GateType *types, size_t count, Str id,
                         GateWritePlan *plan)
{
    bool is_found = false;
    for (size_t i = 0; i < count; i++) {
        CLEANUP(gate_target_done) GateTarget target = {0};
        if (!gate_type_may_have(caller, &types[i], id)) {
            continue;
        }
        TRY(gate_target_find(caller, &types[i], id, &target));
        if (target.why == NULL && is_found) {
            return refuse(plan, "AMBIGUOUS", FAIL(ENTITY_AMBIGUOUS, NULL));
        }
        bool is_kept = target.why == NULL ||
                       (!is_found && gate_type_is_person(&types[i]) && target.subject.key != NULL);
        if (is_kept) {
            gate_target_done(&plan->target);
            is_found = target.why == NULL;
            plan->target = target;
            target.subject.key = NULL;
        }
    }
    return OK;
}

static Error missing_text(Arena *arena, const Entity *asked, const GateTarget *target,
                          const StrList *missing, const char **ret_text)
{
    Buf buf = buf_in(arena);
    buf_add(&buf, asked->id);
    buf_add_char(&buf, '/');
    buf_add(&buf, target->type->spec->name);
    buf_add(&buf, STR(" - [ "));
    for (size_t i = 0; i < missing->count; i++) {
        buf_add(&buf, i == 0 ? STR_EMPTY : STR(", "));
        buf_add(&buf, missing->items[i]);
    }
    buf_add(&buf, STR(" ]"));
    Str text;
    TRY(buf_finish(&buf, &text));
    *ret_text = str_argument(arena, text);
    return OK;
}

/* 1 open and 1 seal for a change. What is compared and changed is what the caller sees: told that,
 * an attribute stays as it is, whoever wrote it, and becomes the caller's own otherwise, so that
 * ids of another writer never do. */
static Error change_one(GateCaller *caller, SealedEdit *edit, GateWritePlan *plan,
                        const Attribute *asked, const SealedAttribute *stored, bool *ret_is_shown,
                        bool *is_any_changed)
{
    VaultCall *call = caller->call;
    const GateTarget *target = &plan->target;
    const EntityTypeSpec *spec = target->type->spec;
    ViewEyes eyes = view_eyes_of_link(&target->link);
    if (str_eq(asked->name, spec->subject_attribute)) {
        TRY(subject_stays(caller, plan, asked));
    }
    Attribute attribute;
    bool is_changed = false;
    TRY(sealed_entity_open(call->arena, &target->sealed, target->subject.key, spec->name,
                           asked->name, stored, &attribute));
    TRY(view_attribute_render(call->arena, call, &eyes, spec, &attribute, ret_is_shown));
    if (!*ret_is_shown) {
        return OK;
    }
    TRY(attribute_change(call->arena, &attribute, asked, call->now_us, &is_changed));
    if (!is_changed) {
        return OK;
    }
    attribute.writer = caller->principal->client;
    *is_any_changed = true;
    return put(caller, edit, target, &attribute);
}

/* Changes what is there; names what is not. */
static Error change_all(GateCaller *caller, const Entity *asked, GateWritePlan *plan,
                        SealedEdit *edit, bool *is_any_changed, StrList *ret_missing)
{
    GateTarget *target = &plan->target;
    Arena *arena = caller->call->arena;
    Str *missing = ARENA_MANY(arena, Str, asked->attribute_count);
    ENSURE_ALLOC(missing, arena);
    Str *written = ARENA_MANY(arena, Str, asked->attribute_count);
    ENSURE_ALLOC(written, arena);
    size_t missing_count = 0;
    size_t written_count = 0;
    for (size_t i = 0; i < asked->attribute_count; i++) {
        const Attribute *attribute = &asked->attributes[i];
        const SealedAttribute *stored =
            gate_target_attribute(target, spec_index(target, attribute->name));
        bool is_there = stored != NULL;
        if (is_there) {
            TRY(change_one(caller, edit, plan, attribute, stored, &is_there, is_any_changed));
        }
        if (is_there) {
            written[written_count++] = attribute->name;
        } else {
            missing[missing_count++] = attribute->name;
        }
    }
    *ret_missing = (StrList){.items = missing, .count = missing_count};
    if (written_count > 0) {
        plan->names = (StrList){.items = written, .count = written_count};
        plan->rule = write_rule(caller, target, written[0]);
    }
    return OK;
}

static Error missing_refusal(GateCaller *caller, const Entity *asked, GateWritePlan *plan,
                             const StrList *missing)
{
    const char *text;
    TRY(missing_text(caller->call->arena, asked, &plan->target, missing, &text));
    bool is_all = missing->count == asked->attribute_count;
    return refuse(plan, "ABSENT",
                  is_all ? FAIL(ATTRIBUTES_MISSING, text) : FAIL(PARTIAL_UPDATE, text));
}

static Error build_changed(GateCaller *caller, const Entity *asked, GateWritePlan *plan)
{
    GateTarget *target = &plan->target;
    SealedEdit *edit;
    StrList missing = {0};
    bool is_any_changed = false;
    TRY(sealed_edit_of(caller->call, target->subject.key, target->type->spec->name, &target->sealed,
                       &edit));
    TRY(change_all(caller, asked, plan, edit, &is_any_changed, &missing));
    if (is_any_changed) {
        TRY(plan_finish(caller, edit, target->sealed.id, plan));
    }
    return missing.count > 0 ? missing_refusal(caller, asked, plan, &missing) : OK;
}

static Error plan_update(GateCaller *caller, const Entity *asked, const GateType *types,
                         size_t count, GateWritePlan *plan)
{
    TRY(find_target(caller, types, count, asked->id, plan));
    if (plan->target.subject.key == NULL) {
        return not_found(plan);
    }
    TRY(check_grants(caller, asked, true, plan));
    if (plan->target.why != NULL) {
        return not_found(plan);
    }
    return build_changed(caller, asked, plan);
}

Error gate_write_plan(GateCaller *caller, const EntityWrite *write, GateWritePlan *plan)
{
    TRY(check_form(write));
    TRY(names_in(caller->call->arena, &write->entity, &plan->names));
    if (!is_at_root(write)) {
        return not_found(plan);
    }
    StrList names = {.items = &write->entity.type, .count = write->entity.type.n > 0 ? 1 : 0};
    GateType *types;
    size_t count;
    TRY(gate_types_in(caller, names, &types, &count));
    if (write->kind == ENTITY_UPDATE) {
        return plan_update(caller, &write->entity, types, count, plan);
    }
    ENSURE(count == 1, ENTITY_INVALID, "type");
    bool is_own_form = gate_type_may_have(caller, &types[0], write->entity.id);
    ENSURE(is_own_form, ENTITY_INVALID, "the id has the form of another personal type");
    return plan_create(caller, &write->entity, &types[0], plan);
}
