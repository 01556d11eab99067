#include "embedded_ranges.h"

#include <stdlib.h>
#include <string.h>

#include "public_entity.h"

/* Each range that is walked holds some documents in memory; beyond this, wider ranges are walked
 * and what is not meant is passed over. */
#define PATHS_MAX ((size_t)32)
#define NARROW_RANGES_MAX ((size_t)64)

const char *const EMBEDDED_MEMBERS[] = {"i", "y", "s", "x", NULL};

/* --- texts, each once and ascending ----------------------------------------------------------- */

typedef struct Texts {
    Arena *arena;
    Str *items;
    size_t count;
    size_t capacity;
} Texts;

static Error add_text(Texts *texts, Str text)
{
    if (texts->count == texts->capacity) {
        size_t capacity = texts->capacity == 0 ? 16 : texts->capacity * 2;
        Str *grown = ARENA_MANY(texts->arena, Str, capacity);
        ENSURE_ALLOC(grown, texts->arena);
        if (texts->count > 0) {
            memcpy(grown, texts->items, texts->count * sizeof *grown);
        }
        texts->items = grown;
        texts->capacity = capacity;
    }
    texts->items[texts->count++] = text;
    return OK;
}

static StrList each_once(Texts *texts)
{
    if (texts->count > 1) {
        qsort(texts->items, texts->count, sizeof *texts->items, str_compare_void);
    }
    size_t kept = 0;
    for (size_t i = 0; i < texts->count; i++) {
        if (kept == 0 || !str_eq(texts->items[kept - 1], texts->items[i])) {
            texts->items[kept++] = texts->items[i];
        }
    }
    return (StrList){texts->items, kept};
}

/* --- what exists ------------------------------------------------------------------------------ */

/* The least text that is greater; names hold no control characters, so nothing lies between. */
static Error text_after(Arena *arena, Str text, StoreValue *ret_value)
{
    const Str parts[] = {text, STR("\x01")};
    Str after;
    TRY(str_join_in(arena, parts, 2, &after));
    *ret_value = STORE_TEXT(after);
    return OK;
}

/* The first text of the index's next member from find->from on. */
static Error first_text(const EmbeddedAsk *ask, const StoreFind *find, const char *member,
                        Str *ret_text, bool *ret_is_there)
{
    Arena *arena = ask->call->vault.arena;
    StoreDoc *docs = NULL;
    size_t count = 0;
    ENSURE(!deadline_has_passed(ask->call->vault.deadline), DEADLINE, NULL);
    TRY(store_find(ask->call->vault.snapshot, arena, find, &docs, &count));
    *ret_is_there = count > 0;
    return count > 0 ? doc_get_text(docs[0].body, member, ret_text) : OK;
}

/* Jumps from one text of the member to the next, one short walk for each. */
static Error texts_there(const EmbeddedAsk *ask, StoreFind find, const char *member, size_t max,
                         Texts *texts, bool *ret_is_whole)
{
    static const char *const no_members[] = {NULL};
    StoreValue from;
    find.collection = STORE_PUBLIC_ENTITIES;
    find.limit = 1;
    find.members = no_members;
    for (;;) {
        Str text;
        bool is_there = false;
        TRY(first_text(ask, &find, member, &text, &is_there));
        if (!is_there || (max > 0 && texts->count >= max)) {
            *ret_is_whole = !is_there;
            return OK;
        }
        TRY(add_text(texts, text));
        TRY(text_after(texts->arena, text, &from));
        find.from = &from;
    }
}

/* Of one path or, with NULL, of all; at most max (0: no bound). */
static Error add_types_of(const EmbeddedAsk *ask, const Str *path, size_t max, Texts *texts,
                          bool *ret_is_whole)
{
    StoreFind find = {.index = "by_type", .equal = {STORE_TEXT(ask->scope)}, .equal_count = 1};
    if (path != NULL) {
        find.index = "by_path";
        find.equal[1] = STORE_TEXT(*path);
        find.equal_count = 2;
    }
    return texts_there(ask, find, "y", max, texts, ret_is_whole);
}

Error embedded_types_there(const EmbeddedAsk *ask, StrList paths, StrList *ret_types)
{
    Texts texts = {.arena = ask->call->vault.arena};
    bool is_whole = false;
    if (paths.count == 0) {
        TRY(add_types_of(ask, NULL, 0, &texts, &is_whole));
    }
    for (size_t i = 0; i < paths.count; i++) {
        TRY(add_types_of(ask, &paths.items[i], 0, &texts, &is_whole));
    }
    *ret_types = each_once(&texts);
    return OK;
}

/* "/a/#": "/a" and what lies between "/a/" and the last path below it. */
static Error paths_below(const EmbeddedAsk *ask, Str top, Texts *texts, bool *ret_is_whole)
{
    const Str first[] = {top, STR("/")};
    const Str last[] = {top, STR("/~")};
    Str text;
    TRY(add_text(texts, top));
    TRY(str_join_in(texts->arena, first, 2, &text));
    StoreValue from = STORE_TEXT(text);
    TRY(str_join_in(texts->arena, last, 2, &text));
    StoreValue to = STORE_TEXT(text);
    StoreFind find = {.index = "by_path",
                      .equal = {STORE_TEXT(ask->scope)},
                      .equal_count = 1,
                      .from = &from,
                      .to = &to};
    return texts_there(ask, find, "s", PATHS_MAX, texts, ret_is_whole);
}

/* "" and "/#" ask for every path. */
static bool is_every_path(Str service_path)
{
    Str rest = service_path;
    Str asked;
    while (service_path.n > 0 && str_split(&rest, ',', &asked)) {
        if (str_eq(asked, STR("/#"))) {
            return true;
        }
    }
    return service_path.n == 0;
}

Error embedded_paths_there(const EmbeddedAsk *ask, EmbeddedPaths *ret_paths)
{
    Texts texts = {.arena = ask->call->vault.arena};
    Str rest = ask->query->service_path;
    Str asked;
    bool is_every = is_every_path(rest);
    bool is_known = !is_every;
    while (is_known && str_split(&rest, ',', &asked)) {
        if (str_ends_with(asked, STR("/#"))) {
            TRY(paths_below(ask, str_slice(asked, 0, asked.n - 2), &texts, &is_known));
        } else {
            TRY(add_text(&texts, asked));
        }
        is_known = is_known && texts.count <= PATHS_MAX;
    }
    *ret_paths = (EmbeddedPaths){.list = is_known ? each_once(&texts) : (StrList){0},
                                 .is_exact = is_every || is_known};
    return OK;
}

/* --- what the selectors mean ------------------------------------------------------------------ */

/* All selectors together. */
typedef struct Meant {
    StrList ids;
    StrList types;
    bool is_all;
    bool has_more; /* conditions beyond types */
} Meant;

static Error add_list(Texts *texts, StrList list)
{
    for (size_t i = 0; i < list.count; i++) {
        TRY(add_text(texts, list.items[i]));
    }
    return OK;
}

static Error add_matching_types(const EmbeddedAsk *ask, Pattern *pattern, Texts *texts)
{
    StrList there;
    TRY(embedded_types_there(ask, (StrList){0}, &there));
    for (size_t i = 0; i < there.count; i++) {
        bool matches = false;
        TRY(pattern_matches(pattern, there.items[i], &matches));
        if (matches) {
            TRY(add_text(texts, there.items[i]));
        }
    }
    return OK;
}

static Error add_selector(const EmbeddedAsk *ask, const EntitySelector *selector, Texts *ids,
                          Texts *types, Meant *meant)
{
    bool has_both = selector->types.count > 0 && selector->type_pattern != NULL;
    bool has_ids = selector->ids.count > 0 || selector->id_pattern != NULL;
    meant->has_more = meant->has_more || has_ids || has_both;
    if (selector->ids.count > 0) {
        return add_list(ids, selector->ids);
    }
    if (selector->types.count > 0) {
        return add_list(types, selector->types);
    }
    if (selector->type_pattern != NULL) {
        return add_matching_types(ask, selector->type_pattern, types);
    }
    meant->is_all = true;
    return OK;
}

static Error read_selectors(const EmbeddedAsk *ask, Meant *ret_meant)
{
    const EntityQuery *query = ask->query;
    Texts ids = {.arena = ask->call->vault.arena};
    Texts types = {.arena = ask->call->vault.arena};
    Meant meant = {.is_all = query->selector_count == 0};
    for (size_t i = 0; i < query->selector_count; i++) {
        TRY(add_selector(ask, &query->selectors[i], &ids, &types, &meant));
    }
    meant.ids = meant.is_all ? (StrList){0} : each_once(&ids);
    meant.types = meant.is_all ? (StrList){0} : each_once(&types);
    *ret_meant = meant;
    return OK;
}

/* --- ranges ----------------------------------------------------------------------------------- */

/* Every type with every path; an empty list stands for "not restricted". */
static Error cross(Arena *arena, StrList types, StrList paths, EmbeddedRangeList *ret_list)
{
    size_t type_count = types.count > 0 ? types.count : 1;
    size_t path_count = paths.count > 0 ? paths.count : 1;
    EmbeddedRangeList list = {.items = ARENA_MANY(arena, EmbeddedRange, type_count * path_count)};
    ENSURE_ALLOC(list.items, arena);
    for (size_t p = 0; p < path_count; p++) {
        for (size_t t = 0; t < type_count; t++) {
            list.items[list.count++] =
                (EmbeddedRange){.type = types.count > 0 ? &types.items[t] : NULL,
                                .path = paths.count > 0 ? &paths.items[p] : NULL};
        }
    }
    *ret_list = list;
    return OK;
}

static Error append_types_of_path(const EmbeddedAsk *ask, const Str *path, EmbeddedRangeList *list,
                                  bool *ret_is_whole)
{
    Texts types = {.arena = ask->call->vault.arena};
    TRY(add_types_of(ask, path, NARROW_RANGES_MAX - list->count, &types, ret_is_whole));
    for (size_t i = 0; i < types.count; i++) {
        list->items[list->count++] = (EmbeddedRange){.type = &types.items[i], .path = path};
    }
    return OK;
}

/* All types under some paths: the index by path goes type by type, so each is a range. */
static Error spread(const EmbeddedAsk *ask, StrList paths, EmbeddedRangeList *ret_list)
{
    Arena *arena = ask->call->vault.arena;
    EmbeddedRangeList list = {.items = ARENA_MANY(arena, EmbeddedRange, NARROW_RANGES_MAX)};
    ENSURE_ALLOC(list.items, arena);
    bool is_whole = true;
    for (size_t i = 0; is_whole && i < paths.count; i++) {
        is_whole = list.count < NARROW_RANGES_MAX;
        if (is_whole) {
            TRY(append_types_of_path(ask, &paths.items[i], &list, &is_whole));
        }
    }
    if (is_whole) {
        *ret_list = list;
        return OK;
    }
    return cross(arena, (StrList){0}, (StrList){0}, ret_list);
}

static Error list_ranges(const EmbeddedAsk *ask, const Meant *meant, StrList paths,
                         EmbeddedRangeList *ret_list)
{
    if (meant->is_all && paths.count > 0) {
        return spread(ask, paths, ret_list);
    }
    bool is_narrow = meant->types.count * paths.count <= NARROW_RANGES_MAX;
    return cross(ask->call->vault.arena, meant->types, is_narrow ? paths : (StrList){0}, ret_list);
}

Error embedded_ranges_in(const EmbeddedAsk *ask, EmbeddedRanges *ret_ranges)
{
    Meant meant;
    EmbeddedPaths paths;
    TRY(read_selectors(ask, &meant));
    EmbeddedRanges ranges = {.ids = meant.ids};
    if (!meant.is_all && meant.types.count == 0) {
        ranges.is_exact = !meant.has_more; /* a pattern that no type matches */
        *ret_ranges = ranges;
        return OK;
    }
    TRY(embedded_paths_there(ask, &paths));
    TRY(list_ranges(ask, &meant, paths.list, &ranges.listed));
    TRY(cross(ask->call->vault.arena, meant.types, paths.list, &ranges.counted));
    ranges.is_exact = !meant.has_more && paths.is_exact;
    *ret_ranges = ranges;
    return OK;
}

Error embedded_ask_in(const BrokerCall *call, const EntityQuery *query, EntityMatcher *matcher,
                      EmbeddedAsk *ret_ask)
{
    EmbeddedAsk ask = {.call = call, .query = query, .matcher = matcher};
    TRY(public_entity_scope_in(call->vault.arena, call->vault.tenant, &ask.scope));
    *ret_ask = ask;
    return OK;
}

StoreFind embedded_range_find(const EmbeddedAsk *ask, const EmbeddedRange *range)
{
    StoreFind find = {.collection = STORE_PUBLIC_ENTITIES, .index = "by_order"};
    find.equal[find.equal_count++] = STORE_TEXT(ask->scope);
    if (range->path != NULL) {
        find.equal[find.equal_count++] = STORE_TEXT(*range->path);
    }
    if (range->type != NULL) {
        find.equal[find.equal_count++] = STORE_TEXT(*range->type);
    }
    if (range->path != NULL) {
        find.index = "by_path";
    } else if (range->type != NULL) {
        find.index = "by_type";
    }
    return find;
}

Error embedded_is_meant(const EmbeddedAsk *ask, DocBody body, bool *ret_is_meant)
{
    Str id;
    Str type;
    Str path;
    bool is_expired = false;
    bool is_selected = true;
    TRY(doc_get_text(body, "i", &id));
    TRY(doc_get_text(body, "y", &type));
    TRY(doc_get_text(body, "s", &path));
    TRY(public_entity_is_expired(body, ask->call->vault.now_us, &is_expired));
    if (is_expired || !service_path_covers(ask->query->service_path, path)) {
        *ret_is_meant = false;
        return OK;
    }
    if (ask->matcher != NULL) {
        TRY(entity_matcher_selects(ask->matcher, id, type, &is_selected));
    }
    *ret_is_meant = is_selected;
    return OK;
}
