#include "embedded_half.h"

#include <stdlib.h>

#include "embedded_read.h"
#include "embedded_types.h"
#include "embedded_write.h"

typedef struct EmbeddedHalf {
    Broker broker; /* first: a Broker * is an EmbeddedHalf * */
    EmbeddedWriter writer;
} EmbeddedHalf;

static EmbeddedHalf *from_broker(Broker *broker)
{
    return (EmbeddedHalf *)(void *)broker;
}

static Error half_query(Broker *broker, BrokerCall *call, const EntityQuery *query,
                        EntityPage *ret_page)
{
    (void)broker; /* all is in the call's snapshot */
    return embedded_read_page(call, query, ret_page);
}

static Error half_get(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query,
                      Entity *ret_entity)
{
    (void)broker;
    return embedded_read_one(call, id, type, query, ret_entity);
}

static Error half_write(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                        EntityOutcome *ret_outcomes)
{
    return embedded_write(&from_broker(broker)->writer, call, batch, ret_outcomes);
}

static Error half_types(Broker *broker, BrokerCall *call, const TypesQuery *query,
                        TypeList *ret_types)
{
    (void)broker;
    return embedded_types(call, query, ret_types);
}

Error embedded_half_new(Store *store, Broker **ret_broker)
{
    static const BrokerOps ops = {
        .query = half_query, .get = half_get, .write = half_write, .types = half_types};
    EmbeddedHalf *self = calloc(1, sizeof *self);
    ENSURE(self != NULL, OUT_OF_MEMORY, NULL);
    self->broker.ops = &ops;
    self->writer.store = store;
    *ret_broker = &self->broker;
    return OK;
}

Broker *embedded_half_free(Broker *broker)
{
    free(broker);
    return NULL;
}
