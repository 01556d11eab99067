/* store_sqlite.h — the embedded adapter: one SQLite file in WAL mode, one table per collection.
 *
 * A commit is one transaction with synchronous=FULL; a snapshot is one read transaction that begins
 * when it is opened. Several processes may use one file. Writers of one process queue here, so that
 * nobody starves; writers of other processes are waited for within the deadline. Each row carries a
 * checksum: damaged bytes are STORE_CORRUPT, never data. The file is private (mode 0600) and its
 * deleted content is overwritten with zeroes. Must never be used on a network file system, and a
 * Store must never be used on both sides of a fork.
 *
 * Layer: vault/store. Thread-safe: see store.h. Spec: 3(3), 7(1)ウ. */
#ifndef MUSUBI_STORE_SQLITE_H
#define MUSUBI_STORE_SQLITE_H

#include "store.h"

#define STORE_SQLITE_READERS_DEFAULT 16
#define STORE_SQLITE_OPEN_TIMEOUT_US (5 * CLOCK_SECOND_US)

typedef struct StoreSqliteOptions {
    const char *path;   /* of the database file; "-wal" and "-shm" files stand beside it */
    const Ports *ports; /* outlives the store */
    unsigned
        readers_max; /* snapshots open at one time; 0: STORE_SQLITE_READERS_DEFAULT. More wait. */
    int64_t open_timeout_us; /* for locks held by others while opening; 0:
                                STORE_SQLITE_OPEN_TIMEOUT_US */
    const char *vfs;         /* SQLite's file layer by name, for fault tests; NULL: the system's */
} StoreSqliteOptions;

/* Opens the file, creates it if there is none, and brings its tables and indexes to the declared
 * collections. The documents' own layout is the business of migrate.h. Free with store_close.
 * Errors: FILE_UNSAFE (others may read it), FILE_IO, STORE_NOT_PREPARED (not a store of Musubi),
 * STORE_NEWER, STORE_CORRUPT, STORE_UNAVAILABLE, DEADLINE, STORE_MISUSE, OUT_OF_MEMORY. */
Error store_sqlite_open(const StoreSqliteOptions *options, Store **ret_store) MUST_USE;

/* Moves the WAL's pages into the file and empties the WAL: after an erasure, so that no older page
 * of the erased stays beside the file. Waits for snapshots that are open. The store must be a
 * SQLite one. Errors: DEADLINE (a snapshot stayed open), STORE_UNAVAILABLE, STORE_CORRUPT,
 * STORE_MISUSE. */
Error store_sqlite_checkpoint(Store *store, Deadline deadline) MUST_USE;

#endif
