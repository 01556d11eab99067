#include "union_city.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FakeHalf *from_broker(Broker *broker)
{
    return (FakeHalf *)(void *)broker;
}

/* Entities are ordered by id where an order is asked for. */
static Error keys_of(Arena *arena, const EntityQuery *query, EntityPage *page)
{
    const EntitySortKey **keys = ARENA_MANY(arena, const EntitySortKey *, ENTITIES_MAX);
    ENSURE_ALLOC(keys, arena);
    for (size_t i = 0; query->order_count > 0 && i < page->count; i++) {
        EntitySortKey *key = NULL;
        TRY(entity_sort_key_in(arena, arena, query, NULL, &page->entities[i], &key));
        keys[i] = key;
    }
    page->keys = keys;
    return OK;
}

static Error fake_query(Broker *broker, BrokerCall *call, const EntityQuery *query,
                        EntityPage *ret_page)
{
    FakeHalf *half = from_broker(broker);
    half->queries++;
    half->last_query = *query;
    TRY(half->failure);
    Entity *entities = ARENA_MANY(call->vault.arena, Entity, ENTITIES_MAX);
    ENSURE_ALLOC(entities, call->vault.arena);
    size_t count = 0;
    for (int64_t i = query->offset; i < half->size && (int64_t)count < query->limit; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "%c%d", half->letter, (int)i);
        TRY(str_copy_in(call->vault.arena, str_from(id), &entities[count].id));
        count++;
    }
    *ret_page = (EntityPage){.entities = entities, .count = count, .total = half->size};
    return keys_of(call->vault.arena, query, ret_page);
}

static Error fake_get(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query,
                      Entity *ret_entity)
{
    (void)call;
    (void)query;
    FakeHalf *half = from_broker(broker);
    half->gets++;
    TRY(half->failure);
    ENSURE(half->has_one, ENTITY_NOT_FOUND, NULL);
    *ret_entity = (Entity){.id = id, .type = type, .created_us = half->letter};
    return OK;
}

static Error fake_write(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                        EntityOutcome *ret_outcomes)
{
    (void)call;
    FakeHalf *half = from_broker(broker);
    TRY(half->failure);
    half->writes += batch->is_rehearsal ? 0 : (int)batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        char letter[] = {half->letter, '\0'};
        ret_outcomes[i] = (EntityOutcome){.refusal = OK, .is_applied = true};
        TRY(str_copy_in(call->vault.arena, str_from(letter), &ret_outcomes[i].type));
    }
    return OK;
}

static Error fake_types(Broker *broker, BrokerCall *call, const TypesQuery *query,
                        TypeList *ret_types)
{
    static const char *const open[] = {"AED", "Person", "Room"};
    static const char *const personal[] = {"AED", "Person"};
    FakeHalf *half = from_broker(broker);
    TRY(half->failure);
    size_t count = half->letter == 'o' ? 3 : 2;
    TypeInfo *types = ARENA_MANY(call->vault.arena, TypeInfo, count);
    ENSURE_ALLOC(types, call->vault.arena);
    TypeList list = {.types = types};
    for (size_t i = 0; i < count; i++) {
        Str name = str_from(half->letter == 'o' ? open[i] : personal[i]);
        if (query->type.n == 0 || str_eq(query->type, name)) {
            types[list.count++] = (TypeInfo){.name = name, .count = half->letter};
        }
    }
    *ret_types = list;
    return OK;
}

static Error fake_knows(Broker *broker, BrokerCall *call, StrList ids, bool *ret_knows)
{
    (void)call;
    FakeHalf *half = from_broker(broker);
    TRY(half->failure);
    for (size_t i = 0; i < ids.count; i++) {
        ret_knows[i] = half->has_one;
    }
    return OK;
}

static const BrokerOps FAKE_OPS = {.query = fake_query,
                                   .get = fake_get,
                                   .write = fake_write,
                                   .types = fake_types,
                                   .knows = fake_knows};

static TypeRegistry *shipped_types(Arena *arena)
{
    const char *source = getenv("MUSUBI_SOURCE");
    char folder[512];
    TypeRegistry *registry = NULL;
    (void)snprintf(folder, sizeof folder, "%s/schemas/entities", source == NULL ? "." : source);
    assert_ok(type_registry_load(ports_system(), folder, arena, &registry));
    return registry;
}

void become(Fixture *fixture, ActorKind kind, const char *purpose)
{
    fixture->principal =
        (Principal){.kind = kind, .client = STR("kenko"), .purpose = str_from(purpose)};
}

int union_city_setup(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_new((size_t)4 << 20);
    fixture->registry = shipped_types(fixture->arena);
    fixture->open_half = (FakeHalf){.broker = {&FAKE_OPS}, .letter = 'o', .size = 3, .failure = OK};
    fixture->personal_half =
        (FakeHalf){.broker = {&FAKE_OPS}, .letter = 'p', .size = 4, .failure = OK};
    fixture->call =
        (BrokerCall){.vault = {.arena = fixture->arena}, .principal = &fixture->principal};
    const Classifier classifier = {.types = fixture->registry};
    assert_ok(union_new(&fixture->open_half.broker, &fixture->personal_half.broker, &classifier,
                        &fixture->both));
    become(fixture, ACTOR_SERVICE, "health-promotion");
    *state = fixture;
    return 0;
}

int union_city_teardown(void **state)
{
    Fixture *fixture = *state;
    (void)union_free(fixture->both);
    (void)type_registry_free(fixture->registry);
    (void)arena_free(fixture->arena);
    free(fixture);
    return 0;
}

StrList list_of(Fixture *fixture, const char *text)
{
    Str *items = ARENA_MANY(fixture->arena, Str, ENTITIES_MAX);
    assert_non_null(items);
    StrList list = {.items = items};
    Str rest = str_from(text);
    Str item;
    while (text[0] != '\0' && str_split(&rest, ',', &item)) {
        items[list.count++] = item;
    }
    return list;
}

EntityQuery query_of(Fixture *fixture, const char *types, const char *ids)
{
    EntitySelector *selector = ARENA_ONE(fixture->arena, EntitySelector);
    assert_non_null(selector);
    *selector = (EntitySelector){.types = list_of(fixture, types), .ids = list_of(fixture, ids)};
    return (EntityQuery){.selectors = selector, .selector_count = 1, .limit = 20};
}

Error ask(Fixture *fixture, const EntityQuery *query, EntityPage *ret_page)
{
    return fixture->both->ops->query(fixture->both, &fixture->call, query, ret_page);
}
