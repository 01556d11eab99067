/* The stored form of open data: keys tell everything apart, bodies come back whole. */
#include "public_entity.h"

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

static Str key_of(Arena *arena, const char *tenant, const char *path, const char *id,
                  const char *type)
{
    Str key;
    assert_ok(public_entity_key_in(arena, str_from(tenant), str_from(path), str_from(id),
                                   str_from(type), &key));
    return key;
}

static void test_keys_tell_apart(void **state)
{
    const Str keys[] = {
        key_of(*state, "", "/", "ab", "c"),  key_of(*state, "", "/", "a", "bc"),
        key_of(*state, "t", "/", "ab", "c"), key_of(*state, "", "/t", "ab", "c"),
        key_of(*state, "", "/", "AB", "c"),  key_of(*state, "", "/", "c", "ab"),
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(keys[i].n, 22);
        for (size_t k = 0; k < i; k++) {
            assert_false(str_eq(keys[i], keys[k]));
        }
    }
    assert_str_eq(key_of(*state, "", "/", "ab", "c"), keys[0]);
}

static void test_body_comes_back(void **state)
{
    Attribute attributes[] = {
        {.name = STR("a"),
         .type = STR("Number"),
         .value = STR("2.0"),
         .created_us = 1,
         .modified_us = 2},
        {.name = STR("b"),
         .type = STR("Text"),
         .value = STR("\"加西\""),
         .metadata = &(const Metadata){STR("m"), STR("Text"), STR("\"x\"")},
         .metadata_count = 1},
    };
    Entity entity = {.id = STR("E"),
                     .type = STR("T"),
                     .service_path = STR("/a/b"),
                     .attributes = attributes,
                     .attribute_count = 2,
                     .created_us = 10,
                     .modified_us = 20};
    DocBody body;
    Entity read;
    int64_t order = 0;
    Str scope;
    assert_ok(public_entity_write(*state, STR("city"), &entity, 77, &body));
    assert_ok(public_entity_read(*state, body, &read, &order));
    assert_int_equal(order, 77);
    assert_str(read.id, "E");
    assert_str(read.type, "T");
    assert_str(read.service_path, "/a/b");
    assert_int_equal(read.created_us, 10);
    assert_int_equal(read.modified_us, 20);
    assert_int_equal(read.attribute_count, 2);
    assert_str(read.attributes[0].value, "2.0");
    assert_str(read.attributes[1].metadata[0].value, "\"x\"");
    assert_ok(doc_get_text(body, "p", &scope));
    assert_str(scope, "/city");
}

static void test_damaged_body_is_refused(void **state)
{
    DocWriter *writer = doc_writer_in(*state, PUBLIC_ENTITY_FORMAT + 1);
    assert_non_null(writer);
    DocBody body;
    Entity read;
    assert_ok(doc_finish(writer, &body));
    assert_fails(public_entity_read(*state, body, &read, NULL), STORE_CORRUPT);
    writer = doc_writer_in(*state, PUBLIC_ENTITY_FORMAT);
    assert_non_null(writer);
    doc_put_text(writer, "y", STR("T"));
    assert_ok(doc_finish(writer, &body));
    assert_fails(public_entity_read(*state, body, &read, NULL), STORE_CORRUPT);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_keys_tell_apart),
        TEST(test_body_comes_back),
        TEST(test_damaged_body_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
