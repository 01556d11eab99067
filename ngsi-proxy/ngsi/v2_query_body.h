/* v2_query_body.h — the body of POST /v2/op/query: entities, attrs, expression, metadata.
 *
 * Orion's checks in Orion's order with Orion's words. Must never drop a condition; members of
 * expression that Orion does not know are passed over, as there.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2. Requirement: A-22. */
#ifndef MUSUBI_V2_QUERY_BODY_H
#define MUSUBI_V2_QUERY_BODY_H

#include "v2_params.h"

/* Completes what v2_params_read gave for V2_BATCH_QUERY: one selector for each item of entities
 * (none: all entities), filter, place, what to show and which attributes that needs. Texts are
 * views of the body or arena copies. params is untouched on failure. Errors: JSON_SYNTAX,
 * JSON_LIMIT, ATTRIBUTE_REPEATED, EMPTY_PAYLOAD, BODY_FIELD_UNKNOWN, BATCH_ENTITIES,
 * ENTITY_NOT_OBJECT, ENTITY_ID_NEITHER, ENTITY_ID_BOTH, V2_*, QUERY_*, FILTER_*, ORDER_PLACE,
 * OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error v2_query_body_parse(Arena *arena, Str body, V2Params *params) MUST_USE;

#endif
