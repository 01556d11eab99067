#include "v2_batch.h"

#include "v2_call.h"
#include "v2_entities.h"
#include "v2_query_body.h"
#include "v2_update_body.h"

static Error do_batch(ApiCall *call, const EntityBatch *batch, bool must_be_own, int status,
                      Response *response)
{
    EntityOutcome *outcomes = ARENA_MANY(call->request->arena, EntityOutcome, batch->count);
    ENSURE_ALLOC(outcomes, call->request->arena);
    TRY(v2_call_do(call, batch, must_be_own, outcomes));
    if (v2_call_is_answered(call)) {
        return v2_call_answer(call, response);
    }
    response_empty(response, status);
    return OK;
}

Error v2_batch_update(ApiCall *call, Response *response)
{
    const Request *request = call->request;
    V2UpdateOptions options = {0};
    EntityBatch batch;
    V2Params params;
    TRY(v2_call_write(request, V2_BATCH_UPDATE, &params, &options.service_path));
    options.is_key_values = params.is_key_values;
    options.overrides_metadata = params.overrides_metadata;
    TRY(v2_update_body_parse(request->arena, request->body, &options, &batch));
    return do_batch(call, &batch, false, 204, response);
}

Error v2_batch_notify(ApiCall *call, Response *response)
{
    const Request *request = call->request;
    V2UpdateOptions options = {0};
    EntityBatch batch;
    V2Params params;
    TRY(v2_call_write(request, V2_BATCH_NOTIFY, &params, &options.service_path));
    TRY(v2_notify_body_parse(request->arena, request->body, &options, &batch));
    /* A notification is written anew: whose subscription it answers is nobody else's business. */
    return do_batch(call, &batch, true, 200, response);
}

Error v2_batch_query(ApiCall *call, Response *response)
{
    V2Params params;
    TRY(v2_call_body(call->request));
    TRY(v2_call_read(call->request, V2_BATCH_QUERY, &params));
    TRY(v2_query_body_parse(call->request->arena, call->request->body, &params));
    return v2_entities_answer(call, &params, response);
}
