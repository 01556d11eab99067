#include "geo_value.h"

#include "geo_text.h"

#define WRONG_GEOJSON "Wrong GeoJson"

typedef struct PlaceReader {
    Arena *arena;
    GeoPart *parts;
    size_t count;
    size_t capacity;
    size_t points; /* in all parts */
} PlaceReader;

static Error refuse_in(Arena *arena, const char *why, Str said)
{
    Str parts[] = {STR("error parsing location attribute: "), str_from(why), said};
    Str text;
    TRY(str_join_in(arena, parts, 3, &text));
    return FAIL(GEO_VALUE, str_argument(arena, text));
}

static Error add_part(PlaceReader *reader, GeoPartKind kind, const GeoPoint *points, size_t count)
{
    if (reader->count == reader->capacity) {
        size_t capacity = reader->capacity == 0 ? 1 : reader->capacity * 4;
        GeoPart *parts = ARENA_MANY(reader->arena, GeoPart, capacity);
        ENSURE_ALLOC(parts, reader->arena);
        for (size_t i = 0; i < reader->count; i++) {
            parts[i] = reader->parts[i];
        }
        reader->parts = parts;
        reader->capacity = capacity;
    }
    reader->parts[reader->count++] = (GeoPart){.kind = kind, .points = points, .count = count};
    return OK;
}

static Error points_in(PlaceReader *reader, size_t count, GeoPoint **ret_points)
{
    reader->points += count;
    ENSURE(reader->points <= GEO_VALUE_POINTS_MAX, GEO_VALUE,
           "a geometry may have at most 10000 coordinates");
    GeoPoint *points = ARENA_MANY(reader->arena, GeoPoint, count);
    ENSURE_ALLOC(points, reader->arena);
    *ret_points = points;
    return OK;
}

void geo_box_ring(const GeoPoint *corners, GeoPoint *ring)
{
    GeoPoint a = corners[0];
    GeoPoint b = corners[1];
    ring[0] = a;
    ring[1] = (GeoPoint){.longitude = b.longitude, .latitude = a.latitude};
    ring[2] = b;
    ring[3] = (GeoPoint){.longitude = a.longitude, .latitude = b.latitude};
    ring[4] = a;
}

static bool same(GeoPoint a, GeoPoint b)
{
    return a.longitude == b.longitude && a.latitude == b.latitude;
}

/* The simple types: texts "latitude, longitude". */

#define BAD_PAIR "geo coordinates format error [see Orion user manual]: "

static Error read_pair(Arena *arena, JsonValue value, GeoPoint *ret_point)
{
    Str text = STR_EMPTY;
    if (json_is(value, JSON_STRING)) {
        TRY(json_string_in(arena, value, &text));
    }
    if (!geo_pair_read(text, ret_point) || !geo_point_is_on_earth(*ret_point)) {
        return refuse_in(arena, BAD_PAIR, text);
    }
    return OK;
}

static Error read_pairs(PlaceReader *reader, JsonValue value, GeoPoint **ret_points)
{
    GeoPoint *points = NULL;
    if (!json_is(value, JSON_ARRAY)) {
        return refuse_in(reader->arena,
                         "geo:line, geo:box and geo:polygon needs array of strings as value",
                         STR_EMPTY);
    }
    TRY(points_in(reader, json_count(value), &points));
    JsonIter iter = json_iter(value);
    JsonValue item;
    for (size_t i = 0; json_next(&iter, NULL, &item); i++) {
        if (!json_is(item, JSON_STRING)) {
            return refuse_in(reader->arena,
                             "geo:line, geo:box and geo:polygon needs array of strings but some "
                             "element is not a string",
                             STR_EMPTY);
        }
        TRY(read_pair(reader->arena, item, &points[i]));
    }
    *ret_points = points;
    return OK;
}

static Error read_point_type(PlaceReader *reader, JsonValue value)
{
    GeoPoint *point = NULL;
    TRY(points_in(reader, 1, &point));
    TRY(read_pair(reader->arena, value, point));
    return add_part(reader, GEO_PART_POINT, point, 1);
}

static Error read_line_type(PlaceReader *reader, JsonValue value)
{
    GeoPoint *points = NULL;
    TRY(read_pairs(reader, value, &points));
    if (json_count(value) < 2) {
        return refuse_in(reader->arena, "geo:line uses at least 2 coordinates", STR_EMPTY);
    }
    return add_part(reader, GEO_PART_LINE, points, json_count(value));
}

static Error read_box_type(PlaceReader *reader, JsonValue value)
{
    GeoPoint *corners = NULL;
    GeoPoint *ring = NULL;
    TRY(read_pairs(reader, value, &corners));
    if (json_count(value) != 2) {
        return refuse_in(reader->arena, "geo:box uses exactly 2 coordinates", STR_EMPTY);
    }
    if (corners[0].latitude == corners[1].latitude ||
        corners[0].longitude == corners[1].longitude) {
        return refuse_in(reader->arena, "geo:box coordinates are not defining an actual box",
                         STR_EMPTY);
    }
    TRY(points_in(reader, GEO_BOX_RING_POINTS, &ring));
    geo_box_ring(corners, ring);
    return add_part(reader, GEO_PART_RING, ring, GEO_BOX_RING_POINTS);
}

static Error read_polygon_type(PlaceReader *reader, JsonValue value)
{
    GeoPoint *points = NULL;
    TRY(read_pairs(reader, value, &points));
    size_t count = json_count(value);
    if (count < 4) {
        return refuse_in(reader->arena, "geo:polygon uses at least 4 coordinates", STR_EMPTY);
    }
    if (!same(points[0], points[count - 1])) {
        return refuse_in(reader->arena, "geo:polygon first and last coordinates must match",
                         STR_EMPTY);
    }
    return add_part(reader, GEO_PART_RING, points, count);
}

/* GeoJSON. */

static bool read_position(JsonValue value, GeoPoint *ret_point)
{
    JsonIter iter = json_iter(value);
    JsonValue longitude;
    JsonValue latitude;
    return json_is(value, JSON_ARRAY) && json_next(&iter, NULL, &longitude) &&
           json_next(&iter, NULL, &latitude) && json_number(longitude, &ret_point->longitude) &&
           json_number(latitude, &ret_point->latitude) && geo_point_is_on_earth(*ret_point);
}

static Error read_positions(PlaceReader *reader, JsonValue value, size_t count_min,
                            GeoPoint **ret_points)
{
    GeoPoint *points = NULL;
    ENSURE(json_is(value, JSON_ARRAY) && json_count(value) >= count_min, GEO_VALUE, WRONG_GEOJSON);
    TRY(points_in(reader, json_count(value), &points));
    JsonIter iter = json_iter(value);
    JsonValue item;
    for (size_t i = 0; json_next(&iter, NULL, &item); i++) {
        ENSURE(read_position(item, &points[i]), GEO_VALUE, WRONG_GEOJSON);
    }
    *ret_points = points;
    return OK;
}

static Error read_point(PlaceReader *reader, JsonValue value)
{
    GeoPoint *point = NULL;
    TRY(points_in(reader, 1, &point));
    ENSURE(read_position(value, point), GEO_VALUE, WRONG_GEOJSON);
    return add_part(reader, GEO_PART_POINT, point, 1);
}

static Error read_line(PlaceReader *reader, JsonValue value)
{
    GeoPoint *points = NULL;
    TRY(read_positions(reader, value, 2, &points));
    return add_part(reader, GEO_PART_LINE, points, json_count(value));
}

static Error read_polygon(PlaceReader *reader, JsonValue value)
{
    ENSURE(json_is(value, JSON_ARRAY) && json_count(value) > 0, GEO_VALUE, WRONG_GEOJSON);
    GeoPartKind kind = GEO_PART_RING;
    JsonIter iter = json_iter(value);
    JsonValue ring;
    while (json_next(&iter, NULL, &ring)) {
        GeoPoint *points = NULL;
        TRY(read_positions(reader, ring, 4, &points));
        size_t count = json_count(ring);
        ENSURE(same(points[0], points[count - 1]), GEO_VALUE, WRONG_GEOJSON);
        TRY(add_part(reader, kind, points, count));
        kind = GEO_PART_HOLE;
    }
    return OK;
}

typedef Error (*ReadCoordinates)(PlaceReader *reader, JsonValue coordinates);

typedef struct GeometryRow {
    Str name;
    ReadCoordinates read;
    bool is_multi; /* an array of what read takes */
} GeometryRow;

static const GeometryRow GEOMETRIES[] = {
    {STR_INIT("Point"), read_point, false},         {STR_INIT("LineString"), read_line, false},
    {STR_INIT("Polygon"), read_polygon, false},     {STR_INIT("MultiPoint"), read_point, true},
    {STR_INIT("MultiLineString"), read_line, true}, {STR_INIT("MultiPolygon"), read_polygon, true},
};

static bool is_of_type(JsonValue object, Str name)
{
    JsonValue type;
    return json_member(object, STR("type"), &type) && json_is(type, JSON_STRING) &&
           json_string_is(type, name);
}

static Error read_multi(PlaceReader *reader, ReadCoordinates read, JsonValue coordinates)
{
    ENSURE(json_is(coordinates, JSON_ARRAY) && json_count(coordinates) > 0, GEO_VALUE,
           WRONG_GEOJSON);
    JsonIter iter = json_iter(coordinates);
    JsonValue item;
    while (json_next(&iter, NULL, &item)) {
        TRY(read(reader, item));
    }
    return OK;
}

/* One geometry that is no collection. */
static Error read_geometry(PlaceReader *reader, JsonValue value)
{
    JsonValue coordinates;
    ENSURE(json_member(value, STR("coordinates"), &coordinates), GEO_VALUE, WRONG_GEOJSON);
    for (size_t i = 0; i < sizeof GEOMETRIES / sizeof GEOMETRIES[0]; i++) {
        if (is_of_type(value, GEOMETRIES[i].name)) {
            return GEOMETRIES[i].is_multi ? read_multi(reader, GEOMETRIES[i].read, coordinates)
                                          : GEOMETRIES[i].read(reader, coordinates);
        }
    }
    return FAIL(GEO_VALUE, WRONG_GEOJSON);
}

static Error read_geometries(PlaceReader *reader, JsonValue value)
{
    if (!is_of_type(value, STR("GeometryCollection"))) {
        return read_geometry(reader, value);
    }
    JsonValue geometries;
    ENSURE(json_member(value, STR("geometries"), &geometries) && json_is(geometries, JSON_ARRAY) &&
               json_count(geometries) > 0,
           GEO_VALUE, WRONG_GEOJSON);
    JsonIter iter = json_iter(geometries);
    JsonValue item;
    while (json_next(&iter, NULL, &item)) {
        TRY(read_geometry(reader, item));
    }
    return OK;
}

/* The geometry is what stands in the Feature, or in the one Feature of a collection: which of
 * several would be meant nobody could tell. */
static Error read_geojson(PlaceReader *reader, JsonValue value)
{
    ENSURE(json_is(value, JSON_OBJECT), GEO_VALUE, "geo:json needs an object or null as value");
    JsonValue inner = value;
    if (is_of_type(value, STR("FeatureCollection"))) {
        JsonValue features;
        ENSURE(json_member(value, STR("features"), &features) && json_is(features, JSON_ARRAY) &&
                   json_count(features) == 1,
               GEO_VALUE, WRONG_GEOJSON);
        JsonIter iter = json_iter(features);
        ENSURE(json_next(&iter, NULL, &inner) && is_of_type(inner, STR("Feature")), GEO_VALUE,
               WRONG_GEOJSON);
    }
    if (is_of_type(inner, STR("Feature"))) {
        ENSURE(json_member(inner, STR("geometry"), &inner), GEO_VALUE, WRONG_GEOJSON);
    }
    return read_geometries(reader, inner);
}

typedef struct TypeRow {
    Str name;
    Error (*read)(PlaceReader *reader, JsonValue value);
} TypeRow;

static const TypeRow TYPES[] = {
    {STR_INIT("geo:json"), read_geojson},         {STR_INIT("geo:point"), read_point_type},
    {STR_INIT("geo:line"), read_line_type},       {STR_INIT("geo:box"), read_box_type},
    {STR_INIT("geo:polygon"), read_polygon_type},
};

static const TypeRow *find_type(Str ngsi_type)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        if (str_eq(TYPES[i].name, ngsi_type)) {
            return &TYPES[i];
        }
    }
    return NULL;
}

bool geo_is_type(Str ngsi_type)
{
    return str_starts_with(ngsi_type, STR("geo:")) && find_type(ngsi_type) != NULL;
}

Error geo_value_read_in(Arena *arena, Str ngsi_type, JsonValue value, GeoPlace *ret_place)
{
    PlaceReader reader = {.arena = arena};
    const TypeRow *row = find_type(ngsi_type);
    ENSURE(row != NULL, GEO_VALUE, "not a geo type");
    if (!json_is(value, JSON_NULL)) {
        TRY(row->read(&reader, value));
    }
    *ret_place = (GeoPlace){.parts = reader.parts, .count = reader.count};
    return OK;
}

/* The fast way: values as they nearly always are written. */

static bool cut(Str *rest, Str word)
{
    if (!str_starts_with(*rest, word)) {
        return false;
    }
    *rest = str_slice(*rest, word.n, rest->n);
    return true;
}

static bool cut_position(Str *rest, GeoPoint *point)
{
    return cut(rest, STR("[")) && geo_number_cut(rest, &point->longitude) && cut(rest, STR(",")) &&
           geo_number_cut(rest, &point->latitude) && cut(rest, STR("]"));
}

static bool point_of_geojson(Str json, GeoPoint *point)
{
    if (cut(&json, STR("{\"type\":\"Point\",\"coordinates\":"))) {
        return cut_position(&json, point) && str_eq(json, STR("}"));
    }
    return cut(&json, STR("{\"coordinates\":")) && cut_position(&json, point) &&
           str_eq(json, STR(",\"type\":\"Point\"}"));
}

bool geo_value_point(Str ngsi_type, Str json, GeoPoint *ret_point)
{
    GeoPoint point = {.longitude = 0};
    bool is_read = false;
    if (str_eq(ngsi_type, STR("geo:json"))) {
        is_read = point_of_geojson(json, &point);
    } else if (str_eq(ngsi_type, STR("geo:point"))) {
        is_read = json.n > 2 && json.p[0] == '"' && json.p[json.n - 1] == '"' &&
                  geo_pair_read(str_slice(json, 1, json.n - 2), &point);
    }
    if (!is_read || !geo_point_is_on_earth(point)) {
        return false;
    }
    *ret_point = point;
    return true;
}
