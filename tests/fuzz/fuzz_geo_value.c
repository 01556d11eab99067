/* Geo values: what the check takes can be asked for everything, and the answers agree with each
 * other; what it refuses does no harm where it is stored. The first byte chooses the type. */
#include <stdlib.h>

#include "geo.h"
#include "geo_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static Str type_of(uint8_t byte)
{
    switch (byte) {
    case 'p':
        return STR("geo:point");
    case 'l':
        return STR("geo:line");
    case 'b':
        return STR("geo:box");
    case 'g':
        return STR("geo:polygon");
    default:
        return STR("geo:json");
    }
}

static bool stands(Arena *arena, const GeoFilter *filter, const Attribute *attribute)
{
    Attribute copy = *attribute;
    Entity entity = {.attributes = &copy, .attribute_count = 1};
    CLEANUP(geo_matcher_free) GeoMatcher *matcher = NULL;
    bool matches = false;
    bool is_known = false;
    double metres = 0;
    require(!FAILED(geo_matcher_new(filter, &matcher)));
    require(!FAILED(geo_matcher_test(matcher, arena, &entity, &matches)));
    require(!FAILED(geo_matcher_distance(matcher, arena, &entity, &metres, &is_known)));
    require(is_known || !matches);
    require(!is_known || metres >= 0);
    return matches;
}

/* is_valid: the check took it, and it is no null. */
static void ask(Arena *arena, const Attribute *attribute, bool is_valid)
{
    static const GeoPoint star[] = {{0, 0}, {20, 5}, {40, 0}, {25, 20}, {20, 60}, {10, 15}, {0, 0}};
    GeoFilter filter = {
        .shape = GEO_POLYGON, .points = star, .point_count = 7, .min_m = -1, .max_m = -1};
    filter.relation = GEO_INTERSECTS;
    bool meets = stands(arena, &filter, attribute);
    filter.relation = GEO_DISJOINT;
    bool is_apart = stands(arena, &filter, attribute);
    filter.relation = GEO_COVERED_BY;
    bool is_covered = stands(arena, &filter, attribute);
    filter.relation = GEO_EQUALS;
    bool is_equal = stands(arena, &filter, attribute);
    require(!meets || !is_apart);
    require(!is_valid || meets != is_apart);
    require(!is_valid || ((meets || !is_covered) && (is_covered || !is_equal)));
    GeoFilter near = {.relation = GEO_NEAR,
                      .shape = GEO_POINT,
                      .points = star,
                      .point_count = 1,
                      .min_m = 0,
                      .max_m = 1e5};
    bool is_near = stands(arena, &near, attribute);
    near.min_m = 1e5 + 1e-3;
    near.max_m = -1;
    require(!is_near || !stands(arena, &near, attribute));
}

static void check_point(Str type, Str json, bool is_valid, const GeoPlace *place)
{
    GeoPoint point;
    if (geo_value_point(type, json, &point)) {
        require(is_valid && place->count == 1);
        require(point.longitude == place->parts[0].points[0].longitude &&
                point.latitude == place->parts[0].points[0].latitude);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 65536) {
        return 0;
    }
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    require(arena != NULL);
    Str type = type_of(data[0]);
    Str json = str_bytes(data + 1, size - 1);
    Attribute attribute = {.name = STR("a"), .type = type, .value = json};
    JsonValue value;
    GeoPlace place = {.count = 0};
    bool is_valid = false;
    if (!FAILED(json_parse(arena, json, JSON_LIMITS_REQUEST, &value))) {
        Error error = geo_value_check(arena, type, value);
        is_valid = !FAILED(error) && !json_is(value, JSON_NULL);
        require(!FAILED(error) || (error.reason == REASON_GEO_VALUE && error.argument != NULL));
        require(FAILED(error) || !FAILED(geo_value_read_in(arena, type, value, &place)));
        check_point(type, json, is_valid, &place);
    }
    ask(arena, &attribute, is_valid);
    return 0;
}
