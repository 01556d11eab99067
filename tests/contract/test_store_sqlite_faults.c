/* The n-th call to the file system fails during a commit, for every n: afterwards the batch is
 * wholly there or wholly absent, as the answer said: in the running store, in a copy of the files
 * as a killed process leaves them, in what a power cut leaves of them, and after reopening. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "contract_store.h"
#include "sqlite_shim.h"
#include "store_sqlite.h"

#define LARGE_BYTES 6000
#define NEW_DOCS 6

static Arena *arena;
static char path[200];

static Store *open_at(const char *file, const char *vfs)
{
    Store *store = NULL;
    StoreSqliteOptions options = {.path = file, .ports = ports_system(), .vfs = vfs};
    assert_ok(store_sqlite_open(&options, &store));
    return store;
}

static DocBody large_body(int64_t n)
{
    char bytes[LARGE_BYTES];
    DocWriter *writer = doc_writer_in(arena, 1);
    DocBody body = {STR_EMPTY};
    memset(bytes, (int)('a' + n % 20), sizeof bytes);
    doc_put_bytes(writer, "b", str_bytes(bytes, sizeof bytes));
    doc_put_text(writer, "s", STR("subject"));
    doc_put_text(writer, "y", STR("Person"));
    doc_put_int(writer, "n", n);
    assert_ok(doc_finish(writer, &body));
    return body;
}

static void must_commit(Store *store, const StoreBatch *batch)
{
    assert_ok(store_commit(store, batch, contract_deadline(), NULL));
}

static void base_make(const char *file)
{
    Store *store = open_at(file, NULL);
    StoreBatch *batch = store_batch_in(arena);
    store_batch_insert(batch, STORE_ENTITIES, STR("changed"), large_body(1));
    store_batch_insert(batch, STORE_ENTITIES, STR("deleted"), large_body(2));
    store_batch_insert(batch, STORE_META, STR("required"), contract_body(arena, 3));
    must_commit(store, batch);
    (void)store_close(store);
}

static Error batch_try(Store *store)
{
    char key[16];
    StoreBatch *batch = store_batch_in(arena);
    for (int i = 0; i < NEW_DOCS; i++) {
        (void)snprintf(key, sizeof key, "new%d", i);
        store_batch_insert(batch, STORE_ENTITIES, str_from(key), large_body(i));
    }
    store_batch_replace(batch, STORE_ENTITIES, STR("changed"), 1, large_body(9));
    store_batch_delete(batch, STORE_ENTITIES, STR("deleted"), 1);
    store_batch_require(batch, STORE_META, STR("required"), 1);
    return store_commit(store, batch, contract_deadline(), NULL);
}

/* 1: the batch is wholly there, 0: wholly absent; anything between fails the test. */
static int batch_state(Store *store)
{
    static const Str KEYS[] = {STR_INIT("changed"), STR_INIT("deleted"), STR_INIT("new0"),
                               STR_INIT("new1"),    STR_INIT("new2"),    STR_INIT("new3"),
                               STR_INIT("new4"),    STR_INIT("new5")};
    CLEANUP(arena_free) Arena *own = arena_new(ARENA_REQUEST_BYTES);
    StoreSnapshot *view = NULL;
    StoreDoc docs[8];
    StoreFind find = {.collection = STORE_ENTITIES, .index = "by_subject", .equal_count = 1};
    find.equal[0] = STORE_TEXT(STR("subject"));
    int64_t count = 0;
    assert_ok(store_snapshot_open(store, contract_deadline(), &view));
    assert_ok(store_get_many(view, own, STORE_ENTITIES, KEYS, 8, docs));
    assert_ok(store_count(view, &find, &count));
    (void)store_snapshot_close(view);
    bool is_there = docs[2].version == 1;
    assert_int_equal(docs[0].version, is_there ? 2 : 1);
    assert_int_equal(docs[1].version, is_there ? 0 : 1);
    for (int i = 0; i < NEW_DOCS; i++) {
        assert_int_equal(docs[2 + i].version, is_there ? 1 : 0);
    }
    assert_int_equal(count, is_there ? NEW_DOCS + 1 : 2);
    return is_there ? 1 : 0;
}

/* Copies base + suffix over image + target suffix; false when there is no such file. The copy is
 * private. */
static bool copy_over(const char *base, const char *suffix, const char *image, const char *target)
{
    char from[300];
    char to[300];
    char bytes[8192];
    size_t n = 0;
    (void)snprintf(from, sizeof from, "%s%s", base, suffix);
    (void)snprintf(to, sizeof to, "%s%s", image, target);
    FILE *in = fopen(from, "r");
    if (in == NULL) {
        return false;
    }
    FILE *out = fopen(to, "w");
    assert_non_null(out);
    assert_int_equal(chmod(to, 0600), 0);
    while ((n = fread(bytes, 1, sizeof bytes, in)) > 0) {
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    }
    assert_int_equal(fclose(out), 0);
    assert_int_equal(fclose(in), 0);
    return true;
}

static void files_remove(const char *base)
{
    static const char *const SUFFIXES[] = {"", "-wal", "-shm", ".durable", "-wal.durable"};
    char name[300];
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", base, SUFFIXES[i]);
        (void)remove(name); /* not all of them exist */
    }
}

/* What the answer promises about the state that was found. */
static void state_check(Error result, int state)
{
    if (!FAILED(result)) {
        assert_int_equal(state, 1);
    } else if (result.reason == REASON_STORE_UNAVAILABLE) {
        assert_int_equal(state, 0);
    } else {
        assert_fails(result, STORE_UNSETTLED);
    }
}

/* Opens the files of an image as they are (a recovery happens) and looks. */
static void image_check(const char *image, Error result)
{
    Store *store = open_at(image, NULL);
    state_check(result, batch_state(store));
    (void)store_close(store);
}

static void killed_image_check(Error result)
{
    char image[220];
    (void)snprintf(image, sizeof image, "%s-killed", path);
    files_remove(image);
    assert_true(copy_over(path, "", image, ""));
    assert_true(copy_over(path, "-wal", image, "-wal"));
    image_check(image, result);
}

/* The database file's synced content (the whole file when it was never written), and the WAL's. */
static void power_cut_image_check(Error result)
{
    char image[220];
    (void)snprintf(image, sizeof image, "%s-cut", path);
    files_remove(image);
    if (!copy_over(path, ".durable", image, "")) {
        assert_true(copy_over(path, "", image, ""));
    }
    (void)copy_over(path, "-wal.durable", image, "-wal"); /* may never have been synced */
    image_check(image, result);
}

/* The base store under another name, opened through the failing layer, its connections warm. */
static Store *work_store(void)
{
    files_remove(path);
    assert_true(copy_over(contract_location("sqlite", "base"), "", path, ""));
    Store *store = open_at(path, "shim");
    assert_int_equal(contract_number(store, STORE_META, "required"), 3);
    return store;
}

/* One run with one fault; false when the fault was not reached. */
static bool commit_once(ShimFault fault, int counts[3])
{
    arena = arena_new((size_t)4 << 20);
    Store *store = work_store();
    shim_arm(fault);
    Error result = batch_try(store);
    shim_disarm();
    bool was_hit = shim_hits() > 0;
    killed_image_check(result);
    power_cut_image_check(result);
    state_check(result, batch_state(store));
    StoreBatch *batch = store_batch_in(arena);
    store_batch_insert(batch, STORE_META, STR("after"), contract_body(arena, 1));
    must_commit(store, batch);
    state_check(result, batch_state(store));
    store = store_close(store);
    image_check(path, result);
    counts[!FAILED(result) ? 0 : result.reason == REASON_STORE_UNAVAILABLE ? 1 : 2]++;
    arena = arena_free(arena);
    return was_hit;
}

static void fault_say(ShimFault fault, int faults)
{
    static const char *const NAMES[] = {"read",     "write",   "full",     "sync",
                                        "truncate", "shm map", "shm lock", "open"};
    print_message("  %s%s%s: %d faults\n", NAMES[fault.call],
                  fault.is_persistent ? ", from then on" : "", fault.is_torn ? ", torn" : "",
                  faults);
}

static void commit_sweep(ShimCall call, bool is_persistent, bool is_torn)
{
    int counts[3] = {0, 0, 0};
    ShimFault fault = {call, 1, is_persistent, is_torn};
    while (commit_once(fault, counts)) {
        fault.nth++;
        assert_true(fault.nth < 200);
    }
    fault_say(fault, fault.nth - 1);
    print_message("    done %d, undone %d, unsettled %d\n", counts[0], counts[1], counts[2]);
    assert_true(fault.nth > 1);
    /* A fault that passes leaves time to settle; what stays unsettled then is a fault of ours. */
    assert_true(is_persistent || counts[2] == 0);
    assert_int_equal(counts[0], 1);
}

/* A checkpoint that fails anywhere loses nothing of what was committed. */
static bool checkpoint_once(ShimFault fault)
{
    arena = arena_new((size_t)4 << 20);
    Store *store = work_store();
    Error done = batch_try(store);
    assert_ok(done);
    shim_arm(fault);
    Error result = store_sqlite_checkpoint(store, contract_deadline());
    shim_disarm();
    bool was_hit = shim_hits() > 0;
    assert_true(!FAILED(result) || result.reason == REASON_STORE_UNAVAILABLE);
    assert_true(was_hit || !FAILED(result));
    killed_image_check(done);
    power_cut_image_check(done);
    assert_int_equal(batch_state(store), 1);
    assert_ok(store_sqlite_checkpoint(store, contract_deadline()));
    store = store_close(store);
    image_check(path, done);
    arena = arena_free(arena);
    return was_hit;
}

/* Opening that fails anywhere says so; the next try finds a whole store, or makes it. */
static bool open_once(ShimFault fault, bool is_new)
{
    arena = arena_new((size_t)4 << 20);
    files_remove(path);
    assert_true(is_new || copy_over(contract_location("sqlite", "base"), "", path, ""));
    Store *store = NULL;
    StoreSqliteOptions options = {.path = path, .ports = ports_system(), .vfs = "shim"};
    shim_arm(fault);
    Error result = store_sqlite_open(&options, &store);
    shim_disarm();
    bool was_hit = shim_hits() > 0;
    assert_int_equal(FAILED(result), store == NULL);
    assert_true(!FAILED(result) || result.reason == REASON_STORE_UNAVAILABLE);
    assert_true(was_hit || !FAILED(result));
    store = store_close(store);
    store = open_at(path, "shim");
    if (is_new) {
        assert_int_equal(contract_number(store, STORE_META, "required"), -1);
    } else {
        assert_int_equal(batch_state(store), 0);
    }
    store = store_close(store);
    arena = arena_free(arena);
    return was_hit;
}

static int setup(void **state)
{
    (void)state;
    shim_register();
    arena = arena_new((size_t)4 << 20);
    base_make(contract_location("sqlite", "base"));
    (void)snprintf(path, sizeof path, "%s", contract_location("sqlite", "work"));
    arena = arena_free(arena);
    return 0;
}

static void commit_sweep_all_forms(ShimCall call)
{
    for (int form = 0; form < 4; form++) {
        commit_sweep(call, (form & 1) != 0, (form & 2) != 0);
    }
}

static void commit_with_failing_writes(void **state)
{
    (void)state;
    commit_sweep_all_forms(SHIM_WRITE);
}

static void commit_on_a_full_disk(void **state)
{
    (void)state;
    commit_sweep_all_forms(SHIM_FULL);
}

static void commit_with_failing_syncs(void **state)
{
    (void)state;
    commit_sweep_all_forms(SHIM_SYNC);
}

static void commit_with_failing_reads(void **state)
{
    (void)state;
    commit_sweep(SHIM_READ, false, false);
    commit_sweep(SHIM_READ, true, false);
}

static void commit_with_failing_locks(void **state)
{
    (void)state;
    commit_sweep(SHIM_SHM_LOCK, false, false);
    commit_sweep(SHIM_SHM_LOCK, true, false);
}

static void checkpoint_with_failures(void **state)
{
    (void)state;
    static const ShimCall CALLS[] = {SHIM_READ, SHIM_WRITE, SHIM_SYNC, SHIM_TRUNCATE,
                                     SHIM_SHM_LOCK};
    for (size_t i = 0; i < 2 * sizeof CALLS / sizeof CALLS[0]; i++) {
        ShimFault fault = {CALLS[i / 2], 1, i % 2 == 1, true};
        while (checkpoint_once(fault)) {
            fault.nth++;
        }
        fault_say(fault, fault.nth - 1);
        assert_true(fault.nth > 1);
    }
}

static void open_with_failures(void **state)
{
    (void)state;
    static const ShimCall CALLS[] = {SHIM_READ,    SHIM_WRITE,    SHIM_SYNC,
                                     SHIM_SHM_MAP, SHIM_SHM_LOCK, SHIM_OPEN};
    for (size_t i = 0; i < 2 * sizeof CALLS / sizeof CALLS[0]; i++) {
        ShimFault fault = {CALLS[i / 2], 1, true, false};
        /* A big layout is written once; every third place is enough of it. */
        while (open_once(fault, i % 2 == 1)) {
            fault.nth += fault.nth < 12 ? 1 : 7;
        }
        fault_say(fault, fault.nth - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commit_with_failing_writes), cmocka_unit_test(commit_on_a_full_disk),
        cmocka_unit_test(commit_with_failing_syncs),  cmocka_unit_test(commit_with_failing_reads),
        cmocka_unit_test(commit_with_failing_locks),  cmocka_unit_test(checkpoint_with_failures),
        cmocka_unit_test(open_with_failures),
    };
    int failed = cmocka_run_group_tests(tests, setup, NULL);
    contract_cleanup();
    return failed;
}
