/* geo_sphere.h — distances on MongoDB's sphere: great-circle metres on a radius of 6,378,100 m.
 *
 * Between points exact; to a line or the rim of a polygon the distance to the nearest of its
 * great-circle edges; inside a polygon 0. Inside is decided on longitude and latitude, as all
 * predicates are. Must never allocate.
 *
 * Layer: vault/entity. Thread-safe: pure. */
#ifndef MUSUBI_GEO_SPHERE_H
#define MUSUBI_GEO_SPHERE_H

#include "geo_value.h"

#define GEO_RADIUS_M 6378100.0

/* Metres between two points. */
double geo_sphere_distance(GeoPoint from, GeoPoint to);
/* Metres from a point to the edge between two others. */
double geo_sphere_edge_distance(GeoPoint from, GeoPoint start, GeoPoint end);
/* Metres to the nearest part of a place; infinite when it has none. */
double geo_sphere_place_distance(GeoPoint from, const GeoPlace *place);
/* Whether a closed ring surrounds the point (points on the rim may go either way). */
bool geo_ring_surrounds(const GeoPoint *points, size_t count, GeoPoint point);

#endif
