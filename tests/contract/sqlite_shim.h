/* sqlite_shim.h — a file layer for SQLite that fails on order and remembers what was synced.
 *
 * It stands in front of the system's layer under the name "shim". The n-th call of a kind after
 * shim_arm fails, once or from then on. Beside each file stands "<file>.durable": what a disk is
 * sure to hold after a power cut, its content at the last good sync.
 *
 * Layer: tests/contract. Thread-safe: yes (atomic counters); one armed fault at a time. */
#ifndef MUSUBI_SQLITE_SHIM_H
#define MUSUBI_SQLITE_SHIM_H

#include <stdbool.h>

typedef enum ShimCall {
    SHIM_READ,
    SHIM_WRITE, /* SQLITE_IOERR_WRITE */
    SHIM_FULL,  /* a write that finds the disk full */
    SHIM_SYNC,
    SHIM_TRUNCATE,
    SHIM_SHM_MAP,
    SHIM_SHM_LOCK,
    SHIM_OPEN,
    SHIM_CALL_COUNT_
} ShimCall;

typedef struct ShimFault {
    ShimCall call;
    int nth;            /* from 1; 0: none */
    bool is_persistent; /* the later ones of its kind fail too */
    bool is_torn;       /* a failing write leaves half of its bytes; a failing sync has synced */
} ShimFault;

/* Registers the layer; again is fine. */
void shim_register(void);
/* From now on; restarts the counters. */
void shim_arm(ShimFault fault);
void shim_disarm(void);
/* Calls that failed on order since shim_arm. */
int shim_hits(void);

#endif
