#include "json.h"
#include "test_vault.h"

static void add_entity(Buf *buf, const Entity *entity)
{
    buf_add(buf, entity->id);
    buf_add_char(buf, ' ');
    buf_add(buf, entity->type);
    for (size_t i = 0; i < entity->attribute_count; i++) {
        buf_add_char(buf, ' ');
        buf_add(buf, entity->attributes[i].name);
        buf_add_char(buf, '=');
        buf_add(buf, entity->attributes[i].value);
    }
    buf_add_char(buf, '\n');
}

/* With a NUL behind it, so that tests may compare it as C text too. */
Str test_text(TestVault *vault, const Entity *entities, size_t count)
{
    Buf buf = buf_in(vault->arena);
    for (size_t i = 0; i < count; i++) {
        add_entity(&buf, &entities[i]);
    }
    buf_add_char(&buf, '\0');
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return str_slice(text, 0, text.n - 1);
}

Error test_read(TestVault *vault, const char *client, const char *purpose, const char *id,
                const char *type, const char *attributes, Str *ret_text)
{
    VaultCall call = test_call(vault);
    Principal principal = test_service(client, purpose);
    EntityQuery query = {.attributes = test_list_of(vault, attributes)};
    Entity entity;
    Error error =
        gate_read(&vault->gate, &call, &principal, str_from(id), str_from(type), &query, &entity);
    vault_call_close(&call);
    TRY(error);
    *ret_text = test_text(vault, &entity, 1);
    return OK;
}

Error test_list(TestVault *vault, const char *client, const char *purpose, const char *types,
                const char *ids, int64_t limit, int64_t offset, Str *ret_text, int64_t *ret_total)
{
    VaultCall call = test_call(vault);
    Principal principal = test_service(client, purpose);
    EntitySelector selector = {.ids = test_list_of(vault, ids),
                               .types = test_list_of(vault, types)};
    EntityQuery query = {.selectors = &selector,
                         .selector_count = 1,
                         .limit = limit,
                         .offset = offset,
                         .is_count_wanted = ret_total != NULL};
    EntityPage page;
    Error error = gate_query(&vault->gate, &call, &principal, &query, &page);
    vault_call_close(&call);
    TRY(error);
    *ret_text = test_text(vault, page.entities, page.count);
    if (ret_total != NULL) {
        *ret_total = page.total;
    }
    return OK;
}

static Str quoted(TestVault *vault, Str text)
{
    const Str parts[] = {STR("\""), text, STR("\"")};
    Str joined;
    assert_ok(str_join_in(vault->arena, parts, 3, &joined));
    return joined;
}

static void parse_attributes(TestVault *vault, const char *attributes, Entity *entity)
{
    Str rest = str_from(attributes);
    entity->attributes = ARENA_MANY(vault->arena, Attribute, rest.n + 1);
    assert_non_null(entity->attributes);
    Str item;
    while (rest.n > 0 && str_split(&rest, ' ', &item)) {
        size_t equals = str_find(item, '=');
        Str name = str_slice(item, 0, equals);
        bool is_reference = str_eq(name, STR("refPerson"));
        entity->attributes[entity->attribute_count++] =
            (Attribute){.name = name,
                        .type = is_reference ? STR("Relationship") : STR("Text"),
                        .value = quoted(vault, str_slice(item, equals + 1, item.n)),
                        .dataset_id = STR_EMPTY};
    }
}

static Error write_entity(TestVault *vault, const char *client, const char *purpose,
                          EntityWriteKind kind, const char *id, const char *type,
                          const char *attributes)
{
    VaultCall call = test_call(vault);
    Principal principal = test_service(client, purpose);
    EntityWrite write = {.kind = kind, .entity = {.id = str_from(id), .type = str_from(type)}};
    parse_attributes(vault, attributes, &write.entity);
    EntityBatch batch = {.writes = &write, .count = 1};
    EntityOutcome outcome = {0};
    Error error = gate_write(&vault->gate, &call, &principal, &batch, &outcome);
    vault_call_close(&call);
    TRY(error);
    return entity_outcomes_error(vault->arena, &batch, &outcome);
}

Error test_create(TestVault *vault, const char *client, const char *purpose, const char *id,
                  const char *type, const char *attributes)
{
    return write_entity(vault, client, purpose, ENTITY_CREATE, id, type, attributes);
}

Error test_update(TestVault *vault, const char *client, const char *purpose, const char *id,
                  const char *type, const char *attributes)
{
    return write_entity(vault, client, purpose, ENTITY_UPDATE, id, type, attributes);
}

const char *test_must_read(TestVault *vault, const char *client, const char *purpose,
                           const char *id)
{
    Str text;
    assert_ok(test_read(vault, client, purpose, id, "", "", &text));
    return text.p;
}

const char *test_must_list(TestVault *vault, const char *client, const char *purpose,
                           const char *types)
{
    Str text;
    assert_ok(test_list(vault, client, purpose, types, "", 1000, 0, &text, NULL));
    return text.p;
}
