/* v2_repeated.h — names the attribute that a refused body holds twice.
 *
 * The strict reader refuses repeated members as a syntax error; Orion says which attribute it was.
 * Only looked at once a body is refused; must never make a refused body acceptable.
 *
 * Layer: ngsi-proxy/ngsi; used by v2_entity alone. Thread-safe: pure. */
#ifndef MUSUBI_V2_REPEATED_H
#define MUSUBI_V2_REPEATED_H

#include "json.h"

/* Whether body would be a valid JSON object but for one member name at the top level that occurs
 * again; gives that name, decoded, in the arena. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_repeated_find(Arena *arena, Str body, bool *ret_is_found, Str *ret_name) MUST_USE;

#endif
