/* geo_text.h — numbers and "latitude, longitude" pairs in the texts that callers send.
 *
 * Decimal notation alone: no "inf", "nan" or hexadecimal, whatever the C library would take. Must
 * never allocate: these run for each entity of a scan.
 *
 * Layer: vault/entity. Thread-safe: pure. Standard: NGSIv2 "Geospatial properties of entities". */
#ifndef MUSUBI_GEO_TEXT_H
#define MUSUBI_GEO_TEXT_H

#include "geo.h"

/* A text longer than this is no number. */
#define GEO_NUMBER_BYTES_MAX 64

/* Cuts the number at the start of *rest off; false, and *rest as it was, when none is there or it
 * is too large for a double. */
bool geo_number_cut(Str *rest, double *ret_number);
/* The whole text, blanks around it aside. */
bool geo_number_read(Str text, double *ret_number);
/* "latitude, longitude", in any range. */
bool geo_pair_read(Str text, GeoPoint *ret_point);
/* Whether the point lies on Earth: ±90 and ±180 degrees. */
bool geo_point_is_on_earth(GeoPoint point);

#endif
