/* target.h — the one decoder of request targets: path segments and query parameters, from the raw
 * bytes, once.
 *
 * libmicrohttpd hands out paths that are decoded already and cut at %00; what decides here is the
 * raw target. Must never be applied to its own result, and never repair: a bad percent code is
 * refused, not passed on.
 *
 * Layer: ngsi-proxy/http. Thread-safe: pure. Requirement: A-5. Standard: RFC 3986 §3.3, §3.4. */
#ifndef MUSUBI_TARGET_H
#define MUSUBI_TARGET_H

#include "request.h"

typedef struct Target {
    Str path;  /* raw, before the first '?' */
    Str query; /* raw, after it; "" when there is none */
    const Str *segments;
    size_t segment_count;
} Target;

/* Splits a raw target and decodes its path. Refused: not starting with '/', control bytes, blanks,
 * '#', backslashes and bytes that are no UTF-8 (raw or decoded), bad percent codes, empty segments
 * but for one at the end, "." and "..". Errors: HTTP_BAD_TARGET, UNKNOWN_ROUTE (%2f or %5c in a
 * segment: Orion's answer), BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error target_decode_in(Arena *arena, Str raw, Target *ret_target) MUST_USE;

/* Decodes a query string or a form body. is_plus_blank: '+' stands for a blank (NGSIv2 as Orion
 * reads it, forms). Empty parts ("a=1&&b=2") are skipped. Refused: bad percent codes, %00, raw
 * control bytes and blanks, no UTF-8, a part without a name, more than REQUEST_PARAMS_MAX parts.
 * Array in the arena. Errors: HTTP_BAD_QUERY, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error query_decode_in(Arena *arena, Str raw, bool is_plus_blank, const QueryParam **ret_params,
                      size_t *ret_count) MUST_USE;

#endif
