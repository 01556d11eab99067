#include "embedded_half.h"

#include <stdlib.h>

#include "embedded_walk.h"
#include "embedded_write.h"
#include "public_entity.h"
#include "store.h"

typedef struct EmbeddedHalf {
    Broker broker; /* first: a Broker * is an EmbeddedHalf * */
    EmbeddedWriter writer;
} EmbeddedHalf;

static EmbeddedHalf *from_broker(Broker *broker)
{
    return (EmbeddedHalf *)(void *)broker;
}

static void keep_attributes(Entity *entity, StrList wanted)
{
    size_t kept = 0;
    for (size_t i = 0; i < entity->attribute_count; i++) {
        if (wanted.count == 0 || str_list_has(wanted, entity->attributes[i].name)) {
            entity->attributes[kept++] = entity->attributes[i];
        }
    }
    entity->attribute_count = kept;
}

static Error fetch(const BrokerCall *call, const EntityQuery *query, const EmbeddedHits *hits,
                   Entity **ret_entities)
{
    Arena *arena = call->vault.arena;
    StoreDoc *docs = ARENA_MANY(arena, StoreDoc, hits->count);
    ENSURE_ALLOC(docs, arena);
    Entity *entities = ARENA_MANY(arena, Entity, hits->count);
    ENSURE_ALLOC(entities, arena);
    if (hits->count > 0) {
        TRY(store_get_many(call->vault.snapshot, arena, STORE_PUBLIC_ENTITIES, hits->keys,
                           hits->count, docs));
    }
    for (size_t i = 0; i < hits->count; i++) {
        ENSURE(docs[i].version > 0, STORE_CORRUPT, "public entity");
        TRY(public_entity_read(arena, docs[i].body, &entities[i], NULL));
        keep_attributes(&entities[i], query->attributes);
    }
    *ret_entities = entities;
    return OK;
}

static Error half_query(Broker *broker, BrokerCall *call, const EntityQuery *query,
                        EntityPage *ret_page)
{
    (void)broker; /* all is in the call's snapshot */
    EmbeddedHits hits;
    TRY(embedded_walk_page(call, query, &hits));
    EntityPage page = {.count = hits.count, .total = hits.total};
    TRY(fetch(call, query, &hits, &page.entities));
    *ret_page = page;
    return OK;
}

/* Two are enough to know that an id is ambiguous. */
static EntitySelector selector_of_one(const Str *id, const Str *type)
{
    return (EntitySelector){.ids = {.items = id, .count = 1},
                            .types = {.items = type, .count = type->n > 0 ? 1 : 0}};
}

static EntityQuery query_of_one(const EntitySelector *selector, Str service_path)
{
    return (EntityQuery){
        .selectors = selector, .selector_count = 1, .limit = 2, .service_path = service_path};
}

static Error find_one(const BrokerCall *call, const EntityQuery *one, EmbeddedHits *ret_hits)
{
    TRY(embedded_walk_page(call, one, ret_hits));
    ENSURE(ret_hits->count > 0, ENTITY_NOT_FOUND, NULL);
    ENSURE(ret_hits->count == 1, ENTITY_AMBIGUOUS, NULL);
    return OK;
}

static Error half_get(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query,
                      Entity *ret_entity)
{
    (void)broker;
    EntitySelector selector = selector_of_one(&id, &type);
    EntityQuery one = query_of_one(&selector, query->service_path);
    EmbeddedHits hits;
    Entity *entities = NULL;
    TRY(find_one(call, &one, &hits));
    TRY(fetch(call, query, &hits, &entities));
    *ret_entity = entities[0];
    return OK;
}

static Error half_write(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                        EntityOutcome *ret_outcomes)
{
    return embedded_write(&from_broker(broker)->writer, call, batch, ret_outcomes);
}

static Error half_types(Broker *broker, BrokerCall *call, const TypesQuery *query,
                        TypeList *ret_types)
{
    (void)broker;
    (void)call;
    (void)query;
    *ret_types = (TypeList){.count = 0};
    return OK;
}

Error embedded_half_new(Store *store, Broker **ret_broker)
{
    static const BrokerOps ops = {
        .query = half_query, .get = half_get, .write = half_write, .types = half_types};
    EmbeddedHalf *self = calloc(1, sizeof *self);
    ENSURE(self != NULL, OUT_OF_MEMORY, NULL);
    self->broker.ops = &ops;
    self->writer.store = store;
    *ret_broker = &self->broker;
    return OK;
}

Broker *embedded_half_free(Broker *broker)
{
    free(broker);
    return NULL;
}
