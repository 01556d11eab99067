/* v2_params.h — the URI parameters of NGSIv2's entity routes → EntityQuery and what to show.
 *
 * A parameter that Orion does not know is ignored, as Orion does; one that it knows and Musubi does
 * not serve yet is refused with 501, because an ignored filter answers more than was asked for.
 * Must never decode: values come decoded.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_PARAMS_H
#define MUSUBI_V2_PARAMS_H

#include <stdbool.h>

#include "entity_query.h"

#define V2_LIMIT_DEFAULT 20
#define V2_LIMIT_MAX 1000
#define V2_LIST_ITEMS_MAX 1000

/* One parameter as it was sent, decoded. */
typedef struct V2Param {
    Str name;
    Str value;
} V2Param;

typedef enum V2Operation {
    V2_LIST,   /* GET /v2/entities */
    V2_GET,    /* GET /v2/entities/{id} */
    V2_CREATE, /* POST /v2/entities */
    V2_UPDATE, /* PATCH /v2/entities/{id}/attrs */
    V2_OPERATION_COUNT_
} V2Operation;

/* Which members an answer shows and in which order; empty = all attributes by name. May hold "*"
 * and builtin names. */
typedef struct V2Show {
    StrList attributes;
    bool is_key_values;
} V2Show;

typedef struct V2Params {
    EntitySelector selector; /* V2_LIST: what the query's selectors are to point to */
    EntityQuery query;       /* service_path is left "", selectors empty */
    Str type;                /* V2_GET, V2_UPDATE: the type parameter, "" when absent */
    V2Show show;
} V2Params;

/* Reads and checks all parameters. Lists live in the arena, texts in the parameters.
 * Errors: PARAM_EMPTY, PARAM_VALUE, HTTP_BAD_QUERY, PARAM_REPEATED, PARAM_ITEMS,
 * PARAMS_INCOMPATIBLE, PAGE_LIMIT, PAGE_LIMIT_MAX, PAGE_OFFSET, NOT_SERVED, BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error v2_params_read(Arena *arena, V2Operation operation, const V2Param *params, size_t count,
                     V2Params *ret_params) MUST_USE;

/* The {id} of a path, decoded. Errors: UNKNOWN_ROUTE (it holds a slash), HTTP_BAD_TARGET,
 * V2_LENGTH_MAX. */
Error v2_path_id_check(Arena *arena, Str id) MUST_USE;

/* Names that Musubi computes: dateCreated, dateModified, servicePath (shown on request only). */
bool v2_is_builtin(Str attribute);

#endif
