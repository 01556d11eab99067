/* command_names.h — all the names that commands of the MongoDB adapter and its driver may hold.
 *
 * Whoever reads the wire compares with this list: no text of a caller may ever become a name in a
 * command. tests/mongodb/wire_recorder.py reads it too. Must never hold a name that a caller could
 * have chosen.
 *
 * Layer: tests/mongodb. Thread-safe: pure. Requirement: A-22. */
#ifndef MUSUBI_COMMAND_NAMES_H
#define MUSUBI_COMMAND_NAMES_H

/* Items of an array initialiser. */
#define COMMAND_NAMES                                                                              \
    "find", "filter", "sort", "hint", "limit", "batchSize", "singleBatch", "projection",           \
        "aggregate", "pipeline", "cursor", "insert", "documents", "update", "updates", "delete",   \
        "deletes", "q", "u", "ordered", "multi", "upsert", "commitTransaction",                    \
        "abortTransaction", "startTransaction", "autocommit", "txnNumber", "lsid", "id",           \
        "maxTimeMS", "readConcern", "level", "writeConcern", "w", "wtimeout", "$db",               \
        "$readPreference", "mode", "$clusterTime", "clusterTime", "signature", "hash", "keyId",    \
        "killSessions", "endSessions", "getMore", "collection", "killCursors", "cursors", "_id",   \
        "v", "b", "f", "x", "o", "n", "s", "t", "b.s", "b.n", "b.f", "b.t", "$eq", "$in", "$gt",   \
        "$gte", "$lt", "$lte", "$exists", "$or", "$match", "$count", "$set", "$inc", "hello",      \
        "isMaster", "ismaster", "helloOk", "topologyVersion", "processId", "counter",              \
        "maxAwaitTimeMS", "recoveryToken"

#endif
