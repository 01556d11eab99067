/* v2_params.h — the URI parameters of all NGSIv2 routes for entities and types → what is asked and
 * what to show.
 *
 * A parameter that Orion does not know is ignored, as Orion does; one that it knows is understood
 * or refused, never dropped: an ignored filter answers more than was asked for. Must never decode:
 * values come decoded.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2. Spec: 6(5)ア. Requirement: A-22. */
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
    V2_LIST,             /* GET /v2/entities */
    V2_CREATE,           /* POST /v2/entities */
    V2_GET,              /* GET /v2/entities/{id} and …/attrs */
    V2_DELETE,           /* DELETE /v2/entities/{id} */
    V2_APPEND,           /* POST …/attrs */
    V2_UPDATE,           /* PATCH …/attrs */
    V2_REPLACE,          /* PUT …/attrs */
    V2_GET_ATTRIBUTE,    /* GET …/attrs/{a} */
    V2_PUT_ATTRIBUTE,    /* PUT …/attrs/{a} */
    V2_DELETE_ATTRIBUTE, /* DELETE …/attrs/{a} */
    V2_GET_VALUE,        /* GET …/attrs/{a}/value */
    V2_PUT_VALUE,        /* PUT …/attrs/{a}/value */
    V2_LIST_TYPES,       /* GET /v2/types */
    V2_GET_TYPE,         /* GET /v2/types/{t} */
    V2_BATCH_UPDATE,     /* POST /v2/op/update */
    V2_BATCH_QUERY,      /* POST /v2/op/query: see v2_query_body.h */
    V2_BATCH_NOTIFY,     /* POST /v2/op/notify */
    V2_OPERATION_COUNT_
} V2Operation;

typedef enum V2Representation {
    V2_NORMALIZED,
    V2_KEY_VALUES,
    V2_VALUES, /* an array of values for each entity */
    V2_UNIQUE  /* the same, each value once */
} V2Representation;

/* What of an entity an answer shows. */
typedef struct V2Show {
    StrList attributes; /* in this order; empty = all by name. May hold "*" and builtin names, and
                           names that no attribute has ("id") */
    StrList metadata;   /* empty = all that were written. May hold "*" (those) and builtin names */
    V2Representation representation;
} V2Show;

typedef struct V2Params {
    EntityQuery query; /* all but service_path, which is left ""; selectors live in the arena; none
                          when neither id nor type restricts */
    Str type;          /* of one entity: the type parameter, "" when absent */
    V2Show show;
    /* Words among the options that concern writes and types. */
    bool is_key_values;         /* the body is in key-value form */
    bool is_append;             /* options=append: only attributes that are not there yet */
    bool is_upsert;             /* options=upsert */
    bool overrides_metadata;    /* options=overrideMetadata */
    bool is_forced;             /* options=forcedUpdate: notify though nothing changed */
    bool hides_attribute_types; /* options=noAttrDetail */
} V2Params;

/* Reads and checks all parameters; what means nothing to the operation is checked and left aside.
 * query.attributes holds what the answer needs, empty = all. Lists live in the arena, texts in the
 * parameters. Errors: PARAM_EMPTY, PARAM_VALUE, HTTP_BAD_QUERY, PARAM_REPEATED, PARAM_ITEMS,
 * PARAM_PLACE, PARAMS_INCOMPATIBLE, PAGE_LIMIT, PAGE_LIMIT_MAX, PAGE_OFFSET, PATTERN_INVALID, those
 * of v2_filter.h, v2_order.h and v2_geo.h, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error v2_params_read(Arena *arena, V2Operation operation, const V2Param *params, size_t count,
                     V2Params *ret_params) MUST_USE;

/* The {id} of a path, decoded. Errors: UNKNOWN_ROUTE (it holds a slash), HTTP_BAD_TARGET,
 * V2_LENGTH_MAX. */
Error v2_path_id_check(Arena *arena, Str id) MUST_USE;

/* Names that Musubi computes: dateCreated, dateModified, servicePath (shown on request only). */
bool v2_is_builtin(Str attribute);
/* Which attributes of an entity an answer needs that shows these: empty = all. */
StrList v2_needed_attributes(StrList shown);
/* Whether the pattern holds for everything (".*"), so that none is needed. */
bool v2_is_any_pattern(Str text);

#endif
