/* Sweeps: what has expired goes, oldest first, a few at a time; what is renewed meanwhile stays. */
#include <string.h>

#include "check.h"
#include "contract_store.h"
#include "sweep.h"

static Store *store;
static Arena *arena;

static int setup(void **state)
{
    (void)state;
    store = contract_open(contract_kind(), "sweep");
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

static DocBody body_expiring(int64_t at)
{
    DocBody body = {0};
    DocWriter *writer = doc_writer_in(arena, 1);
    assert_non_null(writer);
    doc_put_int(writer, "x", at);
    assert_ok(doc_finish(writer, &body));
    return body;
}

/* Documents k1…k5 of the collection that expire at 1…5. */
static void fill(StoreCollection collection)
{
    static const char *const KEYS[] = {"k1", "k2", "k3", "k4", "k5"};
    StoreBatch *batch = store_batch_in(arena);
    assert_non_null(batch);
    for (size_t i = 0; i < 5; i++) {
        store_batch_insert(batch, collection, str_from(KEYS[i]), body_expiring((int64_t)i + 1));
    }
    assert_ok(store_commit(store, batch, contract_deadline(), NULL));
}

static bool is_there(StoreCollection collection, const char *key)
{
    return contract_get(store, arena, collection, key).version > 0;
}

static size_t sweep(int64_t before, size_t limit)
{
    size_t removed = 99;
    assert_ok(store_sweep(store, arena, STORE_IDEMPOTENCY, "by_expiry", before, limit,
                          contract_deadline(), &removed));
    return removed;
}

static void only_the_expired_go(void **state)
{
    (void)state;
    fill(STORE_IDEMPOTENCY);
    fill(STORE_PERSONS);
    assert_int_equal(sweep(3, 10), 2);
    assert_false(is_there(STORE_IDEMPOTENCY, "k2"));
    assert_true(is_there(STORE_IDEMPOTENCY, "k3")); /* it holds to the end of its second */
    assert_true(is_there(STORE_PERSONS, "k1"));
    assert_int_equal(sweep(3, 10), 0);
}

static void the_oldest_go_first_and_no_more_than_asked(void **state)
{
    (void)state;
    fill(STORE_IDEMPOTENCY);
    assert_int_equal(sweep(100, 2), 2);
    assert_false(is_there(STORE_IDEMPOTENCY, "k1"));
    assert_false(is_there(STORE_IDEMPOTENCY, "k2"));
    assert_true(is_there(STORE_IDEMPOTENCY, "k3"));
    assert_int_equal(sweep(100, SWEEP_LIMIT_MAX), 3);
}

static void what_was_renewed_stays(void **state)
{
    (void)state;
    fill(STORE_IDEMPOTENCY);
    StoreBatch *batch = store_batch_in(arena);
    assert_non_null(batch);
    store_batch_replace(batch, STORE_IDEMPOTENCY, STR("k1"), 1, body_expiring(50));
    assert_ok(store_commit(store, batch, contract_deadline(), NULL));
    assert_int_equal(sweep(6, 10), 4);
    assert_true(is_there(STORE_IDEMPOTENCY, "k1"));
}

static void misuse_is_refused(void **state)
{
    (void)state;
    size_t removed = 0;
    assert_fails(store_sweep(store, arena, STORE_IDEMPOTENCY, "by_expiry", 1, 0,
                             contract_deadline(), &removed),
                 STORE_MISUSE);
    assert_fails(store_sweep(store, arena, STORE_IDEMPOTENCY, "by_expiry", 1, SWEEP_LIMIT_MAX + 1,
                             contract_deadline(), &removed),
                 STORE_MISUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_the_expired_go, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_go_first_and_no_more_than_asked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_renewed_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(misuse_is_refused, setup, teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    contract_cleanup();
    return failed;
}
