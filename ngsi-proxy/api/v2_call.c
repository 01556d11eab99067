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

/* --- the broker ------------------------------------------------------------------------------- */

/* What was decoded and checked, never the bytes that came: what another broker reads must be what
 * was looked at here. */
static Error tell(ApiCall *call, const EntityQuery *query, bool must_be_own)
{
    const Request *request = call->request;
    UpstreamParam *params = ARENA_MANY(request->arena, UpstreamParam, request->param_count);
    ENSURE_ALLOC(params, request->arena);
    for (size_t i = 0; i < request->param_count; i++) {
        params[i] = (UpstreamParam){request->params[i].name, request->params[i].value};
    }
    call->asked =
        (UpstreamAsk){.method = http_method_name(request->method),
                      .segments = request->segments,
                      .segment_count = request->segment_count,
                      .params = params,
                      .param_count = request->param_count,
                      .body = request->body,
                      .content_type = request_header_or_empty(request, STR("Content-Type")),
                      .accept = request_header_or_empty(request, STR("Accept")),
                      .service_path = request_header_or_empty(request, STR("Fiware-ServicePath")),
                      .correlator = request->correlator,
                      .query = query};
    call->raw = (RawAnswer){.is_given = false};
    call->broker.asked = &call->asked;
    call->broker.raw = must_be_own ? NULL : &call->raw;
    return OK;
}

Error v2_call_query(ApiCall *call, const V2Params *params, EntityPage *ret_page)
{
    Broker *broker = call->api->broker;
    TRY(tell(call, &params->query, false));
    return broker->ops->query(broker, &call->broker, &params->query, ret_page);
}

Error v2_call_get(ApiCall *call, Str id, const V2Params *params, Entity *ret_entity)
{
    Broker *broker = call->api->broker;
    TRY(tell(call, NULL, false));
    return broker->ops->get(broker, &call->broker, id, params->type, &params->query, ret_entity);
}

Error v2_call_types(ApiCall *call, const TypesQuery *query, TypeList *ret_types)
{
    Broker *broker = call->api->broker;
    TRY(tell(call, NULL, true));
    return broker->ops->types(broker, &call->broker, query, ret_types);
}

Error v2_call_do(ApiCall *call, const EntityBatch *batch, bool must_be_own,
                 EntityOutcome *ret_outcomes)
{
    Broker *broker = call->api->broker;
    TRY(tell(call, NULL, must_be_own));
    TRY(broker->ops->write(broker, &call->broker, batch, ret_outcomes));
    return v2_call_is_answered(call)
               ? OK
               : entity_outcomes_error(call->request->arena, batch, ret_outcomes);
}

Error v2_call_do_one(ApiCall *call, const EntityWrite *write, EntityOutcome *ret_outcome)
{
    const EntityBatch batch = {.writes = write, .count = 1};
    return v2_call_do(call, &batch, false, ret_outcome);
}

bool v2_call_is_answered(const ApiCall *call)
{
    return call->raw.is_given;
}

static Error give_header(Response *response, Str name, Str value)
{
    if (value.n == 0) {
        return OK;
    }
    ENSURE(!FAILED(response_header(response, name, value)), UPSTREAM_ANSWER, "a header");
    return OK;
}

Error v2_call_answer(const ApiCall *call, Response *response)
{
    const RawAnswer *raw = &call->raw;
    response->status = raw->status;
    response->content_type = raw->content_type;
    response->body = raw->body;
    TRY(give_header(response, STR("Location"), raw->location));
    TRY(give_header(response, STR("Fiware-Total-Count"), raw->total_count));
    return give_header(response, STR("Allow"), raw->allow);
}

Error v2_call_count(const Request *request, int64_t total, Response *response)
{
    Buf text = buf_in(request->arena);
    buf_add_int(&text, total);
    Str count;
    TRY(buf_finish(&text, &count));
    return response_header(response, STR("Fiware-Total-Count"), count);
}
