/* The entity model: canonical records, order of members, times over what is shown. */
#include "entity.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fake_ports.h"

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

static void check_same(const Attribute *a, const Attribute *b)
{
    assert_str_eq(a->name, b->name);
    assert_str_eq(a->type, b->type);
    assert_str_eq(a->value, b->value);
    assert_str_eq(a->dataset_id, b->dataset_id);
    assert_str_eq(a->writer, b->writer);
    assert_int_equal(a->created_us, b->created_us);
    assert_int_equal(a->modified_us, b->modified_us);
    assert_int_equal(a->metadata_count, b->metadata_count);
    for (size_t i = 0; i < a->metadata_count; i++) {
        assert_str_eq(a->metadata[i].name, b->metadata[i].name);
        assert_str_eq(a->metadata[i].type, b->metadata[i].type);
        assert_str_eq(a->metadata[i].value, b->metadata[i].value);
    }
}

static const Metadata SOURCE[] = {
    {STR_INIT("source"), STR_INIT("Text"), STR_INIT("\"card\"")},
    {STR_INIT("acc"), STR_INIT("Number"), STR_INIT("2.0")},
};

static Attribute sample(void)
{
    return (Attribute){.name = STR("familyName"),
                       .type = STR("Text"),
                       .value = STR("\"結城\""),
                       .dataset_id = STR(""),
                       .metadata = SOURCE,
                       .metadata_count = 2,
                       .writer = STR("line-portal"),
                       .created_us = -1,
                       .modified_us = INT64_MAX};
}

/* The stored bytes are a contract: a change here makes existing stores unreadable. */
static void test_record_bytes_are_fixed(void **state)
{
    Attribute attribute = {.name = STR("a"),
                           .type = STR("T"),
                           .value = STR("1"),
                           .dataset_id = STR("d"),
                           .metadata = &(const Metadata){STR("m"), STR("N"), STR("2")},
                           .metadata_count = 1,
                           .writer = STR("w"),
                           .created_us = 1,
                           .modified_us = 258};
    static const unsigned char wanted[] = {
        1, 0, 0, 0, 1,   'a', 0, 0, 0,   1, 'T', 0, 0, 0,   1, '1', 0, 0, 0,  1, 'd',
        0, 0, 0, 1, 'w', 0,   0, 0, 0,   0, 0,   0, 1, 0,   0, 0,   0, 0, 0,  1, 2,
        0, 0, 0, 1, 0,   0,   0, 1, 'm', 0, 0,   0, 1, 'N', 0, 0,   0, 1, '2'};
    Str record;
    assert_ok(attribute_record_write(*state, &attribute, &record));
    assert_str_eq(record, str_bytes(wanted, sizeof wanted));
}

static void test_record_comes_back(void **state)
{
    Attribute attribute = sample();
    Attribute read;
    Str record;
    assert_ok(attribute_record_write(*state, &attribute, &record));
    assert_ok(attribute_record_read(*state, record, &read));
    check_same(&attribute, &read);
}

static Str random_text(Arena *arena, uint64_t *seed)
{
    size_t n = (size_t)fake_random_below(seed, 40);
    char *bytes = arena_alloc(arena, n);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (char)fake_random_below(seed, 256);
    }
    return (Str){.p = bytes, .n = n};
}

static Attribute random_attribute(Arena *arena, uint64_t *seed)
{
    size_t count = (size_t)fake_random_below(seed, 4);
    Metadata *metadata = ARENA_MANY(arena, Metadata, count);
    assert_non_null(metadata);
    for (size_t i = 0; i < count; i++) {
        metadata[i] = (Metadata){random_text(arena, seed), random_text(arena, seed),
                                 random_text(arena, seed)};
    }
    return (Attribute){.name = random_text(arena, seed),
                       .type = random_text(arena, seed),
                       .value = random_text(arena, seed),
                       .dataset_id = random_text(arena, seed),
                       .writer = random_text(arena, seed),
                       .metadata = metadata,
                       .metadata_count = count,
                       .created_us = (int64_t)fake_random(seed),
                       .modified_us = (int64_t)fake_random(seed)};
}

static void test_random_records_come_back_and_no_part_of_one_does(void **state)
{
    (void)state;
    uint64_t seed = fake_seed("entity records");
    for (int round = 0; round < 200; round++) {
        CLEANUP(arena_free) Arena *arena = arena_new((size_t)4 << 20);
        assert_non_null(arena);
        Attribute attribute = random_attribute(arena, &seed);
        Attribute read;
        Str record;
        assert_ok(attribute_record_write(arena, &attribute, &record));
        assert_ok(attribute_record_read(arena, record, &read));
        check_same(&attribute, &read);
        for (size_t n = 0; n < record.n; n++) {
            assert_fails(attribute_record_read(arena, str_slice(record, 0, n), &read),
                         STORE_CORRUPT);
        }
    }
}

static void test_longer_and_foreign_records_are_refused(void **state)
{
    Attribute attribute = sample();
    Attribute read;
    Str record;
    assert_ok(attribute_record_write(*state, &attribute, &record));
    const Str longer[] = {record, STR("x")};
    Str bytes;
    assert_ok(str_join_in(*state, longer, 2, &bytes));
    assert_fails(attribute_record_read(*state, bytes, &read), STORE_CORRUPT);
    const Str newer[] = {STR("\x02"), str_slice(record, 1, record.n)};
    assert_ok(str_join_in(*state, newer, 2, &bytes));
    assert_fails(attribute_record_read(*state, bytes, &read), STORE_CORRUPT);
}

/* A count of four thousand million in a short record must not become an allocation. */
static void test_metadata_count_is_bounded_by_the_bytes(void **state)
{
    Buf buf = buf_in(*state);
    buf_add_char(&buf, 1);
    for (int i = 0; i < 5; i++) {
        buf_add_lp(&buf, STR_EMPTY);
    }
    buf_add_u64be(&buf, 0);
    buf_add_u64be(&buf, 0);
    buf_add_u32be(&buf, UINT32_MAX);
    Str record;
    Attribute read;
    assert_ok(buf_finish(&buf, &record));
    assert_fails(attribute_record_read(*state, record, &read), STORE_CORRUPT);
}

static void test_sort_and_find(void **state)
{
    (void)state;
    Attribute attributes[] = {
        {.name = STR("b"), .dataset_id = STR("x")},
        {.name = STR("b"), .dataset_id = STR("")},
        {.name = STR("a"), .dataset_id = STR("y")},
        {.name = STR("ab"), .dataset_id = STR("")},
    };
    Entity entity = {.attributes = attributes, .attribute_count = 4};
    entity_attributes_sort(&entity);
    assert_str(attributes[0].name, "a");
    assert_str(attributes[1].name, "ab");
    assert_str(attributes[2].dataset_id, "");
    assert_str(attributes[3].dataset_id, "x");
    assert_ptr_equal(entity_attribute_find(&entity, STR("b")), &attributes[2]);
    assert_null(entity_attribute_find(&entity, STR("a")));
    assert_null(entity_attribute_find(&entity, STR("c")));
}

static void test_times(void **state)
{
    (void)state;
    Attribute attributes[] = {
        {.name = STR("a"), .created_us = 5, .modified_us = 9},
        {.name = STR("b"), .created_us = 3, .modified_us = 7},
    };
    Entity entity = {
        .attributes = attributes, .attribute_count = 2, .created_us = 1, .modified_us = 1};
    entity_times_from_attributes(&entity);
    assert_int_equal(entity.created_us, 3);
    assert_int_equal(entity.modified_us, 9);
    entity.attribute_count = 0;
    entity_times_from_attributes(&entity);
    assert_int_equal(entity.created_us, 0);
    assert_int_equal(entity.modified_us, 0);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_record_bytes_are_fixed),
        TEST(test_record_comes_back),
        TEST(test_random_records_come_back_and_no_part_of_one_does),
        TEST(test_longer_and_foreign_records_are_refused),
        TEST(test_metadata_count_is_bounded_by_the_bytes),
        TEST(test_sort_and_find),
        TEST(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
