#include "embedded_read.h"

#include <stdlib.h>
#include <string.h>

#include "embedded_walk.h"
#include "public_entity.h"

#define KEY_BYTES ((size_t)22) /* of every public entity's key */
#define SCRATCH_BYTES ((size_t)32 << 20)
#define ONE_DOCS ((size_t)4)

/* --- keys of what may still be on the page ---------------------------------------------------- */

/* With an order, what comes later may push out what was kept: numbers only grow. */
typedef struct Kept {
    char *bytes;
    size_t count;
    size_t capacity;
} Kept;

static Error keep(Kept *kept, Str key)
{
    ENSURE(key.n == KEY_BYTES, STORE_CORRUPT, "public entity");
    if (kept->count == kept->capacity) {
        size_t capacity = kept->capacity == 0 ? 256 : kept->capacity * 2;
        char *grown = realloc(kept->bytes, capacity * KEY_BYTES);
        ENSURE(grown != NULL, OUT_OF_MEMORY, NULL);
        kept->bytes = grown;
        kept->capacity = capacity;
    }
    memcpy(kept->bytes + kept->count * KEY_BYTES, key.p, KEY_BYTES);
    kept->count++;
    return OK;
}

static Str kept_key(const Kept *kept, uint64_t number)
{
    return str_bytes(kept->bytes + (size_t)number * KEY_BYTES, KEY_BYTES);
}

/* --- one page --------------------------------------------------------------------------------- */

typedef struct Reading {
    EmbeddedAsk ask;
    EntityQuery query; /* the count is not wanted any more when the index has told it */
    EntityMatcher *matcher;
    EntityPageBuilder *builder;
    Arena *scratch; /* of one document */
    Kept kept;
    DocBody *bodies; /* of what is kept; NULL: the page's are fetched at the end */
    bool is_judged;  /* what an entity holds decides */
    int64_t total;
} Reading;

static bool is_read(const void *context, Str name)
{
    return entity_matcher_reads(context, name);
}

static bool is_shown(const void *context, Str name)
{
    const EntityQuery *query = context;
    return query->attributes.count == 0 || str_list_has(query->attributes, name);
}

static Error keep_doc(Reading *reading, const StoreDoc *doc)
{
    if (reading->bodies != NULL) {
        DocBody *body = &reading->bodies[reading->kept.count];
        TRY(str_copy_in(reading->ask.call->vault.arena, doc->body.bytes, &body->bytes));
    }
    return keep(&reading->kept, doc->key);
}

static Error judge(Reading *reading, const StoreDoc *doc)
{
    Entity entity;
    bool is_hit = true;
    bool is_kept = false;
    uint64_t number = reading->kept.count;
    const Entity *seen = reading->is_judged ? &entity : NULL;
    if (reading->is_judged) {
        arena_reset(reading->scratch);
        TRY(public_entity_read_some(reading->scratch, doc->body, is_read, reading->matcher,
                                    &entity));
        TRY(entity_matcher_test(reading->matcher, reading->scratch, &entity, &is_hit));
    }
    if (is_hit) {
        TRY(entity_page_builder_add(reading->builder, reading->scratch, number, seen, &is_kept));
    }
    return is_kept ? keep_doc(reading, doc) : OK;
}

static Error judge_all(Reading *reading, EmbeddedWalk *walk)
{
    while (!entity_page_builder_is_full(reading->builder)) {
        const StoreDoc *doc = NULL;
        TRY(embedded_walk_next(walk, &doc));
        if (doc == NULL) {
            return OK;
        }
        TRY(judge(reading, doc));
    }
    return OK;
}

/* How many documents the walk will take at least. */
static int64_t hint_of(const Reading *reading)
{
    const EntityQuery *query = &reading->query;
    return reading->is_judged || query->is_count_wanted ? INT64_MAX : query->offset + query->limit;
}

/* Whether the walk should bring whole documents: when they are judged, or when most of what it
 * meets will be shown. Without an order what is kept stays, and need not be fetched again. */
static Error choose_bodies(Reading *reading, const EmbeddedRanges *ranges, bool *ret_is_whole)
{
    const EntityQuery *query = &reading->query;
    bool is_shown_soon = ranges->ids.count == 0 && ranges->listed.count == 1 &&
                         query->offset <= query->limit && !query->is_count_wanted;
    *ret_is_whole = reading->is_judged || is_shown_soon;
    if (*ret_is_whole && query->order_count == 0) {
        Arena *arena = reading->ask.call->vault.arena;
        reading->bodies = ARENA_MANY(arena, DocBody, (size_t)query->limit);
        ENSURE_ALLOC(reading->bodies, arena);
    }
    return OK;
}

/* By index, when nothing must be looked at for it. */
static Error count(Reading *reading, const EmbeddedRanges *ranges, bool *ret_is_past_end)
{
    EntityQuery *query = &reading->query;
    bool is_by_index =
        query->is_count_wanted && ranges->is_exact && query->filter == NULL && query->place == NULL;
    if (!is_by_index) {
        *ret_is_past_end = false;
        return OK;
    }
    TRY(embedded_walk_count(&reading->ask, ranges, &reading->total));
    query->is_count_wanted = false;
    *ret_is_past_end = query->offset >= reading->total;
    return OK;
}

static Error find_hits(Reading *reading)
{
    EmbeddedRanges ranges;
    bool is_past_end = false;
    TRY(embedded_ranges_in(&reading->ask, &ranges));
    TRY(count(reading, &ranges, &is_past_end));
    TRY(entity_page_builder_in(reading->ask.call->vault.arena, reading->matcher,
                               &reading->builder));
    if (is_past_end || entity_page_builder_is_full(reading->builder)) {
        return OK;
    }
    bool is_whole = false;
    TRY(choose_bodies(reading, &ranges, &is_whole));
    CLEANUP(embedded_walk_close) EmbeddedWalk *walk = NULL;
    TRY(embedded_walk_open(&reading->ask, &ranges, is_whole, hint_of(reading), &walk));
    TRY(judge_all(reading, walk));
    if (reading->query.is_count_wanted) {
        reading->total = entity_page_builder_seen(reading->builder);
    }
    return OK;
}

static Error fetch_bodies(const Reading *reading, const EntityHit *hits, size_t hit_count,
                          DocBody *bodies)
{
    Arena *arena = reading->ask.call->vault.arena;
    StoreDoc *docs = ARENA_MANY(arena, StoreDoc, hit_count);
    ENSURE_ALLOC(docs, arena);
    Str *keys = ARENA_MANY(arena, Str, hit_count);
    ENSURE_ALLOC(keys, arena);
    for (size_t i = 0; i < hit_count; i++) {
        keys[i] = kept_key(&reading->kept, hits[i].number);
    }
    TRY(store_get_many(reading->ask.call->vault.snapshot, arena, STORE_PUBLIC_ENTITIES, keys,
                       hit_count, docs));
    for (size_t i = 0; i < hit_count; i++) {
        ENSURE(docs[i].version > 0, STORE_CORRUPT, "public entity");
        bodies[i] = docs[i].body;
    }
    return OK;
}

static Error bodies_of(const Reading *reading, const EntityHit *hits, size_t hit_count,
                       DocBody **ret_bodies)
{
    Arena *arena = reading->ask.call->vault.arena;
    DocBody *bodies = ARENA_MANY(arena, DocBody, hit_count);
    ENSURE_ALLOC(bodies, arena);
    if (reading->bodies == NULL && hit_count > 0) {
        TRY(fetch_bodies(reading, hits, hit_count, bodies));
    }
    for (size_t i = 0; reading->bodies != NULL && i < hit_count; i++) {
        bodies[i] = reading->bodies[hits[i].number];
    }
    *ret_bodies = bodies;
    return OK;
}

static Error show(const Reading *reading, EntityPage *ret_page)
{
    Arena *arena = reading->ask.call->vault.arena;
    EntityHit *hits = NULL;
    DocBody *bodies = NULL;
    EntityPage page = {.total = reading->total};
    TRY(entity_page_builder_finish(reading->builder, &hits, &page.count));
    TRY(bodies_of(reading, hits, page.count, &bodies));
    page.entities = ARENA_MANY(arena, Entity, page.count);
    ENSURE_ALLOC(page.entities, arena);
    const EntitySortKey **keys = ARENA_MANY(arena, const EntitySortKey *, page.count);
    ENSURE_ALLOC(keys, arena);
    for (size_t i = 0; i < page.count; i++) {
        TRY(public_entity_read_some(arena, bodies[i], is_shown, &reading->query,
                                    &page.entities[i]));
        keys[i] = hits[i].key;
    }
    page.keys = reading->query.order_count > 0 ? keys : NULL;
    *ret_page = page;
    return OK;
}

static Error read_page(Reading *reading, EntityPage *ret_page)
{
    TRY(find_hits(reading));
    return show(reading, ret_page);
}

Error embedded_read_page(const BrokerCall *call, const EntityQuery *query, EntityPage *ret_page)
{
    Reading reading = {.query = *query};
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = NULL;
    TRY(entity_matcher_new(&reading.query, &matcher));
    CLEANUP(arena_free) Arena *scratch = arena_new(SCRATCH_BYTES);
    ENSURE(scratch != NULL, OUT_OF_MEMORY, NULL);
    TRY(embedded_ask_in(call, &reading.query, matcher, &reading.ask));
    reading.matcher = matcher;
    reading.scratch = scratch;
    reading.is_judged = entity_matcher_reads_any(matcher) || query->order_count > 0;
    Error error = read_page(&reading, ret_page);
    free(reading.kept.bytes);
    return error;
}

/* --- one entity ------------------------------------------------------------------------------- */

/* An id of one type at one path has one key. */
static bool has_one_key(Str type, Str path)
{
    return type.n > 0 && path.n > 0 && str_find(path, ',') == path.n &&
           !str_ends_with(path, STR("/#"));
}

static Error one_by_key(const EmbeddedAsk *ask, Str id, Str type, StoreDoc *ret_doc)
{
    const VaultCall *vault = &ask->call->vault;
    Str key;
    StoreDoc doc;
    bool is_expired = false;
    TRY(public_entity_key_in(vault->arena, vault->tenant, ask->query->service_path, id, type,
                             &key));
    TRY(store_get(vault->snapshot, vault->arena, STORE_PUBLIC_ENTITIES, key, &doc));
    ENSURE(doc.version > 0, ENTITY_NOT_FOUND, NULL);
    TRY(public_entity_is_expired(doc.body, vault->now_us, &is_expired));
    ENSURE(!is_expired, ENTITY_NOT_FOUND, NULL);
    *ret_doc = doc;
    return OK;
}

/* Keeps the first that is meant; a second one makes the id ambiguous. */
static Error keep_one(const EmbeddedAsk *ask, Str type, const StoreDoc *doc, StoreDoc *found)
{
    Str own_type;
    bool is_meant = false;
    TRY(embedded_is_meant(ask, doc->body, &is_meant));
    TRY(doc_get_text(doc->body, "y", &own_type));
    if (!is_meant || (type.n > 0 && !str_eq(type, own_type))) {
        return OK;
    }
    ENSURE(found->version == 0, ENTITY_AMBIGUOUS, NULL);
    *found = *doc;
    return OK;
}

static Error one_by_id(const EmbeddedAsk *ask, Str id, Str type, StoreDoc *ret_doc)
{
    const VaultCall *vault = &ask->call->vault;
    StoreFind find = {.collection = STORE_PUBLIC_ENTITIES,
                      .index = "by_id",
                      .equal = {STORE_TEXT(ask->scope), STORE_TEXT(id)},
                      .equal_count = 2,
                      .limit = ONE_DOCS};
    StoreDoc found = {.version = 0};
    size_t count = 0;
    do {
        StoreDoc *docs = NULL;
        TRY(store_find(vault->snapshot, vault->arena, &find, &docs, &count));
        for (size_t i = 0; i < count; i++) {
            TRY(keep_one(ask, type, &docs[i], &found));
        }
        find.after = count > 0 ? &docs[count - 1] : NULL;
    } while (count == find.limit);
    ENSURE(found.version > 0, ENTITY_NOT_FOUND, NULL);
    *ret_doc = found;
    return OK;
}

Error embedded_read_one(const BrokerCall *call, Str id, Str type, const EntityQuery *query,
                        Entity *ret_entity)
{
    EmbeddedAsk ask;
    StoreDoc doc;
    TRY(embedded_ask_in(call, query, NULL, &ask));
    TRY(has_one_key(type, query->service_path) ? one_by_key(&ask, id, type, &doc)
                                               : one_by_id(&ask, id, type, &doc));
    return public_entity_read_some(call->vault.arena, doc.body, is_shown, query, ret_entity);
}
