#include "geo.h"

#include <math.h>
#include <stdlib.h>

#include "geo_edges.h"
#include "geo_shape.h"
#include "geo_sphere.h"
#include "geo_text.h"
#include "geo_value.h"

static bool ignores_type(const Attribute *attribute)
{
    for (size_t i = 0; i < attribute->metadata_count; i++) {
        if (str_eq(attribute->metadata[i].name, STR("ignoreType"))) {
            return str_eq(attribute->metadata[i].value, STR("true"));
        }
    }
    return false;
}

bool geo_is_location(const Attribute *attribute)
{
    return geo_is_type(attribute->type) && !str_eq(attribute->value, STR("null")) &&
           !ignores_type(attribute);
}

const Attribute *geo_location(const Entity *entity)
{
    for (size_t i = 0; i < entity->attribute_count; i++) {
        if (geo_is_location(&entity->attributes[i])) {
            return &entity->attributes[i];
        }
    }
    return NULL;
}

/* What a stored shape may cost to check: 50 ms; what edges of a shape asked for may cost for each
 * edge that is stored. */
#define VALUE_PAIRS_MAX 1000000
#define ASKED_PAIRS_PER_EDGE 20

Error geo_value_check(Arena *arena, Str ngsi_type, JsonValue value)
{
    GeoPlace place;
    TRY(geo_value_read_in(arena, ngsi_type, value, &place));
    if (place.count == 0 || (place.count == 1 && place.parts[0].kind == GEO_PART_POINT)) {
        return OK;
    }
    CLEANUP(geo_shaper_free) GeoShaper *shaper = NULL;
    bool is_valid = false;
    bool is_tangled = false;
    TRY(geo_edges_exceed(&place, VALUE_PAIRS_MAX, &is_tangled));
    ENSURE(!is_tangled, GEO_VALUE, "a geometry may not have so many edges over each other");
    TRY(geo_shaper_new(&shaper));
    TRY(geo_shaper_check(shaper, &place, &is_valid));
    ENSURE(is_valid, GEO_VALUE, "Wrong GeoJson");
    return OK;
}

typedef struct Bounds {
    double west;
    double east;
    double south;
    double north;
} Bounds;

struct GeoMatcher {
    const GeoFilter *filter;
    GeoPart part;
    GeoPlace asked; /* the part above */
    GeoPoint box_ring[GEO_BOX_RING_POINTS];
    Bounds bounds;
    GeoPoint middle;   /* of the bounds: of a point, itself */
    GeoShaper *shaper; /* NULL: NEAR */
};

static void widen(Bounds *bounds, const GeoPart *part)
{
    for (size_t i = 0; i < part->count; i++) {
        bounds->west = fmin(bounds->west, part->points[i].longitude);
        bounds->east = fmax(bounds->east, part->points[i].longitude);
        bounds->south = fmin(bounds->south, part->points[i].latitude);
        bounds->north = fmax(bounds->north, part->points[i].latitude);
    }
}

static Bounds bounds_of(const GeoPlace *place)
{
    Bounds bounds = {.west = INFINITY, .east = -INFINITY, .south = INFINITY, .north = -INFINITY};
    for (size_t i = 0; i < place->count; i++) {
        widen(&bounds, &place->parts[i]);
    }
    return bounds;
}

static bool meet(Bounds a, Bounds b)
{
    return a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north;
}

static void set_asked(GeoMatcher *matcher, const GeoFilter *filter)
{
    static const GeoPartKind KINDS[] = {[GEO_POINT] = GEO_PART_POINT,
                                        [GEO_LINE] = GEO_PART_LINE,
                                        [GEO_POLYGON] = GEO_PART_RING,
                                        [GEO_BOX] = GEO_PART_RING};
    matcher->filter = filter;
    matcher->part = (GeoPart){
        .kind = KINDS[filter->shape], .points = filter->points, .count = filter->point_count};
    if (filter->shape == GEO_BOX) {
        geo_box_ring(filter->points, matcher->box_ring);
        matcher->part.points = matcher->box_ring;
        matcher->part.count = GEO_BOX_RING_POINTS;
    }
    matcher->asked = (GeoPlace){.parts = &matcher->part, .count = 1};
    Bounds bounds = bounds_of(&matcher->asked);
    matcher->bounds = bounds;
    matcher->middle = (GeoPoint){.longitude = bounds.west / 2 + bounds.east / 2,
                                 .latitude = bounds.south / 2 + bounds.north / 2};
}

static bool is_finite(const GeoFilter *filter)
{
    for (size_t i = 0; i < filter->point_count; i++) {
        if (!isfinite(filter->points[i].longitude) || !isfinite(filter->points[i].latitude)) {
            return false;
        }
    }
    return !isnan(filter->min_m) && !isnan(filter->max_m);
}

static bool has_shape(const GeoFilter *filter)
{
    static const size_t COUNTS_MIN[] = {
        [GEO_POINT] = 1, [GEO_LINE] = 2, [GEO_POLYGON] = 4, [GEO_BOX] = 2};
    bool is_fixed = filter->shape == GEO_POINT || filter->shape == GEO_BOX;
    size_t wanted = COUNTS_MIN[filter->shape];
    return filter->point_count >= wanted && filter->point_count <= GEO_POINTS_MAX &&
           (!is_fixed || filter->point_count == wanted) && is_finite(filter) &&
           (filter->relation != GEO_NEAR || filter->shape == GEO_POINT);
}

Error geo_matcher_new(const GeoFilter *filter, GeoMatcher **ret_matcher)
{
    ENSURE(has_shape(filter), GEO_SHAPE, "the coordinates do not make a shape");
    CLEANUP(geo_matcher_free) GeoMatcher *matcher = calloc(1, sizeof *matcher);
    ENSURE(matcher != NULL, OUT_OF_MEMORY, NULL);
    set_asked(matcher, filter);
    if (filter->relation != GEO_NEAR) {
        bool is_tangled = false;
        size_t edges = geo_edges_count(&matcher->asked);
        TRY(geo_edges_exceed(&matcher->asked, edges * ASKED_PAIRS_PER_EDGE, &is_tangled));
        ENSURE(!is_tangled, GEO_SHAPE, "the shape has too many edges over each other");
        TRY(geo_shaper_new(&matcher->shaper));
        TRY(geo_shaper_prepare(matcher->shaper, &matcher->asked));
    }
    *ret_matcher = TAKE(matcher);
    return OK;
}

GeoMatcher *geo_matcher_free(GeoMatcher *matcher)
{
    if (matcher != NULL) {
        (void)geo_shaper_free(matcher->shaper);
        free(matcher);
    }
    return NULL;
}

/* Where the entity is; its one point lies in the caller's memory. */
typedef struct Location {
    GeoPlace place; /* nothing when the entity has no location or one that can't be read */
    GeoPart part;
    GeoPoint point;
} Location;

static bool is_memory(Error error)
{
    return error.reason == REASON_OUT_OF_MEMORY || error.reason == REASON_BUDGET_EXCEEDED;
}

static Error read_place(Arena *scratch, const Attribute *attribute, GeoPlace *ret_place)
{
    JsonValue value;
    TRY(json_parse(scratch, attribute->value, JSON_LIMITS_REQUEST, &value));
    return geo_value_read_in(scratch, attribute->type, value, ret_place);
}

static Error locate(Arena *scratch, const Entity *entity, Location *location)
{
    const Attribute *attribute = geo_location(entity);
    location->place = (GeoPlace){.count = 0};
    if (attribute == NULL) {
        return OK;
    }
    if (geo_value_point(attribute->type, attribute->value, &location->point)) {
        location->part = (GeoPart){.kind = GEO_PART_POINT, .points = &location->point, .count = 1};
        location->place = (GeoPlace){.parts = &location->part, .count = 1};
        return OK;
    }
    GeoPlace place;
    Error error = read_place(scratch, attribute, &place);
    if (!FAILED(error)) {
        location->place = place;
    }
    /* A value that is no place was refused when it was written, or its schema's business. */
    return FAILED(error) && is_memory(error) ? error : OK;
}

/* Nothing is near a point that lies off Earth. */
static bool is_near(const GeoMatcher *matcher, double metres)
{
    const GeoFilter *filter = matcher->filter;
    return geo_point_is_on_earth(matcher->middle) &&
           (filter->min_m < 0 || metres >= filter->min_m) &&
           (filter->max_m < 0 || metres <= filter->max_m);
}

static bool is_one_point(const GeoPlace *place)
{
    return place->count == 1 && place->parts[0].kind == GEO_PART_POINT;
}

/* Answers that need no geometry: boxes that don't meet, and a point in a box. */
static bool decide_by_bounds(const GeoMatcher *matcher, const GeoPlace *place, bool *ret_matches)
{
    bool meets = meet(matcher->bounds, bounds_of(place));
    GeoRelation relation = matcher->filter->relation;
    bool is_decided = !meets || (matcher->filter->shape == GEO_BOX && is_one_point(place) &&
                                 relation != GEO_EQUALS);
    if (is_decided) {
        *ret_matches = meets != (relation == GEO_DISJOINT);
    }
    return is_decided;
}

Error geo_matcher_test(GeoMatcher *matcher, Arena *scratch, const Entity *entity, bool *ret_matches)
{
    Location location;
    bool matches = false;
    TRY(locate(scratch, entity, &location));
    if (location.place.count == 0) {
        *ret_matches = false;
        return OK;
    }
    if (matcher->filter->relation == GEO_NEAR) {
        matches = is_near(matcher, geo_sphere_place_distance(matcher->middle, &location.place));
    } else if (!decide_by_bounds(matcher, &location.place, &matches)) {
        TRY(geo_shaper_relates(matcher->shaper, matcher->filter->relation, &location.place,
                               &matches));
    }
    *ret_matches = matches;
    return OK;
}

Error geo_matcher_distance(GeoMatcher *matcher, Arena *scratch, const Entity *entity,
                           double *ret_metres, bool *ret_is_known)
{
    Location location;
    TRY(locate(scratch, entity, &location));
    if (location.place.count > 0) {
        *ret_metres = geo_sphere_place_distance(matcher->middle, &location.place);
    }
    *ret_is_known = location.place.count > 0;
    return OK;
}
