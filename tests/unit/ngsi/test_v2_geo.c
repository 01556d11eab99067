/* georel, geometry, coords: every recorded refusal and Orion's other words, and what is understood.
 */
#include "v2_geo.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

static int arena_setup(void **state)
{
    *state = arena_new((size_t)4 << 20);
    return *state == NULL ? -1 : 0;
}

static int arena_teardown(void **state)
{
    (void)arena_free(*state);
    return 0;
}

typedef struct Refusal {
    const char *georel;
    const char *geometry;
    const char *coords;
    const char *text;
} Refusal;

#define SQUARE "1,1;1,2;2,2;2,1;1,1"

static const Refusal REFUSALS[] = {
    /* recorded */
    {"near;maxDistance:5", "", "1,1", "URI param /coords/ used without /geometry/"},
    {"near;maxDistance:5", "point", "", "URI param /geometry/ used without /coords/"},
    {"foo", "point", "1,1", "Invalid modifier in georel parameter"},
    {"coveredBy", "circle", "1,1",
     "error parsing geometry: Invalid selector in geometry specification"},
    {"near", "point", "1,1", "georel /near/ without either minDistance nor maxDistance"},
    {"near;maxDistance:5", "polygon", "1,1;2,2;3,3;1,1",
     "georel /near/ used with geometry different than point"},
    {"near;maxDistance:5", "point", "a,b", "invalid coordinates"},
    {"near;foo:5", "point", "1,1", "Invalid modifier in georel parameter"},
    {"coveredBy", "box", "1,1", "invalid number of coordinates for /box/"},
    {"coveredBy", "polygon", "1,1;2,2;3,1", "Too few coordinates for polygon"},
    {"coveredBy", "point", "1,1", "point geometry cannot be used with coveredBy georel"},
    /* the rest of Orion's words */
    {"near;maxDistance:5", "", "", "URI param /georel/ used without /geometry/"},
    {"", "", "1,1", "URI param /coords/ used without /geometry/"},
    {"", "point", "", "URI param /geometry/ used without /coords/"},
    {"", "circle", "1,1", "error parsing geometry: Invalid selector in geometry specification"},
    {"", "point", "1", "invalid point in URI param /coords/"},
    {";;", "point", "1,1", "empty georel"},
    {"near;", "point", "1,1", "Invalid modifier in georel parameter"},
    {"near;near;maxDistance:1", "point", "1,1", "georel type present more than once"},
    {"near;equals", "point", "1,1", "georel type present more than once"},
    {"near;maxDistance:1;maxDistance:1", "point", "1,1", "maxDistance present more than once"},
    {"near;minDistance:1;minDistance:1", "point", "1,1", "minDistance present more than once"},
    {"near;maxDistance:x", "point", "1,1", "invalid number for maxDistance"},
    {"near;maxDistance:", "point", "1,1", "invalid number for maxDistance"},
    {"near;minDistance:nan", "point", "1,1", "invalid number for minDistance"},
    {"near;minDistance:inf", "point", "1,1", "invalid number for minDistance"},
    {"near;maxDistance:1e999", "point", "1,1", "invalid number for maxDistance"},
    {"near;MaxDistance:1", "point", "1,1", "Invalid modifier in georel parameter"},
    {"equals;maxDistance:1", "point", "1,1", "maxDistance erroneously used with georel /equals/"},
    {"coveredBy;minDistance:1", "box", "1,1;2,2",
     "minDistance erroneously used with georel /coveredBy/"},
    {"maxDistance:1", "point", "1,1", "maxDistance erroneously used with georel //"},
    {"coveredBy", "line", "1,1;2,2", "line geometry cannot be used with coveredBy georel"},
    {"equals", ";", "1,1", "error parsing geometry: empty geometry"},
    {"equals", "point;point", "1,1",
     "error parsing geometry: geometry-type present more than once"},
    {"equals", "Point", "1,1",
     "error parsing geometry: Invalid selector in geometry specification"},
    {"equals", "point", ";", "erroneous coordinates for geometry"},
    {"equals", "point", "1,1;", "invalid point in URI param /coords/"},
    {"equals", "point", "1,1,1", "invalid point in URI param /coords/"},
    {"equals", "point", "1;1", "invalid point in URI param /coords/"},
    {"equals", "point", "1,inf", "invalid coordinates"},
    {"equals", "point", "1,", "invalid coordinates"},
    {"equals", "point", "1,1;2,2", "invalid number of coordinates for /point/"},
    {"equals", "line", "1,1", "invalid number of coordinates for /line/"},
    {"equals", "box", "1,1;2,2;3,3", "invalid number of coordinates for /box/"},
    {"equals", "box", "1,1;1,2", "box coordinates are not defining an actual box"},
    {"equals", "box", "1,1;2,1", "box coordinates are not defining an actual box"},
    {"equals", "polygon", "1,1;1,2;2,2;2,1", "First and last point in polygon not the same"},
};

static void check_refusal(Error error, ErrorReason reason, const char *begin, const char *text)
{
    char wanted[200];
    char got[200];
    (void)snprintf(wanted, sizeof wanted, "%s%s", begin, text);
    (void)error_text(error, got, sizeof got);
    if (!FAILED(error) || error.reason != reason || strcmp(got, wanted) != 0) {
        fail_msg("got \"%s\", wanted \"%s\"", FAILED(error) ? got : "a filter", wanted);
    }
}

static V2Geo sent(const Refusal *refusal)
{
    return (V2Geo){.georel = str_from(refusal->georel),
                   .geometry = str_from(refusal->geometry),
                   .coords = str_from(refusal->coords)};
}

static void test_refused_parameters(void **state)
{
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        V2Geo geo = sent(&REFUSALS[i]);
        const GeoFilter *filter = NULL;
        check_refusal(v2_geo_params_in(*state, &geo, &filter), REASON_GEO_SHAPE,
                      "Invalid query: ", REFUSALS[i].text);
        assert_null(filter);
    }
}

static Error read_expression(Arena *arena, const char *json, const GeoFilter **ret_filter)
{
    JsonValue expression;
    assert_ok(json_parse(arena, str_from(json), JSON_LIMITS_REQUEST, &expression));
    return v2_geo_expression_in(arena, expression, ret_filter);
}

static void test_refused_expressions(void **state)
{
    static const struct {
        const char *json;
        ErrorReason reason;
        const char *text;
    } rows[] = {
        /* recorded */
        {"{\"georel\":\"near\",\"geometry\":\"point\",\"coords\":\"1,1\"}", REASON_QUERY_GEO,
         "error parsing geo-query fields: georel /near/ without either minDistance nor "
         "maxDistance"},
        {"{\"georel\":3}", REASON_QUERY_TEXT, "georel is not a string"},
        {"{\"geometry\":null}", REASON_QUERY_TEXT, "geometry is not a string"},
        {"{\"coords\":[1,1]}", REASON_QUERY_TEXT, "coords is not a string"},
        {"{\"georel\":\"\"}", REASON_QUERY_TEXT_EMPTY, "georel is empty"},
        {"{\"geometry\":\"\",\"coords\":3}", REASON_QUERY_TEXT_EMPTY, "geometry is empty"},
        {"{\"coords\":\"\"}", REASON_QUERY_TEXT_EMPTY, "coords is empty"},
        {"{\"georel\":\"near;maxDistance:1\",\"geometry\":\"point\"}", REASON_QUERY_GEO_PARTS,
         "partial geo expression: geometry, georel and coords have to be provided together"},
        {"{\"geometry\":\"point\",\"coords\":\"1,1\"}", REASON_QUERY_GEO_PARTS,
         "partial geo expression: geometry, georel and coords have to be provided together"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const GeoFilter *filter = NULL;
        check_refusal(read_expression(*state, rows[i].json, &filter), rows[i].reason, "",
                      rows[i].text);
        assert_null(filter);
    }
}

static const GeoFilter *accepted(Arena *arena, const char *georel, const char *geometry,
                                 const char *coords)
{
    V2Geo geo = {
        .georel = str_from(georel), .geometry = str_from(geometry), .coords = str_from(coords)};
    const GeoFilter *filter = NULL;
    assert_ok(v2_geo_params_in(arena, &geo, &filter));
    return filter;
}

static void check_distances(const GeoFilter *filter, double min, double max)
{
    assert_int_equal(filter->relation, GEO_NEAR);
    assert_int_equal(filter->shape, GEO_POINT);
    assert_true(filter->min_m == min && filter->max_m == max);
}

static void test_near(void **state)
{
    const GeoFilter *filter = accepted(*state, "near;maxDistance:5000", "point", "34.90,134.84");
    check_distances(filter, -1, 5000);
    assert_int_equal(filter->point_count, 1);
    assert_true(filter->points[0].latitude == 34.90 && filter->points[0].longitude == 134.84);
    check_distances(accepted(*state, "minDistance:1.5;near", "point", ",1 , 2 "), 1.5, -1);
    check_distances(accepted(*state, ";;near;maxDistance:5;minDistance:10", "point", ";1,1"), 10,
                    5);
    check_distances(accepted(*state, "near;maxDistance:0", "point", "95,1"), -1, 0);
    /* Everything lies farther than a negative distance, nothing nearer. */
    const GeoFilter *farther = accepted(*state, "near;minDistance:-5", "point", "1,1");
    assert_true(farther->min_m < 0 && farther->max_m < 0);
    const GeoFilter *nearer = accepted(*state, "near;maxDistance:-5", "point", "1,1");
    assert_true(nearer->max_m >= 0 && nearer->min_m > nearer->max_m);
}

static void test_shapes(void **state)
{
    static const struct {
        const char *georel;
        const char *geometry;
        const char *coords;
        GeoRelation relation;
        GeoShape shape;
        size_t count;
    } rows[] = {
        {"coveredBy", "box", "34.8,134.8;34.95,134.9", GEO_COVERED_BY, GEO_BOX, 2},
        {"coveredBy", "polygon", SQUARE, GEO_COVERED_BY, GEO_POLYGON, 5},
        {"intersects", "line", "34.9,134.9;35.1,135.1", GEO_INTERSECTS, GEO_LINE, 2},
        {"disjoint", "box", "1,1;2,2", GEO_DISJOINT, GEO_BOX, 2},
        {"equals", "point", "34.90,134.84", GEO_EQUALS, GEO_POINT, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const GeoFilter *filter =
            accepted(*state, rows[i].georel, rows[i].geometry, rows[i].coords);
        assert_int_equal(filter->relation, rows[i].relation);
        assert_int_equal(filter->shape, rows[i].shape);
        assert_int_equal(filter->point_count, rows[i].count);
        CLEANUP(geo_matcher_free) GeoMatcher *matcher = NULL;
        assert_ok(geo_matcher_new(filter, &matcher));
    }
}

static void test_nothing_asked(void **state)
{
    const GeoFilter *filter = NULL;
    assert_null(accepted(*state, "", "", ""));
    /* recorded: without georel the rest is left aside */
    assert_null(accepted(*state, "", "point", "1,1"));
    assert_null(accepted(*state, "", "polygon", SQUARE));
    assert_ok(read_expression(*state, "{\"foo\":1,\"q\":3}", &filter));
    assert_null(filter);
}

static void test_expression(void **state)
{
    const GeoFilter *filter = NULL;
    assert_ok(read_expression(*state,
                              "{\"georel\":\"near;maxDistance:1000\",\"geometry\":\"point\","
                              "\"coords\":\"10,10\"}",
                              &filter));
    check_distances(filter, -1, 1000);
}

static void test_number_of_coordinates(void **state)
{
    Buf buf = buf_in(*state);
    for (int i = 0; i < GEO_POINTS_MAX; i++) {
        buf_add(&buf, i % 2 == 0 ? STR("1,") : STR("2,"));
        buf_add_int(&buf, i % 180);
        buf_add_char(&buf, ';');
    }
    Str coords;
    const GeoFilter *filter = NULL;
    assert_ok(buf_finish(&buf, &coords));
    V2Geo geo = {.georel = STR("intersects"),
                 .geometry = STR("line"),
                 .coords = str_slice(coords, 0, coords.n - 1)};
    assert_ok(v2_geo_params_in(*state, &geo, &filter));
    assert_int_equal(filter->point_count, GEO_POINTS_MAX);
    geo.coords = coords; /* one more, and an empty one at that */
    check_refusal(v2_geo_params_in(*state, &geo, &filter), REASON_GEO_SHAPE,
                  "Invalid query: ", "too many coordinates - at most 1000 are allowed");
}

/* Whatever the memory, the answer is a filter or the lack of memory. */
static void test_short_memory(void **state)
{
    (void)state;
    bool is_served = false;
    for (size_t budget = 0; budget < 4096 && !is_served; budget += 16) {
        CLEANUP(arena_free) Arena *arena = arena_new(budget);
        V2Geo geo = {
            .georel = STR("intersects"), .geometry = STR("polygon"), .coords = STR(SQUARE)};
        const GeoFilter *filter = NULL;
        assert_non_null(arena);
        Error error = v2_geo_params_in(arena, &geo, &filter);
        is_served = !FAILED(error);
        assert_true(is_served || error.reason == REASON_BUDGET_EXCEEDED);
        assert_int_equal(is_served, filter != NULL);
    }
    assert_true(is_served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_parameters),
        cmocka_unit_test(test_refused_expressions),
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_nothing_asked),
        cmocka_unit_test(test_expression),
        cmocka_unit_test(test_number_of_coordinates),
        cmocka_unit_test(test_short_memory),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
