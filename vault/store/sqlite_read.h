/* sqlite_read.h — the reads of the SQLite adapter: by key, along an index, counting.
 *
 * Every walk names its index (INDEXED BY), so that a walk that no index serves fails in the tests
 * instead of reading a whole table. Must never be included outside the SQLite adapter.
 *
 * Layer: vault/store. Thread-safe: single-owner. */
#ifndef MUSUBI_SQLITE_READ_H
#define MUSUBI_SQLITE_READ_H

#include "sqlite_conn.h"

/* Families of statement shapes; the rest of a shape says collection, index and form. */
#define SQLITE_SHAPE(family_, collection_)                                                         \
    ((uint32_t)(family_) << 24 | (uint32_t)(collection_) << 16)
#define SQLITE_FAMILY_GET 1
#define SQLITE_FAMILY_FIND 2
#define SQLITE_FAMILY_COUNT 3
#define SQLITE_FAMILY_OP 4 /* and the next ones, by StoreOpKind */

/* As StoreBackend's. Errors: STORE_CORRUPT for a row whose checksum is wrong, and those of the
 * connection. */
Error sqlite_read_many(SqliteConn *conn, Arena *arena, StoreCollection collection, const Str *keys,
                       size_t count, StoreDoc *ret_docs) MUST_USE;
/* Sums are not looked at. */
Error sqlite_visit_many(SqliteConn *conn, StoreCollection collection, const Str *keys, size_t count,
                        StoreVisit visit, void *context) MUST_USE;
Error sqlite_read_find(SqliteConn *conn, Arena *arena, const StoreWalk *walk, StoreDoc **ret_docs,
                       size_t *ret_count) MUST_USE;
Error sqlite_read_count(SqliteConn *conn, const StoreWalk *walk, int64_t *ret_count) MUST_USE;

#endif
