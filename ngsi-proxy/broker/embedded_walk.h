/* embedded_walk.h — the documents that a query of the embedded half means, in order of creation.
 *
 * Layer: ngsi-proxy/broker; used by embedded_half alone. Must never fetch a body that no answer
 * shows. Thread-safe: single-owner. */
#ifndef MUSUBI_EMBEDDED_WALK_H
#define MUSUBI_EMBEDDED_WALK_H

#include "broker.h"

/* Keys of one page of a query, and the total if it was wanted. In the call's arena. */
typedef struct EmbeddedHits {
    Str *keys;
    size_t count;
    int64_t total;
} EmbeddedHits;

/* Errors: store errors, DEADLINE, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error embedded_walk_page(const BrokerCall *call, const EntityQuery *query, EmbeddedHits *ret_hits)
    MUST_USE;

#endif
