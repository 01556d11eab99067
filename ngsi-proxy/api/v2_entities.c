#include "v2_entities.h"

#include "enough_memory.h"
#include "v2_entity.h"
#include "v2_headers.h"
#include "v2_params.h"
#include "vault_call.h"

/* What a page is made of takes several times the room of its text. */
#define LARGE_PAGE_ENTITIES 100

static const Str *header_or_null(const Request *request, Str name, Str *storage)
{
    return request_header(request, name, storage) ? storage : NULL;
}

static Error check_accept(const Request *request)
{
    Str accept;
    return v2_accept_check(header_or_null(request, STR("Accept"), &accept));
}

/* Orion asks for a body before it asks what kind of body it is. */
static Error check_body(const Request *request)
{
    ENSURE(request->body.n > 0, BODY_MISSING, NULL);
    Str content_type;
    return v2_content_type_check(request->arena,
                                 header_or_null(request, STR("Content-Type"), &content_type));
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

static Error read_query(const Request *request, V2Operation operation, V2Params *ret_params)
{
    TRY(check_accept(request));
    Str header;
    Str path;
    TRY(v2_service_path_query_in(
        request->arena, header_or_null(request, STR("Fiware-ServicePath"), &header), &path));
    TRY(read_params(request, operation, ret_params));
    ret_params->query.service_path = path;
    return OK;
}

static Error read_write(const Request *request, V2Operation operation, V2Params *ret_params,
                        Str *ret_service_path)
{
    TRY(check_body(request));
    TRY(check_accept(request));
    Str header;
    TRY(v2_service_path_update_in(request->arena,
                                  header_or_null(request, STR("Fiware-ServicePath"), &header),
                                  ret_service_path));
    return read_params(request, operation, ret_params);
}

static Error add_count(const Request *request, int64_t total, Response *response)
{
    Buf text = buf_in(request->arena);
    buf_add_int(&text, total);
    Str count;
    TRY(buf_finish(&text, &count));
    return response_header(response, STR("Fiware-Total-Count"), count);
}

typedef struct ListWork {
    const V2Params *params;
    unsigned tries;
    EntityPage page;
    Str json;
} ListWork;

static Error list_query(ApiCall *call, void *context)
{
    ListWork *work = context;
    Broker *broker = call->api->broker;
    if (work->tries++ > 0) {
        TRY(vault_call_renew(&call->broker.vault)); /* the first try may have given it back */
    }
    return broker->ops->query(broker, &call->broker, &work->params->query, &work->page);
}

static Error list_render(ApiCall *call, void *context)
{
    ListWork *work = context;
    return v2_page_render_in(call->broker.vault.arena, &work->page, &work->params->show,
                             &work->json);
}

/* Two steps, so that what was released and logged is not asked for again when only the text needs
 * more room. */
Error v2_entities_list(ApiCall *call, Response *response)
{
    V2Params params;
    TRY(read_query(call->request, V2_LIST, &params));
    ListWork work = {.params = &params};
    bool is_large = params.query.limit > LARGE_PAGE_ENTITIES;
    TRY(enough_memory_run(call, is_large, list_query, &work));
    TRY(enough_memory_run(call, is_large, list_render, &work));
    response_json(response, 200, work.json);
    return params.query.is_count_wanted ? add_count(call->request, work.page.total, response) : OK;
}

Error v2_entity_get(ApiCall *call, Response *response)
{
    Broker *broker = call->api->broker;
    Str id = call->request->captures[0];
    V2Params params;
    Entity entity;
    Str json;
    TRY(v2_path_id_check(call->request->arena, id));
    TRY(read_query(call->request, V2_GET, &params));
    TRY(broker->ops->get(broker, &call->broker, id, params.type, &params.query, &entity));
    TRY(v2_entity_render_in(call->request->arena, &entity, &params.show, &json));
    response_json(response, 200, json);
    return OK;
}

Error v2_entities_create(ApiCall *call, Response *response)
{
    Broker *broker = call->api->broker;
    const Request *request = call->request;
    EntityWrite write = {.kind = ENTITY_CREATE};
    V2Params params;
    Str location;
    TRY(read_write(request, V2_CREATE, &params, &write.service_path));
    TRY(v2_entity_parse(request->arena, request->body, params.is_key_values, &write.entity));
    TRY(v2_location_in(request->arena, &write.entity, &location));
    EntityBatch batch = {.writes = &write, .count = 1};
    EntityOutcome outcome;
    TRY(broker->ops->write(broker, &call->broker, &batch, &outcome));
    TRY(outcome.refusal);
    response_empty(response, 201);
    return response_header(response, STR("Location"), location);
}

Error v2_entity_attributes_update(ApiCall *call, Response *response)
{
    Broker *broker = call->api->broker;
    const Request *request = call->request;
    EntityWrite write = {.kind = ENTITY_UPDATE};
    V2Params params;
    TRY(v2_path_id_check(request->arena, request->captures[0]));
    TRY(read_write(request, V2_UPDATE, &params, &write.service_path));
    TRY(v2_attributes_parse(request->arena, request->body, params.is_key_values,
                            &write.entity));
    write.entity.id = request->captures[0];
    write.entity.type = params.type;
    EntityBatch batch = {.writes = &write, .count = 1};
    EntityOutcome outcome;
    TRY(broker->ops->write(broker, &call->broker, &batch, &outcome));
    TRY(outcome.refusal);
    response_empty(response, 204);
    return OK;
}
