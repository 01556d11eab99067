#include "v2_entities.h"

#include "enough_memory.h"
#include "v2_call.h"
#include "v2_entity.h"
#include "v2_render.h"
#include "vault_call.h"

/* What a page is made of takes several times the room of its text. */
#define LARGE_PAGE_ENTITIES 100

typedef struct ListWork {
    const V2Params *params;
    unsigned tries;
    EntityPage page;
    Str json;
} ListWork;

static Error list_query(ApiCall *call, void *context)
{
    ListWork *work = context;
    if (work->tries++ > 0) {
        TRY(vault_call_renew(&call->broker.vault)); /* the first try may have given it back */
    }
    return v2_call_query(call, work->params, &work->page);
}

static Error list_render(ApiCall *call, void *context)
{
    ListWork *work = context;
    return v2_page_render_in(call->broker.vault.arena, &work->page, &work->params->show,
                             &work->json);
}

/* Two steps, so that what was released and logged is not asked for again when only the text needs
 * more room. */
Error v2_entities_answer(ApiCall *call, const V2Params *params, Response *response)
{
    ListWork work = {.params = params};
    bool is_large = params->query.limit > LARGE_PAGE_ENTITIES;
    TRY(enough_memory_run(call, is_large, list_query, &work));
    if (v2_call_is_answered(call)) {
        return v2_call_answer(call, response);
    }
    TRY(enough_memory_run(call, is_large, list_render, &work));
    response_json(response, 200, work.json);
    return params->query.is_count_wanted ? v2_call_count(call->request, work.page.total, response)
                                         : OK;
}

Error v2_entities_list(ApiCall *call, Response *response)
{
    V2Params params;
    TRY(v2_call_read(call->request, V2_LIST, &params));
    return v2_entities_answer(call, &params, response);
}

Error v2_entity_get(ApiCall *call, Response *response)
{
    V2Params params;
    Entity entity;
    Str id;
    Str json;
    TRY(v2_call_id(call->request, &id));
    TRY(v2_call_read(call->request, V2_GET, &params));
    TRY(v2_call_get(call, id, &params, &entity));
    if (v2_call_is_answered(call)) {
        return v2_call_answer(call, response);
    }
    TRY(v2_entity_render_in(call->request->arena, &entity, &params.show, &json));
    response_json(response, 200, json);
    return OK;
}

Error v2_entities_create(ApiCall *call, Response *response)
{
    const Request *request = call->request;
    EntityWrite write = {.kind = ENTITY_CREATE};
    EntityOutcome outcome;
    V2Params params;
    Str location;
    TRY(v2_call_write(request, V2_CREATE, &params, &write.service_path));
    TRY(v2_entity_parse(request->arena, request->body, params.is_key_values, &write.entity));
    TRY(v2_location_in(request->arena, &write.entity, &location));
    write.kind = params.is_upsert ? ENTITY_UPSERT : ENTITY_CREATE;
    TRY(v2_call_do_one(call, &write, &outcome));
    if (v2_call_is_answered(call)) {
        return v2_call_answer(call, response);
    }
    response_empty(response, params.is_upsert ? 204 : 201); /* an upsert does not tell which */
    return response_header(response, STR("Location"), location);
}

Error v2_entity_delete(ApiCall *call, Response *response)
{
    EntityWrite write = {.kind = ENTITY_DELETE};
    EntityOutcome outcome;
    V2Params params;
    TRY(v2_call_id(call->request, &write.entity.id));
    TRY(v2_call_write_bare(call->request, V2_DELETE, &params, &write.service_path));
    write.entity.type = params.type;
    TRY(v2_call_do_one(call, &write, &outcome));
    if (v2_call_is_answered(call)) {
        return v2_call_answer(call, response);
    }
    response_empty(response, 204);
    return OK;
}
