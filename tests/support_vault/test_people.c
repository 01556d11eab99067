#include <stdio.h>
#include <string.h>

#include "id_link.h"
#include "person.h"
#include "sealed_entity.h"
#include "test_vault.h"
#include "view.h"

static Error commit(VaultCall *call, StoreBatch *batch)
{
    return store_commit(call->core->store, batch, call->deadline, NULL);
}

static Subject load(VaultCall *call, TestCitizen citizen)
{
    Subject subject;
    assert_ok(subject_load(call, citizen.subject, &subject));
    return subject;
}

/* --- links ------------------------------------------------------------------------------------ */

static void add_link(VaultCall *call, StoreBatch *batch, Subject *subject, Str service, Str user_id)
{
    LinkProof proof = {.method = STR("demo"), .acr = STR_EMPTY};
    assert_ok(id_link_add(call, batch, subject, service, user_id, &proof));
}

TestCitizen test_citizen(TestVault *vault, const char *links)
{
    VaultCall call = test_call(vault);
    StoreBatch *batch = store_batch_in(vault->arena);
    CLEANUP(subject_done) Subject subject = {0};
    assert_ok(person_create(&call, batch, &subject));
    Str rest = str_from(links);
    Str link;
    while (rest.n > 0 && str_split(&rest, ' ', &link)) {
        size_t equals = str_find(link, '=');
        add_link(&call, batch, &subject, str_slice(link, 0, equals),
                 str_slice(link, equals + 1, link.n));
    }
    assert_ok(commit(&call, batch));
    vault_call_close(&call);
    TestCitizen citizen;
    memcpy(citizen.subject, subject.id, sizeof citizen.subject);
    return citizen;
}

void test_link(TestVault *vault, TestCitizen citizen, const char *service, const char *user_id)
{
    VaultCall call = test_call(vault);
    StoreBatch *batch = store_batch_in(vault->arena);
    CLEANUP(subject_done) Subject subject = load(&call, citizen);
    add_link(&call, batch, &subject, str_from(service), str_from(user_id));
    assert_ok(commit(&call, batch));
    vault_call_close(&call);
}

void test_unlink(TestVault *vault, TestCitizen citizen, const char *service, LinkState state)
{
    VaultCall call = test_call(vault);
    StoreBatch *batch = store_batch_in(vault->arena);
    CLEANUP(subject_done) Subject subject = load(&call, citizen);
    assert_ok(id_link_change(&call, batch, &subject, str_from(service), state, STR("test")));
    assert_ok(commit(&call, batch));
    vault_call_close(&call);
}

void test_erase(TestVault *vault, TestCitizen citizen)
{
    VaultCall call = test_call(vault);
    StoreBatch *batch = store_batch_in(vault->arena);
    CLEANUP(subject_done) Subject subject = load(&call, citizen);
    assert_ok(person_erase(&call, &subject, batch));
    assert_ok(commit(&call, batch));
    keyring_forget_subject(vault->ring, citizen.subject);
    vault_call_close(&call);
}

/* --- entities --------------------------------------------------------------------------------- */

static Str quoted(TestVault *vault, Str text)
{
    const Str parts[] = {STR("\""), text, STR("\"")};
    Str joined;
    assert_ok(str_join_in(vault->arena, parts, 3, &joined));
    return joined;
}

static void put(TestVault *vault, VaultCall *call, SealedEdit *edit, const EntityTypeSpec *spec,
                Str writer, Str name, Str value)
{
    const AttributeSpec *known = entity_type_attribute(spec, name);
    assert_non_null(known);
    Attribute attribute = {.name = name,
                           .type = known->ngsi_type,
                           .value = quoted(vault, value),
                           .dataset_id = STR_EMPTY,
                           .writer = writer,
                           .created_us = call->now_us,
                           .modified_us = call->now_us};
    assert_ok(sealed_edit_put(edit, &attribute, sealed_padding_class(known->padding_bytes)));
}

static void put_all(TestVault *vault, VaultCall *call, SealedEdit *edit, const EntityTypeSpec *spec,
                    Str writer, const char *attributes)
{
    Str rest = str_from(attributes);
    Str item;
    while (rest.n > 0 && str_split(&rest, ' ', &item)) {
        size_t equals = str_find(item, '=');
        put(vault, call, edit, spec, writer, str_slice(item, 0, equals),
            str_slice(item, equals + 1, item.n));
    }
}

static void store_entity(VaultCall *call, Subject *subject, const uint8_t id[SEALED_ID_BYTES],
                         SealedEdit *edit)
{
    char key[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(id, key);
    DocBody body;
    StoreDoc old;
    assert_ok(sealed_edit_finish(edit, &body));
    assert_ok(store_get(call->snapshot, call->arena, STORE_ENTITIES, str_from(key), &old));
    StoreBatch *batch = store_batch_in(call->arena);
    if (old.version == 0) {
        store_batch_insert(batch, STORE_ENTITIES, str_from(key), body);
    } else {
        store_batch_replace(batch, STORE_ENTITIES, str_from(key), old.version, body);
    }
    subject_require(subject, batch);
    assert_ok(commit(call, batch));
}

void test_person(TestVault *vault, TestCitizen citizen, const char *attributes)
{
    VaultCall call = test_call(vault);
    CLEANUP(subject_done) Subject subject = load(&call, citizen);
    uint8_t id[SEALED_ID_BYTES];
    SealedHead head = {
        .id = STR_EMPTY, .writer = STR("kenko"), .type = STR("Person"), .created_us = call.now_us};
    SealedEdit *edit;
    assert_ok(sealed_entity_id_of_subject(&call, subject.id, id));
    assert_ok(sealed_edit_new(&call, subject.key, id, &head, &edit));
    put_all(vault, &call, edit, type_registry_find(vault->types, STR("Person")), head.writer,
            attributes);
    store_entity(&call, &subject, id, edit);
    vault_call_close(&call);
}

void test_entity(TestVault *vault, TestCitizen citizen, const char *writer, const char *type,
                 const char *id, const char *attributes)
{
    VaultCall call = test_call(vault);
    CLEANUP(subject_done) Subject subject = load(&call, citizen);
    IdLink link;
    Str person;
    uint8_t stored[SEALED_ID_BYTES];
    SealedHead head = {.id = str_from(id),
                       .writer = str_from(writer),
                       .type = str_from(type),
                       .created_us = call.now_us};
    SealedEdit *edit;
    const EntityTypeSpec *spec = type_registry_find(vault->types, head.type);
    assert_ok(id_link_of_subject(&call, &subject, head.writer, &link));
    assert_ok(view_urn_in(vault->arena, STR("Person"), link.user_id, &person));
    assert_ok(sealed_entity_id_of_text(&call, head.writer, head.type, head.id, 0, stored));
    assert_ok(sealed_edit_new(&call, subject.key, stored, &head, &edit));
    put(vault, &call, edit, spec, head.writer, STR("refPerson"), person);
    put_all(vault, &call, edit, spec, head.writer, attributes);
    store_entity(&call, &subject, stored, edit);
    vault_call_close(&call);
}

/* --- consent ---------------------------------------------------------------------------------- */

static unsigned operations_of(TestVault *vault, const char *names)
{
    StrList list = test_list_of(vault, names);
    unsigned operations = 0;
    for (size_t i = 0; i < list.count; i++) {
        ConsentOperation operation;
        assert_true(consent_operation_parse(list.items[i], &operation));
        operations |= (unsigned)operation;
    }
    return operations;
}

GrantRequest test_request(TestVault *vault, const char *service, const char *purpose,
                          const char *type, const char *attributes, const char *operations)
{
    StrList names = test_list_of(vault, attributes);
    ConsentAttribute *items = ARENA_MANY(vault->arena, ConsentAttribute, names.count);
    assert_non_null(items);
    for (size_t i = 0; i < names.count; i++) {
        items[i] = (ConsentAttribute){.name = names.items[i], .level = CONSENT_LEVEL_EXACT};
    }
    return (GrantRequest){.recipient = str_from(service),
                          .purpose = str_from(purpose),
                          .type = str_from(type),
                          .attributes = items,
                          .attribute_count = names.count,
                          .operations = operations_of(vault, operations)};
}

static Str give(TestVault *vault, TestCitizen citizen, const GrantRequest *request)
{
    static unsigned number;
    char key[32];
    (void)snprintf(key, sizeof key, "give-%u", number++);
    VaultCall call = test_call(vault);
    Principal principal = test_citizen_principal(citizen.subject);
    Grant grant;
    bool is_replay;
    assert_ok(gate_citizen_give(&vault->gate, &call, &principal, request, str_from(key), &grant,
                                &is_replay));
    assert_false(is_replay);
    vault_call_close(&call);
    return grant.id;
}

Str test_give(TestVault *vault, TestCitizen citizen, const char *service, const char *purpose,
              const char *type, const char *attributes, const char *operations)
{
    GrantRequest request = test_request(vault, service, purpose, type, attributes, operations);
    return give(vault, citizen, &request);
}

Str test_give_until(TestVault *vault, TestCitizen citizen, const char *service, const char *purpose,
                    const char *type, const char *attributes, const char *operations,
                    int64_t until_us)
{
    GrantRequest request = test_request(vault, service, purpose, type, attributes, operations);
    request.valid_until_us = until_us;
    return give(vault, citizen, &request);
}

void test_withdraw(TestVault *vault, TestCitizen citizen, Str grant_id)
{
    VaultCall call = test_call(vault);
    Principal principal = test_citizen_principal(citizen.subject);
    Grant grant;
    bool is_replay;
    assert_ok(gate_citizen_withdraw(&vault->gate, &call, &principal, grant_id, STR("test"),
                                    grant_id, &grant, &is_replay));
    vault_call_close(&call);
}
