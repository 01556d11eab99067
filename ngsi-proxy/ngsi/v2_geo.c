#include "v2_geo.h"

#include "geo_text.h"

/* What is wrong, in Orion's words; NULL: nothing. The callers say how the sentence begins. */
typedef const char *Fault;

typedef struct GeoReader {
    Arena *arena;
    GeoFilter filter;
    bool has_relation;
    bool has_shape;
    bool has_max;
    bool has_min;
    Fault fault;
} GeoReader;

/* A list as Orion cuts it: separators at the start count for nothing, one at the end leaves an
 * empty item, and nothing but separators is no item at all. */
static bool skip_separators(Str *text, char separator)
{
    size_t at = 0;
    while (at < text->n && text->p[at] == separator) {
        at++;
    }
    *text = str_slice(*text, at, text->n);
    return text->n > 0;
}

static Fault read_distance(Str text, const char *twice, const char *wrong, double *metres,
                           bool *is_given)
{
    if (*is_given) {
        return twice;
    }
    *is_given = true;
    return geo_number_read(text, metres) ? NULL : wrong;
}

typedef struct RelationRow {
    Str word;
    GeoRelation relation;
} RelationRow;

static const RelationRow RELATIONS[] = {
    {STR_INIT("near"), GEO_NEAR},
    {STR_INIT("coveredBy"), GEO_COVERED_BY},
    {STR_INIT("intersects"), GEO_INTERSECTS},
    {STR_INIT("equals"), GEO_EQUALS},
    {STR_INIT("disjoint"), GEO_DISJOINT},
};

static const RelationRow *find_relation(Str word)
{
    for (size_t i = 0; i < sizeof RELATIONS / sizeof RELATIONS[0]; i++) {
        if (str_eq(RELATIONS[i].word, word)) {
            return &RELATIONS[i];
        }
    }
    return NULL;
}

static Fault read_georel_item(GeoReader *reader, Str item)
{
    const Str max = STR("maxDistance:");
    const Str min = STR("minDistance:");
    const RelationRow *row = find_relation(item);
    if (row != NULL) {
        Fault fault = reader->has_relation ? "georel type present more than once" : NULL;
        reader->filter.relation = row->relation;
        reader->has_relation = true;
        return fault;
    }
    if (str_starts_with(item, max)) {
        return read_distance(str_slice(item, max.n, item.n), "maxDistance present more than once",
                             "invalid number for maxDistance", &reader->filter.max_m,
                             &reader->has_max);
    }
    if (str_starts_with(item, min)) {
        return read_distance(str_slice(item, min.n, item.n), "minDistance present more than once",
                             "invalid number for minDistance", &reader->filter.min_m,
                             &reader->has_min);
    }
    return "Invalid modifier in georel parameter";
}

/* "maxDistance erroneously used with georel /coveredBy/". */
static Error misused_distance(GeoReader *reader, const char *which)
{
    Str word = STR_EMPTY;
    for (size_t i = 0; i < sizeof RELATIONS / sizeof RELATIONS[0] && reader->has_relation; i++) {
        if (RELATIONS[i].relation == reader->filter.relation) {
            word = RELATIONS[i].word;
        }
    }
    Str parts[] = {str_from(which), STR(" erroneously used with georel /"), word, STR("/")};
    Str said;
    TRY(str_join_in(reader->arena, parts, 4, &said));
    reader->fault = str_argument(reader->arena, said);
    return OK;
}

static Error check_distances(GeoReader *reader)
{
    bool is_near = reader->has_relation && reader->filter.relation == GEO_NEAR;
    if (!is_near && (reader->has_max || reader->has_min)) {
        return misused_distance(reader, reader->has_max ? "maxDistance" : "minDistance");
    }
    if (is_near && !reader->has_max && !reader->has_min) {
        reader->fault = "georel /near/ without either minDistance nor maxDistance";
    }
    return OK;
}

/* In the filter a negative bound means none. Nothing lies nearer than a negative distance, and
 * everything farther. */
static void settle_distances(GeoReader *reader)
{
    bool is_impossible = reader->has_max && reader->filter.max_m < 0;
    reader->filter.min_m = is_impossible ? 1 : reader->has_min ? reader->filter.min_m : -1;
    reader->filter.max_m = is_impossible ? 0 : reader->has_max ? reader->filter.max_m : -1;
}

static Error read_georel(GeoReader *reader, Str text)
{
    if (!skip_separators(&text, ';')) {
        reader->fault = "empty georel";
        return OK;
    }
    Str item;
    while (reader->fault == NULL && str_split(&text, ';', &item)) {
        reader->fault = read_georel_item(reader, item);
    }
    if (reader->fault == NULL) {
        TRY(check_distances(reader));
        settle_distances(reader);
    }
    return OK;
}

typedef struct ShapeRow {
    Str word;
    GeoShape shape;
} ShapeRow;

static const ShapeRow SHAPES[] = {
    {STR_INIT("point"), GEO_POINT},
    {STR_INIT("line"), GEO_LINE},
    {STR_INIT("polygon"), GEO_POLYGON},
    {STR_INIT("box"), GEO_BOX},
};

static Fault read_geometry_item(GeoReader *reader, Str item)
{
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        if (str_eq(SHAPES[i].word, item)) {
            Fault fault = reader->has_shape
                              ? "error parsing geometry: geometry-type present more than once"
                              : NULL;
            reader->filter.shape = SHAPES[i].shape;
            reader->has_shape = true;
            return fault;
        }
    }
    return "error parsing geometry: Invalid selector in geometry specification";
}

static Fault read_geometry(GeoReader *reader, Str text)
{
    if (!skip_separators(&text, ';')) {
        return "error parsing geometry: empty geometry";
    }
    Fault fault = NULL;
    Str item;
    while (fault == NULL && str_split(&text, ';', &item)) {
        fault = read_geometry_item(reader, item);
    }
    return fault;
}

static Fault check_combination(const GeoReader *reader)
{
    if (!reader->has_relation) {
        return NULL;
    }
    GeoRelation relation = reader->filter.relation;
    GeoShape shape = reader->filter.shape;
    if (relation == GEO_COVERED_BY && shape == GEO_LINE) {
        return "line geometry cannot be used with coveredBy georel";
    }
    if (relation == GEO_COVERED_BY && shape == GEO_POINT) {
        return "point geometry cannot be used with coveredBy georel";
    }
    if (relation == GEO_NEAR && shape != GEO_POINT) {
        return "georel /near/ used with geometry different than point";
    }
    return NULL;
}

static Fault read_pair(Str text, GeoPoint *point)
{
    size_t comma = str_find(text, ',');
    Str second = str_slice(text, comma + 1, text.n);
    if (comma == text.n || str_find(second, ',') != second.n) {
        return "invalid point in URI param /coords/";
    }
    return geo_pair_read(text, point) ? NULL : "invalid coordinates";
}

static size_t count_items(Str text, char separator)
{
    size_t count = 1;
    for (size_t i = 0; i < text.n; i++) {
        count += text.p[i] == separator ? 1U : 0U;
    }
    return count;
}

static Error read_coords(GeoReader *reader, Str text)
{
    if (!skip_separators(&text, ';')) {
        reader->fault = "erroneous coordinates for geometry";
        return OK;
    }
    size_t count = count_items(text, ';');
    if (count > GEO_POINTS_MAX) {
        reader->fault = "too many coordinates - at most 1000 are allowed";
        return OK;
    }
    GeoPoint *points = ARENA_MANY(reader->arena, GeoPoint, count);
    ENSURE_ALLOC(points, reader->arena);
    reader->filter.points = points;
    Str item;
    while (reader->fault == NULL && str_split(&text, ';', &item)) {
        (void)skip_separators(&item, ',');
        reader->fault = read_pair(item, &points[reader->filter.point_count++]);
    }
    return OK;
}

static bool same(GeoPoint a, GeoPoint b)
{
    return a.longitude == b.longitude && a.latitude == b.latitude;
}

static Fault check_polygon(const GeoPoint *points, size_t count)
{
    if (count < 4) {
        return "Too few coordinates for polygon";
    }
    return same(points[0], points[count - 1]) ? NULL
                                              : "First and last point in polygon not the same";
}

static Fault check_box(const GeoPoint *points, size_t count)
{
    if (count != 2) {
        return "invalid number of coordinates for /box/";
    }
    return points[0].latitude != points[1].latitude && points[0].longitude != points[1].longitude
               ? NULL
               : "box coordinates are not defining an actual box";
}

static Fault check_shape(const GeoFilter *filter)
{
    switch (filter->shape) {
    case GEO_POLYGON:
        return check_polygon(filter->points, filter->point_count);
    case GEO_BOX:
        return check_box(filter->points, filter->point_count);
    case GEO_LINE:
        return filter->point_count >= 2 ? NULL : "invalid number of coordinates for /line/";
    case GEO_POINT:
        break;
    }
    return filter->point_count == 1 ? NULL : "invalid number of coordinates for /point/";
}

/* All three in Orion's order of checks; the first fault stays. */
static Error read_all(GeoReader *reader, const V2Geo *geo)
{
    reader->fault = read_geometry(reader, geo->geometry);
    if (reader->fault == NULL && geo->georel.n > 0) {
        TRY(read_georel(reader, geo->georel));
    }
    if (reader->fault == NULL) {
        reader->fault = check_combination(reader);
    }
    if (reader->fault == NULL) {
        TRY(read_coords(reader, geo->coords));
    }
    if (reader->fault == NULL) {
        reader->fault = check_shape(&reader->filter);
    }
    return OK;
}

static Error filter_in(const GeoReader *reader, const GeoFilter **ret_filter)
{
    const GeoFilter *made = NULL;
    if (reader->has_relation) {
        GeoFilter *filter = ARENA_ONE(reader->arena, GeoFilter);
        ENSURE_ALLOC(filter, reader->arena);
        *filter = reader->filter;
        made = filter;
    }
    *ret_filter = made;
    return OK;
}

Error v2_geo_params_in(Arena *arena, const V2Geo *geo, const GeoFilter **ret_filter)
{
    ENSURE(geo->coords.n == 0 || geo->geometry.n > 0, GEO_SHAPE,
           "URI param /coords/ used without /geometry/");
    ENSURE(geo->geometry.n == 0 || geo->coords.n > 0, GEO_SHAPE,
           "URI param /geometry/ used without /coords/");
    ENSURE(geo->georel.n == 0 || geo->geometry.n > 0, GEO_SHAPE,
           "URI param /georel/ used without /geometry/");
    GeoReader reader = {.arena = arena};
    if (geo->geometry.n > 0) {
        TRY(read_all(&reader, geo));
    }
    ENSURE(reader.fault == NULL, GEO_SHAPE, reader.fault);
    return filter_in(&reader, ret_filter);
}

static Error read_member(Arena *arena, JsonValue expression, const char *name, Str *ret_text)
{
    JsonValue member;
    if (!json_member(expression, str_from(name), &member)) {
        return OK;
    }
    ENSURE(json_is(member, JSON_STRING), QUERY_TEXT, name);
    TRY(json_string_in(arena, member, ret_text));
    ENSURE(ret_text->n > 0, QUERY_TEXT_EMPTY, name);
    return OK;
}

Error v2_geo_expression_in(Arena *arena, JsonValue expression, const GeoFilter **ret_filter)
{
    V2Geo geo = {.georel = STR_EMPTY, .geometry = STR_EMPTY, .coords = STR_EMPTY};
    TRY(read_member(arena, expression, "geometry", &geo.geometry));
    TRY(read_member(arena, expression, "coords", &geo.coords));
    TRY(read_member(arena, expression, "georel", &geo.georel));
    bool is_given = geo.georel.n > 0;
    ENSURE((geo.geometry.n > 0) == is_given && (geo.coords.n > 0) == is_given, QUERY_GEO_PARTS,
           NULL);
    GeoReader reader = {.arena = arena};
    if (is_given) {
        TRY(read_all(&reader, &geo));
    }
    ENSURE(reader.fault == NULL, QUERY_GEO, reader.fault);
    return filter_in(&reader, ret_filter);
}
