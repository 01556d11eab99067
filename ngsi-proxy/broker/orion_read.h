/* orion_read.h — entities and types out of another broker's JSON.
 *
 * The reader is strict about JSON and about the shape of the answer, and takes names and values as
 * they are: what is stored there is not judged again. Dates of entities and attributes, which come
 * as builtin attributes and metadata, become the model's own. Must never let through half an
 * answer.
 *
 * Layer: ngsi-proxy/broker; used by the orion_* files alone. Thread-safe: pure. Standard: NGSIv2.
 */
#ifndef MUSUBI_ORION_READ_H
#define MUSUBI_ORION_READ_H

#include "entity_query.h"
#include "json.h"

/* What is asked for so that an entity is complete; "metadata" likewise. */
#define ORION_ATTRIBUTES STR("*,dateCreated,dateModified,dateExpires,servicePath")
#define ORION_METADATA STR("*,dateCreated,dateModified")

/* The whole text. Errors: UPSTREAM_ANSWER (not JSON, or too much of it), BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error orion_read_json(Arena *arena, Str text, JsonValue *ret_root) MUST_USE;
/* An entity in normalized form. Errors: UPSTREAM_ANSWER, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error orion_read_entity(Arena *arena, JsonValue json, Entity *ret_entity) MUST_USE;
/* An array of them. Errors: as orion_read_entity. */
Error orion_read_entities(Arena *arena, Str text, Entity **ret_entities, size_t *ret_count)
    MUST_USE;
/* {"attrs", "count"} of a type, in a list with "type" beside them. Attributes ascending by name.
 * Errors: as orion_read_entity. */
Error orion_read_type(Arena *arena, JsonValue json, TypeInfo *info) MUST_USE;

#endif
