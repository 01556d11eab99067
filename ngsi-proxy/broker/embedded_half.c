#include "embedded_half.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "embedded_update.h"
#include "embedded_walk.h"
#include "public_entity.h"
#include "store.h"

typedef struct EmbeddedHalf {
    Broker broker; /* first: a Broker * is an EmbeddedHalf * */
    Store *store;
    _Atomic int64_t last_order;
} EmbeddedHalf;

static EmbeddedHalf *from_broker(Broker *broker)
{
    return (EmbeddedHalf *)(void *)broker;
}

/* Order of creation: the clock, but never the same number twice from this process. */
static int64_t next_order(EmbeddedHalf *self, int64_t now_us)
{
    int64_t last = atomic_load(&self->last_order);
    int64_t next = 0;
    do {
        next = now_us > last ? now_us : last + 1;
    } while (!atomic_compare_exchange_weak(&self->last_order, &last, next));
    return next;
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

static Str path_of(const EntityWrite *write)
{
    return write->service_path.n > 0 ? write->service_path : STR("/");
}

static Error stamped_copy(Arena *arena, const EntityWrite *write, int64_t now_us,
                          Entity *ret_entity)
{
    Entity entity = write->entity;
    entity.service_path = path_of(write);
    entity.created_us = now_us;
    entity.modified_us = now_us;
    entity.attributes = ARENA_MANY(arena, Attribute, entity.attribute_count);
    ENSURE_ALLOC(entity.attributes, arena);
    for (size_t i = 0; i < entity.attribute_count; i++) {
        entity.attributes[i] = write->entity.attributes[i];
        entity.attributes[i].writer = STR_EMPTY;
        entity.attributes[i].created_us = now_us;
        entity.attributes[i].modified_us = now_us;
    }
    entity_attributes_sort(&entity);
    *ret_entity = entity;
    return OK;
}

static Error create(EmbeddedHalf *self, const BrokerCall *call, const EntityWrite *write)
{
    Arena *arena = call->vault.arena;
    Entity entity;
    TRY(stamped_copy(arena, write, call->vault.now_us, &entity));
    Str key;
    TRY(public_entity_key_in(arena, call->vault.tenant, entity.service_path, entity.id, entity.type,
                             &key));
    DocBody body;
    TRY(public_entity_write(arena, call->vault.tenant, &entity,
                            next_order(self, call->vault.now_us), &body));
    StoreBatch *batch = store_batch_in(arena);
    ENSURE_ALLOC(batch, arena);
    store_batch_insert(batch, STORE_PUBLIC_ENTITIES, key, body);
    Error error = store_commit(self->store, batch, call->vault.deadline, NULL);
    return error.reason == REASON_STORE_EXISTS ? FAIL(ENTITY_EXISTS, NULL) : error;
}

/* Tells about attributes that were not there; the others are written by now. */
static Error outcome_of(Arena *arena, const EmbeddedUpdate *update)
{
    if (update->missing_count == 0) {
        return OK;
    }
    const char *missing = str_argument(arena, update->missing);
    return update->known_count > 0 ? FAIL(PARTIAL_UPDATE, missing)
                                   : FAIL(ATTRIBUTES_MISSING, missing);
}

static Error replace(EmbeddedHalf *self, const BrokerCall *call, const StoreDoc *doc,
                     const Entity *entity, int64_t order)
{
    Arena *arena = call->vault.arena;
    DocBody body;
    TRY(public_entity_write(arena, call->vault.tenant, entity, order, &body));
    StoreBatch *batch = store_batch_in(arena);
    ENSURE_ALLOC(batch, arena);
    store_batch_replace(batch, STORE_PUBLIC_ENTITIES, doc->key, doc->version, body);
    return store_commit(self->store, batch, call->vault.deadline, NULL);
}

/* One attempt in the snapshot of this call. answer_arena holds what the caller is told. */
static Error update_once(EmbeddedHalf *self, const BrokerCall *call, const EntityWrite *write,
                         Arena *answer_arena)
{
    Arena *arena = call->vault.arena;
    EntitySelector selector = selector_of_one(&write->entity.id, &write->entity.type);
    EntityQuery one = query_of_one(&selector, path_of(write));
    EmbeddedHits hits;
    StoreDoc doc;
    TRY(find_one(call, &one, &hits));
    TRY(store_get(call->vault.snapshot, arena, STORE_PUBLIC_ENTITIES, hits.keys[0], &doc));
    ENSURE(doc.version > 0, STORE_CORRUPT, "public entity");
    Entity entity;
    int64_t order = 0;
    EmbeddedUpdate update;
    TRY(public_entity_read(arena, doc.body, &entity, &order));
    TRY(embedded_update_apply(arena, &entity, &write->entity, call->vault.now_us, &update));
    if (update.known_count > 0) {
        TRY(replace(self, call, &doc, &entity, order));
    }
    return outcome_of(answer_arena, &update);
}

/* A fresh look at the store, since the snapshot shows what was overtaken. It takes the place of the
 * call's own, so that a crowd of writers never holds one snapshot each while waiting for a second.
 */
static Error update_again(EmbeddedHalf *self, BrokerCall *call, const EntityWrite *write)
{
    CLEANUP(arena_free) Arena *scratch = arena_new(ARENA_REQUEST_BYTES);
    ENSURE(scratch != NULL, OUT_OF_MEMORY, NULL);
    call->vault.snapshot = store_snapshot_close(call->vault.snapshot);
    TRY(store_snapshot_open(self->store, call->vault.deadline, &call->vault.snapshot));
    BrokerCall attempt = *call;
    attempt.vault.arena = scratch;
    return update_once(self, &attempt, write, call->vault.arena);
}

static Error update(EmbeddedHalf *self, BrokerCall *call, const EntityWrite *write)
{
    Error error = update_once(self, call, write, call->vault.arena);
    while (error.reason == REASON_STORE_CONFLICT && !deadline_has_passed(call->vault.deadline)) {
        error = update_again(self, call, write);
    }
    return error;
}

static Error half_write(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                        EntityOutcome *ret_outcomes)
{
    EmbeddedHalf *self = from_broker(broker);
    for (size_t i = 0; i < batch->count; i++) {
        const EntityWrite *write = &batch->writes[i];
        Error error =
            write->kind == ENTITY_CREATE ? create(self, call, write) : update(self, call, write);
        ret_outcomes[i] = (EntityOutcome){.refusal = error};
    }
    return OK;
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
    self->store = store;
    *ret_broker = &self->broker;
    return OK;
}

Broker *embedded_half_free(Broker *broker)
{
    free(broker);
    return NULL;
}
