/* Orders: MongoDB's order of kinds and values, arrays by their best member, paths, directions. */
#include "entity_order.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new((size_t)8 << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static const EntitySortKey *key_of(const EntityOrder *order, size_t count, const Entity *entity)
{
    EntityQuery query = {.order = order, .order_count = count};
    EntitySortKey *key = NULL;
    assert_ok(entity_sort_key_in(arena, arena, &query, NULL, entity, &key));
    return key;
}

static int sign_of(int order)
{
    return (order > 0) - (order < 0);
}

/* --- one attribute "a" --- */

/* json NULL: absent. A value may be written with its type before it: "DateTime:…". */
static const EntitySortKey *key_of_value(const char *json, StrList path, bool is_descending)
{
    static const char MOMENT_MARK[] = "DateTime:";
    EntityOrder order = {.attribute = STR("a"), .path = path, .is_descending = is_descending};
    if (json == NULL) {
        return key_of(&order, 1, &(Entity){.id = STR("e")});
    }
    bool is_moment = strncmp(json, MOMENT_MARK, strlen(MOMENT_MARK)) == 0;
    Attribute attribute = {.name = STR("a"),
                           .type = is_moment ? STR("DateTime") : STR("Text"),
                           .value = str_from(is_moment ? json + strlen(MOMENT_MARK) : json)};
    return key_of(&order, 1, &(Entity){.attributes = &attribute, .attribute_count = 1});
}

/* Each of the values before the next ones; "=" before a value: it equals the one before. */
static void check_ascending(const char *const *values, size_t count, StrList path,
                            bool is_descending)
{
    int64_t ranks[64];
    for (size_t i = 0; i < count; i++) {
        bool is_same = values[i] != NULL && values[i][0] == '=';
        ranks[i] = i == 0 ? 0 : ranks[i - 1] + !is_same;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const char *left = values[i] != NULL && values[i][0] == '=' ? values[i] + 1 : values[i];
            const char *right =
                values[j] != NULL && values[j][0] == '=' ? values[j] + 1 : values[j];
            int wanted = (ranks[i] > ranks[j]) - (ranks[i] < ranks[j]);
            int order = entity_sort_key_compare(key_of_value(left, path, is_descending),
                                                key_of_value(right, path, is_descending));
            if (sign_of(order) != (is_descending ? -wanted : wanted)) {
                fail_msg("%s and %s, %s", left == NULL ? "nothing" : left,
                         right == NULL ? "nothing" : right,
                         is_descending ? "descending" : "ascending");
            }
        }
    }
}

#define COUNT(array_) (sizeof(array_) / sizeof((array_)[0]))
static const StrList NO_PATH = {.count = 0};

static const char *const SCALARS[] = {
    NULL,
    "=null",
    "-1e999",
    "-1e300",
    "-10",
    "-9.5",
    "-1e-300",
    "-0",
    "=0",
    "=0.0",
    "1e-300",
    "0.1",
    "2",
    "=2.0",
    "=2e0",
    "10",
    "9007199254740992",
    "1e300",
    "1e999",
    "\"\"",
    "\"\\u0001\"",
    "\" \"",
    "\"10\"",
    "\"9\"",
    "\"A\"",
    "\"a\"",
    "\"a\\u0001\"",
    "\"ab\"",
    "=\"a\\u0062\"",
    "\"b\"",
    "\"é\"",
    "\"あ\"",
    "\"結\"",
    "\"😀\"",
    "{}",
    "false",
    "true",
    "DateTime:\"0001-01-01\"",
    "DateTime:\"1969-12-31T23:59:59.999Z\"",
    "DateTime:\"1970-01-01\"",
    "=DateTime:\"1970-01-01T09:00:00+09:00\"",
    "DateTime:\"2026-11-24T00:00:00.000001Z\"",
    "DateTime:\"9999-12-31\"",
};

static void test_kinds_and_values(void **state)
{
    (void)state;
    check_ascending(SCALARS, COUNT(SCALARS), NO_PATH, false);
    check_ascending(SCALARS, COUNT(SCALARS), NO_PATH, true);
}

static const char *const OBJECTS[] = {
    "\"text\"",          "{}",
    "{\"b\":null}",      "{\"a\":1}", /* kinds of members first, then names, then values */
    "{\"a\":1,\"b\":1}", "{\"a\":9}",
    "{\"a\":10}",        "{\"b\":1}",
    "{\"a\":\"x\"}",     "{\"a\":{}}",
    "{\"a\":{\"c\":1}}", "={\"a\": {\"c\": 1.0}}",
    "{\"a\":[]}",        "{\"a\":[1]}",
    "{\"a\":[1,2]}",     "{\"a\":[2]}",
    "{\"a\":false}",     "true",
};

static void test_objects(void **state)
{
    (void)state;
    check_ascending(OBJECTS, COUNT(OBJECTS), NO_PATH, false);
    check_ascending(OBJECTS, COUNT(OBJECTS), NO_PATH, true);
}

/* An array stands where its smallest member does, or its largest when the order descends. */
static void test_arrays(void **state)
{
    (void)state;
    static const char *const BY_SMALLEST[] = {
        "[]", NULL,    "=[null,7]",    "=[5,null]", "1",         "=[9,1]", "=[1,\"x\"]",
        "2",  "[3,4]", "[\"b\",true]", "{}",        "[[1],[2]]", "[true]"};
    static const char *const BY_LARGEST[] = {"[]",        NULL,        "=[null]",  "1",
                                             "[2,1]",     "=2",        "[null,3]", "[9,1]",
                                             "[1,\"x\"]", "[[1],[2]]", "[true]",   "=[\"b\",true]"};
    check_ascending(BY_SMALLEST, COUNT(BY_SMALLEST), NO_PATH, false);
    check_ascending(BY_LARGEST, COUNT(BY_LARGEST), NO_PATH, true);
}

static void test_paths(void **state)
{
    (void)state;
    const Str names[] = {STR("k"), STR("d")};
    StrList path = {.items = names, .count = 2};
    static const char *const VALUES[] = {
        "{\"k\":{\"d\":[]}}",
        NULL,
        "=5",
        "=\"k\"",
        "={\"k\":1}",
        "={\"k\":{\"e\":1}}",
        "={\"k\":[{\"d\":3},{\"e\":1}]}", /* one member leads nowhere */
        "{\"k\":{\"d\":1}}",
        "={\"k\":[{\"d\":7},{\"d\":1}]}",
        "{\"k\":{\"d\":2}}",
        "=[{\"k\":{\"d\":2}}]",
        "{\"k\":{\"d\":\"x\"}}",
    };
    check_ascending(VALUES, COUNT(VALUES), path, false);
}

/* A unit n times, between two pieces. */
static const char *long_text(const char *before, const char *unit, size_t n, const char *behind)
{
    Buf buf = buf_in(arena);
    buf_add(&buf, str_from(before));
    for (size_t i = 0; i < n; i++) {
        buf_add(&buf, str_from(unit));
    }
    buf_add(&buf, str_from(behind));
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return str_argument(arena, text);
}

static int compare_values(const char *left, const char *right)
{
    return sign_of(entity_sort_key_compare(key_of_value(left, NO_PATH, false),
                                           key_of_value(right, NO_PATH, false)));
}

/* Long values are cut, and stay in order with those that differ before. */
static void test_long_values_are_cut(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *unit;
        const char *behind;
    } SHAPES[] = {{"\"", "x", "\""}, {"{\"k\":\"", "x", "\"}"}, {"[[", "1,", "1]]"}};
    const size_t n = (size_t)3 * ENTITY_SORT_VALUE_BYTES;
    for (size_t i = 0; i < COUNT(SHAPES); i++) {
        const char *one = long_text(SHAPES[i].before, SHAPES[i].unit, n, SHAPES[i].behind);
        const char *longer = long_text(SHAPES[i].before, SHAPES[i].unit, n + 1, SHAPES[i].behind);
        const char *shorter = long_text(SHAPES[i].before, SHAPES[i].unit, 50, SHAPES[i].behind);
        assert_true(key_of_value(one, NO_PATH, false)->bytes.n < ENTITY_SORT_VALUE_BYTES + 16);
        assert_int_equal(compare_values(one, longer), 0);
        assert_int_equal(compare_values(shorter, one), -1);
    }
}

/* --- several items --- */

typedef struct Room {
    const char *id;
    const char *even;
    const char *n;
} Room;

static Entity entity_of(const Room *room, Attribute *attributes)
{
    attributes[0] = (Attribute){.name = STR("even"), .value = str_from(room->even)};
    attributes[1] = (Attribute){.name = STR("n"), .value = str_from(room->n)};
    return (Entity){.id = str_from(room->id), .attributes = attributes, .attribute_count = 2};
}

/* Recorded: orderBy=even,!n gives R5 R3 R1 R6 R4 R2. */
static void test_recorded_two_items(void **state)
{
    (void)state;
    static const Room ROOMS[] = {{"R5", "false", "50"}, {"R3", "false", "30"},
                                 {"R1", "false", "10"}, {"R6", "true", "60"},
                                 {"R4", "true", "40"},  {"R2", "true", "20"}};
    const EntityOrder order[] = {{.attribute = STR("even")},
                                 {.attribute = STR("n"), .is_descending = true}};
    for (size_t i = 0; i + 1 < COUNT(ROOMS); i++) {
        Attribute left[2];
        Attribute right[2];
        Entity before = entity_of(&ROOMS[i], left);
        Entity behind = entity_of(&ROOMS[i + 1], right);
        assert_true(entity_sort_key_compare(key_of(order, 2, &before), key_of(order, 2, &behind)) <
                    0);
    }
}

/* "a" then "bc" must not look like "ab" then "c", in either direction. */
static void test_items_do_not_run_into_each_other(void **state)
{
    (void)state;
    Attribute short_first[] = {{.name = STR("x"), .value = STR("\"a\"")},
                               {.name = STR("y"), .value = STR("\"bc\"")}};
    Attribute long_first[] = {{.name = STR("x"), .value = STR("\"ab\"")},
                              {.name = STR("y"), .value = STR("\"c\"")}};
    Entity before = {.attributes = short_first, .attribute_count = 2};
    Entity behind = {.attributes = long_first, .attribute_count = 2};
    for (int directions = 0; directions < 4; directions++) {
        const EntityOrder order[] = {
            {.attribute = STR("x"), .is_descending = (directions & 1) != 0},
            {.attribute = STR("y"), .is_descending = (directions & 2) != 0}};
        int compared =
            entity_sort_key_compare(key_of(order, 2, &before), key_of(order, 2, &behind));
        assert_int_equal(sign_of(compared), (directions & 1) != 0 ? 1 : -1);
    }
}

static void test_builtins(void **state)
{
    (void)state;
    Entity before = {.id = STR("a"),
                     .type = STR("A"),
                     .service_path = STR("/a"),
                     .created_us = 1,
                     .modified_us = -5};
    Entity behind = {.id = STR("b"),
                     .type = STR("B"),
                     .service_path = STR("/a/b"),
                     .created_us = 2,
                     .modified_us = 5};
    static const EntityOrderKind KINDS[] = {ENTITY_ORDER_ID, ENTITY_ORDER_TYPE,
                                            ENTITY_ORDER_SERVICE_PATH, ENTITY_ORDER_CREATED,
                                            ENTITY_ORDER_MODIFIED};
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        EntityOrder order = {.kind = KINDS[i]};
        assert_true(
            entity_sort_key_compare(key_of(&order, 1, &before), key_of(&order, 1, &behind)) < 0);
        order.is_descending = true;
        assert_true(
            entity_sort_key_compare(key_of(&order, 1, &before), key_of(&order, 1, &behind)) > 0);
    }
}

/* Nobody asked for a place: all distances are unknown, and equal. */
static void test_distance_without_place(void **state)
{
    (void)state;
    EntityOrder order = {.kind = ENTITY_ORDER_DISTANCE};
    Entity one = {.id = STR("a")};
    Entity other = {.id = STR("b")};
    assert_int_equal(entity_sort_key_compare(key_of(&order, 1, &one), key_of(&order, 1, &other)),
                     0);
}

static Entity entity_at(const char *point, Attribute *attribute)
{
    *attribute =
        (Attribute){.name = STR("loc"), .type = STR("geo:point"), .value = str_from(point)};
    return (Entity){.attributes = attribute, .attribute_count = 1};
}

/* Recorded: orderBy=geo:distance from 34.90, 134.84 gives G1 (there) before G2 (34.91, 134.85). */
static void test_distance(void **state)
{
    (void)state;
    const GeoPoint here = {.longitude = 134.84, .latitude = 34.90};
    GeoFilter filter = {.relation = GEO_NEAR,
                        .min_m = -1,
                        .max_m = 500000,
                        .shape = GEO_POINT,
                        .points = &here,
                        .point_count = 1};
    CLEANUP(geo_matcher_free) GeoMatcher *matcher = NULL;
    assert_ok(geo_matcher_new(&filter, &matcher));
    Attribute at[2];
    Entity entities[] = {entity_at("\"34.90, 134.84\"", &at[0]),
                         entity_at("\"34.91, 134.85\"", &at[1]),
                         {.id = STR("nowhere")}};
    for (int direction = 0; direction < 2; direction++) {
        EntityOrder order = {.kind = ENTITY_ORDER_DISTANCE, .is_descending = direction == 1};
        EntityQuery query = {.order = &order, .order_count = 1};
        EntitySortKey *keys[3];
        for (size_t i = 0; i < 3; i++) {
            assert_ok(entity_sort_key_in(arena, arena, &query, matcher, &entities[i], &keys[i]));
        }
        int sign = direction == 0 ? -1 : 1;
        assert_int_equal(sign_of(entity_sort_key_compare(keys[0], keys[1])), sign);
        assert_int_equal(sign_of(entity_sort_key_compare(keys[2], keys[0])), sign);
    }
}

/* --- memory --- */

static void test_memory_runs_out(void **state)
{
    (void)state;
    const Str name = STR("k");
    EntityOrder order = {.attribute = STR("a"), .path = {.items = &name, .count = 1}};
    EntityQuery query = {.order = &order, .order_count = 1};
    Attribute attribute = {.name = STR("a"),
                           .value = STR("[{\"k\":[1,{\"b\":\"text\"}]},{\"k\":\"\\u0041\"}]")};
    Entity entity = {.attributes = &attribute, .attribute_count = 1};
    Error error = FAIL(BUDGET_EXCEEDED, NULL);
    for (size_t budget = 16; FAILED(error); budget += 16) {
        CLEANUP(arena_free) Arena *small = arena_new(budget);
        EntitySortKey *key = NULL;
        error = entity_sort_key_in(small, small, &query, NULL, &entity, &key);
        assert_true(!FAILED(error) || error.reason == REASON_BUDGET_EXCEEDED);
        assert_true(FAILED(error) == (key == NULL));
        assert_true(budget < 65536);
    }
    attribute.value = STR("[1");
    EntitySortKey *key = NULL;
    assert_fails(entity_sort_key_in(arena, arena, &query, NULL, &entity, &key), STORE_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kinds_and_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_objects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arrays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_values_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recorded_two_items, setup, teardown),
        cmocka_unit_test_setup_teardown(test_items_do_not_run_into_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(test_builtins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_distance_without_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_distance, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_runs_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
