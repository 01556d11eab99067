#include "embedded_walk.h"

#include <stdlib.h>
#include <string.h>

#include "public_entity.h"

/* Documents of one piece of a walk. All pieces together hold about as many as PIECES_DOCS. */
#define PIECE_DOCS_MIN ((size_t)8)
#define PIECE_DOCS_MAX ((size_t)256)
#define PIECES_DOCS ((size_t)2048)
#define PIECE_BYTES ((size_t)16 << 20)
#define ID_PIECE_DOCS ((size_t)16)

/* Where one entity stands: by order number, then by key. */
typedef struct Place {
    int64_t order;
    Str key;
} Place;

typedef struct PlaceList {
    Place *items;
    size_t count;
    size_t capacity;
} PlaceList;

/* A walk along one index range, or along places that are known already. */
typedef struct Cursor {
    StoreFind find;
    const PlaceList *places; /* instead of find */
    size_t places_done;      /* of those, in this piece and before */
    size_t piece_docs_max;
    Arena *scratch; /* of this piece */
    StoreDoc *docs;
    size_t count;
    size_t at;
    bool is_over; /* no piece after this one */
    Place place;  /* of docs[at] */
} Cursor;

struct EmbeddedWalk {
    const EmbeddedAsk *ask;
    bool needs_bodies;
    PlaceList places; /* of the ids looked up */
    Cursor *cursors;
    size_t cursor_count;
    Cursor **heap; /* those that have a document, the earliest on top */
    size_t heap_count;
    bool has_given; /* the top's document was given */
    char last_key[STORE_KEY_BYTES_MAX];
    size_t last_key_n;
};

static int compare_places(const void *a, const void *b)
{
    const Place *left = a;
    const Place *right = b;
    if (left->order != right->order) {
        return left->order < right->order ? -1 : 1;
    }
    return str_compare(left->key, right->key);
}

/* --- pieces ----------------------------------------------------------------------------------- */

static Error find_docs(const EmbeddedWalk *walk, Cursor *cursor, Arena *arena)
{
    cursor->find.after = cursor->count == 0 ? NULL : &cursor->docs[cursor->count - 1];
    size_t count = 0;
    StoreDoc *docs = NULL;
    TRY(store_find(walk->ask->call->vault.snapshot, arena, &cursor->find, &docs, &count));
    cursor->docs = docs;
    cursor->count = count;
    cursor->is_over = count < cursor->find.limit;
    return OK;
}

static Error get_docs(const EmbeddedWalk *walk, Arena *arena, const Str *keys, StoreDoc *docs,
                      size_t count)
{
    TRY(store_get_many(walk->ask->call->vault.snapshot, arena, STORE_PUBLIC_ENTITIES, keys, count,
                       docs));
    for (size_t i = 0; i < count; i++) {
        ENSURE(docs[i].version > 0, STORE_CORRUPT, "public entity");
    }
    return OK;
}

static Error place_docs(const EmbeddedWalk *walk, Cursor *cursor, Arena *arena)
{
    size_t left = cursor->places->count - cursor->places_done;
    size_t count = left < cursor->find.limit ? left : cursor->find.limit;
    const Place *places = cursor->places->items + cursor->places_done;
    StoreDoc *docs = ARENA_MANY(arena, StoreDoc, count);
    ENSURE_ALLOC(docs, arena);
    Str *keys = ARENA_MANY(arena, Str, count);
    ENSURE_ALLOC(keys, arena);
    for (size_t i = 0; i < count; i++) {
        keys[i] = places[i].key;
        docs[i].key = places[i].key;
    }
    if (walk->needs_bodies && count > 0) {
        TRY(get_docs(walk, arena, keys, docs, count));
    }
    cursor->docs = docs;
    cursor->count = count;
    cursor->places_done += count;
    cursor->is_over = count == left;
    return OK;
}

/* The piece before this one is kept until its last document has told where to go on. */
static Error load_once(const EmbeddedWalk *walk, Cursor *cursor)
{
    ENSURE(!deadline_has_passed(walk->ask->call->vault.deadline), DEADLINE, NULL);
    CLEANUP(arena_free) Arena *fresh = arena_new(PIECE_BYTES);
    ENSURE(fresh != NULL, OUT_OF_MEMORY, NULL);
    TRY(cursor->places != NULL ? place_docs(walk, cursor, fresh) : find_docs(walk, cursor, fresh));
    (void)arena_free(cursor->scratch);
    cursor->scratch = TAKE(fresh);
    cursor->at = 0;
    return OK;
}

/* Large documents come in smaller pieces; one alone always fits. */
static Error load(const EmbeddedWalk *walk, Cursor *cursor)
{
    Error error = load_once(walk, cursor);
    while (error.reason == REASON_BUDGET_EXCEEDED && cursor->find.limit > 1) {
        cursor->find.limit = (cursor->find.limit + 3) / 4;
        cursor->piece_docs_max = cursor->find.limit;
        error = load_once(walk, cursor);
    }
    TRY(error);
    size_t next = cursor->find.limit * 2;
    if (!cursor->is_over) {
        cursor->find.limit = next < cursor->piece_docs_max ? next : cursor->piece_docs_max;
    }
    return OK;
}

/* Makes docs[at] the next document, or leaves at == count when there is none. */
static Error settle(const EmbeddedWalk *walk, Cursor *cursor)
{
    if (cursor->at == cursor->count && !cursor->is_over) {
        TRY(load(walk, cursor));
    }
    if (cursor->at == cursor->count) {
        return OK;
    }
    const StoreDoc *doc = &cursor->docs[cursor->at];
    if (cursor->places != NULL) {
        cursor->place = cursor->places->items[cursor->places_done - cursor->count + cursor->at];
        return OK;
    }
    cursor->place.key = doc->key;
    return doc_get_int(doc->body, "n", &cursor->place.order);
}

/* --- ids -------------------------------------------------------------------------------------- */

static Error add_place(Arena *arena, PlaceList *list, const Place *place)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        Place *grown = ARENA_MANY(arena, Place, capacity);
        ENSURE_ALLOC(grown, arena);
        if (list->count > 0) {
            memcpy(grown, list->items, list->count * sizeof *grown);
        }
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count].order = place->order;
    TRY(str_copy_in(arena, place->key, &list->items[list->count].key));
    list->count++;
    return OK;
}

static Error look_up(EmbeddedWalk *walk, Cursor *cursor)
{
    TRY(settle(walk, cursor));
    while (cursor->at < cursor->count) {
        bool is_meant = false;
        TRY(embedded_is_meant(walk->ask, cursor->docs[cursor->at].body, &is_meant));
        if (is_meant) {
            TRY(add_place(walk->ask->call->vault.arena, &walk->places, &cursor->place));
        }
        cursor->at++;
        TRY(settle(walk, cursor));
    }
    return OK;
}

/* One id has as many entities as it has types and paths: few. */
static Error look_up_id(EmbeddedWalk *walk, Str id)
{
    Cursor cursor = {.find = {.collection = STORE_PUBLIC_ENTITIES,
                              .index = "by_id",
                              .equal = {STORE_TEXT(walk->ask->scope), STORE_TEXT(id)},
                              .equal_count = 2,
                              .limit = ID_PIECE_DOCS,
                              .members = EMBEDDED_MEMBERS},
                     .piece_docs_max = PIECE_DOCS_MAX};
    Error error = look_up(walk, &cursor);
    (void)arena_free(cursor.scratch);
    return error;
}

static Error look_up_ids(EmbeddedWalk *walk, StrList ids)
{
    for (size_t i = 0; i < ids.count; i++) {
        TRY(look_up_id(walk, ids.items[i]));
    }
    if (walk->places.count > 1) {
        qsort(walk->places.items, walk->places.count, sizeof *walk->places.items, compare_places);
    }
    return OK;
}

/* --- merging ---------------------------------------------------------------------------------- */

/* Lets the cursor at `at` sink to where it belongs. */
static void sink(EmbeddedWalk *walk, size_t at)
{
    for (;;) {
        size_t first = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < walk->heap_count; child++) {
            bool is_less = compare_places(&walk->heap[child]->place, &walk->heap[first]->place) < 0;
            first = is_less ? child : first;
        }
        if (first == at) {
            return;
        }
        Cursor *sunk = walk->heap[at];
        walk->heap[at] = walk->heap[first];
        walk->heap[first] = sunk;
        at = first;
    }
}

static Error build_heap(EmbeddedWalk *walk)
{
    for (size_t i = 0; i < walk->cursor_count; i++) {
        TRY(settle(walk, &walk->cursors[i]));
        if (walk->cursors[i].at < walk->cursors[i].count) {
            walk->heap[walk->heap_count++] = &walk->cursors[i];
        }
    }
    for (size_t i = walk->heap_count / 2; i > 0; i--) {
        sink(walk, i - 1);
    }
    return OK;
}

/* The top goes on to its next document, or leaves the heap. */
static Error advance(EmbeddedWalk *walk)
{
    Cursor *top = walk->heap[0];
    top->at++;
    TRY(settle(walk, top));
    if (top->at == top->count) {
        walk->heap[0] = walk->heap[--walk->heap_count];
    }
    sink(walk, 0);
    return OK;
}

/* What an id and a range both lead to comes twice in a row. */
static bool is_repeated(EmbeddedWalk *walk, Str key)
{
    if (str_eq(str_bytes(walk->last_key, walk->last_key_n), key)) {
        return true;
    }
    memcpy(walk->last_key, key.p, key.n);
    walk->last_key_n = key.n;
    return false;
}

Error embedded_walk_next(EmbeddedWalk *walk, const StoreDoc **ret_doc)
{
    if (walk->has_given) {
        walk->has_given = false;
        TRY(advance(walk));
    }
    while (walk->heap_count > 0) {
        const Cursor *top = walk->heap[0];
        const StoreDoc *doc = &top->docs[top->at];
        bool is_meant = top->places != NULL; /* was judged when it was looked up */
        if (!is_meant) {
            TRY(embedded_is_meant(walk->ask, doc->body, &is_meant));
        }
        if (is_meant && !is_repeated(walk, doc->key)) {
            walk->has_given = true;
            *ret_doc = doc;
            return OK;
        }
        TRY(advance(walk));
    }
    *ret_doc = NULL;
    return OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

static size_t clamp(size_t n, size_t min, size_t max)
{
    if (n < min) {
        return min;
    }
    return n > max ? max : n;
}

static void begin(const EmbeddedWalk *walk, Cursor *cursor, int64_t hint)
{
    size_t share = PIECES_DOCS / walk->cursor_count;
    cursor->piece_docs_max = clamp(share, PIECE_DOCS_MIN, PIECE_DOCS_MAX);
    size_t wanted = hint < (int64_t)PIECE_DOCS_MAX ? (size_t)hint : PIECE_DOCS_MAX;
    cursor->find.limit = clamp(wanted, PIECE_DOCS_MIN, cursor->piece_docs_max);
}

static Error make_cursors(EmbeddedWalk *walk, const EmbeddedRanges *ranges, int64_t hint)
{
    Arena *arena = walk->ask->call->vault.arena;
    bool has_places = walk->places.count > 0;
    walk->cursor_count = ranges->listed.count + (has_places ? 1 : 0);
    walk->cursors = ARENA_MANY(arena, Cursor, walk->cursor_count);
    ENSURE_ALLOC(walk->cursors, arena);
    walk->heap = ARENA_MANY(arena, Cursor *, walk->cursor_count);
    ENSURE_ALLOC(walk->heap, arena);
    for (size_t i = 0; i < ranges->listed.count; i++) {
        walk->cursors[i].find = embedded_range_find(walk->ask, &ranges->listed.items[i]);
        walk->cursors[i].find.members = walk->needs_bodies ? NULL : EMBEDDED_MEMBERS;
        begin(walk, &walk->cursors[i], hint);
    }
    if (has_places) {
        walk->cursors[ranges->listed.count].places = &walk->places;
        begin(walk, &walk->cursors[ranges->listed.count], hint);
    }
    return OK;
}

Error embedded_walk_open(const EmbeddedAsk *ask, const EmbeddedRanges *ranges, bool needs_bodies,
                         int64_t hint, EmbeddedWalk **ret_walk)
{
    Arena *arena = ask->call->vault.arena;
    ENSURE(!deadline_has_passed(ask->call->vault.deadline), DEADLINE, NULL);
    EmbeddedWalk *memory = ARENA_ONE(arena, EmbeddedWalk);
    ENSURE_ALLOC(memory, arena);
    CLEANUP(embedded_walk_close) EmbeddedWalk *walk = memory;
    walk->ask = ask;
    walk->needs_bodies = needs_bodies;
    TRY(look_up_ids(walk, ranges->ids));
    TRY(make_cursors(walk, ranges, hint));
    TRY(build_heap(walk));
    *ret_walk = TAKE(walk);
    return OK;
}

EmbeddedWalk *embedded_walk_close(EmbeddedWalk *walk)
{
    for (size_t i = 0; walk != NULL && walk->cursors != NULL && i < walk->cursor_count; i++) {
        walk->cursors[i].scratch = arena_free(walk->cursors[i].scratch);
    }
    return NULL;
}

/* --- counting --------------------------------------------------------------------------------- */

static Error take_expired(const EmbeddedAsk *before, const StoreDoc *doc,
                          Error (*take)(void *context, Str type), void *context)
{
    Str scope;
    Str type;
    bool is_meant = false;
    TRY(doc_get_text(doc->body, "p", &scope));
    if (!str_eq(scope, before->scope)) {
        return OK;
    }
    TRY(doc_get_text(doc->body, "y", &type));
    TRY(embedded_is_meant(before, doc->body, &is_meant));
    return is_meant ? take(context, type) : OK;
}

static Error walk_expired(const EmbeddedAsk *before, EmbeddedWalk *walk, Cursor *cursor,
                          Error (*take)(void *context, Str type), void *context)
{
    TRY(cursor->count == 0 ? load(walk, cursor) : OK);
    while (cursor->at < cursor->count) {
        TRY(take_expired(before, &cursor->docs[cursor->at], take, context));
        cursor->at++;
        if (cursor->at == cursor->count && !cursor->is_over) {
            TRY(load(walk, cursor));
        }
    }
    return OK;
}

Error embedded_walk_expired(const EmbeddedAsk *ask, Error (*take)(void *context, Str type),
                            void *context)
{
    static const char *const members[] = {"p", "i", "y", "s", NULL};
    BrokerCall call = *ask->call;
    EmbeddedAsk before = *ask;
    before.call = &call;
    call.vault.now_us = INT64_MIN; /* nothing had expired then */
    StoreValue to = STORE_INT(ask->call->vault.now_us);
    EmbeddedWalk walk = {.ask = ask};
    Cursor cursor = {.find = {.collection = STORE_PUBLIC_ENTITIES,
                              .index = "by_expiry",
                              .to = &to,
                              .limit = PIECE_DOCS_MAX,
                              .members = members},
                     .piece_docs_max = PIECE_DOCS_MAX};
    Error error = walk_expired(&before, &walk, &cursor, take, context);
    (void)arena_free(cursor.scratch);
    return error;
}

static Error subtract(void *context, Str type)
{
    (void)type;
    int64_t *total = context;
    (*total)--;
    return OK;
}

Error embedded_walk_count(const EmbeddedAsk *ask, const EmbeddedRanges *ranges, int64_t *ret_total)
{
    int64_t total = 0;
    for (size_t i = 0; i < ranges->counted.count; i++) {
        int64_t part = 0;
        StoreFind find = embedded_range_find(ask, &ranges->counted.items[i]);
        ENSURE(!deadline_has_passed(ask->call->vault.deadline), DEADLINE, NULL);
        TRY(store_count(ask->call->vault.snapshot, &find, &part));
        total += part;
    }
    if (total > 0) {
        TRY(embedded_walk_expired(ask, subtract, &total));
    }
    *ret_total = total;
    return OK;
}
