/* v2_attribute.h — one attribute of an NGSIv2 body, normalized or as a bare value, with its
 * metadata.
 *
 * Layer: ngsi-proxy/ngsi; used by v2_entity alone. Must never touch id and type of the entity.
 * Thread-safe: pure. Standard: NGSIv2. */
#ifndef MUSUBI_V2_ATTRIBUTE_H
#define MUSUBI_V2_ATTRIBUTE_H

#include "entity.h"
#include "json.h"

/* {"type", "value", "metadata"} → attribute; names, characters and dates are checked. Texts are
 * views of the body or arena copies. Errors: ATTRIBUTE_*, METADATA_*, V2_*, NOT_SERVED,
 * BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_attribute_parse(Arena *arena, Str name, JsonValue json, Attribute *ret_attribute) MUST_USE;
/* A bare value (keyValues) → attribute of the value's default type. Errors: V2_*, NOT_SERVED, …. */
Error v2_attribute_parse_value(Arena *arena, Str name, JsonValue json, Attribute *ret_attribute)
    MUST_USE;

#endif
