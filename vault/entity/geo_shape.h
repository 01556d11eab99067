/* geo_shape.h — planar predicates by GEOS: how a place stands to a shape that was made ready.
 *
 * The only module that knows GEOS. A place is asked part by part, so collections need nothing of
 * their own. What GEOS gives up on (a ring that crosses itself may be such) stands in no relation.
 * Must never let GEOS print or an exception of it pass.
 *
 * Layer: vault/entity. Thread-safe: single-owner. */
#ifndef MUSUBI_GEO_SHAPE_H
#define MUSUBI_GEO_SHAPE_H

#include "geo_value.h"

typedef struct GeoShaper GeoShaper;

/* A shaper that holds no shape yet. Free with geo_shaper_free. Errors: OUT_OF_MEMORY. */
Error geo_shaper_new(GeoShaper **ret_shaper) MUST_USE;
/* NULL is fine. Returns NULL. */
GeoShaper *geo_shaper_free(GeoShaper *shaper);

/* Whether GEOS takes every part: rings that don't cross, holes inside them, lines of some length.
 * Errors: OUT_OF_MEMORY. */
Error geo_shaper_check(GeoShaper *shaper, const GeoPlace *place, bool *ret_is_valid) MUST_USE;
/* Makes ready the shape to ask for: the place's one point, line or polygon. Once per shaper.
 * Errors: GEO_SHAPE, OUT_OF_MEMORY. */
Error geo_shaper_prepare(GeoShaper *shaper, const GeoPlace *asked) MUST_USE;
/* Whether the place stands in the relation (any but NEAR) to the prepared shape. Errors:
 * OUT_OF_MEMORY. */
Error geo_shaper_relates(GeoShaper *shaper, GeoRelation relation, const GeoPlace *place,
                         bool *ret_relates) MUST_USE;

DEFINE_CLEANUP(GeoShaper, geo_shaper_free)

#endif
