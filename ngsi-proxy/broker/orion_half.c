#include "orion_half.h"

#include <stdlib.h>

#include "orion_upstream.h"

#define PING_ANSWER_BYTES_MAX ((size_t)64 << 10)

Error orion_half_new(HttpClient *client, const Classifier *classifier, Broker **ret_broker)
{
    static const BrokerOps ops = {
        .query = orion_query, .get = orion_get, .write = orion_write, .types = orion_types};
    OrionHalf *self = calloc(1, sizeof *self);
    ENSURE(self != NULL, OUT_OF_MEMORY, NULL);
    *self = (OrionHalf){.broker = {.ops = &ops}, .client = client, .classifier = *classifier};
    *ret_broker = &self->broker;
    return OK;
}

Broker *orion_half_free(Broker *broker)
{
    free(broker);
    return NULL;
}

Error orion_half_ping(Broker *broker, Arena *arena, Deadline deadline)
{
    const OrionHalf *self = (const OrionHalf *)(void *)broker;
    const HttpCall call = {.method = "GET",
                           .target = STR("/version"),
                           .is_repeatable = true,
                           .deadline = deadline,
                           .answer_bytes_max = PING_ANSWER_BYTES_MAX};
    HttpAnswer answer;
    TRY(http_client_send(self->client, arena, &call, &answer));
    ENSURE(answer.status < 500, UPSTREAM_UNAVAILABLE, NULL);
    return OK;
}
