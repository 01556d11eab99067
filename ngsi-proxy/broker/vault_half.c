#include "vault_half.h"

#include <stdlib.h>

typedef struct VaultHalf {
    Broker base; /* first: the port is its address */
    const Gate *gate;
} VaultHalf;

static const Gate *gate_of(const Broker *broker)
{
    return ((const VaultHalf *)broker)->gate;
}

static Error half_query(Broker *broker, BrokerCall *call, const EntityQuery *query,
                        EntityPage *ret_page)
{
    return gate_query(gate_of(broker), &call->vault, call->principal, query, ret_page);
}

static Error half_get(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query,
                      Entity *ret_entity)
{
    return gate_read(gate_of(broker), &call->vault, call->principal, id, type, query, ret_entity);
}

static Error half_write(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                        EntityOutcome *ret_outcomes)
{
    return gate_write(gate_of(broker), &call->vault, call->principal, batch, ret_outcomes);
}

static Error half_types(Broker *broker, BrokerCall *call, const TypesQuery *query,
                        TypeList *ret_types)
{
    return gate_types(gate_of(broker), &call->vault, call->principal, query, ret_types);
}

static Error half_knows(Broker *broker, BrokerCall *call, StrList ids, bool *ret_knows)
{
    return gate_knows(gate_of(broker), &call->vault, call->principal, ids, ret_knows);
}

Error vault_half_new(const Gate *gate, Broker **ret_broker)
{
    static const BrokerOps ops = {
        .query = half_query,
        .get = half_get,
        .write = half_write,
        .types = half_types,
        .knows = half_knows,
    };
    VaultHalf *half = calloc(1, sizeof *half);
    ENSURE(half != NULL, OUT_OF_MEMORY, NULL);
    half->base.ops = &ops;
    half->gate = gate;
    *ret_broker = &half->base;
    return OK;
}

Broker *vault_half_free(Broker *broker)
{
    free(broker);
    return NULL;
}
