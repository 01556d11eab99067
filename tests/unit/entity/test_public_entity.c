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

static bool is_b(const void *context, Str name)
{
    assert_ptr_equal(context, NULL);
    return str_eq(name, STR("b"));
}

static Error gather(void *context, Str name, Str type)
{
    Buf *said = context;
    buf_add(said, name);
    buf_add_char(said, ':');
    buf_add(said, type);
    buf_add_char(said, ' ');
    return OK;
}

static Error refuse(void *context, Str name, Str type)
{
    (void)context;
    (void)name;
    (void)type;
    return FAIL(BUDGET_EXCEEDED, NULL);
}

static void test_few_of_many_attributes(void **state)
{
    Attribute attributes[] = {{.name = STR("a"), .type = STR("Number"), .value = STR("1")},
                              {.name = STR("b"), .type = STR("Text"), .value = STR("\"x\"")},
                              {.name = STR("c"), .type = STR("Text"), .value = STR("\"y\"")}};
    Entity entity = {.id = STR("E"),
                     .type = STR("T"),
                     .service_path = STR("/"),
                     .attributes = attributes,
                     .attribute_count = 3,
                     .modified_us = 5};
    DocBody body;
    Entity read;
    Buf said = buf_in(*state);
    Str names;
    assert_ok(public_entity_write(*state, STR_EMPTY, &entity, 1, &body));
    assert_ok(public_entity_read_some(*state, body, is_b, NULL, &read));
    assert_int_equal(read.attribute_count, 1);
    assert_str(read.attributes[0].value, "\"x\"");
    assert_str(read.id, "E");
    assert_int_equal(read.modified_us, 5);
    assert_ok(public_entity_names(*state, body, gather, &said));
    assert_ok(buf_finish(&said, &names));
    assert_str(names, "a:Number b:Text c:Text ");
    assert_fails(public_entity_names(*state, body, refuse, NULL), BUDGET_EXCEEDED);
}

/* With dateExpires of this type and value (NULL: without it), is the entity past its date? */
static bool is_expired(Arena *arena, const char *type, const char *value, int64_t now_us)
{
    Attribute expires = {.name = STR("dateExpires"),
                         .type = str_from(type),
                         .value = value == NULL ? STR_EMPTY : str_from(value)};
    Entity entity = {.id = STR("E"),
                     .type = STR("T"),
                     .service_path = STR("/"),
                     .attributes = &expires,
                     .attribute_count = value == NULL ? 0 : 1};
    DocBody body;
    bool is_past = false;
    assert_ok(public_entity_write(arena, STR_EMPTY, &entity, 1, &body));
    assert_ok(public_entity_is_expired(body, now_us, &is_past));
    return is_past;
}

static void test_expiry(void **state)
{
    const int64_t at_us = 2208988800000000; /* 2040-01-01 */
    assert_false(is_expired(*state, "DateTime", "\"2040-01-01T00:00:00.000Z\"", at_us - 1));
    assert_true(is_expired(*state, "DateTime", "\"2040-01-01T00:00:00.000Z\"", at_us));
    assert_true(is_expired(*state, "ISO8601", "\"2040-01-01\"", at_us));
    assert_false(is_expired(*state, "DateTime", "\"2040-01-01T00:00:00+09:00\"",
                            at_us - 9 * 3600000000 - 1));
    assert_true(
        is_expired(*state, "DateTime", "\"2040-01-01T00:00:00+09:00\"", at_us - 9 * 3600000000));
    assert_true(is_expired(*state, "DateTime", "\"0001-01-01\"", 0));
    assert_false(is_expired(*state, "DateTime", "null", INT64_MAX - 1));
    assert_false(is_expired(*state, "Text", "\"2040-01-01\"", INT64_MAX - 1));
    assert_false(is_expired(*state, "DateTime", "2040", INT64_MAX - 1));
    assert_false(is_expired(*state, "", NULL, INT64_MAX - 1));
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
    bool is_past = false;
    writer = doc_writer_in(*state, PUBLIC_ENTITY_FORMAT);
    assert_non_null(writer);
    doc_put_text(writer, "x", STR("soon"));
    assert_ok(doc_finish(writer, &body));
    assert_fails(public_entity_is_expired(body, 0, &is_past), STORE_CORRUPT);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_keys_tell_apart),         TEST(test_body_comes_back),
        TEST(test_few_of_many_attributes),  TEST(test_expiry),
        TEST(test_damaged_body_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
