#include "embedded_walk.h"

#include <stdlib.h>

#include "public_entity.h"
#include "store.h"

#define BATCH_DOCS ((size_t)256)
#define SCRATCH_BYTES ((size_t)8 << 20)
#define ID_BATCH_DOCS ((size_t)16)

/* Where one entity stands: by order number, then by key. */
typedef struct Place {
    int64_t order;
    Str key;
} Place;

/* A walk along one index range. Each batch lives in an arena of its own, so that a long walk needs
 * little memory. */
typedef struct Cursor {
    StoreFind find;
    Arena *scratch;
    StoreDoc *docs;
    size_t count;
    size_t at;
    bool is_over; /* no batch after this one */
    Place place;  /* of docs[at] */
} Cursor;

typedef struct Walk {
    const BrokerCall *call;
    const EntityQuery *query;
    Str scope;
    Cursor *cursors;
    size_t count;
} Walk;

/* Collects the page out of the sequence of hits. */
typedef struct Collector {
    const BrokerCall *call;
    const EntityQuery *query;
    EmbeddedHits hits;
    int64_t seen;
} Collector;

static Error collect(Collector *collector, Str key)
{
    int64_t position = collector->seen++;
    int64_t first = collector->query->offset;
    if (position < first || (int64_t)collector->hits.count >= collector->query->limit) {
        return OK;
    }
    TRY(str_copy_in(collector->call->vault.arena, key,
                    &collector->hits.keys[collector->hits.count]));
    collector->hits.count++;
    return OK;
}

static bool is_page_full(const Collector *collector)
{
    return (int64_t)collector->hits.count >= collector->query->limit;
}

static int compare_places(const void *a, const void *b)
{
    const Place *left = a;
    const Place *right = b;
    if (left->order != right->order) {
        return left->order < right->order ? -1 : 1;
    }
    return str_compare(left->key, right->key);
}

static Error place_of(const StoreDoc *doc, Place *ret_place)
{
    TRY(doc_get_int(doc->body, "n", &ret_place->order));
    ret_place->key = doc->key;
    return OK;
}

static Error load_batch(const Walk *walk, Cursor *cursor)
{
    ENSURE(!deadline_has_passed(walk->call->vault.deadline), DEADLINE, NULL);
    CLEANUP(arena_free) Arena *fresh = arena_new(SCRATCH_BYTES);
    ENSURE(fresh != NULL, OUT_OF_MEMORY, NULL);
    cursor->find.after = cursor->count == 0 ? NULL : &cursor->docs[cursor->count - 1];
    StoreDoc *docs = NULL;
    size_t count = 0;
    TRY(store_find(walk->call->vault.snapshot, fresh, &cursor->find, &docs, &count));
    (void)arena_free(cursor->scratch);
    cursor->scratch = TAKE(fresh);
    cursor->docs = docs;
    cursor->count = count;
    cursor->at = 0;
    cursor->is_over = count < cursor->find.limit;
    return OK;
}

/* Makes docs[at] the next document, or leaves at == count when there is none. */
static Error settle(const Walk *walk, Cursor *cursor)
{
    if (cursor->at == cursor->count && !cursor->is_over) {
        TRY(load_batch(walk, cursor));
    }
    return cursor->at < cursor->count ? place_of(&cursor->docs[cursor->at], &cursor->place) : OK;
}

/* The cursor with the earliest document; NULL when all are used up. */
static Cursor *earliest(const Walk *walk)
{
    Cursor *best = NULL;
    for (size_t i = 0; i < walk->count; i++) {
        Cursor *cursor = &walk->cursors[i];
        bool is_better = cursor->at < cursor->count &&
                         (best == NULL || compare_places(&cursor->place, &best->place) < 0);
        best = is_better ? cursor : best;
    }
    return best;
}

/* The ids and types of the one selector. */
static StrList asked_ids(const EntityQuery *query)
{
    return query->selector_count > 0 ? query->selectors[0].ids : (StrList){0};
}

static StrList asked_types(const EntityQuery *query)
{
    return query->selector_count > 0 ? query->selectors[0].types : (StrList){0};
}

static Error is_in_path(const EntityQuery *query, const StoreDoc *doc, bool *ret_is_in)
{
    if (query->service_path.n == 0) {
        *ret_is_in = true;
        return OK;
    }
    Str path;
    TRY(doc_get_text(doc->body, "s", &path));
    *ret_is_in = service_path_covers(query->service_path, path);
    return OK;
}

static Error walk_cursors(const Walk *walk, Collector *collector, bool must_reach_end)
{
    for (size_t i = 0; i < walk->count; i++) {
        TRY(settle(walk, &walk->cursors[i]));
    }
    Cursor *cursor = earliest(walk);
    while (cursor != NULL && (must_reach_end || !is_page_full(collector))) {
        bool is_in = false;
        TRY(is_in_path(walk->query, &cursor->docs[cursor->at], &is_in));
        if (is_in) {
            TRY(collect(collector, cursor->docs[cursor->at].key));
        }
        cursor->at++;
        TRY(settle(walk, cursor));
        cursor = earliest(walk);
    }
    return OK;
}

static const char *const PATH_MEMBERS[] = {"s", NULL};

static StoreFind find_all(Str scope)
{
    return (StoreFind){.collection = STORE_PUBLIC_ENTITIES,
                       .index = "by_order",
                       .equal = {STORE_TEXT(scope)},
                       .equal_count = 1,
                       .limit = BATCH_DOCS,
                       .members = PATH_MEMBERS};
}

static StoreFind find_type(Str scope, Str type)
{
    return (StoreFind){.collection = STORE_PUBLIC_ENTITIES,
                       .index = "by_type",
                       .equal = {STORE_TEXT(scope), STORE_TEXT(type)},
                       .equal_count = 2,
                       .limit = BATCH_DOCS,
                       .members = PATH_MEMBERS};
}

static void close_cursors(Walk *walk)
{
    for (size_t i = 0; i < walk->count; i++) {
        walk->cursors[i].scratch = arena_free(walk->cursors[i].scratch);
    }
}

static Error count_by_index(const Walk *walk, int64_t *ret_total)
{
    int64_t total = 0;
    for (size_t i = 0; i < walk->count; i++) {
        int64_t part = 0;
        TRY(store_count(walk->call->vault.snapshot, &walk->cursors[i].find, &part));
        total += part;
    }
    *ret_total = total;
    return OK;
}

/* Along the tenant's order, or along the order of each type, merged. */
static Error walk_index(Walk *walk, Collector *collector)
{
    size_t types = asked_types(walk->query).count;
    walk->count = types == 0 ? 1 : types;
    walk->cursors = ARENA_MANY(walk->call->vault.arena, Cursor, walk->count);
    ENSURE_ALLOC(walk->cursors, walk->call->vault.arena);
    for (size_t i = 0; i < walk->count; i++) {
        walk->cursors[i].find = types == 0
                                    ? find_all(walk->scope)
                                    : find_type(walk->scope, asked_types(walk->query).items[i]);
    }
    bool is_count_walked = walk->query->is_count_wanted && walk->query->service_path.n > 0;
    if (walk->query->is_count_wanted && !is_count_walked) {
        TRY(count_by_index(walk, &collector->hits.total));
    }
    Error error = walk_cursors(walk, collector, is_count_walked);
    close_cursors(walk);
    collector->hits.total = is_count_walked ? collector->seen : collector->hits.total;
    return error;
}

typedef struct PlaceList {
    Place *items;
    size_t count;
    size_t capacity;
} PlaceList;

static Error add_place(Arena *arena, PlaceList *list, const Place *place)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        Place *grown = ARENA_MANY(arena, Place, capacity);
        ENSURE_ALLOC(grown, arena);
        for (size_t i = 0; i < list->count; i++) {
            grown[i] = list->items[i];
        }
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count].order = place->order;
    TRY(str_copy_in(arena, place->key, &list->items[list->count].key));
    list->count++;
    return OK;
}

static Error is_wanted(const EntityQuery *query, const StoreDoc *doc, bool *ret_is_wanted)
{
    bool is_in = false;
    Str type;
    TRY(is_in_path(query, doc, &is_in));
    TRY(doc_get_text(doc->body, "y", &type));
    *ret_is_wanted =
        is_in && (asked_types(query).count == 0 || str_list_has(asked_types(query), type));
    return OK;
}

/* One id has as many entities as it has types and paths: few. */
static Cursor cursor_of_id(Str scope, Str id)
{
    static const char *const members[] = {"s", "y", NULL};
    return (Cursor){.find = {.collection = STORE_PUBLIC_ENTITIES,
                             .index = "by_id",
                             .equal = {STORE_TEXT(scope), STORE_TEXT(id)},
                             .equal_count = 2,
                             .limit = ID_BATCH_DOCS,
                             .members = members}};
}

static Error collect_id(const Walk *walk, Cursor *cursor, PlaceList *list)
{
    TRY(settle(walk, cursor));
    while (cursor->at < cursor->count) {
        bool is_hit = false;
        TRY(is_wanted(walk->query, &cursor->docs[cursor->at], &is_hit));
        if (is_hit) {
            TRY(add_place(walk->call->vault.arena, list, &cursor->place));
        }
        cursor->at++;
        TRY(settle(walk, cursor));
    }
    return OK;
}

static Error find_id(const Walk *walk, Str id, PlaceList *list)
{
    Cursor cursor = cursor_of_id(walk->scope, id);
    Error error = collect_id(walk, &cursor, list);
    (void)arena_free(cursor.scratch);
    return error;
}

static Error walk_ids(const Walk *walk, Collector *collector)
{
    PlaceList list = {.count = 0};
    for (size_t i = 0; i < asked_ids(walk->query).count; i++) {
        TRY(find_id(walk, asked_ids(walk->query).items[i], &list));
    }
    if (list.count > 1) {
        qsort(list.items, list.count, sizeof *list.items, compare_places);
    }
    for (size_t i = 0; i < list.count; i++) {
        TRY(collect(collector, list.items[i].key));
    }
    collector->hits.total = (int64_t)list.count;
    return OK;
}

Error embedded_walk_page(const BrokerCall *call, const EntityQuery *query, EmbeddedHits *ret_hits)
{
    Walk walk = {.call = call, .query = query};
    Collector collector = {.call = call, .query = query};
    TRY(public_entity_scope_in(call->vault.arena, call->vault.tenant, &walk.scope));
    collector.hits.keys = ARENA_MANY(call->vault.arena, Str, (size_t)query->limit);
    ENSURE_ALLOC(collector.hits.keys, call->vault.arena);
    TRY(asked_ids(query).count > 0 ? walk_ids(&walk, &collector) : walk_index(&walk, &collector));
    *ret_hits = collector.hits;
    return OK;
}
