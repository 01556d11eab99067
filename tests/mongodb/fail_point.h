/* fail_point.h — the test server's own faults: configureFailPoint, sent past any proxy.
 *
 * Layer: tests/mongodb. Thread-safe: no. */
#ifndef MUSUBI_FAIL_POINT_H
#define MUSUBI_FAIL_POINT_H

#include <stdbool.h>

typedef struct FailPoint {
    const char *command;     /* which command fails */
    unsigned skip;           /* so many go well first */
    unsigned times;          /* then so many fail */
    int error_code;          /* 0: none */
    int write_concern_error; /* 0: none; the command runs, then says it may not last */
    bool closes_connection;
    int block_ms; /* waits before it runs the command */
} FailPoint;

/* Arms it on the server of MUSUBI_TEST_MONGODB_URI, in place of the one before. Ends the process
 * when it can't. */
void fail_point_set(const FailPoint *point);
void fail_point_clear(void);

#endif
