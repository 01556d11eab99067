#include "embedded_types.h"

#include <stdlib.h>

#include "embedded_walk.h"
#include "map.h"
#include "public_entity.h"

/* Pairs of attribute name and type that one answer may name for one type. */
#define PAIRS_MAX ((size_t)20000)
#define SCRATCH_BYTES ((size_t)32 << 20)

typedef struct Listing {
    EmbeddedAsk ask; /* of no selectors: the service path alone */
    EmbeddedPaths paths;
    TypeInfo *types;
    size_t count;
} Listing;

/* --- counts ----------------------------------------------------------------------------------- */

static Error count_range(const Listing *listing, const EmbeddedRange *range, int64_t *total)
{
    int64_t part = 0;
    StoreFind find = embedded_range_find(&listing->ask, range);
    ENSURE(!deadline_has_passed(listing->ask.call->vault.deadline), DEADLINE, NULL);
    TRY(store_count(listing->ask.call->vault.snapshot, &find, &part));
    *total += part;
    return OK;
}

/* The type at each of the paths. */
static Error ranges_of(const Listing *listing, const TypeInfo *info, EmbeddedRangeList *ret_list)
{
    Arena *arena = listing->ask.call->vault.arena;
    StrList paths = listing->paths.list;
    size_t count = paths.count > 0 ? paths.count : 1;
    EmbeddedRange *ranges = ARENA_MANY(arena, EmbeddedRange, count);
    ENSURE_ALLOC(ranges, arena);
    for (size_t i = 0; i < count; i++) {
        ranges[i] =
            (EmbeddedRange){.type = &info->name, .path = paths.count > 0 ? &paths.items[i] : NULL};
    }
    *ret_list = (EmbeddedRangeList){ranges, count};
    return OK;
}

static Error count_type(const Listing *listing, TypeInfo *info)
{
    EmbeddedRangeList ranges;
    TRY(ranges_of(listing, info, &ranges));
    for (size_t i = 0; i < ranges.count; i++) {
        TRY(count_range(listing, &ranges.items[i], &info->count));
    }
    return OK;
}

static int compare_infos(const void *a, const void *b)
{
    const TypeInfo *left = a;
    const TypeInfo *right = b;
    return str_compare(left->name, right->name);
}

static Error subtract(void *context, Str type)
{
    Listing *listing = context;
    if (listing->count == 0) {
        return OK;
    }
    const TypeInfo wanted = {.name = type};
    TypeInfo *info =
        bsearch(&wanted, listing->types, listing->count, sizeof *listing->types, compare_infos);
    if (info != NULL) {
        info->count--;
    }
    return OK;
}

static Error count_by_index(Listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        TRY(count_type(listing, &listing->types[i]));
    }
    return embedded_walk_expired(&listing->ask, subtract, listing);
}

/* --- attributes ------------------------------------------------------------------------------- */

/* The pairs met in one type's entities. */
typedef struct Pairs {
    Map *seen; /* name NUL type → not NULL */
    Arena *scratch;
} Pairs;

static Error take_pair(void *context, Str name, Str type)
{
    Pairs *pairs = context;
    const Str parts[] = {name, STR("\0"), type};
    Str pair;
    if (str_eq(name, PUBLIC_ENTITY_EXPIRY)) {
        return OK; /* says something of the entity, as its dates do */
    }
    TRY(str_join_in(pairs->scratch, parts, 3, &pair));
    if (map_get(pairs->seen, pair) != NULL) {
        return OK;
    }
    ENSURE(map_count(pairs->seen) < PAIRS_MAX, BUDGET_EXCEEDED, NULL);
    return map_put(pairs->seen, pair, pairs, NULL);
}

/* All pairs, ascending; copies in the arena. */
static Error sorted_pairs_in(Arena *arena, const Map *seen, StrList *ret_pairs)
{
    Str *pairs = ARENA_MANY(arena, Str, map_count(seen));
    ENSURE_ALLOC(pairs, arena);
    size_t cursor = 0;
    size_t count = 0;
    Str pair;
    void *mark = NULL;
    while (map_next(seen, &cursor, &pair, &mark)) {
        TRY(str_copy_in(arena, pair, &pairs[count]));
        count++;
    }
    if (count > 1) {
        qsort(pairs, count, sizeof *pairs, str_compare_void);
    }
    *ret_pairs = (StrList){pairs, count};
    return OK;
}

/* Pairs of one name stand together. */
static Error group_in(Arena *arena, StrList pairs, TypeInfo *info)
{
    TypeAttribute *attributes = ARENA_MANY(arena, TypeAttribute, pairs.count);
    ENSURE_ALLOC(attributes, arena);
    Str *types = ARENA_MANY(arena, Str, pairs.count);
    ENSURE_ALLOC(types, arena);
    size_t count = 0;
    for (size_t i = 0; i < pairs.count; i++) {
        size_t n = str_find(pairs.items[i], '\0');
        Str name = str_slice(pairs.items[i], 0, n);
        types[i] = str_slice(pairs.items[i], n + 1, pairs.items[i].n);
        if (count == 0 || !str_eq(attributes[count - 1].name, name)) {
            attributes[count++] = (TypeAttribute){.name = name, .types = {&types[i], 0}};
        }
        attributes[count - 1].types.count++;
    }
    info->attributes = attributes;
    info->attribute_count = count;
    return OK;
}

/* Counts what is met; pairs NULL: looks no further. */
static Error walk_type(const Listing *listing, TypeInfo *info, Pairs *pairs)
{
    EmbeddedRanges ranges = {.is_exact = false};
    TRY(ranges_of(listing, info, &ranges.listed));
    CLEANUP(embedded_walk_close) EmbeddedWalk *walk = NULL;
    TRY(embedded_walk_open(&listing->ask, &ranges, pairs != NULL, INT64_MAX, &walk));
    const StoreDoc *doc = NULL;
    TRY(embedded_walk_next(walk, &doc));
    while (doc != NULL) {
        if (pairs != NULL) {
            arena_reset(pairs->scratch);
            TRY(public_entity_names(pairs->scratch, doc->body, take_pair, pairs));
        }
        info->count++;
        TRY(embedded_walk_next(walk, &doc));
    }
    return OK;
}

static Error describe_type(const Listing *listing, TypeInfo *info)
{
    Arena *arena = listing->ask.call->vault.arena;
    CLEANUP(map_free) Map *seen = NULL;
    TRY(map_new(ports_system()->entropy, &seen));
    CLEANUP(arena_free) Arena *scratch = arena_new(SCRATCH_BYTES);
    ENSURE(scratch != NULL, OUT_OF_MEMORY, NULL);
    Pairs pairs = {.seen = seen, .scratch = scratch};
    StrList sorted = {.count = 0};
    TRY(walk_type(listing, info, &pairs));
    TRY(sorted_pairs_in(arena, seen, &sorted));
    return group_in(arena, sorted, info);
}

/* --- the list --------------------------------------------------------------------------------- */

static Error begin(const TypesQuery *query, Listing *listing)
{
    Arena *arena = listing->ask.call->vault.arena;
    StrList names = {.items = &query->type, .count = 1};
    TRY(embedded_paths_there(&listing->ask, &listing->paths));
    if (query->type.n == 0) {
        TRY(embedded_types_there(&listing->ask, listing->paths.list, &names));
    }
    listing->types = ARENA_MANY(arena, TypeInfo, names.count);
    ENSURE_ALLOC(listing->types, arena);
    for (size_t i = 0; i < names.count; i++) {
        listing->types[i] = (TypeInfo){.name = names.items[i]};
    }
    listing->count = names.count;
    return OK;
}

static Error describe(Listing *listing, bool wants_attributes)
{
    if (!wants_attributes && listing->paths.is_exact) {
        return count_by_index(listing);
    }
    for (size_t i = 0; i < listing->count; i++) {
        TypeInfo *info = &listing->types[i];
        TRY(wants_attributes ? describe_type(listing, info) : walk_type(listing, info, NULL));
    }
    return OK;
}

Error embedded_types(const BrokerCall *call, const TypesQuery *query, TypeList *ret_types)
{
    const EntityQuery asked = {.service_path = query->service_path};
    Listing listing = {.count = 0};
    TRY(embedded_ask_in(call, &asked, NULL, &listing.ask));
    TRY(begin(query, &listing));
    TRY(describe(&listing, query->wants_attributes));
    size_t kept = 0;
    for (size_t i = 0; i < listing.count; i++) {
        if (listing.types[i].count > 0) {
            listing.types[kept++] = listing.types[i];
        }
    }
    *ret_types = (TypeList){listing.types, kept};
    return OK;
}
