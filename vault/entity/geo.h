/* geo.h — places: the geo values of NGSIv2, and questions about where an entity is.
 *
 * An entity has at most one location: its attribute of a geo type without metadata ignoreType =
 * true. Predicates are GEOS's on longitude and latitude; distances are great-circle metres on
 * MongoDB's sphere (radius 6,378,100 m), since that is what Orion measures with. Must never see a
 * value finer than the one the caller may see.
 *
 * Layer: vault/entity. Thread-safe: a GeoMatcher is single-owner; the rest is pure. Requirement:
 * consent rule 7. Standard: NGSIv2 "Geospatial properties of entities", RFC 7946. */
#ifndef MUSUBI_GEO_H
#define MUSUBI_GEO_H

#include <stdbool.h>

#include "entity.h"
#include "json.h"

#define GEO_POINTS_MAX 1000

typedef enum GeoRelation {
    GEO_NEAR,
    GEO_COVERED_BY,
    GEO_INTERSECTS,
    GEO_EQUALS,
    GEO_DISJOINT
} GeoRelation;

typedef enum GeoShape { GEO_POINT, GEO_LINE, GEO_POLYGON, GEO_BOX } GeoShape;

typedef struct GeoPoint {
    double longitude;
    double latitude;
} GeoPoint;

/* What is asked. Points in the order sent; a box has two corners. */
typedef struct GeoFilter {
    GeoRelation relation;
    double min_m; /* NEAR; negative: none */
    double max_m; /* NEAR; negative: none */
    GeoShape shape;
    const GeoPoint *points;
    size_t point_count;
} GeoFilter;

/* Whether attributes of this NGSI type hold places: geo:point, geo:line, geo:polygon, geo:box,
 * geo:json, case as Orion takes it. */
bool geo_is_type(Str ngsi_type);
/* Whether the attribute says where its entity is: of a geo type, not null (Orion's rule) and
 * without metadata ignoreType = true. */
bool geo_is_location(const Attribute *attribute);
/* The entity's location, or NULL. */
const Attribute *geo_location(const Entity *entity);
/* Whether a value may be stored under the geo type: Orion's rules, a shape that doesn't cross
 * itself, at most GEO_VALUE_POINTS_MAX coordinates (geo_value.h). Errors: GEO_VALUE (argument:
 * Orion's words), OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error geo_value_check(Arena *arena, Str ngsi_type, JsonValue value) MUST_USE;

typedef struct GeoMatcher GeoMatcher;

/* Prepares the shape; the filter must outlive it. Free with geo_matcher_free. Errors: GEO_SHAPE (a
 * shape that GEOS can't make), OUT_OF_MEMORY. */
Error geo_matcher_new(const GeoFilter *filter, GeoMatcher **ret_matcher) MUST_USE;
/* NULL is fine. Returns NULL. */
GeoMatcher *geo_matcher_free(GeoMatcher *matcher);
/* Whether the entity's location stands in the relation; an entity without one, or with one that
 * can't be read, stands in none, not even DISJOINT (Orion's rule). A point costs no memory of
 * scratch, other values what reading them takes. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error geo_matcher_test(GeoMatcher *matcher, Arena *scratch, const Entity *entity, bool *ret_matches)
    MUST_USE;
/* Metres between the asked point, or the middle of another shape's bounds, and the nearest of the
 * entity's location; not known when it has none. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error geo_matcher_distance(GeoMatcher *matcher, Arena *scratch, const Entity *entity,
                           double *ret_metres, bool *ret_is_known) MUST_USE;

DEFINE_CLEANUP(GeoMatcher, geo_matcher_free)

#endif
