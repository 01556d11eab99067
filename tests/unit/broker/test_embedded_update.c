/* Orion's PATCH in memory: sticky metadata, unknown attributes named in the order sent, times that
 * move only for what changed. */
#include "embedded_update.h"

#include "check.h"

static int arena_setup(void **state)
{
    *state = arena_new((size_t)1 << 16);
    return *state == NULL ? -1 : 0;
}

static int arena_teardown(void **state)
{
    (void)arena_free(*state);
    return 0;
}

static const Metadata OLD_METADATA[] = {
    {STR_INIT("u"), STR_INIT("Text"), STR_INIT("\"x\"")},
    {STR_INIT("v"), STR_INIT("Text"), STR_INIT("\"y\"")},
};

static const Metadata NEW_METADATA[] = {
    {STR_INIT("u"), STR_INIT("Number"), STR_INIT("1")},
    {STR_INIT("w"), STR_INIT("Text"), STR_INIT("\"q\"")},
};

static Attribute old_attribute(void)
{
    return (Attribute){.name = STR("a"),
                       .type = STR("Number"),
                       .value = STR("1"),
                       .metadata = OLD_METADATA,
                       .metadata_count = 2,
                       .created_us = 10,
                       .modified_us = 10};
}

static void test_metadata_are_sticky_and_merged(void **state)
{
    Attribute old = old_attribute();
    Attribute change = {.name = STR("a"),
                        .type = STR("Text"),
                        .value = STR("\"z\""),
                        .metadata = NEW_METADATA,
                        .metadata_count = 2};
    Entity entity = {.id = STR("E"), .type = STR("T"), .attributes = &old, .attribute_count = 1};
    Entity changes = {.attributes = &change, .attribute_count = 1};
    EmbeddedUpdate update;
    assert_ok(embedded_update_apply(*state, &entity, &changes, 20, &update));
    assert_int_equal(update.known_count, 1);
    assert_int_equal(update.missing_count, 0);
    assert_str(old.type, "Text");
    assert_str(old.value, "\"z\"");
    assert_int_equal(old.metadata_count, 3);
    assert_str(old.metadata[0].value, "1");
    assert_str(old.metadata[0].type, "Number");
    assert_str(old.metadata[1].name, "v");
    assert_str(old.metadata[2].name, "w");
    assert_int_equal(old.created_us, 10);
    assert_int_equal(old.modified_us, 20);
    assert_int_equal(entity.modified_us, 20);
    assert_str(OLD_METADATA[0].value, "\"x\"");
}

static void test_an_equal_value_moves_no_time_of_the_attribute(void **state)
{
    Attribute old = old_attribute();
    Attribute change = {.name = STR("a"), .type = STR("Number"), .value = STR("1")};
    Entity entity = {.attributes = &old, .attribute_count = 1};
    Entity changes = {.attributes = &change, .attribute_count = 1};
    EmbeddedUpdate update;
    assert_ok(embedded_update_apply(*state, &entity, &changes, 20, &update));
    assert_int_equal(old.modified_us, 10);
    assert_int_equal(old.metadata_count, 2);
    assert_int_equal(update.known_count, 1);
}

static void test_unknown_attributes_are_named_in_the_order_sent(void **state)
{
    Attribute old = old_attribute();
    Attribute changes[] = {{.name = STR("z"), .value = STR("1")},
                           {.name = STR("a"), .value = STR("2")},
                           {.name = STR("b"), .value = STR("3")}};
    Entity entity = {
        .id = STR("Room1"), .type = STR("Hall"), .attributes = &old, .attribute_count = 1};
    EmbeddedUpdate update;
    assert_ok(embedded_update_apply(
        *state, &entity, &(Entity){.attributes = changes, .attribute_count = 3}, 20, &update));
    assert_str(update.missing, "Room1/Hall - [ z, b ]");
    assert_int_equal(update.known_count, 1);
    assert_int_equal(entity.attribute_count, 1);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_metadata_are_sticky_and_merged),
        TEST(test_an_equal_value_moves_no_time_of_the_attribute),
        TEST(test_unknown_attributes_are_named_in_the_order_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
