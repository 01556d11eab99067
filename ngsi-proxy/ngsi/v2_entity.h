/* v2_entity.h — NGSIv2 bodies ↔ Entity, normalized and keyValues.
 *
 * Reading applies Orion's checks with Orion's words; values stay the JSON text that was sent.
 * Writing shows members by name unless the caller gave an order. Must never know who asks or where
 * an entity lives.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_ENTITY_H
#define MUSUBI_V2_ENTITY_H

#include "entity_query.h"
#include "json_write.h"
#include "v2_params.h"

/* POST /v2/entities: id, type ("Thing" when not given) and attributes in ascending order. Texts are
 * views of the body or arena copies. Errors: JSON_SYNTAX, JSON_LIMIT, V2_* , ATTRIBUTE_* ,
 * METADATA_* , ENTITY_ID_TYPE …, NOT_SERVED (update operators, dateExpires), BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error v2_entity_parse(Arena *arena, Str body, bool is_key_values, Entity *ret_entity) MUST_USE;
/* The body of PATCH …/attrs: attributes alone, in the order sent; id and type are left "". Errors:
 * also EMPTY_PAYLOAD, PAYLOAD_HAS_ID, PAYLOAD_HAS_TYPE. */
Error v2_attributes_parse(Arena *arena, Str body, bool is_key_values, Entity *ret_entity) MUST_USE;

/* One entity as JSON text in the arena. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_entity_render_in(Arena *arena, const Entity *entity, const V2Show *show, Str *ret_json)
    MUST_USE;
/* A page as a JSON array. Errors: the same. */
Error v2_page_render_in(Arena *arena, const EntityPage *page, const V2Show *show, Str *ret_json)
    MUST_USE;

/* The Location of an entity that was created: /v2/entities/ID?type=TYPE. Errors: BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error v2_location_in(Arena *arena, const Entity *entity, Str *ret_location) MUST_USE;

#endif
