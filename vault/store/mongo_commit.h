/* mongo_commit.h — one batch as one transaction, and the truth of a commit whose reply was lost.
 *
 * Every transaction writes a marker {random key, outcome done} into the commits collection. An
 * unknown commit is first asked again; then a void marker is written under the same key by a newer
 * transaction of the same session, which ends the old one if it is still open: either the old
 * marker is met (it happened) or the void one stands (it never will). Must never try a batch again
 * whose commit may have happened. Must never be included outside the MongoDB adapter.
 *
 * Layer: vault/store. Thread-safe: a session single-owner. Requirement: R-T7. */
#ifndef MUSUBI_MONGO_COMMIT_H
#define MUSUBI_MONGO_COMMIT_H

#include "mongo_conn.h"

#define MONGO_MARKER_BYTES 33 /* 32 hex digits and NUL */

typedef enum MongoVerdict {
    MONGO_HAPPENED,
    MONGO_NEVER,  /* and can't any more */
    MONGO_UNKNOWN /* the database could not be asked in time */
} MongoVerdict;

/* As StoreBackend's. */
Error mongo_commit(Store *store, const StoreBatch *batch, Deadline deadline, size_t *ret_failed)
    MUST_USE;

/* A fresh random key. Errors: INTERNAL. */
Error mongo_marker_draw(MongoStore *store, char ret_marker[MONGO_MARKER_BYTES]) MUST_USE;
/* Inserts the batch's marker within the session's transaction. */
MongoOutcome mongo_marker_write(MongoConn *conn, mongoc_client_session_t *session,
                                const char *marker);
/* Finds out how the session's last commit, which did not succeed plainly, ended. */
MongoVerdict mongo_commit_settle(MongoConn *conn, mongoc_client_session_t *session,
                                 const char *marker);

#endif
