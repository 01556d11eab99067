#include "gate_page.h"

#include <stdlib.h>
#include <string.h>

#include "gate_show.h"
#include "planted_leak.h"

#define SORTING_ARENA_BYTES ((size_t)128 << 20)

/* A place, and of which type of the query. */
typedef struct TypedPlace {
    GatePlace place;
    uint32_t type;
} TypedPlace;

struct GatePage {
    GateCaller *caller;
    const GateAsk *ask;
    const GateAskType *type; /* whose entities are being met */
    EntityPageBuilder *builder;
    Arena *sorting; /* of the builder and of places: what the page may still show */
    Arena *arena;   /* of what is shown */
    Entity *entities;
    size_t count;
    TypedPlace *places; /* with an order: of the hits, by their number */
    size_t place_count;
    size_t place_capacity;
    GateLeaves leaves;
    uint32_t evaluated;
};

static bool is_ordered(const GatePage *page)
{
    return page->ask->query->order_count > 0;
}

static Error page_begin(GatePage *page)
{
    const EntityQuery *query = page->ask->query;
    ENSURE(query->limit >= 0 && query->limit <= 1000 && query->offset >= 0, INTERNAL, NULL);
    page->sorting = arena_new_sensitive(SORTING_ARENA_BYTES);
    ENSURE(page->sorting != NULL, OUT_OF_MEMORY, NULL);
    page->entities = ARENA_MANY(page->arena, Entity, (size_t)query->limit);
    ENSURE_ALLOC(page->entities, page->arena);
    return entity_page_builder_in(page->sorting, page->ask->matcher, &page->builder);
}

Error gate_page_new(GateCaller *caller, const GateAsk *ask, GatePage **ret_page)
{
    CLEANUP(gate_page_free) GatePage *page = calloc(1, sizeof *page);
    ENSURE(page != NULL, OUT_OF_MEMORY, NULL);
    page->caller = caller;
    page->ask = ask;
    page->arena = caller->call->arena;
    page->leaves = gate_leaves(caller->gate, page->arena);
    TRY(page_begin(page));
    *ret_page = TAKE(page);
    return OK;
}

GatePage *gate_page_free(GatePage *page)
{
    if (page != NULL) {
        gate_leaves_done(&page->leaves);
        page->sorting = arena_free(page->sorting);
        free(page);
    }
    return NULL;
}

uint32_t gate_page_evaluated(const GatePage *page)
{
    return page->evaluated;
}

GateLeaves *gate_page_leaves(GatePage *page)
{
    return &page->leaves;
}

/* --- meeting ---------------------------------------------------------------------------------- */

static size_t page_missing(const void *context)
{
    const GatePage *page = context;
    const EntityQuery *query = page->ask->query;
    if (entity_page_builder_is_full(page->builder)) {
        return 0;
    }
    if (query->is_count_wanted || is_ordered(page) || page->ask->has_conditions) {
        return SIZE_MAX;
    }
    return (size_t)(query->offset + query->limit - entity_page_builder_seen(page->builder));
}

/* Whether id and type are meant, by the caller's id. */
static Error page_selects(const GateAsk *ask, GateCaller *inner, GateTarget *target,
                          bool *ret_selects)
{
    *ret_selects = true;
    if (!ask->looks_at_ids) {
        return OK;
    }
    TRY(gate_target_name(inner, inner->call->arena, target));
    return entity_matcher_selects(ask->matcher, target->id, target->type->spec->name, ret_selects);
}

static Error page_test(GatePage *page, GateCaller *inner, GateTarget *target, GateSeen *seen,
                       Entity *ret_entity, bool *ret_matches)
{
    Arena *scratch = inner->call->arena;
    TRY(gate_see_given(inner, target, page->type->decides, seen));
    TRY(gate_seen_entity_in(scratch, target, seen, ret_entity));
    return entity_matcher_test(page->ask->matcher, scratch, ret_entity, ret_matches);
}

/* Whether the query means it, by what the caller may see of it; ret_entity holds what was looked
 * at. Whoever is not linked is not in the view: neither a match nor a failure to match may tell of
 * him. */
static Error page_judge(GatePage *page, GateCaller *inner, GateTarget *target, GateSeen *seen,
                        Entity *ret_entity, bool *ret_matches)
{
    TRY(page_selects(page->ask, inner, target, ret_matches));
    if (!*ret_matches) {
        return OK;
    }
    Error error = page_test(page, inner, target, seen, ret_entity, ret_matches);
    if (FAILED(error) || *ret_matches) {
        TRY(gate_target_link(inner, target));
    }
    if (target->why != NULL) {
        *ret_matches = false;
        return OK;
    }
    return error;
}

static Error page_show(GatePage *page, GateCaller *inner, GateTarget *target, GateSeen *seen,
                       Entity *ret_entity)
{
    GateShow show = {.wanted = page->ask->query->attributes, .decide = page->type->decides};
    return gate_show_entity(inner, target, &show, seen, page->arena, &page->leaves, ret_entity);
}

static Error page_remember(GatePage *page, const GateTarget *target)
{
    if (page->place_count == page->place_capacity) {
        size_t capacity = page->place_capacity * 2 + 64;
        TypedPlace *grown = ARENA_MANY(page->sorting, TypedPlace, capacity);
        ENSURE_ALLOC(grown, page->sorting);
        if (page->place_count > 0) {
            memcpy(grown, page->places, page->place_count * sizeof *grown);
        }
        page->places = grown;
        page->place_capacity = capacity;
    }
    TypedPlace *typed = &page->places[page->place_count++];
    memcpy(typed->place.subject, target->sealed.subject, SUBJECT_ID_BYTES);
    memcpy(typed->place.id, target->sealed.id, SEALED_ID_BYTES);
    typed->type = (uint32_t)target->type->place;
    return OK;
}

static Error page_meet(void *context, GateCaller *inner, GateTarget *target)
{
    GatePage *page = context;
    Arena *scratch = inner->call->arena;
    GateSeen seen;
    Entity entity;
    bool matches = false;
    TRY(gate_seen_in(scratch, target->type, &seen));
    TRY(page_judge(page, inner, target, &seen, &entity, &matches));
    if (!matches) {
        return OK;
    }
    bool is_kept = false;
    size_t number = is_ordered(page) ? page->place_count : page->count;
    TRY(entity_page_builder_add(page->builder, scratch, number, &entity, &is_kept));
    if (!is_kept) {
        return OK;
    }
    if (is_ordered(page)) {
        return page_remember(page, target);
    }
    TRY(page_show(page, inner, target, &seen, &page->entities[page->count]));
    page->count++;
    return OK;
}

Error gate_page_fill(GatePage *page)
{
    const GateAsk *ask = page->ask;
    if (!service_path_covers(ask->query->service_path, GATE_SERVICE_PATH)) {
        return OK;
    }
    GateWalk walk = {.caller = page->caller,
                     .meet = page_meet,
                     .missing = page_missing,
                     .context = page,
                     .is_link_late = ask->has_conditions && !ask->looks_at_ids};
    Error error = OK;
    for (size_t i = 0; i < ask->type_count && !FAILED(error) && page_missing(page) > 0; i++) {
        page->type = &ask->types[i];
        error = page->type->is_by_id ? gate_walk_ids(&walk, &page->type->type, page->type->ids)
                                     : gate_walk_rows(&walk, &page->type->type);
    }
    page->evaluated = walk.count;
    return error;
}

/* --- showing an order ------------------------------------------------------------------------- */

/* The hits of one type, met again. */
typedef struct Second {
    GatePage *page;
    GateWalk walk;
    const GatePlace **places;
    size_t *at; /* where on the page each stands */
    size_t count;
} Second;

static size_t second_missing(const void *context)
{
    (void)context;
    return SIZE_MAX;
}

static Error second_meet(void *context, GateCaller *inner, GateTarget *target)
{
    Second *second = context;
    GatePage *page = second->page;
    GateSeen seen;
    TRY(gate_seen_in(inner->call->arena, target->type, &seen));
    TRY(page_show(page, inner, target, &seen, &page->entities[second->at[second->walk.met_at]]));
    page->count++;
    return OK;
}

static Error second_of_type(GatePage *page, const EntityHit *hits, size_t count, size_t type)
{
    Second second = {.page = page};
    second.places = ARENA_MANY(page->sorting, const GatePlace *, count);
    ENSURE_ALLOC(second.places, page->sorting);
    second.at = ARENA_MANY(page->sorting, size_t, count);
    ENSURE_ALLOC(second.at, page->sorting);
    for (size_t i = 0; i < count; i++) {
        const TypedPlace *typed = &page->places[hits[i].number];
        if (typed->type == type) {
            second.places[second.count] = &typed->place;
            second.at[second.count++] = i;
        }
    }
    page->type = &page->ask->types[type];
    second.walk = (GateWalk){
        .caller = page->caller, .meet = second_meet, .missing = second_missing, .context = &second};
    return gate_walk_places(&second.walk, &page->type->type, second.places, second.count);
}

/* The builder's keys go with its arena; the page's stay with it. */
static Error keys_in(Arena *arena, const EntityHit *hits, size_t count,
                     const EntitySortKey *const **ret_keys)
{
    const EntitySortKey **keys = ARENA_MANY(arena, const EntitySortKey *, count);
    ENSURE_ALLOC(keys, arena);
    for (size_t i = 0; i < count; i++) {
        EntitySortKey *key = ARENA_ONE(arena, EntitySortKey);
        ENSURE_ALLOC(key, arena);
        TRY(str_copy_in(arena, hits[i].key->bytes, &key->bytes));
        keys[i] = key;
    }
    *ret_keys = keys;
    return OK;
}

static Error show_ordered(GatePage *page, const EntityHit *hits, size_t count,
                          const EntitySortKey *const **ret_keys)
{
    for (size_t i = 0; count > 0 && i < page->ask->type_count; i++) {
        TRY(second_of_type(page, hits, count, i));
    }
    return keys_in(page->arena, hits, count, ret_keys);
}

Error gate_page_finish(GatePage *page, EntityPage *ret_page)
{
    EntityHit *hits = NULL;
    size_t count = 0;
    EntityPage answer = {.entities = page->entities};
    TRY(entity_page_builder_finish(page->builder, &hits, &count));
    if (is_ordered(page)) {
        TRY(show_ordered(page, hits, count, &answer.keys));
    }
    ENSURE(page->count == count, INTERNAL, "page");
    answer.count = count;
    answer.total = PLANTED_LEAK(COUNT) ? page->evaluated : entity_page_builder_seen(page->builder);
    *ret_page = answer;
    return OK;
}
