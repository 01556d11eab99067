/* orderBy: names, paths, directions, and what is refused. */
#include "v2_order.h"

#include <string.h>

#include "check.h"

static int arena_setup(void **state)
{
    *state = arena_new((size_t)1 << 20);
    return *state == NULL ? -1 : 0;
}

static int arena_teardown(void **state)
{
    (void)arena_free(*state);
    return 0;
}

static EntityOrder one(Arena *arena, const char *text)
{
    const EntityOrder *order = NULL;
    size_t count = 0;
    assert_ok(v2_order_read(arena, str_from(text), &order, &count));
    assert_int_equal(count, 1);
    return order[0];
}

static void test_builtin_names(void **state)
{
    const struct {
        const char *text;
        EntityOrderKind kind;
        bool is_descending;
    } rows[] = {
        {"id", ENTITY_ORDER_ID, false},
        {"!id", ENTITY_ORDER_ID, true},
        {"type", ENTITY_ORDER_TYPE, false},
        {"servicePath", ENTITY_ORDER_SERVICE_PATH, false},
        {"!dateCreated", ENTITY_ORDER_CREATED, true},
        {"dateModified", ENTITY_ORDER_MODIFIED, false},
        {"geo:distance", ENTITY_ORDER_DISTANCE, false},
        {"!geo:distance", ENTITY_ORDER_DISTANCE, true},
        {"Id", ENTITY_ORDER_ATTRIBUTE, false},
        {"geo:Distance", ENTITY_ORDER_ATTRIBUTE, false},
        {"dateExpires", ENTITY_ORDER_ATTRIBUTE, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EntityOrder order = one(*state, rows[i].text);
        assert_int_equal(order.kind, rows[i].kind);
        assert_int_equal(order.is_descending, rows[i].is_descending);
    }
}

static void test_attributes_and_paths(void **state)
{
    EntityOrder order = one(*state, "!a.b.c");
    assert_int_equal(order.kind, ENTITY_ORDER_ATTRIBUTE);
    assert_true(order.is_descending);
    assert_str(order.attribute, "a");
    assert_int_equal(order.path.count, 2);
    assert_str(order.path.items[1], "c");
    order = one(*state, "id.x"); /* a path is a path, whatever it starts with */
    assert_int_equal(order.kind, ENTITY_ORDER_ATTRIBUTE);
    assert_str(order.attribute, "id");
    assert_int_equal(one(*state, "a").path.count, 0);
}

static void test_several(void **state)
{
    const EntityOrder *order = NULL;
    size_t count = 0;
    assert_ok(v2_order_read(*state, STR("even,!n,n.x,id"), &order, &count));
    assert_int_equal(count, 4);
    assert_str(order[0].attribute, "even");
    assert_false(order[0].is_descending);
    assert_true(order[1].is_descending);
    assert_int_equal(order[3].kind, ENTITY_ORDER_ID);
}

static void test_refusals(void **state)
{
    const struct {
        const char *text;
        const char *said;
    } rows[] = {
        {"", "Invalid value for URI param /orderBy/"},
        {"!", "Invalid value for URI param /orderBy/"},
        {",a", "Invalid value for URI param /orderBy/"},
        {"a,", "Invalid value for URI param /orderBy/"},
        {"a,,b", "Invalid value for URI param /orderBy/"},
        {"a..b", "Invalid value for URI param /orderBy/"},
        {".a", "Invalid value for URI param /orderBy/"},
        {"a.", "Invalid value for URI param /orderBy/"},
        {"a,a", "URI param /orderBy/ names a more than once"},
        {"a,b,!a", "URI param /orderBy/ names a more than once"},
        {"id,id", "URI param /orderBy/ names id more than once"},
        {"a.b,a.b", "URI param /orderBy/ names a.b more than once"},
        {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
         "too many items in URI param /orderBy/ - at most 16 are allowed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const EntityOrder *order = NULL;
        size_t count = 0;
        char text[160];
        Error error = v2_order_read(*state, str_from(rows[i].text), &order, &count);
        (void)error_text(error, text, sizeof text);
        if (!FAILED(error) || strcmp(text, rows[i].said) != 0) {
            fail_msg("orderBy=%s gave \"%s\"", rows[i].text, text);
        }
        assert_int_equal(error_words(error.reason)->http_status, 400);
        assert_null(order);
    }
}

static void test_sixteen_are_allowed(void **state)
{
    const EntityOrder *order = NULL;
    size_t count = 0;
    assert_ok(v2_order_read(*state, STR("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p"), &order, &count));
    assert_int_equal(count, ENTITY_ORDER_ITEMS_MAX);
}

static void test_distance_needs_a_place(void **state)
{
    EntityQuery query = {.limit = 20};
    assert_ok(v2_order_check(&query));
    assert_ok(v2_order_read(*state, STR("a,!geo:distance"), &query.order, &query.order_count));
    assert_fails(v2_order_check(&query), ORDER_PLACE);
    GeoFilter *place = arena_alloc(*state, 1);
    query.place = place; /* only whether there is one counts */
    assert_ok(v2_order_check(&query));
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_builtin_names),
        TEST(test_attributes_and_paths),
        TEST(test_several),
        TEST(test_refusals),
        TEST(test_sixteen_are_allowed),
        TEST(test_distance_needs_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
