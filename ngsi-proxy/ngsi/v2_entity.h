/* v2_entity.h — the NGSIv2 bodies of entities, normalized and keyValues, as Entity.
 *
 * Orion's checks in Orion's order with Orion's words; values stay the JSON text that was sent, in
 * its canonical form. An attribute that came without a type has the default type of its value.
 * Update operators pass as the objects that they are. Must never know what is stored.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_ENTITY_H
#define MUSUBI_V2_ENTITY_H

#include "entity_query.h"
#include "json.h"

/* POST /v2/entities: id, type ("Thing" when not given) and attributes in ascending order. Texts are
 * views of the body or arena copies. Errors: JSON_SYNTAX, JSON_LIMIT, V2_* , ATTRIBUTE_* ,
 * METADATA_* , GEO_VALUE, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_entity_parse(Arena *arena, Str body, bool is_key_values, Entity *ret_entity) MUST_USE;
/* POST, PATCH and PUT …/attrs: attributes alone, in the order sent; id and type are left "".
 * Errors: also EMPTY_PAYLOAD, PAYLOAD_HAS_ID, PAYLOAD_HAS_TYPE. */
Error v2_attributes_parse(Arena *arena, Str body, bool is_key_values, Entity *ret_entity) MUST_USE;
/* An entity inside a batch: object with id and, unless left out (then ""), type; attributes in the
 * order sent. Errors: ENTITY_NOT_OBJECT, ENTITY_ID_NEITHER, ENTITY_ID_BOTH, ENTITY_ID_PATTERN,
 * V2_*, ATTRIBUTE_*, METADATA_*, GEO_VALUE, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_batch_entity_parse(Arena *arena, JsonValue json, bool is_key_values, Entity *ret_entity)
    MUST_USE;

/* Any body that must be a JSON object. Errors: JSON_SYNTAX, JSON_LIMIT, ATTRIBUTE_REPEATED (the
 * only fault is a member that is there twice), BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_object_parse(Arena *arena, Str body, JsonValue *ret_root) MUST_USE;

/* The Location of an entity that was created: /v2/entities/ID?type=TYPE. Errors: BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error v2_location_in(Arena *arena, const Entity *entity, Str *ret_location) MUST_USE;

#endif
