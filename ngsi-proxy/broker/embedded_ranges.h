/* embedded_ranges.h — which parts of the store's indexes hold the open data that a query means.
 *
 * Selectors and service paths become ids to look up and ranges to walk or count, so that work
 * grows with what is meant and not with all there is. Which types and paths exist is found by
 * jumping from one to the next along an index. Must never leave out an entity that is meant; a
 * range may hold more, unless it says that it is exact.
 *
 * Layer: ngsi-proxy/broker; used by the reading half of embedded_half alone. Thread-safe:
 * single-owner. */
#ifndef MUSUBI_EMBEDDED_RANGES_H
#define MUSUBI_EMBEDDED_RANGES_H

#include "broker.h"
#include "entity_match.h"
#include "store.h"

/* What is asked, and of whom. */
typedef struct EmbeddedAsk {
    const BrokerCall *call;
    const EntityQuery *query;
    EntityMatcher
        *matcher; /* NULL: the query has no patterns and at most one list of one selector */
    Str scope;    /* of the tenant */
} EmbeddedAsk;

/* Entities of one tenant; of one type and of one service path where these are not NULL. */
typedef struct EmbeddedRange {
    const Str *type;
    const Str *path;
} EmbeddedRange;

typedef struct EmbeddedRangeList {
    EmbeddedRange *items;
    size_t count;
} EmbeddedRangeList;

typedef struct EmbeddedRanges {
    StrList ids;               /* to look up besides the ranges; each once */
    EmbeddedRangeList listed;  /* disjoint; each can be walked in order of creation */
    EmbeddedRangeList counted; /* disjoint; all that is meant and nothing else. Only if is_exact */
    bool is_exact; /* ids is empty, and selectors and paths say no more than the ranges */
} EmbeddedRanges;

/* Fills *ret_ask for the call's tenant. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error embedded_ask_in(const BrokerCall *call, const EntityQuery *query, EntityMatcher *matcher,
                      EmbeddedAsk *ret_ask) MUST_USE;
/* In the call's arena. Errors: store errors, DEADLINE, PATTERN_COSTLY, BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error embedded_ranges_in(const EmbeddedAsk *ask, EmbeddedRanges *ret_ranges) MUST_USE;
/* A walk along the range, without limit and projection. A range with a path but no type does not
 * go in order of creation. */
StoreFind embedded_range_find(const EmbeddedAsk *ask, const EmbeddedRange *range);

/* The service paths that are asked for. */
typedef struct EmbeddedPaths {
    StrList list;  /* each once, ascending, those below others as far as they have documents; empty:
                      every path is asked for, or they are too many to be walked one by one */
    bool is_exact; /* nothing else lies in the list or, when it is empty, in the store */
} EmbeddedPaths;

/* Errors: as embedded_ranges_in. */
Error embedded_paths_there(const EmbeddedAsk *ask, EmbeddedPaths *ret_paths) MUST_USE;
/* The types that have documents under these paths (empty: anywhere), each once, ascending. Errors:
 * as embedded_ranges_in. */
Error embedded_types_there(const EmbeddedAsk *ask, StrList paths, StrList *ret_types) MUST_USE;

/* What embedded_is_meant wants to see of a document. NULL-terminated. */
extern const char *const EMBEDDED_MEMBERS[];
/* Whether the document's entity is there at this moment, in a path asked for and selected. The
 * filter is not looked at. Errors: PATTERN_COSTLY, STORE_CORRUPT. */
Error embedded_is_meant(const EmbeddedAsk *ask, DocBody body, bool *ret_is_meant) MUST_USE;

#endif
