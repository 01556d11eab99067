/* clock.h — the ports of time, randomness and files, and the deadline of a request.
 *
 * Whatever makes a run differ from the next comes through Ports, so that tests stop the clock, fail
 * the n-th call and replay a seed. Production code gets ports_system(). Must never be reached
 * around: no time(), no open() elsewhere in vault/ but in the two store adapters, whose libraries
 * do their own I/O.
 *
 * Layer: vault/base. Thread-safe: yes (system ports); fakes say for themselves. */
#ifndef MUSUBI_CLOCK_H
#define MUSUBI_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "str.h"

#define CLOCK_SECOND_US ((int64_t)1000000)

typedef struct Clock {
    /* UTC microseconds since 1970. */
    int64_t (*now_us)(const struct Clock *clock);
    /* Never steps back; for deadlines and waits only. */
    int64_t (*monotonic_us)(const struct Clock *clock);
} Clock;

typedef struct Entropy {
    /* Fills n bytes with unpredictable ones. Errors: INTERNAL. */
    Error (*fill)(const struct Entropy *entropy, void *out, size_t n);
} Entropy;

/* The file calls of what must be durable. Each returns as its POSIX namesake, -1 with errno on
 * failure. */
typedef struct FilePort {
    int (*open)(const struct FilePort *port, const char *path, int flags, mode_t mode);
    ssize_t (*pread)(const struct FilePort *port, int fd, void *out, size_t n, off_t at);
    ssize_t (*write)(const struct FilePort *port, int fd, const void *bytes, size_t n);
    int (*fdatasync)(const struct FilePort *port, int fd);
    int (*ftruncate)(const struct FilePort *port, int fd, off_t size);
    int (*close)(const struct FilePort *port, int fd);
    int (*rename)(const struct FilePort *port, const char *from, const char *to);
    int (*unlink)(const struct FilePort *port, const char *path);
} FilePort;

typedef struct Ports {
    const Clock *clock;
    const Entropy *entropy;
    const FilePort *file;
} Ports;

/* The real ones. Static. */
const Ports *ports_system(void);

/* A point of monotonic time by which an answer must be ready. */
typedef struct Deadline {
    const Clock *clock;
    int64_t at_us; /* monotonic */
} Deadline;

/* timeout_us from now. */
Deadline deadline_in(const Clock *clock, int64_t timeout_us);
/* What is left, never below 0. */
int64_t deadline_left_us(Deadline deadline);
bool deadline_has_passed(Deadline deadline);

/* Whole file into the arena. Errors: FILE_MISSING, FILE_IO, BUDGET_EXCEEDED (over max_bytes too).
 * argument = path. */
Error file_read_in(const FilePort *port, Arena *arena, const char *path, size_t max_bytes,
                   Str *ret_bytes) MUST_USE;
/* Writes path by way of path.new, fdatasync, rename and a sync of the folder: whole or not at all.
 * One writer at a time for each path. Errors: FILE_IO (the old file stands; only if the folder's
 * sync failed may it be the new one). */
Error file_write_durable(const FilePort *port, const char *path, mode_t mode, Str bytes) MUST_USE;
/* Syncs a folder after a create or rename in it. Errors: FILE_IO. */
Error file_sync_folder(const FilePort *port, const char *folder) MUST_USE;

#endif
