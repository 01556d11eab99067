/* store_race.h — processes that raise the counter document "counter" of a store, started by a test.
 *
 * The program is store_worker; MUSUBI_STORE_WORKER says where. Layer: tests/contract.
 * Thread-safe: no. */
#ifndef MUSUBI_STORE_RACE_H
#define MUSUBI_STORE_RACE_H

#include <sys/types.h>

typedef struct RaceProcess {
    pid_t pid;
    int told; /* the worker writes one byte here for each raise it was told is done */
} RaceProcess;

/* Starts a worker that raises the counter `count` times. Ends the test when it can't. */
RaceProcess race_start(const char *kind, const char *location, int count);
/* Waits until it was told of `wanted` raises (-1: until it has ended) and returns how many since
 * the last call. */
long race_told(RaceProcess process, long wanted);
/* Its exit status; 128 + signal when it was killed. */
int race_wait(RaceProcess process);
/* Forgets it. */
void race_done(RaceProcess process);

#endif
