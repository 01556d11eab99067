#include "v2_types.h"

#include "v2_call.h"
#include "v2_render.h"

static Error ask(ApiCall *call, Str type, const V2Params *params, TypeList *ret_types)
{
    const TypesQuery query = {.type = type,
                              .wants_attributes = params->show.representation != V2_VALUES,
                              .service_path = params->query.service_path};
    return v2_call_types(call, &query, ret_types);
}

Error v2_types_list(ApiCall *call, Response *response)
{
    V2Params params;
    TypeList list;
    Str json;
    TRY(v2_call_read(call->request, V2_LIST_TYPES, &params));
    TRY(ask(call, STR_EMPTY, &params, &list));
    size_t from =
        params.query.offset > (int64_t)list.count ? list.count : (size_t)params.query.offset;
    size_t rest = list.count - from;
    size_t count = (size_t)params.query.limit < rest ? (size_t)params.query.limit : rest;
    TRY(v2_types_render_in(call->request->arena, list.types + from, count,
                           params.show.representation, params.hides_attribute_types, &json));
    response_json(response, 200, json);
    return params.query.is_count_wanted
               ? v2_call_count(call->request, (int64_t)list.count, response)
               : OK;
}

Error v2_type_get(ApiCall *call, Response *response)
{
    V2Params params;
    TypeList list;
    Str type;
    Str json;
    TRY(v2_call_id(call->request, &type));
    TRY(v2_call_read(call->request, V2_GET_TYPE, &params));
    TRY(ask(call, type, &params, &list));
    ENSURE(list.count > 0, ENTITY_TYPE_NOT_FOUND, NULL);
    TRY(v2_type_render_in(call->request->arena, &list.types[0], params.hides_attribute_types,
                          &json));
    response_json(response, 200, json);
    return OK;
}
