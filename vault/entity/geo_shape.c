#include "geo_shape.h"

#include <geos_c.h>
#include <stdlib.h>
#include <string.h>

/* More than a context of GEOS takes. */
#define CONTEXT_BYTES 16384

struct GeoShaper {
    GEOSContextHandle_t geos;
    GEOSGeometry *asked;
    const GEOSPreparedGeometry *prepared;
    bool is_memory_short; /* GEOS said so since it was last asked */
};

static void hear_nothing(const char *message, void *shaper)
{
    (void)message;
    (void)shaper;
}

/* GEOS tells of exhausted memory by the exception's name alone. */
static void hear_error(const char *message, void *shaper)
{
    if (message != NULL && strstr(message, "bad_alloc") != NULL) {
        ((GeoShaper *)shaper)->is_memory_short = true;
    }
}

/* GEOS_init_r throws where nobody catches; so it is called only when there is room for it. */
static GEOSContextHandle_t new_context(void)
{
    void *room = malloc(CONTEXT_BYTES);
    if (room == NULL) {
        return NULL;
    }
    free(room);
    return GEOS_init_r();
}

Error geo_shaper_new(GeoShaper **ret_shaper)
{
    GeoShaper *shaper = calloc(1, sizeof *shaper);
    ENSURE(shaper != NULL, OUT_OF_MEMORY, NULL);
    shaper->geos = new_context();
    if (shaper->geos == NULL) {
        free(shaper);
        return FAIL(OUT_OF_MEMORY, NULL);
    }
    (void)GEOSContext_setNoticeMessageHandler_r(shaper->geos, hear_nothing, shaper);
    (void)GEOSContext_setErrorMessageHandler_r(shaper->geos, hear_error, shaper);
    *ret_shaper = shaper;
    return OK;
}

GeoShaper *geo_shaper_free(GeoShaper *shaper)
{
    if (shaper != NULL) {
        GEOSPreparedGeom_destroy_r(shaper->geos, shaper->prepared);
        GEOSGeom_destroy_r(shaper->geos, shaper->asked);
        GEOS_finish_r(shaper->geos);
        free(shaper);
    }
    return NULL;
}

/* A point, a line or a ring with its holes: parts [first, end). */
typedef struct Element {
    const GeoPart *parts;
    size_t count;
} Element;

static Element element_at(const GeoPlace *place, size_t first)
{
    Element element = {.parts = &place->parts[first], .count = 1};
    while (first + element.count < place->count &&
           place->parts[first + element.count].kind == GEO_PART_HOLE) {
        element.count++;
    }
    return element;
}

static GEOSCoordSequence *make_sequence(GeoShaper *shaper, const GeoPart *part)
{
    _Static_assert(sizeof(GeoPoint) == 2 * sizeof(double), "points are pairs x, y");
    return GEOSCoordSeq_copyFromBuffer_r(shaper->geos, &part->points[0].longitude,
                                         (unsigned)part->count, 0, 0);
}

static GEOSGeometry *make_ring(GeoShaper *shaper, const GeoPart *part)
{
    GEOSCoordSequence *sequence = make_sequence(shaper, part);
    return sequence == NULL ? NULL : GEOSGeom_createLinearRing_r(shaper->geos, sequence);
}

static void destroy_rings(GeoShaper *shaper, GEOSGeometry **rings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        GEOSGeom_destroy_r(shaper->geos, rings[i]);
    }
}

static GEOSGeometry *make_polygon(GeoShaper *shaper, Element element)
{
    GEOSGeometry **rings = calloc(element.count, sizeof(GEOSGeometry *));
    if (rings == NULL) {
        shaper->is_memory_short = true;
        return NULL;
    }
    size_t made = 0;
    while (made < element.count &&
           (rings[made] = make_ring(shaper, &element.parts[made])) != NULL) {
        made++;
    }
    GEOSGeometry *polygon = NULL;
    if (made == element.count) {
        polygon = GEOSGeom_createPolygon_r(shaper->geos, rings[0], &rings[1],
                                           (unsigned)(element.count - 1));
    } else {
        destroy_rings(shaper, rings, made);
    }
    free(rings);
    return polygon;
}

/* NULL when GEOS refuses. */
static GEOSGeometry *make_geometry(GeoShaper *shaper, Element element)
{
    const GeoPart *part = element.parts;
    switch (part->kind) {
    case GEO_PART_POINT:
        return GEOSGeom_createPointFromXY_r(shaper->geos, part->points[0].longitude,
                                            part->points[0].latitude);
    case GEO_PART_LINE: {
        GEOSCoordSequence *sequence = make_sequence(shaper, part);
        return sequence == NULL ? NULL : GEOSGeom_createLineString_r(shaper->geos, sequence);
    }
    case GEO_PART_RING:
    case GEO_PART_HOLE:
        break;
    }
    return make_polygon(shaper, element);
}

static Error memory_of(GeoShaper *shaper)
{
    ENSURE(!shaper->is_memory_short, OUT_OF_MEMORY, NULL);
    return OK;
}

Error geo_shaper_check(GeoShaper *shaper, const GeoPlace *place, bool *ret_is_valid)
{
    bool is_valid = true;
    shaper->is_memory_short = false;
    for (size_t i = 0; i < place->count && is_valid;) {
        Element element = element_at(place, i);
        GEOSGeometry *geometry = make_geometry(shaper, element);
        is_valid = geometry != NULL && GEOSisValid_r(shaper->geos, geometry) == 1;
        GEOSGeom_destroy_r(shaper->geos, geometry);
        i += element.count;
    }
    TRY(memory_of(shaper));
    *ret_is_valid = is_valid;
    return OK;
}

Error geo_shaper_prepare(GeoShaper *shaper, const GeoPlace *asked)
{
    shaper->is_memory_short = false;
    shaper->asked = make_geometry(shaper, element_at(asked, 0));
    bool is_valid = shaper->asked != NULL && GEOSisValid_r(shaper->geos, shaper->asked) == 1;
    if (is_valid) {
        shaper->prepared = GEOSPrepare_r(shaper->geos, shaper->asked);
    }
    TRY(memory_of(shaper));
    ENSURE(shaper->prepared != NULL, GEO_SHAPE, "the coordinates do not make a shape");
    return OK;
}

/* What GEOS answers for one element: 0, 1, or 2 when it can't tell. */
static char ask(GeoShaper *shaper, GeoRelation relation, const GEOSGeometry *geometry)
{
    switch (relation) {
    case GEO_COVERED_BY:
        return GEOSPreparedCovers_r(shaper->geos, shaper->prepared, geometry);
    case GEO_EQUALS:
        return GEOSEquals_r(shaper->geos, shaper->asked, geometry);
    case GEO_INTERSECTS:
    case GEO_DISJOINT:
        return GEOSPreparedIntersects_r(shaper->geos, shaper->prepared, geometry);
    case GEO_NEAR:
        break;
    }
    return 2;
}

static char ask_element(GeoShaper *shaper, GeoRelation relation, Element element)
{
    GEOSGeometry *geometry = make_geometry(shaper, element);
    char answer = geometry == NULL ? 2 : ask(shaper, relation, geometry);
    GEOSGeom_destroy_r(shaper->geos, geometry);
    return answer;
}

Error geo_shaper_relates(GeoShaper *shaper, GeoRelation relation, const GeoPlace *place,
                         bool *ret_relates)
{
    size_t elements = 0;
    size_t yes = 0;
    size_t unknown = 0;
    shaper->is_memory_short = false;
    for (size_t i = 0; i < place->count && unknown == 0; elements++) {
        Element element = element_at(place, i);
        char answer = ask_element(shaper, relation, element);
        yes += answer == 1 ? 1U : 0U;
        unknown += answer == 2 ? 1U : 0U;
        i += element.count;
    }
    TRY(memory_of(shaper));
    bool is_known = elements > 0 && unknown == 0;
    if (relation == GEO_INTERSECTS) {
        *ret_relates = is_known && yes > 0;
    } else if (relation == GEO_DISJOINT) {
        *ret_relates = is_known && yes == 0;
    } else {
        *ret_relates = is_known && yes == elements && (relation != GEO_EQUALS || elements == 1);
    }
    return OK;
}
