#include "migrate_steps.h"

#include <string.h>

#include "lease.h"

#define CHUNK_DOCS 400
#define ARENA_BYTES ((size_t)8 << 20)

/* How far a walk in key order has come; each chunk has a view and an arena of its own. */
typedef struct KeyCursor {
    char key[STORE_KEY_BYTES_MAX];
    size_t n; /* 0: at the start */
    bool is_done;
} KeyCursor;

typedef struct Chunk {
    MigrationRun *run;
    Arena *arena;
    StoreSnapshot *snapshot;
    StoreBatch *batch;
} Chunk;

static Error chunk_find(const Chunk *chunk, StoreCollection collection, KeyCursor *cursor,
                        StoreDoc **ret_docs, size_t *ret_count)
{
    StoreDoc after = {.key = str_bytes(cursor->key, cursor->n)};
    StoreFind find = {.collection = collection, .limit = CHUNK_DOCS};
    find.after = cursor->n == 0 ? NULL : &after;
    TRY(store_find(chunk->snapshot, chunk->arena, &find, ret_docs, ret_count));
    cursor->is_done = *ret_count < CHUNK_DOCS;
    if (*ret_count > 0) {
        Str last = (*ret_docs)[*ret_count - 1].key;
        memcpy(cursor->key, last.p, last.n);
        cursor->n = last.n;
    }
    return OK;
}

/* A lease of version 1 becomes the two documents of version 2: same owner, same end, fence 1. */
static Error lease_split(const Chunk *chunk, const StoreDoc *doc)
{
    Str owner = STR_EMPTY;
    int64_t until_us = 0;
    LeaseDocuments documents;
    ENSURE(doc->key.n <= LEASE_NAME_BYTES_MAX, STORE_CORRUPT, "lease");
    TRY(doc_get_text(doc->body, "o", &owner));
    TRY(doc_get_int(doc->body, "u", &until_us));
    TRY(lease_documents_in(chunk->arena, doc->key, owner, until_us, &documents));
    store_batch_replace(chunk->batch, STORE_LEASES, documents.key, doc->version, documents.body);
    store_batch_insert(chunk->batch, STORE_LEASES, documents.fence_key, documents.fence_body);
    return OK;
}

static Error leases_split(const Chunk *chunk, KeyCursor *cursor)
{
    StoreDoc *docs = NULL;
    size_t count = 0;
    TRY(chunk_find(chunk, STORE_LEASES, cursor, &docs, &count));
    for (size_t i = 0; i < count; i++) {
        int32_t format = 0;
        TRY(doc_format(docs[i].body, &format));
        /* What a run before this one has split has format 2. */
        if (format == 1) {
            TRY(lease_split(chunk, &docs[i]));
        }
    }
    return store_commit(chunk->run->store, chunk->batch, chunk->run->deadline, NULL);
}

static Error chunk_run(MigrationRun *run, KeyCursor *cursor)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    TRY(store_snapshot_open(run->store, run->deadline, &snapshot));
    Chunk chunk = {run, arena, snapshot, store_batch_in(arena)};
    ENSURE_ALLOC(chunk.batch, arena);
    return leases_split(&chunk, cursor);
}

static Error split_leases(MigrationRun *run)
{
    KeyCursor cursor = {.n = 0};
    while (!cursor.is_done) {
        TRY(chunk_run(run, &cursor));
    }
    return OK;
}

static Error know_expiry(MigrationRun *run)
{
    (void)run; /* indexes are there since the store was opened */
    return OK;
}

const MigrationStep MIGRATION_STEPS[] = {{1, split_leases}, {2, know_expiry}};
const size_t MIGRATION_STEP_COUNT = sizeof MIGRATION_STEPS / sizeof MIGRATION_STEPS[0];
