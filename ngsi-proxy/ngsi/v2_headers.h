/* v2_headers.h — the request headers that NGSIv2 gives a meaning: service path and media types.
 *
 * Checks in Orion's order with Orion's words. Must never see a whole request: callers hand over
 * header values, so that the codecs stay pure.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_HEADERS_H
#define MUSUBI_V2_HEADERS_H

#include <stdbool.h>

#include "arena.h"
#include "error.h"
#include "str.h"

#define V2_SERVICE_PATHS_MAX 10
#define V2_SERVICE_PATH_LEVELS_MAX 10
#define V2_SERVICE_PATH_LEVEL_BYTES_MAX 50

/* Fiware-ServicePath of a query → the paths asked for, comma-separated and without trailing
 * slashes; "" when the header is absent (header NULL), which means all paths. Result in the arena.
 * Errors: SERVICE_PATH_* , BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_service_path_query_in(Arena *arena, const Str *header, Str *ret_path) MUST_USE;
/* The same for a write: one path, no '#'; "/" when the header is absent. Errors: the same. */
Error v2_service_path_update_in(Arena *arena, const Str *header, Str *ret_path) MUST_USE;

/* Whether the body's Content-Type (NULL when absent) is application/json, with or without
 * parameters. Errors: CONTENT_TYPE_MISSING, MEDIA_TYPE. */
Error v2_content_type_check(Arena *arena, const Str *header) MUST_USE;
/* The same for PUT …/value; *ret_is_text tells application/json and text/plain apart. Errors: the
 * same. */
Error v2_value_content_type_read(Arena *arena, const Str *header, bool *ret_is_text) MUST_USE;
/* Whether Accept (NULL when absent) allows application/json. Errors: ACCEPT_NONE, ACCEPT_JSON_ONLY
 * (the caller accepts text/plain: Orion sends the refusal as that). */
Error v2_accept_check(const Str *header) MUST_USE;

/* How a value may be sent. */
typedef struct V2Accept {
    bool takes_text;
    bool prefers_text; /* also objects and arrays go out as text/plain */
} V2Accept;

/* The Accept of GET …/value (NULL when absent), q-values respected: scalars go out as text/plain,
 * objects and arrays as what is preferred. Errors: ACCEPT_NONE. */
Error v2_value_accept_read(const Str *header, V2Accept *ret_accept) MUST_USE;

#endif
