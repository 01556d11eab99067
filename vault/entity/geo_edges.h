/* geo_edges.h — how much work a shape's edges are for whoever must tell which of them cross.
 *
 * Edges whose surrounding boxes overlap have to be looked at in pairs. Outlines of real places have
 * a few such pairs for each edge; shapes drawn to cost time have half the square of their number.
 * Must never call a library: its cost is bounded by the limit and a sort.
 *
 * Layer: vault/entity. Thread-safe: pure. */
#ifndef MUSUBI_GEO_EDGES_H
#define MUSUBI_GEO_EDGES_H

#include "geo_value.h"

/* Whether more than `limit` pairs of a place's edges have overlapping boxes. Errors: OUT_OF_MEMORY.
 */
Error geo_edges_exceed(const GeoPlace *place, size_t limit, bool *ret_exceeds) MUST_USE;
/* The number of edges. */
size_t geo_edges_count(const GeoPlace *place);

#endif
