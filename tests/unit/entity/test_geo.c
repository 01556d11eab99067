/* Places: which values are taken and in which words others are refused, which attribute is the
 * location, and which entities the recorded questions find. */
#include "geo.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "geo_value.h"

static int arena_setup(void **state)
{
    *state = arena_new((size_t)64 << 20);
    return *state == NULL ? -1 : 0;
}

static int arena_teardown(void **state)
{
    (void)arena_free(*state);
    return 0;
}

static Error check_value(Arena *arena, const char *type, const char *json)
{
    JsonValue value;
    assert_ok(json_parse(arena, str_from(json), JSON_LIMITS_REQUEST, &value));
    return geo_value_check(arena, str_from(type), value);
}

static void test_types(void **state)
{
    (void)state;
    static const char *const TYPES[] = {"geo:point", "geo:line", "geo:box", "geo:polygon",
                                        "geo:json"};
    static const char *const OTHERS[] = {"",         "geo",       "geo:",       "Geo:json",
                                         "GEO:JSON", "geo:json ", "geo:circle", "GeoProperty"};
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        assert_true(geo_is_type(str_from(TYPES[i])));
    }
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        assert_false(geo_is_type(str_from(OTHERS[i])));
    }
}

typedef struct Refusal {
    const char *type;
    const char *json;
    const char *text;
} Refusal;

#define PARSING "error parsing location attribute: "
#define FORMAT PARSING "geo coordinates format error [see Orion user manual]: "
#define WRONG "Wrong GeoJson"

static const Refusal REFUSALS[] = {
    /* recorded */
    {"geo:point", "\"abc\"", FORMAT "abc"},
    {"geo:point", "\"95, 10\"", FORMAT "95, 10"},
    {"geo:point", "3", FORMAT},
    {"geo:json", "{\"type\":\"Point\",\"coordinates\":[1]}", WRONG},
    {"geo:json", "\"x\"", "geo:json needs an object or null as value"},
    {"geo:json", "{\"type\":\"Foo\",\"coordinates\":[1,2]}", WRONG},
    {"geo:polygon", "[\"32.0, 132.0\",\"32.0, 132.1\",\"32.1, 132.1\",\"32.1, 132.0\"]",
     PARSING "geo:polygon first and last coordinates must match"},
    {"geo:line", "[\"32.0, 132.0\"]", PARSING "geo:line uses at least 2 coordinates"},
    /* the rest of Orion's words */
    {"geo:point", "\"10, 181\"", FORMAT "10, 181"},
    {"geo:point", "\"10\"", FORMAT "10"},
    {"geo:point", "\"10, 10, 10\"", FORMAT "10, 10, 10"},
    {"geo:point", "\", 10\"", FORMAT ", 10"},
    {"geo:point", "\"nan, 1\"", FORMAT "nan, 1"},
    {"geo:point", "\"0x10, 1\"", FORMAT "0x10, 1"},
    {"geo:point", "\"1e400, 1\"", FORMAT "1e400, 1"},
    {"geo:point", "[\"1, 1\"]", FORMAT},
    {"geo:line", "\"1, 1\"",
     PARSING "geo:line, geo:box and geo:polygon needs array of strings as "
             "value"},
    {"geo:box", "[1,2]",
     PARSING "geo:line, geo:box and geo:polygon needs array of strings but "
             "some element is not a string"},
    {"geo:line", "[\"1, 1\",\"a\"]", FORMAT "a"},
    {"geo:line", "[]", PARSING "geo:line uses at least 2 coordinates"},
    {"geo:box", "[\"1, 1\"]", PARSING "geo:box uses exactly 2 coordinates"},
    {"geo:box", "[\"1, 1\",\"1, 2\"]",
     PARSING "geo:box coordinates are not defining an actual box"},
    {"geo:box", "[\"1, 1\",\"2, 1\"]",
     PARSING "geo:box coordinates are not defining an actual box"},
    {"geo:polygon", "[\"1, 1\",\"2, 2\",\"1, 1\"]",
     PARSING "geo:polygon uses at least 4 coordinates"},
    /* shapes that no index takes */
    {"geo:polygon", "[\"0, 0\",\"1, 1\",\"1, 0\",\"0, 1\",\"0, 0\"]", WRONG},
    {"geo:line", "[\"1, 1\",\"1, 1\"]", WRONG},
    {"geo:json", "{}", WRONG},
    {"geo:json", "[1,2]", "geo:json needs an object or null as value"},
    {"geo:json", "{\"type\":\"Point\"}", WRONG},
    {"geo:json", "{\"coordinates\":[1,2]}", WRONG},
    {"geo:json", "{\"type\":\"point\",\"coordinates\":[1,2]}", WRONG},
    {"geo:json", "{\"type\":\"Point\",\"coordinates\":[\"1\",2]}", WRONG},
    {"geo:json", "{\"type\":\"Point\",\"coordinates\":[181,2]}", WRONG},
    {"geo:json", "{\"type\":\"Point\",\"coordinates\":[2,91]}", WRONG},
    {"geo:json", "{\"type\":\"Point\",\"coordinates\":[1e999,2]}", WRONG},
    {"geo:json", "{\"type\":\"Point\",\"coordinates\":{\"0\":1,\"1\":2}}", WRONG},
    {"geo:json", "{\"type\":\"MultiPoint\",\"coordinates\":[]}", WRONG},
    {"geo:json", "{\"type\":\"LineString\",\"coordinates\":[[1,2]]}", WRONG},
    {"geo:json", "{\"type\":\"Polygon\",\"coordinates\":[]}", WRONG},
    {"geo:json", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[0,1],[1,1]]]}", WRONG},
    {"geo:json", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[0,1],[1,1],[1,0]]]}", WRONG},
    {"geo:json", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}", WRONG},
    {"geo:json",
     "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[0,1],[1,1],[0,0]],[[5,5],[5,6],[6,6],[5,5]]]}",
     WRONG},
    {"geo:json", "{\"type\":\"GeometryCollection\",\"geometries\":[]}", WRONG},
    {"geo:json",
     "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"GeometryCollection\","
     "\"geometries\":[{\"type\":\"Point\",\"coordinates\":[1,2]}]}]}",
     WRONG},
    {"geo:json", "{\"type\":\"Feature\",\"properties\":{}}", WRONG},
    {"geo:json", "{\"type\":\"Feature\",\"geometry\":null}", WRONG},
    {"geo:json", "{\"type\":\"FeatureCollection\",\"features\":[]}", WRONG},
    {"geo:json",
     "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":"
     "\"Point\",\"coordinates\":[1,2]}},{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\","
     "\"coordinates\":[1,2]}}]}",
     WRONG},
};

static void test_refused_values(void **state)
{
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        char text[300];
        Error error = check_value(*state, REFUSALS[i].type, REFUSALS[i].json);
        (void)error_text(error, text, sizeof text);
        if (!FAILED(error) || error.reason != REASON_GEO_VALUE ||
            strcmp(text, REFUSALS[i].text) != 0) {
            fail_msg("%s gave \"%s\"", REFUSALS[i].json, text);
        }
    }
}

typedef struct Taken {
    const char *type;
    const char *json;
} Taken;

static const Taken TAKEN[] = {
    {"geo:point", "\"34.90, 134.84\""},
    {"geo:point", "\"10,10\""},
    {"geo:point", "\"  -90 ,\\t+180. \""},
    {"geo:point", "\"1e1, .5\""},
    {"geo:point", "null"},
    {"geo:line", "null"},
    {"geo:json", "null"},
    {"geo:line", "[\"34.0, 134.0\",\"34.1, 134.1\"]"},
    {"geo:box", "[\"33.0, 133.0\",\"33.1, 133.1\"]"},
    {"geo:box", "[\"33.1, 133.0\",\"33.0, 133.1\"]"},
    {"geo:polygon", "[\"32.0, 132.0\",\"32.0, 132.1\",\"32.1, 132.1\",\"32.0, 132.0\"]"},
    {"geo:json", "{\"type\":\"Point\",\"coordinates\":[134.85,34.91]}"},
    {"geo:json", "{\"type\":\"Point\",\"coordinates\":[134.85,34.91,12.5],\"bbox\":[1,2,3,4]}"},
    {"geo:json", "{\"type\":\"MultiPoint\",\"coordinates\":[[1,2],[1,2]]}"},
    {"geo:json", "{\"type\":\"LineString\",\"coordinates\":[[1,2],[2,3],[1,2]]}"},
    {"geo:json", "{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2],[2,3]],[[4,5],[6,7]]]}"},
    {"geo:json",
     "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[3,3],[6,3],[6,6],[3,"
     "6],[3,3]]]}"},
    {"geo:json",
     "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[1,1],[0,0]]],[[[5,5],[6,5],[6,6],["
     "5,5]]]]}"},
    {"geo:json",
     "{\"geometries\":[{\"type\":\"Point\",\"coordinates\":[1,2]},{\"type\":\"LineString\","
     "\"coordinates\":[[1,2],[3,4]]}],\"type\":\"GeometryCollection\"}"},
    {"geo:json", "{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Point\","
                 "\"coordinates\":[134."
                 "85,34.91]}}"},
    {"geo:json",
     "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":"
     "\"Point\",\"coordinates\":[1,2]}}]}"},
};

static void test_taken_values(void **state)
{
    for (size_t i = 0; i < sizeof TAKEN / sizeof TAKEN[0]; i++) {
        Error error = check_value(*state, TAKEN[i].type, TAKEN[i].json);
        if (FAILED(error)) {
            fail_msg("%s was refused: %s", TAKEN[i].json, error.argument);
        }
    }
}

/* A line of count positions due north. */
static char *meridian(Arena *arena, size_t count)
{
    Buf buf = buf_in(arena);
    buf_add(&buf, STR("{\"type\":\"LineString\",\"coordinates\":["));
    for (size_t i = 0; i < count; i++) {
        buf_add(&buf, i == 0 ? STR("[135,0.") : STR(",[135,0."));
        buf_add_int(&buf, (int64_t)(100000 + i));
        buf_add_char(&buf, ']');
    }
    buf_add(&buf, STR("]}"));
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return str_z(arena, text);
}

/* A line of count positions, zigzag northward and eastward: its teeth lean so far that they lie
 * over each other's boxes, or stand upright. */
static char *zigzag(Arena *arena, size_t count, bool is_leaning)
{
    Buf buf = buf_in(arena);
    buf_add(&buf, STR("{\"type\":\"LineString\",\"coordinates\":["));
    for (size_t i = 0; i < count; i++) {
        buf_add(&buf, i == 0 ? STR("[") : STR(",["));
        buf_add(&buf, i % 2 == 1 && is_leaning ? STR("9.") : STR("0."));
        buf_add_int(&buf, (int64_t)(100000 + i));
        buf_add(&buf, i % 2 == 0 ? STR(",0]") : STR(",1]"));
    }
    buf_add(&buf, STR("]}"));
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return str_z(arena, text);
}

static void test_huge_values(void **state)
{
    assert_ok(check_value(*state, "geo:json", meridian(*state, GEO_VALUE_POINTS_MAX)));
    assert_ok(check_value(*state, "geo:json", zigzag(*state, GEO_VALUE_POINTS_MAX, false)));
    assert_fails(check_value(*state, "geo:json", zigzag(*state, GEO_VALUE_POINTS_MAX + 1, false)),
                 GEO_VALUE);
    assert_ok(check_value(*state, "geo:json", zigzag(*state, 1400, true)));
    assert_fails(check_value(*state, "geo:json", zigzag(*state, 2000, true)), GEO_VALUE);
}

static void test_deep_values(void **state)
{
    char deep[64];
    memset(deep, '[', 31);
    memset(deep + 31, ']', 31);
    deep[62] = '\0';
    Str parts[] = {STR("{\"type\":\"MultiPolygon\",\"coordinates\":"), str_from(deep), STR("}")};
    Str text;
    assert_ok(str_join_in(*state, parts, 3, &text));
    assert_fails(check_value(*state, "geo:json", str_z(*state, text)), GEO_VALUE);
}

static void test_location_of_an_entity(void **state)
{
    (void)state;
    static const Metadata ignored[] = {{.name = STR_INIT("x"), .value = STR_INIT("true")},
                                       {.name = STR_INIT("ignoreType"), .value = STR_INIT("true")}};
    static const Metadata counted[] = {
        {.name = STR_INIT("ignoreType"), .value = STR_INIT("false")}};
    Attribute attributes[] = {
        {.name = STR("a"), .type = STR("Text"), .value = STR("\"1, 1\"")},
        {.name = STR("b"), .type = STR("geo:json"), .value = STR("null")},
        {.name = STR("c"),
         .type = STR("geo:point"),
         .value = STR("\"2, 2\""),
         .metadata = ignored,
         .metadata_count = 2},
        {.name = STR("d"),
         .type = STR("geo:point"),
         .value = STR("\"1, 1\""),
         .metadata = counted,
         .metadata_count = 1},
    };
    Entity entity = {.attributes = attributes, .attribute_count = 4};
    assert_ptr_equal(geo_location(&entity), &attributes[3]);
    assert_false(geo_is_location(&attributes[2]));
    entity.attribute_count = 3;
    assert_null(geo_location(&entity));
}

/* The recorded city: G1 … G6, then places that the recording has no word about. */

typedef struct Place {
    const char *id;
    const char *type;
    const char *value;
} Place;

static const Place PLACES[] = {
    {"G1", "geo:point", "\"34.90, 134.84\""},
    {"G2", "geo:json", "{\"type\":\"Point\",\"coordinates\":[134.85,34.91]}"},
    {"G3", "geo:json",
     "{\"type\":\"Polygon\",\"coordinates\":[[[135.0,35.0],[135.2,35.0],[135.2,35.2],[135.0,35.2],["
     "135.0,35.0]]]}"},
    {"G4", "geo:line", "[\"34.0, 134.0\",\"34.1, 134.1\"]"},
    {"G5", "geo:box", "[\"33.0, 133.0\",\"33.1, 133.1\"]"},
    {"G6", "geo:polygon", "[\"32.0, 132.0\",\"32.0, 132.1\",\"32.1, 132.1\",\"32.0, 132.0\"]"},
    {"N", "geo:json", "null"},
    {"T", "Text", "\"34.90, 134.84\""},
    {"M", "geo:json", "{\"type\":\"MultiPoint\",\"coordinates\":[[134.84,34.90],[0,0]]}"},
    {"F", "geo:json",
     "{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Point\",\"coordinates\":["
     "134."
     "85,34.91]}}"},
    {"C", "geo:json",
     "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[135.15,"
     "35.15]},{\"type\":\"LineString\",\"coordinates\":[[20,20],[21,21]]}]}"},
    /* a yard in a block */
    {"H", "geo:json",
     "{\"type\":\"Polygon\",\"coordinates\":[[[0,50],[9,50],[9,59],[0,59],[0,50]],[[3,53],[6,53],["
     "6,"
     "56],[3,56],[3,53]]]}"},
    /* stored before anybody looked */
    {"X", "geo:json",
     "{\"type\":\"Polygon\",\"coordinates\":[[[134,34],[136,36],[136,34],[134,36],[134,34]]]}"},
    /* one point, and two of it */
    {"W", "geo:json", "{\"type\":\"MultiPoint\",\"coordinates\":[[7,7]]}"},
    {"V", "geo:json", "{\"type\":\"MultiPoint\",\"coordinates\":[[7,7],[7,7]]}"},
    {"Y", "geo:point", "\"junk\""},
    {"O", "geo:point", "\"134.84, 34.90\""},
    {"Z", "geo:json", "{\"type\":\"Point\",\"coordinates\":[134.85,"},
};

typedef struct Question {
    GeoFilter filter;
    GeoPoint points[6]; /* latitude and longitude change places for the eye: {lon, lat} */
    const char *found;
} Question;

#define NEAR(min_, max_) .relation = GEO_NEAR, .min_m = (min_), .max_m = (max_), .shape = GEO_POINT
#define ASK(relation_, shape_, count_)                                                             \
    .relation = (relation_), .shape = (shape_), .point_count = (count_), .min_m = -1, .max_m = -1

static const GeoPoint HOME = {134.84, 34.90};

static const Question QUESTIONS[] = {
    {{NEAR(-1, 5000), .point_count = 1}, {{134.84, 34.90}}, "G1 G2 M F X"},
    {{NEAR(500, 50000), .point_count = 1}, {{134.84, 34.90}}, "G2 G3 F C"},
    {{NEAR(-1, 1), .point_count = 1}, {{134.84, 34.90}}, "G1 M X"},
    {{NEAR(-1, 0), .point_count = 1}, {{134.84, 34.90}}, "G1 M X"},
    {{NEAR(10, 5), .point_count = 1}, {{134.84, 34.90}}, ""},
    {{NEAR(-1, 5), .point_count = 1}, {{1, 95}}, ""},
    {{NEAR(-1, 1e9), .point_count = 1}, {{1, 95}}, ""},
    {{NEAR(1, 0), .point_count = 1}, {{1, 1}}, ""},
    {{NEAR(-1, 100), .point_count = 1}, {{4, 54}}, ""},
    {{NEAR(-1, 0), .point_count = 1}, {{1, 51}}, "H"},
    {{ASK(GEO_COVERED_BY, GEO_BOX, 2)}, {{134.8, 34.8}, {134.9, 34.95}}, "G1 G2 F"},
    {{ASK(GEO_COVERED_BY, GEO_BOX, 2)}, {{134.9, 34.8}, {134.8, 34.95}}, "G1 G2 F"},
    {{ASK(GEO_COVERED_BY, GEO_POLYGON, 5)},
     {{134.8, 34.8}, {134.9, 34.8}, {134.9, 34.95}, {134.8, 34.95}, {134.8, 34.8}},
     "G1 G2 F"},
    {{ASK(GEO_COVERED_BY, GEO_BOX, 2)}, {{130, 30}, {134, 34}}, "G5 G6"},
    {{ASK(GEO_COVERED_BY, GEO_BOX, 2)}, {{133, 33}, {133.1, 33.1}}, "G5"},
    {{ASK(GEO_COVERED_BY, GEO_BOX, 2)}, {{0, 0}, {140, 40}}, "G1 G2 G3 G4 G5 G6 M F C X W V"},
    {{ASK(GEO_INTERSECTS, GEO_POLYGON, 5)},
     {{135.1, 35.1}, {135.3, 35.1}, {135.3, 35.3}, {135.1, 35.3}, {135.1, 35.1}},
     "G3 C X"},
    {{ASK(GEO_INTERSECTS, GEO_LINE, 2)}, {{134.9, 34.9}, {135.1, 35.1}}, "G3 X"},
    {{ASK(GEO_INTERSECTS, GEO_POINT, 1)}, {{134.84, 34.90}}, "G1 M X"},
    {{ASK(GEO_INTERSECTS, GEO_POINT, 1)}, {{4, 54}}, ""},
    {{ASK(GEO_DISJOINT, GEO_BOX, 2)}, {{134.8, 34.8}, {134.9, 34.95}}, "G3 G4 G5 G6 C H W V"},
    {{ASK(GEO_DISJOINT, GEO_BOX, 2)}, {{-10, -10}, {140, 60}}, ""},
    {{ASK(GEO_EQUALS, GEO_POINT, 1)}, {{134.84, 34.90}}, "G1"},
    {{ASK(GEO_EQUALS, GEO_POINT, 1)}, {{7, 7}}, "W"},
    {{ASK(GEO_EQUALS, GEO_BOX, 2)}, {{133.1, 33.1}, {133, 33}}, "G5"},
    {{ASK(GEO_EQUALS, GEO_LINE, 2)}, {{134.1, 34.1}, {134, 34}}, "G4"},
    {{ASK(GEO_EQUALS, GEO_POLYGON, 4)}, {{132, 32}, {132.1, 32}, {132.1, 32.1}, {132, 32}}, "G6"},
};

static void find(Arena *arena, const GeoFilter *filter, Buf *found)
{
    CLEANUP(geo_matcher_free) GeoMatcher *matcher = NULL;
    assert_ok(geo_matcher_new(filter, &matcher));
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        Attribute attribute = {.name = STR("loc"),
                               .type = str_from(PLACES[i].type),
                               .value = str_from(PLACES[i].value)};
        Entity entity = {.attributes = &attribute, .attribute_count = 1};
        bool matches = false;
        assert_ok(geo_matcher_test(matcher, arena, &entity, &matches));
        if (matches) {
            buf_add(found, found->n == 0 ? STR_EMPTY : STR(" "));
            buf_add(found, str_from(PLACES[i].id));
        }
    }
}

static void test_recorded_questions(void **state)
{
    for (size_t i = 0; i < sizeof QUESTIONS / sizeof QUESTIONS[0]; i++) {
        GeoFilter filter = QUESTIONS[i].filter;
        filter.points = QUESTIONS[i].points;
        Buf found = buf_in(*state);
        find(*state, &filter, &found);
        Str text;
        assert_ok(buf_finish(&found, &text));
        if (!str_eq(text, str_from(QUESTIONS[i].found))) {
            fail_msg("question %zu found \"%.*s\", not \"%s\"", i, STR_FORMAT(text),
                     QUESTIONS[i].found);
        }
    }
}

static void test_entity_without_attributes(void **state)
{
    static const GeoRelation RELATIONS[] = {GEO_NEAR, GEO_INTERSECTS, GEO_EQUALS, GEO_DISJOINT};
    Entity entity = {.attribute_count = 0};
    for (size_t i = 0; i < sizeof RELATIONS / sizeof RELATIONS[0]; i++) {
        GeoFilter filter = {.relation = RELATIONS[i],
                            .shape = GEO_POINT,
                            .points = &HOME,
                            .point_count = 1,
                            .min_m = -1,
                            .max_m = -1};
        CLEANUP(geo_matcher_free) GeoMatcher *matcher = NULL;
        assert_ok(geo_matcher_new(&filter, &matcher));
        bool matches = true;
        bool is_known = true;
        double metres = -7;
        assert_ok(geo_matcher_test(matcher, *state, &entity, &matches));
        assert_ok(geo_matcher_distance(matcher, *state, &entity, &metres, &is_known));
        assert_false(matches || is_known);
        assert_true(metres == -7);
    }
}

static void refuse_shape(GeoRelation relation, GeoShape shape, const GeoPoint *points, size_t count)
{
    GeoFilter filter = {.relation = relation,
                        .shape = shape,
                        .points = points,
                        .point_count = count,
                        .min_m = -1,
                        .max_m = 5};
    GeoMatcher *matcher = NULL;
    assert_fails(geo_matcher_new(&filter, &matcher), GEO_SHAPE);
    assert_null(matcher);
}

static void test_refused_distances(void **state)
{
    (void)state;
    GeoFilter filter = {
        .relation = GEO_NEAR, .points = &HOME, .point_count = 1, .min_m = NAN, .max_m = 5};
    GeoMatcher *matcher = NULL;
    assert_fails(geo_matcher_new(&filter, &matcher), GEO_SHAPE);
    filter.min_m = -1;
    filter.max_m = NAN;
    assert_fails(geo_matcher_new(&filter, &matcher), GEO_SHAPE);
}

static void test_refused_shapes(void **state)
{
    (void)state;
    static GeoPoint many[GEO_POINTS_MAX + 1];
    const GeoPoint bow[] = {{0, 0}, {1, 1}, {1, 0}, {0, 1}, {0, 0}};
    const GeoPoint open[] = {{0, 0}, {1, 1}, {1, 0}, {0, 1}};
    const GeoPoint nowhere[] = {{NAN, 0}, {1, 1}};
    const GeoPoint endless[] = {{INFINITY, 0}, {1, 1}};
    const GeoPoint same[] = {{1, 1}, {1, 1}};
    for (size_t i = 0; i < GEO_POINTS_MAX + 1; i++) {
        many[i] = (GeoPoint){.longitude = (double)i / 10, .latitude = (double)(i % 2)};
    }
    refuse_shape(GEO_INTERSECTS, GEO_POLYGON, bow, 5);
    refuse_shape(GEO_INTERSECTS, GEO_POLYGON, open, 4);
    refuse_shape(GEO_INTERSECTS, GEO_POLYGON, bow, 3);
    refuse_shape(GEO_INTERSECTS, GEO_LINE, same, 2);
    refuse_shape(GEO_INTERSECTS, GEO_LINE, same, 1);
    refuse_shape(GEO_INTERSECTS, GEO_LINE, nowhere, 2);
    refuse_shape(GEO_INTERSECTS, GEO_BOX, endless, 2);
    refuse_shape(GEO_INTERSECTS, GEO_BOX, open, 3);
    refuse_shape(GEO_INTERSECTS, GEO_POINT, open, 0);
    refuse_shape(GEO_NEAR, GEO_POINT, nowhere, 1);
    refuse_shape(GEO_NEAR, GEO_LINE, open, 2);
    refuse_shape(GEO_INTERSECTS, GEO_LINE, many, GEO_POINTS_MAX + 1);
    for (size_t i = 0; i < GEO_POINTS_MAX; i++) {
        many[i].longitude = (double)i / 1000 + (i % 2 == 0 ? 0 : 90);
    }
    refuse_shape(GEO_INTERSECTS, GEO_LINE, many, GEO_POINTS_MAX); /* made to cost time */
}

/* The library underneath has an opinion on each of these shapes, and must keep it to itself. */
static void test_nothing_is_printed(void **state)
{
    FILE *heard = tmpfile();
    int kept = dup(STDERR_FILENO);
    assert_non_null(heard);
    assert_true(kept >= 0 && dup2(fileno(heard), STDERR_FILENO) >= 0);
    test_refused_values(state);
    test_recorded_questions(state);
    test_refused_shapes(state);
    (void)fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    assert_int_equal(lseek(fileno(heard), 0, SEEK_END), 0);
    (void)close(kept);
    (void)fclose(heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_refused_values),
        cmocka_unit_test(test_taken_values),
        cmocka_unit_test(test_huge_values),
        cmocka_unit_test(test_deep_values),
        cmocka_unit_test(test_location_of_an_entity),
        cmocka_unit_test(test_recorded_questions),
        cmocka_unit_test(test_entity_without_attributes),
        cmocka_unit_test(test_refused_distances),
        cmocka_unit_test(test_refused_shapes),
        cmocka_unit_test(test_nothing_is_printed),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
