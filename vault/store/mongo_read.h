/* mongo_read.h — the reads of the MongoDB adapter, all inside one read transaction.
 *
 * A walk is one index scan: the filter's branches follow the index's order and name it. Filters
 * hold fixed operators and declared members as keys; what callers give is only ever a value. Must
 * never be included outside the MongoDB adapter.
 *
 * Layer: vault/store. Thread-safe: single-owner. Requirement: A-22. */
#ifndef MUSUBI_MONGO_READ_H
#define MUSUBI_MONGO_READ_H

#include "mongo_conn.h"

typedef struct MongoSnapshot {
    StoreSnapshot base;
    MongoConn *conn;
    mongoc_client_session_t *session;
    bool is_broken; /* a failed read ended the transaction: what follows would see another state */
} MongoSnapshot;

/* As StoreBackend's calls of these names. */
Error mongo_snapshot_open(Store *store, Deadline deadline, StoreSnapshot **ret_snapshot) MUST_USE;
StoreSnapshot *mongo_snapshot_close(StoreSnapshot *snapshot);
Error mongo_get_many(StoreSnapshot *snapshot, Arena *arena, StoreCollection collection,
                     const Str *keys, size_t count, StoreDoc *ret_docs) MUST_USE;
Error mongo_find(StoreSnapshot *snapshot, Arena *arena, const StoreWalk *walk, StoreDoc **ret_docs,
                 size_t *ret_count) MUST_USE;
Error mongo_count(StoreSnapshot *snapshot, const StoreWalk *walk, int64_t *ret_count) MUST_USE;

/* mongo_walk.c: the filter of a walk, without its resume place for a count, and the rest of a find.
 */
void mongo_walk_filter(const StoreWalk *walk, bool is_count, bson_t *filter);
void mongo_walk_options(const StoreWalk *walk, bson_t *options);

#endif
