/* A query made ready: selectors, what it reads, and pages beside a naive stable sort. */
#include "entity_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new((size_t)16 << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static EntityMatcher *matcher_of(const EntityQuery *query)
{
    EntityMatcher *matcher = NULL;
    assert_ok(entity_matcher_new(query, &matcher));
    assert_ptr_equal(entity_matcher_query(matcher), query);
    return matcher;
}

/* --- selectors --- */

static const Str IDS[] = {STR_INIT("R1"), STR_INIT("R3")};
static const Str TYPES[] = {STR_INIT("Room"), STR_INIT("Car")};

static bool selects(const EntitySelector *selectors, size_t count, const char *id, const char *type)
{
    EntityQuery query = {.selectors = selectors, .selector_count = count};
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
    bool is_selected = false;
    assert_ok(entity_matcher_selects(matcher, str_from(id), str_from(type), &is_selected));
    return is_selected;
}

static Pattern *pattern_of(const char *text)
{
    Pattern *pattern = NULL;
    assert_ok(pattern_compile_in(arena, "idPattern", str_from(text), &pattern));
    return pattern;
}

static void test_selectors(void **state)
{
    (void)state;
    assert_true(selects(NULL, 0, "x", "y"));
    EntitySelector by_id = {.ids = {IDS, 2}};
    assert_true(selects(&by_id, 1, "R3", "y"));
    assert_false(selects(&by_id, 1, "R2", "y"));
    EntitySelector by_type = {.types = {TYPES, 2}};
    assert_true(selects(&by_type, 1, "x", "Car"));
    assert_false(selects(&by_type, 1, "x", "Ca"));
    EntitySelector by_both = {.ids = {IDS, 2}, .types = {TYPES, 1}};
    assert_true(selects(&by_both, 1, "R1", "Room"));
    assert_false(selects(&by_both, 1, "R1", "Car"));
    assert_false(selects(&by_both, 1, "R2", "Room"));
    EntitySelector any = {.ids = {NULL, 0}};
    assert_true(selects(&any, 1, "x", "y"));
    const EntitySelector either[] = {by_id, by_type};
    assert_true(selects(either, 2, "R1", "y"));
    assert_true(selects(either, 2, "x", "Car"));
    assert_false(selects(either, 2, "x", "y"));
}

static void test_patterns_of_selectors(void **state)
{
    (void)state;
    EntitySelector by_id = {.id_pattern = pattern_of("^R[1-3]")};
    assert_true(selects(&by_id, 1, "R2", "y"));
    assert_false(selects(&by_id, 1, "R4", "y"));
    EntitySelector by_type = {.type_pattern = pattern_of("^C")};
    assert_true(selects(&by_type, 1, "x", "Car"));
    assert_false(selects(&by_type, 1, "x", "Room"));
    EntitySelector by_all = {
        .types = {TYPES, 2}, .id_pattern = pattern_of(".*"), .type_pattern = pattern_of("oo")};
    assert_true(selects(&by_all, 1, "x", "Room"));
    assert_false(selects(&by_all, 1, "x", "Car"));
    assert_false(selects(&by_all, 1, "x", "Zoo"));
}

static void test_costly_pattern_is_an_error(void **state)
{
    (void)state;
    EntitySelector costly = {.id_pattern = pattern_of("(x+x+)+y")};
    EntityQuery query = {.selectors = &costly, .selector_count = 1};
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
    bool is_selected = false;
    assert_fails(entity_matcher_selects(matcher, STR("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!y"),
                                        STR("T"), &is_selected),
                 PATTERN_COSTLY);
}

/* --- conditions --- */

static const FilterValue TEN = {.kind = FILTER_NUMBER, .number = 10};

static Filter above_ten(Str attribute)
{
    return (Filter){
        .kind = FILTER_TERM,
        .term = {.attribute = attribute, .test = FILTER_GREATER, .values = &TEN, .value_count = 1}};
}

static const GeoPoint HERE = {.longitude = 134.84, .latitude = 34.90};
static const GeoFilter NEAR_HERE = {.relation = GEO_NEAR,
                                    .min_m = -1,
                                    .max_m = 1000,
                                    .shape = GEO_POINT,
                                    .points = &HERE,
                                    .point_count = 1};

static void test_filter_and_place(void **state)
{
    (void)state;
    Filter filter = above_ten(STR("n"));
    static const struct {
        const char *n;
        const char *point;
        bool is_match; /* with filter, place, both */
        bool is_near;
    } CASES[] = {{"11", "\"34.90, 134.84\"", true, true},
                 {"9", "\"34.90, 134.84\"", false, true},
                 {"11", "\"35.90, 134.84\"", true, false},
                 {"9", "\"35.90, 134.84\"", false, false}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Attribute attributes[] = {
            {.name = STR("n"), .value = str_from(CASES[i].n)},
            {.name = STR("loc"), .type = STR("geo:point"), .value = str_from(CASES[i].point)}};
        Entity entity = {.attributes = attributes, .attribute_count = 2};
        for (int asked = 0; asked < 4; asked++) {
            EntityQuery query = {.filter = (asked & 1) != 0 ? &filter : NULL,
                                 .place = (asked & 2) != 0 ? &NEAR_HERE : NULL};
            CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
            bool is_match = false;
            assert_ok(entity_matcher_test(matcher, arena, &entity, &is_match));
            bool wanted =
                ((asked & 1) == 0 || CASES[i].is_match) && ((asked & 2) == 0 || CASES[i].is_near);
            assert_true(is_match == wanted);
        }
    }
}

/* --- what is read --- */

static void check_reads(const EntityQuery *query, const char *read, const char *unread, bool any)
{
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(query);
    if (read != NULL) {
        assert_true(entity_matcher_reads(matcher, str_from(read)));
    }
    if (unread != NULL) {
        assert_false(entity_matcher_reads(matcher, str_from(unread)));
    }
    assert_true(entity_matcher_reads_any(matcher) == any);
}

static void test_reads(void **state)
{
    (void)state;
    check_reads(&(EntityQuery){.limit = 20}, NULL, "n", false);
    Filter filter = above_ten(STR("n"));
    check_reads(&(EntityQuery){.filter = &filter}, "n", "m", true);
    EntityOrder order[] = {{.kind = ENTITY_ORDER_ID}, {.attribute = STR("m")}};
    check_reads(&(EntityQuery){.order = order, .order_count = 1}, NULL, "m", false);
    check_reads(&(EntityQuery){.order = order, .order_count = 2}, "m", "n", true);
    check_reads(&(EntityQuery){.place = &NEAR_HERE}, "anything", NULL, true);
}

/* An entity's dates are made of its attributes' dates: all of them decide. */
static void test_reads_dates(void **state)
{
    (void)state;
    Filter modified = above_ten(STR("dateModified"));
    check_reads(&(EntityQuery){.filter = &modified}, "anything", NULL, true);
    EntityOrder created = {.kind = ENTITY_ORDER_CREATED};
    check_reads(&(EntityQuery){.order = &created, .order_count = 1}, "anything", NULL, true);
    Filter by_id = above_ten(STR("id"));
    check_reads(&(EntityQuery){.filter = &by_id}, "id", "n", true);
}

/* --- pages --- */

/* An entity by its one attribute "n"; json in the caller's memory. */
static void add_number(EntityPageBuilder *builder, uint64_t number, int n, bool *ret_is_kept)
{
    char json[16];
    snprintf(json, sizeof json, "%d", n);
    Attribute attribute = {.name = STR("n"), .value = str_from(json)};
    Entity entity = {.attributes = &attribute, .attribute_count = 1};
    assert_ok(entity_page_builder_add(builder, arena, number, &entity, ret_is_kept));
}

static EntityPageBuilder *builder_of(EntityMatcher *matcher)
{
    EntityPageBuilder *builder = NULL;
    assert_ok(entity_page_builder_in(arena, matcher, &builder));
    return builder;
}

static const EntityOrder BY_N = {.attribute = STR_INIT("n")};
static const EntityOrder BY_N_DESCENDING = {.attribute = STR_INIT("n"), .is_descending = true};

static void test_page_without_order(void **state)
{
    (void)state;
    EntityQuery query = {.limit = 2, .offset = 1};
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
    EntityPageBuilder *builder = builder_of(matcher);
    static const bool KEPT[] = {false, true, true, false};
    for (uint64_t i = 0; i < 4; i++) {
        assert_true(entity_page_builder_is_full(builder) == (i >= 3));
        bool is_kept = false;
        assert_ok(entity_page_builder_add(builder, arena, 70 + i, NULL, &is_kept));
        assert_true(is_kept == KEPT[i]);
    }
    assert_int_equal(entity_page_builder_seen(builder), 4);
    EntityHit *hits = NULL;
    size_t count = 0;
    assert_ok(entity_page_builder_finish(builder, &hits, &count));
    assert_int_equal(count, 2);
    assert_int_equal(hits[0].number, 71);
    assert_int_equal(hits[1].number, 72);
    assert_null(hits[0].key);
}

static void test_counting_is_never_full(void **state)
{
    (void)state;
    EntityQuery query = {.limit = 0, .is_count_wanted = true};
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
    EntityPageBuilder *builder = builder_of(matcher);
    bool is_kept = true;
    for (uint64_t i = 0; i < 100; i++) {
        assert_false(entity_page_builder_is_full(builder));
        assert_ok(entity_page_builder_add(builder, arena, i, NULL, &is_kept));
        assert_false(is_kept);
    }
    assert_int_equal(entity_page_builder_seen(builder), 100);
}

/* Nothing fits on a page of none, ordered or not. */
static void test_page_of_none(void **state)
{
    (void)state;
    EntityQuery query = {.limit = 0, .offset = 5, .order = &BY_N, .order_count = 1};
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
    EntityPageBuilder *builder = builder_of(matcher);
    assert_true(entity_page_builder_is_full(builder));
    bool is_kept = true;
    add_number(builder, 1, 1, &is_kept);
    assert_false(is_kept);
    EntityHit *hits = NULL;
    size_t count = 9;
    assert_ok(entity_page_builder_finish(builder, &hits, &count));
    assert_int_equal(count, 0);
}

static void test_ties_keep_their_order(void **state)
{
    (void)state;
    for (int direction = 0; direction < 2; direction++) {
        EntityQuery query = {
            .limit = 3, .order = direction == 0 ? &BY_N : &BY_N_DESCENDING, .order_count = 1};
        CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
        EntityPageBuilder *builder = builder_of(matcher);
        for (uint64_t i = 0; i < 6; i++) {
            bool is_kept = false;
            add_number(builder, i, 7, &is_kept);
            assert_true(is_kept == (i < 3));
            assert_false(entity_page_builder_is_full(builder));
        }
        EntityHit *hits = NULL;
        size_t count = 0;
        assert_ok(entity_page_builder_finish(builder, &hits, &count));
        assert_int_equal(count, 3);
        for (uint64_t i = 0; i < 3; i++) {
            assert_int_equal(hits[i].number, i);
        }
    }
}

/* --- pages beside a naive stable sort --- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

typedef struct Hit {
    int n;
    uint64_t number;
} Hit;

/* Insertion keeps ties in order. */
static void sort_naively(Hit *hits, size_t count, bool is_descending)
{
    for (size_t i = 1; i < count; i++) {
        Hit hit = hits[i];
        size_t at = i;
        while (at > 0 && (is_descending ? hits[at - 1].n < hit.n : hits[at - 1].n > hit.n)) {
            hits[at] = hits[at - 1];
            at--;
        }
        hits[at] = hit;
    }
}

#define HITS_MAX 120

static void check_page(const EntityQuery *query, EntityPageBuilder *builder, const Hit *sorted,
                       size_t sorted_count)
{
    EntityHit *hits = NULL;
    size_t count = 0;
    assert_ok(entity_page_builder_finish(builder, &hits, &count));
    size_t first = (size_t)query->offset < sorted_count ? (size_t)query->offset : sorted_count;
    size_t left = sorted_count - first;
    assert_int_equal(count, left < (size_t)query->limit ? left : (size_t)query->limit);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(hits[i].number, sorted[first + i].number);
        assert_true(i == 0 || entity_sort_key_compare(hits[i - 1].key, hits[i].key) <= 0);
    }
}

static void run_round(uint64_t *random)
{
    bool is_descending = next_random(random) % 2 == 0;
    EntityQuery query = {.limit = (int64_t)(next_random(random) % 30),
                         .offset = (int64_t)(next_random(random) % 40),
                         .order = is_descending ? &BY_N_DESCENDING : &BY_N,
                         .order_count = 1};
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
    EntityPageBuilder *builder = builder_of(matcher);
    Hit hits[HITS_MAX];
    bool kept[HITS_MAX] = {false};
    size_t count = next_random(random) % HITS_MAX;
    int range = 1 + (int)(next_random(random) % 60);
    for (size_t i = 0; i < count; i++) {
        hits[i] = (Hit){.n = (int)(next_random(random) % (uint64_t)range), .number = i};
        add_number(builder, i, hits[i].n, &kept[i]);
    }
    assert_int_equal(entity_page_builder_seen(builder), count);
    sort_naively(hits, count, is_descending);
    check_page(&query, builder, hits, count);
    for (size_t i = 0; i < count; i++) { /* what is on the page must have been kept */
        bool is_on_page = i >= (size_t)query.offset && i < (size_t)(query.offset + query.limit);
        assert_true(!is_on_page || kept[hits[i].number]);
    }
}

static void test_pages_as_a_stable_sort_gives_them(void **state)
{
    (void)state;
    const uint64_t seed = 77001;
    print_message("seed %llu\n", (unsigned long long)seed);
    uint64_t random = seed;
    for (int round = 0; round < 3000; round++) {
        arena_reset(arena);
        run_round(&random);
    }
}

/* --- memory --- */

/* Each hit pushes the last one out: the worst that can come. Texts of all lengths, so that keys
 * need room again and again. */
static void test_memory_is_that_of_the_page(void **state)
{
    (void)state;
    EntityQuery query = {.limit = 20, .order = &BY_N_DESCENDING, .order_count = 1};
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
    CLEANUP(arena_free) Arena *page = arena_new((size_t)1 << 20);
    EntityPageBuilder *builder = NULL;
    assert_ok(entity_page_builder_in(page, matcher, &builder));
    char json[80];
    for (int i = 0; i < 42000; i++) {
        int length = snprintf(json, sizeof json, "\"%08d%.*s\"", i, i % 60,
                              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        Attribute attribute = {.name = STR("n"), .value = str_bytes(json, (size_t)length)};
        Entity entity = {.attributes = &attribute, .attribute_count = 1};
        bool is_kept = false;
        assert_ok(entity_page_builder_add(builder, arena, (uint64_t)i, &entity, &is_kept));
        assert_true(is_kept);
    }
    assert_true(arena_used_bytes(page) < (size_t)16 << 10);
    assert_int_equal(arena_used_bytes(arena), 0);
    EntityHit *hits = NULL;
    size_t count = 0;
    assert_ok(entity_page_builder_finish(builder, &hits, &count));
    assert_int_equal(count, 20);
    assert_int_equal(hits[0].number, 41999);
}

static void test_far_pages_take_memory_as_hits_come(void **state)
{
    (void)state;
    EntityQuery query = {.limit = 1000, .offset = INT64_MAX - 10, .order = &BY_N, .order_count = 1};
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
    EntityPageBuilder *builder = builder_of(matcher);
    for (int i = 0; i < 100; i++) {
        bool is_kept = false;
        add_number(builder, (uint64_t)i, i, &is_kept);
        assert_true(is_kept);
    }
    assert_true(arena_used_bytes(arena) < (size_t)64 << 10);
    EntityHit *hits = NULL;
    size_t count = 9;
    assert_ok(entity_page_builder_finish(builder, &hits, &count));
    assert_int_equal(count, 0);
}

static Error build_page(Arena *page, EntityMatcher *matcher, size_t *ret_count)
{
    EntityPageBuilder *builder = NULL;
    TRY(entity_page_builder_in(page, matcher, &builder));
    for (int i = 0; i < 50; i++) {
        char json[16];
        snprintf(json, sizeof json, "%d", -i);
        Attribute attribute = {.name = STR("n"), .value = str_from(json)};
        Entity entity = {.attributes = &attribute, .attribute_count = 1};
        bool is_kept = false;
        TRY(entity_page_builder_add(builder, arena, (uint64_t)i, &entity, &is_kept));
    }
    EntityHit *hits = NULL;
    return entity_page_builder_finish(builder, &hits, ret_count);
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    EntityQuery query = {.limit = 40, .order = &BY_N, .order_count = 1};
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = matcher_of(&query);
    Error error = FAIL(BUDGET_EXCEEDED, NULL);
    size_t count = 0;
    for (size_t budget = 16; FAILED(error); budget += 64) {
        CLEANUP(arena_free) Arena *small = arena_new(budget);
        error = build_page(small, matcher, &count);
        assert_true(!FAILED(error) || error.reason == REASON_BUDGET_EXCEEDED);
        assert_true(budget < 65536);
    }
    assert_int_equal(count, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_selectors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patterns_of_selectors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_costly_pattern_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter_and_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads_dates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_without_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counting_is_never_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_of_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ties_keep_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pages_as_a_stable_sort_gives_them, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_is_that_of_the_page, setup, teardown),
        cmocka_unit_test_setup_teardown(test_far_pages_take_memory_as_hits_come, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_runs_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
