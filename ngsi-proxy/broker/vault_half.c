#include "vault_half.h"

#include <stdlib.h>

typedef struct VaultHalf {
    Broker broker;
    const Gate *gate;
} VaultHalf;

static const Gate *gate_of(Broker *broker)
{
    return ((VaultHalf *)broker)->gate;
}

static Error query(Broker *broker, BrokerCall *call, const EntityQuery *query, EntityPage *ret_page)
{
    return gate_query(gate_of(broker), &call->vault, call->principal, query, ret_page);
}

static Error get(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query, Entity *ret_entity)
{
    return gate_read(gate_of(broker), &call->vault, call->principal, id, type, query, ret_entity);
}

static Error write(Broker *broker, BrokerCall *call, const EntityWrite *write)
{
    return gate_write(gate_of(broker), &call->vault, call->principal, write);
}

static const BrokerOps OPS = {.query = query, .get = get, .write = write};

Error vault_half_new(const Gate *gate, Broker **ret_broker)
{
    VaultHalf *half = calloc(1, sizeof *half);
    ENSURE(half != NULL, OUT_OF_MEMORY, NULL);
    half->broker.ops = &OPS;
    half->gate = gate;
    *ret_broker = &half->broker;
    return OK;
}

Broker *vault_half_free(Broker *broker)
{
    free(broker);
    return NULL;
}
