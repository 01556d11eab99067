#include "union.h"

#include <stdlib.h>
#include <string.h>

typedef struct UnionBroker {
    Broker broker; /* first: a Broker * is a UnionBroker * */
    Broker *public_half;
    Broker *personal_half;
    Classifier classifier;
} UnionBroker;

/* One query, split by whom it is for. */
typedef struct Split {
    EntitySelector public_selector;
    EntitySelector personal_selector;
    EntityQuery public_query;
    EntityQuery personal_query;
    bool asks_public;
    bool asks_personal;
    bool names_personal; /* a personal type or id stands in the request itself */
} Split;

static const UnionBroker *from_broker(const Broker *broker)
{
    return (const UnionBroker *)(const void *)broker;
}

static bool has_purpose(const Principal *principal)
{
    return principal->kind != ACTOR_ANONYMOUS && principal->purpose.n > 0;
}

static Error require_purpose(const Principal *principal)
{
    ENSURE(principal->kind != ACTOR_ANONYMOUS, TOKEN_MISSING, NULL);
    ENSURE(principal->purpose.n > 0, PURPOSE_REQUIRED, NULL);
    return OK;
}

static Error keep_types(const UnionBroker *self, Arena *arena, StrList types, TypeClass wanted,
                        StrList *ret_kept)
{
    Str *items = ARENA_MANY(arena, Str, types.count);
    ENSURE_ALLOC(items, arena);
    StrList kept = {.items = items};
    for (size_t i = 0; i < types.count; i++) {
        if (classify_type(&self->classifier, types.items[i]) == wanted) {
            items[kept.count++] = types.items[i];
        }
    }
    *ret_kept = kept;
    return OK;
}

/* Ids that may be shown to the public half. */
static Error keep_public_ids(const UnionBroker *self, Arena *arena, StrList ids, StrList *ret_kept)
{
    Str *items = ARENA_MANY(arena, Str, ids.count);
    ENSURE_ALLOC(items, arena);
    StrList kept = {.items = items};
    for (size_t i = 0; i < ids.count; i++) {
        if (classify_id(&self->classifier, ids.items[i]) == NULL) {
            items[kept.count++] = ids.items[i];
        }
    }
    *ret_kept = kept;
    return OK;
}

static Error split_query(const UnionBroker *self, Arena *arena, const EntityQuery *query,
                         Split *ret_split)
{
    EntitySelector asked = query->selector_count > 0 ? query->selectors[0] : (EntitySelector){0};
    Split split = {.public_query = *query,
                   .personal_query = *query,
                   .public_selector = asked,
                   .personal_selector = asked};
    TRY(keep_types(self, arena, asked.types, TYPE_PUBLIC, &split.public_selector.types));
    TRY(keep_types(self, arena, asked.types, TYPE_PERSONAL, &split.personal_selector.types));
    TRY(keep_public_ids(self, arena, asked.ids, &split.public_selector.ids));
    bool is_typeless = asked.types.count == 0;
    bool has_personal_id = split.public_selector.ids.count < asked.ids.count;
    split.names_personal =
        split.personal_selector.types.count > 0 || (is_typeless && has_personal_id);
    split.asks_personal = is_typeless || split.personal_selector.types.count > 0;
    /* A list that was emptied must not turn into no restriction. */
    split.asks_public = (is_typeless || split.public_selector.types.count > 0) &&
                        (asked.ids.count == 0 || split.public_selector.ids.count > 0);
    *ret_split = split;
    ret_split->public_query.selectors = &ret_split->public_selector;
    ret_split->public_query.selector_count = 1;
    ret_split->personal_query.selectors = &ret_split->personal_selector;
    ret_split->personal_query.selector_count = 1;
    return OK;
}

static Error join_pages(Arena *arena, const EntityPage *first, const EntityPage *second,
                        EntityPage *ret_page)
{
    size_t count = first->count + second->count;
    Entity *entities = ARENA_MANY(arena, Entity, count);
    ENSURE_ALLOC(entities, arena);
    if (first->count > 0) {
        memcpy(entities, first->entities, first->count * sizeof *entities);
    }
    if (second->count > 0) {
        memcpy(entities + first->count, second->entities, second->count * sizeof *entities);
    }
    *ret_page =
        (EntityPage){.entities = entities, .count = count, .total = first->total + second->total};
    return OK;
}

static Error ask(Broker *half, BrokerCall *call, const EntityQuery *query, EntityPage *ret_page)
{
    return half->ops->query(half, call, query, ret_page);
}

/* The public half's total tells where in the personal half the page goes on. */
static Error ask_both(const UnionBroker *self, BrokerCall *call, Split *split, EntityPage *ret_page)
{
    bool is_count_wanted = split->personal_query.is_count_wanted;
    EntityPage first = {.count = 0};
    split->public_query.is_count_wanted = true;
    TRY(ask(self->public_half, call, &split->public_query, &first));
    int64_t beyond = split->personal_query.offset - first.total;
    split->personal_query.offset = beyond > 0 ? beyond : 0;
    split->personal_query.limit -= (int64_t)first.count;
    if (split->personal_query.limit == 0 && !is_count_wanted) {
        *ret_page = first;
        return OK;
    }
    EntityPage second = {.count = 0};
    TRY(ask(self->personal_half, call, &split->personal_query, &second));
    return join_pages(call->vault.arena, &first, &second, ret_page);
}

static Error union_query(Broker *broker, BrokerCall *call, const EntityQuery *query,
                         EntityPage *ret_page)
{
    const UnionBroker *self = from_broker(broker);
    Split split;
    TRY(split_query(self, call->vault.arena, query, &split));
    if (split.names_personal) {
        TRY(require_purpose(call->principal));
    }
    split.asks_personal = split.asks_personal && has_purpose(call->principal);
    if (split.asks_public && split.asks_personal) {
        return ask_both(self, call, &split, ret_page);
    }
    if (split.asks_personal) {
        return ask(self->personal_half, call, &split.personal_query, ret_page);
    }
    if (split.asks_public) {
        return ask(self->public_half, call, &split.public_query, ret_page);
    }
    *ret_page = (EntityPage){.count = 0};
    return OK;
}

/* Which halves may hold an entity so addressed. */
typedef struct Candidates {
    bool is_public;
    bool is_personal;
    bool names_personal;
} Candidates;

static Candidates candidates_of(const UnionBroker *self, Str id, Str type)
{
    bool has_personal_id = classify_id(&self->classifier, id) != NULL;
    if (type.n == 0) {
        return (Candidates){!has_personal_id, true, has_personal_id};
    }
    TypeClass class = classify_type(&self->classifier, type);
    return (Candidates){class == TYPE_PUBLIC && !has_personal_id, class == TYPE_PERSONAL,
                        class == TYPE_PERSONAL};
}

typedef struct Address {
    Str id;
    Str type;
    const EntityQuery *query;
} Address;

/* Not found is an answer here, every other error is not. */
static Error look(Broker *half, BrokerCall *call, const Address *address, Entity *ret_entity,
                  bool *ret_is_found)
{
    Error error =
        half->ops->get(half, call, address->id, address->type, address->query, ret_entity);
    *ret_is_found = !FAILED(error);
    return error.reason == REASON_ENTITY_NOT_FOUND ? OK : error;
}

static Error get_from_both(const UnionBroker *self, BrokerCall *call, const Address *address,
                           Entity *ret_entity)
{
    Entity in_public = {.attribute_count = 0};
    Entity in_personal = {.attribute_count = 0};
    bool is_public = false;
    bool is_personal = false;
    TRY(look(self->public_half, call, address, &in_public, &is_public));
    TRY(look(self->personal_half, call, address, &in_personal, &is_personal));
    ENSURE(is_public || is_personal, ENTITY_NOT_FOUND, NULL);
    ENSURE(!is_public || !is_personal, ENTITY_AMBIGUOUS, NULL);
    *ret_entity = is_public ? in_public : in_personal;
    return OK;
}

static Error union_get(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query,
                       Entity *ret_entity)
{
    const UnionBroker *self = from_broker(broker);
    Candidates candidates = candidates_of(self, id, type);
    if (candidates.names_personal) {
        TRY(require_purpose(call->principal));
    }
    bool asks_personal = candidates.is_personal && has_purpose(call->principal);
    if (candidates.is_public && asks_personal) {
        const Address address = {id, type, query};
        return get_from_both(self, call, &address, ret_entity);
    }
    ENSURE(candidates.is_public || asks_personal, ENTITY_NOT_FOUND, NULL);
    Broker *half = asks_personal ? self->personal_half : self->public_half;
    return half->ops->get(half, call, id, type, query, ret_entity);
}

static Error write_to(Broker *half, BrokerCall *call, const EntityWrite *write)
{
    EntityBatch batch = {.writes = write, .count = 1};
    EntityOutcome outcome;
    TRY(half->ops->write(half, call, &batch, &outcome));
    return outcome.refusal;
}

static Error write_of_type(const UnionBroker *self, BrokerCall *call, const EntityWrite *write)
{
    Str type = write->entity.type;
    const EntityTypeSpec *id_form = classify_id(&self->classifier, write->entity.id);
    switch (classify_type(&self->classifier, type)) {
    case TYPE_PERSONAL:
        TRY(require_purpose(call->principal));
        return write_to(self->personal_half, call, write);
    case TYPE_PUBLIC:
        ENSURE(id_form == NULL, ID_IS_PERSONAL, str_argument(call->vault.arena, id_form->name));
        return write_to(self->public_half, call, write);
    case TYPE_UNLISTED:
    case TYPE_CLASS_COUNT_:
        break;
    }
    return FAIL(TYPE_NOT_REGISTERED, str_argument(call->vault.arena, type));
}

/* An update that names no type goes where the entity is. The personal half is not asked whether it
 * has the entity (a writer need not be a reader): it decides about the write itself. */
static Error write_without_type(const UnionBroker *self, BrokerCall *call, const EntityWrite *write)
{
    if (classify_id(&self->classifier, write->entity.id) != NULL) {
        TRY(require_purpose(call->principal));
        return write_to(self->personal_half, call, write);
    }
    if (!has_purpose(call->principal)) {
        return write_to(self->public_half, call, write);
    }
    const EntityQuery all = {.service_path =
                                 write->service_path.n > 0 ? write->service_path : STR("/")};
    const Address address = {write->entity.id, STR_EMPTY, &all};
    Entity found;
    bool is_public = false;
    bool is_personal = false;
    TRY(look(self->public_half, call, &address, &found, &is_public));
    if (!is_public) {
        return write_to(self->personal_half, call, write);
    }
    TRY(look(self->personal_half, call, &address, &found, &is_personal));
    ENSURE(!is_personal, ENTITY_AMBIGUOUS, NULL);
    return write_to(self->public_half, call, write);
}

static Error union_write(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                         EntityOutcome *ret_outcomes)
{
    const UnionBroker *self = from_broker(broker);
    for (size_t i = 0; i < batch->count; i++) {
        const EntityWrite *write = &batch->writes[i];
        Error error = write->entity.type.n == 0 ? write_without_type(self, call, write)
                                                : write_of_type(self, call, write);
        ret_outcomes[i] = (EntityOutcome){.refusal = error};
    }
    return OK;
}

Error union_new(Broker *public_half, Broker *personal_half, const Classifier *classifier,
                Broker **ret_broker)
{
    static const BrokerOps ops = {.query = union_query, .get = union_get, .write = union_write};
    UnionBroker *self = calloc(1, sizeof *self);
    ENSURE(self != NULL, OUT_OF_MEMORY, NULL);
    *self = (UnionBroker){.broker = {.ops = &ops},
                          .public_half = public_half,
                          .personal_half = personal_half,
                          .classifier = *classifier};
    *ret_broker = &self->broker;
    return OK;
}

Broker *union_free(Broker *broker)
{
    free(broker);
    return NULL;
}
