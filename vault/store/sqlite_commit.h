/* sqlite_commit.h — one batch as one transaction of the SQLite file.
 *
 * Must never be included outside the SQLite adapter. Layer: vault/store. Thread-safe: single-owner.
 */
#ifndef MUSUBI_SQLITE_COMMIT_H
#define MUSUBI_SQLITE_COMMIT_H

#include "sqlite_conn.h"

/* Applies the batch on the writer's connection within conn->deadline. On failure the transaction is
 * undone; when the file system failed between writing and telling, a following small transaction
 * settles that nothing happened (STORE_UNAVAILABLE); only if that fails too the outcome is
 * STORE_UNSETTLED. Errors: as store_commit. */
Error sqlite_commit_batch(SqliteConn *conn, const StoreBatch *batch, size_t *ret_failed) MUST_USE;

#endif
