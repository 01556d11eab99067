/* fake_ports.h — the ports of time, randomness and files for tests: stopped clock, seeded bytes,
 * failing files.
 *
 * The clock stands until a test moves it (or steps by itself on each reading, if asked). Entropy is
 * a seeded sequence: same seed, same bytes. The file port passes through to the real one and fails
 * the n-th call of one kind (or of any kind), once or from then on. Must never be linked into a
 * program that serves anybody.
 *
 * Layer: tests/support. Thread-safe: yes (a lock around counters). */
#ifndef MUSUBI_FAKE_PORTS_H
#define MUSUBI_FAKE_PORTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

typedef enum FakeFileCall {
    FAKE_OPEN,
    FAKE_PREAD,
    FAKE_WRITE,
    FAKE_FDATASYNC,
    FAKE_FTRUNCATE,
    FAKE_CLOSE,
    FAKE_RENAME,
    FAKE_UNLINK,
    FAKE_CALL_COUNT_,
    FAKE_ANY = FAKE_CALL_COUNT_
} FakeFileCall;

/* Which call fails: the nth (from 1; 0: none) of this kind since fake_ports_fail, with this errno.
 * A short write writes half the bytes and reports that half instead of failing. */
typedef struct FakeFault {
    FakeFileCall call;
    uint64_t nth;
    int errno_value; /* 0: EIO */
    bool is_persistent;
    bool is_short_write;
} FakeFault;

/* One set of fake ports. Read `ports` and pass &fake->ports; everything else through the functions.
 */
typedef struct FakePorts {
    Ports ports;
    Clock clock;
    Entropy entropy;
    FilePort file;
    pthread_mutex_t lock;
    int64_t now_us;
    int64_t monotonic_us;
    int64_t step_us;
    uint64_t random_state;
    uint64_t entropy_calls;
    uint64_t entropy_fails_at; /* 0: never */
    FakeFault fault;
    uint64_t calls[FAKE_CALL_COUNT_ + 1]; /* per kind; the last one counts all */
    uint64_t faults_hit;
} FakePorts;

/* 2026-04-01T00:00:00Z, where the fake clock starts. */
#define FAKE_START_US ((int64_t)1775001600000000)

/* Makes the ports in the caller's memory; the struct must not move afterwards. */
void fake_ports_init(FakePorts *fake, uint64_t seed);
/* Releases what init took. */
void fake_ports_done(FakePorts *fake);

/* Moves both clocks on. */
void fake_clock_advance(FakePorts *fake, int64_t by_us);
/* Sets the wall clock alone, also backwards. */
void fake_clock_set(FakePorts *fake, int64_t now_us);
/* From now on each reading moves both clocks by step_us (0: stand still). */
void fake_clock_step(FakePorts *fake, int64_t step_us);

/* Fails the nth filling from now (1: the next one); 0: never. */
void fake_entropy_fail(FakePorts *fake, uint64_t nth);

/* Arms one file fault and restarts all counters. */
void fake_ports_fail(FakePorts *fake, FakeFault fault);
/* How many calls of this kind were made since the last fake_ports_fail. */
uint64_t fake_file_calls(FakePorts *fake, FakeFileCall call);
/* How many of them failed by order. A sweep over n is complete when a run hits none. */
uint64_t fake_faults_hit(FakePorts *fake);

/* A seeded generator for tests that make up their inputs; the same sequence everywhere. */
uint64_t fake_random(uint64_t *state);
/* Evenly enough in [0, below); below ≥ 1. */
uint64_t fake_random_below(uint64_t *state, uint64_t below);
/* The seed of a randomised test: MUSUBI_TEST_SEED or a fixed one; prints it with the test's name.
 */
uint64_t fake_seed(const char *test_name);

#endif
