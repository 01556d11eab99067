/* geo_value.h — the place that a geo value describes, as points, lines and rings.
 *
 * Reads geo:point, geo:line, geo:box and geo:polygon (texts "latitude, longitude") and geo:json
 * (all geometries of RFC 7946, a Feature's geometry, a FeatureCollection of one) into one form. A
 * place has no structure beyond its parts: a collection is what lies in it. Must never accept a
 * coordinate off Earth, an open ring or a number that is not finite.
 *
 * Layer: vault/entity. Thread-safe: pure. Standard: RFC 7946. */
#ifndef MUSUBI_GEO_VALUE_H
#define MUSUBI_GEO_VALUE_H

#include "geo.h"

/* Coordinates of one value: the detailed outline of a city, and no more than a check can bear. */
#define GEO_VALUE_POINTS_MAX 10000
#define GEO_BOX_RING_POINTS 5

typedef enum GeoPartKind {
    GEO_PART_POINT,
    GEO_PART_LINE,
    GEO_PART_RING, /* outer ring of a polygon, closed; its holes follow */
    GEO_PART_HOLE
} GeoPartKind;

typedef struct GeoPart {
    GeoPartKind kind;
    const GeoPoint *points;
    size_t count;
} GeoPart;

typedef struct GeoPlace {
    const GeoPart *parts;
    size_t count; /* 0: the value is null, which is no place */
} GeoPlace;

/* The point of a value that is one, without the detour over a tape; false for everything else, be
 * it wrong or only written unusually. */
bool geo_value_point(Str ngsi_type, Str json, GeoPoint *ret_point);

/* The closed ring around a box of two opposite corners. */
void geo_box_ring(const GeoPoint *corners, GeoPoint *ring);

/* The place of a value, in arena. Whether rings cross themselves is not looked at. Errors:
 * GEO_VALUE (argument: Orion's words), OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error geo_value_read_in(Arena *arena, Str ngsi_type, JsonValue value, GeoPlace *ret_place) MUST_USE;

#endif
