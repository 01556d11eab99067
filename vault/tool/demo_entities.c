#include "demo_entities.h"

#include <stdio.h>

#include "sealed_entity.h"

#define ATTRIBUTES_MAX 8

/* An entity on its way into the batch: its attributes are collected, then sealed one by one. */
typedef struct DemoDraft {
    VaultCall *call;
    Entity entity;
    Str writer;
    Attribute attributes[ATTRIBUTES_MAX];
    Error failure;
} DemoDraft;

static void draft_put(DemoDraft *draft, const char *name, const char *type, const char *json)
{
    Attribute *attribute = &draft->attributes[draft->entity.attribute_count++];
    *attribute = (Attribute){.name = str_from(name),
                             .type = str_from(type),
                             .writer = draft->writer,
                             .created_us = draft->call->now_us,
                             .modified_us = draft->call->now_us};
    Error copied = str_copy_in(draft->call->arena, str_from(json), &attribute->value);
    if (FAILED(copied)) {
        draft->failure = copied;
    }
}

static void draft_text(DemoDraft *draft, const char *name, const char *type, const char *text)
{
    char json[160];
    (void)snprintf(json, sizeof json, "\"%s\"", text);
    draft_put(draft, name, type, json);
}

static void draft_number(DemoDraft *draft, const char *name, uint32_t number)
{
    char json[16];
    (void)snprintf(json, sizeof json, "%u", number);
    draft_put(draft, name, "Number", json);
}

static void draft_subject(DemoDraft *draft, const DemoPlan *plan, DemoService writer)
{
    char id[96];
    (void)snprintf(id, sizeof id, "urn:ngsi-ld:Person:%s", plan->user_id[writer]);
    draft_text(draft, "refPerson", "Relationship", id);
}

static Error seal_attributes(SealedEdit *edit, const EntityTypeSpec *spec,
                             const Attribute *attributes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const AttributeSpec *known = entity_type_attribute(spec, attributes[i].name);
        ENSURE(known != NULL, INTERNAL, "demo attribute");
        TRY(sealed_edit_put(edit, &attributes[i], sealed_padding_class(known->padding_bytes)));
    }
    return OK;
}

static Error add(VaultCall *call, StoreBatch *batch, const Subject *subject, const Entity *entity,
                 Str writer)
{
    const EntityTypeSpec *spec = type_registry_find(call->core->types, entity->type);
    ENSURE(spec != NULL, INTERNAL, "demo type");
    bool is_person = spec->subject_attribute.n == 0;
    uint8_t id[SEALED_ID_BYTES];
    TRY(is_person ? sealed_entity_id_of_subject(call, subject->id, id)
                  : sealed_entity_id_of_text(call, writer, entity->type, entity->id, 0, id));
    SealedHead head = {.id = is_person ? STR("") : entity->id,
                       .writer = writer,
                       .type = entity->type,
                       .created_us = call->now_us};
    SealedEdit *edit = NULL;
    TRY(sealed_edit_new(call, subject->key, id, &head, &edit));
    TRY(seal_attributes(edit, spec, entity->attributes, entity->attribute_count));
    DocBody body = {0};
    TRY(sealed_edit_finish(edit, &body));
    char key[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(id, key);
    Str key_copy = STR_EMPTY;
    TRY(str_copy_in(call->arena, str_from(key), &key_copy));
    store_batch_insert(batch, STORE_ENTITIES, key_copy, body);
    return OK;
}

static Error add_person(VaultCall *call, StoreBatch *batch, const Subject *subject, DemoPlan *plan,
                        DemoTruth *truth)
{
    Entity person = {.type = STR("Person"), .id = STR("")};
    TRY(demo_person_in(call->arena, &plan->random, (uint64_t)plan->number, call->now_us,
                       &person.attributes, &person.attribute_count));
    TRY(add(call, batch, subject, &person, demo_service(DEMO_LINE_PORTAL)->client_id));
    if (truth != NULL) {
        demo_truth_person(truth, plan, person.attributes, person.attribute_count);
    }
    return OK;
}

static Error draft_add(DemoDraft *draft, StoreBatch *batch, const Subject *subject,
                       const DemoPlan *plan, DemoTruth *truth)
{
    TRY(draft->failure);
    draft->entity.attributes = draft->attributes;
    TRY(add(draft->call, batch, subject, &draft->entity, draft->writer));
    if (truth != NULL) {
        demo_truth_entity(truth, plan, &draft->entity, draft->writer);
    }
    return OK;
}

static Error add_activity(VaultCall *call, StoreBatch *batch, const Subject *subject,
                          DemoPlan *plan, uint32_t day, DemoTruth *truth)
{
    char id[96];
    char date[16];
    (void)snprintf(id, sizeof id, "urn:ngsi-ld:HealthActivity:%s-%02u", plan->user_id[DEMO_KENKO],
                   day + 1);
    (void)snprintf(date, sizeof date, "2025-10-%02u", day + 1);
    DemoDraft draft = {.call = call, .writer = demo_service(DEMO_KENKO)->client_id};
    draft.entity = (Entity){.id = str_from(id), .type = STR("HealthActivity")};
    uint32_t steps = 2000 + demo_random_below(&plan->random, 9000);
    draft_subject(&draft, plan, DEMO_KENKO);
    draft_text(&draft, "date", "Text", date);
    draft_number(&draft, "steps", steps);
    draft_number(&draft, "points", steps / 1000);
    return draft_add(&draft, batch, subject, plan, truth);
}

static Error add_account(VaultCall *call, StoreBatch *batch, const Subject *subject, DemoPlan *plan,
                         DemoTruth *truth)
{
    char id[96];
    (void)snprintf(id, sizeof id, "urn:ngsi-ld:PointAccount:%s", plan->user_id[DEMO_NEPPI_PAY]);
    DemoDraft draft = {.call = call, .writer = demo_service(DEMO_NEPPI_PAY)->client_id};
    draft.entity = (Entity){.id = str_from(id), .type = STR("PointAccount")};
    draft_subject(&draft, plan, DEMO_NEPPI_PAY);
    draft_number(&draft, "moneyBalance", demo_random_below(&plan->random, 20000));
    draft_number(&draft, "balance", demo_random_below(&plan->random, 5000));
    draft_text(&draft, "expiresOn", "Text", "2027-03-31");
    return draft_add(&draft, batch, subject, plan, truth);
}

Error demo_entities_add(VaultCall *call, StoreBatch *batch, const Subject *subject, DemoPlan *plan,
                        DemoTruth *truth)
{
    TRY(add_person(call, batch, subject, plan, truth));
    for (uint32_t day = 0; day < plan->activity_count; day++) {
        TRY(add_activity(call, batch, subject, plan, day, truth));
    }
    return plan->is_linked[DEMO_NEPPI_PAY] ? add_account(call, batch, subject, plan, truth) : OK;
}
