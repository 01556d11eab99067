#include "gate_target.h"

#include <string.h>

#include "record.h"

/* --- types ------------------------------------------------------------------------------------ */

bool gate_type_is_person(const GateType *type)
{
    return type->spec->subject_attribute.n == 0;
}

bool gate_type_may_have(const GateCaller *caller, const GateType *type, Str id)
{
    const EntityTypeSpec *formed = view_urn_type(caller->call->core->types, id);
    return formed == NULL || formed == type->spec;
}

Error gate_type_in(GateCaller *caller, const EntityTypeSpec *spec, GateType *ret_type)
{
    VaultCall *call = caller->call;
    GateType type = {.spec = spec,
                     .list = {.recipient = caller->principal->client,
                              .purpose = caller->principal->purpose,
                              .type = spec->name}};
    type.tokens = arena_alloc_array(call->arena, spec->attribute_count, sizeof *type.tokens);
    ENSURE_ALLOC(type.tokens, call->arena);
    for (size_t i = 0; i < spec->attribute_count; i++) {
        TRY(sealed_attribute_token(call, spec->name, spec->attributes[i].name, type.tokens[i]));
    }
    TRY(sealed_type_token(call, spec->name, &type.token));
    *ret_type = type;
    return OK;
}

Error gate_types_in(GateCaller *caller, StrList names, GateType **ret_types, size_t *ret_count)
{
    const TypeRegistry *registry = caller->call->core->types;
    size_t all = type_registry_count(registry);
    GateType *types = ARENA_MANY(caller->call->arena, GateType, all);
    ENSURE_ALLOC(types, caller->call->arena);
    size_t count = 0;
    for (size_t i = 0; i < all; i++) {
        const EntityTypeSpec *spec = type_registry_at(registry, i);
        if (spec->is_personal && (names.count == 0 || str_list_has(names, spec->name))) {
            TRY(gate_type_in(caller, spec, &types[count]));
            types[count].place = count;
            count++;
        }
    }
    *ret_types = types;
    *ret_count = count;
    return OK;
}

/* --- deciding --------------------------------------------------------------------------------- */

ConsentDecision gate_target_decide(const GateCaller *caller, const GateTarget *target, size_t index,
                                   ConsentOperation operation)
{
    ConsentQuery query = {.attribute = target->type->spec->attributes[index].name,
                          .operation = operation,
                          .now_us = caller->call->now_us};
    return consent_decide(target->rules, query);
}

const SealedAttribute *gate_target_attribute(const GateTarget *target, size_t index)
{
    return sealed_entity_find(&target->sealed, target->type->tokens[index]);
}

void gate_target_judge(const GateCaller *caller, GateTarget *target)
{
    ConsentWhy best = CONSENT_WHY_NO_CONSENT;
    target->why = NULL;
    for (size_t i = 0; i < target->type->spec->attribute_count; i++) {
        ConsentDecision decision = gate_target_decide(caller, target, i, CONSENT_READ);
        if (decision.is_allowed && gate_target_attribute(target, i) != NULL) {
            return;
        }
        best = decision.why > best ? decision.why : best;
    }
    target->why = best == CONSENT_WHY_OK ? "ABSENT" : consent_why_text(best).p;
}

Error gate_target_rules(GateCaller *caller, GateTarget *target)
{
    VaultCall *call = caller->call;
    TRY(view_row_find(call, &target->type->list, target->subject.id, &target->row));
    if (target->row.doc.version == 0) {
        return OK;
    }
    return view_row_open(call, &target->type->list, &target->subject, &target->row, &target->rules);
}

/* --- finding ---------------------------------------------------------------------------------- */

Error gate_target_parse(GateCaller *caller, const StoreDoc *doc, GateTarget *target)
{
    Arena *arena = caller->call->arena;
    TRY(sealed_entity_parse(arena, doc, &target->sealed));
    bool is_expected = str_eq(target->sealed.type_token, target->type->token) &&
                       str_eq(str_bytes(target->sealed.subject, SUBJECT_ID_BYTES),
                              str_bytes(target->subject.id, SUBJECT_ID_BYTES));
    ENSURE(is_expected, STORE_CORRUPT, "entity");
    return sealed_entity_verify(arena, &target->sealed, target->subject.key);
}

Error gate_target_take(GateCaller *caller, const StoreDoc *doc, GateTarget *target)
{
    TRY(gate_target_parse(caller, doc, target));
    if (gate_type_is_person(target->type)) {
        return OK;
    }
    return sealed_entity_open_head(caller->call->arena, &target->sealed, target->subject.key,
                                   &target->head);
}

/* A document that the batch made has not been stored, but is somebody's all the same. */
static void lay_over(const GateCaller *caller, Str key, StoreDoc *doc)
{
    const PendingDoc *pending =
        caller->pending == NULL ? NULL : gate_pending_find(caller->pending, key);
    if (pending == NULL) {
        return;
    }
    *doc = (StoreDoc){.key = pending->key};
    if (pending->is_there) {
        doc->version = pending->stored_version > 0 ? pending->stored_version : 1;
        doc->body = pending->body;
    }
}

static Error key_in(Arena *arena, const uint8_t id[SEALED_ID_BYTES], Str *ret_key)
{
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(id, text);
    return str_copy_in(arena, str_from(text), ret_key);
}

Error gate_target_document(GateCaller *caller, const uint8_t id[SEALED_ID_BYTES], StoreDoc *ret_doc)
{
    VaultCall *call = caller->call;
    Str key;
    StoreDoc doc;
    TRY(key_in(call->arena, id, &key));
    TRY(store_get(call->snapshot, call->arena, STORE_ENTITIES, key, &doc));
    lay_over(caller, key, &doc);
    *ret_doc = doc;
    return OK;
}

Error gate_target_slots(GateCaller *caller, const GateType *type, Str id, GateSlots *ret_slots)
{
    VaultCall *call = caller->call;
    Str keys[GATE_SLOTS_MAX];
    for (unsigned slot = 0; slot < GATE_SLOTS_MAX; slot++) {
        TRY(sealed_entity_id_of_text(call, caller->principal->client, type->spec->name, id, slot,
                                     ret_slots->ids[slot]));
        TRY(key_in(call->arena, ret_slots->ids[slot], &keys[slot]));
    }
    TRY(store_get_many(call->snapshot, call->arena, STORE_ENTITIES, keys, GATE_SLOTS_MAX,
                       ret_slots->docs));
    for (unsigned slot = 0; slot < GATE_SLOTS_MAX; slot++) {
        lay_over(caller, keys[slot], &ret_slots->docs[slot]);
    }
    return OK;
}

static Error find_person(GateCaller *caller, Str id, GateTarget *target)
{
    VaultCall *call = caller->call;
    Str user_id;
    target->why = "UNKNOWN_ID";
    if (!view_urn_name(id, target->type->spec->name, &user_id)) {
        return OK;
    }
    Error error =
        id_link_find(call, caller->principal->client, user_id, &target->subject, &target->link);
    if (FAILED(error)) {
        return error.reason == REASON_LINK_UNKNOWN ? OK : error;
    }
    uint8_t stored[SEALED_ID_BYTES];
    TRY(sealed_entity_id_of_subject(call, target->subject.id, stored));
    TRY(gate_target_rules(caller, target));
    StoreDoc doc;
    TRY(gate_target_document(caller, stored, &doc));
    if (doc.version > 0) {
        TRY(gate_target_take(caller, &doc, target));
    }
    gate_target_judge(caller, target);
    return OK;
}

/* The citizen behind a stored entity, through the caller's living link; nobody when there is none.
 */
static Error take_owner(GateCaller *caller, const StoreDoc *doc, GateTarget *target)
{
    VaultCall *call = caller->call;
    Str text;
    uint8_t id[SUBJECT_ID_BYTES];
    TRY(doc_get_text(doc->body, "s", &text));
    ENSURE(pseudonym_parse_16(text, id), STORE_CORRUPT, "entity subject");
    Subject subject;
    Error error = subject_load(call, id, &subject);
    if (FAILED(error)) {
        return error.reason == REASON_SUBJECT_UNKNOWN ? OK : error;
    }
    error = id_link_of_subject(call, &subject, caller->principal->client, &target->link);
    if (FAILED(error)) {
        subject_done(&subject);
        return error.reason == REASON_LINK_UNKNOWN ? OK : error;
    }
    target->subject = subject;
    return OK;
}

/* Fills a target from a document of a type that is not the citizen's own. */
static Error take_document(GateCaller *caller, const StoreDoc *doc, GateTarget *target)
{
    TRY(take_owner(caller, doc, target));
    if (target->subject.key == NULL) {
        return OK;
    }
    TRY(gate_target_take(caller, doc, target));
    TRY(gate_target_rules(caller, target));
    gate_target_judge(caller, target);
    return OK;
}

static void target_clear(GateTarget *target)
{
    gate_target_done(target);
    *target = (GateTarget){.type = target->type, .why = "UNKNOWN_ID"};
}

/* As its writer wrote it. Slots behind the first exist only where one writer gave an id to two
 * citizens; any of them may have been left since. */
static Error find_written(GateCaller *caller, Str id, GateTarget *target)
{
    GateSlots slots;
    TRY(gate_target_slots(caller, target->type, id, &slots));
    for (unsigned slot = 0; slot < GATE_SLOTS_MAX; slot++) {
        if (slots.docs[slot].version > 0) {
            target_clear(target);
            TRY(take_document(caller, &slots.docs[slot], target));
        }
        if (target->why == NULL) {
            return OK;
        }
    }
    return OK;
}

static Error find_keyed(GateCaller *caller, Str id, GateTarget *target)
{
    VaultCall *call = caller->call;
    Str name;
    if (!view_urn_name(id, target->type->spec->name, &name)) {
        return OK;
    }
    ServiceId keyed;
    TRY(service_id_open(call->core->keyring, call->tenant, caller->principal->client, name,
                        &keyed));
    if (!keyed.is_known) {
        return OK;
    }
    StoreDoc doc;
    TRY(gate_target_document(caller, keyed.stored, &doc));
    Str type_token = STR_EMPTY;
    if (doc.version > 0) {
        TRY(doc_get_text(doc.body, "y", &type_token));
    }
    if (!str_eq(type_token, target->type->token)) {
        return OK;
    }
    target_clear(target);
    TRY(take_document(caller, &doc, target));
    bool is_current = target->subject.key != NULL && keyed.epoch == target->link.epoch;
    if (!is_current || str_eq(target->head.writer, caller->principal->client)) {
        /* An id of an earlier link, or another name for something that this caller knows by its
         * own. */
        target_clear(target);
    }
    return OK;
}

Error gate_target_find(GateCaller *caller, const GateType *type, Str id, GateTarget *ret_target)
{
    CLEANUP(gate_target_done) GateTarget target = {.type = type, .why = "UNKNOWN_ID"};
    if (gate_type_is_person(type)) {
        TRY(find_person(caller, id, &target));
    } else {
        TRY(find_written(caller, id, &target));
        if (target.why != NULL) {
            TRY(find_keyed(caller, id, &target));
        }
    }
    target.id = id;
    *ret_target = target;
    target.subject.key = NULL;
    return OK;
}

Error gate_target_link(GateCaller *caller, GateTarget *target)
{
    if (target->links == NULL) {
        return OK;
    }
    bool is_active = false;
    TRY(gate_links_open(target->links, caller, target->link_at, &target->subject, &target->link,
                        &is_active));
    target->links = NULL;
    target->why = is_active ? target->why : "UNKNOWN_ID";
    return OK;
}

Error gate_target_name(GateCaller *caller, Arena *arena, GateTarget *target)
{
    ViewEyes eyes = view_eyes_of_link(&target->link);
    return view_entity_id_in(arena, caller->call, &eyes, target->type->spec, &target->sealed,
                             &target->head, &target->id);
}

void gate_target_done(GateTarget *target)
{
    subject_done(&target->subject);
}
