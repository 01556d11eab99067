#include "v2_call.h"

#include "v2_headers.h"

const Str *v2_call_header(const Request *request, Str name, Str *storage)
{
    return request_header(request, name, storage) ? storage : NULL;
}

static Error check_accept(const Request *request)
{
    Str accept;
    return v2_accept_check(v2_call_header(request, STR("Accept"), &accept));
}

/* Orion asks for a body before it asks what kind of body it is. */
Error v2_call_body(const Request *request)
{
    ENSURE(request->body.n > 0, BODY_MISSING, NULL);
    Str type;
    return v2_content_type_check(request->arena,
                                 v2_call_header(request, STR("Content-Type"), &type));
}

static Error read_params(const Request *request, V2Operation operation, V2Params *ret_params)
{
    V2Param *params = ARENA_MANY(request->arena, V2Param, request->param_count);
    ENSURE_ALLOC(params, request->arena);
    for (size_t i = 0; i < request->param_count; i++) {
        params[i] = (V2Param){.name = request->params[i].name, .value = request->params[i].value};
    }
    return v2_params_read(request->arena, operation, params, request->param_count, ret_params);
}

Error v2_call_read_any(const Request *request, V2Operation operation, V2Params *ret_params)
{
    Str header;
    Str path;
    TRY(v2_service_path_query_in(
        request->arena, v2_call_header(request, STR("Fiware-ServicePath"), &header), &path));
    TRY(read_params(request, operation, ret_params));
    ret_params->query.service_path = path;
    return OK;
}

Error v2_call_read(const Request *request, V2Operation operation, V2Params *ret_params)
{
    TRY(check_accept(request));
    return v2_call_read_any(request, operation, ret_params);
}

Error v2_call_write_bare(const Request *request, V2Operation operation, V2Params *ret_params,
                         Str *ret_path)
{
    TRY(check_accept(request));
    Str header;
    TRY(v2_service_path_update_in(
        request->arena, v2_call_header(request, STR("Fiware-ServicePath"), &header), ret_path));
    return read_params(request, operation, ret_params);
}

Error v2_call_write(const Request *request, V2Operation operation, V2Params *ret_params,
                    Str *ret_path)
{
    TRY(v2_call_body(request));
    return v2_call_write_bare(request, operation, ret_params, ret_path);
}

Error v2_call_id(const Request *request, Str *ret_id)
{
    TRY(v2_path_id_check(request->arena, request->captures[0]));
    *ret_id = request->captures[0];
    return OK;
}

Error v2_call_attribute(const Request *request, Str *ret_name)
{
    TRY(v2_path_id_check(request->arena, request->captures[1]));
    *ret_name = request->captures[1];
    return OK;
}

Error v2_call_do(ApiCall *call, const EntityBatch *batch, EntityOutcome *ret_outcomes)
{
    Broker *broker = call->api->broker;
    TRY(broker->ops->write(broker, &call->broker, batch, ret_outcomes));
    return entity_outcomes_error(call->request->arena, batch, ret_outcomes);
}

Error v2_call_do_one(ApiCall *call, const EntityWrite *write, EntityOutcome *ret_outcome)
{
    const EntityBatch batch = {.writes = write, .count = 1};
    return v2_call_do(call, &batch, ret_outcome);
}

Error v2_call_count(const Request *request, int64_t total, Response *response)
{
    Buf text = buf_in(request->arena);
    buf_add_int(&text, total);
    Str count;
    TRY(buf_finish(&text, &count));
    return response_header(response, STR("Fiware-Total-Count"), count);
}
