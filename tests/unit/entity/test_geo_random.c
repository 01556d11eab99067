/* Places at random, against naive reckonings: distances by the angle between vectors, boxes and
 * polygons by comparing coordinates, numbers by the C library, the fast reading by the slow one. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "fake_ports.h"
#include "geo_sphere.h"
#include "geo_text.h"

#define RUNS 20000

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

/* Evenly in [low, high]. */
static double between(uint64_t *random, double low, double high)
{
    return low + (high - low) * ((double)(fake_random(random) >> 11) / 9007199254740992.0);
}

static GeoPoint anywhere(uint64_t *random)
{
    return (GeoPoint){.longitude = between(random, -180, 180),
                      .latitude = between(random, -90, 90)};
}

static GeoPoint around(uint64_t *random, GeoPoint centre, double degrees)
{
    GeoPoint point = {
        .longitude = between(random, centre.longitude - degrees, centre.longitude + degrees),
        .latitude = between(random, centre.latitude - degrees, centre.latitude + degrees)};
    point.longitude = fmax(-180, fmin(180, point.longitude));
    point.latitude = fmax(-90, fmin(90, point.latitude));
    return point;
}

static double naive_distance(GeoPoint a, GeoPoint b)
{
    const double degree = M_PI / 180;
    double ax = cos(a.latitude * degree) * cos(a.longitude * degree);
    double ay = cos(a.latitude * degree) * sin(a.longitude * degree);
    double az = sin(a.latitude * degree);
    double bx = cos(b.latitude * degree) * cos(b.longitude * degree);
    double by = cos(b.latitude * degree) * sin(b.longitude * degree);
    double bz = sin(b.latitude * degree);
    double cx = ay * bz - az * by;
    double cy = az * bx - ax * bz;
    double cz = ax * by - ay * bx;
    return 6378100 * atan2(sqrt(cx * cx + cy * cy + cz * cz), ax * bx + ay * by + az * bz);
}

static void test_point_distances(void **state)
{
    (void)state;
    uint64_t random = fake_seed("point distances");
    for (int i = 0; i < RUNS; i++) {
        GeoPoint a = anywhere(&random);
        GeoPoint b = i % 2 == 0 ? anywhere(&random) : around(&random, a, 0.001);
        double metres = geo_sphere_distance(a, b);
        double naive = naive_distance(a, b);
        /* Near the far side of Earth both lose digits. */
        if (fabs(metres - naive) > (naive > 2e7 ? 0.5 : 1e-3)) {
            fail_msg("run %d: %.9f and %.9f m", i, metres, naive);
        }
        assert_true(metres == geo_sphere_distance(b, a));
    }
}

static void test_known_distances(void **state)
{
    (void)state;
    const GeoPoint kasai = {134.84, 34.92};
    const GeoPoint tokyo = {139.767125, 35.681236};
    double degree = GEO_RADIUS_M * M_PI / 180;
    assert_true(geo_sphere_distance(kasai, kasai) == 0);
    assert_true(fabs(geo_sphere_distance(kasai, tokyo) - 454970) < 2000);
    assert_true(fabs(geo_sphere_distance((GeoPoint){0, 0}, (GeoPoint){1, 0}) - degree) < 1e-6);
    assert_true(fabs(geo_sphere_distance((GeoPoint){179.5, 0}, (GeoPoint){-179.5, 0}) - degree) <
                1e-6);
    assert_true(fabs(geo_sphere_distance((GeoPoint){0, 0}, (GeoPoint){180, 0}) -
                     GEO_RADIUS_M * M_PI) < 1e-3);
    assert_true(fabs(geo_sphere_distance((GeoPoint){12, 90}, (GeoPoint){99, 90})) < 1e-6);
}

/* The nearest of many points on the great circle from start to end. */
static double naive_edge_distance(GeoPoint from, GeoPoint start, GeoPoint end)
{
    const double degree = M_PI / 180;
    double nearest = INFINITY;
    for (int step = 0; step <= 2000; step++) {
        double share = step / 2000.0;
        double v[3];
        const GeoPoint ends[2] = {start, end};
        const double weights[2] = {1 - share, share};
        v[0] = v[1] = v[2] = 0;
        for (int k = 0; k < 2; k++) {
            v[0] += weights[k] * cos(ends[k].latitude * degree) * cos(ends[k].longitude * degree);
            v[1] += weights[k] * cos(ends[k].latitude * degree) * sin(ends[k].longitude * degree);
            v[2] += weights[k] * sin(ends[k].latitude * degree);
        }
        GeoPoint on = {.longitude = atan2(v[1], v[0]) / degree,
                       .latitude = atan2(v[2], hypot(v[0], v[1])) / degree};
        nearest = fmin(nearest, naive_distance(from, on));
    }
    return nearest;
}

static void test_edge_distances(void **state)
{
    (void)state;
    uint64_t random = fake_seed("edge distances");
    for (int i = 0; i < 500; i++) {
        GeoPoint start = around(&random, anywhere(&random), 1);
        double reach = i % 3 == 0 ? 20 : i % 3 == 1 ? 0.1 : 0.0001;
        GeoPoint end = around(&random, start, reach);
        GeoPoint from = i % 5 == 0 ? anywhere(&random) : around(&random, start, reach);
        double metres = geo_sphere_edge_distance(from, start, end);
        double naive = naive_edge_distance(from, start, end);
        double step = naive_distance(start, end) / 2000;
        if (metres > naive + 0.01 || naive - metres > step + 0.01) {
            fail_msg("run %d: %.6f and about %.6f m", i, metres, naive);
        }
    }
}

/* How one entity with that value stands to the filter. */
static bool stands(Arena *arena, const GeoFilter *filter, Str type, Str value)
{
    CLEANUP(geo_matcher_free) GeoMatcher *matcher = NULL;
    Attribute attribute = {.name = STR("loc"), .type = type, .value = value};
    Entity entity = {.attributes = &attribute, .attribute_count = 1};
    bool matches = false;
    assert_ok(geo_matcher_new(filter, &matcher));
    assert_ok(geo_matcher_test(matcher, arena, &entity, &matches));
    return matches;
}

static Str point_text(Arena *arena, GeoPoint point, bool is_geojson)
{
    char text[160];
    int n = is_geojson
                ? snprintf(text, sizeof text, "{\"type\":\"Point\",\"coordinates\":[%.17g,%.17g]}",
                           point.longitude, point.latitude)
                : snprintf(text, sizeof text, "\"%.17g, %.17g\"", point.latitude, point.longitude);
    Str copy;
    assert_ok(str_copy_in(arena, str_bytes(text, (size_t)n), &copy));
    return copy;
}

static bool point_stands(Arena *arena, const GeoFilter *filter, GeoPoint point, bool is_geojson)
{
    return stands(arena, filter, is_geojson ? STR("geo:json") : STR("geo:point"),
                  point_text(arena, point, is_geojson));
}

static void test_near(void **state)
{
    uint64_t random = fake_seed("near");
    size_t found = 0;
    for (int i = 0; i < RUNS; i++) {
        arena_reset(*state);
        GeoPoint asked = around(&random, anywhere(&random), 0);
        GeoPoint place = around(&random, asked, 0.05);
        double metres = naive_distance(asked, place);
        double min = i % 3 == 0 ? -1 : between(&random, 0, 8000);
        double max = i % 3 == 1 ? -1 : between(&random, 0, 12000);
        if (fabs(metres - min) < 0.01 || fabs(metres - max) < 0.01) {
            continue; /* too near the bound to tell */
        }
        GeoFilter filter = {.relation = GEO_NEAR,
                            .min_m = min,
                            .max_m = max,
                            .shape = GEO_POINT,
                            .points = &asked,
                            .point_count = 1};
        bool wanted = (min < 0 || metres >= min) && (max < 0 || metres <= max);
        found += wanted ? 1U : 0U;
        assert_int_equal(point_stands(*state, &filter, place, i % 2 == 0), wanted);
    }
    assert_in_range(found, RUNS / 10, RUNS - RUNS / 10);
}

static void check_area(Arena *arena, const GeoFilter *area, GeoPoint place, bool is_inside)
{
    GeoFilter filter = *area;
    filter.relation = GEO_COVERED_BY;
    assert_int_equal(point_stands(arena, &filter, place, true), is_inside);
    filter.relation = GEO_INTERSECTS;
    assert_int_equal(point_stands(arena, &filter, place, false), is_inside);
    filter.relation = GEO_DISJOINT;
    assert_int_equal(point_stands(arena, &filter, place, true), !is_inside);
    filter.relation = GEO_EQUALS;
    assert_false(point_stands(arena, &filter, place, true));
}

static void test_boxes(void **state)
{
    uint64_t random = fake_seed("boxes");
    for (int i = 0; i < RUNS / 4; i++) {
        arena_reset(*state);
        GeoPoint corners[2] = {anywhere(&random), anywhere(&random)};
        GeoPoint place = anywhere(&random);
        if (i % 4 == 0) {
            place.latitude = corners[0].latitude; /* the rim belongs to the box */
        }
        bool is_inside = place.longitude >= fmin(corners[0].longitude, corners[1].longitude) &&
                         place.longitude <= fmax(corners[0].longitude, corners[1].longitude) &&
                         place.latitude >= fmin(corners[0].latitude, corners[1].latitude) &&
                         place.latitude <= fmax(corners[0].latitude, corners[1].latitude);
        GeoFilter filter = {
            .shape = GEO_BOX, .points = corners, .point_count = 2, .min_m = -1, .max_m = -1};
        check_area(*state, &filter, place, is_inside);
    }
}

#define STAR_MAX 40

/* A closed ring around a centre that does not cross itself: growing angles, any radius. */
static size_t random_star(uint64_t *random, GeoPoint *ring)
{
    size_t count = 3 + fake_random_below(random, STAR_MAX - 4);
    for (size_t i = 0; i < count; i++) {
        double angle = 2 * M_PI * ((double)i + between(random, 0.1, 0.9)) / (double)count;
        double radius = between(random, 1, 40);
        ring[i] = (GeoPoint){.longitude = radius * cos(angle), .latitude = radius * sin(angle)};
    }
    ring[count] = ring[0];
    return count + 1;
}

/* Winding number by summed angles. */
static bool naive_inside(const GeoPoint *ring, size_t count, GeoPoint point)
{
    double turned = 0;
    for (size_t i = 1; i < count; i++) {
        double ax = ring[i - 1].longitude - point.longitude;
        double ay = ring[i - 1].latitude - point.latitude;
        double bx = ring[i].longitude - point.longitude;
        double by = ring[i].latitude - point.latitude;
        turned += atan2(ax * by - ay * bx, ax * bx + ay * by);
    }
    return fabs(turned) > M_PI;
}

static void test_polygons(void **state)
{
    uint64_t random = fake_seed("polygons");
    size_t inside = 0;
    for (int i = 0; i < RUNS / 4; i++) {
        arena_reset(*state);
        GeoPoint ring[STAR_MAX];
        size_t count = random_star(&random, ring);
        GeoPoint place = around(&random, (GeoPoint){0, 0}, 30);
        bool is_inside = naive_inside(ring, count, place);
        GeoFilter filter = {
            .shape = GEO_POLYGON, .points = ring, .point_count = count, .min_m = -1, .max_m = -1};
        check_area(*state, &filter, place, is_inside);
        assert_int_equal(geo_ring_surrounds(ring, count, place), is_inside);
        inside += is_inside ? 1U : 0U;
    }
    assert_in_range(inside, RUNS / 40, RUNS / 5);
}

/* The ring as a stored polygon, its first edge as a stored line. */
static Str ring_text(Arena *arena, const GeoPoint *ring, size_t count)
{
    Buf buf = buf_in(arena);
    buf_add(&buf, STR("{\"type\":\"Polygon\",\"coordinates\":[["));
    for (size_t i = 0; i < count; i++) {
        char text[80];
        int n = snprintf(text, sizeof text, "%s[%.17g,%.17g]", i == 0 ? "" : ",", ring[i].longitude,
                         ring[i].latitude);
        buf_add(&buf, str_bytes(text, (size_t)n));
    }
    buf_add(&buf, STR("]]}"));
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static bool contains_all(const GeoPoint *outer, size_t outer_count, const GeoPoint *inner,
                         size_t inner_count)
{
    for (size_t i = 0; i < inner_count; i++) {
        if (!geo_ring_surrounds(outer, outer_count, inner[i])) {
            return false;
        }
    }
    return true;
}

/* Laws between the relations, whatever the shapes. */
static void test_stored_polygons(void **state)
{
    uint64_t random = fake_seed("stored polygons");
    for (int i = 0; i < 1500; i++) {
        arena_reset(*state);
        GeoPoint asked[STAR_MAX];
        GeoPoint stored[STAR_MAX];
        size_t asked_count = random_star(&random, asked);
        size_t stored_count = random_star(&random, stored);
        double shift = between(&random, -80, 80);
        for (size_t k = 0; k < stored_count; k++) {
            stored[k].longitude += i % 3 == 0 ? 0 : shift;
            stored[k].longitude *= i % 3 == 0 ? 0.02 : 1;
            stored[k].latitude *= i % 3 == 0 ? 0.02 : 1;
        }
        Str value = ring_text(*state, stored, stored_count);
        GeoFilter filter = {.shape = GEO_POLYGON,
                            .points = asked,
                            .point_count = asked_count,
                            .relation = GEO_INTERSECTS};
        bool meets = stands(*state, &filter, STR("geo:json"), value);
        filter.relation = GEO_DISJOINT;
        assert_int_equal(stands(*state, &filter, STR("geo:json"), value), !meets);
        filter.relation = GEO_COVERED_BY;
        bool is_covered = stands(*state, &filter, STR("geo:json"), value);
        assert_true(meets || !is_covered);
        /* A corner outside shows that it can't be covered. */
        assert_true(!is_covered || contains_all(asked, asked_count, stored, stored_count));
        filter.relation = GEO_EQUALS;
        assert_false(stands(*state, &filter, STR("geo:json"), value));
        filter.points = stored;
        filter.point_count = stored_count;
        assert_true(stands(*state, &filter, STR("geo:json"), value));
    }
}

/* A number as somebody might write it. */
static int write_number(uint64_t *random, char *text, size_t size, double number)
{
    int digits = (int)fake_random_below(random, 18);
    switch (fake_random_below(random, 3)) {
    case 0:
        return snprintf(text, size, "%.*g", digits, number);
    case 1:
        return snprintf(text, size, "%+.*f", digits, number);
    default:
        return snprintf(text, size, "%.*e", digits, number);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t random = fake_seed("numbers");
    for (int i = 0; i < RUNS; i++) {
        char text[128];
        int n = write_number(&random, text, sizeof text,
                             between(&random, -180, 180) * pow(10, between(&random, -8, 8)));
        double number = 0;
        if (n > GEO_NUMBER_BYTES_MAX) {
            continue;
        }
        assert_true(geo_number_read(str_bytes(text, (size_t)n), &number));
        if (number != strtod(text, NULL)) {
            fail_msg("\"%s\" was read as %.17g", text, number);
        }
    }
}

static void test_texts_that_are_no_numbers(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"",    " ",   ".",     "-",   "+",   "e1",   "1e",
                                        "1e+", "--1", "1.2.3", "nan", "inf", "-inf", "0x1",
                                        "1 2", "1,",  "1e999", "NaN", "１",  "1f",   "infinity"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        double number = -7;
        if (geo_number_read(str_from(TEXTS[i]), &number) || number != -7) {
            fail_msg("\"%s\" is taken for a number", TEXTS[i]);
        }
    }
    char long_text[GEO_NUMBER_BYTES_MAX + 1];
    double number = 0;
    for (size_t i = 0; i < sizeof long_text; i++) {
        long_text[i] = '1';
    }
    assert_true(geo_number_read(str_bytes(long_text, GEO_NUMBER_BYTES_MAX), &number));
    assert_false(geo_number_read(str_bytes(long_text, GEO_NUMBER_BYTES_MAX + 1), &number));
}

static void test_fast_reading_is_the_slow_one(void **state)
{
    uint64_t random = fake_seed("fast reading");
    size_t fast = 0;
    for (int i = 0; i < RUNS; i++) {
        arena_reset(*state);
        bool is_geojson = i % 2 == 0;
        Str type = is_geojson ? STR("geo:json") : STR("geo:point");
        GeoPoint wanted = anywhere(&random);
        Str json = point_text(*state, wanted, is_geojson);
        GeoPoint point;
        JsonValue value;
        GeoPlace place;
        assert_ok(json_parse(*state, json, JSON_LIMITS_REQUEST, &value));
        assert_ok(geo_value_read_in(*state, type, value, &place));
        if (geo_value_point(type, json, &point)) {
            fast++;
            assert_true(point.longitude == place.parts[0].points[0].longitude);
            assert_true(point.latitude == place.parts[0].points[0].latitude);
        }
        assert_true(place.parts[0].points[0].longitude == wanted.longitude);
    }
    assert_int_equal(fast, RUNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_point_distances),
        cmocka_unit_test(test_known_distances),
        cmocka_unit_test(test_edge_distances),
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_polygons),
        cmocka_unit_test(test_stored_polygons),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_texts_that_are_no_numbers),
        cmocka_unit_test(test_fast_reading_is_the_slow_one),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
