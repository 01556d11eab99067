/* v2_attribute.h — one attribute of NGSIv2, with its metadata: inside an entity, as a body of its
 * own, or its value alone.
 *
 * Builtin metadata (dates, previousValue, actionType) can't be given and are passed over, as Orion
 * does. Must never touch id and type of the entity.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2. */
#ifndef MUSUBI_V2_ATTRIBUTE_H
#define MUSUBI_V2_ATTRIBUTE_H

#include "entity.h"
#include "json.h"

/* {"type", "value", "metadata"} → attribute; names, characters, dates and places are checked. Texts
 * are views of the body or arena copies. Errors: ATTRIBUTE_*, METADATA_*, V2_*, GEO_VALUE,
 * BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_attribute_parse(Arena *arena, Str name, JsonValue json, Attribute *ret_attribute) MUST_USE;
/* A bare value (keyValues) → attribute of the value's default type. Errors: V2_*, …. */
Error v2_attribute_parse_value(Arena *arena, Str name, JsonValue json, Attribute *ret_attribute)
    MUST_USE;

/* PUT …/attrs/{a}: the body is the attribute; {} sets it to null. Errors: also JSON_SYNTAX,
 * JSON_LIMIT. */
Error v2_attribute_body_parse(Arena *arena, Str name, Str body, Attribute *ret_attribute) MUST_USE;
/* PUT …/attrs/{a}/value with application/json: an object or array. The attribute's type is "": the
 * stored one stays. Errors: JSON_SYNTAX, JSON_LIMIT, VALUE_NOT_COMPOUND, V2_*, BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error v2_value_parse_json(Arena *arena, Str name, Str body, Attribute *ret_attribute) MUST_USE;
/* The same with text/plain: a string in quotes, true, false, null or a number. Errors:
 * VALUE_QUOTE_MISSING, VALUE_NOT_RECOGNIZED, V2_*, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_value_parse_text(Arena *arena, Str name, Str body, Attribute *ret_attribute) MUST_USE;

#endif
