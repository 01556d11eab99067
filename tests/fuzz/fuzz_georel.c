/* georel, geometry and coords, one a line: what is understood is a shape that can be asked for or
 * is refused as one, and its answers agree with each other. The first byte chooses: 'e' the members
 * of an expression, anything else URI parameters. */
#include <math.h>
#include <stdlib.h>

#include "json_write.h"
#include "v2_geo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static Error read_expression(Arena *arena, const V2Geo *geo, const GeoFilter **ret_filter)
{
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    Str json;
    JsonValue expression;
    json_write_begin_object(&writer);
    json_write_member_string(&writer, STR("georel"), geo->georel);
    json_write_member_string(&writer, STR("geometry"), geo->geometry);
    json_write_member_string(&writer, STR("coords"), geo->coords);
    json_write_end_object(&writer);
    TRY(json_write_finish(&writer, &json));
    TRY(json_parse(arena, json, JSON_LIMITS_REQUEST, &expression));
    return v2_geo_expression_in(arena, expression, ret_filter);
}

static void require_sound(const GeoFilter *filter)
{
    require(filter->point_count >= 1 && filter->point_count <= GEO_POINTS_MAX);
    for (size_t i = 0; i < filter->point_count; i++) {
        require(isfinite(filter->points[i].longitude) && isfinite(filter->points[i].latitude));
    }
    require(isfinite(filter->min_m) && isfinite(filter->max_m));
    require(filter->relation != GEO_NEAR || filter->shape == GEO_POINT);
    require(filter->relation == GEO_NEAR || (filter->min_m < 0 && filter->max_m < 0));
}

static bool stands(GeoMatcher *matcher, Arena *arena, Str type, Str value)
{
    Attribute attribute = {.name = STR("a"), .type = type, .value = value};
    Entity entity = {.attributes = &attribute, .attribute_count = 1};
    bool matches = false;
    double metres = 0;
    bool is_known = false;
    require(!FAILED(geo_matcher_test(matcher, arena, &entity, &matches)));
    require(!FAILED(geo_matcher_distance(matcher, arena, &entity, &metres, &is_known)));
    require(is_known && metres >= 0);
    return matches;
}

static void ask(Arena *arena, const GeoFilter *filter)
{
    static const struct {
        Str type;
        Str value;
    } places[] = {
        {STR_INIT("geo:point"), STR_INIT("\"1, 1\"")},
        {STR_INIT("geo:line"), STR_INIT("[\"0, 0\",\"2, 2\"]")},
        {STR_INIT("geo:box"), STR_INIT("[\"1, 1\",\"2, 2\"]")},
    };
    GeoFilter opposite = *filter;
    opposite.relation = filter->relation == GEO_DISJOINT ? GEO_INTERSECTS : GEO_DISJOINT;
    bool is_law = filter->relation == GEO_DISJOINT || filter->relation == GEO_INTERSECTS;
    CLEANUP(geo_matcher_free) GeoMatcher *matcher = NULL;
    CLEANUP(geo_matcher_free) GeoMatcher *other = NULL;
    Error error = geo_matcher_new(filter, &matcher);
    if (FAILED(error)) {
        require(error.reason == REASON_GEO_SHAPE);
        return;
    }
    require(!FAILED(geo_matcher_new(&opposite, &other)) || !is_law);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        bool matches = stands(matcher, arena, places[i].type, places[i].value);
        require(!is_law || matches != stands(other, arena, places[i].type, places[i].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 65536) {
        return 0;
    }
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    require(arena != NULL);
    Str rest = str_bytes(data + 1, size - 1);
    Str lines[3] = {STR_EMPTY, STR_EMPTY, STR_EMPTY};
    for (size_t i = 0; i < 3 && str_split(&rest, '\n', &lines[i]); i++) {
    }
    V2Geo geo = {.georel = lines[0], .geometry = lines[1], .coords = lines[2]};
    const GeoFilter *filter = NULL;
    Error error = data[0] == 'e' ? read_expression(arena, &geo, &filter)
                                 : v2_geo_params_in(arena, &geo, &filter);
    if (!FAILED(error) && filter != NULL) {
        require_sound(filter);
        ask(arena, filter);
    }
    return 0;
}
