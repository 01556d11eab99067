#include "fault_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "store_mongo.h"

#define SHARED STR("shared")
#define RELIED STR("relied")
#define NAME_BYTES 32

static Store *open_at(const char *uri)
{
    Store *store = NULL;
    StoreMongoOptions options = {.uri = uri,
                                 .database = contract_location("mongodb", ""),
                                 .ports = ports_system(),
                                 .readers_max = 4,
                                 .writers_max = 4};
    MUST(store_mongo_open(&options, &store));
    return store;
}

static uint16_t server_port(void)
{
    const char *uri = getenv("MUSUBI_TEST_MONGODB_URI");
    const char *colon = uri == NULL ? NULL : strrchr(uri, ':');
    if (colon == NULL) {
        (void)fprintf(stderr, "MUSUBI_TEST_MONGODB_URI is missing: run me by with_mongodb.py\n");
        abort();
    }
    return (uint16_t)strtoul(colon + 1, NULL, 10);
}

static void seed(Store *store)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    StoreBatch *batch = store_batch_in(arena);
    store_batch_insert(batch, STORE_PERSONS, SHARED, contract_body(arena, 0));
    store_batch_insert(batch, STORE_KEYS, RELIED, contract_body(arena, 0));
    MUST(store_commit(store, batch, contract_deadline(), NULL));
}

void bench_start(Bench *bench)
{
    char uri[96];
    *bench = (Bench){.proxy = fault_proxy_start(server_port())};
    bench->direct = contract_open("mongodb", "");
    seed(bench->direct);
    (void)snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%u/?directConnection=true",
                   (unsigned)fault_proxy_port(bench->proxy));
    bench->through = open_at(uri);
}

void bench_stop(Bench *bench)
{
    bench->through = store_close(bench->through);
    bench->direct = store_close(bench->direct);
    bench->proxy = fault_proxy_stop(bench->proxy);
}

static void names_of(int trial, char entity[NAME_BYTES], char row[NAME_BYTES])
{
    (void)snprintf(entity, NAME_BYTES, "entity%d", trial);
    (void)snprintf(row, NAME_BYTES, "row%d", trial);
}

static StoreBatch *trial_batch(Arena *arena, int trial)
{
    char entity[NAME_BYTES];
    char row[NAME_BYTES];
    names_of(trial, entity, row);
    StoreBatch *batch = store_batch_in(arena);
    store_batch_require(batch, STORE_KEYS, RELIED, 1);
    store_batch_insert(batch, STORE_ENTITIES, str_from(entity), contract_body(arena, trial));
    store_batch_insert(batch, STORE_VIEW_ROWS, str_from(row), contract_body(arena, trial));
    return batch;
}

static bool is_there(Store *store, StoreCollection collection, const char *key)
{
    return contract_number(store, collection, key) >= 0;
}

BenchFate bench_fate(Bench *bench, int trial)
{
    char entity[NAME_BYTES];
    char row[NAME_BYTES];
    names_of(trial, entity, row);
    bool has_entity = is_there(bench->direct, STORE_ENTITIES, entity);
    bool has_row = is_there(bench->direct, STORE_VIEW_ROWS, row);
    if (has_entity != has_row) {
        return BENCH_TORN;
    }
    return has_entity ? BENCH_THERE : BENCH_ABSENT;
}

static void fail_trial(const char *what, Error error, const char *why)
{
    print_error("%s: %s, said %s from %s\n", what, why,
                FAILED(error) ? error_words(error.reason)->name : "OK",
                FAILED(error) ? error.site : "");
    fail();
}

void bench_judge(Bench *bench, int trial, Error error, const char *what)
{
    BenchFate fate = bench_fate(bench, trial);
    bool is_unknown = FAILED(error) && error.reason == REASON_STORE_UNSETTLED;
    if (fate == BENCH_TORN) {
        fail_trial(what, error, "the batch is torn");
    }
    if (!FAILED(error) && fate != BENCH_THERE) {
        fail_trial(what, error, "an acknowledged batch is lost");
    }
    if (FAILED(error) && !is_unknown) {
        if (fate != BENCH_ABSENT) {
            fail_trial(what, error, "a denied batch took effect");
        }
        assert_true(bench->denied_count < sizeof bench->denied / sizeof bench->denied[0]);
        bench->denied[bench->denied_count++] = trial;
    }
}

static Error commit_in_time(Bench *bench, const StoreBatch *batch, int64_t timeout_us,
                            const char *what)
{
    const Clock *clock = ports_system()->clock;
    int64_t begun = clock->monotonic_us(clock);
    Error error = store_commit(bench->through, batch, deadline_in(clock, timeout_us), NULL);
    int64_t took = clock->monotonic_us(clock) - begun;
    if (took > timeout_us + BENCH_GRACE_US) {
        print_error("%lld ms for a deadline of %lld ms\n", (long long)took / 1000,
                    (long long)timeout_us / 1000);
        fail_trial(what, error, "the call came back late");
    }
    error.argument = NULL; /* the arena goes */
    return error;
}

Error bench_commit(Bench *bench, int64_t timeout_us, int *ret_trial)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    *ret_trial = ++bench->trials;
    return commit_in_time(bench, trial_batch(arena, *ret_trial), timeout_us, "commit");
}

Error bench_trial(Bench *bench, int64_t timeout_us, const char *what)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    int trial = ++bench->trials;
    uint64_t version = contract_get(bench->direct, arena, STORE_PERSONS, "shared").version;
    StoreBatch *batch = trial_batch(arena, trial);
    store_batch_replace(batch, STORE_PERSONS, SHARED, version, contract_body(arena, trial));
    Error error = commit_in_time(bench, batch, timeout_us, what);
    bench_judge(bench, trial, error, what);
    /* Not by its version: an unsettled batch of before may come through in between. */
    bool is_replaced = contract_number(bench->direct, STORE_PERSONS, "shared") == trial;
    if (is_replaced != (bench_fate(bench, trial) == BENCH_THERE)) {
        fail_trial(what, error, "the batch is torn");
    }
    return error;
}

void bench_recover(Bench *bench, const char *what)
{
    const Clock *clock = ports_system()->clock;
    Deadline limit = deadline_in(clock, BENCH_RECOVERY_US);
    fault_proxy_plan(bench->proxy, (FaultPlan){0});
    Error error = bench_trial(bench, CLOCK_SECOND_US, what);
    while (FAILED(error) && !deadline_has_passed(limit)) {
        error = bench_trial(bench, CLOCK_SECOND_US, what);
    }
    if (FAILED(error)) {
        fail_trial(what, error, "no recovery in time");
    }
}

void bench_check_denied(Bench *bench)
{
    for (size_t i = 0; i < bench->denied_count; i++) {
        assert_int_equal(bench_fate(bench, bench->denied[i]), BENCH_ABSENT);
    }
}
