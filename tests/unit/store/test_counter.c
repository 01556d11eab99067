/* Counters: numbers in order, drawn exactly when the batch takes effect. */
#include <string.h>

#include "check.h"
#include "contract_store.h"
#include "counter.h"

static Store *store;
static Arena *arena;

static int setup(void **state)
{
    (void)state;
    store = contract_open(contract_kind(), "counter");
    arena = arena_new(ARENA_REQUEST_BYTES);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    store = store_close(store);
    arena = arena_free(arena);
    return 0;
}

/* Draws in a view of its own into a new batch. */
static StoreBatch *draw(Str name, int64_t count, int64_t *ret_first)
{
    StoreSnapshot *view = NULL;
    StoreBatch *batch = store_batch_in(arena);
    assert_non_null(batch);
    assert_ok(store_snapshot_open(store, contract_deadline(), &view));
    assert_ok(counter_draw(view, arena, batch, name, count, ret_first));
    (void)store_snapshot_close(view);
    return batch;
}

static void numbers_follow_each_other(void **state)
{
    (void)state;
    static const int64_t COUNTS[] = {1, 1, 5, 2};
    static const int64_t FIRSTS[] = {1, 2, 3, 8};
    int64_t first = 0;
    for (size_t i = 0; i < 4; i++) {
        StoreBatch *batch = draw(STR("a"), COUNTS[i], &first);
        assert_int_equal(first, FIRSTS[i]);
        assert_ok(store_commit(store, batch, contract_deadline(), NULL));
    }
    (void)draw(STR("b"), 1, &first);
    assert_int_equal(first, 1);
}

static void undone_draw_is_no_draw(void **state)
{
    (void)state;
    int64_t first = 0;
    StoreBatch *batch = draw(STR("a"), 3, &first);
    store_batch_require(batch, STORE_KEYS, STR("missing"), 1);
    assert_fails(store_commit(store, batch, contract_deadline(), NULL), STORE_CONFLICT);
    (void)draw(STR("a"), 1, &first);
    assert_int_equal(first, 1);
}

static void two_draws_at_once(void **state)
{
    (void)state;
    int64_t first = 0;
    StoreBatch *one = draw(STR("a"), 1, &first);
    StoreBatch *two = draw(STR("a"), 1, &first);
    assert_ok(store_commit(store, one, contract_deadline(), NULL));
    assert_fails(store_commit(store, two, contract_deadline(), NULL), STORE_EXISTS);
    one = draw(STR("a"), 1, &first);
    two = draw(STR("a"), 1, &first);
    assert_ok(store_commit(store, one, contract_deadline(), NULL));
    assert_fails(store_commit(store, two, contract_deadline(), NULL), STORE_CONFLICT);
    (void)draw(STR("a"), 1, &first);
    assert_int_equal(first, 3);
}

static void misuse(void **state)
{
    (void)state;
    char name[COUNTER_NAME_BYTES_MAX + 1];
    int64_t first = 7;
    StoreSnapshot *view = NULL;
    StoreBatch *batch = store_batch_in(arena);
    memset(name, 'c', sizeof name);
    assert_ok(store_snapshot_open(store, contract_deadline(), &view));
    assert_fails(counter_draw(view, arena, batch, STR_EMPTY, 1, &first), STORE_MISUSE);
    assert_fails(counter_draw(view, arena, batch, STR("a b"), 1, &first), STORE_MISUSE);
    assert_fails(counter_draw(view, arena, batch, STR("a"), 0, &first), STORE_MISUSE);
    assert_fails(counter_draw(view, arena, batch, str_bytes(name, sizeof name), 1, &first),
                 STORE_MISUSE);
    assert_int_equal(first, 7);
    assert_ok(counter_draw(view, arena, batch, str_bytes(name, sizeof name - 1), 1, &first));
    (void)store_snapshot_close(view);
    assert_ok(store_commit(store, batch, contract_deadline(), NULL));
}

/* A counter that would run over, or holds nonsense, is told instead of starting anew. */
static void damaged_counter(void **state)
{
    (void)state;
    static const int64_t NUMBERS[] = {INT64_MAX, 0, -4};
    for (size_t i = 0; i < 3; i++) {
        Str key = STR_EMPTY;
        DocBody body;
        int64_t first = 0;
        char name[2] = {(char)('a' + i), 0};
        StoreSnapshot *view = NULL;
        StoreBatch *batch = store_batch_in(arena);
        assert_ok(counter_document_in(arena, str_from(name), NUMBERS[i], &key, &body));
        store_batch_insert(batch, STORE_META, key, body);
        assert_ok(store_commit(store, batch, contract_deadline(), NULL));
        assert_ok(store_snapshot_open(store, contract_deadline(), &view));
        assert_fails(counter_draw(view, arena, batch, str_from(name), 1, &first), STORE_CORRUPT);
        (void)store_snapshot_close(view);
    }
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(numbers_follow_each_other), TEST(undone_draw_is_no_draw),
        TEST(two_draws_at_once),         TEST(misuse),
        TEST(damaged_counter),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    contract_cleanup();
    return failed;
}
