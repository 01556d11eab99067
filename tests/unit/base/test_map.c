/* The map against a plain list, over random puts and removals. */
#include "map.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "fake_ports.h"

#define KEYS 400

/* --- allocations of map.c, the n-th of which fails by --wrap --- */

void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);

static int allocations_left = -1; /* below 0: no end */

static bool has_memory(void)
{
    if (allocations_left == 0) {
        return false;
    }
    allocations_left -= allocations_left > 0;
    return true;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return has_memory() ? __real_calloc(count, size) : NULL;
}

void *__wrap_malloc(size_t size)
{
    return has_memory() ? __real_malloc(size) : NULL;
}

typedef struct Fixture {
    FakePorts fake;
    Map *map;
    int values[KEYS]; /* values[i] belongs to key i; 0: not in the map */
} Fixture;

static Fixture fixture;

static int setup(void **state)
{
    memset(&fixture, 0, sizeof fixture);
    fake_ports_init(&fixture.fake, 7);
    *state = &fixture;
    return FAILED(map_new(fixture.fake.ports.entropy, &fixture.map));
}

static int teardown(void **state)
{
    (void)state;
    fixture.map = map_free(fixture.map);
    fake_ports_done(&fixture.fake);
    return 0;
}

/* Keys shorter and longer than the hash's word. */
static Str key_of(size_t i, char room[48])
{
    int n = snprintf(room, 48, i % 2 == 0 ? "%zu" : "a key of several words and number %zu", i);
    return str_bytes(room, (size_t)n);
}

static void test_empty_and_binary_keys(void **state)
{
    (void)state;
    int a = 1;
    int b = 2;
    void *old = &b;
    assert_null(map_get(fixture.map, STR("")));
    assert_ok(map_put(fixture.map, STR(""), &a, &old));
    assert_null(old);
    assert_ok(map_put(fixture.map, STR("x\0y"), &b, NULL));
    assert_ptr_equal(map_get(fixture.map, STR("")), &a);
    assert_ptr_equal(map_get(fixture.map, STR("x\0y")), &b);
    assert_null(map_get(fixture.map, STR("x")));
    assert_null(map_get(fixture.map, STR("x\0z")));
    assert_int_equal(map_count(fixture.map), 2);
}

static void test_keys_are_copied(void **state)
{
    (void)state;
    char text[] = "name";
    int value = 1;
    assert_ok(map_put(fixture.map, str_bytes(text, 4), &value, NULL));
    memset(text, 'x', 4);
    assert_ptr_equal(map_get(fixture.map, STR("name")), &value);
}

/* Every entry comes once, with its own value. */
static void check_walk(size_t count)
{
    bool seen[KEYS] = {false};
    size_t cursor = 0;
    size_t walked = 0;
    Str key;
    void *value;
    while (map_next(fixture.map, &cursor, &key, &value)) {
        size_t i = (size_t)((int *)value - fixture.values);
        char room[48];
        assert_true(i < KEYS && !seen[i]);
        assert_str_eq(key, key_of(i, room));
        seen[i] = true;
        walked++;
    }
    assert_int_equal(walked, count);
    assert_int_equal(map_count(fixture.map), count);
}

static void check_all(void)
{
    for (size_t i = 0; i < KEYS; i++) {
        char room[48];
        void *wanted = fixture.values[i] != 0 ? &fixture.values[i] : NULL;
        assert_ptr_equal(map_get(fixture.map, key_of(i, room)), wanted);
    }
}

static void test_random_puts_and_removals(void **state)
{
    (void)state;
    uint64_t random = fake_seed("test_map");
    size_t count = 0;
    for (int step = 0; step < 20000; step++) {
        size_t i = fake_random_below(&random, KEYS);
        char room[48];
        Str key = key_of(i, room);
        void *wanted = fixture.values[i] != 0 ? &fixture.values[i] : NULL;
        void *old = &count;
        /* long stretches of growing and of shrinking, so that clusters form and break up */
        if (fake_random_below(&random, 10) < (step / 2000 % 2 == 0 ? 8U : 2U)) {
            assert_ok(map_put(fixture.map, key, &fixture.values[i], &old));
            count += wanted == NULL;
            fixture.values[i] = 1;
        } else {
            old = map_remove(fixture.map, key);
            count -= wanted != NULL;
            fixture.values[i] = 0;
        }
        assert_ptr_equal(old, wanted);
        if (step % 500 == 0) {
            check_all();
            check_walk(count);
        }
    }
    check_all();
}

/* Puts until memory runs out at every possible place; what was put before is still there. */
static void test_a_put_that_finds_no_memory_changes_nothing(void **state)
{
    (void)state;
    for (int allowed = 0; allowed < 20; allowed++) {
        Map *map = NULL;
        size_t put = 0;
        char room[48];
        allocations_left = allowed;
        Error error = map_new(fixture.fake.ports.entropy, &map);
        while (!FAILED(error)) {
            error = map_put(map, key_of(put, room), &fixture.values[put], NULL);
            put += !FAILED(error);
        }
        allocations_left = -1;
        assert_fails(error, OUT_OF_MEMORY);
        for (size_t i = 0; map != NULL && i < put + 1; i++) {
            void *wanted = i < put ? &fixture.values[i] : NULL;
            assert_ptr_equal(map_get(map, key_of(i, room)), wanted);
        }
        assert_true(map == NULL ? put == 0 : map_count(map) == put);
        map = map_free(map);
    }
}

static void test_seed_changes_the_order(void **state)
{
    (void)state;
    Map *other = NULL;
    assert_ok(map_new(fixture.fake.ports.entropy, &other));
    int differing = 0;
    for (size_t i = 0; i < 50; i++) {
        char room[48];
        assert_ok(map_put(fixture.map, key_of(i, room), &fixture.values[i], NULL));
        assert_ok(map_put(other, key_of(i, room), &fixture.values[i], NULL));
    }
    size_t here = 0;
    size_t there = 0;
    Str key;
    void *a;
    void *b;
    while (map_next(fixture.map, &here, &key, &a) && map_next(other, &there, &key, &b)) {
        differing += a != b;
    }
    assert_true(differing > 10);
    other = map_free(other);
}

static void test_without_entropy_there_is_no_map(void **state)
{
    (void)state;
    Map *map = NULL;
    fake_entropy_fail(&fixture.fake, 1);
    assert_fails(map_new(fixture.fake.ports.entropy, &map), INTERNAL);
    assert_null(map);
    assert_null(map_free(NULL));
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_empty_and_binary_keys),    TEST(test_keys_are_copied),
        TEST(test_random_puts_and_removals), TEST(test_a_put_that_finds_no_memory_changes_nothing),
        TEST(test_seed_changes_the_order),   TEST(test_without_entropy_there_is_no_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
