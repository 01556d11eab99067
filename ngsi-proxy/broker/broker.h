/* broker.h — the port behind every NGSI route: query, get, write, types.
 *
 * Implementations: vault_half (personal data, through the gate), embedded_half (open data in the
 * own store), and union (classifies a request, asks one half or both, gives one answer). Codecs and
 * handlers know only this port. A half that can't answer fails the whole answer: never half a page.
 *
 * Layer: ngsi-proxy/broker. Thread-safe: yes; a BrokerCall is single-owner. Spec: 6(5)ア, 6(6)ア.
 */
#ifndef MUSUBI_BROKER_H
#define MUSUBI_BROKER_H

#include "entity_query.h"
#include "entity_update.h"
#include "principal.h"
#include "upstream_ask.h"
#include "vault_core.h"

/* One request on its way through the brokers. A write may replace vault.snapshot by a newer one;
 * whoever opened it closes what is there at the end. */
typedef struct BrokerCall {
    VaultCall vault; /* arena, snapshot, tenant, time, deadline */
    const Principal *principal;
    const UpstreamAsk *asked; /* what the client sent; NULL: nobody but Musubi itself asks */
    RawAnswer *raw; /* a half that is asked alone may put another broker's answer here, unchanged,
                       in place of its results; NULL: it may not */
} BrokerCall;

typedef struct Broker Broker;

typedef struct BrokerOps {
    /* Entities in the query's order, else in the half's own; total is set when wanted. Errors:
     * PATTERN_COSTLY, GEO_SHAPE, …. */
    Error (*query)(Broker *broker, BrokerCall *call, const EntityQuery *query,
                   EntityPage *ret_page);
    /* One entity by id and, unless "", type; attributes as in EntityQuery. Errors:
     * ENTITY_NOT_FOUND, ENTITY_AMBIGUOUS. */
    Error (*get)(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query,
                 Entity *ret_entity);
    /* All writes of the batch in one commit, in their order. ret_outcomes (batch->count, filled by
     * the half) say what became of each; entity_outcomes_error words them. An Error says that
     * nothing at all was done: refusals of the half, OPERATOR_VALUE, LOCATION_SECOND, GEO_VALUE.
     * Over both halves it is two commits, and when the second fails after all, the first stands. */
    Error (*write)(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                   EntityOutcome *ret_outcomes);
    /* The types of the half that have entities, ascending by name. */
    Error (*types)(Broker *broker, BrokerCall *call, const TypesQuery *query, TypeList *ret_types);
    /* Which of the ids mean something in this caller's view: such an id is told to no other half.
     * ret_knows has ids.count places. Only the personal half has it; NULL elsewhere. */
    Error (*knows)(Broker *broker, BrokerCall *call, StrList ids, bool *ret_knows);
} BrokerOps;

struct Broker {
    const BrokerOps *ops;
};

#endif
