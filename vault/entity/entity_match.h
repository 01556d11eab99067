/* entity_match.h — a query made ready: whether an entity, as its caller sees it, is asked for, and
 * which entities make the page.
 *
 * Both halves feed their entities in their own default order; which of them match, in which order
 * they stand and which are on the page is decided here, once, for all data. Must never know where
 * an entity comes from.
 *
 * Layer: vault/entity. Thread-safe: single-owner. Requirement: consent rules 1, 4, 5. */
#ifndef MUSUBI_ENTITY_MATCH_H
#define MUSUBI_ENTITY_MATCH_H

#include "entity_order.h"
#include "entity_query.h"
#include "filter.h"
#include "geo.h"

typedef struct EntityMatcher EntityMatcher;

/* The query must outlive it. Free with entity_matcher_free. Errors: GEO_SHAPE, OUT_OF_MEMORY. */
Error entity_matcher_new(const EntityQuery *query, EntityMatcher **ret_matcher) MUST_USE;
/* NULL is fine. Returns NULL. */
EntityMatcher *entity_matcher_free(EntityMatcher *matcher);

/* Whether id and type are asked for by one of the selectors. Errors: PATTERN_COSTLY. */
Error entity_matcher_selects(EntityMatcher *matcher, Str id, Str type, bool *ret_selects) MUST_USE;
/* Whether the conditions on attributes hold (filter and place; not the selectors, not the service
 * path). entity needs only what entity_matcher_reads names. Errors: PATTERN_COSTLY, STORE_CORRUPT,
 * OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error entity_matcher_test(EntityMatcher *matcher, Arena *scratch, const Entity *entity,
                          bool *ret_matches) MUST_USE;
/* Whether the attribute's value decides about matching or order: such an attribute is disclosed by
 * the answer, shown or not. With a place asked for, every attribute is (its type tells whether it
 * is the location); so it is with the entity's dates, which are those of its attributes. */
bool entity_matcher_reads(const EntityMatcher *matcher, Str attribute);
/* Whether anything but id, type and service path may decide: a filter of any kind, a place, an
 * order by attributes, dates or distance. */
bool entity_matcher_reads_any(const EntityMatcher *matcher);
/* The query it was made from. */
const EntityQuery *entity_matcher_query(const EntityMatcher *matcher);
/* What measures distances; NULL when no place is asked for. The matcher's own. */
GeoMatcher *entity_matcher_place(EntityMatcher *matcher);

/* The page while it grows. Hits are numbered by the half (a row, a place in a list of keys): the
 * page gives the numbers back in the order of the answer. */
typedef struct EntityPageBuilder EntityPageBuilder;

typedef struct EntityHit {
    uint64_t number;          /* the half's own */
    const EntitySortKey *key; /* NULL when the query has no order */
} EntityHit;

/* Keeps what may be on the page: at most offset + limit hits with an order, limit without. Memory
 * from arena, as hits come. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error entity_page_builder_in(Arena *arena, EntityMatcher *matcher, EntityPageBuilder **ret_builder)
    MUST_USE;
/* One more entity that matches. entity is only looked at when the query has an order. *ret_is_kept
 * tells whether it may still be on the page: the half must be able to find it again. Hits that are
 * equal in the order stay as they came. Errors: STORE_CORRUPT, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error entity_page_builder_add(EntityPageBuilder *builder, Arena *scratch, uint64_t number,
                              const Entity *entity, bool *ret_is_kept) MUST_USE;
/* Whether no further entity can change the page and nobody counts. */
bool entity_page_builder_is_full(const EntityPageBuilder *builder);
/* Matches so far. */
int64_t entity_page_builder_seen(const EntityPageBuilder *builder);
/* The page's hits in the order of the answer; in the builder's arena. Once, at the end. Errors:
 * OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error entity_page_builder_finish(EntityPageBuilder *builder, EntityHit **ret_hits,
                                 size_t *ret_count) MUST_USE;

DEFINE_CLEANUP(EntityMatcher, entity_matcher_free)

#endif
