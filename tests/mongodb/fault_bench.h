/* fault_bench.h — a store behind a fault proxy, the same store without it, and batches whose fate
 * can be told.
 *
 * A trial is one batch: two inserts into two collections, a replace of one shared document and a
 * reliance on another. What the adapter says of it is compared with what the database holds, seen
 * past the proxy.
 *
 * Layer: tests/mongodb. Thread-safe: no. Requirement: R-T7. */
#ifndef MUSUBI_FAULT_BENCH_H
#define MUSUBI_FAULT_BENCH_H

#include "contract_store.h"
#include "fault_proxy.h"

/* How much later than its deadline a call may return. */
#define BENCH_GRACE_US (CLOCK_SECOND_US / 2)
#define BENCH_RECOVERY_US (5 * CLOCK_SECOND_US)

typedef enum BenchFate { BENCH_ABSENT, BENCH_THERE, BENCH_TORN } BenchFate;

typedef struct Bench {
    FaultProxy *proxy;
    Store *direct;
    Store *through;
    int trials;
    int denied[1024]; /* trials of which the adapter said that nothing happened */
    size_t denied_count;
} Bench;

/* Starts the proxy and opens both stores on an emptied database. Ends the process when it can't. */
void bench_start(Bench *bench);
void bench_stop(Bench *bench);

/* Commits one trial through the proxy; cmocka-fails when the call is late, the batch is torn or the
 * verdict untrue. */
Error bench_trial(Bench *bench, int64_t timeout_us, const char *what);
/* The same in two steps, for a database that is away meanwhile: the commit alone (the shared
 * document stays out of it), and the comparison of what was said with what is there. */
Error bench_commit(Bench *bench, int64_t timeout_us, int *ret_trial);
void bench_judge(Bench *bench, int trial, Error error, const char *what);
/* What the database holds of a trial. */
BenchFate bench_fate(Bench *bench, int trial);
/* Lets all pass and commits until it works; cmocka-fails after BENCH_RECOVERY_US. */
void bench_recover(Bench *bench, const char *what);
/* cmocka-fails if a trial that was denied has taken effect after all. */
void bench_check_denied(Bench *bench);

#endif
