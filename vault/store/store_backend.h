/* store_backend.h — between the port and its two adapters: the table of calls, and the checks that
 * both share.
 *
 * store.c checks all that a caller can do wrong (keys, batches, walks, passed deadlines) and only
 * then calls the adapter, so that both refuse the same things in the same words. An adapter's
 * struct begins with `struct Store`, its snapshot with `struct StoreSnapshot`. Must never be
 * included outside store/ and its tests.
 *
 * Layer: vault/store. Thread-safe: pure but for the objects' own rules in store.h. */
#ifndef MUSUBI_STORE_BACKEND_H
#define MUSUBI_STORE_BACKEND_H

#include "store.h"
#include "store_batch.h"

/* A checked walk. Bounds and resume values are for the members from equal_count on; with index NULL
 * the only member is the key, its bounds are from/to (text). */
typedef struct StoreWalk {
    const StoreFind *find;
    const StoreIndex *index; /* NULL: key order */
    bool has_resume;
    StoreValue resume[STORE_INDEX_MEMBERS_MAX]; /* values of `after`, one per index member */
    Str resume_key;
} StoreWalk;

/* The calls of an adapter. Contracts are those of store.h; arguments are checked already. Results
 * of one call are written only when all of it went well. */
typedef struct StoreBackend {
    const char *kind;
    bool cuts_bodies; /* find obeys the projection by itself */
    Store *(*close)(Store *store);
    Error (*ping)(Store *store, Deadline deadline);
    Error (*snapshot_open)(Store *store, Deadline deadline, StoreSnapshot **ret_snapshot);
    StoreSnapshot *(*snapshot_close)(StoreSnapshot *snapshot);
    /* ret_docs is zeroed by the caller: a missing document's row is left as it is. keys[i] may
     * repeat. */
    Error (*get_many)(StoreSnapshot *snapshot, Arena *arena, StoreCollection collection,
                      const Str *keys, size_t count, StoreDoc *ret_docs);
    /* NULL: store.c gets the documents and shows them. */
    Error (*visit_many)(StoreSnapshot *snapshot, StoreCollection collection, const Str *keys,
                        size_t count, StoreVisit visit, void *context);
    /* Bodies may hold more than the projection asks for: store.c cuts them unless `cuts_bodies`. */
    Error (*find)(StoreSnapshot *snapshot, Arena *arena, const StoreWalk *walk, StoreDoc **ret_docs,
                  size_t *ret_count);
    Error (*count)(StoreSnapshot *snapshot, const StoreWalk *walk, int64_t *ret_count);
    /* The batch has at least one operation and passed store_batch_check. Operations are judged in
     * order: the first one that fails decides error and index. */
    Error (*commit)(Store *store, const StoreBatch *batch, Deadline deadline, size_t *ret_failed);
    Error (*checkpoint)(Store *store, Deadline deadline); /* NULL: there is nothing to do */
} StoreBackend;

struct Store {
    const StoreBackend *backend;
};

struct StoreSnapshot {
    Store *store;
    Deadline deadline;
};

/* A declared index of the collection by its name, NULL when there is none. */
const StoreIndex *store_index_find(StoreCollection collection, const char *name);

/* A body member that at least one index of a collection names. */
typedef struct StoreColumn {
    const char *name;
    StoreMemberKind kind;
} StoreColumn;

#define STORE_COLUMNS_MAX (STORE_INDEXES_MAX * STORE_INDEX_MEMBERS_MAX)

/* The distinct index members of a collection, in order of first mention; room for
 * STORE_COLUMNS_MAX. */
size_t store_collection_columns(StoreCollection collection, StoreColumn *ret_columns);
/* The member's value in a body, as a view of it. Errors: STORE_CORRUPT (there, but of another
 * kind). */
Error store_column_read(DocBody body, StoreColumn column, StoreValue *ret_value, bool *ret_is_there)
    MUST_USE;

/* 1..STORE_KEY_BYTES_MAX bytes of 0x21..0x7e. */
bool store_key_is_good(Str key);

#define STORE_PROJECTION_MAX (1 + STORE_INDEX_MEMBERS_MAX + DOC_MEMBERS_MAX)

/* The names that a projected body keeps: "f", the index's members, the find's members (which must
 * not be NULL). Names may repeat. Room for STORE_PROJECTION_MAX. */
size_t store_projection(const StoreFind *find, const StoreIndex *index, const char **ret_names);

#endif
