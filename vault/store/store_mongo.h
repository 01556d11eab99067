/* store_mongo.h — the adapter for MongoDB replica sets and sharded clusters.
 *
 * A document is {_id: key, v: version, w: times touched, b: body}; the body's bytes come back as
 * they were written. A snapshot is one read transaction (read concern snapshot), pinned when it is
 * opened. A commit is one transaction with write concern majority: each operation is a command
 * whose filter names key and version, required documents are touched so that two commits can't each
 * rely on what the other changes, and a marker of the batch is written with it. When the driver
 * can't tell how a commit ended, the adapter asks for the marker; when it is not there, it writes a
 * void marker under the same key, after which the batch can never take effect. The driver's own
 * retries are off.
 *
 * A read may see a commit that its writer has not been told of yet; a loss of the primary in that
 * moment may undo it. Must never turn a byte of a caller's text into a key or an operator of a
 * command. Must never create collections: mongo-init/ does, and a database without them is refused.
 *
 * Layer: vault/store. Thread-safe: see store.h. A Store must not be used on both sides of a fork.
 * Spec: 3(3), 7(1)ウ. Requirement: A-22, R-T7. */
#ifndef MUSUBI_STORE_MONGO_H
#define MUSUBI_STORE_MONGO_H

#include "store.h"

#define STORE_MONGO_READERS_DEFAULT 48
#define STORE_MONGO_WRITERS_DEFAULT 16
#define STORE_MONGO_OPEN_TIMEOUT_US (5 * CLOCK_SECOND_US)

typedef struct StoreMongoOptions {
    const char *uri; /* mongodb://… with hosts, credentials, TLS; the rest is ours */
    const char *database;
    const Ports *ports;      /* outlives the store */
    Arena *arena;            /* for the argument of an error; may be NULL, then there is none */
    unsigned readers_max;    /* snapshots open at one time; 0: the default. More wait. */
    unsigned writers_max;    /* commits under way at one time; 0: the default. More wait. */
    int64_t open_timeout_us; /* 0: STORE_MONGO_OPEN_TIMEOUT_US */
} StoreMongoOptions;

/* Connects and looks whether the database is prepared. Free with store_close.
 * Errors: STORE_NOT_PREPARED (argument: what is missing and what to run), STORE_UNAVAILABLE,
 * DEADLINE, STORE_MISUSE (bad URI or database name), OUT_OF_MEMORY. */
Error store_mongo_open(const StoreMongoOptions *options, Store **ret_store) MUST_USE;

#endif
