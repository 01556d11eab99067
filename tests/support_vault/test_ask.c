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

Error test_query(TestVault *vault, const char *client, const char *purpose,
                 const EntityQuery *query, Str *ret_text, int64_t *ret_total)
{
    VaultCall call = test_call(vault);
    Principal principal = test_service(client, purpose);
    EntityPage page;
    Error error = gate_query(&vault->gate, &call, &principal, query, &page);
    vault_call_close(&call);
    TRY(error);
    *ret_text = test_text(vault, page.entities, page.count);
    if (ret_total != NULL) {
        *ret_total = page.total;
    }
    return OK;
}

Error test_list(TestVault *vault, const char *client, const char *purpose, const char *types,
                const char *ids, int64_t limit, int64_t offset, Str *ret_text, int64_t *ret_total)
{
    EntitySelector selector = {.ids = test_list_of(vault, ids),
                               .types = test_list_of(vault, types)};
    EntityQuery query = {.selectors = &selector,
                         .selector_count = 1,
                         .limit = limit,
                         .offset = offset,
                         .is_count_wanted = ret_total != NULL};
    return test_query(vault, client, purpose, &query, ret_text, ret_total);
}

static Str quoted(TestVault *vault, Str text)
{
    const Str parts[] = {STR("\""), text, STR("\"")};
    Str joined;
    assert_ok(str_join_in(vault->arena, parts, 3, &joined));
    return joined;
}

/* "name=text" or "name:=JSON". */
static Attribute parse_attribute(TestVault *vault, Str item)
{
    size_t equals = str_find(item, '=');
    bool is_json = equals > 0 && equals < item.n && item.p[equals - 1] == ':';
    Str name = str_slice(item, 0, is_json ? equals - 1 : equals);
    Str value = str_slice(item, equals + 1, item.n);
    bool is_reference = str_eq(name, STR("refPerson"));
    return (Attribute){.name = name,
                       .type = is_reference ? STR("Relationship") : STR("Text"),
                       .value = is_json ? value : quoted(vault, value),
                       .dataset_id = STR_EMPTY};
}

EntityWrite test_write_of(TestVault *vault, EntityWriteKind kind, const char *id, const char *type,
                          const char *attributes)
{
    EntityWrite write = {.kind = kind, .entity = {.id = str_from(id), .type = str_from(type)}};
    Str rest = str_from(attributes);
    write.entity.attributes = ARENA_MANY(vault->arena, Attribute, rest.n + 1);
    assert_non_null(write.entity.attributes);
    Str item;
    while (rest.n > 0 && str_split(&rest, ' ', &item)) {
        write.entity.attributes[write.entity.attribute_count++] = parse_attribute(vault, item);
    }
    return write;
}

Error test_write_in(TestVault *vault, VaultCall *call, const Principal *principal,
                    const EntityWrite *write)
{
    EntityBatch batch = {.writes = write, .count = 1};
    EntityOutcome outcome = {0};
    TRY(gate_write(&vault->gate, call, principal, &batch, &outcome));
    return entity_outcomes_error(call->arena, &batch, &outcome);
}

Error test_write(TestVault *vault, const char *client, const char *purpose,
                 const EntityWrite *write)
{
    VaultCall call = test_call(vault);
    Principal principal = test_service(client, purpose);
    Error error = test_write_in(vault, &call, &principal, write);
    vault_call_close(&call);
    return error;
}

Error test_write_batch(TestVault *vault, const char *client, const char *purpose,
                       const EntityWrite *writes, size_t count, EntityOutcome *ret_outcomes)
{
    VaultCall call = test_call(vault);
    Principal principal = test_service(client, purpose);
    EntityBatch batch = {.writes = writes, .count = count, .is_batch_call = true};
    Error error = gate_write(&vault->gate, &call, &principal, &batch, ret_outcomes);
    vault_call_close(&call);
    return error;
}

Error test_create(TestVault *vault, const char *client, const char *purpose, const char *id,
                  const char *type, const char *attributes)
{
    EntityWrite write = test_write_of(vault, ENTITY_CREATE, id, type, attributes);
    return test_write(vault, client, purpose, &write);
}

Error test_update(TestVault *vault, const char *client, const char *purpose, const char *id,
                  const char *type, const char *attributes)
{
    EntityWrite write = test_write_of(vault, ENTITY_UPDATE, id, type, attributes);
    return test_write(vault, client, purpose, &write);
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
