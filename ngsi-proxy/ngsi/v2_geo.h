/* v2_geo.h — georel, geometry and coords → GeoFilter, with Orion's refusals in Orion's words.
 *
 * One grammar for the URI parameters and for the "expression" of op/query and subscriptions; the
 * two differ in what must be given together and in how a refusal begins. coords are pairs latitude,
 * longitude separated by semicolons. Must never decode and never judge a value that is stored.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2 "Geographical Queries". */
#ifndef MUSUBI_V2_GEO_H
#define MUSUBI_V2_GEO_H

#include "geo.h"

/* As sent, decoded; "" = absent. */
typedef struct V2Geo {
    Str georel;
    Str geometry;
    Str coords;
} V2Geo;

/* URI parameters. *ret_filter is NULL without georel: then geometry and coords are checked and left
 * aside, as Orion does. In arena. Errors: GEO_SHAPE, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error v2_geo_params_in(Arena *arena, const V2Geo *geo, const GeoFilter **ret_filter) MUST_USE;
/* The three members of an expression object; others are not looked at. *ret_filter is NULL when
 * none is there. Errors: QUERY_TEXT, QUERY_TEXT_EMPTY, QUERY_GEO_PARTS, QUERY_GEO, OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error v2_geo_expression_in(Arena *arena, JsonValue expression, const GeoFilter **ret_filter)
    MUST_USE;

#endif
