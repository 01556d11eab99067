/* Migrations: forward only, resumed after being cut off at any commit, done once by two nodes. The
 * version-1 store of the tests is written here, document by document, as that version wrote it. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "contract_store.h"
#include "fake_ports.h"
#include "lease.h"
#include "migrate_steps.h"
#include "store_backend.h"

#define UNTIL_US (FAKE_START_US + 1000 * CLOCK_SECOND_US)

static Store *store;
static Arena *arena;

/* Enough leases for `chunks` commits of the step; the MongoDB of the tests is slow. */
static int many_leases(int *ret_chunks)
{
    bool is_sqlite = strcmp(contract_kind(), "sqlite") == 0;
    *ret_chunks = is_sqlite ? 3 : 2;
    return is_sqlite ? 1100 : 401;
}

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

/* A store in front of the real one whose n-th commit fails: before it happens, or after it
 * happened. */
typedef struct FaultStore {
    Store base;
    Store *inner;
    int commits;
    int fails_at;
    bool fails_after;
} FaultStore;

static Error fault_commit(Store *base, const StoreBatch *batch, Deadline deadline,
                          size_t *ret_failed)
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

static const StoreBackend FAULT_BACKEND = {
    .kind = "fault", .snapshot_open = fault_snapshot_open, .commit = fault_commit};

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

static void lease_1_add(StoreBatch *batch, int number)
{
    char text[32];
    DocWriter *writer = doc_writer_in(arena, 1);
    DocBody body = {STR_EMPTY};
    Str owner = STR_EMPTY;
    (void)snprintf(text, sizeof text, "node-%d", number);
    assert_ok(str_copy_in(arena, str_from(text), &owner));
    doc_put_text(writer, "o", owner);
    doc_put_int(writer, "u", UNTIL_US);
    doc_put_int(writer, "n", 7);
    assert_ok(doc_finish(writer, &body));
    (void)snprintf(text, sizeof text, "job-%04d", number);
    store_batch_insert(batch, STORE_LEASES, str_from(text), body);
}

/* A store as version 1 left it: its version and `leases` leases of one document each. */
static void version_1_make(int leases)
{
    put(STORE_META, STR("store"), version_body(1));
    for (int number = 0; number < leases;) {
        StoreBatch *batch = store_batch_in(arena);
        for (int i = 0; i < 500 && number < leases; i++) {
            lease_1_add(batch, number++);
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

/* A lease of version 1 is still its owner's, and nobody else's, until it runs out. */
static void assert_lease_2(int number)
{
    char job[32];
    char node[32];
    FakePorts fake;
    Lease lease = {0};
    fake_ports_init(&fake, 1);
    LeaseCall call = {store, &fake.clock, contract_deadline()};
    (void)snprintf(job, sizeof job, "job-%04d", number);
    (void)snprintf(node, sizeof node, "node-%d", number);
    assert_fails(lease_acquire(call, str_from(job), STR("other"), 1, &lease), LEASE_HELD);
    assert_ok(lease_acquire(call, str_from(job), str_from(node), 1, &lease));
    assert_int_equal(lease.fence, 2);
    fake_clock_set(&fake, UNTIL_US);
    assert_ok(lease_acquire(call, str_from(job), STR("other"), 1, &lease));
    fake_ports_done(&fake);
}

/* All steps of a store that version 1 left with so many leases are done. */
static void assert_present(int leases)
{
    assert_version(STORE_VERSION);
    assert_int_equal(count_in(STORE_META), 1);
    assert_int_equal(count_in(STORE_LEASES), 2 * leases);
    for (int number = 0; number < leases; number += leases / 7 + 1) {
        assert_lease_2(number);
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

static void from_the_first_version(void **state)
{
    (void)state;
    for (int leases = 0; leases < 3; leases++) {
        store = store_close(store);
        store = contract_open(contract_kind(), "migrate");
        version_1_make(leases);
        assert_ok(store_migrate(store, contract_deadline()));
        assert_present(leases);
    }
}

static void damaged_lease(void **state)
{
    (void)state;
    version_1_make(2);
    put(STORE_LEASES, STR("job-0001b"), contract_body(arena, 1));
    assert_fails(store_migrate(store, contract_deadline()), STORE_CORRUPT);
    assert_version(1);
}

/* Cut off at each commit in turn, before and after it took effect; the next run finishes the work.
 */
static void resumes_wherever_it_was_cut_off(void **state)
{
    (void)state;
    int chunks = 0;
    int leases = many_leases(&chunks);
    for (int after = 0; after < 2; after++) {
        int cuts = 0;
        for (int nth = 1;; nth++) {
            store = store_close(store);
            store = contract_open(contract_kind(), "migrate");
            version_1_make(leases);
            FaultStore fault = {{&FAULT_BACKEND}, store, 0, nth, after == 1};
            Error error = store_migrate(&fault.base, contract_deadline());
            if (!FAILED(error)) {
                break;
            }
            cuts++;
            assert_int_equal(error.reason,
                             after == 1 ? REASON_STORE_UNSETTLED : REASON_STORE_UNAVAILABLE);
            assert_ok(store_migrate(store, contract_deadline()));
            assert_present(leases);
        }
        /* Each chunk, and the end of each step. */
        assert_int_equal(cuts, chunks + (int)MIGRATION_STEP_COUNT);
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
    int chunks = 0;
    int leases = many_leases(&chunks);
    for (int is_new = 0; is_new < 2; is_new++) {
        pthread_t threads[2];
        Error results[2];
        if (is_new == 0) {
            version_1_make(leases);
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
        assert_present(is_new == 0 ? leases : 0);
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
        TEST(from_the_first_version),
        TEST(damaged_lease),
        TEST(resumes_wherever_it_was_cut_off),
        TEST(two_nodes_at_once),
        TEST(steps_run_in_order),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    contract_cleanup();
    return failed;
}
