#include "geo_sphere.h"

#include <math.h>

static double radians(double degrees)
{
    return degrees * (M_PI / 180.0);
}

double geo_sphere_distance(GeoPoint from, GeoPoint to)
{
    double across = sin(radians(to.latitude - from.latitude) / 2);
    double along = sin(radians(to.longitude - from.longitude) / 2);
    double half =
        across * across + cos(radians(from.latitude)) * cos(radians(to.latitude)) * along * along;
    return 2 * GEO_RADIUS_M * asin(fmin(1, sqrt(half)));
}

typedef struct Vector {
    double x;
    double y;
    double z;
} Vector;

static Vector vector_of(GeoPoint point)
{
    double latitude = radians(point.latitude);
    double longitude = radians(point.longitude);
    return (Vector){.x = cos(latitude) * cos(longitude),
                    .y = cos(latitude) * sin(longitude),
                    .z = sin(latitude)};
}

static Vector difference(Vector a, Vector b)
{
    return (Vector){.x = a.x - b.x, .y = a.y - b.y, .z = a.z - b.z};
}

static Vector sum(Vector a, Vector b)
{
    return (Vector){.x = a.x + b.x, .y = a.y + b.y, .z = a.z + b.z};
}

static double dot(Vector a, Vector b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static Vector cross(Vector a, Vector b)
{
    return (Vector){
        .x = a.y * b.z - a.z * b.y, .y = a.z * b.x - a.x * b.z, .z = a.x * b.y - a.y * b.x};
}

/* Metres between two unit vectors, exact for near ones too. */
static double chord_distance(Vector a, Vector b)
{
    Vector chord = difference(a, b);
    return 2 * GEO_RADIUS_M * asin(fmin(1, sqrt(dot(chord, chord)) / 2));
}

/* Shorter edges (0.6 mm) have no direction worth the name. */
#define EDGE_MIN 1e-10

static double edge_distance(Vector from, Vector start, Vector end)
{
    double nearest = fmin(chord_distance(from, start), chord_distance(from, end));
    /* (start - end) x (start + end) is twice start x end without its loss of digits. */
    Vector normal = cross(difference(start, end), sum(start, end));
    double length = sqrt(dot(normal, normal));
    if (length < EDGE_MIN) {
        return nearest;
    }
    bool is_beside = dot(from, cross(normal, start)) >= 0 && dot(from, cross(end, normal)) >= 0;
    if (!is_beside) {
        return nearest;
    }
    double height = fabs(dot(difference(from, start), normal)) / length;
    return fmin(nearest, GEO_RADIUS_M * asin(fmin(1, height)));
}

double geo_sphere_edge_distance(GeoPoint from, GeoPoint start, GeoPoint end)
{
    return edge_distance(vector_of(from), vector_of(start), vector_of(end));
}

bool geo_ring_surrounds(const GeoPoint *points, size_t count, GeoPoint point)
{
    bool is_inside = false;
    for (size_t i = 1; i < count; i++) {
        GeoPoint a = points[i - 1];
        GeoPoint b = points[i];
        if ((a.latitude > point.latitude) == (b.latitude > point.latitude)) {
            continue;
        }
        double share = (point.latitude - a.latitude) / (b.latitude - a.latitude);
        if (point.longitude < a.longitude + share * (b.longitude - a.longitude)) {
            is_inside = !is_inside;
        }
    }
    return is_inside;
}

static double edges_distance(Vector from, const GeoPart *part)
{
    double nearest = INFINITY;
    Vector start = vector_of(part->points[0]);
    for (size_t i = 1; i < part->count; i++) {
        Vector end = vector_of(part->points[i]);
        nearest = fmin(nearest, edge_distance(from, start, end));
        start = end;
    }
    return nearest;
}

/* Ring and holes from first up to where the polygon ends: inside when an odd number surrounds. */
static bool is_inside_polygon(GeoPoint from, const GeoPlace *place, size_t first)
{
    bool is_inside = false;
    for (size_t i = first;
         i < place->count && (i == first || place->parts[i].kind == GEO_PART_HOLE); i++) {
        if (geo_ring_surrounds(place->parts[i].points, place->parts[i].count, from)) {
            is_inside = !is_inside;
        }
    }
    return is_inside;
}

double geo_sphere_place_distance(GeoPoint from, const GeoPlace *place)
{
    double nearest = INFINITY;
    Vector vector = vector_of(from);
    for (size_t i = 0; i < place->count; i++) {
        const GeoPart *part = &place->parts[i];
        if (part->kind == GEO_PART_POINT) {
            nearest = fmin(nearest, geo_sphere_distance(from, part->points[0]));
            continue;
        }
        if (part->kind == GEO_PART_RING && is_inside_polygon(from, place, i)) {
            return 0;
        }
        nearest = fmin(nearest, edges_distance(vector, part));
    }
    return nearest;
}
