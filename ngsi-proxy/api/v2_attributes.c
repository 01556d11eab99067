#include "v2_attributes.h"

#include "v2_attribute.h"
#include "v2_call.h"
#include "v2_entity.h"
#include "v2_headers.h"
#include "v2_render.h"

/* --- all attributes of an entity -------------------------------------------------------------- */

Error v2_attributes_get(ApiCall *call, Response *response)
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
    TRY(v2_attributes_render_in(call->request->arena, &entity, &params.show, &json));
    response_json(response, 200, json);
    return OK;
}

static Error attributes_write(ApiCall *call, V2Operation operation, EntityWriteKind kind,
                              Response *response)
{
    const Request *request = call->request;
    EntityWrite write = {.kind = kind};
    EntityOutcome outcome;
    V2Params params;
    Str id;
    TRY(v2_call_id(request, &id));
    TRY(v2_call_write(request, operation, &params, &write.service_path));
    TRY(v2_attributes_parse(request->arena, request->body, params.is_key_values, &write.entity));
    write.entity.id = id;
    write.entity.type = params.type;
    write.overrides_metadata = params.overrides_metadata;
    if (kind == ENTITY_APPEND && params.is_append) {
        write.kind = ENTITY_APPEND_STRICT;
    }
    TRY(v2_call_do_one(call, &write, &outcome));
    if (v2_call_is_answered(call)) {
        return v2_call_answer(call, response);
    }
    response_empty(response, 204);
    return OK;
}

Error v2_attributes_append(ApiCall *call, Response *response)
{
    return attributes_write(call, V2_APPEND, ENTITY_APPEND, response);
}

Error v2_attributes_update(ApiCall *call, Response *response)
{
    return attributes_write(call, V2_UPDATE, ENTITY_UPDATE, response);
}

Error v2_attributes_replace(ApiCall *call, Response *response)
{
    return attributes_write(call, V2_REPLACE, ENTITY_REPLACE, response);
}

/* --- one attribute ---------------------------------------------------------------------------- */

/* One attribute is asked for by its name: nothing else is read. */
static Error get_one(ApiCall *call, Str id, Str name, V2Params *params, Entity *ret_entity)
{
    params->query.attributes = (StrList){.items = &name, .count = 1};
    return v2_call_get(call, id, params, ret_entity);
}

Error v2_attribute_get(ApiCall *call, Response *response)
{
    V2Params params;
    Entity entity;
    Str id;
    Str name;
    Str json;
    TRY(v2_call_id(call->request, &id));
    TRY(v2_call_attribute(call->request, &name));
    TRY(v2_call_read(call->request, V2_GET_ATTRIBUTE, &params));
    TRY(get_one(call, id, name, &params, &entity));
    if (v2_call_is_answered(call)) {
        return v2_call_answer(call, response);
    }
    TRY(v2_attribute_render_in(call->request->arena, &entity, name, &params.show, &json));
    response_json(response, 200, json);
    return OK;
}

/* An attribute that is addressed alone is a resource of its own: without it there is nothing here.
 */
static Error write_one(ApiCall *call, const EntityWrite *write, Response *response)
{
    EntityOutcome outcome = {.refusal = OK};
    Error error = v2_call_do_one(call, write, &outcome);
    if (outcome.refusal.reason == REASON_ATTRIBUTES_MISSING) {
        return FAIL(ATTRIBUTE_NOT_FOUND, NULL);
    }
    TRY(error);
    if (v2_call_is_answered(call)) {
        return v2_call_answer(call, response);
    }
    response_empty(response, 204);
    return OK;
}

Error v2_attribute_put(ApiCall *call, Response *response)
{
    const Request *request = call->request;
    Attribute attribute;
    EntityWrite write = {.kind = ENTITY_UPDATE};
    V2Params params;
    Str name;
    TRY(v2_call_id(request, &write.entity.id));
    TRY(v2_call_attribute(request, &name));
    TRY(v2_call_write(request, V2_PUT_ATTRIBUTE, &params, &write.service_path));
    TRY(v2_attribute_body_parse(request->arena, name, request->body, &attribute));
    write.entity.type = params.type;
    write.entity.attributes = &attribute;
    write.entity.attribute_count = 1;
    write.overrides_metadata = params.overrides_metadata;
    return write_one(call, &write, response);
}

Error v2_attribute_delete(ApiCall *call, Response *response)
{
    Attribute attribute = {.value = STR("null")};
    EntityWrite write = {.kind = ENTITY_DELETE_ATTRIBUTES};
    V2Params params;
    TRY(v2_call_id(call->request, &write.entity.id));
    TRY(v2_call_attribute(call->request, &attribute.name));
    TRY(v2_call_write_bare(call->request, V2_DELETE_ATTRIBUTE, &params, &write.service_path));
    write.entity.type = params.type;
    write.entity.attributes = &attribute;
    write.entity.attribute_count = 1;
    return write_one(call, &write, response);
}

/* --- its value -------------------------------------------------------------------------------- */

Error v2_value_get(ApiCall *call, Response *response)
{
    V2Accept accept;
    V2Params params;
    Entity entity;
    Str header;
    Str id;
    Str name;
    Str body;
    bool is_text = false;
    TRY(v2_call_id(call->request, &id));
    TRY(v2_call_attribute(call->request, &name));
    TRY(v2_value_accept_read(v2_call_header(call->request, STR("Accept"), &header), &accept));
    TRY(v2_call_read_any(call->request, V2_GET_VALUE, &params));
    TRY(get_one(call, id, name, &params, &entity));
    if (v2_call_is_answered(call)) {
        return v2_call_answer(call, response);
    }
    TRY(v2_value_render_in(call->request->arena, &entity, name, &accept, &body, &is_text));
    response_json(response, 200, body);
    response->content_type = is_text ? STR("text/plain") : response->content_type;
    return OK;
}

static Error read_value(const Request *request, Str name, Attribute *ret_attribute)
{
    ENSURE(request->body.n > 0, BODY_MISSING, NULL);
    Str header;
    bool is_text = false;
    TRY(v2_value_content_type_read(
        request->arena, v2_call_header(request, STR("Content-Type"), &header), &is_text));
    return is_text ? v2_value_parse_text(request->arena, name, request->body, ret_attribute)
                   : v2_value_parse_json(request->arena, name, request->body, ret_attribute);
}

Error v2_value_put(ApiCall *call, Response *response)
{
    Attribute attribute;
    EntityWrite write = {.kind = ENTITY_UPDATE};
    V2Params params;
    Str name;
    TRY(v2_call_id(call->request, &write.entity.id));
    TRY(v2_call_attribute(call->request, &name));
    TRY(read_value(call->request, name, &attribute));
    TRY(v2_call_write_bare(call->request, V2_PUT_VALUE, &params, &write.service_path));
    write.entity.type = params.type;
    write.entity.attributes = &attribute;
    write.entity.attribute_count = 1;
    return write_one(call, &write, response);
}
