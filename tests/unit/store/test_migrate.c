/* Migrations: forward only, resumed after being cut off at any commit, done once by two nodes. The version-1 store of
 * the tests is written here, document by document, as that version wrote it. */
#include <pthread.h>
#include <stdio.h>

#include "check.h"
#include "contract_store.h"
#include "counter.h"
#include "migrate_steps.h"
#include "store_backend.h"

#define LISTS 1100 /* more than two chunks of the step */
#define DRAWN 5000

static Store *store;
static Arena *arena;

static int setup(void **state)
{
    (void)state;
    store = contract_open(contract_kind(), "migrate");
    arena = arena_new((size_t)64 << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    store = store_close(store);
    arena = arena_free(arena);
    return 0;
}

/* A store in front of the real one whose n-th commit fails: before it happens, or after it happened. */
typedef struct FaultStore {
    Store base;
    Store *inner;
    int commits;
    int fails_at;
    bool fails_after;
} FaultStore;

static Error fault_commit(Store *base, const StoreBatch *batch, Deadline deadline, size_t *ret_failed)
{
    FaultStore *fault = (FaultStore *)(void *)base;
    fault->commits++;
    if (fault->commits != fault->fails_at) {
        return store_commit(fault->inner, batch, deadline, ret_failed);
    }
    if (!fault->fails_after) {
        return FAIL(STORE_UNAVAILABLE, NULL);
    }
    TRY(store_commit(fault->inner, batch, deadline, ret_failed));
    return FAIL(STORE_UNSETTLED, NULL);
}

static Error fault_snapshot_open(Store *base, Deadline deadline, StoreSnapshot **ret_snapshot)
{
    return store_snapshot_open(((FaultStore *)(void *)base)->inner, deadline, ret_snapshot);
}

static const StoreBackend FAULT_BACKEND = {.kind = "fault",
                                           .snapshot_open = fault_snapshot_open,
                                           .commit = fault_commit};

static DocBody version_body(int64_t version)
{
    DocWriter *writer = doc_writer_in(arena, 1);
    DocBody body = {STR_EMPTY};
    doc_put_int(writer, "v", version);
    assert_ok(doc_finish(writer, &body));
    return body;
}

static void put(StoreCollection collection, Str key, DocBody body)
{
    StoreBatch *batch = store_batch_in(arena);
    store_batch_insert(batch, collection, key, body);
    assert_ok(store_commit(store, batch, contract_deadline(), NULL));
}

static void put_rows(StoreBatch *batch, int list)
{
    char name[32];
    char key[48];
    (void)snprintf(name, sizeof name, "list-%04d", list);
    for (int row = 0; row < 2; row++) {
        DocWriter *writer = doc_writer_in(arena, 1);
        DocBody body = {STR_EMPTY};
        doc_put_text(writer, "l", str_from(name));
        doc_put_int(writer, "n", 2 * list + row + 1);
        doc_put_text(writer, "s", STR("subject"));
        assert_ok(doc_finish(writer, &body));
        (void)snprintf(key, sizeof key, "%s/%d", name, row);
        store_batch_insert(batch, STORE_VIEW_ROWS, str_from(key), body);
    }
}

/* A store as version 1 left it: its version, the rows of `lists` lists and the one counter. */
static void version_1_make(int lists)
{
    Str key = STR_EMPTY;
    DocBody body = {STR_EMPTY};
    put(STORE_META, STR("store"), version_body(1));
    assert_ok(counter_document_in(arena, STR(VIEW_COUNTER_1), DRAWN, &key, &body));
    put(STORE_META, key, body);
    for (int list = 0; list < lists;) {
        StoreBatch *batch = store_batch_in(arena);
        for (int i = 0; i < 400 && list < lists; i++) {
            put_rows(batch, list++);
        }
        assert_ok(store_commit(store, batch, contract_deadline(), NULL));
    }
}

static void assert_version(int64_t wanted)
{
    int64_t version = -1;
    assert_ok(store_version_read(store, contract_deadline(), &version));
    assert_int_equal(version, wanted);
}

static int64_t count_in(StoreCollection collection)
{
    StoreFind find = {.collection = collection};
    StoreSnapshot *view = NULL;
    int64_t count = 0;
    assert_ok(store_snapshot_open(store, contract_deadline(), &view));
    assert_ok(store_count(view, &find, &count));
    (void)store_snapshot_close(view);
    return count;
}

/* The store as version 2 has it: a counter for each list that goes on where the common one stood. */
static void assert_version_2(int lists)
{
    char key[64];
    assert_version(2);
    assert_int_equal(count_in(STORE_META), lists + 1);
    assert_int_equal(count_in(STORE_VIEW_ROWS), 2 * lists);
    assert_int_equal(contract_number(store, STORE_META, "counter/view"), -1);
    for (int list = 0; list < lists; list += lists / 7 + 1) {
        (void)snprintf(key, sizeof key, "counter/view/list-%04d", list);
        assert_int_equal(contract_number(store, STORE_META, key), DRAWN);
    }
}

static void new_store_is_marked(void **state)
{
    (void)state;
    assert_version(0);
    assert_ok(store_migrate(store, contract_deadline()));
    assert_version(STORE_VERSION);
    FaultStore counting = {.base = {&FAULT_BACKEND}, .inner = store};
    assert_ok(store_migrate(&counting.base, contract_deadline()));
    assert_int_equal(counting.commits, 0);
}

static void newer_store_is_refused(void **state)
{
    (void)state;
    put(STORE_META, STR("store"), version_body(STORE_VERSION + 1));
    assert_fails(store_migrate(store, contract_deadline()), STORE_NEWER);
    assert_version(STORE_VERSION + 1);
}

static void documents_without_version(void **state)
{
    (void)state;
    put(STORE_TOKENS, STR("t"), contract_body(arena, 1));
    assert_fails(store_migrate(store, contract_deadline()), STORE_NOT_PREPARED);
    assert_version(0);
}

static void damaged_version(void **state)
{
    (void)state;
    put(STORE_META, STR("store"), version_body(0));
    assert_fails(store_migrate(store, contract_deadline()), STORE_CORRUPT);
}

static void passed_deadline(void **state)
{
    (void)state;
    version_1_make(2);
    Deadline passed = deadline_in(ports_system()->clock, 0);
    assert_fails(store_migrate(store, passed), DEADLINE);
    assert_version(1);
}

static void one_to_two(void **state)
{
    (void)state;
    version_1_make(3);
    assert_ok(store_migrate(store, contract_deadline()));
    assert_version_2(3);
    int64_t first = 0;
    StoreSnapshot *view = NULL;
    StoreBatch *batch = store_batch_in(arena);
    assert_ok(store_snapshot_open(store, contract_deadline(), &view));
    assert_ok(counter_draw(view, arena, batch, STR(VIEW_COUNTER_2_PREFIX "list-0001"), 1, &first));
    (void)store_snapshot_close(view);
    assert_int_equal(first, DRAWN);
}

static void one_to_two_without_rows(void **state)
{
    (void)state;
    put(STORE_META, STR("store"), version_body(1));
    assert_ok(store_migrate(store, contract_deadline()));
    assert_version(2);
    assert_int_equal(count_in(STORE_META), 1);
}

static void rows_without_their_counter(void **state)
{
    (void)state;
    StoreBatch *batch = store_batch_in(arena);
    put(STORE_META, STR("store"), version_body(1));
    put_rows(batch, 1);
    assert_ok(store_commit(store, batch, contract_deadline(), NULL));
    assert_fails(store_migrate(store, contract_deadline()), STORE_CORRUPT);
    assert_version(1);
}

/* Cut off at each commit in turn, before and after it took effect; the next run finishes the work. */
static void resumes_wherever_it_was_cut_off(void **state)
{
    (void)state;
    for (int after = 0; after < 2; after++) {
        int cuts = 0;
        for (int nth = 1;; nth++) {
            store = store_close(store);
            store = contract_open(contract_kind(), "migrate");
            version_1_make(LISTS);
            FaultStore fault = {{&FAULT_BACKEND}, store, 0, nth, after == 1};
            Error error = store_migrate(&fault.base, contract_deadline());
            if (!FAILED(error)) {
                break;
            }
            cuts++;
            assert_int_equal(error.reason,
                             after == 1 ? REASON_STORE_UNSETTLED : REASON_STORE_UNAVAILABLE);
            assert_ok(store_migrate(store, contract_deadline()));
            assert_version_2(LISTS);
        }
        assert_int_equal(cuts, 4); /* three chunks and the end */
    }
}

static void *migrate_run(void *context)
{
    Error *result = context;
    *result = store_migrate(store, contract_deadline());
    return NULL;
}

static void two_nodes_at_once(void **state)
{
    (void)state;
    for (int is_new = 0; is_new < 2; is_new++) {
        pthread_t threads[2];
        Error results[2];
        if (is_new == 0) {
            version_1_make(LISTS);
        } else {
            store = store_close(store);
            store = contract_open(contract_kind(), "migrate");
        }
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, migrate_run, &results[i]), 0);
        }
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_ok(results[i]);
        }
        assert_version_2(is_new == 0 ? LISTS : 0);
    }
}

static int order[4];
static int order_count;

static Error step_a(MigrationRun *run)
{
    order[order_count++] = 1;
    store_batch_insert(run->last, STORE_META, STR("a"), contract_body(run->arena, 1));
    return OK;
}

static Error step_b(MigrationRun *run)
{
    order[order_count++] = 2;
    store_batch_replace(run->last, STORE_META, STR("a"), 1, contract_body(run->arena, 2));
    return OK;
}

static Error step_fails(MigrationRun *run)
{
    (void)run;
    return FAIL(STORE_CORRUPT, "step");
}

static void steps_run_in_order(void **state)
{
    (void)state;
    static const MigrationStep STEPS[] = {{2, step_b}, {1, step_a}, {3, step_fails}};
    put(STORE_META, STR("store"), version_body(1));
    order_count = 0;
    assert_ok(store_migrate_by(store, STEPS, 3, 3, contract_deadline()));
    assert_version(3);
    assert_int_equal(order_count, 2);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    assert_int_equal(contract_number(store, STORE_META, "a"), 2);
    assert_fails(store_migrate_by(store, STEPS, 3, 4, contract_deadline()), STORE_CORRUPT);
    assert_version(3);
    assert_fails(store_migrate_by(store, STEPS, 2, 4, contract_deadline()), STORE_NOT_PREPARED);
    assert_fails(store_migrate_by(store, STEPS, 3, 2, contract_deadline()), STORE_NEWER);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(new_store_is_marked),
        TEST(newer_store_is_refused),
        TEST(documents_without_version),
        TEST(damaged_version),
        TEST(passed_deadline),
        TEST(one_to_two),
        TEST(one_to_two_without_rows),
        TEST(rows_without_their_counter),
        TEST(resumes_wherever_it_was_cut_off),
        TEST(two_nodes_at_once),
        TEST(steps_run_in_order),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    contract_cleanup();
    return failed;
}
