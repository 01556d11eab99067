#include "union.h"

#include <stdlib.h>
#include <string.h>

#include "entity_order.h"
#include "union_half.h"
#include "union_split.h"

UnionBroker *union_of(Broker *broker)
{
    return (UnionBroker *)(void *)broker;
}

bool union_has_purpose(const Principal *principal)
{
    return principal->kind != ACTOR_ANONYMOUS && principal->purpose.n > 0;
}

Error union_require_purpose(const Principal *principal)
{
    ENSURE(principal->kind != ACTOR_ANONYMOUS, TOKEN_MISSING, NULL);
    ENSURE(principal->purpose.n > 0, PURPOSE_REQUIRED, NULL);
    return OK;
}

Error union_knows(const UnionBroker *self, BrokerCall *call, StrList ids, StrList *ret_known)
{
    *ret_known = (StrList){.count = 0};
    if (ids.count == 0 || !union_has_purpose(call->principal)) {
        return OK;
    }
    Arena *arena = call->vault.arena;
    bool *knows = ARENA_MANY(arena, bool, ids.count);
    ENSURE_ALLOC(knows, arena);
    Str *items = ARENA_MANY(arena, Str, ids.count);
    ENSURE_ALLOC(items, arena);
    TRY(self->personal_half->ops->knows(self->personal_half, call, ids, knows));
    StrList known = {.items = items};
    for (size_t i = 0; i < ids.count; i++) {
        if (knows[i]) {
            items[known.count++] = ids.items[i];
        }
    }
    *ret_known = known;
    return OK;
}

/* Two halves make one answer of their own. */
static void ask_for_results(BrokerCall *call)
{
    call->raw = NULL;
}

/* --- query ------------------------------------------------------------------------------------ */

static Error ask(Broker *half, BrokerCall *call, const EntityQuery *query, EntityPage *ret_page)
{
    return half->ops->query(half, call, query, ret_page);
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

/* The public half's total tells where in the personal half the page goes on. */
static Error ask_in_turn(const UnionBroker *self, BrokerCall *call, UnionSplit *split,
                         EntityPage *ret_page)
{
    bool is_count_wanted = split->personal.is_count_wanted;
    EntityPage first = {.count = 0};
    split->open.is_count_wanted = true;
    TRY(ask(self->public_half, call, &split->open, &first));
    int64_t beyond = split->personal.offset - first.total;
    split->personal.offset = beyond > 0 ? beyond : 0;
    split->personal.limit -= (int64_t)first.count;
    if (split->personal.limit == 0 && !is_count_wanted) {
        *ret_page = first;
        return OK;
    }
    EntityPage second = {.count = 0};
    TRY(ask(self->personal_half, call, &split->personal, &second));
    return join_pages(call->vault.arena, &first, &second, ret_page);
}

/* Two ordered pages as one; what is equal keeps open data first. */
static Error merge_pages(Arena *arena, const EntityPage *open, const EntityPage *personal,
                         const EntityQuery *query, EntityPage *ret_page)
{
    Entity *entities = ARENA_MANY(arena, Entity, (size_t)query->limit);
    ENSURE_ALLOC(entities, arena);
    EntityPage page = {.entities = entities, .total = open->total + personal->total};
    size_t at_open = 0;
    size_t at_personal = 0;
    for (int64_t place = 0; place < query->offset + query->limit; place++) {
        bool has_open = at_open < open->count;
        bool has_personal = at_personal < personal->count;
        if (!has_open && !has_personal) {
            break;
        }
        bool is_open_next = has_open && (!has_personal ||
                                         entity_sort_key_compare(open->keys[at_open],
                                                                 personal->keys[at_personal]) <= 0);
        const Entity *next =
            is_open_next ? &open->entities[at_open++] : &personal->entities[at_personal++];
        if (place >= query->offset) {
            entities[page.count++] = *next;
        }
    }
    *ret_page = page;
    return OK;
}

/* Each half tells its own first entities as far as the page reaches. */
static Error ask_merged(const UnionBroker *self, BrokerCall *call, UnionSplit *split,
                        EntityPage *ret_page)
{
    const EntityQuery asked = split->open;
    bool is_near = asked.offset <= UNION_MERGE_MAX && asked.offset + asked.limit <= UNION_MERGE_MAX;
    ENSURE(is_near, PAGE_TOO_DEEP, NULL);
    EntityQuery *parts[] = {&split->open, &split->personal};
    for (size_t i = 0; i < 2; i++) {
        parts[i]->offset = 0;
        parts[i]->limit = asked.limit == 0 ? 0 : asked.offset + asked.limit;
    }
    EntityPage open = {.count = 0};
    EntityPage personal = {.count = 0};
    TRY(ask(self->public_half, call, &split->open, &open));
    TRY(ask(self->personal_half, call, &split->personal, &personal));
    return merge_pages(call->vault.arena, &open, &personal, &asked, ret_page);
}

static Error split_query(const UnionBroker *self, BrokerCall *call, const EntityQuery *query,
                         UnionSplit *ret_split)
{
    Arena *arena = call->vault.arena;
    StrList ids;
    StrList known;
    TRY(union_split_open_ids_in(arena, query, &self->classifier, &ids));
    TRY(union_knows(self, call, ids, &known));
    return union_split_in(arena, query, &self->classifier, known, ret_split);
}

static Error union_query(Broker *broker, BrokerCall *call, const EntityQuery *query,
                         EntityPage *ret_page)
{
    const UnionBroker *self = union_of(broker);
    UnionSplit split;
    TRY(split_query(self, call, query, &split));
    if (split.names_personal) {
        TRY(union_require_purpose(call->principal));
    }
    split.asks_personal = split.asks_personal && union_has_purpose(call->principal);
    if (split.asks_open && split.asks_personal) {
        ask_for_results(call);
        return query->order_count > 0 ? ask_merged(self, call, &split, ret_page)
                                      : ask_in_turn(self, call, &split, ret_page);
    }
    if (split.asks_personal) {
        return ask(self->personal_half, call, &split.personal, ret_page);
    }
    if (split.asks_open) {
        return ask(self->public_half, call, &split.open, ret_page);
    }
    *ret_page = (EntityPage){.count = 0};
    return OK;
}

/* --- get -------------------------------------------------------------------------------------- */

Error union_half_of(const UnionBroker *self, BrokerCall *call, Str id, Str type, Broker **ret_half)
{
    bool has_personal_form = classify_id(&self->classifier, id) != NULL;
    bool is_personal = has_personal_form;
    if (type.n > 0) {
        TypeClass class = classify_type(&self->classifier, type);
        is_personal = class == TYPE_PERSONAL;
        bool may_be = class == TYPE_PERSONAL || (class == TYPE_PUBLIC && !has_personal_form);
        if (!may_be) {
            *ret_half = NULL;
            return OK;
        }
    } else if (!has_personal_form) {
        StrList known;
        TRY(union_knows(self, call, (StrList){.items = &id, .count = 1}, &known));
        is_personal = known.count > 0;
    }
    if (is_personal) {
        TRY(union_require_purpose(call->principal));
    }
    *ret_half = is_personal ? self->personal_half : self->public_half;
    return OK;
}

static Error union_get(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query,
                       Entity *ret_entity)
{
    Broker *half = NULL;
    TRY(union_half_of(union_of(broker), call, id, type, &half));
    ENSURE(half != NULL, ENTITY_NOT_FOUND, NULL);
    return half->ops->get(half, call, id, type, query, ret_entity);
}

/* --- types ------------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    return str_compare(((const TypeInfo *)a)->name, ((const TypeInfo *)b)->name);
}

/* What a half may tell of: types of its own class. */
static void types_take(const UnionBroker *self, const TypeList *from, TypeClass class, TypeList *to)
{
    for (size_t i = 0; i < from->count; i++) {
        if (classify_type(&self->classifier, from->types[i].name) == class) {
            to->types[to->count++] = from->types[i];
        }
    }
}

static Error union_types(Broker *broker, BrokerCall *call, const TypesQuery *query,
                         TypeList *ret_types)
{
    const UnionBroker *self = union_of(broker);
    TypeClass class =
        query->type.n > 0 ? classify_type(&self->classifier, query->type) : TYPE_CLASS_COUNT_;
    if (class == TYPE_PERSONAL) {
        TRY(union_require_purpose(call->principal));
    }
    bool asks_open = class == TYPE_CLASS_COUNT_ || class == TYPE_PUBLIC;
    bool asks_personal = (class == TYPE_CLASS_COUNT_ || class == TYPE_PERSONAL) &&
                         union_has_purpose(call->principal);
    TypeList open = {.count = 0};
    TypeList personal = {.count = 0};
    ask_for_results(call); /* of the types of open data some may not be told */
    if (asks_open) {
        TRY(self->public_half->ops->types(self->public_half, call, query, &open));
    }
    if (asks_personal) {
        TRY(self->personal_half->ops->types(self->personal_half, call, query, &personal));
    }
    TypeList all = {.types = ARENA_MANY(call->vault.arena, TypeInfo, open.count + personal.count)};
    ENSURE_ALLOC(all.types, call->vault.arena);
    types_take(self, &open, TYPE_PUBLIC, &all);
    types_take(self, &personal, TYPE_PERSONAL, &all);
    if (all.count > 1) {
        qsort(all.types, all.count, sizeof *all.types, by_name);
    }
    *ret_types = all;
    return OK;
}

Error union_new(Broker *public_half, Broker *personal_half, const Classifier *classifier,
                Broker **ret_broker)
{
    static const BrokerOps ops = {
        .query = union_query, .get = union_get, .write = union_write, .types = union_types};
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
