/* How much of the store a question about open data touches: a store that counts stands in front of
 * the real one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "contract_store.h"
#include "embedded_half.h"
#include "fake_ports.h"
#include "filter.h"
#include "open_data.h"
#include "store_backend.h"

/* Types and paths of the population, and how many of each pair. */
#define TYPES 20
#define PATHS 2
#define EACH 50
#define ALL (TYPES * PATHS * EACH)

typedef struct CountingStore {
    Store base; /* first */
    Store *inner;
    size_t finds; /* walks begun or continued */
    size_t docs;  /* documents met by them, whole or cut */
    size_t whole; /* of these, and those got by key: whole ones */
    size_t counts;
} CountingStore;

typedef struct CountingSnapshot {
    StoreSnapshot base; /* first */
    StoreSnapshot *inner;
} CountingSnapshot;

static CountingStore the_store;
static Broker *the_half;

static StoreSnapshot *inner_of(StoreSnapshot *snapshot)
{
    return ((CountingSnapshot *)(void *)snapshot)->inner;
}

static Error counting_open(Store *store, Deadline deadline, StoreSnapshot **ret_snapshot)
{
    CountingSnapshot *snapshot = calloc(1, sizeof *snapshot);
    ENSURE(snapshot != NULL, OUT_OF_MEMORY, NULL);
    snapshot->base = (StoreSnapshot){store, deadline};
    Error error = store_snapshot_open(the_store.inner, deadline, &snapshot->inner);
    if (FAILED(error)) {
        free(snapshot);
        return error;
    }
    *ret_snapshot = &snapshot->base;
    return OK;
}

static StoreSnapshot *counting_close(StoreSnapshot *snapshot)
{
    (void)store_snapshot_close(inner_of(snapshot));
    free(snapshot);
    return NULL;
}

static Error counting_get_many(StoreSnapshot *snapshot, Arena *arena, StoreCollection collection,
                               const Str *keys, size_t count, StoreDoc *ret_docs)
{
    the_store.whole += count;
    return store_get_many(inner_of(snapshot), arena, collection, keys, count, ret_docs);
}

static Error counting_find(StoreSnapshot *snapshot, Arena *arena, const StoreWalk *walk,
                           StoreDoc **ret_docs, size_t *ret_count)
{
    TRY(store_find(inner_of(snapshot), arena, walk->find, ret_docs, ret_count));
    the_store.finds++;
    the_store.docs += *ret_count;
    the_store.whole += walk->find->members == NULL ? *ret_count : 0;
    return OK;
}

static Error counting_count(StoreSnapshot *snapshot, const StoreWalk *walk, int64_t *ret_count)
{
    the_store.counts++;
    return store_count(inner_of(snapshot), walk->find, ret_count);
}

static Error counting_commit(Store *store, const StoreBatch *batch, Deadline deadline,
                             size_t *ret_failed)
{
    (void)store;
    return store_commit(the_store.inner, batch, deadline, ret_failed);
}

static const StoreBackend COUNTING = {.kind = "counting",
                                      .cuts_bodies = true,
                                      .snapshot_open = counting_open,
                                      .snapshot_close = counting_close,
                                      .get_many = counting_get_many,
                                      .find = counting_find,
                                      .count = counting_count,
                                      .commit = counting_commit};

/* Things of all types and both paths in turn. */
static void populate(OpenData *data)
{
    static Thing things[ALL];
    for (int i = 0; i < ALL; i++) {
        things[i] = (Thing){.path = i % PATHS == 0 ? "/" : "/b", .n = i};
        (void)snprintf(things[i].id, sizeof things[i].id, "e%d", i);
        (void)snprintf(things[i].type, sizeof things[i].type, "T%02d", i / PATHS % TYPES);
    }
    open_data_add(data, things, ALL);
}

static int setup(void **state)
{
    OpenData *data = open_data_new(&the_store.base, the_half);
    populate(data);
    *state = data;
    return 0;
}

static int teardown(void **state)
{
    (void)open_data_free(*state);
    return 0;
}

static void forget(void)
{
    the_store.finds = 0;
    the_store.docs = 0;
    the_store.whole = 0;
    the_store.counts = 0;
}

/* Most of each that a question may cost. */
typedef struct Cost {
    size_t finds;
    size_t docs;
    size_t whole;
    size_t counts;
} Cost;

static void check_cost(const char *what, const Cost *most)
{
    if (the_store.finds > most->finds || the_store.docs > most->docs ||
        the_store.whole > most->whole || the_store.counts > most->counts) {
        fail_msg("%s: %zu finds, %zu documents, %zu whole, %zu counts", what, the_store.finds,
                 the_store.docs, the_store.whole, the_store.counts);
    }
}

static void ask(OpenData *data, const char *what, const EntityQuery *query, size_t wanted,
                const Cost *most)
{
    EntityPage page;
    forget();
    assert_ok(open_data_query(data, query, &page));
    assert_int_equal(page.count, wanted);
    check_cost(what, most);
}

static void test_a_page_touches_what_lies_before_it(void **state)
{
    EntityQuery query = {.limit = 20, .service_path = STR_EMPTY};
    ask(*state, "first page", &query, 20, &(Cost){1, 20, 20, 0});
    query.offset = 100;
    ask(*state, "sixth page", &query, 20, &(Cost){1, 120, 20, 0});
    query.is_count_wanted = true;
    ask(*state, "with count", &query, 20, &(Cost){2, 120, 20, 1});
    query.offset = ALL;
    ask(*state, "behind the end", &query, 0, &(Cost){1, 0, 0, 1});
    query.offset = 0;
    query.limit = 0;
    ask(*state, "count alone", &query, 0, &(Cost){1, 0, 0, 1});
    query.is_count_wanted = false;
    ask(*state, "nothing", &query, 0, &(Cost){0, 0, 0, 0});
}

static void test_types_walk_their_own_index(void **state)
{
    static const Str types[] = {STR_INIT("T03"), STR_INIT("T04"), STR_INIT("T03")};
    const EntitySelector selector = {.types = {types, 3}};
    EntityQuery query = {
        .selectors = &selector, .selector_count = 1, .limit = 20, .service_path = STR_EMPTY};
    ask(*state, "two types", &query, 20, &(Cost){2, 40, 20, 0});
    query.is_count_wanted = true;
    ask(*state, "with count", &query, 20, &(Cost){3, 40, 20, 2});
    query.service_path = STR("/b");
    ask(*state, "under a path", &query, 20, &(Cost){3, 40, 20, 2});
    query.service_path = STR("/b/#");
    ask(*state, "under a path and below", &query, 20, &(Cost){4, 40, 20, 2});
    query.service_path = STR("/#");
    ask(*state, "under all paths", &query, 20, &(Cost){3, 40, 20, 2});
}

static void test_a_path_is_walked_type_by_type(void **state)
{
    EntityQuery query = {.limit = 20, .service_path = STR("/b")};
    ask(*state, "path", &query, 20, &(Cost){TYPES + 1 + TYPES, TYPES + TYPES * 20, 20, 0});
    query.is_count_wanted = true;
    query.limit = 0;
    ask(*state, "count of a path", &query, 0,
        &(Cost){TYPES + 1 + TYPES + 1, TYPES + TYPES * 20, 0, 1});
}

static void test_a_type_pattern_finds_types_first(void **state)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    Pattern *pattern = NULL;
    assert_ok(pattern_compile_in(arena, "typePattern", STR("^T1[01]$"), &pattern));
    const EntitySelector selector = {.type_pattern = pattern};
    EntityQuery query = {.selectors = &selector,
                         .selector_count = 1,
                         .limit = 20,
                         .is_count_wanted = true,
                         .service_path = STR_EMPTY};
    ask(*state, "type pattern", &query, 20, &(Cost){TYPES + 1 + 3, TYPES + 40, 20, 2});
}

static void test_ids_are_looked_up(void **state)
{
    static const Str ids[] = {STR_INIT("e7"), STR_INIT("e1500"), STR_INIT("none"), STR_INIT("e7")};
    static const Str types[] = {STR_INIT("T03")};
    const EntitySelector selectors[] = {{.ids = {ids, 4}}, {.types = {types, 1}}};
    EntityQuery query = {.selectors = selectors,
                         .selector_count = 1,
                         .limit = 20,
                         .is_count_wanted = true,
                         .service_path = STR_EMPTY};
    ask(*state, "ids", &query, 2, &(Cost){3, 2, 2, 0});
    query.selector_count = 2;
    query.limit = 1000;
    ask(*state, "ids and a type", &query, 101, &(Cost){6, 102, 101, 0});
    Entity entity;
    forget();
    assert_ok(open_data_get(*state, "e7", "", "", &entity));
    check_cost("one by id", &(Cost){1, 1, 1, 0});
    forget();
    assert_ok(open_data_get(*state, "e7", "T03", "/b", &entity));
    check_cost("one by key", &(Cost){0, 0, 1, 0});
}

static void test_a_filter_stops_when_the_page_is_full(void **state)
{
    const FilterValue values[] = {{.kind = FILTER_NUMBER, .number = 5}};
    const Filter filter = {.kind = FILTER_TERM,
                           .term = {.attribute = STR("n"),
                                    .metadata = STR_EMPTY,
                                    .test = FILTER_GREATER,
                                    .values = values,
                                    .value_count = 1}};
    EntityQuery query = {.filter = &filter, .limit = 20, .service_path = STR_EMPTY};
    ask(*state, "filter", &query, 20, &(Cost){1, 256, 256, 0});
    const EntityOrder order = {.kind = ENTITY_ORDER_ID};
    query.filter = NULL;
    query.order = &order;
    query.order_count = 1;
    query.is_count_wanted = true;
    ask(*state, "order", &query, 20, &(Cost){ALL / 256 + 3, ALL, ALL + 20, 1});
}

static void test_types_are_counted_by_index(void **state)
{
    OpenData *data = *state;
    TypesQuery query = {.type = STR_EMPTY, .service_path = STR_EMPTY};
    TypeList list;
    forget();
    assert_ok(open_data_types(data, &query, &list));
    assert_int_equal(list.count, TYPES);
    assert_int_equal(list.types[0].count, PATHS * EACH);
    check_cost("types", &(Cost){TYPES + 2, TYPES, 0, TYPES});
    query.service_path = STR("/b");
    forget();
    assert_ok(open_data_types(data, &query, &list));
    assert_int_equal(list.types[0].count, EACH);
    check_cost("types of a path", &(Cost){TYPES + 2, TYPES, 0, TYPES});
    query.type = STR("T07");
    query.wants_attributes = true;
    forget();
    assert_ok(open_data_types(data, &query, &list));
    assert_int_equal(list.types[0].count, EACH);
    check_cost("one type whole", &(Cost){1, EACH, EACH, 0});
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_page_touches_what_lies_before_it),
        TEST(test_types_walk_their_own_index),
        TEST(test_a_path_is_walked_type_by_type),
        TEST(test_a_type_pattern_finds_types_first),
        TEST(test_ids_are_looked_up),
        TEST(test_a_filter_stops_when_the_page_is_full),
        TEST(test_types_are_counted_by_index),
    };
    the_store = (CountingStore){.base = {&COUNTING}, .inner = contract_open("sqlite", "walk")};
    MUST(embedded_half_new(&the_store.base, &the_half));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    the_half = embedded_half_free(the_half);
    the_store.inner = store_close(the_store.inner);
    contract_cleanup();
    return failed;
}
