#include <string.h>

#include "entity_match.h"

/* One kept hit. Hits that compare equal stand in the order in which they came. key_bytes is memory
 * of key_room bytes, used again for the hit that pushes this one out. */
typedef struct Kept {
    char *key_bytes;
    uint32_t key_n; /* keys are short: ENTITY_SORT_VALUE_BYTES for each item of the order */
    uint32_t key_room;
    uint64_t number;
    int64_t came; /* how many matched before it */
} Kept;

struct EntityPageBuilder {
    Arena *arena;
    EntityMatcher *matcher;
    const EntityQuery *query;
    int64_t seen;
    int64_t end; /* offset + limit: what comes behind is on no page */
    Buf key;     /* of the hit at hand */
    Kept *kept;  /* with an order: a heap, the last of all at its top; else in order */
    size_t count;
    size_t room;
};

Error entity_page_builder_in(Arena *arena, EntityMatcher *matcher, EntityPageBuilder **ret_builder)
{
    EntityPageBuilder *builder = ARENA_ONE(arena, EntityPageBuilder);
    ENSURE_ALLOC(builder, arena);
    builder->arena = arena;
    builder->matcher = matcher;
    builder->query = entity_matcher_query(matcher);
    builder->key = buf_in(arena);
    const EntityQuery *query = builder->query;
    if (query->limit > 0 && __builtin_add_overflow(query->offset, query->limit, &builder->end)) {
        builder->end = INT64_MAX;
    }
    *ret_builder = builder;
    return OK;
}

bool entity_page_builder_is_full(const EntityPageBuilder *builder)
{
    if (builder->query->is_count_wanted) {
        return false;
    }
    bool nothing_fits = builder->end == 0;
    bool is_ordered = builder->query->order_count > 0;
    return nothing_fits || (!is_ordered && builder->seen >= builder->end);
}

int64_t entity_page_builder_seen(const EntityPageBuilder *builder)
{
    return builder->seen;
}

/* --- the heap --- */

static Str key_of(const Kept *kept)
{
    return str_bytes(kept->key_bytes, kept->key_n);
}

static int compare_kept(const Kept *left, const Kept *right)
{
    int order = left->key_n == 0 ? 0 : str_compare(key_of(left), key_of(right));
    return order != 0 ? order : (left->came > right->came) - (left->came < right->came);
}

static void swap(Kept *left, Kept *right)
{
    Kept held = *left;
    *left = *right;
    *right = held;
}

static void sift_up(Kept *heap, size_t at)
{
    while (at > 0 && compare_kept(&heap[(at - 1) / 2], &heap[at]) < 0) {
        swap(&heap[(at - 1) / 2], &heap[at]);
        at = (at - 1) / 2;
    }
}

static void sift_down(Kept *heap, size_t count, size_t at)
{
    for (;;) {
        size_t largest = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++) {
            largest = compare_kept(&heap[child], &heap[largest]) > 0 ? child : largest;
        }
        if (largest == at) {
            return;
        }
        swap(&heap[at], &heap[largest]);
        at = largest;
    }
}

/* --- adding --- */

static Error make_room(EntityPageBuilder *builder)
{
    if (builder->count < builder->room) {
        return OK;
    }
    size_t room = builder->room == 0 ? 32 : builder->room * 2;
    Kept *grown = ARENA_MANY(builder->arena, Kept, room);
    ENSURE_ALLOC(grown, builder->arena);
    if (builder->count > 0) {
        memcpy(grown, builder->kept, builder->count * sizeof *grown);
    }
    builder->kept = grown;
    builder->room = room;
    return OK;
}

/* Twice the need, so that the room of one place is made anew only a few times. */
static Error keep_key(EntityPageBuilder *builder, Kept *kept)
{
    uint32_t n = (uint32_t)builder->key.n;
    if (n > kept->key_room) {
        uint32_t room = kept->key_room == 0 ? n : 2 * n;
        char *bytes = arena_alloc(builder->arena, room);
        ENSURE_ALLOC(bytes, builder->arena);
        kept->key_bytes = bytes;
        kept->key_room = room;
    }
    if (n > 0) {
        memcpy(kept->key_bytes, builder->key.p, n);
    }
    kept->key_n = n;
    return OK;
}

static Error push(EntityPageBuilder *builder, uint64_t number)
{
    TRY(make_room(builder));
    Kept *kept = &builder->kept[builder->count];
    *kept = (Kept){.number = number, .came = builder->seen};
    TRY(keep_key(builder, kept));
    builder->count++;
    return OK;
}

/* The last of all makes place for the hit at hand. */
static Error replace_top(EntityPageBuilder *builder, uint64_t number)
{
    Kept *top = &builder->kept[0];
    TRY(keep_key(builder, top));
    top->number = number;
    top->came = builder->seen;
    sift_down(builder->kept, builder->count, 0);
    return OK;
}

static Error add_ordered(EntityPageBuilder *builder, Arena *scratch, uint64_t number,
                         const Entity *entity, bool *ret_is_kept)
{
    if (builder->end == 0) {
        *ret_is_kept = false;
        return OK;
    }
    builder->key.n = 0;
    TRY(entity_sort_key_write(&builder->key, scratch, builder->query,
                              entity_matcher_place(builder->matcher), entity));
    if ((int64_t)builder->count < builder->end) {
        TRY(push(builder, number));
        sift_up(builder->kept, builder->count - 1);
        *ret_is_kept = true;
        return OK;
    }
    /* Came later: behind what is equal. */
    Str key = str_bytes(builder->key.p, builder->key.n);
    bool is_before_last = str_compare(key, key_of(&builder->kept[0])) < 0;
    if (is_before_last) {
        TRY(replace_top(builder, number));
    }
    *ret_is_kept = is_before_last;
    return OK;
}

static Error add_unordered(EntityPageBuilder *builder, uint64_t number, bool *ret_is_kept)
{
    bool is_on_page = builder->seen >= builder->query->offset && builder->seen < builder->end;
    if (is_on_page) {
        TRY(push(builder, number));
    }
    *ret_is_kept = is_on_page;
    return OK;
}

Error entity_page_builder_add(EntityPageBuilder *builder, Arena *scratch, uint64_t number,
                              const Entity *entity, bool *ret_is_kept)
{
    bool is_kept = false;
    if (builder->query->order_count > 0) {
        TRY(add_ordered(builder, scratch, number, entity, &is_kept));
    } else {
        TRY(add_unordered(builder, number, &is_kept));
    }
    builder->seen++;
    *ret_is_kept = is_kept;
    return OK;
}

/* --- the page --- */

/* The largest goes to the end again and again; what stands before offset needs no place. */
static void sort_heap(Kept *heap, size_t count)
{
    for (size_t left = count; left > 1; left--) {
        swap(&heap[0], &heap[left - 1]);
        sift_down(heap, left - 1, 0);
    }
}

static size_t first_on_page(const EntityPageBuilder *builder)
{
    if (builder->query->order_count == 0) {
        return 0; /* only the page was kept */
    }
    int64_t offset = builder->query->offset;
    return offset < (int64_t)builder->count ? (size_t)offset : builder->count;
}

Error entity_page_builder_finish(EntityPageBuilder *builder, EntityHit **ret_hits,
                                 size_t *ret_count)
{
    bool is_ordered = builder->query->order_count > 0;
    if (is_ordered) {
        sort_heap(builder->kept, builder->count);
    }
    size_t first = first_on_page(builder);
    size_t count = builder->count - first;
    EntityHit *hits = ARENA_MANY(builder->arena, EntityHit, count);
    ENSURE_ALLOC(hits, builder->arena);
    EntitySortKey *keys = ARENA_MANY(builder->arena, EntitySortKey, is_ordered ? count : 0);
    ENSURE_ALLOC(keys, builder->arena);
    for (size_t i = 0; i < count; i++) {
        const Kept *kept = &builder->kept[first + i];
        hits[i] = (EntityHit){.number = kept->number};
        if (is_ordered) {
            keys[i].bytes = key_of(kept);
            hits[i].key = &keys[i];
        }
    }
    *ret_hits = hits;
    *ret_count = count;
    return OK;
}
