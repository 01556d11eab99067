/* embedded_read.h — the reading half of the embedded broker: lists and single entities of open
 * data.
 *
 * A page without filter and order touches the index entries before it and the documents on it. With
 * filter or order the documents that selectors and paths mean are read piece by piece, of each only
 * the attributes that decide, and only the page is kept. Must never hold what is not on the page.
 *
 * Layer: ngsi-proxy/broker; used by embedded_half alone. Thread-safe: single-owner. */
#ifndef MUSUBI_EMBEDDED_READ_H
#define MUSUBI_EMBEDDED_READ_H

#include "broker.h"

/* As BrokerOps.query. Errors: store errors, DEADLINE, PATTERN_COSTLY, GEO_SHAPE, BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error embedded_read_page(const BrokerCall *call, const EntityQuery *query, EntityPage *ret_page)
    MUST_USE;
/* As BrokerOps.get. Errors: also ENTITY_NOT_FOUND, ENTITY_AMBIGUOUS. */
Error embedded_read_one(const BrokerCall *call, Str id, Str type, const EntityQuery *query,
                        Entity *ret_entity) MUST_USE;

#endif
