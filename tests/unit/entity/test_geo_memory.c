/* Places while memory runs out: whichever allocation fails, of the arena or inside GEOS, the answer
 * is the right one or the lack of memory, and nothing of ours is lost. */
#include <dlfcn.h>
#include <stdlib.h>

#include "check.h"
#include "geo_shape.h"

/* GEOS allocates by C++'s operator new, which this program replaces by its own: the nth call from
 * now on throws as the library's would. */
static size_t fails_at; /* 0: never */
static size_t calls;
static bool has_failed;

void *_Znwm(size_t size);
void *_Znam(size_t size);
void _ZdlPv(void *block);
void _ZdaPv(void *block);
void _ZdlPvm(void *block, size_t size);
void _ZdaPvm(void *block, size_t size);

static void *new_block(size_t size)
{
    void (*throw_bad_alloc)(void);
    void *block = NULL;
    if (++calls != fails_at) {
        block = malloc(size == 0 ? 1 : size);
    } else {
        has_failed = true;
    }
    if (block == NULL) {
        *(void **)&throw_bad_alloc = dlsym(RTLD_DEFAULT, "_ZSt17__throw_bad_allocv");
        throw_bad_alloc();
    }
    return block;
}

void *_Znwm(size_t size)
{
    return new_block(size);
}

void *_Znam(size_t size)
{
    return new_block(size);
}

void _ZdlPv(void *block)
{
    free(block);
}

void _ZdaPv(void *block)
{
    free(block);
}

void _ZdlPvm(void *block, size_t size)
{
    (void)size;
    free(block);
}

void _ZdaPvm(void *block, size_t size)
{
    (void)size;
    free(block);
}

/* GEOS loses blocks of its own when it throws half-way; that we give back what it made is seen
 * where nothing fails, in the other tests. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:new_block\n";
}

static const char YARD[] = "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[9,0],[9,9],[0,9],[0,0]],"
                           "[[3,3],[6,3],[6,6],[3,6],[3,3]]]}";
static const GeoPoint RING[] = {{-1, -1}, {10, -1}, {12, 5}, {10, 10}, {-1, 10}, {-1, -1}};
static const GeoFilter FILTERS[] = {
    {.relation = GEO_COVERED_BY, .shape = GEO_POLYGON, .points = RING, .point_count = 6},
    {.relation = GEO_INTERSECTS, .shape = GEO_POLYGON, .points = RING, .point_count = 6},
    {.relation = GEO_DISJOINT, .shape = GEO_LINE, .points = RING, .point_count = 3},
    {.relation = GEO_EQUALS, .shape = GEO_POLYGON, .points = RING, .point_count = 6},
    {.relation = GEO_INTERSECTS, .shape = GEO_POINT, .points = RING, .point_count = 1},
};
static const bool ANSWERS[] = {true, true, true, false, false};

static Error ask(Arena *arena, const GeoFilter *filter, bool *ret_matches)
{
    Attribute attribute = {.name = STR("a"), .type = STR("geo:json"), .value = str_from(YARD)};
    Entity entity = {.attributes = &attribute, .attribute_count = 1};
    CLEANUP(geo_matcher_free) GeoMatcher *matcher = NULL;
    TRY(geo_matcher_new(filter, &matcher));
    return geo_matcher_test(matcher, arena, &entity, ret_matches);
}

static Error check(Arena *arena)
{
    JsonValue value;
    TRY(json_parse(arena, str_from(YARD), JSON_LIMITS_REQUEST, &value));
    return geo_value_check(arena, STR("geo:json"), value);
}

static void arm(size_t nth)
{
    calls = 0;
    has_failed = false;
    fails_at = nth;
}

/* The context is the first that GEOS makes, and its constructor throws where nobody catches: that
 * one call is left out. */
#define FIRST_FAILURE 2

static size_t failures_of_question(size_t question)
{
    size_t nth = FIRST_FAILURE;
    for (;; nth++) {
        CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
        bool matches = false;
        assert_non_null(arena);
        arm(nth);
        Error error = ask(arena, &FILTERS[question], &matches);
        fails_at = 0;
        if (!has_failed) {
            assert_ok(error);
            break;
        }
        assert_true(FAILED(error) ? error.reason == REASON_OUT_OF_MEMORY
                                  : matches == ANSWERS[question]);
    }
    return nth - FIRST_FAILURE;
}

static void test_each_allocation_of_geos_in_questions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FILTERS / sizeof FILTERS[0]; i++) {
        assert_true(failures_of_question(i) > 2);
    }
}

static void test_each_allocation_of_geos_in_checks(void **state)
{
    (void)state;
    size_t nth = FIRST_FAILURE;
    for (;; nth++) {
        CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
        assert_non_null(arena);
        arm(nth);
        Error error = check(arena);
        fails_at = 0;
        if (!has_failed) {
            assert_ok(error);
            break;
        }
        /* Never "Wrong GeoJson": the value is right. */
        assert_true(!FAILED(error) || error.reason == REASON_OUT_OF_MEMORY);
    }
    assert_true(nth > 10);
}

static void test_each_budget_of_the_arena(void **state)
{
    (void)state;
    bool is_served = false;
    for (size_t budget = 0; budget < 65536 && !is_served; budget += 16) {
        CLEANUP(arena_free) Arena *arena = arena_new(budget);
        bool matches = false;
        assert_non_null(arena);
        Error error = ask(arena, &FILTERS[0], &matches);
        is_served = !FAILED(error);
        assert_true(is_served ? matches : error.reason == REASON_BUDGET_EXCEEDED);
        arena_reset(arena);
        error = check(arena);
        assert_true(!FAILED(error) || error.reason == REASON_BUDGET_EXCEEDED);
    }
    assert_true(is_served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_of_geos_in_questions),
        cmocka_unit_test(test_each_allocation_of_geos_in_checks),
        cmocka_unit_test(test_each_budget_of_the_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
