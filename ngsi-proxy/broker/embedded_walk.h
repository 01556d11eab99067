/* embedded_walk.h — the entities that selectors and paths mean, one after the other in order of
 * creation.
 *
 * Several walks along indexes are merged, each read in small pieces that have memory of their own;
 * what two of them meet comes once. Expired entities are passed over. Must never fetch a body that
 * nobody looks at, nor hold more than a few pieces at a time.
 *
 * Layer: ngsi-proxy/broker; used by the reading half of embedded_half alone. Thread-safe:
 * single-owner. */
#ifndef MUSUBI_EMBEDDED_WALK_H
#define MUSUBI_EMBEDDED_WALK_H

#include "embedded_ranges.h"

typedef struct EmbeddedWalk EmbeddedWalk;

/* ask and ranges must outlive it. needs_bodies: whole documents; else of each document the key
 * counts and the body is cut or empty. hint: how many will probably be taken. Close with
 * embedded_walk_close. Errors: store errors, DEADLINE, PATTERN_COSTLY, OUT_OF_MEMORY. */
Error embedded_walk_open(const EmbeddedAsk *ask, const EmbeddedRanges *ranges, bool needs_bodies,
                         int64_t hint, EmbeddedWalk **ret_walk) MUST_USE;
/* NULL is fine. Returns NULL. */
EmbeddedWalk *embedded_walk_close(EmbeddedWalk *walk);
/* The next document; it lives until the next call. *ret_doc is NULL at the end. Errors: as
 * embedded_walk_open, STORE_CORRUPT. */
Error embedded_walk_next(EmbeddedWalk *walk, const StoreDoc **ret_doc) MUST_USE;

/* How many entities exact ranges hold, by index. Errors: as embedded_walk_open. */
Error embedded_walk_count(const EmbeddedAsk *ask, const EmbeddedRanges *ranges, int64_t *ret_total)
    MUST_USE;
/* Calls take with each document of the tenant whose entity is past its date and would be meant
 * otherwise: counting by index counts it. Errors: as embedded_walk_open, those of take. */
Error embedded_walk_expired(const EmbeddedAsk *ask, Error (*take)(void *context, Str type),
                            void *context) MUST_USE;

DEFINE_CLEANUP(EmbeddedWalk, embedded_walk_close)

#endif
