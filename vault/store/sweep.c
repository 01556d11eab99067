#include "sweep.h"

static const char *const NO_MEMBERS[] = {NULL};

static Error find_expired(Store *store, Arena *arena, const StoreFind *find, Deadline deadline,
                          StoreDoc **ret_docs, size_t *ret_count)
{
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    TRY(store_snapshot_open(store, deadline, &snapshot));
    return store_find(snapshot, arena, find, ret_docs, ret_count);
}

Error store_sweep(Store *store, Arena *arena, StoreCollection collection, const char *index,
                  int64_t before, size_t limit, Deadline deadline, size_t *ret_removed)
{
    ENSURE(limit >= 1 && limit <= SWEEP_LIMIT_MAX && before > INT64_MIN, STORE_MISUSE, NULL);
    StoreValue to = STORE_INT(before - 1);
    StoreFind find = {
        .collection = collection, .index = index, .to = &to, .limit = limit, .members = NO_MEMBERS};
    StoreDoc *docs = NULL;
    size_t count = 0;
    TRY(find_expired(store, arena, &find, deadline, &docs, &count));
    StoreBatch *batch = store_batch_in(arena);
    ENSURE_ALLOC(batch, arena);
    for (size_t i = 0; i < count; i++) {
        store_batch_delete(batch, collection, docs[i].key, docs[i].version);
    }
    if (count > 0) {
        TRY(store_commit(store, batch, deadline, NULL));
    }
    *ret_removed = count;
    return OK;
}
