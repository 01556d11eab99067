/* v2_render.h — entities, attributes, values and types as NGSIv2 shows them.
 *
 * Members stand by name unless the caller gave an order; what Musubi computes (dates, service path,
 * the expiry) is shown on request only. Values go out as the text that was stored, moments in UTC
 * with milliseconds. Must never know who asks or where an entity lives.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_RENDER_H
#define MUSUBI_V2_RENDER_H

#include "entity_query.h"
#include "json_write.h"
#include "v2_headers.h"
#include "v2_params.h"

/* One entity as JSON text in the arena, in the representation asked for. Errors: BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error v2_entity_render_in(Arena *arena, const Entity *entity, const V2Show *show, Str *ret_json)
    MUST_USE;
/* A page as a JSON array. Errors: the same. */
Error v2_page_render_in(Arena *arena, const EntityPage *page, const V2Show *show, Str *ret_json)
    MUST_USE;
/* GET …/attrs: the entity without id and type. Errors: the same. */
Error v2_attributes_render_in(Arena *arena, const Entity *entity, const V2Show *show, Str *ret_json)
    MUST_USE;
/* GET …/attrs/{a}: {"type", "value", "metadata"}. Of show only metadata counts. Errors: also
 * ATTRIBUTE_NOT_FOUND. */
Error v2_attribute_render_in(Arena *arena, const Entity *entity, Str name, const V2Show *show,
                             Str *ret_json) MUST_USE;
/* GET …/attrs/{a}/value: JSON text, or plain text when *ret_is_text (scalars always; strings stand
 * in quotes and without escapes). Errors: ATTRIBUTE_NOT_FOUND, ACCEPT_TEXT_ONLY, BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error v2_value_render_in(Arena *arena, const Entity *entity, Str name, const V2Accept *accept,
                         Str *ret_body, bool *ret_is_text) MUST_USE;

/* GET /v2/types: count types as a JSON array; only their names in the representation V2_VALUES.
 * hides_attribute_types: options=noAttrDetail. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_types_render_in(Arena *arena, const TypeInfo *types, size_t count,
                         V2Representation representation, bool hides_attribute_types, Str *ret_json)
    MUST_USE;
/* GET /v2/types/{t}: {"attrs", "count"}. Errors: the same. */
Error v2_type_render_in(Arena *arena, const TypeInfo *type, bool hides_attribute_types,
                        Str *ret_json) MUST_USE;

#endif
